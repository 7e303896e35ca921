/* SPDX-License-Identifier: Apache-2.0 */
/* What layouts look up in a show_in, found without going through all of it: with
 * thousands of SAs each of them would otherwise be looked at for each of them. For
 * control's show_*.c only. Every function also serves a show_in without an index,
 * by going through it. */
#ifndef CONTROL_SHOW_INDEX_H
#define CONTROL_SHOW_INDEX_H

#include "control/show.h"

struct show_index;

/* Of what in has now; in must stay as it is, and outlive it. NULL without memory. */
struct show_index *show_index_new(const struct show_in *in);
void show_index_free(struct show_index *x);

/* NULL: nothing is known of that id. */
const struct fwd_sa_stats *show_find_sa_stats(const struct show_in *in, uint32_t sa_id);
const struct fwd_policy_stats *show_find_policy_stats(const struct show_in *in, uint32_t policy_id);
const struct p2_policy *show_find_p2(const struct show_in *in, uint32_t policy_id);
const struct if_snapshot *show_find_if(const struct show_in *in, uint32_t ifindex);

/* The pairs of a policy, and the ISAKMP SAs with a peer (as he is configured), in the order in which in
 * has them: *at is 0 for the first and is moved on; NULL past the last. */
const struct ike_pair_info *show_next_pair(const struct show_in *in, uint32_t policy_id, size_t *at);
const struct ike_sa_info *show_next_sa(const struct show_in *in, const struct ipaddr *peer, size_t *at);
/* Likewise the policies of a session: on an interface, and with that peer at the moment. */
const struct p2_policy *show_next_policy(const struct show_in *in, uint32_t ifid, const struct ipaddr *peer,
					 size_t *at);

/* Packets that the line of an access list took so far. */
uint64_t show_count_matches(const struct show_in *in, const char *acl, uint32_t seq);

#endif
