/* SPDX-License-Identifier: Apache-2.0 */
/* The trustpoints as IKE needs them: who is a peer, and who are we. */
#ifndef CONTROL_PKI_PEER_H
#define CONTROL_PKI_PEER_H

#include "control/internal.h"
#include "pki/store.h"

/* Verifies a peer's certificates (its own first) against each trustpoint that has a CA
 * certificate, by its revocation-check and `match certificate`. 0 and the public key;
 * -EACCES and a sentence: the refusal of the trustpoint that knows the peer's CA, if one
 * does. */
int pki_peer_verify(const struct control *c, const struct span *chain, size_t n,
		    const struct pki_id *id, int64_t now_sec, struct pki_key **ret_key,
		    char why[PKI_WHY_MAX]);
/* The same against those trustpoints alone; n_trust 0: all. */
int pki_peer_verify_by(const struct control *c, const char (*trust)[CFG_NAME_MAX], size_t n_trust,
		       const struct span *chain, size_t n, const struct pki_id *id, int64_t now_sec,
		       struct pki_key **ret_key, char why[PKI_WHY_MAX]);

/* True if all criteria of an entry of that certificate map hold for the certificate. */
bool pki_peer_in_map(const struct control *c, struct span der, const char *map);

struct pki_identity {
	const struct cfg_trustpoint *trustpoint;
	struct span cert; /* ours, DER, in the configuration: valid until it changes */
	struct span ca;	  /* of its issuer; empty: self-signed */
	const struct pki_pair *pair; /* the store's */
};
/* What we sign with: the first trustpoint (or the one named) that has a certificate and
 * the key to it. False: none. */
bool pki_own_identity(const struct control *c, const char *name, struct pki_identity *ret_i);

#endif
