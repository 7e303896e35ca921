/* SPDX-License-Identifier: Apache-2.0 */
/* A flow and its answers have one queue, whatever they are; what two flows share by chance costs the
 * second one that, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/queues.h"
#include "packet/ip.h"

enum { N = 4, MINUTE_MS = 60000 };

static struct queues q;
static uint8_t room[2][256];

static int forget_all(void **state)
{
	(void)state;
	queues_init(&q, N);
	return 0;
}

static struct pkt packet(size_t at, size_t len)
{
	struct pkt p = { .buf = room[at], .data = room[at], .len = (uint32_t)len };

	return p;
}

static struct pkt v4(size_t at, uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	struct pkt p = packet(at, 60);
	struct ip_view h = { .ttl = 64, .proto = proto, .total_len = 60, .id = 1, .src = src, .dst = dst };

	memset(room[at], 0, sizeof(room[at]));
	ip4_write(p.data, &h);
	wr_put_be16(p.data + IP4_HEADER, sport);
	wr_put_be16(p.data + IP4_HEADER + 2, dport);
	return p;
}

static struct pkt v6(size_t at, uint8_t proto, uint8_t src, uint16_t sport, uint8_t dst, uint16_t dport)
{
	struct ipaddr a = { IP_V6, { 0x20, 1, 0x0d, 0xb8, [15] = src } }, b = a;
	struct ip_view h = { .family = IP_V6, .ttl = 64, .proto = proto, .total_len = 80 };
	struct pkt p = packet(at, 80);

	b.b[15] = dst;
	memset(room[at], 0, sizeof(room[at]));
	ip6_write(p.data, &h, &a, &b);
	wr_put_be16(p.data + IP6_HEADER, sport);
	wr_put_be16(p.data + IP6_HEADER + 2, dport);
	return p;
}

static void answers_are_written_to_the_queue_that_the_flow_is_read_from(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP_, IPPROTO_UDP_, IPPROTO_ICMP_, IPPROTO_GRE_ };
	bool moved;

	(void)state;
	for (size_t i = 0; i < sizeof(protos); i++) {
		for (unsigned me = 0; me < N; me++) {
			struct pkt out = v4(0, protos[i], 0x0a010001, 1000, 0x0a020001, 53);
			struct pkt back = v4(1, protos[i], 0x0a020001, 53, 0x0a010001, 1000);

			if (protos[i] == IPPROTO_ICMP_) /* its type and code are the same both ways */
				back = v4(1, protos[i], 0x0a020001, 1000, 0x0a010001, 53);
			queues_learn(&q, me, &out, MINUTE_MS);
			assert_int_equal(queues_of(&q, N, &back, MINUTE_MS, &moved), me);
			out = v6(0, protos[i], 1, 1000, 2, 53);
			back = v6(1, protos[i], 2, protos[i] == IPPROTO_ICMP_ ? 1000 : 53, 1,
				  protos[i] == IPPROTO_ICMP_ ? 53 : 1000);
			queues_learn(&q, me, &out, MINUTE_MS);
			assert_int_equal(queues_of(&q, N, &back, MINUTE_MS, &moved), me);
		}
	}
}

static void who_was_never_heard_of_has_one_queue_all_the_same(void **state)
{
	unsigned n[N] = { 0 };
	bool moved;

	(void)state;
	for (uint32_t i = 0; i < 4000; i++) {
		struct pkt p = v4(0, IPPROTO_UDP_, 0x0a020000 + i, 53, 0x0a010001, (uint16_t)(i * 7));
		unsigned k = queues_of(&q, N, &p, MINUTE_MS, &moved);

		assert_true(k < N);
		n[k]++;
		assert_int_equal(queues_of(&q, N, &p, MINUTE_MS, &moved), k);
		assert_false(moved);
	}
	for (unsigned k = 0; k < N; k++)
		assert_true(n[k] > 4000 / N / 2);
}

/* What is under way to one queue is sent before anything goes to another. */
static void a_move_is_told_once(void **state)
{
	struct pkt out = v4(0, IPPROTO_UDP_, 0x0a010001, 1000, 0x0a020001, 53);
	struct pkt back = v4(1, IPPROTO_UDP_, 0x0a020001, 53, 0x0a010001, 1000);
	unsigned was;
	bool moved;

	(void)state;
	was = queues_of(&q, N, &back, MINUTE_MS, &moved);
	assert_false(moved);
	queues_learn(&q, was, &out, MINUTE_MS);
	assert_int_equal(queues_of(&q, N, &back, MINUTE_MS, &moved), was);
	assert_false(moved);
	queues_learn(&q, (was + 1) % N, &out, MINUTE_MS);
	assert_int_equal(queues_of(&q, N, &back, MINUTE_MS, &moved), (was + 1) % N);
	assert_true(moved);
	assert_int_equal(queues_of(&q, N, &back, MINUTE_MS, &moved), (was + 1) % N);
	assert_false(moved);
}

/* Two in one place: the first keeps it as long as it has packets. */
static void the_second_in_a_place_waits_until_the_first_is_gone(void **state)
{
	struct pkt first = v4(0, IPPROTO_UDP_, 0x0a010001, 1000, 0x0a020001, 53), back, other;
	size_t place = 0;
	bool moved;
	uint32_t i;

	(void)state;
	queues_learn(&q, 2, &first, MINUTE_MS);
	while (!q.read[place])
		place++;
	uint32_t word = q.read[place];
	for (i = 1; i < 200000; i++) {
		struct queues *fresh = &q;

		other = v4(1, IPPROTO_UDP_, 0x0a010002, (uint16_t)i, 0x0a030000 + (i >> 16), 53);
		q.read[place] = 0;
		queues_learn(fresh, 1, &other, MINUTE_MS);
		if (q.read[place] && (q.read[place] ^ word) & 0xffe0)
			break;
		queues_init(&q, N);
	}
	assert_true(i < 200000);
	queues_init(&q, N);
	queues_learn(&q, 2, &first, MINUTE_MS);
	queues_learn(&q, 1, &other, MINUTE_MS + 5000);
	assert_int_equal(q.read[place], word);
	queues_learn(&q, 2, &first, MINUTE_MS + 20000);
	queues_learn(&q, 1, &other, MINUTE_MS + 45000);
	back = v4(0, IPPROTO_UDP_, 0x0a020001, 53, 0x0a010001, 1000);
	assert_int_equal(queues_of(&q, N, &back, MINUTE_MS, &moved), 2);
	queues_learn(&q, 1, &other, MINUTE_MS + 60000);
	back = v4(0, IPPROTO_UDP_, 0x0a030000 + (i >> 16), 53, 0x0a010002, (uint16_t)i);
	assert_int_equal(queues_of(&q, N, &back, MINUTE_MS, &moved), 1);
}

/* A queue of more workers than there are, as after nothing that can be: it is not believed. */
static void what_is_no_packet_has_a_queue(void **state)
{
	bool moved;

	(void)state;
	for (size_t len = 0; len < 80; len++) {
		uint8_t *b = malloc(len ? len : 1);

		assert_non_null(b);
		for (unsigned what = 0; what < 256; what += 5) {
			memset(b, (int)what, len);
			struct pkt p = { .buf = b, .data = b, .len = (uint32_t)len };

			queues_learn(&q, N - 1, &p, MINUTE_MS);
			assert_true(queues_of(&q, N, &p, MINUTE_MS, &moved) < N);
			assert_true(queues_of(&q, 1, &p, MINUTE_MS, &moved) < 1);
		}
		free(b);
	}
}

/* Of four workers one reads: what begins with a packet from the tunnel is its own. A flow that the kernel has given to
 * another stays there while it is sent, and may come over when it was silent. */
static void flows_go_to_those_who_read(void **state)
{
	struct pkt out = v4(0, IPPROTO_UDP_, 0x0a010001, 1000, 0x0a020001, 53);
	struct pkt back = v4(1, IPPROTO_UDP_, 0x0a020001, 53, 0x0a010001, 1000), other;
	unsigned at[N] = { 0 };
	bool moved;

	(void)state;
	queues_learn(&q, 3, &out, MINUTE_MS);
	queues_set_readers(&q, 1);
	for (uint16_t port = 2000; port < 2100; port++) {
		other = v4(1, IPPROTO_UDP_, 0x0a020001, 53, 0x0a010001, port);
		if (queues_of(&q, N, &other, MINUTE_MS, &moved) == 0)
			at[0]++;
	}
	assert_true(at[0] >= 99); /* one may share a place */
	back = v4(1, IPPROTO_UDP_, 0x0a020001, 53, 0x0a010001, 1000);
	for (uint64_t ms = MINUTE_MS; ms < MINUTE_MS + 60000; ms += 900) {
		assert_int_equal(queues_of(&q, N, &back, ms, &moved), 3);
		assert_int_equal(queues_of(&q, N, &back, ms - 1024, &moved), 3); /* whose clock is behind */
		queues_learn(&q, 3, &out, ms);
	}
	assert_int_equal(queues_of(&q, N, &back, MINUTE_MS + 61000, &moved), 3);
	assert_int_equal(queues_of(&q, N, &back, MINUTE_MS + 63500, &moved), 0);
	assert_true(moved);
	/* the kernel follows, and so it stays */
	queues_learn(&q, 0, &out, MINUTE_MS + 63600);
	assert_int_equal(queues_of(&q, N, &back, MINUTE_MS + 63600, &moved), 0);
	/* all read again: each has its part of what begins then */
	queues_set_readers(&q, N);
	memset(at, 0, sizeof(at));
	for (uint16_t port = 3000; port < 3400; port++) {
		other = v4(1, IPPROTO_UDP_, 0x0a020001, 53, 0x0a010001, port);
		at[queues_of(&q, N, &other, MINUTE_MS, &moved)]++;
	}
	for (unsigned k = 0; k < N; k++)
		assert_true(at[k] > 50);
	back = v4(1, IPPROTO_UDP_, 0x0a020001, 53, 0x0a010001, 1000);
	assert_int_equal(queues_of(&q, N, &back, MINUTE_MS + 63700, &moved), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(answers_are_written_to_the_queue_that_the_flow_is_read_from, forget_all),
		cmocka_unit_test_setup(who_was_never_heard_of_has_one_queue_all_the_same, forget_all),
		cmocka_unit_test_setup(a_move_is_told_once, forget_all),
		cmocka_unit_test_setup(the_second_in_a_place_waits_until_the_first_is_gone, forget_all),
		cmocka_unit_test_setup(flows_go_to_those_who_read, forget_all),
		cmocka_unit_test_setup(what_is_no_packet_has_a_queue, forget_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
