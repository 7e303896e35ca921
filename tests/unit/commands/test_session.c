/* SPDX-License-Identifier: Apache-2.0 */
#include "helper.h"

static void wrong_word_gets_a_caret_below_its_first_wrong_character(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	assert_string_equal(type(&r, "crypto isakmp polcy 10"),
			    "                            ^\n"
			    "% Invalid input detected at '^' marker.\n\n");
	assert_int_equal(r.last.col, 17);
	assert_true(r.last.kept);
	router_down(&r);
}

/* At the keyboard there is IOS's text alone: programs compare it. */
static void in_a_file_the_word_that_was_meant_is_named(void **state)
{
	struct report report = { 0 };
	struct config *c = load("crypto isakmp polcy 10\n", &report);

	(void)state;
	assert_int_equal(report.n, 1);
	assert_string_equal(report.v[0].text, "                 ^\n"
					      "% Invalid input detected at '^' marker.\n"
					      "% Hint: did you mean \"policy\"?\n");
	report_fini(&report);
	config_free(c);
}

static void numbers_out_of_range_are_refused(void **state)
{
	static const struct {
		const char *enter, *line;
		bool ok;
	} rows[] = {
		{ NULL, "crypto isakmp policy 0", false },
		{ NULL, "crypto isakmp policy 1", true },
		{ NULL, "crypto isakmp policy 10000", true },
		{ NULL, "crypto isakmp policy 10001", false },
		{ "crypto isakmp policy 1", "lifetime 59", false },
		{ "crypto isakmp policy 1", "lifetime 60", true },
		{ "crypto isakmp policy 1", "lifetime 86400", true },
		{ "crypto isakmp policy 1", "lifetime 86401", false },
		{ "crypto isakmp policy 1", "lifetime 99999999999999999999", false },
		{ "crypto isakmp policy 1", "lifetime -1", false },
		{ "crypto isakmp policy 1", "group 3", false },
		{ NULL, "crypto ipsec security-association lifetime seconds 119", false },
		{ NULL, "crypto ipsec security-association lifetime seconds 120", true },
		{ NULL, "crypto ipsec security-association lifetime kilobytes 2559", false },
		{ NULL, "crypto ipsec security-association lifetime kilobytes 4294967295", true },
		{ NULL, "crypto ipsec security-association lifetime kilobytes 4294967296", false },
		{ NULL, "crypto map M 0 ipsec-isakmp", false },
		{ NULL, "crypto map M 65535 ipsec-isakmp", true },
		{ NULL, "crypto map M 65536 ipsec-isakmp", false },
		{ "interface Tunnel0", "ip mtu 67", false },
		{ "interface Tunnel0", "ip mtu 1420", true },
		{ "interface Tunnel0", "ip tcp adjust-mss 499", false },
		{ "interface Tunnel0", "tunnel key 4294967295", true },
		{ NULL, "interface Tunnel 2147483647", true },
		{ NULL, "interface Tunnel 2147483648", false },
		{ NULL, "access-list 200 permit ip any any", false },
		{ NULL, "access-list 2699 permit ip any any", true },
		{ NULL, "access-list 101 permit 256 any any", false },
		{ NULL, "access-list 101 permit tcp any eq 65536 any", false },
		{ NULL, "hostname "
			"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789_0",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		if (rows[i].enter)
			type(&r, rows[i].enter);
		type(&r, rows[i].line);
		if ((r.last.status == CLI_OK) != rows[i].ok)
			fail_msg("%s: %s", rows[i].line, txt_cstr(&r.last.out));
		router_down(&r);
	}
}

static void abbreviations_are_taken_if_they_are_unique(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_USER);
	assert_string_equal(prompt(&r), "R1>");
	type(&r, "en");
	assert_int_equal(r.last.action, EXEC_ENABLE); /* whoever acts may ask for a password */
	cli_session_set_level(r.s, 15);
	assert_string_equal(prompt(&r), "R1#");
	assert_string_equal(type(&r, "sh i"), "% Ambiguous command:  \"sh i\"\n\n");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "sh ip int br");
	assert_int_equal(r.last.action, EXEC_SHOW_IP_INTERFACE_BRIEF);
	type(&r, "sh cry isa sa det");
	assert_int_equal(r.last.action, EXEC_SHOW_ISAKMP_SA);
	assert_true(((struct exec_args *)r.last.args)->detail);
	assert_string_equal(type(&r, "config term"),
			    "Enter configuration commands, one per line.  End with CNTL/Z.\n");
	assert_string_equal(prompt(&r), "R1(config)#");
	type(&r, "cry isa pol 5");
	assert_string_equal(prompt(&r), "R1(config-isakmp)#");
	type(&r, "enc ae 256");
	type(&r, "auth pre");
	type(&r, "gr 14");
	assert_int_equal(r.c->isakmp.policies.v[0]->p.cipher_bits, 256);
	assert_int_equal(r.c->isakmp.policies.v[0]->p.group, 14);
	/* `1` is exact although 14, 15 and 16 begin with it */
	type(&r, "group 1");
	assert_int_equal(r.c->isakmp.policies.v[0]->p.group, 1);
	router_down(&r);
}

static void global_commands_leave_a_mode_by_themselves(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto isakmp policy 5");
	type(&r, "crypto ipsec transform-set T esp-aes 256 esp-sha-hmac");
	assert_string_equal(prompt(&r), "R1(cfg-crypto-trans)#");
	type(&r, "crypto map M 10 ipsec-isakmp");
	assert_string_equal(prompt(&r), "R1(config-crypto-map)#");
	type(&r, "ip access-list extended L");
	assert_string_equal(prompt(&r), "R1(config-ext-nacl)#");
	type(&r, "interface fa 0/1");
	assert_string_equal(prompt(&r), "R1(config-if)#");
	assert_string_equal(r.c->interfaces.v[0]->name, "FastEthernet0/1");
	type(&r, "ip route 10.0.0.0 255.0.0.0 192.0.2.2");
	assert_string_equal(prompt(&r), "R1(config)#");
	type(&r, "crypto isakmp policy 5");
	type(&r, "exit");
	assert_string_equal(prompt(&r), "R1(config)#");
	type(&r, "crypto isakmp policy 5");
	type(&r, "end");
	assert_true(r.last.ended);
	assert_string_equal(prompt(&r), "R1#");
	router_down(&r);
}

/* `no` does not count as a word that the mode knows better. */
/* A line that was refused for what is there, and not kept, has nothing below it, however the next one is indented;
 * what it would have entered a mode for is not kept either. */
static void nothing_stands_below_a_line_that_was_not_kept(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "interface Tunnel0");
	type(&r, "ip address 10.1.1.1 255.255.255.0");
	type(&r, "interface Ethernet0/0");
	type(&r, "ip address 10.2.2.2 255.255.255.0");
	assert_string_equal(type(&r, "ip address 10.1.1.2 255.255.255.0"), "% 10.1.1.0 overlaps with Tunnel0\n");
	type(&r, " shutdown");
	assert_true(config_find_interface(r.c, "Ethernet0/0")->shutdown);
	type(&r, "ip access-list extended A");
	type(&r, "permit ip any any");
	assert_string_equal(type(&r, "ip access-list standard A"), "% A named IP access list with this name already exists\n");
	type(&r, " permit 10.0.0.0 0.255.255.255");
	assert_null(strstr(running(&r), "permit 10.0.0.0"));
	assert_round_trip(r.c);
	router_down(&r);
}

static void an_interface_takes_the_address_of_a_host_only(void **state)
{
	static const struct {
		const char *line, *said;
	} rows[] = {
		{ "ip address 224.1.1.1 255.255.255.0", "Not a valid host address - 224.1.1.1\n" },
		{ "ip address 127.0.0.1 255.0.0.0", "Not a valid host address - 127.0.0.1\n" },
		{ "ip address 0.0.0.0 0.0.0.0", "Not a valid host address - 0.0.0.0\n" },
		{ "ip address 10.5.0.0 255.255.255.0", "Bad mask /24 for address 10.5.0.0\n" },
		{ "ip address 10.5.0.255 255.255.255.0 secondary", "Bad mask /24 for address 10.5.0.255\n" },
		{ "ip address 10.5.0.3 255.255.255.252", "Bad mask /30 for address 10.5.0.3\n" },
		{ "ip address 10.5.0.2 255.255.255.254", "" },
		{ "ip address 10.5.0.0 255.255.255.255", "" },
	};
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "interface Ethernet0/0");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(type(&r, rows[i].line), rows[i].said);
		assert_int_equal(r.last.status, *rows[i].said ? CLI_ERROR : CLI_OK);
	}
	assert_string_equal(type(&r, "interface Fasthernet0/1"),
			    "% NOTE: IOS has no interface Fasthernet0/1, and no device of Linux is called so.\n");
	assert_string_equal(type(&r, "interface Fasthernet0/1"), "");
	assert_string_equal(type(&r, "interface wg0"), "");
	router_down(&r);
}

static void the_crypto_map_of_an_interface_goes_without_its_name(void **state)
{
	static const char *const lines[] = { "no crypto map", "no crypto map M", "default crypto map" };
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto map M 10 ipsec-isakmp");
	type(&r, "interface Ethernet0/0");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		type(&r, "crypto map M redundancy G");
		assert_non_null(strstr(running(&r), "\n crypto map M redundancy G\n"));
		assert_string_equal(type(&r, lines[i]), "");
		assert_null(strstr(running(&r), "\n crypto map M"));
		assert_string_equal(prompt(&r), "R1(config-if)#");
	}
	router_down(&r);
}

static void global_no_forms_leave_a_mode_too(void **state)
{
	static const char *const lines[] = {
		"no ip http server", "no ip domain-lookup", "no ip domain lookup", "no service pad",
		"no aaa new-model",  "no ip route 0.0.0.0 0.0.0.0 192.0.2.1",
		"default ip http server",
	};
	static const char *const modes[] = {
		"interface FastEthernet0/0", "crypto map M 10 ipsec-isakmp",
		"crypto isakmp policy 10", "ip access-list extended A",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		for (size_t k = 0; k < sizeof(modes) / sizeof(modes[0]); k++) {
			struct router r;

			router_up(&r, M_CONFIG);
			type(&r, modes[k]);
			type(&r, "exit"); /* what is said of new objects is said */
			type(&r, modes[k]);
			assert_string_equal(type(&r, lines[i]), "");
			assert_string_equal(prompt(&r), "R1(config)#");
			router_down(&r);
		}
	}
}

/* `no router` and the like name nothing: IOS asks for more, and nothing goes. */
static void a_no_that_names_nothing_removes_nothing(void **state)
{
	static const char *const have[] = {
		"crypto keyring KR",
		"crypto isakmp profile PROF",	   "router ospf 1",
		"route-map RM permit 10",	   "line vty 0 4",
		"enable secret 5 x",		   "username bob secret 5 y",
		"ip dhcp pool A",		   "crypto isakmp key secretkey address 192.0.2.1",
	};
	static const char *const vague[] = {
		"no crypto",		     "no crypto pki",	       "no crypto pki trustpoint",
		"no crypto keyring",	     "no crypto isakmp",       "no crypto isakmp profile",
		"no router",		     "no route-map",	       "no line",
		"no enable",		     "no username",	       "no ip dhcp",
		"no crypto isakmp key",	     "no crypto isakmp key secretkey",
		"no crypto isakmp key secretkey address",
	};
	struct router r;
	char *before;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(have) / sizeof(have[0]); i++)
		type(&r, have[i]);
	before = strdup(running(&r));
	type(&r, "hostname R1");
	for (size_t i = 0; i < sizeof(vague) / sizeof(vague[0]); i++) {
		assert_string_equal(type(&r, vague[i]), "% Incomplete command.\n\n");
		assert_string_equal(running(&r), before);
	}
	free(before);
	/* said in full (or up to the name), they go */
	for (size_t i = 0; i < sizeof(have) / sizeof(have[0]); i++) {
		char line[128];

		snprintf(line, sizeof(line), "no %s", have[i]);
		assert_string_equal(type(&r, line), "");
	}
	assert_string_equal(running(&r), "hostname R1\n!\nend\n");
	type(&r, "route-map RM permit 10");
	type(&r, "route-map RM permit 20");
	type(&r, "enable secret 5 x");
	assert_string_equal(type(&r, "no route-map RM"), "");
	assert_string_equal(type(&r, "no enable secret"), "");
	assert_string_equal(running(&r), "hostname R1\n!\nend\n");
	/* a block that has no name is not vague */
	assert_string_equal(type(&r, "no archive"), "");
	router_down(&r);
}

/* `password` and others are global commands as well; in a line they are the line's,
 * as people type it and as lab books print it. */
static void words_of_a_kept_block_stay_in_it_without_indentation(void **state)
{
	static const char *const typed[] = {
		"line vty 0 4", "password cisco", "login", "transport input ssh",
		"logging synchronous", "exec-timeout 0 0", "privilege level 15", "router ospf 1",
		"network 10.0.0.0 0.0.0.255 area 0", "default-information originate",
		"ip http server", "router ospf 1", "!", "logging trap debugging",
		"key chain K", "key 1", "key-string 7 x", "key chain L",
		"crypto isakmp profile P", "vrf V",
	};
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		type(&r, typed[i]);
		assert_int_equal(r.last.status, CLI_OK);
	}
	assert_string_equal(prompt(&r), "R1(conf-isa-prof)#");
	assert_string_equal(running(&r), "hostname R1\n"
					 "!\n"
					 "key chain K\n"
					 " key 1\n"
					 "  key-string 7 x\n"
					 "!\n"
					 "key chain L\n"
					 "!\n"
					 "crypto isakmp profile P\n"
					 " vrf V\n"
					 "!\n"
					 "router ospf 1\n"
					 " network 10.0.0.0 0.0.0.255 area 0\n"
					 " default-information originate\n"
					 "!\n"
					 "ip http server\n"
					 "!\n"
					 "logging trap debugging\n"
					 "!\n"
					 "line vty 0 4\n"
					 " exec-timeout 0 0\n"
					 " privilege level 15\n"
					 " password cisco\n"
					 " logging synchronous\n"
					 " login\n"
					 " transport input ssh\n"
					 "!\n"
					 "end\n");
	assert_round_trip(r.c);
	router_down(&r);
}

/* What stands below such a line must not fall into the interface before it. */
static void what_was_typed_wrong_stands_in_the_history_where_it_is_no_secret(void **state)
{
	static const struct {
		unsigned mode;
		const char *line;
		bool shown;
	} rows[] = {
		{ M_EXEC, "sohw ip route", true },
		{ M_EXEC, "show ip intrface brief", true },
		{ M_EXEC, "shwo run | include hunter2", true },
		{ M_EXEC, "show ip interface brief", true },
		{ M_EXEC, "crypto isakmp key hunter2 address 192.0.2.2", false }, /* in the wrong mode */
		{ M_EXEC, "crypto isakmp kye hunter2 address 192.0.2.2", false },
		{ M_EXEC, "username bob 0 hunter2", false },
		{ M_EXEC, "enable passwrod hunter2", false },
		{ M_EXEC, "cpoy ftp://bob:hunter2@192.0.2.2/x running-config", false },
		{ M_CONFIG, "interface Ethernet0/0 foo", true },
		{ M_CONFIG, "crypto isakmp kye hunter2 address 192.0.2.2", false },
		{ M_CONFIG, "crpto isakmp kye hunter2 address 192.0.2.2", false },
		{ M_CONFIG, "usrname bob 0 hunter2", false },
		{ M_INTERFACE, "mtu 1500 bytes", true },
		{ M_INTERFACE, "crypto isakmp kye hunter2", false },
	};
	struct txt out = TXT_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		txt_clear(&out);
		cli_mask_typed(commands_grammar(), rows[i].mode, rows[i].line, &out);
		if (rows[i].shown)
			assert_string_equal(txt_cstr(&out), rows[i].line);
		else if (strstr(txt_cstr(&out), "hunter2"))
			fail_msg("%s: %s", rows[i].line, txt_cstr(&out));
	}
	txt_fini(&out);
}

/* As IOS: in the address's place, and only where there is none. */
static void an_interface_without_an_address_says_so(void **state)
{
	static const struct {
		const char *lines[4], *want;
	} rows[] = {
		{ { "description d", "shutdown" }, " description d\n no ip address\n shutdown\n" },
		{ { "description d" }, " description d\n no ip address\n" },
		{ { "shutdown" }, " no ip address\n shutdown\n" },
		{ { NULL }, " no ip address\n" },
		{ { "ip address 10.1.1.1 255.255.255.0" }, " ip address 10.1.1.1 255.255.255.0\n" },
		{ { "ip address dhcp" }, " ip address dhcp\n" },
		{ { "ip unnumbered Loopback0" }, " ip unnumbered Loopback0\n" },
		{ { "description no ip address" }, " description no ip address\n no ip address\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;
		char want[200];

		router_up(&r, M_CONFIG);
		(void)type(&r, "interface Ethernet0/0");
		for (size_t k = 0; k < 4 && rows[i].lines[k]; k++)
			(void)type(&r, rows[i].lines[k]);
		txt_clear(&r.out);
		commands_render_interface(r.c, "Ethernet0/0", &r.out);
		snprintf(want, sizeof(want), "interface Ethernet0/0\n%s", rows[i].want);
		assert_string_equal(txt_cstr(&r.out), want);
		txt_clear(&r.out);
		commands_render_interface(r.c, "Ethernet0/1", &r.out);
		assert_string_equal(txt_cstr(&r.out), "");
		router_down(&r);
	}
}

static void sub_interfaces_of_serial_lines_are_entered(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "interface FastEthernet0/0");
	type(&r, "ip address 192.0.2.1 255.255.255.0");
	assert_string_equal(type(&r, "interface Serial0/0.1 point-to-point"), "");
	type(&r, "ip address 10.1.1.1 255.255.255.252");
	assert_string_equal(type(&r, "int s0/0.2 mul"), "");
	type(&r, "int s0/0.1");
	assert_string_equal(running(&r), "hostname R1\n!\n"
					 "interface FastEthernet0/0\n"
					 " ip address 192.0.2.1 255.255.255.0\n!\n"
					 "interface Serial0/0.1 point-to-point\n"
					 " ip address 10.1.1.1 255.255.255.252\n!\n"
					 "interface Serial0/0.2 multipoint\n!\n"
					 "end\n");
	assert_round_trip(r.c);
	txt_clear(&r.out);
	commands_render_interface(r.c, "Serial0/0.1", &r.out);
	assert_string_equal(txt_cstr(&r.out), "interface Serial0/0.1 point-to-point\n"
					      " ip address 10.1.1.1 255.255.255.252\n");
	type(&r, "no interface Serial0/0.2");
	assert_null(strstr(running(&r), "Serial0/0.2"));
	router_down(&r);
}

/* IOS's refusal, where the host has the port; a file that says so is obeyed. */
static void a_port_that_is_there_is_not_removed(void **state)
{
	static const char refusal[] = "% Removal of physical interfaces is not permitted\n";
	static const struct {
		const char *name;
		bool bound, stays;
	} rows[] = {
		{ "FastEthernet0/0", true, true },    { "FastEthernet0/1", false, false }, { "FastEthernet0/0.10", true, false },
		{ "Serial0/0", true, true },	      { "Virtual-Template1", true, false }, { "Dialer1", true, false },
		{ "Tunnel0", false, false },	      { "Loopback0", false, false },	    { "wg0", true, false },
	};
	struct cli_result file = { 0 };
	char line[64];
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(line, sizeof(line), "no interface %s", rows[i].name);
		(void)type(&r, line + 3);
		cli_session_goto(r.s, M_CONFIG);
		config_find_interface(r.c, rows[i].name)->bound = rows[i].bound;
		assert_string_equal(type(&r, line), rows[i].stays ? refusal : "");
		assert_int_equal(config_find_interface(r.c, rows[i].name) != NULL, rows[i].stays);
	}
	type(&r, "interface FastEthernet0/0");
	type(&r, "description x");
	type(&r, "exit");
	type(&r, "default interface FastEthernet0/0");
	assert_string_equal(config_find_interface(r.c, "FastEthernet0/0")->description, "");
	assert_string_equal(type(&r, "no interface FastEthernet0/0"), refusal);
	cli_session_line(r.s, r.c, "no interface FastEthernet0/0", 7, &file);
	assert_null(config_find_interface(r.c, "FastEthernet0/0"));
	cli_result_fini(&file);
	router_down(&r);
}

/* Words with which lines of an interface begin and global commands, too. */
static void global_lines_leave_an_interface_that_knows_their_first_word(void **state)
{
	static const char *const global[] = {
		"cdp run", "logging console", "lldp run", "clock timezone CET 1",
		"vrf definition V", "ip vrf V", "ipv6 unicast-routing",
		"ip nat inside source list 1 interface FastEthernet0/1 overload",
		"ip inspect name FW tcp", "ip pim rp-address 10.0.0.1", "no cdp run",
		"arp 10.0.0.1 0000.0000.0001 arpa",
	};
	static const char *const own[] = {
		"cdp enable", "no cdp enable", "logging event link-status", "clock rate 64000",
		"ip vrf forwarding V", "ip nat inside", "ip nat ins", "ip inspect FW in",
		"ipv6 nd ra suppress", "ipv6 ospf 1 area 0", "ip pim sparse-mode", "arp timeout 60",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(global) / sizeof(global[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		type(&r, "interface FastEthernet0/1");
		assert_string_equal(type(&r, global[i]), "");
		if (!strcmp(prompt(&r), "R1(config-if)#"))
			fail_msg("%s stays", global[i]);
		assert_int_equal(r.c->interfaces.v[0]->kept.n, 0);
		assert_round_trip(r.c);
		router_down(&r);
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		type(&r, "interface FastEthernet0/1");
		assert_string_equal(type(&r, own[i]), "");
		assert_string_equal(prompt(&r), "R1(config-if)#");
		assert_int_equal(r.c->interfaces.v[0]->kept.n, 1);
		assert_round_trip(r.c);
		router_down(&r);
	}
}

static void slips_at_the_keyboard_are_not_kept(void **state)
{
	static const char *const lines[] = { "do", "no no", "no exit", "no end", "no do show version",
					     "default no", "no" };
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		type(&r, lines[i]);
		assert_int_equal(r.last.status, CLI_ERROR);
		if (r.last.kept || r.c->kept.n)
			fail_msg("%s is kept", lines[i]);
	}
	router_down(&r);
}

static void default_interface_resets_and_no_interface_removes(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "interface Tunnel0");
	type(&r, "ip address 10.0.0.1 255.255.255.0");
	type(&r, "tunnel source 192.0.2.1");
	type(&r, "frob");
	type(&r, "exit");
	assert_string_equal(type(&r, "default interface Tunnel0"),
			    "Interface Tunnel0 set to default configuration\n");
	assert_string_equal(running(&r), "hostname R1\n!\ninterface Tunnel0\n!\nend\n");
	assert_true(r.c->interfaces.v[0]->is_tunnel);
	type(&r, "default interface Tunnel1");
	assert_int_equal(r.c->interfaces.n, 1);
	type(&r, "no interface Tunnel0");
	assert_int_equal(r.c->interfaces.n, 0);
	router_down(&r);
}

/* It stands in every prompt. */
static void an_address_and_unnumbered_replace_each_other(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "interface Tunnel0");
	type(&r, "ip address 10.0.0.1 255.255.255.0");
	type(&r, "ip address 10.0.1.1 255.255.255.0 secondary");
	type(&r, "ip unnumbered Loopback0");
	assert_non_null(strstr(running(&r), "interface Tunnel0\n ip unnumbered Loopback0\n!"));
	type(&r, "ip address 10.0.0.1 255.255.255.0");
	assert_non_null(strstr(running(&r), "interface Tunnel0\n ip address 10.0.0.1 255.255.255.0\n!"));
	router_down(&r);
}

static void a_hostname_has_no_control_characters(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "hostname R\a1");
	assert_int_equal(r.last.status, CLI_ERROR);
	assert_int_equal(r.last.col, 10);
	type(&r, "hostname R\x9b" "2J");
	assert_int_equal(r.last.status, CLI_ERROR);
	assert_string_equal(r.c->hostname, "R1");
	assert_string_equal(type(&r, "hostname R/2"),
			    "% Hostname contains one or more illegal characters.\n");
	assert_string_equal(r.c->hostname, "R/2");
	assert_string_equal(type(&r, "hostname edge-1.lab_2"), "");
	router_down(&r);
}

/* Known, kept and printed; what is not run is said. */
static void forms_that_are_not_run_are_kept_with_a_note(void **state)
{
	static const struct {
		const char *enter, *line;
	} rows[] = {
		{ "crypto map M 10 ipsec-isakmp", "set security-association idle-time 600 default" },
		{ "crypto map M 10 ipsec-isakmp", "reverse-route static" },
		{ NULL, "crypto map M client authentication list USERS" },
		{ NULL, "crypto map M client configuration address respond" },
		{ NULL, "crypto map M isakmp authorization list GROUPS" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;
		char no[128];

		router_up(&r, M_CONFIG);
		if (rows[i].enter)
			type(&r, rows[i].enter);
		const char *said = type(&r, rows[i].line);
		if (r.last.status != CLI_OK || strncmp(said, "% NOTE: ", 8))
			fail_msg("%s: %s", rows[i].line, said);
		assert_non_null(strstr(running(&r), rows[i].line));
		assert_round_trip(r.c);
		snprintf(no, sizeof(no), "no %s", rows[i].line);
		assert_string_equal(type(&r, no), "");
		assert_null(strstr(running(&r), rows[i].line));
		router_down(&r);
	}
}

static void how_packets_are_cut_is_configured_in_ios_words(void **state)
{
	static const struct {
		const char *enter, *line;
		uint8_t df_bit, frag, age;
		uint16_t least;
	} rows[] = {
		{ "interface FastEthernet0/1", "crypto ipsec df-bit clear", DF_CLEAR + 1, 0, 0, 0 },
		{ "interface FastEthernet0/1", "crypto ipsec df-bit copy", DF_COPY + 1, 0, 0, 0 },
		{ "interface FastEthernet0/1", "crypto ipsec df-bit set", DF_SET + 1, 0, 0, 0 },
		{ "interface FastEthernet0/1", "crypto ipsec fragmentation after-encryption", 0, 2, 0, 0 },
		{ "interface FastEthernet0/1", "crypto ipsec fragmentation before-encryption", 0, 1, 0, 0 },
		{ "interface Tunnel0", "tunnel path-mtu-discovery", 0, 0, 0, 0 },
		{ "interface Tunnel0", "tunnel path-mtu-discovery age-timer 15", 0, 0, 15, 0 },
		{ "interface Tunnel0", "tunnel path-mtu-discovery age-timer infinite min-mtu 500", 0, 0,
		  PMTU_AGE_INFINITE, 500 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct cfg_interface *ci;
		struct router r;
		char no[128];

		router_up(&r, M_CONFIG);
		type(&r, rows[i].enter);
		assert_string_equal(type(&r, rows[i].line), "");
		assert_non_null(strstr(running(&r), rows[i].line));
		assert_round_trip(r.c);
		ci = config_find_interface(r.c, rows[i].enter + strlen("interface "));
		assert_non_null(ci);
		assert_int_equal(ci->df_bit, rows[i].df_bit);
		assert_int_equal(ci->frag, rows[i].frag);
		assert_int_equal(ci->tunnel.pmtu_age_min, rows[i].age);
		assert_int_equal(ci->tunnel.pmtu_least, rows[i].least);
		snprintf(no, sizeof(no), "no %s", rows[i].line);
		assert_string_equal(type(&r, no), "");
		assert_null(strstr(running(&r), rows[i].line));
		router_down(&r);
	}
}

/* In a file what they ask for follows. */
static void a_new_crypto_map_is_announced_only_when_typed(void **state)
{
	struct report report = { 0 };
	struct config *c = load("crypto map M 10 ipsec-isakmp\n set peer 192.0.2.1\n", &report);

	(void)state;
	assert_int_equal(report.n, 0);
	report_fini(&report);
	config_free(c);
}

/* DES and group 1 are IOS's defaults; said once, when a new policy is left. */
static void weak_defaults_of_a_new_policy_are_named(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	assert_string_equal(type(&r, "crypto isakmp policy 10"), "");
	assert_string_equal(type(&r, "authentication pre-share"), "");
	assert_string_equal(type(&r, "exit"), "% NOTE: policy 10 has encryption des and group 1, the "
					      "default, which is weak.\n");
	type(&r, "crypto isakmp policy 10");
	assert_string_equal(type(&r, "exit"), "");
	type(&r, "crypto isakmp policy 20");
	type(&r, "encryption aes");
	assert_string_equal(type(&r, "crypto isakmp policy 30"),
			    "% NOTE: policy 20 has group 1, the default, which is weak.\n");
	type(&r, "encryption aes 256");
	type(&r, "group 14");
	assert_string_equal(type(&r, "end"), "");
	cli_session_goto(r.s, M_CONFIG);
	type(&r, "crypto isakmp policy 40");
	assert_non_null(strstr(type(&r, "end"), "policy 40"));
	cli_session_goto(r.s, M_CONFIG);
	type(&r, "crypto isakmp policy 50");
	type(&r, "no crypto isakmp policy 50"); /* gone: nothing to say of it */
	assert_string_equal(txt_cstr(&r.last.out), "");
	router_down(&r);
}

/* Words that are global commands, too: below an interface they are the interface's. */
static void interface_lines_with_global_names_stay_there(void **state)
{
	static const char text[] = "hostname R1\n"
				   "!\n"
				   "interface Serial0/0\n"
				   " encapsulation frame-relay\n"
				   " frame-relay map ip 10.1.1.2 102 broadcast\n"
				   " isdn switch-type basic-net3\n"
				   " mpls ip\n"
				   " ntp disable\n"
				   " bfd interval 50 min_rx 50 multiplier 3\n"
				   " ip dhcp relay information trusted\n"
				   " ip ips SDM_IPS in\n"
				   " ip multicast boundary 10\n"
				   "!\n"
				   "end\n";
	struct report report = { 0 };
	struct config *c = load(text, &report);

	(void)state;
	assert_int_equal(report.n, 0);
	assert_int_equal(c->kept.n, 0);
	assert_int_equal(c->interfaces.v[0]->kept.n, 9);
	assert_round_trip(c);
	report_fini(&report);
	config_free(c);
}


static void do_runs_exec_lines_and_pipes_are_cut_off(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto isakmp policy 5");
	type(&r, "do show running-config | include crypto map");
	assert_int_equal(r.last.status, CLI_EXEC);
	assert_int_equal(r.last.action, EXEC_SHOW_RUNNING);
	assert_string_equal(r.last.pipe, "include crypto map");
	assert_string_equal(prompt(&r), "R1(config-isakmp)#");
	type(&r, "do show zebra here");
	assert_int_equal(r.last.status, CLI_ERROR);
	assert_int_equal(r.last.col, 8);
	/* without `do` it is no configuration line, and it is not kept */
	type(&r, "show running-config");
	assert_int_equal(r.last.status, CLI_ERROR);
	assert_false(r.last.kept);
	router_down(&r);
}

/* Whoever keeps lines with the paths to their modes has the configuration that they made. */
static void lines_behind_their_paths_make_the_same_configuration(void **state)
{
	static const char *const lines[] = {
		"hostname R7", "crypto isakmp policy 5", "encr aes 256", "group 14", "crypto isakmp key secret address 192.0.2.2",
		"crypto ipsec transform-set TS esp-aes esp-sha-hmac", "mode transport", "ip access-list extended LAN",
		"permit ip 10.1.1.0 0.0.0.255 10.2.2.0 0.0.0.255", "5 deny ip host 10.1.1.9 any", "no 10", "permit ip any host 10.9.9.9",
		"crypto map M 10 ipsec-isakmp", "set peer 192.0.2.2", "set transform-set TS", "description the peer", "match address LAN",
		"no set transform-set TS", "exit", "crypto map M 20 ipsec-isakmp", "match address LAN", "no crypto map M 20",
		"interface FastEthernet0/1", "ip address 192.0.2.1 255.255.255.0", "crypto map M", "shutdown", "no shutdown",
		"archive", "maximum 5", "log config", "logging enable", "end", "configure terminal",
		"crypto isakmp policy 5", "hash sha256", "crypto keyring K", "pre-shared-key address 198.51.100.1 key x",
		"crypto isakmp profile P", "keyring K", "match identity address 198.51.100.1 255.255.255.255", "router ospf 1",
		"network 10.0.0.0 0.255.255.255 area 0", "ip route 10.2.2.0 255.255.255.0 192.0.2.2", "default hostname",
	};
	struct txt kept = TXT_INIT, path = TXT_INIT;
	struct report report = { 0 };
	struct config *again = NULL;
	size_t led = 0;
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	txt_str(&kept, "hostname R1\n");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		bool leads;

		txt_clear(&path);
		leads = cli_session_path(r.s, &path);
		type(&r, lines[i]);
		if (!strcmp(lines[i], "configure terminal"))
			cli_session_goto(r.s, M_CONFIG);
		if (!r.last.config)
			continue;
		if (!leads) { /* below what is only kept: then the whole is said anew */
			txt_clear(&kept);
			commands_render(r.c, 0, &kept);
			continue;
		}
		led++;
		txt_printf(&kept, "%s%s\n!\n", txt_cstr(&path), lines[i]);
	}
	assert_true(led > 35);
	assert_int_equal(config_load_text(kept.s, kept.len, &again, &report), 0);
	assert_int_equal(report.errors, 0);
	if (!config_equal(again, r.c))
		fail_msg("%s", txt_cstr(&kept));
	report_fini(&report);
	config_free(again);
	txt_fini(&kept);
	txt_fini(&path);
	router_down(&r);
}

static void in_banners_and_pasted_data_no_path_leads(void **state)
{
	struct txt path = TXT_INIT;
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	assert_true(cli_session_path(r.s, &path));
	assert_string_equal(txt_cstr(&path), "");
	type(&r, "crypto map M 10 ipsec-isakmp");
	assert_true(cli_session_path(r.s, &path));
	assert_string_equal(txt_cstr(&path), "crypto map M 10 ipsec-isakmp \n"); /* as it is printed */
	type(&r, "banner motd #");
	assert_false(cli_session_path(r.s, &path));
	type(&r, "#");
	type(&r, "crypto pki certificate chain CA");
	txt_clear(&path);
	assert_true(cli_session_path(r.s, &path));
	type(&r, "certificate ca 01");
	assert_false(cli_session_path(r.s, &path));
	txt_fini(&path);
	router_down(&r);
}

static void no_and_default_return_to_the_default(void **state)
{
	struct router r;
	struct cfg_policy *p;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto isakmp policy 5");
	p = r.c->isakmp.policies.v[0];
	type(&r, "encryption aes 256");
	type(&r, "no encryption");
	assert_int_equal(p->p.cipher, CIPHER_DES);
	assert_int_equal(p->p.cipher_bits, 0);
	type(&r, "lifetime 100");
	type(&r, "default lifetime");
	assert_int_equal(p->p.life_sec, 86400);
	type(&r, "lifetime 100");
	type(&r, "no lifetime 100");
	assert_int_equal(p->p.life_sec, 86400);
	type(&r, "no crypto isakmp enable");
	assert_false(r.c->isakmp.enable);
	type(&r, "default crypto isakmp enable");
	assert_true(r.c->isakmp.enable);
	type(&r, "no crypto isakmp policy 5");
	assert_int_equal(r.c->isakmp.policies.n, 0);
	assert_string_equal(type(&r, "no"), "% Incomplete command.\n\n");
	router_down(&r);
}

static void list_elements_are_removed_one_by_one_or_all(void **state)
{
	struct router r;
	struct cfg_map_entry *e;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto map M 10 ipsec-isakmp");
	e = r.c->maps.v[0]->entries.v[0];
	type(&r, "set peer 192.0.2.1");
	type(&r, "set peer 192.0.2.2");
	type(&r, "set peer 192.0.2.2");
	assert_int_equal(e->n_peers, 2);
	type(&r, "no set peer 192.0.2.1");
	assert_int_equal(e->n_peers, 1);
	assert_int_equal(ipaddr_to_v4(&e->peers[0].addr), 0xc0000202);
	type(&r, "no set peer");
	assert_int_equal(e->n_peers, 0);
	type(&r, "set transform-set A B A C");
	assert_int_equal(e->n_transforms, 3);
	assert_string_equal(e->transforms[2], "C");
	type(&r, "no set transform-set");
	assert_int_equal(e->n_transforms, 0);
	type(&r, "set transform-set A B C D E F G");
	assert_int_equal(r.last.status, CLI_ERROR);
	router_down(&r);
}

static void a_session_survives_the_loss_of_its_object(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "crypto map M 10 ipsec-isakmp");
	struct config *other = config_clone(r.c);
	config_free(r.c);
	r.c = other; /* another session changed the configuration: new addresses */
	type(&r, "set peer 192.0.2.1");
	assert_int_equal(r.c->maps.v[0]->entries.v[0]->n_peers, 1);
	config_del_map(r.c, r.c->maps.v[0]);
	type(&r, "set peer 192.0.2.1");
	assert_int_equal(r.last.status, CLI_ERROR);
	/* what was meant for it is not said to the whole, until somebody leaves */
	assert_string_equal(prompt(&r), "R1(config-crypto-map)#");
	type(&r, "description lost");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "exit");
	assert_int_equal(r.last.status, CLI_OK);
	assert_string_equal(prompt(&r), "R1(config)#");
	router_down(&r);
}

static void kept_lines_go_by_no_or_by_being_set_right(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "frobnicate the  router");
	assert_non_null(strstr(running(&r), "\nfrobnicate the  router\n"));
	type(&r, "frobnicate the  router");
	assert_int_equal(r.c->kept.n, 1);
	type(&r, "no frobnicate the  router");
	assert_int_equal(r.last.status, CLI_OK);
	assert_int_equal(r.c->kept.n, 0);
	type(&r, "interface Tunnel0");
	type(&r, "tunnel source");
	assert_non_null(strstr(running(&r), "interface Tunnel0\n tunnel source\n"));
	type(&r, "tunnel source 192.0.2.1");
	assert_int_equal(r.c->interfaces.v[0]->kept.n, 0);
	router_down(&r);
}

/* `no X` and X cancel each other only where both mean the same thing. */
static void a_no_and_its_line_do_not_cancel_across_blocks(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		/* the interface's `no` is not the global line's */
		{ "mpls ip\ninterface FastEthernet0/1\n no mpls ip\n!\n",
		  "hostname Router\n!\ninterface FastEthernet0/1\n no mpls ip\n!\nmpls ip\n!\nend\n" },
		{ "frob x\npolicy-map P\n no frob x\n!\n",
		  "frob x\nhostname Router\n!\npolicy-map P\n no frob x\n!\nend\n" },
		{ "interface FastEthernet0/1\n lifetime 5\n!\nno lifetime 5\n",
		  "hostname Router\n!\ninterface FastEthernet0/1\n lifetime 5\n!\nno lifetime 5\n!\nend\n" },
		/* said later, the line stands */
		{ "no frob x\nfrob x\n", "hostname Router\nfrob x\n!\nend\n" },
		{ "frob x\nno frob x\n", "hostname Router\n!\nend\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report report = { 0 };
		struct config *c = load(rows[i].text, &report);
		struct txt out = TXT_INIT;

		commands_render(c, 0, &out);
		assert_string_equal(txt_cstr(&out), rows[i].want);
		assert_round_trip(c);
		txt_fini(&out);
		report_fini(&report);
		config_free(c);
	}
}

static void lines_below_a_refused_line_stay_with_it(void **state)
{
	struct report report = { 0 };
	struct config *c = load("crypto map M 10 ipsec-isakmp\n"
				" set peer 192.0.2.1\n"
				"crypto unheard of\n"
				" set peer 192.0.2.2\n"
				"  deeper still\n"
				"crypto isakmp policy 10001\n"
				" hash md5\n"
				"hostname X\n",
				&report);

	(void)state;
	assert_int_equal(report.errors, 2);
	assert_int_equal(c->maps.v[0]->entries.v[0]->n_peers, 1);
	assert_string_equal(c->hostname, "X");
	assert_int_equal(c->isakmp.policies.n, 0);
	struct txt out = TXT_INIT;
	commands_render(c, 0, &out);
	assert_non_null(strstr(txt_cstr(&out),
			       "crypto unheard of\n set peer 192.0.2.2\n  deeper still\n"));
	assert_non_null(strstr(txt_cstr(&out), "crypto isakmp policy 10001\n hash md5\n"));
	assert_round_trip(c);
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

static void a_wrapped_description_is_guessed(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "interface Tunnel0");
	type(&r, "description this goes on");
	assert_non_null(strstr(type(&r, "on the line below"), "% Hint: this looks like the rest of"));
	assert_null(strstr(type(&r, "on the line below"), "wrapped"));
	router_down(&r);
}

static void foreign_lines_are_kept_without_a_word(void **state)
{
	struct report report = { 0 };
	struct config *c = load("service timestamps log datetime msec\n"
				"no ip http server\n"
				"logging buffered 4096\n"
				"logging buffered 8192\n"
				"ip http server\n"
				"username a privilege 15 secret b\n"
				"username c privilege 1 secret d\n"
				"interface FastEthernet0/0\n"
				" duplex auto\n"
				"line vty 0 4\n"
				" login local\n"
				"line con 0\n"
				"exec-timeout 0 0\n"
				"no logging console\n",
				&report);
	struct txt out = TXT_INIT;

	(void)state;
	assert_int_equal(report.n, 0);
	commands_render(c, 0, &out);
	assert_non_null(strstr(txt_cstr(&out), "line con 0\n exec-timeout 0 0\n"));
	assert_null(strstr(txt_cstr(&out), "logging buffered 4096"));
	assert_null(strstr(txt_cstr(&out), "no ip http server"));
	assert_non_null(strstr(txt_cstr(&out), "username a"));
	assert_non_null(strstr(txt_cstr(&out), "username c"));
	assert_non_null(strstr(txt_cstr(&out), "no logging console"));
	assert_round_trip(c);
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

static void a_banner_is_text_to_its_delimiter(void **state)
{
	struct report report = { 0 };
	struct config *c = load("banner motd ^C\n interface Tunnel0\n! no comment\n\nbye ^C\n"
				"banner login # one line #\nhostname X\n"
				"banner slip-ppp #\nmine ^C\nhostname Y#\n"
				"banner incoming ^x\n stop ^\nbanner exec %\nnever ended\n",
				&report);
	struct txt out = TXT_INIT;

	(void)state;
	assert_int_equal(report.errors, 0);
	assert_int_equal(c->interfaces.n, 0);
	assert_string_equal(c->hostname, "X");
	commands_render(c, 0, &out);
	assert_non_null(strstr(txt_cstr(&out), "banner motd ^C\n interface Tunnel0\n! no comment\n\n"
					       "bye ^C\n"));
	assert_non_null(strstr(txt_cstr(&out), "banner incoming ^Cx\n stop ^C\n"));
	assert_non_null(strstr(txt_cstr(&out), "banner exec ^C\nnever ended\n^C\n"));
	assert_non_null(strstr(txt_cstr(&out), "banner login ^C one line ^C\n"));
	/* what would end it elsewhere when it is read again does not */
	assert_non_null(strstr(txt_cstr(&out), "banner slip-ppp ^C\nmine ^ C\nhostname Y^C\n"));
	assert_round_trip(c);
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

static void files_may_leave_out_indentation(void **state)
{
	static const char *const rows[] = {
		"interface Tunnel0\nip mtu 1400\n!\ntunnel source 192.0.2.1\n",
		"interface Tunnel0\n! the tunnel\nip mtu 1400\ntunnel source 192.0.2.1\n",
		"interface Tunnel0\n ip mtu 1400\n!\n tunnel source 192.0.2.1\n",
		"interface Tunnel0\r\n\tip mtu 1400\r\n\ttunnel source 192.0.2.1\r\n",
		"\xef\xbb\xbfinterface Tunnel0\n ip mtu 1400\n tunnel source 192.0.2.1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report report = { 0 };
		struct config *c = load(rows[i], &report);

		assert_int_equal(report.errors, 0);
		assert_int_equal(c->interfaces.v[0]->ip_mtu, 1400);
		assert_int_equal(ipaddr_to_v4(&c->interfaces.v[0]->tunnel.source), 0xc0000201);
		report_fini(&report);
		config_free(c);
	}
}

static void junk_behind_a_block_does_not_fall_into_it(void **state)
{
	struct report report = { 0 };
	struct config *c = load("interface Tunnel0\n ip mtu 1400\n!\nshutdown\n", &report);

	(void)state;
	assert_int_equal(report.errors, 1);
	assert_false(c->interfaces.v[0]->shutdown);
	assert_int_equal(c->kept.n, 1);
	assert_round_trip(c);
	report_fini(&report);
	config_free(c);
}

static void exec_lines_in_a_file_are_recognised(void **state)
{
	struct report report = { 0 };
	struct config *c = load("enable\nconf t\nhostname X\nend\nwr\ncopy run start\n"
				"configure terminal\ndomain\nip domain name y\nend\n", &report);

	(void)state;
	assert_int_equal(report.errors, 1);
	assert_int_equal(report.v[0].line, 8);
	assert_string_equal(c->hostname, "X");
	assert_string_equal(c->domain, "y");
	assert_int_equal(c->kept.n, 1);
	report_fini(&report);
	config_free(c);
}

static void unknown_words_in_exec_are_answered_as_ios_does(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_EXEC);
	assert_string_equal(type(&r, "foo"), "% Unknown command or computer name, or unable to find "
					     "computer address\n");
	assert_string_equal(type(&r, "show crypto isakmp foo"),
			    "                      ^\n"
			    "% Invalid input detected at '^' marker.\n\n");
	assert_string_equal(type(&r, "show crypto isakmp"), "% Incomplete command.\n\n");
	assert_string_equal(type(&r, ""), "");
	assert_string_equal(type(&r, "! a comment"), "");
	cli_session_goto(r.s, M_USER);
	type(&r, "configure terminal");
	assert_int_equal(r.last.status, CLI_ERROR);
	router_down(&r);
}

static void ping_binds_its_options_in_any_order(void **state)
{
	struct router r;
	const struct exec_args *a;

	(void)state;
	router_up(&r, M_EXEC);
	type(&r, "ping 10.2.2.10 repeat 7 df-bit source fa 0/1 size 1400 timeout 1");
	assert_int_equal(r.last.action, EXEC_PING);
	a = r.last.args;
	assert_int_equal(ipaddr_to_v4(&a->addr), 0x0a02020a);
	assert_int_equal(a->repeat, 7);
	assert_true(a->df);
	assert_string_equal(a->ifname, "FastEthernet0/1");
	assert_int_equal(a->size, 1400);
	assert_int_equal(a->timeout_sec, 1);
	type(&r, "ping host.example.net source 10.1.1.1");
	a = r.last.args;
	assert_string_equal(a->text, "host.example.net");
	assert_int_equal(ipaddr_to_v4(&a->addr2), 0x0a010101);
	type(&r, "ping 10.2.2.10 size 100 size 200");
	assert_int_equal(r.last.status, CLI_ERROR);
	router_down(&r);
}

static void secrets_are_masked_in_logged_lines(void **state)
{
	struct txt out = TXT_INIT;

	(void)state;
	cli_mask_line(commands_grammar(), M_CONFIG, "crypto isakmp key topsecret address 192.0.2.1",
		      &out);
	assert_string_equal(txt_cstr(&out), "crypto isakmp key ***** address 192.0.2.1");
	txt_clear(&out);
	cli_mask_line(commands_grammar(), M_CONFIG, "crypto isakmp key topsecret address", &out);
	assert_null(strstr(txt_cstr(&out), "topsecret"));
	txt_clear(&out);
	cli_mask_line(commands_grammar(), M_ISAKMP_PEER, "set aggressive-mode password 0 topsecret",
		      &out);
	assert_string_equal(txt_cstr(&out), "set aggressive-mode password 0 *****");
	txt_clear(&out);
	cli_mask_line(commands_grammar(), M_CONFIG, "username a password topsecret", &out);
	assert_null(strstr(txt_cstr(&out), "topsecret"));
	txt_clear(&out);
	cli_mask_line(commands_grammar(), M_EXEC, "show run | include key|map", &out);
	assert_string_equal(txt_cstr(&out), "show run | include key|map");
	txt_clear(&out);
	cli_mask_line(commands_grammar(), M_EXEC, "shw topsecret | include topsecret", &out);
	assert_null(strstr(txt_cstr(&out), "topsecret"));
	txt_clear(&out);
	cli_mask_line(commands_grammar(), M_CONFIG, "crpto isakmp key topsecret address 1.2.3.4",
		      &out);
	assert_null(strstr(txt_cstr(&out), "topsecret"));
	struct config *c = config_new();
	struct cfg_key k = { .key = "topsecret", .addr = ipaddr_v4(1), .mask = ipaddr_v4(UINT32_MAX) };
	config_add_key(c, &k);
	txt_clear(&out);
	commands_render(c, CLI_RENDER_MASK, &out);
	assert_null(strstr(txt_cstr(&out), "topsecret"));
	assert_non_null(strstr(txt_cstr(&out), "crypto isakmp key ***** address 0.0.0.1"));
	config_free(c);
	txt_fini(&out);
}

/* Lines of other subjects hold secrets, too: they stay out of history and logs. */
static void secrets_of_kept_lines_are_masked(void **state)
{
	static const struct {
		unsigned mode;
		const char *line;
	} rows[] = {
		{ M_CONFIG, "snmp-server community topsecret RO" },
		{ M_CONFIG, "no snmp-server community topsecret" },
		{ M_CONFIG, "tacacs-server host 192.0.2.1 key topsecret" },
		{ M_CONFIG, "radius-server key topsecret" },
		{ M_CONFIG, "ntp authentication-key 1 md5 topsecret" },
		{ M_CONFIG, "ip ftp password topsecret" },
		{ M_CONFIG, "enable secret topsecret" },
		{ M_CONFIG, "key config-key password-encrypt topsecret" },
		{ M_INTERFACE, "ppp chap password topsecret" },
		{ M_INTERFACE, "ip ospf message-digest-key 1 md5 topsecret" },
		{ M_TUNNEL, "ip nhrp authentication topsecret" },
		{ M_INTERFACE, "standby 1 authentication topsecret" },
		{ M_LINE, "password topsecret" },
		{ M_TRUSTPOINT, "password topsecret" },
		{ M_OTHER, "key topsecret" },
		{ M_OTHER, "key-string topsecret" },
		{ M_KEYRING, "pre-shared-key address 192.0.2.1 key topsecret" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txt out = TXT_INIT;

		cli_mask_line(commands_grammar(), rows[i].mode, rows[i].line, &out);
		if (strstr(txt_cstr(&out), "topsecret"))
			fail_msg("%s", txt_cstr(&out));
		txt_fini(&out);
	}
	struct report report = { 0 };
	struct txt out = TXT_INIT;
	struct config *c = load("snmp-server community topsecret RO\n"
				"crypto isakmp key topsecret adress 192.0.2.1\n"
				"crypto keyring K\n pre-shared-key address 192.0.2.1 key topsecret\n"
				"line vty 0 4\n password topsecret\n login\n", &report);
	commands_render(c, CLI_RENDER_MASK, &out);
	assert_null(strstr(txt_cstr(&out), "topsecret"));
	assert_non_null(strstr(txt_cstr(&out), "snmp-server *****\n"));
	assert_non_null(strstr(txt_cstr(&out), "crypto isakmp key ***** ...\n"));
	assert_non_null(strstr(txt_cstr(&out), "line vty 0 4\n password *****\n"));
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

static void aggressive_mode_is_named_as_weak_when_it_is_allowed(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	assert_true(r.c->isakmp.aggressive_disable);
	type(&r, "crypto isakmp peer address 192.0.2.2");
	assert_non_null(strstr(type(&r, "set aggressive-mode client-endpoint fqdn left.example"),
			       "no crypto isakmp aggressive-mode disable"));
	assert_non_null(strstr(type(&r, "set aggressive-mode password topsecret"), "this key is weak"));
	assert_non_null(strstr(type(&r, "no crypto isakmp aggressive-mode disable"),
			       "aggressive mode is weak"));
	assert_false(r.c->isakmp.aggressive_disable);
	const struct cfg_isakmp_peer *p = r.c->isakmp.peers.v[0];
	assert_int_equal(p->endpoint, AG_FQDN);
	type(&r, "crypto isakmp peer address 192.0.2.2");
	assert_string_equal(type(&r, "set aggressive-mode client-endpoint user-fqdn u@left.example"), "");
	assert_int_equal(p->endpoint, AG_USER_FQDN);
	assert_string_equal(p->endpoint_name, "u@left.example");
	assert_string_equal(type(&r, "no set aggressive-mode client-endpoint"), "");
	assert_string_equal(type(&r, "no set aggressive-mode password"), "");
	assert_int_equal(p->endpoint, AG_NO_ID);
	assert_string_equal(p->key, "");
	assert_string_equal(type(&r, "crypto isakmp aggressive-mode disable"), "");
	assert_true(r.c->isakmp.aggressive_disable);
	type(&r, "no crypto isakmp peer address 192.0.2.2");
	assert_int_equal(r.c->isakmp.peers.n, 0);
	router_down(&r);
}

static void overlong_lines_are_refused(void **state)
{
	struct router r;
	char *line = malloc(5002);

	(void)state;
	memset(line, 'a', 5001);
	line[5001] = '\0';
	router_up(&r, M_CONFIG);
	assert_string_equal(type(&r, line), "% Line of more than 4096 characters refused.\n\n");
	for (size_t i = 1; i < 4096; i += 2)
		line[i] = ' ';
	line[4096] = '\0';
	type(&r, line);
	assert_int_equal(r.last.status, CLI_ERROR);
	router_down(&r);
	free(line);
}

/* The caret stands below the first wrong byte as a terminal shows what is before it. */
static void the_caret_counts_columns_not_bytes(void **state)
{
	static const struct {
		const char *before; /* of the wrong word */
		size_t columns;
	} rows[] = {
		{ "name Zuerich ", 13 }, { "name Z\xc3\xbcrich ", 12 }, { "name \xe4\xb8\xad\xe6\x96\x87 ", 10 },
		{ "name \xf0\x9f\x98\x80 ", 8 }, { "name e\xcc\x81 ", 7 }, { "name \xff\xc0\xaf ", 9 },
		{ "name \xed\xa0\x80 ", 9 }, { "name \xe4\xb8 ", 8 }, { "name \xc2\x9b ", 7 }, { "name \x1b[m ", 10 },
	};
	struct report report = { 0 };
	struct txt line = TXT_INIT, text = TXT_INIT;
	struct router r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static const char route[] = "ip route 10.0.0.0 255.0.0.0 192.0.2.1 ";
		size_t columns = sizeof(route) - 1 + rows[i].columns;

		txt_clear(&line);
		txt_printf(&line, "%s%swrong", route, rows[i].before);
		router_up(&r, M_CONFIG);
		assert_int_equal(strspn(type(&r, txt_cstr(&line)), " "), strlen("R1(config)#") + columns);
		assert_non_null(strstr(txt_cstr(&r.last.out), "^\n% Invalid"));
		router_down(&r);
		/* in a report as it prints the line above; a tab is one column there */
		txt_clear(&text);
		txt_printf(&text, "%.*s\t%s\n", (int)sizeof(route) - 2, route, txt_cstr(&line) + sizeof(route) - 1);
		config_free(load(txt_cstr(&text), &report));
		txt_clear(&text);
		report_print(&report, "f", &text);
		const char *shown = strstr(txt_cstr(&text), "wrong"), *caret = shown ? strchr(shown, '\n') : NULL;

		assert_non_null(caret);
		assert_int_equal(strspn(caret + 1, " "), columns);
		assert_null(strpbrk(txt_cstr(&text), "\x1b\x9b\xff"));
		report_fini(&report);
	}
	/* behind `do`, too */
	router_up(&r, M_CONFIG);
	assert_int_equal(strspn(type(&r, "do show \xc3\xbc"), " "), strlen("R1(config)#do show "));
	router_down(&r);
	txt_fini(&line);
	txt_fini(&text);
}

/* Whatever is kept though it was refused can be taken away, in the mode that it was typed in. */
static void each_refused_line_goes_by_its_no(void **state)
{
	static const struct {
		const char *mode, *line, *no;
	} rows[] = {
		{ "", "ipp route 1", "no ipp route 1" },
		{ "", "ipp  route   1", "NO   IPP route\t1  " },
		{ "", "no  such thing", "no no such thing" },
		{ "", "crypto isakmp polcy 10", "no crypto isakmp polcy 10" },
		{ "interface Loopback0", "ip addres 1.1.1.1", "no ip addres 1.1.1.1" },
		{ "interface Loopback0", "IP Addres  1.1.1.1 ?x", "no ip addres 1.1.1.1 ?x" },
		{ "interface Loopback0", "ip address 1.1.1.1", "no  ip address 1.1.1.1" },
		{ "crypto map M 10 ipsec-isakmp", "set per 10.1.1.1", "no set per 10.1.1.1" },
		{ "crypto isakmp policy 10", "encyption aes", "no encyption aes" },
		{ "ip access-list extended A", "permit ip host host any", "no permit ip host host any" },
		{ "crypto pki trustpoint TP", "enrolment terminal", "no enrolment terminal" },
		{ "crypto keyring K", "pre-shared-key adress 1.1.1.1 key x", "no pre-shared-key adress 1.1.1.1 key x" },
		{ "line vty 0 4", "transprt input ssh", "no transprt input ssh" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txt before = TXT_INIT;
		struct router r;

		router_up(&r, M_CONFIG);
		if (*rows[i].mode)
			type(&r, rows[i].mode);
		txt_str(&before, running(&r));
		type(&r, rows[i].line);
		if (r.last.status != CLI_ERROR || !r.last.kept || !strcmp(txt_cstr(&before), running(&r)))
			fail_msg("not kept: %s", rows[i].line);
		type(&r, rows[i].no);
		if (strcmp(txt_cstr(&before), running(&r)) != 0)
			fail_msg("not removed by %s:\n%s", rows[i].no, running(&r));
		txt_fini(&before);
		router_down(&r);
	}
}

/* What is asked for when configuration mode is left: no line that was understood is among them, known and only kept or not. */
static void refused_lines_are_listed_without_the_others(void **state)
{
	static const char *const lines[] = {
		"hostnme R9", "router ospf 1", " network 10.0.0.0 0.0.0.255 area 0", "banner motd #", "hostnme not", "#",
		"ip access-list extended A", "permit ip any any", "permt ip any any", "deny ip host 10.0.0.1 any", "dny ip any any",
		"crypto isakmp policy 10", "encr aes", "grup 2", "interface FastEthernet0/1", "ip addres 10.1.1.1", "  below it",
		"shutdown", "crypto map M 10 ipsec-isakmp", "set per 10.0.0.1", "exit", "nonsense at all",
	};
	struct router r;
	struct txt out = TXT_INIT;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		type(&r, lines[i]);
	cli_render(commands_grammar(), r.c, CLI_RENDER_REFUSED, &out);
	static const char *const want[] = { "hostnme R9", " permt ip any any", " dny ip any any", " grup 2", " ip addres 10.1.1.1",
					    "below it", " set per 10.0.0.1", "nonsense at all" };
	size_t n = 0;
	for (const char *p = txt_cstr(&out); *p; p = strchr(p, '\n') + 1)
		n += *p != '!';
	assert_int_equal(n, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < n; i++) {
		char line[64];

		snprintf(line, sizeof(line), "%s\n", want[i]);
		assert_non_null(strstr(txt_cstr(&out), line));
	}
	txt_fini(&out);
	router_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_word_gets_a_caret_below_its_first_wrong_character),
		cmocka_unit_test(in_a_file_the_word_that_was_meant_is_named),
		cmocka_unit_test(numbers_out_of_range_are_refused),
		cmocka_unit_test(abbreviations_are_taken_if_they_are_unique),
		cmocka_unit_test(global_commands_leave_a_mode_by_themselves),
		cmocka_unit_test(nothing_stands_below_a_line_that_was_not_kept),
		cmocka_unit_test(an_interface_takes_the_address_of_a_host_only),
		cmocka_unit_test(the_crypto_map_of_an_interface_goes_without_its_name),
		cmocka_unit_test(global_no_forms_leave_a_mode_too),
		cmocka_unit_test(a_no_that_names_nothing_removes_nothing),
		cmocka_unit_test(words_of_a_kept_block_stay_in_it_without_indentation),
		cmocka_unit_test(sub_interfaces_of_serial_lines_are_entered),
		cmocka_unit_test(a_port_that_is_there_is_not_removed),
		cmocka_unit_test(global_lines_leave_an_interface_that_knows_their_first_word),
		cmocka_unit_test(slips_at_the_keyboard_are_not_kept),
		cmocka_unit_test(default_interface_resets_and_no_interface_removes),
		cmocka_unit_test(an_address_and_unnumbered_replace_each_other),
		cmocka_unit_test(a_hostname_has_no_control_characters),
		cmocka_unit_test(forms_that_are_not_run_are_kept_with_a_note),
		cmocka_unit_test(how_packets_are_cut_is_configured_in_ios_words),
		cmocka_unit_test(a_new_crypto_map_is_announced_only_when_typed),
		cmocka_unit_test(weak_defaults_of_a_new_policy_are_named),
		cmocka_unit_test(interface_lines_with_global_names_stay_there),
		cmocka_unit_test(do_runs_exec_lines_and_pipes_are_cut_off),
		cmocka_unit_test(no_and_default_return_to_the_default),
		cmocka_unit_test(list_elements_are_removed_one_by_one_or_all),
		cmocka_unit_test(aggressive_mode_is_named_as_weak_when_it_is_allowed),
		cmocka_unit_test(a_session_survives_the_loss_of_its_object),
		cmocka_unit_test(kept_lines_go_by_no_or_by_being_set_right),
		cmocka_unit_test(a_no_and_its_line_do_not_cancel_across_blocks),
		cmocka_unit_test(lines_below_a_refused_line_stay_with_it),
		cmocka_unit_test(a_wrapped_description_is_guessed),
		cmocka_unit_test(foreign_lines_are_kept_without_a_word),
		cmocka_unit_test(a_banner_is_text_to_its_delimiter),
		cmocka_unit_test(files_may_leave_out_indentation),
		cmocka_unit_test(junk_behind_a_block_does_not_fall_into_it),
		cmocka_unit_test(exec_lines_in_a_file_are_recognised),
		cmocka_unit_test(unknown_words_in_exec_are_answered_as_ios_does),
		cmocka_unit_test(ping_binds_its_options_in_any_order),
		cmocka_unit_test(secrets_are_masked_in_logged_lines),
		cmocka_unit_test(secrets_of_kept_lines_are_masked),
		cmocka_unit_test(overlong_lines_are_refused),
		cmocka_unit_test(lines_behind_their_paths_make_the_same_configuration),
		cmocka_unit_test(in_banners_and_pasted_data_no_path_leads),
		cmocka_unit_test(the_caret_counts_columns_not_bytes),
		cmocka_unit_test(refused_lines_are_listed_without_the_others),
		cmocka_unit_test(each_refused_line_goes_by_its_no),
		cmocka_unit_test(an_interface_without_an_address_says_so),
		cmocka_unit_test(what_was_typed_wrong_stands_in_the_history_where_it_is_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
