/* SPDX-License-Identifier: Apache-2.0 */
/* What the forwarder tells control by itself. Events that strangers can provoke
 * pass a token bucket; EXPIRE and ACQUIRE do not (they are bounded by the SAs and
 * policies that exist), nor does IKE, whose own limits stand in src/ike. */
#include "forwarder/internal.h"

#define EVENT_RATE  10 /* per second and type */
#define EVENT_BURST 20
#define RETRY_MS    20

bool bucket_take(struct bucket *b, uint64_t now_ms, uint32_t per_sec, uint32_t burst)
{
	uint64_t earned;

	if (!b->started)
		*b = (struct bucket){ true, now_ms, burst };
	earned = (now_ms - b->at_ms) * per_sec / 1000;
	if (b->tokens + earned >= burst) {
		b->tokens = burst;
		b->at_ms = now_ms;
	} else {
		b->tokens += (uint32_t)earned;
		b->at_ms += earned * 1000 / per_sec; /* keeps the part of a token */
	}
	if (!b->tokens)
		return false;
	b->tokens--;
	return true;
}

bool event_allowed(struct forwarder *f, enum fwd_type type)
{
	return bucket_take(&f->bucket[type], f->now_ms, EVENT_RATE, EVENT_BURST);
}

bool event_send(struct forwarder *f, struct fwd_msg *m)
{
	m->seq = 0;
	if (f->beside) {
		if (later_event(f, m))
			return true;
		f->drops.n[FWD_DROP_EVENT_LOST]++;
		return false;
	}
	/* a full socket costs a system call in a while, not one for each packet */
	if (f->now_ms >= f->all->events_from_ms) {
		if (f->all->env.to_control(f->all->env.ctx, m))
			return true;
		f->all->events_from_ms = f->now_ms + RETRY_MS;
	}
	f->drops.n[FWD_DROP_EVENT_LOST]++;
	return false;
}

/* What control did not take is told again at the next tick: an SA that nobody
 * rekeys is an outage. */
void event_expire(struct forwarder *f, struct sa *sa)
{
	bool hard = sa->due & SA_DUE_HARD;
	struct fwd_msg m = { .type = FWD_EXPIRE, .u.expire = { .sa_id = sa->spec.id, .hard = hard,
							       .used = sa->packets > 0 } };

	if (event_send(f, &m))
		sa->told = sa->due | (hard ? SA_DUE_SOFT : 0);
}

void event_recvd_clear(struct forwarder *f, uint32_t ifid, const struct flow *received)
{
	struct fwd_msg m = { .type = FWD_RECVD_CLEAR };

	if (!event_allowed(f, FWD_RECVD_CLEAR))
		return;
	m.u.recvd_clear.ifid = ifid;
	m.u.recvd_clear.flow = flow_mirror(received);
	(void)event_send(f, &m);
}
