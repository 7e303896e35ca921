/* SPDX-License-Identifier: Apache-2.0 */
#include "model/selector.h"
#include "model/sa_spec.h"

#include "base/secret.h"

#include <string.h>

static size_t addr_bytes(const struct ipaddr *a)
{
	return a->family == IP_V6 ? 16 : 4;
}

struct flow flow_mirror(const struct flow *f)
{
	struct flow m = *f;

	m.local = f->remote;
	m.remote = f->local;
	m.local_port = f->remote_port;
	m.remote_port = f->local_port;
	return m;
}

/* The bits that count and differ, of four bytes: each packet is asked several times. */
static uint32_t differ(const uint8_t *x, const uint8_t *y, const uint8_t *wild)
{
	uint32_t a, b, w;

	memcpy(&a, x, sizeof(a));
	memcpy(&b, y, sizeof(b));
	memcpy(&w, wild, sizeof(w));
	return (a ^ b) & ~w;
}

bool addr_match_has(const struct addr_match *m, const struct ipaddr *a)
{
	if (m->addr.family != a->family)
		return false;
	if (a->family != IP_V6)
		return !differ(m->addr.b, a->b, m->wild);
	return !(differ(m->addr.b, a->b, m->wild) | differ(m->addr.b + 4, a->b + 4, m->wild + 4) |
		 differ(m->addr.b + 8, a->b + 8, m->wild + 8) |
		 differ(m->addr.b + 12, a->b + 12, m->wild + 12));
}

/* The ports a test lets through as a closed range; NEQ is not one. */
static bool port_range(const struct port_match *m, uint32_t *ret_lo, uint32_t *ret_hi)
{
	static const struct port_match any = { PORT_RANGE, 0, UINT16_MAX };

	if (m->op == PORT_ANY)
		m = &any;
	*ret_lo = m->op == PORT_LT ? 0 : m->op == PORT_GT ? (uint32_t)m->lo + 1 : m->lo;
	switch (m->op) {
	case PORT_EQ:
		*ret_hi = m->lo;
		return true;
	case PORT_LT:
		*ret_hi = m->lo ? (uint32_t)m->lo - 1 : 0;
		return m->lo > 0;
	case PORT_GT:
		*ret_hi = UINT16_MAX;
		return m->lo < UINT16_MAX;
	case PORT_RANGE:
		*ret_hi = m->hi;
		return true;
	default:
		return false;
	}
}

bool port_match_has(const struct port_match *m, uint16_t port)
{
	uint32_t lo, hi;

	if (m->op == PORT_NEQ)
		return port != m->lo;
	return port_range(m, &lo, &hi) && port >= lo && port <= hi;
}

static bool ports_have(const struct port_match *m, const struct flow *f, uint16_t port)
{
	return m->op == PORT_ANY || (f->ports_known && port_match_has(m, port));
}

bool selector_has(const struct selector *s, const struct flow *f)
{
	return (s->proto == 0 || s->proto == f->proto) && addr_match_has(&s->local, &f->local) &&
	       addr_match_has(&s->remote, &f->remote) &&
	       ports_have(&s->local_port, f, f->local_port) &&
	       ports_have(&s->remote_port, f, f->remote_port);
}

static bool addr_covers(const struct addr_match *outer, const struct addr_match *inner)
{
	if (outer->addr.family != inner->addr.family)
		return false;
	for (size_t i = 0; i < addr_bytes(&outer->addr); i++) {
		/* a bit that outer tests must be tested and equal in inner */
		uint8_t tested = (uint8_t)~outer->wild[i];

		if (tested & inner->wild[i])
			return false;
		if ((outer->addr.b[i] ^ inner->addr.b[i]) & tested)
			return false;
	}
	return true;
}

static bool port_covers(const struct port_match *outer, const struct port_match *inner)
{
	uint32_t olo, ohi, ilo, ihi;

	if (outer->op == PORT_ANY)
		return true;
	if (outer->op == PORT_NEQ) {
		if (inner->op == PORT_NEQ)
			return outer->lo == inner->lo;
		return inner->op != PORT_ANY && port_range(inner, &ilo, &ihi) &&
		       (outer->lo < ilo || outer->lo > ihi);
	}
	return inner->op != PORT_NEQ && port_range(outer, &olo, &ohi) &&
	       port_range(inner, &ilo, &ihi) && olo <= ilo && ihi <= ohi;
}

bool selector_covers(const struct selector *outer, const struct selector *inner)
{
	return (outer->proto == 0 || outer->proto == inner->proto) &&
	       addr_covers(&outer->local, &inner->local) &&
	       addr_covers(&outer->remote, &inner->remote) &&
	       port_covers(&outer->local_port, &inner->local_port) &&
	       port_covers(&outer->remote_port, &inner->remote_port);
}

bool selector_equal(const struct selector *a, const struct selector *b)
{
	return selector_covers(a, b) && selector_covers(b, a);
}

struct selector selector_mirror(const struct selector *s)
{
	struct selector m = *s;

	m.local = s->remote;
	m.remote = s->local;
	m.local_port = s->remote_port;
	m.remote_port = s->local_port;
	return m;
}

struct addr_match addr_match_v4(uint32_t addr, uint32_t wild)
{
	struct addr_match m = { .addr = ipaddr_v4(addr & ~wild) };
	struct ipaddr w = ipaddr_v4(wild);

	memcpy(m.wild, w.b, 4);
	return m;
}

struct addr_match addr_match_of(const struct ipaddr *addr, unsigned len)
{
	struct addr_match m = { .addr = ipaddr_network(addr, len) };
	struct ipaddr mask = ipaddr_mask(addr->family, len);

	for (size_t i = 0; i < addr_bytes(addr); i++)
		m.wild[i] = (uint8_t)~mask.b[i];
	return m;
}

bool addr_match_prefix(const struct addr_match *m, unsigned *ret_len)
{
	size_t bits = addr_bytes(&m->addr) * 8;
	size_t len = 0;

	while (len < bits && !(m->wild[len / 8] & 0x80 >> len % 8))
		len++;
	for (size_t i = len; i < bits; i++)
		if (!(m->wild[i / 8] & 0x80 >> i % 8))
			return false;
	*ret_len = (unsigned)len;
	return true;
}

void sa_spec_wipe(struct sa_spec *s)
{
	secret_wipe(s, sizeof(*s));
}
