/* SPDX-License-Identifier: Apache-2.0 */
/* What `-c` holds: commands separated by `;` or line ends. IOS has no quotes, so
 * none are looked for; `\;` is a semicolon that belongs to its command. */
#ifndef SHELL_SPLIT_H
#define SHELL_SPLIT_H

#include "base/txt.h"

/* Puts the next command, without blanks around it, into line and moves *s behind
 * it. False at the end. Empty commands are passed over. */
bool shell_split(const char **s, struct txt *line);

#endif
