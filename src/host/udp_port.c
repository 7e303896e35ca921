/* SPDX-License-Identifier: Apache-2.0 */
/* UDP encapsulation, over IPv4 or IPv6. What a trip through the kernel costs is many times what a
 * packet costs, so trains travel (train.h): out by UDP_SEGMENT, the kernel gathering them from where
 * the packets are; in by UDP_GRO, scattered to where packets are to be as long as the next train is
 * cut like the last one, and copied otherwise. Without either, many datagrams a call.
 *
 * Of IPv6 nobody on the way may cut a datagram (RFC 8200 section 4.5): "don't fragment" is about this
 * host alone, which cuts what is too long for the device unless outer_df is set. */
#include "host/udp_port.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/ports_fd.h"
#include "host/train.h"

#define DATAGRAM_MAX 65536 /* bytes that a receive may bring */
#define CONTROL_BYTES (CMSG_SPACE(sizeof(struct in6_pktinfo)) + 4 * CMSG_SPACE(sizeof(int)))
#define LONG_TRAIN    8	 /* packets: one that is worth to be received by itself */
#define ALONE_TURNS   8	 /* with a long one alone, and no short one is expected behind it any more */
#define SHORT_TURNS   2	 /* without a long one, and none is expected any more */
#define REFUSED_TURNS 4096 /* packets that go by themselves before what was refused is tried again */
#define REFUSALS      16   /* peers of which it is known that trains are refused */

/* To that peer trains were refused of datagrams of len bytes and more: a device on the way is narrower than that,
 * or (0) it sends none. How many packets still heed it. */
struct refusal {
	struct ipaddr remote;
	size_t len;
	unsigned turns;
};

/* One port is used by one worker. */
struct udp_port {
	struct port port;
	bool v6, segments, gro;
	uint16_t local_port;
	/* sending, each in the place that its address says; those with turns left */
	struct refusal refusal[REFUSALS];
	unsigned refusing;
	bool said_slower; /* once is enough */
	/* receiving: the length that the last long train was cut to; 0: none was long */
	size_t car;
	bool pairs; /* behind a long one a short one comes */
	unsigned long_trains, short_turns, alone; /* long ones of this turn; turns, one after the other, without any, and with one alone */
	/* what came and found no room in the batch: messages at..got, of at what is in rest */
	size_t at, got;
	struct train rest;
	struct pkt ends[BATCH_MAX]; /* of each message: all but buf and data */
	struct span whole[BATCH_MAX]; /* in its scratch */
	int said[BATCH_MAX];
	uint32_t overflows; /* as the kernel counts them */
	struct mmsghdr msg[BATCH_MAX];
	struct iovec iov[2 * BATCH_MAX + 1];
	union {
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} addr[BATCH_MAX];
	uint8_t *scratch; /* DATAGRAM_MAX for each message; pages that are never used are never there */
	_Alignas(struct cmsghdr) uint8_t control[BATCH_MAX][CONTROL_BYTES];
};

static struct udp_port *udp_of(struct port *p)
{
	return (struct udp_port *)(void *)p;
}

/* ---- receiving ---- */

static uint8_t *scratch_of(const struct udp_port *f, size_t i)
{
	return f->scratch + i * DATAGRAM_MAX;
}

/* A message with room in n vectors of iov. */
static void ask(struct udp_port *f, size_t i, struct iovec *iov, size_t n)
{
	f->msg[i].msg_hdr = (struct msghdr){ .msg_name = &f->addr[i], .msg_namelen = sizeof(f->addr[i]),
					     .msg_iov = iov, .msg_iovlen = n,
					     .msg_control = f->control[i],
					     .msg_controllen = CONTROL_BYTES };
}

static void note_v4(struct pkt *k, const struct cmsghdr *c)
{
	struct in_pktinfo info;

	if (c->cmsg_type == IP_TOS) {
		(void)fd_port_get(c, &k->outer_tos, sizeof(k->outer_tos));
	} else if (c->cmsg_type == IP_PKTINFO && fd_port_get(c, &info, sizeof(info))) {
		k->ifindex = (uint32_t)info.ipi_ifindex;
		k->local = ipaddr_v4(ntohl(info.ipi_addr.s_addr));
	}
}

static void note_v6(struct pkt *k, const struct cmsghdr *c)
{
	struct in6_pktinfo info;
	int v;

	if (c->cmsg_type == IPV6_TCLASS && fd_port_get(c, &v, sizeof(v))) {
		k->outer_tos = (uint8_t)v;
	} else if (c->cmsg_type == IPV6_PKTINFO && fd_port_get(c, &info, sizeof(info))) {
		k->ifindex = info.ipi6_ifindex;
		k->local = ipaddr_v6(info.ipi6_addr.s6_addr);
	}
}

/* What is told about a message; *ret_said is the length of its datagrams, if it is a train. False:
 * the kernel had more to say, or does not know our own end. */
static bool note(struct udp_port *f, size_t i, struct pkt *k, int *ret_said)
{
	struct msghdr *m = &f->msg[i].msg_hdr;
	uint32_t lost;

	*ret_said = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP) {
			note_v4(k, c);
		} else if (c->cmsg_level == IPPROTO_IPV6) {
			note_v6(k, c);
		} else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			(void)fd_port_get(c, ret_said, sizeof(*ret_said));
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL &&
			   fd_port_get(c, &lost, sizeof(lost))) {
			f->port.overflows += lost - f->overflows;
			f->overflows = lost;
		}
	}
	k->local_port = f->local_port;
	if (f->v6) {
		k->remote = ipaddr_v6(f->addr[i].v6.sin6_addr.s6_addr);
		k->remote_port = ntohs(f->addr[i].v6.sin6_port);
	} else {
		k->remote = ipaddr_v4(ntohl(f->addr[i].v4.sin_addr.s_addr));
		k->remote_port = ntohs(f->addr[i].v4.sin_port);
	}
	return !(m->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && (!f->v6 || k->local.family == IP_V6);
}

static void give_ends(struct pkt *k, const struct pkt *ends)
{
	k->local = ends->local;
	k->remote = ends->remote;
	k->local_port = ends->local_port;
	k->remote_port = ends->remote_port;
	k->ifindex = ends->ifindex;
	k->outer_tos = ends->outer_tos;
}

/* Message i is handed over out of its scratch, now or later. */
static void keep(struct udp_port *f, size_t i, const struct pkt *ends, size_t n, int said)
{
	give_ends(&f->ends[i], ends);
	f->whole[i] = span_of(scratch_of(f, i), n);
	f->said[i] = said;
}

/* One that is too long has no bytes: who reads its length refuses and counts it. */
static uint32_t fits(size_t len)
{
	return len <= PKT_DATA_MAX ? (uint32_t)len : 0;
}

/* As much of what is kept as the batch takes. */
static void hand_over(struct udp_port *f, struct pool *pool, struct batch *b)
{
	while (f->at < f->got && b->n < BATCH_MAX) {
		struct pkt *k = pkt_get(pool);

		if (!k)
			break;
		struct span s = train_next(&f->rest);
		f->port.more--;
		k->len = fits(s.len);
		if (k->len)
			memcpy(k->data, s.p, k->len);
		give_ends(k, &f->ends[f->at]);
		(void)batch_add(b, k);
		if (!f->rest.left && ++f->at < f->got)
			f->rest = train_of(f->whole[f->at].p, f->whole[f->at].len, f->said[f->at]);
	}
}

static void keep_all(struct udp_port *f, size_t from, size_t got)
{
	f->at = from;
	f->got = got;
	f->rest = train_of(f->whole[from].p, f->whole[from].len, f->said[from]);
	f->port.more = 0;
	for (size_t i = from; i < got; i++)
		f->port.more += train_count(f->whole[i].len, f->said[i]);
}

/* A long train has as many packets as a batch likes: the next one may be cut like it. */
static void note_length(struct udp_port *f, size_t len, int said)
{
	if (said <= 0 || said > PKT_DATA_MAX || len / (size_t)said < LONG_TRAIN)
		return;
	f->car = (size_t)said;
	f->short_turns = 0;
	f->long_trains++;
}

/* got messages have come where trains were expected. */
static void note_turn(struct udp_port *f, size_t got)
{
	if (f->long_trains) {
		/* two long ones at once are not a pair; nor is one that comes alone again and again */
		f->alone = f->long_trains == 1 && got == 1 ? f->alone + 1 : 0;
		f->pairs = f->long_trains == 1 && (got == 2 || f->pairs) && f->alone < ALONE_TURNS;
	} else if (got) {
		/* this one belonged to the one before it */
		f->pairs = true;
		f->alone = 0;
		if (++f->short_turns > SHORT_TURNS)
			f->car = 0;
	}
}

/* A message that was asked for as a train: where its datagrams are to be, car bytes of it to each. */
struct scatter {
	struct pkt **k;
	size_t n;    /* packets that it may fill */
	size_t used; /* and did */
};

/* Of message i len bytes have come, to where they are to be; what is left of them is in scratch. False: nothing is. */
static bool couple(struct udp_port *f, size_t i, struct scatter *s, size_t car, const struct pkt *ends, size_t len,
		   struct batch *b)
{
	size_t left = len;

	do {
		struct pkt *k = s->k[s->used++];

		k->len = (uint32_t)(left < car ? left : car);
		left -= k->len;
		give_ends(k, ends);
		(void)batch_add(b, k);
	} while (left && s->used < s->n);
	if (left) {
		keep(f, i, ends, left, (int)car);
		f->whole[i].p += s->used * car;
	}
	return left;
}

/* It is cut otherwise, or something in front of it waits: together again with what is in scratch. */
static void gather(struct udp_port *f, size_t i, const struct scatter *s, size_t car, const struct pkt *ends, size_t len,
		   int said)
{
	for (size_t j = 0; j < s->n && j * car < len; j++)
		memcpy(scratch_of(f, i) + j * car, s->k[j]->data, car < len - j * car ? car : len - j * car);
	keep(f, i, ends, len, said);
}

/* Room for message i: car bytes in each of the packets of s, and the rest in scratch. Which of iov is free then. */
static size_t ask_train(struct udp_port *f, size_t i, size_t at, const struct scatter *s, size_t car)
{
	size_t covered = s->n * car < DATAGRAM_MAX ? s->n * car : DATAGRAM_MAX;

	for (size_t j = 0; j < s->n; j++)
		f->iov[at + j] = (struct iovec){ s->k[j]->data, car };
	f->iov[at + s->n] = (struct iovec){ scratch_of(f, i) + covered, DATAGRAM_MAX - covered };
	ask(f, i, f->iov + at, s->n + 1);
	return at + s->n + 1;
}

/* Message i of a train's turn. had: one in front of it was kept. Whether this one was, too. */
static bool take_train(struct udp_port *f, size_t i, struct scatter *s, size_t car, bool had, struct batch *b)
{
	struct pkt ends = { 0 };
	bool kept = true;
	int said;
	size_t len = note(f, i, &ends, &said) ? f->msg[i].msg_len : 0;

	if (!had && ((size_t)said == car || (!said && len <= car)))
		kept = couple(f, i, s, car, &ends, len, b);
	else
		gather(f, i, s, car, &ends, len, said);
	note_length(f, len, said);
	return kept;
}

/* A long train like the last one, each datagram of it to a packet of its own; and, where that is usual, the short one behind
 * it: what a host sends as one is often a little longer than a train may be. */
static void recv_train(struct udp_port *f, struct pool *pool, struct batch *b)
{
	size_t car = f->car, room = 0, kept_from = 0, want = (DATAGRAM_MAX + car - 1) / car;
	struct pkt *k[BATCH_MAX];
	bool kept = false;

	while (room < BATCH_MAX - b->n && (room < want || f->pairs) && (k[room] = pkt_get(pool)))
		room++;
	if (!room)
		return;
	struct scatter s[2] = { { .k = k, .n = room < want ? room : want } };
	s[1] = (struct scatter){ .k = k + s[0].n, .n = room - s[0].n };
	unsigned ask_for = f->pairs && s[1].n ? 2 : 1;
	size_t at = ask_train(f, 0, 0, &s[0], car);
	if (ask_for == 2)
		(void)ask_train(f, 1, at, &s[1], car);
	int n = recvmmsg(f->port.fd, f->msg, ask_for, MSG_DONTWAIT, NULL);
	if (n == 1 && ask_for == 2) /* it is sent a moment later; a write of its own would cost more than asking again */
		n += recvmmsg(f->port.fd, f->msg + 1, 1, MSG_DONTWAIT, NULL) > 0;
	size_t got = n > 0 ? (size_t)n : 0;
	f->long_trains = 0;
	for (size_t i = 0; i < got; i++) {
		bool here = take_train(f, i, &s[i], car, kept, b);

		if (here && !kept)
			kept_from = i;
		kept |= here;
	}
	if (kept)
		keep_all(f, kept_from, got);
	note_turn(f, got);
	for (size_t i = 0; i < 2; i++)
		while (s[i].used < s[i].n)
			pkt_put(pool, s[i].k[--s[i].n]);
}

/* Many messages, most of them one datagram. */
static void recv_many(struct udp_port *f, struct pool *pool, struct batch *b)
{
	struct pkt *k[BATCH_MAX];
	size_t want = 0, i = 0;

	while (want < BATCH_MAX - b->n && (k[want] = pkt_get(pool))) {
		struct iovec *v = f->iov + 2 * want;

		v[0] = (struct iovec){ k[want]->data, PKT_DATA_MAX };
		if (f->gro)
			v[1] = (struct iovec){ scratch_of(f, want) + PKT_DATA_MAX, DATAGRAM_MAX - PKT_DATA_MAX };
		ask(f, want++, v, f->gro ? 2 : 1);
	}
	int n = want ? recvmmsg(f->port.fd, f->msg, (unsigned)want, MSG_DONTWAIT, NULL) : 0;
	size_t got = n > 0 ? (size_t)n : 0;
	for (; i < got; i++) { /* up to the first train */
		int said;
		bool good = note(f, i, k[i], &said);

		k[i]->len = good ? f->msg[i].msg_len : 0;
		if (f->gro && (said || k[i]->len > PKT_DATA_MAX))
			break;
		(void)batch_add(b, k[i]);
	}
	/* it and those behind it, in order */
	for (size_t from = i; i < got; i++) {
		int said;
		bool good = note(f, i, k[i], &said);
		size_t len = good ? f->msg[i].msg_len : 0;

		memcpy(scratch_of(f, i), k[i]->data, len < PKT_DATA_MAX ? len : PKT_DATA_MAX);
		keep(f, i, k[i], len, said);
		note_length(f, len, said);
		pkt_put(pool, k[i]);
		if (i + 1 == got)
			keep_all(f, from, got);
	}
	for (; i < want; i++)
		pkt_put(pool, k[i]);
}

static size_t udp_port_recv(struct port *p, struct pool *pool, struct batch *b)
{
	struct udp_port *f = udp_of(p);
	size_t had = b->n;

	if (f->at == f->got) {
		f->at = f->got = 0;
		if (f->car)
			recv_train(f, pool, b);
		else
			recv_many(f, pool, b);
	}
	hand_over(f, pool, b);
	return b->n - had;
}

/* ---- sending ---- */

static void put_control(struct udp_port *f, size_t i, const struct pkt *k, size_t car)
{
	struct msghdr *m = &f->msg[i].msg_hdr;
	struct cmsghdr *c;
	int tos = k->outer_tos, whole = k->outer_df;
	uint16_t segment = (uint16_t)car;

	memset(f->control[i], 0, CONTROL_BYTES);
	m->msg_control = f->control[i];
	m->msg_controllen = CONTROL_BYTES;
	c = CMSG_FIRSTHDR(m);
	if (f->v6) {
		struct in6_pktinfo info = { .ipi6_ifindex = 0 };

		memcpy(&info.ipi6_addr, k->local.b, 16);
		c = fd_port_put(m, c, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
		c = fd_port_put(m, c, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
		c = fd_port_put(m, c, IPPROTO_IPV6, IPV6_DONTFRAG, &whole, sizeof(whole));
		m->msg_controllen = CMSG_SPACE(sizeof(info)) + 2 * CMSG_SPACE(sizeof(int));
	} else {
		struct in_pktinfo info = { 0 };

		memcpy(&info.ipi_spec_dst, k->local.b, 4);
		c = fd_port_put(m, c, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
		c = fd_port_put(m, c, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
		m->msg_controllen = CMSG_SPACE(sizeof(info)) + CMSG_SPACE(sizeof(int));
	}
	if (!car)
		return;
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(c), &segment, sizeof(segment));
	m->msg_controllen += CMSG_SPACE(sizeof(segment));
}

/* Message i: the n packets of v, whose first vector is iov. */
static void prepare(struct udp_port *f, size_t i, struct iovec *iov, struct pkt *const *v, size_t n)
{
	const struct pkt *a = v[0];

	if (f->v6) {
		f->addr[i].v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
						       .sin6_port = htons(a->remote_port) };
		memcpy(&f->addr[i].v6.sin6_addr, a->remote.b, 16);
	} else {
		f->addr[i].v4 = (struct sockaddr_in){ .sin_family = AF_INET,
						      .sin_port = htons(a->remote_port) };
		memcpy(&f->addr[i].v4.sin_addr, a->remote.b, 4);
	}
	for (size_t j = 0; j < n; j++)
		iov[j] = (struct iovec){ v[j]->data, v[j]->len };
	f->msg[i].msg_hdr = (struct msghdr){ .msg_name = &f->addr[i],
					     .msg_namelen = f->v6 ? sizeof(f->addr[i].v6) :
								    sizeof(f->addr[i].v4),
					     .msg_iov = iov, .msg_iovlen = n };
	put_control(f, i, a, n > 1 ? a->len : 0);
}

static struct refusal *refusal_of(struct udp_port *f, const struct ipaddr *remote)
{
	uint32_t h = 0;

	for (size_t i = 0; i < sizeof(remote->b); i++)
		h = h * 31 + remote->b[i];
	return &f->refusal[h % REFUSALS];
}

/* Whether that is known to be refused as the first of a train. */
static bool is_refused(struct udp_port *f, const struct pkt *first)
{
	struct refusal *r = f->refusing ? refusal_of(f, &first->remote) : NULL;

	if (!r || !r->turns || first->len < r->len || !ipaddr_equal(&r->remote, &first->remote))
		return false;
	f->refusing -= !--r->turns;
	return true;
}

static void note_refusal(struct udp_port *f, const struct pkt *first, size_t len)
{
	struct refusal *r = refusal_of(f, &first->remote);

	f->refusing += !r->turns;
	*r = (struct refusal){ first->remote, len, REFUSED_TURNS };
}

static size_t run_length(struct udp_port *f, struct pkt *const *v, size_t n)
{
	size_t len = f->segments ? train_length(v, n) : 1;

	return len > 1 && is_refused(f, v[0]) ? 1 : len;
}

/* The kernel refused that run as a train. True: its packets may go one by one. What it refuses is a matter of the
 * route to that peer, and of no other; routes change, so it is asked again in a while. */
static bool not_as_a_train(struct udp_port *f, const struct pkt *first, int err)
{
	switch (err) {
	case EINVAL: /* they are to be cut on their way out of this host, or there is no UDP_SEGMENT */
	case EMSGSIZE:
		note_refusal(f, first, first->len);
		return true;
	case EIO: /* a device that adds no checksums, or IPsec of the kernel's */
	case EOPNOTSUPP:
		note_refusal(f, first, 0);
		if (!f->said_slower)
			f->port.fell_back = -err;
		f->said_slower = true;
		return true;
	default:
		return false;
	}
}

static size_t send_singly(struct udp_port *f, struct pkt *const *v, size_t n, size_t spare)
{
	size_t ok = 0;

	for (size_t i = 0; i < n; i++) {
		struct iovec iov;

		prepare(f, spare, &iov, v + i, 1);
		ok += sendmsg(f->port.fd, &f->msg[spare].msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
	}
	return ok;
}

/* n of them, which are alike in DF. What the kernel refuses does not hold up what is behind it. */
static size_t send_runs(struct udp_port *f, struct pkt *const *v, size_t n)
{
	size_t begin[BATCH_MAX + 1], runs = 0, at = 0, ok = 0;

	for (size_t i = 0; i < n; runs++) {
		size_t len = run_length(f, v + i, n - i);

		prepare(f, runs, f->iov + i, v + i, len);
		begin[runs] = i;
		i += len;
	}
	begin[runs] = n;
	while (at < runs) {
		int k = sendmmsg(f->port.fd, f->msg + at, (unsigned)(runs - at), MSG_DONTWAIT | MSG_NOSIGNAL);
		size_t here = begin[at], len = begin[at + 1] - here;

		if (k > 0) {
			at += (size_t)k;
			ok += begin[at] - here;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			break; /* no room for any of them */
		} else {
			if (len > 1 && not_as_a_train(f, v[here], errno))
				ok += send_singly(f, v + here, len, at);
			at++;
		}
	}
	return ok;
}

/* The kernel writes the header, and no control message asks for DF. While DF is asked for,
 * the kernel also believes ICMP errors about the socket: only as long as it must be. */
static void set_df(struct udp_port *f, bool df)
{
	int how = df ? IP_PMTUDISC_PROBE : IP_PMTUDISC_OMIT;

	(void)setsockopt(f->port.fd, IPPROTO_IP, IP_MTU_DISCOVER, &how, sizeof(how));
}

static size_t udp_port_send(struct port *p, struct batch *b)
{
	struct udp_port *f = udp_of(p);
	size_t ok = 0;

	for (size_t at = 0, n; at < b->n; at += n) {
		bool df = b->p[at]->outer_df && !f->v6;

		n = 1;
		while (at + n < b->n && (f->v6 || b->p[at + n]->outer_df == df))
			n++;
		if (df)
			set_df(f, true);
		ok += send_runs(f, b->p + at, n);
		if (df)
			set_df(f, false);
	}
	return ok;
}

/* ---- making ---- */

static uint16_t bound_port(int fd)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a = { .v6 = { 0 } };
	socklen_t n = sizeof(a);

	if (getsockname(fd, &a.sa, &n))
		return 0;
	return ntohs(a.sa.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

static void udp_port_close(struct port *p)
{
	struct udp_port *f = udp_of(p);

	close(p->fd);
	free(f->scratch);
	free(f);
}

int udp_port_make(const struct fwd_port *desc, int fd, struct port **ret_port)
{
	static const struct port_ops ops = { udp_port_recv, udp_port_send, udp_port_close };
	struct udp_port *f = calloc(1, sizeof(*f));

	if (f && desc->how & FWD_HOW_GRO)
		f->scratch = calloc(BATCH_MAX, DATAGRAM_MAX);
	if (!f || (desc->how & FWD_HOW_GRO && !f->scratch)) {
		free(f);
		close(fd);
		return -ENOMEM;
	}
	f->port.fd = fd;
	f->port.ops = &ops;
	f->v6 = desc->kind == FWD_PORT_UDP6_ENCAP;
	f->gro = desc->how & FWD_HOW_GRO;
	f->segments = desc->how & FWD_HOW_SEGMENT;
	f->local_port = bound_port(fd);
	*ret_port = &f->port;
	return 0;
}
