/* SPDX-License-Identifier: Apache-2.0 */
#include "host/tun_port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "packet/gro.h"
#include "packet/gso.h"

/* ---- one packet a call ---- */

static void plain_close(struct port *p)
{
	close(p->fd);
	free(p);
}

static size_t plain_recv(struct port *p, struct pool *pool, struct batch *b)
{
	size_t had = b->n;

	while (b->n < BATCH_MAX) {
		struct pkt *k = pkt_get(pool);

		if (!k)
			break;
		ssize_t n = read(p->fd, k->data, PKT_DATA_MAX);
		if (n <= 0) {
			pkt_put(pool, k);
			break;
		}
		k->len = (uint32_t)n;
		(void)batch_add(b, k);
	}
	return b->n - had;
}

static size_t plain_send(struct port *p, struct batch *b)
{
	size_t ok = 0;

	for (size_t i = 0; i < b->n; i++)
		ok += write(p->fd, b->p[i]->data, b->p[i]->len) == (ssize_t)b->p[i]->len;
	return ok;
}

/* ---- super-packets ---- */

#define ENOUGH (BATCH_MAX / 2)

/* One port is used by one worker. */
struct tun_port {
	struct port port;
	unsigned joins; /* enum gro_kind: what is written as super-packets */
	unsigned taken; /* those of it that the kernel took already */
	struct gso gso; /* what is in `in` and was not cut yet */
	struct gro gro;
	struct span piece[GRO_PIECES];
	struct iovec iov[GRO_PIECES];
	uint8_t head[GRO_HEAD_MAX];
	_Alignas(16) uint8_t pad[6]; /* behind the header the packet is aligned */
	/* one byte more than the longest, so that a longer one is seen to be cut off */
	uint8_t in[VNET_HEADER + VNET_PACKET_MAX + 1];
};

static struct tun_port *tun_port_of(struct port *p)
{
	return (struct tun_port *)(void *)p;
}

/* Reads what is to be cut next. False: there is nothing. */
static bool read_next(struct tun_port *t)
{
	ssize_t n = read(t->port.fd, t->in, sizeof(t->in));
	struct vnet v;

	if (n <= 0)
		return false;
	struct rd r = rd_of(t->in, (size_t)n);
	/* what is refused goes on as a packet without a byte: who reads its header counts it */
	if (!vnet_decode(&r, &v) || !gso_begin(&t->gso, &v, rd_take(&r, rd_left(&r))))
		(void)gso_begin(&t->gso, &(struct vnet){ 0 }, span_of(t->in, 0));
	return true;
}

/* What was one for the sender should be one again at the other end: one that a batch has room for is not cut
 * over two. Nor is another asked for, which might be as long, when there are enough for every lane. */
static size_t super_recv(struct port *p, struct pool *pool, struct batch *b)
{
	struct tun_port *t = tun_port_of(p);
	size_t had = b->n;
	bool super = false;

	while (b->n < BATCH_MAX) {
		if (!gso_left(&t->gso) && ((super && b->n >= ENOUGH) || !read_next(t)))
			break;
		size_t count = gso_count(&t->gso);
		super = count > 1;
		if (b->n > had && count > BATCH_MAX - b->n && count <= BATCH_MAX)
			break;
		if (!gso_cut(&t->gso, pool, b))
			break; /* the pool is empty */
	}
	p->more = gso_count(&t->gso);
	return b->n - had;
}

/* Writes what n pieces make together. 0 or a negative errno. */
static int put(struct tun_port *t, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		t->iov[i] = (struct iovec){ (void *)t->piece[i].p, t->piece[i].len };
		len += t->piece[i].len;
	}
	ssize_t done = writev(t->port.fd, t->iov, (int)n);
	if (done < 0)
		return -errno;
	return (size_t)done == len ? 0 : -EMSGSIZE;
}

/* A packet of its own behind its header, which takes the place of what is done with. */
static bool put_alone(const struct tun_port *t, const struct pkt *k, const uint8_t head[VNET_HEADER])
{
	size_t n = VNET_HEADER + (size_t)k->len;

	if (pkt_headroom(k) < VNET_HEADER)
		return false;
	memcpy(k->data - VNET_HEADER, head, VNET_HEADER);
	return write(t->port.fd, k->data - VNET_HEADER, n) == (ssize_t)n;
}

/* The packets of a write that the kernel did not take as one. If it knows no such super-packets - it never took
 * one -, it will not be asked again; else it is that one that it did not like. */
static size_t put_singly(struct tun_port *t, const struct batch *b, const struct gro_write *w, int err)
{
	static const uint8_t nothing_to_say[VNET_HEADER];
	size_t ok = 0, at = w->first;

	if (err == -EIO) /* the device is down */
		return 0;
	if (err == -EINVAL && !(t->taken & w->kind)) {
		t->joins &= ~(unsigned)w->kind;
		t->port.fell_back = err;
	}
	for (size_t i = 0; i < w->n; i++, at = t->gro.next[at])
		ok += put_alone(t, b->p[at], nothing_to_say);
	return ok;
}

/* Several packets in one write, or each by itself after all; how many the kernel took. */
static size_t put_joined(struct tun_port *t, const struct batch *b, size_t i)
{
	const struct gro_write *w = &t->gro.w[i];
	int err = put(t, gro_pieces(&t->gro, b, i, t->head, t->piece));

	if (err)
		return put_singly(t, b, w, err);
	t->taken |= w->kind;
	return w->n;
}

static size_t super_send(struct port *p, struct batch *b)
{
	struct tun_port *t = tun_port_of(p);
	size_t ok = 0;

	gro_sort(&t->gro, b, t->joins);
	for (size_t i = 0; i < t->gro.n; i++) {
		const struct gro_write *w = &t->gro.w[i];

		if (w->n == 1) {
			gro_alone(&t->gro, b, i, t->head);
			ok += put_alone(t, b->p[w->first], t->head);
		} else {
			ok += put_joined(t, b, i);
		}
	}
	return ok;
}

int tun_port_make(const struct fwd_port *desc, int fd, struct port **ret_port)
{
	static const struct port_ops plain = { plain_recv, plain_send, plain_close },
				     super = { super_recv, super_send, plain_close };
	bool vnet = desc->how & FWD_HOW_VNET;
	struct tun_port *t = NULL;
	struct port *p = NULL;

	if (vnet) {
		t = calloc(1, sizeof(*t));
		p = t ? &t->port : NULL;
	} else {
		p = calloc(1, sizeof(*p));
	}
	if (!p) {
		close(fd);
		return -ENOMEM;
	}
	if (t)
		t->joins = GRO_TCP | (desc->how & FWD_HOW_USO ? GRO_UDP : 0u);
	p->fd = fd;
	p->ops = vnet ? &super : &plain;
	*ret_port = p;
	return 0;
}
