/* SPDX-License-Identifier: Apache-2.0 */
/* interface range: one line for several interfaces. */
#include "helper.h"

#include "commands/if_range.h"

static void ranges_are_read_as_ios_reads_them(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "FastEthernet0/0 - 2", "FastEthernet0/0 FastEthernet0/1 FastEthernet0/2 " },
		{ "FastEthernet 0/0-1", "FastEthernet0/0 FastEthernet0/1 " },
		{ "fa0/1 , tu0 - 1 , lo5", "FastEthernet0/1 Tunnel0 Tunnel1 Loopback5 " },
		{ "Ethernet0/0.10 - 11", "Ethernet0/0.10 Ethernet0/0.11 " },
		{ "Tunnel1 - Tunnel3", "Tunnel1 Tunnel2 Tunnel3 " },
		{ "Tunnel2", "Tunnel2 " },
		{ "Tunnel3 - 2", "" },
		{ "Tunnel1 - ", "" },
		{ "Tunnel1 - x", "" },
		{ "Tunnel1 ,", "" },
		{ "Tunnel1 , nonsense/", "" },
		{ "Tunnel", "" },
		{ ",", "" },
		{ "Tunnel99999999999 - 5", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txt got = TXT_INIT;
		char name[CFG_NAME_MAX];

		for (size_t k = 0; if_range_at(rows[i].text, k, name); k++)
			txt_printf(&got, "%s ", name);
		assert_string_equal(txt_cstr(&got), rows[i].want);
		txt_fini(&got);
	}
}

static void each_interface_gets_each_line(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_EXEC);
	type(&r, "configure terminal");
	type(&r, "interface Tunnel1");
	type(&r, "bandwidth 7");
	assert_string_equal(type(&r, "interface range FastEthernet0/0 - 1 , Tunnel1"), "");
	assert_string_equal(prompt(&r), "R1(config-if-range)#");
	assert_string_equal(type(&r, "description all of them"), "");
	assert_string_equal(type(&r, "ip mtu 1400"), "");
	assert_string_equal(type(&r, "no bandwidth"), "");
	assert_string_equal(prompt(&r), "R1(config-if-range)#");
	struct txt path = TXT_INIT;
	assert_false(cli_session_path(r.s, &path)); /* no line leads here */
	txt_fini(&path);
	/* a line of tunnels alone is an error where it is none */
	assert_non_null(strstr(type(&r, "tunnel source Loopback0"), "% Invalid input"));
	assert_int_equal(r.last.status, CLI_ERROR);
	/* and so on as ever */
	type(&r, "exit");
	assert_string_equal(prompt(&r), "R1(config)#");
	type(&r, "interface FastEthernet0/0");
	type(&r, "description the first");
	assert_string_equal(prompt(&r), "R1(config-if)#");
	const char *now = running(&r);
	assert_non_null(strstr(now, "interface Tunnel1\n description all of them\n ip mtu 1400\n tunnel source Loopback0\n"));
	assert_non_null(strstr(now, "interface FastEthernet0/0\n description the first\n ip mtu 1400\n"));
	assert_non_null(strstr(now, "interface FastEthernet0/1\n description all of them\n ip mtu 1400\n"));
	assert_null(strstr(now, "range"));
	router_down(&r);
}

static void a_range_is_left_like_an_interface(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_EXEC);
	type(&r, "configure terminal");
	type(&r, "interface range Tunnel1 - 2");
	type(&r, "crypto isakmp policy 10"); /* a global command leads on */
	assert_string_equal(prompt(&r), "R1(config-isakmp)#");
	type(&r, "encr aes");
	type(&r, "interface range Tunnel3 - 4"); /* as does another range, */
	type(&r, "interface range Tunnel5 - 6"); /* from a range, too */
	type(&r, "shutdown");
	type(&r, "end");
	assert_string_equal(prompt(&r), "R1#");
	type(&r, "configure terminal");
	type(&r, "interface Tunnel3");
	type(&r, "description alone");
	const char *now = running(&r);
	for (unsigned i = 1; i <= 6; i++) {
		char want[64];

		snprintf(want, sizeof(want), "interface Tunnel%u\n%s", i, i == 3 ? " description alone\n" : "");
		assert_non_null(strstr(now, want));
		snprintf(want, sizeof(want), "interface Tunnel%u\n shutdown\n", i);
		assert_int_equal(strstr(now, want) != NULL, i >= 5);
	}
	router_down(&r);
}

static void what_is_no_range_changes_nothing(void **state)
{
	static const char *const lines[] = { "interface range Tunnel2 - 1", "interface range Tunnel1 - 65",
					     "interface range Tunnel1 , x,", "interface range Tunnel1 - 2147483647" };
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_non_null(strstr(type(&r, lines[i]), "% Invalid input"));
		assert_string_equal(prompt(&r), "R1(config)#");
	}
	assert_int_equal(r.c->interfaces.n, 0);
	type(&r, "interface range Tunnel1 - 64");
	assert_int_equal(r.c->interfaces.n, 64);
	router_down(&r);
}

static void what_a_level_may_not_say_is_refused_once(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "privilege configure level 5 interface");
	type(&r, "privilege interface level 5 description");
	type(&r, "privilege exec level 5 configure terminal");
	type(&r, "interface range Tunnel1 - 3");
	cli_session_set_level(r.s, 5);
	type(&r, "configure terminal");
	assert_string_equal(type(&r, "interface range Tunnel1 - 3"), "");
	assert_string_equal(type(&r, "description said"), "");
	const char *said = strstr(type(&r, "shutdown"), "% Invalid");
	assert_non_null(said);
	assert_null(strstr(said + 1, "% Invalid"));
	assert_string_equal(prompt(&r), "R1(config-if-range)#");
	const char *now = running(&r);
	for (unsigned i = 1; i <= 3; i++) {
		char want[64];

		snprintf(want, sizeof(want), "interface Tunnel%u\n description said\n!\n", i);
		assert_non_null(strstr(now, want));
	}
	router_down(&r);
}

/* What another session does to the configuration. */
static void elsewhere(struct router *r, const char *line)
{
	struct cli_session *other = cli_session_new(commands_grammar(), M_CONFIG);
	struct cli_result said = { 0 };

	cli_session_line(other, r->c, line, 0, &said);
	assert_int_equal(said.status, CLI_OK);
	cli_result_fini(&said);
	cli_session_free(other);
}

static void what_is_removed_meanwhile_is_not_made_anew(void **state)
{
	static const char gone[] = "%% \"interface Tunnel%u\" was removed meanwhile: nothing was changed there\n\n";
	struct router r;
	char want[256];

	(void)state;
	/* the first, the middle, and the last, which the session is in */
	for (unsigned i = 1; i <= 3; i++) {
		router_up(&r, M_CONFIG);
		type(&r, "interface range Tunnel1 - 3");
		snprintf(want, sizeof(want), "no interface Tunnel%u", i);
		elsewhere(&r, want);
		snprintf(want, sizeof(want), gone, i);
		for (unsigned k = 0; k < 2; k++) {
			assert_string_equal(type(&r, "ip mtu 1400"), want);
			assert_int_equal(r.last.status, CLI_ERROR);
			assert_true(r.last.config);
			assert_string_equal(prompt(&r), "R1(config-if-range)#");
		}
		assert_int_equal(r.c->interfaces.n, 2);
		for (unsigned k = 0; k < 2; k++)
			assert_int_equal(r.c->interfaces.v[k]->ip_mtu, 1400);
		/* once it is there again, it is one of them again */
		snprintf(want, sizeof(want), "interface Tunnel%u", i);
		elsewhere(&r, want);
		assert_string_equal(type(&r, "ip mtu 1300"), "");
		for (unsigned k = 0; k < 3; k++)
			assert_int_equal(r.c->interfaces.v[k]->ip_mtu, 1300);
		router_down(&r);
	}
	/* all of them: as in the mode of one */
	router_up(&r, M_CONFIG);
	type(&r, "interface range Tunnel1 - 2");
	elsewhere(&r, "no interface Tunnel1");
	elsewhere(&r, "no interface Tunnel2");
	assert_non_null(strstr(type(&r, "ip mtu 1400"), "% What is configured here was removed meanwhile"));
	assert_non_null(strstr(type(&r, "ip mtu 1400"), "% What is configured here was removed meanwhile"));
	assert_int_equal(r.c->interfaces.n, 0);
	type(&r, "exit");
	assert_string_equal(prompt(&r), "R1(config)#");
	router_down(&r);
}

static void a_file_may_have_one(void **state)
{
	struct report report = { 0 };
	struct config *c = load("hostname R1\ninterface range Tunnel1 - 2 , FastEthernet0/1\n ip mtu 1400\n  no  shutdown\n!\n"
				"interface Tunnel3\n ip mtu 1300\n", &report);
	struct txt out = TXT_INIT;

	(void)state;
	assert_int_equal(report.errors, 0);
	commands_render(c, 0, &out);
	static const char *const names[] = { "Tunnel1", "Tunnel2", "FastEthernet0/1" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char want[64];

		snprintf(want, sizeof(want), "interface %s\n ip mtu 1400\n", names[i]);
		assert_non_null(strstr(txt_cstr(&out), want));
	}
	assert_non_null(strstr(txt_cstr(&out), "interface Tunnel3\n ip mtu 1300\n"));
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_read_as_ios_reads_them),
		cmocka_unit_test(each_interface_gets_each_line),
		cmocka_unit_test(a_range_is_left_like_an_interface),
		cmocka_unit_test(what_is_no_range_changes_nothing),
		cmocka_unit_test(what_a_level_may_not_say_is_refused_once),
		cmocka_unit_test(what_is_removed_meanwhile_is_not_made_anew),
		cmocka_unit_test(a_file_may_have_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
