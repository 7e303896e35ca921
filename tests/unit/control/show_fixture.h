/* SPDX-License-Identifier: Apache-2.0 */
/* Four routers at a moment that never changes, for the layouts of show commands. */
#ifndef SHOW_FIXTURE_H
#define SHOW_FIXTURE_H

#include "control/show.h"

/* `gre`: GRE over IPsec is up; `lan`: two LAN-to-LAN flows behind NAT, one of them
 * being rekeyed; `down`: one peer is silent, one refuses; `ios12`: gre with the
 * layouts of IOS 12; `bare`: nothing is configured. */
struct fixture_case {
	const char *router, *command;
};
/* What tests/golden/show holds: ROUTER/COMMAND with dashes for blanks, `.txt`.
 * Ended by NULL. */
extern const struct fixture_case fixture_cases[];
/* The path of a case below dir. */
void fixture_path(const char *dir, const struct fixture_case *c, char *buf, size_t cap);

/* A router by name, or NULL. It and what it points to are allocated once and
 * live until fixture_free(). */
struct show_in *fixture(const char *name);
void fixture_free(struct show_in *in);

/* Types a line of privileged EXEC; the output, with its pipe applied, goes to
 * out. What show_run() said, -ENOEXEC if the line is no EXEC command. */
int fixture_type(const struct show_in *in, const char *line, struct txt *out);

#endif
