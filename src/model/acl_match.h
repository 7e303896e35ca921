/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an access list lets a packet through, line by line as IOS reads it. */
#ifndef MODEL_ACL_MATCH_H
#define MODEL_ACL_MATCH_H

#include "base/rd.h"
#include "model/config.h"

/* What of a packet the lines look at. */
struct acl_probe {
	struct ipaddr src, dst;
	uint8_t proto, tos;
	bool later_fragment; /* and so nothing of layer 4 is known */
	bool tiny;	     /* such a fragment of TCP, of what a header is at least: never permitted */
	bool l4_known;	     /* the fields below were in the packet */
	uint16_t src_port, dst_port;
	uint8_t tcp_flags, icmp_type, icmp_code;
};

/* What a line needs to know, out of the first bytes of an IP packet; what is cut off there
 * is not known. False if they are none. */
bool acl_probe_of(struct span packet, struct acl_probe *ret_p);
/* True if the line takes the packet, one way or the other. Of a later fragment a permit
 * takes what its addresses and protocol match, whatever it says of layer 4; a deny that says
 * something of layer 4 does not. */
bool acl_entry_takes(const struct acl_entry *e, const struct acl_probe *p);
/* The line that decides (of IPv6 it may be one that no list has written: neighbour discovery is
 * permitted before the end); NULL: none, and the packet is denied. A list without lines permits
 * everything: ask cfg_acl_filters() first. */
const struct acl_entry *cfg_acl_decides(const struct cfg_acl *acl, const struct acl_probe *p);
/* False for NULL and for a list without permit or deny. */
bool cfg_acl_filters(const struct cfg_acl *acl);
/* What a list of that name is to packets; NULL: everything passes. One all of whose lines were
 * refused lets nothing pass: it is not empty, only not understood. */
const struct cfg_acl *config_filter_list(const struct config *c, const char *name);

#endif
