/* SPDX-License-Identifier: Apache-2.0 */
/* `| json` of show crypto pki and show crypto key: what show_pki.c and show_pubkey.c lay
 * out. Text from certificates is a stranger's; the writer escapes it. */
#include "control/show_json_parts.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "pki/store.h"

/* A member whose text another room writes. */
static void taken(struct json *j, const char *key, struct txt *t)
{
	json_str_or_null(j, key, txt_cstr(t));
	j->out->bad |= t->bad;
	txt_fini(t);
}

static void fingerprints(struct pki *p, struct span der, struct json *j)
{
	static const struct {
		const char *key;
		enum pki_digest digest;
	} rows[] = { { "fingerprint_md5", PKI_MD5 }, { "fingerprint_sha1", PKI_SHA1 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txt t = TXT_INIT;

		pki_fingerprint(p, der, rows[i].digest, false, &t);
		taken(j, rows[i].key, &t);
	}
}

static void hex(struct json *j, const char *key, struct span s)
{
	struct txt t = TXT_INIT;

	txt_hex(&t, s.p, s.len);
	taken(j, key, &t);
}

/* ---- certificates ---- */

static void names(struct json *j, const struct pki_cert *c)
{
	struct txt serial = TXT_INIT, issuer = TXT_INIT, subject = TXT_INIT;

	pki_cert_serial(c, &serial);
	pki_cert_issuer(c, NULL, &issuer);
	pki_cert_subject(c, NULL, &subject);
	taken(j, "serial_number", &serial);
	taken(j, "issuer", &issuer);
	taken(j, "subject", &subject);
}

static void texts(struct json *j, const char *key, const struct pki_cert *c,
		  bool (*get)(const struct pki_cert *c, size_t i, struct txt *out))
{
	struct txt t = TXT_INIT;

	json_array(j, key);
	for (size_t i = 0; get(c, i, &t); i++) {
		json_str(j, NULL, txt_cstr(&t));
		txt_clear(&t);
	}
	json_array_end(j);
	txt_fini(&t);
}

static void whole_cert(const struct show_in *in, const struct pki_cert *c, struct json *j)
{
	struct txt alg = TXT_INIT;
	struct pki_key *k = NULL;
	int64_t from, to;
	uint32_t usage;

	names(j, c);
	json_int(j, "version", pki_cert_version(c));
	json_str(j, "usage", show_cert_usage(c));
	texts(j, "crl_distribution_points", c, pki_cert_crl_url);
	if (pki_cert_validity(c, &from, &to)) {
		json_int(j, "not_before_at", from);
		json_int(j, "not_after_at", to);
	} else {
		json_null(j, "not_before_at");
		json_null(j, "not_after_at");
	}
	if (pki_cert_key(in->pki, c, &k) == 0)
		json_num(j, "rsa_bits", pki_key_bits(k));
	else
		json_null(j, "rsa_bits");
	pki_key_free(k);
	pki_cert_sigalg(c, &alg);
	taken(j, "signature_algorithm", &alg);
	fingerprints(in->pki, pki_cert_der(c), j);
	if (pki_cert_key_usage(c, &usage))
		json_num(j, "key_usage", usage);
	else
		json_null(j, "key_usage");
	json_bool(j, "ca", pki_cert_is_ca(c));
	texts(j, "subject_alternative_names", c, pki_cert_san);
	hex(j, "subject_key_id", pki_cert_ski(c));
	hex(j, "authority_key_id", pki_cert_aki(c));
}

static void cert(const struct show_in *in, const struct cfg_chain *chain, const struct cfg_cert *cfg,
		 struct json *j)
{
	static const char *const kinds[] = { "router", "ca", "self_signed" };
	const struct cfg_trustpoint *tp = pki_find_trustpoint(&in->config->pki, chain->name);
	struct pki_cert *c = NULL;
	int err = pki_cert_parse(in->pki, span_of(cfg->der, cfg->len), &c);

	json_object(j, NULL);
	json_str(j, "trustpoint", chain->name);
	json_str(j, "kind", kinds[cfg->kind]);
	json_str(j, "status", err ? "Not usable" : "Available");
	json_str_or_null(j, "key_label", cfg->kind != CERT_CA && tp ? tp->keypair : NULL);
	if (err)
		json_str(j, "serial_number", cfg->serial); /* the one member that is known */
	else
		whole_cert(in, c, j);
	json_object_end(j);
	pki_cert_free(c);
}

static void pending(const struct show_in *in, const char *trustpoint, struct json *j)
{
	const struct show_enroll *e = show_enroll_of(in, trustpoint);

	if (!e || !e->active)
		return;
	json_object(j, NULL);
	json_str(j, "trustpoint", trustpoint);
	fingerprints(in->pki, e->csr, j);
	json_object_end(j);
}

int json_pki_certificates(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	const struct cfg_pki *p = &in->config->pki;
	bool any = !a->name[0] || pki_find_trustpoint(p, a->name);

	json_array(j, "certificates");
	for (size_t i = 0; i < p->n_chains; i++) {
		if (a->name[0] && strcmp(p->chains[i]->name, a->name) != 0)
			continue;
		any = true;
		for (int ca = 0; ca < 2; ca++) /* the router's own first */
			for (size_t k = 0; k < p->chains[i]->n; k++)
				if ((p->chains[i]->certs[k]->kind == CERT_CA) == ca)
					cert(in, p->chains[i], p->chains[i]->certs[k], j);
	}
	json_array_end(j);
	json_array(j, "pending_requests");
	for (size_t i = 0; i < p->n_trustpoints; i++)
		if (!a->name[0] || !strcmp(p->trustpoints[i]->name, a->name))
			pending(in, p->trustpoints[i]->name, j);
	json_array_end(j);
	return any ? 0 : -EINVAL;
}

/* ---- trustpoints ---- */

static void named_cert(const struct show_in *in, const char *key, const struct pki_cert *c, struct json *j)
{
	if (!c) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	names(j, c);
	fingerprints(in->pki, pki_cert_der(c), j);
	json_object_end(j);
}

static void trustpoint(const struct show_in *in, const struct cfg_trustpoint *t, struct json *j)
{
	struct pki_cert *ca = show_first_cert(in, t->name, CERT_CA);
	struct pki_cert *own = show_first_cert(in, t->name, CERT_ROUTER);
	struct pki_cert *self = show_first_cert(in, t->name, CERT_SELF_SIGNED);
	const struct show_enroll *e = show_enroll_of(in, t->name);
	const struct pki_pair *p = show_pair_of(in, t);

	json_object(j, NULL);
	json_str(j, "name", t->name);
	named_cert(in, "ca_certificate", ca ? ca : self, j);
	named_cert(in, "router_certificate", own ? own : self, j);
	json_bool(j, "self_signed", self && !ca);
	json_bool(j, "keys_generated", p != NULL);
	json_str(j, "key_label", p ? p->label : NULL);
	json_bool(j, "key_exportable", p && p->exportable);
	json_bool(j, "request_pending", e && e->active);
	json_str_or_null(j, "last_enrollment", e ? e->last : NULL);
	json_num(j, "polls_left", e && e->active ? e->left : 0u);
	json_num(j, "next_poll_sec", e && e->active ? e->next_sec : 0u);
	json_object_end(j);
	pki_cert_free(ca);
	pki_cert_free(own);
	pki_cert_free(self);
}

int json_pki_trustpoints(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	const struct cfg_pki *p = &in->config->pki;
	bool any = !a->name[0];

	json_array(j, "trustpoints");
	for (size_t i = 0; i < p->n_trustpoints; i++)
		if (!a->name[0] || !strcmp(p->trustpoints[i]->name, a->name)) {
			any = true;
			trustpoint(in, p->trustpoints[i], j);
		}
	json_array_end(j);
	return any ? 0 : -EINVAL;
}

/* ---- keys: the public half only ---- */

int json_key_rsa(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	static const char *const usages[] = { "General Purpose", "Signature", "Encryption" };
	const struct pki_pair *p;

	json_array(j, "keys");
	for (size_t i = 0; in->keys && (p = pki_store_get(in->keys, i)); i++) {
		struct txt der = TXT_INIT;

		if (a->name[0] && strcmp(p->label, a->name) != 0)
			continue;
		(void)pki_key_public_der(p->key, &der);
		json_object(j, NULL);
		json_str(j, "name", p->label);
		json_str(j, "usage", usages[p->usage]);
		json_bool(j, "exportable", p->exportable);
		json_int(j, "generated_at", p->made_sec);
		json_num(j, "rsa_bits", pki_key_bits(p->key));
		hex(j, "public_key", span_of(der.s, der.len));
		json_object_end(j);
		j->out->bad |= der.bad;
		txt_fini(&der);
	}
	json_array_end(j);
	return 0;
}

int json_pubkey_chain(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	static const char *const uses[] = { "General", "Encryption", "Signature" };
	const struct cfg_pubkeys *all = &in->config->pki.pubkeys;

	json_array(j, "keys");
	for (size_t i = 0; i < all->n; i++) {
		const struct cfg_pubkey *k = all->v[i];
		const struct ipaddr *at = k->at.family ? &k->at : &k->addr;

		if ((a->addr.family && !ipaddr_equal(at, &a->addr)) ||
		    (!a->addr.family && a->name[0] && strcasecmp(k->name, a->name) != 0))
			continue;
		json_object(j, NULL);
		json_str_or_null(j, "name", k->name);
		json_addr(j, "address", at);
		json_str(j, "usage", uses[k->use]);
		json_str(j, "source", "manual");
		json_str(j, "keyring", "default");
		hex(j, "public_key", span_of(k->der, k->len));
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}
