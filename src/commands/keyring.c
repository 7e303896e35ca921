/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto keyring ...`: pre-shared keys that profiles choose among. */
#include "commands/rows.h"

#include <errno.h>
#include <string.h>

#include "commands/exec.h"
#include "commands/key_text.h"
#include "commands/prefix6.h"
#include "commands/local_address.h"

#define IN_RING CLI_IN(M_KEYRING)

struct ring_args {
	char name[CFG_NAME_MAX], vrf[CFG_NAME_MAX];
};

static struct cfg_keys *keys_of(const struct cli_call *c)
{
	return &((struct config *)c->root)->keys;
}

static int ring_apply(struct cli_call *c)
{
	const struct ring_args *a = c->args;
	struct cfg_keyring *r = keys_find_ring(keys_of(c), a->name);

	if (c->op != CLI_SET) {
		if (r)
			keys_del_ring(keys_of(c), r);
		return 0;
	}
	if (!r && keys_of(c)->n_keyrings == CFG_MAX_KEYRINGS) {
		txt_printf(c->out, "%% At most %d keyrings.\n", CFG_MAX_KEYRINGS);
		return -EEXIST;
	}
	r = keys_add_ring(keys_of(c), a->name);
	if (!r)
		return -ENOMEM;
	if (a->vrf[0]) {
		memcpy(r->vrf, a->vrf, sizeof(r->vrf));
		txt_str(c->out, "% NOTE: there are no VRFs here; the keyring is one of the global "
				"table.\n");
	}
	return 0;
}

static void *ring_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return keys_find_ring(&((struct config *)root)->keys, ((const struct ring_args *)args)->name);
}

static bool ring_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct cfg_keys *k = &((const struct config *)root)->keys;
	struct ring_args *a = args;

	(void)obj;
	if (w->i == k->n_keyrings)
		return false;
	*ret_obj = k->keyrings[w->i];
	memcpy(a->name, k->keyrings[w->i]->name, sizeof(a->name));
	memcpy(a->vrf, k->keyrings[w->i++]->vrf, sizeof(a->vrf));
	return true;
}

/* ---- in a keyring ---- */

static int local_apply(struct cli_call *c)
{
	local_take(c, &((struct cfg_keyring *)c->obj)->local);
	return 0;
}

static bool local_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		       const void **ret_obj)
{
	(void)root;
	(void)ret_obj;
	return !w->i++ && local_give(&((const struct cfg_keyring *)obj)->local, args);
}

struct key_args {
	struct key_text t;
	struct cfg_key k;
	struct prefix6 net; /* of `address ipv6` */
};

static int key_apply(struct cli_call *c)
{
	const struct key_args *a = c->args;
	struct cfg_keyring *r = c->obj;
	struct cfg_key k = a->k, *old;

	if (!key_address_take(c, &a->net, &k))
		return -EINVAL;
	old = cfg_ring_find(r, k.addr.family ? &k.addr : NULL, &k.mask, k.host);
	if (c->op != CLI_SET) {
		if (old)
			cfg_ring_del(r, old);
		return 0;
	}
	if (!key_text_take(&a->t, &k.type, k.key, k.sealed))
		return -EDOM;
	key_text_note(c, k.key);
	if (k.addr.family && ipaddr_mask_len(&k.mask) == 0)
		txt_str(c->out, "% NOTE: this key is accepted from every address.\n");
	if (!old && r->n == CFG_MAX_RING_KEYS) {
		txt_printf(c->out, "%% At most %d keys in a keyring.\n", CFG_MAX_RING_KEYS);
		return -EEXIST;
	}
	return cfg_ring_add(r, &k) ? 0 : -ENOMEM;
}

static bool key_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		     const void **ret_obj)
{
	const struct cfg_keyring *r = obj;
	struct key_args *a = args;

	(void)root;
	(void)ret_obj;
	if (w->i == r->n)
		return false;
	a->k = *r->keys[w->i++];
	bool wild = a->k.addr.family == IP_V4 && ipaddr_to_v4(&a->k.addr) == 0;
	struct ipaddr mask = a->k.mask;

	key_address_give(&a->k, &a->net);
	if (wild) /* a keyring says it */
		a->k.mask = mask;
	key_text_give(a->k.type, a->k.key, a->k.sealed, &a->t);
	return true;
}

int password_aes_apply(struct cli_call *c)
{
	if (c->op == CLI_NO)
		txt_str(c->out, "% NOTE: keys that are encrypted stay so; new ones are kept in clear.\n");
	return 0;
}

#define AT_K(f) struct key_args, f
#define CONFIG_KEY                                                                          \
	KW("key", "Key management"), KW("config-key", "Set a private configuration key"),   \
		KW("password-encrypt", "Set a private configuration key for password encryption")

const struct cli_row rows_keyring[] = {
	{ .modes = CLI_IN(M_CONFIG), .action = EXEC_MASTER_KEY, .args_size = sizeof(struct exec_args),
	  .flags = ROW_NO_NO,
	  .toks = TOKS(CONFIG_KEY, OPT,
		       WORDF("New key", struct exec_args, text, .flags = CLI_SECRET), CLOSE) },
	{ .modes = CLI_IN(M_CONFIG), .action = EXEC_MASTER_DROP, .args_size = sizeof(struct exec_args),
	  .flags = ROW_NO_ONLY, .toks = TOKS(CONFIG_KEY) },
	{ .modes = CLI_IN(M_CONFIG), .enters = M_KEYRING, .args_size = sizeof(struct ring_args),
	  .apply = ring_apply, .find = ring_find, .each = ring_each,
	  .flags = ROW_TRAIL | ROW_FULL,
	  .toks = TOKS(KW("crypto", "Encryption module"), KW("keyring", "Key ring commands"),
		       WORD("Name of the keyring", struct ring_args, name), OPT,
		       KW("vrf", "Key belongs to this VRF"), WORD("VRF name", struct ring_args, vrf),
		       CLOSE) },
	{ .modes = IN_RING,
	  .toks = TOKS(KW("description", "Specify a description of this keyring"),
		       LINE("Keyring description", struct cfg_keyring, description)) },
	{ .modes = IN_RING, .args_size = sizeof(struct cfg_local), .apply = local_apply,
	  .each = local_each,
	  .toks = TOKS(KWF("local-address", "Local address to be used with this keyring",
			   .flags = CLI_TAIL),
		       ALT, ADDR("Local address", struct cfg_local, addr), OR,
		       ARG(arg_ifname, "Interface name", struct cfg_local, ifname), CLOSE) },
	{ .modes = IN_RING, .flags = ROW_FULL, .args_size = sizeof(struct key_args), .apply = key_apply,
	  .each = key_each,
	  .toks = TOKS(KW("pre-shared-key", "Specify a pre-shared key"), ALT,
		       KW("address", "define shared key with IP address"), ALT,
		       KW("ipv6", "define shared key with IPv6 address"),
		       HOST6("IPv6 address/prefix", AT_K(net)), OR,
		       ADDR("Peer IP address", AT_K(k.addr)), OPT,
		       ARG(arg_mask, "Peer IP subnet mask", AT_K(k.mask)), CLOSE, CLOSE, OR,
		       KW("hostname", "define shared key with hostname"),
		       ARG(arg_host, "Hostname", AT_K(k.host)), CLOSE,
		       KWF("key", "specify key", .flags = 0), KEY_TEXT(struct key_args, t)) },
	KEPT_PROMPT(IN_RING, M_PUBKEY, "(config-pubkey-key)#",
		    "% NOTE: RSA public keys of a keyring are not used by this version; the lines are "
		    "kept.",
		    KW("rsa-pubkey", "Specify a peer RSA public key"), REST),
	{ .toks = NULL },
};
