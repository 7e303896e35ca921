/* SPDX-License-Identifier: Apache-2.0 */
/* Trains of datagrams: how they are cut and made up, and that what goes through a real kernel - over the
 * loopback device of a network namespace of our own, over both families - comes out in order and
 * byte for byte, whichever way each end goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>

#include "host/netlink.h"
#include "host/offload.h"
#include "host/ports.h"
#include "host/sockets.h"
#include "host/train.h"
#include "netns.h"

static bool allowed;
static struct pool pool;
static uint32_t dice = 1;

static uint32_t roll(uint32_t n)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 8) % n;
}

/* ---- what the kernel answers ---- */

int __real_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags);

static int refuse_trains; /* the errno that they get; 0: what the kernel says */
static uint32_t refuse_to; /* only to there, in network order; 0: to anybody */
static unsigned trains, refused;

static bool is_train(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_SEGMENT)
			return true;
	return false;
}

static bool is_refused(struct msghdr *m)
{
	const struct sockaddr_in *to = m->msg_name;

	return refuse_trains && is_train(m) && (!refuse_to || to->sin_addr.s_addr == refuse_to);
}

int __wrap_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags)
{
	unsigned i = 0;

	while (i < n && !is_refused(&v[i].msg_hdr))
		trains += is_train(&v[i++].msg_hdr);
	if (n && !i) {
		refused++;
		errno = refuse_trains;
		return -1;
	}
	return __real_sendmmsg(fd, v, i, flags);
}

int __real_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *t);
int __wrap_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *t);

static size_t short_word; /* bytes that a control message is cut to; 0: as the kernel says */

int __wrap_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *t)
{
	int got = __real_recvmmsg(fd, v, n, flags, t);

	for (int i = 0; short_word && i < got; i++)
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&v[i].msg_hdr); c; c = CMSG_NXTHDR(&v[i].msg_hdr, c))
			if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
				c->cmsg_len = CMSG_LEN(short_word);
	return got;
}

/* ---- cutting ---- */

static void a_train_is_cut_as_the_kernel_says_and_nothing_is_lost_or_made_up(void **state)
{
	static const struct {
		size_t n;
		int said;
		size_t pieces, last;
	} rows[] = {
		{ 3000, 1000, 3, 1000 }, { 3001, 1000, 4, 1 },	   { 2999, 1000, 3, 999 },
		{ 1000, 1000, 1, 1000 }, { 999, 1000, 1, 999 },	   { 65535, 1, 65535, 1 },
		{ 3000, 0, 1, 3000 },	 { 3000, -1, 1, 3000 },	   { 3000, INT32_MIN, 1, 3000 },
		{ 3000, INT32_MAX, 1, 3000 }, { 0, 1000, 1, 0 },   { 0, 0, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t *p = malloc(rows[i].n ? rows[i].n : 1); /* exactly that long */
		struct train t = train_of(p, rows[i].n, rows[i].said);
		size_t pieces = 0, last = 0, sum = 0;

		assert_non_null(p);
		memset(p, 7, rows[i].n);
		do {
			struct span s = train_next(&t);

			assert_ptr_equal(s.p, p + sum);
			for (size_t k = 0; k < s.len; k++)
				assert_int_equal(s.p[k], 7);
			sum += last = s.len;
			pieces++;
		} while (t.left);
		assert_int_equal(sum, rows[i].n);
		assert_int_equal(pieces, rows[i].pieces);
		assert_int_equal(last, rows[i].last);
		free(p);
	}
}

static void only_packets_that_are_alike_leave_together(void **state)
{
	struct pkt v[80] = { 0 }, *at[80];

	(void)state;
	for (size_t i = 0; i < 80; i++) {
		v[i] = (struct pkt){ .len = 1000, .remote = ipaddr_v4(1), .local = ipaddr_v4(2),
				     .remote_port = 3, .outer_tos = 4, .outer_df = true };
		at[i] = &v[i];
	}
	assert_int_equal(train_length(at, 1), 1);
	assert_int_equal(train_length(at, 10), 10);
	assert_int_equal(train_length(at, 80), 64);
	v[5].len = 999; /* the last of one */
	assert_int_equal(train_length(at, 10), 6);
	assert_int_equal(train_length(at + 5, 10), 1); /* the next is longer */
	v[5].len = 1001;
	assert_int_equal(train_length(at, 10), 5);
	v[5].len = 0;
	assert_int_equal(train_length(at, 10), 5);
	assert_int_equal(train_length(at + 5, 5), 1);
	v[5].len = 1000;
	v[5].remote = ipaddr_v4(9);
	assert_int_equal(train_length(at, 10), 5);
	v[5].remote = v[0].remote;
	v[5].local = ipaddr_v4(9);
	assert_int_equal(train_length(at, 10), 5);
	v[5].local = v[0].local;
	v[5].remote_port++;
	assert_int_equal(train_length(at, 10), 5);
	v[5].remote_port--;
	v[5].outer_tos ^= 1; /* a congestion mark */
	assert_int_equal(train_length(at, 10), 5);
	v[5].outer_tos ^= 1;
	v[5].outer_df = false;
	assert_int_equal(train_length(at, 10), 5);
	v[5].outer_df = true;
	for (size_t i = 0; i < 80; i++)
		v[i].len = 1500;
	assert_int_equal(train_length(at, 80), 43);
	assert_true(43 * 1500 <= TRAIN_BYTES && 44 * 1500 > TRAIN_BYTES);
}

/* ---- through the kernel ---- */

static struct ipaddr host(bool six, uint8_t n)
{
	if (six)
		return (struct ipaddr){ IP_V6, { 0x20, 1, 0x0d, 0xb8, [15] = n } };
	return ipaddr_v4(0x7F000000u + n);
}

static void note_tentative(void *ctx, const struct nl_addr *a)
{
	*(bool *)ctx |= a->tentative;
}

static int set_up(void **state)
{
	struct nl *nl = NULL;
	bool waits = true;

	(void)state;
	allowed = own_netns() && loopback_up() && !nl_open(&nl);
	for (uint8_t i = 1; allowed && i <= 3; i++) {
		struct ipaddr a = host(true, i);

		allowed = !nl_addr_add(nl, if_nametoindex("lo"), &a, 128);
	}
	for (unsigned tries = 0; allowed && waits && tries < 300; tries++) {
		waits = false;
		assert_int_equal(nl_addrs6(nl, note_tentative, &waits), 0);
		if (waits)
			usleep(10000);
	}
	nl_close(nl);
	return pool_init(&pool, 16 * BATCH_MAX);
}

static int tear_down(void **state)
{
	(void)state;
	pool_fini(&pool);
	return 0;
}

static struct port *make(bool six, uint16_t number, uint8_t without)
{
	struct fwd_port desc = { .id = 1, .kind = six ? FWD_PORT_UDP6_ENCAP : FWD_PORT_UDP_ENCAP };
	int fd = six ? udp6_open(number) : udp_open(number);
	struct txt how = TXT_INIT;
	struct port *p = NULL;
	char words[64];

	assert_true(fd >= 0);
	snprintf(words, sizeof(words), "%s,%s", without & FWD_HOW_SEGMENT ? "no-segment" : "",
		 without & FWD_HOW_GRO ? "no-gro" : "");
	setenv(OFFLOAD_ENV, words, 1);
	desc.how = offload_udp(fd, &how);
	unsetenv(OFFLOAD_ENV);
	assert_int_equal(desc.how, (FWD_HOW_SEGMENT | FWD_HOW_GRO) & ~without);
	assert_int_equal(strstr(txt_cstr(&how), OFFLOAD_ENV) != NULL, without != 0);
	txt_fini(&how);
	assert_int_equal(host_make_port(NULL, &desc, fd, &p), 0);
	return p;
}

/* What each end sends: a number and bytes that follow from it. */
static void fill(struct pkt *k, uint32_t number, size_t len)
{
	k->len = (uint32_t)len;
	for (size_t i = 0; i < len; i++)
		k->data[i] = (uint8_t)(i < 4 ? number >> 8 * i : number * 31 + i);
}

static uint32_t check(const struct pkt *k)
{
	uint32_t number = 0;

	for (size_t i = 0; i < 4; i++)
		number |= (uint32_t)k->data[i] << 8 * i;
	for (size_t i = 4; i < k->len; i++)
		assert_int_equal(k->data[i], (uint8_t)(number * 31 + i));
	return number;
}

struct sent {
	uint32_t len;
	uint8_t tos, to, from;
};

/* Everything that waits at p; number of the first is *next. False: nothing came for two seconds. */
static bool take(struct port *p, struct pool *from, const struct sent *v, uint32_t *next, bool six)
{
	struct pollfd fd = { .fd = p->fd, .events = POLLIN };
	struct batch b = { 0 };

	if (!p->more && poll(&fd, 1, 2000) != 1)
		return false;
	size_t n = p->ops->recv(p, from, &b);
	assert_int_equal(n, b.n);
	assert_true(n <= BATCH_MAX);
	for (size_t i = 0; i < n; i++, ++*next) {
		const struct sent *s = &v[*next];
		struct ipaddr local = host(six, s->to), remote = host(six, s->from);

		assert_int_equal(b.p[i]->len, s->len);
		assert_int_equal(check(b.p[i]), *next);
		assert_int_equal(b.p[i]->outer_tos, s->tos);
		assert_int_equal(b.p[i]->local_port, 4501);
		assert_int_equal(b.p[i]->remote_port, 4500);
		assert_int_equal(b.p[i]->ifindex, if_nametoindex("lo"));
		assert_true(ipaddr_equal(&b.p[i]->local, &local));
		assert_true(ipaddr_equal(&b.p[i]->remote, &remote));
	}
	batch_put(from, &b);
	return true;
}

/* Some thousand datagrams, alike for a while and then not. */
static void exchange(bool six, uint8_t without_out, uint8_t without_in, size_t longest)
{
	enum { ROUNDS = 60 };
	struct port *a = make(six, 4500, without_out), *b = make(six, 4501, without_in);
	struct sent *v = calloc(ROUNDS * BATCH_MAX, sizeof(*v));
	uint32_t sent = 0, got = 0;
	struct sent s = { 100, 0, 1, 2 };
	size_t had = pool.n_free;

	assert_non_null(v);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct batch out = { 0 };
		size_t n = roll(3) ? BATCH_MAX : 1 + roll(BATCH_MAX);

		while (out.n < n) {
			struct pkt *k = pkt_get(&pool);

			if (!roll(round % 4 ? 100 : 5))
				s = (struct sent){ 4 + roll((uint32_t)longest - 3), (uint8_t)(roll(4) << 5),
						   (uint8_t)(1 + roll(3)), (uint8_t)(1 + roll(3)) };
			v[sent] = s;
			if (!roll(40))
				v[sent].len = 4 + roll(s.len - 3);
			fill(k, sent, v[sent].len);
			k->local = host(six, s.from);
			k->remote = host(six, s.to);
			k->remote_port = 4501;
			k->outer_tos = s.tos;
			k->outer_df = roll(50) && v[sent].len < 60000;
			(void)batch_add(&out, k);
			sent++;
		}
		assert_int_equal(a->ops->send(a, &out), n);
		batch_put(&pool, &out);
		/* sometimes much waits, and in between nobody asks the descriptor */
		while (got < sent && (roll(4) || sent - got > 4 * BATCH_MAX))
			assert_true(take(b, &pool, v, &got, six));
	}
	while (got < sent)
		assert_true(take(b, &pool, v, &got, six));
	assert_false(b->more);
	assert_int_equal(b->overflows, 0);
	assert_int_equal(pool.n_free, had);
	a->ops->close(a);
	b->ops->close(b);
	free(v);
}

static void datagrams_arrive_in_order_and_intact_whichever_way_each_end_goes(void **state)
{
	NEEDS(allowed);
	for (uint8_t way = 0; way < 8; way++) {
		trains = 0;
		exchange(way & 4, (uint8_t)(way & 1 ? FWD_HOW_SEGMENT : 0), (uint8_t)(way & 2 ? FWD_HOW_GRO : 0), 1472);
		assert_int_equal(trains > 0, !(way & 1));
	}
}

static void what_is_longer_than_the_device_goes_in_fragments_and_the_rest_in_trains(void **state)
{
	struct nl *nl;

	NEEDS(allowed);
	assert_int_equal(nl_open(&nl), 0);
	assert_int_equal(nl_link_set(nl, if_nametoindex("lo"), true, 1500), 0);
	for (uint8_t six = 0; six < 2; six++) {
		struct port *a = make(six, 4500, 0), *b = make(six, 4501, 0);
		struct sent v[4 * BATCH_MAX];
		uint32_t sent = 0, got = 0;

		trains = 0;
		for (size_t round = 0; round < 4; round++) {
			struct batch out = { 0 };

			while (out.n < BATCH_MAX) {
				struct pkt *k = pkt_get(&pool);

				v[sent] = (struct sent){ round % 2 ? 1000 : 2000, 0, 1, 1 };
				fill(k, sent, v[sent].len);
				k->local = k->remote = host(six, 1);
				k->remote_port = 4501;
				(void)batch_add(&out, k);
				sent++;
			}
			assert_int_equal(a->ops->send(a, &out), BATCH_MAX);
			batch_put(&pool, &out);
			while (got < sent)
				assert_true(take(b, &pool, v, &got, six));
		}
		assert_true(trains);
		assert_int_equal(a->fell_back, 0);
		a->ops->close(a);
		b->ops->close(b);
	}
	assert_int_equal(nl_link_set(nl, if_nametoindex("lo"), true, 65536), 0);
	nl_close(nl);
}

/* A batch from a to host n of b, which has to arrive. */
static void send_batch(struct port *a, struct port *b, uint8_t n)
{
	struct sent v[BATCH_MAX];
	struct batch out = { 0 };
	uint32_t got = 0;

	while (out.n < BATCH_MAX) {
		struct pkt *k = pkt_get(&pool);

		v[out.n] = (struct sent){ 200, 0, n, 1 };
		fill(k, (uint32_t)out.n, 200);
		k->local = host(false, 1);
		k->remote = host(false, n);
		k->remote_port = 4501;
		(void)batch_add(&out, k);
	}
	assert_int_equal(a->ops->send(a, &out), BATCH_MAX);
	batch_put(&pool, &out);
	while (got < BATCH_MAX)
		assert_true(take(b, &pool, v, &got, false));
}

/* It is asked again in a while: routes change. What it does is no matter of other peers. */
static void a_way_that_refuses_trains_is_not_asked_each_time_and_others_have_theirs(void **state)
{
	static const int why[] = { EIO, EMSGSIZE };
	struct port *a, *b;

	NEEDS(allowed);
	for (size_t i = 0; i < 2; i++) {
		a = make(false, 4500, 0);
		b = make(false, 4501, 0);
		refuse_trains = why[i];
		refuse_to = htonl(INADDR_LOOPBACK);
		refused = 0;
		for (size_t round = 0; round < 64; round++) {
			send_batch(a, b, 1);
			assert_int_equal(a->fell_back, round || i ? 0 : -EIO);
			a->fell_back = 0; /* who was told */
			trains = 0;
			send_batch(a, b, 2);
			assert_int_equal(trains, 1);
		}
		assert_int_equal(refused, 1);
		for (size_t round = 0; round < 3; round++)
			send_batch(a, b, 1);
		assert_int_equal(refused, 2);
		assert_int_equal(a->fell_back, 0);
		refuse_trains = 0;
		for (size_t round = 0; round < 66; round++)
			send_batch(a, b, 1);
		trains = 0;
		send_batch(a, b, 1);
		assert_int_equal(trains, 1);
		a->ops->close(a);
		b->ops->close(b);
	}
	refuse_to = 0;
}

/* n bytes in one send, to be cut by said. */
static void send_train(int fd, const uint8_t *p, size_t n, uint16_t said)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(4501),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	union {
		char buf[CMSG_SPACE(sizeof(said))];
		struct cmsghdr align;
	} c = { .align = { .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT,
			   .cmsg_len = CMSG_LEN(sizeof(said)) } };
	struct iovec iov = { (void *)(uintptr_t)p, n };
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = c.buf, .msg_controllen = said ? sizeof(c.buf) : 0 };

	memcpy(CMSG_DATA(&c.align), &said, sizeof(said));
	assert_int_equal(sendmsg(fd, &m, 0), n);
}

/* Trains of one length after another, short and long, with one datagram in between and small pools: what is
 * expected of the next one is mostly wrong. */
static void a_stranger_may_cut_his_trains_as_he_likes(void **state)
{
	static const uint16_t cuts[] = { 1, 0, 1400, 1400, 1399, 7, 0, 1024, 1024, 1, 1400, 1023, 0, 0, 1400 };
	static uint8_t bytes[64 * 1024];
	struct port *b;
	struct pool tiny;
	int fd;

	NEEDS(allowed);
	b = make(false, 4501, 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t packets = 1; packets < 200; packets = packets * 3 + 1) {
		assert_int_equal(pool_init(&tiny, packets), 0);
		for (size_t i = 0; i < 3 * sizeof(cuts) / sizeof(cuts[0]); i++) {
			uint16_t cut = cuts[i % (sizeof(cuts) / sizeof(cuts[0]))];
			size_t n = cut ? (size_t)cut * (1 + roll(46)) - (cut > 1 ? roll(cut) : 0) : roll(16001);
			size_t at = 0;
			struct batch in = { 0 };
			bool empty = !n;

			send_train(fd, bytes, n, n > cut ? cut : 0);
			while (at < n || empty) {
				struct pollfd w = { .fd = b->fd, .events = POLLIN };

				assert_true(b->more || poll(&w, 1, 2000) == 1);
				assert_true(b->ops->recv(b, &tiny, &in) > 0);
				for (size_t k = 0; k < in.n; k++) {
					size_t want = cut && cut < n - at ? cut : n - at;

					assert_int_equal(in.p[k]->len, want);
					assert_memory_equal(in.p[k]->data, bytes + at, want);
					at += want;
				}
				empty = false;
				batch_put(&tiny, &in);
				assert_int_equal(b->more, cut ? (n - at + cut - 1) / cut : 0);
			}
			assert_int_equal(at, n);
			assert_false(b->more);
			assert_int_equal(tiny.n_free, packets);
		}
		pool_fini(&tiny);
	}
	close(fd);
	b->ops->close(b);
}

/* What a host sends as one is a train and a little one behind it: they are received together once that is usual, and
 * intact when it is not. */
static void what_was_one_comes_as_one(void **state)
{
	static uint8_t bytes[64 * 1024];
	size_t together = 0, seen = 0;
	struct batch in = { 0 };
	struct port *b;
	int fd;

	NEEDS(allowed);
	b = make(false, 4501, 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t round = 0; round < 20; round++) {
		size_t short_one = round < 10 ? 2 : 45, got = 0, turns = 0;

		send_train(fd, bytes, 45 * 1400, 1400);
		send_train(fd, bytes, short_one * 1400 - 3, 1400);
		for (; got < 45 + short_one; turns++) {
			assert_true(b->ops->recv(b, &pool, &in) > 0);
			for (size_t i = 0; i < in.n; i++, got++) {
				size_t at = got < 45 ? got : got - 45;

				assert_int_equal(in.p[i]->len, got + 1 == 45 + short_one ? 1397 : 1400);
				assert_memory_equal(in.p[i]->data, bytes + at * 1400, in.p[i]->len);
			}
			batch_put(&pool, &in);
		}
		assert_false(b->more);
		together += turns == 1;
		seen += turns;
	}
	assert_true(together >= 8);
	assert_true(seen <= 12 + 10 * 3);
	close(fd);
	b->ops->close(b);
	assert_int_equal(pool.n_free, pool.n);
}

/* As many trains and datagrams as a stranger likes, received while they queue up. */
static void trains_that_queue_up_arrive_in_order_and_intact(void **state)
{
	static uint8_t bytes[64 * 1024];
	struct { size_t n; uint16_t cut; } sent[8];
	struct batch in = { 0 };
	struct pool tiny;
	struct port *b;
	int fd;

	NEEDS(allowed);
	b = make(false, 4501, 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 11 + i / 256);
	for (size_t packets = 2; packets < 300; packets = packets * 3 + 1) {
		assert_int_equal(pool_init(&tiny, packets), 0);
		for (size_t round = 0; round < 300; round++) {
			size_t n = 1 + roll(8), which = 0, at = 0;

			for (size_t i = 0; i < n; i++) {
				uint16_t cut = roll(4) ? 1400 : (uint16_t)(1000 + roll(450));

				sent[i].cut = cut;
				sent[i].n = (size_t)cut * (roll(2) ? 1 + roll(4) : 40 + roll(6)) - roll(3);
				if (sent[i].n > 65000)
					sent[i].n = 65000;
				send_train(fd, bytes, sent[i].n, sent[i].n > cut ? cut : 0);
			}
			while (which < n) {
				assert_true(b->ops->recv(b, &tiny, &in) > 0);
				for (size_t k = 0; k < in.n; k++) {
					size_t left = sent[which].n - at, want = sent[which].cut < left ? sent[which].cut : left;

					assert_int_equal(in.p[k]->len, want);
					assert_memory_equal(in.p[k]->data, bytes + at, want);
					at += want;
					if (at == sent[which].n) {
						which++;
						at = 0;
					}
				}
				batch_put(&tiny, &in);
			}
			assert_false(b->more);
			assert_int_equal(tiny.n_free, packets);
		}
		pool_fini(&tiny);
	}
	close(fd);
	b->ops->close(b);
}

static void a_word_that_is_too_short_says_nothing(void **state)
{
	static uint8_t bytes[2800];
	struct batch in = { 0 };
	struct pollfd w;
	struct port *b;
	int fd;

	NEEDS(allowed);
	b = make(false, 4501, 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	w = (struct pollfd){ .fd = b->fd, .events = POLLIN };
	for (short_word = 0; short_word < sizeof(int); short_word++) {
		send_train(fd, bytes, sizeof(bytes), 1400);
		assert_int_equal(poll(&w, 1, 2000), 1);
		assert_int_equal(b->ops->recv(b, &pool, &in), short_word ? 1 : 2);
		assert_int_equal(in.p[0]->len, short_word ? 2800 : 1400);
		batch_put(&pool, &in);
	}
	short_word = 0;
	close(fd);
	b->ops->close(b);
}

/* It is there still, without a byte, to be counted. */
static void what_fits_no_packet_harms_no_other(void **state)
{
	static uint8_t bytes[60000];
	struct port *b;
	struct batch in = { 0 };
	int fd;

	NEEDS(allowed);
	for (uint8_t without = 0; without <= FWD_HOW_GRO; without += FWD_HOW_GRO) {
		b = make(false, 4501, without);
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		send_train(fd, bytes, 100, 0);
		send_train(fd, bytes, sizeof(bytes), 0);
		send_train(fd, bytes, 60000, 20000);
		send_train(fd, bytes, 101, 0);
		while (in.n < 6) {
			struct pollfd w = { .fd = b->fd, .events = POLLIN };

			assert_true(b->more || poll(&w, 1, 2000) == 1);
			assert_true(b->ops->recv(b, &pool, &in) > 0);
		}
		assert_int_equal(in.n, 6);
		assert_int_equal(in.p[0]->len, 100);
		for (size_t i = 1; i < 5; i++)
			assert_int_equal(in.p[i]->len, 0);
		assert_int_equal(in.p[5]->len, 101);
		batch_put(&pool, &in);
		close(fd);
		b->ops->close(b);
	}
}

static void what_a_socket_has_no_room_for_is_counted(void **state)
{
	struct port *a, *b;
	struct batch out = { 0 }, in = { 0 };
	size_t got = 0;
	int small = 4096;

	NEEDS(allowed);
	a = make(false, 4500, 0);
	b = make(false, 4501, 0);
	assert_int_equal(setsockopt(b->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (size_t i = 0; i < BATCH_MAX; i++) {
		struct pkt *k = pkt_get(&pool);

		fill(k, (uint32_t)i, i % 2 ? 1000 : 1001); /* no trains: a datagram each */
		k->local = k->remote = host(false, 1);
		k->remote_port = 4501;
		k->outer_tos = (uint8_t)(i % 2 << 5);
		(void)batch_add(&out, k);
	}
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(a->ops->send(a, &out), BATCH_MAX);
		for (struct pollfd w = { .fd = b->fd, .events = POLLIN }; poll(&w, 1, 50) == 1;) {
			got += b->ops->recv(b, &pool, &in);
			batch_put(&pool, &in);
		}
	}
	batch_put(&pool, &out);
	assert_true(b->overflows > 0);
	/* those behind the last one that came are not told yet */
	assert_in_range(got + b->overflows, BATCH_MAX, 3 * BATCH_MAX);
	a->ops->close(a);
	b->ops->close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_train_is_cut_as_the_kernel_says_and_nothing_is_lost_or_made_up),
		cmocka_unit_test(only_packets_that_are_alike_leave_together),
		cmocka_unit_test(datagrams_arrive_in_order_and_intact_whichever_way_each_end_goes),
		cmocka_unit_test(what_is_longer_than_the_device_goes_in_fragments_and_the_rest_in_trains),
		cmocka_unit_test(a_way_that_refuses_trains_is_not_asked_each_time_and_others_have_theirs),
		cmocka_unit_test(a_word_that_is_too_short_says_nothing),
		cmocka_unit_test(a_stranger_may_cut_his_trains_as_he_likes),
		cmocka_unit_test(what_was_one_comes_as_one),
		cmocka_unit_test(trains_that_queue_up_arrive_in_order_and_intact),
		cmocka_unit_test(what_fits_no_packet_harms_no_other),
		cmocka_unit_test(what_a_socket_has_no_room_for_is_counted),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
