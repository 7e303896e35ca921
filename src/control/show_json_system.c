/* SPDX-License-Identifier: Apache-2.0 */
/* `| json` of commands about the system, interfaces, access lists and routes. */
#include "control/show_json_parts.h"

static int privilege(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_num(j, "privilege_level", in->privilege);
	return 0;
}

static int version(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_str(j, "hostname", in->config->hostname);
	json_str(j, "software", "Culvert");
	json_str(j, "version", in->version);
	json_str(j, "machine", in->machine);
	json_str(j, "image", in->image);
	json_str_or_null(j, "board_id", in->board_id);
	json_num(j, "uptime_sec", in->uptime_sec);
	json_int(j, "restarted_at", in->wall_ms / 1000 - (int64_t)in->uptime_sec);
	json_num(j, "memory_kb", in->memory_kb);
	json_num(j, "memory_used_kb", in->memory_used_kb);
	return 0;
}

static int clock_now(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_int(j, "time_at", in->wall_ms / 1000);
	json_int(j, "milliseconds", in->wall_ms % 1000);
	json_str(j, "zone", in->zone);
	json_int(j, "utc_offset_sec", in->utc_offset_sec);
	json_bool(j, "synchronised", in->clock_synced);
	return 0;
}

static int users(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_array(j, "users");
	for (size_t i = 0; i < in->n_users; i++) {
		const struct show_user *u = &in->users[i];

		json_object(j, NULL);
		json_printf(j, "line", "%s %u", u->console ? "con" : "vty", u->line);
		json_str_or_null(j, "user", u->user);
		json_str_or_null(j, "location", u->location);
		json_num(j, "idle_sec", u->idle_ms / 1000);
		json_bool(j, "this_session", u->self);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}

const struct json_row json_rows_system[] = {
	{ EXEC_SHOW_PRIVILEGE, privilege },
	{ EXEC_SHOW_HISTORY, NULL },
	{ EXEC_SHOW_OFF, NULL },
	{ EXEC_DIR, NULL },
	{ EXEC_SHOW_RELOAD, NULL },
	{ EXEC_SHOW_ARCHIVE, NULL },
	{ EXEC_SHOW_ARCHIVE_DIFF, NULL },
	{ EXEC_SHOW_ARCHIVE_COMMANDS, NULL },
	{ EXEC_SHOW_ARCHIVE_TIMER, NULL },
	{ EXEC_SHOW_ARCHIVE_LOG, NULL },
	{ EXEC_SHOW_INTERFACES, json_interfaces },
	{ EXEC_SHOW_INTERFACES_DESCRIPTION, json_interfaces },
	{ EXEC_SHOW_INTERFACES_STATS, json_interfaces },
	{ EXEC_SHOW_INTERFACES_ACCOUNTING, json_interfaces },
	{ EXEC_SHOW_ALIASES, NULL },
	{ EXEC_SHOW_OBJECT_GROUP, NULL },
	{ EXEC_SHOW_IP_INTERFACE, json_ip_interface },
	{ EXEC_SHOW_IP_INTERFACE_BRIEF, json_ip_interface },
	{ EXEC_SHOW_ACCESS_LISTS, json_access_lists },
	{ EXEC_SHOW_IP_ACCESS_LISTS, json_ip_access_lists },
	{ EXEC_SHOW_IP_ROUTE, json_ip_route },
	{ EXEC_SHOW_IPV6_INTERFACE, json_ipv6_interface },
	{ EXEC_SHOW_IPV6_ROUTE, json_ipv6_route },
	{ EXEC_SHOW_IPV6_ACCESS_LIST, json_ipv6_access_list },
	{ EXEC_SHOW_INTERFACES_SUMMARY, json_interfaces },
	{ EXEC_SHOW_IP_ROUTE_SUMMARY, json_ip_route_summary },
	{ EXEC_SHOW_IP_STATIC_ROUTE, json_ip_static_route },
	{ EXEC_SHOW_IP_PROTOCOLS, json_ip_protocols },
	{ EXEC_SHOW_ARP, json_arp },
	{ EXEC_SHOW_PROTOCOLS, json_ip_interface },
	{ EXEC_SHOW_HOSTS, json_hosts },
	{ EXEC_SHOW_INVENTORY, json_inventory },
	{ EXEC_SHOW_PROCESSES, json_processes },
	{ EXEC_SHOW_PROCESSES_MEMORY, json_processes_memory },
	{ EXEC_SHOW_MEMORY, json_memory },
	{ EXEC_SHOW_TERMINAL, json_terminal },
	{ EXEC_SHOW_LINE, json_line },
	{ EXEC_SHOW_FILE_SYSTEMS, json_file_systems },
	{ EXEC_SHOW_RUNNING_LISTS, NULL },
	{ EXEC_SHOW_TECH, NULL },
	{ EXEC_SHOW_RUNNING, NULL },
	{ EXEC_WRITE_TERMINAL, NULL },
	{ EXEC_SHOW_STARTUP, NULL },
	{ EXEC_SHOW_VERSION, version },
	{ EXEC_SHOW_CLOCK, clock_now },
	{ EXEC_SHOW_USERS, users },
	{ EXEC_SHOW_UNSUPPORTED, json_unsupported },
	{ EXEC_SHOW_LOGGING, NULL },
	{ EXEC_SHOW_DEBUG_CONDITION, json_debug_condition },
	{ EXEC_SHOW_DEBUGGING, json_debugging },
	{ EXEC_SHOW_CAPTURE, NULL },
	{ EXEC_NONE, NULL },
};
