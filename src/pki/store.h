/* SPDX-License-Identifier: Apache-2.0 */
/* The router's own key pairs, in memory and as files of mode 0600 in a directory of
 * mode 0700. A pair is its label and its usage; usage keys are two pairs under one
 * label. The only part of the room that touches files. */
#ifndef PKI_STORE_H
#define PKI_STORE_H

#include "pki/pki.h"

#define PKI_STORE_MAX 64 /* key pairs */

enum pki_usage { PKI_USAGE_GENERAL = 0, PKI_USAGE_SIGNATURE, PKI_USAGE_ENCRYPTION, PKI_USAGES };

struct pki_pair {
	char label[PKI_LABEL_MAX];
	uint8_t usage; /* enum pki_usage */
	bool exportable;
	int64_t made_sec; /* since 1970 */
	struct pki_key *key;
};

struct pki_store;

/* Reads what is in dir, which need not exist. Files that cannot be read, or that
 * others may read, are left out and named in said, one line each. NULL without memory. */
struct pki_store *pki_store_open(struct pki *p, const char *dir, struct txt *said);
void pki_store_close(struct pki_store *s); /* NULL is fine */

/* The i-th pair, oldest first; NULL past the end. Valid until a change. */
const struct pki_pair *pki_store_get(const struct pki_store *s, size_t i);
/* The pair that signs (general or signature) or decrypts; NULL. Labels count case. */
const struct pki_pair *pki_store_find(const struct pki_store *s, const char *label,
				      enum pki_usage usage);
/* Any pair of that label. */
bool pki_store_has(const struct pki_store *s, const char *label);
/* A label that can be one: printable, no blank, short enough. */
bool pki_label_ok(const char *label);

/* Writes the file (temporary name, fsync, rename) and takes over key, also on
 * failure. A pair of that label and usage is replaced. 0 or -errno. */
int pki_store_put(struct pki_store *s, const char *label, enum pki_usage usage, bool exportable,
		  int64_t made_sec, struct pki_key *key);
/* What the file TRUSTPOINT.crl beside the keys holds: the CRL of a trustpoint's CA, DER
 * or PEM, put there by an administrator. Read anew each time; out_der gets DER. 0,
 * -ENOENT, or another -errno (-E2BIG over PKI_CRL_BYTES, -EBADMSG no base 64 in PEM). */
int pki_store_crl(const struct pki_store *s, const char *trustpoint, struct txt *out_der);
/* Overwrites and removes all pairs of a label; -ENOENT if there is none. */
int pki_store_zeroize(struct pki_store *s, const char *label);

#endif
