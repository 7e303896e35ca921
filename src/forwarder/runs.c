/* SPDX-License-Identifier: Apache-2.0 */
/* Outbound beside other workers: the packets of a batch get their numbers in runs, one for each
 * SA (ipsec/numbers.h), and wait with them until they may leave. */
#include "forwarder/internal.h"

/* Flushes after one that met others on its SA. */
#define CROWDED 64

/* Of all workers one can be a run behind, and nobody waits; in whole lanes of the crypto where it can be. Where
 * nobody else was on its way lately there is nobody to wait for, and a run may be a window long. */
static size_t run_max(const struct forwarder *f)
{
	size_t n = f->crowded ? PEER_WINDOW / f->all->n : PEER_WINDOW;

	return n >= 16 ? n / 16 * 16 : n;
}

static struct sa_run *run_of(struct forwarder *f, struct sa *sa)
{
	for (size_t i = f->n_runs; i > 0; i--)
		if (f->run[i - 1].sa == sa)
			return &f->run[i - 1];
	return NULL;
}

bool runs_add(struct forwarder *f, struct sa *sa, struct pkt *p)
{
	size_t text = later_has_out(f) ? 0 : esp_text_of(sa, p);
	struct sa_run *r;

	if (!text) {
		later_out(f, sa->owner, p);
		return false;
	}
	r = run_of(f, sa);
	if (r && r->n >= run_max(f)) {
		esp_out_flush(f);
		r = NULL;
		if (later_has_out(f)) { /* those before it did not get their numbers */
			later_out(f, sa->owner, p);
			return false;
		}
	}
	if (!r) {
		r = &f->run[f->n_runs++];
		*r = (struct sa_run){ .sa = sa };
	}
	r->n++;
	r->bytes += p->len;
	r->text += text;
	f->run_of[f->out.n] = (uint8_t)(r - f->run);
	return true;
}

void runs_reserve(struct forwarder *f)
{
	uint64_t next[BATCH_MAX];
	size_t kept = 0;

	for (size_t i = 0; i < f->n_runs; i++) {
		struct sa_run *r = &f->run[i];

		next[i] = sa_reserve(r, f->id, f->now_ms) ? r->first : 0;
	}
	for (size_t i = 0; i < f->out.n; i++) {
		struct pkt *p = f->out.p[i];
		uint64_t *number = &next[f->run_of[i]];

		if (!*number) {
			later_out(f, ((struct sa *)p->sa)->owner, p);
			continue;
		}
		p->number = (*number)++;
		f->out.p[kept++] = p;
	}
	f->out.n = kept;
	f->esp.numbered = true;
}

/* By the address of the SA. Not by qsort(): that of glibc asks sysinfo(2) how much memory there is, which
 * the filter of this process does not allow, and a batch's runs are few. */
static void sort_runs(struct sa_run *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct sa_run r = v[i];
		size_t k = i;

		for (; k && (uintptr_t)v[k - 1].sa > (uintptr_t)r.sa; k--)
			v[k] = v[k - 1];
		v[k] = r;
	}
}

static void wait_to_send(const struct forwarder *f, const struct sa_run *r)
{
	for (unsigned turn = 0; !sa_may_send(r, f->id, f->all->n); turn++)
		worker_relax(turn);
}

static bool all_may_send(const struct forwarder *f)
{
	for (size_t i = 0; i < f->n_runs; i++)
		if (f->run[i].first && !sa_may_send(&f->run[i], f->id, f->all->n))
			return false;
	return true;
}

static void end(struct forwarder *f, const struct sa_run *r)
{
	sa_sent(r, f->id);
	if (r->due & ~r->sa->told)
		later_life(f, r->sa);
}

/* One after the other all workers go through their SAs in the same order: nobody waits for one
 * SA and holds another that whom he waits for is waiting for. */
static void send_in_order(struct forwarder *f, void (*send)(struct forwarder *f, const struct sa *only))
{
	sort_runs(f->run, f->n_runs);
	for (size_t i = 0; i < f->n_runs; i++) {
		if (!f->run[i].first)
			continue;
		wait_to_send(f, &f->run[i]);
		send(f, f->run[i].sa);
		end(f, &f->run[i]);
	}
}

void runs_send(struct forwarder *f, void (*send)(struct forwarder *f, const struct sa *only))
{
	f->esp.numbered = false;
	if (f->crowded)
		f->crowded--;
	if (all_may_send(f)) {
		send(f, NULL);
		for (size_t i = 0; i < f->n_runs; i++)
			if (f->run[i].first)
				end(f, &f->run[i]);
	} else {
		f->crowded = CROWDED;
		f->waits++;
		send_in_order(f, send);
	}
	f->n_runs = 0;
}
