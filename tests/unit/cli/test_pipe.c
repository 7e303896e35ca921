/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "cli/pipe.h"

static const char text[] = "hostname R1\n"
			   "interface Tunnel0\n"
			   " ip address 172.16.0.1 255.255.255.252\n"
			   " tunnel source FastEthernet0/1\n"
			   "!\n"
			   "interface FastEthernet0/1\n"
			   " ip address 192.0.2.1 255.255.255.0\n"
			   "!\n"
			   "crypto map {a}\n"
			   "end\n";

static struct txt out;

/* What a session does with what stands behind a bar. */
static int cli_pipe(const char *spec, const char *of, struct txt *into)
{
	struct cli_pipe p;
	size_t col;
	int err = cli_pipe_read(spec, &p, &col);

	if (err)
		txt_str(into, err == -ENODATA ? "% Incomplete" : "% Invalid");
	return err ? -EINVAL : cli_pipe_run(&p, of, into);
}

static const char *piped(const char *spec, int want)
{
	txt_clear(&out);
	assert_int_equal(cli_pipe(spec, text, &out), want);
	return txt_cstr(&out);
}

static void every_filter_does_what_its_name_says(void **state)
{
	static const struct {
		const char *spec, *want;
	} rows[] = {
		{ "include address", " ip address 172.16.0.1 255.255.255.252\n"
				     " ip address 192.0.2.1 255.255.255.0\n" },
		{ "include ^end|hostname", "hostname R1\nend\n" },
		{ "exclude ^ |!|interface", "hostname R1\ncrypto map {a}\nend\n" },
		{ "begin crypto", "crypto map {a}\nend\n" },
		{ "section ^interface Fast", "interface FastEthernet0/1\n"
					     " ip address 192.0.2.1 255.255.255.0\n" },
		{ "section tunnel source", " tunnel source FastEthernet0/1\n" },
		{ "count interface", "Number of lines which match regexp = 2\n" },
		{ "count nothing", "Number of lines which match regexp = 0\n" },
		{ "include nothing", "" },
		/* braces are themselves, in brackets too */
		{ "include {a}", "crypto map {a}\n" },
		{ "include [{]", "crypto map {a}\n" },
		{ "include []!]", "!\n!\n" },
		/* `_` is the place between words, and itself */
		{ "include _end_", "end\n" },
		{ "include crypto_map_", "crypto map {a}\n" },
		{ "include _a_$", "crypto map {a}\n" },
		{ "count _192_", "Number of lines which match regexp = 0\n" },
		{ "section exclude ^interface", "hostname R1\n!\n!\ncrypto map {a}\nend\n" },
		{ "section include ^crypto|^end", "crypto map {a}\nend\n" },
		{ "include 192\\.0", " ip address 192.0.2.1 255.255.255.0\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(piped(rows[i].spec, 0), rows[i].want);
}

static void filters_are_abbreviated_as_people_do(void **state)
{
	static const char *const same[][2] = { { "include host", "i host" },  { "include host", "inc host" },
					       { "exclude host", "ex host" }, { "begin host", "b host" },
					       { "section host", "sec host" }, { "count host", "c host" } };

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct txt full = TXT_INIT;

		assert_int_equal(cli_pipe(same[i][0], text, &full), 0);
		assert_string_equal(piped(same[i][1], 0), txt_cstr(&full));
		txt_fini(&full);
	}
}

static void json_is_known_and_takes_no_pattern(void **state)
{
	struct cli_pipe p;
	size_t col;

	(void)state;
	assert_int_equal(cli_pipe_read("json", &p, &col), 0);
	assert_int_equal(p.kind, CLI_PIPE_JSON);
	assert_int_equal(cli_pipe_read(" js  ", &p, &col), 0);
	assert_int_equal(p.kind, CLI_PIPE_JSON);
	assert_int_equal(cli_pipe_read("json x", &p, &col), -EINVAL);
	assert_int_equal(cli_pipe_read("jsonx", &p, &col), -EINVAL);
	assert_int_equal(cli_pipe_read("include json", &p, &col), 0);
	assert_int_equal(p.kind, CLI_PIPE_INCLUDE);
}

static void files_are_one_word(void **state)
{
	static const struct {
		const char *spec;
		enum cli_pipe_kind kind;
		bool append;
		const char *file;
	} rows[] = {
		{ "redirect flash:x", CLI_PIPE_REDIRECT, false, "flash:x" },
		{ "red x  ", CLI_PIPE_REDIRECT, false, "x" },
		{ "tee flash:x", CLI_PIPE_TEE, false, "flash:x" },
		{ "tee /append flash:x", CLI_PIPE_TEE, true, "flash:x" },
		{ "tee /a x", CLI_PIPE_TEE, true, "x" },
		{ "append x", CLI_PIPE_APPEND, true, "x" },
	};
	struct cli_pipe p;
	size_t col;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(cli_pipe_read(rows[i].spec, &p, &col), 0);
		assert_int_equal(p.kind, rows[i].kind);
		assert_int_equal(p.append, rows[i].append);
		assert_string_equal(p.text, rows[i].file);
	}
	assert_int_equal(cli_pipe_read("redirect a b", &p, &col), -EINVAL);
	assert_int_equal(col, strlen("redirect a "));
	assert_int_equal(cli_pipe_read("tee /append", &p, &col), 0); /* a name, which flash: then refuses */
	assert_int_equal(cli_pipe_read("tee", &p, &col), -ENODATA);
}

static void a_second_filter_is_refused_where_it_begins(void **state)
{
	static const struct {
		const char *spec;
		size_t col; /* 0: it is a pattern */
	} rows[] = {
		{ "include a | include b", sizeof("include a ") - 1 },
		{ "include a | inc b", sizeof("include a ") - 1 },
		{ "include a | json", sizeof("include a ") - 1 },
		{ "section a | count", sizeof("section a ") - 1 },
		{ "include a | redirect flash:x", sizeof("include a ") - 1 },
		{ "include a|b", 0 },
		{ "include a | b", 0 },
		{ "include a |include b", sizeof("include a ") - 1 },
		{ "include include|exclude x", 0 },
		{ "section router|^interface", 0 },
	};
	struct cli_pipe p;
	size_t col;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(cli_pipe_read(rows[i].spec, &p, &col), rows[i].col ? -EINVAL : 0);
		if (rows[i].col)
			assert_int_equal(col, rows[i].col);
	}
}

static void what_is_no_filter_is_refused_with_a_message(void **state)
{
	static const char *const bad[] = { "", " ", "grep x", "include", "include ", "includes x",
					   "include (", "include [a", "include *", "include a|+",
					   "include (?a)", "redirect", "json x" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *said = piped(bad[i], -EINVAL);

		assert_true(said[0] == '%');
		assert_null(strstr(said, "hostname"));
	}
}

/* Patterns that make matchers explode: repetition of repetition, and recall. */
static void a_hostile_pattern_ends_soon(void **state)
{
	char pattern[2000] = "include ";
	struct txt big = TXT_INIT, res = TXT_INIT;

	(void)state;
	(void)piped("include ((((a{1,255}){1,255}){1,255}){1,255})", 0);
	assert_string_equal(piped("include (a*)*\\1(b*)*\\2", 0), "");
	for (int i = 0; i < 20000; i++)
		txt_char(&big, 'a');
	assert_int_equal(cli_pipe("include (a*)*(a*)*(a|aa)+$", txt_cstr(&big), &res), 0);
	/* each `+` would double what regcomp() builds: 2^60 nodes */
	memset(pattern + 8, '+', 60);
	pattern[8] = 'T';
	assert_string_equal(piped(pattern, 0), "interface Tunnel0\n");
	assert_string_equal(piped("include Tu+?n*+el", 0), "interface Tunnel0\n");
	memset(pattern + 8, '(', 30);
	for (size_t i = 38; i < 98; i += 2)
		memcpy(pattern + i, i == 38 ? "a)" : "+)", 3);
	memcpy(pattern + 98, "+", 2);
	assert_true(piped(pattern, -EINVAL)[0] == '%');
	memset(pattern + 8, '.', 1500);
	assert_true(piped(pattern, -EINVAL)[0] == '%');
	txt_fini(&big);
	txt_fini(&res);
}

static void a_text_without_a_last_line_end_gets_one(void **state)
{
	(void)state;
	txt_clear(&out);
	assert_int_equal(cli_pipe("include b", "a\nb", &out), 0);
	assert_string_equal(txt_cstr(&out), "b\n");
}

static void pieces_of_any_size_are_filtered_as_the_whole(void **state)
{
	static const char *const specs[] = { "include address", "exclude interface", "begin crypto", "section ^interface",
					     "count interface", "include end" };

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		for (size_t size = 1; size < sizeof(text); size++) {
			struct txt pieces = TXT_INIT;
			struct cli_filter *f;
			struct cli_pipe p;
			size_t col;

			assert_int_equal(cli_pipe_read(specs[i], &p, &col), 0);
			assert_int_equal(cli_filter_open(&p, &f, &pieces), 0);
			/* the last line without its end */
			for (size_t at = 0, n; at < sizeof(text) - 2; at += n) {
				n = sizeof(text) - 2 - at < size ? sizeof(text) - 2 - at : size;
				cli_filter_text(f, text + at, n, &pieces);
			}
			cli_filter_close(f, &pieces);
			assert_string_equal(txt_cstr(&pieces), piped(specs[i], 0));
			txt_fini(&pieces);
		}
}

static int forget(void **state)
{
	(void)state;
	txt_fini(&out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_filter_does_what_its_name_says),
		cmocka_unit_test(filters_are_abbreviated_as_people_do),
		cmocka_unit_test(json_is_known_and_takes_no_pattern),
		cmocka_unit_test(files_are_one_word),
		cmocka_unit_test(a_second_filter_is_refused_where_it_begins),
		cmocka_unit_test(what_is_no_filter_is_refused_with_a_message),
		cmocka_unit_test(a_hostile_pattern_ends_soon),
		cmocka_unit_test(a_text_without_a_last_line_end_gets_one),
		cmocka_unit_test(pieces_of_any_size_are_filtered_as_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
