/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as packets at every port of a working forwarder and as messages of its
 * control: nothing crashes, and no packet buffer is lost. The SAs of ESP have neither
 * cipher nor MAC, so that what lies behind them is reached; packets for SAs of AH, alone
 * and around ESP, get the ICV that they should have, unless a record says otherwise.
 *
 * Input: records of kind, length (2 bytes, big-endian), bytes. Its length says whether
 * Tunnel0 is plain GRE, protected GRE, or a VTI. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/internal.h"
#include "ipsec/ah.h"
#include "ipsec/mutable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define US   0xc0000201 /* 192.0.2.1 */
#define PEER 0xc6336401 /* 198.51.100.1 */
#define IFID 7
#define RECORDS_MAX 200

enum kind { TO_TUNNEL, TO_STEER, TO_ESP, TO_GRE, TO_UDP, MESSAGE, TIME, TO_ESP6, TO_AH6, TO_GRE6,
	    TO_UDP6, TO_ICMP6, TO_AH, TO_AH_AS_IT_IS, N_KINDS };

static struct port ports[N_KINDS]; /* by kind; that of ICMP has the place of MESSAGE */
static struct span coming; /* what the next recv finds */
static uint64_t now_ms;

static struct ipaddr end6(uint8_t n)
{
	return (struct ipaddr){ .family = IP_V6, .b = { 0x20, 1, [15] = n } };
}

static size_t take(struct port *port, struct pool *pool, struct batch *b)
{
	struct pkt *p = coming.p ? pkt_get(pool) : NULL;

	if (!p)
		return 0;
	p->len = (uint32_t)coming.len;
	if (coming.len)
		memcpy(p->data, coming.p, coming.len);
	coming.p = NULL;
	p->ifindex = IFID;
	if (port == &ports[TO_UDP]) {
		p->local = ipaddr_v4(US);
		p->remote = ipaddr_v4(PEER);
		p->remote_port = 4500;
	}
	if (port == &ports[TO_UDP6]) {
		p->local = end6(1);
		p->remote = end6(2);
		p->remote_port = 4500;
	}
	(void)batch_add(b, p);
	return 1;
}

static size_t sink(struct port *port, struct batch *b)
{
	(void)port;
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
	*ret_port = &ports[desc->id % N_KINDS];
	return 0;
}

static bool fuzz_control(void *ctx, const struct fwd_msg *m)
{
	uint8_t buf[FWD_MSG_MAX];
	struct wr w = wr_of(buf, sizeof(buf));

	(void)ctx;
	fwd_encode(&w, m);
	return !w.bad;
}

static void ask(struct forwarder *f, struct fwd_msg *m)
{
	uint8_t buf[1024];
	struct wr w = wr_of(buf, sizeof(buf));
	int fd = m->type == FWD_PORT_ADD ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	m->seq = 1;
	fwd_encode(&w, m);
	forwarder_message(f, wr_done(&w), fd);
}

static void add_ports(struct forwarder *f, uint32_t tun_dev)
{
	static const uint8_t kinds[] = { FWD_PORT_TUNNEL, FWD_PORT_STEER, FWD_PORT_ESP,
					 FWD_PORT_GRE, FWD_PORT_UDP_ENCAP, FWD_PORT_ICMP, 0,
					 FWD_PORT_ESP6, FWD_PORT_AH6, FWD_PORT_GRE6,
					 FWD_PORT_UDP6_ENCAP, FWD_PORT_ICMP6, FWD_PORT_AH };

	for (uint32_t i = 0; i < sizeof(kinds); i++) {
		if (!kinds[i])
			continue;
		struct fwd_msg m = { .type = FWD_PORT_ADD,
				     .u.port = { .id = i, .kind = kinds[i], .ifid = IFID,
					       .dev_ifindex = i == TO_TUNNEL ? tun_dev : 0 } };

		ports[i] = (struct port){ .ops = &ops, .fd = -1 };
		ask(f, &m);
	}
}

enum variant { PLAIN, PROTECTED, VTI, N_VARIANTS };

static struct selector lan_of(uint32_t policy)
{
	uint32_t net = (4 + policy) << 24;

	return (struct selector){ .local = addr_match_v4(net, 0xffffff), .remote = addr_match_v4(net, 0xffffff) };
}

/* Policy 2 filters what is in its SAs: no TCP to port 7, everything else. */
static void add_list(struct forwarder *f)
{
	struct fwd_msg m = { .type = FWD_ACL_ADD };
	struct addr_match any = addr_match_v4(0, UINT32_MAX);

	m.u.acl.list = 1;
	memcpy(m.u.acl.name, "F", 2);
	m.u.acl.entry = (struct acl_entry){ .seq = 10, .kind = ACE_DENY, .proto = 6, .src = any, .dst = any,
					    .dst_port = { PORT_EQ, 1, { 7 } }, .log = 1 };
	ask(f, &m);
	m.u.acl.entry = (struct acl_entry){ .seq = 20, .kind = ACE_PERMIT, .src = any, .dst = any };
	ask(f, &m);
	m = (struct fwd_msg){ .type = FWD_POLICY_ACL, .u.policy_acl = { 2, 1, 1 } };
	ask(f, &m);
}

static struct selector all6(void)
{
	struct selector s = { .local.addr.family = IP_V6 };

	memset(s.local.wild, 0xff, sizeof(s.local.wild));
	s.remote = s.local;
	return s;
}

/* Policy 1: GRE between the ends; policy 2: everything of 10.0.0.0/8; policy 3: all IPv6; policies 7
 * and 8: of 11.0.0.0/8 by AH around ESP, of 12.0.0.0/8 by AH alone. */
static void add_table(struct forwarder *f, enum variant variant, const struct selector *gre,
		      const struct selector *lan)
{
	struct fwd_msg m = { .type = FWD_TABLE_BEGIN };

	ask(f, &m);
	m = (struct fwd_msg){ .type = FWD_POLICY_ADD,
			      .u.policy = { .id = 1, .ifid = IFID, .map_seq = 1,
					    .action = FWD_POLICY_PROTECT, .sel = *gre,
					    .path_mtu = 600 } };
	ask(f, &m);
	m.u.policy.id = m.u.policy.map_seq = 2;
	m.u.policy.sel = *lan;
	ask(f, &m);
	for (uint32_t id = 7; id <= 8; id++) {
		m.u.policy.id = m.u.policy.map_seq = id;
		m.u.policy.sel = lan_of(id);
		ask(f, &m);
	}
	add_list(f);
	m = (struct fwd_msg){ .type = FWD_POLICY_ADD,
			      .u.policy = { .id = 3, .ifid = IFID, .map_seq = 3,
					    .action = FWD_POLICY_PROTECT, .sel = all6(), .path_mtu = 600 } };
	ask(f, &m);
	m = (struct fwd_msg){ .type = FWD_TUNNEL_ADD,
			      .u.tunnel = { .tun_port = TO_TUNNEL, .src = ipaddr_v4(US),
					    .dst = ipaddr_v4(PEER), .egress_ifid = IFID, .ttl = 255,
					    .tos = 0xff, .adjust_mss = 500, .up = true,
					    .protect = variant, .vti = variant == VTI } };
	ask(f, &m);
	m.u.tunnel.protect = 0;
	m.u.tunnel.vti = false;
	/* one that no policy protects, with a key */
	m.u.tunnel.tunnel_id = 1;
	m.u.tunnel.dst = ipaddr_v4(PEER + 1);
	m.u.tunnel.has_key = true;
	m.u.tunnel.key = 0x4b4b4b4b;
	ask(f, &m);
	/* IP in IP, whose packets come in by the GRE port just as well */
	m.u.tunnel.tunnel_id = 2;
	m.u.tunnel.dst = ipaddr_v4(PEER + 2);
	m.u.tunnel.encap = FWD_ENCAP_IPIP;
	ask(f, &m);
	/* GRE with all that it can have; the port's packets leave by this one */
	m.u.tunnel.tunnel_id = 3;
	m.u.tunnel.dst = ipaddr_v4(PEER + 3);
	m.u.tunnel.encap = FWD_ENCAP_GRE;
	m.u.tunnel.key = 0x4d2;
	m.u.tunnel.checksum = m.u.tunnel.sequence = true;
	m.u.tunnel.keepalive_sec = 10;
	m.u.tunnel.keepalive_retries = 3;
	ask(f, &m);
	/* over IPv6: GRE, and both in it; what leaves by them is protected by policy 3 */
	m.u.tunnel.tunnel_id = 4;
	m.u.tunnel.src = end6(1);
	m.u.tunnel.dst = end6(2);
	m.u.tunnel.own6 = end6(9);
	ask(f, &m);
	m.u.tunnel.tunnel_id = 5;
	m.u.tunnel.dst = end6(3);
	m.u.tunnel.encap = FWD_ENCAP_IPV6;
	ask(f, &m);
	m = (struct fwd_msg){ .type = FWD_TABLE_COMMIT };
	ask(f, &m);
}

/* Of IPv6. */
static void add_sa6(struct forwarder *f, uint32_t id, uint8_t mode, uint32_t ah_spi)
{
	struct fwd_msg m = { .type = FWD_SA_ADD,
			     .u.sa = { .id = id, .pair_id = (id + 1) / 2, .policy_id = 3,
				       .dir = id % 2 ? SA_IN : SA_OUT, .proto = PROTO_ESP, .mode = mode,
				       .spi = 0x53503000 + id, .src = end6(id % 2 ? 2 : 1),
				       .dst = end6(id % 2 ? 1 : 2), .cipher = CIPHER_NULL, .sel = all6() } };

	m.u.sa.ah = (struct sa_ah){ .spi = ah_spi, .auth = AUTH_HMAC_SHA1_96 };
	m.u.sa.ah.key.len = ah_spi ? 20 : 0;
	ask(f, &m);
}

static void add_sa(struct forwarder *f, uint32_t id, uint8_t mode, const struct selector *sel)
{
	struct fwd_msg m = { .type = FWD_SA_ADD,
			     .u.sa = { .id = id, .pair_id = (id + 1) / 2, .policy_id = (id + 1) / 2,
				       .dir = id % 2 ? SA_IN : SA_OUT, .proto = PROTO_ESP,
				       .mode = mode, .spi = 0x53503000 + id, .src = ipaddr_v4(US),
				       .dst = ipaddr_v4(PEER), .cipher = CIPHER_NULL, .sel = *sel } };

	ask(f, &m);
}

/* id 13 and 14: AH around ESP in tunnel mode; 15 and 16: AH alone, in transport mode. */
static void add_ah(struct forwarder *f, uint32_t id)
{
	struct fwd_msg m = { .type = FWD_SA_ADD,
			     .u.sa = { .id = id, .pair_id = (id + 1) / 2, .policy_id = (id + 1) / 2,
				       .dir = id % 2 ? SA_IN : SA_OUT, .spi = 0x53503000 + id,
				       .src = ipaddr_v4(US), .dst = ipaddr_v4(PEER), .replay_window = 64,
				       .sel = lan_of((id + 1) / 2) } };
	struct sa_spec *s = &m.u.sa;

	if (id <= 14) {
		s->proto = PROTO_ESP;
		s->mode = MODE_TUNNEL;
		s->cipher = CIPHER_NULL;
		s->ah = (struct sa_ah){ .spi = 0x41480000 + id, .auth = AUTH_HMAC_SHA1_96, .key.len = 20 };
	} else {
		s->proto = PROTO_AH;
		s->mode = MODE_TRANSPORT;
		s->auth = AUTH_HMAC_SHA1_96;
		s->auth_key.len = 20;
	}
	ask(f, &m);
}

/* The ICV that a packet of AH should have; false if it has no place for one. */
static bool sign(uint8_t *packet, size_t len)
{
	static const uint8_t zeros[20];
	static struct crypto_runner *runner;
	static struct crypto_key *key;
	const struct auth_info *sha = auth_info(AUTH_HMAC_SHA1_96);
	static uint8_t whole[PKT_DATA_MAX];
	struct crypto_job j;
	struct ip_view h;

	if (!runner)
		runner = crypto_runner_new(CRYPTO_OSSL);
	if (!key && crypto_key_new(runner, CRYPTO_ENCRYPT, cipher_info(CIPHER_NULL, 0), sha, span_of(NULL, 0),
				   span_of(zeros, sizeof(zeros)), &key))
		abort();
	if (!ip4_peek(span_of(packet, len), &h) || len < h.header_len + AH_HEADER + sha->icv_len)
		return false;
	j = (struct crypto_job){ .key = key, .text = whole, .iv = whole, .auth = whole,
				 .auth_len = (uint32_t)len,
				 .icv = packet + h.header_len + AH_HEADER };
	memset(j.icv, 0, sha->icv_len);
	memcpy(whole, packet, len);
	if (!ip4_zero_mutable(whole, h.header_len, AH_RECEIVER))
		return false;
	crypto_run(runner, CRYPTO_ENCRYPT, &j, 1);
	return j.ok;
}

static struct forwarder *world(enum variant variant)
{
	struct forwarder_env env = { fuzz_now, fuzz_random, fuzz_port, fuzz_control, NULL };
	struct forwarder *f = forwarder_new(&env);
	struct selector gre = { .local = addr_match_v4(US, 0), .remote = addr_match_v4(PEER, 0),
				.proto = IPPROTO_GRE_ };
	struct selector lan = { .local = addr_match_v4(0x0a000000, 0xffffff),
				.remote = addr_match_v4(0x0a000000, 0xffffff) };

	if (!f)
		abort();
	/* what comes in by the TUN of a protected tunnel came out of its SA */
	add_ports(f, variant == PROTECTED ? IFID : 0);
	add_table(f, variant, &gre, &lan);
	add_sa(f, 1, MODE_TRANSPORT, &gre);
	add_sa(f, 2, MODE_TRANSPORT, &gre);
	add_sa(f, 3, MODE_TUNNEL, &lan);
	add_sa(f, 4, MODE_TUNNEL, &lan);
	add_sa6(f, 5, MODE_TUNNEL, 0x53503105);
	add_sa6(f, 7, MODE_TRANSPORT, 0);
	add_sa6(f, 6, MODE_TUNNEL, 0x53503106);
	for (uint32_t id = 13; id <= 16; id++)
		add_ah(f, id);
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* packets only change counters, windows and queues: the world is made anew
	 * when a message may have changed it, or now and then */
	static struct forwarder *worlds[N_VARIANTS];
	static unsigned uses;
	struct forwarder *f = worlds[size % N_VARIANTS];
	struct rd r = rd_of(data, size);
	bool touched = false;

	now_ms += 1000;
	if (!f)
		f = worlds[size % N_VARIANTS] = world((enum variant)(size % N_VARIANTS));
	for (int n = 0; n < RECORDS_MAX && rd_left(&r); n++) {
		uint8_t kind = (uint8_t)(rd_u8(&r) % N_KINDS);
		size_t len = rd_be16(&r);
		struct span body = rd_take(&r, len < rd_left(&r) ? len : rd_left(&r));

		if (kind == TIME) {
			now_ms += len;
			forwarder_tick(f);
		} else if (kind == MESSAGE) {
			touched = true;
			forwarder_message(f, body, -1);
		} else if (body.len <= PKT_DATA_MAX) {
			static uint8_t copy[PKT_DATA_MAX];

			coming = body.p ? body : span_of(data, 0);
			if (kind == TO_AH && body.len) {
				memcpy(copy, body.p, body.len);
				(void)sign(copy, body.len);
				coming = span_of(copy, body.len);
			}
			forwarder_poll_port(f, &ports[kind == TO_AH_AS_IT_IS ? TO_AH : kind]);
		}
	}
	coming.p = NULL;
	if (f->pool.n_free + f->all->n_waiting != f->pool.n || f->out.n || f->all->n_waiting > WAIT_TOTAL)
		abort();
	if (touched || ++uses % 4096 == 0) {
		forwarder_free(f);
		worlds[size % N_VARIANTS] = NULL;
	}
	return 0;
}
