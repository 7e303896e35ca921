/* SPDX-License-Identifier: Apache-2.0 */
/* A router forwards; this one only behind its locks. net.ipv4.ip_forward is set when
 * the guard stands, and taken back should it ever be missing. That of IPv6 is set for
 * `ipv6 unicast-routing` only, and is nobody's business here without it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/internal.h"
#include "host/ipv6.h"
#include "host/log.h"
#include "host/os.h"

#define NO_GUARD ": there is no guard (is nft installed?)"

/* ---- what it was before ----
 *
 * A router that dies with its supervisor leaves forwarding on, behind its locks. The next
 * one must not take that for what an administrator wanted: an orderly stop would leave it
 * on, without locks. So the first one writes down, beside its socket, what it found. The
 * note is good for this boot and network namespace alone. */

static bool note_path(const struct control *c, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s.forwarding", c->opt->socket) < PATH_MAX;
}

/* Where the note is good: the first line of it. */
static bool here(char line[96])
{
	char boot[64] = "";
	struct stat ns;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, boot, sizeof(boot) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0 || stat("/proc/self/ns/net", &ns))
		return false;
	boot[strcspn(boot, "\n")] = '\0';
	snprintf(line, 96, "%.40s %ju\n", boot, (uintmax_t)ns.st_ino);
	return true;
}

static bool is_switch(const char *s)
{
	return (s[0] == '0' || s[0] == '1') && !s[1];
}

/* False: there is none that is ours and of here. */
static bool note_read(const char *path, const char *where, char v4[16], char v6[16])
{
	char buf[128] = "", a[2], b[2];
	struct stat st;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool ours = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
		    read(fd, buf, sizeof(buf) - 1) > 0;
	size_t len = strlen(where);

	if (fd >= 0)
		close(fd);
	/* one byte for each, and '-' for what was not known */
	if (!ours || strncmp(buf, where, len) || sscanf(buf + len, "%1[01-] %1[01-]", a, b) != 2)
		return false;
	snprintf(v4, 16, "%s", is_switch(a) ? a : "");
	snprintf(v6, 16, "%s", is_switch(b) ? b : "");
	return true;
}

static void note_write(const char *path, const char *where, const char *v4, const char *v6)
{
	char buf[128];
	int len = snprintf(buf, sizeof(buf), "%s%s %s\n", where, is_switch(v4) ? v4 : "-",
			   is_switch(v6) ? v6 : "-");
	int fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t n = fd < 0 ? -1 : write(fd, buf, (size_t)len);

	if (n != len) {
		log_line("CULVERT-4-HOST", "%s: %s: after a crash forwarding will stay on", path,
			 n < 0 ? strerror(errno) : "not written whole");
		(void)unlink(path);
	}
	if (fd >= 0)
		close(fd);
}

void forwarding_begin(struct control *c)
{
	char path[PATH_MAX], where[96];

	memcpy(c->forwarded, c->opt->ip_forward, sizeof(c->forwarded));
	memcpy(c->forwarded6, c->opt->ip6_forward, sizeof(c->forwarded6));
	if (!note_path(c, path) || !here(where))
		return;
	if (!note_read(path, where, c->forwarded, c->forwarded6))
		note_write(path, where, c->forwarded, c->forwarded6);
	else if (strcmp(c->forwarded, c->opt->ip_forward) || strcmp(c->forwarded6, c->opt->ip6_forward))
		log_line("CULVERT-6-HOST", "forwarding was %s (IPv6: %s) before a router that died here: an orderly stop goes back to that",
			 c->forwarded[0] ? c->forwarded : "unknown", c->forwarded6[0] ? c->forwarded6 : "unknown");
}

/* ---- as it is now ---- */

static void set(const char *path, const char *name, const char *value, const char *why)
{
	char old[16] = "";
	int err = host_sysctl(path, value, old);

	if (err)
		log_line("CULVERT-3-HOST", "%s: %s", name, strerror(-err));
	else if (strcmp(old, value))
		log_line("CULVERT-6-HOST", "%s set to %s%s", name, value, why);
}

static void follow6(struct control *c)
{
	bool want = c->config->ipv6_routing && c->guarded;
	const char *was = c->forwarded6[0] ? c->forwarded6 : "0";

	if (want == c->forwards6 || (want && !ipv6_there()))
		return;
	c->forwards6 = want;
	/* `no ipv6 unicast-routing` leaves what was there before it */
	set(HOST_IPV6_FORWARD, "net.ipv6.conf.all.forwarding", want ? "1" : c->guarded ? was : "0",
	    want || c->guarded ? "" : NO_GUARD);
}

void forwarding_follow(struct control *c)
{
	follow6(c);
	if (c->guarded == c->forwards && c->forwarding_seen)
		return; /* what an administrator set meanwhile is his affair */
	c->forwards = c->guarded;
	c->forwarding_seen = true;
	set(CONTROL_IP_FORWARD, "net.ipv4.ip_forward", c->guarded ? "1" : "0", c->guarded ? "" : NO_GUARD);
}

static void restore(const char *path, const char *was, const char *ours)
{
	if (was[0] && strcmp(was, ours) != 0)
		(void)host_sysctl(path, was, NULL);
}

void forwarding_restore(struct control *c)
{
	char path[PATH_MAX];

	if (c->forwarding_seen)
		restore(CONTROL_IP_FORWARD, c->forwarded, c->forwards ? "1" : "0");
	if (c->forwards6)
		restore(HOST_IPV6_FORWARD, c->forwarded6, "1");
	if (note_path(c, path))
		(void)unlink(path);
}
