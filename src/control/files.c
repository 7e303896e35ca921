/* SPDX-License-Identifier: Apache-2.0 */
/* The startup configuration: loading, and saving atomically. */
#include "control/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/load.h"
#include "control/login.h"
#include "control/master_key.h"
#include "host/log.h"
#include "host/os.h"

#define TYPED_MAX  (64u << 10) /* bytes of typed lines, then the whole is kept anew */

/* Closes fd. */
static int read_whole(int fd, char **ret_text, size_t *ret_len)
{
	struct txt t = TXT_INIT;
	char buf[16384];
	ssize_t n;
	int err = 0;

	while ((n = read(fd, buf, sizeof(buf))) > 0 && t.len < CONFIG_MAX)
		txt_mem(&t, buf, (size_t)n);
	if (n < 0)
		err = -errno;
	else if (n > 0)
		err = -EFBIG;
	else if (t.bad)
		err = -ENOMEM;
	close(fd);
	explicit_bzero(buf, sizeof(buf));
	if (err && t.s)
		explicit_bzero(t.s, t.cap);
	if (!err) {
		*ret_len = t.len;
		*ret_text = txt_steal(&t);
		err = *ret_text ? 0 : -ENOMEM;
	}
	txt_fini(&t);
	return err;
}

int file_read(const char *path, char **ret_text, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : read_whole(fd, ret_text, ret_len);
}

int file_read_plain(const char *path, char **ret_text, size_t *ret_len)
{
	/* a FIFO would be waited for */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? -EPERM : -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EPERM;
	}
	return read_whole(fd, ret_text, ret_len);
}

/* What a control keeps for its successor: the head says where the text is. A kill
 * hits before the head is written or after it, never a text in use. */
struct kept {
	uint64_t at, len; /* len 0: nothing was kept */
};

static bool read_kept(const struct control *c, struct kept *k)
{
	return c->opt->kept_fd >= 0 &&
	       pread(c->opt->kept_fd, k, sizeof(*k), 0) == (ssize_t)sizeof(*k) && k->len &&
	       k->len <= CONFIG_MAX;
}

/* The whole; and from then on what is typed is written behind it. */
static void keep_whole(struct control *c)
{
	struct kept old = { 0 }, new;
	struct txt body = TXT_INIT;

	/* secrets in clear stay so, as those in typed lines do: many take long, and a successor hashes what is left of them */
	master_key_follow(c);
	commands_render(c->config, 0, &body);
	(void)read_kept(c, &old);
	new.at = old.at == 4096 ? 4096 + CONFIG_MAX : 4096;
	new.len = c->kept_whole = body.len;
	c->unkept = body.bad || body.len > CONFIG_MAX ||
		    pwrite(c->opt->kept_fd, body.s, body.len, (off_t)new.at) != (ssize_t)body.len ||
		    pwrite(c->opt->kept_fd, &new, sizeof(new), 0) != (ssize_t)sizeof(new);
	if (c->unkept)
		log_line("CULVERT-4-CONFIG", "the running configuration is not kept for a restart");
	if (body.s)
		explicit_bzero(body.s, body.len);
	txt_fini(&body);
}

void files_keep(struct control *c)
{
	if (c->opt->kept_fd >= 0 && c->unkept)
		keep_whole(c);
}

/* Behind what is kept, where a control that follows reads it as a part of the same text: to say
 * a big configuration anew for each line of it takes longer than all the rest. */
static bool keep_line(struct control *c, const char *path, const char *line)
{
	struct txt t = TXT_INIT;
	struct kept k;
	bool ok = false;

	txt_printf(&t, "%s%s\n!\n", path, line);
	if (!t.bad && read_kept(c, &k) && k.len - c->kept_whole + t.len <= TYPED_MAX &&
	    k.len + t.len <= CONFIG_MAX) {
		ok = pwrite(c->opt->kept_fd, t.s, t.len, (off_t)(k.at + k.len)) == (ssize_t)t.len;
		k.len += t.len;
		ok = ok && pwrite(c->opt->kept_fd, &k, sizeof(k), 0) == (ssize_t)sizeof(k);
	}
	if (t.s)
		explicit_bzero(t.s, t.len); /* keys */
	txt_fini(&t);
	return ok;
}

/* The running configuration of a control that died: what was typed and never saved
 * must not become cleartext. False: there is none. */
static bool load_kept(struct control *c)
{
	struct report r = { 0 };
	struct kept k;
	char *text;
	bool ok;

	if (!read_kept(c, &k) || !(text = malloc(k.len)))
		return false;
	ok = pread(c->opt->kept_fd, text, k.len, (off_t)k.at) == (ssize_t)k.len &&
	     config_load_text(text, k.len, &c->config, &r) == 0;
	report_fini(&r);
	explicit_bzero(text, k.len);
	free(text);
	return ok;
}

int files_load(struct control *c)
{
	c->unkept = true;
	if (load_kept(c))
		return 0;

	struct report r = { 0 };
	struct txt said = TXT_INIT;
	char *text = NULL;
	size_t len = 0;
	bool from_stdin = !strcmp(c->opt->config, "-");
	int err = file_read(from_stdin ? "/dev/stdin" : c->opt->config, &text, &len);

	if (err == -ENOENT) {
		log_line("SYS-6-STARTUP", "%s does not exist: an empty configuration", c->opt->config);
		c->config = config_new();
		return c->config ? 0 : -ENOMEM;
	}
	if (!err)
		err = config_load_text(text, len, &c->config, &r);
	if (!err) {
		secrets_follow(c);
		commands_check(c->config, &r);
		report_print_log(&r, c->opt->config, &said);
		if (r.errors)
			txt_printf(&said, "%s: `culvert check %s` shows the lines that are wrong\n",
				   c->opt->config, c->opt->config);
		log_report("SYS-4-STARTUP", txt_cstr(&said));
	} else {
		log_line("SYS-2-STARTUP", "%s: %s", c->opt->config, strerror(-err));
	}
	report_fini(&r);
	txt_fini(&said);
	if (text)
		explicit_bzero(text, len);
	free(text);
	return err;
}

static void note_change(struct control *c)
{
	char now[64];

	free(c->changed_at);
	c->changed_at = strdup(host_clock(now));
}

void files_changed(struct control *c)
{
	c->unkept = true;
	note_change(c);
}

void files_typed(struct control *c, const char *path, const char *line)
{
	if (c->opt->kept_fd >= 0 && !c->unkept)
		c->unkept = !path || !keep_line(c, path, line);
	note_change(c);
}

/* The new file is as private as the one whose place it takes, and never open to
 * others: it holds keys. One that was not there is its owner's alone. */
static int take_mode(int fd, const char *path)
{
	struct stat old;

	if (stat(path, &old) < 0)
		return errno == ENOENT ? 0 : -errno;
	mode_t mode = old.st_mode & 0660;

	if (fchown(fd, (uid_t)-1, old.st_gid) < 0)
		mode &= 0600;
	return fchmod(fd, mode | 0600) < 0 ? -errno : 0;
}

/* What was done to its names stays done when the power fails. */
static void sync_folder_of(const char *path)
{
	char buf[PATH_MAX];
	int fd;

	if (snprintf(buf, sizeof(buf), "%s", path) >= (int)sizeof(buf))
		return;
	fd = open(dirname(buf), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

/* A temporary file beside it, fsync, rename: the old one stays whole until the new
 * one is. Its name begins with a point: no file of flash: is called so. What a crash left
 * under it (or somebody put there) is neither written into nor followed. */
static int write_atomic(const char *path, const char *text, size_t len)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	char tmp[PATH_MAX];
	int fd, err;
	size_t at = 0;

	if (snprintf(tmp, sizeof(tmp), "%.*s.%s.new", (int)(base - path), path, base) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	if (unlink(tmp) < 0 && errno != ENOENT)
		return -errno;
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = take_mode(fd, path);
	while (!err && at < len) {
		ssize_t n = write(fd, text + at, len - at);

		if (n < 0 && errno != EINTR)
			err = -errno;
		else if (n > 0)
			at += (size_t)n;
	}
	if (!err && fsync(fd))
		err = -errno;
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && rename(tmp, path))
		err = -errno;
	if (err) {
		(void)unlink(tmp);
		return err;
	}
	sync_folder_of(path);
	return 0;
}

int file_remove(const char *path)
{
	if (unlink(path))
		return -errno;
	sync_folder_of(path);
	return 0;
}

int file_write(const char *path, const char *text, size_t len)
{
	char *real = realpath(path, NULL); /* a link stays one */
	int err = real || errno == ENOENT ? write_atomic(real ? real : path, text, len) : -errno;

	free(real);
	return err;
}

int files_save(struct control *c, struct txt *out)
{
	struct txt body = TXT_INIT;
	int err;

	if (!strcmp(c->opt->config, "-")) {
		txt_str(out, "% The configuration came from standard input: there is nowhere to save it\n");
		return -ENODEV;
	}
	txt_str(out, "Building configuration...\n");
	secrets_follow(c);
	txt_str(&body, "!\n");
	commands_render_file(c->config, "15.9", 0, &body);
	err = body.bad ? -ENOMEM : file_write(c->opt->config, body.s, body.len);
	if (err)
		txt_printf(out, "%% Could not write %s: %s\n", c->opt->config, strerror(-err));
	else
		txt_str(out, "[OK]\n");
	if (!err)
		master_key_saved(c);
	if (body.s)
		explicit_bzero(body.s, body.len);
	txt_fini(&body);
	return err;
}
