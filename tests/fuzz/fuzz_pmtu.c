/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP errors, and packets that do not fit, at a whole forwarder: nothing crashes, no buffer
 * is lost, no path becomes wider than configured or narrower than the floor, nobody who
 * does not know the SPI moves it, and what leaves fits the path that is in force.
 *
 * Input: one byte of setup (0x80: all of it over IPv6), then records of kind, length (2 bytes, big-endian), bytes. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define US    0xc0000201 /* 192.0.2.1 */
#define PEER  0xc6336401 /* 198.51.100.1 */
#define IFID  7
#define SPI   0x53504901
#define WIDEST 1500u
#define FLOOR (v6 ? IP6_LEAST_MTU : 576u)
#define RECORDS_MAX 60

enum { P_TUNNEL, P_STEER, P_ESP, P_GRE, P_UDP, P_ICMP, P_ESP6, P_GRE6, P_UDP6, P_ICMP6, N_PORTS };
/* NOTICE: the body is next-hop MTU, protocol and total length of the packet that did not fit,
 * and what followed its header; the rest of the message is right. */
enum kind { TO_TUNNEL, TO_STEER, TO_ICMP, NOTICE, NOTICE_OF_SA, TIME, N_KINDS };

static struct port ports[N_PORTS];
static uint8_t coming[PKT_DATA_MAX];
static size_t coming_len;
static bool has_coming;
static uint64_t now_ms;
static struct forwarder *f;
static bool udp, transport, v6;

static void check(bool ok)
{
	if (!ok)
		abort();
}

static size_t take(struct port *port, struct pool *pool, struct batch *b)
{
	struct pkt *p = has_coming ? pkt_get(pool) : NULL;

	(void)port;
	if (!p)
		return 0;
	has_coming = false;
	p->len = (uint32_t)coming_len;
	memcpy(p->data, coming, coming_len);
	p->ifindex = IFID;
	(void)batch_add(b, p);
	return 1;
}

static struct sa *the_sa(void)
{
	return sad_by_id(&f->all->sad, 1);
}

static size_t sink(struct port *port, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct pkt *p = b->p[i];
		struct ip_view h;

		bool gre = port == &ports[P_GRE] || port == &ports[P_GRE6];

		check((port < &ports[P_ESP6]) == !v6 || port == &ports[P_ICMP] ||
		      port == &ports[P_ICMP6] || port < &ports[P_ESP]);
		if (gre || port == &ports[P_ESP] || port == &ports[P_ESP6]) {
			/* of a later fragment, what it says is next is not looked at */
			check(ip_peek(span_of(p->data, p->len), &h) ? h.total_len == p->len : v6);
			check(v6 || ip_checksum(p->data, h.header_len) == 0);
			check(p->len <= (gre ? pmtu_of_tunnel(f->all->tunnels) : the_sa()->path_mtu));
		}
		if ((port == &ports[P_UDP] || port == &ports[P_UDP6]) && p->outer_df)
			check(p->len + (v6 ? 48u : 28u) <= the_sa()->path_mtu);
		if (port == &ports[P_ICMP6]) {
			check(p->len >= 8 + IP6_HEADER && p->len <= IP6_LEAST_MTU - IP6_HEADER);
			check(p->data[0] == 2 && !p->data[1]);
			check((p->data[6] << 8 | p->data[7]) >= IP6_LEAST_MTU);
		}
		if (port == &ports[P_ICMP]) {
			check(p->len >= 8 + IP4_HEADER && ip_checksum(p->data, p->len) == 0);
			check(p->data[0] == 3 && p->data[1] == 4);
			check((p->data[6] << 8 | p->data[7]) >= 68);
		}
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
	check(m->type != FWD_RESULT || m->u.error == 0);
	return true;
}

static void ask(struct fwd_msg *m)
{
	uint8_t buf[1024];
	struct wr w = wr_of(buf, sizeof(buf));
	int fd = m->type == FWD_PORT_ADD ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	m->seq = 1;
	fwd_encode(&w, m);
	forwarder_message(f, wr_done(&w), fd);
}

static void add_ports(void)
{
	static const uint8_t kinds[] = { FWD_PORT_TUNNEL, FWD_PORT_STEER, FWD_PORT_ESP, FWD_PORT_GRE,
					 FWD_PORT_UDP_ENCAP, FWD_PORT_ICMP, FWD_PORT_ESP6,
					 FWD_PORT_GRE6, FWD_PORT_UDP6_ENCAP, FWD_PORT_ICMP6 };

	for (uint32_t i = 0; i < N_PORTS; i++) {
		struct fwd_msg m = { .type = FWD_PORT_ADD,
				     .u.port = { .id = i, .kind = kinds[i], .ifid = IFID } };

		ports[i] = (struct port){ .ops = &ops, .fd = -1 };
		ask(&m);
	}
}

static struct ipaddr us(void)
{
	struct ipaddr a = { .family = IP_V6, .b = { 0x20, 1, [15] = 1 } };

	return v6 ? a : ipaddr_v4(US);
}

static struct ipaddr peer(void)
{
	struct ipaddr a = { .family = IP_V6, .b = { 0x20, 1, [15] = 2 } };

	return v6 ? a : ipaddr_v4(PEER);
}

static void world(uint8_t setup)
{
	struct forwarder_env env = { fuzz_now, fuzz_random, fuzz_port, fuzz_control, NULL };
	bool gre = setup & 1;
	struct selector sel = { .local = addr_match_v4(gre ? US : 0x0a000000, gre ? 0 : 0xffffff),
				.remote = addr_match_v4(gre ? PEER : 0x0a000000, gre ? 0 : 0xffffff),
				.proto = gre ? IPPROTO_GRE_ : 0 };
	struct fwd_msg m;

	v6 = setup & 128;
	if (v6) { /* of the LAN everything */
		sel.local = (struct addr_match){ .addr = gre ? us() : (struct ipaddr){ .family = IP_V6 } };
		sel.remote = (struct addr_match){ .addr = gre ? peer() : (struct ipaddr){ .family = IP_V6 } };
		memset(sel.local.wild, gre ? 0 : 0xff, 16);
		memset(sel.remote.wild, gre ? 0 : 0xff, 16);
	}
	transport = setup & 2;
	udp = setup & 4;
	if (!f) { /* its memory is much: once for all inputs */
		f = forwarder_new(&env);
		check(f != NULL);
		add_ports();
	}
	m = (struct fwd_msg){ .type = FWD_TABLE_BEGIN };
	ask(&m);
	m = (struct fwd_msg){ .type = FWD_POLICY_ADD,
			      .u.policy = { .id = 1, .ifid = IFID, .map_seq = 1,
					    .action = FWD_POLICY_PROTECT, .sel = sel,
					    .path_mtu = WIDEST, .df_bit = (uint8_t)((setup >> 3 & 3) % 3),
					    .frag_after = setup & 32 } };
	ask(&m);
	m = (struct fwd_msg){ .type = FWD_TUNNEL_ADD,
			      .u.tunnel = { .tun_port = P_TUNNEL, .src = us(),
					    .dst = peer(), .egress_ifid = IFID, .ttl = 255,
					    .tos = 0xff, .adjust_mss = 500, .up = true,
					    .path_mtu = WIDEST, .pmtud = setup & 64, .pmtu_age_min = 10,
					    .pmtu_least = (uint16_t)FLOOR } };
	ask(&m);
	m = (struct fwd_msg){ .type = FWD_TABLE_COMMIT };
	ask(&m);
	m = (struct fwd_msg){ .type = FWD_SA_ADD,
			      .u.sa = { .id = 1, .pair_id = 1, .policy_id = 1, .dir = SA_OUT,
					.proto = PROTO_ESP, .mode = transport ? MODE_TRANSPORT : MODE_TUNNEL,
					.spi = SPI, .src = us(), .dst = peer(),
					.udp_encap = udp, .udp_sport = 4500, .udp_dport = 4500,
					.cipher = CIPHER_NULL, .sel = sel } };
	ask(&m);
}

/* What the packet that did not fit was, behind its header; false if the body is no notice. */
static bool quoted(struct wr *w, struct rd *r, bool of_sa)
{
	if (of_sa && udp)
		wr_be64(w, UINT64_C(0x1194119400640000));
	if (of_sa) {
		wr_be32(w, SPI);
		wr_be32(w, the_sa()->seq);
	}
	if (r->bad || rd_left(r) > 1000)
		return false;
	wr_span(w, rd_take(r, rd_left(r)));
	return true;
}

/* The same as below, of ICMPv6. */
static bool notice6(struct span body, bool of_sa)
{
	struct ipaddr router = { .family = IP_V6, .b = { 0x20, 9 } }, me = us(), he = peer();
	struct rd r = rd_span(body);
	uint16_t mtu = rd_be16(&r);
	uint8_t proto = rd_u8(&r), quote[1200];
	struct ip_view q = { .ttl = 60 }, h = { .ttl = 60, .proto = IPPROTO_ICMPV6_ };
	struct wr w = wr_of(quote + IP6_HEADER, sizeof(quote) - IP6_HEADER);

	q.total_len = rd_be16(&r);
	q.proto = of_sa ? (udp ? IPPROTO_UDP_ : IPPROTO_ESP_) : proto;
	if (!quoted(&w, &r, of_sa) || q.total_len < IP6_HEADER)
		return false;
	ip6_write(quote, &q, &me, &he);
	size_t n = icmp6_too_big(span_of(quote, IP6_HEADER + wr_len(&w)), mtu, &router, &me,
				 coming + IP6_HEADER, 2000);
	check(n != 0);
	h.total_len = (uint16_t)(IP6_HEADER + n);
	ip6_write(coming, &h, &router, &me);
	coming_len = h.total_len;
	return true;
}

/* An ICMP error around the body, which is right but for what the body says. */
static bool notice(struct span body, bool of_sa)
{
	struct rd r = rd_span(body);
	uint16_t mtu = rd_be16(&r);
	uint8_t proto = rd_u8(&r), quote[1200];
	struct ip_view q = { .ttl = 60, .id = 1, .src = US, .dst = PEER, .frag = IP4_DF };
	struct ip_view h = { .ttl = 60, .id = 1, .proto = IPPROTO_ICMP_, .src = 0xcb007101, .dst = US };
	struct wr w = wr_of(quote + IP4_HEADER, sizeof(quote) - IP4_HEADER);

	q.total_len = rd_be16(&r);
	q.proto = of_sa ? (udp ? IPPROTO_UDP_ : IPPROTO_ESP_) : proto;
	if (!quoted(&w, &r, of_sa))
		return false;
	ip4_write(quote, &q);
	size_t n = icmp4_too_big(span_of(quote, IP4_HEADER + wr_len(&w)), mtu, coming + IP4_HEADER, 2000);
	check(n != 0);
	h.total_len = (uint16_t)(IP4_HEADER + n);
	ip4_write(coming, &h);
	coming_len = h.total_len;
	return true;
}

static bool has_spi(struct span s)
{
	static const uint8_t spi[] = { SPI >> 24, SPI >> 16 & 255, SPI >> 8 & 255, SPI & 255 };

	return s.len >= 4 && memmem(s.p, s.len, spi, 4) != NULL;
}

static void one(uint8_t kind, struct span body)
{
	static const uint8_t port_of[][2] = { { P_TUNNEL, P_TUNNEL }, { P_STEER, P_STEER }, { P_ICMP, P_ICMP6 },
					      { P_ICMP, P_ICMP6 }, { P_ICMP, P_ICMP6 } };
	uint16_t before = the_sa()->path_mtu;
	bool off = the_sa()->df_off;

	if (kind == NOTICE || kind == NOTICE_OF_SA) {
		if (!(v6 ? notice6(body, kind == NOTICE_OF_SA) : notice(body, kind == NOTICE_OF_SA)))
			return;
	} else {
		coming_len = body.len;
		if (body.len)
			memcpy(coming, body.p, body.len);
	}
	has_coming = true;
	forwarder_poll_port(f, &ports[port_of[kind][v6]]);
	check(the_sa()->path_mtu <= before && the_sa()->path_mtu >= FLOOR);
	check(pmtu_of_tunnel(f->all->tunnels) <= WIDEST && pmtu_of_tunnel(f->all->tunnels) >= FLOOR);
	if (kind != NOTICE_OF_SA && !has_spi(body))
		check(the_sa()->path_mtu == before && the_sa()->df_off == off);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_of(data, size);

	now_ms += 1000;
	world(rd_u8(&r));
	for (int n = 0; n < RECORDS_MAX && rd_left(&r); n++) {
		uint8_t kind = (uint8_t)(rd_u8(&r) % N_KINDS);
		size_t len = rd_be16(&r);
		struct span body = rd_take(&r, len < rd_left(&r) ? len : rd_left(&r));

		if (kind == TIME) {
			now_ms += len * 100;
			forwarder_tick(f);
		} else if (body.len <= PKT_DATA_MAX) {
			one(kind, body);
		}
		check(f->pool.n_free + f->all->n_waiting == f->pool.n && !f->out.n);
	}
	/* everything is forgotten in the end */
	now_ms += 11 * 60 * 1000;
	forwarder_tick(f);
	check(the_sa()->path_mtu == WIDEST && !f->all->paths_learned && !f->all->n_waiting);
	struct fwd_msg m = { .type = FWD_SA_DEL, .u.id = 1 };
	ask(&m);
	return 0;
}
