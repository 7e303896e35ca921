/* SPDX-License-Identifier: Apache-2.0 */
/* A router forwards; this one only behind its locks. net.ipv4.ip_forward is set when
 * the guard stands, and taken back should it ever be missing. That of IPv6 is set for
 * `ipv6 unicast-routing` only, and is nobody's business here without it. */
#include <string.h>

#include "control/internal.h"
#include "host/ipv6.h"
#include "host/log.h"
#include "host/os.h"

#define NO_GUARD ": there is no guard (is nft installed?)"

static void set(const char *path, const char *name, const char *value, const char *why)
{
	char old[16] = "";
	int err = host_sysctl(path, value, old);

	if (err)
		log_line("CULVERT-3-HOST", "%s: %s", name, strerror(-err));
	else if (strcmp(old, value))
		log_line("CULVERT-6-HOST", "%s set to %s%s", name, value, why);
}

static void follow6(struct control *c)
{
	bool want = c->config->ipv6_routing && c->guarded;
	const char *was = c->opt->ip6_forward[0] ? c->opt->ip6_forward : "0";

	if (want == c->forwards6 || (want && !ipv6_there()))
		return;
	c->forwards6 = want;
	/* `no ipv6 unicast-routing` leaves what was there before it */
	set(HOST_IPV6_FORWARD, "net.ipv6.conf.all.forwarding", want ? "1" : c->guarded ? was : "0",
	    want || c->guarded ? "" : NO_GUARD);
}

void forwarding_follow(struct control *c)
{
	follow6(c);
	if (c->guarded == c->forwards && c->forwarding_seen)
		return; /* what an administrator set meanwhile is his affair */
	c->forwards = c->guarded;
	c->forwarding_seen = true;
	set(CONTROL_IP_FORWARD, "net.ipv4.ip_forward", c->guarded ? "1" : "0", c->guarded ? "" : NO_GUARD);
}

static void restore(const char *path, const char *was, const char *ours)
{
	if (was[0] && strcmp(was, ours) != 0)
		(void)host_sysctl(path, was, NULL);
}

void forwarding_restore(struct control *c)
{
	if (c->forwarding_seen)
		restore(CONTROL_IP_FORWARD, c->opt->ip_forward, c->forwards ? "1" : "0");
	if (c->forwards6)
		restore(HOST_IPV6_FORWARD, c->opt->ip6_forward, "1");
}
