/* SPDX-License-Identifier: Apache-2.0 */
/* The short ways of usual packets against the long ones, while SAs come, go and end, tables are
 * committed and path MTUs change. The router on the long way forgets between batches what it
 * knows of flows. Both get batches: what an SA that ends in one leaves to the next depends on
 * them. */
#include "two_ways.h"

#include <string.h>

enum { ROUNDS = 400 };

/* What both routers of a churn have been told. */
struct churn {
	struct variant v;
	struct router *a, *b; /* the long way is b's */
	struct selector sel;
	uint32_t last_id; /* of SAs; those that are gone included */
	uint16_t mtu;
	uint8_t df;
};

/* A new one, which may have little to live, or be for a few flows only. */
static void churn_add_sa(struct churn *c)
{
	uint64_t hard_bytes = rnd(3) ? UINT64_C(1) << 32 : 1 + rnd(20000);
	struct selector sel = c->sel;

	if (!rnd(3) && !c->v.gre)
		sel.remote = addr_match_v4(FAR | 2, 1);
	c->last_id++;
	add_sa(c->a, &c->v, c->last_id, &sel, hard_bytes);
	add_sa(c->b, &c->v, c->last_id, &sel, hard_bytes);
}

static void churn_del_sa(struct churn *c)
{
	struct fwd_msg m = { .type = FWD_SA_DEL, .u.id = rnd(2) ? c->last_id : 1 + rnd(c->last_id) };

	if (!sa_of(c->a, m.u.id))
		return;
	ask(c->a, &m);
	ask(c->b, &m);
}

/* What a table may hold besides, or instead. */
enum { T_PLAIN, T_SKIP, T_LINES, T_DOWN, T_PROTECT, T_NO_POLICY, T_KINDS };

/* Lines of access lists that are asked before the policy's. */
static void add_lines(struct router *r, const struct variant *v, struct fwd_policy pol, unsigned kind)
{
	pol.map_seq = 1;
	if (kind == T_SKIP) { /* one host, of which the policy has the other flows */
		pol.id = 9;
		pol.action = FWD_POLICY_SKIP;
		pol.sel.local = addr_match_v4(v->gre ? US : NEAR | 1, 0);
		add_policy(r, &pol);
		pol.id = 8;
		pol.action = FWD_POLICY_PROTECT;
		pol.sel.local = addr_match_v4(NEAR | 2, 0);
		if (!v->gre)
			add_policy(r, &pol);
	}
	for (uint32_t i = 0; kind == T_LINES && i < 30; i++) {
		pol.id = 100 + i;
		pol.action = i & 1 ? FWD_POLICY_SKIP : FWD_POLICY_PROTECT;
		pol.sel.local = addr_match_v4(0x0b000000 | i, 0);
		add_policy(r, &pol);
	}
}

static void commit(struct router *r, const struct churn *c, unsigned kind)
{
	struct fwd_policy pol = policy_of(&c->v);
	struct fwd_tunnel tun = tunnel_of(&c->v);

	pol.path_mtu = c->mtu;
	pol.df_bit = c->df;
	tun.up = kind != T_DOWN;
	tun.protect = kind == T_PROTECT;
	ask_for(r, FWD_TABLE_BEGIN);
	add_lines(r, &c->v, pol, kind);
	if (kind != T_NO_POLICY)
		add_policy(r, &pol);
	if (c->v.gre)
		add_tunnel(r, &tun);
	ask_for(r, FWD_TABLE_COMMIT);
	if (r == c->b)
		go_the_long_way(r);
}

static void churn_table(struct churn *c, unsigned kind)
{
	commit(c->a, c, kind);
	commit(c->b, c, kind);
}

static void churn_path(struct router *r, uint16_t mtu)
{
	struct policy *pol = policy_find(r->f, 1);

	if (!pol)
		return;
	pol->path_mtu = mtu;
	pmtu_apply(pol);
}

/* Some SAs are near their last number. */
static void churn_numbers(struct churn *c)
{
	for (uint32_t id = 1; id <= c->last_id; id++) {
		struct sa *x = sa_of(c->a, id);
		uint32_t seq = UINT32_MAX - rnd(80);

		if (x && !rnd(4) && seq > x->seq)
			x->seq = sa_of(c->b, id)->seq = seq;
	}
}

static void change(struct churn *c)
{
	switch (rnd(10)) {
	case 0:
	case 1:
		churn_add_sa(c);
		break;
	case 2:
		churn_del_sa(c);
		break;
	case 3:
		c->mtu = (uint16_t)(rnd(2) ? 1500 : 300 + rnd(1300));
		c->df = (uint8_t)rnd(3);
		churn_table(c, rnd(c->v.gre ? T_KINDS : T_PROTECT));
		break;
	case 4:
		c->mtu = (uint16_t)(rnd(2) ? 1500 : 600 + rnd(900));
		churn_path(c->a, c->mtu);
		churn_path(c->b, c->mtu);
		break;
	case 5:
		churn_numbers(c);
		break;
	case 6:
		churn_table(c, rnd(3) ? T_PLAIN : T_NO_POLICY);
		break;
	default: /* nothing */
		break;
	}
	/* without an SA and a line of a table there is none */
	assert_int_equal(!policy_find(c->a->f, 1), !policy_find(c->b->f, 1));
	if (!policy_find(c->a->f, 1))
		churn_table(c, T_PLAIN);
}

static void same_sas(const struct churn *c)
{
	for (uint32_t id = 1; id <= c->last_id; id++) {
		const struct sa *x = sa_of(c->a, id), *y = sa_of(c->b, id);

		assert_int_equal(!x, !y);
		if (!x)
			continue;
		assert_same_sa(x, y);
		assert_int_equal(x->path_mtu, y->path_mtu);
	}
}

static void churn(struct variant v)
{
	static struct store plain;
	struct churn c = { .v = v, .last_id = 1, .mtu = 1500 };
	size_t sent = 0;

	c.v.dir = SA_OUT;
	c.sel = policy_of(&c.v).sel;
	c.a = router_new(&c.v, false);
	c.b = router_new(&c.v, true);
	for (int round = 0; round < ROUNDS; round++) {
		c.a->out.n = c.b->out.n = 0;
		change(&c);
		assert_alike(c.a, c.b); /* what has waited */
		plain.n = 1 + rnd(BATCH_MAX);
		for (size_t i = 0; i < plain.n; i++)
			plain.len[i] = any_packet(plain.b[i], &c.v);
		memset(&c.b->f->cache, 0, sizeof(c.b->f->cache));
		feed(c.a, PORT_PLAIN, &plain, false);
		feed(c.b, PORT_PLAIN, &plain, false);
		assert_alike(c.a, c.b);
		same_sas(&c);
		for (size_t i = 0; i < c.a->out.n; i++)
			sent += c.a->out.port[i] == PORT_ESP;
	}
	assert_true(sent > ROUNDS);
	assert_true(c.last_id > ROUNDS / 10);
	router_free(c.a);
	router_free(c.b);
}

static void steered_packets_follow_what_changes(void **state)
{
	(void)state;
	with_seeds(churn, steered);
}

static void tunnelled_packets_follow_what_changes(void **state)
{
	(void)state;
	with_seeds(churn, tunnelled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steered_packets_follow_what_changes),
		cmocka_unit_test(tunnelled_packets_follow_what_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
