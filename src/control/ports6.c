/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder's ports of IPv6. They are opened when the configuration first asks for them -
 * a host may have no IPv6, and a router of IPv4 alone hears nothing of it - and stay. IKE's
 * are ikelink.c's. */
#include "control/internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host/log.h"
#include "host/sockets.h"

enum { NEED_OUTER6 = 1, NEED_IPV6IP = 2, NEED_IN6 = 4, NEED_INNER6 = 8 };

static unsigned needs(const struct config *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->interfaces.n; i++) {
		const struct cfg_interface *ci = c->interfaces.v[i];

		if (ci->ip6.crypto_map[0])
			n |= NEED_OUTER6;
		if (!ci->is_tunnel)
			continue;
		if (cfg_tunnel_outer(&ci->tunnel) == IP_V6)
			n |= NEED_OUTER6;
		if (cfg_if6_runs(&ci->ip6) && cfg_tunnel_carries(&ci->tunnel, IP_V6))
			n |= NEED_INNER6; /* who sends too much is told */
		if (ci->tunnel.mode == TUNNEL_IPV6)
			n |= NEED_IN6;
		if (ci->tunnel.mode == TUNNEL_IPV6IP)
			n |= NEED_IPV6IP;
	}
	return n;
}

bool ports6_outer(const struct control *c)
{
	return needs(c->config) & NEED_OUTER6;
}

/* A descriptor for the forwarder; it may have one that an earlier control handed over. */
static int give(struct control *c, uint32_t id, enum fwd_port_kind kind, int fd)
{
	struct fwd_msg m = { .type = FWD_PORT_ADD, .u.port = { .id = id, .kind = (uint8_t)kind } };
	int err;

	if (fd < 0)
		return fd;
	err = fwdlink_call(c->fwd, &m, fd, NULL, NULL);
	close(fd);
	return err == -EEXIST ? 0 : err;
}

void ports6_follow(struct control *c)
{
	static const struct {
		unsigned need;
		uint32_t id;
		enum fwd_port_kind kind;
		const char *name;
		int protocol; /* 0: ICMPv6 */
		bool v6, bypass;
	} rows[] = {
		{ NEED_OUTER6, PORT_ESP6, FWD_PORT_ESP6, "ESP over IPv6", 50, true, true },
		{ NEED_OUTER6, PORT_AH6, FWD_PORT_AH6, "AH over IPv6", 51, true, true },
		{ NEED_OUTER6, PORT_GRE6, FWD_PORT_GRE6, "GRE over IPv6", 47, true, false },
		{ NEED_OUTER6 | NEED_INNER6, PORT_ICMP6, FWD_PORT_ICMP6, "ICMPv6", 0, true, false },
		{ NEED_IN6, PORT_IP4IN6, FWD_PORT_IP4IN6, "IPv4 in IPv6", 4, true, false },
		{ NEED_IN6, PORT_IP6IN6, FWD_PORT_IP6IN6, "IPv6 in IPv6", 41, true, false },
		{ NEED_IPV6IP, PORT_IPV6IP, FWD_PORT_IPV6IP, "IPv6 in IPv4", 41, false, false },
	};
	unsigned need = needs(c->config);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned bit = 1u << rows[i].kind;
		int err;

		if (!(rows[i].need & need) || c->ports6 & bit)
			continue;
		err = give(c, rows[i].id, rows[i].kind,
			   !rows[i].protocol ? icmp6_open() :
			   rows[i].v6	     ? raw6_open(rows[i].protocol, rows[i].bypass) :
					       raw_open(rows[i].protocol, rows[i].bypass));
		if (err)
			log_line("CULVERT-3-HOST", "%s: %s", rows[i].name, strerror(-err));
		else
			c->ports6 |= bit;
	}
}
