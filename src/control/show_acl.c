/* SPDX-License-Identifier: Apache-2.0 */
/* show access-lists, show ip access-lists. */
#include "control/show_parts.h"

#include <inttypes.h>
#include <string.h>

void show_matches(const struct show_in *in, const char *acl, uint32_t seq, struct txt *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < in->n_matches; i++)
		if (in->matches[i].seq == seq && !strcmp(in->matches[i].acl, acl))
			n += in->matches[i].n;
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

static void one_list(const struct show_in *in, const struct cfg_acl *acl, struct txt *out)
{
	txt_printf(out, "%s IP access list %s\n",
		   acl->kind == ACL_STANDARD ? "Standard" : "Extended", acl->name);
	for (size_t k = 0; k < acl->entries.n; k++) {
		const struct acl_entry *e = acl->entries.v[k];

		if (e->kind == ACE_REMARK)
			continue;
		/* padded in a standard list only; parsers of extended ones want one blank */
		txt_printf(out, "    %u %s ", (unsigned)e->seq,
			   e->kind == ACE_PERMIT	 ? "permit" :
			   acl->kind == ACL_STANDARD ? "deny  " : "deny");
		if (acl->kind == ACL_STANDARD)
			standard(out, e);
		else
			show_ace_body(out, acl, e);
		show_matches(in, acl->name, e->seq, out);
		txt_char(out, '\n');
	}
}

void show_access_lists_some(const struct show_in *in, const char *name, bool ipv6, struct show_cursor *k,
			    struct txt *out)
{
	const struct config *c = in->config;
	size_t end = out->len + SHOW_PIECE;

	for (; k->at < c->acls.n; k->at++) {
		const struct cfg_acl *acl = c->acls.v[k->at];

		if (out->len >= end)
			return;
		if (acl->kind != ACL_IPV6 && (!name[0] || !strcmp(name, acl->name)))
			one_list(in, acl, out);
	}
	if (ipv6)
		show_ipv6_access_list(in, name, out);
	k->over = true;
}

void show_access_lists(const struct show_in *in, const char *name, bool ipv6, struct txt *out)
{
	struct show_cursor k = { 0 };

	while (!k.over)
		show_access_lists_some(in, name, ipv6, &k, out);
}
