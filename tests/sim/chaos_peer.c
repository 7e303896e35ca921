/* SPDX-License-Identifier: Apache-2.0 */
/* What one router must believe of another, where time or traffic would put it right as well:
 * that it has moved to other ports, has begun anew, has deleted an SA. */
#include "chaos.h"

#define HEARD_MS 500 /* a datagram of a network that loses nothing has arrived, and its answer */

/* The one at n's peer that n would speak under; NULL: they do not have one in common. */
static struct ike_sa *in_common(struct node *n, struct node *peer, struct ike_sa **ret_mine)
{
	struct ike_sa *mine = sa_up_for(n->ike, &n->addr, &peer->shown), *his;

	*ret_mine = mine;
	if (mine)
		TAILQ_FOREACH(his, &peer->ike->sas, entry)
	if (his->state == MM_DONE && !memcmp(his->i_cookie, mine->i_cookie, 8) &&
	    !memcmp(his->r_cookie, mine->r_cookie, 8))
		return his;
	return NULL;
}

/* ---- other ports ---- */

static void audit_moved(const struct node *n, const struct node *peer)
{
	const struct ike_sa *sa;

	if (n->dead || peer->nat == NAT_NONE)
		return;
	TAILQ_FOREACH(sa, &n->ike->sas, entry)
	/* without NAT-T - its vendor IDs, say, were damaged on their way - nobody moves */
	if (sa->state == MM_DONE && sa->nat_there && ipaddr_equal(&sa->path.remote, &peer->shown) &&
	    sa->heard_ms > sa->up_ms && /* what was under way then has arrived by now: */
	    sa->heard_ms > peer->moved_ms + 5000 + n->clock_off && sa->heard_ms > n->jumped_ms &&
	    sa->path.remote_port != peer->nat_500 && sa->path.remote_port != peer->nat_4500)
		chaos_fail("router %u has heard %u by its new ports and speaks to the old one, %u",
			   node_no(n), node_no(peer), sa->path.remote_port);
}

void peer_audit(void)
{
	for (unsigned i = 0; i < w.n_links; i++)
		for (unsigned e = 0; e < 2; e++)
			audit_moved(&w.node[w.link[i].end[e]], &w.node[w.link[i].end[!e]]);
}

/* ---- began anew ---- */

/* INITIAL-CONTACT came with the end of the first phase 1, if that was begun by the one who
 * came back: what was there before goes at once, not when each SA has been complained of. */
void peer_judge_restart(struct node *n, uint64_t died_ms)
{
	for (unsigned i = 0; i < w.n_links; i++)
		for (unsigned e = 0; e < 2; e++) {
			struct node *peer = &w.node[w.link[i].end[!e]];
			struct ike_sa *mine = NULL;

			if (w.link[i].end[e] != node_no(n))
				continue;
			for (mine = sa_of_peer(n->ike, &peer->shown, NULL); mine;
			     mine = sa_of_peer(n->ike, &peer->shown, mine))
				w.link[i].answered |= mine->was_up && !mine->initiator;
			if (w.link[i].answered || !in_common(n, peer, &mine) ||
			    mine->up_ms + HEARD_MS > node_now(n))
				continue;
			for (size_t k = 0; k < peer->n_held; k++) {
				const struct held *h = &peer->held[k];
				struct line *line;
				unsigned end;

				if (h->spec.dir == SA_OUT && h->at_ms < died_ms + peer->clock_off &&
				    link_of(node_no(peer), h->spec.policy_id, &line, &end) ==
					    &w.link[i])
					chaos_fail("router %u sends on spi %x, though %u has said "
						   "that it "
						   "began anew",
						   node_no(peer), h->spec.spi, node_no(n));
			}
		}
}

/* ---- deleted ---- */

/* An operator clears what n has with a peer. Nothing is sent meanwhile that could tell the
 * peer, but DELETE. */
static void judge_clear(struct node *n, struct node *peer)
{
	static uint32_t spi[1024];
	size_t had = 0;
	struct ike_sa *mine;

	ike_tick(n->ike, node_now(n)); /* which SA it takes depends on its clock */
	node_drain(n);
	if (!in_common(n, peer, &mine) ||
	    (peer->nat != NAT_NONE && mine->path.remote_port != peer->nat_500 &&
	     mine->path.remote_port != peer->nat_4500))
		return;
	for (size_t i = 0; i < n->n_held && had < 1024; i++)
		if (n->held[i].spec.dir == SA_IN &&
		    ipaddr_equal(&n->held[i].spec.src, &peer->shown))
			spi[had++] = n->held[i].spec.spi;
	tell("%u: clear crypto sa peer, which is %u", node_no(n), node_no(peer));
	ike_clear_ipsec(n->ike, node_now(n), &peer->shown, NULL, 0);
	node_drain(n);
	run_for(HEARD_MS);
	for (size_t i = 0; i < had; i++) {
		bool mine_gone = true;

		for (size_t k = 0; k < n->n_held; k++)
			mine_gone &= n->held[k].spec.dir != SA_IN || n->held[k].spec.spi != spi[i];
		for (size_t k = 0; mine_gone && k < peer->n_held; k++)
			if (peer->held[k].spec.dir == SA_OUT && peer->held[k].spec.spi == spi[i])
				chaos_fail(
					"router %u has deleted spi %x, and %u does not believe it",
					node_no(n), spi[i], node_no(peer));
		w.deletes += mine_gone;
	}
}

void peer_clear(void)
{
	struct link *l = &w.link[below(w.n_links)];
	unsigned e = below(2);

	w.drop = w.dup = 0;
	w.jitter_ms = below(20);
	run_for(2000); /* the last late ones */
	for (unsigned k = 0; k < l->n_lines; k++)
		l->line[k].flow[0] = l->line[k].flow[1] = false;
	run_for(1000);
	judge_clear(&w.node[l->end[e]], &w.node[l->end[!e]]);
	for (unsigned k = 0; k < l->n_lines; k++)
		l->line[k].flow[0] = l->line[k].flow[1] = true;
	run_for(10000);
}
