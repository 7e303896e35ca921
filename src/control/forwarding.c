/* SPDX-License-Identifier: Apache-2.0 */
/* A router forwards; this one only behind its locks. net.ipv4.ip_forward is set when
 * the guard stands, and taken back should it ever be missing. */
#include <string.h>

#include "control/internal.h"
#include "host/log.h"
#include "host/os.h"

static void set(const char *value, const char *why)
{
	char old[16] = "";
	int err = host_sysctl(CONTROL_IP_FORWARD, value, old);

	if (err)
		log_line("CULVERT-3-HOST", "net.ipv4.ip_forward: %s", strerror(-err));
	else if (strcmp(old, value))
		log_line("CULVERT-6-HOST", "net.ipv4.ip_forward set to %s%s", value, why);
}

void forwarding_follow(struct control *c)
{
	if (c->guarded == c->forwards && c->forwarding_seen)
		return; /* what an administrator set meanwhile is his affair */
	c->forwards = c->guarded;
	c->forwarding_seen = true;
	if (c->guarded)
		set("1", "");
	else
		set("0", ": there is no guard (is nft installed?)");
}

void forwarding_restore(struct control *c)
{
	const char *ours = c->forwards ? "1" : "0";

	if (c->forwarding_seen && c->opt->ip_forward[0] && strcmp(c->opt->ip_forward, ours))
		(void)host_sysctl(CONTROL_IP_FORWARD, c->opt->ip_forward, NULL);
}
