/* SPDX-License-Identifier: Apache-2.0 */
/* What a fixture's router prints: show_golden ROUTER COMMAND. The system tests
 * feed it to other people's parsers. show_golden --write DIR writes the golden
 * files anew: read the difference before you commit it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "show_fixture.h"

static int run(const char *router, const char *command, FILE *f)
{
	struct show_in *in = fixture(router);
	struct txt out = TXT_INIT;
	int err;

	if (!in)
		return 1;
	err = fixture_type(in, command, &out);
	fputs(txt_cstr(&out), f);
	txt_fini(&out);
	fixture_free(in);
	return err ? 1 : 0;
}

static int write_all(const char *dir)
{
	char path[1024];
	int bad = 0;

	for (const struct fixture_case *c = fixture_cases; c->router; c++) {
		snprintf(path, sizeof(path), "%s/%s", dir, c->router);
		mkdir(path, 0777);
		fixture_path(dir, c, path, sizeof(path));
		FILE *f = fopen(path, "w");
		if (!f) {
			perror(path);
			return 1;
		}
		bad |= run(c->router, c->command, f);
		fclose(f);
	}
	return bad;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: show_golden gre|lan|down|ios12|bare COMMAND\n"
		      "       show_golden --write DIR\n", stderr);
		return 2;
	}
	return strcmp(argv[1], "--write") ? run(argv[1], argv[2], stdout) : write_all(argv[2]);
}
