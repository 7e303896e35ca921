/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about configurations and files, and what they ask. */
#include "control/life.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/secret.h"
#include "commands/diff.h"
#include "control/dialog.h"
#include "control/flash.h"
#include "control/load.h"
#include "control/login.h"
#include "control/stream.h"
#include "host/log.h"
#include "host/os.h"

#define STARTUP "startup-config"
#define RUNNING "running-config"
#define ENTER_LINES "Enter configuration commands, one per line.  End with CNTL/Z.\n"

struct talk {
	struct dialog d;
	struct exec_args a;
	char from[256], to[256]; /* names as they were typed */
	struct reload_plan plan; /* of a reload that is to wait */
};

static void wipe_txt(struct txt *t)
{
	if (t->s)
		secret_wipe(t->s, t->cap);
	txt_fini(t);
}

/* ---- texts ---- */

void life_running(struct control *c, struct txt *out)
{
	secrets_follow(c);
	txt_str(out, "!\n");
	commands_render_file(c->config, "15.9", 0, out);
}

/* Which lines were wrong: to who has asked for it; else to the log, without what stands in them. */
static void say_report(const struct report *r, const char *name, struct txt *out)
{
	struct txt said = TXT_INIT;

	if (out) {
		report_print(r, name, out);
		return;
	}
	report_print_log(r, name, &said);
	log_report("SYS-4-CONFIG", txt_cstr(&said));
	txt_fini(&said);
}

/* What there is to say of the lines that run already. */
static void report_of_running(struct control *c, struct report *ret)
{
	struct config *same = NULL;
	struct txt text = TXT_INIT;

	life_running(c, &text);
	if (!text.bad)
		(void)config_load_text(txt_cstr(&text), text.len, &same, ret);
	config_free(same);
	wipe_txt(&text);
}

int life_put(struct control *c, const char *text, size_t len, const char *name, bool replace, struct txt *out)
{
	struct config *new = NULL;
	struct report r = { 0 }, before = { 0 };

	streams_finish(c);
	report_of_running(c, &before);
	int err = replace ? config_load_text(text, len, &new, &r) : config_load_onto(c->config, text, len, &r);

	report_forget(&r, &before);
	report_fini(&before);
	if (!err)
		say_report(&r, name, out);
	else if (out)
		txt_str(out, "% Low on memory; try again later\n");
	if (new) {
		config_free(c->config);
		c->config = new;
	}
	if (!err || !replace) { /* of what was put onto it a part stays there */
		files_changed(c);
		apply_all(c);
	}
	report_fini(&r);
	return err;
}

/* The text of what is copied or compared; wiped by the caller. 0, or -errno after a message. */
static int text_of(struct control *c, unsigned kind, const char *name, struct txt *ret, struct txt *out)
{
	const char *file = kind == EXEC_FILE_STARTUP ? STARTUP : name;
	char *text = NULL;
	size_t len = 0;
	int err;

	if (kind == EXEC_FILE_RUNNING || !strcmp(file, "system:running-config")) {
		life_running(c, ret);
		return ret->bad ? -ENOMEM : 0;
	}
	err = flash_read(c, file, &text, &len);
	if (err) {
		flash_error(out, file, err);
		return err;
	}
	txt_mem(ret, text, len);
	secret_wipe(text, len);
	free(text);
	return ret->bad ? -ENOMEM : 0;
}

/* Nothing would be lost if the router began anew. */
static bool is_saved(struct control *c)
{
	struct txt now = TXT_INIT;
	struct config *saved = NULL;
	struct report r = { 0 };
	char *text = NULL;
	size_t len = 0;
	bool there = flash_read(c, STARTUP, &text, &len) == 0, same;

	/* what was written has a version line, which the running one may have none of */
	life_running(c, &now);
	same = there && !now.bad && now.len == len && !memcmp(txt_cstr(&now), text, len);
	if (there && !same)
		same = config_load_text(text, len, &saved, &r) == 0 && config_equal(saved, c->config);
	wipe_txt(&now);
	report_fini(&r);
	config_free(saved);
	if (text)
		secret_wipe(text, len);
	free(text);
	return same;
}

/* ---- what asks ---- */

static void talk_free(struct dialog *d)
{
	secret_free((struct talk *)(void *)d, sizeof(struct talk));
}

static struct talk *talk_new(struct exec_io *io, const struct exec_args *a, bool *ret_error)
{
	struct talk *t = calloc(1, sizeof(*t));

	if (!t) {
		txt_str(io->out, "% Low on memory; try again later\n");
		*ret_error = true;
		return NULL;
	}
	t->d.free = talk_free;
	t->a = *a;
	snprintf(t->from, sizeof(t->from), "%s",
		 a->number == EXEC_FILE_RUNNING ? RUNNING : a->number == EXEC_FILE_STARTUP ? STARTUP : a->text);
	snprintf(t->to, sizeof(t->to), "%s",
		 a->number2 == EXEC_FILE_RUNNING ? RUNNING : a->number2 == EXEC_FILE_STARTUP ? STARTUP : a->name);
	return t;
}

/* An answer makes another command of what was typed: who may not type that one may not answer so either. */
static bool may(struct exec_io *io, const char *command, const char *from, const char *to, bool *ret_error)
{
	struct txt line = TXT_INIT;
	bool ok;

	txt_printf(&line, "%s %s %s", command, from, to);
	ok = !line.bad && cli_session_may(session_cli(io->s), io->c->config, txt_cstr(&line));
	txt_fini(&line);
	if (!ok) {
		txt_str(io->out, "% Your privilege level does not have that command\n");
		*ret_error = true;
	}
	return ok;
}

/* ---- copy, write ---- */

static int write_memory(struct exec_io *io)
{
	int err = files_save(io->c, io->out);

	if (!err)
		archive_written(io->c);
	return err;
}

static void copy(struct talk *t, struct exec_io *io, bool *ret_error)
{
	struct txt text = TXT_INIT;
	int err;

	if (t->a.number == EXEC_FILE_RUNNING && !strcmp(t->to, STARTUP)) {
		*ret_error = write_memory(io) != 0;
		return;
	}
	err = text_of(io->c, t->a.number, t->from, &text, io->out);
	if (!err && t->a.number2 == EXEC_FILE_RUNNING) {
		err = life_put(io->c, txt_cstr(&text), text.len, t->from, false, io->out);
	} else if (!err) {
		err = flash_write(io->c, t->to, txt_cstr(&text), text.len);
		if (err)
			flash_error(io->out, t->to, err);
	}
	if (!err)
		txt_printf(io->out, "%zu bytes copied\n[OK]\n", text.len);
	*ret_error = err != 0;
	wipe_txt(&text);
}

static void over_written(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	if (yes)
		copy((struct talk *)(void *)d, io, ret_error);
}

static void destination(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	bool named = t->a.number2 == EXEC_FILE_NAMED;
	size_t n = strnlen(text, sizeof(t->to) - 1);

	if (n && strcmp(text, t->to) != 0) {
		if (!may(io, "copy", t->from, text, ret_error))
			return;
		memcpy(t->to, text, n);
		t->to[n] = '\0';
		named = strcmp(text, STARTUP) != 0 && strcmp(text, RUNNING) != 0;
		t->a.number2 = !strcmp(text, RUNNING) ? EXEC_FILE_RUNNING : EXEC_FILE_NAMED;
	}
	if (named && flash_has(io->c, t->to))
		dialog_ask_confirm(d, "%Warning:There is a file already existing with this name\n"
				      "Do you want to over write? [confirm]", over_written);
	else
		copy(t, io, ret_error);
}

static void ask_destination(struct talk *t)
{
	char name[FLASH_NAME_MAX], ask[DIALOG_ASK_MAX];

	snprintf(ask, sizeof(ask), "Destination filename [%.200s]? ", flash_name(t->to, name) ? t->to : name);
	dialog_ask_text(&t->d, ask, destination);
}

/* The last copy stays, beside it: nobody asks for this in order to lose it. */
static void erased(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct control *c = io->c;
	char *text = NULL;
	size_t len = 0;
	int err;

	(void)d;
	if (!yes)
		return;
	err = flash_read(c, STARTUP, &text, &len);
	if (!err)
		err = flash_write(c, STARTUP ".erased", text, len);
	if (!err)
		err = file_remove(c->opt->config);
	if (text)
		secret_wipe(text, len);
	free(text);
	if (err && err != -ENOENT) {
		flash_error(io->out, STARTUP, err);
		*ret_error = true;
		return;
	}
	txt_str(io->out, "[OK]\nErase of nvram: complete\n");
	log_line("SYS-7-NV_BLOCK_INIT", "Initialized the geometry of nvram (what was there is flash:" STARTUP ".erased)");
}

static void deleted(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	int err = yes ? flash_remove(io->c, t->from) : 0;

	if (err)
		flash_error(io->out, t->from, err);
	*ret_error = err != 0;
}

static void which_deleted(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	char name[FLASH_NAME_MAX], ask[DIALOG_ASK_MAX];
	int err;

	if (*text && strcmp(text, t->from) != 0 && !may(io, "delete", "", text, ret_error))
		return;
	err = flash_name(*text ? text : t->from, name);
	if (err) {
		flash_error(io->out, *text ? text : t->from, err);
		*ret_error = true;
		return;
	}
	snprintf(t->from, sizeof(t->from), "%s", name);
	snprintf(ask, sizeof(ask), "Delete flash:/%s? [confirm]", name);
	dialog_ask_confirm(d, ask, deleted);
}

static void ask_delete(struct talk *t)
{
	char name[FLASH_NAME_MAX], ask[DIALOG_ASK_MAX];

	snprintf(ask, sizeof(ask), "Delete filename [%.200s]? ", flash_name(t->from, name) ? t->from : name);
	dialog_ask_text(&t->d, ask, which_deleted);
}

/* ---- replace ---- */

static void list_changes(struct exec_io *io, const struct txt *text)
{
	struct txt now = TXT_INIT, lines = TXT_INIT;

	life_running(io->c, &now);
	(void)config_diff(txt_cstr(&now), txt_cstr(text), DIFF_COMMANDS, &lines);
	txt_printf(io->out, "!Pass 1\n!List of Rollback Commands:\n%send\n\n", txt_cstr(&lines));
	wipe_txt(&now);
	wipe_txt(&lines);
}

static void replace(struct talk *t, struct exec_io *io, bool *ret_error)
{
	struct txt text = TXT_INIT;
	int err = text_of(io->c, EXEC_FILE_NAMED, t->from, &text, io->out);

	if (!err && t->a.number)
		err = revert_arm(io->c, t->a.number, false, io->out);
	if (!err && t->a.detail)
		list_changes(io, &text);
	if (!err) {
		err = life_put(io->c, txt_cstr(&text), text.len, t->from, true, io->out);
		if (err && t->a.number)
			revert_drop(io->c); /* nothing has changed that could be taken back */
	}
	if (!err)
		txt_str(io->out, "Total number of passes: 1\nRollback Done\n");
	*ret_error = err != 0;
	wipe_txt(&text);
}

/* Nobody is asked about a file that cannot be read. */
static bool is_there(struct exec_io *io, const char *name)
{
	struct txt text = TXT_INIT;
	int err = text_of(io->c, EXEC_FILE_NAMED, name, &text, io->out);

	wipe_txt(&text);
	return !err;
}

static void replaced(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	if (yes)
		replace((struct talk *)(void *)d, io, ret_error);
}

/* ---- reload ---- */

static void reload_confirmed(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	bool waits = t->plan.at_ms != 0;

	if (!yes)
		return;
	*ret_error = waits ? reload_schedule(io->c, &t->plan, io->out) != 0 : reload_now(io->c, io->out, "Reload Command") != 0;
	if (!waits && !*ret_error)
		txt_str(io->out, "[OK]\n");
}

static void ask_reload(struct talk *t, struct exec_io *io)
{
	if (t->plan.at_ms)
		reload_say(&t->plan, io->out);
	dialog_ask_confirm(&t->d, "Proceed with reload? [confirm]", reload_confirmed);
}

static void reload_saved(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	if (yes && write_memory(io)) {
		*ret_error = true;
		return;
	}
	ask_reload((struct talk *)(void *)d, io);
}

static void reload(struct talk *t, struct exec_io *io, unsigned action, bool *ret_error)
{
	if (action != EXEC_RELOAD && reload_plan(io, &t->a, action == EXEC_RELOAD_AT, &t->plan))
		*ret_error = true;
	else if (is_saved(io->c))
		ask_reload(t, io);
	else
		dialog_ask_yes(&t->d, "System configuration has been modified. Save? [yes/no]: ", false, reload_saved);
}

/* ---- show ---- */

/* Named or not: the running configuration is what is not. */
static void differences(struct exec_io *io, const struct exec_args *a, bool commands, bool *ret_error)
{
	struct txt one = TXT_INIT, two = TXT_INIT;
	struct control *c = io->c;
	bool alone = !a->text[0];
	int err = text_of(c, alone ? EXEC_FILE_STARTUP : EXEC_FILE_NAMED, a->text, &one, io->out);

	if (!err)
		err = text_of(c, a->name[0] ? EXEC_FILE_NAMED : EXEC_FILE_RUNNING, a->name, &two, io->out);
	if (!err) {
		txt_str(io->out, commands ? "!List of Commands:\n" : "!Contextual Config Diffs:\n");
		/* incremental: what the file has that the running configuration has not yet, or no more */
		size_t n = commands ? config_diff(txt_cstr(&two), txt_cstr(&one), DIFF_COMMANDS, io->out) :
				      config_diff(txt_cstr(&one), txt_cstr(&two), DIFF_CONTEXT, io->out);

		if (!n)
			txt_str(io->out, "!No changes were found\n");
	}
	*ret_error = err != 0;
	wipe_txt(&one);
	wipe_txt(&two);
}

static void more(struct exec_io *io, const char *name, bool *ret_error)
{
	struct txt text = TXT_INIT;

	*ret_error = text_of(io->c, EXEC_FILE_NAMED, name, &text, io->out) != 0;
	txt_mem(io->out, txt_cstr(&text), text.len);
	if (text.len && text.s[text.len - 1] != '\n')
		txt_char(io->out, '\n');
	wipe_txt(&text);
}

/* Files are only ever those of the folder beside the startup configuration. */
static bool is_remote(const char *name)
{
	static const char *const schemes[] = { "ftp:", "http:", "https:", "rcp:", "scp:", "sftp:", "tftp:" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (!strncmp(name, schemes[i], strlen(schemes[i])))
			return true;
	return false;
}

static void ask_copy(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const char *remote = is_remote(t->from) ? t->from : is_remote(t->to) ? t->to : NULL;

	if (!remote) {
		ask_destination(t);
		return;
	}
	txt_printf(io->out, "%%Error opening %s (there are no network file systems here: use ssh and scp)\n", remote);
	*ret_error = true;
}

/* ---- configure ---- */

static void configure_from(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	size_t n = strlen(text);

	if (!strncasecmp(text, "terminal", n)) { /* nothing at all, too */
		if (!may(io, "configure", "terminal", "", ret_error))
			return;
		txt_str(io->out, ENTER_LINES);
		cli_session_goto(session_cli(io->s), M_CONFIG);
	} else if (!strncasecmp(text, "memory", n)) {
		if (!may(io, "configure", "memory", "", ret_error))
			return;
		t->a.number = EXEC_FILE_STARTUP;
		t->a.number2 = EXEC_FILE_RUNNING;
		copy(t, io, ret_error);
	} else {
		txt_str(io->out, !strncasecmp(text, "network", n) ?
					 "% There are no network file systems here: copy the file by scp, then copy it to running-config\n" :
					 "?Must be \"terminal\", \"memory\" or \"network\"\n");
		*ret_error = true;
	}
}

/* ---- by number ---- */

static void ask(struct talk *t, struct exec_io *io, unsigned action, bool *ret_error)
{
	switch (action) {
	case EXEC_COPY:
		ask_copy(t, io, ret_error);
		break;
	case EXEC_CONFIGURE_FROM:
		if (t->a.flag || t->a.detail)
			configure_from(&t->d, io, t->a.flag ? "memory" : "network", ret_error);
		else
			dialog_ask_text(&t->d, "Configuring from terminal, memory, or network [terminal]? ", configure_from);
		break;
	case EXEC_WRITE_ERASE:
		dialog_ask_confirm(&t->d, "Erasing the nvram filesystem will remove all configuration files! Continue? [confirm]",
				   erased);
		break;
	case EXEC_DELETE:
		if (t->a.flag)
			deleted(&t->d, io, true, ret_error);
		else
			ask_delete(t);
		break;
	case EXEC_CONFIGURE_REPLACE:
		if (t->a.flag) {
			replace(t, io, ret_error);
			break;
		}
		if (!is_there(io, t->from)) {
			*ret_error = true;
			break;
		}
		txt_str(io->out, "This will apply all necessary additions and deletions\n"
				 "to replace the current running configuration with the\n"
				 "contents of the specified configuration file, which is\n"
				 "assumed to be a complete configuration, not a partial\n");
		dialog_ask_yes(&t->d, "configuration. Enter Y if you are sure you want to proceed. ? [no]: ", true, replaced);
		break;
	default:
		reload(t, io, action, ret_error);
		break;
	}
	if (t->d.kind != DIALOG_OVER)
		session_set_dialog(io->s, &t->d);
	else
		dialog_free(&t->d);
}

static void configure_reverting(struct exec_io *io, const struct exec_args *a, bool *ret_error)
{
	if (revert_arm(io->c, a->number ? a->number : a->number2, a->number == 0, io->out)) {
		*ret_error = true;
		return;
	}
	txt_str(io->out, ENTER_LINES);
	cli_session_goto(session_cli(io->s), M_CONFIG);
}

void life_cmd(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error)
{
	struct control *c = io->c;
	struct talk *t;
	int err = 0;

	switch (action) {
	case EXEC_WRITE_MEMORY:
		err = write_memory(io);
		break;
	case EXEC_COPY:
	case EXEC_CONFIGURE_FROM:
	case EXEC_WRITE_ERASE:
	case EXEC_DELETE:
	case EXEC_CONFIGURE_REPLACE:
	case EXEC_RELOAD:
	case EXEC_RELOAD_IN:
	case EXEC_RELOAD_AT:
		t = talk_new(io, a, ret_error);
		if (t)
			ask(t, io, action, ret_error);
		return;
	case EXEC_CONFIGURE_REVERTING:
		configure_reverting(io, a, ret_error);
		return;
	case EXEC_CONFIGURE_CONFIRM:
		err = revert_confirm(c, io->out);
		break;
	case EXEC_CONFIGURE_REVERT:
		err = a->flag ? revert_now(c, io->out) : revert_move(c, a->number, io->out);
		break;
	case EXEC_DIR:
		err = flash_dir(c, a->text, io->out);
		if (err)
			flash_error(io->out, a->text[0] ? a->text : "flash:", err);
		break;
	case EXEC_MORE:
		more(io, a->text, ret_error);
		return;
	case EXEC_RELOAD_CANCEL:
		reload_cancel(io);
		break;
	case EXEC_SHOW_RELOAD:
		reload_show(c, io->out);
		break;
	case EXEC_ARCHIVE_CONFIG:
		err = archive_save(c, io->out);
		break;
	case EXEC_SHOW_ARCHIVE:
		archive_show(c, io->out);
		break;
	case EXEC_SHOW_ARCHIVE_DIFF:
	case EXEC_SHOW_ARCHIVE_COMMANDS:
		differences(io, a, action == EXEC_SHOW_ARCHIVE_COMMANDS, ret_error);
		return;
	case EXEC_SHOW_ARCHIVE_TIMER:
		revert_show(c, io->out);
		break;
	default: /* EXEC_SHOW_ARCHIVE_LOG */
		archive_show_log(c, io->out);
		break;
	}
	*ret_error = err != 0;
}

void life_free(struct control *c)
{
	reload_free(c);
	revert_free(c);
	archive_free(c);
}
