/* SPDX-License-Identifier: Apache-2.0 */
/* What must not be seen of a configuration, as it is to be kept. A hash takes some 15 ms: what a session types is hashed by
 * the thread that compares passwords, and the session's next line waits for it. What is printed or saved before that is
 * hashed at once. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "control/login.h"
#include "control/login_work.h"
#include "control/master_key.h"
#include "control/secret_hash.h"
#include "host/log.h"
#include "host/os.h"

/* One that is being hashed. There are no more than sessions, and one that nobody waits for. */
struct secret_wait {
	LIST_ENTRY(secret_wait) entry;
	struct control *c;
	struct session *s; /* NULL: nobody waits (any more) */
	struct cfg_secret of;
};

static bool is_clear(const struct cfg_secret *s)
{
	return s->set && s->hashed && s->type == SECRET_PLAIN;
}

static bool same(const struct cfg_secret *a, const struct cfg_secret *b)
{
	return a->want == b->want && !strcmp(a->text, b->text);
}

static void failed(struct control *c)
{
	log_line("CULVERT-3-SECRET", "a secret could not be hashed: it is kept in clear");
	c->hash_fails = true;
}

/* ---- at once ---- */

static void take_text(struct cfg_secret *s, const char *text)
{
	secret_wipe(s->text, sizeof(s->text));
	memcpy(s->text, text, strlen(text) + 1);
	s->type = s->want;
}

static void hash(struct cfg_secret *s, void *ctx)
{
	uint8_t random[SECRET_SALT_RANDOM];
	char text[CFG_SECRET_MAX];
	int *err = ctx, now;

	if (!is_clear(s))
		return;
	host_random(NULL, random, sizeof(random));
	now = secret_hash(s->want, s->text, random, text);
	if (now)
		*err = now;
	else
		take_text(s, text);
}

void secrets_follow(struct control *c)
{
	int err = 0;

	master_key_follow(c);
	if (!c->config)
		return;
	users_each_secret(&c->config->users, hash, &err);
	if (err)
		failed(c);
}

struct first {
	bool found;
	int err;
};

static void hash_first(struct cfg_secret *s, void *ctx)
{
	struct first *f = ctx;

	if (f->found || !is_clear(s))
		return;
	f->found = true;
	hash(s, &f->err);
}

bool secrets_one(struct control *c)
{
	struct first f = { 0 };

	users_each_secret(&c->config->users, hash_first, &f);
	return f.found && !f.err;
}

/* ---- by the thread ---- */

struct search {
	const struct control *c;
	const struct cfg_secret *of; /* NULL: one that is not being hashed */
	struct cfg_secret *found;
};

static void look(struct cfg_secret *s, void *ctx)
{
	struct search *x = ctx;
	const struct secret_wait *w;

	if (!is_clear(s) || (x->of && (x->found || !same(s, x->of))))
		return;
	LIST_FOREACH(w, &x->c->secret_waits, entry)
		if (!x->of && same(s, &w->of))
			return;
	x->found = s;
}

static struct cfg_secret *find(struct control *c, const struct cfg_secret *of)
{
	struct search x = { .c = c, .of = of };

	users_each_secret(&c->config->users, look, &x);
	return x.found;
}

static void wait_free(struct secret_wait *w)
{
	LIST_REMOVE(w, entry);
	secret_free(w, sizeof(*w));
}

static bool begin(struct control *c, struct session *s);

/* One that nobody waits for, if there is any. */
static void next(struct control *c)
{
	if (LIST_EMPTY(&c->secret_waits))
		(void)begin(c, NULL);
}

/* The configuration may be another one by now, and the session gone. */
static void on_hashed(void *ctx, int err, const char *text)
{
	struct secret_wait *w = ctx;
	struct cfg_secret *s;
	struct session *waits = w->s;
	struct control *c = w->c;

	s = find(c, &w->of); /* it changes where it is, which no answer in pieces minds */
	wait_free(w);
	if (s && !err)
		take_text(s, text);
	else if (s)
		failed(c);
	next(c);
	if (waits)
		session_go_on(waits);
}

/* False: there is nothing to do, or it is for secrets_follow(). */
static bool begin(struct control *c, struct session *s)
{
	struct cfg_secret *clear = c->hash_fails || !c->login_work ? NULL : find(c, NULL);
	struct secret_wait *w = clear ? calloc(1, sizeof(*w)) : NULL;

	if (!w)
		return false;
	w->c = c;
	w->s = s;
	w->of = *clear;
	LIST_INSERT_HEAD(&c->secret_waits, w, entry);
	if (login_work_hash(c->login_work, clear->want, clear->text, on_hashed, w))
		return true;
	wait_free(w);
	return false;
}

bool secrets_typed(struct session *s, struct control *c)
{
	return begin(c, s);
}

void secrets_later(struct control *c)
{
	master_key_follow(c);
	next(c);
}

void secrets_forget(struct control *c, const struct session *s)
{
	struct secret_wait *w;

	LIST_FOREACH(w, &c->secret_waits, entry)
		if (w->s == s)
			w->s = NULL;
}

void secrets_close(struct control *c)
{
	struct secret_wait *w;

	while ((w = LIST_FIRST(&c->secret_waits)))
		wait_free(w);
}
