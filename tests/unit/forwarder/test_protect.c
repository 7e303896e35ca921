/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnel protection in the forwarder: what a protected tunnel sends leaves by its own SA
 * or not at all, and it takes nothing that did not come out of one. Two forwarders, wired
 * back to back, so that what one makes the other must open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wr.h"
#include "forwarder/internal.h"
#include "packet/gre.h"

#define A	0xc0000201 /* 192.0.2.1 */
#define B	0xc0000202
#define A_IN	0xac100001 /* 172.16.0.1 */
#define B_IN	0xac100002
#define IFID	7
#define TUN_DEV 30
#define POLICY	5

enum { PORT_ESP = 1, PORT_GRE = 2, PORT_TUN = 10, PORT_TUN2 = 11, N_PORTS = 4 };
static const uint32_t port_ids[N_PORTS] = { PORT_ESP, PORT_GRE, PORT_TUN, PORT_TUN2 };

struct mem {
	struct port port;
	uint8_t in[8][2048], out[32][2048];
	size_t in_len[8], n_in, out_len[32], n_out;
	uint32_t ifindex;
};

struct world {
	struct forwarder *f;
	uint64_t now_ms;
	int32_t result;
	size_t clear, acquires;
	struct mem *p[N_PORTS];
};

static size_t mem_recv(struct port *port, struct pool *pool, struct batch *b)
{
	struct mem *m = (struct mem *)(void *)port;

	for (size_t i = 0; i < m->n_in; i++) {
		struct pkt *p = pkt_get(pool);

		memcpy(p->data, m->in[i], m->in_len[i]);
		p->len = (uint32_t)m->in_len[i];
		p->ifindex = m->ifindex;
		(void)batch_add(b, p);
	}
	m->n_in = 0;
	return b->n;
}

static size_t mem_send(struct port *port, struct batch *b)
{
	struct mem *m = (struct mem *)(void *)port;

	for (size_t i = 0; i < b->n; i++) {
		assert_true(m->n_out < 32 && b->p[i]->len <= 2048);
		memcpy(m->out[m->n_out], b->p[i]->data, b->p[i]->len);
		m->out_len[m->n_out++] = b->p[i]->len;
	}
	return b->n;
}

static void mem_close(struct port *port)
{
	(void)port;
}

static const struct port_ops ops = { mem_recv, mem_send, mem_close };

static uint64_t now(void *ctx)
{
	return ((struct world *)ctx)->now_ms;
}

static void noise(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 0x5a, n);
}

static struct mem *mem_of(struct world *w, uint32_t id)
{
	for (size_t i = 0; i < N_PORTS; i++)
		if (port_ids[i] == id)
			return w->p[i];
	fail();
	return NULL;
}

static int make_port(void *ctx, const struct fwd_port *d, int fd, struct port **ret)
{
	close(fd);
	*ret = &mem_of(ctx, d->id)->port;
	return 0;
}

static bool told(void *ctx, const struct fwd_msg *m)
{
	struct world *w = ctx;

	if (m->type == FWD_RESULT)
		w->result = m->u.error;
	w->clear += m->type == FWD_RECVD_CLEAR;
	w->acquires += m->type == FWD_ACQUIRE;
	return true;
}

static void must(struct world *w, struct fwd_msg m)
{
	uint8_t buf[1024];
	struct wr wr = wr_of(buf, sizeof(buf));

	m.seq = 1;
	w->result = 1;
	fwd_encode(&wr, &m);
	forwarder_message(w->f, wr_done(&wr),
			  m.type == FWD_PORT_ADD ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1);
	assert_int_equal(w->result, 0);
}

static struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));
	struct forwarder_env env = { now, noise, make_port, told, w };

	w->now_ms = 1000;
	w->f = forwarder_new(&env);
	assert_non_null(w->f);
	for (size_t i = 0; i < N_PORTS; i++) {
		uint32_t id = port_ids[i];

		w->p[i] = calloc(1, sizeof(*w->p[i]));
		w->p[i]->port = (struct port){ .ops = &ops, .fd = -1 };
		w->p[i]->ifindex = IFID;
		must(w, (struct fwd_msg){ .type = FWD_PORT_ADD,
					  .u.port = { .id = id,
						      .kind = id == PORT_ESP ? FWD_PORT_ESP :
							      id == PORT_GRE ? FWD_PORT_GRE :
									       FWD_PORT_TUNNEL,
						      .dev_ifindex = TUN_DEV + id - PORT_TUN } });
	}
	return w;
}

static void world_free(struct world *w)
{
	assert_int_equal(w->f->pool.n_free + w->f->all->n_waiting, w->f->pool.n);
	forwarder_free(w->f);
	for (size_t i = 0; i < N_PORTS; i++)
		free(w->p[i]);
	free(w);
}

enum kind { GRE, VTI };

static struct selector proxies(enum kind kind, uint32_t me, uint32_t you)
{
	return kind == VTI ?
		       (struct selector){ .local = addr_match_v4(0, UINT32_MAX),
					  .remote = addr_match_v4(0, UINT32_MAX) } :
		       (struct selector){ .local = addr_match_v4(me, 0),
					  .remote = addr_match_v4(you, 0), .proto = 47 };
}

/* A table with Tunnel0 protected by POLICY; bare: without the policy. twin: a second
 * tunnel between the same ends with key 1, protected by that. */
static void table(struct world *w, enum kind kind, uint32_t me, uint32_t you, bool bare, bool twin,
		  uint32_t twin_protect)
{
	struct fwd_tunnel t = { .tun_port = PORT_TUN, .src = ipaddr_v4(me), .dst = ipaddr_v4(you),
				.egress_ifid = IFID, .ttl = 255, .tos = 0xff, .mtu = 1400,
				.up = true, .protect = POLICY, .vti = kind == VTI };

	must(w, (struct fwd_msg){ .type = FWD_TABLE_BEGIN });
	if (!bare)
		must(w, (struct fwd_msg){ .type = FWD_POLICY_ADD,
					  .u.policy = { .id = POLICY, .ifid = TUN_DEV, .map_seq = 1,
							.action = FWD_POLICY_PROTECT,
							.sel = proxies(kind, me, you),
							.local = ipaddr_v4(me), .path_mtu = 1500 } });
	must(w, (struct fwd_msg){ .type = FWD_TUNNEL_ADD, .u.tunnel = t });
	t.tunnel_id = 1;
	t.tun_port = PORT_TUN2;
	t.has_key = true;
	t.key = 1;
	t.protect = twin_protect;
	if (twin)
		must(w, (struct fwd_msg){ .type = FWD_TUNNEL_ADD, .u.tunnel = t });
	must(w, (struct fwd_msg){ .type = FWD_TABLE_COMMIT });
}

static void sas(struct world *w, enum kind kind, uint32_t me, uint32_t you, uint32_t policy,
		uint32_t spi_out, uint32_t spi_in)
{
	for (int dir = SA_IN; dir <= SA_OUT; dir++) {
		bool in = dir == SA_IN;
		struct fwd_msg m = { .type = FWD_SA_ADD };

		m.u.sa = (struct sa_spec){
			.id = in ? spi_in : spi_out, .pair_id = 1, .policy_id = policy, .dir = (uint8_t)dir,
			.proto = PROTO_ESP, .mode = kind == VTI ? MODE_TUNNEL : MODE_TRANSPORT,
			.spi = in ? spi_in : spi_out, .src = ipaddr_v4(in ? you : me),
			.dst = ipaddr_v4(in ? me : you), .cipher = CIPHER_AES_CBC, .cipher_bits = 128,
			.auth = AUTH_HMAC_SHA1_96, .enc_key.len = 16, .auth_key.len = 20,
			.replay_window = 64, .sel = proxies(kind, me, you) };
		must(w, m);
	}
}

static void put(struct world *w, uint32_t port, const uint8_t *p, size_t n)
{
	struct mem *m = mem_of(w, port);

	memcpy(m->in[m->n_in], p, n);
	m->in_len[m->n_in++] = n;
	forwarder_poll_port(w->f, &m->port);
}

static size_t inner(uint8_t p[64], uint32_t src, uint32_t dst, uint8_t proto)
{
	struct ip_view h = { .ttl = 64, .id = 1, .proto = proto, .total_len = 36, .src = src, .dst = dst };

	memset(p, 0, 64);
	ip4_write(p, &h);
	return 36;
}

static size_t send_inner(struct world *w, uint32_t port)
{
	uint8_t p[64];
	size_t n = inner(p, A_IN, B_IN, 17);

	put(w, port, p, n);
	return n;
}

/* Takes what is in a's ESP port to b's. */
static size_t carry(struct world *a, struct world *b)
{
	struct mem *m = mem_of(a, PORT_ESP);
	size_t n = m->n_out;

	for (size_t i = 0; i < n; i++)
		put(b, PORT_ESP, m->out[i], m->out_len[i]);
	m->n_out = 0;
	return n;
}

static size_t clear_gre(uint8_t p[64], uint32_t src, uint32_t dst, bool key)
{
	struct ip_view h = { .ttl = 64, .id = 1, .proto = 47, .total_len = key ? 64 : 60, .src = src, .dst = dst };
	struct gre g = { .proto = GRE_PROTO_IPV4, .has_key = key, .key = 1 };

	ip4_write(p, &h);
	gre_write(p + 20, h.total_len - 20u, &g);
	uint8_t in[64];
	(void)inner(in, B_IN, A_IN, 17);
	memcpy(p + (key ? 28 : 24), in, 36);
	return h.total_len;
}

/* ---- tests ---- */

static void what_one_sends_the_other_gets(void **state)
{
	(void)state;
	for (enum kind kind = GRE; kind <= VTI; kind++) {
		struct world *a = world_new(), *b = world_new();
		size_t n;

		table(a, kind, A, B, false, false, 0);
		table(b, kind, B, A, false, false, 0);
		sas(a, kind, A, B, POLICY, 0x1001, 0x1002);
		sas(b, kind, B, A, POLICY, 0x1002, 0x1001);
		n = send_inner(a, PORT_TUN);
		assert_int_equal(carry(a, b), 1);
		assert_int_equal(mem_of(b, PORT_TUN)->n_out, 1);
		assert_int_equal(mem_of(b, PORT_TUN)->out_len[0], n);
		assert_int_equal(mem_of(a, PORT_GRE)->n_out, 0);
		assert_int_equal(b->f->all->tunnels->slot[0].stats.in_packets, 1);
		assert_int_equal(a->f->all->tunnels->slot[0].stats.out_packets, 1);
		world_free(a);
		world_free(b);
	}
}

static void without_an_sa_it_waits_and_without_a_policy_it_is_dropped(void **state)
{
	(void)state;
	for (enum kind kind = GRE; kind <= VTI; kind++) {
		struct world *w = world_new();

		table(w, kind, A, B, false, false, 0);
		(void)send_inner(w, PORT_TUN);
		assert_int_equal(w->acquires, 1);
		assert_int_equal(w->f->all->n_waiting, 1);
		table(w, kind, A, B, true, false, 0);
		assert_int_equal(w->f->all->n_waiting, 0);
		(void)send_inner(w, PORT_TUN);
		assert_int_equal(w->f->drops.n[FWD_DROP_NO_POLICY], 2);
		assert_int_equal(mem_of(w, PORT_GRE)->n_out + mem_of(w, PORT_ESP)->n_out, 0);
		world_free(w);
	}
}

/* A tunnel that gets another destination: what was packed for the old one has no SA to
 * come, and must not have one made after the other. */
static void what_waits_for_another_end_is_dropped_not_asked_for_again(void **state)
{
	struct world *w = world_new();

	(void)state;
	table(w, GRE, A, B, false, false, 0);
	(void)send_inner(w, PORT_TUN);
	table(w, GRE, A, B, false, false, 0);
	assert_int_equal(w->f->all->n_waiting, 1); /* nothing has changed for it */
	table(w, GRE, A, B + 1, false, false, 0);
	(void)send_inner(w, PORT_TUN);
	w->acquires = 0;
	sas(w, GRE, A, B + 1, POLICY, 0x1001, 0x1002);
	assert_int_equal(w->acquires, 0);
	assert_int_equal(w->f->all->n_waiting, 0);
	assert_int_equal(w->f->drops.n[FWD_DROP_NO_POLICY], 1);
	assert_int_equal(mem_of(w, PORT_ESP)->n_out, 1);
	world_free(w);
}

static void gre_in_clear_is_refused_and_told(void **state)
{
	struct world *w = world_new();
	uint8_t p[64];

	(void)state;
	table(w, GRE, A, B, false, false, 0);
	sas(w, GRE, A, B, POLICY, 0x1001, 0x1002);
	put(w, PORT_GRE, p, clear_gre(p, B, A, false));
	assert_int_equal(mem_of(w, PORT_TUN)->n_out, 0);
	assert_int_equal(w->clear, 1);
	assert_int_equal(w->f->drops.n[FWD_DROP_RECVD_CLEAR], 1);
	/* put together by the kernel out of fragments that came in by its own TUN */
	mem_of(w, PORT_GRE)->ifindex = TUN_DEV;
	put(w, PORT_GRE, p, clear_gre(p, B, A, false));
	assert_int_equal(mem_of(w, PORT_TUN)->n_out, 1);
	/* another one's TUN is not its own */
	mem_of(w, PORT_GRE)->ifindex = TUN_DEV + 1;
	put(w, PORT_GRE, p, clear_gre(p, B, A, false));
	assert_int_equal(mem_of(w, PORT_TUN)->n_out, 1);
	world_free(w);
}

/* An SA of another policy with the same peer proves nothing about this tunnel. */
static void another_policys_sa_is_no_way_in(void **state)
{
	struct world *a = world_new(), *b = world_new();

	(void)state;
	table(a, GRE, A, B, false, false, 0);
	table(b, GRE, B, A, false, false, 0);
	sas(a, GRE, A, B, POLICY, 0x1001, 0x1002);
	sas(b, GRE, B, A, POLICY + 1, 0x1002, 0x1001);
	(void)send_inner(a, PORT_TUN);
	assert_int_equal(carry(a, b), 1);
	assert_int_equal(mem_of(b, PORT_TUN)->n_out, 0);
	assert_int_equal(b->f->drops.n[FWD_DROP_RECVD_CLEAR], 1);
	world_free(a);
	world_free(b);
}

static void a_tunnel_beside_a_protected_one_is_closed_or_shares(void **state)
{
	struct world *a = world_new(), *b = world_new();
	uint8_t p[64];

	(void)state;
	table(a, GRE, A, B, false, true, 0);
	sas(a, GRE, A, B, POLICY, 0x1001, 0x1002);
	(void)send_inner(a, PORT_TUN2);
	assert_int_equal(mem_of(a, PORT_GRE)->n_out + mem_of(a, PORT_ESP)->n_out, 0);
	put(a, PORT_GRE, p, clear_gre(p, B, A, true));
	assert_int_equal(mem_of(a, PORT_TUN2)->n_out, 0);
	/* shared: one pair of SAs, told apart by key */
	table(a, GRE, A, B, false, true, POLICY);
	table(b, GRE, B, A, false, true, POLICY);
	sas(b, GRE, B, A, POLICY, 0x1002, 0x1001);
	(void)send_inner(a, PORT_TUN2);
	assert_int_equal(carry(a, b), 1);
	assert_int_equal(mem_of(b, PORT_TUN2)->n_out, 1);
	assert_int_equal(mem_of(b, PORT_TUN)->n_out, 0);
	world_free(a);
	world_free(b);
}

/* The peer has cut a packet of one of them before it encrypted: which one it is shows only
 * when the kernel has put it together, out of what came in by the TUN of one that works. */
static void fragments_of_tunnels_that_share_find_their_tunnel(void **state)
{
	struct ip_view cut = { .family = IP_V4, .ttl = 64, .id = 9, .frag = IP4_MF, .proto = 47, .total_len = 64 };

	(void)state;
	for (size_t down = 0; down < 2; down++) {
		struct world *a = world_new(), *b = world_new();
		uint32_t tun = down ? PORT_TUN : PORT_TUN2;
		uint8_t p[64];

		table(a, VTI, A, B, false, false, 0);
		table(b, GRE, B, A, false, true, POLICY);
		sas(a, VTI, A, B, POLICY, 0x1001, 0x1002);
		sas(b, VTI, B, A, POLICY, 0x1002, 0x1001);
		for (struct tunnel *t = b->f->all->tunnels; t; t = t->next)
			t->conf.up = t->conf.tunnel_id != down;
		protect_bind(b->f);
		/* of the tunnel between A and B, in what carries anything */
		(void)clear_gre(p, A, B, true);
		cut.src = A;
		cut.dst = B;
		ip4_write(p, &cut);
		a->f->all->tunnels->conf.dst = ipaddr_v4(A_IN); /* not into itself */
		put(a, PORT_TUN, p, sizeof(p));
		assert_int_equal(carry(a, b), 1);
		assert_int_equal(mem_of(b, tun)->n_out, 1);
		for (struct tunnel *t = b->f->all->tunnels; t; t = t->next)
			t->conf.up = true;
		for (size_t key = 0; key < 2; key++) {
			size_t got = mem_of(b, PORT_TUN + (uint32_t)key)->n_out;

			mem_of(b, PORT_GRE)->ifindex = TUN_DEV + tun - PORT_TUN;
			put(b, PORT_GRE, p, clear_gre(p, A, B, key));
			assert_int_equal(mem_of(b, PORT_TUN + (uint32_t)key)->n_out, got + 1);
		}
		assert_int_equal(b->f->drops.n[FWD_DROP_RECVD_CLEAR], 0);
		world_free(a);
		world_free(b);
	}
}

static void a_tunnel_that_is_down_takes_and_gives_nothing(void **state)
{
	(void)state;
	for (enum kind kind = GRE; kind <= VTI; kind++) {
		struct world *a = world_new(), *b = world_new();

		table(a, kind, A, B, false, false, 0);
		table(b, kind, B, A, false, false, 0);
		sas(a, kind, A, B, POLICY, 0x1001, 0x1002);
		sas(b, kind, B, A, POLICY, 0x1002, 0x1001);
		b->f->all->tunnels->conf.up = false;
		(void)send_inner(a, PORT_TUN);
		assert_int_equal(carry(a, b), 1);
		assert_int_equal(mem_of(b, PORT_TUN)->n_out, 0);
		a->f->all->tunnels->conf.up = false;
		(void)send_inner(a, PORT_TUN);
		assert_int_equal(carry(a, b), 0);
		assert_int_equal(a->f->all->tunnels->slot[0].stats.out_drops, 1);
		world_free(a);
		world_free(b);
	}
}

/* What is for the new peer is not for the old one, whose SAs control has not ended yet. */
static void a_tunnel_with_another_end_uses_no_sa_of_before(void **state)
{
	const uint32_t c = B + 1;

	(void)state;
	for (enum kind kind = GRE; kind <= VTI; kind++) {
		struct world *a = world_new(), *b = world_new();

		table(a, kind, A, B, false, false, 0);
		table(b, kind, B, A, false, false, 0);
		sas(a, kind, A, B, POLICY, 0x1001, 0x1002);
		sas(b, kind, B, A, POLICY, 0x1002, 0x1001);
		table(a, kind, A, B, false, false, 0); /* the same again changes nothing */
		(void)send_inner(a, PORT_TUN);
		assert_int_equal(carry(a, b), 1);
		table(a, kind, A, c, false, false, 0);
		(void)send_inner(a, PORT_TUN);
		assert_int_equal(mem_of(a, PORT_ESP)->n_out, 0);
		assert_int_equal(a->acquires, 1);
		(void)send_inner(b, PORT_TUN);
		assert_int_equal(carry(b, a), 1);
		assert_int_equal(mem_of(a, PORT_TUN)->n_out, 0);
		sas(a, kind, A, c, POLICY, 0x2001, 0x2002);
		assert_int_equal(mem_of(a, PORT_ESP)->n_out, 1);
		world_free(a);
		world_free(b);
	}
}

static void a_vti_without_a_policy_is_no_message(void **state)
{
	struct fwd_msg m = { .type = FWD_TUNNEL_ADD,
			     .u.tunnel = { .src = ipaddr_v4(A), .dst = ipaddr_v4(B), .vti = true } };
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));

	(void)state;
	fwd_encode(&w, &m);
	assert_int_not_equal(fwd_decode(wr_done(&w), &m), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_sends_the_other_gets),
		cmocka_unit_test(without_an_sa_it_waits_and_without_a_policy_it_is_dropped),
		cmocka_unit_test(what_waits_for_another_end_is_dropped_not_asked_for_again),
		cmocka_unit_test(gre_in_clear_is_refused_and_told),
		cmocka_unit_test(another_policys_sa_is_no_way_in),
		cmocka_unit_test(a_tunnel_beside_a_protected_one_is_closed_or_shares),
		cmocka_unit_test(fragments_of_tunnels_that_share_find_their_tunnel),
		cmocka_unit_test(a_tunnel_that_is_down_takes_and_gives_nothing),
		cmocka_unit_test(a_tunnel_with_another_end_uses_no_sa_of_before),
		cmocka_unit_test(a_vti_without_a_policy_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
