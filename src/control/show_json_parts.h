/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind show_json(), by subject, and what they share. For control's
 * show_json_*.c and their tests only. */
#ifndef CONTROL_SHOW_JSON_PARTS_H
#define CONTROL_SHOW_JSON_PARTS_H

#include "base/json.h"
#include "control/show_json.h"
#include "control/show_parts.h"

/* How an action is told. tell writes the members of the document, which is an object that is
 * open; -EINVAL: what was named does not exist, and the text says so. NULL: JSON_LINES. */
typedef int json_tell(const struct show_in *in, const struct exec_args *a, struct json *j);
/* The next element of an array, or of the document, by what it has noted in k, which is zeros at first; of what is left out
 * nothing. False: there is none any more. */
typedef bool json_element(const struct show_in *in, const struct exec_args *a, struct show_json_cursor *k, struct json *j);
struct json_row {
	unsigned action;
	json_tell *tell;
};
/* All elements, in an array of that name (NULL: in none): 0. */
int json_whole(const struct show_in *in, const struct exec_args *a, const char *array, json_element *element, struct json *j);

/* show_json_crypto.c, show_json_system.c; ended by EXEC_NONE */
extern const struct json_row json_rows_crypto[];
extern const struct json_row json_rows_system[];

/* ---- shared ---- */

/* One end of a selector: {"address", "mask", "prefix_length", "protocol", "port"}; show_json_ipsec.c. */
void json_ident(struct json *j, const char *key, const struct selector *sel, bool remote);
/* lifetime_left_kb and lifetime_left_sec; s NULL: there is no SA. */
void json_lifetime_left(struct json *j, const struct sa_spec *s, const struct fwd_sa_stats *stats);

/* ---- what json_rows_* name ---- */

json_element json_isakmp_sa_element, json_ipsec_sa_element, json_session_element, json_map_element, json_check_element,
	json_ip_lists_element, json_all_lists_element, json_ipv6_lists_element, json_ip_route_element, json_ipv6_route_element;

/* show_json_isakmp.c */
json_tell json_isakmp_sa, json_isakmp_policy, json_isakmp_default_policy, json_isakmp_key,
	json_isakmp_peers, json_call_admission;
/* show_json_ipsec.c */
json_tell json_ipsec_sa, json_crypto_engine, json_crypto_drops, json_crypto_sockets, json_crypto_check, json_tunnel_protection;
/* show_eli.c, show_isakmp_profile.c */
json_tell json_engine_brief, json_eli, json_entropy, json_isakmp_profile, json_isakmp_errors;
/* show_not_run.c */
json_tell json_ikev2, json_l2tp, json_ezvpn, json_pki_token, json_vrf;
json_tell json_interfaces, json_ip_interface, json_ipv6_interface, json_ip_route, json_ipv6_route;
json_tell json_access_lists, json_ip_access_lists, json_ipv6_access_list;
/* show_json_machine.c */
json_tell json_ip_route_summary, json_ip_static_route, json_ip_protocols, json_arp, json_hosts, json_inventory, json_processes,
	json_processes_memory, json_memory, json_file_systems, json_terminal, json_line;
/* show_json_map.c */
json_tell json_transform_sets, json_ipsec_profile, json_ipsec_lifetime, json_crypto_map, json_dynamic_map;
/* show_debug.c */
json_tell json_debugging, json_debug_condition;
/* show_mtu.c */
json_tell json_crypto_mtu;
/* show_unsupported.c */
json_tell json_unsupported;
/* show_json_pki.c */
json_tell json_pki_certificates, json_pki_trustpoints, json_key_rsa, json_pubkey_chain;
/* show_pki_state.c */
json_tell json_pki_counters, json_pki_timers;
/* show_json_session.c */
json_tell json_crypto_session;

#endif
