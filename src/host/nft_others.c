/* SPDX-License-Identifier: Apache-2.0 */
/* The chains of others that a packet would meet in the kernel, and does not by a tap or a packet socket. */
#include "host/nft_internal.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#define DUMP_TRIES 8
#define FAMILIES   (1u << NFPROTO_IPV4 | 1u << NFPROTO_IPV6)

static const struct {
	const char *name;
	uint32_t families;
} ours[] = { { "culvert", FAMILIES },	  /* steer_rules.c */
	     { "culvert_acl", FAMILIES }, /* filter.h */
	     { "culvert_mss", FAMILIES },
	     { "culvert_ring", 1u << NFPROTO_NETDEV } };

struct chain_reader {
	const char *table, *name;
	bool based; /* it has a hook */
	uint32_t hook;
	bool devices, of_device; /* it is about some alone; about the one that is asked for */
	const char *device;
	bool in;
	char *what;
	bool found;
};

/* Of a name that ends early it is not known what it stands for. */
static bool may_be(const struct nlattr *a, const char *device)
{
	return mnl_attr_get_type(a) != NFTA_DEVICE_NAME || mnl_attr_validate(a, MNL_TYPE_NUL_STRING) ||
	       !strcmp(mnl_attr_get_str(a), device);
}

static int on_device(const struct nlattr *a, void *ctx)
{
	struct chain_reader *r = ctx;

	r->of_device |= may_be(a, r->device);
	return MNL_CB_OK;
}

static int on_hook_attr(const struct nlattr *a, void *ctx)
{
	struct chain_reader *r = ctx;

	switch (mnl_attr_get_type(a)) {
	case NFTA_HOOK_HOOKNUM:
		if (mnl_attr_get_payload_len(a) == 4)
			r->hook = be32toh(mnl_attr_get_u32(a));
		break;
	case NFTA_HOOK_DEV:
		r->devices = true;
		r->of_device |= mnl_attr_validate(a, MNL_TYPE_NUL_STRING) || !strcmp(mnl_attr_get_str(a), r->device);
		break;
	case NFTA_HOOK_DEVS:
		r->devices = true;
		return mnl_attr_parse_nested(a, on_device, r);
	}
	return MNL_CB_OK;
}

static int on_chain_attr(const struct nlattr *a, void *ctx)
{
	struct chain_reader *r = ctx;

	switch (mnl_attr_get_type(a)) {
	case NFTA_CHAIN_TABLE:
		r->table = mnl_attr_validate(a, MNL_TYPE_NUL_STRING) ? "" : mnl_attr_get_str(a);
		break;
	case NFTA_CHAIN_NAME:
		r->name = mnl_attr_validate(a, MNL_TYPE_NUL_STRING) ? "" : mnl_attr_get_str(a);
		break;
	case NFTA_CHAIN_HOOK:
		r->based = true;
		return mnl_attr_parse_nested(a, on_hook_attr, r);
	}
	return MNL_CB_OK;
}

static bool is_ours(const struct chain_reader *r, uint8_t family)
{
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!strcmp(r->table, ours[i].name) && family < 32 && ours[i].families & 1u << family)
			return true;
	return false;
}

/* What a packet socket sends meets netdev's egress as all else does: it is not passed by. */
static bool counts(const struct chain_reader *r, uint8_t family)
{
	bool ingress = family == NFPROTO_NETDEV ? r->hook == NF_NETDEV_INGRESS : r->hook == NF_INET_INGRESS;

	if (family == NFPROTO_NETDEV || (family == NFPROTO_INET && ingress))
		return r->in && ingress && (!r->devices || r->of_device);
	if (family != NFPROTO_IPV4 && family != NFPROTO_IPV6 && family != NFPROTO_INET)
		return false;
	return r->in ? r->hook == NF_INET_PRE_ROUTING || r->hook == NF_INET_LOCAL_IN :
		       r->hook == NF_INET_LOCAL_OUT || r->hook == NF_INET_POST_ROUTING;
}

static int on_chain(const struct nlmsghdr *h, void *ctx)
{
	const struct nfgenmsg *m = mnl_nlmsg_get_payload(h);
	struct chain_reader *r = ctx;

	r->table = r->name = "";
	r->based = r->devices = r->of_device = false;
	r->hook = 0;
	(void)mnl_attr_parse(h, sizeof(struct nfgenmsg), on_chain_attr, r);
	if (!r->based || r->found || is_ours(r, m->nfgen_family) || !counts(r, m->nfgen_family))
		return MNL_CB_OK;
	r->found = true;
	snprintf(r->what, 128, "chain %.40s of table %.40s", r->name, r->table);
	return MNL_CB_OK;
}

bool nft_legacy_table(char ret_what[128])
{
	static const char *const files[] = { "/proc/net/ip_tables_names", "/proc/net/ip6_tables_names" };
	char name[33];
	bool some = false;

	for (size_t i = 0; !some && i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f = fopen(files[i], "re");

		some = f && fscanf(f, "%32s", name) == 1;
		if (f)
			fclose(f);
	}
	if (some)
		snprintf(ret_what, 128, "table %s of iptables", name);
	return some;
}

int nft_foreign_chain(bool in, const char *device, char ret_what[128])
{
	struct chain_reader r = { .what = ret_what, .in = in, .device = device };
	char buf[256];
	int err = -EINTR;

	for (unsigned tries = 0; err == -EINTR && tries < DUMP_TRIES && !r.found; tries++)
		err = nft_ask_dump(nft_start(buf, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, AF_UNSPEC, NLM_F_DUMP),
				   on_chain, &r);
	if (r.found || nft_legacy_table(ret_what))
		return 1;
	return err;
}
