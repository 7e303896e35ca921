/* SPDX-License-Identifier: Apache-2.0 */
/* The CLI client: edits lines, asks control, pages and prints. It knows no
 * command; prompts, help and completion come over the socket. */
#include "shell/shell.h"

#include <errno.h>
#include <getopt.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "shell/pager.h"
#include "shell/shell_proto.h"

struct client {
	int fd;
	bool tty, over, error, any_error;
	struct shell_reader in;
	struct pager pager;
	struct txt prompt, insert;
	EditLine *el;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static void write_out(void *ctx, const char *s, size_t n)
{
	(void)ctx;
	fwrite(s, 1, n, stdout);
	fflush(stdout);
}

/* One key without waiting for Enter. */
static int read_key(void *ctx)
{
	struct termios old, raw;
	unsigned char c;
	ssize_t n;

	(void)ctx;
	if (tcgetattr(0, &old) < 0)
		return -1;
	raw = old;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	tcsetattr(0, TCSANOW, &raw);
	n = read(0, &c, 1);
	tcsetattr(0, TCSANOW, &old);
	return n == 1 ? c : -1;
}

static bool send_frame(struct client *c, enum shell_frame type, const char *s, size_t n)
{
	struct txt t = TXT_INIT;
	size_t at = 0;

	shell_frame_put(&t, type, span_of(s, n));
	while (!t.bad && at < t.len) {
		ssize_t k = send(c->fd, t.s + at, t.len - at, MSG_NOSIGNAL);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			break;
		at += (size_t)k;
	}
	bool ok = !t.bad && at == t.len;
	txt_fini(&t);
	if (!ok)
		c->over = true;
	return ok;
}

/* Deals with one frame; true if it was the prompt (or the end). */
static bool take_frame(struct client *c, uint8_t type, struct span p)
{
	struct rd r = rd_span(p);

	switch (type) {
	case SHELL_OUTPUT:
		pager_put(&c->pager, (const char *)p.p, p.len);
		return false;
	case SHELL_ASYNC:
		fwrite(p.p, 1, p.len, stdout);
		fflush(stdout);
		return false;
	case SHELL_INSERT:
		txt_clear(&c->insert);
		txt_mem(&c->insert, (const char *)p.p, p.len);
		return false;
	case SHELL_PROMPT: {
		c->error = rd_u8(&r) != 0;
		unsigned length = rd_be16(&r);
		struct span text = rd_take(&r, rd_left(&r));

		c->any_error |= c->error;
		c->pager.length = c->tty ? length : 0;
		txt_clear(&c->prompt);
		txt_mem(&c->prompt, (const char *)text.p, text.len);
		return true;
	}
	default:
		c->over = true;
		return true;
	}
}

/* Reads until the prompt comes. */
static bool await_prompt(struct client *c)
{
	char buf[16384];
	struct span p;
	uint8_t type;

	while (!c->over) {
		int k = shell_reader_next(&c->in, &type, &p);

		if (k < 0)
			break;
		if (k > 0) {
			if (take_frame(c, type, p))
				return !c->over;
			continue;
		}
		ssize_t n = recv(c->fd, buf, sizeof(buf), 0);
		if (n < 0 && errno == EINTR) {
			if (interrupted) {
				interrupted = 0;
				send_frame(c, SHELL_INTERRUPT, "", 0);
			}
			continue;
		}
		if (n <= 0 || !shell_reader_feed(&c->in, span_of(buf, (size_t)n)))
			break;
	}
	c->over = true;
	return false;
}

static bool run_line(struct client *c, enum shell_frame type, const char *line, size_t n)
{
	pager_reset(&c->pager);
	return send_frame(c, type, line, n) && await_prompt(c);
}

/* ---- line editing ---- */

static char *el_prompt(EditLine *el)
{
	struct client *c;

	el_get(el, EL_CLIENTDATA, &c);
	return (char *)(uintptr_t)txt_cstr(&c->prompt);
}

/* `?`: help for what stands before the cursor; the line stays. */
static unsigned char el_help(EditLine *el, int ch)
{
	const LineInfo *li = el_line(el);
	struct client *c;

	(void)ch;
	el_get(el, EL_CLIENTDATA, &c);
	fputs("?\n", stdout);
	run_line(c, SHELL_HELP, li->buffer, (size_t)(li->cursor - li->buffer));
	return c->over ? CC_EOF : CC_REDISPLAY;
}

static unsigned char el_complete(EditLine *el, int ch)
{
	const LineInfo *li = el_line(el);
	struct client *c;

	(void)ch;
	el_get(el, EL_CLIENTDATA, &c);
	txt_clear(&c->insert);
	run_line(c, SHELL_COMPLETE, li->buffer, (size_t)(li->cursor - li->buffer));
	if (c->over)
		return CC_EOF;
	if (!c->insert.len || el_insertstr(el, txt_cstr(&c->insert)) < 0)
		return CC_REFRESH_BEEP;
	return CC_REFRESH;
}

/* Ctrl-Z: the line, then EXEC. */
static unsigned char el_ctrl_z(EditLine *el, int ch)
{
	(void)ch;
	return el_insertstr(el, "\x1a") < 0 ? CC_ERROR : CC_NEWLINE;
}

/* Waits for a key and shows what control says meanwhile (terminal monitor). */
static int el_key(EditLine *el, wchar_t *ret)
{
	struct client *c;
	unsigned char b;

	el_get(el, EL_CLIENTDATA, &c);
	for (;;) {
		struct pollfd p[2] = { { .fd = 0, .events = POLLIN },
				       { .fd = c->fd, .events = POLLIN } };
		char buf[4096];
		struct span frame;
		uint8_t type;
		int k;

		if (poll(p, 2, -1) < 0) {
			if (errno == EINTR && interrupted) {
				interrupted = 0;
				*ret = 3;
				return 1;
			}
			continue;
		}
		if (p[1].revents) {
			ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

			if (n <= 0 || !shell_reader_feed(&c->in, span_of(buf, (size_t)n))) {
				c->over = true;
				return 0;
			}
			fputc('\n', stdout);
			while ((k = shell_reader_next(&c->in, &type, &frame)) > 0)
				(void)take_frame(c, type, frame);
			if (c->over)
				return 0;
			el_set(el, EL_REFRESH);
		}
		if (p[0].revents) {
			ssize_t n = read(0, &b, 1);

			if (n != 1)
				return 0;
			*ret = (wchar_t)b;
			return 1;
		}
	}
}

static void interactive(struct client *c)
{
	History *h = history_init();
	HistEvent ev;
	const char *line;
	int n;

	c->el = el_init("culvert", stdin, stdout, stderr);
	if (!c->el || !h)
		return;
	history(h, &ev, H_SETSIZE, 256);
	el_set(c->el, EL_CLIENTDATA, c);
	el_set(c->el, EL_SIGNAL, 0);
	el_set(c->el, EL_PROMPT, el_prompt);
	el_set(c->el, EL_EDITOR, "emacs");
	el_set(c->el, EL_HIST, history, h);
	el_set(c->el, EL_GETCFN, el_key);
	el_set(c->el, EL_ADDFN, "ios-help", "help", el_help);
	el_set(c->el, EL_ADDFN, "ios-complete", "complete", el_complete);
	el_set(c->el, EL_ADDFN, "ios-end", "end", el_ctrl_z);
	el_set(c->el, EL_BIND, "?", "ios-help", NULL);
	el_set(c->el, EL_BIND, "\t", "ios-complete", NULL);
	el_set(c->el, EL_BIND, "^Z", "ios-end", NULL);
	while (!c->over && (line = el_gets(c->el, &n)) && n > 0) {
		size_t len = strcspn(line, "\r\n\x1a");
		bool end = line[len] == '\x1a';

		if (len)
			history(h, &ev, H_ENTER, line);
		if (end)
			fputc('\n', stdout);
		if (len > SHELL_LINE_MAX)
			len = SHELL_LINE_MAX;
		run_line(c, end ? SHELL_END : SHELL_LINE, line, len);
	}
	history_end(h);
	el_end(c->el);
}

/* ---- without a terminal ---- */

static void from_stdin(struct client *c)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while (!c->over && (n = getline(&line, &cap, stdin)) >= 0) {
		size_t len = strcspn(line, "\r\n");

		run_line(c, SHELL_LINE, line, len > SHELL_LINE_MAX ? SHELL_LINE_MAX : len);
	}
	free(line);
}

/* Commands separated by `;` or line ends. */
static void from_argument(struct client *c, const char *s)
{
	while (!c->over && *s) {
		size_t len = strcspn(s, ";\n"), lead = strspn(s, " \t");

		if (lead < len)
			run_line(c, SHELL_LINE, s + lead, len - lead);
		s += len + (s[len] != '\0');
	}
}

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(a.sun_path)) {
		fprintf(stderr, "culvert shell: %s: the path is too long for a socket\n", path);
		return -1;
	}
	strcpy(a.sun_path, path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		fprintf(stderr, "culvert shell: %s: %s (is `culvert run` running there?)\n", path,
			strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static const char usage[] =
	"usage: culvert shell [--socket PATH] [-c 'COMMAND [; COMMAND]...']\n"
	"\n"
	"The IOS command line of a running router. Without -c it reads the terminal (`?` helps,\n"
	"TAB completes, Ctrl-Z leaves configuration mode) or lines from standard input.\n"
	"  --socket PATH   the router's control socket (" SHELL_SOCKET ")\n"
	"  -c COMMANDS     run these and exit: 0, or 1 if one of them printed an error\n";

int shell_main(int argc, char **argv)
{
	static const struct option options[] = { { "socket", required_argument, NULL, 's' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	const char *path = SHELL_SOCKET, *commands = NULL;
	struct client c = { .pager = { .write = write_out, .key = read_key } };
	struct sigaction sa = { .sa_handler = on_interrupt };
	int o;

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
	c.fd = connect_to(path);
	if (c.fd < 0)
		return 1;
	c.tty = !commands && isatty(0) && isatty(1);
	sigaction(SIGINT, &sa, NULL);
	/* a tool that gives commands works at the privileged level, as `-c` scripts
	 * on routers do; a person types `enable` */
	if (await_prompt(&c) && !c.tty)
		run_line(&c, SHELL_LINE, "enable", 6);
	c.any_error = false;
	if (c.over)
		c.any_error = true;
	else if (commands)
		from_argument(&c, commands);
	else if (c.tty)
		interactive(&c);
	else
		from_stdin(&c);
	close(c.fd);
	shell_reader_fini(&c.in);
	txt_fini(&c.prompt);
	txt_fini(&c.insert);
	return c.any_error;
}
