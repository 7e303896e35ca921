/* SPDX-License-Identifier: Apache-2.0 */
/* Inbound: from the cipher sockets to the TUNs. */
#include "forwarder/internal.h"

#define NON_ESP_MARKER 4 /* zero bytes before IKE on UDP 4500 (RFC 3948 section 2.2) */

/* A lifetime may have ended. */
static void look_at_life(struct forwarder *f, struct sa *sa)
{
	if (!sa_check_life(sa, f->now_ms))
		return;
	if (f->beside)
		later_life(f, sa);
	else
		event_expire(f, sa);
}

static void sa_event(struct forwarder *f, const struct sa *sa, enum fwd_sa_event_kind kind,
		     struct pkt *p)
{
	struct fwd_msg m = { .type = FWD_SA_EVENT };
	struct ip_view h;

	if (!event_allowed(f, FWD_SA_EVENT))
		return;
	m.u.sa_event.sa_id = sa->spec.id;
	m.u.sa_event.kind = (uint8_t)kind;
	m.u.sa_event.seqno = p->seqno;
	if (kind == FWD_EV_IDENTITY && ip_peek(span_of(p->data, p->len), &h))
		ip_flow(p, &h, &m.u.sa_event.flow);
	(void)event_send(f, &m);
}

/* malformed: of the header that the SA was found by. */
static void refuse(struct forwarder *f, struct pkt *p, enum fwd_drop malformed)
{
	struct sa *sa = p->sa;
	struct policy *pol = sa->owner;
	enum fwd_drop why = malformed;
	bool twice = doubles_refused(f, p);

	switch ((enum esp_reason)p->reason) {
	case ESP_DUMMY: /* as it should be */
		pkt_put(&f->pool, p);
		return;
	case ESP_REPLAYED:
		if (twice) {
			fwd_drop(f, p, FWD_DROP_TWICE);
			return;
		}
		pol_stats(f, pol)->replayed++;
		sa_event(f, sa, FWD_EV_REPLAY, p);
		why = FWD_DROP_REPLAYED;
		break;
	case ESP_AUTH:
		pol_stats(f, pol)->auth_failed++;
		sa_event(f, sa, FWD_EV_AUTH, p);
		why = FWD_DROP_AUTH_FAILED;
		break;
	case ESP_NEXT:
		pol_stats(f, pol)->invalid_prot++;
		sa_event(f, sa, FWD_EV_IDENTITY, p);
		why = FWD_DROP_BAD_IDENTITY;
		break;
	case ESP_IDENTITY:
		pol_stats(f, pol)->bad_identity++;
		sa_event(f, sa, FWD_EV_IDENTITY, p);
		why = FWD_DROP_BAD_IDENTITY;
		break;
	case ESP_PADDING:
		pol_stats(f, pol)->decaps_failed++;
		why = FWD_DROP_BAD_PADDING;
		break;
	case ESP_SA_DEAD:
		pol_stats(f, pol)->invalid_sa++;
		why = FWD_DROP_SA_DEAD;
		break;
	case ESP_ECN:
		pol_stats(f, pol)->decaps_failed++;
		why = FWD_DROP_ECN;
		break;
	case ESP_BUNDLE:
		pol_stats(f, pol)->invalid_prot++;
		why = FWD_DROP_NOT_BUNDLED;
		break;
	case ESP_NO_ROOM:
		pol_stats(f, pol)->internal_in++;
		break;
	default:
		pol_stats(f, pol)->invalid_len++;
		break;
	}
	pol_stats(f, pol)->recv_errors++;
	fwd_drop(f, p, why);
}

void in_deliver(struct forwarder *f, struct delivery *d, struct pkt *p, const struct ip_view *h)
{
	struct policy *pol = ((struct sa *)p->sa)->owner;

	/* fragments of GRE go to the kernel, whose whole packet comes back by the
	 * GRE socket */
	if (is_tunnel_proto(h->proto) && !ip_is_fragment(h)) {
		struct flow fl;

		ip_flow(p, h, &fl);
		if (gre_take(f, d, p, h, &fl, pol, false))
			return;
	}
	/* those of a protected tunnel by its own TUN, which says whose they are */
	if (pol->gre && pol->gre->port && ip_is_fragment(h) &&
	    (is_tunnel_proto(h->proto) || ip6_hides_protocol(h))) {
		deliver(f, d, pol->gre->port, p);
		return;
	}
	if (pol->steer)
		deliver(f, d, pol->steer, p);
	else
		fwd_drop(f, p, FWD_DROP_NO_POLICY);
}

static void deliver_decapsulated(struct forwarder *f, struct delivery *d, struct policy *pol,
				 struct pkt *p)
{
	struct ip_view h;

	if (pol->acl_in && !access_lets(f, pol->acl_in, pol->ifid, p)) {
		pol_stats(f, pol)->access_in++;
		pol_stats(f, pol)->recv_errors++;
		fwd_drop(f, p, FWD_DROP_ACCESS);
		return;
	}
	if (pol->vti) {
		vti_in(f, d, pol->vti, p);
		return;
	}
	if (!ip_peek(span_of(p->data, p->len), &h)) {
		fwd_drop(f, p, FWD_DROP_MALFORMED_IP);
		return;
	}
	in_deliver(f, d, p, &h);
}

void in_anew(struct forwarder *f, struct delivery *d, struct pkt *p)
{
	deliver_decapsulated(f, d, ((struct sa *)p->sa)->owner, p);
}

void sa_move(struct forwarder *f, uint32_t id, const struct ipaddr *addr, uint16_t port)
{
	struct sa *sa = sad_by_id(&f->all->sad, id);

	if (!sa || !sa->spec.udp_encap || addr->family != sa->spec.src.family)
		return;
	if (sa->spec.dir == SA_IN) {
		sa->spec.src = *addr;
		sa->spec.udp_sport = port;
	} else {
		sa->spec.dst = *addr;
		sa->spec.udp_dport = port;
		pmtu_apply(sa->owner); /* another way there may be as wide as ever */
	}
}

/* A NAT may have given the peer another port: authenticated packets say so. Only
 * the newest packet of the SA does, or one that was late on the old way would take
 * us back there. */
static void follow_peer(struct forwarder *f, struct sa *sa, const struct pkt *p)
{
	if (!sa->spec.peer_moves || !sa->icv_len || p->remote.family != sa->spec.src.family ||
	    p->seqno != sa->replay.top ||
	    (p->remote_port == sa->spec.udp_sport && ipaddr_equal(&p->remote, &sa->spec.src)) ||
	    !event_allowed(f, FWD_PEER_MOVED))
		return;
	if (f->beside)
		later_follow(f, sa, p);
	else
		in_follow(f, sa->spec.id, &p->remote, p->remote_port, sa_top(sa));
}

void in_follow(struct forwarder *f, uint32_t sa_id, const struct ipaddr *addr, uint16_t port,
	       uint64_t number)
{
	struct fwd_msg m = { .type = FWD_PEER_MOVED };
	struct sa *sa = sad_by_id(&f->all->sad, sa_id);

	/* of two workers the one with the older packet may come last */
	if (!sa || sa->spec.dir != SA_IN || number <= sa->moved_at)
		return;
	sa->moved_at = number;
	sa_move(f, sa_id, addr, port);
	/* the other direction of the pair follows at once (RFC 3947 section 4) */
	for (struct hnode *n = htab_walk(&f->all->sad.by_id, NULL); n; n = htab_walk(&f->all->sad.by_id, n)) {
		struct sa *out = hnode_entry(n, struct sa, by_id);

		if (out->spec.dir == SA_OUT && out->spec.pair_id == sa->spec.pair_id)
			sa_move(f, out->spec.id, addr, port);
	}
	m.u.peer_moved.sa_id = sa_id;
	m.u.peer_moved.addr = *addr;
	m.u.peer_moved.port = port;
	(void)event_send(f, &m);
}

/* Most are IPv4, and neither GRE nor IP in IP; the header was looked at when it came out of
 * its SA. */
static inline bool goes_plainly(const struct pkt *p)
{
	return p->len >= IP4_HEADER && p->data[0] >> 4 == 4 && !is_tunnel_proto(p->data[9]);
}

/* Packets of one SA that are what they should be. */
static void came_out(struct forwarder *f, struct delivery *d, struct sa *sa, struct pkt *const *p,
		     size_t n)
{
	struct policy *pol = sa->owner;
	bool plain = !pol->acl_in && !pol->vti;

	look_at_life(f, sa);
	pol_stats(f, pol)->decaps += n;
	pol_stats(f, pol)->decrypts += sa->has_esp ? n : 0;
	pol_stats(f, pol)->verifies += sa->icv_len || sa->has_ah ? n : 0;
	if (sa->spec.udp_encap)
		for (size_t i = 0; i < n; i++)
			follow_peer(f, sa, p[i]);
	else
		port_note_esp(f, pol, p, n);
	for (size_t i = 0; i < n; i++) {
		if (plain && pol->steer && goes_plainly(p[i]))
			deliver(f, d, pol->steer, p[i]);
		else if (!plain || !gre_usual_in(f, d, pol, p[i]))
			deliver_decapsulated(f, d, pol, p[i]);
	}
}

/* Beside others who read, ESP is decrypted before our turn; AH is verified in it, and where nobody else reads so is ESP: the
 * window is ours then, and nobody waits for it. */
static void open_all(struct forwarder *f, struct batch *b, struct batch *bad, uint8_t proto)
{
	struct esp_opened o;

	if (f->beside && proto == PROTO_ESP && queues_readers(&f->all->queues) > 1) {
		esp_open(&f->esp, b, bad, &o);
		fwd_wait_for_turn(f);
		esp_take(b, bad, &o, f->now_ms);
		return;
	}
	fwd_wait_for_turn(f);
	f->esp.beside = false;
	if (proto == PROTO_AH)
		ah_decap(&f->esp, b, bad, f->now_ms);
	else
		esp_decap(&f->esp, b, bad, f->now_ms);
	f->esp.beside = f->beside;
}

/* Everything after the SPI lookup in the headers of that protocol. */
static void decapsulate(struct forwarder *f, struct batch *b, uint8_t proto)
{
	struct batch bad = { 0 };
	struct delivery d;

	deliver_init(f, &d);
	ahead_keys(f, b->p, b->n);
	open_all(f, b, &bad, proto);
	for (size_t i = 0; i < bad.n; i++)
		refuse(f, bad.p[i],
		       proto == PROTO_AH ? FWD_DROP_MALFORMED_AH : FWD_DROP_MALFORMED_ESP);
	if (f->all->doubles)
		doubles_note(f, b);
	for (size_t i = 0, n; i < b->n; i += n) {
		struct pkt *const *p = b->p + i;
		struct sa *sa = p[0]->sa;

		for (n = 1; i + n < b->n && p[n]->sa == sa; n++)
			;
		came_out(f, &d, sa, p, n);
	}
	b->n = 0;
	deliver_flush(f, &d);
	fwd_pass_turn(f);
}

static struct ipaddr outer_src(const struct pkt *p)
{
	return p->outer_family == IP_V6 ? p->remote : ipaddr_v4(p->outer_src);
}

static struct ipaddr outer_dst(const struct pkt *p)
{
	return p->outer_family == IP_V6 ? p->local : ipaddr_v4(p->outer_dst);
}

/* Sets p->sa; false (and p is gone) if nobody knows the SPI, or if it is the ESP of a
 * bundle that comes without its AH. */
static bool find_sa(struct forwarder *f, struct pkt *p, uint8_t proto, uint32_t spi)
{
	struct sa *sa = sad_by_spi(&f->all->sad, proto, spi);

	p->sa = sa;
	if (sa && proto == PROTO_ESP && sa->has_ah) {
		p->reason = ESP_BUNDLE;
		esp_count_bad(sa, ESP_BUNDLE);
		refuse(f, p, FWD_DROP_MALFORMED_ESP);
		return false;
	}
	/* an SPI of the other family is nobody's */
	if (sa && (sa->spec.src.family == IP_V6) == (p->outer_family == IP_V6))
		return true;
	if (event_allowed(f, FWD_UNKNOWN_SPI)) {
		struct fwd_msg m = { .type = FWD_UNKNOWN_SPI,
				     .u.unknown_spi = { outer_src(p), outer_dst(p), proto, spi } };

		(void)event_send(f, &m);
	}
	fwd_drop(f, p, FWD_DROP_UNKNOWN_SPI);
	return false;
}

static bool find_esp(struct forwarder *f, struct pkt *p)
{
	uint32_t spi;

	if (!esp_peek_spi(p, &spi) || spi == 0) { /* 0 is never an SA's, RFC 4303 section 2.1 */
		fwd_drop(f, p, FWD_DROP_MALFORMED_ESP);
		return false;
	}
	return find_sa(f, p, PROTO_ESP, spi);
}

static bool find_ah(struct forwarder *f, struct pkt *p, size_t header_len)
{
	uint32_t spi;

	if (!ah_peek_spi(p, header_len, &spi) || spi == 0) { /* RFC 4302 section 2.4 */
		fwd_drop(f, p, FWD_DROP_MALFORMED_AH);
		return false;
	}
	return find_sa(f, p, PROTO_AH, spi);
}

/* Notes the outer header of a packet of ours, *ret_len bytes; false, and p is gone, if it is
 * none: the kernel has reassembled, what is a fragment still is not for us. */
static bool take_outer(struct forwarder *f, struct pkt *p, uint8_t proto, size_t *ret_len)
{
	struct ip_view h;

	if (!ip_parse(p, false, &h) || h.proto != proto || ip_is_fragment(&h)) {
		fwd_drop(f, p, FWD_DROP_MALFORMED_IP);
		return false;
	}
	p->outer_tos = h.tos;
	p->outer_ttl = h.ttl;
	if (h.family == IP_V6) {
		p->outer_family = IP_V6;
		p->remote = ip6_src(p->data);
		p->local = ip6_dst(p->data);
		p->outer_len = h.header_len;
		p->outer_next_at = h.next_at;
	} else {
		p->outer_src = h.src;
		p->outer_dst = h.dst;
		p->outer_id = h.id;
	}
	*ret_len = h.header_len;
	return true;
}

/* take_outer() and find_esp() for most packets: IPv4, of the SA that the packet before it
 * was of. False: it is another, and nothing has happened. */
static inline bool take_alike(struct pkt *p, struct sa *sa)
{
	const uint8_t *b = ip4_sane(span_of(p->data, p->len));
	size_t header_len, total_len;

	if (!b)
		return false;
	header_len = (b[0] & 15u) * 4;
	total_len = be16_at(b + 2);
	if (total_len > p->len || total_len < header_len + 4 || b[9] != PROTO_ESP ||
	    be16_at(b + 6) & (IP4_MF | IP4_OFF_MASK) || be32_at(b + header_len) != sa->spec.spi ||
	    sa->spec.src.family != IP_V4)
		return false;
	p->outer_tos = b[1];
	p->outer_ttl = b[8];
	p->outer_id = be16_at(b + 4);
	p->outer_src = be32_at(b + 12);
	p->outer_dst = be32_at(b + 16);
	p->data += header_len;
	p->len = (uint32_t)(total_len - header_len);
	p->sa = sa;
	return true;
}

void in_from_esp(struct forwarder *f, struct batch *b)
{
	struct sa *sa = NULL;
	size_t kept = 0;

	ahead_in(f, b, false);
	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		size_t len;

		if (sa && take_alike(p, sa)) {
			b->p[kept++] = p;
			continue;
		}
		if (!take_outer(f, p, PROTO_ESP, &len))
			continue;
		(void)pkt_pull(p, len);
		if (!find_esp(f, p))
			continue;
		b->p[kept++] = p;
		sa = p->sa;
	}
	b->n = kept;
	decapsulate(f, b, PROTO_ESP);
}

/* The header stays: AH covers it. */
void in_from_ah(struct forwarder *f, struct batch *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		size_t len;

		if (take_outer(f, p, PROTO_AH, &len) &&
		    find_ah(f, p, len))
			b->p[kept++] = p;
	}
	b->n = kept;
	decapsulate(f, b, PROTO_AH);
}

static void ike_to_control(struct forwarder *f, struct pkt *p)
{
	struct fwd_msg m = { .type = FWD_IKE_RX };

	m.u.ike_rx.local = p->local;
	m.u.ike_rx.remote = p->remote;
	m.u.ike_rx.remote_port = p->remote_port;
	m.u.ike_rx.data = span_of(p->data + NON_ESP_MARKER, p->len - NON_ESP_MARKER);
	(void)event_send(f, &m);
	pkt_put(&f->pool, p);
}

void in_from_udp(struct forwarder *f, struct batch *b)
{
	size_t kept = 0;

	ahead_in(f, b, true);
	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		uint32_t spi;

		if (p->len == 1 && p->data[0] == 0xff) { /* keepalive, RFC 3948 section 2.3 */
			pkt_put(&f->pool, p);
			continue;
		}
		if (p->len > NON_ESP_MARKER && esp_peek_spi(p, &spi) && spi == 0) {
			if (f->beside)
				later_udp(f, p);
			else
				ike_to_control(f, p);
			continue;
		}
		if (p->remote.family == IP_V6) {
			p->outer_family = IP_V6;
		} else {
			p->outer_src = ipaddr_to_v4(&p->remote);
			p->outer_dst = ipaddr_to_v4(&p->local);
		}
		p->outer_ttl = 64;
		p->outer_id = 1;
		if (find_esp(f, p))
			b->p[kept++] = p;
	}
	b->n = kept;
	decapsulate(f, b, PROTO_ESP);
}
