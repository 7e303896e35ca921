/* SPDX-License-Identifier: Apache-2.0 */
/* The threads that do public-key work: what comes back is what the same work gives here, once
 * each, whatever becomes of keys and pool meanwhile. Run under TSan, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "control/crypto_pool.h"

static struct ike_crypto *here;
static struct pki *pki;
static struct pki_key *key;
static struct crypto_pool *pool;

static int setup(void **state)
{
	(void)state;
	return crypto_pool_new(4, &pool);
}

static int teardown(void **state)
{
	(void)state;
	crypto_pool_free(pool);
	pool = NULL;
	return 0;
}

static void take(struct ike_worked *r)
{
	struct pollfd p = { crypto_pool_fd(pool), POLLIN, 0 };

	assert_int_equal(poll(&p, 1, 60000), 1);
	assert_true(crypto_pool_take(pool, r));
}

/* Work number id: groups and seeds of all kinds, now and then a value that is none. */
static struct ike_work some(uint64_t id)
{
	static const uint16_t groups[] = { 1, 2, 19, 21 };
	static const enum ike_work_kind kinds[] = { IKE_WORK_PAIR, IKE_WORK_SHARED, IKE_WORK_ANSWER };
	struct ike_work w = { .id = id, .kind = kinds[id % 3], .group = groups[id / 3 % 4] };
	struct ike_dh *peer = NULL;
	uint8_t seed[IKE_DH_SEED];

	for (size_t i = 0; i < sizeof(seed); i++) {
		seed[i] = (uint8_t)(id * 7 + i * 13 + 1);
		w.seed[i] = (uint8_t)(id * 11 + i * 5 + 3);
	}
	if (w.kind == IKE_WORK_PAIR)
		return w;
	assert_int_equal(ike_dh_new(here, w.group, seed, &peer), 0);
	w.len[0] = ike_dh_len(w.group);
	memcpy(w.in[0], ike_dh_public(peer).p, w.len[0]);
	if (id % 7 == 0)
		memset(w.in[0], 0, w.len[0]);
	ike_dh_free(peer);
	return w;
}

static void assert_same(const struct ike_worked *a, const struct ike_worked *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->err, b->err);
	for (size_t i = 0; !a->err && i < 2; i++) {
		assert_int_equal(a->len[i], b->len[i]);
		assert_memory_equal(a->out[i], b->out[i], a->len[i]);
	}
}

#define JOBS 400

static void each_job_comes_back_once_and_right(void **state)
{
	static bool seen[JOBS];
	unsigned refused = 0;

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (uint64_t id = 0; id < JOBS; id++) {
		struct ike_work w = some(id);

		assert_int_equal(crypto_pool_put(pool, &w, NULL, NULL), 0);
	}
	assert_int_equal(crypto_pool_jobs(pool), JOBS);
	for (unsigned n = 0; n < JOBS; n++) {
		struct ike_worked got, want;

		take(&got);
		assert_true(got.id < JOBS);
		assert_false(seen[got.id]);
		seen[got.id] = true;
		struct ike_work w = some(got.id);
		crypto_work_do(here, &w, NULL, NULL, &want);
		assert_same(&got, &want);
		refused += got.err == -EINVAL;
	}
	assert_true(refused > 0);
	assert_int_equal(crypto_pool_jobs(pool), 0);
	struct ike_worked none;
	assert_false(crypto_pool_take(pool, &none));
}

/* Two sides that each have the other's value have one secret. */
static void secrets_meet(void **state)
{
	struct ike_work pair = { .id = 1, .kind = IKE_WORK_PAIR, .group = 14, .seed = { 1, 2, 3 } };
	struct ike_work answer = { .id = 2, .kind = IKE_WORK_ANSWER, .group = 14, .seed = { 4, 5, 6 } };
	struct ike_worked a, b, c;

	(void)state;
	assert_int_equal(crypto_pool_put(pool, &pair, NULL, NULL), 0);
	take(&a);
	answer.len[0] = a.len[0];
	memcpy(answer.in[0], a.out[0], a.len[0]);
	assert_int_equal(crypto_pool_put(pool, &answer, NULL, NULL), 0);
	take(&b);
	pair.kind = IKE_WORK_SHARED;
	pair.len[0] = b.len[0];
	memcpy(pair.in[0], b.out[0], b.len[0]);
	assert_int_equal(crypto_pool_put(pool, &pair, NULL, NULL), 0);
	take(&c);
	assert_int_equal(c.err, 0);
	assert_int_equal(c.len[1], 256);
	assert_int_equal(b.len[1], 256);
	assert_memory_equal(b.out[1], c.out[1], 256);
}

/* The owner of a key may zeroize it while threads work with it. */
static void keys_outlive_their_owner(void **state)
{
	struct ike_work sign = { .kind = IKE_WORK_SIGN, .len = { 20 } };
	struct ike_work open = { .kind = IKE_WORK_OPEN, .min = { 5, 8 }, .max = { 100, 100 } };
	struct pki_key *mine = NULL, *public = NULL;
	struct txt der = TXT_INIT;
	struct ike_worked r;

	(void)state;
	assert_int_equal(pki_key_generate(pki, 1024, &mine), 0);
	assert_int_equal(pki_key_public_der(mine, &der), 0);
	assert_int_equal(pki_key_from_der(pki, span_of(der.s, der.len), &public), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pki_ike_encrypt(pki, public, span_of(i ? "a nonce of hers" : "name.example",
								     i ? 15 : 12),
						 open.in[i], &open.len[i]),
				 0);
	for (unsigned n = 0; n < 40; n++) {
		sign.id = 2 * n;
		sign.in[0][0] = (uint8_t)n;
		open.id = 2 * n + 1;
		assert_int_equal(crypto_pool_put(pool, &sign, pki, pki_key_share(mine)), 0);
		assert_int_equal(crypto_pool_put(pool, &open, pki, pki_key_share(mine)), 0);
	}
	pki_key_free(mine);
	for (unsigned n = 0; n < 80; n++) {
		take(&r);
		assert_int_equal(r.err, 0);
		if (r.id % 2) {
			assert_int_equal(r.len[0], 12);
			assert_memory_equal(r.out[0], "name.example", 12);
			assert_int_equal(r.len[1], 15);
			assert_memory_equal(r.out[1], "a nonce of hers", 15);
			continue;
		}
		sign.in[0][0] = (uint8_t)(r.id / 2);
		assert_int_equal(pki_ike_verify(pki, public, span_of(sign.in[0], 20),
						span_of(r.out[0], r.len[0])),
				 0);
	}
	pki_key_free(public);
	txt_fini(&der);
}

static void without_a_key_it_says_so(void **state)
{
	struct ike_work w = { .kind = IKE_WORK_SIGN, .len = { 20 } };
	struct ike_worked r;

	(void)state;
	assert_int_equal(crypto_pool_put(pool, &w, pki, NULL), 0);
	take(&r);
	assert_int_equal(r.err, -ENOKEY);
	w = (struct ike_work){ .kind = IKE_WORK_OPEN, .len = { 128, 128 } };
	assert_int_equal(crypto_pool_put(pool, &w, pki, NULL), 0);
	take(&r);
	assert_int_equal(r.err, -EINVAL);
}

static void it_has_a_bound(void **state)
{
	struct ike_work w = { .kind = IKE_WORK_PAIR, .group = 1 };
	struct ike_worked r;
	unsigned n = 0;

	(void)state;
	while (n < CRYPTO_POOL_MAX && !crypto_pool_put(pool, &w, NULL, NULL))
		n++;
	assert_int_equal(n, CRYPTO_POOL_MAX);
	struct pki_key *mine = pki_key_share(key);
	assert_int_equal(crypto_pool_put(pool, &w, pki, mine), -ENOBUFS);
	pki_key_free(mine); /* it was not taken */
	take(&r);
	assert_int_equal(crypto_pool_put(pool, &w, NULL, NULL), 0);
	/* it goes with thousands of jobs in it: teardown() */
}

static void it_goes_at_any_time(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 30; n++) {
		struct crypto_pool *p = NULL;
		struct ike_worked r;

		assert_int_equal(crypto_pool_new(1 + n % 4, &p), 0);
		for (uint64_t id = 0; id < n; id++) {
			struct ike_work w = some(id);

			assert_int_equal(crypto_pool_put(p, &w, pki, pki_key_share(key)), 0);
		}
		if (n % 2)
			(void)crypto_pool_take(p, &r);
		crypto_pool_free(p);
	}
	crypto_pool_free(NULL);
}

/* ---- threads that do not start ---- */

static unsigned may_start = 100;

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *ctx);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *ctx);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *ctx)
{
	if (!may_start)
		return EAGAIN;
	may_start--;
	return __real_pthread_create(t, a, f, ctx);
}

static void fewer_threads_do_as_well_and_none_is_an_error(void **state)
{
	struct ike_work w = some(0);
	struct ike_worked r;
	sigset_t before, after;

	(void)state;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	may_start = 0;
	pool = NULL;
	assert_int_equal(crypto_pool_new(4, &pool), -EAGAIN);
	assert_null(pool);
	may_start = 1;
	assert_int_equal(crypto_pool_new(4, &pool), 0);
	assert_int_equal(may_start, 0);
	may_start = 100;
	assert_int_equal(crypto_pool_put(pool, &w, NULL, NULL), 0);
	take(&r);
	assert_int_equal(r.err, 0);
	/* the caller goes on hearing signals */
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int s = 1; s < 32; s++)
		assert_int_equal(sigismember(&after, s), sigismember(&before, s));
}

/* ---- the order ---- */

static bool refuse_priority;

int __real_setpriority(int which, id_t who, int prio);
int __wrap_setpriority(int which, id_t who, int prio);
int __wrap_setpriority(int which, id_t who, int prio)
{
	if (!refuse_priority)
		return __real_setpriority(which, who, prio);
	errno = EPERM;
	return -1;
}

/* What has this id is not done before the gate is open. */
#define GATED 1000
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

void __real_ike_work_do(const struct ike_env *env, struct ike_crypto *c, const struct ike_work *w,
			struct ike_worked *ret);
void __wrap_ike_work_do(const struct ike_env *env, struct ike_crypto *c, const struct ike_work *w,
			struct ike_worked *ret);
void __wrap_ike_work_do(const struct ike_env *env, struct ike_crypto *c, const struct ike_work *w,
			struct ike_worked *ret)
{
	if (w->id == GATED) {
		pthread_mutex_lock(&gate);
		pthread_mutex_unlock(&gate);
	}
	__real_ike_work_do(env, c, w, ret);
}

/* Strangers and who is known in turn, each in their order. */
static void nobody_waits_behind_all_of_the_others(void **state)
{
	static const uint64_t want[] = { GATED, 8, 1, 9, 2, 10, 3, 4, 5, 6, 7 };
	struct ike_work w = { .id = GATED, .kind = IKE_WORK_PAIR, .group = 1 };
	struct ike_worked r;

	(void)state;
	assert_int_equal(crypto_pool_new(1, &pool), 0);
	assert_int_equal(crypto_pool_priority(pool), 0);
	pthread_mutex_lock(&gate);
	assert_int_equal(crypto_pool_put(pool, &w, NULL, NULL), 0);
	for (w.id = 1; w.id <= 10; w.id++) {
		w.known = w.id > 7;
		assert_int_equal(crypto_pool_put(pool, &w, NULL, NULL), 0);
	}
	pthread_mutex_unlock(&gate);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		take(&r);
		assert_int_equal(r.id, want[i]);
	}
}

/* They work nevertheless; it is said. */
static void threads_that_cannot_step_back_are_told_of(void **state)
{
	struct ike_work w = some(0);
	struct ike_worked r;

	(void)state;
	refuse_priority = true;
	assert_int_equal(crypto_pool_new(4, &pool), 0);
	refuse_priority = false;
	assert_int_equal(crypto_pool_priority(pool), -EPERM);
	assert_int_equal(crypto_pool_put(pool, &w, NULL, NULL), 0);
	take(&r);
	assert_int_equal(r.err, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_job_comes_back_once_and_right, setup, teardown),
		cmocka_unit_test_setup_teardown(secrets_meet, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_outlive_their_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_key_it_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(it_has_a_bound, setup, teardown),
		cmocka_unit_test(it_goes_at_any_time),
		cmocka_unit_test_teardown(nobody_waits_behind_all_of_the_others, teardown),
		cmocka_unit_test_teardown(threads_that_cannot_step_back_are_told_of, teardown),
		cmocka_unit_test_teardown(fewer_threads_do_as_well_and_none_is_an_error, teardown),
	};

	here = ike_crypto_new();
	pki = pki_new();
	if (!here || !pki || pki_key_generate(pki, 1024, &key))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	pki_key_free(key);
	pki_free(pki);
	ike_crypto_free(here);
	return failed;
}
