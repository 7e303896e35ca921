/* SPDX-License-Identifier: Apache-2.0 */
/* Super-packets over a real TUN of a namespace of our own. What the kernel sends into it comes back with
 * its addresses exchanged: so its TCP talks to itself through the port, and judges every packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "host/netlink.h"
#include "host/ports.h"
#include "host/privs.h"
#include "host/tun.h"
#include "netns.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED /* its own calls are not among those that the filter allows */
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

#define TOTAL (4u << 20)
#define PORT  5000

static bool allowed;
static struct pool pool;
static uint8_t sent[TOTAL], got[TOTAL + 1];

static int set_up(void **state)
{
	(void)state;
	allowed = own_netns() && loopback_up();
	(void)put_file("/proc/sys/net/ipv6/conf/default/dad_transmits", "0"); /* an address is there at once */
	for (size_t i = 0; i < TOTAL; i++)
		sent[i] = (uint8_t)((i * 2654435761u) >> 13);
	return pool_init(&pool, 4 * BATCH_MAX);
}

static int tear_down(void **state)
{
	(void)state;
	pool_fini(&pool);
	return 0;
}

/* ---- what the kernel answers ---- */

ssize_t __real_writev(int fd, const struct iovec *v, int n);
ssize_t __wrap_writev(int fd, const struct iovec *v, int n);

static int refuse; /* the errno that super-packets get; 0: what the kernel says */
static unsigned asked;

ssize_t __wrap_writev(int fd, const struct iovec *v, int n)
{
	asked++;
	if (!refuse)
		return __real_writev(fd, v, n);
	errno = refuse;
	return -1;
}

/* ---- packets ---- */

/* The ones' complement sum of network words, going on from another. */
static uint32_t sum_of(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static bool sums_are_right(const uint8_t *p, size_t n)
{
	return n > 40 && sum_of(p, 20, 0) == 0xffff &&
	       sum_of(p + 20, n - 20, sum_of(p + 12, 8, p[9] + (uint32_t)n - 20)) == 0xffff;
}

/* The nth of a flow of TCP (6) or UDP (17) from 10.0.0.2 to 10.0.0.1, with 20 bytes of payload. */
static struct pkt *segment(uint8_t proto, uint8_t nth)
{
	struct pkt *k = pkt_get(&pool);
	size_t len = proto == 6 ? 60 : 48, at = proto == 6 ? 36 : 26;
	const uint8_t ip[20] = { 0x45, 0, 0, (uint8_t)len, 0, nth, 0x40, 0, 64, proto, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1 },
		      tcp[20] = { 0, 1, 0, 2, 0, 0, 1, (uint8_t)(20 * nth), 0, 0, 0, 0, 0x50, 0x10 },
		      udp[8] = { 0, 1, 0, 2, 0, 28 };
	uint32_t sum;

	assert_non_null(k);
	memset(k->data, nth, k->len = (uint32_t)len);
	memcpy(k->data, ip, sizeof(ip));
	if (proto == 6)
		memcpy(k->data + 20, tcp, sizeof(tcp));
	else
		memcpy(k->data + 20, udp, sizeof(udp));
	sum = ~sum_of(k->data, 20, 0);
	k->data[10] = (uint8_t)(sum >> 8);
	k->data[11] = (uint8_t)sum;
	sum = ~sum_of(k->data + 20, len - 20, sum_of(k->data + 12, 8, proto + (uint32_t)len - 20));
	k->data[at] = (uint8_t)(sum >> 8);
	k->data[at + 1] = (uint8_t)sum;
	assert_true(sums_are_right(k->data, k->len));
	return k;
}

/* ---- the TUN ---- */

struct mirror {
	struct nl *nl;
	struct port *port;
	struct tun_how how;
	uint32_t ifindex;
	size_t cut, largest, more; /* packets of the port; bytes of the largest; calls that left some */
};

static void mirror_up_mtu(struct mirror *m, bool offload, unsigned mtu)
{
	struct ipaddr v4 = ipaddr_v4(0x0A000001), v6 = { IP_V6, { 0xfd, [15] = 1 } };
	struct fwd_port desc = { .id = 1, .kind = FWD_PORT_TUNNEL };
	int fd;

	*m = (struct mirror){ 0 };
	assert_int_equal(nl_open(&m->nl), 0);
	fd = tun_open("tun8", offload, &m->ifindex, &m->how);
	assert_true(fd >= 0);
	desc.how = m->how.bits;
	assert_int_equal(host_make_port(NULL, &desc, fd, &m->port), 0);
	assert_int_equal(nl_link_set(m->nl, m->ifindex, true, mtu), 0);
	assert_int_equal(nl_addr_add(m->nl, m->ifindex, &v4, 24), 0);
	if (mtu >= 1280)
		assert_int_equal(nl_addr_add(m->nl, m->ifindex, &v6, 64), 0);
}

static void mirror_up(struct mirror *m, bool offload)
{
	mirror_up_mtu(m, offload, 1500);
}

static void mirror_down(struct mirror *m)
{
	m->port->ops->close(m->port);
	(void)nl_link_del(m->nl, m->ifindex);
	nl_close(m->nl);
}

static void exchange(uint8_t *data)
{
	uint8_t was[16];
	size_t at = data[0] >> 4 == 6 ? 8 : 12, n = data[0] >> 4 == 6 ? 16 : 4;

	memcpy(was, data + at, n);
	memmove(data + at, data + at + n, n);
	memcpy(data + at + n, was, n);
}

/* What has come goes back. */
static void reflect(struct mirror *m)
{
	struct batch b = { 0 };

	(void)m->port->ops->recv(m->port, &pool, &b);
	m->more += m->port->more;
	for (size_t i = 0; i < b.n; i++) {
		m->cut++;
		m->largest = b.p[i]->len > m->largest ? b.p[i]->len : m->largest;
		exchange(b.p[i]->data);
	}
	assert_int_equal(m->port->ops->send(m->port, &b), b.n);
	batch_put(&pool, &b);
	assert_int_equal(pool.n_free, pool.n);
}

struct counts {
	uint64_t rx, tx;
};

static void count_link(void *ctx, const struct nl_link *l)
{
	struct counts *c = ctx;

	if (!strcmp(l->name, "tun8"))
		*c = (struct counts){ l->rx_packets, l->tx_packets };
}

static struct counts counts_of(struct mirror *m)
{
	struct counts c = { 0 };

	assert_int_equal(nl_links(m->nl, count_link, &c), 0);
	return c;
}

/* ---- the two ends ---- */

union addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t addr_of(union addr *a, bool v6, unsigned host)
{
	if (v6) {
		a->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(PORT),
					       .sin6_addr = { { { 0xfd, [15] = (uint8_t)host } } } };
		return sizeof(a->v6);
	}
	a->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(PORT),
				      .sin_addr.s_addr = htonl(0x0A000000 + host) };
	return sizeof(a->v4);
}

static int ear(bool v6, int type)
{
	int fd = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), size = 8 << 20, on = 1;
	union addr a;
	socklen_t n = addr_of(&a, v6, 1);

	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	for (int i = 0; bind(fd, &a.sa, n) && i < 100; i++)
		usleep(20000); /* the address is being looked for */
	assert_true(type == SOCK_DGRAM || listen(fd, 1) == 0);
	return fd;
}

static int mouth(bool v6, int type)
{
	int fd = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	union addr a;
	socklen_t n = addr_of(&a, v6, 2);

	assert_true(fd >= 0);
	assert_true(connect(fd, &a.sa, n) == 0 || errno == EINPROGRESS);
	return fd;
}

/* What the kernel has refused for its checksum: lines come in pairs, names and numbers. */
static unsigned long wrong_sums(void)
{
	FILE *f = fopen("/proc/thread-self/net/snmp", "r");
	char names[1024], numbers[1024];
	unsigned long sum = 0, n;

	while (f && fgets(names, sizeof(names), f) && fgets(numbers, sizeof(numbers), f)) {
		char *at = NULL, *bt = NULL, *a = strtok_r(names, " \n", &at), *b = strtok_r(numbers, " \n", &bt);

		for (; a && b; a = strtok_r(NULL, " \n", &at), b = strtok_r(NULL, " \n", &bt))
			if (!strcmp(a, "InCsumErrors"))
				sum += strtoul(b, NULL, 10);
	}
	if (f)
		fclose(f);
	f = fopen("/proc/thread-self/net/snmp6", "r");
	while (f && fgets(names, sizeof(names), f))
		if (sscanf(names, "Udp6InCsumErrors %lu", &n) == 1)
			sum += n;
	if (f)
		fclose(f);
	return sum;
}

static void talk_tcp(struct mirror *m, bool v6)
{
	int listener = ear(v6, SOCK_STREAM), a = mouth(v6, SOCK_STREAM), b = -1;
	size_t out = 0, in = 0;

	for (int idle = 0; in < TOTAL && idle < 20000; idle++) {
		struct pollfd p = { .fd = m->port->fd, .events = POLLIN };
		ssize_t n;

		if (m->port->more || poll(&p, 1, 1) == 1)
			reflect(m);
		if (b < 0)
			b = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		n = out < TOTAL ? send(a, sent + out, TOTAL - out, MSG_NOSIGNAL) : -1;
		out += n > 0 ? (size_t)n : 0;
		n = b >= 0 ? recv(b, got + in, sizeof(got) - in, 0) : -1;
		in += n > 0 ? (size_t)n : 0;
	}
	assert_int_equal(in, TOTAL);
	assert_memory_equal(got, sent, TOTAL);
	close(a);
	close(b);
	close(listener);
}

static void tcp_comes_through_mtu(bool v6, bool offload, unsigned mtu)
{
	unsigned long wrong = wrong_sums();
	struct counts was, now;
	struct mirror m;

	mirror_up_mtu(&m, offload, mtu);
	was = counts_of(&m);
	talk_tcp(&m, v6);
	now = counts_of(&m);
	assert_int_equal(wrong_sums(), wrong);
	assert_true(m.largest <= mtu && m.cut >= TOTAL / (mtu - 52));
	if (!offload) {
		assert_int_equal(m.how.bits, 0);
		assert_true(now.tx - was.tx >= m.cut && now.rx - was.rx >= m.cut);
	} else if (m.how.bits) {
		/* the kernel counts what crosses the descriptor */
		assert_true((now.tx - was.tx) * 4 < m.cut);
		assert_true((now.rx - was.rx) * 2 < m.cut);
		/* a batch holds what was one for the sender, as far as it has room */
		assert_true(mtu == 1500 ? m.more < m.cut / 4 : m.more > 0);
	}
	mirror_down(&m);
}

static void tcp_comes_through(bool v6, bool offload)
{
	tcp_comes_through_mtu(v6, offload, 1500);
}

static void tcp_of_more_segments_than_a_batch_holds(void **state)
{
	NEEDS(allowed);
	tcp_comes_through_mtu(false, true, 576);
}

static void tcp_over_ipv4_by_super_packets(void **state)
{
	NEEDS(allowed);
	tcp_comes_through(false, true);
}

static void tcp_over_ipv6_by_super_packets(void **state)
{
	NEEDS(allowed);
	tcp_comes_through(true, true);
}

static void tcp_packet_by_packet(void **state)
{
	NEEDS(allowed);
	tcp_comes_through(false, false);
	tcp_comes_through(true, false);
}

/* Datagrams stay datagrams: 40 of 1000 bytes and one of 500. */
static void udp_comes_through(bool v6, bool offload)
{
	unsigned long wrong = wrong_sums();
	struct counts was, now;
	struct mirror m;
	int segment = 1000, a, b;
	size_t n = 0;

	mirror_up(&m, offload);
	b = ear(v6, SOCK_DGRAM);
	a = mouth(v6, SOCK_DGRAM);
	assert_int_equal(setsockopt(a, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
	was = counts_of(&m);
	for (int turn = 0; turn < 20; turn++) {
		assert_int_equal(send(a, sent, 40500, 0), 40500);
		struct pollfd p = { .fd = m.port->fd, .events = POLLIN };
		while (m.port->more || poll(&p, 1, 20) == 1)
			reflect(&m);
		for (size_t at = 0; at < 40500; at += 1000, n++) {
			size_t want = at < 40000 ? 1000 : 500;

			assert_int_equal(recv(b, got, sizeof(got), 0), want);
			assert_memory_equal(got, sent + at, want);
		}
		assert_int_equal(recv(b, got, sizeof(got), 0), -1);
	}
	now = counts_of(&m);
	assert_int_equal(wrong_sums(), wrong);
	if (m.how.bits & FWD_HOW_USO) {
		assert_true((now.tx - was.tx) * 10 < n);
		assert_true((now.rx - was.rx) * 10 < n);
	}
	close(a);
	close(b);
	mirror_down(&m);
}

static void udp_by_super_packets(void **state)
{
	NEEDS(allowed);
	udp_comes_through(false, true);
	udp_comes_through(true, true);
}

static void udp_datagram_by_datagram(void **state)
{
	NEEDS(allowed);
	udp_comes_through(false, false);
	udp_comes_through(true, false);
}

/* ---- who made it before ---- */

static int make_as(const char *name, int flags, unsigned offload, int header)
{
	struct ifreq r = { .ifr_flags = (short)(IFF_TUN | IFF_NO_PI | flags) };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	assert_true(fd >= 0);
	strcpy(r.ifr_name, name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &r), 0);
	assert_int_equal(ioctl(fd, TUNSETPERSIST, 1), 0);
	if (header)
		assert_int_equal(ioctl(fd, TUNSETVNETHDRSZ, &header), 0);
	if (offload)
		assert_int_equal(ioctl(fd, TUNSETOFFLOAD, offload), 0);
	return fd;
}

static void a_tun_that_others_have_made_is_taken_over(void **state)
{
	NEEDS(allowed);
	/* by an older process, without a header */
	close(make_as("tun8", 0, 0, 0));
	tcp_comes_through(false, true);
	/* by a newer one, with a longer header than ours, by one that is told to go without */
	close(make_as("tun8", IFF_VNET_HDR, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, 12));
	tcp_comes_through(false, true);
	close(make_as("tun8", IFF_VNET_HDR, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, 12));
	tcp_comes_through(false, false);
	udp_comes_through(false, false);
	/* with several queues, of which another process has one: it is not ours to join */
	struct tun_how how;
	uint32_t ifindex;
	int fd = make_as("tun8", IFF_MULTI_QUEUE, 0, 0);
	assert_int_equal(tun_open("tun8", true, &ifindex, &how), -EBUSY);
	tun_remove(fd);
}

static void it_is_said_how_it_works(void **state)
{
	struct tun_how how;
	uint32_t ifindex;
	int fd;

	NEEDS(allowed);
	fd = tun_open("tun8", true, &ifindex, &how);
	assert_true(fd >= 0);
	assert_true(how.bits & FWD_HOW_VNET ? strstr(how.text, "super-packets") != NULL :
					      strstr(how.text, "one packet a call (IFF_VNET_HDR: ") != NULL);
	tun_remove(fd);
	fd = tun_open("tun8", false, &ifindex, &how);
	assert_true(fd >= 0);
	assert_int_equal(how.bits, 0);
	assert_string_equal(how.text, "one packet a call");
	tun_remove(fd);
}

/* Fills the TUN's queue with super-packets until it is told to stop. */
static void *flood(void *stop)
{
	int segment_size = 1000, a = mouth(false, SOCK_DGRAM);

	(void)setsockopt(a, IPPROTO_UDP, UDP_SEGMENT, &segment_size, sizeof(segment_size));
	while (!atomic_load((atomic_bool *)stop))
		(void)send(a, sent, 4000, MSG_DONTWAIT);
	close(a);
	return NULL;
}

/* What comes to a descriptor without a header is whole, whatever was agreed on with the one before it, and
 * though packets never cease to come. */
static void what_an_earlier_process_agreed_on_is_over_at_once(void **state)
{
	atomic_bool stop = false;
	struct mirror m;
	pthread_t thread;
	size_t seen = 0;

	NEEDS(allowed);
	mirror_up(&m, true);
	assert_int_equal(pthread_create(&thread, NULL, flood, &stop), 0);
	for (unsigned turn = 0; turn < 60; turn++) {
		struct tun_how how;
		uint32_t ifindex;
		ssize_t n = 0;
		int fd;

		m.port->ops->close(m.port);
		fd = tun_open("tun8", false, &ifindex, &how);
		assert_true(fd >= 0);
		for (unsigned k = 0; k < 20 && n >= 0; k++) {
			struct pollfd p = { .fd = fd, .events = POLLIN };

			(void)poll(&p, 1, 20);
			n = read(fd, got, sizeof(got));
			if (n < 28 || got[9] != 17) /* the kernel has IPv6 of its own to say */
				continue;
			assert_int_equal(n, 1028);
			assert_true(sums_are_right(got, (size_t)n));
			seen++;
		}
		close(fd);
		fd = tun_open("tun8", true, &ifindex, &how);
		assert_true(fd >= 0);
		struct fwd_port desc = { .id = 1, .kind = FWD_PORT_TUNNEL, .how = how.bits };
		assert_int_equal(host_make_port(NULL, &desc, fd, &m.port), 0);
	}
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(seen);
	mirror_down(&m);
}

/* ---- as the forwarder has it ---- */

/* Exit status of a forwarder without privileges that writes what needs a writev. */
static int confined(struct mirror *m)
{
	struct batch out = { 0 }, in = { 0 };

	if (privs_forwarder(true))
		return 1;
	asked = 0;
	for (uint8_t i = 0; i < 3; i++)
		(void)batch_add(&out, segment(6, i));
	if (m->port->ops->send(m->port, &out) != 3)
		return 2;
	if (m->how.bits && asked != 1)
		return 3;
	(void)m->port->ops->recv(m->port, &pool, &in);
	m->port->ops->close(m->port);
	return 0;
}

static void a_confined_forwarder_may_do_it(void **state)
{
	struct mirror m;
	int status = -1;
	pid_t pid;

	NEEDS(allowed);
#ifdef SANITIZED
	skip();
#endif
	mirror_up(&m, true);
	pid = fork();
	if (pid == 0)
		_exit(confined(&m));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	mirror_down(&m);
}

/* A super-packet that makes no sense is a packet without a byte, and those behind it come. */
static void what_is_refused_holds_up_nothing(void **state)
{
	static const uint8_t bad[] = { 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x45 }, good[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'x' };
	struct fwd_port desc = { .id = 1, .kind = FWD_PORT_STEER, .how = FWD_HOW_VNET };
	struct batch b = { 0 };
	struct port *p;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(host_make_port(NULL, &desc, pair[0], &p), 0);
	assert_int_equal(write(pair[1], bad, sizeof(bad)), sizeof(bad));
	assert_int_equal(write(pair[1], bad, 5), 5);
	assert_int_equal(write(pair[1], good, sizeof(good)), sizeof(good));
	assert_int_equal(p->ops->recv(p, &pool, &b), 3);
	assert_false(p->more);
	assert_int_equal(b.p[0]->len, 0);
	assert_int_equal(b.p[1]->len, 0);
	assert_int_equal(b.p[2]->len, 1);
	assert_int_equal(b.p[2]->data[0], 'x');
	batch_put(&pool, &b);
	p->ops->close(p);
	close(pair[1]);
}

/* Two of a flow and what came of them. */
static void send_two(struct port *p, int other, uint8_t proto, bool joined)
{
	struct batch b = { .n = 2, .p = { segment(proto, 0), segment(proto, 1) } };
	uint8_t out[256];

	assert_int_equal(p->ops->send(p, &b), 2);
	batch_put(&pool, &b);
	assert_int_equal(read(other, out, sizeof(out)), (proto == 6 ? 70 : 58) + (joined ? 20 : 0));
	assert_int_equal(out[1], !joined ? 0 : proto == 6 ? 1 : 5);
	assert_int_equal(read(other, out, sizeof(out)), joined ? -1 : proto == 6 ? 70 : 58);
}

/* It is told, with the reason, and other kinds go on. */
static void a_kind_that_the_kernel_does_not_know_is_not_tried_again(void **state)
{
	struct fwd_port desc = { .id = 1, .kind = FWD_PORT_STEER, .how = FWD_HOW_VNET | FWD_HOW_USO };
	struct port *p;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(host_make_port(NULL, &desc, pair[0], &p), 0);
	asked = 0;
	send_two(p, pair[1], 6, true);
	assert_int_equal(asked, 1);
	refuse = EINVAL;
	send_two(p, pair[1], 17, false);
	assert_int_equal(asked, 2);
	assert_int_equal(p->fell_back, -EINVAL);
	p->fell_back = 0; /* who was told */
	send_two(p, pair[1], 17, false);
	assert_int_equal(asked, 2);
	/* one that was refused says nothing of a kind that was taken before */
	send_two(p, pair[1], 6, false);
	refuse = 0;
	send_two(p, pair[1], 6, true);
	send_two(p, pair[1], 17, false);
	assert_int_equal(asked, 4);
	assert_int_equal(p->fell_back, 0);
	/* nor does another reason */
	p->ops->close(p);
	close(pair[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(host_make_port(NULL, &desc, pair[0], &p), 0);
	refuse = ENOMEM;
	send_two(p, pair[1], 6, false);
	refuse = 0;
	send_two(p, pair[1], 6, true);
	assert_int_equal(p->fell_back, 0);
	p->ops->close(p);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_over_ipv4_by_super_packets),
		cmocka_unit_test(tcp_over_ipv6_by_super_packets),
		cmocka_unit_test(tcp_of_more_segments_than_a_batch_holds),
		cmocka_unit_test(tcp_packet_by_packet),
		cmocka_unit_test(udp_by_super_packets),
		cmocka_unit_test(udp_datagram_by_datagram),
		cmocka_unit_test(a_tun_that_others_have_made_is_taken_over),
		cmocka_unit_test(it_is_said_how_it_works),
		cmocka_unit_test(what_an_earlier_process_agreed_on_is_over_at_once),
		cmocka_unit_test(a_confined_forwarder_may_do_it),
		cmocka_unit_test(what_is_refused_holds_up_nothing),
		cmocka_unit_test(a_kind_that_the_kernel_does_not_know_is_not_tried_again),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
