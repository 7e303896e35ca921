/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of config_check_pair() and what they share; for check_pair*.c only. */
#ifndef COMMANDS_CHECK_PAIR_PARTS_H
#define COMMANDS_CHECK_PAIR_PARTS_H

#include "commands/check_parts.h"

/* Who begins. A remark is about one of them or about both. */
#define BY_A	0x1u
#define BY_B	0x2u
#define BY_BOTH (BY_A | BY_B)

/* What one side configures with one peer: an entry of a crypto map, a template of a dynamic one, or a tunnel. */
struct pair_link {
	const struct cfg_map_entry *terms; /* NULL: a tunnel in clear */
	const struct cfg_interface *tunnel; /* NULL: a crypto map */
	const char *profile; /* of ISAKMP; "": none */
	bool dynamic;	     /* the peer is whoever asks */
	struct ipaddr local, peer;
	char object[CHECK_NAME_LEN];
};

/* What a side asks for, or grants: a line of an access list, or all of a tunnel. */
struct pair_line {
	struct selector sel; /* as this side sees it */
	const struct acl_entry *ace; /* NULL: of a tunnel, or of a template without a list */
	size_t link;
};

struct pair_side {
	const struct config *c;
	const char *name;
	struct pair_link *links;
	size_t n_links, cap_links;
	struct pair_line *lines;
	size_t n_lines, cap_lines;
};

/* Side 0 is A. The fields below are of the two ends that are looked at. */
struct pair {
	struct pair_side side[2];
	struct report *r;
	struct txt *said;
	struct ipaddr end[2];	 /* the address of each side */
	unsigned down;		 /* BY_...: who begins in vain */
	size_t lines[2], lost[2]; /* that a side asks for, and what of it the other does not grant */
};

/* A link of side s between these two ends. */
bool pair_has(const struct pair *p, unsigned s, const struct pair_link *l);
/* A remark about object of side s: why whoever is in by begins in vain. An error if that is both. */
void pair_wrong(struct pair *p, unsigned s, unsigned by, const char *object, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/* check_pair_ike.c: a and b, the links of the two sides that phase 1 is for. */
void pair_check_phase1(struct pair *p, const struct pair_link *a, const struct pair_link *b);
/* check_pair_ipsec.c: all lines between the two ends, and the terms of those that meet. */
void pair_check_phase2(struct pair *p);

#endif
