/* SPDX-License-Identifier: Apache-2.0 */
/* SAs of typed keys: control installs them itself, beside those of IKE. */
#ifndef CONTROL_MANUAL_H
#define CONTROL_MANUAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control;
struct ike_pair_info;
struct exec_args;

/* Brings the forwarder's SAs in line with the compiled entries; what did not change stays.
 * 0 or a negative errno. */
int manual_follow(struct control *c);
/* The forwarder is a new one and has none of them. */
void manual_lost(struct control *c);
/* A control that follows another: what it had installed goes, with its keys nobody here can
 * compare. */
int manual_take_over(struct control *c);
/* `clear crypto sa`: those that the words mean are installed anew, as IOS does. */
void manual_clear(struct control *c, const struct exec_args *a);
/* An SA of typed keys has encrypted or decrypted so much that it must stop soon, or has (hard): logged,
 * with what to do. False: it is none. */
bool manual_expired(struct control *c, uint32_t sa_id, bool hard);
void manual_free(struct control *c);

/* The i-th pair, as IKE tells its own; false past the end. */
bool manual_pair(const struct control *c, size_t i, struct ike_pair_info *ret);

#endif
