/* SPDX-License-Identifier: Apache-2.0 */
#include "control/pki_timers.h"

#include <stdio.h>

#include "control/pki_crl.h"
#include "control/pki_scep.h"
#include "host/os.h"

struct list {
	struct show_pki_timer *v;
	size_t n;
};

static void put(struct list *l, const char *what, bool crl, const char *trustpoint, int64_t at_ms)
{
	struct show_pki_timer *t = &l->v[l->n++];

	*t = (struct show_pki_timer){ .what = what, .crl = crl, .at_ms = at_ms };
	snprintf(t->name, sizeof(t->name), "%s", trustpoint);
}

/* When `auto-enroll` renews the router's certificate. */
static void renewal(const struct control *c, const struct cfg_trustpoint *tp, struct list *l)
{
	const struct cfg_cert *own = pki_chain_cert(c, tp->name, CERT_ROUTER);
	struct pki_cert *cert = NULL;
	int64_t from, to;

	if (!tp->auto_enroll || !own || pki_cert_parse(c->pki, span_of(own->der, own->len), &cert))
		return;
	if (pki_cert_validity(cert, &from, &to))
		put(l, "RENEW", false, tp->name, pki_renew_at(from, to, tp->auto_percent) * 1000);
	pki_cert_free(cert);
}

static void crl(const struct control *c, const struct cfg_trustpoint *tp, struct list *l)
{
	int64_t update, expire;

	if (!pki_crls_times(c->crls, tp->name, &update, &expire))
		return;
	put(l, "CRL UPDATE", true, tp->name, update * 1000);
	put(l, "CRL EXPIRE", true, tp->name, expire * 1000);
}

size_t pki_timers(struct control *c, struct show_pki_timer v[PKI_TIMERS_MAX])
{
	struct show_enroll e[CFG_MAX_TRUSTPOINTS];
	struct list l = { v, 0 };
	size_t n = pki_scep_show(c, e, CFG_MAX_TRUSTPOINTS);

	for (size_t i = 0; i < c->config->pki.n_trustpoints; i++) {
		renewal(c, c->config->pki.trustpoints[i], &l);
		crl(c, c->config->pki.trustpoints[i], &l);
	}
	for (size_t i = 0; i < n; i++)
		if (e[i].active && e[i].next_sec)
			put(&l, "POLL", false, e[i].trustpoint, host_wall_ms() + e[i].next_sec * INT64_C(1000));
	return l.n;
}
