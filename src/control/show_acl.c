/* SPDX-License-Identifier: Apache-2.0 */
/* show access-lists, show ip access-lists, show ipv6 access-list. */
#include "control/show_index.h"
#include "control/show_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands/acl_place.h"

static void matches(const struct show_in *in, const struct cfg_acl *acl, const struct acl_entry *e, struct txt *out)
{
	uint64_t n = show_count_matches(in, acl->name, e->seq);

	if (n)
		txt_printf(out, " (%" PRIu64 " match%s)", n, n == 1 ? "" : "es");
}

/* Standard lists have a spelling of their own here: `A, wildcard bits W`. */
static void standard(struct txt *out, const struct acl_entry *e)
{
	struct ipaddr wild = { .family = e->src.addr.family };
	char addr[IPADDR_STRLEN], bits[IPADDR_STRLEN];
	uint32_t w;

	memcpy(wild.b, e->src.wild, sizeof(wild.b));
	w = ipaddr_to_v4(&wild);
	if (w == UINT32_MAX)
		txt_str(out, "any");
	else if (!w)
		txt_str(out, ipaddr_ios(&e->src.addr, addr));
	else
		txt_printf(out, "%s, wildcard bits %s", ipaddr_ios(&e->src.addr, addr),
			   ipaddr_ios(&wild, bits));
	if (e->log)
		txt_str(out, " log");
}

static void line(const struct show_in *in, const struct cfg_acl *acl, const struct acl_entry *e, struct txt *out)
{
	if (e->kind == ACE_REMARK)
		return;
	/* padded in a standard list only; parsers of extended ones want one blank */
	txt_printf(out, "    %u %s ", (unsigned)e->seq,
		   e->kind == ACE_PERMIT	 ? "permit" :
		   acl->kind == ACL_STANDARD ? "deny  " : "deny");
	if (acl->kind == ACL_STANDARD)
		standard(out, e);
	else
		show_ace_body(out, acl, e);
	matches(in, acl, e, out);
	txt_char(out, '\n');
}

static void line6(const struct show_in *in, const struct cfg_acl *acl, const struct acl_entry *e, struct txt *out)
{
	if (e->kind == ACE_REMARK)
		return;
	txt_printf(out, "    %s ", e->kind == ACE_PERMIT ? "permit" : "deny");
	show_ace_body(out, acl, e);
	matches(in, acl, e, out);
	txt_printf(out, " sequence %u\n", (unsigned)e->seq);
}

/* ---- entries that are kept and not used ---- */

/* The places of a list between two of its entries; last: there is none behind. */
struct gap {
	uint64_t from, to, base;
	bool last;
};

/* Behind the first n entries, and before the next. To know it once does not cost what it costs for each line: among remarks a
 * place is counted. */
static struct gap gap_behind(const struct cfg_acl *acl, size_t n, uint64_t base)
{
	struct gap g = { .base = base, .last = n == acl->entries.n };

	g.from = n ? acl_place(acl, n - 1) : 0;
	g.to = g.last ? UINT64_MAX : acl_place(acl, n);
	return g;
}

static bool stands_in(const struct kept_line *k, const struct gap *g)
{
	uint64_t at = k->after - g->base;

	if (k->after < g->base || at >= PLACE_LIST(1)) /* its place is not known: it is printed behind all */
		return g->last;
	return g->from <= at && at < g->to;
}

/* What stands behind `access-list N`. */
static const char *behind_number(const char *text)
{
	for (int i = 0; i < 2; i++) {
		text += strcspn(text, " \t");
		text += strspn(text, " \t");
	}
	return text;
}

void show_acl_refused(const struct config *c, const struct cfg_acl *acl, size_t n, show_acl_say *say, void *ctx)
{
	bool global = acl->numbered && c->kept.n_wrong;
	struct gap g;

	if (!global && !acl->kept.n_wrong)
		return;
	g = gap_behind(acl, n, acl->numbered ? PLACE_LIST(strtoul(acl->name, NULL, 10)) : 0);
	for (size_t i = 0; global && i < c->kept.n; i++)
		if (stands_in(c->kept.v[i], &g) && acl_refused_line(c->kept.v[i], acl->name))
			say(behind_number(c->kept.v[i]->text), ctx);
	g.base = 0;
	for (size_t i = 0; acl->kept.n_wrong && i < acl->kept.n; i++)
		if (kept_is_wrong(acl->kept.v[i]) && stands_in(acl->kept.v[i], &g))
			say(acl->kept.v[i]->text, ctx);
}

static void say_refused(const char *text, void *ctx)
{
	txt_printf(ctx, "    %s (not used)\n", text);
}

static void heading(const struct cfg_acl *acl, struct txt *out)
{
	txt_printf(out, "%s access list %s\n",
		   acl->kind == ACL_IPV6 ? "IPv6" : acl->kind == ACL_STANDARD ? "Standard IP" : "Extended IP", acl->name);
}

/* k->at goes over the lists twice, those of IPv6 are said the second time; k->sub: 0 the heading, then a line each. */
static void some(const struct show_in *in, const char *name, size_t until, struct show_cursor *k, struct txt *out)
{
	const struct config *c = in->config;
	size_t end = out->len + SHOW_PIECE;

	for (; k->at < until; k->at++, k->sub = 0) {
		const struct cfg_acl *acl = c->acls.v[k->at % c->acls.n];
		bool six = k->at >= c->acls.n;

		if ((acl->kind == ACL_IPV6) != six || (name[0] && strcmp(name, acl->name) != 0))
			continue;
		for (; k->sub <= acl->entries.n; k->sub++) {
			if (out->len >= end)
				return;
			if (!k->sub)
				heading(acl, out);
			else
				(six ? line6 : line)(in, acl, acl->entries.v[k->sub - 1], out);
			show_acl_refused(c, acl, k->sub, say_refused, out);
		}
	}
	k->over = true;
}

void show_access_lists_some(const struct show_in *in, const char *name, bool ipv6, struct show_cursor *k,
			    struct txt *out)
{
	some(in, name, (ipv6 ? 2 : 1) * in->config->acls.n, k, out);
}

static void all(const struct show_in *in, const char *name, size_t from, size_t until, struct txt *out)
{
	struct show_cursor k = { .at = from };

	while (!k.over)
		some(in, name, until, &k, out);
}

void show_access_lists(const struct show_in *in, const char *name, bool ipv6, struct txt *out)
{
	all(in, name, 0, (ipv6 ? 2 : 1) * in->config->acls.n, out);
}

void show_ipv6_access_list(const struct show_in *in, const char *name, struct txt *out)
{
	all(in, name, in->config->acls.n, 2 * in->config->acls.n, out);
}
