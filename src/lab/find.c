/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/find.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int failed(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("culvert lab: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	return FAILED;
}

int find_labfile(const char *arg, char *ret_path)
{
	char path[PATH_MAX];
	struct stat st;

	if (stat(arg, &st) < 0)
		return -errno;
	int n = snprintf(path, sizeof(path), "%s%s", arg, S_ISDIR(st.st_mode) ? "/lab.yml" : "");

	if (n >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return realpath(path, ret_path) ? 0 : -errno;
}

struct by_name {
	const char *name;
	struct lab *lab;
	unsigned n;
};

static int match_name(const char *dir, void *arg)
{
	struct by_name *b = arg;
	struct lab_state *s;

	if (state_load(dir, &s) < 0)
		return 0;
	if (strcmp(s->name, b->name) != 0) {
		state_free(s);
		return 0;
	}
	if (b->n++ == 0) {
		snprintf(b->lab->dir, sizeof(b->lab->dir), "%s", dir);
		b->lab->state = s;
	} else {
		state_free(s);
	}
	return 0;
}

int find_lab(const char *arg, struct lab *ret_lab)
{
	char file[PATH_MAX];
	struct lab lab = { .state = NULL };
	int err = find_labfile(arg, file);

	if (err == 0) {
		if (!rundir_find(file, lab.dir))
			return failed("%s is not up", arg);
		if (state_load(lab.dir, &lab.state) < 0)
			lab.state = NULL;
		*ret_lab = lab;
		return DONE;
	}
	struct by_name by = { .name = arg, .lab = &lab };

	rundir_each(match_name, &by);
	if (by.n == 1) {
		*ret_lab = lab;
		return DONE;
	}
	state_free(lab.state);
	if (by.n > 1)
		return failed("%u labs are called %s: name one by its path", by.n, arg);
	return failed("%s: %s, and no lab of that name is up", arg, strerror(-err));
}

int find_keeper(const char *dir)
{
	char path[RUNDIR_PATH];

	rundir_file(dir, ".keeper", "", path);
	return rundir_connect(path);
}

bool find_keeper_lives(const char *dir)
{
	int fd = find_keeper(dir);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int find_node(const char *arg, const char *name, struct lab *ret_lab,
	      const struct state_node **ret_node)
{
	struct txt names = TXT_INIT;

	if (find_lab(arg, ret_lab))
		return FAILED;
	if (!find_keeper_lives(ret_lab->dir) || !ret_lab->state) {
		bool lives = find_keeper_lives(ret_lab->dir);

		state_free(ret_lab->state);
		return failed(lives ? "%s is not up yet" :
				      "%s: its keeper was killed; take it down first",
			      arg);
	}
	*ret_node = name ? state_node(ret_lab->state, name) : NULL;
	if (!name || *ret_node)
		return DONE;
	for (size_t i = 0; i < ret_lab->state->n_node; i++)
		txt_printf(&names, " %s", ret_lab->state->node[i].name);
	failed("%s has no node %s; it has%s", ret_lab->state->name, name, txt_cstr(&names));
	txt_fini(&names);
	state_free(ret_lab->state);
	return FAILED;
}
