/* SPDX-License-Identifier: Apache-2.0 */
/* The tap's socket and its filter, which says the same as the rules of ring_table.c. */
#include "host/ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ESP   50
/* what comes before the addresses, and nine for each of IPv6, twice */
#define PROGRAM_MAX (28 + 9 * 2 * RING_ADDRS)

/* ---- the socket ---- */

static int set_up(int fd)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { 1, nothing };
	struct tpacket_req ring = { .tp_block_size = RING_BLOCK,
				    .tp_block_nr = RING_FRAMES / (RING_BLOCK / RING_FRAME),
				    .tp_frame_size = RING_FRAME, .tp_frame_nr = RING_FRAMES };
	int version = TPACKET_V2, on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
	       setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	       setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	       setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring));
}

int ring_open(const struct ring_want *w)
{
	/* of no protocol at first: nothing of other devices gets in */
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err = 0;
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = (int)w->ifindex };
	socklen_t len = sizeof(a);

	if (fd < 0)
		return -errno;
	if (set_up(fd) || bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(fd, (struct sockaddr *)&a, &len))
		err = -errno;
	else if (a.sll_hatype != ARPHRD_ETHER)
		err = -ENODEV;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* ---- the filter ---- */

struct program {
	struct sock_filter v[PROGRAM_MAX];
	uint16_t n;
};

static void op(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->n < PROGRAM_MAX)
		p->v[p->n++] = (struct sock_filter){ code, jt, jf, k };
}

static void load(struct program *p, uint16_t size, uint32_t at)
{
	op(p, BPF_LD | size | BPF_ABS, at, 0, 0);
}

static void answer(struct program *p, bool take)
{
	op(p, BPF_RET | BPF_K, take ? 0xffff : 0, 0, 0);
}

/* Goes on only if what was loaded is k. */
static void need(struct program *p, uint32_t k)
{
	op(p, BPF_JMP | BPF_JEQ | BPF_K, k, 1, 0);
	answer(p, false);
}

static uint32_t word(const struct ipaddr *a, size_t i)
{
	return (uint32_t)a->b[4 * i] << 24 | (uint32_t)a->b[4 * i + 1] << 16 |
	       (uint32_t)a->b[4 * i + 2] << 8 | a->b[4 * i + 3];
}

static void put_addrs4(struct program *p, const struct ring_want *w)
{
	for (size_t i = 0; w && i < w->n; i++) {
		if (w->addr[i].family != IP_V4)
			continue;
		op(p, BPF_JMP | BPF_JEQ | BPF_K, word(&w->addr[i], 0), 0, 1);
		answer(p, true);
	}
}

/* Whole ESP that a frame has room for, to one of the addresses (RFC 791 section 3.1, RFC 8200 section 3). Offsets are from the IP
 * header. */
static void put_v4(struct program *p, const struct ring_want *w, const struct ring_want *also)
{
	load(p, BPF_B, 9);
	need(p, ESP);
	load(p, BPF_H, 6);
	op(p, BPF_ALU | BPF_AND | BPF_K, 0x3fff, 0, 0);
	need(p, 0);
	load(p, BPF_W, 16);
	put_addrs4(p, w);
	put_addrs4(p, also);
	answer(p, false);
}

static void put_addrs6(struct program *p, const struct ring_want *w)
{
	for (size_t i = 0; w && i < w->n; i++) {
		if (w->addr[i].family != IP_V6)
			continue;
		for (uint8_t k = 0; k < 4; k++) {
			load(p, BPF_W, 24u + 4u * k);
			op(p, BPF_JMP | BPF_JEQ | BPF_K, word(&w->addr[i], k), 0, (uint8_t)(2 * (3 - k) + 1));
		}
		answer(p, true);
	}
}

static void put_v6(struct program *p, const struct ring_want *w, const struct ring_want *also)
{
	load(p, BPF_B, 6);
	need(p, ESP);
	put_addrs6(p, w);
	put_addrs6(p, also);
	answer(p, false);
}

int ring_listen(int fd, const struct ring_want *w, const struct ring_want *also)
{
	struct program p = { .n = 0 };
	size_t over;

	load(&p, BPF_W, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	need(&p, PACKET_HOST);
	op(&p, BPF_LD | BPF_W | BPF_LEN, 0, 0, 0); /* from the IP header on, in a socket of SOCK_DGRAM */
	op(&p, BPF_JMP | BPF_JGT | BPF_K, RING_MTU, 0, 1);
	answer(&p, false);
	load(&p, BPF_W, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL));
	op(&p, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 1, 0);
	over = p.n;
	op(&p, BPF_JMP | BPF_JA, 0, 0, 0);
	put_v4(&p, w, also);
	p.v[over].k = (uint32_t)(p.n - over - 1);
	need(&p, ETH_P_IPV6);
	put_v6(&p, w, also);
	if (p.n == PROGRAM_MAX)
		return -E2BIG;
	struct sock_fprog program = { p.n, p.v };
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}
