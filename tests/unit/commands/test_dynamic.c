/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto dynamic-map`, its users, and the rest of the negotiation rules, as lines. */
#include "helper.h"


static void blocks_are_printed_before_the_maps_that_use_them(void **state)
{
	static const char *const lines[] = {
		"crypto map M 65000 ipsec-isakmp dynamic D discover",
		"crypto dynamic-map D 20",
		"match address 101",
		"set transform-set A B",
		"crypto dynamic-map D 10",
		"reverse-route",
		"set pfs group14",
		"description spokes",
		"set security-association lifetime seconds 1800",
		"set security-association level per-host",
		"set transform-set A",
		"set peer 192.0.2.9",
		"exit",
	};
	static const char want[] = "crypto dynamic-map D 10\n description spokes\n set peer 192.0.2.9\n"
				   " set security-association lifetime seconds 1800\n"
				   " set security-association level per-host\n"
				   " set transform-set A\n set pfs group14\n reverse-route\n!\n"
				   "crypto dynamic-map D 20\n set transform-set A B\n"
				   " match address 101\n!\ncrypto map M 65000 ipsec-isakmp dynamic D "
				   "discover \n";
	struct report report = { 0 };
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *said = type(&r, lines[i]);

		if (r.last.status != CLI_OK)
			fail_msg("%s: %s", lines[i], said);
	}
	const char *now = running(&r), *at = strstr(now, "crypto dynamic-map D 10\n");
	const char *map = strstr(now, "crypto map M 65000 ipsec-isakmp dynamic D discover");

	assert_true(at && map && at < map);
	if (strncmp(at, want, strlen(want)) != 0)
		fail_msg("%s", at);
	struct config *again = load(now, &report);
	assert_true(config_equal(r.c, again));
	config_free(again);
	struct config *copy = config_clone(r.c);
	assert_true(config_equal(r.c, copy));
	cfg_map_find(config_find_dynamic_map(copy, "D"), 10)->per_host = false;
	assert_false(config_equal(r.c, copy));
	config_free(copy);
	report_fini(&report);
	router_down(&r);
}

static void what_is_in_use_is_not_taken_away(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto dynamic-map D 10");
	type(&r, "crypto dynamic-map D 20");
	type(&r, "exit");
	type(&r, "crypto map M 65000 ipsec-isakmp dynamic D");
	type(&r, "exit");
	assert_string_equal(type(&r, "no crypto dynamic-map D 10"), "");
	assert_string_equal(type(&r, "no crypto dynamic-map D 20"),
			    "% Dynamic crypto map D is in use by crypto map M 65000. Please remove that "
			    "entry first\n");
	assert_string_equal(type(&r, "no crypto dynamic-map E"), "");
	assert_non_null(config_find_dynamic_map(r.c, "D"));
	type(&r, "no crypto map M 65000");
	type(&r, "no crypto dynamic-map D");
	assert_null(config_find_dynamic_map(r.c, "D"));
	assert_null(strstr(running(&r), "dynamic"));
	router_down(&r);
}

static void limits_and_switches_come_back_as_they_went(void **state)
{
	static const struct {
		const char *line;
		bool ok;
	} rows[] = {
		{ "crypto isakmp default policy", true },
		{ "crypto legacy default-policy", true },
		{ "crypto isakmp lifetime strict", true },
		{ "crypto call admission limit ike sa 25", true },
		{ "crypto call admission limit ike sa 0", false },
		{ "crypto call admission limit ike sa 100000", false },
		{ "crypto call admission limit ike in-negotiation-sa 10", true },
		{ "crypto call admission limit ike in-negotiation-sa 9", false },
		{ "call admission limit 100000", true },
		{ "call admission limit 100001", false },
		{ "crypto dynamic-map D 0", false },
		{ "crypto dynamic-map D 65536", false },
	};
	char no[128], whole[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report report = { 0 };
		struct router r;

		router_up(&r, M_CONFIG);
		type(&r, rows[i].line);
		assert_int_equal(r.last.status == CLI_OK, rows[i].ok);
		if (rows[i].ok) {
			snprintf(whole, sizeof(whole), "\n%s\n", rows[i].line);
			assert_non_null(strstr(running(&r), whole));
			struct config *again = load(running(&r), &report), *before = config_clone(r.c);
			assert_true(config_equal(r.c, again));
			config_free(again);
			snprintf(no, sizeof(no), "no %s", rows[i].line);
			type(&r, no);
			assert_null(strstr(running(&r), whole));
			assert_false(config_equal(r.c, before));
			config_free(before);
		}
		report_fini(&report);
		router_down(&r);
	}
}

static bool says(const char *config, const char *what)
{
	struct report report = { 0 };
	struct txt t = TXT_INIT;
	struct config *c = load(config, &report);
	bool found;

	commands_check(c, &report);
	report_print(&report, "f", &t);
	found = strstr(txt_cstr(&t), what) != NULL;
	config_free(c);
	report_fini(&report);
	txt_fini(&t);
	return found;
}

static void checks_name_what_a_template_lacks(void **state)
{
	(void)state;
	assert_true(says("crypto map M 10 ipsec-isakmp dynamic D\n", "dynamic map D does not exist."));
	assert_true(says("crypto dynamic-map D 10\n", "there is no transform set"));
	assert_true(says("crypto dynamic-map D 10\n set transform-set T\n",
			 "transform set T does not exist."));
	assert_true(says("crypto dynamic-map D 10\n match address 101\n",
			 "access list 101 does not exist"));
	assert_true(says("crypto dynamic-map D 10\n", "there is no access list: peers choose"));
	assert_false(says("crypto dynamic-map D 10\ncrypto map M 10 ipsec-isakmp dynamic D\n",
			  "there is no peer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_printed_before_the_maps_that_use_them),
		cmocka_unit_test(what_is_in_use_is_not_taken_away),
		cmocka_unit_test(limits_and_switches_come_back_as_they_went),
		cmocka_unit_test(checks_name_what_a_template_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
