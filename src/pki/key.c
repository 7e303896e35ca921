/* SPDX-License-Identifier: Apache-2.0 */
/* The library context and RSA keys. */
#include "pki/internal.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define HASH_MAX 64
#define PEM_MAX	 65536

struct pki *pki_new(void)
{
	struct pki *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->lib = OSSL_LIB_CTX_new();
	if (p->lib) {
		p->def = OSSL_PROVIDER_load(p->lib, "default");
		p->legacy = OSSL_PROVIDER_load(p->lib, "legacy"); /* RC2 of old PKCS#12, DES */
	}
	p->old[0] = OSSL_PROVIDER_load(NULL, "default");
	p->old[1] = OSSL_PROVIDER_load(NULL, "legacy");
	if (!p->def) {
		pki_free(p);
		return NULL;
	}
	return p;
}

void pki_free(struct pki *p)
{
	if (!p)
		return;
	if (p->legacy)
		OSSL_PROVIDER_unload(p->legacy);
	if (p->def)
		OSSL_PROVIDER_unload(p->def);
	for (size_t i = 2; i-- > 0;)
		if (p->old[i])
			OSSL_PROVIDER_unload(p->old[i]);
	OSSL_LIB_CTX_free(p->lib);
	free(p);
}

/* ---- keys ---- */

void pki_key_free(struct pki_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey); /* clears what is private */
	free(k);
}

struct pki_key *pki_key_share(const struct pki_key *k)
{
	struct pki_key *s = calloc(1, sizeof(*s));

	if (!s || EVP_PKEY_up_ref(k->pkey) != 1) {
		free(s);
		return NULL;
	}
	s->pkey = k->pkey;
	return s;
}

int pki_key_wrap(EVP_PKEY *pkey, unsigned least, unsigned most, struct pki_key **ret_key)
{
	struct pki_key *k;
	int err = 0;

	if (!pkey || !EVP_PKEY_is_a(pkey, "RSA"))
		err = -ENOTSUP;
	else if (EVP_PKEY_get_bits(pkey) < (int)least || EVP_PKEY_get_bits(pkey) > (int)most)
		err = -ERANGE;
	k = err ? NULL : calloc(1, sizeof(*k));
	if (!k) {
		EVP_PKEY_free(pkey);
		ERR_clear_error();
		return err ? err : -ENOMEM;
	}
	k->pkey = pkey;
	*ret_key = k;
	return 0;
}

int pki_key_generate(struct pki *p, unsigned bits, struct pki_key **ret_key)
{
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *pkey = NULL;
	bool ok;

	if (bits < PKI_BITS_LEAST || bits > PKI_BITS_MAX)
		return -ERANGE;
	ctx = EVP_PKEY_CTX_new_from_name(p->lib, "RSA", NULL);
	ok = ctx && EVP_PKEY_keygen_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) == 1 &&
	     EVP_PKEY_generate(ctx, &pkey) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return ok ? pki_key_wrap(pkey, PKI_BITS_LEAST, PKI_BITS_MAX, ret_key) : -ENOMEM;
}

unsigned pki_key_bits(const struct pki_key *k)
{
	return (unsigned)EVP_PKEY_get_bits(k->pkey);
}

bool pki_key_is_private(const struct pki_key *k)
{
	BIGNUM *d = NULL;
	bool is = EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_RSA_D, &d) == 1;

	BN_clear_free(d);
	ERR_clear_error();
	return is;
}

bool pki_key_same(const struct pki_key *a, const struct pki_key *b)
{
	return EVP_PKEY_eq(a->pkey, b->pkey) == 1;
}

bool pki_take_der(struct txt *out, unsigned char *der, int n)
{
	if (n > 0)
		txt_mem(out, (char *)der, (size_t)n);
	OPENSSL_free(der);
	ERR_clear_error();
	return n > 0 && !out->bad;
}

int pki_key_public_der(const struct pki_key *k, struct txt *out)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(k->pkey, &der);

	return pki_take_der(out, der, n) ? 0 : -ENOMEM;
}

/* What a memory BIO holds; the BIO is freed, and wiped if secret. */
static int take_bio(BIO *b, bool ok, bool secret, struct txt *out)
{
	char *s = NULL;
	long n = b ? BIO_get_mem_data(b, &s) : 0;

	if (ok && n > 0)
		txt_mem(out, s, (size_t)n);
	else
		ok = false;
	if (secret && n > 0)
		secret_wipe(s, (size_t)n);
	BIO_free(b);
	ERR_clear_error();
	return ok && !out->bad ? 0 : -ENOMEM;
}

int pki_key_public_pem(const struct pki_key *k, struct txt *out)
{
	BIO *b = BIO_new(BIO_s_mem());

	return take_bio(b, b && PEM_write_bio_PUBKEY(b, k->pkey) == 1, false, out);
}

static const char *cipher_name(const char *ios)
{
	if (!strcmp(ios, "DES"))
		return "DES-CBC";
	return strcmp(ios, "AES") ? "DES-EDE3-CBC" : "AES-128-CBC";
}

int pki_key_to_pem(struct pki *p, const struct pki_key *k, const char *cipher, const char *pass,
		   struct txt *out)
{
	BIO *b = BIO_new(BIO_s_mem());
	EVP_CIPHER *c = NULL;
	bool ok = b != NULL;

	if (ok && pass) {
		c = EVP_CIPHER_fetch(p->lib, cipher_name(cipher), NULL);
		ok = c && PEM_write_bio_PrivateKey_traditional(b, k->pkey, c,
							       (const unsigned char *)pass,
							       (int)strlen(pass), NULL, NULL) == 1;
	} else if (ok) {
		ok = PEM_write_bio_PKCS8PrivateKey(b, k->pkey, NULL, NULL, 0, NULL, NULL) == 1;
	}
	EVP_CIPHER_free(c);
	return take_bio(b, ok, true, out);
}

struct asked {
	const char *pass;
	bool was;
};

/* Never the terminal: libcrypto would ask there if it had no function to call. */
static int passphrase(char *buf, int size, int writing, void *ctx)
{
	struct asked *a = ctx;
	size_t n = a->pass ? strlen(a->pass) : 0;

	(void)writing;
	a->was = true;
	if (!n || n > (size_t)size)
		return -1;
	memcpy(buf, a->pass, n);
	return (int)n;
}

int pki_key_from_pem(struct pki *p, struct span pem, const char *pass, struct pki_key **ret_key)
{
	struct asked a = { .pass = pass };
	EVP_PKEY *pkey = NULL;
	BIO *b;

	if (pem.len > PEM_MAX)
		return -E2BIG;
	b = BIO_new_mem_buf(pem.p, (int)pem.len);
	if (!b)
		return -ENOMEM;
	if (memmem(pem.p, pem.len, "PRIVATE KEY-----", 16))
		pkey = PEM_read_bio_PrivateKey_ex(b, NULL, passphrase, &a, p->lib, NULL);
	else
		pkey = PEM_read_bio_PUBKEY_ex(b, NULL, passphrase, &a, p->lib, NULL);
	BIO_free(b);
	ERR_clear_error();
	if (!pkey)
		return a.was ? -EACCES : -EBADMSG;
	int err = pki_key_wrap(pkey, PKI_BITS_LEAST, PKI_BITS_MAX, ret_key);

	return err == -ENOTSUP ? -EBADMSG : err;
}

/* ---- signatures of IKE ---- */

static EVP_PKEY_CTX *ike_ctx(struct pki *p, const struct pki_key *k, int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(p->lib, k->pkey, NULL);

	/* no digest is set: block type 1 around the hash itself, no DigestInfo */
	if (ctx && init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

int pki_ike_sign(struct pki *p, const struct pki_key *k, struct span hash,
		 uint8_t sig[PKI_SIG_MAX], size_t *ret_len)
{
	size_t n = PKI_SIG_MAX;
	EVP_PKEY_CTX *ctx;
	bool ok;

	if (!hash.len || hash.len > HASH_MAX || !pki_key_is_private(k))
		return -EINVAL;
	ctx = ike_ctx(p, k, EVP_PKEY_sign_init);
	ok = ctx && EVP_PKEY_sign(ctx, sig, &n, hash.p, hash.len) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (!ok)
		return -EINVAL;
	*ret_len = n;
	return 0;
}

int pki_ike_verify(struct pki *p, const struct pki_key *k, struct span hash, struct span sig)
{
	EVP_PKEY_CTX *ctx;
	bool ok;

	if (!hash.len || hash.len > HASH_MAX || !sig.len || sig.len > PKI_SIG_MAX)
		return -EBADMSG;
	ctx = ike_ctx(p, k, EVP_PKEY_verify_init);
	ok = ctx && EVP_PKEY_verify(ctx, sig.p, sig.len, hash.p, hash.len) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return ok ? 0 : -EBADMSG;
}
