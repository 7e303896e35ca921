/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of crypto ACLs as rules about the packet that an ICMP error quotes: the mirror of
 * what leaves, since it came out of an SA. */
#include "host/steer_lines.h"

#include <stdio.h>

/* Where what is asked for stands, in bits from the ICMP header, of which the first 64 are the
 * error's own (RFC 792, RFC 4443 section 3). Ports: if nothing stands before them that can be
 * left out. */
struct places {
	unsigned version, proto, src, dst, addr_bits, sport, dport;
};

static const struct places places4 = { 64, 136, 160, 192, 32, 224, 240 };
static const struct places places6 = { 64, 112, 128, 256, 128, 384, 400 };

/* IPv6: headers that others follow (IANA, "IPv6 Extension Header Types"). */
#define BEFORE_PROTO "{ 0, 43, 44, 51, 60 }"

static const struct places *places_of(enum ip_family f)
{
	return f == IP_V6 ? &places6 : &places4;
}

/* As one number: the bytes of b where wild is 0, fill where it is 1. */
static void put_number(struct txt *t, unsigned bits, const uint8_t *b, const uint8_t *wild, uint8_t fill)
{
	txt_str(t, "0x");
	for (unsigned i = 0; i < bits / 8; i++)
		txt_printf(t, "%02x", (unsigned)((b[i] & ~wild[i]) | (fill & wild[i])) & 0xff);
}

static void put_addr(struct txt *t, unsigned at, unsigned bits, const struct addr_match *m)
{
	static const uint8_t ones[16] = { 255, 255, 255, 255, 255, 255, 255, 255,
					  255, 255, 255, 255, 255, 255, 255, 255 };
	bool any = true;

	for (unsigned i = 0; i < bits / 8; i++)
		any &= m->wild[i] == 0xff;
	if (any)
		return;
	txt_printf(t, "@th,%u,%u & ", at, bits);
	put_number(t, bits, ones, m->wild, 0);
	txt_str(t, " == ");
	put_number(t, bits, m->addr.b, m->wild, 0);
	txt_char(t, ' ');
}

static void put_l3(struct txt *t, enum ip_family f, const struct selector *s, const char *proto)
{
	const struct places *p = places_of(f);

	txt_str(t, "\t\t");
	if (proto)
		txt_printf(t, "@th,%u,8 %s ", p->proto, proto);
	else if (s->proto)
		txt_printf(t, "@th,%u,8 %u ", p->proto, s->proto);
	put_addr(t, p->src, p->addr_bits, &s->local);
	put_addr(t, p->dst, p->addr_bits, &s->remote);
}

/* Protocols behind extension headers and ports behind options are not looked for: a permit line
 * takes them for what it protects. */
static void put_one(struct txt *t, enum ip_family f, const struct selector *s, bool permit,
		    const char *verdict)
{
	const struct places *p = places_of(f);
	bool ports = steer_has_ports(s);
	char field[24];

	put_l3(t, f, s, NULL);
	if (ports) {
		if (f != IP_V6)
			txt_printf(t, "@th,%u,8 0x45 ", p->version);
		snprintf(field, sizeof(field), "@th,%u,16", p->sport);
		steer_put_port(t, field, &s->local_port);
		snprintf(field, sizeof(field), "@th,%u,16", p->dport);
		steer_put_port(t, field, &s->remote_port);
	}
	txt_printf(t, "%s\n", verdict);
	if (!permit || (f == IP_V6 ? !s->proto : !ports))
		return;
	put_l3(t, f, s, f == IP_V6 ? BEFORE_PROTO : NULL);
	if (f != IP_V6)
		txt_printf(t, "@th,%u,8 != 0x45 ", p->version);
	txt_printf(t, "%s\n", verdict);
}

/* In a set there are no ports; of a protocol as in put_one(). */
static void put_run(struct txt *t, const struct steer_runs *r, const struct steer_run *run, const struct steer_line *l,
		    const char *verdict)
{
	const struct places *p = places_of(r->family);

	for (int hidden = 0; hidden < (l->permit && l->sel.proto && r->family == IP_V6 ? 2 : 1); hidden++) {
		txt_str(t, "\t\t");
		if (hidden)
			txt_printf(t, "@th,%u,8 " BEFORE_PROTO " ", p->proto);
		else if (l->sel.proto)
			txt_printf(t, "@th,%u,8 %u ", p->proto, l->sel.proto);
		txt_printf(t, "@th,%u,%u . @th,%u,%u @", p->dst, p->addr_bits, p->src, p->addr_bits);
		steer_run_name(t, r, run);
		txt_printf(t, " %s\n", verdict);
	}
}

size_t steer_put_quoted(struct txt *t, enum ip_family f, const struct steer_if *v, size_t at,
			const struct steer_runs *runs, const char *permit)
{
	const struct steer_line *l = v->lines + at;
	const char *verdict = l->permit ? permit : "return";
	const struct steer_run *run = steer_runs_at(runs, at);
	struct selector s = selector_mirror(&l->sel);

	if (run)
		put_run(t, runs, run, l, verdict);
	else if (!steer_never_matches(f, &s))
		put_one(t, f, &s, l->permit, verdict);
	return run ? run->n_lines : 1;
}
