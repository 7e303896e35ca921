/* SPDX-License-Identifier: Apache-2.0 */
/* ESP by a device, to a next hop whose hardware address is known: an AF_PACKET socket that receives
 * nothing. What it sends passes the guard in postrouting by, so it looks at each packet itself: ESP or
 * nothing. The device's queueing discipline stays in force. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/ports_fd.h"
#include "host/ring.h"

#define BUFFER_BYTES (4 << 20)

struct link_port {
	struct port port;
	uint32_t ifindex;
	struct mmsghdr msg[BATCH_MAX];
	struct iovec iov[BATCH_MAX];
	struct sockaddr_ll to[BATCH_MAX];
};

int link_open(uint32_t ifindex)
{
	/* of no protocol: nothing comes in by it */
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_ifindex = (int)ifindex };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), size = BUFFER_BYTES;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* The EtherType of a packet of ESP, whole or a fragment; 0: it is none. */
static uint16_t type_of(const struct pkt *k)
{
	struct rd r = pkt_rd(k);
	uint8_t version = rd_u8(&r) >> 4;

	rd_skip(&r, version == 6 ? 5 : 8);
	uint8_t proto = rd_u8(&r);
	if (r.bad)
		return 0;
	if (version == 4)
		return proto == IPPROTO_ESP ? ETH_P_IP : 0;
	if (version != 6 || proto == IPPROTO_ESP)
		return version == 6 ? ETH_P_IPV6 : 0;
	if (proto != IPPROTO_FRAGMENT)
		return 0;
	rd_skip(&r, 33);
	return rd_u8(&r) == IPPROTO_ESP && !r.bad ? ETH_P_IPV6 : 0;
}

static size_t link_recv(struct port *p, struct pool *pool, struct batch *b)
{
	(void)p;
	(void)pool;
	(void)b;
	return 0;
}

/* How many of n the device has taken, or a full queue has lost: its discipline has dropped that one (ENOBUFS), as it
 * drops what the raw socket sends, which says nothing of it; or what we have sent is all there still (EAGAIN). A call
 * ends in front of what is refused, and the next one says why. */
static size_t send_all(int fd, struct mmsghdr *v, unsigned n, size_t *ret_lost)
{
	unsigned ok = 0;

	*ret_lost = 0;
	while (ok < n) {
		int k = sendmmsg(fd, v + ok, n - ok, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (k <= 0 && errno != ENOBUFS && errno != EAGAIN)
			break;
		if (k <= 0) {
			k = errno == EAGAIN ? (int)(n - ok) : 1;
			*ret_lost += (size_t)k;
		}
		ok += (unsigned)k;
	}
	return ok;
}

static size_t link_send(struct port *p, struct batch *b)
{
	struct link_port *f = (struct link_port *)(void *)p;
	unsigned n = 0;

	for (size_t i = 0; i < b->n; i++) {
		uint16_t type = type_of(b->p[i]);

		if (!type)
			break;
		f->to[n] = (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_protocol = htons(type),
						 .sll_ifindex = (int)f->ifindex, .sll_halen = sizeof(p->next_hop) };
		memcpy(f->to[n].sll_addr, p->next_hop, sizeof(p->next_hop));
		f->iov[n] = (struct iovec){ b->p[i]->data, b->p[i]->len };
		f->msg[n].msg_hdr = (struct msghdr){ .msg_name = &f->to[n], .msg_namelen = sizeof(f->to[n]),
						     .msg_iov = &f->iov[n], .msg_iovlen = 1 };
		n++;
	}
	return send_all(p->fd, f->msg, n, &p->lost);
}

int link_port_make(uint32_t ifindex, int fd, struct port **ret_port)
{
	static const struct port_ops ops = { link_recv, link_send, fd_port_close };
	struct link_port *f = calloc(1, sizeof(*f));

	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	f->port.fd = fd;
	f->port.ops = &ops;
	f->ifindex = ifindex;
	*ret_port = &f->port;
	return 0;
}
