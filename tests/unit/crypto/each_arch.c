/* SPDX-License-Identifier: Apache-2.0 */
/* Runs tests of the data path once with each of the library's architectures that this processor can stand in for
 * (mb_arch.h), told to be brief where they can: what passes here on AVX512 is to pass on a processor that has SSE alone.
 *
 * usage: each_arch PROGRAM... */
#include "mb_arch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(const char *program, const struct mb_arch *a, int says)
{
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", says);
	if (!setenv(MB_ARCH_ENV, a->name, 1) && !setenv(MB_ARCH_SAYS, fd, 1))
		(void)execl(program, program, "brief", (char *)NULL);
	perror(program);
	_exit(127);
}

/* False: it failed, or has made no manager of that kind. */
static bool run(const char *program, const struct mb_arch *a)
{
	int says[2], status = -1;
	size_t made = 0;
	char byte;
	pid_t pid;

	if (pipe(says))
		return false;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(says[0]);
		become(program, a, says[1]);
	}
	close(says[1]);
	for (ssize_t n; (n = read(says[0], &byte, 1)) == 1 || (n < 0 && errno == EINTR);)
		made += n == 1;
	close(says[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	if (status || !made)
		printf("%s with %s: status %#x, %zu managers\n", program, a->name, (unsigned)status, made);
	return !status && made;
}

int main(int argc, char **argv)
{
	IMB_MGR *m = alloc_mb_mgr(0);
	size_t ran = 0, failed = 0;

	for (size_t i = 0; m && i < N_MB_ARCHS; i++) {
		bool here = (m->features & mb_archs[i].has) == mb_archs[i].has;

		for (int k = 1; here && k < argc; k++) {
			ran++;
			failed += !run(argv[k], &mb_archs[i]);
		}
		printf("%s: %s\n", mb_archs[i].name, here ? "done" : "not of this processor, or not of this library");
	}
	if (m)
		free_mb_mgr(m);
	printf("%zu runs, %zu failed\n", ran, failed);
	return !ran || failed;
}
