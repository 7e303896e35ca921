/* SPDX-License-Identifier: Apache-2.0 */
/* Users, secrets, lines and privilege levels: how they are written and printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "commands/commands.h"
#include "commands/exec.h"
#include "commands/load.h"
#include "helper.h"

#define SHA256_HASH "$8$TnGX/fE4KGHOVU$pEhnEvxrvaynpi8j4f.EMHr6M.FzU8xnZnBr/tJdFWk"
#define SCRYPT_HASH "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6"

/* As IOS prints it, with its own spelling and order. */
static const char printed[] =
	"service password-encryption\n"
	"!\n"
	"hostname R1\n"
	"!\n"
	"enable secret level 5 8 " SHA256_HASH "\n"
	"enable secret 9 " SCRYPT_HASH "\n"
	"enable password 7 0822455D0A16\n"
	"!\n"
	"username admin privilege 15 secret 9 " SCRYPT_HASH "\n"
	"username bob password 7 02050D480809\n"
	"username eve nopassword\n"
	"username joe\n"
	"username joe autocommand show users\n"
	"!\n"
	"privilege interface level 3 ip address\n"
	"privilege exec all level 5 show running-config\n"
	"!\n"
	"line con 0\n"
	" exec-timeout 0 0\n"
	" logging synchronous\n"
	"line aux 0\n"
	"line vty 0 4\n"
	" access-class 23 in\n"
	" exec-timeout 5 30\n"
	" privilege level 7\n"
	" password 7 0822455D0A16\n"
	" login local\n"
	" length 0\n"
	" width 132\n"
	" history size 100\n"
	" transport input ssh\n"
	"line vty 5 15\n"
	" no login\n"
	"!\n"
	"end\n";

static void users_and_lines_come_back_byte_for_byte(void **state)
{
	struct report report = { 0 };
	struct config *c = load(printed, &report);
	struct txt out = TXT_INIT;

	(void)state;
	assert_int_equal(report.errors, 0);
	commands_render(c, 0, &out);
	assert_string_equal(txt_cstr(&out), printed);
	struct config *copy = config_clone(c);
	assert_true(config_equal(c, copy));
	copy->users.lines.v[2]->timeout_sec++;
	assert_false(config_equal(c, copy));
	config_free(copy);
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

/* What no log may show. */
static void secrets_are_masked(void **state)
{
	struct report report = { 0 };
	struct config *c = load(printed, &report);
	struct txt out = TXT_INIT;

	(void)state;
	commands_render(c, CLI_RENDER_MASK, &out);
	assert_null(strstr(txt_cstr(&out), "$9$"));
	assert_null(strstr(txt_cstr(&out), "$8$"));
	assert_null(strstr(txt_cstr(&out), "0822455D0A16"));
	assert_null(strstr(txt_cstr(&out), "02050D480809"));
	assert_non_null(strstr(txt_cstr(&out), "username admin privilege 15 secret 9 *****\n"));
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

static void a_secret_in_clear_waits_to_be_hashed(void **state)
{
	static const struct {
		const char *line, *name;
		uint8_t type, want;
		const char *text;
	} rows[] = {
		{ "username u secret two words", "u", SECRET_PLAIN, SECRET_SCRYPT, "two words" },
		{ "username u secret 0 5", "u", SECRET_PLAIN, SECRET_SCRYPT, "5" },
		{ "username u algorithm-type sha256 secret x", "u", SECRET_PLAIN, SECRET_PBKDF2, "x" },
		{ "username u privilege 3 algorithm-type md5 secret x", "u", SECRET_PLAIN, SECRET_MD5, "x" },
		{ "username u secret 9 " SCRYPT_HASH, "u", SECRET_SCRYPT, SECRET_SCRYPT, SCRYPT_HASH },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		type(&r, rows[i].line);
		assert_int_equal(r.last.status, CLI_OK);
		const struct cfg_user *u = users_find(&r.c->users, rows[i].name);
		assert_true(u->secret.set && u->secret.hashed);
		assert_int_equal(u->secret.type, rows[i].type);
		assert_int_equal(u->secret.want, rows[i].want);
		assert_string_equal(u->secret.text, rows[i].text);
		assert_round_trip(r.c);
		router_down(&r);
	}
}

static void weak_secrets_are_named_when_they_are_typed(void **state)
{
	static const struct {
		const char *line, *said; /* NULL: nothing is */
	} rows[] = {
		{ "username u secret 9 " SCRYPT_HASH, NULL },
		{ "username u secret s", NULL },
		{ "username u password s", "type 0 is weak" },
		{ "username u password 7 0822455D0A16", "type 7 is weak" },
		{ "enable secret 5 $1$28772684$iEwNOgGugqO9.bIz5sk8k/", "type 5 (MD5) is weak" },
		{ "enable algorithm-type md5 secret s", "type 5 (MD5) is weak" },
		{ "enable secret 9 $9$short", "no secret of type 9" },
		{ "enable password 7 ZZ", "no secret of type 7" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct router r;

		router_up(&r, M_CONFIG);
		const char *said = type(&r, rows[i].line);
		if (rows[i].said)
			assert_non_null(strstr(said, rows[i].said));
		else
			assert_string_equal(said, "");
		router_down(&r);
	}
}

static void a_user_keeps_what_a_later_line_does_not_say(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "username a privilege 15");
	type(&r, "username a secret x");
	assert_int_equal(users_find(&r.c->users, "a")->privilege, 16);
	assert_non_null(strstr(type(&r, "username a password y"),
			       "ERROR: Can not have both a user password and a user secret."));
	assert_string_equal(users_find(&r.c->users, "a")->secret.text, "x");
	assert_string_equal(type(&r, "no username"), "% Incomplete command.\n\n");
	type(&r, "username b privilege 16 secret x");
	assert_int_equal(r.last.status, CLI_ERROR);
	assert_null(users_find(&r.c->users, "b"));
	type(&r, "no username a");
	assert_int_equal(r.c->users.list.n, 0);
	router_down(&r);
}

static void passwords_are_encrypted_once_the_service_is_on(void **state)
{
	struct router r;
	char clear[CFG_SECRET_MAX];

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "enable password cisco");
	assert_non_null(strstr(running(&r), "enable password cisco\n"));
	type(&r, "service password-encryption");
	type(&r, "line vty 0 4");
	type(&r, "password letmein");
	const struct cfg_secret *e = users_enable_secret(&r.c->users, 15);
	const struct cfg_secret *l = &r.c->users.lines.v[0]->password;
	assert_int_equal(e->type, SECRET_TYPE7);
	assert_int_equal(l->type, SECRET_TYPE7);
	assert_true(type7_decode(e->text, clear));
	assert_string_equal(clear, "cisco");
	assert_true(type7_decode(l->text, clear));
	assert_string_equal(clear, "letmein");
	assert_round_trip(r.c);
	/* as in IOS, what is encrypted stays so */
	type(&r, "no service password-encryption");
	assert_int_equal(e->type, SECRET_TYPE7);
	router_down(&r);
}

/* A password that reads like a type, or like `level`, comes back as it was. */
static void passwords_that_look_like_keywords_come_back(void **state)
{
	static const char *const words[] = { "7", "0 x", "level 3", "l", "leveller", "7up", "a b" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct router r;
		char line[64];

		router_up(&r, M_CONFIG);
		snprintf(line, sizeof(line), "enable password 0 %s", words[i]);
		type(&r, line);
		assert_string_equal(users_enable_secret(&r.c->users, 15)->text, words[i]);
		assert_round_trip(r.c);
		router_down(&r);
	}
}

static void type_7_is_read_as_published(void **state)
{
	static const struct {
		const char *text, *clear; /* NULL: it is none */
	} rows[] = {
		{ "0822455D0A16", "cisco" },
		{ "02050D480809", "cisco" },
		{ "094f471a1a0a", "cisco" },
		{ "", NULL },
		{ "08", NULL },
		{ "0822455D0A1", NULL },
		{ "0822455D0AXX", NULL },
		{ "9922455D0A16", NULL },
		{ "A822455D0A16", NULL },
	};
	char clear[CFG_SECRET_MAX], text[CFG_SECRET_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(type7_decode(rows[i].text, clear), rows[i].clear != NULL);
		if (rows[i].clear)
			assert_string_equal(clear, rows[i].clear);
	}
	for (size_t n = 1; n < CFG_SECRET_MAX; n++) {
		char in[CFG_SECRET_MAX] = { 0 };

		memset(in, 'a' + (int)(n % 26), n);
		if (!type7_encode(in, text)) {
			assert_true(2 * n + 3 > CFG_SECRET_MAX);
			continue;
		}
		assert_true(type7_decode(text, clear));
		assert_string_equal(clear, in);
	}
}

static void what_a_later_range_of_lines_says_is_in_force(void **state)
{
	struct report report = { 0 };
	struct config *c = load("line vty 0 4\n password a\n login\n exec-timeout 3 0\n"
				"line vty 0 15\n login local\nline vty 3\n length 0\n",
				&report);
	struct cfg_line l;

	(void)state;
	assert_int_equal(report.n, 0);
	users_line(&c->users, LINE_VTY, 3, &l);
	assert_int_equal(l.login, LOGIN_LOCAL);
	assert_string_equal(l.password.text, "a");
	assert_int_equal(l.timeout_min, 3);
	assert_int_equal(l.length, 1);
	users_line(&c->users, LINE_VTY, 9, &l);
	assert_int_equal(l.login, LOGIN_LOCAL);
	assert_false(l.password.set);
	assert_int_equal(l.timeout_min, 10);
	users_line(&c->users, LINE_CON, 0, &l);
	assert_int_equal(l.login, LOGIN_UNSAID);
	report_fini(&report);
	config_free(c);
}

/* The lines that Unicon and netmiko begin with. */
static void automation_begins_its_session(void **state)
{
	static const char *const typed[] = { "no logging console", "line console 0", "exec-timeout 0",
					     "line vty 0 4", "exec-timeout 0", "exit", "line vty 0 4",
					     "no exec-timeout", "default exec-timeout" };
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		assert_string_equal(type(&r, typed[i]), "");
		assert_int_equal(r.last.status, CLI_OK);
		if (i == 2)
			assert_string_equal(prompt(&r), "R1(config-line)#");
	}
	assert_non_null(strstr(running(&r), "line con 0\n exec-timeout 0 0\n"));
	assert_null(strstr(running(&r), "line vty 0 4\n exec"));
	router_down(&r);
}

static void a_level_sees_and_runs_what_it_has(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_USER);
	assert_null(strstr(help(&r, ""), "configure"));
	assert_null(strstr(help(&r, "show "), "running-config"));
	assert_non_null(strstr(help(&r, "show "), "version"));
	assert_string_equal(type(&r, "show running-config"),
			    "        ^\n% Invalid input detected at '^' marker.\n\n");
	cli_session_set_level(r.s, 0);
	assert_string_equal(prompt(&r), "R1>");
	assert_null(strstr(help(&r, ""), "show"));
	assert_non_null(strstr(help(&r, ""), "enable"));
	cli_session_set_level(r.s, 5);
	assert_string_equal(prompt(&r), "R1#");
	assert_non_null(strstr(help(&r, "show "), "version"));
	assert_null(strstr(help(&r, "show "), "running-config"));
	type(&r, "configure terminal");
	assert_int_equal(r.last.status, CLI_ERROR);
	assert_int_equal(cli_session_privilege(r.s), 5);
	router_down(&r);
}

static void privilege_moves_commands(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "privilege exec level 5 show run");
	type(&r, "privilege exec level 5 configure terminal");
	type(&r, "privilege exec level 7 show version");
	type(&r, "privilege configure level 5 interface");
	type(&r, "privilege interface level 5 description");
	assert_string_equal(type(&r, "privilege exec level 5 no such thing"),
			    "                                          ^\n"
			    "% Invalid input detected at '^' marker.\n\n");
	cli_session_set_level(r.s, 5);
	type(&r, "show running-config");
	assert_int_equal(r.last.action, EXEC_SHOW_RUNNING);
	type(&r, "show version");
	assert_int_equal(r.last.status, CLI_ERROR);
	/* what is not his is refused, and not kept to come to life in a file */
	type(&r, "configure terminal");
	type(&r, "username mallory privilege 15 secret x");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "interface Loopback0");
	assert_string_equal(prompt(&r), "R1(config-if)#");
	type(&r, "description mine");
	assert_int_equal(r.last.status, CLI_OK);
	type(&r, "ip address 192.0.2.1 255.255.255.255");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "do show version");
	assert_int_equal(r.last.status, CLI_ERROR);
	type(&r, "end");
	assert_string_equal(prompt(&r), "R1#");
	assert_int_equal(cli_session_privilege(r.s), 5);
	assert_null(strstr(running(&r), "mallory"));
	assert_null(strstr(running(&r), "ip address"));
	assert_non_null(strstr(running(&r), " description mine\n"));
	/* the longer command has its own level */
	cli_session_set_level(r.s, 15);
	type(&r, "configure terminal");
	type(&r, "privilege exec level 6 show");
	cli_session_set_level(r.s, 5);
	type(&r, "show running-config");
	assert_int_equal(r.last.status, CLI_EXEC);
	type(&r, "show clock");
	assert_int_equal(r.last.status, CLI_ERROR);
	cli_session_set_level(r.s, 15);
	type(&r, "configure terminal");
	type(&r, "no privilege exec level 6 show");
	type(&r, "privilege exec reset configure terminal");
	assert_null(strstr(running(&r), "privilege exec level 6"));
	assert_null(strstr(running(&r), "configure terminal"));
	router_down(&r);
}

/* In a block whose lines are only kept, a level says no more than elsewhere. */
static void a_level_brings_nothing_to_life_by_a_kept_block(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "privilege exec level 5 configure terminal");
	type(&r, "privilege configure level 5 router");
	cli_session_set_level(r.s, 5);
	type(&r, "configure terminal");
	type(&r, "router ospf 1");
	type(&r, "username mallory privilege 15 secret x");
	type(&r, "!");
	type(&r, "username mallory privilege 15 secret x");
	struct report report = { 0 };
	struct config *c = load(running(&r), &report);
	assert_int_equal(c->users.list.n, 0);
	report_fini(&report);
	config_free(c);
	router_down(&r);
}

static void a_banner_is_typed_line_by_line(void **state)
{
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	assert_string_equal(type(&r, "banner motd #"),
			    "Enter TEXT message.  End with the character '#'.\n");
	assert_true(cli_session_is_text(r.s));
	assert_string_equal(prompt(&r), "");
	type(&r, "hostname mine");
	type(&r, "bye #");
	assert_false(cli_session_is_text(r.s));
	assert_string_equal(prompt(&r), "R1(config)#");
	assert_string_equal(r.c->hostname, "R1");
	assert_string_equal(type(&r, "banner exec ^Cone line^C"), "");
	assert_false(cli_session_is_text(r.s));
	router_down(&r);
}

static void what_is_weak_is_checked(void **state)
{
	static const struct {
		const char *config, *want; /* NULL: nothing about users */
	} rows[] = {
		{ "enable secret 9 " SCRYPT_HASH "\nusername a secret 8 " SHA256_HASH "\nline vty 0 4\n login local\n", NULL },
		{ "enable secret 5 $1$28772684$iEwNOgGugqO9.bIz5sk8k/\n", "enable secret: type 5 (MD5) is weak" },
		{ "enable password x\n", "enable password: type 0 can be read" },
		{ "enable password level 3 7 0822455D0A16\n", "enable password level 3: type 7 can be read" },
		{ "enable secret 9 " SCRYPT_HASH "\nenable password x\n", "enable secret is asked for instead of it" },
		{ "username a password 7 0822455D0A16\n", "username a: type 7 can be read" },
		{ "username a secret 9 $9$x\n", "username a: this is no secret of type 9" },
		{ "username a nopassword\n", "whoever says this name" },
		{ "line vty 0 4\n login\n", "line vty 0 4: no password is set" },
		{ "line vty 0 4\n password p\n login\n", "line vty 0 4: type 0 can be read" },
		{ "line vty 0 4\n login local\n", "none is configured" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report report = { 0 };
		struct config *c = load(rows[i].config, &report);
		struct txt out = TXT_INIT;

		report_fini(&report);
		commands_check(c, &report);
		report_print(&report, "R1", &out);
		if (rows[i].want)
			assert_non_null(strstr(txt_cstr(&out), rows[i].want));
		else
			assert_string_equal(txt_cstr(&out), "");
		txt_fini(&out);
		report_fini(&report);
		config_free(c);
	}
}

static void a_banner_is_shown_as_it_was_meant(void **state)
{
	static const struct {
		const char *config, *text;
	} rows[] = {
		{ "banner motd ^C\n  Keep out!\n! really\n\nbye ^C\n", "\n  Keep out!\n! really\n\nbye \n" },
		{ "banner motd # one line #\n", " one line \n" },
		{ "banner motd ^x\n stop ^\n", "x\n stop \n" },
		{ "banner motd %\nnever ended\n", "\nnever ended\n" },
		{ "banner motd ##\n", "" },
		{ "banner login #no#\n", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report report = { 0 };
		struct config *c = load(rows[i].config, &report);
		struct txt out = TXT_INIT;

		config_banner(c, "motd", &out);
		assert_string_equal(txt_cstr(&out), rows[i].text);
		txt_fini(&out);
		report_fini(&report);
		config_free(c);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_and_lines_come_back_byte_for_byte),
		cmocka_unit_test(secrets_are_masked),
		cmocka_unit_test(a_secret_in_clear_waits_to_be_hashed),
		cmocka_unit_test(weak_secrets_are_named_when_they_are_typed),
		cmocka_unit_test(a_user_keeps_what_a_later_line_does_not_say),
		cmocka_unit_test(passwords_are_encrypted_once_the_service_is_on),
		cmocka_unit_test(passwords_that_look_like_keywords_come_back),
		cmocka_unit_test(type_7_is_read_as_published),
		cmocka_unit_test(what_a_later_range_of_lines_says_is_in_force),
		cmocka_unit_test(automation_begins_its_session),
		cmocka_unit_test(a_level_sees_and_runs_what_it_has),
		cmocka_unit_test(privilege_moves_commands),
		cmocka_unit_test(a_level_brings_nothing_to_life_by_a_kept_block),
		cmocka_unit_test(a_banner_is_typed_line_by_line),
		cmocka_unit_test(what_is_weak_is_checked),
		cmocka_unit_test(a_banner_is_shown_as_it_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
