/* SPDX-License-Identifier: Apache-2.0 */
#include "host/nflog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rd.h"

#define COPY_BYTES 128 /* of each packet: the IP header, extension headers and ports */

static struct nlmsghdr *config_message(char *buf, uint16_t group)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	h->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	g->res_id = htons(group);
	return h;
}

/* Sends and waits for the ACK, which comes at once. */
static int configure(int fd, const struct nlmsghdr *h)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char rest[256];
	} answer;

	if (send(fd, h, h->nlmsg_len, 0) < 0)
		return -errno;
	ssize_t n = recv(fd, &answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	if ((size_t)n < NLMSG_LENGTH(sizeof(answer.e)) || answer.h.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.e.error;
}

int nflog_open(uint16_t group)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	struct nfulnl_msg_config_cmd cmd = { .command = NFULNL_CFG_CMD_BIND };
	struct nfulnl_msg_config_mode mode = { .copy_range = htonl(COPY_BYTES),
					       .copy_mode = NFULNL_COPY_PACKET };
	char buf[256];
	struct nlmsghdr *h;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), err = 0;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		err = -errno;
	h = config_message(buf, group);
	mnl_attr_put(h, NFULA_CFG_CMD, sizeof(cmd), &cmd);
	if (!err)
		err = configure(fd, h);
	/* copying makes the kernel send: its answer must be read before */
	h = config_message(buf, group);
	mnl_attr_put_u32(h, NFULA_CFG_QTHRESH, htonl(1)); /* each at once */
	if (!err)
		err = configure(fd, h);
	h = config_message(buf, group);
	mnl_attr_put(h, NFULA_CFG_MODE, sizeof(mode), &mode);
	h->nlmsg_flags = NLM_F_REQUEST;
	if (!err && (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || send(fd, h, h->nlmsg_len, 0) < 0))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* What both readers look for in a message. False: it is no packet. */
static bool packet_of(const struct nlmsghdr *h, struct nflog_packet *p)
{
	const struct nlattr *a;

	*p = (struct nflog_packet){ .prefix = "" };
	if (h->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
		return false;
	for (a = mnl_nlmsg_get_payload_offset(h, sizeof(struct nfgenmsg));
	     mnl_attr_ok(a, (int)((const char *)mnl_nlmsg_get_payload_tail(h) - (const char *)a));
	     a = mnl_attr_next(a)) {
		bool u32 = mnl_attr_get_payload_len(a) == 4;

		if (mnl_attr_get_type(a) == NFULA_PAYLOAD)
			p->payload = span_of(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
		else if (mnl_attr_get_type(a) == NFULA_IFINDEX_INDEV && u32)
			p->in_ifindex = ntohl(mnl_attr_get_u32(a));
		else if (mnl_attr_get_type(a) == NFULA_IFINDEX_OUTDEV && u32)
			p->out_ifindex = ntohl(mnl_attr_get_u32(a));
		else if (mnl_attr_get_type(a) == NFULA_PREFIX &&
			 mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			p->prefix = mnl_attr_get_str(a);
	}
	return true;
}

static void read_all(int fd, mnl_cb_t cb, void *ctx)
{
	_Alignas(struct nlmsghdr) char buf[16384];
	ssize_t n;

	/* ENOBUFS: some were lost; the counter has them */
	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0 || (n < 0 && errno == ENOBUFS))
		if (n > 0)
			(void)mnl_cb_run(buf, (size_t)n, 0, 0, cb, ctx);
}

struct packet_reader {
	void (*each)(void *ctx, const struct nflog_packet *p);
	void *ctx;
};

static int on_whole_packet(const struct nlmsghdr *h, void *ctx)
{
	const struct packet_reader *r = ctx;
	struct nflog_packet p;

	if (packet_of(h, &p))
		r->each(r->ctx, &p);
	return MNL_CB_OK;
}

void nflog_read_packets(int fd, void (*each)(void *ctx, const struct nflog_packet *p), void *ctx)
{
	struct packet_reader r = { each, ctx };

	read_all(fd, on_whole_packet, &r);
}

struct reader {
	void (*each)(void *ctx, uint32_t ifindex, const struct ipaddr *src, const struct ipaddr *dst,
		     uint8_t proto);
	void *ctx;
};

/* The ends of an IPv6 packet and its protocol: what is behind the extension headers that
 * were copied, or the first that was not. IPPROTO_RAW: it is none. */
static uint8_t v6_ends(struct span packet, struct ipaddr *ret_src, struct ipaddr *ret_dst)
{
	struct rd r = rd_span(packet);

	rd_skip(&r, 6);
	uint8_t proto = rd_u8(&r);
	rd_skip(&r, 1);
	struct span src = rd_take(&r, 16), dst = rd_take(&r, 16);
	if (r.bad)
		return IPPROTO_RAW;
	*ret_src = ipaddr_v6(src.p);
	*ret_dst = ipaddr_v6(dst.p);
	while (proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS ||
	       proto == IPPROTO_FRAGMENT) {
		bool fragment = proto == IPPROTO_FRAGMENT;
		uint8_t next = rd_u8(&r);
		size_t rest = (size_t)rd_u8(&r) * 8 + 6;

		/* behind a later fragment's header is something from the middle */
		bool later = fragment && rd_be16(&r) >> 3;
		rd_skip(&r, fragment ? 4 : rest);
		if (r.bad)
			return proto;
		proto = next;
		if (later)
			break;
	}
	return proto;
}

static int on_packet(const struct nlmsghdr *h, void *ctx)
{
	const struct reader *r = ctx;
	struct nflog_packet p;

	if (!packet_of(h, &p))
		return MNL_CB_OK;
	struct rd in = rd_span(p.payload);
	struct ipaddr src, dst;
	uint8_t version = rd_u8(&in) >> 4, proto;

	if (version == 6) {
		proto = v6_ends(p.payload, &src, &dst);
		if (proto != IPPROTO_RAW)
			r->each(r->ctx, p.in_ifindex, &src, &dst, proto);
		return MNL_CB_OK;
	}
	rd_skip(&in, 8);
	proto = rd_u8(&in);
	rd_skip(&in, 2);
	src = ipaddr_v4(rd_be32(&in));
	dst = ipaddr_v4(rd_be32(&in));
	if (!in.bad && version == 4)
		r->each(r->ctx, p.in_ifindex, &src, &dst, proto);
	return MNL_CB_OK;
}

void nflog_read(int fd,
		void (*each)(void *ctx, uint32_t ifindex, const struct ipaddr *src,
			     const struct ipaddr *dst, uint8_t proto),
		void *ctx)
{
	struct reader r = { each, ctx };

	read_all(fd, on_packet, &r);
}
