/* SPDX-License-Identifier: Apache-2.0 */
/* Policies that the core makes itself, each out of a configured one: for the proxies that
 * a peer negotiates under a dynamic crypto map, and for each pair of hosts of a line with
 * `set security-association level per-host`. Everything else sees in them policies like
 * any other. They end some time after their last SA: what no ACL protects is held back
 * that long instead of leaving in clear (docs/dynamic-crypto-maps.md). */
#include "ike/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct made {
	TAILQ_ENTRY(made) entry;
	struct hnode by_id, by_of;
	struct ike *k;
	struct p2_policy p;
	struct p2_policy from; /* the configured one, as it was */
	bool was_up;	       /* a pair of it has carried what leaves */
	uint64_t used_ms;      /* asked for last */
	uint64_t ended_ms;     /* its last SA went, after it was up; 0: never */
	struct timer timer;    /* T_MADE */
};

/* Of an entry that an earlier core has left and that no SA tells the peer of. */
static struct ipaddr nobody(const struct p2_policy *of)
{
	return (struct ipaddr){ .family = of->local.family };
}

static bool is_nobody(const struct ipaddr *peer)
{
	return ipaddr_is_unspecified(peer);
}

static uint64_t hash_of(const struct ike *k, uint32_t of, const struct selector *sel)
{
	return index_path(k, &sel->local.addr, &sel->remote.addr) + of;
}

static struct made *find(const struct ike *k, uint32_t of, const struct selector *sel)
{
	struct hnode *n = htab_first(&k->index.made_by_of, hash_of(k, of, sel));

	for (; n; n = htab_next(n)) {
		struct made *m = hnode_entry(n, struct made, by_of);

		if (m->p.of == of && selector_equal(&m->p.sel, sel))
			return m;
	}
	return NULL;
}

static struct made *find_id(const struct ike *k, uint32_t id)
{
	struct hnode *n = htab_first(&k->index.made_by_id, index_number(k, id));

	for (; n; n = htab_next(n))
		if (hnode_entry(n, struct made, by_id)->p.id == id)
			return hnode_entry(n, struct made, by_id);
	return NULL;
}

const struct p2_policy *made_by_id(const struct ike *k, uint32_t id)
{
	struct made *m = id >= P2_MADE_ID ? find_id(k, id) : NULL;

	return m ? &m->p : NULL;
}

uint32_t policy_line(const struct ike *k, uint32_t policy_id)
{
	const struct p2_policy *p = made_by_id(k, policy_id);

	return p && p->line ? p->line : policy_id;
}

bool made_only_answers(const struct p2_policy *p)
{
	return p->dynamic;
}

/* ---- ends ---- */

/* Without SAs, when nothing needs it any more. An ACL guards what is in it anyway. */
static uint64_t serves_until(const struct made *m)
{
	uint64_t until = m->used_ms + IKE_MADE_MS;

	if (m->p.any_proxies && m->ended_ms && m->ended_ms + IKE_MADE_HOLD_MS > until)
		until = m->ended_ms + IKE_MADE_HOLD_MS;
	return until;
}

static void look_again(struct made *m, uint64_t at_ms)
{
	m->timer.kind = T_MADE;
	(void)timer_arm(&m->k->timers, &m->timer, at_ms);
}

static void drop(struct made *m)
{
	struct ike *k = m->k;

	timer_stop(&k->timers, &m->timer);
	note_forget(k, m->p.id);
	TAILQ_REMOVE(&k->made, m, entry);
	htab_del(&k->index.made_by_id, &m->by_id);
	htab_del(&k->index.made_by_of, &m->by_of);
	if (!m->p.line)
		act_policies(k, 0);
	free(m);
}

void made_timer_fired(struct made *m)
{
	uint64_t now = m->k->now_ms, until = serves_until(m);

	if (pair_any(m->k, m->p.id))
		look_again(m, now + IKE_MADE_MS);
	else if (now < until)
		look_again(m, until);
	else
		drop(m);
}

void made_in_use(const struct pair *p)
{
	struct made *m = p->policy_id >= P2_MADE_ID ? find_id(p->k, p->policy_id) : NULL;
	char was[IPADDR_STRLEN], is[IPADDR_STRLEN], text[256];

	if (m)
		m->was_up = true;
	if (!m || !m->p.dynamic || ipaddr_equal(&m->p.peers[0], &p->peer))
		return;
	/* he has another address now, or somebody else has his networks: what leaves goes
	 * where it was agreed last */
	ids_text(&m->p.sel, text, sizeof(text));
	if (!is_nobody(&m->p.peers[0]))
		act_log(p->k, &p->peer, "CULVERT-5-DYNAMIC_PEER",
			"crypto map %s %u: %s moves from peer %s to peer %s", m->p.map, m->p.seq, text,
			ipaddr_ios(&m->p.peers[0], was), ipaddr_ios(&p->peer, is));
	m->p.peers[0] = p->peer;
}

void made_ended(struct ike *k, uint32_t policy_id)
{
	struct made *m = policy_id >= P2_MADE_ID ? find_id(k, policy_id) : NULL;

	if (!m || pair_any(k, policy_id))
		return;
	if (m->was_up)
		m->ended_ms = k->now_ms;
	look_again(m, serves_until(m) > k->now_ms ? serves_until(m) : k->now_ms);
}

void made_free(struct ike *k)
{
	struct made *m;

	while ((m = TAILQ_FIRST(&k->made))) {
		TAILQ_REMOVE(&k->made, m, entry);
		free(m);
	}
	htab_fini(&k->index.made_by_id);
	htab_fini(&k->index.made_by_of);
}

/* ---- beginnings ---- */

/* A bound on what one peer, one line and all together may have. What only is held back
 * gives way: it is the least of what is lost. Pairs of hosts, which any packet of theirs
 * makes, are counted apart and take nothing from peers. */
static bool has_room(struct ike *k, const struct p2_policy *from, const struct ipaddr *peer)
{
	size_t of_peer = 0, of_line = 0, all = 0;
	struct made *m, *idle = NULL;

	TAILQ_FOREACH(m, &k->made, entry) { /* newest first */
		if (m->p.dynamic != from->dynamic)
			continue;
		all++;
		of_peer += ipaddr_equal(&m->p.peers[0], peer);
		of_line += m->p.of == from->id;
		if (k->now_ms >= m->used_ms + IKE_MADE_MS && !pair_any(k, m->p.id))
			idle = m;
	}
	if (is_nobody(peer))
		of_peer = 0; /* they are of many peers */
	if (from->dynamic ? of_peer >= IKE_MAX_MADE_PEER : of_line >= IKE_MAX_HOST_PAIRS)
		return false;
	if (all < IKE_MAX_MADE)
		return true;
	if (idle)
		drop(idle);
	return idle;
}

static struct made *make(struct ike *k, const struct p2_policy *from, const struct selector *sel,
			 const struct ipaddr *peer, uint32_t id)
{
	struct made *m = has_room(k, from, peer) ? calloc(1, sizeof(*m)) : NULL;

	if (!m)
		return NULL;
	m->k = k;
	m->from = *from;
	m->used_ms = k->now_ms;
	m->timer.owner = m;
	m->p = *from;
	m->p.of = from->id;
	m->p.sel = *sel;
	m->p.id = id;
	if (from->dynamic) {
		m->p.n_peers = 1;
		m->p.peers[0] = *peer;
		m->p.default_peer = 0;
	} else {
		m->p.line = from->id;
	}
	TAILQ_INSERT_HEAD(&k->made, m, entry);
	(void)htab_add(&k->index.made_by_id, &m->by_id, index_number(k, id));
	(void)htab_add(&k->index.made_by_of, &m->by_of, hash_of(k, from->id, sel));
	look_again(m, k->now_ms + IKE_MADE_MS);
	if (!m->p.line)
		act_policies(k, id);
	return m;
}

/* They begin again some day, where what is free is: there are never so many. */
static uint32_t fresh_id(struct ike *k)
{
	uint32_t id;

	do
		id = P2_MADE_ID | k->next_made++;
	while (find_id(k, id));
	return id;
}

const struct p2_policy *made_for(struct ike *k, const struct p2_policy *from,
				 const struct selector *sel, const struct ipaddr *peer)
{
	struct made *m = find(k, from->id, sel);

	if (m)
		m->used_ms = k->now_ms;
	else
		m = make(k, from, sel, peer, fresh_id(k));
	return m ? &m->p : NULL;
}

const struct p2_policy *made_for_flow(struct ike *k, const struct p2_policy *from,
				      const struct flow *f)
{
	struct selector sel = from->sel;

	if (!selector_has(&from->sel, f))
		return NULL;
	sel.local = (struct addr_match){ .addr = f->local };
	sel.remote = (struct addr_match){ .addr = f->remote };
	return made_for(k, from, &sel, &from->peers[0]);
}

/* Ids go on where an earlier core has stopped. */
static void note_id(struct ike *k, uint32_t id)
{
	if (id - P2_MADE_ID >= k->next_made)
		k->next_made = id - P2_MADE_ID + 1;
}

int ike_adopt_held(struct ike *k, uint64_t now_ms, uint32_t id, uint32_t ifid,
		   const struct selector *sel)
{
	k->now_ms = now_ms;
	if (id < P2_MADE_ID || find_id(k, id))
		return 0;
	note_id(k, id);
	for (size_t i = 0; i < k->index.n_templates; i++) {
		const struct p2_policy *t = k->index.templates[i];

		if (t->ifid != ifid || !t->any_proxies || find(k, t->id, sel))
			continue;
		const struct ipaddr none = nobody(t);
		struct made *m = make(k, t, sel, &none, id);

		if (!m)
			return -ENOMEM;
		m->was_up = true;
		m->ended_ms = now_ms;
		return 0;
	}
	return 0;
}

void made_adopted(const struct pair *p)
{
	struct made *m = p->policy_id >= P2_MADE_ID ? find_id(p->k, p->policy_id) : NULL;

	if (m)
		m->was_up = true;
	if (m && m->p.dynamic)
		m->p.peers[0] = p->peer;
}

const struct p2_policy *made_adopt(struct ike *k, const struct sa_spec *s)
{
	const struct ipaddr *peer = &s->peer;
	const struct p2_policy *p = p2_by_id(k, s->policy_id);

	if (p && p->per_host && !p->of)
		return policy_makes(p, s) ? made_for(k, p, &s->sel, peer) : NULL;
	if (p && p->dynamic && p->of) /* an earlier address of his may have SAs, too */
		return policy_makes(&find_id(k, p->id)->from, s) ? p : NULL;
	if (p || s->policy_id < P2_MADE_ID)
		return p;
	note_id(k, s->policy_id);
	for (size_t i = 0; i < k->index.n_templates; i++) {
		const struct p2_policy *t = k->index.templates[i];

		if (policy_makes(t, s) && !find(k, t->id, &s->sel)) {
			struct made *m = make(k, t, &s->sel, peer, s->policy_id);

			return m ? &m->p : NULL;
		}
	}
	return NULL;
}

/* ---- templates ---- */

static bool serves(const struct p2_policy *t, const struct ipaddr *local, const struct ipaddr *peer)
{
	bool his = !t->n_peers;

	for (size_t i = 0; i < t->n_peers; i++)
		his |= ipaddr_equal(&t->peers[i], peer);
	return his && ipaddr_equal(&t->local, local);
}

bool made_templates_serve(const struct ike *k, const struct ipaddr *local, const struct ipaddr *peer)
{
	for (size_t i = 0; i < k->index.n_templates; i++)
		if (serves(k->index.templates[i], local, peer))
			return true;
	return false;
}

const struct p2_policy *made_template(const struct ike_sa *sa, const struct selector *want)
{
	const struct index *x = &sa->k->index;

	for (size_t i = 0; i < x->n_templates; i++)
		if (serves(x->templates[i], &sa->path.local, &sa->path.remote) &&
		    profile_suits(sa, x->templates[i]) && selector_covers(&x->templates[i]->sel, want))
			return x->templates[i];
	return NULL;
}

/* ---- the configuration ---- */

/* What a change leaves alone in those that are there. */
static void refresh(struct made *m, const struct p2_policy *now)
{
	m->p.life_sec = now->life_sec;
	m->p.life_kb = now->life_kb;
	m->p.idle_sec = now->idle_sec;
	m->p.replay_window = now->replay_window;
	m->from = *now;
}

/* The template's terms have changed, or our address: the SAs go with the old id, and what
 * they protected is held back. */
static void hold_on(struct made *m, const struct p2_policy *now)
{
	struct ike *k = m->k;
	struct p2_policy p = *now;

	if (pair_any(k, m->p.id))
		m->ended_ms = k->now_ms;
	p.of = m->p.of;
	p.sel = m->p.sel;
	p.n_peers = 1;
	p.peers[0] = m->p.peers[0];
	p.default_peer = 0;
	p.id = fresh_id(k);
	note_forget(k, m->p.id);
	htab_del(&k->index.made_by_id, &m->by_id);
	m->p = p;
	m->from = *now;
	(void)htab_add(&k->index.made_by_id, &m->by_id, index_number(k, p.id));
	look_again(m, serves_until(m));
	act_policies(k, p.id);
}

void made_configure(struct ike *k)
{
	struct made *m, *next;

	for (m = TAILQ_FIRST(&k->made); m; m = next) {
		const struct p2_policy *now = p2_by_id(k, m->p.of);

		next = TAILQ_NEXT(m, entry);
		if (now && policy_same(&m->from, now))
			refresh(m, now);
		else if (now && now->any_proxies && m->from.any_proxies && m->was_up)
			hold_on(m, now);
		else
			drop(m); /* its pairs find no policy, and go */
	}
}

const struct p2_policy *ike_made(const struct ike *k, const struct p2_policy *after)
{
	const struct made *m = after ? hnode_entry(after, const struct made, p) : NULL;

	m = m ? TAILQ_NEXT(m, entry) : TAILQ_FIRST(&k->made);
	return m ? &m->p : NULL;
}
