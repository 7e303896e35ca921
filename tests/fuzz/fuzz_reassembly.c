/* SPDX-License-Identifier: Apache-2.0 */
/* IKE fragments of several senders at once. The input is a series of records: a byte that
 * says who sends (bits 0-3), of what kind (4-5) and how much later than the one before
 * (6-7), a byte of length, and the fragment's body. What comes out must be what one sender
 * has put in, and no more is kept than may be. */
#include <stdlib.h>
#include <string.h>

#include "ike/reassembly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frags f;
	struct rd r = rd_of(data, size);
	uint64_t now = 0;

	while (rd_left(&r)) {
		uint8_t who = rd_u8(&r);
		size_t len = rd_u8(&r);
		struct span body = rd_take(&r, len < rd_left(&r) ? len : rd_left(&r));
		struct frag_from from = { .kind = (who >> 4 & 3) % FRAG_KINDS,
					  .remote = ipaddr_v4(who & 15), .i_cookie = { who & 15 } };

		now += (who >> 6) * UINT64_C(4000);
		uint8_t *heap = malloc(body.len ? body.len : 1);
		check(heap);
		if (body.len)
			memcpy(heap, body.p, body.len);
		struct span whole = frags_take(&f, now, &from, span_of(heap, body.len));
		check(whole.len <= sizeof(f.whole));
		if (whole.len) { /* the last one to come is in it */
			check(body.len > FRAG_HEADER && whole.len >= body.len - FRAG_HEADER);
			check(memmem(whole.p, whole.len, body.p + FRAG_HEADER, body.len - FRAG_HEADER));
		}
		free(heap);
		check(frags_age(&f, now) <= FRAG_SLOTS);
	}
	check(f.stats.duplicate + f.stats.malformed <= UINT32_MAX);
	frags_fini(&f);
	f.stats = (struct frag_stats){ 0 };
	return 0;
}
