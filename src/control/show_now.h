/* SPDX-License-Identifier: Apache-2.0 */
/* Show commands on the running router: takes a snapshot of everything that the
 * layouts look at, then lets show_run() print. */
#ifndef CONTROL_SHOW_NOW_H
#define CONTROL_SHOW_NOW_H

#include "control/show.h"

struct control;
struct session;

/* As show_run(), for what the router knows at this moment; -ENOMEM if the
 * snapshot does not fit. The forwarder is asked once (it may not answer: its
 * counters are then zero). */
int show_now(struct control *c, const struct session *s, unsigned action, const struct exec_args *a,
	     struct txt *out);
/* The same in pieces, for actions that show_now_in_pieces(). json: as show_json(). What is said is what was known soon after the beginning, but for
 * the configuration and what it compiles to: before either changes, the rest has to be taken. First the
 * forwarder counts: ready is called once that is over, if show_now_waits() at the beginning, and may not ask it anything.
 * NULL without memory. */
struct show_said;
bool show_now_in_pieces(unsigned action, const struct exec_args *a, bool json);
struct show_said *show_now_begin(struct control *c, const struct session *session, unsigned action, const struct exec_args *a,
				 bool json, void (*ready)(void *ctx), void *ctx);
bool show_now_waits(const struct show_said *s);
/* It looks at nothing that changes with the configuration. */
bool show_now_keeps(const struct show_said *s);
/* As show_some(), and at first nothing is said. It waits for the forwarder, if nobody else wants to. *ret_over: that was
 * the last piece. */
int show_now_some(struct show_said *s, struct txt *out, bool *ret_over);
void show_now_end(struct show_said *s);
/* Several, of one moment, each below its title. 0; -ENOMEM: not all is there. */
struct show_part {
	const char *title;
	unsigned action;
	const struct exec_args *args; /* NULL: none */
};
int show_now_parts(struct control *c, const struct session *s, const struct show_part *v, size_t n, struct txt *out);
/* The same as show_json() tells it, for actions that are JSON_ROWS. */
int show_now_json(struct control *c, const struct session *s, unsigned action,
		  const struct exec_args *a, struct txt *out);

/* Measures the rates of `show interfaces`, and when packets came last (IKE is told,
 * too); to be called every SHOW_SAMPLE_MS. */
#define SHOW_SAMPLE_MS 5000
void show_sample(struct control *c);
/* `clear counters`, of one interface or ("") of all: false if there is none of that name. */
bool show_clear_counters(struct control *c, const char *ifname);

/* The access list that a policy's matches count for, and the line of it; NULL: none. */
const char *policy_list(const struct control *c, uint32_t policy_id, uint32_t *ret_line);

/* Eleven characters that name this machine, as a serial number does. */
void show_board_id(char out[16]);

#endif
