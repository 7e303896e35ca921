/* SPDX-License-Identifier: Apache-2.0 */
/* What show commands see: plain copies without keys. */
#include <string.h>
#include "ike/phase1.h"

#include <stdio.h>

#include "base/secret.h"

const char *ike_state_name(enum ike_state s)
{
	static const char *const names[] = {
#define X(n) [IKE_##n] = #n,
		IKE_STATES(X)
#undef X
	};

	return (size_t)s < sizeof(names) / sizeof(names[0]) ? names[s] : "?";
}

/* IOS's word for where an exchange stands (MM_KEY_AUTH and AG_AUTH pass within one event). */
enum ike_state sa_shown_state(const struct ike_sa *sa)
{
	switch (sa->state) {
	case MM_I3:
	case MM_R2:
		return IKE_MM_SA_SETUP;
	case MM_I5:
	case MM_R4:
		return IKE_MM_KEY_EXCH;
	case AG_I1: /* IOS shows it as soon as the first message is sent */
	case AG_R1:
	case AG_R2:
		return IKE_AG_INIT_EXCH;
	case MM_DONE:
		return IKE_QM_IDLE;
	default:
		return sa->aggressive ? IKE_AG_NO_STATE : IKE_MM_NO_STATE;
	}
}

/* Whoever lists ten thousand asks for one after the other: the walk goes on where it has
 * stopped, unless something was added or removed. */
static const struct ike_sa *nth_sa(struct ike *k, size_t i)
{
	const struct ike_sa *sa = k->walk.sa;
	size_t at = sa ? k->walk.sa_at : 0;

	if (!sa || at > i) {
		sa = TAILQ_FIRST(&k->sas);
		at = 0;
	}
	for (; sa && at < i; at++)
		sa = TAILQ_NEXT(sa, entry);
	k->walk.sa = sa;
	k->walk.sa_at = at;
	return sa;
}

static const struct pair *nth_pair(struct ike *k, size_t i)
{
	const struct pair *p = k->walk.pair;
	size_t at = p ? k->walk.pair_at : 0;

	if (!p || at > i) {
		p = TAILQ_FIRST(&k->pairs);
		at = 0;
	}
	for (; p && at < i; at++)
		p = TAILQ_NEXT(p, entry);
	k->walk.pair = p;
	k->walk.pair_at = at;
	return p;
}

bool ike_get_sa(const struct ike *k, uint64_t now_ms, size_t i, struct ike_sa_info *ret)
{
	const struct ike_sa *sa = nth_sa((struct ike *)k, i);
	struct ike_id id;

	if (!sa)
		return false;
	struct ike_path to = sa_route(sa);
	*ret = (struct ike_sa_info){
		.local = sa->path.local, .remote = to.remote, .peer = sa->path.remote,
		.local_port = sa->path.local_port, .remote_port = sa->path.remote_port,
		.initiator = sa->initiator, .state = sa_shown_state(sa),
		.deleted = sa->state == MM_DEAD,
		.conn_id = sa->state == MM_I1 || sa->state == AG_I1 ? 0 : sa->conn_id, .agreed = sa->agreed,
		.left_sec = sa->state == MM_DONE && sa->expires_ms > now_ms ?
				    (uint32_t)((sa->expires_ms - now_ms) / 1000) :
				    0,
		.nat = sa->nat_here || sa->nat_there,
		.frag = sa->peer_frag && k->cfg.fragmentation, .dpd = dpd_is_on(sa),
		.encrypts = sa->encrypts, .decrypts = sa->decrypts,
	};
	memcpy(ret->profile, sa->profile, sizeof(ret->profile));
	if (ike_id_decode(sa->peer_id, &id))
		(void)auth_id_text(&id, ret->peer_id);
	if (sa->state == AG_I1) /* offered, not agreed */
		ret->agreed = (struct p1_policy){ 0 };
	snprintf(ret->story, sizeof(ret->story), "%.*s", (int)sizeof(ret->story) - 1,
		 sa->story);
	return true;
}

bool ike_get_pair(const struct ike *k, size_t i, struct ike_pair_info *ret)
{
	const struct pair *p = nth_pair((struct ike *)k, i);

	if (!p)
		return false;
	*ret = (struct ike_pair_info){ .pair_id = p->pair_id, .policy_id = p->policy_id,
				       .in_id = p->in.id,
				       .out_id = p->out_installed ? p->out.id : 0,
				       .initiator = p->initiator, .in = p->in,
				       .out = p->out };
	ret->current = pair_current((struct ike *)k, p->policy_id) == p;
	return true;
}

const struct sa_spec *ike_carrier(const struct ike *k, uint32_t policy_id)
{
	const struct pair *p = pair_current((struct ike *)k, policy_id);

	return p ? &p->out : NULL;
}
