/* SPDX-License-Identifier: Apache-2.0 */
/* The IKE core under hostile datagrams. The input is a series of records, each
 * behind a two-byte length whose upper three bits, in the first one, choose who
 * meets them:
 *   00  a responder; records are datagrams, and those after the first get the
 *       cookie it has answered with, so that every payload is reached
 *   10  an initiator that has sent its first message
 *   11  a connected initiator that has sent the first message of a quick mode;
 *       records are the plaintext of answers to it
 *   01  a connected responder; records are the plaintext of quick mode and
 *       informational messages, with a right hash and encrypted: what a peer that
 *       has the key can do
 * The bit below them chooses aggressive mode:
 *   001 and 101  as above
 *   011  a responder that has answered in aggressive mode; records are the plaintext
 *        of third messages, behind a right hash or none, encrypted or in clear
 *   111  an initiator that has sent its first message; records are what the true
 *        answer holds beside its proof, or instead of its policy
 * Every record is also read as the body of each payload. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ike/internal.h"

#define LEFT  0xc0000201
#define RIGHT 0xc0000202

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

static struct ike *core(uint32_t local, uint32_t remote, uint16_t group, bool aggressive)
{
	const struct p1_policy p1 = { .priority = 1, .cipher = CIPHER_3DES, .hash = HASH_SHA1,
				      .auth = IKE_AUTH_PSK, .group = group, .life_sec = 3600 };
	static const struct psk_entry psk = { .addr = { IP_V4, { 0 } }, .mask_len = 0, .key_len = 1,
					      .key = "k" };
	const struct ag_peer ag = { .addr = ipaddr_v4(remote), .id_kind = AG_FQDN, .id = "f" };
	uint32_t lan = local == LEFT ? 0x0a010100 : 0x0a020200;
	struct p2_policy p2[3] = { { .id = 1, .ifid = 1, .map = "M", .seq = 1,
				.sel = { .local = addr_match_v4(lan, 0xff),
					 .remote = addr_match_v4(lan ^ 0x00030300, 0xff) },
				.local = ipaddr_v4(local), .n_peers = 1, .peers = { ipaddr_v4(remote) },
				.n_transforms = 1,
				.transforms = { { .name = "T", .mode = MODE_TUNNEL,
						  .cipher = CIPHER_3DES,
						  .esp_auth = AUTH_HMAC_SHA1_96 } },
				.life_sec = 3600 } };
	/* and for IPv6 a line, and a template for whatever is asked for */
	for (uint32_t i = 1; i < 3; i++) {
		struct addr_match any = { .addr.family = IP_V6 };

		memset(any.wild + (i == 1 ? 8 : 0), 0xff, i == 1 ? 8 : 16);
		p2[i] = p2[0];
		p2[i].id = 1 + i;
		p2[i].dynamic = p2[i].any_proxies = i == 2;
		p2[i].sel = (struct selector){ .local = any, .remote = any };
		p2[i].sel.local.addr.b[0] = p2[i].sel.remote.addr.b[0] = i == 1 ? 0xfd : 0;
		p2[i].sel.local.addr.b[7] = i == 1 && local != LEFT;
		p2[i].sel.remote.addr.b[7] = i == 1 && local == LEFT;
	}
	struct ike_config cfg = { .enabled = true, .nat_traversal = true, .p1 = &p1, .n_p1 = 1,
				  .psk = &psk, .n_psk = 1, .p2 = p2, .n_p2 = 3,
				  .aggressive = aggressive, .ag = &ag, .n_ag = aggressive,
				  .keepalive_sec = 10, .keepalive_periodic = true,
				  .invalid_spi_recovery = true, .log_sessions = true,
				  .fragmentation = true };
	struct ike_env env = { .random = fill };
	struct ike *k = ike_new(&env);

	if (!k || ike_configure(k, &cfg, now))
		abort();
	ike_set_debug(k, IKE_DEBUG_ISAKMP | IKE_DEBUG_IPSEC);
	return k;
}

/* From an exactly sized block, so that one byte too many is seen. */
static void feed(struct ike *k, uint32_t local, uint32_t remote, const uint8_t *p, size_t n)
{
	struct ike_path path = { ipaddr_v4(local), ipaddr_v4(remote), 500, 500 };
	uint8_t *heap = malloc(n ? n : 1);

	if (!heap)
		abort();
	if (n)
		memcpy(heap, p, n);
	ike_datagram(k, now += 100, &path, span_of(heap, n));
	free(heap);
}

/* The first one holds three bits of choice. */
static bool first_record;

static struct span record(struct rd *r)
{
	size_t n = rd_be16(r) & (first_record ? 0x1fff : 0x3fff);

	first_record = false;
	return rd_take(r, n < rd_left(r) ? n : rd_left(r));
}

static void read_bodies(struct span s)
{
	static const struct p1_policy p1 = { .priority = 1, .cipher = CIPHER_3DES, .hash = HASH_SHA1,
					     .auth = IKE_AUTH_PSK, .group = 2, .life_sec = 3600 };
	static const struct p2_policy p2 = { .n_transforms = 1, .life_sec = 3600,
					     .transforms = { { .mode = MODE_TUNNEL,
							       .cipher = CIPHER_AES_CBC,
							       .cipher_bits = 256,
							       .esp_auth = AUTH_HMAC_SHA1_96 } } };
	static const struct p2_ask ask = { .endpoints = true };
	struct ike_payloads pl;
	struct ike_notify n;
	struct ike_delete d;
	struct p1_choice c;
	struct p2_agreed a;
	struct ike_id id;
	struct ipaddr addr;
	struct selector sel;
	char why[200];

	(void)ike_payloads_decode(PL_SA, s, &pl);
	(void)ike_notify_decode(s, &n);
	(void)ike_delete_decode(s, &d);
	if (ike_id_decode(s, &id) && ike_id_addr(&id, &addr) && !addr.family)
		abort();
	struct ike_payloads ids = { .n = 2, .v = { { .type = PL_ID, .body = s }, { .type = PL_ID, .body = s } } };
	if (ids_answered(&ids, &sel) && !selector_equal(&sel, &sel))
		abort();
	(void)ike_sa_is_single(s);
	(void)p1_choose(s, &p1, 1, &c, why, sizeof(why));
	(void)p2_choose(s, &p2, &ask, &a, why, sizeof(why));
}

/* ---- in clear ---- */

/* A fuzzer guesses neither a cookie nor a length: both are mended, unless the
 * responder's cookie begins with 0xff. */
static void mend(uint8_t *d, size_t n, size_t at, const uint8_t cookie[8])
{
	if (n < 28 || d[8] == 0xff)
		return;
	memcpy(d + at, cookie, 8);
	d[24] = d[25] = 0;
	d[26] = (uint8_t)(n >> 8);
	d[27] = (uint8_t)n;
}

/* The cookie of ours in what was sent, once something was. */
static void look_for_cookie(struct ike *k, size_t at, uint8_t cookie[8], bool *ret_known)
{
	struct ike_action a;

	while (ike_next_action(k, &a)) {
		if (a.type != IKE_ACT_SEND || *ret_known || a.data.len < 28)
			continue;
		memcpy(cookie, a.data.p + at, 8);
		*ret_known = true;
	}
}

static void clear_text(struct rd *r, bool initiator, bool aggressive)
{
	uint8_t cookie[8] = { 0 }, buf[16384];
	size_t at = initiator ? 0 : 8;
	bool known = false;
	struct ike *k = core(LEFT, RIGHT, 2, aggressive);

	if (initiator) {
		struct flow f = { .local = ipaddr_v4(0x0a010101), .remote = ipaddr_v4(0x0a020201) };

		ike_acquire(k, now, 1, &f);
		look_for_cookie(k, at, cookie, &known);
	}
	while (rd_left(r) > 2) {
		struct span d = record(r);

		read_bodies(d);
		if (d.len)
			memcpy(buf, d.p, d.len);
		if (known)
			mend(buf, d.len, at, cookie);
		else
			mend(buf, d.len, 8, (const uint8_t[8]){ 0 });
		feed(k, LEFT, RIGHT, buf, d.len);
		look_for_cookie(k, at, cookie, &known);
	}
	ike_tick(k, now + 100000);
	ike_free(k);
}

/* ---- encrypted ---- */

/* Carries all that one has to say to the other. */
static bool carry(struct ike *from, struct ike *to, uint32_t local, uint32_t remote)
{
	struct ike_action a;
	bool any = false;

	while (ike_next_action(from, &a))
		if (a.type == IKE_ACT_SEND) {
			feed(to, local, remote, a.data.p, a.data.len);
			any = true;
		}
	return any;
}

/* One message with a right hash over what the record holds: the message id, the
 * initiator's nonce if there is one, the payloads (RFC 2409 section 5.5). */
static void send_hashed(struct ike *k, struct ike_sa *sa, struct span record, uint8_t exchange,
			uint32_t msgid, struct span nonce, uint8_t iv[16])
{
	static const uint8_t blank[20];
	struct ike_builder b;
	struct ike_header h;
	uint8_t id[4];
	struct wr w = wr_of(id, sizeof(id));

	msg_header(sa, exchange, IKE_FLAG_ENCRYPTED, msgid, &h);
	ike_build_start(&b, &h);
	ike_build_payload(&b, PL_HASH, span_of(blank, sizeof(blank)));
	b.buf[b.next_at] = record.p[1];
	wr_bytes(&b.w, record.p + 2, record.len - 2);
	wr_be32(&w, msgid);
	struct span parts[] = { span_of(id, 4), nonce, span_of(record.p + 2, record.len - 2) };
	if (b.w.bad ||
	    ike_prf(sa->k->crypto, HASH_SHA1, span_of(sa->keys.a, 20), parts, 3, b.buf + 32))
		abort();
	struct span d = msg_encrypt(sa, &b, iv);
	feed(k, LEFT, RIGHT, d.p, d.len);
}

/* A message of an exchange that the peer begins. */
static void send_protected(struct ike *k, struct ike_sa *sa, struct span record)
{
	/* some exchanges go on; others are new */
	uint32_t msgid = seed % 2 ? 1 + seed % 5 : seed | 0x100;
	uint8_t iv[16], draw;

	if (keying_iv2(sa->k->crypto, HASH_SHA1, sa->iv, 8, msgid, iv))
		abort();
	send_hashed(k, sa, record, record.p[0] & 1 ? EX_INFO : EX_QUICK, msgid, (struct span){ 0 },
		    iv);
	fill(NULL, &draw, 1);
}

/* The peer's answer to a quick mode of ours. */
static void send_answer(struct ike *k, struct ike_sa *sa, struct span record)
{
	struct ike_sa *ours = TAILQ_FIRST(&k->sas);
	struct qm *q = NULL;
	uint8_t iv[16];

	if (!ours || ours->state != MM_DONE)
		return;
	TAILQ_FOREACH(q, &ours->qms, entry)
		if (q->state == QM_I1)
			break;
	if (!q) {
		negotiate(k, p2_by_id(k, 1));
		return;
	}
	memcpy(iv, q->iv, sizeof(iv));
	send_hashed(k, sa, record, EX_QUICK, q->msgid, q->ni, iv);
}

static void protected(struct rd *r, bool answers)
{
	struct ike *left = core(LEFT, RIGHT, 1, false), *right = core(RIGHT, LEFT, 1, false);
	struct flow f = { .local = ipaddr_v4(0x0a020201), .remote = ipaddr_v4(0x0a010101) };
	struct ike_action a;

	ike_acquire(right, now, 1, &f);
	for (bool busy = true; busy;) {
		busy = carry(right, left, LEFT, RIGHT);
		busy |= carry(left, right, RIGHT, LEFT);
	}
	struct ike_sa *sa = TAILQ_FIRST(&right->sas);
	if (!sa || sa->state != MM_DONE)
		abort();
	if (answers)
		negotiate(left, p2_by_id(left, 1));
	else /* a question is put: R-U-THERE-ACK may be its answer */
		ike_tick(left, now += 10000);
	while (rd_left(r) > 2) {
		struct span d = record(r);

		if (d.len < 2 || d.len > IKE_MAX_MESSAGE - 100)
			continue;
		if (answers)
			send_answer(left, sa, d);
		else
			send_protected(left, sa, d);
		while (ike_next_action(left, &a))
			;
	}
	ike_tick(left, now + 100000);
	ike_free(left);
	ike_free(right);
}

/* ---- aggressive mode ---- */

/* The next datagram of a core, into buf. */
static size_t pull(struct ike *k, uint8_t *buf, size_t cap)
{
	struct ike_action a;

	while (ike_next_action(k, &a)) {
		if (a.type != IKE_ACT_SEND)
			continue;
		if (a.data.len > cap)
			abort();
		memcpy(buf, a.data.p, a.data.len);
		return a.data.len;
	}
	abort();
}

/* Two cores of which the right one begins: its first message, and the left one's
 * answer. */
struct pair_of {
	struct ike *left, *right;
	uint8_t second[IKE_MAX_MESSAGE];
	size_t len;
};

static void begin(struct pair_of *p)
{
	struct flow f = { .local = ipaddr_v4(0x0a020201), .remote = ipaddr_v4(0x0a010101) };
	uint8_t first[IKE_MAX_MESSAGE];

	p->left = core(LEFT, RIGHT, 1, true);
	p->right = core(RIGHT, LEFT, 1, true);
	ike_acquire(p->right, now, 1, &f);
	feed(p->left, LEFT, RIGHT, first, pull(p->right, first, sizeof(first)));
	p->len = pull(p->left, p->second, sizeof(p->second));
}

static void end(struct pair_of *p)
{
	ike_tick(p->left, now + 100000);
	ike_tick(p->right, now + 100000);
	ike_free(p->left);
	ike_free(p->right);
}

/* HASH_I, and more of the peer's making; the responder holds the keys already. */
static void send_third(struct ike *k, struct span rec)
{
	struct ike_sa *sa = TAILQ_FIRST(&k->sas);
	bool proof = rec.p[0] & 1, encrypted = rec.p[0] & 2;
	uint8_t iv[16], hash[IKE_MAX_HASH];
	struct ike_builder b;
	struct ike_header h;

	if (!sa || sa->state != AG_R2)
		return;
	memcpy(iv, sa->iv, sizeof(iv));
	msg_header(sa, EX_AGGRESSIVE, encrypted ? IKE_FLAG_ENCRYPTED : 0, 0, &h);
	ike_build_start(&b, &h);
	if (keying_hash_ir(k->crypto, HASH_SHA1, &sa->keys, sa->ke_i, sa->ke_r, sa->i_cookie,
			   sa->r_cookie, sa->sai_b, sa->idii_b, hash))
		abort();
	if (proof)
		ike_build_payload(&b, PL_HASH, span_of(hash, sa->keys.len));
	b.buf[b.next_at] = rec.p[1];
	wr_bytes(&b.w, rec.p + 2, rec.len - 2);
	struct span d = encrypted ? msg_encrypt(sa, &b, iv) : ike_build_done(&b);
	feed(k, LEFT, RIGHT, d.p, d.len);
}

static void thirds(struct rd *r)
{
	struct pair_of p;

	begin(&p);
	while (rd_left(r) > 2) {
		struct span d = record(r);

		if (d.len >= 2 && d.len < IKE_MAX_MESSAGE - 100)
			send_third(p.left, d);
	}
	end(&p);
}

/* The true answer: its SA payload replaced, or a chain appended; the hash covers
 * neither. */
static void send_second(struct pair_of *p, struct span rec)
{
	struct ike_payloads pl;
	struct ike_builder b;
	struct ike_header h;
	struct rd r = rd_of(p->second, p->len);

	if (!ike_header_decode(&r, &h) ||
	    !ike_payloads_decode(h.next, span_of(p->second + 28, p->len - 28), &pl))
		abort();
	ike_build_start(&b, &h);
	for (size_t i = 0; i < pl.n; i++)
		ike_build_payload(&b, pl.v[i].type,
				  pl.v[i].type == PL_SA && rec.p[0] & 1 ?
					  span_of(rec.p + 1, rec.len - 1) :
					  pl.v[i].body);
	if (!(rec.p[0] & 1)) {
		b.buf[b.next_at] = rec.p[1];
		wr_bytes(&b.w, rec.p + 2, rec.len - 2);
	}
	struct span d = ike_build_done(&b);
	feed(p->right, RIGHT, LEFT, d.p, d.len);
}

static void seconds(struct rd *r)
{
	struct pair_of p;

	begin(&p);
	while (rd_left(r) > 2) {
		struct span d = record(r);

		if (d.len >= 2 && d.len < IKE_MAX_MESSAGE / 2)
			send_second(&p, d);
	}
	end(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_of(data, size);

	seed = 1;
	now = 1000;
	first_record = true;
	switch (size ? data[0] >> 5 : 0) {
	case 0:
	case 1:
		clear_text(&r, false, data && data[0] >> 5 == 1);
		break;
	case 2:
		protected(&r, false);
		break;
	case 3:
		thirds(&r);
		break;
	case 6:
		protected(&r, true);
		break;
	case 7:
		seconds(&r);
		break;
	default:
		clear_text(&r, true, data[0] >> 5 == 5);
		break;
	}
	return 0;
}
