/* SPDX-License-Identifier: Apache-2.0 */
/* Below IP: AF_PACKET or AF_XDP (copy mode, no program) to send, a ring of AF_PACKET to
 * receive: TPACKET_V3 hands over blocks, which costs least and waits up to a millisecond for
 * each; TPACKET_V2 hands over frames. What the ring has taken goes on to the kernel's IP as well, and has to be dropped
 * there by who starts this (nftables' ingress). */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench/ceiling.h"

enum { BURST = 64, BLOCK = 1 << 16, BLOCKS = 256, XDP_FRAMES = 2048, XDP_SIZE = 2048 };
enum { FRAME = 2048, FRAMES = BLOCK / FRAME * BLOCKS, FRAMES_AT_ONCE = 256 };
enum { LINK = ETH_HLEN + PREFIX };

struct xdp {
	int fd;
	uint8_t *area;
	uint32_t *tx_produced, *tx_consumed, *done_produced, *done_consumed;
	struct xdp_desc *tx;
	uint64_t *done;
	uint32_t next, reaped; /* frames used and given back; each modulo XDP_FRAMES */
};

struct ring {
	struct wire wire;
	struct wire_conf conf;
	uint32_t seq;
	struct tpacket_req3 req;
	uint8_t *map;
	size_t at; /* block, or frame, that is read next */
	int out;   /* AF_PACKET; -1: AF_XDP */
	struct sockaddr_ll to;
	struct mmsghdr msg[BURST];
	struct iovec part[BURST][3];
	uint8_t link[BURST][LINK];
	struct xdp xdp;
};

static void put_link(struct ring *r, uint8_t *at, const struct frame *f)
{
	memcpy(at, r->conf.peer_mac, 6);
	memcpy(at + 6, r->conf.mac, 6);
	at[12] = ETH_P_IP >> 8;
	at[13] = ETH_P_IP & 255;
	wire_prefix(&r->conf, at + ETH_HLEN, f->head_len + f->body_len, ++r->seq);
}

static void packet_send(struct wire *w, const struct frame *f, size_t n)
{
	struct ring *r = (struct ring *)(void *)w;

	for (size_t i = 0, k = 0; i < n; i++) {
		struct iovec *v = r->part[k];

		put_link(r, r->link[k], &f[i]);
		v[0] = (struct iovec){ r->link[k], LINK };
		v[1] = (struct iovec){ (void *)f[i].head, f[i].head_len };
		v[2] = (struct iovec){ (void *)f[i].body, f[i].body_len };
		r->msg[k++].msg_hdr = (struct msghdr){ .msg_name = &r->to, .msg_namelen = sizeof(r->to),
						       .msg_iov = v, .msg_iovlen = f[i].body_len ? 3 : 2 };
		if (k < BURST && i + 1 < n)
			continue;
		for (size_t at = 0; at < k;) {
			int done = sendmmsg(r->out, r->msg + at, (unsigned)(k - at), MSG_DONTWAIT);

			at += done > 0 ? (size_t)done : 1;
		}
		k = 0;
	}
}

/* ---- AF_XDP ---- */

static void xdp_kick(struct xdp *x)
{
	/* the kernel takes some 32 of them at each call */
	while (__atomic_load_n(x->tx_consumed, __ATOMIC_ACQUIRE) != *x->tx_produced)
		if (sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN && errno != EBUSY)
			break;
}

static void xdp_reap(struct xdp *x)
{
	uint32_t there = __atomic_load_n(x->done_produced, __ATOMIC_ACQUIRE);

	x->reaped += there - *x->done_consumed;
	__atomic_store_n(x->done_consumed, there, __ATOMIC_RELEASE);
}

static void xdp_send(struct wire *w, const struct frame *f, size_t n)
{
	struct ring *r = (struct ring *)(void *)w;
	struct xdp *x = &r->xdp;

	xdp_reap(x);
	for (size_t i = 0; i < n; i++) {
		if (x->next - x->reaped >= XDP_FRAMES) {
			xdp_kick(x);
			xdp_reap(x);
			if (x->next - x->reaped >= XDP_FRAMES)
				continue; /* lost, as on a full queue */
		}
		uint32_t slot = x->next++ & (XDP_FRAMES - 1);
		uint8_t *p = x->area + (size_t)slot * XDP_SIZE;
		put_link(r, p, &f[i]);
		memcpy(p + LINK, f[i].head, f[i].head_len);
		if (f[i].body_len)
			memcpy(p + LINK + f[i].head_len, f[i].body, f[i].body_len);
		x->tx[*x->tx_produced & (XDP_FRAMES - 1)] = (struct xdp_desc){
			(uint64_t)slot * XDP_SIZE, LINK + f[i].head_len + f[i].body_len, 0
		};
		__atomic_store_n(x->tx_produced, *x->tx_produced + 1, __ATOMIC_RELEASE);
	}
	xdp_kick(x);
}

static void *xdp_map(int fd, const struct xdp_ring_offset *o, size_t each, off_t page)
{
	void *p = mmap(NULL, (size_t)o->desc + XDP_FRAMES * each, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, fd, page);

	if (p == MAP_FAILED)
		fail("mmap of an AF_XDP ring");
	return p;
}

static void xdp_open(struct xdp *x, unsigned ifindex)
{
	struct xdp_umem_reg reg = { 0 };
	struct xdp_mmap_offsets o;
	struct sockaddr_xdp a = { .sxdp_family = AF_XDP, .sxdp_ifindex = ifindex, .sxdp_flags = XDP_COPY };
	socklen_t len = sizeof(o);
	int n = XDP_FRAMES;

	x->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	x->area = mmap(NULL, (size_t)XDP_FRAMES * XDP_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (x->fd < 0 || x->area == MAP_FAILED)
		fail("AF_XDP");
	reg.addr = (uint64_t)(uintptr_t)x->area;
	reg.len = (uint64_t)XDP_FRAMES * XDP_SIZE;
	reg.chunk_size = XDP_SIZE;
	/* the kernel wants a fill ring of any user memory, whoever receives */
	if (setsockopt(x->fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) ||
	    setsockopt(x->fd, SOL_XDP, XDP_UMEM_FILL_RING, &n, sizeof(n)) ||
	    setsockopt(x->fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &n, sizeof(n)) ||
	    setsockopt(x->fd, SOL_XDP, XDP_TX_RING, &n, sizeof(n)) ||
	    getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &o, &len))
		fail("AF_XDP rings");
	uint8_t *tx = xdp_map(x->fd, &o.tx, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING);
	uint8_t *done = xdp_map(x->fd, &o.cr, sizeof(uint64_t), (off_t)XDP_UMEM_PGOFF_COMPLETION_RING);
	x->tx = (struct xdp_desc *)(void *)(tx + o.tx.desc);
	x->tx_produced = (uint32_t *)(void *)(tx + o.tx.producer);
	x->tx_consumed = (uint32_t *)(void *)(tx + o.tx.consumer);
	x->done = (uint64_t *)(void *)(done + o.cr.desc);
	x->done_produced = (uint32_t *)(void *)(done + o.cr.producer);
	x->done_consumed = (uint32_t *)(void *)(done + o.cr.consumer);
	if (bind(x->fd, (struct sockaddr *)&a, sizeof(a)))
		fail("bind of AF_XDP");
}

/* ---- the ring that receives ---- */

static void take_frame(const struct sink *sink, uint8_t *frame, uint32_t len)
{
	if (len > LINK && frame[12] == ETH_P_IP >> 8 && frame[13] == (ETH_P_IP & 255) &&
	    frame[ETH_HLEN + 9] == IPPROTO_ESP)
		sink->take(sink->ctx, frame + LINK, len - LINK);
}

static void take_block(const struct sink *sink, uint8_t *block)
{
	struct tpacket_block_desc *d = (struct tpacket_block_desc *)(void *)block;
	uint8_t *p = block + d->hdr.bh1.offset_to_first_pkt;

	for (uint32_t i = 0; i < d->hdr.bh1.num_pkts; i++) {
		struct tpacket3_hdr *h = (struct tpacket3_hdr *)(void *)p;

		take_frame(sink, p + h->tp_mac, h->tp_snaplen);
		p += h->tp_next_offset;
	}
}

static struct tpacket2_hdr *frame_at(const struct ring *r, size_t n)
{
	return (struct tpacket2_hdr *)(void *)(r->map + (r->at + n) % FRAMES * FRAME);
}

static size_t frames_recv(struct wire *w, const struct sink *sink)
{
	struct ring *r = (struct ring *)(void *)w;
	size_t n = 0;

	for (; n < FRAMES_AT_ONCE; n++) {
		struct tpacket2_hdr *h = frame_at(r, n);

		if (!(__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			break;
		take_frame(sink, (uint8_t *)h + h->tp_mac, h->tp_snaplen);
	}
	sink->flush(sink->ctx);
	for (size_t i = 0; i < n; i++)
		__atomic_store_n(&frame_at(r, i)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	r->at = (r->at + n) % FRAMES;
	return n;
}

static size_t blocks_recv(struct wire *w, const struct sink *sink)
{
	struct ring *r = (struct ring *)(void *)w;
	size_t n = 0;

	for (; n < 16; n++) {
		uint8_t *block = r->map + r->at * BLOCK;
		struct tpacket_block_desc *d = (struct tpacket_block_desc *)(void *)block;

		if (!(__atomic_load_n(&d->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			break;
		take_block(sink, block);
		sink->flush(sink->ctx);
		__atomic_store_n(&d->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		r->at = (r->at + 1) % BLOCKS;
	}
	return n;
}

static void ring_open(struct ring *r, unsigned ifindex, int version)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = (int)ifindex };
	/* the last part of what tpacket_req3 adds is not read for the older version */
	socklen_t req = version == TPACKET_V3 ? sizeof(struct tpacket_req3) : sizeof(struct tpacket_req);
	int on = 1;

	r->req = (struct tpacket_req3){ .tp_block_size = BLOCK, .tp_block_nr = BLOCKS,
					.tp_frame_size = FRAME, .tp_frame_nr = FRAMES,
					.tp_retire_blk_tov = 1 };
	r->wire.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->wire.fd < 0 ||
	    setsockopt(r->wire.fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(r->wire.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	    setsockopt(r->wire.fd, SOL_PACKET, PACKET_RX_RING, &r->req, req))
		fail("AF_PACKET ring");
	r->map = mmap(NULL, (size_t)BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		      r->wire.fd, 0);
	if (r->map == MAP_FAILED || bind(r->wire.fd, (struct sockaddr *)&a, sizeof(a)))
		fail("AF_PACKET");
}

struct wire *wire_packet(const struct wire_conf *c, int xdp, int frames)
{
	struct ring *r = calloc(1, sizeof(*r));
	unsigned ifindex = if_nametoindex(c->device);
	int on = 1;

	if (!r || !ifindex)
		fail(c->device);
	r->conf = *c;
	ring_open(r, ifindex, frames ? TPACKET_V2 : TPACKET_V3);
	r->wire.recv = frames ? frames_recv : blocks_recv;
	r->wire.send = xdp ? xdp_send : packet_send;
	if (xdp) {
		xdp_open(&r->xdp, ifindex);
		return &r->wire;
	}
	r->to = (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
				      .sll_ifindex = (int)ifindex, .sll_halen = 6 };
	memcpy(r->to.sll_addr, c->peer_mac, 6);
	/* of no protocol: it only sends */
	r->out = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (r->out < 0 || setsockopt(r->out, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		fail("AF_PACKET");
	return &r->wire;
}
