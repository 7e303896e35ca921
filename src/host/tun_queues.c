/* SPDX-License-Identifier: Apache-2.0 */
#include "host/tun_queues.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int tun_queue_like(int fd)
{
	struct ifreq r = { 0 };
	int more, err;

	if (ioctl(fd, TUNGETIFF, &r) < 0)
		return -errno;
	if (!(r.ifr_flags & IFF_MULTI_QUEUE))
		return -EOPNOTSUPP;
	/* what it says of its life is not asked for */
	r.ifr_flags &= IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE;
	more = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (more < 0)
		return -errno;
	if (ioctl(more, TUNSETIFF, &r) == 0)
		return more;
	err = -errno;
	close(more);
	return err;
}

static int on_data(const struct nlattr *a, void *ctx)
{
	if (mnl_attr_get_type(a) == IFLA_TUN_NUM_QUEUES && mnl_attr_get_payload_len(a) == sizeof(uint32_t))
		*(int *)ctx = (int)mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

/* Of IFLA_LINKINFO. */
static int on_info(const struct nlattr *a, void *ctx)
{
	return mnl_attr_get_type(a) == IFLA_INFO_DATA ? mnl_attr_parse_nested(a, on_data, ctx) : MNL_CB_OK;
}

static int on_attr(const struct nlattr *a, void *ctx)
{
	return mnl_attr_get_type(a) == IFLA_LINKINFO ? mnl_attr_parse_nested(a, on_info, ctx) : MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *h, void *ctx)
{
	return mnl_attr_parse(h, sizeof(struct ifinfomsg), on_attr, ctx);
}

static int ask(struct mnl_socket *s, const char *name, int *ret_n)
{
	_Alignas(struct nlmsghdr) char buf[8192];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	ssize_t n;

	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST;
	h->nlmsg_seq = 1;
	(void)mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	if (mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(s, buf, sizeof(buf));
	if (n < 0 || mnl_cb_run(buf, (size_t)n, 1, 0, on_link, ret_n) < 0)
		return errno == ENODEV ? 0 : -errno;
	return 0;
}

int tun_queues_open(const char *name)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int n = 0, err;

	if (!s)
		return -errno;
	err = mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : ask(s, name, &n);
	mnl_socket_close(s);
	return err ? err : n;
}
