/* SPDX-License-Identifier: Apache-2.0 */
#include "host/steer.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/wr.h"
#include "host/ipv6.h"
#include "host/nft.h"
#include "host/steer_diff.h"

/* Of a mark: there is a table of IPv6. */
#define MARK_SIX 1u
/* And of one that is no hash: what is in force is not known, but something is. */
#define MARK_SOME 2u

static uint64_t six_of(const struct steer_if *v, size_t n)
{
	return steer_has(v, n, IP_V6) && ipv6_there() ? MARK_SIX : 0;
}

/* A line without what lies between its fields. */
static uint64_t line_hash(uint64_t before, const struct steer_line *l)
{
	const struct selector *s = &l->sel;
	const uint64_t seed[2] = { 0x63756c76657274, before };
	uint8_t b[96];
	struct wr w = wr_of(b, sizeof(b));

	wr_be32(&w, l->map_seq);
	wr_u8(&w, l->permit);
	for (int remote = 0; remote < 2; remote++) {
		const struct addr_match *m = remote ? &s->remote : &s->local;
		const struct port_match *p = remote ? &s->remote_port : &s->local_port;

		wr_u8(&w, m->addr.family);
		wr_bytes(&w, m->addr.b, sizeof(m->addr.b));
		wr_bytes(&w, m->wild, sizeof(m->wild));
		wr_u8(&w, p->op);
		wr_be16(&w, p->lo);
		wr_be16(&w, p->hi);
	}
	wr_u8(&w, s->proto);
	return hash_bytes(seed, b, wr_len(&w));
}

/* Of all that steer_ruleset() makes its text of, and of the state of nftables after it was loaded:
 * to say what a thousand lines are takes as long as to load some of them. */
static uint64_t mark_of(const struct steer_if *v, size_t n, uint32_t generation)
{
	uint64_t h = ipv6_there();

	for (size_t i = 0; i < n; i++) {
		const uint64_t seed[2] = { generation, h };
		struct txt t = TXT_INIT;

		txt_printf(&t, "%d %u %u %s %s %u %u %u %d %u", v[i].any_device, v[i].slot, v[i].ifindex, v[i].device, v[i].tun,
			   v[i].tun_ifindex, v[i].adjust_mss, v[i].adjust_mss6, v[i].closed, v[i].families);
		h = hash_bytes(seed, txt_cstr(&t), t.len);
		if (t.bad)
			return 0;
		txt_fini(&t);
		for (size_t k = 0; k < v[i].n_lines; k++)
			h = line_hash(h, &v[i].lines[k]);
	}
	const uint64_t seed[2] = { generation, n };

	return (hash_bytes(seed, &h, sizeof(h)) & ~7ull) | 4 | six_of(v, n);
}

static int load(const struct steer_if *v, size_t n, const struct steer_plan *p,
		const struct steer_counts *counts, struct txt *why)
{
	struct txt t = TXT_INIT;
	int err;

	steer_text(v, n, p, counts, &t);
	err = t.bad ? -ENOMEM : nft_load(txt_cstr(&t), why);
	txt_fini(&t);
	return err;
}

/* From the best form to the one that always fits. *ret_loaded: one of them, *ret_form, is in
 * force now. */
static int load_some_form(const struct steer_if *v, size_t n, const struct steer_runs *runs, struct txt *why,
			  bool *ret_loaded, enum steer_form *ret_form)
{
	struct steer_counts counts = { 0 };
	enum steer_form form = STEER_FULL;
	struct txt first = TXT_INIT;
	int err;

	(void)steer_counts(&counts);
	for (;; form++) {
		const struct steer_plan p = { form, runs, true };
		struct txt said = TXT_INIT;

		err = load(v, n, &p, &counts, form == STEER_FULL ? &first : &said);
		txt_fini(&said);
		if (err != -EINVAL || form == STEER_CLOSED)
			break;
	}
	*ret_loaded = !err;
	*ret_form = form;
	if (err || form == STEER_CLOSED)
		txt_str(why, txt_cstr(&first));
	if (!err && form == STEER_CLOSED) {
		txt_str(why, " - nothing but IPsec leaves there now");
		err = -EINVAL;
	}
	txt_fini(&first);
	return err;
}

static int apply_ruleset(const struct steer_if *v, size_t n, struct steer_stand *stand, uint64_t *mark, struct txt *why)
{
	uint32_t before, after, steps = 1;
	bool known = nft_generation(&before) == 0, loaded = true;
	enum steer_form form = stand->form;
	struct steer_runs *runs;
	int err;

	if (known && *mark && *mark == mark_of(v, n, before))
		return 0;
	runs = steer_runs_all(v, n);
	if (!runs)
		return -ENOMEM;
	err = known && *mark && stand->generation == before ? steer_diff_apply(stand, v, n, runs, &steps) : -EALREADY;
	if (err) {
		steps = 1;
		err = load_some_form(v, n, runs, why, &loaded, &form);
	}
	/* so many steps were ours; if there were more, somebody else was there as well, and
	 * the next time finds out what is left */
	known = known && nft_generation(&after) == 0 && after == before + steps;
	/* closed is in force too: our own change of nftables is no reason to try again */
	*mark = !loaded ? 0 : known ? mark_of(v, n, after) : MARK_SOME | six_of(v, n);
	if (loaded && known) {
		steer_stand_set(stand, v, n, form, runs, after);
	} else {
		steer_stand_clear(stand);
		steer_runs_free(runs, n);
	}
	return err;
}

/* What a slot has of one family: the rule for its mark, and a table with a way to the TUN and one to
 * nowhere. */
struct way {
	struct nl_rule rule;
	struct nl_route tun, last;
};

static struct way way_of(enum ip_family f, uint32_t slot, uint32_t tun_ifindex)
{
	uint32_t table = STEER_TABLE_BASE + slot;
	struct way w = { .rule = { (uint8_t)f, STEER_MARK_BASE + slot, table, table },
			 .tun = { .table = table, .ifindex = tun_ifindex },
			 .last = { .table = table, .metric = UINT32_MAX, .unreachable = true } };

	if (f == IP_V6)
		w.tun.dst.family = w.last.dst.family = IP_V6;
	return w;
}

/* The routing half: marked packets go to the TUN, or, without it, nowhere. */
static int apply_way(struct nl *nl, enum ip_family family, const struct steer_if *f, struct txt *why)
{
	struct way w = way_of(family, f->slot, f->tun_ifindex);
	int err, tun_err = 0;

	err = nl_route_add(nl, &w.last);
	if (f->tun_ifindex)
		tun_err = nl_route_add(nl, &w.tun);
	if (!err)
		err = nl_rule_add(nl, &w.rule);
	if (!err)
		err = tun_err;
	if (err)
		txt_printf(why, "routing table %u of %s: %s ", w.last.table, f->device,
			   strerror(-err));
	return err;
}

static void forget_way(struct nl *nl, enum ip_family f, uint32_t slot)
{
	struct way w = way_of(f, slot, 0);

	(void)nl_rule_del(nl, &w.rule);
	(void)nl_route_del(nl, &w.tun);
	(void)nl_route_del(nl, &w.last);
}

static int apply_routes(struct nl *nl, const struct steer_if *f, struct txt *why)
{
	int err = apply_way(nl, IP_V4, f, why), err6 = 0;

	/* where a kernel has no IPv6 there is nothing to steer */
	if (steer_has(f, 1, IP_V6) && ipv6_there())
		err6 = apply_way(nl, IP_V6, f, why);
	return err ? err : err6;
}

struct stale {
	bool slot[2][STEER_SLOTS]; /* IPv4's, IPv6's */
};

static void note_rule(void *ctx, const struct nl_rule *r)
{
	struct stale *s = ctx;
	uint32_t slot = r->table - STEER_TABLE_BASE;

	if (r->table >= STEER_TABLE_BASE && slot < STEER_SLOTS && r->mark == STEER_MARK_BASE + slot)
		s->slot[r->family == IP_V6][slot] = true;
}

/* Slots that an earlier process left and nobody wants any more. */
static void forget_others(struct nl *nl, const struct steer_if *v, size_t n)
{
	struct stale s = { { { false } } };

	if (nl_rules(nl, note_rule, &s))
		return;
	for (size_t i = 0; i < n; i++) {
		if (v[i].any_device)
			continue;
		s.slot[0][v[i].slot] = false;
		if (steer_has(&v[i], 1, IP_V6))
			s.slot[1][v[i].slot] = false;
	}
	for (uint32_t i = 0; i < STEER_SLOTS; i++) {
		if (s.slot[0][i])
			forget_way(nl, IP_V4, i);
		if (s.slot[1][i])
			forget_way(nl, IP_V6, i);
	}
}

int steer_apply(struct nl *nl, const struct steer_if *v, size_t n, struct steer_stand *stand, uint64_t *mark,
		struct txt *why)
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
	r = apply_ruleset(v, n, stand, mark, why);
	if (!r)
		forget_others(nl, v, n);
	return r ? r : err;
}

void steer_forget(struct nl *nl, uint32_t slot)
{
	forget_way(nl, IP_V4, slot);
	forget_way(nl, IP_V6, slot);
}

int steer_remove(void)
{
	struct txt why = TXT_INIT;
	int err = nft_load(ipv6_there() ? "table ip culvert {}\ndelete table ip culvert\n"
					  "table ip6 culvert {}\ndelete table ip6 culvert\n" :
					  "table ip culvert {}\ndelete table ip culvert\n",
			   &why);

	txt_fini(&why);
	return err;
}

static int counts_of(enum ip_family f, struct steer_counts *ret)
{
	struct steer_counts c;
	int err = nft_counter(f, "culvert", "guard_drops", &c.guard_packets, &c.guard_bytes);

	if (!err)
		err = nft_counter(f, "culvert", "mirror_drops", &c.mirror_packets, &c.mirror_bytes);
	if (!err)
		*ret = c;
	return err;
}

bool steer_stands(uint64_t mark)
{
	struct steer_counts c;

	return !mark || (!counts_of(IP_V4, &c) && (!(mark & MARK_SIX) || !counts_of(IP_V6, &c)));
}

int steer_counts(struct steer_counts *ret)
{
	struct steer_counts c = { 0 }, six = { 0 };
	int err = counts_of(IP_V4, &c);

	if (err)
		return err;
	(void)counts_of(IP_V6, &six); /* there is none where nothing is of IPv6 */
	*ret = (struct steer_counts){ c.guard_packets + six.guard_packets, c.guard_bytes + six.guard_bytes,
				      c.mirror_packets + six.mirror_packets,
				      c.mirror_bytes + six.mirror_bytes };
	return 0;
}

void steer_counts_clear(void)
{
	struct steer_counts six;
	struct txt t = TXT_INIT, why = TXT_INIT;

	txt_str(&t, "reset counter ip culvert guard_drops\nreset counter ip culvert mirror_drops\n");
	if (!counts_of(IP_V6, &six))
		txt_str(&t, "reset counter ip6 culvert guard_drops\nreset counter ip6 culvert mirror_drops\n");
	if (!t.bad)
		(void)nft_load(txt_cstr(&t), &why);
	txt_fini(&t);
	txt_fini(&why);
}
