/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/esp.h"

#include <string.h>

#include "base/secret.h"
#include "base/wr.h"
#include "ipsec/esn.h"
#include "packet/l4sum.h"

enum { NEXT_NONE = 59, OUTER_TTL = 255, AT_PAYLOAD_LEN = 4 };

static void take_iv(struct esp_worker *w, uint8_t *iv, size_t n)
{
	if (w->ivs_left < n) {
		w->random(w->ctx, w->ivs, sizeof(w->ivs));
		w->ivs_left = sizeof(w->ivs);
	}
	uint8_t *from = w->ivs + sizeof(w->ivs) - w->ivs_left;
	memcpy(iv, from, n);
	secret_wipe(from, n);
	w->ivs_left -= n;
}

static uint16_t next_ip_id(struct sa *sa)
{
	if (++sa->ip_id == 0)
		sa->ip_id = 1;
	return sa->ip_id;
}

/* Whether routers on the way may not cut what comes of a packet (RFC 4301 section 8.1).
 * `crypto ipsec df-bit` is about tunnel mode: in transport mode there is one header. */
static bool outer_df(const struct sa *sa, const struct ip_view *inner, enum esp_df df)
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
	struct ip_view h = { .tos = tos_encap(inner->tos), .ttl = OUTER_TTL, .proto = proto,
			     .total_len = (uint16_t)p->len };

	if (!at || p->len > UINT16_MAX)
		return false;
	ip6_write(at, &h, &sa->spec.src, &sa->spec.dst);
	p->own_cut = true;
	return true;
}

bool esp_push_outer(struct pkt *p, struct sa *sa, const struct ip_view *inner, enum esp_df df,
		    uint8_t proto)
{
	if (sa->spec.src.family == IP_V6)
		return push_outer6(p, sa, inner, proto);
	uint8_t *at = pkt_push(p, IP4_HEADER);
	struct ip_view h = { .tos = tos_encap(inner->tos), .ttl = OUTER_TTL, .proto = proto,
			 .id = next_ip_id(sa), .src = ipaddr_to_v4(&sa->spec.src),
			 .dst = ipaddr_to_v4(&sa->spec.dst), .total_len = (uint16_t)p->len };

	if (!at || p->len > UINT16_MAX)
		return false;
	if (outer_df(sa, inner, df))
		h.frag = IP4_DF;
	ip4_write(at, &h);
	return true;
}

/* What the cipher and the MAC work on. GMAC (RFC 4543 section 3) leaves the text
 * as it is and covers it, with the header and IV, like a MAC. */
static void set_job(struct crypto_job *j, const struct sa *sa, const uint8_t *head, const uint8_t *iv,
		    uint8_t *text, size_t text_len, uint8_t *icv)
{
	bool gmac = sa->cipher->id == CIPHER_AES_GMAC;

	*j = (struct crypto_job){ .key = sa->key, .text = text, .iv = iv, .auth = head, .icv = icv };
	j->text_len = gmac ? 0 : (uint32_t)text_len;
	j->auth_len = sa->cipher->combined && !gmac ? ESP_HEADER :
						      (uint32_t)(ESP_HEADER + sa->iv_len + text_len);
}

/* Trailer, IV and ESP header around the text of p; fills the job. False if there
 * is no room. The text is p->data on entry. */
static bool frame(struct esp_worker *w, struct pkt *p, struct sa *sa, uint8_t next,
		  struct crypto_job *j)
{
	size_t pad = (0 - (p->len + ESP_TRAILER)) & (sa->align - 1u);
	uint8_t *tail = pkt_append(p, pad + ESP_TRAILER);

	if (!tail)
		return false;
	for (size_t i = 0; i < pad; i++) /* RFC 4303 section 2.4: 1, 2, 3, ... */
		tail[i] = (uint8_t)(i + 1);
	tail[pad] = (uint8_t)pad;
	tail[pad + 1] = next;

	size_t text_len = p->len;
	uint8_t *text = p->data;
	uint8_t *icv = pkt_append(p, sa->icv_len);
	uint8_t *iv = pkt_push(p, sa->iv_len);
	uint8_t *head = pkt_push(p, ESP_HEADER);
	if (!icv || !iv || !head)
		return false;
	struct wr hw = wr_of(head, ESP_HEADER);
	wr_be32(&hw, sa->spec.spi);
	wr_be32(&hw, ++sa->seq);
	if (!sa->seq && sa->spec.esn)
		sa->seq_high++;
	if (sa->cipher->counter) {
		/* RFC 4106 section 3.1: unique under the key; the whole number is */
		struct wr iw = wr_of(iv, sa->iv_len);
		wr_be64(&iw, (uint64_t)sa->seq_high << 32 | sa->seq);
	} else {
		take_iv(w, iv, sa->iv_len);
	}
	set_job(j, sa, head, iv, text, text_len, icv);
	return !sa->spec.esn || esn_cover(p, sa, j, sa->seq_high, icv);
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

/* Builds all of one packet but its crypto. Returns the reason. */
static enum esp_reason build(struct esp_worker *w, struct pkt *p, struct ip_view *inner,
			     struct crypto_job *j)
{
	struct sa *sa = p->sa;
	uint8_t next;

	if (sa->dead || sa_is_exhausted(sa)) {
		sa->dead = true;
		return ESP_SA_DEAD;
	}
	if (!ip_peek(span_of(p->data, p->len), inner) || inner->total_len != p->len)
		return ESP_SHORT;
	p->inner_len = p->len;
	next = ip_proto_of(inner->family);
	if (sa->spec.mode == MODE_TRANSPORT) {
		enum esp_reason why = take_header(p, inner, &next);

		if (why)
			return why;
	}
	if (!sa_spend(sa, p->inner_len, text_len_of(sa, p->len)))
		return ESP_SA_DEAD;
	return frame(w, p, sa, next, j) ? ESP_OK : ESP_NO_ROOM;
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

/* The outer header over the finished ESP packet. Transport mode keeps what the
 * original said, without IPv4's options. */
static enum esp_reason close_packet(struct pkt *p, const struct ip_view *inner, enum esp_df df)
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
		return esp_push_outer(p, sa, inner, df, PROTO_ESP) ? ESP_OK : ESP_NO_ROOM;
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

void esp_encap(struct esp_worker *w, struct batch *b, struct batch *bad, enum esp_df df,
	       uint64_t now_ms)
{
	struct crypto_job jobs[BATCH_MAX];
	struct ip_view inner[BATCH_MAX];
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct ip_view h;

		b->p[i]->reason = (uint8_t)build(w, b->p[i], &h, &jobs[n]);
		if (!b->p[i]->reason)
			inner[n++] = h;
	}
	batch_partition(b, bad);
	crypto_run(w->crypto, CRYPTO_ENCRYPT, jobs, n);
	for (size_t i = 0; i < n; i++) {
		struct pkt *p = b->p[i];
		struct sa *sa = p->sa;

		if (sa->spec.esn)
			esn_uncover(p, sa);
		p->reason = jobs[i].ok ? (uint8_t)close_packet(p, &inner[i], df) : ESP_AUTH;
		if (p->reason) {
			sa->send_errors++;
			continue;
		}
		sa->packets++;
		sa->last_ms = now_ms;
	}
	batch_partition(b, bad);
}

bool esp_peek_spi(const struct pkt *p, uint32_t *ret_spi)
{
	struct rd r = pkt_rd(p);
	uint32_t spi = rd_be32(&r);

	if (r.bad)
		return false;
	*ret_spi = spi;
	return true;
}

/* Lengths and replay check of one packet; fills its job. icv is room for a copy. */
static enum esp_reason open_packet(struct pkt *p, struct crypto_job *j, uint8_t *icv,
				   uint64_t *ret_seq)
{
	struct sa *sa = p->sa;
	struct rd r = pkt_rd(p);

	if (sa->dead)
		return ESP_SA_DEAD;
	rd_skip(&r, 4);
	p->seqno = rd_be32(&r);
	*ret_seq = sa->spec.esn ? replay_extend(&sa->replay, p->seqno) : p->seqno;
	struct span iv = rd_take(&r, sa->iv_len);
	if (r.bad || rd_left(&r) < sa->icv_len + (size_t)ESP_TRAILER)
		return ESP_SHORT;
	size_t text_len = rd_left(&r) - sa->icv_len;
	if (text_len & (sa->align - 1u))
		return ESP_SHORT;
	if (!replay_check(&sa->replay, *ret_seq))
		return ESP_REPLAYED;
	uint8_t *text = p->data + ESP_HEADER + sa->iv_len;
	set_job(j, sa, p->data, iv.p, text, text_len, text + text_len);
	if (sa->spec.esn && !esn_cover(p, sa, j, (uint32_t)(*ret_seq >> 32), icv))
		return ESP_NO_ROOM;
	return ESP_OK;
}

/* Padding of the decrypted text (RFC 4303 section 2.4); leaves p at the payload. */
static enum esp_reason strip(struct pkt *p, uint8_t *ret_next)
{
	struct sa *sa = p->sa;

	(void)pkt_pull(p, ESP_HEADER + sa->iv_len);
	size_t text_len = p->len - sa->icv_len, pad = p->data[text_len - 2];

	*ret_next = p->data[text_len - 1];
	if (pad + ESP_TRAILER > text_len)
		return ESP_PADDING;
	const uint8_t *at = p->data + text_len - ESP_TRAILER - pad;
	for (size_t i = 0; i < pad; i++)
		if (at[i] != i + 1)
			return ESP_PADDING;
	(void)pkt_trim(p, text_len - ESP_TRAILER - pad);
	return ESP_OK;
}

/* Where the peer is, as the packet says it; IPv6. */
static void fresh_header6(const struct pkt *p, uint8_t *at, const struct ipaddr *src, uint8_t next)
{
	struct ip_view h = { .tos = p->outer_tos, .ttl = p->outer_ttl, .proto = next,
			     .total_len = (uint16_t)p->len };

	ip6_write(at, &h, src, &p->local);
}

/* What travelled in front of the ESP header stands there still, and begins the packet that
 * the payload is of; through UDP it has never been seen, and is made. */
static bool restore_header6(struct pkt *p, uint8_t next)
{
	const struct sa *sa = p->sa;
	size_t shim = ESP_HEADER + (size_t)sa->iv_len, len = p->outer_len;
	uint8_t *at = pkt_push(p, len ? len : IP6_HEADER);

	if (!at || p->len > UINT16_MAX || (len && pkt_headroom(p) < shim))
		return false;
	if (!len) {
		fresh_header6(p, at, sa->spec.peer.family == IP_V6 ? &sa->spec.peer : &p->remote,
			      next);
		return true;
	}
	struct wr w = wr_of(at + AT_PAYLOAD_LEN, 2);
	memmove(at, at - shim, len);
	wr_be16(&w, (uint16_t)(p->len - IP6_HEADER));
	at[p->outer_next_at] = next;
	return true;
}

static bool restore_header4(struct pkt *p, uint8_t next)
{
	const struct sa_spec *s = &((const struct sa *)p->sa)->spec;
	uint8_t *at = pkt_push(p, IP4_HEADER);
	struct ip_view h = { .tos = p->outer_tos, .ttl = p->outer_ttl, .proto = next,
			 .id = p->outer_id, .src = p->outer_src, .dst = p->outer_dst };

	if (!at || p->len > UINT16_MAX)
		return false;
	h.total_len = (uint16_t)p->len;
	/* through a NAT: the addresses that the SA is about, wherever the NAT has him now */
	if (s->udp_encap && s->peer.family == IP_V4)
		h.src = ipaddr_to_v4(&s->peer);
	ip4_write(at, &h);
	return true;
}

/* Transport mode: the payload gets back the header it travelled under, and behind NAT
 * checksums that fit it. */
static bool restore_header(struct pkt *p, uint8_t next)
{
	const struct sa_spec *s = &((const struct sa *)p->sa)->spec;
	bool v6 = s->src.family == IP_V6;
	struct ip_view h;

	if (v6 != (p->outer_family == IP_V6) ||
	    !(v6 ? restore_header6(p, next) : restore_header4(p, next)))
		return false;
	if (!s->udp_encap || !ip_peek(span_of(p->data, p->len), &h))
		return true; /* esp_admit() looks at it */
	if (s->oa_src.family == h.family && s->oa_dst.family == h.family)
		l4sum_readdress(p, &h, &s->oa_src, &s->oa_dst);
	else
		l4sum_renew(p, &h);
	return true;
}

/* What a selector calls opaque (RFC 4301 section 4.4.1.1). An SA for what a tunnel sends takes such
 * fragments: the encapsulation limit (RFC 2473 section 5.1), which Linux puts in front of GRE, is an
 * option of the destination. That the packet is the tunnel's is seen of its first fragment. */
static bool part_of_tunnel(const struct selector *s, const struct ip_view *h, const struct flow *f)
{
	struct flow taken = *f;

	taken.proto = s->proto;
	return ip6_hides_protocol(h) &&
	       (s->proto == IPPROTO_GRE_ || s->proto == IPPROTO_IPIP_ || s->proto == IPPROTO_IPV6_) &&
	       selector_has(s, &taken);
}

static inline enum esp_reason admit(struct pkt *p)
{
	struct sa *sa = p->sa;
	struct flow f;
	struct ip_view h;

	if (!ip_parse(p, true, &h))
		return ESP_IDENTITY;
	if (sa->spec.mode == MODE_TUNNEL) {
		int tos = tos_decap(p->outer_tos, h.tos);

		if (tos < 0)
			return ESP_ECN;
		ip_set_tos(p, h.family, (uint8_t)tos);
	}
	ip_flow(p, &h, &f);
	if (selector_has(&sa->inner_in, &f))
		return ESP_OK;
	return part_of_tunnel(&sa->inner_in, &h, &f) ? ESP_OK : ESP_IDENTITY;
}

static enum esp_reason deliver(struct pkt *p, uint8_t next)
{
	struct sa *sa = p->sa;

	if (next == NEXT_NONE)
		return ESP_DUMMY;
	if (sa->spec.mode == MODE_TRANSPORT) {
		if (!restore_header(p, next))
			return ESP_NO_ROOM;
	} else if (!esp_carries(p, next)) {
		return ESP_NEXT;
	}
	return admit(p);
}

bool esp_carries(const struct pkt *p, uint8_t next)
{
	return next == (ip_is_v6(span_of(p->data, p->len)) ? IPPROTO_IPV6_ : IPPROTO_IPIP_);
}

enum esp_reason esp_admit(struct pkt *p)
{
	return admit(p);
}

void esp_count_bad(struct sa *sa, enum esp_reason why)
{
	switch (why) {
	case ESP_REPLAYED:
		sa->replayed++;
		break;
	case ESP_AUTH:
		sa->auth_failed++;
		break;
	case ESP_IDENTITY:
	case ESP_NEXT:
		sa->bad_identity++;
		break;
	case ESP_DUMMY:
		break;
	default:
		sa->malformed++;
		break;
	}
}

static enum esp_reason finish(struct pkt *p, const struct crypto_job *j, uint64_t seq,
			      uint64_t now_ms)
{
	struct sa *sa = p->sa;
	uint8_t next;

	if (sa->spec.esn)
		esn_uncover(p, sa);
	if (!j->ok)
		return ESP_AUTH;
	if (!replay_commit(&sa->replay, seq))
		return ESP_REPLAYED;
	size_t text_len = p->len - ESP_HEADER - sa->iv_len - sa->icv_len;
	enum esp_reason why = strip(p, &next);
	if (!why)
		why = deliver(p, next);
	if (!why && (sa->dead || !sa_spend(sa, p->len, text_len)))
		why = ESP_SA_DEAD;
	if (!why) {
		p->inner_len = p->len;
		sa->packets++;
		sa->last_ms = now_ms;
	}
	return why;
}

void esp_decap(struct esp_worker *w, struct batch *b, struct batch *bad, uint64_t now_ms)
{
	struct crypto_job jobs[BATCH_MAX];
	uint8_t icvs[BATCH_MAX][CRYPTO_MAX_ICV];
	uint64_t seq[BATCH_MAX];
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		enum esp_reason why = open_packet(b->p[i], &jobs[n], icvs[n], &seq[n]);

		b->p[i]->reason = (uint8_t)why;
		if (why)
			esp_count_bad(b->p[i]->sa, why);
		else
			n++;
	}
	batch_partition(b, bad);
	crypto_run(w->crypto, CRYPTO_DECRYPT, jobs, n);
	for (size_t i = 0; i < n; i++) {
		enum esp_reason why = finish(b->p[i], &jobs[i], seq[i], now_ms);

		b->p[i]->reason = (uint8_t)why;
		if (why)
			esp_count_bad(b->p[i]->sa, why);
	}
	batch_partition(b, bad);
}
