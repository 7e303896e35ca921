/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CTRL_C	 0x03
#define CTRL_SIX 0x1e

static volatile sig_atomic_t resized, ended;

static void on_signal(int sig)
{
	if (sig == SIGWINCH)
		resized = 1;
	else
		ended = 1;
}

static void measure(struct terminal *t)
{
	struct winsize w;

	resized = 0;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &w) < 0)
		return;
	t->rows = w.ws_row;
	t->columns = w.ws_col;
}

int terminal_open(struct terminal *t)
{
	struct sigaction sa = { .sa_handler = on_signal }; /* no SA_RESTART: they end waiting */
	struct termios raw;

	memset(t, 0, sizeof(*t));
	if (tcgetattr(STDIN_FILENO, &t->saved) < 0)
		return -errno;
	raw = t->saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
	raw.c_oflag |= OPOST | ONLCR;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
		return -errno;
	sigaction(SIGWINCH, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	measure(t);
	return 0;
}

void terminal_close(struct terminal *t)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, &t->saved);
}

bool terminal_ended(void)
{
	return ended;
}

static void read_ahead(struct terminal *t)
{
	memmove(t->ahead, t->ahead + t->at, t->n - t->at);
	t->n -= t->at;
	t->at = 0;
	ssize_t n = read(STDIN_FILENO, t->ahead + t->n, sizeof(t->ahead) - t->n);
	if (n > 0)
		t->n += (size_t)n;
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		t->eof = true;
}

/* want_more: wait for bytes behind those that are there. */
static unsigned wait_for(struct terminal *t, int fd, bool want_more)
{
	bool full = t->n - t->at == sizeof(t->ahead);
	struct pollfd p[2] = { { .fd = t->eof || full ? -1 : STDIN_FILENO, .events = POLLIN },
			       { .fd = fd, .events = POLLIN } };
	bool there = t->n > t->at && !want_more;
	unsigned events = there ? TERMINAL_BYTES : 0;

	if (poll(p, 2, there ? 0 : -1) < 0 && errno != EINTR)
		t->eof = true;
	if (p[0].revents > 0) {
		read_ahead(t);
		events |= TERMINAL_BYTES;
	}
	if (p[1].revents > 0)
		events |= TERMINAL_OTHER;
	if (resized) {
		measure(t);
		events |= TERMINAL_RESIZED;
	}
	return events;
}

unsigned terminal_wait(struct terminal *t, int fd)
{
	return wait_for(t, fd, false);
}

bool terminal_peek(const struct terminal *t, uint8_t *ret)
{
	if (t->at == t->n)
		return false;
	*ret = t->ahead[t->at];
	return true;
}

bool terminal_byte(struct terminal *t, uint8_t *ret)
{
	if (!terminal_peek(t, ret))
		return false;
	t->ahead[t->at++] = 0; /* it may be of a secret */
	return true;
}

bool terminal_interrupted(struct terminal *t, int fd)
{
	size_t seen = t->n - t->at; /* what was typed before the command ran is no interrupt */

	while (!ended) {
		unsigned events = wait_for(t, fd, true);

		for (size_t i = t->at + seen; i < t->n; i++) {
			if (t->ahead[i] != CTRL_C && t->ahead[i] != CTRL_SIX)
				continue;
			t->at = i + 1;
			return true;
		}
		seen = t->n - t->at;
		if (events & TERMINAL_OTHER || (t->eof && fd < 0))
			break;
	}
	return false;
}
