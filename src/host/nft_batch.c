/* SPDX-License-Identifier: Apache-2.0 */
/* linux/netfilter/nfnetlink.h: messages between BATCH_BEGIN and BATCH_END are one transaction. BEGIN may name the generation
 * that it is meant for; the kernel refuses it (ERESTART) when there is another one. */
#include "host/nft_batch.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "host/nft_internal.h"

#define ELEMENT_MAX 128 /* bytes that one takes, with its attributes and padding */
#define MESSAGE_MAX 192 /* and a message's head, with the names of its table and set */
#define LIST_MAX    32000 /* of elements in a message: a nested attribute holds less than 64 KiB */

struct nft_batch {
	size_t max, n; /* elements */
	uint32_t n_messages;
	enum nft_batch_op op;
	enum ip_family family;
	const char *table, *set;
	struct nlmsghdr *h;  /* the message that is being written; NULL: there is none */
	struct nlattr *list; /* its elements */
	bool full;
	size_t cap, len;
	char *buf;
};

static struct nlmsghdr *begin(struct nft_batch *b, uint16_t type, uint8_t family, uint16_t flags)
{
	struct nlmsghdr *h = nft_start(b->buf + b->len, type, family, flags);

	h->nlmsg_seq = ++b->n_messages;
	return h;
}

static void end(struct nft_batch *b, const struct nlmsghdr *h)
{
	b->len += (size_t)MNL_ALIGN((int)h->nlmsg_len);
}

static struct nlmsghdr *mark(struct nft_batch *b, uint16_t type)
{
	struct nlmsghdr *h = begin(b, type, AF_UNSPEC, 0);
	struct nfgenmsg *m = mnl_nlmsg_get_payload(h);

	m->res_id = htons(NFNL_SUBSYS_NFTABLES);
	return h;
}

struct nft_batch *nft_batch_new(uint32_t generation, size_t max)
{
	struct nft_batch *b = calloc(1, sizeof(*b));
	struct nlmsghdr *h;

	if (!b)
		return NULL;
	/* each element may be the only one of its message */
	b->max = max;
	b->cap = (max + 2) * (ELEMENT_MAX + MESSAGE_MAX);
	b->buf = calloc(1, b->cap);
	if (!b->buf) {
		free(b);
		return NULL;
	}
	h = mark(b, NFNL_MSG_BATCH_BEGIN);
	mnl_attr_put_u32(h, NFNL_BATCH_GENID, htobe32(generation));
	end(b, h);
	return b;
}

void nft_batch_free(struct nft_batch *b)
{
	if (!b)
		return;
	free(b->buf);
	free(b);
}

static void close_message(struct nft_batch *b)
{
	if (!b->h)
		return;
	mnl_attr_nest_end(b->h, b->list);
	end(b, b->h);
	b->h = NULL;
}

static void open_message(struct nft_batch *b)
{
	bool add = b->op == NFT_BATCH_ADD;

	b->h = begin(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM)),
		     b->family == IP_V6 ? AF_INET6 : AF_INET, (uint16_t)(NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0)));
	mnl_attr_put_strz(b->h, NFTA_SET_ELEM_LIST_TABLE, b->table);
	mnl_attr_put_strz(b->h, NFTA_SET_ELEM_LIST_SET, b->set);
	b->list = mnl_attr_nest_start(b->h, NFTA_SET_ELEM_LIST_ELEMENTS);
}

void nft_batch_set(struct nft_batch *b, enum nft_batch_op op, enum ip_family f, const char *table, const char *set)
{
	close_message(b);
	b->op = op;
	b->family = f;
	b->table = table;
	b->set = set;
	b->full |= strlen(table) + strlen(set) > MESSAGE_MAX / 2;
}

static void put_key(struct nlmsghdr *h, uint16_t type, const uint8_t (*at)[16], size_t len)
{
	struct nlattr *key = mnl_attr_nest_start(h, type);
	uint8_t both[32];

	memcpy(both, at[0], len);
	memcpy(both + len, at[1], len);
	mnl_attr_put(h, NFTA_DATA_VALUE, 2 * len, both);
	mnl_attr_nest_end(h, key);
}

void nft_batch_range(struct nft_batch *b, const struct nft_range *r, size_t len)
{
	struct nlattr *element;

	b->full |= b->n == b->max;
	if (b->full)
		return;
	b->n++;
	if (b->h && b->h->nlmsg_len > LIST_MAX)
		close_message(b);
	if (!b->h)
		open_message(b);
	element = mnl_attr_nest_start(b->h, NFTA_LIST_ELEM);
	put_key(b->h, NFTA_SET_ELEM_KEY, r->from, len);
	put_key(b->h, NFTA_SET_ELEM_KEY_END, r->to, len);
	mnl_attr_nest_end(b->h, element);
}

/* The kernel has answered before sending is over: one ack or error for each message. want: how many acks there are to be. */
static int answers(struct mnl_socket *s, uint32_t want)
{
	_Alignas(struct nlmsghdr) char in[16384];
	uint32_t acks = 0;
	ssize_t n;

	while ((n = recv(mnl_socket_get_fd(s), in, sizeof(in), MSG_DONTWAIT)) > 0) {
		int left = (int)n;

		for (const struct nlmsghdr *h = (const void *)in; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

			if (h->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(h) < sizeof(*e))
				continue;
			if (e->error)
				return e->error;
			acks++;
		}
	}
	return acks == want ? 0 : -EIO;
}

int nft_batch_run(struct nft_batch *b, uint32_t *ret_steps)
{
	struct mnl_socket *s;
	uint32_t elements;
	int err = 0;

	*ret_steps = b->n != 0;
	close_message(b);
	if (b->full)
		return -EALREADY;
	if (!b->n)
		return 0;
	elements = b->n_messages - 1;
	end(b, mark(b, NFNL_MSG_BATCH_END));
	s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!s)
		return -errno;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 || mnl_socket_sendto(s, b->buf, b->len) < 0)
		err = -errno;
	if (!err)
		err = answers(s, elements);
	mnl_socket_close(s);
	return err;
}
