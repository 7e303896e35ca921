/* SPDX-License-Identifier: Apache-2.0 */
/* The short ways of usual packets against the long ones: two routers get the same packets,
 * one in batches, the other one by one and under access lists that let everything through,
 * which no short way does. What they send is the same to the bit, and so is what they count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/internal.h"

#define US   0xc0000201
#define PEER 0xc6336401
#define NEAR 0x0a010000
#define FAR  0x0a020000

enum { IFID = 7, PORT_PLAIN = 1, PORT_ESP, PORT_RAW, PORT_BACK, N_PORTS = 4 };
enum { MAX_LEN = 2000, MAX_SENT = 8 * BATCH_MAX, ROUNDS = 60 };

struct store {
	size_t n, len[MAX_SENT];
	uint8_t b[MAX_SENT][MAX_LEN + 100], port[MAX_SENT];
};

struct mem_port {
	struct port port;
	struct router *owner;
	uint8_t id;
};

struct router {
	struct forwarder *f;
	struct mem_port ports[N_PORTS];
	const struct store *in; /* packets from..to of it are received next */
	size_t from, to;
	struct store out;
	int32_t result;
};

static uint64_t seed = 0x2545f4914f6cdd1du;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % n;
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

static void ask(struct router *r, struct fwd_msg *m)
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

struct variant {
	bool gre, key, transport;
	enum cipher_id cipher;
	uint16_t mss;
	bool pmtud;
	struct port_match port;
	enum sa_dir dir;
};

static void add_sa(struct router *r, const struct variant *v, const struct selector *sel)
{
	bool out = v->dir == SA_OUT, gcm = v->cipher == CIPHER_AES_GCM;
	struct fwd_msg m = { .type = FWD_SA_ADD,
			     .u.sa = { .id = 1, .pair_id = 1, .policy_id = 1, .dir = (uint8_t)v->dir,
				       .proto = PROTO_ESP,
				       .mode = v->transport ? MODE_TRANSPORT : MODE_TUNNEL,
				       .spi = 0x1001, .src = ipaddr_v4(out ? US : PEER),
				       .dst = ipaddr_v4(out ? PEER : US), .cipher = (uint8_t)v->cipher,
				       .cipher_bits = 128, .replay_window = 64, .sel = *sel,
				       .life.hard_bytes = UINT64_C(1) << 32 } };

	m.u.sa.enc_key.len = gcm ? 20 : 16;
	if (!gcm) {
		m.u.sa.auth = AUTH_HMAC_SHA1_96;
		m.u.sa.auth_key.len = 20;
	}
	ask(r, &m);
}

static struct access_line let_line = { .e = { .kind = ACE_PERMIT } };
static struct access_list let_all = { .v = &let_line, .n = 1 };

/* Outbound in the direction of v, or its peer. */
static struct router *router_new(const struct variant *v, bool long_way)
{
	static const enum fwd_port_kind kinds[] = { FWD_PORT_STEER, FWD_PORT_ESP, FWD_PORT_GRE,
						    FWD_PORT_STEER };
	struct router *r = calloc(1, sizeof(*r));
	struct forwarder_env env = { env_now, env_random, env_port, env_control, r };
	bool out = v->dir == SA_OUT;
	uint32_t us = out ? US : PEER, peer = out ? PEER : US;
	struct selector sel = {
		.local = addr_match_v4(v->gre ? us : out ? NEAR : FAR, v->gre ? 0 : 0xffff),
		.remote = addr_match_v4(v->gre ? peer : out ? FAR : NEAR, v->gre ? 0 : 0xffff),
	};
	struct fwd_msg begin = { .type = FWD_TABLE_BEGIN }, commit = { .type = FWD_TABLE_COMMIT };
	struct fwd_msg pol = { .type = FWD_POLICY_ADD,
			       .u.policy = { .id = 1, .ifid = IFID, .map_seq = 1,
					     .action = FWD_POLICY_PROTECT, .local = ipaddr_v4(us),
					     .path_mtu = 1500 } };
	struct fwd_msg tun = { .type = FWD_TUNNEL_ADD,
			       .u.tunnel = { .tun_port = PORT_PLAIN, .src = ipaddr_v4(us),
					     .dst = ipaddr_v4(peer), .egress_ifid = IFID, .ttl = 200,
					     .tos = 0xff, .up = true, .has_key = v->key, .key = 99,
					     .adjust_mss = v->mss, .pmtud = v->pmtud } };

	assert_non_null(r);
	let_line.e.src = let_line.e.dst = addr_match_v4(0, UINT32_MAX);
	sel.remote_port = out ? v->port : (struct port_match){ 0 };
	sel.local_port = out ? (struct port_match){ 0 } : v->port;
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
	pol.u.policy.sel = sel;
	ask(r, &begin);
	ask(r, &pol);
	if (v->gre)
		ask(r, &tun);
	ask(r, &commit);
	add_sa(r, v, &sel);
	if (long_way)
		policy_find(r->f, 1)->acl_in = policy_find(r->f, 1)->acl_out = &let_all;
	return r;
}

static void router_free(struct router *r)
{
	forwarder_free(r->f);
	free(r);
}

/* Something that may come out of a TUN, mostly IPv4. */
static size_t any_packet(uint8_t *b, const struct variant *v)
{
	static const uint8_t protos[] = { IPPROTO_TCP_, IPPROTO_UDP_, IPPROTO_ICMP_, IPPROTO_GRE_ };
	size_t head = rnd(8) ? IP4_HEADER : IP4_HEADER + 4 * rnd(4), room = rnd(10) ? 1300 : MAX_LEN - 100;
	size_t len = head + rnd((uint32_t)(room - head)), extra = rnd(6) ? 0 : rnd(20);
	struct ip_view h = { .tos = (uint8_t)(rnd(2) ? 0 : rnd(256)), .ttl = 64, .proto = protos[rnd(4)],
			     .id = (uint16_t)rnd(0x10000), .total_len = (uint16_t)len,
			     .src = NEAR | rnd(4), .dst = (v->gre && !rnd(40) ? PEER : FAR | rnd(4)),
			     .frag = (uint16_t)(rnd(3) ? 0 : rnd(2) ? IP4_DF : rnd(0x4000)) };

	/* small fragments of TCP pass no list that permits */
	if (h.proto == IPPROTO_TCP_ && h.frag & (IP4_MF | IP4_OFF_MASK))
		h.proto = IPPROTO_UDP_;
	for (size_t i = 0; i < len + extra; i++)
		b[i] = (uint8_t)rnd(256);
	ip4_write(b, &h);
	b[0] = (uint8_t)(0x40 | head / 4);
	wr_put_be16(b + 10, 0);
	wr_put_be16(b + 10, ip_checksum(b, head));
	if (len >= head + 4)
		wr_put_be16(b + head + 2, (uint16_t)(1 + rnd(3)));
	if (!rnd(30))
		b[rnd((uint32_t)(len < 20 ? len : 20))] ^= (uint8_t)(1 << rnd(8)); /* damaged */
	return len + extra;
}

/* All at once, or one by one. */
static void feed(struct router *r, size_t port, const struct store *s, bool one_by_one)
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

/* What went to each port, in order, and what was counted. */
static void assert_alike(const struct router *a, const struct router *b)
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

static void same_sa(struct router *a, struct router *b)
{
	struct sa *x = sad_by_id(&a->f->all->sad, 1), *y = sad_by_id(&b->f->all->sad, 1);

	assert_int_equal(x->seq, y->seq);
	assert_int_equal(x->bytes, y->bytes);
	assert_int_equal(x->text, y->text);
	assert_int_equal(x->packets, y->packets);
	assert_int_equal(x->dead, y->dead);
	assert_int_equal(x->replayed + x->auth_failed, y->replayed + y->auth_failed);
	assert_int_equal(x->bad_identity, y->bad_identity);
	assert_int_equal(x->malformed, y->malformed);
	assert_memory_equal(x->replay.bits, y->replay.bits, sizeof(x->replay.bits));
}

/* What the way does to some packets. */
static void disturb(struct store *wire)
{
	for (size_t i = 0; i < wire->n; i++) {
		uint8_t *b = wire->b[i];

		switch (rnd(12)) {
		case 0: /* congestion */
			b[1] |= 3;
			wr_put_be16(b + 10, 0);
			wr_put_be16(b + 10, ip_checksum(b, IP4_HEADER));
			break;
		case 1:
			b[rnd((uint32_t)wire->len[i])] ^= (uint8_t)(1 << rnd(8));
			break;
		case 2: /* padded by a link */
			memset(b + wire->len[i], 0, 7);
			wire->len[i] += 7;
			break;
		case 3:
			wire->len[i] -= rnd((uint32_t)(wire->len[i] < 60 ? wire->len[i] : 60));
			break;
		case 4: /* again */
			if (i) {
				memcpy(b, wire->b[i - 1], wire->len[i - 1]);
				wire->len[i] = wire->len[i - 1];
			}
			break;
		default:
			break;
		}
	}
}

static void try_variant(struct variant v)
{
	struct router *a, *b, *c, *d;
	static struct store plain, wire;
	size_t arrived = 0;

	v.dir = SA_OUT;
	a = router_new(&v, false);
	b = router_new(&v, true);
	v.dir = SA_IN;
	c = router_new(&v, false);
	d = router_new(&v, true);
	for (int round = 0; round < ROUNDS; round++) {
		plain.n = 1 + rnd(BATCH_MAX);
		for (size_t i = 0; i < plain.n; i++)
			plain.len[i] = any_packet(plain.b[i], &v);
		feed(a, PORT_PLAIN, &plain, false);
		feed(b, PORT_PLAIN, &plain, true);
		assert_alike(a, b);
		same_sa(a, b);
		wire.n = 0;
		for (size_t i = 0; i < a->out.n; i++)
			if (a->out.port[i] == PORT_ESP && wire.n < MAX_SENT) {
				memcpy(wire.b[wire.n], a->out.b[i], a->out.len[i]);
				wire.len[wire.n++] = a->out.len[i];
			}
		disturb(&wire);
		feed(c, PORT_ESP, &wire, false);
		feed(d, PORT_ESP, &wire, true);
		assert_alike(c, d);
		same_sa(c, d);
		arrived += c->out.n;
	}
	assert_true(arrived > ROUNDS);
	router_free(a);
	router_free(b);
	router_free(c);
	router_free(d);
}

static void steered_packets_fare_the_same(void **state)
{
	(void)state;
	try_variant((struct variant){ .cipher = CIPHER_AES_GCM });
	try_variant((struct variant){ .cipher = CIPHER_AES_CBC });
	try_variant((struct variant){ .cipher = CIPHER_AES_GCM, .port = { PORT_EQ, 2, 0 } });
}

static void tunnelled_packets_fare_the_same(void **state)
{
	(void)state;
	try_variant((struct variant){ .gre = true, .cipher = CIPHER_AES_GCM });
	try_variant((struct variant){ .gre = true, .key = true, .cipher = CIPHER_AES_CBC, .mss = 1000 });
	try_variant((struct variant){ .gre = true, .cipher = CIPHER_AES_GCM, .pmtud = true,
				      .transport = true });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steered_packets_fare_the_same),
		cmocka_unit_test(tunnelled_packets_fare_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
