/* SPDX-License-Identifier: Apache-2.0 */
/* Files by the names that IOS has for them. `flash:` (`nvram:`, `bootflash:`, `disk0:`) is the folder of the startup
 * configuration, without folders of its own; who may type commands reads and writes nothing else by the daemon's rights. */
#ifndef CONTROL_FLASH_H
#define CONTROL_FLASH_H

#include "control/internal.h"

#define FLASH_NAME_MAX 64

/* The plain name in `flash:NAME` or NAME. 0; -EINVAL: a path, a hidden name, or one that holds keys. */
int flash_name(const char *text, char name[FLASH_NAME_MAX]);
/* Where that is. 0 or as flash_name(), -ENODEV: the configuration came from standard input. */
int flash_path(const struct control *c, const char *text, char *path, size_t cap);
/* As file_read() and file_write(); neither follows a link, and only regular files are read. */
int flash_read(const struct control *c, const char *text, char **ret_text, size_t *ret_len);
int flash_write(const struct control *c, const char *text, const char *what, size_t len);
int flash_remove(const struct control *c, const char *text);
bool flash_has(const struct control *c, const char *text);
/* `dir`: IOS's layout, files in order of their names, or the one that text names. 0 or -errno */
int flash_dir(const struct control *c, const char *text, struct txt *out);
/* Bytes of the file system that it is on. 0 or -errno */
int flash_space(const struct control *c, uint64_t *ret_bytes, uint64_t *ret_free);
/* What to tell somebody about such an error, with the name that he typed. */
void flash_error(struct txt *out, const char *text, int err);

#endif
