/* SPDX-License-Identifier: Apache-2.0 */
/* Phase 1 that nobody finishes: which message was the last to come, and on which port,
 * says whether the peer is away, a port is blocked, our answers are lost or the keys
 * differ; or that he leaves without a word. What is judged here is not authentic, so it
 * decides over a sentence only. */
#include "ike/phase1.h"

#include <stdio.h>

/* From our identity to a DELETE that is the answer to it. */
#define AT_ONCE_MS 5000
/* A peer sends again what was lost once; twice and more, nothing of ours arrives. */
#define DEAF_REPEATS 2

static void of_identity(const struct ike_sa *sa, const char *addr, char *buf, size_t cap)
{
	bool floated = sa->path.local_port != 500;

	if (floated && sa->flight.repeats && !sa->heard_float)
		snprintf(buf, cap,
			 "UDP 4500 seems blocked: the peer repeats message 4, so our message 5 "
			 "did not reach UDP 4500 of %s",
			 addr);
	else if (sa->agreed.auth == IKE_AUTH_RSA_SIG)
		snprintf(buf, cap,
			 "the peer does not answer our identity: it refuses our certificate or "
			 "signature most likely%s",
			 floated && !sa->heard_float ? ", or UDP 4500 is blocked" : "");
	else if (floated && !sa->heard_float)
		snprintf(buf, cap,
			 "UDP 4500 seems blocked: messages 1 to 4 passed on UDP 500, nothing came "
			 "from UDP 4500 of %s; if it is open, the %s differ",
			 addr, sa->agreed.auth == IKE_AUTH_RSA_ENC ? "RSA keys" : "pre-shared keys");
	else if (sa->agreed.auth == IKE_AUTH_RSA_ENC)
		snprintf(buf, cap,
			 "the peer does not answer our identity: one has another RSA key than the "
			 "other has of it most likely");
	else
		snprintf(buf, cap,
			 "the peer does not answer our identity: the pre-shared keys differ most "
			 "likely");
}

static void of_initiator(const struct ike_sa *sa, const char *addr, char *buf, size_t cap)
{
	if (sa->state == MM_I5)
		of_identity(sa, addr, buf, cap);
	else if (sa->state == AG_I1 && sa->bad_hash)
		snprintf(buf, cap, "the responder's hash is wrong: %s",
			 sa->agreed.auth == IKE_AUTH_RSA_ENC ?
				 "one has another RSA key than the other has of it" :
				 "the pre-shared keys differ");
	else if (sa->state == MM_I3)
		snprintf(buf, cap,
			 "the peer does not answer our key exchange: message 2 came, message 4 did "
			 "not: the way to or from UDP 500 of %s loses packets",
			 addr);
	else
		snprintf(buf, cap,
			 "the peer does not answer: no answer from UDP 500 of %s: it is blocked, or "
			 "the peer is down or does not know us (to type: ping)",
			 addr);
}

static void of_responder(const struct ike_sa *sa, const char *addr, char *buf, size_t cap)
{
	bool repeats = sa->flight.repeats >= DEAF_REPEATS;

	if (!sa->told && repeats && (sa->state == MM_R2 || sa->state == MM_R4))
		snprintf(buf, cap,
			 "our answers do not reach the peer: it repeats message %u though each was "
			 "answered: UDP 500 from us to %s is blocked",
			 sa->state == MM_R2 ? 1u : 3u, addr);
	else if (!sa->told && sa->state == MM_R4 && (sa->nat_here || sa->nat_there) &&
		 !sa->heard_float)
		snprintf(buf, cap,
			 "UDP 4500 seems blocked: messages 1 to 4 passed on UDP 500, the peer's "
			 "identity did not come from UDP 4500 of %s",
			 addr);
	else if (!sa->told && sa->state == MM_R4)
		snprintf(buf, cap, "the peer's identity, message 5, did not come from %s", addr);
	else
		snprintf(buf, cap, "%s", sa->story);
}

/* Whoever sent one datagram and no more may be a scanner, and his address forged. */
static bool worth_a_line(const struct ike_sa *sa)
{
	return !sa->told &&
	       (sa->initiator || sa->state == MM_R4 || sa->flight.repeats >= DEAF_REPEATS);
}

static void requests_fired(const struct ike_sa *sa)
{
	for (size_t i = 0; i < sa->n_pending; i++) {
		const struct p2_policy *p = p2_by_id(sa->k, sa->pending[i]);
		const struct fail_note *n = note_for(sa->k, sa->pending[i], false);

		if (p)
			trace_request_fired(sa->k, p, &sa->path.remote, n ? n->tried + 1u : 1);
	}
}

void silence_end(struct ike_sa *sa)
{
	char addr[IPADDR_STRLEN], why[sizeof(sa->story)];

	ipaddr_ios(&sa->path.remote, addr);
	if (sa->initiator)
		of_initiator(sa, addr, why, sizeof(why));
	else
		of_responder(sa, addr, why, sizeof(why));
	if (worth_a_line(sa))
		act_log(sa->k, &sa->path.remote, "CRYPTO-6-IKMP_MODE_FAILURE",
			"Processing of %s mode failed with peer at %s: %s",
			sa->aggressive ? "Aggressive" : "Main", addr, why);
	requests_fired(sa);
	sa_end(sa, false, "%s", why);
}

/* Who has another SA with him as well may have had one too many. */
static bool is_only_one(const struct ike_sa *sa)
{
	const struct ike_sa *other = NULL;

	while ((other = sa_of_peer(sa->k, &sa->path.remote, other)))
		if (other != sa && other->state != MM_DEAD)
			return false;
	return true;
}

/* Main mode alone ends with the responder's identity: in aggressive mode the peer had it
 * before he proved himself, and was content. */
static bool left_at_once(const struct ike_sa *sa)
{
	return !sa->initiator && !sa->aggressive && sa->state == MM_DONE && sa->n_seen <= 1 && !sa->n_qms &&
	       sa->k->now_ms - sa->up_ms <= AT_ONCE_MS && is_only_one(sa);
}

void silence_deleted(struct ike_sa *sa)
{
	char addr[IPADDR_STRLEN], name[AUTH_ID_TEXT] = "", type[IOS_NAME_MAX + 64], why[IKE_WHY_MAX];
	uint8_t buf[IKE_ID_MAX + AUTH_DN_MAX];
	const struct ike_profile *p = profile_of(sa);
	struct ike_id id;

	if (!left_at_once(sa)) {
		sa_end(sa, false, "deleted by the peer");
		return;
	}
	if (ike_id_decode(auth_id(sa, buf, sizeof(buf)), &id))
		(void)auth_id_text(&id, name);
	if (p && p->id_kind)
		snprintf(type, sizeof(type), "to type in isakmp profile %s: self-identity", p->name);
	else
		snprintf(type, sizeof(type), "to type: crypto isakmp identity address | hostname | dn");
	snprintf(why, sizeof(why),
		 "the peer deleted the SA as soon as it had our identity %s: it expects another one%s most "
		 "likely (%s)",
		 name, sa->agreed.auth == IKE_AUTH_RSA_SIG ? ", or refuses our certificate," : "", type);
	act_log(sa->k, &sa->path.remote, "CRYPTO-6-IKMP_MODE_FAILURE", "Processing of Main mode failed with peer at %s: %s",
		ipaddr_ios(&sa->path.remote, addr), why);
	sa_end(sa, false, "%s", why);
}
