/* SPDX-License-Identifier: Apache-2.0 */
/* `logging`, and the stamps and numbers of log lines. */
#include "commands/logging.h"

#include <errno.h>
#include <string.h>

#include "commands/prefix6.h"
#include "commands/rows.h"

#define IN_CONFIG CLI_IN(M_CONFIG)
#define LOGGING	  KW("logging", "Modify message logging facilities")
#define SERVICE	  KW("service", "Modify use of network based services")
#define AT_L(f)	  struct config, logging.f

static struct cfg_logging *logging_of(const struct cli_call *c)
{
	return &((struct config *)c->root)->logging;
}

/* ---- levels ---- */

/* Plus one, so that "not said" differs from level 0. */
static const struct cli_name level_names[] = {
	{ "emergencies", "System is unusable                (severity=0)", LOG_SEV_EMERGENCY + 1 },
	{ "alerts", "Immediate action needed           (severity=1)", LOG_SEV_ALERT + 1 },
	{ "critical", "Critical conditions               (severity=2)", LOG_SEV_CRITICAL + 1 },
	{ "errors", "Error conditions                  (severity=3)", LOG_SEV_ERROR + 1 },
	{ "warnings", "Warning conditions                (severity=4)", LOG_SEV_WARNING + 1 },
	{ "notifications", "Normal but significant conditions (severity=5)", LOG_SEV_NOTICE + 1 },
	{ "informational", "Informational messages            (severity=6)", LOG_SEV_INFO + 1 },
	{ "debugging", "Debugging messages                (severity=7)", LOG_SEV_DEBUG + 1 },
	{ NULL, NULL, 0 },
};

const char *logging_level_name(uint8_t severity)
{
	return level_names[severity < LOG_SEV_DEBUG ? severity : LOG_SEV_DEBUG].word;
}

struct level_args {
	uint8_t level; /* plus one */
	uint32_t bytes;
};

/* Names first: they are what is printed. */
#define LEVEL(t, f)                                                                     \
	ALT, NAMES(level_names, t, f), OR,                                              \
		{ .kind = CLI_ARG, .type = &arg_plus1, .lo = 0, .hi = 7,                 \
		  .help = "Logging severity level", .flags = CLI_ALIAS, CLI_AT(t, f) }, CLOSE

static const struct cfg_logging *const untouched = &config_defaults.logging;

static int dest_set(const struct cli_call *c, struct cfg_log_dest *d, const struct cfg_log_dest *dflt)
{
	const struct level_args *a = c->args;

	*d = *dflt;
	if (c->op == CLI_NO)
		d->on = false;
	else if (c->op == CLI_SET && a->level)
		d->level = (uint8_t)(a->level - 1);
	return 0;
}

static bool dest_each(const struct cfg_log_dest *d, const struct cfg_log_dest *dflt, struct cli_walk *w,
		      struct level_args *a)
{
	if (w->i++ || !d->on || d->level == dflt->level)
		return false;
	a->level = (uint8_t)(d->level + 1);
	return true;
}

/* The line with a level, and before it the one without, whose `no` form is the one that is taken and printed. */
#define DEST(name_)                                                                          \
	static int name_##_level(struct cli_call *c)                                         \
	{                                                                                    \
		return dest_set(c, &logging_of(c)->name_, &untouched->name_);                \
	}                                                                                    \
	static bool name_##_each(const void *root, const void *obj, struct cli_walk *w,      \
				 void *args, const void **ret_obj)                           \
	{                                                                                    \
		(void)obj;                                                                   \
		(void)ret_obj;                                                               \
		return dest_each(&((const struct config *)root)->logging.name_,              \
				 &untouched->name_, w, args);                                \
	}                                                                                    \
	static int name_##_apply(struct cli_call *c)                                         \
	{                                                                                    \
		logging_of(c)->name_.level = untouched->name_.level;                         \
		return 0;                                                                    \
	}

DEST(console)
DEST(monitor)
DEST(trap)

#define DEST_ROWS(name_, help_)                                                              \
	{ .modes = IN_CONFIG, .flags = ROW_SWITCH, .apply = name_##_apply,                   \
	  .toks = TOKS(LOGGING, KWV(#name_, help_, AT_L(name_.on), 1)) },                    \
	{                                                                                    \
		.modes = IN_CONFIG, .args_size = sizeof(struct level_args), .apply = name_##_level, \
		.each = name_##_each, .toks = TOKS(LOGGING, KW(#name_, help_), LEVEL(struct level_args, level)) \
	}

/* ---- the buffer ---- */

static int buffered_level(struct cli_call *c)
{
	const struct level_args *a = c->args;
	struct cfg_logging *l = logging_of(c);

	l->buffer_bytes = c->op == CLI_SET && a->bytes ? a->bytes : untouched->buffer_bytes;
	return dest_set(c, &l->buffered, &untouched->buffered);
}

static bool buffered_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			  const void **ret_obj)
{
	const struct cfg_logging *l = &((const struct config *)root)->logging;
	struct level_args *a = args;

	(void)obj;
	(void)ret_obj;
	if (w->i++ || !l->buffered.on)
		return false;
	if (l->buffer_bytes != untouched->buffer_bytes)
		a->bytes = l->buffer_bytes;
	if (l->buffered.level != untouched->buffered.level)
		a->level = (uint8_t)(l->buffered.level + 1);
	return a->bytes || a->level;
}

static int buffered_apply(struct cli_call *c)
{
	struct cfg_logging *l = logging_of(c);

	l->buffered.level = untouched->buffered.level;
	l->buffer_bytes = untouched->buffer_bytes;
	return 0;
}

/* 0 is "not said". */
static bool size_present(const struct cli_tok *t, const void *src)
{
	uint32_t v;

	(void)t;
	memcpy(&v, src, sizeof(v));
	return v != 0;
}

static int size_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	return cli_num.parse(t, word, dst, ret_bad);
}

static void size_print(const struct cli_tok *t, const void *src, struct txt *out)
{
	cli_num.print(t, src, out);
}

static const struct cli_type arg_size = { .rank = 2, .parse = size_parse, .print = size_print,
					  .present = size_present };

/* ---- stamps ---- */

#define STAMP(name_, field_)                                                                 \
	static int name_##_set(struct cli_call *c)                                           \
	{                                                                                    \
		struct cfg_stamp *s = &logging_of(c)->field_;                                \
                                                                                             \
		*s = c->op == CLI_SET ? *(const struct cfg_stamp *)c->args : untouched->field_; \
		s->on = c->op != CLI_NO;                                                     \
		s->given = c->op == CLI_SET;                                                 \
		return 0;                                                                    \
	}                                                                                    \
	static bool name_##_each(const void *root, const void *obj, struct cli_walk *w,      \
				 void *args, const void **ret_obj)                           \
	{                                                                                    \
		(void)obj;                                                                   \
		(void)ret_obj;                                                               \
		*(struct cfg_stamp *)args = ((const struct config *)root)->logging.field_;   \
		return !w->i++ && ((struct cfg_stamp *)args)->given;                         \
	}                                                                                    \
	static int name_##_plain(struct cli_call *c)                                         \
	{                                                                                    \
		struct cfg_stamp *s = &logging_of(c)->field_;                                \
                                                                                             \
		*s = c->op == CLI_SET ? (struct cfg_stamp){ .uptime = true } : untouched->field_; \
		s->on = c->op != CLI_NO;                                                     \
		s->given = c->op == CLI_SET;                                                 \
		return 0;                                                                    \
	}

STAMP(log, stamp)
STAMP(debug, debug_stamp)

/* Alone it is about debug messages, and its `no` about both kinds. */
static int stamps_apply(struct cli_call *c)
{
	return debug_plain(c) ? -EINVAL : c->op == CLI_SET ? 0 : log_plain(c);
}

#define AT_S(f)	   struct cfg_stamp, f
#define TIMESTAMPS SERVICE, KW("timestamps", "Timestamp debug/log messages")
#define STAMP_ROWS(name_, help_, field_, flags_)                                             \
	{ .modes = IN_CONFIG, .flags = (flags_), .args_size = sizeof(struct cfg_stamp), .apply = name_##_set,   \
	  .each = name_##_each,                                                              \
	  .toks = TOKS(TIMESTAMPS, KW(#name_, help_), ALT,                                   \
		       KWV("uptime", "Timestamp with system uptime", AT_S(uptime), 1), OR,   \
		       KWV("datetime", "Timestamp with date and time", AT_S(uptime), 0), ANY, \
		       KWV("msec", "Include milliseconds in timestamp", AT_S(msec), 1), OR,  \
		       KWV("localtime", "Use local time zone for timestamps", AT_S(localtime), 1), OR, \
		       KWV("show-timezone", "Add time zone information to timestamp", AT_S(zone), 1), OR, \
		       KWV("year", "Include year in timestamp", AT_S(year), 1), CLOSE, CLOSE) }, \
	{                                                                                    \
		.modes = IN_CONFIG, .flags = ROW_SWITCH, .apply = name_##_plain,             \
		.toks = TOKS(TIMESTAMPS, KWVF(#name_, help_, AT_L(field_.on), 1,             \
					      .print = #name_ " uptime"))                    \
	}

const struct cli_row rows_service[] = {
	STAMP_ROWS(debug, "Timestamp debug messages", debug_stamp, ROW_JOINS),
	STAMP_ROWS(log, "Timestamp log messages", stamp, 0),
	{ .modes = IN_CONFIG, .flags = ROW_ALIAS, .args_size = sizeof(struct cfg_stamp), .apply = stamps_apply,
	  .toks = TOKS(TIMESTAMPS) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(SERVICE, KWV("sequence-numbers", "Stamp logger messages with a sequence number",
				    AT_L(sequence), 1)) },
	{ .toks = NULL },
};

/* ---- hosts ---- */

struct host_args {
	struct ipaddr addr;
	uint16_t port; /* 0: not said */
	bool udp;
};

static int host_apply(struct cli_call *c)
{
	const struct host_args *a = c->args;
	struct cfg_logging *l = logging_of(c);
	uint16_t port = a->port || c->op != CLI_SET ? a->port : CFG_SYSLOG_PORT;
	size_t at;

	if (c->op != CLI_SET) { /* without a port: all of that host */
		while ((at = cfg_log_host_find(l, &a->addr, port)) < l->n_hosts) {
			l->n_hosts--;
			memmove(&l->hosts[at], &l->hosts[at + 1], (l->n_hosts - at) * sizeof(l->hosts[0]));
			memset(&l->hosts[l->n_hosts], 0, sizeof(l->hosts[0]));
		}
		return 0;
	}
	if (cfg_log_host_find(l, &a->addr, port) < l->n_hosts)
		return 0;
	if (l->n_hosts == CFG_MAX_LOG_HOSTS) {
		txt_printf(c->out, "%% Only %u logging hosts allowed\n", (unsigned)CFG_MAX_LOG_HOSTS);
		return -EINVAL;
	}
	l->hosts[l->n_hosts++] = (struct cfg_log_host){ a->addr, port };
	return 0;
}

static bool host_next(const void *root, struct cli_walk *w, struct host_args *a, enum ip_family family)
{
	const struct cfg_logging *l = &((const struct config *)root)->logging;

	while (w->i < l->n_hosts && l->hosts[w->i].addr.family != family)
		w->i++;
	if (w->i >= l->n_hosts)
		return false;
	a->addr = l->hosts[w->i].addr;
	a->udp = l->hosts[w->i].port != CFG_SYSLOG_PORT;
	a->port = a->udp ? l->hosts[w->i].port : 0;
	w->i++;
	return true;
}

static bool host_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	(void)obj;
	(void)ret_obj;
	return host_next(root, w, args, IP_V4);
}

static bool host6_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		       const void **ret_obj)
{
	(void)obj;
	(void)ret_obj;
	return host_next(root, w, args, IP_V6);
}

#define HOST_HELP "IP address of the syslog server"
#define TRANSPORT                                                                            \
	OPT, KW("transport", "Specify the transport protocol (default=UDP)"),                \
		KWV("udp", "User Datagram Protocol", struct host_args, udp, 1), OPT,         \
		KW("port", "Specify the UDP port number (default=514)"),                     \
		NUM(1, 65535, "Port number", struct host_args, port), CLOSE, CLOSE

/* ---- the rest ---- */

#define SYS(n) { "sys" #n, "System use", 32 + (n) }
#define LOCAL(n) { "local" #n, "Local use", 16 + (n) }
/* cron and sys9 are one number on the wire. */
static const struct cli_name facility_names[] = {
	{ "kern", "Kernel", 0 }, { "user", "User process", 1 }, { "mail", "Mail system", 2 },
	{ "daemon", "System daemons", 3 }, { "auth", "Authorization system", 4 },
	{ "syslog", "Syslog itself", 5 }, { "lpr", "Line printer system", 6 },
	{ "news", "USENET news", 7 }, { "uucp", "Unix-to-Unix copy system", 8 },
	{ "cron", "Cron/at facility", 9 }, SYS(9), SYS(10), SYS(11), SYS(12), SYS(13), SYS(14),
	LOCAL(0), LOCAL(1), LOCAL(2), LOCAL(3), LOCAL(4), LOCAL(5), LOCAL(6), LOCAL(7),
	{ NULL, NULL, 0 },
};

/* Lines of IOS that this router keeps. */
static const struct cli_name kept_names[] = {
	{ "alarm", "Configure syslog for alarms", 0 },
	{ "buginf", "Enable buginf logging for debugging", 0 },
	{ "cns-events", "Set CNS Event logging level", 0 },
	{ "delimiter", "Append delimiter to syslog messages", 0 },
	{ "discriminator", "Create or modify a message discriminator", 0 },
	{ "dmvpn", "DMVPN Configuration", 0 },
	{ "esm", "Set ESM filter restrictions", 0 },
	{ "event", "Global interface events", 0 },
	{ "exception", "Limit size of exception flush output", 0 },
	{ "filter", "Specify logging filter", 0 },
	{ "history", "Configure syslog history table", 0 },
	{ "ip", "IP configuration", 0 },
	{ "linecard", "Set logging level for linecard messages", 0 },
	{ "message-counter", "Configure log message to include certain counter value", 0 },
	{ "persistent", "Set persistent logging parameters", 0 },
	{ "queue-limit", "Set logger message queue size", 0 },
	{ "reload", "Set reload logging level", 0 },
	{ "server-arp", "Enable sending ARP requests for syslog servers when first configured", 0 },
	{ "smartlog", "Smartlog Global Configuration Commands", 0 },
	{ "snmp-authfail", "Log SNMP authentication failures", 0 },
	{ "snmp-trap", "Set syslog level for sending snmp trap", 0 },
	{ "userinfo", "Enable logging of user info on privileged mode enabling", 0 },
	{ NULL, NULL, 0 },
};
static const struct cli_name kept_dest_names[] = {
	{ "discriminator", "Establish MD association", 0 },
	{ "filtered", "Enable filtered logging", 0 },
	{ "guaranteed", "Guarantee console messages", 0 },
	{ "xml", "Enable logging in XML", 0 },
	{ NULL, NULL, 0 },
};

const struct cli_row rows_logging[] = {
	{ .modes = IN_CONFIG, .flags = ROW_SWITCH,
	  .toks = TOKS(LOGGING, KWV("on", "Enable logging to all enabled destinations", AT_L(on), 1)) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(LOGGING, KWV("count", "Count every log message and timestamp last occurrence",
				    AT_L(count), 1)) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(LOGGING, KW("rate-limit", "Set messages per second limit"), OPT,
		       KWV("console", "Rate limit only console messages", AT_L(rate_console), 1), CLOSE, OPT,
		       KWV("all", "Rate limit all messages including debugging", AT_L(rate_all), 1), CLOSE,
		       NUM(1, 10000, "Messages per second", AT_L(rate)), OPT,
		       KW("except", "Messages of this severity or higher"),
		       LEVEL(struct config, logging.rate_except), CLOSE) },
	{ .modes = IN_CONFIG, .flags = ROW_SWITCH, .apply = buffered_apply,
	  .toks = TOKS(LOGGING, KWV("buffered", "Set buffered logging parameters", AT_L(buffered.on), 1)) },
	{ .modes = IN_CONFIG, .args_size = sizeof(struct level_args), .apply = buffered_level,
	  .each = buffered_each,
	  .toks = TOKS(LOGGING, KW("buffered", "Set buffered logging parameters"), ALT,
		       { .kind = CLI_ARG, .type = &arg_size, .lo = 4096, .hi = 2147483647,
			 .help = "Logging buffer size", CLI_AT(struct level_args, bytes) },
		       OPT, LEVEL(struct level_args, level), CLOSE, OR, LEVEL(struct level_args, level),
		       CLOSE) },
	DEST_ROWS(console, "Set console logging parameters"),
	DEST_ROWS(monitor, "Set terminal line (monitor) logging parameters"),
	KEPT(IN_CONFIG, 0, LOGGING, KW("buffered", "Set buffered logging parameters"),
	     { .kind = CLI_NAMES, .names = kept_dest_names }, REST),
	KEPT(IN_CONFIG, 0, LOGGING, KW("console", "Set console logging parameters"),
	     { .kind = CLI_NAMES, .names = kept_dest_names }, REST),
	KEPT(IN_CONFIG, 0, LOGGING, KW("monitor", "Set terminal line (monitor) logging parameters"),
	     { .kind = CLI_NAMES, .names = kept_dest_names }, REST),
	KEPT(IN_CONFIG, ROW_KEEP_MANY, LOGGING, { .kind = CLI_NAMES, .names = kept_names }, REST),
	{ .toks = NULL },
};

/* IOS prints where syslog goes behind routes and lists' names. */
const struct cli_row rows_syslog[] = {
	DEST_ROWS(trap, "Set syslog server logging level"),
	{ .modes = IN_CONFIG,
	  .toks = TOKS(LOGGING, KW("origin-id", "Add origin ID to syslog messages"), ALT,
		       KWV("hostname", "Use origin hostname as ID", AT_L(origin), ORIGIN_HOSTNAME), OR,
		       KWV("ip", "Use origin IP address as ID", AT_L(origin), ORIGIN_IP), OR,
		       KWV("ipv6", "Use origin IPv6 address as ID", AT_L(origin), ORIGIN_IPV6), OR,
		       KWV("string", "Define a unique text string as ID", AT_L(origin), ORIGIN_STRING),
		       LINE("String for origin ID", AT_L(origin_text)), CLOSE) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(LOGGING, KW("facility", "Facility parameter for syslog messages"),
		       NAMES(facility_names, AT_L(facility))) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(LOGGING, KW("source-interface", "Specify interface for source address in logging transactions"),
		       ARG(arg_ifname, "Interface", AT_L(source))) },
	{ .modes = IN_CONFIG, .args_size = sizeof(struct host_args), .apply = host_apply, .each = host_each,
	  .toks = TOKS(LOGGING, KW("host", "Set syslog server IP address and parameters"),
		       ADDR(HOST_HELP, struct host_args, addr), TRANSPORT) },
	{ .modes = IN_CONFIG, .args_size = sizeof(struct host_args), .apply = host_apply, .each = host6_each,
	  .toks = TOKS(LOGGING, KW("host", "Set syslog server IP address and parameters"),
		       KW("ipv6", "Set IPv6 syslog server"), ADDR6(HOST_HELP, struct host_args, addr),
		       TRANSPORT) },
	{ .modes = IN_CONFIG, .flags = ROW_ALIAS, .args_size = sizeof(struct host_args), .apply = host_apply,
	  .toks = TOKS(LOGGING, ADDR(HOST_HELP, struct host_args, addr), TRANSPORT) },
	{ .toks = NULL },
};
