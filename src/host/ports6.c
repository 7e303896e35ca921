/* SPDX-License-Identifier: Apache-2.0 */
/* Ports over IPv6. A raw socket of IPv6 hands up what lies behind the last extension header;
 * the header and the extension headers come beside it, as control messages (RFC 3542 section 6),
 * in the order in which they were in the packet: hop-by-hop options first, then the others. What is made of
 * them here is the packet as it arrived but for a fragment header, which is gone with the fragments.
 */
#include "host/ports_fd.h"

#include <linux/in6.h> /* behind netinet/in.h: IPV6_FLOWINFO is the kernel's alone */

#include "base/wr.h"

#define IP6_BYTES 40
/* Extension headers have 2048 bytes at most (RFC 8200 section 4): one of each, with the destination
 * options twice, as section 4.1 recommends. */
#define EXT_MAX	    2048
#define RAW_CONTROL (CMSG_SPACE(sizeof(struct in6_pktinfo)) + 4 * CMSG_SPACE(sizeof(int)) + 4 * CMSG_SPACE(EXT_MAX))

/* ---- receiving ---- */

/* Packets whose data begin room bytes behind the start of their buffers' data. */
static size_t receive(struct fd_port *f, struct pool *pool, size_t had, size_t room, struct pkt **k)
{
	size_t want = 0;

	while (want < BATCH_MAX - had && (k[want] = pkt_get(pool))) {
		f->iov[want] = (struct iovec){ k[want]->data + room, PKT_DATA_MAX - room };
		f->msg[want].msg_hdr = (struct msghdr){
			.msg_name = &f->addr[want].v6, .msg_namelen = sizeof(f->addr[want].v6),
			.msg_iov = &f->iov[want], .msg_iovlen = 1,
			.msg_control = fd_port_control(f, want),
			.msg_controllen = f->control_bytes };
		want++;
	}
	int n = want ? recvmmsg(f->port.fd, f->msg, (unsigned)want, MSG_DONTWAIT, NULL) : 0;
	size_t got = n > 0 ? (size_t)n : 0;
	for (size_t i = got; i < want; i++)
		pkt_put(pool, k[i]);
	return got;
}

/* What the control messages say of the header. */
struct told {
	uint32_t flow; /* version, traffic class and flow label as they are in the header */
	uint8_t tos, hops;
	struct ipaddr dst;
	uint32_t ifindex;
	struct span ext[4]; /* as they are in the packet */
	uint8_t ext_type[4];
	size_t n_ext, ext_len;
	bool bad;
};

static void note_ext(struct told *t, const struct cmsghdr *c)
{
	struct span s = span_of(CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	uint8_t type = c->cmsg_type == IPV6_HOPOPTS ? IPPROTO_HOPOPTS :
		       c->cmsg_type == IPV6_RTHDR   ? IPPROTO_ROUTING :
						      IPPROTO_DSTOPTS;

	if (t->n_ext == sizeof(t->ext) / sizeof(t->ext[0]) || s.len < 8) {
		t->bad = true;
		return;
	}
	t->ext[t->n_ext] = s;
	t->ext_type[t->n_ext++] = type;
	t->ext_len += s.len;
}

static void note(struct told *t, const struct cmsghdr *c)
{
	struct in6_pktinfo info;
	uint32_t flow;
	int v;

	switch (c->cmsg_type) {
	case IPV6_PKTINFO:
		if (!fd_port_get(c, &info, sizeof(info)))
			break;
		t->dst = ipaddr_v6(info.ipi6_addr.s6_addr);
		t->ifindex = info.ipi6_ifindex;
		break;
	case IPV6_TCLASS:
		memcpy(&v, CMSG_DATA(c), sizeof(v));
		t->tos = (uint8_t)v;
		break;
	case IPV6_HOPLIMIT:
		memcpy(&v, CMSG_DATA(c), sizeof(v));
		t->hops = (uint8_t)v;
		break;
	case IPV6_FLOWINFO: /* not there if it is zero */
		memcpy(&flow, CMSG_DATA(c), sizeof(flow));
		t->flow = ntohl(flow);
		break;
	case IPV6_HOPOPTS:
	case IPV6_DSTOPTS:
	case IPV6_RTHDR:
		note_ext(t, c);
		break;
	}
}

static struct told told_by(struct fd_port *f, size_t i)
{
	struct msghdr *m = &f->msg[i].msg_hdr;

	struct told t = { .bad = m->msg_flags & (MSG_TRUNC | MSG_CTRUNC) };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == IPPROTO_IPV6)
			note(&t, c);
		else
			fd_port_overflow(f, c);
	t.bad |= t.dst.family != IP_V6;
	return t;
}

/* The header in front of the payload of n bytes that is at k->data + IP6_BYTES. What does
 * not fit, or was cut, stays without a byte: who reads its header refuses and counts it. */
static void put_header(struct pkt *k, const struct told *t, const struct in6_addr *src, uint8_t proto,
		       size_t n)
{
	struct wr w = wr_of(k->data, IP6_BYTES + t->ext_len);

	k->len = 0;
	if (t->bad || IP6_BYTES + t->ext_len + n > PKT_DATA_MAX)
		return;
	if (t->ext_len)
		memmove(k->data + IP6_BYTES + t->ext_len, k->data + IP6_BYTES, n);
	wr_be32(&w, 6u << 28 | (uint32_t)t->tos << 20 | (t->flow & IPV6_FLOWINFO_FLOWLABEL));
	wr_be16(&w, (uint16_t)(t->ext_len + n));
	wr_u8(&w, t->n_ext ? t->ext_type[0] : proto);
	wr_u8(&w, t->hops);
	wr_bytes(&w, src, 16);
	wr_bytes(&w, t->dst.b, 16);
	for (size_t i = 0; i < t->n_ext; i++)
		wr_span(&w, t->ext[i]);
	if (!w.bad)
		k->len = (uint32_t)(IP6_BYTES + t->ext_len + n);
}

static size_t raw_recv(struct port *p, struct pool *pool, struct batch *b, uint8_t proto)
{
	struct fd_port *f = fd_port_of(p);
	struct pkt *k[BATCH_MAX];
	size_t n = receive(f, pool, b->n, IP6_BYTES, k);

	for (size_t i = 0; i < n; i++) {
		struct told t = told_by(f, i);

		put_header(k[i], &t, &f->addr[i].v6.sin6_addr, proto, f->msg[i].msg_len);
		k[i]->ifindex = t.ifindex;
		k[i]->local = t.dst;
		k[i]->outer_tos = t.tos;
		(void)batch_add(b, k[i]);
	}
	return n;
}

/* The socket's protocol, which no control message says. */
#define RECV_OF(name, proto)                                                           \
	static size_t name##_recv(struct port *p, struct pool *pool, struct batch *b) \
	{                                                                              \
		return raw_recv(p, pool, b, proto);                                    \
	}
RECV_OF(esp, IPPROTO_ESP)
RECV_OF(ah, IPPROTO_AH)
RECV_OF(gre, IPPROTO_GRE)
RECV_OF(icmp, IPPROTO_ICMPV6)
RECV_OF(ipip, IPPROTO_IPIP)
RECV_OF(ipv6, IPPROTO_IPV6)

/* ---- sending ---- */

static void prepare(struct fd_port *f, size_t i, const struct pkt *k, const uint8_t dst[16])
{
	f->addr[i].v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	memcpy(&f->addr[i].v6.sin6_addr, dst, 16);
	f->iov[i] = (struct iovec){ k->data, k->len };
	f->msg[i].msg_hdr = (struct msghdr){ .msg_name = &f->addr[i].v6,
					     .msg_namelen = sizeof(f->addr[i].v6),
					     .msg_iov = &f->iov[i], .msg_iovlen = 1 };
}

static size_t raw_send(struct port *p, struct batch *b)
{
	struct fd_port *f = fd_port_of(p);
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct rd r = pkt_rd(b->p[i]);

		rd_skip(&r, 24);
		struct span dst = rd_take(&r, 16);
		if (!r.bad)
			prepare(f, n++, b->p[i], dst.p);
	}
	return fd_port_send(f, n);
}

static size_t icmp_send(struct port *p, struct batch *b)
{
	struct fd_port *f = fd_port_of(p);

	for (size_t i = 0; i < b->n; i++)
		prepare(f, i, b->p[i], b->p[i]->remote.b);
	return fd_port_send(f, b->n);
}

/* ---- kinds ---- */

size_t port6_control_bytes(void)
{
	return RAW_CONTROL;
}

const struct port_ops *port6_ops(enum fwd_port_kind kind)
{
	static const struct port_ops esp = { esp_recv, raw_send, fd_port_close },
				     ah = { ah_recv, raw_send, fd_port_close },
				     gre = { gre_recv, raw_send, fd_port_close },
				     icmp = { icmp_recv, icmp_send, fd_port_close },
				     ipip = { ipip_recv, raw_send, fd_port_close },
				     ipv6 = { ipv6_recv, raw_send, fd_port_close };

	switch (kind) {
	case FWD_PORT_ESP6:
		return &esp;
	case FWD_PORT_AH6:
		return &ah;
	case FWD_PORT_GRE6:
		return &gre;
	case FWD_PORT_ICMP6:
		return &icmp;
	case FWD_PORT_IP4IN6:
		return &ipip;
	case FWD_PORT_IP6IN6:
		return &ipv6;
	default:
		return NULL;
	}
}
