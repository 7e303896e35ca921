/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates as bytes and values: no file, no clock, no socket. What
 * comes from a peer is bounded before libcrypto sees it. All objects live in one
 * library context of their own (with the legacy provider: old PKCS#12 files use
 * RC2), which must outlive them. Fresh keys and RSA blinding take randomness from
 * that context. Outputs are written only on success; 0 or a negative errno. */
#ifndef PKI_PKI_H
#define PKI_PKI_H

#include "base/ipaddr.h"
#include "base/txt.h"

#define PKI_LABEL_MAX	64   /* of a key pair or trustpoint, with the NUL */
#define PKI_BITS_MIN	360  /* what the command takes */
#define PKI_BITS_LEAST	512  /* what is made and accepted */
#define PKI_BITS_MAX	4096
#define PKI_PEER_BITS	8192 /* of a key in a peer's certificate: bounds the work of a stranger */
#define PKI_SIG_MAX	(PKI_PEER_BITS / 8)
#define PKI_CERT_BYTES	8192 /* of one certificate */
#define PKI_CHAIN_MAX	8    /* certificates that a peer may send, and that a path may have */
#define PKI_ANCHORS_MAX 16
#define PKI_CRL_BYTES	(1u << 20)
#define PKI_CRLS_MAX	8
#define PKI_WHY_MAX	512 /* bytes of a refusal's sentence, with the NUL */
#define PKI_PASS_MAX	128

struct pki;
struct pki_key;
struct pki_cert;

struct pki *pki_new(void); /* NULL without memory or providers */
void pki_free(struct pki *p);

/* ---- RSA keys (key.c) ---- */

/* A fresh pair, e = 65537. -ERANGE: bits outside PKI_BITS_LEAST..PKI_BITS_MAX. May
 * take seconds; may run in a thread of its own beside others that use p. */
int pki_key_generate(struct pki *p, unsigned bits, struct pki_key **ret_key);
void pki_key_free(struct pki_key *k); /* wipes what nobody shares; NULL is fine */
/* The same key once more, to be freed by itself, and for another thread if need be. NULL without
 * memory. */
struct pki_key *pki_key_share(const struct pki_key *k);
unsigned pki_key_bits(const struct pki_key *k);
bool pki_key_is_private(const struct pki_key *k);
/* Same public key. */
bool pki_key_same(const struct pki_key *a, const struct pki_key *b);
/* SubjectPublicKeyInfo, DER. */
int pki_key_public_der(const struct pki_key *k, struct txt *out);
/* PEM of either half: -EBADMSG no RSA key, -EACCES wrong passphrase (or none given
 * and one needed), -ERANGE a size that is not taken. */
int pki_key_from_pem(struct pki *p, struct span pem, const char *pass, struct pki_key **ret_key);
/* PKCS#8, or with pass the traditional form that IOS writes, under cipher (`3DES`,
 * `DES`, `AES`). The text is the private key: the caller wipes it. */
int pki_key_to_pem(struct pki *p, const struct pki_key *k, const char *cipher, const char *pass,
		   struct txt *out);
int pki_key_public_pem(const struct pki_key *k, struct txt *out);

/* RSA signatures of IKEv1 (RFC 2409 section 5.1): a private-key encryption in
 * PKCS #1 format over HASH_I or HASH_R itself, without the DigestInfo that a
 * signature of PKCS #1 has. hash is at most 64 bytes. */
int pki_ike_sign(struct pki *p, const struct pki_key *k, struct span hash,
		 uint8_t sig[PKI_SIG_MAX], size_t *ret_len);
/* 0; -EBADMSG: it is no signature of that hash by that key. */
int pki_ike_verify(struct pki *p, const struct pki_key *k, struct span hash, struct span sig);

/* ---- RSA encryption of IKEv1 (encrypt.c; RFC 2409 section 5.2) ---- */

#define PKI_SPKI_BYTES 1100 /* of a peer's SubjectPublicKeyInfo */

/* A public key from its SubjectPublicKeyInfo (DER): -EBADMSG none of RSA, -ERANGE its size. */
int pki_key_from_der(struct pki *p, struct span spki, struct pki_key **ret_key);
/* PKCS #1 v1.5. -EMSGSIZE: clear does not fit the key. */
int pki_ike_encrypt(struct pki *p, const struct pki_key *k, struct span clear,
		    uint8_t out[PKI_SIG_MAX], size_t *ret_len);
/* What sealed says, min to max bytes of it. If it is not well formed or says more or
 * less, then what out gets is something else, the same each time, that nobody can tell from a
 * message of unknown content: neither by the result nor by the time. -EBADMSG: it has another
 * length than the key; -EINVAL: no private key, or min does not fit it. */
int pki_ike_decrypt(struct pki *p, const struct pki_key *k, struct span sealed, size_t min, size_t max,
		    uint8_t out[PKI_SIG_MAX], size_t *ret_len);

/* ---- certificates (cert.c) ---- */

/* -E2BIG, or -EBADMSG: no X.509 certificate, or bytes behind it. */
int pki_cert_parse(struct pki *p, struct span der, struct pki_cert **ret_cert);
void pki_cert_free(struct pki_cert *c);
struct span pki_cert_der(const struct pki_cert *c);
/* The public key; -ENOTSUP: not RSA, or of a size that is not taken. */
int pki_cert_key(struct pki *p, const struct pki_cert *c, struct pki_key **ret_key);
bool pki_cert_is_ca(const struct pki_cert *c); /* may sign certificates */
bool pki_cert_is_self_issued(const struct pki_cert *c);
int pki_cert_version(const struct pki_cert *c); /* 1..3 */
/* Seconds since 1970; false: the field is no time. */
bool pki_cert_validity(const struct pki_cert *c, int64_t *ret_from, int64_t *ret_to);
/* Upper-case hex, whole bytes. */
void pki_cert_serial(const struct pki_cert *c, struct txt *out);
/* MD5 (20 wide) or SHA1 of the DER, as `63B03B57 6ADB6EB8 ... `. */
enum pki_digest { PKI_MD5, PKI_SHA1, PKI_SHA256 };
void pki_fingerprint(struct pki *p, struct span der, enum pki_digest d, bool groups,
		     struct txt *out);
/* The names as IOS writes them, most specific first: each attribute on a line of its own
 * behind indent, or joined by commas if indent is NULL. */
void pki_cert_subject(const struct pki_cert *c, const char *indent, struct txt *out);
void pki_cert_issuer(const struct pki_cert *c, const char *indent, struct txt *out);
/* DER of the subject: what ID_DER_ASN1_DN carries. Valid as long as c. */
struct span pki_cert_subject_der(const struct pki_cert *c);
/* The same of a DER name by itself (ID_DER_ASN1_DN), which may be a stranger's, joined by
 * commas; nothing for bytes that are no name. */
void pki_dn_text(struct span der, struct txt *out);
/* One attribute of the subject by IOS's word (`cn`, `hostname`, `serialNumber`,
 * `ipaddress`); false if it is not there. */
bool pki_cert_subject_has(const struct pki_cert *c, const char *word, struct txt *out);
/* Bits of RFC 5280 section 4.2.1.3, digitalSignature the highest of 32 as IOS prints
 * it (`A0000000`); false: the extension is absent, which allows everything. */
#define PKI_KU_DIGITAL_SIGNATURE UINT32_C(0x80000000)
#define PKI_KU_NON_REPUDIATION	 UINT32_C(0x40000000)
#define PKI_KU_KEY_ENCIPHERMENT	 UINT32_C(0x20000000)
#define PKI_KU_DATA_ENCIPHERMENT UINT32_C(0x10000000)
#define PKI_KU_KEY_AGREEMENT	 UINT32_C(0x08000000)
#define PKI_KU_CERT_SIGN	 UINT32_C(0x04000000)
#define PKI_KU_CRL_SIGN		 UINT32_C(0x02000000)
bool pki_cert_key_usage(const struct pki_cert *c, uint32_t *ret_bits);
/* `SHA256 with RSA Encryption`, as IOS says it. */
void pki_cert_sigalg(const struct pki_cert *c, struct txt *out);
/* What is weak in it ("signed with MD5"), or NULL. */
const char *pki_cert_weakness(const struct pki_cert *c);
/* The i-th URI of the CRL distribution points; false past the end. */
bool pki_cert_crl_url(const struct pki_cert *c, size_t i, struct txt *out);
/* Subject and authority key identifiers; empty if absent. */
struct span pki_cert_ski(const struct pki_cert *c);
struct span pki_cert_aki(const struct pki_cert *c);
/* The i-th subjectAltName as `IP Address : 1.2.3.4`, `DNS Name : x`, `Email : x`;
 * false past the end. */
bool pki_cert_san(const struct pki_cert *c, size_t i, struct txt *out);
/* False, and a sentence about what is wrong, for a certificate that cannot be a
 * certification authority's. */
bool pki_cert_may_be_ca(const struct pki_cert *c, char why[PKI_WHY_MAX]);

/* ---- verification (verify.c, ident.c) ---- */

/* The identity that a peer claims: type is IKE's (RFC 2407 section 4.6.2.1). */
enum pki_id_type { PKI_ID_NONE = 0, PKI_ID_IPV4 = 1, PKI_ID_FQDN = 2, PKI_ID_USER_FQDN = 3,
		   PKI_ID_IPV6 = 5, PKI_ID_DN = 9 };
struct pki_id {
	uint8_t type; /* enum pki_id_type; PKI_ID_NONE: not compared */
	struct span data;
};

enum pki_revocation {
	PKI_REVOCATION_NONE = 0, /* revocation-check none */
	PKI_REVOCATION_CRL,	 /* crl: a current CRL of the issuer must be there */
	PKI_REVOCATION_CRL_NONE, /* crl none: one that is missing or too old is forgiven */
};

struct pki_check {
	const char *trustpoint; /* its name, for sentences */
	const struct span *chain; /* DER from the peer; its own certificate first */
	size_t n_chain;
	const struct span *anchors; /* DER of the trustpoint's CA certificates */
	size_t n_anchors;
	const struct span *crls; /* DER */
	size_t n_crls;
	uint8_t revocation; /* enum pki_revocation */
	int64_t now_sec; /* since 1970 */
	struct pki_id id;
};

/* Decides whether the chain leads to the trustpoint (RFC 5280 section 6.1), is
 * valid now, not revoked, may sign IKE and belongs to the identity. 0 and the
 * peer's public key; -EACCES and a sentence in why that names the certificate, its
 * field and the rule; -ENOKEY and a sentence: the chain does not lead to this
 * trustpoint, and another may know it; -ENOMEM. */
int pki_verify(struct pki *p, const struct pki_check *c, struct pki_key **ret_key,
	       char why[PKI_WHY_MAX]);
/* The identity alone; false with a sentence. */
bool pki_cert_has_id(const struct pki_cert *c, const struct pki_id *id, char why[PKI_WHY_MAX]);
/* One criterion of a certificate map; the numbers are those of model/config_pki.h. */
enum pki_field { PKI_FIELD_SUBJECT = 1, PKI_FIELD_ISSUER, PKI_FIELD_ALT_SUBJECT, PKI_FIELD_NAME,
		 PKI_FIELD_SERIAL };
enum pki_op { PKI_OP_EQ = 1, PKI_OP_NE, PKI_OP_CO, PKI_OP_NC };
bool pki_cert_match(const struct pki_cert *c, enum pki_field field, enum pki_op op, const char *text);
/* A CRL by itself: that of this issuer, signed by it. -EACCES with a sentence. */
int pki_crl_check(struct pki *p, struct span crl, struct span issuer, int64_t now_sec,
		  char why[PKI_WHY_MAX]);

/* thisUpdate and nextUpdate of a CRL (RFC 5280 section 5.1.2), seconds since 1970; no
 * nextUpdate is 0. False: it is no CRL, or a field is no time. */
bool pki_crl_times(struct pki *p, struct span crl, int64_t *ret_this, int64_t *ret_next);

/* ---- requests (request.c) ---- */

struct pki_subject {
	const char *name; /* subject-name as configured: `CN=R1, O=Example`; "" none */
	const char *fqdn; /* "" none */
	const char *serial; /* the router's; "" none */
	struct ipaddr ip; /* IP_NONE: none */
	uint32_t usage;	  /* PKI_KU_ bits */
	const char *challenge; /* challengePassword of a request (RFC 2985 section 5.4.1); "" or NULL none */
};
/* -EINVAL: the subject name is none, or nothing names the router; why says what. */
int pki_request(struct pki *p, const struct pki_key *k, const struct pki_subject *s,
		struct txt *out_der, char why[PKI_WHY_MAX]);
/* Version 3, for itself; serial is the certificate's number. */
int pki_self_signed(struct pki *p, const struct pki_key *k, const struct pki_subject *s,
		    uint32_t serial, int64_t from_sec, int64_t to_sec, struct txt *out_der,
		    char why[PKI_WHY_MAX]);
/* False: text is no distinguished name; why says where. */
bool pki_dn_check(const char *text, char why[PKI_WHY_MAX]);

/* ---- containers (pem.c) ---- */

/* Base 64 with or without `-----BEGIN ...` lines around it, at most max bytes. -EBADMSG. */
int pki_base64_decode(const char *text, size_t len, size_t max, struct txt *out);
/* Lines of 64 characters; label NULL: without BEGIN and END. */
void pki_base64_encode(struct span der, const char *label, struct txt *out);

/* A PKCS#12 file (RFC 7292): the key, its certificate, and the others (CA), DER. */
struct pki_bundle {
	struct pki_key *key;
	struct pki_cert *cert;
	struct pki_cert *ca[PKI_ANCHORS_MAX];
	size_t n_ca;
};
void pki_bundle_fini(struct pki_bundle *b);
/* -EACCES wrong passphrase, -EBADMSG no PKCS#12 with an RSA key. */
int pki_pkcs12_read(struct pki *p, struct span der, const char *pass, struct pki_bundle *ret_b);
int pki_pkcs12_write(struct pki *p, const struct pki_bundle *b, const char *label,
		     const char *pass, struct txt *out_der);

#endif
