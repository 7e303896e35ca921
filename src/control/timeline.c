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
	unsigned pairs, phase1s; /* that are there */
	uint64_t phase1_ms;	 /* the oldest of those that are there came up; 0: none is */
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

static struct session *find(const struct timeline *t, const struct ipaddr *peer)
{
	struct hnode *n = htab_first(&t->by_peer, hash_of(peer));

	for (; n; n = htab_next(n)) {
		struct session *s = hnode_entry(n, struct session, node);

		if (ipaddr_equal(&s->peer, peer))
			return s;
	}
	return NULL;
}

/* Room for another: the quietest goes, and those that carry only if all do. */
static void make_room(struct timeline *t)
{
	struct session *s = TAILQ_LAST(&t->sessions, sessions);

	if (t->n < TIMELINE_PEERS)
		return;
	for (size_t i = 0; s && s->pairs && i < 64; i++)
		s = TAILQ_PREV(s, sessions, entry);
	session_free(t, s ? s : TAILQ_LAST(&t->sessions, sessions));
}

static struct session *session_for(struct timeline *t, const struct ipaddr *peer)
{
	struct session *s = find(t, peer);

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

static struct timeline_life *life_for(struct session *s, uint64_t now_ms)
{
	struct timeline_life *l = living(s);

	if (l)
		return l;
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
	l->at_ms[STEP_TRAFFIC] = now_ms;
	l->at_ms[STEP_PHASE1] = s->phase1_ms;
	s->life[s->n++] = l;
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

static void pair_up(struct timeline *t, struct session *s, uint64_t now_ms, const struct ike_action *a)
{
	struct timeline_life *l = living(s);

	s->pairs++;
	if (!l) {
		l = life_for(s, now_ms);
		if (!l)
			return;
		l->by_peer = !a->initiator;
	}
	if (!l->at_ms[STEP_PHASE2])
		l->at_ms[STEP_PHASE2] = now_ms;
	if (l->at_ms[STEP_DATA])
		return;
	watch(t, s, a->sa_id);
	watch(t, s, a->spec->id);
}

static void phase1_up(struct session *s, uint64_t now_ms, const struct ike_action *a)
{
	struct timeline_life *l = living(s);

	if (!s->phase1s++)
		s->phase1_ms = now_ms;
	if (!l) {
		l = life_for(s, a->since_ms);
		if (!l)
			return;
		l->by_peer = !a->initiator;
	}
	if (!l->at_ms[STEP_PHASE1])
		l->at_ms[STEP_PHASE1] = now_ms;
}

void timeline_step(struct timeline *t, uint64_t now_ms, const struct ike_action *a)
{
	struct session *s = session_for(t, &a->path.remote);
	struct timeline_life *l;

	if (!s)
		return;
	switch (a->step) {
	case IKE_STEP_TRAFFIC:
		l = life_for(s, now_ms);
		if (l && !l->flow.local.family && !l->by_peer)
			l->flow = a->flow;
		break;
	case IKE_STEP_PHASE1:
		if (!s->pairs)
			(void)life_for(s, now_ms);
		break;
	case IKE_STEP_PHASE1_UP:
		phase1_up(s, now_ms, a);
		break;
	case IKE_STEP_PHASE1_DOWN:
		if (s->phase1s && !--s->phase1s)
			s->phase1_ms = 0;
		if (!s->pairs && !s->phase1s)
			ends(t, s, now_ms, a->text);
		break;
	case IKE_STEP_PHASE2_UP:
		pair_up(t, s, now_ms, a);
		break;
	case IKE_STEP_PHASE2_DOWN:
		if (s->pairs && !--s->pairs)
			ends(t, s, now_ms, a->text);
		break;
	case IKE_STEP_FAILED:
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

const struct timeline_life *timeline_life(const struct timeline *t, const struct ipaddr *peer, size_t i)
{
	const struct session *s = find(t, peer);

	return s && i < s->n ? s->life[s->n - 1 - i] : NULL;
}

struct timeline_flaps timeline_flaps(const struct timeline *t, const struct ipaddr *peer, uint64_t now_ms)
{
	const struct session *s = find(t, peer);
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
