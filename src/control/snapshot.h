/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown, as it was at one moment: a show_in and what it points to. */
#ifndef CONTROL_SNAPSHOT_H
#define CONTROL_SNAPSHOT_H

#include <sys/utsname.h>

#include "control/internal.h"
#include "control/pki_timers.h"
#include "control/show.h"
#include "control/show_index.h"

#define SNAPSHOT_BLOCK 1024 /* routes: a list that grows would be copied as a whole now and then */
#define MAX_USERS 256 /* as many as there can be sessions */

/* Arrays grow by doubling. calloc()ed. */
struct snapshot {
	struct show_in in;
	struct show_index *index;
	bool nomem;
	struct if_snapshot *ifs;
	struct ike_sa_info *sas;
	struct ike_pair_info *pairs;
	char **stories; /* copies */
	size_t n_stories;
	struct p2_policy *p2;
	struct fwd_sa_stats *sa_stats;
	struct fwd_policy_stats *policy_stats;
	struct fwd_tunnel_stats *tunnel_stats;
	size_t n_tunnel_stats;
	struct show_route *routes;
	struct show_route **more; /* those of the kernel, in blocks of SNAPSHOT_BLOCK: show_rib.c */
	size_t n_more;		  /* rows */
	const void **order; /* of all of them */
	struct show_match *matches;
	struct show_neigh *neighs;
	struct fwd_acl_stats *acl_stats; /* of `set ip access-group` */
	size_t n_acl_stats;
	struct fwd_drops drops;
	struct steer_counts locks;
	struct show_user users[MAX_USERS];
	struct show_enroll enroll[CFG_MAX_TRUSTPOINTS];
	struct show_pki_timer pki_timers[PKI_TIMERS_MAX];
	struct utsname uts;
	char image[512], board_id[16];
};

/* Takes a row of the forwarder's STATS; ctx: the snapshot. */
void snapshot_row(void *ctx, const struct fwd_msg *m);
/* All else; the kernel's routes come after it (show_rib.h). Without memory it is marked (nomem). */
void snapshot_fill(struct snapshot *s, struct control *c, const struct session *session, unsigned action);
/* Both, and the index. NULL without memory. */
struct snapshot *snapshot_take(struct control *c, const struct session *session, unsigned action);
void snapshot_free(struct snapshot *s);

#endif
