/* SPDX-License-Identifier: Apache-2.0 */
/* How many quick modes there may be: of one SA, and with public-key work to be done. */
#include "ike/work.h"

bool quick_make_room(struct ike_sa *sa)
{
	struct qm *q = TAILQ_FIRST(&sa->qms);

	if (sa->n_qms <= IKE_MAX_QM_PER_SA)
		return true;
	while (q && q->state != QM_DONE)
		q = TAILQ_NEXT(q, entry);
	if (q)
		quick_drop(q);
	return q;
}

/* Room for the work that another exchange of the peer's may ask for, on whichever of his SAs:
 * he may make as many as he likes, and the others have work as well. */
static bool may_work(const struct ike_sa *sa)
{
	const struct peer peer = peer_of_sa(sa);
	size_t all = sa->k->n_asked[true];
	const struct work *over = NULL;
	const struct ike_sa *his;
	unsigned n = 0;

	while ((over = work_orphan(sa->k, over)))
		n += over->quick && over->asked && peer_equal(&over->peer, &peer);
	for (his = sa_of_peer(sa->k, &peer.addr, NULL); his; his = sa_of_peer(sa->k, &peer.addr, his))
		n += his->n_parked && peer_has_sa(&peer, his) ? his->n_parked : 0;
	return n < IKE_MAX_WORK_PEER && all < (n ? IKE_MAX_WORK_KNOWN : IKE_MAX_WORK_FIRST);
}

bool quick_may_begin(const struct qm *q, bool pfs)
{
	struct ike_sa *sa = q->sa;

	if (pfs && !may_work(sa)) {
		sa->k->admission.not_begun++;
		act_debug(sa->k, sa, "too much public-key work waits, quick mode is not begun");
		return false;
	}
	if (!quick_make_room(sa)) {
		act_debug_error(sa->k, sa, "too many quick modes are under way, another one is not begun");
		return false;
	}
	return true;
}
