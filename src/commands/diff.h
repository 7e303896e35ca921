/* SPDX-License-Identifier: Apache-2.0 */
/* What two configurations, as text, have that the other lacks: lines below the line of their block, whatever their order
 * unless that has a meaning (access lists, the peers of a crypto map entry). */
#ifndef COMMANDS_DIFF_H
#define COMMANDS_DIFF_H

#include "base/txt.h"

enum diff_style {
	DIFF_CONTEXT,  /* as `show archive config differences`: + and - in front, below the lines of their blocks */
	DIFF_COMMANDS, /* the lines to type, so that the first becomes the second: `no` of what goes, then what comes */
};

/* Appends what changes from a to b, each its own text; lines that are comments (`!`) or say when and how large (`version`,
 * `Current configuration`, `end`) do not count. Returns how many lines differ; out->bad without memory. */
size_t config_diff(const char *a, const char *b, enum diff_style style, struct txt *out);

#endif
