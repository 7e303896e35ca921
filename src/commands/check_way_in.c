/* SPDX-License-Identifier: Apache-2.0 */
/* An access list at the door: whether IKE, ESP and AH of the peers come in by it, and where in it the line goes that
 * lets them. */
#include <stdio.h>
#include <string.h>

#include "commands/check_parts.h"
#include "model/acl_match.h"

/* Whether the list lets it in; *ret_by: the line that does not, NULL: none does. */
static bool lets(const struct cfg_acl *acl, const struct ipaddr *from, const struct ipaddr *to, uint8_t proto, uint16_t port,
		 const struct acl_entry **ret_by)
{
	struct acl_probe p = { .src = *from, .dst = *to, .proto = proto, .l4_known = true, .src_port = port, .dst_port = port };

	*ret_by = cfg_acl_decides(acl, &p);
	return *ret_by && (*ret_by)->kind == ACE_PERMIT;
}

/* What peers of entry e are to come in by. */
static void protocols(const struct config *c, const struct cfg_map_entry *e, bool *ret_ah, bool *ret_esp)
{
	*ret_ah = *ret_esp = false;
	for (size_t i = 0; e && i < e->n_transforms; i++) {
		const struct cfg_transform *t = config_find_transform(c, e->transforms[i]);

		*ret_ah |= t && t->t.ah_auth;
		*ret_esp |= t && t->t.cipher != CIPHER_UNSET && !t->t.ah_auth;
	}
}

/* Whether that was said of the object already; ret_n: what was said of this list. */
static bool is_said(const struct report *r, const char *obj, const char *acl, const char *text, size_t *ret_n)
{
	char begin[CHECK_NAME_LEN];

	*ret_n = 0;
	snprintf(begin, sizeof(begin), "access list %s does not let ", acl);
	for (size_t i = r->n; i && r->v[i - 1].object && !strncmp(r->v[i - 1].object, "interface ", 10); i--) {
		const struct report_msg *m = &r->v[i - 1];

		if (!m->text || strncmp(m->text, begin, strlen(begin)) != 0)
			continue;
		++*ret_n;
		if (!strcmp(m->object, obj) && !strcmp(m->text, text))
			return true;
	}
	return false;
}

/* Where a line has to stand so that `by` does not have its packets: the n-th free number before it. 0: there is none. */
static uint32_t number_before(const struct cfg_acl *acl, const struct acl_entry *by, size_t n)
{
	uint32_t last = 0;

	for (size_t i = 0; i < acl->entries.n && acl->entries.v[i] != by; i++)
		last = acl->entries.v[i]->seq;
	return n < by->seq - last - 1 ? last + 1 + (uint32_t)n : 0;
}

/* The lines to type: behind all others, or before the one that denies. */
static void way_in_fix(const struct cfg_acl *acl, const struct acl_entry *by, const char *line, size_t n, char *out, size_t size)
{
	uint32_t number = by ? number_before(acl, by, n) : 0;
	const char *kind = acl->kind == ACL_STANDARD ? "standard" : "extended";

	if (by && !number)
		snprintf(out, size, "ip access-list resequence %s 100 100, and check again", acl->name);
	else if (by)
		snprintf(out, size, "ip access-list %s %s, %u %s", kind, acl->name, number, line);
	else
		snprintf(out, size, "ip access-list %s %s, %s", kind, acl->name, line);
}

/* What is needed of a peer on interface f, for address `to` of this side. */
static void check_peer_in(const struct config *c, const struct cfg_interface *f, const struct ipaddr *to,
			  const struct cfg_map_entry *terms, const struct ipaddr *peer, struct report *r)
{
	static const struct {
		uint8_t proto;
		uint16_t port;
		const char *what, *word, *eq;
	} needed[] = {
		{ 17, 500, "IKE (UDP 500)", "udp", " eq isakmp" },
		{ 17, 4500, "IKE and ESP behind a NAT (UDP 4500)", "udp", " eq non500-isakmp" },
		{ 50, 0, "ESP (protocol 50)", "esp", "" },
		{ 51, 0, "AH (protocol 51)", "ahp", "" },
	};
	const struct cfg_acl *acl = config_filter_list(c, f->group_in);
	char obj[CHECK_NAME_LEN], a[IPADDR_STRLEN], b[IPADDR_STRLEN], text[CHECK_NAME_LEN + 96], line[160], fix[CHECK_NAME_LEN + 192];
	const struct acl_entry *by;
	bool ah, esp;
	size_t n;

	protocols(c, terms, &ah, &esp);
	if (!f->group_in[0] || !cfg_acl_filters(acl) || peer->family != to->family)
		return;
	check_object_name(obj, "interface", f->name);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!(needed[i].proto == 51 ? ah : needed[i].proto != 50 || esp) ||
		    lets(acl, peer, to, needed[i].proto, needed[i].port, &by))
			continue;
		snprintf(text, sizeof(text), "access list %s does not let %s of peer %s in.", f->group_in, needed[i].what,
			 ipaddr_ios(peer, a));
		if (is_said(r, obj, f->group_in, text, &n)) /* several entries have this peer */
			continue;
		if (acl->kind == ACL_STANDARD)
			snprintf(line, sizeof(line), "permit host %s", a);
		else
			snprintf(line, sizeof(line), "permit %s host %s host %s%s", needed[i].word, a, ipaddr_ios(to, b),
				 needed[i].eq);
		way_in_fix(acl, by, line, n, fix, sizeof(fix));
		report_object(r, needed[i].port == 4500 ? REPORT_NOTE : REPORT_WARNING, obj, fix, "%s", text);
		if (by)
			report_entry(r, acl->name, by->seq);
	}
}

/* Peers of a map, on each interface that has it. */
static void check_map_way_in(const struct config *c, const struct cfg_map *m, const struct cfg_map_entry *e, struct report *r)
{
	const struct cfg_interface *local = m->local_if[0] ? config_find_interface(c, m->local_if) : NULL;

	for (size_t i = 0; i < c->interfaces.n; i++) {
		const struct cfg_interface *f = c->interfaces.v[i];

		for (size_t n = 0; f->group_in[0] && !strcmp(f->crypto_map, m->name) && n < e->n_peers; n++)
			if (e->peers[n].addr.family)
				check_peer_in(c, f, local ? &local->addr.addr : &f->addr.addr, e, &e->peers[n].addr, r);
	}
}

/* Peers of the protected tunnels that leave by an interface. */
static void check_tunnels_way_in(const struct config *c, const struct cfg_interface *f, struct report *r)
{
	for (size_t k = 0; f->group_in[0] && k < c->interfaces.n; k++) {
		const struct cfg_tunnel *t = &c->interfaces.v[k]->tunnel;

		if (c->interfaces.v[k]->is_tunnel && t->protection[0] && t->destination.family &&
		    (!strcmp(t->source_if, f->name) || ipaddr_equal(&t->source, &f->addr.addr)))
			check_peer_in(c, f, &f->addr.addr, config_find_ipsec_profile(c, t->protection), &t->destination, r);
	}
}

bool check_way_in(const struct config *c, size_t i, struct report *r)
{
	size_t at;
	const struct cfg_map *m = check_nth_entry(c, i, &at);

	if (m && at < m->entries.n)
		check_map_way_in(c, m, m->entries.v[at], r);
	for (size_t k = 0; !m && k < c->interfaces.n; k++)
		check_tunnels_way_in(c, c->interfaces.v[k], r);
	return m != NULL;
}
