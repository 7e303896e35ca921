/* SPDX-License-Identifier: Apache-2.0 */
/* From show actions to their layouts. */
#include "control/show.h"

#include <errno.h>

#include "control/show_parts.h"

/* False, and IOS's way of saying so, if an interface was named that is not there. */
static bool known_if(const struct show_in *in, const char *name, struct txt *out)
{
	if (!name[0] || show_if_by_name(in, name))
		return true;
	txt_printf(out, "%% Invalid interface %s\n", name);
	return false;
}

static void isakmp_sa(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	show_isakmp_sa(in,
		       a->count	 ? SA_COUNT :
		       a->detail ? SA_DETAIL :
		       a->number ? SA_STANDBY :
		       a->flag	 ? SA_SLOTS :
				   SA_TABLE,
		       out);
}

struct ipsec_filter show_ipsec_filter(const struct exec_args *a)
{
	return (struct ipsec_filter){ a->detail, a->addr, a->ifname, a->name, a->number == 1,
				      a->number == 2 };
}

struct session_filter show_session_filter(const struct exec_args *a)
{
	return (struct session_filter){ a->detail, a->flag, (enum session_form)a->number, a->addr, a->addr2,
					a->ifname };
}

static void ipsec_sa(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	struct ipsec_filter f = show_ipsec_filter(a);

	if (a->count)
		show_ipsec_sa_count(in, out);
	else if (a->flag)
		show_ipsec_sa_address(in, &f, out);
	else
		show_ipsec_sa(in, &f, out);
}

static void crypto_session(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	struct session_filter f = show_session_filter(a);

	if (f.form == SESSION_NOW)
		show_crypto_session(in, &f, out);
	else
		show_session_story(in, &f, out);
}

static void isakmp_peers(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	show_isakmp_peers(in, &a->addr, out);
}

static void crypto_map(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	show_crypto_map(in, a->ifname, a->name, out);
}

static void engine_brief(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	show_engine_brief(in, a->detail, out);
}

static void pubkey_chain(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	show_pubkey_chain(in, &a->addr, a->name, out);
}

static bool vrf(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	(void)in;
	return show_vrf(a->name, a->flag, a->detail, out);
}

static bool explain(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	(void)in;
	return show_explain(a->text, out);
}

static bool pki_certificates(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	return show_pki_certificates(in, a->name, a->detail, out);
}

static bool pki_trustpoints(const struct show_in *in, const struct exec_args *a, struct txt *out)
{
	return show_pki_trustpoints(in, a->name, a->flag, out);
}

/* show crypto, and which function tells it: one of them, by what it asks of the command line. */
static const struct crypto_row {
	unsigned action;
	void (*plain)(const struct show_in *in, struct txt *out);
	void (*named)(const struct show_in *in, const char *name, struct txt *out);
	void (*asked)(const struct show_in *in, const struct exec_args *a, struct txt *out);
	bool (*tried)(const struct show_in *in, const struct exec_args *a, struct txt *out); /* false: it said what is wrong */
	void (*absent)(unsigned action, struct txt *out); /* it is not run here */
} crypto_rows[] = {
	{ EXEC_SHOW_ISAKMP_SA, .asked = isakmp_sa },
	{ EXEC_SHOW_ISAKMP_POLICY, .plain = show_isakmp_policy },
	{ EXEC_SHOW_ISAKMP_DEFAULT_POLICY, .plain = show_isakmp_default_policy },
	{ EXEC_SHOW_ISAKMP_KEY, .plain = show_isakmp_key },
	{ EXEC_SHOW_ISAKMP_PEERS, .asked = isakmp_peers },
	{ EXEC_SHOW_ISAKMP_PROFILE, .named = show_isakmp_profile },
	{ EXEC_SHOW_ISAKMP_ERRORS, .plain = show_isakmp_errors },
	{ EXEC_SHOW_IPSEC_SA, .asked = ipsec_sa },
	{ EXEC_SHOW_IPSEC_TRANSFORM, .named = show_transform_sets },
	{ EXEC_SHOW_IPSEC_PROFILE, .named = show_ipsec_profile },
	{ EXEC_SHOW_IPSEC_LIFETIME, .plain = show_ipsec_lifetime },
	{ EXEC_SHOW_CRYPTO_MAP, .asked = crypto_map },
	{ EXEC_SHOW_DYNAMIC_MAP, .named = show_dynamic_map },
	{ EXEC_SHOW_CALL_ADMISSION, .plain = show_call_admission },
	{ EXEC_SHOW_CRYPTO_SESSION, .asked = crypto_session },
	{ EXEC_SHOW_CRYPTO_SOCKETS, .plain = show_crypto_sockets },
	{ EXEC_SHOW_TUNNEL_PROTECTION, .plain = show_tunnel_protection },
	{ EXEC_SHOW_IKEV2, .absent = show_not_run },
	{ EXEC_SHOW_L2TP, .absent = show_not_run },
	{ EXEC_SHOW_VPDN, .absent = show_not_run },
	{ EXEC_SHOW_EZVPN, .absent = show_not_run },
	{ EXEC_SHOW_PKI_TOKEN, .absent = show_not_run },
	{ EXEC_SHOW_CRYPTO_ENGINE, .plain = show_crypto_engine },
	{ EXEC_SHOW_ENGINE_BRIEF, .asked = engine_brief },
	{ EXEC_SHOW_ELI, .plain = show_eli },
	{ EXEC_SHOW_ENTROPY, .plain = show_entropy },
	{ EXEC_SHOW_VRF, .tried = vrf },
	{ EXEC_SHOW_CRYPTO_MTU, .plain = show_crypto_mtu },
	{ EXEC_SHOW_CRYPTO_CHECK, .plain = show_crypto_check },
	{ EXEC_SHOW_CRYPTO_DROPS, .plain = show_crypto_drops },
	{ EXEC_SHOW_EXPLAIN, .tried = explain },
	{ EXEC_SHOW_PKI_CERTIFICATES, .tried = pki_certificates },
	{ EXEC_SHOW_PKI_TRUSTPOINTS, .tried = pki_trustpoints },
	{ EXEC_SHOW_PKI_COUNTERS, .plain = show_pki_counters },
	{ EXEC_SHOW_PKI_TIMERS, .plain = show_pki_timers },
	{ EXEC_SHOW_KEY_RSA, .named = show_key_rsa },
	{ EXEC_SHOW_PUBKEY_CHAIN, .asked = pubkey_chain },
};

static int about_crypto(const struct show_in *in, unsigned action, const struct exec_args *a,
			struct txt *out)
{
	const struct crypto_row *row = crypto_rows, *end = row + sizeof(crypto_rows) / sizeof(crypto_rows[0]);

	while (row < end && row->action != action)
		row++;
	if (row == end)
		return -ENOSYS;
	/* only what has an interface in its line has a name there */
	if (!known_if(in, a->ifname, out))
		return -EINVAL;
	if (row->tried)
		return row->tried(in, a, out) ? 0 : -EINVAL;
	if (row->plain)
		row->plain(in, out);
	else if (row->named)
		row->named(in, a->name, out);
	else if (row->asked)
		row->asked(in, a, out);
	else
		row->absent(action, out);
	return 0;
}

static int about_interfaces(const struct show_in *in, unsigned action, const struct exec_args *a,
			    struct txt *out)
{
	switch (action) {
	case EXEC_SHOW_INTERFACES:
	case EXEC_SHOW_IP_INTERFACE:
	case EXEC_SHOW_IP_INTERFACE_BRIEF:
		if (!known_if(in, a->ifname, out))
			return -EINVAL;
		if (action == EXEC_SHOW_INTERFACES)
			show_interfaces(in, a->ifname, out);
		else if (action == EXEC_SHOW_IP_INTERFACE)
			show_ip_interface(in, a->ifname, out);
		else
			show_ip_interface_brief(in, a->ifname, out);
		return 0;
	case EXEC_SHOW_IPV6_INTERFACE:
		if (!known_if(in, a->ifname, out))
			return -EINVAL;
		if (a->flag)
			show_ipv6_interface_brief(in, a->ifname, out);
		else
			show_ipv6_interface(in, a->ifname, out);
		return 0;
	case EXEC_SHOW_INTERFACES_DESCRIPTION:
	case EXEC_SHOW_INTERFACES_STATS:
	case EXEC_SHOW_INTERFACES_ACCOUNTING:
		if (!known_if(in, a->ifname, out))
			return -EINVAL;
		if (action == EXEC_SHOW_INTERFACES_DESCRIPTION)
			show_interfaces_description(in, a->ifname, out);
		else
			show_interfaces_counts(in, a->ifname, action == EXEC_SHOW_INTERFACES_STATS, out);
		return 0;
	case EXEC_SHOW_INTERFACES_SUMMARY:
		show_interfaces_summary(in, out);
		return 0;
	case EXEC_SHOW_PROTOCOLS:
		if (!known_if(in, a->ifname, out))
			return -EINVAL;
		show_protocols(in, a->ifname, out);
		return 0;
	case EXEC_SHOW_ARP:
		if (!known_if(in, a->ifname, out))
			return -EINVAL;
		show_arp(in, &a->addr, a->ifname, out);
		return 0;
	default:
		return -ENOSYS;
	}
}

static int about_the_machine(const struct show_in *in, unsigned action, const struct exec_args *a, struct txt *out)
{
	switch (action) {
	case EXEC_SHOW_IP_ROUTE_SUMMARY:
		show_ip_route_summary(in, out);
		return 0;
	case EXEC_SHOW_IP_STATIC_ROUTE:
		show_ip_static_route(in, out);
		return 0;
	case EXEC_SHOW_IP_PROTOCOLS:
		show_ip_protocols(in, out);
		return 0;
	case EXEC_SHOW_HOSTS:
		show_hosts(in, a->flag, out);
		return 0;
	case EXEC_SHOW_INVENTORY:
		show_inventory(in, out);
		return 0;
	case EXEC_SHOW_PROCESSES:
		show_processes(in, a->flag, out);
		return 0;
	case EXEC_SHOW_PROCESSES_MEMORY:
		show_processes_memory(in, a->flag, out);
		return 0;
	case EXEC_SHOW_MEMORY:
		show_memory(in, out);
		return 0;
	case EXEC_SHOW_TERMINAL:
		show_terminal(in, out);
		return 0;
	case EXEC_SHOW_LINE:
		show_line(in, out);
		return 0;
	case EXEC_SHOW_OFF:
		show_off(a->number, a->number2, out);
		return 0;
	case EXEC_SHOW_FILE_SYSTEMS:
		show_file_systems(in, out);
		return 0;
	case EXEC_SHOW_ALIASES:
		show_aliases(in, out);
		return 0;
	case EXEC_SHOW_OBJECT_GROUP:
		show_object_group(in, a->name, out);
		return 0;
	default:
		return -ENOSYS;
	}
}

bool show_is(unsigned action)
{
	switch (action) {
	case EXEC_SHOW_RUNNING_LISTS:
	case EXEC_SHOW_TECH:
	case EXEC_SHOW_RUNNING:
	case EXEC_SHOW_STARTUP:
	case EXEC_SHOW_LOGGING:
		return false;
	case EXEC_SHOW_PRIVILEGE:
		return true;
	default: /* the show commands stand together in exec.h */
		return action >= EXEC_SHOW_ISAKMP_SA && action <= EXEC_SHOW_DEBUGGING;
	}
}

int show_run(const struct show_in *in, unsigned action, const struct exec_args *a, struct txt *out)
{
	switch (action) {
	case EXEC_SHOW_PRIVILEGE:
		txt_printf(out, "Current privilege level is %u\n", in->privilege);
		return 0;
	case EXEC_SHOW_ACCESS_LISTS:
	case EXEC_SHOW_IP_ACCESS_LISTS:
		show_access_lists(in, a->name, action == EXEC_SHOW_ACCESS_LISTS, out);
		return 0;
	case EXEC_SHOW_IPV6_ACCESS_LIST:
		show_ipv6_access_list(in, a->name, out);
		return 0;
	case EXEC_SHOW_IPV6_ROUTE:
		show_ipv6_route(in, a, out);
		return 0;
	case EXEC_SHOW_IP_ROUTE:
		if (a->addr.family != IP_NONE && !a->detail)
			return show_ip_route_to(in, &a->addr, &a->addr2, out) ? 0 : -EINVAL;
		show_ip_route(in, a, out);
		return 0;
	case EXEC_SHOW_VERSION:
		show_version(in, out);
		return 0;
	case EXEC_SHOW_UNSUPPORTED:
		show_unsupported(in, out);
		return 0;
	case EXEC_SHOW_CLOCK:
		show_clock(in, a->detail, out);
		return 0;
	case EXEC_SHOW_USERS:
		show_users(in, out);
		return 0;
	case EXEC_SHOW_DEBUGGING:
		show_debugging(in, out);
		return 0;
	case EXEC_SHOW_DEBUG_CONDITION:
		show_debug_condition(in, out);
		return 0;
	default:
		break;
	}
	int err = about_crypto(in, action, a, out);

	if (err == -ENOSYS)
		err = about_interfaces(in, action, a, out);
	return err == -ENOSYS ? about_the_machine(in, action, a, out) : err;
}

bool show_in_pieces(unsigned action, const struct exec_args *a)
{
	switch (action) {
	case EXEC_SHOW_CRYPTO_SESSION:
		return show_session_filter(a).form == SESSION_NOW;
	case EXEC_SHOW_IPSEC_SA:
	case EXEC_SHOW_ISAKMP_SA:
	case EXEC_SHOW_CRYPTO_ENGINE:
	case EXEC_SHOW_CRYPTO_CHECK:
	case EXEC_SHOW_CRYPTO_MAP:
	case EXEC_SHOW_ACCESS_LISTS:
	case EXEC_SHOW_IP_ACCESS_LISTS:
	case EXEC_SHOW_IP_ROUTE:
	case EXEC_SHOW_IP_ROUTE_SUMMARY:
	case EXEC_SHOW_IPV6_ROUTE:
		return true;
	default:
		return false;
	}
}

int show_some(const struct show_in *in, unsigned action, const struct exec_args *a, struct show_cursor *k,
	      struct txt *out)
{
	struct ipsec_filter f = show_ipsec_filter(a);
	struct session_filter s;

	k->over = !known_if(in, a->ifname, out);
	if (k->over)
		return -EINVAL;
	switch (action) {
	case EXEC_SHOW_IPSEC_SA:
		if (a->count || a->flag)
			break;
		show_ipsec_sa_some(in, &f, k, out);
		return 0;
	case EXEC_SHOW_CRYPTO_CHECK:
		show_crypto_check_some(in, k, out);
		return 0;
	case EXEC_SHOW_CRYPTO_SESSION:
		s = show_session_filter(a);
		show_crypto_session_some(in, &s, k, out);
		return 0;
	case EXEC_SHOW_CRYPTO_MAP:
		show_crypto_map_some(in, a->ifname, a->name, k, out);
		return 0;
	case EXEC_SHOW_ACCESS_LISTS:
	case EXEC_SHOW_IP_ACCESS_LISTS:
		show_access_lists_some(in, a->name, action == EXEC_SHOW_ACCESS_LISTS, k, out);
		return 0;
	case EXEC_SHOW_IP_ROUTE:
		if (a->addr.family != IP_NONE && !a->detail)
			break;
		show_ip_route_some(in, a, k, out);
		return 0;
	case EXEC_SHOW_IPV6_ROUTE:
		show_ipv6_route_some(in, a, k, out);
		return 0;
	default:
		break;
	}
	/* short lines: to ask the forwarder, and to copy what is known, took longer */
	k->over = true;
	return show_run(in, action, a, out);
}
