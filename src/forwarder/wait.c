/* SPDX-License-Identifier: Apache-2.0 */
/* A few packets wait for a negotiation instead of being lost: up to WAIT_PER_FLOW
 * of a flow, in order, for WAIT_MS. The whole is bounded, so that a flood of
 * packets without SA costs no more than this. */
#include "forwarder/internal.h"

static uint64_t flow_key(const struct flow *fl)
{
	uint64_t local = ip_addr_mix(&fl->local);
	uint64_t h = (local << 32 | local >> 32) ^ ip_addr_mix(&fl->remote);

	h ^= (uint64_t)fl->local_port << 24 ^ (uint64_t)fl->remote_port << 40 ^ fl->proto;
	return h * UINT64_C(0x9e3779b97f4a7c15);
}

static void take_one(struct forwarder *f, struct policy *pol)
{
	pol->wait_first = pol->wait_first->next;
	pol->n_waiting--;
	f->all->n_waiting--;
	if (!pol->wait_first)
		pol->wait_last = &pol->wait_first;
}

void wait_forget(struct forwarder *f, struct policy *pol, uint64_t older_than_ms,
		 enum fwd_drop why)
{
	while (pol->wait_first && pol->wait_first->since_ms <= older_than_ms) {
		struct pkt *p = pol->wait_first;

		take_one(f, pol);
		pol_stats(f, pol)->send_errors++;
		fwd_drop(f, p, why);
	}
}

struct pkt *wait_take_all(struct forwarder *f, struct policy *pol)
{
	struct pkt *first = pol->wait_first;

	f->all->n_waiting -= pol->n_waiting;
	pol->n_waiting = 0;
	pol->wait_first = NULL;
	pol->wait_last = &pol->wait_first;
	return first;
}

static bool has_room(const struct forwarder *f, const struct policy *pol, uint64_t key)
{
	size_t same = 0;

	if (pol->n_waiting >= WAIT_PER_POLICY || f->all->n_waiting >= WAIT_TOTAL)
		return false;
	for (const struct pkt *q = pol->wait_first; q; q = q->next)
		same += q->flow_key == key;
	return same < WAIT_PER_FLOW;
}

static void acquire(struct forwarder *f, struct policy *pol, const struct flow *fl)
{
	struct fwd_msg m = { .type = FWD_ACQUIRE,
			     .u.acquire = { pol->id, *fl } };

	if (pol->acquired_ms && f->now_ms - pol->acquired_ms < ACQUIRE_EVERY_MS)
		return;
	if (event_send(f, &m))
		pol->acquired_ms = f->now_ms;
}

void wait_for_sa(struct forwarder *f, struct policy *pol, const struct flow *fl, struct pkt *p)
{
	/* No SA will come that takes it: each would release it, leave it, and be asked to make
	 * another. A tunnel's end has changed since, or the policy is another tunnel's. */
	if (pol->in_table && !selector_has(&pol->sel, fl)) {
		pol_stats(f, pol)->send_errors++;
		fwd_drop(f, p, FWD_DROP_NO_POLICY);
		return;
	}
	pol_stats(f, pol)->no_sa++;
	p->flow_key = flow_key(fl);
	if (has_room(f, pol, p->flow_key)) {
		if (!p->since_ms) /* else it waited before: the queue stays in order of age */
			p->since_ms = f->now_ms;
		p->next = NULL;
		*pol->wait_last = p;
		pol->wait_last = &p->next;
		pol->n_waiting++;
		f->all->n_waiting++;
		pol_stats(f, pol)->queued++;
	} else {
		pol_stats(f, pol)->send_errors++;
		fwd_drop(f, p, FWD_DROP_NO_SA);
	}
	acquire(f, pol, fl);
}
