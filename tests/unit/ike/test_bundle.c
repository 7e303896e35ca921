/* SPDX-License-Identifier: Apache-2.0 */
/* Proposals of AH, and of AH with ESP under one number (RFC 2408 section 4.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ike/proposal.h"

enum { SPI = 0x12345678, OFFER_MAX = 1024, ESP = 3, AH = 2, IPCOMP = 4 };

static const struct p2_ask ends = { .endpoints = true };

static struct p2_transform set(const char *name, enum auth_id ah, enum cipher_id c, enum auth_id a,
			       enum ipsec_mode mode)
{
	struct p2_transform t = { .mode = (uint8_t)mode, .ah_auth = (uint8_t)ah, .cipher = (uint8_t)c,
				  .esp_auth = (uint8_t)a };

	snprintf(t.name, sizeof(t.name), "%s", name);
	return t;
}

static struct p2_policy policy(size_t n, const struct p2_transform *v)
{
	struct p2_policy p = { .id = 1, .map = "CMAP", .seq = 10, .n_transforms = (uint8_t)n,
			       .life_sec = 3600, .life_kb = 4608000 };

	memcpy(p.transforms, v, n * sizeof(*v));
	return p;
}

/* The bytes of `ah-sha-hmac esp-des esp-md5-hmac`, as an RFC 2408 section 4.2 peer has them. */
static void a_bundle_is_laid_out_as_the_rfc_says(void **state)
{
	static const uint8_t want[] = {
		0, 0, 0, 1, 0, 0, 0, 1,
		2, 0, 0, 48, 1, 2, 4, 1,	/* another proposal follows; number 1, AH, one transform */
		0x47, 0x61, 0x03, 0x2d,		/* our SPI of AH */
		0, 0, 0, 36, 1, 3, 0, 0,	/* transform 1, AH_SHA */
		0x80, 1, 0, 1, 0x80, 2, 14, 16, /* 3600 s */
		0x80, 1, 0, 2, 0, 2, 0, 4, 0, 0x46, 0x50, 0,
		0x80, 4, 0, 1, 0x80, 5, 0, 2,	/* tunnel, HMAC-SHA */
		0, 0, 0, 48, 1, 3, 4, 1,	/* the last one; number 1, too, ESP */
		0x12, 0x34, 0x56, 0x78,
		0, 0, 0, 36, 1, 2, 0, 0,	/* transform 1, ESP_DES */
		0x80, 1, 0, 1, 0x80, 2, 14, 16,
		0x80, 1, 0, 2, 0, 2, 0, 4, 0, 0x46, 0x50, 0,
		0x80, 4, 0, 1, 0x80, 5, 0, 1,	/* tunnel, HMAC-MD5 */
	};
	struct p2_transform t = set("TS", AUTH_HMAC_SHA1_96, CIPHER_DES, AUTH_HMAC_MD5_96, MODE_TUNNEL);
	struct p2_policy p = policy(1, &t);
	uint8_t buf[OFFER_MAX];
	struct wr w = wr_of(buf, sizeof(buf));

	(void)state;
	p2_offer(&w, &p, SPI, P2_RAW, true);
	assert_int_equal(wr_len(&w), sizeof(want));
	for (size_t i = 0; i < sizeof(want); i++)
		if (buf[i] != want[i])
			fail_msg("byte %zu is %02x, not %02x", i, buf[i], want[i]);
}

/* Every kind of set, in two modes. */
static const struct {
	enum auth_id ah;
	enum cipher_id cipher;
	enum auth_id auth;
} kinds[] = {
	{ AUTH_HMAC_SHA1_96, CIPHER_UNSET, 0 },	 { AUTH_HMAC_MD5_96, CIPHER_UNSET, 0 },
	{ AUTH_HMAC_SHA256_128, CIPHER_UNSET, 0 }, { AUTH_HMAC_SHA1_96, CIPHER_3DES, AUTH_HMAC_SHA1_96 },
	{ AUTH_HMAC_SHA1_96, CIPHER_3DES, 0 },	 { AUTH_HMAC_SHA512_256, CIPHER_AES_CBC, 0 },
	{ AUTH_HMAC_SHA384_192, CIPHER_NULL, AUTH_HMAC_MD5_96 }, { 0, CIPHER_3DES, AUTH_HMAC_SHA1_96 },
	{ 0, CIPHER_AES_CBC, AUTH_HMAC_SHA1_96 },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct p2_transform kind(size_t i, enum ipsec_mode mode)
{
	struct p2_transform t = set("TS", kinds[i].ah, kinds[i].cipher, kinds[i].auth, mode);

	t.cipher_bits = t.cipher == CIPHER_AES_CBC ? 128 : 0;
	return t;
}

static bool choose(const struct p2_policy *i, const struct p2_policy *r, const struct p2_ask *ask,
		   struct p2_agreed *a, char *why, size_t cap)
{
	static uint8_t buf[OFFER_MAX]; /* the choice points into it */
	struct wr w = wr_of(buf, sizeof(buf));

	p2_offer(&w, i, SPI, P2_RAW, true);
	assert_false(w.bad);
	return p2_choose(wr_done(&w), r, ask, a, why, cap);
}

static void a_set_agrees_with_itself_alone(void **state)
{
	char why[320];

	(void)state;
	for (size_t x = 0; x < KINDS; x++)
		for (size_t y = 0; y < KINDS; y++) {
			struct p2_transform t = kind(x, MODE_TUNNEL), u = kind(y, MODE_TUNNEL);
			struct p2_policy i = policy(1, &t), r = policy(1, &u);
			struct p2_agreed a;

			if (choose(&i, &r, &ends, &a, why, sizeof(why)) != (x == y))
				fail_msg("set %zu against set %zu: %s", x, y, why);
			if (x != y)
				continue;
			bool alone = t.cipher == CIPHER_UNSET;
			assert_int_equal(a.proto, alone ? PROTO_AH : PROTO_ESP);
			assert_int_equal(a.auth, alone ? t.ah_auth : t.esp_auth);
			assert_int_equal(a.ah_auth, alone ? 0 : t.ah_auth);
			assert_int_equal(a.peer_spi, alone ? p2_ah_spi(SPI) : SPI);
			if (a.ah_auth)
				assert_int_equal(a.peer_ah_spi, p2_ah_spi(SPI));
		}
}

/* Several sets on offer, and the answer is what the initiator takes. */
static void of_several_sets_the_responders_first_is_taken_and_answered(void **state)
{
	char why[320];

	(void)state;
	for (size_t x = 0; x < KINDS; x++) {
		struct p2_transform all[6], mine[2];
		struct p2_policy i, r;
		struct p2_agreed a, b;
		uint8_t buf[OFFER_MAX];
		struct wr w = wr_of(buf, sizeof(buf));

		for (size_t k = 0; k < 6; k++)
			all[k] = kind((x + k) % KINDS, MODE_TRANSPORT);
		mine[0] = kind((x + 4) % KINDS, MODE_TRANSPORT);
		mine[1] = kind((x + 1) % KINDS, MODE_TRANSPORT);
		i = policy(6, all);
		r = policy(2, mine);
		assert_true(choose(&i, &r, &ends, &a, why, sizeof(why)));
		assert_int_equal(a.number, 5);
		assert_int_equal(a.mode, MODE_TRANSPORT);
		p2_answer(&w, &a, 0x9abcdef0);
		assert_true(ike_sa_is_choice(wr_done(&w)));
		assert_int_equal(ike_sa_is_single(wr_done(&w)), !a.ah_auth);
		struct p2_ask answer = { .endpoints = true, .answer = true };
		assert_true(p2_choose(wr_done(&w), &i, &answer, &b, why, sizeof(why)));
		assert_int_equal(b.number, 5);
		assert_int_equal(b.ah_auth, a.ah_auth);
		assert_int_equal(b.auth, a.auth);
		assert_int_equal(b.peer_spi, a.proto == PROTO_AH ? p2_ah_spi(0x9abcdef0) : 0x9abcdef0);
		if (b.ah_auth)
			assert_int_equal(b.peer_ah_spi, p2_ah_spi(0x9abcdef0));
	}
}

/* ---- offers of others ---- */

/* A proposal with as many transforms as there are modes in the text. */
static void put(struct wr *w, uint8_t next, uint8_t number, uint8_t proto, uint8_t id, const char *modes,
		unsigned auth, uint32_t spi, unsigned group)
{
	size_t prop = ike_sub_begin(w, next);

	wr_u8(w, number);
	wr_u8(w, proto);
	wr_u8(w, 4);
	wr_u8(w, (uint8_t)strlen(modes));
	wr_be32(w, spi);
	for (size_t i = 0; modes[i]; i++) {
		size_t tr = ike_sub_begin(w, modes[i + 1] ? PL_TRANSFORM : PL_NONE);

		wr_u8(w, (uint8_t)(i + 1));
		wr_u8(w, id);
		wr_be16(w, 0);
		ike_attr_tv(w, 4, modes[i] == 't' ? MODE_TUNNEL : MODE_TRANSPORT);
		if (auth)
			ike_attr_tv(w, 5, (uint16_t)auth);
		if (group)
			ike_attr_tv(w, 3, (uint16_t)group);
		ike_sub_end(w, tr);
	}
	ike_sub_end(w, prop);
}

struct half {
	uint8_t number, proto, id;
	const char *modes;
	unsigned auth;
	uint32_t spi;
	unsigned group;
};

static bool choose_halves(const struct half *h, size_t n, const struct p2_policy *p, struct p2_agreed *a,
			  char *why, size_t cap)
{
	struct p2_ask ask = { .endpoints = true, .has_ke = true };
	static uint8_t buf[OFFER_MAX];
	struct wr w = wr_of(buf, sizeof(buf));

	ike_sa_begin(&w);
	for (size_t i = 0; i < n; i++)
		put(&w, i + 1 < n ? PL_PROPOSAL : PL_NONE, h[i].number, h[i].proto, h[i].id, h[i].modes,
		    h[i].auth, h[i].spi, h[i].group);
	assert_false(w.bad);
	return p2_choose(wr_done(&w), p, &ask, a, why, cap);
}

static void refusals_name_the_protocol(void **state)
{
	struct p2_transform t = set("TS", AUTH_HMAC_SHA1_96, CIPHER_3DES, AUTH_HMAC_SHA1_96, MODE_TRANSPORT);
	struct p2_transform alone = set("TS", AUTH_HMAC_SHA1_96, CIPHER_UNSET, 0, MODE_TUNNEL);
	struct p2_transform esp = set("TS", 0, CIPHER_3DES, AUTH_HMAC_SHA1_96, MODE_TUNNEL);
	const struct {
		const struct p2_transform *t;
		struct half h[3];
		size_t n;
		const char *says; /* NULL: it is accepted */
	} rows[] = {
		{ &t, { { 1, AH, 3, "p", 2, 300, 0 }, { 1, ESP, 3, "p", 2, 301, 0 } }, 2, NULL },
		{ &t, { { 1, ESP, 3, "p", 2, 301, 0 }, { 1, AH, 3, "p", 2, 300, 0 } }, 2, NULL },
		{ &t, { { 1, AH, 3, "t", 2, 300, 0 }, { 1, ESP, 3, "t", 2, 301, 0 } }, 2, NULL }, /* as IOS */
		{ &t, { { 1, AH, 3, "tp", 2, 300, 0 }, { 1, ESP, 3, "p", 2, 301, 0 } }, 2, NULL },
		{ &t, { { 1, AH, 3, "p", 2, 300, 0 }, { 1, ESP, 3, "t", 2, 301, 0 } }, 2, "has one mode" },
		{ &t, { { 1, AH, 3, "p", 2, 300, 5 }, { 1, ESP, 3, "p", 2, 301, 5 } }, 2, NULL },
		{ &t, { { 1, AH, 3, "p", 2, 300, 2 }, { 1, ESP, 3, "p", 2, 301, 5 } }, 2, "different PFS" },
		{ &t, { { 1, AH, 2, "p", 1, 300, 0 }, { 1, ESP, 3, "p", 2, 301, 0 } }, 2,
		  "AH offered with ah-md5-hmac, transform-set TS has ah-sha-hmac" },
		{ &t, { { 1, AH, 3, "p", 1, 300, 0 }, { 1, ESP, 3, "p", 2, 301, 0 } }, 2,
		  "an unknown authenticator" },
		{ &t, { { 1, AH, 3, "p", 0, 300, 0 }, { 1, ESP, 3, "p", 2, 301, 0 } }, 2, "no authenticator" },
		{ &t, { { 1, AH, 3, "p", 2, 300, 0 }, { 1, ESP, 2, "p", 2, 301, 0 } }, 2, "cipher offered esp-des" },
		{ &t, { { 1, AH, 3, "p", 2, 300, 0 }, { 2, ESP, 3, "p", 2, 301, 0 } }, 2,
		  "ESP alone offered, transform-set TS is a bundle of AH and ESP" },
		{ &esp, { { 1, AH, 3, "t", 2, 300, 0 }, { 1, ESP, 3, "t", 2, 301, 0 } }, 2,
		  "a bundle of AH and ESP offered, transform-set TS is ESP alone" },
		{ &esp, { { 1, AH, 3, "t", 2, 300, 0 }, { 2, ESP, 3, "t", 2, 301, 0 } }, 2, NULL },
		{ &alone, { { 1, ESP, 3, "t", 2, 301, 0 } }, 1, "ESP alone offered, transform-set TS is AH alone" },
		{ &alone, { { 1, AH, 3, "t", 2, 300, 0 } }, 1, NULL },
		{ &esp, { { 1, ESP, 3, "t", 2, 300, 0 }, { 1, IPCOMP, 3, "t", 0, 301, 0 } }, 2, "not known here" },
		{ &esp, { { 1, ESP, 3, "t", 2, 300, 0 }, { 1, ESP, 3, "t", 2, 301, 0 } }, 2, "not known here" },
		{ &t, { { 1, AH, 3, "p", 2, 300, 0 }, { 1, ESP, 3, "p", 2, 301, 0 }, { 1, AH, 3, "p", 2, 302, 0 } },
		  3, "not known here" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct p2_policy p = policy(1, rows[i].t);
		struct p2_agreed a;
		char why[320] = "";
		bool ok = choose_halves(rows[i].h, rows[i].n, &p, &a, why, sizeof(why));

		if (ok != !rows[i].says || (rows[i].says && !strstr(why, rows[i].says)))
			fail_msg("row %zu: %s", i, ok ? "accepted" : why);
	}
}

static void reserved_spis_of_either_are_refused(void **state)
{
	struct p2_transform t = set("TS", AUTH_HMAC_SHA1_96, CIPHER_3DES, 0, MODE_TUNNEL);
	struct p2_policy p = policy(1, &t);
	struct half h[] = { { 1, AH, 3, "t", 2, 255, 0 }, { 1, ESP, 3, "t", 0, 256, 0 } };
	struct p2_agreed a;
	char why[320];

	(void)state;
	assert_false(choose_halves(h, 2, &p, &a, why, sizeof(why)));
	h[0].spi = 256;
	assert_true(choose_halves(h, 2, &p, &a, why, sizeof(why)));
	h[1].spi = 0;
	assert_false(choose_halves(h, 2, &p, &a, why, sizeof(why)));
}

static void the_shorter_lifetime_of_both_halves_counts(void **state)
{
	struct p2_transform t = set("TS", AUTH_HMAC_SHA1_96, CIPHER_3DES, 0, MODE_TUNNEL);
	struct p2_policy p = policy(1, &t);
	struct p2_agreed a;
	char why[320];

	(void)state;
	for (size_t short_one = 0; short_one < 2; short_one++) {
		uint8_t buf[OFFER_MAX];
		struct wr w = wr_of(buf, sizeof(buf));
		struct p2_ask ask = ends;

		p2_offer(&w, &p, SPI, P2_RAW, true);
		/* 3600, first of AH and then of ESP */
		uint8_t *at = memmem(buf, wr_len(&w), "\x80\2\x0e\x10", 4);
		if (short_one)
			at = memmem(at + 4, OFFER_MAX - (size_t)(at + 4 - buf), "\x80\2\x0e\x10", 4);
		memcpy(at + 2, "\x02\x58", 2);
		assert_true(p2_choose(wr_done(&w), &p, &ask, &a, why, sizeof(why)));
		assert_int_equal(a.life_sec, 600);
	}
}

static void ah_is_neither_offered_nor_taken_across_a_nat(void **state)
{
	struct p2_transform t[] = { set("A", AUTH_HMAC_SHA1_96, CIPHER_3DES, 0, MODE_TUNNEL),
				    set("B", AUTH_HMAC_SHA1_96, CIPHER_UNSET, 0, MODE_TUNNEL),
				    set("C", 0, CIPHER_3DES, AUTH_HMAC_SHA1_96, MODE_TUNNEL) };
	struct p2_policy p = policy(3, t), only = policy(2, t);
	struct p2_ask nat = { .endpoints = true, .nat = true }, crossed = { .endpoints = true, .crossed = true };
	uint8_t buf[OFFER_MAX];
	struct wr w = wr_of(buf, sizeof(buf));
	struct p2_agreed a;
	char why[320];

	(void)state;
	assert_true(p2_any(&only, P2_RAW));
	assert_false(p2_any(&only, P2_UDP_RFC));
	assert_true(p2_any(&p, P2_UDP_DRAFT));
	p2_offer(&w, &p, SPI, P2_UDP_RFC, true);
	assert_true(p2_choose(wr_done(&w), &p, &nat, &a, why, sizeof(why)));
	assert_int_equal(a.number, 1);
	assert_true(a.udp_encap && !a.ah_auth);
	w = wr_of(buf, sizeof(buf));
	p2_offer(&w, &only, SPI, P2_RAW, true); /* he does not know of the NAT */
	assert_false(p2_choose(wr_done(&w), &only, &nat, &a, why, sizeof(why)));
	assert_non_null(strstr(why, "AH cannot cross the NAT that was found"));
	/* nor do we know it but by his port */
	assert_false(p2_choose(wr_done(&w), &only, &crossed, &a, why, sizeof(why)));
	assert_non_null(strstr(why, "AH cannot cross the NAT that the peer's port speaks of"));
	w = wr_of(buf, sizeof(buf));
	p2_offer(&w, &p, SPI, P2_RAW, true);
	assert_true(p2_choose(wr_done(&w), &p, &crossed, &a, why, sizeof(why)));
	assert_true(!a.udp_encap && !a.ah_auth);
}

static void every_truncation_is_refused(void **state)
{
	struct p2_transform t = set("TS", AUTH_HMAC_SHA1_96, CIPHER_3DES, AUTH_HMAC_SHA1_96, MODE_TUNNEL);
	struct p2_policy p = policy(1, &t);
	uint8_t buf[OFFER_MAX];
	struct wr w = wr_of(buf, sizeof(buf));
	struct p2_agreed a;
	char why[320];

	(void)state;
	p2_offer(&w, &p, SPI, P2_RAW, true);
	for (size_t n = 0; n < wr_len(&w); n++) {
		uint8_t *heap = malloc(n ? n : 1);

		assert_non_null(heap);
		memcpy(heap, buf, n);
		assert_false(p2_choose(span_of(heap, n), &p, &ends, &a, why, sizeof(why)));
		(void)ike_sa_is_choice(span_of(heap, n));
		free(heap);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bundle_is_laid_out_as_the_rfc_says),
		cmocka_unit_test(a_set_agrees_with_itself_alone),
		cmocka_unit_test(of_several_sets_the_responders_first_is_taken_and_answered),
		cmocka_unit_test(refusals_name_the_protocol),
		cmocka_unit_test(reserved_spis_of_either_are_refused),
		cmocka_unit_test(the_shorter_lifetime_of_both_halves_counts),
		cmocka_unit_test(ah_is_neither_offered_nor_taken_across_a_nat),
		cmocka_unit_test(every_truncation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
