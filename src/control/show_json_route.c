/* SPDX-License-Identifier: Apache-2.0 */
/* `| json` of routes and access lists. */
#include <errno.h>
#include <string.h>

#include "control/show_index.h"
#include "control/show_json_parts.h"

static void route(const struct show_route *r, struct json *j)
{
	json_object(j, NULL);
	if (r->dst.family == IP_V6)
		json_str(j, "code", show_route_source(r->code)->code6);
	else
		json_printf(j, "code", "%c", r->code);
	json_addr(j, "network", &r->dst);
	json_num(j, "prefix_length", r->prefix_len);
	json_addr(j, "next_hop", &r->next_hop);
	json_str_or_null(j, "interface", r->ifname);
	json_num(j, "distance", r->distance);
	json_num(j, "metric", r->metric);
	json_object_end(j);
}

static void end_routes(const struct show_in *in, struct json *j)
{
	json_array_end(j);
	if (in->routes_cut)
		json_bool(j, "incomplete", true);
}

/* One more of all that are asked for. */
static bool element(const struct show_in *in, enum ip_family family, const struct exec_args *a, struct show_json_cursor *k,
		    struct json *j)
{
	static const struct show_route multicast = { .code = 'L', .dst = { .family = IP_V6, .b = { 0xff } }, .prefix_len = 8,
						     .ifname = "Null0" };
	struct show_route_list *l = k->routes;

	if (!l) {
		json_array(j, "routes");
		k->routes = show_route_list_new(in, j->out);
		return k->routes != NULL;
	}
	k->pause = show_route_list_some(in, family, a->number, l);
	if (k->pause)
		return true;
	if (l->at < l->n) {
		const struct show_route *r = l->v[l->at++];

		if (show_route_within(r, a))
			route(r, j);
		return true;
	}
	if (family == IP_V6 && (a->number == EXEC_ROUTES_ALL || a->number == EXEC_ROUTES_CONNECTED))
		route(&multicast, j);
	end_routes(in, j);
	return false;
}

bool json_ip_route_element(const struct show_in *in, const struct exec_args *a, struct show_json_cursor *k, struct json *j)
{
	return element(in, IP_V4, a, k, j);
}

bool json_ipv6_route_element(const struct show_in *in, const struct exec_args *a, struct show_json_cursor *k, struct json *j)
{
	return element(in, IP_V6, a, k, j);
}

int json_ip_route(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	bool near, said = false;
	const struct show_route *best = NULL;

	if (!a->addr.family || a->detail)
		return json_whole(in, a, NULL, json_ip_route_element, j);
	best = show_route_to(in, &a->addr, &a->addr2, &near);
	if (!best)
		return -EINVAL;
	json_array(j, "routes");
	for (size_t i = 0; i < show_route_count(in); i++) {
		const struct show_route *r = show_route_at(in, i);

		if (show_route_joins(r, best)) {
			route(r, j);
			said = true;
		} else if (said && in->route_order) { /* they stand together */
			break;
		}
	}
	end_routes(in, j);
	return 0;
}

int json_ipv6_route(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	return json_whole(in, a, NULL, json_ipv6_route_element, j);
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
	json_bool(j, "used", true);
	json_object_end(j);
	j->out->bad |= body.bad;
	txt_fini(&body);
}

/* Of what was refused only the line is known. */
static void refused_entry(const char *text, void *ctx)
{
	struct json *j = ctx;

	json_object(j, NULL);
	json_null(j, "sequence");
	json_null(j, "action");
	json_str(j, "matches_what", text);
	json_num(j, "matches", 0);
	json_bool(j, "log", false);
	json_bool(j, "used", false);
	json_object_end(j);
}

/* k->sub: 0 the list begins, then an entry each. */
static bool lists(const struct show_in *in, const char *name, bool v4, bool v6, struct show_json_cursor *k, struct json *j)
{
	const struct config *c = in->config;
	const struct cfg_acl *acl;

	if (k->at == c->acls.n)
		return false;
	acl = c->acls.v[k->at];
	if (!(acl->kind == ACL_IPV6 ? v6 : v4) || (name[0] && strcmp(name, acl->name) != 0)) {
		k->at++;
	} else if (!k->sub) {
		json_object(j, NULL);
		json_str(j, "name", acl->name);
		json_str(j, "family", acl->kind == ACL_IPV6 ? "ipv6" : "ipv4");
		json_str(j, "type", acl->kind == ACL_STANDARD ? "standard" : "extended");
		json_array(j, "entries");
		show_acl_refused(c, acl, 0, refused_entry, j);
		k->sub = 1;
	} else if (k->sub <= acl->entries.n) {
		if (acl->entries.v[k->sub - 1]->kind != ACE_REMARK)
			entry(in, acl, acl->entries.v[k->sub - 1], j);
		show_acl_refused(c, acl, k->sub, refused_entry, j);
		k->sub++;
	} else {
		json_array_end(j);
		json_object_end(j);
		k->at++;
		k->sub = 0;
	}
	return true;
}

bool json_all_lists_element(const struct show_in *in, const struct exec_args *a, struct show_json_cursor *k, struct json *j)
{
	return lists(in, a->name, true, true, k, j);
}

bool json_ip_lists_element(const struct show_in *in, const struct exec_args *a, struct show_json_cursor *k, struct json *j)
{
	return lists(in, a->name, true, false, k, j);
}

bool json_ipv6_lists_element(const struct show_in *in, const struct exec_args *a, struct show_json_cursor *k, struct json *j)
{
	return lists(in, a->name, false, true, k, j);
}

int json_access_lists(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	return json_whole(in, a, "access_lists", json_all_lists_element, j);
}

int json_ip_access_lists(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	return json_whole(in, a, "access_lists", json_ip_lists_element, j);
}

int json_ipv6_access_list(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	return json_whole(in, a, "access_lists", json_ipv6_lists_element, j);
}
