/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink by libmnl: what control needs of links, addresses, routes and rules.
 * Everything that we add carries RTPROT_CULVERT, so that it is recognised and
 * nothing foreign is ever removed. All calls are synchronous; 0 or -errno. The
 * family of an address or of a route is that of the addresses in it. */
#ifndef HOST_NETLINK_H
#define HOST_NETLINK_H

#include "base/ipaddr.h"

#define RTPROT_CULVERT 67

struct nl;

int nl_open(struct nl **ret);
void nl_close(struct nl *nl);
/* A socket that becomes readable when links, addresses or routes change; drain it
 * with nl_drain(). */
int nl_events_open(void);
void nl_drain(int fd);

struct nl_link {
	uint32_t ifindex, mtu;
	char name[16];
	bool up, running; /* running follows the carrier after a while */
	bool carrier;
	uint8_t mac[6];
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes, rx_errors, tx_errors;
};
struct nl_addr {
	uint32_t ifindex;
	struct ipaddr addr;
	uint8_t prefix_len;
	/* IPv6: not usable yet, or another host has it (RFC 4862 section 5.4) */
	bool tentative, duplicate;
};
/* Each of the lists below calls each() for every entry of one consistent view. */
int nl_links(struct nl *nl, void (*each)(void *ctx, const struct nl_link *l), void *ctx);
int nl_addrs(struct nl *nl, void (*each)(void *ctx, const struct nl_addr *a), void *ctx); /* IPv4 */
int nl_addrs6(struct nl *nl, void (*each)(void *ctx, const struct nl_addr *a), void *ctx);

int nl_link_set(struct nl *nl, uint32_t ifindex, bool up, uint32_t mtu); /* mtu 0: as it is */
/* Of a TUN that is open: without carrier nothing is sent by it. */
int nl_link_carrier(struct nl *nl, uint32_t ifindex, bool on);
int nl_link_del(struct nl *nl, uint32_t ifindex);
int nl_addr_add(struct nl *nl, uint32_t ifindex, const struct ipaddr *a, uint8_t prefix_len);
/* The same with host scope: never chosen as a source towards others. */
int nl_addr_add_host(struct nl *nl, uint32_t ifindex, const struct ipaddr *a);
int nl_addr_del(struct nl *nl, uint32_t ifindex, const struct ipaddr *a, uint8_t prefix_len);

struct nl_route {
	struct ipaddr dst; /* IP_NONE: IPv4's default; IPv6's is :: with a prefix_len of 0 */
	uint8_t prefix_len;
	uint32_t table;	   /* 0: main */
	uint32_t metric;
	uint32_t ifindex;  /* 0: by gateway only */
	struct ipaddr gateway; /* IP_NONE: none */
	bool unreachable;
};
/* Replaces ours of the same destination and metric. A foreign one stays as it is:
 * 0 if it says the same, -EEXIST otherwise. */
int nl_route_add(struct nl *nl, const struct nl_route *r);
int nl_route_del(struct nl *nl, const struct nl_route *r); /* ours only */
/* Those that carry RTPROT_CULVERT, of any table and both families. */
int nl_routes(struct nl *nl, void (*each)(void *ctx, const struct nl_route *r), void *ctx);
/* Where a packet to dst would leave, by the main rules. -ENETUNREACH if nowhere. */
int nl_route_get(struct nl *nl, const struct ipaddr *dst, uint32_t *ret_ifindex,
		 struct ipaddr *ret_src);
/* The `mtu` of the route to dst, and its device; 0: it has none but that of the device. What
 * the kernel has learned is not asked: whoever sends it an ICMP error can make it believe
 * anything. */
uint32_t nl_path_mtu(struct nl *nl, const struct ipaddr *dst, uint32_t *ret_ifindex);
/* Who is next on the way to dst for packets with that mark, and by which device. known: the kernel has
 * a hardware address, and goes on making sure of it as if it had sent a packet. -ENETUNREACH where the way is
 * no plain one. */
struct nl_hop {
	uint32_t ifindex;
	struct ipaddr via; /* the neighbour: a gateway, or dst itself */
	bool known;
	uint8_t mac[6];
};
int nl_next_hop(struct nl *nl, const struct ipaddr *dst, uint32_t mark, struct nl_hop *ret);
/* Neighbours of IPv4 that the kernel asks for or has asked; none that need not be asked. */
struct nl_neigh {
	uint32_t ifindex;
	struct ipaddr addr;
	bool has_mac, permanent;
	uint8_t mac[6];
	uint32_t age_sec; /* since it was last heard of */
};
int nl_neighs(struct nl *nl, void (*each)(void *ctx, const struct nl_neigh *n), void *ctx);
/* Removes that entry, so that the neighbour is asked anew. 0 or -errno; one that is not there is no error. */
int nl_neigh_forget(struct nl *nl, uint32_t ifindex, const struct ipaddr *addr);
/* Somebody's rules may send a packet elsewhere for more than its destination: by its source, its device. True as well if
 * it is not known. */
bool nl_foreign_rules(struct nl *nl);

/* What stands at ingress of that device for filters of tc: 1, and its kind, `ingress` or `clsact`; 0: nothing does; or
 * -errno. */
int nl_ingress_qdisc(struct nl *nl, uint32_t ifindex, char ret_kind[16]);
/* As nl_events_open(), of all that tc changes. */
int nl_tc_events_open(void);

struct nl_rule {
	uint8_t family; /* enum ip_family */
	uint32_t mark, table, pref;
};
/* `fwmark MARK lookup TABLE pref PREF`. -EEXIST counts as done. */
int nl_rule_add(struct nl *nl, const struct nl_rule *r);
int nl_rule_del(struct nl *nl, const struct nl_rule *r);
/* Those that carry RTPROT_CULVERT, of both families. */
int nl_rules(struct nl *nl, void (*each)(void *ctx, const struct nl_rule *r), void *ctx);

#endif
