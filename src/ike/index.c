/* SPDX-License-Identifier: Apache-2.0 */
/* Hash tables beside the core's lists, for a router with thousands of peers: what a
 * message, a packet or a timer asks for is found without a walk. */
#include "ike/internal.h"

#include <errno.h>
#include <stdlib.h>

uint64_t index_number(const struct ike *k, uint32_t v)
{
	return hash_bytes(k->seed, &v, sizeof(v));
}

uint64_t index_addr(const struct ike *k, const struct ipaddr *a)
{
	return hash_bytes(k->seed, a, sizeof(*a));
}

uint64_t index_path(const struct ike *k, const struct ipaddr *local, const struct ipaddr *peer)
{
	const struct ipaddr both[2] = { *local, *peer };

	return hash_bytes(k->seed, both, sizeof(both));
}

uint64_t index_cookie(const struct ike *k, const uint8_t cookie[8])
{
	return hash_bytes(k->seed, cookie, 8);
}

static bool ready(struct htab *t)
{
	struct hnode n;

	if (htab_add(t, &n, 0))
		return false;
	htab_del(t, &n);
	return true;
}

bool index_init(struct ike *k)
{
	struct index *x = &k->index;

	return ready(&x->sas_by_peer) && ready(&x->sas_by_cookie) && ready(&x->qms_by_spi) &&
	       ready(&x->pairs_by_policy) && ready(&x->pairs_by_peer) && ready(&x->pairs_by_id) &&
	       ready(&x->pairs_by_spi) && ready(&x->notes) && ready(&x->made_by_id) &&
	       ready(&x->made_by_of) && ready(&x->works);
}

static void config_fini(struct index *x)
{
	htab_fini(&x->p2_by_id);
	htab_fini(&x->p2_by_path);
	htab_fini(&x->psk_by_host);
	free(x->p2_nodes);
	free(x->psk_nodes);
	free(x->templates);
	x->templates = NULL;
	x->p2_nodes = NULL;
	x->psk_nodes = NULL;
}

void index_fini(struct ike *k)
{
	struct index *x = &k->index;
	struct hnode *n = htab_walk(&x->notes, NULL);

	while (n) {
		struct hnode *next = htab_walk(&x->notes, n);

		free(hnode_entry(n, struct fail_note, node));
		n = next;
	}
	config_fini(x);
	htab_fini(&x->notes);
	htab_fini(&x->works);
	htab_fini(&x->sas_by_peer);
	htab_fini(&x->sas_by_cookie);
	htab_fini(&x->qms_by_spi);
	htab_fini(&x->pairs_by_policy);
	htab_fini(&x->pairs_by_peer);
	htab_fini(&x->pairs_by_id);
	htab_fini(&x->pairs_by_spi);
}

static void add_policies(struct ike *k, struct index *x, const struct ike_config *cfg)
{
	struct p2_node *n = x->p2_nodes;

	for (size_t i = 0; i < cfg->n_p2; i++) {
		const struct p2_policy *p = &cfg->p2[i];

		n->p = p;
		(void)htab_add(&x->p2_by_id, &n++->node, index_number(k, p->id));
		if (p->dynamic) {
			x->templates[x->n_templates++] = p;
			continue; /* they are walked: few, and mostly for any peer */
		}
		for (size_t a = 0; a < p->n_peers; a++, n++) {
			n->p = p;
			(void)htab_add(&x->p2_by_path, &n->node,
				       index_path(k, &p->local, &p->peers[a]));
		}
	}
}

static void add_keys(struct ike *k, struct index *x, const struct ike_config *cfg)
{
	for (size_t i = cfg->n_psk; i-- > 0;) { /* of two for one host the first is found first */
		const struct psk_entry *e = &cfg->psk[i];

		bool host = e->mask_len == ip_bits(e->addr.family);

		x->psk_nodes[i].e = e;
		x->psk_masks |= !host;
		if (host)
			(void)htab_add(&x->psk_by_host, &x->psk_nodes[i].node,
				       index_addr(k, &e->addr));
	}
}

int index_config(struct ike *k, const struct ike_config *cfg)
{
	struct index x = { 0 };
	size_t nodes = 1;

	for (size_t i = 0; i < cfg->n_p2; i++)
		nodes += 1u + cfg->p2[i].n_peers;
	x.p2_nodes = calloc(nodes, sizeof(*x.p2_nodes));
	x.psk_nodes = calloc(cfg->n_psk + 1, sizeof(*x.psk_nodes));
	x.templates = calloc(cfg->n_p2 + 1, sizeof(*x.templates));
	if (!x.p2_nodes || !x.psk_nodes || !x.templates || !ready(&x.p2_by_id) || !ready(&x.p2_by_path) ||
	    !ready(&x.psk_by_host)) {
		config_fini(&x);
		return -ENOMEM;
	}
	add_policies(k, &x, cfg);
	add_keys(k, &x, cfg);
	config_fini(&k->index);
	k->index.p2_by_id = x.p2_by_id;
	k->index.p2_by_path = x.p2_by_path;
	k->index.psk_by_host = x.psk_by_host;
	k->index.p2_nodes = x.p2_nodes;
	k->index.psk_nodes = x.psk_nodes;
	k->index.psk_masks = x.psk_masks;
	k->index.templates = x.templates;
	k->index.n_templates = x.n_templates;
	return 0;
}
