/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/pipeline.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/clock.h"
#include "forwarder/forwarder.h"
#include "packet/ip4.h"

#define NEAR 0x0a010000u /* 10.1.0.0/16 */
#define FAR  0x0a020000u /* 10.2.0.0/16 */

/* Ids of the policies of many SAs begin here. */
#define MANY 100000u

enum { IFID = 7, PORT_TUN = 1, PORT_ESP = 2, PORT_GRE = 3, PORT_AH = 4, N_PORTS = 4 };
enum { MAX_WIRE = PKT_DATA_MAX };

struct mem_port {
	struct port port;
	struct pipeline *owner;
	const uint8_t (*in)[MAX_WIRE]; /* what recv brings */
	size_t in_len[BATCH_MAX], n_in;
	uint8_t (*out)[MAX_WIRE]; /* where send keeps it; NULL: only counts */
	size_t out_len[BATCH_MAX], n_out;
};

/* One of the two gateways. */
struct end {
	struct pipeline *owner;
	struct forwarder *f;
	struct mem_port ports[N_PORTS];
	uint32_t us, peer, near, far;
	int32_t result; /* of what control asked last */
};

struct pipeline {
	struct bench_case conf;
	struct end a, b;
	uint64_t ticks_in_ports; /* the generator and the sink: not ours to measure */
	size_t sa_bytes;
	uint8_t (*packets)[MAX_WIRE];
	uint8_t (*wire)[MAX_WIRE];
};

/* Behind the receiver; 0: the one that every pipeline has. */
static uint32_t far_host(uint32_t i)
{
	return FAR + (i ? 1000 + i : 10);
}

static size_t mem_recv(struct port *port, struct pool *pool, struct batch *b)
{
	uint64_t began = clock_ticks();
	struct mem_port *m = (struct mem_port *)(void *)port;
	size_t n = 0;

	for (; n < m->n_in; n++) {
		struct pkt *p = pkt_get(pool);

		if (!p)
			break;
		memcpy(p->data, m->in[n], m->in_len[n]);
		p->len = (uint32_t)m->in_len[n];
		p->ifindex = IFID;
		(void)batch_add(b, p);
	}
	m->owner->ticks_in_ports += clock_ticks() - began;
	return n;
}

static size_t mem_send(struct port *port, struct batch *b)
{
	uint64_t began = clock_ticks();
	struct mem_port *m = (struct mem_port *)(void *)port;

	for (size_t i = 0; i < b->n && m->n_out < BATCH_MAX; i++, m->n_out++) {
		m->out_len[m->n_out] = b->p[i]->len;
		if (m->out)
			memcpy(m->out[m->n_out], b->p[i]->data, b->p[i]->len);
	}
	m->owner->ticks_in_ports += clock_ticks() - began;
	return b->n;
}

static void mem_close(struct port *port)
{
	(void)port; /* part of the pipeline */
}

static const struct port_ops mem_ops = { mem_recv, mem_send, mem_close };

static uint64_t env_now(void *ctx)
{
	(void)ctx;
	return clock_ns() / 1000000;
}

static void env_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	for (size_t done = 0; done < n;) {
		size_t some = n - done < 256 ? n - done : 256; /* getentropy()'s limit */

		if (getentropy((uint8_t *)p + done, some))
			abort();
		done += some;
	}
}

static int env_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	struct end *e = ctx;

	close(fd);
	*ret_port = &e->ports[desc->id - 1].port;
	return 0;
}

static bool env_control(void *ctx, const struct fwd_msg *m)
{
	if (m->type == FWD_RESULT)
		((struct end *)ctx)->result = m->u.error;
	return true;
}

/* ---- what control would say ---- */

static bool ask(struct end *e, struct fwd_msg *m)
{
	uint8_t buf[2048];
	struct wr w = wr_of(buf, sizeof(buf));
	int fd = m->type == FWD_PORT_ADD ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	m->seq = 1;
	e->result = -1;
	fwd_encode(&w, m);
	forwarder_message(e->f, wr_done(&w), fd);
	return e->result == 0;
}

static bool add_port(struct end *e, uint32_t id, enum fwd_port_kind kind)
{
	struct fwd_msg m = { .type = FWD_PORT_ADD,
			     .u.port = { .id = id, .kind = (uint8_t)kind, .ifid = IFID } };

	return ask(e, &m);
}

static bool add_policy(struct end *e, uint32_t id, const struct selector *sel)
{
	struct fwd_msg m = { .type = FWD_POLICY_ADD,
			     .u.policy = { .id = id,
					   .ifid = IFID,
					   .map_seq = id,
					   .action = FWD_POLICY_PROTECT,
					   .sel = *sel,
					   .local = ipaddr_v4(e->us),
					   .path_mtu = MAX_WIRE } };

	return ask(e, &m);
}

/* What the i-th of many SAs protects, from 1: one host behind the receiver. */
static struct selector host_selector(const struct end *e, uint32_t i)
{
	struct addr_match net = addr_match_v4(NEAR, 0xffff), host = addr_match_v4(far_host(i), 0);
	bool sender = e->near == NEAR;

	return (struct selector){ .local = sender ? net : host, .remote = sender ? host : net };
}

/* The policy that takes the packets is the last of the table. */
static bool add_table(struct end *e, const struct selector *sel)
{
	const struct bench_case *c = &e->owner->conf;
	struct fwd_msg begin = { .type = FWD_TABLE_BEGIN }, commit = { .type = FWD_TABLE_COMMIT };
	struct fwd_msg tunnel = { .type = FWD_TUNNEL_ADD,
				  .u.tunnel = { .tun_port = PORT_TUN,
						.src = ipaddr_v4(e->us),
						.dst = ipaddr_v4(e->peer),
						.egress_ifid = IFID,
						.ttl = 255,
						.tos = 0xff,
						.up = true } };
	bool ok = ask(e, &begin);

	if (bench_is_clear(c->suite) && c->suite->bits == BENCH_GRE_ALL) {
		tunnel.u.tunnel.has_key = tunnel.u.tunnel.checksum = tunnel.u.tunnel.sequence = true;
		tunnel.u.tunnel.key = 1234;
	}
	for (uint32_t i = 1; i < c->policies; i++) {
		struct selector other = { .local = addr_match_v4(0xac100000u + i, 0),
					  .remote = addr_match_v4(e->far, 0) };

		ok = ok && add_policy(e, 1 + i, &other);
	}
	for (uint32_t i = 1; ok && i < c->sas; i++) {
		struct selector host = host_selector(e, i);

		ok = add_policy(e, MANY + i, &host);
	}
	ok = ok && (bench_is_clear(c->suite) || add_policy(e, 1, sel)) &&
	     (!c->gre || ask(e, &tunnel));
	return ok && ask(e, &commit);
}

/* The nth of many, from 0. */
static bool add_sa(struct end *e, enum sa_dir dir, const struct selector *sel, uint32_t nth)
{
	const struct bench_suite *s = e->owner->conf.suite;
	const struct cipher_info *c = s->cipher ? cipher_info(s->cipher, s->bits) : NULL;
	const struct auth_info *a = auth_info(s->auth);
	struct fwd_msg m = { .type = FWD_SA_ADD };
	struct sa_spec spec = { .id = dir + 2 * nth,
				.pair_id = 1 + nth,
				.policy_id = nth ? MANY + nth : 1,
				.dir = (uint8_t)dir,
				.proto = c ? PROTO_ESP : PROTO_AH,
				.mode = MODE_TUNNEL,
				.spi = 0x1000 + nth,
				.cipher = (uint8_t)s->cipher,
				.cipher_bits = (uint16_t)s->bits,
				.auth = a ? (uint8_t)a->id : AUTH_NONE,
				.replay_window = 64,
				.sel = *sel };

	spec.src = ipaddr_v4(dir == SA_OUT ? e->us : e->peer);
	spec.dst = ipaddr_v4(dir == SA_OUT ? e->peer : e->us);
	spec.enc_key.len = c ? (uint8_t)(c->key_len + c->salt_len) : 0;
	spec.auth_key.len = a ? a->key_len : 0;
	for (uint8_t i = 0; i < SA_MAX_KEY; i++)
		spec.enc_key.b[i] = spec.auth_key.b[i] = (uint8_t)(7 * i + 3);
	if (c && e->owner->conf.bundle) {
		spec.ah = (struct sa_ah){ 0x2000, AUTH_HMAC_SHA1_96, spec.enc_key };
		spec.ah.key.len = auth_info(AUTH_HMAC_SHA1_96)->key_len;
	}
	m.u.sa = spec;
	return ask(e, &m);
}

static size_t heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static bool add_sas(struct end *e, enum sa_dir dir, const struct selector *first)
{
	size_t before = heap_bytes();
	bool ok = add_sa(e, dir, first, 0);

	for (uint32_t i = 1; ok && i < e->owner->conf.sas; i++) {
		struct selector host = host_selector(e, i);

		ok = add_sa(e, dir, &host, i);
	}
	e->owner->sa_bytes += heap_bytes() - before;
	return ok;
}

static bool end_init(struct pipeline *p, struct end *e, enum sa_dir dir)
{
	struct forwarder_env env = { env_now, env_random, env_port, env_control, e };
	bool gre = p->conf.gre;
	struct selector sel = {
		.local = addr_match_v4(gre ? e->us : e->near, gre ? 0 : 0xffff),
		.remote = addr_match_v4(gre ? e->peer : e->far, gre ? 0 : 0xffff),
	};

	e->owner = p;
	for (size_t i = 0; i < N_PORTS; i++) {
		e->ports[i].port = (struct port){ .ops = &mem_ops, .fd = -1 };
		e->ports[i].owner = p;
	}
	e->f = forwarder_new(&env);
	return e->f && add_port(e, PORT_TUN, gre ? FWD_PORT_TUNNEL : FWD_PORT_STEER) &&
	       add_port(e, PORT_ESP, FWD_PORT_ESP) && add_port(e, PORT_GRE, FWD_PORT_GRE) &&
	       add_port(e, PORT_AH, FWD_PORT_AH) && add_table(e, &sel) &&
	       (bench_is_clear(p->conf.suite) || add_sas(e, dir, &sel));
}

/* The port that the suite's packets travel by. */
static size_t outside(const struct pipeline *p)
{
	if (bench_is_clear(p->conf.suite))
		return PORT_GRE;
	return p->conf.bundle || !p->conf.suite->cipher ? PORT_AH : PORT_ESP;
}

static struct mem_port *port_of(struct end *e, size_t id)
{
	return &e->ports[id - 1];
}

static void make_packets(struct pipeline *p)
{
	struct mem_port *tun = port_of(&p->a, PORT_TUN);

	for (size_t i = 0; i < p->conf.batch; i++) {
		struct ip_view h = { .ttl = 64,
				 .proto = IPPROTO_UDP_,
				 .id = 1,
				 .src = NEAR | 10,
				 .dst = FAR | 10,
				 .total_len = (uint16_t)p->conf.size };
		uint8_t *at = p->packets[i];
		struct wr w = wr_of(at + IP4_HEADER, 8);

		for (size_t k = 0; k < p->conf.size; k++)
			at[k] = (uint8_t)(k * 31 + i);
		ip4_write(at, &h);
		wr_be16(&w, (uint16_t)(1024 + i % p->conf.flows));
		wr_be16(&w, 53);
		wr_be16(&w, (uint16_t)(p->conf.size - IP4_HEADER));
		wr_be16(&w, 0);
		tun->in_len[i] = p->conf.size;
	}
	tun->in = (const uint8_t(*)[MAX_WIRE])p->packets;
	tun->n_in = p->conf.batch;
	port_of(&p->a, outside(p))->out = p->wire;
	port_of(&p->b, outside(p))->in = (const uint8_t(*)[MAX_WIRE])p->wire;
}

void pipeline_address(struct pipeline *p, size_t from, bool spread)
{
	for (size_t i = 0; i < p->conf.batch; i++) {
		size_t flow = from + i;
		struct ip_view h = { .ttl = 64,
				     .proto = IPPROTO_UDP_,
				     .id = 1,
				     .src = NEAR | 10,
				     .dst = far_host(spread ? (uint32_t)(flow % p->conf.sas) : 0),
				     .total_len = (uint16_t)p->conf.size };
		struct wr w = wr_of(p->packets[i] + IP4_HEADER, 2);

		ip4_write(p->packets[i], &h);
		wr_be16(&w, (uint16_t)(1024 + flow % p->conf.flows));
	}
}

size_t pipeline_sa_bytes(const struct pipeline *p)
{
	return p->sa_bytes;
}

struct pipeline *pipeline_new(const struct bench_case *c)
{
	struct pipeline *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->conf = *c;
	p->conf.gre |= bench_is_clear(c->suite);
	p->conf.sas += !c->sas;
	p->a.us = p->b.peer = 0xc0000201; /* 192.0.2.1 */
	p->b.us = p->a.peer = 0xc6336401; /* 198.51.100.1 */
	p->a.near = p->b.far = NEAR;
	p->b.near = p->a.far = FAR;
	p->packets = calloc(c->batch, MAX_WIRE);
	p->wire = calloc(BATCH_MAX, MAX_WIRE);
	if (!p->packets || !p->wire || !end_init(p, &p->a, SA_OUT) || !end_init(p, &p->b, SA_IN)) {
		pipeline_free(p);
		return NULL;
	}
	make_packets(p);
	return p;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	forwarder_free(p->a.f);
	forwarder_free(p->b.f);
	free(p->packets);
	free(p->wire);
	free(p);
}

static uint64_t poll_port(struct pipeline *p, struct end *e, size_t id)
{
	uint64_t began = clock_ticks();

	p->ticks_in_ports = 0;
	(void)forwarder_poll_port(e->f, &port_of(e, id)->port);
	return clock_ticks() - began - p->ticks_in_ports;
}

size_t pipeline_round(struct pipeline *p, uint64_t *ret_out, uint64_t *ret_in)
{
	struct mem_port *sent = port_of(&p->a, outside(p)), *came = port_of(&p->b, outside(p));
	struct mem_port *tun = port_of(&p->b, PORT_TUN);

	sent->n_out = 0;
	*ret_out = poll_port(p, &p->a, PORT_TUN);
	came->n_in = sent->n_out;
	memcpy(came->in_len, sent->out_len, sizeof(came->in_len));
	tun->n_out = 0;
	*ret_in = poll_port(p, &p->b, outside(p));
	return tun->n_out;
}
