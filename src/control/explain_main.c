/* SPDX-License-Identifier: Apache-2.0 */
/* `culvert explain`: what words mean. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands/explain.h"
#include "control/control.h"

static const char usage[] =
	"usage: culvert explain [WORD]...\n"
	"\n"
	"Says in a few lines what a word of a configuration or of a show command means (aes, dh, pfs, qm_idle,\n"
	"mm_key_exch, ...), and what to do about it. Without a word: which ones there are.\n"
	"Exit status: 0 done, 1 nothing is known about a word, 2 wrong usage.\n";

static int explain(char **words, int n)
{
	struct txt out = TXT_INIT;
	int status = 0;

	if (!n)
		explain_words(&out);
	for (int i = 0; i < n; i++)
		if (!explain_word(words[i], &out)) {
			fprintf(stderr, "culvert: nothing is known about '%s'; culvert explain lists the words\n", words[i]);
			status = 1;
		}
	fputs(txt_cstr(&out), stdout);
	txt_fini(&out);
	return status;
}

int explain_main(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	int opt = getopt_long(argc, argv, "h", options, NULL);

	if (opt == 'h') {
		fputs(usage, stdout);
		return 0;
	}
	if (opt != -1) {
		fprintf(stderr, "culvert: unknown option\n\n%s", usage);
		return 2;
	}
	return explain(argv + optind, argc - optind);
}
