/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of IOS that are kept, printed back, and not acted on, and what that means for
 * whoever has them in his configuration: `show culvert unsupported` and `culvert check`.
 * With them, those that were refused: the first subject, REPORT_ERROR. */
#ifndef COMMANDS_UNSUPPORTED_H
#define COMMANDS_UNSUPPORTED_H

#include "commands/load.h"

/* One subject. */
struct unsupported {
	const char *words;  /* the first words of its lines */
	uint8_t severity;   /* enum report_severity: WARNING where packets or who is let in differ */
	const char *means;  /* one sentence */
};

/* One line of a configuration; its texts belong to that. */
struct unsupported_line {
	const struct unsupported *what;
	const char *where; /* the interface or the block's first line that it stands in; NULL: neither */
	const char *text;
	unsigned mode;	   /* of text, for cli_mask_line(): it may hold a password; M_NONE: it does not */
	uint32_t line;	   /* in its file; 0: typed */
};

/* All of them, by subject, and within one as they stand. 0 or -ENOMEM; the caller frees *ret_v. */
int unsupported_list(const struct config *c, struct unsupported_line **ret_v, size_t *ret_n);
/* The part of commands_check() about them: a remark on each subject. */
void check_unsupported(const struct config *c, struct report *r);

#endif
