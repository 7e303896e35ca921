/* SPDX-License-Identifier: Apache-2.0 */
/* How good a policy or a transform set is, from A to F: the worst of its parts. RFC 8247 says what holds for IKE,
 * RFC 8221 for ESP and AH; both were written when IKEv1 was old already. RFC 9395, which updates them, has made it
 * historic and changes the level of nothing that is graded here. */
#ifndef COMMANDS_GRADE_H
#define COMMANDS_GRADE_H

#include "base/json.h"
#include "model/config.h"

/* Each returns the letter and appends what it is for, worst parts only: `DES (RFC 8247: MUST NOT)`. */
char grade_policy(const struct p1_policy *p, struct txt *why);
char grade_transform(const struct p2_transform *t, struct txt *why);
/* The member `grades` of an object that is open. */
void grade_json(const struct config *c, struct json *j);
/* A table of all that are configured, or nothing if none is. */
void grade_table(const struct config *c, struct txt *out);
/* IOS XE 17.11 and later refuse it unless they are told otherwise. */
bool grade_refused_policy(const struct p1_policy *p);
bool grade_refused_transform(const struct p2_transform *t);

#endif
