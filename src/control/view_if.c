/* SPDX-License-Identifier: Apache-2.0 */
#include "control/view.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool view_if_up(struct control *c, const struct cfg_interface *ci)
{
	const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);
	const struct nl_link *l = b && b->ifindex ? plumb_link(c, b->ifindex) : NULL;

	return l && l->up;
}

bool view_if_line(struct control *c, const struct cfg_interface *ci)
{
	const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);
	const struct nl_link *l = b && b->ifindex ? plumb_link(c, b->ifindex) : NULL;
	const struct bound_if *src = bound_find(c->ifs, c->n_ifs, ci->tunnel.source_if);

	if (!l || !l->up || !l->running)
		return false;
	if (!ci->is_tunnel)
		return true;
	return b->egress_ifindex && ci->tunnel.destination.family &&
	       (ci->tunnel.source.family || (src && src->addr.family));
}

static const char *status_word(struct control *c, const struct cfg_interface *ci)
{
	return ci->shutdown ? "administratively down" : view_if_up(c, ci) ? "up" : "down";
}

static void tunnel_facts(struct control *c, const struct cfg_interface *ci, const struct bound_if *b,
			 struct txt *out)
{
	const struct cfg_tunnel *t = &ci->tunnel;
	const struct bound_if *src = bound_find(c->ifs, c->n_ifs, t->source_if);
	struct ipaddr from = t->source.family ? t->source : src ? src->addr : (struct ipaddr){ 0 };
	char a[IPADDR_STRLEN];

	txt_printf(out, "  Tunnel linestate evaluation %s\n",
		   view_if_line(c, ci) ? "up" :
		   b && !b->egress_ifindex ? "down - no output interface" :
					     "down - source or destination missing");
	txt_printf(out, "  Tunnel source %s", from.family ? ipaddr_str(&from, a) : "UNKNOWN");
	if (t->source_if[0])
		txt_printf(out, " (%s)", t->source_if);
	if (t->destination.family)
		txt_printf(out, ", destination %s\n", ipaddr_str(&t->destination, a));
	else
		txt_str(out, ", destination UNKNOWN\n");
	txt_str(out, "  Tunnel protocol/transport GRE/IP\n");
	if (t->has_key)
		txt_printf(out, "    Key 0x%X, sequencing disabled\n", t->key);
	else
		txt_str(out, "    Key disabled, sequencing disabled\n");
	txt_printf(out, "    Checksumming of packets disabled\n  Tunnel TTL %u, Fast tunneling enabled\n",
		   t->ttl ? t->ttl : 255u);
	txt_printf(out, "  Tunnel transport MTU %u bytes\n", b ? b->mtu : 1476u);
	txt_str(out, "  Tunnel transmit bandwidth 8000 (kbps)\n  Tunnel receive bandwidth 8000 (kbps)\n");
}

#define U(x) (unsigned long long)(x)

static void ago(uint64_t ms, char buf[24])
{
	if (ms == UINT64_MAX)
		snprintf(buf, 24, "never");
	else
		snprintf(buf, 24, "%02u:%02u:%02u", (unsigned)(ms / 3600000 % 100),
			 (unsigned)(ms / 60000 % 60), (unsigned)(ms / 1000 % 60));
}

static void one_interface(struct control *c, const struct cfg_interface *ci, const struct stats *st,
			  struct txt *out)
{
	const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);
	const struct nl_link *l = b && b->ifindex ? plumb_link(c, b->ifindex) : NULL;
	const struct fwd_tunnel_stats *ts =
		ci->is_tunnel ? stats_tunnel(st, (uint32_t)strtoul(ci->name + 6, NULL, 10)) : NULL;
	struct fwd_tunnel_stats none = { .last_in_ms = UINT64_MAX, .last_out_ms = UINT64_MAX };
	struct nl_link no_link = { 0 };
	char a[IPADDR_STRLEN], in[24], o[24];
	int len = ipv4_mask_len(ipaddr_to_v4(&ci->addr.mask));

	if (!ts)
		ts = &none;
	if (!l)
		l = &no_link;
	txt_printf(out, "%s is %s, line protocol is %s \n", ci->name, status_word(c, ci),
		   view_if_line(c, ci) ? "up" : "down");
	if (ci->is_tunnel)
		txt_str(out, "  Hardware is Tunnel\n");
	else
		txt_printf(out, "  Hardware is Linux device %s, address is %02x%02x.%02x%02x.%02x%02x "
				"(bia %02x%02x.%02x%02x.%02x%02x)\n",
			   l->name[0] ? l->name : "(none)", l->mac[0], l->mac[1], l->mac[2], l->mac[3],
			   l->mac[4], l->mac[5], l->mac[0], l->mac[1], l->mac[2], l->mac[3], l->mac[4],
			   l->mac[5]);
	if (ci->description[0])
		txt_printf(out, "  Description: %s\n", ci->description);
	if (ci->addr.addr.family)
		txt_printf(out, "  Internet address is %s/%d\n", ipaddr_str(&ci->addr.addr, a), len);
	txt_printf(out, "  MTU %u bytes, BW %u Kbit/sec, DLY %u usec, \n",
		   ci->is_tunnel ? 17916u : l->mtu ? l->mtu : 1500u,
		   ci->bandwidth_kbps ? ci->bandwidth_kbps : ci->is_tunnel ? 100u : 100000u,
		   ci->delay_10us ? ci->delay_10us * 10 : ci->is_tunnel ? 50000u : 100u);
	txt_printf(out, "     reliability 255/255, txload 1/255, rxload 1/255\n"
			"  Encapsulation %s, loopback not set\n  Keepalive %s\n",
		   ci->is_tunnel ? "TUNNEL" : "ARPA", ci->is_tunnel ? "not set" : "set (10 sec)");
	if (ci->is_tunnel)
		tunnel_facts(c, ci, b, out);
	ago(ci->is_tunnel ? ts->last_in_ms : UINT64_MAX, in);
	ago(ci->is_tunnel ? ts->last_out_ms : UINT64_MAX, o);
	uint64_t drops = ci->is_tunnel ? ts->out_drops : l->tx_errors;
	txt_printf(out, "  Last input %s, output %s, output hang never\n"
			"  Last clearing of \"show interface\" counters never\n"
			"  Input queue: 0/75/0/0 (size/max/drops/flushes); Total output drops: %llu\n"
			"  Queueing strategy: fifo\n  Output queue: 0/0 (size/max)\n"
			"  5 minute input rate 0 bits/sec, 0 packets/sec\n"
			"  5 minute output rate 0 bits/sec, 0 packets/sec\n",
		   in, o, U(drops));
	uint64_t errors = ci->is_tunnel ? ts->in_errors + ts->in_checksum + ts->in_key_mismatch +
						  ts->in_unsupported :
					  l->rx_errors;
	txt_printf(out, "     %llu packets input, %llu bytes, 0 no buffer\n"
			"     Received 0 broadcasts (0 IP multicasts)\n"
			"     0 runts, 0 giants, 0 throttles \n"
			"     %llu input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored, 0 abort\n"
			"     %llu packets output, %llu bytes, 0 underruns\n"
			"     %llu output errors, 0 collisions, 0 interface resets\n"
			"     0 unknown protocol drops\n"
			"     0 output buffer failures, 0 output buffers swapped out\n",
		   U(ci->is_tunnel ? ts->in_packets : l->rx_packets),
		   U(ci->is_tunnel ? ts->in_bytes : l->rx_bytes), U(errors),
		   U(ci->is_tunnel ? ts->out_packets : l->tx_packets),
		   U(ci->is_tunnel ? ts->out_bytes : l->tx_bytes), U(drops));
}

static bool selected(const struct exec_args *a, const struct cfg_interface *ci)
{
	return !a->ifname[0] || !strcmp(a->ifname, ci->name);
}

void view_interfaces(struct control *c, const struct exec_args *a, struct txt *out)
{
	struct stats st;

	(void)plumb_look(c);
	stats_get(c, &st);
	for (size_t i = 0; i < c->config->interfaces.n; i++)
		if (selected(a, c->config->interfaces.v[i]))
			one_interface(c, c->config->interfaces.v[i], &st, out);
	stats_fini(&st);
}

void view_interfaces_description(struct control *c, struct txt *out)
{
	char name[CFG_NAME_MAX];

	(void)plumb_look(c);
	txt_str(out, "Interface                      Status         Protocol Description\n");
	for (size_t i = 0; i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];

		ifname_short(ci->name, name);
		txt_printf(out, "%-30s %-14s %-8s %s\n", name,
			   ci->shutdown ? "admin down" : view_if_up(c, ci) ? "up" : "down",
			   view_if_line(c, ci) ? "up" : "down", ci->description);
	}
}

void view_ip_interface_brief(struct control *c, const struct exec_args *a, struct txt *out)
{
	char addr[IPADDR_STRLEN];

	(void)plumb_look(c);
	txt_str(out, "Interface                  IP-Address      OK? Method Status                Protocol\n");
	for (size_t i = 0; i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];
		const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);
		bool has = b && b->addr.family;

		if (selected(a, ci))
			txt_printf(out, "%-26s %-15s %-3s %-6s %-21s %s\n", ci->name,
				   has ? ipaddr_str(&b->addr, addr) : "unassigned", "YES",
				   ci->addr.addr.family ? "NVRAM" : has ? "other" : "unset",
				   status_word(c, ci), view_if_line(c, ci) ? "up" : "down");
	}
}

void view_ip_interface(struct control *c, const struct exec_args *a, struct txt *out)
{
	char addr[IPADDR_STRLEN];

	(void)plumb_look(c);
	for (size_t i = 0; i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];
		const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ci->name);

		if (!selected(a, ci))
			continue;
		txt_printf(out, "%s is %s, line protocol is %s\n", ci->name, status_word(c, ci),
			   view_if_line(c, ci) ? "up" : "down");
		if (!ci->addr.addr.family) {
			txt_str(out, "  Internet protocol processing disabled\n");
			continue;
		}
		txt_printf(out, "  Internet address is %s/%d\n  Broadcast address is 255.255.255.255\n",
			   ipaddr_str(&ci->addr.addr, addr),
			   ipv4_mask_len(ipaddr_to_v4(&ci->addr.mask)));
		txt_printf(out, "  MTU is %u bytes\n  Outgoing access list is %s\n"
				"  Inbound  access list is %s\n",
			   b ? b->mtu : 1500u, ci->group_out[0] ? ci->group_out : "not set",
			   ci->group_in[0] ? ci->group_in : "not set");
	}
}

/* ---- show ip route ---- */

struct route_row {
	char code;
	uint32_t net;
	unsigned len;
	char text[120]; /* after the prefix */
};

static int by_prefix(const void *x, const void *y)
{
	const struct route_row *a = x, *b = y;

	if (a->net != b->net)
		return a->net < b->net ? -1 : 1;
	return a->len < b->len ? -1 : a->len > b->len;
}

static size_t collect(struct control *c, struct route_row *v, size_t max)
{
	char hop[IPADDR_STRLEN];
	size_t n = 0;

	for (size_t i = 0; i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];
		int len = ipv4_mask_len(ipaddr_to_v4(&ci->addr.mask));

		if (!ci->addr.addr.family || len < 0 || !view_if_line(c, ci) || n + 2 > max)
			continue;
		uint32_t addr = ipaddr_to_v4(&ci->addr.addr);
		v[n] = (struct route_row){ 'C', addr & ipv4_mask((unsigned)len), (unsigned)len, "" };
		snprintf(v[n++].text, sizeof(v->text), "is directly connected, %s", ci->name);
		v[n] = (struct route_row){ 'L', addr, 32, "" };
		snprintf(v[n++].text, sizeof(v->text), "is directly connected, %s", ci->name);
	}
	for (size_t i = 0; i < c->config->routes.n && n < max; i++) {
		const struct cfg_route *r = c->config->routes.v[i];
		int len = ipv4_mask_len(ipaddr_to_v4(&r->mask));
		const struct cfg_interface *ci = config_find_interface(c->config, r->ifname);

		if (len < 0 || (ci && !view_if_line(c, ci)))
			continue;
		v[n] = (struct route_row){ 'S', ipaddr_to_v4(&r->net), (unsigned)len, "" };
		if (r->next_hop.family)
			snprintf(v[n].text, sizeof(v->text), "[%u/0] via %s%s%s",
				 r->distance ? r->distance : 1u, ipaddr_str(&r->next_hop, hop),
				 r->ifname[0] ? ", " : "", r->ifname);
		else
			snprintf(v[n].text, sizeof(v->text), "is directly connected, %s", r->ifname);
		n++;
	}
	qsort(v, n, sizeof(*v), by_prefix);
	return n;
}

static unsigned classful_len(uint32_t net)
{
	return net >> 31 == 0 ? 8 : net >> 30 == 2 ? 16 : 24;
}

static void dotted(uint32_t v, struct txt *out)
{
	txt_printf(out, "%u.%u.%u.%u", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
}

/* The rows of one classful network: a heading if they are subnets of it. */
static size_t classful(const struct route_row *v, size_t n, struct txt *out)
{
	unsigned cl = classful_len(v[0].net), masks = 0;
	uint32_t mask = ipv4_mask(cl);
	size_t k = 0;

	while (k < n && (v[k].net & mask) == (v[0].net & mask))
		k++;
	if (k == 1 && v[0].len <= cl) {
		txt_printf(out, "%c     ", v[0].code);
		dotted(v[0].net, out);
		txt_printf(out, "/%u %s\n", v[0].len, v[0].text);
		return 1;
	}
	for (size_t i = 0; i < k; i++) {
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen |= v[j].len == v[i].len;
		masks += !seen;
	}
	txt_str(out, "      ");
	dotted(v[0].net & mask, out);
	txt_printf(out, "/%u is %ssubnetted, %zu subnets", masks > 1 ? cl : v[0].len,
		   masks > 1 ? "variably " : "", k);
	if (masks > 1)
		txt_printf(out, ", %u masks", masks);
	txt_char(out, '\n');
	for (size_t i = 0; i < k; i++) {
		txt_printf(out, "%c        ", v[i].code);
		dotted(v[i].net, out);
		txt_printf(out, "/%u %s\n", v[i].len, v[i].text);
	}
	return k;
}

void view_ip_route(struct control *c, const struct exec_args *a, struct txt *out)
{
	struct route_row v[512];
	const char *via = NULL;
	size_t n, first = 0;

	(void)a;
	(void)plumb_look(c);
	n = collect(c, v, sizeof(v) / sizeof(v[0]));
	txt_str(out, "Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP\n"
		     "       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area \n"
		     "       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2\n"
		     "       E1 - OSPF external type 1, E2 - OSPF external type 2\n"
		     "       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2\n"
		     "       ia - IS-IS inter area, * - candidate default, U - per-user static route\n"
		     "       o - ODR, P - periodic downloaded static route, H - NHRP, l - LISP\n"
		     "       a - application route\n"
		     "       + - replicated route, % - next hop override\n\n");
	if (n && v[0].net == 0 && v[0].len == 0) {
		via = strstr(v[0].text, "via ");
		txt_printf(out, "Gateway of last resort is %s to network 0.0.0.0\n\n",
			   via ? via + 4 : "0.0.0.0");
		txt_printf(out, "S*    0.0.0.0/0 %s\n", v[0].text);
		first = 1;
	} else {
		txt_str(out, "Gateway of last resort is not set\n\n");
	}
	while (first < n)
		first += classful(v + first, n - first, out);
}
