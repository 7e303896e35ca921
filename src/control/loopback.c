/* SPDX-License-Identifier: Apache-2.0 */
/* LoopbackN where the host has no device for it: a TUN that nobody reads. Not every kernel has dummy devices, and
 * this one is there wherever a tunnel can be. An address on it is the router's own, whatever becomes of its wires. */
#include "control/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/log.h"
#include "host/tun.h"

#define NOT_TRIED (-EINPROGRESS)

/* Of the TUN's name. wanted: the configuration still has it. */
struct loopback {
	char name[16];
	int fd; /* holds the carrier; NOT_TRIED, or a negative errno: there is none, and that has been said */
	uint32_t ifindex;
	bool wanted;
};

static bool is_named(const struct control *c, const struct cfg_interface *ci)
{
	for (size_t i = 0; i < c->opt->n_bind; i++)
		if (!strcmp(c->opt->bind[i].name, ci->name))
			return true;
	return ci->host_if[0] != '\0';
}

static struct loopback *find(struct control *c, const char *name)
{
	for (size_t i = 0; i < c->n_loopbacks; i++)
		if (!strcmp(c->loopbacks[i].name, name))
			return &c->loopbacks[i];
	return NULL;
}

/* NULL: there are too many. */
static struct loopback *add(struct control *c, const char *name)
{
	struct loopback *l;

	if (c->n_loopbacks == MAX_LOOPBACKS)
		return NULL;
	if (!c->loopbacks)
		c->loopbacks = calloc(MAX_LOOPBACKS, sizeof(*l));
	if (!c->loopbacks)
		return NULL;
	l = &c->loopbacks[c->n_loopbacks++];
	*l = (struct loopback){ .fd = NOT_TRIED };
	snprintf(l->name, sizeof(l->name), "%s", name);
	return l;
}

/* One that a router has left behind, by whose hand it may have ended, is taken on. */
static void make(struct loopback *l, bool foreign)
{
	struct tun_how how;
	int fd = tun_open(l->name, false, &l->ifindex, &how);

	if (fd < 0 && fd != l->fd && !foreign)
		log_line("CULVERT-4-HOST", "interface %s: %s", l->name, strerror(-fd));
	l->fd = fd;
}

/* Once, until they are fewer. */
static void say_left(struct control *c, const char *name)
{
	if (name && !c->loopbacks_left)
		log_line("CULVERT-4-HOST", "interface %s: there are too many loopbacks, %d have a device", name, MAX_LOOPBACKS);
	c->loopbacks_left = name != NULL;
}

void loopbacks_apply(struct control *c)
{
	const char *left = NULL;

	for (size_t i = 0; i < c->n_loopbacks; i++)
		c->loopbacks[i].wanted = false;
	for (size_t i = 0; i < c->config->interfaces.n; i++) {
		const struct cfg_interface *ci = c->config->interfaces.v[i];
		const struct nl_link *there = plumb_device(c, ci);
		struct loopback *l = find(c, ci->name);

		if (!ci->is_loopback || is_named(c, ci) || strlen(ci->name) >= sizeof(l->name))
			continue;
		if (there && strcmp(there->name, ci->name) != 0)
			continue; /* a device of another name has its address */
		if (!l)
			l = add(c, ci->name);
		if (!l) {
			left = left ? left : ci->name;
			continue;
		}
		l->wanted = true;
		if (l->fd >= 0 && !there) { /* somebody has deleted it */
			close(l->fd);
			l->fd = NOT_TRIED;
		}
		if (l->fd < 0)
			make(l, there != NULL);
	}
	say_left(c, left);
}

void loopbacks_forget(struct control *c, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n_loopbacks; i++) {
		struct loopback *l = &c->loopbacks[i];

		if (l->wanted && !all) {
			c->loopbacks[kept++] = *l;
			continue;
		}
		if (l->fd >= 0)
			tun_remove(l->fd);
	}
	c->n_loopbacks = kept;
	if (!kept) {
		free(c->loopbacks);
		c->loopbacks = NULL;
	}
}
