/* SPDX-License-Identifier: Apache-2.0 */
#include "control/probe.h"

#include <errno.h>
#include <string.h>

#include "control/ping.h"
#include "control/trace.h"

#define TRACE_PORT 33434 /* of the first probe, as everywhere */

struct ends {
	struct ipaddr dst, src;
	uint32_t ifindex;
};

/* Marks are for who reads them, and there may be four billion; what it came to is said in any case. */
static void put_text(void *ctx, const char *s)
{
	if (s[0] && (s[1] || session_has_room(ctx)))
		session_print(ctx, s);
}

static void done(void *ctx)
{
	session_resume(ctx, false);
}

static void stop_ping(void *self, bool print)
{
	ping_stop(self, print);
}

static void stop_trace(void *self, bool print)
{
	trace_stop(self, print);
}

/* From where to where. False after a message. */
static bool ends_of(struct exec_io *io, const struct exec_args *a, struct ends *ret)
{
	struct ends e = { .dst = a->addr, .src = a->addr2 };
	const struct bound_if *b;
	bool ipv6;

	if (ipaddr_is_link_local(&e.dst) && !a->ifname[0]) {
		txt_printf(io->out, "%% Interface has to be specified for a link-local address: source IFNAME\n");
		return false;
	}
	if (!e.dst.family && !ipaddr_parse_v4(a->text, &e.dst)) {
		txt_printf(io->out, "%% Unrecognized host or address, or protocol not running.\n");
		return false;
	}
	if (a->ifname[0]) {
		b = bound_find(io->c->ifs, io->c->n_ifs, a->ifname);
		ipv6 = e.dst.family == IP_V6;
		if (!b || !(ipv6 ? b->addr6 : b->addr).family) {
			txt_printf(io->out, "%% Invalid source interface - %s has no %s address\n", a->ifname,
				   ipv6 ? "IPv6" : "IP");
			return false;
		}
		e.src = ipv6 ? b->addr6 : b->addr;
		e.ifindex = b->ifindex;
		/* its neighbours know it by that of its own link only */
		if (ipaddr_is_link_local(&e.dst))
			e.src = (struct ipaddr){ 0 };
	}
	*ret = e;
	return true;
}

static int begin_ping(struct exec_io *io, const struct exec_args *a, const struct ends *e)
{
	const struct ping_args p = { .dst = e->dst, .src = e->src, .ifindex = e->ifindex,
				     .repeat = a->repeat ? a->repeat : 5, .size = a->size ? a->size : 100,
				     .timeout_sec = a->timeout_sec ? a->timeout_sec : 2, .df = a->df };
	const struct ping_sink sink = { put_text, done, io->s };
	struct ping *running;
	int err = ping_start(io->c->base, &p, &sink, &running);

	if (!err)
		session_set_runner(io->s, running, stop_ping);
	return err;
}

static int begin_trace(struct exec_io *io, const struct exec_args *a, const struct ends *e)
{
	const struct trace_args t = { .dst = e->dst, .src = e->src, .ifindex = e->ifindex,
				      .min_ttl = (uint8_t)(a->number ? a->number : 1),
				      .max_ttl = (uint8_t)(a->number2 ? a->number2 : 30),
				      .probes = (uint16_t)(a->repeat ? a->repeat : 3),
				      .port = (uint16_t)(a->size ? a->size : TRACE_PORT),
				      .timeout_sec = a->timeout_sec ? a->timeout_sec : 3 };
	const struct ping_sink sink = { put_text, done, io->s };
	struct trace *running;
	int err = trace_start(io->c->base, &t, &sink, &running);

	if (!err)
		session_set_runner(io->s, running, stop_trace);
	return err;
}

bool probe_cmd(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error)
{
	struct ends e;
	int err;

	*ret_error = true;
	if (action == EXEC_PING && !a->addr.family && !a->text[0]) {
		*ret_error = probe_ask(io) != 0;
		if (*ret_error)
			txt_str(io->out, "% Low on memory; try again later\n");
		return false;
	}
	if (!ends_of(io, a, &e))
		return false;
	if (action == EXEC_TRACEROUTE && a->number > a->number2) {
		txt_str(io->out, "% Invalid minimum/maximum TTL\n");
		return false;
	}
	err = action == EXEC_PING ? begin_ping(io, a, &e) : begin_trace(io, a, &e);
	if (err) {
		txt_printf(io->out,
			   err == -EADDRNOTAVAIL ?
				   "%% Invalid source address- IP address not on any of our up interfaces\n" :
				   "%% %s: %s\n",
			   action == EXEC_PING ? "ping" : "traceroute", strerror(-err));
		return false;
	}
	*ret_error = false;
	return true;
}
