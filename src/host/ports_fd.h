/* SPDX-License-Identifier: Apache-2.0 */
/* What the ports of both families share: a descriptor and the scratch of recvmmsg and sendmmsg. */
#ifndef HOST_PORTS_FD_H
#define HOST_PORTS_FD_H

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "host/ports.h"

/* One port is used by one worker. */
struct fd_port {
	struct port port;
	struct mmsghdr msg[BATCH_MAX];
	struct iovec iov[BATCH_MAX];
	union {
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} addr[BATCH_MAX];
	uint32_t overflows;   /* as the kernel counts them */
	size_t control_bytes; /* of one packet */
	_Alignas(struct cmsghdr) uint8_t control[]; /* BATCH_MAX times that */
};

static inline struct fd_port *fd_port_of(struct port *p)
{
	return (struct fd_port *)(void *)p;
}

static inline uint8_t *fd_port_control(struct fd_port *f, size_t i)
{
	return f->control + i * f->control_bytes;
}

/* Sends n of them, each whatever becomes of those before it; how many the kernel took. */
size_t msgs_send(int fd, struct mmsghdr *v, size_t n);
/* Sends the first n of msg, each whatever becomes of those before it; how many the kernel took. */
size_t fd_port_send(struct fd_port *f, size_t n);
void fd_port_close(struct port *p);

/* Appends a control message at h, which is m's first or what this returned; the next one's place. */
static inline struct cmsghdr *fd_port_put(struct msghdr *m, struct cmsghdr *h, int level, int type,
					  const void *p, size_t n)
{
	h->cmsg_level = level;
	h->cmsg_type = type;
	h->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(h), p, n);
	return CMSG_NXTHDR(m, h);
}

/* The first n bytes of what a control message says. False: it has not as many, and nothing was written. */
static inline bool fd_port_get(const struct cmsghdr *c, void *ret, size_t n)
{
	if (c->cmsg_len < CMSG_LEN(n))
		return false;
	memcpy(ret, CMSG_DATA(c), n);
	return true;
}

/* Notes what a control message says of packets that the socket had no room for. */
static inline void fd_port_overflow(struct fd_port *f, const struct cmsghdr *c)
{
	uint32_t lost;

	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL || !fd_port_get(c, &lost, sizeof(lost)))
		return;
	f->port.overflows += lost - f->overflows; /* it may have begun anew at 0 */
	f->overflows = lost;
}

/* ---- IPv6 (ports6.c) ---- */

/* Bytes of control messages that a port needs: as many extension headers as AH can cover. */
size_t port6_control_bytes(void);
/* NULL: the kind is none of IPv6's. */
const struct port_ops *port6_ops(enum fwd_port_kind kind);

#endif
