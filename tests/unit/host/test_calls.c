/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder's seccomp filter as the kernel would run it: instruction by instruction, over the calls that the
 * C library makes on this processor, and over what must not pass. test_privs.c asks the kernel itself, of a few;
 * this one also runs where there is no such kernel, as under qemu-user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/privs.h"

#if defined(__x86_64__)
#define HERE	AUDIT_ARCH_X86_64
#define TWIN	AUDIT_ARCH_I386 /* whose programs the same kernel may run */
#elif defined(__aarch64__)
#define HERE	AUDIT_ARCH_AARCH64
#define TWIN	AUDIT_ARCH_ARM
#endif

#ifdef HERE

/* ---- the filter, taken where it would be loaded ---- */

static int taken = -1;
static struct sock_fprog prog;

int __wrap_seccomp_load(const scmp_filter_ctx c);

int __wrap_seccomp_load(const scmp_filter_ctx c)
{
	return seccomp_export_bpf(c, taken);
}

/* In a child: the test keeps what the forwarder gives up. */
static int take_filter(void **state)
{
	int st = 0;
	pid_t pid;
	off_t n;

	(void)state;
	/* the library asks the kernel what it can: one that has no seccomp(2) needs to load nothing here */
	if (seccomp_api_get() < 3 && seccomp_api_set(3))
		return -1;
	taken = memfd_create("filter", MFD_CLOEXEC);
	pid = taken < 0 ? -1 : fork();
	if (pid == 0)
		_exit(privs_forwarder(true) != 0);
	if (pid < 0 || waitpid(pid, &st, 0) != pid || st != 0)
		return -1;
	n = lseek(taken, 0, SEEK_END);
	prog.len = (unsigned short)((size_t)n / sizeof(*prog.filter));
	prog.filter = calloc(1, (size_t)n);
	return !prog.filter || pread(taken, prog.filter, (size_t)n, 0) != n ? -1 : 0;
}

static int drop_filter(void **state)
{
	(void)state;
	free(prog.filter);
	close(taken);
	return 0;
}

/* ---- the kernel's part ---- */

static bool jumps(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return a & k;
	default:
		fail_msg("jump %#x", code);
		return false;
	}
}

static uint32_t verdict(const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t at = 0; at < prog.len; at++) {
		const struct sock_filter *i = &prog.filter[at];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k % 4 == 0 && i->k < sizeof(*d));
			memcpy(&a, (const uint8_t *)d + i->k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			at += i->k;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			assert_int_equal(BPF_CLASS(i->code), BPF_JMP);
			at += jumps(i->code, a, i->k) ? i->jt : i->jf;
		}
	}
	fail_msg("the filter has no end");
	return 0;
}

static uint32_t asked(uint32_t arch, long nr, const uint64_t args[6])
{
	struct seccomp_data d = { .nr = (int)nr, .arch = arch };

	memcpy(d.args, args, sizeof(d.args));
	return verdict(&d);
}

/* ---- what is asked ---- */

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
		CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define NO ((uint32_t)SECCOMP_RET_KILL_PROCESS)
#define OK ((uint32_t)SECCOMP_RET_ALLOW)

struct row {
	const char *name;
	long nr;
	uint64_t args[6];
	uint32_t want;
};
#define CALL(n) #n, __NR_##n

static const struct row rows[] = {
	/* epoll_wait() and poll(), as the C library has them made where the older calls do not exist */
	{ CALL(epoll_pwait), { 3 }, OK },
	{ CALL(ppoll), { 0 }, OK },
#ifdef __NR_epoll_wait
	{ CALL(epoll_wait), { 3 }, OK },
	{ CALL(poll), { 0 }, OK },
#endif
	{ CALL(epoll_ctl), { 3 }, OK },
	{ CALL(read), { 3 }, OK },
	{ CALL(write), { 3 }, OK },
	{ CALL(readv), { 3 }, OK },
	{ CALL(writev), { 3 }, OK },
	{ CALL(recvfrom), { 3 }, OK },
	{ CALL(sendto), { 3 }, OK },
	{ CALL(recvmsg), { 3 }, OK },
	{ CALL(sendmsg), { 3 }, OK },
	{ CALL(recvmmsg), { 3 }, OK },
	{ CALL(sendmmsg), { 3 }, OK },
	{ CALL(close), { 3 }, OK },
	{ CALL(futex), { 0 }, OK },
	{ CALL(getrandom), { 0 }, OK },
	{ CALL(clock_gettime), { 0 }, OK },
	{ CALL(sched_yield), { 0 }, OK },
	{ CALL(exit), { 0 }, OK },
	{ CALL(exit_group), { 0 }, OK },
	/* memory and threads of its own */
	{ CALL(brk), { 0 }, OK },
	{ CALL(munmap), { 0 }, OK },
	{ CALL(madvise), { 0 }, OK },
	{ CALL(mmap), { 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS }, OK },
	{ CALL(mmap), { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS }, NO },
	{ CALL(mprotect), { 0, 4096, PROT_READ | PROT_WRITE }, OK },
	{ CALL(mprotect), { 0, 4096, PROT_READ | PROT_EXEC }, NO },
	{ CALL(clone), { THREAD }, OK },
	{ CALL(clone), { SIGCHLD }, NO },
	{ CALL(clone), { THREAD | CLONE_NEWUSER }, NO },
	{ CALL(clone3), { 0 }, (uint32_t)SECCOMP_RET_ERRNO | ENOSYS },
	{ CALL(rseq), { 0 }, OK },
	{ CALL(set_robust_list), { 0 }, OK },
	{ CALL(rt_sigprocmask), { 0 }, OK },
	{ CALL(sched_setaffinity), { 0 }, OK },
	{ CALL(sched_setaffinity), { 1 }, NO },
	/* the upper half of an int is nobody's */
	{ CALL(setsockopt), { 3, IPPROTO_IP | 1ull << 32, IP_MTU_DISCOVER }, OK },
	{ CALL(setsockopt), { 3, IPPROTO_IP, IP_TRANSPARENT }, NO },
	{ CALL(setsockopt), { 3, SOL_SOCKET, IP_MTU_DISCOVER }, NO },
	{ CALL(getsockopt), { 3, SOL_PACKET, PACKET_STATISTICS }, OK },
	{ CALL(getsockopt), { 3, SOL_SOCKET, SO_PEERCRED }, NO },
	/* and nothing else */
	{ CALL(openat), { 0 }, NO },
	{ CALL(openat2), { 0 }, NO },
	{ CALL(socket), { AF_INET, SOCK_DGRAM }, NO },
	{ CALL(connect), { 3 }, NO },
	{ CALL(bind), { 3 }, NO },
	{ CALL(ioctl), { 3 }, NO },
	{ CALL(execve), { 0 }, NO },
	{ CALL(execveat), { 0 }, NO },
	{ CALL(kill), { 1 }, NO },
	{ CALL(tgkill), { 1, 1, SIGTERM }, NO },
	{ CALL(ptrace), { 0 }, NO },
	{ CALL(prctl), { 0 }, NO },
	{ CALL(setns), { 3 }, NO },
	{ CALL(unshare), { CLONE_NEWUSER }, NO },
	{ CALL(mount), { 0 }, NO },
	{ CALL(bpf), { 0 }, NO },
	{ CALL(seccomp), { 0 }, NO },
	{ CALL(io_uring_setup), { 0 }, NO },
	{ CALL(process_vm_writev), { 1 }, NO },
};

static void the_calls_of_the_c_library_pass_and_no_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t got = asked(HERE, rows[i].nr, rows[i].args);

		if (got != rows[i].want)
			fail_msg("row %zu, %s: %#x, not %#x", i, rows[i].name, got, rows[i].want);
	}
}

/* The numbers of the other table mean something else. */
static void calls_of_a_32_bit_program_do_not_pass(void **state)
{
	static const uint64_t none[6];

	(void)state;
	for (long nr = 0; nr < 1024; nr++) {
		assert_int_equal(asked(TWIN, nr, none) & SECCOMP_RET_ACTION_FULL, NO);
		assert_int_equal(asked(0, nr, none) & SECCOMP_RET_ACTION_FULL, NO);
	}
}

static void numbers_that_nobody_has_given_yet_do_not_pass(void **state)
{
	static const uint64_t none[6];

	(void)state;
	for (long nr = 440; nr < 4096; nr++)
		assert_int_equal(asked(HERE, nr, none), NO);
	for (long nr = -200; nr < 0; nr++) /* libseccomp's own, for calls that are not there */
		assert_int_equal(asked(HERE, nr, none), NO);
#if defined(__x86_64__)
	for (long nr = 0; nr < 1024; nr++) /* x32 */
		assert_int_equal(asked(HERE, nr | 0x40000000, none), NO);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_calls_of_the_c_library_pass_and_no_other),
		cmocka_unit_test(calls_of_a_32_bit_program_do_not_pass),
		cmocka_unit_test(numbers_that_nobody_has_given_yet_do_not_pass),
	};

	return cmocka_run_group_tests(tests, take_filter, drop_filter);
}

#else

int main(void)
{
	return 77; /* its numbers are not known here */
}

#endif
