/* SPDX-License-Identifier: Apache-2.0 */
/* Keyrings and ISAKMP profiles of a configuration, and how strong a key is. */
#include "model/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

const struct cfg_keyring cfg_keyring_defaults = { .n = 0 };
const struct cfg_isakmp_profile cfg_isakmp_profile_defaults = { .n_matches = 0 };

static void set_name(char dst[CFG_NAME_MAX], const char *src)
{
	size_t n = strnlen(src, CFG_NAME_MAX - 1);

	memset(dst, 0, CFG_NAME_MAX);
	memcpy(dst, src, n);
}

/* ---- keyrings ---- */

struct cfg_keyring *keys_find_ring(const struct cfg_keys *k, const char *name)
{
	for (size_t i = 0; i < k->n_keyrings; i++)
		if (!strcmp(k->keyrings[i]->name, name))
			return k->keyrings[i];
	return NULL;
}

struct cfg_keyring *keys_add_ring(struct cfg_keys *k, const char *name)
{
	struct cfg_keyring *r = keys_find_ring(k, name);

	if (r || k->n_keyrings == CFG_MAX_KEYRINGS)
		return r;
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	set_name(r->name, name);
	k->keyrings[k->n_keyrings++] = r;
	return r;
}

static void ring_free(struct cfg_keyring *r)
{
	for (size_t i = 0; i < r->n; i++)
		secret_free(r->keys[i], sizeof(*r->keys[i]));
	free(r->keys);
	kept_fini(&r->kept);
	free(r);
}

void keys_del_ring(struct cfg_keys *k, struct cfg_keyring *r)
{
	for (size_t i = 0; i < k->n_keyrings; i++) {
		if (k->keyrings[i] != r)
			continue;
		k->n_keyrings--;
		memmove(k->keyrings + i, k->keyrings + i + 1,
			(k->n_keyrings - i) * sizeof(k->keyrings[0]));
		ring_free(r);
		return;
	}
}

struct cfg_key *cfg_ring_find(const struct cfg_keyring *r, const struct ipaddr *addr,
			      const struct ipaddr *mask, const char *host)
{
	for (size_t i = 0; i < r->n; i++) {
		struct cfg_key *k = r->keys[i];

		if (addr ? ipaddr_equal(&k->addr, addr) && ipaddr_equal(&k->mask, mask) :
			   !k->addr.family && !strcmp(k->host, host))
			return k;
	}
	return NULL;
}

struct cfg_key *cfg_ring_add(struct cfg_keyring *r, const struct cfg_key *k)
{
	struct cfg_key *own = cfg_ring_find(r, k->addr.family ? &k->addr : NULL, &k->mask, k->host);

	if (own) {
		*own = *k;
		return own;
	}
	if (r->n == CFG_MAX_RING_KEYS)
		return NULL;
	struct cfg_key **v = reallocarray(r->keys, r->n + 1, sizeof(struct cfg_key *));
	if (!v)
		return NULL;
	r->keys = v;
	own = malloc(sizeof(*own));
	if (!own)
		return NULL;
	*own = *k;
	r->keys[r->n++] = own;
	return own;
}

void cfg_ring_del(struct cfg_keyring *r, struct cfg_key *k)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->keys[i] != k)
			continue;
		r->n--;
		memmove(r->keys + i, r->keys + i + 1, (r->n - i) * sizeof(struct cfg_key *));
		secret_free(k, sizeof(*k));
		return;
	}
}

static int ring_clone(const struct cfg_keyring *from, struct cfg_keys *to)
{
	struct cfg_keyring *r = keys_add_ring(to, from->name);

	if (!r)
		return -ENOMEM;
	struct cfg_keyring copy = *from;
	copy.n = 0;
	copy.keys = NULL;
	memset(&copy.kept, 0, sizeof(copy.kept));
	*r = copy;
	for (size_t i = 0; i < from->n; i++)
		if (!cfg_ring_add(r, from->keys[i]))
			return -ENOMEM;
	return kept_clone(&from->kept, &r->kept);
}

bool cfg_local_equal(const struct cfg_local *a, const struct cfg_local *b)
{
	return ipaddr_equal(&a->addr, &b->addr) && !strcmp(a->ifname, b->ifname);
}

static bool ring_equal(const struct cfg_keyring *a, const struct cfg_keyring *b)
{
	if (strcmp(a->name, b->name) || strcmp(a->vrf, b->vrf) ||
	    strcmp(a->description, b->description) || !cfg_local_equal(&a->local, &b->local) || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!cfg_key_equal(a->keys[i], b->keys[i]))
			return false;
	return kept_equal(&a->kept, &b->kept);
}

/* ---- profiles ---- */

struct cfg_isakmp_profile *keys_find_profile(const struct cfg_keys *k, const char *name)
{
	for (size_t i = 0; i < k->n_profiles; i++)
		if (!strcmp(k->profiles[i]->name, name))
			return k->profiles[i];
	return NULL;
}

struct cfg_isakmp_profile *keys_add_profile(struct cfg_keys *k, const char *name)
{
	struct cfg_isakmp_profile *p = keys_find_profile(k, name);

	if (p || k->n_profiles == CFG_MAX_PROFILES)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	set_name(p->name, name);
	k->profiles[k->n_profiles++] = p;
	return p;
}

static void profile_free(struct cfg_isakmp_profile *p)
{
	kept_fini(&p->kept);
	free(p);
}

void keys_del_profile(struct cfg_keys *k, struct cfg_isakmp_profile *p)
{
	for (size_t i = 0; i < k->n_profiles; i++) {
		if (k->profiles[i] != p)
			continue;
		k->n_profiles--;
		memmove(k->profiles + i, k->profiles + i + 1,
			(k->n_profiles - i) * sizeof(k->profiles[0]));
		profile_free(p);
		return;
	}
}

static int profile_clone(const struct cfg_isakmp_profile *from, struct cfg_keys *to)
{
	struct cfg_isakmp_profile *p = keys_add_profile(to, from->name);

	if (!p)
		return -ENOMEM;
	struct cfg_isakmp_profile copy = *from;
	memset(&copy.kept, 0, sizeof(copy.kept));
	*p = copy;
	return kept_clone(&from->kept, &p->kept);
}

static bool match_equal(const struct cfg_match *a, const struct cfg_match *b)
{
	return a->kind == b->kind && ipaddr_equal(&a->addr, &b->addr) &&
	       ipaddr_equal(&a->mask, &b->mask) && !strcmp(a->name, b->name) &&
	       !strcmp(a->vrf, b->vrf);
}

static bool profile_equal(const struct cfg_isakmp_profile *a, const struct cfg_isakmp_profile *b)
{
	if (a->n_keyrings != b->n_keyrings || a->n_matches != b->n_matches || a->n_trust != b->n_trust)
		return false;
	for (size_t i = 0; i < a->n_keyrings; i++)
		if (strcmp(a->keyrings[i], b->keyrings[i]))
			return false;
	for (size_t i = 0; i < a->n_matches; i++)
		if (!match_equal(&a->matches[i], &b->matches[i]))
			return false;
	for (size_t i = 0; i < a->n_trust; i++)
		if (strcmp(a->trust[i], b->trust[i]))
			return false;
	return !strcmp(a->name, b->name) && !strcmp(a->description, b->description) &&
	       a->self == b->self && !strcmp(a->self_name, b->self_name) &&
	       ipaddr_equal(&a->self_addr, &b->self_addr) && a->self_ipv6 == b->self_ipv6 && a->keepalive_sec == b->keepalive_sec &&
	       a->keepalive_retry_sec == b->keepalive_retry_sec && a->aggressive == b->aggressive &&
	       cfg_local_equal(&a->local, &b->local) &&
	       kept_equal(&a->kept, &b->kept);
}

/* ---- the whole ---- */

void cfg_keys_fini(struct cfg_keys *k)
{
	for (size_t i = 0; i < k->n_keyrings; i++)
		ring_free(k->keyrings[i]);
	for (size_t i = 0; i < k->n_profiles; i++)
		profile_free(k->profiles[i]);
	*k = (struct cfg_keys){ .n_keyrings = 0 };
}

int cfg_keys_clone(const struct cfg_keys *from, struct cfg_keys *to)
{
	int err = 0;

	*to = (struct cfg_keys){ .aes = from->aes };
	for (size_t i = 0; !err && i < from->n_keyrings; i++)
		err = ring_clone(from->keyrings[i], to);
	for (size_t i = 0; !err && i < from->n_profiles; i++)
		err = profile_clone(from->profiles[i], to);
	return err;
}

bool cfg_keys_equal(const struct cfg_keys *a, const struct cfg_keys *b)
{
	if (a->n_keyrings != b->n_keyrings || a->n_profiles != b->n_profiles || a->aes != b->aes)
		return false;
	for (size_t i = 0; i < a->n_keyrings; i++)
		if (!ring_equal(a->keyrings[i], b->keyrings[i]))
			return false;
	for (size_t i = 0; i < a->n_profiles; i++)
		if (!profile_equal(a->profiles[i], b->profiles[i]))
			return false;
	return true;
}

/* ---- strength ---- */

/* Bits of one character, in tenths, if all of the kinds that occur are as likely. */
static unsigned tenths_each(const char *key)
{
	bool lower = false, upper = false, digit = false, other = false;

	for (const char *p = key; *p; p++) {
		lower |= islower((unsigned char)*p) != 0;
		upper |= isupper((unsigned char)*p) != 0;
		digit |= isdigit((unsigned char)*p) != 0;
		other |= !isalnum((unsigned char)*p);
	}
	unsigned pool = (lower ? 26u : 0) + (upper ? 26u : 0) + (digit ? 10u : 0) + (other ? 33u : 0);
	return pool <= 10 ? 33 : pool <= 26 ? 47 : pool <= 36 ? 52 : pool <= 52 ? 57 : pool <= 62 ? 60 : 65;
}

unsigned key_strength_bits(const char *key)
{
	unsigned each = tenths_each(key), tenths = 0;

	for (size_t i = 0; key[i]; i++) {
		const char *before = memchr(key, key[i], i);
		int step = i ? key[i] - key[i - 1] : 9;

		/* a repeat or the next one of a run says little, a character that was
		 * there before says less than a new one */
		if (step >= -1 && step <= 1)
			tenths += 10;
		else
			tenths += before ? each * 8 / 10 : each;
	}
	return tenths / 10;
}
