/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_LOAD_H
#define CONTROL_LOAD_H

#include <stddef.h>

/* The whole file as text (malloc'ed, NUL-terminated; at most 8 MiB). 0 or -errno. */
int file_read(const char *path, char **ret_text, size_t *ret_len);

#endif
