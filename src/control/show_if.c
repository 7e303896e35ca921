/* SPDX-License-Identifier: Apache-2.0 */
/* show interfaces, show interfaces description, show ip interface [brief]. */
#include "control/show_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What IOS assumes of a type of interface until told otherwise. */
static const struct if_type {
	const char *prefix, *hardware, *encapsulation;
	uint32_t bw_kbps, delay_usec;
} types[] = {
	{ "Tunnel", "Tunnel", "TUNNEL", 100, 50000 },
	{ "Loopback", "Loopback", "LOOPBACK", 8000000, 5000 },
	{ "TenGigabitEthernet", "Ten Gigabit Ethernet", "ARPA", 10000000, 10 },
	{ "GigabitEthernet", "Gigabit Ethernet", "ARPA", 1000000, 10 },
	{ "FastEthernet", "FastEthernet", "ARPA", 100000, 100 },
	{ "Ethernet", "Ethernet", "ARPA", 10000, 1000 },
	{ "Serial", "Serial", "HDLC", 1544, 20000 },
	{ "", "Ethernet", "ARPA", 1000000, 10 }, /* a Linux device by its own name */
};

static const struct if_type *type_of(const char *name)
{
	const struct if_type *t = types;

	while (strncmp(name, t->prefix, strlen(t->prefix)) != 0)
		t++;
	return t;
}

const struct cfg_interface *show_if_config(const struct show_in *in, const struct if_snapshot *i)
{
	const struct cfg_interface *c = config_find_interface(in->config, i->name);

	return c ? c : &cfg_interface_defaults;
}

const char *show_if_status(const struct if_snapshot *i, const struct cfg_interface *c)
{
	return c->shutdown ? "administratively down" : i->up ? "up" : "down";
}

const char *show_if_line(const struct if_snapshot *i)
{
	return i->up && i->line ? "up" : "down";
}

uint32_t show_if_bandwidth(const struct if_snapshot *i, const struct cfg_interface *c)
{
	return c->bandwidth_kbps ? c->bandwidth_kbps : type_of(i->name)->bw_kbps;
}

uint32_t show_if_delay(const struct if_snapshot *i, const struct cfg_interface *c)
{
	return c->delay_10us ? c->delay_10us * 10 : type_of(i->name)->delay_usec;
}

uint32_t show_if_mtu(const struct if_snapshot *i, const struct cfg_interface *c)
{
	return i->mtu ? i->mtu : c->mtu ? c->mtu : 1500;
}

/* ---- show interfaces ---- */

/* 1/255 to 255/255 of the bandwidth. */
static unsigned load(double bps, uint32_t bw_kbps)
{
	double part = bps / ((double)bw_kbps * 1000.0) * 255.0;

	return part < 1 ? 1 : part > 255 ? 255 : (unsigned)part;
}

static void head(const struct show_in *in, const struct if_snapshot *i,
		 const struct cfg_interface *c, struct txt *out)
{
	const struct if_type *t = type_of(i->name);
	uint32_t bw = show_if_bandwidth(i, c);
	char s[IPADDR_STRLEN], mac[16];

	txt_printf(out, "%s is %s, line protocol is %s \n  Hardware is %s", i->name,
		   show_if_status(i, c), show_if_line(i), t->hardware);
	if (i->has_mac) {
		snprintf(mac, sizeof(mac), "%02x%02x.%02x%02x.%02x%02x", i->mac[0], i->mac[1],
			 i->mac[2], i->mac[3], i->mac[4], i->mac[5]);
		txt_printf(out, ", address is %s (bia %s)", mac, mac);
	}
	txt_char(out, '\n');
	if (c->description[0])
		txt_printf(out, "  Description: %s\n", c->description);
	if (i->unnumbered)
		txt_printf(out, "  Interface is unnumbered. Using address of %s (%s)\n", c->unnumbered,
			   ipaddr_ios(&i->addr, s));
	else if (i->addr.family != IP_NONE)
		txt_printf(out, "  Internet address is %s/%u\n", ipaddr_ios(&i->addr, s),
			   (unsigned)i->prefix_len);
	txt_printf(out,
		   "  MTU %u bytes, BW %u Kbit%s, DLY %u usec, \n"
		   "     reliability 255/255, txload %u/255, rxload %u/255\n"
		   "  Encapsulation %s, loopback not set\n",
		   (unsigned)show_if_mtu(i, c), (unsigned)bw,
		   in->config->compat_ios12 ? "" : "/sec", (unsigned)show_if_delay(i, c),
		   load(i->rate.out_bps, bw), load(i->rate.in_bps, bw), t->encapsulation);
	if (c->is_tunnel && c->tunnel.keepalive)
		txt_printf(out,
			   "  Keepalive set (%u sec), retries %u\n"
			   "  Keepalives sent %" PRIu64 ", returned %" PRIu64 ", missing %" PRIu64 "\n",
			   (unsigned)c->tunnel.keepalive_sec, (unsigned)c->tunnel.keepalive_retries,
			   i->keepalives, i->keepalives_back, i->keepalives_missed);
	else
		txt_str(out, "  Keepalive not set\n");
	/* where an IOS name lives on this host */
	if (i->device[0] && strcmp(i->device, i->name) != 0)
		txt_printf(out, "  Host device %s\n", i->device);
}

const char *show_tunnel_transport(uint8_t mode)
{
	switch (mode) {
	case TUNNEL_GRE_MULTIPOINT:
		return "multi-GRE/IP";
	case TUNNEL_IPSEC_IPV4:
		return "IPSEC/IP";
	case TUNNEL_IPIP:
		return "IP/IP";
	case TUNNEL_GRE_IPV6:
		return "GRE/IPv6";
	case TUNNEL_IPSEC_IPV6:
		return "IPSEC/IPV6";
	case TUNNEL_IPSEC_6IN4:
		return "IPSECv6/IP";
	case TUNNEL_IPSEC_4IN6:
		return "IPSEC/IPV6";
	case TUNNEL_IPV6:
		return "IPv6";
	case TUNNEL_IPV6IP:
		return "IPv6/IP";
	default:
		return "GRE/IP";
	}
}

static void tunnel_ends(const struct if_snapshot *i, const struct cfg_tunnel *t, struct txt *out)
{
	char s[IPADDR_STRLEN];

	txt_printf(out, "  Tunnel source %s",
		   i->tunnel_src.family != IP_NONE ? ipaddr_ios(&i->tunnel_src, s) : "UNKNOWN");
	if (t->source_if[0])
		txt_printf(out, " (%s)", t->source_if);
	if (t->mode == TUNNEL_GRE_MULTIPOINT)
		txt_char(out, '\n');
	else if (t->destination.family != IP_NONE)
		txt_printf(out, ", destination %s\n", ipaddr_ios(&t->destination, s));
	else
		txt_printf(out, ", destination %s\n",
			   t->destination_host[0] ? t->destination_host : "UNKNOWN");
}

static void tunnel(const struct show_in *in, const struct if_snapshot *i,
		   const struct cfg_interface *c, struct txt *out)
{
	const struct cfg_tunnel *t = &c->tunnel;
	bool old = in->config->compat_ios12;

	if (!old)
		txt_printf(out, "  Tunnel linestate evaluation %s%s%s\n", show_if_line(i),
			   !i->line && i->line_why ? " - " : "",
			   !i->line && i->line_why ? i->line_why : "");
	tunnel_ends(i, t, out);
	txt_printf(out, "  Tunnel protocol/transport %s\n", show_tunnel_transport(t->mode));
	if (cfg_tunnel_proto(t) == 47) {
		if (t->has_key)
			txt_printf(out, "    Key 0x%X, ", (unsigned)t->key);
		else
			txt_str(out, "    Key disabled, ");
		txt_printf(out, "sequencing %s\n    Checksumming of packets %s\n",
			   t->sequence ? "enabled" : "disabled", t->checksum ? "enabled" : "disabled");
	}
	txt_printf(out, "  Tunnel TTL %u%s\n", t->ttl ? (unsigned)t->ttl : 255u,
		   old ? "" : ", Fast tunneling enabled");
	if (t->path_mtu_discovery && t->pmtu_age_min == PMTU_AGE_INFINITE)
		txt_str(out, "  Path MTU Discovery, ager infinite");
	else if (t->path_mtu_discovery)
		txt_printf(out, "  Path MTU Discovery, ager %u mins",
			   (unsigned)(t->pmtu_age_min ? t->pmtu_age_min : PMTU_AGE_DEFAULT));
	if (t->path_mtu_discovery)
		txt_printf(out, ", min MTU %u\n",
			   (unsigned)(t->pmtu_least ? t->pmtu_least : PMTU_LEAST_DEFAULT));
	if (i->tunnel_mtu)
		txt_printf(out, "  Tunnel transport MTU %u bytes\n", (unsigned)i->tunnel_mtu);
	txt_str(out, "  Tunnel transmit bandwidth 8000 (kbps)\n"
		     "  Tunnel receive bandwidth 8000 (kbps)\n");
	if (t->protection[0])
		txt_printf(out, "  Tunnel protection via IPSec (profile \"%s\")\n", t->protection);
}

uint64_t show_if_bps(double bps)
{
	return (uint64_t)((bps + 500.0) / 1000.0) * 1000;
}

uint64_t show_if_pps(double pps)
{
	return (uint64_t)(pps + 0.5);
}

static void counters(const struct if_snapshot *i, struct txt *out)
{
	txt_str(out, "  Last input ");
	show_ago(out, i->last_in_ms);
	txt_str(out, ", output ");
	show_ago(out, i->last_out_ms);
	txt_str(out, ", output hang never\n  Last clearing of \"show interface\" counters ");
	show_ago(out, i->cleared_ms);
	txt_printf(out,
		   "\n  Input queue: 0/75/%" PRIu64 "/0 (size/max/drops/flushes); Total output drops: %" PRIu64
		   "\n  Queueing strategy: fifo\n"
		   "  Output queue: 0/0 (size/max)\n",
		   i->in_drops, i->out_drops);
	txt_printf(out,
		   "  5 minute input rate %" PRIu64 " bits/sec, %" PRIu64 " packets/sec\n"
		   "  5 minute output rate %" PRIu64 " bits/sec, %" PRIu64 " packets/sec\n",
		   show_if_bps(i->rate.in_bps), show_if_pps(i->rate.in_pps),
		   show_if_bps(i->rate.out_bps), show_if_pps(i->rate.out_pps));
	txt_printf(out,
		   "     %" PRIu64 " packets input, %" PRIu64 " bytes, 0 no buffer\n"
		   "     Received 0 broadcasts (0 IP multicasts)\n"
		   "     0 runts, 0 giants, 0 throttles \n"
		   "     %" PRIu64 " input errors, %" PRIu64 " CRC, 0 frame, %" PRIu64
		   " overrun, 0 ignored, 0 abort\n",
		   i->in_packets, i->in_bytes, i->in_errors, i->in_crc, i->in_late);
	txt_printf(out,
		   "     %" PRIu64 " packets output, %" PRIu64 " bytes, 0 underruns\n"
		   "     %" PRIu64 " output errors, 0 collisions, 0 interface resets\n"
		   "     0 unknown protocol drops\n"
		   "     0 output buffer failures, 0 output buffers swapped out\n",
		   i->out_packets, i->out_bytes, i->out_errors);
}

void show_interfaces(const struct show_in *in, const char *ifname, struct txt *out)
{
	for (size_t n = 0; n < in->n_ifs; n++) {
		const struct if_snapshot *i = &in->ifs[n];
		const struct cfg_interface *c = show_if_config(in, i);

		if (ifname[0] && strcmp(ifname, i->name) != 0)
			continue;
		head(in, i, c, out);
		if (c->is_tunnel)
			tunnel(in, i, c, out);
		counters(i, out);
	}
}

void show_interfaces_description(const struct show_in *in, const char *ifname, struct txt *out)
{
	char name[CFG_NAME_MAX];

	txt_str(out, "Interface                      Status         Protocol Description\n");
	for (size_t n = 0; n < in->n_ifs; n++) {
		const struct if_snapshot *i = &in->ifs[n];
		const struct cfg_interface *c = show_if_config(in, i);

		if (ifname[0] && strcmp(ifname, i->name) != 0)
			continue;
		ifname_short(i->name, name);
		txt_printf(out, "%-30s %-14s %-8s %s\n", name,
			   c->shutdown ? "admin down" : show_if_status(i, c), show_if_line(i),
			   c->description);
	}
}

/* ---- show ip interface ---- */

const char *show_if_method(const struct if_snapshot *i, const struct cfg_interface *c)
{
	if (c->dhcp)
		return "DHCP";
	if (i->addr.family == IP_NONE)
		return "unset";
	/* an address that only the host's administrator gave */
	return c->addr.addr.family != IP_NONE || c->unnumbered[0] ? "NVRAM" : "other";
}

void show_ip_interface_brief(const struct show_in *in, const char *ifname, struct txt *out)
{
	char s[IPADDR_STRLEN];

	txt_str(out, "Interface                  IP-Address      OK? Method Status                "
		     "Protocol\n");
	for (size_t n = 0; n < in->n_ifs; n++) {
		const struct if_snapshot *i = &in->ifs[n];
		const struct cfg_interface *c = show_if_config(in, i);

		if (ifname[0] && strcmp(ifname, i->name) != 0)
			continue;
		txt_printf(out, "%-26s %-15s %-3s %-6s %-21s %s\n", i->name,
			   i->addr.family != IP_NONE ? ipaddr_ios(&i->addr, s) : "unassigned", "YES",
			   show_if_method(i, c), show_if_status(i, c), show_if_line(i));
	}
}

static void access_group(struct txt *out, const char *label, const char *list)
{
	txt_printf(out, "  %s access list is %s\n", label, list[0] ? list : "not set");
}

/* What IOS lists of an interface's IP that is the same on all of them here: nothing takes another way than the
 * routing table's, and nothing is counted, translated or compressed. */
static void ip_features(const struct cfg_interface *c, struct txt *out)
{
	txt_printf(out,
		   "  Proxy ARP is disabled\n"
		   "  Local Proxy ARP is disabled\n"
		   "  Security level is default\n"
		   "  ICMP redirects are always sent\n"
		   "  ICMP unreachables are %s sent\n"
		   "  ICMP mask replies are never sent\n"
		   "  IP fast switching is disabled\n"
		   "  IP Flow switching is disabled\n"
		   "  IP CEF switching is disabled\n"
		   "  IP multicast fast switching is disabled\n"
		   "  IP multicast distributed fast switching is disabled\n"
		   "  IP route-cache flags are None\n"
		   "  Router Discovery is disabled\n"
		   "  IP output packet accounting is disabled\n"
		   "  IP access violation accounting is disabled\n"
		   "  TCP/IP header compression is disabled\n"
		   "  RTP/IP header compression is disabled\n"
		   "  Policy routing is disabled\n"
		   "  Network address translation is disabled\n"
		   "  BGP Policy Mapping is disabled\n"
		   "  WCCP Redirect outbound is disabled\n"
		   "  WCCP Redirect inbound is disabled\n"
		   "  WCCP Redirect exclude is disabled\n",
		   c->unreachables ? "always" : "never");
}

static void secondaries(const struct cfg_interface *c, struct txt *out)
{
	char s[IPADDR_STRLEN];

	for (size_t i = 0; i < c->n_secondary; i++)
		txt_printf(out, "  Secondary address %s/%d\n", ipaddr_ios(&c->secondary[i].addr, s),
			   ipv4_mask_len(ipaddr_to_v4(&c->secondary[i].mask)));
}

void show_ip_interface(const struct show_in *in, const char *ifname, struct txt *out)
{
	char s[IPADDR_STRLEN];

	for (size_t n = 0; n < in->n_ifs; n++) {
		const struct if_snapshot *i = &in->ifs[n];
		const struct cfg_interface *c = show_if_config(in, i);

		if (ifname[0] && strcmp(ifname, i->name) != 0)
			continue;
		txt_printf(out, "%s is %s, line protocol is %s\n", i->name, show_if_status(i, c),
			   show_if_line(i));
		if (i->addr.family == IP_NONE) {
			txt_str(out, "  Internet protocol processing disabled\n");
			continue;
		}
		if (i->unnumbered)
			txt_printf(out, "  Interface is unnumbered. Using address of %s (%s)\n",
				   c->unnumbered, ipaddr_ios(&i->addr, s));
		else
			txt_printf(out, "  Internet address is %s/%u\n", ipaddr_ios(&i->addr, s),
				   (unsigned)i->prefix_len);
		txt_printf(out, "  Broadcast address is 255.255.255.255\n  Address determined by %s\n",
			   c->dhcp ? "DHCP" : "non-volatile memory");
		secondaries(c, out);
		txt_printf(out, "  MTU is %u bytes\n  Helper address is not set\n"
				"  Directed broadcast forwarding is disabled\n",
			   (unsigned)(c->ip_mtu ? c->ip_mtu : i->mtu));
		access_group(out, "Outgoing", c->group_out);
		access_group(out, "Inbound ", c->group_in);
		ip_features(c, out);
	}
}
