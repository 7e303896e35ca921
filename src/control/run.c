/* SPDX-License-Identifier: Apache-2.0 */
/* `culvert run`: its command line. */
#include "control/control.h"

#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/config.h"
#include "forwarder/forwarder.h"
#include "host/ipv6.h"
#include "host/log.h"
#include "host/notify.h"
#include "host/offload.h"
#include "host/os.h"
#include "host/ports.h"
#include "host/privs.h"
#include "host/supervisor.h"

static const char run_usage[] =
	"usage: culvert run [--config FILE] [--socket PATH] [--interface IOSNAME=DEVICE]... [--workers N]\n"
	"                   [--pin] [--no-offload] [--log-json]\n"
	"\n"
	"The gateway, in the foreground; SIGTERM stops it and takes away what it added to the host.\n"
	"  --config FILE                startup configuration (" CONTROL_CONFIG ")\n"
	"  --socket PATH                control socket for `culvert shell` (" CONTROL_SOCKET ")\n"
	"  --interface IOSNAME=DEVICE   binds an IOS interface name to a Linux device, e.g.\n"
	"                               FastEthernet0/1=eth0; `host-interface` does the same in the\n"
	"                               configuration\n"
	"  --workers N                  threads that forward packets, at most 16 (one for each processor, as there\n"
	"                               is work for them)\n"
	"  --pin                        keeps each of them on a processor of its own\n"
	"  --log-json                   log lines as JSON on standard output (also when that is systemd's journal)\n"
	"  --no-offload                 TUNs carry one packet a call, not super-packets of up to 64 KiB\n"
	"  --keylog DIR                 writes IKE and ESP keys there for Wireshark: for debugging only\n";

static int wrong(const char *usage, const char *why, const char *value)
{
	fprintf(stderr, "culvert: %s%s\n\n%s", why, value, usage);
	return 2;
}

/* IOSNAME=DEVICE. */
static bool parse_binding(struct control_options *o, const char *s)
{
	const char *eq = strrchr(s, '=');
	char name[CFG_NAME_MAX];

	if (!eq || eq == s || !eq[1] || (size_t)(eq - s) >= sizeof(name) || strlen(eq + 1) > 15 ||
	    o->n_bind == CONTROL_MAX_BINDINGS)
		return false;
	memcpy(name, s, (size_t)(eq - s));
	name[eq - s] = '\0';
	if (!ifname_canonical(name, o->bind[o->n_bind].name))
		return false;
	snprintf(o->bind[o->n_bind].device, sizeof(o->bind[o->n_bind].device), "%s", eq + 1);
	o->n_bind++;
	return true;
}

static bool parse_workers(struct control_options *o, const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	o->workers = (unsigned)n;
	o->all_read = true;
	return *s >= '0' && *s <= '9' && !*end && n >= 1 && n <= WORKERS_MAX;
}

/* For routers whose command line somebody else writes (a lab's); an option goes before. */
static bool take_environment(struct control_options *o)
{
	const char *workers = getenv(CONTROL_WORKERS_ENV);

	o->no_offload |= offload_refused("no-offload");
	return o->workers || !workers || parse_workers(o, workers);
}

/* One for each processor that we may use. */
static unsigned default_workers(void)
{
	cpu_set_t may;
	int n = sched_getaffinity(0, sizeof(may), &may) ? 1 : CPU_COUNT(&may);

	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

static int run_control(void *ctx, int fwd_fd, int supervisor_fd, bool first)
{
	return control_process(ctx, fwd_fd, supervisor_fd, first);
}

#if defined(__has_feature)
#define CULVERT_CLANG_ASAN __has_feature(address_sanitizer)
#else
#define CULVERT_CLANG_ASAN 0
#endif

static int confine(void *ctx)
{
	(void)ctx;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || CULVERT_CLANG_ASAN
	return privs_forwarder(false); /* the sanitizers' runtime needs more system calls */
#else
	return privs_forwarder(true);
#endif
}

static int run_forwarder(void *ctx, int control_fd)
{
	struct forwarder_process p = { .control_fd = control_fd, .now_ms = host_now_ms,
				       .random = host_random, .make_port = host_make_port,
				       .ready = confine };
	const struct control_options *o = ctx;

	p.workers = o->workers;
	p.pinned = o->pinned;
	p.all_read = o->all_read;

	if (o->kept_fd >= 0)
		close(o->kept_fd); /* control's alone: it holds keys */
	if (ipv6_unkeep())
		return 1; /* it is control's to write */
	return forwarder_run(&p);
}

int run_main(int argc, char **argv)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
						 { "socket", required_argument, NULL, 's' },
						 { "interface", required_argument, NULL, 'i' },
						 { "workers", required_argument, NULL, 'w' },
						 { "pin", no_argument, NULL, 'p' },
						 { "no-offload", no_argument, NULL, 'o' },
						 { "log-json", no_argument, NULL, 'j' },
						 { "keylog", required_argument, NULL, 'k' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	static struct control_options o = { .config = CONTROL_CONFIG, .socket = CONTROL_SOCKET };
	struct supervisor s = { .control = run_control, .forwarder = run_forwarder, .ctx = &o };
	bool json = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			o.config = optarg;
			break;
		case 's':
			o.socket = optarg;
			break;
		case 'i':
			if (!parse_binding(&o, optarg))
				return wrong(run_usage, "--interface wants IOSNAME=DEVICE, not ", optarg);
			break;
		case 'w':
			if (!parse_workers(&o, optarg))
				return wrong(run_usage, "--workers wants a number from 1 to 16, not ", optarg);
			break;
		case 'p':
			o.pinned = true;
			break;
		case 'o':
			o.no_offload = true;
			break;
		case 'j':
			json = true;
			break;
		case 'k':
			o.keylog = optarg;
			break;
		case 'h':
			fputs(run_usage, stdout);
			return 0;
		default:
			return wrong(run_usage, "unknown option", "");
		}
	}
	if (optind < argc)
		return wrong(run_usage, "unexpected argument ", argv[optind]);
	if (!take_environment(&o))
		return wrong(run_usage, CONTROL_WORKERS_ENV " wants a number from 1 to 16, not ", getenv(CONTROL_WORKERS_ENV));
	if (!o.workers)
		o.workers = default_workers();
	log_json(json);
	host_notify_take();
	(void)host_sysctl(CONTROL_IP_FORWARD, NULL, o.ip_forward);
	(void)host_sysctl(HOST_IPV6_FORWARD, NULL, o.ip6_forward);
	if (!strcmp(o.socket, CONTROL_SOCKET))
		(void)mkdir("/run/culvert", 0750);
	o.kept_fd = memfd_create("running-config", MFD_CLOEXEC);
	if (ipv6_keep())
		log_line("CULVERT-4-IPV6", "no memory to share: what a control that dies has told IPv6 is not put back");
	return supervisor_run(&s);
}
