/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto sockets: IOS opens a socket between each protected tunnel and IPsec. */
#include "control/show_parts.h"

#include <inttypes.h>

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

/* ---- show tunnel protection statistics ---- */

struct protection {
	const struct show_in *in;
	struct show_tunnel_protection sum;
};

static void add(const struct show_socket *s, void *ctx)
{
	struct protection *p = ctx;
	struct fwd_policy_stats n = show_policy_stats(p->in, s->p->id);

	p->sum.listening++;
	p->sum.up += show_current_pair(p->in, s->p->id) != NULL;
	p->sum.no_sa += n.no_sa;
	p->sum.recvd_clear += n.recvd_clear;
}

void show_protection_count(const struct show_in *in, struct show_tunnel_protection *ret)
{
	struct protection p = { .in = in };

	show_socket_rows(in, add, &p);
	*ret = p.sum;
}

/* The messages between IOS's tunnels and its IPsec: those that have nothing like them here were never sent. */
void show_tunnel_protection(const struct show_in *in, struct txt *out)
{
	struct show_tunnel_protection p;

	show_protection_count(in, &p);
	txt_str(out, "------------------------- Message Statistics -------------------------\n   Sent:\n");
	txt_printf(out, "      Listen Start   : %-5" PRIu64 "Listen Stop    : %-5uSocket Open    : %-5u\n"
			"      Socket Close   : %-5u\n   Rcvd:\n", p.listening, 0, 0, 0);
	txt_printf(out, "      General Error  : %-5uSocket Error   : %-5uSocket Ready   : %-5u\n"
			"      Socket Up      : %-5" PRIu64 "Socket Down    : %-5uMTU Changed    : %-5u\n"
			"      Listen Ready   : %-5" PRIu64 "Other          : %-5u\n\n", 0, 0, 0, p.up, 0, 0, p.listening, 0);
	txt_str(out, "-------------------------- Error Statistics --------------------------\n   Rcvd:\n");
	txt_printf(out, "      Listen Start   : %-5uListen Stop    : %-5uSocket Open    : %-5u\n"
			"      Socket Close   : %-5uConn Timeout   : %-5u\n\n", 0, 0, 0, 0, 0);
	txt_str(out, "------------ Data Statistics(Other than IPSec protection) ------------\n   Sent:\n");
	txt_printf(out, "      cef pkt drops  : %-5ups pkt drops   : %-5" PRIu64 "\n   Rcvd:\n"
			"      ps pkt drops   : %-5uclear pkt drops: %-5" PRIu64 "\n", 0, p.no_sa, 0, p.recvd_clear);
}
