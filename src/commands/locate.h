/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a file the objects stand that a report is about. */
#ifndef COMMANDS_LOCATE_H
#define COMMANDS_LOCATE_H

#include "commands/load.h"

/* Gives each remark about an object the number of the line (from 1) that begins it or, where the remark has a line to
 * type instead, of the one that it takes the place of; none if the text does not have it. Then the remarks are put into
 * the order of their lines, those without one last, and notes of the command
 * line that a warning says again are left out. Words may be cut as when they are typed. */
void report_locate(struct report *r, const char *text, size_t len);

#endif
