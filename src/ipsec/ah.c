/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/ah.h"

#include <string.h>

#include "base/wr.h"
#include "ipsec/mutable.h"

/* What is believed to stand before an AH: an IPv6 header and extension headers of 216 bytes. */
enum { MAX_HEADER = 256 };
enum { AT_TOTAL_LEN = 2, AT_ID = 4, AT_SUM = 10, AT_PAYLOAD_LEN = 4 };

/* What is set aside of a packet while its ICV is computed over zeroes. */
struct aside {
	uint16_t header_len, next_at; /* next_at: of the byte that says that AH follows */
	uint8_t ah_len;
	uint8_t next;
	uint8_t icv[CRYPTO_MAX_ICV];
	uint8_t header[MAX_HEADER];
};

size_t ah_header_len(const struct auth_info *auth, uint8_t family)
{
	size_t align = family == IP_V6 ? 8 : 4;

	return (AH_HEADER + auth->icv_len + align - 1) & ~(align - 1);
}

bool ah_peek_spi(const struct pkt *p, size_t header_len, uint32_t *ret_spi)
{
	struct rd r = pkt_rd(p);

	rd_skip(&r, header_len + 4);
	uint32_t spi = rd_be32(&r);
	if (r.bad)
		return false;
	*ret_spi = spi;
	return true;
}

static void put16(uint8_t *at, uint16_t v)
{
	struct wr w = wr_of(at, 2);

	wr_be16(&w, v);
}

/* Rewrites the length of the header at h, and the byte that names what follows it. An ID of
 * 0 would be replaced by the kernel, and AH covers it. */
static void patch_header(uint8_t *h, size_t header_len, size_t next_at, size_t total_len,
			 uint8_t proto)
{
	struct ip_view v;

	/* in one piece: a sum over what has just been written in pieces waits for it */
	if (h[0] == 0x45) {
		ip4_view(h, &v);
		v.proto = proto;
		v.total_len = (uint16_t)total_len;
		ip4_write(h, &v);
		return;
	}
	h[next_at] = proto;
	if (h[0] >> 4 == 6) {
		put16(h + AT_PAYLOAD_LEN, (uint16_t)(total_len - IP6_HEADER));
		return;
	}
	put16(h + AT_TOTAL_LEN, (uint16_t)total_len);
	if (!h[AT_ID] && !h[AT_ID + 1])
		h[AT_ID + 1] = 1;
	put16(h + AT_SUM, 0);
	put16(h + AT_SUM, ip_checksum(h, header_len));
}

static bool zero_mutable(uint8_t *h, size_t n, enum ah_side side)
{
	return h[0] >> 4 == 6 ? ip6_zero_mutable(h, n, side) : ip4_zero_mutable(h, n, side);
}

/* Of the usual length it is worth neither a call nor what compilers put in place of one. */
static inline void keep_header(struct aside *s, const uint8_t *h)
{
	if (s->header_len == IP4_HEADER)
		memcpy(s->header, h, IP4_HEADER);
	else
		memcpy(s->header, h, s->header_len);
}

static inline void give_header_back(const struct aside *s, uint8_t *h)
{
	if (s->header_len == IP4_HEADER)
		memcpy(h, s->header, IP4_HEADER);
	else
		memcpy(h, s->header, s->header_len);
}

/* The same of an ICV, in whose place there are zeroes then. */
static inline void keep_icv(struct aside *s, uint8_t *icv, size_t len)
{
	if (len == 12) {
		memcpy(s->icv, icv, 12);
		memset(icv, 0, 12);
	} else {
		memcpy(s->icv, icv, len);
		memset(icv, 0, len);
	}
}

/* The ICV covers everything from the IP header on, with its own place and what changes
 * on the way zero (section 3.3.3). */
static void set_job(struct crypto_job *j, const struct pkt *p, uint8_t *icv)
{
	const struct sa *sa = p->sa;

	*j = (struct crypto_job){ .key = sa->ah->key, .text = p->data, .iv = p->data, .auth = p->data,
				  .auth_len = p->len, .icv = icv };
}

/* ---- out ---- */

/* AH alone: what stands before the AH and what it protects. */
static enum esp_reason prepare(struct pkt *p, enum esp_df df)
{
	struct sa *sa = p->sa;
	struct ip_view inner;

	if (sa->dead)
		return ESP_SA_DEAD;
	if (!ip_peek(span_of(p->data, p->len), &inner) || inner.total_len != p->len)
		return ESP_SHORT;
	p->inner_len = p->len;
	if (sa->spec.mode == MODE_TRANSPORT)
		return inner.family == sa->spec.src.family ? ESP_OK : ESP_SHORT;
	return esp_push_outer(p, sa, &inner, df, ip_proto_of(inner.family)) ? ESP_OK : ESP_NO_ROOM;
}

/* Where the AH goes: behind the IP header of p with its options, or what of IPv6's extension
 * headers the nodes on the way have to see (RFC 4302 section 3.1.1). */
static void find_place(const struct pkt *p, const struct ip_view *h, struct aside *s)
{
	size_t next_at = h->next_at, at = h->header_len;

	if (h->family == IP_V6)
		at = ip6_split(p->data, h, &next_at);
	s->header_len = (uint16_t)at;
	s->next_at = (uint16_t)next_at;
}

/* The AH goes between the IP header of p and the rest of it. */
static enum esp_reason wrap(struct pkt *p, struct aside *s, struct crypto_job *j)
{
	struct sa *sa = p->sa;
	struct ip_view h;

	/* a bundle's ESP has judged whether it is alive: it may have ended behind this packet */
	if ((sa->dead && !sa->has_esp) || (sa->ah->seq == UINT32_MAX && !sa->spec.manual)) {
		sa->dead = true; /* section 3.3.2: never cycles where there is anti-replay */
		return ESP_SA_DEAD;
	}
	/* section 3.3.4: applied to whole datagrams only */
	if (!ip_peek(span_of(p->data, p->len), &h) || ip_is_fragment(&h))
		return ESP_SHORT;
	find_place(p, &h, s);
	if (s->header_len > MAX_HEADER)
		return ESP_SHORT;
	if (!sa->has_esp && !sa_spend(sa, p->inner_len, 0)) /* a bundle's ESP has counted it */
		return ESP_SA_DEAD;
	uint8_t *at = pkt_push(p, sa->ah->header_len);
	if (!at || p->len > UINT16_MAX)
		return ESP_NO_ROOM;
	memmove(at, at + sa->ah->header_len, s->header_len);
	s->next = at[s->next_at];
	patch_header(at, s->header_len, s->next_at, p->len, PROTO_AH);

	uint8_t *ah = at + s->header_len;
	struct wr w = wr_of(ah, AH_HEADER);
	wr_u8(&w, s->next);
	wr_u8(&w, (uint8_t)(sa->ah->header_len / 4 - 2));
	wr_be16(&w, 0);
	wr_be32(&w, sa->ah->spi);
	wr_be32(&w, ++sa->ah->seq);
	memset(ah + AH_HEADER, 0, sa->ah->header_len - AH_HEADER);

	keep_header(s, at);
	set_job(j, p, ah + AH_HEADER);
	return zero_mutable(at, s->header_len, AH_SENDER) ? ESP_OK : ESP_SHORT;
}

/* Around all packets of b, which are whole IP packets. */
static void wrap_all(struct esp_worker *w, struct batch *b, struct batch *bad, uint64_t now_ms)
{
	struct crypto_job jobs[BATCH_MAX];
	struct aside aside[BATCH_MAX];
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		b->p[i]->reason = (uint8_t)wrap(b->p[i], &aside[n], &jobs[n]);
		n += !b->p[i]->reason;
		((struct sa *)b->p[i]->sa)->send_errors += b->p[i]->reason != 0;
	}
	batch_partition(b, bad);
	(void)crypto_run(w->crypto, CRYPTO_ENCRYPT, jobs, n);
	for (size_t i = 0; i < n; i++) {
		struct pkt *p = b->p[i];
		struct sa *sa = p->sa;

		give_header_back(&aside[i], p->data);
		p->reason = jobs[i].ok ? ESP_OK : ESP_AUTH;
		if (p->reason) {
			sa->send_errors++;
		} else if (!sa->has_esp) {
			sa->packets++;
			sa->last_ms = now_ms;
		}
	}
	batch_partition(b, bad);
}

static void append(struct batch *to, const struct batch *from)
{
	for (size_t i = 0; i < from->n; i++)
		(void)batch_add(to, from->p[i]);
}

/* Some of the packets have AH. Those of one SA stay in order. */
static void encap_mixed(struct esp_worker *w, struct batch *b, struct batch *bad, enum esp_df df,
			uint64_t now_ms)
{
	struct batch esp = { 0 }, ah = { 0 };

	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		const struct sa *sa = p->sa;

		(void)batch_add(sa->has_esp ? &esp : &ah, p);
		if (!sa->has_esp)
			p->reason = (uint8_t)prepare(p, df);
	}
	batch_partition(&ah, bad);
	esp_encap(w, &esp, bad, df, now_ms);
	b->n = 0;
	for (size_t i = 0; i < esp.n; i++)
		(void)batch_add(((const struct sa *)esp.p[i]->sa)->has_ah ? &ah : b, esp.p[i]);
	wrap_all(w, &ah, bad, now_ms);
	append(b, &ah);
}

void ipsec_encap(struct esp_worker *w, struct batch *b, struct batch *bad, enum esp_df df,
		 uint64_t now_ms)
{
	for (size_t i = 0; i < b->n; i++)
		if (((const struct sa *)b->p[i]->sa)->has_ah) {
			encap_mixed(w, b, bad, df, now_ms);
			return;
		}
	esp_encap(w, b, bad, df, now_ms);
}

/* ---- in ---- */

/* Some pad the ICV to 8 bytes in IPv4, too (Linux, unless told otherwise). */
static bool length_fits(const struct sa *sa, size_t len)
{
	return len == sa->ah->header_len ||
	       (sa->spec.src.family == IP_V4 && len == ((sa->ah->header_len + 7u) & ~7u));
}

static enum esp_reason open_packet(struct pkt *p, struct aside *s, struct crypto_job *j)
{
	struct sa *sa = p->sa;
	struct rd r = pkt_rd(p);
	struct ip_view h;

	if (sa->dead)
		return ESP_SA_DEAD;
	if (!ip_peek(span_of(p->data, p->len), &h) || h.family != sa->spec.src.family ||
	    h.proto != PROTO_AH || h.header_len > MAX_HEADER)
		return ESP_SHORT;
	rd_skip(&r, h.header_len);
	s->next = rd_u8(&r);
	size_t len = (rd_u8(&r) + 2u) * 4;
	rd_skip(&r, 2 + 4); /* reserved, SPI */
	p->seqno = rd_be32(&r);
	if (r.bad || !length_fits(sa, len) || rd_left(&r) < len - AH_HEADER)
		return ESP_SHORT;
	if (!replay_check(&sa->ah->replay, p->seqno))
		return ESP_REPLAYED;
	uint8_t *icv = p->data + h.header_len + AH_HEADER;
	s->header_len = h.header_len;
	s->next_at = h.next_at;
	s->ah_len = (uint8_t)len;
	keep_header(s, p->data);
	keep_icv(s, icv, sa->ah->auth->icv_len);
	if (!zero_mutable(p->data, h.header_len, AH_RECEIVER))
		return ESP_SHORT;
	set_job(j, p, s->icv);
	return ESP_OK;
}

/* Leaves p at the ESP header, with IPv6's header in front of it as esp_decap() wants it. */
static enum esp_reason strip_bundle(struct pkt *p, const struct aside *s)
{
	const struct sa *sa = p->sa;
	uint32_t spi;

	(void)pkt_pull(p, (size_t)s->header_len + s->ah_len);
	if (p->outer_family == IP_V6) {
		memcpy(p->data - s->header_len, s->header, s->header_len);
		p->outer_len = s->header_len;
		p->outer_next_at = s->next_at;
	}
	/* only the ESP of this SA */
	return s->next == PROTO_ESP && esp_peek_spi(p, &spi) && spi == sa->spec.spi ? ESP_OK :
										      ESP_BUNDLE;
}

/* Takes the AH away; what it stood in front of is checked. */
static enum esp_reason strip(struct pkt *p, const struct aside *s)
{
	const struct sa *sa = p->sa;

	if (sa->has_esp)
		return strip_bundle(p, s);
	if (sa->spec.mode == MODE_TUNNEL) {
		(void)pkt_pull(p, (size_t)s->header_len + s->ah_len);
		return esp_carries(p, s->next) ? ESP_OK : ESP_NEXT;
	}
	(void)pkt_pull(p, s->ah_len);
	memcpy(p->data, s->header, s->header_len);
	patch_header(p->data, s->header_len, s->next_at, p->len, s->next);
	return ESP_OK;
}

static enum esp_reason finish(struct pkt *p, const struct aside *s, const struct crypto_job *j,
			      uint64_t now_ms)
{
	struct sa *sa = p->sa;
	enum esp_reason why;

	if (!j->ok)
		return ESP_AUTH;
	if (!replay_commit(&sa->ah->replay, p->seqno))
		return ESP_REPLAYED;
	why = strip(p, s);
	if (why || sa->has_esp)
		return why;
	why = sa->spec.mode == MODE_TUNNEL && s->next == IPPROTO_IPIP_ ? esp_admit4(p) : esp_admit(p);
	if (!why && (sa->dead || !sa_spend(sa, p->len, 0)))
		why = ESP_SA_DEAD;
	if (!why) {
		p->inner_len = p->len;
		sa->packets++;
		sa->last_ms = now_ms;
	}
	return why;
}

void ah_decap(struct esp_worker *w, struct batch *b, struct batch *bad, uint64_t now_ms)
{
	struct crypto_job jobs[BATCH_MAX];
	struct aside aside[BATCH_MAX];
	struct batch alone = { 0 }, esp = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		enum esp_reason why = open_packet(b->p[i], &aside[n], &jobs[n]);

		b->p[i]->reason = (uint8_t)why;
		if (why)
			esp_count_bad(b->p[i]->sa, why);
		else
			n++;
	}
	batch_partition(b, bad);
	(void)crypto_run(w->crypto, CRYPTO_DECRYPT, jobs, n);
	for (size_t i = 0; i < n; i++) {
		struct pkt *p = b->p[i];
		enum esp_reason why = finish(p, &aside[i], &jobs[i], now_ms);

		p->reason = (uint8_t)why;
		if (why)
			esp_count_bad(p->sa, why);
	}
	batch_partition(b, bad);
	for (size_t i = 0; i < b->n; i++)
		(void)batch_add(((const struct sa *)b->p[i]->sa)->has_esp ? &esp : &alone, b->p[i]);
	esp_decap(w, &esp, bad, now_ms);
	b->n = 0;
	append(b, &alone);
	append(b, &esp);
}
