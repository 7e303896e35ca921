/* SPDX-License-Identifier: Apache-2.0 */
/* Matching a line against the rows of a mode; the engine's own header. The rows
 * are run side by side: after each word the set of places where a row may be is
 * known, which is what errors, help and completion are made of. */
#ifndef CLI_MATCH_H
#define CLI_MATCH_H

#include "cli/cli.h"

/* A line cut at blanks. text is NUL-terminated; off is where it stood. */
struct cli_word_ref {
	const char *text;
	size_t off, len;
};

struct cli_words {
	struct cli_word_ref *v;
	size_t n;
	char *buf;
	const char *line;  /* the caller's */
	size_t line_len;   /* without blanks at the end */
	size_t indent;	   /* blanks before the first word */
	bool blank_end;	   /* a blank follows the last word */
};

/* 0 or -ENOMEM. line must outlive w. */
int cli_words_init(struct cli_words *w, const char *line);
void cli_words_fini(struct cli_words *w);

/* What the words so far say of the levels that may run a line (grants.c): the commands with a level of their own that they
 * begin, as bits; the level of the longest one that they begin with, else of the row. */
struct cli_grant {
	uint64_t alive;
	uint8_t level, words;
};

/* A place in a row after a word was taken. */
struct cli_node {
	const struct cli_row *row;
	uint16_t pc;	  /* the token that took the word; CLI_START: none yet */
	uint16_t up_level, up; /* the node before */
	uint8_t op;	  /* enum cli_op */
	uint8_t rep;	  /* elements of the open REP group before this one */
	uint8_t used;	  /* branches of the open ANY group that are taken */
	uint8_t rank;	  /* 0 exact keyword, 1 prefix, then the types */
	int16_t name;	  /* NAMES: which */
	struct cli_grant grant;
};
#define CLI_START UINT16_MAX

struct cli_level {
	struct cli_node *v;
	size_t n, cap;
};

enum cli_outcome { CLI_M_OK, CLI_M_INCOMPLETE, CLI_M_AMBIGUOUS, CLI_M_INVALID };

/* Whose rows they are to be: those of a privilege level, as root has it. */
struct cli_who {
	const void *root;
	unsigned level;
};

struct cli_match {
	const struct cli_grammar *g;
	struct cli_grants *grants; /* of a privilege level; NULL: all lines of the mode */
	unsigned mode;
	const struct cli_words *w;
	size_t n;		 /* words to take, at most w->n */
	struct cli_level *level; /* w->n + 2 of them */
	size_t depth;	 /* words taken before the match ended */
	enum cli_outcome outcome;
	size_t bad;	 /* INVALID: characters of the word that were right */
	struct cli_node *best; /* OK: in the last level */
	const struct cli_type *half; /* a two-word value of it lacks its second word */
	bool nomem;
};

static inline const struct cli_node *cli_node_up(const struct cli_match *m,
						 const struct cli_node *n)
{
	return &m->level[n->up_level].v[n->up];
}

/* Builtin rows of configuration modes: no, default, exit, end, do. */
enum cli_builtin { CLI_B_NO = 1, CLI_B_DEFAULT, CLI_B_EXIT, CLI_B_END, CLI_B_DO };
extern const struct cli_row cli_builtins[]; /* action holds enum cli_builtin */
bool cli_is_builtin(const struct cli_row *row);

/* Runs the first n words of w. cli_match_fini() in any case. */
void cli_match_run(struct cli_match *m, const struct cli_grammar *g, unsigned mode,
		   const struct cli_words *w, size_t n);
/* The same with the lines that who may run; NULL is fine. */
void cli_match_run_as(struct cli_match *m, const struct cli_grammar *g, unsigned mode,
		      const struct cli_words *w, size_t n, const struct cli_who *who);
void cli_match_fini(struct cli_match *m);
/* m->best becomes the best place that all its words lead to in a row, not behind `no`; false: there is none. */
bool cli_match_begins(struct cli_match *m);

/* ---- privilege levels (grants.c) ---- */

/* The commands of who->root that have a level of their own in m's mode. 0, -ENOMEM or -E2BIG. */
int cli_grants_new(const struct cli_match *m, const struct cli_who *who, struct cli_grants **ret);
void cli_grants_free(struct cli_grants *gr);
/* Each with m->grants NULL is true. At the start of a row: some line of it may be run. */
bool cli_grant_begin(const struct cli_match *m, struct cli_node *n);
/* n has taken that word - its keyword, or the value that was typed - and still has the grant of the place before:
 * some line that begins so may be run. */
bool cli_grant_take(const struct cli_match *m, struct cli_node *n, const char *word);
/* The same of a place that `?` would offer: a keyword; or a value, of those that begin with word (NULL: any). */
bool cli_grant_shows(const struct cli_match *m, const struct cli_node *next, const char *word);
/* The line that ends at n may be run. */
bool cli_grant_ends(const struct cli_match *m, const struct cli_node *n);
/* Both matches found a command, and it is the same words; ret_word: the first that is not. */
bool cli_same_words(const struct cli_match *a, const struct cli_match *b, size_t *ret_word);

/* Where a node can go next. */
struct cli_reach {
	struct {
		uint16_t pc;
		uint8_t rep, used;
	} at[320];
	size_t n;
	bool accept; /* the row may end here */
};
void cli_node_reach(const struct cli_node *n, struct cli_reach *ret);

/* The nearest keyword to the word at which m failed; NULL if none is near. */
const char *cli_match_suggest(const struct cli_match *m);

/* Writes what the matched line says into target (the mode's object or args). */
void cli_bind(const struct cli_match *m, void *target);

/* Fields as integers of t->size bytes; ranges and type names as help shows them. */
int64_t cli_field_get(const struct cli_tok *t, const void *src);
void cli_field_set(const struct cli_tok *t, void *dst, int64_t value);
void cli_label(const struct cli_tok *t, struct txt *out);

/* The next branch of a group: from is the GROUP or OR token before it. The
 * position of the OR or CLOSE that ends the branch. */
size_t cli_branch_end(const struct cli_tok *toks, size_t from);
size_t cli_group_close(const struct cli_tok *toks, size_t group);

/* `?` and TAB in a mode; see cli_session_help() and cli_session_complete(). */
void cli_help(const struct cli_grammar *g, unsigned mode, const struct cli_who *who, const char *line,
	      struct txt *out);
void cli_complete(const struct cli_grammar *g, unsigned mode, const struct cli_who *who, const char *line,
		  struct txt *out);

/* A number for a row that stays the same: kept lines are anchored to it. */
#define CLI_ANCHOR_END UINT32_MAX /* kept lines after everything else */
uint32_t cli_row_number(const struct cli_grammar *g, const struct cli_row *row);
/* The number of the row behind whose lines is printed what stands behind one of row: an alias prints none, and what it
 * says is printed by the row before it. */
uint32_t cli_anchor_of(const struct cli_grammar *g, const struct cli_row *row);
/* The row of that number; NULL if there is none. */
const struct cli_row *cli_row_of(const struct cli_grammar *g, uint32_t number);

/* Prints one line of a row, without its end. False if a mandatory value is not
 * there. */
bool cli_row_print(const struct cli_row *row, const void *src, unsigned flags, struct txt *out);
/* `no crypto isakmp enable`: a switch that is off where the default is on. */
void cli_row_print_negated(const struct cli_row *row, const void *src, struct txt *out);
/* Puts the fields that a row binds to what they are in defaults (NULL: zero). */
void cli_row_reset(const struct cli_row *row, void *obj, const void *defaults);
/* Bytes from the start of an object to behind the last field that a row binds. */
size_t cli_row_extent(const struct cli_row *row);
/* Of one that is as it is without a line: something in it says which value that is. `set pfs` without a group does not, for
 * it says that there is PFS; nor does a switch that is spelled as another row's value, `service timestamps log uptime`. */
bool cli_row_says_default(const struct cli_row *row, const void *obj);
/* True if a row's fields are as in defaults. */
bool cli_row_is_default(const struct cli_row *row, const void *obj, const void *defaults);

#endif
