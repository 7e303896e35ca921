/* SPDX-License-Identifier: Apache-2.0 */
/* Who is next on the way to a destination, by its hardware address. */
#include "host/netlink_internal.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <unistd.h>

/* As the kernel's own output does (NUD_VALID): it sends to these while it makes sure of them. */
#define USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

struct way {
	uint8_t af, type;
	bool special; /* more than an address is to be put in front */
	uint32_t ifindex;
	struct ipaddr gateway;
};

static int on_way(const struct nlmsghdr *h, void *ctx)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct way *w = ctx;
	const struct nlattr *a;

	w->type = m->rtm_type;
	for_each_attr(a, h, sizeof(*m)) {
		switch (mnl_attr_get_type(a)) {
		case RTA_OIF:
			w->ifindex = mnl_attr_get_u32(a);
			break;
		case RTA_GATEWAY:
			if (!nl_addr_of(a, w->af, &w->gateway))
				w->special = true;
			break;
		case RTA_VIA: /* a next hop of the other family */
		case RTA_ENCAP:
			w->special = true;
			break;
		}
	}
	return MNL_CB_OK;
}

static int way_to(struct nl *nl, const struct ipaddr *dst, uint32_t mark, struct way *w)
{
	struct nlmsghdr *h = nl_start(nl, RTM_GETROUTE, NLM_F_ACK);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	size_t len = nl_addr_len(w->af);

	m->rtm_family = w->af;
	m->rtm_dst_len = (uint8_t)(len * 8);
	mnl_attr_put(h, RTA_DST, len, dst->b);
	mnl_attr_put_u32(h, RTA_MARK, mark);
	int err = nl_talk(nl, h, on_way, w);
	return err ? err : w->type == RTN_UNICAST && w->ifindex && !w->special ? 0 : -ENETUNREACH;
}

struct neigh {
	struct nl_hop *hop;
	uint16_t state;
};

static int on_neigh(const struct nlmsghdr *h, void *ctx)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	struct neigh *n = ctx;
	struct nl_hop *hop = n->hop;
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWNEIGH || (uint32_t)m->ndm_ifindex != hop->ifindex)
		return MNL_CB_OK;
	n->state = m->ndm_state;
	if (!(n->state & USABLE))
		return MNL_CB_OK;
	for_each_attr(a, h, sizeof(*m)) {
		if (mnl_attr_get_type(a) == NDA_LLADDR && mnl_attr_get_payload_len(a) == sizeof(hop->mac)) {
			memcpy(hop->mac, mnl_attr_get_payload(a), sizeof(hop->mac));
			hop->known = true;
		}
	}
	return MNL_CB_OK;
}

static struct nlmsghdr *about(struct nl *nl, uint16_t type, uint16_t flags, uint8_t use, const struct way *w,
			      const struct ipaddr *who)
{
	struct nlmsghdr *h = nl_start(nl, type, (uint16_t)(NLM_F_ACK | flags));
	struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ndm_family = w->af;
	m->ndm_ifindex = (int)w->ifindex;
	m->ndm_flags = use;
	mnl_attr_put(h, NDA_DST, nl_addr_len(w->af), who->b);
	return h;
}

/* ---- all ---- */

static int on_any_neigh(const struct nlmsghdr *h, void *ctx)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	struct nl_neigh n = { .ifindex = (uint32_t)m->ndm_ifindex, .permanent = m->ndm_state & NUD_PERMANENT };
	const struct nlattr *a;

	if (m->ndm_family != AF_INET || !m->ndm_state || m->ndm_state & NUD_NOARP)
		return MNL_CB_OK;
	for_each_attr(a, h, sizeof(*m)) {
		size_t len = mnl_attr_get_payload_len(a);

		if (mnl_attr_get_type(a) == NDA_DST)
			(void)nl_addr_of(a, AF_INET, &n.addr);
		if (mnl_attr_get_type(a) == NDA_LLADDR && len == sizeof(n.mac) && m->ndm_state & USABLE) {
			memcpy(n.mac, mnl_attr_get_payload(a), sizeof(n.mac));
			n.has_mac = true;
		}
		if (mnl_attr_get_type(a) == NDA_CACHEINFO && len >= sizeof(struct nda_cacheinfo)) {
			const struct nda_cacheinfo *c = mnl_attr_get_payload(a);

			n.age_sec = c->ndm_confirmed / (uint32_t)sysconf(_SC_CLK_TCK);
		}
	}
	if (n.addr.family)
		nl_found_add(ctx, &n);
	return MNL_CB_OK;
}

int nl_neighs(struct nl *nl, void (*each)(void *ctx, const struct nl_neigh *n), void *ctx)
{
	struct found f = { .size = sizeof(struct nl_neigh) };
	int err = nl_dump(nl, RTM_GETNEIGH, sizeof(struct ndmsg), AF_INET, on_any_neigh, &f);
	const struct nl_neigh *n = (const struct nl_neigh *)(void *)f.v;

	for (size_t i = 0; !err && i < f.n; i++)
		each(ctx, &n[i]);
	free(f.v);
	return err;
}

int nl_neigh_forget(struct nl *nl, uint32_t ifindex, const struct ipaddr *addr)
{
	struct way w = { .af = nl_family(addr), .ifindex = ifindex };
	int err = nl_talk(nl, about(nl, RTM_DELNEIGH, 0, 0, &w, addr), NULL, NULL);

	return err == -ENOENT ? 0 : err;
}

/* ---- rules ---- */

static int on_any_rule(const struct nlmsghdr *h, void *ctx)
{
	const struct fib_rule_hdr *m = mnl_nlmsg_get_payload(h);
	uint32_t table = m->table;
	uint8_t protocol = 0;
	const struct nlattr *a;

	if (m->family != AF_INET && m->family != AF_INET6)
		return MNL_CB_OK;
	for_each_attr(a, h, sizeof(*m)) {
		if (mnl_attr_get_type(a) == FRA_TABLE)
			table = mnl_attr_get_u32(a);
		if (mnl_attr_get_type(a) == FRA_PROTOCOL)
			protocol = mnl_attr_get_u8(a);
	}
	if (protocol != RTPROT_CULVERT &&
	    (m->action != FR_ACT_TO_TBL ||
	     (table != RT_TABLE_LOCAL && table != RT_TABLE_MAIN && table != RT_TABLE_DEFAULT)))
		nl_found_add(ctx, &table);
	return MNL_CB_OK;
}

bool nl_foreign_rules(struct nl *nl)
{
	struct found f = { .size = sizeof(uint32_t) };
	int err = nl_dump(nl, RTM_GETRULE, sizeof(struct fib_rule_hdr), AF_UNSPEC, on_any_rule, &f);
	bool some = err || f.n;

	free(f.v);
	return some;
}

int nl_next_hop(struct nl *nl, const struct ipaddr *dst, uint32_t mark, struct nl_hop *ret)
{
	struct way w = { .af = nl_family(dst) };
	struct nl_hop hop = { 0 };
	struct neigh n = { .hop = &hop };
	const struct ipaddr *who;
	int err = way_to(nl, dst, mark, &w);

	if (err)
		return err;
	who = w.gateway.family ? &w.gateway : dst;
	hop.ifindex = w.ifindex;
	hop.via = *who;
	err = nl_talk(nl, about(nl, RTM_GETNEIGH, 0, 0, &w, who), on_neigh, &n);
	if (err && err != -ENOENT)
		return err;
	/* As a packet by the stack would: that somebody sends to it is noted, so that it is asked in time whether it is
	 * there still. What somebody has set for good is left alone; being "used" it would become an entry like any
	 * other. */
	if (!(n.state & (NUD_PERMANENT | NUD_NOARP)))
		(void)nl_talk(nl, about(nl, RTM_NEWNEIGH, NLM_F_CREATE, NTF_USE, &w, who), NULL, NULL);
	*ret = hop;
	return 0;
}
