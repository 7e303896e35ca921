/* SPDX-License-Identifier: Apache-2.0 */
/* What words of IPsec and of the show commands mean, a few lines each: `culvert explain`, `show culvert explain`. */
#ifndef COMMANDS_EXPLAIN_H
#define COMMANDS_EXPLAIN_H

#include "base/txt.h"

/* Appends the lines about a word of configurations or of show commands (`esp-aes`, `MM_KEY_EXCH`), in any case. False if
 * there are none. */
bool explain_word(const char *word, struct txt *out);
/* Appends the words that are explained, of each subject the first. */
void explain_words(struct txt *out);

#endif
