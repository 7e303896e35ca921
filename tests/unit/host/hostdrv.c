/* SPDX-License-Identifier: Apache-2.0 */
/* For tests/system/test_host_steering.py: steering and guard without any crypto.
 * Commands on standard input, one a line; each is answered by a line that begins
 * with `ok` or `error`. What arrives at the TUN or in the log is told by lines
 * that begin with `tun` and `log`. `stop` is the orderly stop; end of input is not. */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rd.h"
#include "base/wr.h"
#include "host/filter.h"
#include "host/ipv6.h"
#include "host/mss.h"
#include "host/nflog.h"
#include "host/nft.h"
#include "host/os.h"
#include "host/sockets.h"
#include "host/tun.h"
#include "host/steer.h"

#define LINES_MAX 4096

struct drv {
	struct nl *nl;
	struct steer_if f;
	struct steer_line lines[LINES_MAX];
	uint64_t mark;
	struct steer_stand stand;
	int tun, log;
	/* access lists */
	struct config *config;
	struct filter_if acl;
	uint64_t acl_mark;
};

/* ADDRESS[/LENGTH] of either family, or ADDRESS~WILDCARD. */
static struct addr_match parse_addr(char *s)
{
	char *wild = strchr(s, '~'), *slash = strchr(s, '/');
	struct addr_match m = { 0 };
	struct ipaddr w = { 0 };

	if (wild)
		*wild++ = '\0';
	if (slash)
		*slash++ = '\0';
	(void)ipaddr_parse(s, &m.addr);
	if (wild)
		(void)ipaddr_parse(wild, &w);
	else
		w = ipaddr_mask(m.addr.family, slash ? (unsigned)atoi(slash) : ip_bits(m.addr.family));
	for (size_t i = 0; i < ip_bits(m.addr.family) / 8; i++) {
		m.wild[i] = wild ? w.b[i] : (uint8_t)~w.b[i];
		m.addr.b[i] &= (uint8_t)~m.wild[i];
	}
	return m;
}

/* `line SEQ permit|deny PROTO SOURCE DESTINATION [DPORT]` */
static int add_line(struct drv *d, char *rest)
{
	char action[16], src[64], dst[64];
	unsigned seq, proto, dport = 0;
	struct steer_line *l = &d->lines[d->f.n_lines];

	if (d->f.n_lines == LINES_MAX ||
	    sscanf(rest, "%u %15s %u %63s %63s %u", &seq, action, &proto, src, dst, &dport) < 5)
		return -EINVAL;
	*l = (struct steer_line){ .map_seq = seq, .permit = !strcmp(action, "permit"),
				  .sel = { .proto = (uint8_t)proto } };
	l->sel.local = parse_addr(src);
	l->sel.remote = parse_addr(dst);
	if (dport)
		l->sel.remote_port = (struct port_match){ PORT_EQ, (uint16_t)dport, 0 };
	d->f.n_lines++;
	return 0;
}

/* `filter in|out SEQ permit|deny PROTO SOURCE DESTINATION [dport N | icmp TYPE | fragments | log]...`: a
 * line of the list that is called IN or OUT, or, if it is of IPv6, IN6 or OUT6. */
static int add_filter(struct drv *d, char *rest)
{
	char dir[8], action[16], src[64], dst[64], key[16], name[8];
	struct acl_entry e = { 0 };
	unsigned proto, value;
	int at = 0, n;

	if (sscanf(rest, "%7s %u %15s %u %63s %63s%n", dir, &e.seq, action, &proto, src, dst, &at) < 6)
		return -EINVAL;
	e.kind = !strcmp(action, "permit") ? ACE_PERMIT : ACE_DENY;
	e.proto = (uint8_t)proto;
	e.src = parse_addr(src);
	e.dst = parse_addr(dst);
	for (rest += at; sscanf(rest, "%15s%n", key, &n) == 1; rest += n) {
		value = 0;
		if (!strcmp(key, "dport") || !strcmp(key, "icmp")) {
			rest += n;
			if (sscanf(rest, "%u%n", &value, &n) != 1)
				return -EINVAL;
		}
		if (!strcmp(key, "dport"))
			e.dst_port = (struct acl_ports){ PORT_EQ, 1, { (uint16_t)value } };
		if (!strcmp(key, "icmp"))
			e.icmp_type = (uint16_t)(value + 1);
		e.fragments |= !strcmp(key, "fragments");
		e.log |= !strcmp(key, "log");
	}
	bool six = e.src.addr.family == IP_V6, in = !strcmp(dir, "in");
	snprintf(name, sizeof(name), "%s%s", in ? "IN" : "OUT", six ? "6" : "");
	struct cfg_acl *acl = config_find_acl(d->config, name);
	if (!acl)
		acl = config_add_acl(d->config, name, ACL_EXTENDED, false);
	if (!acl || !cfg_acl_add(acl, &e))
		return -ENOMEM;
	*(six ? in ? &d->acl.in6 : &d->acl.out6 : in ? &d->acl.in : &d->acl.out) = acl;
	return 0;
}

static int filter_counters(struct txt *say)
{
	struct filter_count *v = NULL;
	size_t n = 0;
	int err = filter_counts(&v, &n);

	for (size_t i = 0; i < n; i++)
		txt_printf(say, " %s=%llu", v[i].name, (unsigned long long)v[i].packets);
	free(v);
	return err;
}

static int set_mss(struct drv *d, char *rest, struct txt *say)
{
	struct mss_if m = { .ifindex = d->f.ifindex, .mss6 = (uint16_t)atoi(rest) };
	uint64_t mark = 0;

	return mss_apply(&m, m.mss6 ? 1 : 0, &mark, say);
}

static int open_tun(struct drv *d)
{
	struct ipaddr dummy = ipaddr_v4(0xc0000008); /* 192.0.0.8 */
	char path[64];

	d->tun = tun_open(d->f.tun, false, &d->f.tun_ifindex, &(struct tun_how){ 0 });
	if (d->tun < 0)
		return d->tun;
	(void)ipv6_device(d->f.tun, steer_has(&d->f, 1, IP_V6) ? IPV6_STEER : IPV6_OFF);
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", d->f.tun);
	int err = host_sysctl(path, "2", NULL);
	if (!err)
		err = nl_link_set(d->nl, d->f.tun_ifindex, true, 1500);
	return err ? err : nl_addr_add_host(d->nl, d->f.tun_ifindex, &dummy);
}

static int close_tun(struct drv *d)
{
	close(d->tun);
	d->tun = -1;
	return 0;
}

static int apply(struct drv *d, struct txt *why)
{
	uint64_t from = host_now_ms(NULL);
	int err = steer_apply(d->nl, &d->f, 1, &d->stand, &d->mark, why);

	txt_printf(why, "took %llu ms", (unsigned long long)(host_now_ms(NULL) - from));
	return err;
}

/* The ruleset of the last resort, as if nft had refused all others. */
static int apply_closed(struct drv *d, struct txt *why)
{
	struct txt t = TXT_INIT;

	steer_ruleset(&d->f, 1, STEER_CLOSED, NULL, &t);
	int err = nft_load(txt_cstr(&t), why);
	txt_fini(&t);
	return err;
}

/* `esp`, `ah`, `ike` or `gre` to an address of either family, as our sockets send it. */
static int send_own(const char *what, const char *to)
{
	uint8_t packet[64];
	struct wr w = wr_of(packet, sizeof(packet));
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} sa = { .v6 = { 0 } };
	struct ipaddr dst, any = { 0 };
	uint8_t proto = !strcmp(what, "esp") ? IPPROTO_ESP : !strcmp(what, "ah") ? IPPROTO_AH : IPPROTO_GRE;
	bool six;
	int fd, err = 0;

	if (!ipaddr_parse(to, &dst))
		return -EINVAL;
	six = dst.family == IP_V6;
	if (!strcmp(what, "ike")) {
		fd = six ? udp6_open(500) : udp_open(500);
		err = fd < 0 ? fd : udp_send(fd, &any, &dst, 500, "0123456789", 10);
		goto done;
	}
	if (six) {
		struct ipaddr src = ipaddr_network(&dst, 64); /* PREFIX::1 */

		src.b[15] = 1;
		sa.v6.sin6_family = AF_INET6;
		memcpy(&sa.v6.sin6_addr, dst.b, 16);
		wr_be32(&w, 6u << 28);
		wr_be32(&w, 16u << 16 | (uint32_t)proto << 8 | 64);
		wr_bytes(&w, src.b, 16);
		wr_bytes(&w, dst.b, 16);
		wr_zero(&w, 16);
	} else { /* the kernel fills checksum and source in */
		const uint8_t head[16] = { 0x45, 0, 0, 32, 0x42, 0x42, 0, 0, 64, proto };

		sa.v4.sin_family = AF_INET;
		memcpy(&sa.v4.sin_addr, dst.b, 4);
		wr_bytes(&w, head, sizeof(head));
		wr_bytes(&w, dst.b, 4);
		wr_zero(&w, 12);
	}
	fd = six ? raw6_open(proto, proto != IPPROTO_GRE) : raw_open(proto, proto != IPPROTO_GRE);
	err = fd < 0 ? fd : 0;
	if (!err && sendto(fd, packet, wr_len(&w), 0, &sa.sa, six ? sizeof(sa.v6) : sizeof(sa.v4)) < 0)
		err = -errno;
done:
	if (fd >= 0)
		close(fd);
	return err;
}

static void put_v4(struct wr *w, const struct ipaddr *src, const struct ipaddr *dst, uint16_t len,
		   unsigned ttl, bool first)
{
	uint16_t h[10] = { 0x4500, len, first ? 0x4711 : 0x1234, first ? 0x2000 : 0,
			   (uint16_t)(ttl << 8 | (first ? 17 : 1)) };
	uint32_t sum = 0;

	h[6] = (uint16_t)(ipaddr_to_v4(src) >> 16);
	h[7] = (uint16_t)ipaddr_to_v4(src);
	h[8] = (uint16_t)(ipaddr_to_v4(dst) >> 16);
	h[9] = (uint16_t)ipaddr_to_v4(dst);
	for (size_t i = 0; i < 10; i++)
		sum += h[i];
	sum = (sum & 0xffff) + (sum >> 16);
	h[5] = (uint16_t)~((sum & 0xffff) + (sum >> 16));
	for (size_t i = 0; i < 10; i++)
		wr_be16(w, h[i]);
	wr_be32(w, first ? 7 << 16 | 8 : 0x0800f7ff); /* ports; an echo request */
	wr_be32(w, first ? 816 << 16 : 0);
}

/* `inject SOURCE DESTINATION [TTL]`: an echo request out of an SA. `inject-first`: the first
 * fragment of the datagram that hostnode.py's `frag` is a later one of. */
static int inject(struct drv *d, char *rest, bool first)
{
	char s[64], t[64];
	struct ipaddr src, dst;
	uint8_t buf[1024] = { 0 };
	struct wr w = wr_of(buf, sizeof(buf));
	size_t len = 20 + (first ? 800 : 8);
	unsigned ttl = 64;

	if (sscanf(rest, "%63s %63s %3u", s, t, &ttl) < 2 || ttl > 255 || !ipaddr_parse(s, &src) || !ipaddr_parse(t, &dst))
		return -EINVAL;
	if (src.family == IP_V4) {
		put_v4(&w, &src, &dst, (uint16_t)len, ttl, first);
	} else { /* whoever forwards it does not look at its checksum */
		len = 48;
		wr_be32(&w, 6u << 28);
		wr_be32(&w, 8u << 16 | IPPROTO_ICMPV6 << 8 | ttl);
		wr_bytes(&w, src.b, 16);
		wr_bytes(&w, dst.b, 16);
		wr_be32(&w, 128u << 24);
		wr_be32(&w, 0);
	}
	return write(d->tun, buf, len) < 0 ? -errno : 0;
}

static int stop(struct drv *d)
{
	if (d->f.tun_ifindex)
		(void)nl_link_del(d->nl, d->f.tun_ifindex);
	steer_forget(d->nl, d->f.slot);
	return steer_remove();
}

static int run(struct drv *d, char *cmd, struct txt *say)
{
	char *rest = strchr(cmd, ' ');
	struct steer_counts c;

	if (rest)
		*rest++ = '\0';
	else
		rest = cmd + strlen(cmd);
	if (!strcmp(cmd, "line"))
		return add_line(d, rest);
	if (!strcmp(cmd, "clear-lines")) {
		d->f.n_lines = 0;
		return 0;
	}
	if (!strcmp(cmd, "tun"))
		return open_tun(d);
	if (!strcmp(cmd, "close-tun"))
		return close_tun(d);
	if (!strcmp(cmd, "slot")) {
		d->f.slot = (uint32_t)atoi(rest);
		return 0;
	}
	if (!strcmp(cmd, "apply"))
		return apply(d, say);
	if (!strcmp(cmd, "forget")) { /* the next one is loaded whole, even if it is the same */
		steer_stand_clear(&d->stand);
		d->mark = 0;
		return 0;
	}
	if (!strcmp(cmd, "closed"))
		return apply_closed(d, say);
	if (!strcmp(cmd, "inject"))
		return inject(d, rest, false);
	if (!strcmp(cmd, "inject-first"))
		return inject(d, rest, true);
	if (!strcmp(cmd, "any-device")) { /* a protected tunnel's */
		d->f.any_device = true;
		d->f.slot = STEER_SLOTS + 1;
		return 0;
	}
	if (!strcmp(cmd, "lines-unknown")) {
		d->f.closed = true;
		d->f.families = STEER_IP4 | STEER_IP6;
		return 0;
	}
	if (!strcmp(cmd, "filter"))
		return add_filter(d, rest);
	if (!strcmp(cmd, "filter-apply"))
		return filter_apply(&d->acl, 1, false, &d->acl_mark, say);
	if (!strcmp(cmd, "filter-stands"))
		return filter_stands(d->acl_mark) ? 0 : -ENOENT;
	if (!strcmp(cmd, "filter-counts"))
		return filter_counters(say);
	if (!strcmp(cmd, "filter-clear"))
		return filter_clear(rest);
	if (!strcmp(cmd, "filter-remove"))
		return filter_remove();
	if (!strcmp(cmd, "stands"))
		return steer_stands(d->mark) ? 0 : -ENOENT;
	if (!strcmp(cmd, "kernel-mss6"))
		return set_mss(d, rest, say);
	if (!strcmp(cmd, "mss6")) {
		d->f.adjust_mss6 = (uint16_t)atoi(rest);
		return 0;
	}
	if (!strcmp(cmd, "stop"))
		return stop(d);
	if (!strcmp(cmd, "counts")) {
		int err = steer_counts(&c);

		if (!err)
			txt_printf(say, "guard %llu mirror %llu", (unsigned long long)c.guard_packets,
				   (unsigned long long)c.mirror_packets);
		return err;
	}
	return send_own(cmd, rest);
}

static void on_log(void *ctx, uint32_t ifindex, const struct ipaddr *src, const struct ipaddr *dst,
		   uint8_t proto)
{
	char s[IPADDR_STRLEN], t[IPADDR_STRLEN], name[IF_NAMESIZE] = "";

	(void)ctx;
	printf("log %s %s %u %s\n", ipaddr_str(src, s), ipaddr_str(dst, t), proto,
	       if_indextoname(ifindex, name) ? name : "?");
}

static void read_tun(struct drv *d)
{
	char s[IPADDR_STRLEN], t[IPADDR_STRLEN];
	uint8_t buf[2048];
	ssize_t n;

	while ((n = read(d->tun, buf, sizeof(buf))) > 0) {
		struct rd r = rd_of(buf, (size_t)n);
		struct ipaddr src = { 0 }, dst = { 0 };
		bool six = rd_u8(&r) >> 4 == 6;

		rd_skip(&r, six ? 5 : 8);
		unsigned proto = rd_u8(&r);
		rd_skip(&r, six ? 1 : 2);
		if (six) {
			struct span a = rd_take(&r, 16), b = rd_take(&r, 16);

			if (r.bad)
				continue;
			src = ipaddr_v6(a.p);
			dst = ipaddr_v6(b.p);
		} else {
			src = ipaddr_v4(rd_be32(&r));
			dst = ipaddr_v4(rd_be32(&r));
		}
		if (!r.bad)
			printf("tun %s %s %u\n", ipaddr_str(&src, s), ipaddr_str(&dst, t), proto);
	}
}

int main(int argc, char **argv)
{
	struct drv *d = calloc(1, sizeof(*d));
	char line[256];

	if (!d || argc != 2 || nl_open(&d->nl))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	d->tun = -1;
	d->f.lines = d->lines;
	d->config = config_new();
	snprintf(d->acl.device, sizeof(d->acl.device), "%s", argv[1]);
	d->f.ifindex = if_nametoindex(argv[1]);
	snprintf(d->f.device, sizeof(d->f.device), "%s", argv[1]);
	snprintf(d->f.tun, sizeof(d->f.tun), "cvsteer0");
	d->log = nflog_open(STEER_NFLOG);
	printf("ok %s\n", d->log < 0 ? strerror(-d->log) : "ready");
	for (;;) {
		struct pollfd p[] = { { .fd = 0, .events = POLLIN },
				      { .fd = d->tun, .events = POLLIN },
				      { .fd = d->log, .events = POLLIN } };
		struct txt say = TXT_INIT;

		(void)poll(p, 3, -1);
		if (p[1].revents & POLLIN)
			read_tun(d);
		if (p[2].revents & POLLIN)
			nflog_read(d->log, on_log, NULL);
		if (p[1].revents & ~POLLIN) /* deleted under our feet */
			d->tun = -1;
		if (!p[0].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			break;
		line[strcspn(line, "\n")] = '\0';
		int err = run(d, line, &say);
		for (char *c = say.s; c && *c; c++)
			if (*c == '\n')
				*c = ' ';
		printf("%s %s %s\n", err ? "error" : "ok", err ? strerror(-err) : "", txt_cstr(&say));
		txt_fini(&say);
	}
	nl_close(d->nl);
	steer_stand_clear(&d->stand);
	config_free(d->config);
	free(d);
	return 0;
}
