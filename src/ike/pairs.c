/* SPDX-License-Identifier: Apache-2.0 */
/* The IPsec SA pairs that quick modes made: the newest of a policy carries what
 * leaves, older ones stay for what is still on its way. */
#include "ike/phase1.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

static struct pair *of_policy(struct hnode *n)
{
	return n ? hnode_entry(n, struct pair, by_policy) : NULL;
}

/* The pairs of a policy one after the other, in no order; after NULL: the first. */
static struct pair *pair_of_policy(const struct ike *k, uint32_t policy_id,
				   const struct pair *after)
{
	struct hnode *n = after ? htab_next(&after->by_policy) :
				  htab_first(&k->index.pairs_by_policy, index_number(k, policy_id));

	while (n && of_policy(n)->policy_id != policy_id)
		n = htab_next(n);
	return of_policy(n);
}

struct pair *pair_current(struct ike *k, uint32_t policy_id)
{
	struct pair *p, *best = NULL;

	for (p = pair_of_policy(k, policy_id, NULL); p; p = pair_of_policy(k, policy_id, p))
		if (p->out_installed && !p->retired && (!best || p->pair_id > best->pair_id))
			best = p;
	return best;
}

bool pair_any(const struct ike *k, uint32_t policy_id)
{
	return pair_of_policy(k, policy_id, NULL) != NULL;
}

bool pair_has_newer(const struct pair *p)
{
	const struct pair *x;

	for (x = pair_of_policy(p->k, p->policy_id, NULL); x;
	     x = pair_of_policy(p->k, p->policy_id, x))
		if (x->pair_id > p->pair_id && x->out_installed && !x->retired &&
		    selector_equal(&x->in.sel, &p->in.sel))
			return true;
	return false;
}

static void retire(struct pair *p)
{
	p->retired = true;
	p->timer.kind = T_RETIRE;
	(void)timer_arm(&p->k->timers, &p->timer, p->k->now_ms + IKE_RETIRE_MS);
}

/* Twins of a simultaneous start stay both: the peers may not agree which one is
 * newer, and each would delete the other's. So do those that were complete only after
 * the new one's exchange had begun, in whatever order the two came to their ends. A pair
 * whose renewal was asked for is no twin, however young; nor is, under a dynamic crypto
 * map, one that an earlier address of the peer has, or another peer behind it. */
static void retire_older(struct ike *k, const struct pair *new, uint64_t begun_ms)
{
	const struct peer peer = peer_of_pair(new);
	struct pair *p;

	for (p = pair_of_policy(k, new->policy_id, NULL); p;
	     p = pair_of_policy(k, new->policy_id, p)) {
		if (p == new || p->retired || (p->made_ms && p->made_ms >= begun_ms) ||
		    (!p->rekeying && k->now_ms - p->made_ms < IKE_SIMULTANEOUS_MS &&
		     !(new->policy.dynamic && !peer_has_pair(&peer, p))) ||
		    !selector_equal(&p->in.sel, &new->in.sel))
			continue;
		retire(p);
	}
}

/* The list is kept newest first; adopted pairs may come in any order. */
static struct pair *pair_make(struct ike *k, uint32_t pair_id, uint32_t policy_id)
{
	struct pair *p = calloc(1, sizeof(*p)), *older;

	if (!p)
		return NULL;
	k->walk.pair = NULL;
	p->k = k;
	p->pair_id = pair_id;
	p->policy_id = policy_id;
	p->since_ms = k->now_ms;
	p->timer.owner = p;
	TAILQ_FOREACH(older, &k->pairs, entry)
		if (older->pair_id < pair_id)
			break;
	if (older)
		TAILQ_INSERT_BEFORE(older, p, entry);
	else
		TAILQ_INSERT_TAIL(&k->pairs, p, entry);
	(void)htab_add(&k->index.pairs_by_policy, &p->by_policy, index_number(k, policy_id));
	return p;
}

static uint64_t spi_hash(const struct ike *k, bool in, uint32_t spi)
{
	return index_number(k, spi) + in;
}

/* One direction is known; the peer is the same for both. */
static void note_spec(struct pair *p, bool in, const struct ipaddr *peer)
{
	struct index *x = &p->k->index;
	const struct sa_spec *s = in ? &p->in : &p->out;

	if (!p->peer.family) {
		p->peer = *peer;
		(void)htab_add(&x->pairs_by_peer, &p->by_peer, index_addr(p->k, peer));
	}
	p->by_id[in].p = p->by_spi[in].p = p;
	(void)htab_add(&x->pairs_by_id, &p->by_id[in].node, index_number(p->k, s->id));
	(void)htab_add(&x->pairs_by_spi, &p->by_spi[in].node, spi_hash(p->k, in, s->spi));
	if (in || !s->ah.spi)
		return;
	p->by_ah_spi.p = p;
	(void)htab_add(&x->pairs_by_spi, &p->by_ah_spi.node, spi_hash(p->k, in, s->ah.spi));
}

static void forget_specs(struct pair *p)
{
	struct index *x = &p->k->index;

	htab_del(&x->pairs_by_policy, &p->by_policy);
	if (p->peer.family)
		htab_del(&x->pairs_by_peer, &p->by_peer);
	for (int in = 0; in < 2; in++)
		if (p->by_id[in].p) {
			htab_del(&x->pairs_by_id, &p->by_id[in].node);
			htab_del(&x->pairs_by_spi, &p->by_spi[in].node);
		}
	if (p->by_ah_spi.p)
		htab_del(&x->pairs_by_spi, &p->by_ah_spi.node);
}

static void copy_spec(struct sa_spec *to, const struct sa_spec *from)
{
	*to = *from;
	secret_wipe(&to->enc_key, sizeof(to->enc_key));
	secret_wipe(&to->auth_key, sizeof(to->auth_key));
	secret_wipe(&to->ah.key, sizeof(to->ah.key));
}

int pair_add(struct ike *k, struct qm *q)
{
	struct pair *p = pair_make(k, q->pair_id, q->policy.id);
	struct fail_note *n = note_for(k, q->policy.id, false);

	if (!p)
		return -ENOMEM;
	p->made_ms = k->now_ms;
	p->who = q->sa->who;
	p->initiator = q->initiator;
	p->policy = q->policy;
	copy_spec(&p->in, &q->in);
	copy_spec(&p->out, &q->out);
	note_spec(p, true, &q->sa->path.remote);
	note_spec(p, false, &q->sa->path.remote);
	if (n) {
		n->story[0] = '\0';
		n->tried = 0;
	}
	policy_follow(k, p);
	return 0;
}

int pair_keep_inbound(struct ike *k, struct qm *q)
{
	struct pair *p;

	for (p = pair_of_policy(k, q->policy.id, NULL); p; p = pair_of_policy(k, q->policy.id, p))
		if (!p->out_installed && !p->retired &&
		    selector_equal(&p->in.sel, &q->sel))
			retire(p);
	return pair_add(k, q);
}

void pair_use(struct ike *k, const struct qm *q)
{
	struct pair *p = pair_by_sa(k, q->out.id);

	if (!p)
		return;
	act_sa_add(k, &q->out);
	session_up(p);
	p->out_installed = true;
	act_step_phase2(p);
	made_in_use(p);
	retire_older(k, p, q->made_ms);
	if (!p->initiator)
		negotiate_overtaken(k, p);
	trace_pair(k, p);
}

/* An adopted pair may have one direction only. */
const struct ipaddr *pair_local(const struct pair *p)
{
	return p->in.id ? &p->in.dst : &p->out.src;
}

void pair_remove(struct pair *p, bool tell_peer, const char *why)
{
	struct ike *k = p->k;
	struct ipaddr local = *pair_local(p), peer = p->peer;
	uint32_t policy_id = p->policy_id, ifid = p->policy.ifid;
	const struct peer who = peer_of_pair(p);
	struct ike_sa *sa = tell_peer ? sa_up_of(k, NULL, &who) : NULL;
	bool carried = p->out_installed;

	if (sa)
		info_delete(sa, p->in.proto == PROTO_AH ? PROTO_ID_AH : PROTO_ID_ESP, &p->in.spi, 1);
	if (sa && p->in.ah.spi) /* each protocol has its own (RFC 2408 section 3.15) */
		info_delete(sa, PROTO_ID_AH, &p->in.ah.spi, 1);
	act_sa_del(k, p->in.id);
	if (p->out_installed)
		act_sa_del(k, p->out.id);
	timer_stop(&k->timers, &p->timer);
	k->walk.pair = NULL;
	TAILQ_REMOVE(&k->pairs, p, entry);
	forget_specs(p);
	secret_free(p, sizeof(*p));
	made_ended(k, policy_id);
	if (!carried)
		return;
	act_step(k, IKE_STEP_PHASE2_DOWN, &peer, ifid, why);
	session_down(k, &local, &peer);
}

static struct pair *of_ref(struct hnode *n)
{
	return n ? hnode_entry(n, struct pair_ref, node)->p : NULL;
}

struct pair *pair_by_sa(struct ike *k, uint32_t sa_id)
{
	struct hnode *n = htab_first(&k->index.pairs_by_id, index_number(k, sa_id));
	struct pair *p;

	for (; (p = of_ref(n)); n = htab_next(n))
		if (p->in.id == sa_id || p->out.id == sa_id)
			return p;
	return NULL;
}

/* A peer names the SPIs that he receives on, which are our outbound ones. Of pairs that
 * were taken over it is enough to know them. */
struct pair *pair_by_spi(const struct ike_sa *sa, uint8_t proto_id, uint32_t spi)
{
	uint8_t proto = proto_id == PROTO_ID_AH ? PROTO_AH : PROTO_ESP;
	struct ike *k = sa->k;
	const struct peer peer = peer_of_sa(sa);
	struct hnode *n = htab_first(&k->index.pairs_by_spi, spi_hash(k, false, spi));
	struct pair *p;

	for (; (p = of_ref(n)); n = htab_next(n))
		if (sa_spec_has_spi(&p->out, proto, spi) && ipaddr_equal(&p->peer, &peer.addr) &&
		    (!p->who || peer_has_pair(&peer, p)))
			return p;
	return NULL;
}

struct pair *pair_of_peer(const struct ike *k, const struct ipaddr *peer, const struct pair *after)
{
	struct hnode *n = after ? htab_next(&after->by_peer) :
				  htab_first(&k->index.pairs_by_peer, index_addr(k, peer));

	return n ? hnode_entry(n, struct pair, by_peer) : NULL;
}

bool pairs_with(struct ike *k, const struct ipaddr *local, const struct ipaddr *peer)
{
	struct pair *p;

	for (p = pair_of_peer(k, peer, NULL); p; p = pair_of_peer(k, peer, p))
		if (ipaddr_equal(&p->peer, peer) && ipaddr_equal(pair_local(p), local))
			return true;
	return false;
}

bool pairs_of(struct ike *k, const struct peer *peer)
{
	struct pair *p;

	for (p = pair_of_peer(k, &peer->addr, NULL); p; p = pair_of_peer(k, &peer->addr, p))
		if (peer_has_pair(peer, p))
			return true;
	return false;
}

void pairs_claim(const struct ike_sa *sa)
{
	const struct peer peer = peer_of_sa(sa);
	struct pair *p;

	for (p = pair_of_peer(sa->k, &peer.addr, NULL); p; p = pair_of_peer(sa->k, &peer.addr, p))
		if (!p->who && peer_has_pair(&peer, p))
			p->who = sa->who;
}

uint64_t pairs_last_out(const struct ike *k, const struct peer *peer)
{
	uint64_t ms = 0;
	struct pair *p;

	for (p = pair_of_peer(k, &peer->addr, NULL); p; p = pair_of_peer(k, &peer->addr, p))
		if (peer_has_pair(peer, p) && p->out_ms > ms)
			ms = p->out_ms;
	return ms;
}

void pairs_move(struct ike *k, const struct peer *peer, const struct ike_path *to)
{
	struct pair *p;

	for (p = pair_of_peer(k, &peer->addr, NULL); p; p = pair_of_peer(k, &peer->addr, p)) {
		if (!peer_has_pair(peer, p) || !p->in.udp_encap ||
		    (ipaddr_equal(&p->in.src, &to->remote) && p->in.udp_sport == to->remote_port))
			continue;
		p->in.src = p->out.dst = to->remote;
		p->in.udp_sport = p->out.udp_dport = to->remote_port;
		act_sa_move(k, p->in.id, to);
		if (p->out_installed)
			act_sa_move(k, p->out.id, to);
	}
}

void pairs_drop_peer(struct ike *k, const struct peer *peer, uint64_t before_ms)
{
	struct pair *p, *next;

	for (p = pair_of_peer(k, &peer->addr, NULL); p; p = next) {
		next = pair_of_peer(k, &peer->addr, p);
		if (peer_has_pair(peer, p) && p->made_ms < before_ms)
			pair_remove(p, false, "the peer has restarted");
	}
}

/* Of AH its twin. */
bool spi_in_use(struct ike *k, uint32_t spi)
{
	uint32_t both[] = { spi, p2_ah_spi(spi) };
	struct hnode *n;
	struct pair *p;

	for (size_t i = 0; i < 2; i++) /* AH alone has that alone */
		for (n = htab_first(&k->index.pairs_by_spi, spi_hash(k, true, both[i])); (p = of_ref(n));
		     n = htab_next(n))
			if (p->in.spi == both[i])
				return true;
	n = htab_first(&k->index.qms_by_spi, index_number(k, spi));
	while (n && hnode_entry(n, struct qm, by_spi)->spi != spi)
		n = htab_next(n);
	return n;
}

/* One of the policy's sets has the SA's algorithms. */
static bool set_makes(const struct p2_transform *t, const struct sa_spec *s)
{
	if (s->proto == PROTO_AH)
		return t->cipher == CIPHER_UNSET && t->ah_auth == s->auth;
	return t->cipher == s->cipher && t->cipher_bits == s->cipher_bits && t->esp_auth == s->auth &&
	       t->ah_auth == (s->ah.spi ? s->ah.auth : AUTH_NONE);
}

/* The policy as it is configured now would make such an SA. Ids are only unique in one
 * run of control, so that the number alone says nothing. */
bool policy_makes(const struct p2_policy *p, const struct sa_spec *s)
{
	const struct ipaddr *local = s->dir == SA_IN ? &s->dst : &s->src;
	const struct ipaddr *peer = &s->peer;
	bool has_peer = p->dynamic && (!p->n_peers || p->of), has_set = false;

	for (size_t i = 0; i < p->n_peers; i++)
		has_peer |= ipaddr_equal(&p->peers[i], peer);
	for (size_t i = 0; i < p->n_transforms; i++)
		has_set |= set_makes(&p->transforms[i], s);
	return has_peer && has_set && ipaddr_equal(&p->local, local) &&
	       selector_covers(&p->sel, &s->sel);
}

int ike_adopt(struct ike *k, uint64_t now_ms, const struct sa_spec *spec)
{
	const struct p2_policy *policy;
	struct pair *p;

	k->now_ms = now_ms;
	policy = made_adopt(k, spec);
	if (spec->id > k->next_sa)
		k->next_sa = spec->id;
	if (spec->pair_id > k->next_pair)
		k->next_pair = spec->pair_id;
	if (!policy || !policy_makes(policy, spec)) {
		act_sa_del(k, spec->id);
		return 0;
	}
	p = pair_of_policy(k, policy->id, NULL);
	while (p && p->pair_id != spec->pair_id)
		p = pair_of_policy(k, policy->id, p);
	if (!p) {
		p = pair_make(k, spec->pair_id, policy->id);
		if (!p)
			return -ENOMEM;
		p->policy = *policy;
	}
	bool in = spec->dir == SA_IN;
	if (p->by_id[in].p)
		return 0; /* told twice */
	copy_spec(in ? &p->in : &p->out, spec);
	p->out_installed |= !in;
	note_spec(p, in, &spec->peer);
	if (!in)
		act_step_phase2(p);
	if (pair_current(k, policy->id) == p)
		made_adopted(p);
	return 0;
}

void pair_timer_fired(struct pair *p, struct timer *t)
{
	const struct p2_policy *policy = p2_by_id(p->k, p->policy_id);

	if (t->kind == T_RETIRE)
		pair_remove(p, true, "a newer pair has taken its place");
	else if (policy && !p->retired)
		negotiate(p->k, policy);
}
