/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder's ports over real descriptors, over the loopback device and a TUN
 * of a network namespace of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "host/netlink.h"
#include "host/ports.h"
#include "host/sockets.h"
#include "host/tun.h"
#include "netns.h"
#include "packet/ip4.h"

static bool allowed;
static struct pool pool;

static int set_up(void **state)
{
	(void)state;
	allowed = own_netns() && loopback_up();
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

/* Waits until want packets have come. */
static void receive(struct port *p, struct batch *b, size_t want)
{
	b->n = 0;
	while (b->n < want && readable(p->fd, 2000))
		(void)p->ops->recv(p, &pool, b);
	assert_int_equal(b->n, want);
}

static struct pkt *packet(uint8_t proto, uint32_t src, uint32_t dst, size_t payload)
{
	struct pkt *k = pkt_get(&pool);
	const uint8_t head[20] = { 0x45, 0, (uint8_t)((20 + payload) >> 8), (uint8_t)(20 + payload),
				   0x12, 0x34, 0, 0, 64, proto, 0, 0,
				   (uint8_t)(src >> 24), (uint8_t)(src >> 16), (uint8_t)(src >> 8),
				   (uint8_t)src, (uint8_t)(dst >> 24), (uint8_t)(dst >> 16),
				   (uint8_t)(dst >> 8), (uint8_t)dst };

	assert_non_null(k);
	memset(k->data, 'x', 20 + payload);
	memcpy(k->data, head, sizeof(head));
	k->len = (uint32_t)(20 + payload);
	return k;
}

#define LO 0x7F000001u

static void udp_keeps_addresses_ports_and_tos(void **state)
{
	struct port *a, *b;
	struct batch out = { 0 }, in = { 0 };

	NEEDS(allowed);
	a = make(FWD_PORT_UDP_ENCAP, udp_open(4500));
	b = make(FWD_PORT_UDP_ENCAP, udp_open(4501));
	for (uint8_t i = 0; i < 3; i++) {
		struct pkt *k = pkt_get(&pool);

		memset(k->data, i, k->len = 100);
		k->local = ipaddr_v4(LO + 1); /* one of several addresses is chosen */
		k->remote = ipaddr_v4(LO);
		k->remote_port = 4501;
		k->outer_tos = (uint8_t)(i << 5);
		assert_true(batch_add(&out, k));
	}
	assert_int_equal(a->ops->send(a, &out), 3);
	receive(b, &in, 3);
	for (uint8_t i = 0; i < 3; i++) {
		const struct pkt *k = in.p[i];

		assert_int_equal(k->len, 100);
		assert_int_equal(k->data[99], i);
		assert_int_equal(ipaddr_to_v4(&k->local), LO);
		assert_int_equal(ipaddr_to_v4(&k->remote), LO + 1);
		assert_int_equal(k->local_port, 4501);
		assert_int_equal(k->remote_port, 4500);
		assert_int_equal(k->outer_tos, i << 5);
		assert_int_equal(k->ifindex, if_nametoindex("lo"));
	}
	batch_put(&pool, &out);
	batch_put(&pool, &in);
	a->ops->close(a);
	b->ops->close(b);
}

static void raw_sends_whole_packets_and_gets_them_with_their_interface(void **state)
{
	struct port *p;
	struct batch out = { 0 }, in = { 0 };

	NEEDS(allowed);
	p = make(FWD_PORT_ESP, raw_open(IPPROTO_ESP, true));
	while (out.n < BATCH_MAX)
		assert_true(batch_add(&out, packet(IPPROTO_ESP, LO, LO + 5, out.n)));
	assert_int_equal(p->ops->send(p, &out), BATCH_MAX);
	receive(p, &in, BATCH_MAX);
	for (size_t i = 0; i < BATCH_MAX; i++) {
		assert_int_equal(in.p[i]->len, 20 + i); /* in order */
		assert_int_equal(in.p[i]->ifindex, if_nametoindex("lo"));
		assert_int_equal(in.p[i]->data[4] << 8 | in.p[i]->data[5], 0x1234);
	}
	batch_put(&pool, &out);
	batch_put(&pool, &in);
	p->ops->close(p);
}

static void a_packet_that_the_kernel_refuses_does_not_hold_up_the_others(void **state)
{
	struct port *p;
	struct batch out = { 0 }, in = { 0 };

	NEEDS(allowed);
	p = make(FWD_PORT_GRE, raw_open(IPPROTO_GRE, false));
	assert_true(batch_add(&out, packet(IPPROTO_GRE, LO, LO, 8)));
	assert_true(batch_add(&out, packet(IPPROTO_GRE, LO, 0xCB007101, 8))); /* no route */
	assert_true(batch_add(&out, packet(IPPROTO_GRE, LO, LO, 16)));
	assert_int_equal(p->ops->send(p, &out), 2);
	receive(p, &in, 2);
	assert_int_equal(in.p[1]->len, 36);
	batch_put(&pool, &out);
	batch_put(&pool, &in);
	/* one too short to have a destination is not even tried */
	assert_true(batch_add(&out, packet(IPPROTO_GRE, LO, LO, 0)));
	out.p[0]->len = 19;
	assert_int_equal(p->ops->send(p, &out), 0);
	batch_put(&pool, &out);
	p->ops->close(p);
}

static void an_empty_pool_loses_nothing_that_waits(void **state)
{
	struct pool tiny;
	struct port *p;
	struct batch out = { 0 }, in = { 0 };

	NEEDS(allowed);
	assert_int_equal(pool_init(&tiny, 2), 0);
	p = make(FWD_PORT_GRE, raw_open(IPPROTO_GRE, false));
	for (size_t i = 0; i < 5; i++)
		assert_true(batch_add(&out, packet(IPPROTO_GRE, LO, LO, i)));
	assert_int_equal(p->ops->send(p, &out), 5);
	size_t got = 0;
	while (got < 5 && readable(p->fd, 2000)) {
		in.n = 0;
		assert_true(p->ops->recv(p, &tiny, &in) <= 2);
		for (size_t i = 0; i < in.n; i++)
			assert_int_equal(in.p[i]->len, 20 + got++);
		batch_put(&tiny, &in);
	}
	assert_int_equal(got, 5);
	batch_put(&pool, &out);
	p->ops->close(p);
	pool_fini(&tiny);
}

static void icmp_is_sent_and_only_fragmentation_needed_is_heard(void **state)
{
	struct port *p;
	struct batch out = { 0 }, in = { 0 };
	uint8_t heard[64];
	struct pkt *k;

	NEEDS(allowed);
	p = make(FWD_PORT_ICMP, icmp_open());
	int ear = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	assert_true(ear >= 0);
	k = pkt_get(&pool);
	for (unsigned type = 0; type <= 3; type += 3) {
		for (unsigned code = 3; code <= 5; code++) {
			memset(k->data, 0, k->len = 8);
			k->data[0] = (uint8_t)type;
			k->data[1] = (uint8_t)code;
			k->remote = ipaddr_v4(LO);
			out.n = 0;
			assert_true(batch_add(&out, k));
			assert_int_equal(p->ops->send(p, &out), 1);
			assert_true(readable(ear, 2000));
			while (recv(ear, heard, sizeof(heard), MSG_DONTWAIT) > 0)
				;
			bool wanted = type == 3 && code == 4;
			assert_int_equal(readable(p->fd, wanted ? 2000 : 20), wanted);
			assert_int_equal(p->ops->recv(p, &pool, &in), wanted);
			/* with its IP header */
			if (wanted)
				assert_int_equal(in.p[0]->len, 28);
			batch_put(&pool, &in);
		}
	}
	batch_put(&pool, &out);
	close(ear);
	p->ops->close(p);
}

static void a_tun_carries_packets_both_ways_and_outlives_its_descriptor(void **state)
{
	struct ipaddr a = ipaddr_v4(0x0A000001);
	struct batch out = { 0 }, in = { 0 };
	uint32_t ifindex = 0, again = 0;
	struct tun_how how;
	struct nl *nl;
	struct port *p;

	NEEDS(allowed);
	assert_int_equal(nl_open(&nl), 0);
	p = make(FWD_PORT_TUNNEL, tun_open("tun7", false, &ifindex, &how));
	assert_int_equal(tun_open("tun7", false, &again, &how), -EBUSY); /* one queue, one owner */
	assert_int_equal(nl_link_set(nl, ifindex, true, 1500), 0);
	assert_int_equal(nl_addr_add(nl, ifindex, &a, 24), 0);
	/* out of the kernel */
	int s = raw_open(IPPROTO_GRE, false);
	struct port *gre = make(FWD_PORT_GRE, s);
	for (size_t i = 0; i < 5; i++)
		assert_true(batch_add(&out, packet(IPPROTO_GRE, 0x0A000001, 0x0A000002, 4 * i)));
	assert_int_equal(gre->ops->send(gre, &out), 5);
	size_t got = 0; /* IPv6 may say something there as well */
	while (got < 5 && readable(p->fd, 2000)) {
		in.n = 0;
		(void)p->ops->recv(p, &pool, &in);
		for (size_t i = 0; i < in.n; i++)
			if (in.p[i]->data[0] == 0x45 && in.p[i]->data[9] == IPPROTO_GRE)
				assert_int_equal(in.p[i]->len, 20 + 4 * got++);
		batch_put(&pool, &in);
	}
	assert_int_equal(got, 5);
	batch_put(&pool, &out);
	/* and into it; a TUN wants a right checksum */
	struct pkt *k = packet(IPPROTO_GRE, 0x0A000002, 0x0A000001, 10);
	uint16_t sum = ip_checksum(k->data, 20);
	k->data[10] = (uint8_t)(sum >> 8);
	k->data[11] = (uint8_t)sum;
	assert_true(batch_add(&out, k));
	assert_int_equal(p->ops->send(p, &out), 1);
	receive(gre, &in, 1);
	assert_int_equal(in.p[0]->ifindex, ifindex);
	batch_put(&pool, &out);
	batch_put(&pool, &in);
	gre->ops->close(gre);
	p->ops->close(p);
	assert_int_equal(if_nametoindex("tun7"), ifindex);
	int fd = tun_open("tun7", false, &again, &how);
	assert_true(fd >= 0);
	assert_int_equal(again, ifindex);
	tun_remove(fd);
	assert_int_equal(if_nametoindex("tun7"), 0);
	nl_close(nl);
}

static void a_long_name_is_refused(void **state)
{
	uint32_t i;
	struct tun_how how;

	NEEDS(allowed);
	assert_int_equal(tun_open("sixteen-letters!", true, &i, &how), -ENAMETOOLONG);
}

/* ---- IKE's way, and the control socket ---- */

static void udp_send_and_receive_tell_both_ends(void **state)
{
	struct ipaddr lo = ipaddr_v4(LO), from = ipaddr_v4(LO + 9), local, remote;
	uint8_t in[16];
	uint16_t port;
	int fd;

	NEEDS(allowed);
	fd = udp_open(500);
	assert_true(fd >= 0);
	assert_int_equal(udp_recv(fd, in, sizeof(in), &local, &remote, &port), -EAGAIN);
	assert_int_equal(udp_send(fd, &from, &lo, 500, "hello", 5), 0);
	assert_true(readable(fd, 2000));
	assert_int_equal(udp_recv(fd, in, sizeof(in), &local, &remote, &port), 5);
	assert_memory_equal(in, "hello", 5);
	assert_int_equal(ipaddr_to_v4(&local), LO);
	assert_int_equal(ipaddr_to_v4(&remote), LO + 9);
	assert_int_equal(port, 500);
	/* one that does not fit is no datagram of ours */
	assert_int_equal(udp_send(fd, &from, &lo, 500, "much longer than that", 21), 0);
	assert_true(readable(fd, 2000));
	assert_int_equal(udp_recv(fd, in, sizeof(in), &local, &remote, &port), 0);
	assert_int_equal(udp_open(500), -EADDRINUSE);
	close(fd);
}

static void the_control_socket_is_private_and_replaces_only_a_dead_one(void **state)
{
	char dir[] = "/tmp/culvert-test-XXXXXX", path[64];
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	int fd = unix_listen(path);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(unix_listen(path), -EADDRINUSE);
	close(fd);
	fd = unix_listen(path);
	assert_true(fd >= 0);
	close(fd);
	char longer[200];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(unix_listen(longer), -ENAMETOOLONG);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_keeps_addresses_ports_and_tos),
		cmocka_unit_test(raw_sends_whole_packets_and_gets_them_with_their_interface),
		cmocka_unit_test(a_packet_that_the_kernel_refuses_does_not_hold_up_the_others),
		cmocka_unit_test(an_empty_pool_loses_nothing_that_waits),
		cmocka_unit_test(icmp_is_sent_and_only_fragmentation_needed_is_heard),
		cmocka_unit_test(a_tun_carries_packets_both_ways_and_outlives_its_descriptor),
		cmocka_unit_test(a_long_name_is_refused),
		cmocka_unit_test(udp_send_and_receive_tell_both_ends),
		cmocka_unit_test(the_control_socket_is_private_and_replaces_only_a_dead_one),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
