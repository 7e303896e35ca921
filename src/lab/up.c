/* SPDX-License-Identifier: Apache-2.0 */
/* `culvert lab up`: from the lab's file to a keeper that runs it. */
#include "lab/up.h"

#include "lab/find.h"
#include "lab/keeper.h"
#include "lab/map.h"
#include "lab/topology.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONFIG_MAX (16 * 1024 * 1024) /* bytes; a large IOS configuration is a hundredth of it */

static int copy_fd(int from, int to)
{
	char buf[16384];
	size_t total = 0;
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0) {
		total += (size_t)n;
		if (total > CONFIG_MAX)
			return -EFBIG;
		if (write(to, buf, (size_t)n) != n)
			return -EIO;
	}
	return n < 0 ? -errno : 0;
}

/* Copies one startup configuration; the router saves to the copy. */
static int copy_config(const char *labfile, const char *dir, const struct topo_node *n)
{
	const char *slash = strrchr(labfile, '/');
	char *from_path = NULL, to_path[RUNDIR_PATH];
	struct stat st;
	int err = 0, from = -1, to = -1;

	if (n->config[0] == '/')
		from_path = strdup(n->config);
	else if (asprintf(&from_path, "%.*s/%s", (int)(slash - labfile), labfile, n->config) < 0)
		from_path = NULL;
	if (!from_path)
		return failed("out of memory");
	rundir_file(dir, n->name, ".cfg", to_path);
	from = open(from_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (from < 0 || fstat(from, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (!err) {
		to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		err = to < 0 ? -errno : copy_fd(from, to);
	}
	if (err)
		failed("%s:%u: node %s: startup-config %s: %s", labfile, n->config_line, n->name,
		       n->config, strerror(-err));
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	free(from_path);
	return err ? FAILED : DONE;
}

/* What would only fail later, and less clearly, in a namespace. */
static int prepare(const struct topology *t, const char *labfile, const char *dir)
{
	bool routers = false;

	for (size_t i = 0; i < t->n_node; i++) {
		if (t->node[i].kind != NODE_ROUTER)
			continue;
		routers = true;
		if (copy_config(labfile, dir, &t->node[i]))
			return FAILED;
	}
	if (routers && access("/dev/net/tun", R_OK | W_OK) < 0)
		return failed("routers need /dev/net/tun: %s", strerror(errno));
	return DONE;
}

int lab_print(const char *dir, const char *verb)
{
	struct lab_state *s;
	int err = state_load(dir, &s);

	if (err)
		return failed("%s/.state: %s", dir, strerror(-err));
	printf("lab %s is %s: %zu nodes%s\n", s->name, verb, s->n_node,
	       s->user ? ", in a user namespace" : "");
	map_print(s, dir);
	state_free(s);
	return DONE;
}

/* Forks the keeper and waits for its word; on EOF it has failed, said why, and
 * taken down what it had made. */
static int run_keeper(struct keeper_job *job)
{
	char word = 0;
	int pipe_fd[2];
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return failed("pipe: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(pipe_fd[0]);
		job->report_fd = pipe_fd[1];
		_exit(keeper_run(job));
	}
	close(pipe_fd[1]);
	if (pid < 0) {
		int err = errno;

		close(pipe_fd[0]);
		rundir_remove(job->dir);
		return failed("fork: %s", strerror(err));
	}
	while (read(pipe_fd[0], &word, 1) < 0 && errno == EINTR)
		;
	close(pipe_fd[0]);
	if (word == KEEPER_READY)
		return DONE;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return failed("%s: the lab is not up", job->topo->name);
}

static int up_new(const struct topology *t, const char *labfile)
{
	char dir[RUNDIR_PATH];
	struct txt why = TXT_INIT;
	int lock = -1, ret;
	int err = rundir_create(t->name, labfile, dir, &lock, &why);

	if (err == -EALREADY) {
		txt_fini(&why);
		if (lab_print(dir, "up already") == DONE)
			return DONE;
		return failed("%s is being started or taken down at this moment", t->name);
	}
	if (err) {
		ret = failed("%s", txt_cstr(&why));
		txt_fini(&why);
		return ret;
	}
	ret = prepare(t, labfile, dir);
	if (ret) {
		rundir_remove(dir);
	} else {
		struct keeper_job job = { .topo = t, .labfile = labfile, .dir = dir, .lock_fd = lock };

		ret = run_keeper(&job);
	}
	close(lock);
	return ret ? ret : lab_print(dir, "up");
}

int lab_up(const char *arg)
{
	char file[PATH_MAX];
	struct topology *t;
	struct txt why = TXT_INIT;
	int err = find_labfile(arg, file);

	if (err) {
		struct stat st;
		bool dir = stat(arg, &st) == 0 && S_ISDIR(st.st_mode);

		return failed("%s%s: %s", arg, dir ? "/lab.yml" : "", strerror(-err));
	}
	if (strchr(file, '\n'))
		return failed("%s: a path with a line break in it", arg);
	if (topo_load(file, &t, &why) < 0) {
		int ret = failed("%s", txt_cstr(&why));

		txt_fini(&why);
		return ret;
	}
	int ret = up_new(t, file);

	topo_free(t);
	txt_fini(&why);
	return ret;
}
