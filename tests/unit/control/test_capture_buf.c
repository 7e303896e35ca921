/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of a capture against a plain list of what must be in it. What the file is worth is for
 * tshark to say: tests/system/test_capture.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "control/capture_buf.h"

#define CAP 4096
#define MAX 2000

struct model {
	uint32_t seq[MAX], copied[MAX];
	size_t first, n, used;
	size_t at; /* while it is compared */
};

static uint8_t byte_of(uint32_t seq, size_t i)
{
	return (uint8_t)(seq * 31 + i);
}

static bool same(void *ctx, const struct capture_record *r, const uint8_t *bytes)
{
	struct model *m = ctx;

	assert_true(m->at < m->n);
	assert_int_equal(r->wall_ns, m->seq[m->at]);
	assert_int_equal(r->copied, m->copied[m->at]);
	for (size_t i = 0; i < r->copied; i++)
		assert_int_equal(bytes[i], byte_of(m->seq[m->at], i));
	m->at++;
	return true;
}

static void fill_and_compare(bool circular)
{
	struct capture_buf b = { .cap = CAP, .circular = circular };
	static struct model m;
	static uint8_t bytes[CAP];
	uint32_t random = 7;
	size_t lost = 0;

	memset(&m, 0, sizeof(m));
	for (uint32_t seq = 0; seq < MAX; seq++) {
		struct capture_record r = { .wall_ns = seq };
		size_t need;

		random = random * 1103515245u + 12345u;
		r.copied = r.len = random >> 16 & 1023;
		need = sizeof(r) + r.copied;
		for (size_t i = 0; i < r.copied; i++)
			bytes[i] = byte_of(seq, i);
		while (circular && m.used + need > CAP) {
			m.used -= sizeof(r) + m.copied[m.first++];
			lost++;
		}
		bool fits = m.used + need <= CAP;
		assert_int_equal(capture_buf_add(&b, &r, bytes), fits);
		lost += !fits;
		if (fits) {
			m.seq[m.n] = seq;
			m.copied[m.n++] = r.copied;
			m.used += need;
		}
		m.at = m.first;
		capture_buf_each(&b, same, &m);
		assert_int_equal(m.at, m.n);
		assert_int_equal(b.n, m.n - m.first);
		assert_int_equal(b.lost, lost);
		assert_true(b.used <= CAP);
	}
	assert_true(lost > 100);
	capture_buf_free(&b);
	assert_null(b.mem);
}

static void a_linear_buffer_keeps_the_first_and_a_circular_one_the_last(void **state)
{
	(void)state;
	fill_and_compare(false);
	fill_and_compare(true);
}

static void what_is_longer_than_the_buffer_is_lost_and_disturbs_nothing(void **state)
{
	struct capture_buf b = { .cap = 100, .circular = true };
	struct capture_record r = { .copied = 10, .len = 10 };
	static uint8_t bytes[200];

	(void)state;
	assert_true(capture_buf_add(&b, &r, bytes));
	r.copied = 101;
	assert_false(capture_buf_add(&b, &r, bytes));
	assert_int_equal(b.n, 1);
	assert_int_equal(b.lost, 1);
	capture_buf_free(&b);
	b.cap = 0;
	assert_false(capture_buf_add(&b, &r, bytes));
	capture_buf_each(&b, same, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_linear_buffer_keeps_the_first_and_a_circular_one_the_last),
		cmocka_unit_test(what_is_longer_than_the_buffer_is_lost_and_disturbs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
