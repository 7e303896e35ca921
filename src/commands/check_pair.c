/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends beside each other: which of their tunnels meet, and what becomes of them, whoever begins. */
#include "commands/check_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/check_ipv6.h"
#include "commands/check_pair_parts.h"

#define LINKS_MAX 8192
#define LINES_MAX 65536

/* ---- what each side has ---- */

static bool grow(void **v, size_t n, size_t *cap, size_t size, size_t most)
{
	size_t want = *cap ? *cap * 2 : 64;
	void *more;

	if (n < *cap)
		return true;
	more = n < most ? reallocarray(*v, want, size) : NULL;
	if (!more)
		return false;
	*v = more;
	*cap = want;
	return true;
}

static bool add_line(struct pair_side *s, const struct selector *sel, const struct acl_entry *ace)
{
	if (!grow((void **)&s->lines, s->n_lines, &s->cap_lines, sizeof(*s->lines), LINES_MAX))
		return false;
	s->lines[s->n_lines++] = (struct pair_line){ .sel = *sel, .ace = ace, .link = s->n_links - 1 };
	return true;
}

static bool add_acl(struct pair_side *s, const struct cfg_acl *acl)
{
	struct selector sel[ACL_MAX_SELECTORS];
	bool fits = true;

	for (size_t i = 0; acl && i < acl->entries.n; i++) {
		const struct acl_entry *e = acl->entries.v[i];
		size_t n = e->kind == ACE_REMARK ? 0 : acl_entry_selectors(e, sel, ACL_MAX_SELECTORS);

		for (size_t k = 0; k < n; k++)
			fits &= add_line(s, &sel[k], e);
	}
	return fits;
}

/* A link whose addresses are not known meets nothing. */
static bool add_link(struct pair_side *s, const struct pair_link *one)
{
	if (!one->local.family || (!one->peer.family && !one->dynamic))
		return true;
	if (!grow((void **)&s->links, s->n_links, &s->cap_links, sizeof(*s->links), LINKS_MAX))
		return false;
	s->links[s->n_links++] = *one;
	return true;
}

static bool add_entry(struct pair_side *s, const struct cfg_map *m, const struct cfg_map_entry *e, struct pair_link *one)
{
	bool fits = true;

	one->terms = e;
	one->profile = e->profile[0] ? e->profile : m->profile;
	for (size_t k = 0; k < e->n_peers; k++) {
		size_t before = s->n_links;

		one->peer = e->peers[k].addr;
		fits &= add_link(s, one);
		if (s->n_links > before)
			fits &= add_acl(s, config_find_acl(s->c, e->match_acl));
	}
	return fits;
}

static bool add_templates(struct pair_side *s, const struct cfg_map *m, const struct cfg_map_entry *e, struct pair_link *one)
{
	const struct cfg_map *d = config_find_dynamic_map(s->c, e->dynamic);
	struct ipaddr any = { .family = m->ipv6 ? IP_V6 : IP_V4 };
	struct selector all = { .local = addr_match_of(&any, 0), .remote = addr_match_of(&any, 0) };
	bool fits = true;

	one->dynamic = true;
	one->peer = (struct ipaddr){ 0 };
	for (size_t i = 0; d && i < d->entries.n; i++) {
		const struct cfg_map_entry *t = d->entries.v[i];
		size_t before = s->n_links;

		one->terms = t;
		one->profile = t->profile[0] ? t->profile : m->profile;
		fits &= add_link(s, one);
		if (s->n_links > before)
			fits &= t->match_acl[0] ? add_acl(s, config_find_acl(s->c, t->match_acl)) : add_line(s, &all, NULL);
	}
	return fits;
}

static struct ipaddr address_of(const struct cfg_interface *f, bool ipv6)
{
	return ipv6 ? check_first_address6(f) : f->addr.addr;
}

static bool add_map(struct pair_side *s, const struct cfg_interface *f, bool ipv6)
{
	const char *name = ipv6 ? f->ip6.crypto_map : f->crypto_map;
	const struct cfg_map *m = name[0] ? config_find_map(s->c, name) : NULL;
	const struct cfg_interface *local = m && m->local_if[0] ? config_find_interface(s->c, m->local_if) : f;
	bool fits = true;

	for (size_t i = 0; m && local && i < m->entries.n; i++) {
		const struct cfg_map_entry *e = m->entries.v[i];
		struct pair_link one = { .local = address_of(local, ipv6) };

		snprintf(one.object, sizeof(one.object), "crypto map %s%s %u", m->ipv6 ? "ipv6 " : "", m->name, e->seq);
		if (e->type == MAP_ISAKMP)
			fits &= add_entry(s, m, e, &one);
		else if (e->type == MAP_DYNAMIC)
			fits &= add_templates(s, m, e, &one);
	}
	return fits;
}

/* As the forwarder compiles it: what a tunnel protects is itself, of a VTI all that is routed into it. */
static struct selector proxies(const struct cfg_tunnel *t, const struct pair_link *l)
{
	struct ipaddr any = { .family = cfg_tunnel_carries(t, IP_V6) ? IP_V6 : IP_V4 };
	unsigned whole = l->local.family == IP_V6 ? 128 : 32;

	if (cfg_tunnel_is_vti(t))
		return (struct selector){ .local = addr_match_of(&any, 0), .remote = addr_match_of(&any, 0) };
	return (struct selector){ .local = addr_match_of(&l->local, whole), .remote = addr_match_of(&l->peer, whole),
				  .proto = t->mode == TUNNEL_IPV6 ? 0 : cfg_tunnel_proto(t) };
}

static bool add_tunnel(struct pair_side *s, const struct cfg_interface *f)
{
	const struct cfg_tunnel *t = &f->tunnel;
	const struct cfg_interface *source = t->source_if[0] ? config_find_interface(s->c, t->source_if) : NULL;
	const struct cfg_map_entry *terms = t->protection[0] ? config_find_ipsec_profile(s->c, t->protection) : NULL;
	struct pair_link one = { .tunnel = f, .peer = t->destination, .terms = terms, .profile = "",
				 .local = source ? address_of(source, cfg_tunnel_outer(t) == IP_V6) : t->source };
	size_t before = s->n_links;
	struct selector sel;

	if (terms)
		one.profile = t->protection_isakmp[0] ? t->protection_isakmp : terms->profile;
	check_object_name(one.object, "interface", f->name);
	if (!add_link(s, &one))
		return false;
	sel = proxies(t, &one);
	return s->n_links == before || !terms || add_line(s, &sel, NULL);
}

static bool read_side(struct pair_side *s)
{
	bool fits = true;

	for (size_t i = 0; i < s->c->interfaces.n; i++) {
		const struct cfg_interface *f = s->c->interfaces.v[i];

		fits &= add_map(s, f, false) && add_map(s, f, true);
		if (f->is_tunnel)
			fits &= add_tunnel(s, f);
	}
	return fits;
}

/* ---- remarks ---- */

bool pair_has(const struct pair *p, unsigned s, const struct pair_link *l)
{
	return ipaddr_equal(&l->local, &p->end[s]) && (l->dynamic || ipaddr_equal(&l->peer, &p->end[!s]));
}

void pair_wrong(struct pair *p, unsigned s, unsigned by, const char *object, const char *fix, const char *fmt, ...)
{
	struct txt text = TXT_INIT;
	char full[CHECK_NAME_LEN + 64];
	va_list ap;

	va_start(ap, fmt);
	txt_vprintf(&text, fmt, ap);
	va_end(ap);
	if (by && by != BY_BOTH)
		txt_printf(&text, " Only %s can begin.", p->side[by == BY_A].name);
	snprintf(full, sizeof(full), "%.60s: %s", p->side[s].name, object);
	report_object(p->r, by == BY_BOTH ? REPORT_ERROR : REPORT_WARNING, full, fix, "%s", txt_cstr(&text));
	txt_fini(&text);
	p->down |= by;
}

/* ---- tunnels ---- */

static const struct pair_link *tunnel_of(const struct pair *p, unsigned s, const struct pair_link *like)
{
	const struct pair_link *any = NULL;

	for (size_t i = 0; i < p->side[s].n_links; i++) {
		const struct pair_link *l = &p->side[s].links[i];

		if (!l->tunnel || !pair_has(p, s, l))
			continue;
		if (!like || (like->tunnel->tunnel.has_key == l->tunnel->tunnel.has_key &&
			      like->tunnel->tunnel.key == l->tunnel->tunnel.key))
			return l;
		any = l;
	}
	return any;
}

static void check_two_tunnels(struct pair *p, const struct pair_link *a, const struct pair_link *b)
{
	const struct cfg_tunnel *ta = &a->tunnel->tunnel, *tb = &b->tunnel->tunnel;

	if (ta->mode != tb->mode)
		pair_wrong(p, 1, BY_BOTH, b->object, "the same tunnel mode at both ends", "the tunnel modes differ.");
	if (ta->has_key != tb->has_key || ta->key != tb->key)
		pair_wrong(p, 1, BY_BOTH, b->object, "the same tunnel key at both ends", "the tunnel keys differ: GRE drops what comes.");
	if (a->tunnel->ip_mtu && b->tunnel->ip_mtu && a->tunnel->ip_mtu != b->tunnel->ip_mtu)
		report_object(p->r, REPORT_NOTE, a->object, "the same ip mtu at both ends",
			      "ip mtu differs (%u and %u): OSPF stays in EXSTART.", a->tunnel->ip_mtu, b->tunnel->ip_mtu);
}

static void check_tunnels(struct pair *p)
{
	const struct pair_link *one[2] = { tunnel_of(p, 0, NULL), tunnel_of(p, 1, NULL) };

	for (unsigned s = 0; s < 2; s++)
		if (!one[s] && one[!s])
			pair_wrong(p, s, 0, "interface Tunnel", "interface TunnelN, tunnel source, tunnel destination",
				   "%s of %s has no other end here.", one[!s]->object, p->side[!s].name);
	for (size_t i = 0; one[1] && i < p->side[0].n_links; i++) {
		const struct pair_link *l = &p->side[0].links[i];

		if (l->tunnel && pair_has(p, 0, l))
			check_two_tunnels(p, l, tunnel_of(p, 1, l));
	}
}

/* ---- two ends ---- */

/* What phase 1 is for: a protected link of side s between the two ends. */
static const struct pair_link *protected_link(const struct pair *p, unsigned s)
{
	for (size_t i = 0; i < p->side[s].n_links; i++)
		if (p->side[s].links[i].terms && pair_has(p, s, &p->side[s].links[i]))
			return &p->side[s].links[i];
	return NULL;
}

/* NULL: it comes up; else why not, or not whole. */
static const char *fate(const struct pair *p, unsigned i, char buf[80])
{
	if (p->down & (i ? BY_B : BY_A))
		return "it stays down";
	if (!p->lines[i])
		return "it cannot: it knows no peer or no network";
	if (p->lost[i] == p->lines[i])
		return "it stays down";
	if (!p->lost[i])
		return NULL;
	snprintf(buf, 80, "it comes up for %zu of %zu lines", p->lines[i] - p->lost[i], p->lines[i]);
	return buf;
}

static bool is_up(const struct pair *p, unsigned i)
{
	return !(p->down & (i ? BY_B : BY_A)) && p->lines[i] > p->lost[i];
}

static bool tell_fate(struct pair *p)
{
	char buf[2][80];
	const char *f[2] = { fate(p, 0, buf[0]), fate(p, 1, buf[1]) };

	if (!f[0] && !f[1])
		txt_str(p->said, "  it comes up, whichever end begins\n");
	else if (f[0] && f[1] && !strcmp(f[0], f[1]))
		txt_printf(p->said, "  %s\n", f[0]);
	else
		for (unsigned i = 0; i < 2; i++)
			txt_printf(p->said, "  when %s begins: %s\n", p->side[i].name, f[i] ? f[i] : "it comes up");
	return is_up(p, 0) || is_up(p, 1);
}

static void check_nat(struct pair *p)
{
	if (p->side[0].c->ipsec.nat_transparency != p->side[1].c->ipsec.nat_transparency)
		report_object(p->r, REPORT_NOTE, "crypto ipsec nat-transparency", NULL,
			      "one end speaks ESP in UDP and the other does not: no NAT may be between them.");
}

/* Looks at all that stands between the two ends. */
static bool check_ends(struct pair *p)
{
	const struct pair_link *l[2] = { protected_link(p, 0), protected_link(p, 1) };
	char one[IPADDR_STRLEN], two[IPADDR_STRLEN];

	p->down = 0;
	memset(p->lines, 0, sizeof(p->lines));
	memset(p->lost, 0, sizeof(p->lost));
	txt_printf(p->said, "%s (%s) and %s (%s)\n", p->side[0].name, ipaddr_ios(&p->end[0], one), p->side[1].name,
		   ipaddr_ios(&p->end[1], two));
	check_tunnels(p);
	for (unsigned s = 0; s < 2; s++)
		if (!l[s] && l[!s])
			pair_wrong(p, s, BY_BOTH, tunnel_of(p, s, NULL)->object, "tunnel protection ipsec profile NAME",
				   "one end is protected, the other in clear.");
	if (!l[0] && !l[1]) {
		txt_str(p->said, p->down ? "  it stays down\n" : "  it is there, in clear\n");
		return !p->down;
	}
	if (l[0] && l[1]) {
		pair_check_phase1(p, l[0], l[1]);
		pair_check_phase2(p);
		check_nat(p);
	}
	return tell_fate(p);
}

static bool seen(const struct pair_side *s, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (ipaddr_equal(&s->links[k].local, &s->links[i].local) && ipaddr_equal(&s->links[k].peer, &s->links[i].peer))
			return true;
	return false;
}

/* Whether side s has a link between the ends, and whether one that names the other. */
static bool meets(const struct pair *p, unsigned s, bool *ret_named)
{
	bool any = false;

	*ret_named = false;
	for (size_t i = 0; i < p->side[s].n_links; i++) {
		const struct pair_link *l = &p->side[s].links[i];

		if (!pair_has(p, s, l))
			continue;
		any = true;
		*ret_named |= !l->dynamic;
	}
	return any;
}

/* All ends that side i names and the other has. */
static void check_from(struct pair *p, unsigned i, bool *any, bool *all)
{
	const struct pair_side *s = &p->side[i];

	for (size_t k = 0; k < s->n_links; k++) {
		bool named;

		if (s->links[k].dynamic || seen(s, k))
			continue;
		p->end[i] = s->links[k].local;
		p->end[!i] = s->links[k].peer;
		if (!meets(p, !i, &named) || (i && named)) /* seen from the other side */
			continue;
		*any = true;
		*all &= check_ends(p);
	}
}

static void no_pair(struct pair *p)
{
	char one[IPADDR_STRLEN], two[IPADDR_STRLEN];

	for (unsigned s = 0; s < 2; s++)
		if (!p->side[s].n_links) {
			pair_wrong(p, s, BY_BOTH, "crypto map", "set peer A.B.C.D on an interface with an address, or a tunnel",
				   "it has no tunnel with two addresses.");
			return;
		}
	pair_wrong(p, 1, BY_BOTH, p->side[1].links[0].object, NULL, "the ends do not meet: %s has the peer %s, %s the address %s.",
		   p->side[0].name, ipaddr_ios(&p->side[0].links[0].peer, one), p->side[1].name,
		   ipaddr_ios(&p->side[1].links[0].local, two));
}

bool config_check_pair(const struct config *a, const char *a_name, const struct config *b, const char *b_name,
		       struct report *report, struct txt *said)
{
	struct pair p = { .side = { { .c = a, .name = a_name }, { .c = b, .name = b_name } }, .r = report, .said = said };
	bool any = false, all = true;

	if (!read_side(&p.side[0]) || !read_side(&p.side[1])) {
		report->nomem = true;
		all = false;
		goto out;
	}
	check_from(&p, 0, &any, &all);
	check_from(&p, 1, &any, &all);
	if (!any)
		no_pair(&p);
out:
	for (unsigned s = 0; s < 2; s++) {
		free(p.side[s].links);
		free(p.side[s].lines);
	}
	return any && all;
}
