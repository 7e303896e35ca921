/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto isakmp profile ...`: what holds for peers of certain identities. */
#include "commands/local_address.h"
#include "commands/prefix6.h"
#include "commands/rows.h"

#include <errno.h>
#include <string.h>

#define IN_PROFILE CLI_IN(M_ISAKMP_PROFILE)

struct name_args {
	char name[CFG_NAME_MAX];
};

static struct cfg_keys *keys_of(const struct cli_call *c)
{
	return &((struct config *)c->root)->keys;
}

static int profile_apply(struct cli_call *c)
{
	const struct name_args *a = c->args;
	struct cfg_isakmp_profile *p = keys_find_profile(keys_of(c), a->name);

	if (c->op != CLI_SET) {
		if (p)
			keys_del_profile(keys_of(c), p);
		return 0;
	}
	if (!p && keys_of(c)->n_profiles == CFG_MAX_PROFILES) {
		txt_printf(c->out, "%% At most %d isakmp profiles.\n", CFG_MAX_PROFILES);
		return -EEXIST;
	}
	if (!p && !c->number) /* in a file they follow */
		txt_str(c->out,
			"% A profile is deemed incomplete until it has match identity statements\n");
	return keys_add_profile(keys_of(c), a->name) ? 0 : -ENOMEM;
}

static void *profile_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return keys_find_profile(&((struct config *)root)->keys,
				 ((const struct name_args *)args)->name);
}

static bool profile_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			 const void **ret_obj)
{
	const struct cfg_keys *k = &((const struct config *)root)->keys;

	(void)obj;
	if (w->i == k->n_profiles)
		return false;
	*ret_obj = k->profiles[w->i];
	memcpy(((struct name_args *)args)->name, k->profiles[w->i++]->name, CFG_NAME_MAX);
	return true;
}

void profile_left(const void *obj, struct txt *out)
{
	const struct cfg_isakmp_profile *p = obj;

	if (!p->n_matches)
		txt_printf(out, "%% NOTE: isakmp profile %s matches no identity and is not used until "
				"it does.\n", p->name);
}

/* ---- lists of names ---- */

/* Adds a name to a list, or takes it out; no name: all. */
static int list_change(struct cli_call *c, char (*v)[CFG_NAME_MAX], uint8_t *n, int max, const char *what)
{
	const char *name = ((const struct name_args *)c->args)->name;
	uint8_t kept = 0;

	for (uint8_t i = 0; i < *n; i++)
		if (name[0] && strcmp(v[i], name) && kept++ != i)
			memcpy(v[kept - 1], v[i], CFG_NAME_MAX);
		else if (c->op == CLI_SET && !strcmp(v[i], name))
			return 0; /* it has its place; nothing before it moved */
	if (c->op == CLI_SET && kept == max) {
		txt_printf(c->out, "%% At most %d %s.\n", max, what);
		return -EEXIST;
	}
	memset(v[kept], 0, (size_t)(max - kept) * CFG_NAME_MAX);
	if (c->op == CLI_SET)
		memcpy(v[kept++], name, CFG_NAME_MAX);
	*n = kept;
	return 0;
}

static int keyring_apply(struct cli_call *c)
{
	struct cfg_isakmp_profile *p = c->obj;

	return list_change(c, p->keyrings, &p->n_keyrings, CFG_PROFILE_KEYRINGS, "keyrings in a profile");
}

static int trust_apply(struct cli_call *c)
{
	struct cfg_isakmp_profile *p = c->obj;

	return list_change(c, p->trust, &p->n_trust, CFG_PROFILE_TRUST, "trustpoints in a profile");
}

static bool list_each(const char (*v)[CFG_NAME_MAX], size_t n, struct cli_walk *w, void *args)
{
	if (w->i == n)
		return false;
	memcpy(((struct name_args *)args)->name, v[w->i++], CFG_NAME_MAX);
	return true;
}

static bool keyring_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			 const void **ret_obj)
{
	const struct cfg_isakmp_profile *p = obj;

	(void)root;
	(void)ret_obj;
	return list_each((const char(*)[CFG_NAME_MAX])p->keyrings, p->n_keyrings, w, args);
}

static bool trust_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		       const void **ret_obj)
{
	const struct cfg_isakmp_profile *p = obj;

	(void)root;
	(void)ret_obj;
	return list_each((const char(*)[CFG_NAME_MAX])p->trust, p->n_trust, w, args);
}

/* ---- who matches ---- */

static bool same_match(const struct cfg_match *a, const struct cfg_match *b)
{
	return a->kind == b->kind && ipaddr_equal(&a->addr, &b->addr) &&
	       ipaddr_equal(&a->mask, &b->mask) && !strcmp(a->name, b->name) && !strcmp(a->vrf, b->vrf);
}

struct match_args {
	struct cfg_match m;
	struct prefix6 net; /* of `address ipv6` */
};

static int match_apply(struct cli_call *c)
{
	const struct match_args *a = c->args;
	struct cfg_isakmp_profile *p = c->obj;
	struct cfg_match m = a->m;
	uint8_t at = 0;

	if (a->net.addr.family)
		prefix6_to_mask(&a->net, &m.addr, &m.mask);
	else if (m.kind == MATCH_ADDRESS && !m.mask.family)
		m.mask = ipaddr_v4(ipaddr_to_v4(&m.addr) ? UINT32_MAX : 0);
	if (m.kind == MATCH_ADDRESS && m.addr.family == IP_V4 && !mask_is_good(&m.mask, &m.addr, c->out))
		return -EINVAL;
	while (at < p->n_matches && !same_match(&p->matches[at], &m))
		at++;
	if (c->op != CLI_SET) {
		if (at == p->n_matches)
			return 0;
		p->n_matches--;
		memmove(&p->matches[at], &p->matches[at + 1], (p->n_matches - at) * sizeof(m));
		memset(&p->matches[p->n_matches], 0, sizeof(m));
		return 0;
	}
	if (at == CFG_PROFILE_MATCHES) {
		txt_printf(c->out, "%% At most %d match statements in a profile.\n", CFG_PROFILE_MATCHES);
		return -EEXIST;
	}
	p->matches[at] = m;
	if (at == p->n_matches)
		p->n_matches++;
	return 0;
}

static bool match_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		       const void **ret_obj)
{
	const struct cfg_isakmp_profile *p = obj;

	(void)root;
	(void)ret_obj;
	if (w->i == p->n_matches)
		return false;
	struct match_args *a = args;
	a->m = p->matches[w->i++];
	prefix6_of_mask(&a->m.addr, &a->m.mask, &a->net);
	return true;
}

/* ---- who we are, how we begin, how we ask ---- */

struct self_args {
	uint8_t kind, ipv6; /* enum ag_id_kind */
	char name[IKE_ID_MAX];
	struct ipaddr addr;
};

static int self_apply(struct cli_call *c)
{
	static const struct self_args none;
	const struct self_args *a = c->op == CLI_SET ? c->args : &none;
	struct cfg_isakmp_profile *p = c->obj;

	p->self = a->kind;
	p->self_addr = a->addr;
	p->self_ipv6 = a->ipv6;
	memcpy(p->self_name, a->name, sizeof(p->self_name));
	return 0;
}

static bool self_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct cfg_isakmp_profile *p = obj;
	struct self_args *a = args;

	(void)root;
	(void)ret_obj;
	if (w->i++ || !p->self)
		return false;
	a->kind = p->self;
	a->addr = p->self_addr;
	a->ipv6 = p->self_ipv6;
	memcpy(a->name, p->self_name, sizeof(a->name));
	return true;
}

struct keepalive_args {
	uint32_t sec, retry;
};

static int keepalive_apply(struct cli_call *c)
{
	const struct keepalive_args *a = c->args;
	struct cfg_isakmp_profile *p = c->obj;

	p->keepalive_sec = c->op == CLI_SET ? a->sec : 0;
	p->keepalive_retry_sec = c->op == CLI_SET ? a->retry : 0;
	return 0;
}

static bool keepalive_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			   const void **ret_obj)
{
	const struct cfg_isakmp_profile *p = obj;
	struct keepalive_args *a = args;

	(void)root;
	(void)ret_obj;
	if (w->i++ || !p->keepalive_sec)
		return false;
	a->sec = p->keepalive_sec;
	a->retry = p->keepalive_retry_sec;
	return true;
}

static int aggressive_apply(struct cli_call *c)
{
	if (c->op == CLI_SET && ((const struct config *)c->root)->isakmp.aggressive_disable)
		txt_str(c->out, "% NOTE: aggressive mode is disabled. To use it: no crypto isakmp "
				"aggressive-mode disable\n");
	return 0;
}

static int local_apply(struct cli_call *c)
{
	local_take(c, &((struct cfg_isakmp_profile *)c->obj)->local);
	return 0;
}

static bool local_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		       const void **ret_obj)
{
	(void)root;
	(void)ret_obj;
	return !w->i++ && local_give(&((const struct cfg_isakmp_profile *)obj)->local, args);
}

#define AT_P(f)	 struct cfg_isakmp_profile, f
#define AT_MA(f) struct match_args, m.f
#define AT_S(f)	 struct self_args, f
#define NAME_KW(w, h, k) KWV(w, h, AT_MA(kind), k)

const struct cli_row rows_isakmp_profile[] = {
	{ .modes = CLI_IN(M_CONFIG), .enters = M_ISAKMP_PROFILE, .flags = ROW_FULL,
	  .args_size = sizeof(struct name_args),
	  .apply = profile_apply, .find = profile_find, .each = profile_each,
	  .toks = TOKS(KW("crypto", "Encryption module"), KW("isakmp", "Configure ISAKMP policy"),
		       KW("profile", "Define ISAKMP Profiles"),
		       WORD("ISAKMP profile name", struct name_args, name)) },
	{ .modes = IN_PROFILE,
	  .toks = TOKS(KW("description", "Specify a description of this profile"),
		       LINE("Profile description", AT_P(description))) },
	KEPT_NOTE(IN_PROFILE, 0, "% NOTE: there are no VRFs here; the line is kept.",
		  KW("vrf", "Specify the VRF it is related to"), REST),
	{ .modes = IN_PROFILE, .args_size = sizeof(struct name_args), .apply = keyring_apply,
	  .each = keyring_each,
	  .toks = TOKS(KWF("keyring", "Specify the keyring to use", .flags = CLI_TAIL),
		       WORD("Name of the keyring", struct name_args, name)) },
	{ .modes = IN_PROFILE, .args_size = sizeof(struct self_args), .apply = self_apply,
	  .each = self_each,
	  .toks = TOKS(KWF("self-identity", "Specify Identity to use", .flags = CLI_TAIL), ALT,
		       KWV("address", "Use the IP address for the identity", AT_S(kind), AG_IPV4), OPT,
		       KWV("ipv6", "Use the IPv6 address for the identity", AT_S(ipv6), 1), OR,
		       ADDR("IP address", AT_S(addr)), CLOSE, OR,
		       KWV("fqdn", "Use the FQDN for the identity", AT_S(kind), AG_FQDN), OPT,
		       WORD("FQDN", AT_S(name)), CLOSE, OR,
		       KWV("user-fqdn", "Use the user FQDN for the identity", AT_S(kind),
			   AG_USER_FQDN),
		       WORD("User FQDN", AT_S(name)), CLOSE) },
	{ .modes = IN_PROFILE, .args_size = sizeof(struct name_args), .apply = trust_apply,
	  .each = trust_each,
	  .toks = TOKS(KW("ca", "Specify certificate authorities to trust"),
		       KWF("trust-point", "Specify trustpoint to use", .flags = CLI_TAIL),
		       WORD("Trustpoint name", struct name_args, name)) },
	{ .modes = IN_PROFILE, .args_size = sizeof(struct match_args), .apply = match_apply,
	  .each = match_each,
	  .toks = TOKS(KW("match", "Match values of peer"), ALT,
		       NAME_KW("certificate", "Peer certificate attributes", MATCH_CERTIFICATE),
		       WORD("Certificate map name", AT_MA(name)), OR,
		       KW("identity", "Match a peer identity"), ALT,
		       NAME_KW("address", "IP Address(es)", MATCH_ADDRESS), ALT,
		       KW("ipv6", "IPv6 Address(es)"),
		       HOST6("IPv6 address prefix", struct match_args, net), OR,
		       ADDR("IP address prefix", AT_MA(addr)), OPT,
		       ARG(arg_mask, "Specify mask", AT_MA(mask)), CLOSE, CLOSE, OPT,
		       WORD("VRF name", AT_MA(vrf)), CLOSE, OR,
		       NAME_KW("group", "Group name", MATCH_GROUP), WORD("Group name", AT_MA(name)), OR,
		       KW("host", "match a hostname/domain"),
		       NAME_KW("domain", "match a domain", MATCH_HOST_DOMAIN),
		       WORD("Domain name", AT_MA(name)), OR,
		       NAME_KW("host", "match a hostname/domain", MATCH_HOST),
		       WORD("FQDN of a peer", AT_MA(name)), OR,
		       KW("user", "match a user or a user domain"),
		       NAME_KW("domain", "match a user domain", MATCH_USER_DOMAIN),
		       WORD("Domain name", AT_MA(name)), OR,
		       NAME_KW("user", "match a user or a user domain", MATCH_USER),
		       WORD("User name or user FQDN", AT_MA(name)), CLOSE, CLOSE) },
	{ .modes = IN_PROFILE, .args_size = sizeof(struct keepalive_args), .apply = keepalive_apply,
	  .each = keepalive_each,
	  .toks = TOKS(KWF("keepalive", "Set a keepalive interval for use with IOS peers",
			   .flags = CLI_TAIL),
		       NUM(10, 3600, "Number of seconds between keep alives", struct keepalive_args, sec),
		       KW("retry", "Specify retry interval in case of keepalive failure"),
		       NUM(2, 60, "Number of seconds between retries if keepalive fails",
			   struct keepalive_args, retry)) },
	{ .modes = IN_PROFILE, .apply = aggressive_apply,
	  .toks = TOKS(KW("initiate", "Set initiation mode"), KW("mode", "Set initiation mode"),
		       KWV("aggressive", "Initiate in aggressive mode", AT_P(aggressive), 1)) },
	{ .modes = IN_PROFILE, .args_size = sizeof(struct cfg_local), .apply = local_apply,
	  .each = local_each,
	  .toks = TOKS(KWF("local-address", "Interface to use for local address for this profile",
			   .flags = CLI_TAIL),
		       ALT, ADDR("Local address", struct cfg_local, addr), OR,
		       ARG(arg_ifname, "Interface name", struct cfg_local, ifname), CLOSE) },
	KEPT(IN_PROFILE, ROW_KEEP_MANY, KW("accounting", "Enable AAA Accounting for IPSec Sessions"), REST),
	KEPT(IN_PROFILE, ROW_KEEP_MANY, KW("client", "Specify client configuration settings"), REST),
	KEPT(IN_PROFILE, ROW_KEEP_MANY, KW("isakmp", "ISAKMP authorization parameters"), REST),
	KEPT(IN_PROFILE, 0, KW("qos-group", "Apply a Qos policy class map for this profile"), REST),
	KEPT(IN_PROFILE, 0, KW("virtual-template", "Specify the virtual-template for dynamic interface "
						   "creation."),
	     REST),
	{ .toks = NULL },
};
