/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that nothing here acts on: their modes, prompts and lines. */
#include "helper.h"

static void a_kept_block_has_the_prompt_of_ios(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "router ospf 1", "R1(config-router)#" },
		{ "ip dhcp pool LAN", "R1(dhcp-config)#" },
		{ "ip dhcp excluded-address 10.0.0.1", "R1(config)#" },
		{ "ip vrf RED", "R1(config-vrf)#" },
		{ "vrf definition RED", "R1(config-vrf)#" },
		{ "aaa group server radius RAD", "R1(config-sg-radius)#" },
		{ "aaa new-model", "R1(config)#" },
		{ "ip sla 1", "R1(config-ip-sla)#" },
		{ "ip sla schedule 1 life forever start-time now", "R1(config)#" },
		{ "track 1 ip sla 1 reachability", "R1(config-track)#" },
		{ "class-map match-any VOICE", "R1(config-cmap)#" },
		{ "policy-map WAN", "R1(config-pmap)#" },
		{ "route-map RM permit 10", "R1(config-route-map)#" },
		{ "key chain K", "R1(config-keychain)#" },
		{ "time-range T", "R1(config-time-range)#" },
		{ "object-group network N", "R1(config-network-group)#" },
		{ "control-plane", "R1(config-cp)#" },
		{ "vpdn enable", "R1(config)#" },
		{ "vpdn-group 1", "R1(config-vpdn)#" },
		{ "l2tp-class C", "R1(config-l2tp-class)#" },
		{ "pseudowire-class P", "R1(config-pw-class)#" },
		{ "crypto ikev2 proposal P", "R1(config-ikev2-proposal)#" },
		{ "crypto ikev2 policy P", "R1(config-ikev2-policy)#" },
		{ "crypto ikev2 keyring K", "R1(config-ikev2-keyring)#" },
		{ "crypto ikev2 profile P", "R1(config-ikev2-profile)#" },
		{ "crypto ikev2 dpd 10 2 on-demand", "R1(config)#" },
		{ "crypto isakmp client configuration group G", "R1(config-isakmp-group)#" },
		{ "crypto isakmp client configuration address-pool local POOL", "R1(config)#" },
		{ "crypto pki token default removal timeout 0", "R1(config)#" },
		{ "crypto pki server CA", "R1(cs-server)#" },
		{ "crypto pki trustpool policy", "R1(ca-trustpool)#" },
		{ "crypto pki profile enrollment E", "R1(ca-profile-enroll)#" },
		{ "crypto identity ID", "R1(config-crypto-identity)#" },
		{ "crypto ipsec optional retry 60", "R1(config)#" },
		{ "crypto ipsec nat-transparency spi-matching", "R1(config)#" },
		{ "crypto ipsec security-association multi-sn", "R1(config)#" },
		{ "crypto map M redundancy replay-interval inbound 1000 outbound 1000", "R1(config)#" },
		{ "crypto ca lookup x", "R1(config)#" },
		{ "crypto ssl proposal P", "R1(config-crypto-ssl-proposal)#" },
		{ "crypto ssl policy P", "R1(config-crypto-ssl-policy)#" },
		{ "crypto ssl profile P", "R1(config-crypto-ssl-profile)#" },
		{ "crypto ssl authorization policy P", "R1(config-crypto-ssl-auth-policy)#" },
		{ "crypto map L2 10 ipsec-isakmp profile P", "R1(config-crypto-map)#" },
		{ "crypto key storage usbtoken0:", "R1(config)#" },
		{ "crypto isakmp diagnose error", "R1(config)#" },
		{ "crypto isakmp diagnose performance", "R1(config)#" },
		{ "crypto ipsec default transform-set", "R1(config)#" },
		{ "interface Virtual-Template1 type tunnel", "R1(config-if)#" },
		{ "access-list 700 permit 0000.0000.0000", "R1(config)#" },
		{ "access-list compiled", "R1(config)#" },
		{ "ntp server 192.0.2.1", "R1(config)#" },
		{ "snmp-server community public RO", "R1(config)#" },
		{ "ip nat inside source list 1 interface Ethernet0/0 overload", "R1(config)#" },
	};
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		type(&r, rows[i].line);
		assert_int_equal(r.last.status, CLI_OK);
		assert_string_equal(prompt(&r), rows[i].want);
		assert_non_null(strstr(running(&r), rows[i].line));
	}
	assert_round_trip(r.c);
	router_down(&r);
}

/* Types lines, "-> PROMPT" after each is what it leads to. */
static void a_mode_within_a_kept_block_is_entered_and_left(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "crypto ikev2 keyring K", "R1(config-ikev2-keyring)#" },
		{ "peer A", "R1(config-ikev2-keyring-peer)#" },
		{ "address 192.0.2.1", "R1(config-ikev2-keyring-peer)#" },
		{ "exit", "R1(config-ikev2-keyring)#" },
		{ "peer B", "R1(config-ikev2-keyring-peer)#" },
		{ "address 192.0.2.2", "R1(config-ikev2-keyring-peer)#" },
		{ "policy-map WAN", "R1(config-pmap)#" },
		{ "class VOICE", "R1(config-pmap-c)#" },
		{ "priority 100", "R1(config-pmap-c)#" },
		{ "exit", "R1(config-pmap)#" },
		{ "exit", "R1(config)#" },
		{ "router bgp 65000", "R1(config-router)#" },
		{ "address-family ipv4", "R1(config-router-af)#" },
		{ "network 10.0.0.0", "R1(config-router-af)#" },
		{ "exit-address-family", "R1(config-router)#" },
		{ "neighbor 192.0.2.9 remote-as 1", "R1(config-router)#" },
		{ "interface Loopback0", "R1(config-if)#" },
	};
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		type(&r, rows[i].line);
		assert_int_equal(r.last.status, CLI_OK);
		assert_string_equal(prompt(&r), rows[i].want);
	}
	const char *text = running(&r);
	assert_non_null(strstr(text, "policy-map WAN\n class VOICE\n  priority 100\n"));
	assert_non_null(strstr(text, "crypto ikev2 keyring K\n peer A\n  address 192.0.2.1\n peer B\n"
				     "  address 192.0.2.2\n"));
	assert_non_null(strstr(text, "router bgp 65000\n address-family ipv4\n  network 10.0.0.0\n"
				     "  exit-address-family\n neighbor 192.0.2.9 remote-as 1\n"));
	assert_round_trip(r.c);
	router_down(&r);
}

/* Each of these begins as a global command does; a line that leads elsewhere shows that the last one was kept. */
static void words_of_a_kept_block_are_not_the_global_commands_of_that_name(void **state)
{
	static const struct {
		const char *block, *line, *kept;
	} rows[] = {
		{ "object-group network N", "host 192.0.2.1", "\n host 192.0.2.1\n" },
		{ "ip dhcp pool PRINTER", "host 10.0.0.5 255.255.255.0", "\n host 10.0.0.5 255.255.255.0\n" },
		{ "l2tp-class C", "hostname LAC", "\n hostname LAC\n" },
		{ "router rip", "version 2", "\n version 2\n" },
		{ "event manager applet A", "event none", "\n event none\n" },
		{ "crypto ipsec client ezvpn EZ", "username joe password secret", "\n username joe password secret\n" },
		{ "pseudowire-class P", "ip local interface Loopback0", "\n ip local interface Loopback0\n" },
		{ "track 1 ip route 10.0.0.0 255.0.0.0 reachability", "ip vrf RED", "\n ip vrf RED\n" },
		{ "flow exporter E", "transport udp 9996", "\n transport udp 9996\n" },
		{ "crypto ikev2 profile P", "aaa authorization group psk list L G", "\n aaa authorization group psk list L G\n" },
		{ "router ospf 1", "no snmp context vrf RED", "\n no snmp context vrf RED\n" },
	};
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *before;

		type(&r, rows[i].block);
		before = strdup(prompt(&r));
		assert_string_equal(type(&r, rows[i].line), "");
		assert_string_equal(prompt(&r), before);
		assert_non_null(strstr(running(&r), rows[i].kept));
		/* what is a global command and none of the block's leads away, as ever */
		type(&r, "interface Loopback0");
		assert_string_equal(prompt(&r), "R1(config-if)#");
		type(&r, "exit"); /* some of the blocks are lines of an interface, too */
		free(before);
	}
	assert_string_equal(r.c->hostname, "R1");
	assert_round_trip(r.c);
	router_down(&r);
}

static void no_takes_a_line_of_a_kept_block_back_with_what_is_below_it(void **state)
{
	static const char *const typed[] = {
		"router bgp 65000", "network 10.1.0.0", "network 10.2.0.0", "no network 10.1.0.0",
		"no synchronization", "address-family ipv4", "network 10.3.0.0", "exit",
		"address-family ipv6", "network 2001:DB8::/32", "network 2001:DB8:1::/48", "no network 2001:DB8::/32",
		"exit", "no address-family ipv4", "no network 10.9.0.0",
	};
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++)
		assert_string_equal(type(&r, typed[i]), "");
	/* what was not there is a setting, as `no auto-summary` is */
	assert_string_equal(running(&r), "hostname R1\n!\n"
					 "router bgp 65000\n"
					 " network 10.2.0.0\n"
					 " no synchronization\n"
					 " address-family ipv6\n"
					 "  network 2001:DB8:1::/48\n"
					 " no network 10.9.0.0\n"
					 "!\nend\n");
	assert_round_trip(r.c);
	router_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kept_block_has_the_prompt_of_ios),
		cmocka_unit_test(a_mode_within_a_kept_block_is_entered_and_left),
		cmocka_unit_test(words_of_a_kept_block_are_not_the_global_commands_of_that_name),
		cmocka_unit_test(no_takes_a_line_of_a_kept_block_back_with_what_is_below_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
