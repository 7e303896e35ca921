/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto isakmp peer ...`: with whom phase 1 begins in aggressive mode, and as whom. */
#include "commands/rows.h"

#include <errno.h>
#include <string.h>

#include "commands/key_text.h"
#include "commands/prefix6.h"

#define IN_PEER CLI_IN(M_ISAKMP_PEER)

struct peer_args {
	struct ipaddr addr;
	char host[CFG_NAME_MAX], vrf[CFG_NAME_MAX];
};

static struct cfg_isakmp_peer *find(const struct config *c, const struct peer_args *a)
{
	return config_find_isakmp_peer(c, a->addr.family ? &a->addr : NULL, a->host, a->vrf);
}

static int peer_apply(struct cli_call *c)
{
	const struct peer_args *a = c->args;
	struct cfg_isakmp_peer *p = find(c->root, a);

	if (c->op == CLI_SET)
		return config_add_isakmp_peer(c->root, a->addr.family ? &a->addr : NULL, a->host,
					      a->vrf) ?
			       0 :
			       -ENOMEM;
	if (p)
		config_del_isakmp_peer(c->root, p);
	return 0;
}

static void *peer_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return find(root, args);
}

static bool peer_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct config *c = root;
	struct peer_args *a = args;

	(void)obj;
	if (w->i == c->isakmp.peers.n)
		return false;
	const struct cfg_isakmp_peer *p = c->isakmp.peers.v[w->i++];
	*ret_obj = p;
	a->addr = p->addr;
	memcpy(a->host, p->host, sizeof(a->host));
	memcpy(a->vrf, p->vrf, sizeof(a->vrf));
	return true;
}

/* ---- what is set in it ---- */

struct endpoint_args {
	uint8_t kind; /* enum ag_id_kind */
	char name[IKE_ID_MAX];
	struct ipaddr addr;
};

static int endpoint_apply(struct cli_call *c)
{
	static const struct endpoint_args none;
	const struct endpoint_args *a = c->op == CLI_SET ? c->args : &none;
	const struct config *cfg = c->root;
	struct cfg_isakmp_peer *p = c->obj;

	p->endpoint = a->kind;
	p->endpoint_addr = a->addr;
	memcpy(p->endpoint_name, a->name, sizeof(p->endpoint_name));
	if (c->op == CLI_SET && cfg->isakmp.aggressive_disable)
		txt_str(c->out, "% NOTE: aggressive mode is disabled. To use it: no crypto isakmp "
				"aggressive-mode disable\n");
	return 0;
}

static bool endpoint_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			  const void **ret_obj)
{
	const struct cfg_isakmp_peer *p = obj;
	struct endpoint_args *a = args;

	(void)root;
	(void)ret_obj;
	if (w->i++ || !p->endpoint)
		return false;
	a->kind = p->endpoint;
	a->addr = p->endpoint_addr;
	memcpy(a->name, p->endpoint_name, sizeof(a->name));
	return true;
}

struct password_args {
	struct key_text t;
};

static int password_apply(struct cli_call *c)
{
	static const struct password_args none;
	const struct password_args *a = c->op == CLI_SET ? c->args : &none;
	struct cfg_isakmp_peer *p = c->obj;

	if (!key_text_take(&a->t, &p->key_type, p->key, p->sealed))
		return -EDOM;
	if (c->op == CLI_SET)
		key_text_note(c, p->key);
	return 0;
}

static bool password_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			  const void **ret_obj)
{
	const struct cfg_isakmp_peer *p = obj;
	struct password_args *a = args;

	(void)root;
	(void)ret_obj;
	if (w->i++ || (!p->key[0] && !p->sealed[0]))
		return false;
	key_text_give(p->key_type, p->key, p->sealed, &a->t);
	return true;
}

#define AT_ARGS(f) struct peer_args, f
#define AT_END(f)  struct endpoint_args, f
#define SET_AGGRESSIVE \
	KW("set", "Set values"), KW("aggressive-mode", "Set values for Aggressive Mode")

const struct cli_row rows_isakmp_peer[] = {
	{ .modes = CLI_IN(M_CONFIG), .enters = M_ISAKMP_PEER, .args_size = sizeof(struct peer_args),
	  .apply = peer_apply, .find = peer_find, .each = peer_each,
	  .toks = TOKS(KW("crypto", "Encryption module"), KW("isakmp", "Configure ISAKMP policy"),
		       KW("peer", "Set Peer Policy"), ALT,
		       KW("address", "Peer by IP address"),
		       ALT, KW("ipv6", "Peer by IPv6 address"),
		       ADDR6("Peer IPv6 address", AT_ARGS(addr)), OR,
		       ADDR("Peer IP address", AT_ARGS(addr)), CLOSE, OR,
		       KW("hostname", "Peer by hostname"), ARG(arg_host, "Peer hostname", AT_ARGS(host)),
		       CLOSE, OPT, KW("vrf", "Peer belongs to this VRF"), WORD("VRF name", AT_ARGS(vrf)),
		       CLOSE) },
	{ .modes = IN_PEER,
	  .toks = TOKS(KW("description", "Specify a description of this peer"),
		       LINE("Peer description", struct cfg_isakmp_peer, description)) },
	{ .modes = IN_PEER, .args_size = sizeof(struct password_args), .apply = password_apply,
	  .each = password_each,
	  .toks = TOKS(SET_AGGRESSIVE,
		       KWF("password", "Set the pre-shared key for Aggressive Mode",
			   .flags = CLI_TAIL),
		       KEY_TEXT(struct password_args, t)) },
	{ .modes = IN_PEER, .flags = ROW_TRAIL, .args_size = sizeof(struct endpoint_args),
	  .apply = endpoint_apply, .each = endpoint_each,
	  .toks = TOKS(SET_AGGRESSIVE,
		       KWF("client-endpoint", "Set the client endpoint (identity of this router)",
			   .flags = CLI_TAIL),
		       ALT, KWV("fqdn", "Fully qualified domain name", AT_END(kind), AG_FQDN),
		       WORD("FQDN", AT_END(name)), OR,
		       KWV("ipv4-address", "IPv4 address", AT_END(kind), AG_IPV4),
		       ADDR("IP address", AT_END(addr)), OR,
		       KWV("user-fqdn", "User name and domain name (user@domain)", AT_END(kind),
			   AG_USER_FQDN),
		       WORD("User FQDN", AT_END(name)), CLOSE) },
	{ .toks = NULL },
};
