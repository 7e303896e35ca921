/* SPDX-License-Identifier: Apache-2.0 */
/* One SA and several workers, without input and output: what a gateway makes of packets in memory
 * in a pass of fixed length, with 1 worker and with N, in turn; and beside them N gateways that have nothing in
 * common, each with one worker, at once: what N processors of this machine can do. Out: each worker has a TUN queue.
 * In: they take bursts from one socket, which copies packets that were never seen before; so its
 * copy is in these figures, and is made by one worker at a time. */
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/clock.h"
#include "bench/common.h"
#include "crypto/alg.h"
#include "forwarder/forwarder.h"
#include "forwarder/gate.h"
#include "packet/ip4.h"

enum { PASS_BYTES = 2 << 20, PASS_MAX = 4096, ROUNDS_MAX = 2001, IFID = 7, PORT_ESP = 1, PORT_STEER = 2 };
#define US   0xc0000201u
#define PEER 0xc6336401u

static const struct suite {
	const char *name;
	enum cipher_id cipher;
	unsigned bits;
	enum auth_id auth;
} suites[] = {
	{ "aes256-gcm", CIPHER_AES_GCM, 256, AUTH_NONE },
	{ "aes128-gcm", CIPHER_AES_GCM, 128, AUTH_NONE },
	{ "aes256-sha", CIPHER_AES_CBC, 256, AUTH_HMAC_SHA1_96 },
	{ "aes256-sha256", CIPHER_AES_CBC, 256, AUTH_HMAC_SHA256_128 },
	{ "3des-sha", CIPHER_3DES, 0, AUTH_HMAC_SHA1_96 },
	{ "null-sha", CIPHER_NULL, 0, AUTH_HMAC_SHA1_96 },
};

struct bench;
struct mem_port {
	struct port port;
	struct bench *b;
	unsigned worker;
	size_t left, n; /* TUN of the sender: packets to make; of the receiver: what has come */
};

struct gateway {
	struct forwarder *f;
	struct mem_port esp[WORKERS_MAX + 1], steer[WORKERS_MAX]; /* esp: and the one that is read */
	struct bench *b;
	int32_t result;
};

struct bench {
	const struct suite *suite;
	size_t size;
	struct gateway out, in;
	uint8_t *kept; /* what came out of the sender, in order */
	size_t n_frames, stride;
	size_t pass; /* packets of a pass */
	uint32_t len; /* of each */
	bool record;
	size_t next; /* to be received; by whoever reads */
};

/* ---- ports ---- */

static size_t steer_recv(struct port *port, struct pool *pool, struct batch *b)
{
	struct mem_port *m = (struct mem_port *)(void *)port;
	struct ip_view h = { .ttl = 64, .proto = IPPROTO_UDP_, .id = 1, .src = 0x0a010001,
			     .dst = 0x0a020001, .total_len = (uint16_t)m->b->size };

	while (m->left && b->n < BATCH_MAX) {
		struct pkt *p = pkt_get(pool);
		struct wr w = wr_of(p->data + IP4_HEADER, 8);

		h.src = 0x0a010000 | m->worker << 8 | (m->left & 7);
		ip4_write(p->data, &h);
		wr_be16(&w, 1000);
		wr_be16(&w, 53);
		wr_be32(&w, 0);
		p->len = (uint32_t)m->b->size;
		(void)batch_add(b, p);
		m->left--;
	}
	return b->n;
}

static size_t esp_send(struct port *port, struct batch *b)
{
	struct bench *m = ((struct mem_port *)(void *)port)->b;

	for (size_t i = 0; m->record && i < b->n; i++) {
		m->len = b->p[i]->len;
		memcpy(m->kept + m->n_frames++ * m->stride, b->p[i]->data, m->len);
	}
	return b->n;
}

static size_t esp_recv(struct port *port, struct pool *pool, struct batch *b)
{
	struct bench *m = ((struct mem_port *)(void *)port)->b;

	while (m->next < m->n_frames && b->n < BATCH_MAX) {
		struct pkt *p = pkt_get(pool);

		p->len = m->len;
		memcpy(p->data, m->kept + m->next++ * m->stride, m->len);
		(void)batch_add(b, p);
	}
	return b->n;
}

static size_t steer_send(struct port *port, struct batch *b)
{
	((struct mem_port *)(void *)port)->n += b->n;
	return b->n;
}

static void leave(struct port *port)
{
	(void)port;
}

static const struct port_ops steer_ops = { steer_recv, steer_send, leave };
static const struct port_ops esp_ops = { esp_recv, esp_send, leave };

/* ---- gateways ---- */

static uint64_t env_now(void *ctx)
{
	(void)ctx;
	return clock_ns() / 1000000;
}

static void env_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	for (size_t done = 0, some; done < n; done += some) {
		some = n - done < 256 ? n - done : 256;
		if (getentropy((uint8_t *)p + done, some))
			abort();
	}
}

static int env_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	struct gateway *g = ctx;

	close(fd);
	*ret_port = desc->id == PORT_ESP ? &g->esp[desc->worker].port : &g->steer[desc->worker].port;
	return 0;
}

static bool env_control(void *ctx, const struct fwd_msg *m)
{
	if (m->type == FWD_RESULT)
		((struct gateway *)ctx)->result = m->u.error;
	return true;
}

static void ask(struct gateway *g, struct fwd_msg *m)
{
	uint8_t buf[2048];
	struct wr w = wr_of(buf, sizeof(buf));
	int fd = m->type == FWD_PORT_ADD ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	m->seq = 1;
	fwd_encode(&w, m);
	forwarder_message(g->f, wr_done(&w), fd);
	if (g->result) {
		fprintf(stderr, "bench_workers: message %u: %d\n", m->type, g->result);
		exit(1);
	}
}

static struct selector sel_of(bool out)
{
	struct selector s = { .local = addr_match_v4(0x0a010000, 0xffff),
			      .remote = addr_match_v4(0x0a020000, 0xffff) };

	return out ? s : selector_mirror(&s);
}

static void set_sa(struct gateway *g, bool out, bool again)
{
	const struct suite *s = g->b->suite;
	const struct cipher_info *c = cipher_info(s->cipher, s->bits);
	const struct auth_info *a = s->auth ? auth_info(s->auth) : NULL;
	struct fwd_msg m = { .type = FWD_SA_DEL, .u.id = 1 };

	if (again)
		ask(g, &m);
	m = (struct fwd_msg){ .type = FWD_SA_ADD,
			      .u.sa = { .id = 1, .pair_id = 1, .policy_id = 1, .dir = out ? SA_OUT : SA_IN,
					.proto = PROTO_ESP, .mode = MODE_TUNNEL, .spi = 0x1000,
					.src = ipaddr_v4(US), .dst = ipaddr_v4(PEER), .cipher = (uint8_t)s->cipher,
					.cipher_bits = (uint16_t)s->bits, .auth = (uint8_t)s->auth,
					.replay_window = 64, .sel = sel_of(out) } };
	m.u.sa.enc_key.len = (uint8_t)(c->key_len + c->salt_len);
	m.u.sa.auth_key.len = a ? a->key_len : 0;
	for (uint8_t i = 0; i < SA_MAX_KEY; i++)
		m.u.sa.enc_key.b[i] = m.u.sa.auth_key.b[i] = (uint8_t)(7 * i + 3);
	ask(g, &m);
}

static void gateway_init(struct bench *b, struct gateway *g, bool out, unsigned workers)
{
	struct forwarder_env env = { env_now, env_random, env_port, env_control, g };
	struct fwd_msg m;

	g->b = b;
	g->f = forwarder_new_workers(&env, workers);
	if (!g->f)
		exit(1);
	for (unsigned k = 0; k < workers + (workers > 1); k++) {
		g->esp[k] = (struct mem_port){ .port = { .ops = &esp_ops, .fd = -1 }, .b = b, .worker = k };
		if (k < workers)
			g->steer[k] = (struct mem_port){ .port = { .ops = &steer_ops, .fd = -1 }, .b = b, .worker = k };
		for (uint32_t id = PORT_ESP; id <= (k < workers ? PORT_STEER : PORT_ESP); id++) {
			m = (struct fwd_msg){ .type = FWD_PORT_ADD };
			m.u.port = (struct fwd_port){ .id = id, .ifid = IFID, .worker = (uint8_t)k,
						      .kind = id == PORT_ESP ? FWD_PORT_ESP : FWD_PORT_STEER };
			ask(g, &m);
		}
	}
	m = (struct fwd_msg){ .type = FWD_TABLE_BEGIN };
	ask(g, &m);
	m = (struct fwd_msg){ .type = FWD_POLICY_ADD,
			      .u.policy = { .id = 1, .ifid = IFID, .map_seq = 1, .action = FWD_POLICY_PROTECT,
					    .sel = sel_of(out), .local = ipaddr_v4(US), .path_mtu = 9000 } };
	ask(g, &m);
	m = (struct fwd_msg){ .type = FWD_TABLE_COMMIT };
	ask(g, &m);
	set_sa(g, out, false);
}

/* What the receiver gets: a pass of the first worker's. */
static void record(struct bench *b)
{
	b->stride = (b->size + 128 + 63) / 64 * 64;
	b->pass = PASS_BYTES / b->stride / (BATCH_MAX * WORKERS_MAX) * (BATCH_MAX * WORKERS_MAX);
	if (b->pass > PASS_MAX)
		b->pass = PASS_MAX;
	b->kept = calloc(b->pass, b->stride);
	if (!b->kept)
		exit(1);
	b->record = true;
	b->out.steer[0].left = b->pass;
	while (forwarder_poll_port(b->out.f, &b->out.steer[0].port))
		;
	b->record = false;
	if (b->n_frames != b->pass)
		exit(1);
}

/* ---- passes ---- */

/* The workers of one gateway, or the only ones of several. */
struct team {
	unsigned n;
	bool apart;
	struct bench *b; /* apart: as many as there are members */
	bool in;
	_Atomic unsigned awake, go, done;
	_Atomic bool stop;
	pthread_t thread[WORKERS_MAX];
	struct {
		struct team *t;
		unsigned me;
		sem_t turn; /* between passes it sleeps: other teams are at work on its processor */
	} arg[WORKERS_MAX];
};

static void work(struct team *t, unsigned me)
{
	struct bench *b = &t->b[t->apart ? me : 0];
	unsigned k = t->apart ? 0 : me;

	if (!t->in) {
		struct forwarder *f = forwarder_worker(b->out.f, k);

		while (forwarder_poll_port(f, &b->out.steer[k].port))
			;
		return;
	}
	struct forwarder *f = forwarder_worker(b->in.f, k);
	/* 0: there is nothing, or another one is reading just now */
	while (__atomic_load_n(&b->next, __ATOMIC_RELAXED) < b->n_frames)
		(void)forwarder_poll_port(f, &b->in.esp[k].port);
}

static void stay_on(unsigned cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	(void)pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void *member(void *arg)
{
	struct team *t = *(struct team **)arg;
	__typeof__(&t->arg[0]) own = arg;

	for (unsigned seen = 0;; seen++) {
		while (sem_wait(&own->turn))
			;
		if (atomic_load(&t->stop))
			return NULL;
		atomic_fetch_add(&t->awake, 1);
		while (atomic_load(&t->go) == seen)
			;
		work(t, own->me);
		atomic_fetch_add(&t->done, 1);
	}
}

static void team_start(struct team *t, struct bench *b, unsigned n, bool apart)
{
	*t = (struct team){ .n = n, .apart = apart, .b = b };
	for (unsigned k = 1; k < n; k++) {
		t->arg[k].t = t;
		t->arg[k].me = k;
		stay_on(k); /* the thread begins where we are */
		if (sem_init(&t->arg[k].turn, 0, 0) || pthread_create(&t->thread[k], NULL, member, &t->arg[k]))
			exit(1);
	}
	stay_on(0);
}

static void team_stop(struct team *t)
{
	atomic_store(&t->stop, true);
	for (unsigned k = 1; k < t->n; k++)
		(void)sem_post(&t->arg[k].turn);
	for (unsigned k = 1; k < t->n; k++) {
		pthread_join(t->thread[k], NULL);
		sem_destroy(&t->arg[k].turn);
	}
}

/* A pass is before its workers, of whom there are so many. */
static void get_ready(struct bench *b, unsigned workers, bool in)
{
	for (unsigned k = 0; k < workers; k++) {
		b->out.steer[k].left = b->pass / workers;
		b->in.steer[k].n = 0;
	}
	set_sa(in ? &b->in : &b->out, !in, true);
	if (in)
		b->next = 0;
}

static void all_arrived(const struct bench *b, unsigned workers)
{
	size_t came = 0;

	for (unsigned k = 0; k < workers; k++)
		came += b->in.steer[k].n;
	if (came == b->pass)
		return;
	fprintf(stderr, "bench_workers: %zu of %zu packets arrived\n", came, b->pass);
	exit(1);
}

/* Clocks for a pass, of each gateway. */
static uint64_t pass(struct team *t, bool in)
{
	unsigned gateways = t->apart ? t->n : 1, workers = t->apart ? 1 : t->n;
	uint64_t began;

	t->in = in;
	for (unsigned i = 0; i < gateways; i++)
		get_ready(&t->b[i], workers, in);
	atomic_store(&t->done, 0);
	atomic_store(&t->awake, 0);
	for (unsigned k = 1; k < t->n; k++)
		(void)sem_post(&t->arg[k].turn);
	while (atomic_load(&t->awake) < t->n - 1)
		;
	began = clock_ticks();
	atomic_fetch_add(&t->go, 1);
	work(t, 0);
	while (atomic_load(&t->done) < t->n - 1)
		;
	began = clock_ticks() - began;
	for (unsigned i = 0; in && i < gateways; i++)
		all_arrived(&t->b[i], workers);
	return began;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double at(uint64_t *v, size_t n, double where)
{
	qsort(v, n, sizeof(*v), by_value);
	return (double)v[(size_t)((double)(n - 1) * where)];
}

static void bench_free(struct bench *b)
{
	forwarder_free(b->out.f);
	forwarder_free(b->in.f);
	free(b->kept);
}

static void print_row(const struct suite *s, size_t size, bool in, unsigned n, bool apart, double clocks, double rate)
{
	printf("{\"bench\": \"workers\", \"suite\": \"%s\", \"size\": %zu, \"dir\": \"%s\", \"n\": %u, \"apart\": %s, "
	       "\"clocks\": %.1f, \"packets_per_sec\": %.0f}\n",
	       s->name, size, in ? "in" : "out", n, apart ? "true" : "false", clocks, rate * 1e9 / clocks);
}

enum how { ONE, MANY, APART, HOWS };

static void make_bench(struct bench *b, const struct suite *s, size_t size, unsigned workers)
{
	*b = (struct bench){ .suite = s, .size = size };
	gateway_init(b, &b->out, true, workers);
	gateway_init(b, &b->in, false, workers);
	record(b);
}

/* Clocks a packet, of all that are at it: by v, of n passes; rate as run() has it. */
static void print(const struct suite *s, size_t size, bool in, unsigned workers, uint64_t (*v)[ROUNDS_MAX], size_t n,
		  size_t packets, double rate)
{
	double med[HOWS], best[HOWS];

	for (int how = 0; how < HOWS; how++) {
		double of = (double)packets * (how == APART ? workers : 1);

		med[how] = at(v[how], n, 0.5) / of;
		best[how] = at(v[how], n, 0) / of;
		if (rate > 0)
			print_row(s, size, in, how == ONE ? 1 : workers, how == APART, med[how], rate);
	}
	if (rate > 0)
		return;
	printf("%-16s%6zu  %-4s%8.0f%8.0f%8.0f%7.2f%7.2f  | undisturbed%8.0f%8.0f%8.0f%7.2f%7.2f\n", s->name, size,
	       in ? "in" : "out", med[ONE], med[MANY], med[APART], med[ONE] / med[MANY], med[ONE] / med[APART], best[ONE],
	       best[MANY], best[APART], best[ONE] / best[MANY], best[ONE] / best[APART]);
}

/* rate: clocks a nanosecond, for rows of JSON; 0: for people. */
static void run(const struct suite *s, size_t size, unsigned workers, double seconds, double rate)
{
	static uint64_t v[2][HOWS][ROUNDS_MAX]; /* in */
	struct bench b[2 + WORKERS_MAX];
	struct team t[HOWS];
	uint64_t end = clock_ns() + (uint64_t)(seconds * 1e9);
	size_t n = 0;

	make_bench(&b[0], s, size, 1);
	make_bench(&b[1], s, size, workers);
	for (unsigned k = 0; k < workers; k++)
		make_bench(&b[2 + k], s, size, 1);
	team_start(&t[ONE], &b[0], 1, false);
	team_start(&t[MANY], &b[1], workers, false);
	team_start(&t[APART], &b[2], workers, true);
	for (; n < ROUNDS_MAX && (n < 5 || clock_ns() < end); n++)
		for (int in = 0; in < 2; in++)
			for (int how = 0; how < HOWS; how++) {
				/* a processor that has slept begins slowly: AVX-512 takes up to half a millisecond to have
				 * all of its clock and its width again, in which it is four times as slow */
				(void)pass(&t[how], in);
				v[in][how][n] = pass(&t[how], in);
			}
	for (int in = 0; in < 2; in++)
		print(s, size, in, workers, v[in], n, b[0].pass, rate);
	fflush(stdout);
	for (int how = 0; how < HOWS; how++)
		team_stop(&t[how]);
	for (unsigned i = 0; i < 2 + workers; i++)
		bench_free(&b[i]);
}

static int usage(FILE *to)
{
	fputs("usage: bench_workers [--suite NAME] [--size BYTES] [--workers N] [--seconds S] [--json]\n", to);
	return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "suite", required_argument, NULL, 's' },  { "size", required_argument, NULL, 'l' },
		{ "workers", required_argument, NULL, 'w' }, { "seconds", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },	     { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *suite = NULL;
	unsigned workers = 2;
	size_t size = 0;
	double seconds = 6, rate = 0;
	int what;

	while ((what = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (what == 's')
			suite = optarg;
		else if (what == 'l')
			size = strtoul(optarg, NULL, 10);
		else if (what == 'w')
			workers = (unsigned)strtoul(optarg, NULL, 10);
		else if (what == 't')
			seconds = strtod(optarg, NULL);
		else if (what == 'j')
			rate = bench_ticks_per_ns();
		else
			return usage(what == 'h' ? stdout : stderr);
	}
	if (workers < 2 || workers > WORKERS_MAX || (size && (size < 64 || size > 8000)))
		return usage(stderr);
	stay_on(0);
	if (rate <= 0)
		printf("clocks a packet of one SA with 1 and with %u workers, and of as many SAs of gateways of their own, and how "
		       "much faster these are; medians, then the fastest pass\n", workers);
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (suite && strcmp(suite, suites[i].name) != 0)
			continue;
		if (!size || size == 64)
			run(&suites[i], 64, workers, seconds / 12, rate);
		if (!size || size != 64)
			run(&suites[i], size ? size : 1420, workers, seconds / 12, rate);
	}
	return 0;
}
