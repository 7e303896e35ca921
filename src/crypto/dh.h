/* SPDX-License-Identifier: Apache-2.0 */
/* What dh.c keeps in a struct ike_crypto: groups that were used, and room for big
 * numbers. For ike_crypto.c only. */
#ifndef CRYPTO_DH_H
#define CRYPTO_DH_H

#include <openssl/bn.h>
#include <openssl/types.h>

#include "crypto/ike_crypto.h"

#define DH_N_GROUPS 10

struct dh_group;

struct dh_ctx {
	OSSL_LIB_CTX *lib; /* not owned */
	BN_CTX *bn;
	struct dh_group *groups[DH_N_GROUPS];
};

bool dh_ctx_init(struct dh_ctx *c, OSSL_LIB_CTX *lib); /* false without memory */
void dh_ctx_fini(struct dh_ctx *c);
struct dh_ctx *ike_crypto_dh(struct ike_crypto *c);

#endif
