/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of rtnetlink share: a request, its answers, a dump that is handed out whole. */
#ifndef HOST_NETLINK_INTERNAL_H
#define HOST_NETLINK_INTERNAL_H

#include <libmnl/libmnl.h>
#include <string.h>
#include <sys/socket.h>

#include "host/netlink.h"

/* libmnl's own loop macro hides a conversion that -Wconversion minds. */
#define for_each_attr(a, h, header)                                                         \
	for ((a) = mnl_nlmsg_get_payload_offset((h), (header));                             \
	     mnl_attr_ok((a), (int)((const char *)mnl_nlmsg_get_payload_tail(h) -           \
				    (const char *)(a)));                                    \
	     (a) = mnl_attr_next(a))

/* What a dump found: it is handed out only when it is whole. */
struct found {
	size_t size; /* of one element */
	uint8_t *v;  /* the caller's to free */
	size_t n, cap;
	bool bad;
};

/* Begins a request in nl's buffer. */
struct nlmsghdr *nl_start(struct nl *nl, uint16_t type, uint16_t flags);
/* Sends it and handles the answers until ACK, error or the dump's end. 0 or -errno. */
int nl_talk(struct nl *nl, struct nlmsghdr *h, mnl_cb_t cb, void *ctx);
/* A dump with a header of header_len bytes whose first byte is the family; a change in the
 * middle of it starts it again. cb gets f. */
int nl_dump(struct nl *nl, uint16_t type, size_t header_len, uint8_t family, mnl_cb_t cb,
	    struct found *f);
void nl_found_add(struct found *f, const void *one);

/* AF_INET or AF_INET6 for an address; IP_NONE counts as IPv4. */
static inline uint8_t nl_family(const struct ipaddr *a)
{
	return a->family == IP_V6 ? AF_INET6 : AF_INET;
}

static inline uint8_t nl_addr_len(uint8_t af)
{
	return af == AF_INET6 ? 16 : 4;
}

/* The address in an attribute. False, and *ret_a as it was, if its length is not the family's. */
static inline bool nl_addr_of(const struct nlattr *a, uint8_t af, struct ipaddr *ret_a)
{
	if (mnl_attr_get_payload_len(a) != nl_addr_len(af))
		return false;
	*ret_a = (struct ipaddr){ .family = af == AF_INET6 ? IP_V6 : IP_V4 };
	memcpy(ret_a->b, mnl_attr_get_payload(a), nl_addr_len(af));
	return true;
}

#endif
