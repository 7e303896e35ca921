/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic control where packets come in: its filters stand behind the taps and in front of everything else. */
#include "host/netlink_internal.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct ingress {
	uint32_t ifindex;
	char kind[16];
};

static int on_qdisc(const struct nlmsghdr *h, void *ctx)
{
	const struct tcmsg *m = mnl_nlmsg_get_payload(h);
	struct ingress one = { .kind = "ingress" };
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWQDISC || m->tcm_parent != TC_H_INGRESS) /* TC_H_CLSACT is the same */
		return MNL_CB_OK;
	one.ifindex = (uint32_t)m->tcm_ifindex;
	for_each_attr(a, h, sizeof(*m))
		if (mnl_attr_get_type(a) == TCA_KIND && !mnl_attr_validate(a, MNL_TYPE_NUL_STRING))
			snprintf(one.kind, sizeof(one.kind), "%s", mnl_attr_get_str(a));
	nl_found_add(ctx, &one);
	return MNL_CB_OK;
}

int nl_ingress_qdisc(struct nl *nl, uint32_t ifindex, char ret_kind[16])
{
	struct found f = { .size = sizeof(struct ingress) };
	int err = nl_dump(nl, RTM_GETQDISC, sizeof(struct tcmsg), AF_UNSPEC, on_qdisc, &f), found = 0;

	for (size_t i = 0; !err && !found && i < f.n; i++) {
		const struct ingress *one = (const struct ingress *)(void *)f.v + i;

		found = one->ifindex == ifindex;
		if (found)
			memcpy(ret_kind, one->kind, sizeof(one->kind));
	}
	free(f.v);
	return err == -EOPNOTSUPP ? 0 : err ? err : found;
}

int nl_tc_events_open(void)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = 1u << (RTNLGRP_TC - 1) };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}
