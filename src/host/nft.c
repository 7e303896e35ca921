/* SPDX-License-Identifier: Apache-2.0 */
#include "host/nft_internal.h"

#include <errno.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rd.h"

#define WHY_MAX 8192 /* nft repeats the line that it does not like */

/* ---- the program ---- */

/* The text as a file without a name: nft opens its standard input again, and a
 * pipe could block both of us. */
static int text_file(const char *text)
{
	int fd = memfd_create("ruleset", MFD_CLOEXEC);
	size_t len = strlen(text), at = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (at < len && (n = write(fd, text + at, len - at)) > 0)
		at += (size_t)n;
	if (at < len || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -ENOSPC;
	}
	return fd;
}

static void become_nft(int in, int out)
{
	static char *const argv[] = { "nft", "-f", "-", NULL };
	static char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	sigset_t none;

	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	/* what we ignore or block is no concern of nft's */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvpe("nft", argv, env);
	_exit(127);
}

int nft_load(const char *text, struct txt *why)
{
	int in = text_file(text), from[2], status = 0, err = 0;
	char buf[1024];
	ssize_t n;
	pid_t pid;

	if (in < 0)
		return in;
	if (pipe2(from, O_CLOEXEC) < 0) {
		err = -errno;
		close(in);
		return err;
	}
	pid = fork();
	if (pid == 0)
		become_nft(in, from[1]);
	err = pid < 0 ? -errno : 0;
	close(in);
	close(from[1]);
	while (pid > 0 && ((n = read(from[0], buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0 && why->len < WHY_MAX)
			txt_mem(why, buf, (size_t)n);
	close(from[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (err)
		return err;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return -ENOENT;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EINVAL;
}

/* ---- questions ---- */

static uint8_t family_of(enum ip_family f)
{
	return f == IP_V6 ? AF_INET6 : AF_INET;
}

struct nlmsghdr *nft_start(char *buf, uint16_t type, uint8_t family, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = 1;
	m->nfgen_family = family;
	m->version = NFNETLINK_V0;
	return h;
}

static int ask(struct nlmsghdr *h, mnl_cb_t cb, void *ctx)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	char in[8192];
	int err = 0;

	if (!s)
		return -errno;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(s, h, h->nlmsg_len) < 0) {
		err = -errno;
	} else {
		ssize_t n = mnl_socket_recvfrom(s, in, sizeof(in));

		if (n < 0 || mnl_cb_run(in, (size_t)n, 1, mnl_socket_get_portid(s), cb, ctx) < 0)
			err = -errno;
	}
	mnl_socket_close(s);
	return err;
}

static uint64_t be64_of(const struct nlattr *a)
{
	struct rd r = rd_of(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));

	return rd_be64(&r);
}

static int on_count(const struct nlattr *a, void *ctx)
{
	uint64_t *v = ctx;

	if (mnl_attr_get_type(a) == NFTA_COUNTER_PACKETS)
		v[0] = be64_of(a);
	if (mnl_attr_get_type(a) == NFTA_COUNTER_BYTES)
		v[1] = be64_of(a);
	return MNL_CB_OK;
}

static int on_object_attr(const struct nlattr *a, void *ctx)
{
	return mnl_attr_get_type(a) == NFTA_OBJ_DATA ? mnl_attr_parse_nested(a, on_count, ctx) :
						       MNL_CB_OK;
}

static int on_object(const struct nlmsghdr *h, void *ctx)
{
	return mnl_attr_parse(h, sizeof(struct nfgenmsg), on_object_attr, ctx);
}

int nft_counter(enum ip_family f, const char *table, const char *name, uint64_t *ret_packets, uint64_t *ret_bytes)
{
	char buf[1024];
	uint64_t v[2] = { 0 };
	struct nlmsghdr *h = nft_start(buf, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETOBJ, family_of(f), 0);

	mnl_attr_put_strz(h, NFTA_OBJ_TABLE, table);
	mnl_attr_put_strz(h, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htobe32(NFT_OBJECT_COUNTER));
	int err = ask(h, on_object, v);
	if (err)
		return err;
	*ret_packets = v[0];
	*ret_bytes = v[1];
	return 0;
}

struct counter_reader {
	void (*each)(void *ctx, const char *name, uint64_t packets, uint64_t bytes);
	void *ctx;
	const char *name;
	uint64_t v[2];
};

static int on_counter_attr(const struct nlattr *a, void *ctx)
{
	struct counter_reader *r = ctx;

	if (mnl_attr_get_type(a) == NFTA_OBJ_NAME && !mnl_attr_validate(a, MNL_TYPE_NUL_STRING))
		r->name = mnl_attr_get_str(a);
	if (mnl_attr_get_type(a) == NFTA_OBJ_DATA)
		return mnl_attr_parse_nested(a, on_count, r->v);
	return MNL_CB_OK;
}

static int on_counter(const struct nlmsghdr *h, void *ctx)
{
	struct counter_reader *r = ctx;

	r->name = NULL;
	r->v[0] = r->v[1] = 0;
	(void)mnl_attr_parse(h, sizeof(struct nfgenmsg), on_counter_attr, r);
	if (r->name)
		r->each(r->ctx, r->name, r->v[0], r->v[1]);
	return MNL_CB_OK;
}

/* A dump comes in as many datagrams as it needs. -EINTR: what it is about has changed meanwhile. */
int nft_ask_dump(struct nlmsghdr *h, mnl_cb_t cb, void *ctx)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	_Alignas(struct nlmsghdr) char in[16384];
	int more = MNL_CB_OK, err = 0;

	if (!s)
		return -errno;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
		err = -errno;
	while (!err && more > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(s, in, sizeof(in));

		if (n < 0 && errno == EINTR)
			continue; /* a signal, and not the dump */
		more = n < 0 ? MNL_CB_ERROR :
			       mnl_cb_run(in, (size_t)n, 1, mnl_socket_get_portid(s), cb, ctx);
		if (more < 0)
			err = -errno;
	}
	mnl_socket_close(s);
	return err;
}

int nft_counters(enum ip_family f, const char *table,
		 void (*each)(void *ctx, const char *name, uint64_t packets, uint64_t bytes), void *ctx)
{
	struct counter_reader r = { .each = each, .ctx = ctx };
	char buf[1024];
	struct nlmsghdr *h;

	if (!nft_has_table(f, table))
		return -ENOENT;
	h = nft_start(buf, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETOBJ, family_of(f), NLM_F_DUMP);
	mnl_attr_put_strz(h, NFTA_OBJ_TABLE, table);
	mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htobe32(NFT_OBJECT_COUNTER));
	return nft_ask_dump(h, on_counter, &r);
}

static int on_nothing(const struct nlmsghdr *h, void *ctx)
{
	(void)h;
	(void)ctx;
	return MNL_CB_OK;
}

bool nft_has_table(enum ip_family f, const char *table)
{
	char buf[1024];
	struct nlmsghdr *h = nft_start(buf, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, family_of(f), 0);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, table);
	return ask(h, on_nothing, NULL) == 0;
}

static int on_gen_attr(const struct nlattr *a, void *ctx)
{
	uint32_t *gen = ctx;

	if (mnl_attr_get_type(a) == NFTA_GEN_ID && mnl_attr_get_payload_len(a) == 4)
		*gen = be32toh(mnl_attr_get_u32(a));
	return MNL_CB_OK;
}

static int on_gen(const struct nlmsghdr *h, void *ctx)
{
	return mnl_attr_parse(h, sizeof(struct nfgenmsg), on_gen_attr, ctx);
}

int nft_generation(uint32_t *ret)
{
	char buf[256];
	uint32_t gen = 0;
	int err = ask(nft_start(buf, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, AF_UNSPEC, 0), on_gen,
		      &gen);

	if (!err)
		*ret = gen;
	return err;
}

int nft_events_open(void)
{
	struct sockaddr_nl me = { .nl_family = AF_NETLINK,
				  .nl_groups = 1u << (NFNLGRP_NFTABLES - 1) };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&me, sizeof(me)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}
