/* SPDX-License-Identifier: Apache-2.0 */
/* Call admission control, as IOS has it: phase 1 with a peer that has no ISAKMP SA yet is
 * refused while there are too many. What is up is never hurt, and may be renewed. Without
 * any limit configured there is one: public-key work of strangers that waits (IKE_MAX_WORK). */
#include "ike/internal.h"

static void count(const struct ike *k, struct ike_admission *a)
{
	a->active = (uint32_t)k->n_up;
	a->negotiating = (uint32_t)(k->n_sas - k->n_up - k->n_dead);
}

/* Why not; NULL if it is admitted. */
static const char *refusal(struct ike *k, const struct ike_path *path, bool incoming, uint64_t **ret_counter)
{
	const struct ike_config *c = &k->cfg;
	struct ike_admission *a = &k->admission, now = { 0 };

	bool busy = incoming && k->n_asked[false] >= IKE_MAX_WORK && !peer_known(k, &path->remote);

	if (!c->max_sas && !c->max_negotiating && !c->max_charge && !busy)
		return NULL;
	if (sa_up_for(k, &path->local, &path->remote))
		return NULL;
	count(k, &now);
	*ret_counter = &a->low_resources;
	if (busy)
		return "SYSTEM RESOURCES TOO LOW";
	*ret_counter = &a->at_max_sas;
	if (c->max_sas && now.active + now.negotiating >= c->max_sas)
		return "IKE SA LIMIT REACHED";
	*ret_counter = &a->at_max_negotiating;
	if (c->max_negotiating && now.negotiating >= c->max_negotiating)
		return "IKE IN-NEGOTIATION SA LIMIT REACHED";
	*ret_counter = &a->low_resources;
	/* what a charge counts is not said by IOS: here it is one for each phase 1 and each quick
	 * mode that is under way, the work in hand */
	return c->max_charge && now.negotiating + k->n_quick >= c->max_charge ?
		       "SYSTEM RESOURCES TOO LOW" :
		       NULL;
}

bool admission_ask(struct ike *k, const struct ike_path *path, bool incoming)
{
	struct ike_admission *a = &k->admission;
	const struct ipaddr *from = incoming ? &path->remote : &path->local;
	const struct ipaddr *to = incoming ? &path->local : &path->remote;
	char s[IPADDR_STRLEN], d[IPADDR_STRLEN];
	uint64_t *counter = NULL;
	const char *why = refusal(k, path, incoming, &counter);

	if (!why) {
		++*(incoming ? &a->in_accepted : &a->out_accepted);
		return true;
	}
	++*counter;
	++*(incoming ? &a->in_rejected : &a->out_rejected);
	act_log(k, &path->remote, "CRYPTO-4-IKE_DENY_SA_REQ", "IKE denied an %s SA request from %s to %s due to %s",
		incoming ? "INCOMING" : "OUTGOING", ipaddr_ios(from, s), ipaddr_ios(to, d), why);
	return false;
}

void ike_clear_admission(struct ike *k)
{
	k->admission = (struct ike_admission){ 0 };
}

void ike_get_admission(const struct ike *k, struct ike_admission *ret)
{
	*ret = k->admission;
	ret->max_sas = k->cfg.max_sas;
	ret->max_negotiating = k->cfg.max_negotiating;
	ret->max_charge = k->cfg.max_charge;
	count(k, ret);
}
