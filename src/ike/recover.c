/* SPDX-License-Identifier: Apache-2.0 */
/* ESP or AH with an SPI that nobody knows: a peer still uses what is gone here, because a
 * DELETE was lost or this router has begun anew. Under an ISAKMP SA he is told (RFC
 * 2408 section 3.15: the SA is no longer). In clear it would be a reflector; so
 * without one he is told nothing, or `crypto isakmp invalid-spi-recovery` makes one
 * first, whose INITIAL-CONTACT alone puts most peers right. Anybody can send such a
 * packet in a peer's name: one main mode in the time that a dead one is remembered. */
#include "ike/internal.h"

static void tell(struct ike_sa *sa, uint8_t proto, uint32_t spi)
{
	struct ike *k = sa->k;
	uint8_t b[4];
	struct wr w = wr_of(b, sizeof(b));

	if (sa->told_spi_ms && k->now_ms - sa->told_spi_ms < IKE_TELL_SPI_MS)
		return;
	sa->told_spi_ms = k->now_ms;
	wr_be32(&w, spi);
	uint8_t id = proto == PROTO_AH ? PROTO_ID_AH : PROTO_ID_ESP;
	info_notify(sa, id, span_of(b, 4), NT_INVALID_SPI, span_of(b, 4));
	info_delete(sa, id, &spi, 1); /* for peers that do not act on notifies */
}

static const struct p2_policy *policy_with(const struct ike *k, const struct ipaddr *peer)
{
	for (size_t i = 0; i < k->cfg.n_p2; i++)
		for (size_t n = 0; n < k->cfg.p2[i].n_peers; n++)
			if (ipaddr_equal(&k->cfg.p2[i].peers[n], peer))
				return &k->cfg.p2[i];
	return NULL;
}

/* One that was begun and has ended keeps others from beginning while it lingers. */
static struct ike_sa *recent(struct ike *k, const struct ipaddr *peer)
{
	struct ike_sa *sa;

	for (sa = sa_of_peer(k, peer, NULL); sa; sa = sa_of_peer(k, peer, sa))
		if (sa->initiator && ipaddr_equal(&sa->path.remote, peer))
			return sa;
	return NULL;
}

static void recover(struct ike *k, const struct ipaddr *peer, uint8_t proto, uint32_t spi)
{
	const struct p2_policy *policy = policy_with(k, peer);
	struct ike_sa *sa = recent(k, peer);
	char a[IPADDR_STRLEN];

	if (sa && sa->state != MM_DEAD) {
		sa->bad_spi = spi;
		sa->bad_proto = proto;
	}
	if (!policy || sa || !k->cfg.enabled || !p1_any_usable(k) || !auth_methods(k, &policy->local, peer))
		return;
	struct ike_path path = { policy->local, *peer, 500, 500 };
	k->debug_about.now = *peer;
	act_debug(k, NULL, "invalid-spi-recovery: initiating IKE with %s, spi 0x%X",
		  ipaddr_ios(peer, a), spi);
	sa = phase1_alone(k, &path, policy->profile);
	if (!sa)
		return;
	sa->bad_spi = spi;
	sa->bad_proto = proto;
}

void recover_up(struct ike_sa *sa)
{
	if (sa->bad_spi)
		tell(sa, sa->bad_proto, sa->bad_spi);
	sa->bad_spi = 0;
}

void ike_unknown_spi(struct ike *k, uint64_t now_ms, const struct ipaddr *peer, uint8_t proto,
		     uint32_t spi)
{
	struct ike_sa *sa = sa_up_for(k, NULL, peer);

	k->now_ms = now_ms;
	if (sa)
		tell(sa, proto, spi);
	else if (k->cfg.invalid_spi_recovery)
		recover(k, peer, proto, spi);
}
