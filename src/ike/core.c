/* SPDX-License-Identifier: Apache-2.0 */
/* The entrances of the core: events, timers, configuration. */
#include "ike/internal.h"
#include "ike/work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

struct ike *ike_new(const struct ike_env *env)
{
	struct ike *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->env = *env;
	k->crypto = ike_crypto_new();
	env->random(env->ctx, k->seed, sizeof(k->seed));
	if (!k->crypto || !index_init(k)) {
		ike_crypto_free(k->crypto);
		index_fini(k);
		free(k);
		return NULL;
	}
	TAILQ_INIT(&k->sas);
	TAILQ_INIT(&k->pairs);
	TAILQ_INIT(&k->made);
	STAILQ_INIT(&k->acts);
	k->next_conn = 1001; /* where IOS begins */
	return k;
}

static void config_fini(struct ike_config *c)
{
	free((void *)c->p1);
	secret_free((void *)c->psk, c->n_psk * sizeof(*c->psk));
	free((void *)c->p2);
	secret_free((void *)c->ag, c->n_ag * sizeof(*c->ag));
	free((void *)c->keyrings);
	free((void *)c->profiles);
	free((void *)c->certs);
	free((void *)c->cas);
	free((void *)c->rsa_peers);
	span_free(&c->dn);
	*c = (struct ike_config){ 0 };
}

void ike_free(struct ike *k)
{
	struct ike_sa *sa;
	struct pair *p;

	if (!k)
		return;
	while ((sa = TAILQ_FIRST(&k->sas)))
		sa_drop(sa);
	while ((p = TAILQ_FIRST(&k->pairs))) {
		TAILQ_REMOVE(&k->pairs, p, entry);
		secret_free(p, sizeof(*p));
	}
	work_free_orphans(k);
	acts_free(k);
	made_free(k);
	if (k->frags)
		frags_fini(k->frags);
	free(k->frags);
	index_fini(k);
	config_fini(&k->cfg);
	timers_fini(&k->timers);
	ike_crypto_free(k->crypto);
	secret_free(k, sizeof(*k));
}

void ike_set_debug(struct ike *k, unsigned flags)
{
	k->debug = flags;
}

void ike_set_debug_peers(struct ike *k, const struct ike_debug_peer *v, size_t n)
{
	k->debug_about.n = n < IKE_DEBUG_PEERS ? n : IKE_DEBUG_PEERS;
	for (size_t i = 0; i < k->debug_about.n; i++)
		k->debug_about.peers[i] = v[i];
}

/* ---- configuration ---- */

static bool dup_array(const void **dst, const void *src, size_t n, size_t size)
{
	void *p = NULL;

	if (n) {
		p = reallocarray(NULL, n, size);
		if (!p)
			return false;
		memcpy(p, src, n * size);
	}
	*dst = p;
	return true;
}

/* The spans and behind them, in the same block, their bytes. */
static bool dup_spans(const struct span **dst, const struct span *v, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += v[i].len;
	struct span *s = n ? malloc(n * sizeof(*s) + bytes) : NULL;
	if (n && !s)
		return false;
	uint8_t *at = n ? (uint8_t *)(s + n) : NULL;
	for (size_t i = 0; i < n; i++) {
		if (v[i].len)
			memcpy(at, v[i].p, v[i].len);
		s[i] = span_of(at, v[i].len);
		at += v[i].len;
	}
	*dst = s;
	return true;
}

/* Without a certificate of ours and its key nothing can be signed, and without a key for it
 * nothing decrypted: such policies are as if they were not there. */
static void leave_out(struct p1_policy *v, size_t *n, enum ike_auth_id method)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		if (v[i].auth != method)
			v[kept++] = v[i];
	*n = kept;
}

/* As dup_spans(): the entries, and behind them their keys. */
static bool dup_rsa_peers(const struct rsa_peer **dst, const struct rsa_peer *v, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += v[i].key.len;
	struct rsa_peer *p = n ? malloc(n * sizeof(*p) + bytes) : NULL;
	if (n && !p)
		return false;
	uint8_t *at = n ? (uint8_t *)(p + n) : NULL;
	for (size_t i = 0; i < n; i++) {
		p[i] = v[i];
		if (v[i].key.len)
			memcpy(at, v[i].key.p, v[i].key.len);
		p[i].key = span_of(at, v[i].key.len);
		at += v[i].key.len;
	}
	*dst = p;
	return true;
}

static bool transforms_equal(const struct p2_policy *a, const struct p2_policy *b)
{
	if (a->n_transforms != b->n_transforms)
		return false;
	for (size_t i = 0; i < a->n_transforms; i++) {
		const struct p2_transform *x = &a->transforms[i], *y = &b->transforms[i];

		if (x->mode != y->mode || x->ah_auth != y->ah_auth || x->cipher != y->cipher ||
		    x->cipher_bits != y->cipher_bits || x->esp_auth != y->esp_auth)
			return false;
	}
	return true;
}

/* A changed lifetime holds for the next SA only, as in IOS; anything else ends
 * the SAs that were made under the old words. */
bool policy_same(const struct p2_policy *a, const struct p2_policy *b)
{
	bool same = a->ifid == b->ifid && selector_equal(&a->sel, &b->sel) &&
		    ipaddr_equal(&a->local, &b->local) && a->n_peers == b->n_peers &&
		    !strcmp(a->profile, b->profile) &&
		    a->pfs_group == b->pfs_group && transforms_equal(a, b) &&
		    a->dynamic == b->dynamic && a->any_proxies == b->any_proxies &&
		    a->per_host == b->per_host;

	/* a made one's peer moves, and the configuration has not said who he is */
	for (size_t i = 0; same && i < a->n_peers && !(a->dynamic && a->of); i++)
		same = ipaddr_equal(&a->peers[i], &b->peers[i]);
	return same;
}

static bool policy_stands(const struct ike *k, const struct p2_policy *made)
{
	const struct p2_policy *now = p2_by_id(k, made->id);

	return k->cfg.enabled && now && policy_same(now, made);
}

/* Pairs, and quick modes under way, of policies that are gone or changed. */
static void drop_changed(struct ike *k)
{
	struct ike_sa *sa;
	struct pair *p, *next;
	struct qm *q, *next_q;

	for (p = TAILQ_FIRST(&k->pairs); p; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (!policy_stands(k, &p->policy))
			pair_remove(p, true, "its crypto map entry was changed or removed");
	}
	TAILQ_FOREACH(sa, &k->sas, entry)
		for (q = TAILQ_FIRST(&sa->qms); q; q = next_q) {
			next_q = TAILQ_NEXT(q, entry);
			if (q->state != QM_R0 && q->state != QM_SETTLE && q->state != QM_DONE &&
			    !policy_stands(k, &q->policy)) {
				quick_drop(q); /* what starts instead may drop others */
				next_q = TAILQ_FIRST(&sa->qms);
			}
		}
}

/* What signs and decrypts for us: of certificates the first one says which key. (Who has no certificate
 * and makes another key sends one signature more by the old one, if it was asked for just then.) */
static bool same_keys(const struct ike_config *a, const struct ike_config *b)
{
	if (a->opens != b->opens || a->bare_signs != b->bare_signs || !a->n_certs != !b->n_certs)
		return false;
	return !a->n_certs || span_equal(a->certs[0], b->certs[0]);
}

int ike_configure(struct ike *k, const struct ike_config *cfg, uint64_t now_ms)
{
	struct ike_config c = *cfg;
	struct ike_sa *sa, *next;
	bool same_dpd = cfg->keepalive_sec == k->cfg.keepalive_sec &&
			cfg->keepalive_retry_sec == k->cfg.keepalive_retry_sec &&
			cfg->keepalive_periodic == k->cfg.keepalive_periodic;
	bool same_profiles = cfg->n_profiles == k->cfg.n_profiles &&
			     (!cfg->n_profiles || !memcmp(cfg->profiles, k->cfg.profiles,
							  cfg->n_profiles * sizeof(*cfg->profiles)));

	c.p1 = NULL;
	c.psk = NULL;
	c.p2 = NULL;
	c.ag = NULL;
	c.keyrings = NULL;
	c.profiles = NULL;
	c.certs = c.cas = NULL;
	c.rsa_peers = NULL;
	c.dn = (struct span){ 0 };
	if (!dup_array((const void **)&c.p1, cfg->p1, cfg->n_p1, sizeof(*cfg->p1)) ||
	    !dup_array((const void **)&c.psk, cfg->psk, cfg->n_psk, sizeof(*cfg->psk)) ||
	    !dup_array((const void **)&c.p2, cfg->p2, cfg->n_p2, sizeof(*cfg->p2)) ||
	    !dup_array((const void **)&c.ag, cfg->ag, cfg->n_ag, sizeof(*cfg->ag)) ||
	    !dup_array((const void **)&c.keyrings, cfg->keyrings, cfg->n_keyrings,
		       sizeof(*cfg->keyrings)) ||
	    !dup_array((const void **)&c.profiles, cfg->profiles, cfg->n_profiles,
		       sizeof(*cfg->profiles)) ||
	    !dup_spans(&c.certs, cfg->certs, cfg->n_certs) || !dup_spans(&c.cas, cfg->cas, cfg->n_cas) ||
	    !dup_rsa_peers(&c.rsa_peers, cfg->rsa_peers, cfg->n_rsa_peers) ||
	    (cfg->dn.len && !span_dup(cfg->dn, &c.dn)) ||
	    index_config(k, &c)) {
		config_fini(&c);
		return -ENOMEM;
	}
	if (c.n_p1 && ((!c.n_certs && !c.bare_signs) || !k->env.sign || !k->env.verify))
		leave_out((struct p1_policy *)c.p1, &c.n_p1, IKE_AUTH_RSA_SIG);
	if (c.n_p1 && (!c.opens || !k->env.seal || !k->env.open))
		leave_out((struct p1_policy *)c.p1, &c.n_p1, IKE_AUTH_RSA_ENC);
	k->now_ms = now_ms;
	k->config_no++;
	k->keys_no += !same_keys(&k->cfg, &c);
	config_fini(&k->cfg);
	k->cfg = c;
	made_configure(k);
	drop_changed(k);
	notes_prune(k);
	for (sa = TAILQ_FIRST(&k->sas); sa; sa = next) {
		next = TAILQ_NEXT(sa, entry);
		if (sa->state != MM_DEAD && (!c.enabled || !profile_stands(sa) || !auth_stands(sa)))
			sa_end(sa, true, "%s",
			       !c.enabled	     ? "crypto isakmp was disabled" :
			       !profile_stands(sa) ? "its isakmp profile was removed" :
						     "its key was removed");
		else if (sa->state == MM_DONE && (!same_dpd || (sa->profile[0] && !same_profiles)))
			dpd_start(sa);
	}
	return 0;
}

/* ---- events ---- */

/* A message that belongs to no SA: the first of a phase 1, or nothing. */
static void recv_unknown(struct ike *k, const struct ike_path *path, const struct ike_header *h,
			 struct span d)
{
	static const uint8_t none[8];
	char addr[IPADDR_STRLEN];
	struct ike_sa *sa;

	if ((h->exchange != EX_MAIN && h->exchange != EX_AGGRESSIVE) || memcmp(h->r_cookie, none, 8) != 0 ||
	    !memcmp(h->i_cookie, none, 8)) {
		act_debug_error(k, NULL, "IKE message from %s has no SA and is not an initialization offer",
			  ipaddr_ios(&path->remote, addr));
		if (auth_methods(k, &path->local, &path->remote))
			act_log(k, &path->remote, "CRYPTO-4-IKMP_NO_SA",
				"IKE message from %s has no SA and is not an initialization offer",
				ipaddr_ios(&path->remote, addr));
		return;
	}
	sa = sa_by_first(k, path, h);
	if (!sa && h->exchange == EX_AGGRESSIVE)
		aggressive_first(k, path, h, d);
	else if (!sa)
		main_first(k, path, h, d);
	/* its answer is sent again, unless it is being worked on yet (AG_R1), or was followed by more */
	else if ((sa->state != MM_R2 && sa->state != AG_R2) || !flight_is_repeat(k, &sa->flight, d))
		act_debug(k, sa, "a first message that is late or another one, ignored");
}

void ike_datagram(struct ike *k, uint64_t now_ms, const struct ike_path *path, struct span d)
{
	struct rd r = rd_span(d);
	struct ike_header h;
	struct ike_sa *sa;

	k->now_ms = now_ms;
	k->debug_about.now = path->remote;
	if (!k->cfg.enabled || d.len > IKE_MAX_MESSAGE || !ike_header_decode(&r, &h))
		return;
	if (h.next == PL_FRAGMENT) {
		d = frag_recv(k, path, &h, d);
		r = rd_span(d);
		if (!d.len || !ike_header_decode(&r, &h))
			return;
	}
	sa = sa_by_cookies(k, &h);
	if (!sa) {
		recv_unknown(k, path, &h, d);
		return;
	}
	if (sa->state == MM_DEAD || !sa_may_come_from(sa, path) ||
	    !ipaddr_equal(&path->local, &sa->path.local))
		return;
	if (path->local_port != 500)
		sa->heard_float = true;
	act_debug_recv(k, sa, path);
	switch (h.exchange) {
	case EX_MAIN:
		main_recv(sa, path, &h, d, NULL);
		break;
	case EX_AGGRESSIVE:
		aggressive_recv(sa, path, &h, d, NULL);
		break;
	case EX_QUICK:
		if (sa->state == AG_R2)
			aggressive_again(sa);
		else
			quick_recv(sa, path, &h, d);
		break;
	case EX_INFO:
		info_recv(sa, path, &h, d);
		break;
	default:
		act_debug(k, sa, "exchange type %u is not spoken here", h.exchange);
		break;
	}
}

void ike_acquire(struct ike *k, uint64_t now_ms, uint32_t policy_id, const struct flow *flow)
{
	const struct p2_policy *p = p2_by_id(k, policy_id);

	k->now_ms = now_ms;
	if (p && p->per_host) {
		p = made_for_flow(k, p, flow);
		if (!p) {
			act_failed(k, policy_id, "no room for another pair of hosts");
			return;
		}
		policy_id = p->id;
	}
	const struct pair *live = pair_current(k, policy_id);
	/* asked a moment before its SA was installed: nothing to do */
	if (live && now_ms - live->made_ms < IKE_ACQUIRE_RACE_MS &&
	    (!flow->local.family || selector_has(&live->in.sel, flow)))
		return;
	/* IOS negotiates the whole line, not the packet */
	if (!p) {
		act_failed(k, policy_id, "the policy is gone");
		return;
	}
	if (made_only_answers(p) && !live) {
		act_failed(k, policy_id, "an entry of a dynamic crypto map: its peer has to begin");
		return;
	}
	if (p->responder_only) {
		act_failed(k, policy_id, "responder-only: its peer has to begin");
		return;
	}
	policy_begins(k, p);
	negotiate_asked(k, p, flow);
}

void ike_expire(struct ike *k, uint64_t now_ms, uint32_t sa_id, bool hard, bool used)
{
	struct pair *p = pair_by_sa(k, sa_id);
	const struct p2_policy *policy;

	k->now_ms = now_ms;
	if (!p)
		return;
	if (hard) {
		pair_remove(p, true, "its lifetime is over and it was not renewed");
		return;
	}
	/* unused: it is renewed by the next packet, not by the clock */
	policy = p2_by_id(k, p->policy_id);
	if (p->retired || p->rekeying || !policy || pair_has_newer(p) ||
	    policy->responder_only || (!used && !policy->standing))
		return;
	p->rekeying = true;
	negotiate(k, policy);
}

void ike_clear_isakmp(struct ike *k, uint64_t now_ms, uint32_t conn_id)
{
	struct ike_sa *sa, *next;

	k->now_ms = now_ms;
	for (sa = TAILQ_FIRST(&k->sas); sa; sa = next) {
		next = TAILQ_NEXT(sa, entry);
		if (!conn_id || sa->conn_id == conn_id)
			sa_end(sa, true, "cleared by the operator");
	}
}

static void clear_pairs(struct ike *k, uint64_t now_ms, const struct ipaddr *peer, const char *map,
			uint32_t spi, const char *why)
{
	struct pair *p, *next;

	k->now_ms = now_ms;
	for (p = TAILQ_FIRST(&k->pairs); p; p = next) {
		next = TAILQ_NEXT(p, entry);
		if ((!peer || ipaddr_equal(&p->peer, peer)) &&
		    (!map || !strcmp(p->policy.map, map)) &&
		    (!spi || p->in.spi == spi || p->out.spi == spi || p->in.ah.spi == spi ||
		     p->out.ah.spi == spi))
			pair_remove(p, true, why);
	}
}

void ike_clear_ipsec(struct ike *k, uint64_t now_ms, const struct ipaddr *peer, const char *map,
		     uint32_t spi)
{
	clear_pairs(k, now_ms, peer, map, spi, "cleared by the operator");
}

void ike_forwarder_lost(struct ike *k, uint64_t now_ms)
{
	clear_pairs(k, now_ms, NULL, NULL, 0, "the forwarder was restarted");
	/* exchanges under way would install into the new one: begin them anew */
	struct ike_sa *sa;
	struct qm *q, *next;

	TAILQ_FOREACH(sa, &k->sas, entry)
		for (q = TAILQ_FIRST(&sa->qms); q; q = next) {
			next = TAILQ_NEXT(q, entry);
			if (q->state == QM_R2)
				quick_drop(q);
		}
}

/* ---- timers ---- */

/* Each kind of timer has one kind of owner. */
static void fire(struct timer *t)
{
	switch ((enum ike_timer)t->kind) {
	case T_QM_RESEND:
	case T_QM_LINGER:
	case T_QM_GIVE_UP:
	case T_SETTLE:
		qm_timer_fired(t->owner, t);
		break;
	case T_RETIRE:
	case T_RENEW:
		pair_timer_fired(t->owner, t);
		break;
	case T_MADE:
		made_timer_fired(t->owner);
		break;
	default:
		sa_timer_fired(t->owner, t);
		break;
	}
}

void ike_tick(struct ike *k, uint64_t now_ms)
{
	struct timer *t;

	k->now_ms = now_ms;
	while ((t = timers_pop(&k->timers, now_ms)))
		fire(t);
}

uint64_t ike_next_ms(const struct ike *k)
{
	return timers_next(&k->timers);
}
