/* SPDX-License-Identifier: Apache-2.0 */
/* `line con 0`, `line vty 0 4` and what is said in them. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "commands/users.h"

#define IN_CONFIG CLI_IN(M_CONFIG)
#define IN_LINE	  CLI_IN(M_LINE)
#define AT_L(f)	  struct cfg_line, f

/* ---- the line ---- */

#define TTY_MAX 1869

struct line_args {
	uint8_t kind;
	uint16_t first;
	uint16_t last; /* plus one; 0: the first alone */
};

static uint16_t last_of(const struct line_args *a)
{
	return a->last ? (uint16_t)(a->last - 1) : a->first;
}

static struct cfg_line *line_at(const struct config *c, const struct line_args *a)
{
	return users_find_line(&c->users, a->kind, a->first, last_of(a));
}

static int line_apply(struct cli_call *c)
{
	struct cfg_users *u = &((struct config *)c->root)->users;
	const struct line_args *a = c->args;
	struct cfg_line *l = line_at(c->root, a);

	if (c->op != CLI_SET) {
		if (l)
			users_del_line(u, l);
		return 0;
	}
	if (last_of(a) < a->first)
		return -EDOM;
	if (!l && u->lines.n == CFG_MAX_LINES) {
		txt_printf(c->out, "%% At most %d ranges of lines.\n", CFG_MAX_LINES);
		return -EEXIST;
	}
	return users_add_line(u, a->kind, a->first, last_of(a)) ? 0 : -ENOMEM;
}

static void *line_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return line_at(root, args);
}

static bool line_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct cfg_users *u = &((const struct config *)root)->users;
	struct line_args *a = args;

	(void)obj;
	if (w->i == u->lines.n)
		return false;
	const struct cfg_line *l = u->lines.v[w->i++];

	a->kind = l->kind;
	a->first = l->first;
	a->last = l->last == l->first ? 0 : (uint16_t)(l->last + 1);
	*ret_obj = l;
	return true;
}

/* Lines by slot and port ("0/0/0"), or by their number alone. */
static int slot_parse(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad)
{
	size_t n = strspn(word, "0123456789/");

	(void)t;
	(void)dst;
	*ret_bad = n;
	return word[n] || !isdigit((unsigned char)word[0]) ? -EINVAL : 0;
}

static const struct cli_type arg_slot = { .label = "<0-491>", .rank = 3, .parse = slot_parse };

/* ---- what is said in it ---- */

static int password_apply(struct cli_call *c)
{
	struct cfg_line *l = c->obj;

	if (c->op == CLI_SET)
		secret_take(c, c->args, false, &l->password);
	else
		explicit_bzero(&l->password, sizeof(l->password));
	return 0;
}

static bool password_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			  const void **ret_obj)
{
	const struct cfg_line *l = obj;

	(void)root;
	(void)ret_obj;
	if (w->i++ || !l->password.set)
		return false;
	secret_give(&l->password, true, args);
	return true;
}

struct timeout_args {
	uint32_t min, sec; /* sec: plus one */
};

static int timeout_apply(struct cli_call *c)
{
	const struct timeout_args *a = c->args;
	struct cfg_line *l = c->obj;

	l->timeout_min = c->op == CLI_SET ? a->min : c->op == CLI_NO ? 0 : cfg_line_defaults.timeout_min;
	l->timeout_sec = c->op == CLI_SET && a->sec ? a->sec - 1 : 0;
	return 0;
}

static bool timeout_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			 const void **ret_obj)
{
	const struct cfg_line *l = obj;
	struct timeout_args *a = args;

	(void)root;
	(void)ret_obj;
	if (w->i++ || (l->timeout_min == cfg_line_defaults.timeout_min && !l->timeout_sec))
		return false;
	a->min = l->timeout_min;
	a->sec = l->timeout_sec + 1;
	return true;
}

#define PLUS1(lo_, hi_, help_, f_) \
	{ .kind = CLI_ARG, .type = &arg_plus1, .lo = (lo_), .hi = (hi_), .help = (help_), CLI_AT(struct cfg_line, f_) }
#define SETTING(...) { .modes = IN_LINE, .toks = TOKS(__VA_ARGS__) }
#define ONE(w_, h_)  KEPT(IN_LINE, 0, KW(w_, h_), REST)
#define MANY(w_, h_) KEPT(IN_LINE, ROW_KEEP_MANY, KW(w_, h_), REST)
#define ACCESS_NOTE "% NOTE: who may connect is for the SSH server to say (docs/ssh.md); the line is kept."
#define AAA_NOTE "% NOTE: AAA is not run by this version; the line is kept."

static const struct cli_name transport_words[] = {
	{ "input", "Define which protocols to use when connecting to the terminal server", 0 },
	{ "output", "Define which protocols to use for outgoing connections", 0 },
	{ "preferred", "Specify the preferred protocol to use", 0 },
	{ NULL, NULL, 0 },
};
static const struct cli_name ip_words[] = {
	{ "access-class", "Filter connections based on an IP access list", 0 },
	{ "netmask-format", "Change display of netmasks", 0 },
	{ "tcp", "TCP parameters", 0 },
	{ NULL, NULL, 0 },
};

const struct cli_row rows_lines[] = {
	{ .modes = IN_CONFIG, .enters = M_LINE, .flags = ROW_DENSE, .args_size = sizeof(struct line_args), .apply = line_apply,
	  .find = line_find, .each = line_each,
	  .toks = TOKS(KW("line", "Configure a terminal line"), ALT,
		       KWVF("console", "Primary terminal line", struct line_args, kind, LINE_CON,
			    .print = "con"),
		       NUM(0, 0, "First Line number", struct line_args, first), OR,
		       KWV("aux", "Auxiliary line", struct line_args, kind, LINE_AUX),
		       NUM(0, 0, "First Line number", struct line_args, first), OR,
		       KWV("tty", "Terminal controller", struct line_args, kind, LINE_TTY),
		       NUM(1, TTY_MAX, "First Line number", struct line_args, first), OPT,
		       { .kind = CLI_ARG, .type = &arg_plus1, .lo = 1, .hi = TTY_MAX,
			 .help = "Last Line number", CLI_AT(struct line_args, last) }, CLOSE, OR,
		       KWV("vty", "Virtual terminal", struct line_args, kind, LINE_VTY),
		       NUMF(0, TTY_MAX, "First Line number", struct line_args, first, .flags = CLI_TAIL), OPT,
		       { .kind = CLI_ARG, .type = &arg_plus1, .lo = 1, .hi = TTY_MAX,
			 .help = "Last Line number", CLI_AT(struct line_args, last) }, CLOSE, CLOSE) },
	KEPT_BLOCK(IN_CONFIG, M_OTHER, NULL, KW("line", "Configure a terminal line"),
		   { .kind = CLI_ARG, .type = &arg_slot, .help = "First Line number" }, REST),
	KEPT_NOTE(IN_LINE, ROW_KEEP_MANY, ACCESS_NOTE,
		  KW("access-class", "Filter connections based on an IP access list"), REST),
	ONE("session-timeout", "Set interval for closing connection when there is no input traffic"),
	{ .modes = IN_LINE, .args_size = sizeof(struct timeout_args), .apply = timeout_apply,
	  .each = timeout_each,
	  .toks = TOKS(KW("exec-timeout", "Set the EXEC timeout"),
		       NUM(0, 35791, "Timeout in minutes", struct timeout_args, min), OPT,
		       { .kind = CLI_ARG, .type = &arg_plus1, .lo = 0, .hi = 2147483,
			 .help = "Timeout in seconds", CLI_AT(struct timeout_args, sec) }, CLOSE) },
	SETTING(KW("privilege", "Change privilege level for line"),
		KW("level", "Assign default privilege level for line"),
		PLUS1(0, 15, "Default privilege level for line", privilege)),
	{ .modes = IN_LINE, .args_size = sizeof(struct secret_args), .apply = password_apply,
	  .each = password_each,
	  .toks = TOKS(KW("password", "Set a password"), OPT,
		       KWV("0", "Specifies an UNENCRYPTED password will follow", struct secret_args, typed,
			   SECRET_PLAIN + 1), OR,
		       KWV("7", "Specifies a HIDDEN password will follow", struct secret_args, typed,
			   SECRET_TYPE7 + 1), CLOSE,
		       ARGF(cli_line, "The UNENCRYPTED (cleartext) line password", struct secret_args, text,
			    .flags = CLI_SECRET)) },
	KEPT(IN_LINE, 0, KW("logging", "Modify message logging facilities"),
	     KW("synchronous", "Synchronized message output"), REST),
	KEPT_NOTE(IN_LINE, 0, AAA_NOTE, KW("login", "Enable password checking"),
		  KW("authentication", "Authenticate using AAA"), REST),
	{ .modes = IN_LINE, .flags = ROW_SWITCH,
	  .toks = TOKS(ALT, KWV("login", "Enable password checking", AT_L(login), LOGIN_PASSWORD), OR,
		       KW("login", "Enable password checking"),
		       KWV("local", "Local password checking", AT_L(login), LOGIN_LOCAL), CLOSE) },
	SETTING(KW("length", "Set number of lines on a screen"),
		PLUS1(0, 512, "Number of lines on screen (0 for no pausing)", length)),
	SETTING(KW("width", "Set width of the display terminal"),
		PLUS1(0, 512, "Number of characters on a screen line (0 for no wrapping)", width)),
	SETTING(KW("history", "Enable and control the command history function"),
		KW("size", "Set history buffer size"), PLUS1(0, 256, "Size of history buffer", history)),
	/* what a terminal server has beside that */
	ONE("absolute-timeout", "Set absolute timeout for line disconnection"),
	MANY("accounting", "Accounting parameters"),
	ONE("activation-character", "Define the activation character"),
	MANY("authorization", "Authorization parameters"),
	ONE("autobaud", "Set line to normal autobaud"),
	ONE("autocommand", "Automatically execute an EXEC command"),
	ONE("autohangup", "Automatically hangup when last connection closes"),
	MANY("autoselect", "Set line to autoselect"),
	ONE("buffer-length", "Set DMA buffer length"),
	ONE("callback", "Callback settings"),
	ONE("databits", "Set number of data bits per character"),
	ONE("data-character-bits", "Size of characters being handled"),
	ONE("disconnect-character", "Define the disconnect character"),
	ONE("dispatch-character", "Define the dispatch character"),
	ONE("editing", "Enable command line editing"),
	ONE("escape-character", "Change the current line's escape character"),
	ONE("exec", "Start an EXEC process"),
	ONE("exec-banner", "Enable the display of the EXEC banner"),
	ONE("exec-character-bits", "Size of characters to the command exec"),
	ONE("flowcontrol", "Set the flow control"),
	ONE("full-help", "Provide help to unprivileged user"),
	ONE("hold-character", "Define the hold character"),
	ONE("international", "Enable international 8-bit character support"),
	KEPT(IN_LINE, ROW_KEEP_MANY, KW("ip", "IP options"), { .kind = CLI_NAMES, .names = ip_words }, REST),
	KEPT(IN_LINE, ROW_KEEP_MANY, KW("ipv6", "IPv6 options"),
	     KW("access-class", "Filter connections based on an IPv6 access list"), REST),
	ONE("location", "Enter terminal location description"),
	ONE("lockable", "Allow users to lock a line"),
	ONE("logout-warning", "Set Warning countdown for absolute timeout of line"),
	ONE("modem", "Configure the Modem Control Lines"),
	ONE("monitor", "Copy debug output to the current terminal line"),
	ONE("motd-banner", "Enable the display of the MOTD banner"),
	ONE("notify", "Inform users of output from concurrent sessions"),
	ONE("padding", "Set padding for a specified output character"),
	ONE("parity", "Set terminal parity"),
	ONE("private", "Configuration options that user can set will remain in effect"),
	ONE("refuse-message", "Define a refuse banner"),
	ONE("rotary", "Add line to a rotary group"),
	ONE("rxspeed", "Set the receive speed"),
	ONE("script", "specify event related chat scripts to run on the line"),
	ONE("session-limit", "Set maximum number of sessions"),
	ONE("special-character-bits", "Size of the escape (and other special) characters"),
	ONE("speed", "Set the transmit and receive speeds"),
	ONE("start-character", "Define the start character"),
	ONE("stop-character", "Define the stop character"),
	ONE("stopbits", "Set async line stop bits"),
	ONE("telnet", "Telnet protocol-specific configuration"),
	ONE("terminal-type", "Set the terminal type"),
	MANY("timeout", "Timeouts for the line"),
	KEPT(IN_LINE, ROW_KEEP_MANY, KW("transport", "Define transport protocols for line"),
	     { .kind = CLI_NAMES, .names = transport_words }, REST),
	ONE("txspeed", "Set the transmit speed"),
	ONE("usb-inactivity-timeout", "Set the USB inactivity timeout"),
	ONE("vacant-message", "Define a vacant banner"),
	{ .toks = NULL },
};
