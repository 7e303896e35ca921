/* SPDX-License-Identifier: Apache-2.0 */
#include "host/syslog.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct host {
	struct cfg_log_host at;
	struct syslog_counts n;
};

static struct {
	struct host v[CFG_MAX_LOG_HOSTS];
	size_t n;
	struct ipaddr src4, src6;
	int fd4, fd6; /* plus 1; 0: not open */
} hosts;

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_of(const struct ipaddr *a, uint16_t port, union address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (a->family == IP_V6) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons(port);
		memcpy(&ret->v6.sin6_addr, a->b, 16);
		return sizeof(ret->v6);
	}
	ret->v4.sin_family = AF_INET;
	ret->v4.sin_port = htons(port);
	memcpy(&ret->v4.sin_addr, a->b, 4);
	return sizeof(ret->v4);
}

/* Without SO_MARK: whatever a crypto ACL says of these datagrams holds. */
static int socket_of(const struct ipaddr *to)
{
	bool v6 = to->family == IP_V6;
	int *kept = v6 ? &hosts.fd6 : &hosts.fd4;
	const struct ipaddr *src = v6 ? &hosts.src6 : &hosts.src4;
	union address a;
	int fd;

	if (*kept)
		return *kept - 1;
	fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* an address that is gone is none: better from another one than not at all */
	if (src->family) {
		socklen_t len = address_of(src, 0, &a);

		(void)bind(fd, &a.any, len);
	}
	*kept = fd + 1;
	return fd;
}

static void close_one(int *kept)
{
	if (*kept)
		close(*kept - 1);
	*kept = 0;
}

void syslog_close(void)
{
	close_one(&hosts.fd4);
	close_one(&hosts.fd6);
	hosts.n = 0;
}

void syslog_hosts(const struct cfg_log_host *v, size_t n, const struct ipaddr *src4, const struct ipaddr *src6)
{
	struct host new[CFG_MAX_LOG_HOSTS];

	if (n > CFG_MAX_LOG_HOSTS)
		n = CFG_MAX_LOG_HOSTS;
	for (size_t i = 0; i < n; i++) {
		new[i] = (struct host){ .at = v[i] };
		for (size_t k = 0; k < hosts.n; k++)
			if (hosts.v[k].at.port == v[i].port &&
			    ipaddr_equal(&hosts.v[k].at.addr, &v[i].addr))
				new[i].n = hosts.v[k].n;
	}
	if (!n || !ipaddr_equal(src4, &hosts.src4))
		close_one(&hosts.fd4);
	if (!n || !ipaddr_equal(src6, &hosts.src6))
		close_one(&hosts.fd6);
	memcpy(hosts.v, new, n * sizeof(new[0]));
	hosts.n = n;
	hosts.src4 = *src4;
	hosts.src6 = *src6;
}

void syslog_send(size_t i, const struct txt *datagram)
{
	struct host *h = &hosts.v[i];
	union address a;
	int fd;

	if (i >= hosts.n || datagram->bad)
		return;
	fd = socket_of(&h->at.addr);
	socklen_t len = address_of(&h->at.addr, h->at.port, &a);
	if (fd >= 0 && sendto(fd, datagram->s, datagram->len, MSG_DONTWAIT | MSG_NOSIGNAL, &a.any, len) >= 0)
		h->n.sent++;
	else
		h->n.lost++;
}

struct syslog_counts syslog_counts(size_t i)
{
	return i < hosts.n ? hosts.v[i].n : (struct syslog_counts){ 0 };
}
