/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two configurations are two ends of one tunnel, and what keeps it down. */
#ifndef COMMANDS_CHECK_PAIR_H
#define COMMANDS_CHECK_PAIR_H

#include "commands/load.h"

/* Remarks about the pair go to report, under the names of the files; said gets what will be negotiated. True if at least
 * one tunnel between them comes up and none that both configure stays down; one that only one end can begin is a warning.
 * No key is ever written. */
bool config_check_pair(const struct config *a, const char *a_name, const struct config *b, const char *b_name,
		       struct report *report, struct txt *said);

#endif
