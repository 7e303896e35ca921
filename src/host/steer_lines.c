/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of crypto ACLs as rules of nft: one by one, or a run of plain ones as a set. */
#include "host/steer_lines.h"

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

static void put_run(struct txt *t, const struct steer_runs *r, const struct steer_run *run, uint8_t proto, bool mirror,
		    const char *verdict)
{
	txt_str(t, "\t\t");
	nft_text_proto(t, r->family, proto, 0);
	txt_printf(t, "%s @", nft_text_ends(r->family, mirror));
	steer_run_name(t, r, run);
	txt_printf(t, " %s\n", verdict);
}

size_t steer_put_line(struct txt *t, enum ip_family f, const struct steer_if *v, size_t at, bool mirror,
		      const struct steer_runs *runs, const char *permit)
{
	const struct steer_line *l = v->lines + at;
	const char *verdict = l->permit ? permit : "return";
	const struct steer_run *run = steer_runs_at(runs, at);
	struct selector s = mirror ? selector_mirror(&l->sel) : l->sel;

	if (run) {
		put_run(t, runs, run, s.proto, mirror, verdict);
		return run->n_lines;
	}
	if (steer_never_matches(f, &s))
		return 1;
	put_one(t, f, &s, "", verdict);
	if (l->permit && steer_has_ports(&s))
		put_fragments(t, f, &s, verdict);
	return 1;
}
