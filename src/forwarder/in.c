/* SPDX-License-Identifier: Apache-2.0 */
/* Inbound: from the cipher sockets to the TUNs. */
#include "forwarder/internal.h"

#include <string.h>

#include "packet/gre.h"

#define NON_ESP_MARKER 4 /* zero bytes before IKE on UDP 4500 (RFC 3948 section 2.2) */

static void sa_event(struct forwarder *f, const struct sa *sa, enum fwd_sa_event_kind kind,
		     struct pkt *p)
{
	struct fwd_msg m = { .type = FWD_SA_EVENT };
	struct ip4 h;

	m.u.sa_event.sa_id = sa->spec.id;
	m.u.sa_event.kind = (uint8_t)kind;
	if (kind == FWD_EV_IDENTITY && ip4_peek(span_of(p->data, p->len), &h)) {
		ip4_flow(p, &h, &m.u.sa_event.flow);
	} else {
		struct rd r = pkt_rd(p);

		rd_skip(&r, 4);
		m.u.sa_event.seqno = rd_be32(&r);
	}
	event_send(f, &m);
}

static void refuse(struct forwarder *f, struct pkt *p)
{
	struct sa *sa = p->sa;
	struct policy *pol = policy_get(f, sa->spec.policy_id, false);
	struct fwd_policy_stats none, *st = pol ? &pol->stats : &none;

	if (p->reason == ESP_DUMMY) {
		pkt_put(&f->pool, p);
		return;
	}
	st->recv_errors++;
	switch ((enum esp_reason)p->reason) {
	case ESP_REPLAYED:
		st->replayed++;
		sa_event(f, sa, FWD_EV_REPLAY, p);
		fwd_drop(f, p, FWD_DROP_REPLAYED);
		break;
	case ESP_AUTH:
		st->auth_failed++;
		sa_event(f, sa, FWD_EV_AUTH, p);
		fwd_drop(f, p, FWD_DROP_AUTH_FAILED);
		break;
	case ESP_IDENTITY:
		st->bad_identity++;
		sa_event(f, sa, FWD_EV_IDENTITY, p);
		fwd_drop(f, p, FWD_DROP_BAD_IDENTITY);
		break;
	case ESP_PADDING:
		fwd_drop(f, p, FWD_DROP_BAD_PADDING);
		break;
	case ESP_SA_DEAD:
		fwd_drop(f, p, FWD_DROP_SA_DEAD);
		break;
	default:
		fwd_drop(f, p, FWD_DROP_MALFORMED_ESP);
		break;
	}
}

/* ---- GRE and delivery ---- */

struct delivery {
	struct fport *port;
	struct batch b;
};

/* Consecutive packets mostly go to one TUN: a change sends what is there. */
static void deliver(struct forwarder *f, struct delivery *d, struct fport *port, struct pkt *p)
{
	if (d->b.n && d->port != port)
		port_send(f, d->port, &d->b);
	d->port = port;
	(void)batch_add(&d->b, p);
}

/* A GRE packet with its IPv4 header, for a tunnel of ours? Takes p and returns
 * true if its addresses are those of a tunnel. clear_ifid: it came in clear on
 * that interface; 0: out of an SA. */
static bool take_gre(struct forwarder *f, struct delivery *d, struct pkt *p, const struct ip4 *h,
		     bool clear)
{
	struct gre g = { 0 };
	bool ends_known;
	struct span body = span_of(p->data + h->header_len, (size_t)p->len - h->header_len);
	enum gre_result res = gre_decode(body, &g);
	struct tunnel *t = tunnel_by_ends(f, h->dst, h->src, g.has_key, g.key, &ends_known);

	if (!ends_known)
		return false;
	if (res == GRE_MALFORMED) {
		fwd_drop(f, p, FWD_DROP_MALFORMED_GRE);
	} else if (res == GRE_BAD_CHECKSUM) {
		if (t)
			t->stats.in_checksum++;
		fwd_drop(f, p, FWD_DROP_GRE_CHECKSUM);
	} else if (res == GRE_UNSUPPORTED) {
		fwd_drop(f, p, FWD_DROP_GRE_UNSUPPORTED);
	} else if (!t) {
		fwd_drop(f, p, FWD_DROP_GRE_KEY);
	} else if (g.proto != GRE_PROTO_IPV4 && g.proto != 0x86dd) {
		t->stats.in_unsupported++;
		fwd_drop(f, p, FWD_DROP_GRE_UNSUPPORTED);
	} else if (!t->conf.up) {
		t->stats.in_errors++;
		fwd_drop(f, p, FWD_DROP_TUNNEL_DOWN);
	} else {
		struct flow fl;
		const struct spd_entry *e = NULL;
		struct fport *tun = port_by_id(f, t->conf.tun_port);

		ip4_flow(p, h, &fl);
		if (clear)
			e = spd_lookup_inbound(&f->table.spd, t->conf.egress_ifid, &fl);
		if (e || !tun) {
			t->stats.in_errors++;
			fwd_drop(f, p, e ? FWD_DROP_RECVD_CLEAR : FWD_DROP_NO_TUNNEL);
			return true;
		}
		(void)pkt_pull(p, (size_t)h->header_len + g.header_len);
		if (t->conf.adjust_mss)
			ip4_clamp_mss(p, t->conf.adjust_mss);
		t->stats.in_packets++;
		t->stats.in_bytes += p->len;
		t->last_in_ms = f->now_ms;
		deliver(f, d, tun, p);
	}
	return true;
}

static void deliver_decapsulated(struct forwarder *f, struct delivery *d, struct pkt *p)
{
	struct sa *sa = p->sa;
	struct policy *pol = policy_get(f, sa->spec.policy_id, false);
	struct ip4 h;

	if (pol) {
		pol->stats.decaps++;
		pol->stats.decrypts++;
		if (sa->icv_len)
			pol->stats.verifies++;
	}
	if (!ip4_peek(span_of(p->data, p->len), &h)) {
		fwd_drop(f, p, FWD_DROP_MALFORMED_IP);
		return;
	}
	/* fragments of GRE go to the kernel, whose whole packet comes back by the
	 * GRE socket */
	if (h.proto == IPPROTO_GRE_ && !(h.frag & (IP4_MF | IP4_OFF_MASK)) &&
	    take_gre(f, d, p, &h, false))
		return;
	struct fport *steer = pol ? port_by_kind(f, FWD_PORT_STEER, pol->ifid) : NULL;
	if (!steer) {
		fwd_drop(f, p, FWD_DROP_NO_POLICY);
		return;
	}
	deliver(f, d, steer, p);
}

/* A NAT may have given the peer another port: authenticated packets say so. */
static void follow_peer(struct forwarder *f, struct sa *sa, const struct pkt *p)
{
	struct fwd_msg m = { .type = FWD_PEER_MOVED };

	if (!sa->icv_len || p->remote.family != IP_V4 ||
	    (p->remote_port == sa->spec.udp_sport && ipaddr_equal(&p->remote, &sa->spec.src)))
		return;
	sa->spec.src = p->remote;
	sa->spec.udp_sport = p->remote_port;
	m.u.peer_moved.sa_id = sa->spec.id;
	m.u.peer_moved.addr = p->remote;
	m.u.peer_moved.port = p->remote_port;
	event_send(f, &m);
	/* the other direction of the pair follows at once (RFC 3947 section 4) */
	for (struct hnode *n = htab_walk(&f->sad.by_id, NULL); n; n = htab_walk(&f->sad.by_id, n)) {
		struct sa *out = hnode_entry(n, struct sa, by_id);

		if (out->spec.dir == SA_OUT && out->spec.pair_id == sa->spec.pair_id) {
			out->spec.dst = p->remote;
			out->spec.udp_dport = p->remote_port;
		}
	}
}

/* Everything after the SPI lookup. */
static void decapsulate(struct forwarder *f, struct batch *b)
{
	struct batch bad = { 0 };
	struct delivery d = { 0 };

	esp_decap(&f->esp, b, &bad, f->now_ms);
	for (size_t i = 0; i < bad.n; i++)
		refuse(f, bad.p[i]);
	for (size_t i = 0; i < b->n; i++) {
		struct sa *sa = b->p[i]->sa;

		if (sa_check_life(sa, f->now_ms))
			event_expire(f, sa);
		if (sa->spec.udp_encap)
			follow_peer(f, sa, b->p[i]);
		deliver_decapsulated(f, &d, b->p[i]);
	}
	b->n = 0;
	if (d.b.n)
		port_send(f, d.port, &d.b);
}

/* Sets p->sa; false (and p is gone) if nobody knows the SPI. */
static bool find_sa(struct forwarder *f, struct pkt *p)
{
	uint32_t spi;

	if (!esp_peek_spi(p, &spi)) {
		fwd_drop(f, p, FWD_DROP_MALFORMED_ESP);
		return false;
	}
	p->sa = sad_by_spi(&f->sad, PROTO_ESP, spi);
	if (p->sa)
		return true;
	struct fwd_msg m = { .type = FWD_UNKNOWN_SPI,
			     .u.unknown_spi = { ipaddr_v4(p->outer_src), ipaddr_v4(p->outer_dst),
						PROTO_ESP, spi } };
	event_send(f, &m);
	fwd_drop(f, p, FWD_DROP_UNKNOWN_SPI);
	return false;
}

void in_from_esp(struct forwarder *f, struct batch *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		struct ip4 h;

		if (!ip4_parse(p, false, &h) || h.frag & (IP4_MF | IP4_OFF_MASK)) {
			fwd_drop(f, p, FWD_DROP_MALFORMED_IP);
			continue;
		}
		p->outer_src = h.src;
		p->outer_dst = h.dst;
		p->outer_tos = h.tos;
		p->outer_ttl = h.ttl;
		p->outer_id = h.id;
		(void)pkt_pull(p, h.header_len);
		if (find_sa(f, p))
			b->p[kept++] = p;
	}
	b->n = kept;
	decapsulate(f, b);
}

static void ike_to_control(struct forwarder *f, struct pkt *p)
{
	struct fwd_msg m = { .type = FWD_IKE_RX };

	m.u.ike_rx.local = p->local;
	m.u.ike_rx.remote = p->remote;
	m.u.ike_rx.remote_port = p->remote_port;
	m.u.ike_rx.data = span_of(p->data + NON_ESP_MARKER, p->len - NON_ESP_MARKER);
	event_send(f, &m);
	pkt_put(&f->pool, p);
}

void in_from_udp(struct forwarder *f, struct batch *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		uint32_t spi;

		if (p->len == 1 && p->data[0] == 0xff) { /* keepalive, RFC 3948 section 2.3 */
			pkt_put(&f->pool, p);
			continue;
		}
		if (p->len > NON_ESP_MARKER && esp_peek_spi(p, &spi) && spi == 0) {
			ike_to_control(f, p);
			continue;
		}
		p->outer_src = ipaddr_to_v4(&p->remote);
		p->outer_dst = ipaddr_to_v4(&p->local);
		p->outer_ttl = 64;
		p->outer_id = 1;
		if (find_sa(f, p))
			b->p[kept++] = p;
	}
	b->n = kept;
	decapsulate(f, b);
}

static bool is_steering(const struct forwarder *f, uint32_t ifindex)
{
	for (const struct fport *p = f->ports; p; p = p->next)
		if (p->desc.kind == FWD_PORT_STEER && p->desc.dev_ifindex == ifindex)
			return true;
	return false;
}

void in_from_gre(struct forwarder *f, struct batch *b)
{
	struct delivery d = { 0 };

	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		/* what comes back from a steering TUN was reassembled out of an SA */
		bool clear = !is_steering(f, p->ifindex);
		const struct spd_entry *e = NULL;
		struct flow fl;
		struct ip4 h;

		if (!ip4_parse(p, false, &h)) {
			fwd_drop(f, p, FWD_DROP_MALFORMED_IP);
			continue;
		}
		ip4_flow(p, &h, &fl);
		if (clear)
			e = spd_lookup_inbound(&f->table.spd, p->ifindex, &fl);
		if (e) {
			struct fwd_msg m = { .type = FWD_RECVD_CLEAR };
			struct policy *pol = e->state;

			pol->stats.recvd_clear++;
			m.u.recvd_clear.ifid = p->ifindex;
			m.u.recvd_clear.flow = flow_mirror(&fl);
			event_send(f, &m);
			fwd_drop(f, p, FWD_DROP_RECVD_CLEAR);
		} else if (!take_gre(f, &d, p, &h, clear)) {
			fwd_drop(f, p, FWD_DROP_NO_TUNNEL);
		}
	}
	b->n = 0;
	if (d.b.n)
		port_send(f, d.port, &d.b);
}
