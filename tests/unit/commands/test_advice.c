/* SPDX-License-Identifier: Apache-2.0 */
/* What check says to type is typed, where it belongs: the router takes it, and the remark is gone. */
#include "helper.h"

#define IKE(policy)  "crypto isakmp policy 10\n" policy "crypto isakmp key t7Kp2xWq9Zr4mNv1 address 192.0.2.2\n"
#define STRONG	     " encr aes 256\n hash sha256\n authentication pre-share\n group 14\n"
#define SET(t)	     "crypto ipsec transform-set T " t "\n mode tunnel\n"
#define GOOD_SET     SET("esp-aes 256 esp-sha256-hmac")
#define LIST	     "access-list 101 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255\n"
#define MAP(more)    "crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n set transform-set T\n match address 101\n" more
#define OUTER(more)  "interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n crypto map M\n" more
#define GOOD	     IKE(STRONG) GOOD_SET LIST MAP("") OUTER("")
#define PROFILE	     "crypto ipsec profile P\n set transform-set T\n"
#define PLAIN_IF     "interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n"
#define TUNNEL(more) \
	"interface Tunnel0\n ip address 172.16.0.1 255.255.255.252\n tunnel source FastEthernet0/1\n" \
	" tunnel destination 192.0.2.2\n" more
#define TUNNELS	     GOOD_SET PROFILE PLAIN_IF

static const struct {
	const char *text, *want; /* the remark */
} rows[] = {
	{ IKE(" encr des\n hash sha256\n authentication pre-share\n group 14\n"), "DES is weak" },
	{ IKE(" encr 3des\n hash sha256\n authentication pre-share\n group 14\n"), "3DES is weak" },
	{ IKE(" encr aes 256\n hash md5\n authentication pre-share\n group 14\n"), "MD5 is weak" },
	{ IKE(" encr aes 256\n hash sha256\n authentication pre-share\n group 24\n"), "group 24 is weak" },
	{ IKE(" encr aes 256\n hash sha256\n group 14\n"), "needs a trustpoint" },
	{ IKE(" encr 3des\n hash md5\n authentication pre-share\n group 2\n"), "IOS XE 17.11" },
	{ GOOD "crypto legacy default-policy\n", "DES with group 1 is offered" },
	{ "no crypto isakmp aggressive-mode disable\n", "aggressive mode is weak" },
	{ "crypto isakmp key t7Kp2xWq9Zr4mNv1 hostname spoke.example\n", "a key by host name is used" },
	{ "crypto isakmp profile P\n", "no match statement" },
	{ "crypto isakmp profile P\n keyring K\n", "keyring K does not exist" },
	{ "crypto isakmp profile P\n match certificate C\n", "certificate map C does not exist" },
	{ "crypto isakmp profile P\n initiate mode aggressive\n", "which is disabled" },
	{ "crypto isakmp profile P\n ca trust-point Q\n", "trustpoint Q does not exist" },
	{ "crypto isakmp peer address 192.0.2.2\n set aggressive-mode password t7Kp2xWq9Zr4mNv1\n", "without a client-endpoint" },
	{ "crypto isakmp peer address 192.0.2.2\n set aggressive-mode client-endpoint fqdn A\n", "aggressive mode is disabled" },
	{ IKE(STRONG) SET("esp-3des esp-sha256-hmac") LIST MAP("") OUTER(""), "3DES is weak" },
	{ IKE(STRONG) SET("esp-aes esp-md5-hmac") LIST MAP("") OUTER(""), "HMAC-MD5 is weak" },
	{ IKE(STRONG) SET("ah-md5-hmac") LIST MAP("") OUTER(""), "HMAC-MD5 is weak" },
	{ IKE(STRONG) SET("ah-md5-hmac esp-gcm") LIST MAP("") OUTER(""), "HMAC-MD5 is weak" },
	{ IKE(STRONG) SET("esp-null esp-md5-hmac") LIST MAP("") OUTER(""), "HMAC-MD5 is weak" },
	{ IKE(STRONG) SET("ah-md5-hmac") LIST MAP("") OUTER(""), "IOS XE 17.11" },
	{ IKE(STRONG) SET("esp-aes") LIST MAP("") OUTER(""), "not authenticated" },
	{ IKE(STRONG) SET("ah-sha256-hmac esp-aes 256 esp-sha256-hmac") LIST MAP("") OUTER(""), "AH beside ESP" },
	{ IKE(STRONG) SET("ah-sha256-hmac") LIST MAP("") OUTER(""), "AH crosses no NAT" },
	{ GOOD MAP(" set pfs group2\n"), "PFS group 2 is weak" },
	{ GOOD MAP(" no set peer 192.0.2.2\n"), "there is no peer" },
	{ GOOD MAP(" set peer 192.0.2.3\n"), "no pre-shared key for peer 192.0.2.3" },
	{ GOOD MAP(" no match address\n"), "there is no access list" },
	{ GOOD MAP(" match address NOLIST\n"), "access list NOLIST does not exist" },
	{ GOOD MAP(" set transform-set X\n"), "transform set X does not exist" },
	{ GOOD "crypto ipsec profile P\n", "there is no transform set" },
	{ GOOD MAP(" set isakmp-profile Q\n"), "isakmp profile Q does not exist" },
	{ GOOD "crypto map M 20 ipsec-isakmp dynamic D\n", "dynamic map D does not exist" },
	{ GOOD "crypto dynamic-map D 10\n set transform-set T\n", "peers choose what is protected" },
	{ GOOD "crypto dynamic-map D 10\n set transform-set T\n", "crypto dynamic-map D: no crypto map" },
	{ IKE(STRONG) GOOD_SET LIST MAP("") PLAIN_IF, "no interface uses it" },
	{ GOOD_SET LIST MAP("") OUTER("") "no crypto isakmp default policy\n", "crypto isakmp policy: there is none" },
	{ IKE(STRONG) SET("esp-3des esp-sha-hmac") LIST MAP(" set security-association lifetime kilobytes 40000000\n"),
	  "more than 32 GiB" },
	{ GOOD MAP(" set security-association lifetime kilobytes 100000\n"), "100000 kilobytes last 8 seconds" },
	{ IKE(STRONG) GOOD_SET "access-list 101 permit ip host 192.0.2.1 host 192.0.2.2\n" MAP("") OUTER(""),
	  "for a GRE tunnel peers expect protocol gre" },
	{ IKE(STRONG) GOOD_SET "access-list 101 permit gre host 192.0.2.1 host 192.0.2.2\n" MAP("") OUTER(""),
	  "20 bytes a packet" },
	{ IKE(STRONG) "crypto ipsec transform-set T esp-aes 256 esp-sha256-hmac\n mode transport\n" LIST MAP("") OUTER(""),
	  "is used in tunnel mode" },
	{ GOOD "interface FastEthernet0/2\n crypto map NOMAP\n", "crypto map NOMAP does not exist" },
	{ GOOD "interface FastEthernet0/2\n ip access-group NOLIST in\n", "access list NOLIST of ip access-group does not exist" },
	{ IKE(STRONG) TUNNELS TUNNEL(" tunnel mode gre multipoint\n"), "this tunnel mode is not run" },
	{ IKE(STRONG) TUNNELS TUNNEL(" tunnel mode ipip\n tunnel key 1\n"), "they are GRE's" },
	{ IKE(STRONG) TUNNELS TUNNEL(""), "no crypto map protects this tunnel" },
	{ IKE(STRONG) TUNNELS TUNNEL(" no tunnel source\n"), "there is no tunnel source" },
	{ IKE(STRONG) GOOD_SET PROFILE TUNNEL(" tunnel source Loopback9\n"), "the source interface Loopback9 is not configured" },
	{ IKE(STRONG) TUNNELS TUNNEL(" no tunnel destination\n"), "there is no tunnel destination" },
	{ IKE(STRONG) TUNNELS TUNNEL(" tunnel destination 192.0.2.9\n tunnel protection ipsec profile P\n"),
	  "no pre-shared key for the tunnel's destination" },
	{ IKE(STRONG) TUNNELS TUNNEL(" tunnel protection ipsec profile NOT\n"), "ipsec profile NOT does not exist" },
	{ IKE(STRONG) TUNNELS "crypto ipsec profile EMPTY\n" TUNNEL(" tunnel protection ipsec profile EMPTY\n"),
	  "ipsec profile EMPTY has no transform set" },
	{ IKE(STRONG) TUNNELS TUNNEL(" tunnel mode ipsec ipv4\n"), "an IPsec tunnel without tunnel protection" },
	{ IKE(STRONG) TUNNELS TUNNEL(" ip mtu 1500\n tunnel protection ipsec profile P\n"), "ip mtu 1500 is too large" },
	{ IKE(STRONG) TUNNELS TUNNEL(" ip mtu 1414\n tunnel protection ipsec profile P\n"), "find a NAT between them" },
	{ IKE(STRONG) TUNNELS TUNNEL(" ip tcp adjust-mss 1460\n tunnel protection ipsec profile P\n"), "adjust-mss 1460 makes" },
	{ GOOD "crypto ipsec transform-set U esp-aes esp-sha256-hmac\n", "transform-set U: no crypto map" },
	{ GOOD "crypto ipsec profile P\n set transform-set T\n", "profile P: no tunnel" },
	{ GOOD "crypto keyring K\ncrypto isakmp profile Q\n match identity address 192.0.2.2\n",
	  "crypto keyring K: no isakmp profile names it" },
	/* what lets in goes behind the lines that are there, or before the one that denies */
	{ GOOD OUTER(" ip access-group 102 in\n") "access-list 102 permit tcp any any\n", "does not let ESP (protocol 50) of peer" },
	{ GOOD OUTER(" ip access-group E in\n")
	  "ip access-list extended E\n permit tcp any any\n deny ip any any log\n", "does not let ESP (protocol 50) of peer" },
	{ GOOD OUTER(" ip access-group 102 in\n") "access-list 102 deny ip any any\n", "does not let IKE (UDP 500) of peer" },
	{ GOOD OUTER(" ip access-group 102 in\n") "access-list 102 deny ip any any\n", "does not let IKE and ESP behind a NAT" },
	{ GOOD OUTER(" ip access-group 3 in\n") "access-list 3 permit 10.0.0.0\n", "does not let IKE (UDP 500) of peer" },
	{ GOOD "interface FastEthernet0/2\n ipv6 traffic-filter NO6 in\n", "access list NO6 of ipv6 traffic-filter does not exist" },
	{ GOOD "interface FastEthernet0/2\n ipv6 crypto map NO6\n", "crypto map NO6 does not exist" },
	{ "crypto pki trustpoint C\n enrollment url http://192.0.2.9\n revocation-check none\n", "revoked certificates are accepted" },
	{ "crypto pki trustpoint C\n enrollment url http://192.0.2.9\n rsakeypair L 1024\n", "an RSA key of 1024 bits is weak" },
	{ GOOD "crypto map ipv6 M6 10 ipsec-isakmp\n set transform-set T\n", "crypto map ipv6 M6 10: there is no access list" },
	{ GOOD "crypto map ipv6 M6 10 ipsec-isakmp\n set peer 2001:db8::9\n", "no pre-shared key for peer 2001:DB8::9" },
	{ GOOD "crypto map ipv6 M6 10 ipsec-isakmp\n match address NO6\n", "access list NO6 does not exist" },
	{ "enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0\n", "type 5 (MD5) is weak" },
	{ "enable secret level 5 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0\n", "type 5 (MD5) is weak" },
	{ "enable password t7Kp2xWq9Zr4mNv1\n", "can be read by whoever sees the line" },
	{ "username u secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0\n", "type 5 (MD5) is weak" },
	{ "username u password t7Kp2xWq9Zr4mNv1\n", "can be read by whoever sees the line" },
	{ "username u privilege 15 password t7Kp2xWq9Zr4mNv1\n", "can be read by whoever sees the line" },
	{ "username u nopassword\n", "is in" },
	{ "line vty 0 4\n password t7Kp2xWq9Zr4mNv1\n login\n", "can be read by whoever sees the line" },
	{ "line vty 0 4\n login\n", "no password is set" },
	{ "line vty 0 4\n login local\n", "none is configured" },
	{ GOOD "ipv6 route 2001:db8::/32 2001:db8:1::1\n", "ipv6 unicast-routing: it is not configured" },
};

/* What NAME stands for in the advice of a remark. */
static const struct {
	const char *want, *name;
} names[] = {
	{ "without a client-endpoint", "A" },
	{ "there is no transform set", "T" },
	{ "crypto dynamic-map D: no crypto map", "M" },
	{ "no interface uses it", "FastEthernet0/1" },
	{ "no crypto map protects this tunnel", "P" },
	{ "ipsec profile EMPTY has no transform set", "T" },
	{ "an IPsec tunnel without tunnel protection", "P" },
	{ "profile P: no tunnel", "P" },
	{ "crypto keyring K: no isakmp profile names it", "Q" },
	{ "none is configured", "noc" },
};

static const char *name_of(const char *want)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].want, want))
			return names[i].name;
	return NULL;
}

/* ---- advice into lines ---- */

static const char *meaning(const char *word, size_t n, const char *name)
{
	static const char *const words[][2] = {
		{ "A.B.C.D", "192.0.2.2" }, { "KEY", "Zr4mNv1t7Kp2xWq9" }, { "INTERFACE", "FastEthernet0/1" },
		{ "ACCESS-LIST", "101" }, { "MASK", "255.255.255.0" }, { "N", "30" }, { "LABEL", "L" }, { "SECRET", "t7Kp2xWq9Zr4mNv1" }, { "TunnelN", "Tunnel7" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i][0]) == n && !strncmp(word, words[i][0], n))
			return words[i][1];
	return n == 4 && !strncmp(word, "NAME", 4) ? name : NULL;
}

/* The next line of an advice, which has commas between lines; false: there is none. */
static bool next_line(const char **advice, const char *name, char *out, size_t size)
{
	size_t len = 0;

	*advice += strspn(*advice, " ,");
	if (!**advice)
		return false;
	while (**advice && strncmp(*advice, ", ", 2) != 0) {
		size_t n = strcspn(*advice, " ,");
		const char *means = meaning(*advice, n, name);

		len += (size_t)snprintf(out + len, size - len, "%s%.*s", len ? " " : "", means ? (int)strlen(means) : (int)n,
					means ? means : *advice);
		assert_true(len < size);
		*advice += n;
		*advice += **advice == ' ';
	}
	return true;
}

/* Into the mode of the object that a remark is about, if it has one. */
static void enter(struct router *r, const char *object)
{
	static const char *const modes[] = { "crypto map ", "crypto dynamic-map ", "crypto isakmp policy ", "crypto isakmp profile ",
					     "crypto ipsec profile ", "crypto keyring ", "crypto pki trustpoint ", "interface ", "line " };
	const char *inside = strstr(object, ": "), *peer = "crypto isakmp peer ";
	char line[256];

	snprintf(line, sizeof(line), "%.*s", inside ? (int)(inside - object) : (int)strlen(object), object);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strncmp(line, modes[i], strlen(modes[i])) )
			type(r, line);
	if (!strncmp(object, peer, strlen(peer))) {
		snprintf(line, sizeof(line), "%saddress %s", peer, object + strlen(peer));
		type(r, line);
	}
}

static void follow(struct router *r, const struct report_msg *m, const char *name)
{
	const char *advice = m->fix;
	char line[256];

	enter(r, m->object);
	while (next_line(&advice, name, line, sizeof(line))) {
		type(r, line);
		if (r->last.status == CLI_ERROR)
			fail_msg("%s: %s\nadvice: %s\nrefused: %s\n%s", m->object, m->text, m->fix, line, txt_cstr(&r->last.out));
	}
}

static const struct report_msg *remark(const struct report *r, const char *want)
{
	for (size_t i = 0; i < r->n; i++) {
		struct txt whole = TXT_INIT;
		bool is;

		txt_printf(&whole, "%s: %s", r->v[i].object, r->v[i].text);
		is = strstr(txt_cstr(&whole), want);
		txt_fini(&whole);
		if (is)
			return &r->v[i];
	}
	return NULL;
}

static bool is_still_there(const struct report *r, const struct report_msg *m)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->v[i].object, m->object) && !strcmp(r->v[i].text, m->text))
			return true;
	return false;
}

static void advice_that_is_followed_ends_its_remark(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report said = { 0 }, before = { 0 }, after = { 0 };
		const struct report_msg *m;
		struct router r;

		router_up(&r, M_CONFIG);
		assert_int_equal(config_load_onto(r.c, rows[i].text, strlen(rows[i].text), &said), 0);
		assert_int_equal(said.errors, 0);
		commands_check(r.c, &before);
		m = remark(&before, rows[i].want);
		if (!m || !m->fix)
			fail_msg("row %zu: %s: %s", i, rows[i].want, m ? "says nothing to type" : "is not said");
		follow(&r, m, name_of(rows[i].want));
		commands_check(r.c, &after);
		if (is_still_there(&after, m))
			fail_msg("row %zu: %s: %s\nstays after: %s\n%s", i, m->object, m->text, m->fix, running(&r));
		report_fini(&said);
		report_fini(&before);
		report_fini(&after);
		router_down(&r);
	}
}

/* No remark where there is nothing to mend. */
static void what_is_right_is_left_alone(void **state)
{
	static const struct {
		const char *text, *unwanted;
	} right[] = {
		/* a certificate, or a peer's RSA key, does without a pre-shared key */
		{ "crypto isakmp policy 10\n encr aes 256\n hash sha256\n group 14\n" GOOD_SET LIST MAP("") OUTER("")
		  "crypto pki trustpoint C\n enrollment terminal\ncrypto pki certificate chain C\n certificate 01\n  30820101\n  quit\n",
		  "pre-shared key" },
		{ "crypto isakmp policy 10\n encr aes 256\n hash sha256\n authentication rsa-encr\n group 14\n" GOOD_SET LIST
		  MAP("") OUTER("") "crypto key pubkey-chain rsa\n addressed-key 192.0.2.2\n  key-string\n   305C300D\n   quit\n",
		  "pre-shared key" },
		{ "crypto pki trustpoint C\n enrollment url http://192.0.2.9\n", "SCEP" },
		/* the peers speak with the address that the map names */
		{ GOOD "crypto map M local-address Loopback0\ninterface Loopback0\n ip address 198.51.100.1 255.255.255.255\n"
		  OUTER(" ip access-group 102 in\n") "access-list 102 permit udp any host 198.51.100.1\n"
		  "access-list 102 permit esp any host 198.51.100.1\n",
		  "does not let" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct report said = { 0 }, r = { 0 };
		struct config *c = load(right[i].text, &said);
		struct txt out = TXT_INIT;

		assert_int_equal(said.errors, 0);
		commands_check(c, &r);
		report_print(&r, "R1", &out);
		if (strstr(txt_cstr(&out), right[i].unwanted))
			fail_msg("row %zu: %s", i, txt_cstr(&out));
		txt_fini(&out);
		report_fini(&said);
		report_fini(&r);
		config_free(c);
	}
}

/* All of a list's lines can be typed one after the other. */
static void lines_before_one_that_denies_have_numbers_of_their_own(void **state)
{
	const char *text = GOOD OUTER(" ip access-group E in\n") "ip access-list extended E\n permit tcp any any\n deny ip any any log\n";
	struct report said = { 0 }, before = { 0 }, after = { 0 };
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	assert_int_equal(config_load_onto(r.c, text, strlen(text), &said), 0);
	commands_check(r.c, &before);
	for (size_t i = 0; i < before.n; i++)
		if (strstr(before.v[i].text, "does not let"))
			follow(&r, &before.v[i], NULL);
	commands_check(r.c, &after);
	assert_non_null(remark(&before, "does not let IKE (UDP 500)"));
	assert_null(remark(&after, "does not let"));
	report_fini(&said);
	report_fini(&before);
	report_fini(&after);
	router_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(advice_that_is_followed_ends_its_remark),
		cmocka_unit_test(what_is_right_is_left_alone),
		cmocka_unit_test(lines_before_one_that_denies_have_numbers_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
