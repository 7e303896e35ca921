/* SPDX-License-Identifier: Apache-2.0 */
/* The table of ISAKMP SAs: making, finding, ending. */
#include "ike/phase1.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

bool span_dup(struct span s, struct span *ret)
{
	uint8_t *p = malloc(s.len ? s.len : 1);

	if (!p)
		return false;
	if (s.len)
		memcpy(p, s.p, s.len);
	span_free(ret);
	*ret = span_of(p, s.len);
	return true;
}

void span_free(struct span *s)
{
	secret_free((void *)s->p, s->len);
	*s = (struct span){ 0 };
}

void span_move(struct span *to, struct span *from)
{
	span_free(to);
	*to = *from;
	*from = (struct span){ 0 };
}

void sa_story(struct ike_sa *sa, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sa->story, sizeof(sa->story), fmt, ap);
	va_end(ap);
}

struct ike_sa *sa_make(struct ike *k, const struct ike_path *path, bool initiator)
{
	struct ike_sa *sa = k->n_sas < IKE_MAX_SAS ? calloc(1, sizeof(*sa)) : NULL;

	if (!sa)
		return NULL;
	sa->k = k;
	sa->initiator = initiator;
	sa->known = !initiator && peer_known(k, &path->remote);
	sa->path = *path;
	sa->conn_id = k->next_conn++;
	sa->made_ms = k->now_ms;
	TAILQ_INIT(&sa->qms);
	k->env.random(k->env.ctx, initiator ? sa->i_cookie : sa->r_cookie, 8);
	sa->life.owner = sa->linger.owner = sa;
	k->walk.sa = NULL;
	TAILQ_INSERT_HEAD(&k->sas, sa, entry);
	(void)htab_add(&k->index.sas_by_peer, &sa->by_peer, index_addr(k, &path->remote));
	k->index.cookies_unknown++;
	k->n_sas++;
	return sa;
}

/* What only an exchange under way needs. */
static void forget_exchange(struct ike_sa *sa)
{
	work_drop(sa->k, sa->work);
	span_free(&sa->dh_seed);
	span_free(&sa->ke_i);
	span_free(&sa->ke_r);
	span_free(&sa->ni);
	span_free(&sa->nr);
	span_free(&sa->sai_b);
}

void sa_enter(struct ike_sa *sa, enum mm_state state)
{
	struct ike *k = sa->k;

	k->n_up -= sa->state == MM_DONE;
	k->n_dead -= sa->state == MM_DEAD;
	sa->state = state;
	k->n_up += state == MM_DONE;
	k->n_dead += state == MM_DEAD;
}

void sa_drop(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	struct qm *q;

	while ((q = TAILQ_FIRST(&sa->qms)))
		quick_drop(q);
	flight_free(k, &sa->flight);
	timer_stop(&k->timers, &sa->life);
	timer_stop(&k->timers, &sa->linger);
	timer_stop(&k->timers, &sa->keepalive);
	timer_stop(&k->timers, &sa->dpd.timer);
	forget_exchange(sa);
	span_free(&sa->idii_b);
	span_free(&sa->idir_b);
	span_free(&sa->his_key);
	span_free(&sa->peer_id);
	free(sa->pending);
	free(sa->seen);
	k->walk.sa = NULL;
	TAILQ_REMOVE(&k->sas, sa, entry);
	htab_del(&k->index.sas_by_peer, &sa->by_peer);
	if (sa->cookie_known)
		htab_del(&k->index.sas_by_cookie, &sa->by_cookie);
	else
		k->index.cookies_unknown--;
	sa_enter(sa, MM_IDLE);
	k->n_sas--;
	secret_free(sa, sizeof(*sa));
}

/* Quick modes under way on an SA that ends move to another one of the same peer,
 * or fail with it. */
static void fail_quick_modes(struct ike_sa *sa, const char *why)
{
	const struct peer peer = peer_of_sa(sa);
	struct ike *k = sa->k;
	struct qm *q;

	while ((q = TAILQ_FIRST(&sa->qms))) {
		const struct p2_policy *p = p2_by_id(k, q->policy.id);

		if (q->state != QM_I1 && q->state != QM_I0) {
			quick_leave(q);
		} else if (p && sa_up_of(k, p, &peer)) {
			quick_drop(q);
			negotiate(k, p);
		} else {
			quick_fail(q, why);
		}
	}
}

void sa_end(struct ike_sa *sa, bool tell_peer, const char *fmt, ...)
{
	struct ike *k = sa->k;
	uint32_t *pending = sa->pending;
	size_t n = sa->n_pending;
	struct ipaddr peer = sa->path.remote;
	char why[sizeof(sa->story)];
	va_list ap;

	if (sa->state == MM_DEAD)
		return;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	char addr[IPADDR_STRLEN];
	if (sa->state == MM_DONE && tell_peer)
		info_delete_isakmp(sa);
	act_debug(k, sa, "deleting SA reason \"%s\" state (%s) %s (peer %s)", why,
		  sa->initiator ? "I" : "R", ike_state_name(sa_shown_state(sa)),
		  ipaddr_ios(&peer, addr));
	flight_stop(k, &sa->flight);
	timer_stop(&k->timers, &sa->life);
	timer_stop(&k->timers, &sa->keepalive);
	timer_stop(&k->timers, &sa->dpd.timer);
	sa_enter(sa, MM_DEAD);
	snprintf(sa->story, sizeof(sa->story), "%s", why);
	if (sa->was_up || sa->initiator)
		act_step(k, sa->was_up ? IKE_STEP_PHASE1_DOWN : IKE_STEP_FAILED, &peer, 0, why);
	sa->pending = NULL;
	sa->n_pending = 0;
	fail_quick_modes(sa, why);
	forget_exchange(sa);
	secret_wipe(&sa->keys, sizeof(sa->keys));
	secret_wipe(sa->key, sizeof(sa->key));
	sa->linger.kind = T_LINGER;
	/* the strangers' half-open ones are not worth a line in show */
	(void)timer_arm(&k->timers, &sa->linger,
			k->now_ms + (sa->initiator || sa->was_up ? IKE_LINGER_MS : 0));
	for (size_t i = 0; i < n; i++) {
		const struct p2_policy *p = p2_by_id(k, pending[i]);

		if (p && sa_up_with(k, p, &peer))
			negotiate(k, p);
		else
			policy_failed(k, pending[i], &peer, why);
	}
	free(pending);
}

/* Fresh SAs stand first in the list; a responder learns the initiator's cookie after
 * the SA is made. */
static void note_cookies(struct ike *k)
{
	static const uint8_t none[8];
	struct ike_sa *sa;

	for (sa = TAILQ_FIRST(&k->sas); sa && k->index.cookies_unknown; sa = TAILQ_NEXT(sa, entry))
		if (!sa->cookie_known && memcmp(sa->i_cookie, none, 8) != 0) {
			(void)htab_add(&k->index.sas_by_cookie, &sa->by_cookie,
				       index_cookie(k, sa->i_cookie));
			sa->cookie_known = true;
			k->index.cookies_unknown--;
		}
}

static struct ike_sa *of_cookie(struct hnode *n)
{
	return n ? hnode_entry(n, struct ike_sa, by_cookie) : NULL;
}

struct ike_sa *sa_by_cookies(struct ike *k, const struct ike_header *h)
{
	static const uint8_t none[8];
	struct hnode *n;
	struct ike_sa *sa;

	note_cookies(k);
	n = htab_first(&k->index.sas_by_cookie, index_cookie(k, h->i_cookie));
	for (; (sa = of_cookie(n)); n = htab_next(n)) {
		if (memcmp(sa->i_cookie, h->i_cookie, 8) != 0)
			continue;
		if (memcmp(sa->r_cookie, h->r_cookie, 8) == 0 ||
		    ((sa->state == MM_I1 || sa->state == AG_I1) && memcmp(sa->r_cookie, none, 8) == 0))
			return sa;
	}
	return NULL;
}

struct ike_sa *sa_by_first(struct ike *k, const struct ike_path *path, const struct ike_header *h)
{
	struct hnode *n;
	struct ike_sa *sa;

	note_cookies(k);
	n = htab_first(&k->index.sas_by_cookie, index_cookie(k, h->i_cookie));
	for (; (sa = of_cookie(n)); n = htab_next(n))
		if (!sa->initiator && !memcmp(sa->i_cookie, h->i_cookie, 8) &&
		    ipaddr_equal(&sa->path.remote, &path->remote))
			return sa;
	return NULL;
}

struct ike_sa *sa_of_peer(const struct ike *k, const struct ipaddr *peer,
			  const struct ike_sa *after)
{
	struct hnode *n = after ? htab_next(&after->by_peer) :
				  htab_first(&k->index.sas_by_peer, index_addr(k, peer));

	return n ? hnode_entry(n, struct ike_sa, by_peer) : NULL;
}

static void retire_older(struct ike_sa *fresh);

void sa_heard(struct ike_sa *sa, const struct ike_path *path)
{
	sa->heard_ms = sa->k->now_ms;
	if (sa->state == MM_DONE && !sa->proven) {
		sa->proven = true;
		sa->doubted_ms = 0;
		retire_older(sa);
	}
	sa_follow(sa, path);
}

static bool is_between(const struct ike_sa *sa, const struct ipaddr *local,
		       const struct ipaddr *peer)
{
	return ipaddr_equal(&sa->path.remote, peer) &&
	       (!local || ipaddr_equal(&sa->path.local, local));
}

/* One whose last message the peer has just asked for again is second choice: he may not
 * have it up yet. Not for long: once he has, he soon gives up the old one. */
static bool is_doubted(const struct ike_sa *sa)
{
	return sa->doubted_ms && sa->k->now_ms - sa->doubted_ms < IKE_DOUBT_MS;
}

static bool is_better(const struct ike_sa *a, const struct ike_sa *b)
{
	return is_doubted(a) != is_doubted(b) ? is_doubted(b) :
	       a->up_ms != b->up_ms	? a->up_ms > b->up_ms :
					  a->conn_id > b->conn_id;
}

/* Whom an SA is looked for with. */
struct with {
	const struct ipaddr *local, *addr; /* local NULL: any */
	const struct peer *peer;	   /* NULL: whoever has that address */
	const struct p2_policy *policy;	   /* NULL: whatever its profile */
};

static bool suits(const struct ike_sa *sa, const struct with *w)
{
	return is_between(sa, w->local, w->addr) && (!w->peer || peer_has_sa(w->peer, sa)) &&
	       (!w->policy || profile_suits(sa, w->policy));
}

static struct ike_sa *up(struct ike *k, const struct with *w)
{
	struct ike_sa *sa, *best = NULL;

	/* the newest: a peer that has renewed phase 1 may no longer answer on the old
	 * one, however long its lifetime (strongSwan does not) */
	for (sa = sa_of_peer(k, w->addr, NULL); sa; sa = sa_of_peer(k, w->addr, sa))
		if (sa->state == MM_DONE && suits(sa, w) && (!best || is_better(sa, best)))
			best = sa;
	return best;
}

static struct ike_sa *starting(struct ike *k, const struct with *w)
{
	struct ike_sa *sa;

	for (sa = sa_of_peer(k, w->addr, NULL); sa; sa = sa_of_peer(k, w->addr, sa))
		if (sa->initiator && sa->state != MM_DONE && sa->state != MM_DEAD && suits(sa, w))
			return sa;
	return NULL;
}

struct ike_sa *sa_up_for(struct ike *k, const struct ipaddr *local, const struct ipaddr *peer)
{
	return up(k, &(struct with){ .local = local, .addr = peer });
}

struct ike_sa *sa_starting_for(struct ike *k, const struct ipaddr *local,
			       const struct ipaddr *peer)
{
	return starting(k, &(struct with){ .local = local, .addr = peer });
}

struct ike_sa *sa_up_of(struct ike *k, const struct p2_policy *p, const struct peer *peer)
{
	return up(k, &(struct with){ &peer->local, &peer->addr, peer, p });
}

struct ike_sa *sa_starting_of(struct ike *k, const struct p2_policy *p, const struct peer *peer)
{
	return starting(k, &(struct with){ &peer->local, &peer->addr, peer, p });
}

struct ike_sa *sa_up_with(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer)
{
	return up(k, &(struct with){ .local = &p->local, .addr = peer, .policy = p });
}

struct ike_sa *sa_starting_with(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer)
{
	return starting(k, &(struct with){ .local = &p->local, .addr = peer, .policy = p });
}

void sa_want(struct ike_sa *sa, uint32_t policy_id)
{
	uint32_t *v;

	for (size_t i = 0; i < sa->n_pending; i++)
		if (sa->pending[i] == policy_id)
			return;
	v = reallocarray(sa->pending, sa->n_pending + 1, sizeof(*v));
	if (!v)
		return; /* the forwarder asks again in a second */
	sa->pending = v;
	v[sa->n_pending++] = policy_id;
}

bool sa_msgid_seen(const struct ike_sa *sa, uint32_t msgid)
{
	for (size_t i = 0; i < sa->n_seen; i++)
		if (sa->seen[i] == msgid)
			return true;
	return false;
}

void sa_msgid_note(struct ike_sa *sa, uint32_t msgid)
{
	if (sa->n_seen == sa->seen_cap && sa->seen_cap < IKE_MAX_SEEN) {
		size_t cap = sa->seen_cap ? sa->seen_cap * 2 : 64;
		uint32_t *v = reallocarray(sa->seen, cap, sizeof(*v));

		if (v) {
			sa->seen = v;
			sa->seen_cap = cap;
			sa->seen_at = sa->n_seen;
		}
	}
	if (!sa->seen_cap)
		return;
	if (sa->n_seen < sa->seen_cap)
		sa->n_seen++;
	sa->seen[sa->seen_at] = msgid;
	sa->seen_at = (sa->seen_at + 1) % sa->seen_cap;
}

/* When to look for a successor: before the end, the initiator earlier than the
 * responder so that the two do not collide. As with IPsec SAs, a quarter of a short life
 * and a minute of a long one: where three of ten datagrams are lost, a main mode takes
 * half of that. */
static uint64_t rekey_ms(const struct ike_sa *sa)
{
	uint64_t life = sa->expires_ms - sa->k->now_ms;
	uint64_t margin = life / 4 < 60000 ? life / 4 : 60000;

	return life - (sa->initiator ? margin : margin / 2);
}

/* A new SA that is up at both ends takes the place of older ones with the peer, when
 * what is under way on them has had its time; those of about the same age are twins of a simultaneous
 * start and stay. */
static void retire_older(struct ike_sa *fresh)
{
	struct ike *k = fresh->k;
	struct ike_sa *sa;
	const struct peer peer = peer_of_sa(fresh);

	for (sa = sa_of_peer(k, &peer.addr, NULL); sa; sa = sa_of_peer(k, &peer.addr, sa)) {
		/* came up meanwhile, so both have begun at once: each end sees the other's one as
		 * the older, and if each ended that one, none would be left */
		if (sa->up_ms >= fresh->made_ms)
			continue;
		if (sa == fresh || sa->state != MM_DONE || fresh->up_ms < sa->up_ms + IKE_RENEWED_MS ||
		    !peer_has_sa(&peer, sa) ||
		    strcmp(sa->profile, fresh->profile) != 0 || sa->expires_ms <= k->now_ms + IKE_REPLACED_MS)
			continue;
		sa->expires_ms = k->now_ms + IKE_REPLACED_MS;
		sa->life.kind = T_EXPIRE;
		(void)timer_arm(&k->timers, &sa->life, sa->expires_ms); /* armed: cannot fail */
	}
}

bool sa_has_room(const struct ike_sa *sa)
{
	const struct qm *q;
	unsigned n = 0;

	TAILQ_FOREACH(q, &sa->qms, entry)
		n += q->initiator && (q->state == QM_I0 || q->state == QM_I1);
	return n < IKE_QM_AT_ONCE;
}

void sa_start_pending(struct ike_sa *sa)
{
	struct ike *k = sa->k;

	while (sa->state == MM_DONE && sa->n_pending && sa_has_room(sa)) {
		const struct p2_policy *p = p2_by_id(k, sa->pending[0]);

		memmove(sa->pending, sa->pending + 1, --sa->n_pending * sizeof(*sa->pending));
		if (p)
			negotiate(k, p);
	}
}

/* It is normal, but whoever compares two configurations wants to know. */
static void log_lifetime(const struct ike_sa *sa)
{
	char addr[IPADDR_STRLEN];

	if (!sa->initiator && sa->his_life_sec && sa->his_life_sec != sa->our_life_sec)
		act_log(sa->k, &sa->path.remote, "CRYPTO-6-IKMP_LIFETIME",
			"ISAKMP SA lifetime: peer at %s offered %u s, policy %u has %u s, %u s is used",
			ipaddr_ios(&sa->path.remote, addr), sa->his_life_sec, sa->agreed.priority,
			sa->our_life_sec, sa->agreed.life_sec);
}

void sa_limit_kb(struct ike_sa *sa, uint32_t kb)
{
	uint64_t bytes = (kb < IKE_MIN_LIFE_KB ? IKE_MIN_LIFE_KB : kb) * UINT64_C(1024);

	if (kb && (!sa->life_bytes || bytes < sa->life_bytes))
		sa->life_bytes = bytes;
}

void sa_count(struct ike_sa *sa, size_t bytes)
{
	struct ike *k = sa->k;

	sa->bytes += bytes;
	if (!sa->life_bytes || sa->state != MM_DONE)
		return;
	/* the timers do the rest: nobody expects an SA to go while a message is read */
	if (sa->bytes >= sa->life_bytes && sa->expires_ms > k->now_ms) {
		sa->expires_ms = k->now_ms;
		sa->life.kind = T_EXPIRE;
		(void)timer_arm(&k->timers, &sa->life, k->now_ms); /* armed: cannot fail */
	} else if (sa->life.kind == T_REKEY && sa->bytes >= sa->life_bytes - sa->life_bytes / 10) {
		(void)timer_arm(&k->timers, &sa->life, k->now_ms);
	}
}

/* After aggressive mode's last message, which is ours: a responder with several
 * threads may read the first of quick mode before it, and ignore that (strongSwan
 * does). */
static bool begin_later(struct ike_sa *sa)
{
	if (!sa->aggressive || !sa->initiator)
		return false;
	sa->linger.kind = T_BEGIN;
	return !timer_arm(&sa->k->timers, &sa->linger, sa->k->now_ms + IKE_SETTLE_MS);
}

void sa_up(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	uint32_t life_sec = sa->agreed.life_sec;
	char addr[IPADDR_STRLEN];

	sa_enter(sa, MM_DONE);
	sa->was_up = true;
	sa->proven = sa->initiator;
	sa->up_ms = sa->heard_ms = k->now_ms;
	/* main mode ends with the responder's message, aggressive mode with the
	 * initiator's: who sent it keeps it for repeats */
	if (sa->initiator != sa->aggressive)
		flight_last(k, &sa->flight);
	timer_stop(&k->timers, &sa->linger); /* T_GIVE_UP */
	if (life_sec < IKE_MIN_LIFE_SEC)
		life_sec = IKE_MIN_LIFE_SEC;
	sa->expires_ms = k->now_ms + life_sec * UINT64_C(1000);
	sa->life.kind = T_REKEY;
	(void)timer_arm(&k->timers, &sa->life, k->now_ms + rekey_ms(sa));
	sa_story(sa, "up");
	act_step_phase1(sa);
	act_debug(k, sa, "SA authentication status:");
	act_debug(k, sa, "        authenticated");
	act_debug(k, sa, "SA has been authenticated with %s", ipaddr_ios(&sa->path.remote, addr));
	act_debug(k, sa, "Old State = IKE_%s  New State = IKE_P1_COMPLETE ",
		  sa->aggressive ? (sa->initiator ? "I_AM1" : "R_AM2") :
				   (sa->initiator ? "I_MM6" : "R_MM5"));
	natt_keepalive_start(sa);
	dpd_start(sa);
	forget_exchange(sa);
	if (sa->proven)
		retire_older(sa);
	log_lifetime(sa);
	recover_up(sa);
	if (!begin_later(sa))
		sa_start_pending(sa);
}

/* Whatever he began, he knows no more of it. */
static void forget_answers(struct ike_sa *sa)
{
	struct qm *q, *next;

	for (q = TAILQ_FIRST(&sa->qms); q; q = next) {
		next = TAILQ_NEXT(q, entry);
		if (q->state == QM_R1 || q->state == QM_R2)
			quick_drop(q);
	}
}

/* One that came up while the peer was at it is with him as he is now: both have begun at
 * once. */
static struct ike_sa *older_of_peer(const struct ike_sa *fresh)
{
	struct ike *k = fresh->k;
	const struct peer peer = peer_of_sa(fresh);
	struct ike_sa *sa;

	for (sa = sa_of_peer(k, &peer.addr, NULL); sa; sa = sa_of_peer(k, &peer.addr, sa))
		if (sa != fresh && sa->state == MM_DONE && sa->up_ms < fresh->made_ms &&
		    peer_has_sa(&peer, sa))
			break;
	return sa;
}

void peer_restarted(const struct ike_sa *fresh)
{
	const struct peer peer = peer_of_sa(fresh);
	struct ike_sa *sa;

	pairs_drop_peer(fresh->k, &peer, fresh->made_ms);
	while ((sa = older_of_peer(fresh))) { /* what ends may begin others */
		forget_answers(sa);
		sa_end(sa, false, "the peer has restarted");
	}
}

/* Through a NAT the mapping of port 500 is long gone: a renewal begins on the ports
 * that phase 1 has moved to (RFC 3947 section 4). */
static void succeed(struct ike_sa *old)
{
	struct ike *k = old->k;
	struct ike_path path = { old->path.local, old->path.remote, 500, 500 };
	const struct peer peer = peer_of_sa(old);
	struct ike_sa *sa;

	for (sa = sa_of_peer(k, &path.remote, NULL); sa; sa = sa_of_peer(k, &path.remote, sa))
		if (sa->state == MM_DONE && sa->up_ms > old->up_ms && !strcmp(sa->profile, old->profile) &&
		    peer_has_sa(&peer, sa))
			return; /* he was faster */

	if (old->nat_here || old->nat_there)
		path = old->path;
	if (!p1_any_usable(k) || !pairs_of(k, &peer) || sa_starting_of(k, NULL, &peer) ||
	    !phase1_may_start(k, &path.remote, profile_of(old)))
		return;
	(void)phase1_at(k, &path, &old->at, old->profile);
}

void sa_timer_fired(struct ike_sa *sa, struct timer *t)
{
	struct ike *k = sa->k;
	struct peer peer;

	switch ((enum ike_timer)t->kind) {
	case T_RESEND:
		if (!sa->flight.resends) /* not later: the message ends after 31 s in both ways */
			sa->flight.known = pairs_with(k, &sa->path.local, &sa->path.remote);
		if (!sa->work)
			phase1_trace_resend(sa);
		if (flight_resend(k, &sa->flight))
			break;
		if (sa->work && !sa->bad_hash) { /* else the peer's next answer would be no better */
			work_too_late(sa);
			break;
		}
		if (sa->probe) {
			peer = peer_of_sa(sa);
			dpd_dead(k, &peer);
		}
		silence_end(sa);
		break;
	case T_GIVE_UP:
		if (sa->work)
			work_too_late(sa);
		else
			silence_end(sa);
		break;
	case T_REKEY:
		sa->life.kind = T_EXPIRE;
		(void)timer_arm(&k->timers, &sa->life, sa->expires_ms);
		succeed(sa);
		break;
	case T_EXPIRE:
		sa_end(sa, true, "its lifetime is over");
		break;
	case T_KEEPALIVE:
		natt_keepalive_fired(sa);
		break;
	case T_BEGIN:
		sa_start_pending(sa);
		break;
	case T_DPD:
		dpd_timer_fired(sa);
		break;
	case T_LINGER:
		sa_drop(sa);
		break;
	default:
		break;
	}
}

const struct p2_policy *p2_by_id(const struct ike *k, uint32_t id)
{
	struct hnode *n = htab_first(&k->index.p2_by_id, index_number(k, id));

	for (; n; n = htab_next(n))
		if (hnode_entry(n, struct p2_node, node)->p->id == id)
			return hnode_entry(n, struct p2_node, node)->p;
	return made_by_id(k, id);
}
