/* SPDX-License-Identifier: Apache-2.0 */
/* Routes that are in the table, their summary, and how busy threads are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/load.h"
#include "control/proc_load.h"
#include "control/show_parts.h"

static struct show_route route(char code, const char *net, uint8_t len, uint8_t distance, const char *hop)
{
	struct show_route r = { .code = code, .prefix_len = len, .distance = distance };

	assert_true(ipaddr_parse_v4(net, &r.dst));
	if (hop)
		assert_true(ipaddr_parse_v4(hop, &r.next_hop));
	return r;
}

static void of_routes_to_a_prefix_the_nearest_remain(void **state)
{
	struct show_route v[] = {
		route('S', "10.1.0.0", 16, 200, "192.0.2.9"), route('C', "192.0.2.0", 24, 0, NULL),
		route('S', "10.1.0.0", 16, 1, "192.0.2.1"),   route('S', "10.1.0.0", 24, 5, "192.0.2.3"),
		route('S', "192.0.2.0", 24, 1, "192.0.2.7"),  route('S', "10.1.0.0", 16, 1, "192.0.2.2"),
	};
	const char *const want[] = { "C 192.0.2.0/24", "S 10.1.0.0/16", "S 10.1.0.0/24", "S 10.1.0.0/16" };
	size_t n = sizeof(v) / sizeof(v[0]);
	char net[IPADDR_STRLEN], got[64];

	(void)state;
	show_routes_best(v, &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		snprintf(got, sizeof(got), "%c %s/%u", v[i].code, ipaddr_str(&v[i].dst, net), (unsigned)v[i].prefix_len);
		assert_string_equal(got, want[i]);
	}
	n = 0;
	show_routes_best(v, &n);
	assert_int_equal(n, 0);
}

static void a_summary_counts_networks_and_subnets(void **state)
{
	struct show_route v[] = {
		route('C', "10.1.1.0", 24, 0, NULL),	      route('L', "10.1.1.1", 32, 0, NULL),
		route('C', "192.0.2.0", 24, 0, NULL),	      route('S', "0.0.0.0", 0, 1, "192.0.2.1"),
		route('S', "172.16.0.0", 16, 1, "192.0.2.1"), route('S', "172.17.1.0", 24, 1, "192.0.2.1"),
	};
	struct show_in in = { .routes = v, .n_routes = sizeof(v) / sizeof(v[0]) };
	struct show_route_sum sum[SHOW_ROUTE_SOURCES];
	struct txt out = TXT_INIT;
	char want[128];

	(void)state;
	assert_int_equal(show_route_sums(&in, sum), 2);
	assert_string_equal(sum[0].source, "connected");
	assert_int_equal(sum[0].networks, 1);
	assert_int_equal(sum[0].subnets, 2);
	assert_int_equal(sum[1].networks, 2);
	assert_int_equal(sum[1].subnets, 1);
	show_ip_route_summary(&in, &out);
	snprintf(want, sizeof(want), "\nTotal           3           3           0           0           %zu\n", sizeof(v));
	assert_non_null(strstr(txt_cstr(&out), want));
	txt_fini(&out);
}

static void note(const struct cfg_route *r, bool active, void *ctx)
{
	char net[IPADDR_STRLEN];

	txt_printf(ctx, "%s %u %d;", ipaddr_str(&r->net, net), (unsigned)(r->distance ? r->distance : 1), active);
}

static void static_routes_say_whether_they_are_in_the_table(void **state)
{
	static const char text[] = "ip route 10.2.0.0 255.255.0.0 192.0.2.1 7\n"
				   "ip route 10.2.0.0 255.255.0.0 192.0.2.2 9\n"
				   "ip route 10.1.0.0 255.255.0.0 192.0.2.1\n"
				   "ipv6 route 2001:db8::/32 2001:db8:1::1\n";
	struct show_route v[] = { route('S', "10.2.0.0", 16, 7, "192.0.2.1"), route('L', "192.0.2.9", 32, 0, NULL) };
	struct show_in in = { .routes = v, .n_routes = 2 };
	struct report report = { 0 };
	struct txt out = TXT_INIT;
	struct config *c;

	(void)state;
	assert_int_equal(config_load_text(text, strlen(text), &c, &report), 0);
	assert_int_equal(report.errors, 0);
	in.config = c;
	assert_true(show_statics(&in, note, &out));
	assert_string_equal(txt_cstr(&out), "10.1.0.0 1 0;10.2.0.0 7 1;10.2.0.0 9 0;");
	report_fini(&report);
	config_free(c);
	txt_fini(&out);
}

/* ---- load ---- */

#define SEC UINT64_C(1000000000)

/* Two processors of 100 ticks a second, for so many seconds; the first thread used `part` of one. */
struct load_world {
	struct proc_load *load;
	struct host_thread t[2];
	struct host_ticks ticks;
	uint64_t now_ms;
};

static void pass(struct load_world *w, unsigned sec, double part)
{
	w->now_ms += sec * 1000u;
	w->t[0].cpu_ns += (uint64_t)((double)(sec * SEC) * part);
	w->t[0].runs += 10;
	w->ticks.all += sec * 200u;
	w->ticks.busy += (uint64_t)(sec * 100u * part);
	w->ticks.interrupts += (uint64_t)(sec * 10u * part);
	proc_load_sample(w->load, w->now_ms, w->t, 2, &w->ticks);
}

static struct load_world begin(void)
{
	struct load_world w = { .load = proc_load_new(), .now_ms = 1000, .ticks = { .all = 5000, .busy = 1000, .per_sec = 100 },
				.t = { { .pid = 7, .tid = 7, .name = "control", .cpu_ns = 3 * SEC, .resident_bytes = 4096 },
				       { .pid = 7, .tid = 9, .name = "control" } } };

	assert_non_null(w.load);
	proc_load_sample(w.load, w.now_ms, w.t, 2, &w.ticks);
	return w;
}

static void load_is_a_part_of_all_processors(void **state)
{
	struct load_world w = begin();
	const struct show_load *l = proc_load_show(w.load);

	(void)state;
	assert_int_equal(l->n, 2);
	assert_int_equal(l->five_sec, 0); /* nothing is known yet */
	assert_int_equal(l->v[0].five_sec, 0);
	assert_int_equal(l->v[0].runtime_ms, 3000);
	pass(&w, 5, 1.0);
	assert_int_equal(l->v[0].five_sec, 5000);
	assert_int_equal(l->v[0].one_min, 5000); /* of what is known */
	assert_int_equal(l->v[0].invoked, 10);
	assert_int_equal(l->v[0].usec_each, 800000);
	assert_false(l->v[0].thread);
	assert_true(l->v[1].thread);
	assert_int_equal(l->v[1].five_sec, 0);
	assert_int_equal(l->five_sec, 50);
	assert_int_equal(l->interrupts, 5);
	proc_load_free(w.load);
	assert_null(proc_load_show(NULL));
}

static void averages_follow_slowly(void **state)
{
	struct load_world w = begin();
	const struct show_load *l = proc_load_show(w.load);

	(void)state;
	for (unsigned i = 0; i < 120; i++)
		pass(&w, 5, 1.0);
	assert_int_equal(l->five_min, 50);
	for (unsigned i = 0; i < 12; i++)
		pass(&w, 5, 0.0);
	assert_int_equal(l->five_sec, 0);
	assert_in_range(l->one_min, 15, 20); /* 50 % of 1/e */
	assert_in_range(l->five_min, 39, 42);
	proc_load_free(w.load);
}

static void a_thread_that_goes_takes_its_past_along(void **state)
{
	struct load_world w = begin();
	const struct show_load *l = proc_load_show(w.load);

	(void)state;
	pass(&w, 5, 1.0);
	proc_load_sample(w.load, w.now_ms + 5000, &w.t[1], 1, NULL);
	assert_int_equal(l->n, 1);
	assert_int_equal(l->v[0].pid, 9);
	w.t[0].cpu_ns = 0; /* its number has come again */
	w.now_ms += 5000;
	pass(&w, 5, 0.0);
	assert_int_equal(l->n, 2);
	assert_int_equal(l->v[0].one_min, 0);
	proc_load_free(w.load);
}

static void more_threads_than_fit_are_cut(void **state)
{
	struct host_thread *v = calloc(SHOW_PROCS_MAX + 50, sizeof(*v));
	struct proc_load *p = proc_load_new();

	(void)state;
	assert_non_null(v);
	proc_load_sample(p, 1, v, SHOW_PROCS_MAX + 50, NULL);
	assert_int_equal(proc_load_show(p)->n, SHOW_PROCS_MAX);
	proc_load_free(p);
	free(v);
}

static void this_process_is_found_with_its_parent(void **state)
{
	struct host_thread v[SHOW_PROCS_MAX], one[1];
	size_t n = host_threads(v, SHOW_PROCS_MAX), self = 0, parent = 0;
	struct host_ticks ticks;
	uint64_t total, used;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		self += v[i].pid == getpid() && v[i].tid == v[i].pid && v[i].cpu_ns > 0 && v[i].resident_bytes > 0;
		parent += v[i].pid == getppid() && v[i].tid == v[i].pid;
	}
	assert_int_equal(self, 1);
	assert_int_equal(parent, 1);
	assert_int_equal(host_threads(one, 1), 1);
	assert_true(host_ticks(&ticks) && ticks.busy <= ticks.all && ticks.interrupts <= ticks.busy && ticks.per_sec);
	assert_true(host_memory(&total, &used) && used < total);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_routes_to_a_prefix_the_nearest_remain),
		cmocka_unit_test(a_summary_counts_networks_and_subnets),
		cmocka_unit_test(static_routes_say_whether_they_are_in_the_table),
		cmocka_unit_test(load_is_a_part_of_all_processors),
		cmocka_unit_test(averages_follow_slowly),
		cmocka_unit_test(a_thread_that_goes_takes_its_past_along),
		cmocka_unit_test(more_threads_than_fit_are_cut),
		cmocka_unit_test(this_process_is_found_with_its_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
