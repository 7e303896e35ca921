/* SPDX-License-Identifier: Apache-2.0 */
/* What is read to where a super-packet like the last one would belong is what it is, whether it is like that or not: beside
 * a slow reference, through a pair of sockets in the place of a TUN. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/tun_port.h"
#include "offload_ref.h"

enum { MOST = 400 };

static uint8_t noise[REF_MAX];
static struct ref_rng r = { 11 };

/* A packet that is mostly like the one before it. */
static void next_packet(struct ref_packet *p, size_t *seg)
{
	if (ref_below(&r, 8) == 0) {
		p->v6 = ref_below(&r, 3) == 0;
		p->udp = ref_below(&r, 3) == 0;
		p->n_options = p->udp ? 0 : 4 * ref_below(&r, 4);
		memset(p->options, 1, sizeof(p->options));
		p->n_extra = p->v6 || ref_below(&r, 4) ? 0 : 4 * ref_below(&r, 4);
		memset(p->extra, 1, sizeof(p->extra));
		*seg = 20 + ref_below(&r, ref_below(&r, 4) ? 1500 : 9000);
	}
	p->n_payload = *seg * (ref_below(&r, 3) ? 8 + ref_below(&r, 100) : ref_below(&r, 3));
	p->n_payload -= p->n_payload && ref_below(&r, 2) ? ref_below(&r, (uint32_t)*seg) : 0;
	if (p->n_payload > 65000)
		p->n_payload = 65000;
	p->flags = (uint8_t)(0x10 | (ref_rnd(&r) & 0x89));
	p->seq = ref_rnd(&r);
	p->id = (uint16_t)ref_rnd(&r);
	p->ttl = 64;
	p->payload = noise + ref_below(&r, 4000);
}

/* Sends it; how many packets are to come of it. */
static size_t send_packet(int fd, const struct ref_packet *p, size_t seg)
{
	static uint8_t out[VNET_HEADER + REF_MAX];
	size_t len = ref_write(p, out + VNET_HEADER);
	bool super = p->n_payload > seg;
	struct vnet v = { 0 };

	if (super) {
		v = (struct vnet){ .flags = VNET_NEEDS_CSUM, .gso_size = (uint16_t)seg,
				   .gso_type = p->udp ? VNET_GSO_UDP_L4 : p->v6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4,
				   .hdr_len = (uint16_t)ref_head(p), .csum_start = (uint16_t)ref_l4(p),
				   .csum_offset = p->udp ? 6 : 16 };
		ref_unfinish(p, out + VNET_HEADER, len);
	}
	vnet_encode(out, &v);
	assert_int_equal(send(fd, out, VNET_HEADER + len, 0), VNET_HEADER + len);
	return super ? (p->n_payload + seg - 1) / seg : 1;
}

static void look_at(const struct ref_packet *p, size_t seg, size_t nth, const struct pkt *k)
{
	static uint8_t want[REF_MAX];
	size_t n = p->n_payload > seg ? ref_segment(p, seg, nth, want) : ref_write(p, want);

	assert_int_equal(k->len, n);
	assert_memory_equal(k->data, want, n);
	assert_int_equal(pkt_headroom(k), PKT_HEADROOM);
}

static void run(size_t packets, size_t rounds)
{
	struct fwd_port desc = { .kind = FWD_PORT_TUNNEL, .how = FWD_HOW_VNET };
	struct ref_packet p = { .n_options = 12 };
	struct pool pool;
	struct port *port;
	size_t seg = 1400, whole = 0, one = 0;
	int pair[2];

	assert_int_equal(pool_init(&pool, packets), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(tun_port_make(&desc, pair[0], &port), 0);
	for (size_t i = 0; i < rounds; i++) {
		struct batch b = { 0 };
		size_t n, got = 0;

		next_packet(&p, &seg);
		if (ref_below(&r, 200) == 0) { /* what the kernel would not say: it is refused, and counts as one without a byte */
			static uint8_t bad[3000] = { [1] = VNET_GSO_TCPV4, [3] = 100 };

			assert_int_equal(send(pair[1], bad, 1 + ref_below(&r, sizeof(bad)), 0) > 0, 1);
			assert_int_equal(port->ops->recv(port, &pool, &b), 1);
			assert_int_equal(b.p[0]->len, 0);
			batch_put(&pool, &b);
		}
		n = send_packet(pair[1], &p, seg);
		while (got < n) {
			assert_true(port->ops->recv(port, &pool, &b) > 0);
			one += !got && b.n == n;
			for (size_t k = 0; k < b.n; k++)
				look_at(&p, seg, got++, b.p[k]);
			batch_put(&pool, &b);
			assert_int_equal(port->more, n - got);
			assert_int_equal(pool.n_free, packets);
		}
		whole += n <= BATCH_MAX && n <= packets;
	}
	if (packets >= BATCH_MAX)
		assert_int_equal(one, whole);
	assert_true(whole > rounds / 20);
	port->ops->close(port);
	close(pair[1]);
	pool_fini(&pool);
}

static void what_comes_is_what_was_sent(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)ref_rnd(&r);
	run(MOST, 3000);
}

static void with_few_buffers_too(void **state)
{
	(void)state;
	for (size_t packets = 1; packets < BATCH_MAX; packets = packets * 3 + 1)
		run(packets, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_is_what_was_sent),
		cmocka_unit_test(with_few_buffers_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
