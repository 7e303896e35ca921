/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/local_address.h"

void local_take(const struct cli_call *c, struct cfg_local *l)
{
	*l = c->op == CLI_SET ? *(const struct cfg_local *)c->args : (struct cfg_local){ 0 };
}

bool local_give(const struct cfg_local *l, void *args)
{
	*(struct cfg_local *)args = *l;
	return l->addr.family || l->ifname[0];
}
