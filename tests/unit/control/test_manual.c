/* SPDX-License-Identifier: Apache-2.0 */
/* Typed keys: what a transform set needs of them, and the SAs that the entries compile to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/load.h"
#include "control/compile.h"
#include "crypto/alg.h"
#include "model/manual.h"

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define HEX8  "0123456789abcdef"
#define HEX24 HEX8 HEX8 "fedcba9876543210"
#define HEX20 HEX8 "00112233445566778899aabb"

struct fix {
	struct config *c;
	struct policy_ids ids;
	struct compiled out;
	size_t errors;
};

static void up(struct fix *f, const char *set, const char *entry, const char *acl)
{
	const struct bound_if ifs[] = { { .name = "FastEthernet0/1", .device = "wan", .ifindex = 7,
					  .addr = ipaddr_v4(A(192, 0, 2, 1)), .mtu = 1500 } };
	struct report report = { 0 };
	char text[4096];

	snprintf(text, sizeof(text),
		 "crypto ipsec transform-set TS %s\nip access-list extended VPN\n%s\n"
		 "crypto map M 10 ipsec-manual\n set peer 192.0.2.2\n%s\n set transform-set TS\n match address VPN\n"
		 "interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n crypto map M\n",
		 set, acl, entry);
	memset(f, 0, sizeof(*f));
	assert_int_equal(config_load_text(text, strlen(text), &f->c, &report), 0);
	f->errors = report.errors;
	report_fini(&report);
	assert_int_equal(compile(f->c, ifs, 1, &f->ids, &f->out), 0);
}

static void down(struct fix *f)
{
	compiled_fini(&f->out);
	policy_ids_fini(&f->ids);
	config_free(f->c);
}

static const char lan[] = " permit ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255";
static const char bundle_keys[] =
	" set session-key inbound ah 300 " HEX20 "ff\n"
	" set session-key inbound esp 301 cipher " HEX24 "ee authenticator " HEX20 "dd\n"
	" set session-key outbound ah 400 " HEX20 "\n"
	" set session-key outbound esp 401 cipher " HEX24 " authenticator " HEX20;

static void key_lengths_are_those_of_the_algorithms(void **state)
{
	(void)state;
	for (int a = AUTH_HMAC_MD5_96; a <= AUTH_HMAC_SHA512_256; a++)
		assert_int_equal(manual_auth_key_len((uint8_t)a), auth_info((enum auth_id)a)->key_len);
	for (int c = CIPHER_NULL; c <= CIPHER_AES_CBC; c++)
		for (unsigned bits = 128; bits <= 256; bits += 64) {
			struct p2_transform t = { .cipher = (uint8_t)c, .cipher_bits = (uint16_t)bits };

			assert_int_equal(manual_cipher_key_len(&t),
					 cipher_info((enum cipher_id)c, c == CIPHER_AES_CBC ? bits : 0)->key_len);
		}
}

static void only_ciphers_that_draw_their_ivs_are_allowed(void **state)
{
	char why[MANUAL_WHY];

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		struct p2_transform t = { .name = "TS", .cipher = (uint8_t)c, .cipher_bits = 128,
					  .ah_auth = AUTH_HMAC_SHA1_96 };

		assert_int_equal(manual_set_allowed(&t, why, sizeof(why)), c <= CIPHER_AES_CBC);
	}
	assert_non_null(strstr(why, "RFC 4106"));
}

static void a_complete_entry_has_both_sas(void **state)
{
	struct fix f;

	(void)state;
	up(&f, "ah-sha-hmac esp-3des esp-sha-hmac", bundle_keys, lan);
	assert_int_equal(f.errors, 0);
	assert_int_equal(f.out.n_manual, 1);
	const struct sa_spec *in = &f.out.manual[0].in, *out = &f.out.manual[0].out;
	assert_int_equal(in->ah.spi, 300);
	assert_int_equal(in->spi, 301);
	assert_int_equal(out->ah.spi, 400);
	assert_int_equal(out->spi, 401);
	assert_true(in->proto == PROTO_ESP && in->cipher == CIPHER_3DES && in->auth == AUTH_HMAC_SHA1_96 &&
		    in->ah.auth == AUTH_HMAC_SHA1_96);
	assert_int_equal(in->enc_key.len, 24); /* what is longer is cut */
	assert_memory_equal(in->enc_key.b, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
	assert_int_equal(in->enc_key.b[23], 0x10);
	assert_int_equal(in->auth_key.len, 20);
	assert_memory_equal(in->ah.key.b + 16, "\x88\x99\xaa\xbb", 4);
	assert_true(in->manual && !in->replay_window && !in->life.hard_sec && !in->life.soft_bytes);
	assert_int_equal(ipaddr_to_v4(&in->src), A(192, 0, 2, 2));
	assert_int_equal(ipaddr_to_v4(&out->src), A(192, 0, 2, 1));
	assert_true(selector_equal(&in->sel, &out->sel) && selector_equal(&in->sel, &f.out.p2[0].sel));
	assert_int_equal(in->policy_id, f.out.p2[0].id);
	/* IKE must not negotiate it; show knows the peer */
	assert_int_equal(f.out.p2[0].n_peers, 0);
	assert_true(f.out.p2[0].manual);
	assert_int_equal(f.out.shown[0].n_peers, 1);
	down(&f);
}

static void transport_mode_serves_only_between_the_peers(void **state)
{
	struct fix f;

	(void)state;
	up(&f, "ah-sha-hmac esp-3des esp-sha-hmac\n mode transport", bundle_keys, lan);
	assert_int_equal(f.out.manual[0].in.mode, MODE_TUNNEL);
	down(&f);
	up(&f, "ah-sha-hmac esp-3des esp-sha-hmac\n mode transport", bundle_keys,
	   " permit gre host 192.0.2.1 host 192.0.2.2");
	assert_int_equal(f.out.manual[0].in.mode, MODE_TRANSPORT);
	assert_int_equal(f.out.manual[0].out.sel.proto, 47);
	down(&f);
}

static void the_first_permit_line_has_the_sas_and_the_others_are_closed(void **state)
{
	struct fix f;

	(void)state;
	up(&f, "ah-sha-hmac esp-3des esp-sha-hmac", bundle_keys,
	   " deny ip 10.1.0.0 0.0.0.255 host 10.2.0.9\n permit ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255\n"
	   " permit ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255");
	assert_int_equal(f.out.n_manual, 1);
	assert_int_equal(f.out.n_policies, 3);
	assert_int_equal(f.out.policies[2].action, FWD_POLICY_PROTECT);
	assert_int_equal(f.out.manual[0].in.policy_id, f.out.policies[1].id);
	assert_non_null(strstr(txt_cstr(&f.out.notes), "first permit entry"));
	down(&f);
}

static void an_incomplete_entry_has_none_and_says_what_it_lacks(void **state)
{
	static const struct {
		const char *set, *keys, *says;
	} rows[] = {
		{ "ah-sha-hmac", " description x", "inbound: transform set TS needs set session-key inbound ah" },
		{ "ah-sha-hmac", " set session-key inbound ah 300 " HEX20, "needs set session-key outbound ah" },
		{ "esp-3des",
		  " set session-key inbound esp 301 cipher " HEX24 "\n set session-key outbound ah 301 " HEX20,
		  "needs set session-key outbound esp" },
		{ "esp-3des esp-sha-hmac",
		  " set session-key inbound esp 301 cipher " HEX24 " authenticator " HEX20
		  "\n set session-key outbound esp 302 cipher " HEX24,
		  "needs an authenticator key outbound" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fix f;

		up(&f, rows[i].set, rows[i].keys, lan);
		assert_int_equal(f.out.n_manual, 0);
		assert_int_equal(f.out.n_policies, 1); /* closed */
		if (!strstr(txt_cstr(&f.out.notes), rows[i].says))
			fail_msg("row %zu: %s", i, txt_cstr(&f.out.notes));
		down(&f);
	}
}

/* The keys come before the set in a file: it is the set's line that is refused. */
static void keys_too_short_for_the_set_are_refused_when_it_is_read(void **state)
{
	struct fix f;

	(void)state;
	up(&f, "ah-sha-hmac", " set session-key inbound ah 300 " HEX8 HEX8 "\n set session-key outbound ah 301 " HEX20, lan);
	assert_int_equal(f.out.n_manual, 0);
	assert_int_equal(f.out.n_policies, 1);
	assert_int_equal(f.c->maps.v[0]->entries.v[0]->n_transforms, 0);
	assert_true(f.errors > 0);
	down(&f);
	/* MD5 wants less */
	up(&f, "ah-md5-hmac", " set session-key inbound ah 300 " HEX8 HEX8 "\n set session-key outbound ah 301 " HEX20, lan);
	assert_int_equal(f.out.n_manual, 1);
	assert_true(f.out.manual[0].in.proto == PROTO_AH && f.out.manual[0].in.auth_key.len == 16);
	assert_true(!f.out.manual[0].in.ah.spi && !f.out.manual[0].in.enc_key.len);
	down(&f);
}

static void keys_make_configurations_differ(void **state)
{
	struct fix f;

	(void)state;
	up(&f, "ah-sha-hmac esp-3des esp-sha-hmac", bundle_keys, lan);
	for (size_t d = 0; d < 2; d++) {
		struct config *c = config_clone(f.c);

		assert_true(config_equal(c, f.c));
		c->maps.v[0]->entries.v[0]->keys[d].auth_key[3] ^= 1;
		assert_false(config_equal(c, f.c));
		config_free(c);
	}
	down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_lengths_are_those_of_the_algorithms),
		cmocka_unit_test(only_ciphers_that_draw_their_ivs_are_allowed),
		cmocka_unit_test(a_complete_entry_has_both_sas),
		cmocka_unit_test(transport_mode_serves_only_between_the_peers),
		cmocka_unit_test(the_first_permit_line_has_the_sas_and_the_others_are_closed),
		cmocka_unit_test(an_incomplete_entry_has_none_and_says_what_it_lacks),
		cmocka_unit_test(keys_too_short_for_the_set_are_refused_when_it_is_read),
		cmocka_unit_test(keys_make_configurations_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
