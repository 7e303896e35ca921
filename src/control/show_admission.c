/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto call admission statistics. */
#include "control/show_parts.h"

#include <inttypes.h>

struct show_call_pairs show_call_pairs(const struct show_in *in)
{
	struct show_call_pairs n = { 0, 0, 0, 0 };

	for (size_t i = 0; i < in->n_pairs; i++) {
		n.active += in->pairs[i].out_id != 0;
		n.negotiating += in->pairs[i].out_id == 0;
		n.incoming += !in->pairs[i].initiator;
		n.outgoing += in->pairs[i].initiator;
	}
	return n;
}

static void ipsec(const struct show_in *in, struct txt *out)
{
	struct show_call_pairs n = show_call_pairs(in);

	txt_printf(out,
		   "Max IPSEC SAs:     0\n"
		   "Total IPSEC SA Count:  %10u active: %10u negotiating: %5u\n"
		   "Incoming IPSEC Requests: %8u accepted: %8u rejected: %8u\n"
		   "Outgoing IPSEC Requests: %8u accepted: %8u rejected: %8u\n"
		   "SA Strength Enforcement Rejects:  incoming: %8u outgoing: %8u\n\n"
		   "Phase1.5 SAs under negotiation:         0  \n",
		   n.active + n.negotiating, n.active, n.negotiating, n.incoming, n.incoming, 0u,
		   n.outgoing, n.outgoing, 0u, 0u, 0u);
}

void show_call_admission(const struct show_in *in, struct txt *out)
{
	static const char line[] =
		"---------------------------------------------------------------------\n";
	const struct ike_admission *a = &in->admission;

	txt_printf(out, "%s               Crypto Call Admission Control Statistics\n%s", line, line);
	txt_printf(out, "System Resource Limit: %8u Max IKE SAs: %5u Max in nego: %5u\n",
		   (unsigned)a->max_charge, (unsigned)a->max_sas, (unsigned)a->max_negotiating);
	txt_printf(out, "Total IKE SA Count:    %8u active:     %6u negotiating: %5u\n",
		   (unsigned)(a->active + a->negotiating), (unsigned)a->active,
		   (unsigned)a->negotiating);
	txt_printf(out,
		   "Incoming IKE Requests: %8" PRIu64 " accepted: %8" PRIu64 " rejected: %8" PRIu64 "\n"
		   "Outgoing IKE Requests: %8" PRIu64 " accepted: %8" PRIu64 " rejected: %8" PRIu64 "\n",
		   a->in_accepted + a->in_rejected, a->in_accepted, a->in_rejected,
		   a->out_accepted + a->out_rejected, a->out_accepted, a->out_rejected);
	txt_printf(out,
		   "Rejected IKE Requests: %8" PRIu64 " rsrc low: %8" PRIu64
		   " Active SA limit: %" PRIu64 "\n"
		   "                                                   In-neg SA limit: %" PRIu64 "\n"
		   "IKE packets dropped at dispatch: %8" PRIu64 "\n\n",
		   a->in_rejected + a->out_rejected, a->low_resources, a->at_max_sas,
		   a->at_max_negotiating, a->not_begun);
	ipsec(in, out);
}
