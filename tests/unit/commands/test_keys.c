/* SPDX-License-Identifier: Apache-2.0 */
/* Keyrings, isakmp profiles, and keys as they are written. */
#include "helper.h"

static void a_keyring_holds_keys_by_address_and_name(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto keyring K1");
	assert_string_equal(prompt(&r), "R1(conf-keyring)#");
	type(&r, "description of the west");
	type(&r, "local-address 192.0.2.1");
	assert_string_equal(type(&r, "pre-shared-key address 192.0.2.9 key t7Kp2xWq9Zr4mNv1"), "");
	type(&r, "pre-shared-key address 10.0.0.0 255.0.0.0 key t7Kp2xWq9Zr4mNv2");
	type(&r, "pre-shared-key hostname a.example key 0 6");
	type(&r, "pre-shared-key hostname b.example key 6 ABCDEF");
	assert_non_null(strstr(type(&r, "pre-shared-key address 0.0.0.0 0.0.0.0 key t7Kp2xWq9Zr4mNv3"),
			       "accepted from every address"));
	/* another key for the same peer takes its place */
	type(&r, "pre-shared-key address 192.0.2.9 key t7Kp2xWq9Zr4mNv4");
	assert_non_null(strstr(running(&r),
			       "crypto keyring K1 \n description of the west\n local-address 192.0.2.1\n"
			       " pre-shared-key address 192.0.2.9 key t7Kp2xWq9Zr4mNv4\n"
			       " pre-shared-key address 10.0.0.0 255.0.0.0 key t7Kp2xWq9Zr4mNv2\n"
			       " pre-shared-key hostname a.example key 0 6\n"
			       " pre-shared-key hostname b.example key 6 ABCDEF\n"
			       " pre-shared-key address 0.0.0.0 0.0.0.0 key t7Kp2xWq9Zr4mNv3\n"));
	assert_round_trip(r.c);
	assert_non_null(strstr(type(&r, "pre-shared-key address 10.0.0.0 255.0.255.0 key x"), "Bad mask"));
	assert_non_null(strstr(type(&r, "pre-shared-key address 10.0.0.300 key x"), "Invalid input"));
	type(&r, "no pre-shared-key hostname a.example key 0 6");
	assert_null(strstr(running(&r), "a.example"));
	type(&r, "exit");
	type(&r, "no crypto keyring K1");
	assert_int_equal(r.c->keys.n_keyrings, 0);
	router_down(&r);
}

static void a_profile_says_who_and_how(void **state)
{
	static const char *const lines[] = {
		"description of B", "keyring K1", "keyring K2", "self-identity fqdn us.example",
		"ca trust-point TP", "match certificate CM",
		"match identity address 192.0.2.0 255.255.255.0", "match identity host b.example",
		"match identity host domain example", "match identity user u@example.net",
		"match identity user domain example.org", "match identity group G",
		"keepalive 20 retry 3", "initiate mode aggressive", "local-address FastEthernet0/1",
	};
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	assert_string_equal(type(&r, "crypto isakmp profile P"),
			    "% A profile is deemed incomplete until it has match identity statements\n");
	assert_string_equal(prompt(&r), "R1(conf-isa-prof)#");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char want[128];

		type(&r, lines[i]);
		assert_int_equal(r.last.status, CLI_OK);
		snprintf(want, sizeof(want), " %s\n", lines[i]);
		assert_non_null(strstr(running(&r), want));
	}
	assert_round_trip(r.c);
	assert_int_equal(r.c->keys.profiles[0]->n_matches, 7);
	assert_int_equal(r.c->keys.profiles[0]->n_keyrings, 2);
	type(&r, "keepalive 9 retry 3");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "keepalive 10 retry 61");
	assert_int_equal(r.last.status, CLI_ERROR);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char no[128];

		snprintf(no, sizeof(no), "no %s", lines[i]);
		type(&r, no);
		assert_int_equal(r.last.status, CLI_OK);
		snprintf(no, sizeof(no), " %s\n", lines[i]);
		assert_null(strstr(running(&r), no));
	}
	assert_non_null(strstr(type(&r, "exit"), "isakmp profile P matches no identity"));
	router_down(&r);
}

static void self_identity_has_its_forms(void **state)
{
	static const char *const forms[] = { "self-identity address", "self-identity address 192.0.2.7",
					     "self-identity fqdn", "self-identity fqdn a.b",
					     "self-identity user-fqdn a@b.c" };
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto isakmp profile P");
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char want[64];

		type(&r, forms[i]);
		snprintf(want, sizeof(want), " %s\n", forms[i]);
		assert_non_null(strstr(running(&r), want));
		assert_round_trip(r.c);
	}
	type(&r, "no self-identity");
	assert_null(strstr(running(&r), "self-identity"));
	router_down(&r);
}

static void a_map_and_its_entries_name_a_profile(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto map M isakmp-profile ALL");
	type(&r, "crypto map M 10 ipsec-isakmp");
	type(&r, "set isakmp-profile ONE");
	assert_non_null(strstr(running(&r), "crypto map M isakmp-profile ALL\n"));
	assert_non_null(strstr(running(&r), "\n set isakmp-profile ONE\n"));
	assert_round_trip(r.c);
	type(&r, "no set isakmp-profile");
	type(&r, "no crypto map M isakmp-profile");
	assert_null(strstr(running(&r), "isakmp-profile"));
	router_down(&r);
}

static void weak_keys_are_named_where_they_are_typed(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	assert_non_null(strstr(type(&r, "crypto isakmp key cisco address 192.0.2.1"), "this key is weak"));
	assert_string_equal(type(&r, "crypto isakmp key t7Kp2xWq9Zr4mNv1 address 192.0.2.1"), "");
	assert_true(key_strength_bits("aaaaaaaaaaaaaaaaaaaaaaaa") < KEY_WEAK_BITS);
	assert_true(key_strength_bits("123456789012345678") < KEY_WEAK_BITS);
	assert_true(key_strength_bits("secretkey") < KEY_WEAK_BITS);
	assert_true(key_strength_bits("Cisco123!") < KEY_WEAK_BITS);
	assert_true(key_strength_bits("x9Gw-2pLq_7RtZ4m") >= KEY_WEAK_BITS);
	assert_int_equal(key_strength_bits(""), 0);
	router_down(&r);
}

static void a_key_is_no_longer_than_a_key_may_be(void **state)
{
	char line[400], key[PSK_MAX + 2];
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	memset(key, 'k', sizeof(key) - 1);
	key[PSK_MAX + 1] = '\0';
	snprintf(line, sizeof(line), "crypto isakmp key %s address 192.0.2.1", key);
	type(&r, line);
	assert_int_equal(r.last.status, CLI_ERROR);
	assert_int_equal(r.c->isakmp.keys.n, 0);
	key[PSK_MAX] = '\0';
	snprintf(line, sizeof(line), "crypto isakmp key %s address 192.0.2.1", key);
	type(&r, line);
	assert_int_equal(r.c->isakmp.keys.n, 1);
	router_down(&r);
}

static void secrets_of_keyrings_are_masked(void **state)
{
	struct report report = { 0 };
	struct txt out = TXT_INIT;
	struct config *c = load("crypto keyring K\n pre-shared-key address 192.0.2.1 key topsecret\n"
				" pre-shared-key hostname h key 6 TOPSECRET\n", &report);

	(void)state;
	assert_int_equal(report.errors, 0);
	commands_render(c, CLI_RENDER_MASK, &out);
	assert_null(strstr(txt_cstr(&out), "topsecret"));
	assert_null(strstr(txt_cstr(&out), "TOPSECRET"));
	txt_fini(&out);
	cli_mask_line(commands_grammar(), M_CONFIG, "key config-key password-encrypt topsecret", &out);
	assert_null(strstr(txt_cstr(&out), "topsecret"));
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_keyring_holds_keys_by_address_and_name),
		cmocka_unit_test(a_profile_says_who_and_how),
		cmocka_unit_test(self_identity_has_its_forms),
		cmocka_unit_test(a_map_and_its_entries_name_a_profile),
		cmocka_unit_test(weak_keys_are_named_where_they_are_typed),
		cmocka_unit_test(a_key_is_no_longer_than_a_key_may_be),
		cmocka_unit_test(secrets_of_keyrings_are_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
