/* SPDX-License-Identifier: Apache-2.0 */
/* `ip route`. */
#include "commands/rows.h"

#include <errno.h>
#include <string.h>

static int route_apply(struct cli_call *c)
{
	struct cfg_route r = *(const struct cfg_route *)c->args, *old;
	struct config *cfg = c->root;

	if (!mask_is_good(&r.mask, &r.net, c->out))
		return -EINVAL;
	if (ipaddr_to_v4(&r.net) & ~ipaddr_to_v4(&r.mask)) {
		txt_str(c->out, "%Inconsistent address and mask\n");
		return -EINVAL;
	}
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

static bool route_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		       const void **ret_obj)
{
	const struct config *c = root;

	(void)obj;
	(void)ret_obj;
	if (w->i == c->routes.n)
		return false;
	memcpy(args, c->routes.v[w->i++], sizeof(struct cfg_route));
	return true;
}

#define AT_R(f) struct cfg_route, f

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
		       KW("name", "Specify name of the next hop"),
		       WORD("Name of the next hop", AT_R(name)), OR,
		       KWV("permanent", "permanent route", AT_R(permanent), 1), OR,
		       KW("tag", "Set tag for this route"),
		       NUM(1, 4294967295, "Tag value", AT_R(tag)), OR,
		       KW("track", "Install route depending on tracked item"),
		       NUM(1, 1000, "tracked object number", AT_R(track)), CLOSE) },
	{ .toks = NULL },
};
