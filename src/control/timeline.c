/* SPDX-License-Identifier: Apache-2.0 */
#include "control/timeline.h"

#include <bsd/sys/queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define WATCHED 8 /* SAs of a life that are asked for its first packet */

struct watched {
	struct hnode node;
	uint32_t sa_id; /* 0: free */
	struct session *s;
};

struct session {
	TAILQ_ENTRY(session) entry; /* by the last step, newest first */
	struct hnode node;
	struct ipaddr peer;
	uint32_t ifid;	  /* 0: the peer himself */
	unsigned pairs;	  /* that are there */
	unsigned phase1s; /* likewise, of the peer himself */
	uint64_t phase1_ms; /* the first of them came up; 0: none is there */
	struct watched sa[WATCHED];
	struct timeline_life *life[TIMELINE_LIVES]; /* oldest first */
	size_t n;
};

struct timeline {
	TAILQ_HEAD(sessions, session) sessions;
	struct htab by_peer, by_sa;
	size_t n;
};

const char *timeline_step_name(enum timeline_step s)
{
	static const char *const names[] = { "interesting traffic", "IKE phase 1", "IKE phase 2",
					     "data transfer", "termination" };

	return names[s];
}

const char *timeline_step_key(enum timeline_step s)
{
	static const char *const keys[] = { "traffic", "phase1", "phase2", "data", "termination" };

	return keys[s];
}

/* Peers are those of the configuration, or have proven who they are: no stranger chooses them
 * to make chains long. */
static uint64_t hash_of(const struct ipaddr *a)
{
	static const uint64_t seed[2] = { 0x74696d656c696e65, 0x6f66736573736e73 };

	return hash_bytes(seed, a, sizeof(*a));
}

struct timeline *timeline_new(void)
{
	struct timeline *t = calloc(1, sizeof(*t));

	if (t)
		TAILQ_INIT(&t->sessions);
	return t;
}

static void unwatch(struct timeline *t, struct watched *w)
{
	if (w->sa_id)
		htab_del(&t->by_sa, &w->node);
	w->sa_id = 0;
}

static void session_free(struct timeline *t, struct session *s)
{
	TAILQ_REMOVE(&t->sessions, s, entry);
	htab_del(&t->by_peer, &s->node);
	t->n--;
	for (size_t i = 0; i < WATCHED; i++)
		unwatch(t, &s->sa[i]);
	for (size_t i = 0; i < s->n; i++)
		free(s->life[i]);
	free(s);
}

void timeline_free(struct timeline *t)
{
	struct session *s;

	if (!t)
		return;
	while ((s = TAILQ_FIRST(&t->sessions)))
		session_free(t, s);
	htab_fini(&t->by_peer);
	htab_fini(&t->by_sa);
	free(t);
}

/* The records of a peer, in no order; after NULL: the first. */
static struct session *next_of(const struct timeline *t, const struct ipaddr *peer, const struct session *after)
{
	struct hnode *n = after ? htab_next(&after->node) : htab_first(&t->by_peer, hash_of(peer));

	for (; n; n = htab_next(n)) {
		struct session *s = hnode_entry(n, struct session, node);

		if (ipaddr_equal(&s->peer, peer))
			return s;
	}
	return NULL;
}

static struct session *find(const struct timeline *t, const struct ipaddr *peer, uint32_t ifid)
{
	struct session *s = NULL;

	while ((s = next_of(t, peer, s)) && s->ifid != ifid)
		continue;
	return s;
}

/* Room for another: the quietest goes, and those that carry only if all do. */
static void make_room(struct timeline *t)
{
	struct session *s = TAILQ_LAST(&t->sessions, sessions);

	if (t->n < TIMELINE_MAX)
		return;
	for (size_t i = 0; s && (s->pairs || s->phase1s) && i < 64; i++)
		s = TAILQ_PREV(s, sessions, entry);
	session_free(t, s ? s : TAILQ_LAST(&t->sessions, sessions));
}

static struct session *session_for(struct timeline *t, const struct ipaddr *peer, uint32_t ifid)
{
	struct session *s = find(t, peer, ifid);

	if (s) {
		TAILQ_REMOVE(&t->sessions, s, entry);
		TAILQ_INSERT_HEAD(&t->sessions, s, entry);
		return s;
	}
	make_room(t);
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->peer = *peer;
	s->ifid = ifid;
	if (htab_add(&t->by_peer, &s->node, hash_of(peer))) {
		free(s);
		return NULL;
	}
	TAILQ_INSERT_HEAD(&t->sessions, s, entry);
	t->n++;
	return s;
}

/* ---- lives ---- */

static struct timeline_life *last(const struct session *s)
{
	return s->n ? s->life[s->n - 1] : NULL;
}

/* The life that has not ended; NULL. */
static struct timeline_life *living(const struct session *s)
{
	struct timeline_life *l = last(s);

	return l && !l->at_ms[STEP_END] ? l : NULL;
}

/* The oldest makes room. */
static struct timeline_life *life_new(struct session *s)
{
	struct timeline_life *l;

	if (s->n == TIMELINE_LIVES) {
		l = s->life[0];
		memmove(&s->life[0], &s->life[1], (TIMELINE_LIVES - 1) * sizeof(s->life[0]));
		s->n--;
	} else {
		l = malloc(sizeof(*l));
	}
	if (!l)
		return NULL;
	*l = (struct timeline_life){ .times = 1 };
	s->life[s->n++] = l;
	return l;
}

/* The life that has not ended, or a new one that begins now; its phase 1 may be there already. */
static struct timeline_life *life_for(struct timeline *t, struct session *s, uint64_t now_ms)
{
	const struct session *peer = find(t, &s->peer, 0);
	struct timeline_life *l = living(s);

	if (l)
		return l;
	l = life_new(s);
	if (!l)
		return NULL;
	l->at_ms[STEP_TRAFFIC] = now_ms;
	l->at_ms[STEP_PHASE1] = peer ? peer->phase1_ms : 0;
	return l;
}

/* An attempt that failed as the one before it is no line of its own: packets that nobody can carry
 * would push everything else out. */
static void join_attempts(struct session *s)
{
	struct timeline_life *l = last(s), *before = s->n > 1 ? s->life[s->n - 2] : NULL;

	if (!before || l->at_ms[STEP_PHASE2] || before->at_ms[STEP_PHASE2] || strcmp(l->why, before->why) != 0)
		return;
	before->times += l->times;
	before->at_ms[STEP_END] = l->at_ms[STEP_END];
	free(l);
	s->n--;
}

static void ends(struct timeline *t, struct session *s, uint64_t now_ms, const char *why)
{
	struct timeline_life *l = living(s);

	if (!l)
		return;
	l->at_ms[STEP_END] = now_ms;
	snprintf(l->why, sizeof(l->why), "%s", why);
	for (size_t i = 0; i < WATCHED; i++)
		unwatch(t, &s->sa[i]);
	join_attempts(s);
}

/* ---- steps ---- */

static void watch(struct timeline *t, struct session *s, uint32_t sa_id)
{
	for (size_t i = 0; i < WATCHED; i++) {
		struct watched *w = &s->sa[i];

		if (w->sa_id)
			continue;
		w->sa_id = sa_id;
		w->s = s;
		if (htab_add(&t->by_sa, &w->node, sa_id))
			w->sa_id = 0;
		return;
	}
}

/* A pair of a session that nobody here has asked for: the peer has, or the peer before this one
 * did not answer. It began when phase 1 did, if phase 1 was for its sake. */
static struct timeline_life *unasked(struct timeline *t, struct session *s, uint64_t now_ms, bool by_peer)
{
	struct session *peer = find(t, &s->peer, 0);
	struct timeline_life *l = life_for(t, s, now_ms), *first = peer ? living(peer) : NULL;

	if (!l)
		return NULL;
	l->by_peer = by_peer;
	if (first && !first->at_ms[STEP_PHASE2])
		l->at_ms[STEP_TRAFFIC] = first->at_ms[STEP_TRAFFIC];
	return l;
}

static void pair_up(struct timeline *t, struct session *s, uint64_t now_ms, const struct ike_action *a)
{
	struct timeline_life *l = living(s), *of_peer;
	struct session *peer = find(t, &s->peer, 0);

	s->pairs++;
	if (!l)
		l = unasked(t, s, now_ms, !a->initiator);
	of_peer = peer ? living(peer) : NULL;
	if (of_peer && !of_peer->at_ms[STEP_PHASE2])
		of_peer->at_ms[STEP_PHASE2] = now_ms;
	if (!l)
		return;
	if (!l->at_ms[STEP_PHASE2])
		l->at_ms[STEP_PHASE2] = now_ms;
	if (l->at_ms[STEP_DATA])
		return;
	watch(t, s, a->sa_id);
	watch(t, s, a->spec->id);
}

static void pair_down(struct timeline *t, struct session *s, uint64_t now_ms, const char *why)
{
	if (s->pairs && !--s->pairs)
		ends(t, s, now_ms, why);
}

/* Of the peer: all that wait for it have it. */
static void phase1_up(struct timeline *t, struct session *peer, uint64_t now_ms, const struct ike_action *a)
{
	struct timeline_life *l = living(peer);
	struct session *s = NULL;

	if (!peer->phase1s++)
		peer->phase1_ms = now_ms;
	if (!l) {
		l = life_for(t, peer, a->since_ms);
		if (l)
			l->by_peer = !a->initiator;
	}
	while ((s = next_of(t, &peer->peer, s))) {
		l = living(s);
		if (l && !l->at_ms[STEP_PHASE1])
			l->at_ms[STEP_PHASE1] = now_ms;
	}
}

/* What has no pair, and no phase 1 to get one by, is over. */
static void all_end(struct timeline *t, struct session *peer, uint64_t now_ms, const char *why)
{
	struct session *s = NULL;

	if (peer->phase1s)
		return;
	while ((s = next_of(t, &peer->peer, s)))
		if (!s->pairs)
			ends(t, s, now_ms, why);
}

static void of_peer(struct timeline *t, struct session *peer, uint64_t now_ms, const struct ike_action *a)
{
	switch (a->step) {
	case IKE_STEP_PHASE1:
		(void)life_for(t, peer, now_ms);
		break;
	case IKE_STEP_PHASE1_UP:
		phase1_up(t, peer, now_ms, a);
		break;
	case IKE_STEP_PHASE1_DOWN:
		if (peer->phase1s && !--peer->phase1s)
			peer->phase1_ms = 0;
		all_end(t, peer, now_ms, a->text);
		break;
	default:
		all_end(t, peer, now_ms, a->text);
		break;
	}
}

void timeline_step(struct timeline *t, uint64_t now_ms, const struct ike_action *a)
{
	struct session *s = session_for(t, &a->path.remote, a->ifid);
	struct timeline_life *l;

	if (s && !a->ifid)
		of_peer(t, s, now_ms, a);
	else if (s)
		switch (a->step) {
		case IKE_STEP_TRAFFIC:
			l = life_for(t, s, now_ms);
			if (l && !l->flow.local.family && !l->by_peer)
				l->flow = a->flow;
			break;
		case IKE_STEP_PHASE2_UP:
			pair_up(t, s, now_ms, a);
			break;
		case IKE_STEP_PHASE2_DOWN:
			pair_down(t, s, now_ms, a->text);
			break;
		default: /* FAILED */
			if (!s->pairs)
				ends(t, s, now_ms, a->text);
			break;
		}
}

void timeline_carried(struct timeline *t, uint64_t now_ms, const struct fwd_sa_stats *v, size_t n)
{
	for (size_t i = 0; t->by_sa.n && i < n; i++) {
		struct hnode *h = v[i].packets ? htab_first(&t->by_sa, v[i].sa_id) : NULL;
		struct watched *w = h ? hnode_entry(h, struct watched, node) : NULL;
		struct timeline_life *l = w ? living(w->s) : NULL;
		uint64_t at = now_ms;

		if (!l)
			continue;
		if (v[i].packets == 1) /* the last one is the first */
			at = v[i].idle_ms < now_ms ? now_ms - v[i].idle_ms : now_ms;
		if (at < l->at_ms[STEP_PHASE2])
			at = l->at_ms[STEP_PHASE2];
		l->at_ms[STEP_DATA] = at;
		for (size_t k = 0; k < WATCHED; k++)
			unwatch(t, &w->s->sa[k]);
	}
}

/* ---- what is asked ---- */

/* Of a session that has no record of its own that of its peer. */
static const struct session *asked(const struct timeline *t, const struct ipaddr *peer, uint32_t ifid)
{
	const struct session *s = find(t, peer, ifid);

	return s ? s : find(t, peer, 0);
}

const struct timeline_life *timeline_life(const struct timeline *t, const struct ipaddr *peer, uint32_t ifid,
					  size_t i)
{
	const struct session *s = asked(t, peer, ifid);

	return s && i < s->n ? s->life[s->n - 1 - i] : NULL;
}

struct timeline_flaps timeline_flaps(const struct timeline *t, const struct ipaddr *peer, uint32_t ifid,
				     uint64_t now_ms)
{
	const struct session *s = find(t, peer, ifid);
	struct timeline_flaps f = { 0, 0, false };

	for (size_t i = 0; s && i < s->n; i++) {
		const struct timeline_life *l = s->life[i];

		if (!l->at_ms[STEP_PHASE2])
			continue;
		f.ups += now_ms - l->at_ms[STEP_PHASE2] <= TIMELINE_FLAP_SEC * UINT64_C(1000);
		f.downs += l->at_ms[STEP_END] &&
			   now_ms - l->at_ms[STEP_END] <= TIMELINE_FLAP_SEC * UINT64_C(1000);
	}
	f.flapping = f.downs >= TIMELINE_FLAPS;
	return f;
}
