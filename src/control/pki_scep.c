/* SPDX-License-Identifier: Apache-2.0 */
/* A request on its way: GetCACaps, GetCACert, PKCSReq (or RenewalReq), then CertPoll
 * until the CA has decided. Each is one bounded exchange of fetch.c, so the event loop
 * never waits.
 *
 * Timers: `timer` of a job ends a wait of `enrollment retry period` minutes; `tick` looks
 * each TICK_SEC which certificates `auto-enroll` has to get or renew. */
#include "control/pki_scep.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "control/debug.h"
#include "control/show.h"
#include "host/log.h"
#include "host/os.h"
#include "pki/scep.h"

#define TICK_SEC     10
#define AGAIN_MS     3600000 /* from one automatic request to the next, however it ended */
#define PERCENT_LAST 95	     /* of a lifetime: the old certificate must still sign the renewal */

enum step { STEP_NONE = 0, STEP_CAPS, STEP_CA, STEP_ASK, STEP_WAIT };
enum outcome { OUTCOME_NONE = 0, OUTCOME_PENDING, OUTCOME_GRANTED, OUTCOME_REJECTED, OUTCOME_FAILED };

struct job {
	struct pki_sceps *of;
	char trustpoint[CFG_NAME_MAX]; /* "": free */
	char label[PKI_LABEL_MAX];
	enum step step;
	enum outcome last;
	bool pending; /* the CA has the request: what follows is CertPoll */
	bool renewal;
	unsigned tries;
	unsigned caps;
	struct scep_ca ca; /* n 0: to be fetched */
	struct txt csr;
	struct pki_cert *signer;
	struct scep_request asked; /* of the exchange under way; points into this struct */
	struct txt content;
	char id[SCEP_ID_MAX];
	struct fetch *fetch;
	struct event *timer;
	uint64_t next_ms;
	uint64_t auto_ms; /* when auto-enroll last began a request; 0: never */
};

struct pki_sceps {
	struct control *c;
	struct event *tick;
	struct job v[CFG_MAX_TRUSTPOINTS];
};

/* ---- jobs ---- */

static struct job *find(const struct pki_sceps *s, const char *trustpoint)
{
	for (size_t i = 0; i < CFG_MAX_TRUSTPOINTS; i++)
		if (s->v[i].trustpoint[0] && !strcmp(s->v[i].trustpoint, trustpoint))
			return (struct job *)&s->v[i];
	return NULL;
}

/* What an exchange holds; how it ended is kept for show. */
static void end(struct job *j, enum outcome how)
{
	j->of->c->pki_counts.ended += j->step != STEP_NONE;
	fetch_stop(j->fetch);
	j->fetch = NULL;
	(void)event_del(j->timer);
	scep_ca_fini(&j->ca);
	pki_cert_free(j->signer);
	j->signer = NULL;
	if (j->csr.s)
		secret_wipe(j->csr.s, j->csr.cap); /* it has the challenge password */
	txt_fini(&j->csr);
	txt_fini(&j->content);
	j->step = STEP_NONE;
	j->pending = j->renewal = false;
	j->tries = 0;
	j->last = how;
}

static void drop(struct job *j)
{
	end(j, OUTCOME_NONE);
	j->trustpoint[0] = '\0';
	j->auto_ms = 0;
}

static void forget_removed(struct pki_sceps *s)
{
	for (size_t i = 0; i < CFG_MAX_TRUSTPOINTS; i++)
		if (s->v[i].trustpoint[0] && !pki_find_trustpoint(&s->c->config->pki, s->v[i].trustpoint))
			drop(&s->v[i]);
}

static struct job *find_or_add(struct pki_sceps *s, const char *trustpoint)
{
	struct job *j = find(s, trustpoint);

	forget_removed(s);
	for (size_t i = 0; !j && i < CFG_MAX_TRUSTPOINTS; i++)
		if (!s->v[i].trustpoint[0])
			j = &s->v[i];
	if (j && !j->trustpoint[0])
		snprintf(j->trustpoint, sizeof(j->trustpoint), "%s", trustpoint);
	return j;
}

/* An answer of the server, or why there is none. */
static void told(const struct job *j, const char *op, struct span body, const char *failed)
{
	if (failed)
		debug_pki(j->of->c, EXEC_DEBUG_PKI_TRANSACTIONS, "%s of trustpoint %s failed: %s", op, j->trustpoint, failed);
	else
		debug_pki(j->of->c, EXEC_DEBUG_PKI_TRANSACTIONS, "received msg of %zu bytes (%s, trustpoint %s)", body.len, op,
			  j->trustpoint);
}

static void fail(struct job *j, const char *why)
{
	debug_pki(j->of->c, EXEC_DEBUG_PKI_TRANSACTIONS, "All enrollment requests completed for trustpoint %s: failed: %s",
		  j->trustpoint, why);
	log_line("PKI-3-CERT_ENROLL_FAIL", "trustpoint %s: certificate enrollment failed: %s", j->trustpoint,
		 why);
	end(j, OUTCOME_FAILED);
}

/* Not now: once more after the retry period, as often as the retry count says. */
static void later(struct job *j, const char *why)
{
	const struct cfg_trustpoint *tp = pki_find_trustpoint(&j->of->c->config->pki, j->trustpoint);
	struct timeval in = { tp ? tp->retry_min * 60 : 0, 0 };

	if (!tp) {
		drop(j);
		return;
	}
	if (j->tries >= tp->retry_count) {
		char text[PKI_WHY_MAX];

		snprintf(text, sizeof(text), "%.400s; given up after %u repetitions", why, j->tries);
		fail(j, text);
		return;
	}
	j->step = STEP_WAIT;
	j->next_ms = host_now_ms(NULL) + (uint64_t)in.tv_sec * 1000;
	log_line(j->pending && j->last == OUTCOME_PENDING ? "PKI-6-CERTPEND" : "PKI-4-CERT_ENROLL_RETRY",
		 "trustpoint %s: %s; asking again in %u minute%s (%u of %u)", j->trustpoint, why,
		 tp->retry_min, tp->retry_min == 1 ? "" : "s", j->tries + 1, tp->retry_count);
	if (event_add(j->timer, &in))
		fail(j, "out of memory");
}

/* The key of the request, as long as it is there. */
static const struct pki_key *key_of(const struct job *j)
{
	const struct pki_pair *p = pki_store_find(j->of->c->keys, j->label, PKI_USAGE_SIGNATURE);
	struct pki_key *k = NULL;
	bool same = p && j->signer && !pki_cert_key(j->of->c->pki, j->signer, &k) && pki_key_same(k, p->key);

	pki_key_free(k);
	return same ? p->key : NULL;
}

static void granted(struct job *j, const struct pki_cert *cert)
{
	struct control *c = j->of->c;
	const struct cfg_cert *ca = pki_chain_cert(c, j->trustpoint, CERT_CA);
	struct span own = pki_cert_der(cert), anchor = ca ? span_of(ca->der, ca->len) : (struct span){ 0 };
	struct pki_check check = { .trustpoint = j->trustpoint, .chain = &own, .n_chain = 1,
				   .anchors = &anchor, .n_anchors = 1, .now_sec = host_wall_ms() / 1000 };
	char why[PKI_WHY_MAX] = "the trustpoint has no CA certificate any more";
	struct pki_key *k = NULL;
	struct txt serial = TXT_INIT;
	int err;

	if (!ca || pki_verify(c->pki, &check, &k, why)) {
		char text[PKI_WHY_MAX];

		snprintf(text, sizeof(text), "the certificate from the CA is refused: %.400s", why);
		fail(j, text);
		return;
	}
	pki_key_free(k);
	err = pki_install(c, j->trustpoint, CERT_ROUTER, cert);
	if (err) {
		fail(j, strerror(-err));
		return;
	}
	pki_cert_serial(cert, &serial);
	log_line("PKI-6-CERTRET", "Certificate received from Certificate Authority (trustpoint %s, serial "
				  "number %s); write memory keeps it",
		 j->trustpoint, txt_cstr(&serial));
	txt_fini(&serial);
	end(j, OUTCOME_GRANTED);
}

static void rejected(struct job *j, const struct scep_reply *r)
{
	log_line("PKI-6-CERTREJECT", "Certificate enrollment request was rejected by Certificate Authority "
				     "(trustpoint %s): %s%s%s",
		 j->trustpoint, scep_fail_text(r->fail), r->text[0] ? "; the CA says: " : "", r->text);
	end(j, OUTCOME_REJECTED);
}

static void told_reply(const struct job *j, const struct scep_reply *r)
{
	const struct control *c = j->of->c;

	debug_pki(c, EXEC_DEBUG_PKI_MESSAGES, "CertRep of transaction %s: pkiStatus %u%s%s", j->id, (unsigned)r->status,
		  r->text[0] ? ", failInfoText: " : "", r->text);
	debug_pki(c, EXEC_DEBUG_PKI_TRANSACTIONS, "status = %s",
		  r->status == SCEP_SUCCESS ? "100: certificate is granted" :
		  r->status == SCEP_PENDING ? "102: certificate request pending" :
					      "101: certificate request is rejected");
}

static void on_reply(void *ctx, struct span body, const char *failed)
{
	struct job *j = ctx;
	struct scep_reply reply;
	char why[PKI_WHY_MAX];
	int err;

	j->fetch = NULL;
	told(j, "PKIOperation", body, failed);
	if (failed) {
		later(j, failed);
		return;
	}
	j->asked.key = key_of(j); /* the store may have changed */
	if (!j->asked.key) {
		fail(j, "its key pair is gone");
		return;
	}
	err = scep_decode(j->of->c->pki, body, &j->asked, &reply, why);
	if (err) { /* perhaps not the CA's words: they end nothing */
		later(j, why);
		return;
	}
	told_reply(j, &reply);
	if (reply.sha1 && !scep_caps_weakness(j->caps))
		log_line("PKI-4-SCEP_WEAK", "trustpoint %s: the CA signs with SHA-1, which is weak", j->trustpoint);
	if (reply.status == SCEP_SUCCESS) {
		granted(j, reply.cert);
	} else if (reply.status == SCEP_FAILURE) {
		rejected(j, &reply);
	} else {
		j->pending = true;
		j->last = OUTCOME_PENDING;
		later(j, "the request is pending: the CA's administrator has to grant it");
	}
	scep_reply_fini(&reply);
}

/* ---- the request ---- */

/* The router's certificate, if it can sign its renewal: valid, and of that key. NULL. */
static struct pki_cert *renewable(const struct job *j, const struct pki_key *key)
{
	struct control *c = j->of->c;
	const struct cfg_cert *own = pki_chain_cert(c, j->trustpoint, CERT_ROUTER);
	int64_t from, to, now = host_wall_ms() / 1000;
	struct pki_cert *cert = NULL;
	struct pki_key *k = NULL;

	if (!j->renewal || !(j->caps & SCEP_CAP_RENEWAL) || !own ||
	    pki_cert_parse(c->pki, span_of(own->der, own->len), &cert))
		return NULL;
	if (!pki_cert_validity(cert, &from, &to) || now < from || now > to || pki_cert_key(c->pki, cert, &k) ||
	    !pki_key_same(k, key)) {
		pki_cert_free(cert);
		cert = NULL;
	}
	pki_key_free(k);
	return cert;
}

static int prepare(struct job *j, char why[PKI_WHY_MAX])
{
	struct control *c = j->of->c;
	const struct pki_pair *p = pki_store_find(c->keys, j->label, PKI_USAGE_SIGNATURE);
	struct span csr = span_of(j->csr.s, j->csr.len);
	int err = p ? 0 : -ENOKEY;

	snprintf(why, PKI_WHY_MAX, p ? "out of memory" : "its key pair is gone");
	if (!err && !j->signer) { /* once: CertPoll is signed as the request was */
		j->signer = renewable(j, p->key);
		j->renewal = j->signer != NULL;
		if (!j->signer)
			err = scep_signer(c->pki, p->key, csr, host_wall_ms() / 1000, &j->signer);
	}
	if (!err)
		err = scep_id(c->pki, p->key, j->id);
	if (err)
		return err;
	j->asked = (struct scep_request){ .type = j->pending ? SCEP_CERT_POLL :
						  j->renewal  ? SCEP_RENEWAL_REQ :
							       SCEP_PKCS_REQ,
					  .caps = j->caps, .key = key_of(j), .signer = j->signer, .ca = &j->ca,
					  .id = j->id, .content = csr, .now_sec = host_wall_ms() / 1000 };
	if (!j->asked.key) {
		snprintf(why, PKI_WHY_MAX, "its key pair is another one now");
		return -ENOKEY;
	}
	host_random(NULL, j->asked.nonce, sizeof(j->asked.nonce));
	if (!j->pending)
		return 0;
	txt_clear(&j->content);
	err = scep_poll_content(c->pki, &j->ca, csr, &j->content);
	j->asked.content = span_of(j->content.s, j->content.len);
	return err;
}

static void send_request(struct job *j)
{
	char why[PKI_WHY_MAX];
	struct txt der = TXT_INIT, b64 = TXT_INIT;
	bool post = j->caps & SCEP_CAP_POST;
	int err = prepare(j, why);

	if (!err)
		err = scep_encode(j->of->c->pki, &j->asked, &der, why);
	if (err) {
		fail(j, why);
		txt_fini(&der);
		return;
	}
	if (!post) {
		struct txt lines = TXT_INIT;

		pki_base64_encode(span_of(der.s, der.len), NULL, &lines);
		for (size_t i = 0; i < lines.len; i++)
			if (lines.s[i] != '\n')
				txt_char(&b64, lines.s[i]);
		txt_fini(&lines);
	}
	j->step = STEP_ASK;
	debug_pki(j->of->c, EXEC_DEBUG_PKI_MESSAGES, "%s of transaction %s, %zu bytes in PKCS #7, %s digest",
		  j->pending ? "CertPoll" : j->renewal ? "RenewalReq" : "PKCSReq", j->id, der.len,
		  scep_caps_weakness(j->caps) ? "a weak" : "SHA-256");
	err = pki_scep_ask(j->of->c, j->trustpoint, "PKIOperation", txt_cstr(&b64),
		  post ? span_of(der.s, der.len) : (struct span){ 0 }, on_reply, j, &j->fetch, why);
	if (err)
		fail(j, why);
	txt_fini(&der);
	txt_fini(&b64);
}

static void on_ca(void *ctx, struct span body, const char *failed)
{
	struct job *j = ctx;
	struct control *c = j->of->c;
	const struct cfg_trustpoint *tp = pki_find_trustpoint(&c->config->pki, j->trustpoint);
	const struct cfg_cert *ca = pki_chain_cert(c, j->trustpoint, CERT_CA);
	char why[PKI_WHY_MAX];

	j->fetch = NULL;
	told(j, "GetCACert", body, failed);
	if (failed) {
		later(j, failed);
		return;
	}
	if (!tp || !ca) {
		fail(j, "the trustpoint has no CA certificate any more");
		return;
	}
	if (scep_ca_read(c->pki, body, span_of(ca->der, ca->len), host_wall_ms() / 1000, &j->ca, why)) {
		later(j, why);
		return;
	}
	/* Any certificate of the CA, a router's too, could be put there by somebody on the
	 * way; so whether a registration authority is to be believed is the user's word. */
	if (j->ca.n > 1 && !tp->mode_ra) {
		fail(j, "the CA answers by a registration authority: enrollment mode ra allows that");
		return;
	}
	if (j->ca.n == 1 && tp->mode_ra) {
		fail(j, "the CA has no certificate of a registration authority: no enrollment mode ra");
		return;
	}
	send_request(j);
}

static void on_caps(void *ctx, struct span body, const char *failed)
{
	struct job *j = ctx;
	char why[PKI_WHY_MAX];

	j->fetch = NULL;
	told(j, "GetCACaps", body, failed);
	if (failed) {
		later(j, failed);
		return;
	}
	j->caps = scep_caps_parse(body);
	if (scep_caps_weakness(j->caps))
		log_line("PKI-4-SCEP_WEAK", "trustpoint %s: the CA %s; the request is protected by %s, which is weak",
			 j->trustpoint, j->caps ? "can nothing better" : "tells no capabilities",
			 scep_caps_weakness(j->caps));
	j->step = STEP_CA;
	if (pki_scep_ask(j->of->c, j->trustpoint, "GetCACert", j->trustpoint, (struct span){ 0 }, on_ca, j, &j->fetch, why))
		fail(j, why);
}

static int go(struct job *j, char why[PKI_WHY_MAX])
{
	if (j->ca.n) {
		send_request(j);
		return 0;
	}
	j->step = STEP_CAPS;
	return pki_scep_ask(j->of->c, j->trustpoint, "GetCACaps", j->trustpoint, (struct span){ 0 }, on_caps, j,
		   &j->fetch, why);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct job *j = ctx;
	char why[PKI_WHY_MAX];

	(void)fd;
	(void)what;
	if (!pki_find_trustpoint(&j->of->c->config->pki, j->trustpoint)) {
		drop(j);
		return;
	}
	j->tries++;
	if (go(j, why))
		fail(j, why);
}

int pki_scep_enroll(struct control *c, const struct cfg_trustpoint *tp, const char *label,
		    struct txt *csr, bool renewal, char why[PKI_WHY_MAX])
{
	struct job *j = find_or_add(c->sceps, tp->name);
	int err = j ? 0 : -ENOSPC;

	if (j) {
		end(j, OUTCOME_NONE);
		snprintf(j->label, sizeof(j->label), "%s", label);
		j->csr = *csr;
		*csr = TXT_INIT;
		j->renewal = renewal;
		c->pki_counts.started++;
		j->step = STEP_CAPS; /* from here on it has an end */
		err = go(j, why);
	} else {
		snprintf(why, PKI_WHY_MAX, "too many trustpoints");
	}
	if (err && j)
		end(j, OUTCOME_FAILED);
	return err;
}

bool pki_scep_pending(struct control *c, const char *trustpoint, bool ask_now)
{
	const struct timeval now = { 0, 0 };
	struct job *j = find(c->sceps, trustpoint);

	if (!j || j->step == STEP_NONE)
		return false;
	if (ask_now && j->step == STEP_WAIT)
		(void)event_add(j->timer, &now);
	return true;
}

void pki_scep_drop(struct control *c, const char *trustpoint)
{
	struct job *j = find(c->sceps, trustpoint);

	if (j)
		drop(j);
}

/* ---- auto-enroll ---- */

int64_t pki_renew_at(int64_t from_sec, int64_t to_sec, unsigned percent)
{
	int64_t life = to_sec > from_sec ? to_sec - from_sec : 0;

	if (!percent || percent > PERCENT_LAST)
		percent = PERCENT_LAST;
	return from_sec + life / 100 * percent + life % 100 * percent / 100;
}

/* False: the certificate's time to be renewed has not come, or it has no times. */
static bool is_due(const struct control *c, const struct cfg_trustpoint *tp, const struct cfg_cert *own)
{
	struct pki_cert *cert = NULL;
	int64_t from, to;
	bool due = !pki_cert_parse(c->pki, span_of(own->der, own->len), &cert) &&
		   pki_cert_validity(cert, &from, &to) &&
		   host_wall_ms() / 1000 >= pki_renew_at(from, to, tp->auto_percent);

	pki_cert_free(cert);
	return due;
}

static void auto_enroll(struct pki_sceps *s, const struct cfg_trustpoint *tp)
{
	struct control *c = s->c;
	const struct cfg_cert *own = pki_chain_cert(c, tp->name, CERT_ROUTER);
	struct job *j = find(s, tp->name);
	char label[PKI_LABEL_MAX], why[PKI_WHY_MAX];
	struct txt csr = TXT_INIT;
	int err;

	if (!pki_chain_cert(c, tp->name, CERT_CA) || (j && j->step != STEP_NONE) ||
	    (j && j->auto_ms && host_now_ms(NULL) - j->auto_ms < AGAIN_MS) ||
	    (own && !is_due(c, tp, own)))
		return;
	pki_trustpoint_label(c, tp, label);
	if (!pki_store_find(c->keys, label, PKI_USAGE_SIGNATURE))
		return; /* it takes `crypto pki enroll` to make one */
	log_line("PKI-6-CERTRENEWAUTO", "trustpoint %s: %s the router certificate%s", tp->name,
		 own ? "Renewing" : "Requesting",
		 own && tp->regenerate ? ", with the same key pair (regenerate is not carried out)" : "");
	err = pki_make_request(c, tp, label, NULL, &csr, why);
	if (!err)
		err = pki_scep_enroll(c, tp, label, &csr, own != NULL, why);
	txt_fini(&csr);
	if (err)
		log_line("PKI-3-CERT_ENROLL_FAIL", "trustpoint %s: certificate enrollment failed: %s", tp->name, why);
	j = find_or_add(s, tp->name);
	if (j)
		j->auto_ms = host_now_ms(NULL);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct pki_sceps *s = ctx;
	const struct cfg_pki *p = &s->c->config->pki;

	(void)fd;
	(void)what;
	forget_removed(s);
	for (size_t i = 0; i < p->n_trustpoints; i++)
		if (p->trustpoints[i]->enroll == ENROLL_URL && p->trustpoints[i]->auto_enroll)
			auto_enroll(s, p->trustpoints[i]);
}

/* ---- all of them ---- */

struct pki_sceps *pki_sceps_new(struct control *c)
{
	const struct timeval each = { TICK_SEC, 0 };
	struct pki_sceps *s = calloc(1, sizeof(*s));
	bool ok = s != NULL;

	if (!s)
		return NULL;
	s->c = c;
	for (size_t i = 0; i < CFG_MAX_TRUSTPOINTS; i++) {
		s->v[i].of = s;
		s->v[i].timer = evtimer_new(c->base, on_timer, &s->v[i]);
		ok &= s->v[i].timer != NULL;
	}
	s->tick = event_new(c->base, -1, EV_PERSIST, on_tick, s);
	if (ok && s->tick && event_add(s->tick, &each) == 0)
		return s;
	pki_sceps_free(s);
	return NULL;
}

void pki_sceps_free(struct pki_sceps *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < CFG_MAX_TRUSTPOINTS; i++) {
		if (!s->v[i].timer)
			continue;
		drop(&s->v[i]);
		event_free(s->v[i].timer);
	}
	if (s->tick)
		event_free(s->tick);
	free(s);
}

size_t pki_scep_show(const struct control *c, struct show_enroll *v, size_t max)
{
	static const char *const words[] = { "", "Pending", "Granted", "Rejected", "Failed" };
	uint64_t now = host_now_ms(NULL);
	size_t n = 0;

	for (size_t i = 0; i < CFG_MAX_TRUSTPOINTS && n < max; i++) {
		const struct job *j = &c->sceps->v[i];
		const struct cfg_trustpoint *tp = pki_find_trustpoint(&c->config->pki, j->trustpoint);

		if (!j->trustpoint[0] || !tp)
			continue;
		v[n++] = (struct show_enroll){
			.trustpoint = j->trustpoint, .last = words[j->step && !j->pending ? 0 : j->last],
			.active = j->step != STEP_NONE, .csr = span_of(j->csr.s, j->csr.len), .tries = j->tries,
			.left = tp->retry_count > j->tries ? tp->retry_count - j->tries : 0,
			.next_sec = j->step == STEP_WAIT && j->next_ms > now ? (unsigned)((j->next_ms - now) / 1000) : 0
		};
	}
	return n;
}
