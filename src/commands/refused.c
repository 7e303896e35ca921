/* SPDX-License-Identifier: Apache-2.0 */
/* Each place of a configuration that may hold a line that was refused and kept. */
#include "commands/refused.h"

struct walk {
	refused_fn *fn;
	void *ctx;
};

static void lines(const struct walk *w, const kept_list *l, const char *where, unsigned mode)
{
	for (size_t i = 0; l->n_wrong && i < l->n; i = kept_end(l, i))
		if (l->v[i]->kind != KEPT_QUIET && l->v[i]->kind != KEPT_CHILD)
			w->fn(w->ctx, where, l->v[i], mode);
}

static void of_isakmp(const struct walk *w, const struct config *c)
{
	for (size_t i = 0; i < c->isakmp.policies.n; i++)
		lines(w, &c->isakmp.policies.v[i]->kept, "crypto isakmp policy", M_POLICY);
	for (size_t i = 0; i < c->isakmp.peers.n; i++)
		lines(w, &c->isakmp.peers.v[i]->kept, "crypto isakmp peer", M_ISAKMP_PEER);
	for (size_t i = 0; i < c->keys.n_keyrings; i++)
		lines(w, &c->keys.keyrings[i]->kept, c->keys.keyrings[i]->name, M_KEYRING);
	for (size_t i = 0; i < c->keys.n_profiles; i++)
		lines(w, &c->keys.profiles[i]->kept, c->keys.profiles[i]->name, M_ISAKMP_PROFILE);
}

static void of_pki(const struct walk *w, const struct cfg_pki *p)
{
	for (size_t i = 0; i < p->n_trustpoints; i++)
		lines(w, &p->trustpoints[i]->kept, p->trustpoints[i]->name, M_TRUSTPOINT);
	for (size_t i = 0; i < p->n_maps; i++)
		lines(w, &p->maps[i]->kept, p->maps[i]->name, M_CERT_MAP);
	for (size_t i = 0; i < p->n_chains; i++) {
		const struct cfg_chain *chain = p->chains[i];

		lines(w, &chain->kept, chain->name, M_CERT_CHAIN);
		for (size_t k = 0; k < chain->n; k++)
			lines(w, &chain->certs[k]->kept, chain->name, M_CERT);
	}
	lines(w, &p->pubkeys.kept, "crypto key pubkey-chain rsa", M_PUBKEY);
	for (size_t i = 0; i < p->pubkeys.n; i++) {
		lines(w, &p->pubkeys.v[i]->kept, "crypto key pubkey-chain rsa", M_PUBKEY_KEY);
		lines(w, &p->pubkeys.v[i]->kept_text, "crypto key pubkey-chain rsa", M_KEY_STRING);
	}
}

static void of_entries(const struct walk *w, struct cfg_map *const *maps, size_t n, unsigned mode)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < maps[i]->entries.n; k++)
			lines(w, &maps[i]->entries.v[k]->kept, maps[i]->name, mode);
}

static unsigned acl_mode(const struct cfg_acl *a)
{
	return a->kind == ACL_IPV6 ? M_IPV6_ACL : a->kind == ACL_STANDARD ? M_STD_NACL : M_EXT_NACL;
}

void refused_each(const struct config *c, refused_fn *fn, void *ctx)
{
	const struct walk w = { fn, ctx };

	lines(&w, &c->kept, NULL, M_CONFIG);
	of_isakmp(&w, c);
	of_pki(&w, &c->pki);
	for (size_t i = 0; i < c->ipsec.transforms.n; i++)
		lines(&w, &c->ipsec.transforms.v[i]->kept, c->ipsec.transforms.v[i]->t.name, M_TRANSFORM);
	of_entries(&w, c->maps.v, c->maps.n, M_MAP);
	of_entries(&w, c->dynamic_maps.v, c->dynamic_maps.n, M_DYNAMIC_MAP);
	of_entries(&w, c->ipsec_profiles.v, c->ipsec_profiles.n, M_IPSEC_PROFILE);
	for (size_t i = 0; i < c->interfaces.n; i++)
		lines(&w, &c->interfaces.v[i]->kept, c->interfaces.v[i]->name,
		      c->interfaces.v[i]->is_tunnel ? M_TUNNEL : M_INTERFACE);
	for (size_t i = 0; i < c->acls.n; i++)
		lines(&w, &c->acls.v[i]->kept, c->acls.v[i]->name, acl_mode(c->acls.v[i]));
	for (size_t i = 0; i < c->users.lines.n; i++)
		lines(&w, &c->users.lines.v[i]->kept, "line", M_LINE);
	lines(&w, &c->archive.kept, "archive", M_ARCHIVE);
	lines(&w, &c->archive.log.kept, "log config", M_ARCHIVE_LOG);
}
