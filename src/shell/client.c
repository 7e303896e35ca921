/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shell/keys.h"

#define ESCAPE 0x1b

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

void client_write(const char *s, size_t n)
{
	fwrite(s, 1, n, stdout);
	fflush(stdout);
}

static void write_raw(void *ctx, const char *s, size_t n)
{
	(void)ctx;
	client_write(s, n);
}

/* What control says, as it is for who reads it by a program. Peers and other users may have had a hand in it. */
static void write_text(struct client *c, const char *s, size_t n)
{
	struct txt t = TXT_INIT;

	if (!c->screen) {
		client_write(s, n);
		return;
	}
	safe_put(&c->safe, s, n, &t);
	client_write(txt_cstr(&t), t.len);
	txt_fini(&t);
}

static void write_paged(void *ctx, const char *s, size_t n)
{
	write_text(ctx, s, n);
}

/* Takes what else belongs to the key that began with byte: of an arrow nothing is to be left that would be a
 * command's text. What has not come together with its first byte is another key. */
static void take_rest(struct terminal *tty, uint8_t byte)
{
	struct keys keys = { 0 };
	uint8_t b;

	if (byte == ESCAPE)
		while (keys_take(&keys, byte) == KEY_NONE && terminal_byte(tty, &byte))
			;
	else if (byte >= 0xc0)
		while (terminal_peek(tty, &b) && (b & 0xc0) == 0x80)
			(void)terminal_byte(tty, &b);
}

/* One key without waiting for Enter; -1 at the end of input. */
static int wait_key(void *ctx)
{
	struct client *c = ctx;
	uint8_t b;

	while (c->tty && !terminal_byte(c->tty, &b)) {
		if (c->tty->eof || terminal_ended())
			return -1;
		terminal_wait(c->tty, -1);
	}
	if (!c->tty)
		return -1;
	if (b == ESCAPE || !c->pager.typing)
		take_rest(c->tty, b);
	return b;
}

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		fprintf(stderr, "culvert shell: %s: the path is too long for a socket\n", path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(a.sun_path, path, strlen(path) + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		fprintf(stderr, "culvert shell: %s: %s (is `culvert run` running there?)\n", path,
			strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
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
	if (t.bad || at < t.len)
		c->over = true;
	txt_fini(&t);
	return !c->over;
}

/* What control cannot see: a terminal, and what sshd says of the other end. */
static void say_hello(struct client *c)
{
	const char *from = getenv("SSH_CONNECTION");
	char hello[64] = { c->tty ? SHELL_HELLO_TTY : 0 };
	size_t n = from ? strcspn(from, " ") : 0;

	if (n >= sizeof(hello) - 1)
		n = 0;
	memcpy(hello + 1, from ? from : "", n);
	if (!send_frame(c, SHELL_HELLO, hello, n + 1))
		c->over = false; /* what it says to those whom it does not take is read */
}

bool client_open(struct client *c, const char *path, struct terminal *tty)
{
	struct sigaction sa = { .sa_handler = on_interrupt }; /* no SA_RESTART: it ends waiting */

	*c = (struct client){ .tty = tty, .screen = isatty(STDOUT_FILENO),
			      .pager = { .write = write_paged, .write_raw = write_raw, .key = wait_key } };
	c->pager.ctx = c;
	c->fd = connect_to(path);
	if (c->fd < 0)
		return false;
	sigaction(SIGINT, &sa, NULL);
	say_hello(c);
	return true;
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	shell_reader_fini(&c->in);
	pager_reset(&c->pager);
	txt_fini(&c->prompt);
	txt_fini(&c->insert);
}

static void take_output(struct client *c, const char *s, size_t n)
{
	size_t skip = c->shown ? screen_caret(c->shown, s, n) : 0;

	c->shown = NULL;
	pager_put(&c->pager, s + skip, n - skip);
}

/* Deals with one frame; true if it was the prompt, or the end. */
static bool take_frame(struct client *c, uint8_t type, struct span p)
{
	struct rd r = rd_span(p);

	switch (type) {
	case SHELL_OUTPUT:
		take_output(c, (const char *)p.p, p.len);
		return false;
	case SHELL_ASYNC:
		write_text(c, (const char *)p.p, p.len);
		return false;
	case SHELL_INSERT:
		txt_clear(&c->insert);
		txt_mem(&c->insert, (const char *)p.p, p.len);
		return false;
	case SHELL_PROMPT: {
		pager_end(&c->pager);
		uint8_t flags = rd_u8(&r);
		bool error = flags & SHELL_FLAG_ERROR;
		unsigned length = rd_be16(&r), width = rd_be16(&r), history = rd_be16(&r);
		struct span text = rd_take(&r, rd_left(&r));

		if (r.bad)
			break;
		c->error = error;
		c->answering = flags & SHELL_FLAG_ANSWER;
		c->hidden = flags & SHELL_FLAG_HIDDEN;
		c->config = flags & SHELL_FLAG_CONFIG;
		c->any_error |= error;
		c->length = length;
		c->width = width;
		c->history = history;
		txt_clear(&c->prompt);
		txt_mem(&c->prompt, (const char *)text.p, text.len);
		return true;
	}
	case SHELL_CLOSE:
		c->closed = true;
		break;
	default: /* nothing that a server says */
		break;
	}
	c->over = true;
	return true;
}

/* Reads once. False if the session is over. */
static bool receive(struct client *c, int flags)
{
	char buf[16384];
	ssize_t n = recv(c->fd, buf, sizeof(buf), flags);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0 || !shell_reader_feed(&c->in, span_of(buf, (size_t)n)))
		c->over = true;
	return !c->over;
}

/* Reads what comes next, or tells control of Ctrl-C. */
static void wait_answer(struct client *c)
{
	if (c->tty && terminal_interrupted(c->tty, c->fd)) {
		send_frame(c, SHELL_INTERRUPT, "", 0);
		return;
	}
	if (c->tty && terminal_ended())
		c->over = true;
	else if (receive(c, 0) && interrupted) {
		interrupted = 0;
		send_frame(c, SHELL_INTERRUPT, "", 0);
	}
}

bool client_await(struct client *c)
{
	struct span p;
	uint8_t type;

	while (!c->over) {
		int k = shell_reader_next(&c->in, &type, &p);

		if (k < 0)
			c->over = true;
		else if (k > 0 && take_frame(c, type, p))
			break;
		else if (k == 0)
			wait_answer(c);
	}
	return !c->over;
}

bool client_listen(struct client *c, bool more)
{
	struct span p;
	uint8_t type;
	bool any = false;
	int k;

	if (more && !receive(c, MSG_DONTWAIT))
		return false;
	while (!c->over && (k = shell_reader_next(&c->in, &type, &p)) != 0) {
		if (k < 0) {
			c->over = true;
			break;
		}
		if (!any && p.len)
			client_write("\n", 1);
		any |= p.len > 0;
		(void)take_frame(c, type, p);
	}
	return any;
}

bool client_run(struct client *c, enum shell_frame type, const char *line, size_t n)
{
	if (n > SHELL_LINE_MAX || (n && memchr(line, '\0', n))) {
		static const char refused[] = "% Line too long, or no text: ignored\n";

		client_write(refused, sizeof(refused) - 1);
		c->error = c->any_error = true;
		return !c->over;
	}
	pager_reset(&c->pager);
	if (c->tty) {
		unsigned rows = c->tty->rows ? c->tty->rows : 24;

		c->pager.length = c->length == SHELL_AS_WINDOW ? rows : c->length;
		c->pager.width = c->tty->columns;
	}
	return send_frame(c, type, line, n) && client_await(c);
}

unsigned client_width(const struct client *c)
{
	if (c->width != SHELL_AS_WINDOW)
		return c->width;
	return c->tty && c->tty->columns ? c->tty->columns : 80;
}
