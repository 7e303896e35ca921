/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends beside each other: phase 2. Who answers has his own line, or one that has all that was asked for (RFC 2409
 * section 5.5; IOS takes what its list covers); so a pair may come up by one end only. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands/check_pair_parts.h"
#include "commands/mirror.h"

#define MEETINGS_MAX 64 /* pairs of map entries between two ends */

/* Two links whose lines meet. */
struct meeting {
	const struct pair_link *link[2];
	bool ends; /* they protect the two ends alone: transport mode may be used */
};

/* ---- transform sets ---- */

static bool same_algorithms(const struct p2_transform *a, const struct p2_transform *b)
{
	return a->ah_auth == b->ah_auth && a->cipher == b->cipher && a->cipher_bits == b->cipher_bits && a->esp_auth == b->esp_auth;
}

/* What is offered has the mode of its set, but tunnel mode where the ends are not all; who prefers transport mode takes
 * tunnel mode as well. */
static bool mode_fits(const struct p2_transform *offer, const struct p2_transform *mine, bool ends)
{
	uint8_t offered = ends ? offer->mode : MODE_TUNNEL;

	return offered == MODE_TUNNEL || mine->mode == MODE_TRANSPORT;
}

struct choice {
	const struct p2_transform *offer, *mine; /* NULL: none fits */
	const struct p2_transform *near;	 /* of the one who answers: fits but for its mode */
};

static struct choice choose(const struct pair *p, unsigned i, const struct meeting *m)
{
	const struct cfg_map_entry *asks = m->link[i]->terms, *answers = m->link[!i]->terms;
	struct choice c = { .offer = NULL };

	for (size_t n = 0; n < asks->n_transforms; n++) {
		const struct cfg_transform *o = config_find_transform(p->side[i].c, asks->transforms[n]);

		for (size_t k = 0; o && k < answers->n_transforms; k++) {
			const struct cfg_transform *t = config_find_transform(p->side[!i].c, answers->transforms[k]);

			if (!t || !same_algorithms(&o->t, &t->t))
				continue;
			if (mode_fits(&o->t, &t->t, m->ends)) {
				c.offer = &o->t;
				c.mine = &t->t;
				return c;
			}
			c.near = &t->t;
		}
	}
	return c;
}

static void tell_sets(struct pair *p, const struct meeting *m, unsigned i, const struct choice *c, bool both)
{
	const struct p2_transform *a = i ? c->mine : c->offer, *b = i ? c->offer : c->mine;
	char who[80] = "";

	if (!both)
		snprintf(who, sizeof(who), ", when %.40s begins", p->side[i].name);
	txt_printf(p->said, "  phase 2%s: %s of %s and %s of %s: transform sets %s and %s, ", who, m->link[0]->object,
		   p->side[0].name, m->link[1]->object, p->side[1].name, a->name, b->name);
	check_set_words(a, p->said);
	txt_printf(p->said, "in %s mode\n", m->ends && c->offer->mode == MODE_TRANSPORT ? "transport" : "tunnel");
}

static void check_sets(struct pair *p, const struct meeting *m)
{
	struct choice c[2] = { choose(p, 0, m), choose(p, 1, m) };
	bool same = c[0].mine && c[1].mine && c[0].offer == c[1].mine && c[0].mine == c[1].offer &&
		    (!m->ends || c[0].offer->mode == c[0].mine->mode);
	unsigned none = (c[0].mine ? 0 : BY_A) | (c[1].mine ? 0 : BY_B), s;

	for (unsigned i = 0; i < (same ? 1u : 2u); i++)
		if (c[i].mine)
			tell_sets(p, m, i, &c[i], same);
	if (!none)
		return;
	s = none & BY_A ? 1 : 0; /* who refuses */
	if (c[!s].near)
		pair_wrong(p, s, none, m->link[s]->object, "mode transport (or mode tunnel) at both ends",
			   "the transform sets differ in their mode alone, and set %s does not take what is offered: "
			   "NO_PROPOSAL_CHOSEN.", c[!s].near->name);
	else
		pair_wrong(p, 1, none, m->link[1]->object, "the same transform set at both ends",
			   "no transform set of one end is one of the other's: IPsec answers with NO_PROPOSAL_CHOSEN.");
}

/* ---- other terms ---- */

/* Who wants it refuses who does not offer it; who does not want it takes it. */
static void check_pfs(struct pair *p, const struct meeting *m)
{
	unsigned g[2] = { m->link[0]->terms->pfs_group, m->link[1]->terms->pfs_group }, by = 0, s;
	char fix[40];

	if (g[0] == g[1])
		return;
	by |= g[1] ? BY_A : 0;
	by |= g[0] ? BY_B : 0;
	s = g[0] ? 1 : 0;
	snprintf(fix, sizeof(fix), "set pfs group%u", g[!s]);
	pair_wrong(p, s, by, m->link[s]->object, fix,
		   "perfect forward secrecy differs (groups %u and %u, 0 is none): who wants it refuses who does not offer it.", g[0],
		   g[1]);
}

static void check_lives(struct pair *p, const struct meeting *m)
{
	uint32_t sec[2];
	uint64_t kb[2];

	for (unsigned s = 0; s < 2; s++) {
		sec[s] = cfg_map_entry_life_sec(p->side[s].c, m->link[s]->terms);
		kb[s] = cfg_map_entry_life_kb(p->side[s].c, m->link[s]->terms);
	}
	if (sec[0] != sec[1])
		report_object(p->r, REPORT_NOTE, m->link[0]->object, NULL,
			      "the lifetimes differ (%u and %u seconds): the shorter one is used.", sec[0], sec[1]);
	if (kb[0] != kb[1])
		report_object(p->r, REPORT_NOTE, m->link[0]->object, NULL,
			      "the lifetimes differ (%" PRIu64 " and %" PRIu64 " kilobytes, 0 is none): the smaller one is used.", kb[0],
			      kb[1]);
}

/* ---- lines ---- */

/* As the identities of IKE say it: one port or all. */
static struct selector as_said(struct selector s)
{
	if (s.local_port.op != PORT_EQ)
		s.local_port = (struct port_match){ 0 };
	if (s.remote_port.op != PORT_EQ)
		s.remote_port = (struct port_match){ 0 };
	return s;
}

/* The line of side s that grants what the other asks for; NULL: none. */
static const struct pair_line *granted(const struct pair *p, unsigned s, const struct selector *asked)
{
	struct selector want = selector_mirror(asked);
	const struct pair_line *cover = NULL;

	for (size_t i = 0; i < p->side[s].n_lines; i++) {
		const struct pair_line *l = &p->side[s].lines[i];
		const struct pair_link *link = &p->side[s].links[l->link];
		struct selector said = as_said(l->sel);

		if (!pair_has(p, s, link) || (l->ace && l->ace->kind != ACE_PERMIT))
			continue;
		if (selector_equal(&said, &want))
			return l;
		if (!cover && !link->tunnel && selector_covers(&l->sel, &want))
			cover = l;
	}
	return cover;
}

static const struct pair_link *any_link(const struct pair *p, unsigned s)
{
	for (size_t i = 0; i < p->side[s].n_links; i++)
		if (pair_has(p, s, &p->side[s].links[i]) && p->side[s].links[i].terms)
			return &p->side[s].links[i];
	return NULL;
}

static void line_text(const struct acl_entry *e, struct txt *ret)
{
	struct cfg_acl as = { .kind = e->src.addr.family == IP_V6 ? ACL_IPV6 : ACL_EXTENDED };
	struct acl_entry m = mirror_entry(e);
	struct txt line = TXT_INIT;

	commands_render_ace(&as, &m, &line);
	txt_str(ret, txt_cstr(&line) + strspn(txt_cstr(&line), " "));
	txt_fini(&line);
}

/* Of an entry with several ports one remark is enough. */
static bool is_same_entry(const struct pair_side *s, size_t i)
{
	return i && s->lines[i].ace && s->lines[i].ace == s->lines[i - 1].ace;
}

static void not_granted(struct pair *p, unsigned i, const struct pair_line *l)
{
	const struct pair_link *mine = &p->side[i].links[l->link], *other = any_link(p, !i);
	struct txt fix = TXT_INIT;

	p->lost[i]++;
	if (is_same_entry(&p->side[i], (size_t)(l - p->side[i].lines)))
		return;
	if (!l->ace) {
		pair_wrong(p, !i, 0, other->object, "the same tunnel mode, or a crypto map, at both ends",
			   "nothing of it is what %s of %s protects.", mine->object, p->side[i].name);
		return;
	}
	line_text(l->ace, &fix);
	pair_wrong(p, !i, 0, other->object, txt_cstr(&fix), "%s %s has no line that mirrors entry %u of access list %s of %s.",
		   other->terms->match_acl[0] ? "access list" : "it", other->terms->match_acl, l->ace->seq, mine->terms->match_acl,
		   p->side[i].name);
	txt_fini(&fix);
}

/* What one end leaves out and the other protects is dropped in one direction and in clear in the other. */
static void check_deny(struct pair *p, unsigned i, const struct pair_line *l)
{
	struct acl_entry m = mirror_entry(l->ace);
	struct txt fix = TXT_INIT;
	const struct pair_link *other = any_link(p, !i);

	for (size_t k = 0; k < p->side[!i].n_lines; k++) {
		const struct pair_line *o = &p->side[!i].lines[k];

		if (!o->ace || !pair_has(p, !i, &p->side[!i].links[o->link]) || o->ace->kind != ACE_DENY)
			continue;
		m.seq = o->ace->seq;
		m.log = o->ace->log;
		if (acl_entry_equal(&m, o->ace))
			return;
	}
	if (!other || !other->terms->match_acl[0])
		return;
	line_text(l->ace, &fix);
	pair_wrong(p, !i, 0, other->object, txt_cstr(&fix),
		   "access list %s does not leave out what entry %u of %s denies: that passes in one direction only.",
		   other->terms->match_acl, l->ace->seq, p->side[i].name);
	txt_fini(&fix);
}

static bool between_ends(const struct pair *p, unsigned i, const struct selector *s)
{
	unsigned a, b, whole = s->local.addr.family == IP_V6 ? 128 : 32;

	return addr_match_prefix(&s->local, &a) && addr_match_prefix(&s->remote, &b) && a == whole && b == whole &&
	       ipaddr_equal(&s->local.addr, &p->end[i]) && ipaddr_equal(&s->remote.addr, &p->end[!i]);
}

static void meet(struct meeting *v, size_t *n, unsigned i, const struct pair_link *mine, const struct pair_link *other, bool ends)
{
	struct meeting m = { .ends = ends };

	m.link[i] = mine;
	m.link[!i] = other;
	for (size_t k = 0; k < *n; k++)
		if (v[k].link[0] == m.link[0] && v[k].link[1] == m.link[1] && v[k].ends == ends)
			return;
	if (*n < MEETINGS_MAX)
		v[(*n)++] = m;
}

void pair_check_phase2(struct pair *p)
{
	struct meeting v[MEETINGS_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < 2; i++) {
		const struct pair_side *side = &p->side[i];

		for (size_t k = 0; k < side->n_lines; k++) {
			const struct pair_line *l = &side->lines[k], *grant;
			struct selector asked = as_said(l->sel);

			if (!pair_has(p, i, &side->links[l->link]) || side->links[l->link].dynamic)
				continue;
			if (l->ace && l->ace->kind == ACE_DENY) {
				if (!is_same_entry(side, k))
					check_deny(p, i, l);
				continue;
			}
			p->lines[i]++;
			grant = granted(p, !i, &asked);
			if (grant)
				meet(v, &n, i, &side->links[l->link], &p->side[!i].links[grant->link], between_ends(p, i, &asked));
			else
				not_granted(p, i, l);
		}
	}
	for (size_t i = 0; i < n; i++) {
		check_sets(p, &v[i]);
		check_pfs(p, &v[i]);
		check_lives(p, &v[i]);
	}
}
