/* SPDX-License-Identifier: Apache-2.0 */
#include "control/compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* For the element that holds keys: the old copy is wiped. */
int compiled_add_psk(struct compiled *out, const struct psk_entry *e)
{
	size_t n = out->ike.n_psk;

	if (!(n & (n - 1))) {
		struct psk_entry *v = calloc(n ? n * 2 : 1, sizeof(*v));

		if (!v)
			return -ENOMEM;
		if (n)
			memcpy(v, out->psk, n * sizeof(*v));
		secret_free(out->psk, n * sizeof(*v));
		out->psk = v;
	}
	out->psk[out->ike.n_psk++] = *e;
	return 0;
}

static int add_ag(struct compiled *out, const struct ag_peer *a)
{
	size_t n = out->ike.n_ag;
	struct ag_peer *v = calloc(n + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	if (n)
		memcpy(v, out->ag, n * sizeof(*v));
	secret_free(out->ag, n * sizeof(*v)); /* it holds keys */
	out->ag = v;
	v[out->ike.n_ag++] = *a;
	return 0;
}

/* Peers with whom phase 1 begins in aggressive mode. */
int compile_ag(const struct config *c, struct compiled *out)
{
	const struct cfg_isakmp *k = &c->isakmp;
	int err = 0;

	out->ike.aggressive = !k->aggressive_disable;
	for (size_t i = 0; !err && i < k->peers.n; i++) {
		const struct cfg_isakmp_peer *p = k->peers.v[i];
		struct ag_peer a = { .addr = p->addr, .id_kind = p->endpoint,
				     .id_addr = p->endpoint_addr };
		char addr[IPADDR_STRLEN];

		if (!p->endpoint)
			continue; /* main mode, as in IOS */
		if (p->addr.family == IP_NONE || p->vrf[0] || (p->key_type && !p->key[0])) {
			txt_printf(&out->notes, "crypto isakmp peer %s: %s: not usable\n",
				   p->addr.family ? ipaddr_ios(&p->addr, addr) : p->host,
				   p->key_type && !p->key[0] ? "an encrypted key needs its master key" :
				   p->vrf[0]   ? "there are no VRFs" :
						 "a peer by host name is not resolved");
			continue;
		}
		snprintf(a.id, sizeof(a.id), "%s", p->endpoint_name);
		a.key_len = (uint8_t)strnlen(p->key, PSK_MAX);
		memcpy(a.key, p->key, a.key_len);
		err = add_ag(out, &a);
		secret_wipe(&a, sizeof(a));
	}
	return err;
}

static int add_p1(struct compiled *out, const struct p1_policy *p)
{
	if (compiled_grow((void **)&out->p1, out->ike.n_p1, sizeof(*out->p1)))
		return -ENOMEM;
	out->p1[out->ike.n_p1++] = *p;
	return 0;
}

static int compile_p1(const struct cfg_isakmp *k, struct compiled *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < k->policies.n; i++)
		err = add_p1(out, &k->policies.v[i]->p);
	for (size_t i = 0; !err && k->default_policy && !k->policies.n && i < P1_N_DEFAULTS; i++)
		err = add_p1(out, &p1_defaults[i]);
	if (!err && k->legacy_default_policy)
		err = add_p1(out, &p1_legacy);
	return err;
}

int compile_isakmp(const struct config *c, struct compiled *out)
{
	const struct cfg_isakmp *k = &c->isakmp;

	out->ike.enabled = k->enable;
	out->ike.nat_traversal = c->ipsec.nat_transparency;
	out->ike.identity = k->identity;
	snprintf(out->ike.hostname, sizeof(out->ike.hostname), "%s", c->hostname);
	out->ike.nat_keepalive_sec = k->nat_keepalive_sec;
	out->ike.keepalive_sec = k->keepalive_sec;
	out->ike.keepalive_retry_sec = k->keepalive_retry_sec;
	out->ike.keepalive_periodic = k->keepalive_periodic;
	out->ike.invalid_spi_recovery = k->invalid_spi_recovery;
	out->ike.fragmentation = k->fragmentation;
	out->ike.log_sessions = c->crypto_logging_session;
	out->ike.lifetime_strict = k->lifetime_strict;
	out->ike.max_sas = k->max_sas;
	out->ike.max_negotiating = k->max_negotiating;
	out->ike.max_charge = k->max_charge;
	return compile_p1(k, out);
}
