/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of commands_check() and what they share; for check*.c only. */
#ifndef COMMANDS_CHECK_PARTS_H
#define COMMANDS_CHECK_PARTS_H

#include "commands/load.h"

#define CHECK_NAME_LEN 160

/* What reports call an object: `crypto isakmp policy 10`. */
void check_object_name(char out[CHECK_NAME_LEN], const char *what, const char *name);

/* check_isakmp.c */
void check_isakmp(const struct config *c, struct report *r);
/* RFC 8247 section 2.4: too short, and the one of unknown origin. */
bool check_group_is_weak(unsigned group);
/* Nothing proves this router to that peer: no key, no certificate, no RSA key of a peer. */
bool check_lacks_key(const struct config *c, const struct ipaddr *peer);
/* Says so, and how to type one. */
void check_no_key(const char *obj, const struct ipaddr *peer, const char *text, struct report *r);
/* What a map entry, or all of a map, asks of phase 1. */
void check_profile_use(const struct config *c, const char *obj, const char *profile, struct report *r);

/* A part that is done object by object: number i of its own counting, from 0. False: there is none, and what all of
 * them together ask for is said. */
typedef bool check_step(const struct config *c, size_t i, struct report *r);

/* All entries of all crypto maps, each map's followed by one that is not there and stands for the map (*ret_entry is then
 * their number). NULL: i is past the last. */
const struct cfg_map *check_nth_entry(const struct config *c, size_t i, size_t *ret_entry);

/* check_way_in.c */
check_step check_way_in;

/* check_unused.c */
void check_weak_offers(const struct config *c, struct report *r);
check_step check_volume, check_unused, check_unused_key;
void check_unused_profiles(const struct config *c, struct report *r);

/* check_lines.c: what the lines of crypto access lists do that nobody expects of them. */
check_step check_crypto_list;

/* check_users.c */
void check_users(const struct config *c, struct report *r);

/* check_map.c */
void check_transforms(const struct config *c, struct report *r);
/* The algorithms of a set as its line has them, each with a blank behind it. */
void check_set_words(const struct p2_transform *t, struct txt *out);
check_step check_map_entry;
void check_templates(const struct config *c, struct report *r); /* dynamic maps, ipsec profiles */

#endif
