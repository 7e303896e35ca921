/* SPDX-License-Identifier: Apache-2.0 */
/* The sums of RFC 1071 over words as they lie in memory: in this form they may be added to each
 * other in any order, and turned into a checksum of the wire at the end (section 2 B). A sum over
 * bytes that begin at an odd offset of what is summed does not belong here. */
#ifndef PACKET_SUM_H
#define PACKET_SUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Not folded; the sums of some million bytes may be added. */
uint64_t sum_bytes(const void *p, size_t n);
/* The same of n bytes at src, which are copied to dst on the way. */
uint64_t sum_copy(void *restrict dst, const void *restrict src, size_t n);

/* A number of host order as a word that is in memory in network order, and the other way round. */
static inline uint16_t sum_word(uint16_t v)
{
	const uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };
	uint16_t w;

	memcpy(&w, b, sizeof(w));
	return w;
}

static inline uint16_t sum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* What takes the word of that value, of host order, out of a sum. */
static inline uint16_t sum_less(uint16_t v)
{
	return (uint16_t)~sum_word(v);
}

/* The checksum over what adds up to sum, at the place where it belongs. */
static inline void sum_put(uint8_t *at, uint64_t sum)
{
	uint16_t v = (uint16_t)~sum_fold(sum);

	memcpy(at, &v, sizeof(v));
}

/* The same where 0 says that there is none: of UDP (RFC 768). */
static inline void sum_put_udp(uint8_t *at, uint64_t sum)
{
	uint16_t v = (uint16_t)~sum_fold(sum);

	v = v ? v : 0xffff;
	memcpy(at, &v, sizeof(v));
}

#endif
