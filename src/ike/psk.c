/* SPDX-License-Identifier: Apache-2.0 */
/* Which pre-shared key belongs to whom. Main mode must choose it before it knows
 * more than the peer's address; aggressive mode has seen an identity (RFC 2409
 * section 5.4). */
#include "ike/internal.h"

#include <string.h>
#include <strings.h>

const struct psk_entry *psk_for_id(const struct ike *k, const struct ipaddr *peer, struct span id)
{
	struct ike_id i;

	if (!ike_id_decode(id, &i))
		return NULL;
	for (size_t n = 0; (i.type == ID_FQDN || i.type == ID_USER_FQDN) && n < k->cfg.n_psk; n++) {
		const struct psk_entry *e = &k->cfg.psk[n];

		if (e->host[0] && strlen(e->host) == i.data.len &&
		    !strncasecmp(e->host, (const char *)i.data.p, i.data.len))
			return e;
	}
	/* an address that he says he has proves nothing and may lie behind a NAT: the one
	 * that he is seen with counts */
	return psk_for(k, peer);
}

const struct ag_peer *ag_peer_for(const struct ike *k, const struct ipaddr *peer)
{
	for (size_t n = 0; n < k->cfg.n_ag; n++)
		if (ipaddr_equal(&k->cfg.ag[n].addr, peer))
			return &k->cfg.ag[n];
	return NULL;
}

static struct span key_of(const struct psk_entry *e)
{
	return e ? span_of(e->key, e->key_len) : (struct span){ 0 };
}

struct span psk_to_start(const struct ike *k, const struct ipaddr *peer)
{
	const struct ag_peer *ag = ag_peer_for(k, peer);

	return ag && ag->key_len ? span_of(ag->key, ag->key_len) : key_of(psk_for(k, peer));
}

struct span psk_of(const struct ike_sa *sa)
{
	const struct ike *k = sa->k;

	if (!sa->aggressive)
		return key_of(psk_for(k, &sa->path.remote));
	return sa->initiator ? psk_to_start(k, &sa->path.remote) :
			       key_of(psk_for_id(k, &sa->path.remote, sa->idii_b));
}
