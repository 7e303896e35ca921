/* SPDX-License-Identifier: Apache-2.0 */
#include "host/nflog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rd.h"

#define COPY_BYTES 64 /* of each packet: the IP header with room */

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

struct reader {
	void (*each)(void *ctx, uint32_t ifindex, const struct ipaddr *src, const struct ipaddr *dst,
		     uint8_t proto);
	void *ctx;
};

static int on_packet(const struct nlmsghdr *h, void *ctx)
{
	const struct reader *r = ctx;
	const struct nlattr *a;
	struct span packet = { 0 };
	uint32_t ifindex = 0;

	if (h->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
		return MNL_CB_OK;
	for (a = mnl_nlmsg_get_payload_offset(h, sizeof(struct nfgenmsg));
	     mnl_attr_ok(a, (int)((const char *)mnl_nlmsg_get_payload_tail(h) - (const char *)a));
	     a = mnl_attr_next(a)) {
		if (mnl_attr_get_type(a) == NFULA_PAYLOAD)
			packet = span_of(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
		else if (mnl_attr_get_type(a) == NFULA_IFINDEX_INDEV &&
			 mnl_attr_get_payload_len(a) == 4)
			ifindex = ntohl(mnl_attr_get_u32(a));
	}
	struct rd in = rd_span(packet);
	uint8_t version = rd_u8(&in) >> 4;
	rd_skip(&in, 8);
	uint8_t proto = rd_u8(&in);
	rd_skip(&in, 2);
	struct ipaddr src = ipaddr_v4(rd_be32(&in)), dst = ipaddr_v4(rd_be32(&in));
	if (!in.bad && version == 4)
		r->each(r->ctx, ifindex, &src, &dst, proto);
	return MNL_CB_OK;
}

void nflog_read(int fd,
		void (*each)(void *ctx, uint32_t ifindex, const struct ipaddr *src,
			     const struct ipaddr *dst, uint8_t proto),
		void *ctx)
{
	struct reader r = { each, ctx };
	_Alignas(struct nlmsghdr) char buf[16384];
	ssize_t n;

	/* ENOBUFS: some were lost; the counter has them */
	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0 || (n < 0 && errno == ENOBUFS))
		if (n > 0)
			(void)mnl_cb_run(buf, (size_t)n, 0, 0, on_packet, &r);
}
