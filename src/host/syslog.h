/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog hosts: datagrams that go or are lost, and never wait. One set per process. */
#ifndef HOST_SYSLOG_H
#define HOST_SYSLOG_H

#include "base/txt.h"
#include "model/config.h"

struct syslog_counts {
	uint32_t sent, lost; /* by this host: there is no answer */
};

/* From now on these hosts; those that stay keep their counts. src4 and src6: where datagrams come
 * from, IP_NONE: as the kernel chooses. */
void syslog_hosts(const struct cfg_log_host *v, size_t n, const struct ipaddr *src4, const struct ipaddr *src6);
/* Sends to the host at place i. */
void syslog_send(size_t i, const struct txt *datagram);
struct syslog_counts syslog_counts(size_t i);
void syslog_close(void);

#endif
