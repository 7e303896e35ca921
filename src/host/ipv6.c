/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ipv6.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/os.h"

#define CONF "/proc/sys/net/ipv6/conf/"

/* /proc may be hidden from us: what cannot be asked there can leave all the same. */
bool ipv6_there(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno != EAFNOSUPPORT;
	close(fd);
	return true;
}

/* One setting of a device; "" in old if it cannot be read. */
static int set(const char *device, const char *key, const char *value)
{
	char path[128], old[16] = "";
	int err;

	snprintf(path, sizeof(path), CONF "%s/%s", device, key);
	err = host_sysctl(path, NULL, old);
	if (err || !strcmp(old, value))
		return err;
	return host_sysctl(path, value, NULL);
}

/* "1" is no link-local address at all: without one the kernel asks for no neighbour of a packet that it
 * forwards (RFC 4861 section 7.2.2). Other ways of making one are somebody's choice. */
static int want_link_local(const char *device)
{
	char path[128], old[16] = "";
	int err;

	snprintf(path, sizeof(path), CONF "%s/addr_gen_mode", device);
	err = host_sysctl(path, NULL, old);
	return err || strcmp(old, "1") != 0 ? err : host_sysctl(path, "0", NULL);
}

int ipv6_device(const char *device, enum ipv6_role role)
{
	static const struct {
		const char *key, *value;
		unsigned roles;
	} rows[] = {
		/* before IPv6 is on: no address is made then */
		{ "addr_gen_mode", "1", 1 << IPV6_STEER },
		/* a router's own advertisements are no business of another router's */
		{ "accept_ra", "0", 1 << IPV6_ROUTER | 1 << IPV6_TUNNEL | 1 << IPV6_STEER },
		{ "router_solicitations", "0", 1 << IPV6_ROUTER | 1 << IPV6_TUNNEL | 1 << IPV6_STEER },
		{ "keep_addr_on_down", "1", 1 << IPV6_ROUTER | 1 << IPV6_TUNNEL },
		{ "ignore_routes_with_linkdown", "1", 1 << IPV6_TUNNEL },
		{ "disable_ipv6", "0", 1 << IPV6_ROUTER | 1 << IPV6_TUNNEL | 1 << IPV6_STEER },
		{ "disable_ipv6", "1", 1 << IPV6_OFF },
	};
	int first = 0;

	if (!ipv6_there())
		return role == IPV6_OFF ? 0 : -EAFNOSUPPORT;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = rows[i].roles & 1u << role ? set(device, rows[i].key, rows[i].value) : 0;

		if (!first)
			first = err;
	}
	if (role == IPV6_ROUTER || role == IPV6_TUNNEL) {
		int err = want_link_local(device);

		if (!first)
			first = err;
	}
	return first;
}
