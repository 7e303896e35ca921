/* SPDX-License-Identifier: Apache-2.0 */
/* `| json` of routes and access lists. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/show_index.h"
#include "control/show_json_parts.h"

static void route(const struct show_route *r, struct json *j)
{
	json_object(j, NULL);
	json_printf(j, "code", "%c", r->code);
	json_addr(j, "network", &r->dst);
	json_num(j, "prefix_length", r->prefix_len);
	json_addr(j, "next_hop", &r->next_hop);
	json_str_or_null(j, "interface", r->ifname);
	json_num(j, "distance", r->distance);
	json_num(j, "metric", r->metric);
	json_object_end(j);
}

/* best: only it, and its other next hops; NULL: all. */
static int routes(const struct show_in *in, enum ip_family family, unsigned which, const struct show_route *best,
		  struct json *j)
{
	static const struct show_route multicast = { .code = 'L', .dst = { .family = IP_V6, .b = { 0xff } }, .prefix_len = 8,
						     .ifname = "Null0" };
	size_t n = 0;
	const struct show_route **v = show_routes_sorted(in, family, which, &n);

	if (!v)
		return -ENOMEM;
	json_array(j, "routes");
	for (size_t i = 0; i < n; i++)
		if (!best || show_route_joins(v[i], best))
			route(v[i], j);
	if (family == IP_V6)
		route(&multicast, j);
	json_array_end(j);
	free(v);
	return 0;
}

int json_ip_route(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	bool near;
	const struct show_route *best = a->addr.family ? show_route_to(in, &a->addr, &near) : NULL;

	if (a->addr.family && !best)
		return -EINVAL;
	return routes(in, IP_V4, a->number, best, j);
}

int json_ipv6_route(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	return routes(in, IP_V6, EXEC_ROUTES_ALL, NULL, j);
}

/* ---- access lists ---- */

static void entry(const struct show_in *in, const struct cfg_acl *acl, const struct acl_entry *e, struct json *j)
{
	struct txt body = TXT_INIT;

	json_object(j, NULL);
	json_num(j, "sequence", e->seq);
	json_str(j, "action", e->kind == ACE_PERMIT ? "permit" : "deny");
	show_ace_body(&body, acl, e);
	json_str(j, "matches_what", txt_cstr(&body));
	json_num(j, "matches", show_count_matches(in, acl->name, e->seq));
	json_bool(j, "log", e->log != 0);
	json_object_end(j);
	j->out->bad |= body.bad;
	txt_fini(&body);
}

static void lists(const struct show_in *in, const char *name, bool v4, bool v6, struct json *j)
{
	const struct config *c = in->config;

	json_array(j, "access_lists");
	for (size_t i = 0; i < c->acls.n; i++) {
		const struct cfg_acl *acl = c->acls.v[i];

		if (!(acl->kind == ACL_IPV6 ? v6 : v4) || (name[0] && strcmp(name, acl->name) != 0))
			continue;
		json_object(j, NULL);
		json_str(j, "name", acl->name);
		json_str(j, "family", acl->kind == ACL_IPV6 ? "ipv6" : "ipv4");
		json_str(j, "type", acl->kind == ACL_STANDARD ? "standard" : "extended");
		json_array(j, "entries");
		for (size_t k = 0; k < acl->entries.n; k++)
			if (acl->entries.v[k]->kind != ACE_REMARK)
				entry(in, acl, acl->entries.v[k], j);
		json_array_end(j);
		json_object_end(j);
	}
	json_array_end(j);
}

int json_access_lists(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	lists(in, a->name, true, true, j);
	return 0;
}

int json_ip_access_lists(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	lists(in, a->name, true, false, j);
	return 0;
}

int json_ipv6_access_list(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	lists(in, a->name, false, true, j);
	return 0;
}
