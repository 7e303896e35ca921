/* SPDX-License-Identifier: Apache-2.0 */
/* One core whose messages are changed before they are encrypted, with hashes that are right
 * again: linked in place of msg_encrypt() by --wrap. */
#ifndef FUZZ_IKE_LIAR_H
#define FUZZ_IKE_LIAR_H

#include "ike/internal.h"

extern struct ike *liar; /* whose messages those are */

/* What became of the lies, over all inputs; said at the end if CULVERT_FUZZ_COUNT is set. */
struct told {
	unsigned long quick, info, phase1; /* with a hash that is right again */
	unsigned long believed_quick, believed_info, believed_proof; /* acted on by the other */
	unsigned long wrong_quick, wrong_info;
};
extern struct told told;
extern uint8_t told_in[6]; /* exchange, flags and message id of the last one */

void lie_begin(void);		/* nothing has been said yet */
void lie_prepare(struct rd *r); /* what befalls the next message is read from r */

#endif
