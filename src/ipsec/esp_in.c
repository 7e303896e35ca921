/* SPDX-License-Identifier: Apache-2.0 */
/* ESP inbound: a packet opened, what was in it, and whether that was agreed. */
#include "ipsec/esp_job.h"

#include <string.h>

#include "base/wr.h"
#include "ipsec/esn.h"
#include "packet/l4sum.h"

enum { NEXT_NONE = 59 };

/* The number of a packet while the window is another worker's: where it was not long ago says
 * which 2^32 numbers are meant (RFC 4303 appendix A2), and what has surely been left behind. */
struct aside {
	const struct sa *sa;
	uint64_t top;
	uint32_t window;
};

static inline bool look_aside(struct aside *a, const struct sa *sa, uint32_t low, uint64_t *ret_seq)
{
	/* once for packets of an SA in a row: its owner writes to these lines */
	if (a->sa != sa) {
		uint32_t window = sa->spec.replay_window;

		*a = (struct aside){ sa, __atomic_load_n(&sa->top_seen, __ATOMIC_RELAXED),
				     window < REPLAY_MAX ? window : REPLAY_MAX };
	}
	*ret_seq = low;
	if (sa->spec.esn) {
		struct replay r = { .window = a->window, .top = (uint32_t)a->top,
				    .high = (uint32_t)(a->top >> 32) };

		*ret_seq = replay_extend(&r, low);
	}
	return !a->window || (*ret_seq && (*ret_seq > a->top || a->top - *ret_seq < a->window));
}

static inline bool look_at_window(const struct sa *sa, uint32_t low, uint64_t *ret_seq)
{
	*ret_seq = sa->spec.esn ? replay_extend(&sa->replay, low) : low;
	return replay_check(&sa->replay, *ret_seq);
}

/* Lengths and replay check of one packet; fills its job. icv is room for a copy; aside, that the window
 * is another's. */
static inline enum esp_reason open_packet(struct pkt *p, struct crypto_job *j, uint8_t *icv,
					  uint64_t *ret_seq, struct aside *aside)
{
	struct sa *sa = p->sa;
	size_t around = (size_t)ESP_HEADER + sa->iv_len + sa->icv_len, text_len = p->len - around;

	if (sa->dead)
		return ESP_SA_DEAD;
	if (p->len >= ESP_HEADER)
		p->seqno = be32_at(p->data + 4);
	if (p->len < around + ESP_TRAILER || text_len & (sa->align - 1u))
		return ESP_SHORT;
	if (!(aside ? look_aside(aside, sa, p->seqno, ret_seq) : look_at_window(sa, p->seqno, ret_seq)))
		return ESP_REPLAYED;
	set_job(j, sa, p->data, text_len);
	if (sa->spec.esn && !esn_cover(p, sa, j, (uint32_t)(*ret_seq >> 32), icv))
		return ESP_NO_ROOM;
	return ESP_OK;
}

/* Whether the n bytes before end are 1, 2, 3, ... There are at least 8, of whatever. */
static inline bool is_padding(const uint8_t *end, size_t n)
{
	/* a call is more than a few bytes are worth, and how many they are nobody can foresee */
	if (n > 8)
		return !memcmp(end - n, esp_padding, n);
	return !n || !((be64_at(end - 8) ^ UINT64_C(0x0102030405060708) >> (64 - 8 * n)) << (64 - 8 * n));
}

/* Padding of the decrypted text (RFC 4303 section 2.4); leaves p at the payload. */
static inline enum esp_reason strip(struct pkt *p, uint8_t *ret_next)
{
	struct sa *sa = p->sa;

	size_t shim = ESP_HEADER + (size_t)sa->iv_len;
	uint8_t *text = p->data + shim;
	size_t text_len = p->len - shim - sa->icv_len, pad = text[text_len - 2];

	p->data = text;
	*ret_next = text[text_len - 1];
	p->len = (uint32_t)text_len;
	if (pad + ESP_TRAILER > text_len || !is_padding(text + text_len - ESP_TRAILER, pad))
		return ESP_PADDING;
	p->len = (uint32_t)(text_len - ESP_TRAILER - pad);
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
		fresh_header6(p, at, sa->nat && sa->nat->peer.family == IP_V6 ? &sa->nat->peer : &p->remote,
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
	const struct sa *sa = p->sa;
	uint8_t *at = pkt_push(p, IP4_HEADER);
	struct ip_view h = { .tos = p->outer_tos, .ttl = p->outer_ttl, .proto = next,
			 .id = p->outer_id, .src = p->outer_src, .dst = p->outer_dst };

	if (!at || p->len > UINT16_MAX)
		return false;
	h.total_len = (uint16_t)p->len;
	/* through a NAT: the addresses that the SA is about, wherever the NAT has him now */
	if (sa->spec.udp_encap && sa->nat->peer.family == IP_V4)
		h.src = ipaddr_to_v4(&sa->nat->peer);
	ip4_write(at, &h);
	return true;
}

/* Transport mode: the payload gets back the header it travelled under, and behind NAT
 * checksums that fit it. */
static bool restore_header(struct pkt *p, uint8_t next)
{
	const struct sa *sa = p->sa;
	bool v6 = sa->spec.src.family == IP_V6;
	struct ip_view h;

	if (v6 != (p->outer_family == IP_V6) ||
	    !(v6 ? restore_header6(p, next) : restore_header4(p, next)))
		return false;
	if (!sa->spec.udp_encap || !ip_peek(span_of(p->data, p->len), &h))
		return true; /* esp_admit() looks at it */
	if (sa->nat->oa_src.family == h.family && sa->nat->oa_dst.family == h.family)
		l4sum_readdress(p, &h, &sa->nat->oa_src, &sa->nat->oa_dst);
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

/* Takes over the congestion mark of the outer header. */
static enum esp_reason mark(struct pkt *p, uint8_t family, uint8_t inner_tos)
{
	int tos = tos_decap(p->outer_tos, inner_tos);

	if (tos < 0)
		return ESP_ECN;
	ip_set_tos(p, family, (uint8_t)tos);
	return ESP_OK;
}

/* Whether the SA is about the packet, which is sane. */
static bool is_agreed(const struct sa *sa, const struct pkt *p)
{
	struct ip_view h;
	struct flow f;

	if (!ip_peek(span_of(p->data, p->len), &h))
		return false;
	ip_flow(p, &h, &f);
	return selector_has(&sa->spec.sel, &f) || part_of_tunnel(&sa->spec.sel, &h, &f);
}

static enum esp_reason admit(struct pkt *p)
{
	struct sa *sa = p->sa;
	struct ip_view h;

	if (!ip_parse(p, true, &h))
		return ESP_IDENTITY;
	if (sa->spec.mode == MODE_TUNNEL && mark(p, h.family, h.tos))
		return ESP_ECN;
	return is_agreed(sa, p) ? ESP_OK : ESP_IDENTITY;
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

enum esp_reason esp_admit(struct pkt *p)
{
	return admit(p);
}

/* The same as admit() for the usual packet, IPv4 in tunnel mode, without a view of all of its
 * header. */
static inline enum esp_reason admit4(struct pkt *p)
{
	const struct sa *sa = p->sa;
	const uint8_t *b = ip4_sane(span_of(p->data, p->len));
	uint64_t addrs;

	if (!b || be16_at(b + 2) > p->len || !ip4_sum_fits(b))
		return ESP_IDENTITY;
	p->len = be16_at(b + 2);
	if (p->outer_tos & 3 && mark(p, IP_V4, b[1]))
		return ESP_ECN;
	if (sa->in_plain) {
		memcpy(&addrs, b + 12, sizeof(addrs));
		return ((addrs ^ sa->in_wanted) & sa->in_care) ||
				       (sa->in_proto && sa->in_proto != b[9]) ?
			       ESP_IDENTITY :
			       ESP_OK;
	}
	return is_agreed(sa, p) ? ESP_OK : ESP_IDENTITY;
}

enum esp_reason esp_admit4(struct pkt *p)
{
	return admit4(p);
}

/* Also by a worker whose turn it is not. */
void esp_count_bad(struct sa *sa, enum esp_reason why)
{
	uint64_t *n = &sa->malformed;

	switch (why) {
	case ESP_REPLAYED:
		n = &sa->replayed;
		break;
	case ESP_AUTH:
		n = &sa->auth_failed;
		break;
	case ESP_IDENTITY:
	case ESP_NEXT:
		n = &sa->bad_identity;
		break;
	case ESP_DUMMY:
		return;
	default:
		break;
	}
	(void)__atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
}

/* What came out of the cipher: the reason for refusing it, should it be no replay. */
static inline enum esp_reason look_inside(struct pkt *p, const struct crypto_job *j)
{
	const struct sa *sa = p->sa;
	enum esp_reason why;
	uint8_t next;

	if (sa->spec.esn)
		esn_uncover(p, sa, j);
	if (!j->ok)
		return ESP_AUTH;
	why = strip(p, &next);
	if (why)
		return why;
	return next == IPPROTO_IPIP_ && sa->spec.mode == MODE_TUNNEL && esp_carries(p, next) ?
		       admit4(p) :
		       deliver(p, next);
}

static inline enum esp_reason take(struct pkt *p, enum esp_reason why, uint64_t seq, size_t text_len,
				   uint64_t now_ms)
{
	struct sa *sa = p->sa;

	if (why == ESP_AUTH)
		return why;
	if (!replay_commit(&sa->replay, seq))
		return ESP_REPLAYED;
	if (!why && (sa->dead || !sa_spend(sa, p->len, text_len)))
		why = ESP_SA_DEAD;
	if (!why) {
		p->inner_len = p->len;
		sa->packets++;
		sa->last_ms = now_ms;
	}
	return why;
}

/* How far the windows are, for who does not own them: once for packets of an SA in a row. */
static inline void show_tops(const struct batch *b)
{
	struct sa *last = NULL;

	for (size_t i = 0; i < b->n; i++) {
		struct sa *sa = b->p[i]->sa;

		if (sa != last)
			__atomic_store_n(&sa->top_seen, sa_top(sa), __ATOMIC_RELAXED);
		last = sa;
	}
}

/* False: some are refused. */
static inline bool take_one(struct pkt *p, enum esp_reason why, uint64_t seq, size_t text_len,
			    uint64_t now_ms)
{
	why = take(p, why, seq, text_len, now_ms);
	p->reason = (uint8_t)why;
	if (why)
		esp_count_bad(p->sa, why);
	return !why;
}

static inline size_t text_of(const struct pkt *p)
{
	const struct sa *sa = p->sa;

	return p->len - ESP_HEADER - sa->iv_len - sa->icv_len;
}

/* What is the same for packets of an SA in a row. */
struct opening {
	const struct sa *sa;
	const struct crypto_key *key;
	uint32_t shim, around; /* bytes in front of the text, and those that are not text */
	uint32_t odd;	       /* bits of text_len that are 0 */
	bool usual;	       /* false: its packets go the long way */
	bool gmac, combined;
};

static inline struct opening opening_of(const struct esp_worker *w, const struct sa *sa)
{
	return (struct opening){ .sa = sa, .key = sa->key, .shim = (uint32_t)ESP_HEADER + sa->iv_len,
				 .around = (uint32_t)ESP_HEADER + sa->iv_len + sa->icv_len, .odd = sa->align - 1u,
				 .usual = !w->beside && !sa->spec.esn && !sa->dead,
				 .gmac = sa->cipher->id == CIPHER_AES_GMAC, .combined = sa->cipher->combined };
}

/* True: its job is as open_packet() makes it. False: it is refused, or none of the usual, and nothing
 * has happened. */
static inline bool open_usual(const struct opening *s, struct pkt *p, struct crypto_job *j, uint64_t *ret_seq)
{
	uint32_t text_len = p->len - s->around, seq;
	uint8_t *head = p->data;

	if (!s->usual || p->len < s->around + ESP_TRAILER || text_len & s->odd)
		return false;
	seq = be32_at(head + 4);
	if (!replay_check(&s->sa->replay, seq))
		return false;
	p->seqno = seq;
	p->reason = ESP_OK;
	*ret_seq = seq;
	j->key = s->key;
	j->text = head + s->shim;
	j->iv = head + ESP_HEADER;
	j->auth = head;
	j->icv = head + s->shim + text_len;
	j->text_len = s->gmac ? 0 : text_len;
	j->auth_len = s->combined && !s->gmac ? ESP_HEADER : s->shim + text_len;
	return true;
}

static inline void open_all(struct esp_worker *w, struct batch *b, struct batch *bad, struct esp_opened *o)
{
	struct aside aside = { NULL, 0, 0 };
	struct opening s = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];

		if (p->sa != s.sa)
			s = opening_of(w, p->sa);
		if (open_usual(&s, p, &o->jobs[n], &o->seq[n])) {
			n++;
			continue;
		}
		enum esp_reason why = open_packet(p, &o->jobs[n], o->icvs[n], &o->seq[n],
						  w->beside ? &aside : NULL);

		p->reason = (uint8_t)why;
		if (why)
			esp_count_bad(p->sa, why);
		else
			n++;
	}
	if (n < b->n)
		batch_partition(b, bad);
	(void)crypto_run(w->crypto, CRYPTO_DECRYPT, o->jobs, n);
}

void esp_open(struct esp_worker *w, struct batch *b, struct batch *bad, struct esp_opened *o)
{
	open_all(w, b, bad, o);
	for (size_t i = 0; i < b->n; i++) {
		o->text_len[i] = (uint32_t)text_of(b->p[i]);
		o->why[i] = (uint8_t)look_inside(b->p[i], &o->jobs[i]);
	}
}

void esp_take(struct batch *b, struct batch *bad, const struct esp_opened *o, uint64_t now_ms)
{
	bool all = true;

	for (size_t i = 0; i < b->n; i++)
		all &= take_one(b->p[i], (enum esp_reason)o->why[i], o->seq[i], o->text_len[i], now_ms);
	show_tops(b);
	if (!all)
		batch_partition(b, bad);
}

/* ---- the usual packets of an SA, one behind the other ---- */

/* IPv4 in IPv4, tunnel mode, without extended numbers, for whom selectors are about addresses: what is
 * the same for all of them, and what counts up, is kept here while they last. */
struct run {
	struct sa *sa;
	uint64_t wanted, care; /* of the addresses */
	uint64_t bytes_room, text_room; /* of the SA's limits, as the run began */
	uint64_t bytes_left, text_left;
	uint64_t packets;
	uint32_t around; /* bytes of a packet that are not text */
	uint8_t shim, proto;
};

static inline bool run_is_usual(const struct sa *sa)
{
	return sa->in_plain && sa->spec.mode == MODE_TUNNEL && !sa->spec.esn && !sa->dead;
}

static inline uint64_t room_of(uint64_t used, uint64_t limit)
{
	if (!limit)
		return UINT64_MAX;
	return used < limit ? limit - used : 0;
}

static void run_begin(struct run *r, struct sa *sa)
{
	*r = (struct run){ .sa = sa, .wanted = sa->in_wanted, .care = sa->in_care, .proto = sa->in_proto,
			   .shim = (uint8_t)(ESP_HEADER + sa->iv_len),
			   .around = (uint32_t)ESP_HEADER + sa->iv_len + sa->icv_len,
			   .bytes_room = room_of(sa->bytes, sa->spec.life.hard_bytes),
			   .text_room = room_of(sa->text, sa->text_limit) };
	r->bytes_left = r->bytes_room;
	r->text_left = r->text_room;
}

/* Writes back what has counted up. */
static void run_end(struct run *r, uint64_t now_ms)
{
	struct sa *sa = r->sa;

	r->sa = NULL;
	if (!sa || !r->packets)
		return;
	sa->packets += r->packets;
	sa->bytes += r->bytes_room - r->bytes_left;
	sa->text += r->text_room - r->text_left;
	sa->last_ms = now_ms;
}

/* Whether the SA is about the packet whose header is at b. */
static inline bool run_has(const struct run *r, const uint8_t *b)
{
	uint64_t addrs;

	memcpy(&addrs, b + 12, sizeof(addrs));
	return !((addrs ^ r->wanted) & r->care) && (!r->proto || r->proto == b[9]);
}

/* True: p is taken like look_inside() and take() do it. False: it is not one of the usual, is
 * refused, or a limit is near; nothing has happened. */
static inline bool run_take(struct run *r, struct pkt *p, bool ok, uint64_t seq)
{
	uint8_t *text = p->data + r->shim;
	uint32_t text_len = p->len - r->around, pad = text[text_len - 2], len = text_len - ESP_TRAILER - pad;

	if (!ok || text[text_len - 1] != IPPROTO_IPIP_ || pad + ESP_TRAILER > text_len ||
	    !is_padding(text + text_len - ESP_TRAILER, pad) || p->outer_tos & 3)
		return false;
	const uint8_t *b = ip4_sane(span_of(text, len));
	if (!b || be16_at(b + 2) > len || !ip4_sum_fits(b) || !run_has(r, b))
		return false;
	len = be16_at(b + 2);
	if (len > r->bytes_left || text_len > r->text_left || !replay_commit(&r->sa->replay, seq))
		return false;
	r->bytes_left -= len;
	r->text_left -= text_len;
	r->packets++;
	p->data = text;
	p->len = p->inner_len = len;
	return true;
}

/* Both at once: each packet is looked at once more, not twice. */
void esp_decap(struct esp_worker *w, struct batch *b, struct batch *bad, uint64_t now_ms)
{
	struct esp_opened o;
	struct run r = { 0 };
	bool all = true;

	open_all(w, b, bad, &o);
	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];

		if (p->sa != r.sa) {
			run_end(&r, now_ms);
			if (run_is_usual(p->sa))
				run_begin(&r, p->sa);
		}
		if (r.sa && run_take(&r, p, o.jobs[i].ok, o.seq[i]))
			continue;
		run_end(&r, now_ms);
		size_t text_len = text_of(p);
		all &= take_one(p, look_inside(p, &o.jobs[i]), o.seq[i], text_len, now_ms);
	}
	run_end(&r, now_ms);
	if (w->several)
		show_tops(b);
	if (!all)
		batch_partition(b, bad);
}
