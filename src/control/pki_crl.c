/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: `tick` looks once a minute whether a CRL is about to pass its nextUpdate, and
 * fetches it again. A peer can make us fetch once in RETRY_MS for each trustpoint, and
 * only from where a certificate points that the trustpoint's CA has signed. */
#include "control/pki_crl.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/debug.h"
#include "control/fetch.h"
#include "host/log.h"
#include "host/os.h"

#define TICK_SEC    60
#define RETRY_MS    60000
#define AHEAD_SEC   600 /* before nextUpdate, or a tenth of the CRL's life if that is less */
#define URLS_LOOKED 8   /* distribution points of one certificate */

struct entry {
	struct pki_crls *of;
	char trustpoint[CFG_NAME_MAX];
	char url[FETCH_URL_MAX];
	struct txt der, ca; /* the CRL, and the certificate of the CA that signed it */
	int64_t this_sec, next_sec; /* since 1970; next 0: never */
	uint64_t tried_ms;	    /* 0: never */
	struct fetch *fetch;	    /* NULL: none under way */
};

struct pki_crls {
	struct control *c;
	struct evdns_base *dns; /* made when it is first needed */
	struct event *tick;
	struct entry v[CFG_MAX_TRUSTPOINTS];
};

static bool is_ca(const struct entry *e, const struct cfg_cert *x)
{
	return x->kind == CERT_CA && cfg_cert_is_der(x) && x->len == e->ca.len &&
	       !memcmp(x->der, e->ca.s, x->len);
}

/* A trustpoint of that name may have another CA by now: what the earlier one has signed says
 * nothing of its certificates, and would pass for newer than its CRL. */
static void forget_stale(struct entry *e)
{
	const struct cfg_chain *chain = pki_find_chain(&e->of->c->config->pki, e->trustpoint);
	bool stands = !e->der.len;

	for (size_t i = 0; !stands && chain && i < chain->n; i++)
		stands = is_ca(e, chain->certs[i]);
	if (stands)
		return;
	txt_fini(&e->der);
	txt_fini(&e->ca);
	e->this_sec = e->next_sec = 0;
	e->tried_ms = 0;
}

static struct entry *find(const struct pki_crls *s, const char *trustpoint)
{
	for (size_t i = 0; i < CFG_MAX_TRUSTPOINTS; i++) {
		struct entry *e = (struct entry *)&s->v[i];

		if (!e->trustpoint[0] || strcmp(e->trustpoint, trustpoint))
			continue;
		forget_stale(e);
		return e;
	}
	return NULL;
}

static void drop(struct entry *e)
{
	fetch_stop(e->fetch);
	txt_fini(&e->der);
	txt_fini(&e->ca);
	*e = (struct entry){ .of = e->of, .der = TXT_INIT, .ca = TXT_INIT };
}

static void forget_removed(struct pki_crls *s)
{
	for (size_t i = 0; i < CFG_MAX_TRUSTPOINTS; i++)
		if (s->v[i].trustpoint[0] && !pki_find_trustpoint(&s->c->config->pki, s->v[i].trustpoint))
			drop(&s->v[i]);
		else
			forget_stale(&s->v[i]);
}

static struct entry *find_or_add(struct pki_crls *s, const char *trustpoint)
{
	struct entry *e = find(s, trustpoint);

	if (e)
		return e;
	forget_removed(s);
	for (size_t i = 0; i < CFG_MAX_TRUSTPOINTS; i++) {
		e = &s->v[i];
		if (e->trustpoint[0])
			continue;
		snprintf(e->trustpoint, sizeof(e->trustpoint), "%s", trustpoint);
		return e;
	}
	return NULL;
}

/* Signed by one of the trustpoint's CAs, current, and not older than what is at hand:
 * who answers in the server's place could undo a revocation otherwise. */
static bool acceptable(struct entry *e, struct span der, const struct cfg_cert **ret_ca,
		       int64_t *ret_this, int64_t *ret_next, char why[PKI_WHY_MAX])
{
	struct control *c = e->of->c;
	const struct cfg_chain *chain = pki_find_chain(&c->config->pki, e->trustpoint);
	bool ours = false;

	forget_stale(e);
	snprintf(why, PKI_WHY_MAX, "the trustpoint has no CA certificate");
	for (size_t i = 0; !ours && chain && i < chain->n; i++) {
		const struct cfg_cert *x = chain->certs[i];

		if (x->kind == CERT_CA && cfg_cert_is_der(x))
			ours = !pki_crl_check(c->pki, der, span_of(x->der, x->len),
					      host_wall_ms() / 1000, why);
		*ret_ca = x;
	}
	if (!ours)
		return false;
	if (!pki_crl_times(c->pki, der, ret_this, ret_next)) {
		snprintf(why, PKI_WHY_MAX, "its times cannot be read");
		return false;
	}
	if (e->der.len && *ret_this < e->this_sec) {
		snprintf(why, PKI_WHY_MAX, "its thisUpdate is before that of the CRL at hand");
		return false;
	}
	return true;
}

static void on_crl(void *ctx, struct span body, const char *failed)
{
	struct entry *e = ctx;
	char why[PKI_WHY_MAX] = "";
	struct txt der = TXT_INIT, issuer = TXT_INIT;
	const struct cfg_cert *ca = NULL;
	int64_t from = 0, to = 0;

	e->fetch = NULL;
	if (failed)
		snprintf(why, sizeof(why), "%s", failed);
	else if (acceptable(e, body, &ca, &from, &to, why)) {
		txt_mem(&der, (const char *)body.p, body.len);
		txt_mem(&issuer, (const char *)ca->der, ca->len);
	}
	if (der.len && !der.bad && !issuer.bad) {
		txt_fini(&e->der);
		txt_fini(&e->ca);
		e->der = der;
		e->ca = issuer;
		e->this_sec = from;
		e->next_sec = to;
		debug_pki(e->of->c, EXEC_DEBUG_PKI_TRANSACTIONS, "received msg of %zu bytes (CRL, trustpoint %s)", body.len,
			  e->trustpoint);
		log_line("PKI-6-CRL_FETCHED", "trustpoint %s: CRL of %zu bytes from %s", e->trustpoint,
			 body.len, e->url);
		return;
	}
	txt_fini(&der);
	txt_fini(&issuer);
	e->of->c->pki_counts.crl_failures++;
	log_line("PKI-4-CRL_FETCH_FAIL", "trustpoint %s: CRL from %s: %s", e->trustpoint, e->url,
		 why[0] ? why : "out of memory");
}

struct evdns_base *pki_crls_dns(struct pki_crls *s)
{
	if (!s->dns)
		s->dns = evdns_base_new(s->c->base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
							    EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	return s->dns;
}

static int start(struct entry *e, char why[FETCH_WHY_MAX])
{
	struct pki_crls *s = e->of;

	e->tried_ms = host_now_ms(NULL);
	s->c->pki_counts.crl_fetches++;
	debug_pki(s->c, EXEC_DEBUG_PKI_TRANSACTIONS, "CRL request of trustpoint %s: GET %s", e->trustpoint, e->url);
	return fetch_start(s->c->base, pki_crls_dns(s), e->url, PKI_CRL_BYTES, on_crl, e, &e->fetch, why);
}

static int64_t ahead_of(int64_t this_sec, int64_t next_sec)
{
	int64_t ahead = (next_sec - this_sec) / 10;

	return ahead < AHEAD_SEC ? ahead : AHEAD_SEC;
}

bool pki_crl_is_due(int64_t this_sec, int64_t next_sec, int64_t now_sec)
{
	return next_sec && now_sec >= next_sec - ahead_of(this_sec, next_sec);
}

bool pki_crl_may_try(uint64_t tried_ms, uint64_t now_ms)
{
	return !tried_ms || now_ms - tried_ms >= RETRY_MS;
}

static bool is_due(const struct entry *e, int64_t now_sec)
{
	return !e->der.len || pki_crl_is_due(e->this_sec, e->next_sec, now_sec);
}

static bool may_try(const struct entry *e)
{
	return !e->fetch && pki_crl_may_try(e->tried_ms, host_now_ms(NULL));
}

static void fetch_logged(struct entry *e)
{
	char why[FETCH_WHY_MAX];

	if (start(e, why))
		log_line("PKI-4-CRL_FETCH_FAIL", "trustpoint %s: CRL from %s: %s", e->trustpoint, e->url, why);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct pki_crls *s = ctx;

	(void)fd;
	(void)what;
	forget_removed(s);
	for (size_t i = 0; i < CFG_MAX_TRUSTPOINTS; i++) {
		struct entry *e = &s->v[i];

		/* What never came is fetched when somebody needs it. */
		if (e->der.len && is_due(e, host_wall_ms() / 1000) && may_try(e))
			fetch_logged(e);
	}
}

struct pki_crls *pki_crls_new(struct control *c)
{
	const struct timeval each = { TICK_SEC, 0 };
	struct pki_crls *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->c = c;
	for (size_t i = 0; i < CFG_MAX_TRUSTPOINTS; i++)
		s->v[i] = (struct entry){ .of = s, .der = TXT_INIT, .ca = TXT_INIT };
	s->tick = event_new(c->base, -1, EV_PERSIST, on_tick, s);
	if (!s->tick || event_add(s->tick, &each)) {
		pki_crls_free(s);
		return NULL;
	}
	return s;
}

void pki_crls_free(struct pki_crls *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < CFG_MAX_TRUSTPOINTS; i++)
		drop(&s->v[i]);
	if (s->tick)
		event_free(s->tick);
	if (s->dns)
		evdns_base_free(s->dns, 0);
	free(s);
}

struct span pki_crls_get(const struct pki_crls *s, const char *trustpoint)
{
	const struct entry *e = s ? find(s, trustpoint) : NULL;

	return e && e->der.len ? span_of(e->der.s, e->der.len) : (struct span){ 0 };
}

bool pki_crls_times(const struct pki_crls *s, const char *trustpoint, int64_t *ret_update, int64_t *ret_expire)
{
	const struct entry *e = s ? find(s, trustpoint) : NULL;

	if (!e || !e->der.len || !e->next_sec)
		return false;
	*ret_update = e->next_sec - ahead_of(e->this_sec, e->next_sec);
	*ret_expire = e->next_sec;
	return true;
}

void pki_crls_checked(const struct pki_crls *s)
{
	if (s)
		s->c->pki_counts.crls_checked++;
}

/* The first distribution point that we can ask; else false and why the last cannot be. */
static bool first_url(struct pki_crls *s, struct span der, char out[FETCH_URL_MAX], char why[FETCH_WHY_MAX])
{
	struct pki_cert *cert = NULL;
	struct txt url = TXT_INIT;
	bool ok = false;

	snprintf(why, FETCH_WHY_MAX, "the certificate has no CRL distribution point");
	if (pki_cert_parse(s->c->pki, der, &cert))
		return false;
	for (size_t i = 0; !ok && i < URLS_LOOKED && pki_cert_crl_url(cert, i, &url); i++) {
		ok = fetch_url_ok(txt_cstr(&url), why);
		if (ok)
			snprintf(out, FETCH_URL_MAX, "%s", txt_cstr(&url));
		txt_clear(&url);
	}
	txt_fini(&url);
	pki_cert_free(cert);
	return ok;
}

void pki_crls_want(struct pki_crls *s, const char *trustpoint, struct span cert)
{
	struct entry *e = s ? find_or_add(s, trustpoint) : NULL;
	char url[FETCH_URL_MAX], why[FETCH_WHY_MAX];

	if (e && e->fetch)
		s->c->pki_counts.crl_busy++;
	if (!e || !may_try(e) || !is_due(e, host_wall_ms() / 1000))
		return;
	if (first_url(s, cert, url, why)) {
		memcpy(e->url, url, sizeof(url));
		fetch_logged(e);
		return;
	}
	e->tried_ms = host_now_ms(NULL); /* the line is not said for each packet either */
	log_line("PKI-4-CRL_FETCH_FAIL", "trustpoint %s: no CRL can be fetched: %s", trustpoint, why);
}

/* ---- commands ---- */

void pki_cmd_crl_request(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);
	const struct cfg_cert *own = tp ? pki_chain_cert(io->c, tp->name, CERT_ROUTER) : NULL;
	struct entry *e = tp ? find_or_add(io->c->crls, tp->name) : NULL;
	char url[FETCH_URL_MAX], why[FETCH_WHY_MAX] = "the trustpoint has no certificate of this router";

	if (!tp)
		return;
	if (!pki_chain_cert(io->c, tp->name, CERT_CA)) {
		pki_fail(io, ret_error, "Trustpoint '%s' has no CA certificate: crypto pki authenticate %s",
			 tp->name, tp->name);
		return;
	}
	if (!e || e->fetch) {
		pki_fail(io, ret_error, e ? "A CRL request is under way" : "Out of memory");
		return;
	}
	if (own && first_url(io->c->crls, span_of(own->der, own->len), url, why))
		memcpy(e->url, url, sizeof(url));
	else if (!e->url[0]) {
		pki_fail(io, ret_error, "No CRL can be requested: %s", why);
		return;
	}
	if (start(e, why))
		pki_fail(io, ret_error, "CRL request to %s failed: %s", e->url, why);
}

static void put_time(const char *what, int64_t sec, struct txt *out)
{
	time_t t = (time_t)sec;
	struct tm tm;
	char s[40];

	if (sec && gmtime_r(&t, &tm) && strftime(s, sizeof(s), "%H:%M:%S UTC %b %d %Y", &tm))
		txt_printf(out, "    %s: %s\n", what, s);
}

void pki_cmd_show_crls(struct talk *t, struct exec_io *io, bool *ret_error)
{
	struct pki_crls *s = io->c->crls;

	(void)t;
	(void)ret_error;
	forget_removed(s);
	for (size_t i = 0; i < CFG_MAX_TRUSTPOINTS; i++) {
		const struct entry *e = &s->v[i];
		const struct cfg_cert *ca = pki_chain_cert(io->c, e->trustpoint, CERT_CA);
		struct pki_cert *cert = NULL;

		if (!e->der.len || !ca || pki_cert_parse(io->c->pki, span_of(ca->der, ca->len), &cert))
			continue;
		txt_str(io->out, "CRL Issuer Name: \n");
		pki_cert_subject(cert, "    ", io->out);
		put_time("LastUpdate", e->this_sec, io->out);
		put_time("NextUpdate", e->next_sec, io->out);
		txt_printf(io->out, "    Retrieved from CRL Distribution Point: \n      %s\n", e->url);
		pki_cert_free(cert);
	}
}
