/* SPDX-License-Identifier: Apache-2.0 */
/* Laws of the language over generated configurations. */
#include "gen.h"

#define CONFIGS 400

static void what_is_printed_reads_back_as_the_same(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < CONFIGS; seed++) {
		struct config *c = gen_config(seed), *again;
		struct txt one = TXT_INIT, two = TXT_INIT;
		struct report report = { 0 };

		commands_render(c, 0, &one);
		again = load(txt_cstr(&one), &report);
		commands_render(again, 0, &two);
		if (report.errors || strcmp(txt_cstr(&one), txt_cstr(&two)) ||
		    !config_equal(c, again)) {
			struct txt said = TXT_INIT;

			report_print(&report, "generated", &said);
			fprintf(stderr, "seed %u:\n%s\n---- again:\n%s\n---- said:\n%s",
				(unsigned)seed, txt_cstr(&one), txt_cstr(&two), txt_cstr(&said));
			fail();
		}
		config_free(c);
		config_free(again);
		report_fini(&report);
		txt_fini(&one);
		txt_fini(&two);
	}
}

static void what_is_printed_can_be_pasted_into_a_shell(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct config *c = gen_config(seed);
		struct txt text = TXT_INIT;
		struct router r;

		commands_render(c, 0, &text);
		router_up(&r, M_EXEC);
		type(&r, "configure terminal");
		for (char *save, *line = strtok_r(text.s, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			type(&r, line);
			if (r.last.status != CLI_OK)
				fail_msg("%s: %s", line, txt_cstr(&r.last.out));
		}
		assert_int_equal(cli_session_mode(r.s), M_EXEC);
		if (!config_equal(c, r.c))
			fail_msg("seed %u:\n%s", (unsigned)seed, running(&r));
		router_down(&r);
		config_free(c);
		txt_fini(&text);
	}
}

static void what_is_printed_in_pieces_is_the_same(void **state)
{
	static const size_t sizes[] = { 1, 40, 1000 };

	(void)state;
	for (uint64_t seed = 0; seed < CONFIGS; seed++) {
		struct config *c = gen_config(seed);
		struct txt whole = TXT_INIT, pieces = TXT_INIT;
		struct cli_rendering *x = cli_rendering_new(commands_grammar(), c, 0, &pieces);
		size_t size = sizes[seed % 3], before = 0, longest = 0;
		bool more = true;

		assert_non_null(x);
		while (more) {
			more = cli_rendering_some(x, size);
			if (pieces.len - before > longest)
				longest = pieces.len - before;
			before = pieces.len;
		}
		txt_str(&pieces, "end\n");
		commands_render(c, 0, &whole);
		assert_string_equal(txt_cstr(&pieces), txt_cstr(&whole));
		assert_true(longest < size + 2000);
		cli_rendering_free(x);
		txt_clear(&pieces);
		x = cli_rendering_new(commands_grammar(), c, 0, &pieces);
		(void)cli_rendering_some(x, whole.len / 2); /* who breaks off leaves nothing behind */
		cli_rendering_free(x);
		txt_fini(&whole);
		txt_fini(&pieces);
		config_free(c);
	}
}

static void a_clone_is_equal_and_independent(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct config *c = gen_config(seed), *d = config_clone(c);

		assert_non_null(d);
		assert_true(config_equal(c, d));
		if (d->maps.n) {
			d->maps.v[0]->entries.v[0]->pfs_group ^= 1;
			assert_false(config_equal(c, d));
		}
		config_free(c);
		if (d->acls.n)
			assert_non_null(config_find_acl(d, d->acls.v[0]->name));
		config_free(d);
	}
}

/* Every prefix of every line of some configurations and EXEC lines, in every mode
 * on the way: it completes, lists, or reports, and nothing is harmed. */
static void try_prefixes(struct router *r, const char *line)
{
	size_t len = strlen(line);
	char *cut = malloc(len + 1);

	for (size_t n = 0; n <= len; n++) {
		struct router scratch = { .c = config_clone(r->c),
					  .s = cli_session_new(commands_grammar(),
							       n % 2 ? M_CONFIG : M_EXEC) };

		memcpy(cut, line, n);
		cut[n] = '\0';
		tab(r, cut);
		assert_true(strlen(help(r, cut)) > 0);
		type(&scratch, cut);
		if (scratch.last.status == CLI_ERROR)
			assert_true(scratch.last.out.len > 0);
		router_down(&scratch);
	}
	free(cut);
}

static void every_prefix_completes_lists_or_reports(void **state)
{
	static const char *const exec[] = {
		"show crypto ipsec sa peer 192.0.2.1 detail",
		"show crypto session remote 192.0.2.1 detail",
		"clear crypto sa entry 192.0.2.1 esp 1234",
		"debug crypto isakmp",
		"debug tunnel keepalive",
		"ping 10.2.2.10 source FastEthernet 0/1 repeat 5 df-bit",
		"do show running-config | include x",
		"terminal length 0",
		"no access-list 101 permit tcp any eq 80 443 any established log",
		"default crypto isakmp aggressive-mode disable",
	};

	(void)state;
	struct router r;
	router_up(&r, M_CONFIG);
	for (size_t i = 0; i < sizeof(exec) / sizeof(exec[0]); i++)
		try_prefixes(&r, exec[i]);
	for (uint64_t seed = 0; seed < 3; seed++) {
		struct config *c = gen_config(seed);
		struct txt text = TXT_INIT;

		commands_render(c, 0, &text);
		for (char *save, *line = strtok_r(text.s, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			try_prefixes(&r, line);
			if (strcmp(line, "end"))
				type(&r, line);
		}
		txt_fini(&text);
		config_free(c);
	}
	router_down(&r);
}

/* Each line of a configuration, and then the same with `no`: all that rows printed
 * is gone again. */
static void no_takes_back_what_was_set(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct config *c = gen_config(seed), *empty = config_new();
		struct txt text = TXT_INIT;
		struct router r;

		for (size_t i = 0; i < c->interfaces.n; i++) /* a map in use is not removed */
			memset(c->interfaces.v[i]->crypto_map, 0, CFG_NAME_MAX);
		commands_render(c, 0, &text);
		router_up(&r, M_CONFIG);
		config_free(r.c);
		r.c = config_clone(c);
		cli_session_set_interactive(r.s, false); /* no questions */
		for (char *save, *line = strtok_r(text.s, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			char no[1024];

			if (line[0] == ' ' || line[0] == '!' || !strcmp(line, "end"))
				continue;
			bool off = !strncmp(line, "no ", 3);
			snprintf(no, sizeof(no), "%s%s", off ? "default " : "no ",
				 off ? line + 3 : line);
			cli_session_goto(r.s, M_CONFIG);
			type(&r, no);
			if (r.last.status != CLI_OK)
				fail_msg("%s: %s", no, txt_cstr(&r.last.out));
		}
		if (!config_equal(r.c, empty))
			fail_msg("seed %u leaves:\n%s", (unsigned)seed, running(&r));
		router_down(&r);
		config_free(c);
		config_free(empty);
		txt_fini(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_reads_back_as_the_same),
		cmocka_unit_test(what_is_printed_can_be_pasted_into_a_shell),
		cmocka_unit_test(what_is_printed_in_pieces_is_the_same),
		cmocka_unit_test(a_clone_is_equal_and_independent),
		cmocka_unit_test(every_prefix_completes_lists_or_reports),
		cmocka_unit_test(no_takes_back_what_was_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
