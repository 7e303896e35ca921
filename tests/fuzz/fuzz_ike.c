/* SPDX-License-Identifier: Apache-2.0 */
/* The IKE core under hostile datagrams. The input is a series of datagrams, each
 * behind a two-byte length; they meet a responder that has answered a first
 * message, so that every payload is reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "ike/ike.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill(void *ctx, void *p, size_t n)
{
	uint32_t *x = ctx;
	uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)((*x = *x * 1664525u + 1013904223u) >> 24);
}

static struct ike *responder(uint32_t *seed)
{
	static const struct p1_policy p1 = { .priority = 1, .cipher = CIPHER_3DES, .hash = HASH_SHA1,
					     .auth = IKE_AUTH_PSK, .group = 2, .life_sec = 3600 };
	static const struct psk_entry psk = { .addr = { IP_V4, { 0 } }, .mask_len = 0, .key_len = 1,
					      .key = "k" };
	struct p2_policy p2 = { .id = 1, .ifid = 1, .map = "M", .seq = 1,
				.sel = { .local = addr_match_v4(0x0a010100, 0xff),
					 .remote = addr_match_v4(0x0a020200, 0xff) },
				.local = ipaddr_v4(0xc0000201), .n_peers = 1,
				.peers = { ipaddr_v4(0xc0000202) }, .n_transforms = 1,
				.transforms = { { .name = "T", .mode = MODE_TUNNEL,
						  .cipher = CIPHER_3DES,
						  .esp_auth = AUTH_HMAC_SHA1_96 } },
				.life_sec = 3600 };
	struct ike_config cfg = { .enabled = true, .nat_traversal = true, .p1 = &p1, .n_p1 = 1,
				  .psk = &psk, .n_psk = 1, .p2 = &p2, .n_p2 = 1 };
	struct ike_env env = { .random = fill, .ctx = seed };
	struct ike *k = ike_new(&env);

	if (!k || ike_configure(k, &cfg, 0))
		abort();
	ike_set_debug(k, IKE_DEBUG_ISAKMP | IKE_DEBUG_IPSEC);
	return k;
}

/* A fuzzer guesses neither a cookie nor a length: datagrams after the first get
 * those that lead further in, unless their responder cookie begins with 0xff. */
static void mend(uint8_t *d, size_t n, const uint8_t cookie[8], bool answered)
{
	if (n < 28 || d[8] == 0xff)
		return;
	if (answered)
		memcpy(d + 8, cookie, 8);
	d[24] = d[25] = 0;
	d[26] = (uint8_t)(n >> 8);
	d[27] = (uint8_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t cookie[8] = { 0 };
	bool answered = false;
	struct ike_path path = { ipaddr_v4(0xc0000201), ipaddr_v4(0xc0000202), 500, 500 };
	uint32_t seed = 1;
	struct ike *k = responder(&seed);
	struct rd r = rd_of(data, size);
	struct ike_action a;
	uint64_t now = 0;

	while (rd_left(&r) > 2) {
		size_t n = rd_be16(&r);
		struct span d = rd_take(&r, n < rd_left(&r) ? n : rd_left(&r));
		/* exactly sized, so that one byte too many is seen */
		uint8_t *heap = malloc(d.len ? d.len : 1);

		if (!heap)
			abort();
		if (d.len)
			memcpy(heap, d.p, d.len);
		mend(heap, d.len, cookie, answered);
		ike_datagram(k, now += 100, &path, span_of(heap, d.len));
		free(heap);
		while (ike_next_action(k, &a)) {
			if (a.type != IKE_ACT_SEND || answered || a.data.len < 28)
				continue;
			memcpy(cookie, a.data.p + 8, 8);
			answered = true;
		}
	}
	ike_tick(k, now + 100000);
	ike_free(k);
	return 0;
}
