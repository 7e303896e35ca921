/* SPDX-License-Identifier: Apache-2.0 */
/* `ip route` and `ipv6 route`. */
#include "commands/prefix6.h"

#include <errno.h>
#include <string.h>

static int change(struct cli_call *c, struct cfg_route r)
{
	struct config *cfg = c->root;
	struct cfg_route *old;

	if (r.distance == 1)
		r.distance = 0;
	if (c->op == CLI_SET)
		return config_add_route(cfg, &r) ? 0 : -ENOMEM;
	old = config_find_route(cfg, &r);
	if (old) {
		config_del_route(cfg, old);
		return 0;
	}
	/* without a way: every route to that destination */
	for (size_t i = cfg->routes.n; i-- > 0 && !r.ifname[0] && !r.next_hop.family;) {
		old = cfg->routes.v[i];
		if (ipaddr_equal(&old->net, &r.net) && ipaddr_equal(&old->mask, &r.mask))
			config_del_route(cfg, old);
	}
	return 0;
}

/* The next route of that family; NULL behind the last. */
static const struct cfg_route *next_route(const struct config *c, enum ip_family family,
					  struct cli_walk *w)
{
	while (w->i < c->routes.n && c->routes.v[w->i]->net.family != family)
		w->i++;
	return w->i < c->routes.n ? c->routes.v[w->i++] : NULL;
}

static int route_apply(struct cli_call *c)
{
	struct cfg_route r = *(const struct cfg_route *)c->args;

	if (!mask_is_good(&r.mask, &r.net, c->out))
		return -EINVAL;
	if (ipaddr_to_v4(&r.net) & ~ipaddr_to_v4(&r.mask)) {
		txt_str(c->out, "%Inconsistent address and mask\n");
		return -EINVAL;
	}
	return change(c, r);
}

static bool route_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		       const void **ret_obj)
{
	const struct cfg_route *r = next_route(root, IP_V4, w);

	(void)obj;
	(void)ret_obj;

	if (r)
		memcpy(args, r, sizeof(*r));
	return r;
}

/* ---- IPv6 ---- */

struct route6_args {
	struct cfg_route r; /* its destination is net */
	struct prefix6 net;
};

static int route6_apply(struct cli_call *c)
{
	const struct route6_args *a = c->args;
	struct cfg_route r = a->r;

	prefix6_to_mask(&a->net, &r.net, &r.mask); /* IOS takes host bits, and drops them */
	if (ipaddr_is_link_local(&r.next_hop) && !r.ifname[0]) {
		txt_str(c->out, "% Interface has to be specified for a link-local nexthop\n");
		return -EINVAL;
	}
	if (ipaddr_is_multicast(&r.next_hop)) {
		txt_str(c->out, "% Multicast address cannot be a nexthop\n");
		return -EINVAL;
	}
	return change(c, r);
}

static bool route6_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			const void **ret_obj)
{
	const struct cfg_route *r = next_route(root, IP_V6, w);
	struct route6_args *a = args;

	(void)obj;
	(void)ret_obj;
	if (!r)
		return false;
	a->r = *r;
	prefix6_of_mask(&r->net, &r->mask, &a->net);
	return true;
}

#define AT_R(f) struct cfg_route, f

/* What stands behind the distance is printed in the order of the row, IOS's: programs compare lines. */
const struct cli_row rows_route[] = {
	{ .modes = CLI_IN(M_CONFIG), .args_size = sizeof(struct cfg_route), .apply = route_apply,
	  .each = route_each,
	  .toks = TOKS(KW("ip", "Global IP configuration subcommands"),
		       KW("route", "Establish static routes"), ADDR("Destination prefix", AT_R(net)),
		       ARGF(arg_mask, "Destination prefix mask", AT_R(mask), .flags = CLI_TAIL), ALT,
		       ARG(arg_ifname, "Interface to send by", AT_R(ifname)), OPT,
		       ADDR("Forwarding router's address", AT_R(next_hop)), CLOSE, OR,
		       ADDR("Forwarding router's address", AT_R(next_hop)), CLOSE, OPT,
		       NUM(1, 255, "Distance metric for this route", AT_R(distance)), CLOSE, ANY,
		       KW("tag", "Set tag for this route"),
		       NUM(1, 4294967295, "Tag value", AT_R(tag)), OR,
		       KWV("permanent", "permanent route", AT_R(permanent), 1), OR,
		       KW("name", "Specify name of the next hop"),
		       WORD("Name of the next hop", AT_R(name)), OR,
		       KW("track", "Install route depending on tracked item"),
		       NUM(1, 1000, "tracked object number", AT_R(track)), CLOSE) },
	{ .toks = NULL },
};

#define AT_R6(f) struct route6_args, r.f

const struct cli_row rows_route6[] = {
	{ .modes = CLI_IN(M_CONFIG), .args_size = sizeof(struct route6_args),
	  .apply = route6_apply, .each = route6_each,
	  .toks = TOKS(KW("ipv6", "Global IPv6 configuration commands"),
		       KW("route", "Configure static routes"),
		       ARGF(arg_prefix6, "IPv6 prefix", struct route6_args, net, .flags = CLI_TAIL),
		       ALT, ARG(arg_ifname, "Interface to send by", AT_R6(ifname)), OPT,
		       ADDR6("IPv6 address of next-hop", AT_R6(next_hop)), CLOSE, OR,
		       ADDR6("IPv6 address of next-hop", AT_R6(next_hop)), CLOSE, OPT,
		       NUM(1, 254, "Administrative distance", AT_R6(distance)), CLOSE, ANY,
		       KW("tag", "Tag value"), NUM(1, 4294967295, "Tag value", AT_R6(tag)), OR,
		       KW("track", "Install route depending on tracked item"),
		       NUM(1, 1000, "tracked object number", AT_R6(track)), OR,
		       KW("name", "Specify name of the next hop"),
		       WORD("Name of the next hop", AT_R6(name)), CLOSE) },
	{ .toks = NULL },
};
