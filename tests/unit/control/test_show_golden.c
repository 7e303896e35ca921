/* SPDX-License-Identifier: Apache-2.0 */
/* Every layout, character by character, against tests/golden/show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show_fixture.h"

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 65536);

	assert_non_null(text);
	if (!f)
		fail_msg("%s: cannot be read", path);
	assert_true(fread(text, 1, 65535, f) < 65535);
	fclose(f);
	return text;
}

static void every_layout_is_the_golden_one(void **state)
{
	char path[1024];

	(void)state;
	for (const struct fixture_case *c = fixture_cases; c->router; c++) {
		struct show_in *in = fixture(c->router);
		struct txt out = TXT_INIT;

		assert_non_null(in);
		fixture_path(GOLDEN_DIR "/show", c, path, sizeof(path));
		char *want = read_file(path);
		assert_int_equal(fixture_type(in, c->command, &out), 0);
		assert_false(out.bad);
		if (strcmp(txt_cstr(&out), want) != 0)
			print_error("%s: %s\n", c->router, c->command);
		assert_string_equal(txt_cstr(&out), want);
		free(want);
		txt_fini(&out);
		fixture_free(in);
	}
}

/* Whatever a router's state is, no command misses a line end or leaves a NUL. */
static void every_command_ends_its_lines_on_every_router(void **state)
{
	static const char *const routers[] = { "gre", "lan", "down", "ios12", "bare" };

	(void)state;
	for (size_t i = 0; i < sizeof(routers) / sizeof(routers[0]); i++) {
		struct show_in *in = fixture(routers[i]);

		for (const struct fixture_case *c = fixture_cases; c->router; c++) {
			struct txt out = TXT_INIT;
			int err = fixture_type(in, c->command, &out);

			/* an interface that this router does not have is the one error */
			assert_true(err == 0 || strstr(c->command, "Tunnel"));
			if (out.len)
				assert_int_equal(out.s[out.len - 1], '\n');
			assert_int_equal(strlen(txt_cstr(&out)), out.len);
			txt_fini(&out);
		}
		fixture_free(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_is_the_golden_one),
		cmocka_unit_test(every_command_ends_its_lines_on_every_router),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
