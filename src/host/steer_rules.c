/* SPDX-License-Identifier: Apache-2.0 */
/* The ruleset as text. Chains, in the order that a packet meets them:
 *
 *   prerouting   in by a crypto interface: `mirror_SLOT`, unless it is our own cipher
 *                traffic or out of a steering TUN. Before conntrack has put fragments
 *                together, which asks nobody where they came in: a fragment in clear
 *                must not become part of a packet whose others came out of an SA
 *   forwarding   `steer_SLOT` of the interface it will leave by, whatever it came in by
 *                (hub and spoke)
 *   output       `steer_SLOT`, unless a cipher socket sent it
 *   guard        in postrouting, before and behind source NAT: `guard_SLOT`
 *
 * Each of steer, guard and mirror has a chain for each crypto map entry, because a
 * deny line means "go on at the next entry": it returns.
 *
 * A protected tunnel has no `steer`: its TUN is in the forwarder's hands. Its `guard` is
 * for every interface, and its `mirror` for all but that TUN and those of tunnels with the
 * same ends. */
#include "host/steer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "host/nft_text.h"
#include "host/sockets.h"

#define WIDE_FROM 16 /* lines in a run that are worth a set */

static uint32_t v4_of(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put_v4(struct txt *t, uint32_t v)
{
	txt_printf(t, "%u.%u.%u.%u", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
}

static void put_prefix(struct txt *t, const struct addr_match *m)
{
	unsigned len = 0;

	(void)addr_match_prefix(m, &len);
	put_v4(t, v4_of(m->addr.b) & ipv4_mask(len));
	txt_printf(t, "/%u", len);
}

/* ---- one line ---- */

static void put_addr(struct txt *t, const char *field, const struct addr_match *m)
{
	uint32_t mask = ~v4_of(m->wild);
	unsigned len;

	if (addr_match_prefix(m, &len)) {
		if (!len)
			return;
		txt_printf(t, "ip %s ", field);
		put_prefix(t, m);
	} else {
		txt_printf(t, "ip %s & ", field);
		put_v4(t, mask);
		txt_str(t, " == ");
		put_v4(t, v4_of(m->addr.b) & mask);
	}
	txt_char(t, ' ');
}

static void put_port(struct txt *t, const char *field, const struct port_match *m)
{
	switch ((enum port_op)m->op) {
	case PORT_ANY:
		return;
	case PORT_EQ:
		txt_printf(t, "th %s %u ", field, m->lo);
		return;
	case PORT_NEQ:
		txt_printf(t, "th %s != %u ", field, m->lo);
		return;
	case PORT_LT:
		txt_printf(t, "th %s < %u ", field, m->lo);
		return;
	case PORT_GT:
		txt_printf(t, "th %s > %u ", field, m->lo);
		return;
	case PORT_RANGE:
		txt_printf(t, "th %s %u-%u ", field, m->lo, m->hi);
		return;
	}
}

static bool has_ports(const struct selector *s)
{
	return s->local_port.op != PORT_ANY || s->remote_port.op != PORT_ANY;
}

/* Of another family, or a range from 9 to 5, which nft would refuse. */
static bool never_matches(const struct selector *s)
{
	const struct port_match *a = &s->local_port, *b = &s->remote_port;

	return s->local.addr.family != IP_V4 || s->remote.addr.family != IP_V4 ||
	       (a->op == PORT_RANGE && a->lo > a->hi) || (b->op == PORT_RANGE && b->lo > b->hi);
}

/* before: further conditions; s as the packet looks where it is tested. */
static void put_line(struct txt *t, const struct selector *s, const char *before,
		     const char *verdict)
{
	txt_printf(t, "\t\t%s", before);
	if (s->proto)
		txt_printf(t, "ip protocol %u ", s->proto);
	put_addr(t, "saddr", &s->local);
	put_addr(t, "daddr", &s->remote);
	put_port(t, "sport", &s->local_port);
	put_port(t, "dport", &s->remote_port);
	txt_printf(t, "%s\n", verdict);
}

/* Later fragments carry no ports: those of a protocol whose ports are protected
 * are matched by addresses, or they would leave in clear. */
static void put_fragments(struct txt *t, const struct selector *s, const char *verdict)
{
	struct selector l3 = *s;

	l3.local_port = l3.remote_port = (struct port_match){ 0 };
	put_line(t, &l3, "ip frag-off & 0x1fff != 0 ", verdict);
}

/* ---- runs of lines as sets ---- */

static bool fits_set(const struct steer_line *l)
{
	unsigned len;

	return !never_matches(&l->sel) && !has_ports(&l->sel) &&
	       addr_match_prefix(&l->sel.local, &len) && addr_match_prefix(&l->sel.remote, &len);
}

static bool prefixes_meet(const struct addr_match *a, const struct addr_match *b)
{
	uint32_t both = ~v4_of(a->wild) & ~v4_of(b->wild);

	return !((v4_of(a->addr.b) ^ v4_of(b->addr.b)) & both);
}

enum fit { FIT_NEW, FIT_COVERED, FIT_OVERLAPS };

/* How x goes with the elements before it: the kernel refuses a set whose elements
 * overlap, and one that lies within another of the same verdict says nothing new. */
static enum fit fit_of(const struct steer_line *l, const bool *skip, size_t n,
		       const struct selector *x)
{
	enum fit fit = FIT_NEW;

	for (size_t i = 0; i < n; i++) {
		if (skip[i] || !prefixes_meet(&l[i].sel.local, &x->local) ||
		    !prefixes_meet(&l[i].sel.remote, &x->remote))
			continue;
		if (selector_covers(&l[i].sel, x))
			return FIT_COVERED;
		fit = FIT_OVERLAPS;
	}
	return fit;
}

#define RUN_MAX 4096

/* The length of the run that begins at l: one map entry, verdict and protocol.
 * skip tells which of its lines are covered by earlier ones. */
static size_t run_of(const struct steer_line *l, size_t n, bool skip[RUN_MAX])
{
	size_t run = 0;

	while (run < n && run < RUN_MAX && l[run].map_seq == l->map_seq &&
	       l[run].permit == l->permit && l[run].sel.proto == l->sel.proto &&
	       fits_set(&l[run])) {
		enum fit fit = fit_of(l, skip, run, &l[run].sel);

		if (fit == FIT_OVERLAPS)
			break;
		skip[run++] = fit == FIT_COVERED;
	}
	return run;
}

static void put_run(struct txt *t, const struct steer_line *l, const bool *skip, size_t n,
		    bool mirror, const char *verdict)
{
	const char *comma = "";

	txt_str(t, "\t\t");
	if (l->sel.proto)
		txt_printf(t, "ip protocol %u ", l->sel.proto);
	txt_str(t, "ip saddr . ip daddr { ");
	for (size_t i = 0; i < n; i++) {
		const struct selector *s = &l[i].sel;

		if (skip[i])
			continue;
		txt_str(t, comma);
		comma = ",\n\t\t\t";
		put_prefix(t, mirror ? &s->remote : &s->local);
		txt_str(t, " . ");
		put_prefix(t, mirror ? &s->local : &s->remote);
	}
	txt_printf(t, " } %s\n", verdict);
}

/* ---- chains ---- */

enum side { SIDE_STEER, SIDE_GUARD, SIDE_MIRROR };
static const char *const side_name[] = { "steer", "guard", "mirror" };

static size_t put_lines(struct txt *t, const struct steer_line *l, size_t n, enum side side,
			bool wide, const char *permit)
{
	const char *verdict = l->permit ? permit : "return";
	bool mirror = side == SIDE_MIRROR, skip[RUN_MAX];
	size_t run = wide ? run_of(l, n, skip) : 0;
	struct selector s = mirror ? selector_mirror(&l->sel) : l->sel;

	if (run >= WIDE_FROM) {
		put_run(t, l, skip, run, mirror, verdict);
		return run;
	}
	if (never_matches(&s))
		return 1;
	put_line(t, &s, "", verdict);
	if (l->permit && has_ports(&s))
		put_fragments(t, &s, verdict);
	return 1;
}

static void put_side(struct txt *t, const struct steer_if *f, enum side side, bool wide)
{
	char permit[64];
	size_t i = 0;

	if (side == SIDE_STEER)
		snprintf(permit, sizeof(permit), "meta mark set 0x%x accept",
			 STEER_MARK_BASE + f->slot);
	else
		snprintf(permit, sizeof(permit), "goto %s",
			 side == SIDE_GUARD ? "leaving_clear" : "arrived_clear");
	while (i < f->n_lines) {
		uint32_t seq = f->lines[i].map_seq;

		txt_printf(t, "\tchain %s_%u_%u {\n", side_name[side], f->slot, seq);
		while (i < f->n_lines && f->lines[i].map_seq == seq)
			i += put_lines(t, &f->lines[i], f->n_lines - i, side, wide, permit);
		txt_str(t, "\t}\n");
	}
	txt_printf(t, "\tchain %s_%u {\n", side_name[side], f->slot);
	for (i = 0; i < f->n_lines; i++)
		if (!i || f->lines[i].map_seq != f->lines[i - 1].map_seq)
			txt_printf(t, "\t\tjump %s_%u_%u\n", side_name[side], f->slot,
				   f->lines[i].map_seq);
	txt_str(t, "\t}\n");
}

static void put_closed(struct txt *t, const struct steer_if *f)
{
	txt_printf(t,
		   "\tchain steer_%u {\n\t}\n\tchain guard_%u {\n\t\tgoto leaving_clear\n\t}\n"
		   "\tchain mirror_%u {\n\t}\n",
		   f->slot, f->slot, f->slot);
}

/* `oifname "eth0"`: a name outlives its device and the next one. Names that nft's
 * language cannot hold go by their index. */
static void put_dev(struct txt *t, const char *key, const char *name, uint32_t ifindex)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-.:@", *c)) {
			txt_printf(t, "%.*s %u ", (int)strlen(key) - 4, key, ifindex);
			return;
		}
	txt_printf(t, "%s \"%s\" ", key, name);
}

static void put_guard(struct txt *t, const struct steer_if *v, size_t n)
{
	/* only ESP, AH and IKE may use the bypass: GRE in clear may not */
	txt_printf(t,
		   "\tchain guard {\n"
		   "\t\tmeta mark 0x%x ip protocol { esp, ah } accept\n"
		   "\t\tmeta mark 0x%x udp sport { 500, 4500 } accept\n",
		   MARK_BYPASS, MARK_BYPASS);
	for (size_t i = 0; i < n; i++) {
		/* "fragmentation needed" shows the packet that it is about: to a host that is
		 * beyond this interface it goes through an SA (and has its mark), or not at all */
		txt_str(t, "\t\t");
		if (!v[i].any_device) {
			put_dev(t, "oifname", v[i].device, v[i].ifindex);
			txt_printf(t, "meta mark 0x%x goto leaving_clear\n\t\t", MARK_QUOTES);
			put_dev(t, "oifname", v[i].device, v[i].ifindex);
		}
		txt_printf(t, "jump guard_%u\n", v[i].slot);
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
			put_dev(t, "iifname !=", v[i].tun, v[i].tun_ifindex);
}

static void put_prerouting(struct txt *t, const struct steer_if *v, size_t n)
{
	/* behind access lists (-450), before conntrack's reassembly (-400) */
	txt_str(t, "\tchain prerouting {\n\t\ttype filter hook prerouting priority -425;\n");
	for (size_t i = 0; i < n; i++) { /* out of an SA: not in clear, whatever it looks like */
		if (v[i].any_device)
			continue;
		txt_str(t, "\t\t");
		put_dev(t, "iifname", v[i].tun, v[i].tun_ifindex);
		txt_str(t, "accept\n");
	}
	/* what an `any any` line would call cleartext and is our own cipher traffic; a
	 * later fragment gets nowhere without its first, which is looked at */
	txt_str(t, "\t\tfib daddr type local ip protocol { esp, ah } accept\n"
		   "\t\tfib daddr type local udp dport { 500, 4500 } accept\n"
		   "\t\tfib daddr type local ip protocol udp ip frag-off & 0x1fff != 0 accept\n"
		   /* what routers say of our own packets: path MTU discovery needs it */
		   "\t\tfib daddr type local icmp type 3 icmp code 4 accept\n");
	for (size_t i = 0; i < n; i++) {
		txt_str(t, "\t\t");
		if (v[i].any_device)
			put_not_by(t, v, n, &v[i]);
		else
			put_dev(t, "iifname", v[i].device, v[i].ifindex);
		txt_printf(t, "jump mirror_%u\n", v[i].slot);
	}
	txt_str(t, "\t}\n\tchain forwarding {\n\t\ttype filter hook prerouting priority mangle;\n");
	for (size_t i = 0; i < n; i++) {
		if (v[i].any_device)
			continue;
		txt_str(t, "\t\tfib daddr ");
		put_dev(t, "oifname", v[i].device, v[i].ifindex);
		txt_printf(t, "jump steer_%u\n", v[i].slot);
	}
	/* `fib` is refused in output, which knows its interface anyway */
	txt_printf(t, "\t}\n\tchain output {\n\t\ttype route hook output priority mangle;\n"
		      "\t\tmeta mark 0x%x accept\n",
		   MARK_BYPASS);
	for (size_t i = 0; i < n; i++) {
		if (v[i].any_device)
			continue;
		txt_str(t, "\t\t");
		put_dev(t, "oifname", v[i].device, v[i].ifindex);
		txt_printf(t, "jump steer_%u\n", v[i].slot);
	}
	txt_str(t, "\t}\n");
}

static void put_mss_rule(struct txt *t, const char *key, const char *name, uint32_t ifindex,
			 unsigned mss)
{
	txt_str(t, "\t\t");
	put_dev(t, key, name, ifindex);
	txt_printf(t,
		   "tcp flags syn tcp option maxseg size > %u tcp option maxseg size set %u\n",
		   mss, mss);
}

static void put_mss(struct txt *t, const struct steer_if *v, size_t n)
{
	txt_str(t, "\tchain mss {\n\t\ttype filter hook forward priority mangle;\n");
	for (size_t i = 0; i < n; i++) {
		if (!v[i].adjust_mss)
			continue;
		put_mss_rule(t, "oifname", v[i].device, v[i].ifindex, v[i].adjust_mss);
		put_mss_rule(t, "oifname", v[i].tun, v[i].tun_ifindex, v[i].adjust_mss);
		put_mss_rule(t, "iifname", v[i].device, v[i].ifindex, v[i].adjust_mss);
		put_mss_rule(t, "iifname", v[i].tun, v[i].tun_ifindex, v[i].adjust_mss);
	}
	txt_str(t, "\t}\n");
}

void steer_ruleset(const struct steer_if *v, size_t n, enum steer_form form,
		   const struct steer_counts *counts, struct txt *t)
{
	static const struct steer_counts none = { 0 };
	const struct steer_counts *c = counts ? counts : &none;

	/* add and delete first: together with what follows they are one transaction */
	txt_printf(t,
		   "table ip culvert {}\ndelete table ip culvert\ntable ip culvert {\n"
		   "\tcomment \"made by culvert; removed when it stops orderly\"\n"
		   "\tcounter guard_drops { packets %llu bytes %llu }\n"
		   "\tcounter mirror_drops { packets %llu bytes %llu }\n"
		   "\tchain leaving_clear {\n\t\tcounter name guard_drops drop\n\t}\n"
		   "\tchain arrived_clear {\n\t\tcounter name mirror_drops\n",
		   (unsigned long long)c->guard_packets, (unsigned long long)c->guard_bytes,
		   (unsigned long long)c->mirror_packets, (unsigned long long)c->mirror_bytes);
	if (form == STEER_FULL)
		txt_printf(t, "\t\tlimit rate 20/second burst 40 packets log group %u snaplen 64\n",
			   STEER_NFLOG);
	txt_str(t, "\t\tdrop\n\t}\n");
	for (size_t i = 0; i < n; i++)
		if (!v[i].any_device && (form == STEER_CLOSED || v[i].closed))
			put_closed(t, &v[i]);
		else
			for (enum side s = v[i].any_device ? SIDE_GUARD : SIDE_STEER; s <= SIDE_MIRROR; s++)
				put_side(t, &v[i], s, form != STEER_PLAIN);
	/* the last resort asks for nothing that a kernel may lack: no fib, no rerouting,
	 * no TCP options */
	if (form != STEER_CLOSED)
		put_prerouting(t, v, n);
	put_guard(t, v, n);
	if (form != STEER_CLOSED)
		put_mss(t, v, n);
	txt_str(t, "}\n");
}

void nft_text_addr(struct txt *t, const char *field, const struct addr_match *m)
{
	put_addr(t, field, m);
}

void nft_text_dev(struct txt *t, const char *key, const char *name, uint32_t ifindex)
{
	put_dev(t, key, name, ifindex);
}
