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

#define ENOUGH	   (BATCH_MAX / 2)
#define LONG_SUPER 8   /* segments */
#define OTHERS	   2   /* reads without one, and none is expected any more */
#define HEAD_MAX   256 /* bytes in front of the payload that `in` takes for itself */

/* One port is used by one worker. */
struct tun_port {
	struct port port;
	unsigned joins; /* enum gro_kind: what is written as super-packets */
	unsigned taken; /* those of it that the kernel took already */
	struct gso gso; /* what is in `in` and was not cut yet */
	/* what the next super-packet is expected to have, because the last long one had it: bytes of headers, and of a
	 * segment's payload; 0: none is expected. How many reads have brought anything else since */
	size_t want_head, want_seg;
	unsigned others;
	struct iovec to[BATCH_MAX + 2];
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

/* n bytes are in `in`, or at least their headers are. */
static bool begin(struct tun_port *t, size_t n)
{
	struct rd r = rd_of(t->in, n);
	struct vnet v;

	return vnet_decode(&r, &v) && gso_begin(&t->gso, &v, rd_take(&r, rd_left(&r)));
}

/* What is refused goes on as a packet without a byte: who reads its header counts it. */
static void begin_or_refuse(struct tun_port *t, size_t n)
{
	if (!begin(t, n))
		(void)gso_begin(&t->gso, &(struct vnet){ 0 }, span_of(t->in, 0));
}

/* A long one has as many segments as a batch likes, and the next one is cut like it. */
static void note_kind(struct tun_port *t)
{
	if (gso_count(&t->gso) >= LONG_SUPER && VNET_HEADER + gso_head(&t->gso) <= HEAD_MAX) {
		t->want_head = gso_head(&t->gso);
		t->want_seg = t->gso.seg;
		t->others = 0;
	} else if (++t->others > OTHERS) {
		t->want_seg = 0;
	}
}

/* Reads what is to be cut next. False: there is nothing. */
static bool read_next(struct tun_port *t)
{
	ssize_t n = read(t->port.fd, t->in, sizeof(t->in));

	if (n <= 0)
		return false;
	begin_or_refuse(t, (size_t)n);
	note_kind(t);
	return true;
}

/* Where a super-packet is expected it is read to where its segments are to be: its headers to `in`, the payload of each to
 * a packet of its own, and what there is no packet for to `in` again, in its place. */
static ssize_t read_to(struct tun_port *t, struct pkt *const *k, size_t n)
{
	size_t at = VNET_HEADER + t->want_head;

	t->to[0] = (struct iovec){ t->in, at };
	for (size_t i = 0; i < n; i++, at += t->want_seg)
		t->to[1 + i] = (struct iovec){ k[i]->data + t->want_head, t->want_seg };
	t->to[1 + n] = (struct iovec){ t->in + at, sizeof(t->in) - at };
	return readv(t->port.fd, t->to, (int)n + 2);
}

/* It is something else: all of its len bytes to `in`, as if it had been read there. */
static void gather(struct tun_port *t, struct pkt *const *k, size_t n, size_t len)
{
	size_t at = VNET_HEADER + t->want_head;

	for (size_t i = 0; i < n && at < len; i++, at += t->want_seg)
		memcpy(t->in + at, k[i]->data + t->want_head, len - at < t->want_seg ? len - at : t->want_seg);
}

/* Whether the len bytes are what was expected. Of other bytes than those of the headers, which are in `in`, nothing
 * depends then: it has just as many of them. */
static bool is_expected(struct tun_port *t, size_t len)
{
	return len >= VNET_HEADER + t->want_head && begin(t, len) && gso_count(&t->gso) > 1 && gso_head(&t->gso) == t->want_head &&
	       t->gso.seg == t->want_seg;
}

/* The next one, its first segments in b already. False: there is nothing. */
static bool read_expected(struct tun_port *t, struct pool *pool, struct batch *b)
{
	size_t n = 0, used = 0, most = (VNET_PACKET_MAX - t->want_head) / t->want_seg;
	struct pkt *k[BATCH_MAX];

	while (n < BATCH_MAX - b->n && n < most && (k[n] = pkt_get(pool)))
		n++;
	ssize_t len = read_to(t, k, n);
	if (len > 0 && is_expected(t, (size_t)len)) {
		while (used < n && gso_left(&t->gso)) {
			gso_take(&t->gso, k[used]);
			(void)batch_add(b, k[used++]);
		}
		t->others = 0;
	} else if (len > 0) {
		gather(t, k, n, (size_t)len);
		begin_or_refuse(t, (size_t)len);
		note_kind(t);
	}
	while (n > used)
		pkt_put(pool, k[--n]);
	return len > 0;
}

/* What was one for the sender should be one again at the other end: one that a batch has room for is not cut
 * over two. Nor is another asked for, which might be as long, when there are enough for every lane. */
static size_t super_recv(struct port *p, struct pool *pool, struct batch *b)
{
	struct tun_port *t = tun_port_of(p);
	size_t had = b->n;
	bool super = false;

	while (b->n < BATCH_MAX) {
		if (!gso_left(&t->gso) && super && b->n >= ENOUGH)
			break;
		if (!gso_left(&t->gso) && b->n == had && t->want_seg) {
			if (!read_expected(t, pool, b))
				break;
			super = b->n > had;
			if (super)
				continue;
		} else if (!gso_left(&t->gso) && !read_next(t)) {
			break;
		}
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
