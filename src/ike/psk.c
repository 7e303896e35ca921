/* SPDX-License-Identifier: Apache-2.0 */
/* Which pre-shared key belongs to whom. Main mode must choose it before it knows
 * more than the peer's address; aggressive mode has seen an identity (RFC 2409
 * section 5.4). Without a profile all keys count, those of keyrings, too; with one, those of
 * its keyrings alone, or if it names none those of `crypto isakmp key`. */
#include "ike/internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"

const char *peer_words(const struct ipaddr *peer, char buf[PEER_WORDS])
{
	char a[IPADDR_STRLEN];

	ipaddr_ios(peer, a);
	if (peer->family == IP_V6)
		snprintf(buf, PEER_WORDS, "address ipv6 %s/128", a);
	else
		snprintf(buf, PEER_WORDS, "address %s", a);
	return buf;
}

static bool may_use(const struct psk_entry *e, const struct ike_profile *p, const struct ipaddr *local)
{
	if (e->local.family && !ipaddr_equal(&e->local, local))
		return false;
	if (!p)
		return true;
	if (!p->n_keyrings)
		return !e->keyring && !p->unknown_keyring;
	for (size_t i = 0; i < p->n_keyrings; i++)
		if (p->keyrings[i] == e->keyring)
			return true;
	return false;
}

/* The most specific; of equal ones the first, and those of no keyring are before the rest. */
static const struct psk_entry *by_addr(const struct ike *k, const struct ike_profile *p,
				       const struct ipaddr *local, const struct ipaddr *peer)
{
	const struct psk_entry *best = NULL;
	struct hnode *n = htab_first(&k->index.psk_by_host, index_addr(k, peer));

	for (; n; n = htab_next(n)) {
		const struct psk_entry *e = hnode_entry(n, struct psk_node, node)->e;

		if (ipaddr_equal(&e->addr, peer) && may_use(e, p, local) && (!best || e < best))
			best = e;
	}
	if (best)
		return best;
	for (size_t i = 0; k->index.psk_masks && i < k->cfg.n_psk; i++) {
		const struct psk_entry *e = &k->cfg.psk[i];

		if (ipaddr_in(peer, &e->addr, e->mask_len) && may_use(e, p, local) &&
		    (!best || e->mask_len > best->mask_len))
			best = e;
	}
	return best;
}

static const struct psk_entry *by_name(const struct ike *k, const struct ike_profile *p,
				       const struct ipaddr *local, struct span name)
{
	for (size_t n = 0; n < k->cfg.n_psk; n++) {
		const struct psk_entry *e = &k->cfg.psk[n];

		if (e->host[0] && strlen(e->host) == name.len &&
		    !strncasecmp(e->host, (const char *)name.p, name.len) && may_use(e, p, local))
			return e;
	}
	return NULL;
}

const struct psk_entry *psk_find(const struct ike *k, const struct ike_profile *p,
				 const struct ipaddr *local, const struct ipaddr *peer)
{
	const struct psk_entry *e = by_addr(k, p, local, peer);

	/* a profile that is for one host says who the peer must be */
	for (size_t i = 0; !e && p && i < p->n_matches; i++)
		if (p->matches[i].kind == MATCH_HOST)
			e = by_name(k, p, local,
				    span_of(p->matches[i].name, strlen(p->matches[i].name)));
	return e;
}

const struct psk_entry *psk_for(const struct ike *k, const struct ipaddr *local,
				const struct ipaddr *peer)
{
	return psk_find(k, NULL, local, peer);
}

uint64_t psk_mark(const struct ike *k, struct span key)
{
	return hash_bytes(k->seed, key.p, key.len);
}

bool psk_was_used(const struct ike_sa *sa, const struct psk_entry *e)
{
	return e && psk_mark(sa->k, span_of(e->key, e->key_len)) == sa->psk_mark;
}

const struct psk_entry *psk_for_id(const struct ike *k, const struct ike_profile *p,
				   const struct ike_path *path, struct span id)
{
	const struct psk_entry *e = NULL;
	struct ike_id i;

	if (!ike_id_decode(id, &i))
		return NULL;
	if (i.type == ID_FQDN || i.type == ID_USER_FQDN)
		e = by_name(k, p, &path->local, i.data);
	/* an address that he says he has proves nothing and may lie behind a NAT: the one
	 * that he is seen with counts */
	return e ? e : by_addr(k, p, &path->local, &path->remote);
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

struct span psk_to_start(const struct ike *k, const struct ike_profile *p, const struct ipaddr *local,
			 const struct ipaddr *peer)
{
	const struct ag_peer *ag = ag_peer_for(k, peer);

	return ag && ag->key_len ? span_of(ag->key, ag->key_len) : key_of(psk_find(k, p, local, peer));
}

struct span psk_of(const struct ike_sa *sa)
{
	const struct ike *k = sa->k;
	const struct ike_profile *p = profile_of(sa);

	if (sa->initiator && sa->aggressive)
		return psk_to_start(k, p, &sa->path.local, &sa->path.remote);
	if (!sa->aggressive)
		return key_of(psk_find(k, p, &sa->path.local, &sa->path.remote));
	return key_of(psk_for_id(k, p, &sa->path, sa->idii_b));
}
