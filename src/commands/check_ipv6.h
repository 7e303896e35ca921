/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMANDS_CHECK_IPV6_H
#define COMMANDS_CHECK_IPV6_H

#include "commands/load.h"

/* What of IPv6 does not fit together: families above all. */
void check_ipv6(const struct config *c, struct report *r);
/* The address that crypto maps and tunnels of IPv6 speak from there, as far as the configuration
 * tells; IP_NONE: it does not. */
struct ipaddr check_first_address6(const struct cfg_interface *i);

#endif
