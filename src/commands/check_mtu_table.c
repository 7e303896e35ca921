/* SPDX-License-Identifier: Apache-2.0 */
/* What fits into each tunnel and each entry of a crypto map, by its own transform set and behind a NAT. */
#include <stdio.h>
#include <string.h>

#include "commands/check_ipv6.h"
#include "commands/check_mtu.h"

struct mtu_row {
	char object[CFG_NAME_MAX + 48];
	const struct p2_transform *set; /* NULL: GRE alone */
	bool tunnel;			/* the mode that is used */
	uint32_t path;
	uint32_t room, behind; /* the largest packet, and that through a NAT; 0: AH crosses none */
	uint32_t ip_mtu;       /* as configured; 0: not */
};

typedef void mtu_row_fn(void *ctx, const struct mtu_row *row);

static void measure(struct mtu_row *row, struct overhead o)
{
	row->room = overhead_room(&o, row->path);
	o.udp = true;
	row->behind = row->set && !row->set->ah_auth ? overhead_room(&o, row->path) : 0;
}

static void each_of_tunnel(const struct config *c, const struct cfg_interface *f, mtu_row_fn *fn, void *ctx)
{
	const struct cfg_tunnel *t = &f->tunnel;
	const struct cfg_map_entry *e;
	struct mtu_row row = { .ip_mtu = f->ip_mtu };

	if (!check_find_protection(c, f, &row.path, &e))
		return;
	snprintf(row.object, sizeof(row.object), "interface %s", f->name);
	if (!e) {
		struct overhead none = { .inside = (uint16_t)cfg_tunnel_header(t), .ipv6 = cfg_tunnel_outer(t) == IP_V6 };

		measure(&row, none);
		fn(ctx, &row);
	}
	for (size_t k = 0; e && k < e->n_transforms; k++) {
		const struct cfg_transform *set = config_find_transform(c, e->transforms[k]);

		if (!set)
			continue;
		row.set = &set->t;
		row.tunnel = set->t.mode == MODE_TUNNEL || cfg_tunnel_is_vti(t);
		measure(&row, check_tunnel_overhead(t, &set->t));
		fn(ctx, &row);
	}
}

static uint32_t path_of(const struct cfg_interface *f, bool ipv6)
{
	uint32_t path = f->mtu ? f->mtu : 1500, said = ipv6 ? f->ip6.mtu : f->ip_mtu;

	return said && said < path ? said : path;
}

/* Of a list between the two ends alone transport mode takes a header less. */
static bool is_transport(const struct config *c, const struct cfg_map_entry *e, const struct p2_transform *set)
{
	const struct cfg_acl *acl = config_find_acl(c, e->match_acl);
	bool ends = acl && set->mode == MODE_TRANSPORT;

	for (size_t i = 0; ends && i < acl->entries.n; i++) {
		const struct acl_entry *a = acl->entries.v[i];
		unsigned src, dst, whole = a->src.addr.family == IP_V6 ? 128 : 32;

		if (a->kind == ACE_PERMIT)
			ends = addr_match_prefix(&a->src, &src) && addr_match_prefix(&a->dst, &dst) && src == whole && dst == whole;
	}
	return ends;
}

/* Paths of the same length have the same rows. */
static bool is_told(const struct config *c, const struct cfg_interface *f, const char *map, bool ipv6)
{
	for (size_t i = 0; i < c->interfaces.n && c->interfaces.v[i] != f; i++) {
		const struct cfg_interface *g = c->interfaces.v[i];

		if (path_of(g, ipv6) == path_of(f, ipv6) && !strcmp(ipv6 ? g->ip6.crypto_map : g->crypto_map, map))
			return true;
	}
	return false;
}

static void each_of_map(const struct config *c, const struct cfg_interface *f, const char *name, bool ipv6, mtu_row_fn *fn, void *ctx)
{
	const struct cfg_map *m = name[0] && !is_told(c, f, name, ipv6) ? config_find_map(c, name) : NULL;

	for (size_t i = 0; m && i < m->entries.n; i++) {
		const struct cfg_map_entry *e = m->entries.v[i];
		struct mtu_row row = { .path = path_of(f, ipv6) };

		snprintf(row.object, sizeof(row.object), "crypto map %s%s %u", m->ipv6 ? "ipv6 " : "", m->name, e->seq);
		for (size_t k = 0; e->match_acl[0] && k < e->n_transforms; k++) {
			const struct cfg_transform *set = config_find_transform(c, e->transforms[k]);

			if (!set)
				continue;
			row.set = &set->t;
			row.tunnel = !is_transport(c, e, &set->t);
			measure(&row, check_set_overhead(&set->t, row.tunnel, ipv6));
			fn(ctx, &row);
		}
	}
}

static void each_of(const struct config *c, const struct cfg_interface *f, mtu_row_fn *fn, void *ctx)
{
	each_of_map(c, f, f->crypto_map, false, fn, ctx);
	each_of_map(c, f, f->ip6.crypto_map, true, fn, ctx);
	if (f->is_tunnel)
		each_of_tunnel(c, f, fn, ctx);
}

static uint32_t mss(const struct mtu_row *row)
{
	uint32_t room = row->behind ? row->behind : row->room;

	return room > OVERHEAD_TCP ? room - OVERHEAD_TCP : 0;
}

static const char *mode_word(const struct mtu_row *row)
{
	return !row->set ? "" : row->tunnel ? "tunnel" : "transport";
}

struct table {
	struct txt *out;
	struct check_mtu_at *at;
};

static void text_row(void *ctx, const struct mtu_row *row)
{
	struct table *t = ctx;
	char behind[16] = "-";

	if (!t->at->begun)
		txt_printf(t->out,
			   "MTU: the largest packet that is sent whole (ip mtu), and TCP's segment that fits in any case (ip tcp adjust-mss)\n"
			   "  %-28s %-20s %-9s %5s %7s %6s %6s\n",
			   "", "transform set", "mode", "path", "ip mtu", "by NAT", "mss");
	t->at->begun = true;
	if (row->behind)
		snprintf(behind, sizeof(behind), "%u", row->behind);
	txt_printf(t->out, "  %-28s %-20s %-9s %5u %7u %6s %6u%s\n", row->object, row->set ? row->set->name : "(in clear)",
		   mode_word(row), row->path, row->room, behind, mss(row), row->ip_mtu > row->room ? "  <-- configured is more" : "");
}

bool check_mtu_table_some(const struct config *c, struct check_mtu_at *at, struct txt *out)
{
	struct table t = { .out = out, .at = at };

	if (at->interface < c->interfaces.n)
		each_of(c, c->interfaces.v[at->interface++], text_row, &t);
	return at->interface < c->interfaces.n;
}

void check_mtu_table(const struct config *c, struct txt *out)
{
	struct check_mtu_at at = { 0 };

	while (check_mtu_table_some(c, &at, out))
		;
}

static void json_row(void *ctx, const struct mtu_row *row)
{
	struct json *j = ctx;

	json_object(j, NULL);
	json_str(j, "object", row->object);
	json_str_or_null(j, "transform_set", row->set ? row->set->name : "");
	json_str_or_null(j, "mode", mode_word(row));
	json_num(j, "path_mtu", row->path);
	json_num(j, "largest_ip_mtu", row->room);
	if (row->behind)
		json_num(j, "largest_ip_mtu_nat", row->behind);
	else
		json_null(j, "largest_ip_mtu_nat");
	json_num(j, "largest_mss", mss(row));
	json_object_end(j);
}

void check_mtu_json(const struct config *c, struct json *j)
{
	json_array(j, "mtu");
	for (size_t i = 0; i < c->interfaces.n; i++)
		each_of(c, c->interfaces.v[i], json_row, j);
	json_array_end(j);
}
