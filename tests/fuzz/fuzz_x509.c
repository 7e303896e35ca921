/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer sends as certificates, a CRL and an identity: a chain of two at most
 * against the CA of tests/vectors/pki, and every question that show asks. The first
 * byte chooses; lengths before the parts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "pki/pki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t root[] = {
#include "x509_root.inc"
};

static struct pki *pki;

static void ask(struct span der)
{
	struct pki_cert *c = NULL;
	struct txt t = TXT_INIT;
	char why[PKI_WHY_MAX];
	int64_t from, to;
	uint32_t ku;

	if (pki_cert_parse(pki, der, &c))
		return;
	pki_cert_subject(c, "  ", &t);
	pki_cert_issuer(c, NULL, &t);
	pki_cert_serial(c, &t);
	pki_cert_sigalg(c, &t);
	(void)pki_cert_validity(c, &from, &to);
	(void)pki_cert_key_usage(c, &ku);
	(void)pki_cert_may_be_ca(c, why);
	(void)pki_cert_weakness(c);
	(void)pki_cert_subject_has(c, "hostname", &t);
	for (size_t i = 0; i < 4; i++) {
		(void)pki_cert_san(c, i, &t);
		(void)pki_cert_crl_url(c, i, &t);
	}
	(void)pki_cert_ski(c);
	(void)pki_cert_aki(c);
	for (size_t i = 0; i < t.len; i++)
		if ((unsigned char)t.s[i] >= 0x7f) /* a stranger's bytes reach no terminal */
			abort();
	txt_fini(&t);
	pki_cert_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_of(data, size);
	struct span chain[2], crl, anchor = span_of(root, sizeof(root));
	uint8_t how = rd_u8(&r), id_type = rd_u8(&r);
	struct pki_key *key = NULL;
	char why[PKI_WHY_MAX] = "";

	if (!pki)
		pki = pki_new();
	for (size_t i = 0; i < 2; i++)
		chain[i] = rd_take(&r, rd_be16(&r));
	crl = rd_take(&r, rd_be16(&r));
	if (r.bad)
		return 0;
	struct pki_check c = { .trustpoint = "TP", .chain = chain, .n_chain = 1 + (how & 1),
			       .anchors = &anchor, .n_anchors = 1, .crls = &crl,
			       .n_crls = crl.len != 0, .revocation = how >> 1 & 1,
			       .now_sec = INT64_C(1764547200),
			       .id = { id_type & 15, rd_take(&r, rd_left(&r)) } };
	ask(chain[0]);
	(void)pki_crl_check(pki, crl, anchor, c.now_sec, why);
	why[0] = '\0';
	int err = pki_verify(pki, &c, &key, why);
	if (err && err != -ENOMEM && !why[0])
		abort(); /* a refusal without its reason */
	pki_key_free(key);
	return 0;
}
