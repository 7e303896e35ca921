/* SPDX-License-Identifier: Apache-2.0 */
/* What fits: the one sum of sizes against published tables, and everybody who computes
 * with sizes of algorithms - show, check - against the algorithm table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "commands/check_mtu.h"
#include "control/show_parts.h"
#include "crypto/alg.h"
#include "model/overhead.h"

#define GRE (OVERHEAD_IP + 4)

/* GRE over IPsec at a path of 1500 bytes: what `ip mtu 1420` makes outside - in tunnel mode,
 * there with UDP, with AH, in transport mode, there with UDP - and the largest safe `ip mtu`
 * in tunnel mode, there with UDP, in transport mode. */
static const struct {
	const char *name;
	uint16_t iv, icv, align;
	uint32_t outside[5], safe[3];
} rows[] = {
	{ "3DES+SHA1-96", 8, 12, 8, { 1496, 1504, 1520, 1480, 1488 }, { 1422, 1414, 1442 } },
	{ "AES-CBC+SHA1-96", 16, 12, 16, { 1512, 1520, 1536, 1496, 1504 }, { 1414, 1398, 1434 } },
	{ "AES-CBC+SHA256-128", 16, 16, 16, { 1516, 1524, 1540, 1500, 1508 }, { 1414, 1398, 1434 } },
	{ "AES-GCM-16", 8, 16, 4, { 1500, 1508, 1524, 1480, 1488 }, { 1422, 1414, 1442 } },
};

static void the_mtu_table_comes_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t k = 0; k < 5; k++) {
			struct overhead o = { .esp = true, .iv = rows[i].iv, .icv = rows[i].icv,
					      .align = rows[i].align, .inside = GRE,
					      .tunnel = k < 3, .udp = k == 1 || k == 4,
					      .ah = k == 2 ? OVERHEAD_AH + 12 : 0 };
			static const int safe_of[] = { 0, 1, -1, 2, -1 };

			if (overhead_outside(&o, 1420) != rows[i].outside[k])
				fail_msg("%s %zu: %u", rows[i].name, k,
					 (unsigned)overhead_outside(&o, 1420));
			if (safe_of[k] >= 0)
				assert_int_equal(overhead_room(&o, 1500), rows[i].safe[safe_of[k]]);
		}
	}
}

/* room and outside are each other's inverse, for any sizes. */
static void what_fits_fits_and_one_byte_more_does_not(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 4 * 4 * 64; n++) {
		static const uint16_t aligns[] = { 1, 4, 8, 16 };
		struct overhead o = { .esp = n & 1, .tunnel = n & 2, .ah = n & 4 ? 24 : 0,
				      .iv = (uint16_t)(n >> 4 & 3) * 8, .align = aligns[n >> 6 & 3],
				      .icv = 12, .inside = n & 8 ? GRE : 0 };

		o.udp = o.esp && n >> 8 & 1;
		for (uint32_t path = 576; path < 600; path++) {
			uint32_t room = overhead_room(&o, path);

			assert_true(overhead_outside(&o, room) <= path);
			assert_true(overhead_outside(&o, room + 1) > path);
		}
		for (uint32_t path = 0; path < 20; path++)
			assert_int_equal(overhead_room(&o, path), !o.esp && !o.ah && !o.inside ? path : 0);
	}
}

static uint16_t bits_of(uint8_t cipher)
{
	return cipher >= CIPHER_AES_CBC && cipher != CIPHER_CHACHA20_POLY1305 ? 128 : 0;
}

/* A new suite that check does not know the sizes of is found here. */
static void check_knows_the_size_of_every_algorithm(void **state)
{
	static const struct cfg_tunnel tunnel;

	(void)state;
	for (uint8_t cipher = CIPHER_NULL; cipher <= CIPHER_CHACHA20_POLY1305; cipher++)
		for (uint8_t auth = AUTH_NONE; auth <= AUTH_AES_XCBC_96; auth++)
			for (unsigned n = 0; n < 4; n++) {
				struct p2_transform t = { .cipher = cipher, .esp_auth = auth,
							  .mode = n & 1 ? MODE_TUNNEL : MODE_TRANSPORT,
							  .ah_auth = n & 2 ? AUTH_HMAC_SHA256_128 : 0 };
				const struct cipher_info *c;
				const struct auth_info *a = auth_info(auth);
				struct overhead o = { .esp = true, .tunnel = n & 1, .inside = GRE,
						      .ah = n & 2 ? OVERHEAD_AH + 16 : 0 };

				t.cipher_bits = bits_of(cipher);
				c = cipher_info(t.cipher, t.cipher_bits);
				if (c && c->combined && a)
					continue;
				assert_non_null(c);
				o.iv = c->iv_len;
				o.align = c->block_len;
				o.icv = (uint16_t)((c->combined ? c->icv_len : 0) + (a ? a->icv_len : 0));
				if (check_tunnel_room(&tunnel, &t, 1500) != overhead_room(&o, 1500))
					fail_msg("cipher %u auth %u: %u instead of %u", cipher, auth,
						 (unsigned)check_tunnel_room(&tunnel, &t, 1500),
						 (unsigned)overhead_room(&o, 1500));
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mtu_table_comes_out),
		cmocka_unit_test(what_fits_fits_and_one_byte_more_does_not),
		cmocka_unit_test(check_knows_the_size_of_every_algorithm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
