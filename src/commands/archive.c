/* SPDX-License-Identifier: Apache-2.0 */
/* `archive`: copies of the configuration, and a log of who typed what. */
#include "commands/rows.h"

#define IN_ARCHIVE CLI_IN(M_ARCHIVE)
#define IN_LOG	   CLI_IN(M_ARCHIVE_LOG)
#define AT_A(f)	   struct cfg_archive, f
#define AT_L(f)	   struct cfg_archive_log, f

struct no_args {
	uint8_t none;
};

static bool log_is_plain(const struct cfg_archive_log *l)
{
	const struct cfg_archive_log *d = &cfg_archive_defaults.log;

	return l->logging == d->logging && l->size == d->size && l->notify == d->notify && l->hidekeys == d->hidekeys &&
	       !l->kept.n;
}

static bool is_plain(const struct cfg_archive *a)
{
	return !a->path[0] && a->maximum == cfg_archive_defaults.maximum && !a->minutes && !a->write_memory &&
	       log_is_plain(&a->log) && !a->kept.n;
}

static void log_reset(struct cfg_archive_log *l)
{
	kept_fini(&l->kept);
	*l = cfg_archive_defaults.log;
}

static int archive_apply(struct cli_call *c)
{
	struct cfg_archive *a = &((struct config *)c->root)->archive;

	if (c->op == CLI_SET)
		return 0;
	log_reset(&a->log);
	kept_fini(&a->kept);
	*a = cfg_archive_defaults;
	return 0;
}

static void *archive_find(void *root, void *obj, const void *args)
{
	(void)obj;
	(void)args;
	return &((struct config *)root)->archive;
}

static bool archive_each(const void *root, const void *obj, struct cli_walk *w, void *args, const void **ret_obj)
{
	const struct cfg_archive *a = &((const struct config *)root)->archive;

	(void)obj;
	(void)args;
	*ret_obj = a;
	return !w->i++ && !is_plain(a);
}

static int log_apply(struct cli_call *c)
{
	if (c->op != CLI_SET)
		log_reset(&((struct cfg_archive *)c->obj)->log);
	return 0;
}

static void *log_find(void *root, void *obj, const void *args)
{
	(void)root;
	(void)args;
	return &((struct cfg_archive *)obj)->log;
}

static bool log_each(const void *root, const void *obj, struct cli_walk *w, void *args, const void **ret_obj)
{
	const struct cfg_archive *a = obj;

	(void)root;
	(void)args;
	*ret_obj = &a->log;
	return !w->i++ && !log_is_plain(&a->log);
}

const struct cli_row rows_archive[] = {
	{ .modes = CLI_IN(M_CONFIG), .enters = M_ARCHIVE, .args_size = sizeof(struct no_args), .apply = archive_apply,
	  .find = archive_find, .each = archive_each, .toks = TOKS(KW("archive", "Archive the configuration")) },
	{ .modes = IN_ARCHIVE, .enters = M_ARCHIVE_LOG, .args_size = sizeof(struct no_args), .apply = log_apply,
	  .find = log_find, .each = log_each,
	  .toks = TOKS(KW("log", "Logging commands"), KW("config", "Config logger commands")) },
	{ .modes = IN_LOG, .toks = TOKS(KW("logging", "Modify config logging parameters"),
					KWV("enable", "Enable the config logger", AT_L(logging), 1)) },
	{ .modes = IN_LOG, .toks = TOKS(KW("logging", "Modify config logging parameters"),
					KW("size", "Set the max size of the config log"),
					NUM(1, 1000, "The number of entries", AT_L(size))) },
	{ .modes = IN_LOG, .toks = TOKS(KW("notify", "Send logged commands to target"),
					KWV("syslog", "Send logged commands to syslog", AT_L(notify), 1), OPT,
					KWF("contenttype", "Message content type", .flags = CLI_ALIAS),
					KW("plaintext", "Send in plaintext format"), CLOSE) },
	{ .modes = IN_LOG, .toks = TOKS(KWV("hidekeys", "suppress output (e.g. passwords) when displaying logged commands",
					    AT_L(hidekeys), 1)) },
	KEPT(IN_LOG, ROW_KEEP_MANY, KW("record", "Record the RCs"), REST),
	{ .modes = IN_ARCHIVE, .toks = TOKS(KW("path", "path for backups"), WORD("Name of the copies in flash:", AT_A(path))) },
	{ .modes = IN_ARCHIVE, .toks = TOKS(KW("maximum", "maximum number of backup copies"),
					    NUM(1, 14, "maximum number of archived configuration files", AT_A(maximum))) },
	{ .modes = IN_ARCHIVE, .toks = TOKS(KWV("write-memory", "Enable automatic backup generation during write memory",
						AT_A(write_memory), 1)) },
	{ .modes = IN_ARCHIVE, .toks = TOKS(KW("time-period", "Period of time in minutes to automatically archive the running-config"),
					    NUM(1, 525600, "Number of minutes to wait between archive creation",
						AT_A(minutes))) },
	{ .toks = NULL },
};
