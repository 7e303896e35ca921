/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto drops (ours): every packet that was dropped, by reason. What `show crypto ipsec
 * sa detail` tells by flow is here as well, and what belongs to no flow. */
#include "control/show_parts.h"

#include <inttypes.h>

static void row(struct txt *out, const char *why, uint64_t n, bool *any)
{
	if (!n)
		return;
	if (!*any)
		txt_str(out, "Packets dropped, by reason\n");
	*any = true;
	txt_printf(out, "  %-52s %" PRIu64 "\n", why, n);
}

void show_crypto_drops(const struct show_in *in, struct txt *out)
{
	bool any = false;

	for (size_t i = 0; in->drops && i < FWD_N_DROPS; i++)
		row(out, fwd_drop_name((enum fwd_drop)i), in->drops->n[i], &any);
	row(out, "arrived in clear, a crypto map protects it", in->arrived_clear, &any);
	row(out, "about to leave in clear, a crypto map protects it", in->left_clear, &any);
	if (!any)
		txt_str(out, "No packets were dropped\n");
}
