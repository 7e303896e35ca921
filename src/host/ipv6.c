/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ipv6.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/log.h"
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

/* What stood there before us, in the order of our changes. Only control tells devices anything, and it has
 * one thread; a control that follows a crash finds what its predecessor noted. */
#define CHANGES_MAX 128
struct change {
	char device[16], key[32], old[16];
};
struct changes {
	_Atomic size_t n; /* grows when a change is whole */
	struct change v[CHANGES_MAX];
};
static struct changes own, *kept = &own;

int ipv6_keep(void)
{
	void *p = mmap(NULL, sizeof(*kept), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	kept = p;
	return 0;
}

int ipv6_unkeep(void)
{
	if (kept != &own && munmap(kept, sizeof(*kept)))
		return -errno;
	kept = &own;
	return 0;
}

/* True if that is a note of its own, the last one. */
static bool remember(const char *device, const char *key, const char *old)
{
	size_t n = kept->n;

	for (size_t i = 0; i < n; i++)
		if (!strcmp(kept->v[i].device, device) && !strcmp(kept->v[i].key, key))
			return false; /* what stood there first counts */
	if (n >= CHANGES_MAX || strlen(device) >= sizeof(kept->v->device)) {
		log_line("CULVERT-4-IPV6",
			 "%s: %s was %s and stays changed when this router stops: %d settings are noted already",
			 device, key, old, CHANGES_MAX);
		return false;
	}
	struct change *c = &kept->v[n];
	snprintf(c->device, sizeof(c->device), "%s", device);
	snprintf(c->key, sizeof(c->key), "%s", key);
	snprintf(c->old, sizeof(c->old), "%s", old);
	kept->n = n + 1;
	return true;
}

/* One setting of a device: to value, but only from `from` unless that is NULL. */
static int set(const char *device, const char *key, const char *from, const char *value)
{
	char path[128], old[16] = "";
	bool noted;
	int err;

	snprintf(path, sizeof(path), CONF "%s/%s", device, key);
	err = host_sysctl(path, NULL, old);
	if (err || !strcmp(old, value) || (from && strcmp(old, from) != 0))
		return err;
	noted = remember(device, key, old); /* first: who dies between the two has changed nothing */
	err = host_sysctl(path, value, NULL);
	if (err && noted)
		kept->n--;
	return err;
}

/* Whether somebody has given the device an address that is no link-local one: ours are gone by now. */
static bool has_address(const char *device)
{
	FILE *f = fopen("/proc/net/if_inet6", "re");
	char line[128], name[32];
	unsigned scope;
	bool has = false;

	while (f && !has && fgets(line, sizeof(line), f))
		has = sscanf(line, "%*s %*x %*x %x %*x %31s", &scope, name) == 2 && scope != 0x20 &&
		      !strcmp(name, device);
	if (f)
		fclose(f);
	return has;
}

void ipv6_restore(void)
{
	for (; kept->n; kept->n--) { /* forgotten when it is done: who dies before does it again */
		const struct change *c = &kept->v[kept->n - 1];
		char path[128];

		/* switching IPv6 off would take another's addresses away */
		if (!strcmp(c->key, "disable_ipv6") && has_address(c->device))
			continue;
		snprintf(path, sizeof(path), CONF "%s/%s", c->device, c->key);
		(void)host_sysctl(path, c->old, NULL);
	}
}

int ipv6_device(const char *device, enum ipv6_role role)
{
	static const struct {
		const char *key, *from, *value;
		unsigned roles;
	} rows[] = {
		/* before IPv6 is on: no address is made then */
		{ "addr_gen_mode", NULL, "1", 1 << IPV6_STEER },
		/* a router's own advertisements are no business of another router's */
		{ "accept_ra", NULL, "0", 1 << IPV6_ROUTER | 1 << IPV6_TUNNEL | 1 << IPV6_STEER },
		{ "router_solicitations", NULL, "0", 1 << IPV6_ROUTER | 1 << IPV6_TUNNEL | 1 << IPV6_STEER },
		{ "keep_addr_on_down", NULL, "1", 1 << IPV6_ROUTER | 1 << IPV6_TUNNEL },
		{ "ignore_routes_with_linkdown", NULL, "1", 1 << IPV6_TUNNEL },
		{ "disable_ipv6", NULL, "0", 1 << IPV6_ROUTER | 1 << IPV6_TUNNEL | 1 << IPV6_STEER },
		{ "disable_ipv6", NULL, "1", 1 << IPV6_OFF },
		/* "1" is no link-local address at all: without one the kernel asks for no neighbour of a packet
		 * that it forwards (RFC 4861 section 7.2.2). Other ways of making one are somebody's choice. */
		{ "addr_gen_mode", "1", "0", 1 << IPV6_ROUTER },
	};
	int first = 0;

	if (!ipv6_there())
		return role == IPV6_OFF ? 0 : -EAFNOSUPPORT;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = rows[i].roles & 1u << role ? set(device, rows[i].key, rows[i].from, rows[i].value) :
							 0;

		if (!first)
			first = err;
	}
	return first;
}
