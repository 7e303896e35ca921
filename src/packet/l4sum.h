/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums of TCP and UDP cover the IP addresses, which change on the way through a NAT
 * where the segment is encrypted: whoever decrypts it puts them right (RFC 3948
 * section 3.1.2). */
#ifndef PACKET_L4SUM_H
#define PACKET_L4SUM_H

#include "packet/ip.h"

/* p is a whole IP packet, h its header. The checksum was made when the addresses were
 * was_src and was_dst, of the same family; it is corrected for those of p, so that damage to
 * the payload stays visible. Fragments, and what is neither TCP nor UDP, are left alone. */
void l4sum_readdress(struct pkt *p, const struct ip_view *h, const struct ipaddr *was_src,
		     const struct ipaddr *was_dst);
/* The same where it is not known what they were: made anew over the payload, which the
 * MAC of IPsec has vouched for. A UDP datagram without a checksum stays so. */
void l4sum_renew(struct pkt *p, const struct ip_view *h);

#endif
