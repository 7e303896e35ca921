/* SPDX-License-Identifier: Apache-2.0 */
/* `configure terminal revert timer`, `configure replace ... time`, `configure confirm`, `configure revert`. */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "control/life.h"
#include "control/load.h"
#include "host/log.h"
#include "host/os.h"

#define HEAD "! to be taken back at %" PRId64 "\n"

struct revert {
	struct event *timer;
	char *text; /* the configuration of before */
	size_t len;
	int64_t at_ms; /* since 1970: a control that follows has another clock of its own */
	unsigned idle_min; /* 0: the time does not begin anew */
};

static bool file_of(const struct control *c, char *path, size_t cap)
{
	return strcmp(c->opt->config, "-") != 0 && snprintf(path, cap, "%s.revert", c->opt->config) < (int)cap;
}

static void keep(const struct control *c, const struct revert *r)
{
	char path[PATH_MAX];
	struct txt t = TXT_INIT;

	if (!file_of(c, path, sizeof(path)))
		return;
	txt_printf(&t, HEAD, r->at_ms);
	txt_mem(&t, r->text, r->len);
	if (t.bad || file_write(path, t.s, t.len))
		log_line("ARCHIVE_DIFF-4-REVERT", "%s: what is to be taken back is not kept for a restart", path);
	if (t.s)
		secret_wipe(t.s, t.cap);
	txt_fini(&t);
}

void revert_free(struct control *c)
{
	struct revert *r = c->revert;

	if (!r)
		return;
	c->revert = NULL;
	if (r->timer)
		event_free(r->timer);
	if (r->text)
		secret_wipe(r->text, r->len);
	free(r->text);
	free(r);
}

void revert_drop(struct control *c)
{
	char path[PATH_MAX];

	if (c->revert && file_of(c, path, sizeof(path)))
		(void)unlink(path);
	revert_free(c);
}

static void go_back(struct control *c, struct txt *out)
{
	struct revert *r = c->revert;

	log_line("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_ROLLBACK_START",
		 "Start rolling to the configuration of before the change that nobody has confirmed");
	if (life_put(c, r->text, r->len, "running-config", true, out)) {
		log_line("ARCHIVE_DIFF-3-REVERT", "no memory: the configuration is not taken back");
		return;
	}
	revert_drop(c);
}

static void on_time(evutil_socket_t fd, short what, void *ctx)
{
	struct txt out = TXT_INIT;

	(void)fd;
	(void)what;
	go_back(ctx, &out);
	txt_fini(&out);
}

static void set_timer(struct revert *r)
{
	int64_t left = r->at_ms - host_wall_ms();
	struct timeval tv = { .tv_sec = left > 0 ? left / 1000 : 0, .tv_usec = left > 0 ? left % 1000 * 1000 : 1000 };

	(void)evtimer_add(r->timer, &tv);
}

/* Takes text. NULL without memory. */
static struct revert *make(struct control *c, char *text, size_t len)
{
	struct revert *r = calloc(1, sizeof(*r));

	if (r)
		r->timer = evtimer_new(c->base, on_time, c);
	if (!r || !r->timer) {
		free(r);
		secret_wipe(text, len);
		free(text);
		return NULL;
	}
	r->text = text;
	r->len = len;
	c->revert = r;
	return r;
}

int revert_arm(struct control *c, unsigned minutes, bool idle, struct txt *out)
{
	struct txt body = TXT_INIT;
	struct revert *r;
	size_t len;
	char *text;

	if (c->revert) {
		txt_str(out, "% A change waits for its confirmation already: configure confirm, or configure revert now\n");
		return -EBUSY;
	}
	life_running(c, &body);
	len = body.len;
	text = txt_steal(&body);
	r = text ? make(c, text, len) : NULL;
	if (!r) {
		txt_str(out, "% Low on memory; try again later\n");
		return -ENOMEM;
	}
	r->idle_min = idle ? minutes : 0;
	r->at_ms = host_wall_ms() + (int64_t)minutes * 60000;
	set_timer(r);
	keep(c, r);
	txt_printf(out, "Rollback Confirmed Change: Backing up current running config; it comes back in %u minute%s%s\n"
			"unless `configure confirm` is typed.\n",
		   minutes, minutes == 1 ? "" : "s", idle ? " without input" : "");
	log_line("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_BACKUP", "Backing up current running config");
	return 0;
}

void revert_resume(struct control *c)
{
	char path[PATH_MAX], *text = NULL, *body;
	struct revert *r;
	int64_t at;
	size_t len;

	if (!file_of(c, path, sizeof(path)) || access(path, F_OK) || file_read(path, &text, &len))
		return;
	body = strchr(text, '\n');
	if (!body || sscanf(text, HEAD, &at) != 1) {
		secret_wipe(text, len);
		free(text);
		(void)unlink(path);
		return;
	}
	len -= (size_t)(++body - text);
	memmove(text, body, len + 1);
	r = make(c, text, len);
	if (!r)
		return;
	r->at_ms = at;
	set_timer(r);
	log_line("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_BACKUP",
		 "a change of before this start waits for `configure confirm`: else it is taken back");
}

void revert_touch(struct control *c)
{
	struct revert *r = c->revert;

	if (!r || !r->idle_min)
		return;
	r->at_ms = host_wall_ms() + (int64_t)r->idle_min * 60000;
	set_timer(r);
}

static int nothing(struct txt *out)
{
	txt_str(out, "%No Rollback Confirmed Change pending\n");
	return -ENOENT;
}

int revert_confirm(struct control *c, struct txt *out)
{
	if (!c->revert)
		return nothing(out);
	revert_drop(c);
	log_line("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_CONFIRM", "User: console: Confirm the configuration change");
	return 0;
}

int revert_now(struct control *c, struct txt *out)
{
	if (!c->revert)
		return nothing(out);
	go_back(c, out);
	txt_str(out, "Rollback Done\n");
	return 0;
}

int revert_move(struct control *c, unsigned minutes, struct txt *out)
{
	if (!c->revert)
		return nothing(out);
	if (c->revert->idle_min)
		c->revert->idle_min = minutes;
	c->revert->at_ms = host_wall_ms() + (int64_t)minutes * 60000;
	set_timer(c->revert);
	keep(c, c->revert);
	return 0;
}

void revert_show(const struct control *c, struct txt *out)
{
	int64_t left = c->revert ? (c->revert->at_ms - host_wall_ms()) / 1000 : 0;

	if (!c->revert)
		txt_str(out, "%No Rollback Confirmed Change pending\n");
	else
		txt_printf(out, "Time configured(in minutes): %s\nTime remaining: %" PRId64 " minutes %" PRId64 " seconds\n",
			   c->revert->idle_min ? "idle" : "absolute", left / 60, left % 60);
}
