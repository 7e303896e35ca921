/* SPDX-License-Identifier: Apache-2.0 */
/* `interface ...` and what stands below it. */
#include "commands/rows.h"

#include "commands/load.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define IN_CONFIG CLI_IN(M_CONFIG)
#define IN_TUNNEL CLI_IN(M_TUNNEL)
#define IN_IF	  (CLI_IN(M_INTERFACE) | CLI_IN(M_TUNNEL))

struct if_args {
	char name[CFG_NAME_MAX];
	uint8_t link;
};

/* A port that is there, by a name of IOS. Others are logical, or nothing but a name. */
static bool is_physical(const struct cfg_interface *i)
{
	static const char *const logical[] = { "Tunnel", "Loopback", "Virtual-", "Dialer", "BVI", "Port-channel", "Multilink", "Vlan",
					       "Null" };

	for (size_t k = 0; k < sizeof(logical) / sizeof(logical[0]); k++)
		if (!strncmp(i->name, logical[k], strlen(logical[k])))
			return false;
	return i->bound && ifname_has_type(i->name) && !strchr(i->name, '.');
}

static int if_apply(struct cli_call *c)
{
	const struct if_args *a = c->args;
	struct cfg_interface *i = config_find_interface(c->root, a->name);

	if (c->op == CLI_SET) {
		/* a slip of the fingers would otherwise be an interface that nobody sees */
		if (!i && !c->number && strchr(a->name, '/') && !ifname_has_type(a->name))
			txt_printf(c->out, "%% NOTE: IOS has no interface %s, and no device of Linux is called so.\n", a->name);
		i = config_add_interface(c->root, a->name);
		if (i && a->link)
			i->link = a->link;
		return i ? 0 : -ENOMEM;
	}
	if (i && c->op == CLI_DEFAULT) {
		cfg_interface_reset(i);
		txt_printf(c->out, "Interface %s set to default configuration\n", i->name);
	} else if (i && !c->number && is_physical(i)) {
		txt_str(c->out, "% Removal of physical interfaces is not permitted\n");
		return -EINVAL;
	} else if (i) {
		config_del_interface(c->root, i);
	}
	return 0;
}

static void *if_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return config_find_interface(root, ((const struct if_args *)args)->name);
}

enum if_class { IF_LOOPBACK, IF_TUNNEL, IF_TEMPLATE, IF_OTHER };
#define LINK_TUNNEL 3 /* `interface Virtual-Template1 type tunnel` */

static bool if_next(const struct config *c, enum if_class want, struct cli_walk *w,
		    struct if_args *a, const void **ret_obj)
{
	while (w->i < c->interfaces.n) {
		const struct cfg_interface *i = c->interfaces.v[w->i++];
		enum if_class is = i->is_loopback		 ? IF_LOOPBACK :
				   i->is_tunnel		 ? IF_TUNNEL :
				   i->link == LINK_TUNNEL ? IF_TEMPLATE :
							    IF_OTHER;

		if (is != want)
			continue;
		memcpy(a->name, i->name, sizeof(a->name));
		a->link = i->link;
		*ret_obj = i;
		return true;
	}
	return false;
}

static bool loopback_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			  const void **ret_obj)
{
	(void)obj;
	return if_next(root, IF_LOOPBACK, w, args, ret_obj);
}

static bool tunnel_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			const void **ret_obj)
{
	(void)obj;
	return if_next(root, IF_TUNNEL, w, args, ret_obj);
}

static bool template_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			  const void **ret_obj)
{
	(void)obj;
	return if_next(root, IF_TEMPLATE, w, args, ret_obj);
}

static bool other_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		       const void **ret_obj)
{
	(void)obj;
	return if_next(root, IF_OTHER, w, args, ret_obj);
}

/* ---- addresses ---- */

struct addr_args {
	struct cfg_addr a;
	uint8_t secondary, dhcp;
};

static bool addr_is(const struct cfg_addr *a, const struct cfg_addr *b)
{
	return ipaddr_equal(&a->addr, &b->addr);
}

/* An interface of a VRF of IOS may have any subnet. */
static bool has_vrf(const struct cfg_interface *f)
{
	for (size_t i = 0; i < f->kept.n; i++) {
		const char *text = f->kept.v[i]->text;

		if (!strncasecmp(text, "vrf forwarding ", 15) || !strncasecmp(text, "ip vrf forwarding ", 18))
			return true;
	}
	return false;
}

static bool same_subnet(const struct cfg_addr *a, const struct cfg_addr *b)
{
	uint32_t mask = ipaddr_to_v4(&a->mask) & ipaddr_to_v4(&b->mask);

	return b->addr.family && (ipaddr_to_v4(&a->addr) & mask) == (ipaddr_to_v4(&b->addr) & mask);
}

/* Two interfaces in one subnet. IOS refuses the second, and so is it refused at the keyboard;
 * in a file, where the order of lines must not decide which of them counts, it is only said. */
static bool overlaps(struct cli_call *c, const struct cfg_addr *a)
{
	const struct config *cfg = c->root;
	bool refuse = !c->number && !has_vrf(c->obj);
	struct ipaddr net = ipaddr_v4(ipaddr_to_v4(&a->addr) & ipaddr_to_v4(&a->mask));
	char buf[IPADDR_STRLEN];

	for (size_t i = 0; i < cfg->interfaces.n; i++) {
		const struct cfg_interface *f = cfg->interfaces.v[i];
		bool first = same_subnet(a, &f->addr), second = false;

		for (size_t k = 0; k < f->n_secondary; k++)
			second |= same_subnet(a, &f->secondary[k]);
		if (f == c->obj || !(first || second))
			continue;
		bool now = refuse && !has_vrf(f);

		txt_printf(c->out, "%% %s%s overlaps with %s%s\n", now ? "" : "NOTE: ", ipaddr_ios(&net, buf),
			   first ? "" : "secondary address on ", f->name);
		if (now)
			return true;
	}
	return false;
}

static int addr_remove(struct cfg_interface *i, const struct addr_args *a)
{
	size_t n = 0;

	if (!a->a.addr.family || (!a->secondary && addr_is(&i->addr, &a->a))) {
		memset(&i->addr, 0, sizeof(i->addr));
		i->dhcp = false;
		if (!a->a.addr.family) {
			memset(i->secondary, 0, sizeof(i->secondary));
			i->n_secondary = 0;
		}
		return 0;
	}
	for (size_t k = 0; k < i->n_secondary; k++)
		if (!addr_is(&i->secondary[k], &a->a))
			i->secondary[n++] = i->secondary[k];
	memset(&i->secondary[n], 0, (CFG_MAX_ADDRS - n) * sizeof(i->secondary[0]));
	i->n_secondary = (uint8_t)n;
	return 0;
}

static int secondary_add(struct cli_call *c, struct cfg_interface *i, const struct cfg_addr *a)
{
	for (size_t k = 0; k < i->n_secondary; k++)
		if (addr_is(&i->secondary[k], a)) {
			i->secondary[k] = *a;
			return 0;
		}
	if (i->n_secondary == CFG_MAX_ADDRS) {
		txt_printf(c->out, "%% An interface takes %d secondary addresses.\n\n",
			   CFG_MAX_ADDRS);
		return -EEXIST;
	}
	i->secondary[i->n_secondary++] = *a;
	return 0;
}

/* What IOS takes for an interface: the address of a host, and not the first or the last of its subnet. */
static bool host_is_good(const struct cfg_addr *a, struct txt *out)
{
	uint32_t addr = ipaddr_to_v4(&a->addr), host = ~ipaddr_to_v4(&a->mask);
	int len = ipv4_mask_len(ipaddr_to_v4(&a->mask));
	char buf[IPADDR_STRLEN];

	if (addr >> 24 == 0 || addr >> 24 == 127 || addr >> 28 == 14 || addr == UINT32_MAX) {
		txt_printf(out, "Not a valid host address - %s\n", ipaddr_ios(&a->addr, buf));
		return false;
	}
	if (len <= 30 && ((addr & host) == 0 || (addr & host) == host)) {
		txt_printf(out, "Bad mask /%d for address %s\n", len, ipaddr_ios(&a->addr, buf));
		return false;
	}
	return true;
}

static int addr_apply(struct cli_call *c)
{
	const struct addr_args *a = c->args;
	struct cfg_interface *i = c->obj;

	if (c->op != CLI_SET)
		return addr_remove(i, a);
	if (a->dhcp) {
		memset(&i->addr, 0, sizeof(i->addr));
		i->dhcp = true;
		return 0;
	}
	if (!mask_is_good(&a->a.mask, &a->a.addr, c->out) || !host_is_good(&a->a, c->out))
		return -EINVAL;
	if (overlaps(c, &a->a))
		return -EEXIST;
	if (a->secondary)
		return secondary_add(c, i, &a->a);
	i->addr = a->a;
	i->dhcp = false;
	memset(i->unnumbered, 0, sizeof(i->unnumbered));
	return 0;
}

/* In place of an address. */
static int unnumbered_apply(struct cli_call *c)
{
	static const struct addr_args all;

	return c->op == CLI_SET ? addr_remove(c->obj, &all) : 0;
}

static bool addr_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct cfg_interface *i = obj;
	struct addr_args *a = args;

	(void)root;
	(void)ret_obj;
	if (w->i++ == 0) {
		a->a = i->addr;
		a->dhcp = i->dhcp;
		return i->dhcp || i->addr.addr.family || addr_each(root, obj, w, args, ret_obj);
	}
	if (w->i - 2 >= i->n_secondary)
		return false;
	a->a = i->secondary[w->i - 2];
	a->secondary = 1;
	return true;
}

/* A size that does not fit is said where it is typed; in a file, commands_check() does. */
static int mtu_apply(struct cli_call *c)
{
	if (c->op == CLI_SET && !c->number)
		commands_mtu_notes(c->root, c->obj, c->out);
	return 0;
}

/* ---- tunnel keepalives ---- */

struct keepalive_args {
	uint16_t sec;
	uint8_t retries, on;
};

static int keepalive_apply(struct cli_call *c)
{
	const struct keepalive_args *a = c->args;
	struct cfg_tunnel *t = &((struct cfg_interface *)c->obj)->tunnel;
	bool on = c->op == CLI_SET && (a->on != 2 || a->sec);

	t->keepalive = on;
	t->keepalive_sec = on && a->sec ? a->sec : cfg_interface_defaults.tunnel.keepalive_sec;
	t->keepalive_retries = on && a->retries ? a->retries :
						  cfg_interface_defaults.tunnel.keepalive_retries;
	return 0;
}

static bool keepalive_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			   const void **ret_obj)
{
	const struct cfg_tunnel *t = &((const struct cfg_interface *)obj)->tunnel;
	struct keepalive_args *a = args;

	(void)root;
	(void)ret_obj;
	if (w->i++ || !t->keepalive)
		return false;
	a->sec = t->keepalive_sec;
	a->retries = t->keepalive_retries;
	return true;
}

#define AT_I(f) struct cfg_interface, f
#define AT_A(f) struct addr_args, f
#define IP	KW("ip", "Interface Internet Protocol config commands")
#define NET_IF	KW("interface", "Select an interface to configure")
#define LINK                                                                                \
	OPT, KWV("multipoint", "Treat as a multipoint link", struct if_args, link, 2), OR,  \
		KWV("point-to-point", "Treat as a point-to-point link", struct if_args, link, 1), CLOSE
#define ENTER(class, mode_, type, ...)                                                           \
	{                                                                                   \
		.modes = IN_CONFIG, .enters = (mode_),              \
		.args_size = sizeof(struct if_args), .apply = if_apply, .find = if_find,    \
		.each = class##_each,                                                       \
		.toks = TOKS(NET_IF, ARGF(type, "Interface, such as FastEthernet0/1 or Tunnel0", \
					  struct if_args, name, .flags = CLI_TAIL),         \
			     __VA_ARGS__)                                                   \
	}

const struct cli_row rows_interface[] = {
	ENTER(loopback, M_INTERFACE, arg_loopback, { .kind = CLI_END }),
	ENTER(tunnel, M_TUNNEL, arg_tunnel, { .kind = CLI_END }),
	ENTER(template, M_TUNNEL, arg_template, KW("type", "Configure type of virtual-template"),
	      KWV("tunnel", "Virtual-template type tunnel", struct if_args, link, LINK_TUNNEL)),
	ENTER(other, M_INTERFACE, arg_ifname, LINK),
	/* the same, but for its prompt */
	{ .modes = IN_CONFIG, .enters = M_INTERFACE, .prompt = "(config-subif)#", .flags = ROW_ALIAS,
	  .args_size = sizeof(struct if_args), .apply = if_apply, .find = if_find,
	  .toks = TOKS(NET_IF, ARGF(arg_subif, "Sub-interface, such as FastEthernet0/1.100", struct if_args,
				    name, .flags = CLI_TAIL), LINK) },
	{ .modes = IN_IF,
	  .toks = TOKS(KW("host-interface", "Linux device that this interface is"),
		       WORD("Name of the device", AT_I(host_if))) },
	{ .modes = IN_IF, .flags = ROW_WRAPS,
	  .toks = TOKS(KW("description", "Interface specific description"),
		       LINE("Up to 240 characters describing this interface",
			    AT_I(description))) },
	{ .modes = IN_IF,
	  .toks = TOKS(KW("bandwidth", "Set bandwidth informational parameter"),
		       NUM(1, 10000000, "Bandwidth in kilobits", AT_I(bandwidth_kbps))) },
	{ .modes = IN_IF, .args_size = sizeof(struct addr_args), .apply = addr_apply,
	  .each = addr_each,
	  .toks = TOKS(IP, KW("address", "Set the IP address of an interface"), ALT,
		       KWV("dhcp", "IP Address negotiated via DHCP", AT_A(dhcp), 1), OR,
		       ADDR("IP address", AT_A(a.addr)), ARG(arg_mask, "IP subnet mask", AT_A(a.mask)),
		       OPT,
		       KWV("secondary", "Make this IP address a secondary address",
			   AT_A(secondary), 1),
		       CLOSE, CLOSE) },
	KEPT(IN_IF, 0, IP, KW("address", "Set the IP address of an interface"), ALT,
	     KW("negotiated", "IP Address negotiated over PPP"), OR,
	     KW("pool", "IP Address autoconfigured from a local DHCP pool"), CLOSE, REST),
	{ .modes = IN_IF, .apply = unnumbered_apply,
	  .toks = TOKS(IP, KW("unnumbered", "Enable IP processing without an explicit address"),
		       ARG(arg_ifname, "Interface whose address is used", AT_I(unnumbered))) },
	{ .modes = IN_IF,
	  .toks = TOKS(IP, KW("access-group", "Specify access control for packets"),
		       WORD("Access-list name or number", AT_I(group_in)),
		       KW("in", "inbound packets")) },
	{ .modes = IN_IF,
	  .toks = TOKS(IP, KW("access-group", "Specify access control for packets"),
		       WORD("Access-list name or number", AT_I(group_out)),
		       KW("out", "outbound packets")) },
	{ .modes = IN_IF, .flags = ROW_SWITCH,
	  .toks = TOKS(IP, KWV("unreachables", "Enable sending ICMP Unreachable messages",
			       AT_I(unreachables), 1)) },
	{ .modes = IN_IF,
	  .toks = TOKS(KW("mtu", "Set the interface Maximum Transmission Unit (MTU)"),
		       NUM(68, 18000, "MTU size in bytes", AT_I(mtu))) },
	{ .modes = IN_IF, .apply = mtu_apply,
	  .toks = TOKS(IP, KW("mtu", "Set IP Maximum Transmission Unit"),
		       NUM(68, 17940, "MTU (bytes)", AT_I(ip_mtu))) },
	{ .modes = IN_IF, .apply = mtu_apply,
	  .toks = TOKS(IP, KW("tcp", "TCP interface commands"),
		       KW("adjust-mss", "Adjust the mss of transit packets"),
		       NUM(500, 1460, "Maximum segment size in bytes", AT_I(adjust_mss))) },
	{ .modes = IN_IF,
	  .toks = TOKS(KW("delay", "Specify interface throughput delay"),
		       NUM(1, 16777215, "Throughput delay (tens of microseconds)",
			   AT_I(delay_10us))) },
	{ .modes = IN_IF,
	  .toks = TOKS(KWV("shutdown", "Shutdown the selected interface", AT_I(shutdown), 1)) },
	{ .modes = IN_TUNNEL, .args_size = sizeof(struct keepalive_args), .apply = keepalive_apply,
	  .each = keepalive_each,
	  .toks = TOKS(KW("keepalive", "Enable keepalive"), OPT,
		       NUM(1, 32767, "Keepalive period (default 10 seconds)", struct keepalive_args,
			   sec),
		       OPT, NUM(1, 255, "Keepalive retries", struct keepalive_args, retries), CLOSE,
		       OR,
		       KWVF("0", "Disable keepalive", struct keepalive_args, on, 2,
			    .flags = CLI_ALIAS),
		       CLOSE) },
	{ .toks = NULL },
};
