/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder's end of a ring: frames that the kernel has filled are copied out, in their order, and
 * given back. What it had no frame for it counts. */
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/ports_fd.h"
#include "host/ring.h"

struct ring_port {
	struct port port;
	uint8_t *mem;
	size_t at; /* the frame that is filled next */
};

static struct ring_port *ring_of(struct port *p)
{
	return (struct ring_port *)(void *)p;
}

/* The stack looks at the checksum of a header (RFC 1122 section 3.2.1.2), and it never sees this one. */
static bool header_holds(const uint8_t *p, size_t len)
{
	size_t header = (size_t)(p[0] & 15) * 4;
	uint32_t sum = 0;

	if (p[0] >> 4 != 4) /* IPv6's has none; anything else the forwarder refuses */
		return true;
	if (header < 20 || header > len)
		return false;
	for (size_t i = 0; i < header; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return ((sum + (sum >> 16)) & 0xffff) == 0xffff;
}

/* The packet in the frame h. One that is not whole has no bytes: who reads its header refuses and
 * counts it. */
static void copy_out(const struct tpacket2_hdr *h, struct pkt *k)
{
	const struct sockaddr_ll *from = (const void *)((const uint8_t *)h + TPACKET_ALIGN((int)sizeof(*h)));
	size_t net = h->tp_net, len = h->tp_snaplen;

	k->ifindex = (uint32_t)from->sll_ifindex;
	if (!len || h->tp_len != len || net > RING_FRAME || len > RING_FRAME - net)
		return;
	memcpy(k->data, (const uint8_t *)h + net, len);
	if (header_holds(k->data, len))
		k->len = (uint32_t)len;
}

static void count_losses(struct ring_port *f)
{
	struct tpacket_stats s;
	socklen_t n = sizeof(s);

	if (!getsockopt(f->port.fd, SOL_PACKET, PACKET_STATISTICS, &s, &n)) /* and begins anew at 0 */
		f->port.overflows += s.tp_drops;
}

/* That its device has gone down the kernel says by an error of the socket, which stays until a call of the socket
 * has told of it: without that, whoever waits for the ring would not be let wait. */
static void clear_error(int fd)
{
	(void)recv(fd, NULL, 0, MSG_DONTWAIT);
}

static size_t ring_recv(struct port *p, struct pool *pool, struct batch *b)
{
	struct ring_port *f = ring_of(p);
	size_t had = b->n;
	bool losing = false;

	while (b->n < BATCH_MAX) {
		struct tpacket2_hdr *h = (void *)(f->mem + f->at * RING_FRAME);
		uint32_t status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);
		struct pkt *k = status & TP_STATUS_USER ? pkt_get(pool) : NULL;

		if (!k)
			break;
		copy_out(h, k);
		losing |= status & TP_STATUS_LOSING;
		__atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		f->at = (f->at + 1) % RING_FRAMES;
		(void)batch_add(b, k);
	}
	if (losing)
		count_losses(f);
	if (b->n == had)
		clear_error(p->fd);
	return b->n - had;
}

static size_t ring_send(struct port *p, struct batch *b)
{
	(void)p;
	(void)b;
	return 0; /* it only receives */
}

static void ring_close(struct port *p)
{
	struct ring_port *f = ring_of(p);

	munmap(f->mem, (size_t)RING_FRAMES * RING_FRAME);
	close(p->fd);
	free(f);
}

int ring_port_make(int fd, struct port **ret_port)
{
	static const struct port_ops ops = { ring_recv, ring_send, ring_close };
	struct ring_port *f = calloc(1, sizeof(*f));
	void *mem = f ? mmap(NULL, (size_t)RING_FRAMES * RING_FRAME, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) :
			MAP_FAILED;

	if (mem == MAP_FAILED) {
		int err = f ? -errno : -ENOMEM;

		free(f);
		close(fd);
		return err;
	}
	f->port.fd = fd;
	f->port.ops = &ops;
	f->mem = mem;
	*ret_port = &f->port;
	return 0;
}

/* ---- what is only held ---- */

static size_t hold_recv(struct port *p, struct pool *pool, struct batch *b)
{
	(void)p;
	(void)pool;
	(void)b;
	return 0;
}

int hold_port_make(int fd, struct port **ret_port)
{
	static const struct port_ops ops = { hold_recv, ring_send, fd_port_close };
	struct port *p = calloc(1, sizeof(*p));

	if (!p) {
		close(fd);
		return -ENOMEM;
	}
	p->fd = fd;
	p->ops = &ops;
	*ret_port = p;
	return 0;
}
