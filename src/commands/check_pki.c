/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with trustpoints and their certificates, as far as the configuration
 * alone says it. */
#include "commands/check_pki.h"

#include <stdio.h>

static void check_trustpoint(const struct config *c, const struct cfg_trustpoint *t, struct report *r)
{
	const struct cfg_chain *chain = pki_find_chain(&c->pki, t->name);
	char obj[CFG_NAME_MAX + 32];
	bool ca = false;

	snprintf(obj, sizeof(obj), "crypto pki trustpoint %s", t->name);
	for (size_t i = 0; chain && i < chain->n; i++)
		ca |= chain->certs[i]->kind != CERT_ROUTER;
	if (!ca) {
		report_object(r, REPORT_WARNING, obj, NULL, "it has no CA certificate, so it trusts nobody.");
		report_fix(r, "crypto pki authenticate %s", t->name);
	}
	for (size_t i = 0; i < t->n_revocation; i++)
		if (t->revocation[i] == REVOKE_OCSP)
			report_object(r, REPORT_WARNING, obj, "revocation-check crl",
				      "OCSP is not run by this version; the method is passed over.");
	if (t->revocation[0] == REVOKE_NONE)
		report_object(r, REPORT_WARNING, obj, "revocation-check crl",
			      "revoked certificates are accepted.");
	if (t->key_bits && t->key_bits < 2048)
		report_object(r, REPORT_WARNING, obj, "rsakeypair LABEL 2048",
			      "an RSA key of %u bits is weak.", t->key_bits);
}

static void check_chain(const struct config *c, const struct cfg_chain *chain, struct report *r)
{
	char obj[CFG_NAME_MAX + 40];

	snprintf(obj, sizeof(obj), "crypto pki certificate chain %s", chain->name);
	if (chain->n && !pki_find_trustpoint(&c->pki, chain->name)) {
		report_object(r, REPORT_WARNING, obj, NULL, "there is no trustpoint of that name, so its certificates are not used.");
		report_fix(r, "crypto pki trustpoint %s", chain->name);
	}
	for (size_t i = 0; i < chain->n; i++)
		if (!cfg_cert_is_der(chain->certs[i]))
			report_object(r, REPORT_WARNING, obj, NULL,
				      "certificate %s is not whole, or none; it is not used.",
				      chain->certs[i]->serial);
}

void check_pki(const struct config *c, struct report *r)
{
	for (size_t i = 0; i < c->pki.n_trustpoints; i++)
		check_trustpoint(c, c->pki.trustpoints[i], r);
	for (size_t i = 0; i < c->pki.n_chains; i++)
		check_chain(c, c->pki.chains[i], r);
}
