/* SPDX-License-Identifier: Apache-2.0 */
/* A tunnel without crypto, the ceiling of any with it: a TUN with vnet_hdr and segmentation
 * offload on the plain side, a port of choice on the other, nothing between. Super-packets
 * are cut into segments without a copy, and what arrives of one flow is put together again
 * for one write. Sums over payload are left out, since the TUN takes packets without.
 *
 * usage: ceiling TUN LOCAL PEER udp|raw|rawmm
 *        ceiling TUN LOCAL PEER packet|packet2|xdp|xdp2 DEVICE MAC PEER-MAC
 * It goes on until it is ended; the TUN is to be configured by who starts it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench/ceiling.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum { READS = 64, MAX_HEAD = 128, TCP = 6, UDP = 17, MAX_PARTS = 256 };
enum { FIN = 1, PSH = 8, ACK = 16, CWR = 128 };

/* Packets of one flow that go to the TUN as one. */
struct merged {
	size_t n;	   /* of packets */
	size_t head_len, l4; /* bytes of headers; where the transport header begins */
	size_t size, total; /* payload of the first; bytes altogether */
	bool closed;	   /* nothing may follow */
	uint8_t *first;
	struct iovec part[MAX_PARTS + 1];
};

struct tunnel {
	int tun;
	bool uso;
	struct wire *wire;
	struct frame frame[MAX_FRAMES];
	size_t n_frames;
	uint8_t heads[MAX_FRAMES][MAX_HEAD];
	uint8_t in[READS][MAX_SUPER];
	struct merged m;
	struct virtio_net_hdr vnet;
};

void fail(const char *what)
{
	fprintf(stderr, "ceiling: %s: %s\n", what, strerror(errno));
	exit(1);
}

uint16_t ones_sum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (; n > 1; n -= 2, p += 2)
		sum += (uint32_t)p[0] << 8 | p[1];
	if (n)
		sum += (uint32_t)p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* The header of a packet of that length, with its sum. */
static void set_length(uint8_t *ip, size_t ihl, size_t len)
{
	put16(ip + 2, len);
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~ones_sum(ip, ihl, 0));
}

/* Bytes of the headers of a whole IPv4 packet of TCP or UDP; 0: it is something else. */
static size_t heads_of(const uint8_t *p, size_t len, size_t *ret_l4)
{
	size_t ihl = len >= 20 && p[0] >> 4 == 4 ? (size_t)(p[0] & 15) * 4 : 0, head;

	if (ihl < 20 || len < ihl + 8 || (get16(p + 6) & 0x3fff) || get16(p + 2) != len)
		return 0;
	if (p[9] == UDP)
		head = ihl + 8;
	else if (p[9] == TCP && len >= ihl + 20 && p[ihl + 12] >> 4 >= 5)
		head = ihl + (size_t)(p[ihl + 12] >> 4) * 4;
	else
		return 0;
	*ret_l4 = ihl;
	return head <= len && head <= MAX_HEAD ? head : 0;
}

/* ---- out: TUN to wire ---- */

static void send_frames(struct tunnel *t)
{
	if (t->n_frames)
		t->wire->send(t->wire, t->frame, t->n_frames);
	t->n_frames = 0;
}

static void add_frame(struct tunnel *t, const uint8_t *head, size_t head_len, const uint8_t *body,
		      size_t body_len)
{
	t->frame[t->n_frames++] = (struct frame){ head, body, (uint32_t)head_len, (uint32_t)body_len };
}

/* A super-packet: each segment has headers of its own, the payload stays where it is. */
static void cut(struct tunnel *t, const uint8_t *p, size_t len, size_t size)
{
	size_t l4, head = heads_of(p, len, &l4), at = head, i = 0;

	if (!head || !size || head + size > MAX_INNER)
		return;
	for (; at < len; i++) {
		size_t some = len - at < size ? len - at : size;

		if (t->n_frames == MAX_FRAMES)
			send_frames(t); /* the payload is in a buffer that stays */
		uint8_t *h = memcpy(t->heads[t->n_frames], p, head);
		put16(h + 4, get16(p + 4) + i);
		if (p[9] == TCP) {
			put32(h + l4 + 4, get32(p + l4 + 4) + (uint32_t)(i * size));
			if (at + some < len)
				h[l4 + 13] &= (uint8_t)~(FIN | PSH);
			if (i)
				h[l4 + 13] &= (uint8_t)~CWR;
		} else {
			put16(h + l4 + 4, 8 + some);
		}
		set_length(h, l4, head + some);
		add_frame(t, h, head, p + at, some);
		at += some;
	}
}

static size_t out_turn(struct tunnel *t)
{
	size_t n = 0;

	for (; n < READS; n++) {
		uint8_t *b = t->in[n], *p = b + sizeof(struct virtio_net_hdr);
		ssize_t got = read(t->tun, b, MAX_SUPER);
		struct virtio_net_hdr v;

		if (got <= (ssize_t)sizeof(v))
			break;
		memcpy(&v, b, sizeof(v));
		size_t len = (size_t)got - sizeof(v);
		if (v.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
			cut(t, p, len, v.gso_size);
			if (len > 8192) { /* enough for one send */
				n++;
				break;
			}
		} else if (len <= MAX_INNER) {
			if (t->n_frames == MAX_FRAMES)
				send_frames(t);
			add_frame(t, p, len, NULL, 0);
		}
	}
	send_frames(t);
	return n;
}

/* ---- in: wire to TUN ---- */

static void flush(void *ctx)
{
	struct tunnel *t = ctx;
	struct merged *m = &t->m;

	if (!m->n)
		return;
	t->vnet = (struct virtio_net_hdr){ .gso_type = VIRTIO_NET_HDR_GSO_NONE };
	if (m->head_len) {
		bool tcp = m->first[9] == TCP;

		t->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		t->vnet.csum_start = (uint16_t)m->l4;
		t->vnet.csum_offset = tcp ? 16 : 6;
		if (m->n > 1) {
			t->vnet.gso_type = tcp ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_UDP_L4;
			t->vnet.gso_size = (uint16_t)m->size;
			t->vnet.hdr_len = (uint16_t)m->head_len;
			set_length(m->first, m->l4, m->total);
			if (!tcp)
				put16(m->first + m->l4 + 4, m->total - m->l4);
		}
		/* of the pseudo header: what the kernel makes the sum of, if it ever has to */
		uint32_t sum = m->first[9] + (uint32_t)(m->total - m->l4);
		put16(m->first + m->l4 + t->vnet.csum_offset, ones_sum(m->first + 12, 8, sum));
	}
	m->part[0] = (struct iovec){ &t->vnet, sizeof(t->vnet) };
	(void)!writev(t->tun, m->part, (int)m->n + 1);
	m->n = 0;
}

/* Whether p may follow what is there: the same flow, the same headers but for what counts. */
static bool follows(const struct tunnel *t, const uint8_t *p, size_t len, size_t head, size_t l4)
{
	const struct merged *m = &t->m;
	const uint8_t *f = m->first;
	size_t body = len - head;

	if (!m->n || m->closed || m->n == MAX_PARTS || head != m->head_len || l4 != m->l4 ||
	    m->total + body > 65535 || !body || body > m->size || memcmp(p + 12, f + 12, l4 - 12) ||
	    p[9] != f[9] || p[1] != f[1] || p[8] != f[8] || memcmp(p + l4, f + l4, 4))
		return false;
	if (p[9] == UDP)
		return t->uso;
	return get32(p + l4 + 4) == get32(f + l4 + 4) + (uint32_t)(m->total - head) &&
	       !memcmp(p + l4 + 8, f + l4 + 8, 4) && p[l4 + 12] == f[l4 + 12] &&
	       (p[l4 + 13] & ~PSH) == ACK && !memcmp(p + l4 + 14, f + l4 + 14, 2) &&
	       !memcmp(p + l4 + 20, f + l4 + 20, head - l4 - 20);
}

static void take(void *ctx, uint8_t *p, size_t len)
{
	struct tunnel *t = ctx;
	struct merged *m = &t->m;
	size_t l4 = 0, head = heads_of(p, len, &l4);

	if (head && follows(t, p, len, head, l4)) {
		m->part[++m->n] = (struct iovec){ p + head, len - head };
		m->total += len - head;
		m->closed = len - head < m->size;
		if (p[9] == TCP && (p[l4 + 13] & PSH)) {
			m->first[l4 + 13] |= PSH;
			m->closed = true;
		}
		return;
	}
	flush(t);
	m->n = 1;
	m->head_len = head;
	m->l4 = l4;
	m->size = len - head;
	m->total = len;
	m->first = p;
	m->part[1] = (struct iovec){ p, len };
	m->closed = !head || len == head || (p[9] == TCP && (p[l4 + 13] != ACK));
}

/* ---- the program ---- */

static int tun_with_offloads(const char *name, bool *ret_uso)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	unsigned long offload = TUN_F_CSUM | TUN_F_TSO4;

	if (fd < 0 || strlen(name) >= sizeof(r.ifr_name))
		fail("/dev/net/tun");
	strcpy(r.ifr_name, name);
	if (ioctl(fd, TUNSETIFF, &r) < 0)
		fail("TUNSETIFF");
	*ret_uso = ioctl(fd, TUNSETOFFLOAD, offload | TUN_F_USO4 | TUN_F_USO6) == 0;
	if (!*ret_uso && ioctl(fd, TUNSETOFFLOAD, offload) < 0)
		fail("TUNSETOFFLOAD");
	return fd;
}

static bool parse_mac(const char *s, uint8_t *mac)
{
	unsigned b[6];

	if (sscanf(s, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
		return false;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	return true;
}

static struct wire *wire_of(int argc, char **argv)
{
	struct wire_conf c = { 0 };
	struct in_addr local, peer;
	const char *kind;

	if (argc < 5 || !inet_aton(argv[2], &local) || !inet_aton(argv[3], &peer))
		return NULL;
	kind = argv[4];
	c.local = ntohl(local.s_addr);
	c.peer = ntohl(peer.s_addr);
	if (argc == 5 && !strcmp(kind, "udp"))
		return wire_udp(&c);
	if (argc == 5 && (!strcmp(kind, "raw") || !strcmp(kind, "rawmm")))
		return wire_raw(&c, kind[3] != 0);
	bool xdp = !strncmp(kind, "xdp", 3), frames = kind[strlen(kind) - 1] == '2';
	if (argc != 8 || (!xdp && strncmp(kind, "packet", 6)) || !parse_mac(argv[6], c.mac) ||
	    !parse_mac(argv[7], c.peer_mac))
		return NULL;
	c.device = argv[5];
	return wire_packet(&c, xdp, frames);
}

int main(int argc, char **argv)
{
	struct tunnel *t = calloc(1, sizeof(*t));
	struct wire *w = wire_of(argc, argv);

	if (!t || !w) {
		fputs("usage: ceiling TUN LOCAL PEER udp|raw|rawmm\n"
		      "       ceiling TUN LOCAL PEER packet|packet2|xdp|xdp2 DEVICE MAC PEER-MAC\n", stderr);
		return 2;
	}
	t->wire = w;
	t->tun = tun_with_offloads(argv[1], &t->uso);
	struct sink sink = { take, flush, t };
	struct pollfd wait[2] = { { .fd = t->tun, .events = POLLIN },
				  { .fd = w->fd, .events = POLLIN } };
	for (;;) {
		if (poll(wait, 2, -1) < 0 && errno != EINTR)
			fail("poll");
		if (wait[0].revents & POLLIN)
			(void)out_turn(t);
		if (wait[1].revents & POLLIN)
			(void)w->recv(w, &sink);
	}
}
