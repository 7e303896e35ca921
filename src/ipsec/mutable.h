/* SPDX-License-Identifier: Apache-2.0 */
/* What AH protects of an IP header: fields that change on the way are zero while its
 * ICV is computed (RFC 4302 section 3.3.3.1 and appendix A). */
#ifndef IPSEC_MUTABLE_H
#define IPSEC_MUTABLE_H

#include "base/span.h"

enum ah_side { AH_SENDER = 1, AH_RECEIVER };

/* Zeroes the mutable fields and options of the IPv4 header of n bytes (20 to 60) at h,
 * in place. A sender's destination becomes the last one of a source route, which is
 * what the receiver will see. False if the options are damaged: nothing can be said. */
bool ip4_zero_mutable(uint8_t *h, size_t n, enum ah_side side);

/* The same for an IPv6 header with the extension headers before the AH, n bytes that
 * ip6_parse() has walked. Options that say that they may change lose their data; a sender's
 * Routing header (types 0 and 2) becomes what it is when it is used up. False if that cannot be
 * foretold. Destination options behind the AH are covered as they are: so does Linux. */
bool ip6_zero_mutable(uint8_t *h, size_t n, enum ah_side side);

#endif
