/* SPDX-License-Identifier: Apache-2.0 */
/* What a ring takes and the stack does not get, and what a LINK port sends and what not: over a veth pair of a
 * network namespace of our own, with nftables where the kernel has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/wr.h"
#include "host/netlink.h"
#include "host/nft.h"
#include "host/ports.h"
#include "host/ring.h"
#include "host/sockets.h"
#include "netns.h"

enum { ESP = 50 };
static const uint8_t a_mac[6] = { 2, 0, 0, 0, 0, 1 }, b_mac[6] = { 2, 0, 0, 0, 0, 2 };

static bool allowed;
static struct pool pool;
static struct ring_want want = { .device = "vb", .n = 2 };
static int wire; /* sends whole frames by va */

static bool wired(void)
{
	return !system("ip link add va address 02:00:00:00:00:01 type veth peer name vb address 02:00:00:00:00:02 &&"
		       " ip addr add 10.7.0.2/24 dev vb && ip -6 addr add 2001:db8::2/64 dev vb nodad &&"
		       " ip link set va up && ip link set vb up && ip link set lo up");
}

static int set_up(void **state)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET };

	(void)state;
	allowed = own_netns() && wired();
	if (allowed) {
		want.ifindex = if_nametoindex("vb");
		want.addr[0] = ipaddr_v4(0x0A070002);
		want.addr[1] = (struct ipaddr){ IP_V6, { 0x20, 1, 0x0d, 0xb8, [15] = 2 } };
		wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
		a.sll_ifindex = (int)if_nametoindex("va");
		assert_int_equal(bind(wire, (struct sockaddr *)&a, sizeof(a)), 0);
	}
	return pool_init(&pool, 4 * BATCH_MAX);
}

static int tear_down(void **state)
{
	(void)state;
	pool_fini(&pool);
	return 0;
}

/* ---- packets ---- */

struct recipe {
	uint8_t proto;
	uint16_t frag;	/* IPv4's field */
	uint8_t options; /* words of them */
	uint8_t last;	/* byte of the destination */
	bool six, spoilt, to_others;
};

static size_t put_v4(uint8_t *p, const struct recipe *c, size_t payload)
{
	size_t header = 20u + 4u * c->options, len = header + payload;
	uint32_t sum = 0;
	struct wr w = wr_of(p, header);

	memset(p, 1, len);
	wr_u8(&w, (uint8_t)(0x40 | header / 4));
	wr_u8(&w, 0);
	wr_be16(&w, (uint16_t)len);
	wr_be16(&w, 7);
	wr_be16(&w, c->frag);
	wr_u8(&w, 64);
	wr_u8(&w, c->proto);
	wr_be16(&w, 0);
	wr_be32(&w, 0x0A070001);
	wr_be32(&w, 0x0A070000u | c->last);
	for (size_t i = 0; i < header; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16)) & 0xffff;
	p[10] = (uint8_t)(sum >> 8);
	p[11] = (uint8_t)(sum ^ c->spoilt);
	return len;
}

static size_t put_v6(uint8_t *p, const struct recipe *c, size_t payload)
{
	struct wr w = wr_of(p, 48);

	memset(p, 1, 48 + payload);
	wr_be32(&w, 0x60000000);
	wr_be16(&w, (uint16_t)(payload + (c->frag ? 8 : 0)));
	wr_u8(&w, c->frag ? IPPROTO_FRAGMENT : c->proto);
	wr_u8(&w, 64);
	wr_be64(&w, UINT64_C(0x20010db800000000));
	wr_be64(&w, 1);
	wr_be64(&w, UINT64_C(0x20010db800000000));
	wr_be64(&w, c->last);
	if (c->frag) {
		wr_u8(&w, c->proto);
		wr_u8(&w, 0);
		wr_be16(&w, 1);
		wr_be32(&w, 77);
	}
	return wr_len(&w) + payload;
}

static size_t put(uint8_t *p, const struct recipe *c, size_t payload)
{
	return c->six ? put_v6(p, c, payload) : put_v4(p, c, payload);
}

static void send_frame(const struct recipe *c, size_t payload)
{
	uint8_t f[4096];

	memcpy(f, b_mac, 6);
	f[5] ^= c->to_others;
	memcpy(f + 6, a_mac, 6);
	f[12] = c->six ? 0x86 : 0x08;
	f[13] = c->six ? 0xdd : 0x00;
	size_t len = 14 + put(f + 14, c, payload);
	assert_int_equal(send(wire, f, len, 0), len);
}

static size_t waiting(struct port *p, struct batch *b, int ms)
{
	struct pollfd f = { .fd = p->fd, .events = POLLIN };

	b->n = 0;
	return poll(&f, 1, ms) == 1 ? p->ops->recv(p, &pool, b) : 0;
}

static struct port *make(enum fwd_port_kind kind, int fd)
{
	struct fwd_port desc = { .id = 1, .kind = (uint8_t)kind, .ifid = if_nametoindex("va") };
	struct port *p = NULL;

	assert_true(fd >= 0);
	assert_int_equal(host_make_port(NULL, &desc, fd, &p), 0);
	return p;
}

static bool has_table(void)
{
	return !system("nft list table netdev culvert_ring >/dev/null 2>&1");
}

/* ---- tests ---- */

/* It says whether nftables has gone on by a step for it, and it is one at most. */
static int kept(const struct ring_want *v, size_t n, struct ring_table **t)
{
	uint32_t before = 0, after = 0;
	bool changed;
	int err;

	if (nft_generation(&before))
		return ring_keep(v, n, t, &changed); /* -errno: a kernel without nftables */
	err = ring_keep(v, n, t, &changed);
	assert_int_equal(nft_generation(&after), 0);
	assert_int_equal(after, before + changed);
	return err;
}

static void a_packet_comes_by_the_ring_or_by_the_socket_and_never_twice(void **state)
{
	static const struct {
		struct recipe c;
		enum { RING, SOCKET, NEITHER, EMPTY } where;
	} rows[] = {
		{ { .proto = ESP, .last = 2 }, RING },
		{ { .proto = ESP, .last = 2, .options = 2 }, RING },
		{ { .proto = ESP, .last = 2, .frag = 0x4000 }, RING }, /* DF */
		{ { .proto = ESP, .last = 2, .frag = 0x2000 }, NEITHER }, /* waits for the rest of it */
		{ { .proto = ESP, .last = 2, .frag = 0x0010 }, NEITHER },
		{ { .proto = ESP, .last = 3 }, NEITHER }, /* not ours */
		{ { .proto = ESP, .last = 4 }, SOCKET },  /* ours, but not the ring's */
		{ { .proto = ESP, .last = 2, .to_others = true }, NEITHER },
		{ { .proto = ESP, .last = 2, .spoilt = true }, EMPTY },
		{ { .proto = 51, .last = 2 }, NEITHER }, /* this socket is ESP's */
		{ { .proto = ESP, .last = 2, .six = true }, RING },
		{ { .proto = ESP, .last = 4, .six = true }, NEITHER }, /* that socket is IPv4's */
		{ { .proto = ESP, .last = 2, .six = true, .frag = 1 }, NEITHER },
	};
	struct ring_table *table = NULL;
	uint32_t before, after;
	struct batch b;
	int fd;

	NEEDS(allowed);
	assert_int_equal(system("ip addr add 10.7.0.4/24 dev vb"), 0);
	fd = ring_open(&want);
	assert_true(fd >= 0);
	if (kept(&want, 1, &table)) {
		ring_table_free(table);
		close(fd);
		skip(); /* a kernel without nftables, or before 5.12 */
	}
	assert_int_equal(ring_listen(fd, &want, NULL), 0);
	struct port *ring = make(FWD_PORT_RING, fd), *raw = make(FWD_PORT_ESP, raw_open(ESP, true));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool by_ring = rows[i].where == RING || rows[i].where == EMPTY;
		uint8_t expect[2048];
		size_t len = put(expect, &rows[i].c, 100 + i);

		send_frame(&rows[i].c, 100 + i);
		assert_int_equal(waiting(ring, &b, by_ring ? 2000 : 20), by_ring);
		if (by_ring) {
			assert_int_equal(b.p[0]->ifindex, want.ifindex);
			assert_int_equal(b.p[0]->len, rows[i].where == RING ? len : 0);
			assert_memory_equal(b.p[0]->data, expect, b.p[0]->len);
		}
		batch_put(&pool, &b);
		assert_int_equal(waiting(raw, &b, rows[i].where == SOCKET ? 2000 : 20), rows[i].where == SOCKET);
		batch_put(&pool, &b);
	}
	/* the same again is not loaded again; without rings the table goes */
	assert_int_equal(nft_generation(&before), 0);
	assert_int_equal(kept(&want, 1, &table), 0);
	assert_int_equal(nft_generation(&after), 0);
	assert_int_equal(after, before);
	ring->ops->close(ring);
	assert_int_equal(kept(NULL, 0, &table), 0);
	assert_null(table);
	assert_false(has_table());
	send_frame(&rows[0].c, 8);
	assert_int_equal(waiting(raw, &b, 2000), 1);
	batch_put(&pool, &b);
	raw->ops->close(raw);
}

/* As many rules as there can be, and another table in the place of the first. Somebody who wants it away
 * does not get that; who closes the last descriptor does. */
static void the_table_lives_as_long_as_somebody_holds_it(void **state)
{
	struct ring_want many[RING_SLOTS] = { 0 };
	struct ring_table *table = NULL;
	struct port *hold;

	NEEDS(allowed);
	for (size_t k = 0; k < RING_SLOTS; k++) {
		char make_it[96];

		snprintf(many[k].device, sizeof(many[k].device), "abcdefghijklmn%zu", k); /* the longest name */
		snprintf(make_it, sizeof(make_it), "ip link add %s type veth peer name peer%zu", many[k].device, k);
		assert_int_equal(system(make_it), 0);
		many[k].ifindex = if_nametoindex(many[k].device);
		for (many[k].n = 0; many[k].n < RING_ADDRS; many[k].n++)
			many[k].addr[many[k].n] = (struct ipaddr){ many[k].n % 2 ? IP_V4 : IP_V6, { 9, [3] = (uint8_t)many[k].n } };
	}
	if (kept(&want, 1, &table)) {
		ring_table_free(table);
		skip();
	}
	assert_int_equal(kept(many, RING_SLOTS, &table), 0);
	assert_int_equal(system("test $(nft list table netdev culvert_ring | grep -c drop) = 128"), 0);
	assert_int_equal(kept(many, 2, &table), 0);
	assert_int_equal(system("test $(nft list table netdev culvert_ring | grep -c drop) = 32"), 0);
	/* one device twice is refused: what stands goes on standing */
	many[1] = many[0];
	assert_true(kept(many, 2, &table) < 0);
	assert_int_equal(system("test $(nft list table netdev culvert_ring | grep -c drop) = 32"), 0);
	strcpy(many[1].device, "is_not_there");
	assert_true(kept(many, 2, &table) < 0);
	assert_int_equal(system("test $(nft list table netdev culvert_ring | grep -c drop) = 32"), 0);
	assert_int_equal(kept(many, 1, &table), 0);
	assert_int_equal(system("test $(nft list table netdev culvert_ring | grep -c drop) = 16"), 0);
	(void)!system("nft flush ruleset; nft delete table netdev culvert_ring 2>/dev/null");
	assert_true(has_table());
	hold = make(FWD_PORT_HOLD, fcntl(ring_table_fd(table), F_DUPFD_CLOEXEC, 0));
	ring_table_free(table);
	assert_true(has_table());
	hold->ops->close(hold);
	assert_false(has_table());
}

static bool comes(struct port *p)
{
	struct batch b;
	size_t n = waiting(p, &b, 50);

	batch_put(&pool, &b);
	return n == 1;
}

/* Where only addresses differ a chain is the same one as before, as is that of a device that has nothing to do with it. */
static void addresses_that_come_and_go_leave_the_others_as_they_are(void **state)
{
	struct recipe c = { .proto = ESP, .last = 2 }, other = { .proto = ESP, .last = 5 };
	struct ring_want v[2] = { want, { .device = "vc" } };
	struct ring_table *table = NULL;
	char same[128];

	NEEDS(allowed);
	assert_int_equal(system("ip addr add 10.7.0.5/24 dev vb && ip link add vc type veth peer name vd"), 0);
	v[1].ifindex = if_nametoindex("vc");
	v[1].addr[v[1].n++] = ipaddr_v4(0x0A0E0001);
	int fd = ring_open(&want);
	assert_true(fd >= 0);
	if (kept(&want, 1, &table)) {
		ring_table_free(table);
		close(fd);
		skip();
	}
	struct port *ring = make(FWD_PORT_RING, fd), *raw = make(FWD_PORT_ESP, raw_open(ESP, true));
	assert_int_equal(system("nft -a list table netdev culvert_ring | grep 'table\\|chain' > /tmp/ring_chains.$PPID"), 0);
	snprintf(same, sizeof(same), "nft -a list table netdev culvert_ring | grep 'table\\|chain' | head -2 | cmp - /tmp/ring_chains.$PPID");
	for (size_t i = 0; i < 6; i++) {
		bool more = i % 2 == 0;

		v[0].n = want.n;
		if (more)
			v[0].addr[v[0].n++] = ipaddr_v4(0x0A070005);
		assert_int_equal(kept(v, 1 + i / 3, &table), 0);
		assert_int_equal(ring_listen(fd, &v[0], NULL), 0);
		assert_int_equal(system(same), 0);
		send_frame(&c, 30);
		assert_true(comes(ring) && !comes(raw));
		send_frame(&other, 30);
		assert_true(comes(ring) == more && comes(raw) == !more);
	}
	(void)!system("rm /tmp/ring_chains.$PPID");
	/* a device takes its chain with it; the next change makes all anew */
	assert_int_equal(system("ip link del vc"), 0);
	assert_int_equal(kept(&want, 1, &table), 0);
	send_frame(&c, 30);
	assert_false(comes(raw));
	raw->ops->close(raw);
	ring->ops->close(ring);
	assert_int_equal(kept(NULL, 0, &table), 0);
	assert_false(has_table());
}

/* A device may bring more than its MTU; the ring has what it has room for, and the stack the rest. */
static void what_is_longer_than_a_frame_comes_by_the_socket(void **state)
{
	struct ring_table *table = NULL;

	NEEDS(allowed);
	assert_int_equal(system("ip link set va mtu 3000 && ip link set vb mtu 3000"), 0);
	int fd = ring_open(&want);
	assert_true(fd >= 0);
	if (kept(&want, 1, &table)) {
		ring_table_free(table);
		close(fd);
		skip();
	}
	assert_int_equal(ring_listen(fd, &want, NULL), 0);
	struct port *ring = make(FWD_PORT_RING, fd), *raw = make(FWD_PORT_ESP, raw_open(ESP, true));
	struct port *raw6 = make(FWD_PORT_ESP6, raw6_open(ESP, true));
	for (size_t six = 0; six < 2; six++) {
		static const struct {
			size_t len; /* with its header */
			bool by_ring;
		} rows[] = { { RING_MTU, true }, { RING_MTU + 1, false }, { RING_MTU + 81, false }, { 3000, false } };
		struct recipe c = { .proto = ESP, .last = 2, .six = six };

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct batch b;

			send_frame(&c, rows[i].len - (six ? 40 : 20));
			assert_int_equal(waiting(ring, &b, rows[i].by_ring ? 2000 : 20), rows[i].by_ring);
			if (rows[i].by_ring)
				assert_int_equal(b.p[0]->len, rows[i].len);
			batch_put(&pool, &b);
			assert_int_equal(waiting(six ? raw6 : raw, &b, rows[i].by_ring ? 20 : 2000), !rows[i].by_ring);
			if (!rows[i].by_ring)
				assert_int_equal(b.p[0]->len, rows[i].len);
			batch_put(&pool, &b);
		}
	}
	raw6->ops->close(raw6);
	raw->ops->close(raw);
	ring->ops->close(ring);
	assert_int_equal(kept(NULL, 0, &table), 0);
	assert_int_equal(system("ip link set va mtu 1500 && ip link set vb mtu 1500"), 0);
}

static void many_come_in_order_and_what_has_no_frame_is_counted(void **state)
{
	struct recipe c = { .proto = ESP, .last = 2 };
	size_t had = pool.n_free, got = 0;
	struct port *ring;
	struct batch b;

	NEEDS(allowed);
	int fd = ring_open(&want);
	assert_true(fd >= 0);
	send_frame(&c, 9); /* before it listens */
	assert_int_equal(ring_listen(fd, &want, NULL), 0);
	ring = make(FWD_PORT_RING, fd);
	for (size_t round = 0; round < 2; round++) {
		size_t extra = round ? 100 : 0, n = 0;

		for (size_t i = 0; i < RING_FRAMES + extra; i++)
			send_frame(&c, 10 + i % 1000);
		while (waiting(ring, &b, 100)) {
			for (size_t i = 0; i < b.n; i++, n++)
				assert_int_equal(b.p[i]->len, 20 + 10 + n % 1000);
			batch_put(&pool, &b);
		}
		assert_int_equal(n, RING_FRAMES);
		got += n;
	}
	/* the first one after a loss says so */
	send_frame(&c, 10);
	assert_int_equal(waiting(ring, &b, 2000), 1);
	batch_put(&pool, &b);
	assert_int_equal(got, 2 * RING_FRAMES);
	assert_int_equal(ring->overflows, 100);
	assert_int_equal(pool.n_free, had);
	ring->ops->close(ring);
}

/* What goes down and comes up again is waited for as before: by the next packet, and by nothing else. */
static void a_device_that_was_down_is_waited_for_as_before(void **state)
{
	struct recipe c = { .proto = ESP, .last = 2 };
	struct port *ring;
	struct batch b;

	NEEDS(allowed);
	int fd = ring_open(&want);
	assert_true(fd >= 0);
	assert_int_equal(ring_listen(fd, &want, NULL), 0);
	ring = make(FWD_PORT_RING, fd);
	assert_int_equal(system("ip link set vb down && ip link set vb up"), 0);
	struct pollfd f = { .fd = fd, .events = POLLIN };
	assert_int_equal(poll(&f, 1, 0), 1);
	assert_true(f.revents & POLLERR);
	b.n = 0;
	assert_int_equal(ring->ops->recv(ring, &pool, &b), 0);
	assert_int_equal(poll(&f, 1, 50), 0);
	send_frame(&c, 10);
	assert_int_equal(waiting(ring, &b, 2000), 1);
	batch_put(&pool, &b);
	assert_int_equal(poll(&f, 1, 0), 0);
	ring->ops->close(ring);
	assert_int_equal(system("ip -6 addr add 2001:db8::2/64 dev vb nodad"), 0); /* it went */
}

static void a_link_sends_esp_and_nothing_else(void **state)
{
	static const struct {
		struct recipe c;
		size_t len; /* cut to that; 0: whole */
		bool goes;
	} rows[] = {
		{ { .proto = ESP, .last = 2 }, 0, true },
		{ { .proto = ESP, .last = 2, .options = 1 }, 0, true },
		{ { .proto = ESP, .last = 2, .frag = 0x2000 }, 0, true },
		{ { .proto = ESP, .last = 2, .frag = 0x0010 }, 0, true },
		{ { .proto = ESP, .last = 2, .six = true }, 0, true },
		{ { .proto = ESP, .last = 2, .six = true, .frag = 1 }, 0, true },
		{ { .proto = 47, .last = 2 }, 0, false },
		{ { .proto = 51, .last = 2 }, 0, false },
		{ { .proto = 1, .last = 2 }, 0, false },
		{ { .proto = 17, .last = 2 }, 0, false },
		{ { .proto = 4, .last = 2 }, 0, false },
		{ { .proto = 47, .last = 2, .six = true }, 0, false },
		{ { .proto = 17, .last = 2, .six = true, .frag = 1 }, 0, false },
		{ { .proto = ESP, .last = 2 }, 9, false },
		{ { .proto = ESP, .last = 2, .six = true, .frag = 1 }, 40, false },
	};
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct port *link;
	uint8_t frame[2048];
	int ear, on = 1;

	NEEDS(allowed);
	a.sll_ifindex = (int)if_nametoindex("vb");
	ear = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(ear, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)), 0);
	assert_int_equal(bind(ear, (struct sockaddr *)&a, sizeof(a)), 0);
	link = make(FWD_PORT_LINK, link_open(if_nametoindex("va")));
	memcpy(link->next_hop, b_mac, 6);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct batch b = { 0 };
		struct pkt *k = pkt_get(&pool);

		k->len = (uint32_t)put(k->data, &rows[i].c, 60 + i);
		if (rows[i].len)
			k->len = (uint32_t)rows[i].len;
		(void)batch_add(&b, k);
		assert_int_equal(link->ops->send(link, &b), rows[i].goes);
		bool seen = false;
		for (struct pollfd f = { .fd = ear, .events = POLLIN }; !seen && poll(&f, 1, rows[i].goes ? 2000 : 20) == 1;) {
			ssize_t n = recv(ear, frame, sizeof(frame), 0);

			/* others, IPv6's neighbours, may talk there as well */
			seen = n == (ssize_t)k->len + 14 && !memcmp(frame + 14, k->data, k->len);
		}
		assert_int_equal(seen, rows[i].goes);
		if (seen) {
			assert_memory_equal(frame, b_mac, 6);
			assert_memory_equal(frame + 6, a_mac, 6);
			assert_int_equal(frame[12] << 8 | frame[13], rows[i].c.six ? ETH_P_IPV6 : ETH_P_IP);
		}
		batch_put(&pool, &b);
	}
	close(ear);
	link->ops->close(link);
}

/* What a queue has no room for is lost there, as what the raw socket sends is; what the device refuses is not. */
static void a_full_queue_is_no_broken_link(void **state)
{
	static const char limit[] = "tc qdisc add dev va root tbf rate 80kbit burst 2000 limit 4000";
	const struct recipe c = { .proto = ESP, .last = 2 };
	struct batch b = { 0 };
	struct port *link;

	NEEDS(allowed);
	if (system(limit))
		skip(); /* a kernel without it */
	link = make(FWD_PORT_LINK, link_open(if_nametoindex("va")));
	memcpy(link->next_hop, b_mac, 6);
	while (b.n < 32) {
		struct pkt *k = pkt_get(&pool);

		k->len = (uint32_t)put(k->data, &c, 480);
		(void)batch_add(&b, k);
	}
	/* 500 bytes and a header: three or four by the bucket, seven in the queue */
	assert_int_equal(link->ops->send(link, &b), b.n);
	assert_in_range(link->lost, b.n - 14, b.n - 7);
	assert_int_equal(system("tc qdisc del dev va root"), 0);
	assert_int_equal(link->ops->send(link, &b), b.n);
	assert_int_equal(link->lost, 0);
	/* a link that is down, and a packet that is too long for it */
	b.p[3]->len = (uint32_t)put(b.p[3]->data, &c, 1500);
	assert_int_equal(link->ops->send(link, &b), 3);
	assert_int_equal(link->lost, 0);
	assert_int_equal(system("ip link set va down"), 0);
	assert_int_equal(link->ops->send(link, &b), 0);
	assert_int_equal(link->lost, 0);
	assert_int_equal(system("ip link set va up"), 0);
	batch_put(&pool, &b);
	link->ops->close(link);
}

static void a_next_hop_is_known_once_somebody_answers(void **state)
{
	struct ipaddr near = ipaddr_v4(0x0A080063), far = ipaddr_v4(0x0A090001), own = ipaddr_v4(0x0A070002);
	struct nl_hop hop;
	struct nl *nl;

	NEEDS(allowed);
	assert_int_equal(nl_open(&nl), 0);
	assert_int_equal(nl_next_hop(nl, &far, 0, &hop), -ENETUNREACH);
	assert_int_equal(nl_next_hop(nl, &own, 0, &hop), -ENETUNREACH); /* it is this host itself */
	assert_int_equal(system("ip addr add 10.8.0.1/24 dev va && ip route add 10.9.0.0/24 via 10.8.0.99"), 0);
	assert_int_equal(nl_next_hop(nl, &near, 0, &hop), 0);
	assert_int_equal(hop.ifindex, if_nametoindex("va"));
	assert_false(hop.known);
	assert_int_equal(system("ip neigh replace 10.8.0.99 lladdr 02:00:00:00:00:63 dev va nud stale"), 0);
	assert_int_equal(nl_next_hop(nl, &far, 0, &hop), 0); /* by its gateway */
	assert_true(hop.known);
	assert_int_equal(hop.mac[5], 0x63);
	/* it is asked whether it is there still, as if a packet had gone */
	assert_int_equal(system("ip neigh show 10.8.0.99 | grep -q -e DELAY -e PROBE -e REACHABLE"), 0);
	assert_int_equal(system("ip route replace unreachable 10.9.0.0/24 && ip route del 10.9.0.0/24 via 10.8.0.99; true"), 0);
	assert_true(nl_next_hop(nl, &far, 0, &hop) < 0);
	/* what somebody has set for good stays as it is */
	assert_int_equal(system("ip neigh replace 10.8.0.98 lladdr 02:00:00:00:00:62 dev va nud permanent"), 0);
	near = ipaddr_v4(0x0A080062);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(nl_next_hop(nl, &near, 0, &hop), 0);
		assert_true(hop.known && hop.mac[5] == 0x62);
	}
	assert_int_equal(system("ip neigh show 10.8.0.98 | grep -q PERMANENT"), 0);
	nl_close(nl);
}

/* What a command brings, of some kind and about that address; anything else is passed over. */
static bool heard(struct port *news, const char *command, struct port_news *ret)
{
	struct port_news v[32];
	size_t n;

	while (news->news(news, v, 32))
		;
	assert_int_equal(system(command), 0);
	n = news->news(news, v, 32);
	for (size_t i = 0; i < n; i++) {
		if (v[i].kind != ret->kind || (ret->kind != PORT_NEWS_ALL && !ipaddr_equal(&v[i].addr, &ret->addr)))
			continue;
		*ret = v[i];
		return true;
	}
	return false;
}

static void what_changes_on_the_way_is_told_at_once(void **state)
{
	struct port_news one = { .kind = PORT_NEWS_NEIGH, .addr = ipaddr_v4(0x0A070061) };
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x61 };
	struct port *news;

	NEEDS(allowed);
	news = make(FWD_PORT_NEWS, news_open());
	assert_true(heard(news, "ip neigh replace 10.7.0.97 lladdr 02:00:00:00:00:61 dev vb nud reachable", &one));
	assert_true(one.usable && one.ifid == if_nametoindex("vb"));
	assert_memory_equal(one.mac, mac, 6);
	assert_true(heard(news, "ip neigh replace 10.7.0.97 dev vb nud failed", &one));
	assert_false(one.usable);
	assert_true(heard(news, "ip neigh del 10.7.0.97 dev vb", &one));
	assert_false(one.usable);
	one = (struct port_news){ .kind = PORT_NEWS_NEIGH, .addr = { IP_V6, { 0x20, 1, 0x0d, 0xb8, [15] = 9 } } };
	assert_true(heard(news, "ip neigh replace 2001:db8::9 lladdr 02:00:00:00:00:61 dev vb nud stale", &one));
	assert_true(one.usable);
	one = (struct port_news){ .kind = PORT_NEWS_ROUTE, .addr = ipaddr_v4(0x0A0B0000) };
	assert_true(heard(news, "ip route add 10.11.0.0/16 dev vb", &one));
	assert_int_equal(one.prefix_len, 16);
	assert_true(heard(news, "ip route del 10.11.0.0/16 dev vb", &one));
	one = (struct port_news){ .kind = PORT_NEWS_ROUTE, .addr = { .family = IP_V6 } };
	assert_true(heard(news, "ip -6 route add default dev vb", &one));
	assert_int_equal(one.prefix_len, 0);
	/* what takes routes along that are not told of */
	one = (struct port_news){ .kind = PORT_NEWS_ALL };
	assert_true(heard(news, "ip link set vb mtu 1400", &one));
	assert_true(heard(news, "ip addr add 10.12.0.1/24 dev vb", &one));
	assert_true(heard(news, "ip rule add pref 77 lookup 77", &one));
	assert_true(heard(news, "ip rule del pref 77; ip link set vb down; ip link set vb up", &one));
	/* there was no room for all of it */
	assert_true(heard(news, "i=0; while [ $i -lt 3000 ]; do echo route add 10.13.0.0/16 dev vb; echo route del 10.13.0.0/16 dev vb; "
				"i=$((i + 1)); done | ip -batch -", &one));
	news->ops->close(news);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_comes_by_the_ring_or_by_the_socket_and_never_twice),
		cmocka_unit_test(the_table_lives_as_long_as_somebody_holds_it),
		cmocka_unit_test(addresses_that_come_and_go_leave_the_others_as_they_are),
		cmocka_unit_test(what_is_longer_than_a_frame_comes_by_the_socket),
		cmocka_unit_test(many_come_in_order_and_what_has_no_frame_is_counted),
		cmocka_unit_test(a_device_that_was_down_is_waited_for_as_before),
		cmocka_unit_test(a_link_sends_esp_and_nothing_else),
		cmocka_unit_test(a_full_queue_is_no_broken_link),
		cmocka_unit_test(a_next_hop_is_known_once_somebody_answers),
		cmocka_unit_test(what_changes_on_the_way_is_told_at_once),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
