/* SPDX-License-Identifier: Apache-2.0 */
/* The ruleset as text: `ip culvert` and, if there is anything to say of IPv6, its twin `ip6 culvert`.
 * Chains, in the order that a packet meets them:
 *
 *   prerouting   in by a crypto interface: `mirror_SLOT`, unless it is our own cipher
 *                traffic or out of a steering TUN. Before conntrack has put fragments
 *                together, which asks nobody where they came in: a fragment in clear
 *                must not become part of a packet whose others came out of an SA
 *   forwarding   `steer_SLOT` of the interface it will leave by, whatever it came in by
 *                (hub and spoke)
 *   output       `steer_SLOT`, unless a cipher socket sent it
 *   guard        in postrouting, before and behind source NAT: `guard_SLOT`, and of an
 *                ICMP error `quoted_SLOT`, the mirror of what it is about
 *
 * Each of steer, guard, mirror and quoted has a chain for each crypto map entry, because a
 * deny line means "go on at the next entry": it returns.
 *
 * A protected tunnel has no `steer`: its TUN is in the forwarder's hands. Its `guard` is
 * for every interface, and its `mirror` for all but that TUN and those of tunnels with the
 * same ends.
 *
 * What ARP is to IPv4 is made of packets in IPv6: neighbour discovery and the reports without which
 * a switch does not deliver it (put_neighbours()). It is neither steered nor guarded nor missed. */
#include "host/steer.h"

#include <stdio.h>
#include <stdlib.h>

#include "host/ipv6.h"
#include "host/sockets.h"
#include "host/steer_diff.h"
#include "host/steer_lines.h"

static uint8_t families_of(const struct steer_if *f)
{
	uint8_t v = f->families;

	for (size_t i = 0; i < f->n_lines; i++)
		v |= f->lines[i].sel.local.addr.family == IP_V6 ? STEER_IP6 : STEER_IP4;
	return v ? v : STEER_IP4;
}

/* Whether a table of that family speaks of the interface. An IPv4 table without one is as good as
 * none. */
static bool concerns(const struct steer_if *v, enum ip_family f)
{
	return families_of(v) & (f == IP_V6 ? STEER_IP6 : STEER_IP4);
}

/* ---- chains ---- */

enum side { SIDE_STEER, SIDE_GUARD, SIDE_MIRROR, SIDE_QUOTED };
static const char *const side_name[] = { "steer", "guard", "mirror", "quoted" };

/* Whether line i is the first of its entry. */
static bool begins_entry(const struct steer_if *v, size_t i)
{
	return !i || v->lines[i].map_seq != v->lines[i - 1].map_seq;
}

static void put_side(struct txt *t, enum ip_family fam, const struct steer_if *f, enum side side,
		     const struct steer_runs *runs)
{
	char permit[64];
	size_t i = 0;

	if (side == SIDE_STEER)
		snprintf(permit, sizeof(permit), "meta mark set 0x%x accept",
			 STEER_MARK_BASE + f->slot);
	else
		snprintf(permit, sizeof(permit), "goto %s",
			 side == SIDE_MIRROR ? "arrived_clear" : "leaving_clear");
	while (i < f->n_lines) {
		uint32_t seq = f->lines[i].map_seq;

		txt_printf(t, "\tchain %s_%u_%u {\n", side_name[side], f->slot, seq);
		while (i < f->n_lines && f->lines[i].map_seq == seq)
			i += side == SIDE_QUOTED ? steer_put_quoted(t, fam, f, i, runs, permit) :
						   steer_put_line(t, fam, f, i, side == SIDE_MIRROR, runs, permit);
		txt_str(t, "\t}\n");
	}
	txt_printf(t, "\tchain %s_%u {\n", side_name[side], f->slot);
	for (i = 0; i < f->n_lines; i++)
		if (begins_entry(f, i))
			txt_printf(t, "\t\tjump %s_%u_%u\n", side_name[side], f->slot,
				   f->lines[i].map_seq);
	/* what cannot be read is not steered either: nobody could tell under which SA it belongs */
	if (fam == IP_V6 && (side == SIDE_GUARD || side == SIDE_MIRROR))
		steer_put_unread(t, f->lines, f->n_lines, side == SIDE_MIRROR, permit);
	txt_str(t, "\t}\n");
}

static void put_closed(struct txt *t, const struct steer_if *f)
{
	txt_printf(t,
		   "\tchain steer_%u {\n\t}\n\tchain guard_%u {\n\t\tgoto leaving_clear\n\t}\n"
		   "\tchain mirror_%u {\n\t}\n",
		   f->slot, f->slot, f->slot);
}

/* What ESP, AH and IKE are, one by one: a set costs more than the few comparisons that lead to the most frequent ones. */
static void put_cipher(struct txt *t, enum ip_family f, const char *port)
{
	txt_printf(t, "\t\tudp %s 4500 accept\n\t\t%s esp accept\n", port, f == IP_V6 ? "meta l4proto" : "ip protocol");
	for (size_t i = 0; i < nft_text_proto_rules(f, 51); i++) {
		txt_str(t, "\t\t");
		nft_text_proto(t, f, 51, i);
		txt_str(t, "accept\n");
	}
	txt_printf(t, "\t\tudp %s 500 accept\n", port);
}

/* RFC 4861 section 7.1: what a router has forwarded has no hop limit of 255 any more, so that nobody gets
 * anything through by calling it neighbour discovery. The reports of RFC 3810 have a link-local source or
 * none, which is not forwarded, and a hop limit of 1. */
static void put_neighbours(struct txt *t)
{
	txt_str(t, "\t\tip6 hoplimit 255 icmpv6 type { 133, 134, 135, 136, 137 } accept\n"
		   "\t\tip6 hoplimit 1 ip6 saddr { ::, fe80::/10 } icmpv6 type { 130, 131, 132, 143 } accept\n");
}

static bool is_closed(const struct steer_if *f, enum steer_form form)
{
	return !f->any_device && (form == STEER_CLOSED || f->closed);
}

static void put_guard(struct txt *t, enum ip_family f, const struct steer_if *v, size_t n,
		      enum steer_form form)
{
	/* only ESP, AH and IKE may use the bypass: GRE in clear may not */
	txt_str(t, "\tchain cipher {\n");
	put_cipher(t, f, "sport");
	txt_str(t, "\t}\n\tchain guard {\n");
	if (f == IP_V6)
		put_neighbours(t);
	txt_printf(t, "\t\tmeta mark 0x%x jump cipher\n", MARK_BYPASS);
	for (size_t i = 0; i < n; i++) {
		if (!concerns(&v[i], f))
			continue;
		/* "fragmentation needed" shows the packet that it is about: to a host that is
		 * beyond this interface it goes through an SA (and has its mark), or not at all */
		txt_str(t, "\t\t");
		if (!v[i].any_device) {
			nft_text_dev(t, "oifname", v[i].device, v[i].ifindex);
			txt_printf(t, "meta mark 0x%x goto leaving_clear\n\t\t", MARK_QUOTES);
			nft_text_dev(t, "oifname", v[i].device, v[i].ifindex);
		}
		txt_printf(t, "jump guard_%u\n", v[i].slot);
		if (v[i].any_device || is_closed(&v[i], form))
			continue;
		/* whatever error it is, whoever makes it: about what came out of an SA */
		txt_str(t, "\t\t");
		nft_text_dev(t, "oifname", v[i].device, v[i].ifindex);
		txt_printf(t, "%s jump quoted_%u\n",
			   f == IP_V6 ? "icmpv6 type { 1, 2, 3, 4 }" : "icmp type { 3, 4, 5, 11, 12 }", v[i].slot);
	}
	/* source NAT may make something match, or hide that it did */
	txt_str(t, "\t}\n"
		   "\tchain postrouting_early {\n"
		   "\t\ttype filter hook postrouting priority mangle;\n\t\tgoto guard\n\t}\n"
		   "\tchain postrouting_late {\n"
		   "\t\ttype filter hook postrouting priority 400;\n\t\tgoto guard\n\t}\n");
}

/* By no TUN of a tunnel with the same ends: fragments out of the SA that they share come in
 * by one of these, to be put together. */
static void put_not_by(struct txt *t, const struct steer_if *v, size_t n, const struct steer_if *f)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].any_device && selector_equal(&v[i].lines->sel, &f->lines->sel))
			nft_text_dev(t, "iifname !=", v[i].tun, v[i].tun_ifindex);
}

/* What an `any any` line would call cleartext and is our own cipher traffic; a later
 * fragment gets nowhere without its first, which is looked at. And what routers say of our own
 * packets: path MTU discovery needs it. */
static void put_ours(struct txt *t, enum ip_family f)
{
	txt_str(t, "\tchain ours {\n");
	put_cipher(t, f, "dport");
	txt_str(t, f == IP_V6 ? "\t\tmeta l4proto udp frag frag-off != 0 accept\n"
				"\t\ticmpv6 type 2 accept\n\t}\n" :
				"\t\tip protocol udp ip frag-off & 0x1fff != 0 accept\n"
				"\t\ticmp type 3 icmp code 4 accept\n\t}\n");
}

/* One line for each interface that is steered. */
static void put_steering(struct txt *t, enum ip_family f, const struct steer_if *v, size_t n,
			 const char *before)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].any_device || !concerns(&v[i], f))
			continue;
		txt_printf(t, "\t\t%s", before);
		nft_text_dev(t, "oifname", v[i].device, v[i].ifindex);
		txt_printf(t, "jump steer_%u\n", v[i].slot);
	}
}

static void put_prerouting(struct txt *t, enum ip_family f, const struct steer_if *v, size_t n)
{
	put_ours(t, f);
	/* behind access lists (-450), before conntrack's reassembly (-400) */
	txt_str(t, "\tchain prerouting {\n\t\ttype filter hook prerouting priority -425;\n");
	for (size_t i = 0; i < n; i++) { /* out of an SA: not in clear, whatever it looks like */
		if (v[i].any_device || !concerns(&v[i], f))
			continue;
		txt_str(t, "\t\t");
		nft_text_dev(t, "iifname", v[i].tun, v[i].tun_ifindex);
		txt_str(t, "accept\n");
	}
	if (f == IP_V6)
		put_neighbours(t);
	txt_str(t, "\t\tfib daddr type local jump ours\n"); /* the route is looked up once, whatever it is */
	for (size_t i = 0; i < n; i++) {
		if (!concerns(&v[i], f))
			continue;
		txt_str(t, "\t\t");
		if (v[i].any_device)
			put_not_by(t, v, n, &v[i]);
		else
			nft_text_dev(t, "iifname", v[i].device, v[i].ifindex);
		txt_printf(t, "jump mirror_%u\n", v[i].slot);
	}
	txt_str(t, "\t}\n\tchain forwarding {\n\t\ttype filter hook prerouting priority mangle;\n");
	if (f == IP_V6)
		put_neighbours(t);
	put_steering(t, f, v, n, "fib daddr ");
	/* `fib` is refused in output, which knows its interface anyway */
	txt_str(t, "\t}\n\tchain output {\n\t\ttype route hook output priority mangle;\n");
	/* the kernel's own reports of the groups that it listens to at a TUN of ours */
	for (size_t i = 0; f == IP_V6 && i < n; i++) {
		if (v[i].any_device || !concerns(&v[i], f))
			continue;
		txt_str(t, "\t\t");
		nft_text_dev(t, "oifname", v[i].tun, v[i].tun_ifindex);
		txt_str(t, "ip6 daddr ff02::/16 drop\n");
	}
	if (f == IP_V6)
		put_neighbours(t);
	txt_printf(t, "\t\tmeta mark 0x%x accept\n", MARK_BYPASS);
	put_steering(t, f, v, n, "");
	txt_str(t, "\t}\n");
}

/* ---- MSS ---- */

static void put_mss_rule(struct txt *t, const char *key, const char *name, uint32_t ifindex,
			 unsigned mss)
{
	txt_str(t, "\t\t");
	nft_text_dev(t, key, name, ifindex);
	txt_printf(t,
		   "tcp flags syn tcp option maxseg size > %u tcp option maxseg size set %u\n",
		   mss, mss);
}

static void put_mss(struct txt *t, enum ip_family f, const struct steer_if *v, size_t n)
{
	txt_str(t, "\tchain mss {\n\t\ttype filter hook forward priority mangle;\n");
	for (size_t i = 0; i < n; i++) {
		unsigned mss = f == IP_V6 ? v[i].adjust_mss6 : v[i].adjust_mss;

		if (!mss)
			continue;
		put_mss_rule(t, "oifname", v[i].device, v[i].ifindex, mss);
		put_mss_rule(t, "oifname", v[i].tun, v[i].tun_ifindex, mss);
		put_mss_rule(t, "iifname", v[i].device, v[i].ifindex, mss);
		put_mss_rule(t, "iifname", v[i].tun, v[i].tun_ifindex, mss);
	}
	txt_str(t, "\t}\n");
}

/* ---- tables ---- */

static void put_counters(struct txt *t, enum ip_family f, const struct steer_counts *c, enum steer_form form)
{
	txt_printf(t,
		   "\tcomment \"made by culvert; removed when it stops orderly\"\n"
		   "\tcounter guard_drops { packets %llu bytes %llu }\n"
		   "\tcounter mirror_drops { packets %llu bytes %llu }\n"
		   "\tchain leaving_clear {\n\t\tcounter name guard_drops drop\n\t}\n"
		   "\tchain arrived_clear {\n\t\tcounter name mirror_drops\n",
		   (unsigned long long)c->guard_packets, (unsigned long long)c->guard_bytes,
		   (unsigned long long)c->mirror_packets, (unsigned long long)c->mirror_bytes);
	if (form == STEER_FULL)
		txt_printf(t, "\t\tlimit rate 20/second burst 40 packets log group %u snaplen %u\n",
			   STEER_NFLOG, f == IP_V6 ? 128 : 64);
	txt_str(t, "\t\tdrop\n\t}\n");
}

static void put_table(struct txt *t, enum ip_family f, const struct steer_if *v, size_t n, const struct steer_plan *p,
		      const struct steer_counts *c)
{
	enum steer_form form = p->form;

	txt_printf(t, "table %s culvert {\n", nft_text_ip(f));
	put_counters(t, f, c, form);
	for (size_t i = 0; i < n; i++) {
		if (!concerns(&v[i], f))
			continue;
		if (is_closed(&v[i], form)) {
			put_closed(t, &v[i]);
			continue;
		}
		const struct steer_runs *runs = form == STEER_PLAIN ? NULL : &p->runs[2 * i + (f == IP_V6)];

		if (runs)
			steer_runs_put(t, runs, p->elements);
		for (enum side s = v[i].any_device ? SIDE_GUARD : SIDE_STEER; s <= SIDE_MIRROR; s++)
			put_side(t, f, &v[i], s, runs);
		if (!v[i].any_device)
			put_side(t, f, &v[i], SIDE_QUOTED, runs);
	}
	/* the last resort asks for nothing that a kernel may lack: no fib, no rerouting,
	 * no TCP options */
	if (form != STEER_CLOSED)
		put_prerouting(t, f, v, n);
	put_guard(t, f, v, n, form);
	if (form != STEER_CLOSED)
		put_mss(t, f, v, n);
	txt_str(t, "}\n");
}

bool steer_has(const struct steer_if *v, size_t n, enum ip_family f)
{
	for (size_t i = 0; i < n; i++)
		if (concerns(&v[i], f) || (f == IP_V6 && v[i].adjust_mss6))
			return true;
	return false;
}

struct steer_runs *steer_runs_all(const struct steer_if *v, size_t n)
{
	struct steer_runs *r = calloc(2 * n + 1, sizeof(*r));

	for (size_t i = 0; r && i < 2 * n; i++)
		if (concerns(&v[i / 2], i % 2 ? IP_V6 : IP_V4) &&
		    steer_runs_init(&r[i], i % 2 ? IP_V6 : IP_V4, &v[i / 2])) {
			steer_runs_free(r, n);
			return NULL;
		}
	return r;
}

void steer_runs_free(struct steer_runs *r, size_t n)
{
	for (size_t i = 0; r && i < 2 * n; i++)
		steer_runs_fini(&r[i]);
	free(r);
}

void steer_text(const struct steer_if *v, size_t n, const struct steer_plan *p, const struct steer_counts *counts,
		struct txt *t)
{
	static const struct steer_counts none = { 0 };
	bool there = ipv6_there(); /* without it there is no such table, and nothing that could leave */

	/* add and delete first: together with what follows they are one transaction */
	txt_str(t, "table ip culvert {}\ndelete table ip culvert\n");
	if (there)
		txt_str(t, "table ip6 culvert {}\ndelete table ip6 culvert\n");
	/* what was counted is the sum of both: IPv4's table, which is always there, goes on from it */
	put_table(t, IP_V4, v, n, p, counts ? counts : &none);
	if (there && steer_has(v, n, IP_V6))
		put_table(t, IP_V6, v, n, p, &none);
}

void steer_ruleset(const struct steer_if *v, size_t n, enum steer_form form,
		   const struct steer_counts *counts, struct txt *t)
{
	struct steer_runs *runs = steer_runs_all(v, n);
	const struct steer_plan p = { form, runs, true };

	if (runs)
		steer_text(v, n, &p, counts, t);
	else
		t->bad = true;
	steer_runs_free(runs, n);
}
