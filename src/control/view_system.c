/* SPDX-License-Identifier: Apache-2.0 */
#include "control/view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host/os.h"

/* ---- statistics ---- */

static void *append(void *v, size_t n, size_t size, const void *x)
{
	char *p = reallocarray(v, n + 1, size);

	if (p)
		memcpy(p + n * size, x, size);
	return p;
}

static void row(void *ctx, const struct fwd_msg *m)
{
	struct stats *s = ctx;
	void *p;

	switch (m->type) {
	case FWD_STATS_SA:
		if ((p = append(s->sa, s->n_sa, sizeof(*s->sa), &m->u.sa_stats))) {
			s->sa = p;
			s->n_sa++;
		}
		break;
	case FWD_STATS_POLICY:
		if ((p = append(s->policy, s->n_policy, sizeof(*s->policy), &m->u.policy_stats))) {
			s->policy = p;
			s->n_policy++;
		}
		break;
	case FWD_STATS_TUNNEL:
		if ((p = append(s->tunnel, s->n_tunnel, sizeof(*s->tunnel), &m->u.tunnel_stats))) {
			s->tunnel = p;
			s->n_tunnel++;
		}
		break;
	case FWD_STATS_DROPS:
		s->drops = m->u.drops;
		break;
	default:
		break;
	}
}

void stats_get(struct control *c, struct stats *ret)
{
	struct fwd_msg m = { .type = FWD_STATS_GET };

	*ret = (struct stats){ 0 };
	(void)fwdlink_call(c->fwd, &m, -1, row, ret);
}

void stats_fini(struct stats *s)
{
	free(s->sa);
	free(s->policy);
	free(s->tunnel);
}

const struct fwd_sa_stats *stats_sa(const struct stats *s, uint32_t sa_id)
{
	for (size_t i = 0; i < s->n_sa; i++)
		if (s->sa[i].sa_id == sa_id)
			return &s->sa[i];
	return NULL;
}

const struct fwd_policy_stats *stats_policy(const struct stats *s, uint32_t policy_id)
{
	for (size_t i = 0; i < s->n_policy; i++)
		if (s->policy[i].policy_id == policy_id)
			return &s->policy[i];
	return NULL;
}

const struct fwd_tunnel_stats *stats_tunnel(const struct stats *s, uint32_t tunnel_id)
{
	for (size_t i = 0; i < s->n_tunnel; i++)
		if (s->tunnel[i].tunnel_id == tunnel_id)
			return &s->tunnel[i];
	return NULL;
}

/* ---- access lists ---- */

/* Outbound packets that hit the line, over all maps that use the list. */
static unsigned long long matches(const struct control *c, const struct stats *st,
				  const struct cfg_acl *acl, uint32_t seq)
{
	unsigned long long sum = 0;

	for (size_t i = 0; i < c->compiled.ike.n_p2; i++) {
		const struct p2_policy *p = &c->compiled.p2[i];
		const struct cfg_map *m = config_find_map(c->config, p->map);
		const struct cfg_map_entry *e = m ? cfg_map_find(m, p->seq) : NULL;
		const struct fwd_policy_stats *s = stats_policy(st, p->id);

		if (e && s && p->ace == seq && !strcmp(e->match_acl, acl->name))
			sum += s->matches;
	}
	return sum;
}

void view_access_lists(struct control *c, const struct exec_args *a, struct txt *out)
{
	struct stats st;

	stats_get(c, &st);
	for (size_t i = 0; i < c->config->acls.n; i++) {
		const struct cfg_acl *acl = c->config->acls.v[i];

		if (a->name[0] && strcmp(a->name, acl->name))
			continue;
		txt_printf(out, "%s IP access list %s\n",
			   acl->kind == ACL_STANDARD ? "Standard" : "Extended", acl->name);
		for (size_t k = 0; k < acl->entries.n; k++) {
			const struct acl_entry *e = acl->entries.v[k];
			struct txt line = TXT_INIT;
			const char *s;

			if (e->kind == ACE_REMARK)
				continue;
			commands_render_ace(acl, e, &line);
			s = txt_cstr(&line);
			if (!strncmp(s, "access-list ", 12)) {
				s += 12;
				s += strcspn(s, " ");
				s += strspn(s, " ");
			} else {
				s += strspn(s, " 0123456789"); /* a sequence number, if printed */
			}
			txt_printf(out, "    %u ", e->seq);
			if (e->kind == ACE_DENY && !strncmp(s, "deny ", 5) && s[5] != ' ')
				txt_printf(out, "deny   %s", s + 5);
			else
				txt_str(out, s);
			unsigned long long hit = matches(c, &st, acl, e->seq);
			if (hit)
				txt_printf(out, " (%llu match%s)", hit, hit == 1 ? "" : "es");
			txt_char(out, '\n');
			txt_fini(&line);
		}
	}
	stats_fini(&st);
}

/* ---- show version ---- */

static const char *plural(unsigned long long n)
{
	return n == 1 ? "" : "s";
}

void view_version(struct control *c, struct txt *out)
{
	uint64_t sec = (host_now_ms(NULL) - c->started_ms) / 1000;
	struct utsname u;
	unsigned ethernet = 0;
	long kb = sysconf(_SC_PHYS_PAGES) / 1024 * (sysconf(_SC_PAGESIZE));
	unsigned long long days = sec / 86400, hours = sec / 3600 % 24, minutes = sec / 60 % 60;

	if (uname(&u))
		memset(&u, 0, sizeof(u));
	for (size_t i = 0; i < c->config->interfaces.n; i++)
		ethernet += strstr(c->config->interfaces.v[i]->name, "thernet") != NULL;
	/* clients of routers look for these words; what it really is stands beside them */
	txt_printf(out, "Cisco IOS Software compatible, Culvert Software (CULVERT-%s), Version 15.9(%s), "
			"RELEASE SOFTWARE\n"
			"Culvert is a VPN router for Linux; it is not made by Cisco Systems.\n\n"
			"ROM: Linux %s\n\n",
		   u.machine, CULVERT_VERSION, u.release);
	txt_printf(out, "%s uptime is ", c->config->hostname);
	if (days)
		txt_printf(out, "%llu day%s, ", days, plural(days));
	if (days || hours)
		txt_printf(out, "%llu hour%s, ", hours, plural(hours));
	txt_printf(out, "%llu minute%s\n", minutes, plural(minutes));
	txt_printf(out, "System returned to ROM by reload\nSystem image file is \"flash:culvert-%s\"\n\n",
		   CULVERT_VERSION);
	txt_printf(out, "Cisco Culvert (%s) processor (revision 1.0) with %ldK/0K bytes of memory.\n"
			"Processor board ID CULVERT0001\n%u FastEthernet interfaces\n\n"
			"Configuration register is 0x2102\n\n",
		   u.machine, kb, ethernet);
}

void view_debugging(struct control *c, struct txt *out)
{
	if (!(c->debug & (EXEC_DEBUG_ISAKMP | EXEC_DEBUG_IPSEC | EXEC_DEBUG_ENGINE)))
		return;
	txt_str(out, "\nCryptographic Subsystem:\n");
	if (c->debug & EXEC_DEBUG_ISAKMP)
		txt_str(out, "  Crypto ISAKMP debugging is on\n");
	if (c->debug & EXEC_DEBUG_ENGINE)
		txt_str(out, "  Crypto Engine debugging is on\n");
	if (c->debug & EXEC_DEBUG_IPSEC)
		txt_str(out, "  Crypto IPSEC debugging is on\n");
}
