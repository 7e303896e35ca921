/* SPDX-License-Identifier: Apache-2.0 */
/* Who a peer is. Mostly his address says it; behind one address of a NAT there may be
 * several, and the NAT's own router beside them. Those are told apart by the identity that
 * they have proved (of which RFC 2407 section 4.6.3.3 speaks, too), since a port is another
 * one after each restart; and by the port where an identity is not known. */
#include "ike/internal.h"

#include "base/hash.h"

uint64_t peer_name(const struct ike *k, struct span id_body)
{
	struct ike_id id;
	uint64_t h;

	/* protocol and port do not belong to the name (RFC 2407 section 4.6.2) */
	if (ike_id_decode(id_body, &id))
		h = hash_bytes(k->seed, id.data.p, id.data.len) + id.type;
	else
		h = hash_bytes(k->seed, id_body.p, id_body.len);
	return h ? h : 1;
}

struct peer peer_of_sa(const struct ike_sa *sa)
{
	return (struct peer){ .local = sa->path.local, .addr = sa->path.remote, .hidden = sa->nat_there,
			      .port = sa->path.remote_port, .who = sa->who };
}

struct peer peer_of_pair(const struct pair *p)
{
	const struct sa_spec *s = p->in.id ? &p->in : &p->out; /* of an adopted one, maybe */

	return (struct peer){ .local = *pair_local(p), .addr = p->peer, .hidden = s->peer_moves,
			      .port = p->in.id ? s->udp_sport : s->udp_dport, .who = p->who };
}

bool peer_equal(const struct peer *a, const struct peer *b)
{
	if (!ipaddr_equal(&a->addr, &b->addr) || !ipaddr_equal(&a->local, &b->local) ||
	    a->hidden != b->hidden)
		return false;
	return !a->hidden || (a->who && b->who ? a->who == b->who : a->port == b->port);
}

bool peer_known(struct ike *k, const struct ipaddr *addr)
{
	const struct pair *p = pair_of_peer(k, addr, NULL);

	while (p && !ipaddr_equal(&p->peer, addr))
		p = pair_of_peer(k, addr, p);
	return p || sa_up_for(k, NULL, addr);
}

bool peer_has_sa(const struct peer *peer, const struct ike_sa *sa)
{
	struct peer his = peer_of_sa(sa);

	/* whether there is a NAT is not known before its third message */
	if (sa->state != MM_DONE && sa->initiator)
		his.hidden = peer->hidden;
	return peer_equal(peer, &his);
}

bool peer_has_pair(const struct peer *peer, const struct pair *p)
{
	struct peer his = peer_of_pair(p);

	return peer_equal(peer, &his);
}
