/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of crypto ACLs as rules of nft. */
#ifndef HOST_STEER_LINES_H
#define HOST_STEER_LINES_H

#include "host/nft_text.h"
#include "host/steer.h"

/* The sets that steer_put_line() with wide refers to in an IPv6 table. */
void steer_put_sets(struct txt *t, const struct steer_if *v);
/* The rule, or more of them, for line `at` in a table of f; with wide, one rule for as many
 * lines as go into one set. mirror: of packets that come from the other end. permit is
 * the verdict of a permit line; a deny line returns. How many lines that were. */
size_t steer_put_line(struct txt *t, enum ip_family f, const struct steer_if *v, size_t at, bool mirror,
		      bool wide, const char *permit);
/* IPv6, behind all lines: packets whose protocol or ports nobody can read - they are in another fragment, or
 * behind headers that are cut off - go by what can be read where a line asks for more, or they would
 * leave in clear. Nothing if no line asks for a protocol. */
void steer_put_unread(struct txt *t, const struct steer_line *l, size_t n, bool mirror,
		      const char *verdict);

#endif
