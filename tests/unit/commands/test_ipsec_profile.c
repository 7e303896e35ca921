/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto ipsec profile` and `tunnel protection`, as lines. */
#include "helper.h"

static void a_profile_is_printed_between_transform_sets_and_maps(void **state)
{
	static const char *const lines[] = {
		"crypto map M 10 ipsec-isakmp",
		"crypto ipsec profile P",
		"responder-only",
		"set isakmp-profile I",
		"set pfs group14",
		"description of tunnels",
		"set security-association lifetime seconds 1800",
		"set security-association lifetime kilobytes disable",
		"set security-association idle-time 600",
		"set transform-set A B",
		"crypto ipsec transform-set B esp-aes",
		"interface Tunnel0",
		"tunnel mode ipsec ipv4",
		"tunnel protection ipsec profile P shared",
		"exit",
	};
	static const char want[] =
		"crypto ipsec profile P\n description of tunnels\n"
		" set security-association lifetime kilobytes disable\n"
		" set security-association lifetime seconds 1800\n"
		" set security-association idle-time 600\n set transform-set A B\n set pfs group14\n"
		" set isakmp-profile I\n responder-only\n!\n";
	struct report report = { 0 };
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *said = type(&r, lines[i]);

		if (r.last.status != CLI_OK)
			fail_msg("%s: %s", lines[i], said);
	}
	const char *now = running(&r), *at = strstr(now, "crypto ipsec profile P\n");
	const char *set = strstr(now, "crypto ipsec transform-set B"), *map = strstr(now, "crypto map M 10");

	assert_true(set && at && map && set < at && at < map);
	assert_non_null(strstr(now, " tunnel mode ipsec ipv4\n tunnel protection ipsec profile P shared\n"));
	struct config *again = load(now, &report);
	assert_true(config_equal(r.c, again));
	config_find_ipsec_profile(again, "P")->responder_only = false;
	assert_false(config_equal(r.c, again));
	config_free(again);
	struct config *copy = config_clone(r.c);
	assert_true(config_equal(r.c, copy));
	config_del_ipsec_profile(copy, "P");
	assert_false(config_equal(r.c, copy));
	assert_null(config_find_ipsec_profile(copy, "P"));
	config_free(copy);
	report_fini(&report);
	/* the order of a whole file, whatever the order in which it was typed */
	if (strncmp(at, want, strlen(want)) != 0)
		fail_msg("%s", at);
	router_down(&r);
}

static void a_tunnel_may_name_an_isakmp_profile_of_its_own(void **state)
{
	static const char *const ways[] = { "shared isakmp-profile I", "isakmp-profile I shared",
					    "isakmp-profile I" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct router r;
		char line[80], want[80];

		router_up(&r, M_CONFIG);
		(void)type(&r, "interface Tunnel0");
		snprintf(line, sizeof(line), "tunnel protection ipsec profile P %s", ways[i]);
		(void)type(&r, line);
		assert_int_equal(r.last.status, CLI_OK);
		assert_string_equal(r.c->interfaces.v[0]->tunnel.protection_isakmp, "I");
		assert_int_equal(r.c->interfaces.v[0]->tunnel.protection_shared, i < 2);
		snprintf(want, sizeof(want), " tunnel protection ipsec profile P%s isakmp-profile I\n!",
			 i < 2 ? " shared" : "");
		assert_non_null(strstr(running(&r), want));
		(void)type(&r, "tunnel protection ipsec profile P");
		assert_string_equal(r.c->interfaces.v[0]->tunnel.protection_isakmp, "");
		assert_false(r.c->interfaces.v[0]->tunnel.protection_shared);
		router_down(&r);
	}
}

/* IOS knows more of it than we do: that is no reason to send in clear. */
static void protection_that_is_not_understood_is_protection(void **state)
{
	static const char *const lines[] = {
		"tunnel protection ipsec profile P ikev2-profile X",
		"tun prot ipsec policy ipv4 LIST",
		"tunnel protection ipsec profile",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		(void)type(&r, "interface Tunnel0");
		assert_false(cfg_interface_protected(r.c->interfaces.v[0]));
		(void)type(&r, "tunnel mode no-such-mode");
		assert_false(cfg_interface_protected(r.c->interfaces.v[0]));
		(void)type(&r, lines[i]);
		assert_true(cfg_interface_protected(r.c->interfaces.v[0]));
		assert_non_null(strstr(running(&r), lines[i]));
		(void)type(&r, "no tunnel protection");
		assert_false(cfg_interface_protected(r.c->interfaces.v[0]));
		assert_null(strstr(running(&r), lines[i]));
		assert_non_null(strstr(running(&r), "no-such-mode"));
		router_down(&r);
	}
}

static void a_profile_in_use_is_not_taken_away(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	(void)type(&r, "interface Tunnel3");
	assert_non_null(strstr(type(&r, "tunnel protection ipsec profile P"),
			       "ipsec profile \"P\" does not exist yet; Tunnel3 carries nothing"));
	(void)type(&r, "crypto ipsec profile P");
	assert_non_null(strstr(type(&r, "no crypto ipsec profile P"),
			       "IPSec profile P is in use by interface(s): Tunnel3."));
	assert_non_null(config_find_ipsec_profile(r.c, "P"));
	(void)type(&r, "interface Tunnel3");
	(void)type(&r, "no tunnel protection ipsec profile P");
	assert_string_equal(type(&r, "no crypto ipsec profile P"), "");
	assert_null(config_find_ipsec_profile(r.c, "P"));
	router_down(&r);
}

static void a_profile_has_neither_peer_nor_list(void **state)
{
	static const char *const wrong[] = { "match address 101", "set peer 192.0.2.1",
					     "set security-association lifetime seconds 119",
					     "set security-association idle-time 59" };
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		(void)type(&r, "crypto ipsec profile P");
		assert_non_null(strstr(type(&r, wrong[i]), "% Invalid input detected at '^' marker."));
	}
	(void)type(&r, "crypto ipsec profile P");
	(void)type(&r, "set pfs group14");
	(void)type(&r, "no set pfs");
	assert_int_equal(config_find_ipsec_profile(r.c, "P")->pfs_group, 0);
	router_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_profile_is_printed_between_transform_sets_and_maps),
		cmocka_unit_test(a_tunnel_may_name_an_isakmp_profile_of_its_own),
		cmocka_unit_test(protection_that_is_not_understood_is_protection),
		cmocka_unit_test(a_profile_in_use_is_not_taken_away),
		cmocka_unit_test(a_profile_has_neither_peer_nor_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
