/* SPDX-License-Identifier: Apache-2.0 */
/* A peer behind a NAT may be given another address and port while he is up (RFC 3947
 * section 6, RFC 3948 section 3.1). Whatever is authentic says where he is now, and only
 * that; and only of a peer that has a NAT before him: one that has none does not move.
 * sa->path keeps the address by which he is configured, so that keys and policies are
 * found; where he is stands beside it. */
#include "ike/internal.h"

struct ike_path sa_route(const struct ike_sa *sa)
{
	struct ike_path path = sa->path;

	if (sa->at.family)
		path.remote = sa->at;
	return path;
}

bool sa_may_come_from(const struct ike_sa *sa, const struct ike_path *path)
{
	return ipaddr_equal(&path->remote, &sa->path.remote) || ipaddr_equal(&path->remote, &sa->at) ||
	       (sa->nat_there && (sa->state == MM_R4 || sa->state == MM_DONE));
}

void sa_settle(struct ike_sa *sa, const struct ike_path *path)
{
	sa->at = ipaddr_equal(&path->remote, &sa->path.remote) ? (struct ipaddr){ 0 } : path->remote;
	sa->path.local_port = path->local_port;
	sa->path.remote_port = path->remote_port;
}

/* What is sent again goes there, and what is being negotiated. */
static void redirect(struct ike_sa *sa)
{
	struct ike_path to = sa_route(sa);
	struct qm *q;

	sa->flight.path = to;
	TAILQ_FOREACH(q, &sa->qms, entry) {
		q->flight.path = to;
		if (!q->in.udp_encap)
			continue;
		q->in.src = q->out.dst = to.remote;
		q->in.udp_sport = q->out.udp_dport = to.remote_port;
		if (q->state == QM_R2)
			act_sa_move(sa->k, q->in.id, &to);
	}
}

void sa_follow(struct ike_sa *sa, const struct ike_path *path)
{
	struct ike_path was = sa_route(sa);
	struct peer peer = peer_of_sa(sa);
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN];

	/* after the float a datagram on port 500 is an old one (RFC 3947 section 4) */
	if (!sa->nat_there || path->local_port != sa->path.local_port ||
	    (path->remote_port == was.remote_port && ipaddr_equal(&path->remote, &was.remote)))
		return;
	sa_settle(sa, path);
	act_debug(sa->k, sa, "NAT mapping of the peer has changed from %s port %u to %s port %u",
		  ipaddr_ios(&was.remote, a), was.remote_port, ipaddr_ios(&path->remote, b),
		  path->remote_port);
	redirect(sa);
	pairs_move(sa->k, &peer, path);
}

void ike_peer_moved(struct ike *k, uint64_t now_ms, uint32_t sa_id, const struct ipaddr *addr,
		    uint16_t port)
{
	struct pair *p = pair_by_sa(k, sa_id);

	k->now_ms = now_ms;
	if (!p || !p->in.udp_encap || !p->in.peer_moves)
		return;
	struct ike_path path = { *pair_local(p), *addr, p->in.udp_dport, port };
	struct peer peer = peer_of_pair(p);
	struct ike_sa *sa = sa_up_of(k, NULL, &peer);
	if (sa)
		sa_follow(sa, &path);
	pairs_move(k, &peer, &path);
}
