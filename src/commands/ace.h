/* SPDX-License-Identifier: Apache-2.0 */
/* What the tokens of an access-list entry bind, and the entry that it means. */
#ifndef COMMANDS_ACE_H
#define COMMANDS_ACE_H

#include "base/txt.h"
#include "commands/prefix6.h"
#include "model/config.h"

#define ACE_FLAGS 6 /* ack fin psh rst syn urg */

struct ace_addr {
	uint8_t any, host;
	struct prefix6 net; /* of IPv6; host and any are as with IPv4 */
	struct ipaddr addr, wild;
	char name[CFG_NAME_MAX];
};

/* What entries may test in IOS and not here. Such an entry is not used at all, since
 * with a part of its tests it would match too much. */
enum unknown_match {
	MATCH_TIME = 1,
	MATCH_TTL,
	MATCH_FLAGS,
	MATCH_IGMP,
	MATCH_REFLECT,
	MATCH_HEADERS6,
	MATCH_DYNAMIC, /* lock-and-key: it matches once somebody has logged in by Telnet */
	MATCH_OBJECTS,
	MATCH_OPTION,
	MATCH_EVALUATE,
};
struct ace_args {
	uint32_t number; /* of the list; 0: the mode's */
	uint32_t seq;
	struct acl_entry e; /* its addresses are in src and dst below */
	struct ace_addr src, dst;
	uint32_t icmp_named;
	uint8_t flag[ACE_FLAGS];
	uint8_t unknown; /* enum unknown_match */
	char ignored[CFG_NAME_MAX];
	uint8_t igmp_type, n_signs, signs[ACE_FLAGS];
	uint64_t place; /* see acl_place.h */
};

/* What the line tests that this version does not; NULL: nothing. */
const char *ace_unknown(const struct ace_args *a);
/* False after a message. */
bool ace_to_entry(const struct ace_args *a, struct acl_entry *e, struct txt *out);
void ace_from_entry(const struct cfg_acl *acl, const struct acl_entry *e, struct ace_args *a);
/* The same of a line of `ipv6 access-list`. */
void ace6_to_entry(const struct ace_args *a, struct acl_entry *e);
void ace6_from_entry(const struct acl_entry *e, struct ace_args *a);

#endif
