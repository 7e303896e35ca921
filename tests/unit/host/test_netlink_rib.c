/* SPDX-License-Identifier: Apache-2.0 */
/* Routes out of netlink's bytes: who put them there, their hops, and nothing out of lengths that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host/netlink_nexthop.h"
#include "host/netlink_rib.h"

struct seen {
	struct nl_rib_route v[8];
	size_t n, more;
};

static void see(void *ctx, const struct nl_rib_route *r)
{
	struct seen *s = ctx;

	/* whatever the bytes say */
	assert_true(r->dst.family == IP_V4 || r->dst.family == IP_V6);
	assert_true(r->prefix_len <= (r->dst.family == IP_V6 ? 128 : 32));
	if (s->n < 8)
		s->v[s->n++] = *r;
	else
		s->more++;
}

static union {
	struct nlmsghdr h;
	char b[4096];
} msg;

static const uint8_t net10[] = { 10, 2, 0, 0 }, gw[] = { 172, 16, 0, 2 }, gw2[] = { 172, 16, 0, 6 };
static const uint8_t net6[16] = { 0x20, 1, 0xd, 0xb8 }, gw6[16] = { 0xfe, 0x80, [15] = 2 };

/* A message at the beginning of msg, without attributes yet. */
static struct rtmsg *begin(uint8_t af, uint8_t len, uint8_t protocol, uint8_t type)
{
	memset(&msg, 0, sizeof(msg));
	struct nlmsghdr *h = mnl_nlmsg_put_header(&msg);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	h->nlmsg_type = RTM_NEWROUTE;
	*m = (struct rtmsg){ .rtm_family = af, .rtm_dst_len = len, .rtm_protocol = protocol, .rtm_type = type,
			     .rtm_table = RT_TABLE_MAIN };
	return m;
}

static struct seen read_it(void)
{
	struct seen s = { .n = 0 };

	assert_int_equal(nl_rib_read(&msg, msg.h.nlmsg_len, see, &s), 1);
	return s;
}

static void ospf_route(void)
{
	begin(AF_INET, 16, 188, RTN_UNICAST);
	mnl_attr_put(&msg.h, RTA_DST, 4, net10);
	mnl_attr_put_u32(&msg.h, RTA_PRIORITY, 20);
	mnl_attr_put(&msg.h, RTA_GATEWAY, 4, gw);
	mnl_attr_put_u32(&msg.h, RTA_OIF, 7);
}

static void two_hops(void)
{
	struct rtnexthop *h;

	begin(AF_INET, 16, 186, RTN_UNICAST);
	mnl_attr_put(&msg.h, RTA_DST, 4, net10);
	struct nlattr *all = mnl_attr_nest_start(&msg.h, RTA_MULTIPATH);

	for (int i = 0; i < 3; i++) {
		h = mnl_nlmsg_put_extra_header(&msg.h, sizeof(*h));
		h->rtnh_ifindex = 7 + i;
		h->rtnh_flags = i == 2 ? RTNH_F_DEAD : 0;
		mnl_attr_put(&msg.h, RTA_GATEWAY, 4, i ? gw2 : gw);
		h->rtnh_len = (uint16_t)((char *)mnl_nlmsg_get_payload_tail(&msg.h) - (char *)h);
	}
	mnl_attr_nest_end(&msg.h, all);
}

static void a_route_says_who_put_it_there(void **state)
{
	(void)state;
	ospf_route();
	struct seen s = read_it();

	assert_int_equal(s.n, 1);
	assert_int_equal(s.v[0].protocol, 188);
	assert_int_equal(s.v[0].prefix_len, 16);
	assert_int_equal(s.v[0].metric, 20);
	assert_int_equal(s.v[0].ifindex, 7);
	assert_int_equal(ipaddr_to_v4(&s.v[0].dst), 0x0A020000);
	assert_int_equal(ipaddr_to_v4(&s.v[0].gateway), 0xAC100002);
	begin(AF_INET6, 0, 9, RTN_UNICAST);
	mnl_attr_put(&msg.h, RTA_GATEWAY, 16, gw6);
	s = read_it();
	assert_int_equal(s.n, 1);
	assert_int_equal(s.v[0].dst.family, IP_V6);
	assert_memory_equal(s.v[0].gateway.b, gw6, 16);
}

static void every_hop_is_one(void **state)
{
	(void)state;
	two_hops();
	struct seen s = read_it();

	assert_int_equal(s.n, 2); /* that of a dead device is none */
	assert_int_equal(ipaddr_to_v4(&s.v[0].gateway), 0xAC100002);
	assert_int_equal(s.v[0].ifindex, 7);
	assert_int_equal(ipaddr_to_v4(&s.v[1].gateway), 0xAC100006);
	assert_int_equal(s.v[1].ifindex, 8);
}

static void a_gateway_may_be_of_the_other_family(void **state)
{
	uint8_t via[18];
	uint16_t af = AF_INET6;

	(void)state;
	memcpy(via, &af, 2);
	memcpy(via + 2, gw6, 16);
	begin(AF_INET, 16, 186, RTN_UNICAST);
	mnl_attr_put(&msg.h, RTA_DST, 4, net10);
	mnl_attr_put(&msg.h, RTA_VIA, 18, via);
	struct seen s = read_it();
	assert_int_equal(s.n, 1);
	assert_int_equal(s.v[0].gateway.family, IP_V6);
	begin(AF_INET, 16, 186, RTN_UNICAST);
	mnl_attr_put(&msg.h, RTA_DST, 4, net10);
	mnl_attr_put(&msg.h, RTA_VIA, 6, via); /* four bytes of sixteen */
	s = read_it();
	assert_int_equal(s.n, 1);
	assert_int_equal(s.v[0].gateway.family, IP_NONE);
}

static void a_nexthop_object_is_asked_for_only_where_hops_are_not_said(void **state)
{
	(void)state;
	ospf_route();
	mnl_attr_put_u32(&msg.h, RTA_NH_ID, 5);
	assert_int_equal(read_it().v[0].nexthop, 0);
	two_hops();
	mnl_attr_put_u32(&msg.h, RTA_NH_ID, 5);
	assert_int_equal(read_it().v[0].nexthop, 0);
	begin(AF_INET, 0, 186, RTN_BLACKHOLE);
	mnl_attr_put_u32(&msg.h, RTA_NH_ID, 5);
	assert_int_equal(read_it().v[0].nexthop, 0);
	begin(AF_INET, 0, 186, RTN_UNICAST);
	mnl_attr_put_u32(&msg.h, RTA_NH_ID, 5);
	assert_int_equal(read_it().v[0].nexthop, 5);
}

static void begin_nexthop(uint8_t family, uint32_t flags)
{
	memset(&msg, 0, sizeof(msg));
	struct nlmsghdr *h = mnl_nlmsg_put_header(&msg);
	struct nhmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	h->nlmsg_type = RTM_NEWNEXTHOP;
	m->nh_family = family;
	m->nh_flags = flags;
}

static void a_hop_object(void)
{
	begin_nexthop(AF_INET6, 0);
	mnl_attr_put_u32(&msg.h, NHA_ID, 5);
	mnl_attr_put_u32(&msg.h, NHA_OIF, 7);
	mnl_attr_put(&msg.h, NHA_GATEWAY, 16, gw6);
}

static void a_group(unsigned members)
{
	struct nexthop_grp g[NL_NEXTHOP_HOPS + 8] = { { .id = 5 }, { .id = 6 } };

	assert_in_range(members, 0, NL_NEXTHOP_HOPS + 8);
	begin_nexthop(AF_UNSPEC, 0);
	mnl_attr_put(&msg.h, NHA_GROUP, members * sizeof(g[0]), g);
}

static void a_nexthop_object_is_a_hop_or_a_group(void **state)
{
	struct nl_nexthop x;

	(void)state;
	a_hop_object();
	assert_int_equal(nl_nexthop_read(&msg, msg.h.nlmsg_len, &x), 0);
	assert_true(x.is_hop);
	assert_int_equal(x.hop.ifindex, 7);
	assert_int_equal(x.hop.gateway.family, IP_V6);
	assert_memory_equal(x.hop.gateway.b, gw6, 16);
	begin_nexthop(AF_INET, RTNH_F_DEAD);
	assert_int_equal(nl_nexthop_read(&msg, msg.h.nlmsg_len, &x), 0);
	assert_false(x.is_hop);
	a_group(2);
	assert_int_equal(nl_nexthop_read(&msg, msg.h.nlmsg_len, &x), 0);
	assert_false(x.is_hop);
	assert_int_equal(x.n_members, 2);
	assert_int_equal(x.members[0], 5);
	assert_int_equal(x.members[1], 6);
	a_group(NL_NEXTHOP_HOPS + 8);
	assert_int_equal(nl_nexthop_read(&msg, msg.h.nlmsg_len, &x), 0);
	assert_int_equal(x.n_members, NL_NEXTHOP_HOPS);
	msg.h.nlmsg_type = NLMSG_ERROR;
	assert_int_equal(nl_nexthop_read(&msg, msg.h.nlmsg_len, &x), -ENOENT);
}

static void two_members(void)
{
	a_group(2);
}

static void what_drops_has_no_way(void **state)
{
	static const uint8_t types[] = { RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT };

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		begin(AF_INET6, 32, 4, types[i]);
		mnl_attr_put(&msg.h, RTA_DST, 16, net6);
		mnl_attr_put_u32(&msg.h, RTA_OIF, 1);
		struct seen s = read_it();
		assert_int_equal(s.n, 1);
		assert_true(s.v[0].blackhole);
		assert_int_equal(s.v[0].ifindex, 0);
	}
}

static void others_are_passed_over(void **state)
{
	(void)state;
	ospf_route();
	mnl_attr_put_u32(&msg.h, RTA_TABLE, 220);
	assert_int_equal(read_it().n, 0);
	begin(AF_INET, 16, 188, RTN_UNICAST); /* without a destination */
	assert_int_equal(read_it().n, 0);
	begin(AF_INET, 16, 188, RTN_UNICAST);
	mnl_attr_put(&msg.h, RTA_DST, 3, net10);
	assert_int_equal(read_it().n, 0);
	begin(AF_INET, 33, 188, RTN_UNICAST);
	mnl_attr_put(&msg.h, RTA_DST, 4, net10);
	assert_int_equal(read_it().n, 0);
	begin(AF_BRIDGE, 0, 188, RTN_UNICAST);
	assert_int_equal(read_it().n, 0);
	begin(AF_INET, 0, 2, RTN_LOCAL);
	assert_int_equal(read_it().n, 0);
	begin(AF_INET, 0, 2, RTN_UNICAST)->rtm_tos = 16;
	assert_int_equal(read_it().n, 0);
	begin(AF_INET6, 0, 2, RTN_UNICAST)->rtm_src_len = 64;
	assert_int_equal(read_it().n, 0);
}

static void an_end_and_an_error_are_told_apart(void **state)
{
	struct nlmsgerr *e;
	struct seen s = { .n = 0 };

	(void)state;
	memset(&msg, 0, sizeof(msg));
	mnl_nlmsg_put_header(&msg)->nlmsg_type = NLMSG_DONE;
	assert_int_equal(nl_rib_read(&msg, msg.h.nlmsg_len, see, &s), 0);
	int *how = mnl_nlmsg_put_extra_header(&msg.h, sizeof(*how)); /* as the kernel ends a dump */
	assert_int_equal(nl_rib_read(&msg, msg.h.nlmsg_len, see, &s), 0);
	*how = -EMSGSIZE; /* and one that it had to break off */
	assert_int_equal(nl_rib_read(&msg, msg.h.nlmsg_len, see, &s), -EMSGSIZE);
	*how = -ENOENT; /* there is no table yet */
	assert_int_equal(nl_rib_read(&msg, msg.h.nlmsg_len, see, &s), 0);
	*how = 5;
	assert_int_equal(nl_rib_read(&msg, msg.h.nlmsg_len, see, &s), -EPROTO);
	mnl_nlmsg_put_header(&msg)->nlmsg_type = NLMSG_ERROR;
	assert_int_equal(nl_rib_read(&msg, msg.h.nlmsg_len, see, &s), -EPROTO);
	e = mnl_nlmsg_put_extra_header(&msg.h, sizeof(*e));
	e->error = -EPERM;
	assert_int_equal(nl_rib_read(&msg, msg.h.nlmsg_len, see, &s), -EPERM);
	e->error = 5; /* no error of the kernel's is positive */
	assert_int_equal(nl_rib_read(&msg, msg.h.nlmsg_len, see, &s), -EPROTO);
}

/* From an exactly sized block, so that a sanitizer sees a byte too many. */
static void feed(size_t len)
{
	void *exact = malloc(len ? len : 1);
	struct seen s = { .n = 0 };
	struct nl_nexthop x;

	assert_non_null(exact);
	memcpy(exact, &msg, len);
	(void)nl_rib_read(exact, len, see, &s);
	(void)nl_nexthop_read(exact, len, &x);
	free(exact);
}

static void lengths_that_lie_reach_nothing(void **state)
{
	(void)state;
	static void (*const makers[])(void) = { ospf_route, two_hops, a_hop_object, two_members };

	for (size_t which = 0; which < sizeof(makers) / sizeof(makers[0]); which++) {
		void (*const make)(void) = makers[which];

		make();
		size_t len = msg.h.nlmsg_len;

		for (size_t cut = 0; cut <= len; cut++) {
			make();
			feed(cut); /* the header says more than there is */
			if (cut >= sizeof(struct nlmsghdr)) {
				msg.h.nlmsg_len = (uint32_t)cut; /* the attributes do */
				feed(cut);
			}
		}
		for (size_t at = 0; at < len; at++)
			for (int x = 0; x < 256; x++) {
				make();
				msg.b[at] = (char)x;
				feed(len);
			}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_says_who_put_it_there), cmocka_unit_test(every_hop_is_one),
		cmocka_unit_test(a_gateway_may_be_of_the_other_family), cmocka_unit_test(what_drops_has_no_way),
		cmocka_unit_test(a_nexthop_object_is_asked_for_only_where_hops_are_not_said),
		cmocka_unit_test(a_nexthop_object_is_a_hop_or_a_group),
		cmocka_unit_test(others_are_passed_over),	   cmocka_unit_test(an_end_and_an_error_are_told_apart),
		cmocka_unit_test(lengths_that_lie_reach_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
