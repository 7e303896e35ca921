/* SPDX-License-Identifier: Apache-2.0 */
/* `| json` of show interfaces, ip interface, ipv6 interface. */
#include <string.h>

#include "control/show_json_parts.h"

static bool wanted(const struct if_snapshot *i, const struct exec_args *a)
{
	return !a->ifname[0] || !strcmp(a->ifname, i->name);
}

/* The members that each of these rows begins with. */
static void begin(const struct if_snapshot *i, const struct cfg_interface *c, struct json *j)
{
	json_object(j, NULL);
	json_str(j, "interface", i->name);
	json_str(j, "status", show_if_status(i, c));
	json_str(j, "line_protocol", show_if_line(i));
	json_str_or_null(j, "description", c->description);
	json_str_or_null(j, "device", i->device);
}

static void address(const struct if_snapshot *i, struct json *j)
{
	json_addr(j, "address", &i->addr);
	if (i->addr.family)
		json_num(j, "prefix_length", i->prefix_len);
	else
		json_null(j, "prefix_length");
}

static void age(struct json *j, const char *key, uint64_t ms)
{
	if (ms == SHOW_NEVER)
		json_null(j, key);
	else
		json_num(j, key, ms / 1000);
}

static void mac(const struct if_snapshot *i, struct json *j)
{
	if (i->has_mac)
		json_printf(j, "mac_address", "%02x%02x.%02x%02x.%02x%02x", i->mac[0], i->mac[1], i->mac[2], i->mac[3],
			    i->mac[4], i->mac[5]);
	else
		json_null(j, "mac_address");
}

static void tunnel(const struct if_snapshot *i, const struct cfg_interface *c, struct json *j)
{
	const struct cfg_tunnel *t = &c->tunnel;

	if (!c->is_tunnel) {
		json_null(j, "tunnel");
		return;
	}
	json_object(j, "tunnel");
	json_addr(j, "source", &i->tunnel_src);
	json_addr(j, "destination", &t->destination);
	json_str(j, "transport", show_tunnel_transport(t->mode));
	if (t->has_key)
		json_num(j, "key", t->key);
	else
		json_null(j, "key");
	json_bool(j, "sequencing", t->sequence);
	json_bool(j, "checksums", t->checksum);
	json_num(j, "transport_mtu", i->tunnel_mtu);
	json_str_or_null(j, "protection_profile", t->protection);
	json_str_or_null(j, "down_because", i->line_why ? i->line_why : "");
	json_bool(j, "keepalive", t->keepalive);
	json_num(j, "keepalives_sent", i->keepalives);
	json_num(j, "keepalives_returned", i->keepalives_back);
	json_num(j, "keepalives_missed", i->keepalives_missed);
	json_object_end(j);
}

static void counters(const struct if_snapshot *i, struct json *j)
{
	json_num(j, "in_packets", i->in_packets);
	json_num(j, "in_bytes", i->in_bytes);
	json_num(j, "in_errors", i->in_errors);
	json_num(j, "in_drops", i->in_drops);
	json_num(j, "out_packets", i->out_packets);
	json_num(j, "out_bytes", i->out_bytes);
	json_num(j, "out_errors", i->out_errors);
	json_num(j, "out_drops", i->out_drops);
	json_num(j, "in_rate_bps", show_if_bps(i->rate.in_bps));
	json_num(j, "in_rate_pps", show_if_pps(i->rate.in_pps));
	json_num(j, "out_rate_bps", show_if_bps(i->rate.out_bps));
	json_num(j, "out_rate_pps", show_if_pps(i->rate.out_pps));
	age(j, "last_input_sec", i->last_in_ms);
	age(j, "last_output_sec", i->last_out_ms);
	age(j, "counters_cleared_sec", i->cleared_ms);
}

int json_interfaces(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	json_array(j, "interfaces");
	for (size_t n = 0; n < in->n_ifs; n++) {
		const struct if_snapshot *i = &in->ifs[n];
		const struct cfg_interface *c = show_if_config(in, i);

		if (!wanted(i, a))
			continue;
		begin(i, c, j);
		mac(i, j);
		address(i, j);
		json_num(j, "mtu", show_if_mtu(i, c));
		json_num(j, "bandwidth_kbps", show_if_bandwidth(i, c));
		json_num(j, "delay_usec", show_if_delay(i, c));
		tunnel(i, c, j);
		counters(i, j);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}

int json_ip_interface(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	json_array(j, "interfaces");
	for (size_t n = 0; n < in->n_ifs; n++) {
		const struct if_snapshot *i = &in->ifs[n];
		const struct cfg_interface *c = show_if_config(in, i);

		if (!wanted(i, a))
			continue;
		begin(i, c, j);
		address(i, j);
		json_str(j, "method", show_if_method(i, c));
		json_str_or_null(j, "unnumbered", i->unnumbered ? c->unnumbered : "");
		json_array(j, "secondary");
		for (size_t k = 0; k < c->n_secondary; k++) {
			json_object(j, NULL);
			json_addr(j, "address", &c->secondary[k].addr);
			json_num(j, "prefix_length", (uint64_t)ipaddr_mask_len(&c->secondary[k].mask));
			json_object_end(j);
		}
		json_array_end(j);
		json_num(j, "mtu", c->ip_mtu ? c->ip_mtu : i->mtu);
		json_str_or_null(j, "access_list_in", c->group_in);
		json_str_or_null(j, "access_list_out", c->group_out);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}

int json_ipv6_interface(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	json_array(j, "interfaces");
	for (size_t n = 0; n < in->n_ifs; n++) {
		const struct if_snapshot *i = &in->ifs[n];
		const struct cfg_interface *c = show_if_config(in, i);

		if ((!i->ipv6 && !a->flag) || !wanted(i, a)) /* `brief` has all of them */
			continue;
		begin(i, c, j);
		json_addr(j, "link_local", &i->link_local6);
		json_array(j, "addresses");
		for (size_t k = 0; k < i->n_addrs6; k++) {
			json_object(j, NULL);
			json_addr(j, "address", &i->addrs6[k].addr);
			json_num(j, "prefix_length", i->addrs6[k].prefix_len);
			json_bool(j, "eui64", i->addrs6[k].eui64);
			json_bool(j, "tentative", i->addrs6[k].tentative);
			json_bool(j, "duplicate", i->addrs6[k].duplicate);
			json_object_end(j);
		}
		json_array_end(j);
		json_num(j, "mtu", i->mtu6);
		json_str_or_null(j, "access_list_in", c->ip6.filter_in);
		json_str_or_null(j, "access_list_out", c->ip6.filter_out);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}
