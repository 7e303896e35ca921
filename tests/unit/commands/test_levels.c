/* SPDX-License-Identifier: Apache-2.0 */
/* `privilege`: a level has the commands that it is given by their words, and nothing else of their rows. */
#include "gen.h"

#include <strings.h>
#include <time.h>

static const char *const way_in[] = { "privilege exec level 5 configure terminal" };

/* A router with these lines, at EXEC of a level. */
static void at_level(struct router *r, unsigned level, const char *const *lines, size_t n)
{
	router_up(r, M_CONFIG);
	for (size_t i = 0; i < sizeof(way_in) / sizeof(way_in[0]); i++)
		assert_string_equal(type(r, way_in[i]), "");
	for (size_t i = 0; i < n; i++)
		assert_string_equal(type(r, lines[i]), "");
	cli_session_set_level(r->s, level);
}
#define AT_LEVEL(r, level, ...) \
	at_level(r, level, (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void runs(struct router *r, const char *line, bool want)
{
	(void)type(r, line);
	if ((r->last.status != CLI_ERROR) != want)
		fail_msg("%s %s: %s", want ? "refused" : "taken", line, txt_cstr(&r->last.out));
}

static void the_words_decide_and_not_the_row(void **state)
{
	static const struct {
		const char *line;
		bool at_5;
	} lines[] = {
		{ "debug crypto isakmp", true },
		{ "debug crypto isakmp error", true },
		{ "deb cry isa", true },
		{ "debug crypto ipsec", false },
		{ "debug crypto pki messages", false },
		{ "debug crypto", false },
		{ "debug all", false },
		{ "debug tunnel keepalive", false },
		{ "debug crypto condition reset", false },
		{ "undebug crypto isakmp", false },
		{ "no debug crypto isakmp", false },
		{ "show running-config interface Tunnel0", true },
		{ "show run int tu0", true },
		{ "show running-config", false },
		{ "show running-config all", false },
		{ "show running-config view full", false },
		{ "show run", false },
		{ "show running-config interface Tunnel0 | include ip", true },
		{ "show running-config | include interface", false },
		{ "show clock", true },
		{ "show startup-config", false },
	};
	struct router r;

	(void)state;
	AT_LEVEL(&r, 5, "privilege exec level 5 debug crypto isakmp", "privilege exec level 5 show running-config interface");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		runs(&r, lines[i].line, lines[i].at_5);
	/* the same behind `do` */
	runs(&r, "configure terminal", true);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[128];

		snprintf(line, sizeof(line), "do %s", lines[i].line);
		runs(&r, line, lines[i].at_5);
	}
	router_down(&r);
}

static void help_and_tab_know_what_leads_somewhere(void **state)
{
	struct router r;

	(void)state;
	AT_LEVEL(&r, 5, "privilege exec level 5 debug crypto isakmp", "privilege exec level 5 show running-config interface",
		 "privilege exec level 15 show version", "privilege configure level 5 interface Tunnel0",
		 "privilege configure level 5 crypto map");
	assert_string_equal(help(&r, "debug "), "  crypto  Cryptographic subsystem\n");
	assert_string_equal(help(&r, "debug crypto "), "  isakmp  ISAKMP Key Management\n");
	assert_non_null(strstr(help(&r, "debug crypto isakmp "), "  error "));
	assert_non_null(strstr(help(&r, "debug crypto isakmp "), "  <cr>\n"));
	assert_string_equal(help(&r, "deb"), "debug\n");
	assert_string_equal(help(&r, "debug t"), "% Unrecognized command\n");
	assert_string_equal(help(&r, "debug tunnel "), "% Unrecognized command\n");
	/* no end, and so no bar, before the word that is given */
	assert_string_equal(help(&r, "show running-config "), "  interface  Show interface configuration\n");
	assert_string_equal(help(&r, "show running-config | "), "% Unrecognized command\n");
	assert_non_null(strstr(help(&r, "show running-config interface Tunnel0 | "), "include"));
	assert_null(strstr(help(&r, "show "), "  version "));
	assert_null(strstr(help(&r, "show "), "  startup-config "));
	assert_string_equal(help(&r, "show ver"), "% Unrecognized command\n");
	assert_string_equal(tab(&r, "deb"), "ug ");
	assert_string_equal(tab(&r, "debug crypto i"), "sakmp ");
	assert_string_equal(tab(&r, "debug crypto p"), "");
	assert_string_equal(tab(&r, "show vers"), "");
	assert_string_equal(tab(&r, "show running-config i"), "nterface ");
	runs(&r, "configure terminal", true);
	assert_string_equal(help(&r, "do debug crypto "), "  isakmp  ISAKMP Key Management\n");
	assert_string_equal(tab(&r, "do debug crypto i"), "sakmp ");
	assert_string_equal(help(&r, "interface "), "  Tunnel  Tunnel interface\n");
	assert_string_equal(help(&r, "no interface "), "  Tunnel  Tunnel interface\n");
	assert_string_equal(help(&r, "crypto "), "  map  Enter a crypto map\n");
	assert_string_equal(help(&r, "default crypto "), "  map  Enter a crypto map\n");
	assert_null(strstr(help(&r, ""), "hostname"));
	router_down(&r);
	/* nobody's rights hide anything from level 15 */
	AT_LEVEL(&r, 15, "privilege exec level 5 debug crypto isakmp");
	assert_non_null(strstr(help(&r, "debug crypto "), "  pki "));
	router_down(&r);
}

static void the_longest_words_decide(void **state)
{
	struct router r;

	(void)state;
	AT_LEVEL(&r, 5, "privilege exec level 5 show crypto", "privilege exec level 7 show crypto ipsec",
		 "privilege exec level 5 show crypto ipsec sa", "privilege exec level 9 show crypto ipsec sa detail");
	runs(&r, "show crypto isakmp sa", true);
	runs(&r, "show crypto ipsec transform-set", false);
	runs(&r, "show crypto ipsec sa", true);
	runs(&r, "show crypto ipsec sa peer 192.0.2.1", true);
	runs(&r, "show crypto ipsec sa detail", false);
	runs(&r, "sh cry ips sa det", false);
	assert_null(strstr(help(&r, "show crypto ipsec sa "), "  detail "));
	assert_string_equal(help(&r, "show crypto ipsec "), "  sa  IPSEC SA table\n");
	cli_session_set_level(r.s, 7);
	runs(&r, "show crypto ipsec transform-set", true);
	runs(&r, "show crypto ipsec sa detail", false);
	cli_session_set_level(r.s, 9);
	runs(&r, "show crypto ipsec sa detail", true);
	router_down(&r);
}

static void commands_are_kept_in_full_and_once(void **state)
{
	static const char *const wrong[] = {
		"privilege exec level 5 show i", /* several */
		"privilege exec level 5 no such thing",
		"privilege exec level 5 show version more",
		"privilege configure level 5 no crypto map",
		"privilege configure level 5 do show version",
	};
	struct router r;

	(void)state;
	router_up(&r, M_CONFIG);
	type(&r, "privilege exec level 5 sh run int");
	type(&r, "privilege exec all level 6 deb cry isa");
	type(&r, "privilege configure level 5 int tu 0");
	assert_non_null(strstr(running(&r), "privilege configure level 5 interface Tunnel0\n"));
	assert_non_null(strstr(running(&r), "privilege exec all level 6 debug crypto isakmp\n"));
	assert_non_null(strstr(running(&r), "privilege exec level 5 show running-config interface\n"));
	assert_round_trip(r.c);
	type(&r, "privilege exec level 7 show running interf");
	assert_int_equal(r.c->users.privileges.n, 3);
	assert_non_null(strstr(running(&r), "privilege exec level 7 show running-config interface\n"));
	type(&r, "no privilege exec level 7 sh runn int");
	type(&r, "privilege exec reset debug crypto isa");
	type(&r, "privilege configure reset interface tun0");
	assert_int_equal(r.c->users.privileges.n, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_non_null(strstr(type(&r, wrong[i]), "% Invalid input"));
	assert_int_equal(r.c->users.privileges.n, 0);
	router_down(&r);
}

static void a_value_is_itself_however_it_is_spelled(void **state)
{
	struct router r;

	(void)state;
	AT_LEVEL(&r, 5, "privilege configure level 5 interface", "privilege configure level 15 interface Tunnel9",
		 "privilege interface level 5 description", "privilege interface level 15 description boss",
		 "privilege configure level 5 crypto map M 10",
		 "privilege exec level 5 ping", "privilege exec level 15 ping ip", "privilege exec level 15 ping 192.0.2.1");
	runs(&r, "ping 192.0.2.2", true);
	runs(&r, "ping 192.0.2.1", false);
	runs(&r, "ping 192.0.2.1 repeat 2", false);
	/* what is a keyword for others is no name of a host for him */
	runs(&r, "ping ip", false);
	runs(&r, "ping ip 192.0.2.2", false);
	runs(&r, "configure terminal", true);
	runs(&r, "interface Tunnel9", false);
	runs(&r, "int tu9", false);
	runs(&r, "interface tunnel 9", false);
	runs(&r, "no interface Tunnel9", false);
	runs(&r, "default interface Tunnel9", false);
	assert_int_equal(r.c->interfaces.n, 0);
	runs(&r, "interface Tunnel90", true);
	/* nor is a text another one by blanks of any kind */
	runs(&r, "description mate", true);
	runs(&r, "description boss", false);
	runs(&r, "description  \tboss man", false);
	runs(&r, "description boss\f", false);
	runs(&r, "description boss\v \r", false);
	runs(&r, "description \rboss\vman", false);
	runs(&r, "crypto map M 20 ipsec-isakmp", false);
	runs(&r, "crypto map M 10 ipsec-isakmp", true);
	runs(&r, "no crypto map M", false);
	runs(&r, "no crypto map M 10", true);
	router_down(&r);
}

static void a_range_leads_nobody_around(void **state)
{
	struct router r;

	(void)state;
	AT_LEVEL(&r, 5, "privilege configure level 5 interface", "privilege configure level 15 interface Tunnel2",
		 "privilege interface level 5 description", "privilege interface level 15 description boss",
		 "interface Tunnel2");
	runs(&r, "configure terminal", true);
	(void)type(&r, "interface range Tunnel1 - 3");
	(void)type(&r, "description mine");
	(void)type(&r, "description boss");
	(void)type(&r, "shutdown");
	const char *now = running(&r);
	assert_non_null(strstr(now, "interface Tunnel1\n description mine\n!\n"));
	assert_non_null(strstr(now, "interface Tunnel2\n!\n"));
	assert_non_null(strstr(now, "interface Tunnel3\n description mine\n!\n"));
	router_down(&r);
}

/* Whose level is that of user EXEC keeps it in configuration mode, and behind it. */
static void the_lowest_levels_stay_what_they_are(void **state)
{
	struct router r;

	(void)state;
	for (unsigned level = 0; level <= 1; level++) {
		AT_LEVEL(&r, level, "privilege exec level 0 configure terminal", "privilege configure level 0 hostname");
		runs(&r, "configure terminal", true);
		assert_int_equal(cli_session_privilege(r.s), level);
		runs(&r, "username mallory privilege 15 secret x", false);
		runs(&r, "do show running-config", false);
		runs(&r, "hostname R2", true);
		runs(&r, "end", true);
		assert_string_equal(prompt(&r), "R2>");
		assert_int_equal(cli_session_privilege(r.s), level);
		runs(&r, "show running-config", false);
		runs(&r, "configure terminal", true);
		runs(&r, "exit", true);
		assert_int_equal(cli_session_privilege(r.s), level);
		router_down(&r);
	}
}

/* Whoever reads the configuration again might say it, with all that he may. */
static void a_level_leaves_nothing_below_what_is_kept(void **state)
{
	struct router r;

	(void)state;
	AT_LEVEL(&r, 5, "privilege configure level 5 interface", "privilege configure level 5 router");
	runs(&r, "configure terminal", true);
	runs(&r, "interface range Tunnel5 - 1", false);
	(void)type(&r, " username mallory privilege 15 secret x");
	(void)type(&r, "  username mallory privilege 15 secret x");
	assert_null(strstr(running(&r), "mallory"));
	runs(&r, "router ospf 1", true);
	runs(&r, "username mallory privilege 15 secret x", false);
	runs(&r, " username mallory privilege 15 secret x", false);
	runs(&r, " network 10.0.0.0 0.0.0.255 area 0", false);
	assert_null(strstr(running(&r), "mallory"));
	assert_null(strstr(running(&r), "network"));
	runs(&r, "interface Tunnel1", true);
	runs(&r, "end", true);
	/* and takes nothing from there */
	cli_session_set_level(r.s, 15);
	runs(&r, "configure terminal", true);
	runs(&r, "router ospf 1", true);
	runs(&r, "network 10.0.0.0 0.0.0.255 area 0", true);
	runs(&r, "end", true);
	cli_session_set_level(r.s, 5);
	runs(&r, "configure terminal", true);
	runs(&r, "router ospf 1", true);
	runs(&r, "no network 10.0.0.0 0.0.0.255 area 0", false);
	assert_non_null(strstr(running(&r), " network 10.0.0.0 0.0.0.255 area 0\n"));
	router_down(&r);
}

/* Sixty-four commands that differ in their last word alone are tried once, not once for each. */
static void many_commands_of_one_beginning_cost_no_more(void **state)
{
	static const char *const begins[] = { "ip route 10.0.0.0 255.0.0.0 192.0.2.1", "access-list 101 permit tcp host 10.0.0.1 host 10.0.0.2 range 5" };
	char line[128];

	(void)state;
	for (size_t b = 0; b < sizeof(begins) / sizeof(begins[0]); b++) {
		struct router r;

		router_up(&r, M_CONFIG);
		for (unsigned i = 0; i < CFG_MAX_PRIVILEGES; i++) {
			snprintf(line, sizeof(line), "privilege configure level 15 %s %u", begins[b], i + 10);
			assert_string_equal(type(&r, line), "");
		}
		cli_session_set_level(r.s, 5);
		cli_session_goto(r.s, M_CONFIG);
		clock_t from = clock();
		for (unsigned i = 0; i < 10; i++) {
			snprintf(line, sizeof(line), "%s %u", begins[b], i + 10);
			runs(&r, line, false);
			(void)help(&r, begins[b]);
		}
		assert_true(clock() - from < 2 * CLOCKS_PER_SEC);
		router_down(&r);
	}
}

/* ---- any words, any levels ---- */

#define FORMS_MAX 512

struct form {
	char *words; /* as the grammar spells them */
	unsigned own; /* the least level that may run it as it comes */
};

static unsigned least_level(struct router *r, const char *line)
{
	for (unsigned level = 0; level <= CFG_LEVEL_MAX; level++) {
		cli_session_set_level(r->s, level);
		(void)type(r, line);
		if (r->last.status != CLI_ERROR)
			return level;
	}
	return CFG_LEVEL_MAX + 1;
}

static size_t read_forms(struct form forms[FORMS_MAX])
{
	char *text = golden("exec-forms.txt", NULL), *save = NULL;
	struct txt full = TXT_INIT;
	struct router r;
	size_t n = 0;

	router_up(&r, M_EXEC);
	for (char *line = strtok_r(text, "\n", &save); line && n < FORMS_MAX; line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, "|")] = '\0';
		txt_clear(&full);
		if (line[0] == '!' || cli_expand(commands_grammar(), M_EXEC, line, &full))
			continue;
		forms[n].own = least_level(&r, txt_cstr(&full));
		if (forms[n].own <= CFG_LEVEL_MAX)
			forms[n++].words = strdup(txt_cstr(&full));
	}
	txt_fini(&full);
	router_down(&r);
	free(text);
	return n;
}

/* The first words of a line. */
static void first_words(const char *line, uint32_t words, char *out, size_t max)
{
	size_t n = 0;

	while (words-- && line[n]) {
		n += strspn(line + n, " ");
		n += strcspn(line + n, " ");
	}
	snprintf(out, max, "%.*s", (int)n, line);
}

/* What the configuration says of the line, in another way than the product looks for it. */
static unsigned wanted(const struct config *c, uint8_t mode, const struct form *f)
{
	unsigned level = f->own;
	size_t best = 0;

	for (size_t i = 0; i < c->users.privileges.n; i++) {
		const struct cfg_privilege *p = c->users.privileges.v[i];
		size_t n = strlen(p->text);

		if (p->mode != mode || n < best || strncasecmp(p->text, f->words, n) != 0 || !strchr(" ", f->words[n]))
			continue;
		best = n;
		level = p->level;
	}
	return level;
}

static void shorten(struct gen *g, const char *line, char *out, size_t max)
{
	size_t n = 0;

	for (const char *p = line; *p && n + 1 < max;) {
		size_t len = strcspn(p, " "), keep = gen_maybe(g) ? len : gen_in(g, 1, (uint32_t)(len ? len : 1));

		for (size_t i = 0; i < keep && i < len && n + 2 < max; i++)
			out[n++] = p[i];
		p += len;
		p += strspn(p, " ");
		if (*p)
			out[n++] = ' ';
	}
	out[n] = '\0';
}

/* Each line runs at exactly the levels that its longest words allow, and no abbreviation of it at any other. */
static void what_runs_is_what_the_longest_words_allow(void **state)
{
	struct form forms[FORMS_MAX];
	size_t n = read_forms(forms), run = 0, refused = 0, moved = 0;
	struct gen g = { 7 };

	(void)state;
	assert_true(n > 250);
	for (unsigned world = 0; world < 60; world++) {
		struct router r;
		char text[256], line[320];

		router_up(&r, M_CONFIG);
		for (uint32_t k = gen_in(&g, 1, 24); k-- > 0;) {
			first_words(forms[gen_u32(&g) % n].words, gen_in(&g, 1, 5), text, sizeof(text));
			snprintf(line, sizeof(line), "privilege exec %slevel %u %s", gen_maybe(&g) ? "all " : "", gen_in(&g, 0, 15), text);
			(void)type(&r, line);
		}
		moved += r.c->users.privileges.n;
		for (unsigned i = 0; i < 40; i++) {
			const struct form *f = &forms[gen_u32(&g) % n];
			unsigned level = gen_in(&g, 0, 15), want = wanted(r.c, PRIVILEGE_EXEC, f);

			cli_session_set_level(r.s, 15);
			(void)type(&r, f->words);
			unsigned action = r.last.action;
			cli_session_set_level(r.s, level);
			runs(&r, f->words, level >= want);
			*(level >= want ? &run : &refused) += 1;
			shorten(&g, f->words, line, sizeof(line));
			cli_session_set_level(r.s, 15);
			(void)type(&r, line);
			if (r.last.status == CLI_ERROR || r.last.action != action || level >= want)
				continue;
			/* it may be short for another command of the same kind, that has a level of its own */
			struct txt full = TXT_INIT;
			bool same = !cli_expand(commands_grammar(), M_EXEC, line, &full) && !strcmp(txt_cstr(&full), f->words);

			txt_fini(&full);
			cli_session_set_level(r.s, level);
			if (same)
				runs(&r, line, false);
		}
		router_down(&r);
	}
	assert_true(run > 300 && refused > 300 && moved > 300);
	for (size_t i = 0; i < n; i++)
		free(forms[i].words);
}

/* Global lines as somebody has them; a level's session says each, and its `no`. */
static size_t read_lines(struct form forms[FORMS_MAX])
{
	char *text = golden("config/everything.cfg", NULL), *save = NULL;
	struct txt full = TXT_INIT;
	size_t n = 0;

	for (char *line = strtok_r(text, "\n", &save); line && n < FORMS_MAX; line = strtok_r(NULL, "\n", &save)) {
		txt_clear(&full);
		if (strchr(" !", line[0]) || !strncmp(line, "no ", 3) || !strncmp(line, "banner", 6) || !strncmp(line, "privilege", 9) ||
		    cli_expand(commands_grammar(), M_CONFIG, line, &full))
			continue;
		forms[n++] = (struct form){ strdup(txt_cstr(&full)), CFG_LEVEL_MAX };
	}
	txt_fini(&full);
	free(text);
	return n;
}

static void what_is_configured_is_what_the_longest_words_allow(void **state)
{
	struct form forms[FORMS_MAX];
	size_t n = read_lines(forms), done = 0, refused = 0;
	struct gen g = { 11 };

	(void)state;
	assert_true(n > 20);
	for (unsigned world = 0; world < 40; world++) {
		struct router r;
		char text[256], line[320];

		router_up(&r, M_CONFIG);
		for (uint32_t k = gen_in(&g, 1, 16); k-- > 0;) {
			first_words(forms[gen_u32(&g) % n].words, gen_in(&g, 1, 4), text, sizeof(text));
			snprintf(line, sizeof(line), "privilege configure level %u %s", gen_in(&g, 0, 15), text);
			(void)type(&r, line);
		}
		for (unsigned i = 0; i < 30; i++) {
			const struct form *f = &forms[gen_u32(&g) % n];
			unsigned level = gen_in(&g, 0, 14);

			cli_session_set_level(r.s, level);
			cli_session_goto(r.s, M_CONFIG);
			snprintf(line, sizeof(line), "%s%s", gen_maybe(&g) ? "no " : "", f->words);
			(void)type(&r, line);
			if (r.last.status == CLI_ERROR && !r.last.config) {
				refused++;
				continue;
			}
			if (wanted(r.c, PRIVILEGE_CONFIGURE, f) > level)
				fail_msg("world %u, level %u: %s", world, level, line);
			done++;
		}
		router_down(&r);
	}
	assert_true(done > 100 && refused > 100);
	for (size_t i = 0; i < n; i++)
		free(forms[i].words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_decide_and_not_the_row),
		cmocka_unit_test(help_and_tab_know_what_leads_somewhere),
		cmocka_unit_test(the_longest_words_decide),
		cmocka_unit_test(commands_are_kept_in_full_and_once),
		cmocka_unit_test(a_value_is_itself_however_it_is_spelled),
		cmocka_unit_test(a_range_leads_nobody_around),
		cmocka_unit_test(the_lowest_levels_stay_what_they_are),
		cmocka_unit_test(a_level_leaves_nothing_below_what_is_kept),
		cmocka_unit_test(many_commands_of_one_beginning_cost_no_more),
		cmocka_unit_test(what_runs_is_what_the_longest_words_allow),
		cmocka_unit_test(what_is_configured_is_what_the_longest_words_allow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
