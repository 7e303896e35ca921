/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink against the kernel, in a network namespace of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "host/ipv6.h"
#include "host/netlink.h"
#include "host/nft.h"
#include "host/os.h"
#include "host/sockets.h"
#include "host/tun.h"
#include "netns.h"

static struct nl *nl;
static uint32_t tun_index;
static int tun = -1;

static int set_up(void **state)
{
	(void)state;
	if (!own_netns() || !loopback_up())
		return 0;
	if (nl_open(&nl))
		return -1;
	tun = tun_open("tun0", false, &tun_index, &(struct tun_how){ 0 });
	struct ipaddr a = ipaddr_v4(0x0A000001);
	if (tun < 0 || nl_link_set(nl, tun_index, true, 1400) || nl_addr_add(nl, tun_index, &a, 24))
		return -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (tun >= 0)
		tun_remove(tun);
	nl_close(nl);
	return 0;
}

/* ---- what is there ---- */

struct seen {
	size_t n;
	struct nl_link link;
	struct nl_addr addr;
	struct nl_route route;
	struct nl_rule rule;
};

static void see_link(void *ctx, const struct nl_link *l)
{
	struct seen *s = ctx;

	s->n++;
	if (l->ifindex == tun_index)
		s->link = *l;
}

static void see_addr(void *ctx, const struct nl_addr *a)
{
	struct seen *s = ctx;

	if (a->ifindex == tun_index) {
		s->n++;
		s->addr = *a;
	}
}

static void see_route(void *ctx, const struct nl_route *r)
{
	struct seen *s = ctx;

	s->n++;
	s->route = *r;
}

static void see_rule(void *ctx, const struct nl_rule *r)
{
	struct seen *s = ctx;

	s->n++;
	s->rule = *r;
}

static struct seen routes(void)
{
	struct seen s = { 0 };

	assert_int_equal(nl_routes(nl, see_route, &s), 0);
	return s;
}

static void a_tun_is_listed_as_it_was_made(void **state)
{
	struct seen s = { 0 };

	NEEDS(nl);
	assert_int_equal(nl_links(nl, see_link, &s), 0);
	assert_true(s.n >= 2);
	assert_string_equal(s.link.name, "tun0");
	assert_int_equal(s.link.mtu, 1400);
	assert_true(s.link.up);
	s.n = 0;
	assert_int_equal(nl_addrs(nl, see_addr, &s), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(ipaddr_to_v4(&s.addr.addr), 0x0A000001);
	assert_int_equal(s.addr.prefix_len, 24);
}

static void an_address_may_be_added_twice_and_goes_once(void **state)
{
	struct ipaddr a = ipaddr_v4(0x0A000101);
	struct seen s = { 0 };

	NEEDS(nl);
	assert_int_equal(nl_addr_add(nl, tun_index, &a, 24), 0);
	assert_int_equal(nl_addr_add(nl, tun_index, &a, 24), 0);
	assert_int_equal(nl_addr_del(nl, tun_index, &a, 24), 0);
	assert_int_equal(nl_addr_del(nl, tun_index, &a, 24), -EADDRNOTAVAIL);
	assert_int_equal(nl_addrs(nl, see_addr, &s), 0);
	assert_int_equal(s.n, 1);
}

/* ---- routes ---- */

static struct nl_route route(uint32_t dst, uint8_t len, uint32_t metric, uint32_t gateway)
{
	struct nl_route r = { .dst = ipaddr_v4(dst), .prefix_len = len, .metric = metric };

	if (gateway)
		r.gateway = ipaddr_v4(gateway);
	else
		r.ifindex = tun_index;
	return r;
}

static void our_route_is_replaced_and_removed(void **state)
{
	struct nl_route r = route(0x0A140000, 16, 5, 0x0A000002);
	struct ipaddr dst = ipaddr_v4(0x0A140101), src;
	uint32_t ifindex = 0;

	NEEDS(nl);
	assert_int_equal(nl_route_add(nl, &r), 0);
	r.gateway = ipaddr_v4(0x0A000003);
	assert_int_equal(nl_route_add(nl, &r), 0);
	struct seen s = routes();
	assert_int_equal(s.n, 1);
	assert_int_equal(ipaddr_to_v4(&s.route.gateway), 0x0A000003);
	assert_int_equal(s.route.table, 254);
	assert_int_equal(nl_route_get(nl, &dst, &ifindex, &src), 0);
	assert_int_equal(ifindex, tun_index);
	assert_int_equal(ipaddr_to_v4(&src), 0x0A000001);
	assert_int_equal(nl_route_del(nl, &r), 0);
	assert_int_equal(routes().n, 0);
}

static void the_unreachable_twin_takes_over_when_the_route_goes(void **state)
{
	struct nl_route r = route(0x0A1E0000, 16, 5, 0), twin = r, dflt = route(0, 0, 9, 0);
	struct ipaddr dst = ipaddr_v4(0x0A1E0101), src;
	uint32_t ifindex;

	NEEDS(nl);
	dflt.dst = (struct ipaddr){ 0 };
	twin.metric = 4278198272u;
	twin.unreachable = true;
	assert_int_equal(nl_route_add(nl, &dflt), 0);
	assert_int_equal(nl_route_add(nl, &twin), 0);
	assert_int_equal(nl_route_add(nl, &r), 0);
	assert_int_equal(nl_route_get(nl, &dst, &ifindex, &src), 0);
	assert_int_equal(nl_route_del(nl, &r), 0);
	assert_int_not_equal(nl_route_get(nl, &dst, &ifindex, &src), 0);
	assert_int_equal(nl_route_del(nl, &twin), 0);
	assert_int_equal(nl_route_get(nl, &dst, &ifindex, &src), 0);
	assert_int_equal(nl_route_del(nl, &dflt), 0);
}

static void a_foreign_route_is_neither_replaced_nor_removed(void **state)
{
	struct nl_route ours = route(0x0A280000, 16, 7, 0x0A000002);

	NEEDS(nl);
	assert_int_equal(system("ip route add 10.40.0.0/16 via 10.0.0.9 metric 7 proto static"), 0);
	assert_int_equal(nl_route_add(nl, &ours), -EEXIST);
	assert_int_equal(nl_route_del(nl, &ours), -ESRCH);
	ours.gateway = ipaddr_v4(0x0A000009); /* just what it says already */
	assert_int_equal(nl_route_add(nl, &ours), 0);
	assert_int_equal(nl_route_del(nl, &ours), -ESRCH);
	assert_int_equal(routes().n, 0);
	assert_int_equal(system("ip route show 10.40.0.0/16 | grep -q 'via 10.0.0.9.*static'"), 0);
	assert_int_equal(system("ip route del 10.40.0.0/16"), 0);
}

static void doing_it_again_makes_no_noise(void **state)
{
	struct nl_route r = route(0x0A320000, 16, 5, 0);
	struct ipaddr a = ipaddr_v4(0x0A000001);
	int fd;

	NEEDS(nl);
	assert_int_equal(nl_route_add(nl, &r), 0);
	fd = nl_events_open();
	assert_true(fd >= 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	assert_int_equal(nl_route_add(nl, &r), 0);
	assert_int_equal(nl_addr_add(nl, tun_index, &a, 24), 0);
	assert_int_equal(nl_link_set(nl, tun_index, true, 1400), 0);
	assert_int_equal(poll(&p, 1, 50), 0); /* or control would never come to rest */
	assert_int_equal(nl_route_del(nl, &r), 0);
	assert_int_equal(poll(&p, 1, 1000), 1);
	nl_drain(fd);
	assert_int_equal(poll(&p, 1, 0), 0);
	close(fd);
}

static void a_thousand_routes_are_listed(void **state)
{
	NEEDS(nl);
	for (uint32_t i = 0; i < 1000; i++) {
		struct nl_route r = route(0x0B000000 + (i << 8), 24, 5, 0);
		assert_int_equal(nl_route_add(nl, &r), 0);
	}
	assert_int_equal(routes().n, 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		struct nl_route r = route(0x0B000000 + (i << 8), 24, 5, 0);
		assert_int_equal(nl_route_del(nl, &r), 0);
	}
	assert_int_equal(routes().n, 0);
}

static void only_our_rules_are_listed(void **state)
{
	const struct nl_rule rule = { IP_V4, 0x43560100, 17000, 17000 };
	struct seen s = { 0 };

	NEEDS(nl);
	assert_int_equal(system("ip rule add fwmark 9 lookup 99 pref 9000"), 0);
	assert_int_equal(nl_rule_add(nl, &rule), 0);
	assert_int_equal(nl_rule_add(nl, &rule), 0);
	assert_int_equal(nl_rules(nl, see_rule, &s), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.rule.mark, 0x43560100);
	assert_int_equal(s.rule.table, 17000);
	assert_int_equal(s.rule.pref, 17000);
	assert_int_equal(nl_rule_del(nl, &rule), 0);
	assert_int_equal(system("ip rule del fwmark 9 lookup 99 pref 9000"), 0);
}

/* ---- IPv6 ---- */

/* 2001:db8::N */
static struct ipaddr v6(uint8_t n)
{
	return (struct ipaddr){ IP_V6, { 0x20, 1, 0x0d, 0xb8, [15] = n } };
}

static struct seen addrs6(void)
{
	struct seen s = { 0 };

	assert_int_equal(nl_addrs6(nl, see_addr, &s), 0);
	return s;
}

/* The kernel looks for duplicates a moment after it has said yes, even where there can be none. */
static void add_v6(const struct ipaddr *a)
{
	unsigned tries = 0;

	assert_int_equal(nl_addr_add(nl, tun_index, a, 64), 0);
	while (addrs6().addr.tentative && tries++ < 300)
		usleep(10000);
	assert_false(addrs6().addr.tentative || addrs6().addr.duplicate);
}

static void addresses_of_ipv6_have_a_list_of_their_own(void **state)
{
	struct ipaddr a = v6(1);
	struct seen s;

	NEEDS(nl);
	assert_int_equal(system("sysctl -qw net.ipv6.conf.tun0.addr_gen_mode=1"), 0);
	assert_int_equal(system("ip -6 addr flush dev tun0"), 0);
	add_v6(&a);
	assert_int_equal(nl_addr_add(nl, tun_index, &a, 64), 0); /* there already */
	s = addrs6();
	assert_int_equal(s.n, 1);
	assert_true(ipaddr_equal(&s.addr.addr, &a));
	assert_int_equal(s.addr.prefix_len, 64);
	s.n = 0;
	assert_int_equal(nl_addrs(nl, see_addr, &s), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.addr.addr.family, IP_V4);
	assert_int_equal(nl_addr_del(nl, tun_index, &a, 64), 0);
	assert_int_equal(addrs6().n, 0);
}

/* The order of removal is what would open a gap: metric 0 may not mean any. */
static void an_ipv6_route_and_its_unreachable_twin_go_one_by_one(void **state)
{
	struct nl_route twin = { .dst = v6(0), .prefix_len = 0, .table = 17000, .metric = UINT32_MAX,
				 .unreachable = true };
	struct nl_route way = { .dst = v6(0), .prefix_len = 0, .table = 17000, .ifindex = tun_index };
	struct seen s;

	NEEDS(nl);
	memset(twin.dst.b, 0, 16);
	way.dst = twin.dst;
	assert_int_equal(nl_route_add(nl, &twin), 0);
	assert_int_equal(nl_route_add(nl, &way), 0);
	assert_int_equal(nl_route_add(nl, &way), 0); /* ours, and equal */
	assert_int_equal(routes().n, 2);
	assert_int_equal(system("ip -6 route show table 17000 | grep -q 'default dev tun0 proto 67'"), 0);
	assert_int_equal(nl_route_del(nl, &way), 0);
	s = routes();
	assert_int_equal(s.n, 1);
	assert_true(s.route.unreachable);
	assert_int_equal(s.route.metric, UINT32_MAX);
	assert_int_equal(s.route.dst.family, IP_V6);
	assert_int_equal(nl_route_del(nl, &twin), 0);
	assert_int_equal(routes().n, 0);
}

static void a_foreign_ipv6_route_stays_as_it_is(void **state)
{
	struct ipaddr net = v6(0), a = v6(1);
	struct nl_route r = { .dst = net, .prefix_len = 48, .metric = 7, .ifindex = tun_index };
	struct ipaddr far = v6(9), src;
	uint32_t out = 0;

	NEEDS(nl);
	r.dst.b[5] = 0x77; /* 2001:db8:77::/48 */
	far.b[5] = 0x77;
	add_v6(&a);
	assert_int_equal(system("ip -6 route add 2001:db8:77::/48 dev lo metric 7 proto 4"), 0);
	assert_int_equal(nl_route_add(nl, &r), -EEXIST);
	assert_int_equal(routes().n, 0);
	assert_int_equal(system("ip -6 route del 2001:db8:77::/48 metric 7"), 0);
	assert_int_equal(nl_route_get(nl, &far, &out, &src), -ENETUNREACH);
	assert_int_equal(nl_route_add(nl, &r), 0);
	assert_int_equal(nl_route_get(nl, &far, &out, &src), 0);
	assert_int_equal(out, tun_index);
	assert_true(ipaddr_equal(&src, &a));
	assert_int_equal(nl_path_mtu(nl, &far, &out), 0);
	assert_int_equal(nl_route_del(nl, &r), 0);
	assert_int_equal(system("ip -6 route add 2001:db8:77::/48 dev tun0 mtu 1300"), 0);
	assert_int_equal(nl_path_mtu(nl, &far, &out), 1300);
	assert_int_equal(system("ip -6 route del 2001:db8:77::/48"), 0);
	assert_int_equal(nl_addr_del(nl, tun_index, &a, 64), 0);
}

/* Who watches routes and puts his own in force again would otherwise wake himself for ever. */
static void an_ipv6_route_that_is_there_is_no_news(void **state)
{
	struct ipaddr a = v6(1);
	struct nl_route v[] = {
		{ .dst = v6(0), .prefix_len = 48, .metric = 5, .ifindex = tun_index },
		{ .dst = v6(0), .prefix_len = 48, .metric = 6, .unreachable = true },
		{ .dst = v6(0), .prefix_len = 48, .metric = 7, .gateway = v6(2) },
	};
	struct pollfd p = { .fd = nl_events_open(), .events = POLLIN };

	NEEDS(nl);
	add_v6(&a);
	for (size_t i = 0; i < 3; i++) {
		v[i].dst.b[5] = 0x79;
		assert_int_equal(nl_route_add(nl, &v[i]), 0);
	}
	assert_int_equal(routes().n, 3);
	usleep(100000);
	nl_drain(p.fd);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(nl_route_add(nl, &v[i]), 0);
	assert_int_equal(poll(&p, 1, 50), 0);
	/* but another way is */
	v[2].gateway.b[15] = 3;
	assert_int_equal(nl_route_add(nl, &v[2]), 0);
	assert_int_equal(poll(&p, 1, 2000), 1);
	assert_int_equal(routes().n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(nl_route_del(nl, &v[i]), 0);
	assert_int_equal(nl_addr_del(nl, tun_index, &a, 64), 0);
	close(p.fd);
}

static void rules_of_both_families_are_told_apart(void **state)
{
	const struct nl_rule four = { IP_V4, 0x43560101, 17001, 17001 },
			     six = { IP_V6, 0x43560101, 17001, 17001 };
	struct seen s = { 0 };

	NEEDS(nl);
	assert_int_equal(nl_rule_add(nl, &six), 0);
	assert_int_equal(nl_rule_add(nl, &six), 0);
	assert_int_equal(nl_rules(nl, see_rule, &s), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.rule.family, IP_V6);
	assert_int_equal(s.rule.mark, six.mark);
	assert_int_equal(s.rule.table, six.table);
	assert_int_equal(s.rule.pref, six.pref);
	assert_int_equal(nl_rule_add(nl, &four), 0);
	assert_int_equal(nl_rule_del(nl, &six), 0);
	s.n = 0;
	assert_int_equal(nl_rules(nl, see_rule, &s), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.rule.family, IP_V4);
	assert_int_equal(nl_rule_del(nl, &four), 0);
}

static void changes_of_ipv6_wake_who_watches(void **state)
{
	struct pollfd p = { .fd = nl_events_open(), .events = POLLIN };
	struct ipaddr a = v6(3);

	NEEDS(nl);
	nl_drain(p.fd);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(nl_addr_add(nl, tun_index, &a, 128), 0);
	assert_int_equal(poll(&p, 1, 2000), 1);
	nl_drain(p.fd);
	assert_int_equal(nl_addr_del(nl, tun_index, &a, 128), 0);
	assert_int_equal(poll(&p, 1, 2000), 1);
	close(p.fd);
}

/* A setting of tun0. */
static bool setting_is(const char *key, const char *value)
{
	char path[96], old[16] = "";

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/tun0/%s", key);
	return !host_sysctl(path, NULL, old) && !strcmp(old, value);
}

static void a_device_is_told_what_its_role_needs(void **state)
{
	struct ipaddr a = v6(5);
	unsigned tries = 0;

	NEEDS(nl);
	ipv6_restore(); /* of other tests */
	assert_int_equal(system("sysctl -qw net.ipv6.conf.tun0.addr_gen_mode=1"), 0);
	assert_true(ipv6_there());
	assert_int_equal(ipv6_device("tun0", IPV6_OFF), 0);
	assert_true(setting_is("disable_ipv6", "1"));
	assert_int_equal(addrs6().n, 0);
	/* steering: packets, but no address */
	assert_int_equal(ipv6_device("tun0", IPV6_STEER), 0);
	assert_true(setting_is("disable_ipv6", "0") && setting_is("accept_ra", "0"));
	usleep(50000);
	assert_int_equal(addrs6().n, 0);
	/* a router's: a link-local one comes by itself, and what is given stays while the device is down */
	assert_int_equal(ipv6_device("tun0", IPV6_ROUTER), 0);
	while (!addrs6().n && tries++ < 300)
		usleep(10000);
	struct seen s = addrs6();
	assert_true(ipaddr_is_link_local(&s.addr.addr));
	add_v6(&a);
	assert_int_equal(nl_link_set(nl, tun_index, false, 0), 0);
	s = addrs6();
	assert_true(ipaddr_equal(&s.addr.addr, &a));
	assert_int_equal(nl_link_set(nl, tun_index, true, 0), 0);
	/* another way of making one is somebody's choice */
	assert_int_equal(system("sysctl -qw net.ipv6.conf.tun0.addr_gen_mode=3"), 0);
	assert_int_equal(ipv6_device("tun0", IPV6_ROUTER), 0);
	assert_true(setting_is("addr_gen_mode", "3"));
	assert_int_equal(system("sysctl -qw net.ipv6.conf.tun0.addr_gen_mode=1"), 0);
	assert_int_equal(ipv6_device("tun0", IPV6_TUNNEL), 0);
	assert_true(setting_is("addr_gen_mode", "1"));
	assert_int_equal(ipv6_device("no-such-device", IPV6_ROUTER), -ENOENT);
	/* and told what it was before */
	assert_true(setting_is("accept_ra", "0") && setting_is("keep_addr_on_down", "1"));
	ipv6_restore();
	assert_true(setting_is("accept_ra", "1") && setting_is("keep_addr_on_down", "0") &&
		    setting_is("disable_ipv6", "0") && setting_is("addr_gen_mode", "1"));
	/* but IPv6 is not switched off over somebody's address */
	for (int theirs = 1; theirs >= 0; theirs--) {
		assert_int_equal(system("sysctl -qw net.ipv6.conf.tun0.disable_ipv6=1"), 0);
		assert_int_equal(ipv6_device("tun0", IPV6_ROUTER), 0);
		if (theirs)
			add_v6(&a);
		ipv6_restore();
		assert_true(setting_is("disable_ipv6", theirs ? "0" : "1"));
	}
	assert_int_equal(system("sysctl -qw net.ipv6.conf.tun0.disable_ipv6=0"), 0);
}

/* `tunnel0` without its line protocol: the default route must not get what was the tunnel's. */
static void a_tunnels_ipv6_routes_go_with_its_carrier_and_the_twin_holds(void **state)
{
	struct nl_route all = { .dst = { .family = IP_V6 }, .metric = 1 };
	struct nl_route way = { .dst = v6(0), .prefix_len = 48, .metric = 1, .ifindex = tun_index };
	struct nl_route twin = { .dst = v6(0), .prefix_len = 48, .metric = 4278198272u, .unreachable = true };
	struct ipaddr far = v6(9), src, lo_addr = v6(7);
	uint32_t out = 0, lo = if_nametoindex("lo");
	int err = 0;

	NEEDS(nl);
	far.b[5] = way.dst.b[5] = twin.dst.b[5] = 0x78;
	assert_int_equal(nl_addr_add(nl, lo, &lo_addr, 128), 0); /* a source */
	assert_int_equal(ipv6_device("tun0", IPV6_TUNNEL), 0);
	all.ifindex = lo;
	assert_int_equal(nl_route_add(nl, &all), 0);
	assert_int_equal(nl_route_add(nl, &way), 0);
	assert_int_equal(nl_route_add(nl, &twin), 0);
	assert_int_equal(nl_route_get(nl, &far, &out, &src), 0);
	assert_int_equal(out, tun_index);
	assert_int_equal(nl_link_carrier(nl, tun_index, false), 0);
	for (unsigned tries = 0; !err && tries < 300; tries++) {
		err = nl_route_get(nl, &far, &out, &src);
		assert_true(err || out == tun_index); /* never by the default route */
		usleep(10000);
	}
	assert_true(err < 0);
	assert_int_equal(nl_link_carrier(nl, tun_index, true), 0);
	assert_int_equal(nl_link_set(nl, tun_index, false, 0), 0);
	assert_true(nl_route_get(nl, &far, &out, &src) < 0);
	assert_int_equal(nl_route_del(nl, &twin), 0);
	assert_int_equal(nl_route_get(nl, &far, &out, &src), 0); /* the proof that it would have gone */
	assert_int_equal(out, lo);
	assert_int_equal(nl_route_del(nl, &all), 0);
	assert_int_equal(nl_link_set(nl, tun_index, true, 0), 0);
	assert_int_equal(nl_addr_del(nl, lo, &lo_addr, 128), 0);
}

/* ---- nftables ---- */

static void nft_says_why_it_refuses_and_counts_its_transactions(void **state)
{
	struct txt why = TXT_INIT;
	uint64_t packets = 0, bytes = 0;
	uint32_t before = 0, after = 0;
	int fd;

	NEEDS(nl);
	fd = nft_events_open();
	assert_true(fd >= 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	assert_int_equal(nft_generation(&before), 0);
	int err = nft_load("table ip t {\n\tcounter c { packets 5 bytes 77 }\n}\n", &why);
	if (err == -ENOENT)
		skip(); /* no nft here */
	assert_int_equal(err, 0);
	assert_int_equal(nft_generation(&after), 0);
	assert_int_equal(after, before + 1);
	assert_int_equal(poll(&p, 1, 1000), 1);
	assert_int_equal(nft_counter(IP_V4, "t", "c", &packets, &bytes), 0);
	assert_int_equal(packets, 5);
	assert_int_equal(bytes, 77);
	assert_int_equal(nft_counter(IP_V4, "t", "d", &packets, &bytes), -ENOENT);
	assert_int_equal(nft_load("delete table ip t\nnonsense\n", &why), -EINVAL);
	assert_non_null(strstr(txt_cstr(&why), "nonsense"));
	assert_int_equal(nft_counter(IP_V4, "t", "c", &packets, &bytes), 0); /* all or nothing */
	assert_int_equal(nft_load("delete table ip t\n", &why), 0);
	txt_fini(&why);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tun_is_listed_as_it_was_made),
		cmocka_unit_test(an_address_may_be_added_twice_and_goes_once),
		cmocka_unit_test(our_route_is_replaced_and_removed),
		cmocka_unit_test(the_unreachable_twin_takes_over_when_the_route_goes),
		cmocka_unit_test(a_foreign_route_is_neither_replaced_nor_removed),
		cmocka_unit_test(doing_it_again_makes_no_noise),
		cmocka_unit_test(a_thousand_routes_are_listed),
		cmocka_unit_test(only_our_rules_are_listed),
		cmocka_unit_test(addresses_of_ipv6_have_a_list_of_their_own),
		cmocka_unit_test(an_ipv6_route_and_its_unreachable_twin_go_one_by_one),
		cmocka_unit_test(a_foreign_ipv6_route_stays_as_it_is),
		cmocka_unit_test(an_ipv6_route_that_is_there_is_no_news),
		cmocka_unit_test(rules_of_both_families_are_told_apart),
		cmocka_unit_test(changes_of_ipv6_wake_who_watches),
		cmocka_unit_test(a_device_is_told_what_its_role_needs),
		cmocka_unit_test(a_tunnels_ipv6_routes_go_with_its_carrier_and_the_twin_holds),
		cmocka_unit_test(nft_says_why_it_refuses_and_counts_its_transactions),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
