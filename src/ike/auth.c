/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication of phase 1 (RFC 2409 sections 5 and 5.4): identities, the hashes
 * that prove them, and what is true once the peer is known. */
#include "ike/phase1.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "pki/pki.h"

/* The address, protocol UDP, port 500 as IOS sends it (0 where NAT may move ports);
 * the host name (`crypto isakmp identity hostname`); or, of an initiator in
 * aggressive mode, what `set aggressive-mode client-endpoint` says. */
struct span auth_id(const struct ike_sa *sa, uint8_t *buf, size_t cap)
{
	const struct ike_config *cfg = &sa->k->cfg;
	const struct ag_peer *ag = sa->aggressive && sa->initiator ?
					   ag_peer_for(sa->k, &sa->path.remote) :
					   NULL;
	const struct ike_profile *pr = ag ? NULL : profile_of(sa);
	bool own = pr && pr->id_kind;
	const char *name = ag					     ? ag->id :
			   own				     ? pr->id :
			   cfg->identity == IDENTITY_HOSTNAME ? cfg->hostname :
								"";
	bool dn = !ag && !own && cfg->identity == IDENTITY_DN && sa->agreed.auth == IKE_AUTH_RSA_SIG &&
		  cfg->dn.len && cfg->dn.len <= AUTH_DN_MAX;
	const struct ipaddr *addr = ag				   ? &ag->id_addr :
				    own && pr->id_addr.family ? &pr->id_addr :
								&sa->path.local;
	uint8_t type = dn				   ? ID_DN :
		       !name[0]				   ? ike_addr_id(addr->family) :
		       (ag ? ag->id_kind : own ? pr->id_kind : AG_NO_ID) == AG_USER_FQDN ? ID_USER_FQDN :
							   ID_FQDN;
	struct wr w = wr_of(buf, cap);

	wr_u8(&w, type);
	wr_u8(&w, 17);
	wr_be16(&w, sa->aggressive || sa->agreed.auth == IKE_AUTH_RSA_ENC || sa->nat_here ||
				    sa->nat_there ?
			    0 :
			    500);
	if (dn)
		wr_span(&w, cfg->dn);
	else if (name[0])
		wr_bytes(&w, name, strlen(name));
	else
		wr_span(&w, ike_addr_bytes(addr));
	return wr_done(&w);
}

const char *auth_id_text(const struct ike_id *id, char buf[AUTH_ID_TEXT])
{
	struct txt t = TXT_INIT;
	struct ipaddr a;

	if (ike_id_addr(id, &a))
		return ipaddr_ios(&a, buf);
	if (id->type == ID_DN) {
		pki_dn_text(id->data, &t);
		snprintf(buf, AUTH_ID_TEXT, "%s", t.bad ? "" : txt_cstr(&t));
		txt_fini(&t);
		return buf;
	}
	if (id->type != ID_FQDN && id->type != ID_USER_FQDN && id->type != ID_KEY_ID) {
		snprintf(buf, AUTH_ID_TEXT, "(type %u)", id->type);
		return buf;
	}
	for (size_t i = 0; i < id->data.len && i < IKE_ID_MAX; i++) {
		uint8_t c = id->data.p[i];

		txt_printf(&t, "%c", c > ' ' && c < 0x7f ? c : '.');
	}
	snprintf(buf, AUTH_ID_TEXT, "%s", t.bad ? "" : txt_cstr(&t));
	txt_fini(&t);
	return buf;
}

static int hash_ir(const struct ike_sa *sa, bool of_initiator, struct span id, uint8_t *out)
{
	return of_initiator ?
		       keying_hash_ir(sa->k->crypto, sa->agreed.hash, &sa->keys, sa->ke_i, sa->ke_r,
				      sa->i_cookie, sa->r_cookie, sa->sai_b, id, out) :
		       keying_hash_ir(sa->k->crypto, sa->agreed.hash, &sa->keys, sa->ke_r, sa->ke_i,
				      sa->r_cookie, sa->i_cookie, sa->sai_b, id, out);
}

static int own_hash(struct ike_sa *sa, bool of_initiator, struct span id, uint8_t *out)
{
	act_debug_engine(sa->k, sa, "Generate IKE hash");
	return hash_ir(sa, of_initiator, id, out);
}

static void begin_notify(struct ike_sa *sa, struct ike_builder *b, uint16_t type)
{
	ike_build_begin(b, PL_NOTIFY);
	wr_be32(&b->w, IKE_DOI_IPSEC);
	wr_u8(&b->w, 1);
	wr_u8(&b->w, 16);
	wr_be16(&b->w, type);
	wr_bytes(&b->w, sa->i_cookie, 8);
	wr_bytes(&b->w, sa->r_cookie, 8);
}

int auth_prepare(struct ike_sa *sa, struct span id)
{
	uint8_t hash[IKE_MAX_HASH], sig[IKE_SIG_MAX];
	size_t len;
	int err = 0;

	if (sa->agreed.auth != IKE_AUTH_RSA_SIG || !sa->k->env.defer)
		return 0;
	err = id.len ? hash_ir(sa, sa->initiator, id, hash) : -ENOMEM;
	if (!err)
		err = rsa_sign(sa, span_of(hash, sa->keys.len), sig, &len);
	if (!err)
		work_keep(sa->k);
	secret_wipe(hash, sizeof(hash));
	return err;
}

int auth_add(struct ike_sa *sa, struct ike_builder *b, struct span id)
{
	static const char *const words[] = { [ID_IPV4] = "ID_IPV4_ADDR", [ID_FQDN] = "ID_FQDN",
					     [ID_USER_FQDN] = "ID_USER_FQDN", [ID_IPV6] = "ID_IPV6_ADDR",
					     [ID_DN] = "ID_DER_ASN1_DN" };
	bool signs = sa->agreed.auth == IKE_AUTH_RSA_SIG;
	uint8_t hash[IKE_MAX_HASH];
	int err = id.len ? own_hash(sa, sa->initiator, id, hash) : -ENOMEM;

	if (err)
		return err;
	act_debug(sa->k, sa, "SA is doing ");
	act_debug(sa->k, sa, "%s authentication using id type %s",
		  signs					 ? "RSA signature" :
		  sa->agreed.auth == IKE_AUTH_RSA_ENC ? "RSA encryption" :
							  "pre-shared key",
		  words[id.p[0]]);
	trace_id(sa->k, sa, id, !signs ? PL_HASH : sa->k->cfg.n_certs && !sa->spare_certs ? PL_CERT : PL_SIG);
	act_debug(sa->k, sa, "Total payload length: %zu", id.len + 4);
	if (signs)
		err = rsa_add(sa, b, span_of(hash, sa->keys.len));
	else
		ike_build_payload(b, PL_HASH, span_of(hash, sa->keys.len));
	secret_wipe(hash, sizeof(hash));
	return err;
}

/* RFC 2407 sections 4.6.3.3 and 4.6.3.1: the first contact, and our lifetime if his
 * is longer. */
void auth_add_notifies(struct ike_sa *sa, struct ike_builder *b, bool initial_contact)
{
	if (initial_contact) {
		begin_notify(sa, b, NT_INITIAL_CONTACT);
		ike_build_end(b);
	}
	if (!sa->initiator && sa->his_life_sec > sa->agreed.life_sec) {
		begin_notify(sa, b, NT_RESPONDER_LIFETIME);
		p1_write_life(&b->w, sa->agreed.life_sec);
		ike_build_end(b);
	}
}

int auth_check(struct ike_sa *sa, struct span id, const struct ike_payloads *pl)
{
	const struct ike_payload *hash = ike_payload_find(pl, PL_HASH, 0);
	uint8_t want[IKE_MAX_HASH];
	bool encr = sa->agreed.auth == IKE_AUTH_RSA_ENC;
	struct ike_id parsed;

	/* of rsa-encr the identity is looked at when the hash is right, and not before */
	if ((!encr && !ike_id_decode(id, &parsed)) || own_hash(sa, !sa->initiator, id, want))
		return -EBADMSG;
	if (sa->agreed.auth == IKE_AUTH_RSA_SIG) {
		int err = rsa_check(sa, &parsed, pl, span_of(want, sa->keys.len));

		return err ? err : profile_judge(sa, id, pl);
	}
	if (!hash || hash->body.len != sa->keys.len)
		return -EBADMSG;
	bool equal = secret_equal(want, hash->body.p, sa->keys.len);
	secret_wipe(want, sizeof(want));
	if (!equal)
		return -EACCES;
	if (encr) {
		int err = ike_id_decode(id, &parsed) ? encr_judge(sa, &parsed, id) : -EBADMSG;

		if (err)
			return err;
	}
	return profile_judge(sa, id, pl);
}

/* Those are in the core's configuration only if it can sign: ike_configure(). */
static bool any_policy_signs(const struct ike *k)
{
	for (size_t i = 0; i < k->cfg.n_p1; i++)
		if (k->cfg.p1[i].auth == IKE_AUTH_RSA_SIG && p1_usable(&k->cfg.p1[i]))
			return true;
	return false;
}

unsigned auth_methods(const struct ike *k, const struct ipaddr *local, const struct ipaddr *peer)
{
	unsigned m = psk_for(k, local, peer) ? P1_METHOD(IKE_AUTH_PSK) : 0;

	if (any_policy_signs(k) && p2_between(k, local, peer))
		m |= P1_METHOD(IKE_AUTH_RSA_SIG);
	if (encr_possible(k, local, peer))
		m |= P1_METHOD(IKE_AUTH_RSA_ENC);
	return m;
}

unsigned auth_methods_configured(const struct ike *k)
{
	unsigned m = 0;

	for (size_t i = 0; i < k->cfg.n_p1; i++)
		if (p1_usable(&k->cfg.p1[i]))
			m |= P1_METHOD(k->cfg.p1[i].auth);
	return m;
}

unsigned auth_methods_begin(const struct ike *k, const struct ike_profile *p,
			    const struct ipaddr *local, const struct ipaddr *peer)
{
	unsigned m = auth_methods(k, local, peer);
	bool aggressive = ag_peer_for(k, peer) || (p && p->aggressive);

	if (p) /* its keys only */
		m &= ~P1_METHOD(IKE_AUTH_PSK);
	if (p && psk_find(k, p, local, peer))
		m |= P1_METHOD(IKE_AUTH_PSK);
	if (aggressive && psk_to_start(k, p, local, peer).p) /* with a key for it alone */
		m |= P1_METHOD(IKE_AUTH_PSK);
	if (!encr_can_begin(k, peer))
		m &= ~P1_METHOD(IKE_AUTH_RSA_ENC);
	return m & auth_methods_configured(k);
}

unsigned auth_methods_of(const struct ike_sa *sa)
{
	return auth_methods_begin(sa->k, profile_of(sa), &sa->path.local, &sa->path.remote);
}

bool auth_stands(const struct ike_sa *sa)
{
	if (sa->agreed.auth == IKE_AUTH_RSA_SIG)
		return sa->k->cfg.n_certs > 0 || sa->k->cfg.bare_signs;
	if (sa->agreed.auth == IKE_AUTH_RSA_ENC)
		return encr_stands(sa);
	if (!sa->agreed.auth)
		return auth_methods_of(sa) != 0;
	return psk_of(sa).p != NULL;
}

struct phase1_row auth_wants(const struct ike_sa *sa, const struct phase1_row *row)
{
	struct phase1_row r = *row;

	if (sa->agreed.auth == IKE_AUTH_RSA_ENC && !sa->aggressive && r.need & P(PL_NONCE)) {
		r.need |= P(PL_ID);
		r.may |= P(PL_HASH); /* HASH(1): of a certificate that our key might have had */
	}
	if (!(r.need & PROOF))
		return r;
	if (sa->agreed.auth == IKE_AUTH_RSA_ENC)
		r.need &= ~P(PL_ID);
	r.need &= ~PROOF;
	if (sa->agreed.auth == IKE_AUTH_RSA_SIG) {
		r.need |= P(PL_SIG);
		r.may |= P(PL_CERT) | P(PL_CR);
	} else {
		r.need |= P(PL_HASH);
	}
	return r;
}

struct span auth_peer_id(const struct ike_sa *sa, const struct ike_payloads *pl)
{
	if (sa->agreed.auth == IKE_AUTH_RSA_ENC)
		return sa->initiator ? sa->idir_b : sa->idii_b;
	return ike_payload_find(pl, PL_ID, 0)->body;
}

void auth_ask(const struct ike_sa *sa, struct ike_builder *b, bool short_)
{
	if (sa->agreed.auth == IKE_AUTH_RSA_SIG)
		rsa_ask(sa, b, short_);
}

const char *auth_doubt(const struct ike_sa *sa)
{
	return sa->agreed.auth == IKE_AUTH_RSA_SIG ? "the peer refuses our certificate or signature" :
	       sa->agreed.auth == IKE_AUTH_RSA_ENC ? "one has another RSA key than the other has of it" :
						     "the pre-shared keys differ";
}

bool auth_first_contact(const struct ike_sa *sa)
{
	return !pairs_with(sa->k, &sa->path.local, &sa->path.remote) &&
	       !sa_up_for(sa->k, &sa->path.local, &sa->path.remote);
}

/* The peer is authenticated, so what stands beside his identity is true. */
void auth_done(struct ike_sa *sa, struct span id, const struct ike_payloads *pl)
{
	bool restarted = false;
	struct ike_notify n;

	for (size_t i = 0; pl && i < ike_payload_count(pl, PL_NOTIFY); i++) {
		if (!ike_notify_decode(ike_payload_find(pl, PL_NOTIFY, i)->body, &n) ||
		    n.doi != IKE_DOI_IPSEC)
			continue;
		act_debug(sa->k, sa, "processing NOTIFY %s protocol %u", ike_notify_name(n.type),
			  n.proto);
		restarted |= n.type == NT_INITIAL_CONTACT;
		struct p1_seen his = p1_read(n.data);
		if (n.type != NT_RESPONDER_LIFETIME)
			continue;
		if (his.life_sec && his.life_sec < sa->agreed.life_sec)
			sa->agreed.life_sec = his.life_sec;
		sa_limit_kb(sa, his.life_kb);
	}
	(void)span_dup(id, &sa->peer_id); /* for show: without memory it is the address */
	sa->who = peer_name(sa->k, id);
	pairs_claim(sa);
	sa_up(sa);
	natt_suspect(sa, id);
	if (restarted)
		peer_restarted(sa);
}

