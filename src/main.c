/* SPDX-License-Identifier: Apache-2.0 */
/* Subcommands, nothing else. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "control/control.h"
#include "lab/lab.h"
#include "shell/shell.h"

static const char usage[] =
	"Culvert: a site-to-site VPN router in Cisco IOS syntax\n"
	"\n"
	"usage: culvert run   [--config FILE] [--socket PATH] [--interface IOSNAME=DEVICE]... [--workers N]\n"
	"                     [--pin] [--no-offload] [--log-json]\n"
	"       culvert shell [--socket PATH] [-c 'COMMAND [; COMMAND]...']\n"
	"       culvert check [--strict] [--json] FILE...\n"
	"       culvert mirror [--peer ADDRESS] FILE\n"
	"       culvert explain [WORD]...\n"
	"       culvert lab   up|down|list|shell|exec ...\n"
	"       culvert --version | --help\n"
	"\n"
	"Each subcommand explains itself with --help.\n";

/* As whoever logs in starts his shell: by its own name, with the hyphen of a login
 * shell before it, or (`ssh HOST COMMAND`) with -c and a command. */
static bool is_login_shell(int argc, char **argv)
{
	const char *name = argc ? argv[0] : "";
	const char *slash = strrchr(name, '/');

	if (slash)
		name = slash + 1;
	return !strcmp(name, "culvert-shell") || !strcmp(name, "-culvert-shell") ||
	       !strcmp(name, "-culvert") || (argc == 3 && !strcmp(argv[1], "-c"));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} subcommands[] = {
		{ "run", run_main },
		{ "check", check_main },
		{ "mirror", mirror_main },
		{ "explain", explain_main },
		{ "shell", shell_main },
		{ "lab", lab_main },
	};

	if (is_login_shell(argc, argv))
		return shell_login(argc, argv);
	if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc >= 2 && !strcmp(argv[1], "--version")) {
		puts("culvert " CULVERT_VERSION);
		return 0;
	}
	for (size_t i = 0; argc >= 2 && i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
		if (!strcmp(argv[1], subcommands[i].name))
			return subcommands[i].run(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "culvert: '%s' is no subcommand\n\n", argv[1]);
	fputs(usage, stderr);
	return 2;
}
