/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of the lines of crypto access lists, and in which line of the file it stands. */
#include "helper.h"

#include "commands/locate.h"

#define IKE                                                                                                      \
	"crypto isakmp policy 10\n encr aes 256\n hash sha256\n authentication pre-share\n group 14\n"          \
	"crypto isakmp key t7Kp2xWq9Zr4mNv1 address 192.0.2.2\n"
#define SET(mode) "crypto ipsec transform-set T esp-aes 256 esp-sha256-hmac\n mode " mode "\n"
#define ENTRY(n, list) "crypto map M " n " ipsec-isakmp\n set peer 192.0.2.2\n set transform-set T\n match address " list "\n"
#define OUTER	  "interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n crypto map M\n"
#define WITH(line) IKE SET("tunnel") "access-list 101 " line "\n" ENTRY("10", "101") OUTER
#define GOOD_LINE "permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255"

static char *checked(const char *text)
{
	struct report said = { 0 }, r = { 0 };
	struct config *c = load(text, &said);
	struct txt out = TXT_INIT;

	commands_check(c, &r);
	report_locate(&r, text, strlen(text));
	report_print(&r, "R1", &out);
	report_fini(&said);
	report_fini(&r);
	config_free(c);
	return txt_steal(&out);
}

static void each_line_has_its_sentence(void **state)
{
	static const struct remark_row rows[] = {
		{ WITH(GOOD_LINE), WITH("permit ip any 10.2.0.0 0.0.255.255"), "protects what comes from anywhere" },
		{ WITH(GOOD_LINE), WITH("permit tcp 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255 eq 80"), "protects by ports" },
		{ WITH("permit tcp host 10.1.0.1 host 10.2.0.1 eq 80"), WITH("permit tcp host 10.1.0.1 host 10.2.0.1 gt 1023"),
		  "tests ports in a way that IKE cannot say" },
		{ WITH("permit gre host 192.0.2.1 host 192.0.2.2"), WITH("permit ip host 192.0.2.1 host 192.0.2.2"),
		  "peers expect protocol gre.\n    fix: ip access-list extended 101, no 10, 10 permit gre host 192.0.2.1 host 192.0.2.2" },
		{ IKE SET("transport") "access-list 101 permit gre host 192.0.2.1 host 192.0.2.2\n" ENTRY("10", "101") OUTER,
		  IKE SET("transport") "access-list 101 " GOOD_LINE "\n" ENTRY("10", "101") OUTER, "is used in tunnel mode" },
		{ WITH(GOOD_LINE), WITH(GOOD_LINE "\naccess-list 101 permit ip host 10.5.0.1 host 10.6.0.1"),
		  "permits by 2 lines, each of which" },
		{ WITH(GOOD_LINE "\naccess-list 101 permit ip host 10.5.0.1 host 10.6.0.1"),
		  WITH(GOOD_LINE "\naccess-list 101 permit udp host 10.1.0.1 host 10.2.0.1 eq 53"),
		  "entry 20 of access list 101 is within entry 10" },
		{ WITH("permit tcp host 10.1.0.1 eq 80 host 10.2.0.1\naccess-list 101 permit tcp host 10.1.0.1 host 10.2.0.1"),
		  WITH("permit tcp host 10.1.0.1 host 10.2.0.1\naccess-list 101 permit tcp host 10.1.0.1 eq 80 host 10.2.0.1"),
		  "is within entry 10" },
		{ IKE SET("tunnel") "access-list 101 " GOOD_LINE "\naccess-list 102 permit ip 10.1.0.0 0.0.255.255 10.3.0.0 0.0.255.255\n"
		  ENTRY("10", "101") ENTRY("20", "102") OUTER,
		  IKE SET("tunnel") "access-list 101 " GOOD_LINE "\naccess-list 102 permit ip 10.1.4.0 0.0.0.255 host 10.2.0.9\n"
		  ENTRY("10", "101") ENTRY("20", "102") OUTER,
		  "warning: crypto map M 20: entry 10 of the map comes before it and takes all that access list 102 permits" },
		/* what the first denies is left for the second */
		{ IKE SET("tunnel") "access-list 101 deny ip host 10.1.4.1 any\naccess-list 101 " GOOD_LINE "\n"
		  "access-list 102 permit ip host 10.1.4.1 host 10.2.0.9\n" ENTRY("10", "101") ENTRY("20", "102") OUTER,
		  IKE SET("tunnel") "access-list 101 " GOOD_LINE "\n"
		  "access-list 102 permit ip host 10.1.4.1 host 10.2.0.9\n" ENTRY("10", "101") ENTRY("20", "102") OUTER,
		  "this one never matches" },
	};

	(void)state;
	remarks_are_of_the_bad(rows, sizeof(rows) / sizeof(rows[0]), checked);
}

static void remarks_name_the_line(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		/* the line that is to be another; without one, that which begins the object */
		{ "hostname R1\ncrypto isakmp policy 20\n encr aes\n hash md5\n group 14\n", "R1:4: warning: crypto isakmp policy 20: MD5" },
		{ "cry isa pol 20\n en des\n ha sha256\n gr 14\n", "R1:2: warning: crypto isakmp policy 20: DES" },
		{ "crypto isakmp policy 1\n hash md5\ncrypto isakmp policy 10\n hash md5\n", "R1:4: warning: crypto isakmp policy 10" },
		{ "crypto isakmp policy 10\n encr aes\n", "R1:1: warning: crypto isakmp policy 10: Diffie-Hellman group 1" },
		/* pasted without blanks in front */
		{ "crypto isakmp policy 10\nencr aes\ngroup 5\ncrypto isakmp policy 20\ngroup 14\nhash md5\n",
		  "R1:6: warning: crypto isakmp policy 20: MD5" },
		{ "crypto isakmp key abc address 192.0.2.9\ncrypto isakmp key abc address 192.0.2.2\n",
		  "R1:2: warning: crypto isakmp key for 192.0.2.2: the key is weak" },
		{ "crypto keyring R\n pre-shared-key address 192.0.2.9 key abc\n pre-shared-key address 192.0.2.2 key abc\n",
		  "R1:3: warning: crypto keyring R: pre-shared-key for 192.0.2.2: the key is weak" },
		{ "crypto map M 1 ipsec-isakmp\ncrypto map M 10 ipsec-isakmp\n set pfs group2\n", "R1:3: warning: crypto map M 10: PFS" },
		{ "interface Tunnel1\n tunnel source 192.0.2.1\ninterface Tu 0\n tunnel destination 192.0.2.2\n",
		  "R1:3: error: interface Tunnel0: there is no tunnel source" },
		{ "interface fa0/1\n crypto map NONE\n", "R1:2: error: interface FastEthernet0/1: crypto map NONE" },
		/* entries: counted as they are typed */
		{ "crypto map M 10 ipsec-isakmp\n match address L\nip access-list extended L\n remark x\n"
		  " permit ip host 10.0.0.1 host 10.0.0.2\n permit ip any any\n",
		  "R1:6: warning: crypto map M 10: entry 20 of access list L protects everything" },
		{ "crypto map M 10 ipsec-isakmp\n match address L\nip access-list extended L\n 5 permit ip host 10.0.0.1 host 10.0.0.2\n"
		  " permit ip any any\n",
		  "R1:5: warning: crypto map M 10: entry 15 of access list L" },
		{ "access-list 101 permit ip host 10.0.0.1 host 10.0.0.2\naccess-list 102 permit ip any any\n"
		  "access-list 101 permit ip any any\ncrypto map M 10 ipsec-isakmp\n match address 101\n",
		  "R1:3: warning: crypto map M 10: entry 20 of access list 101" },
		{ "access-list 101 permit ip any any\n", "R1:1: note: access list 101: nothing" },
		{ "ip access-list extended L\n permit ip any any\n", "R1:1: note: access list L: nothing" },
		/* what is not there has no line */
		{ "crypto map M 10 ipsec-isakmp\n", "R1: error: crypto isakmp policy: there is none" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *said = checked(rows[i].text);

		if (!strstr(said, rows[i].want))
			fail_msg("row %zu: %s\n%s", i, rows[i].want, said);
		free(said);
	}
}

static void remarks_come_in_the_order_of_lines(void **state)
{
	char *said = checked("interface Tunnel0\n tunnel source 192.0.2.1\ncrypto map M 10 ipsec-isakmp\n"
			     "crypto isakmp policy 10\n hash md5\n encr des\n group 14\n authentication pre-share\n");
	unsigned last = 0;

	(void)state;
	for (const char *at = said; (at = strstr(at, "R1:")); at++) {
		unsigned line = at[3] == ' ' ? UINT32_MAX : (unsigned)strtoul(at + 3, NULL, 10);

		assert_true(line >= last);
		last = line;
	}
	assert_true(last);
	free(said);
}

/* Any bytes are a text: nothing of them is believed. */
static void a_text_that_is_not_the_configuration_is_harmless(void **state)
{
	static const char *const texts[] = { "", "\n", "crypto", "crypto map", "interface", "access-list", "ip access-list",
					     "crypto isakmp policy", " \t \n\n  x", "\xff\xfe\n\0 crypto map M 10" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct report r = { 0 };

		report_object(&r, REPORT_NOTE, "crypto map M 10", "set pfs group14", "x");
		report_entry(&r, "101", 10);
		report_object(&r, REPORT_NOTE, "interface Tunnel0", NULL, "x");
		report_object(&r, REPORT_NOTE, "", NULL, "x");
		report_object(&r, REPORT_NOTE, "crypto keyring R: pre-shared-key for A", NULL, "x");
		report_locate(&r, texts[i], strlen(texts[i]));
		for (size_t k = 0; k < r.n; k++)
			assert_true(r.v[k].at <= 4);
		report_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_has_its_sentence),
		cmocka_unit_test(remarks_name_the_line),
		cmocka_unit_test(remarks_come_in_the_order_of_lines),
		cmocka_unit_test(a_text_that_is_not_the_configuration_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
