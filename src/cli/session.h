/* SPDX-License-Identifier: Apache-2.0 */
/* A session and a line on its way through it; the engine's own header. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli/keep.h"
#include "cli/match.h"

#define MAX_FRAMES 5

/* One configuration mode that the session is in. The object is found again for
 * each line by the row and arguments that led to it. */
struct cli_frame {
	uint8_t mode;
	const struct cli_row *row; /* NULL: the global level */
	void *args;
	size_t args_size;
	char *block;	  /* MODE_KEEPS: the kept line whose children follow */
	unsigned depth;	  /* of those that are typed without indentation */
	const char *prompt; /* NULL: the mode's */
	bool reopened;	  /* it was there before: known children are not doubled */
	uint32_t anchor;  /* of the last line that was taken here */
	uint64_t after;	  /* of the last one that was refused since, in anchor's row */
	bool plain;	  /* lines without indentation were taken here */
	bool closed;	  /* an indented line or a `!` was seen: this is indented text */
	bool over;	  /* of a file: a lone `!` ended the block */
	bool made;	  /* the object was not there before this mode was entered */
	uint32_t serial;  /* tells frames apart */
	size_t indent;	  /* of the line that entered the mode */
};

struct cli_session {
	const struct cli_grammar *g;
	bool interactive;
	unsigned level; /* of privilege */
	struct cli_frame f[MAX_FRAMES];
	size_t n; /* frames; 0: EXEC */
	uint32_t serials;
	bool wrapped; /* the line before may have been cut by its page */
	/* below a line that was refused: deeper lines belong to it */
	char *orphan; /* its text, or NULL */
	size_t orphan_indent, orphan_frame;
	uint8_t lost; /* the mode of an object that somebody else has removed; 0: none */
	char *range[CLI_RANGE_MAX]; /* the lines that lead to what a line is said in (range.c) */
	size_t n_range;
	const char *range_prompt;
	uint32_t range_serial; /* of the frame that stands for all of them */
	char raw[3]; /* the delimiter that ends a banner; "" outside one */
	bool raw_as_etx; /* ^C is kept in its place */
};

/* One line on its way. */
struct cli_work {
	struct cli_session *s;
	void *root;
	void *obj[MAX_FRAMES];
	const struct cli_words *w;
	const char *text; /* without blanks around it */
	uint32_t number;
	struct cli_result *r;
};

/* ---- frames (session.c) ---- */

void cli_session_pop(struct cli_session *s, size_t n);
/* NULL: modes nested too deep. */
struct cli_frame *cli_session_push(struct cli_session *s, unsigned mode);
/* A line was kept below the block of the last frame: it may open a level of its own
 * below that, or end it. indent: blanks before the line. */
void cli_session_nest(struct cli_session *s, const char *word, size_t indent);
/* The line begins with words that the kept block of the last frame has of its own. */
bool cli_session_owns(const struct cli_session *s, const struct cli_words *w);
/* Leaves the levels of a kept block that a line with that indentation is not in. */
void cli_session_unnest(struct cli_session *s, size_t indent);
/* Deeper lines belong to no refused line any more. */
void cli_session_forget(struct cli_session *s);
/* Finds the object of each frame; frames whose object is gone are left. */
void cli_session_resolve(struct cli_session *s, void *root, void *obj[MAX_FRAMES]);
/* A row ends the mode: what is printed behind it would be read as the outer mode's. */
bool cli_ends_itself(const struct cli_grammar *g, unsigned mode);
/* Whose rows they are to be; NULL: all. *w is for the answer. */
const struct cli_who *cli_session_who(const struct cli_session *s, const void *root, struct cli_who *w);
/* Columns of the prompt before the line; 0 in a file. */
size_t cli_session_width(const struct cli_session *s, const void *root);

/* ---- messages and EXEC lines (exec.c) ---- */

/* The caret below the byte r->col of line (behind the prompt), IOS's sentence, and a hint ("" or lines). */
void cli_caret(struct cli_result *r, const struct cli_session *s, const void *root, const char *line,
	       const char *hint);
/* What m found wrong, as IOS prints it. shift: line, m's, stands so many bytes
 * behind the begin of what was typed (line - shift); wrapped: it may be the rest of the text before it. */
void cli_explain(struct cli_session *s, const void *root, const struct cli_match *m,
		 const char *line, size_t shift, bool wrapped, struct cli_result *r);
/* Takes an EXEC line, which stands so many bytes behind the begin of what was typed (typed - shift). 0 or -ENOMEM. */
int cli_exec_line(struct cli_session *s, const void *root, unsigned mode, const char *typed,
		  size_t shift, struct cli_result *r);
/* Where the bar of a pipe stands in an EXEC line; its end if there is none. */
size_t cli_bar(const char *line);
/* True if the words are an EXEC line: such a line is no part of a configuration. */
bool cli_is_exec_line(struct cli_session *s, const struct cli_words *w, uint16_t *ret_action);

/* ---- configuration lines (configure.c); 0, -ENOMEM or -E2BIG ---- */

int cli_config_line(struct cli_work *k);
/* True for the line that ends the mode the session is in (ROW_LEAVES). */
bool cli_leaves_mode(const struct cli_session *s, const struct cli_words *w);
/* A line below one that was refused. */
int cli_below_orphan(struct cli_work *k, const char *text, unsigned depth);
/* A line that leads to several objects (range.c): their mode is entered, and the session is in the last of them. 0,
 * -EDOM: it stands for none, or too many; -ENOMEM. */
int cli_range_begin(struct cli_work *k, const struct cli_match *m);
/* True if the line is one of such a mode: it was said in each of them. */
bool cli_range_line(struct cli_work *k, int *ret_err);
bool cli_range_is(const struct cli_session *s); /* the session is in such a mode */
/* The object that the session was in is gone: true if it is in another of them now. */
bool cli_range_stays(struct cli_work *k);
void cli_range_end(struct cli_session *s);
/* The kept lines of a frame; a kept block stands in its parent's list. */
struct keep_list cli_kept_list(const struct cli_work *k, size_t frame);
/* Deeper lines that follow belong to this one, which was refused. */
int cli_disown(struct cli_work *k, size_t frame);

/* ---- banners (banner.c); 0 or -ENOMEM ---- */

/* The first line of one; off: where its delimiter stands in the line. */
int cli_banner(struct cli_work *k, size_t frame, const struct cli_row *row, size_t off);
/* A later line. */
int cli_raw_line(struct cli_work *k, const char *line);

#endif
