/* SPDX-License-Identifier: Apache-2.0 */
/* `ip access-group`: the lists of the interfaces, put in force by host/filter.h; and what
 * they do to our own tunnels. */
#include "control/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/acl_log.h"
#include "host/filter.h"
#include "host/log.h"
#include "host/nflog.h"
#include "host/os.h"
#include "model/acl_match.h"

/* The device of an interface, or the one that it will have: a name can be filtered before it
 * is there. "" if only its address will tell. */
static void device_of(const struct control *c, const struct cfg_interface *ci, struct filter_if *f)
{
	const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);
	const char *name = ci->host_if[0] ? ci->host_if : ci->name;

	if (ci->is_tunnel) {
		tuns_device(ci->name, f->device);
		if (!tuns_carrier(c, ci, &f->carrier))
			f->carrier = (struct selector){ 0 };
		return;
	}
	for (size_t i = 0; i < c->opt->n_bind; i++)
		if (!strcmp(c->opt->bind[i].name, ci->name))
			name = c->opt->bind[i].device;
	if (b && b->ifindex) {
		name = b->device;
		f->ifindex = b->ifindex;
	}
	snprintf(f->device, sizeof(f->device), "%s", strlen(name) < 16 && !strchr(name, '/') ? name : "");
}

/* A list of the other family is none. One that nobody understood lets nothing of either pass. */
static const struct cfg_acl *list_of(const struct control *c, const char *name, bool ipv6)
{
	const struct cfg_acl *acl = config_filter_list(c->config, name);

	return acl && acl == config_find_acl(c->config, name) && (acl->kind == ACL_IPV6) != ipv6 ? NULL : acl;
}

bool access_apply(struct control *c, bool again)
{
	struct filter_if *v = calloc(c->config->interfaces.n + 1, sizeof(*v));
	uint64_t before = c->filter_mark;
	struct txt why = TXT_INIT;
	size_t n = 0;
	bool lists = false;
	int err = v ? 0 : -ENOMEM;

	for (size_t i = 0; v && i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];
		struct filter_if f = { .in = list_of(c, ci->group_in, false),
				       .out = list_of(c, ci->group_out, false),
				       .in6 = list_of(c, ci->ip6.filter_in, true),
				       .out6 = list_of(c, ci->ip6.filter_out, true) };

		f.quiet = !ci->unreachables || cfg_interface_protected(ci);
		device_of(c, ci, &f);
		if ((f.in || f.out || f.in6 || f.out6 || f.quiet) && f.device[0])
			v[n++] = f;
		lists |= f.in || f.out || f.in6 || f.out6;
	}
	if (!lists)
		n = 0;
	if (again)
		c->filter_mark = 0;
	if (!err)
		err = filter_apply(v, n, again, &c->filter_mark, &why);
	if (err)
		log_line("CULVERT-2-ACCESS", "the kernel refused the access lists of the interfaces: %s %s",
			 strerror(-err), txt_cstr(&why));
	if (err && !c->filter_mark)
		c->guarded = false;
	c->access_failed = err != 0;
	txt_fini(&why);
	free(v);
	return n ? again || c->filter_mark != before : before != 0;
}

/* ---- what a list does to a tunnel ---- */

#define CURE ": to let it through, type "
#define NEEDS 4 /* rows of needs: as many numbers are wanted before a line */

static const struct tunnel_need {
	uint8_t proto;
	uint16_t port;
	const char *name, *what, *ports;
} needs[NEEDS] = {
	{ 17, 500, "IKE (UDP 500)", "udp", " eq isakmp" },
	{ 50, 0, "ESP", "esp", "" },
	{ 51, 0, "AH", "ahp", "" },
	{ 17, 4500, "ESP and IKE through NAT (UDP 4500)", "udp", " eq non500-isakmp" },
};

/* A number of its own for the k-th line in front of `by`. */
static uint32_t number_before(const struct cfg_acl *acl, const struct acl_entry *by, size_t k, struct txt *t)
{
	uint32_t before = 0, at = by->seq;
	size_t lines = 0;

	for (size_t i = 0; i < acl->entries.n && acl->entries.v[i] != by; i++) {
		before = acl->entries.v[i]->seq;
		lines += acl->entries.v[i]->kind != ACE_REMARK;
	}
	if (at - before <= NEEDS) {
		txt_printf(t, "\"ip access-list resequence %s 10 10\", ", acl->name);
		before = 10 * (uint32_t)lines;
		at = before + 10;
	}
	return before + (at - before) * (uint32_t)(k + 1) / (NEEDS + 1);
}

/* The line of a list that would let it through, in front of the one that does not. */
static void line_to_type(struct txt *t, const struct cfg_acl *acl, const struct acl_entry *by, size_t k,
			 const struct tunnel_need *need, const struct acl_probe *p)
{
	uint32_t seq = by && acl->kind != ACL_STANDARD ? number_before(acl, by, k, t) : 0;
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN];

	if (acl->kind == ACL_STANDARD)
		txt_str(t, "an extended list, with \"");
	else
		txt_printf(t, "\"%s %s\", \"",
			   acl->kind == ACL_IPV6 ? "ipv6 access-list" : "ip access-list extended", acl->name);
	if (seq)
		txt_printf(t, "%s%u ", acl->kind == ACL_IPV6 ? "sequence " : "", seq);
	txt_printf(t, "permit %s host %s host %s%s\"", need->what, ipaddr_ios(&p->src, a),
		   ipaddr_ios(&p->dst, b), need->ports);
}

static bool needed(const struct control *c, const struct p2_policy *p, const struct tunnel_need *need,
		   bool in)
{
	bool esp = false, ah = false;

	for (size_t i = 0; i < p->n_transforms; i++) {
		esp |= p->transforms[i].cipher != CIPHER_UNSET;
		ah |= p->transforms[i].ah_auth != AUTH_NONE;
	}
	if (need->proto == 50)
		return esp;
	if (need->proto == 51)
		return ah;
	/* IKE is of our own making: a list `out` does not see it */
	return need->port == 500 ? in : c->config->ipsec.nat_transparency;
}

static void judge(struct control *c, const char *ifname, const struct cfg_acl *acl, bool in,
		  const struct p2_policy *p, const struct ipaddr *peer, struct txt *out)
{
	char name[IPADDR_STRLEN];

	for (size_t i = 0; i < NEEDS; i++) {
		struct acl_probe probe = { .src = in ? *peer : p->local, .dst = in ? p->local : *peer,
					   .proto = needs[i].proto, .l4_known = true,
					   .src_port = needs[i].port, .dst_port = needs[i].port };
		const struct acl_entry *by = cfg_acl_decides(acl, &probe);

		if (!needed(c, p, &needs[i], in) || (by && by->kind == ACE_PERMIT))
			continue;
		txt_printf(out, "interface %s: access list %s (%s) stops %s %s %s" CURE,
			   ifname, acl->name, in ? "in" : "out", needs[i].name, in ? "from" : "to",
			   ipaddr_ios(peer, name));
		line_to_type(out, acl, by, i, &needs[i], &probe);
		txt_char(out, '\n');
	}
}

/* True if that is in text at the beginning of a line. */
static bool has_line(const char *text, const char *line, size_t len)
{
	for (; text && *text; text += strspn(text, "\n")) {
		if (!strncmp(text, line, len))
			return true;
		text += strcspn(text, "\n");
	}
	return false;
}

/* Each line of now whose finding was not in said: the number in the cure may be another. */
static void say_new(const char *now, const char *said)
{
	for (const char *at = now, *end; (end = strchr(at, '\n')); at = end + 1) {
		const char *cure = strstr(at, CURE);

		if (cure && !has_line(said, at, (size_t)(cure - at)))
			log_line("CULVERT-4-ACCESS", "%.*s", (int)(end - at), at);
	}
}

/* Where the outer packets of a policy go: a tunnel's leave by another interface. */
static uint32_t wire_of(const struct control *c, uint32_t ifid)
{
	for (size_t i = 0; i < c->n_ifs; i++)
		if (c->ifs[i].ifindex == ifid && c->ifs[i].tun_port && c->ifs[i].egress_ifindex)
			return c->ifs[i].egress_ifindex;
	return ifid;
}

void access_diagnose(struct control *c)
{
	struct txt now = TXT_INIT, one = TXT_INIT;

	for (size_t i = 0; i < c->compiled.ike.n_p2; i++) {
		const struct p2_policy *p = &c->compiled.p2[i];
		const char *ifname = plumb_ios_name(c, wire_of(c, p->ifid));
		const struct cfg_interface *ci = config_find_interface(c->config, ifname);

		bool ipv6 = p->local.family == IP_V6;

		if (!ci || p->local.family == IP_NONE)
			continue;
		for (size_t k = 0; k < p->n_peers; k++)
			for (int in = 1; in >= 0; in--) {
				const char *name = ipv6 ? (in ? ci->ip6.filter_in : ci->ip6.filter_out) :
							  (in ? ci->group_in : ci->group_out);
				const struct cfg_acl *acl = list_of(c, name, ipv6);

				txt_clear(&one);
				if (acl)
					judge(c, ifname, acl, in, p, &p->peers[k], &one);
				if (!strstr(txt_cstr(&now), txt_cstr(&one))) /* once for a map */
					txt_str(&now, txt_cstr(&one));
			}
	}
	if (!now.bad && !one.bad) {
		say_new(txt_cstr(&now), c->access_said);
		free(c->access_said);
		c->access_said = strdup(txt_cstr(&now));
	}
	txt_fini(&now);
	txt_fini(&one);
}

/* ---- `log` ---- */

void access_logged(struct control *c, const char *name, uint32_t seq, uint32_t ifindex,
		   const struct acl_probe *p)
{
	const struct cfg_acl *acl = config_find_acl(c->config, name);
	const struct acl_entry *e = acl ? cfg_acl_find(acl, seq) : NULL;

	if (c->acl_log && e && e->log)
		acl_log_packet(c->acl_log, acl, e, p, plumb_ios_name(c, ifindex), host_now_ms(NULL));
}

static void on_logged(void *ctx, const struct nflog_packet *p)
{
	struct control *c = ctx;
	char verdict, ident[FILTER_IDENT_MAX], name[FILTER_IDENT_MAX];
	uint32_t ifindex = p->in_ifindex ? p->in_ifindex : p->out_ifindex;
	struct acl_probe probe;
	uint32_t seq;

	if (sscanf(p->prefix, "%c %u %127s", &verdict, &seq, ident) != 3 ||
	    !acl_probe_of(p->payload, &probe))
		return;
	for (size_t i = 0; i < c->config->acls.n; i++) {
		filter_ident(c->config->acls.v[i]->name, name);
		if (!strcmp(name, ident))
			access_logged(c, c->config->acls.v[i]->name, seq, ifindex, &probe);
	}
}

void access_read_log(struct control *c, int fd)
{
	if (c->acl_log)
		nflog_read_packets(fd, on_logged, c);
}

/* ---- `show access-lists` ---- */

int access_matches(struct control *c, void (*each)(void *ctx, const char *acl, uint32_t seq, uint64_t n),
		   void *ctx)
{
	struct filter_count *v = NULL;
	size_t n = 0;
	int err = filter_counts(&v, &n);

	for (size_t i = 0; !err && i < n; i++) {
		char *under = strrchr(v[i].name, '_'), name[FILTER_IDENT_MAX];

		if (strncmp(v[i].name, "l_", 2) != 0 || under <= v[i].name + 1 || !v[i].packets)
			continue;
		*under = '\0';
		for (size_t k = 0; k < c->config->acls.n; k++) {
			filter_ident(c->config->acls.v[k]->name, name);
			if (!strcmp(name, v[i].name + 2))
				each(ctx, c->config->acls.v[k]->name,
				     (uint32_t)strtoul(under + 1, NULL, 10), v[i].packets);
		}
	}
	free(v);
	return err;
}
