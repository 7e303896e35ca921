/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto key pubkey-chain rsa`: the public keys of peers, typed in. */
#include "commands/rows.h"

#include <errno.h>
#include <string.h>

#include "commands/hexline.h"

#define IN_CHAIN CLI_IN(M_PUBKEY)
#define IN_KEY	 CLI_IN(M_PUBKEY_KEY)
#define IN_TEXT	 CLI_IN(M_KEY_STRING)

/* ---- the chain ---- */

struct chain_args {
	uint8_t none;
};

static int chain_apply(struct cli_call *c)
{
	struct cfg_pki *p = &((struct config *)c->root)->pki;

	if (c->op == CLI_SET)
		return 0;
	while (p->pubkeys.n)
		pki_del_pubkey(p, p->pubkeys.v[0]);
	while (p->pubkeys.kept.n)
		kept_del(&p->pubkeys.kept, 0);
	return 0;
}

static void *chain_find(void *root, void *obj, const void *args)
{
	(void)obj;
	(void)args;
	return &((struct config *)root)->pki.pubkeys;
}

static bool chain_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		       const void **ret_obj)
{
	const struct cfg_pubkeys *k = &((const struct config *)root)->pki.pubkeys;

	(void)obj;
	(void)args;
	*ret_obj = k;
	return !w->i++ && (k->n || k->kept.n);
}

/* ---- a key ---- */

static int key_apply(struct cli_call *c)
{
	struct cfg_pki *p = &((struct config *)c->root)->pki;
	struct cfg_pubkey *k = pki_find_pubkey(p, c->args);

	if (c->op != CLI_SET) {
		if (k)
			pki_del_pubkey(p, k);
		return 0;
	}
	if (!k && p->pubkeys.n == CFG_MAX_PUBKEYS) {
		txt_printf(c->out, "%% At most %d public keys.\n", CFG_MAX_PUBKEYS);
		return -EEXIST;
	}
	return pki_add_pubkey(p, c->args) ? 0 : -ENOMEM;
}

static void *key_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return pki_find_pubkey(&((struct config *)root)->pki, args);
}

static bool key_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		     const void **ret_obj)
{
	const struct cfg_pubkeys *all = obj;
	struct cfg_pubkey *a = args;

	(void)root;
	if (w->i == all->n)
		return false;
	const struct cfg_pubkey *k = all->v[w->i++];
	*ret_obj = k;
	a->addr = k->addr;
	memcpy(a->name, k->name, sizeof(a->name));
	a->use = k->use;
	return true;
}

/* ---- its bytes ---- */

static int text_apply(struct cli_call *c)
{
	struct cfg_pubkey *k = c->obj;

	if (c->op == CLI_SET && !c->number)
		txt_str(c->out, "Enter a public key as a hexidecimal number ....\n\n");
	k->typed = (struct cfg_typed){ .again = true };
	return 0;
}

static void *text_find(void *root, void *obj, const void *args)
{
	(void)root;
	(void)args;
	return obj;
}

static bool text_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct cfg_pubkey *k = obj;

	(void)root;
	(void)args;
	*ret_obj = k;
	return !w->i++ && (k->len || k->kept_text.n);
}

static int data_apply(struct cli_call *c)
{
	const struct hex_args *a = c->args;
	struct cfg_pubkey *k = c->obj;

	if (c->op != CLI_SET)
		return 0;
	if (!cfg_typed_add(&k->typed, k->der, &k->len, k->fresh, sizeof(k->der), a->b, a->n)) {
		txt_printf(c->out, "%% A public key of more than %d bytes is not taken.\n",
			   CFG_PUBKEY_BYTES);
		return -EINVAL;
	}
	return 0;
}

static bool data_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct cfg_pubkey *k = obj;
	struct hex_args *a = args;
	size_t left = k->len - w->i;

	(void)root;
	(void)ret_obj;
	if (!left)
		return false;
	a->n = (uint8_t)(left < HEX_PRINTED ? left : HEX_PRINTED);
	memcpy(a->b, k->der + w->i, a->n);
	w->i += a->n;
	return true;
}

static int quit_apply(struct cli_call *c)
{
	struct cfg_pubkey *k = c->obj;
	bool other = k->typed.aside;

	if (!cfg_typed_end(&k->typed, k->der, &k->len, k->fresh))
		txt_str(c->out, other ? "% NOTE: the key is not whole, or none; the one before stays in "
					"force.\n" :
					"% NOTE: the key is not whole, or none; it is kept and not used.\n");
	else if (cfg_pubkey_reused(&((const struct config *)c->root)->pki, k))
		txt_str(c->out, "% NOTE: this key is there for another use already. One RSA key may not "
				"serve both\n  encryption and signatures: who breaks one by the answers of "
				"the other forges both\n  (CVE-2018-0131). It is not used for "
				"encryption.\n");
	return 0;
}

const struct cli_row rows_pubkey[] = {
	{ .modes = CLI_IN(M_CONFIG), .enters = M_PUBKEY, .args_size = sizeof(struct chain_args),
	  .apply = chain_apply, .find = chain_find, .each = chain_each,
	  .toks = TOKS(KW("crypto", "Encryption module"), KW("key", "Long term key operations"),
		       KW("pubkey-chain", "Peer public key chain management"), KW("rsa", "RSA keys")) },
	{ .modes = IN_CHAIN, .flags = ROW_FULL, .enters = M_PUBKEY_KEY,
	  .args_size = sizeof(struct cfg_pubkey), .apply = key_apply, .find = key_find, .each = key_each,
	  .toks = TOKS(ALT, KW("addressed-key", "Specify public key by IP address"),
		       ADDR("IP address of the key's owner", struct cfg_pubkey, addr), OR,
		       KW("named-key", "Specify public key by name"),
		       WORD("Name of the key's owner", struct cfg_pubkey, name), CLOSE, OPT,
		       KWV("encryption", "Encryption key", struct cfg_pubkey, use, RSA_USE_ENCRYPTION), OR,
		       KWV("signature", "Signature key", struct cfg_pubkey, use, RSA_USE_SIGNATURE),
		       CLOSE) },
	{ .modes = IN_KEY,
	  .toks = TOKS(KW("address", "Specify IP address of this key"),
		       ADDR("IP address", struct cfg_pubkey, at)) },
	KEPT(IN_KEY, ROW_KEEP_MANY, KW("serial-number", "Specify serial number of this key"), REST),
	{ .modes = IN_KEY, .flags = ROW_NO_NO, .enters = M_KEY_STRING,
	  .args_size = sizeof(struct chain_args), .apply = text_apply, .find = text_find,
	  .each = text_each, .toks = TOKS(KW("key-string", "Enter public key")) },
	{ .modes = IN_TEXT, .flags = ROW_NO_NO, .args_size = sizeof(struct hex_args),
	  .apply = data_apply, .each = data_each, .toks = TOKS(HEX_DATA("Public key data in hex")) },
	{ .modes = IN_TEXT, .flags = ROW_NO_NO | ROW_ALWAYS | ROW_LEAVES, .apply = quit_apply,
	  .toks = TOKS(KW("quit", "End of the public key data")) },
	{ .toks = NULL },
};
