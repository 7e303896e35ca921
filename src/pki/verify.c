/* SPDX-License-Identifier: Apache-2.0 */
/* From a peer's certificates to a public key, or to the sentence that says why not.
 * The path is libcrypto's business (RFC 5280 section 6.1: signatures, names, validity,
 * constraints, CRLs); bounds, key usage, identity and sentences are ours. */
#include "pki/internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_SHOWN 160
#define WHO_SHOWN  240

static int refuse(char why[PKI_WHY_MAX], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static int refuse(char why[PKI_WHY_MAX], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, PKI_WHY_MAX, fmt, ap);
	va_end(ap);
	return -EACCES;
}

static void say_cert(X509 *x, char out[WHO_SHOWN])
{
	struct txt name = TXT_INIT, serial = TXT_INIT;
	struct pki_cert c = { .x = x };

	pki_cert_subject(&c, NULL, &name);
	pki_cert_serial(&c, &serial);
	snprintf(out, WHO_SHOWN, "certificate \"%.*s\" serial %.48s", NAME_SHOWN,
		 txt_cstr(&name), txt_cstr(&serial));
	txt_fini(&name);
	txt_fini(&serial);
}

/* `2026-11-25 08:00:00 UTC` */
static void say_time(const ASN1_TIME *t, char out[32])
{
	struct tm tm;

	if (t && ASN1_TIME_to_tm(t, &tm) == 1)
		snprintf(out, 32, "%04d-%02d-%02d %02d:%02d:%02d UTC", (tm.tm_year + 1900) % 10000,
			 (tm.tm_mon + 1) % 100, tm.tm_mday % 100, tm.tm_hour % 100,
			 tm.tm_min % 100, tm.tm_sec % 100);
	else
		snprintf(out, 32, "an unreadable time");
}

static void say_now(int64_t sec, char out[32])
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, (time_t)sec);

	say_time(t, out);
	ASN1_TIME_free(t);
}

/* What libcrypto found, as the field and the rule. */
static const char *rule_of(int e)
{
	switch (e) {
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return "signatureValue: it is not the issuer's signature (RFC 5280 section 6.1.3 a 1)";
	case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
		return "the issuer's subjectPublicKeyInfo cannot be used (RFC 5280 section 6.1.3 a 1)";
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_INVALID_NON_CA:
		return "basicConstraints: it issued a certificate and is no CA (RFC 5280 section 6.1.4 k)";
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
		return "keyUsage: it issued a certificate and lacks keyCertSign (RFC 5280 section 6.1.4 n)";
	case X509_V_ERR_PATH_LENGTH_EXCEEDED:
		return "basicConstraints: more CAs follow than its pathLenConstraint allows "
		       "(RFC 5280 section 6.1.4 m)";
	case X509_V_ERR_CERT_CHAIN_TOO_LONG:
		return "the path to the trustpoint is too long";
	case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
		return "a critical extension is not known (RFC 5280 section 6.1.4 o)";
	case X509_V_ERR_INVALID_EXTENSION:
	case X509_V_ERR_INVALID_POLICY_EXTENSION:
		return "an extension cannot be read (RFC 5280 section 4.2)";
	case X509_V_ERR_PERMITTED_VIOLATION:
	case X509_V_ERR_EXCLUDED_VIOLATION:
	case X509_V_ERR_SUBTREE_MINMAX:
	case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
	case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
	case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
		return "subject or subjectAltName: a CA's nameConstraints do not allow it "
		       "(RFC 5280 section 6.1.3 b, c)";
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_DIFFERENT_CRL_SCOPE:
		return "revocation-check crl: there is no CRL of its issuer (RFC 5280 section 6.3.3)";
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
	case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
		return "the CRL is not signed by the issuer (RFC 5280 section 6.3.3 g)";
	case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
		return "the CRL's issuer lacks cRLSign in keyUsage (RFC 5280 section 6.3.3 f)";
	case X509_V_ERR_CRL_NOT_YET_VALID:
		return "thisUpdate of the issuer's CRL is in the future (RFC 5280 section 5.1.2.4)";
	case X509_V_ERR_CRL_HAS_EXPIRED:
		return "nextUpdate of the issuer's CRL has passed (RFC 5280 section 5.1.2.5)";
	default:
		return NULL;
	}
}

static int refuse_path(const struct pki_check *c, X509 *x, int e, char why[PKI_WHY_MAX])
{
	char who[WHO_SHOWN] = "the certificate", issuer[NAME_SHOWN] = "", t[32], now[32];
	const char *rule = rule_of(e);
	struct txt name = TXT_INIT;

	if (x) {
		say_cert(x, who);
		pki_name_print(X509_get_issuer_name(x), NULL, &name);
		snprintf(issuer, sizeof(issuer), "%.*s", NAME_SHOWN - 1, txt_cstr(&name));
		txt_fini(&name);
	}
	say_now(c->now_sec, now);
	switch (e) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		say_time(!x			      ? NULL :
			 e == X509_V_ERR_CERT_HAS_EXPIRED ? X509_get0_notAfter(x) :
							    X509_get0_notBefore(x),
			 t);
		return refuse(why, "%s: %s %s, now is %s (RFC 5280 section 6.1.3 a 2)", who,
			      e == X509_V_ERR_CERT_HAS_EXPIRED ? "expired: notAfter is" :
								 "not yet valid: notBefore is",
			      t, now);
	case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
	case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
		return refuse(why, "%s: validity: notBefore or notAfter is no time (RFC 5280 section "
				   "4.1.2.5)",
			      who);
	case X509_V_ERR_CERT_REVOKED:
		return refuse(why, "%s: revoked: its serialNumber is in the CRL of \"%s\" (RFC 5280 "
				   "section 6.1.3 a 3)",
			      who, issuer);
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_CERT_UNTRUSTED:
		(void)refuse(why, "%s: issuer \"%s\" does not lead to a CA of trustpoint %s (RFC 5280 "
				  "section 6.1.3 a 4)",
			     who, issuer, c->trustpoint);
		return -ENOKEY;
	default:
		return refuse(why, "%s: %s", who, rule ? rule : X509_verify_cert_error_string(e));
	}
}

/* ---- the path ---- */

/* The peer's own certificate must have a CRL if one is asked for; for the CAs above
 * it, and where `none` follows, a missing one is forgiven and a revocation is not. */
static int on_result(int ok, X509_STORE_CTX *ctx)
{
	const struct pki_check *c = X509_STORE_CTX_get_app_data(ctx);
	bool may_miss = X509_STORE_CTX_get_error_depth(ctx) > 0 ||
			c->revocation == PKI_REVOCATION_CRL_NONE;

	switch (X509_STORE_CTX_get_error(ctx)) {
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_DIFFERENT_CRL_SCOPE:
		if (may_miss) {
			X509_STORE_CTX_set_error(ctx, X509_V_OK);
			return 1;
		}
		return ok;
	default:
		return ok;
	}
}

static void set_rules(const struct pki_check *c, X509_STORE_CTX *ctx)
{
	X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
	/* a trustpoint may hold a subordinate CA alone */
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST |
			      X509_V_FLAG_NO_ALT_CHAINS;

	if (c->revocation != PKI_REVOCATION_NONE)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	X509_VERIFY_PARAM_set_flags(p, flags);
	X509_VERIFY_PARAM_set_time(p, (time_t)c->now_sec);
	X509_VERIFY_PARAM_set_depth(p, PKI_CHAIN_MAX);
	X509_VERIFY_PARAM_set_auth_level(p, 0); /* what is weak is named, not refused */
	X509_STORE_CTX_set_app_data(ctx, (void *)(uintptr_t)c);
	X509_STORE_CTX_set_verify_cb(ctx, on_result);
}

struct path {
	STACK_OF(X509) *chain, *anchors; /* chain is without the peer's own */
	STACK_OF(X509_CRL) *crls;
	X509 *own;
};

static void path_fini(struct path *p)
{
	X509_free(p->own);
	sk_X509_pop_free(p->chain, X509_free);
	sk_X509_pop_free(p->anchors, X509_free);
	sk_X509_CRL_pop_free(p->crls, X509_CRL_free);
}

static bool push(STACK_OF(X509) *s, X509 *x)
{
	if (x && sk_X509_push(s, x) > 0)
		return true;
	X509_free(x);
	return false;
}

static X509_CRL *read_crl(struct pki *p, struct span der)
{
	const unsigned char *at = der.p;
	X509_CRL *crl = der.len && der.len <= PKI_CRL_BYTES ? X509_CRL_new_ex(p->lib, NULL) : NULL;

	if (crl && (!d2i_X509_CRL(&crl, &at, (long)der.len) || at != der.p + der.len)) {
		X509_CRL_free(crl);
		crl = NULL;
	}
	ERR_clear_error();
	return crl;
}

static int read_all(struct pki *p, const struct pki_check *c, struct path *path,
		    char why[PKI_WHY_MAX])
{
	if (!c->n_chain)
		return refuse(why, "the peer sent no certificate");
	if (c->n_chain > PKI_CHAIN_MAX)
		return refuse(why, "the peer sent %zu certificates; at most %d are taken", c->n_chain,
			      PKI_CHAIN_MAX);
	if (!c->n_anchors)
		return refuse(why, "trustpoint %s has no CA certificate: crypto pki authenticate %s",
			      c->trustpoint, c->trustpoint);
	path->chain = sk_X509_new_null();
	path->anchors = sk_X509_new_null();
	path->crls = sk_X509_CRL_new_null();
	if (!path->chain || !path->anchors || !path->crls)
		return -ENOMEM;
	path->own = pki_x509(p, c->chain[0]);
	for (size_t i = 1; path->own && i < c->n_chain; i++)
		if (!push(path->chain, pki_x509(p, c->chain[i])))
			return refuse(why, "certificate %zu of the peer is no X.509 certificate of at "
					   "most %d bytes",
				      i + 1, PKI_CERT_BYTES);
	if (!path->own)
		return refuse(why, "the peer's certificate is no X.509 certificate of at most %d bytes",
			      PKI_CERT_BYTES);
	for (size_t i = 0; i < c->n_anchors && i < PKI_ANCHORS_MAX; i++)
		if (!push(path->anchors, pki_x509(p, c->anchors[i])))
			return refuse(why, "a CA certificate of trustpoint %s cannot be read",
				      c->trustpoint);
	for (size_t i = 0; i < c->n_crls && i < PKI_CRLS_MAX; i++) {
		X509_CRL *crl = read_crl(p, c->crls[i]);

		if (crl && sk_X509_CRL_push(path->crls, crl) <= 0)
			X509_CRL_free(crl);
	}
	return 0;
}

/* Work for a stranger is bounded by his keys' sizes, too. */
static int check_keys(const struct path *path, char why[PKI_WHY_MAX])
{
	char who[WHO_SHOWN];

	for (int i = -1; i < sk_X509_num(path->chain); i++) {
		X509 *x = i < 0 ? path->own : sk_X509_value(path->chain, i);
		EVP_PKEY *k = X509_get0_pubkey(x);
		int bits = k ? EVP_PKEY_get_bits(k) : 0;

		if (k && bits <= PKI_PEER_BITS && (i >= 0 || (EVP_PKEY_is_a(k, "RSA") &&
							     bits >= PKI_BITS_LEAST)))
			continue;
		say_cert(x, who);
		return refuse(why, "%s: subjectPublicKeyInfo: %s", who,
			      !k			? "the key cannot be read" :
			      !EVP_PKEY_is_a(k, "RSA") ? "no RSA key, which rsa-sig needs" :
							 "the RSA key has a size that is not taken "
							 "(512 to 8192 bits)");
	}
	return 0;
}

static int check_path(struct pki *p, const struct pki_check *c, struct path *path,
		      char why[PKI_WHY_MAX])
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(p->lib, NULL);
	X509_STORE *empty = X509_STORE_new();
	int err = -ENOMEM;

	if (ctx && empty && X509_STORE_CTX_init(ctx, empty, path->own, path->chain) == 1) {
		X509_STORE_CTX_set0_trusted_stack(ctx, path->anchors);
		X509_STORE_CTX_set0_crls(ctx, path->crls);
		set_rules(c, ctx);
		err = 0;
		if (X509_verify_cert(ctx) != 1)
			err = refuse_path(c, X509_STORE_CTX_get_current_cert(ctx),
					  X509_STORE_CTX_get_error(ctx), why);
	}
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(empty);
	ERR_clear_error();
	return err;
}

/* RFC 4945 section 5.1.3.2: digitalSignature or nonRepudiation, if there is a
 * keyUsage at all. */
static int check_usage(X509 *x, char why[PKI_WHY_MAX])
{
	char who[WHO_SHOWN];
	uint32_t ku = X509_get_key_usage(x); /* all ones if absent */

	if (ku & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))
		return 0;
	say_cert(x, who);
	return refuse(why, "%s: keyUsage has neither digitalSignature nor nonRepudiation (RFC 4945 "
			   "section 5.1.3.2)",
		      who);
}

int pki_verify(struct pki *p, const struct pki_check *c, struct pki_key **ret_key,
	       char why[PKI_WHY_MAX])
{
	struct path path = { 0 };
	struct pki_cert own = { 0 };
	int err = read_all(p, c, &path, why);

	if (!err)
		err = check_keys(&path, why);
	if (!err)
		err = check_path(p, c, &path, why);
	if (!err)
		err = check_usage(path.own, why);
	if (!err && c->id.type != PKI_ID_NONE) {
		own.x = path.own;
		if (!pki_cert_has_id(&own, &c->id, why))
			err = -EACCES;
	}
	if (!err)
		err = pki_key_wrap(X509_get_pubkey(path.own), PKI_BITS_LEAST, PKI_PEER_BITS, ret_key);
	path_fini(&path);
	return err;
}

int pki_crl_check(struct pki *p, struct span der, struct span issuer, int64_t now_sec,
		  char why[PKI_WHY_MAX])
{
	X509_CRL *crl = read_crl(p, der);
	X509 *ca = pki_x509(p, issuer);
	time_t now = (time_t)now_sec;
	int err = 0;

	if (!crl || !ca)
		err = refuse(why, "the CRL is none of at most %u bytes", PKI_CRL_BYTES);
	else if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(ca)))
		err = refuse(why, "the CRL's issuer is another one than the trustpoint's CA");
	else if (X509_CRL_verify(crl, X509_get0_pubkey(ca)) != 1)
		err = refuse(why, "%s", rule_of(X509_V_ERR_CRL_SIGNATURE_FAILURE));
	else if (X509_cmp_time(X509_CRL_get0_lastUpdate(crl), &now) > 0)
		err = refuse(why, "%s", rule_of(X509_V_ERR_CRL_NOT_YET_VALID));
	else if (X509_CRL_get0_nextUpdate(crl) &&
		 X509_cmp_time(X509_CRL_get0_nextUpdate(crl), &now) < 0)
		err = refuse(why, "%s", rule_of(X509_V_ERR_CRL_HAS_EXPIRED));
	X509_CRL_free(crl);
	X509_free(ca);
	ERR_clear_error();
	return err;
}
