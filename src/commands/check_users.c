/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that are weak, and lines that let in nobody. Notes: a router that came with them works as it did. */
#include <stdio.h>
#include <string.h>

#include "commands/check_parts.h"

static void check_secret(const char *obj, const struct cfg_secret *s, const char *fix, struct report *r)
{
	if (!s->set)
		return;
	if (!secret_is_well_formed(s->type, s->text))
		report_object(r, REPORT_WARNING, obj, fix, "this is no secret of type %u: nobody can log in with it.",
			      (unsigned)s->type);
	else if (!s->hashed)
		report_object(r, REPORT_NOTE, obj, fix, "type %u can be read by whoever sees the line.",
			      (unsigned)s->type);
	else if (s->type == SECRET_MD5 || (s->type == SECRET_PLAIN && s->want == SECRET_MD5))
		report_object(r, REPORT_NOTE, obj, fix,
			      "type 5 (MD5) is weak: a billion passwords a day are tried against it. Type 9 withstands that.");
}

static void check_enable(const struct cfg_enable *e, struct report *r)
{
	char obj[CHECK_NAME_LEN], fix[CHECK_NAME_LEN];

	for (unsigned i = 0; i <= CFG_LEVEL_MAX; i++) {
		char level[16] = "";

		if (i < CFG_LEVEL_MAX)
			snprintf(level, sizeof(level), " level %u", i);
		snprintf(fix, sizeof(fix), "enable secret%s SECRET", level);
		snprintf(obj, sizeof(obj), "enable secret%s", level);
		check_secret(obj, &e->secret[i], fix, r);
		snprintf(obj, sizeof(obj), "enable password%s", level);
		if (!e->secret[i].set)
			check_secret(obj, &e->password[i], fix, r);
		else if (e->password[i].set)
			report_object(r, REPORT_NOTE, obj, NULL, "enable secret is asked for instead of it.");
	}
}

static void check_user(const struct cfg_user *u, struct report *r)
{
	char obj[CHECK_NAME_LEN], fix[2 * CHECK_NAME_LEN];

	check_object_name(obj, "username", u->name);
	snprintf(fix, sizeof(fix), "username %s secret SECRET", u->name);
	if (u->secret.set && !u->secret.hashed) { /* beside a password IOS takes no secret */
		char level[24] = "";

		if (u->privilege)
			snprintf(level, sizeof(level), "privilege %u ", u->privilege - 1u);
		snprintf(fix, sizeof(fix), "no username %s, username %s %ssecret SECRET", u->name, u->name, level);
	}
	check_secret(obj, &u->secret, fix, r);
	if (u->nopassword)
		report_object(r, REPORT_WARNING, obj, fix, "whoever says this name at `login local` is in.");
}

static void check_line(const struct cfg_users *u, const struct cfg_line *l, struct report *r)
{
	static const char *const kinds[] = { "con", "aux", "tty", "vty" };
	struct cfg_line now;
	char obj[CHECK_NAME_LEN];

	snprintf(obj, sizeof(obj), "line %s %u", kinds[l->kind % 4], (unsigned)l->first);
	if (l->last != l->first)
		snprintf(obj, sizeof(obj), "line %s %u %u", kinds[l->kind % 4], (unsigned)l->first, (unsigned)l->last);
	check_secret(obj, &l->password, "no password, login local", r);
	users_line(u, l->kind, l->first, &now);
	if (l->kind == LINE_VTY && now.login == LOGIN_PASSWORD && !now.password.set)
		report_object(r, REPORT_NOTE, obj, "login local",
			      "no password is set: users of the machine that are no `username` are not let in.");
	if (now.login == LOGIN_LOCAL && !u->list.n)
		report_object(r, REPORT_NOTE, obj, "username NAME secret SECRET",
			      "it asks for a username, and none is configured.");
}

void check_users(const struct config *c, struct report *r)
{
	if (c->users.enable)
		check_enable(c->users.enable, r);
	for (size_t i = 0; i < c->users.list.n; i++)
		check_user(c->users.list.v[i], r);
	for (size_t i = 0; i < c->users.lines.n; i++)
		check_line(&c->users, c->users.lines.v[i], r);
}
