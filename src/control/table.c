/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder's table: the lists, the SPD, the tunnels. It is replaced whole, in one moment, and only
 * by another one: what a forwarder remembers of its flows is good for one table, so that a change that
 * concerns no packet leaves it alone. */
#include "control/table.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "control/internal.h"

typedef int say_fn(void *ctx, struct fwd_msg *m);

static int each_list(const struct control *c, say_fn *say, void *ctx)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->compiled.n_lists; i++) {
		const struct cfg_acl *acl = config_filter_list(c->config, c->compiled.lists[i]);
		struct fwd_msg m = { .type = FWD_ACL_ADD };

		m.u.acl.list = (uint16_t)(i + 1);
		memcpy(m.u.acl.name, c->compiled.lists[i], CFG_NAME_MAX);
		for (size_t k = 0; !err && k < acl->entries.n; k++) {
			m.u.acl.entry = *acl->entries.v[k];
			if (m.u.acl.entry.kind != ACE_REMARK)
				err = say(ctx, &m);
		}
	}
	return err;
}

static int each_policy(const struct control *c, say_fn *say, void *ctx)
{
	struct fwd_msg m = { 0 };
	int err = 0;

	for (size_t i = 0; !err && i < c->compiled.n_policies; i++) {
		const struct fwd_policy *p = &c->compiled.policies[i];

		m.type = FWD_POLICY_ADD;
		m.u.policy = *p;
		err = say(ctx, &m);
		if (err || !(p->acl_in | p->acl_out))
			continue;
		m.type = FWD_POLICY_ACL;
		m.u.policy_acl.policy_id = p->id;
		m.u.policy_acl.in = p->acl_in;
		m.u.policy_acl.out = p->acl_out;
		err = say(ctx, &m);
	}
	return err;
}

/* What stands between TABLE_BEGIN and TABLE_COMMIT. */
static int each_message(const struct control *c, say_fn *say, void *ctx)
{
	int err = each_list(c, say, ctx);

	if (!err)
		err = each_policy(c, say, ctx);
	for (size_t i = 0; !err && i < c->compiled.n_tunnels; i++) {
		struct fwd_msg m = { .type = FWD_TUNNEL_ADD };

		m.u.tunnel = c->compiled.tunnels[i];
		m.u.tunnel.trace = c->debug & EXEC_DEBUG_KEEPALIVE;
		err = say(ctx, &m);
	}
	return err;
}

/* ---- what it says ---- */

static int add_to_sum(void *ctx, struct fwd_msg *m)
{
	uint64_t *sum = ctx;
	const uint64_t seed[2] = { *sum, 0x7461626c65 };
	uint8_t buf[2048];
	struct wr w = wr_of(buf, sizeof(buf));

	m->seq = 0;
	fwd_encode(&w, m);
	if (w.bad)
		return -EMSGSIZE;
	*sum = hash_bytes(seed, buf, wr_len(&w));
	return 0;
}

/* Of every byte that the forwarder would be told; 0: it cannot be said. */
static uint64_t sum_of(const struct control *c)
{
	uint64_t sum = 1;

	return each_message(c, add_to_sum, &sum) ? 0 : sum | 1;
}

/* ---- sending it ---- */

struct sending {
	struct fwdlink *l;
	struct fwdlink_burst burst;
};

static int send_one(void *ctx, struct fwd_msg *m)
{
	struct sending *s = ctx;

	return fwdlink_burst(s->l, &s->burst, m);
}

int table_send(struct control *c)
{
	struct sending s = { .l = c->fwd };
	uint64_t sum = sum_of(c);
	int err, end;

	if (sum && sum == c->table_sum)
		return 0;
	c->table_sum = 0;
	err = fwdlink_simple(c->fwd, FWD_TABLE_BEGIN, 0);
	if (!err)
		err = each_message(c, send_one, &s);
	end = fwdlink_burst_end(c->fwd, &s.burst);
	if (!err)
		err = end;
	if (!err)
		err = fwdlink_simple(c->fwd, FWD_TABLE_COMMIT, 0);
	if (!err)
		c->table_sum = sum;
	return err;
}
