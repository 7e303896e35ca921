/* SPDX-License-Identifier: Apache-2.0 */
#include "helper.h"

static void help_is_as_captured_on_ios(void **state)
{
	static const struct {
		const char *enter, *line, *want;
	} rows[] = {
		{ NULL, "crypto isakmp policy ", "  <1-10000>  Priority of protection suite\n" },
		{ "crypto isakmp policy 1", "",
		  "  authentication  Set authentication method for protection suite\n"
		  "  encryption      Set encryption algorithm for protection suite\n"
		  "  exit            Exit from ISAKMP protection suite configuration mode\n"
		  "  group           Set the Diffie-Hellman group\n"
		  "  hash            Set hash algorithm for protection suite\n"
		  "  lifetime        Set lifetime for ISAKMP security association\n"
		  "  no              Negate a command or set its defaults\n" },
		{ "crypto isakmp policy 1", "encryption ",
		  "  3des  Three key triple DES\n"
		  "  aes   AES - Advanced Encryption Standard.\n"
		  "  des   DES - Data Encryption Standard (56 bit keys).\n" },
		{ "crypto isakmp policy 1", "encryption aes ",
		  "  128   128 bit keys.\n"
		  "  192   192 bit keys.\n"
		  "  256   256 bit keys.\n"
		  "  <cr>\n" },
		{ "crypto isakmp policy 1", "group ",
		  "  1   Diffie-Hellman group 1 (768 bit)\n"
		  "  14  Diffie-Hellman group 14 (2048 bit)\n"
		  "  15  Diffie-Hellman group 15 (3072 bit)\n"
		  "  16  Diffie-Hellman group 16 (4096 bit)\n"
		  "  19  Diffie-Hellman group 19 (256 bit ecp)\n"
		  "  2   Diffie-Hellman group 2 (1024 bit)\n"
		  "  20  Diffie-Hellman group 20 (384 bit ecp)\n"
		  "  21  Diffie-Hellman group 21 (521 bit ecp)\n"
		  "  24  Diffie-Hellman group 24 (2048 bit, 256 bit subgroup)\n"
		  "  5   Diffie-Hellman group 5 (1536 bit)\n" },
		{ "crypto ipsec transform-set T esp-aes", "mode ",
		  "  transport  transport (payload encapsulation) mode\n"
		  "  tunnel     tunnel (datagram encapsulation) mode\n" },
		{ NULL, "crypto map VPN ",
		  "  <1-65535>       Sequence to insert into crypto map entry\n"
		  "  isakmp-profile  Specify isakmp profile to use\n"
		  "  local-address   Interface to use for local address for this crypto map\n" },
		{ "crypto map VPN 1 ipsec-isakmp", "set ",
		  "  ip                    Interface Internet Protocol config commands\n"
		  "  isakmp-profile        Specify isakmp Profile\n"
		  "  peer                  Allowed Encryption/Decryption peer.\n"
		  "  pfs                   Specify pfs settings\n"
		  "  security-association  Security association parameters\n"
		  "  transform-set         Specify list of transform sets in priority order\n" },
		{ NULL, "access-list 110 ",
		  "  <1-2147483647>  Sequence Number\n"
		  "  deny            Specify packets to reject\n"
		  "  dynamic         Specify a DYNAMIC list of PERMITs or DENYs\n"
		  "  permit          Specify packets to forward\n"
		  "  remark          Access list entry comment\n" },
		{ NULL, "crypto isakmp key ",
		  "  0     Specifies an UNENCRYPTED password will follow\n"
		  "  6     Specifies an ENCRYPTED password will follow\n"
		  "  WORD  The UNENCRYPTED (cleartext) user password\n" },
		{ NULL, "interface fa", "FastEthernet\n" },
		{ NULL, "interface Tunnel ", "  <0-2147483647>  Tunnel interface number\n" },
		{ "interface Tunnel0", "tunnel source F", "FastEthernet          FortyGigabitEthernet\n" },
		{ NULL, "crypto isakmp pol",  "policy\n" },
		{ NULL, "crypto i", "ipsec   isakmp\n" },
		{ NULL, "crypto x", "% Unrecognized command\n" },
		{ NULL, "crypto isakmp polcy ", "% Unrecognized command\n" },
		{ NULL, "hostname R1 ", "  <cr>\n" },
		{ NULL, "no crypto isakmp en", "enable\n" },
		{ NULL, "do show cry", "crypto\n" },
		{ NULL, "do show clock ",
		  "  detail  Display detailed information\n"
		  "  |       Output modifiers\n"
		  "  <cr>\n" },
		{ NULL, "do show ip access-lists X | ",
		  "  append    Append redirected output to URL (URLs supporting append operation only)\n"
		  "  begin     Begin with the line that matches\n"
		  "  count     Count number of lines which match regexp\n"
		  "  exclude   Exclude lines that match\n"
		  "  include   Include lines that match\n"
		  "  json      Print the output as JSON\n"
		  "  redirect  Redirect output to URL\n"
		  "  section   Filter a section of output\n"
		  "  tee       Copy output to URL\n" },
		{ NULL, "do show clock | in", "include\n" },
		{ NULL, "do show clock | include ", "  LINE  Regular Expression\n" },
		{ NULL, "do show clock | json ", "  <cr>\n" },
		{ NULL, "do show clock | include x ", "  LINE  Regular Expression\n" },
		{ NULL, "do show clock | xyz", "% Unrecognized command\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		if (rows[i].enter)
			type(&r, rows[i].enter);
		assert_string_equal(help(&r, rows[i].line), rows[i].want);
		router_down(&r);
	}
}

/* Whether help names a word at the start of a line. */
static bool offers(const char *text, const char *word)
{
	char want[64];

	snprintf(want, sizeof(want), "  %s ", word);
	for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
		if (!strncmp(p, want, strlen(want)))
			return true;
	return false;
}

static void transform_help_lists_only_legal_continuations(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	const char *h = help(&r, "crypto ipsec transform-set X ");
	assert_true(offers(h, "ah-sha-hmac") && offers(h, "esp-3des") && offers(h, "esp-sha-hmac"));
	assert_null(strstr(h, "<cr>"));
	h = help(&r, "crypto ipsec transform-set X esp-3des ");
	assert_true(offers(h, "ah-sha-hmac") && offers(h, "esp-sha-hmac"));
	assert_false(offers(h, "esp-des") || offers(h, "esp-gcm") || offers(h, "esp-aes"));
	assert_non_null(strstr(h, "<cr>"));
	h = help(&r, "crypto ipsec transform-set X esp-gcm 256 ");
	assert_true(offers(h, "ah-sha-hmac"));
	assert_false(offers(h, "esp-sha-hmac") || offers(h, "esp-aes"));
	h = help(&r, "crypto ipsec transform-set X esp-sha-hmac ");
	assert_true(offers(h, "esp-aes") && offers(h, "ah-md5-hmac"));
	assert_false(offers(h, "esp-md5-hmac") || offers(h, "esp-gcm"));
	router_down(&r);
}

static void help_lists_ports_and_kept_lines_stay_out_of_it(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	const char *h = help(&r, "access-list 101 permit udp any eq ");
	assert_true(offers(h, "<0-65535>") && offers(h, "isakmp") && offers(h, "non500-isakmp"));
	assert_false(offers(h, "bgp"));
	h = help(&r, "");
	assert_true(offers(h, "crypto") && offers(h, "interface") && offers(h, "do"));
	assert_false(offers(h, "snmp-server"));
	assert_true(offers(h, "banner")); /* it is kept, and shown */
	h = help(&r, "banner ");
	assert_true(offers(h, "motd") && offers(h, "login") && offers(h, "exec"));
	router_down(&r);
}

static void tab_completes_what_is_unique(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "cry", "pto " },	 { "crypto isa", "kmp " },	  { "crypto i", "" },
		{ "crypto ", "" },	 { "", "" },			  { "xyz", "" },
		{ "interface", " " },	 { "crypto ipsec tr", "ansform-set " },
		{ "no crypto isakmp aggr", "essive-mode " },		  { "snmp", "-server " },
		{ "do show clock | sec", "tion " }, { "do show clock | section in", "" },
		{ "do sh", "ow " },	 { "crypto isakmp policy 1", "" }, { "end", " " },
	};
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(tab(&r, rows[i].line), rows[i].want);
	type(&r, "crypto isakmp policy 1");
	assert_string_equal(tab(&r, "enc"), "ryption ");
	assert_string_equal(tab(&r, "hostn"), "ame "); /* a global command from below */
	router_down(&r);
}

static void every_token_has_help(void **state)
{
	size_t seen = 0;

	(void)state;
	for (const struct cli_row *const *t = commands_grammar()->tables; *t; t++)
		for (const struct cli_row *row = *t; row->toks; row++)
			for (const struct cli_tok *k = row->toks; k->kind != CLI_END; k++, seen++) {
				if (k->kind == CLI_KW || k->kind == CLI_ARG)
					assert_true(k->help && *k->help);
				for (const struct cli_name *n = k->names; n && n->word; n++)
					assert_true(n->help && *n->help);
			}
	assert_true(seen > 1000);
}

static void interfaces_are_listed_by_their_types(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	const char *said = help(&r, "interface ");
	assert_int_equal(strncmp(said, "  ATM                   ATM interface\n", 38), 0);
	assert_non_null(strstr(said, "\n  FastEthernet          FastEthernet IEEE 802.3\n"));
	assert_non_null(strstr(said, "\n  Tunnel                Tunnel interface\n"));
	txt_clear(&r.out);
	cli_session_complete(r.s, r.c, "interface lo", &r.out);
	assert_string_equal(txt_cstr(&r.out), "opback ");
	type(&r, "interface Loopback 7");
	assert_string_equal(prompt(&r), "R1(config-if)#");
	router_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_is_as_captured_on_ios),
		cmocka_unit_test(transform_help_lists_only_legal_continuations),
		cmocka_unit_test(help_lists_ports_and_kept_lines_stay_out_of_it),
		cmocka_unit_test(tab_completes_what_is_unique),
		cmocka_unit_test(every_token_has_help),
		cmocka_unit_test(interfaces_are_listed_by_their_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
