/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication with public key encryption (RFC 2409 section 5.2): the bodies of ID and
 * nonce go encrypted to the peer's RSA key, which was typed in; who can read both makes
 * the right hash.
 *
 * Nothing here asks whether a decryption was right, and nothing could tell: the
 * environment's open() has another content for what is not well formed or has no
 * possible length, which is then a nonce that the peer does not have. The exchange goes
 * on, answers as always, and ends where the keys do not fit: with messages that do not
 * decrypt or a hash that is wrong, after the same work and with the same lines in the
 * log. (A responder picks the key to answer with by a name that it has decrypted, if it
 * is a configured one, else by the address. Whoever sends on a ciphertext that he has seen
 * learns by that whether it holds such a name, and nothing of a ciphertext that he has changed:
 * it says no name.) */
#include "ike/phase1.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"

#define ID_LEAST 5 /* bytes of an ID payload's body: some data behind its four */

static bool is_encr(const struct ike_sa *sa)
{
	return sa->agreed.auth == IKE_AUTH_RSA_ENC;
}

static bool is_for_us(const struct rsa_peer *p)
{
	return p->use != RSA_USE_SIGNATURE;
}

bool rsa_peer_is(const struct rsa_peer *p, const struct ike_id *id)
{
	struct ipaddr a;

	if (ike_id_addr(id, &a))
		return ipaddr_equal(&a, &p->addr);
	return (id->type == ID_FQDN || id->type == ID_USER_FQDN) && p->name[0] &&
	       strlen(p->name) == id->data.len &&
	       !strncasecmp(p->name, (const char *)id->data.p, id->data.len);
}

static bool has_id(const struct rsa_peer *p, struct span id_b)
{
	struct ike_id id;

	return ike_id_decode(id_b, &id) && rsa_peer_is(p, &id);
}

static const struct rsa_peer *by_addr(const struct ike *k, const struct ipaddr *a)
{
	for (size_t i = 0; i < k->cfg.n_rsa_peers; i++)
		if (is_for_us(&k->cfg.rsa_peers[i]) && ipaddr_equal(&k->cfg.rsa_peers[i].addr, a))
			return &k->cfg.rsa_peers[i];
	return NULL;
}

static const struct rsa_peer *by_name(const struct ike *k, struct span id_b)
{
	for (size_t i = 0; i < k->cfg.n_rsa_peers; i++)
		if (is_for_us(&k->cfg.rsa_peers[i]) && k->cfg.rsa_peers[i].name[0] &&
		    has_id(&k->cfg.rsa_peers[i], id_b))
			return &k->cfg.rsa_peers[i];
	return NULL;
}

bool encr_possible(const struct ike *k, const struct ipaddr *local, const struct ipaddr *peer)
{
	bool named = false;

	for (size_t i = 0; i < k->cfg.n_rsa_peers; i++)
		named |= is_for_us(&k->cfg.rsa_peers[i]) && !k->cfg.rsa_peers[i].addr.family;
	return k->cfg.opens && (by_addr(k, peer) || (named && p2_between(k, local, peer)));
}

bool encr_can_begin(const struct ike *k, const struct ipaddr *peer)
{
	return k->cfg.opens && by_addr(k, peer);
}

bool encr_stands(const struct ike_sa *sa)
{
	const struct ike_config *cfg = &sa->k->cfg;
	bool found = !sa->his_key.p;

	for (size_t i = 0; i < cfg->n_rsa_peers; i++)
		found |= is_for_us(&cfg->rsa_peers[i]) && span_equal(cfg->rsa_peers[i].key, sa->his_key);
	return cfg->opens && found;
}

static int own_id(struct ike_sa *sa, struct span *ret)
{
	uint8_t buf[AUTH_ID_MAX];

	return span_dup(auth_id(sa, buf, sizeof(buf)), ret) ? 0 : -ENOMEM;
}

int encr_begin(struct ike_sa *sa)
{
	const struct rsa_peer *p = is_encr(sa) ? by_addr(sa->k, &sa->path.remote) : NULL;

	if (!is_encr(sa))
		return 0;
	if (!p)
		return -ENOENT;
	return span_dup(p->key, &sa->his_key) ? own_id(sa, &sa->idii_b) : -ENOMEM;
}

int encr_add(struct ike_sa *sa, struct ike_builder *b, struct span nonce)
{
	const struct ike_env *env = &sa->k->env;
	uint8_t sealed[IKE_SIG_MAX];
	size_t len = 0;
	int err = env->seal(env->ctx, sa->his_key, sa->initiator ? sa->idii_b : sa->idir_b, sealed, &len);

	if (err)
		return err == -EMSGSIZE ? err : -ENOKEY;
	ike_build_payload(b, PL_ID, span_of(sealed, len));
	err = env->seal(env->ctx, sa->his_key, nonce, sealed, &len);
	if (err)
		return err == -EMSGSIZE ? err : -ENOKEY;
	ike_build_payload(b, PL_NONCE, span_of(sealed, len));
	return 0;
}

int encr_take(const struct ike_sa *sa, const struct ike_payloads *pl, struct fresh *f)
{
	struct span id = ike_payload_find(pl, PL_ID, 0)->body;
	struct span nonce = ike_payload_find(pl, PL_NONCE, 0)->body;
	const struct work_sealed both[2] = { { id, ID_LEAST, AUTH_ID_MAX }, { nonce, 8, IKE_NONCE_MAX } };
	struct span clear[2] = { 0 };
	char addr[IPADDR_STRLEN];

	if (id.len != nonce.len) /* both are one block of the same key */
		return -EBADMSG;
	/* Two private-key operations for who has proved no more than an address, and what is wrong
	 * behind them does not end the exchange. Aggressive mode has asked already. */
	if (!(sa->aggressive && !sa->initiator) && !work_repeats(sa->k) && !phase1_may_work(sa->k, &sa->path.remote)) {
		act_debug_error(sa->k, sa, "too many messages to decrypt, %s waits",
			  ipaddr_ios(&sa->path.remote, addr));
		return -EAGAIN;
	}
	int err = work_open(sa->k, both, clear);

	span_free(&f->his_id);
	span_free(&f->his_nonce);
	f->his_id = clear[0];
	f->his_nonce = clear[1];
	return err == -EINVAL ? -ENOKEY : err;
}

int encr_meet(struct ike_sa *sa, struct fresh *f)
{
	struct span *his = sa->initiator ? &sa->idir_b : &sa->idii_b;

	if (!is_encr(sa))
		return 0;
	if (!sa->initiator) {
		const struct rsa_peer *p = by_name(sa->k, f->his_id);

		p = p ? p : by_addr(sa->k, &sa->path.remote);
		if (!p)
			return -ENOENT;
		if (!span_dup(p->key, &sa->his_key) || own_id(sa, &sa->idir_b))
			return -ENOMEM;
	}
	span_free(his);
	*his = f->his_id;
	f->his_id = (struct span){ 0 };
	return 0;
}

int encr_judge(struct ike_sa *sa, const struct ike_id *id, struct span id_b)
{
	const struct ike_config *cfg = &sa->k->cfg;
	char name[AUTH_ID_TEXT], addr[IPADDR_STRLEN];

	for (size_t i = 0; i < cfg->n_rsa_peers; i++)
		if (is_for_us(&cfg->rsa_peers[i]) && has_id(&cfg->rsa_peers[i], id_b) &&
		    span_equal(cfg->rsa_peers[i].key, sa->his_key)) {
			act_debug(sa->k, sa, "SA authentication status: authenticated by RSA encryption");
			return 0;
		}
	sa_story(sa, "the peer has the public key of this address and says that he is %s, which no "
		     "entry of crypto key pubkey-chain rsa with that key says",
		 auth_id_text(id, name));
	act_log(sa->k, &sa->path.remote, "CRYPTO-6-IKMP_AUTH_FAIL", "Authentication method rsa-encr failed with host %s: %s",
		ipaddr_ios(&sa->path.remote, addr), sa->story);
	return -EPERM;
}
