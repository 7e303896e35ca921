/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps from the stack what rings take: a table of the family netdev that belongs to a socket
 * (NFT_TABLE_F_OWNER, Linux 5.12). The kernel takes it away when the last descriptor of the socket is closed, whoever
 * dies of what: where nobody takes a ring's packets any more, the stack has them. */
#include "host/ring.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/ethernet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define TABLE "culvert_ring"
#define ESP   50
/* bytes of messages that are enough for: the table, a chain, a rule; tests have the longest of each */
#define ROOM_TABLE 512
#define ROOM_CHAIN 256
#define ROOM_RULE  1024

struct ring_table {
	struct mnl_socket *s;
	struct ring_want had[RING_SLOTS]; /* what stands; n_had 0: nothing does */
	size_t n_had;
};

/* ---- messages ---- */

struct text {
	uint8_t *buf;
	size_t len;
	uint32_t seq;
	struct nlmsghdr *h; /* that is being written */
};

static void begin(struct text *t, uint16_t type, uint16_t flags)
{
	struct nfgenmsg *m;

	t->h = mnl_nlmsg_put_header(t->buf + t->len);
	t->h->nlmsg_type = type;
	t->h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	t->h->nlmsg_seq = ++t->seq;
	m = mnl_nlmsg_put_extra_header(t->h, sizeof(*m));
	m->version = NFNETLINK_V0;
	if (type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END)
		m->res_id = htobe16(NFNL_SUBSYS_NFTABLES);
	else
		m->nfgen_family = NFPROTO_NETDEV;
}

static void end(struct text *t)
{
	t->len += NLMSG_ALIGN(t->h->nlmsg_len);
}

static void about_table(struct text *t, uint16_t what, uint16_t flags)
{
	begin(t, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | what), flags);
	/* one number in all of NFTA_TABLE_NAME, NFTA_CHAIN_TABLE and NFTA_RULE_TABLE */
	mnl_attr_put_strz(t->h, NFTA_TABLE_NAME, TABLE);
}

static void put_u32(struct text *t, uint16_t attr, uint32_t v)
{
	mnl_attr_put_u32(t->h, attr, htobe32(v));
}

/* ---- a rule, expression by expression ---- */

struct expr {
	struct nlattr *element, *data;
};

static struct expr expr_begin(struct text *t, const char *name)
{
	struct expr e = { .element = mnl_attr_nest_start(t->h, NFTA_LIST_ELEM) };

	mnl_attr_put_strz(t->h, NFTA_EXPR_NAME, name);
	e.data = mnl_attr_nest_start(t->h, NFTA_EXPR_DATA);
	return e;
}

static void expr_end(struct text *t, struct expr e)
{
	mnl_attr_nest_end(t->h, e.data);
	mnl_attr_nest_end(t->h, e.element);
}

static void put_value(struct text *t, uint16_t attr, const void *p, size_t n)
{
	struct nlattr *nest = mnl_attr_nest_start(t->h, attr);

	mnl_attr_put(t->h, NFTA_DATA_VALUE, n, p);
	mnl_attr_nest_end(t->h, nest);
}

static void compare(struct text *t, enum nft_cmp_ops how, const void *p, size_t n)
{
	struct expr e = expr_begin(t, "cmp");

	put_u32(t, NFTA_CMP_SREG, NFT_REG_1);
	put_u32(t, NFTA_CMP_OP, how);
	put_value(t, NFTA_CMP_DATA, p, n);
	expr_end(t, e);
}

/* Goes on only if what was loaded is that. */
static void is(struct text *t, const void *p, size_t n)
{
	compare(t, NFT_CMP_EQ, p, n);
}

static void meta(struct text *t, uint32_t key)
{
	struct expr e = expr_begin(t, "meta");

	put_u32(t, NFTA_META_DREG, NFT_REG_1);
	put_u32(t, NFTA_META_KEY, key);
	expr_end(t, e);
}

/* Goes on only if the packet, from its IP header on, is no longer than that: what is compared is in the order of bytes
 * of the network, and the kernel's number is in ours. */
static void fits(struct text *t, uint32_t max)
{
	struct expr e;

	max = htobe32(max);
	meta(t, NFT_META_LEN);
	e = expr_begin(t, "byteorder");
	put_u32(t, NFTA_BYTEORDER_SREG, NFT_REG_1);
	put_u32(t, NFTA_BYTEORDER_DREG, NFT_REG_1);
	put_u32(t, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	put_u32(t, NFTA_BYTEORDER_LEN, sizeof(max));
	put_u32(t, NFTA_BYTEORDER_SIZE, sizeof(max));
	expr_end(t, e);
	compare(t, NFT_CMP_LTE, &max, sizeof(max));
}

/* Bytes of the IP header. */
static void header(struct text *t, uint32_t at, uint32_t n)
{
	struct expr e = expr_begin(t, "payload");

	put_u32(t, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_u32(t, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	put_u32(t, NFTA_PAYLOAD_OFFSET, at);
	put_u32(t, NFTA_PAYLOAD_LEN, n);
	expr_end(t, e);
}

static void mask(struct text *t, const void *p, size_t n)
{
	static const uint8_t zero[4];
	struct expr e = expr_begin(t, "bitwise");

	put_u32(t, NFTA_BITWISE_SREG, NFT_REG_1);
	put_u32(t, NFTA_BITWISE_DREG, NFT_REG_1);
	put_u32(t, NFTA_BITWISE_LEN, (uint32_t)n);
	put_value(t, NFTA_BITWISE_MASK, p, n);
	put_value(t, NFTA_BITWISE_XOR, zero, n);
	expr_end(t, e);
}

static void drop(struct text *t)
{
	struct expr e = expr_begin(t, "immediate");
	struct nlattr *data, *verdict;

	put_u32(t, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(t->h, NFTA_IMMEDIATE_DATA);
	verdict = mnl_attr_nest_start(t->h, NFTA_DATA_VERDICT);
	put_u32(t, NFTA_VERDICT_CODE, NF_DROP);
	mnl_attr_nest_end(t->h, verdict);
	mnl_attr_nest_end(t->h, data);
	expr_end(t, e);
}

/* ---- the table ---- */

/* Its name says which of the devices that had the name it is for. */
static void put_chain_name(struct text *t, uint16_t attr, const struct ring_want *w)
{
	char name[32];

	snprintf(name, sizeof(name), "ring_%u", w->ifindex);
	mnl_attr_put_strz(t->h, attr, name);
}

/* As the filter of the ring (ring_listen()): whole ESP that a frame has room for, to that address of the host (RFC 791 section 3.1,
 * RFC 8200 section 3). */
static void put_rule(struct text *t, const struct ring_want *w, const struct ipaddr *to)
{
	static const uint8_t esp = ESP, host = PACKET_HOST, fragment[2] = { 0x3f, 0xff }, whole[2];
	bool six = to->family == IP_V6;
	uint16_t ether = htobe16(six ? ETH_P_IPV6 : ETH_P_IP);
	struct nlattr *list;

	about_table(t, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	put_chain_name(t, NFTA_RULE_CHAIN, w);
	list = mnl_attr_nest_start(t->h, NFTA_RULE_EXPRESSIONS);
	meta(t, NFT_META_PKTTYPE);
	is(t, &host, 1);
	meta(t, NFT_META_PROTOCOL);
	is(t, &ether, 2);
	header(t, six ? 6 : 9, 1);
	is(t, &esp, 1);
	if (!six) {
		header(t, 6, 2);
		mask(t, fragment, 2);
		is(t, whole, 2);
	}
	header(t, six ? 24 : 16, six ? 16 : 4);
	is(t, to->b, six ? 16 : 4);
	fits(t, RING_MTU);
	drop(t);
	mnl_attr_nest_end(t->h, list);
	end(t);
}

static void put_rules(struct text *t, const struct ring_want *w)
{
	for (size_t i = 0; i < w->n; i++)
		put_rule(t, w, &w->addr[i]);
}

static void put_chain(struct text *t, const struct ring_want *w)
{
	struct nlattr *hook;

	about_table(t, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	put_chain_name(t, NFTA_CHAIN_NAME, w);
	mnl_attr_put_strz(t->h, NFTA_CHAIN_TYPE, "filter");
	hook = mnl_attr_nest_start(t->h, NFTA_CHAIN_HOOK);
	put_u32(t, NFTA_HOOK_HOOKNUM, NF_NETDEV_INGRESS);
	put_u32(t, NFTA_HOOK_PRIORITY, (uint32_t)-450);
	mnl_attr_put_strz(t->h, NFTA_HOOK_DEV, w->device);
	mnl_attr_nest_end(t->h, hook);
	end(t);
	put_rules(t, w);
}

static void flush_chain(struct text *t, const struct ring_want *w)
{
	about_table(t, NFT_MSG_DELRULE, NLM_F_ACK);
	put_chain_name(t, NFTA_RULE_CHAIN, w);
	end(t);
}

static void del_chain(struct text *t, const struct ring_want *w)
{
	flush_chain(t, w);
	about_table(t, NFT_MSG_DELCHAIN, NLM_F_ACK);
	put_chain_name(t, NFTA_CHAIN_NAME, w);
	end(t);
}

static void put_table(struct text *t)
{
	static const char said[] = "ESP that a ring takes; goes with culvert";
	uint8_t comment[2 + sizeof(said)] = { 0, sizeof(said) }; /* as nft writes and reads them */

	memcpy(comment + 2, said, sizeof(said));
	about_table(t, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_ACK);
	put_u32(t, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
	mnl_attr_put(t->h, NFTA_TABLE_USERDATA, sizeof(comment), comment);
	end(t);
}

static uint8_t *room_for(const struct ring_want *v, size_t n)
{
	size_t bytes = 2 * ROOM_TABLE + RING_SLOTS * 2 * ROOM_CHAIN; /* the latter for what goes */

	for (size_t i = 0; i < n; i++)
		bytes += ROOM_CHAIN + v[i].n * ROOM_RULE;
	return calloc(1, bytes);
}

/* A transaction is answered before send() comes back (nfnetlink_rcv_batch()): there is nothing to wait for. */
static int answers(const struct ring_table *r)
{
	char in[8192];
	int fd = mnl_socket_get_fd(r->s), err = -EPROTO;
	ssize_t n;

	while ((n = recv(fd, in, sizeof(in), MSG_DONTWAIT)) > 0) {
		int left = (int)n;

		for (struct nlmsghdr *h = (void *)in; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

			if (h->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(h) < sizeof(*e))
				continue;
			if (e->error)
				err = e->error;
			else if (err == -EPROTO)
				err = 0;
		}
	}
	return err;
}

/* ---- from what stands to what is wanted ---- */

/* The one of the same device; NULL: there is none. */
static const struct ring_want *twin(const struct ring_want *w, const struct ring_want *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].ifindex == w->ifindex && !strcmp(v[i].device, w->device))
			return &v[i];
	return NULL;
}

bool ring_want_same(const struct ring_want *a, const struct ring_want *b)
{
	bool alike = twin(a, b, 1) && a->n == b->n;

	for (size_t i = 0; alike && i < a->n; i++)
		alike = ipaddr_equal(&a->addr[i], &b->addr[i]);
	return alike;
}

static bool stands(const struct ring_table *r, const struct ring_want *v, size_t n)
{
	bool alike = r->n_had == n;

	for (size_t i = 0; alike && i < n; i++) {
		const struct ring_want *had = twin(&v[i], r->had, r->n_had);

		alike = had && ring_want_same(had, &v[i]);
	}
	return alike;
}

/* What goes and what comes, and nothing else: of a chain that is not of another device only the rules, which in
 * one transaction a packet meets as they were or as they are then. */
static void put_changes(struct text *t, const struct ring_table *r, const struct ring_want *v, size_t n)
{
	for (size_t i = 0; i < r->n_had; i++)
		if (!twin(&r->had[i], v, n))
			del_chain(t, &r->had[i]);
	for (size_t i = 0; i < n; i++) {
		const struct ring_want *before = twin(&v[i], r->had, r->n_had);

		if (!before) {
			put_chain(t, &v[i]);
		} else if (!ring_want_same(before, &v[i])) {
			flush_chain(t, &v[i]);
			put_rules(t, &v[i]);
		}
	}
}

static void put_anew(struct text *t, const struct ring_table *r, const struct ring_want *v, size_t n)
{
	if (r->n_had) {
		about_table(t, NFT_MSG_DELTABLE, NLM_F_ACK);
		end(t);
	}
	if (n)
		put_table(t);
	for (size_t i = 0; i < n; i++)
		put_chain(t, &v[i]);
}

/* One transaction. */
static int load(struct ring_table *r, const struct ring_want *v, size_t n, bool anew)
{
	struct text t = { .buf = room_for(v, n) };
	int err;

	if (!t.buf)
		return -ENOMEM;
	begin(&t, NFNL_MSG_BATCH_BEGIN, 0);
	end(&t);
	if (anew)
		put_anew(&t, r, v, n);
	else
		put_changes(&t, r, v, n);
	begin(&t, NFNL_MSG_BATCH_END, 0);
	end(&t);
	err = mnl_socket_sendto(r->s, t.buf, t.len) < 0 ? -errno : answers(r);
	free(t.buf);
	if (err)
		return err;
	if (n)
		memcpy(r->had, v, n * sizeof(*v));
	r->n_had = n;
	return 0;
}

static struct ring_table *table_new(void)
{
	struct ring_table *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (r->s && mnl_socket_bind(r->s, 0, MNL_SOCKET_AUTOPID) >= 0)
		return r;
	ring_table_free(r);
	return NULL;
}

int ring_keep(const struct ring_want *v, size_t n, struct ring_table **at, bool *ret_changed)
{
	struct ring_table *r = *at;
	int err = 0;

	*ret_changed = false;
	if (n > RING_SLOTS)
		return -E2BIG;
	for (size_t i = 1; i < n; i++)
		if (twin(&v[i], v, i))
			return -EEXIST;
	if (!n) {
		if (r && r->n_had) {
			err = load(r, NULL, 0, true);
			*ret_changed = !err;
		}
		ring_table_free(r);
		*at = NULL;
		return err;
	}
	if (!r)
		*at = r = table_new();
	if (!r)
		return -ENOMEM;
	if (stands(r, v, n))
		return 0;
	err = load(r, v, n, !r->n_had);
	/* the kernel takes chains away with their devices */
	if (err && r->n_had)
		err = load(r, v, n, true);
	*ret_changed = !err;
	return err;
}

int ring_table_fd(const struct ring_table *r)
{
	return mnl_socket_get_fd(r->s);
}

void ring_table_free(struct ring_table *r)
{
	if (!r)
		return;
	if (r->s)
		mnl_socket_close(r->s);
	free(r);
}
