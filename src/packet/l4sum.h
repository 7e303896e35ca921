/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums of TCP and UDP cover the IP addresses, which change on the way through a NAT
 * where the segment is encrypted: whoever decrypts it puts them right (RFC 3948
 * section 3.1.2). */
#ifndef PACKET_L4SUM_H
#define PACKET_L4SUM_H

#include "packet/ip4.h"

/* p is a whole IPv4 packet, h its header. The checksum was made when the addresses were
 * was_src and was_dst; it is corrected for those of h, so that damage to the payload
 * stays visible. Fragments, and what is neither TCP nor UDP, are left alone. */
void l4sum_readdress(struct pkt *p, const struct ip4 *h, uint32_t was_src, uint32_t was_dst);
/* The same where it is not known what they were: made anew over the payload, which the
 * MAC of IPsec has vouched for. A UDP datagram without a checksum stays so. */
void l4sum_renew(struct pkt *p, const struct ip4 *h);

#endif
