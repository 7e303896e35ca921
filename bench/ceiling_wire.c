/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: UDP with segmentation offload, and raw ones. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "bench/ceiling.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { PORT = 4500, SEND_MAX = 64, SEND_BYTES = 65000, RECVS = 64, BUFFER = 8 << 20 };

struct sock {
	struct wire wire;
	struct wire_conf conf;
	struct sockaddr_in to;
	uint32_t seq;
	int many;
	struct mmsghdr msg[RECVS];
	struct iovec part[2 * MAX_FRAMES + RECVS];
	uint8_t prefix[MAX_FRAMES][PREFIX];
	_Alignas(struct cmsghdr) char control[RECVS][CMSG_SPACE(sizeof(int))];
	size_t room; /* of a buffer of in */
	uint8_t *in;
};

static struct sock *sock_new(const struct wire_conf *c, int type, int protocol, size_t room)
{
	struct sock *s = calloc(1, sizeof(*s));
	int size = BUFFER;

	if (!s || !(s->in = malloc(RECVS * room)))
		fail("memory");
	s->room = room;
	s->conf = *c;
	s->to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(c->peer) };
	s->wire.fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (s->wire.fd < 0)
		fail("socket");
	(void)setsockopt(s->wire.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	(void)setsockopt(s->wire.fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return s;
}

static void take_all(const struct sink *sink, uint8_t *p, size_t len, size_t each)
{
	for (size_t at = 0; at < len; at += each)
		sink->take(sink->ctx, p + at, len - at < each ? len - at : each);
}

/* ---- UDP ---- */

static void udp_send_run(struct sock *s, const struct frame *f, size_t n, size_t size)
{
	union {
		char b[CMSG_SPACE(sizeof(uint16_t))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct msghdr m = { .msg_name = &s->to, .msg_namelen = sizeof(s->to), .msg_iov = s->part };

	for (size_t i = 0; i < n; i++) {
		s->part[m.msg_iovlen++] = (struct iovec){ (void *)f[i].head, f[i].head_len };
		if (f[i].body_len)
			s->part[m.msg_iovlen++] = (struct iovec){ (void *)f[i].body, f[i].body_len };
	}
	if (n > 1) {
		uint16_t each = (uint16_t)size;

		m.msg_control = control.b;
		m.msg_controllen = sizeof(control.b);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = IPPROTO_UDP;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof(each));
		memcpy(CMSG_DATA(c), &each, sizeof(each));
	}
	(void)sendmsg(s->wire.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Runs of one length, of which the last may be shorter. */
static void udp_send(struct wire *w, const struct frame *f, size_t n)
{
	struct sock *s = (struct sock *)(void *)w;

	while (n) {
		size_t size = f->head_len + f->body_len, k = 1, total = size;

		while (k < n && k < SEND_MAX) {
			size_t next = f[k].head_len + f[k].body_len;

			if (next > size || total + next > SEND_BYTES)
				break;
			total += next;
			k++;
			if (next < size)
				break;
		}
		udp_send_run(s, f, k, size);
		f += k;
		n -= k;
	}
}

static size_t udp_recv(struct wire *w, const struct sink *sink)
{
	struct sock *s = (struct sock *)(void *)w;
	unsigned want = 8; /* of up to 64 KiB each */

	for (unsigned i = 0; i < want; i++) {
		s->part[i] = (struct iovec){ s->in + i * s->room, s->room };
		s->msg[i].msg_hdr = (struct msghdr){ .msg_iov = &s->part[i], .msg_iovlen = 1,
						     .msg_control = s->control[i],
						     .msg_controllen = sizeof(s->control[i]) };
	}
	int n = recvmmsg(w->fd, s->msg, want, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct msghdr *m = &s->msg[i].msg_hdr;
		int each = (int)s->msg[i].msg_len;

		for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
			if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
				memcpy(&each, CMSG_DATA(c), sizeof(each));
		if (each > 0)
			take_all(sink, s->in + (size_t)i * s->room, s->msg[i].msg_len, (size_t)each);
	}
	sink->flush(sink->ctx);
	return n > 0 ? (size_t)n : 0;
}

struct wire *wire_udp(const struct wire_conf *c)
{
	struct sock *s = sock_new(c, SOCK_DGRAM, 0, 65536);
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(PORT),
				   .sin_addr.s_addr = htonl(c->local) };
	int on = 1;

	s->to.sin_port = htons(PORT);
	s->wire.send = udp_send;
	s->wire.recv = udp_recv;
	if (bind(s->wire.fd, (struct sockaddr *)&own, sizeof(own)))
		fail("bind");
	if (setsockopt(s->wire.fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)))
		fail("UDP_GRO");
	return &s->wire;
}

/* ---- raw ---- */

void wire_prefix(const struct wire_conf *c, uint8_t *at, size_t inner_len, uint32_t seq)
{
	size_t len = PREFIX + inner_len;
	uint32_t ends[2] = { htonl(c->local), htonl(c->peer) }, esp[2] = { htonl(0x1000), htonl(seq) };

	memcpy(at, (const uint8_t[]){ 0x45, 0, (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)(seq >> 8),
				      (uint8_t)seq, 0x40, 0, 64, IPPROTO_ESP, 0, 0 }, 12);
	memcpy(at + 12, ends, 8);
	uint16_t sum = (uint16_t)~ones_sum(at, OUTER, 0);
	at[10] = (uint8_t)(sum >> 8);
	at[11] = (uint8_t)sum;
	memcpy(at + OUTER, esp, 8);
}

static void raw_send(struct wire *w, const struct frame *f, size_t n)
{
	struct sock *s = (struct sock *)(void *)w;
	size_t parts = 0, k = 0;

	for (size_t i = 0; i < n; i++) {
		struct iovec *v = &s->part[parts];
		struct msghdr *m = &s->msg[k++].msg_hdr;

		wire_prefix(&s->conf, s->prefix[i], f[i].head_len + f[i].body_len, ++s->seq);
		v[0] = (struct iovec){ s->prefix[i], PREFIX };
		v[1] = (struct iovec){ (void *)f[i].head, f[i].head_len };
		v[2] = (struct iovec){ (void *)f[i].body, f[i].body_len };
		*m = (struct msghdr){ .msg_name = &s->to, .msg_namelen = sizeof(s->to), .msg_iov = v,
				      .msg_iovlen = f[i].body_len ? 3 : 2 };
		parts += 3;
		if (!s->many) {
			(void)sendmsg(w->fd, m, MSG_DONTWAIT | MSG_NOSIGNAL);
			k = parts = 0;
		} else if (k == RECVS || i + 1 == n) {
			for (size_t at = 0; at < k;) {
				int done = sendmmsg(w->fd, s->msg + at, (unsigned)(k - at),
						    MSG_DONTWAIT | MSG_NOSIGNAL);
				at += done > 0 ? (size_t)done : 1;
			}
			k = parts = 0;
		}
	}
}

static void raw_take(const struct sink *sink, uint8_t *p, size_t len)
{
	if (len > PREFIX)
		sink->take(sink->ctx, p + PREFIX, len - PREFIX);
}

static size_t raw_recv(struct wire *w, const struct sink *sink)
{
	struct sock *s = (struct sock *)(void *)w;
	int n = 0;

	if (!s->many) {
		for (ssize_t got; n < RECVS; n++) {
			uint8_t *b = s->in + (size_t)n * s->room;

			got = recv(w->fd, b, s->room, MSG_DONTWAIT);
			if (got <= 0)
				break;
			raw_take(sink, b, (size_t)got);
		}
	} else {
		for (unsigned i = 0; i < RECVS; i++) {
			s->part[i] = (struct iovec){ s->in + i * s->room, s->room };
			s->msg[i].msg_hdr = (struct msghdr){ .msg_iov = &s->part[i], .msg_iovlen = 1 };
		}
		n = recvmmsg(w->fd, s->msg, RECVS, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			raw_take(sink, s->in + (size_t)i * s->room, s->msg[i].msg_len);
	}
	sink->flush(sink->ctx);
	return n > 0 ? (size_t)n : 0;
}

struct wire *wire_raw(const struct wire_conf *c, int many)
{
	struct sock *s = sock_new(c, SOCK_RAW, IPPROTO_ESP, 2048);
	int on = 1;

	s->many = many;
	s->wire.send = raw_send;
	s->wire.recv = raw_recv;
	if (setsockopt(s->wire.fd, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)))
		fail("IP_HDRINCL");
	return &s->wire;
}
