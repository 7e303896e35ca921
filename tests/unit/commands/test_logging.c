/* SPDX-License-Identifier: Apache-2.0 */
/* `logging` and the stamps of log lines: what is typed, and what is printed. */
#include "helper.h"

#include "model/config.h"

/* typed -> what running-config prints of it ("": nothing) -> what `no` of the typed line leaves. */
static const struct {
	const char *typed, *printed, *no;
} rows[] = {
	{ "logging on", "", "no logging on" },
	{ "logging console", "", "no logging console" },
	{ "logging console 4", "logging console warnings", "no logging console" },
	{ "logging console emergencies", "logging console emergencies", "no logging console" },
	{ "logging monitor errors", "logging monitor errors", "no logging monitor" },
	{ "logging monitor debugging", "", "no logging monitor" },
	{ "logging trap", "", "no logging trap" },
	{ "logging trap debug", "logging trap debugging", "no logging trap" },
	{ "logging trap informational", "", "no logging trap" },
	{ "logging buffered", "", "no logging buffered" },
	{ "logging buffered 16384", "logging buffered 16384", "no logging buffered" },
	{ "logging buffered 4096 6", "logging buffered 4096 informational", "no logging buffered" },
	{ "logging buffered 0", "logging buffered emergencies", "no logging buffered" },
	{ "logging facility local0", "logging facility local0", "" },
	{ "logging facility cron", "logging facility cron", "" },
	{ "logging facility sys9", "logging facility sys9", "" },
	{ "logging source-interface FastEthernet 0/1", "logging source-interface FastEthernet0/1", "" },
	{ "logging origin-id hostname", "logging origin-id hostname", "" },
	{ "logging origin-id string a b", "logging origin-id string a b", "" },
	{ "logging rate-limit 10", "logging rate-limit 10", "" },
	{ "logging rate-limit console all 5 except 3", "logging rate-limit console all 5 except errors", "" },
	{ "logging rate-limit 7 except emergencies", "logging rate-limit 7 except emergencies", "" },
	{ "logging count", "logging count", "" },
	{ "logging 10.0.0.1", "logging host 10.0.0.1", "" },
	{ "logging host 10.0.0.1 transport udp", "logging host 10.0.0.1", "" },
	{ "logging host 10.0.0.1 transport udp port 5514", "logging host 10.0.0.1 transport udp port 5514", "" },
	{ "logging host ipv6 2001:db8::1", "logging host ipv6 2001:DB8::1", "" },
	{ "service sequence-numbers", "service sequence-numbers", "" },
	{ "service timestamps log datetime msec", "service timestamps log datetime msec",
	  "no service timestamps log uptime" },
	{ "service timestamps log datetime year show-timezone localtime",
	  "service timestamps log datetime localtime show-timezone year", "no service timestamps log uptime" },
	{ "service timestamps log", "service timestamps log uptime", "no service timestamps log uptime" },
	{ "service timestamps debug uptime", "service timestamps debug uptime",
	  "no service timestamps debug uptime" },
	/* what IOS has and this router keeps */
	{ "logging queue-limit 100", "logging queue-limit 100", "" },
	{ "logging console guaranteed", "logging console guaranteed", "" },
};

static void check(struct router *r, const char *line, const char *want)
{
	char with_end[160];
	struct txt all = TXT_INIT;

	if (r->last.status != CLI_OK)
		fail_msg("%s: %s", line, txt_cstr(&r->last.out));
	assert_round_trip(r->c);
	snprintf(with_end, sizeof(with_end), "\n%s\n", want);
	txt_printf(&all, "\n%s", running(r));
	bool there = strstr(txt_cstr(&all), with_end);
	txt_fini(&all);
	if (*want && !there)
		fail_msg("%s: no %s in\n%s", line, want, running(r));
	if (!*want && (strstr(running(r), "logging") || strstr(running(r), "service")))
		fail_msg("%s leaves\n%s", line, running(r));
}

static void each_line_is_printed_as_ios_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;
		char no[128];

		router_up(&r, M_CONFIG);
		type(&r, rows[i].typed);
		check(&r, rows[i].typed, rows[i].printed);
		snprintf(no, sizeof(no), "no %s", rows[i].typed);
		type(&r, no);
		check(&r, no, rows[i].no);
		snprintf(no, sizeof(no), "default %s", rows[i].typed);
		type(&r, no);
		check(&r, no, "");
		router_down(&r);
	}
}

static void what_is_no_line_of_ios_is_refused(void **state)
{
	static const char *const lines[] = {
		"logging buffered 4095", "logging console 8", "logging rate-limit 0", "logging nonsense",
		"logging host 10.0.0.1 transport udp port 0", "logging facility local8",
		"service timestamps log nonsense", "service timestamps log datetime uptime",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		if (!strstr(type(&r, lines[i]), "% Invalid input"))
			fail_msg("%s: %s", lines[i], txt_cstr(&r.last.out));
		router_down(&r);
	}
}

static void hosts_are_a_list_with_a_bound(void **state)
{
	struct router r;
	char line[64];

	(void)state;
	router_up(&r, M_CONFIG);
	for (int i = 1; i <= CFG_MAX_LOG_HOSTS; i++) {
		snprintf(line, sizeof(line), "logging host 10.0.0.%d", i);
		assert_string_equal(type(&r, line), "");
	}
	type(&r, "logging host 10.0.0.1"); /* known already */
	assert_int_equal(r.last.status, CLI_OK);
	type(&r, "logging host 10.0.1.1");
	assert_int_equal(r.last.status, CLI_ERROR);
	assert_int_equal(r.c->logging.n_hosts, CFG_MAX_LOG_HOSTS);
	type(&r, "no logging 10.0.0.1");
	type(&r, "logging host 10.0.0.2 transport udp port 99");
	type(&r, "no logging host 10.0.0.2 transport udp port 514");
	assert_int_equal(r.c->logging.n_hosts, CFG_MAX_LOG_HOSTS - 1);
	assert_non_null(strstr(running(&r), "logging host 10.0.0.2 transport udp port 99\n"));
	type(&r, "no logging host 10.0.0.2"); /* on whatever port */
	assert_null(strstr(running(&r), "10.0.0.2 "));
	router_down(&r);
}

static void help_lists_levels(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	assert_non_null(strstr(help(&r, "logging console "),
			       "  <0-7>          Logging severity level\n"
			       "  alerts         Immediate action needed           (severity=1)\n"));
	assert_non_null(strstr(help(&r, "logging trap "),
			       "  informational  Informational messages            (severity=6)\n"));
	assert_non_null(strstr(help(&r, "logging buffered "), "  <4096-2147483647>  Logging buffer size\n"));
	assert_non_null(strstr(help(&r, "service timestamps log datetime "),
			       "  msec           Include milliseconds in timestamp\n"));
	router_down(&r);
}

static void timestamps_alone_are_of_debug_and_no_means_both(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "service timestamps debug datetime msec");
	type(&r, "service timestamps log datetime msec");
	assert_string_equal(type(&r, "no service timestamps"), "");
	assert_false(r.c->logging.stamp.on);
	assert_false(r.c->logging.debug_stamp.on);
	assert_string_equal(type(&r, "service timestamps"), "");
	assert_true(r.c->logging.debug_stamp.on && r.c->logging.debug_stamp.uptime);
	assert_false(r.c->logging.stamp.on);
	assert_round_trip(r.c);
	router_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_is_printed_as_ios_does),
		cmocka_unit_test(what_is_no_line_of_ios_is_refused),
		cmocka_unit_test(hosts_are_a_list_with_a_bound),
		cmocka_unit_test(help_lists_levels),
		cmocka_unit_test(timestamps_alone_are_of_debug_and_no_means_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
