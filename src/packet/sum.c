/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/sum.h"

#include <stdbool.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Many words at a time, as the processor has registers for: each lane adds the halves of its words, four of
 * 16 bits a turn, and may do so for RUN bytes before it could run over. */
typedef uint32_t lanes16 __attribute__((vector_size(16)));
typedef uint32_t lanes32 __attribute__((vector_size(32)));
enum { RUN = 1 << 17 };

#define INLINE static inline __attribute__((always_inline))

/* Fewer bytes than a turn takes. The last one, if it is alone, is the first half of its word. */
INLINE uint64_t tail(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;
	uint32_t w;

	for (; n >= sizeof(w); p += sizeof(w), n -= sizeof(w)) {
		memcpy(&w, p, sizeof(w));
		sum += w;
	}
	w = 0;
	memcpy(&w, p, n);
	return sum + w;
}

/* Of the n bytes at b, which go to `to` as well if copy is set. */
#define SUM_BY(name, lanes)                                                                                 \
	INLINE uint64_t name(uint8_t *restrict to, const uint8_t *restrict b, size_t n, bool copy)          \
	{                                                                                                   \
		const size_t turn = 2 * sizeof(lanes);                                                      \
		uint64_t sum = 0;                                                                           \
                                                                                                            \
		while (n >= turn) {                                                                         \
			size_t left = n < RUN ? n : RUN;                                                    \
			lanes even = { 0 }, odd = { 0 }, even2 = { 0 }, odd2 = { 0 }, v, w;                 \
                                                                                                            \
			n -= left & ~(turn - 1);                                                            \
			for (; left >= turn; left -= turn, b += turn) {                                     \
				memcpy(&v, b, sizeof(v));                                                   \
				memcpy(&w, b + sizeof(v), sizeof(w));                                       \
				if (copy) {                                                                 \
					memcpy(to, &v, sizeof(v));                                          \
					memcpy(to + sizeof(v), &w, sizeof(w));                              \
					to += turn;                                                         \
				}                                                                           \
				even += v & 0xffff;                                                         \
				odd += v >> 16;                                                             \
				even2 += w & 0xffff;                                                        \
				odd2 += w >> 16;                                                            \
			}                                                                                   \
			even += even2;                                                                      \
			odd += odd2;                                                                        \
			for (size_t i = 0; i < sizeof(lanes) / sizeof(uint32_t); i++)                       \
				sum += (uint64_t)even[i] + odd[i];                                          \
		}                                                                                           \
		if (copy)                                                                                   \
			memcpy(to, b, n);                                                                   \
		return sum + tail(b, n);                                                                    \
	}

SUM_BY(sum_by_16, lanes16)

#if defined(__x86_64__)
SUM_BY(sum_by_32, lanes32)

__attribute__((target("avx2"))) static uint64_t wide_bytes(const uint8_t *p, size_t n)
{
	return sum_by_32(NULL, p, n, false);
}

__attribute__((target("avx2"))) static uint64_t wide_copy(uint8_t *restrict dst, const uint8_t *restrict src,
							  size_t n)
{
	return sum_by_32(dst, src, n, true);
}

/* Where the processor multiplies and adds words in one instruction. It takes them as signed: with its upper bit turned over a
 * word is its value less 2^15, and so much for each is added in the end. Nothing is rounded: a lane grows by 2^16 at
 * most with a turn, and all sixteen of WORDS_RUN bytes by 2^30. */
enum { WORDS_RUN = 1 << 16, LESS = 1 << 15 };
#define WORDS __attribute__((target("avx512bw,avx512vnni")))

INLINE WORDS __m512i add_words(__m512i acc, __m512i v)
{
	return _mm512_dpwssd_epi32(acc, _mm512_xor_si512(v, _mm512_set1_epi16((short)LESS)), _mm512_set1_epi16(1));
}

INLINE WORDS uint64_t sum_words(uint8_t *restrict to, const uint8_t *restrict b, size_t n, bool copy)
{
	uint64_t sum = 0;

	while (n) {
		size_t left = n < WORDS_RUN ? n : WORDS_RUN;
		__m512i even = _mm512_setzero_si512(), odd = even;

		n -= left;
		for (; left >= 128; left -= 128, b += 128) {
			__m512i v = _mm512_loadu_si512(b), w = _mm512_loadu_si512(b + 64);

			if (copy) {
				_mm512_storeu_si512(to, v);
				_mm512_storeu_si512(to + 64, w);
				to += 128;
			}
			even = add_words(even, v);
			odd = add_words(odd, w);
			sum += 64 * LESS;
		}
		while (left) {
			size_t some = left < 64 ? left : 64;
			__mmask64 which = ~UINT64_C(0) >> (64 - some);
			__m512i v = _mm512_maskz_loadu_epi8(which, b);

			if (copy) {
				_mm512_mask_storeu_epi8(to, which, v);
				to += some;
			}
			even = add_words(even, v);
			sum += 32 * LESS;
			b += some;
			left -= some;
		}
		sum += (uint64_t)(int64_t)_mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
	}
	return sum;
}

WORDS static uint64_t words_bytes(const uint8_t *p, size_t n)
{
	return sum_words(NULL, p, n, false);
}

WORDS static uint64_t words_copy(uint8_t *restrict dst, const uint8_t *restrict src, size_t n)
{
	return sum_words(dst, src, n, true);
}

/* Below it the wider registers gain nothing. */
#define IS_WIDE(n)   ((n) >= 4 * sizeof(lanes32) && __builtin_cpu_supports("avx2"))
#define HAS_WORDS(n) ((n) >= 128 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw"))
#else
#define words_bytes(p, n)      wide_bytes(p, n)
#define words_copy(dst, src, n) wide_copy(dst, src, n)
#define HAS_WORDS(n)	       false
#define wide_bytes(p, n)       sum_by_16(NULL, p, n, false)
#define wide_copy(dst, src, n) sum_by_16(dst, src, n, true)
#define IS_WIDE(n)	       false
#endif

uint64_t sum_bytes(const void *p, size_t n)
{
	if (HAS_WORDS(n))
		return words_bytes(p, n);
	return IS_WIDE(n) ? wide_bytes(p, n) : sum_by_16(NULL, p, n, false);
}

uint64_t sum_copy(void *restrict dst, const void *restrict src, size_t n)
{
	if (HAS_WORDS(n))
		return words_copy(dst, src, n);
	return IS_WIDE(n) ? wide_copy(dst, src, n) : sum_by_16(dst, src, n, true);
}
