/* SPDX-License-Identifier: Apache-2.0 */
/* Dead peer detection (RFC 3706), as `crypto isakmp keepalive` has it: periodic asks
 * every so many seconds; on-demand asks only when packets went out and nothing has
 * come back for so long. One that is not answered is asked again with the next
 * number, and after IKE_DPD_TRIES of those the peer is dead. The newest ISAKMP SA of
 * a peer asks; anything authentic from him meanwhile, ESP too, is an answer. */
#include "ike/internal.h"

#define DPD_FIRST_MASK UINT32_C(0x7fffffff) /* RFC 3706 section 6.2: no overflow in an SA's life */

bool dpd_is_on(const struct ike_sa *sa)
{
	return profile_keepalive_sec(sa) && sa->peer_dpd;
}

static void arm(struct ike_sa *sa, uint64_t at_ms)
{
	sa->dpd.timer.kind = T_DPD;
	sa->dpd.timer.owner = sa;
	/* without memory nobody asks any more: the SAs still end with their lifetimes */
	(void)timer_arm(&sa->k->timers, &sa->dpd.timer, at_ms);
}

/* Nothing is asked until the next question, if one comes by itself: an interval after
 * the last one, unless that took several. */
static void rest(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	struct dpd *d = &sa->dpd;
	uint64_t since_ms = d->asking && !d->tries ? d->asked_ms : k->now_ms;

	d->asking = false;
	d->tries = 0;
	if (k->cfg.keepalive_periodic)
		arm(sa, since_ms + profile_keepalive_sec(sa) * UINT64_C(1000));
	else
		timer_stop(&k->timers, &sa->dpd.timer);
}

void dpd_start(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	struct dpd *d = &sa->dpd;

	if (!dpd_is_on(sa)) {
		timer_stop(&k->timers, &d->timer);
		d->asking = false;
		return;
	}
	act_debug(k, sa, "IKE_DPD is enabled, initializing timers");
	if (!d->started)
		k->env.random(k->env.ctx, &d->seq, sizeof(d->seq));
	d->seq &= d->started ? UINT32_MAX : DPD_FIRST_MASK;
	d->started = true;
	d->asking = false;
	rest(sa);
}

static struct span cookies(const struct ike_sa *sa, uint8_t buf[16])
{
	struct wr w = wr_of(buf, 16);

	wr_bytes(&w, sa->i_cookie, 8);
	wr_bytes(&w, sa->r_cookie, 8);
	return wr_done(&w);
}

/* Each message has a number of its own (section 6.2): one that was lost needs no
 * other treatment, and an answer that comes late is known by its number. */
static void send_question(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	uint8_t spi[16], b[4];
	struct wr w = wr_of(b, sizeof(b));

	wr_be32(&w, ++sa->dpd.seq);
	act_debug(k, sa, "Sending NOTIFY DPD/R_U_THERE protocol 1");
	act_debug(k, sa, "seq. no 0x%X", sa->dpd.seq);
	info_notify(sa, 1, cookies(sa, spi), NT_R_U_THERE, span_of(b, 4));
	act_debug(k, sa, "Input = IKE_MESG_FROM_TIMER, IKE_TIMER_IM_ALIVE");
	arm(sa, k->now_ms + profile_retry_sec(sa) * UINT64_C(1000));
}

static void ask(struct ike_sa *sa)
{
	sa->dpd.asking = true;
	sa->dpd.tries = 0;
	sa->dpd.asked_ms = sa->k->now_ms;
	send_question(sa);
}

/* When the peer was heard last, by IKE or by ESP. */
static uint64_t heard(struct ike_sa *sa)
{
	const struct peer peer = peer_of_sa(sa);
	uint64_t ms = sa->heard_ms;
	struct pair *p;

	for (p = pair_of_peer(sa->k, &peer.addr, NULL); p; p = pair_of_peer(sa->k, &peer.addr, p))
		if (p->in_ms > ms && peer_has_pair(&peer, p))
			ms = p->in_ms;
	return ms;
}

static bool is_newest(struct ike_sa *sa)
{
	const struct peer peer = peer_of_sa(sa);

	return sa_up_of(sa->k, NULL, &peer) == sa;
}

static void nobody_answers(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	const struct peer peer = peer_of_sa(sa);
	char a[IPADDR_STRLEN];

	if (!sa->proven) { /* he lacks our last message: the SA is none, he may well live */
		sa_end(sa, false, "the peer never came to use it");
		return;
	}
	ipaddr_ios(&peer.addr, a);
	act_debug(k, sa, "peer %s not responding!", a);
	act_log(k, &peer.addr, "CRYPTO-5-IKMP_PEER_DEAD",
		"Peer %s answered none of %u R-U-THERE (crypto isakmp keepalive): its SAs are deleted",
		a, IKE_DPD_TRIES + 1);
	dpd_dead(k, &peer);
}

void dpd_timer_fired(struct ike_sa *sa)
{
	struct dpd *d = &sa->dpd;

	if (sa->state != MM_DONE || !dpd_is_on(sa))
		return;
	if (!is_newest(sa)) {
		rest(sa);
	} else if (!d->asking) {
		ask(sa);
	} else if (heard(sa) > d->asked_ms) {
		rest(sa);
	} else if (d->tries < IKE_DPD_TRIES) {
		d->tries++;
		act_debug(sa->k, sa, "DPD incrementing error counter (%u/%u)", d->tries,
			  IKE_DPD_TRIES);
		send_question(sa);
	} else {
		nobody_answers(sa);
	}
}

void dpd_suspect(struct pair *p)
{
	struct ike *k = p->k;
	struct ike_path path = { *pair_local(p), p->peer, 500, 500 };
	const struct peer peer = peer_of_pair(p);
	struct ipaddr at = { 0 };
	struct ike_sa *sa = sa_up_of(k, NULL, &peer);

	if (sa && dpd_is_on(sa) && !sa->dpd.asking && p->out_ms > heard(sa) &&
	    heard(sa) + profile_keepalive_sec(sa) * UINT64_C(1000) <= k->now_ms)
		ask(sa);
	if (sa || sa_starting_of(k, NULL, &peer))
		return;
	if (p->out.udp_encap) { /* through a NAT, port 500's mapping is long gone */
		path.local_port = p->out.udp_sport;
		path.remote_port = p->out.udp_dport;
		if (!ipaddr_equal(&p->out.dst, &p->peer))
			at = p->out.dst; /* where it has moved him to */
	}
	/* pairs without a phase 1 (its lifetime is over, control was restarted): whether
	 * the peer lives is seen by whether he makes one */
	if (p1_any_usable(k) && auth_methods(k, &path.local, &path.remote) &&
	    (sa = phase1_at(k, &path, &at, p->policy.profile))) {
		sa->probe = true;
		sa->nat_there = peer.hidden; /* whom it asks for; it may find another one */
		sa->who = peer.who;
	}
}

static struct ike_sa *up_with(struct ike *k, const struct peer *peer)
{
	struct ike_sa *sa = sa_of_peer(k, &peer->addr, NULL);

	while (sa && !(sa->state == MM_DONE && peer_has_sa(peer, sa)))
		sa = sa_of_peer(k, &peer->addr, sa);
	return sa;
}

void dpd_dead(struct ike *k, const struct peer *peer)
{
	struct pair *p, *next_p;
	struct ike_sa *sa;

	policies_leave(k, &peer->local, &peer->addr);
	for (p = pair_of_peer(k, &peer->addr, NULL); p; p = next_p) {
		next_p = pair_of_peer(k, &peer->addr, p);
		/* he may hear what we cannot: the DELETE goes out all the same */
		if (peer_has_pair(peer, p))
			pair_remove(p, true, "dead peer: it does not answer");
	}
	/* half-open ones are left to their own timers: he may be coming back */
	while ((sa = up_with(k, peer))) /* each time anew: new ones may be begun meanwhile */
		sa_end(sa, true, "P1 errcounter exceeded (PEERS_ALIVE_TIMER)");
}

/* ---- what the peer asks and answers ---- */

/* The number of a question or an answer; false if it is none of this SA (section 5.3:
 * the SPI is both cookies; some peers leave it out). */
static bool number_of(const struct ike_sa *sa, const struct ike_notify *n, uint32_t *ret_seq)
{
	struct rd r = rd_span(n->data);
	uint8_t spi[16];

	*ret_seq = rd_be32(&r);
	return n->data.len == 4 &&
	       (!n->spi.len || span_equal(n->spi, cookies(sa, spi)));
}

static bool is_later(const struct dpd *d, uint32_t seq)
{
	return !d->his_known || (seq != d->his_seq && seq - d->his_seq < UINT32_C(1) << 31);
}

/* One of those that this question has put. */
static bool is_awaited(const struct dpd *d, uint32_t seq)
{
	return d->asking && d->seq - seq <= d->tries;
}

bool dpd_believes(struct ike_sa *sa, const struct ike_payloads *pl)
{
	struct ike_notify n;
	uint32_t seq;

	for (size_t i = 1; i < pl->n; i++) {
		if (pl->v[i].type != PL_NOTIFY || !ike_notify_decode(pl->v[i].body, &n))
			continue;
		if (n.type == NT_R_U_THERE &&
		    !(number_of(sa, &n, &seq) && is_later(&sa->dpd, seq)))
			return false;
		if (n.type == NT_R_U_THERE_ACK &&
		    !(number_of(sa, &n, &seq) && is_awaited(&sa->dpd, seq)))
			return false;
	}
	return true;
}

void dpd_asked(struct ike_sa *sa, const struct ike_notify *n)
{
	char a[IPADDR_STRLEN];
	uint32_t seq;

	if (!number_of(sa, n, &seq)) {
		act_debug(sa->k, sa, "DPD/R_U_THERE that is none of this SA, ignored");
		return;
	}
	act_debug(sa->k, sa, "DPD/R_U_THERE received from peer %s, sequence 0x%X",
		  ipaddr_ios(&sa->path.remote, a), seq);
	if (is_later(&sa->dpd, seq)) {
		sa->dpd.his_known = true;
		sa->dpd.his_seq = seq;
	}
	act_debug(sa->k, sa, "Sending NOTIFY DPD/R_U_THERE_ACK protocol 1");
	info_notify(sa, n->proto, n->spi, NT_R_U_THERE_ACK, n->data);
}

void dpd_answered(struct ike_sa *sa, const struct ike_notify *n)
{
	char a[IPADDR_STRLEN];
	uint32_t seq;

	if (!number_of(sa, n, &seq) || !is_awaited(&sa->dpd, seq)) {
		act_debug(sa->k, sa, "DPD/R_U_THERE_ACK with a number that nobody waits for, ignored");
		return;
	}
	act_debug(sa->k, sa, "DPD/R_U_THERE_ACK received from peer %s, sequence 0x%X",
		  ipaddr_ios(&sa->path.remote, a), seq);
	rest(sa);
}
