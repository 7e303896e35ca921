/* SPDX-License-Identifier: Apache-2.0 */
/* A forwarder in miniature behind every core, and the judge: what is installed must
 * agree with the other end, what is in use must stay there, and nothing may grow. */
#include <malloc.h>

#include "chaos.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- who is who ---- */

struct link *link_of(unsigned node, uint32_t policy, struct line **ret_line, unsigned *ret_end)
{
	for (unsigned i = 0; i < w.n_links; i++)
		for (unsigned e = 0; e < 2; e++)
			for (unsigned k = 0; w.link[i].end[e] == node && k < w.link[i].n_lines; k++)
				if (w.link[i].line[k].policy[e] == policy) {
					*ret_line = &w.link[i].line[k];
					*ret_end = e;
					return &w.link[i];
				}
	chaos_fail("router %u: policy %u is nobody's", node, policy);
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const uint64_t seed[2] = { h, 0x5eed };

	return hash_bytes(seed, p, n);
}

/* All that both ends must agree on, from the sender's side of it. */
static uint64_t print_of(const struct sa_spec *s)
{
	bool out = s->dir == SA_OUT;
	const struct addr_match *from = out ? &s->sel.local : &s->sel.remote;
	const struct addr_match *to = out ? &s->sel.remote : &s->sel.local;
	const struct port_match *fp = out ? &s->sel.local_port : &s->sel.remote_port;
	const struct port_match *tp = out ? &s->sel.remote_port : &s->sel.local_port;
	uint64_t h = mix(1, &s->spi, sizeof(s->spi));

	h = mix(h, s->enc_key.b, s->enc_key.len);
	h = mix(h, s->auth_key.b, s->auth_key.len);
	h = mix(h, &s->cipher, 1);
	h = mix(h, &s->cipher_bits, sizeof(s->cipher_bits));
	h = mix(h, &s->auth, 1);
	h = mix(h, &s->proto, 1);
	h = mix(h, &s->ah.spi, sizeof(s->ah.spi));
	h = mix(h, &s->ah.auth, 1);
	h = mix(h, s->ah.key.b, s->ah.key.len);
	h = mix(h, &s->mode, 1);
	h = mix(h, &s->udp_encap, sizeof(s->udp_encap));
	h = mix(h, &s->sel.proto, 1);
	h = mix(h, from, sizeof(*from));
	h = mix(h, to, sizeof(*to));
	h = mix(h, fp, sizeof(*fp));
	h = mix(h, tp, sizeof(*tp));
	h = mix(h, &s->life.hard_sec, sizeof(s->life.hard_sec));
	return mix(h, &s->life.hard_bytes, sizeof(s->life.hard_bytes));
}

static struct held *held_by_spi(struct node *n, uint32_t spi, enum sa_dir dir)
{
	for (size_t i = n->n_held; i-- > 0;)
		if (n->held[i].spec.spi == spi && n->held[i].spec.dir == dir)
			return &n->held[i];
	return NULL;
}

static bool was_there(const struct node *n, uint32_t spi, enum sa_dir dir, uint64_t print)
{
	for (size_t i = n->n_past; i-- > 0;)
		if (n->past[i].spi == spi && n->past[i].dir == dir)
			return n->past[i].print == print;
	return false;
}

/* ---- installing ---- */

static void schedule(struct node *n)
{
	n->sa_at = NEVER;
	for (size_t i = 0; i < n->n_held; i++) {
		const struct held *h = &n->held[i];
		uint64_t sec = h->told_soft ? h->spec.life.hard_sec : h->spec.life.soft_sec;
		uint64_t at = h->at_ms + sec * 1000;

		at = at > n->clock_off ? at - n->clock_off : 0;
		if (at < n->sa_at)
			n->sa_at = at;
	}
}

static void remove_at(struct node *n, size_t i)
{
	if (n->n_past == n->past_cap) {
		n->past_cap = n->past_cap ? 2 * n->past_cap : 64;
		n->past = reallocarray(n->past, n->past_cap, sizeof(*n->past));
		if (!n->past)
			abort();
	}
	n->past[n->n_past++] = (struct past){ n->held[i].spec.spi, n->held[i].spec.dir,
					      n->held[i].print };
	n->held[i] = n->held[--n->n_held];
	schedule(n);
}

static void sa_del(struct node *n, uint32_t id)
{
	for (size_t i = 0; i < n->n_held; i++)
		if (n->held[i].spec.id == id) {
			tell("%u removes SA %u %s spi %x", node_no(n), id,
			     n->held[i].spec.dir == SA_IN ? "in" : "out", n->held[i].spec.spi);
			remove_at(n, i);
			return;
		}
}

static bool same_key(const struct sa_key *a, const struct sa_key *b)
{
	return a->len && a->len == b->len && !memcmp(a->b, b->b, a->len);
}

/* No key serves twice: in no other SA, and not as ESP's and AH's of one bundle. */
static bool shares_a_key(const struct sa_spec *a, const struct sa_spec *b)
{
	const struct sa_key *x[] = { &a->enc_key, &a->auth_key, &a->ah.key };
	const struct sa_key *y[] = { &b->enc_key, &b->auth_key, &b->ah.key };

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 3; k++)
			if ((a != b || i != k) && same_key(x[i], y[k]))
				return true;
	return false;
}

static void judge_new(struct node *n, const struct held *h)
{
	const struct sa_spec *s = &h->spec;
	struct line *line;
	unsigned e;
	struct link *l = link_of(node_no(n), s->policy_id, &line, &e);
	struct node *peer = &w.node[l->end[!e]];

	if (l->keys_differ || !l->p1_fits)
		chaos_fail("router %u installs an SA with %u, though %s", node_no(n), l->end[!e],
			   l->keys_differ ? "their keys differ" : "no policy of theirs fits");
	if (s->life.soft_sec >= s->life.hard_sec ||
	    (s->life.hard_bytes && s->life.soft_bytes >= s->life.hard_bytes))
		chaos_fail("router %u: an SA is renewed after its end", node_no(n));
	if ((s->proto == PROTO_AH || s->ah.spi) && (n->nat || peer->nat))
		chaos_fail("router %u: AH through a NAT", node_no(n));
	if (s->proto == PROTO_AH && (s->ah.spi || s->enc_key.len || !s->auth_key.len))
		chaos_fail("router %u: AH alone with something of ESP", node_no(n));
	w.ah_sas += s->proto == PROTO_AH || s->ah.spi;
	for (size_t i = 0; i < n->n_held; i++) {
		const struct sa_spec *x = &n->held[i].spec;

		if (x->id == s->id || (x->dir == s->dir && s->dir == SA_IN && x->spi == s->spi))
			chaos_fail("router %u: SA %u spi %x is there twice", node_no(n), s->id, s->spi);
		if (shares_a_key(s, x))
			chaos_fail("router %u: one key serves SAs %u and %u", node_no(n), x->id, s->id);
	}
	if (shares_a_key(s, s))
		chaos_fail("router %u: one key serves ESP and AH of SA %u", node_no(n), s->id);
	if (s->dir != SA_OUT)
		return;
	/* he must have had the other end before we may send */
	const struct held *twin = held_by_spi(peer, s->spi, SA_IN);
	if (twin ? twin->print != h->print : !was_there(peer, s->spi, SA_IN, h->print))
		chaos_fail("router %u sends on spi %x, which %u %s", node_no(n), s->spi, l->end[!e],
			   twin ? "understands otherwise" : "never had");
}

static void sa_add(struct node *n, const struct sa_spec *spec)
{
	struct held h = { .spec = *spec, .at_ms = node_now(n) };

	h.print = print_of(spec);
	tell("%u installs SA %u %s spi %x policy %u pair %u", node_no(n), spec->id,
	     spec->dir == SA_IN ? "in" : "out", spec->spi, spec->policy_id, spec->pair_id);
	judge_new(n, &h);
	if (n->n_held == n->held_cap) {
		n->held_cap = n->held_cap ? 2 * n->held_cap : 16;
		n->held = reallocarray(n->held, n->held_cap, sizeof(*n->held));
		if (!n->held)
			abort();
	}
	n->held[n->n_held++] = h;
	w.quick_modes += spec->dir == SA_OUT;
	schedule(n);
}

void fwd_forget(struct node *n)
{
	while (n->n_held)
		remove_at(n, n->n_held - 1);
}

void node_drain(struct node *n)
{
	struct ike_action a;

	while (ike_next_action(n->ike, &a)) {
		switch (a.type) {
		case IKE_ACT_SEND:
			net_send(n, &a);
			break;
		case IKE_ACT_SA_ADD:
			sa_add(n, a.spec);
			break;
		case IKE_ACT_WORK: {
			struct ike_env env = node_env(n);

			work_put(n, &env, a.work);
			break;
		}
		case IKE_ACT_SA_DEL:
			sa_del(n, a.sa_id);
			break;
		case IKE_ACT_FAILED:
			tell("%u policy %u failed: %s", node_no(n), a.policy_id, a.text);
			break;
		case IKE_ACT_DEBUG:
			tell("%u . %s", node_no(n), a.text);
			break;
		default:
			break;
		}
	}
	uint64_t at = ike_next_ms(n->ike);
	n->ike_at = at == NEVER ? NEVER : at > n->clock_off ? at - n->clock_off : 0;
}

/* ---- lifetimes ---- */

static void expire(struct node *n, uint32_t id, bool hard, bool used)
{
	tell("%u SA %u expires %s%s", node_no(n), id, hard ? "hard" : "soft", used ? "" : " unused");
	ike_expire(n->ike, node_now(n), id, hard, used);
	node_drain(n);
}

/* True if something was due: the list may have changed. */
static bool expire_one(struct node *n)
{
	for (size_t i = 0; i < n->n_held; i++) {
		struct held *h = &n->held[i];
		const struct sa_life *l = &h->spec.life;
		uint64_t age_sec = (node_now(n) - h->at_ms) / 1000;
		uint32_t id = h->spec.id;
		bool used = h->packets > 0;

		if (age_sec >= l->hard_sec || (l->hard_bytes && h->bytes >= l->hard_bytes)) {
			remove_at(n, i);
			expire(n, id, true, used);
			return true;
		}
		if (!h->told_soft &&
		    (age_sec >= l->soft_sec || (l->soft_bytes && h->bytes >= l->soft_bytes))) {
			h->told_soft = true;
			schedule(n);
			expire(n, id, false, used);
			return true;
		}
	}
	return false;
}

void fwd_expire(struct node *n)
{
	while (expire_one(n))
		;
	schedule(n);
}

/* ---- traffic ---- */

static int by_sa_id(const void *a, const void *b)
{
	const struct ike_use *x = a, *y = b;

	return x->sa_id < y->sa_id ? -1 : x->sa_id > y->sa_id;
}

void fwd_tell_use(struct node *n)
{
	struct ike_use *u = calloc(n->n_held + 1, sizeof(*u));

	if (!u)
		abort();
	for (size_t i = 0; i < n->n_held; i++)
		u[i] = (struct ike_use){ n->held[i].spec.id,
					 n->held[i].packet_ms ?
						 (uint32_t)(node_now(n) - n->held[i].packet_ms) :
						 UINT32_MAX };
	qsort(u, n->n_held, sizeof(*u), by_sa_id);
	ike_used(n->ike, node_now(n), u, n->n_held);
	free(u);
	node_drain(n);
}

/* The newest of the policy, as the forwarder picks it. */
static struct held *pick(struct node *n, uint32_t policy)
{
	struct held *best = NULL;

	for (size_t i = 0; i < n->n_held; i++)
		if (n->held[i].spec.policy_id == policy && n->held[i].spec.dir == SA_OUT &&
		    (!best || n->held[i].spec.pair_id > best->spec.pair_id))
			best = &n->held[i];
	return best;
}

static void gap(unsigned link, unsigned line, unsigned e, const char *what, uint32_t spi)
{
	if (!w.strict || !w.link[link].line[line].up[e] || !w.link[link].line[line].works[0] ||
	    !w.link[link].line[line].works[1])
		return;
	w.gaps++;
	chaos_fail("traffic of router %u to %u, line %u: %s (spi %x)", w.link[link].end[e],
		   w.link[link].end[!e], line, what, spi);
}

static void send_packet(unsigned link, unsigned k, unsigned e)
{
	struct link *l = &w.link[link];
	struct line *line = &l->line[k];
	struct node *n = &w.node[l->end[e]];
	struct held *h = pick(n, line->policy[e]);
	uint32_t size = 64 + below(1400) * (chance(20) ? 40 : 1); /* some are many */

	if (n->dead)
		return;
	w.packets++;
	if (!h) {
		static const struct flow any;

		gap(link, k, e, "no SA to send on", 0);
		ike_acquire(n->ike, node_now(n), line->policy[e], &any);
		node_drain(n);
		return;
	}
	struct wire *d = calloc(1, sizeof(*d));
	if (!d)
		abort();
	d->esp = true;
	d->at_ms = w.now_ms + w.delay_ms;
	d->link = (uint16_t)link;
	d->line = (uint8_t)k;
	d->from_end = (uint8_t)e;
	d->spi = d->outer_spi = h->spec.spi;
	d->proto = h->spec.proto;
	if (h->spec.ah.spi) {
		d->proto = PROTO_AH;
		d->outer_spi = h->spec.ah.spi;
	}
	d->len = size;
	net_push(d);
	h->packets++;
	h->packet_ms = node_now(n);
	h->bytes += size;
	fwd_expire(n);
}

void fwd_traffic(void)
{
	for (unsigned i = 0; i < w.n_links; i++)
		for (unsigned k = 0; k < w.link[i].n_lines; k++)
			for (unsigned e = 0; e < 2; e++)
				if (w.link[i].line[k].flow[e])
					send_packet(i, k, e);
}

void fwd_arrive(const struct wire *d)
{
	struct link *l = &w.link[d->link];
	struct node *n = &w.node[l->end[!d->from_end]];
	struct held *h;

	if (net_cut(l, node_no(n)) || n->dead)
		return;
	h = held_by_spi(n, d->spi, SA_IN);
	if (!h) {
		tell("%u gets a packet with unknown spi %x", node_no(n), d->spi);
		gap(d->link, d->line, d->from_end, "the peer does not know the SA", d->spi);
		ike_unknown_spi(n->ike, node_now(n), &w.node[l->end[d->from_end]].shown, d->proto,
				d->outer_spi);
		node_drain(n);
		return;
	}
	if (!l->line[d->line].up[d->from_end]) {
		tell("traffic of %u to %u line %u arrives", l->end[d->from_end], node_no(n), d->line);
		l->line[d->line].up_ms[d->from_end] = w.now_ms;
	}
	l->line[d->line].up[d->from_end] = true;
	h->packets++;
	h->packet_ms = node_now(n);
	h->bytes += d->len;
	fwd_expire(n);
}

/* ---- judging all of it ---- */

/* What happened before its clock jumped began at the jump. */
static uint64_t age_of(const struct node *n, uint64_t since)
{
	return node_now(n) - (since > n->jumped_ms ? since : n->jumped_ms);
}

static const struct link *node_of(const struct node *n, const struct ipaddr *peer)
{
	for (unsigned i = 0; i < w.n_nodes; i++)
		if (ipaddr_equal(&w.node[i].shown, peer))
			return net_between(node_no(n), i);
	return NULL;
}

/* What the cores have allocated: a base for each (a library context of libcrypto), and so
 * much for each object. An ISAKMP SA has its message ids beside it. */
static void audit_heap(size_t sas, size_t qms, size_t pairs, size_t configured, size_t ids)
{
	size_t ours = w.wire_cap * sizeof(*w.wire), used = mallinfo2().uordblks;
	size_t may = w.n_nodes * UINT64_C(393216) + sas * 8192 + qms * 3072 + pairs * 4096 + ids * 8 +
		     configured * 2 * sizeof(struct p2_policy);

	if (!w.heap) /* a sanitizer's heap does not tell */
		return;
	for (size_t i = 0; i < w.n_wire; i++)
		ours += sizeof(*w.wire[i]) + w.wire[i]->len + 16;
	for (unsigned i = 0; i < w.n_nodes; i++)
		ours += w.node[i].held_cap * sizeof(*w.node[i].held) +
			w.node[i].past_cap * sizeof(*w.node[i].past);
	used -= used > w.heap + ours ? w.heap + ours : used;
	w.most_bytes = used / w.n_nodes > w.most_bytes ? used / w.n_nodes : w.most_bytes;
	if (used > may)
		chaos_fail("%zu bytes are in use for %zu ISAKMP SAs and %zu pairs of %u routers", used,
			   sas, pairs, w.n_nodes);
}

static void audit_sa(const struct node *n, const struct ike_sa *sa, size_t *alive)
{
	uint64_t age = age_of(n, sa->made_ms), slack = 2000 + (w.defer ? IKE_GIVE_UP_MS : 0);
	const struct qm *q;

	*alive += sa->state != MM_DEAD;
	if (sa->initiator && sa->was_up && sa->up_ms > n->audited_ms) {
		w.main_modes++;
		w.rsa_modes += sa->agreed.auth == IKE_AUTH_RSA_SIG;
		w.ag_modes += sa->aggressive;
	}
	const struct link *l = node_of(n, &sa->path.remote);
	if (sa->was_up && (!l || l->keys_differ || !l->p1_fits))
		chaos_fail("router %u: phase 1 is up with a peer whose keys differ", node_no(n));
	if (sa->initiator ? (sa->state == MM_I1 || sa->state == MM_I3 || sa->state == MM_I5) &&
				    age > 3 * 31000 + slack :
			    (sa->state == MM_R2 || sa->state == MM_R4 || sa->state == AG_R1 || sa->state == AG_R2) &&
				    age > IKE_GIVE_UP_MS + 2000)
		chaos_fail("router %u: a main mode does not end (state %d, %llu ms)", node_no(n),
			   sa->state, (unsigned long long)age);
	if (!timer_armed(&sa->life) && !timer_armed(&sa->linger) && !timer_armed(&sa->flight.timer))
		chaos_fail("router %u: an ISAKMP SA without a timer (state %d)", node_no(n), sa->state);
	if (sa->state == MM_DEAD && sa->linger.at_ms > node_now(n) + 60000)
		chaos_fail("router %u: an ISAKMP SA that is over stays for more than a minute", node_no(n));
	if (sa->n_qms > IKE_MAX_QM_PER_SA + IKE_QM_AT_ONCE || sa->n_seen > IKE_MAX_SEEN ||
	    sa->n_pending > n->n_p2)
		chaos_fail("router %u: %zu quick modes, %zu ids, %zu waiting on one SA", node_no(n),
			   sa->n_qms, sa->n_seen, sa->n_pending);
	TAILQ_FOREACH(q, &sa->qms, entry) {
		if (age_of(n, q->made_ms) > (q->state == QM_DONE ? 31000 + IKE_LINGER_MS : 31000) + slack)
			chaos_fail("router %u: a quick mode does not end (state %d)", node_no(n),
				   q->state);
		if (!timer_armed(&q->linger) && !timer_armed(&q->flight.timer))
			chaos_fail("router %u: a quick mode without a timer (state %d)", node_no(n),
				   q->state);
	}
}

void fwd_audit(void)
{
	size_t all_sas = 0, all_qms = 0, all_pairs = 0, configured = 0, ids = 0;

	for (unsigned i = 0; i < w.n_nodes; i++) {
		struct node *n = &w.node[i];
		const struct ike_sa *sa;
		const struct pair *p;
		size_t alive = 0, pairs = 0, work = 0;
		const struct qm *q;

		if (n->dead)
			continue;
		TAILQ_FOREACH(sa, &n->ike->sas, entry) {
			audit_sa(n, sa, &alive);
			all_sas++;
			all_qms += sa->n_qms;
			work += sa->work != NULL;
			TAILQ_FOREACH(q, &sa->qms, entry)
				work += q->work != NULL;
			ids += sa->seen_cap;
		}
		if (work != n->ike->n_work || work + n->ike->n_orphans != n->ike->index.works.n ||
		    n->ike->n_asked[0] + n->ike->n_asked[1] > n->ike->index.works.n)
			chaos_fail("router %u: %zu exchanges wait for public-key work, %zu are counted", i, work,
				   n->ike->n_work);
		n->audited_ms = node_now(n);
		TAILQ_FOREACH(p, &n->ike->pairs, entry)
			pairs++;
		if (alive > 4 + 12u * n->n_links || n->ike->index.notes.n > n->n_p2)
			chaos_fail("router %u: %zu ISAKMP SAs live with %u peers", i, alive,
				   n->n_links);
		if (pairs > 24 * n->n_p2)
			chaos_fail("router %u: %zu pairs for %zu policies", i, pairs, n->n_p2);
		w.most_sas = alive > w.most_sas ? alive : w.most_sas;
		w.most_pairs = pairs > w.most_pairs ? pairs : w.most_pairs;
		/* whatever the forwarder has, the core knows */
		for (size_t k = 0; k < n->n_held; k++)
			if (n->held[k].spec.dir == SA_OUT &&
			    !pair_by_sa(n->ike, n->held[k].spec.id))
				chaos_fail("router %u: the core has forgotten SA %u", i,
					   n->held[k].spec.id);
		all_pairs += pairs;
		configured += n->n_p2;
	}
	audit_heap(all_sas, all_qms, all_pairs, configured, ids);
}

/* If only one end can begin and the other has forgotten all, nobody finds out before
 * the SA's end: these lines are not judged. */
void fwd_judge_up(void)
{
	for (unsigned i = 0; i < w.n_links; i++)
		for (unsigned k = 0; k < w.link[i].n_lines; k++)
			for (unsigned e = 0; e < 2; e++) {
				const struct line *line = &w.link[i].line[k];

				if (line->works[0] && line->works[1] && line->flow[e] && !line->up[e])
					chaos_fail("router %u to %u, line %u: not up %u s after all was "
						   "whole again: %s",
						   w.link[i].end[e], w.link[i].end[!e], k,
						   SETTLE_MS / 1000,
						   ike_policy_story(w.node[w.link[i].end[e]].ike,
								    line->policy[e]));
			}
}

/* How long the peer of a router that was dead may send into nothing. The router begins by
 * itself; or it says that it does not know what comes (and has a minute between two
 * attempts); or the peer asks it (DPD: after a sample, six times), by a probe of 31 s if
 * phase 1 is over. NEVER: nobody notices before the SA's end. */
static uint64_t revival_ms(const struct node *n, const struct node *peer, bool speaks)
{
	uint64_t dpd = peer->cfg.keepalive_sec + 6u * peer->cfg.keepalive_retry_sec + 31;

	if (speaks)
		return 45000;
	if (n->cfg.invalid_spi_recovery)
		return 75000;
	return peer->cfg.keepalive_sec ? USE_MS + 1000 * dpd + 10000 : NEVER;
}

static void judge_revived(unsigned link, unsigned e, unsigned k, uint64_t since_ms)
{
	const struct link *l = &w.link[link];
	const struct line *line = &l->line[k];
	uint64_t bound = revival_ms(&w.node[l->end[e]], &w.node[l->end[!e]], line->flow[e]);

	if (!line->works[0] || !line->works[1] || bound == NEVER)
		return;
	w.revived++;
	for (unsigned x = 0; x < 2; x++)
		if (line->flow[x] && (!line->up[x] || line->up_ms[x] > since_ms + bound))
			chaos_fail("router %u to %u, line %u: not up %llu s after %u was back",
				   l->end[x], l->end[!x], k, (unsigned long long)bound / 1000,
				   l->end[e]);
}

void fwd_judge_revived(const struct node *n, uint64_t since_ms)
{
	for (unsigned i = 0; i < w.n_links; i++)
		for (unsigned e = 0; e < 2; e++)
			for (unsigned k = 0; w.link[i].end[e] == node_no(n) && k < w.link[i].n_lines;
			     k++)
				judge_revived(i, e, k, since_ms);
}

/* What is sent on has its other end, or that end has said (or thought) delete. An inbound
 * SA alone may wait for a peer who never got our last message. */
void fwd_judge_twins(void)
{
	for (unsigned i = 0; i < w.n_nodes; i++)
		for (size_t k = 0; k < w.node[i].n_held; k++) {
			const struct held *h = &w.node[i].held[k];
			struct line *line;
			unsigned e;
			struct link *l = link_of(i, h->spec.policy_id, &line, &e);
			struct node *peer = &w.node[l->end[!e]];
			enum sa_dir other = h->spec.dir == SA_IN ? SA_OUT : SA_IN;
			const struct held *twin = held_by_spi(peer, h->spec.spi, other);

			if (twin && twin->print != h->print)
				chaos_fail("routers %u and %u disagree on spi %x", i, l->end[!e],
					   h->spec.spi);
			if (!twin && h->spec.dir == SA_OUT &&
			    !was_there(peer, h->spec.spi, other, h->print) &&
			    node_now(&w.node[i]) - h->at_ms > 120000)
				chaos_fail("router %u keeps spi %x that %u never had", i, h->spec.spi,
					   l->end[!e]);
		}
}
