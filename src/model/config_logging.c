/* SPDX-License-Identifier: Apache-2.0 */
#include "model/config.h"

#include <string.h>

#define EQ(f)	  (a->f == b->f)
#define EQ_STR(f) (!strcmp(a->f, b->f))

static bool stamp_equal(const struct cfg_stamp *a, const struct cfg_stamp *b)
{
	return EQ(on) && EQ(given) && EQ(uptime) && EQ(msec) && EQ(localtime) && EQ(zone) && EQ(year);
}

static bool dest_equal(const struct cfg_log_dest *a, const struct cfg_log_dest *b)
{
	return EQ(on) && EQ(level);
}

bool cfg_logging_equal(const struct cfg_logging *a, const struct cfg_logging *b)
{
	for (size_t i = 0; i < a->n_hosts && i < b->n_hosts; i++)
		if (!EQ(hosts[i].port) || !ipaddr_equal(&a->hosts[i].addr, &b->hosts[i].addr))
			return false;
	return EQ(n_hosts) && EQ(on) && EQ(count) && EQ(sequence) && dest_equal(&a->console, &b->console) &&
	       dest_equal(&a->monitor, &b->monitor) && dest_equal(&a->buffered, &b->buffered) &&
	       dest_equal(&a->trap, &b->trap) && EQ(buffer_bytes) && EQ(facility) && EQ(origin) &&
	       EQ_STR(origin_text) && EQ_STR(source) && EQ(rate) && EQ(rate_all) && EQ(rate_console) &&
	       EQ(rate_except) && stamp_equal(&a->stamp, &b->stamp) &&
	       stamp_equal(&a->debug_stamp, &b->debug_stamp);
}

size_t cfg_log_host_find(const struct cfg_logging *l, const struct ipaddr *addr, uint16_t port)
{
	size_t i = 0;

	while (i < l->n_hosts &&
	       (!ipaddr_equal(&l->hosts[i].addr, addr) || (port && l->hosts[i].port != port)))
		i++;
	return i;
}
