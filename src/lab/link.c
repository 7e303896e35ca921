/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/link.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>

#define MSG_MAX 1024 /* a veth message with two names and an alias is below 300 bytes */

/* Sends one request and waits for its acknowledgement. */
static int talk(struct nlmsghdr *req)
{
	_Alignas(struct nlmsghdr) char buf[8192];
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int err = 0;
	ssize_t n;

	if (!nl)
		return -errno;
	req->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	req->nlmsg_seq = 1;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(nl, req, req->nlmsg_len) < 0)
		err = -errno;
	if (!err) {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0 || mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(nl), NULL,
					NULL) < 0)
			err = -errno;
	}
	mnl_socket_close(nl);
	return err;
}

static struct nlmsghdr *newlink(void *buf, unsigned flags, unsigned change, int index)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = RTM_NEWLINK;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = index;
	ifi->ifi_flags = flags;
	ifi->ifi_change = change;
	return nlh;
}

int link_up(const char *dev, const char *alias)
{
	_Alignas(struct nlmsghdr) char buf[MSG_MAX] = { 0 };
	unsigned index = if_nametoindex(dev);

	if (index == 0)
		return -errno;
	struct nlmsghdr *nlh = newlink(buf, IFF_UP, IFF_UP, (int)index);

	if (alias)
		mnl_attr_put(nlh, IFLA_IFALIAS, strlen(alias), alias);
	return talk(nlh);
}

int link_add_addr(const char *dev, const struct ipaddr *a, unsigned prefix_len)
{
	_Alignas(struct nlmsghdr) char buf[MSG_MAX] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *m;
	size_t len = ip_bits(a->family) / 8;

	nlh->nlmsg_type = RTM_NEWADDR;
	nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));
	m->ifa_family = a->family == IP_V6 ? AF_INET6 : AF_INET;
	m->ifa_prefixlen = (uint8_t)prefix_len;
	m->ifa_index = if_nametoindex(dev);
	if (!m->ifa_index)
		return -errno;
	mnl_attr_put(nlh, IFA_LOCAL, len, a->b);
	mnl_attr_put(nlh, IFA_ADDRESS, len, a->b);
	return talk(nlh);
}

int link_add_veth(const char *dev, const char *peer_dev, int peer_netns, unsigned mtu)
{
	_Alignas(struct nlmsghdr) char buf[MSG_MAX] = { 0 };
	struct nlmsghdr *nlh = newlink(buf, 0, 0, 0);

	nlh->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, dev);
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);

	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");

	struct nlattr *data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	struct nlattr *peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);

	/* The peer is a link message of its own inside the attribute. */
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, peer_dev);
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)peer_netns);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return talk(nlh);
}
