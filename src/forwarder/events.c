/* SPDX-License-Identifier: Apache-2.0 */
/* What the forwarder tells control by itself. Events that strangers can provoke
 * pass a token bucket; EXPIRE and ACQUIRE do not (they are bounded by the SAs and
 * policies that exist), nor does IKE, whose own limits stand in src/ike. */
#include "forwarder/internal.h"

#define EVENT_RATE  10 /* per second and type */
#define EVENT_BURST 20

static bool take_token(struct bucket *b, uint64_t now_ms)
{
	uint64_t earned = (now_ms - b->at_ms) * EVENT_RATE / 1000;

	if (!b->at_ms) {
		b->at_ms = now_ms;
		b->tokens = EVENT_BURST;
	} else if (earned) {
		b->tokens = b->tokens + earned > EVENT_BURST ? EVENT_BURST :
							       b->tokens + (uint32_t)earned;
		b->at_ms = now_ms;
	}
	if (!b->tokens)
		return false;
	b->tokens--;
	return true;
}

static bool limited(uint8_t type)
{
	return type == FWD_RECVD_CLEAR || type == FWD_UNKNOWN_SPI || type == FWD_SA_EVENT ||
	       type == FWD_PEER_MOVED;
}

void event_send(struct forwarder *f, struct fwd_msg *m)
{
	m->seq = 0;
	if (!limited(m->type) || take_token(&f->bucket[m->type], f->now_ms))
		f->env.to_control(f->env.ctx, m);
}

void event_expire(struct forwarder *f, struct sa *sa)
{
	bool hard = sa->due & SA_DUE_HARD;
	struct fwd_msg m = { .type = FWD_EXPIRE, .u.expire = { .sa_id = sa->spec.id, .hard = hard,
							       .used = sa->packets > 0 } };

	sa->told = sa->due | (hard ? SA_DUE_SOFT : 0);
	event_send(f, &m);
}
