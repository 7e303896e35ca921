/* SPDX-License-Identifier: Apache-2.0 */
/* The IOS language engine. It knows no command: a grammar is rows of tokens,
 * written as data; a row says how a line is parsed, what `?` and TAB offer, what
 * `no` and `default` do, and how the line is printed in running-config. Objects
 * are offsets from `void *`.
 *
 * A row's tokens form a little program: keywords and arguments in order, with
 * groups: ALT ( a | b ), OPT [ a | b ], REP { a | b }+ into an array, ANY, a set
 * of options in any order, each at most once. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/txt.h"

struct cli_tok;
struct cli_name;

/* ---- argument types ---- */

/* How words become values and values text. parse returns 0, or -EINVAL (not
 * such a word; ret_bad says at which character) and writes size bytes at dst; dst
 * NULL only asks. print appends; present says whether there is something to print.
 * more: the word is only the first half of a value ("Serial 0/1"): the next word
 * is joined to it with a blank and parsed again. words: such first halves, which `?` lists
 * and TAB completes instead of the label; second: what `?` says behind one, as a line. */
struct cli_type {
	const char *label; /* `A.B.C.D`, `WORD`, `LINE`; NULL: a <lo-hi> range */
	uint8_t rank;	   /* of several types that fit a word the lower wins */
	bool rest;	   /* takes the rest of the line */
	int (*parse)(const struct cli_tok *t, const char *word, void *dst, size_t *ret_bad);
	void (*print)(const struct cli_tok *t, const void *src, struct txt *out);
	bool (*present)(const struct cli_tok *t, const void *src);
	bool (*more)(const char *word);
	const struct cli_name *words; /* ended by word NULL */
	void (*second)(const char *word, struct txt *out);
	/* EXEC: false for a first word that names nothing of what root may have; NULL: any does */
	bool (*known)(const void *root, const char *word);
};

extern const struct cli_type cli_num;  /* unsigned integer of size 1, 2, 4, 8, in [lo, hi] */
extern const struct cli_type cli_word; /* char[size], no blanks */
extern const struct cli_type cli_line; /* char[size], the rest of the line */
extern const struct cli_type cli_hex;  /* char[size], hex digits */

/* Keywords by table: ports, protocols. */
struct cli_name {
	const char *word, *help;
	int64_t value;
};

/* ---- tokens ---- */

enum cli_tok_kind {
	CLI_END = 0,
	CLI_KW,	    /* keyword; binds value */
	CLI_NAMES,  /* any keyword of names; binds its value */
	CLI_ARG,    /* argument of type; binds the value of the word */
	CLI_GROUP,  /* ALT, OPT, REP, ANY begin */
	CLI_OR,
	CLI_CLOSE,
};
enum cli_group { CLI_ALT = 1, CLI_OPT, CLI_REP, CLI_ANY };

enum cli_tok_flag {
	CLI_ALIAS = 1,	 /* a branch that begins with it is never printed */
	CLI_SECRET = 2,	 /* the value is masked when a line is logged */
	CLI_HIDDEN = 4,	 /* not in help, and taken only when written in full */
	CLI_TAIL = 8,	 /* `no` form: what follows this token may be left out */
};

struct cli_tok {
	uint8_t kind;	/* enum cli_tok_kind */
	uint8_t group;	/* enum cli_group of CLI_GROUP */
	uint8_t flags;	/* enum cli_tok_flag */
	uint8_t max;	/* REP: elements at most; ANY: 1 if one option is the least */
	uint8_t excl;	/* GROUP ANY and its ORs: branches that this one excludes, as bits */
	const char *word, *help;
	const char *print; /* KW: spelling in running-config, if another */
	const struct cli_type *type;
	const struct cli_name *names; /* ended by word NULL */
	uint16_t off, size; /* the bound field; size 0: none. REP: the counter */
	uint16_t stride;    /* REP: distance of the elements */
	int64_t value;	    /* KW */
	int64_t lo, hi;	    /* ARG */
};

#define CLI_AT(type, field) \
	.off = (uint16_t)offsetof(type, field), .size = (uint16_t)sizeof(((type *)0)->field)

/* KW(word, help), KWV(word, help, type, field, value) and so on; the forms with F
 * take further fields. The second stage lets a macro stand for "type, field". */
#define KW(w, h)    { .kind = CLI_KW, .word = (w), .help = (h) }
#define KWF(w, h, ...) { .kind = CLI_KW, .word = (w), .help = (h), __VA_ARGS__ }
#define KWV(...)    CLI_KWV_(__VA_ARGS__)
#define KWVF(...)   CLI_KWVF_(__VA_ARGS__)
#define NAMES(...)  CLI_NAMES_(__VA_ARGS__)
#define NUM(...)    CLI_NUM_(__VA_ARGS__)
#define NUMF(...)   CLI_NUMF_(__VA_ARGS__)
#define ARG(...)    CLI_ARG_(__VA_ARGS__)
#define ARGF(...)   CLI_ARGF_(__VA_ARGS__)
#define WORD(...)   CLI_ARG_(cli_word, __VA_ARGS__)
#define WORDF(...)  CLI_ARGF_(cli_word, __VA_ARGS__)
#define LINE(...)   CLI_ARG_(cli_line, __VA_ARGS__)
#define REP(...)    CLI_REP_(__VA_ARGS__)
#define CLI_KWV_(w, h, t, f, v) { .kind = CLI_KW, .word = (w), .help = (h), CLI_AT(t, f), .value = (v) }
#define CLI_KWVF_(w, h, t, f, v, ...) \
	{ .kind = CLI_KW, .word = (w), .help = (h), CLI_AT(t, f), .value = (v), __VA_ARGS__ }
#define CLI_NAMES_(tab, t, f) { .kind = CLI_NAMES, .names = (tab), CLI_AT(t, f) }
#define CLI_NUM_(l, u, h, t, f) \
	{ .kind = CLI_ARG, .type = &cli_num, .lo = (l), .hi = (u), .help = (h), CLI_AT(t, f) }
#define CLI_NUMF_(l, u, h, t, f, ...) \
	{ .kind = CLI_ARG, .type = &cli_num, .lo = (l), .hi = (u), .help = (h), CLI_AT(t, f), __VA_ARGS__ }
#define CLI_ARG_(ty, h, t, f) { .kind = CLI_ARG, .type = &(ty), .help = (h), CLI_AT(t, f) }
#define CLI_ARGF_(ty, h, t, f, ...) \
	{ .kind = CLI_ARG, .type = &(ty), .help = (h), CLI_AT(t, f), __VA_ARGS__ }
#define CLI_REP_(t, f, n, step) \
	{ .kind = CLI_GROUP, .group = CLI_REP, .max = (n), .stride = (uint16_t)(step), CLI_AT(t, f) }
#define ALT		       { .kind = CLI_GROUP, .group = CLI_ALT }
#define OPT		       { .kind = CLI_GROUP, .group = CLI_OPT }
#define ANY		       { .kind = CLI_GROUP, .group = CLI_ANY }
#define ANY1(x)		       { .kind = CLI_GROUP, .group = CLI_ANY, .max = 1, .excl = (x) }
#define OR		       { .kind = CLI_OR }
#define ORX(x)		       { .kind = CLI_OR, .excl = (x) }
#define CLOSE		       { .kind = CLI_CLOSE }

/* ---- rows ---- */

enum cli_op { CLI_SET = 0, CLI_NO, CLI_DEFAULT };

/* What a row's functions get. out takes messages for the user. */
struct cli_call {
	void *root;	  /* the whole configuration */
	void *obj;	  /* the object of the mode */
	const void *args; /* what the tokens bound; the object itself for plain rows */
	enum cli_op op;
	struct txt *out;
	uint32_t number; /* of the line in its file; 0: typed */
};

#define CLI_RANGE_MAX 64

/* Where a walk over elements stands; zero at the start. */
struct cli_walk {
	size_t i, j;
};

enum cli_row_flag {
	ROW_SWITCH = 1,	 /* `no` stores 0, printed as `no ...` where the default is on */
	ROW_ALIAS = 2,	 /* a row before it in its table prints what this one sets; not in help */
	ROW_NO_ONLY = 4, /* exists only as `no ...` */
	ROW_KEEP = 8,	 /* the line is known and only kept; its keywords are not abbreviated,
			    * since what follows them is not checked */
	ROW_KEEP_MANY = 16, /* several such lines stand side by side (else the last wins) */
	ROW_LEAVES = 32, /* ends its mode: `quit` of pasted data */
	ROW_TRAIL = 64,	 /* a blank ends the printed line, as IOS does here */
	ROW_WRAPS = 128, /* a text that pages wrap: an unknown line after it may be its rest */
	ROW_NO_NO = 256, /* has no `no` form */
	ROW_HIDDEN = 512, /* not in help, and taken only when written in full */
	ROW_ERROR = 1024, /* known, refused with the sentence in msg, and kept */
	ROW_ALWAYS = 4096, /* printed even where it is the default */
	ROW_FULL = 8192, /* the `no` form takes whole lines only */
	ROW_JOINS = 16384, /* the first of a table that goes on with the subject of the one before */
	ROW_DENSE = 32768, /* between its blocks IOS prints no `!` */
	ROW_RAW = 2048,	 /* banner: lines are kept up to the delimiter that begins its text */
};

struct cli_row {
	uint32_t modes; /* bits CLI_IN(mode) */
	uint8_t enters; /* the mode it leads to; 0: none */
	uint16_t flags; /* enum cli_row_flag */
	/* For the caller. EXEC: what the line asks for. Configuration modes: what is done
	 * when it is typed, instead of apply - always if there is no apply, else (a question
	 * comes first) in the `no` form only. In a file a row without apply says that
	 * it does nothing there, and `no` applies without question. */
	uint16_t action;
	const struct cli_tok *toks; /* ended by CLI_END */
	/* 0: tokens bind in the mode's object (a setting). Otherwise they bind in
	 * a zeroed struct of that size, and the functions below do the work. */
	uint16_t args_size;
	/* Carries the line out. 0; -EINVAL after a message in out: refused, and
	 * kept; -EEXIST after a message: refused because of what is there
	 * already, and not kept if typed (it would come to life one day); -EDOM: refused
	 * like a word that is not in the grammar. */
	int (*apply)(struct cli_call *c);
	/* Rows that enter a mode: the object, NULL if it is not there. */
	void *(*find)(void *root, void *obj, const void *args);
	/* The next element to print: fills args (zeroed) and, for rows that enter
	 * a mode, ret_obj. False at the end. */
	bool (*each)(const void *root, const void *obj, struct cli_walk *w, void *args,
		     const void **ret_obj);
	/* Elements whose order is their meaning, so that a line that was refused must not
	 * leave its place among them: the place of an element that each() gave, from 1,
	 * rising; and the one behind which a line belongs, told by what of it was
	 * understood (args NULL: nothing). NULL: such lines stand behind all. */
	uint64_t (*place)(const void *args);
	uint64_t (*behind)(const void *root, const void *obj, const void *args);
	/* The line stands for several: the i-th of the lines that lead to one object each, in the same mode or its
	 * kin; false past the last (CLI_RANGE_MAX at most). What is typed then is said in each. Such a row is not
	 * printed and has no apply; prompt is that of the mode. */
	bool (*range)(const void *args, size_t i, struct txt *ret_line);
	const char *msg; /* ROW_ERROR: the sentence; ROW_KEEP: a note; EXEC: said on entering */
	const char *prompt; /* rows that enter a mode: `(config-cmap)#`, if it is not the mode's */
};

/* Modes within kept blocks, which no row describes: below a prompt, the word that begins a
 * line opens a deeper level with a prompt of its own, or (NULL) leaves its level. */
struct cli_nest {
	const char *in, *word, *prompt;
};

/* Words of such a block that are the block's, though a global command begins like that: below
 * the prompt, lines that begin with them, `no` or not. */
struct cli_own {
	const char *in, *words;
};

#define CLI_IN(mode) (UINT32_C(1) << (mode))

/* ---- modes ---- */

enum cli_mode_flag {
	MODE_EXEC = 1,	/* lines are actions; `|` pipes */
	MODE_PRIV = 2,	/* privileged EXEC */
	MODE_KEEPS = 4, /* whatever is no global command is kept as a child line */
	MODE_NO_DEFAULT_HELP = 8, /* `default` is accepted and not listed */
};

struct cli_mode {
	const char *prompt; /* `(config-if)#` */
	uint8_t parent;	    /* where `exit` leads; 0 from EXEC */
	uint8_t flags;	    /* enum cli_mode_flag */
	const char *exit_help;
	const void *defaults; /* an object of this mode as it is when untouched */
	size_t kept_off;    /* where the object has its list of kept lines */
	/* What is to be said when an object that was made at the keyboard is left, such
	 * as its defaults that nobody should want; NULL: nothing. Objects of the global
	 * level only. */
	void (*left)(const void *obj, struct txt *out);
};

/* Kept lines belong to the model; the engine only says which and where. */
enum cli_keep {
	CLI_KEEP_QUIET = 0,
	CLI_KEEP_INCOMPLETE,
	CLI_KEEP_INVALID,
	CLI_KEEP_CHILD,
	CLI_KEEP_CONFLICT, /* refused because of what is there already (-EEXIST) */
};
struct cli_kept {
	enum cli_keep kind;
	unsigned depth;	 /* blanks before it, from its block's first line */
	uint32_t anchor; /* the row after whose lines it is printed */
	uint64_t after;	 /* among that row's elements: behind those up to this place */
	const char *text;
	uint32_t line, col; /* where it stood, and the error in it */
};
struct cli_keeper {
	/* Puts a copy of k at position at (KEEP_END: behind all); list is at kept_off in
	 * the object. 0 or negative errno. */
	int (*add)(void *list, size_t at, const struct cli_kept *k);
	/* The i-th line; false past the end. text is valid until a change. */
	bool (*get)(const void *list, size_t i, struct cli_kept *ret_k);
	void (*del)(void *list, size_t i); /* and the children below it */
	/* The last line (no child) with that text; SIZE_MAX if there is none. */
	size_t (*find)(const void *list, const char *text);
	/* The position behind the i-th line and its children. */
	size_t (*end)(const void *list, size_t i);
	bool (*any_wrong)(const void *list); /* a line that is neither QUIET nor a child */
	void (*settle)(void *list); /* removes the lines of CONFLICT */
};

/* A command that has a privilege level of its own: words as the grammar spells them (cli_expand()). */
struct cli_own_level {
	uint32_t modes; /* bits CLI_IN(mode) */
	unsigned level;
	const char *text;
};
#define CLI_GRANTS_MAX 64 /* of them in a mode; with more a lower level has nothing */

struct cli_grammar {
	const struct cli_mode *modes; /* by number; mode 0 is unused */
	size_t n_modes;
	const struct cli_row *const *tables; /* in running-config's order; ended by NULL */
	/* each table is ended by a row without toks */
	uint8_t mode_user, mode_exec, mode_config; /* numbers */
	const struct cli_keeper *keeper;
	const char *(*hostname)(const void *root);
	const struct cli_nest *nests; /* ended by in NULL; NULL: none */
	const struct cli_own *owns; /* the same */
	bool (*pipes)(const struct cli_row *row); /* EXEC: the row has an output that can be filtered */
	/* The least privilege level, 0 to 15, that has a row by itself; NULL: the modes of EXEC alone say it. */
	unsigned (*level)(const struct cli_row *row);
	/* The i-th command that root gives a level of its own; false past the last. Of several that a line begins with
	 * the longest decides. */
	bool (*own_level)(const void *root, size_t i, struct cli_own_level *ret);
};

/* ---- sessions ---- */

enum cli_status {
	CLI_OK = 0,	/* done (or nothing to do); out may hold notes */
	CLI_EXEC,	/* the caller runs action with args */
	CLI_ERROR,	/* out says what is wrong, as IOS prints it */
};

struct cli_result {
	enum cli_status status;
	uint16_t action;
	void *args;	  /* EXEC; wiped and freed by cli_result_fini */
	size_t args_size;
	char *pipe;	  /* EXEC: the text after `|`, or NULL */
	bool config;	  /* the configuration was changed (or may have been) */
	bool kept;	  /* an error, and the line was kept */
	enum cli_keep why; /* if kept: INCOMPLETE or INVALID */
	bool ended;	  /* left configuration mode (end, exit, Ctrl-Z) */
	uint32_t col;	  /* of the error, from the line's first character */
	struct txt out;	  /* what to print, complete with line ends */
};

void cli_result_fini(struct cli_result *r);

struct cli_session;

/* A session in the given mode (mode_user, mode_exec, mode_config); NULL without
 * memory. The grammar must outlive it. */
struct cli_session *cli_session_new(const struct cli_grammar *g, unsigned mode);
void cli_session_free(struct cli_session *s);

/* Takes one line (without its line end). root is the configuration that the line
 * speaks about: it may be another one than for the line before; sub-modes are
 * found again by name. number is the line's number in its file, 0 if typed.
 * Never fails otherwise than by ret_r->status; cli_result_fini() in any case. */
void cli_session_line(struct cli_session *s, void *root, const char *line, uint32_t number,
		      struct cli_result *ret_r);
/* Interactive (the default): the caret's column counts the prompt, and `end`
 * leaves for EXEC. A file: it does not, the session stays in configuration mode,
 * and EXEC lines (enable, configure terminal, end, write) are recognised. */
void cli_session_set_interactive(struct cli_session *s, bool on);

/* The lines that lead to the session's mode, as a file would have them before the next one. False: lines do
 * not lead there alone - in a banner, in pasted data, below a line that nobody understood. */
bool cli_session_path(const struct cli_session *s, struct txt *out);
/* `R1(config-if)#`, without a blank after it. */
void cli_session_prompt(const struct cli_session *s, const void *root, struct txt *out);
/* The mode's number; and the level `show privilege` prints. */
unsigned cli_session_mode(const struct cli_session *s);
unsigned cli_session_privilege(const struct cli_session *s);
/* The session's level has that EXEC line, which is run in another way than by being typed: an answer has made it. */
bool cli_session_may(const struct cli_session *s, const void *root, const char *line);
/* Moves to a mode without object (mode_user, mode_exec, mode_config); where the level is one of
 * the other kind of EXEC, it becomes 1, or 15; configuration mode leaves it as it is. */
void cli_session_goto(struct cli_session *s, unsigned mode);
/* To EXEC with that level, 0 to 15: it sees and runs what the level has. */
void cli_session_set_level(struct cli_session *s, unsigned level);
/* Lines are the text of a banner, whose delimiter is still to come. */
bool cli_session_is_text(const struct cli_session *s);
/* That delimiter; "" elsewhere. */
const char *cli_session_delimiter(const struct cli_session *s);

/* What `?` prints after line (the text before the question mark). */
void cli_session_help(struct cli_session *s, const void *root, const char *line, struct txt *out);
/* What TAB appends to line: "" if there is no single completion. */
void cli_session_complete(struct cli_session *s, const void *root, const char *line,
			  struct txt *out);

/* ---- running-config ---- */

enum cli_render_flag {
	CLI_RENDER_MASK = 1, /* secrets as *****, wrong lines up to the mistake: for logs */
	CLI_RENDER_DEFAULTS = 2, /* settings that are as they are without a line, too */
	CLI_RENDER_REFUSED = 4, /* only lines that were refused and kept, and what stands below them */
};
/* All of root as lines, in the order of the tables. */
void cli_render(const struct cli_grammar *g, const void *root, unsigned flags, struct txt *out);
/* The same in pieces of some bytes: true while there is more. root stays as it is until then, or the rest is left unsaid; out
 * outlives it. NULL without memory. */
struct cli_rendering;
struct cli_rendering *cli_rendering_new(const struct cli_grammar *g, const void *root, unsigned flags, struct txt *out);
bool cli_rendering_some(struct cli_rendering *x, size_t bytes);
void cli_rendering_free(struct cli_rendering *x);
/* One line of a row from what its tokens would have bound (without line end);
 * false and nothing written if a mandatory value is not there. */
bool cli_row_say(const struct cli_row *row, const void *src, struct txt *out);
/* Only blocks whose first line is this (`interface Tunnel0`), with what is in them. */
void cli_render_block(const struct cli_grammar *g, const void *root, const char *first,
		      struct txt *out);
/* The words that lines of the mode may begin with, 16 at most, appended as the grammar spells them: abbreviations in full, values
 * as they are printed. 0; -EDOM: no line begins so; -ENOTUNIQ: they may mean several; -ENOMEM. */
int cli_expand(const struct cli_grammar *g, unsigned mode, const char *text, struct txt *out);
/* A line as it may be logged: what SECRET tokens bind is masked. */
void cli_mask_line(const struct cli_grammar *g, unsigned mode, const char *line, struct txt *out);
/* The same for him alone who has typed it: a line that is wrong stands there as it is, where neither its words nor the
 * commands that it begins like have to do with secrets. */
void cli_mask_typed(const struct cli_grammar *g, unsigned mode, const char *line, struct txt *out);

#endif
