/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/log.h"
#include "host/os.h"

static void assert_matches(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	int r = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	if (r)
		fail_msg("'%s' does not look like %s", text, pattern);
}

static void keep(void *ctx, const char *line)
{
	snprintf(ctx, 256, "%s", line);
}

#define STAMP "^\\*[JFMASOND][a-z]{2} [ 1-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}: "

static void a_line_has_the_stamp_and_mnemonic_of_ios(void **state)
{
	char seen[256] = "";

	(void)state;
	log_watch(keep, seen);
	log_line("CRYPTO-6-ISAKMP_ON_OFF", "ISAKMP is %s", "ON");
	assert_matches(seen, STAMP "%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is ON\n$");
	log_debug("ISAKMP:(1001):Old State");
	assert_matches(seen, STAMP "ISAKMP:\\(1001\\):Old State\n$");
	log_watch(NULL, NULL);
	seen[0] = '\0';
	log_debug("nobody watches");
	assert_string_equal(seen, "");
	log_clear();
}

static void the_ring_keeps_the_latest_in_order(void **state)
{
	struct txt t = TXT_INIT;
	size_t lines = 0;

	(void)state;
	int err = dup(2), null = open("/dev/null", O_WRONLY);
	assert_true(err >= 0 && null >= 0);
	dup2(null, 2); /* the log also goes to standard error */
	for (int i = 0; i < 1000; i++)
		log_line("TEST-7-N", "line %d.", i);
	dup2(err, 2);
	close(err);
	close(null);
	log_show(&t);
	int last = -1;
	for (char *s = t.s; (s = strstr(s, "line ")); s++, lines++) {
		int n = atoi(s + 5);

		assert_true(last < 0 || n == last + 1);
		last = n;
	}
	assert_int_equal(last, 999);
	assert_int_equal(lines, 512);
	log_clear();
	txt_clear(&t);
	log_show(&t);
	assert_int_equal(t.len, 0);
	txt_fini(&t);
}

static void the_clocks_run(void **state)
{
	char clock[64], stamp[32];
	uint64_t a = host_now_ms(NULL);

	(void)state;
	usleep(20000);
	uint64_t b = host_now_ms(NULL);
	assert_true(b >= a + 15 && b < a + 5000);
	assert_true(host_wall_ms() > 1600000000000);
	assert_matches(host_clock(clock),
		       "^\\*[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3} UTC [SMTWF][a-z]{2} "
		       "[JFMASOND][a-z]{2} [0-9]+ 2[0-9]{3}$");
	assert_matches(host_stamp(stamp), STAMP "$");
}

static void randomness_differs(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 }, zero[32] = { 0 };

	(void)state;
	host_random(NULL, a, sizeof(a));
	host_random(NULL, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, zero, sizeof(a));
}

static void a_sysctl_gives_its_old_value(void **state)
{
	char path[] = "/tmp/culvert-test-XXXXXX", old[16], text[8] = "";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "0\n", 2), 2);
	assert_int_equal(host_sysctl(path, "1", old), 0);
	assert_string_equal(old, "0");
	assert_int_equal(pread(fd, text, 1, 0), 1);
	assert_string_equal(text, "1");
	assert_int_equal(host_sysctl(path, "2", NULL), 0);
	close(fd);
	unlink(path);
	assert_int_equal(host_sysctl(path, "1", old), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_the_stamp_and_mnemonic_of_ios),
		cmocka_unit_test(the_ring_keeps_the_latest_in_order),
		cmocka_unit_test(the_clocks_run),
		cmocka_unit_test(randomness_differs),
		cmocka_unit_test(a_sysctl_gives_its_old_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
