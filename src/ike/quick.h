/* SPDX-License-Identifier: Apache-2.0 */
/* Between quick_mode.c and quick_roles.c; nobody else includes this. Where an int is returned it is 0 or a negative errno,
 * with which nothing has been sent. */
#ifndef IKE_QUICK_H
#define IKE_QUICK_H

#include "ike/work.h"

/* quick_mode.c */
/* A message of the exchange begins, with an empty hash; it gets the right one (HASH(which)), is encrypted and sent, and repeated
 * by that timer, if any. */
void quick_open(struct qm *q, struct ike_builder *b);
int quick_close(struct qm *q, struct ike_builder *b, unsigned which, enum ike_timer timer);
/* An exchange of sa's; msgid 0: a new one. NULL: no memory. */
struct qm *quick_make(struct ike_sa *sa, bool initiator, uint32_t msgid);
void quick_enter(struct qm *q, enum qm_state state);
/* It is over, but stays to answer repeats of its last message. */
void quick_rest(struct qm *q);
/* The same, and both SAs are in use. */
void quick_complete(struct qm *q);

/* quick_roles.c */
/* Goes on with an offer whose key pair is made elsewhere; w has what was made. */
int quick_begin(struct qm *q, struct work *w);
/* It waits for w, in that state; d is the message that is read again then, or none. */
int quick_park_first(struct qm *q, enum qm_state state, struct work *w, const struct ike_path *path, struct span d);
/* QM2 of the responder, QM1 and QM3 of the initiator: with a right hash, and the payloads that belong there. */
int quick_i_recv(struct qm *q, const struct ike_payloads *pl);
int quick_r_first(struct qm *q, const struct ike_payloads *pl);
int quick_r_last(struct qm *q, const struct ike_payloads *pl);
/* A notify of that type, if the peer may have one, and why for the log; it is over. */
void quick_r_refuse(struct qm *q, const struct ike_payloads *pl, uint16_t type, const char *why);

#endif
