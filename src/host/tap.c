/* SPDX-License-Identifier: Apache-2.0 */
#include "host/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <net/ethernet.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES (4 << 20)

/* The header comes in the machine's order of bytes, and vnet.h knows one. */
#define HAS_VNET (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

int tap_open(uint32_t ifindex, enum tap_link *ret_link)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = (int)ifindex };
	/* of no protocol at first: nothing of other devices gets in */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, size = BUFFER_BYTES;
	socklen_t len = sizeof(a);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(fd, (struct sockaddr *)&a, &len)) {
		int err = -errno;

		close(fd);
		return err;
	}
	*ret_link = a.sll_hatype == ARPHRD_ETHER || a.sll_hatype == ARPHRD_LOOPBACK ? TAP_ETHERNET : TAP_IP;
	/* Devices without a link header - TUNs, ppp, tunnels of the kernel - have super-packets of TCP and UDP at most,
	 * which this header can tell of. Others may have more, for which there is no such header: those the kernel
	 * would not hand over at all. */
	if (*ret_link == TAP_IP && HAS_VNET)
		(void)setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on));
	return fd;
}

/* Whether each packet has a header in front. */
static bool has_vnet(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return !getsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, &len) && on;
}

bool tap_read(int fd, void *p, size_t cap, struct tap_packet *ret)
{
	_Alignas(struct cmsghdr) char control[256];
	uint8_t head[VNET_HEADER];
	size_t before = has_vnet(fd) ? sizeof(head) : 0;
	struct sockaddr_ll from = { 0 };
	struct iovec v[2] = { { head, before }, { p, cap } };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = v, .msg_iovlen = 2,
			    .msg_control = control, .msg_controllen = sizeof(control) };
	struct timespec ts = { 0 };
	struct vnet vnet = { 0 };
	ssize_t n;

	do {
		n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < (ssize_t)before)
		return false;
	n -= (ssize_t)before;
	struct rd r = rd_of(head, sizeof(head));
	if (before)
		(void)vnet_decode(&r, &vnet);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
	*ret = (struct tap_packet){ .wall_ns = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec,
				    .outgoing = from.sll_pkttype == PACKET_OUTGOING, .len = (size_t)n,
				    .copied = (size_t)n < cap ? (size_t)n : cap, .vnet = vnet };
	return true;
}

unsigned tap_lost(int fd)
{
	struct tpacket_stats s = { 0 };
	socklen_t len = sizeof(s);

	return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) ? 0 : s.tp_drops;
}
