/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/state.h"

#include "lab/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_MAX (256 * 1024)

static struct lab_state *state_new(size_t n_node, size_t n_port)
{
	struct lab_state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->node = calloc(n_node ? n_node : 1, sizeof(*s->node));
	s->port = calloc(n_port ? n_port : 1, sizeof(*s->port));
	if (!s->node || !s->port) {
		state_free(s);
		return NULL;
	}
	return s;
}

int state_of(const struct topology *t, const char *labfile, bool user, const int *held_fd,
	     struct lab_state **ret_s)
{
	struct lab_state *s = state_new(t->n_node, 2 * t->n_link);

	if (s)
		s->labfile = strdup(labfile);
	if (!s || !s->labfile) {
		state_free(s);
		return -ENOMEM;
	}
	memcpy(s->name, t->name, sizeof(s->name));
	s->keeper = getpid();
	s->user = user;
	for (size_t i = 0; i < t->n_node; i++) {
		memcpy(s->node[i].name, t->node[i].name, sizeof(s->node[i].name));
		s->node[i].kind = t->node[i].kind;
		s->node[i].held_fd = held_fd[i];
	}
	s->n_node = t->n_node;
	for (size_t i = 0; i < t->n_link; i++) {
		for (size_t e = 0; e < 2; e++) {
			const struct topo_end *here = &t->link[i].end[e];
			const struct topo_end *there = &t->link[i].end[1 - e];
			struct state_port *p = &s->port[s->n_port++];

			p->node = here->node;
			p->name = here->name;
			snprintf(p->peer, sizeof(p->peer), "%s:%s", t->node[there->node].name,
				 there->name.ios);
		}
	}
	*ret_s = s;
	return 0;
}

void state_render(const struct lab_state *s, struct txt *out)
{
	txt_printf(out, "lab %s\nkeeper %d\nuser %d\nfile %s\n", s->name, s->keeper,
		   s->user ? 1 : 0, s->labfile);
	for (size_t i = 0; i < s->n_node; i++)
		txt_printf(out, "node %s %s %d\n", s->node[i].name,
			   s->node[i].kind == NODE_ROUTER ? "culvert" : "host",
			   s->node[i].held_fd);
	for (size_t i = 0; i < s->n_port; i++)
		txt_printf(out, "port %zu %s %s %s\n", s->port[i].node, s->port[i].name.dev,
			   s->port[i].name.ios, s->port[i].peer);
}

static int take_node(struct lab_state *s, const char *line)
{
	struct state_node *n = &s->node[s->n_node];
	char kind[8];
	int end = 0;

	if (s->n_node == TOPO_MAX_NODES ||
	    sscanf(line, "node %32s %7s %d%n", n->name, kind, &n->held_fd, &end) != 3 ||
	    line[end] != '\0' || !topo_name_ok(n->name) || n->held_fd < 0)
		return -EINVAL;
	n->kind = !strcmp(kind, "culvert") ? NODE_ROUTER : NODE_HOST;
	s->n_node++;
	return 0;
}

static int take_port(struct lab_state *s, const char *line)
{
	struct state_port *p = &s->port[s->n_port];
	int end = 0;

	_Static_assert(sizeof(p->name.dev) == 16 && sizeof(p->name.ios) == 48 &&
			       sizeof(p->peer) == 81,
		       "the widths in the format below");
	if (s->n_port == 2 * TOPO_MAX_LINKS ||
	    sscanf(line, "port %zu %15s %47s %80s%n", &p->node, p->name.dev, p->name.ios, p->peer,
		   &end) != 4 ||
	    line[end] != '\0' || p->node >= s->n_node)
		return -EINVAL;
	p->name.is_ios = strcmp(p->name.dev, p->name.ios) != 0;
	s->n_port++;
	return 0;
}

static int take_line(struct lab_state *s, const char *line)
{
	int end = 0, user = 0;

	if (!strncmp(line, "node ", 5))
		return take_node(s, line);
	if (!strncmp(line, "port ", 5))
		return take_port(s, line);
	if (!strncmp(line, "file /", 6) && !s->labfile) {
		s->labfile = strdup(line + 5);
		return s->labfile ? 0 : -ENOMEM;
	}
	if (sscanf(line, "lab %32s%n", s->name, &end) == 1 && !line[end])
		return topo_name_ok(s->name) ? 0 : -EINVAL;
	if (sscanf(line, "keeper %d%n", &s->keeper, &end) == 1 && !line[end])
		return s->keeper > 0 ? 0 : -EINVAL;
	if (sscanf(line, "user %d%n", &user, &end) == 1 && !line[end]) {
		s->user = user == 1;
		return 0;
	}
	return -EINVAL;
}

int state_parse(const char *text, struct lab_state **ret_s)
{
	struct lab_state *s = state_new(TOPO_MAX_NODES, 2 * TOPO_MAX_LINKS);
	char *copy = strdup(text);
	char *save = NULL;
	int err = s && copy ? 0 : -ENOMEM;

	for (char *line = err ? NULL : strtok_r(copy, "\n", &save); line && !err;
	     line = strtok_r(NULL, "\n", &save))
		err = take_line(s, line);
	if (!err && (!s->name[0] || !s->keeper || !s->labfile || !s->n_node))
		err = -EINVAL;
	free(copy);
	if (err)
		state_free(s);
	else
		*ret_s = s;
	return err;
}

int state_save(const struct lab_state *s, const char *dir)
{
	char path[RUNDIR_PATH], tmp[RUNDIR_PATH];
	struct txt out = TXT_INIT;
	int err = 0, fd;

	rundir_file(dir, ".state", "", path);
	rundir_file(dir, ".state", ".new", tmp);
	state_render(s, &out);
	fd = out.bad ? -1 : open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		err = out.bad ? -ENOMEM : -errno;
	} else {
		ssize_t n = write(fd, out.s, out.len);

		if (n != (ssize_t)out.len)
			err = n < 0 ? -errno : -ENOSPC;
		close(fd);
	}
	txt_fini(&out);
	if (!err && rename(tmp, path) < 0)
		err = -errno;
	return err;
}

int state_load(const char *dir, struct lab_state **ret_s)
{
	char path[RUNDIR_PATH];
	char *text = calloc(1, STATE_MAX + 1);
	int err = text ? 0 : -ENOMEM;
	FILE *f;

	rundir_file(dir, ".state", "", path);
	f = err ? NULL : fopen(path, "re");
	if (!err && !f)
		err = -errno;
	if (!err) {
		(void)!fread(text, 1, STATE_MAX, f);
		err = ferror(f) ? -EIO : state_parse(text, ret_s);
	}
	if (f)
		fclose(f);
	free(text);
	return err;
}

const struct state_node *state_node(const struct lab_state *s, const char *name)
{
	for (size_t i = 0; i < s->n_node; i++)
		if (!strcmp(s->node[i].name, name))
			return &s->node[i];
	return NULL;
}

void state_free(struct lab_state *s)
{
	if (!s)
		return;
	free(s->labfile);
	free(s->node);
	free(s->port);
	free(s);
}
