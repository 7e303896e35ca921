/* SPDX-License-Identifier: Apache-2.0 */
#include "control/crypto_pool.h"

#include <bsd/sys/queue.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/secret.h"

#define NICER	    5 /* than the event loop, whose short turns go first */
#define MAX_THREADS 16

struct job {
	STAILQ_ENTRY(job) entry;
	struct ike_work ask;
	struct ike_worked done; /* its thread's until it is in the list of those that are done */
	struct pki *pki;
	struct pki_key *key; /* a reference; NULL */
};
STAILQ_HEAD(jobs, job);

struct crypto_pool {
	pthread_mutex_t lock;
	pthread_cond_t more, begun;
	struct jobs todo[2], done; /* under lock; todo: of strangers, and of who is known */
	bool turn;		   /* under lock: whose the next one is, if both have any */
	bool stops;		   /* under lock */
	unsigned n_begun;	   /* under lock: threads that have tried to step back */
	int priority_err;	   /* under lock */
	int fd;			/* a semaphore: as many as are done */
	size_t n;		/* of the owner's thread alone */
	unsigned n_threads;
	struct worker {
		struct crypto_pool *pool;
		pthread_t thread;
		struct ike_crypto *crypto; /* its thread's alone */
	} worker[MAX_THREADS];
};

/* ---- the work ---- */

struct with {
	struct pki *pki;
	const struct pki_key *key;
};

static int sign(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	const struct with *w = ctx;

	return w->key ? pki_ike_sign(w->pki, w->key, hash, sig, ret_len) : -ENOKEY;
}

static int open_(void *ctx, struct span sealed, size_t min, size_t max, uint8_t out[IKE_SIG_MAX],
		 size_t *ret_len)
{
	const struct with *w = ctx;

	return w->key ? pki_ike_decrypt(w->pki, w->key, sealed, min, max, out, ret_len) : -EINVAL;
}

void crypto_work_do(struct ike_crypto *c, const struct ike_work *w, struct pki *pki,
		    const struct pki_key *key, struct ike_worked *ret)
{
	struct with with = { pki, key };
	const struct ike_env env = { .ctx = &with, .sign = sign, .open = open_ };

	ike_work_do(&env, c, w, ret);
}

/* ---- jobs ---- */

static void job_free(struct job *j)
{
	if (!j)
		return;
	pki_key_free(j->key);
	secret_free(j, sizeof(*j));
}

static void jobs_free(struct jobs *v)
{
	struct job *j;

	while ((j = STAILQ_FIRST(v))) {
		STAILQ_REMOVE_HEAD(v, entry);
		job_free(j);
	}
}

/* In turn from both, so that who is known does not wait behind a crowd of strangers, nor they for
 * ever behind him. */
static struct job *pick(struct crypto_pool *p)
{
	struct jobs *v = &p->todo[STAILQ_EMPTY(&p->todo[p->turn]) ? !p->turn : p->turn];
	struct job *j = STAILQ_FIRST(v);

	if (!j)
		return NULL;
	STAILQ_REMOVE_HEAD(v, entry);
	p->turn = !j->ask.known;
	return j;
}

/* The next one; NULL: it is over. */
static struct job *next(struct crypto_pool *p)
{
	struct job *j = NULL;

	pthread_mutex_lock(&p->lock);
	while (!p->stops && !(j = pick(p)))
		pthread_cond_wait(&p->more, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return j;
}

static void finish(struct crypto_pool *p, struct job *j)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&p->lock);
	STAILQ_INSERT_TAIL(&p->done, j, entry);
	pthread_mutex_unlock(&p->lock);
	(void)!write(p->fd, &one, sizeof(one)); /* never full: CRYPTO_POOL_MAX */
}

/* Of this thread alone: Linux gives each its own. */
static void step_back(struct crypto_pool *p)
{
	int err = setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICER) ? -errno : 0;

	pthread_mutex_lock(&p->lock);
	if (err)
		p->priority_err = err;
	p->n_begun++;
	pthread_cond_signal(&p->begun);
	pthread_mutex_unlock(&p->lock);
}

static void *work(void *ctx)
{
	struct worker *me = ctx;
	struct job *j;

	step_back(me->pool);
	while ((j = next(me->pool))) {
		crypto_work_do(me->crypto, &j->ask, j->pki, j->key, &j->done);
		secret_wipe(&j->ask, sizeof(j->ask));
		finish(me->pool, j);
	}
	return NULL;
}

/* ---- the owner's side ---- */

/* Signals are the event loop's. */
static int start(struct crypto_pool *p, struct worker *w)
{
	sigset_t all, was;
	int err;

	w->pool = p;
	w->crypto = ike_crypto_new();
	if (!w->crypto)
		return -ENOMEM;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	err = -pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (err)
		ike_crypto_free(w->crypto);
	return err;
}

int crypto_pool_new(unsigned threads, struct crypto_pool **ret_pool)
{
	struct crypto_pool *p = calloc(1, sizeof(*p));
	int err = 0;

	if (!p)
		return -ENOMEM;
	STAILQ_INIT(&p->todo[0]);
	STAILQ_INIT(&p->todo[1]);
	STAILQ_INIT(&p->done);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	pthread_cond_init(&p->begun, NULL);
	p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	if (p->fd < 0)
		err = -errno;
	while (!err && p->n_threads < threads && p->n_threads < MAX_THREADS) {
		err = start(p, &p->worker[p->n_threads]);
		p->n_threads += !err;
	}
	if (p->n_threads) /* fewer do as well */
		err = 0;
	pthread_mutex_lock(&p->lock);
	while (p->n_begun < p->n_threads)
		pthread_cond_wait(&p->begun, &p->lock);
	pthread_mutex_unlock(&p->lock);
	if (err)
		crypto_pool_free(p);
	else
		*ret_pool = p;
	return err;
}

void crypto_pool_free(struct crypto_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stops = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_threads; i++) {
		pthread_join(p->worker[i].thread, NULL);
		ike_crypto_free(p->worker[i].crypto);
	}
	jobs_free(&p->todo[0]);
	jobs_free(&p->todo[1]);
	jobs_free(&p->done);
	pthread_cond_destroy(&p->more);
	pthread_cond_destroy(&p->begun);
	pthread_mutex_destroy(&p->lock);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

int crypto_pool_put(struct crypto_pool *p, const struct ike_work *w, struct pki *pki, struct pki_key *key)
{
	struct job *j = p->n < CRYPTO_POOL_MAX ? malloc(sizeof(*j)) : NULL;

	if (!j)
		return p->n < CRYPTO_POOL_MAX ? -ENOMEM : -ENOBUFS;
	*j = (struct job){ .pki = pki, .key = key };
	j->ask = *w;
	p->n++;
	pthread_mutex_lock(&p->lock);
	STAILQ_INSERT_TAIL(&p->todo[j->ask.known], j, entry);
	pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

int crypto_pool_fd(const struct crypto_pool *p)
{
	return p->fd;
}

bool crypto_pool_take(struct crypto_pool *p, struct ike_worked *ret)
{
	struct job *j;
	uint64_t one;

	if (read(p->fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		return false;
	pthread_mutex_lock(&p->lock);
	j = STAILQ_FIRST(&p->done); /* there: it was put in before it was counted */
	STAILQ_REMOVE_HEAD(&p->done, entry);
	pthread_mutex_unlock(&p->lock);
	p->n--;
	*ret = j->done;
	job_free(j);
	return true;
}

int crypto_pool_priority(const struct crypto_pool *p)
{
	return p->priority_err; /* no thread writes it after crypto_pool_new() */
}

size_t crypto_pool_jobs(const struct crypto_pool *p)
{
	return p->n;
}
