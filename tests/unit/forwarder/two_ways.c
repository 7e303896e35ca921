/* SPDX-License-Identifier: Apache-2.0 */
#include "two_ways.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SEED = 0x2545f491 };

const struct variant steered[N_VARIANTS] = {
	{ .cipher = CIPHER_AES_GCM },
	{ .cipher = CIPHER_AES_CBC },
	{ .cipher = CIPHER_AES_GCM, .port = { PORT_EQ, 2, 0 } },
};

const struct variant tunnelled[N_VARIANTS] = {
	{ .gre = true, .cipher = CIPHER_AES_GCM },
	{ .gre = true, .key = true, .cipher = CIPHER_AES_CBC, .mss = 1000 },
	{ .gre = true, .cipher = CIPHER_AES_GCM, .pmtud = true, .transport = true },
};

static uint64_t seed;

uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % n;
}

static void seed_with(uint32_t n)
{
	seed = n ^ 0x9e3779b97f4a7c15u;
	for (int i = 0; i < 8; i++)
		(void)rnd(1);
}

/* SEED in the environment: that one, to repeat what failed. */
static void seed_anew(void)
{
	static uint32_t nth;
	const char *again = getenv("SEED");
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	uint32_t n = (uint32_t)ts.tv_nsec ^ (uint32_t)ts.tv_sec << 8 ^ ++nth << 24;
	if (again)
		n = (uint32_t)strtoul(again, NULL, 0);
	print_message("SEED=%#x\n", n);
	seed_with(n);
}

void with_seeds(void (*f)(struct variant), const struct variant v[N_VARIANTS])
{
	for (size_t i = 0; i < N_VARIANTS; i++) {
		seed_with(SEED + (uint32_t)i);
		f(v[i]);
		seed_anew();
		f(v[i]);
	}
}

static size_t mem_recv(struct port *port, struct pool *pool, struct batch *b)
{
	struct router *r = ((struct mem_port *)(void *)port)->owner;

	for (; r->from < r->to; r->from++) {
		struct pkt *p = pkt_get(pool);

		assert_non_null(p);
		memcpy(p->data, r->in->b[r->from], r->in->len[r->from]);
		p->len = (uint32_t)r->in->len[r->from];
		(void)batch_add(b, p);
	}
	return b->n;
}

static size_t mem_send(struct port *port, struct batch *b)
{
	struct mem_port *m = (struct mem_port *)(void *)port;
	struct store *s = &m->owner->out;

	for (size_t i = 0; i < b->n; i++, s->n++) {
		assert_true(s->n < MAX_SENT && b->p[i]->len <= sizeof(s->b[0]));
		memcpy(s->b[s->n], b->p[i]->data, b->p[i]->len);
		s->len[s->n] = b->p[i]->len;
		s->port[s->n] = m->id;
	}
	return b->n;
}

static void mem_close(struct port *port)
{
	(void)port;
}

static const struct port_ops mem_ops = { mem_recv, mem_send, mem_close };

static uint64_t env_now(void *ctx)
{
	(void)ctx;
	return 1000;
}

static void env_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 0x5a, n);
}

static int env_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	struct router *r = ctx;

	close(fd);
	*ret_port = &r->ports[desc->id - 1].port;
	return 0;
}

static bool env_control(void *ctx, const struct fwd_msg *m)
{
	if (m->type == FWD_RESULT)
		((struct router *)ctx)->result = m->u.error;
	return true;
}

void ask(struct router *r, struct fwd_msg *m)
{
	uint8_t buf[1024];
	struct wr w = wr_of(buf, sizeof(buf));
	int fd = m->type == FWD_PORT_ADD ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	m->seq = 1;
	r->result = 1;
	fwd_encode(&w, m);
	forwarder_message(r->f, wr_done(&w), fd);
	assert_int_equal(r->result, 0);
}

/* What the SAs of v are for, seen from their router. */
static struct selector selector_of(const struct variant *v)
{
	bool out = v->dir == SA_OUT;
	struct selector sel = {
		.local = addr_match_v4(v->gre ? (out ? US : PEER) : out ? NEAR : FAR, v->gre ? 0 : 0xffff),
		.remote = addr_match_v4(v->gre ? (out ? PEER : US) : out ? FAR : NEAR, v->gre ? 0 : 0xffff),
	};

	*(out ? &sel.remote_port : &sel.local_port) = v->port;
	return sel;
}

void add_sa(struct router *r, const struct variant *v, uint32_t id, const struct selector *sel,
	    uint64_t hard_bytes)
{
	bool out = v->dir == SA_OUT, gcm = v->cipher == CIPHER_AES_GCM;
	struct fwd_msg m = { .type = FWD_SA_ADD,
			     .u.sa = { .id = id, .pair_id = 1, .policy_id = 1, .dir = (uint8_t)v->dir,
				       .proto = PROTO_ESP,
				       .mode = v->transport ? MODE_TRANSPORT : MODE_TUNNEL,
				       .spi = 0x1000 + id, .src = ipaddr_v4(out ? US : PEER),
				       .dst = ipaddr_v4(out ? PEER : US), .cipher = (uint8_t)v->cipher,
				       .cipher_bits = 128, .replay_window = 64, .sel = *sel,
				       .life.hard_bytes = hard_bytes } };

	m.u.sa.enc_key.len = gcm ? 20 : 16;
	if (!gcm) {
		m.u.sa.auth = AUTH_HMAC_SHA1_96;
		m.u.sa.auth_key.len = 20;
	}
	ask(r, &m);
}

static struct access_line let_line = { .e = { .kind = ACE_PERMIT } };
static struct access_list let_all = { .v = &let_line, .n = 1 };

struct fwd_policy policy_of(const struct variant *v)
{
	return (struct fwd_policy){ .id = 1, .ifid = IFID, .map_seq = 2, .action = FWD_POLICY_PROTECT,
				    .local = ipaddr_v4(v->dir == SA_OUT ? US : PEER), .path_mtu = 1500,
				    .sel = selector_of(v) };
}

struct fwd_tunnel tunnel_of(const struct variant *v)
{
	bool out = v->dir == SA_OUT;

	return (struct fwd_tunnel){ .tun_port = PORT_PLAIN, .src = ipaddr_v4(out ? US : PEER),
				    .dst = ipaddr_v4(out ? PEER : US), .egress_ifid = IFID, .ttl = 200,
				    .tos = 0xff, .up = true, .has_key = v->key, .key = 99,
				    .adjust_mss = v->mss, .pmtud = v->pmtud };
}

void ask_for(struct router *r, enum fwd_type type)
{
	struct fwd_msg m = { .type = (uint8_t)type };

	ask(r, &m);
}

void add_policy(struct router *r, const struct fwd_policy *pol)
{
	struct fwd_msg m = { .type = FWD_POLICY_ADD, .u.policy = *pol };

	ask(r, &m);
}

void add_tunnel(struct router *r, const struct fwd_tunnel *t)
{
	struct fwd_msg m = { .type = FWD_TUNNEL_ADD, .u.tunnel = *t };

	ask(r, &m);
}

void go_the_long_way(struct router *r)
{
	struct policy *pol = policy_find(r->f, 1);

	if (pol)
		pol->acl_in = pol->acl_out = &let_all;
}

struct router *router_new(const struct variant *v, bool long_way)
{
	static const enum fwd_port_kind kinds[] = { FWD_PORT_STEER, FWD_PORT_ESP, FWD_PORT_GRE,
						    FWD_PORT_STEER };
	struct router *r = calloc(1, sizeof(*r));
	struct forwarder_env env = { env_now, env_random, env_port, env_control, r };
	struct fwd_policy pol = policy_of(v);
	struct fwd_tunnel tun = tunnel_of(v);

	assert_non_null(r);
	let_line.e.src = let_line.e.dst = addr_match_v4(0, UINT32_MAX);
	r->f = forwarder_new(&env);
	assert_non_null(r->f);
	for (uint32_t i = 0; i < N_PORTS; i++) {
		struct fwd_msg m = { .type = FWD_PORT_ADD,
				     .u.port = { .id = i + 1, .ifid = IFID, .kind = (uint8_t)kinds[i] } };

		r->ports[i] = (struct mem_port){ { .ops = &mem_ops, .fd = -1 }, r, (uint8_t)(i + 1) };
		if (!i && v->gre)
			m.u.port.kind = FWD_PORT_TUNNEL;
		ask(r, &m);
	}
	ask_for(r, FWD_TABLE_BEGIN);
	add_policy(r, &pol);
	if (v->gre)
		add_tunnel(r, &tun);
	ask_for(r, FWD_TABLE_COMMIT);
	add_sa(r, v, 1, &pol.sel, UINT64_C(1) << 32);
	if (long_way)
		go_the_long_way(r);
	return r;
}

void router_free(struct router *r)
{
	forwarder_free(r->f);
	free(r);
}

size_t any_packet(uint8_t *b, const struct variant *v)
{
	static const uint8_t protos[] = { IPPROTO_TCP_, IPPROTO_UDP_, IPPROTO_ICMP_, IPPROTO_GRE_ };
	size_t head = rnd(8) ? IP4_HEADER : IP4_HEADER + 4 * rnd(4), room = rnd(10) ? 1300 : MAX_LEN - 100;
	size_t len = head + rnd((uint32_t)(room - head)), extra = rnd(6) ? 0 : rnd(20);
	struct ip_view h = { .tos = (uint8_t)(rnd(2) ? 0 : rnd(256)), .ttl = 64, .proto = protos[rnd(4)],
			     .id = (uint16_t)rnd(0x10000), .total_len = (uint16_t)len,
			     .src = NEAR | rnd(4), .dst = (v->gre && !rnd(40) ? PEER : FAR | rnd(4)),
			     .frag = (uint16_t)(rnd(3) ? 0 : rnd(2) ? IP4_DF : rnd(0x4000)) };

	for (size_t i = 0; i < len + extra; i++)
		b[i] = (uint8_t)rnd(256);
	ip4_write(b, &h);
	b[0] = (uint8_t)(0x40 | head / 4);
	wr_put_be16(b + 10, 0);
	wr_put_be16(b + 10, ip_checksum(b, head));
	if (len >= head + 4)
		wr_put_be16(b + head + 2, (uint16_t)(1 + rnd(3)));
	if (!rnd(30))
		b[rnd(IP4_HEADER)] ^= (uint8_t)(1 << rnd(8)); /* damaged */
	/* fragments of TCP that would write over its flags pass no list that permits */
	if (b[9] == IPPROTO_TCP_ && (be16_at(b + 6) & IP4_OFF_MASK) == 1)
		b[7]++;
	return len + extra;
}

void feed(struct router *r, size_t port, const struct store *s, bool one_by_one)
{
	r->out.n = 0;
	r->in = s;
	for (size_t i = 0; i < s->n; i = r->to) {
		r->from = i;
		r->to = one_by_one ? i + 1 : i + BATCH_MAX < s->n ? i + BATCH_MAX : s->n;
		(void)forwarder_poll_port(r->f, &r->ports[port - 1].port);
	}
}

/* What the policy counts. A damaged copy of a packet that is in the same batch fails to prove
 * itself; of one that came before it is a replay. */
static struct fwd_policy_stats counted(struct forwarder *f)
{
	struct fwd_policy_stats s = policy_find(f, 1)->slot[0].stats;

	s.auth_failed += s.replayed;
	s.replayed = 0;
	return s;
}

void assert_alike(const struct router *a, const struct router *b)
{
	struct fwd_policy_stats x = counted(a->f), y = counted(b->f);

	assert_int_equal(a->out.n, b->out.n);
	for (uint8_t port = 1; port <= N_PORTS; port++)
		for (size_t i = 0, k = 0; i < a->out.n; i++) {
			if (a->out.port[i] != port)
				continue;
			while (k < b->out.n && b->out.port[k] != port)
				k++;
			assert_true(k < b->out.n);
			assert_int_equal(a->out.len[i], b->out.len[k]);
			assert_memory_equal(a->out.b[i], b->out.b[k], a->out.len[i]);
			k++;
		}
	assert_memory_equal(&x, &y, sizeof(x));
	for (size_t i = 0; i < FWD_N_DROPS; i++)
		if (i != FWD_DROP_REPLAYED && i != FWD_DROP_AUTH_FAILED)
			assert_int_equal(a->f->drops.n[i], b->f->drops.n[i]);
	if (a->f->all->tunnels)
		assert_memory_equal(&a->f->all->tunnels->slot[0].stats, &b->f->all->tunnels->slot[0].stats,
				    sizeof(a->f->all->tunnels->slot[0].stats));
	assert_int_equal(a->f->pool.n_free, b->f->pool.n_free);
}

struct sa *sa_of(struct router *r, uint32_t id)
{
	return sad_by_id(&r->f->all->sad, id);
}

void assert_same_sa(const struct sa *x, const struct sa *y)
{
	assert_int_equal(x->seq, y->seq);
	assert_int_equal(x->bytes, y->bytes);
	assert_int_equal(x->text, y->text);
	assert_int_equal(x->packets, y->packets);
	assert_int_equal(x->dead, y->dead);
	assert_int_equal(x->replayed + x->auth_failed, y->replayed + y->auth_failed);
	assert_int_equal(x->bad_identity, y->bad_identity);
	assert_int_equal(x->malformed, y->malformed);
	assert_memory_equal(x->replay.few, y->replay.few, sizeof(x->replay.few));
}
