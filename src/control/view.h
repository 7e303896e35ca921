/* SPDX-License-Identifier: Apache-2.0 */
/* Show commands: IOS's layouts. Each appends to out. Snapshots of the forwarder
 * are taken once per command. */
#ifndef CONTROL_VIEW_H
#define CONTROL_VIEW_H

#include "control/internal.h"

/* Counters as the forwarder last said, grouped for lookups. */
struct stats {
	struct fwd_sa_stats *sa;
	struct fwd_policy_stats *policy;
	struct fwd_tunnel_stats *tunnel;
	size_t n_sa, n_policy, n_tunnel;
	struct fwd_drops drops;
};
void stats_get(struct control *c, struct stats *ret); /* empty if nobody answers */
void stats_fini(struct stats *s);
const struct fwd_sa_stats *stats_sa(const struct stats *s, uint32_t sa_id);
const struct fwd_policy_stats *stats_policy(const struct stats *s, uint32_t policy_id);
const struct fwd_tunnel_stats *stats_tunnel(const struct stats *s, uint32_t tunnel_id);

/* view_isakmp.c */
void view_isakmp_sa(struct control *c, const struct exec_args *a, struct txt *out);
void view_isakmp_policy(struct control *c, struct txt *out);
void view_isakmp_default_policy(struct control *c, struct txt *out);
void view_isakmp_key(struct control *c, struct txt *out);
void view_isakmp_peers(struct control *c, const struct exec_args *a, struct txt *out);
void view_crypto_session(struct control *c, const struct exec_args *a, struct txt *out);
void view_crypto_engine(struct control *c, struct txt *out);

/* view_ipsec.c */
void view_ipsec_sa(struct control *c, const struct exec_args *a, struct txt *out);
void view_transform_set(struct control *c, const struct exec_args *a, struct txt *out);
void view_ipsec_lifetime(struct control *c, struct txt *out);
void view_crypto_map(struct control *c, const struct exec_args *a, struct txt *out);
/* `{ esp-256-aes esp-sha-hmac  }`, as show commands write a set. */
void view_set_words(const struct p2_transform *t, struct txt *out);

/* show_if.c */
void view_interfaces(struct control *c, const struct exec_args *a, struct txt *out);
void view_interfaces_description(struct control *c, struct txt *out);
void view_ip_interface_brief(struct control *c, const struct exec_args *a, struct txt *out);
void view_ip_interface(struct control *c, const struct exec_args *a, struct txt *out);
void view_ip_route(struct control *c, const struct exec_args *a, struct txt *out);
bool view_if_up(struct control *c, const struct cfg_interface *ci);   /* administratively, with a device */
bool view_if_line(struct control *c, const struct cfg_interface *ci); /* line protocol */

/* show_system.c */
void view_access_lists(struct control *c, const struct exec_args *a, struct txt *out);
void view_version(struct control *c, struct txt *out);
void view_debugging(struct control *c, struct txt *out);

#endif
