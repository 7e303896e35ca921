/* SPDX-License-Identifier: Apache-2.0 */
/* What others have put into the kernel's table, among the routes of a snapshot: read and sorted in pieces, since a routing
 * protocol may have learned a hundred thousand. */
#ifndef CONTROL_SHOW_RIB_H
#define CONTROL_SHOW_RIB_H

#include "control/snapshot.h"

struct rib;

/* Rows that are kept: some thirty megabytes of an answer that nobody need ever read. */
#define RIB_ROUTES_MAX 250000
/* Where it cannot be in pieces: what takes a few milliseconds. */
#define RIB_ROUTES_WHOLE 1024

/* True for actions that show them; ipv4, ipv6: of which family. */
bool rib_wanted(unsigned action, bool *ret_ipv4, bool *ret_ipv6);
/* For a snapshot that snapshot_fill() has filled; most: rows of the kernel's. NULL without memory. */
struct rib *rib_new(struct snapshot *s, struct control *c, unsigned action, size_t most);
/* Goes on, for less than a millisecond; false: that was all, and s->in has its routes in order. What the kernel does not say is
 * left out, and s->in.routes_cut says so. */
bool rib_some(struct rib *r);
void rib_free(struct rib *r);

#endif
