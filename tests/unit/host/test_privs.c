/* SPDX-License-Identifier: Apache-2.0 */
/* What the two processes may do once they gave up the rest. Each attempt is made in
 * a child of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "host/os.h"
#include "host/ports.h"
#include "host/privs.h"
#include "host/sockets.h"
#include "netns.h"
#include "netns.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED
#endif

#define OURS (1ull << CAP_NET_ADMIN | 1ull << CAP_NET_RAW | 1ull << CAP_NET_BIND_SERVICE)

/* The wait status of a child that does that. */
static int status_of(int (*run)(void))
{
	int st = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run());
	assert_int_equal(waitpid(pid, &st, 0), pid);
	return st;
}

static int exit_of(int (*run)(void))
{
	int st = status_of(run);

	return WIFEXITED(st) ? WEXITSTATUS(st) : -WTERMSIG(st);
}

/* A value of /proc/self/status, by its name. */
static unsigned long long status_value(const char *text, const char *name, int base)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, base) : ~0ull;
}

static bool status_is(const char *text, unsigned long long caps)
{
	return status_value(text, "\nCapPrm:", 16) == caps &&
	       status_value(text, "\nCapEff:", 16) == caps &&
	       status_value(text, "\nCapAmb:", 16) == caps &&
	       status_value(text, "\nNoNewPrivs:", 10) == 1;
}

static size_t read_status(const char *cmd, char *buf, size_t cap)
{
	FILE *f = cmd ? popen(cmd, "r") : fopen("/proc/self/status", "r");
	size_t n = f ? fread(buf, 1, cap - 1, f) : 0;

	buf[n] = '\0';
	if (f && cmd)
		pclose(f);
	else if (f)
		fclose(f);
	return n;
}

/* ---- control ---- */

static int as_control(void)
{
	char text[8192];

	if (!own_netns())
		return 77;
	if (privs_control())
		return 1;
	read_status(NULL, text, sizeof(text));
	if (!status_is(text, OURS))
		return 2;
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 3;
	/* and so has a program that it starts, as nft is */
	read_status("cat /proc/self/status", text, sizeof(text));
	return status_is(text, OURS) ? 0 : 4;
}

static void control_keeps_three_capabilities_also_for_what_it_starts(void **state)
{
	int code = exit_of(as_control);

	(void)state;
	if (code == 77)
		skip();
	assert_int_equal(code, 0);
}

static int as_control_without(void)
{
	if (setgid(65534) || setuid(65534))
		return getuid() ? 0 : 77;
	return privs_control() ? 0 : 1;
}

static void control_says_that_it_lacks_them(void **state)
{
	int code = exit_of(as_control_without);

	(void)state;
	if (code == 77)
		skip();
	assert_int_equal(code, 0);
}

/* ---- the forwarder ---- */

static int as_forwarder(void)
{
	char text[8192];

	if (privs_forwarder(false))
		return 1;
	read_status(NULL, text, sizeof(text));
	return status_is(text, 0) ? 0 : 2;
}

static void the_forwarder_keeps_no_capability(void **state)
{
	(void)state;
	assert_int_equal(exit_of(as_forwarder), 0);
}

static int pair[2], udp = -1;

static int does_its_work(void)
{
	char buf[64];
	struct pollfd p = { .fd = pair[1], .events = POLLIN };
	struct timespec t;
	uint8_t noise[16];

	int df = IP_PMTUDISC_PROBE;

	udp = socket(AF_INET, SOCK_DGRAM, 0);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) || privs_forwarder(true))
		return 1;
	if (setsockopt(udp, IPPROTO_IP, IP_MTU_DISCOVER, &df, sizeof(df)))
		return 5;
	if (write(pair[0], "x", 1) != 1 || poll(&p, 1, 100) != 1 ||
	    read(pair[1], buf, sizeof(buf)) != 1)
		return 2;
	struct iovec iov = { buf, 5 };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	if (sendmmsg(pair[0], &m, 1, 0) != 1 || recvmmsg(pair[1], &m, 1, 0, NULL) != 1 ||
	    m.msg_len != 5)
		return 3;
	host_random(NULL, noise, sizeof(noise));
	clock_gettime(CLOCK_MONOTONIC, &t);
	void *big = malloc(64 << 20); /* its own mapping */
	if (!big)
		return 4;
	memset(big, 1, 64 << 20);
	free(big);
	close(pair[0]);
	return 0;
}

/* A packet through a port over IPv6 and back, as the confined forwarder. 77: no namespace here. */
static int speaks_ipv6(void)
{
	static const uint8_t head[40] = { 0x60, 0, 0, 0, 0, 8, 50, 64, [23] = 1, [39] = 1 }; /* ::1 to ::1 */
	const struct fwd_port desc[2] = { { .id = 1, .kind = FWD_PORT_UDP6_ENCAP }, { .id = 2, .kind = FWD_PORT_ESP6 } };
	struct port *port[2];
	struct pool pool;

	if (!own_netns() || !loopback_up())
		return 77;
	if (host_make_port(NULL, &desc[0], udp6_open(4500), &port[0]) ||
	    host_make_port(NULL, &desc[1], raw6_open(50, true), &port[1]) || pool_init(&pool, 8) ||
	    privs_forwarder(true))
		return 1;
	for (size_t i = 0; i < 2; i++) {
		struct batch out = { 0 }, in = { 0 };
		struct pkt *k = pkt_get(&pool);
		struct pollfd p = { .fd = port[i]->fd, .events = POLLIN };

		memset(k->data, 0, k->len = 48);
		memcpy(k->data, head, sizeof(head));
		k->local = k->remote = (struct ipaddr){ IP_V6, { [15] = 1 } };
		k->remote_port = 4500;
		k->outer_df = true;
		(void)batch_add(&out, k);
		if (port[i]->ops->send(port[i], &out) != 1 || poll(&p, 1, 2000) != 1 ||
		    port[i]->ops->recv(port[i], &pool, &in) != 1 || in.p[0]->len != 48)
			return (int)(2 + i);
	}
	return 0;
}

static int opens_a_file(void)
{
	return privs_forwarder(true) ? 1 : open("/dev/null", O_RDONLY) >= 0;
}

static int makes_a_socket(void)
{
	return privs_forwarder(true) ? 1 : socket(AF_INET, SOCK_DGRAM, 0) >= 0;
}

static int connects(void)
{
	static const struct sockaddr any = { .sa_family = AF_UNSPEC };

	udp = socket(AF_INET, SOCK_DGRAM, 0);
	return privs_forwarder(true) ? 1 : connect(udp, &any, sizeof(any)) == 0;
}

static int starts_a_program(void)
{
	static char *const argv[] = { "true", NULL };

	if (privs_forwarder(true))
		return 1;
	execv("/bin/true", argv);
	return 2;
}

static int forks(void)
{
	return privs_forwarder(true) ? 1 : fork() >= 0;
}

static int kills(void)
{
	return privs_forwarder(true) ? 1 : kill(getppid(), 0) == 0;
}

/* Its level is that of the one option that may be set; and the other way round. */
static int makes_a_socket_transparent(void)
{
	int value = 1;

	udp = socket(AF_INET, SOCK_DGRAM, 0);
	return privs_forwarder(true) ? 1 : setsockopt(udp, IPPROTO_IP, IP_TRANSPARENT, &value, sizeof(value)) == 0;
}

static int marks_a_socket(void)
{
	int value = 1;

	udp = socket(AF_INET, SOCK_DGRAM, 0);
	return privs_forwarder(true) ? 1 : setsockopt(udp, SOL_SOCKET, IP_MTU_DISCOVER, &value, sizeof(value)) == 0;
}

static int maps_code(void)
{
	if (privs_forwarder(true))
		return 1;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static void the_confined_forwarder_can_still_work(void **state)
{
	(void)state;
#ifdef SANITIZED
	skip(); /* the sanitizer's own calls are not among those allowed */
#endif
	assert_int_equal(exit_of(does_its_work), 0);
}

static void the_confined_forwarder_speaks_ipv6(void **state)
{
	(void)state;
#ifdef SANITIZED
	skip();
#endif
	int code = exit_of(speaks_ipv6);
	if (code == 77)
		skip();
	assert_int_equal(code, 0);
}

static void the_confined_forwarder_dies_of_anything_else(void **state)
{
	static int (*const attempts[])(void) = { opens_a_file, makes_a_socket, connects,
						 starts_a_program, forks, kills, maps_code,
						 makes_a_socket_transparent, marks_a_socket };

	(void)state;
#ifdef SANITIZED
	skip();
#endif
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		assert_int_equal(exit_of(attempts[i]), -SIGSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_keeps_three_capabilities_also_for_what_it_starts),
		cmocka_unit_test(control_says_that_it_lacks_them),
		cmocka_unit_test(the_forwarder_keeps_no_capability),
		cmocka_unit_test(the_confined_forwarder_can_still_work),
		cmocka_unit_test(the_confined_forwarder_speaks_ipv6),
		cmocka_unit_test(the_confined_forwarder_dies_of_anything_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
