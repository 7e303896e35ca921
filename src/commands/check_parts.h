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
/* One of our own. */
bool check_has_certificate(const struct cfg_pki *p);
bool check_has_key_for(const struct config *c, const struct ipaddr *peer);
/* What a map entry, or all of a map, asks of phase 1. */
void check_profile_use(const struct config *c, const char *obj, const char *profile, struct report *r);

/* check_unused.c */
void check_surprises(const struct config *c, struct report *r);

/* check_lines.c: what the lines of crypto access lists do that nobody expects of them. */
void check_crypto_lists(const struct config *c, struct report *r);

/* check_users.c */
void check_users(const struct config *c, struct report *r);

/* check_map.c */
void check_ipsec(const struct config *c, struct report *r);

#endif
