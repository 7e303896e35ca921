/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/fakeid.h"

#include <seccomp.h>
#include <stddef.h>

void fakeid_begin(void)
{
	static const int calls[] = {
		SCMP_SYS(setuid),    SCMP_SYS(setgid),	  SCMP_SYS(setreuid),
		SCMP_SYS(setregid),  SCMP_SYS(setresuid), SCMP_SYS(setresgid),
		SCMP_SYS(setgroups), SCMP_SYS(setfsuid),  SCMP_SYS(setfsgid),
	};
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int err = f ? 0 : -1;

	/* No no_new_privs: it would change how programs with file capabilities
	 * start. Programs of another architecture run as they are. */
	if (!err)
		err = seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 0);
	if (!err)
		err = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && !err; i++)
		err = seccomp_rule_add(f, SCMP_ACT_ERRNO(0), calls[i], 0);
	if (!err)
		(void)seccomp_load(f);
	if (f)
		seccomp_release(f);
}
