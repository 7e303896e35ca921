/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ike_work.h"

#include <errno.h>
#include <event2/event.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "control/crypto_pool.h"
#include "control/ike_encr.h"
#include "control/ike_pki.h"
#include "host/log.h"
#include "host/os.h"

#define MAX_THREADS 4
#define AT_ONCE	    8 /* results that are told in one turn of the loop */

/* The loop does so much of it in one go, as cost_us() estimates it, and in the long run a tenth of
 * its time by the clock: the first exchanges need no other thread, and a thousand do not hold up
 * the rest. What takes longer than it should is made up for before anything else is done here, so
 * that of one go only the last piece can, which is half of it at most: where a processor is twice as
 * slow, 3 ms. */
#define HERE_MAX_US 2000
#define HERE_SHARE  10

struct ike_worker {
	struct control *c;
	struct crypto_pool *pool; /* NULL: none */
	struct ike_crypto *crypto; /* the loop's own */
	struct event *done;
	uint64_t at_us;	 /* when left_us was right */
	int64_t left_us; /* less than nothing, if something took longer than it should */
};

/* One exponentiation, on a processor of 2024; 0: not here. */
static unsigned cost_us(const struct ike_work *w)
{
	static const struct {
		uint16_t group, us;
	} known[] = { { 1, 60 }, { 2, 85 }, { 5, 165 }, { 14, 420 }, { 19, 50 }, { 20, 780 }, { 21, 320 }, { 24, 530 } };
	unsigned times = w->kind == IKE_WORK_ANSWER ? 2 : 1;

	if (w->kind == IKE_WORK_SIGN || w->kind == IKE_WORK_OPEN)
		return 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].group == w->group)
			return times * known[i].us;
	return 0;
}

static bool is_here(struct ike_worker *k, const struct ike_work *w)
{
	uint64_t now = host_now_us();
	unsigned us = cost_us(w);

	if (!k->pool)
		return true;
	if (!us || us > HERE_MAX_US / 2 || crypto_pool_jobs(k->pool))
		return false;
	k->left_us += (int64_t)((now - k->at_us) / HERE_SHARE);
	if (k->left_us > HERE_MAX_US)
		k->left_us = HERE_MAX_US;
	k->at_us = now;
	return us <= k->left_us;
}

static void tell(struct control *c, struct ike_worked *r)
{
	ike_worked(c->ike, host_now_ms(NULL), r);
	secret_wipe(r, sizeof(*r));
}

void ike_worker_put(struct control *c, const struct ike_work *w)
{
	struct ike_worker *k = c->worker;
	struct pki_key *key = w->kind == IKE_WORK_SIGN ? ike_pki_sign_key(c) :
			      w->kind == IKE_WORK_OPEN ? ike_encr_open_key(c) :
							 NULL;
	struct ike_worked r;

	if (!is_here(k, w) && !crypto_pool_put(k->pool, w, c->pki, key))
		return;
	uint64_t from = host_now_us();
	crypto_work_do(k->crypto, w, c->pki, key, &r);
	k->left_us -= (int64_t)(host_now_us() - from); /* not every processor is that of cost_us() */
	pki_key_free(key);
	tell(c, &r);
}

/* Results that are there, at most so many. */
static void tell_ready(struct ike_worker *k, size_t most)
{
	struct ike_worked r;

	for (size_t i = 0; i < most && crypto_pool_take(k->pool, &r); i++) {
		tell(k->c, &r);
		ikelink_pump(k->c);
	}
}

static void on_done(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	tell_ready(ctx, AT_ONCE);
}

void ike_worker_tick(struct control *c)
{
	struct ike_worker *k = c->worker;

	if (k->pool) /* no more than there are now, whatever these lead to */
		tell_ready(k, crypto_pool_jobs(k->pool));
	ike_tick(c->ike, host_now_ms(NULL));
	ikelink_pump(c);
}

/* Those that this process may use. */
static unsigned processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (unsigned)n;
}

int ike_worker_start(struct control *c)
{
	struct ike_worker *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return -ENOMEM;
	c->worker = k;
	k->c = c;
	k->crypto = ike_crypto_new();
	if (!k->crypto)
		return -ENOMEM;
	err = crypto_pool_new(processors(), &k->pool);
	if (!err) {
		k->done = event_new(c->base, crypto_pool_fd(k->pool), EV_READ | EV_PERSIST, on_done, k);
		err = k->done && !event_add(k->done, NULL) ? 0 : -ENOMEM;
	}
	if (err) {
		log_line("CULVERT-4-START", "no threads for public-key work, which the event loop does itself: %s",
			 strerror(-err));
		crypto_pool_free(k->pool);
		k->pool = NULL;
	} else if (crypto_pool_priority(k->pool)) {
		log_line("CULVERT-4-START", "the threads for public-key work have the event loop's priority, and "
			 "compete with it: %s", strerror(-crypto_pool_priority(k->pool)));
	}
	return 0;
}

void ike_worker_stop(struct control *c)
{
	struct ike_worker *k = c->worker;

	if (!k)
		return;
	if (k->done)
		event_free(k->done);
	crypto_pool_free(k->pool);
	ike_crypto_free(k->crypto);
	free(k);
	c->worker = NULL;
}
