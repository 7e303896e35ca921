/* SPDX-License-Identifier: Apache-2.0 */
#include "host/steer_diff.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "host/nft_batch.h"

#define CHANGES_MAX 256 /* elements; beyond, a whole load is not much slower */

/* All of it but what the sets hold and what was counted. 0: it cannot be said. */
static uint64_t frame_of(const struct steer_if *v, size_t n, enum steer_form form, const struct steer_runs *runs)
{
	static const uint64_t seed[2] = { 0x6672616d65, 0x63756c76657274 };
	const struct steer_plan p = { form, runs, false };
	struct txt t = TXT_INIT;
	uint64_t h;

	steer_text(v, n, &p, NULL, &t);
	h = t.bad ? 0 : hash_bytes(seed, txt_cstr(&t), t.len) | 1;
	txt_fini(&t);
	return h;
}

void steer_stand_set(struct steer_stand *s, const struct steer_if *v, size_t n, enum steer_form form,
		     struct steer_runs *runs, uint32_t generation)
{
	steer_stand_clear(s);
	*s = (struct steer_stand){ .generation = generation, .form = form, .n = n, .runs = runs,
				   .frame = frame_of(v, n, form, runs) };
}

void steer_stand_clear(struct steer_stand *s)
{
	steer_runs_free(s->runs, s->n);
	*s = (struct steer_stand){ 0 };
}

/* Those of a that b has not; both are sorted. */
static void put_missing(struct nft_batch *out, const struct steer_run *a, const struct steer_run *b, size_t len)
{
	size_t k = 0;

	for (size_t i = 0; i < a->n; i++) {
		while (k < b->n && steer_range_compare(&b->v[k], &a->v[i]) < 0)
			k++;
		if (k == b->n || steer_range_compare(&b->v[k], &a->v[i]) != 0)
			nft_batch_range(out, &a->v[i], len);
	}
}

/* What goes makes room for what comes: they may overlap. */
static void put_run(struct nft_batch *out, const struct steer_runs *r, const struct steer_run *was, const struct steer_run *is)
{
	size_t len = r->family == IP_V6 ? 16 : 4;
	struct txt name = TXT_INIT;

	steer_run_name(&name, r, is);
	nft_batch_set(out, NFT_BATCH_DEL, r->family, "culvert", txt_cstr(&name));
	put_missing(out, was, is, len);
	nft_batch_set(out, NFT_BATCH_ADD, r->family, "culvert", txt_cstr(&name));
	put_missing(out, is, was, len);
	txt_fini(&name);
}

int steer_diff_apply(const struct steer_stand *s, const struct steer_if *v, size_t n, const struct steer_runs *runs,
		     uint32_t *ret_steps)
{
	struct nft_batch *b;
	int err;

	if (!s->frame || s->form > STEER_NO_LOG || s->n != n || frame_of(v, n, s->form, runs) != s->frame)
		return -EALREADY;
	b = nft_batch_new(s->generation, CHANGES_MAX);
	if (!b)
		return -ENOMEM;
	/* the frames are equal, and so are the names of the sets and their order */
	for (size_t i = 0; i < 2 * n; i++)
		for (size_t k = 0; k < runs[i].n; k++)
			put_run(b, &runs[i], &s->runs[i].v[k], &runs[i].v[k]);
	err = nft_batch_run(b, ret_steps);
	nft_batch_free(b);
	return err;
}
