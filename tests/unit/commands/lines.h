/* SPDX-License-Identifier: Apache-2.0 */
/* Texts as lines, and the configurations of others below tests/golden, to make new texts from. */
#ifndef TEST_LINES_H
#define TEST_LINES_H

#include <ftw.h>

#include "helper.h"

#define LINES_FILES 64u

struct lines {
	char **v;
	size_t n, cap;
};

/* Those of others, between lines_read() and lines_forget(). */
static struct lines files[LINES_FILES];
static size_t n_files;

/* Takes line. */
static inline void lines_add(struct lines *l, char *line)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 1024;
		l->v = realloc(l->v, l->cap * sizeof(*l->v));
		assert_non_null(l->v);
	}
	assert_non_null(line);
	l->v[l->n++] = line;
}

static inline void lines_drop(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct lines){ 0 };
}

/* The lines of a text. */
static inline void lines_cut(const char *text, struct lines *l)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		lines_add(l, strndup(text, len));
		text += len + (text[len] != 0);
	}
}

static inline int lines_take_file(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	if (kind != FTW_F || n_files == LINES_FILES || !strncmp(path + at->base, "README", 6) ||
	    !strncmp(path + at->base, "LICENSE", 7))
		return 0;
	char *text = golden(path + strlen(GOLDEN_DIR) + 1, NULL);

	lines_cut(text, &files[n_files++]);
	free(text);
	return 0;
}

/* For a group's setup and teardown. */
static inline int lines_read(void **state)
{
	(void)state;
	return nftw(GOLDEN_DIR "/batfish", lines_take_file, 8, FTW_PHYS) ||
	       nftw(GOLDEN_DIR "/config", lines_take_file, 8, FTW_PHYS) || n_files < 16;
}

static inline int lines_forget(void **state)
{
	(void)state;
	while (n_files)
		lines_drop(&files[--n_files]);
	return 0;
}

#endif
