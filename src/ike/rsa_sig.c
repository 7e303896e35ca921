/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication with RSA signatures (RFC 2409 section 5.1) and the payloads that go
 * with it (RFC 2408 sections 3.9, 3.10 and 3.12). The key and the certificates' meaning
 * are the environment's; here are bytes. */
#include "ike/phase1.h"

#include <errno.h>
#include <stdio.h>

#define X509_SIGNATURE 4     /* certificate encoding (RFC 2408 section 3.9) */
#define ASK_BYTES      1024  /* of all names that are asked for */

static void typed(struct ike_builder *b, uint8_t payload, struct span s)
{
	ike_build_begin(b, payload);
	wr_u8(&b->w, X509_SIGNATURE);
	wr_span(&b->w, s);
	ike_build_end(b);
}

void rsa_ask(const struct ike_sa *sa, struct ike_builder *b, bool short_)
{
	const struct ike_config *cfg = &sa->k->cfg;
	size_t bytes = 0;

	for (size_t i = 0; i < cfg->n_cas; i++)
		bytes += cfg->cas[i].len;
	if (short_ || !cfg->n_cas || bytes > ASK_BYTES) {
		typed(b, PL_CR, (struct span){ 0 }); /* an empty name: of any CA */
		return;
	}
	for (size_t i = 0; i < cfg->n_cas; i++)
		typed(b, PL_CR, cfg->cas[i]);
}

int rsa_sign(const struct ike_sa *sa, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	const struct ike_config *cfg = &sa->k->cfg;
	int err = cfg->n_certs || cfg->bare_signs ? work_sign(sa->k, hash, sig, ret_len) : -ENOKEY;

	return err && err != -EINPROGRESS ? -ENOKEY : err;
}

int rsa_add(const struct ike_sa *sa, struct ike_builder *b, struct span hash)
{
	const struct ike_config *cfg = &sa->k->cfg;
	uint8_t sig[IKE_SIG_MAX];
	size_t len = 0;
	int err = rsa_sign(sa, hash, sig, &len);

	if (err)
		return err;
	for (size_t i = 0; i < cfg->n_certs && !sa->spare_certs; i++)
		typed(b, PL_CERT, cfg->certs[i]);
	ike_build_payload(b, PL_SIG, span_of(sig, len));
	return 0;
}

/* The X.509 certificates among the CERT payloads; other encodings (CRLs, PKCS #7) are
 * passed over. False with a sentence. */
static bool collect(const struct ike_payloads *pl, struct ike_proof *p, char why[IKE_WHY_MAX])
{
	for (size_t i = 0; i < ike_payload_count(pl, PL_CERT); i++) {
		struct rd r = rd_span(ike_payload_find(pl, PL_CERT, i)->body);

		if (rd_u8(&r) != X509_SIGNATURE)
			continue;
		struct span der = rd_take(&r, rd_left(&r));
		if (der.len > IKE_CERT_BYTES || p->n_certs == IKE_CERTS_MAX) {
			snprintf(why, IKE_WHY_MAX, "CERT payloads: more than %d certificates, or one of "
						   "more than %d bytes",
				 IKE_CERTS_MAX, IKE_CERT_BYTES);
			return false;
		}
		p->certs[p->n_certs++] = der;
	}
	if (!p->n_certs)
		snprintf(why, IKE_WHY_MAX, "no CERT payload with an X.509 certificate for signatures "
					   "(encoding 4) came along (RFC 2408 section 3.9)");
	return p->n_certs > 0;
}

/* The key that was typed in for who says he is that. One for any use signs only where none
 * is used to encrypt. */
static struct span typed_key(const struct ike_config *cfg, const struct ike_id *id)
{
	for (size_t i = 0; i < cfg->n_rsa_peers; i++) {
		const struct rsa_peer *p = &cfg->rsa_peers[i];

		if ((p->use == RSA_USE_SIGNATURE || (p->use == RSA_USE_ANY && !cfg->opens)) &&
		    rsa_peer_is(p, id))
			return p->key;
	}
	return (struct span){ 0 };
}

int rsa_check(struct ike_sa *sa, const struct ike_id *id, const struct ike_payloads *pl,
	      struct span hash)
{
	const struct ike_payload *sig = ike_payload_find(pl, PL_SIG, 0);
	struct ike_proof p = { .id_type = id->type, .id = id->data, .hash = hash };
	char why[IKE_WHY_MAX] = "", addr[IPADDR_STRLEN];
	struct ike *k = sa->k;
	int err = -EACCES;

	if (!sig || !k->env.verify)
		return -EBADMSG;
	if (work_verified(k))
		return 0;
	p.sig = sig->body;
	const struct ike_profile *profile = profile_candidate(sa, id, pl);
	if (profile) {
		p.trust = (const char(*)[IOS_NAME_MAX])profile->trust;
		p.n_trust = profile->n_trust;
	}
	ipaddr_ios(&sa->path.remote, addr);
	/* who names trustpoints wants a certificate of theirs */
	if (!ike_payload_count(pl, PL_CERT) && !p.n_trust)
		p.key = typed_key(&k->cfg, id);
	if (p.key.len || collect(pl, &p, why))
		err = k->env.verify(k->env.ctx, &p, why);
	if (!err) {
		work_note_verified(k);
		act_debug(k, sa, "SA authentication status: authenticated by RSA signature");
		return 0;
	}
	if (err == -ENOMEM)
		return err;
	if (err == -EBADMSG) {
		snprintf(why, sizeof(why), "SIG payload: it is not the signature of HASH_%c by the %s "
					   "(RFC 2409 section 5.1)",
			 sa->initiator ? 'R' : 'I',
			 p.key.len ? "key that was typed in for the peer" :
				     "key in the peer's certificate");
		act_log(k, &sa->path.remote, "CRYPTO-6-IKMP_AUTH_FAIL", "Authentication method rsa-sig failed with host %s: %s",
			addr, why);
	} else {
		act_log(k, &sa->path.remote, "CRYPTO-5-IKMP_INVAL_CERT", "Certificate received from %s is bad: %s", addr,
			why);
	}
	sa_story(sa, "%s", why);
	return -EPERM;
}
