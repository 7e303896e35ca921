/* SPDX-License-Identifier: Apache-2.0 */
/* The IKE core alone, on real sockets, for tests against real peers: UDP 500 and
 * 4500 of the namespace it runs in, commands on standard input, each action of the
 * core as one line of JSON on standard output. There is no data path: an SA that
 * is negotiated is printed, keys included, and no packet ever uses it.
 *
 *   acquire ID            a packet of policy ID has no SA
 *   expire ID soft|hard [unused]
 *   clear isakmp|sa       what the IOS commands do
 *   unknown-spi PEER SPI  ESP of the peer that nobody knows
 *   configure             reads the configuration file again
 *   skip SECONDS          lets this side's clock jump
 *   sas | pairs | story ID
 *   quit                  as at the end of input: deletes everything at the peer */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ikedrv.h"

#define MAX_JOBS 256
#define WORK_MS	 30 /* public-key work is told within so long, in any order */

struct job {
	uint64_t at_ms;
	struct ike_worked done;
};

struct driver {
	const char *file;
	struct drv_config cfg;
	struct ike *ike;
	int udp[2]; /* port 500 and 4500 */
	uint64_t skipped_ms;
	size_t sent, received;
	struct ike_env env;
	struct ike_crypto *crypto;
	struct job *job[MAX_JOBS];
	size_t n_jobs;
};

static const uint16_t ports[2] = { 500, 4500 };

static void fill(void *ctx, void *p, size_t n)
{
	(void)ctx;
	if (getrandom(p, n, 0) != (ssize_t)n)
		abort();
}

static uint64_t now_ms(const struct driver *d)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + d->skipped_ms;
}

union end {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t end_of(const struct ipaddr *a, uint16_t port, union end *ret)
{
	if (a->family == IP_V6) {
		ret->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		memcpy(&ret->v6.sin6_addr, a->b, 16);
		return sizeof(ret->v6);
	}
	ret->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	memcpy(&ret->v4.sin_addr, a->b, 4);
	return sizeof(ret->v4);
}

static int udp_bound(const struct ipaddr *local, uint16_t port)
{
	union end a;
	socklen_t len = end_of(local, port, &a);
	int fd = socket(a.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, &a.any, len)) {
		fprintf(stderr, "ikedrv: UDP %u: %s\n", port, strerror(errno));
		exit(1);
	}
	return fd;
}

/* On UDP 4500 an IKE message stands behind four zero bytes (RFC 3948 section 2.2). */
static void send_datagram(struct driver *d, const struct ike_path *path, struct span data)
{
	union end to;
	socklen_t to_len = end_of(&path->remote, path->remote_port, &to);
	bool marked = path->local_port == 4500 && data.len > 1;
	uint8_t buf[65535] = { 0 };
	size_t skip = marked ? 4 : 0;

	if (data.len > sizeof(buf) - skip)
		abort();
	memcpy(buf + skip, data.p, data.len);
	if (sendto(d->udp[path->local_port == 4500], buf, skip + data.len, 0,
		   &to.any, to_len) < 0)
		drv_print_text("send-error", strerror(errno));
	d->sent++;
}

static void receive(struct driver *d, int i)
{
	struct ike_path path = { .local = d->cfg.local, .local_port = ports[i] };
	union end from;
	socklen_t from_len = sizeof(from);
	uint8_t buf[65535];
	size_t skip = i ? 4 : 0;
	ssize_t n = recvfrom(d->udp[i], buf, sizeof(buf), MSG_DONTWAIT, &from.any, &from_len);

	/* ESP and keepalives come here too; only the marker makes a datagram IKE's */
	if (n < (ssize_t)skip || (i && memcmp(buf, "\0\0\0", 4) != 0))
		return;
	if (from.any.sa_family == AF_INET6)
		path.remote = ipaddr_v6(from.v6.sin6_addr.s6_addr);
	else
		path.remote = ipaddr_v4(ntohl(from.v4.sin_addr.s_addr));
	path.remote_port = ntohs(from.any.sa_family == AF_INET6 ? from.v6.sin6_port : from.v4.sin_port);
	d->received++;
	/* an exactly sized heap block, so that a sanitizer sees one byte too many */
	size_t len = (size_t)n - skip;
	uint8_t *heap = malloc(len ? len : 1);
	if (!heap)
		abort();
	memcpy(heap, buf + skip, len);
	ike_datagram(d->ike, now_ms(d), &path, span_of(heap, len));
	free(heap);
}

static void put_work(struct driver *d, const struct ike_work *w)
{
	struct job *j = calloc(1, sizeof(*j));
	uint8_t lot;

	if (!j || d->n_jobs == MAX_JOBS)
		abort();
	fill(NULL, &lot, 1);
	j->at_ms = now_ms(d) + lot % (WORK_MS + 1);
	ike_work_do(&d->env, d->crypto, w, &j->done);
	d->job[d->n_jobs++] = j;
}

/* Tells what is done by now. */
static void tell_work(struct driver *d)
{
	for (size_t i = 0; i < d->n_jobs;) {
		struct job *j = d->job[i];

		if (j->at_ms > now_ms(d)) {
			i++;
			continue;
		}
		d->job[i] = d->job[--d->n_jobs];
		ike_worked(d->ike, now_ms(d), &j->done);
		free(j);
	}
}

static void carry_out(struct driver *d)
{
	static const uint8_t keepalive = 0xff;
	struct ike_action a;

	while (ike_next_action(d->ike, &a)) {
		if (a.type == IKE_ACT_SEND)
			send_datagram(d, &a.path, a.data);
		else if (a.type == IKE_ACT_NAT_KEEPALIVE)
			send_datagram(d, &a.path, span_of(&keepalive, 1));
		else if (a.type == IKE_ACT_WORK)
			put_work(d, a.work);
		if (a.type != IKE_ACT_WORK)
			drv_print_action(&a);
	}
}

static void configure(struct driver *d)
{
	drv_config_free(&d->cfg);
	if (drv_config_read(d->file, &d->cfg) || ike_configure(d->ike, &d->cfg.ike, now_ms(d))) {
		fprintf(stderr, "ikedrv: %s is no configuration\n", d->file);
		exit(1);
	}
}

static void acquire(struct driver *d, uint32_t id)
{
	for (size_t i = 0; i < d->cfg.ike.n_p2; i++) {
		const struct p2_policy *p = &d->cfg.ike.p2[i];
		struct flow f = { p->sel.local.addr, p->sel.remote.addr, p->sel.proto, true,
				  p->sel.local_port.lo, p->sel.remote_port.lo };
		if (p->id == id)
			ike_acquire(d->ike, now_ms(d), id, &f);
	}
}

static void unknown_spi(struct driver *d, const char *peer, const char *spi)
{
	struct ipaddr a;

	if (ipaddr_parse(peer, &a))
		ike_unknown_spi(d->ike, now_ms(d), &a, PROTO_ESP, (uint32_t)strtoul(spi, NULL, 16));
}

/* False for `quit`. */
static bool command(struct driver *d, const char *line)
{
	char word[4][64] = { { 0 } };
	int n = sscanf(line, "%63s %63s %63s %63s", word[0], word[1], word[2], word[3]);
	uint32_t number = (uint32_t)strtoul(word[1], NULL, 10);

	if (n < 1)
		return true;
	if (!strcmp(word[0], "quit"))
		return false;
	if (!strcmp(word[0], "acquire"))
		acquire(d, number);
	else if (!strcmp(word[0], "expire"))
		ike_expire(d->ike, now_ms(d), number, !strcmp(word[2], "hard"),
			   strcmp(word[3], "unused") != 0);
	else if (!strcmp(word[0], "clear") && !strcmp(word[1], "isakmp"))
		ike_clear_isakmp(d->ike, now_ms(d), 0);
	else if (!strcmp(word[0], "clear"))
		ike_clear_ipsec(d->ike, now_ms(d), NULL, NULL, 0);
	else if (!strcmp(word[0], "unknown-spi"))
		unknown_spi(d, word[1], word[2]);
	else if (!strcmp(word[0], "configure"))
		configure(d);
	else if (!strcmp(word[0], "skip"))
		d->skipped_ms += (uint64_t)number * 1000;
	else if (!strcmp(word[0], "sas"))
		drv_print_sas(d->ike, now_ms(d));
	else if (!strcmp(word[0], "pairs"))
		drv_print_pairs(d->ike);
	else if (!strcmp(word[0], "story"))
		drv_print_text("story", ike_policy_story(d->ike, number));
	else
		drv_print_text("unknown-command", line);
	carry_out(d);
	drv_print_text("done", word[0]);
	return true;
}

/* One whole line at a time: the reader of the answers waits for each. */
static bool commands(struct driver *d)
{
	static char buf[4096];
	static size_t len;
	ssize_t n = read(0, buf + len, sizeof(buf) - 1 - len);
	char *end;

	if (n <= 0)
		return false;
	len += (size_t)n;
	buf[len] = '\0';
	while ((end = memchr(buf, '\n', len))) {
		*end = '\0';
		if (!command(d, buf))
			return false;
		len -= (size_t)(end + 1 - buf);
		memmove(buf, end + 1, len + 1);
	}
	return true;
}

static int wait_ms(const struct driver *d)
{
	uint64_t next = ike_next_ms(d->ike), now = now_ms(d);

	for (size_t i = 0; i < d->n_jobs; i++)
		next = d->job[i]->at_ms < next ? d->job[i]->at_ms : next;
	if (next == UINT64_MAX)
		return -1;
	return next <= now ? 0 : next - now > 60000 ? 60000 : (int)(next - now);
}

static void serve(struct driver *d)
{
	struct pollfd fds[3] = { { 0, POLLIN, 0 }, { d->udp[0], POLLIN, 0 }, { d->udp[1], POLLIN, 0 } };

	for (;;) {
		if (poll(fds, 3, wait_ms(d)) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < 2; i++)
			if (fds[i + 1].revents)
				receive(d, i);
		carry_out(d);
		tell_work(d); /* before the timers: the clock may have been moved beyond both */
		ike_tick(d->ike, now_ms(d));
		carry_out(d);
		if (fds[0].revents && !commands(d))
			return;
	}
}

int main(int argc, char **argv)
{
	struct driver d = { 0 };
	const struct ike_env env = { .random = fill, .export_keys = true, .ctx = &d.cfg, .sign = drv_pki_sign,
				     .verify = drv_pki_verify, .defer = true };

	if (argc != 2) {
		fprintf(stderr, "usage: ikedrv CONFIG\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	d.file = argv[1];
	d.env = env;
	d.crypto = ike_crypto_new();
	d.ike = ike_new(&env);
	if (!d.ike || !d.crypto)
		return 1;
	configure(&d);
	for (int i = 0; i < 2; i++)
		d.udp[i] = udp_bound(&d.cfg.local, ports[i]);
	ike_set_debug(d.ike, IKE_DEBUG_ISAKMP | IKE_DEBUG_IPSEC);
	drv_print_text("ready", d.file);
	serve(&d);
	d.cfg.ike.enabled = false;
	ike_configure(d.ike, &d.cfg.ike, now_ms(&d));
	carry_out(&d);
	ike_free(d.ike);
	while (d.n_jobs)
		free(d.job[--d.n_jobs]);
	ike_crypto_free(d.crypto);
	drv_config_free(&d.cfg);
	return 0;
}
