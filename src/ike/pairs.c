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
}

static void copy_spec(struct sa_spec *to, const struct sa_spec *from)
{
	*to = *from;
	secret_wipe(&to->enc_key, sizeof(to->enc_key));
	secret_wipe(&to->auth_key, sizeof(to->auth_key));
}

/* Whoever the SAs are with is the current peer, also if he began: renewals go to him. */
static void follow_peer(struct ike *k, const struct pair *p)
{
	struct fail_note *n = p->policy.n_peers > 1 ? note_for(k, p->policy_id, true) : NULL;

	for (uint8_t i = 0; n && i < p->policy.n_peers; i++)
		if (ipaddr_equal(&p->policy.peers[i], &p->peer))
			n->peer_index = i;
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
	follow_peer(k, p);
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
	made_in_use(p);
	retire_older(k, p, q->made_ms);
	trace_pair(k, p);
}

/* An adopted pair may have one direction only. */
const struct ipaddr *pair_local(const struct pair *p)
{
	return p->in.id ? &p->in.dst : &p->out.src;
}

void pair_remove(struct pair *p, bool tell_peer)
{
	struct ike *k = p->k;
	struct ipaddr local = *pair_local(p), peer = p->peer;
	uint32_t policy_id = p->policy_id;
	const struct peer who = peer_of_pair(p);
	struct ike_sa *sa = tell_peer ? sa_up_of(k, NULL, &who) : NULL;
	bool carried = p->out_installed;

	if (sa)
		info_delete(sa, 3, &p->in.spi, 1);
	act_sa_del(k, p->in.id);
	if (p->out_installed)
		act_sa_del(k, p->out.id);
	timer_stop(&k->timers, &p->timer);
	k->walk.pair = NULL;
	TAILQ_REMOVE(&k->pairs, p, entry);
	forget_specs(p);
	secret_free(p, sizeof(*p));
	made_ended(k, policy_id);
	if (carried)
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
struct pair *pair_by_spi(const struct ike_sa *sa, uint32_t spi)
{
	struct ike *k = sa->k;
	const struct peer peer = peer_of_sa(sa);
	struct hnode *n = htab_first(&k->index.pairs_by_spi, spi_hash(k, false, spi));
	struct pair *p;

	for (; (p = of_ref(n)); n = htab_next(n))
		if (p->out.spi == spi && ipaddr_equal(&p->peer, &peer.addr) &&
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
			pair_remove(p, false);
	}
}

bool spi_in_use(struct ike *k, uint32_t spi)
{
	struct hnode *n = htab_first(&k->index.pairs_by_spi, spi_hash(k, true, spi));
	struct pair *p;

	for (; (p = of_ref(n)); n = htab_next(n))
		if (p->in.spi == spi)
			return true;
	n = htab_first(&k->index.qms_by_spi, index_number(k, spi));
	while (n && hnode_entry(n, struct qm, by_spi)->spi != spi)
		n = htab_next(n);
	return n;
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
		has_set |= p->transforms[i].cipher == s->cipher &&
			   p->transforms[i].cipher_bits == s->cipher_bits &&
			   p->transforms[i].esp_auth == s->auth;
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
	if (pair_current(k, policy->id) == p)
		made_adopted(p);
	return 0;
}

/* ---- policies ---- */

struct fail_note *note_for(struct ike *k, uint32_t policy_id, bool make)
{
	uint64_t hash = index_number(k, policy_id);
	struct hnode *n = htab_first(&k->index.notes, hash);
	struct fail_note *f;

	for (; n; n = htab_next(n))
		if (hnode_entry(n, struct fail_note, node)->policy_id == policy_id)
			return hnode_entry(n, struct fail_note, node);
	f = make ? calloc(1, sizeof(*f)) : NULL;
	if (!f)
		return NULL;
	f->policy_id = policy_id;
	(void)htab_add(&k->index.notes, &f->node, hash);
	return f;
}

void note_forget(struct ike *k, uint32_t policy_id)
{
	struct fail_note *f = note_for(k, policy_id, false);

	if (!f)
		return;
	htab_del(&k->index.notes, &f->node);
	free(f);
}

void notes_prune(struct ike *k)
{
	struct hnode *n = htab_walk(&k->index.notes, NULL);

	while (n) {
		struct hnode *next = htab_walk(&k->index.notes, n);
		struct fail_note *f = hnode_entry(n, struct fail_note, node);

		if (!p2_by_id(k, f->policy_id)) {
			htab_del(&k->index.notes, n);
			free(f);
		}
		n = next;
	}
}

const char *ike_policy_story(const struct ike *k, uint32_t policy_id)
{
	const struct fail_note *n = note_for((struct ike *)k, policy_id, false);

	return n ? n->story : "";
}

static void give_up(struct ike *k, uint32_t policy_id, const char *why)
{
	struct fail_note *n = note_for(k, policy_id, true);

	if (n)
		snprintf(n->story, sizeof(n->story), "%s", why);
	act_failed(k, policy_id, why);
}

/* A renewal that failed: the old pair still carries, and it is tried again. */
bool renew_later(struct ike *k, uint32_t policy_id)
{
	struct pair *live = pair_current(k, policy_id);

	if (!live)
		return false;
	live->rekeying = true;
	live->timer.kind = T_RENEW;
	(void)timer_arm(&k->timers, &live->timer, k->now_ms + IKE_REKEY_AGAIN_MS);
	return true;
}

/* A default peer that failed is not the first to be asked for a while. */
static void leave_peer(struct ike *k, const struct p2_policy *p, struct fail_note *n)
{
	uint8_t at = n->peer_index % p->n_peers;

	if (p->default_peer == at + 1)
		n->default_from_ms = k->now_ms + IKE_DEFAULT_AGAIN_MS;
	n->peer_index = (uint8_t)((at + 1) % p->n_peers);
}

static void policy_leaves(struct ike *k, const struct p2_policy *p, const struct ipaddr *local,
			  const struct ipaddr *peer)
{
	struct fail_note *n = p->n_peers > 1 && ipaddr_equal(&p->local, local) ?
				      note_for(k, p->id, true) :
				      NULL;

	if (n && ipaddr_equal(&p->peers[n->peer_index % p->n_peers], peer))
		leave_peer(k, p, n);
}

void policies_leave(struct ike *k, const struct ipaddr *local, const struct ipaddr *peer)
{
	const struct p2_policy *p = NULL;

	for (size_t i = 0; i < k->cfg.n_p2; i++)
		policy_leaves(k, &k->cfg.p2[i], local, peer);
	while ((p = ike_made(k, p)))
		policy_leaves(k, p, local, peer);
}

void policy_to_default(struct ike *k, const struct p2_policy *p)
{
	struct fail_note *n = p->default_peer ? note_for(k, p->id, true) : NULL;

	if (!n)
		return;
	n->peer_index = (uint8_t)(p->default_peer - 1);
	n->default_from_ms = 0;
}

/* The next peer of the list, if there is one that was not tried in this round. */
void policy_failed(struct ike *k, uint32_t policy_id, const struct ipaddr *peer, const char *why)
{
	const struct p2_policy *p = p2_by_id(k, policy_id);
	struct fail_note *n = note_for(k, policy_id, true);

	if (!p || !n) {
		act_failed(k, policy_id, why);
		return;
	}
	snprintf(n->story, sizeof(n->story), "%s", why);
	if (renew_later(k, policy_id))
		return;
	if (p->n_peers > 1 && ipaddr_equal(&p->peers[n->peer_index % p->n_peers], peer)) {
		leave_peer(k, p, n);
		if (++n->tried < p->n_peers) {
			negotiate(k, p);
			return;
		}
	}
	n->tried = 0;
	act_failed(k, policy_id, why);
}

/* As initiator, or as responder with the peer's last message still to come: what
 * goes back to him waits for that, not for a negotiation of its own. */
static bool qm_running(struct ike *k, const struct p2_policy *p)
{
	struct ike_sa *sa;
	struct qm *q;

	for (size_t i = 0; i < p->n_peers; i++)
		for (sa = sa_of_peer(k, &p->peers[i], NULL); sa;
		     sa = sa_of_peer(k, &p->peers[i], sa))
			TAILQ_FOREACH(q, &sa->qms, entry)
				if (q->policy.id == p->id && q->state != QM_R0 &&
				    q->state != QM_DONE)
					return true;
	return false;
}

/* Waits for a phase 1, or is being negotiated. */
static bool is_under_way(struct ike *k, const struct p2_policy *p)
{
	const struct ike_sa *sa;

	for (size_t i = 0; i < p->n_peers; i++)
		for (sa = sa_of_peer(k, &p->peers[i], NULL); sa;
		     sa = sa_of_peer(k, &p->peers[i], sa))
			for (size_t n = 0; n < sa->n_pending; n++)
				if (sa->pending[n] == p->id)
					return true;
	return qm_running(k, p);
}

void policy_begins(struct ike *k, const struct p2_policy *p)
{
	struct fail_note *n = p->n_peers > 1 ? note_for(k, p->id, false) : NULL;

	if (!p->default_peer || pair_current(k, p->id) || is_under_way(k, p))
		return;
	if (!n || k->now_ms >= n->default_from_ms)
		policy_to_default(k, p);
}

bool p1_any_usable(const struct ike *k)
{
	for (size_t i = 0; i < k->cfg.n_p1; i++)
		if (p1_usable(&k->cfg.p1[i]))
			return true;
	return false;
}

/* Why this policy cannot be negotiated at all; NULL if it can. */
static const char *obstacle(const struct ike *k, const struct p2_policy *p)
{
	size_t p2 = 0;

	for (size_t i = 0; i < p->n_transforms; i++)
		p2 += p2_usable(&p->transforms[i]);
	return !k->cfg.enabled	? "crypto isakmp is disabled" :
	       !p->n_peers	? "no peer is set" :
	       !p->n_transforms ? "no transform-set is set" :
	       !p2		? "none of its transform-sets can be negotiated (AH is not spoken)" :
	       !p1_any_usable(k) ? "no crypto isakmp policy that can be negotiated is configured (rsa-sig needs a certificate of ours)" :
				  NULL;
}

struct ike_sa *phase1_at(struct ike *k, const struct ike_path *path, const struct ipaddr *at,
			 const char *profile)
{
	const struct ike_profile *p = profile_named(k, profile);
	struct ike_sa *sa;

	/* a profile that is missing is no reason to do without one */
	if ((profile[0] && !p) || !auth_methods_begin(k, p, &path->local, &path->remote))
		return NULL;
	sa = sa_make(k, path, true);
	if (sa) {
		sa->at = *at;
		profile_set(sa, profile);
	}
	if (!sa || !phase1_start(sa))
		return sa;
	sa_end(sa, false, "phase 1 could not start");
	return NULL;
}

struct ike_sa *phase1_alone(struct ike *k, const struct ike_path *path, const char *profile)
{
	return phase1_at(k, path, &(struct ipaddr){ 0 }, profile);
}

/* Nothing was sent: the cause is here. Each packet asks again, and the log has it once a
 * minute, and another cause (that of the next peer) in between. */
static void tell_cause(struct ike *k, struct fail_note *n, const char *who, const char *why)
{
	uint64_t rest = n && strcmp(n->story, why) ? IKE_TELL_OTHER_MS : IKE_TELL_AGAIN_MS;

	if (!n || (n->told_ms && k->now_ms - n->told_ms < rest))
		return;
	n->told_ms = k->now_ms ? k->now_ms : 1;
	act_log(k, "CRYPTO-6-IKMP_MODE_FAILURE", "Phase 1%s%s cannot begin: %s",
		who ? " with peer at " : "", who ? who : "", why);
}

static void cannot_begin(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer,
			 const char *why)
{
	char addr[IPADDR_STRLEN];

	tell_cause(k, note_for(k, p->id, true), ipaddr_str(peer, addr), why);
	policy_failed(k, p->id, peer, why);
}

/* Phase 1 with the peer from the beginning. */
static void start_phase1(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer)
{
	struct ike_path path = { p->local, *peer, 500, 500 };
	const struct pair *live = pair_current(k, p->id);
	char why[320], addr[IPADDR_STRLEN];
	struct ike_sa *sa;

	const struct ike_profile *pr = profile_named(k, p->profile);

	if (p->profile[0] && (!pr || !pr->n_matches)) {
		snprintf(why, sizeof(why), "isakmp profile %s %s", p->profile,
			 pr ? "has no match identity statement" : "does not exist");
		cannot_begin(k, p, peer, why);
		return;
	}
	if (!auth_methods_begin(k, pr, &p->local, peer)) {
		bool psk = auth_methods_configured(k) & P1_METHOD(IKE_AUTH_PSK);

		ipaddr_str(peer, addr);
		act_debug(k, NULL, "No %s key with %s!", psk ? "pre-shared" : "public", addr);
		if (psk && pr && pr->n_keyrings)
			snprintf(why, sizeof(why),
				 "no pre-shared key with %s (to type in a keyring of isakmp profile "
				 "%s: pre-shared-key address %s key KEY)",
				 addr, p->profile, addr);
		else if (psk)
			snprintf(why, sizeof(why),
				 "no pre-shared key with %s (to type: crypto isakmp key KEY address %s)",
				 addr, addr);
		else
			snprintf(why, sizeof(why),
				 "no public key of %s (to type: crypto key pubkey-chain rsa, addressed-key %s)",
				 addr, addr);
		cannot_begin(k, p, peer, why);
		return;
	}
	if (!phase1_may_start(k, peer, pr)) {
		policy_failed(k, p->id, peer, /* phase1_may_start() has logged it */
			      "aggressive mode is asked for and disabled (to type: no crypto isakmp "
			      "aggressive-mode disable)");
		return;
	}
	if (!admission_ask(k, &path, false)) {
		policy_failed(k, p->id, peer, "call admission control refuses another ISAKMP SA");
		return;
	}
	sa = sa_make(k, &path, true);
	if (!sa) {
		give_up(k, p->id, "no memory for another ISAKMP SA");
		return;
	}
	/* phase 1 is gone and a pair lives: through a NAT only its mapping leads to him */
	if (live && live->out.udp_encap && ipaddr_equal(&live->peer, peer)) {
		sa->path.local_port = live->out.udp_sport;
		sa->path.remote_port = live->out.udp_dport;
		if (!ipaddr_equal(&live->out.dst, peer))
			sa->at = live->out.dst;
	}
	profile_set(sa, p->profile);
	sa_want(sa, p->id);
	if (phase1_start(sa))
		sa_end(sa, false, "phase 1 could not start");
}

/* What lives is renewed with whom it is with. Of a configured entry an address is the
 * peer, and the last one that came from it is taken for him if that one is not there. */
static struct ike_sa *find_up(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer,
			      const struct pair *live)
{
	bool his = live && ipaddr_equal(&live->peer, peer);
	const struct peer who = his ? peer_of_pair(live) : (struct peer){ 0 };
	struct ike_sa *sa = his ? sa_up_of(k, p, &who) : NULL;

	return sa || (his && p->dynamic) ? sa : sa_up_with(k, p, peer);
}

static struct ike_sa *find_starting(struct ike *k, const struct p2_policy *p,
				    const struct ipaddr *peer, const struct pair *live)
{
	const struct peer who = live ? peer_of_pair(live) : (struct peer){ 0 };

	return live && p->dynamic && ipaddr_equal(&live->peer, peer) ? sa_starting_of(k, p, &who) :
								       sa_starting_with(k, p, peer);
}

void negotiate(struct ike *k, const struct p2_policy *p)
{
	struct fail_note *n = note_for(k, p->id, true);
	const char *why = n ? obstacle(k, p) : "no memory";
	char text[200];
	struct ike_sa *sa;

	if (why) {
		snprintf(text, sizeof(text), "crypto map %s %u: %s", p->map, p->seq, why);
		tell_cause(k, n, NULL, text);
		give_up(k, p->id, text);
		return;
	}
	if (qm_running(k, p))
		return;
	const struct pair *live = pair_current(k, p->id);
	if (live) /* it may have been adopted, or another peer been tried meanwhile */
		follow_peer(k, live);
	const struct ipaddr *peer = &p->peers[n->peer_index % p->n_peers];
	sa = find_up(k, p, peer, live);
	if (sa && !sa_has_room(sa)) {
		sa_want(sa, p->id);
	} else if (sa) {
		if (sa->up_ms != k->now_ms) /* else it was told when phase 1 began */
			trace_request(k, p, peer);
		int err = quick_start(sa, p);

		if (err && (err != -ENOMEM || !renew_later(k, p->id)))
			give_up(k, p->id,
				err == -EINVAL ? "the crypto ACL line cannot be said in IKE: its "
						 "wildcard mask has holes" :
						 "quick mode could not start");
	} else if ((sa = find_starting(k, p, peer, live))) {
		sa_want(sa, p->id);
	} else {
		trace_request(k, p, peer);
		k->debug_about.now = *peer;
		start_phase1(k, p, peer);
	}
}

void pair_timer_fired(struct pair *p, struct timer *t)
{
	const struct p2_policy *policy = p2_by_id(p->k, p->policy_id);

	if (t->kind == T_RETIRE)
		pair_remove(p, true);
	else if (policy && !p->retired)
		negotiate(p->k, policy);
}
