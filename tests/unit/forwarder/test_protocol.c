/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/protocol.h"

/* A repeatable stream, so that every field of a message holds something else. */
static uint64_t stream;

static uint32_t next(void)
{
	stream = stream * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(stream >> 33);
}

static struct ipaddr addr(void)
{
	return ipaddr_v4(next());
}

static struct selector selector(void)
{
	return (struct selector){ .local = addr_match_v4(next(), next() & 255),
				  .remote = addr_match_v4(next(), 0xffffffff),
				  .proto = (uint8_t)next(),
				  .local_port = { PORT_RANGE, (uint16_t)next(), (uint16_t)next() },
				  .remote_port = { PORT_NEQ, (uint16_t)next(), 0 } };
}

static struct flow flow(void)
{
	return (struct flow){ addr(), addr(), (uint8_t)next(), true, (uint16_t)next(),
			      (uint16_t)next() };
}

static struct sa_key key(uint8_t len)
{
	struct sa_key k = { .len = len };

	for (size_t i = 0; i < sizeof(k.b); i++)
		k.b[i] = (uint8_t)next();
	return k;
}

static struct sa_spec spec(void)
{
	return (struct sa_spec){ .id = next(), .pair_id = next(), .policy_id = next(),
				 .dir = SA_OUT, .proto = PROTO_ESP, .mode = MODE_TRANSPORT,
				 .spi = next(), .src = addr(), .dst = addr(), .udp_encap = true,
				 .udp_sport = (uint16_t)next(), .udp_dport = (uint16_t)next(),
				 .cipher = CIPHER_AES_CBC, .cipher_bits = 256,
				 .auth = AUTH_HMAC_SHA1_96, .enc_key = key(32),
				 .auth_key = key(SA_MAX_KEY), .ah = { next(), AUTH_HMAC_SHA256_128, key(32) },
				 .manual = true, .replay_window = 64,
				 .sel = selector(), .peer = addr(), .peer_moves = true,
				 .oa_src = addr(), .oa_dst = addr(),
				 .life = { next(), next(), (uint64_t)next() << 20, next() } };
}

/* Statistics are words only: fill them all. */
static void fill(void *p, size_t n)
{
	uint32_t v;

	for (size_t i = 0; i + 4 <= n; i += 4) {
		v = next();
		memcpy((char *)p + i, &v, 4);
	}
}

static void make_request(struct fwd_msg *m)
{
	switch (m->type) {
	case FWD_HELLO:
		m->u.version = FWD_VERSION;
		break;
	case FWD_PORT_ADD:
		m->u.port = (struct fwd_port){ next(), FWD_PORT_STEER, next(), next(), next(), 3, true, 3 };
		break;
	case FWD_PORT_DEL:
	case FWD_SA_DEL:
	case FWD_NEGOTIATION_FAILED:
	case FWD_WAYS:
		m->u.id = next();
		break;
	case FWD_SA_ADD:
		m->u.sa = spec();
		break;
	case FWD_POLICY_ADD:
		m->u.policy = (struct fwd_policy){ .id = next(), .ifid = next(), .map_seq = next(),
						   .action = FWD_POLICY_SKIP, .sel = selector(),
						   .local = addr(), .path_mtu = next(), .df_bit = 2,
						   .frag_after = true };
		break;
	case FWD_TUNNEL_ADD:
		m->u.tunnel = (struct fwd_tunnel){
			.tunnel_id = next(), .tun_port = next(), .src = addr(), .dst = addr(),
			.egress_ifid = next(), .has_key = true, .key = next(),
			.ttl = (uint8_t)next(), .tos = (uint8_t)next(), .mtu = (uint16_t)next(),
			.adjust_mss = (uint16_t)next(), .path_mtu = (uint16_t)next(), .pmtud = true,
			.pmtu_age_min = (uint8_t)next(), .pmtu_least = (uint16_t)next(), .up = true,
			.encap = FWD_ENCAP_IPIP, .checksum = true, .sequence = true,
			.keepalive_sec = (uint16_t)next(), .keepalive_retries = (uint8_t)next(),
			.trace = true, .protect = next(), .vti = true, .own = addr() };
		break;
	case FWD_ACL_ADD:
		m->u.acl.list = (uint16_t)next();
		memcpy(m->u.acl.name, "EDGE-IN", 8);
		m->u.acl.entry = (struct acl_entry){
			.seq = next(), .kind = ACE_DENY, .proto = 6, .src = selector().local,
			.dst = selector().remote, .src_port = { PORT_EQ, 2, { 1, 65535 } },
			.dst_port = { PORT_RANGE, 2, { 5, 9 } }, .established = true, .tcp_flags = TCP_SYN,
			.icmp_type = 256, .icmp_code = 1, .precedence = 8, .tos = 16, .dscp = 64, .log = 2 };
		break;
	case FWD_POLICY_ACL:
		m->u.policy_acl.policy_id = next();
		m->u.policy_acl.in = (uint16_t)next();
		m->u.policy_acl.out = (uint16_t)next();
		break;
	default:
		break;
	}
}

static void make_reply(struct fwd_msg *m)
{
	switch (m->type) {
	case FWD_RESULT:
		m->u.error = -EINVAL;
		break;
	case FWD_SA_INFO:
		m->u.sa_info.spec = spec();
		m->u.sa_info.stats.bytes = UINT64_MAX - 1;
		m->u.sa_info.stats.dir = SA_IN;
		m->u.sa_info.stats.idle_ms = next();
		break;
	case FWD_STATS_SA:
		m->u.sa_stats.sa_id = next();
		m->u.sa_stats.spi = next();
		fill(&m->u.sa_stats.packets, 7 * sizeof(uint64_t));
		m->u.sa_stats.left_bytes = next();
		break;
	case FWD_STATS_POLICY:
		m->u.policy_stats.policy_id = next();
		fill(&m->u.policy_stats.matches, 26 * sizeof(uint64_t));
		break;
	case FWD_STATS_TUNNEL:
		m->u.tunnel_stats.tunnel_id = next();
		fill(&m->u.tunnel_stats.in_packets, 11 * sizeof(uint64_t));
		break;
	case FWD_STATS_DROPS:
		fill(&m->u.drops, sizeof(m->u.drops));
		break;
	case FWD_ACQUIRE:
		m->u.acquire.policy_id = next();
		m->u.acquire.flow = flow();
		break;
	case FWD_EXPIRE:
		m->u.expire.sa_id = next();
		m->u.expire.hard = true;
		break;
	case FWD_RECVD_CLEAR:
		m->u.recvd_clear.ifid = next();
		m->u.recvd_clear.flow = flow();
		break;
	case FWD_UNKNOWN_SPI:
		m->u.unknown_spi.src = addr();
		m->u.unknown_spi.dst = addr();
		m->u.unknown_spi.proto = PROTO_ESP;
		m->u.unknown_spi.spi = next();
		break;
	case FWD_SA_EVENT:
		m->u.sa_event.sa_id = next();
		m->u.sa_event.kind = FWD_EV_IDENTITY;
		m->u.sa_event.seqno = next();
		m->u.sa_event.flow = flow();
		break;
	case FWD_MATCHES_CLEAR:
		memcpy(m->u.matches.name, "101", 4);
		m->u.matches.policy_id = next();
		break;
	case FWD_STATS_ACL:
		memcpy(m->u.acl_stats.name, "101", 4);
		m->u.acl_stats.seq = next();
		m->u.acl_stats.n = UINT64_MAX - 3;
		break;
	case FWD_ACL_LOG:
		memcpy(m->u.acl_log.name, "101", 4);
		m->u.acl_log.seq = next();
		m->u.acl_log.ifid = next();
		m->u.acl_log.probe = (struct acl_probe){ .src = addr(), .dst = addr(), .proto = 6,
							 .tos = 0xb8, .l4_known = true, .src_port = 1,
							 .dst_port = 65535, .tcp_flags = 0x12,
							 .icmp_type = 3, .icmp_code = 4 };
		break;
	case FWD_NEXT_HOP:
		for (m->u.next_hops.n = 0; m->u.next_hops.n < FWD_HOPS_MAX; m->u.next_hops.n++)
			m->u.next_hops.v[m->u.next_hops.n] =
				(struct fwd_next_hop){ addr(), addr(), next(), { 2, 0, 0, 0, 0, 1 }, 3000 };
		break;
	case FWD_PORT_SLOWER:
		m->u.port_slower.id = next();
		m->u.port_slower.error = -5;
		break;
	case FWD_NOT_PINNED:
		m->u.error = -1;
		break;
	case FWD_CRYPTO:
		memcpy(m->u.crypto, "libcrypto 3.0.17", 17);
		break;
	case FWD_PEER_MOVED:
	case FWD_SA_MOVE:
		m->u.peer_moved.sa_id = next();
		m->u.peer_moved.addr = addr();
		m->u.peer_moved.port = (uint16_t)next();
		break;
	default:
		break;
	}
}

static struct fwd_msg message(uint8_t type)
{
	struct fwd_msg m;

	memset(&m, 0, sizeof(m));
	m.type = type;
	m.seq = next();
	make_request(&m);
	make_reply(&m);
	return m;
}

static bool has_bytes(uint8_t type)
{
	return type == FWD_IKE_RX || type == FWD_IKE_TX;
}

/* Every type but the two whose span cannot be compared as memory. */
static const uint8_t plain_types[] = {
	FWD_HELLO,	  FWD_PORT_ADD,	 FWD_PORT_DEL,	   FWD_SA_ADD,	     FWD_SA_DEL,
	FWD_SA_DUMP,	  FWD_TABLE_BEGIN, FWD_POLICY_ADD, FWD_TUNNEL_ADD,   FWD_TABLE_COMMIT,
	FWD_NEGOTIATION_FAILED, FWD_STATS_GET, FWD_STATS_CLEAR, FWD_SHUTDOWN, FWD_RESULT,
	FWD_SA_INFO,	  FWD_STATS_SA,	 FWD_STATS_POLICY, FWD_STATS_TUNNEL, FWD_STATS_DROPS,
	FWD_ACQUIRE,	  FWD_EXPIRE,	 FWD_RECVD_CLEAR,  FWD_UNKNOWN_SPI,  FWD_SA_EVENT,
	FWD_PEER_MOVED,	  FWD_SA_MOVE,	 FWD_TUNNEL_ALIVE, FWD_KEEPALIVE,    FWD_ACL_ADD,
	FWD_POLICY_ACL,	  FWD_STATS_ACL, FWD_ACL_LOG,	   FWD_MATCHES_CLEAR, FWD_PORT_SLOWER,
	FWD_NEXT_HOP,	  FWD_CRYPTO,	 FWD_NOT_PINNED,  FWD_WAYS,
};
#define N_PLAIN (sizeof(plain_types) / sizeof(plain_types[0]))

static void a_message_comes_out_as_it_went_in(void **state)
{
	uint8_t buf[4096], again[4096];

	(void)state;
	for (size_t i = 0; i < N_PLAIN; i++) {
		struct fwd_msg in = message(plain_types[i]), out;
		struct wr w = wr_of(buf, sizeof(buf));
		struct wr v = wr_of(again, sizeof(again));

		fwd_encode(&w, &in);
		assert_false(w.bad);
		assert_int_equal(fwd_decode(wr_done(&w), &out), 0);
		assert_int_equal(out.type, in.type);
		assert_int_equal(out.seq, in.seq);
		fwd_encode(&v, &out);
		assert_int_equal(wr_len(&v), wr_len(&w));
		assert_memory_equal(again, buf, wr_len(&w));
	}
}

static void fields_keep_their_places(void **state)
{
	uint8_t buf[4096];
	struct fwd_msg in = message(FWD_SA_ADD), out;
	struct wr w = wr_of(buf, sizeof(buf));

	(void)state;
	fwd_encode(&w, &in);
	assert_int_equal(fwd_decode(wr_done(&w), &out), 0);
	assert_int_equal(out.u.sa.spi, in.u.sa.spi);
	assert_int_equal(out.u.sa.enc_key.len, 32);
	assert_memory_equal(out.u.sa.enc_key.b, in.u.sa.enc_key.b, 32);
	assert_memory_equal(out.u.sa.auth_key.b, in.u.sa.auth_key.b, SA_MAX_KEY);
	assert_int_equal(out.u.sa.ah.spi, in.u.sa.ah.spi);
	assert_int_equal(out.u.sa.ah.auth, AUTH_HMAC_SHA256_128);
	assert_memory_equal(out.u.sa.ah.key.b, in.u.sa.ah.key.b, SA_MAX_KEY);
	assert_true(out.u.sa.manual);
	assert_true(ipaddr_equal(&out.u.sa.dst, &in.u.sa.dst));
	assert_true(selector_equal(&out.u.sa.sel, &in.u.sa.sel));
	assert_true(out.u.sa.life.hard_bytes == in.u.sa.life.hard_bytes);
	in = message(FWD_TUNNEL_ADD);
	w = wr_of(buf, sizeof(buf));
	fwd_encode(&w, &in);
	assert_int_equal(fwd_decode(wr_done(&w), &out), 0);
	assert_int_equal(out.u.tunnel.key, in.u.tunnel.key);
	assert_int_equal(out.u.tunnel.path_mtu, in.u.tunnel.path_mtu);
	assert_true(out.u.tunnel.up && out.u.tunnel.checksum && out.u.tunnel.sequence);
	assert_int_equal(out.u.tunnel.keepalive_sec, in.u.tunnel.keepalive_sec);
	assert_int_equal(out.u.tunnel.keepalive_retries, in.u.tunnel.keepalive_retries);
	assert_int_equal(out.u.tunnel.protect, in.u.tunnel.protect);
	assert_true(out.u.tunnel.vti);
	in = message(FWD_STATS_DROPS);
	w = wr_of(buf, sizeof(buf));
	fwd_encode(&w, &in);
	assert_int_equal(fwd_decode(wr_done(&w), &out), 0);
	assert_memory_equal(&out.u.drops, &in.u.drops, sizeof(in.u.drops));
}

static void ike_datagrams_travel_whole(void **state)
{
	static const uint8_t ike[] = "thirty-one bytes of an IKE header";
	uint8_t buf[256];

	(void)state;
	for (uint8_t type = FWD_SHUTDOWN; type <= FWD_IKE_RX; type++) {
		struct fwd_msg in = { .type = type, .seq = 9 }, out;
		struct wr w = wr_of(buf, sizeof(buf));

		if (!has_bytes(type))
			continue;
		in.u.ike_rx.local = ipaddr_v4(0xc0000201);
		in.u.ike_rx.remote = ipaddr_v4(0xc6336401);
		in.u.ike_rx.remote_port = 4500;
		in.u.ike_rx.data = span_of(ike, sizeof(ike));
		fwd_encode(&w, &in);
		assert_int_equal(fwd_decode(wr_done(&w), &out), 0);
		assert_int_equal(out.u.ike_rx.remote_port, 4500);
		assert_int_equal(out.u.ike_rx.data.len, sizeof(ike));
		assert_memory_equal(out.u.ike_rx.data.p, ike, sizeof(ike));
	}
}

static void every_truncation_is_refused(void **state)
{
	uint8_t buf[4096];

	(void)state;
	for (size_t i = 0; i < N_PLAIN; i++) {
		struct fwd_msg in = message(plain_types[i]), out = { .type = 99 };
		struct wr w = wr_of(buf, sizeof(buf));

		fwd_encode(&w, &in);
		for (size_t n = 0; n < wr_len(&w); n++) {
			/* exactly sized: a sanitizer sees one byte too many */
			uint8_t *heap = malloc(n ? n : 1);

			memcpy(heap, buf, n);
			assert_int_equal(fwd_decode(span_of(heap, n), &out), -EBADMSG);
			free(heap);
		}
		assert_int_equal(out.type, 99);
		wr_u8(&w, 0);
		assert_int_equal(fwd_decode(wr_done(&w), &out), -EBADMSG);
	}
}

static void values_that_nobody_sends_are_refused(void **state)
{
	static const struct {
		uint8_t type;
		size_t at; /* offset of the byte to spoil */
		uint8_t to;
	} rows[] = {
		{ FWD_PORT_ADD, 5 + 4, 0 },	   { FWD_PORT_ADD, 5 + 4, FWD_PORT_LAST + 1 },
		{ FWD_POLICY_ADD, 5 + 12, 3 },	   { FWD_POLICY_ADD, 5 + 13, 5 }, /* family */
		{ FWD_TUNNEL_ADD, 5 + 8 + 34 + 4, 2 }, /* has_key */
		{ FWD_TUNNEL_ADD, 5 + 8 + 34 + 22, 4 }, /* encap */
		{ FWD_TUNNEL_ALIVE, 5 + 4, 2 },	   { FWD_KEEPALIVE, 5 + 4, 2 },
		{ FWD_EXPIRE, 5 + 4, 2 },	   { FWD_ACQUIRE, 5 + 4, 1 },
		{ FWD_SA_ADD, 5 + 19, 9 },
		{ FWD_ACL_ADD, 5 + 2 + 63, 1 },	   { FWD_ACL_ADD, 5 + 2 + 64 + 4, 3 }, /* name, kind */
		{ FWD_ACL_ADD, 5 + 2 + 64 + 6, 5 }, { FWD_ACL_ADD, 5 + 2 + 64 + 6 + 66, 6 }, /* family, op */
		{ FWD_ACL_ADD, 5 + 2 + 64 + 6 + 67, 11 }, { FWD_ACL_LOG, 5 + 64 + 8 + 34 + 2, 4 },
		{ FWD_CRYPTO, 5 + 3, '\n' },	   { FWD_CRYPTO, 5 + 3, 0xe9 },
	};
	uint8_t buf[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fwd_msg in = message(rows[i].type), out;
		struct wr w = wr_of(buf, sizeof(buf));

		fwd_encode(&w, &in);
		assert_int_equal(fwd_decode(wr_done(&w), &out), 0);
		buf[rows[i].at] = rows[i].to;
		assert_int_equal(fwd_decode(wr_done(&w), &out), -EBADMSG);
	}
	struct fwd_msg endless = { .type = FWD_CRYPTO }, out;
	struct wr e = wr_of(buf, sizeof(buf));
	memset(endless.u.crypto, 'x', sizeof(endless.u.crypto));
	fwd_encode(&e, &endless);
	assert_int_equal(fwd_decode(wr_done(&e), &out), -EBADMSG);
	for (unsigned type = 0; type < 256; type++) {
		bool known = has_bytes((uint8_t)type);

		for (size_t k = 0; k < N_PLAIN; k++)
			known |= plain_types[k] == type;
		struct fwd_msg m = { .type = (uint8_t)type };
		struct wr w = wr_of(buf, sizeof(buf));
		fwd_encode(&w, &m);
		assert_int_equal(w.bad, !known);
	}
}

static void random_bytes_do_no_harm(void **state)
{
	uint8_t buf[600];
	struct fwd_msg m;
	size_t taken = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t n = next() % sizeof(buf);

		for (size_t k = 0; k < n; k++)
			buf[k] = (uint8_t)next();
		if (n)
			buf[0] = (uint8_t)(buf[0] % (FWD_LAST_EVENT + 1));
		uint8_t *heap = malloc(n ? n : 1);
		memcpy(heap, buf, n);
		taken += fwd_decode(span_of(heap, n), &m) == 0;
		free(heap);
	}
	assert_true(taken < 20000);
}

static void every_drop_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < FWD_N_DROPS; i++) {
		assert_non_null(fwd_drop_name((enum fwd_drop)i));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(fwd_drop_name((enum fwd_drop)i),
						fwd_drop_name((enum fwd_drop)k));
	}
	assert_string_equal(fwd_drop_name(FWD_N_DROPS), "?");
}

/* Three rows and what of them is left of every shorter message. */
static void rows_are_taken_one_by_one_and_never_past_the_end(void **state)
{
	static const uint8_t types[] = { FWD_STATS_SA, FWD_STATS_POLICY, FWD_STATS_TUNNEL };
	uint8_t one[2048], all[8192];
	struct wr w = wr_of(all, sizeof(all));
	size_t ends[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fwd_msg m = { .type = types[i], .seq = 7 };
		struct wr x = wr_of(one, sizeof(one));

		m.u.sa_stats.sa_id = (uint32_t)i + 1; /* the id is the first field of each */
		fwd_encode(&x, &m);
		assert_false(x.bad);
		wr_be16(&w, (uint16_t)wr_len(&x));
		wr_bytes(&w, one, wr_len(&x));
		ends[i] = wr_len(&w);
	}
	for (size_t len = 0; len <= ends[2]; len++) {
		uint8_t *exact = malloc(len ? len : 1); /* so that a sanitizer sees a byte too many */
		struct fwd_msg m;
		size_t n = 0, whole = (len >= ends[0]) + (size_t)(len >= ends[1]) + (len >= ends[2]);

		assert_non_null(exact);
		memcpy(exact, all, len);
		struct rd r = rd_of(exact, len);
		while (fwd_next_row(&r, &m)) {
			assert_int_equal(m.type, types[n]);
			assert_int_equal(m.seq, 7);
			n++;
		}
		assert_int_equal(n, whole);
		assert_false(fwd_next_row(&r, &m)); /* and it stays so */
		free(exact);
	}
	/* what is no row of statistics has no business there, nor has nothing */
	struct fwd_msg m = { .type = FWD_RESULT, .seq = 7 };
	struct wr x = wr_of(one + 2, sizeof(one) - 2);
	fwd_encode(&x, &m);
	one[0] = 0;
	one[1] = (uint8_t)wr_len(&x);
	struct rd r = rd_of(one, 2 + wr_len(&x));
	assert_false(fwd_next_row(&r, &m));
	r = rd_of("\0\0\0\0", 4);
	assert_false(fwd_next_row(&r, &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_comes_out_as_it_went_in),
		cmocka_unit_test(fields_keep_their_places),
		cmocka_unit_test(ike_datagrams_travel_whole),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(values_that_nobody_sends_are_refused),
		cmocka_unit_test(random_bytes_do_no_harm),
		cmocka_unit_test(every_drop_has_a_name_of_its_own),
		cmocka_unit_test(rows_are_taken_one_by_one_and_never_past_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
