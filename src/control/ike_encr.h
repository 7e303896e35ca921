/* SPDX-License-Identifier: Apache-2.0 */
/* Between the IKE core and RSA encryption (rsa-encr): our key for it, and those of peers. */
#ifndef CONTROL_IKE_ENCR_H
#define CONTROL_IKE_ENCR_H

#include "control/internal.h"
#include "pki/store.h"

/* The pair that signs without a certificate, if a key for signatures is typed in; NULL. */
const struct pki_pair *ike_bare_pair(const struct control *c);
/* Fills in cfg's peers (in v, of CFG_MAX_PUBKEYS; they point into the configuration)
 * and whether we can decrypt; what keeps rsa-encr from being negotiated, and keys that
 * cannot be used, get a note if a policy wants it. */
void ike_encr_peers(struct control *c, struct rsa_peer *v, struct ike_config *cfg);
/* Our key that decrypts, shared: the caller frees it. NULL: there is none. */
struct pki_key *ike_encr_open_key(const struct control *c);
/* For struct ike_env; ctx is the struct control. */
int ike_encr_seal(void *ctx, struct span key, struct span clear, uint8_t out[IKE_SIG_MAX],
		  size_t *ret_len);
int ike_encr_open(void *ctx, struct span sealed, size_t min, size_t max, uint8_t out[IKE_SIG_MAX],
		  size_t *ret_len);

#endif
