/* SPDX-License-Identifier: Apache-2.0 */
/* `reload`, and a reload that is scheduled. */
#include "control/life.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "control/flash.h"
#include "host/log.h"
#include "host/os.h"

#define STARTUP "startup-config"

/* `reload in`. By the clock that nobody sets: it waits as long as it was told to. */
struct reload {
	struct event *timer;
	uint64_t at_ms; /* host_now_ms() */
	char reason[256];
};

void reload_free(struct control *c)
{
	if (c->reload && c->reload->timer)
		event_free(c->reload->timer);
	free(c->reload);
	c->reload = NULL;
}

int reload_now(struct control *c, struct txt *out, const char *reason)
{
	char *text = NULL;
	size_t len = 0;
	int err = flash_read(c, STARTUP, &text, &len);

	if (err == -ENOENT)
		err = 0;
	if (err && out)
		flash_error(out, STARTUP, err);
	if (err)
		return err;
	log_line("SYS-5-RELOAD", "Reload requested by console. Reload Reason: %s.", reason);
	err = life_put(c, text ? text : "", len, STARTUP, true, out);
	if (text)
		secret_wipe(text, len);
	free(text);
	if (!err) {
		reload_free(c);
		revert_drop(c);
	}
	return err;
}

#define RELOAD_AGAIN_SEC 60

static int reload_wait(struct reload *r, uint64_t sec)
{
	struct timeval tv = { .tv_sec = (time_t)sec };

	r->at_ms = host_now_ms(NULL) + sec * 1000;
	return evtimer_add(r->timer, &tv);
}

/* One that fails is still due. */
static void on_reload(evutil_socket_t fd, short what, void *ctx)
{
	struct control *c = ctx;
	int err;

	(void)fd;
	(void)what;
	err = reload_now(c, NULL, c->reload->reason[0] ? c->reload->reason : "Reload Command");
	if (!err)
		return;
	log_line("SYS-3-RELOAD", "The scheduled reload failed and is tried again in %d seconds: " STARTUP ": %s",
		 RELOAD_AGAIN_SEC, strerror(-err));
	(void)reload_wait(c->reload, RELOAD_AGAIN_SEC);
}

/* `mmm` or `hhh:mm`; 0: neither. */
static unsigned minutes_of(const char *s)
{
	size_t digits = strspn(s, "0123456789");
	unsigned a, b = 0;
	char end;

	if (!digits || digits > 3 || sscanf(s, "%3u", &a) != 1)
		return 0;
	if (!s[digits])
		return a;
	s += digits;
	if (s[0] != ':' || strspn(s + 1, "0123456789") != strlen(s + 1) || sscanf(s, ":%2u%c", &b, &end) != 1 || b > 59)
		return 0;
	return a * 60 + b;
}

/* What is not nought of the two largest, as IOS says how long it is. */
static void put_left(struct txt *out, uint64_t sec)
{
	const struct {
		uint64_t n;
		const char *unit;
	} parts[] = { { sec / 3600, "hour" }, { sec / 60 % 60, "minute" }, { sec < 3600 ? sec % 60 : 0, "second" } };
	const char *and = "";

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].n && (sec || i < 2))
			continue;
		txt_printf(out, "%s%" PRIu64 " %s%s", and, parts[i].n, parts[i].unit, parts[i].n == 1 ? "" : "s");
		and = " and ";
	}
}

void reload_show(const struct control *c, struct txt *out)
{
	uint64_t now = host_now_ms(NULL);

	if (!c->reload) {
		txt_str(out, "No reload is scheduled.\n");
		return;
	}
	txt_str(out, "Reload scheduled in ");
	put_left(out, c->reload->at_ms > now ? (c->reload->at_ms - now + 999) / 1000 : 0);
	txt_str(out, " by console\n");
	if (c->reload->reason[0])
		txt_printf(out, "Reload reason: %s\n", c->reload->reason);
}

void reload_in(struct exec_io *io, const struct exec_args *a, bool *ret_error)
{
	struct control *c = io->c;
	unsigned minutes = minutes_of(a->name);

	if (!minutes) {
		txt_printf(io->out, "%% '%s' is no time: mmm or hhh:mm, from 1 minute on\n", a->name);
		*ret_error = true;
		return;
	}
	reload_free(c);
	c->reload = calloc(1, sizeof(*c->reload));
	if (c->reload)
		c->reload->timer = evtimer_new(c->base, on_reload, c);
	if (!c->reload || !c->reload->timer || reload_wait(c->reload, (uint64_t)minutes * 60)) {
		reload_free(c);
		txt_str(io->out, "% Low on memory; try again later\n");
		*ret_error = true;
		return;
	}
	snprintf(c->reload->reason, sizeof(c->reload->reason), "%s", a->text);
	reload_show(c, io->out);
}

void reload_cancel(struct exec_io *io)
{
	if (!io->c->reload)
		txt_str(io->out, "%No reload is scheduled.\n");
	else
		txt_str(io->out, "\n***\n*** --- SHUTDOWN ABORTED ---\n***\n");
	reload_free(io->c);
}
