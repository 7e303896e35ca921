/* SPDX-License-Identifier: Apache-2.0 */
/* Routes of others: which of them are in use, in which order, and that pieces of a table are the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/show_json.h"
#include "control/show_parts.h"

static struct txt out;

#define NET(a, b, c, d) ipaddr_v4((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static struct show_route route(char code, struct ipaddr dst, uint8_t len, struct ipaddr hop, uint32_t rank)
{
	struct show_route r = { .code = code, .dst = dst, .prefix_len = len, .next_hop = hop, .metric = rank, .rank = rank,
				.distance = show_route_source(code)->distance };

	snprintf(r.ifname, sizeof(r.ifname), "Tunnel0");
	return r;
}

/* As control does it: sorted, and those in use. */
struct table {
	struct show_in in;
	const void **order;
};

static int by_pointer(const void *a, const void *b)
{
	return show_route_cmp(*(const void *const *)a, *(const void *const *)b);
}

static struct table table_of(const struct show_route *v, size_t n)
{
	struct table t = { .order = calloc(n + 1, sizeof(void *)) };
	const struct show_route *best = NULL, *before = NULL;
	size_t kept = 0;

	assert_non_null(t.order);
	for (size_t i = 0; i < n; i++)
		t.order[i] = &v[i];
	qsort(t.order, n, sizeof(void *), by_pointer);
	for (size_t i = 0; i < n; i++) {
		const struct show_route *r = t.order[i];

		if (show_route_joins_best(r, best, before)) {
			if (!best || !show_route_same_prefix(r, best))
				best = r;
			t.order[kept++] = r;
		}
		before = r;
	}
	t.in = (struct show_in){ .routes = v, .n_routes = n, .route_order = t.order, .n_route_order = kept };
	return t;
}

static const char *in_pieces(const struct show_in *in, unsigned action, const struct exec_args *a, size_t *ret_pieces)
{
	struct show_cursor k = { 0 };

	txt_clear(&out);
	for (*ret_pieces = 0; !k.over; ++*ret_pieces) {
		size_t before = out.len;

		assert_int_equal(show_some(in, action, a, &k, &out), 0);
		assert_in_range(out.len - before, 0, SHOW_PIECE + 2048);
	}
	show_cursor_fini(&k);
	return txt_cstr(&out);
}

static void what_the_kernel_uses_is_shown(void **state)
{
	static const struct ipaddr none;
	size_t pieces;

	(void)state;
	const struct show_route v[] = {
		route('O', NET(10, 1, 0, 0), 16, NET(172, 16, 0, 2), 20), /* better than the floating one */
		route('S', NET(10, 1, 0, 0), 16, NET(192, 0, 2, 9), 200u << 24),
		route('D', NET(10, 2, 0, 0), 16, NET(172, 16, 0, 6), 20),
		route('D', NET(10, 2, 0, 0), 16, NET(172, 16, 0, 2), 20), /* beside it */
		route('D', NET(10, 2, 0, 0), 16, NET(172, 16, 0, 2), 20), /* read twice */
		route('C', NET(172, 16, 0, 0), 30, none, 0),
		route('O', NET(172, 16, 0, 0), 30, NET(172, 16, 0, 2), 20), /* of the same network, in vain */
		route('K', NET(0, 0, 0, 0), 0, NET(172, 16, 0, 2), 5),
	};
	struct table t = table_of(v, sizeof(v) / sizeof(v[0]));
	const char *text = in_pieces(&t.in, EXEC_SHOW_IP_ROUTE, &(struct exec_args){ 0 }, &pieces);

	assert_non_null(strstr(text, "       K - put there by another program of this host\n"));
	const char *rows = strstr(text, "Gateway of last resort");
	assert_non_null(rows);
	assert_string_equal(rows, "Gateway of last resort is 172.16.0.2 to network 0.0.0.0\n\n"
				  "K*    0.0.0.0/0 [0/5] via 172.16.0.2, Tunnel0\n"
				  "      10.0.0.0/16 is subnetted, 2 subnets\n"
				  "O        10.1.0.0 [110/20] via 172.16.0.2, Tunnel0\n"
				  "D        10.2.0.0 [90/20] via 172.16.0.2, Tunnel0\n"
				  "                  [90/20] via 172.16.0.6, Tunnel0\n"
				  "      172.16.0.0/30 is subnetted, 1 subnets\n"
				  "C        172.16.0.0 is directly connected, Tunnel0\n");
	text = in_pieces(&t.in, EXEC_SHOW_IP_ROUTE, &(struct exec_args){ .number = EXEC_ROUTES_EIGRP }, &pieces);
	assert_non_null(strstr(text, "D        10.2.0.0 "));
	assert_null(strstr(text, "10.1.0.0"));
	assert_null(strstr(text, "K*"));
	free(t.order);
}

/* A table that is many pieces long is the same in one, and its JSON has as many rows. */
static void pieces_are_the_table(void **state)
{
	enum { N = 5000 };
	struct show_route *v = calloc(N, sizeof(*v));
	static const struct ipaddr none;
	struct txt whole = TXT_INIT;
	size_t pieces, rows = 0;

	(void)state;
	assert_non_null(v);
	for (unsigned i = 0; i < N; i++)
		v[i] = route("OBDK"[i % 4], NET(10 + i % 7, i * 37 % 251, i / 251, 0), 24, i % 3 ? NET(172, 16, 0, 2) : none, 20);
	struct table t = table_of(v, N);
	t.in.routes_cut = true;
	show_ip_route(&t.in, &(struct exec_args){ 0 }, &whole);
	assert_string_equal(in_pieces(&t.in, EXEC_SHOW_IP_ROUTE, &(struct exec_args){ 0 }, &pieces), txt_cstr(&whole));
	assert_true(pieces > 10);
	assert_non_null(strstr(txt_cstr(&whole), "       K - put there by another program of this host\n"));
	assert_non_null(strstr(txt_cstr(&whole), "\n% The rest is left out: the kernel has more routes"));
	struct show_json_cursor k = { 0 };
	txt_clear(&out);
	while (!k.over)
		assert_int_equal(show_json_some(&t.in, EXEC_SHOW_IP_ROUTE, &(struct exec_args){ 0 }, &k, &out), 0);
	show_json_cursor_fini(&k);
	for (const char *p = txt_cstr(&out); (p = strstr(p, "\"code\"")); p++)
		rows++;
	assert_int_equal(rows, t.in.n_route_order);
	assert_non_null(strstr(txt_cstr(&out), "\"incomplete\": true"));
	/* a list that somebody stops reading leaves nothing behind */
	struct show_cursor some = { 0 };
	assert_int_equal(show_some(&t.in, EXEC_SHOW_IP_ROUTE, &(struct exec_args){ 0 }, &some, &out), 0);
	show_cursor_fini(&some);
	txt_fini(&whole);
	free(t.order);
	free(v);
}

/* To find out that nothing is to be said of a long table takes as many turns as it has pieces. */
static void what_is_left_out_is_looked_at_in_pieces(void **state)
{
	enum { N = 5 * SHOW_ROUTES_PIECE };
	static const unsigned actions[] = { EXEC_SHOW_IP_ROUTE, EXEC_SHOW_IPV6_ROUTE };
	static const struct exec_args ospf = { .number = EXEC_ROUTES_OSPF };
	struct show_route *v = calloc(N, sizeof(*v));
	const struct exec_args within = { .addr = NET(192, 0, 2, 0), .addr2 = NET(255, 255, 255, 0), .detail = true };
	size_t pieces;

	(void)state;
	assert_non_null(v);
	for (unsigned i = 0; i < N; i++)
		v[i] = route('B', NET(10, i / 65536, i / 256 % 256, i % 256), 32, NET(172, 16, 0, 2), 20);
	struct table t = table_of(v, N);

	for (int k = 0; k < 2; k++) {
		struct show_json_cursor j = { 0 };

		assert_null(strstr(in_pieces(&t.in, actions[k], &ospf, &pieces), "172.16.0.2"));
		assert_in_range(pieces, 5, 20);
		txt_clear(&out);
		for (pieces = 0; !j.over; pieces++)
			assert_int_equal(show_json_some(&t.in, actions[k], &ospf, &j, &out), 0);
		show_json_cursor_fini(&j);
		assert_in_range(pieces, 5, 20);
	}
	assert_null(strstr(in_pieces(&t.in, EXEC_SHOW_IP_ROUTE, &within, &pieces), "172.16.0.2"));
	assert_in_range(pieces, 10, 20); /* gathered, and then narrowed */
	free(t.order);
	free(v);
}

static void sources_are_counted_by_prefix(void **state)
{
	struct show_route_sum sums[SHOW_ROUTE_SOURCES];

	(void)state;
	const struct show_route v[] = {
		route('O', NET(10, 0, 0, 0), 8, NET(172, 16, 0, 2), 20),  route('O', NET(10, 1, 0, 0), 16, NET(172, 16, 0, 2), 20),
		route('O', NET(10, 1, 0, 0), 16, NET(172, 16, 0, 6), 20), route('i', NET(10, 3, 0, 0), 16, NET(172, 16, 0, 2), 20),
		route('?', NET(10, 4, 0, 0), 16, NET(172, 16, 0, 2), 20),
	};
	struct table t = table_of(v, 5);
	size_t n = show_route_sums(&t.in, sums);

	assert_int_equal(n, 5);
	assert_string_equal(sums[0].source, "connected");
	assert_string_equal(sums[1].source, "static");
	assert_string_equal(sums[2].source, "ospf");
	assert_int_equal(sums[2].networks, 1);
	assert_int_equal(sums[2].subnets, 1);
	assert_int_equal(sums[2].bytes, 3 * sizeof(v[0]));
	assert_string_equal(sums[3].source, "isis");
	assert_string_equal(sums[4].source, "kernel");
	free(t.order);
}

/* Where the kernel has more than was read, no answer looks whole. */
static void what_was_not_read_may_be_what_was_asked_for(void **state)
{
	static const struct exec_args none, all = { .number = EXEC_ROUTES_ALL };
	static const char rest[] = "% The rest is left out: ";
	size_t pieces;

	(void)state;
	const struct show_route v[] = {
		route('B', NET(10, 0, 0, 0), 8, NET(172, 16, 0, 2), 20), route('B', NET(10, 0, 0, 0), 8, NET(172, 16, 0, 6), 20),
		route('B', NET(10, 1, 0, 0), 16, NET(172, 16, 0, 6), 20),
	};
	const struct exec_args there = { .addr = NET(10, 2, 3, 4) }, nowhere = { .addr = NET(192, 0, 2, 1) };
	struct table t = table_of(v, 3);

	for (int cut = 0; cut < 2; cut++) {
		t.in.routes_cut = cut;
		txt_clear(&out);
		assert_true(show_ip_route_to(&t.in, &there.addr, &there.addr2, &out));
		assert_int_equal(strstr(txt_cstr(&out), rest) != NULL, cut);
		txt_clear(&out);
		assert_false(show_ip_route_to(&t.in, &nowhere.addr, &nowhere.addr2, &out));
		assert_int_equal(strstr(txt_cstr(&out), rest) != NULL, cut);
		assert_int_equal(strstr(in_pieces(&t.in, EXEC_SHOW_IP_ROUTE_SUMMARY, &none, &pieces), rest) != NULL, cut);
		txt_clear(&out);
		assert_int_equal(show_json(&t.in, EXEC_SHOW_IP_ROUTE_SUMMARY, &all, &out), 0);
		assert_int_equal(strstr(txt_cstr(&out), "\"incomplete\": true") != NULL, cut);
		txt_clear(&out);
		assert_int_equal(show_json(&t.in, EXEC_SHOW_IP_ROUTE, &there, &out), 0);
		assert_int_equal(strstr(txt_cstr(&out), "\"incomplete\": true") != NULL, cut);
		assert_non_null(strstr(txt_cstr(&out), "172.16.0.2")); /* both hops of the one prefix, and no other */
		assert_non_null(strstr(txt_cstr(&out), "172.16.0.6"));
		assert_null(strstr(txt_cstr(&out), "10.1.0.0"));
	}
	free(t.order);
}

static int tear_down(void **state)
{
	(void)state;
	txt_fini(&out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_kernel_uses_is_shown),
		cmocka_unit_test(pieces_are_the_table),
		cmocka_unit_test(what_is_left_out_is_looked_at_in_pieces),
		cmocka_unit_test(sources_are_counted_by_prefix),
		cmocka_unit_test(what_was_not_read_may_be_what_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
