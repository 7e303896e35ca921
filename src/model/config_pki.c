/* SPDX-License-Identifier: Apache-2.0 */
/* Trustpoints, certificate chains and certificate maps of a configuration. */
#include "model/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

const struct cfg_trustpoint cfg_trustpoint_defaults = { .n_revocation = 1,
							.revocation = { REVOKE_CRL },
							.retry_count = 10,
							.retry_min = 1 };

/* A copy of size bytes at like, put into v at position at. */
static void *put(void *v, size_t *n, size_t max, size_t at, const void *like, size_t size)
{
	void **slots = v;
	void *p = *n < max ? malloc(size) : NULL;

	if (!p)
		return NULL;
	memcpy(p, like, size);
	memmove(slots + at + 1, slots + at, (*n - at) * sizeof(*slots));
	slots[at] = p;
	++*n;
	return p;
}

static void take(void *v, size_t *n, const void *p)
{
	void **slots = v;

	for (size_t i = 0; i < *n; i++) {
		if (slots[i] != p)
			continue;
		memmove(slots + i, slots + i + 1, (*n - i - 1) * sizeof(*slots));
		--*n;
		return;
	}
}

static void set_name(char *dst, size_t size, const char *src)
{
	size_t n = strnlen(src, size - 1);

	memset(dst, 0, size);
	memcpy(dst, src, n);
}

static int clone_kept(const kept_list *from, kept_list *to)
{
	int err = 0;

	memset(to, 0, sizeof(*to));
	for (size_t i = 0; !err && i < from->n; i++)
		err = kept_add(to, i, from->v[i]);
	return err;
}

/* ---- trustpoints ---- */

struct cfg_trustpoint *pki_find_trustpoint(const struct cfg_pki *p, const char *name)
{
	for (size_t i = 0; i < p->n_trustpoints; i++)
		if (!strcmp(p->trustpoints[i]->name, name))
			return p->trustpoints[i];
	return NULL;
}

struct cfg_trustpoint *pki_add_trustpoint(struct cfg_pki *p, const char *name)
{
	struct cfg_trustpoint t = cfg_trustpoint_defaults, *found = pki_find_trustpoint(p, name);

	if (found)
		return found;
	set_name(t.name, sizeof(t.name), name);
	return put(p->trustpoints, &p->n_trustpoints, CFG_MAX_TRUSTPOINTS, p->n_trustpoints, &t,
		   sizeof(t));
}

static void free_trustpoint(struct cfg_trustpoint *t)
{
	kept_fini(&t->kept);
	secret_free(t, sizeof(*t));
}

void pki_del_trustpoint(struct cfg_pki *p, struct cfg_trustpoint *t)
{
	take(p->trustpoints, &p->n_trustpoints, t);
	free_trustpoint(t);
}

/* ---- chains ---- */

struct cfg_chain *pki_find_chain(const struct cfg_pki *p, const char *name)
{
	for (size_t i = 0; i < p->n_chains; i++)
		if (!strcmp(p->chains[i]->name, name))
			return p->chains[i];
	return NULL;
}

struct cfg_chain *pki_add_chain(struct cfg_pki *p, const char *name)
{
	struct cfg_chain c = { .n = 0 }, *found = pki_find_chain(p, name);

	if (found)
		return found;
	set_name(c.name, sizeof(c.name), name);
	return put(p->chains, &p->n_chains, CFG_MAX_TRUSTPOINTS, p->n_chains, &c, sizeof(c));
}

static void free_cert(struct cfg_cert *c)
{
	kept_fini(&c->kept);
	free(c);
}

static void free_chain(struct cfg_chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		free_cert(c->certs[i]);
	kept_fini(&c->kept);
	free(c);
}

void pki_del_chain(struct cfg_pki *p, struct cfg_chain *c)
{
	take(p->chains, &p->n_chains, c);
	free_chain(c);
}

struct cfg_cert *cfg_chain_find(const struct cfg_chain *c, enum cert_kind kind, const char *serial)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->certs[i]->kind == kind && !strcmp(c->certs[i]->serial, serial))
			return c->certs[i];
	return NULL;
}

struct cfg_cert *cfg_chain_add(struct cfg_chain *c, enum cert_kind kind, const char *serial)
{
	struct cfg_cert cert = { .kind = (uint8_t)kind }, *found = cfg_chain_find(c, kind, serial);

	if (found)
		return found;
	set_name(cert.serial, sizeof(cert.serial), serial);
	return put(c->certs, &c->n, CFG_MAX_CERTS, c->n, &cert, sizeof(cert));
}

void cfg_chain_del(struct cfg_chain *c, struct cfg_cert *cert)
{
	take(c->certs, &c->n, cert);
	free_cert(cert);
}

/* X.690 section 8.1.3: tag 30, then a length of one to three bytes. */
static bool is_der(const uint8_t *der, size_t len)
{
	if (len < 4 || der[0] != 0x30)
		return false;
	if (der[1] < 0x80)
		return len == 2u + der[1];
	if (der[1] == 0x81)
		return len == 3u + der[2];
	return der[1] == 0x82 && len == 4u + (unsigned)(der[2] << 8 | der[3]);
}

bool cfg_typed_add(struct cfg_typed *t, uint8_t *der, uint16_t *len, uint8_t *fresh, size_t cap,
		   const uint8_t *b, size_t n)
{
	if (t->again) {
		t->aside = is_der(der, *len);
		*(t->aside ? &t->len : len) = 0;
	}
	t->again = false;
	uint16_t *have = t->aside ? &t->len : len;
	if (*have + n > cap)
		return false;
	memcpy((t->aside ? fresh : der) + *have, b, n);
	*have = (uint16_t)(*have + n);
	return true;
}

bool cfg_typed_end(struct cfg_typed *t, uint8_t *der, uint16_t *len, const uint8_t *fresh)
{
	bool whole = is_der(t->aside ? fresh : der, t->aside ? t->len : *len);

	if (t->aside && whole) {
		memcpy(der, fresh, t->len);
		*len = t->len;
	}
	*t = (struct cfg_typed){ 0 };
	return whole;
}

bool cfg_cert_is_der(const struct cfg_cert *c)
{
	return is_der(c->der, c->len);
}

/* ---- peers' public keys ---- */

struct cfg_pubkey *pki_find_pubkey(const struct cfg_pki *p, const struct cfg_pubkey *like)
{
	for (size_t i = 0; i < p->pubkeys.n; i++) {
		struct cfg_pubkey *k = p->pubkeys.v[i];

		if (ipaddr_equal(&k->addr, &like->addr) && !strcmp(k->name, like->name) &&
		    k->use == like->use)
			return k;
	}
	return NULL;
}

struct cfg_pubkey *pki_add_pubkey(struct cfg_pki *p, const struct cfg_pubkey *like)
{
	struct cfg_pubkey k = { .addr = like->addr, .use = like->use };
	struct cfg_pubkey *found = pki_find_pubkey(p, like);

	if (found)
		return found;
	set_name(k.name, sizeof(k.name), like->name);
	return put(p->pubkeys.v, &p->pubkeys.n, CFG_MAX_PUBKEYS, p->pubkeys.n, &k, sizeof(k));
}

void pki_del_pubkey(struct cfg_pki *p, struct cfg_pubkey *k)
{
	take(p->pubkeys.v, &p->pubkeys.n, k);
	kept_fini(&k->kept);
	kept_fini(&k->kept_text);
	free(k);
}

bool cfg_pubkey_is_der(const struct cfg_pubkey *k)
{
	return is_der(k->der, k->len);
}

const struct cfg_pubkey *cfg_pubkey_reused(const struct cfg_pki *p, const struct cfg_pubkey *k)
{
	for (size_t i = 0; i < p->pubkeys.n; i++) {
		const struct cfg_pubkey *x = p->pubkeys.v[i];

		if (x != k && x->use != k->use && k->len && x->len == k->len &&
		    !memcmp(x->der, k->der, k->len))
			return x;
	}
	return NULL;
}

static int clone_pubkeys(const struct cfg_pubkeys *from, struct cfg_pki *to)
{
	int err = clone_kept(&from->kept, &to->pubkeys.kept);

	for (size_t i = 0; !err && i < from->n; i++) {
		struct cfg_pubkey *k = pki_add_pubkey(to, from->v[i]);

		if (!k)
			return -ENOMEM;
		*k = *from->v[i];
		memset(&k->kept_text, 0, sizeof(k->kept_text)); /* nobody's, if the next line fails */
		err = clone_kept(&from->v[i]->kept, &k->kept);
		if (!err)
			err = clone_kept(&from->v[i]->kept_text, &k->kept_text);
	}
	return err;
}

/* ---- certificate maps ---- */

struct cfg_cert_map *pki_find_cert_map(const struct cfg_pki *p, const char *name, uint32_t seq)
{
	for (size_t i = 0; i < p->n_maps; i++)
		if (p->maps[i]->seq == seq && !strcmp(p->maps[i]->name, name))
			return p->maps[i];
	return NULL;
}

struct cfg_cert_map *pki_add_cert_map(struct cfg_pki *p, const char *name, uint32_t seq)
{
	struct cfg_cert_map m = { .seq = seq }, *found = pki_find_cert_map(p, name, seq);
	size_t at = 0;

	if (found)
		return found;
	set_name(m.name, sizeof(m.name), name);
	for (; at < p->n_maps; at++) {
		int order = strcmp(p->maps[at]->name, name);

		if (order > 0 || (!order && p->maps[at]->seq > seq))
			break;
	}
	return put(p->maps, &p->n_maps, CFG_MAX_CERT_MAPS, at, &m, sizeof(m));
}

static void free_map(struct cfg_cert_map *m)
{
	kept_fini(&m->kept);
	free(m);
}

void pki_del_cert_map(struct cfg_pki *p, struct cfg_cert_map *m)
{
	take(p->maps, &p->n_maps, m);
	free_map(m);
}

/* ---- the whole ---- */

void cfg_pki_fini(struct cfg_pki *p)
{
	for (size_t i = 0; i < p->n_trustpoints; i++)
		free_trustpoint(p->trustpoints[i]);
	for (size_t i = 0; i < p->n_chains; i++)
		free_chain(p->chains[i]);
	for (size_t i = 0; i < p->n_maps; i++)
		free_map(p->maps[i]);
	while (p->pubkeys.n)
		pki_del_pubkey(p, p->pubkeys.v[0]);
	kept_fini(&p->pubkeys.kept);
	memset(p, 0, sizeof(*p));
}

static int clone_chain(const struct cfg_chain *from, struct cfg_pki *to)
{
	struct cfg_chain *c = pki_add_chain(to, from->name);
	int err = c ? clone_kept(&from->kept, &c->kept) : -ENOMEM;

	for (size_t i = 0; !err && i < from->n; i++) {
		const struct cfg_cert *f = from->certs[i];
		struct cfg_cert *x = cfg_chain_add(c, f->kind, f->serial);

		if (!x)
			return -ENOMEM;
		x->len = f->len;
		x->typed = f->typed;
		memcpy(x->der, f->der, f->len);
		memcpy(x->fresh, f->fresh, f->typed.len);
		err = clone_kept(&f->kept, &x->kept);
	}
	return err;
}

int cfg_pki_clone(const struct cfg_pki *from, struct cfg_pki *to)
{
	int err = 0;

	memset(to, 0, sizeof(*to));
	for (size_t i = 0; !err && i < from->n_trustpoints; i++) {
		struct cfg_trustpoint *t = pki_add_trustpoint(to, from->trustpoints[i]->name);

		if (!t)
			return -ENOMEM;
		*t = *from->trustpoints[i];
		err = clone_kept(&from->trustpoints[i]->kept, &t->kept);
	}
	for (size_t i = 0; !err && i < from->n_chains; i++)
		err = clone_chain(from->chains[i], to);
	for (size_t i = 0; !err && i < from->n_maps; i++) {
		const struct cfg_cert_map *f = from->maps[i];
		struct cfg_cert_map *m = pki_add_cert_map(to, f->name, f->seq);

		if (!m)
			return -ENOMEM;
		*m = *f;
		err = clone_kept(&f->kept, &m->kept);
	}
	return err ? err : clone_pubkeys(&from->pubkeys, to);
}

#define EQ(f)	  (a->f == b->f)
#define EQ_STR(f) (strcmp(a->f, b->f) == 0)

static bool trustpoint_equal(const struct cfg_trustpoint *a, const struct cfg_trustpoint *b)
{
	return EQ_STR(name) && EQ(enroll) && EQ(pem) && EQ_STR(url) && EQ_STR(subject) &&
	       EQ(mode_ra) && EQ(retry_count) && EQ(retry_min) &&
	       EQ(fqdn_mode) && EQ(ip_mode) && EQ(serial_mode) && EQ_STR(fqdn) &&
	       ipaddr_equal(&a->ip, &b->ip) && EQ_STR(ip_if) && EQ_STR(keypair) && EQ(key_bits) &&
	       EQ(encr_bits) && EQ(n_revocation) &&
	       !memcmp(a->revocation, b->revocation, sizeof(a->revocation)) && EQ(usage) &&
	       EQ_STR(fingerprint) && EQ(auto_enroll) && EQ(regenerate) && EQ(auto_percent) &&
	       EQ_STR(match_map) && secret_equal(a->password, b->password, sizeof(a->password)) &&
	       kept_equal(&a->kept, &b->kept);
}

static bool cert_equal(const struct cfg_cert *a, const struct cfg_cert *b)
{
	return EQ(kind) && EQ_STR(serial) && EQ(len) && !memcmp(a->der, b->der, a->len) &&
	       kept_equal(&a->kept, &b->kept);
}

static bool chain_equal(const struct cfg_chain *a, const struct cfg_chain *b)
{
	if (!EQ_STR(name) || !EQ(n) || !kept_equal(&a->kept, &b->kept))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!cert_equal(a->certs[i], b->certs[i]))
			return false;
	return true;
}

static bool map_equal(const struct cfg_cert_map *a, const struct cfg_cert_map *b)
{
	if (!EQ_STR(name) || !EQ(seq) || !EQ(n) || !kept_equal(&a->kept, &b->kept))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!EQ(v[i].field) || !EQ(v[i].op) || !EQ_STR(v[i].text))
			return false;
	return true;
}

static bool pubkey_equal(const struct cfg_pubkey *a, const struct cfg_pubkey *b)
{
	return ipaddr_equal(&a->addr, &b->addr) && EQ_STR(name) && EQ(use) && ipaddr_equal(&a->at, &b->at) &&
	       EQ(len) && !memcmp(a->der, b->der, a->len) && kept_equal(&a->kept, &b->kept) &&
	       kept_equal(&a->kept_text, &b->kept_text);
}

static bool pubkeys_equal(const struct cfg_pubkeys *a, const struct cfg_pubkeys *b)
{
	if (!EQ(n) || !kept_equal(&a->kept, &b->kept))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!pubkey_equal(a->v[i], b->v[i]))
			return false;
	return true;
}

bool cfg_pki_equal(const struct cfg_pki *a, const struct cfg_pki *b)
{
	if (!EQ(n_trustpoints) || !EQ(n_chains) || !EQ(n_maps) || !pubkeys_equal(&a->pubkeys, &b->pubkeys))
		return false;
	for (size_t i = 0; i < a->n_trustpoints; i++)
		if (!trustpoint_equal(a->trustpoints[i], b->trustpoints[i]))
			return false;
	for (size_t i = 0; i < a->n_chains; i++)
		if (!chain_equal(a->chains[i], b->chains[i]))
			return false;
	for (size_t i = 0; i < a->n_maps; i++)
		if (!map_equal(a->maps[i], b->maps[i]))
			return false;
	return true;
}
