/* SPDX-License-Identifier: Apache-2.0 */
/* Linked into tests of the data path in front of the library (--wrap): MB_ARCH_ENV in the environment makes every
 * manager one of that architecture. Without it they are what they always are. */
#include "mb_arch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

IMB_MGR *__real_alloc_mb_mgr(uint64_t flags);
IMB_MGR *__wrap_alloc_mb_mgr(uint64_t flags);
void __real_init_mb_mgr_auto(IMB_MGR *m, IMB_ARCH *arch);
void __wrap_init_mb_mgr_auto(IMB_MGR *m, IMB_ARCH *arch);

static const struct mb_arch *chosen(void)
{
	const char *name = getenv(MB_ARCH_ENV);

	for (size_t i = 0; name && i < N_MB_ARCHS; i++)
		if (!strcmp(mb_archs[i].name, name))
			return &mb_archs[i];
	if (name) {
		fprintf(stderr, "no architecture of the name %s\n", name);
		abort();
	}
	return NULL;
}

IMB_MGR *__wrap_alloc_mb_mgr(uint64_t flags)
{
	const struct mb_arch *a = chosen();

	return __real_alloc_mb_mgr(a ? flags | a->flags : flags);
}

void __wrap_init_mb_mgr_auto(IMB_MGR *m, IMB_ARCH *arch)
{
	const struct mb_arch *a = chosen();
	const char *says = getenv(MB_ARCH_SAYS);

	if (!a) {
		__real_init_mb_mgr_auto(m, arch);
		return;
	}
	a->init(m);
	if (imb_get_errno(m) || m->used_arch != (uint32_t)a->arch ||
	    (says && write(atoi(says), "1", 1) != 1)) {
		fprintf(stderr, "%s: it is architecture %u that came of it\n", a->name, (unsigned)m->used_arch);
		abort();
	}
	*arch = a->arch;
}
