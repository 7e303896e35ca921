/* SPDX-License-Identifier: Apache-2.0 */
#include "host/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "forwarder/protocol.h"
#include "packet/vnet.h"
#include "host/tun_queues.h"

#ifndef TUN_F_USO4 /* Linux 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* An earlier process may have made it with one queue, or with several: so it stays. Of several
 * the kernel would give us one more while others have theirs. */
static int set_if(int fd, struct ifreq *r)
{
	for (int tries = 0; tries < 2; tries++) {
		int open = r->ifr_flags & IFF_MULTI_QUEUE ? tun_queues_open(r->ifr_name) : 0;

		if (open) /* below 0: it cannot be told, and somebody may */
			return -EBUSY;
		if (ioctl(fd, TUNSETIFF, r) == 0)
			return 0;
		if (errno != EINVAL)
			break;
		r->ifr_flags ^= IFF_MULTI_QUEUE;
	}
	return -errno;
}

/* 0, or a negative errno and there is no descriptor. */
static int attach(const char *name, int flags, int *ret_fd)
{
	struct ifreq r = { .ifr_flags = (short)(IFF_TUN | IFF_NO_PI | flags) };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), err;

	if (fd < 0)
		return -errno;
	if (strlen(name) >= sizeof(r.ifr_name)) {
		close(fd);
		return -ENAMETOOLONG;
	}
	strcpy(r.ifr_name, name);
	err = set_if(fd, &r);
	if (!err)
		*ret_fd = fd;
	else
		close(fd);
	return err;
}

/* The form of the header that vnet.h knows. It belongs to the device, whoever used that before. */
static int set_header(int fd)
{
	int size = VNET_HEADER, little = 1;

	if (ioctl(fd, TUNSETVNETHDRSZ, &size) < 0)
		return -errno;
	/* what a small-endian machine has anyway, it need not be able to ask for */
	if (ioctl(fd, TUNSETVNETLE, &little) < 0 && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return -errno;
	return 0;
}

static void say(struct tun_how *how, const char *what, const char *but, int err)
{
	if (err)
		snprintf(how->text, sizeof(how->text), "%s (%s: %s)", what, but, strerror(err));
	else
		snprintf(how->text, sizeof(how->text), "%s", what);
}

/* As much as the kernel can, beginning with the most. */
static void set_offload(int fd, struct tun_how *how)
{
	static const struct {
		unsigned bits;
		uint8_t how;
		const char *text;
	} ways[] = {
		{ TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6, FWD_HOW_USO,
		  "super-packets of TCP and UDP both ways" },
		{ TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN, 0, "super-packets of TCP both ways" },
		{ TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, 0, "super-packets of TCP without ECN both ways" },
		{ TUN_F_CSUM, 0, "super-packets of TCP to the kernel" },
		{ 0, 0, "super-packets of TCP to the kernel, and finished checksums from there" },
	};
	int refused = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (ioctl(fd, TUNSETOFFLOAD, ways[i].bits) < 0 && ways[i].bits) {
			refused = refused ? refused : errno;
			continue;
		}
		how->bits = (uint8_t)(FWD_HOW_VNET | ways[i].how);
		say(how, ways[i].text, "the kernel refuses more", refused);
		return;
	}
}

static int attach_offloading(const char *name, int queues, int *ret_fd, struct tun_how *how)
{
	int fd, err = attach(name, IFF_VNET_HDR | queues, &fd);

	if (err)
		return err;
	err = set_header(fd);
	if (err) {
		close(fd);
		return err;
	}
	set_offload(fd, how);
	*ret_fd = fd;
	return 0;
}

/* What an earlier process asked for is still asked for: without a header nobody could tell that a packet is to be
 * cut, or its checksum to be finished. So it is taken back by a descriptor that is closed again - with the packets
 * that came meanwhile, and the kernel waits for those that were on their way -, and what comes to the next one is
 * whole. */
static int attach_plain(const char *name, int queues, int *ret_fd)
{
	int fd, err = if_nametoindex(name) ? attach(name, IFF_VNET_HDR | queues, &fd) : -ENODEV;

	if (err == -EBUSY)
		return err;
	if (!err) {
		(void)ioctl(fd, TUNSETOFFLOAD, 0);
		close(fd);
	}
	return attach(name, queues, ret_fd);
}

static int finish(int fd, const char *name, uint32_t *ret_ifindex)
{
	int err;

	if (ioctl(fd, TUNSETPERSIST, 1) == 0) {
		*ret_ifindex = if_nametoindex(name);
		if (*ret_ifindex)
			return fd;
	}
	err = -errno;
	close(fd);
	return err;
}

int tun_open(const char *name, bool offload, uint32_t *ret_ifindex, struct tun_how *ret_how)
{
	return tun_open_queues(name, offload, false, ret_ifindex, ret_how);
}

int tun_open_queues(const char *name, bool offload, bool many, uint32_t *ret_ifindex, struct tun_how *ret_how)
{
	int fd = -1, err = 0, queues = many ? IFF_MULTI_QUEUE : 0;

	*ret_how = (struct tun_how){ 0 };
	if (offload) {
		err = attach_offloading(name, queues, &fd, ret_how);
		if (err == -EBUSY || err == -EPERM)
			return err;
	}
	if (fd < 0) {
		int plain = attach_plain(name, queues, &fd);

		if (plain)
			return plain;
		say(ret_how, "one packet a call", "IFF_VNET_HDR", -err);
	}
	return finish(fd, name, ret_ifindex);
}

void tun_remove(int fd)
{
	(void)ioctl(fd, TUNSETPERSIST, 0);
	close(fd);
}
