/* SPDX-License-Identifier: Apache-2.0 */
/* `ipv6 ...` below an interface. */
#include "commands/prefix6.h"

#include <errno.h>
#include <string.h>

#define IN_IF (CLI_IN(M_INTERFACE) | CLI_IN(M_TUNNEL))

static struct cfg_if6 *ip6_of(const struct cli_call *c)
{
	return &((struct cfg_interface *)c->obj)->ip6;
}

/* ---- addresses ---- */

struct addr6_args {
	struct prefix6 net;
	struct ipaddr addr; /* of a link-local one, without a length */
	uint8_t eui64, link_local, anycast;
};

static struct cfg_addr6 address(const struct addr6_args *a)
{
	struct cfg_addr6 x = { a->net.addr, a->net.len, ADDR6_WHOLE };

	if (a->link_local)
		return (struct cfg_addr6){ a->addr, 128, ADDR6_LINK_LOCAL };
	if (a->eui64) {
		x.addr = ipaddr_network(&x.addr, 64);
		x.kind = ADDR6_EUI64;
	} else if (a->anycast) {
		x.kind = ADDR6_ANYCAST;
	}
	return x;
}

/* What no interface can have, as IOS refuses it. */
static bool address_is_good(const struct cfg_interface *i, const struct cfg_addr6 *a, struct txt *out)
{
	char buf[IPADDR_STRLEN];
	bool local = ipaddr_is_link_local(&a->addr);

	if (a->kind == ADDR6_LINK_LOCAL && !local) {
		txt_str(out, "% Invalid link-local address\n");
		return false;
	}
	if (ipaddr_is_multicast(&a->addr) || ipaddr_is_unspecified(&a->addr) ||
	    (local && a->kind != ADDR6_LINK_LOCAL)) {
		txt_printf(out, "%%%s: Error: %s/%u is invalid\n", i->name, ipaddr_ios(&a->addr, buf),
			   a->len);
		return false;
	}
	if (a->kind == ADDR6_EUI64 && a->len > 64) {
		txt_printf(out, "%%%s: Error: a prefix of %u bits leaves no room for an EUI-64\n",
			   i->name, a->len);
		return false;
	}
	struct ipaddr net = ipaddr_network(&a->addr, a->len);
	if (a->kind == ADDR6_WHOLE && a->len < 127 && ipaddr_equal(&net, &a->addr))
		txt_printf(out, "%%%s: Warning: %s/%u is a Subnet Router Anycast\n", i->name,
			   ipaddr_ios(&a->addr, buf), a->len);
	return true;
}

/* Two interfaces in one prefix: said, as with IPv4, and not refused. */
static void note_overlap(const struct cli_call *c, const struct cfg_addr6 *a)
{
	const struct config *cfg = c->root;
	char buf[IPADDR_STRLEN];

	for (size_t i = 0; a->kind != ADDR6_LINK_LOCAL && i < cfg->interfaces.n; i++) {
		const struct cfg_interface *f = cfg->interfaces.v[i];

		for (size_t k = 0; f != c->obj && k < f->ip6.n; k++) {
			const struct cfg_addr6 *b = &f->ip6.addrs[k];
			unsigned len = a->len < b->len ? a->len : b->len;
			struct ipaddr net = ipaddr_network(&a->addr, a->len);

			if (b->kind != ADDR6_LINK_LOCAL && ipaddr_in(&a->addr, &b->addr, len))
				txt_printf(c->out, "%% NOTE: %s/%u overlaps with %s\n",
					   ipaddr_ios(&net, buf), a->len, f->name);
		}
	}
}

static void address_del(struct cfg_if6 *x, size_t at)
{
	x->n--;
	memmove(&x->addrs[at], &x->addrs[at + 1], (x->n - at) * sizeof(x->addrs[0]));
	memset(&x->addrs[x->n], 0, sizeof(x->addrs[0]));
}

static size_t address_find(const struct cfg_if6 *x, const struct cfg_addr6 *a)
{
	size_t at = 0;

	while (at < x->n && !(ipaddr_equal(&x->addrs[at].addr, &a->addr) &&
			      (x->addrs[at].kind == ADDR6_EUI64) == (a->kind == ADDR6_EUI64)))
		at++;
	return at;
}

static int addr6_apply(struct cli_call *c)
{
	struct cfg_addr6 a = address(c->args);
	struct cfg_if6 *x = ip6_of(c);
	size_t at = address_find(x, &a);
	bool local = a.kind == ADDR6_LINK_LOCAL;

	if (c->op != CLI_SET && !a.addr.family) { /* all of them */
		memset(x->addrs, 0, sizeof(x->addrs));
		x->n = 0;
		return 0;
	}
	if (c->op != CLI_SET) {
		if (at < x->n)
			address_del(x, at);
		return 0;
	}
	if (!address_is_good(c->obj, &a, c->out))
		return -EINVAL;
	note_overlap(c, &a);
	/* there is one link-local address, and IOS prints it first */
	if (local && x->n && x->addrs[0].kind == ADDR6_LINK_LOCAL)
		at = 0;
	if (at == CFG_MAX_ADDRS6 || (at == x->n && x->n == CFG_MAX_ADDRS6)) {
		txt_printf(c->out, "%% An interface takes %d IPv6 addresses.\n\n", CFG_MAX_ADDRS6);
		return -EEXIST;
	}
	if (at == x->n && local) {
		memmove(&x->addrs[1], &x->addrs[0], x->n * sizeof(x->addrs[0]));
		at = 0;
		x->n++;
	} else if (at == x->n) {
		x->n++;
	}
	x->addrs[at] = a;
	return 0;
}

static bool addr6_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		       const void **ret_obj)
{
	const struct cfg_if6 *x = &((const struct cfg_interface *)obj)->ip6;
	struct addr6_args *a = args;

	(void)root;
	(void)ret_obj;
	if (w->i == x->n)
		return false;
	const struct cfg_addr6 *is = &x->addrs[w->i++];
	a->link_local = is->kind == ADDR6_LINK_LOCAL;
	a->eui64 = is->kind == ADDR6_EUI64;
	a->anycast = is->kind == ADDR6_ANYCAST;
	if (a->link_local)
		a->addr = is->addr;
	else
		a->net = (struct prefix6){ is->addr, is->len };
	return true;
}

/* ---- the rest ---- */

static int map6_apply(struct cli_call *c)
{
	const struct cfg_interface *i = c->obj;
	const struct cfg_map *m = config_find_map(c->root, i->ip6.crypto_map);

	if (c->op == CLI_SET && !m)
		txt_printf(c->out, "%% NOTE: crypto map \"%s\" does not exist yet; %s protects "
				   "nothing of IPv6 until it does.\n",
			   i->ip6.crypto_map, i->name);
	else if (c->op == CLI_SET && !m->ipv6)
		txt_printf(c->out, "%% NOTE: crypto map \"%s\" is not an IPv6 crypto map; %s protects "
				   "nothing of IPv6 by it.\n",
			   i->ip6.crypto_map, i->name);
	return 0;
}

#define AT_6(f)	 struct cfg_interface, ip6.f
#define AT_A(f)	 struct addr6_args, f
#define IPV6	 KW("ipv6", "IPv6 interface subcommands")
#define ADDRESS6 IPV6, KW("address", "Configure IPv6 address on interface")
#define FILTER	 IPV6, KW("traffic-filter", "Access control list for packets")

const struct cli_row rows_interface6[] = {
	{ .modes = IN_IF, .args_size = sizeof(struct addr6_args), .apply = addr6_apply,
	  .each = addr6_each,
	  .toks = TOKS(ADDRESS6, ALT, ADDR6("IPv6 link-local address", AT_A(addr)),
		       KWV("link-local", "Use link-local address", AT_A(link_local), 1), OR,
		       PREFIX6("IPv6 prefix", AT_A(net)), OPT,
		       KWV("anycast", "Configure as an anycast", AT_A(anycast), 1), OR,
		       KWV("eui-64", "Use eui-64 interface identifier", AT_A(eui64), 1), CLOSE,
		       CLOSE) },
	KEPT_NOTE(IN_IF, 0, "% NOTE: the host takes its own addresses by autoconfiguration and DHCP; the "
			    "line is kept.",
		  ADDRESS6, ALT, KW("autoconfig", "Obtain address using autoconfiguration"), OR,
		  KW("dhcp", "Obtain a ipv6 address using dhcp"), CLOSE, REST),
	{ .modes = IN_IF,
	  .toks = TOKS(IPV6, KW("unnumbered", "Configure IPv6 interface as unnumbered"),
		       ARG(arg_ifname, "Interface whose address is used", AT_6(unnumbered))) },
	{ .modes = IN_IF,
	  .toks = TOKS(IPV6, KWV("enable", "Enable IPv6 on interface", AT_6(enable), 1)) },
	{ .modes = IN_IF,
	  .toks = TOKS(IPV6, KW("mtu", "Set IPv6 Maximum Transmission Unit"),
		       NUM(1280, 17940, "MTU (bytes)", AT_6(mtu))) },
	{ .modes = IN_IF,
	  .toks = TOKS(IPV6, KW("tcp", "TCP interface commands"),
		       KW("adjust-mss", "Adjust the mss of transit packets"),
		       NUM(40, 1940, "Maximum segment size in bytes", AT_6(adjust_mss))) },
	{ .modes = IN_IF,
	  .toks = TOKS(FILTER, WORD("Access-list name", AT_6(filter_in)), KW("in", "inbound packets")) },
	{ .modes = IN_IF,
	  .toks = TOKS(FILTER, WORD("Access-list name", AT_6(filter_out)),
		       KW("out", "outbound packets")) },
	{ .modes = IN_IF, .apply = map6_apply,
	  .toks = TOKS(IPV6, KW("crypto", "Encryption/Decryption commands"),
		       KWF("map", "Assign a Crypto Map", .flags = CLI_TAIL), WORD("Crypto Map tag", AT_6(crypto_map))) },
	{ .toks = NULL },
};
