/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/spawn.h"

#include "lab/fakeid.h"
#include "lab/ns.h"
#include "lab/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void spawn_own_path(char *ret_path)
{
	static const char proc[] = "/proc/self/exe";
	char path[RUNDIR_PATH];
	ssize_t n = readlink(proc, path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	/* Rebuilt while it ran, or too long: the link itself always works, only
	 * `ps` then calls the process "exe". */
	if (n <= 0 || n == RUNDIR_PATH - 1 || access(path, X_OK) < 0)
		memcpy(path, proc, sizeof(proc));
	memcpy(ret_path, path, sizeof(path));
}

void spawn_extend_path(void)
{
	const char *path = getenv("PATH");
	struct txt t = TXT_INIT;

	txt_printf(&t, "%s:/usr/local/sbin:/usr/sbin:/sbin",
		   path && *path ? path : "/usr/local/bin:/usr/bin:/bin");
	if (!t.bad)
		setenv("PATH", t.s, 1);
	txt_fini(&t);
}

/* In the child: output to the log, the node's namespaces, ordinary signals,
 * and an end when the keeper ends. */
static void become(const char *dir, const char *node, int net_fd, pid_t keeper)
{
	char path[RUNDIR_PATH];
	sigset_t none;
	int null, log, err;

	rundir_file(dir, node, ".log", path);
	null = open("/dev/null", O_RDONLY);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (null < 0 || log < 0)
		_exit(126);
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	err = ns_join(-1, net_fd, node);
	if (err) {
		dprintf(STDERR_FILENO, "cannot enter %s: %s\n", node, strerror(-err));
		_exit(126);
	}
	close_range(3, ~0U, 0);
	umask(022);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != keeper)
		_exit(126);
	spawn_extend_path();
}

/* run --config F --socket F --interface IOS=DEV ...; argv borrows the rest. */
static int router_args(const struct topology *t, size_t i, char *config, char *socket,
		       char ***ret_argv)
{
	char **argv = calloc(2 * t->n_link * 2 + 8, sizeof(*argv));
	size_t n = 0;

	if (!argv)
		return -ENOMEM;
	argv[n++] = (char *)"culvert";
	argv[n++] = (char *)"run";
	argv[n++] = (char *)"--config";
	argv[n++] = config;
	argv[n++] = (char *)"--socket";
	argv[n++] = socket;
	for (size_t l = 0; l < t->n_link; l++) {
		for (size_t e = 0; e < 2; e++) {
			const struct topo_end *end = &t->link[l].end[e];
			char *pair = NULL;

			if (end->node != i)
				continue;
			if (asprintf(&pair, "%s=%s", end->name.ios, end->name.dev) < 0) {
				free(argv);
				return -ENOMEM;
			}
			argv[n++] = (char *)"--interface";
			argv[n++] = pair;
		}
	}
	*ret_argv = argv;
	return 0;
}

int spawn_router(const char *dir, const struct topology *t, size_t i, int net_fd, pid_t *ret_pid)
{
	const char *node = t->node[i].name;
	char config[RUNDIR_PATH], socket[RUNDIR_PATH], self[RUNDIR_PATH], **argv;
	pid_t keeper = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0) {
		*ret_pid = pid;
		return 0;
	}
	become(dir, node, net_fd, keeper);
	rundir_file(dir, node, ".cfg", config);
	rundir_file(dir, node, ".sock", socket);
	spawn_own_path(self);
	if (router_args(t, i, config, socket, &argv) == 0)
		execv(self, argv);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", self, strerror(errno));
	_exit(127);
}

int spawn_command(const char *dir, const char *labfile, const char *node, int net_fd, bool user,
		  const char *command, pid_t *ret_pid)
{
	pid_t keeper = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0) {
		*ret_pid = pid;
		return 0;
	}
	become(dir, node, net_fd, keeper);
	/* A daemon that the command leaves behind is not the keeper's child and
	 * needs no signal from it: `lab down` finds it by its namespace. */
	char folder[4096];

	snprintf(folder, sizeof(folder), "%s", labfile);
	char *slash = strrchr(folder, '/');

	if (slash && slash > folder)
		*slash = '\0';
	if (chdir(folder) < 0)
		dprintf(STDERR_FILENO, "cannot go to %s: %s\n", folder, strerror(errno));
	if (user)
		fakeid_begin();
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	dprintf(STDERR_FILENO, "cannot run /bin/sh: %s\n", strerror(errno));
	_exit(127);
}

void spawn_how_ended(int status, struct txt *out)
{
	if (WIFEXITED(status))
		txt_printf(out, "ended with status %d", WEXITSTATUS(status));
	else
		txt_printf(out, "was ended by signal %d (%s)", WTERMSIG(status),
			   strsignal(WTERMSIG(status)));
}

void spawn_log_tail(const char *path, size_t n, struct txt *out)
{
	char buf[4096 + 1];
	FILE *f = fopen(path, "re");

	if (!f)
		return;
	if (fseek(f, -4096, SEEK_END) < 0)
		rewind(f);
	size_t len = fread(buf, 1, sizeof(buf) - 1, f), lines = 0;

	fclose(f);
	while (len > 0 && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	char *start = buf + len;

	while (start > buf && !(start[-1] == '\n' && ++lines == n))
		start--;
	for (char *save = NULL, *line = strtok_r(start, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		txt_printf(out, "    %s\n", line);
}
