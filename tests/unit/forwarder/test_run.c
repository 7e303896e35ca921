/* SPDX-License-Identifier: Apache-2.0 */
/* The loop around the workers, with sockets of the test's in the place of ports: who reads what all could read, while
 * there is much to do and when there is not any more (hands.h). Every packet is read once, in order, and none is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/wr.h"
#include "forwarder/forwarder.h"
#include "forwarder/hands.h"

enum { WORKERS = 3, PORT = 5, SLOW_US = 200 };

/* A port that reads a pair of sockets: numbers of four bytes, which no SA knows. */
struct pair_port {
	struct port port;
};

static int pair[2], control[2];
static _Atomic uint64_t read_n, disorder; /* packets; those that were not the next */
static _Atomic uint32_t by[64];		  /* of each reader, by thread */
static pthread_t thread_of[64];
static _Atomic unsigned threads;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t clock_ms(void *ctx)
{
	struct timespec t;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What the machine lets a thread have is no matter of this test: all the time of a processor, or, since then, none. */
static _Atomic uint64_t idle_since_ms;

static uint64_t all_or_nothing(void *ctx)
{
	uint64_t since = idle_since_ms;

	return (since ? since : clock_ms(ctx)) * 1000000;
}

static void pause_us(long us)
{
	struct timespec t = { 0, us * 1000 };

	nanosleep(&t, NULL);
}

static void note_reader(size_t n)
{
	pthread_t me = pthread_self();
	unsigned k = 0;

	pthread_mutex_lock(&lock);
	while (k < threads && !pthread_equal(thread_of[k], me))
		k++;
	if (k == threads)
		thread_of[threads++] = me;
	by[k] += (uint32_t)n;
	pthread_mutex_unlock(&lock);
}

static size_t pair_recv(struct port *port, struct pool *pool, struct batch *b)
{
	size_t had = b->n;
	uint32_t number;

	while (b->n < had + 8) {
		struct pkt *k = pkt_get(pool);

		if (!k)
			break;
		if (recv(port->fd, &number, sizeof(number), MSG_DONTWAIT) != sizeof(number)) {
			pkt_put(pool, k);
			break;
		}
		disorder += number != read_n;
		read_n++;
		memset(k->data, 0, k->len = 64);
		(void)batch_add(b, k);
	}
	if (b->n == had)
		return 0;
	note_reader(b->n - had);
	pause_us(SLOW_US); /* it takes its time */
	return b->n - had;
}

static size_t pair_send(struct port *port, struct batch *b)
{
	(void)port;
	return b->n;
}

static void pair_close(struct port *port)
{
	close(port->fd);
	free(port);
}

static int make_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	static const struct port_ops ops = { pair_recv, pair_send, pair_close };
	struct port *p = calloc(1, sizeof(*p));

	(void)ctx;
	(void)desc;
	p->ops = &ops;
	p->fd = fd;
	*ret_port = p;
	return 0;
}

static void random_bytes(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 7, n);
}

static int ready(void *ctx)
{
	(void)ctx;
	return 0;
}

static bool all_read;

static void *run(void *arg)
{
	struct forwarder_process p = { .control_fd = control[1], .now_ms = clock_ms, .random = random_bytes,
				       .make_port = make_port, .ready = ready, .workers = WORKERS,
				       .all_read = all_read, .cpu_ns = all_or_nothing };

	*(int *)arg = forwarder_run(&p);
	return NULL;
}

/* As control does, with its descriptor; the answer is read and not looked at. */
static void tell(const struct fwd_msg *m, int fd)
{
	uint8_t buf[1024];
	struct wr w = wr_of(buf, sizeof(buf));
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} c = { .align = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec iov = { buf, 0 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = fd >= 0 ? c.buf : NULL,
			    .msg_controllen = fd >= 0 ? sizeof(c.buf) : 0 };

	fwd_encode(&w, m);
	iov.iov_len = wr_len(&w);
	if (fd >= 0)
		memcpy(CMSG_DATA(&c.align), &fd, sizeof(fd));
	assert_int_equal(sendmsg(control[0], &h, 0), iov.iov_len);
	assert_true(recv(control[0], buf, sizeof(buf), 0) > 0);
}

static void add_ports(void)
{
	for (uint8_t k = 0; k <= WORKERS; k++) {
		struct fwd_msg m = { .type = FWD_PORT_ADD, .seq = 1,
				     .u.port = { .id = PORT, .kind = FWD_PORT_ESP, .worker = k } };
		int fd = fcntl(pair[1], F_DUPFD_CLOEXEC, 0);

		tell(&m, fd);
		close(fd);
	}
}

static uint32_t sent;

static void feed(uint32_t n)
{
	while (n--) {
		while (send(pair[0], &sent, sizeof(sent), MSG_DONTWAIT) < 0)
			pause_us(50);
		sent++;
	}
}

/* All of it is read, a short while later. */
static void all_arrived(void)
{
	for (int i = 0; i < 2000 && read_n < sent; i++)
		pause_us(1000);
	assert_int_equal(read_n, sent);
	assert_int_equal(disorder, 0);
}

static unsigned readers_of(uint32_t before[64])
{
	unsigned n = 0;

	for (unsigned k = 0; k < threads; k++)
		n += by[k] != before[k];
	return n;
}

static void remember(uint32_t before[64])
{
	for (unsigned k = 0; k < 64; k++)
		before[k] = by[k];
}

static void with_a_forwarder(void (*f)(void), bool all)
{
	pthread_t t;
	int status = -1;

	idle_since_ms = 0;
	sent = 0;
	read_n = disorder = 0;
	threads = 0;
	all_read = all;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	assert_int_equal(pthread_create(&t, NULL, run, &status), 0);
	add_ports();
	f();
	close(control[0]);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_true(status >= 0);
	close(control[1]);
	close(pair[0]);
	close(pair[1]);
}

#define JOIN_MS 20000 /* on a machine that has other things to do, the other thread may come late */

static void grow_and_shrink(void)
{
	uint32_t before[64];

	/* little to do, and time in between: one reads */
	for (int i = 0; i < 60; i++) {
		feed(3);
		pause_us(5000);
	}
	all_arrived();
	assert_int_equal(threads, 1);
	/* more than one can do, for long enough: others join */
	for (uint64_t until = clock_ms(NULL) + JOIN_MS; threads < 2 && clock_ms(NULL) < until;)
		feed(100);
	assert_true(threads >= 2);
	all_arrived();
	idle_since_ms = clock_ms(NULL);
	/* and go again. What comes meanwhile is read, whoever was woken for it */
	for (int i = 0; i < 40; i++) {
		feed(30);
		pause_us(100000);
		all_arrived();
	}
	remember(before);
	for (int i = 0; i < 20; i++) {
		feed(3);
		pause_us(5000);
	}
	all_arrived();
	assert_int_equal(readers_of(before), 1);
}

static void others_join_while_there_is_much_to_do(void **state)
{
	(void)state;
	with_a_forwarder(grow_and_shrink, false);
}

static void little_by_all(void)
{
	for (uint64_t until = clock_ms(NULL) + JOIN_MS; threads < 2 && clock_ms(NULL) < until;)
		feed(20);
	all_arrived();
	assert_true(threads >= 2);
}

static void where_it_was_said_all_read_at_once(void **state)
{
	(void)state;
	with_a_forwarder(little_by_all, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_join_while_there_is_much_to_do),
		cmocka_unit_test(where_it_was_said_all_read_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
