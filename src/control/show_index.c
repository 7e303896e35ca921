/* SPDX-License-Identifier: Apache-2.0 */
#include "control/show_index.h"

#include <stdlib.h>
#include <string.h>

#include "control/show_parts.h"

/* What an element is looked up by in the upper half, its number in the lower one; ascending. */
struct order {
	uint64_t *v;
	size_t n;
};

struct show_index {
	struct order sa_stats, policy_stats, p2, ifs, pairs, sas, sessions, matches;
};

/* ---- keys ---- */

static uint32_t key_of_sa_stats(const struct show_in *in, size_t i)
{
	return in->sa_stats[i].sa_id;
}

static uint32_t key_of_policy_stats(const struct show_in *in, size_t i)
{
	return in->policy_stats[i].policy_id;
}

static uint32_t key_of_p2(const struct show_in *in, size_t i)
{
	return in->p2[i].id;
}

static uint32_t key_of_if(const struct show_in *in, size_t i)
{
	return in->ifs[i].ifindex;
}

static uint32_t key_of_pair(const struct show_in *in, size_t i)
{
	return in->pairs[i].policy_id;
}

static uint32_t fnv1a(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint32_t h = UINT32_C(0x811c9dc5);

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * UINT32_C(0x01000193);
	return h;
}

/* Of an address no more than a hint: equal keys are compared by whoever looks. */
static uint32_t hint(const struct ipaddr *a)
{
	return fnv1a(a->b, ip_bits(a->family) / 8);
}

static uint32_t key_of_sa(const struct show_in *in, size_t i)
{
	return hint(&in->sas[i].peer);
}

static uint32_t session_hint(uint32_t ifid, const struct ipaddr *peer)
{
	return hint(peer) ^ ifid * UINT32_C(0x9e3779b1);
}

static uint32_t key_of_session(const struct show_in *in, size_t i)
{
	struct ipaddr peer = { 0 };

	(void)show_policy_peer(in, &in->p2[i], &peer);
	return session_hint(in->p2[i].ifid, &peer);
}

/* A hint as well. */
static uint32_t line_hint(const char *acl, uint32_t seq)
{
	return fnv1a(acl, strlen(acl)) ^ seq * UINT32_C(0x9e3779b1);
}

static uint32_t key_of_match(const struct show_in *in, size_t i)
{
	return line_hint(in->matches[i].acl, in->matches[i].seq);
}

typedef uint32_t key_fn(const struct show_in *in, size_t i);

/* ---- order ---- */

static int by_key(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool order_make(struct order *o, const struct show_in *in, key_fn *key, size_t n)
{
	o->v = malloc((n ? n : 1) * sizeof(*o->v));
	if (!o->v)
		return false;
	for (size_t i = 0; i < n; i++)
		o->v[i] = (uint64_t)key(in, i) << 32 | i;
	qsort(o->v, n, sizeof(*o->v), by_key);
	o->n = n;
	return true;
}

/* The first place whose key is not below. */
static size_t order_find(const struct order *o, uint32_t want)
{
	size_t lo = 0, hi = o->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (o->v[mid] >> 32 < want)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The next element with that key, the *at-th of them at first 0; n if there is none. Without an
 * order *at is where to go on looking. */
static size_t next(const struct order *o, const struct show_in *in, key_fn *key, uint32_t want, size_t n,
		   size_t *at)
{
	if (o) {
		size_t place = order_find(o, want) + *at;

		if (place >= o->n || o->v[place] >> 32 != want)
			return n;
		++*at;
		return (uint32_t)o->v[place];
	}
	for (size_t i = *at; i < n; i++)
		if (key(in, i) == want) {
			*at = i + 1;
			return i;
		}
	return n;
}

static const struct order *order(const struct show_in *in, size_t offset)
{
	return in->index ? (const struct order *)(const void *)((const char *)in->index + offset) : NULL;
}
#define ORDER(in, what) order(in, offsetof(struct show_index, what))

struct show_index *show_index_new(const struct show_in *in)
{
	struct show_index *x = calloc(1, sizeof(*x));
	struct show_in with = *in; /* who a policy is with is found by the other orders */

	with.index = x;
	if (x && order_make(&x->sa_stats, in, key_of_sa_stats, in->n_sa_stats) &&
	    order_make(&x->policy_stats, in, key_of_policy_stats, in->n_policy_stats) &&
	    order_make(&x->p2, in, key_of_p2, in->n_p2) && order_make(&x->ifs, in, key_of_if, in->n_ifs) &&
	    order_make(&x->pairs, in, key_of_pair, in->n_pairs) && order_make(&x->sas, in, key_of_sa, in->n_sas) &&
	    order_make(&x->matches, in, key_of_match, in->n_matches) &&
	    order_make(&x->sessions, &with, key_of_session, in->n_p2))
		return x;
	show_index_free(x);
	return NULL;
}

void show_index_free(struct show_index *x)
{
	if (!x)
		return;
	free(x->sa_stats.v);
	free(x->policy_stats.v);
	free(x->p2.v);
	free(x->ifs.v);
	free(x->pairs.v);
	free(x->sas.v);
	free(x->sessions.v);
	free(x->matches.v);
	free(x);
}

/* ---- look-ups ---- */

const struct fwd_sa_stats *show_find_sa_stats(const struct show_in *in, uint32_t sa_id)
{
	size_t at = 0, i = next(ORDER(in, sa_stats), in, key_of_sa_stats, sa_id, in->n_sa_stats, &at);

	return i < in->n_sa_stats ? &in->sa_stats[i] : NULL;
}

const struct fwd_policy_stats *show_find_policy_stats(const struct show_in *in, uint32_t policy_id)
{
	size_t at = 0, n = in->n_policy_stats;
	size_t i = next(ORDER(in, policy_stats), in, key_of_policy_stats, policy_id, n, &at);

	return i < n ? &in->policy_stats[i] : NULL;
}

const struct p2_policy *show_find_p2(const struct show_in *in, uint32_t policy_id)
{
	size_t at = 0, i = next(ORDER(in, p2), in, key_of_p2, policy_id, in->n_p2, &at);

	return i < in->n_p2 ? &in->p2[i] : NULL;
}

const struct if_snapshot *show_find_if(const struct show_in *in, uint32_t ifindex)
{
	size_t at = 0, i = ifindex ? next(ORDER(in, ifs), in, key_of_if, ifindex, in->n_ifs, &at) : in->n_ifs;

	return i < in->n_ifs ? &in->ifs[i] : NULL;
}

const struct ike_pair_info *show_next_pair(const struct show_in *in, uint32_t policy_id, size_t *at)
{
	size_t i = next(ORDER(in, pairs), in, key_of_pair, policy_id, in->n_pairs, at);

	return i < in->n_pairs ? &in->pairs[i] : NULL;
}

const struct ike_sa_info *show_next_sa(const struct show_in *in, const struct ipaddr *peer, size_t *at)
{
	size_t i;

	while ((i = next(ORDER(in, sas), in, key_of_sa, hint(peer), in->n_sas, at)) < in->n_sas)
		if (ipaddr_equal(&in->sas[i].peer, peer))
			return &in->sas[i];
	return NULL;
}

const struct p2_policy *show_next_policy(const struct show_in *in, uint32_t ifid, const struct ipaddr *peer,
					 size_t *at)
{
	struct ipaddr with;
	size_t i;

	while ((i = next(ORDER(in, sessions), in, key_of_session, session_hint(ifid, peer), in->n_p2, at)) < in->n_p2)
		if (in->p2[i].ifid == ifid && show_policy_peer(in, &in->p2[i], &with) && ipaddr_equal(&with, peer))
			return &in->p2[i];
	return NULL;
}

uint64_t show_count_matches(const struct show_in *in, const char *acl, uint32_t seq)
{
	size_t at = 0, i;
	uint64_t n = 0;

	while ((i = next(ORDER(in, matches), in, key_of_match, line_hint(acl, seq), in->n_matches, &at)) < in->n_matches)
		if (in->matches[i].seq == seq && !strcmp(in->matches[i].acl, acl))
			n += in->matches[i].n;
	return n;
}
