/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto isakmp ...`: protection suites, keys, and what holds for all of IKE. */
#include "commands/rows.h"

#include <errno.h>
#include <string.h>

#include "commands/key_text.h"
#include "commands/prefix6.h"

#define IN_CONFIG CLI_IN(M_CONFIG)
#define CRYPTO	  KW("crypto", "Encryption module")
#define CALL_ADMISSION                                                                  \
	CRYPTO, KW("call", "Configure Crypto Call Admission Control"),                  \
		KW("admission", "Configure Crypto Call Admission Control"),             \
		KW("limit", "Configure Crypto Call Admission Control limits")
#define ISAKMP	  CRYPTO, KW("isakmp", "Configure ISAKMP policy")

/* ---- policies ---- */

struct policy_args {
	uint32_t priority;
};

static int policy_apply(struct cli_call *c)
{
	const struct policy_args *a = c->args;
	struct cfg_policy *p = config_find_policy(c->root, a->priority);

	if (c->op == CLI_SET)
		return config_add_policy(c->root, a->priority) ? 0 : -ENOMEM;
	if (p)
		config_del_policy(c->root, p);
	return 0;
}

static void *policy_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return config_find_policy(root, ((const struct policy_args *)args)->priority);
}

static bool policy_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			const void **ret_obj)
{
	const struct config *c = root;
	struct policy_args *a = args;

	(void)obj;
	if (w->i == c->isakmp.policies.n)
		return false;
	*ret_obj = c->isakmp.policies.v[w->i];
	a->priority = c->isakmp.policies.v[w->i++]->p.priority;
	return true;
}

/* `aes` alone is 128 bits; the other ciphers have one size. */
static int encryption_apply(struct cli_call *c)
{
	struct cfg_policy *p = c->obj;

	if (p->p.cipher == CIPHER_AES_CBC && !p->p.cipher_bits)
		p->p.cipher_bits = 128;
	if (p->p.cipher != CIPHER_AES_CBC)
		p->p.cipher_bits = 0;
	if (c->op == CLI_SET && p->p.cipher == CIPHER_DES)
		note_weak(c->out, "encryption des");
	else if (c->op == CLI_SET && p->p.cipher == CIPHER_3DES)
		note_weak(c->out, "encryption 3des");
	return 0;
}

static int hash_apply(struct cli_call *c)
{
	const struct cfg_policy *p = c->obj;

	if (c->op == CLI_SET && p->p.hash == HASH_MD5)
		note_weak(c->out, "hash md5");
	return 0;
}

static int group_apply(struct cli_call *c)
{
	const struct cfg_policy *p = c->obj;

	if (c->op == CLI_SET && p->p.group == 1)
		note_weak(c->out, "group 1");
	else if (c->op == CLI_SET && p->p.group == 2)
		note_weak(c->out, "group 2");
	else if (c->op == CLI_SET && p->p.group == 5)
		note_weak(c->out, "group 5");
	return 0;
}

/* DES and group 1 are what a policy has that does not say otherwise. IOS is silent on
 * that; those who typed them have been told. */
void policy_left(const void *obj, struct txt *out)
{
	const struct p1_policy *p = &((const struct cfg_policy *)obj)->p;
	bool des = p->cipher == CIPHER_DES, group = p->group == 1;

	if (des || group)
		txt_printf(out, "%% NOTE: policy %u has %s%s%s, the default, which is weak.\n",
			   p->priority, des ? "encryption des" : "", des && group ? " and " : "",
			   group ? "group 1" : "");
}

/* ---- keys ---- */

struct key_args {
	struct key_text t;
	struct cfg_key k;
	struct prefix6 net; /* of `address ipv6` */
};

static int key_apply(struct cli_call *c)
{
	const struct key_args *a = c->args;
	struct cfg_key k = a->k, *old;

	if (!key_address_take(c, &a->net, &k))
		return -EINVAL;
	old = config_find_key(c->root, k.addr.family ? &k.addr : NULL, &k.mask, k.host);
	if (c->op != CLI_SET) {
		if (old)
			config_del_key(c->root, old);
		return 0;
	}
	if (!key_text_take(&a->t, &k.type, k.key, k.sealed))
		return -EDOM;
	key_text_note(c, k.key);
	if (k.addr.family && ipaddr_mask_len(&k.mask) == 0)
		txt_str(c->out, "% NOTE: this key is accepted from every address.\n");
	return config_add_key(c->root, &k) ? 0 : -ENOMEM;
}

static bool key_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		     const void **ret_obj)
{
	const struct config *c = root;
	struct key_args *a = args;

	(void)obj;
	(void)ret_obj;
	if (w->i == c->isakmp.keys.n)
		return false;
	a->k = *c->isakmp.keys.v[w->i++];
	key_address_give(&a->k, &a->net);
	key_text_give(a->k.type, a->k.key, a->k.sealed, &a->t);
	return true;
}

/* ---- dead peer detection ---- */

struct keepalive_args {
	uint32_t sec, retry;
	uint8_t periodic; /* 1 periodic, 2 on-demand */
};

static int keepalive_apply(struct cli_call *c)
{
	const struct keepalive_args *a = c->args;
	struct cfg_isakmp *i = &((struct config *)c->root)->isakmp;

	i->keepalive_sec = c->op == CLI_SET ? a->sec : 0;
	i->keepalive_retry_sec = c->op == CLI_SET && a->retry ? a->retry : 2;
	i->keepalive_periodic = c->op == CLI_SET && a->periodic == 1;
	return 0;
}

static bool keepalive_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			   const void **ret_obj)
{
	const struct cfg_isakmp *i = &((const struct config *)root)->isakmp;
	struct keepalive_args *a = args;

	(void)obj;
	(void)ret_obj;
	if (w->i++ || !i->keepalive_sec)
		return false;
	a->sec = i->keepalive_sec;
	a->retry = i->keepalive_retry_sec == 2 ? 0 : i->keepalive_retry_sec;
	a->periodic = i->keepalive_periodic;
	return true;
}

static int aggressive_apply(struct cli_call *c)
{
	if (c->op == CLI_NO)
		txt_str(c->out, "% NOTE: aggressive mode is weak: with a pre-shared key it shows a hash "
				"to whoever\n  asks or listens, who can guess the key by it at leisure; "
				"use a long random key.\n");
	return 0;
}

#define AT_POLICY(f) struct cfg_policy, p.f
#define AT_CONFIG(f) struct config, isakmp.f
#define GROUP_KW(n, size) KWV(#n, "Diffie-Hellman group " #n " (" size ")", AT_POLICY(group), n)

/* What they hold is IOS's choice of old, and this one's only when it is asked for. */
static int defaults_apply(struct cli_call *c)
{
	if (c->op == CLI_SET)
		note_weak(c->out, "what the default policies hold (group 2 and 5, 3des, md5)");
	return 0;
}

static int legacy_apply(struct cli_call *c)
{
	if (c->op == CLI_SET)
		note_weak(c->out, "the default protection suite (des, group 1)");
	return 0;
}

const struct cli_row rows_isakmp[] = {
	{ .modes = IN_CONFIG, .flags = ROW_SWITCH,
	  .toks = TOKS(ISAKMP, KWV("enable", "Enable ISAKMP", AT_CONFIG(enable), 1)) },
	{ .modes = IN_CONFIG, .enters = M_POLICY,
	  .args_size = sizeof(struct policy_args), .apply = policy_apply, .find = policy_find,
	  .each = policy_each,
	  .toks = TOKS(ISAKMP, KW("policy", "Set policy for an ISAKMP protection suite"),
		       NUMF(1, 10000, "Priority of protection suite", struct policy_args, priority,
			    .flags = CLI_TAIL)) },
	{ .modes = CLI_IN(M_POLICY), .apply = encryption_apply,
	  .toks = TOKS(KWF("encryption", "Set encryption algorithm for protection suite",
			   .print = "encr"),
		       ALT, KWV("3des", "Three key triple DES", AT_POLICY(cipher), CIPHER_3DES), OR,
		       KWV("aes", "AES - Advanced Encryption Standard.", AT_POLICY(cipher),
			   CIPHER_AES_CBC),
		       OPT,
		       KWVF("128", "128 bit keys.", AT_POLICY(cipher_bits), 128,
			    .flags = CLI_ALIAS),
		       OR, KWV("192", "192 bit keys.", AT_POLICY(cipher_bits), 192), OR,
		       KWV("256", "256 bit keys.", AT_POLICY(cipher_bits), 256), CLOSE, OR,
		       KWV("des", "DES - Data Encryption Standard (56 bit keys).",
			   AT_POLICY(cipher), CIPHER_DES),
		       CLOSE) },
	{ .modes = CLI_IN(M_POLICY), .apply = hash_apply,
	  .toks = TOKS(KW("hash", "Set hash algorithm for protection suite"), ALT,
		       KWV("md5", "Message Digest 5", AT_POLICY(hash), HASH_MD5), OR,
		       KWV("sha", "Secure Hash Standard", AT_POLICY(hash), HASH_SHA1), OR,
		       KWV("sha256", "Secure Hash Standard 2 (256 bit)", AT_POLICY(hash),
			   HASH_SHA256),
		       OR,
		       KWV("sha384", "Secure Hash Standard 2 (384 bit)", AT_POLICY(hash),
			   HASH_SHA384),
		       OR,
		       KWV("sha512", "Secure Hash Standard 2 (512 bit)", AT_POLICY(hash),
			   HASH_SHA512),
		       CLOSE) },
	{ .modes = CLI_IN(M_POLICY),
	  .toks = TOKS(KW("authentication", "Set authentication method for protection suite"), ALT,
		       KWV("pre-share", "Pre-Shared Key", AT_POLICY(auth), IKE_AUTH_PSK), OR,
		       KWV("rsa-encr", "Rivest-Shamir-Adleman Encryption", AT_POLICY(auth),
			   IKE_AUTH_RSA_ENC),
		       OR,
		       KWV("rsa-sig", "Rivest-Shamir-Adleman Signature", AT_POLICY(auth),
			   IKE_AUTH_RSA_SIG),
		       CLOSE) },
	{ .modes = CLI_IN(M_POLICY), .apply = group_apply,
	  .toks = TOKS(KW("group", "Set the Diffie-Hellman group"), ALT, GROUP_KW(1, "768 bit"), OR,
		       GROUP_KW(2, "1024 bit"), OR, GROUP_KW(5, "1536 bit"), OR,
		       GROUP_KW(14, "2048 bit"), OR, GROUP_KW(15, "3072 bit"), OR,
		       GROUP_KW(16, "4096 bit"), OR, GROUP_KW(19, "256 bit ecp"), OR,
		       GROUP_KW(20, "384 bit ecp"), OR, GROUP_KW(21, "521 bit ecp"), OR,
		       GROUP_KW(24, "2048 bit, 256 bit subgroup"), CLOSE) },
	{ .modes = CLI_IN(M_POLICY),
	  .toks = TOKS(KW("lifetime", "Set lifetime for ISAKMP security association"),
		       NUM(60, 86400, "lifetime in seconds", AT_POLICY(life_sec))) },

	/* whole lines only: a `no` that names no peer must not seem to have removed a key */
	{ .modes = IN_CONFIG, .flags = ROW_FULL, .args_size = sizeof(struct key_args),
	  .apply = key_apply, .each = key_each,
	  .toks = TOKS(ISAKMP, KW("key", "Set pre-shared key for remote peer"), KEY_TEXT(struct key_args, t), ALT, KW("address", "define shared key with IP address"), ALT,
		       KW("ipv6", "define shared key with IPv6 address"),
		       HOST6("IPv6 address/prefix", struct key_args, net), OR,
		       ADDR("Peer IP address", struct key_args, k.addr), OPT,
		       ARG(arg_mask, "Peer IP subnet mask", struct key_args, k.mask), CLOSE, CLOSE, OR,
		       KWF("ipv6", "define shared key with IPv6 address", .flags = CLI_ALIAS | CLI_HIDDEN),
		       HOST6("IPv6 address/prefix", struct key_args, net), OR,
		       KW("hostname", "define shared key with hostname"),
		       ARG(arg_host, "Hostname", struct key_args, k.host), CLOSE,
		       OPT,
		       KWV("no-xauth", "Bypasses XAuth for this peer", struct key_args, k.no_xauth,
			   1),
		       CLOSE) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(ISAKMP, KW("identity", "Set the identity which ISAKMP will use"), ALT,
		       KWV("address", "Use the IP address of the interface for the identity",
			   AT_CONFIG(identity), IDENTITY_ADDRESS),
		       OR,
		       KWV("dn", "Use the distinguished name of the router cert for the identity",
			   AT_CONFIG(identity), IDENTITY_DN),
		       OR,
		       KWV("hostname", "Use the hostname of the router for the identity",
			   AT_CONFIG(identity), IDENTITY_HOSTNAME),
		       CLOSE) },
	{ .modes = IN_CONFIG, .args_size = sizeof(struct keepalive_args), .apply = keepalive_apply,
	  .each = keepalive_each,
	  .toks = TOKS(ISAKMP, KW("keepalive", "Set a keepalive interval for use with IOS peers"),
		       NUM(10, 3600, "Number of seconds between keep alives", struct keepalive_args,
			   sec),
		       OPT,
		       NUM(2, 60, "Number of seconds between retries if keepalive fails",
			   struct keepalive_args, retry),
		       CLOSE, OPT,
		       KWVF("on-demand", "Send keepalives only when traffic is sent",
			    struct keepalive_args, periodic, 2, .flags = CLI_ALIAS),
		       OR,
		       KWV("periodic", "Send keepalives at regular intervals",
			   struct keepalive_args, periodic, 1),
		       CLOSE) },
	{ .modes = IN_CONFIG, .flags = ROW_SWITCH, .apply = aggressive_apply,
	  .toks = TOKS(ISAKMP, KW("aggressive-mode", "Disable ISAKMP aggressive mode"),
		       KWV("disable", "Disable all inbound and outbound aggressive mode connections",
			   AT_CONFIG(aggressive_disable), 1)) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(ISAKMP, KW("nat", "Set a nat keepalive interval for use with IOS peers"),
		       KW("keepalive", "Set a nat keepalive interval for use with IOS peers"),
		       NUM(5, 3600, "Number of seconds between keep alives",
			   AT_CONFIG(nat_keepalive_sec))) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(ISAKMP, KWV("invalid-spi-recovery", "Initiate IKE and send Invalid SPI Notify",
				   AT_CONFIG(invalid_spi_recovery), 1)) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(ISAKMP, KWV("fragmentation", "IKE Fragmentation enabled if required",
				   AT_CONFIG(fragmentation), 1)) },
	{ .modes = IN_CONFIG, .apply = defaults_apply,
	  .toks = TOKS(ISAKMP, KW("default", "ISAKMP default configuration"),
		       KWV("policy", "Set default policy for ISAKMP", AT_CONFIG(default_policy),
			   1)) },
	{ .modes = IN_CONFIG, .apply = legacy_apply,
	  .toks = TOKS(CRYPTO, KW("legacy", "Behaviour of old releases"),
		       KWV("default-policy",
			   "Offer DES, SHA, RSA signatures and group 1 as the last policy",
			   AT_CONFIG(legacy_default_policy), 1)) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(ISAKMP, KW("lifetime", "Rules for lifetimes that differ"),
		       KWV("strict", "Refuse an initiator whose lifetime is shorter than ours",
			   AT_CONFIG(lifetime_strict), 1)) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(CALL_ADMISSION, KW("ike", "Configure IKE limits"),
		       KW("in-negotiation-sa", "Max number of SAs in negotiation"),
		       NUM(10, 99999, "Max number of SAs in negotiation",
			   AT_CONFIG(max_negotiating))) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(CALL_ADMISSION, KW("ike", "Configure IKE limits"),
		       KW("sa", "Max number of IKE SAs"),
		       NUM(1, 99999, "Max number of IKE SAs", AT_CONFIG(max_sas))) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(KW("call", "Configure Call parameters"),
		       KW("admission", "Configure Call Admission Control"),
		       KW("limit", "Configure the call admission limit"),
		       NUM(1, 100000, "Call admission limit (charge)", AT_CONFIG(max_charge))) },
	{ .toks = NULL },
};
