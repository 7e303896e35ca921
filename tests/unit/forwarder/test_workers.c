/* SPDX-License-Identifier: Apache-2.0 */
/* Two gateways of several workers each, in threads that are held up at random, and a wire
 * between them that looks at every packet. While packets pass, the first worker of each is told
 * of SAs and tables that come and go, as control does. What must hold whatever happens:
 *   - no sequence number twice, none missing, none later than the window behind the newest;
 *   - everything that the wire does not lose - now and then a packet, now and then more than a replay window in a
 *     row - arrives once: what it repeats does not;
 *   - what was cut out of super-packets arrives, is joined and cut again, as a slow reference makes it;
 *   - packets of one flow arrive in order;
 *   - an SA that ends by volume carries what fits, to the packet.
 * How many workers are said to read changes meanwhile.
 * Built with TSan it also shows that nothing is shared without order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "forwarder/internal.h"
#include "packet/ip4.h"
#include "supers.h"

#define US   0xc0000201 /* 192.0.2.1 */
#define PEER 0xc6336401 /* 198.51.100.1 */
#define IFID 7
#define MOST 4
#define NETS 4		 /* 10.1 to 10.(2 + n): each has a policy */
#define LIMITED 3	 /* the SA of this one ends by volume, again and again */
#define HARD_BYTES 200000
#define FLOWS 8		 /* of each worker and net */
#define WIRE_MAX 4096
#define SPIS 4096
#define REPEATS 64
#define LINK_USES 10	 /* by each worker, at least */

enum { PORT_ESP = 1, PORT_STEER = 2, PORT_LINK = 3, PORT_NEWS = 4 };

/* What the packets go by: SAs of a crypto map; those of a GRE tunnel's policy, one for all; the
 * first in UDP, or AH in place of ESP; the GRE tunnel, and what it carries is GRE of others; the first, past
 * the stack now and then, and in by a ring; the first, cut behind the cipher where they are long; the first, of
 * super-packets. */
enum way { BY_MAP, BY_GRE, BY_UDP, BY_AH, BY_GRE_WITH_GRE, BY_LINK, IN_PIECES, BY_SUPERS };

struct frame {
	uint16_t len;
	uint8_t b[1600];
};

struct world;
struct gateway;

struct mem_port {
	struct port port;
	struct gateway *g;
	unsigned worker;
	uint32_t next[NETS][FLOWS]; /* A, steering: the next of each flow */
	struct super_source *source; /* A, BY_SUPERS */
	struct super_sink *sink; /* B, BY_SUPERS */
	uint64_t sends, uses; /* stand for what a port has of its own; a TUN's directions are apart */
};

struct gateway {
	struct world *w;
	struct forwarder *f;
	struct mem_port esp[MOST + 1], steer[MOST]; /* esp: and the one that is read */
	struct mem_port link[MOST + 1], news[MOST]; /* A, BY_LINK */
	unsigned workers;
	bool out;
	int32_t result;
	uint32_t rekey; /* A: a policy whose SA has ended, or 0 */
	_Atomic uint32_t wanted; /* B: an SA that its first worker is to be told of; 0: none */
};

struct spi {
	uint32_t seen[4096]; /* numbers, as bits */
	uint32_t top, worst, n, net;
	uint64_t bytes;
};

struct world {
	struct gateway a, b;
	enum way way;
	pthread_mutex_t lock; /* of the wire */
	struct frame *wire;
	size_t head, n; /* n frames from head on */
	struct spi *spi;
	uint32_t twice, late, foreign;
	struct frame *old; /* some that the wire repeats */
	size_t n_old, repeats;
	uint32_t last[NETS][MOST][FLOWS]; /* of what arrived; under lock */
	uint64_t made[NETS], arrived[NETS], disorder;
	uint64_t lost[NETS]; /* by the wire, by the net of the SA; under lock */
	unsigned losing; /* so many more in a row */
	uint64_t cut[NETS]; /* packets that left in pieces: the wire counts them, and drops them */
	uint32_t generation, newest[NETS]; /* of SAs */
	bool running;
	uint32_t per_worker; /* packets that each worker makes */
	_Atomic unsigned busy; /* workers of A that have packets yet */
	_Atomic bool drained;
};

static bool is_gre(const struct world *w)
{
	return w->way == BY_GRE || w->way == BY_GRE_WITH_GRE;
}

static _Thread_local uint64_t rnd = 88172645463325252u;

static uint64_t dice(uint64_t n)
{
	rnd ^= rnd << 13;
	rnd ^= rnd >> 7;
	rnd ^= rnd << 17;
	return (rnd >> 11) % n;
}

static void be_held_up(void)
{
	uint64_t how = dice(400);

	if (how == 0)
		nanosleep(&(struct timespec){ .tv_nsec = (long)dice(400000) }, NULL);
	else if (how < 20)
		(void)sched_yield();
}

/* ---- ports ---- */

static void make_packet(struct pkt *p, uint8_t proto, uint32_t net, unsigned worker, uint32_t flow, uint32_t n)
{
	size_t len = dice(8) ? 64 + dice(100) : 64 + dice(1300);
	struct ip_view h = { .ttl = 64, .id = 1, .proto = proto, .total_len = (uint16_t)len,
			     .src = 0x0a010000 | worker << 8 | flow, .dst = 0x0a020001 + (net << 16) };
	struct wr w = wr_of(p->data + IP4_HEADER, 20);

	memset(p->data, 0, len);
	ip4_write(p->data, &h);
	wr_be16(&w, (uint16_t)(1000 + flow));
	wr_be16(&w, 53);
	wr_be16(&w, (uint16_t)(len - IP4_HEADER));
	wr_be16(&w, 0);
	wr_be32(&w, n);
	p->len = (uint32_t)len;
}

/* What is left of one stays for the next time. */
static void cut_supers(struct mem_port *m, struct pool *pool, struct batch *b, size_t want)
{
	while (b->n < want) {
		struct super_flow f = { (uint32_t)dice(NETS), m->worker, (uint32_t)dice(FLOWS) };
		struct super_source *s = m->source;

		if (!gso_left(&s->g))
			super_begin(s, &f, ++m->next[f.net][f.flow]);
		uint32_t net = (uint32_t)s->g.packet.p[17] - 2;
		size_t n = gso_cut(&s->g, pool, b);
		if (!n)
			break;
		__atomic_fetch_add(&m->g->w->made[net], n, __ATOMIC_RELAXED);
	}
}

static size_t steer_recv(struct port *port, struct pool *pool, struct batch *b)
{
	struct mem_port *m = (struct mem_port *)(void *)port;
	size_t want = 1 + dice(BATCH_MAX);

	m->uses++;
	if (m->g->w->way == BY_SUPERS) {
		cut_supers(m, pool, b, want);
		return b->n;
	}
	while (b->n < want) {
		uint32_t net = (uint32_t)dice(NETS), flow = (uint32_t)dice(FLOWS);
		struct pkt *p = pkt_get(pool);

		if (!p)
			break;
		make_packet(p, m->g->w->way == BY_GRE_WITH_GRE ? IPPROTO_GRE_ : IPPROTO_UDP_, net, m->worker, flow, ++m->next[net][flow]);
		__atomic_fetch_add(&m->g->w->made[net], 1, __ATOMIC_RELAXED);
		(void)batch_add(b, p);
	}
	return b->n;
}

/* The SA; NULL: of none. */
static struct spi *note_on_wire(struct world *w, const struct pkt *p)
{
	struct rd r = pkt_rd(p);

	rd_skip(&r, (w->way == BY_UDP ? 0u : IP4_HEADER) + (w->way == BY_AH ? 4u : 0u));
	uint32_t spi = rd_be32(&r) - 0x1000, seq = rd_be32(&r);
	if (r.bad || spi >= SPIS || seq >= 32 * 4096) {
		w->foreign++;
		return NULL;
	}
	struct spi *s = &w->spi[spi];
	if (s->seen[seq / 32] >> seq % 32 & 1)
		w->twice++;
	s->seen[seq / 32] |= 1u << seq % 32;
	s->n++;
	s->bytes += p->inner_len;
	if (seq > s->top)
		s->top = seq;
	else if (s->top - seq >= PEER_WINDOW)
		w->late++;
	else if (s->top - seq > s->worst)
		s->worst = s->top - seq;
	return s;
}

/* Now and then one, rarely more than the window holds. */
static bool is_lost(struct world *w, const struct spi *s)
{
	if (!w->losing && !dice(60))
		w->losing = dice(40) ? 1 : (unsigned)(1 + dice(2 * PEER_WINDOW));
	if (!w->losing || !s)
		return false;
	w->losing--;
	w->lost[s->net]++;
	return true;
}

/* A piece of a packet. The first one has the number. */
static bool take_piece(struct world *w, const struct pkt *p)
{
	struct rd r = pkt_rd(p);
	uint16_t frag;

	rd_skip(&r, 6);
	frag = rd_be16(&r);
	if (w->way != IN_PIECES || !(frag & (IP4_MF | IP4_OFF_MASK)))
		return false;
	rd_skip(&r, 12);
	uint32_t spi = rd_be32(&r) - 0x1000;
	if (frag & IP4_OFF_MASK)
		return true;
	(void)note_on_wire(w, p);
	if (spi < SPIS)
		w->cut[w->spi[spi].net]++;
	return true;
}

/* Each packet by itself: another worker may come between. */
static size_t wire_send(struct port *port, struct batch *b)
{
	struct mem_port *m = (struct mem_port *)(void *)port;
	struct world *w = m->g->w;

	m->uses++;
	for (size_t i = 0; i < b->n; i++) {
		const struct pkt *p = b->p[i];

		be_held_up();
		pthread_mutex_lock(&w->lock);
		while (w->n == WIRE_MAX) {
			pthread_mutex_unlock(&w->lock);
			(void)sched_yield();
			pthread_mutex_lock(&w->lock);
		}
		if (take_piece(w, p) || is_lost(w, note_on_wire(w, p))) {
			pthread_mutex_unlock(&w->lock);
			continue;
		}
		struct frame *f = &w->wire[(w->head + w->n++) % WIRE_MAX];
		f->len = (uint16_t)p->len;
		memcpy(f->b, p->data, p->len);
		pthread_mutex_unlock(&w->lock);
	}
	return b->n;
}

/* Now and then it takes the first ones only: those behind leave by the other port. */
static size_t link_send(struct port *port, struct batch *b)
{
	struct batch some = *b;

	if (!dice(20))
		some.n = dice(b->n + 1);
	return wire_send(port, &some);
}

static size_t some_news(struct port *p, struct port_news *v, size_t max)
{
	(void)p;
	if (!max || dice(20))
		return 0;
	*v = (struct port_news){ .kind = PORT_NEWS_ALL };
	return 1;
}

static bool put_frame(struct pool *pool, struct batch *b, const struct frame *f)
{
	struct pkt *p = pkt_get(pool);

	if (!p)
		return false;
	memcpy(p->data, f->b, f->len);
	p->len = f->len;
	p->remote = ipaddr_v4(US);
	p->local = ipaddr_v4(PEER);
	p->remote_port = p->local_port = 4500;
	return batch_add(b, p);
}

static size_t wire_recv(struct port *port, struct pool *pool, struct batch *b)
{
	struct mem_port *m = (struct mem_port *)(void *)port;
	struct world *w = m->g->w;
	size_t want = 1 + dice(BATCH_MAX);

	m->uses++;
	pthread_mutex_lock(&w->lock);
	while (b->n < want && w->n) {
		struct frame *f = &w->wire[w->head];

		if (!put_frame(pool, b, f))
			break;
		w->head = (w->head + 1) % WIRE_MAX;
		w->n--;
		if (!dice(16))
			w->old[w->n_old++ % REPEATS] = *f;
		/* again, at once or much later */
		if (w->n_old && !dice(20) && b->n < want &&
		    put_frame(pool, b, &w->old[dice(w->n_old < REPEATS ? w->n_old : REPEATS)]))
			w->repeats++;
	}
	pthread_mutex_unlock(&w->lock);
	be_held_up();
	return b->n;
}

static void arrive(void *ctx, const struct super_flow *f, uint32_t n)
{
	struct world *w = ctx;
	uint32_t *last = &w->last[f->net][f->worker][f->flow];

	be_held_up();
	pthread_mutex_lock(&w->lock);
	if (n <= *last)
		w->disorder++;
	*last = n;
	w->arrived[f->net]++;
	pthread_mutex_unlock(&w->lock);
}

static void arrive_packet(struct world *w, const struct pkt *p)
{
	struct rd r = pkt_rd(p);

	rd_skip(&r, 12);
	uint32_t src = rd_be32(&r), dst = rd_be32(&r);
	rd_skip(&r, 8);
	arrive(w, &(struct super_flow){ (dst >> 16 & 0xff) - 2, src >> 8 & 0xff, src & 0xff }, rd_be32(&r));
}

static size_t tun_send(struct port *port, struct batch *b)
{
	struct mem_port *m = (struct mem_port *)(void *)port;
	struct world *w = m->g->w;

	m->sends++;
	if (m->sink)
		super_arrive(m->sink, b, arrive, w);
	else
		for (size_t i = 0; i < b->n; i++)
			arrive_packet(w, b->p[i]);
	return b->n;
}

static size_t nothing(struct port *port, struct pool *pool, struct batch *b)
{
	((struct mem_port *)(void *)port)->uses++;
	(void)pool;
	(void)b;
	return 0;
}

static void leave(struct port *port)
{
	(void)port;
}

static const struct port_ops a_steer = { steer_recv, tun_send, leave }, a_esp = { nothing, wire_send, leave },
			     a_link = { nothing, link_send, leave },
			     b_steer = { nothing, tun_send, leave }, b_esp = { wire_recv, wire_send, leave };

/* ---- the gateways ---- */

static uint64_t env_now(void *ctx)
{
	struct timespec t;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void env_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	for (size_t done = 0; done < n; done += 128)
		if (getentropy((uint8_t *)p + done, n - done < 128 ? n - done : 128))
			abort();
}

static int env_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	struct gateway *g = ctx;

	close(fd);
	*ret_port = desc->id == PORT_ESP  ? &g->esp[desc->worker].port :
		    desc->id == PORT_LINK ? &g->link[desc->worker].port :
		    desc->id == PORT_NEWS ? &g->news[desc->worker].port :
					    &g->steer[desc->worker].port;
	return 0;
}

/* By whoever has closed the gate: one at a time. */
static bool env_control(void *ctx, const struct fwd_msg *m)
{
	struct gateway *g = ctx;

	if (m->type == FWD_RESULT)
		g->result = m->u.error;
	if (m->type == FWD_EXPIRE && m->u.expire.hard && g->out)
		__atomic_store_n(&g->rekey, LIMITED + 1, __ATOMIC_RELAXED);
	return true;
}

static int32_t ask(struct gateway *g, struct fwd_msg *m)
{
	uint8_t buf[2048];
	struct wr w = wr_of(buf, sizeof(buf));
	int fd = m->type == FWD_PORT_ADD ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	m->seq = 1;
	fwd_encode(&w, m);
	forwarder_message(g->f, wr_done(&w), fd);
	return g->result;
}

/* The first policy is the tunnel's, if there is one. */
static struct selector sel_of(const struct gateway *g, uint32_t net)
{
	struct selector s = { .local = addr_match_v4(0x0a010000, 0xffff),
			      .remote = addr_match_v4(0x0a020000 + (net << 16), 0xffff) };

	if (is_gre(g->w) && net == 0)
		s = (struct selector){ .local = addr_match_v4(US, 0), .remote = addr_match_v4(PEER, 0),
				       .proto = IPPROTO_GRE_ };
	return g->out ? s : selector_mirror(&s);
}

static void set_table(struct gateway *g, uint32_t extra)
{
	struct fwd_msg m = { .type = FWD_TABLE_BEGIN };

	assert_int_equal(ask(g, &m), 0);
	for (uint32_t i = 0; i < NETS + extra; i++) {
		struct selector s = sel_of(g, i < NETS ? i : 40 + i);

		m = (struct fwd_msg){ .type = FWD_POLICY_ADD,
				      .u.policy = { .id = i + 1, .ifid = IFID, .map_seq = i + 1,
						    .action = FWD_POLICY_PROTECT, .sel = s,
						    .local = ipaddr_v4(US),
						    .frag_after = g->w->way == IN_PIECES,
						    .path_mtu = g->w->way == IN_PIECES ? 700 : 1500 } };
		assert_int_equal(ask(g, &m), 0);
	}
	m = (struct fwd_msg){ .type = FWD_TUNNEL_ADD,
			      .u.tunnel = { .tun_port = PORT_STEER, .src = ipaddr_v4(g->out ? US : PEER),
					    .dst = ipaddr_v4(g->out ? PEER : US), .egress_ifid = IFID,
					    .ttl = 255, .tos = 0xff, .mtu = 1476, .up = true } };
	assert_int_equal(is_gre(g->w) ? ask(g, &m) : 0, 0);
	m = (struct fwd_msg){ .type = FWD_TABLE_COMMIT };
	assert_int_equal(ask(g, &m), 0);
}

static void add_sa(struct gateway *g, uint32_t n, uint32_t net)
{
	static const struct {
		uint8_t cipher;
		uint16_t bits;
		uint8_t auth;
	} suite[NETS] = { { CIPHER_AES_GCM, 128, AUTH_NONE }, { CIPHER_AES_CBC, 128, AUTH_HMAC_SHA1_96 },
			  { CIPHER_3DES, 0, AUTH_HMAC_MD5_96 }, { CIPHER_NULL, 0, AUTH_HMAC_SHA1_96 } };
	const struct cipher_info *c = cipher_info((enum cipher_id)suite[net].cipher, suite[net].bits);
	const struct auth_info *a = auth_info((enum auth_id)suite[net].auth);
	struct fwd_msg m = { .type = FWD_SA_ADD };
	struct sa_spec *s = &m.u.sa;

	*s = (struct sa_spec){ .id = n, .pair_id = n, .policy_id = net + 1, .proto = PROTO_ESP,
			       .dir = g->out ? SA_OUT : SA_IN, .mode = MODE_TUNNEL, .spi = 0x1000 + n,
			       .src = ipaddr_v4(US), .dst = ipaddr_v4(PEER), .cipher = suite[net].cipher,
			       .cipher_bits = suite[net].bits, .auth = suite[net].auth,
			       .replay_window = 64, .sel = sel_of(g, net),
			       .udp_encap = g->w->way == BY_UDP, .udp_sport = 4500, .udp_dport = 4500 };
	if (g->w->way == BY_AH) {
		c = NULL;
		a = auth_info(AUTH_HMAC_SHA1_96);
		s->proto = PROTO_AH;
		s->cipher = 0;
		s->cipher_bits = 0;
		s->auth = AUTH_HMAC_SHA1_96;
	}
	s->enc_key.len = c ? (uint8_t)(c->key_len + c->salt_len) : 0;
	s->auth_key.len = a ? a->key_len : 0;
	memset(s->enc_key.b, (int)n, sizeof(s->enc_key.b));
	memset(s->auth_key.b, (int)n, sizeof(s->auth_key.b));
	if (net == LIMITED && g->out)
		s->life = (struct sa_life){ .soft_bytes = HARD_BYTES / 2, .hard_bytes = HARD_BYTES };
	assert_int_equal(ask(g, &m), 0);
}

/* A new pair for the policy; the peer knows it first. */
static void rekey(struct world *w, uint32_t net)
{
	uint32_t n = ++w->generation;

	assert_true(n < SPIS);
	w->spi[n].net = net;
	w->newest[net] = n;
	if (w->running) {
		atomic_store(&w->b.wanted, n);
		while (atomic_load(&w->b.wanted))
			(void)sched_yield();
	} else {
		add_sa(&w->b, n, net);
	}
	add_sa(&w->a, n, net);
}

static uint8_t cipher_port(const struct gateway *g)
{
	switch (g->w->way) {
	case BY_UDP:
		return FWD_PORT_UDP_ENCAP;
	case BY_AH:
		return FWD_PORT_AH;
	case BY_LINK:
		return g->out ? FWD_PORT_ESP : FWD_PORT_RING;
	default:
		return FWD_PORT_ESP;
	}
}

static void add_link(struct gateway *g, unsigned k)
{
	struct fwd_msg m = { .type = FWD_PORT_ADD,
			     .u.port = { .id = PORT_LINK, .ifid = IFID, .worker = (uint8_t)k,
					 .kind = FWD_PORT_LINK, .sends_only = true } };

	g->link[k] = (struct mem_port){ .port = { .ops = &a_link, .fd = -1 }, .g = g, .worker = k };
	assert_int_equal(ask(g, &m), 0);
	if (k == g->workers)
		return;
	m.u.port = (struct fwd_port){ .id = PORT_NEWS, .worker = (uint8_t)k, .kind = FWD_PORT_NEWS, .sends_only = true };
	g->news[k] = (struct mem_port){ .port = { .ops = &a_link, .fd = -1, .news = some_news }, .g = g, .worker = k };
	assert_int_equal(ask(g, &m), 0);
}

static void add_steer(struct gateway *g, unsigned k)
{
	struct mem_port *m = &g->steer[k];

	*m = (struct mem_port){ .port = { .ops = g->out ? &a_steer : &b_steer, .fd = -1 }, .g = g, .worker = k };
	if (g->w->way != BY_SUPERS)
		return;
	m->source = g->out ? calloc(1, sizeof(*m->source)) : NULL;
	m->sink = g->out ? NULL : calloc(1, sizeof(*m->sink));
	assert_true(m->source || (m->sink && super_sink_init(m->sink) == 0));
}

static void gateway_init(struct world *w, struct gateway *g, unsigned workers, bool out)
{
	struct forwarder_env env = { env_now, env_random, env_port, env_control, g };

	g->w = w;
	g->out = out;
	g->workers = workers;
	g->f = forwarder_new_workers(&env, workers);
	assert_non_null(g->f);
	for (unsigned k = 0; k <= workers; k++) {
		g->esp[k] = (struct mem_port){ .port = { .ops = out ? &a_esp : &b_esp, .fd = -1 }, .g = g, .worker = k };
		if (k < workers)
			add_steer(g, k);
		for (uint32_t id = PORT_ESP; id <= (k < workers ? PORT_STEER : PORT_ESP); id++) {
			struct fwd_msg m = { .type = FWD_PORT_ADD };

			m.u.port = (struct fwd_port){ .id = id, .ifid = IFID, .worker = (uint8_t)k,
						      .kind = id == PORT_ESP ? cipher_port(g) :
							      is_gre(w) ? FWD_PORT_TUNNEL :
										 FWD_PORT_STEER };
			assert_int_equal(ask(g, &m), 0);
		}
		if (out && w->way == BY_LINK)
			add_link(g, k);
	}
	set_table(g, 0);
}

/* ---- threads ---- */

struct job {
	struct gateway *g;
	unsigned me;
};

static void disturb_b(struct world *w)
{
	struct fwd_msg stats = { .type = FWD_STATS_GET };
	uint32_t n = atomic_load(&w->b.wanted);

	if (n) {
		add_sa(&w->b, n, w->spi[n].net);
		atomic_store(&w->b.wanted, 0);
	}
	if (!dice(40))
		set_table(&w->b, (uint32_t)dice(3));
	if (!dice(100))
		(void)ask(&w->b, &stats);
	if (!dice(30)) /* all of them read, whatever is said */
		forwarder_readers(w->b.f, 1 + (unsigned)dice(w->b.workers));
	forwarder_tick(w->b.f);
}

/* True for a while, or no longer. */
static void tell_next_hop(struct world *w)
{
	struct fwd_msg begins = { .type = FWD_NEXT_HOP };
	struct fwd_msg hop = { .type = FWD_NEXT_HOP,
			       .u.next_hops = { .n = 1, .v = { { .dst = ipaddr_v4(PEER), .ifid = IFID,
					       .life_ms = dice(2) ? 0 : (uint16_t)(1 + dice(20)) } } } };
	int32_t err;

	assert_int_equal(ask(&w->a, &begins), 0);
	err = ask(&w->a, &hop);
	assert_true(!err || err == -EAGAIN);
}

/* The others are not done yet, one of them may not have begun: what they send past the stack hangs on this. */
static void tell_until_all_are_done(struct world *w)
{
	while (atomic_load(&w->busy) > 1) {
		tell_next_hop(w);
		forwarder_tick(w->a.f);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

/* What control does while packets pass. SAs that are not used any more go. */
static void disturb_a(struct world *w)
{
	struct fwd_msg stats = { .type = FWD_STATS_GET };
	uint32_t net = __atomic_exchange_n(&w->a.rekey, 0, __ATOMIC_RELAXED);

	if (net)
		rekey(w, net - 1);
	if (!dice(30)) {
		struct fwd_msg del = { .type = FWD_SA_DEL, .u.id = 1 + (uint32_t)dice(w->generation) };

		if (del.u.id != w->newest[w->spi[del.u.id].net])
			(void)ask(&w->a, &del);
	}
	if (!dice(40))
		rekey(w, is_gre(w) ? 0 : (uint32_t)dice(NETS - 1));
	if (!dice(40))
		set_table(&w->a, (uint32_t)dice(3));
	if (w->way == BY_LINK && !dice(4))
		tell_next_hop(w);
	if (!dice(100))
		(void)ask(&w->a, &stats);
	if (!dice(30))
		forwarder_readers(w->a.f, 1 + (unsigned)dice(w->a.workers));
	forwarder_tick(w->a.f);
}

/* It has made its packets, and some of them have gone past the stack. On a loaded machine the first worker, which says when
 * they can, may not run while another makes all of them: that one makes more, but not forever. */
static bool is_done(const struct job *j, uint32_t made)
{
	const struct world *w = j->g->w;

	return made >= w->per_worker &&
	       (w->way != BY_LINK || j->g->link[j->me].uses > LINK_USES || made >= 10 * w->per_worker);
}

static void *run_a(void *arg)
{
	struct job *j = arg;
	struct world *w = j->g->w;
	struct forwarder *f = forwarder_worker(j->g->f, j->me);
	uint32_t made = 0;

	rnd += j->me * 0x9e3779b97f4a7c15u;
	while (!is_done(j, made)) {
		made += (uint32_t)forwarder_poll_port(f, &j->g->steer[j->me].port);
		(void)forwarder_poll_port(f, &j->g->esp[j->me].port); /* nothing comes, while others send */
		if (j->me == 0)
			disturb_a(w);
	}
	if (j->me == 0 && w->way == BY_LINK)
		tell_until_all_are_done(w);
	atomic_fetch_sub(&w->busy, 1);
	return NULL;
}

static void *run_b(void *arg)
{
	struct job *j = arg;
	struct world *w = j->g->w;
	struct forwarder *f = forwarder_worker(j->g->f, j->me);

	rnd += (j->me + 9) * 0x9e3779b97f4a7c15u;
	while (!atomic_load(&w->drained)) {
		if (j->me == 0)
			disturb_b(w);
		bool last = !atomic_load(&w->busy);
		size_t n = forwarder_poll_port(f, &j->g->esp[j->me].port);

		if (!n)
			(void)sched_yield();
		if (!n && last) {
			pthread_mutex_lock(&w->lock);
			if (!w->n)
				atomic_store(&w->drained, true);
			pthread_mutex_unlock(&w->lock);
		}
	}
	return NULL;
}

static uint64_t drops_of(struct gateway *g, enum fwd_drop why)
{
	uint64_t n = 0;

	for (unsigned k = 0; k < g->workers; k++)
		n += forwarder_worker(g->f, k)->drops.n[why];
	return n;
}

static void check_spis(const struct world *w)
{
	uint32_t worst = 0, limited = 0;

	for (uint32_t i = 1; i <= w->generation; i++) {
		const struct spi *s = &w->spi[i];

		/* none is missing: as many as the last one says */
		assert_int_equal(s->n, s->top);
		worst = s->worst > worst ? s->worst : worst;
		if (s->net != LIMITED)
			continue;
		assert_true(s->bytes <= HARD_BYTES);
		limited += s->bytes > HARD_BYTES - 1500;
	}
	assert_true(limited > 1 || is_gre(w));
	/* AH leaves with the gate closed: in order */
	assert_true((worst > 0) == (w->way != BY_AH) && worst < PEER_WINDOW);
}

static void check_pools(struct gateway *g)
{
	for (unsigned k = 0; k < g->workers; k++) {
		struct forwarder *f = forwarder_worker(g->f, k);

		assert_int_equal(f->pool.n_free, f->pool.n);
		assert_int_equal(f->out.n, 0);
		assert_true(later_is_empty(f->later));
	}
}

/* Each worker has sent past the stack. */
static void check_links(const struct gateway *g)
{
	for (unsigned k = 0; k < g->workers; k++)
		assert_true(g->link[k].uses > LINK_USES);
}

/* All of them were right, and joined so that it was worth it. */
static void check_supers(struct world *w)
{
	uint64_t packets = 0, writes = 0;

	for (unsigned k = 0; w->way == BY_SUPERS && k < w->a.workers; k++) {
		struct super_sink *s = w->b.steer[k].sink;

		assert_int_equal(s->wrong, 0);
		assert_int_equal(s->pool.n_free, s->pool.n);
		packets += s->packets;
		writes += s->writes;
		super_sink_fini(s);
		free(s);
		free(w->a.steer[k].source);
	}
	assert_true(w->way != BY_SUPERS || (packets > 10000 && writes * 3 < packets * 2));
}

static uint64_t sum(const uint64_t n[NETS])
{
	return n[0] + n[1] + n[2] + n[3];
}

/* Of each net, but where one SA carries all. */
static void check_arrivals(const struct world *w)
{
	assert_true(sum(w->lost) > 100);
	if (is_gre(w))
		assert_int_equal(sum(w->arrived) + sum(w->lost), sum(w->made));
	for (uint32_t net = 0; net < LIMITED && !is_gre(w); net++)
		assert_int_equal(w->arrived[net] + w->cut[net] + w->lost[net], w->made[net]);
	assert_true((w->cut[0] > 100) == (w->way == IN_PIECES));
}

static void run(unsigned workers, enum way way)
{
	struct world *w = calloc(1, sizeof(*w));
	pthread_t thread[2 * MOST];
	struct job job[2 * MOST];
	struct fwd_msg end = { .type = FWD_NEGOTIATION_FAILED };

	w->wire = calloc(WIRE_MAX, sizeof(*w->wire));
	w->old = calloc(REPEATS, sizeof(*w->old));
	w->spi = calloc(SPIS, sizeof(*w->spi));
	w->per_worker = 24000 / workers;
	w->way = way;
	pthread_mutex_init(&w->lock, NULL);
	gateway_init(w, &w->a, workers, true);
	gateway_init(w, &w->b, workers, false);
	for (uint32_t net = 0; net < NETS; net++)
		rekey(w, net);
	w->busy = workers;
	w->running = true;
	for (unsigned k = 0; k < 2 * workers; k++) {
		job[k] = (struct job){ k < workers ? &w->a : &w->b, k % workers };
		assert_int_equal(pthread_create(&thread[k], NULL, k < workers ? run_a : run_b, &job[k]), 0);
	}
	for (unsigned k = 0; k < 2 * workers; k++)
		pthread_join(thread[k], NULL);

	check_spis(w);
	assert_int_equal(w->foreign, 0);
	assert_int_equal(w->twice, 0);
	assert_int_equal(w->late, 0);
	assert_int_equal(w->disorder, 0);
	assert_true(w->repeats > 100);
	assert_int_equal(drops_of(&w->b, FWD_DROP_REPLAYED), w->repeats);
	check_supers(w);
	check_arrivals(w);
	if (way == BY_LINK)
		check_links(&w->a);
	/* those without SA for a while wait for one, and some find no room */
	end.u.id = LIMITED + 1;
	assert_int_equal(ask(&w->a, &end), 0);
	assert_int_equal(w->arrived[LIMITED] + w->cut[LIMITED] + (is_gre(w) ? w->made[LIMITED] - w->arrived[LIMITED] : w->lost[LIMITED]) +
				 drops_of(&w->a, FWD_DROP_NO_SA) +
				 drops_of(&w->a, FWD_DROP_NEGOTIATION_FAILED) +
				 drops_of(&w->a, FWD_DROP_SA_DEAD),
			 w->made[LIMITED]);
	check_pools(&w->a);
	check_pools(&w->b);
	forwarder_free(w->a.f);
	forwarder_free(w->b.f);
	free(w->spi);
	free(w->old);
	free(w->wire);
	free(w);
}

static void two_workers(void **state)
{
	(void)state;
	run(2, BY_MAP);
}

static void four_workers(void **state)
{
	(void)state;
	run(4, BY_MAP);
}

static void by_a_gre_tunnel(void **state)
{
	(void)state;
	run(3, BY_GRE);
}

static void by_a_gre_tunnel_that_carries_gre(void **state)
{
	(void)state;
	run(3, BY_GRE_WITH_GRE);
}

static void in_udp(void **state)
{
	(void)state;
	run(2, BY_UDP);
}

static void by_ah(void **state)
{
	(void)state;
	run(2, BY_AH);
}

static void past_the_stack_now_and_then_and_by_a_ring(void **state)
{
	(void)state;
	run(3, BY_LINK);
}

static void in_pieces(void **state)
{
	(void)state;
	run(3, IN_PIECES);
}

static void super_packets_with_losses(void **state)
{
	(void)state;
	run(2, BY_SUPERS);
	run(4, BY_SUPERS);
}

static int32_t give_esp(struct gateway *g, unsigned worker)
{
	struct fwd_msg m = { .type = FWD_PORT_ADD,
			     .u.port = { .id = PORT_ESP, .ifid = IFID, .worker = (uint8_t)worker, .kind = cipher_port(g) } };

	return ask(g, &m);
}

/* The next one would take it for whole, and nothing came in by it ever after. */
static void half_a_port_ends_with_the_control_that_gave_it(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct fwd_msg del = { .type = FWD_PORT_DEL }, hello = { .type = FWD_HELLO, .u.version = FWD_VERSION };

	(void)state;
	gateway_init(w, &w->a, 2, true);
	del.u.id = PORT_ESP;
	assert_int_equal(ask(&w->a, &del), 0);
	for (unsigned given = 1; given <= 2; given++) {
		for (unsigned k = 0; k < given; k++)
			assert_int_equal(give_esp(&w->a, k), 0);
		assert_int_equal(ask(&w->a, &hello), 0);
	}
	for (unsigned k = 0; k < 3; k++)
		assert_int_equal(give_esp(&w->a, k), 0);
	assert_int_equal(ask(&w->a, &hello), 0);
	assert_int_equal(give_esp(&w->a, 0), -EEXIST);
	forwarder_free(w->a.f);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_workers),
		cmocka_unit_test(four_workers),
		cmocka_unit_test(by_a_gre_tunnel),
		cmocka_unit_test(by_a_gre_tunnel_that_carries_gre),
		cmocka_unit_test(in_udp),
		cmocka_unit_test(by_ah),
		cmocka_unit_test(past_the_stack_now_and_then_and_by_a_ring),
		cmocka_unit_test(in_pieces),
		cmocka_unit_test(super_packets_with_losses),
		cmocka_unit_test(half_a_port_ends_with_the_control_that_gave_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
