/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto drops (ours): every packet that was dropped, by reason. What `show crypto ipsec
 * sa detail` tells by flow is here as well, and what belongs to no flow. */
#include "control/show_parts.h"

#include <inttypes.h>

void show_drop_rows(const struct show_in *in, show_drop_say *say, void *ctx)
{
	for (size_t i = 0; in->drops && i < FWD_N_DROPS; i++)
		say(fwd_drop_name((enum fwd_drop)i), in->drops->n[i], ctx);
	say("arrived in clear, a crypto map protects it", in->arrived_clear, ctx);
	say("about to leave in clear, a crypto map protects it", in->left_clear, ctx);
}

static void row(const char *why, uint64_t n, void *ctx)
{
	struct txt *out = ctx;

	if (!n)
		return;
	if (!out->len)
		txt_str(out, "Packets dropped, by reason\n");
	txt_printf(out, "  %-52s %" PRIu64 "\n", why, n);
}

void show_crypto_drops(const struct show_in *in, struct txt *out)
{
	struct txt rows = TXT_INIT;

	show_drop_rows(in, row, &rows);
	txt_str(out, rows.len ? txt_cstr(&rows) : "No packets were dropped\n");
	out->bad |= rows.bad;
	txt_fini(&rows);
}
