/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of IOS's commands: each is taken, printed in IOS's spelling, read back, and gone after
 * its `no`. */
#include "helper.h"

enum { GONE = 0, STAYS = 1, /* `no` leaves something: a default that is printed, or a `no` line */ };

struct form {
	const char *enter, *line;
	const char *printed; /* NULL: as typed; "": nothing, it is the default */
	int after_no;
};

#define ISAKMP	"crypto isakmp policy 10"
#define PEER	"crypto isakmp peer address 192.0.2.9"
#define RING	"crypto keyring KR"
#define PROFILE "crypto isakmp profile P"
#define SET	"crypto ipsec transform-set T esp-aes"
#define IPSEC	"crypto ipsec profile IP"
#define MAP	"crypto map M 10 ipsec-isakmp"
#define MANUAL	"crypto map M 20 ipsec-manual"
#define DYNAMIC "crypto dynamic-map D 10"
#define ETH	"interface Ethernet0/0"
#define TUN	"interface Tunnel0"
#define EXT	"ip access-list extended E"
#define STD	"ip access-list standard S"
#define TRUST	"crypto pki trustpoint TP"

static const struct form forms[] = {
	/* ISAKMP */
	{ NULL, "crypto isakmp enable", "", STAYS },
	{ NULL, "no crypto isakmp enable", NULL, STAYS },
	{ NULL, "crypto isakmp policy 10000", NULL, GONE },
	{ ISAKMP, "authentication pre-share", NULL, GONE },
	{ ISAKMP, "authentication rsa-sig", "", GONE },
	{ ISAKMP, "authentication rsa-encr", NULL, GONE },
	{ ISAKMP, "encryption des", "", GONE },
	{ ISAKMP, "encryption aes", "encr aes", GONE },
	{ ISAKMP, "encryption aes 128", "encr aes", GONE },
	{ ISAKMP, "encr aes 192", NULL, GONE },
	{ ISAKMP, "encryption 3des", "encr 3des", GONE },
	{ ISAKMP, "hash md5", NULL, GONE },
	{ ISAKMP, "hash sha", "", GONE },
	{ ISAKMP, "hash sha512", NULL, GONE },
	{ ISAKMP, "group 1", "", GONE },
	{ ISAKMP, "group 24", NULL, GONE },
	{ ISAKMP, "lifetime 60", NULL, GONE },
	{ ISAKMP, "lifetime 86400", "", GONE },
	{ NULL, "crypto isakmp key SECRET address 192.0.2.1", NULL, GONE },
	{ NULL, "crypto isakmp key 0 SECRET address 192.0.2.1", "crypto isakmp key SECRET address 192.0.2.1", GONE },
	{ NULL, "crypto isakmp key SECRET address 192.0.2.0 255.255.255.0 no-xauth", NULL, GONE },
	{ NULL, "crypto isakmp key SECRET address ipv6 2001:DB8::1/128", NULL, GONE },
	{ NULL, "crypto isakmp key SECRET ipv6 2001:DB8::1/128",
	  "crypto isakmp key SECRET address ipv6 2001:DB8::1/128", GONE },
	{ NULL, "crypto isakmp key SECRET hostname peer.example", NULL, GONE },
	{ NULL, "crypto isakmp identity address", "", GONE },
	{ NULL, "crypto isakmp identity dn", NULL, GONE },
	{ NULL, "crypto isakmp identity hostname", NULL, GONE },
	{ NULL, "crypto isakmp keepalive 10", NULL, GONE },
	{ NULL, "crypto isakmp keepalive 3600 60", NULL, GONE },
	{ NULL, "crypto isakmp keepalive 10 3 periodic", NULL, GONE },
	{ NULL, "crypto isakmp aggressive-mode disable", "", STAYS },
	{ PEER, "set aggressive-mode client-endpoint ipv4-address 10.1.1.1",
	  "set aggressive-mode client-endpoint ipv4-address 10.1.1.1 ", GONE },
	{ PEER, "set aggressive-mode client-endpoint fqdn r1.example",
	  "set aggressive-mode client-endpoint fqdn r1.example ", GONE },
	{ PEER, "set aggressive-mode client-endpoint user-fqdn r1@example",
	  "set aggressive-mode client-endpoint user-fqdn r1@example ", GONE },
	{ PEER, "set aggressive-mode password SECRET", NULL, GONE },
	{ NULL, "crypto isakmp nat keepalive 20", NULL, GONE },
	{ NULL, "crypto isakmp invalid-spi-recovery", NULL, GONE },
	{ NULL, "crypto isakmp fragmentation", NULL, GONE },
	{ NULL, "crypto isakmp xauth timeout 30", NULL, GONE },
	{ RING, "description keys of the branch", NULL, GONE },
	{ RING, "local-address 10.1.1.1", NULL, GONE },
	{ RING, "pre-shared-key address 192.0.2.1 key SECRET", NULL, GONE },
	{ RING, "pre-shared-key address 192.0.2.0 255.255.255.0 key SECRET", NULL, GONE },
	{ RING, "pre-shared-key hostname peer.example key SECRET", NULL, GONE },
	{ PROFILE, "description the branch", NULL, GONE },
	{ PROFILE, "keyring KR", NULL, GONE },
	{ PROFILE, "match identity address 192.0.2.1 255.255.255.255", "match identity address 192.0.2.1 255.255.255.255", GONE },
	{ PROFILE, "match identity host peer.example", NULL, GONE },
	{ PROFILE, "match identity host domain example", NULL, GONE },
	{ PROFILE, "match identity user u@example", NULL, GONE },
	{ PROFILE, "match identity user domain example", NULL, GONE },
	{ PROFILE, "match identity group G", NULL, GONE },
	{ PROFILE, "self-identity fqdn", NULL, GONE },
	{ PROFILE, "self-identity user-fqdn r1@example", NULL, GONE },
	{ PROFILE, "keepalive 10 retry 5", NULL, GONE },
	{ PROFILE, "local-address Ethernet0/0", NULL, GONE },
	{ PROFILE, "vrf RED", NULL, GONE },
	{ PROFILE, "ca trust-point TP", NULL, GONE },
	{ PROFILE, "initiate mode aggressive", NULL, GONE },
	/* IPsec */
	{ NULL, "crypto ipsec transform-set X esp-sha-hmac ah-md5-hmac esp-3des",
	  "crypto ipsec transform-set X ah-md5-hmac esp-3des esp-sha-hmac ", GONE },
	{ NULL, "crypto ipsec transform-set X esp-gcm 256", "crypto ipsec transform-set X esp-gcm 256 ", GONE },
	{ NULL, "crypto ipsec transform-set X esp-null esp-sha512-hmac",
	  "crypto ipsec transform-set X esp-null esp-sha512-hmac ", GONE },
	{ SET, "mode transport", NULL, GONE },
	{ SET, "mode transport require", NULL, GONE },
	{ SET, "mode tunnel", NULL, STAYS },
	{ NULL, "crypto ipsec security-association lifetime seconds 120", NULL, GONE },
	{ NULL, "crypto ipsec security-association lifetime seconds 3600", "", GONE },
	{ NULL, "crypto ipsec security-association lifetime kilobytes 2560", NULL, GONE },
	{ NULL, "crypto ipsec security-association lifetime kilobytes disable", NULL, GONE },
	{ NULL, "crypto ipsec security-association lifetime days 2", NULL, GONE },
	{ NULL, "crypto ipsec security-association idle-time 60", NULL, GONE },
	{ NULL, "crypto ipsec security-association replay window-size 1024", NULL, GONE },
	{ NULL, "crypto ipsec security-association replay disable", NULL, GONE },
	{ NULL, "crypto ipsec df-bit set", NULL, GONE },
	{ NULL, "crypto ipsec df-bit copy", "", GONE },
	{ NULL, "crypto ipsec fragmentation after-encryption", NULL, GONE },
	{ NULL, "no crypto ipsec nat-transparency udp-encapsulation", NULL, STAYS },
	{ IPSEC, "description for the tunnels", NULL, GONE },
	{ IPSEC, "set transform-set T1 T2 T3 T4 T5 T6", NULL, GONE },
	{ IPSEC, "set pfs group14", NULL, GONE },
	{ IPSEC, "set security-association lifetime seconds 300", NULL, GONE },
	{ IPSEC, "set security-association idle-time 60", NULL, GONE },
	{ IPSEC, "set isakmp-profile P", NULL, GONE },
	{ IPSEC, "set ikev2-profile P", NULL, GONE },
	{ IPSEC, "set identity I", NULL, GONE },
	{ IPSEC, "responder-only", NULL, GONE },
	{ IPSEC, "set reverse-route tag 3", NULL, GONE },
	/* crypto maps */
	{ NULL, "crypto map M 65535 ipsec-isakmp", "crypto map M 65535 ipsec-isakmp ", GONE },
	{ NULL, "crypto map M local-address Loopback0", NULL, GONE },
	{ MAP, "description to the branch", NULL, GONE },
	{ MAP, "match address 101", NULL, GONE },
	{ MAP, "set peer 192.0.2.1", NULL, GONE },
	{ MAP, "set peer 192.0.2.1 default", NULL, GONE },
	{ MAP, "set peer peer.example dynamic", NULL, GONE },
	{ MAP, "set transform-set T1 T2", NULL, GONE },
	{ MAP, "set pfs", "set pfs group1", GONE },
	{ MAP, "set pfs group21", NULL, GONE },
	{ MAP, "set security-association lifetime kilobytes 4000", NULL, GONE },
	{ MAP, "set security-association idle-time 60 default", NULL, GONE },
	{ MAP, "set security-association level per-host", NULL, GONE },
	{ MAP, "set security-association replay disable", NULL, GONE },
	{ MAP, "set isakmp-profile P", NULL, GONE },
	{ MAP, "set ikev2-profile P", NULL, GONE },
	{ MAP, "set ip access-group 120 in", NULL, GONE },
	{ MAP, "set nat demux", NULL, GONE },
	{ MAP, "qos pre-classify", NULL, GONE },
	{ MAP, "reverse-route static", NULL, GONE },
	{ MAP, "reverse-route remote-peer 192.0.2.1 gateway", NULL, GONE },
	{ MAP, "reverse-route tag 3", NULL, GONE },
	{ MANUAL, "set session-key inbound ah 256 00112233445566778899aabbccddeeff", NULL, GONE },
	{ DYNAMIC, "set transform-set T1", NULL, GONE },
	/* interfaces */
	{ ETH, "description to the   provider", NULL, GONE },
	{ ETH, "ip address 192.0.2.1 255.255.255.0", NULL, GONE },
	{ ETH, "ip address negotiated", NULL, GONE },
	{ ETH, "ip unnumbered Loopback0", NULL, GONE },
	{ ETH, "ip mtu 1400", NULL, GONE },
	{ ETH, "ip tcp adjust-mss 1360", NULL, GONE },
	{ ETH, "ip access-group 101 in", NULL, GONE },
	{ ETH, "ip access-group NAME out", NULL, GONE },
	{ ETH, "shutdown", NULL, GONE },
	{ ETH, "bandwidth 10000000", NULL, GONE },
	{ ETH, "delay 16777215", NULL, GONE },
	{ ETH, "ip ospf network point-to-point", NULL, GONE },
	{ ETH, "ip ospf 1 area 0", NULL, GONE },
	{ ETH, "glbp 1 ip 10.1.1.254", NULL, GONE },
	{ ETH, "ip next-hop-self eigrp 1", NULL, GONE },
	{ ETH, "ip mroute-cache", NULL, GONE },
	{ ETH, "crypto map M", NULL, GONE },
	{ ETH, "crypto map M redundancy G stateful", NULL, GONE },
	{ ETH, "crypto ipsec df-bit clear", NULL, GONE },
	{ ETH, "crypto ipsec fragmentation after-encryption", NULL, GONE },
	{ NULL, "interface Tunnel2147483647", NULL, GONE },
	{ TUN, "tunnel source 192.0.2.1", NULL, GONE },
	{ TUN, "tunnel source Ethernet0/0", NULL, GONE },
	{ TUN, "tunnel destination 192.0.2.1", NULL, GONE },
	{ TUN, "tunnel destination peer.example", NULL, GONE },
	{ TUN, "tunnel mode gre ip", "", GONE },
	{ TUN, "tunnel mode gre multipoint", NULL, GONE },
	{ TUN, "tunnel mode ipsec ipv4", NULL, GONE },
	{ TUN, "tunnel mode ipip", NULL, GONE },
	{ TUN, "tunnel mode ipv6ip", NULL, GONE },
	{ TUN, "tunnel mode ipv6ip 6to4", NULL, GONE },
	{ TUN, "tunnel mode dvmrp", NULL, GONE },
	{ TUN, "tunnel key 4294967295", NULL, GONE },
	{ TUN, "tunnel checksum", NULL, GONE },
	{ TUN, "tunnel sequence-datagrams", NULL, GONE },
	{ TUN, "tunnel ttl 64", NULL, GONE },
	{ TUN, "tunnel tos 255", NULL, GONE },
	{ TUN, "tunnel path-mtu-discovery", NULL, GONE },
	{ TUN, "tunnel path-mtu-discovery age-timer infinite min-mtu 92", NULL, GONE },
	{ TUN, "tunnel protection ipsec profile IP shared", NULL, GONE },
	{ TUN, "tunnel vrf RED", NULL, GONE },
	{ TUN, "keepalive", "keepalive 10 3", GONE },
	{ TUN, "keepalive 5 4", NULL, GONE },
	/* access lists; `no access-list` takes the whole list */
	{ NULL, "access-list 1 permit 10.0.0.0 0.255.255.255", NULL, GONE },
	{ NULL, "access-list 1999 deny any log", "access-list 1999 deny   any log", GONE },
	{ NULL, "access-list 99 permit host 192.0.2.1", "access-list 99 permit 192.0.2.1", GONE },
	{ NULL, "access-list 2699 permit 50 any any", "access-list 2699 permit esp any any", GONE },
	{ NULL, "access-list 101 permit 6 any any", "access-list 101 permit tcp any any", GONE },
	{ NULL, "access-list 101 permit 132 any any", NULL, GONE },
	{ NULL, "access-list 101 permit ip 10.0.0.0 0.0.0.0 0.0.0.0 255.255.255.255",
	  "access-list 101 permit ip host 10.0.0.0 any", GONE },
	{ NULL, "access-list 101 permit tcp any eq 80 any neq 22 23",
	  "access-list 101 permit tcp any eq www any neq 22 telnet", GONE },
	{ NULL, "access-list 101 permit udp any eq 500 4500 any",
	  "access-list 101 permit udp any eq isakmp non500-isakmp any", GONE },
	{ NULL, "access-list 101 permit tcp any any range 20 21",
	  "access-list 101 permit tcp any any range ftp-data ftp", GONE },
	{ NULL, "access-list 101 permit tcp any any eq www established log", NULL, GONE },
	{ NULL, "access-list 101 permit tcp any any ack syn", NULL, GONE },
	{ NULL, "access-list 101 permit icmp any any 8", "access-list 101 permit icmp any any echo", GONE },
	{ NULL, "access-list 101 permit icmp any any 3 4", "access-list 101 permit icmp any any packet-too-big", GONE },
	{ NULL, "access-list 101 permit ip any any precedence 5 tos 8",
	  "access-list 101 permit ip any any precedence critical tos min-delay", GONE },
	{ NULL, "access-list 101 permit ip any any dscp 46 log-input",
	  "access-list 101 permit ip any any dscp ef log-input", GONE },
	{ NULL, "access-list 101 permit ip any any fragments", NULL, GONE },
	{ NULL, "access-list 101 remark to the branch", NULL, GONE },
	{ EXT, "permit ip any any", NULL, GONE },
	{ EXT, "5 permit ip any any", NULL, GONE },
	{ EXT, "deny tcp any any gt 1023", "deny   tcp any any gt 1023", GONE },
	{ EXT, "remark to the branch", NULL, GONE },
	{ STD, "permit 192.0.2.1", NULL, GONE },
	{ STD, "deny 10.0.0.0 0.0.0.255 log", "deny   10.0.0.0 0.0.0.255 log", GONE },
	{ NULL, "ip access-list log-update threshold 10", NULL, GONE },
	/* routes and what is global */
	{ NULL, "call rsvp-sync", NULL, GONE },
	{ NULL, "crypto isakmp disconnect-revoked-peers", NULL, GONE },
	{ NULL, "hostname R2", NULL, STAYS },
	{ NULL, "ip domain name example", NULL, GONE },
	{ NULL, "ip domain-name example", "ip domain name example", GONE },
	{ NULL, "ip route 0.0.0.0 0.0.0.0 192.0.2.1", NULL, GONE },
	{ NULL, "ip route 10.0.0.0 255.0.0.0 Null0 250 tag 7 permanent name sink track 3", NULL, GONE },
	{ NULL, "ip route 10.0.0.0 255.0.0.0 Ethernet0/0 192.0.2.1 tag 5", NULL, GONE },
	{ NULL, "ip route 10.0.0.0 255.0.0.0 192.0.2.1 1 track 5", "ip route 10.0.0.0 255.0.0.0 192.0.2.1 track 5", GONE },
	{ NULL, "ip route vrf RED 10.0.0.0 255.0.0.0 192.0.2.1", NULL, GONE },
	{ NULL, "crypto logging session", NULL, GONE },
	{ TRUST, "enrollment terminal pem", NULL, GONE },
	{ TRUST, "enrollment url http://192.0.2.1", NULL, GONE },
	{ TRUST, "subject-name CN=r1", NULL, GONE },
	{ TRUST, "serial-number none", NULL, GONE },
	{ TRUST, "fqdn none", NULL, GONE },
	{ TRUST, "rsakeypair L 2048", NULL, GONE },
	{ TRUST, "revocation-check crl none", NULL, GONE },
	{ NULL, "crypto ca trustpoint OLD", "crypto pki trustpoint OLD", STAYS },
};

/* The line stands in running-config, in its block if there is one. */
static bool has_line(const char *text, const char *line, bool below)
{
	struct txt want = TXT_INIT;
	bool has;

	if (!strncmp(text, line, strlen(line)) && text[strlen(line)] == '\n')
		return true; /* the first of all */
	txt_printf(&want, "\n%s%s\n", below ? " " : "", line);
	has = strstr(text, txt_cstr(&want)) != NULL;
	txt_fini(&want);
	return has;
}

static void enter(struct router *r, const struct form *f)
{
	if (!f->enter)
		return;
	type(r, f->enter);
	if (r->last.status != CLI_OK)
		fail_msg("%s: %s", f->enter, txt_cstr(&r->last.out));
}

static void try_form(const struct form *f)
{
	const char *want = f->printed ? f->printed : f->line;
	struct router r;
	struct txt no = TXT_INIT;

	router_up(&r, M_CONFIG);
	enter(&r, f);
	char *before = strdup(running(&r));
	type(&r, f->line);
	if (r.last.status != CLI_OK)
		fail_msg("%s: %s", f->line, txt_cstr(&r.last.out));
	if (*want ? !has_line(running(&r), want, f->enter != NULL) : strcmp(running(&r), before) != 0)
		fail_msg("%s: is printed as\n%s", f->line, running(&r));
	assert_round_trip(r.c);

	bool off = !strncmp(f->line, "no ", 3);
	txt_printf(&no, "%s%s", off ? "" : "no ", off ? f->line + 3 : f->line);
	cli_session_goto(r.s, M_CONFIG);
	cli_session_set_interactive(r.s, false); /* no questions */
	enter(&r, f);
	type(&r, txt_cstr(&no));
	if (r.last.status != CLI_OK)
		fail_msg("%s: %s", txt_cstr(&no), txt_cstr(&r.last.out));
	if (f->after_no == GONE && strcmp(running(&r), before) != 0)
		fail_msg("%s leaves\n%s", txt_cstr(&no), running(&r));
	txt_fini(&no);
	free(before);
	router_down(&r);
}

static void each_form_is_taken_printed_and_taken_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		try_form(&forms[i]);
}

/* `default` puts back what `no` may not. */
static void default_puts_settings_back(void **state)
{
	static const char *const rows[][3] = {
		{ ISAKMP, "lifetime 60", "default lifetime" },
		{ ISAKMP, "group 14", "default group" },
		{ SET, "mode transport", "default mode" },
		{ NULL, "no crypto isakmp enable", "default crypto isakmp enable" },
		{ NULL, "no crypto ipsec nat-transparency udp-encapsulation",
		  "default crypto ipsec nat-transparency udp-encapsulation" },
		{ ETH, "ip mtu 1400", "default ip mtu" },
		{ ETH, "shutdown", "default shutdown" },
		{ TUN, "tunnel mode ipip", "default tunnel mode" },
		{ TUN, "keepalive 5 4", "default keepalive" },
		{ MAP, "set pfs group14", "default set pfs" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		if (rows[i][0])
			type(&r, rows[i][0]);
		char *before = strdup(running(&r));
		for (size_t k = 1; k < 3; k++) {
			type(&r, rows[i][k]);
			if (r.last.status != CLI_OK)
				fail_msg("%s: %s", rows[i][k], txt_cstr(&r.last.out));
			if (!strcmp(running(&r), before) != (k == 2))
				fail_msg("%s leads to\n%s", rows[i][k], running(&r));
		}
		free(before);
		router_down(&r);
	}
}

/* The order in which IOS prints what was typed in any order. */
static void lines_stand_in_the_order_of_ios(void **state)
{
	static const char *const typed[] = {
		MAP, "match address 101", "set transform-set T", "set pfs group14",
		"set security-association lifetime seconds 300", "set peer 192.0.2.1", "set peer 192.0.2.2",
		"description to the branch", ISAKMP, "lifetime 3600", "group 14", "authentication pre-share",
		"hash sha256", "encryption aes 256", SET, NULL,
	};
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; typed[i]; i++)
		type(&r, typed[i]);
	assert_string_equal(running(&r), "hostname R1\n!\n"
					 "crypto isakmp policy 10\n"
					 " encr aes 256\n"
					 " hash sha256\n"
					 " authentication pre-share\n"
					 " group 14\n"
					 " lifetime 3600\n!\n"
					 "crypto ipsec transform-set T esp-aes \n"
					 " mode tunnel\n!\n"
					 "crypto map M 10 ipsec-isakmp \n"
					 " description to the branch\n"
					 " set peer 192.0.2.1\n"
					 " set peer 192.0.2.2\n"
					 " set security-association lifetime seconds 300\n"
					 " set transform-set T\n"
					 " set pfs group14\n"
					 " match address 101\n!\n"
					 "end\n");
	router_down(&r);
}

static void a_remark_with_a_number_stands_where_it_says(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, EXT);
	type(&r, "10 permit tcp any any");
	type(&r, "30 permit udp any any");
	assert_string_equal(type(&r, "20 remark between"), "");
	assert_string_equal(type(&r, "5 remark first"), "");
	assert_non_null(strstr(running(&r), EXT "\n remark first\n permit tcp any any\n remark between\n"
						" 30 permit udp any any\n"));
	assert_round_trip(r.c);
	router_down(&r);
}

/* What stands behind a line of an alias is printed behind the row before it (cli_anchor_of()). */
static void an_alias_has_a_row_before_it(void **state)
{
	(void)state;
	for (const struct cli_row *const *t = commands_grammar()->tables; *t; t++)
		assert_false((*t)->toks && ((*t)->flags & ROW_ALIAS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_is_taken_printed_and_taken_back),
		cmocka_unit_test(default_puts_settings_back),
		cmocka_unit_test(lines_stand_in_the_order_of_ios),
		cmocka_unit_test(a_remark_with_a_number_stands_where_it_says),
		cmocka_unit_test(an_alias_has_a_row_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
