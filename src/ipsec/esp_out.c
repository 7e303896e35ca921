/* SPDX-License-Identifier: Apache-2.0 */
/* ESP outbound: the text of a packet framed, its header, and the outer one. */
#include "ipsec/esp_job.h"

#include <string.h>

#include "base/wr.h"
#include "ipsec/esn.h"

enum { PAD_STORE = 16 }; /* bytes of padding that are written at once; no cipher needs more */

#define RAMP8(n)  n, (n) + 1, (n) + 2, (n) + 3, (n) + 4, (n) + 5, (n) + 6, (n) + 7
#define RAMP64(n)                                                                                  \
	RAMP8(n), RAMP8((n) + 8), RAMP8((n) + 16), RAMP8((n) + 24), RAMP8((n) + 32), RAMP8((n) + 40), \
		RAMP8((n) + 48), RAMP8((n) + 56)
const uint8_t esp_padding[UINT8_MAX] = { RAMP64(1), RAMP64(65), RAMP64(129), RAMP8(193), RAMP8(201),
					    RAMP8(209), RAMP8(217), RAMP8(225), RAMP8(233), RAMP8(241),
					    249, 250, 251, 252, 253, 254, 255 };

/* Each is drawn once: what was on the wire is no secret any more. */
static inline void take_iv(struct esp_worker *w, uint8_t *iv, size_t n)
{
	if (w->ivs_left < n) {
		w->random(w->ctx, w->ivs, sizeof(w->ivs));
		w->ivs_left = sizeof(w->ivs);
	}
	const uint8_t *from = w->ivs + sizeof(w->ivs) - w->ivs_left;
	if (n == 16)
		memcpy(iv, from, 16);
	else
		memcpy(iv, from, n);
	w->ivs_left -= n;
}

/* A reserved number is as good: as unique, and nobody's to count. */
static inline uint16_t id_of(const struct pkt *p)
{
	return (uint16_t)(p->number % UINT16_MAX + 1);
}

static inline uint16_t next_ip_id(const struct pkt *p, struct sa *sa, bool numbered)
{
	if (numbered)
		return id_of(p);
	if (++sa->ip_id == 0)
		sa->ip_id = 1;
	return sa->ip_id;
}

/* Whether routers on the way may not cut what comes of a packet (RFC 4301 section 8.1).
 * `crypto ipsec df-bit` is about tunnel mode: in transport mode there is one header. */
static inline bool outer_df(const struct sa *sa, const struct ip_view *inner, enum esp_df df)
{
	if (sa->df_bit)
		df = (enum esp_df)(sa->df_bit - 1);
	if (sa->df_off)
		return false;
	/* no link may ask that an IPv6 packet of that size becomes smaller (RFC 8200 section 5) */
	if (sa->spec.mode == MODE_TRANSPORT || df == ESP_DF_COPY)
		return inner->frag & IP4_DF &&
		       (inner->family != IP_V6 || inner->total_len > IP6_LEAST_MTU);
	return df == ESP_DF_SET;
}

static bool push_outer6(struct pkt *p, const struct sa *sa, const struct ip_view *inner, uint8_t proto)
{
	uint8_t *at = pkt_push(p, IP6_HEADER);
	struct ip_view h = { .tos = tos_encap(inner->tos), .ttl = ESP_OUTER_TTL, .proto = proto,
			     .total_len = (uint16_t)p->len };

	if (!at || p->len > UINT16_MAX)
		return false;
	ip6_write(at, &h, &sa->spec.src, &sa->spec.dst);
	p->own_cut = true;
	return true;
}

static bool push_outer(struct pkt *p, struct sa *sa, const struct ip_view *inner, enum esp_df df,
		       uint8_t proto, bool numbered)
{
	if (sa->spec.src.family == IP_V6)
		return push_outer6(p, sa, inner, proto);
	uint8_t *at = pkt_push(p, IP4_HEADER);
	struct ip_view h = { .tos = tos_encap(inner->tos), .ttl = ESP_OUTER_TTL, .proto = proto,
			 .id = next_ip_id(p, sa, numbered), .src = ipaddr_to_v4(&sa->spec.src),
			 .dst = ipaddr_to_v4(&sa->spec.dst), .total_len = (uint16_t)p->len };

	if (!at || p->len > UINT16_MAX)
		return false;
	if (outer_df(sa, inner, df))
		h.frag = IP4_DF;
	ip4_write(at, &h);
	return true;
}

bool esp_push_outer(struct pkt *p, struct sa *sa, const struct ip_view *inner, enum esp_df df,
		    uint8_t proto)
{
	return push_outer(p, sa, inner, df, proto, false);
}

/* Trailer, IV and ESP header around the text of p; fills the job. False if there
 * is no room. The text is p->data on entry. */
static inline bool frame(struct esp_worker *w, struct pkt *p, struct sa *sa, uint8_t next,
			 struct crypto_job *j, uint32_t *ret_high)
{
	size_t pad = (0 - (p->len + ESP_TRAILER)) & (sa->align - 1u);
	size_t text_len = p->len + pad + ESP_TRAILER;
	uint8_t *tail = pkt_append(p, pad + ESP_TRAILER + sa->icv_len);
	uint8_t *head = pkt_push(p, ESP_HEADER + (size_t)sa->iv_len);

	if (!tail || !head)
		return false;
	memcpy(tail, esp_padding, pad);
	tail[pad] = (uint8_t)pad;
	tail[pad + 1] = next;
	uint64_t number = w->numbered ? p->number : next_number(sa);
	struct wr w8 = wr_of(head, ESP_HEADER + (size_t)sa->iv_len);
	wr_be32(&w8, sa->spec.spi);
	wr_be32(&w8, (uint32_t)number);
	if (sa->cipher->counter) /* RFC 4106 section 3.1: unique under the key; the whole number is */
		wr_be64(&w8, number);
	else
		take_iv(w, head + ESP_HEADER, sa->iv_len);
	set_job(j, sa, head, text_len);
	*ret_high = (uint32_t)(number >> 32);
	return true;
}

/* Bytes of text that a payload of n bytes becomes. */
static size_t text_len_of(const struct sa *sa, size_t n)
{
	return (n + ESP_TRAILER + sa->align - 1) & ~(size_t)(sa->align - 1);
}

/* Transport mode: takes the header off. IPv4's is written anew; of IPv6 all that the nodes on
 * the way have to see stays in front of where the ESP header will be, and close_packet() gets
 * it back. *ret_next: what is left. */
static enum esp_reason take_header(struct pkt *p, struct ip_view *inner, uint8_t *ret_next)
{
	const struct sa *sa = p->sa;
	size_t next_at, split, shim = ESP_HEADER + (size_t)sa->iv_len;

	if (inner->family != sa->spec.src.family)
		return ESP_SHORT;
	if (inner->family == IP_V4) {
		*ret_next = inner->proto;
		(void)pkt_pull(p, inner->header_len);
		return ESP_OK;
	}
	split = ip6_split(p->data, inner, &next_at);
	if (pkt_headroom(p) < shim)
		return ESP_NO_ROOM;
	*ret_next = p->data[next_at];
	memmove(p->data - shim, p->data, split);
	(void)pkt_pull(p, split);
	p->outer_len = (uint16_t)split;
	p->outer_next_at = (uint16_t)next_at;
	return ESP_OK;
}


/* The header that take_header() has left in front of the ESP header. */
static enum esp_reason give_header6_back(struct pkt *p)
{
	uint8_t *at = pkt_push(p, p->outer_len);
	struct wr w = wr_of(at ? at + AT_PAYLOAD_LEN : NULL, 2);

	if (!at || p->len > UINT16_MAX)
		return ESP_NO_ROOM;
	wr_be16(&w, (uint16_t)(p->len - IP6_HEADER));
	at[p->outer_next_at] = PROTO_ESP;
	return ESP_OK;
}

/* The outer header over the ESP packet. Transport mode keeps what the original said,
 * without IPv4's options. */
static inline enum esp_reason close_packet(const struct esp_worker *w, struct pkt *p,
					   const struct ip_view *inner, enum esp_df df)
{
	struct sa *sa = p->sa;

	if (sa->spec.udp_encap) {
		p->local = sa->spec.src;
		p->remote = sa->spec.dst;
		p->local_port = sa->spec.udp_sport;
		p->remote_port = sa->spec.udp_dport;
		p->outer_tos = tos_encap(inner->tos);
		p->outer_df = outer_df(sa, inner, df);
		return ESP_OK;
	}
	if (sa->spec.mode == MODE_TUNNEL)
		return push_outer(p, sa, inner, df, PROTO_ESP, w->numbered) ? ESP_OK : ESP_NO_ROOM;
	if (inner->family == IP_V6)
		return give_header6_back(p);
	uint8_t *at = pkt_push(p, IP4_HEADER);
	if (!at || p->len > UINT16_MAX)
		return ESP_NO_ROOM;
	struct ip_view h = *inner;
	h.proto = PROTO_ESP;
	h.total_len = (uint16_t)p->len;
	if (!outer_df(sa, inner, df))
		h.frag &= (uint16_t)~IP4_DF;
	ip4_write(at, &h);
	return ESP_OK;
}

/* Builds all of one packet but its crypto. Returns the reason. */
static inline enum esp_reason build(struct esp_worker *w, struct pkt *p, enum esp_df df,
				    struct crypto_job *j)
{
	struct sa *sa = p->sa;
	struct ip_view inner;
	enum esp_reason why;
	uint32_t high;
	uint8_t next;

	if (!w->numbered && (sa->dead || sa_is_exhausted(sa))) {
		sa->dead = true;
		return ESP_SA_DEAD;
	}
	if (!ip_peek(span_of(p->data, p->len), &inner) || inner.total_len != p->len)
		return ESP_SHORT;
	p->inner_len = p->len;
	next = ip_proto_of(inner.family);
	if (sa->spec.mode == MODE_TRANSPORT) {
		why = take_header(p, &inner, &next);
		if (why)
			return why;
	}
	if (!w->numbered && !sa_spend(sa, p->inner_len, text_len_of(sa, p->len)))
		return ESP_SA_DEAD;
	if (!frame(w, p, sa, next, j, &high))
		return ESP_NO_ROOM;
	why = close_packet(w, p, &inner, df);
	if (!why && sa->spec.esn && !esn_cover(p, sa, j, high, j->icv))
		why = ESP_NO_ROOM;
	if (why)
		(void)__atomic_fetch_add(&sa->send_errors, 1, __ATOMIC_RELAXED);
	return why;
}

/* ---- the usual packets of an SA, one behind the other ---- */

/* IPv4 in IPv4, or in UDP, whose header and what is in front of it the socket makes; tunnel mode, without extended numbers: what is
 * the same for all of them, and what counts up, is kept here while they last. */
struct run {
	struct sa *sa;
	uint64_t bytes_room, text_room; /* of the SA's limits, as the run began */
	uint64_t bytes_left, text_left;
	uint32_t seq, seq_left;
	uint32_t ip_id;
	uint16_t df_mask, df_set; /* the outer flags: (inner & df_mask) | df_set */
	uint8_t shim, icv_len;
	uint32_t align;
	bool counter, combined, gmac, udp;
};

static inline bool run_is_usual(const struct sa *sa)
{
	return sa->spec.mode == MODE_TUNNEL && (sa->spec.src.family == IP_V4 || sa->spec.udp_encap) &&
	       !sa->spec.esn && !sa->dead;
}

/* Of packets that have their numbers: what counts up is another's, too. */
static void run_begin_numbered(struct run *r)
{
	r->bytes_left = r->text_left = UINT64_MAX;
	r->seq_left = UINT32_MAX;
}

static void run_limits(struct run *r, const struct sa *sa)
{
	r->seq = sa->seq;
	r->ip_id = sa->ip_id;
	r->bytes_room = r->text_room = UINT64_MAX;
	if (sa->spec.life.hard_bytes)
		r->bytes_room = sa->bytes < sa->spec.life.hard_bytes ?
					sa->spec.life.hard_bytes - sa->bytes :
					0;
	if (sa->text_limit)
		r->text_room = sa->text < sa->text_limit ? sa->text_limit - sa->text : 0;
	r->bytes_left = r->bytes_room;
	r->text_left = r->text_room;
	/* the last numbers, and those of a bundle's AH, are counted one by one */
	r->seq_left = sa->has_ah ? 0 : UINT32_MAX - sa->seq;
}

static void run_begin(struct run *r, struct sa *sa, enum esp_df df, bool numbered)
{
	if (sa->df_bit)
		df = (enum esp_df)(sa->df_bit - 1);
	*r = (struct run){ .sa = sa, .shim = (uint8_t)(ESP_HEADER + sa->iv_len), .icv_len = sa->icv_len, .align = sa->align, .counter = sa->cipher->counter,
			   .combined = sa->cipher->combined, .udp = sa->spec.udp_encap,
			   .gmac = sa->cipher->id == CIPHER_AES_GMAC };
	if (numbered)
		run_begin_numbered(r);
	else
		run_limits(r, sa);
	r->df_mask = df == ESP_DF_COPY && !sa->df_off ? IP4_DF : 0;
	r->df_set = df == ESP_DF_SET && !sa->df_off ? IP4_DF : 0;
}

static inline uint16_t run_df(const struct run *r, const uint8_t *inner)
{
	return (uint16_t)((be16_at(inner + 6) & r->df_mask) | r->df_set);
}

/* What goes with a packet in UDP. */
static inline void run_ends(const struct run *r, struct pkt *p, const uint8_t *inner)
{
	const struct sa_terms *s = &r->sa->spec;

	p->local = s->src;
	p->remote = s->dst;
	p->local_port = s->udp_sport;
	p->remote_port = s->udp_dport;
	p->outer_tos = tos_encap(inner[1]);
	p->outer_df = run_df(r, inner) != 0;
}

/* The outer header at `at`, of len bytes with what is behind it. */
static inline void run_outer(struct run *r, uint8_t *at, const uint8_t *inner, uint32_t len)
{
	uint32_t tos = tos_encap(inner[1]), frag = run_df(r, inner);
	uint32_t sum;

	r->ip_id = (uint16_t)(r->ip_id + 1);
	r->ip_id += !r->ip_id;
	sum = r->sa->outer_sum + tos + len + r->ip_id + frag;
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	wr_put_be32(at, 0x45000000u | tos << 16 | len);
	wr_put_be32(at + 4, r->ip_id << 16 | frag);
	wr_put_be32(at + 8, (ESP_OUTER_TTL << 8 | PROTO_ESP) << 16 | (uint16_t)~sum);
	memcpy(at + 12, &r->sa->outer_addrs, sizeof(r->sa->outer_addrs));
}

static inline void run_job(const struct run *r, struct crypto_job *j, uint8_t *head, uint8_t *text,
			   uint32_t text_len)
{
	j->key = r->sa->key;
	j->text = text;
	j->iv = head + ESP_HEADER;
	j->auth = head;
	j->icv = text + text_len;
	j->text_len = r->gmac ? 0 : text_len;
	j->auth_len = r->combined && !r->gmac ? ESP_HEADER : r->shim + text_len;
}

/* True: p is built like build() does it. False: it is not one of the usual, or a limit is
 * near; nothing has happened. */
static inline bool run_build(struct run *r, struct esp_worker *w, struct pkt *p, struct crypto_job *j)
{
	uint8_t *text = p->data, *head = text - r->shim, *tail = text + p->len;
	uint32_t len = p->len, text_len = (len + ESP_TRAILER + r->align - 1) & ~(r->align - 1);
	uint32_t outer = r->udp ? 0 : IP4_HEADER;
	uint32_t pad = text_len - len - ESP_TRAILER, all = outer + r->shim + text_len + r->icv_len;
	const uint8_t *b = ip4_sane(span_of(text, len));

	if (!b || be16_at(b + 2) != len || all > UINT16_MAX || !r->seq_left || len > r->bytes_left ||
	    text_len > r->text_left || pkt_headroom(p) < IP4_HEADER + (size_t)r->shim ||
	    pkt_tailroom(p) < PAD_STORE + ESP_TRAILER + (size_t)r->icv_len)
		return false;
	r->bytes_left -= len;
	r->text_left -= text_len;
	r->seq_left--;
	r->seq++;
	if (w->numbered) {
		r->seq = (uint32_t)p->number;
		r->ip_id = id_of(p) - 1u;
	}
	memcpy(tail, esp_padding, PAD_STORE); /* what is too much is written over, or behind the packet */
	tail[pad] = (uint8_t)pad;
	tail[pad + 1] = IPPROTO_IPIP_;
	wr_put_be32(head, r->sa->spec.spi);
	wr_put_be32(head + 4, r->seq);
	if (r->counter) { /* RFC 4106 section 3.1: unique under the key; the number is */
		wr_put_be32(head + ESP_HEADER, 0);
		wr_put_be32(head + ESP_HEADER + 4, r->seq);
	} else {
		take_iv(w, head + ESP_HEADER, r->shim - ESP_HEADER);
	}
	run_job(r, j, head, text, text_len);
	if (r->udp)
		run_ends(r, p, b);
	else
		run_outer(r, head - IP4_HEADER, b, all);
	p->data = head - outer;
	p->len = all;
	p->inner_len = len;
	p->reason = ESP_OK;
	return true;
}

/* Writes back what has counted up. */
static void run_end(struct run *r, uint64_t now_ms, bool numbered)
{
	struct sa *sa = r->sa;

	r->sa = NULL;
	if (!sa || numbered || r->seq == sa->seq)
		return;
	sa->packets += r->seq - sa->seq;
	sa->bytes += r->bytes_room - r->bytes_left;
	sa->text += r->text_room - r->text_left;
	sa->last_ms = now_ms;
	sa->seq = r->seq;
	sa->ip_id = (uint16_t)r->ip_id;
}

/* What encryption leaves to be done. */
static bool seal(struct batch *b, const struct crypto_job *jobs)
{
	bool all = true;

	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		struct sa *sa = p->sa;

		if (sa->spec.esn)
			esn_uncover(p, sa, &jobs[i]);
		if (jobs[i].ok)
			continue;
		p->reason = ESP_AUTH;
		(void)__atomic_fetch_add(&sa->send_errors, 1, __ATOMIC_RELAXED);
		(void)__atomic_fetch_sub(&sa->packets, 1, __ATOMIC_RELAXED);
		all = false;
	}
	return all;
}

void esp_encap(struct esp_worker *w, struct batch *b, struct batch *bad, enum esp_df df,
	       uint64_t now_ms)
{
	struct crypto_job jobs[BATCH_MAX];
	struct run r = { 0 };
	bool to_seal = false;
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		struct sa *sa = p->sa;

		if (sa != r.sa) {
			run_end(&r, now_ms, w->numbered);
			if (run_is_usual(sa))
				run_begin(&r, sa, df, w->numbered);
		}
		if (r.sa && run_build(&r, w, p, &jobs[n])) {
			n++;
			continue;
		}
		run_end(&r, now_ms, w->numbered);
		p->reason = (uint8_t)build(w, p, df, &jobs[n]);
		if (p->reason) {
			/* it was counted with its number (numbers.h); the volume is spent, as is the number */
			if (w->numbered)
				(void)__atomic_fetch_sub(&sa->packets, 1, __ATOMIC_RELAXED);
			continue;
		}
		to_seal |= sa->spec.esn;
		n++;
		if (w->numbered)
			continue;
		sa->packets++;
		sa->last_ms = now_ms;
	}
	run_end(&r, now_ms, w->numbered);
	if (n < b->n)
		batch_partition(b, bad);
	if (crypto_run(w->crypto, CRYPTO_ENCRYPT, jobs, n) && !to_seal)
		return;
	if (!seal(b, jobs))
		batch_partition(b, bad);
}

size_t esp_text_of(const struct sa *sa, const struct pkt *p)
{
	size_t header = 0;
	struct ip_view h;

	if (sa->has_ah || pkt_headroom(p) < IP6_HEADER + ESP_HEADER + sa->iv_len + 4u ||
	    pkt_tailroom(p) < PAD_STORE + ESP_TRAILER + sa->icv_len + 4u || p->len > UINT16_MAX - 256)
		return 0;
	if (!ip_peek(span_of(p->data, p->len), &h) || h.total_len != p->len)
		return 0;
	if (sa->spec.mode == MODE_TRANSPORT) {
		/* IPv6's is split first */
		if (h.family != IP_V4 || sa->spec.src.family != IP_V4)
			return 0;
		header = h.header_len;
	}
	return text_len_of(sa, p->len - header);
}
