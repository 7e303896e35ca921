/* SPDX-License-Identifier: Apache-2.0 */
#include "control/protect.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/internal.h"
#include "host/log.h"
#include "host/os.h"

#define LOOK_MS	     1000
#define AGAIN_MS     1000  /* after a failure, doubled each time up to */
#define AGAIN_MAX_MS 30000
/* Both ends see at the same moment that there is nothing, at a start or after a DELETE. Were
 * both to begin, there would be two of everything: the one with the higher address leaves the
 * other that much time. */
#define YIELD_MS 900 /* less than a turn */

/* Of one protected tunnel, by its number. */
struct watched {
	uint32_t tunnel_id, policy_id;
	bool seen;	  /* in this turn */
	uint32_t wait_ms; /* the next pause; 0: nothing failed */
	uint64_t from_ms; /* no try before */
	uint64_t none_ms; /* it has had no SA since then; 0: it has */
	uint32_t pair_id; /* of the SA that carries; 0: none */
};

struct protect {
	struct event *timer;
	struct watched v[MAX_TUNS];
	size_t n;
};

static struct watched *watched_of(struct protect *p, const struct fwd_tunnel *t)
{
	struct watched *w;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].tunnel_id == t->tunnel_id) {
			w = &p->v[i];
			if (w->policy_id != t->protect)
				w->wait_ms = 0, w->from_ms = 0;
			w->policy_id = t->protect;
			return w;
		}
	if (p->n == MAX_TUNS)
		return NULL;
	w = &p->v[p->n++];
	*w = (struct watched){ .tunnel_id = t->tunnel_id, .policy_id = t->protect };
	return w;
}

static bool yields(struct watched *w, const struct fwd_tunnel *t, uint64_t now)
{
	if (!w->none_ms)
		w->none_ms = now;
	return ipaddr_cmp(&t->src, &t->dst) > 0 && now - w->none_ms < YIELD_MS;
}

static void negotiate(struct control *c, struct watched *w, const struct fwd_tunnel *t, uint64_t now)
{
	static const struct flow none;

	if (yields(w, t, now) || now < w->from_ms)
		return;
	w->from_ms = 0;
	ike_acquire(c->ike, now, w->policy_id, &none);
}

static void look(struct control *c)
{
	struct protect *p = c->protect;
	uint64_t now = host_now_ms(NULL);
	size_t kept = 0;
	bool other = false;

	for (size_t i = 0; i < p->n; i++)
		p->v[i].seen = false;
	for (size_t i = 0; i < c->compiled.n_tunnels; i++) {
		const struct fwd_tunnel *t = &c->compiled.tunnels[i];
		struct watched *w = t->protect ? watched_of(p, t) : NULL;
		const struct sa_spec *sa;
		bool sas;

		if (!w)
			continue;
		w->seen = true;
		sa = ike_carrier(c->ike, t->protect);
		sas = sa != NULL;
		if (sas)
			w->wait_ms = 0, w->none_ms = 0;
		if (sas && sa->pair_id != w->pair_id) {
			w->pair_id = sa->pair_id;
			other = true;
		}
		if (t->vti)
			line_protected(c, t->tunnel_id, sas);
		if (t->up && !sas)
			negotiate(c, w, t, now);
	}
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].seen)
			p->v[kept++] = p->v[i];
	p->n = kept;
	/* another transform set, or UDP around it: the forwarder's table has the room inside, too */
	if (other && plumb_follow_sas(c))
		apply_again(c);
	ikelink_pump(c);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct control *c = ctx;
	struct timeval next = { .tv_sec = LOOK_MS / 1000 };

	(void)fd;
	(void)what;
	look(c);
	if (!evtimer_pending(c->protect->timer, NULL)) /* else looking has changed something */
		evtimer_add(c->protect->timer, &next);
}

int protect_start(struct control *c)
{
	struct protect *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->timer = evtimer_new(c->base, on_timer, c);
	if (!p->timer) {
		free(p);
		return -ENOMEM;
	}
	c->protect = p;
	protect_soon(c);
	return 0;
}

void protect_stop(struct control *c)
{
	if (!c->protect)
		return;
	event_free(c->protect->timer);
	free(c->protect);
	c->protect = NULL;
}

void protect_soon(struct control *c)
{
	struct timeval now = { 0 };

	if (c->protect)
		evtimer_add(c->protect->timer, &now);
}

bool protect_yields(struct control *c, uint32_t policy_id)
{
	struct protect *p = c->protect;

	for (size_t i = 0; p && i < c->compiled.n_tunnels; i++) {
		const struct fwd_tunnel *t = &c->compiled.tunnels[i];
		struct watched *w = t->protect == policy_id ? watched_of(p, t) : NULL;

		if (w && !ike_carrier(c->ike, policy_id) && yields(w, t, host_now_ms(NULL)))
			return true;
	}
	return false;
}

void protect_retry(struct control *c)
{
	struct protect *p = c->protect;

	for (size_t i = 0; p && i < p->n; i++) {
		p->v[i].wait_ms = 0;
		p->v[i].from_ms = 0;
	}
	protect_soon(c);
}

void protect_failed(struct control *c, uint32_t policy_id)
{
	struct protect *p = c->protect;

	for (size_t i = 0; p && i < p->n; i++) {
		struct watched *w = &p->v[i];

		if (w->policy_id != policy_id)
			continue;
		w->wait_ms = !w->wait_ms ? AGAIN_MS : 2 * w->wait_ms;
		if (w->wait_ms > AGAIN_MAX_MS)
			w->wait_ms = AGAIN_MAX_MS;
		w->from_ms = host_now_ms(NULL) + w->wait_ms;
	}
}
