/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto engine connections active: a row for each SA. */
#include "control/show_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/show_index.h"

#define ALG_MAX 24

static void cipher_word(char *s, uint8_t cipher, uint16_t bits)
{
	static const char *const words[] = { [CIPHER_NULL] = "NULL",	   [CIPHER_DES] = "DES",
					     [CIPHER_3DES] = "3DES",	   [CIPHER_AES_CBC] = "AES",
					     [CIPHER_AES_GCM] = "AES-GCM", [CIPHER_AES_GMAC] = "AES-GMAC",
					     [CIPHER_AES_CTR] = "AES-CTR",
					     [CIPHER_CHACHA20_POLY1305] = "CHACHA20" };
	const char *word = cipher < sizeof(words) / sizeof(words[0]) ? words[cipher] : NULL;

	if (bits > 128 && cipher >= CIPHER_AES_CBC)
		snprintf(s, ALG_MAX, "%s%u", word ? word : "", (unsigned)bits);
	else
		snprintf(s, ALG_MAX, "%s", word ? word : "");
}

/* Hashes of IKE and authenticators of IPsec have the same names here. */
static const char *hash_word(unsigned hash)
{
	static const char *const words[] = { [HASH_MD5] = "MD5",	[HASH_SHA1] = "SHA",
					     [HASH_SHA256] = "SHA256", [HASH_SHA384] = "SHA384",
					     [HASH_SHA512] = "SHA512" };

	return hash < sizeof(words) / sizeof(words[0]) && words[hash] ? words[hash] : "";
}

static unsigned auth_hash(uint8_t auth)
{
	static const uint8_t hash[] = { [AUTH_HMAC_MD5_96] = HASH_MD5,
					[AUTH_HMAC_SHA1_96] = HASH_SHA1,
					[AUTH_HMAC_SHA256_128] = HASH_SHA256,
					[AUTH_HMAC_SHA384_192] = HASH_SHA384,
					[AUTH_HMAC_SHA512_256] = HASH_SHA512 };

	return auth < sizeof(hash) ? hash[auth] : 0u;
}

static void say(const struct show_in *in, const struct engine_row *r, void *ctx)
{
	struct txt *out = ctx;
	char addr[IPADDR_STRLEN];

	ipaddr_ios(r->addr, addr);
	if (in->config->compat_ios12)
		txt_printf(out, "%4u %-20s %-15s set    %-18.18s %8" PRIu64 " %8" PRIu64 "\n", r->id,
			   r->ifname, addr, r->alg, r->encrypt, r->decrypt);
	else
		txt_printf(out, "%5u  %-7s %-18s %8" PRIu64 " %8" PRIu64 " %8" PRIu32 " %s\n", r->id,
			   r->type, r->alg, r->encrypt, r->decrypt, r->last_seq, addr);
}

static void ike_row(const struct show_in *in, const struct ike_sa_info *s, engine_say *put, void *ctx)
{
	bool old = in->config->compat_ios12;
	struct engine_row r = { .id = old && s->conn_id > 1000 ? s->conn_id - 1000 : s->conn_id,
			 .type = "IKE", .encrypt = s->encrypts, .decrypt = s->decrypts,
			 .addr = &s->local, .ifname = "" };
	char cipher[ALG_MAX];

	for (size_t i = 0; i < in->n_ifs; i++)
		if (ipaddr_equal(&in->ifs[i].addr, &s->local))
			r.ifname = in->ifs[i].name;
	cipher_word(cipher, s->agreed.cipher, s->agreed.cipher_bits);
	snprintf(r.alg, sizeof(r.alg), "%s%s+%s%s", old ? "HMAC_" : "", hash_word(s->agreed.hash),
		 cipher, !old ? "" : s->agreed.cipher == CIPHER_AES_CBC ? "_CBC" : "_56_CBC");
	put(in, &r, ctx);
}

static void ipsec_row(const struct show_in *in, const struct sa_spec *s, engine_say *put, void *ctx)
{
	struct fwd_sa_stats stats = show_sa_stats(in, s->id);
	struct engine_row r = { .id = show_conn_id(in, s), .type = "IPsec", .ifname = "",
			 .addr = s->dir == SA_IN ? &s->dst : &s->src };
	char cipher[ALG_MAX];

	const struct p2_policy *p = show_find_p2(in, s->policy_id);
	const struct if_snapshot *ifs = p ? show_if_by_index(in, p->ifid) : NULL;

	if (ifs)
		r.ifname = ifs->name;
	*(s->dir == SA_IN ? &r.decrypt : &r.encrypt) = stats.packets;
	r.last_seq = s->dir == SA_IN ? stats.seq : 0;
	cipher_word(cipher, s->cipher, s->cipher_bits);
	snprintf(r.alg, sizeof(r.alg), "%s%s%s", cipher, cipher[0] && s->auth ? "+" : "",
		 hash_word(auth_hash(s->auth)));
	put(in, &r, ctx);
}

struct numbered {
	unsigned id;
	const struct sa_spec *s;
};

static int by_id(const void *a, const void *b)
{
	unsigned x = ((const struct numbered *)a)->id, y = ((const struct numbered *)b)->id;

	return (x > y) - (x < y);
}

/* In the order of their numbers, inbound before outbound. */
static void ipsec_rows(const struct show_in *in, engine_say *put, void *ctx)
{
	struct numbered *all = calloc(2 * in->n_pairs + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; all && i < in->n_pairs; i++) {
		const struct ike_pair_info *p = &in->pairs[i];

		all[n++] = (struct numbered){ show_conn_id(in, &p->in), &p->in };
		if (p->out_id)
			all[n++] = (struct numbered){ show_conn_id(in, &p->out), &p->out };
	}
	if (n)
		qsort(all, n, sizeof(*all), by_id);
	for (size_t i = 0; i < n; i++)
		ipsec_row(in, all[i].s, put, ctx);
	free(all);
}

static void ike_rows(const struct show_in *in, engine_say *put, void *ctx)
{
	for (size_t i = 0; i < in->n_sas; i++)
		if (!in->sas[i].deleted && in->sas[i].state == IKE_QM_IDLE)
			ike_row(in, &in->sas[i], put, ctx);
}

void show_engine_rows(const struct show_in *in, engine_say *put, void *ctx)
{
	if (in->config->compat_ios12)
		ike_rows(in, put, ctx);
	ipsec_rows(in, put, ctx);
	if (!in->config->compat_ios12)
		ike_rows(in, put, ctx);
}

void show_crypto_engine(const struct show_in *in, struct txt *out)
{
	if (in->config->compat_ios12)
		txt_str(out, "\n  ID Interface            IP-Address      State  Algorithm           "
			     "Encrypt  Decrypt\n");
	else
		txt_str(out, "Crypto Engine Connections\n\n"
			     "   ID  Type    Algorithm           Encrypt  Decrypt LastSeqN IP-Address\n");
	show_engine_rows(in, say, out);
	txt_char(out, '\n');
}
