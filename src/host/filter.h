/* SPDX-License-Identifier: Apache-2.0 */
/* `ip access-group`, `ipv6 traffic-filter`: access lists of interfaces in the kernel. A table of
 * their own, `ip culvert_acl` and its twin `ip6 culvert_acl`, beside the guard's: a list that nft refuses
 * must not take the guard along. Replaced whole in one transaction; it stays when processes die.
 *
 *   in         prerouting, before the kernel reassembles anything: what arrives by the
 *              interface, for us or through us. What came out of an SA arrives by a
 *              steering TUN or a TunnelN, and is not checked here again
 *              (IOS 12.3(8)T, Crypto Access Check on Clear-Text Packets). Fragments of
 *              a protected tunnel's GRE come in by its TUN, to be put together.
 *   out        forward: what leaves by the interface and is not of this router's own
 *              making; what a crypto map takes leaves by the steering TUN instead.
 *              output: our ESP and AH, which IOS checks as well. */
#ifndef HOST_FILTER_H
#define HOST_FILTER_H

#include "base/txt.h"
#include "model/config.h"

#define FILTER_TABLE "culvert_acl"
#define FILTER_NFLOG 17175 /* group of lines with `log` */

/* One interface; a list that is NULL filters nothing. */
struct filter_if {
	char device[16]; /* may be one that is not there yet */
	uint32_t ifindex;
	const struct cfg_acl *in, *out;
	const struct cfg_acl *in6, *out6; /* `ipv6 traffic-filter` */
	/* of a protected tunnel: what brings its packets, from its destination (remote) to its source, is
	 * not what `in` is about. Family 0: there is nothing. Protocol 0: any. */
	struct selector carrier;
	/* No ICMP error answers what came in by it and is refused, here or by another interface's
	 * list: `no ip unreachables`, or what comes in was encrypted, and an error would show it. */
	bool quiet;
};

/* The matches of a line so far. */
struct filter_count {
	char name[256]; /* filter_counter() */
	uint64_t packets, bytes;
	bool kept; /* filter_ruleset()'s */
};

enum filter_form {
	FILTER_ONTO, /* onto the table that is there: no packet is missing in its counters */
	FILTER_FULL, /* a table made anew, its counters with the values that were read */
	FILTER_NO_LOG, /* the kernel lacks nfnetlink_log, or nft_reject: no ICMP errors, either */
	FILTER_CLOSED, /* the lists cannot be expressed: nothing passes where they filter */
};

/* A name of nft's language for a list: its own, with what nft cannot say escaped. */
#define FILTER_IDENT_MAX 128
void filter_ident(const char *acl, char out[FILTER_IDENT_MAX]);
/* The name of the counter of a line. */
void filter_counter(const char *acl, uint32_t seq, char out[256]);
/* Whether a counter of that name is one of a line of that list. */
bool filter_counter_is_of(const char *counter, const char *acl);

/* The ruleset of one family as text for nft. c: the counters that are there, sorted by name. */
void filter_ruleset(const struct filter_if *v, size_t n, enum ip_family f, enum filter_form form,
		    struct filter_count *c, size_t n_c, struct txt *out);
/* Whether a list of IPv6 filters anything. */
bool filter_has6(const struct filter_if *v, size_t n);
/* Puts it in force, both families in one transaction. *mark tells what is (0: nothing known): an equal
 * one is not loaded again unless again is set. Without interfaces the tables are taken away. 0, or -errno
 * and the reason in why; FILTER_CLOSED is in force then, or, with *mark 0, nothing. */
int filter_apply(const struct filter_if *v, size_t n, bool again, uint64_t *mark, struct txt *why);
/* False if *mark says that there is a table and there is none. */
bool filter_stands(uint64_t mark);
int filter_remove(void);
/* All lines' counters, of both families' lists (which have one name space), sorted by name; -ENOENT
 * without a table. *ret is the caller's to free. */
int filter_counts(struct filter_count **ret, size_t *ret_n);
/* Back to zero: of one list, or ("") of all. */
int filter_clear(const char *acl);

#endif
