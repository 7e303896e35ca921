/* SPDX-License-Identifier: Apache-2.0 */
#include "host/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/os.h"

#define LOG_LINES 512

static struct {
	char *line[LOG_LINES];
	size_t next;
	void (*watch)(void *ctx, const char *line);
	void *ctx;
} the_log;

static void put(struct txt *t)
{
	char *s;

	txt_char(t, '\n');
	s = txt_steal(t);
	if (!s)
		return;
	fputs(s, stderr);
	fflush(stderr);
	if (the_log.watch)
		the_log.watch(the_log.ctx, s);
	free(the_log.line[the_log.next]);
	the_log.line[the_log.next] = s;
	the_log.next = (the_log.next + 1) % LOG_LINES;
}

void log_line(const char *mnemonic, const char *fmt, ...)
{
	struct txt t = TXT_INIT;
	char stamp[32];
	va_list ap;

	txt_str(&t, host_stamp(stamp));
	txt_printf(&t, "%%%s: ", mnemonic);
	va_start(ap, fmt);
	txt_vprintf(&t, fmt, ap);
	va_end(ap);
	put(&t);
}

void log_debug(const char *text)
{
	struct txt t = TXT_INIT;
	char stamp[32];

	txt_str(&t, host_stamp(stamp));
	txt_str(&t, text);
	put(&t);
}

void log_watch(void (*watch)(void *ctx, const char *line), void *ctx)
{
	the_log.watch = watch;
	the_log.ctx = ctx;
}

void log_show(struct txt *out)
{
	for (size_t i = 0; i < LOG_LINES; i++) {
		const char *s = the_log.line[(the_log.next + i) % LOG_LINES];

		if (s)
			txt_str(out, s);
	}
}

void log_clear(void)
{
	for (size_t i = 0; i < LOG_LINES; i++) {
		free(the_log.line[i]);
		the_log.line[i] = NULL;
	}
}
