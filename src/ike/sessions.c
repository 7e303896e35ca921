/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto logging session`: a tunnel is up when the first pair with its peer carries,
 * and down when the last one is gone. */
#include "ike/internal.h"

static bool carries(struct ike *k, const struct ipaddr *local, const struct ipaddr *peer)
{
	const struct pair *p;

	for (p = pair_of_peer(k, peer, NULL); p; p = pair_of_peer(k, peer, p))
		if (p->out_installed && ipaddr_equal(&p->peer, peer) &&
		    ipaddr_equal(pair_local(p), local))
			return true;
	return false;
}

static void say(struct ike *k, const char *what, const struct ipaddr *local,
		const struct ipaddr *peer)
{
	struct ike_sa *sa = sa_up_for(k, local, peer);
	char a[IPADDR_STRLEN];

	ipaddr_ios(peer, a);
	act_log(k, peer, "CRYPTO-5-SESSION_STATUS", "Crypto tunnel is %s.  Peer %s:%u       Id: %s", what,
		a, sa ? sa->path.remote_port : 500u, a);
}

void session_up(const struct pair *p)
{
	if (p->k->cfg.log_sessions && !carries(p->k, pair_local(p), &p->peer))
		say(p->k, "UP  ", pair_local(p), &p->peer);
}

void session_down(struct ike *k, const struct ipaddr *local, const struct ipaddr *peer)
{
	if (k->cfg.log_sessions && !carries(k, local, peer))
		say(k, "DOWN", local, peer);
}
