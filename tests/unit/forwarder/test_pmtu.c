/* SPDX-License-Identifier: Apache-2.0 */
/* Path MTU, DF and fragmentation in a whole forwarder whose ports are memory: what ICMP
 * errors are believed, what they change, and what is said to whoever sent too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/internal.h"
#include "packet/gre.h"

#define US    0xc0000201 /* 192.0.2.1 */
#define PEER  0xc6336401 /* 198.51.100.1 */
#define OTHER 0xc6336402
#define MID   0xcb007101 /* 203.0.113.1, a router between */
#define HOST  0x0a01010a /* 10.1.1.10 */
#define FAR   0x0a02010a /* 10.2.1.10 */
#define IFID  7
#define SPI   0x1234abcd
#define MINUTE 60000u

enum { P_STEER, P_ESP, P_GRE, P_TUN, P_ICMP, P_UDP, N_PORTS };
static const uint8_t kinds[N_PORTS] = { FWD_PORT_STEER, FWD_PORT_ESP, FWD_PORT_GRE, FWD_PORT_TUNNEL,
					FWD_PORT_ICMP, FWD_PORT_UDP_ENCAP };

/* ---- ports that are memory ---- */

#define KEPT 16
struct mem_port {
	struct port port;
	uint8_t in[4096];
	size_t in_len;
	size_t n; /* sent */
	uint8_t out[KEPT][4096];
	size_t len[KEPT];
	bool df[KEPT];
	struct ipaddr to[KEPT];
};

static struct mem_port ports[N_PORTS];
static uint64_t now_ms;
static struct fwd_msg last_policy, last_sa, last_tunnel;

static size_t mem_recv(struct port *port, struct pool *pool, struct batch *b)
{
	struct mem_port *m = (struct mem_port *)(void *)port;
	struct pkt *p = m->in_len ? pkt_get(pool) : NULL;

	if (!p)
		return 0;
	memcpy(p->data, m->in, m->in_len);
	p->len = (uint32_t)m->in_len;
	m->in_len = 0;
	(void)batch_add(b, p);
	return 1;
}

static size_t mem_send(struct port *port, struct batch *b)
{
	struct mem_port *m = (struct mem_port *)(void *)port;

	for (size_t i = 0; i < b->n; i++, m->n++) {
		assert_true(m->n < KEPT && b->p[i]->len <= sizeof(m->out[0]));
		m->len[m->n] = b->p[i]->len;
		memcpy(m->out[m->n], b->p[i]->data, b->p[i]->len);
		m->df[m->n] = b->p[i]->outer_df;
		m->to[m->n] = b->p[i]->remote;
	}
	return b->n;
}

static void mem_close(struct port *port)
{
	(void)port;
}

static const struct port_ops mem_ops = { mem_recv, mem_send, mem_close };

static uint64_t world_now(void *ctx)
{
	(void)ctx;
	return now_ms;
}

static void world_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 0x5a, n);
}

static int world_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	(void)ctx;
	close(fd);
	*ret_port = &ports[desc->id].port;
	return 0;
}

static bool world_control(void *ctx, const struct fwd_msg *m)
{
	(void)ctx;
	if (m->type == FWD_RESULT)
		assert_int_equal(m->u.error, 0);
	if (m->type == FWD_STATS_POLICY)
		last_policy = *m;
	if (m->type == FWD_STATS_SA)
		last_sa = *m;
	if (m->type == FWD_STATS_TUNNEL)
		last_tunnel = *m;
	return true;
}

static void ask(struct forwarder *f, struct fwd_msg *m)
{
	uint8_t buf[1024];
	struct wr wr = wr_of(buf, sizeof(buf));
	int fd = m->type == FWD_PORT_ADD ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	m->seq = 1;
	fwd_encode(&wr, m);
	forwarder_message(f, wr_done(&wr), fd);
}

/* ---- a world: one policy, one outbound SA, one tunnel ---- */

struct setup {
	uint8_t mode;
	bool udp, frag_after, pmtud;
	uint8_t df_bit;
	bool one_port; /* the policy is about one UDP port */
	bool gre; /* the policy protects the tunnel, else 10.1/16 to 10.2/16 */
	uint16_t least;
	uint8_t age_min;
};

static struct selector what(const struct setup *s)
{
	if (s->gre)
		return (struct selector){ .local = addr_match_v4(US, 0),
					  .remote = addr_match_v4(PEER, 0), .proto = 47 };
	struct selector lan = { .local = addr_match_v4(0x0a010000, 0xffff),
				.remote = addr_match_v4(0x0a020000, 0xffff) };

	if (s->one_port) {
		lan.proto = 17;
		lan.remote_port = (struct port_match){ PORT_EQ, 0x4141, 0 }; /* of send_inner() */
	}
	return lan;
}

static void add_sa(struct forwarder *f, const struct setup *s, uint32_t id, uint32_t spi, uint32_t dst)
{
	struct fwd_msg m = { .type = FWD_SA_ADD,
			     .u.sa = { .id = id, .pair_id = id, .policy_id = 1, .dir = SA_OUT,
				       .proto = PROTO_ESP, .mode = s->mode, .spi = spi,
				       .src = ipaddr_v4(US), .dst = ipaddr_v4(dst),
				       .udp_encap = s->udp, .udp_sport = 4500, .udp_dport = 4500,
				       .cipher = CIPHER_NULL, .auth = AUTH_HMAC_SHA1_96,
				       .auth_key.len = 20, .sel = what(s) } };

	ask(f, &m);
}

static struct forwarder *world(const struct setup *s)
{
	struct forwarder_env env = { world_now, world_random, world_port, world_control, NULL };
	struct forwarder *f;
	struct fwd_msg m;

	now_ms = 1000000;
	f = forwarder_new(&env);
	assert_non_null(f);
	for (uint32_t i = 0; i < N_PORTS; i++) {
		memset(&ports[i], 0, sizeof(ports[i]));
		ports[i].port = (struct port){ .ops = &mem_ops, .fd = -1 };
		m = (struct fwd_msg){ .type = FWD_PORT_ADD,
				      .u.port = { .id = i, .kind = kinds[i], .ifid = IFID } };
		ask(f, &m);
	}
	m = (struct fwd_msg){ .type = FWD_TABLE_BEGIN };
	ask(f, &m);
	m = (struct fwd_msg){ .type = FWD_POLICY_ADD,
			      .u.policy = { .id = 1, .ifid = IFID, .map_seq = 10,
					    .action = FWD_POLICY_PROTECT, .sel = what(s),
					    .local = ipaddr_v4(US), .path_mtu = 1500,
					    .df_bit = s->df_bit, .frag_after = s->frag_after } };
	ask(f, &m);
	m = (struct fwd_msg){ .type = FWD_TUNNEL_ADD,
			      .u.tunnel = { .tunnel_id = 1, .tun_port = P_TUN, .src = ipaddr_v4(US),
					    .dst = ipaddr_v4(PEER), .egress_ifid = IFID, .ttl = 255,
					    .tos = 0xff, .mtu = 1476, .path_mtu = 1500, .up = true,
					    .pmtud = s->pmtud, .pmtu_age_min = s->age_min,
					    .pmtu_least = s->least } };
	ask(f, &m);
	m = (struct fwd_msg){ .type = FWD_TABLE_COMMIT };
	ask(f, &m);
	add_sa(f, s, 1, SPI, PEER);
	return f;
}

static void clear_ports(void)
{
	for (size_t i = 0; i < N_PORTS; i++)
		ports[i].n = 0;
}

/* A UDP datagram of len bytes in all from HOST to FAR, put in at a port. */
static void send_inner(struct forwarder *f, int port, size_t len, bool df)
{
	struct mem_port *m = &ports[port];
	struct ip_view h = { .ttl = 64, .id = 77, .proto = 17, .total_len = (uint16_t)len, .src = HOST,
			 .dst = FAR, .frag = df ? IP4_DF : 0, .tos = 0xb8 };

	clear_ports();
	memset(m->in, 0x41, len);
	ip4_write(m->in, &h);
	m->in_len = len;
	forwarder_poll_port(f, &m->port);
	assert_int_equal(f->pool.n_free, f->pool.n);
}

/* Of the next message: what is wrong with its own header. */
static uint32_t wrong_dst;
static uint16_t wrong_frag;

/* "Fragmentation needed" about a packet with that header and those bytes behind it. */
static void tell(struct forwarder *f, uint16_t mtu, const struct ip_view *quoted, const void *rest, size_t n)
{
	struct mem_port *m = &ports[P_ICMP];
	struct ip_view h = { .ttl = 60, .id = 5, .proto = 1, .src = MID, .dst = quoted->src,
			 .total_len = (uint16_t)(48 + n) };
	uint8_t quote[600];

	ip4_write(quote, quoted);
	memcpy(quote + 20, rest, n);
	assert_int_equal(icmp4_too_big(span_of(quote, 20 + n), mtu, m->in + 20, 600), 28 + n);
	h.frag = wrong_frag;
	if (wrong_dst)
		h.dst = wrong_dst;
	wrong_dst = wrong_frag = 0;
	ip4_write(m->in, &h);
	m->in_len = 48 + n;
	forwarder_poll_port(f, &m->port);
	assert_int_equal(f->pool.n_free, f->pool.n);
}

static void put32(uint8_t *p, uint32_t v)
{
	struct wr w = wr_of(p, 4);

	wr_be32(&w, v);
}

/* About an ESP packet of 1400 bytes with that SPI and number. */
static void tell_esp(struct forwarder *f, uint16_t mtu, uint32_t spi, uint32_t seq, uint32_t dst, size_t n)
{
	struct ip_view q = { .ttl = 250, .id = 9, .proto = 50, .total_len = 1400, .src = US, .dst = dst,
			 .frag = IP4_DF };
	uint8_t esp[8];

	put32(esp, spi);
	put32(esp + 4, seq);
	tell(f, mtu, &q, esp, n);
}

static void stats(struct forwarder *f)
{
	struct fwd_msg m = { .type = FWD_STATS_GET };

	ask(f, &m);
}

static uint32_t path(struct forwarder *f)
{
	stats(f);
	return last_sa.u.sa_stats.path_mtu;
}

static struct ip_view sent(int port, size_t i)
{
	struct ip_view h;

	assert_true(i < ports[port].n);
	assert_true(ip4_peek(span_of(ports[port].out[i], ports[port].len[i]), &h));
	assert_int_equal(ip_checksum(ports[port].out[i], h.header_len), 0);
	assert_int_equal(h.total_len, ports[port].len[i]);
	return h;
}

/* What the ICMP port was given: the next-hop MTU, and to whom. */
static unsigned told_mtu(uint32_t *ret_to, struct ip_view *ret_quoted)
{
	const uint8_t *p = ports[P_ICMP].out[0];

	assert_int_equal(ports[P_ICMP].n, 1);
	assert_int_equal(p[0], 3);
	assert_int_equal(p[1], 4);
	assert_int_equal(ip_checksum(p, ports[P_ICMP].len[0]), 0);
	*ret_to = ipaddr_to_v4(&ports[P_ICMP].to[0]);
	assert_true(ip4_peek(span_of(p + 8, ports[P_ICMP].len[0] - 8), ret_quoted));
	return (unsigned)(p[6] << 8 | p[7]);
}

/* ---- learning ---- */

static const struct setup plain = { .mode = MODE_TUNNEL };

static void a_narrower_path_is_learned_and_forgotten_after_ten_minutes(void **state)
{
	struct forwarder *f = world(&plain);

	(void)state;
	assert_int_equal(path(f), 1500);
	send_inner(f, P_STEER, 1000, true); /* number 1 */
	assert_int_equal(ports[P_ESP].n, 1);
	tell_esp(f, 1300, SPI, 1, PEER, 8);
	assert_int_equal(path(f), 1300);
	assert_int_equal(last_sa.u.sa_stats.plain_mtu, 1300 - 20 - 8 - 12 - 2);
	assert_int_equal(last_policy.u.policy_stats.path_mtu, 1300);
	assert_int_equal(last_policy.u.policy_stats.path_left_sec, 600);
	/* a successor knows it, too; one to another peer does not */
	add_sa(f, &plain, 2, SPI + 1, PEER);
	assert_int_equal(sad_by_id(&f->all->sad, 2)->path_mtu, 1300);
	add_sa(f, &plain, 3, SPI + 2, OTHER);
	assert_int_equal(sad_by_id(&f->all->sad, 3)->path_mtu, 1500);
	/* nobody widens it */
	tell_esp(f, 1390, SPI, 1, PEER, 8);
	assert_int_equal(sad_by_id(&f->all->sad, 1)->path_mtu, 1300);
	now_ms += 10 * MINUTE - 1000;
	forwarder_tick(f);
	assert_int_equal(sad_by_id(&f->all->sad, 1)->path_mtu, 1300);
	now_ms += 2000;
	forwarder_tick(f);
	assert_int_equal(sad_by_id(&f->all->sad, 1)->path_mtu, 1500);
	assert_false(f->all->paths_learned);
	forwarder_free(f);
}

static void a_path_is_forgotten_with_the_last_sa(void **state)
{
	struct forwarder *f = world(&plain);
	struct fwd_msg m = { .type = FWD_SA_DEL, .u.id = 1 };

	(void)state;
	send_inner(f, P_STEER, 1000, true);
	tell_esp(f, 1300, SPI, 1, PEER, 8);
	add_sa(f, &plain, 2, SPI + 1, PEER);
	ask(f, &m);
	assert_int_equal(sad_by_id(&f->all->sad, 2)->path_mtu, 1300);
	add_sa(f, &plain, 3, SPI + 2, PEER);
	assert_int_equal(sad_by_id(&f->all->sad, 3)->path_mtu, 1300);
	for (m.u.id = 2; m.u.id <= 3; m.u.id++)
		ask(f, &m);
	add_sa(f, &plain, 4, SPI + 3, PEER);
	assert_int_equal(sad_by_id(&f->all->sad, 4)->path_mtu, 1500);
	forwarder_free(f);
}

static void of_two_peers_the_one_in_use_is_remembered(void **state)
{
	struct forwarder *f = world(&plain);

	(void)state;
	send_inner(f, P_STEER, 1000, true);
	tell_esp(f, 1200, SPI, 1, PEER, 8);
	add_sa(f, &plain, 3, SPI + 2, OTHER); /* the newest carries */
	send_inner(f, P_STEER, 1000, true);
	tell_esp(f, 1300, SPI + 2, 1, OTHER, 8);
	assert_int_equal(sad_by_id(&f->all->sad, 3)->path_mtu, 1300);
	assert_int_equal(sad_by_id(&f->all->sad, 1)->path_mtu, 1500);
	forwarder_free(f);
}

static void who_does_not_know_the_spi_changes_nothing(void **state)
{
	struct forwarder *f = world(&plain);
	struct ip_view q = { .ttl = 250, .id = 9, .proto = 50, .total_len = 1400, .src = US, .dst = PEER };
	uint8_t esp[8];

	(void)state;
	send_inner(f, P_STEER, 1000, true);
	tell_esp(f, 1300, SPI + 1, 1, PEER, 8);
	tell_esp(f, 1300, 0, 1, PEER, 8);
	tell_esp(f, 1300, SPI, 1, OTHER, 8); /* that SA goes elsewhere */
	tell_esp(f, 1300, SPI, 2, PEER, 8); /* was never sent */
	tell_esp(f, 1300, SPI, 0, PEER, 8);
	tell_esp(f, 1300, SPI, 1, PEER, 4); /* cut before the number */
	tell_esp(f, 1300, SPI, 1, PEER, 0);
	tell_esp(f, 1400, SPI, 1, PEER, 8); /* it would have fitted */
	put32(esp, SPI);
	put32(esp + 4, 1);
	q.src = US + 1; /* not from us */
	tell(f, 1300, &q, esp, 8);
	q.src = US;
	q.proto = 51; /* the SA is one of ESP */
	tell(f, 1300, &q, esp, 8);
	q.proto = 6;
	tell(f, 1300, &q, esp, 8);
	wrong_dst = US + 1; /* it is about us, and came to another */
	tell_esp(f, 1300, SPI, 1, PEER, 8);
	wrong_frag = IP4_MF;
	tell_esp(f, 1300, SPI, 1, PEER, 8);
	wrong_frag = 1;
	tell_esp(f, 1300, SPI, 1, PEER, 8);
	assert_int_equal(path(f), 1500);
	assert_false(f->all->paths_learned);
	tell_esp(f, 1300, SPI, 1, PEER, 8);
	assert_int_equal(path(f), 1300);
	forwarder_free(f);
}

static void a_damaged_message_changes_nothing(void **state)
{
	struct forwarder *f = world(&plain);
	struct mem_port *m = &ports[P_ICMP];
	uint8_t good[256];
	size_t len;

	(void)state;
	send_inner(f, P_STEER, 1000, true);
	tell_esp(f, 1300, SPI, 1, PEER, 8);
	len = 56;
	memcpy(good, m->in, len);
	forwarder_free(f);
	for (size_t i = 0; i < len; i++) { /* each byte, and each length */
		f = world(&plain);
		send_inner(f, P_STEER, 1000, true);
		memcpy(m->in, good, len);
		m->in[i] ^= 0x11;
		m->in_len = len;
		forwarder_poll_port(f, &m->port);
		assert_int_equal(path(f), 1500);
		memcpy(m->in, good, len);
		m->in_len = i;
		if (i)
			forwarder_poll_port(f, &m->port);
		assert_int_equal(path(f), 1500);
		assert_int_equal(f->pool.n_free, f->pool.n);
		forwarder_free(f);
	}
}

static void below_the_floor_routers_may_cut(void **state)
{
	struct forwarder *f = world(&plain);

	(void)state;
	send_inner(f, P_STEER, 500, true);
	assert_true(sent(P_ESP, 0).frag & IP4_DF);
	tell_esp(f, 68, SPI, 1, PEER, 8);
	assert_int_equal(path(f), 576);
	send_inner(f, P_STEER, 500, true);
	assert_false(sent(P_ESP, 0).frag & IP4_DF);
	now_ms += 11 * MINUTE;
	forwarder_tick(f);
	send_inner(f, P_STEER, 500, true);
	assert_true(sent(P_ESP, 0).frag & IP4_DF);
	forwarder_free(f);
}

static void a_router_that_names_no_size_means_the_next_usual_one(void **state)
{
	struct forwarder *f = world(&plain);

	(void)state;
	send_inner(f, P_STEER, 1000, true);
	tell_esp(f, 0, SPI, 1, PEER, 8); /* about 1400 bytes */
	assert_int_equal(path(f), 1006);
	forwarder_free(f);
}

static void esp_in_udp_must_show_its_spi(void **state)
{
	struct setup s = { .mode = MODE_TUNNEL, .udp = true };
	struct forwarder *f = world(&s);
	struct ip_view q = { .ttl = 250, .id = 9, .proto = 17, .total_len = 1400, .src = US, .dst = PEER };
	uint8_t udp[16] = { 0x11, 0x94, 0x11, 0x94, 5, 100, 0, 0 };

	(void)state;
	send_inner(f, P_STEER, 1000, true);
	assert_int_equal(ports[P_UDP].n, 1);
	assert_true(ports[P_UDP].df[0]);
	put32(udp + 8, SPI);
	put32(udp + 12, 1);
	tell(f, 1300, &q, udp, 8);
	tell(f, 1300, &q, udp, 12);
	assert_int_equal(path(f), 1500);
	tell(f, 1300, &q, udp, 16);
	assert_int_equal(path(f), 1300);
	send_inner(f, P_STEER, 1000, false);
	assert_false(ports[P_UDP].df[0]);
	forwarder_free(f);
}

/* ---- what does not fit ---- */

static const struct row {
	uint8_t df_bit;
	bool after, df; /* df: of the inner packet */
	int cut;	/* before: 1, after: 2, refused: 0 */
	bool outer_df;
} rows[] = {
	{ ESP_DF_COPY, false, false, 1, false }, { ESP_DF_COPY, false, true, 0, true },
	{ ESP_DF_COPY, true, false, 2, false },	 { ESP_DF_COPY, true, true, 0, true },
	{ ESP_DF_SET, false, false, 1, true },	 { ESP_DF_SET, false, true, 0, true },
	{ ESP_DF_SET, true, false, 1, true },	 { ESP_DF_SET, true, true, 0, true },
	{ ESP_DF_CLEAR, false, false, 1, false }, { ESP_DF_CLEAR, false, true, 1, false },
	{ ESP_DF_CLEAR, true, false, 2, false }, { ESP_DF_CLEAR, true, true, 2, false },
};

static void df_bit_and_fragmentation_are_as_ios_has_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct setup s = { .mode = MODE_TUNNEL, .df_bit = r->df_bit, .frag_after = r->after };
		struct forwarder *f = world(&s);
		struct ip_view quoted;
		uint32_t to;

		send_inner(f, P_STEER, 1458, r->df); /* what just fits */
		assert_int_equal(ports[P_ESP].n, 1);
		assert_int_equal(ports[P_ESP].len[0], 1500);
		assert_int_equal(!!(sent(P_ESP, 0).frag & IP4_DF), r->outer_df);
		send_inner(f, P_STEER, 1459, r->df);
		if (!r->cut) {
			assert_int_equal(ports[P_ESP].n, 0);
			assert_int_equal(told_mtu(&to, &quoted), 1458);
			assert_int_equal(to, HOST);
			assert_int_equal(quoted.dst, FAR);
		} else {
			assert_int_equal(ports[P_ICMP].n, 0);
			assert_int_equal(ports[P_ESP].n, 2);
			for (size_t k = 0; k < 2; k++) {
				struct ip_view h = sent(P_ESP, k);

				assert_true(h.total_len <= 1500);
				assert_int_equal(!!(h.frag & (IP4_MF | IP4_OFF_MASK)), r->cut == 2);
				assert_int_equal(!!(h.frag & IP4_DF), r->cut == 1 && r->outer_df);
			}
		}
		forwarder_free(f);
	}
}

static void transport_mode_is_cut_after_or_refused(void **state)
{
	struct setup s = { .mode = MODE_TRANSPORT, .df_bit = ESP_DF_CLEAR };
	struct forwarder *f = world(&s);
	struct ip_view quoted;
	uint32_t to;

	(void)state;
	send_inner(f, P_STEER, 1478, true);
	assert_int_equal(ports[P_ESP].len[0], 1500);
	assert_true(sent(P_ESP, 0).frag & IP4_DF); /* df-bit is about tunnel mode */
	send_inner(f, P_STEER, 1479, true);
	assert_int_equal(told_mtu(&to, &quoted), 1478);
	send_inner(f, P_STEER, 1479, false);
	assert_int_equal(ports[P_ESP].n, 2);
	assert_int_equal(sent(P_ESP, 0).frag, IP4_MF);
	forwarder_free(f);
}

static void what_is_cut_after_udp_encapsulation_is_cut_by_the_kernel(void **state)
{
	struct setup s = { .mode = MODE_TUNNEL, .udp = true, .frag_after = true };
	struct forwarder *f = world(&s);

	(void)state;
	send_inner(f, P_STEER, 1459, false);
	assert_int_equal(ports[P_UDP].n, 1);
	assert_true(ports[P_UDP].len[0] + 28 > 1500);
	assert_false(ports[P_UDP].df[0]);
	forwarder_free(f);
	/* later fragments would not show the port, so it must be cut after, DF or not */
	s = (struct setup){ .mode = MODE_TUNNEL, .udp = true, .one_port = true, .df_bit = ESP_DF_SET };
	f = world(&s);
	send_inner(f, P_STEER, 1000, false);
	assert_true(ports[P_UDP].df[0]);
	send_inner(f, P_STEER, 1459, false);
	assert_int_equal(ports[P_UDP].n, 1);
	assert_false(ports[P_UDP].df[0]);
	forwarder_free(f);
}

/* ---- tunnels ---- */

static void path_mtu_discovery_tells_the_host_the_room_in_the_tunnel(void **state)
{
	static const struct {
		uint8_t mode;
		unsigned room;
	} v[] = { { MODE_TUNNEL, 1458 - 24 }, { MODE_TRANSPORT, 1478 - 24 } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct setup s = { .mode = v[i].mode, .gre = true, .pmtud = true };
		struct forwarder *f = world(&s);
		struct ip_view quoted;
		uint32_t to;

		send_inner(f, P_TUN, v[i].room, true);
		assert_int_equal(ports[P_ESP].n, 1);
		assert_int_equal(ports[P_ESP].len[0], 1500);
		assert_true(sent(P_ESP, 0).frag & IP4_DF);
		send_inner(f, P_TUN, v[i].room + 1, true);
		assert_int_equal(ports[P_ESP].n, 0);
		assert_int_equal(told_mtu(&to, &quoted), v[i].room);
		assert_int_equal(to, HOST);
		assert_int_equal(quoted.total_len, v[i].room + 1);
		assert_int_equal(quoted.src, HOST);
		/* without DF inside, there is none outside, and it is cut */
		send_inner(f, P_TUN, v[i].room + 1, false);
		assert_int_equal(ports[P_ESP].n, 2);
		assert_false(sent(P_ESP, 0).frag & IP4_DF);
		/* a narrow path far away reaches the host, too */
		tell_esp(f, 1300, SPI, 1, PEER, 8);
		send_inner(f, P_TUN, 1300, true);
		assert_int_equal(told_mtu(&to, &quoted), v[i].room - 200);
		forwarder_free(f);
	}
}

static void without_discovery_a_tunnel_is_cut_silently(void **state)
{
	struct setup s = { .mode = MODE_TUNNEL, .gre = true };
	struct forwarder *f = world(&s);

	(void)state;
	send_inner(f, P_TUN, 1476, true);
	assert_int_equal(ports[P_ICMP].n, 0);
	assert_int_equal(ports[P_ESP].n, 2);
	forwarder_free(f);
}

static void tell_gre(struct forwarder *f, uint16_t mtu, uint32_t dst, uint16_t flags, size_t n)
{
	struct ip_view q = { .ttl = 250, .id = 9, .proto = 47, .total_len = 1400, .src = US, .dst = dst,
			 .frag = IP4_DF };
	uint8_t gre[8] = { (uint8_t)(flags >> 8), (uint8_t)flags, 8, 0 };

	tell(f, mtu, &q, gre, n);
}

static void a_tunnel_in_clear_learns_if_it_is_to(void **state)
{
	struct setup s = { .mode = MODE_TUNNEL, .pmtud = true, .least = 576, .age_min = 10 };
	struct forwarder *f = world(&s);
	struct ip_view quoted;
	uint32_t to;

	(void)state;
	send_inner(f, P_TUN, 1476, true);
	assert_int_equal(ports[P_GRE].n, 1);
	assert_true(sent(P_GRE, 0).frag & IP4_DF);
	tell_gre(f, 1300, OTHER, 0, 8);
	tell_gre(f, 1300, PEER, 0x2000, 8); /* it has no key */
	tell_gre(f, 1300, PEER, 0, 3);
	assert_int_equal(pmtu_of_tunnel(f->all->tunnels), 1500);
	tell_gre(f, 1300, PEER, 0, 4);
	send_inner(f, P_TUN, 1277, true);
	assert_int_equal(ports[P_GRE].n, 0);
	assert_int_equal(told_mtu(&to, &quoted), 1276);
	assert_int_equal(to, HOST);
	stats(f);
	assert_int_equal(last_tunnel.u.tunnel_stats.path_mtu, 1300);
	assert_int_equal(last_tunnel.u.tunnel_stats.out_too_big, 1);
	send_inner(f, P_TUN, 1476, false); /* what may be cut is cut */
	assert_int_equal(ports[P_GRE].n, 2);
	tell_gre(f, 100, PEER, 0, 8);
	assert_int_equal(pmtu_of_tunnel(f->all->tunnels), 576);
	now_ms += 10 * MINUTE + 1000;
	forwarder_tick(f);
	assert_int_equal(pmtu_of_tunnel(f->all->tunnels), 1500);
	forwarder_free(f);
	s.pmtud = false;
	f = world(&s);
	tell_gre(f, 1300, PEER, 0, 8);
	assert_int_equal(pmtu_of_tunnel(f->all->tunnels), 1500);
	forwarder_free(f);
	s = (struct setup){ .mode = MODE_TUNNEL, .pmtud = true, .least = 92 };
	f = world(&s);
	tell_gre(f, 100, PEER, 0, 8);
	now_ms += 1000 * MINUTE; /* age-timer infinite */
	forwarder_tick(f);
	assert_int_equal(pmtu_of_tunnel(f->all->tunnels), 100);
	forwarder_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_narrower_path_is_learned_and_forgotten_after_ten_minutes),
		cmocka_unit_test(a_path_is_forgotten_with_the_last_sa),
		cmocka_unit_test(of_two_peers_the_one_in_use_is_remembered),
		cmocka_unit_test(who_does_not_know_the_spi_changes_nothing),
		cmocka_unit_test(a_damaged_message_changes_nothing),
		cmocka_unit_test(below_the_floor_routers_may_cut),
		cmocka_unit_test(a_router_that_names_no_size_means_the_next_usual_one),
		cmocka_unit_test(esp_in_udp_must_show_its_spi),
		cmocka_unit_test(df_bit_and_fragmentation_are_as_ios_has_them),
		cmocka_unit_test(transport_mode_is_cut_after_or_refused),
		cmocka_unit_test(what_is_cut_after_udp_encapsulation_is_cut_by_the_kernel),
		cmocka_unit_test(path_mtu_discovery_tells_the_host_the_room_in_the_tunnel),
		cmocka_unit_test(without_discovery_a_tunnel_is_cut_silently),
		cmocka_unit_test(a_tunnel_in_clear_learns_if_it_is_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
