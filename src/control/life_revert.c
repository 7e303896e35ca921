/* SPDX-License-Identifier: Apache-2.0 */
/* `configure terminal revert timer`, `configure replace ... time`, `configure confirm`, `configure revert`. */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "control/life.h"
#include "control/load.h"
#include "host/log.h"
#include "host/os.h"

#define HEAD	 "! to be taken back at %" PRId64
#define HEAD_IDLE ", without input for %u minutes"
#define MINUTES_MAX  120 /* as the grammar has it */
#define AGAIN_SEC    60

struct revert {
	struct event *timer;
	char *text; /* the configuration of before */
	size_t len;
	uint64_t due_ms; /* host_now_ms(): whoever sets the clock makes it neither sooner nor later */
	int64_t at_ms;	 /* the same since 1970, in the file: a control that follows has another clock of its own */
	unsigned minutes;  /* that it was given */
	bool idle;	   /* they begin anew with each line that is typed */
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
	if (r->idle)
		txt_printf(&t, HEAD_IDLE, r->minutes);
	txt_char(&t, '\n');
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
	int err = c->revert && file_of(c, path, sizeof(path)) ? file_remove(path) : 0;

	if (err && err != -ENOENT)
		log_line("ARCHIVE_DIFF-3-REVERT", "%s: %s: remove it, or the next start takes the configuration back", path,
			 strerror(-err));
	revert_free(c);
}

static void wait_ms(struct revert *r, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	r->due_ms = host_now_ms(NULL) + ms;
	r->at_ms = host_wall_ms() + (int64_t)ms;
	(void)evtimer_add(r->timer, &tv);
}

/* 0; else it is still due, and is tried again. out: as life_put(). */
static int go_back(struct control *c, struct txt *out)
{
	struct revert *r = c->revert;
	int err;

	log_line("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_ROLLBACK_START",
		 "Start rolling to the configuration of before the change that nobody has confirmed");
	err = life_put(c, r->text, r->len, "running-config", true, out);
	if (!err) {
		revert_drop(c);
		return 0;
	}
	log_line("ARCHIVE_DIFF-3-REVERT", "no memory: the configuration is taken back in %d seconds", AGAIN_SEC);
	wait_ms(r, AGAIN_SEC * 1000);
	return err;
}

static void on_time(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)go_back(ctx, NULL);
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
	r->idle = idle;
	r->minutes = minutes;
	wait_ms(r, minutes * UINT64_C(60000));
	keep(c, r);
	txt_printf(out, "Rollback Confirmed Change: Backing up current running config; it comes back in %u minute%s%s\n"
			"unless `configure confirm` is typed.\n",
		   minutes, minutes == 1 ? "" : "s", idle ? " without input" : "");
	log_line("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_BACKUP", "Backing up current running config");
	return 0;
}

/* How long a change of before this start has left. The clock may have been set meanwhile, or not yet: never longer than
 * anybody can have asked for; and nobody could type while nobody ran. */
static uint64_t left_ms(int64_t at_ms, unsigned idle_min)
{
	int64_t left = at_ms - host_wall_ms();

	if (idle_min)
		return idle_min * UINT64_C(60000);
	return left < 0 ? 0 : left > MINUTES_MAX * INT64_C(60000) ? MINUTES_MAX * UINT64_C(60000) : (uint64_t)left;
}

/* The configuration in the file, as it was kept. 0, or -errno: there is no such file, or no such text in it. */
static int take_kept(const char *path, char **ret_text, size_t *ret_len, int64_t *ret_at, unsigned *ret_idle)
{
	char *text = NULL, *body;
	size_t len = 0;
	int err = file_read(path, &text, &len);

	*ret_idle = 0;
	if (err)
		return err;
	body = strchr(text, '\n');
	if (!body || sscanf(text, HEAD HEAD_IDLE, ret_at, ret_idle) < 1 || *ret_idle > MINUTES_MAX) {
		secret_wipe(text, len);
		free(text);
		return -EBADMSG;
	}
	len -= (size_t)(++body - text);
	memmove(text, body, len + 1);
	*ret_text = text;
	*ret_len = len;
	return 0;
}

void revert_resume(struct control *c)
{
	char path[PATH_MAX], *text = NULL;
	struct revert *r;
	unsigned idle = 0;
	int64_t at = 0;
	size_t len = 0;
	uint64_t left;
	int err = file_of(c, path, sizeof(path)) ? take_kept(path, &text, &len, &at, &idle) : -ENOENT;

	if (err == -ENOENT)
		return;
	r = err ? NULL : make(c, text, len);
	if (!r) {
		log_line("ARCHIVE_DIFF-3-REVERT", "%s: %s: nothing of it is taken back", path, strerror(err ? -err : ENOMEM));
		return;
	}
	left = left_ms(at, idle);
	r->idle = idle > 0;
	r->minutes = (unsigned)((left + 59999) / 60000);
	wait_ms(r, left);
	log_line("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_BACKUP",
		 "a change of before this start waits for `configure confirm`: else it is taken back");
}

void revert_touch(struct control *c)
{
	if (c->revert && c->revert->idle)
		wait_ms(c->revert, c->revert->minutes * UINT64_C(60000));
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
	int err = c->revert ? go_back(c, out) : nothing(out);

	if (!err)
		txt_str(out, "Rollback Done\n");
	return err;
}

int revert_move(struct control *c, unsigned minutes, struct txt *out)
{
	if (!c->revert)
		return nothing(out);
	c->revert->minutes = minutes;
	wait_ms(c->revert, minutes * UINT64_C(60000));
	keep(c, c->revert);
	return 0;
}

void revert_show(const struct control *c, struct txt *out)
{
	uint64_t now = host_now_ms(NULL), left;

	if (!c->revert) {
		txt_str(out, "%No Rollback Confirmed Change pending\n");
		return;
	}
	left = c->revert->due_ms > now ? (c->revert->due_ms - now) / 1000 : 0;
	txt_printf(out, "Timer type: %s timer\nTimer value: %u min\nTime remaining: %" PRIu64 " minutes %" PRIu64 " seconds\n",
		   c->revert->idle ? "idle" : "absolute", c->revert->minutes, left / 60, left % 60);
}
