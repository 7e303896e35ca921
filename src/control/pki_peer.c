/* SPDX-License-Identifier: Apache-2.0 */
#include "control/pki_peer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/debug.h"
#include "control/pki_crl.h"

/* The methods that are run; OCSP is none, and alone it lets nobody in without a CRL. */
static enum pki_revocation revocation_of(const struct cfg_trustpoint *t)
{
	bool crl = false, none = false;

	for (size_t i = 0; i < t->n_revocation; i++) {
		if (t->revocation[i] == REVOKE_CRL && !none)
			crl = true;
		none |= t->revocation[i] == REVOKE_NONE;
	}
	if (none)
		return crl ? PKI_REVOCATION_CRL_NONE : PKI_REVOCATION_NONE;
	return PKI_REVOCATION_CRL;
}

/* One entry of the map whose criteria all hold is enough; a map without entries lets
 * nobody in. */
static bool map_lets_in(const struct control *c, const char *map, const struct pki_cert *cert)
{
	const struct cfg_pki *p = &c->config->pki;

	for (size_t i = 0; i < p->n_maps; i++) {
		const struct cfg_cert_map *m = p->maps[i];
		bool all = m->n > 0 && !strcmp(m->name, map);

		for (size_t k = 0; all && k < m->n; k++)
			all = pki_cert_match(cert, m->v[k].field, m->v[k].op, m->v[k].text);
		if (all)
			return true;
	}
	return false;
}

bool pki_peer_in_map(const struct control *c, struct span der, const char *map)
{
	struct pki_cert *cert = NULL;
	bool in = !pki_cert_parse(c->pki, der, &cert) && map_lets_in(c, map, cert);

	pki_cert_free(cert);
	return in;
}

static int check_map(const struct control *c, const struct cfg_trustpoint *t, struct span own,
		     char why[PKI_WHY_MAX])
{
	struct pki_cert *cert = NULL;
	struct txt name = TXT_INIT;
	int err = t->match_map[0] ? pki_cert_parse(c->pki, own, &cert) : 0;

	if (!err && cert && !map_lets_in(c, t->match_map, cert)) {
		pki_cert_subject(cert, NULL, &name);
		snprintf(why, PKI_WHY_MAX,
			 "certificate \"%.160s\": no entry of certificate map %s matches (trustpoint "
			 "%s: match certificate)",
			 txt_cstr(&name), t->match_map, t->name);
		err = -EACCES;
	}
	txt_fini(&name);
	pki_cert_free(cert);
	return err;
}

/* Fetches a CRL that is missing or too old, if the certificate is good but for that: the
 * peer that was refused for want of it tries again. Who has no certificate of the
 * trustpoint's CA makes us ask nobody. */
static void want_crl(const struct control *c, const struct pki_check *check, int err)
{
	struct pki_check but = *check;
	struct pki_key *key = NULL;
	char why[PKI_WHY_MAX] = "";

	if (check->revocation == PKI_REVOCATION_NONE || (err && err != -EACCES))
		return;
	but.revocation = PKI_REVOCATION_NONE;
	if (err && pki_verify(c->pki, &but, &key, why))
		return;
	pki_key_free(key);
	pki_crls_want(c->crls, check->trustpoint, check->chain[0]);
}

static int verify_by(const struct control *c, const struct cfg_trustpoint *t,
		     const struct pki_check *what, struct pki_key **ret_key, char why[PKI_WHY_MAX])
{
	const struct cfg_chain *chain = pki_find_chain(&c->config->pki, t->name);
	struct span anchors[CFG_MAX_CERTS], crls[2];
	struct pki_check check = *what;
	struct txt der = TXT_INIT;
	int err;

	check.trustpoint = t->name;
	check.anchors = anchors;
	for (size_t i = 0; chain && i < chain->n; i++)
		if (chain->certs[i]->kind == CERT_CA && cfg_cert_is_der(chain->certs[i]))
			anchors[check.n_anchors++] = span_of(chain->certs[i]->der, chain->certs[i]->len);
	if (!check.n_anchors)
		return -ENOKEY;
	check.revocation = (uint8_t)revocation_of(t);
	if (check.revocation != PKI_REVOCATION_NONE && !pki_store_crl(c->keys, t->name, &der)) {
		crls[check.n_crls++] = span_of(der.s, der.len);
	}
	if (check.revocation != PKI_REVOCATION_NONE && pki_crls_get(c->crls, t->name).len)
		crls[check.n_crls++] = pki_crls_get(c->crls, t->name);
	check.crls = crls;
	if (check.n_crls)
		pki_crls_checked(c->crls);
	debug_pki(c, EXEC_DEBUG_PKI_VALIDATION, "Validating certificate: trustpoint %s, %zu of its CA, %zu from the peer, %s", t->name,
		  check.n_anchors, check.n_chain, check.revocation == PKI_REVOCATION_NONE ? "revocation is not checked" :
		  check.n_crls ? "CRL at hand" : "no CRL at hand");
	err = pki_verify(c->pki, &check, ret_key, why);
	want_crl(c, &check, err);
	if (!err && (err = check_map(c, t, check.chain[0], why))) {
		pki_key_free(*ret_key);
		*ret_key = NULL;
	}
	if (err)
		debug_pki(c, EXEC_DEBUG_PKI_VALIDATION, "Certificate not validated by trustpoint %s: %s", t->name, why);
	else
		debug_pki(c, EXEC_DEBUG_PKI_VALIDATION, "Certificate validated by trustpoint %s", t->name);
	txt_fini(&der);
	return err;
}

static bool is_among(const char *name, const char (*v)[CFG_NAME_MAX], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i], name))
			return true;
	return !n;
}

int pki_peer_verify(const struct control *c, const struct span *chain, size_t n,
		    const struct pki_id *id, int64_t now_sec, struct pki_key **ret_key,
		    char why[PKI_WHY_MAX])
{
	return pki_peer_verify_by(c, NULL, 0, chain, n, id, now_sec, ret_key, why);
}

int pki_peer_verify_by(const struct control *c, const char (*trust)[CFG_NAME_MAX], size_t n_trust,
		       const struct span *chain, size_t n, const struct pki_id *id, int64_t now_sec,
		       struct pki_key **ret_key, char why[PKI_WHY_MAX])
{
	const struct pki_check what = { .chain = chain, .n_chain = n, .now_sec = now_sec, .id = *id };
	const struct cfg_pki *p = &c->config->pki;
	char one[PKI_WHY_MAX] = "";
	bool known = false;

	if (n_trust)
		snprintf(why, PKI_WHY_MAX, "no trustpoint of its isakmp profile (ca trust-point %s) has a CA "
					   "certificate: crypto pki authenticate %s", trust[0], trust[0]);
	else
		snprintf(why, PKI_WHY_MAX, "no trustpoint has a CA certificate: crypto pki authenticate NAME");
	for (size_t i = 0; i < p->n_trustpoints; i++) {
		struct pki_key *key = NULL;

		if (!is_among(p->trustpoints[i]->name, trust, n_trust))
			continue;
		int err = verify_by(c, p->trustpoints[i], &what, &key, one);

		if (!err) {
			*ret_key = key;
			return 0;
		}
		if (one[0] && !known)
			memcpy(why, one, sizeof(one));
		known |= err != -ENOKEY;
		one[0] = '\0';
	}
	return -EACCES;
}

bool pki_own_identity(const struct control *c, const char *name, struct pki_identity *ret_i)
{
	const struct cfg_pki *p = &c->config->pki;

	for (size_t i = 0; i < p->n_trustpoints; i++) {
		const struct cfg_trustpoint *t = p->trustpoints[i];
		const struct cfg_cert *own = pki_chain_cert(c, t->name, CERT_ROUTER);
		const struct cfg_cert *ca = pki_chain_cert(c, t->name, CERT_CA);
		struct pki_cert *cert = NULL;
		struct pki_key *of = NULL;
		char label[PKI_LABEL_MAX];

		if (name && strcmp(name, t->name))
			continue;
		if (!own)
			own = pki_chain_cert(c, t->name, CERT_SELF_SIGNED);
		pki_trustpoint_label(c, t, label);
		struct pki_identity id = { .trustpoint = t,
					   .pair = pki_store_find(c->keys, label, PKI_USAGE_SIGNATURE) };
		bool ok = own && id.pair &&
			  !pki_cert_parse(c->pki, span_of(own->der, own->len), &cert) &&
			  !pki_cert_key(c->pki, cert, &of) && pki_key_same(of, id.pair->key);
		pki_key_free(of);
		pki_cert_free(cert);
		if (!ok)
			continue;
		id.cert = span_of(own->der, own->len);
		if (ca && own->kind == CERT_ROUTER)
			id.ca = span_of(ca->der, ca->len);
		*ret_i = id;
		return true;
	}
	return false;
}
