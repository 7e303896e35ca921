/* SPDX-License-Identifier: Apache-2.0 */
/* Outbound, once the SA is known: fit the path, encapsulate a batch in one crypto
 * run, send. */
#include "forwarder/internal.h"

void send_cut(struct forwarder *f, struct fport *port, struct batch *b, struct pkt *p, size_t mtu)
{
	if (b->n == BATCH_MAX)
		port_send(f, port, b);
	if (p->len <= mtu) {
		(void)batch_add(b, p);
		return;
	}
	/* a raw socket with IP_HDRINCL refuses what exceeds the device: IP fragments
	 * it here (DF is clear, or it would have been refused before; an IPv6 tunnel's way in
	 * may, RFC 2473 section 7, RFC 4301 section 8.2.1) */
	port_send(f, port, b);
	if (ip_fragment(&f->pool, p, mtu, f->frag_id += f->all->n, b))
		fwd_drop(f, p, FWD_DROP_NO_BUFFER);
}

static enum fwd_drop drop_of(struct fwd_policy_stats *s, uint8_t reason)
{
	switch ((enum esp_reason)reason) {
	case ESP_SA_DEAD:
		s->rollover++;
		return FWD_DROP_SA_DEAD;
	case ESP_SHORT:
		s->encaps_failed++;
		return FWD_DROP_MALFORMED_IP;
	default:
		s->internal_out++;
		return FWD_DROP_NO_BUFFER;
	}
}

/* What leaves by each of the sockets. */
struct leaving {
	struct batch esp, ah, udp;
	struct fport *esp_port, *ah_port, *udp_port;
};

/* Batches begin empty; to clear their room each time would be felt. */
static void leaving_init(const struct forwarder *f, struct leaving *l, enum fwd_port_kind esp,
			 enum fwd_port_kind ah, enum fwd_port_kind udp)
{
	l->esp.n = l->ah.n = l->udp.n = 0;
	l->esp_port = f->all->by_kind[esp];
	l->ah_port = f->all->by_kind[ah];
	l->udp_port = f->all->by_kind[udp];
}

/* The packets of one SA. */
static void leave(struct forwarder *f, struct leaving *l, const struct sa *sa, struct pkt *const *p,
		  size_t n)
{
	struct batch *b = sa->has_ah ? &l->ah : &l->esp;
	size_t mtu = sa->path_mtu;

	if (sa->spec.udp_encap) {
		for (size_t i = 0; i < n; i++) {
			/* one that is to be cut all the same: by the kernel */
			if (p[i]->len + ip_header_of(sa->spec.src.family) + ESP_UDP_HEADER > mtu)
				p[i]->outer_df = false;
			(void)batch_add(&l->udp, p[i]);
		}
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (p[i]->len > mtu || !batch_add(b, p[i]))
			send_cut(f, sa->has_ah ? l->ah_port : l->esp_port, b, p[i], mtu);
}

static void leave_all(struct forwarder *f, struct leaving *l)
{
	if (l->esp.n)
		port_send(f, l->esp_port, &l->esp);
	if (l->ah.n)
		port_send(f, l->ah_port, &l->ah);
	if (l->udp.n)
		port_send(f, l->udp_port, &l->udp);
}

/* Sends the packets of f->out that are of that SA, and takes them out; NULL: all of them, and the caller does.
 * None that has left may stay: its buffer may be a piece of another packet by the next call. */
static void send_out(struct forwarder *f, const struct sa *only)
{
	struct leaving v4, v6;
	size_t kept = 0;

	leaving_init(f, &v4, FWD_PORT_ESP, FWD_PORT_AH, FWD_PORT_UDP_ENCAP);
	leaving_init(f, &v6, FWD_PORT_ESP6, FWD_PORT_AH6, FWD_PORT_UDP6_ENCAP);
	for (size_t i = 0, n; i < f->out.n; i += n) {
		struct pkt **p = f->out.p + i;
		struct sa *sa = p[0]->sa;
		struct policy *pol;

		for (n = 1; i + n < f->out.n && p[n]->sa == sa; n++)
			;
		if (only && sa != only) {
			memmove(f->out.p + kept, p, n * sizeof(*p));
			kept += n;
			continue;
		}
		pol = sa->owner;
		pol_stats(f, pol)->encaps += n;
		pol_stats(f, pol)->encrypts += sa->has_esp ? n : 0;
		pol_stats(f, pol)->digests += sa->icv_len || sa->has_ah ? n : 0;
		leave(f, sa->spec.src.family == IP_V6 ? &v6 : &v4, sa, p, n);
		if (!f->beside && sa_check_life(sa, f->now_ms))
			event_expire(f, sa);
	}
	leave_all(f, &v4);
	leave_all(f, &v6);
	if (only)
		f->out.n = kept;
}

static void drop_bad(struct forwarder *f, const struct batch *bad)
{
	for (size_t i = 0; i < bad->n; i++) {
		struct sa *sa = bad->p[i]->sa;
		struct policy *pol = sa->owner;

		pol_stats(f, pol)->send_errors++;
		/* an SA that has just ended is told now, not at the next scan */
		if (!f->beside && sa->dead && sa_check_life(sa, f->now_ms))
			event_expire(f, sa);
		fwd_drop(f, bad->p[i], drop_of(pol_stats(f, pol), bad->p[i]->reason));
	}
}

void esp_out_flush(struct forwarder *f)
{
	struct batch bad;

	if (!f->out.n)
		return;
	bad.n = 0;
	ahead_keys(f, f->out.p, f->out.n);
	if (f->beside)
		runs_reserve(f);
	ipsec_encap(&f->esp, &f->out, &bad, ESP_DF_COPY, f->now_ms);
	drop_bad(f, &bad);
	if (f->beside)
		runs_send(f, send_out);
	else
		send_out(f, NULL);
	f->out.n = 0;
}

/* What becomes of a packet that is too long for the path once it is encrypted. */
enum fate { CUT_BEFORE, CUT_AFTER, REFUSE };

/* `crypto ipsec df-bit` and `fragmentation`, RFC 4301 section 8. A packet is encrypted
 * whole, and the ESP packet cut, where it must be - transport mode is for whole datagrams
 * only (RFC 4303 section 3.1.1, RFC 4302 3.1.1), and later fragments would not show the ports that an SA
 * may be about - or where it is to be and the outer header lets it. */
static enum fate fate_of(const struct sa *sa, const struct policy *pol, const struct ip_view *h)
{
	bool transport = sa->spec.mode == MODE_TRANSPORT;

	/* IPv6 is cut by nobody but its source, and `df-bit` is not about it; below the least MTU
	 * the source could not help. In transport mode this router is the source. Its TCP learns
	 * what fits; the kernel does not make another packet smaller that is steered. */
	if (h->family == IP_V6 && transport && !pol->gre && h->proto != IPPROTO_TCP_)
		return CUT_AFTER;
	if (h->family == IP_V6)
		return h->frag & IP4_DF && h->total_len > IP6_LEAST_MTU ? REFUSE : CUT_AFTER;
	if (h->frag & IP4_DF && (transport || pol->df_bit != ESP_DF_CLEAR))
		return REFUSE;
	if (transport || sa->spec.sel.local_port.op != PORT_ANY ||
	    sa->spec.sel.remote_port.op != PORT_ANY)
		return CUT_AFTER;
	return pol->frag_after && pol->df_bit != ESP_DF_SET ? CUT_AFTER : CUT_BEFORE;
}

static void cut_and_emit(struct forwarder *f, struct sa *sa, struct pkt *p)
{
	struct policy *pol = sa->owner;
	struct batch parts = { 0 };

	if (ip4_fragment(&f->pool, p, sa->plain_mtu, &parts)) {
		pol_stats(f, pol)->send_errors++;
		pol_stats(f, pol)->internal_out++;
		fwd_drop(f, p, FWD_DROP_NO_BUFFER);
	}
	for (size_t i = 0; i < parts.n; i++)
		esp_out_emit(f, sa, parts.p[i]);
}

void esp_out_add(struct forwarder *f, struct sa *sa, const struct ip_view *h, struct pkt *p)
{
	struct policy *pol = sa->owner;

	if (sa->spec.mode == MODE_TRANSPORT && ip_is_fragment(h)) {
		pol_stats(f, pol)->send_errors++;
		pol_stats(f, pol)->encaps_failed++;
		fwd_drop(f, p, FWD_DROP_FRAGMENT);
		return;
	}
	if (p->len <= sa->plain_mtu) {
		esp_out_emit(f, sa, p);
		return;
	}
	switch (fate_of(sa, pol, h)) {
	case CUT_BEFORE:
		cut_and_emit(f, sa, p);
		break;
	case CUT_AFTER:
		esp_out_emit(f, sa, p);
		break;
	case REFUSE:
		pol_stats(f, pol)->too_big++;
		pol_stats(f, pol)->send_errors++;
		pol_stats(f, pol)->encaps_failed++;
		answer_too_big(f, pol->vti ? pol->vti : pol->gre, p, sa->plain_mtu);
		break;
	}
}
