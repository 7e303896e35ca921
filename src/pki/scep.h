/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of SCEP (RFC 8894) as bytes and values: no file, no socket. What arrives is
 * bounded before libcrypto sees it. Time and nonces are the caller's; content keys and
 * paddings take randomness from the library context. Outputs are written only on
 * success; 0, or a negative errno and a sentence in why. */
#ifndef PKI_SCEP_H
#define PKI_SCEP_H

#include "pki/pki.h"

#define SCEP_ANSWER_MAX 65536 /* bytes of one answer, whatever it is */
#define SCEP_NONCE	16
#define SCEP_ID_MAX	65  /* transactionID with its NUL: hex of a SHA-256 */
#define SCEP_TEXT_MAX	200 /* of failInfoText, with the NUL */

/* ---- what a CA can do (section 3.5.2) ---- */

enum scep_cap { SCEP_CAP_AES = 1, SCEP_CAP_DES3 = 2, SCEP_CAP_SHA1 = 4, SCEP_CAP_SHA256 = 8,
		SCEP_CAP_SHA512 = 16, SCEP_CAP_POST = 32, SCEP_CAP_RENEWAL = 64 };

/* Of the answer to GetCACaps, bits of enum scep_cap. What is unknown is passed over; an
 * empty answer is 0. */
unsigned scep_caps_parse(struct span text);
/* What is weak in the best that those capabilities allow ("3DES and SHA-1"), or NULL. */
const char *scep_caps_weakness(unsigned caps);

/* ---- the CA's certificates (section 4.2) ---- */

/* cert[0] is the CA that issues; behind it are its registration authorities. encrypt is
 * the index of the one to encrypt for. */
struct scep_ca {
	struct pki_cert *cert[PKI_CHAIN_MAX];
	size_t n, encrypt;
};

/* The answer to GetCACert: one certificate, or a certs-only SignedData. known is the CA
 * certificate that was authenticated before (then it must be among them), or empty. A
 * registration authority must be signed by the CA and valid at now_sec. -EACCES,
 * -EBADMSG, -ENOMEM. */
int scep_ca_read(struct pki *p, struct span body, struct span known, int64_t now_sec,
		 struct scep_ca *ret_ca, char why[PKI_WHY_MAX]);
void scep_ca_fini(struct scep_ca *ca);

/* ---- messages (section 3) ---- */

enum scep_type { SCEP_CERT_REP = 3, SCEP_RENEWAL_REQ = 17, SCEP_PKCS_REQ = 19, SCEP_CERT_POLL = 20 };
enum scep_status { SCEP_SUCCESS = 0, SCEP_FAILURE = 2, SCEP_PENDING = 3 };

struct scep_request {
	enum scep_type type;
	unsigned caps;
	const struct pki_key *key;	/* signs, and decrypts the answer */
	const struct pki_cert *signer;	/* of key: ours of now, or scep_signer()'s */
	const struct scep_ca *ca;
	struct span content; /* PKCS #10, or scep_poll_content()'s */
	const char *id;	     /* transactionID */
	uint8_t nonce[SCEP_NONCE];
	int64_t now_sec;
};

/* The transactionID that belongs to a key: the same for each try. */
int scep_id(struct pki *p, const struct pki_key *k, char id[SCEP_ID_MAX]);
/* The certificate that signs the first request: the request's subject and key, for itself. */
int scep_signer(struct pki *p, const struct pki_key *k, struct span request, int64_t now_sec,
		struct pki_cert **ret_cert);
/* What CertPoll asks for: the issuer, and the subject of the request. */
int scep_poll_content(struct pki *p, const struct scep_ca *ca, struct span request, struct txt *out);
/* The pkiMessage, DER. */
int scep_encode(struct pki *p, const struct scep_request *r, struct txt *out, char why[PKI_WHY_MAX]);

struct scep_reply {
	enum scep_status status;
	int fail;		  /* failInfo; -1: not said */
	char text[SCEP_TEXT_MAX]; /* failInfoText, cleaned; "" none */
	bool sha1;		  /* it is signed with SHA-1 */
	struct pki_cert *cert;	  /* SUCCESS: the one of the request's key, not verified further */
};

/* The answer to r: signed by the CA or, unless it has none, by its registration authority;
 * with the transactionID and the nonce of r. -EACCES: it is none of that. -EBADMSG: it is
 * no such message. */
int scep_decode(struct pki *p, struct span body, const struct scep_request *r,
		struct scep_reply *ret_reply, char why[PKI_WHY_MAX]);
void scep_reply_fini(struct scep_reply *r);
/* `badRequest (the CA permits or supports no such transaction)`. */
const char *scep_fail_text(int fail);

#endif
