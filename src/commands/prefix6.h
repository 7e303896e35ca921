/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and prefixes of IPv6 as argument types; IOS prints them in capitals. */
#ifndef COMMANDS_PREFIX6_H
#define COMMANDS_PREFIX6_H

#include "commands/rows.h"

/* X:X:X:X::X/len; nothing while its family is IP_NONE. */
struct prefix6 {
	struct ipaddr addr;
	uint8_t len;
};

extern const struct cli_type arg_addr6;	  /* struct ipaddr */
extern const struct cli_type arg_prefix6; /* struct prefix6 */
extern const struct cli_type arg_host6;	  /* struct prefix6; without a length it is 128 */

#define ADDR6(...)   CLI_ARG_(arg_addr6, __VA_ARGS__)
#define PREFIX6(...) CLI_ARG_(arg_prefix6, __VA_ARGS__)
#define HOST6(...)   CLI_ARG_(arg_host6, __VA_ARGS__)

/* What keys, profiles and routes hold: an address and a mask. */
void prefix6_to_mask(const struct prefix6 *p, struct ipaddr *ret_addr, struct ipaddr *ret_mask);
/* Nothing for an address of the other family. */
void prefix6_of_mask(const struct ipaddr *addr, const struct ipaddr *mask, struct prefix6 *ret_p);

#endif
