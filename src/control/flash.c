/* SPDX-License-Identifier: Apache-2.0 */
#include "control/flash.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "control/load.h"

#define FILES_MAX 1000 /* that `dir` lists */

static const char *behind_device(const char *text)
{
	static const char *const devices[] = { "flash:", "bootflash:", "nvram:", "disk0:", "slot0:", "unix:" };

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (!strncmp(text, devices[i], strlen(devices[i])))
			return text + strlen(devices[i]) + (text[strlen(devices[i])] == '/');
	return text;
}

/* The key that type 6 passwords are encrypted with lies there, too (master_key.c). */
static bool is_secret(const char *name)
{
	return strstr(name, "master-key") != NULL;
}

int flash_name(const char *text, char name[FLASH_NAME_MAX])
{
	const char *s = behind_device(text);
	size_t n = strlen(s);

	if (!n || n >= FLASH_NAME_MAX || *s == '.' || is_secret(s))
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("._-+", s[i]))
			return -EINVAL;
	memcpy(name, s, n + 1);
	return 0;
}

/* With its slash at the end; false: there is none. */
static bool folder(const struct control *c, char *path, size_t cap)
{
	const char *slash = strrchr(c->opt->config, '/');

	if (!strcmp(c->opt->config, "-"))
		return false;
	return snprintf(path, cap, "%.*s", slash ? (int)(slash - c->opt->config) + 1 : 2,
			slash ? c->opt->config : "./") < (int)cap;
}

int flash_path(const struct control *c, const char *text, char *path, size_t cap)
{
	char name[FLASH_NAME_MAX];
	int err = flash_name(text, name);
	size_t len;

	if (err)
		return err;
	if (!folder(c, path, cap))
		return -ENODEV;
	len = strlen(path);
	/* whatever that file is called here */
	if (!strcmp(name, "startup-config"))
		return snprintf(path, cap, "%s", c->opt->config) < (int)cap ? 0 : -ENAMETOOLONG;
	return snprintf(path + len, cap - len, "%s", name) < (int)(cap - len) ? 0 : -ENAMETOOLONG;
}

static bool is_beside(const char *name, const char *of, const char *end)
{
	const char *slash = strrchr(of, '/'), *base = slash ? slash + 1 : of;
	size_t n = strlen(base);

	return !strncmp(name, base, n) && !strcmp(name + n, end);
}

/* What the router writes for itself and believes when it starts: life_revert.c, forwarding.c (whose file is here
 * where the socket is). It may be read; what is written into it by somebody else would be put in force. */
static bool is_state(const struct control *c, const char *text)
{
	char name[FLASH_NAME_MAX];

	return !flash_name(text, name) &&
	       (is_beside(name, c->opt->config, ".revert") || is_beside(name, c->opt->socket, ".forwarding"));
}

/* 0: a regular file; -ENOENT; -EPERM: something else, a link too. */
static int is_file(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return -errno;
	return S_ISREG(st.st_mode) ? 0 : -EPERM;
}

int flash_read(const struct control *c, const char *text, char **ret_text, size_t *ret_len)
{
	char path[PATH_MAX];
	int err = flash_path(c, text, path, sizeof(path));

	if (err)
		return err;
	return strcmp(path, c->opt->config) ? file_read_plain(path, ret_text, ret_len) : file_read(path, ret_text, ret_len);
}

int flash_write(const struct control *c, const char *text, const char *what, size_t len)
{
	char path[PATH_MAX];
	int err = is_state(c, text) ? -EACCES : flash_path(c, text, path, sizeof(path));

	if (!err && strcmp(path, c->opt->config) != 0) {
		err = is_file(path);
		if (err == -ENOENT)
			err = 0;
	}
	return err ? err : file_write(path, what, len);
}

int flash_remove(const struct control *c, const char *text)
{
	char path[PATH_MAX];
	int err = is_state(c, text) ? -EACCES : flash_path(c, text, path, sizeof(path));

	if (!err)
		err = is_file(path);
	return err ? err : file_remove(path);
}

bool flash_has(const struct control *c, const char *text)
{
	char path[PATH_MAX];

	return !flash_path(c, text, path, sizeof(path)) && !is_file(path);
}

static int wanted(const struct dirent *e)
{
	char name[FLASH_NAME_MAX];

	return !flash_name(e->d_name, name);
}

static void dir_line(struct txt *out, size_t n, const char *name, const struct stat *st)
{
	char when[40];
	struct tm tm;

	if (!gmtime_r(&st->st_mtime, &tm))
		return;
	strftime(when, sizeof(when), "%b %e %Y %H:%M:%S +00:00", &tm);
	txt_printf(out, "%5zu  -rw- %11jd  %s  %s\n", n, (intmax_t)st->st_size, when, name);
}

int flash_space(const struct control *c, uint64_t *ret_bytes, uint64_t *ret_free)
{
	char path[PATH_MAX];
	struct statvfs fs;

	if (!folder(c, path, sizeof(path)))
		return -ENODEV;
	if (statvfs(path, &fs))
		return -errno;
	*ret_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
	*ret_free = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

static int dir_all(const struct control *c, struct txt *out)
{
	char path[PATH_MAX], file[PATH_MAX + 256];
	struct dirent **list = NULL;
	size_t shown = 0;
	int n;

	if (!folder(c, path, sizeof(path)))
		return -ENODEV;
	n = scandir(path, &list, wanted, alphasort);
	if (n < 0)
		return -errno;
	txt_str(out, "Directory of flash:/\n\n");
	for (int i = 0; i < n; i++) {
		struct stat st;

		snprintf(file, sizeof(file), "%s%s", path, list[i]->d_name);
		if (shown < FILES_MAX && !lstat(file, &st) && S_ISREG(st.st_mode))
			dir_line(out, ++shown, list[i]->d_name, &st);
		free(list[i]);
	}
	free(list);
	if (!shown)
		txt_str(out, "No files in directory\n");
	return 0;
}

static int dir_one(const struct control *c, const char *text, struct txt *out)
{
	char path[PATH_MAX], name[FLASH_NAME_MAX];
	struct stat st;
	int err = flash_path(c, text, path, sizeof(path));

	if (err)
		return err;
	if (lstat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EPERM;
	(void)flash_name(text, name); /* flash_path() has read it already */
	txt_printf(out, "Directory of flash:/%s\n\n", name);
	dir_line(out, 1, name, &st);
	return 0;
}

int flash_dir(const struct control *c, const char *text, struct txt *out)
{
	uint64_t bytes, left;
	int err = *behind_device(text) ? dir_one(c, text, out) : dir_all(c, out);

	if (!err)
		err = flash_space(c, &bytes, &left);
	if (!err)
		txt_printf(out, "\n%" PRIu64 " bytes total (%" PRIu64 " bytes free)\n", bytes, left);
	return err;
}

void flash_error(struct txt *out, const char *text, int err)
{
	if (err == -EINVAL)
		txt_printf(out, "%%Error opening %s (a name in flash: is wanted: letters, digits and ._-+, no folders)\n", text);
	else if (err == -ENODEV)
		txt_printf(out, "%%Error opening %s (there is no flash: the configuration came from standard input)\n", text);
	else if (err == -ENOENT)
		txt_printf(out, "%%Error opening %s (No such file or directory)\n", text);
	else
		txt_printf(out, "%%Error opening %s (%s)\n", text, strerror(-err));
}
