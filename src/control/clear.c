/* SPDX-License-Identifier: Apache-2.0 */
#include "control/clear.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/acl_counters.h"
#include "control/dialog.h"
#include "control/life.h"
#include "control/manual.h"
#include "control/show_now.h"
#include "host/filter.h"
#include "host/log.h"
#include "host/netlink.h"
#include "host/os.h"

#define FIRST_VTY 2 /* among all lines, as IOS counts them */

/* ---- SAs ---- */

static void clear_ipsec(struct control *c, const struct exec_args *a)
{
	ike_clear_ipsec(c->ike, host_now_ms(NULL), a->addr.family ? &a->addr : NULL,
			a->name[0] ? a->name : NULL, a->number2);
	ikelink_pump(c);
	manual_clear(c, a);
}

/* One end of a session as `clear crypto session` names it; port 0: any. */
static bool is_end(const struct ipaddr *want, uint32_t port, const struct ipaddr *addr, uint16_t its)
{
	return (!want->family || ipaddr_equal(want, addr)) && (!port || port == its);
}

/* The ports that a pair goes by are IKE's: 500, or those of its UDP encapsulation. */
static bool pair_is_meant(const struct exec_args *a, const struct sa_spec *out)
{
	return is_end(&a->addr2, a->number, &out->src, out->udp_encap ? out->udp_sport : 500) &&
	       is_end(&a->addr, a->number2, &out->dst, out->udp_encap ? out->udp_dport : 500);
}

/* Each clearing changes the list that it was found in: begin again, as often as there were pairs at most. */
static void clear_pairs_of(struct control *c, const struct exec_args *a)
{
	struct ike_pair_info p;
	size_t left = 0;

	while (ike_get_pair(c->ike, left, &p))
		left++;
	for (size_t i = 0; left && ike_get_pair(c->ike, i, &p);) {
		if (!p.out_id || !pair_is_meant(a, &p.out)) {
			i++;
			continue;
		}
		ike_clear_ipsec(c->ike, host_now_ms(NULL), &p.out.peer, NULL, p.out.spi);
		left--;
		i = 0;
	}
	ikelink_pump(c);
}

/* Both phases, with everybody or with those whose ends are named. */
static void clear_session(struct control *c, const struct exec_args *a)
{
	struct exec_args all = *a;
	struct ike_sa_info i;
	uint64_t now = host_now_ms(NULL);

	if (a->addr2.family || a->number || a->number2) {
		clear_pairs_of(c, a);
	} else {
		all.number2 = 0;
		clear_ipsec(c, &all);
	}
	for (size_t n = 0; ike_get_sa(c->ike, now, n, &i); n++)
		if (!i.deleted && is_end(&a->addr, a->number2, &i.remote, i.remote_port) &&
		    is_end(&a->addr2, a->number, &i.local, i.local_port))
			ike_clear_isakmp(c->ike, now, i.conn_id);
	ikelink_pump(c);
}

/* ---- neighbours ---- */

struct forgetting {
	struct control *c;
	const struct exec_args *a;
};

/* Of our interfaces only, and none that somebody has set for good. */
static void forget_neigh(void *ctx, const struct nl_neigh *n)
{
	const struct forgetting *f = ctx;
	const struct exec_args *a = f->a;

	if (n->permanent || (a->addr.family && !ipaddr_equal(&a->addr, &n->addr)))
		return;
	for (size_t i = 0; i < f->c->n_ifs; i++)
		if (f->c->ifs[i].ifindex == n->ifindex && (!a->ifname[0] || !strcmp(a->ifname, f->c->ifs[i].name)))
			(void)nl_neigh_forget(f->c->nl, n->ifindex, &n->addr);
}

/* ---- routes ---- */

static bool is_meant(const struct exec_args *a, const struct cfg_route *r)
{
	return ipaddr_equal(&r->net, &a->addr) && (!a->addr2.family || ipaddr_equal(&r->mask, &a->addr2));
}

/* As in IOS a static route that is cleared comes back at once. It is not taken away for that: all that belong in the
 * kernel's table are put there again, should somebody have removed one. */
static void clear_route(struct exec_io *io, const struct exec_args *a, bool *ret_error)
{
	const struct config *c = io->c->config;
	bool any = !a->addr.family;

	for (size_t i = 0; !any && i < c->routes.n; i++)
		any = is_meant(a, c->routes.v[i]);
	if (any) {
		apply_again(io->c);
		apply_now(io->c);
		return;
	}
	txt_str(io->out, "%No matching route to delete\n");
	*ret_error = true;
}

/* ---- what asks ---- */

struct talk {
	struct dialog d;
	unsigned action;
	struct exec_args a;
};

static void talk_free(struct dialog *d)
{
	free(d); /* the first member of the struct */
}

static void clear_counters(struct exec_io *io, const char *ifname, bool *ret_error)
{
	*ret_error = !show_clear_counters(io->c, ifname);
	if (*ret_error)
		return;
	if (ifname[0])
		log_line("CLEAR-5-COUNTERS", "Clear counter on interface %s by console", ifname);
	else
		log_line("CLEAR-5-COUNTERS", "Clear counter on all interfaces by console");
}

static void clear_line(struct exec_io *io, const struct exec_args *a, bool *ret_error)
{
	unsigned tty = a->number2 ? a->number2 - 1 : a->number + FIRST_VTY;
	/* line 1 would be the auxiliary port */
	int err = tty == 1 ? 0 : session_clear(io->s, a->flag || !tty, tty - FIRST_VTY);

	*ret_error = err == -EPERM;
	txt_str(io->out, err == -EPERM ? "% Not allowed to clear current line\n" : " [OK]\n");
}

static void confirmed(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;

	if (!yes)
		return;
	if (t->action == EXEC_CLEAR_COUNTERS)
		clear_counters(io, t->a.ifname, ret_error);
	else if (t->action == EXEC_CLEAR_LINE)
		clear_line(io, &t->a, ret_error);
	else
		log_clear();
}

static void ask(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error)
{
	struct talk *t = calloc(1, sizeof(*t));
	const char *question = action == EXEC_CLEAR_LINE    ? "[confirm]" :
			       action == EXEC_CLEAR_LOGGING ? "Clear logging buffer [confirm]" :
			       a->ifname[0] ? "Clear \"show interface\" counters on this interface [confirm]" :
					      "Clear \"show interface\" counters on all interfaces [confirm]";

	if (!t) {
		txt_str(io->out, "% Low on memory; try again later\n");
		*ret_error = true;
		return;
	}
	t->d.free = talk_free;
	t->action = action;
	t->a = *a;
	dialog_ask_confirm(&t->d, question, confirmed);
	session_set_dialog(io->s, &t->d);
}

/* ---- by number ---- */

void clear_cmd(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error)
{
	struct control *c = io->c;
	struct forgetting f = { c, a };

	switch (action) {
	case EXEC_CLEAR_ISAKMP:
		ike_clear_isakmp(c->ike, host_now_ms(NULL), a->number);
		ikelink_pump(c);
		break;
	case EXEC_CLEAR_IPSEC_SA:
		clear_ipsec(c, a);
		break;
	case EXEC_CLEAR_CRYPTO_SESSION:
		clear_session(c, a);
		break;
	case EXEC_CLEAR_ACL_COUNTERS:
		acl_counters_clear(c, a->name);
		break;
	case EXEC_CLEAR_IPSEC_COUNTERS:
		steer_counts_clear();
		(void)fwdlink_simple(c->fwd, FWD_STATS_CLEAR, 0);
		break;
	case EXEC_CLEAR_ARCHIVE_LOG:
		archive_forget_typed(c);
		break;
	case EXEC_CLEAR_ADMISSION:
		ike_clear_admission(c->ike);
		break;
	case EXEC_CLEAR_PKI_COUNTERS: /* what is under way stays active */
		c->pki_counts = (struct show_pki_counts){ .started = c->pki_counts.started - c->pki_counts.ended };
		break;
	case EXEC_CLEAR_ROUTE:
		clear_route(io, a, ret_error);
		break;
	case EXEC_CLEAR_ARP:
		(void)nl_neighs(c->nl, forget_neigh, &f);
		break;
	default:
		ask(io, action, a, ret_error);
		break;
	}
}
