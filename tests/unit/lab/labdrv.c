/* SPDX-License-Identifier: Apache-2.0 */
/* `culvert lab` with routers that do nothing but live: the tests of labs need
 * routers that start late, fail, stop slowly or not at all. A router does what
 * comments in its configuration say:
 *   ! die          complains and ends at once
 *   ! deaf         never listens
 *   ! stubborn     ignores SIGTERM
 *   ! daemon       leaves a grandchild in the namespace
 *   ! save         appends a line to its configuration, as `write memory` may */
#include "lab/lab.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *value_of(int argc, char **argv, const char *option)
{
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], option))
			return argv[i + 1];
	return "";
}

static int listen_at(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	return fd >= 0 && bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0 &&
			       listen(fd, 8) == 0 ?
		       fd :
		       -1;
}

static int router(int argc, char **argv)
{
	char config[4096] = "";
	const char *path = value_of(argc, argv, "--config");
	FILE *f = fopen(path, "r+");
	sigset_t term;
	int sig;

	if (!f)
		return 1;
	config[fread(config, 1, sizeof(config) - 1, f)] = '\0';
	if (strstr(config, "! save"))
		fputs("! saved\n", f);
	fclose(f);
	for (int i = 0; i < argc; i++)
		printf("%s%c", argv[i], i + 1 < argc ? ' ' : '\n');
	fflush(stdout);
	if (strstr(config, "! die")) {
		fprintf(stderr, "the reason for dying\n");
		return 3;
	}
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	if (strstr(config, "! daemon") && fork() == 0) {
		setsid();
		pause();
	}
	if (!strstr(config, "! deaf") && listen_at(value_of(argc, argv, "--socket")) < 0)
		return 1;
	while (strstr(config, "! stubborn"))
		pause();
	sigwait(&term, &sig);
	return 0;
}

/* Shows what `lab shell` passes on. */
static int shell(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		printf("[%s]\n", argv[i]);
	return 5;
}

int main(int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[1], "run"))
		return router(argc - 1, argv + 1);
	if (argc >= 2 && !strcmp(argv[1], "shell"))
		return shell(argc - 1, argv + 1);
	if (argc >= 2 && !strcmp(argv[1], "lab"))
		return lab_main(argc - 1, argv + 1);
	fputs("usage: labdrv lab ...\n", stderr);
	return 2;
}
