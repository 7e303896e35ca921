/* SPDX-License-Identifier: Apache-2.0 */
/* `clear access-list counters`: the matches of one list, or of all; nothing else is counted anew. */
#include "control/acl_counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/internal.h"
#include "control/show_now.h"
#include "host/filter.h"

struct counting {
	const struct control *c;
	const char *name;
	uint32_t *ids; /* of policies that have matches of that list */
	size_t n;
};

static void note_policy(void *ctx, const struct fwd_msg *m)
{
	struct counting *k = ctx;
	const char *list;
	uint32_t line, *v;

	if (m->type != FWD_STATS_POLICY || !m->u.policy_stats.matches)
		return;
	list = policy_list(k->c, m->u.policy_stats.policy_id, &line);
	if (!list || (k->name[0] && strcmp(list, k->name) != 0))
		return;
	v = reallocarray(k->ids, k->n + 1, sizeof(*v));
	if (!v)
		return; /* it goes on counting, and whoever asked sees it */
	k->ids = v;
	v[k->n++] = m->u.policy_stats.policy_id;
}

static void forget(struct control *c, uint32_t policy_id, const char *name)
{
	struct fwd_msg m = { .type = FWD_MATCHES_CLEAR, .u.matches.policy_id = policy_id };

	snprintf(m.u.matches.name, sizeof(m.u.matches.name), "%s", name);
	(void)fwdlink_call(c->fwd, &m, -1, NULL, NULL);
}

void acl_counters_clear(struct control *c, const char *name)
{
	struct fwd_msg get = { .type = FWD_STATS_GET };
	struct counting k = { .c = c, .name = name };

	(void)filter_clear(name);
	(void)fwdlink_call(c->fwd, &get, -1, note_policy, &k);
	for (size_t i = 0; i < k.n; i++)
		forget(c, k.ids[i], "");
	free(k.ids);
	forget(c, 0, name);
}
