/* SPDX-License-Identifier: Apache-2.0 */
/* The router without its packet crypto: what the rest of the data path costs on this
 * machine, with the same headers, lengths, IVs and batches. Linked before the runner of
 * src/crypto (--wrap=crypto_run), into bench/culvert_no_crypto alone; the router itself
 * has no switch for it. Whatever such a router sends is in clear and unauthenticated, so
 * that both ends of a tunnel have to be this program. */
#include <string.h>
#include <unistd.h>

#include "crypto/jobs.h"

__typeof__(crypto_run) __wrap_crypto_run; /* whatever the runner's is: another one does not compile */

bool __wrap_crypto_run(struct crypto_runner *r, enum crypto_dir dir, struct crypto_job *jobs, size_t n)
{
	(void)r;
	(void)dir;
	for (size_t i = 0; i < n; i++)
		jobs[i].ok = true;
	return true;
}

__attribute__((constructor)) static void warn(void)
{
	static const char text[] = "culvert_no_crypto: for benchmarks: nothing is encrypted\n";

	(void)!write(STDERR_FILENO, text, strlen(text));
}
