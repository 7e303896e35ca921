/* SPDX-License-Identifier: Apache-2.0 */
#include "control/redirect.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "control/flash.h"

#define FILE_MAX (16u << 20) /* bytes, also of what is appended to */
#define ROOM_MIN (64u << 20) /* bytes that stay free for the router's own files */

/* What the text may be written to. 0 or a negative errno. */
static int check(const struct exec_io *io, const struct cli_pipe *p, size_t len)
{
	char name[FLASH_NAME_MAX], path[PATH_MAX];
	struct statvfs fs;
	int err = flash_name(p->text, name);

	if (err)
		return err;
	if (session_privilege(io->s) < 15 || !strcmp(name, "startup-config"))
		return -EACCES;
	err = flash_path(io->c, p->text, path, sizeof(path));
	if (err)
		return err;
	/* however the startup configuration is called here */
	if (!strcmp(path, io->c->opt->config))
		return -EACCES;
	char *slash = strrchr(path, '/');
	if (slash)
		slash[1] = '\0';
	if (statvfs(slash ? path : ".", &fs))
		return -errno;
	return (uint64_t)fs.f_bavail * fs.f_frsize < ROOM_MIN + (uint64_t)len ? -ENOSPC : 0;
}

bool redirect(struct exec_io *io, const struct cli_pipe *p, const char *text, size_t len)
{
	struct txt whole = TXT_INIT;
	char *old = NULL;
	size_t n = 0;
	int err = check(io, p, len);

	if (!err && p->append)
		err = flash_read(io->c, p->text, &old, &n);
	if (p->append && err == -ENOENT)
		err = 0;
	if (!err && n + len > FILE_MAX)
		err = -EFBIG;
	if (!err) {
		txt_mem(&whole, old ? old : "", n);
		txt_mem(&whole, text, len);
		err = whole.bad ? -ENOMEM : flash_write(io->c, p->text, txt_cstr(&whole), whole.len);
	}
	if (err)
		flash_error(io->out, p->text, err);
	/* it may be a configuration */
	if (old)
		explicit_bzero(old, n);
	if (whole.s)
		explicit_bzero(whole.s, whole.cap);
	free(old);
	txt_fini(&whole);
	return !err;
}
