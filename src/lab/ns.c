/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/ns.h"

#include "lab/link.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* One id is all that a user may map without help (user_namespaces(7)); the
 * group map needs setgroups denied first. */
static int map_ids(uid_t uid, gid_t gid)
{
	char line[64];
	int err = write_file("/proc/self/setgroups", "deny");

	if (err)
		return err;
	snprintf(line, sizeof(line), "0 %u 1\n", (unsigned)uid);
	err = write_file("/proc/self/uid_map", line);
	if (err)
		return err;
	snprintf(line, sizeof(line), "0 %u 1\n", (unsigned)gid);
	return write_file("/proc/self/gid_map", line);
}

int ns_isolate(bool *ret_user, struct txt *why)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int err;

	if (unshare(CLONE_NEWNET) == 0) {
		*ret_user = false;
		return 0;
	}
	if (errno != EPERM) {
		err = -errno;
		txt_printf(why, "cannot make a network namespace: %s", strerror(-err));
		return err;
	}
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		err = -errno;
		txt_printf(why,
			   "cannot make a user namespace: %s (as an ordinary user, look at the "
			   "sysctls user.max_user_namespaces, kernel.unprivileged_userns_clone "
			   "and kernel.apparmor_restrict_unprivileged_userns)",
			   strerror(-err));
		return err;
	}
	err = map_ids(uid, gid);
	if (err) {
		txt_printf(why, "cannot map user %u into the user namespace: %s", (unsigned)uid,
			   strerror(-err));
		return err;
	}
	*ret_user = true;
	return 0;
}

int ns_new_net(int *ret_fd)
{
	int err, fd;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	/* 1 is IN6_ADDR_GEN_MODE_NONE: no link-local address, hence no router
	 * solicitation and no multicast report in a capture. Addresses given by
	 * hand work. A kernel without IPv6 is quiet already. */
	err = write_file("/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1");
	if (err && err != -ENOENT)
		return err;
	/* nobody else is on these links: an address is there when it is given, not a second later
	 * (RFC 4862 section 5.4) */
	err = write_file("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
	if (err && err != -ENOENT)
		return err;
	err = link_up("lo", NULL);
	if (err)
		return err;
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int ns_enter_net(int fd)
{
	return setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

int ns_link_local(const char *dev)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/addr_gen_mode", dev);
	return write_file(path, "0");
}

/* /sys shows the devices of the namespace it was mounted from. Some containers
 * refuse a new one; tools that read it then see the host's, as before. */
static void remount_sys(void)
{
	static const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount("", "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return;
	if (mount("sysfs", "/sys", "sysfs", flags, NULL) < 0)
		(void)mount("sysfs", "/sys", "sysfs", flags | MS_RDONLY, NULL);
}

/* setns() refuses the user namespace that one is in already. */
static bool is_own_user_ns(int fd)
{
	struct stat own, theirs;

	return stat("/proc/self/ns/user", &own) == 0 && fstat(fd, &theirs) == 0 &&
	       own.st_dev == theirs.st_dev && own.st_ino == theirs.st_ino;
}

int ns_join(int user_fd, int net_fd, const char *node)
{
	if (user_fd >= 0 && !is_own_user_ns(user_fd) && setns(user_fd, CLONE_NEWUSER) < 0)
		return -errno;
	if (setns(net_fd, CLONE_NEWNET) < 0)
		return -errno;
	if (unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0)
		return -errno;
	remount_sys();
	if (sethostname(node, strlen(node)) < 0)
		return -errno;
	return 0;
}

int ns_open_user(int pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int ns_open_held(int pid, int held)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, held);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool runs_in(const char *pid, const unsigned long *net_ino, size_t n)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	if (stat(path, &st) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (net_ino[i] == st.st_ino)
			return true;
	return false;
}

size_t ns_kill(const unsigned long *net_ino, size_t n, int sig)
{
	DIR *proc = opendir("/proc");
	const struct dirent *e;
	size_t found = 0;

	while (proc && (e = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]) || !runs_in(e->d_name, net_ino, n))
			continue;
		found++;
		kill((pid_t)strtol(e->d_name, NULL, 10), sig);
	}
	if (proc)
		closedir(proc);
	return found;
}
