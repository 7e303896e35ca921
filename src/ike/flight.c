/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange's last message out and last message in: resending with back-off,
 * and repeats, which are answered by the same bytes and change nothing. */
#include "ike/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/secret.h"

void flight_stop(struct ike *k, struct flight *f)
{
	timer_stop(&k->timers, &f->timer);
}

void flight_free(struct ike *k, struct flight *f)
{
	flight_stop(k, f);
	secret_free(f->sent, f->sent_len);
	f->sent = NULL;
	f->sent_len = 0;
}

void flight_last(struct ike *k, struct flight *f)
{
	flight_free(k, f);
}

int flight_send(struct ike *k, struct flight *f, const struct ike_path *path, struct span data,
		enum ike_timer timer, void *owner)
{
	uint8_t *copy = data.len ? malloc(data.len) : NULL;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, data.p, data.len);
	flight_free(k, f);
	f->sent = copy;
	f->sent_len = data.len;
	f->path = *path;
	f->resends = 0;
	f->timer.owner = owner;
	act_send(k, path, data);
	if (timer == T_NONE)
		return 0;
	f->timer.kind = (int)timer;
	return timer_arm(&k->timers, &f->timer, k->now_ms + IKE_RESEND_FIRST_MS);
}

/* Phase 1 backs off, for the peer may be anybody. In phase 2 he is known and the SA to
 * be renewed has not long to live: there a message is sent again every two seconds, and
 * in the renewal of phase 1, on which such SAs wait, every four. */
static uint64_t longest_wait(const struct flight *f)
{
	return f->timer.kind == T_QM_RESEND ? IKE_QM_RESEND_MAX_MS :
	       f->known			    ? IKE_KNOWN_RESEND_MAX_MS :
					      UINT64_MAX;
}

unsigned flight_resends(const struct flight *f)
{
	return f->timer.kind == T_QM_RESEND ? IKE_QM_RESENDS : f->known ? IKE_KNOWN_RESENDS : IKE_RESENDS;
}

bool flight_resend(struct ike *k, struct flight *f)
{
	uint64_t wait_ms = (uint64_t)IKE_RESEND_FIRST_MS << (f->resends + 1);

	if (f->resends >= flight_resends(f))
		return false;
	f->resends++;
	if (!f->held)
		act_send(k, &f->path, span_of(f->sent, f->sent_len));
	if (wait_ms > longest_wait(f))
		wait_ms = longest_wait(f);
	/* cannot fail: the heap had room for it a moment ago */
	(void)timer_arm(&k->timers, &f->timer, k->now_ms + wait_ms);
	return true;
}

static uint64_t mark_of(const struct ike *k, struct span d)
{
	uint64_t h = hash_bytes(k->seed, d.p, d.len);

	return h ? h : 1;
}

void flight_mark(struct ike *k, struct flight *f, struct span d)
{
	f->rx_mark = mark_of(k, d);
	f->repeats = 0;
}

void flight_repeat(struct ike *k, struct flight *f)
{
	if (!f->sent || f->repeats >= IKE_MAX_REPEATS)
		return;
	f->repeats++;
	act_send(k, &f->path, span_of(f->sent, f->sent_len));
}

bool flight_is_repeat(struct ike *k, struct flight *f, struct span d)
{
	if (!f->rx_mark || f->rx_mark != mark_of(k, d))
		return false;
	flight_repeat(k, f);
	return true;
}
