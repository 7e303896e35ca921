/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept and not acted on is said, with what it means. */
#include "helper.h"

#include "commands/unsupported.h"

static const char text[] = "version 15.9\n"
			   "no ip nat service sip udp port 5060\n"
			   "ip cef\n"
			   "aaa new-model\n"
			   "vpdn enable\n"
			   "vpdn-group 1\n"
			   " accept-dialin\n"
			   "  protocol pptp\n"
			   "vpdn-group 2\n"
			   " accept-dialin\n"
			   "  protocol l2f\n"
			   "vpdn-group 3\n"
			   " request-dialin\n"
			   "  protocol l2tp\n"
			   "crypto ikev2 proposal P\n"
			   " encryption aes-cbc-256\n"
			   "interface Ethernet0/0\n"
			   " ip nat outside\n"
			   " crypto map M\n"
			   "interface Ethernet0/1\n"
			   " ip nat inside\n"
			   " ip natural\n"
			   "router ospf 1\n"
			   " network 10.0.0.0 0.0.0.255 area 0\n"
			   "ip nat inside source list 1 interface Ethernet0/0 overload\n"
			   "ntp server 192.0.2.9\n"
			   "exception core-file x\n"
			   "snmp-server community secret RO\n"
			   "mop enabled\n"
			   "wsma agent exec\n"
			   "crypto ssl proposal P\n"
			   "crypto map L2 10 ipsec-isakmp profile P\n"
			   "crypto isakmp diagnose performance\n"
			   "crypto isakmp diagnose error\n"
			   "interface Virtual-Template1 type tunnel\n"
			   " tunnel mode ipsec ipv4\n"
			   "!\n"
			   "crypto pki trustpoint CA\n"
			   " subject-alt-name x.example\n";

static const struct unsupported_line *line_of(const struct unsupported_line *v, size_t n, const char *line)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].text, line))
			return &v[i];
	return NULL;
}

static void each_line_that_nothing_acts_on_has_a_meaning(void **state)
{
	static const struct {
		const char *line, *where;
		uint32_t number;
		int severity;
		const char *part;
	} rows[] = {
		{ "aaa new-model", NULL, 4, REPORT_WARNING, "no AAA server" },
		{ "vpdn enable", NULL, 5, REPORT_WARNING, "PPTP and L2F are insecure" },
		{ "protocol pptp", "vpdn-group 1", 6, REPORT_WARNING, "PPTP (RFC 2637) is not supported, and insecure" },
		{ "protocol l2f", "vpdn-group 2", 9, REPORT_WARNING, "L2F (RFC 2341) is not supported, and insecure" },
		{ "protocol l2tp", "vpdn-group 3", 12, REPORT_WARNING, "eq 1701" },
		{ "crypto ikev2 proposal P", NULL, 15, REPORT_WARNING, "IKEv1" },
		{ "ip nat outside", "Ethernet0/0", 18, REPORT_WARNING, "NAT is not run: packets leave with their own addresses." },
		{ "ip nat inside", "Ethernet0/1", 21, REPORT_WARNING, "NAT is not run" },
		{ "router ospf 1", NULL, 23, REPORT_WARNING, "routing protocol" },
		{ "ip nat inside source list 1 interface Ethernet0/0 overload", NULL, 25, REPORT_WARNING, "NAT is not run" },
		{ "ntp server 192.0.2.9", NULL, 26, REPORT_NOTE, "chrony" },
		{ "wsma agent exec", NULL, 30, REPORT_NOTE, "kept" },
		{ "crypto ssl proposal P", NULL, 31, REPORT_WARNING, "SSL VPN is not run" },
		{ "crypto map L2 10 ipsec-isakmp profile P", NULL, 32, REPORT_WARNING, "protects nothing" },
		{ "crypto isakmp diagnose performance", NULL, 33, REPORT_NOTE, "not diagnosed" },
		{ "Virtual-Template1", NULL, 0, REPORT_WARNING, "templates" },
		{ "subject-alt-name x.example", "CA", 39, REPORT_WARNING, "fqdn" },
	};
	struct report report = { 0 };
	struct config *c = load(text, &report);
	struct unsupported_line *v;
	size_t n;

	(void)state;
	assert_int_equal(unsupported_list(c, &v, &n), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct unsupported_line *l = line_of(v, n, rows[i].line);

		if (!l)
			fail_msg("%s is not listed", rows[i].line);
		assert_int_equal(l->what->severity, rows[i].severity);
		assert_non_null(strstr(l->what->means, rows[i].part));
		assert_int_equal(l->line, rows[i].number);
		if (rows[i].where)
			assert_string_equal(l->where, rows[i].where);
		else
			assert_null(l->where);
	}
	/* acted on, the same here anyway, or said not to be there */
	assert_null(line_of(v, n, "version 15.9"));
	assert_null(line_of(v, n, "ip cef"));
	assert_null(line_of(v, n, "crypto isakmp diagnose error"));
	assert_null(line_of(v, n, "crypto map M"));
	assert_null(line_of(v, n, "no ip nat service sip udp port 5060"));
	for (size_t i = 1; i < n; i++)
		assert_true(v[i].what->severity <= v[i - 1].what->severity);
	free(v);
	report_fini(&report);
	config_free(c);
}

static void what_was_refused_is_listed_first_wherever_it_stands(void **state)
{
	static const struct {
		const char *text, *where, *line;
	} rows[] = {
		{ "nonsense 1\n", NULL, "nonsense 1" },
		{ "crypto isakmp\n", NULL, "crypto isakmp" },
		{ "interface Ethernet0/1\n ip natural\n", "Ethernet0/1", "ip natural" },
		{ "interface Tunnel0\n tunnel of love\n", "Tunnel0", "tunnel of love" },
		{ "crypto isakmp policy 1\n hash crc32\n", "crypto isakmp policy", "hash crc32" },
		{ "crypto isakmp peer address 192.0.2.2\n set nothing\n", "crypto isakmp peer", "set nothing" },
		{ "crypto keyring K\n pre-shared\n", "K", "pre-shared" },
		{ "crypto isakmp profile P\n match nothing\n", "P", "match nothing" },
		{ "crypto pki trustpoint CA\n enrollment nowhere\n", "CA", "enrollment nowhere" },
		{ "crypto pki certificate map CM 1\n subject-name xx y\n", "CM", "subject-name xx y" },
		{ "crypto ipsec transform-set T esp-aes esp-sha-hmac\n mode none\n", "T", "mode none" },
		{ "crypto map M 1 ipsec-isakmp\n set pfs group99\n", "M", "set pfs group99" },
		{ "crypto dynamic-map D 1\n set pfs group99\n", "D", "set pfs group99" },
		{ "crypto ipsec profile IP\n set pfs group99\n", "IP", "set pfs group99" },
		{ "ip access-list extended A\n permit gre host host\n", "A", "permit gre host host" },
		{ "ip access-list standard S\n permit host\n", "S", "permit host" },
		{ "ipv6 access-list S6\n permit ipv6\n", "S6", "permit ipv6" },
		{ "line vty 0 4\n login nowhere\n", "line", "login nowhere" },
		{ "archive\n path\n", "archive", "path" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report report = { 0 }, checked = { 0 };
		struct config *c = load(rows[i].text, &report);
		struct unsupported_line *v;
		size_t n;

		assert_int_equal(unsupported_list(c, &v, &n), 0);
		assert_int_equal(n, 1);
		assert_string_equal(v[0].text, rows[i].line);
		assert_string_equal(v[0].what->words, "refused lines");
		if (rows[i].where)
			assert_string_equal(v[0].where, rows[i].where);
		else
			assert_null(v[0].where);
		free(v);
		/* of each there is a message about the line itself */
		check_unsupported(c, &checked);
		assert_int_equal(checked.errors, 0);
		report_fini(&checked);
		report_fini(&report);
		config_free(c);
	}
}

static void check_says_a_subject_once_and_quotes_no_line(void **state)
{
	struct report report = { 0 };
	struct config *c = load(text, &report);
	struct txt out = TXT_INIT;

	(void)state;
	report_fini(&report);
	memset(&report, 0, sizeof(report));
	check_unsupported(c, &report);
	report_print(&report, "cfg", &out);
	assert_non_null(strstr(txt_cstr(&out), "cfg: warning: ip nat (lines 25, 18, 21): NAT is not run: packets leave "
					       "with their own addresses.\n"));
	assert_non_null(strstr(txt_cstr(&out), "cfg: warning: protocol pptp (line 6): PPTP"));
	assert_non_null(strstr(txt_cstr(&out), "cfg: note: snmp-server (line 28): "));
	assert_null(strstr(txt_cstr(&out), "secret"));
	assert_int_equal(report.errors, 0);
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

static void a_configuration_that_is_all_in_force_has_none(void **state)
{
	struct report report = { 0 };
	struct config *c = load("hostname R1\ninterface Loopback0\n ip address 192.0.2.1 255.255.255.255\n", &report);
	struct unsupported_line *v;
	size_t n = 1;

	(void)state;
	assert_int_equal(unsupported_list(c, &v, &n), 0);
	assert_int_equal(n, 0);
	free(v);
	report_fini(&report);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_that_nothing_acts_on_has_a_meaning),
		cmocka_unit_test(what_was_refused_is_listed_first_wherever_it_stands),
		cmocka_unit_test(check_says_a_subject_once_and_quotes_no_line),
		cmocka_unit_test(a_configuration_that_is_all_in_force_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
