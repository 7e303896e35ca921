/* SPDX-License-Identifier: Apache-2.0 */
/* Packet crypto: published vectors through every runner, and the two runners
 * against each other over every suite, many keys and sizes in one call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/jobs.h"

enum { KEYS = 5, HEAD = 8, MAX_BLOCKS = 96, MAX_BUF = HEAD + 16 + MAX_BLOCKS * 16 + CRYPTO_MAX_ICV };

struct suite {
	enum cipher_id cipher;
	unsigned bits;
	enum auth_id auth;
};

static const struct {
	enum cipher_id id;
	unsigned bits;
} plain_ciphers[] = { { CIPHER_NULL, 0 },      { CIPHER_DES, 0 },	{ CIPHER_3DES, 0 },
		      { CIPHER_AES_CBC, 128 }, { CIPHER_AES_CBC, 192 }, { CIPHER_AES_CBC, 256 },
		      { CIPHER_AES_CTR, 128 }, { CIPHER_AES_CTR, 192 }, { CIPHER_AES_CTR, 256 } };

static struct suite suites[80];
static bool brief; /* as one of many runs: the library's narrow code takes ten times as long */
static size_t n_suites;
static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static void fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rnd();
}

static void list_suites(void)
{
	for (size_t i = 0; i < sizeof(plain_ciphers) / sizeof(plain_ciphers[0]); i++)
		for (unsigned a = AUTH_NONE; a <= AUTH_AES_XCBC_96; a++)
			suites[n_suites++] = (struct suite){ plain_ciphers[i].id,
							     plain_ciphers[i].bits,
							     (enum auth_id)a };
	for (unsigned bits = 128; bits <= 256; bits += 64) {
		suites[n_suites++] = (struct suite){ CIPHER_AES_GCM, bits, AUTH_NONE };
		suites[n_suites++] = (struct suite){ CIPHER_AES_GMAC, bits, AUTH_NONE };
	}
	suites[n_suites++] = (struct suite){ CIPHER_CHACHA20_POLY1305, 0, AUTH_NONE };
}

/* One key in both directions. */
struct pair {
	const struct cipher_info *cipher;
	const struct auth_info *auth;
	struct crypto_key *enc, *dec;
};

static struct pair pair_new(struct crypto_runner *r, const struct suite *s, const uint8_t *enc,
			    const uint8_t *auth)
{
	struct pair p = { .cipher = cipher_info(s->cipher, s->bits),
			  .auth = s->auth ? auth_info(s->auth) : NULL };
	struct span e, a;

	assert_non_null(p.cipher);
	e = span_of(enc, (size_t)p.cipher->key_len + p.cipher->salt_len);
	a = span_of(auth, p.auth ? p.auth->key_len : 0);
	assert_int_equal(crypto_key_new(r, CRYPTO_ENCRYPT, p.cipher, p.auth, e, a, &p.enc), 0);
	assert_int_equal(crypto_key_new(r, CRYPTO_DECRYPT, p.cipher, p.auth, e, a, &p.dec), 0);
	return p;
}

static void pair_free(struct pair *p)
{
	crypto_key_free(p->enc);
	crypto_key_free(p->dec);
}

static size_t icv_len(const struct pair *p)
{
	return p->cipher->combined ? p->cipher->icv_len : p->auth ? p->auth->icv_len : 0;
}

/* A packet as ESP lays it out: header, IV, text, ICV; exactly sized. */
struct packet {
	const struct pair *key;
	uint8_t *buf;
	size_t text_len, len;
};

static struct packet packet_new(const struct pair *k, size_t blocks)
{
	struct packet p = { .key = k, .text_len = blocks * k->cipher->block_len };

	p.len = HEAD + k->cipher->iv_len + p.text_len + icv_len(k);
	p.buf = malloc(p.len);
	assert_non_null(p.buf);
	fill(p.buf, p.len);
	return p;
}

static struct packet packet_copy(const struct packet *p, const struct pair *k)
{
	struct packet c = *p;

	c.key = k;
	c.buf = malloc(p->len);
	assert_non_null(c.buf);
	memcpy(c.buf, p->buf, p->len);
	return c;
}

/* GMAC covers the text like a MAC, and has none to cipher (RFC 4543 section 3). */
static bool ciphers(const struct pair *k)
{
	return k->cipher->id != CIPHER_NULL && k->cipher->id != CIPHER_AES_GMAC;
}

static struct crypto_job job_of(const struct packet *p, enum crypto_dir dir)
{
	const struct pair *k = p->key;
	bool gmac = k->cipher->id == CIPHER_AES_GMAC;
	uint8_t *iv = p->buf + HEAD, *text = iv + k->cipher->iv_len;
	struct crypto_job j = { .key = dir == CRYPTO_ENCRYPT ? k->enc : k->dec,
				.text = text, .text_len = gmac ? 0 : (uint32_t)p->text_len, .iv = iv,
				.auth = p->buf, .icv = text + p->text_len };

	j.auth_len = k->cipher->combined && !gmac ? HEAD :
						    (uint32_t)(HEAD + k->cipher->iv_len + p->text_len);
	return j;
}

static void run(struct crypto_runner *r, enum crypto_dir dir, struct packet *p, size_t n,
		struct crypto_job *jobs)
{
	for (size_t i = 0; i < n; i++)
		jobs[i] = job_of(&p[i], dir);
	crypto_run(r, dir, jobs, n);
}

static bool text_is_zero(const struct crypto_job *j)
{
	for (size_t i = 0; i < j->text_len; i++)
		if (j->text[i])
			return false;
	return true;
}

/* n packets over the keys: both runners encrypt alike, each opens the other's,
 * and of the second opening some were tampered with. */
static void differ(struct crypto_runner *a, struct crypto_runner *b, const struct pair *ka,
		   const struct pair *kb, size_t n_keys, size_t n)
{
	struct packet orig[CRYPTO_MAX_JOBS], pa[CRYPTO_MAX_JOBS], pb[CRYPTO_MAX_JOBS];
	struct crypto_job ja[CRYPTO_MAX_JOBS], jb[CRYPTO_MAX_JOBS];
	bool bad[CRYPTO_MAX_JOBS];

	for (size_t i = 0; i < n; i++) {
		size_t k = rnd() % n_keys;

		orig[i] = packet_new(&ka[k], 1 + rnd() % MAX_BLOCKS);
		pa[i] = packet_copy(&orig[i], &ka[k]);
		pb[i] = packet_copy(&orig[i], &kb[k]);
	}
	run(a, CRYPTO_ENCRYPT, pa, n, ja);
	run(b, CRYPTO_ENCRYPT, pb, n, jb);
	for (size_t i = 0; i < n; i++) {
		assert_true(ja[i].ok && jb[i].ok);
		assert_memory_equal(pa[i].buf, pb[i].buf, pa[i].len);
		const uint8_t *plain = orig[i].buf + (ja[i].text - pa[i].buf);

		if (ciphers(pa[i].key))
			assert_memory_not_equal(ja[i].text, plain, pa[i].text_len);
		else
			assert_memory_equal(ja[i].text, plain, pa[i].text_len);
		/* damage one bit of what is protected in about a third of them */
		bad[i] = icv_len(pa[i].key) && rnd() % 3 == 0;
		if (bad[i]) {
			size_t from = pa[i].key->cipher->combined && rnd() % 2 ?
					      HEAD + pa[i].key->cipher->iv_len : 0;
			size_t at = from + rnd() % (pa[i].len - from);
			uint8_t bit = (uint8_t)(1u << rnd() % 8);

			pa[i].buf[at] ^= bit;
			pb[i].buf[at] ^= bit;
		}
	}
	run(a, CRYPTO_DECRYPT, pa, n, ja);
	run(b, CRYPTO_DECRYPT, pb, n, jb);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *plain = orig[i].buf + (ja[i].text - pa[i].buf);

		assert_int_equal(ja[i].ok, !bad[i]);
		assert_int_equal(jb[i].ok, !bad[i]);
		if (bad[i]) {
			assert_true(text_is_zero(&ja[i]) && text_is_zero(&jb[i]));
		} else {
			assert_memory_equal(ja[i].text, plain, pa[i].text_len);
			assert_memory_equal(jb[i].text, plain, pa[i].text_len);
		}
		free(orig[i].buf);
		free(pa[i].buf);
		free(pb[i].buf);
	}
}

static void both_runners_agree_on(enum crypto_backend first, const struct suite *s, size_t n_suite)
{
	struct crypto_runner *a = crypto_runner_new(first), *b = crypto_runner_new(CRYPTO_OSSL);
	struct pair ka[80], kb[80];
	size_t n = 0;

	if (!a) { /* a machine without ipsec-mb */
		crypto_runner_free(b);
		skip();
	}
	assert_non_null(b);
	for (size_t i = 0; i < n_suite; i++)
		for (size_t k = 0; k < (n_suite == 1 ? KEYS : 1); k++, n++) {
			uint8_t enc[64], auth[64];

			fill(enc, sizeof(enc));
			fill(auth, sizeof(auth));
			ka[n] = pair_new(a, &s[i], enc, auth);
			kb[n] = pair_new(b, &s[i], enc, auth);
		}
	static const size_t counts[] = { 17, 1, 7, 2, 3, 15, 16, 33, 63, 64 };
	for (size_t i = 0; i < (brief ? 3 : sizeof(counts) / sizeof(counts[0])); i++)
		differ(a, b, ka, kb, n, counts[i]);
	for (size_t i = 0; i < (brief ? 1 : 4); i++)
		differ(a, b, ka, kb, n, 1 + rnd() % CRYPTO_MAX_JOBS);
	for (size_t i = 0; i < n; i++) {
		pair_free(&ka[i]);
		pair_free(&kb[i]);
	}
	crypto_runner_free(a);
	crypto_runner_free(b);
}

static void ipsec_mb_and_libcrypto_agree_on_every_suite(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_suites; i++)
		both_runners_agree_on(CRYPTO_MB, &suites[i], 1);
}

static void the_automatic_choice_agrees_with_libcrypto(void **state)
{
	(void)state;
	for (size_t i = 0; !brief && i < n_suites; i++)
		both_runners_agree_on(CRYPTO_AUTO, &suites[i], 1);
}

static void suites_may_be_mixed_in_one_call(void **state)
{
	(void)state;
	both_runners_agree_on(CRYPTO_MB, suites, n_suites);
	both_runners_agree_on(CRYPTO_AUTO, suites, n_suites);
}

/* Every single byte of a packet that is protected is noticed when it changes. */
static void each_changed_byte_is_noticed(void **state)
{
	static const enum crypto_backend backends[] = { CRYPTO_MB, CRYPTO_OSSL };

	(void)state;
	for (size_t b = 0; b < 2; b++) {
		struct crypto_runner *r = crypto_runner_new(backends[b]);

		for (size_t s = 0; r && s < n_suites; s++) {
			uint8_t key[64] = { 1, 2, 3 };
			struct pair k = pair_new(r, &suites[s], key, key);
			struct packet p = packet_new(&k, 3), c;
			struct crypto_job j;

			run(r, CRYPTO_ENCRYPT, &p, 1, &j);
			for (size_t at = 0; icv_len(&k) && at < p.len; at++) {
				c = packet_copy(&p, &k);
				c.buf[at] ^= 0x80;
				run(r, CRYPTO_DECRYPT, &c, 1, &j);
				assert_false(j.ok);
				assert_true(text_is_zero(&j));
				free(c.buf);
			}
			free(p.buf);
			pair_free(&k);
		}
		crypto_runner_free(r);
	}
}

struct vector {
	const char *name;
	struct suite suite;
	const char *enc, *auth, *iv, *plain, *cipher, *icv; /* hex */
	const char *aad; /* combined modes; NULL: none */
};

static size_t unhex(const char *s, uint8_t *dst)
{
	size_t n = strlen(s) / 2;

	for (size_t i = 0; i < n; i++) {
		char byte[3] = { s[2 * i], s[2 * i + 1], 0 };

		dst[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return n;
}

#define HI_THERE "4869205468657265"
#define B4  "0b0b0b0b"
#define B16 B4 B4 B4 B4
static const struct vector vectors[] = {
	{ "RFC 3602 case 1", { CIPHER_AES_CBC, 128, AUTH_NONE },
	  "06a9214036b8a15b512e03d534120006", "", "3dafba429d9eb430b422da802c9fac41",
	  "53696e676c6520626c6f636b206d7367", "e353779c1079aeb82708942dbe77181a", "", NULL },
	{ "RFC 3602 case 2", { CIPHER_AES_CBC, 128, AUTH_NONE },
	  "c286696d887c9aa0611bbb3e2025a45a", "", "562e17996d093d28ddb3ba695a2e6f58",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1", "", NULL },
	{ "SP 800-38A F.2.3, AES-192", { CIPHER_AES_CBC, 192, AUTH_NONE },
	  "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "",
	  "000102030405060708090a0b0c0d0e0f", "6bc1bee22e409f96e93d7e117393172a",
	  "4f021db243bc633d7178183a9fa071e8", "", NULL },
	{ "SP 800-38A F.2.5, AES-256", { CIPHER_AES_CBC, 256, AUTH_NONE },
	  "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "",
	  "000102030405060708090a0b0c0d0e0f", "6bc1bee22e409f96e93d7e117393172a",
	  "f58c4c04d6e5f1ba779eabfb5f7bfbd6", "", NULL },
	{ "FIPS 81 table C1", { CIPHER_DES, 0, AUTH_NONE }, "0123456789abcdef", "",
	  "1234567890abcdef", "4e6f77206973207468652074696d6520666f7220616c6c20",
	  "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6", "", NULL },
	{ "FIPS 81 table C1 with one key thrice", { CIPHER_3DES, 0, AUTH_NONE },
	  "0123456789abcdef0123456789abcdef0123456789abcdef", "", "1234567890abcdef",
	  "4e6f77206973207468652074696d6520666f7220616c6c20",
	  "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6", "", NULL },
	{ "RFC 2202 HMAC-MD5 case 1", { CIPHER_NULL, 0, AUTH_HMAC_MD5_96 }, "", B16, "", HI_THERE,
	  HI_THERE, "9294727a3638bb1c13f48ef8", NULL },
	{ "RFC 2202 HMAC-SHA-1 case 1", { CIPHER_NULL, 0, AUTH_HMAC_SHA1_96 }, "", B16 B4, "",
	  HI_THERE, HI_THERE, "b617318655057264e28bc0b6", NULL },
	{ "RFC 4868 AUTH256-1", { CIPHER_NULL, 0, AUTH_HMAC_SHA256_128 }, "", B16 B16, "", HI_THERE,
	  HI_THERE, "198a607eb44bfbc69903a0f1cf2bbdc5", NULL },
	{ "RFC 4868 AUTH384-1", { CIPHER_NULL, 0, AUTH_HMAC_SHA384_192 }, "", B16 B16 B16, "",
	  HI_THERE, HI_THERE, "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973", NULL },
	{ "RFC 4868 AUTH512-1", { CIPHER_NULL, 0, AUTH_HMAC_SHA512_256 }, "", B16 B16 B16 B16, "",
	  HI_THERE, HI_THERE, "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8",
	  NULL },
	{ "GCM specification, test case 2", { CIPHER_AES_GCM, 128, AUTH_NONE },
	  "0000000000000000000000000000000000000000", "", "0000000000000000",
	  "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78",
	  "ab6e47d42cec13bdf53a67b21257bddf", NULL },
	{ "GCM specification, test case 14", { CIPHER_AES_GCM, 256, AUTH_NONE },
	  "000000000000000000000000000000000000000000000000000000000000000000000000", "",
	  "0000000000000000", "00000000000000000000000000000000",
	  "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919", NULL },
	{ "NIST CAVP gcmEncryptExtIV128, no text, 16 bytes of AAD", { CIPHER_AES_GMAC, 128, AUTH_NONE },
	  "77be63708971c4e240d1cb79e8d77febe0e00f19",
	  "", "fed7ba0136a797f3", "", "",
	  "209fcc8d3675ed938e9c7166709dd946", "7a43ec1d9c0a5a78a0b16533a6213cab" },
	{ "NIST CAVP gcmEncryptExtIV192, no text, 16 bytes of AAD", { CIPHER_AES_GMAC, 192, AUTH_NONE },
	  "41c5da8667ef725220ffe39ae0ac590ac9fca729ab60ada005ad13a5",
	  "", "e2c2ab667e1a6fbc", "", "",
	  "204bdb1bd62154bf08922aaa54eed705", "8b5c124bef6e2f0fe4d8c95cd5fa4cf1" },
	{ "NIST CAVP gcmEncryptExtIV256, no text, 16 bytes of AAD", { CIPHER_AES_GMAC, 256, AUTH_NONE },
	  "78dc4e0aaf52d935c3c01eea57428f00ca1fd475f5da86a49c8dd73d68c8e223d79cf22d",
	  "", "504cc793c3fb6c8a", "", "",
	  "3e5d486aa2e30b22e040b85723a06e76", "b96baa8c1c75a671bfb2d08d06be5f36" },
	/* draft-mcgrew-gcm-test-01: GCM in ESP, with the salt behind the key */
	{ "GCM in ESP, SPI a5f8", { CIPHER_AES_GCM, 128, AUTH_NONE },
	  "feffe9928665731c6d6a8f9467308308cafebabe", "", "facedbaddecaf888",
	  "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
	  "0001000000000000037369700963796265726369747902646b00000100010001",
	  "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c"
	  "3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1",
	  "83b70d3aa8bc6ee4c309e9d85a41ad4a", "0000a5f80000000a" },
	{ "GCM in ESP, AES-192", { CIPHER_AES_GCM, 192, AUTH_NONE },
	  "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe", "", "facedbaddecaf888",
	  "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
	  "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc77",
	  "95457b9652037f5318027b5b4cd7a636", "0000a5f80000000a" },
	{ "RFC 3686 test vector #1", { CIPHER_AES_CTR, 128, AUTH_NONE },
	  "ae6852f8121067cc4bf7a5765577f39e00000030", "",
	  "0000000000000000",
	  "53696e676c6520626c6f636b206d7367",
	  "e4095d4fb7a7b3792d6175a3261311b8",
	  "", NULL },
	{ "RFC 3686 test vector #2", { CIPHER_AES_CTR, 128, AUTH_NONE },
	  "7e24067817fae0d743d6ce1f32539163006cb6db", "",
	  "c0543b59da48d90b",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "5104a106168a72d9790d41ee8edad388eb2e1efc46da57c8fce630df9141be28",
	  "", NULL },
	{ "RFC 3686 test vector #3", { CIPHER_AES_CTR, 128, AUTH_NONE },
	  "7691be035e5020a8ac6e618529f9a0dc00e0017b", "",
	  "27777f3f4a1786f0",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223",
	  "c1cf48a89f2ffdd9cf4652e9efdb72d74540a42bde6d7836d59a5ceaaef3105325b2072f",
	  "", NULL },
	{ "RFC 3686 test vector #4", { CIPHER_AES_CTR, 192, AUTH_NONE },
	  "16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb7851500000048", "",
	  "36733c147d6d93cb",
	  "53696e676c6520626c6f636b206d7367",
	  "4b55384fe259c9c84e7935a003cbe928",
	  "", NULL },
	{ "RFC 3686 test vector #5", { CIPHER_AES_CTR, 192, AUTH_NONE },
	  "7c5cb2401b3dc33c19e7340819e0f69c678c3db8e6f6a91a0096b03b", "",
	  "020c6eadc2cb500d",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "453243fc609b23327edfaafa7131cd9f8490701c5ad4a79cfc1fe0ff42f4fb00",
	  "", NULL },
	{ "RFC 3686 test vector #6", { CIPHER_AES_CTR, 192, AUTH_NONE },
	  "02bf391ee8ecb159b959617b0965279bf59b60a786d3e0fe0007bdfd", "",
	  "5cbd60278dcc0912",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223",
	  "96893fc55e5c722f540b7dd1ddf7e758d288bc95c69165884536c811662f2188abee0935",
	  "", NULL },
	{ "RFC 3686 test vector #7", { CIPHER_AES_CTR, 256, AUTH_NONE },
	  "776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c10400000060", "",
	  "db5672c97aa8f0b2",
	  "53696e676c6520626c6f636b206d7367",
	  "145ad01dbf824ec7560863dc71e3e0c0",
	  "", NULL },
	{ "RFC 3686 test vector #8", { CIPHER_AES_CTR, 256, AUTH_NONE },
	  "f6d66d6bd52d59bb0796365879eff886c66dd51a5b6a99744b50590c87a2388400faac24", "",
	  "c1585ef15a43d875",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "f05e231b3894612c49ee000b804eb2a9b8306b508f839d6a5530831d9344af1c",
	  "", NULL },
	{ "RFC 3686 test vector #9", { CIPHER_AES_CTR, 256, AUTH_NONE },
	  "ff7a617ce69148e4f1726e2f43581de2aa62d9f805532edff1eed687fb54153d001cc5b7", "",
	  "51a51d70a1c11148",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223",
	  "eb6c52821d0bbbf7ce7594462aca4faab407df866569fd07f48cc0b583d6071f1ec0e6b8",
	  "", NULL },
	{ "RFC 3566 test case #2", { CIPHER_NULL, 0, AUTH_AES_XCBC_96 },
	  "", "000102030405060708090a0b0c0d0e0f",
	  "",
	  "000102",
	  "000102",
	  "5b376580ae2f19afe7219cee", NULL },
	{ "RFC 3566 test case #3", { CIPHER_NULL, 0, AUTH_AES_XCBC_96 },
	  "", "000102030405060708090a0b0c0d0e0f",
	  "",
	  "000102030405060708090a0b0c0d0e0f",
	  "000102030405060708090a0b0c0d0e0f",
	  "d2a246fa349b68a79998a439", NULL },
	{ "RFC 3566 test case #4", { CIPHER_NULL, 0, AUTH_AES_XCBC_96 },
	  "", "000102030405060708090a0b0c0d0e0f",
	  "",
	  "000102030405060708090a0b0c0d0e0f10111213",
	  "000102030405060708090a0b0c0d0e0f10111213",
	  "47f51b4564966215b8985c63", NULL },
	{ "RFC 3566 test case #5", { CIPHER_NULL, 0, AUTH_AES_XCBC_96 },
	  "", "000102030405060708090a0b0c0d0e0f",
	  "",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "f54f0ec8d2b9f3d36807734b", NULL },
	{ "RFC 3566 test case #6", { CIPHER_NULL, 0, AUTH_AES_XCBC_96 },
	  "", "000102030405060708090a0b0c0d0e0f",
	  "",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021",
	  "becbb3bccdb518a30677d548", NULL },
	{ "RFC 7634 appendix A", { CIPHER_CHACHA20_POLY1305, 0, AUTH_NONE },
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3", "",
	  "1011121314151617",
	  "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204",
	  "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e0",
	  "76aaa8266b7fb0f7b11b369907e1ad43", "0102030400000005" },
	{ "RFC 7634 appendix B", { CIPHER_CHACHA20_POLY1305, 0, AUTH_NONE },
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3", "",
	  "1011121314151617",
	  "0000000c000040010000000a00",
	  "610394701f8d017f7c12924889",
	  "6b71bfe25236efd7cdc67066906315b2", "c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029" },
};

static void check_vector(struct crypto_runner *r, const struct vector *v)
{
	uint8_t enc[64], auth[64], iv[16], plain[96], want[96], icv[64], got_icv[64] = { 0 };
	uint8_t text[96], aad[32];
	size_t n_aad = v->aad ? unhex(v->aad, aad) : 0;
	size_t n = unhex(v->plain, plain), n_icv = unhex(v->icv, icv);
	struct crypto_job j;

	unhex(v->enc, enc);
	unhex(v->auth, auth);
	unhex(v->iv, iv);
	assert_int_equal(unhex(v->cipher, want), n);
	struct pair k = pair_new(r, &v->suite, enc, auth);
	memcpy(text, plain, n);
	j = (struct crypto_job){ .key = k.enc, .text = text, .text_len = (uint32_t)n, .iv = iv,
				 .auth = k.cipher->combined ? aad : text, .icv = got_icv,
				 .auth_len = (uint32_t)(k.cipher->combined ? n_aad : n) };
	crypto_run(r, CRYPTO_ENCRYPT, &j, 1);
	if (!j.ok || memcmp(text, want, n) != 0 || memcmp(got_icv, icv, n_icv) != 0)
		fail_msg("%s: %s", crypto_runner_name(r), v->name);
	j.key = k.dec;
	crypto_run(r, CRYPTO_DECRYPT, &j, 1);
	if (!j.ok || memcmp(text, plain, n) != 0)
		fail_msg("%s: %s, backwards", crypto_runner_name(r), v->name);
	pair_free(&k);
}

static void published_vectors_come_out_of_every_runner(void **state)
{
	static const enum crypto_backend backends[] = { CRYPTO_OSSL, CRYPTO_AUTO, CRYPTO_MB };

	(void)state;
	for (size_t b = 0; b < 3; b++) {
		struct crypto_runner *r = crypto_runner_new(backends[b]);

		for (size_t i = 0; r && i < sizeof(vectors) / sizeof(vectors[0]); i++)
			check_vector(r, &vectors[i]);
		crypto_runner_free(r);
	}
}

static void keys_of_wrong_lengths_are_refused(void **state)
{
	struct crypto_runner *r = crypto_runner_new(CRYPTO_AUTO);
	const struct cipher_info *aes = cipher_info(CIPHER_AES_CBC, 128);
	const struct cipher_info *gcm = cipher_info(CIPHER_AES_GCM, 128);
	const struct auth_info *sha = auth_info(AUTH_HMAC_SHA1_96);
	uint8_t b[64] = { 0 };
	struct crypto_key *k = NULL;

	(void)state;
	assert_int_equal(crypto_key_new(r, CRYPTO_ENCRYPT, aes, sha, span_of(b, 15), span_of(b, 20), &k),
			 -EINVAL);
	assert_int_equal(crypto_key_new(r, CRYPTO_ENCRYPT, aes, sha, span_of(b, 16), span_of(b, 19), &k),
			 -EINVAL);
	assert_int_equal(crypto_key_new(r, CRYPTO_ENCRYPT, aes, NULL, span_of(b, 16), span_of(b, 20), &k),
			 -EINVAL);
	/* the salt is missing; an authenticator beside a combined mode */
	assert_int_equal(crypto_key_new(r, CRYPTO_ENCRYPT, gcm, NULL, span_of(b, 16), span_of(b, 0), &k),
			 -EINVAL);
	assert_int_equal(crypto_key_new(r, CRYPTO_ENCRYPT, gcm, sha, span_of(b, 20), span_of(b, 20), &k),
			 -EINVAL);
	assert_int_equal(crypto_key_new(r, CRYPTO_ENCRYPT, NULL, sha, span_of(b, 16), span_of(b, 20), &k),
			 -EINVAL);
	assert_null(k);
	crypto_runner_free(r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors_come_out_of_every_runner),
		cmocka_unit_test(ipsec_mb_and_libcrypto_agree_on_every_suite),
		cmocka_unit_test(the_automatic_choice_agrees_with_libcrypto),
		cmocka_unit_test(suites_may_be_mixed_in_one_call),
		cmocka_unit_test(each_changed_byte_is_noticed),
		cmocka_unit_test(keys_of_wrong_lengths_are_refused),
	};

	brief = argc > 1 && !strcmp(argv[1], "brief");
	list_suites();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
