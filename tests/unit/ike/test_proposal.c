/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ike/proposal.h"

static struct p1_policy p1(uint32_t priority, enum cipher_id c, unsigned bits, enum hash_id h,
			   unsigned group, uint32_t life)
{
	return (struct p1_policy){ .priority = priority, .cipher = (uint8_t)c,
				   .cipher_bits = (uint16_t)bits, .hash = (uint8_t)h,
				   .auth = IKE_AUTH_PSK, .group = (uint16_t)group, .life_sec = life };
}

static struct p2_transform set(const char *name, enum cipher_id c, unsigned bits, enum auth_id a,
			       enum ipsec_mode mode)
{
	struct p2_transform t = { .mode = (uint8_t)mode, .cipher = (uint8_t)c,
				  .cipher_bits = (uint16_t)bits, .esp_auth = (uint8_t)a };

	strncpy(t.name, name, sizeof(t.name) - 1);
	return t;
}

static struct p2_policy p2(size_t n, const struct p2_transform *v)
{
	struct p2_policy p = { .id = 1, .map = "CMAP", .seq = 10, .n_transforms = (uint8_t)n,
			       .life_sec = 3600, .life_kb = 4608000 };

	memcpy(p.transforms, v, n * sizeof(*v));
	return p;
}

static const struct p2_ask ends = { .endpoints = true };

static bool choose1(const struct p1_policy *i, size_t ni, const struct p1_policy *r, size_t nr,
		    struct p1_choice *c, char *why, size_t cap)
{
	static uint8_t buf[4096]; /* the choice points into it */
	struct wr w = wr_of(buf, sizeof(buf));

	p1_offer(&w, i, ni);
	assert_false(w.bad);
	return p1_choose(wr_done(&w), r, nr, c, why, cap);
}

static bool choose2(const struct p2_policy *i, enum p2_encap encap, bool endpoints,
		    const struct p2_policy *r, const struct p2_ask *ask, struct p2_agreed *a,
		    char *why, size_t cap)
{
	static uint8_t buf[4096];
	struct wr w = wr_of(buf, sizeof(buf));

	p2_offer(&w, i, 0x12345678, encap, endpoints);
	assert_false(w.bad);
	return p2_choose(wr_done(&w), r, ask, a, why, cap);
}

/* The bytes that IOS sends for AES-256, SHA, group 14, 86400 s (order aside, all
 * attributes are the RFC's). */
static void offer_is_laid_out_as_the_rfc_says(void **state)
{
	static const uint8_t want[] = {
		0, 0, 0, 1, 0, 0, 0, 1,		    /* DOI, situation */
		0, 0, 0, 48, 1, 1, 0, 1,	    /* proposal 1, ISAKMP, no SPI, one transform */
		0, 0, 0, 40, 1, 1, 0, 0,	    /* transform 1, KEY_IKE */
		0x80, 1, 0, 7, 0x80, 14, 1, 0,	    /* AES-CBC, 256 bits */
		0x80, 2, 0, 2, 0x80, 4, 0, 14,	    /* SHA, group 14 */
		0x80, 3, 0, 1, 0x80, 11, 0, 1,	    /* pre-shared key, seconds */
		0, 12, 0, 4, 0, 1, 0x51, 0x80,	    /* 86400, variable */
	};
	struct p1_policy p = p1(10, CIPHER_AES_CBC, 256, HASH_SHA1, 14, 86400);
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));

	(void)state;
	p1_offer(&w, &p, 1);
	assert_int_equal(wr_len(&w), sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
}

static void every_suite_is_chosen_by_its_twin_and_by_no_other(void **state)
{
	static const struct {
		enum cipher_id c;
		unsigned bits;
	} ciphers[] = { { CIPHER_DES, 0 },	 { CIPHER_3DES, 0 },	  { CIPHER_AES_CBC, 128 },
			{ CIPHER_AES_CBC, 192 }, { CIPHER_AES_CBC, 256 } };
	static const unsigned groups[] = { 1, 2, 5, 14, 15, 16 };
	struct p1_policy all[5 * 5 * 6];
	size_t n = 0;

	(void)state;
	for (size_t c = 0; c < 5; c++)
		for (enum hash_id h = HASH_MD5; h <= HASH_SHA512; h++)
			for (size_t g = 0; g < 6; g++, n++)
				all[n] = p1(1, ciphers[c].c, ciphers[c].bits, h, groups[g], 3600);
	for (size_t i = 0; i < n; i++)
		for (size_t r = 0; r < n; r++) {
			struct p1_choice c;
			char why[160];

			assert_int_equal(choose1(&all[i], 1, &all[r], 1, &c, why, sizeof(why)), i == r);
			if (i != r)
				assert_non_null(strstr(why, "to accept it: "));
		}
}

/* Phase 2 of a combined mode: its transform number, a key length, no authenticator (RFC 4106
 * section 8.2, RFC 4543 section 8). */
static void combined_modes_are_offered_with_a_key_length_and_no_authenticator(void **state)
{
	static const struct {
		enum cipher_id c;
		unsigned bits;
		enum auth_id a;
		uint8_t number, auth;
	} t[] = { { CIPHER_AES_GCM, 128, AUTH_NONE, 20, 0 },  { CIPHER_AES_GCM, 192, AUTH_NONE, 20, 0 },
		  { CIPHER_AES_GCM, 256, AUTH_NONE, 20, 0 },  { CIPHER_AES_GMAC, 128, AUTH_NONE, 23, 0 },
		  { CIPHER_AES_GMAC, 192, AUTH_NONE, 23, 0 }, { CIPHER_AES_GMAC, 256, AUTH_NONE, 23, 0 },
		  { CIPHER_AES_CTR, 256, AUTH_HMAC_SHA1_96, 13, 2 },
		  { CIPHER_AES_CBC, 192, AUTH_AES_XCBC_96, 12, 9 } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct p2_transform set_ = set("TS", t[i].c, t[i].bits, t[i].a, MODE_TUNNEL);
		struct p2_policy p = p2(1, &set_);
		struct p2_agreed a;
		struct ike_proposal prop;
		struct ike_transform tr;
		uint8_t buf[256];
		struct wr w = wr_of(buf, sizeof(buf));
		struct rd r;
		char why[160];

		p2_offer(&w, &p, 0x12345678, P2_RAW, true);
		assert_true(ike_sa_decode(wr_done(&w), &r) && ike_proposal_next(&r, &prop) &&
			    ike_transform_next(&prop, &tr));
		struct p2_seen seen = p2_read(tr.attrs);
		assert_int_equal(tr.id, t[i].number);
		assert_int_equal(seen.bits, t[i].bits);
		assert_int_equal(seen.auth, t[i].auth);
		/* its twin takes it, and no other does */
		for (size_t k = 0; k < sizeof(t) / sizeof(t[0]); k++) {
			struct p2_transform other = set("TS", t[k].c, t[k].bits, t[k].a, MODE_TUNNEL);
			struct p2_policy q = p2(1, &other);

			assert_int_equal(choose2(&p, P2_RAW, true, &q, &ends, &a, why, sizeof(why)),
					 i == k);
			/* a line to type is shown only where IOS has one */
			if (i != k)
				assert_int_equal(strstr(why, "to accept it") != NULL, i < 6);
		}
	}
}

static void responders_priority_decides_and_the_transform_is_echoed(void **state)
{
	struct p1_policy i[] = { p1(1, CIPHER_3DES, 0, HASH_MD5, 2, 3600),
				 p1(2, CIPHER_AES_CBC, 256, HASH_SHA1, 5, 3600) };
	struct p1_policy r[] = { p1(5, CIPHER_AES_CBC, 256, HASH_SHA1, 5, 3600),
				 p1(6, CIPHER_3DES, 0, HASH_MD5, 2, 3600) };
	struct p1_choice c;
	char why[160];
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));

	(void)state;
	assert_true(choose1(i, 2, r, 2, &c, why, sizeof(why)));
	assert_int_equal(c.agreed.priority, 5);
	assert_int_equal(c.transform.p[4], 2); /* the number that the initiator gave it */
	p1_answer(&w, &c);
	assert_true(ike_sa_is_single(wr_done(&w)));
	assert_memory_equal(buf + 16 + 1, c.transform.p + 1, c.transform.len - 1);
	assert_int_equal(buf[16], PL_NONE);
}

static void lifetime_matrix_takes_the_smaller(void **state)
{
	static const uint32_t v[] = { 60, 3600, 86400 };
	struct p1_choice c;
	struct p2_agreed a;
	char why[160];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t r = 0; r < 3; r++) {
			struct p1_policy pi = p1(1, CIPHER_DES, 0, HASH_MD5, 1, v[i]);
			struct p1_policy pr = p1(1, CIPHER_DES, 0, HASH_MD5, 1, v[r]);
			struct p2_transform t = set("T", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TUNNEL);
			struct p2_policy qi = p2(1, &t), qr = p2(1, &t);
			uint32_t want = v[i] < v[r] ? v[i] : v[r];

			assert_true(choose1(&pi, 1, &pr, 1, &c, why, sizeof(why)));
			assert_int_equal(c.agreed.life_sec, want);
			assert_int_equal(c.his_life_sec, v[i]);
			assert_int_equal(c.our_life_sec, v[r]);
			qi.life_sec = v[i];
			qr.life_sec = v[r];
			qi.life_kb = i ? v[i] : 0; /* none at all counts as the larger */
			qr.life_kb = r ? v[r] : 0;
			assert_true(choose2(&qi, P2_RAW, true, &qr, &ends, &a, why, sizeof(why)));
			assert_int_equal(a.life_sec, want);
			assert_int_equal(a.life_kb, !i ? qr.life_kb : !r ? qi.life_kb : want);
		}
}

/* RFC 2407 section 4.5: no lifetime is one of 28800 seconds. */
static void lifetime_that_was_not_said_is_eight_hours(void **state)
{
	static const uint32_t ours[] = { 3600, 28800, 86400 };
	struct p2_transform t = set("T", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TUNNEL);
	char why[160];

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		struct p2_policy i = p2(1, &t), r = p2(1, &t);
		struct p2_agreed a;

		i.life_sec = 0;
		r.life_sec = ours[k];
		assert_true(choose2(&i, P2_RAW, true, &r, &ends, &a, why, sizeof(why)));
		assert_int_equal(a.life_sec, ours[k] < 28800 ? ours[k] : 28800);
	}
}

static void refusal_names_both_values(void **state)
{
	static const struct {
		struct p1_policy i, r;
		const char *says;
	} rows[] = {
		{ { 1, CIPHER_DES, 0, HASH_SHA1, IKE_AUTH_PSK, 2, 60 },
		  { 7, CIPHER_AES_CBC, 256, HASH_SHA1, IKE_AUTH_PSK, 2, 60 },
		  "encryption offered DES-CBC 64, policy 7 has AES-CBC 256 "
		  "(to accept it: encryption des)" },
		{ { 1, CIPHER_AES_CBC, 128, HASH_SHA1, IKE_AUTH_PSK, 2, 60 },
		  { 7, CIPHER_AES_CBC, 256, HASH_SHA1, IKE_AUTH_PSK, 2, 60 },
		  "encryption offered AES-CBC 128, policy 7 has AES-CBC 256 "
		  "(to accept it: encryption aes)" },
		{ { 1, CIPHER_DES, 0, HASH_MD5, IKE_AUTH_PSK, 2, 60 },
		  { 7, CIPHER_DES, 0, HASH_SHA256, IKE_AUTH_PSK, 2, 60 },
		  "hash offered MD5, policy 7 has SHA256 (to accept it: hash md5)" },
		{ { 1, CIPHER_DES, 0, HASH_MD5, IKE_AUTH_PSK, 2, 60 },
		  { 7, CIPHER_DES, 0, HASH_MD5, IKE_AUTH_PSK, 14, 60 },
		  "Diffie-Hellman group offered 2, policy 7 has 14 (to accept it: group 2)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct p1_choice c;
		char why[200];

		assert_false(choose1(&rows[i].i, 1, &rows[i].r, 1, &c, why, sizeof(why)));
		assert_string_equal(why, rows[i].says);
	}
}

static void rsa_offers_are_refused_by_name(void **state)
{
	struct p1_policy p = p1(7, CIPHER_DES, 0, HASH_MD5, 1, 60);
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));
	struct p1_choice c;
	char why[160];

	(void)state;
	p1_offer(&w, &p, 1);
	for (size_t i = 24; i + 4 <= wr_len(&w); i += 4)
		if (buf[i] == 0x80 && buf[i + 1] == 3)
			buf[i + 3] = IKE_AUTH_RSA_SIG;
	assert_false(p1_choose(wr_done(&w), &p, 1, &c, why, sizeof(why)));
	assert_non_null(strstr(why, "authentication offered rsa-sig"));
	p.auth = IKE_AUTH_RSA_ENC;
	assert_false(p1_choose(wr_done(&w), &p, 1, &c, why, sizeof(why)));
	assert_non_null(strstr(why, "authentication offered rsa-sig, policy 7 has authentication rsa-encr"));
	assert_false(p1_choose_ke(wr_done(&w), &p, 1, P1_METHOD(IKE_AUTH_PSK), 0, &c, why, sizeof(why)));
	assert_non_null(strstr(why, "rsa-encr, for which there is no public key of this peer"));
	p.auth = 5; /* a policy we cannot run is neither offered nor taken */
	assert_false(p1_choose(wr_done(&w), &p, 1, &c, why, sizeof(why)));
	assert_non_null(strstr(why, "no usable crypto isakmp policy"));
}

static void unknown_attributes_are_not_accepted_silently(void **state)
{
	struct p1_policy p = p1(7, CIPHER_DES, 0, HASH_MD5, 1, 60);
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));
	struct p1_choice c;
	char why[160];

	(void)state;
	p1_offer(&w, &p, 1);
	assert_true(p1_choose(wr_done(&w), &p, 1, &c, why, sizeof(why)));
	buf[24 + 5 * 4 + 1] = 13; /* the lifetime becomes a PRF */
	assert_false(p1_choose(wr_done(&w), &p, 1, &c, why, sizeof(why)));
}

/* Cut anywhere, an offer is either refused or means what a whole part of it said. */
static void truncated_offers_do_no_harm(void **state)
{
	struct p1_policy p[] = { p1(1, CIPHER_DES, 0, HASH_MD5, 1, 60),
				 p1(2, CIPHER_AES_CBC, 256, HASH_SHA512, 16, 86400) };
	struct p2_transform t[] = { set("A", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TUNNEL),
				    set("B", CIPHER_AES_CBC, 256, AUTH_HMAC_SHA512_256, MODE_TUNNEL) };
	struct p2_policy q = p2(2, t);
	uint8_t one[512], two[512];
	struct wr w1 = wr_of(one, sizeof(one)), w2 = wr_of(two, sizeof(two));

	(void)state;
	p1_offer(&w1, p, 2);
	p2_offer(&w2, &q, 0x12345678, P2_RAW, true);
	for (size_t n = 0; n < wr_len(&w1) || n < wr_len(&w2); n++) {
		uint8_t *heap = malloc(n ? n : 1);
		struct p1_choice c;
		struct p2_agreed a;
		char why[200];

		if (n < wr_len(&w1)) {
			memcpy(heap, one, n);
			assert_false(p1_choose(span_of(heap, n), p, 2, &c, why, sizeof(why)));
		}
		if (n < wr_len(&w2)) {
			memcpy(heap, two, n);
			if (p2_choose(span_of(heap, n), &q, &ends, &a, why, sizeof(why)))
				assert_int_equal(a.number, 1);
		}
		free(heap);
	}
}

/* ---- phase 2 ---- */

static void every_set_is_chosen_by_its_twin_and_by_no_other(void **state)
{
	struct p2_transform t[] = {
		set("a", CIPHER_NULL, 0, AUTH_HMAC_SHA1_96, MODE_TUNNEL),
		set("b", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TUNNEL),
		set("c", CIPHER_DES, 0, AUTH_NONE, MODE_TUNNEL),
		set("d", CIPHER_3DES, 0, AUTH_HMAC_SHA1_96, MODE_TUNNEL),
		set("e", CIPHER_AES_CBC, 128, AUTH_HMAC_SHA256_128, MODE_TUNNEL),
		set("f", CIPHER_AES_CBC, 192, AUTH_HMAC_SHA384_192, MODE_TUNNEL),
		set("g", CIPHER_AES_CBC, 256, AUTH_HMAC_SHA512_256, MODE_TUNNEL),
		set("h", CIPHER_AES_GCM, 128, AUTH_NONE, MODE_TUNNEL),
		set("i", CIPHER_AES_GCM, 256, AUTH_NONE, MODE_TUNNEL),
		set("j", CIPHER_AES_GMAC, 256, AUTH_NONE, MODE_TUNNEL),
	};
	const size_t n = sizeof(t) / sizeof(t[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t r = 0; r < n; r++) {
			struct p2_policy pi = p2(1, &t[i]), pr = p2(1, &t[r]);
			struct p2_agreed a;
			char why[200];

			assert_int_equal(choose2(&pi, P2_RAW, true, &pr, &ends, &a, why, sizeof(why)),
					 i == r);
			if (i == r)
				assert_int_equal(a.peer_spi, 0x12345678);
			else
				assert_non_null(strstr(why, "offered"));
		}
}

static void responders_set_order_decides(void **state)
{
	struct p2_transform a = set("A", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TUNNEL);
	struct p2_transform b = set("B", CIPHER_3DES, 0, AUTH_HMAC_SHA1_96, MODE_TUNNEL);
	struct p2_transform ab[] = { a, b }, ba[] = { b, a };
	struct p2_policy i = p2(2, ab), r = p2(2, ba);
	struct p2_agreed got;
	char why[200];

	(void)state;
	assert_true(choose2(&i, P2_RAW, true, &r, &ends, &got, why, sizeof(why)));
	assert_int_equal(got.cipher, CIPHER_3DES);
	assert_int_equal(got.number, 2);
}

/* IOS: a set in transport mode asks for it and takes tunnel mode, too; only
 * between the endpoints is transport mode possible. */
static void modes_agree_as_in_ios(void **state)
{
	struct p2_transform tun = set("T", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TUNNEL);
	struct p2_transform tra = set("T", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TRANSPORT);
	static const struct {
		bool i_transport, i_ends, r_transport, r_ends;
		int mode; /* 0: refused */
	} rows[] = {
		{ 0, 1, 0, 1, MODE_TUNNEL },	{ 1, 1, 1, 1, MODE_TRANSPORT },
		{ 0, 1, 1, 1, MODE_TUNNEL },	{ 1, 1, 0, 1, 0 },
		{ 1, 0, 0, 0, MODE_TUNNEL },	{ 1, 0, 1, 0, MODE_TUNNEL },
		{ 1, 1, 1, 0, 0 },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct p2_policy i = p2(1, rows[k].i_transport ? &tra : &tun);
		struct p2_policy r = p2(1, rows[k].r_transport ? &tra : &tun);
		struct p2_ask ask = { .endpoints = rows[k].r_ends };
		struct p2_agreed a;
		char why[200];
		bool ok = choose2(&i, P2_RAW, rows[k].i_ends, &r, &ask, &a, why, sizeof(why));

		assert_int_equal(ok ? a.mode : 0, rows[k].mode);
		if (!ok)
			assert_non_null(strstr(why, "mode offered transport"));
	}
}

static void answer_must_have_the_mode_that_was_offered(void **state)
{
	struct p2_transform tun = set("T", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TUNNEL);
	struct p2_transform tra = set("T", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TRANSPORT);
	struct p2_policy answer = p2(1, &tun), ours = p2(1, &tra);
	struct p2_ask ask = { .endpoints = true, .answer = true };
	struct p2_agreed a;
	char why[200];

	(void)state;
	assert_false(choose2(&answer, P2_RAW, true, &ours, &ask, &a, why, sizeof(why)));
	ask.answer = false;
	assert_true(choose2(&answer, P2_RAW, true, &ours, &ask, &a, why, sizeof(why)));
}

static void udp_encapsulation_is_taken_only_behind_nat(void **state)
{
	struct p2_transform t = set("T", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TRANSPORT);
	struct p2_policy p = p2(1, &t);
	char why[200];

	(void)state;
	for (enum p2_encap e = P2_RAW; e <= P2_UDP_DRAFT; e++)
		for (int nat = 0; nat < 2; nat++) {
			struct p2_ask ask = { .nat = nat, .endpoints = true };
			struct p2_agreed a;
			bool ok = choose2(&p, e, true, &p, &ask, &a, why, sizeof(why));

			assert_int_equal(ok, nat || e == P2_RAW);
			if (ok) {
				assert_int_equal(a.udp_encap, e != P2_RAW);
				assert_int_equal(a.mode, MODE_TRANSPORT);
			}
		}
	static const struct {
		uint32_t encap;
		uint8_t mode;
		bool udp;
	} rows[] = { { 1, 1, false }, { 2, 2, false }, { 3, 1, true },	  { 4, 2, true },
		     { 61443, 1, true }, { 61444, 2, true }, { 5, 0, true }, { 0, 0, false },
		     { 61440, 0, true } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool udp;

		assert_int_equal(p2_encap_mode(rows[i].encap, &udp), rows[i].mode);
		if (rows[i].mode)
			assert_int_equal(udp, rows[i].udp);
	}
}

static void pfs_groups_agree_or_the_story_says_why(void **state)
{
	struct p2_transform t = set("T", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TUNNEL);
	static const struct {
		unsigned i, r;
		bool ke, ok;
	} rows[] = {
		{ 0, 0, false, true }, { 2, 2, true, true },  { 2, 0, true, true }, /* IOS takes it */
		{ 2, 0, false, false }, { 0, 2, false, false }, { 2, 5, true, false },
		{ 2, 2, false, false }, { 77, 0, true, false },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct p2_policy i = p2(1, &t), r = p2(1, &t);
		struct p2_ask ask = { .endpoints = true, .has_ke = rows[k].ke };
		struct p2_agreed a;
		char why[200];

		i.pfs_group = (uint16_t)rows[k].i;
		r.pfs_group = (uint16_t)rows[k].r;
		assert_int_equal(choose2(&i, P2_RAW, true, &r, &ask, &a, why, sizeof(why)), rows[k].ok);
		if (rows[k].ok)
			assert_int_equal(a.group, rows[k].i);
		else
			assert_non_null(strstr(why, "PFS group"));
	}
}

/* AH and ESP under one proposal number, as IOS offers `ah-sha-hmac esp-des`. */
static void bundles_are_refused_whole(void **state)
{
	struct p2_transform t[] = { set("A", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TUNNEL),
				    set("B", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TUNNEL) };
	struct p2_policy i = p2(2, t), r = p2(1, t);
	uint8_t buf[512];
	struct wr w = wr_of(buf, sizeof(buf));
	struct p2_agreed a;
	char why[200];

	(void)state;
	p2_offer(&w, &i, 0x12345678, P2_RAW, true);
	size_t second = 8 + (size_t)(buf[10] << 8 | buf[11]);
	assert_int_equal(buf[second + 4], 2);
	buf[second + 4] = 1; /* both are number 1 now */
	assert_false(p2_choose(wr_done(&w), &r, &ends, &a, why, sizeof(why)));
	assert_non_null(strstr(why, "bundle"));
}

static void reserved_spis_are_refused(void **state)
{
	struct p2_transform t = set("T", CIPHER_DES, 0, AUTH_HMAC_MD5_96, MODE_TUNNEL);
	struct p2_policy p = p2(1, &t);

	(void)state;
	for (uint32_t spi = 254; spi < 258; spi++) {
		uint8_t buf[256];
		struct wr w = wr_of(buf, sizeof(buf));
		struct p2_agreed a;
		char why[200];

		p2_offer(&w, &p, spi, P2_RAW, true);
		assert_int_equal(p2_choose(wr_done(&w), &p, &ends, &a, why, sizeof(why)), spi > 255);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offer_is_laid_out_as_the_rfc_says),
		cmocka_unit_test(every_suite_is_chosen_by_its_twin_and_by_no_other),
		cmocka_unit_test(
			combined_modes_are_offered_with_a_key_length_and_no_authenticator),
		cmocka_unit_test(responders_priority_decides_and_the_transform_is_echoed),
		cmocka_unit_test(lifetime_matrix_takes_the_smaller),
		cmocka_unit_test(lifetime_that_was_not_said_is_eight_hours),
		cmocka_unit_test(refusal_names_both_values),
		cmocka_unit_test(rsa_offers_are_refused_by_name),
		cmocka_unit_test(unknown_attributes_are_not_accepted_silently),
		cmocka_unit_test(truncated_offers_do_no_harm),
		cmocka_unit_test(every_set_is_chosen_by_its_twin_and_by_no_other),
		cmocka_unit_test(responders_set_order_decides),
		cmocka_unit_test(modes_agree_as_in_ios),
		cmocka_unit_test(answer_must_have_the_mode_that_was_offered),
		cmocka_unit_test(udp_encapsulation_is_taken_only_behind_nat),
		cmocka_unit_test(pfs_groups_agree_or_the_story_says_why),
		cmocka_unit_test(bundles_are_refused_whole),
		cmocka_unit_test(reserved_spis_are_refused),
	};
	return cmocka_run_group_tests_name("ike_proposal", tests, NULL, NULL);
}
