/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that are kept although they mean nothing, so that nothing a user pasted
 * is lost; the engine's own header. A list belongs to an object of the model and
 * is reached through the grammar's keeper. */
#ifndef CLI_KEEP_H
#define CLI_KEEP_H

#include "cli/match.h"

#define KEEP_NONE SIZE_MAX
#define KEEP_END  SIZE_MAX

struct keep_list {
	const struct cli_keeper *ops;
	void *list;
};

/* The list of an object of that mode. */
struct keep_list keep_list_of(const struct cli_grammar *g, unsigned mode, void *obj);
/* The line (no child) with exactly this text; KEEP_NONE if there is none. */
size_t keep_find(struct keep_list k, const char *text);
/* That, or the first one that was refused with the same words, however they are spaced and in whatever case. */
size_t keep_find_words(struct keep_list k, const char *text);
/* Removes the kept `no TEXT`: said later, text takes its place, as it does in IOS. */
void keep_unsay(struct keep_list k, const char *text);
/* Adds a line at the end unless it is there; 0 or negative errno. */
int keep_error(struct keep_list k, const struct cli_kept *line);
/* Adds text below the last line with the text block. dedupe: not if it is there. */
int keep_child(struct keep_list k, const char *block, unsigned depth, const char *text,
	       bool dedupe);
/* Removes text, of that depth below block, with what is below it. 0; -ENOENT: it is not there. */
int keep_child_del(struct keep_list k, const char *block, unsigned depth, const char *text);
/* A line of a banner: below block, before the delimiter that stands there from the
 * start, so that the text is whole at any time; end: it holds the delimiter itself. */
int keep_raw(struct keep_list k, const char *block, unsigned depth, const char *text, bool end);
/* A line of a KEEP row, in its set or no form. ret_new: it was not there before. */
int keep_quiet(struct keep_list k, const struct cli_row *row, uint32_t anchor, enum cli_op op,
	       const char *text, uint32_t number, bool *ret_new);
/* Removes what was kept because it was wrong and is set right by line, which the
 * row took: kept lines that are its beginning, and lines of that row with blanks
 * where line has words ("permit gre host host"). */
void keep_supersede(struct keep_list k, const struct cli_words *line, uint32_t row);
/* For the global level. Removes what was refused because of something that was there: a removal may have taken that
 * away, and what was refused must not take effect because the text is read again. */
void keep_settle(struct keep_list k);

#endif
