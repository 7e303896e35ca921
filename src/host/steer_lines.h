/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of crypto ACLs as rules of nft. */
#ifndef HOST_STEER_LINES_H
#define HOST_STEER_LINES_H

#include "host/nft_text.h"
#include "host/steer_runs.h"

/* ---- pieces ---- */

/* `FIELD != 53 `; nothing for any port. */
void steer_put_port(struct txt *t, const char *field, const struct port_match *m);
bool steer_has_ports(const struct selector *s);
/* Of another family, or a range from 9 to 5, which nft would refuse. */
bool steer_never_matches(enum ip_family f, const struct selector *s);

/* ---- rules ---- */

/* The rule, or more of them, for line `at` in a table of f; of a run (NULL: there are none) one
 * rule for all its lines. mirror: of packets that come from the other end. permit is
 * the verdict of a permit line; a deny line returns. How many lines that were. */
size_t steer_put_line(struct txt *t, enum ip_family f, const struct steer_if *v, size_t at, bool mirror,
		      const struct steer_runs *runs, const char *permit);
/* IPv6, behind all lines: packets whose protocol or ports nobody can read - they are in another fragment, or
 * behind headers that are cut off - go by what can be read where a line asks for more, or they would
 * leave in clear. Nothing if no line asks for a protocol. */
void steer_put_unread(struct txt *t, const struct steer_line *l, size_t n, bool mirror,
		      const char *verdict);

/* As steer_put_line() of what came out of an SA, about the packet that an ICMP error quotes
 * (steer_quoted.c). */
size_t steer_put_quoted(struct txt *t, enum ip_family f, const struct steer_if *v, size_t at,
			const struct steer_runs *runs, const char *permit);

#endif
