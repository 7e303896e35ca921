/* SPDX-License-Identifier: Apache-2.0 */
/* The table of ISAKMP SAs: making, finding, ending. */
#include "ike/internal.h"

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
	sa->path = *path;
	sa->conn_id = k->next_conn++;
	TAILQ_INIT(&sa->qms);
	k->env.random(k->env.ctx, initiator ? sa->i_cookie : sa->r_cookie, 8);
	sa->life.owner = sa->linger.owner = sa;
	TAILQ_INSERT_HEAD(&k->sas, sa, entry);
	k->n_sas++;
	return sa;
}

/* What only an exchange under way needs. */
static void forget_exchange(struct ike_sa *sa)
{
	ike_dh_free(sa->dh);
	sa->dh = NULL;
	span_free(&sa->ke_i);
	span_free(&sa->ke_r);
	span_free(&sa->ni);
	span_free(&sa->nr);
	span_free(&sa->sai_b);
	span_free(&sa->idii_b);
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
	forget_exchange(sa);
	free(sa->pending);
	TAILQ_REMOVE(&k->sas, sa, entry);
	k->n_sas--;
	secret_free(sa, sizeof(*sa));
}

/* Quick modes that began on an SA that ends fail with it. */
static void fail_quick_modes(struct ike_sa *sa, const char *why)
{
	struct qm *q, *next;

	for (q = TAILQ_FIRST(&sa->qms); q; q = next) {
		next = TAILQ_NEXT(q, entry);
		if (q->state == QM_I1)
			quick_fail(q, why);
		else
			quick_drop(q);
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
	if (sa->state == MM_DONE && tell_peer)
		info_delete_isakmp(sa);
	act_debug(k, sa, "deleting SA reason \"%s\" state (%s) %s", why, sa->initiator ? "I" : "R",
		  sa->state == MM_DONE ? "QM_IDLE" : "MM");
	flight_stop(k, &sa->flight);
	timer_stop(&k->timers, &sa->life);
	timer_stop(&k->timers, &sa->keepalive);
	sa->state = MM_DEAD;
	snprintf(sa->story, sizeof(sa->story), "%s", why);
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
	for (size_t i = 0; i < n; i++)
		policy_failed(k, pending[i], &peer, why);
	free(pending);
}

struct ike_sa *sa_by_cookies(struct ike *k, const struct ike_header *h)
{
	static const uint8_t none[8];
	struct ike_sa *sa;

	TAILQ_FOREACH(sa, &k->sas, entry) {
		if (memcmp(sa->i_cookie, h->i_cookie, 8) != 0)
			continue;
		if (memcmp(sa->r_cookie, h->r_cookie, 8) == 0 ||
		    (sa->state == MM_I1 && memcmp(sa->r_cookie, none, 8) == 0))
			return sa;
	}
	return NULL;
}

struct ike_sa *sa_up_for(struct ike *k, const struct ipaddr *peer)
{
	struct ike_sa *sa, *best = NULL;

	TAILQ_FOREACH(sa, &k->sas, entry)
		if (sa->state == MM_DONE && ipaddr_equal(&sa->path.remote, peer) &&
		    (!best || sa->up_ms > best->up_ms))
			best = sa;
	return best;
}

struct ike_sa *sa_starting_for(struct ike *k, const struct ipaddr *peer)
{
	struct ike_sa *sa;

	TAILQ_FOREACH(sa, &k->sas, entry)
		if (sa->initiator && sa->state != MM_DONE && sa->state != MM_DEAD &&
		    ipaddr_equal(&sa->path.remote, peer))
			return sa;
	return NULL;
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

/* When to look for a successor: before the end, the initiator earlier than the
 * responder so that the two do not collide. */
static uint64_t rekey_ms(const struct ike_sa *sa)
{
	uint64_t life = sa->agreed.life_sec * UINT64_C(1000);
	uint64_t margin = life / 10 < 30000 ? life / 10 : 30000;

	return life - (sa->initiator ? margin : margin / 2);
}

/* A new SA takes the place of older ones with the peer after a moment; those of
 * about the same age are twins of a simultaneous start and stay. */
static void retire_older(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	struct ike_sa *old;

	TAILQ_FOREACH(old, &k->sas, entry) {
		if (old == sa || old->state != MM_DONE || k->now_ms - old->up_ms < IKE_RENEWED_MS ||
		    !ipaddr_equal(&old->path.remote, &sa->path.remote) ||
		    old->expires_ms <= k->now_ms + 5000)
			continue;
		old->expires_ms = k->now_ms + 5000;
		old->life.kind = T_EXPIRE;
		(void)timer_arm(&k->timers, &old->life, old->expires_ms);
	}
}

void sa_initial_contact(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	struct ike_sa *old, *next;

	for (old = TAILQ_FIRST(&k->sas); old; old = next) {
		next = TAILQ_NEXT(old, entry);
		if (old != sa && old->state == MM_DONE &&
		    ipaddr_equal(&old->path.remote, &sa->path.remote))
			sa_end(old, false, "the peer began anew");
	}
	pairs_drop_peer(k, &sa->path.remote);
}

static bool quick_under_way(const struct ike_sa *sa)
{
	const struct qm *q;

	TAILQ_FOREACH(q, &sa->qms, entry)
		if (q->state == QM_I1)
			return true;
	return false;
}

void sa_next(struct ike_sa *sa)
{
	struct ike *k = sa->k;

	while (sa->state == MM_DONE && sa->n_pending && !quick_under_way(sa)) {
		const struct p2_policy *p = p2_by_id(k, sa->pending[0]);

		memmove(sa->pending, sa->pending + 1, --sa->n_pending * sizeof(*sa->pending));
		if (p && quick_start(sa, p))
			policy_failed(k, p->id, &sa->path.remote,
				      "the crypto ACL line cannot be said in IKE (its wildcard has "
				      "holes) or memory is short");
	}
}

void sa_up(struct ike_sa *sa)
{
	struct ike *k = sa->k;
	char addr[IPADDR_STRLEN];

	sa->state = MM_DONE;
	sa->up_ms = k->now_ms;
	sa->was_up = true;
	flight_stop(k, &sa->flight);
	sa->expires_ms = k->now_ms + sa->agreed.life_sec * UINT64_C(1000);
	sa->life.kind = T_REKEY;
	(void)timer_arm(&k->timers, &sa->life, k->now_ms + rekey_ms(sa));
	sa_story(sa, "up");
	act_debug(k, sa, "SA has been authenticated with %s", ipaddr_str(&sa->path.remote, addr));
	act_debug(k, sa, "Old State = IKE_%s  New State = IKE_P1_COMPLETE ",
		  sa->initiator ? "I_MM6" : "R_MM5");
	natt_keepalive_start(sa);
	forget_exchange(sa);
	retire_older(sa);
	sa_next(sa);
}

const struct psk_entry *psk_for(const struct ike *k, const struct ipaddr *peer)
{
	const struct psk_entry *best = NULL;

	for (size_t i = 0; i < k->cfg.n_psk; i++) {
		const struct psk_entry *e = &k->cfg.psk[i];
		uint32_t mask = ipv4_mask(e->mask_len);

		if (e->addr.family == peer->family &&
		    !((ipaddr_to_v4(&e->addr) ^ ipaddr_to_v4(peer)) & mask) &&
		    (!best || e->mask_len > best->mask_len))
			best = e;
	}
	return best;
}

const struct p2_policy *p2_by_id(const struct ike *k, uint32_t id)
{
	for (size_t i = 0; i < k->cfg.n_p2; i++)
		if (k->cfg.p2[i].id == id)
			return &k->cfg.p2[i];
	return NULL;
}
