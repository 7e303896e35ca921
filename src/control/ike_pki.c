/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ike_pki.h"

#include <assert.h>
#include <errno.h>

#include "control/debug.h"
#include "control/ike_encr.h"
#include "control/pki_cmd.h"
#include "control/pki_peer.h"
#include "host/os.h"

#define SEND_BYTES 6000 /* of all our certificates: a message has 8192 */

static_assert(IKE_SIG_MAX == PKI_SIG_MAX && IKE_CERTS_MAX == PKI_CHAIN_MAX &&
		      IKE_CERT_BYTES == PKI_CERT_BYTES && IKE_WHY_MAX == PKI_WHY_MAX &&
		      CFG_MAX_TRUSTPOINTS <= 64,
	      "bounds of ike and pki");

/* Owned copies as long as the core is being told. */
struct wire {
	struct span certs[2], cas[CFG_MAX_TRUSTPOINTS];
	struct pki_cert *own, *parsed[CFG_MAX_TRUSTPOINTS];
	size_t n_certs, n_cas;
};

static struct pki_cert *parse(const struct control *c, struct span der)
{
	struct pki_cert *x = NULL;

	return pki_cert_parse(c->pki, der, &x) ? NULL : x;
}

/* Our certificate, and its issuer's if a peer who trusts a CA above may lack it. */
static void own_certs(const struct control *c, struct wire *w)
{
	struct pki_identity id;

	if (!pki_own_identity(c, NULL, &id) || id.cert.len > SEND_BYTES || !(w->own = parse(c, id.cert)))
		return;
	w->certs[w->n_certs++] = id.cert;
	struct pki_cert *ca = id.ca.len ? parse(c, id.ca) : NULL;
	if (ca && !pki_cert_is_self_issued(ca) && id.cert.len + id.ca.len <= SEND_BYTES)
		w->certs[w->n_certs++] = id.ca;
	pki_cert_free(ca);
}

static void trusted(const struct control *c, struct wire *w)
{
	const struct cfg_pki *p = &c->config->pki;

	for (size_t i = 0; i < p->n_trustpoints; i++) {
		const struct cfg_cert *ca = pki_chain_cert(c, p->trustpoints[i]->name, CERT_CA);
		struct pki_cert *x = ca ? parse(c, span_of(ca->der, ca->len)) : NULL;

		if (!x)
			continue;
		w->parsed[w->n_cas] = x;
		w->cas[w->n_cas++] = pki_cert_subject_der(x);
	}
}

static void note_missing(struct control *c)
{
	const struct ike_config *k = &c->compiled.ike;

	for (size_t i = 0; i < k->n_p1; i++)
		if (k->p1[i].auth == IKE_AUTH_RSA_SIG)
			txt_printf(&c->compiled.notes,
				   "crypto isakmp policy %u: authentication rsa-sig is not negotiated: no "
				   "trustpoint has a certificate of this router and the key to it\n",
				   k->p1[i].priority);
}

int ike_pki_configure(struct control *c, uint64_t now_ms)
{
	struct rsa_peer peers[CFG_MAX_PUBKEYS];
	struct ike_config cfg = c->compiled.ike;
	struct wire w = { 0 };

	ike_encr_peers(c, peers, &cfg);

	own_certs(c, &w);
	if (w.n_certs) {
		trusted(c, &w);
		cfg.certs = w.certs;
		cfg.n_certs = w.n_certs;
		cfg.cas = w.cas;
		cfg.n_cas = w.n_cas;
		cfg.dn = pki_cert_subject_der(w.own);
	} else {
		cfg.bare_signs = ike_bare_pair(c) != NULL;
		if (!cfg.bare_signs)
			note_missing(c);
	}
	int err = ike_configure(c->ike, &cfg, now_ms);
	pki_cert_free(w.own);
	for (size_t i = 0; i < w.n_cas; i++)
		pki_cert_free(w.parsed[i]);
	return err;
}

struct pki_key *ike_pki_sign_key(const struct control *c)
{
	struct pki_identity id;

	if (!pki_own_identity(c, NULL, &id))
		id.pair = ike_bare_pair(c);
	return id.pair ? pki_key_share(id.pair->key) : NULL;
}

int ike_pki_sign(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	struct control *c = ctx;
	struct pki_key *key = ike_pki_sign_key(c);
	int err = key ? pki_ike_sign(c->pki, key, hash, sig, ret_len) : -ENOKEY;

	pki_key_free(key);
	return err;
}

int ike_pki_verify(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX])
{
	struct control *c = ctx;
	const struct pki_id id = { .type = p->id_type, .data = p->id };
	struct pki_key *key = NULL;

	c->pki_counts.started++;
	int err = p->key.len ? pki_key_from_der(c->pki, p->key, &key) :
			       pki_peer_verify_by(c, p->trust, p->n_trust, p->certs, p->n_certs, &id,
						  host_wall_ms() / 1000, &key, why);

	if (!err)
		err = pki_ike_verify(c->pki, key, p->hash, p->sig);
	debug_pki(c, EXEC_DEBUG_PKI_CALLBACKS, "IKE asks about a peer with %zu certificate%s: %s", p->n_certs,
		  p->n_certs == 1 ? "" : "s",
		  err == -EACCES ? why : err ? "the signature is none of its key" : "authenticated");
	c->pki_counts.ended++;
	*(err ? &c->pki_counts.invalid : &c->pki_counts.valid) += 1;
	pki_key_free(key);
	return err;
}

bool ike_pki_match(void *ctx, struct span der, const char *map)
{
	return pki_peer_in_map(ctx, der, map);
}
