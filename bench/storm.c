/* SPDX-License-Identifier: Apache-2.0 */
/* Many peers that begin at once, against a router over real sockets, while one that is up
 * already asks whether it is alive: how long until all are up, and how long its answers take.
 *
 * storm ROUTER PEERS GROUP PFS SECONDS
 * Peer i has an address of 10.128.0.0/9 and the LAN 20.0.0.0 + 16 i /28; the router's LAN is
 * 172.16.0.0/16, its key `secretkey`, its policy aes 128, sha, and that group; PFS 0 or 1. A peer's
 * own key exchange costs nothing here: its private number is one, so that the public value is
 * the generator and the secret what the router has sent. MODP groups only. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ike/internal.h"

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define MAX_PEERS  4000
#define PROBE_MS   20
#define MAX_PROBES 20000
#define BUSY_SEC   2 /* what is asked later is not counted: it waits for peers that were turned away */

static struct {
	struct ike *ike;
	struct ipaddr router;
	size_t n, up, installed;
	int fd;
	struct {
		double sent, took; /* seconds; took 0: no answer */
	} probe[MAX_PROBES];
	size_t n_probes;
	bool waits;
} s;

static double real_sec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void fill(void *ctx, void *p, size_t n)
{
	(void)ctx;
	if (getrandom(p, n, 0) != (ssize_t)n)
		abort();
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Eight in one /24: a router lets in no more than sixteen that have not proved themselves. */
static struct ipaddr peer_addr(size_t i)
{
	return ipaddr_v4(A(10, 128, 0, 1) + (uint32_t)(i / 8 * 256 + i % 8));
}

/* ---- the peers ---- */

static void configure(uint16_t group, bool pfs)
{
	const struct p1_policy p1 = { .priority = 10, .cipher = CIPHER_AES_CBC, .cipher_bits = 128,
				      .hash = HASH_SHA1, .auth = IKE_AUTH_PSK, .group = group,
				      .life_sec = 86400 };
	const struct psk_entry psk = { .addr = s.router, .mask_len = 32, .key_len = 9, .key = "secretkey" };
	struct p2_policy *p2 = calloc(s.n, sizeof(*p2));
	struct ike_config c = { .enabled = true, .nat_traversal = false, .p1 = &p1, .n_p1 = 1,
				.psk = &psk, .n_psk = 1, .p2 = p2, .n_p2 = s.n };

	if (!p2)
		die("memory");
	for (size_t i = 0; i < s.n; i++)
		p2[i] = (struct p2_policy){
			.id = (uint32_t)i + 1, .ifid = 1, .map = "M", .seq = (uint32_t)i + 1,
			.local = peer_addr(i), .n_peers = 1, .peers = { s.router }, .n_transforms = 1,
			.transforms = { { .name = "T", .mode = MODE_TUNNEL, .cipher = CIPHER_AES_CBC,
					  .cipher_bits = 128, .esp_auth = AUTH_HMAC_SHA1_96 } },
			.life_sec = 3600, .life_kb = 4608000, .replay_window = 64,
			.pfs_group = pfs ? group : 0,
			.sel = { .local = addr_match_v4(A(20, 0, 0, 0) + ((uint32_t)i << 4), 0xf),
				 .remote = addr_match_v4(A(172, 16, 0, 0), 0xffff) },
		};
	if (ike_configure(s.ike, &c, now_ms()))
		die("configuration");
	free(p2);
}

/* The private number is one. */
static void work(const struct ike_work *w)
{
	struct ike_worked r = { .id = w->id };

	r.len[0] = ike_dh_len(w->group);
	r.out[0][r.len[0] - 1] = 2;
	r.len[1] = w->len[0];
	memcpy(r.out[1], w->in[0], w->len[0]);
	ike_worked(s.ike, now_ms(), &r);
}

/* ---- the wire ---- */

static void send_from(const struct ike_path *path, struct span d)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(path->remote_port) };
	struct in_pktinfo from = { 0 };
	union {
		struct cmsghdr h;
		char b[CMSG_SPACE(sizeof(from))];
	} u = { 0 };
	struct iovec io = { (void *)d.p, d.len };
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &io, .msg_iovlen = 1,
			    .msg_control = u.b, .msg_controllen = sizeof(u.b) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	memcpy(&to.sin_addr, path->remote.b, 4);
	memcpy(&from.ipi_spec_dst, path->local.b, 4);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(from));
	memcpy(CMSG_DATA(c), &from, sizeof(from));
	(void)sendmsg(s.fd, &m, 0);
}

static void drain(void)
{
	struct ike_action a;

	while (ike_next_action(s.ike, &a)) {
		if (a.type == IKE_ACT_SEND)
			send_from(&a.path, a.data);
		else if (a.type == IKE_ACT_WORK)
			work(a.work);
		else if (a.type == IKE_ACT_SA_ADD)
			s.installed += a.spec->dir == SA_OUT;
	}
}

/* The kernel says when it came: this program may have been busy. */
static bool receive(void)
{
	uint8_t buf[4096];
	char control[256];
	struct sockaddr_in from;
	struct iovec io = { buf, sizeof(buf) };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &io, .msg_iovlen = 1,
			    .msg_control = control, .msg_controllen = sizeof(control) };
	struct ike_path path = { .local_port = 500 };
	struct timespec at = { 0 };
	ssize_t n = recvmsg(s.fd, &m, MSG_DONTWAIT);

	if (n < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo to;

			memcpy(&to, CMSG_DATA(c), sizeof(to));
			path.local = ipaddr_v4(ntohl(to.ipi_addr.s_addr));
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&at, CMSG_DATA(c), sizeof(at));
		}
	}
	path.remote = ipaddr_v4(ntohl(from.sin_addr.s_addr));
	path.remote_port = ntohs(from.sin_port);
	const struct ipaddr first = peer_addr(0);
	if (s.waits && n > 28 && buf[18] == EX_INFO && ipaddr_equal(&path.local, &first)) {
		s.waits = false;
		s.probe[s.n_probes - 1].took =
			(double)at.tv_sec + (double)at.tv_nsec / 1e9 - s.probe[s.n_probes - 1].sent;
	}
	ike_datagram(s.ike, now_ms(), &path, span_of(buf, (size_t)n));
	drain();
	return true;
}

static void open_socket(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(500) };
	int on = 1, room = 8 << 20;

	s.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s.fd < 0 || setsockopt(s.fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) ||
	    setsockopt(s.fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    setsockopt(s.fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    bind(s.fd, (struct sockaddr *)(void *)&any, sizeof(any)))
		die("UDP 500");
}

/* ---- the run ---- */

/* R-U-THERE of the first peer, whenever the last one is answered or too old. */
static void probe(void)
{
	const struct ipaddr first = peer_addr(0);
	struct ike_sa *sa = sa_up_for(s.ike, &first, &s.router);
	uint8_t b[20];
	struct wr w = wr_of(b, sizeof(b));

	if (!sa || s.n_probes == MAX_PROBES)
		return;
	if (s.waits && real_sec() - s.probe[s.n_probes - 1].sent < 2)
		return;
	wr_bytes(&w, sa->i_cookie, 8);
	wr_bytes(&w, sa->r_cookie, 8);
	wr_be32(&w, ++sa->dpd.seq & UINT32_C(0x7fffffff));
	s.ike->now_ms = now_ms();
	info_notify(sa, 1, span_of(b, 16), NT_R_U_THERE, span_of(b + 16, 4));
	s.probe[s.n_probes].sent = real_sec();
	s.probe[s.n_probes++].took = 0;
	s.waits = true;
	drain();
}

/* Until `enough` SAs are in, or the time is over. */
static void run(uint64_t until_ms, size_t enough, bool probes)
{
	uint64_t probe_at = now_ms();

	while (now_ms() < until_ms && s.installed < enough) {
		struct pollfd p = { s.fd, POLLIN, 0 };
		uint64_t now = now_ms(), next = ike_next_ms(s.ike);

		if (probes && now >= probe_at) {
			probe_at = now + PROBE_MS;
			probe();
		}
		next = probes && probe_at < next ? probe_at : next;
		(void)poll(&p, 1, next <= now ? 0 : next - now > 100 ? 100 : (int)(next - now));
		for (unsigned i = 0; i < 16 && receive(); i++)
			;
		ike_tick(s.ike, now_ms());
		drain();
	}
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* One line that a script reads. */
static void report(double took)
{
	static double v[MAX_PROBES];
	size_t n = 0, lost = 0;

	for (size_t i = 0; i < s.n_probes && s.probe[i].sent < s.probe[0].sent + BUSY_SEC; i++) {
		if (s.probe[i].took > 0)
			v[n++] = s.probe[i].took * 1000;
		else
			lost++;
	}
	qsort(v, n, sizeof(v[0]), by_size);
	printf("up %zu of %zu in %.3f s; dpd %zu answers, %zu none, median %.3f ms, worst %.3f ms\n",
	       s.installed, s.n, took, n, lost, n ? v[n / 2] : 0, n ? v[n - 1] : 0);
}

int main(int argc, char **argv)
{
	static const struct ike_env env = { .random = fill, .defer = true };
	static const struct flow any;
	unsigned group = argc == 6 ? (unsigned)atoi(argv[3]) : 0;

	s.n = argc == 6 ? (size_t)atoi(argv[2]) : 0;
	if (!s.n || s.n > MAX_PEERS || !ike_dh_len(group) || !ipaddr_parse(argv[1], &s.router)) {
		fprintf(stderr, "usage: storm ROUTER PEERS GROUP PFS SECONDS\n");
		return 2;
	}
	open_socket();
	s.ike = ike_new(&env);
	if (!s.ike)
		die("memory");
	configure((uint16_t)group, atoi(argv[4]) != 0);
	ike_acquire(s.ike, now_ms(), 1, &any);
	drain();
	run(now_ms() + 10000, 1, false);
	if (!s.installed) {
		fprintf(stderr, "the first peer does not come up\n");
		return 1;
	}
	run(now_ms() + 1000, SIZE_MAX, true);
	report(0); /* at rest */
	s.n_probes = 0;
	s.waits = false;
	fflush(stdout);
	(void)getchar(); /* who measures says when */
	double t0 = real_sec();
	for (size_t i = 1; i < s.n; i++)
		ike_acquire(s.ike, now_ms(), (uint32_t)i + 1, &any);
	drain();
	run(now_ms() + (uint64_t)atoi(argv[5]) * 1000, s.n, true);
	report(real_sec() - t0);
	ike_free(s.ike);
	close(s.fd);
	return s.installed == s.n ? 0 : 1;
}
