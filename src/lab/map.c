/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/map.h"

#include "lab/ns.h"
#include "lab/rundir.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COL_KIND 2
#define COL_WHAT 12
#define COL_PEER 40

static unsigned prefix_len(const struct sockaddr *mask)
{
	const struct sockaddr_in *m4 = (const struct sockaddr_in *)(const void *)mask;
	const struct sockaddr_in6 *m6 = (const struct sockaddr_in6 *)(const void *)mask;
	unsigned n = 0;

	if (!mask)
		return 0;
	if (mask->sa_family == AF_INET)
		return (unsigned)__builtin_popcount(m4->sin_addr.s_addr);
	for (size_t i = 0; i < 16; i++)
		n += (unsigned)__builtin_popcount(m6->sin6_addr.s6_addr[i]);
	return n;
}

/* Appends every address of dev as " A/LEN". */
static void addresses(const struct ifaddrs *all, const char *dev, struct txt *out)
{
	char buf[INET6_ADDRSTRLEN];

	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		const void *raw = NULL;

		if (!a->ifa_addr || strcmp(a->ifa_name, dev) != 0)
			continue;
		if (a->ifa_addr->sa_family == AF_INET)
			raw = &((const struct sockaddr_in *)(const void *)a->ifa_addr)->sin_addr;
		else if (a->ifa_addr->sa_family == AF_INET6)
			raw = &((const struct sockaddr_in6 *)(const void *)a->ifa_addr)->sin6_addr;
		if (raw && inet_ntop(a->ifa_addr->sa_family, raw, buf, sizeof(buf)))
			txt_printf(out, " %s/%u", buf, prefix_len(a->ifa_netmask));
	}
}

static void name_of(const struct ifname *n, struct txt *out)
{
	if (n->is_ios)
		txt_printf(out, "%s (%s)", n->ios, n->dev);
	else
		txt_str(out, n->dev);
}

static bool is_port(const struct lab_state *s, size_t node, const char *dev)
{
	for (size_t i = 0; i < s->n_port; i++)
		if (s->port[i].node == node && !strcmp(s->port[i].name.dev, dev))
			return true;
	return false;
}

/* In the node's namespace: its links, then the devices that it made itself and
 * gave an address (Tunnel0). */
static void print_ports(const struct lab_state *s, size_t node, struct txt *out)
{
	struct ifaddrs *all = NULL;
	const char *last = "";

	if (getifaddrs(&all) < 0)
		all = NULL;
	for (size_t i = 0; i < s->n_port; i++) {
		if (s->port[i].node != node)
			continue;
		txt_pad(out, COL_WHAT);
		name_of(&s->port[i].name, out);
		addresses(all, s->port[i].name.dev, out);
		txt_char(out, ' ');
		txt_pad(out, COL_PEER + COL_WHAT);
		txt_printf(out, "-- %s\n", s->port[i].peer);
	}
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET ||
		    (a->ifa_flags & IFF_LOOPBACK) || !strcmp(a->ifa_name, last) ||
		    is_port(s, node, a->ifa_name))
			continue;
		last = a->ifa_name;
		txt_pad(out, COL_WHAT);
		txt_str(out, a->ifa_name);
		addresses(all, a->ifa_name, out);
		txt_char(out, '\n');
	}
	if (all)
		freeifaddrs(all);
	if (!out->len || out->s[out->len - 1] != '\n')
		txt_char(out, '\n');
}

static bool answers(const char *dir, const char *node)
{
	char path[RUNDIR_PATH];
	int fd;

	rundir_file(dir, node, ".sock", path);
	fd = rundir_connect(path);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* In a child, because the way into a node is one-way. */
static void print_node(const struct lab_state *s, size_t node, const char *dir)
{
	const struct state_node *n = &s->node[node];
	bool dead = n->kind == NODE_ROUTER && !answers(dir, n->name);
	int user_fd = s->user ? ns_open_user(s->keeper) : -1;
	int net_fd = ns_open_held(s->keeper, n->held_fd);
	struct txt out = TXT_INIT;

	txt_pad(&out, COL_KIND);
	txt_printf(&out, "%s%s", n->name, dead ? " (its router does not answer)\n" : " ");
	if (net_fd >= 0 && ns_join(user_fd, net_fd, n->name) == 0)
		print_ports(s, node, &out);
	else
		txt_char(&out, '\n');
	fputs(txt_cstr(&out), stdout);
	fflush(stdout);
	txt_fini(&out);
}

void map_print(const struct lab_state *s, const char *dir)
{
	for (size_t i = 0; i < s->n_node; i++) {
		fflush(stdout);
		pid_t pid = fork();

		if (pid == 0) {
			print_node(s, i, dir);
			_exit(0);
		}
		if (pid < 0)
			printf("  %s (%s)\n", s->node[i].name, strerror(errno));
		else
			while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
				;
	}
}
