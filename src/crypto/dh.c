/* SPDX-License-Identifier: Apache-2.0 */
/* Diffie-Hellman over MODP groups (RFC 2409 section 6, RFC 3526, RFC 5114) and over
 * the NIST curves (RFC 5903). */
#include "crypto/ike_crypto.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/dh.h"

/* An exponent is twice as long as the group is strong, by the larger estimate of
 * RFC 3526 section 8: more would only cost time. Curves and group 24 take numbers
 * below the order of their generator. */
static const struct dh_params {
	uint16_t group;
	uint16_t bits; /* of the prime */
	uint16_t exponent_bits;
	int curve; /* 0: MODP */
	BIGNUM *(*prime)(BIGNUM *);
} params[DH_N_GROUPS] = {
	{ 1, 768, 256, 0, BN_get_rfc2409_prime_768 },
	{ 2, 1024, 256, 0, BN_get_rfc2409_prime_1024 },
	{ 5, 1536, 256, 0, BN_get_rfc3526_prime_1536 },
	{ 14, 2048, 320, 0, BN_get_rfc3526_prime_2048 },
	{ 15, 3072, 448, 0, BN_get_rfc3526_prime_3072 },
	{ 16, 4096, 512, 0, BN_get_rfc3526_prime_4096 },
	{ 19, 256, 256, NID_X9_62_prime256v1, NULL },
	{ 20, 384, 384, NID_secp384r1, NULL },
	{ 21, 521, 521, NID_secp521r1, NULL },
	{ 24, 2048, 256, 0, NULL },
};

/* Made when a group is first used, kept as long as the library context. */
struct dh_group {
	const struct dh_params *is;
	BIGNUM *p, *g, *q; /* q: the generator's order; NULL for (p - 1) / 2 */
	BIGNUM *p_1;	   /* p - 1 */
	BN_MONT_CTX *mont;
	EC_GROUP *curve;
};

struct ike_dh {
	struct dh_ctx *c;
	const struct dh_group *group;
	BIGNUM *x;
	uint8_t pub[IKE_MAX_DH];
};

static size_t field_len(const struct dh_params *p)
{
	return (p->bits + 7u) / 8u;
}

static const struct dh_params *params_of(unsigned group)
{
	for (size_t i = 0; i < DH_N_GROUPS; i++)
		if (params[i].group == group)
			return &params[i];
	return NULL;
}

size_t ike_dh_len(unsigned group)
{
	const struct dh_params *p = params_of(group);

	return !p ? 0 : p->curve ? 2 * field_len(p) : field_len(p);
}

size_t ike_dh_secret_len(unsigned group)
{
	const struct dh_params *p = params_of(group);

	return p ? field_len(p) : 0;
}

/* ---- groups ---- */

static void group_free(struct dh_group *g)
{
	if (!g)
		return;
	BN_free(g->p);
	BN_free(g->g);
	BN_free(g->q);
	BN_free(g->p_1);
	BN_MONT_CTX_free(g->mont);
	EC_GROUP_free(g->curve);
	free(g);
}

void dh_ctx_fini(struct dh_ctx *c)
{
	for (size_t i = 0; i < DH_N_GROUPS; i++)
		group_free(c->groups[i]);
	BN_CTX_free(c->bn);
	*c = (struct dh_ctx){ 0 };
}

bool dh_ctx_init(struct dh_ctx *c, OSSL_LIB_CTX *lib)
{
	*c = (struct dh_ctx){ .lib = lib, .bn = BN_CTX_secure_new_ex(lib) };
	return c->bn;
}

/* Group 24 out of libcrypto, which knows it by its name: its generator and order are
 * as long as its prime and nothing that can be computed. */
static bool read_subgroup(struct dh_ctx *c, struct dh_group *g)
{
	char name[] = "dh_2048_256";
	OSSL_PARAM want[] = { OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name,
						     sizeof(name) - 1),
			      OSSL_PARAM_END };
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(c->lib, "DHX", NULL);
	EVP_PKEY *key = NULL;
	bool ok = ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
		  EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEY_PARAMETERS, want) == 1 &&
		  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_P, &g->p) == 1 &&
		  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_Q, &g->q) == 1 &&
		  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_G, &g->g) == 1;

	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool read_modp(struct dh_ctx *c, struct dh_group *g)
{
	if (g->is->prime) {
		g->p = g->is->prime(NULL);
		g->g = BN_new();
		if (!g->p || !g->g || BN_set_word(g->g, 2) != 1)
			return false;
	} else if (!read_subgroup(c, g)) {
		return false;
	}
	g->p_1 = BN_dup(g->p);
	g->mont = BN_MONT_CTX_new();
	return g->p_1 && BN_sub_word(g->p_1, 1) == 1 && g->mont &&
	       BN_MONT_CTX_set(g->mont, g->p, c->bn) == 1;
}

static bool read_curve(struct dh_ctx *c, struct dh_group *g)
{
	g->curve = EC_GROUP_new_by_curve_name_ex(c->lib, NULL, g->is->curve);
	g->q = g->curve ? BN_dup(EC_GROUP_get0_order(g->curve)) : NULL;
	g->p = BN_new();
	return g->q && g->p && EC_GROUP_get_curve(g->curve, g->p, NULL, NULL, c->bn) == 1;
}

/* -EINVAL if there is no such group. */
static int group_get(struct dh_ctx *c, unsigned number, const struct dh_group **ret)
{
	const struct dh_params *p = params_of(number);
	struct dh_group *g;

	if (!p)
		return -EINVAL;
	if (!c->groups[p - params]) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return -ENOMEM;
		g->is = p;
		if (!(p->curve ? read_curve(c, g) : read_modp(c, g))) {
			group_free(g);
			return -ENOMEM;
		}
		c->groups[p - params] = g;
	}
	*ret = c->groups[p - params];
	return 0;
}

/* ---- arithmetic ---- */

/* base^x mod p, constant time in x, padded to the prime's length. */
static int power(struct ike_dh *dh, const BIGNUM *base, uint8_t *out)
{
	const struct dh_group *g = dh->group;
	int len = (int)field_len(g->is);
	BIGNUM *y = BN_secure_new();
	bool ok = y && BN_mod_exp_mont_consttime(y, base, dh->x, g->p, dh->c->bn, g->mont) == 1 &&
		  BN_bn2binpad(y, out, len) == len;

	BN_clear_free(y);
	return ok ? 0 : -EIO;
}

/* x times the generator, or times the point peer; out gets the x coordinate and, if
 * with_y, the y coordinate behind it (RFC 5903 section 7). */
static int multiply(struct ike_dh *dh, const EC_POINT *peer, bool with_y, uint8_t *out)
{
	const struct dh_group *g = dh->group;
	int len = (int)field_len(g->is);
	EC_POINT *r = EC_POINT_new(g->curve);
	BIGNUM *x = BN_secure_new(), *y = BN_secure_new();
	bool ok = r && x && y &&
		  EC_POINT_mul(g->curve, r, peer ? NULL : dh->x, peer, peer ? dh->x : NULL,
			       dh->c->bn) == 1 &&
		  EC_POINT_get_affine_coordinates(g->curve, r, x, y, dh->c->bn) == 1 &&
		  BN_bn2binpad(x, out, len) == len &&
		  (!with_y || BN_bn2binpad(y, out + len, len) == len);

	BN_clear_free(x);
	BN_clear_free(y);
	EC_POINT_clear_free(r);
	return ok ? 0 : -EIO;
}

/* The order is larger than 2^255, so that a 64 bit longer number modulo q - 1 is as
 * good as even (FIPS 186-4 appendix B.4.1); plus one, it is never zero. */
static bool below_order(struct dh_ctx *c, const BIGNUM *q, BIGNUM *x)
{
	BIGNUM *q_1 = BN_dup(q);
	bool ok = q_1 && BN_sub_word(q_1, 1) == 1 && BN_mod(x, x, q_1, c->bn) == 1 &&
		  BN_add_word(x, 1) == 1;

	BN_free(q_1);
	return ok;
}

static size_t seed_len(const struct dh_params *p)
{
	return (p->exponent_bits + (p->prime ? 0u : 64u) + 7u) / 8u;
}

static BIGNUM *exponent(struct dh_ctx *c, const struct dh_group *g, const uint8_t *seed)
{
	uint8_t b[IKE_DH_SEED];
	size_t n = seed_len(g->is);
	BIGNUM *x = BN_secure_new();

	memcpy(b, seed, n);
	if (!g->q)
		b[0] |= 0x80; /* never a short exponent */
	if (x && (!BN_bin2bn(b, (int)n, x) || (g->q && !below_order(c, g->q, x)))) {
		BN_clear_free(x);
		x = NULL;
	}
	if (x)
		BN_set_flags(x, BN_FLG_CONSTTIME);
	secret_wipe(b, sizeof(b));
	return x;
}

/* ---- the interface ---- */

void ike_dh_free(struct ike_dh *dh)
{
	if (!dh)
		return;
	BN_clear_free(dh->x);
	secret_free(dh, sizeof(*dh));
}

size_t ike_dh_seed_len(unsigned group)
{
	const struct dh_params *p = params_of(group);

	return p ? seed_len(p) : 0;
}

int ike_dh_load(struct ike_crypto *crypto, unsigned group, const uint8_t *seed, struct ike_dh **ret_dh)
{
	struct ike_dh *dh = calloc(1, sizeof(*dh));
	int err = -ENOMEM;

	if (!dh)
		return err;
	dh->c = ike_crypto_dh(crypto);
	err = group_get(dh->c, group, &dh->group);
	if (!err) {
		dh->x = exponent(dh->c, dh->group, seed);
		err = dh->x ? 0 : -ENOMEM;
	}
	if (err)
		ike_dh_free(dh);
	else
		*ret_dh = dh;
	return err;
}

int ike_dh_new(struct ike_crypto *crypto, unsigned group, const uint8_t *seed, struct ike_dh **ret_dh)
{
	struct ike_dh *dh = NULL;
	int err = ike_dh_load(crypto, group, seed, &dh);

	if (!err)
		err = dh->group->curve ? multiply(dh, NULL, true, dh->pub) :
					 power(dh, dh->group->g, dh->pub);
	if (err)
		ike_dh_free(dh);
	else
		*ret_dh = dh;
	return err;
}

struct span ike_dh_public(const struct ike_dh *dh)
{
	return span_of(dh->pub, ike_dh_len(dh->group->is->group));
}

/* 1 < y < p - 1; in a subgroup that is not the whole group also y^q = 1 (SP 800-56A
 * section 5.6.2.3.1), or the peer could learn our exponent modulo small factors. */
static bool in_group(struct ike_dh *dh, const BIGNUM *y)
{
	const struct dh_group *g = dh->group;
	BIGNUM *one;
	bool ok;

	if (BN_is_zero(y) || BN_is_one(y) || BN_cmp(y, g->p_1) >= 0)
		return false;
	if (!g->q)
		return true;
	one = BN_new();
	ok = one && BN_mod_exp_mont(one, y, g->q, g->p, dh->c->bn, g->mont) == 1 && BN_is_one(one);
	BN_free(one);
	return ok;
}

static int shared_modp(struct ike_dh *dh, struct span peer, uint8_t *out)
{
	BIGNUM *y = BN_bin2bn(peer.p, (int)peer.len, NULL);
	int err = !y ? -ENOMEM : in_group(dh, y) ? power(dh, y, out) : -EINVAL;

	BN_free(y);
	return err;
}

/* Infinity cannot be said as x and y, and setting a point refuses what is off the
 * curve; but it reduces coordinates, so that their range is ours to check. The
 * cofactors are 1: nothing more is to be asked. */
static int shared_curve(struct ike_dh *dh, struct span peer, uint8_t *out)
{
	const struct dh_group *g = dh->group;
	int half = (int)(peer.len / 2);
	BIGNUM *x = BN_bin2bn(peer.p, half, NULL), *y = BN_bin2bn(peer.p + half, half, NULL);
	EC_POINT *point = EC_POINT_new(g->curve);
	int err = -ENOMEM;

	if (x && y && point)
		err = BN_cmp(x, g->p) < 0 && BN_cmp(y, g->p) < 0 &&
				      EC_POINT_set_affine_coordinates(g->curve, point, x, y,
								      dh->c->bn) == 1 ?
			      multiply(dh, point, false, out) :
			      -EINVAL;
	BN_free(x);
	BN_free(y);
	EC_POINT_free(point);
	return err;
}

int ike_dh_shared(struct ike_dh *dh, struct span peer, uint8_t *out)
{
	if (peer.len != ike_dh_len(dh->group->is->group))
		return -EINVAL;
	return dh->group->curve ? shared_curve(dh, peer, out) : shared_modp(dh, peer, out);
}
