/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONTROL_BYTES (CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(int)))

struct fd_port {
	struct port port;
	/* scratch of recvmmsg and sendmmsg: one port is used by one worker */
	struct mmsghdr msg[BATCH_MAX];
	struct iovec iov[BATCH_MAX];
	struct sockaddr_in addr[BATCH_MAX];
	struct {
		_Alignas(struct cmsghdr) char buf[CONTROL_BYTES];
	} control[BATCH_MAX];
	uint16_t local_port; /* UDP */
};

static void port_close(struct port *p)
{
	close(p->fd);
	free(p);
}

/* ---- TUN ---- */

static size_t tun_recv(struct port *p, struct pool *pool, struct batch *b)
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

static size_t tun_send(struct port *p, struct batch *b)
{
	size_t ok = 0;

	for (size_t i = 0; i < b->n; i++)
		ok += write(p->fd, b->p[i]->data, b->p[i]->len) == (ssize_t)b->p[i]->len;
	return ok;
}

/* ---- sockets ---- */

static size_t sock_recv(struct fd_port *f, struct pool *pool, struct batch *b, bool udp)
{
	struct pkt *k[BATCH_MAX];
	size_t want = 0, had = b->n;

	while (want < BATCH_MAX - had && (k[want] = pkt_get(pool))) {
		f->iov[want] = (struct iovec){ k[want]->data, PKT_DATA_MAX };
		f->msg[want].msg_hdr = (struct msghdr){
			.msg_name = &f->addr[want], .msg_namelen = sizeof(f->addr[want]),
			.msg_iov = &f->iov[want], .msg_iovlen = 1,
			.msg_control = f->control[want].buf,
			.msg_controllen = sizeof(f->control[want].buf) };
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

			if (c->cmsg_level != IPPROTO_IP)
				continue;
			if (c->cmsg_type == IP_TOS)
				k[i]->outer_tos = *CMSG_DATA(c);
			if (c->cmsg_type != IP_PKTINFO)
				continue;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			k[i]->ifindex = (uint32_t)info.ipi_ifindex;
			k[i]->local = ipaddr_v4(ntohl(info.ipi_addr.s_addr));
		}
		if (udp) {
			k[i]->local_port = f->local_port;
			k[i]->remote = ipaddr_v4(ntohl(f->addr[i].sin_addr.s_addr));
			k[i]->remote_port = ntohs(f->addr[i].sin_port);
		}
		(void)batch_add(b, k[i]);
	}
	return b->n - had;
}

static size_t raw_recv(struct port *p, struct pool *pool, struct batch *b)
{
	return sock_recv((struct fd_port *)(void *)p, pool, b, false);
}

static size_t udp_port_recv(struct port *p, struct pool *pool, struct batch *b)
{
	return sock_recv((struct fd_port *)(void *)p, pool, b, true);
}

/* One datagram that the kernel refuses does not hold up those behind it. */
static size_t send_all(struct fd_port *f, size_t n)
{
	size_t ok = 0, at = 0;

	while (at < n) {
		int k = sendmmsg(f->port.fd, f->msg + at, (unsigned)(n - at),
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

static void prepare(struct fd_port *f, size_t i, const struct pkt *k, uint32_t dst, uint16_t port)
{
	f->addr[i] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
					   .sin_addr.s_addr = htonl(dst) };
	f->iov[i] = (struct iovec){ k->data, k->len };
	f->msg[i].msg_hdr = (struct msghdr){ .msg_name = &f->addr[i],
					     .msg_namelen = sizeof(f->addr[i]),
					     .msg_iov = &f->iov[i], .msg_iovlen = 1 };
}

static size_t raw_send(struct port *p, struct batch *b)
{
	struct fd_port *f = (struct fd_port *)(void *)p;
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct rd r = pkt_rd(b->p[i]);

		rd_skip(&r, 16);
		uint32_t dst = rd_be32(&r);
		if (!r.bad)
			prepare(f, n++, b->p[i], dst, 0);
	}
	return send_all(f, n);
}

static size_t icmp_send(struct port *p, struct batch *b)
{
	struct fd_port *f = (struct fd_port *)(void *)p;

	for (size_t i = 0; i < b->n; i++)
		prepare(f, i, b->p[i], ipaddr_to_v4(&b->p[i]->remote), 0);
	return send_all(f, b->n);
}

/* Appends one control message at h, the first of m. */
static struct cmsghdr *put_control(struct msghdr *m, struct cmsghdr *h, int type, const void *p,
				   size_t n)
{
	h->cmsg_level = IPPROTO_IP;
	h->cmsg_type = type;
	h->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(h), p, n);
	return CMSG_NXTHDR(m, h);
}

/* The kernel writes the header, and no control message asks for DF. While DF is asked for,
 * the kernel also believes ICMP errors about the socket: only as long as it must be. */
static void udp_set_df(struct fd_port *f, bool df)
{
	int how = df ? IP_PMTUDISC_PROBE : IP_PMTUDISC_OMIT;

	(void)setsockopt(f->port.fd, IPPROTO_IP, IP_MTU_DISCOVER, &how, sizeof(how));
}

/* n of them, which are alike in DF. */
static size_t udp_send_run(struct fd_port *f, struct pkt *const *v, size_t n)
{
	bool df = v[0]->outer_df;
	size_t ok;

	for (size_t i = 0; i < n; i++) {
		struct pkt *k = v[i];
		struct msghdr *m = &f->msg[i].msg_hdr;
		struct in_pktinfo info = { 0 };
		int tos = k->outer_tos;

		prepare(f, i, k, ipaddr_to_v4(&k->remote), k->remote_port);
		memcpy(&info.ipi_spec_dst, k->local.b, 4);
		memset(f->control[i].buf, 0, CONTROL_BYTES);
		m->msg_control = f->control[i].buf;
		m->msg_controllen = CONTROL_BYTES;
		struct cmsghdr *c = put_control(m, CMSG_FIRSTHDR(m), IP_PKTINFO, &info, sizeof(info));
		(void)put_control(m, c, IP_TOS, &tos, sizeof(tos));
	}
	if (df)
		udp_set_df(f, true);
	ok = send_all(f, n);
	if (df)
		udp_set_df(f, false);
	return ok;
}

static size_t udp_port_send(struct port *p, struct batch *b)
{
	size_t ok = 0;

	for (size_t at = 0, n; at < b->n; at += n) {
		n = 1;
		while (at + n < b->n && b->p[at + n]->outer_df == b->p[at]->outer_df)
			n++;
		ok += udp_send_run((struct fd_port *)(void *)p, b->p + at, n);
	}
	return ok;
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_in a = { 0 };
	socklen_t n = sizeof(a);

	return getsockname(fd, (struct sockaddr *)&a, &n) ? 0 : ntohs(a.sin_port);
}

int host_make_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	static const struct port_ops tun = { tun_recv, tun_send, port_close };
	static const struct port_ops raw = { raw_recv, raw_send, port_close };
	static const struct port_ops icmp = { raw_recv, icmp_send, port_close };
	static const struct port_ops udp = { udp_port_recv, udp_port_send, port_close };
	struct fd_port *f = calloc(1, sizeof(*f));

	(void)ctx;
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	f->port.fd = fd;
	switch ((enum fwd_port_kind)desc->kind) {
	case FWD_PORT_TUNNEL:
	case FWD_PORT_STEER:
		f->port.ops = &tun;
		break;
	case FWD_PORT_ICMP:
		f->port.ops = &icmp;
		break;
	case FWD_PORT_UDP_ENCAP:
		f->port.ops = &udp;
		f->local_port = bound_port(fd);
		break;
	default:
		f->port.ops = &raw;
		break;
	}
	*ret_port = &f->port;
	return 0;
}
