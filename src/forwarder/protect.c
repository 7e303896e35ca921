/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnel protection: a tunnel whose packets leave by the SAs of one policy of its own,
 * and are taken from these alone. A VTI (`tunnel mode ipsec ipv4`) puts its packets into
 * them as they are; a GRE tunnel with its header. There is no way in clear: without the
 * policy, or without an SA, a packet waits or is dropped. */
#include "forwarder/internal.h"

static bool works(const struct tunnel *t)
{
	return t && t->conf.up && t->port;
}

/* The policy is the tunnel's for ever, its SAs are those with the peer that it had: a VTI's
 * would take anything. Control is told at the next tick, should it not know. */
static void end_sas(struct forwarder *f, const struct policy *pol)
{
	for (struct hnode *n = htab_walk(&f->all->sad.by_id, NULL); n; n = htab_walk(&f->all->sad.by_id, n)) {
		struct sa *sa = hnode_entry(n, struct sa, by_id);

		sa->dead |= sa->owner == pol;
	}
}

/* Which tunnels are protected by what, once the table holds both. Of several that share a
 * policy one that works stands for it: fragments come in by its TUN. A tunnel between the
 * ends of a protected one that is not protected itself is closed: GRE between two hosts
 * is protected or it is not. */
void protect_bind(struct forwarder *f)
{
	for (struct tunnel *t = f->all->tunnels; t; t = t->next) {
		t->policy = t->in_table && t->conf.protect ? policy_find(f, t->conf.protect) : NULL;
		if (t->policy && !t->policy->in_table)
			t->policy = NULL;
		if (t->policy && t->moved)
			end_sas(f, t->policy);
		t->moved = false;
		if (t->policy && t->conf.vti)
			t->policy->vti = t;
		else if (t->policy && !works(t->policy->gre))
			t->policy->gre = t;
	}
	for (struct tunnel *t = f->all->tunnels; t; t = t->next) {
		t->closed = false;
		for (struct tunnel *o = f->all->tunnels; o && t->in_table && !t->conf.protect; o = o->next)
			t->closed |= o->in_table && o->conf.protect && !o->conf.vti &&
				     ipaddr_equal(&o->conf.src, &t->conf.src) &&
				     ipaddr_equal(&o->conf.dst, &t->conf.dst);
	}
}

/* The packet came in by the TUN of that tunnel. */
static bool came_by(const struct tunnel *t, const struct pkt *p)
{
	return t && t->port && t->port->desc.dev_ifindex && p->ifindex == t->port->desc.dev_ifindex;
}

bool protect_takes(const struct tunnel *t, const struct policy *from, const struct pkt *p)
{
	if (!t->conf.protect)
		return !t->closed;
	if (from)
		return from == t->policy;
	/* fragments that came out of its SA, which the kernel has put together again */
	return came_by(t, p) || (t->policy && came_by(t->policy->gre, p));
}

bool protect_out(struct forwarder *f, struct tunnel *t, struct pkt *p, const struct ip_view *h)
{
	struct flow fl;

	if (!t->conf.protect && !t->closed)
		return false;
	if (!t->policy) {
		tun_stats(f, t)->out_drops++;
		fwd_drop(f, p, FWD_DROP_NO_POLICY);
		return true;
	}
	ip_flow(p, h, &fl);
	pol_stats(f, t->policy)->matches++;
	out_by_policy(f, t->policy, &fl, h, p);
	return true;
}

/* ---- VTI ---- */

/* The reason for not sending it, or FWD_N_DROPS. */
static enum fwd_drop look_at(const struct tunnel *t, struct pkt *p, struct ip_view *ret_h)
{
	if (!t->conf.up || !t->conf.egress_ifid)
		return FWD_DROP_TUNNEL_DOWN;
	if (!t->policy)
		return FWD_DROP_NO_POLICY;
	if (!ip_parse(p, false, ret_h))
		return FWD_DROP_MALFORMED_IP;
	/* no SA of its policy could ever carry the other family */
	if (ret_h->family != t->policy->family)
		return FWD_DROP_NO_POLICY;
	/* the route to the tunnel's end leads into the tunnel */
	if (ip_goes_to(p->data, ret_h, &t->conf.dst))
		return FWD_DROP_RECURSION;
	if (t->conf.adjust_mss)
		ip_clamp_mss(p, t->conf.adjust_mss);
	return FWD_N_DROPS;
}

void vti_out(struct forwarder *f, struct tunnel *t, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct pkt *p = b->p[i];
		struct ip_view h;
		enum fwd_drop why = look_at(t, p, &h);

		if (why != FWD_N_DROPS) {
			tun_stats(f, t)->out_drops++;
			fwd_drop(f, p, why);
			continue;
		}
		tun_stats(f, t)->out_packets++;
		tun_stats(f, t)->out_bytes += p->len;
		tun_slot(f, t)->last_out_ms = f->now_ms;
		(void)protect_out(f, t, p, &h);
	}
	b->n = 0;
	esp_out_flush(f);
}

void vti_in(struct forwarder *f, struct delivery *d, struct tunnel *t, struct pkt *p)
{
	if (!t->conf.up || !t->port) {
		tun_stats(f, t)->in_errors++;
		fwd_drop(f, p, t->port ? FWD_DROP_TUNNEL_DOWN : FWD_DROP_NO_TUNNEL);
		return;
	}
	if (t->conf.adjust_mss)
		ip_clamp_mss(p, t->conf.adjust_mss);
	tun_stats(f, t)->in_packets++;
	tun_stats(f, t)->in_bytes += p->len;
	tun_slot(f, t)->last_in_ms = f->now_ms;
	deliver(f, d, t->port, p);
}
