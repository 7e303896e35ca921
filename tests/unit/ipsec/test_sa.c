/* SPDX-License-Identifier: Apache-2.0 */
/* An SA keeps what was agreed, in its own way: it tells all of it but the keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipsec/sa.h"

#define US   UINT32_C(0xc0000201)
#define PEER UINT32_C(0xc6336401)

static struct crypto_runner *crypto;

static int up(void **state)
{
	(void)state;
	crypto = crypto_runner_new(CRYPTO_AUTO);
	return !crypto;
}

static int down(void **state)
{
	(void)state;
	crypto_runner_free(crypto);
	return 0;
}

static struct sa_key key_of(uint8_t len)
{
	struct sa_key k = { .len = len };

	memset(k.b, 0xa5, len);
	return k;
}

/* No two fields are the same. */
static struct sa_spec spec_of(enum sa_dir dir)
{
	bool in = dir == SA_IN;

	return (struct sa_spec){
		.id = 1, .pair_id = 2, .policy_id = 3, .spi = 0x12345678, .dir = (uint8_t)dir,
		.proto = PROTO_ESP, .mode = MODE_TUNNEL, .cipher = CIPHER_AES_CBC, .cipher_bits = 256,
		.auth = AUTH_HMAC_SHA256_128, .life = { 5, 6, 7, 8 }, .replay_window = 128,
		.src = ipaddr_v4(in ? PEER : US), .dst = ipaddr_v4(in ? US : PEER),
		.peer = ipaddr_v4(PEER), .enc_key = key_of(32), .auth_key = key_of(32),
		.sel = { addr_match_v4(0x0a010000, 0xffff), addr_match_v4(0x0a020000, 0xff), 6,
			 { PORT_EQ, 80, 0 }, { PORT_RANGE, 1000, 2000 } },
	};
}

#define SAME(field) assert_int_equal(got.field, s->field)

/* What an SA made of s tells; it is freed. */
static void tells(struct sa *sa, const struct sa_spec *s)
{
	struct sa_spec got;

	memset(&got, 0xff, sizeof(got));
	sa_get_spec(sa, &got);
	SAME(id);
	SAME(pair_id);
	SAME(policy_id);
	SAME(spi);
	SAME(dir);
	SAME(proto);
	SAME(mode);
	SAME(udp_encap);
	SAME(esn);
	SAME(manual);
	SAME(cipher);
	SAME(cipher_bits);
	SAME(auth);
	SAME(life.soft_sec);
	SAME(life.hard_sec);
	SAME(life.soft_bytes);
	SAME(life.hard_bytes);
	SAME(replay_window);
	SAME(udp_sport);
	SAME(udp_dport);
	SAME(peer_moves);
	SAME(ah.spi);
	SAME(ah.auth);
	assert_true(ipaddr_equal(&got.src, &s->src));
	assert_true(ipaddr_equal(&got.dst, &s->dst));
	assert_true(ipaddr_equal(&got.peer, &s->peer));
	assert_true(ipaddr_equal(&got.oa_src, &s->oa_src));
	assert_true(ipaddr_equal(&got.oa_dst, &s->oa_dst));
	assert_true(selector_equal(&got.sel, &s->sel));
	assert_int_equal(got.enc_key.len + got.auth_key.len + got.ah.key.len, 0);
	for (size_t i = 0; i < SA_MAX_KEY; i++)
		assert_int_equal(got.enc_key.b[i] | got.auth_key.b[i] | got.ah.key.b[i], 0);
	sa_free(sa);
}

static struct sa *sa_made(const struct sa_spec *s)
{
	struct sa *sa;

	assert_int_equal(sa_new(crypto, s, 0, &sa), 0);
	return sa;
}

static void an_sa_tells_what_was_agreed_but_the_keys(void **state)
{
	(void)state;
	for (int dir = SA_IN; dir <= SA_OUT; dir++) {
		struct sa_spec s = spec_of((enum sa_dir)dir);

		tells(sa_made(&s), &s);
		s.esn = true;
		tells(sa_made(&s), &s);
		s.esn = false;
		s.manual = true;
		s.replay_window = 0;
		tells(sa_made(&s), &s);
		/* nobody has said where the peer is, or it is not where his packets are from */
		s.peer = (struct ipaddr){ 0 };
		tells(sa_made(&s), &s);
		s.peer = ipaddr_v4(0x01020304);
		tells(sa_made(&s), &s);
	}
}

static void so_does_one_of_ah(void **state)
{
	(void)state;
	for (int dir = SA_IN; dir <= SA_OUT; dir++) {
		struct sa_spec s = spec_of((enum sa_dir)dir);

		s.ah = (struct sa_ah){ 0x87654321, AUTH_HMAC_SHA1_96, key_of(20) };
		tells(sa_made(&s), &s);
		s.ah = (struct sa_ah){ 0 };
		s.proto = PROTO_AH;
		s.cipher = 0;
		s.cipher_bits = 0;
		s.enc_key.len = 0;
		tells(sa_made(&s), &s);
	}
}

static void so_does_one_in_udp_when_its_peer_has_moved(void **state)
{
	(void)state;
	for (int dir = SA_IN; dir <= SA_OUT; dir++) {
		struct sa_spec s = spec_of((enum sa_dir)dir);
		struct sa *sa;

		s.mode = MODE_TRANSPORT;
		s.udp_encap = s.peer_moves = true;
		s.udp_sport = 4500;
		s.udp_dport = 61234;
		tells(sa_made(&s), &s);
		s.oa_src = ipaddr_v4(0x0a000005);
		s.oa_dst = ipaddr_v4(0x0a000006);
		tells(sa_made(&s), &s);
		sa = sa_made(&s);
		s.udp_sport = sa->spec.udp_sport = 1;
		s.src = sa->spec.src = ipaddr_v4(0x05060708);
		s.dst = sa->spec.dst = ipaddr_v4(0x05060709);
		tells(sa, &s); /* and who he is in the configuration stays */
	}
}

static void a_window_takes_what_it_needs(void **state)
{
	static const struct {
		uint32_t window, words;
	} t[] = { { 0, 1 },    { 32, 2 },  { 64, 2 },  { 65, 2 },    { 66, 4 },
		  { 128, 4 }, { 256, 8 }, { 512, 16 }, { 1024, 32 }, { UINT32_MAX, 32 } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct replay r;

		assert_int_equal(replay_init(&r, t[i].window), 0);
		assert_int_equal(r.mask + 1, t[i].words);
		replay_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_sa_tells_what_was_agreed_but_the_keys),
		cmocka_unit_test(so_does_one_of_ah),
		cmocka_unit_test(so_does_one_in_udp_when_its_peer_has_moved),
		cmocka_unit_test(a_window_takes_what_it_needs),
	};
	return cmocka_run_group_tests(tests, up, down);
}
