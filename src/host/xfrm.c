/* SPDX-License-Identifier: Apache-2.0 */
#include "host/xfrm.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"

#define DUMP_TRIES 8

struct looked {
	const struct ipaddr *dst;
	bool found;
};

static uint16_t family_of(const struct ipaddr *a)
{
	return a->family == IP_V6 ? AF_INET6 : AF_INET;
}

static size_t len_of(const struct ipaddr *a)
{
	return a->family == IP_V6 ? 16 : 4;
}

/* Kernels before 3.15 filter nothing. */
static int on_sa(const struct nlmsghdr *h, void *ctx)
{
	struct looked *l = ctx;
	struct xfrm_usersa_info sa;

	if (h->nlmsg_type != XFRM_MSG_NEWSA || mnl_nlmsg_get_payload_len(h) < sizeof(sa))
		return MNL_CB_OK;
	memcpy(&sa, mnl_nlmsg_get_payload(h), sizeof(sa));
	l->found |= sa.family == family_of(l->dst) && sa.id.proto == IPPROTO_ESP &&
		    !memcmp(&sa.id.daddr, l->dst->b, len_of(l->dst));
	return l->found ? MNL_CB_STOP : MNL_CB_OK;
}

/* Those to one address: all of them are many, and come with their keys. A dump has no header of its own. */
static struct nlmsghdr *question(char *buf, const struct ipaddr *dst)
{
	struct xfrm_address_filter f = { .family = family_of(dst), .dplen = (uint8_t)(8 * len_of(dst)) };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	h->nlmsg_type = XFRM_MSG_GETSA;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = 1;
	memcpy(&f.daddr, dst->b, len_of(dst));
	mnl_attr_put(h, XFRMA_ADDRESS_FILTER, sizeof(f), &f);
	mnl_attr_put_u8(h, XFRMA_PROTO, IPPROTO_ESP);
	return h;
}

static int ask(struct mnl_socket *s, struct looked *l)
{
	char buf[256];
	_Alignas(struct nlmsghdr) char in[16384];
	struct nlmsghdr *h = question(buf, l->dst);
	int more = MNL_CB_OK, err = 0;

	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 || mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
		return -errno;
	while (!err && more > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(s, in, sizeof(in));

		if (n < 0 && errno == EINTR)
			continue; /* a signal, and not the dump */
		more = n < 0 ? MNL_CB_ERROR : mnl_cb_run(in, (size_t)n, 1, mnl_socket_get_portid(s), on_sa, l);
		if (more < 0)
			err = -errno;
	}
	secret_wipe(in, sizeof(in));
	return err;
}

int xfrm_esp_to(const struct ipaddr *dst)
{
	struct looked l = { .dst = dst };
	int err = -EINTR;

	for (unsigned tries = 0; err == -EINTR && !l.found && tries < DUMP_TRIES; tries++) {
		struct mnl_socket *s = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);

		if (!s) /* a kernel without it */
			return errno == EPROTONOSUPPORT ? 0 : -errno;
		err = ask(s, &l);
		mnl_socket_close(s);
	}
	return l.found ? 1 : err;
}

int xfrm_events_open(void)
{
	struct sockaddr_nl me = { .nl_family = AF_NETLINK,
				  .nl_groups = 1u << (XFRMNLGRP_SA - 1) | 1u << (XFRMNLGRP_EXPIRE - 1) };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_XFRM);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&me, sizeof(me)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

void xfrm_drain(int fd)
{
	/* that something was lost is news as well */
	while (recv(fd, NULL, 0, MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		;
}
