/* SPDX-License-Identifier: Apache-2.0 */
#include "control/manual.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "control/internal.h"
#include "control/show_parts.h"
#include "host/log.h"

/* Handles of these SAs are none that IKE gives out: it counts from 1. */
#define FIRST_ID   UINT32_C(0x80000000)
#define FIRST_PAIR UINT32_C(500000)
#define SPEC_MAX   2048

/* What has been installed; keys are kept to be compared with what is configured. */
struct manual_installed {
	struct manual_sa sa;
	bool wanted; /* while following */
};

static size_t flat(const struct sa_spec *s, uint8_t buf[SPEC_MAX])
{
	struct fwd_msg m = { .type = FWD_SA_ADD, .u.sa = *s };
	struct wr w = wr_of(buf, SPEC_MAX);

	m.u.sa.id = m.u.sa.pair_id = 0; /* ours */
	fwd_encode(&w, &m);
	secret_wipe(&m, sizeof(m));
	return w.bad ? 0 : wr_len(&w);
}

static bool same_spec(const struct sa_spec *a, const struct sa_spec *b)
{
	uint8_t x[SPEC_MAX], y[SPEC_MAX];
	size_t n = flat(a, x), k = flat(b, y);
	bool same = n && n == k && secret_equal(x, y, n);

	secret_wipe(x, sizeof(x));
	secret_wipe(y, sizeof(y));
	return same;
}

static bool same_sa(const struct manual_sa *a, const struct manual_sa *b)
{
	return same_spec(&a->in, &b->in) && same_spec(&a->out, &b->out);
}

static void uninstall(struct control *c, const struct manual_sa *m)
{
	(void)fwdlink_simple(c->fwd, FWD_SA_DEL, m->in.id);
	(void)fwdlink_simple(c->fwd, FWD_SA_DEL, m->out.id);
}

static int install_one(struct control *c, const struct sa_spec *s)
{
	struct fwd_msg m = { .type = FWD_SA_ADD, .u.sa = *s };
	int err = fwdlink_call(c->fwd, &m, -1, NULL, NULL);

	secret_wipe(&m, sizeof(m));
	if (err)
		log_line("CULVERT-3-FORWARDER", "SA 0x%08X of manual keys was refused: %s", s->spi,
			 err == -EEXIST ? "another one has its SPI" : strerror(-err));
	return err == -EEXIST ? 0 : err; /* that stays so until it is configured otherwise */
}

static int install(struct control *c, const struct manual_sa *m)
{
	int err = install_one(c, &m->in);

	return err ? err : install_one(c, &m->out);
}

static void forget(struct control *c, size_t i)
{
	secret_wipe(&c->manual[i], sizeof(c->manual[i]));
	memmove(&c->manual[i], &c->manual[i + 1], (--c->n_manual - i) * sizeof(c->manual[0]));
}

static int remember(struct control *c, const struct manual_sa *want)
{
	struct manual_installed *v = calloc(c->n_manual + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	if (c->n_manual)
		memcpy(v, c->manual, c->n_manual * sizeof(*v));
	secret_free(c->manual, c->n_manual * sizeof(*v));
	c->manual = v;
	v = &c->manual[c->n_manual++];
	v->sa = *want;
	v->sa.in.id = FIRST_ID + c->next_manual++;
	v->sa.out.id = FIRST_ID + c->next_manual++;
	v->sa.in.pair_id = v->sa.out.pair_id = FIRST_PAIR + c->next_manual / 2;
	v->wanted = true;
	return 0;
}

int manual_follow(struct control *c)
{
	int err = 0;

	for (size_t i = 0; i < c->n_manual; i++) {
		c->manual[i].wanted = false;
		for (size_t k = 0; k < c->compiled.n_manual; k++)
			c->manual[i].wanted |= same_sa(&c->manual[i].sa, &c->compiled.manual[k]);
	}
	for (size_t i = c->n_manual; i--;)
		if (!c->manual[i].wanted) {
			uninstall(c, &c->manual[i].sa);
			forget(c, i);
		}
	for (size_t k = 0; !err && k < c->compiled.n_manual; k++) {
		bool there = false;

		for (size_t i = 0; i < c->n_manual; i++)
			there |= same_sa(&c->manual[i].sa, &c->compiled.manual[k]);
		if (there)
			continue;
		err = remember(c, &c->compiled.manual[k]);
		if (err)
			break;
		err = install(c, &c->manual[c->n_manual - 1].sa);
		if (err) { /* and tried again as a whole */
			uninstall(c, &c->manual[c->n_manual - 1].sa);
			forget(c, c->n_manual - 1);
		}
	}
	return err;
}

void manual_free(struct control *c)
{
	secret_free(c->manual, c->n_manual * sizeof(*c->manual));
	c->manual = NULL;
	c->n_manual = 0;
}

void manual_lost(struct control *c)
{
	manual_free(c);
}

struct found {
	uint32_t *ids;
	size_t n;
	bool nomem;
};

static void note_manual(void *ctx, const struct fwd_msg *m)
{
	struct found *f = ctx;
	uint32_t *v;

	if (m->type != FWD_SA_INFO || !m->u.sa_info.spec.manual)
		return;
	v = reallocarray(f->ids, f->n + 1, sizeof(*v));
	if (!v) {
		f->nomem = true;
		return;
	}
	f->ids = v;
	v[f->n++] = m->u.sa_info.spec.id;
}

int manual_take_over(struct control *c)
{
	struct fwd_msg dump = { .type = FWD_SA_DUMP };
	struct found f = { 0 };
	int err = fwdlink_call(c->fwd, &dump, -1, note_manual, &f);

	for (size_t i = 0; i < f.n; i++)
		(void)fwdlink_simple(c->fwd, FWD_SA_DEL, f.ids[i]);
	free(f.ids);
	return err ? err : f.nomem ? -ENOMEM : 0;
}

static bool means(const struct exec_args *a, const struct control *c, const struct manual_sa *m)
{
	const char *map = "";
	uint32_t seq, ace;

	(void)policy_ids_get(&c->ids, m->in.policy_id, &map, &seq, &ace);
	return (!a->addr.family || ipaddr_equal(&a->addr, &m->in.peer)) &&
	       (!a->name[0] || !strcmp(a->name, map)) &&
	       (!a->number2 || m->in.spi == a->number2 || m->out.spi == a->number2 ||
		m->in.ah.spi == a->number2 || m->out.ah.spi == a->number2);
}

void manual_clear(struct control *c, const struct exec_args *a)
{
	for (size_t i = 0; i < c->n_manual; i++)
		if (means(a, c, &c->manual[i].sa)) {
			uninstall(c, &c->manual[i].sa);
			(void)install(c, &c->manual[i].sa);
		}
}

bool manual_expired(struct control *c, uint32_t sa_id, bool hard)
{
	const char *map = "";
	uint32_t seq = 0, ace;
	char peer[IPADDR_STRLEN];

	for (size_t i = 0; i < c->n_manual; i++) {
		const struct manual_sa *m = &c->manual[i].sa;
		const struct sa_spec *s = m->out.id == sa_id ? &m->out : &m->in;

		if (s->id != sa_id)
			continue;
		(void)policy_ids_get(&c->ids, s->policy_id, &map, &seq, &ace);
		const char *way = s->dir == SA_OUT ? "outbound" : "inbound";
		ipaddr_ios(&s->peer, peer);
		if (hard)
			log_line("CULVERT-2-KEYVOLUME",
				 "crypto map %s %u, peer %s: the %s cipher key of SPI 0x%X is used up and nothing passes: "
				 "31 GiB in blocks of 64 bits begin to betray their texts; type other keys at both ends, "
				 "\"set session-key %s esp\", or a transform set with AES",
				 map, seq, peer, way, s->spi, way);
		else
			log_line("CULVERT-4-KEYVOLUME",
				 "crypto map %s %u, peer %s: the %s cipher key of SPI 0x%X has served for three quarters of "
				 "31 GiB, after which nothing passes: type other keys at both ends, "
				 "\"set session-key %s esp\", or a transform set with AES",
				 map, seq, peer, way, s->spi, way);
		return true;
	}
	return false;
}

static void as_pair(const struct manual_sa *m, struct ike_pair_info *ret)
{
	*ret = (struct ike_pair_info){ .pair_id = m->in.pair_id, .policy_id = m->in.policy_id,
				       .in_id = m->in.id, .out_id = m->out.id, .current = true,
				       .in = m->in, .out = m->out };
	secret_wipe(&ret->in.enc_key, sizeof(ret->in.enc_key));
	secret_wipe(&ret->in.auth_key, sizeof(ret->in.auth_key));
	secret_wipe(&ret->in.ah.key, sizeof(ret->in.ah.key));
	secret_wipe(&ret->out.enc_key, sizeof(ret->out.enc_key));
	secret_wipe(&ret->out.auth_key, sizeof(ret->out.auth_key));
	secret_wipe(&ret->out.ah.key, sizeof(ret->out.ah.key));
}

bool manual_pair(const struct control *c, size_t i, struct ike_pair_info *ret)
{
	if (i >= c->n_manual)
		return false;
	as_pair(&c->manual[i].sa, ret);
	return true;
}
