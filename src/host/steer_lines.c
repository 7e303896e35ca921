/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of crypto ACLs as rules of nft: one by one, or a run of plain ones as a set. */
#include "host/steer_lines.h"

#include <string.h>

#define WIDE_FROM 16 /* lines in a run that are worth a set */

/* ---- one line ---- */

void steer_put_port(struct txt *t, const char *field, const struct port_match *m)
{
	switch ((enum port_op)m->op) {
	case PORT_ANY:
		return;
	case PORT_EQ:
		txt_printf(t, "%s %u ", field, m->lo);
		return;
	case PORT_NEQ:
		txt_printf(t, "%s != %u ", field, m->lo);
		return;
	case PORT_LT:
		txt_printf(t, "%s < %u ", field, m->lo);
		return;
	case PORT_GT:
		txt_printf(t, "%s > %u ", field, m->lo);
		return;
	case PORT_RANGE:
		txt_printf(t, "%s %u-%u ", field, m->lo, m->hi);
		return;
	}
}

bool steer_has_ports(const struct selector *s)
{
	return s->local_port.op != PORT_ANY || s->remote_port.op != PORT_ANY;
}

bool steer_never_matches(enum ip_family f, const struct selector *s)
{
	const struct port_match *a = &s->local_port, *b = &s->remote_port;

	return s->local.addr.family != f || s->remote.addr.family != f ||
	       (a->op == PORT_RANGE && a->lo > a->hi) || (b->op == PORT_RANGE && b->lo > b->hi);
}

/* before: further conditions; s as the packet looks where it is tested. */
static void put_one(struct txt *t, enum ip_family f, const struct selector *s, const char *before,
		     const char *verdict)
{
	for (size_t i = 0; i < nft_text_proto_rules(f, s->proto); i++) {
		txt_printf(t, "\t\t%s", before);
		nft_text_proto(t, f, s->proto, i);
		nft_text_addr(t, "saddr", &s->local);
		nft_text_addr(t, "daddr", &s->remote);
		steer_put_port(t, "th sport", &s->local_port);
		steer_put_port(t, "th dport", &s->remote_port);
		txt_printf(t, "%s\n", verdict);
	}
}

/* Later fragments carry no ports: those of a protocol whose ports are protected
 * are matched by addresses, or they would leave in clear. */
static void put_fragments(struct txt *t, enum ip_family f, const struct selector *s,
			  const char *verdict)
{
	struct selector l3 = *s;

	l3.local_port = l3.remote_port = (struct port_match){ 0 };
	put_one(t, f, &l3, nft_text_later(f), verdict);
}

/* A line for packets of which only the addresses, and perhaps the protocol, can be read. */
static void put_blunt(struct txt *t, const struct selector *s, uint8_t proto, const char *verdict)
{
	struct selector l3 = *s;

	l3.proto = proto;
	l3.local_port = l3.remote_port = (struct port_match){ 0 };
	put_one(t, IP_V6, &l3, "", verdict);
}

/* "Cannot be read" is no condition of nft's: a test of it fails, and so does its opposite. What passes
 * either can be read, and the lines have judged it. */
void steer_put_unread(struct txt *t, const struct steer_line *l, size_t n, bool mirror,
		      const char *verdict)
{
	bool protos = false, ports = false;

	for (size_t i = 0; i < n; i++) {
		bool counts = l[i].permit && l[i].sel.proto && !steer_never_matches(IP_V6, &l[i].sel);

		protos |= counts;
		ports |= counts && steer_has_ports(&l[i].sel);
	}
	if (ports) /* of a later fragment they never can be: put_fragments() */
		txt_printf(t,
			   "\t\tth dport 0 return\n\t\tth dport != 0 return\n"
			   "\t\t%smeta l4proto != 255 return\n",
			   nft_text_later(IP_V6));
	for (int blind = 0; blind < 2; blind++) {
		if (blind && protos) /* 255 is no protocol's (IANA: reserved) */
			txt_str(t, "\t\tmeta l4proto != 255 return\n");
		for (size_t i = 0; i < n; i++) {
			struct selector s = mirror ? selector_mirror(&l[i].sel) : l[i].sel;

			if (l[i].permit && s.proto && (blind || steer_has_ports(&s)) && !steer_never_matches(IP_V6, &s))
				put_blunt(t, &s, blind ? 0 : s.proto, verdict);
		}
	}
}

/* ---- entries ---- */

void steer_join_entries(struct steer_line *v, size_t n)
{
	uint32_t entry = 0, seq = 0;
	bool denies = true; /* some line of those that are one so far */

	for (size_t i = 0; i < n; i++) {
		if ((!i || v[i].map_seq != entry) && denies) {
			seq = v[i].map_seq;
			denies = false;
		}
		entry = v[i].map_seq;
		denies |= !v[i].permit;
		v[i].map_seq = seq;
	}
}

/* ---- runs of lines as sets ---- */

static bool fits_set(enum ip_family f, const struct steer_line *l)
{
	unsigned len;

	return !steer_never_matches(f, &l->sel) && nft_text_proto_rules(f, l->sel.proto) == 1 && !steer_has_ports(&l->sel) &&
	       addr_match_prefix(&l->sel.local, &len) && addr_match_prefix(&l->sel.remote, &len);
}

/* Asked for each pair of lines in a run. */
static bool prefixes_meet(const struct addr_match *a, const struct addr_match *b)
{
	uint64_t x[2], y[2], v[2], w[2];

	memcpy(x, a->addr.b, sizeof(x));
	memcpy(y, b->addr.b, sizeof(y));
	memcpy(v, a->wild, sizeof(v));
	memcpy(w, b->wild, sizeof(w));
	return !(((x[0] ^ y[0]) & ~v[0] & ~w[0]) | ((x[1] ^ y[1]) & ~v[1] & ~w[1]));
}

enum fit { FIT_NEW, FIT_COVERED, FIT_OVERLAPS };

/* How x goes with the elements before it: the kernel refuses a set whose elements
 * overlap, and one that lies within another of the same verdict says nothing new. */
static enum fit fit_of(const struct steer_line *l, const bool *skip, size_t n,
		       const struct selector *x)
{
	enum fit fit = FIT_NEW;

	for (size_t i = 0; i < n; i++) {
		/* the other ends are what differs, mostly */
		if (skip[i] || !prefixes_meet(&l[i].sel.remote, &x->remote) ||
		    !prefixes_meet(&l[i].sel.local, &x->local))
			continue;
		if (selector_covers(&l[i].sel, x))
			return FIT_COVERED;
		fit = FIT_OVERLAPS;
	}
	return fit;
}

/* The length of the run that begins at l: one map entry, verdict and protocol.
 * skip tells which of its lines are covered by earlier ones. */
static size_t run_of(enum ip_family f, const struct steer_line *l, size_t n, bool skip[STEER_RUN_MAX])
{
	size_t run = 0;

	while (run < n && run < STEER_RUN_MAX && l[run].map_seq == l->map_seq &&
	       l[run].permit == l->permit && l[run].sel.proto == l->sel.proto &&
	       fits_set(f, &l[run])) {
		enum fit fit = fit_of(l, skip, run, &l[run].sel);

		if (fit == FIT_OVERLAPS)
			break;
		skip[run++] = fit == FIT_COVERED;
	}
	return run;
}

static void put_elements(struct txt *t, const struct steer_line *l, const bool *skip, size_t n)
{
	const char *comma = "";

	txt_str(t, "{ ");
	for (size_t i = 0; i < n; i++) {
		const struct selector *s = &l[i].sel;

		if (skip[i])
			continue;
		txt_str(t, comma);
		comma = ",\n\t\t\t";
		nft_text_prefix(t, &s->local);
		txt_str(t, " . ");
		nft_text_prefix(t, &s->remote);
	}
	txt_str(t, " }");
}

/* The set has a name, and all three chains look into it: what the kernel makes of a big one takes longer than
 * anything else that is loaded, and three copies are more than an ordinary user's netlink takes at once. */
static void put_run(struct txt *t, enum ip_family f, const struct steer_if *v, size_t at, bool mirror,
		    const char *verdict)
{
	const char *ip = nft_text_ip(f);

	txt_str(t, "\t\t");
	nft_text_proto(t, f, v->lines[at].sel.proto, 0);
	txt_printf(t, "%s %s . %s %s @run_%u_%zu %s\n", ip, mirror ? "daddr" : "saddr", ip,
		   mirror ? "saddr" : "daddr", v->slot, at, verdict);
}

size_t steer_wide_run(enum ip_family f, const struct steer_if *v, size_t at, bool skip[STEER_RUN_MAX])
{
	size_t run = run_of(f, v->lines + at, v->n_lines - at, skip);

	return run >= WIDE_FROM ? run : 0;
}

void steer_put_sets(struct txt *t, enum ip_family f, const struct steer_if *v)
{
	const char *type = f == IP_V6 ? "ipv6_addr" : "ipv4_addr";
	bool skip[STEER_RUN_MAX];

	for (size_t i = 0, run; i < v->n_lines; i += run ? run : 1) {
		run = steer_wide_run(f, v, i, skip);
		if (!run)
			continue;
		txt_printf(t,
			   "\tset run_%u_%zu {\n\t\ttype %s . %s\n\t\tflags interval\n"
			   "\t\telements = ",
			   v->slot, i, type, type);
		put_elements(t, v->lines + i, skip, run);
		txt_str(t, "\n\t}\n");
	}
}

size_t steer_put_line(struct txt *t, enum ip_family f, const struct steer_if *v, size_t at, bool mirror,
		      bool wide, const char *permit)
{
	const struct steer_line *l = v->lines + at;
	const char *verdict = l->permit ? permit : "return";
	bool skip[STEER_RUN_MAX];
	size_t run = wide ? steer_wide_run(f, v, at, skip) : 0;
	struct selector s = mirror ? selector_mirror(&l->sel) : l->sel;

	if (run) {
		put_run(t, f, v, at, mirror, verdict);
		return run;
	}
	if (steer_never_matches(f, &s))
		return 1;
	put_one(t, f, &s, "", verdict);
	if (l->permit && steer_has_ports(&s))
		put_fragments(t, f, &s, verdict);
	return 1;
}
