/* SPDX-License-Identifier: Apache-2.0 */
/* Outbound, once the SA is known: fit the path, encapsulate a batch in one crypto
 * run, send. */
#include "forwarder/internal.h"

#define ICMP_RATE  100 /* "fragmentation needed" per second (RFC 1812 section 4.3.2.8) */
#define ICMP_BURST 100

/* Whether an ICMP error may answer this packet (RFC 1812 section 4.3.2.7). */
static bool may_answer(const struct pkt *p, const struct ip4 *h)
{
	struct rd r = pkt_rd(p);
	uint32_t top = h->src >> 24;

	if (h->frag & IP4_OFF_MASK || top == 0 || top == 127 || top >= 224 || h->dst >> 28 >= 14)
		return false;
	if (h->proto != IPPROTO_ICMP_)
		return true;
	rd_skip(&r, h->header_len);
	uint8_t type = rd_u8(&r);
	return !r.bad && (type == 0 || type == 8 || (type >= 13 && type <= 18));
}

static void too_big(struct forwarder *f, struct policy *pol, const struct ip4 *h, struct pkt *p,
		    size_t mtu)
{
	struct pkt *m = NULL;
	struct batch b = { 0 };

	pol->stats.too_big++;
	pol->stats.send_errors++;
	if (may_answer(p, h) && bucket_take(&f->icmp_bucket, f->now_ms, ICMP_RATE, ICMP_BURST))
		m = pkt_get(&f->pool);
	if (m) {
		m->len = (uint32_t)icmp4_too_big(span_of(p->data, p->len), (uint16_t)mtu, m->data,
						 PKT_DATA_MAX);
		m->remote = ipaddr_v4(h->src);
		(void)batch_add(&b, m);
		port_send(f, f->by_kind[FWD_PORT_ICMP], &b);
	}
	fwd_drop(f, p, FWD_DROP_TOO_BIG);
}

void send_cut(struct forwarder *f, struct fport *port, struct batch *b, struct pkt *p, size_t mtu)
{
	if (b->n == BATCH_MAX)
		port_send(f, port, b);
	if (p->len <= mtu) {
		(void)batch_add(b, p);
		return;
	}
	/* a raw socket with IP_HDRINCL refuses what exceeds the device: IP fragments
	 * it here (DF is clear, or it would have been refused before) */
	port_send(f, port, b);
	if (ip4_fragment(&f->pool, p, mtu, b))
		fwd_drop(f, p, FWD_DROP_NO_BUFFER);
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

void esp_out_flush(struct forwarder *f)
{
	struct batch bad = { 0 }, esp = { 0 }, ah = { 0 }, udp = { 0 };
	struct fport *esp_port = f->by_kind[FWD_PORT_ESP], *ah_port = f->by_kind[FWD_PORT_AH];

	if (!f->out.n)
		return;
	ipsec_encap(&f->esp, &f->out, &bad, ESP_DF_COPY, f->now_ms);
	for (size_t i = 0; i < bad.n; i++) {
		struct policy *pol = ((struct sa *)bad.p[i]->sa)->owner;

		pol->stats.send_errors++;
		fwd_drop(f, bad.p[i], drop_of(bad.p[i]->reason));
	}
	for (size_t i = 0; i < f->out.n; i++) {
		struct pkt *p = f->out.p[i];
		struct sa *sa = p->sa;
		struct policy *pol = sa->owner;

		pol->stats.encaps++;
		pol->stats.encrypts += sa->key != NULL;
		pol->stats.digests += sa->icv_len || sa->ah.key;
		if (sa->spec.udp_encap)
			(void)batch_add(&udp, p);
		else if (sa->ah.key)
			send_cut(f, ah_port, &ah, p, pol->path_mtu);
		else
			send_cut(f, esp_port, &esp, p, pol->path_mtu);
		if (sa_check_life(sa, f->now_ms))
			event_expire(f, sa);
	}
	f->out.n = 0;
	port_send(f, esp_port, &esp);
	port_send(f, ah_port, &ah);
	port_send(f, f->by_kind[FWD_PORT_UDP_ENCAP], &udp);
}

static void emit(struct forwarder *f, struct sa *sa, struct pkt *p)
{
	if (f->out.n == BATCH_MAX)
		esp_out_flush(f);
	p->sa = sa;
	(void)batch_add(&f->out, p);
}

/* Whether a packet that is too long is encrypted whole and the ESP packet cut:
 * transport mode is for whole datagrams only (RFC 4303 section 3.1.1, RFC 4302 3.1.1), and later
 * fragments would not show the ports that the SA is about. */
static bool cut_after(const struct sa *sa)
{
	return sa->spec.mode == MODE_TRANSPORT || sa->spec.sel.local_port.op != PORT_ANY ||
	       sa->spec.sel.remote_port.op != PORT_ANY;
}

void esp_out_add(struct forwarder *f, struct sa *sa, const struct ip4 *h, struct pkt *p)
{
	struct policy *pol = sa->owner;
	size_t mtu = sa_plaintext_mtu(sa, pol->path_mtu);
	struct batch parts = { 0 };

	if (sa->spec.mode == MODE_TRANSPORT && h->frag & (IP4_MF | IP4_OFF_MASK)) {
		pol->stats.send_errors++;
		fwd_drop(f, p, FWD_DROP_FRAGMENT);
	} else if (p->len <= mtu) {
		emit(f, sa, p);
	} else if (h->frag & IP4_DF) {
		too_big(f, pol, h, p, mtu);
	} else if (cut_after(sa)) {
		emit(f, sa, p);
	} else if (ip4_fragment(&f->pool, p, mtu, &parts)) {
		pol->stats.send_errors++;
		fwd_drop(f, p, FWD_DROP_NO_BUFFER);
	} else {
		for (size_t i = 0; i < parts.n; i++)
			emit(f, sa, parts.p[i]);
	}
}
