/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto sockets: IOS opens a socket between each protected tunnel and IPsec. */
#include "control/show_parts.h"


static const char *state_of(const struct show_in *in, const struct p2_policy *p)
{
	return show_current_pair(in, p->id) ? "Open" : "Connecting";
}

void show_socket_rows(const struct show_in *in, show_socket_say *say, void *ctx)
{
	for (size_t i = 0; i < in->n_p2; i++) {
		const struct p2_policy *p = &in->p2[i];
		const struct cfg_interface *ci = show_head_if(in, p, "");
		struct show_socket s = { .p = p, .ci = ci, .state = ci ? state_of(in, p) : "" };

		if (ci)
			say(&s, ctx);
	}
}

static void count(const struct show_socket *s, void *ctx)
{
	unsigned *n = ctx;

	(void)s;
	++*n;
}

/* Port before protocol, unlike everywhere else. */
static void ident(struct txt *out, const char *label, const struct selector *sel, bool remote)
{
	const struct addr_match *m = remote ? &sel->remote : &sel->local;
	char addr[IPADDR_STRLEN];

	txt_printf(out, "       %s Ident %s(addr/mask/port/prot): (%s/", label, remote ? "" : " ",
		   ipaddr_ios(&m->addr, addr));
	show_mask(out, m);
	txt_printf(out, "/0/%u)\n", (unsigned)sel->proto);
}

static void row(const struct show_socket *s, void *ctx)
{
	char name[CFG_NAME_MAX], local[IPADDR_STRLEN], remote[IPADDR_STRLEN];
	struct txt *out = ctx;

	ifname_short(s->ci->name, name);
	txt_printf(out, "   %s Peers (local/remote): %s/%s \n", name, ipaddr_ios(&s->p->local, local),
		   ipaddr_ios(&s->p->peers[0], remote));
	ident(out, "Local", &s->p->sel, false);
	ident(out, "Remote", &s->p->sel, true);
	txt_printf(out, "       IPSec Profile: \"%s\"\n       Socket State: %s\n"
			"       Client: \"TUNNEL SEC\" (Client State: Active)\n",
		   s->ci->tunnel.protection, s->state);
}

static void listener(const struct show_socket *s, void *ctx)
{
	txt_printf(ctx, "Client: \"TUNNEL SEC\" Profile: \"%s\" Map-name: \"%s\"\n", s->ci->tunnel.protection,
		   s->p->map);
}

void show_crypto_sockets(const struct show_in *in, struct txt *out)
{
	unsigned n = 0;

	show_socket_rows(in, count, &n);
	txt_printf(out, "Number of Crypto Socket connections %u\n\n", n);
	show_socket_rows(in, row, out);
	txt_str(out, "Crypto Sockets in Listen state:\n");
	show_socket_rows(in, listener, out);
}
