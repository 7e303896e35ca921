/* SPDX-License-Identifier: Apache-2.0 */
/* `| json` of what the router runs on, and of summaries. */
#include "control/show_json_parts.h"

int json_ip_route_summary(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	struct show_route_sum v[SHOW_ROUTE_SOURCES];
	size_t n = show_route_sums(in, v);

	(void)a;
	json_array(j, "sources");
	for (size_t i = 0; i < n; i++) {
		json_object(j, NULL);
		json_str(j, "source", v[i].source);
		json_num(j, "networks", v[i].networks);
		json_num(j, "subnets", v[i].subnets);
		json_num(j, "memory_bytes", v[i].bytes);
		json_object_end(j);
	}
	json_array_end(j);
	if (in->routes_cut)
		json_bool(j, "incomplete", true);
	return 0;
}

static void static_route(const struct cfg_route *r, bool active, void *ctx)
{
	struct json *j = ctx;

	json_object(j, NULL);
	json_addr(j, "network", &r->net);
	json_num(j, "prefix_length", (uint64_t)ipaddr_mask_len(&r->mask));
	json_num(j, "distance", r->distance ? r->distance : 1);
	json_addr(j, "next_hop", &r->next_hop);
	json_str_or_null(j, "interface", r->ifname);
	json_bool(j, "active", active);
	json_object_end(j);
}

int json_ip_static_route(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_array(j, "static_routes");
	if (!show_statics(in, static_route, j))
		j->out->bad = true;
	json_array_end(j);
	return 0;
}

int json_ip_protocols(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)in;
	(void)a;
	json_array(j, "protocols");
	json_array_end(j);
	return 0;
}

int json_arp(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	json_array(j, "arp");
	for (size_t i = 0; i < in->n_neighs; i++) {
		const struct show_neigh *n = &in->neighs[i];

		if (!show_neigh_wanted(n, &a->addr, a->ifname))
			continue;
		json_object(j, NULL);
		json_addr(j, "address", &n->addr);
		if (n->has_mac)
			json_printf(j, "mac_address", "%02x%02x.%02x%02x.%02x%02x", n->mac[0], n->mac[1], n->mac[2], n->mac[3],
				    n->mac[4], n->mac[5]);
		else
			json_null(j, "mac_address");
		json_str(j, "interface", n->ifname);
		if (n->fixed)
			json_null(j, "age_sec");
		else
			json_num(j, "age_sec", n->age_sec);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}

int json_hosts(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_str_or_null(j, "domain", in->config->domain);
	json_array(j, "name_servers");
	json_array_end(j);
	json_array(j, "hosts");
	json_array_end(j);
	return 0;
}

int json_inventory(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_array(j, "inventory");
	json_object(j, NULL);
	json_str(j, "name", "Chassis");
	json_printf(j, "description", "Culvert on Linux, %s", in->machine);
	json_str(j, "product_id", "CULVERT");
	json_str(j, "version_id", in->version);
	json_str_or_null(j, "serial_number", in->board_id);
	json_object_end(j);
	json_array_end(j);
	return 0;
}

static void processes(const struct show_in *in, struct json *j)
{
	json_array(j, "processes");
	for (size_t i = 0; in->load && i < in->load->n; i++) {
		const struct show_proc *p = &in->load->v[i];

		json_object(j, NULL);
		json_int(j, "pid", p->pid);
		json_str(j, "process", p->name);
		json_bool(j, "thread", p->thread);
		json_num(j, "runtime_ms", p->runtime_ms);
		json_num(j, "invoked", p->invoked);
		json_num(j, "usec_each", p->usec_each);
		json_num(j, "five_seconds_hundredths", p->five_sec);
		json_num(j, "one_minute_hundredths", p->one_min);
		json_num(j, "five_minutes_hundredths", p->five_min);
		if (p->thread)
			json_null(j, "holding_bytes");
		else
			json_num(j, "holding_bytes", p->resident_bytes);
		json_object_end(j);
	}
	json_array_end(j);
}

int json_processes(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	static const struct show_load none;
	const struct show_load *l = in->load ? in->load : &none;

	(void)a;
	json_num(j, "five_seconds_percent", l->five_sec);
	json_num(j, "five_seconds_interrupts_percent", l->interrupts);
	json_num(j, "one_minute_percent", l->one_min);
	json_num(j, "five_minutes_percent", l->five_min);
	processes(in, j);
	return 0;
}

int json_memory(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_num(j, "total_bytes", in->memory_kb * 1024);
	json_num(j, "used_bytes", in->memory_used_kb * 1024);
	json_num(j, "free_bytes", (in->memory_kb - in->memory_used_kb) * 1024);
	return 0;
}

int json_processes_memory(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)json_memory(in, a, j);
	processes(in, j);
	return 0;
}

int json_file_systems(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	static const char *const names[] = { "flash:", "nvram:" };

	(void)a;
	json_array(j, "file_systems");
	for (size_t i = 0; in->has_disk && i < sizeof(names) / sizeof(names[0]); i++) {
		json_object(j, NULL);
		json_str(j, "prefix", names[i]);
		json_num(j, "size_bytes", in->disk_bytes);
		json_num(j, "free_bytes", in->disk_free_bytes);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}

int json_terminal(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	const struct show_terminal *t = &in->terminal;

	(void)a;
	json_num(j, "length", t->length);
	json_num(j, "width", t->width);
	json_num(j, "history_size", t->history);
	json_bool(j, "monitor", t->monitor);
	return 0;
}

int json_line(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_array(j, "lines");
	json_object(j, NULL);
	json_str(j, "line", "con 0");
	json_num(j, "tty", 0);
	json_bool(j, "active", show_on_console(in));
	json_object_end(j);
	for (unsigned vty = 0; vty < show_vtys(in); vty++) {
		json_object(j, NULL);
		json_printf(j, "line", "vty %u", vty);
		json_num(j, "tty", vty + 2);
		json_bool(j, "active", show_on_line(in, vty) != NULL);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}
