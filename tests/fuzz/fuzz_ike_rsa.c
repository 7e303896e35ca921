/* SPDX-License-Identifier: Apache-2.0 */
/* The RSA methods of phase 1 under hostile datagrams, on both ends of an exchange that is
 * otherwise right. The first byte chooses: bit 0 rsa-encr or rsa-sig, bit 1 aggressive mode,
 * bits 2 and 3 which message (of those that carry payloads of the method) is tampered with, bit 4
 * public-key work at once or elsewhere.
 * What follows are records of a two-byte length; the first byte of each says what it becomes:
 *   0  the body of the n-th payload of that message, whose n is the next byte
 *   1  a payload of the type that the next byte says, appended
 *   2  all payloads of that message, the first of the type that the next byte says
 * Keys are toys (XOR and a tag), so that the fuzzer reaches what is behind them: decrypted
 * identities and nonces, certificates and signatures are the environment's to judge. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ike/internal.h"

#define LEFT  0xc0000201
#define RIGHT 0xc0000202
#define SEALED 128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t seed;
static uint64_t now;

static void fill(void *ctx, void *p, size_t n)
{
	uint8_t *b = p;

	(void)ctx;
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
}

/* Length, then the text under a mask. */
static int seal(void *ctx, struct span key, struct span clear, uint8_t out[IKE_SIG_MAX], size_t *ret_len)
{
	(void)ctx;
	if (clear.len > SEALED - 11)
		return -EMSGSIZE;
	memset(out, key.p[0], SEALED);
	out[0] = (uint8_t)clear.len;
	for (size_t i = 0; i < clear.len; i++)
		out[1 + i] = clear.p[i] ^ 0x5a;
	*ret_len = SEALED;
	return 0;
}

/* Any text of any length can be its answer, between the bounds. */
static int open_(void *ctx, struct span sealed, size_t min, size_t max, uint8_t out[IKE_SIG_MAX],
		 size_t *ret_len)
{
	(void)ctx;
	if (sealed.len != SEALED)
		return -EBADMSG;
	if (max > SEALED - 11)
		max = SEALED - 11;
	size_t len = sealed.p[0];
	len = len < min ? min : len > max ? max : len;
	for (size_t i = 0; i < len; i++)
		out[i] = sealed.p[1 + i] ^ 0x5a;
	*ret_len = len;
	return 0;
}

static int sign(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	(void)ctx;
	memset(sig, 0x33, SEALED);
	memcpy(sig, hash.p, hash.len);
	*ret_len = SEALED;
	return 0;
}

static int verify(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX])
{
	unsigned sum = p->id_type;

	(void)ctx;
	for (size_t i = 0; i < p->n_certs; i++) /* every byte is there */
		for (size_t k = 0; k < p->certs[i].len; k++)
			sum += p->certs[i].p[k];
	for (size_t k = 0; k < p->id.len; k++)
		sum += p->id.p[k];
	if (p->sig.len != SEALED || memcmp(p->sig.p, p->hash.p, p->hash.len) != 0)
		return -EBADMSG;
	strcpy(why, "certificate: no");
	return p->certs[0].len && p->certs[0].p[0] == 'x' + (sum > UINT32_MAX / 2) ? -EACCES : 0;
}

static struct ike *core(uint32_t local, uint32_t remote, uint8_t auth, bool aggressive, bool at_once)
{
	const struct p1_policy p1 = { .priority = 1, .cipher = CIPHER_3DES, .hash = HASH_SHA1, .auth = auth,
				      .group = 1, .life_sec = 3600 };
	const struct ag_peer ag = { .addr = ipaddr_v4(remote), .id_kind = AG_FQDN, .id = "f" };
	const struct rsa_peer peers[2] = {
		{ .addr = ipaddr_v4(remote), .name = "f", .key = span_of("k", 1) },
		{ .name = "named", .use = RSA_USE_ENCRYPTION, .key = span_of("n", 1) },
	};
	static const struct span cert = { (const uint8_t *)"certificate", 11 };
	uint32_t lan = local == LEFT ? 0x0a010100 : 0x0a020200;
	struct p2_policy p2 = { .id = 1, .ifid = 1, .map = "M", .seq = 1,
				.sel = { .local = addr_match_v4(lan, 0xff),
					 .remote = addr_match_v4(lan ^ 0x00030300, 0xff) },
				.local = ipaddr_v4(local), .n_peers = 1, .peers = { ipaddr_v4(remote) },
				.n_transforms = 1,
				.transforms = { { .name = "T", .mode = MODE_TUNNEL, .cipher = CIPHER_3DES,
						  .esp_auth = AUTH_HMAC_SHA1_96 } },
				.life_sec = 3600 };
	struct ike_config cfg = { .enabled = true, .nat_traversal = true, .p1 = &p1, .n_p1 = 1, .p2 = &p2,
				  .n_p2 = 1, .aggressive = aggressive, .ag = &ag, .n_ag = aggressive,
				  .certs = &cert, .n_certs = 1, .dn = span_of("\x30\x00", 2), .cas = &cert,
				  .n_cas = 1, .rsa_peers = peers, .n_rsa_peers = 2, .opens = true };
	struct ike_env env = { .random = fill, .sign = sign, .verify = verify, .seal = seal, .open = open_,
			       .defer = !at_once };
	struct ike *k = ike_new(&env);

	if (!k || ike_configure(k, &cfg, now))
		abort();
	ike_set_debug(k, IKE_DEBUG_ISAKMP | IKE_DEBUG_IPSEC);
	return k;
}

/* Public-key work is done between the message and the next one: what waits for it is read again. */
static void do_work(struct ike *k)
{
	static struct ike_crypto *crypto;
	struct ike_worked r;
	struct act *a;

	if (!crypto)
		crypto = ike_crypto_new();
	do {
		STAILQ_FOREACH(a, &k->acts, entry)
			if (a->a.work)
				break;
		if (!a)
			return;
		ike_work_do(&k->env, crypto, a->a.work, &r);
		a->a.work = NULL;
		ike_worked(k, now, &r);
	} while (true);
}

static void feed(struct ike *k, uint32_t local, uint32_t remote, const uint8_t *p, size_t n)
{
	struct ike_path path = { ipaddr_v4(local), ipaddr_v4(remote), 500, 500 };
	uint8_t *heap = malloc(n ? n : 1);

	if (!heap)
		abort();
	if (n)
		memcpy(heap, p, n);
	ike_datagram(k, now += 100, &path, span_of(heap, n));
	do_work(k);
	free(heap);
}

/* The next datagram of a core, into buf; 0: it has none. */
static size_t pull(struct ike *k, uint8_t *buf)
{
	struct ike_action a;

	do_work(k);
	while (ike_next_action(k, &a))
		if (a.type == IKE_ACT_SEND && a.data.len <= IKE_MAX_MESSAGE) {
			memcpy(buf, a.data.p, a.data.len);
			return a.data.len;
		}
	return 0;
}

/* The message with one change, to whom it was for. Encrypted ones are opened and closed with
 * the keys of the core that they are for, which is as far as its peer. */
static void tamper(struct ike *to, uint32_t local, uint32_t remote, const uint8_t *d, size_t n,
		   struct span rec)
{
	struct ike_sa *sa = TAILQ_FIRST(&to->sas);
	uint8_t plain[IKE_MAX_MESSAGE], iv[16];
	struct rd r = rd_of(d, n);
	struct span body = span_of(d + IKE_HEADER, n - IKE_HEADER);
	struct ike_payloads pl;
	struct ike_builder b;
	struct ike_header h;

	if (!ike_header_decode(&r, &h))
		abort();
	bool encrypted = h.flags & IKE_FLAG_ENCRYPTED;
	if (encrypted) {
		if (!sa || !sa->keyed)
			return;
		memcpy(iv, sa->iv, sizeof(iv));
		if (!msg_decrypt(sa, span_of(d, n), iv, plain, &body))
			return;
		memcpy(iv, sa->iv, sizeof(iv));
	}
	if (!ike_payloads_decode(h.next, body, &pl))
		return;
	ike_build_start(&b, &h);
	for (size_t i = 0; rec.p[0] % 3 != 2 && i < pl.n; i++)
		ike_build_payload(&b, pl.v[i].type,
				  rec.p[0] % 3 == 0 && i == rec.p[1] % pl.n ?
					  span_of(rec.p + 2, rec.len - 2) :
					  pl.v[i].body);
	if (rec.p[0] % 3 == 1)
		ike_build_payload(&b, rec.p[1], span_of(rec.p + 2, rec.len - 2));
	if (rec.p[0] % 3 == 2) {
		b.buf[b.next_at] = rec.p[1];
		wr_bytes(&b.w, rec.p + 2, rec.len - 2);
	}
	struct span out = encrypted ? msg_encrypt(sa, &b, iv) : ike_build_done(&b);
	if (out.len)
		feed(to, local, remote, out.p, out.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t d[IKE_MAX_MESSAGE];
	struct ike_action a;
	struct rd r = rd_of(data, size);
	struct flow f = { .local = ipaddr_v4(0x0a020201), .remote = ipaddr_v4(0x0a010101) };
	uint8_t what = rd_u8(&r);
	size_t n;

	if (r.bad)
		return 0;
	seed = 1;
	now = 1000;
	uint8_t auth = what & 1 ? IKE_AUTH_RSA_SIG : IKE_AUTH_RSA_ENC;
	struct ike *left = core(LEFT, RIGHT, auth, what & 2, what & 16);
	struct ike *right = core(RIGHT, LEFT, auth, what & 2, what & 16);
	ike_acquire(right, now, 1, &f);
	unsigned target = (what & 2 ? 0 : 2) + (what >> 2 & 3); /* main mode: from MM3 on */
	for (unsigned i = 0; i < 6; i++) {
		struct ike *from = i % 2 ? left : right, *to = i % 2 ? right : left;
		uint32_t local = i % 2 ? RIGHT : LEFT, remote = i % 2 ? LEFT : RIGHT;

		n = pull(from, d);
		if (!n)
			break;
		while (i == target && rd_left(&r) > 4) {
			size_t len = rd_be16(&r) & 0x1fff;
			struct span rec = rd_take(&r, len < rd_left(&r) ? len : rd_left(&r));

			if (rec.len >= 2 && rec.len < IKE_MAX_MESSAGE / 2)
				tamper(to, local, remote, d, n, rec);
		}
		feed(to, local, remote, d, n); /* the true one, if it is still waited for */
	}
	if (size == 1 && target < 6 && TAILQ_FIRST(&left->sas)->state != MM_DONE)
		abort(); /* nobody has disturbed it */
	while (ike_next_action(left, &a) || ike_next_action(right, &a))
		;
	ike_tick(left, now + 100000);
	ike_tick(right, now + 100000);
	ike_free(left);
	ike_free(right);
	return 0;
}
