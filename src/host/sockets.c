/* SPDX-License-Identifier: Apache-2.0 */
#include "host/sockets.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <linux/in6.h> /* behind it: IPV6_FLOWINFO is the kernel's alone */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BUFFER_BYTES (4 << 20)

static int set_int(int fd, int level, int opt, int value)
{
	return setsockopt(fd, level, opt, &value, sizeof(value));
}

/* Large buffers where we may, the system's limit where not: a burst of some ten milliseconds. */
static void set_buffers(int fd)
{
	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES))
		(void)set_int(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
	if (set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES))
		(void)set_int(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
	(void)set_int(fd, SOL_SOCKET, SO_RXQ_OVFL, 1); /* what they had no room for all the same */
}

/* What the kernel believes of a path it believes without a look at SPIs: it shall neither
 * learn from what we send nor cut or refuse by what it has learned elsewhere. */
static int ignore_paths(int fd)
{
	return set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
}

int raw_open(int protocol, bool bypass)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		return -errno;
	set_buffers(fd);
	if (set_int(fd, IPPROTO_IP, IP_HDRINCL, 1) || set_int(fd, IPPROTO_IP, IP_PKTINFO, 1) ||
	    ignore_paths(fd) || (bypass && set_int(fd, SOL_SOCKET, SO_MARK, (int)MARK_BYPASS))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int icmp_open(void)
{
	/* behind an IP header of any length: type 3, code 4 */
	struct sock_filter too_big[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0304, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog wanted = { sizeof(too_big) / sizeof(too_big[0]), too_big };
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &wanted, sizeof(wanted)) ||
	    set_int(fd, SOL_SOCKET, SO_MARK, (int)MARK_QUOTES)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* Our own end of what arrives, and no path MTU of the kernel's. */
static int set_v6(int fd)
{
	return set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) ||
	       set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) ||
	       set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
}

/* The rest of a header of which the kernel hands over only what is behind it: what AH covers, it
 * covers with the extension headers (RFC 4302 section 3.3.3.1.2). */
static int tell_headers(int fd)
{
	static const int wanted[] = { IPV6_RECVHOPLIMIT, IPV6_FLOWINFO, IPV6_RECVHOPOPTS,
				      IPV6_RECVDSTOPTS, IPV6_RECVRTHDR };
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(wanted) / sizeof(wanted[0]); i++)
		err = set_int(fd, IPPROTO_IPV6, wanted[i], 1);
	return err;
}

int raw6_open(int protocol, bool bypass)
{
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		return -errno;
	set_buffers(fd);
	if (set_v6(fd) || tell_headers(fd) || set_int(fd, IPPROTO_IPV6, IPV6_HDRINCL, 1) ||
	    (bypass && set_int(fd, SOL_SOCKET, SO_MARK, (int)MARK_BYPASS))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int icmp6_open(void)
{
	struct icmp6_filter wanted;
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);

	if (fd < 0)
		return -errno;
	ICMP6_FILTER_SETBLOCKALL(&wanted);
	ICMP6_FILTER_SETPASS(ICMP6_PACKET_TOO_BIG, &wanted);
	if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &wanted, sizeof(wanted)) || set_v6(fd) ||
	    tell_headers(fd) || set_int(fd, SOL_SOCKET, SO_MARK, (int)MARK_QUOTES)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int udp6_open(uint16_t port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	set_buffers(fd);
	if (set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) || set_v6(fd) ||
	    set_int(fd, SOL_SOCKET, SO_MARK, (int)MARK_BYPASS) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int udp_open(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	set_buffers(fd);
	if (set_int(fd, IPPROTO_IP, IP_PKTINFO, 1) || set_int(fd, IPPROTO_IP, IP_RECVTOS, 1) ||
	    ignore_paths(fd) ||
	    set_int(fd, SOL_SOCKET, SO_MARK, (int)MARK_BYPASS) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* The address of a datagram's other end, of either family. */
union peer {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t peer_of(const struct ipaddr *a, uint16_t port, union peer *ret_peer)
{
	if (a->family == IP_V6) {
		ret_peer->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		memcpy(&ret_peer->v6.sin6_addr, a->b, 16);
		return sizeof(ret_peer->v6);
	}
	ret_peer->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	memcpy(&ret_peer->v4.sin_addr, a->b, 4);
	return sizeof(ret_peer->v4);
}

static void put_control(struct msghdr *m, int level, int type, const void *p, size_t n)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), p, n);
	m->msg_controllen = CMSG_SPACE(n);
}

int udp_send(int fd, const struct ipaddr *local, const struct ipaddr *remote, uint16_t remote_port,
	     const void *p, size_t n)
{
	union peer to;
	union {
		char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { (void *)p, n };
	struct msghdr m = { .msg_name = &to, .msg_namelen = peer_of(remote, remote_port, &to),
			    .msg_iov = &iov, .msg_iovlen = 1 };
	struct in_pktinfo info = { 0 };
	struct in6_pktinfo info6 = { 0 };

	if (local->family == remote->family) {
		m.msg_control = control.buf;
		m.msg_controllen = sizeof(control.buf);
	}
	if (local->family == IP_V4 && m.msg_control) {
		memcpy(&info.ipi_spec_dst, local->b, 4);
		put_control(&m, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else if (m.msg_control) {
		memcpy(&info6.ipi6_addr, local->b, 16);
		put_control(&m, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
	}
	return sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Our own end, as the control messages tell it. */
static struct ipaddr local_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct in_pktinfo info;
		struct in6_pktinfo info6;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			return ipaddr_v4(ntohl(info.ipi_addr.s_addr));
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info6, CMSG_DATA(c), sizeof(info6));
			return ipaddr_v6(info6.ipi6_addr.s6_addr);
		}
	}
	return (struct ipaddr){ 0 };
}

long udp_recv(int fd, void *p, size_t cap, struct ipaddr *ret_local, struct ipaddr *ret_remote,
	      uint16_t *ret_port)
{
	union peer from = { .v6 = { 0 } };
	union {
		char buf[256];
		struct cmsghdr align;
	} control;
	struct iovec iov = { p, cap };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov,
			    .msg_iovlen = 1, .msg_control = control.buf,
			    .msg_controllen = sizeof(control.buf) };
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	if (m.msg_flags & MSG_TRUNC)
		return 0; /* nothing that long is ours: an empty datagram is ignored */
	*ret_local = local_of(&m);
	if (from.sa.sa_family == AF_INET6) {
		*ret_remote = ipaddr_v6(from.v6.sin6_addr.s6_addr);
		*ret_port = ntohs(from.v6.sin6_port);
	} else {
		*ret_remote = ipaddr_v4(ntohl(from.v4.sin_addr.s_addr));
		*ret_port = ntohs(from.v4.sin_port);
	}
	return n;
}

int netns_claim(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	int fd, err;

	if (len >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path + 1, name, len);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int unix_listen(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;
	int err;

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(a.sun_path)) {
		close(fd);
		return -ENAMETOOLONG;
	}
	strcpy(a.sun_path, path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno == EAGAIN) {
		close(fd);
		return -EADDRINUSE;
	}
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode)) { /* somebody's file */
			close(fd);
			return -EEXIST;
		}
		(void)unlink(path);
	}
	mode_t mask = umask(0117);
	err = bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 128) ? -errno : 0;
	umask(mask);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}
