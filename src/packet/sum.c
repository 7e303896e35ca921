/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/sum.h"

/* Many words at a time, as the compiler has registers for: each lane adds the halves of its words,
 * two of 16 bits a turn, and may do so for RUN bytes before it could run over. */
typedef uint32_t lanes __attribute__((vector_size(32)));
enum { LANES = sizeof(lanes) / sizeof(uint32_t), RUN = 1 << 18 };

static uint64_t add_up(const lanes *v)
{
	uint32_t part[LANES];
	uint64_t sum = 0;

	memcpy(part, v, sizeof(part));
	for (size_t i = 0; i < LANES; i++)
		sum += part[i];
	return sum;
}

/* Fewer bytes than there are in v. The last one, if it is alone, is the first half of its word. */
static uint64_t tail(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;
	uint16_t w = 0;

	for (; n >= sizeof(w); p += sizeof(w), n -= sizeof(w)) {
		memcpy(&w, p, sizeof(w));
		sum += w;
	}
	w = 0;
	memcpy(&w, p, n);
	return sum + w;
}

uint64_t sum_bytes(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t sum = 0;

	while (n >= sizeof(lanes)) {
		size_t left = n < RUN ? n : RUN;
		lanes even = { 0 }, odd = { 0 };

		n -= left & ~(sizeof(lanes) - 1);
		for (; left >= sizeof(lanes); left -= sizeof(lanes), b += sizeof(lanes)) {
			lanes v;

			memcpy(&v, b, sizeof(v));
			even += v & 0xffff;
			odd += v >> 16;
		}
		sum += add_up(&even) + add_up(&odd);
	}
	return sum + tail(b, n);
}

uint64_t sum_copy(void *restrict dst, const void *restrict src, size_t n)
{
	const uint8_t *b = src;
	uint8_t *to = dst;
	uint64_t sum = 0;

	while (n >= sizeof(lanes)) {
		size_t left = n < RUN ? n : RUN;
		lanes even = { 0 }, odd = { 0 };

		n -= left & ~(sizeof(lanes) - 1);
		for (; left >= sizeof(lanes);
		     left -= sizeof(lanes), b += sizeof(lanes), to += sizeof(lanes)) {
			lanes v;

			memcpy(&v, b, sizeof(v));
			memcpy(to, &v, sizeof(v));
			even += v & 0xffff;
			odd += v >> 16;
		}
		sum += add_up(&even) + add_up(&odd);
	}
	memcpy(to, b, n);
	return sum + tail(b, n);
}
