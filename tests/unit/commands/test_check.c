/* SPDX-License-Identifier: Apache-2.0 */
#include "helper.h"

/* The remarks about the objects of a configuration as one text. */
static char *checked(const char *text)
{
	struct report said = { 0 }, report = { 0 };
	struct config *c = load(text, &said);
	struct txt out = TXT_INIT;

	commands_check(c, &report);
	report_print(&report, "R1", &out);
	report_fini(&said);
	report_fini(&report);
	config_free(c);
	return txt_steal(&out);
}

#define GOOD_IKE GOOD_IKE_IN("tunnel")
#define GOOD_IKE_IN(mode)                                              \
	"crypto isakmp policy 10\n encr aes 256\n hash sha256\n"       \
	" authentication pre-share\n group 14\n"                       \
	"crypto isakmp key t7Kp2xWq9Zr4mNv1 address 192.0.2.2\n"             \
	"crypto ipsec transform-set T esp-aes 256 esp-sha256-hmac\n"   \
	" mode " mode "\n"
#define GOOD_MAP                                                       \
	"access-list 101 permit gre host 192.0.2.1 host 192.0.2.2\n"   \
	"crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n"          \
	" set transform-set T\n match address 101\n"
#define GOOD_IF \
	"interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n crypto map M\n"
#define GOOD_TUNNEL                                                     \
	"interface Tunnel0\n ip address 172.16.0.1 255.255.255.0\n"     \
	" tunnel source FastEthernet0/1\n tunnel destination 192.0.2.2\n"

static void a_sound_configuration_passes_without_a_word(void **state)
{
	char *text;

	(void)state;
	text = checked(GOOD_IKE_IN("transport") GOOD_MAP GOOD_IF GOOD_TUNNEL " ip mtu 1400\n");
	assert_string_equal(text, "");
	free(text);
}

static void each_fault_has_its_own_sentence(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ GOOD_IKE "crypto map M 10 ipsec-isakmp\n set transform-set T\n match address 101\n",
		  "error: crypto map M 10: there is no peer, so the entry is disabled.\n    fix: set peer" },
		{ GOOD_IKE "crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n set transform-set T\n",
		  "error: crypto map M 10: there is no access list" },
		{ GOOD_IKE "crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n match address 101\n",
		  "error: crypto map M 10: there is no transform set" },
		{ GOOD_IKE "crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n match address NOLIST\n",
		  "access list NOLIST does not exist" },
		{ GOOD_IKE GOOD_MAP "access-list 101 deny ip any any time-range W\n",
		  "error: crypto map M 10: 1 deny line of access list 101 is not understood and not used: what it "
		  "would leave out is protected by the permits behind." },
		{ GOOD_IKE "crypto map M 10 ipsec-isakmp\n match address A\nip access-list extended A\n"
		  " 10 deny ip any any time-range W\n de ip any object-group X\n permit ip any any\n permit ip any any time-range W\n",
		  "2 deny lines of access list A are not understood and not used: what they would leave out" },
		{ GOOD_IKE "crypto map M 10 ipsec-isakmp\n match address A\nip access-list extended A\n"
		  " 10 deny ip any any time-range W\n permit ip any any\n permit ip any any time-range W\n",
		  "1 line of access list A is not understood and not used: what is protected is not what the list says." },
		{ GOOD_IKE "crypto map M 10 ipsec-isakmp\n match address A\nip access-list extended A\n"
		  " deny icmp any any echo\n permit ip any any\n",
		  "entry 10 of access list A denies by flags or header fields that IKE cannot negotiate; it is not used, and "
		  "what it names stays protected." },
		{ GOOD_IKE "crypto map M 10 ipsec-isakmp\n match address A\n"
		  "ip access-list extended A\n permit ip any any\n permit foo\n permit gre host\n",
		  "2 lines of access list A are not understood" },
		{ GOOD_IKE "crypto map M 10 ipsec-isakmp\n set transform-set X\n",
		  "transform set X does not exist" },
		{ GOOD_IKE "crypto map M 10 ipsec-isakmp\n set peer 192.0.2.3\n",
		  "there is no pre-shared key for peer 192.0.2.3" },
		{ GOOD_IKE "crypto map M 10 ipsec-isakmp\n set peer other.example\n",
		  "peer other.example is a name" },
		{ GOOD_IKE "access-list 101 deny ip any any\n"
			   "crypto map M 10 ipsec-isakmp\n match address 101\n",
		  "access list 101 permits nothing" },
		{ GOOD_IKE "access-list 101 permit ip 10.0.0.0 0.255.0.255 any\n"
			   "crypto map M 10 ipsec-isakmp\n match address 101\n",
		  "entry 10 of access list 101 has a wildcard with holes" },
		{ GOOD_IKE "access-list 10 permit any\ncrypto map M 10 ipsec-isakmp\n match address 10\n",
		  "access list 10 is a standard list" },
		{ GOOD_IKE "access-list 101 permit ip any host 224.0.0.5\n"
			   "crypto map M 10 ipsec-isakmp\n match address 101\n",
		  "multicast" },
		{ "crypto map M 10 ipsec-isakmp\n", "error: crypto isakmp policy: there is none" },
		{ GOOD_IKE GOOD_MAP, "warning: crypto map M: no interface uses it." },
		{ "interface FastEthernet0/1\n crypto map NOMAP\n",
		  "interface FastEthernet0/1: crypto map NOMAP does not exist" },
		{ "interface Tunnel0\n tunnel destination 192.0.2.2\n",
		  "interface Tunnel0: there is no tunnel source" },
		{ "interface Tunnel0\n tunnel source 192.0.2.1\n",
		  "interface Tunnel0: there is no tunnel destination" },
		{ "interface Tunnel0\n tunnel mode ipip\n tunnel key 1\n", "they are GRE's" },
		{ "interface Tunnel0\n tunnel mode ipsec ipv4\n keepalive\n",
		  "this tunnel mode has no key, checksum, sequence numbers or keepalives" },
		{ GOOD_IF " ip access-group E in\nip access-list extended E\n deny ip object-group A any\n permit ip any any\n",
		  "error: interface FastEthernet0/1: 1 line of access list E is not understood and not used: "
		  "what it denies may pass" },
		{ GOOD_IF " ip access-group E in\naccess-list E extended permit ip any any\n",
		  "error: interface FastEthernet0/1: no line of access list E is understood, so there is none: everything passes.\n"
		  "    fix: ip access-list extended E\n" },
		{ "crypto ipsec profile P\n", "error: crypto ipsec profile P: there is no transform set, so the profile is disabled." },
		{ GOOD_TUNNEL " tunnel protection ipsec profile P ikev2-profile X\n",
		  "error: interface Tunnel0: a line of tunnel protection is not understood: the tunnel sends and takes nothing" },
		{ GOOD_TUNNEL " tunnel protection ipsec profile P isakmp-profile NOT-THERE\n",
		  "isakmp profile NOT-THERE does not exist" },
		{ "interface Tunnel0\n tunnel source 192.0.2.1\n tunnel destination 192.0.2.2\n tunnel key 1\n"
		  "interface Tunnel1\n tunnel source 192.0.2.1\n tunnel destination 192.0.2.2\n tunnel key 1\n",
		  "interface Tunnel1: Tunnel0 has the same source, destination and key" },
		{ "interface Tunnel0\n tunnel mode gre multipoint\n", "not run by this version" },
		{ "interface Tunnel0\n tunnel mode ipsec ipv4\n",
		  "an IPsec tunnel without tunnel protection stays down" },
		{ "interface Tunnel0\n tunnel protection ipsec profile P\n",
		  "ipsec profile P does not exist; the tunnel sends and takes nothing" },
		{ "crypto ipsec profile P\ninterface Tunnel0\n tunnel protection ipsec profile P\n",
		  "ipsec profile P has no transform set" },
		{ "crypto ipsec profile P\ninterface Tunnel0\n tunnel source 192.0.2.1\n"
		  " tunnel destination 192.0.2.2\n tunnel protection ipsec profile P\n",
		  "there is no pre-shared key for the tunnel's destination" },
		{ "crypto ipsec profile P\n set transform-set X\n",
		  "crypto ipsec profile P: transform set X does not exist" },
		{ "crypto ipsec profile P\ninterface Tunnel0\n tunnel source 192.0.2.1\n"
		  " tunnel destination 192.0.2.2\n tunnel protection ipsec profile P\n"
		  "interface Tunnel1\n tunnel source 192.0.2.1\n tunnel destination 192.0.2.2\n",
		  "Tunnel1 has the same source and destination and no protection" },
		{ "crypto ipsec profile P\ninterface Tunnel0\n tunnel source 192.0.2.1\n"
		  " tunnel destination 192.0.2.2\n tunnel protection ipsec profile P\n"
		  "interface Tunnel1\n tunnel source 192.0.2.1\n tunnel destination 192.0.2.2\n"
		  " tunnel protection ipsec profile P\n",
		  "their SAs cannot be told apart" },
		{ GOOD_IKE "interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n" GOOD_TUNNEL,
		  "no crypto map protects this tunnel: GRE does not encrypt." },
		{ "no crypto isakmp aggressive-mode disable\n",
		  "crypto isakmp aggressive-mode: aggressive mode is weak: with a pre-shared key it "
		  "shows a hash by which the key can be guessed offline.\n"
		  "    fix: crypto isakmp aggressive-mode disable" },
		{ "crypto isakmp key abcdefgh hostname spoke.example\n",
		  "a key by host name is used in aggressive mode only, which is disabled." },
		{ "crypto isakmp peer address 192.0.2.2\n set aggressive-mode client-endpoint fqdn A\n",
		  "crypto isakmp peer 192.0.2.2: aggressive mode is disabled, so nothing is negotiated "
		  "with this peer.\n    fix: no crypto isakmp aggressive-mode disable" },
		{ "no crypto isakmp aggressive-mode disable\ncrypto isakmp peer address 192.0.2.2\n"
		  " set aggressive-mode client-endpoint fqdn A\n",
		  "crypto isakmp peer 192.0.2.2: there is no pre-shared key for this peer." },
		{ "crypto isakmp peer address 192.0.2.2\n set aggressive-mode password abcd\n",
		  "without a client-endpoint phase 1 begins in main mode." },
		{ "crypto isakmp peer address 192.0.2.2\n set aggressive-mode password abcd\n",
		  "crypto isakmp peer 192.0.2.2: the key is weak (about " },
		{ "crypto isakmp peer hostname hub.example\n", "a peer by host name is not used." },
		{ "crypto isakmp peer address 192.0.2.2 vrf RED\n", "there are no VRFs" },
		{ "crypto isakmp peer address 192.0.2.2\n set aggressive-mode password 6 ABCD\n",
		  "a type 6 key needs the master key" },
		{ "crypto isakmp policy 1\n encr des\n", "crypto isakmp policy 1: DES is weak." },
		{ "crypto isakmp policy 1\n group 2\n", "Diffie-Hellman group 2 is weak." },
		{ "crypto isakmp policy 1\n hash md5\n", "MD5 is weak." },
		{ "crypto isakmp policy 1\n authentication rsa-sig\n", "needs a trustpoint with a certificate" },
		{ "crypto isakmp key abcdefgh address 0.0.0.0\n", "accepted from every address" },
		{ "crypto isakmp key short address 192.0.2.1\n", "the key is weak (about 23 bits at most)" },
		{ "crypto keyring K\n pre-shared-key address 192.0.2.1 key short\n",
		  "crypto keyring K: pre-shared-key for 192.0.2.1: the key is weak" },
		{ "crypto keyring K\n pre-shared-key hostname h key 6 ABC\n",
		  "crypto keyring K: pre-shared-key for h: a type 6 key needs the master key" },
		{ "crypto dynamic-map D 10\n set isakmp-profile P\n",
		  "isakmp profile P does not exist: nothing is negotiated" },
		{ "crypto map M isakmp-profile P\ncrypto map M 10 ipsec-isakmp dynamic D\n",
		  "isakmp profile P does not exist: nothing is negotiated" },
		{ "crypto isakmp profile P\n keyring K\n", "keyring K does not exist." },
		{ "crypto isakmp profile P\n", "no match statement and is not used" },
		{ "crypto isakmp profile P\n match certificate M\n", "certificate map M does not exist" },
		{ "crypto isakmp profile P\n initiate mode aggressive\n", "which is disabled" },
		{ "crypto map M 10 ipsec-isakmp\n set isakmp-profile P\n",
		  "isakmp profile P does not exist: nothing is negotiated" },
		{ "crypto map M 10 ipsec-isakmp\ncrypto map M isakmp-profile P\n",
		  "isakmp profile P does not exist: nothing is negotiated" },
		{ "crypto ipsec transform-set X esp-3des esp-md5-hmac\n", "3DES is weak." },
		{ "crypto ipsec transform-set X esp-aes\n", "not authenticated" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = checked(rows[i].text);

		if (!strstr(text, rows[i].want))
			fail_msg("wanted \"%s\" in:\n%s", rows[i].want, text);
		free(text);
	}
}

static void tunnel_mtu_is_compared_with_what_the_suite_leaves(void **state)
{
	/* what fits in 1500 bytes: plaintext mtu of IOS less GRE (and its IP header) */
	static const struct {
		const char *set, *mode;
		unsigned fits;
	} rows[] = {
		{ "esp-3des esp-sha-hmac", "tunnel", 1422 },
		{ "esp-3des esp-sha-hmac", "transport", 1442 },
		{ "esp-aes 256 esp-sha-hmac", "tunnel", 1414 },
		{ "esp-aes esp-sha256-hmac", "transport", 1434 },
		{ "esp-aes esp-sha512-hmac", "tunnel", 1398 },
		{ "esp-gcm", "tunnel", 1422 },
		{ "esp-null esp-sha-hmac", "transport", 1454 },
		{ "ah-sha-hmac", "tunnel", 1432 },
		{ "ah-md5-hmac", "transport", 1452 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned over = 0; over < 2; over++) {
			char text[2048], want[64];

			snprintf(text, sizeof(text),
				 GOOD_IKE "crypto ipsec transform-set T %s\n mode %s\n" GOOD_MAP
					 GOOD_IF GOOD_TUNNEL " ip mtu %u\n",
				 rows[i].set, rows[i].mode, rows[i].fits + over);
			snprintf(want, sizeof(want), "fix: ip mtu %u\n", rows[i].fits);
			char *said = checked(text);
			if ((strstr(said, want) != NULL) != (over == 1))
				fail_msg("%s %s %u:\n%s", rows[i].set, rows[i].mode,
					 rows[i].fits + over, said);
			free(said);
		}
	}
}

/* Said where it is typed, and of GRE alone, too. */
static void sizes_that_do_not_fit_are_noted_when_typed(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "ip mtu 1414", "" },
		{ "ip mtu 1415", "% NOTE: ip mtu 1415 is too large for transform set T: 1414 bytes fit, "
				 "larger packets are fragmented. Type: ip mtu 1414\n" },
		{ "ip tcp adjust-mss 1374", "" },
		{ "ip tcp adjust-mss 1375", "% NOTE: ip tcp adjust-mss 1375 makes packets of 1415 bytes: "
					    "1414 fit. Type: ip tcp adjust-mss 1374\n" },
	};
	struct router r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		router_up(&r, M_CONFIG);
		for (char text[] = GOOD_IKE "crypto ipsec transform-set T esp-aes 256 esp-sha-hmac\n" GOOD_MAP
				  GOOD_IF GOOD_TUNNEL,
			  *rest, *line = strtok_r(text, "\n", &rest);
		     line; line = strtok_r(NULL, "\n", &rest))
			type(&r, line);
		assert_string_equal(type(&r, rows[i].line), rows[i].want);
		router_down(&r);
	}
	router_up(&r, M_CONFIG);
	type(&r, "interface FastEthernet0/1");
	type(&r, "ip address 192.0.2.1 255.255.255.0");
	type(&r, "interface Tunnel0");
	type(&r, "tunnel source FastEthernet0/1");
	type(&r, "tunnel destination 192.0.2.2");
	assert_string_equal(type(&r, "ip mtu 1476"), "");
	assert_string_equal(type(&r, "ip mtu 1477"), "% NOTE: ip mtu 1477 is too large for GRE: 1476 bytes "
						     "fit, larger packets are fragmented. Type: ip mtu 1476\n");
	router_down(&r);
}

static void a_map_in_use_is_not_removed(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	assert_string_equal(type(&r, "crypto map M 10 ipsec-isakmp"),
			    "% NOTE: This new crypto map will remain disabled until a peer\n"
			    "        and a valid access list have been configured.\n");
	type(&r, "crypto map M 20 ipsec-isakmp");
	type(&r, "interface FastEthernet0/1");
	assert_string_equal(type(&r, "crypto map M"), "");
	assert_string_equal(type(&r, "no crypto map M 10"), "");
	type(&r, "crypto map M 20"); /* no row of the interface: the entry */
	assert_string_equal(prompt(&r), "R1(config-crypto-map)#");
	type(&r, "exit");
	assert_string_equal(type(&r, "no crypto map M"),
			    "% Crypto-map M is in use by interface(s): FastEthernet0/1. Please "
			    "remove the crypto map from the above interface(s) first\n");
	assert_int_equal(r.c->maps.n, 1);
	type(&r, "interface FastEthernet0/1");
	type(&r, "no crypto map M");
	type(&r, "exit");
	assert_string_equal(type(&r, "no crypto map M"), "");
	assert_int_equal(r.c->maps.n, 0);
	router_down(&r);
}

/* At the keyboard the second is refused and forgotten; a file may have both, and says so. */
static void an_address_in_the_subnet_of_another_interface_is_refused(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "ip address 192.0.2.9 255.255.255.0", "% 192.0.2.0 overlaps with FastEthernet0/0\n" },
		{ "ip address 192.0.2.9 255.255.255.255", "% 192.0.2.9 overlaps with FastEthernet0/0\n" },
		{ "ip address 192.0.0.1 255.255.0.0", "% 192.0.0.0 overlaps with FastEthernet0/0\n" },
		{ "ip address 192.0.2.9 255.255.255.0 secondary", "% 192.0.2.0 overlaps with FastEthernet0/0\n" },
		{ "ip address 10.0.0.9 255.255.255.0",
		  "% 10.0.0.0 overlaps with secondary address on FastEthernet0/0\n" },
		{ "ip address 192.0.3.1 255.255.255.0", "" },
	};
	struct report report = { 0 };
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "interface FastEthernet0/0");
	type(&r, "ip address 192.0.2.1 255.255.255.0");
	type(&r, "ip address 10.0.0.1 255.255.255.0 secondary");
	assert_string_equal(type(&r, "ip address 192.0.2.2 255.255.255.0"), ""); /* its own */
	type(&r, "interface FastEthernet0/1");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(type(&r, rows[i].line), rows[i].want);
	assert_non_null(strstr(running(&r), "interface FastEthernet0/1\n ip address 192.0.3.1 255.255.255.0\n!"));
	/* IOS has VRFs, in which it is no mistake */
	type(&r, "interface FastEthernet0/2");
	type(&r, "ip vrf forwarding RED");
	assert_string_equal(type(&r, "ip address 192.0.2.1 255.255.255.0"),
			    "% NOTE: 192.0.2.0 overlaps with FastEthernet0/0\n");
	struct config *c = load(running(&r), &report);
	assert_int_equal(report.errors, 0);
	assert_string_equal(report.v[0].text, "% NOTE: 192.0.2.0 overlaps with FastEthernet0/0\n");
	assert_round_trip(c);
	config_free(c);
	report_fini(&report);
	router_down(&r);
}

/* Each note of the one is worth one of the other, whatever stands between them. */
static void what_was_said_before_is_not_said_again(void **state)
{
	static const struct {
		const char *before, *now;
		size_t left; /* notes */
	} rows[] = {
		{ "", "crypto isakmp policy 1\n group 2\n", 1 },
		{ "crypto isakmp policy 1\n group 2\n", "crypto isakmp policy 1\n group 2\n", 0 },
		{ "crypto isakmp policy 1\n group 2\n", "crypto isakmp policy 1\n group 2\ncrypto isakmp policy 2\n group 2\n", 1 },
		{ "crypto isakmp policy 1\n group 2\ncrypto isakmp policy 2\n group 2\n", "crypto isakmp policy 1\n group 2\n", 0 },
		{ "crypto isakmp policy 1\n group 2\n", "crypto isakmp policy 1\n group 5\n", 1 },
		{ "crypto isakmp policy 1\n group 2\n hash md5\n", "crypto isakmp policy 1\n hash md5\n group 2\n rubbish\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report old = { 0 }, new = { 0 };
		struct config *a = load(rows[i].before, &old), *b = load(rows[i].now, &new);
		size_t notes = 0, errors = new.errors, still = 0;

		report_forget(&new, &old);
		for (size_t k = 0; k < new.n; k++) {
			notes += new.v[k].severity == REPORT_NOTE && strstr(new.v[k].text, "group");
			still += new.v[k].severity == REPORT_ERROR;
		}
		assert_int_equal(notes, rows[i].left);
		assert_int_equal(still, errors); /* a mistake stays one */
		report_fini(&old);
		report_fini(&new);
		config_free(a);
		config_free(b);
	}
}

static void what_ios_refuses_is_refused_in_its_words(void **state)
{
	static const struct {
		const char *enter, *line, *want;
	} rows[] = {
		{ "interface FastEthernet0/1", "ip address 10.0.0.1 255.255.0.255",
		  "Bad mask 0xFFFF00FF for address 10.0.0.1\n" },
		{ NULL, "ip route 10.0.0.1 255.0.0.0 192.0.2.1", "%Inconsistent address and mask\n" },
		{ NULL, "crypto map NEW 10", "% Crypto map entry NEW 10 does not exist" },
		{ NULL, "crypto ipsec transform-set T esp-aes esp-3des", "'^' marker" },
		{ NULL, "crypto ipsec transform-set T esp-gcm esp-sha-hmac", "'^' marker" },
		{ NULL, "crypto ipsec transform-set T esp-sha-hmac esp-md5-hmac", "'^' marker" },
		{ NULL, "crypto ipsec transform-set T esp-sha-hmac", "needs an ESP cipher" },
		{ NULL, "crypto ipsec transform-set T", "% Incomplete command." },
		{ NULL, "crypto ipsec transform-set T comp-lzs", "not supported" },
		{ NULL, "access-list 101 permit ip host nowhere any", "% Bad IP address or host name" },
		{ NULL, "ip access-list extended 99", "% Invalid access list name." },
		{ NULL, "vpdn-group 1", "PPTP" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		type(&r, "interface FastEthernet0/0");
		type(&r, "ip address 192.0.2.1 255.255.255.0");
		if (rows[i].enter)
			type(&r, rows[i].enter);
		if (!strstr(type(&r, rows[i].line), rows[i].want))
			fail_msg("%s: %s", rows[i].line, txt_cstr(&r.last.out));
		/* refused or not, it is not lost */
		assert_non_null(strstr(running(&r), rows[i].line));
		router_down(&r);
	}
}

/* What `culvert run` writes to its log about lines that are wrong. */
static void logs_do_not_show_wrong_lines(void **state)
{
	static const char *const lines[] = {
		"crypto isakmp key topsecret addres 192.0.2.1 mask\n",
		"crypto isakmp key topsecret address 192.0.2.1 255.0.255.0\n",
		"crypto isakmp key top topsecret address 192.0.2.1\n",
		"crypto isakmp key topsecret address\n",
		"crypto i key topsecret address 192.0.2.1\n",
		"crpto isakmp key topsecret address 192.0.2.1\n",
		"crypto isakmp policy 10\n encr 3des topsecret\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct report report = { 0 };
		struct txt out = TXT_INIT, want = TXT_INIT;
		struct config *c = load(lines[i], &report);

		commands_check(c, &report);
		report_print_log(&report, "r.cfg", &out);
		assert_null(strstr(txt_cstr(&out), "topsecret"));
		txt_printf(&want, "r.cfg:%u: ", i == 6 ? 2u : 1u);
		if (report.errors)
			assert_non_null(strstr(txt_cstr(&out), txt_cstr(&want)));
		/* the person who asks sees them */
		txt_clear(&out);
		report_print(&report, "r.cfg", &out);
		if (report.errors)
			assert_non_null(strstr(txt_cstr(&out), "topsecret"));
		txt_fini(&out);
		txt_fini(&want);
		report_fini(&report);
		config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_configuration_passes_without_a_word),
		cmocka_unit_test(each_fault_has_its_own_sentence),
		cmocka_unit_test(tunnel_mtu_is_compared_with_what_the_suite_leaves),
		cmocka_unit_test(sizes_that_do_not_fit_are_noted_when_typed),
		cmocka_unit_test(a_map_in_use_is_not_removed),
		cmocka_unit_test(an_address_in_the_subnet_of_another_interface_is_refused),
		cmocka_unit_test(what_was_said_before_is_not_said_again),
		cmocka_unit_test(what_ios_refuses_is_refused_in_its_words),
		cmocka_unit_test(logs_do_not_show_wrong_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
