/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends beside each other: what comes up by one of them only, what the two say in different ways, and what the verdict is. */
#include "helper.h"

#include "commands/check_pair.h"

#define KEY	   "t7Kp2xWq9Zr4mNv1"
#define STRONG	   "crypto isakmp policy 10\n encr aes 256\n hash sha256\n authentication pre-share\n group 14\n"
#define KEY_A	   "crypto isakmp key " KEY " address 192.0.2.2\n"
#define KEY_B	   "crypto isakmp key " KEY " address 192.0.2.1\n"
#define SET(mode)  "crypto ipsec transform-set T esp-aes 256 esp-sha256-hmac\n mode " mode "\n"
#define LIST_A	   "access-list 101 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255\n"
#define LIST_B	   "access-list 101 permit ip 10.2.0.0 0.0.255.255 10.1.0.0 0.0.255.255\n"
#define GRE_A	   "access-list 101 permit gre host 192.0.2.1 host 192.0.2.2\n"
#define GRE_B	   "access-list 101 permit gre host 192.0.2.2 host 192.0.2.1\n"
#define MAP_A(more) "crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n set transform-set T\n match address 101\n" more
#define MAP_B(more) "crypto map M 10 ipsec-isakmp\n set peer 192.0.2.1\n set transform-set T\n match address 101\n" more
#define IF_A	   "interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n crypto map M\n"
#define IF_B	   "interface FastEthernet0/1\n ip address 192.0.2.2 255.255.255.0\n crypto map M\n"
#define A	   STRONG KEY_A SET("tunnel") LIST_A MAP_A("") IF_A
#define B	   STRONG KEY_B SET("tunnel") LIST_B MAP_B("") IF_B
#define PROFILE	   "crypto ipsec profile P\n set transform-set T\n"
#define BARE_A	   "interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n"
#define BARE_B	   "interface FastEthernet0/1\n ip address 192.0.2.2 255.255.255.0\n"
#define TUN_A(more) "interface Tunnel0\n ip address 172.16.0.1 255.255.255.252\n tunnel source FastEthernet0/1\n tunnel destination 192.0.2.2\n" more
#define TUN_B(more) "interface Tunnel0\n ip address 172.16.0.2 255.255.255.252\n tunnel source FastEthernet0/1\n tunnel destination 192.0.2.1\n" more
#define PROTECT	   " tunnel protection ipsec profile P\n"

#define UP	 "it comes up, whichever end begins"
#define ONLY_A	 "when A begins: it comes up\n  when B begins: it stays down"
#define ONLY_B	 "when A begins: it stays down\n  when B begins: it comes up"
#define DOWN	 "\n  it stays down"

static bool compare(const char *a, const char *b, char **ret_said)
{
	struct report ra = { 0 }, rb = { 0 }, r = { 0 };
	struct config *ca = load(a, &ra), *cb = load(b, &rb);
	struct txt said = TXT_INIT;
	bool fine;

	assert_int_equal(ra.errors + rb.errors, 0);
	fine = config_check_pair(ca, "A", cb, "B", &r, &said);
	report_print(&r, "pair", &said);
	assert_false(r.nomem);
	report_fini(&r);
	report_fini(&ra);
	report_fini(&rb);
	config_free(ca);
	config_free(cb);
	*ret_said = txt_steal(&said);
	return fine;
}

static void the_verdict_names_who_has_to_begin(void **state)
{
	static const struct {
		const char *a, *b, *verdict, *why; /* why NULL: nothing is to be said of it */
		bool fine;
	} rows[] = {
		{ A, B, UP, NULL, true },
		/* who wants PFS refuses who does not offer it */
		{ STRONG KEY_A SET("tunnel") LIST_A MAP_A(" set pfs group14\n") IF_A, B, ONLY_A,
		  "warning: B: crypto map M 10: perfect forward secrecy differs (groups 14 and 0, 0 is none)", true },
		{ A, STRONG KEY_B SET("tunnel") LIST_B MAP_B(" set pfs group14\n") IF_B, ONLY_B, "Only B can begin.", true },
		{ STRONG KEY_A SET("tunnel") LIST_A MAP_A(" set pfs group19\n") IF_A,
		  STRONG KEY_B SET("tunnel") LIST_B MAP_B(" set pfs group14\n") IF_B, DOWN, "groups 19 and 14", false },
		/* a narrower request is within a wider list, and not the other way round */
		{ A, STRONG KEY_B SET("tunnel") "access-list 101 permit ip 10.2.0.0 0.0.127.255 10.1.0.0 0.0.255.255\n" MAP_B("") IF_B,
		  ONLY_B, "fix: permit ip 10.2.0.0 0.0.255.255 10.1.0.0 0.0.255.255", true },
		{ A, STRONG KEY_B SET("tunnel") "access-list 101 permit ip 10.3.0.0 0.0.255.255 10.1.0.0 0.0.255.255\n" MAP_B("") IF_B,
		  DOWN, "no line that mirrors entry 10", false },
		/* transport mode is for the two ends alone: who prefers it takes tunnel mode, but offers it */
		{ STRONG KEY_A SET("transport") GRE_A MAP_A("") IF_A, STRONG KEY_B SET("tunnel") GRE_B MAP_B("") IF_B, ONLY_B,
		  "differ in their mode alone, and set T does not take", true },
		{ STRONG KEY_A SET("tunnel") GRE_A MAP_A("") IF_A, STRONG KEY_B SET("transport") GRE_B MAP_B("") IF_B, ONLY_A,
		  "Only A can begin.", true },
		{ STRONG KEY_A SET("transport") LIST_A MAP_A("") IF_A, B, UP, NULL, true },
		/* a line more at one end */
		{ STRONG KEY_A SET("tunnel") LIST_A "access-list 101 permit ip host 10.9.9.9 host 10.2.0.1\n" MAP_A("") IF_A, B,
		  "when A begins: it comes up for 1 of 2 lines\n  when B begins: it comes up", "mirrors entry 20", true },
		/* IKE off; a mode that is not answered */
		{ "no crypto isakmp enable\n" A, B, DOWN, "IKE is off", false },
		{ "no crypto isakmp aggressive-mode disable\n"
		  "crypto isakmp peer address 192.0.2.2\n set aggressive-mode client-endpoint fqdn R1\n" A,
		  B, ONLY_B, "A begins in aggressive mode, which is not answered.", true },
		/* lifetimes: the shorter one, unless they are strict */
		{ "crypto isakmp policy 10\n lifetime 3600\n" A, B, UP, "the lifetimes differ (3600 and 86400 seconds)", true },
		{ "crypto isakmp policy 10\n lifetime 3600\n" A, "crypto isakmp lifetime strict\n" B, ONLY_B,
		  "a shorter one is refused", true },
		/* what one end leaves out */
		{ STRONG KEY_A SET("tunnel") "access-list 101 deny ip host 10.1.0.1 any\n" LIST_A MAP_A("") IF_A, B, UP,
		  "access list 101 does not leave out what entry 10 of A denies: that passes in one direction only.\n"
		  "    fix: deny ip any host 10.1.0.1", true },
		/* keys of a keyring, by a profile; a longer mask wins */
		{ STRONG SET("tunnel") LIST_A
		  "crypto keyring R\n pre-shared-key address 192.0.2.2 key " KEY "\n"
		  "crypto isakmp profile Q\n keyring R\n match identity address 192.0.2.2 255.255.255.255\n"
		  MAP_A(" set isakmp-profile Q\n") IF_A, B, UP, NULL, true },
		{ "crypto isakmp key another-key-of-somebody address 0.0.0.0\n" A, B, UP, NULL, true },
		{ "crypto isakmp key another-key-of-somebody address 0.0.0.0\n" STRONG SET("tunnel") LIST_A MAP_A("") IF_A, B, DOWN,
		  "the two pre-shared keys differ", false },
		/* a hub that waits for whoever asks */
		{ A, STRONG "crypto isakmp key " KEY " address 0.0.0.0\n" SET("tunnel")
		  "crypto dynamic-map D 10\n set transform-set T\ncrypto map M 10 ipsec-isakmp dynamic D\n" IF_B,
		  "when A begins: it comes up\n  when B begins: it cannot", NULL, true },
		/* one GRE tunnel, protected by a map here and by a profile there */
		{ STRONG KEY_A SET("transport") GRE_A MAP_A("") IF_A TUN_A(""),
		  STRONG KEY_B SET("transport") PROFILE BARE_B TUN_B(PROTECT), UP, NULL, true },
		{ STRONG KEY_A SET("transport") PROFILE BARE_A TUN_A(" tunnel mode ipsec ipv4\n" PROTECT),
		  STRONG KEY_B SET("transport") PROFILE BARE_B TUN_B(PROTECT), DOWN, "the tunnel modes differ", false },
		{ STRONG KEY_A SET("transport") GRE_A MAP_A("") IF_A TUN_A(""), STRONG KEY_B SET("transport") GRE_B MAP_B("") IF_B, UP,
		  "interface Tunnel0 of A has no other end here", true },
		{ BARE_A TUN_A(""), BARE_B TUN_B(""), "it is there, in clear", NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *said;
		bool fine = compare(rows[i].a, rows[i].b, &said);

		if (fine != rows[i].fine || !strstr(said, rows[i].verdict) || (rows[i].why && !strstr(said, rows[i].why)) ||
		    (!rows[i].why && strstr(said, "pair: ")))
			fail_msg("row %zu: %s\n%s", i, rows[i].verdict, said);
		assert_null(strstr(said, KEY));
		assert_null(strstr(said, "another-key"));
		free(said);
	}
}

/* Each end compared with the other says the same, with the names in each other's place. */
static void who_is_named_first_does_not_matter(void **state)
{
	char *ab, *ba;

	(void)state;
	assert_true(compare(STRONG KEY_A SET("tunnel") LIST_A MAP_A(" set pfs group14\n") IF_A, B, &ab));
	assert_true(compare(B, STRONG KEY_A SET("tunnel") LIST_A MAP_A(" set pfs group14\n") IF_A, &ba));
	assert_non_null(strstr(ab, ONLY_A));
	assert_non_null(strstr(ba, ONLY_B));
	free(ab);
	free(ba);
}

static void the_suite_is_told(void **state)
{
	char *said;

	(void)state;
	assert_true(compare(A, B, &said));
	assert_string_equal(said,
			    "A (192.0.2.1) and B (192.0.2.2)\n"
			    "  phase 1: policy 10 of A and 10 of B: encr aes 256, hash sha256, authentication pre-share, group 14, "
			    "lifetime 86400\n"
			    "  phase 2: crypto map M 10 of A and crypto map M 10 of B: transform sets T and T, esp-aes 256 "
			    "esp-sha256-hmac in tunnel mode\n"
			    "  it comes up, whichever end begins\n");
	free(said);
}

/* The one who answers takes the first of his own: by who begins it is another. */
static void two_policies_in_another_order(void **state)
{
	static const char one[] = "crypto isakmp policy 10\n encr aes 256\n hash sha256\n authentication pre-share\n group 14\n"
				  "crypto isakmp policy 20\n encr aes\n hash sha512\n authentication pre-share\n group 19\n";
	static const char two[] = "crypto isakmp policy 20\n encr aes 256\n hash sha256\n authentication pre-share\n group 14\n"
				  "crypto isakmp policy 10\n encr aes\n hash sha512\n authentication pre-share\n group 19\n";
	struct txt a = TXT_INIT, b = TXT_INIT;
	char *said;

	(void)state;
	txt_printf(&a, "%s%s", one, KEY_A SET("tunnel") LIST_A MAP_A("") IF_A);
	txt_printf(&b, "%s%s", two, KEY_B SET("tunnel") LIST_B MAP_B("") IF_B);
	assert_true(compare(txt_cstr(&a), txt_cstr(&b), &said));
	assert_non_null(strstr(said, "phase 1, when A begins: policy 20 of A and 10 of B: encr aes 128, hash sha512"));
	assert_non_null(strstr(said, "phase 1, when B begins: policy 10 of A and 20 of B: encr aes 256, hash sha256"));
	free(said);
	txt_fini(&a);
	txt_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verdict_names_who_has_to_begin),
		cmocka_unit_test(who_is_named_first_does_not_matter),
		cmocka_unit_test(the_suite_is_told),
		cmocka_unit_test(two_policies_in_another_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
