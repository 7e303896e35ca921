/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from packets that pass, or do not: a pair that nobody uses is deleted
 * (`security-association idle-time`), and a pair by which packets leave and none come
 * back makes its peer suspect. */
#include "ike/internal.h"

static const struct ike_use *use_of(const struct ike_use *v, size_t n, uint32_t sa_id)
{
	size_t lo = 0;

	while (lo < n) {
		size_t mid = lo + (n - lo) / 2;

		if (v[mid].sa_id == sa_id)
			return &v[mid];
		if (v[mid].sa_id < sa_id)
			lo = mid + 1;
		else
			n = mid;
	}
	return NULL;
}

static void take(uint64_t *ms, const struct ike_use *u, uint64_t now_ms)
{
	if (u && u->idle_ms != UINT32_MAX && u->idle_ms <= now_ms && now_ms - u->idle_ms > *ms)
		*ms = now_ms - u->idle_ms;
}

static uint64_t last_use(const struct pair *p)
{
	uint64_t ms = p->in_ms > p->out_ms ? p->in_ms : p->out_ms;

	return p->since_ms > ms ? p->since_ms : ms;
}

static bool is_idle(const struct pair *p, const struct p2_policy *policy)
{
	return policy && policy->idle_sec && p->out_installed &&
	       p->k->now_ms >= last_use(p) + policy->idle_sec * UINT64_C(1000);
}

static void end_idle(struct pair *p, const struct p2_policy *policy)
{
	struct ike *k = p->k;
	char a[IPADDR_STRLEN];

	act_debug_ipsec(k, &p->peer, IKE_DEBUG_IPSEC_STATES, "(delete_sa): idle for %u s: peer %s, spi 0x%X", policy->idle_sec,
			ipaddr_ios(&p->peer, a), p->in.spi);
	pair_remove(p, true, "idle");
	if (policy->idle_default && !pair_current(k, policy->id))
		policy_to_default(k, policy);
}

/* A young pair has had no time for an answer. */
static bool is_one_way(const struct pair *p)
{
	uint64_t heard = p->in_ms > p->since_ms ? p->in_ms : p->since_ms;

	return p->out_ms > heard &&
	       p->k->now_ms >= heard + profile_pair_keepalive_sec(p) * UINT64_C(1000);
}

void ike_used(struct ike *k, uint64_t now_ms, const struct ike_use *v, size_t n)
{
	struct pair *p, *next;

	k->now_ms = now_ms;
	TAILQ_FOREACH(p, &k->pairs, entry) {
		take(&p->in_ms, use_of(v, n, p->in.id), now_ms);
		take(&p->out_ms, use_of(v, n, p->out.id), now_ms);
	}
	for (p = TAILQ_FIRST(&k->pairs); p; p = next) {
		const struct p2_policy *policy = p2_by_id(k, p->policy_id);

		next = TAILQ_NEXT(p, entry);
		if (is_idle(p, policy))
			end_idle(p, policy);
		else if (profile_pair_keepalive_sec(p) && is_one_way(p))
			dpd_suspect(p);
	}
}
