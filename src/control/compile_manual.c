/* SPDX-License-Identifier: Apache-2.0 */
/* Crypto map entries with typed keys: the SAs are here at once, and nothing is negotiated. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "control/compile.h"
#include "model/manual.h"

/* Why the entry makes no SAs; NULL: it does. */
static const char *lacks(const struct cfg_map_entry *e, const struct p2_policy *p,
			 const struct cfg_transform *t, char why[MANUAL_WHY])
{
	if (!e->n_peers || e->peers[0].addr.family == IP_NONE)
		return "there is no peer with an address";
	if (p->local.family != e->peers[0].addr.family)
		return "the interface has no address";
	if (!t)
		return "there is no transform set";
	return manual_complete(&t->t, e, why, MANUAL_WHY) ? NULL : why;
}

static bool spi_is_taken(const struct compiled *out, const struct sa_spec *in)
{
	for (size_t i = 0; i < out->n_manual; i++) {
		const struct sa_spec *o = &out->manual[i].in;

		if (sa_spec_has_spi(o, in->proto, in->spi) ||
		    (in->ah.spi && sa_spec_has_spi(o, PROTO_AH, in->ah.spi)))
			return true;
	}
	return false;
}

/* For an array that holds keys: the old copy is wiped. */
static int add(struct compiled *out, const struct manual_sa *m)
{
	struct manual_sa *v = calloc(out->n_manual + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	if (out->n_manual)
		memcpy(v, out->manual, out->n_manual * sizeof(*v));
	secret_free(out->manual, out->n_manual * sizeof(*v));
	out->manual = v;
	v[out->n_manual++] = *m;
	return 0;
}

/* Transport mode serves only between the two peers themselves, as with IKE. */
static uint8_t mode_of(const struct p2_policy *p, const struct ipaddr *peer, uint8_t mode)
{
	struct selector ends = { .proto = p->sel.proto, .local_port = p->sel.local_port,
				 .remote_port = p->sel.remote_port,
				 .local = addr_match_of(&p->local, ip_bits(p->local.family)),
				 .remote = addr_match_of(peer, ip_bits(peer->family)) };

	return selector_equal(&p->sel, &ends) ? mode : MODE_TUNNEL;
}

static void make(const struct p2_policy *p, const struct cfg_map_entry *e, const struct p2_transform *t,
		 enum sa_dir dir, struct sa_spec *ret_s)
{
	const struct ipaddr *peer = &e->peers[0].addr;

	manual_spec(t, e, dir, ret_s);
	ret_s->policy_id = p->id;
	ret_s->mode = mode_of(p, peer, t->mode);
	ret_s->src = dir == SA_IN ? *peer : p->local;
	ret_s->dst = dir == SA_IN ? p->local : *peer;
	ret_s->peer = *peer;
	ret_s->sel = p->sel;
}

int compile_manual(const struct config *c, const struct cfg_map *map, const struct cfg_map_entry *e,
		   size_t first, struct compiled *out)
{
	const struct cfg_transform *t = e->n_transforms ? config_find_transform(c, e->transforms[0]) : NULL;
	const struct p2_policy *p = &out->p2[first];
	char why[MANUAL_WHY];
	struct manual_sa m;
	int err = 0;

	if (first == out->ike.n_p2)
		return 0; /* no permit line */
	const char *missing = lacks(e, p, t, why);
	if (missing) {
		txt_printf(&out->notes, "crypto map %s %u: no SAs of manual keys, what it matches is dropped: %s\n",
			   map->name, e->seq, missing);
		return 0;
	}
	make(p, e, &t->t, SA_IN, &m.in);
	make(p, e, &t->t, SA_OUT, &m.out);
	if (spi_is_taken(out, &m.in))
		txt_printf(&out->notes, "crypto map %s %u: no SAs of manual keys, what it matches is dropped: another "
					"entry has their inbound SPI\n",
			   map->name, e->seq);
	else
		err = add(out, &m);
	secret_wipe(&m, sizeof(m));
	if (!err && out->ike.n_p2 - first > 1)
		txt_printf(&out->notes, "crypto map %s %u: manual keys serve the first permit entry of its access list; "
					"what the others permit is dropped\n",
			   map->name, e->seq);
	return err;
}

void compile_manual_shown(struct compiled *c)
{
	for (size_t i = 0; i < c->n_shown; i++)
		for (size_t k = 0; k < c->n_manual; k++)
			if (c->shown[i].id == c->manual[k].in.policy_id) {
				c->shown[i].peers[0] = c->manual[k].in.peer;
				c->shown[i].n_peers = 1;
			}
}
