/* SPDX-License-Identifier: Apache-2.0 */
/* Making TUNs, which needs privileges: control does it and hands the descriptors over. */
#ifndef HOST_TUN_H
#define HOST_TUN_H

#include <stdbool.h>
#include <stdint.h>

/* What was agreed on with the kernel for a TUN. */
struct tun_how {
	uint8_t bits; /* enum fwd_port_how */
	char text[160]; /* the same in words, with what was refused and why */
};

/* A persistent TUN (no packet information) of that name, made if it is not there; its ifindex goes to
 * ret_ifindex. offload: packets come and go with a virtio_net_hdr (packet/vnet.h), and the kernel leaves
 * the cutting of TCP and UDP and the checksums to us as far as it can; what it cannot is done without, also
 * on a TUN that an earlier process has made otherwise. A descriptor, or a negative errno. */
int tun_open(const char *name, bool offload, uint32_t *ret_ifindex, struct tun_how *ret_how);
/* The same; many: it may have several queues (tun_queues.h), of which this is the first. */
int tun_open_queues(const char *name, bool offload, bool many, uint32_t *ret_ifindex, struct tun_how *ret_how);
/* Takes it away: clears persistence on fd and closes it. */
void tun_remove(int fd);

#endif
