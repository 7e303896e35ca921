/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into an IKE daemon on a kernel without ESP: the kernel's refusal of an
 * SA reads as success, so that the daemon completes quick mode for what only a
 * kernel could carry (transport mode, raw ESP, AH). No packet is carried. */
#include <dlfcn.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_xfrm(int fd)
{
	int domain = 0, protocol = -1;
	socklen_t len = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) || domain != AF_NETLINK)
		return false;
	len = sizeof(protocol);
	return !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) && protocol == NETLINK_XFRM;
}

static bool about_sa(const struct nlmsgerr *e)
{
	return e->msg.nlmsg_type == XFRM_MSG_NEWSA || e->msg.nlmsg_type == XFRM_MSG_UPDSA ||
	       e->msg.nlmsg_type == XFRM_MSG_DELSA;
}

static ssize_t soften(int fd, void *buf, ssize_t n)
{
	size_t left = n > 0 ? (size_t)n : 0, step;
	char *p = buf;

	if (left < NLMSG_HDRLEN || !is_xfrm(fd))
		return n;
	for (; left >= NLMSG_HDRLEN; p += step, left -= step) {
		struct nlmsghdr h;
		struct nlmsgerr e;

		memcpy(&h, p, sizeof(h));
		if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > left)
			break;
		if (h.nlmsg_type == NLMSG_ERROR && h.nlmsg_len >= NLMSG_HDRLEN + sizeof(e)) {
			memcpy(&e, p + NLMSG_HDRLEN, sizeof(e));
			if (about_sa(&e))
				e.error = 0;
			memcpy(p + NLMSG_HDRLEN, &e, sizeof(e));
		}
		step = NLMSG_ALIGN(h.nlmsg_len);
		if (step > left)
			break;
	}
	return n;
}

#define EXPORT __attribute__((visibility("default")))

typedef ssize_t (*recvfrom_fn)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
typedef ssize_t (*recvmsg_fn)(int, struct msghdr *, int);

/* A function pointer from dlsym without a conversion that C forbids. */
static void real(const char *name, void *ret_fn)
{
	void *p = dlsym(RTLD_NEXT, name);

	memcpy(ret_fn, &p, sizeof(p));
}

static ssize_t receive(int fd, void *buf, size_t len, int flags, struct sockaddr *a, socklen_t *a_len)
{
	recvfrom_fn fn;

	real("recvfrom", &fn);
	return soften(fd, buf, fn(fd, buf, len, flags, a, a_len));
}

/* glibc's own spelling of the address: a transparent union with _GNU_SOURCE. */
EXPORT ssize_t recvfrom(int fd, void *restrict buf, size_t len, int flags, __SOCKADDR_ARG a,
			socklen_t *restrict a_len)
{
	return receive(fd, buf, len, flags, a.__sockaddr__, a_len);
}

EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	return receive(fd, buf, len, flags, NULL, NULL);
}

/* What callers that were compiled with _FORTIFY_SOURCE call instead. */
EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t cap, int flags,
			      struct sockaddr *a, socklen_t *a_len);
EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t cap, int flags,
			      struct sockaddr *a, socklen_t *a_len)
{
	return receive(fd, buf, len < cap ? len : cap, flags, a, a_len);
}

EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t cap, int flags);
EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t cap, int flags)
{
	return receive(fd, buf, len < cap ? len : cap, flags, NULL, NULL);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	recvmsg_fn fn;
	ssize_t n;

	real("recvmsg", &fn);
	n = fn(fd, m, flags);
	if (n > 0 && m->msg_iovlen == 1)
		soften(fd, m->msg_iov[0].iov_base, n);
	return n;
}
