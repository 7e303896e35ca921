/* SPDX-License-Identifier: Apache-2.0 */
#include "control/trace.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>

#include "base/txt.h"

/* Timers: `timeout` of the probe under way; SOON after one that could not be sent. */
#define SOON_US 100000

struct trace {
	struct trace_args a;
	struct ping_sink sink;
	struct event *readable, *timeout;
	int fd;
	uint8_t ttl;
	uint16_t probe; /* of this TTL, from 1; 0: none yet */
	uint16_t port;	/* of the probe under way */
	uint64_t sent_at_us; /* 0: it could not be sent */
	struct ipaddr last;  /* who has answered at this TTL; IP_NONE: nobody */
	bool over;	     /* the destination, or somebody who says that there is no way */
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void trace_free(struct trace *t)
{
	if (!t)
		return;
	if (t->readable)
		event_free(t->readable);
	if (t->timeout)
		event_free(t->timeout);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

static void finish(struct trace *t, bool print)
{
	struct ping_sink sink = t->sink;

	if (print)
		sink.text(sink.ctx, "\n");
	trace_free(t);
	sink.done(sink.ctx);
}

static bool is_v6(const struct trace *t)
{
	return t->a.dst.family == IP_V6;
}

/* ---- the next probe ---- */

static socklen_t address(const struct ipaddr *a, uint32_t ifindex, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (a->family != IP_V6) {
		v4->sin_family = AF_INET;
		v4->sin_addr.s_addr = a->family ? htonl(ipaddr_to_v4(a)) : 0;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	memcpy(&v6->sin6_addr, a->b, 16);
	v6->sin6_port = htons(port);
	if (ipaddr_is_link_local(a))
		v6->sin6_scope_id = ifindex;
	return sizeof(*v6);
}

static bool send_probe(const struct trace *t)
{
	static const uint8_t data[8]; /* IOS sends as little */
	struct sockaddr_storage to;
	socklen_t len = address(&t->a.dst, t->a.ifindex, t->port, &to);
	int ttl = t->ttl;

	if (setsockopt(t->fd, is_v6(t) ? IPPROTO_IPV6 : IPPROTO_IP, is_v6(t) ? IPV6_UNICAST_HOPS : IP_TTL, &ttl, sizeof(ttl)))
		return false;
	/* the first may fail for what became of the probe before */
	return sendto(t->fd, data, sizeof(data), 0, (struct sockaddr *)&to, len) >= 0 ||
	       sendto(t->fd, data, sizeof(data), 0, (struct sockaddr *)&to, len) >= 0;
}

static void next(struct trace *t)
{
	struct timeval wait = { .tv_sec = (time_t)t->a.timeout_sec };
	char hop[8];

	if (t->probe == t->a.probes) {
		if (t->over || t->ttl == t->a.max_ttl) {
			finish(t, true);
			return;
		}
		t->ttl++;
		t->probe = 0;
		t->last = (struct ipaddr){ 0 };
		t->sink.text(t->sink.ctx, "\n");
	}
	if (!t->probe) {
		snprintf(hop, sizeof(hop), "%3u ", t->ttl);
		t->sink.text(t->sink.ctx, hop);
	}
	t->probe++;
	t->port++;
	t->sent_at_us = now_us();
	if (!send_probe(t)) {
		t->sent_at_us = 0;
		wait = (struct timeval){ .tv_usec = SOON_US };
	}
	event_add(t->timeout, &wait);
}

static void on_timeout(evutil_socket_t fd, short what, void *ctx)
{
	struct trace *t = ctx;

	(void)fd;
	(void)what;
	t->sink.text(t->sink.ctx, " * ");
	next(t);
}

/* ---- answers ---- */

/* IOS's letter for an unreachable that ends the way; 0: it is the port, so that the destination is reached. */
static char letter(bool six, uint8_t code)
{
	static const char v4[] = { [ICMP_NET_UNREACH] = 'N', [ICMP_HOST_UNREACH] = 'H', [ICMP_PROT_UNREACH] = 'P',
				   [ICMP_PORT_UNREACH] = 0,  [ICMP_PKT_FILTERED] = 'A', [ICMP_NET_ANO] = 'A',
				   [ICMP_HOST_ANO] = 'A' };
	static const char v6[] = { [ICMP6_DST_UNREACH_NOROUTE] = 'N', [ICMP6_DST_UNREACH_ADMIN] = 'A',
				   [ICMP6_DST_UNREACH_ADDR] = 'H', [ICMP6_DST_UNREACH_NOPORT] = 0 };

	if (six)
		return code == ICMP6_DST_UNREACH_NOPORT ? 0 : code < sizeof(v6) && v6[code] ? v6[code] : 'U';
	return code == ICMP_PORT_UNREACH ? 0 : code < sizeof(v4) && v4[code] ? v4[code] : 'U';
}

static void say(struct trace *t, const struct ipaddr *who, char bang)
{
	struct txt out = TXT_INIT;
	char buf[IPADDR_STRLEN];

	if (!ipaddr_equal(who, &t->last))
		txt_printf(&out, "%s%s", t->last.family ? "\n    " : "", ipaddr_ios(who, buf));
	if (bang)
		txt_printf(&out, " !%c ", bang);
	else
		txt_printf(&out, " %llu msec", (unsigned long long)((now_us() - t->sent_at_us + 999) / 1000));
	t->last = *who;
	t->sink.text(t->sink.ctx, txt_cstr(&out));
	txt_fini(&out);
}

static struct ipaddr offender(const struct sock_extended_err *e)
{
	const struct sockaddr *sa = SO_EE_OFFENDER(e);
	struct ipaddr a = { 0 };

	if (sa->sa_family == AF_INET) {
		a = ipaddr_v4(ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr));
	} else if (sa->sa_family == AF_INET6) {
		a.family = IP_V6;
		memcpy(a.b, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
	}
	return a;
}

/* What is queued about the probe under way; false: nothing. */
static bool take(struct trace *t, struct msghdr *m, uint16_t port)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		const struct sock_extended_err *e = (const void *)CMSG_DATA(c);
		bool six = c->cmsg_level == IPPROTO_IPV6;
		struct ipaddr who;

		if (c->cmsg_type != (six ? IPV6_RECVERR : IP_RECVERR) || c->cmsg_len < CMSG_LEN(sizeof(*e)) ||
		    e->ee_origin != (six ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP) || port != t->port || !t->sent_at_us)
			continue;
		who = offender(e);
		bool dropped = e->ee_type == (six ? ICMP6_TIME_EXCEEDED : ICMP_TIME_EXCEEDED);
		bool unreach = e->ee_type == (six ? ICMP6_DST_UNREACH : ICMP_DEST_UNREACH);
		if (!who.family || (!dropped && !unreach))
			continue;
		say(t, &who, unreach ? letter(six, e->ee_code) : 0);
		t->over |= unreach;
		return true;
	}
	return false;
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct trace *t = ctx;
	struct sockaddr_storage to = { 0 };
	_Alignas(struct cmsghdr) uint8_t control[512];
	uint8_t data[64];
	struct iovec io = { data, sizeof(data) };
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &io, .msg_iovlen = 1,
			    .msg_control = control, .msg_controllen = sizeof(control) };

	(void)what;
	if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
		/* somebody does listen there, and answers */
		m = (struct msghdr){ .msg_iov = &io, .msg_iovlen = 1 };
		(void)recvmsg(fd, &m, MSG_DONTWAIT);
		return;
	}
	/* the port stands at the same place in both families */
	if (take(t, &m, ntohs(((const struct sockaddr_in *)(const void *)&to)->sin_port))) {
		event_del(t->timeout);
		next(t);
	}
}

/* ---- begin, end ---- */

static int open_socket(const struct trace_args *a, int *ret_fd)
{
	bool six = a->dst.family == IP_V6;
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	struct sockaddr_storage from;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_RECVERR : IP_RECVERR, &on, sizeof(on)) ||
	    (a->src.family && bind(fd, (struct sockaddr *)&from, address(&a->src, a->ifindex, 0, &from)))) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

static void print_heading(const struct trace *t)
{
	char addr[IPADDR_STRLEN];
	struct txt out = TXT_INIT;

	txt_printf(&out, "Type escape sequence to abort.\nTracing the route to %s\n%s", ipaddr_ios(&t->a.dst, addr),
		   is_v6(t) ? "\n" : "VRF info: (vrf in name/id, vrf out name/id)\n");
	t->sink.text(t->sink.ctx, txt_cstr(&out));
	txt_fini(&out);
}

int trace_start(struct event_base *base, const struct trace_args *args, const struct ping_sink *sink,
		struct trace **ret_t)
{
	struct trace *t;
	int err;

	if (!args->min_ttl || args->max_ttl < args->min_ttl || !args->probes)
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->a = *args;
	t->sink = *sink;
	t->ttl = args->min_ttl;
	t->port = (uint16_t)(args->port - 1);
	t->fd = -1;
	err = open_socket(args, &t->fd);
	if (err)
		goto fail;
	err = -ENOMEM;
	t->readable = event_new(base, t->fd, EV_READ | EV_PERSIST, on_readable, t);
	t->timeout = evtimer_new(base, on_timeout, t);
	if (!t->readable || !t->timeout || event_add(t->readable, NULL))
		goto fail;
	*ret_t = t;
	print_heading(t);
	next(t);
	return 0;
fail:
	trace_free(t);
	return err;
}

void trace_stop(struct trace *t, bool print)
{
	finish(t, print);
}
