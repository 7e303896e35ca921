/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy does to get its SAs: which of its peers it asks, phase 1 where there is
 * none, quick mode, and what is remembered of failures. */
#include "ike/phase1.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what failed ---- */

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

void policy_follow(struct ike *k, const struct pair *p)
{
	struct fail_note *n = p->policy.n_peers > 1 ? note_for(k, p->policy_id, true) : NULL;

	for (uint8_t i = 0; n && i < p->policy.n_peers; i++)
		if (ipaddr_equal(&p->policy.peers[i], &p->peer))
			n->peer_index = i;
}

static void give_up(struct ike *k, uint32_t policy_id, const char *why)
{
	const struct p2_policy *p = p2_by_id(k, policy_id);
	struct fail_note *n = note_for(k, policy_id, true);

	if (n)
		snprintf(n->story, sizeof(n->story), "%s", why);
	if (n && p && p->n_peers)
		act_step(k, IKE_STEP_FAILED, &p->peers[n->peer_index % p->n_peers], p->ifid, why);
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
	act_step(k, IKE_STEP_FAILED, peer, p->ifid, why);
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

void renew_held_back(struct ike *k, uint32_t policy_id)
{
	const struct pair *live = pair_current(k, policy_id);
	const struct p2_policy *p = p2_by_id(k, policy_id);

	if (live && p && live->rekeying && !timer_armed(&live->timer) && !is_under_way(k, p))
		(void)renew_later(k, policy_id);
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

/* The peer was faster: the pair that we wait for is here. What we have begun with him for its sake, and
 * he has never answered, would make another one as soon as he hears of it. */
void negotiate_overtaken(struct ike *k, const struct pair *p)
{
	const struct peer peer = peer_of_pair(p);
	struct ike_sa *sa, *next;

	for (sa = sa_of_peer(k, &peer.addr, NULL); sa; sa = next) {
		size_t n = 0;

		next = sa_of_peer(k, &peer.addr, sa);
		/* his answer may be here, and its work not done */
		if (!sa->initiator || (sa->state != MM_IDLE && (sa->work || (sa->state != MM_I1 && sa->state != AG_I1))))
			continue;
		while (n < sa->n_pending && sa->pending[n] != p->policy_id)
			n++;
		if (n == sa->n_pending)
			continue;
		sa->pending[n] = sa->pending[--sa->n_pending];
		if (!sa->n_pending)
			sa_end(sa, false, "the peer has begun meanwhile");
	}
}

/* Why this policy cannot be negotiated at all; NULL if it can. */
static const char *obstacle(const struct ike *k, const struct p2_policy *p)
{
	size_t p2 = 0;

	for (size_t i = 0; i < p->n_transforms; i++)
		p2 += p2_usable(&p->transforms[i]);
	if (p->manual)
		return "its keys are typed (ipsec-manual), and they are incomplete, used up, or serve another line of its "
		       "access list";
	return !k->cfg.enabled	? "crypto isakmp is disabled" :
	       !p->n_peers	? "no peer is set" :
	       !p->n_transforms ? "no transform-set is set" :
	       !p2		? "none of its transform-sets can be negotiated" :
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
	act_log(k, NULL, "CRYPTO-6-IKMP_MODE_FAILURE", "Phase 1%s%s cannot begin: %s",
		who ? " with peer at " : "", who ? who : "", why);
}

static void cannot_begin(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer,
			 const char *why)
{
	char addr[IPADDR_STRLEN];

	tell_cause(k, note_for(k, p->id, true), ipaddr_ios(peer, addr), why);
	policy_failed(k, p->id, peer, why);
}

/* Phase 1 with the peer from the beginning. */
static void start_phase1(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer)
{
	struct ike_path path = { p->local, *peer, 500, 500 };
	const struct pair *live = pair_current(k, p->id);
	char why[320], addr[IPADDR_STRLEN], words[PEER_WORDS];
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

		ipaddr_ios(peer, addr);
		trace_no_key(k, psk ? "pre-shared" : "public", peer, pr && pr->aggressive);
		if (psk && pr && pr->n_keyrings)
			snprintf(why, sizeof(why),
				 "no pre-shared key with %s (to type in a keyring of isakmp profile "
				 "%s: pre-shared-key %s key KEY)",
				 addr, p->profile, peer_words(peer, words));
		else if (psk)
			snprintf(why, sizeof(why),
				 "no pre-shared key with %s (to type: crypto isakmp key KEY %s)",
				 addr, peer_words(peer, words));
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
	act_step(k, IKE_STEP_PHASE1, peer, 0, NULL);
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

/* Packets ask for it, and it has no SA. */
void negotiate_asked(struct ike *k, const struct p2_policy *p, const struct flow *flow)
{
	const struct fail_note *n = note_for(k, p->id, false);

	if (p->n_peers && !pair_current(k, p->id) && !is_under_way(k, p))
		act_step_traffic(k, &p->peers[n ? n->peer_index % p->n_peers : 0], p, flow);
	negotiate(k, p);
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
		policy_follow(k, live);
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
				err == -EPROTONOSUPPORT ?
						 "AH cannot cross the NAT that was found, and each of its "
						 "transform-sets has AH (use ESP alone)" :
						 "quick mode could not start");
	} else if ((sa = find_starting(k, p, peer, live))) {
		sa_want(sa, p->id);
	} else {
		trace_request(k, p, peer);
		k->debug_about.now = *peer;
		start_phase1(k, p, peer);
	}
}
