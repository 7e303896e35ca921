/* SPDX-License-Identifier: Apache-2.0 */
#include "host/steer.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "host/nft.h"

/* Of the text as it would be loaded first, and of the state of nftables after that. */
static uint64_t mark_of(const struct steer_if *v, size_t n, uint32_t generation)
{
	const uint64_t seed[2] = { 0x63756c76657274, generation };
	struct txt t = TXT_INIT;
	uint64_t h;

	steer_ruleset(v, n, STEER_FULL, NULL, &t);
	h = hash_bytes(seed, txt_cstr(&t), t.len);
	h = t.bad ? 0 : h ? h : 1;
	txt_fini(&t);
	return h;
}

static int load(const struct steer_if *v, size_t n, enum steer_form form,
		const struct steer_counts *counts, struct txt *why)
{
	struct txt t = TXT_INIT;
	int err;

	steer_ruleset(v, n, form, counts, &t);
	err = t.bad ? -ENOMEM : nft_load(txt_cstr(&t), why);
	txt_fini(&t);
	return err;
}

/* From the best form to the one that always fits. *ret_loaded: one of them is in
 * force now. */
static int load_some_form(const struct steer_if *v, size_t n, struct txt *why, bool *ret_loaded)
{
	struct steer_counts counts = { 0 };
	enum steer_form form = STEER_FULL;
	struct txt first = TXT_INIT;
	int err;

	(void)steer_counts(&counts);
	for (;; form++) {
		struct txt said = TXT_INIT;

		err = load(v, n, form, &counts, form == STEER_FULL ? &first : &said);
		txt_fini(&said);
		if (err != -EINVAL || form == STEER_CLOSED)
			break;
	}
	*ret_loaded = !err;
	if (err || form == STEER_CLOSED)
		txt_str(why, txt_cstr(&first));
	if (!err && form == STEER_CLOSED) {
		txt_str(why, " - nothing but IPsec leaves there now");
		err = -EINVAL;
	}
	txt_fini(&first);
	return err;
}

static int apply_ruleset(const struct steer_if *v, size_t n, uint64_t *mark, struct txt *why)
{
	uint32_t before, after;
	bool known = nft_generation(&before) == 0, loaded;
	int err;

	if (known && *mark && *mark == mark_of(v, n, before))
		return 0;
	err = load_some_form(v, n, why, &loaded);
	/* one step was ours; if there were more, somebody else was there as well, and
	 * the next time finds out what is left */
	known = known && nft_generation(&after) == 0 && after == before + 1;
	/* closed is in force too: our own change of nftables is no reason to try again */
	*mark = !loaded ? 0 : known ? mark_of(v, n, after) : 1;
	return err;
}

/* The routing half: marked packets go to the TUN, or, without it, nowhere. */
static int apply_routes(struct nl *nl, const struct steer_if *f, struct txt *why)
{
	struct nl_route last = { .table = STEER_TABLE_BASE + f->slot, .metric = UINT32_MAX,
				 .unreachable = true };
	struct nl_route tun = { .table = last.table, .ifindex = f->tun_ifindex };
	struct nl_rule rule = { IP_V4, STEER_MARK_BASE + f->slot, last.table, last.table };
	int err, tun_err = 0;

	err = nl_route_add(nl, &last);
	if (f->tun_ifindex)
		tun_err = nl_route_add(nl, &tun);
	if (!err)
		err = nl_rule_add(nl, &rule);
	if (!err)
		err = tun_err;
	if (err)
		txt_printf(why, "routing table %u of %s: %s ", last.table, f->device,
			   strerror(-err));
	return err;
}

struct stale {
	bool slot[STEER_SLOTS];
};

static void note_rule(void *ctx, const struct nl_rule *r)
{
	struct stale *s = ctx;
	uint32_t slot = r->table - STEER_TABLE_BASE;

	if (r->table >= STEER_TABLE_BASE && slot < STEER_SLOTS && r->mark == STEER_MARK_BASE + slot)
		s->slot[slot] = true;
}

/* Slots that an earlier process left and nobody wants any more. */
static void forget_others(struct nl *nl, const struct steer_if *v, size_t n)
{
	struct stale s = { { false } };

	if (nl_rules(nl, note_rule, &s))
		return;
	for (size_t i = 0; i < n; i++)
		if (!v[i].any_device)
			s.slot[v[i].slot] = false;
	for (uint32_t i = 0; i < STEER_SLOTS; i++)
		if (s.slot[i])
			steer_forget(nl, i);
}

int steer_apply(struct nl *nl, const struct steer_if *v, size_t n, uint64_t *mark, struct txt *why)
{
	int err = 0, r;

	for (size_t i = 0; i < n; i++) {
		if (v[i].any_device)
			continue;
		if (v[i].slot >= STEER_SLOTS)
			return -EINVAL;
		/* whatever fails here, the guard is loaded all the same */
		r = apply_routes(nl, &v[i], why);
		if (!err)
			err = r;
	}
	r = apply_ruleset(v, n, mark, why);
	if (!r)
		forget_others(nl, v, n);
	return r ? r : err;
}

void steer_forget(struct nl *nl, uint32_t slot)
{
	struct nl_route last = { .table = STEER_TABLE_BASE + slot, .metric = UINT32_MAX,
				 .unreachable = true };
	struct nl_route tun = { .table = last.table };
	struct nl_rule rule = { IP_V4, STEER_MARK_BASE + slot, last.table, last.table };

	(void)nl_rule_del(nl, &rule);
	(void)nl_route_del(nl, &tun);
	(void)nl_route_del(nl, &last);
}

int steer_remove(void)
{
	struct txt why = TXT_INIT;
	int err = nft_load("table ip culvert {}\ndelete table ip culvert\n", &why);

	txt_fini(&why);
	return err;
}

int steer_counts(struct steer_counts *ret)
{
	struct steer_counts c;
	int err = nft_counter("culvert", "guard_drops", &c.guard_packets, &c.guard_bytes);

	if (!err)
		err = nft_counter("culvert", "mirror_drops", &c.mirror_packets, &c.mirror_bytes);
	if (!err)
		*ret = c;
	return err;
}

void steer_counts_clear(void)
{
	struct txt why = TXT_INIT;

	(void)nft_load("reset counter ip culvert guard_drops\nreset counter ip culvert mirror_drops\n",
		       &why);
	txt_fini(&why);
}
