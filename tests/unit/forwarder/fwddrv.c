/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder process for tests/system/test_forwarder.py: the same loop and core
 * as in `culvert run`, over ports that are SOCK_SEQPACKET pairs and a clock that
 * the test sets.
 *
 * usage: fwddrv CONTROL_FD CLOCK_FILE [WORKERS]
 * With several workers the first one carries everything, by the code that all of them have, and is in step with the test as
 * one alone is: nothing comes to the others, and what they would write to a TUN leaves where the first one's does.
 * CLOCK_FILE holds the time in milliseconds, 8 bytes in host order, mapped shared.
 * A packet travels behind META bytes: ifindex (4), local, remote (family and 16 bytes each),
 * local port, remote port (2 each), outer tos (1), whether it may be cut (1); big-endian. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/wr.h"
#include "forwarder/forwarder.h"

#define META 44

static _Atomic uint64_t *the_clock;
static uint8_t wire[META + PKT_BUF];
static int first_fd[256]; /* of the first worker, by the port's id */

struct pair_port {
	struct port port;
	int out;
};

static uint64_t now_ms(void *ctx)
{
	(void)ctx;
	return atomic_load(the_clock);
}

/* Repeatable and different each time: what IVs need here. */
static void pseudo_random(void *ctx, void *p, size_t n)
{
	static uint64_t x = 0x243f6a8885a308d3u;
	uint8_t *b = p;

	(void)ctx;
	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		b[i] = (uint8_t)(x >> 32);
	}
}

static struct ipaddr get_addr(struct rd *r)
{
	struct ipaddr a = { .family = rd_u8(r) };

	rd_copy(r, a.b, sizeof(a.b));
	return a;
}

static void put_addr(struct wr *w, const struct ipaddr *a)
{
	wr_u8(w, a->family);
	wr_bytes(w, a->b, sizeof(a->b));
}

static size_t pair_recv(struct port *port, struct pool *pool, struct batch *b)
{
	size_t had = b->n;

	while (b->n < BATCH_MAX) {
		ssize_t n = recv(port->fd, wire, sizeof(wire), MSG_DONTWAIT);
		struct pkt *p = n >= META && n <= META + PKT_DATA_MAX ? pkt_get(pool) : NULL;

		if (n <= 0)
			break;
		if (!p)
			continue;
		struct rd r = rd_of(wire, (size_t)n);
		p->ifindex = rd_be32(&r);
		p->local = get_addr(&r);
		p->remote = get_addr(&r);
		p->local_port = rd_be16(&r);
		p->remote_port = rd_be16(&r);
		p->outer_tos = rd_u8(&r);
		rd_skip(&r, 1);
		p->len = (uint32_t)rd_left(&r);
		rd_copy(&r, p->data, p->len);
		(void)batch_add(b, p);
	}
	return b->n - had;
}

static size_t pair_send(struct port *port, struct batch *b)
{
	int fd = ((struct pair_port *)(void *)port)->out;
	size_t ok = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct pkt *p = b->p[i];
		struct wr w = wr_of(wire, sizeof(wire));

		wr_be32(&w, p->ifindex);
		put_addr(&w, &p->local);
		put_addr(&w, &p->remote);
		wr_be16(&w, p->local_port);
		wr_be16(&w, p->remote_port);
		wr_u8(&w, p->outer_tos);
		wr_u8(&w, !p->outer_df);
		wr_bytes(&w, p->data, p->len);
		ok += send(fd, wire, wr_len(&w), MSG_DONTWAIT | MSG_NOSIGNAL) ==
		      (ssize_t)wr_len(&w);
	}
	return ok;
}

static void pair_close(struct port *port)
{
	close(port->fd);
	free(port);
}

static int make_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	static const struct port_ops ops = { pair_recv, pair_send, pair_close };
	struct pair_port *p = desc->id < sizeof(first_fd) / sizeof(first_fd[0]) ? calloc(1, sizeof(*p)) : NULL;

	(void)ctx;
	if (!p) {
		close(fd);
		return -ENOMEM;
	}
	if (!desc->worker)
		first_fd[desc->id] = fd;
	*p = (struct pair_port){ .port = { .ops = &ops, .fd = fd }, .out = first_fd[desc->id] };
	*ret_port = &p->port;
	return 0;
}

static int ready(void *ctx)
{
	(void)ctx;
	return 0;
}

int main(int argc, char **argv)
{
	struct forwarder_process p = { .now_ms = now_ms, .random = pseudo_random,
				       .make_port = make_port, .ready = ready };
	int fd = argc == 3 || argc == 4 ? open(argv[2], O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0) {
		fprintf(stderr, "usage: fwddrv CONTROL_FD CLOCK_FILE [WORKERS]\n");
		return 2;
	}
	the_clock = mmap(NULL, sizeof(*the_clock), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (the_clock == MAP_FAILED) {
		perror("fwddrv: clock");
		return 2;
	}
	p.control_fd = atoi(argv[1]);
	p.workers = argc == 4 ? (unsigned)atoi(argv[3]) : 1;
	return forwarder_run(&p);
}
