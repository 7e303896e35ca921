/* SPDX-License-Identifier: Apache-2.0 */
/* Users, secrets, lines and privilege levels of a configuration. */
#include "model/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "model/config_list.h"

const struct cfg_line cfg_line_defaults = { .login = LOGIN_UNSAID, .timeout_min = CFG_LINE_TIMEOUT_MIN };

static void copy_text(char *dst, size_t size, const char *src)
{
	size_t n = strnlen(src, size - 1);

	memset(dst, 0, size);
	memcpy(dst, src, n);
}

/* ---- find, add, remove ---- */

struct cfg_user *users_find(const struct cfg_users *u, const char *name)
{
	for (size_t i = 0; i < u->list.n; i++)
		if (!strcmp(u->list.v[i]->name, name))
			return u->list.v[i];
	return NULL;
}

struct cfg_line *users_find_line(const struct cfg_users *u, uint8_t kind, uint16_t first, uint16_t last)
{
	for (size_t i = 0; i < u->lines.n; i++) {
		struct cfg_line *l = u->lines.v[i];

		if (l->kind == kind && l->first == first && l->last == last)
			return l;
	}
	return NULL;
}

struct cfg_privilege *users_find_privilege(const struct cfg_users *u, uint8_t mode, const char *text)
{
	for (size_t i = 0; i < u->privileges.n; i++)
		if (u->privileges.v[i]->mode == mode && !strcmp(u->privileges.v[i]->text, text))
			return u->privileges.v[i];
	return NULL;
}

struct cfg_user *users_add(struct cfg_users *u, const char *name)
{
	struct cfg_user *found = users_find(u, name), new = { .privilege = 0 };

	if (found || u->list.n == CFG_MAX_USERS)
		return found;
	copy_text(new.name, sizeof(new.name), name);
	return cfg_list_add(LIST(&u->list), u->list.n, &new, sizeof(new));
}

struct cfg_line *users_add_line(struct cfg_users *u, uint8_t kind, uint16_t first, uint16_t last)
{
	struct cfg_line *found = users_find_line(u, kind, first, last), new = cfg_line_defaults;
	size_t at = 0;

	if (found || u->lines.n == CFG_MAX_LINES)
		return found;
	new.kind = kind;
	new.first = first;
	new.last = last;
	while (at < u->lines.n && u->lines.v[at]->kind <= kind)
		at++;
	return cfg_list_add(LIST(&u->lines), at, &new, sizeof(new));
}

struct cfg_privilege *users_add_privilege(struct cfg_users *u, uint8_t mode, const char *text)
{
	struct cfg_privilege *found = users_find_privilege(u, mode, text), new = { .mode = mode };

	if (found || u->privileges.n == CFG_MAX_PRIVILEGES)
		return found;
	copy_text(new.text, sizeof(new.text), text);
	return cfg_list_add(LIST(&u->privileges), u->privileges.n, &new, sizeof(new));
}

struct cfg_enable *users_add_enable(struct cfg_users *u)
{
	if (!u->enable)
		u->enable = calloc(1, sizeof(*u->enable));
	return u->enable;
}

static void line_free(struct cfg_line *l)
{
	kept_fini(&l->kept);
	secret_free(l, sizeof(*l));
}

void users_del(struct cfg_users *u, struct cfg_user *user)
{
	cfg_list_take(LIST(&u->list), user);
	secret_free(user, sizeof(*user));
}

void users_del_line(struct cfg_users *u, struct cfg_line *line)
{
	cfg_list_take(LIST(&u->lines), line);
	line_free(line);
}

void users_del_privilege(struct cfg_users *u, struct cfg_privilege *p)
{
	cfg_list_take(LIST(&u->privileges), p);
	free(p);
}

/* ---- what is in force ---- */

const struct cfg_secret *users_enable_secret(const struct cfg_users *u, unsigned level)
{
	if (!u->enable || level > CFG_LEVEL_MAX)
		return NULL;
	if (u->enable->secret[level].set)
		return &u->enable->secret[level];
	return u->enable->password[level].set ? &u->enable->password[level] : NULL;
}

static void overlay(struct cfg_line *to, const struct cfg_line *from)
{
	if (from->login != LOGIN_UNSAID)
		to->login = from->login;
	if (from->password.set)
		to->password = from->password;
	if (from->timeout_min != CFG_LINE_TIMEOUT_MIN || from->timeout_sec) {
		to->timeout_min = from->timeout_min;
		to->timeout_sec = from->timeout_sec;
	}
	if (from->privilege)
		to->privilege = from->privilege;
	if (from->length)
		to->length = from->length;
	if (from->width)
		to->width = from->width;
	if (from->history)
		to->history = from->history;
}

void users_line(const struct cfg_users *u, uint8_t kind, unsigned number, struct cfg_line *ret_line)
{
	*ret_line = cfg_line_defaults;
	ret_line->kind = kind;
	for (size_t i = 0; i < u->lines.n; i++) {
		const struct cfg_line *l = u->lines.v[i];

		if (l->kind == kind && number >= l->first && number <= l->last)
			overlay(ret_line, l);
	}
}

void users_each_secret(struct cfg_users *u, void (*fn)(struct cfg_secret *s, void *ctx), void *ctx)
{
	for (size_t i = 0; u->enable && i <= CFG_LEVEL_MAX; i++) {
		fn(&u->enable->secret[i], ctx);
		fn(&u->enable->password[i], ctx);
	}
	for (size_t i = 0; i < u->list.n; i++)
		fn(&u->list.v[i]->secret, ctx);
	for (size_t i = 0; i < u->lines.n; i++)
		fn(&u->lines.v[i]->password, ctx);
}

/* ---- the whole ---- */

static bool secret_same(const struct cfg_secret *a, const struct cfg_secret *b)
{
	return a->set == b->set && a->type == b->type && a->hashed == b->hashed && !strcmp(a->text, b->text);
}

static bool enable_same(const struct cfg_enable *a, const struct cfg_enable *b)
{
	static const struct cfg_enable none;

	a = a ? a : &none;
	b = b ? b : &none;
	for (size_t i = 0; i <= CFG_LEVEL_MAX; i++)
		if (!secret_same(&a->secret[i], &b->secret[i]) || !secret_same(&a->password[i], &b->password[i]))
			return false;
	return true;
}

static bool user_same(const struct cfg_user *a, const struct cfg_user *b)
{
	return !strcmp(a->name, b->name) && a->privilege == b->privilege && a->nopassword == b->nopassword &&
	       secret_same(&a->secret, &b->secret);
}

static bool line_same(const struct cfg_line *a, const struct cfg_line *b)
{
	return a->kind == b->kind && a->first == b->first && a->last == b->last && a->login == b->login &&
	       secret_same(&a->password, &b->password) && a->timeout_min == b->timeout_min &&
	       a->timeout_sec == b->timeout_sec && a->privilege == b->privilege && a->length == b->length &&
	       a->width == b->width && a->history == b->history && kept_equal(&a->kept, &b->kept);
}

static bool privilege_same(const struct cfg_privilege *a, const struct cfg_privilege *b)
{
	return a->mode == b->mode && a->all == b->all && a->level == b->level && !strcmp(a->text, b->text);
}

bool cfg_users_equal(const struct cfg_users *a, const struct cfg_users *b)
{
	if (a->encrypt != b->encrypt || a->list.n != b->list.n || a->lines.n != b->lines.n ||
	    a->privileges.n != b->privileges.n || !enable_same(a->enable, b->enable))
		return false;
	for (size_t i = 0; i < a->list.n; i++)
		if (!user_same(a->list.v[i], b->list.v[i]))
			return false;
	for (size_t i = 0; i < a->lines.n; i++)
		if (!line_same(a->lines.v[i], b->lines.v[i]))
			return false;
	for (size_t i = 0; i < a->privileges.n; i++)
		if (!privilege_same(a->privileges.v[i], b->privileges.v[i]))
			return false;
	return true;
}

static int line_clone(const struct cfg_line *from, struct cfg_users *to)
{
	struct cfg_line l = *from, *copy;

	memset(&l.kept, 0, sizeof(l.kept));
	copy = cfg_list_add(LIST(&to->lines), to->lines.n, &l, sizeof(l));
	return copy ? kept_clone(&from->kept, &copy->kept) : -ENOMEM;
}

int cfg_users_clone(const struct cfg_users *from, struct cfg_users *to)
{
	to->encrypt = from->encrypt;
	if (from->enable && !users_add_enable(to))
		return -ENOMEM;
	if (from->enable)
		*to->enable = *from->enable;
	for (size_t i = 0; i < from->list.n; i++)
		if (!cfg_list_add(LIST(&to->list), i, from->list.v[i], sizeof(*from->list.v[i])))
			return -ENOMEM;
	for (size_t i = 0; i < from->lines.n; i++)
		if (line_clone(from->lines.v[i], to))
			return -ENOMEM;
	for (size_t i = 0; i < from->privileges.n; i++)
		if (!cfg_list_add(LIST(&to->privileges), i, from->privileges.v[i], sizeof(*from->privileges.v[i])))
			return -ENOMEM;
	return 0;
}

void cfg_users_fini(struct cfg_users *u)
{
	secret_free(u->enable, sizeof(*u->enable));
	for (size_t i = 0; i < u->list.n; i++)
		secret_free(u->list.v[i], sizeof(*u->list.v[i]));
	for (size_t i = 0; i < u->lines.n; i++)
		line_free(u->lines.v[i]);
	for (size_t i = 0; i < u->privileges.n; i++)
		free(u->privileges.v[i]);
	free(u->list.v);
	free(u->lines.v);
	free(u->privileges.v);
	memset(u, 0, sizeof(*u));
}
