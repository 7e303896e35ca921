/* SPDX-License-Identifier: Apache-2.0 */
/* Outbound: from a TunnelN or a steering TUN through the SPD to the cipher
 * sockets. A packet that a policy protects never leaves without an SA: it waits,
 * or it is dropped (the third lock of docs/architecture.md). */
#include "forwarder/internal.h"

#include <string.h>

#include "base/wr.h"
#include "packet/gre.h"

static uint64_t flow_key(const struct flow *fl)
{
	uint64_t h = (uint64_t)ipaddr_to_v4(&fl->local) << 32 | ipaddr_to_v4(&fl->remote);

	h ^= (uint64_t)fl->local_port << 24 ^ (uint64_t)fl->remote_port << 40 ^ fl->proto;
	return h * UINT64_C(0x9e3779b97f4a7c15);
}

/* ---- waiting for a negotiation ---- */

void out_forget(struct forwarder *f, struct policy *pol, uint64_t older_than_ms, enum fwd_drop why)
{
	while (pol->wait_first && pol->wait_first->since_ms <= older_than_ms) {
		struct pkt *p = pol->wait_first;

		pol->wait_first = p->next;
		pol->n_waiting--;
		f->n_waiting--;
		pol->stats.send_errors++;
		fwd_drop(f, p, why);
	}
	if (!pol->wait_first)
		pol->wait_last = &pol->wait_first;
}

static void wait_for_sa(struct forwarder *f, struct policy *pol, const struct flow *fl,
			struct pkt *p)
{
	size_t same = 0;

	pol->stats.no_sa++;
	p->flow_key = flow_key(fl);
	for (struct pkt *q = pol->wait_first; q; q = q->next)
		same += q->flow_key == p->flow_key;
	if (same >= WAIT_PER_FLOW || pol->n_waiting >= WAIT_PER_POLICY ||
	    f->n_waiting >= WAIT_TOTAL) {
		pol->stats.send_errors++;
		fwd_drop(f, p, FWD_DROP_NO_SA);
	} else {
		p->since_ms = f->now_ms;
		p->next = NULL;
		*pol->wait_last = p;
		pol->wait_last = &p->next;
		pol->n_waiting++;
		f->n_waiting++;
		pol->stats.queued++;
	}
	if (!pol->acquired_ms || f->now_ms - pol->acquired_ms >= ACQUIRE_EVERY_MS) {
		struct fwd_msg m = { .type = FWD_ACQUIRE,
				     .u.acquire = { pol->stats.policy_id, *fl } };

		pol->acquired_ms = f->now_ms;
		event_send(f, &m);
	}
}

/* ---- sending what has an SA ---- */

static void too_big(struct forwarder *f, struct policy *pol, struct pkt *p, size_t mtu)
{
	struct fport *icmp = port_by_kind(f, FWD_PORT_ICMP, 0);
	struct pkt *m = pkt_get(&f->pool);
	struct ip4 h;

	pol->stats.too_big++;
	if (m && icmp && ip4_peek(span_of(p->data, p->len), &h)) {
		struct batch b = { 0 };

		m->len = (uint32_t)icmp4_too_big(span_of(p->data, p->len), (uint16_t)mtu, m->data,
						 PKT_DATA_MAX);
		m->remote = ipaddr_v4(h.src);
		(void)batch_add(&b, m);
		port_send(f, icmp, &b);
	} else if (m) {
		pkt_put(&f->pool, m);
	}
	fwd_drop(f, p, FWD_DROP_TOO_BIG);
}

static void count_out(struct policy *pol, const struct sa *sa)
{
	pol->stats.encaps++;
	pol->stats.encrypts++;
	if (sa->icv_len)
		pol->stats.digests++;
}

/* Finished ESP of transport mode may exceed the path: then IP fragments it (the
 * outer DF bit is clear there, or the packet was refused before). */
static void send_raw(struct forwarder *f, struct batch *raw)
{
	struct fport *esp = port_by_kind(f, FWD_PORT_ESP, 0);
	struct batch b = { 0 };

	for (size_t i = 0; i < raw->n; i++) {
		struct pkt *p = raw->p[i];
		struct policy *pol = policy_get(f, p->policy_id, false);
		size_t mtu = pol ? pol->path_mtu : 1500;

		if (p->len <= mtu) {
			if (!batch_add(&b, p)) {
				port_send(f, esp, &b);
				(void)batch_add(&b, p);
			}
			continue;
		}
		port_send(f, esp, &b);
		if (ip4_fragment(&f->pool, p, mtu, &b))
			fwd_drop(f, p, FWD_DROP_NO_BUFFER);
	}
	port_send(f, esp, &b);
	raw->n = 0;
}

static enum fwd_drop drop_of(uint8_t reason)
{
	switch ((enum esp_reason)reason) {
	case ESP_SA_DEAD:
		return FWD_DROP_SA_DEAD;
	case ESP_SHORT:
		return FWD_DROP_MALFORMED_IP;
	default:
		return FWD_DROP_NO_BUFFER;
	}
}

void out_flush(struct forwarder *f)
{
	struct batch bad = { 0 }, raw = { 0 }, udp = { 0 };

	if (!f->out.n)
		return;
	esp_encap(&f->esp, &f->out, &bad, ESP_DF_COPY, f->now_ms);
	for (size_t i = 0; i < bad.n; i++) {
		struct policy *pol = policy_get(f, bad.p[i]->policy_id, false);

		if (pol)
			pol->stats.send_errors++;
		fwd_drop(f, bad.p[i], drop_of(bad.p[i]->reason));
	}
	for (size_t i = 0; i < f->out.n; i++) {
		struct pkt *p = f->out.p[i];
		struct sa *sa = p->sa;
		struct policy *pol = policy_get(f, p->policy_id, false);

		if (pol)
			count_out(pol, sa);
		(void)batch_add(sa->spec.udp_encap ? &udp : &raw, p);
		if (sa_check_life(sa, f->now_ms))
			event_expire(f, sa);
	}
	f->out.n = 0;
	send_raw(f, &raw);
	port_send(f, port_by_kind(f, FWD_PORT_UDP_ENCAP, 0), &udp);
}

static void emit(struct forwarder *f, struct pkt *p)
{
	if (f->out.n == BATCH_MAX)
		out_flush(f);
	(void)batch_add(&f->out, p);
}

/* Before encryption: what does not fit the SA is refused (DF) or cut. */
static void fit_and_emit(struct forwarder *f, struct policy *pol, struct sa *sa,
			 const struct ip4 *h, struct pkt *p)
{
	size_t mtu = sa_plaintext_mtu(sa, pol->path_mtu);
	struct batch parts = { 0 };

	p->sa = sa;
	p->policy_id = pol->stats.policy_id;
	if (p->len <= mtu || (sa->spec.mode == MODE_TRANSPORT && !(h->frag & IP4_DF))) {
		emit(f, p);
		return;
	}
	if (h->frag & IP4_DF) {
		too_big(f, pol, p, mtu);
		return;
	}
	if (ip4_fragment(&f->pool, p, mtu, &parts)) {
		fwd_drop(f, p, FWD_DROP_NO_BUFFER);
		return;
	}
	for (size_t i = 0; i < parts.n; i++)
		emit(f, parts.p[i]);
}

/* The newest usable SA of the policy whose selectors take the flow. */
static struct sa *pick_sa(struct policy *pol, const struct flow *fl)
{
	for (struct sa *sa = pol->out; sa; sa = sa->next)
		if (!sa->dead && sa->seq != UINT32_MAX && selector_has(&sa->spec.sel, fl))
			return sa;
	return NULL;
}

void out_release(struct forwarder *f, struct policy *pol)
{
	struct pkt *p = pol->wait_first;

	f->n_waiting -= pol->n_waiting;
	pol->n_waiting = 0;
	pol->wait_first = NULL;
	pol->wait_last = &pol->wait_first;
	while (p) {
		struct pkt *next = p->next;
		struct flow fl;
		struct ip4 h;

		p->next = NULL;
		if (!ip4_parse(p, false, &h)) {
			fwd_drop(f, p, FWD_DROP_MALFORMED_IP);
		} else {
			ip4_flow(p, &h, &fl);
			struct sa *sa = pick_sa(pol, &fl);
			if (sa)
				fit_and_emit(f, pol, sa, &h, p);
			else
				wait_for_sa(f, pol, &fl, p);
		}
		p = next;
	}
	out_flush(f);
}

/* One packet against the SPD of the interface. False: no policy takes it, and it
 * still belongs to the caller. */
static bool protect(struct forwarder *f, uint32_t ifid, struct pkt *p, const struct ip4 *h)
{
	const struct spd_entry *e;
	struct policy *pol;
	struct flow fl;
	struct sa *sa;

	ip4_flow(p, h, &fl);
	e = spd_lookup_cached(&f->table.spd, &f->cache, ifid, &fl);
	if (!e)
		return false;
	pol = e->state;
	pol->stats.matches++;
	sa = pick_sa(pol, &fl);
	if (sa)
		fit_and_emit(f, pol, sa, h, p);
	else
		wait_for_sa(f, pol, &fl, p);
	return true;
}

void out_from_steering(struct forwarder *f, uint32_t ifid, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct ip4 h;

		if (!ip4_parse(b->p[i], false, &h))
			fwd_drop(f, b->p[i], FWD_DROP_MALFORMED_IP);
		else if (!protect(f, ifid, b->p[i], &h))
			fwd_drop(f, b->p[i], FWD_DROP_NO_POLICY);
	}
	b->n = 0;
	out_flush(f);
}

/* ---- GRE ---- */

/* GRE and outer header around the inner packet. The reason for not doing so, or
 * FWD_N_DROPS. */
static enum fwd_drop encapsulate(struct tunnel *t, struct pkt *p, struct ip4 *ret_outer)
{
	const struct fwd_tunnel *c = &t->conf;
	struct gre g = { .has_key = c->has_key, .key = c->key };
	struct ip4 in;
	uint8_t tos;

	if (p->len && p->data[0] >> 4 == 6) {
		g.proto = 0x86dd;
		struct rd r = pkt_rd(p);
		tos = (uint8_t)(rd_be16(&r) >> 4); /* the traffic class */
	} else {
		g.proto = GRE_PROTO_IPV4;
		if (!ip4_parse(p, false, &in))
			return FWD_DROP_MALFORMED_IP;
		if (in.dst == ipaddr_to_v4(&c->dst))
			return FWD_DROP_RECURSION;
		tos = in.tos;
		if (c->adjust_mss)
			ip4_clamp_mss(p, c->adjust_mss);
	}
	size_t header = gre_header_len(&g);
	uint8_t *at = pkt_push(p, header);
	if (!at)
		return FWD_DROP_NO_BUFFER;
	struct wr w = wr_of(at, header);
	gre_encode(&w, &g);
	at = pkt_push(p, IP4_HEADER);
	if (!at || p->len > UINT16_MAX)
		return FWD_DROP_NO_BUFFER;
	if (++t->ip_id == 0)
		t->ip_id = 1;
	*ret_outer = (struct ip4){ .header_len = IP4_HEADER, .tos = c->tos == 0xff ? tos : c->tos,
				   .ttl = c->ttl, .proto = IPPROTO_GRE_, .id = t->ip_id,
				   .total_len = (uint16_t)p->len, .src = ipaddr_to_v4(&c->src),
				   .dst = ipaddr_to_v4(&c->dst) };
	ip4_write(at, ret_outer);
	return FWD_N_DROPS;
}

void out_from_tunnel(struct forwarder *f, struct tunnel *t, struct batch *b)
{
	struct batch clear = { 0 };

	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		uint32_t inner_len = p->len;
		struct ip4 outer;
		enum fwd_drop why = t->conf.up ? encapsulate(t, p, &outer) : FWD_DROP_TUNNEL_DOWN;

		if (why != FWD_N_DROPS) {
			t->stats.out_drops++;
			fwd_drop(f, p, why);
			continue;
		}
		t->stats.out_packets++;
		t->stats.out_bytes += inner_len;
		t->last_out_ms = f->now_ms;
		if (protect(f, t->conf.egress_ifid, p, &outer))
			continue;
		(void)batch_add(&clear, p);
	}
	b->n = 0;
	out_flush(f);
	port_send(f, port_by_kind(f, FWD_PORT_GRE, 0), &clear);
}
