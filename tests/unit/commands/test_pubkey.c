/* SPDX-License-Identifier: Apache-2.0 */
/* Peers' public keys: prompts, bytes, running-config, and what one key may serve. */
#include "helper.h"

static const char sample[] = "crypto key pubkey-chain rsa\n"
			     " named-key testrsa\n"
			     "  address 1.2.3.4\n"
			     "  key-string\n"
			     "   305C300D 06092A86 4886F70D 01010105 00034B00 30480241 00D7808D C5FF14AC \n"
			     "   0D2B55AC 5D199F2F 7CB4B355 C555E07B 6D0DECBE 4519B1F0 75B12D6F 902D6E9F \n"
			     "   B6FDAD8D 654EF851 5701D5D7 EDA047ED 9A2A619D 5639DF18 EB020301 0001\n"
			     "  quit\n";

static char *rendered(const struct config *c)
{
	struct txt t = TXT_INIT;

	commands_render(c, 0, &t);
	return t.s;
}

static void a_key_is_typed_as_in_ios(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto key pubkey-chain rsa");
	assert_string_equal(prompt(&r), "R1(config-pubkey-chain)#");
	type(&r, "addressed-key 10.5.5.1 encryption");
	assert_string_equal(prompt(&r), "R1(config-pubkey-key)#");
	assert_string_equal(type(&r, "key-string"), "Enter a public key as a hexidecimal number ....\n\n");
	assert_string_equal(prompt(&r), "R1(config-pubkey)#");
	type(&r, "30050A0B");
	type(&r, "0C0D 0E");
	assert_string_equal(type(&r, "quit"), "");
	assert_string_equal(prompt(&r), "R1(config-pubkey-key)#");
	const struct cfg_pubkey *k = r.c->pki.pubkeys.v[0];
	assert_int_equal(k->len, 7);
	assert_memory_equal(k->der, "\x30\x05\x0a\x0b\x0c\x0d\x0e", 7);
	assert_true(cfg_pubkey_is_der(k));
	type(&r, "key-string"); /* once more: a whole one replaces it, nothing else */
	type(&r, "3005");
	assert_non_null(strstr(type(&r, "quit"), "is not whole, or none; the one before stays in force."));
	assert_int_equal(k->len, 7);
	type(&r, "key-string");
	type(&r, "3002");
	type(&r, "0F0E");
	assert_string_equal(type(&r, "quit"), "");
	assert_int_equal(k->len, 4);
	assert_memory_equal(k->der, "\x30\x02\x0f\x0e", 4);
	type(&r, "exit");
	assert_string_equal(prompt(&r), "R1(config-pubkey-chain)#");
	type(&r, "addressed-key 10.5.5.1 signature"); /* another entry */
	type(&r, "exit");
	assert_int_equal(r.c->pki.pubkeys.n, 2);
	type(&r, "no addressed-key 10.5.5.1 encryption");
	assert_int_equal(r.c->pki.pubkeys.n, 1);
	assert_int_equal(r.c->pki.pubkeys.v[0]->use, RSA_USE_SIGNATURE);
	type(&r, "addressed-key 10.5.5.300");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "named-key");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "exit");
	type(&r, "no crypto key pubkey-chain rsa");
	assert_int_equal(r.c->pki.pubkeys.n, 0);
	router_down(&r);
}

static void a_wrong_line_takes_no_key_away(void **state)
{
	struct report report = { 0 };
	struct config *c = load("crypto key pubkey-chain rsa\n named-key x\n  key-string\n   3003020105\n  quit\n"
				"  key-string\n   what is this\n  quit\n",
				&report);
	const struct cfg_pubkey *k = c->pki.pubkeys.v[0];

	(void)state;
	assert_int_equal(report.errors, 1);
	assert_int_equal(k->len, 5);
	assert_memory_equal(k->der, "\x30\x03\x02\x01\x05", 5);
	assert_round_trip(c);
	config_free(c);
	report_fini(&report);
}

static void the_chain_goes_with_what_was_not_understood_in_it(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto key pubkey-chain rsa");
	type(&r, "frob");
	type(&r, "named-key x");
	type(&r, "no crypto key pubkey-chain rsa");
	assert_string_equal(running(&r), "hostname R1\n!\nend\n");
	router_down(&r);
}

static void a_file_comes_back_as_it_was(void **state)
{
	struct report report = { 0 };
	struct config *c = load(sample, &report), *again, *copy = NULL;

	(void)state;
	assert_int_equal(report.errors, 0);
	assert_int_equal(c->pki.pubkeys.v[0]->len, 94);
	assert_true(cfg_pubkey_is_der(c->pki.pubkeys.v[0]));
	char *text = rendered(c);
	if (!strstr(text, sample))
		fail_msg("%s", text);
	again = load(text, &report);
	assert_true(config_equal(c, again));
	copy = config_clone(c);
	assert_non_null(copy);
	assert_true(config_equal(c, copy));
	copy->pki.pubkeys.v[0]->der[93] ^= 1;
	assert_false(config_equal(c, copy));
	free(text);
	report_fini(&report);
	config_free(copy);
	config_free(again);
	config_free(c);
}

static void a_key_for_both_uses_is_told(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto key pubkey-chain rsa");
	for (int i = 0; i < 2; i++) {
		type(&r, i ? "named-key peer signature" : "addressed-key 10.5.5.1 encryption");
		type(&r, "key-string");
		type(&r, "30050A0B0C0D0E");
		const char *said = type(&r, "quit");
		assert_int_equal(i, strstr(said, "may not serve both") != NULL);
		type(&r, "exit");
	}
	const struct cfg_pki *p = &r.c->pki;
	assert_ptr_equal(cfg_pubkey_reused(p, p->pubkeys.v[0]), p->pubkeys.v[1]);
	p->pubkeys.v[1]->use = RSA_USE_ENCRYPTION; /* two peers with one key: their affair */
	assert_null(cfg_pubkey_reused(p, p->pubkeys.v[0]));
	router_down(&r);
}

static void keys_are_bounded(void **state)
{
	struct router r;
	char line[64];

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto key pubkey-chain rsa");
	for (int i = 0; i <= CFG_MAX_PUBKEYS; i++) {
		snprintf(line, sizeof(line), "addressed-key 10.0.0.%d", i);
		const char *said = type(&r, line);
		assert_int_equal(i == CFG_MAX_PUBKEYS, strstr(said, "At most 64 public keys") != NULL);
		if (i < CFG_MAX_PUBKEYS)
			type(&r, "exit");
	}
	assert_int_equal(r.c->pki.pubkeys.n, CFG_MAX_PUBKEYS);
	type(&r, "addressed-key 10.0.0.1");
	type(&r, "key-string");
	for (int i = 0; i < CFG_PUBKEY_BYTES / 4; i++)
		type(&r, "01020304");
	assert_int_equal(r.last.status, CLI_OK);
	type(&r, "05");
	assert_int_equal(r.last.status, CLI_ERROR);
	assert_int_equal(r.c->pki.pubkeys.v[1]->len, CFG_PUBKEY_BYTES);
	router_down(&r);
}

static void a_policy_without_keys_is_told(void **state)
{
	static const char policy[] = "crypto isakmp policy 10\n authentication rsa-encr\n";

	(void)state;
	for (int with = 0; with < 2; with++) {
		struct report report = { 0 };
		char text[2048];
		struct txt out = TXT_INIT;

		snprintf(text, sizeof(text), "%s%s", policy, with ? sample : "");
		struct config *c = load(text, &report);
		commands_check(c, &report);
		report_print(&report, "R1", &out);
		assert_int_equal(strstr(txt_cstr(&out), "rsa-encr needs public keys") == NULL, with);
		txt_fini(&out);
		report_fini(&report);
		config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_typed_as_in_ios),
		cmocka_unit_test(a_wrong_line_takes_no_key_away),
		cmocka_unit_test(the_chain_goes_with_what_was_not_understood_in_it),
		cmocka_unit_test(a_file_comes_back_as_it_was),
		cmocka_unit_test(a_key_for_both_uses_is_told),
		cmocka_unit_test(keys_are_bounded),
		cmocka_unit_test(a_policy_without_keys_is_told),
	};

	return cmocka_run_group_tests_name("pubkey", tests, NULL, NULL);
}
