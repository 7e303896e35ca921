/* SPDX-License-Identifier: Apache-2.0 */
/* GRE and IP in IP from strangers, at tunnels of every kind over both families: whatever comes, nothing crashes,
 * no buffer is lost, nothing goes out but keepalives and answers to keepalives (to the peer,
 * no longer than what they answer but for our own GRE header), and what reaches a TUN was a whole packet.
 *
 * Input: records of how (which tunnel, whether its checksum is made right), length, bytes
 * behind the outer header. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/internal.h"
#include "packet/ip4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define US   0xc0000201 /* 192.0.2.1 */
#define PEER 0xc6336400 /* 198.51.100.0, plus the number of the tunnel */
#define OWN  0xac100001 /* 172.16.0.1 */
#define IFID 7

enum { TUN, GRE, GRE6, N_PORTS };
enum { N_TUNNELS = 16, RIGHT_SUM = 0x10, TIME = 0x20 };

static struct port ports[N_PORTS];
static uint8_t packet[PKT_DATA_MAX];
static size_t packet_len; /* what the next recv finds; 0: nothing */
static uint64_t now_ms = 1000;

static void check(bool ok)
{
	if (!ok)
		abort();
}

static size_t take(struct port *port, struct pool *pool, struct batch *b)
{
	struct pkt *p = packet_len ? pkt_get(pool) : NULL;

	(void)port;
	if (!p)
		return 0;
	memcpy(p->data, packet, packet_len);
	p->len = (uint32_t)packet_len;
	p->ifindex = IFID;
	(void)batch_add(b, p);
	return 1;
}

static size_t sink(struct port *port, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct span s = span_of(b->p[i]->data, b->p[i]->len);
		struct ip_view h;

		check(port != &ports[GRE6]); /* over IPv6 nobody is answered */
		check(ip_peek(s, &h) && h.total_len == s.len);
		if (port == &ports[GRE])
			check(h.src == US && (h.dst & ~15u) == PEER && h.proto == IPPROTO_GRE_ &&
			      (packet_len == 0 || s.len <= packet_len + 12));
	}
	return b->n;
}

static void leave(struct port *port)
{
	(void)port;
}

static const struct port_ops ops = { take, sink, leave };

static uint64_t fuzz_now(void *ctx)
{
	(void)ctx;
	return now_ms;
}

static void fuzz_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 0x33, n);
}

static int fuzz_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	(void)ctx;
	close(fd);
	*ret_port = &ports[desc->id];
	return 0;
}

static bool fuzz_control(void *ctx, const struct fwd_msg *m)
{
	(void)ctx;
	(void)m;
	return true;
}

static void ask(struct forwarder *f, struct fwd_msg *m)
{
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));
	int fd = m->type == FWD_PORT_ADD ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	m->seq = 1;
	fwd_encode(&w, m);
	forwarder_message(f, wr_done(&w), fd);
}

static struct ipaddr end6(uint8_t n)
{
	return (struct ipaddr){ .family = IP_V6, .b = { 0x20, 1, [15] = n } };
}

/* The number of a tunnel says what it has. */
static struct forwarder *world(void)
{
	static const uint8_t kinds[] = { [TUN] = FWD_PORT_TUNNEL, [GRE] = FWD_PORT_GRE,
					 [GRE6] = FWD_PORT_GRE6 };
	struct forwarder_env env = { fuzz_now, fuzz_random, fuzz_port, fuzz_control, NULL };
	struct forwarder *f = forwarder_new(&env);
	struct fwd_msg m;

	check(f);
	for (uint32_t i = 0; i < N_PORTS; i++) {
		ports[i] = (struct port){ .ops = &ops, .fd = -1 };
		m = (struct fwd_msg){ .type = FWD_PORT_ADD, .u.port = { .id = i, .kind = kinds[i] } };
		ask(f, &m);
	}
	m = (struct fwd_msg){ .type = FWD_TABLE_BEGIN };
	ask(f, &m);
	for (uint32_t i = 0; i < N_TUNNELS; i++) {
		m = (struct fwd_msg){ .type = FWD_TUNNEL_ADD };
		m.u.tunnel = (struct fwd_tunnel){
			.tunnel_id = i, .tun_port = TUN, .src = ipaddr_v4(US),
			.dst = ipaddr_v4(PEER + i), .egress_ifid = IFID, .ttl = 255, .tos = 0xff,
			.up = true, .adjust_mss = 500, .has_key = i & 1, .key = i & 1 ? 0x4d2 : 0,
			.sequence = i & 2, .checksum = i & 4, .keepalive_sec = i & 8 ? 10 : 0,
			.keepalive_retries = 2, .encap = i == 6 ? FWD_ENCAP_IPIP : FWD_ENCAP_GRE,
			.own = ipaddr_v4(OWN) };
		ask(f, &m);
		m.u.tunnel.tunnel_id += N_TUNNELS;
		m.u.tunnel.src = end6(0xff);
		m.u.tunnel.dst = end6((uint8_t)i);
		m.u.tunnel.encap = i == 6 ? FWD_ENCAP_IPV6 : FWD_ENCAP_GRE;
		ask(f, &m);
	}
	m = (struct fwd_msg){ .type = FWD_TABLE_COMMIT };
	ask(f, &m);
	check(f->all->table.n_tunnels == 2 * N_TUNNELS);
	return f;
}

static void make_sum_right(uint8_t *at, size_t len)
{
	at[0] |= 0x80;
	memset(at + 4, 0, 2);
	uint16_t sum = ip_checksum(at, len);
	at[4] = (uint8_t)(sum >> 8);
	at[5] = (uint8_t)sum;
}

/* The same over IPv6; a tunnel that is not GRE has what the body looks like. */
static void arrive6(struct forwarder *f, uint8_t how, struct span body)
{
	uint8_t i = how % N_TUNNELS;
	struct ipaddr us = end6(0xff), peer = end6(i);
	struct ip_view h = { .ttl = 60, .tos = how >> 6, .proto = IPPROTO_GRE_ };

	if (i == 6)
		h.proto = ip_proto_of(body.len && body.p[0] >> 4 == 6 ? IP_V6 : IP_V4);
	packet_len = IP6_HEADER + body.len;
	h.total_len = (uint16_t)packet_len;
	ip6_write(packet, &h, &peer, &us);
	if (body.len)
		memcpy(packet + IP6_HEADER, body.p, body.len);
	if (how & RIGHT_SUM && body.len >= 8)
		make_sum_right(packet + IP6_HEADER, body.len);
	forwarder_poll_port(f, &ports[GRE6]);
	packet_len = 0;
}

static void arrive(struct forwarder *f, uint8_t how, struct span body)
{
	uint32_t i = how % N_TUNNELS;
	struct ip_view h = { .ttl = 60, .src = PEER + i, .dst = US, .tos = how >> 6,
			 .proto = i == 6 ? IPPROTO_IPIP_ : IPPROTO_GRE_ };
	uint8_t *at = packet + IP4_HEADER;

	packet_len = IP4_HEADER + body.len;
	h.total_len = (uint16_t)packet_len;
	ip4_write(packet, &h);
	if (body.len)
		memcpy(at, body.p, body.len);
	if (how & RIGHT_SUM && body.len >= 8)
		make_sum_right(at, body.len);
	forwarder_poll_port(f, &ports[GRE]);
	packet_len = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct forwarder *f;
	struct rd r = rd_of(data, size);

	if (!f)
		f = world();
	while (rd_left(&r)) {
		uint8_t how = rd_u8(&r);
		size_t len = rd_u8(&r);
		struct span body = rd_take(&r, len < rd_left(&r) ? len : rd_left(&r));

		if (r.bad)
			break;
		if (how & TIME) {
			now_ms += len * 100;
			forwarder_tick(f);
		}
		arrive(f, how, body);
		arrive6(f, how, body);
	}
	check(f->pool.n_free == f->pool.n && !f->out.n);
	now_ms += 60000; /* the windows of sequence numbers are over */
	return 0;
}
