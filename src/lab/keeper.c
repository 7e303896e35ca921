/* SPDX-License-Identifier: Apache-2.0 */
/* Timers, all of them:
 *   READY_MS     a router has that long until its CLI socket answers
 *   STOP_MS      a router has that long for its orderly stop
 *   STRAY_MS     other processes of the lab have that long after SIGTERM
 *   PROBE_MS     between two looks while waiting for any of these */
#include "lab/keeper.h"

#include "lab/link.h"
#include "lab/ns.h"
#include "lab/rundir.h"
#include "lab/spawn.h"
#include "lab/state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_MS 30000
#define STOP_MS 20000
#define STRAY_MS 2000
#define PROBE_MS 50
#define LOG_TAIL 15 /* lines of a log that a failure shows */

struct member {
	const struct topo_node *node;
	int net_fd; /* -1 before it is made */
	pid_t router, command; /* the node's router, its command of the moment; 0: none */
	int status; /* of the last one that ended */
	bool ready;
};

struct keeper {
	const struct keeper_job *job;
	struct member *m; /* one for each node, in their order */
	size_t n;
	int *held_fd;	     /* m[].net_fd once more, as state_of() wants them */
	unsigned long *ino;  /* their inodes */
	int parking_fd;	     /* where the keeper itself stays */
	int signal_fd, listen_fd;
	int report_fd; /* -1 once reported */
	int client_fd; /* whoever said "down"; -1 */
	bool user, stop;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* stderr is `lab up`'s before the lab is up and `lab down`'s at the end. */
__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vdprintf(STDERR_FILENO, fmt, ap);
	va_end(ap);
}

/* --- waiting ------------------------------------------------------------- */

static void reap(struct keeper *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < k->n; i++) {
			struct member *m = &k->m[i];
			pid_t *at = m->router == pid ? &m->router : &m->command;

			if (*at != pid)
				continue;
			*at = 0;
			m->status = status;
		}
}

/* A visitor who says "down" becomes the client; others only look whether the
 * keeper lives. */
static void accept_visitor(struct keeper *k)
{
	const struct timeval patience = { .tv_sec = 1 };
	char word[sizeof(KEEPER_DOWN) - 1];
	int fd = accept4(k->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (k->client_fd < 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    recv(fd, word, sizeof(word), MSG_WAITALL) == (ssize_t)sizeof(word) &&
	    !memcmp(word, KEEPER_DOWN, sizeof(word))) {
		k->client_fd = fd;
		k->stop = true;
		return;
	}
	close(fd);
}

/* Sleeps until a child ends, somebody wants the lab down, or timeout_ms pass
 * (-1: never). */
static void wait_event(struct keeper *k, int timeout_ms)
{
	struct pollfd p[] = {
		{ .fd = k->signal_fd, .events = POLLIN },
		{ .fd = k->listen_fd, .events = POLLIN },
		{ .fd = k->report_fd, .events = 0 }, /* POLLERR: `lab up` is gone */
	};
	struct signalfd_siginfo si;

	if (poll(p, 3, timeout_ms) <= 0)
		return;
	if (p[0].revents)
		while (read(k->signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
			if (si.ssi_signo != SIGCHLD)
				k->stop = true;
	if (p[1].revents)
		accept_visitor(k);
	if (k->report_fd >= 0 && p[2].revents) {
		close(k->report_fd);
		k->report_fd = -1;
		k->stop = true;
	}
	reap(k);
}

/* --- building ------------------------------------------------------------ */

static int make_nodes(struct keeper *k)
{
	for (size_t i = 0; i < k->n; i++) {
		struct stat st;
		int err = ns_new_net(&k->m[i].net_fd);

		if (!err && fstat(k->m[i].net_fd, &st) < 0)
			err = -errno;
		if (err) {
			say("%s: cannot make its namespace: %s\n", k->m[i].node->name,
			    strerror(-err));
			return err;
		}
		k->held_fd[i] = k->m[i].net_fd;
		k->ino[i] = st.st_ino;
	}
	return 0;
}

/* In the namespace of an end: what its host shall have there. Neighbours are asked for from a link-local
 * address (RFC 4861 section 7.2.2), which a link that nobody wants IPv6 on does without. */
static int give_addrs(const struct topo_end *e)
{
	int err = 0;

	if (e->ipv4.addr.family)
		err = link_add_addr(e->name.dev, &e->ipv4.addr, e->ipv4.len);
	if (!err && e->ipv6.addr.family)
		err = ns_link_local(e->name.dev);
	if (!err && e->ipv6.addr.family)
		err = link_add_addr(e->name.dev, &e->ipv6.addr, e->ipv6.len);
	return err;
}

static int make_link(struct keeper *k, const struct topo_link *l)
{
	const struct topo_end *a = &l->end[0], *b = &l->end[1];
	int a_net = k->m[a->node].net_fd, b_net = k->m[b->node].net_fd;
	int err = ns_enter_net(a_net);

	if (!err)
		err = link_add_veth(a->name.dev, b->name.dev, b_net, l->mtu);
	if (!err)
		err = link_up(a->name.dev, a->name.is_ios ? a->name.ios : NULL);
	if (!err)
		err = give_addrs(a);
	if (!err)
		err = ns_enter_net(b_net);
	if (!err)
		err = link_up(b->name.dev, b->name.is_ios ? b->name.ios : NULL);
	if (!err)
		err = give_addrs(b);
	if (err)
		say("%s:%u: cannot make the link: %s\n", k->job->labfile, l->line, strerror(-err));
	return err;
}

static int make_links(struct keeper *k)
{
	int err = 0;

	for (size_t i = 0; i < k->job->topo->n_link && !err; i++)
		err = make_link(k, &k->job->topo->link[i]);
	if (!err)
		err = ns_enter_net(k->parking_fd);
	return err;
}

static void show_tail(const struct keeper *k, const struct member *m)
{
	char path[RUNDIR_PATH];
	struct txt tail = TXT_INIT;

	rundir_file(k->job->dir, m->node->name, ".log", path);
	spawn_log_tail(path, LOG_TAIL, &tail);
	if (tail.len)
		say("%s", txt_cstr(&tail));
	txt_fini(&tail);
}

static int run_line(struct keeper *k, struct member *m, const struct topo_exec *x)
{
	struct txt how = TXT_INIT;
	int err = spawn_command(k->job->dir, k->job->labfile, m->node->name, m->net_fd, k->user,
				x->command, &m->command);

	if (err) {
		say("%s:%u: %s: %s\n", k->job->labfile, x->line, m->node->name, strerror(-err));
		return err;
	}
	while (m->command && !k->stop)
		wait_event(k, -1);
	if (k->stop)
		return -EINTR;
	if (m->status != 0) {
		spawn_how_ended(m->status, &how);
		say("%s:%u: %s: '%s' %s\n", k->job->labfile, x->line, m->node->name, x->command,
		    txt_cstr(&how));
		txt_fini(&how);
		show_tail(k, m);
		return -ECHILD;
	}
	return 0;
}

/* Of hosts before the routers start; of routers when they are ready. */
static int run_lines(struct keeper *k, enum node_kind kind)
{
	for (size_t i = 0; i < k->n; i++)
		for (size_t j = 0; k->m[i].node->kind == kind && j < k->m[i].node->n_exec; j++) {
			int err = run_line(k, &k->m[i], &k->m[i].node->exec[j]);

			if (err)
				return err;
		}
	return 0;
}

static int start_routers(struct keeper *k)
{
	for (size_t i = 0; i < k->n; i++) {
		struct member *m = &k->m[i];

		if (m->node->kind != NODE_ROUTER)
			continue;
		int err = spawn_router(k->job->dir, k->job->topo, i, m->net_fd, &m->router);

		if (err) {
			say("%s: cannot start its router: %s\n", m->node->name, strerror(-err));
			return err;
		}
	}
	return 0;
}

/* A router is ready when its CLI answers. */
static bool probe(const struct keeper *k, struct member *m)
{
	char path[RUNDIR_PATH];
	int fd;

	rundir_file(k->job->dir, m->node->name, ".sock", path);
	fd = rundir_connect(path);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int await_router(struct keeper *k, struct member *m, uint64_t deadline_ms)
{
	struct txt how = TXT_INIT;

	while (!(m->ready = m->router && probe(k, m)) && m->router && !k->stop &&
	       now_ms() < deadline_ms)
		wait_event(k, PROBE_MS);
	if (m->ready)
		return 0;
	if (k->stop)
		return -EINTR;
	if (m->router) {
		say("%s: its CLI does not answer after %d s; the end of its log:\n", m->node->name,
		    READY_MS / 1000);
	} else {
		spawn_how_ended(m->status, &how);
		say("%s: its router %s; the end of its log:\n", m->node->name, txt_cstr(&how));
		txt_fini(&how);
	}
	show_tail(k, m);
	return -ECHILD;
}

static int await_routers(struct keeper *k)
{
	uint64_t deadline_ms = now_ms() + READY_MS;
	int err = 0;

	for (size_t i = 0; i < k->n && !err; i++)
		if (k->m[i].node->kind == NODE_ROUTER)
			err = await_router(k, &k->m[i], deadline_ms);
	return err;
}

static int save_state(struct keeper *k)
{
	struct lab_state *s;
	int err = state_of(k->job->topo, k->job->labfile, k->user, k->held_fd, &s);

	if (err)
		return err;
	err = state_save(s, k->job->dir);
	state_free(s);
	if (err)
		say("%s: cannot write the lab's state: %s\n", k->job->dir, strerror(-err));
	return err;
}

static int build(struct keeper *k)
{
	int err = make_nodes(k);

	if (!err)
		err = make_links(k);
	if (!err)
		err = run_lines(k, NODE_HOST);
	if (!err)
		err = start_routers(k);
	if (!err)
		err = await_routers(k);
	if (!err)
		err = run_lines(k, NODE_ROUTER);
	if (!err)
		err = save_state(k);
	return err;
}

/* --- taking down --------------------------------------------------------- */

static size_t n_running(const struct keeper *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++)
		n += (size_t)(k->m[i].router != 0) + (size_t)(k->m[i].command != 0);
	return n;
}

static void signal_members(const struct keeper *k, int sig)
{
	for (size_t i = 0; i < k->n; i++) {
		if (k->m[i].router)
			kill(k->m[i].router, sig);
		if (k->m[i].command)
			kill(k->m[i].command, sig);
	}
}

/* Routers stop in order, because only they know what they put into the kernel
 * and in which order to take it back. */
static void stop_routers(struct keeper *k)
{
	uint64_t deadline_ms = now_ms() + STOP_MS;

	signal_members(k, SIGTERM);
	while (n_running(k) && now_ms() < deadline_ms)
		wait_event(k, PROBE_MS);
	for (size_t i = 0; i < k->n; i++)
		if (k->m[i].router)
			say("%s: did not stop within %d s and was killed\n", k->m[i].node->name,
			    STOP_MS / 1000);
	signal_members(k, SIGKILL);
}

/* What is left runs in the lab's namespaces and nowhere else: shells of `lab
 * exec`, daemons that a host started, children of a router that died. */
static void stop_strays(struct keeper *k)
{
	uint64_t start_ms = now_ms();
	int sig = SIGTERM;

	while (ns_kill(k->ino, k->n, sig) + n_running(k) > 0) {
		uint64_t age_ms = now_ms() - start_ms;

		if (age_ms > 2 * STRAY_MS) {
			say("some processes of the lab cannot be killed\n");
			return;
		}
		if (age_ms > STRAY_MS)
			sig = SIGKILL;
		wait_event(k, PROBE_MS);
	}
}

static void take_down(struct keeper *k)
{
	if (k->client_fd >= 0)
		dup2(k->client_fd, STDERR_FILENO);
	stop_routers(k);
	stop_strays(k);
	for (size_t i = 0; i < k->n; i++)
		if (k->m[i].net_fd >= 0)
			close(k->m[i].net_fd);
	int err = rundir_remove(k->job->dir);

	if (err)
		say("%s: cannot be removed: %s\n", k->job->dir, strerror(-err));
}

/* --- the process --------------------------------------------------------- */

/* The keeper outlives the command that made it and holds nothing of that one's:
 * not its descriptors, folder, session or terminal. */
static void leave_caller(const struct keeper_job *job)
{
	unsigned a = (unsigned)job->lock_fd, b = (unsigned)job->report_fd;
	unsigned low = a < b ? a : b, high = a < b ? b : a;

	if (low > 3)
		close_range(3, low - 1, 0);
	if (high - low > 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
	setsid();
	(void)!chdir("/");
	umask(077);
	prctl(PR_SET_NAME, "culvert-lab");
}

static int set_up(struct keeper *k)
{
	char path[RUNDIR_PATH];
	struct txt why = TXT_INIT;
	sigset_t set;
	int err = ns_isolate(&k->user, &why);

	if (err) {
		say("%s\n", txt_cstr(&why));
		txt_fini(&why);
		return err;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	k->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	rundir_file(k->job->dir, ".keeper", "", path);
	k->listen_fd = rundir_listen(path);
	k->parking_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	k->m = calloc(k->n, sizeof(*k->m));
	k->held_fd = calloc(k->n, sizeof(*k->held_fd));
	k->ino = calloc(k->n, sizeof(*k->ino));
	if (k->signal_fd < 0 || k->listen_fd < 0 || k->parking_fd < 0 || !k->m || !k->held_fd ||
	    !k->ino) {
		say("cannot start the lab's keeper in %s\n", k->job->dir);
		return -EIO;
	}
	for (size_t i = 0; i < k->n; i++) {
		k->m[i].node = &k->job->topo->node[i];
		k->m[i].net_fd = -1;
	}
	return 0;
}

static void report_ready(struct keeper *k)
{
	const char ready = KEEPER_READY;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	close(null);
	if (write(k->report_fd, &ready, 1) != 1)
		k->stop = true; /* nobody waits for this lab any more */
	close(k->report_fd);
	k->report_fd = -1;
}

int keeper_run(const struct keeper_job *job)
{
	struct keeper k = { .job = job,
			    .n = job->topo->n_node,
			    .report_fd = job->report_fd,
			    .parking_fd = -1,
			    .signal_fd = -1,
			    .listen_fd = -1,
			    .client_fd = -1 };
	int err;

	leave_caller(job);
	err = set_up(&k);
	if (!err)
		err = build(&k);
	if (!err) {
		report_ready(&k);
		while (!k.stop)
			wait_event(&k, -1);
	}
	if (k.m && k.ino && k.held_fd)
		take_down(&k);
	else
		rundir_remove(job->dir);
	free(k.m);
	free(k.held_fd);
	free(k.ino);
	return err ? 1 : 0;
}
