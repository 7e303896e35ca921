/* SPDX-License-Identifier: Apache-2.0 */
/* When CRLs are fetched again and certificates renewed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/pki_crl.h"
#include "control/pki_scep.h"

#define T INT64_C(1764547200)

static void a_crl_is_fetched_again_before_it_ends(void **state)
{
	static const struct {
		int64_t life, first; /* seconds; first: after which it is due */
	} rows[] = { { 86400, 85800 }, { 6000, 5400 }, { 5990, 5391 }, { 100, 90 }, { 10, 9 }, { 5, 5 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_false(pki_crl_is_due(T, T + rows[i].life, T + rows[i].first - 1));
		assert_true(pki_crl_is_due(T, T + rows[i].life, T + rows[i].first));
		assert_true(pki_crl_is_due(T, T + rows[i].life, T + 10 * rows[i].life));
	}
	assert_false(pki_crl_is_due(T, 0, T + INT64_C(1000000000))); /* no nextUpdate: never */
}

static void a_peer_makes_us_fetch_once_a_minute(void **state)
{
	uint64_t now = 1000, tried = 0, tries = 0;

	(void)state;
	for (; now < 601000; now += 100) /* a certificate each 100 ms for ten minutes */
		if (pki_crl_may_try(tried, now)) {
			tried = now;
			tries++;
		}
	assert_int_equal(tries, 10);
}

static void a_certificate_is_renewed_while_it_can_sign(void **state)
{
	static const struct {
		int64_t life;
		unsigned percent;
		int64_t after;
	} rows[] = { { 1000, 70, 700 }, { 1000, 1, 10 },    { 1000, 95, 950 }, { 1000, 100, 950 },
		     { 1000, 0, 950 },	{ 1099, 50, 549 }, { 0, 50, 0 },      { -5, 50, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(pki_renew_at(T, T + rows[i].life, rows[i].percent), T + rows[i].after);
	/* a life of 60,000 years does not overflow */
	assert_true(pki_renew_at(-INT64_C(1000000000000), INT64_C(1000000000000), 50) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crl_is_fetched_again_before_it_ends),
		cmocka_unit_test(a_peer_makes_us_fetch_once_a_minute),
		cmocka_unit_test(a_certificate_is_renewed_while_it_can_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
