/* SPDX-License-Identifier: Apache-2.0 */
/* What needs everything for itself is done behind the batch, by the code that a single worker
 * runs: a packet without SA, or near the end of its SA's life; IKE; a keepalive; what control is
 * told. Between the batch and that somebody else may have closed the gate, and taken away what
 * was seen: nothing is kept but ids. */
#include <stdlib.h>

#include "forwarder/internal.h"

#define EVENTS_MAX  32 /* what is limited to a few each second */
#define FOLLOWS_MAX 4

enum kind { OUT, UDP, INNER };

struct later {
	/* by next; reason is its kind, flow_key the id that goes with it and the table that was in force,
	 * seqno of what leaves the interface that it was to leave by */
	struct pkt *first, **last;
	bool has_out;
	size_t n_life, n_follow, n_event;
	uint32_t life[BATCH_MAX];
	struct {
		uint32_t sa_id;
		struct ipaddr addr;
		uint16_t port;
		uint64_t number;
	} follow[FOLLOWS_MAX];
	struct fwd_msg event[EVENTS_MAX];
};

struct later *later_new(void)
{
	struct later *l = calloc(1, sizeof(*l));

	if (l)
		l->last = &l->first;
	return l;
}

void later_free(struct later *l)
{
	free(l);
}

bool later_is_empty(const struct later *l)
{
	return !l->first && !l->n_life && !l->n_follow && !l->n_event;
}

static void keep(struct forwarder *f, struct pkt *p, enum kind kind, uint32_t id)
{
	struct later *l = f->later;

	p->reason = (uint8_t)kind;
	p->flow_key = (uint64_t)f->all->table.spd.generation << 32 | id;
	p->next = NULL;
	*l->last = p;
	l->last = &p->next;
}

void later_out(struct forwarder *f, struct policy *pol, struct pkt *p)
{
	f->later->has_out = true;
	p->seqno = pol->ifid;
	keep(f, p, OUT, pol->id);
}

bool later_has_out(const struct forwarder *f)
{
	return f->later->has_out;
}

void later_udp(struct forwarder *f, struct pkt *p)
{
	keep(f, p, UDP, 0);
}

void later_inner(struct forwarder *f, struct pkt *p)
{
	keep(f, p, INNER, ((const struct sa *)p->sa)->spec.id);
}

/* What finds no room here is found by the next tick. */
void later_life(struct forwarder *f, const struct sa *sa)
{
	struct later *l = f->later;

	if (l->n_life && l->life[l->n_life - 1] == sa->spec.id)
		return;
	if (l->n_life < BATCH_MAX)
		l->life[l->n_life++] = sa->spec.id;
}

/* Or by the next packet. */
void later_follow(struct forwarder *f, const struct sa *sa, const struct pkt *p)
{
	struct later *l = f->later;

	if (l->n_follow == FOLLOWS_MAX)
		return;
	l->follow[l->n_follow].sa_id = sa->spec.id;
	l->follow[l->n_follow].number = sa_top(sa);
	l->follow[l->n_follow].addr = p->remote;
	l->follow[l->n_follow++].port = p->remote_port;
}

bool later_event(struct forwarder *f, const struct fwd_msg *m)
{
	struct later *l = f->later;

	if (l->n_event == EVENTS_MAX)
		return false;
	l->event[l->n_event++] = *m;
	return true;
}

/* Another table has come since: what the old one said of p is not to be used any more. */
static bool is_stale(const struct forwarder *f, const struct pkt *p)
{
	return p->flow_key >> 32 != f->all->table.spd.generation;
}

static void do_out(struct forwarder *f, struct pkt *p)
{
	struct policy *pol = policy_find(f, (uint32_t)p->flow_key);

	if (is_stale(f, p))
		out_anew(f, pol, p->seqno, p);
	else if (pol)
		out_again(f, pol, p);
	else
		fwd_drop(f, p, FWD_DROP_NO_POLICY);
}

static void do_inner(struct forwarder *f, struct delivery *d, struct pkt *p)
{
	struct ip_view h;

	p->sa = sad_by_id(&f->all->sad, (uint32_t)p->flow_key);
	if (!p->sa)
		fwd_drop(f, p, FWD_DROP_SA_DEAD);
	else if (is_stale(f, p))
		in_anew(f, d, p);
	else if (!ip_peek(span_of(p->data, p->len), &h))
		fwd_drop(f, p, FWD_DROP_MALFORMED_IP);
	else
		in_deliver(f, d, p, &h);
}

static void do_packets(struct forwarder *f, struct later *l)
{
	struct delivery d;
	struct pkt *p = l->first;

	deliver_init(f, &d);
	l->first = NULL;
	l->last = &l->first;
	l->has_out = false;
	while (p) {
		struct pkt *next = p->next;
		enum kind kind = (enum kind)p->reason;

		p->next = NULL;
		p->reason = 0;
		if (kind == OUT) {
			do_out(f, p);
		} else if (kind == INNER) {
			do_inner(f, &d, p);
		} else {
			struct batch b;

			b.p[0] = p;
			b.n = 1;
			in_from_udp(f, &b);
		}
		p = next;
	}
	esp_out_flush(f);
	deliver_flush(f, &d);
}

void later_do(struct forwarder *f)
{
	struct later *l = f->later;

	for (size_t i = 0; i < l->n_event; i++)
		if (!event_send(f, &l->event[i]) && l->event[i].type == FWD_PORT_SLOWER)
			port_slower_unheard(f, &l->event[i]);
	l->n_event = 0;
	do_packets(f, l);
	for (size_t i = 0; i < l->n_follow; i++)
		in_follow(f, l->follow[i].sa_id, &l->follow[i].addr, l->follow[i].port, l->follow[i].number);
	l->n_follow = 0;
	for (size_t i = 0; i < l->n_life; i++) {
		struct sa *sa = sad_by_id(&f->all->sad, l->life[i]);

		if (sa && sa_check_life(sa, f->now_ms))
			event_expire(f, sa);
	}
	l->n_life = 0;
}
