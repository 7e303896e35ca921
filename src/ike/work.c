/* SPDX-License-Identifier: Apache-2.0 */
/* Public-key work: what takes milliseconds, while a message takes microseconds. Where the
 * environment wants it (`defer`), it is done elsewhere: a handler of a message asks here, gets
 * -EINPROGRESS and returns that, having changed nothing. The message is parked with its
 * exchange. When the result is there, the handler runs again from its beginning, and what it
 * asked for has an answer. So the order of a handler's steps is what it is without all this.
 *
 * What must not happen twice looks at that: a second run draws no other nonce
 * (work_nonce()), verifies no signature again (work_verified()) and writes no line
 * that stands in the log already (work_is_quiet()). If the configuration is another one
 * meanwhile, nothing is taken for verified, and no line for written; if our keys are others, what was
 * made with them is thrown away. A Diffie-Hellman value is one under any configuration, if it is
 * asked for again.
 *
 * A result belongs to an id. When an exchange ends, its message is wiped, but its place is
 * taken until the result is there: or whoever begins and ends exchanges could have as much work
 * done as he likes, and everybody else would wait behind it. */
#include "ike/work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

struct work_step {
	struct ike_work ask;
	struct ike_worked got;
	bool done;
};

/* ---- doing it ---- */

static int do_pair(struct ike_crypto *c, const struct ike_work *w, struct ike_worked *r)
{
	struct ike_dh *dh = NULL;
	int err = ike_dh_new(c, w->group, w->seed, &dh);

	if (!err) {
		struct span pub = ike_dh_public(dh);

		memcpy(r->out[0], pub.p, pub.len);
		r->len[0] = pub.len;
	}
	ike_dh_free(dh);
	return err;
}

static int do_shared(struct ike_crypto *c, const struct ike_work *w, struct ike_worked *r)
{
	struct ike_dh *dh = NULL;
	int err = ike_dh_load(c, w->group, w->seed, &dh);

	if (!err)
		err = ike_dh_shared(dh, span_of(w->in[0], w->len[0]), r->out[1]);
	if (!err)
		r->len[1] = ike_dh_secret_len(w->group);
	ike_dh_free(dh);
	return err;
}

static int do_open(const struct ike_env *env, const struct ike_work *w, struct ike_worked *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < 2; i++)
		err = env->open(env->ctx, span_of(w->in[i], w->len[i]), w->min[i], w->max[i], r->out[i],
				&r->len[i]);
	return err;
}

void ike_work_do(const struct ike_env *env, struct ike_crypto *c, const struct ike_work *w,
		 struct ike_worked *ret)
{
	*ret = (struct ike_worked){ .id = w->id };
	switch (w->kind) {
	case IKE_WORK_PAIR:
		ret->err = do_pair(c, w, ret);
		break;
	case IKE_WORK_SHARED:
		ret->err = do_shared(c, w, ret);
		break;
	case IKE_WORK_ANSWER: /* a value that is none costs no key pair */
		ret->err = do_shared(c, w, ret);
		if (!ret->err)
			ret->err = do_pair(c, w, ret);
		break;
	case IKE_WORK_SIGN:
		ret->err = env->sign(env->ctx, span_of(w->in[0], w->len[0]), ret->out[0], &ret->len[0]);
		break;
	case IKE_WORK_OPEN:
		ret->err = do_open(env, w, ret);
		break;
	}
}

/* ---- the steps of one message ---- */

static void step_free(struct work_step *s)
{
	secret_free(s, sizeof(*s));
}

static void cut(struct work *w, size_t from)
{
	while (w->n > from) {
		step_free(w->steps[--w->n]);
		w->steps[w->n] = NULL;
	}
}

void work_fini(struct work *w)
{
	cut(w, 0);
	span_free(&w->d);
	secret_wipe(w, sizeof(*w));
}

struct work *work_enter(struct ike *k, struct work *w)
{
	struct work *outer = k->work;

	w->at = w->most = 0;
	k->work = w;
	return outer;
}

void work_leave(struct ike *k, struct work *outer)
{
	k->work = outer;
}

void work_used(struct ike *k)
{
	if (k->work) {
		cut(k->work, 0);
		k->work->at = k->work->most = 0;
	}
}

void work_keep(struct ike *k)
{
	if (k->work && k->work->at)
		k->work->at--;
}

bool work_repeats(const struct ike *k)
{
	return k->work && k->work->at < k->work->n;
}

bool work_is_quiet(const struct ike *k)
{
	return k->work && !k->work->anew && k->work->most < k->work->n;
}

bool work_verified(const struct ike *k)
{
	return k->work && k->work->verified;
}

void work_note_verified(struct ike *k)
{
	if (k->work)
		k->work->verified = true;
}

void work_nonce(struct ike *k, uint8_t *n, size_t len)
{
	struct work *w = k->work;

	if (!w || w->nonce_len != len)
		k->env.random(k->env.ctx, n, len);
	else
		memcpy(n, w->nonce, len);
	if (w) {
		memcpy(w->nonce, n, len);
		w->nonce_len = len;
	}
}

/* The same question, but for the id and a seed that was drawn for it. */
static bool same(const struct ike_work *a, const struct ike_work *b)
{
	if (a->kind != b->kind || a->group != b->group)
		return false;
	if (a->kind == IKE_WORK_SHARED && !secret_equal(a->seed, b->seed, sizeof(a->seed)))
		return false;
	for (size_t i = 0; i < 2; i++)
		if (a->len[i] != b->len[i] || memcmp(a->in[i], b->in[i], a->len[i]) != 0)
			return false;
	return true;
}

/* The step's answer is in *ret (valid until the handler returns), and its question, which
 * has a seed now, in *ask. */
static int step(struct ike *k, struct ike_work *ask, struct ike_worked *here, const struct ike_worked **ret)
{
	struct work *w = k->work;
	bool draws = ask->kind == IKE_WORK_PAIR || ask->kind == IKE_WORK_ANSWER;

	if (w && w->at < w->n && !(w->steps[w->at]->done && same(&w->steps[w->at]->ask, ask)))
		cut(w, w->at);
	if (w && w->at < w->n) {
		struct work_step *s = w->steps[w->at++];

		w->most = w->at > w->most ? w->at : w->most;
		memcpy(ask->seed, s->ask.seed, sizeof(ask->seed));
		*ret = &s->got;
		return s->got.err;
	}
	if (draws)
		k->env.random(k->env.ctx, ask->seed, ike_dh_seed_len(ask->group));
	if (!w || !k->env.defer || w->n == WORK_STEPS) {
		ike_work_do(&k->env, k->crypto, ask, here);
		*ret = here;
		return here->err;
	}
	struct work_step *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->ask = *ask;
	w->steps[w->n++] = s;
	w->at = w->most = w->n;
	return -EINPROGRESS;
}

int work_pair(struct ike *k, unsigned group, struct span *seed, struct span *pub)
{
	struct ike_work ask = { .kind = IKE_WORK_PAIR, .group = (uint16_t)group };
	struct ike_worked here;
	const struct ike_worked *r;
	int err = ike_dh_seed_len(group) ? step(k, &ask, &here, &r) : -EINVAL;

	if (!err && (!span_dup(span_of(ask.seed, ike_dh_seed_len(group)), seed) ||
		     !span_dup(span_of(r->out[0], r->len[0]), pub)))
		err = -ENOMEM;
	secret_wipe(&ask, sizeof(ask));
	secret_wipe(&here, sizeof(here));
	return err;
}

int work_shared(struct ike *k, unsigned group, struct span seed, struct span peer, uint8_t *out)
{
	struct ike_work ask = { .kind = IKE_WORK_SHARED, .group = (uint16_t)group };
	struct ike_worked here;
	const struct ike_worked *r;
	int err;

	if (peer.len != ike_dh_len(group) || seed.len != ike_dh_seed_len(group))
		return -EINVAL;
	memcpy(ask.seed, seed.p, seed.len);
	memcpy(ask.in[0], peer.p, peer.len);
	ask.len[0] = peer.len;
	err = step(k, &ask, &here, &r);
	if (!err)
		memcpy(out, r->out[1], r->len[1]);
	secret_wipe(&ask, sizeof(ask));
	secret_wipe(&here, sizeof(here));
	return err;
}

int work_answer(struct ike *k, unsigned group, struct span peer, struct span *pub, uint8_t *out)
{
	struct ike_work ask = { .kind = IKE_WORK_ANSWER, .group = (uint16_t)group };
	struct ike_worked here;
	const struct ike_worked *r;
	int err;

	if (!ike_dh_len(group) || peer.len != ike_dh_len(group))
		return -EINVAL;
	memcpy(ask.in[0], peer.p, peer.len);
	ask.len[0] = peer.len;
	err = step(k, &ask, &here, &r);
	if (!err && !span_dup(span_of(r->out[0], r->len[0]), pub))
		err = -ENOMEM;
	if (!err)
		memcpy(out, r->out[1], r->len[1]);
	secret_wipe(&ask, sizeof(ask));
	secret_wipe(&here, sizeof(here));
	return err;
}

int work_sign(struct ike *k, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	struct ike_work ask = { .kind = IKE_WORK_SIGN, .len = { hash.len } };
	struct ike_worked here;
	const struct ike_worked *r;
	int err;

	if (!k->env.sign)
		return -ENOKEY;
	memcpy(ask.in[0], hash.p, hash.len);
	err = step(k, &ask, &here, &r);
	if (!err) {
		memcpy(sig, r->out[0], r->len[0]);
		*ret_len = r->len[0];
	}
	return err;
}

int work_open(struct ike *k, const struct work_sealed v[2], struct span ret[2])
{
	struct ike_work ask = { .kind = IKE_WORK_OPEN };
	struct ike_worked here;
	const struct ike_worked *r;
	int err;

	for (size_t i = 0; i < 2; i++) {
		if (v[i].sealed.len > sizeof(ask.in[i]))
			return -EBADMSG;
		memcpy(ask.in[i], v[i].sealed.p, v[i].sealed.len);
		ask.len[i] = v[i].sealed.len;
		ask.min[i] = v[i].min;
		ask.max[i] = v[i].max;
	}
	err = step(k, &ask, &here, &r);
	for (size_t i = 0; !err && i < 2; i++)
		if (!span_dup(span_of(r->out[i], r->len[i]), &ret[i]))
			err = -ENOMEM;
	secret_wipe(&here, sizeof(here));
	return err;
}

/* ---- parking ---- */

static struct work **place_of(struct ike_sa *sa, struct qm *q)
{
	return q ? &q->work : &sa->work;
}

int work_park(struct ike *k, struct work *w, struct ike_sa *sa, struct qm *q, const struct ike_path *path,
	      struct span d)
{
	struct work *p = malloc(sizeof(*p));
	int err = -ENOMEM;

	if (!p || (!w->d.p && d.len && !span_dup(d, &w->d)))
		goto out;
	err = 0;
	if (d.len)
		w->path = *path;
	else
		span_free(&w->d);
	w->known = q || sa->initiator || sa->known;
	struct ike_work *ask = &w->steps[w->n - 1]->ask;
	ask->id = ++k->next_work;
	ask->known = w->known;
	if (!act_work(k, ask)) { /* nobody would ever tell */
		err = -ENOMEM;
		goto out;
	}
	*p = *w;
	memset(w, 0, sizeof(*w));
	p->id = k->next_work;
	p->sa = sa;
	p->qm = q;
	p->quick = q;
	p->asked = q ? !q->initiator : !sa->initiator;
	p->config_no = k->config_no;
	p->keys_no = k->keys_no;
	p->anew = false;
	(void)htab_add(&k->index.works, &p->by_id, index_number(k, (uint32_t)p->id));
	k->n_work++;
	k->n_asked[p->known] += p->asked;
	*place_of(sa, q) = p;
	(q ? &q->flight : &sa->flight)->held = true;
	p = NULL;
out:
	free(p);
	return err;
}

static void leave_exchange(struct work *w)
{
	*place_of(w->sa, w->qm) = NULL;
	(w->qm ? &w->qm->flight : &w->sa->flight)->held = false;
}

static void leave_table(struct ike *k, struct work *w)
{
	htab_del(&k->index.works, &w->by_id);
	if (w->sa)
		k->n_work--;
	else
		k->n_orphans--;
	k->n_asked[w->known] -= w->asked;
}

void work_drop(struct ike *k, struct work *w)
{
	if (!w)
		return;
	k->n_work--;
	k->n_orphans++;
	leave_exchange(w);
	w->peer = peer_of_sa(w->sa);
	w->sa = NULL;
	w->qm = NULL;
	cut(w, 0);
	span_free(&w->d);
	secret_wipe(w->nonce, sizeof(w->nonce));
}

const struct work *work_orphan(const struct ike *k, const struct work *after)
{
	const struct hnode *h = after ? &after->by_id : NULL;

	if (!k->n_orphans)
		return NULL;
	while ((h = htab_walk(&k->index.works, h)))
		if (!hnode_entry(h, struct work, by_id)->sa)
			return hnode_entry(h, struct work, by_id);
	return NULL;
}

void work_too_late(struct ike_sa *sa)
{
	char addr[IPADDR_STRLEN];

	act_log(sa->k, &sa->path.remote, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of %s mode failed with peer at %s: %s",
		sa->aggressive ? "Aggressive" : "Main", ipaddr_ios(&sa->path.remote, addr), WORK_TOO_LATE);
	sa_end(sa, false, "%s", WORK_TOO_LATE);
}

void work_free_orphans(struct ike *k)
{
	struct hnode *h;

	while ((h = htab_walk(&k->index.works, NULL))) {
		struct work *w = hnode_entry(h, struct work, by_id);

		leave_table(k, w);
		free(w);
	}
}

/* What was made under another configuration. Keys are seldom others: routes that come and go with
 * tunnels apply it ten times a second, and a signature may have waited longer than that. */
static void make_anew(const struct ike *k, struct work *w)
{
	for (size_t i = 0; i < w->n && w->keys_no != k->keys_no; i++)
		if (w->steps[i]->ask.kind == IKE_WORK_SIGN || w->steps[i]->ask.kind == IKE_WORK_OPEN)
			cut(w, i);
	w->verified = false;
	w->anew = true;
}

static struct work *find(struct ike *k, uint64_t id)
{
	struct hnode *n = htab_first(&k->index.works, index_number(k, (uint32_t)id));

	for (; n; n = htab_next(n))
		if (hnode_entry(n, struct work, by_id)->id == id)
			return hnode_entry(n, struct work, by_id);
	return NULL;
}

void ike_worked(struct ike *k, uint64_t now_ms, const struct ike_worked *r)
{
	struct work *w = find(k, r->id);

	k->now_ms = now_ms;
	if (!w)
		return;
	leave_table(k, w);
	if (!w->sa) { /* its exchange is over */
		free(w);
		return;
	}
	k->debug_about.now = w->sa->path.remote;
	leave_exchange(w);
	w->steps[w->n - 1]->got = *r;
	w->steps[w->n - 1]->done = true;
	if (w->config_no != k->config_no)
		make_anew(k, w);
	if (w->qm)
		quick_again(w->qm, w);
	else
		phase1_again(w->sa, w);
	work_fini(w);
	free(w);
}
