/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto isakmp policy, default policy, key: what is configured. */
#include "control/show_parts.h"

#include <stdio.h>
#include <string.h>

static void say_cipher(const struct p1_policy *p, struct txt *out)
{
	switch (p->cipher) {
	case CIPHER_3DES:
		txt_str(out, "Three key triple DES");
		break;
	case CIPHER_AES_CBC:
		txt_printf(out, "AES - Advanced Encryption Standard (%u bit keys).",
			   p->cipher_bits ? p->cipher_bits : 128u);
		break;
	default:
		txt_str(out, "DES - Data Encryption Standard (56 bit keys).");
	}
}

static const char *hash_name(uint8_t hash)
{
	switch (hash) {
	case HASH_MD5:
		return "Message Digest 5";
	case HASH_SHA256:
		return "Secure Hash Standard 2 (256 bit)";
	case HASH_SHA384:
		return "Secure Hash Standard 2 (384 bit)";
	case HASH_SHA512:
		return "Secure Hash Standard 2 (512 bit)";
	default:
		return "Secure Hash Standard";
	}
}

static const char *auth_name(uint8_t auth)
{
	switch (auth) {
	case IKE_AUTH_PSK:
		return "Pre-Shared Key";
	case IKE_AUTH_RSA_ENC:
		return "Rivest-Shamir-Adleman Encryption";
	default:
		return "Rivest-Shamir-Adleman Signature";
	}
}

const char *show_group_bits(uint16_t group)
{
	static const struct {
		uint16_t group;
		const char *bits;
	} rows[] = { { 1, "768 bit" },	 { 2, "1024 bit" },  { 5, "1536 bit" },
		     { 14, "2048 bit" }, { 15, "3072 bit" }, { 16, "4096 bit" },
		     { 19, "256 bit" },	 { 20, "384 bit" },  { 21, "521 bit" },
		     { 24, "2048 bit, 256 bit subgroup" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].group == group)
			return rows[i].bits;
	return "";
}

static void suite(const struct p1_policy *p, struct txt *out)
{
	txt_str(out, "\tencryption algorithm:\t");
	say_cipher(p, out);
	txt_printf(out,
		   "\n\thash algorithm:\t\t%s\n"
		   "\tauthentication method:\t%s\n"
		   "\tDiffie-Hellman group:\t#%u (%s)\n"
		   "\tlifetime:\t\t%u seconds, no volume limit\n",
		   hash_name(p->hash), auth_name(p->auth), (unsigned)p->group,
		   show_group_bits(p->group), (unsigned)p->life_sec);
}

/* What IOS 15 falls back to while no policy is configured. */
static void default_suites(struct txt *out)
{
	for (size_t i = 0; i < P1_N_DEFAULTS; i++) {
		txt_printf(out, "Default protection suite of priority %u\n",
			   (unsigned)p1_defaults[i].priority);
		suite(&p1_defaults[i], out);
	}
}

void show_isakmp_default_policy(const struct show_in *in, struct txt *out)
{
	txt_char(out, '\n');
	if (in->config->isakmp.default_policy)
		default_suites(out);
}

void show_isakmp_policy(const struct show_in *in, struct txt *out)
{
	const struct cfg_isakmp *k = &in->config->isakmp;

	if (!k->policies.n && k->default_policy && !in->config->compat_ios12) {
		txt_str(out, "\nDefault IKE policy\n");
		default_suites(out);
		return;
	}
	txt_str(out, "\nGlobal IKE policy\n");
	for (size_t i = 0; i < k->policies.n; i++) {
		const struct p1_policy *p = &k->policies.v[i]->p;

		txt_printf(out, "Protection suite of priority %u\n", (unsigned)p->priority);
		suite(p, out);
	}
	if (in->config->compat_ios12 || k->legacy_default_policy) {
		txt_str(out, "Default protection suite\n");
		suite(&p1_legacy, out);
	}
}

/* As IOS: keys that the configuration holds in clear are shown so. */
static void show_key(const char *ring, const struct cfg_key *key, struct txt *out)
{
	char addr[IPADDR_STRLEN], mask[IPADDR_STRLEN], who[2 * IPADDR_STRLEN + 4];
	const char *name = key->host;

	if (key->addr.family != IP_NONE) {
		ipaddr_ios(&key->addr, addr);
		if (key->addr.family == IP_V6)
			snprintf(who, sizeof(who), "%s/%d", addr, ipaddr_mask_len(&key->mask));
		else if (ipaddr_to_v4(&key->mask) == UINT32_MAX)
			snprintf(who, sizeof(who), "%s", addr);
		else
			snprintf(who, sizeof(who), "%-15s[%s]", addr, ipaddr_ios(&key->mask, mask));
		name = who;
	}
	txt_printf(out, "%-12s %-43s %s\n", ring, name, key->type == 6 ? "(encrypted)" : key->key);
}

void show_isakmp_key(const struct show_in *in, struct txt *out)
{
	const struct cfg_isakmp *k = &in->config->isakmp;
	const struct cfg_keys *rings = &in->config->keys;

	txt_str(out, "Keyring      Hostname/Address                            Preshared Key\n\n");
	for (size_t i = 0; i < k->keys.n; i++)
		show_key("default", k->keys.v[i], out);
	for (size_t i = 0; i < rings->n_keyrings; i++)
		for (size_t n = 0; n < rings->keyrings[i]->n; n++)
			show_key(rings->keyrings[i]->name, rings->keyrings[i]->keys[n], out);
}
