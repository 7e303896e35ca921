/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/rundir.h"

#include "base/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_BASES 3
#define HASH_LEN 8
/* The longest thing below a run folder is a node's socket. */
#define DIR_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1 - 32 - sizeof(".sock"))

/* The folders that hold run folders, best first; an empty one does not apply.
 * Root's is a fixed one; a user has his session's (by its variable, or without
 * it, as under su or cron), and /tmp where there is no session. */
static void bases(char ret_base[N_BASES][RUNDIR_PATH])
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	unsigned uid = (unsigned)geteuid();

	memset(ret_base, 0, N_BASES * RUNDIR_PATH);
	if (uid == 0)
		snprintf(ret_base[0], RUNDIR_PATH, "/run/culvert-labs");
	else if (xdg && *xdg == '/')
		snprintf(ret_base[0], RUNDIR_PATH, "%s/culvert-labs", xdg);
	if (uid != 0)
		snprintf(ret_base[1], RUNDIR_PATH, "/run/user/%u/culvert-labs", uid);
	snprintf(ret_base[2], RUNDIR_PATH, "/tmp/culvert-lab-%u", uid);
}

/* A folder of ours that nobody else can write: /tmp is everybody's. */
static int check_own(const char *dir)
{
	struct stat st;

	if (lstat(dir, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return st.st_uid == geteuid() && !(st.st_mode & 022) ? 0 : -EPERM;
}

/* The hash tells two labs of one name apart; it is no secret. */
static void suffix_of(const char *labfile, char ret_suffix[HASH_LEN + 2])
{
	static const uint64_t seed[2] = { 0x63756c76657274, 0x6c616273 };
	uint64_t h = hash_bytes(seed, labfile, strlen(labfile));

	snprintf(ret_suffix, HASH_LEN + 2, "-%08x", (unsigned)(h & 0xffffffff));
}

void rundir_file(const char *dir, const char *node, const char *suffix, char *ret_path)
{
	int n = snprintf(ret_path, RUNDIR_PATH, "%s/%s%s", dir, node, suffix);

	/* DIR_MAX and the length of a node's name bound it. */
	if (n < 0 || n >= RUNDIR_PATH)
		abort();
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	if (ftw->level > 0 && remove(path) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

static int empty(const char *dir)
{
	return nftw(dir, unlink_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* Locks the folder and makes sure that it is still the one at that path: its
 * former owner may just be removing it. */
static int lock_dir(const char *dir, int *ret_lock)
{
	struct stat held, there;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		err = errno == EWOULDBLOCK ? -EALREADY : -errno;
	else if (fstat(fd, &held) < 0 || stat(dir, &there) < 0)
		err = -errno;
	else if (held.st_ino != there.st_ino)
		err = -ENOENT;
	if (err)
		close(fd);
	else
		*ret_lock = fd;
	return err;
}

static int create_in(const char *base, const char *name, const char *suffix,
		     char ret_dir[RUNDIR_PATH], int *ret_lock)
{
	char dir[2 * RUNDIR_PATH];
	int err;

	if ((size_t)snprintf(dir, sizeof(dir), "%s/%s%s", base, name, suffix) > DIR_MAX)
		return -ENAMETOOLONG;
	if (mkdir(base, 0700) < 0 && errno != EEXIST)
		return -errno;
	err = check_own(base);
	if (err)
		return err;
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	memcpy(ret_dir, dir, strlen(dir) + 1);
	err = check_own(dir);
	if (!err)
		err = lock_dir(dir, ret_lock);
	if (err)
		return err;
	err = empty(dir); /* what a keeper left that was killed */
	if (err)
		close(*ret_lock);
	return err;
}

/* Another session's variables may have put this very lab elsewhere. One that
 * still lives is ours to respect, a dead one to clear away. */
static int check_elsewhere(const char *labfile, char ret_dir[RUNDIR_PATH])
{
	return rundir_find(labfile, ret_dir) ? rundir_bury(ret_dir) : 0;
}

int rundir_create(const char *name, const char *labfile, char ret_dir[RUNDIR_PATH], int *ret_lock,
		  struct txt *why)
{
	char base[N_BASES][RUNDIR_PATH], suffix[HASH_LEN + 2];
	struct txt tried = TXT_INIT;
	int err = check_elsewhere(labfile, ret_dir);

	if (err) {
		if (err != -EALREADY)
			txt_printf(why, "%s: %s", ret_dir, strerror(-err));
		return err;
	}
	bases(base);
	suffix_of(labfile, suffix);
	for (size_t i = 0; i < N_BASES; i++) {
		if (!base[i][0])
			continue;
		/* Another `lab down` may remove the folder above between the
		 * two mkdirs; a second turn finds its feet. */
		for (int turn = 0; turn < 3; turn++) {
			err = create_in(base[i], name, suffix, ret_dir, ret_lock);
			if (err != -ENOENT)
				break;
		}
		if (!err || err == -EALREADY)
			goto out;
		txt_printf(&tried, "%s%s: %s", tried.len ? "; " : "", base[i],
			   err == -EPERM ? "is not a folder that only this user can write" :
					   strerror(-err));
	}
	txt_printf(why, "no place for the run folder: %s", txt_cstr(&tried));
out:
	txt_fini(&tried);
	return err;
}

int rundir_each(int (*each)(const char *dir, void *arg), void *arg)
{
	char base[N_BASES][RUNDIR_PATH], dir[2 * RUNDIR_PATH + 256];
	int ret = 0;

	bases(base);
	for (size_t i = 0; i < N_BASES && !ret; i++) {
		DIR *d = base[i][0] && check_own(base[i]) == 0 ? opendir(base[i]) : NULL;
		const struct dirent *e;

		/* The session's folder may be named twice (variable and uid). */
		if (d && i > 0 && !strcmp(base[i], base[i - 1])) {
			closedir(d);
			continue;
		}
		while (d && !ret && (e = readdir(d)) != NULL) {
			size_t n = (size_t)snprintf(dir, sizeof(dir), "%s/%s", base[i], e->d_name);

			if (e->d_name[0] != '.' && n <= DIR_MAX && check_own(dir) == 0)
				ret = each(dir, arg);
		}
		if (d)
			closedir(d);
	}
	return ret;
}

struct wanted {
	char suffix[HASH_LEN + 2];
	char *ret_dir;
};

static int is_wanted(const char *dir, void *arg)
{
	struct wanted *w = arg;
	size_t len = strlen(dir), want = strlen(w->suffix);

	if (len <= want || strcmp(dir + len - want, w->suffix) != 0)
		return 0;
	memcpy(w->ret_dir, dir, len + 1);
	return 1;
}

bool rundir_find(const char *labfile, char ret_dir[RUNDIR_PATH])
{
	struct wanted w = { .ret_dir = ret_dir };

	suffix_of(labfile, w.suffix);
	return rundir_each(is_wanted, &w) != 0;
}

int rundir_remove(const char *dir)
{
	char base[RUNDIR_PATH];
	int err = empty(dir);

	if (err)
		return err;
	if (rmdir(dir) < 0)
		return -errno;
	snprintf(base, sizeof(base), "%s", dir);
	*strrchr(base, '/') = '\0';
	(void)rmdir(base); /* refused while other labs are in it */
	return 0;
}

int rundir_bury(const char *dir)
{
	int lock, err = lock_dir(dir, &lock);

	if (err)
		return err == -ENOENT ? 0 : err; /* gone by itself */
	err = rundir_remove(dir);
	close(lock);
	return err;
}

static int address(const char *path, struct sockaddr_un *ret_sa)
{
	*ret_sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret_sa->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret_sa->sun_path, path, strlen(path) + 1);
	return 0;
}

int rundir_connect(const char *path)
{
	struct sockaddr_un sa;
	int err = address(path, &sa);
	int fd = err ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (err)
		return err;
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    fcntl(fd, F_SETFL, 0) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int rundir_listen(const char *path)
{
	struct sockaddr_un sa;
	int err = address(path, &sa);
	int fd = err ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (err)
		return err;
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 16) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}
