/* SPDX-License-Identifier: Apache-2.0 */
/* `reload`, and a reload that is scheduled. */
#include "control/life.h"

#include <ctype.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/secret.h"
#include "control/flash.h"
#include "control/login.h"
#include "host/log.h"
#include "host/os.h"

#define STARTUP "startup-config"

/* `reload in` and `reload at`. By the clock that nobody sets: it waits as long as it was told to. */
struct reload {
	struct event *timer;
	struct reload_plan plan;
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

static int reload_wait(struct reload *r, uint64_t at_ms)
{
	uint64_t now = host_now_ms(NULL), ms = at_ms > now ? at_ms - now : 0;
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	r->plan.at_ms = at_ms;
	return evtimer_add(r->timer, &tv);
}

/* One that fails is still due. */
static void on_reload(evutil_socket_t fd, short what, void *ctx)
{
	struct control *c = ctx;
	int err;

	(void)fd;
	(void)what;
	err = reload_now(c, NULL, c->reload->plan.reason);
	if (!err)
		return;
	log_line("SYS-3-RELOAD", "The scheduled reload failed and is tried again in %d seconds: " STARTUP ": %s",
		 RELOAD_AGAIN_SEC, strerror(-err));
	(void)reload_wait(c->reload, host_now_ms(NULL) + RELOAD_AGAIN_SEC * 1000);
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

/* `10:41:20 UTC Fri Mar 1 2002`, in UTC, as show clock has it. */
static void put_date(int64_t wall_ms, struct txt *out)
{
	time_t sec = (time_t)(wall_ms / 1000);
	struct tm tm;
	char text[64];

	if (gmtime_r(&sec, &tm) && strftime(text, sizeof(text), "%H:%M:%S UTC %a %b", &tm))
		txt_printf(out, "%s %d %d", text, tm.tm_mday, tm.tm_year + 1900);
}

static int64_t wall_of(uint64_t at_ms)
{
	return host_wall_ms() + (int64_t)(at_ms - host_now_ms(NULL));
}

void reload_say(const struct reload_plan *p, struct txt *out)
{
	uint64_t now = host_now_ms(NULL);

	txt_str(out, "Reload scheduled for ");
	put_date(wall_of(p->at_ms), out);
	txt_str(out, " (in ");
	put_left(out, p->at_ms > now ? (p->at_ms - now + 999) / 1000 : 0);
	txt_printf(out, ") by %s\nReload reason: %s\n", p->by, p->reason);
}

void reload_show(const struct control *c, struct txt *out)
{
	if (c->reload)
		reload_say(&c->reload->plan, out);
	else
		txt_str(out, "No reload is scheduled.\n");
}

/* ---- when ---- */

/* A month's name, or its first letters; -1: none. */
static int month_of(const char *s, size_t n)
{
	static const char *const names[] = { "january", "february", "march",	 "april",   "may",	"june",
					     "july",	"august",   "september", "october", "november", "december" };

	for (int i = 0; n >= 3 && i < 12; i++)
		if (n <= strlen(names[i]) && !strncasecmp(s, names[i], n))
			return i;
	return -1;
}

/* The next word; its length, which may be 0. */
static size_t word_at(const char **at)
{
	*at += strspn(*at, " \t");
	return strcspn(*at, " \t");
}

static int day_of(const char *s, size_t n)
{
	bool good = n && n <= 2 && strspn(s, "0123456789") >= n;

	return good ? atoi(s) : 0;
}

/* `Mar 1` or `1 Mar` at the start of *at, which is left behind it. */
static bool take_day(const char **at, struct tm *tm)
{
	const char *a = *at, *b;
	size_t n = word_at(&a), m;
	int month, day;

	b = a + n;
	m = word_at(&b);
	month = month_of(a, n);
	day = month < 0 ? day_of(a, n) : day_of(b, m);
	if (month < 0)
		month = month_of(b, m);
	if (month < 0 || day < 1 || day > 31)
		return false;
	tm->tm_mon = month;
	tm->tm_mday = day;
	*at = b + m;
	*at += strspn(*at, " \t");
	return true;
}

#define AT_MOST_SEC (24 * 86400) /* IOS's: 24 days */

/* `hh:mm`, and the day in front of the reason, if one is said. Seconds from now; 0 after a message. */
static uint64_t seconds_until(const char *hhmm, const char **reason, struct txt *out)
{
	time_t now = (time_t)(host_wall_ms() / 1000), at;
	struct tm tm;
	unsigned h, m;
	bool day;
	char end;

	if (!isdigit((unsigned char)hhmm[0]) || sscanf(hhmm, "%2u:%2u%c", &h, &m, &end) != 2 || h > 23 || m > 59 ||
	    !gmtime_r(&now, &tm)) {
		txt_printf(out, "%% '%s' is no time of day: hh:mm\n", hhmm);
		return 0;
	}
	day = take_day(reason, &tm);
	tm.tm_hour = (int)h;
	tm.tm_min = (int)m;
	tm.tm_sec = 0;
	at = timegm(&tm);
	if (at <= now) { /* it is over: tomorrow's, or next year's */
		tm.tm_mday += !day;
		tm.tm_year += day;
		at = timegm(&tm);
	}
	if (at > now && at - now <= AT_MOST_SEC)
		return (uint64_t)(at - now);
	txt_str(out, "% A reload is scheduled at most 24 days ahead\n");
	return 0;
}

int reload_plan(struct exec_io *io, const struct exec_args *a, bool at, struct reload_plan *ret)
{
	const char *reason = a->text;
	uint64_t sec = at ? seconds_until(a->name, &reason, io->out) : (uint64_t)minutes_of(a->name) * 60;
	struct txt by = TXT_INIT;

	if (!sec) {
		if (!at)
			txt_printf(io->out, "%% '%s' is no time: mmm or hhh:mm, from 1 minute on\n", a->name);
		return -EINVAL;
	}
	ret->at_ms = host_now_ms(NULL) + sec * 1000;
	login_name(session_login(io->s), &by);
	snprintf(ret->by, sizeof(ret->by), "%s", txt_cstr(&by));
	snprintf(ret->reason, sizeof(ret->reason), "%s", reason[0] ? reason : "Reload Command");
	txt_fini(&by);
	return 0;
}

int reload_schedule(struct control *c, const struct reload_plan *p, struct txt *out)
{
	struct txt then = TXT_INIT, now = TXT_INIT;

	reload_free(c);
	c->reload = calloc(1, sizeof(*c->reload));
	if (c->reload)
		c->reload->timer = evtimer_new(c->base, on_reload, c);
	if (c->reload)
		c->reload->plan = *p;
	if (!c->reload || !c->reload->timer || reload_wait(c->reload, p->at_ms)) {
		reload_free(c);
		txt_str(out, "% Low on memory; try again later\n");
		return -ENOMEM;
	}
	put_date(wall_of(p->at_ms), &then);
	put_date(host_wall_ms(), &now);
	log_line("SYS-5-SCHEDULED_RELOAD", "Reload requested for %s at %s by %s. Reload Reason: %s.", txt_cstr(&then), txt_cstr(&now),
		 p->by, p->reason);
	txt_fini(&then);
	txt_fini(&now);
	return 0;
}

void reload_cancel(struct exec_io *io)
{
	struct txt now = TXT_INIT;

	if (!io->c->reload) {
		txt_str(io->out, "%No reload is scheduled.\n");
		return;
	}
	reload_free(io->c);
	txt_str(io->out, "\n\n***\n*** --- SHUTDOWN ABORTED ---\n***\n\n");
	put_date(host_wall_ms(), &now);
	log_line("SYS-5-SCHEDULED_RELOAD_CANCELLED", " Scheduled reload cancelled at %s", txt_cstr(&now));
	txt_fini(&now);
}
