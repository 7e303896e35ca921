/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "control/flash.h"
#include "control/life.h"
#include "host/log.h"
#include "host/os.h"

#define COPIES_MAX 256 /* that are looked at: more than any `maximum` leaves */

struct archive {
	uint64_t saved_ms; /* the last one without being asked, or the start */
	struct typed {
		unsigned index, session;
		char *line;
	} *typed; /* a ring of n lines of cap; first is the oldest */
	size_t n, cap, first;
	unsigned next; /* index */
};

static struct archive *of(struct control *c)
{
	if (!c->archive) {
		c->archive = calloc(1, sizeof(*c->archive));
		if (c->archive)
			c->archive->saved_ms = host_now_ms(NULL);
	}
	return c->archive;
}

static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

/* The numbers of the copies that are there, rising. */
static size_t copies(const struct control *c, unsigned v[COPIES_MAX])
{
	char name[FLASH_NAME_MAX], path[PATH_MAX], *slash;
	struct dirent *e;
	size_t n = 0, len;
	DIR *d;

	if (flash_name(c->config->archive.path, name) || flash_path(c, name, path, sizeof(path)) ||
	    !(slash = strrchr(path, '/')))
		return 0;
	slash[1] = '\0';
	len = strlen(name);
	d = opendir(path);
	while (d && n < COPIES_MAX && (e = readdir(d))) {
		const char *s = e->d_name + len;
		char *end;

		if (strncmp(e->d_name, name, len) != 0 || s[0] != '-' || !isdigit((unsigned char)s[1]))
			continue;
		unsigned long number = strtoul(s + 1, &end, 10);

		if (!*end && number && number < UINT_MAX)
			v[n++] = (unsigned)number;
	}
	if (d)
		closedir(d);
	qsort(v, n, sizeof(v[0]), by_number);
	return n;
}

static void name_of(const struct control *c, unsigned number, char name[FLASH_NAME_MAX + 16])
{
	char plain[FLASH_NAME_MAX];

	if (flash_name(c->config->archive.path, plain))
		plain[0] = '\0';
	snprintf(name, FLASH_NAME_MAX + 16, "%s-%u", plain, number);
}

/* Where the copies go. 0 or -errno, after a message: tftp: and the like are IOS's, too, and nothing is kept there. */
static int check_path(const struct control *c, struct txt *out)
{
	char name[FLASH_NAME_MAX];
	int err;

	if (!c->config->archive.path[0]) {
		txt_str(out, "% Archive configuration not set: archive, path flash:NAME\n");
		return -ENOENT;
	}
	err = flash_name(c->config->archive.path, name);
	if (err)
		flash_error(out, c->config->archive.path, err);
	return err;
}

int archive_save(struct control *c, struct txt *out)
{
	unsigned v[COPIES_MAX];
	char name[FLASH_NAME_MAX + 16];
	struct txt body = TXT_INIT;
	size_t n;
	int err = check_path(c, out);

	if (err)
		return err;
	n = copies(c, v);
	name_of(c, n ? v[n - 1] + 1 : 1, name);
	life_running(c, &body);
	err = body.bad ? -ENOMEM : flash_write(c, name, body.s, body.len);
	if (body.s)
		secret_wipe(body.s, body.cap);
	txt_fini(&body);
	if (err) {
		flash_error(out, name, err);
		return err;
	}
	/* with the new one there are n + 1 */
	for (size_t i = 0; i + c->config->archive.maximum < n + 1; i++) {
		name_of(c, v[i], name);
		(void)flash_remove(c, name);
	}
	return 0;
}

static void save_quietly(struct control *c)
{
	struct txt out = TXT_INIT;

	if (archive_save(c, &out))
		log_line("ARCHIVE-3-COPY", "no copy of the configuration was made: %s", txt_cstr(&out));
	txt_fini(&out);
}

void archive_tick(struct control *c)
{
	uint64_t now = host_now_ms(NULL);
	struct archive *a = c->config->archive.minutes && c->config->archive.path[0] ? of(c) : NULL;

	if (!a || now < a->saved_ms + (uint64_t)c->config->archive.minutes * 60000)
		return;
	a->saved_ms = now;
	save_quietly(c);
}

void archive_written(struct control *c)
{
	if (c->config->archive.write_memory && c->config->archive.path[0])
		save_quietly(c);
}

void archive_show(struct control *c, struct txt *out)
{
	unsigned v[COPIES_MAX], maximum = c->config->archive.maximum;
	char name[FLASH_NAME_MAX + 16];
	size_t n = c->config->archive.path[0] ? copies(c, v) : 0;

	if (!c->config->archive.path[0]) {
		txt_str(out, "Archive feature not enabled\n");
		return;
	}
	if (check_path(c, out))
		return;
	name_of(c, n ? v[n - 1] + 1 : 1, name);
	txt_printf(out, "The maximum archive configurations allowed is %u.\n"
			"The next archive file will be named flash:%s\n"
			" Archive #  Name\n", maximum, name);
	for (size_t i = 0; i < n || i < maximum; i++) {
		if (i < n)
			name_of(c, v[i], name);
		txt_printf(out, "   %-9zu%s%s%s\n", i + 1, i < n ? "flash:" : "", i < n ? name : "",
			   n && i + 1 == n ? " <- Most Recent" : "");
	}
}

/* ---- what was typed ---- */

static void forget(struct archive *a)
{
	struct typed *t = &a->typed[a->first];

	secret_wipe(t->line, strlen(t->line));
	free(t->line);
	a->first = (a->first + 1) % a->cap;
	a->n--;
}

/* The ring in another size, with the newest lines in it. */
static bool resize(struct archive *a, size_t cap)
{
	struct typed *v;

	if (a->cap == cap)
		return true;
	v = calloc(cap, sizeof(*v));
	if (!v)
		return false;
	while (a->n > cap)
		forget(a);
	for (size_t i = 0; i < a->n; i++)
		v[i] = a->typed[(a->first + i) % a->cap];
	free(a->typed);
	a->typed = v;
	a->cap = cap;
	a->first = 0;
	return true;
}

void archive_typed(struct control *c, unsigned session, const char *line)
{
	const struct cfg_archive_log *l = &c->config->archive.log;
	struct archive *a = l->logging ? of(c) : NULL;
	char *copy;

	if (!a || !resize(a, l->size) || !(copy = strdup(line)))
		return;
	if (a->n == a->cap)
		forget(a);
	a->typed[(a->first + a->n++) % a->cap] = (struct typed){ ++a->next, session, copy };
	if (l->notify)
		log_line("PARSER-5-CFGLOG_LOGGEDCMD", "User:console  logged command:%s", line + strspn(line, " "));
}

void archive_forget_typed(struct control *c)
{
	while (c->archive && c->archive->n)
		forget(c->archive);
}

void archive_show_log(const struct control *c, struct txt *out)
{
	const struct archive *a = c->archive;

	txt_str(out, " idx   sess           user@line      Logged command\n");
	for (size_t i = 0; a && i < a->n; i++) {
		const struct typed *t = &a->typed[(a->first + i) % a->cap];

		txt_printf(out, "%5u %5u        console@vty%-5u |%s\n", t->index, t->session, t->session, t->line);
	}
}

void archive_free(struct control *c)
{
	struct archive *a = c->archive;

	if (!a)
		return;
	while (a->n)
		forget(a);
	free(a->typed);
	free(a);
	c->archive = NULL;
}
