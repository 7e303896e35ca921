/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ping.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/rd.h"
#include "base/txt.h"
#include "base/wr.h"

#define PING_MAX     18024 /* IOS's upper bound for `size` */
#define PING_HEADERS 28	   /* IP and ICMP headers, part of `size`; of IPv6 */
#define PING_HEADERS6 48

struct ping {
	struct ping_args a;
	struct ping_sink sink;
	struct event_base *base;
	struct event *readable, *timeout;
	int fd;
	uint16_t ident, seq; /* seq of the request on its way */
	uint32_t sent, received;
	uint64_t sent_at_us;
	uint64_t min_us, max_us, sum_us;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void ping_free(struct ping *p)
{
	if (!p)
		return;
	if (p->readable)
		event_free(p->readable);
	if (p->timeout)
		event_free(p->timeout);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

static void finish(struct ping *p, bool print)
{
	struct ping_sink sink = p->sink;
	struct txt t = TXT_INIT;

	if (print) {
		txt_printf(&t, "\nSuccess rate is %u percent (%u/%u)",
			   p->sent ? (unsigned)((uint64_t)p->received * 100 / p->sent) : 0, p->received, p->sent);
		if (p->received)
			txt_printf(&t, ", round-trip min/avg/max = %llu/%llu/%llu ms",
				   (unsigned long long)(p->min_us + 999) / 1000,
				   (unsigned long long)(p->sum_us / p->received + 999) / 1000,
				   (unsigned long long)(p->max_us + 999) / 1000);
		txt_char(&t, '\n');
		sink.text(sink.ctx, txt_cstr(&t));
		txt_fini(&t);
	}
	ping_free(p);
	sink.done(sink.ctx);
}

static uint16_t icmp_sum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (n & 1)
		sum += (uint32_t)p[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static bool is_v6(const struct ping *p)
{
	return p->a.dst.family == IP_V6;
}

static ssize_t send_request(const struct ping *p, const uint8_t *buf, size_t n)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(ipaddr_to_v4(&p->a.dst)) };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };

	if (!is_v6(p))
		return sendto(p->fd, buf, n, 0, (struct sockaddr *)&to, sizeof(to));
	memcpy(&to6.sin6_addr, p->a.dst.b, 16);
	if (ipaddr_is_link_local(&p->a.dst))
		to6.sin6_scope_id = p->a.ifindex;
	return sendto(p->fd, buf, n, 0, (struct sockaddr *)&to6, sizeof(to6));
}

/* Sends the next request; the character for a failed send is IOS's 'U' or 'M'. */
static void send_next(struct ping *p)
{
	struct timeval wait = { .tv_sec = (time_t)p->a.timeout_sec };
	uint8_t buf[PING_MAX];
	struct wr w = wr_of(buf, p->a.size - (is_v6(p) ? 40 : sizeof(struct ip)));

	p->seq++;
	wr_u8(&w, is_v6(p) ? ICMP6_ECHO_REQUEST : ICMP_ECHO);
	wr_u8(&w, 0);
	wr_be16(&w, 0);
	wr_be16(&w, p->ident);
	wr_be16(&w, p->seq);
	while (!w.bad && w.p < w.end) /* 0xABCD, the pattern IOS fills with */
		wr_u8(&w, (wr_len(&w) & 1) ? 0xcd : 0xab);
	if (!is_v6(p)) /* of ICMPv6 the kernel makes it (RFC 3542 section 3.1) */
		wr_patch_be16(&w, 2, icmp_sum(buf, wr_len(&w)));
	p->sent++;
	p->sent_at_us = now_us();
	if (send_request(p, buf, wr_len(&w)) < 0) {
		p->sink.text(p->sink.ctx, errno == EMSGSIZE ? "M" : "U");
		/* not at once: a dead route must not spin the loop */
		wait = (struct timeval){ .tv_usec = 100000 };
		p->sent_at_us = 0;
	}
	event_add(p->timeout, &wait);
}

static void next_or_finish(struct ping *p)
{
	event_del(p->timeout);
	if (p->sent >= p->a.repeat)
		finish(p, true);
	else
		send_next(p);
}

static void on_timeout(evutil_socket_t fd, short what, void *ctx)
{
	struct ping *p = ctx;

	(void)fd;
	(void)what;
	if (p->sent_at_us)
		p->sink.text(p->sink.ctx, ".");
	next_or_finish(p);
}

/* True if the datagram answers the request on its way; *ret_c is what to print. */
static bool is_answer(struct ping *p, struct span d, char *ret_c)
{
	struct rd r = rd_span(d);
	size_t header = (size_t)(rd_u8(&r) & 15) * 4;

	if (header < 20 || rd_left(&r) < header)
		return false;
	rd_skip(&r, header - 1);
	uint8_t type = rd_u8(&r);
	rd_skip(&r, 3);
	if (type == ICMP_DEST_UNREACH) {
		/* the quoted datagram must be ours */
		rd_skip(&r, 4);
		size_t quoted = (size_t)(rd_u8(&r) & 15) * 4;
		if (quoted < 20)
			return false;
		rd_skip(&r, quoted - 1);
		type = rd_u8(&r) == ICMP_ECHO ? ICMP_DEST_UNREACH : 0xff;
		rd_skip(&r, 3);
	}
	uint16_t ident = rd_be16(&r), seq = rd_be16(&r);
	if (r.bad || ident != p->ident || seq != p->seq)
		return false;
	*ret_c = type == ICMP_ECHOREPLY ? '!' : 'U';
	return type == ICMP_ECHOREPLY || type == ICMP_DEST_UNREACH;
}

/* The same of ICMPv6, which comes without its IP header; what an error quotes begins with ours. */
static bool is_answer6(const struct ping *p, struct span d, char *ret_c)
{
	struct rd r = rd_span(d);
	uint8_t type = rd_u8(&r);

	rd_skip(&r, 3);
	if (type != ICMP6_ECHO_REPLY) {
		rd_skip(&r, 4 + 6);
		if (rd_u8(&r) != IPPROTO_ICMPV6)
			return false;
		rd_skip(&r, 33);
		if (rd_u8(&r) != ICMP6_ECHO_REQUEST)
			return false;
		rd_skip(&r, 3);
	}
	uint16_t ident = rd_be16(&r), seq = rd_be16(&r);
	if (r.bad || ident != p->ident || seq != p->seq)
		return false;
	/* as IOS: B is "packet too big", A is administratively */
	*ret_c = type == ICMP6_ECHO_REPLY ? '!' : type == ICMP6_PACKET_TOO_BIG ? 'B' : 'U';
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct ping *p = ctx;
	uint8_t buf[PING_MAX + 60];
	char c;

	(void)what;
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	struct span d = span_of(buf, n > 0 ? (size_t)n : 0);
	if (n <= 0 || !(is_v6(p) ? is_answer6(p, d, &c) : is_answer(p, d, &c)) || !p->sent_at_us)
		return;
	if (c == '!') {
		uint64_t us = now_us() - p->sent_at_us;

		p->received++;
		p->sum_us += us;
		if (us > p->max_us)
			p->max_us = us;
		if (us < p->min_us)
			p->min_us = us;
	}
	p->sink.text(p->sink.ctx, (char[]){ c, '\0' });
	next_or_finish(p);
}

static int open_socket(const struct ping_args *a, int *ret_fd)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);
	int df = a->df ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
	struct sockaddr_in from = { .sin_family = AF_INET };

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &df, sizeof(df)) < 0)
		goto fail;
	if (a->src.family == IP_V4) {
		from.sin_addr.s_addr = htonl(ipaddr_to_v4(&a->src));
		if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0)
			goto fail;
	}
	*ret_fd = fd;
	return 0;
fail:;
	int err = -errno;
	close(fd);
	return err;
}

static int open_socket6(const struct ping_args *a, int *ret_fd)
{
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	struct sockaddr_in6 from = { .sin6_family = AF_INET6 };
	struct icmp6_filter want;

	if (fd < 0)
		return -errno;
	ICMP6_FILTER_SETBLOCKALL(&want);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &want);
	ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &want);
	ICMP6_FILTER_SETPASS(ICMP6_PACKET_TOO_BIG, &want);
	ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &want);
	if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &want, sizeof(want)) < 0)
		goto fail;
	if (a->src.family == IP_V6) {
		memcpy(&from.sin6_addr, a->src.b, 16);
		if (ipaddr_is_link_local(&a->src))
			from.sin6_scope_id = a->ifindex;
		if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0)
			goto fail;
	}
	*ret_fd = fd;
	return 0;
fail:;
	int err = -errno;
	close(fd);
	return err;
}

static void print_heading(struct ping *p)
{
	char addr[IPADDR_STRLEN];
	struct txt t = TXT_INIT;

	txt_printf(&t, "Type escape sequence to abort.\nSending %u, %u-byte ICMP Echos to %s, "
		       "timeout is %u seconds:\n",
		   p->a.repeat, p->a.size, ipaddr_ios(&p->a.dst, addr), p->a.timeout_sec);
	if (p->a.src.family) /* only that of IPv4 has a blank behind it */
		txt_printf(&t, "Packet sent with a source address of %s%s\n",
			   ipaddr_ios(&p->a.src, addr), is_v6(p) ? "" : " ");
	if (p->a.df)
		txt_str(&t, "Packet sent with the DF bit set\n");
	p->sink.text(p->sink.ctx, txt_cstr(&t));
	txt_fini(&t);
}

int ping_start(struct event_base *base, const struct ping_args *args, const struct ping_sink *sink,
	       struct ping **ret_p)
{
	struct ping *p;
	int err;

	bool six = args->dst.family == IP_V6;

	if (args->size < (six ? PING_HEADERS6 : PING_HEADERS) || args->size > PING_MAX || !args->repeat)
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->a = *args;
	p->sink = *sink;
	p->base = base;
	p->min_us = UINT64_MAX;
	p->ident = (uint16_t)(now_us() ^ (uint64_t)getpid());
	p->fd = -1;
	err = six ? open_socket6(args, &p->fd) : open_socket(args, &p->fd);
	if (err)
		goto fail;
	err = -ENOMEM;
	p->readable = event_new(base, p->fd, EV_READ | EV_PERSIST, on_readable, p);
	p->timeout = evtimer_new(base, on_timeout, p);
	if (!p->readable || !p->timeout || event_add(p->readable, NULL))
		goto fail;
	*ret_p = p;
	print_heading(p);
	send_next(p);
	return 0;
fail:
	ping_free(p);
	return err;
}

void ping_stop(struct ping *p, bool print)
{
	finish(p, print);
}
