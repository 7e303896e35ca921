/* SPDX-License-Identifier: Apache-2.0 */
/* show running-config in its forms. */
#include "control/running.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/cli.h"
#include "control/login.h"

/* ---- bodies ---- */

static void of_interface(const struct control *c, const char *name, struct txt *body)
{
	txt_str(body, "!\n");
	commands_render_interface(c->config, name, body);
	txt_str(body, "end\n");
}

static void of_lists(const struct control *c, struct txt *body)
{
	txt_str(body, "!\nConfiguration of Partition - access-list\n!\n!\n!\n!\n");
	commands_render_lists(c->config, body);
	txt_str(body, "!\n!\nend\n");
}

/* As IOS: what certificates consist of is left out, that they are there is not. */
static void without_certificates(const struct txt *all, struct txt *body)
{
	static const char chain[] = "crypto pki certificate chain ";
	bool inside = false;

	for (const char *p = txt_cstr(all); *p;) {
		size_t len = strcspn(p, "\n");

		if (*p != ' ')
			inside = !strncmp(p, chain, sizeof(chain) - 1);
		if (!inside || strncmp(p, "  ", 2) != 0)
			txt_printf(body, "%.*s\n", (int)len, p);
		p += len + (p[len] != 0);
	}
}

static void put_numbered(const char *text, struct txt *out)
{
	unsigned n = 0;

	for (const char *p = text; *p;) {
		size_t len = strcspn(p, "\n");

		txt_printf(out, " %u : %.*s\n", ++n, (int)len, p);
		p += len + (p[len] != 0);
	}
}

static void wipe(struct txt *t)
{
	if (t->s)
		explicit_bzero(t->s, t->cap);
	txt_fini(t);
}

/* What stands below the head, in the form that was asked for. */
static void say(const struct txt *body, const struct exec_args *a, struct txt *out)
{
	struct txt brief = TXT_INIT;
	const struct txt *said = body;

	if (a->detail) {
		without_certificates(body, &brief);
		said = &brief;
	}
	txt_printf(out, "Current configuration : %zu bytes\n", said->len);
	if (a->count)
		put_numbered(txt_cstr(said), out);
	else
		txt_mem(out, txt_cstr(said), said->len);
	txt_char(out, '\n');
	out->bad |= body->bad || brief.bad;
	wipe(&brief);
}

static const char building[] = "Building configuration...\n\n";

void running_show(struct control *c, enum running_form form, const struct exec_args *a, struct txt *out)
{
	struct txt body = TXT_INIT;

	if (form == RUNNING_ALL && !a->ifname[0]) {
		struct running *r = running_new(c, a, false);

		out->bad |= !r;
		while (r && running_some(r, out))
			;
		running_free(r);
		return;
	}
	if (form == RUNNING_LISTS)
		of_lists(c, &body);
	else
		of_interface(c, a->ifname, &body);
	txt_str(out, building);
	say(&body, a, out);
	wipe(&body);
}

/* ---- all of it, in pieces ---- */

#define MADE_PIECE 4096 /* bytes of the configuration in a turn */

struct running {
	struct control *c;
	struct exec_args args;
	struct cli_rendering *making;
	struct txt text; /* from `hostname` to `end`; then all that is said behind `Building` */
	size_t said;
	enum { SAYS_BUILDING, HASHES, MAKES, SAYS_TEXT } next;
	bool json;
	struct json j;
};

struct running *running_new(struct control *c, const struct exec_args *a, bool json)
{
	struct running *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->c = c;
	r->args = *a;
	r->json = json;
	r->making = cli_rendering_new(commands_grammar(), c->config, a->flag ? CLI_RENDER_DEFAULTS : 0, &r->text);
	if (r->making)
		return r;
	free(r);
	return NULL;
}

void running_free(struct running *r)
{
	if (!r)
		return;
	cli_rendering_free(r->making);
	wipe(&r->text);
	free(r);
}

/* As `show clock` says the time, but without its star and its milliseconds. */
static void put_change(const char *clock, struct txt *out)
{
	const char *at = clock + (*clock == '*');
	size_t sec = strcspn(at, ".");

	txt_printf(out, "! Last configuration change at %.*s%s\n!\n", (int)sec, at, at + sec + strcspn(at + sec, " "));
}

/* All lines are there. */
static void made(struct running *r)
{
	struct txt body = TXT_INIT, said = TXT_INIT;

	txt_str(&r->text, "end\n");
	txt_str(&body, "!\n");
	if (r->c->changed_at)
		put_change(r->c->changed_at, &body);
	commands_render_version(r->c->config, "15.9", txt_cstr(&r->text), &body);
	txt_mem(&body, txt_cstr(&r->text), r->text.len);
	body.bad |= r->text.bad;
	say(&body, &r->args, &said);
	wipe(&body);
	wipe(&r->text);
	r->text = said;
}

/* A piece as far as its last line goes. False: that was the last one. */
static bool say_text(struct running *r, struct txt *out)
{
	const char *at = txt_cstr(&r->text) + r->said;
	size_t left = r->text.len - r->said, n = left < SHOW_PIECE ? left : SHOW_PIECE;

	while (n < left && at[n - 1] != '\n')
		n++;
	txt_mem(out, at, n);
	out->bad |= r->text.bad;
	r->said += n;
	return n < left;
}

static bool make_or_say(struct running *r, struct txt *out)
{
	switch (r->next) {
	case SAYS_BUILDING:
		txt_str(out, building);
		r->next = HASHES;
		return true;
	case HASHES: /* each takes as long as a hash does */
		if (secrets_one(r->c))
			return true;
		secrets_follow(r->c);
		r->next = MAKES;
		return true;
	case MAKES:
		if (cli_rendering_some(r->making, MADE_PIECE))
			return true;
		made(r);
		r->next = SAYS_TEXT;
		return true;
	case SAYS_TEXT:
	default:
		return say_text(r, out);
	}
}

static void as_lines(struct json *j, const char *text)
{
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");

		json_strn(j, NULL, line, n);
		line += n + (line[n] != '\0');
	}
}

bool running_some(struct running *r, struct txt *out)
{
	bool begins = r->next == SAYS_BUILDING, more;
	struct txt piece = TXT_INIT;

	if (!r->json)
		return make_or_say(r, out);
	if (begins)
		r->j = json_of(out);
	r->j.out = out; /* of each piece another one */
	if (begins) {
		json_object(&r->j, NULL);
		json_array(&r->j, "lines");
	}
	more = make_or_say(r, &piece);
	as_lines(&r->j, txt_cstr(&piece));
	if (!more) {
		json_array_end(&r->j);
		json_object_end(&r->j);
	}
	out->bad |= piece.bad;
	wipe(&piece);
	return more;
}
