/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands of `culvert lab`. */
#include "lab/lab.h"

#include "lab/fakeid.h"
#include "lab/find.h"
#include "lab/keeper.h"
#include "lab/ns.h"
#include "lab/spawn.h"
#include "lab/up.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- down ---------------------------------------------------------------- */

/* A keeper that was killed leaves only its folder: its routers got SIGTERM from
 * the kernel, and the namespaces went with the last of them. */
static int bury(const char *dir)
{
	int err = rundir_bury(dir);

	if (err == -EALREADY)
		return failed("it is being started at this moment");
	if (err)
		return failed("%s: %s", dir, strerror(-err));
	fputs("culvert lab: its keeper had been killed; removed what was left\n", stderr);
	return DONE;
}

static int cmd_down(const char *arg)
{
	static const char word[] = KEEPER_DOWN;
	char buf[1024];
	struct lab lab;
	ssize_t n;
	bool complaints = false;

	if (find_lab(arg, &lab))
		return FAILED;
	const char *name = lab.state ? lab.state->name : arg;
	int ret, fd = find_keeper(lab.dir);

	if (fd == -ECONNREFUSED || fd == -ENOENT) {
		ret = bury(lab.dir);
		goto out;
	}
	if (fd < 0 || send(fd, word, sizeof(word) - 1, MSG_NOSIGNAL) < 0) {
		ret = failed("%s: its keeper: %s", name, strerror(fd < 0 ? -fd : errno));
		goto out;
	}
	/* The keeper's last words, until it is gone. */
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		fwrite(buf, 1, (size_t)n, stderr);
		complaints = true;
	}
	ret = complaints || access(lab.dir, F_OK) == 0 ? FAILED : DONE;
	if (ret == DONE)
		printf("lab %s is down\n", name);
	else
		failed("%s did not go down in order", name);
out:
	if (fd >= 0)
		close(fd);
	state_free(lab.state);
	return ret;
}

/* --- list ---------------------------------------------------------------- */

static int list_one(const char *dir, void *arg)
{
	struct lab_state *s = NULL;
	unsigned *n = arg;
	bool lives = find_keeper_lives(dir), known = state_load(dir, &s) == 0;

	(*n)++;
	printf("%-20s %-9s %s\n", known ? s->name : strrchr(dir, '/') + 1,
	       !lives ? "dead" : known ? "up" : "starting", known ? s->labfile : dir);
	state_free(s);
	return 0;
}

static int cmd_list_all(void)
{
	unsigned n = 0;

	rundir_each(list_one, &n);
	if (n == 0)
		fputs("no lab is up\n", stderr);
	return DONE;
}

/* --- inside -------------------------------------------------------------- */

static int cmd_list(const char *arg)
{
	const struct state_node *none;
	struct lab lab;

	if (!arg)
		return cmd_list_all();
	if (find_node(arg, NULL, &lab, &none))
		return FAILED;
	state_free(lab.state);
	return lab_print(lab.dir, "up");
}

static int cmd_shell(const char *arg, const char *name, int n_args, char **args)
{
	char sock[RUNDIR_PATH], self[RUNDIR_PATH];
	const struct state_node *node;
	struct lab lab;

	if (find_node(arg, name, &lab, &node))
		return FAILED;
	bool router = node->kind == NODE_ROUTER;

	state_free(lab.state);
	if (!router)
		return failed("%s is a host: use culvert lab exec %s %s COMMAND...", name, arg,
			      name);
	char **argv = calloc((size_t)n_args + 5, sizeof(*argv));

	if (!argv)
		return failed("out of memory");
	rundir_file(lab.dir, name, ".sock", sock);
	spawn_own_path(self);
	argv[0] = (char *)"culvert";
	argv[1] = (char *)"shell";
	argv[2] = (char *)"--socket";
	argv[3] = sock;
	memcpy(argv + 4, args, (size_t)n_args * sizeof(*argv));
	execv(self, argv);
	free(argv);
	return failed("%s: %s", self, strerror(errno));
}

/* execvp() says "Permission denied" when it could not look into a folder of
 * PATH, though the command may just not exist. */
static bool on_path(const char *command)
{
	const char *env = getenv("PATH");
	char *path = strdup(env ? env : ""), *save = NULL, *file;
	bool found = strchr(command, '/') != NULL;

	for (char *dir = path ? strtok_r(path, ":", &save) : NULL; dir && !found;
	     dir = strtok_r(NULL, ":", &save)) {
		if (asprintf(&file, "%s/%s", dir, command) < 0)
			break;
		found = access(file, F_OK) == 0;
		free(file);
	}
	free(path);
	return found;
}

static int cmd_exec(const char *arg, const char *name, char **command)
{
	const struct state_node *node;
	struct lab lab;
	int user_fd = -1;

	if (find_node(arg, name, &lab, &node))
		return FAILED;
	int net_fd = ns_open_held(lab.state->keeper, node->held_fd);

	if (lab.state->user)
		user_fd = ns_open_user(lab.state->keeper);
	bool opened = net_fd >= 0 && (!lab.state->user || user_fd >= 0);

	state_free(lab.state);
	if (!opened)
		return failed("cannot open %s: %s", name, strerror(net_fd < 0 ? -net_fd : -user_fd));
	int err = ns_join(user_fd, net_fd, name);

	if (err)
		return failed("cannot enter %s: %s", name, strerror(-err));
	spawn_extend_path();
	if (user_fd >= 0)
		fakeid_begin();
	execvp(command[0], command);
	err = errno;
	if (err == EACCES && !on_path(command[0]))
		err = ENOENT;
	failed("%s: %s", command[0], strerror(err));
	return err == ENOENT ? NOT_FOUND : CANNOT_RUN;
}

/* --- the command line ---------------------------------------------------- */

static const char usage[] =
	"A lab is a folder with lab.yml (containerlab's topology schema) and one IOS\n"
	"configuration for each router. As an ordinary user it lives in a user namespace.\n"
	"\n"
	"usage: culvert lab up LAB                     start it; returns when every router is ready\n"
	"       culvert lab down LAB                   stop it and leave nothing behind\n"
	"       culvert lab list [LAB]                 the labs that are up, or one lab's nodes\n"
	"       culvert lab shell LAB NODE [-c 'COMMAND [; COMMAND]...']   that router's CLI\n"
	"       culvert lab exec LAB NODE COMMAND...   a command inside that node\n"
	"\n"
	"LAB is the folder (or, while the lab is up, its name). Options after NODE belong\n"
	"to COMMAND, whose exit status is passed through.\n";

static int wrong_usage(const char *fmt, const char *what)
{
	fputs("culvert lab: ", stderr);
	fprintf(stderr, fmt, what);
	fputs("\n\n", stderr);
	fputs(usage, stderr);
	return USAGE;
}

/* Counts of arguments after the subcommand; most < 0: any number. */
static const struct sub {
	const char *name;
	int least, most;
} subs[] = {
	{ "up", 1, 1 },	    { "down", 1, 1 }, { "list", 0, 1 },
	{ "shell", 2, -1 }, { "exec", 3, -1 },
};

static int run(const struct sub *sub, int n, char **args)
{
	if (!strcmp(sub->name, "up"))
		return lab_up(args[0]);
	if (!strcmp(sub->name, "down"))
		return cmd_down(args[0]);
	if (!strcmp(sub->name, "list"))
		return cmd_list(n ? args[0] : NULL);
	if (!strcmp(sub->name, "shell"))
		return cmd_shell(args[0], args[1], n - 2, args + 2);
	return cmd_exec(args[0], args[1], args + 2);
}

static bool is_help(const char *s)
{
	return !strcmp(s, "--help") || !strcmp(s, "-h");
}

int lab_main(int argc, char **argv)
{
	const struct sub *sub = NULL;

	if (argc < 2)
		return wrong_usage("what? %s", "up, down, list, shell or exec");
	if (is_help(argv[1]) || (argc > 2 && is_help(argv[2]))) {
		fputs(usage, stdout);
		return DONE;
	}
	for (size_t i = 0; i < sizeof(subs) / sizeof(subs[0]); i++)
		if (!strcmp(subs[i].name, argv[1]))
			sub = &subs[i];
	if (!sub)
		return wrong_usage("'%s' is no command of it", argv[1]);

	char **args = argv + 2;
	int n = argc - 2;

	if (n > 0 && args[0][0] == '-')
		return wrong_usage("'%s' is no option", args[0]);
	if (n < sub->least)
		return wrong_usage("'%s' needs more than that", sub->name);
	if (sub->most >= 0 && n > sub->most)
		return wrong_usage("'%s' is one word too many", args[sub->most]);
	return run(sub, n, args);
}
