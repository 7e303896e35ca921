/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration compiled for those who act on it: IKE's policies and the
 * forwarder's SPD and tunnels. Pure: what it needs of the host is handed in. */
#ifndef CONTROL_COMPILE_H
#define CONTROL_COMPILE_H

#include "base/txt.h"
#include "forwarder/protocol.h"
#include "model/config.h"
#include "model/policy.h"

/* A configured interface and the Linux device that it is bound to. */
struct bound_if {
	char name[CFG_NAME_MAX]; /* canonical IOS name */
	char device[16];	 /* "" while there is none */
	uint32_t ifindex;	 /* 0 while there is none */
	struct ipaddr addr;	 /* primary address, configured or the device's; IP_NONE: none */
	struct ipaddr addr6;	 /* the same of IPv6; a link-local one if there is no other */
	bool unnumbered;	 /* addr is another interface's */
	uint32_t mtu;		 /* bytes of an IP packet */
	uint32_t mtu6;		 /* of an IPv6 packet; 0: mtu */
	uint8_t df_bit;		 /* enum df_bit that holds there */
	bool frag_after;	 /* `crypto ipsec fragmentation` that holds there */
	uint32_t tun_port;	 /* TunnelN: port id of its TUN */
	uint32_t egress_ifindex; /* TunnelN: where the route to its destination leaves; 0: no route */
	struct ipaddr egress_src; /* the address that the kernel would use there */
	bool recursive;		  /* TunnelN: held down, because it was routed into itself */
	bool line_up;		  /* TunnelN: its line protocol */
	const char *line_why;	  /* TunnelN: why it is down, a sentence's part; NULL */
};

/* Ids of policies: the same line of the same map on the same interface keeps its
 * id for the life of the process, so that counters and SAs find it again. */
struct policy_ids {
	struct policy_id_row *v;
	size_t n, cap;
	uint32_t next;
};

/* Both SAs of an entry with typed keys, but for their handles. */
struct manual_sa {
	struct sa_spec in, out;
};

struct compiled {
	struct ike_config ike; /* its arrays are the next four */
	struct p1_policy *p1;
	struct psk_entry *psk;
	struct p2_policy *p2;
	struct ag_peer *ag;
	char (*keyrings)[IOS_NAME_MAX]; /* names; psk_entry.keyring counts from 1 */
	struct ike_profile *profiles;
	struct fwd_policy *policies; /* in SPD order, interface by interface */
	size_t n_policies;
	struct fwd_tunnel *tunnels;
	size_t n_tunnels;
	struct p2_policy *shown; /* what show commands list: no templates, but what IKE made of them */
	size_t n_shown;
	struct dynamic_place *places; /* of the templates */
	size_t n_places;
	struct manual_sa *manual; /* of complete entries */
	size_t n_manual;
	char (*lists)[CFG_NAME_MAX]; /* of `set ip access-group`; the forwarder counts from 1 */
	size_t n_lists;
	struct txt notes; /* a line for each thing left out and why */
};

/* 0 or -ENOMEM. ret_out is the caller's; compiled_fini() wipes the keys. */
int compile(const struct config *c, const struct bound_if *ifs, size_t n_ifs,
	    struct policy_ids *ids, struct compiled *ret_out);
void compiled_fini(struct compiled *out);
/* Puts the policies that IKE has made (in any order) where their templates stand, in a
 * fresh compilation: in the SPD, narrow ones first, and into what is shown. Pairs of hosts
 * (`line`) have no place there. */
int compile_made(struct compiled *c, const struct p2_policy *const *v, size_t n);
void policy_ids_fini(struct policy_ids *ids);
/* Which line of which crypto map entry's list an id stands for (map is valid
 * until the next compile). False if it was never given out. */
bool policy_ids_get(const struct policy_ids *ids, uint32_t id, const char **ret_map,
		    uint32_t *ret_seq, uint32_t *ret_ace);

/* A tunnel's own end, of the family that its mode asks for; IP_NONE: none (yet). */
struct ipaddr bound_tunnel_source(const struct bound_if *ifs, size_t n, const struct cfg_tunnel *t);
const struct bound_if *bound_find(const struct bound_if *ifs, size_t n, const char *name);

/* Parts of compile(), for its own files. */
/* Grows the array behind *v so that it holds n + 1 elements of size bytes, by doubling; the
 * elements' number is its own growth record. 0 or -ENOMEM. */
int compiled_grow(void **v, size_t n, size_t size);
/* No IPv4 packet is longer, whatever the device says (lo: 65536), nor may a path be
 * narrower (RFC 791): the forwarder would refuse the whole table. */
static inline uint32_t compiled_ip_mtu(uint32_t device_mtu)
{
	return device_mtu > UINT16_MAX ? UINT16_MAX : device_mtu < 68 ? 68 : device_mtu;
}
/* Phase 1's policies and times. 0 or -ENOMEM. */
int compile_isakmp(const struct config *c, struct compiled *out);
/* The peers that aggressive mode is begun with. 0 or -ENOMEM. */
int compile_ag(const struct config *c, struct compiled *out);
/* A TunnelN: nothing where it cannot be run (yet). 0 or -ENOMEM. */
int compile_tunnel(const struct config *c, const struct cfg_interface *ci, const struct bound_if *ifs,
		   size_t n_ifs, struct policy_ids *ids, struct compiled *out);
/* An entry with typed keys on bi, its policies made (from first on in out->p2): its SAs. 0 or
 * -ENOMEM; an incomplete one is noted, and what it matches dropped. */
int compile_manual(const struct config *c, const struct cfg_map *map, const struct cfg_map_entry *e,
		   size_t first, struct compiled *out);
/* The peers of these policies, which IKE must not have, into what is shown. */
void compile_manual_shown(struct compiled *c);
/* What one entry of a map says, without the selector. */
void compile_entry(const struct config *c, const struct cfg_map *map, const struct cfg_map_entry *e,
		   struct compiled *out, struct p2_policy *ret_p);
/* An SPD entry, and the policy of IKE that serves it. 0 or -ENOMEM. */
int compiled_add_line(struct compiled *out, const struct fwd_policy *f, const struct p2_policy *p);
/* The id of what these name, the same one each time; 0 without memory. */
uint32_t policy_ids_take(struct policy_ids *ids, const char *map, uint32_t ifid, uint32_t seq,
			 uint32_t ace, uint32_t part);
/* The policy of a protected tunnel: *ret_id is what its packets leave by, also where
 * nothing can be negotiated (yet). own: the tunnel as it is bound; wire: what it leaves by.
 * 0 or -ENOMEM. */
int compile_protection(const struct config *c, const struct cfg_interface *ci,
		       const struct bound_if *own, const struct bound_if *wire, const struct fwd_tunnel *f, struct policy_ids *ids, struct compiled *out,
		       uint32_t *ret_id);
int compile_keys(const struct config *c, const struct bound_if *ifs, size_t n_ifs, struct compiled *out);
/* 0 or -ENOMEM; a copy of e, and no older one stays behind in memory. */
int compiled_add_psk(struct compiled *out, const struct psk_entry *e);

#endif
