/* SPDX-License-Identifier: Apache-2.0 */
/* Between the IKE core and the trustpoints: what the core may know of our certificate,
 * and the two questions that it asks about keys. */
#ifndef CONTROL_IKE_PKI_H
#define CONTROL_IKE_PKI_H

#include "control/internal.h"

/* ike_configure() with the compiled configuration and our identity of now; a policy that
 * cannot be negotiated for want of one gets a note. 0 or -ENOMEM. */
int ike_pki_configure(struct control *c, uint64_t now_ms);
/* The key that signs, shared: the caller frees it. NULL: there is none. */
struct pki_key *ike_pki_sign_key(const struct control *c);
/* For struct ike_env; ctx is the struct control. */
int ike_pki_sign(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len);
int ike_pki_verify(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX]);
bool ike_pki_match(void *ctx, struct span der, const char *map);

#endif
