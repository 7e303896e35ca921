/* SPDX-License-Identifier: Apache-2.0 */
/* The CLI client: edits lines, asks control, pages and prints. It knows no
 * command; prompts, help and completion come over the socket. */
#include "shell/shell.h"

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell/client.h"
#include "shell/edit.h"
#include "shell/split.h"

#define QUESTIONS 4 /* of one command, more than any has */

/* Lines from a pipe or a file, as they are; `\r\n` and `\r` end lines, too. */
static void from_stdin(struct client *c)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	while (!c->over && (n = getline(&text, &cap, stdin)) >= 0) {
		size_t left = (size_t)n, at = 0;

		if (left && text[left - 1] == '\n')
			left--;
		if (left && text[left - 1] == '\r')
			left--;
		do {
			char *cr = memchr(text + at, '\r', left - at);
			size_t len = cr ? (size_t)(cr - text) - at : left - at;

			client_run(c, SHELL_LINE, text + at, len);
			at += len + (cr != NULL);
		} while (!c->over && at < left);
	}
	free(text);
}

static void from_argument(struct client *c, const char *commands)
{
	struct txt line = TXT_INIT;

	while (!c->over && shell_split(&commands, &line))
		client_run(c, SHELL_LINE, line.s, line.len);
	txt_fini(&line);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && !strcmp(s + n - k, end);
}

static bool has_default(const struct client *c)
{
	const char *asked = txt_cstr(&c->prompt);

	return !c->over && c->answering && (ends_with(asked, "]? ") || ends_with(asked, "[confirm]"));
}

/* Nobody is there any more to answer: a question that has an answer in brackets gets that, and so do those that
 * follow from it (where to, and whether what is there is to be written over). */
static void take_default(struct client *c)
{
	for (int i = 0; i < QUESTIONS && has_default(c); i++)
		client_run(c, SHELL_LINE, "", 0);
}

static const char usage[] =
	"usage: culvert shell [--socket PATH] [-c 'COMMAND [; COMMAND]...']\n"
	"\n"
	"The IOS command line of a running router. Without -c it reads the terminal (`?` helps,\n"
	"TAB completes, Ctrl-Z leaves configuration mode) or lines from standard input; commands\n"
	"that do not come from a terminal begin in privileged EXEC.\n"
	"  --socket PATH   the router's control socket (" SHELL_SOCKET ")\n"
	"  -c COMMANDS     run these, separated by `;` (a literal one is `\\;`), and exit: 0, or 1 if\n"
	"                  one of them printed an error\n";

/* The session, once connected. Exit status. */
static int talk(struct client *c, const char *commands)
{
	if (!client_await(c)) {
		fputs("culvert shell: the router closed the connection\n", stderr);
		return 1;
	}
	if (commands)
		from_argument(c, commands);
	else if (!c->tty)
		from_stdin(c);
	else
		edit_loop(c);
	if (!c->tty)
		take_default(c);
	if (c->over && !c->closed && !terminal_ended()) {
		fputs("culvert shell: the connection to the router was lost\n", stderr);
		return 1;
	}
	/* a person saw the errors; a script asks for them */
	return !c->tty && c->any_error;
}

static int start(int argc, char **argv, const char *asked)
{
	static const struct option options[] = { { "socket", required_argument, NULL, 's' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	const char *path = SHELL_SOCKET, *commands = asked;
	struct terminal terminal;
	struct client c;
	int o, status = 1;

	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (o) {
		case 's':
			path = optarg;
			break;
		case 'c':
			commands = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return 2;
	}
	bool person = !commands && isatty(0) && isatty(1);

	setlocale(LC_CTYPE, "C.UTF-8"); /* how wide characters are */

	if (person && terminal_open(&terminal)) {
		fputs("culvert shell: this terminal cannot be used for editing\n", stderr);
		return 1;
	}
	if (client_open(&c, path, person ? &terminal : NULL))
		status = talk(&c, commands);
	client_close(&c);
	if (person)
		terminal_close(&terminal);
	return status;
}

int shell_main(int argc, char **argv)
{
	return start(argc, argv, NULL);
}

int shell_login(int argc, char **argv)
{
	const char *asked = getenv("SSH_ORIGINAL_COMMAND");

	return start(argc, argv, asked && *asked ? asked : NULL);
}
