/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_LOAD_H
#define CONTROL_LOAD_H

#include <stddef.h>

/* The whole file as text (malloc'ed, NUL-terminated; at most 8 MiB). 0 or -errno. */
int file_read(const char *path, char **ret_text, size_t *ret_len);
/* The same of a regular file; -EPERM: it is a link, or something else. */
int file_read_plain(const char *path, char **ret_text, size_t *ret_len);
/* Replaces the file atomically. A new one is mode 0600; one that takes another's
 * place keeps its mode and group, without rights for others. 0 or -errno (the old
 * file is whole then). */
int file_write(const char *path, const char *text, size_t len);
/* Removes it for good, as far as the disk knows. 0 or -errno */
int file_remove(const char *path);

#endif
