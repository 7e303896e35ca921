/* SPDX-License-Identifier: Apache-2.0 */
/* Trustpoints, certificate data and lines that act. */
#include "helper.h"

static void certificate_data_is_hex_up_to_quit(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto pki certificate chain TP");
	assert_string_equal(prompt(&r), "R1(config-cert-chain)#");
	type(&r, "certificate ca 0A");
	assert_string_equal(prompt(&r), "R1(config-pubkey)#");
	/* words that could be the beginning of a keyword are data here */
	static const char *const data[] = { "30 0A", "DE", "DEFA", "  e5f6 ", "01020304 05" };
	for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
		type(&r, data[i]);
		assert_int_equal(r.last.status, CLI_OK);
	}
	/* what is no hex is no data, and a command still is one */
	type(&r, "0102 xyz");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "123");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "quit");
	assert_string_equal(prompt(&r), "R1(config-cert-chain)#");
	const struct cfg_cert *c = r.c->pki.chains[0]->certs[0];
	assert_int_equal(c->kind, CERT_CA);
	assert_int_equal(c->len, 12);
	assert_memory_equal(c->der, "\x30\x0a\xde\xde\xfa\xe5\xf6\x01\x02\x03\x04\x05", 12);
	assert_true(cfg_cert_is_der(c));
	/* the same certificate again: the whole one stays until another is whole */
	type(&r, "certificate ca 0A");
	type(&r, "3009");
	assert_int_equal(c->len, 12);
	assert_non_null(strstr(type(&r, "quit"), "is not whole, or none; the one before stays in force."));
	assert_int_equal(r.c->pki.chains[0]->n, 1);
	assert_int_equal(c->len, 12);
	/* left without quit, as by a session that breaks off */
	type(&r, "certificate ca 0A");
	type(&r, "3003");
	type(&r, "end");
	assert_int_equal(c->len, 12);
	type(&r, "configure terminal");
	type(&r, "crypto pki certificate chain TP");
	type(&r, "certificate ca 0A");
	type(&r, "3003 0201");
	type(&r, "07");
	assert_string_equal(type(&r, "quit"), "");
	c = r.c->pki.chains[0]->certs[0];
	assert_int_equal(c->len, 5);
	assert_memory_equal(c->der, "\x30\x03\x02\x01\x07", 5);
	type(&r, "no certificate ca 0A");
	assert_int_equal(r.c->pki.chains[0]->n, 0);
	router_down(&r);
}

/* Nothing of the certificate in force is lost before there is something to replace it. */
static void a_wrong_line_takes_no_certificate_away(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto pki certificate chain TP");
	type(&r, "certificate ca 0A");
	type(&r, "3003 0201 05");
	type(&r, "quit");
	const struct cfg_cert *c = r.c->pki.chains[0]->certs[0];
	type(&r, "certificate ca 0A");
	type(&r, "what is this");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "quit");
	assert_int_equal(c->len, 5);
	assert_true(cfg_cert_is_der(c));
	assert_round_trip(r.c);
	type(&r, "certificate ca 0A");
	/* also if there is a copy from one line to the next */
	struct config *copy = config_clone(r.c);
	assert_non_null(copy);
	config_free(r.c);
	r.c = copy;
	type(&r, "3002");
	type(&r, "0500");
	type(&r, "quit");
	c = r.c->pki.chains[0]->certs[0];
	assert_int_equal(c->len, 4);
	assert_memory_equal(c->der, "\x30\x02\x05\x00", 4);
	router_down(&r);
}

static void certificate_data_that_never_ends_swallows_no_command(void **state)
{
	struct report report = { 0 };
	struct config *c = load("crypto pki certificate chain TP\n certificate 01\n  30010203\n"
				"interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n",
				&report);

	(void)state;
	assert_int_equal(report.errors, 0);
	assert_non_null(config_find_interface(c, "FastEthernet0/1"));
	assert_int_equal(c->pki.chains[0]->certs[0]->len, 4);
	assert_round_trip(c);
	config_free(c);
	report_fini(&report);
}

/* What is wrong inside is kept, and does not take the deeper `quit` for its own. */
static void a_wrong_line_in_certificate_data_does_not_swallow_quit(void **state)
{
	struct report report = { 0 };
	struct config *c = load("crypto pki certificate chain TP\n certificate 01\n  3001\n  what is this\n"
				"  \tquit\n certificate 02\n  3000\n  \tquit\n",
				&report);

	(void)state;
	assert_int_equal(report.errors, 1);
	assert_int_equal(c->pki.chains[0]->n, 2);
	assert_int_equal(c->pki.chains[0]->certs[0]->kept.n, 1);
	assert_int_equal(c->pki.chains[0]->certs[1]->len, 2);
	assert_round_trip(c);
	config_free(c);
	report_fini(&report);
}

/* What is typed wrong before any byte stands before `quit`: behind it it would be the chain's. */
static void what_is_typed_wrong_first_stays_among_the_data(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto pki certificate chain TP");
	type(&r, "certificate ca 0A");
	type(&r, "what is this");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "3003 0201 05");
	type(&r, "quit");
	type(&r, "crypto key pubkey-chain rsa");
	type(&r, "named-key x");
	type(&r, "key-string");
	type(&r, "what is that");
	type(&r, "3003 0201 05");
	type(&r, "quit");
	assert_round_trip(r.c);
	type(&r, "crypto pki certificate chain TP");
	type(&r, "certificate ca 0B");
	type(&r, "what else");
	type(&r, "quit");
	assert_round_trip(r.c);
	router_down(&r);
}

static void a_certificate_is_bounded(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto pki certificate chain TP");
	type(&r, "certificate 01");
	for (int i = 0; i < CFG_CERT_BYTES / 32; i++) {
		type(&r, "00112233 44556677 8899AABB CCDDEEFF 00112233 44556677 8899AABB CCDDEEFF");
		assert_int_equal(r.last.status, CLI_OK);
	}
	assert_non_null(strstr(type(&r, "00"), "more than 8192 bytes"));
	assert_int_equal(r.c->pki.chains[0]->certs[0]->len, CFG_CERT_BYTES);
	router_down(&r);
}

static void lines_that_act_are_handed_over_when_typed(void **state)
{
	const struct exec_args *a;
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto pki trustpoint TP");
	type(&r, "crypto key generate rsa usage-keys modulus 2048 label L exportable");
	assert_int_equal(r.last.status, CLI_EXEC);
	assert_int_equal(r.last.action, EXEC_KEY_GENERATE);
	a = r.last.args;
	assert_string_equal(a->name, "L");
	assert_int_equal(a->number, 2048);
	assert_int_equal(a->proto, EXEC_KEYS_USAGE);
	assert_true(a->flag);
	assert_string_equal(prompt(&r), "R1(config)#"); /* a global line leaves the mode */
	type(&r, "crypto ca import TP pkcs12 terminal password secret99");
	assert_int_equal(r.last.action, EXEC_PKI_IMPORT_PKCS12);
	assert_string_equal(((const struct exec_args *)r.last.args)->text, "secret99");
	/* `no` of a trustpoint asks first */
	type(&r, "no crypto pki trustpoint TP");
	assert_int_equal(r.last.action, EXEC_PKI_DROP);
	assert_string_equal(r.last.args, "TP");
	assert_non_null(pki_find_trustpoint(&r.c->pki, "TP"));
	type(&r, "crypto key generate rsa modulus 300");
	assert_int_equal(r.last.status, CLI_ERROR);
	router_down(&r);
}

static void lines_that_act_do_nothing_in_a_file_and_say_so(void **state)
{
	struct report report = { 0 };
	struct config *c = load("crypto pki trustpoint TP\n enrollment terminal\n"
				"crypto key generate rsa modulus 1024\n"
				"crypto pki export TP pkcs12 terminal password secret99\n"
				"no crypto pki trustpoint TP\n",
				&report);
	struct txt t = TXT_INIT;

	(void)state;
	assert_int_equal(report.errors, 0);
	assert_int_equal(report.n, 2);
	report_print(&report, "f", &t);
	assert_non_null(strstr(t.s, "f:3:\n% NOTE: this line acts and is no part of a configuration"));
	assert_null(strstr(t.s, "secret99"));
	assert_int_equal(c->pki.n_trustpoints, 0);
	txt_clear(&t);
	commands_render(c, 0, &t);
	assert_null(strstr(t.s, "crypto"));
	txt_fini(&t);
	config_free(c);
	report_fini(&report);
}

static void passphrases_are_masked(void **state)
{
	static const char *const lines[][2] = {
		{ "crypto pki import TP pem terminal password secret99",
		  "crypto pki import TP pem terminal password *****" },
		{ "crypto key export rsa K pem terminal 3des secret99",
		  "crypto key export rsa K pem terminal 3des *****" },
		{ "crypto pki export TP pkcs12 terminal secret99",
		  "crypto pki export TP pkcs12 terminal *****" },
	};
	struct txt t = TXT_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		txt_clear(&t);
		cli_mask_line(commands_grammar(), M_CONFIG, lines[i][0], &t);
		assert_string_equal(t.s, lines[i][1]);
	}
	txt_fini(&t);
}

static void what_cannot_work_is_said(void **state)
{
	static const char *const rows[][2] = {
		{ "crypto pki trustpoint T\n enrollment terminal\n",
		  "trustpoint T: it has no CA certificate, so it trusts nobody." },
		{ "crypto pki trustpoint T\n enrollment url http://192.0.2.9\n", "fix: crypto pki authenticate T" },
		{ "crypto pki trustpoint T\n revocation-check ocsp none\n", "OCSP is not run" },
		{ "crypto pki trustpoint T\n revocation-check none\n", "revoked certificates are accepted" },
		{ "crypto pki trustpoint T\n rsakeypair L 1024\n", "an RSA key of 1024 bits is weak" },
		{ "crypto pki certificate chain T\n certificate ca 01\n  3000\n  quit\n",
		  "chain T: certificate 01 is not whole" },
		{ "crypto pki certificate chain T\n certificate ca 01\n  30020500\n  quit\n",
		  "there is no trustpoint of that name" },
		{ "crypto pki trustpoint T\n enrollment terminal\ncrypto pki certificate chain T\n"
		  " certificate ca 01\n  30020500\n  quit\n",
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report said = { 0 }, report = { 0 };
		struct config *c = load(rows[i][0], &said);
		struct txt out = TXT_INIT;

		commands_check(c, &report);
		report_print(&report, "R1", &out);
		if (rows[i][1] ? !strstr(txt_cstr(&out), rows[i][1]) : out.len != 0)
			fail_msg("row %zu: %s", i, txt_cstr(&out));
		report_fini(&said);
		report_fini(&report);
		config_free(c);
		txt_fini(&out);
	}
}

static void trustpoints_are_bounded(void **state)
{
	struct router r;
	char line[64];

	(void)state;
	router_up(&r, M_CONFIG);
	for (int i = 0; i < CFG_MAX_TRUSTPOINTS; i++) {
		snprintf(line, sizeof(line), "crypto pki trustpoint T%d", i);
		type(&r, line);
		assert_int_equal(r.last.status, CLI_OK);
	}
	assert_string_equal(type(&r, "crypto pki trustpoint X"), "% At most 32 trustpoints.\n");
	type(&r, "crypto pki trustpoint T0");
	assert_non_null(strstr(type(&r, "enrollment url ftp://x"), "Only http://"));
	assert_non_null(strstr(type(&r, "fingerprint 0123"), "32 (MD5), 40 (SHA1)"));
	router_down(&r);
}

static void a_refused_value_leaves_the_one_before_it(void **state)
{
	static const char md5[] = "0123456789ABCDEF0123456789ABCDEF";
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto pki trustpoint T");
	type(&r, "enrollment url http://192.0.2.9/scep pem");
	type(&r, "enrollment url ftp://x");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "fingerprint 0123456789abcdef0123456789abcdef");
	type(&r, "fingerprint 0123");
	const struct cfg_trustpoint *t = pki_find_trustpoint(&r.c->pki, "T");
	assert_int_equal(t->enroll, ENROLL_URL);
	assert_true(t->pem);
	assert_string_equal(t->url, "http://192.0.2.9/scep");
	assert_int_equal(strcasecmp(t->fingerprint, md5), 0);
	assert_round_trip(r.c);
	router_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificate_data_is_hex_up_to_quit),
		cmocka_unit_test(a_wrong_line_takes_no_certificate_away),
		cmocka_unit_test(certificate_data_that_never_ends_swallows_no_command),
		cmocka_unit_test(a_wrong_line_in_certificate_data_does_not_swallow_quit),
		cmocka_unit_test(what_is_typed_wrong_first_stays_among_the_data),
		cmocka_unit_test(a_certificate_is_bounded),
		cmocka_unit_test(lines_that_act_are_handed_over_when_typed),
		cmocka_unit_test(lines_that_act_do_nothing_in_a_file_and_say_so),
		cmocka_unit_test(passphrases_are_masked),
		cmocka_unit_test(a_refused_value_leaves_the_one_before_it),
		cmocka_unit_test(what_cannot_work_is_said),
		cmocka_unit_test(trustpoints_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
