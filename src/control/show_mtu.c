/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto mtu (ours): for each tunnel and each line of a crypto map, what lies
 * between the path and the packet inside, and what is safe to configure. */
#include "control/show_json_parts.h"

#include <string.h>

#include "control/tunnel_room.h"

#define DEFAULT_PATH 1500

static void row(struct txt *out, const char *what, uint32_t n)
{
	txt_printf(out, "  %-26s %6u\n", what, (unsigned)n);
}

/* ---- sizes ---- */

/* Everything that is known of one protected flow. */
struct sum {
	struct overhead o;
	uint32_t path, plain; /* plain: of the SA, before a tunnel's headers */
	bool has_sa, known;
};

static struct sum sum_of(const struct show_in *in, const struct p2_policy *p, uint32_t inside)
{
	const struct ike_pair_info *pair = show_current_pair(in, p->id);
	struct sum s = { .path = show_path_mtu(in, p), .has_sa = pair != NULL };

	s.known = pair || p->n_transforms;
	if (pair)
		s.o = overhead_of_sa(&pair->out);
	else if (s.known)
		s.o = overhead_of_transform(&p->transforms[0]);
	s.o.ipv6 = p->local.family == IP_V6;
	s.o.tunnel |= p->standing && !p->sel.proto; /* of a VTI: transport mode is for the two ends alone */
	/* the forwarder's own number, where there is an SA to have one */
	s.plain = pair ? show_sa_stats(in, pair->out_id).plain_mtu : 0;
	if (!s.plain)
		s.plain = overhead_room(&s.o, s.path);
	s.o.inside = (uint16_t)inside;
	return s;
}

static void rows_of_ipsec(const struct sum *s, struct txt *out)
{
	const struct overhead *o = &s->o;

	if (!o->tunnel)
		txt_str(out, "  (transport mode: the IP header of the packet itself is outside)\n");
	else
		row(out, o->ipv6 ? "outer IPv6 header" : "outer IP header", overhead_ip(o));
	if (o->udp)
		row(out, "UDP header", OVERHEAD_UDP);
	if (o->ah)
		row(out, "AH header and ICV", o->ipv6 ? (o->ah + 7u) & ~7u : o->ah);
	if (o->esp) {
		row(out, "ESP header", OVERHEAD_ESP);
		row(out, "ESP IV", o->iv);
		row(out, "ESP ICV", o->icv);
		txt_printf(out, "  %-26s %6s  (text padded to %u bytes)\n", "ESP trailer, at least", "2",
			   (unsigned)(o->align < 4 ? 4 : o->align));
	}
	row(out, "plaintext mtu", s->plain);
}

/* The path, and for how long what ICMP said of it is believed. */
static void row_of_path(const struct show_in *in, const struct p2_policy *p, uint32_t path, struct txt *out)
{
	uint64_t left = p ? show_policy_stats(in, p->line ? p->line : p->id).path_left_sec : 0;

	txt_printf(out, "  %-26s %6u", "path mtu", (unsigned)path);
	if (left)
		txt_printf(out, "  (learned, for %u more seconds)", (unsigned)left);
	txt_char(out, '\n');
}

/* `crypto ipsec df-bit` and `fragmentation`, as they hold for a policy. */
static void how_it_is_cut(const struct show_in *in, const struct p2_policy *p, struct txt *out)
{
	static const char *const words[] = { "copy", "set", "clear" };
	uint32_t id = p->line ? p->line : p->id;

	for (size_t i = 0; i < in->n_policies; i++) {
		const struct fwd_policy *f = &in->policies[i];

		if (f->id == id && f->df_bit <= DF_CLEAR)
			txt_printf(out, "  df-bit %s, fragmentation %s-encryption\n", words[f->df_bit],
				   f->frag_after ? "after" : "before");
	}
}

static void advice(uint32_t room, uint32_t ip_mtu, uint32_t mss, struct txt *out)
{
	txt_printf(out, "  %-26s %6u%s", "largest safe ip mtu", (unsigned)room,
		   ip_mtu > room ? "  <-- " : "");
	if (ip_mtu > room)
		txt_printf(out, "ip mtu %u is configured: longer packets are cut or refused",
			   (unsigned)ip_mtu);
	txt_printf(out, "\n  %-26s %6u%s", "largest safe adjust-mss",
		   (unsigned)(room > OVERHEAD_TCP ? room - OVERHEAD_TCP : 0),
		   mss && mss + OVERHEAD_TCP > room ? "  <-- " : "");
	if (mss && mss + OVERHEAD_TCP > room)
		txt_printf(out, "adjust-mss %u is configured", (unsigned)mss);
	txt_char(out, '\n');
}

/* ---- tunnels ---- */

/* The policy that takes what a tunnel sends; NULL: it leaves in clear. */
static const struct p2_policy *protector(const struct show_in *in, const struct cfg_interface *ci,
					 const struct if_snapshot *i)
{
	struct flow gre = { .local = i->tunnel_src, .remote = ci->tunnel.destination,
			    .proto = cfg_tunnel_proto(&ci->tunnel) };
	char head[IOS_NAME_MAX];

	if (gre.local.family == IP_NONE || gre.remote.family == IP_NONE)
		return NULL;
	show_head_name(ci, head);
	for (size_t k = 0; k < in->n_p2; k++) {
		const struct p2_policy *p = &in->p2[k];

		if (ci->tunnel.protection[0] ?
			    p->standing && !strcmp(p->map, head) &&
				    ipaddr_equal(&p->peers[0], &ci->tunnel.destination) :
			    !p->standing && selector_has(&p->sel, &gre))
			return p;
	}
	return NULL;
}

/* Room inside a protected tunnel, as the forwarder has it or as will be proposed. */
static uint32_t room_of(const struct sum *s)
{
	return s->plain > s->o.inside ? s->plain - s->o.inside : 0;
}

uint32_t show_tunnel_room(const struct show_in *in, const struct if_snapshot *i)
{
	const struct cfg_interface *ci = config_find_interface(in->config, i->name);
	const struct p2_policy *p = ci && ci->tunnel.protection[0] ? protector(in, ci, i) : NULL;
	struct sum s;

	if (!p)
		return 0;
	s = sum_of(in, p, tunnel_inside(&ci->tunnel));
	return s.known ? room_of(&s) : 0;
}

static void one_tunnel(const struct show_in *in, const struct cfg_interface *ci,
		       const struct if_snapshot *i, struct txt *out)
{
	const struct p2_policy *p = protector(in, ci, i);
	bool gre = cfg_tunnel_proto(&ci->tunnel) == 47, ipv6 = cfg_tunnel_outer(&ci->tunnel) == IP_V6;
	uint32_t inside = tunnel_inside(&ci->tunnel), room;
	uint32_t ip = ipv6 ? OVERHEAD_IP6 : OVERHEAD_IP;
	uint32_t ip_mtu = ci->ip_mtu ? ci->ip_mtu : i->mtu;
	char dst[IPADDR_STRLEN];
	struct sum s = { .o = { .ipv6 = ipv6 }, .path = i->tunnel_path ? i->tunnel_path : DEFAULT_PATH };

	s.o.inside = (uint16_t)inside;
	txt_printf(out, "%s, to %s", ci->name, ipaddr_ios(&ci->tunnel.destination, dst));
	if (p)
		s = sum_of(in, p, inside);
	if (p)
		txt_printf(out, ", crypto map %s %u%s", p->map, (unsigned)p->seq,
			   s.has_sa ? "" : " (no SA: as first proposed)");
	txt_str(out, p ? "\n" : ", not protected\n");
	if (p)
		how_it_is_cut(in, p, out);
	row_of_path(in, p, s.path, out);
	if (p)
		rows_of_ipsec(&s, out);
	if (inside)
		row(out, gre ? (ipv6 ? "IPv6 header of GRE" : "IP header of GRE") :
			       ipv6 ? "outer IPv6 header" : "outer IP header", ip);
	if (inside > ip)
		row(out, "GRE header", inside - ip);
	room = p ? room_of(&s) : overhead_room(&s.o, s.path);
	advice(room, ip_mtu, ci->adjust_mss, out);
	txt_printf(out, "  a packet of %u bytes is %u bytes outside\n\n", (unsigned)ip_mtu,
		   (unsigned)overhead_outside(&s.o, ip_mtu));
}

/* ---- crypto map lines ---- */

static bool carries_tunnel(const struct show_in *in, const struct p2_policy *p)
{
	for (size_t i = 0; i < in->config->interfaces.n; i++) {
		const struct cfg_interface *ci = in->config->interfaces.v[i];
		const struct if_snapshot *f = ci->is_tunnel ? show_if_by_name(in, ci->name) : NULL;

		if (f && protector(in, ci, f) == p)
			return true;
	}
	return false;
}

static void one_line(const struct show_in *in, const struct p2_policy *p, struct txt *out)
{
	const struct if_snapshot *i = show_if_by_index(in, p->ifid);
	const struct cfg_interface *ci = i ? config_find_interface(in->config, i->name) : NULL;
	struct sum s = sum_of(in, p, 0);

	txt_printf(out, "%s, crypto map %s %u, ", i ? i->name : "(unknown)", p->map, (unsigned)p->seq);
	show_proxy(out, &p->sel.local, p->sel.proto, &p->sel.local_port);
	txt_str(out, " to ");
	show_proxy(out, &p->sel.remote, p->sel.proto, &p->sel.remote_port);
	txt_printf(out, "%s\n", s.has_sa ? "" : s.known ? " (no SA: as first proposed)" : " (no transform set)");
	how_it_is_cut(in, p, out);
	row_of_path(in, p, s.path, out);
	if (s.known) {
		rows_of_ipsec(&s, out);
		advice(s.plain, 0, ci ? ci->adjust_mss : 0, out);
	}
	txt_char(out, '\n');
}

void show_crypto_mtu(const struct show_in *in, struct txt *out)
{
	for (size_t i = 0; i < in->config->interfaces.n; i++) {
		const struct cfg_interface *ci = in->config->interfaces.v[i];
		const struct if_snapshot *f = ci->is_tunnel ? show_if_by_name(in, ci->name) : NULL;

		if (f && ci->tunnel.destination.family != IP_NONE)
			one_tunnel(in, ci, f, out);
	}
	for (size_t i = 0; i < in->n_p2; i++)
		if (!carries_tunnel(in, &in->p2[i]))
			one_line(in, &in->p2[i], out);
}

/* ---- | json ---- */

static void json_sum(const struct show_in *in, const struct p2_policy *p, const struct sum *s,
		     const struct cfg_interface *ci, uint32_t room, struct json *j)
{
	const struct overhead *o = &s->o;

	json_str(j, "crypto_map", p ? p->map : NULL);
	if (p)
		json_num(j, "sequence", p->seq);
	else
		json_null(j, "sequence");
	json_bool(j, "has_sa", s->has_sa);
	json_num(j, "path_mtu", s->path);
	json_num(j, "path_mtu_left_sec",
		 p ? show_policy_stats(in, p->line ? p->line : p->id).path_left_sec : 0);
	json_object(j, "overhead");
	json_num(j, "outer_ip", p && o->tunnel ? overhead_ip(o) : 0u);
	json_num(j, "udp", o->udp ? OVERHEAD_UDP : 0u);
	json_num(j, "ah", o->ipv6 ? (o->ah + 7u) & ~7u : o->ah);
	json_num(j, "esp", o->esp ? OVERHEAD_ESP : 0u);
	json_num(j, "esp_iv", o->iv);
	json_num(j, "esp_icv", o->icv);
	json_num(j, "tunnel_headers", o->inside);
	json_object_end(j);
	json_num(j, "plaintext_mtu", s->plain);
	json_num(j, "largest_ip_mtu", room);
	json_num(j, "largest_adjust_mss", room > OVERHEAD_TCP ? room - OVERHEAD_TCP : 0);
	json_num(j, "adjust_mss", ci ? ci->adjust_mss : 0u);
}

static void json_tunnel(const struct show_in *in, const struct cfg_interface *ci, const struct if_snapshot *i,
			struct json *j)
{
	const struct p2_policy *p = protector(in, ci, i);
	struct sum s = { .o = { .ipv6 = cfg_tunnel_outer(&ci->tunnel) == IP_V6 },
			 .path = i->tunnel_path ? i->tunnel_path : DEFAULT_PATH };

	s.o.inside = (uint16_t)tunnel_inside(&ci->tunnel);
	if (p)
		s = sum_of(in, p, tunnel_inside(&ci->tunnel));
	json_object(j, NULL);
	json_str(j, "interface", ci->name);
	json_addr(j, "destination", &ci->tunnel.destination);
	json_num(j, "ip_mtu", ci->ip_mtu ? ci->ip_mtu : i->mtu);
	json_sum(in, p, &s, ci, p ? room_of(&s) : overhead_room(&s.o, s.path), j);
	json_object_end(j);
}

int json_crypto_mtu(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_array(j, "tunnels");
	for (size_t i = 0; i < in->config->interfaces.n; i++) {
		const struct cfg_interface *ci = in->config->interfaces.v[i];
		const struct if_snapshot *f = ci->is_tunnel ? show_if_by_name(in, ci->name) : NULL;

		if (f && ci->tunnel.destination.family != IP_NONE)
			json_tunnel(in, ci, f, j);
	}
	json_array_end(j);
	json_array(j, "flows");
	for (size_t i = 0; i < in->n_p2; i++) {
		const struct p2_policy *p = &in->p2[i];
		const struct if_snapshot *f = show_if_by_index(in, p->ifid);
		struct sum s = sum_of(in, p, 0);

		if (carries_tunnel(in, p))
			continue;
		json_object(j, NULL);
		json_str(j, "interface", f ? f->name : NULL);
		json_ident(j, "local_ident", &p->sel, false);
		json_ident(j, "remote_ident", &p->sel, true);
		json_sum(in, p, &s, f ? config_find_interface(in->config, f->name) : NULL, s.known ? s.plain : 0, j);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}
