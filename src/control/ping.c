/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ping.h"

#include <errno.h>
#include <event2/event.h>
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
#define PING_HEADERS 28	   /* IP and ICMP headers, part of `size` */

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
			   p->sent ? p->received * 100 / p->sent : 0, p->received, p->sent);
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

/* Sends the next request; the character for a failed send is IOS's 'U' or 'M'. */
static void send_next(struct ping *p)
{
	struct timeval wait = { .tv_sec = (time_t)p->a.timeout_sec };
	uint8_t buf[PING_MAX];
	struct wr w = wr_of(buf, p->a.size - sizeof(struct ip));
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(ipaddr_to_v4(&p->a.dst)) };

	p->seq++;
	wr_u8(&w, ICMP_ECHO);
	wr_u8(&w, 0);
	wr_be16(&w, 0);
	wr_be16(&w, p->ident);
	wr_be16(&w, p->seq);
	while (!w.bad && w.p < w.end) /* 0xABCD, the pattern IOS fills with */
		wr_u8(&w, (wr_len(&w) & 1) ? 0xcd : 0xab);
	wr_patch_be16(&w, 2, icmp_sum(buf, wr_len(&w)));
	p->sent++;
	p->sent_at_us = now_us();
	if (sendto(p->fd, buf, wr_len(&w), 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
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

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct ping *p = ctx;
	uint8_t buf[PING_MAX + 60];
	char c;

	(void)what;
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n <= 0 || !is_answer(p, span_of(buf, (size_t)n), &c) || !p->sent_at_us)
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

static void print_heading(struct ping *p)
{
	char addr[IPADDR_STRLEN];
	struct txt t = TXT_INIT;

	txt_printf(&t, "Type escape sequence to abort.\nSending %u, %u-byte ICMP Echos to %s, "
		       "timeout is %u seconds:\n",
		   p->a.repeat, p->a.size, ipaddr_ios(&p->a.dst, addr), p->a.timeout_sec);
	if (p->a.src.family == IP_V4)
		txt_printf(&t, "Packet sent with a source address of %s \n",
			   ipaddr_ios(&p->a.src, addr));
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

	if (args->size < PING_HEADERS || args->size > PING_MAX || !args->repeat)
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
	err = open_socket(args, &p->fd);
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
