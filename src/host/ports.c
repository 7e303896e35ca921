/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ports_fd.h"
#include "host/ring.h"
#include "host/tun_port.h"
#include "host/udp_port.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CONTROL_BYTES (CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(uint32_t)))

void fd_port_close(struct port *p)
{
	close(p->fd);
	free(p);
}

/* ---- sockets ---- */

static size_t raw_recv(struct port *p, struct pool *pool, struct batch *b)
{
	struct fd_port *f = fd_port_of(p);
	struct pkt *k[BATCH_MAX];
	size_t want = 0, had = b->n;

	while (want < BATCH_MAX - had && (k[want] = pkt_get(pool))) {
		f->iov[want] = (struct iovec){ k[want]->data, PKT_DATA_MAX };
		f->msg[want].msg_hdr = (struct msghdr){
			.msg_name = &f->addr[want].v4, .msg_namelen = sizeof(f->addr[want].v4),
			.msg_iov = &f->iov[want], .msg_iovlen = 1,
			.msg_control = fd_port_control(f, want),
			.msg_controllen = f->control_bytes };
		want++;
	}
	int n = want ? recvmmsg(f->port.fd, f->msg, (unsigned)want, MSG_DONTWAIT, NULL) : 0;
	size_t got = n > 0 ? (size_t)n : 0;
	for (size_t i = 0; i < want; i++) {
		struct msghdr *m = &f->msg[i].msg_hdr;

		/* what was too long is cut; who reads its length refuses and counts it */
		if (i >= got) {
			pkt_put(pool, k[i]);
			continue;
		}
		k[i]->len = f->msg[i].msg_len;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
			struct in_pktinfo info;

			if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO &&
			    fd_port_get(c, &info, sizeof(info))) {
				k[i]->ifindex = (uint32_t)info.ipi_ifindex;
				k[i]->local = ipaddr_v4(ntohl(info.ipi_addr.s_addr));
			}
			fd_port_overflow(f, c);
		}
		(void)batch_add(b, k[i]);
	}
	return b->n - had;
}

/* One datagram that the kernel refuses does not hold up those behind it. */
size_t msgs_send(int fd, struct mmsghdr *v, size_t n)
{
	size_t ok = 0, at = 0;

	while (at < n) {
		int k = sendmmsg(fd, v + at, (unsigned)(n - at),
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (k < 0 && (errno == EAGAIN || errno == ENOBUFS))
			break; /* no room for any of them */
		if (k <= 0) {
			at++;
			continue;
		}
		ok += (size_t)k;
		at += (size_t)k;
	}
	return ok;
}

size_t fd_port_send(struct fd_port *f, size_t n)
{
	return msgs_send(f->port.fd, f->msg, n);
}

static void prepare(struct fd_port *f, size_t i, const struct pkt *k, uint32_t dst)
{
	f->addr[i].v4 = (struct sockaddr_in){ .sin_family = AF_INET,
					      .sin_addr.s_addr = htonl(dst) };
	f->iov[i] = (struct iovec){ k->data, k->len };
	f->msg[i].msg_hdr = (struct msghdr){ .msg_name = &f->addr[i].v4,
					     .msg_namelen = sizeof(f->addr[i].v4),
					     .msg_iov = &f->iov[i], .msg_iovlen = 1 };
}

static size_t raw_send(struct port *p, struct batch *b)
{
	struct fd_port *f = fd_port_of(p);
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct rd r = pkt_rd(b->p[i]);

		rd_skip(&r, 16);
		uint32_t dst = rd_be32(&r);
		if (!r.bad)
			prepare(f, n++, b->p[i], dst);
	}
	return fd_port_send(f, n);
}

static size_t icmp_send(struct port *p, struct batch *b)
{
	struct fd_port *f = fd_port_of(p);

	for (size_t i = 0; i < b->n; i++)
		prepare(f, i, b->p[i], ipaddr_to_v4(&b->p[i]->remote));
	return fd_port_send(f, b->n);
}

static const struct port_ops *ops_of(enum fwd_port_kind kind)
{
	static const struct port_ops raw = { raw_recv, raw_send, fd_port_close };
	static const struct port_ops icmp = { raw_recv, icmp_send, fd_port_close };
	const struct port_ops *v6 = port6_ops(kind);

	switch (kind) {
	case FWD_PORT_ICMP:
		return &icmp;
	default:
		return v6 ? v6 : &raw;
	}
}

int host_make_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	enum fwd_port_kind kind = (enum fwd_port_kind)desc->kind;
	size_t control = port6_ops(kind) ? port6_control_bytes() : CONTROL_BYTES;
	struct fd_port *f;

	(void)ctx;
	if (kind == FWD_PORT_UDP_ENCAP || kind == FWD_PORT_UDP6_ENCAP)
		return udp_port_make(desc, fd, ret_port);
	if (kind == FWD_PORT_TUNNEL || kind == FWD_PORT_STEER)
		return tun_port_make(desc, fd, ret_port);
	if (kind == FWD_PORT_RING)
		return ring_port_make(fd, ret_port);
	if (kind == FWD_PORT_LINK)
		return link_port_make(desc->ifid, fd, ret_port);
	if (kind == FWD_PORT_NEWS)
		return news_port_make(fd, ret_port);
	if (kind == FWD_PORT_HOLD)
		return hold_port_make(fd, ret_port);
	f = calloc(1, sizeof(*f) + BATCH_MAX * control);
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	f->port.fd = fd;
	f->port.ops = ops_of(kind);
	f->control_bytes = control;
	*ret_port = &f->port;
	return 0;
}
