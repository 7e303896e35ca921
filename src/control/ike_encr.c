/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ike_encr.h"

#include <errno.h>
#include <stdio.h>

#include "control/pki_cmd.h"

/* The pair that decrypts: made for that alone. A pair that signs, too, would let whoever
 * finds out what it decrypts to forge what it signs, and a signature is what the other
 * methods of IKE ask for (CVE-2018-0131). why: a sentence if there is none. */
static const struct pki_pair *own_pair(const struct control *c, const char **ret_why)
{
	const struct pki_pair *p, *q;
	bool general = false;

	*ret_why = "this router has no RSA key for encryption (to type: crypto key generate rsa "
		   "usage-keys)";
	for (size_t i = 0; (p = pki_store_get(c->keys, i)); i++) {
		general |= p->usage == PKI_USAGE_GENERAL;
		if (p->usage != PKI_USAGE_ENCRYPTION)
			continue;
		bool signs = false;
		for (size_t k = 0; (q = pki_store_get(c->keys, k)); k++)
			signs |= q->usage != PKI_USAGE_ENCRYPTION && pki_key_same(p->key, q->key);
		if (!signs)
			return p;
		*ret_why = "the RSA key for encryption signs, too; one key may not serve both "
			   "(CVE-2018-0131)";
		general = false;
	}
	if (general)
		*ret_why = "general purpose keys serve signatures only, since one RSA key may not serve "
			   "both (CVE-2018-0131); to type: crypto key generate rsa usage-keys";
	return NULL;
}

const struct pki_pair *ike_bare_pair(const struct control *c)
{
	const struct cfg_pubkeys *all = &c->config->pki.pubkeys;
	const struct pki_pair *p;
	bool typed = false;

	for (size_t i = 0; i < all->n; i++)
		typed |= all->v[i]->use != RSA_USE_ENCRYPTION;
	for (size_t i = 0; typed && (p = pki_store_get(c->keys, i)); i++)
		if (p->usage != PKI_USAGE_ENCRYPTION)
			return p;
	return NULL;
}

static bool wanted(const struct control *c, enum ike_auth_id method)
{
	const struct ike_config *k = &c->compiled.ike;

	for (size_t i = 0; i < k->n_p1; i++)
		if (k->p1[i].auth == method)
			return true;
	return false;
}

static void note(struct control *c, const char *why)
{
	const struct ike_config *k = &c->compiled.ike;

	for (size_t i = 0; i < k->n_p1; i++)
		if (k->p1[i].auth == IKE_AUTH_RSA_ENC)
			txt_printf(&c->compiled.notes,
				   "crypto isakmp policy %u: authentication rsa-encr is not negotiated: %s\n",
				   k->p1[i].priority, why);
}

static const char *name_of(const struct cfg_pubkey *k, char buf[IPADDR_STRLEN])
{
	return k->addr.family ? ipaddr_str(&k->addr, buf) : k->name;
}

/* NULL, or why that key is not used for encryption. */
static const char *fault(const struct control *c, const struct cfg_pubkey *k)
{
	struct pki_key *key = NULL;
	const struct pki_pair *own;
	const char *why = NULL;

	if (!k->len)
		return "it has no key-string";
	if (pki_key_from_der(c->pki, span_of(k->der, k->len), &key))
		return "its key-string is no RSA public key";
	if (k->use != RSA_USE_SIGNATURE && cfg_pubkey_reused(&c->config->pki, k))
		why = "the same key is there for another use; one RSA key may not serve both "
		      "(CVE-2018-0131)";
	for (size_t i = 0; !why && (own = pki_store_get(c->keys, i)); i++)
		if (pki_key_same(own->key, key))
			why = "it is a key of this router";
	pki_key_free(key);
	return why;
}

void ike_encr_peers(struct control *c, struct rsa_peer *v, struct ike_config *cfg)
{
	const struct cfg_pubkeys *all = &c->config->pki.pubkeys;
	const char *why = NULL;
	char buf[IPADDR_STRLEN];

	cfg->rsa_peers = v;
	cfg->n_rsa_peers = 0;
	bool encr = wanted(c, IKE_AUTH_RSA_ENC), any = false;
	if (!encr && !wanted(c, IKE_AUTH_RSA_SIG))
		return;
	cfg->opens = encr && own_pair(c, &why);
	if (encr && !cfg->opens)
		note(c, why);
	for (size_t i = 0; i < all->n; i++) {
		const struct cfg_pubkey *k = all->v[i];

		if (k->use == RSA_USE_ENCRYPTION && !encr)
			continue;
		if ((why = fault(c, k))) {
			txt_printf(&c->compiled.notes,
				   "crypto key pubkey-chain rsa: %s-key %s is not used: %s\n",
				   k->addr.family ? "addressed" : "named", name_of(k, buf), why);
			continue;
		}
		any |= k->use != RSA_USE_SIGNATURE;
		struct rsa_peer *p = &v[cfg->n_rsa_peers++];
		*p = (struct rsa_peer){ .addr = k->at.family ? k->at : k->addr, .use = k->use,
					.key = span_of(k->der, k->len) };
		snprintf(p->name, sizeof(p->name), "%.*s", (int)sizeof(p->name) - 1, k->name);
	}
	if (cfg->opens && !any)
		note(c, "no public key of a peer is there (to type: crypto key pubkey-chain rsa)");
}

int ike_encr_seal(void *ctx, struct span key, struct span clear, uint8_t out[IKE_SIG_MAX],
		  size_t *ret_len)
{
	struct control *c = ctx;
	struct pki_key *k = NULL;
	int err = pki_key_from_der(c->pki, key, &k);

	if (!err)
		err = pki_ike_encrypt(c->pki, k, clear, out, ret_len);
	pki_key_free(k);
	return err;
}

struct pki_key *ike_encr_open_key(const struct control *c)
{
	const char *why;
	const struct pki_pair *p = own_pair(c, &why);

	return p ? pki_key_share(p->key) : NULL;
}

int ike_encr_open(void *ctx, struct span sealed, size_t min, size_t max, uint8_t out[IKE_SIG_MAX],
		  size_t *ret_len)
{
	struct control *c = ctx;
	struct pki_key *key = ike_encr_open_key(c);
	int err = key ? pki_ike_decrypt(c->pki, key, sealed, min, max, out, ret_len) : -EINVAL;

	pki_key_free(key);
	return err;
}
