/* SPDX-License-Identifier: Apache-2.0 */
/* RSA signatures for ikedrv: one key and certificate, and one CA that is trusted. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "ikedrv.h"

static size_t slurp(const char *file, uint8_t *buf, size_t cap)
{
	FILE *f = fopen(file, "re");
	size_t n = f ? fread(buf, 1, cap, f) : 0;

	if (f)
		fclose(f);
	return n;
}

int drv_pki_read(const char *file, const char *password, struct drv_config *c)
{
	static uint8_t buf[65536];
	size_t n = slurp(file, buf, sizeof(buf));

	if (!n || c->pki || !(c->pki = pki_new()) ||
	    pki_pkcs12_read(c->pki, span_of(buf, n), password, &c->own) || !c->own.cert || !c->own.n_ca)
		return -EINVAL;
	c->certs[0] = pki_cert_der(c->own.cert);
	c->anchor = pki_cert_der(c->own.ca[0]);
	c->cas[0] = pki_cert_subject_der(c->own.ca[0]);
	return 0;
}

void drv_pki_free(struct drv_config *c)
{
	if (c->pki)
		pki_bundle_fini(&c->own);
	pki_free(c->pki);
	c->pki = NULL;
}

int drv_pki_sign(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	struct drv_config *c = ctx;

	return c->pki ? pki_ike_sign(c->pki, c->own.key, hash, sig, ret_len) : -ENOKEY;
}

int drv_pki_verify(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX])
{
	struct drv_config *c = ctx;
	struct pki_check check = { .trustpoint = "DRV", .chain = p->certs, .n_chain = p->n_certs,
				   .anchors = &c->anchor, .n_anchors = 1, .now_sec = time(NULL),
				   .id = { p->id_type, p->id } };
	struct pki_key *his = NULL;
	int err = c->pki ? pki_verify(c->pki, &check, &his, why) : -EACCES;

	if (!err)
		err = pki_ike_verify(c->pki, his, p->hash, p->sig);
	pki_key_free(his);
	return err == -ENOKEY ? -EACCES : err;
}
