/* SPDX-License-Identifier: Apache-2.0 */
/* Grades, what serves nothing or surprises, the other end of a tunnel, and two ends beside each other. */
#include "helper.h"

#include <errno.h>

#include "commands/check_pair.h"
#include "commands/grade.h"
#include "commands/mirror.h"

#define IKE(policy)                                                    \
	"crypto isakmp policy 10\n" policy                            \
	"crypto isakmp key t7Kp2xWq9Zr4mNv1 address 192.0.2.2\n"
#define STRONG	" encr aes 256\n hash sha256\n authentication pre-share\n group 14\n"
#define SET(t)	"crypto ipsec transform-set T " t "\n mode tunnel\n"
#define GOOD_SET SET("esp-aes 256 esp-sha256-hmac")
#define LIST	"access-list 101 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255\n"
#define MAP(more)                                                       \
	"crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n set transform-set T\n" more " match address 101\n"
#define OUTER(more) "interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n" more " crypto map M\n"
#define GOOD	IKE(STRONG) GOOD_SET LIST MAP("") OUTER("")

#define PROFILE "crypto ipsec profile P\n set transform-set T\n"
#define TUNNEL(more)                                                              \
	"interface Tunnel0\n ip address 172.16.0.1 255.255.255.252\n" more      \
	" tunnel source FastEthernet0/1\n tunnel destination 192.0.2.2\n tunnel protection ipsec profile P\n"
#define IKE6	  "crypto isakmp policy 10\n" STRONG "crypto isakmp key t7Kp2xWq9Zr4mNv1 address ipv6 2001:db8::2/128\n"
#define OUTER6	  "interface FastEthernet0/1\n ipv6 address 2001:db8::1/64\n"
#define TUNNEL6(source)                                                                  \
	"interface Tunnel0\n ip address 172.16.0.1 255.255.255.252\n tunnel mode gre ipv6\n" source \
	" tunnel destination 2001:db8::2\n tunnel protection ipsec profile P\n"
#define PLAIN_IF "interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n"

static struct config *loaded(const char *text)
{
	struct report said = { 0 };
	struct config *c = load(text, &said);

	report_fini(&said);
	return c;
}

static char *checked(const char *text)
{
	struct report report = { 0 };
	struct config *c = loaded(text);
	struct txt out = TXT_INIT;

	commands_check(c, &report);
	report_print(&report, "R1", &out);
	report_fini(&report);
	config_free(c);
	return txt_steal(&out);
}

/* Levels of the RFCs: 8247 sections 2.1, 2.3 and 2.4; 8221 sections 4, 5 and 6. NULL: nothing is said against it. */
static void grades_cite_the_levels_of_the_rfcs(void **state)
{
	static const struct {
		const char *text;
		char letter;
		const char *cites;
	} rows[] = {
		{ IKE(" encr des\n hash sha256\n group 19\n"), 'F', "DES: 56 bits are searched in hours (RFC 8247: MUST NOT)" },
		{ IKE(" encr 3des\n hash sha256\n group 19\n"), 'D', "(Sweet32; RFC 8247: MAY, and no MUST- any more)" },
		{ IKE(" encr aes\n hash md5\n group 19\n"), 'F', "MD5 (RFC 8247: MUST NOT)" },
		{ IKE(" encr aes\n hash sha\n group 19\n"), 'D', "SHA-1 (RFC 8247: MUST-" },
		{ IKE(" encr aes\n hash sha256\n group 1\n"), 'F', "RFC 8247: MUST NOT" },
		{ IKE(" encr aes\n hash sha256\n group 2\n"), 'F', "RFC 8247: SHOULD NOT" },
		{ IKE(" encr aes\n hash sha256\n group 5\n"), 'F', "RFC 8247: SHOULD NOT" },
		{ IKE(" encr aes\n hash sha256\n group 24\n"), 'F', "RFC 8247: SHOULD NOT" },
		{ IKE(" encr aes\n hash sha256\n group 14\n"), 'B', "RFC 8247: MUST;" },
		{ IKE(" encr aes 256\n hash sha384\n group 20\n"), 'A', NULL },
		{ SET("esp-des esp-sha256-hmac"), 'F', "DES (RFC 8221: MUST NOT)" },
		{ SET("esp-3des esp-sha256-hmac"), 'D', "(Sweet32; RFC 8221: SHOULD NOT)" },
		{ SET("esp-null esp-sha256-hmac"), 'C', "RFC 8221: MUST, for authentication alone" },
		{ SET("esp-aes esp-md5-hmac"), 'F', "HMAC-MD5 (RFC 8221: MUST NOT)" },
		{ SET("ah-md5-hmac"), 'F', "HMAC-MD5 (RFC 8221: MUST NOT)" },
		{ SET("esp-aes esp-sha-hmac"), 'D', "HMAC-SHA-1 (RFC 8221: MUST-" },
		{ SET("esp-aes"), 'F', "RFC 8221 section 4: MUST NOT" },
		{ SET("ah-sha256-hmac esp-aes esp-sha256-hmac"), 'C', "RFC 8221 section 4: NOT RECOMMENDED" },
		{ SET("esp-aes esp-sha256-hmac"), 'A', NULL },
		{ SET("esp-gcm"), 'A', NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config *c = loaded(rows[i].text);
		struct txt why = TXT_INIT;
		char letter = c->ipsec.transforms.n ? grade_transform(&c->ipsec.transforms.v[0]->t, &why) :
						      grade_policy(&c->isakmp.policies.v[0]->p, &why);

		if (letter != rows[i].letter || !rows[i].cites != !why.len ||
		    (rows[i].cites && !strstr(txt_cstr(&why), rows[i].cites)))
			fail_msg("%s: %c %s", rows[i].text, letter, txt_cstr(&why));
		txt_fini(&why);
		config_free(c);
	}
}

/* Whatever has a grade below C has a remark with a line to type. */
static void a_bad_grade_has_its_line_to_type(void **state)
{
	static const char *const ciphers[] = { "des", "3des", "aes 256" }, *const hashes[] = { "md5", "sha", "sha256" },
			  *const groups[] = { "1", "2", "5", "14", "19", "24" },
			  *const sets[] = { "esp-des", "esp-3des", "esp-aes", "esp-null", "ah-md5-hmac", "ah-sha-hmac", "esp-gcm" },
			  *const auths[] = { "", " esp-md5-hmac", " esp-sha-hmac", " esp-sha256-hmac" };
	char text[200];
	size_t bad = 0;

	(void)state;
	for (size_t n = 0; n < 3 * 3 * 6 + 7 * 4; n++) {
		struct txt why = TXT_INIT;
		bool policy = n < 3 * 3 * 6;

		if (policy)
			snprintf(text, sizeof(text), "crypto isakmp policy 10\n encr %s\n hash %s\n authentication pre-share\n group %s\n",
				 ciphers[n % 3], hashes[n / 3 % 3], groups[n / 9]);
		else
			snprintf(text, sizeof(text), "crypto ipsec transform-set T %s%s\n", sets[(n - 54) % 7], auths[(n - 54) / 7]);
		struct config *c = loaded(text);
		if (c->isakmp.policies.n + c->ipsec.transforms.n) { /* else it is no set of IOS's */
			char letter = policy ? grade_policy(&c->isakmp.policies.v[0]->p, &why) :
					       grade_transform(&c->ipsec.transforms.v[0]->t, &why);
			char *said = checked(text);
			const char *remark = strstr(said, policy ? "crypto isakmp policy 10: " : "crypto ipsec transform-set T: ");

			bad += letter > 'C';
			if (letter > 'C' && (!remark || !strstr(remark, "fix: ")))
				fail_msg("%s is graded %c and there is no line to type:\n%s", text, letter, said);
			free(said);
		}
		txt_fini(&why);
		config_free(c);
	}
	assert_true(bad > 50);
}

static void a_sentence_where_there_is_something_to_say(void **state)
{
	static const struct remark_row rows[] = {
		{ GOOD, GOOD "crypto isakmp policy 20\n" STRONG, "policy 20: policy 10 offers the same" },
		{ GOOD, IKE(" encr aes\n hash md5\n authentication pre-share\n group 14\n") GOOD_SET LIST MAP("") OUTER(""),
		  "policy 10: IOS XE 17.11" },
		{ GOOD, IKE(STRONG) SET("esp-des esp-sha-hmac") LIST MAP("") OUTER(""), "transform-set T: IOS XE 17.11" },
		{ GOOD, IKE(STRONG) SET("ah-sha256-hmac esp-aes 256 esp-sha256-hmac") LIST MAP("") OUTER(""), "AH beside ESP" },
		{ GOOD, IKE(STRONG) SET("ah-sha256-hmac") LIST MAP("") OUTER(""), "AH crosses no NAT" },
		{ IKE(STRONG) SET("esp-3des esp-sha-hmac") LIST MAP("") OUTER(""),
		  IKE(STRONG) SET("esp-3des esp-sha-hmac") LIST MAP(" set security-association lifetime kilobytes 40000000\n")
			  OUTER(""),
		  "more than 32 GiB" },
		{ GOOD, IKE(STRONG) GOOD_SET LIST MAP(" set security-association lifetime kilobytes 100000\n") OUTER(""),
		  "100000 kilobytes last 8 seconds" },
		{ GOOD, IKE(STRONG) GOOD_SET "access-list 101 permit ip any any\n" MAP("") OUTER(""), "protects everything" },
		{ GOOD, IKE(STRONG) GOOD_SET "access-list 101 permit ip 10.1.0.0 0.0.255.255 any\n" MAP("") OUTER(""),
		  "protects what goes anywhere" },
		{ GOOD, IKE(STRONG) GOOD_SET "access-list 101 deny ip host 10.1.0.1 any\n" LIST MAP("") OUTER(""),
		  "entry 10 of access list 101 denies" },
		{ GOOD, IKE(STRONG) GOOD_SET LIST "access-list 101 permit tcp host 10.1.0.1 host 10.2.0.1\n" MAP("") OUTER(""),
		  "entry 20 of access list 101 is within entry 10" },
		{ GOOD, IKE(STRONG) GOOD_SET "access-list 101 permit gre host 192.0.2.1 host 192.0.2.2\n" MAP("") OUTER(""),
		  "20 bytes a packet" },
		{ GOOD "access-list 102 permit udp host 192.0.2.2 any eq isakmp\naccess-list 102 permit esp any any\n"
		       "access-list 102 permit udp any any eq non500-isakmp\n"
		       "interface FastEthernet0/1\n ip access-group 102 in\n",
		  GOOD "access-list 102 permit tcp any any\ninterface FastEthernet0/1\n ip access-group 102 in\n",
		  "access list 102 does not let ESP (protocol 50) of peer 192.0.2.2 in.\n    fix: ip access-list extended 102, "
		  "permit esp host 192.0.2.2 host 192.0.2.1" },
		{ GOOD, GOOD "crypto ipsec transform-set U esp-aes esp-sha-hmac\n", "transform-set U: no crypto map" },
		{ GOOD, GOOD "access-list 103 permit ip any any\n", "access list 103: nothing" },
		{ GOOD "access-list 3 permit 10.0.0.0\nline vty 0 4\n access-class 3 in\n",
		  GOOD "access-list 3 permit 10.0.0.0\n", "access list 3: nothing" },
		{ GOOD, GOOD "crypto ipsec profile P\n set transform-set T\n", "profile P: no tunnel" },
		{ GOOD, GOOD "crypto isakmp key t7Kp2xWq9Zr4mNv1 address 192.0.2.9\n", "key for 192.0.2.9: no crypto map and no tunnel" },
		/* whoever comes by a dynamic map may have it */
		{ GOOD "crypto isakmp key t7Kp2xWq9Zr4mNv1 address 192.0.2.9\ncrypto dynamic-map D 10\n",
		  GOOD "crypto isakmp key t7Kp2xWq9Zr4mNv1 address 192.0.2.9\n", "key for 192.0.2.9: no crypto map and no tunnel" },
		{ GOOD "crypto keyring R\ncrypto isakmp profile Q\n keyring R\n",
		  GOOD "crypto keyring R\ncrypto isakmp profile Q\n", "crypto keyring R: no isakmp profile names it" },
		{ IKE(STRONG) GOOD_SET LIST MAP(" set isakmp-profile Q\n") OUTER("") "crypto isakmp profile Q\n",
		  GOOD "crypto isakmp profile Q\n", "crypto isakmp profile Q: no crypto map and no tunnel names it" },
		{ GOOD, GOOD "crypto legacy default-policy\n", "DES with group 1 is offered and accepted behind all policies" },
		{ IKE(STRONG) SET("ah-sha256-hmac") LIST MAP("") OUTER(" ip access-group 102 in\n")
		  "access-list 102 permit udp any any\naccess-list 102 permit ahp any any\n",
		  IKE(STRONG) SET("ah-sha256-hmac") LIST MAP("") OUTER(" ip access-group 102 in\n")
		  "access-list 102 permit udp any any\naccess-list 102 permit esp any any\n",
		  "does not let AH (protocol 51) of peer 192.0.2.2 in.\n    fix: ip access-list extended 102, permit ahp host "
		  "192.0.2.2 host 192.0.2.1" },
		/* ESP alone needs no AH */
		{ GOOD "access-list 102 permit udp any any\naccess-list 102 permit esp any any\n"
		  "interface FastEthernet0/1\n ip access-group 102 in\n",
		  IKE(STRONG) SET("ah-sha256-hmac") LIST MAP("") OUTER(" ip access-group 102 in\n")
		  "access-list 102 permit udp any any\naccess-list 102 permit esp any any\n", "AH (protocol 51)" },
		/* the peer of a protected tunnel that leaves by it */
		{ IKE(STRONG) GOOD_SET PROFILE PLAIN_IF " ip access-group 102 in\n" TUNNEL("")
		  "access-list 102 permit udp any any\naccess-list 102 permit esp any any\n",
		  IKE(STRONG) GOOD_SET PROFILE PLAIN_IF " ip access-group 102 in\n" TUNNEL("") "access-list 102 permit tcp any any\n",
		  "warning: interface FastEthernet0/1: access list 102 does not let IKE (UDP 500) of peer 192.0.2.2 in" },
		{ GOOD, GOOD "crypto dynamic-map D 10\n set transform-set T\n", "dynamic-map D: no crypto map" },
	};

	(void)state;
	remarks_are_of_the_bad(rows, sizeof(rows) / sizeof(rows[0]), checked);
}

/* A note is for who asks: the log of a start has errors and warnings. */
static void notes_stay_out_of_the_log(void **state)
{
	struct report r = { 0 };
	struct config *c = loaded(GOOD "access-list 103 permit ip any any\n");
	struct txt out = TXT_INIT;

	(void)state;
	commands_check(c, &r);
	report_print_log(&r, "R1", &out);
	assert_string_equal(txt_cstr(&out), "");
	txt_fini(&out);
	report_fini(&r);
	config_free(c);
}

static void grades(void **state)
{
	static const struct {
		const char *policy, *set;
		char ike, esp;
	} rows[] = {
		{ " encr aes 256\n hash sha256\n authentication rsa-sig\n group 19\n", "esp-gcm 256", 'A', 'A' },
		{ STRONG, "esp-aes esp-sha256-hmac", 'B', 'A' },
		{ " encr aes\n authentication pre-share\n group 14\n", "esp-aes esp-sha-hmac", 'D', 'D' },
		{ " encr 3des\n hash sha256\n authentication pre-share\n group 14\n", "esp-3des esp-sha256-hmac", 'D', 'D' },
		{ " encr aes\n hash sha256\n authentication pre-share\n group 2\n", "esp-des esp-sha-hmac", 'F', 'F' },
		{ " encr aes\n hash md5\n authentication pre-share\n group 14\n", "esp-aes", 'F', 'F' },
		{ " encr aes\n hash sha256\n authentication rsa-encr\n group 14\n", "esp-null esp-sha256-hmac", 'D', 'C' },
		{ " encr des\n hash sha256\n group 14\n", "esp-aes esp-md5-hmac", 'F', 'F' },
		{ STRONG, "ah-sha256-hmac", 'B', 'C' },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), "crypto isakmp policy 10\n%scrypto ipsec transform-set T %s\n", rows[i].policy,
			 rows[i].set);
		struct config *c = loaded(text);
		struct txt out = TXT_INIT, want = TXT_INIT, why = TXT_INIT;

		txt_printf(&want, "\n  %c  crypto ipsec transform-set T", rows[i].esp);
		grade_table(c, &out);
		assert_non_null(strstr(txt_cstr(&out), txt_cstr(&want)));
		assert_int_equal(grade_policy(&c->isakmp.policies.v[0]->p, &why), rows[i].ike);
		assert_true(rows[i].ike == 'A' || why.len);
		txt_fini(&out);
		txt_fini(&want);
		txt_fini(&why);
		config_free(c);
	}
}

/* ---- the other end ---- */

static char *mirrored(const char *text, const char *peer, int want)
{
	struct config *c = loaded(text);
	struct txt out = TXT_INIT, why = TXT_INIT;
	struct ipaddr a = { 0 };

	assert_true(!peer || ipaddr_parse_v4(peer, &a));
	assert_int_equal(config_mirror(c, &a, &out, &why), want);
	assert_int_equal(want != 0, why.len != 0);
	txt_fini(&why);
	config_free(c);
	return txt_steal(&out);
}

static bool pair_is_fine(const char *a, const char *b, char **ret_said)
{
	struct config *ca = loaded(a), *cb = loaded(b);
	struct report r = { 0 };
	struct txt said = TXT_INIT;
	bool fine = config_check_pair(ca, "A", cb, "B", &r, &said);

	report_print(&r, "pair", &said);
	report_fini(&r);
	config_free(ca);
	config_free(cb);
	*ret_said = txt_steal(&said);
	return fine;
}

static void the_other_end_fits(void **state)
{
	static const char *const rows[] = {
		GOOD,
		IKE(STRONG) GOOD_SET "access-list 101 permit tcp 10.1.0.0 0.0.255.255 eq 80 10.2.0.0 0.0.255.255\n"
			"access-list 101 deny ip host 10.1.0.1 any\n" MAP(" set pfs group14\n") OUTER(""),
		IKE(STRONG) GOOD_SET PROFILE PLAIN_IF TUNNEL(""),
		IKE(STRONG) GOOD_SET PROFILE PLAIN_IF TUNNEL(" tunnel key 5\n ip mtu 1400\n"),
		IKE(STRONG) GOOD_SET PROFILE PLAIN_IF TUNNEL(" tunnel mode ipsec ipv4\n"),
		/* certificates instead of a key; GRE that a map protects */
		"crypto isakmp policy 10\n encr aes 256\n hash sha256\n group 14\n" GOOD_SET LIST MAP("") OUTER(""),
		IKE(STRONG) SET("esp-aes esp-sha-hmac") "access-list 101 permit gre host 192.0.2.1 host 192.0.2.2\n" MAP("") OUTER("")
			"interface Tunnel0\n ip address 172.16.0.1 255.255.255.252\n tunnel source FastEthernet0/1\n"
			" tunnel destination 192.0.2.2\n",
		/* the same over IPv6: a map, a tunnel by its interface, a tunnel by its address */
		IKE6 GOOD_SET "ipv6 unicast-routing\nipv6 access-list L6\n permit ipv6 2001:db8:1::/64 2001:db8:2::/64\n"
			"crypto map ipv6 M6 10 ipsec-isakmp\n set peer 2001:db8::2\n set transform-set T\n match address L6\n"
			OUTER6 " ipv6 crypto map M6\n",
		IKE6 GOOD_SET PROFILE OUTER6 TUNNEL6(" tunnel source FastEthernet0/1\n"),
		IKE6 GOOD_SET PROFILE OUTER6 TUNNEL6(" tunnel source 2001:db8::1\n"),
		/* one list for two entries, with a remark */
		IKE(STRONG) GOOD_SET "access-list 101 remark both\n" LIST MAP("") OUTER("")
			"crypto map M 20 ipsec-isakmp\n set peer 192.0.2.2\n set transform-set T\n match address 101\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *peer = mirrored(rows[i], NULL, 0), *said;

		if (!pair_is_fine(rows[i], peer, &said) || strstr(said, "pair: warning") || !strstr(said, "whichever end begins"))
			fail_msg("row %zu: %s\n%s", i, said, peer);
		assert_true(!strstr(peer, "remark") || !strstr(strstr(peer, "remark") + 1, "remark"));
		free(said);
		free(peer);
	}
}

static void which_peer(void **state)
{
	const char *two = GOOD "crypto map M 20 ipsec-isakmp\n set peer 192.0.2.3\n set transform-set T\n match address 101\n";
	char *text;

	(void)state;
	free(mirrored(two, NULL, -EEXIST));
	free(mirrored(two, "192.0.2.9", -ENOENT));
	free(mirrored(PLAIN_IF, NULL, -ENOENT));
	text = mirrored(two, "192.0.2.3", 0);
	assert_non_null(strstr(text, "crypto map M 20"));
	assert_null(strstr(text, "crypto map M 10"));
	free(text);
	/* one of many; of them some are named */
	struct txt many = TXT_INIT;
	txt_str(&many, GOOD);
	for (unsigned i = 1; i <= 600; i++)
		txt_printf(&many, "crypto map M %u ipsec-isakmp\n set peer 198.18.%u.%u\n set transform-set T\n match address 101\n",
			   100 + i, i / 250, i % 250);
	free(mirrored(txt_cstr(&many), NULL, -EEXIST));
	text = mirrored(txt_cstr(&many), "198.18.2.100", 0);
	assert_non_null(strstr(text, "crypto map M 700 ipsec-isakmp"));
	free(text);
	txt_fini(&many);
}

static void what_keeps_a_tunnel_down_is_named(void **state)
{
	static const struct {
		const char *a, *from, *to, *want;
	} rows[] = {
		{ GOOD, "hash sha256", "hash sha512", "no policy of one end is one of the other's" },
		{ GOOD, "t7Kp2xWq9Zr4mNv1", "t7Kp2xWq9Zr4mNv2", "the two pre-shared keys differ" },
		{ GOOD, "crypto isakmp key t7Kp2xWq9Zr4mNv1 address 192.0.2.1", "", "there is no pre-shared key" },
		{ GOOD, "esp-aes 256 esp-sha256-hmac", "esp-aes 256 esp-sha512-hmac", "no transform set of one end" },
		{ IKE(STRONG) GOOD_SET LIST MAP(" set pfs group14\n") OUTER(""), "pfs group14", "pfs group19",
		  "perfect forward secrecy differs" },
		{ GOOD, "permit ip 10.2.0.0 0.0.255.255", "permit ip 10.3.0.0 0.0.127.255",
		  "no line that mirrors entry 10 of access list 101 of A.\n    fix: permit ip 10.2.0.0 0.0.255.255 10.1.0.0 "
		  "0.0.255.255" },
		{ GOOD, "set peer 192.0.2.1", "set peer 192.0.2.7", "the ends do not meet" },
		{ IKE(STRONG) GOOD_SET PROFILE PLAIN_IF TUNNEL(""), " tunnel protection ipsec profile P\n", "",
		  "one end is protected" },
		{ IKE(STRONG) GOOD_SET PROFILE PLAIN_IF TUNNEL(""), " tunnel source", " tunnel key 5\n tunnel source",
		  "the tunnel keys differ" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *peer = mirrored(rows[i].a, NULL, 0), *at = strstr(peer, rows[i].from), *said;
		struct txt other = TXT_INIT;

		assert_non_null(at);
		txt_mem(&other, peer, (size_t)(at - peer));
		txt_str(&other, rows[i].to);
		txt_str(&other, at + strlen(rows[i].from));
		if (pair_is_fine(rows[i].a, txt_cstr(&other), &said) || !strstr(said, rows[i].want))
			fail_msg("row %zu: %s", i, said);
		assert_null(strstr(said, "t7Kp2xWq9Zr4mNv"));
		free(said);
		free(peer);
		txt_fini(&other);
	}
}

static void who_may_begin(void **state)
{
	static const struct {
		const char *a, *from, *to, *want;
	} rows[] = {
		{ GOOD, " match address 101", " set pfs group14\n match address 101", "Only B can begin" },
		{ IKE(STRONG) GOOD_SET PROFILE PLAIN_IF TUNNEL(""), "mode tunnel", "mode transport", "Only A can begin" },
		/* what is not between the two ends has tunnel mode, whatever the set says */
		{ GOOD, "mode tunnel", "mode transport", "transform sets T and T, esp-aes 256 esp-sha256-hmac in tunnel mode" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *peer = mirrored(rows[i].a, NULL, 0), *at = strstr(peer, rows[i].from), *said;
		struct txt other = TXT_INIT;

		assert_non_null(at);
		txt_mem(&other, peer, (size_t)(at - peer));
		txt_str(&other, rows[i].to);
		txt_str(&other, at + strlen(rows[i].from));
		if (!pair_is_fine(rows[i].a, txt_cstr(&other), &said) || !strstr(said, rows[i].want))
			fail_msg("row %zu: %s", i, said);
		assert_int_equal(strstr(rows[i].want, "Only") != NULL, strstr(said, "can begin") != NULL);
		free(said);
		free(peer);
		txt_fini(&other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grades_cite_the_levels_of_the_rfcs),
		cmocka_unit_test(a_bad_grade_has_its_line_to_type),
		cmocka_unit_test(a_sentence_where_there_is_something_to_say),
		cmocka_unit_test(notes_stay_out_of_the_log),
		cmocka_unit_test(grades),
		cmocka_unit_test(the_other_end_fits),
		cmocka_unit_test(which_peer),
		cmocka_unit_test(what_keeps_a_tunnel_down_is_named),
		cmocka_unit_test(who_may_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
