/* SPDX-License-Identifier: Apache-2.0 */
#include "host/privs.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
		    CLONE_NEWNET)

static int no_dumps(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno :
											      0;
}

/* The bounding set needs CAP_SETPCAP, which a container or a service may lack (libcap-ng
 * complains on stderr then): without new privileges it cannot matter. */
static void lower_bounds(bool may)
{
	if (may)
		(void)capng_apply(CAPNG_SELECT_BOUNDS);
}

int privs_control(void)
{
	static const unsigned keep[] = { CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE };
	const capng_type_t all = CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE;

	capng_get_caps_process();
	for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		if (!capng_have_capability(CAPNG_EFFECTIVE, keep[i]))
			return -EPERM;
	bool may_lower = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);

	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
		capng_update(CAPNG_ADD, all, keep[i]);
		capng_update(CAPNG_ADD, CAPNG_BOUNDING_SET, keep[i]);
	}
	lower_bounds(may_lower);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	/* ambient, so that nft has them whoever we are */
	for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, keep[i], 0, 0);
	return no_dumps();
}

/* Everything not named here kills the process: it never opens, connects,
 * executes or sends a signal. Of calls that this processor does not have (epoll_wait and poll, where
 * there are epoll_pwait and ppoll alone) the library makes nothing. */
static int install_filter(void)
{
	static const int allowed[] = {
		SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
		SCMP_SYS(recvmmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendto),
		SCMP_SYS(getsockname), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
		SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(close), SCMP_SYS(clock_gettime),
		SCMP_SYS(clock_nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom), SCMP_SYS(futex),
		SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
		SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigaction),
		SCMP_SYS(rt_sigprocmask), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(getpid),
		SCMP_SYS(gettid), SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall),
		SCMP_SYS(rseq), SCMP_SYS(set_robust_list), SCMP_SYS(sched_getaffinity), SCMP_SYS(sigaltstack), SCMP_SYS(newfstatat), SCMP_SYS(fstat),
	};
	static const int memory[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err = c ? 0 : -ENOMEM;

	/* a call by another processor's numbers, too, ends the process: without that it would be the thread alone */
	if (!err)
		err = seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	for (size_t i = 0; !err && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		err = seccomp_rule_add(c, SCMP_ACT_ALLOW, allowed[i], 0);
	/* memory, but none that can be executed */
	for (size_t i = 0; !err && i < sizeof(memory) / sizeof(memory[0]); i++)
		err = seccomp_rule_add(c, SCMP_ACT_ALLOW, memory[i], 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* threads of this process, and where they run */
	if (!err)
		err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | NAMESPACES,
					       CLONE_VM | CLONE_SIGHAND | CLONE_THREAD));
	/* its flags are in memory, where a filter cannot see them: the library takes the other one */
	if (!err)
		err = seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (!err)
		err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(sched_setaffinity), 1,
				       SCMP_A0(SCMP_CMP_EQ, 0, 0));
	/* of all socket options the one that sets DF on UDP 4500 */
	if (!err)
		err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
				       SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, IPPROTO_IP),
				       SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, IP_MTU_DISCOVER));
	/* and of all that can be asked, what a ring had no room for */
	if (!err)
		err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(getsockopt), 2,
				       SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, SOL_PACKET),
				       SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, PACKET_STATISTICS));
	if (!err)
		err = seccomp_load(c);
	seccomp_release(c);
	return err;
}

int privs_forwarder(bool strict)
{
	int err;

	capng_get_caps_process();
	bool may_lower = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);

	capng_clear(CAPNG_SELECT_BOTH);
	lower_bounds(may_lower);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	err = no_dumps();
	return err || !strict ? err : install_filter();
}
