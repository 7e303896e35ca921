/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder's ports over IPv6, over the loopback device of a network namespace of our own: what the
 * kernel takes apart is put together again, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>

#include "base/wr.h"
#include "host/netlink.h"
#include "host/ports.h"
#include "host/sockets.h"
#include "netns.h"

static bool allowed;
static struct pool pool;

/* 2001:db8::N, which the loopback device has for 1 to 3. */
static struct ipaddr v6(uint8_t n)
{
	return (struct ipaddr){ IP_V6, { 0x20, 1, 0x0d, 0xb8, [15] = n } };
}

static void note_tentative(void *ctx, const struct nl_addr *a)
{
	*(bool *)ctx |= a->tentative;
}

/* An address is the host's a moment after the kernel has taken it. */
static void settle(struct nl *nl)
{
	bool waits = true;

	for (unsigned tries = 0; waits && tries < 300; tries++) {
		waits = false;
		assert_int_equal(nl_addrs6(nl, note_tentative, &waits), 0);
		if (waits)
			usleep(10000);
	}
	assert_false(waits);
}

static int set_up(void **state)
{
	struct nl *nl = NULL;

	(void)state;
	allowed = own_netns() && loopback_up() && !nl_open(&nl);
	for (uint8_t i = 1; allowed && i <= 3; i++) {
		struct ipaddr a = v6(i);

		allowed = !nl_addr_add(nl, if_nametoindex("lo"), &a, 128);
	}
	if (allowed)
		settle(nl);
	nl_close(nl);
	return pool_init(&pool, 4 * BATCH_MAX);
}

static int tear_down(void **state)
{
	(void)state;
	pool_fini(&pool);
	return 0;
}

static struct port *make(enum fwd_port_kind kind, int fd)
{
	struct fwd_port desc = { .id = 1, .kind = (uint8_t)kind };
	struct port *p = NULL;

	assert_true(fd >= 0);
	assert_int_equal(host_make_port(NULL, &desc, fd, &p), 0);
	return p;
}

static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1 && (p.revents & POLLIN);
}

static void receive(struct port *p, struct batch *b, size_t want)
{
	b->n = 0;
	while (b->n < want && readable(p->fd, 2000))
		(void)p->ops->recv(p, &pool, b);
	assert_int_equal(b->n, want);
}

/* A header for what is in w behind its first 40 bytes. */
static void put_header(struct wr *w, uint32_t flow, uint8_t next, uint8_t from, uint8_t to, size_t payload)
{
	struct ipaddr src = v6(from), dst = v6(to);

	wr_be32(w, 6u << 28 | flow);
	wr_be16(w, (uint16_t)payload);
	wr_u8(w, next);
	wr_u8(w, 61);
	wr_bytes(w, src.b, 16);
	wr_bytes(w, dst.b, 16);
}

/* One extension header of `units` times eight bytes, whose options are of a kind that nobody knows and
 * everybody skips (RFC 8200 section 4.2: type 0x1e). */
static void put_options(struct wr *w, uint8_t next, uint8_t units, uint8_t fill)
{
	wr_u8(w, next);
	wr_u8(w, (uint8_t)(units - 1));
	for (size_t left = units * 8u - 2u; left;) {
		size_t n = left > 200 && left != 201 ? 200 : left;

		wr_u8(w, 0x1e);
		wr_u8(w, (uint8_t)(n - 2));
		for (size_t i = 2; i < n; i++)
			wr_u8(w, fill);
		left -= n;
	}
}

/* A routing header of an experimental type with nothing left to visit. */
static void put_routing(struct wr *w, uint8_t next)
{
	const uint8_t h[] = { next, 2, 253, 0 };

	wr_bytes(w, h, sizeof(h));
	wr_zero(w, 20);
}

struct row {
	const char *exts; /* h hop-by-hop, d destination options, r routing, H and D long ones */
	uint8_t proto;
	enum fwd_port_kind kind;
	size_t payload;
};

static uint8_t type_of(char ext)
{
	return ext == 'h' || ext == 'H' ? 0 : ext == 'r' ? 43 : 60;
}

static struct pkt *packet(const struct row *row)
{
	struct pkt *k = pkt_get(&pool);
	struct wr w = wr_of(k->data, PKT_DATA_MAX);
	uint8_t first = row->exts[0] ? type_of(row->exts[0]) : row->proto;

	put_header(&w, 0xb8u << 20 | 0x12345, first, 1, 2, 0);
	for (const char *e = row->exts; *e; e++) {
		uint8_t next = e[1] ? type_of(e[1]) : row->proto;

		if (*e == 'r')
			put_routing(&w, next);
		else
			put_options(&w, next, *e == 'H' || *e == 'D' ? 100 : 2, (uint8_t)*e);
	}
	for (size_t i = 0; i < row->payload; i++)
		wr_u8(&w, (uint8_t)i);
	wr_patch_be16(&w, 4, (uint16_t)(wr_len(&w) - 40));
	assert_false(w.bad);
	k->len = (uint32_t)wr_len(&w);
	return k;
}

static void a_packet_is_put_together_as_it_was_sent(void **state)
{
	static const struct row rows[] = {
		{ "", IPPROTO_ESP, FWD_PORT_ESP6, 100 },      { "", IPPROTO_AH, FWD_PORT_AH6, 24 },
		{ "h", IPPROTO_AH, FWD_PORT_AH6, 60 },	      { "d", IPPROTO_AH, FWD_PORT_AH6, 61 },
		{ "r", IPPROTO_AH, FWD_PORT_AH6, 62 },	      { "hdrd", IPPROTO_AH, FWD_PORT_AH6, 63 },
		{ "rd", IPPROTO_ESP, FWD_PORT_ESP6, 64 },     { "HD", IPPROTO_ESP, FWD_PORT_ESP6, 1000 },
		{ "HDrD", IPPROTO_ESP, FWD_PORT_ESP6, 1000 }, { "d", IPPROTO_GRE, FWD_PORT_GRE6, 8 },
		{ "d", IPPROTO_IPIP, FWD_PORT_IP4IN6, 20 },   { "", IPPROTO_IPV6, FWD_PORT_IP6IN6, 40 },
		{ "", IPPROTO_ESP, FWD_PORT_ESP6, 9000 },
	};

	NEEDS(allowed);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct port *p = make(rows[i].kind, raw6_open(rows[i].proto, rows[i].proto == IPPROTO_ESP));
		struct batch out = { 0 }, in;

		assert_true(batch_add(&out, packet(&rows[i])));
		assert_int_equal(p->ops->send(p, &out), 1);
		receive(p, &in, 1);
		assert_int_equal(in.p[0]->len, out.p[0]->len);
		assert_memory_equal(in.p[0]->data, out.p[0]->data, out.p[0]->len);
		assert_int_equal(in.p[0]->ifindex, if_nametoindex("lo"));
		assert_int_equal(in.p[0]->outer_tos, 0xb8);
		assert_int_equal(pkt_headroom(in.p[0]), PKT_HEADROOM);
		batch_put(&pool, &out);
		batch_put(&pool, &in);
		p->ops->close(p);
	}
}

/* A link layer socket shows what really leaves. */
static void what_is_sent_leaves_untouched(void **state)
{
	const struct row row = { "hd", IPPROTO_ESP, FWD_PORT_ESP6, 77 };
	struct batch out = { 0 };
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IPV6) };
	uint8_t seen[2048];
	struct port *p;
	int ear;

	NEEDS(allowed);
	ear = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IPV6));
	at.sll_ifindex = (int)if_nametoindex("lo");
	assert_int_equal(bind(ear, (struct sockaddr *)&at, sizeof(at)), 0);
	p = make(FWD_PORT_ESP6, raw6_open(IPPROTO_ESP, true));
	assert_true(batch_add(&out, packet(&row)));
	assert_int_equal(p->ops->send(p, &out), 1);
	assert_true(readable(ear, 2000));
	assert_int_equal(recv(ear, seen, sizeof(seen), 0), out.p[0]->len);
	assert_memory_equal(seen, out.p[0]->data, out.p[0]->len);
	batch_put(&pool, &out);
	close(ear);
	p->ops->close(p);
}

static void fragments_arrive_as_one_packet(void **state)
{
	struct batch out = { 0 }, in;
	struct port *p;
	uint8_t whole[600];

	NEEDS(allowed);
	for (size_t i = 0; i < sizeof(whole); i++)
		whole[i] = (uint8_t)(i * 7);
	p = make(FWD_PORT_ESP6, raw6_open(IPPROTO_ESP, true));
	for (size_t at = 0; at < sizeof(whole); at += 400) { /* the second is shorter */
		struct pkt *k = pkt_get(&pool);
		struct wr w = wr_of(k->data, PKT_DATA_MAX);
		size_t n = at ? sizeof(whole) - 400 : 400;

		put_header(&w, 0, 44, 1, 2, 8 + n);
		wr_u8(&w, IPPROTO_ESP);
		wr_u8(&w, 0);
		wr_be16(&w, (uint16_t)(at | !at));
		wr_be32(&w, 0x1234);
		wr_bytes(&w, whole + at, n);
		k->len = (uint32_t)wr_len(&w);
		assert_true(batch_add(&out, k));
	}
	assert_int_equal(p->ops->send(p, &out), 2);
	receive(p, &in, 1);
	assert_int_equal(in.p[0]->len, 40 + sizeof(whole));
	assert_int_equal(in.p[0]->data[6], IPPROTO_ESP);
	assert_int_equal(in.p[0]->data[4] << 8 | in.p[0]->data[5], sizeof(whole));
	assert_memory_equal(in.p[0]->data + 40, whole, sizeof(whole));
	batch_put(&pool, &out);
	batch_put(&pool, &in);
	p->ops->close(p);
}

/* More than the control messages have room for, or longer than a buffer: nothing is made up. */
static void what_was_cut_has_no_byte(void **state)
{
	static const struct row rows[] = {
		{ "hddrdd", IPPROTO_ESP, FWD_PORT_ESP6, 100 },
		{ "HD", IPPROTO_ESP, FWD_PORT_ESP6, PKT_DATA_MAX - 1640 },
	};

	NEEDS(allowed);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct port *p = make(FWD_PORT_ESP6, raw6_open(IPPROTO_ESP, true));
		struct batch out = { 0 }, in;

		assert_true(batch_add(&out, packet(&rows[i])));
		assert_int_equal(p->ops->send(p, &out), 1);
		receive(p, &in, 1);
		assert_int_equal(in.p[0]->len, i ? rows[i].payload + 1640 : 0);
		batch_put(&pool, &out);
		batch_put(&pool, &in);
		p->ops->close(p);
	}
	/* a byte more than that, by a socket with a buffer of its own */
	struct port *p = make(FWD_PORT_ESP6, raw6_open(IPPROTO_ESP, true));
	static uint8_t big[PKT_DATA_MAX + 1];
	struct wr w = wr_of(big, sizeof(big));
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	struct ipaddr dst = v6(2);
	struct batch in;

	put_header(&w, 0, IPPROTO_ESP, 1, 2, sizeof(big) - 40);
	memcpy(&to.sin6_addr, dst.b, 16);
	assert_int_equal(sendto(p->fd, big, sizeof(big), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(big));
	receive(p, &in, 1);
	assert_int_equal(in.p[0]->len, 0);
	batch_put(&pool, &in);
	p->ops->close(p);
}

static void a_packet_that_the_kernel_refuses_does_not_hold_up_the_others(void **state)
{
	const struct row row = { "", IPPROTO_GRE, FWD_PORT_GRE6, 8 };
	struct batch out = { 0 }, in;
	struct port *p;

	NEEDS(allowed);
	p = make(FWD_PORT_GRE6, raw6_open(IPPROTO_GRE, false));
	for (size_t i = 0; i < 4; i++)
		assert_true(batch_add(&out, packet(&row)));
	out.p[1]->data[24] = 0x2a; /* no route there */
	out.p[2]->len = 39;
	assert_int_equal(p->ops->send(p, &out), 2);
	receive(p, &in, 2);
	batch_put(&pool, &out);
	batch_put(&pool, &in);
	p->ops->close(p);
}

static void udp6_keeps_addresses_ports_and_class(void **state)
{
	struct batch out = { 0 }, in;
	struct port *a, *b;

	NEEDS(allowed);
	a = make(FWD_PORT_UDP6_ENCAP, udp6_open(4500));
	b = make(FWD_PORT_UDP6_ENCAP, udp6_open(4501));
	int v4 = udp_open(4500); /* IPv4's beside it */
	assert_true(v4 >= 0);
	for (uint8_t i = 0; i < 3; i++) {
		struct pkt *k = pkt_get(&pool);

		memset(k->data, i, k->len = 100);
		k->local = v6(3); /* one of several addresses is chosen */
		k->remote = v6(2);
		k->remote_port = 4501;
		k->outer_tos = (uint8_t)(i << 5);
		k->outer_df = i == 1;
		assert_true(batch_add(&out, k));
	}
	assert_int_equal(a->ops->send(a, &out), 3);
	receive(b, &in, 3);
	for (uint8_t i = 0; i < 3; i++) {
		const struct pkt *k = in.p[i];
		struct ipaddr to = v6(2), from = v6(3);

		assert_int_equal(k->len, 100);
		assert_int_equal(k->data[99], i);
		assert_true(ipaddr_equal(&k->local, &to));
		assert_true(ipaddr_equal(&k->remote, &from));
		assert_int_equal(k->local_port, 4501);
		assert_int_equal(k->remote_port, 4500);
		assert_int_equal(k->outer_tos, i << 5);
		assert_int_equal(k->ifindex, if_nametoindex("lo"));
	}
	close(v4);
	batch_put(&pool, &out);
	batch_put(&pool, &in);
	a->ops->close(a);
	b->ops->close(b);
}

/* What is wider than the device is cut unless it may not be. */
static void udp6_is_cut_only_where_it_may_be(void **state)
{
	struct batch out = { 0 }, in;
	struct port *a;

	NEEDS(allowed);
	assert_int_equal(system("ip link set lo mtu 1400"), 0);
	a = make(FWD_PORT_UDP6_ENCAP, udp6_open(4500));
	for (unsigned i = 0; i < 4; i++) {
		struct pkt *k = pkt_get(&pool);

		k->local = v6(3);
		k->remote = v6(2);
		k->remote_port = 4500;
		k->outer_df = i % 2;
		memset(k->data, (int)i, k->len = i < 2 ? 1352 : 1353);
		assert_true(batch_add(&out, k));
	}
	assert_int_equal(a->ops->send(a, &out), 3);
	receive(a, &in, 3);
	assert_int_equal(in.p[2]->data[0], 2);
	assert_int_equal(in.p[2]->len, 1353);
	batch_put(&pool, &out);
	batch_put(&pool, &in);
	a->ops->close(a);
	assert_int_equal(system("ip link set lo mtu 65536"), 0);
}

static void icmp6_is_sent_and_only_packet_too_big_is_heard(void **state)
{
	struct batch out = { 0 }, in = { 0 };
	struct port *p;
	struct pkt *k;

	NEEDS(allowed);
	p = make(FWD_PORT_ICMP6, icmp6_open());
	int ear = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	assert_true(ear >= 0);
	k = pkt_get(&pool);
	for (uint8_t type = 1; type <= 4; type++) {
		uint8_t heard[256];

		memset(k->data, 0, k->len = 56);
		k->data[0] = type;
		k->remote = v6(1);
		out.n = 0;
		assert_true(batch_add(&out, k));
		assert_int_equal(p->ops->send(p, &out), 1);
		assert_true(readable(ear, 2000));
		while (recv(ear, heard, sizeof(heard), MSG_DONTWAIT) > 0)
			;
		assert_int_equal(readable(p->fd, type == 2 ? 2000 : 20), type == 2);
		assert_int_equal(p->ops->recv(p, &pool, &in), type == 2);
		if (type == 2) { /* with its header, and a checksum that is the kernel's */
			assert_int_equal(in.p[0]->len, 96);
			assert_int_equal(in.p[0]->data[6], IPPROTO_ICMPV6);
			assert_int_equal(in.p[0]->data[40], 2);
			assert_true(in.p[0]->data[42] || in.p[0]->data[43]);
		}
		batch_put(&pool, &in);
	}
	batch_put(&pool, &out);
	close(ear);
	p->ops->close(p);
}

static void ike_over_both_families_has_one_port_number(void **state)
{
	struct ipaddr to = v6(2), from = v6(3), none = { 0 }, local, remote;
	struct ipaddr lo = ipaddr_v4(0x7f000001);
	uint8_t in[16];
	uint16_t port;
	int four, six;

	NEEDS(allowed);
	six = udp6_open(500);
	four = udp_open(500);
	assert_true(four >= 0 && six >= 0);
	assert_int_equal(udp6_open(500), -EADDRINUSE);
	assert_int_equal(udp_send(six, &from, &to, 500, "hello", 5), 0);
	assert_true(readable(six, 2000));
	assert_int_equal(udp_recv(six, in, sizeof(in), &local, &remote, &port), 5);
	assert_memory_equal(in, "hello", 5);
	assert_true(ipaddr_equal(&local, &to));
	assert_true(ipaddr_equal(&remote, &from));
	assert_int_equal(port, 500);
	assert_false(readable(four, 0));
	/* an address of the other family is nobody's to choose */
	assert_int_equal(udp_send(six, &lo, &to, 500, "again", 5), 0);
	assert_true(readable(six, 2000));
	assert_int_equal(udp_recv(six, in, sizeof(in), &local, &remote, &port), 5);
	/* IPv4's datagrams do not come in here */
	assert_int_equal(udp_send(four, &none, &lo, 500, "four", 4), 0);
	assert_true(readable(four, 2000));
	assert_false(readable(six, 20));
	close(four);
	close(six);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_is_put_together_as_it_was_sent),
		cmocka_unit_test(what_is_sent_leaves_untouched),
		cmocka_unit_test(fragments_arrive_as_one_packet),
		cmocka_unit_test(what_was_cut_has_no_byte),
		cmocka_unit_test(a_packet_that_the_kernel_refuses_does_not_hold_up_the_others),
		cmocka_unit_test(udp6_keeps_addresses_ports_and_class),
		cmocka_unit_test(udp6_is_cut_only_where_it_may_be),
		cmocka_unit_test(icmp6_is_sent_and_only_packet_too_big_is_heard),
		cmocka_unit_test(ike_over_both_families_has_one_port_number),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
