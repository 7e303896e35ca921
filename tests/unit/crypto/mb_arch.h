/* SPDX-License-Identifier: Apache-2.0 */
/* The code that intel-ipsec-mb has for other processors than this one: its library has some for each width of
 * registers, with and without the instructions that came later, and takes the best that there is. */
#ifndef TEST_MB_ARCH_H
#define TEST_MB_ARCH_H

#include <intel-ipsec-mb.h>

#define MB_ARCH_ENV  "CULVERT_TEST_MB"	    /* the name of one */
#define MB_ARCH_SAYS "CULVERT_TEST_MB_SAYS" /* a descriptor: a byte for each manager that was made so */

#define OLD (IMB_FLAG_SHANI_OFF | IMB_FLAG_GFNI_OFF)

static const struct mb_arch {
	const char *name;
	uint64_t has;	/* IMB_FEATURE_* that the processor must have */
	uint64_t flags; /* IMB_FLAG_* that leave the others out */
	IMB_ARCH arch;
	void (*init)(IMB_MGR *m);
} mb_archs[] = {
	{ "no AES-NI", IMB_CPUFLAGS_NO_AESNI | IMB_FEATURE_AESNI_EMU, OLD | IMB_FLAG_AESNI_OFF, IMB_ARCH_NOAESNI, init_mb_mgr_sse },
	{ "SSE", IMB_CPUFLAGS_SSE, OLD, IMB_ARCH_SSE, init_mb_mgr_sse },
	{ "SSE with SHA-NI", IMB_CPUFLAGS_SSE_T2, IMB_FLAG_GFNI_OFF, IMB_ARCH_SSE, init_mb_mgr_sse },
	{ "SSE with GFNI", IMB_CPUFLAGS_SSE_T3, 0, IMB_ARCH_SSE, init_mb_mgr_sse },
	{ "AVX", IMB_CPUFLAGS_AVX, OLD, IMB_ARCH_AVX, init_mb_mgr_avx },
	{ "AVX with GFNI", IMB_CPUFLAGS_AVX_T2, 0, IMB_ARCH_AVX, init_mb_mgr_avx },
	{ "AVX2", IMB_CPUFLAGS_AVX2, OLD, IMB_ARCH_AVX2, init_mb_mgr_avx2 },
	{ "AVX2 with VAES", IMB_CPUFLAGS_AVX2_T2, 0, IMB_ARCH_AVX2, init_mb_mgr_avx2 },
	{ "AVX512", IMB_CPUFLAGS_AVX512, OLD, IMB_ARCH_AVX512, init_mb_mgr_avx512 },
	{ "AVX512 with VAES", IMB_CPUFLAGS_AVX512_T2, 0, IMB_ARCH_AVX512, init_mb_mgr_avx512 },
};

enum { N_MB_ARCHS = sizeof(mb_archs) / sizeof(mb_archs[0]) };

#endif
