/* SPDX-License-Identifier: Apache-2.0 */
#include "helper.h"

/* One entry typed into list 101, and how it prints. */
static void entries_print_as_ios_prints_them(void **state)
{
	static const struct {
		const char *typed, *printed; /* NULL: as typed */
	} rows[] = {
		{ "permit 47 host 1.1.1.1 host 2.2.2.2", "permit gre host 1.1.1.1 host 2.2.2.2" },
		{ "permit 50 any any", "permit esp any any" },
		{ "permit 51 any any", "permit ahp any any" },
		{ "permit 89 any any", "permit ospf any any" },
		{ "permit 88 any any", "permit eigrp any any" },
		{ "permit 103 any any", "permit pim any any" },
		{ "permit 108 any any", "permit pcp any any" },
		{ "permit 94 any any", "permit nos any any" },
		{ "permit 4 any any", "permit ipinip any any" },
		{ "permit 2 any any", "permit igmp any any" },
		{ "permit 6 any any", "permit tcp any any" },
		{ "permit 200 any any", NULL },
		{ "permit ip 10.1.1.9 0.0.0.255 any", "permit ip 10.1.1.0 0.0.0.255 any" },
		{ "permit ip 10.1.1.9 0.0.0.0 any", "permit ip host 10.1.1.9 any" },
		{ "permit ip 1.2.3.4 255.255.255.255 any", "permit ip any any" },
		{ "deny ip 10.0.0.0 0.255.0.255 any log", NULL },
		{ "permit tcp any eq 80 any", "permit tcp any eq www any" },
		{ "permit tcp any eq 80 443 179 any", "permit tcp any eq www 443 bgp any" },
		{ "permit udp any any eq 500", "permit udp any any eq isakmp" },
		{ "permit udp any any eq 4500", "permit udp any any eq non500-isakmp" },
		{ "permit udp any any eq 80", NULL },
		{ "permit udp any gt 1023 any lt 1024", NULL },
		{ "permit tcp any range 20 21 any", "permit tcp any range ftp-data ftp any" },
		{ "permit tcp any range 21 20 any", "permit tcp any range ftp-data ftp any" },
		{ "permit tcp any neq telnet any", NULL },
		{ "permit tcp any any established", NULL },
		{ "permit tcp any any syn", NULL },
		{ "permit icmp any any 8", "permit icmp any any echo" },
		{ "permit icmp any any 3 3", "permit icmp any any port-unreachable" },
		{ "permit icmp any any 3 200", NULL },
		{ "permit ip any any dscp 46", "permit ip any any dscp ef" },
		{ "permit ip any any precedence 6", "permit ip any any precedence internet" },
		{ "permit ip any any tos 3", NULL },
		{ "permit ip any any fragments", NULL },
		{ "PERMIT IP ANY ANY LOG-INPUT", "permit ip any any log-input" },
		{ "remark  two  blanks", "remark two  blanks" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;
		struct txt out = TXT_INIT;
		char line[256];

		router_up(&r, M_CONFIG);
		snprintf(line, sizeof(line), "access-list 101 %s", rows[i].typed);
		type(&r, line);
		if (r.last.status != CLI_OK)
			fail_msg("%s: %s", line, txt_cstr(&r.last.out));
		commands_render_ace(r.c->acls.v[0], r.c->acls.v[0]->entries.v[0], &out);
		assert_string_equal(txt_cstr(&out), rows[i].printed ? rows[i].printed : rows[i].typed);
		assert_round_trip(r.c);
		txt_fini(&out);
		router_down(&r);
	}
}

static void wrong_entries_are_refused_at_the_right_word(void **state)
{
	static const struct {
		const char *typed;
		unsigned col;
	} rows[] = {
		{ "access-list 101 permit foo any any", 23 },
		{ "access-list 101 permit tcp any eq foo any", 35 },
		{ "access-list 101 permit ip any eq 80 any", 30 },
		{ "access-list 101 permit ip 10.0.0.0 255.0.0 any", 35 },
		{ "access-list 101 permit ip any any established", 34 },
		{ "access-list 101 permit gre host 1.1.1.1 any eq 1", 44 },
		{ "access-list 1 permit tcp any any", 21 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		type(&r, rows[i].typed);
		assert_int_equal(r.last.status, CLI_ERROR);
		if (r.last.col != rows[i].col)
			fail_msg("%s: column %u", rows[i].typed, r.last.col);
		assert_int_equal(r.c->acls.n, 0);
		router_down(&r);
	}
}

static void sequence_numbers_insert_remove_and_resequence(void **state)
{
	struct router r;
	struct cfg_acl *a;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "ip access-list extended L");
	type(&r, "permit ip host 1.1.1.1 any");
	type(&r, "permit ip host 1.1.1.2 any");
	type(&r, "15 deny ip any any");
	a = r.c->acls.v[0];
	assert_int_equal(a->entries.n, 3);
	assert_int_equal(a->entries.v[1]->seq, 15);
	assert_int_equal(a->entries.v[1]->kind, ACE_DENY);
	assert_string_equal(type(&r, "15 permit esp any any"), "% Duplicate sequence number 15\n");
	type(&r, "permit ip host 1.1.1.1 any"); /* known already */
	assert_int_equal(a->entries.n, 3);
	type(&r, "no 10");
	assert_int_equal(a->entries.n, 2);
	type(&r, "no permit ip host 1.1.1.2 any");
	assert_int_equal(a->entries.n, 1);
	assert_string_equal(type(&r, "no permit ip host 9.9.9.9 any"), "% Entry does not exist\n");
	type(&r, "no deny");
	assert_int_equal(a->entries.n, 1);
	type(&r, "permit gre any any");
	assert_int_equal(a->entries.v[1]->seq, 25);
	type(&r, "ip access-list resequence L 100 50");
	assert_int_equal(a->entries.v[0]->seq, 100);
	assert_int_equal(a->entries.v[1]->seq, 150);
	assert_round_trip(r.c);
	type(&r, "no ip access-list extended L");
	assert_int_equal(r.c->acls.n, 0);
	router_down(&r);
}

/* Printed back it would be taken as soon as what stood in its place is gone. */
static void what_a_rival_kept_out_does_not_come_back(void **state)
{
	static const char *const texts[] = {
		"ip access-list standard L\n permit any\nip access-list extended L\n deny esp any any\n"
		"no ip access-list standard L\n",
		"crypto map M 30 ipsec-isakmp dynamic D\ncrypto map ipv6 M local-address deny0\n"
		"no crypto map M\n",
		"ip access-list extended L\n 10 permit ip any any\n 10 deny esp any any\n no 10\n",
		"ip access-list extended L\n 10 permit ip any any\n 10 deny esp any any\n"
		" no permit ip any any\n",
		"ip access-list extended L\n 10 permit ip any any\n 10 deny esp any any\n"
		"ip access-list resequence L 100 50\n",
		"ipv6 access-list L\n permit icmp any any sequence 12\n deny icmp any any seq 12\n"
		" no sequence 12\n",
		"ipv6 access-list L\n permit icmp any any sequence 12\n sequence 12 deny icmp any any\n"
		" no sequence 12\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct report report = { 0 };
		struct config *c = load(texts[i], &report);
		struct txt out = TXT_INIT;

		assert_int_equal(report.errors, 1);
		commands_render(c, 0, &out);
		assert_null(strstr(txt_cstr(&out), "deny"));
		assert_round_trip(c);
		txt_fini(&out);
		report_fini(&report);
		config_free(c);
	}
}

/* The first says a place behind which there is nothing yet, the second says none. */
static void refused_lines_stay_in_their_order(void **state)
{
	static const char *const texts[] = {
		"ipv6 access-list L\n deny icmp any any sequence 12\n no sequence 12\n"
		" tunnel destination 2001:db8::2\n sequence 15 remark0\n",
		"ip access-list extended L\n 15 remark0\n tunnel destination 192.0.2.1\n"
		" 20 permit ip any any\n mumble\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct report report = { 0 };
		struct config *c = load(texts[i], &report);
		struct txt out = TXT_INIT;

		commands_render(c, 0, &out);
		assert_true(strstr(txt_cstr(&out), "\n tunnel destination") >
			    strstr(txt_cstr(&out), "15 remark0"));
		assert_round_trip(c);
		txt_fini(&out);
		report_fini(&report);
		config_free(c);
	}
}

/* That a list is not whole is known whatever else is removed from it. */
static void a_refused_number_is_kept_and_counted(void **state)
{
	struct report report = { 0 };
	struct config *c = load("ip access-list extended L\n 10 permit ip any any\n"
				" 10 permit esp any any\n 20 permit gre any any\n no 20\n",
				&report);
	struct txt out = TXT_INIT;

	(void)state;
	assert_int_equal(report.errors, 1);
	commands_render(c, 0, &out);
	assert_non_null(strstr(txt_cstr(&out), "\n 10 permit esp any any\n"));
	assert_int_equal(config_acl_refused(c, "L"), 1);
	assert_round_trip(c);
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

static void ports_in_lists_become_selectors(void **state)
{
	struct report report = { 0 };
	struct config *c = load("access-list 101 permit tcp any eq 1 2 any neq 5 7\n"
				"access-list 101 permit udp any range 10 20 any gt 100\n"
				"access-list 101 permit ip any any\n", &report);
	struct selector sel[ACL_MAX_SELECTORS];
	struct cfg_acl *a = c->acls.v[0];

	(void)state;
	assert_int_equal(acl_entry_selectors(a->entries.v[0], sel, ACL_MAX_SELECTORS), 6);
	for (uint32_t port = 0; port < 10; port++) {
		struct flow f = { .local = ipaddr_v4(1), .remote = ipaddr_v4(2), .proto = 6,
				  .ports_known = true, .local_port = 2,
				  .remote_port = (uint16_t)port };
		bool hit = false;

		for (size_t i = 0; i < 6; i++)
			hit |= selector_has(&sel[i], &f);
		assert_int_equal(hit, port != 5 && port != 7);
	}
	assert_int_equal(acl_entry_selectors(a->entries.v[1], sel, ACL_MAX_SELECTORS), 1);
	assert_int_equal(sel[0].local_port.lo, 10);
	assert_int_equal(sel[0].local_port.hi, 20);
	assert_int_equal(sel[0].remote_port.op, PORT_GT);
	assert_int_equal(acl_entry_selectors(a->entries.v[2], sel, ACL_MAX_SELECTORS), 1);
	assert_int_equal(acl_entry_selectors(a->entries.v[0], sel, 3), 3);
	report_fini(&report);
	config_free(c);
}

/* Asserts that the lines of want stand in text in that order. */
static void assert_order(const char *text, const char *want)
{
	const char *at = text;

	for (const char *p = want; *p; p += strcspn(p, "\n") + 1) {
		char line[128];

		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n") + 1, p);
		if (line[0] == '!')
			continue;
		at = strstr(at, line);
		if (!at)
			fail_msg("%s is not in its place:\n%s", line, text);
	}
}

/* In a list the order is the meaning: an entry that is not understood stays where it
 * stood, so that a router that understands it filters what it did before. */
static void entries_not_understood_keep_their_place(void **state)
{
	static const char text[] = "hostname R1\n"
				   "!\n"
				   "ip access-list extended A\n"
				   " evaluate MIRROR\n"
				   " permit ip host 1.1.1.1 any\n"
				   " deny ip any any time-rnge WORK\n"
				   " permit ip any any reflect MIRROR\n"
				   " permit ip any any\n"
				   "!\n"
				   "access-list 120 permit ip host 1.1.1.1 any\n"
				   "access-list 120 deny ip any any time-rnge WORK\n"
				   "access-list 120 permit ip any any\n"
				   "!\n"
				   "end\n";
	struct report report = { 0 };
	struct config *c = load(text, &report);
	struct txt out = TXT_INIT;

	(void)state;
	assert_int_equal(report.errors, 4);
	commands_render(c, 0, &out);
	assert_order(txt_cstr(&out), text);
	assert_round_trip(c);
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

/* Neither what is taken away nor lists that come later move such a line. */
static void places_outlive_changes_around_them(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "access-list 130 permit ip host 9.9.9.9 any");
	type(&r, "access-list 120 permit ip host 1.1.1.1 any");
	type(&r, "access-list 120 deny ip any any time-rnge W");
	type(&r, "access-list 120 permit ip any any");
	type(&r, "access-list 110 permit ip any any");
	type(&r, "ip access-list extended A");
	type(&r, "permit ip host 1.1.1.1 any");
	type(&r, "permit ip host 1.1.1.2 any");
	type(&r, "deny ip any any time-rnge W");
	type(&r, "permit ip any any");
	type(&r, "remark end");
	type(&r, "no 10");
	type(&r, "12 deny ip any any time-rnge V");
	assert_order(running(&r), "ip access-list extended A\n"
				  " 12 deny ip any any time-rnge V\n"
				  " 20 permit ip host 1.1.1.2 any\n"
				  " deny ip any any time-rnge W\n"
				  " permit ip any any\n"
				  " remark end\n"
				  "access-list 110 permit ip any any\n"
				  "access-list 120 permit ip host 1.1.1.1 any\n"
				  "access-list 120 deny ip any any time-rnge W\n"
				  "access-list 120 permit ip any any\n"
				  "access-list 130 permit ip host 9.9.9.9 any\n");
	assert_round_trip(r.c);
	type(&r, "ip access-list resequence A 1 1");
	type(&r, "ip access-list resequence 120 5 5");
	assert_order(running(&r), " deny ip any any time-rnge V\n"
				  " 1 permit ip host 1.1.1.2 any\n"
				  " deny ip any any time-rnge W\n"
				  " 2 permit ip any any\n"
				  " remark end\n");
	assert_round_trip(r.c);
	type(&r, "ip access-list resequence 120 10 10");
	assert_order(running(&r), "access-list 120 permit ip host 1.1.1.1 any\n"
				  "access-list 120 deny ip any any time-rnge W\n"
				  "access-list 120 permit ip any any\n");
	router_down(&r);
}

/* IOS matches more than this version: such an entry must not be used with a part of its
 * tests, and says so. */
static void matches_that_are_not_run_are_named(void **state)
{
	static const struct {
		const char *line, *what;
	} rows[] = {
		{ "deny ip any any time-range WORK", "time-range" },
		{ "deny ip any any log time-range WORK", "time-range" },
		{ "permit tcp any any match-all +syn -ack", "match-all" },
		{ "permit tcp any eq www any match-any +rst +fin log", "match-any" },
		{ "permit igmp any any host-report", "IGMP" },
		{ "permit igmp any any 3", "IGMP" },
		{ "permit ip any any ttl range 1 5", "ttl" },
		{ "permit tcp any any reflect R", "reflect" },
		{ "permit tcp any any reflect R timeout 100", "reflect" },
		{ "evaluate R", "evaluate" },
		{ "permit ip object-group LAN object-group SERVERS", "object-group" },
		{ "permit object-group WEB any host 192.0.2.1", "object-group" },
		{ "deny   ip any any option any-options", "IP options" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		type(&r, "ip access-list extended A");
		const char *said = type(&r, rows[i].line);
		assert_non_null(strstr(said, "This version does not match "));
		if (!strstr(said, rows[i].what) || strstr(said, "'^'"))
			fail_msg("%s: %s", rows[i].line, said);
		assert_true(r.last.kept);
		assert_int_equal(r.c->acls.v[0]->entries.n, 0);
		assert_non_null(strstr(running(&r), rows[i].line));
		assert_round_trip(r.c);
		router_down(&r);
	}
}

static void a_numbered_list_goes_with_its_refused_lines(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "access-list 120 permit ip host 1.1.1.1 any");
	type(&r, "access-list 120 deny ip any any time-range W");
	type(&r, "access-list  120 frob");
	type(&r, "access-list 12 frob");
	type(&r, "no access-list 120");
	assert_string_equal(running(&r), "hostname R1\naccess-list 12 frob\n!\nend\n");
	router_down(&r);
}

/* A list that somebody has made and not filled is not the refused line's to take away. */
static void a_refused_entry_takes_no_empty_list_away(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "ip access-list extended 120");
	type(&r, "exit");
	type(&r, "access-list 120 permit ip any any time-range W");
	assert_int_equal(r.last.status, CLI_ERROR);
	assert_non_null(config_find_acl(r.c, "120"));
	assert_round_trip(r.c);
	/* one that the line itself would have made is not there */
	type(&r, "access-list 121 permit ip any any time-range W");
	assert_null(config_find_acl(r.c, "121"));
	router_down(&r);
}

/* As in ntc-templates' show_running-config_partition_access-list. */
static void running_config_aligns_deny(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "access-list 101 deny udp any any");
	type(&r, "access-list 1 deny any log");
	type(&r, "ip access-list extended A");
	type(&r, "15 deny ip any any");
	assert_order(running(&r), " 15 deny   ip any any\n"
				  "access-list 1 deny   any log\n"
				  "access-list 101 deny   udp any any\n");
	assert_round_trip(r.c);
	router_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_print_as_ios_prints_them),
		cmocka_unit_test(wrong_entries_are_refused_at_the_right_word),
		cmocka_unit_test(sequence_numbers_insert_remove_and_resequence),
		cmocka_unit_test(what_a_rival_kept_out_does_not_come_back),
		cmocka_unit_test(a_refused_number_is_kept_and_counted),
		cmocka_unit_test(refused_lines_stay_in_their_order),
		cmocka_unit_test(ports_in_lists_become_selectors),
		cmocka_unit_test(entries_not_understood_keep_their_place),
		cmocka_unit_test(places_outlive_changes_around_them),
		cmocka_unit_test(matches_that_are_not_run_are_named),
		cmocka_unit_test(a_numbered_list_goes_with_its_refused_lines),
		cmocka_unit_test(a_refused_entry_takes_no_empty_list_away),
		cmocka_unit_test(running_config_aligns_deny),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
