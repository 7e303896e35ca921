/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/log.h"
#include "host/os.h"

uint64_t __real_host_now_ms(void *ctx);
uint64_t __wrap_host_now_ms(void *ctx);
static uint64_t frozen_ms = 1000; /* 0: time goes on */

uint64_t __wrap_host_now_ms(void *ctx)
{
	return frozen_ms ? frozen_ms : __real_host_now_ms(ctx);
}

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

#define STAMP "^\\*?[JFMASOND][a-z]{2} [ 1-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}: "

/* Standard error (or output) as a pipe, so that it can be read. */
struct console {
	int fd, old, ends[2];
};

static void console_begin(struct console *c, int fd)
{
	assert_int_equal(pipe(c->ends), 0);
	c->fd = fd;
	fflush(stdout);
	c->old = dup(fd);
	dup2(c->ends[1], fd);
}

/* What came. */
static const char *console_end(struct console *c)
{
	static char text[65536];

	dup2(c->old, c->fd);
	close(c->old);
	close(c->ends[1]);
	size_t n = 0;
	ssize_t got;
	while ((got = read(c->ends[0], text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	close(c->ends[0]);
	text[n] = '\0';
	return text;
}

static const struct log_origin nowhere = { .hostname = "R1" };

static struct cfg_logging logging(void)
{
	return config_defaults.logging;
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void a_line_has_the_stamp_and_mnemonic_of_ios(void **state)
{
	struct console c;
	char seen[256] = "";

	(void)state;
	log_watch(keep, seen);
	console_begin(&c, 2);
	log_line("CRYPTO-6-ISAKMP_ON_OFF", "ISAKMP is %s", "ON");
	assert_matches(seen, STAMP "%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is ON\n$");
	assert_string_equal(console_end(&c), seen);
	console_begin(&c, 2);
	log_debug("ISAKMP:(1001):Old State");
	assert_matches(seen, STAMP "ISAKMP:\\(1001\\):Old State\n$");
	log_watch(NULL, NULL);
	seen[0] = '\0';
	log_debug("nobody watches");
	assert_string_equal(seen, "");
	(void)console_end(&c);
	log_clear();
}

static void levels_say_what_goes_where(void **state)
{
	struct cfg_logging l = logging();
	struct txt kept = TXT_INIT;
	struct console c;
	char seen[256] = "";

	(void)state;
	l.console = (struct cfg_log_dest){ true, LOG_SEV_ERROR };
	l.buffered.level = LOG_SEV_WARNING;
	l.monitor.level = LOG_SEV_NOTICE;
	log_configure(&l, &nowhere);
	log_watch(keep, seen);
	console_begin(&c, 2);
	log_line("A-3-B", "to all");
	log_line("A-4-B", "to the buffer");
	log_line("A-5-B", "to the monitor");
	assert_non_null(strstr(seen, "to the monitor"));
	log_line("A-6-B", "to nobody");
	log_debug("to nobody");
	assert_non_null(strstr(seen, "to the monitor"));
	const char *said = console_end(&c);
	assert_int_equal(lines_of(said), 1);
	assert_non_null(strstr(said, "to all"));
	log_show(&kept);
	assert_int_equal(lines_of(kept.s), 2);

	l.on = false; /* the console alone */
	l.console.level = LOG_SEV_DEBUG;
	log_configure(&l, &nowhere);
	console_begin(&c, 2);
	log_line("A-3-B", "off");
	said = console_end(&c);
	assert_non_null(strstr(said, "off"));
	assert_null(strstr(seen, "off"));
	l.console.on = false;
	log_configure(&l, &nowhere);
	console_begin(&c, 2);
	log_line("A-0-B", "nowhere");
	assert_string_equal(console_end(&c), "");
	log_watch(NULL, NULL);
	log_clear();
	txt_fini(&kept);
}

static void the_buffer_keeps_the_latest_within_its_size(void **state)
{
	struct cfg_logging l = logging();
	struct txt t = TXT_INIT;
	size_t lines = 0;
	int last = -1;

	(void)state;
	l.console.on = false;
	l.buffer_bytes = 4096;
	log_configure(&l, &nowhere);
	for (int i = 0; i < 1000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "line %d.", i);
		log_debug(text); /* debug has no limit of its own */
	}
	log_show(&t);
	assert_true(t.len <= 4096 && t.len > 4000);
	for (char *s = t.s; (s = strstr(s, "line ")); s++, lines++) {
		int n = atoi(s + 5);

		assert_true(last < 0 || n == last + 1);
		last = n;
	}
	assert_int_equal(last, 999);
	assert_int_equal(lines, lines_of(t.s));
	log_clear();
	txt_clear(&t);
	log_show(&t);
	assert_int_equal(t.len, 0);
	/* what is longer than the buffer is not kept, and takes nothing else away */
	char *big = malloc(5000);
	memset(big, 'x', 4999);
	big[4999] = '\0';
	log_debug("small");
	log_debug(big);
	free(big);
	log_show(&t);
	assert_non_null(strstr(t.s, "small"));
	assert_int_equal(lines_of(t.s), 1);
	log_clear();
	txt_fini(&t);
}

static void a_flood_is_cut_and_said(void **state)
{
	struct cfg_logging l = logging();
	uint32_t before = log_counts().rate_limited;
	struct txt t = TXT_INIT;

	(void)state;
	l.console.on = false;
	log_configure(&l, &nowhere);
	frozen_ms += 1000;
	for (int i = 0; i < LOG_FLOOD_SEC + 100; i++)
		log_line("FLOOD-4-A", "x");
	log_line("FLOOD-4-B", "another kind has its own limit");
	log_show(&t);
	assert_int_equal(lines_of(t.s), LOG_FLOOD_SEC + 1);
	assert_int_equal(log_counts().rate_limited - before, 100);
	frozen_ms += 1000;
	log_tick();
	txt_clear(&t);
	log_show(&t);
	assert_non_null(strstr(t.s, "%CULVERT-4-LOGFLOOD: 100 more messages %FLOOD-4-A in a second were not logged\n"));
	log_line("FLOOD-4-A", "again");
	txt_clear(&t);
	log_show(&t);
	assert_non_null(strstr(t.s, "again"));
	log_clear();
	txt_fini(&t);
}

static size_t rated(struct cfg_logging *l, const char *mnemonic)
{
	struct console c;
	struct txt t = TXT_INIT;

	log_clear();
	log_configure(l, &nowhere);
	frozen_ms += 1000;
	console_begin(&c, 2);
	for (int i = 0; i < 20; i++)
		if (mnemonic)
			log_line(mnemonic, "x");
		else
			log_debug("x");
	size_t said = lines_of(console_end(&c));
	log_show(&t);
	size_t kept = lines_of(txt_cstr(&t));
	txt_fini(&t);
	log_clear();
	return said * 100 + kept;
}

static void a_rate_limit_acts(void **state)
{
	struct cfg_logging l = logging();

	(void)state;
	l.rate = 5;
	assert_int_equal(rated(&l, "A-4-B"), 505);
	assert_int_equal(rated(&l, NULL), 2020);
	l.rate_except = LOG_SEV_ERROR + 1;
	assert_int_equal(rated(&l, "A-3-B"), 2020);
	assert_int_equal(rated(&l, "A-4-B"), 505);
	l.rate_console = l.rate_all = true;
	assert_int_equal(rated(&l, "A-4-B"), 520);
	assert_int_equal(rated(&l, NULL), 520);
}

/* Whoever does not read costs lines, and no time. */
static void a_console_that_nobody_reads_holds_nothing_up(void **state)
{
	struct cfg_logging l = logging();
	uint32_t dropped = log_counts().dropped;
	char text[1024];
	struct console c;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_configure(&l, &nowhere);
	console_begin(&c, 2);
	for (int i = 0; i < 200; i++) /* a pipe holds 64 KiB: who waited would do so for ever */
		log_debug(text);
	(void)console_end(&c);
	assert_true(log_counts().dropped - dropped > 100);
	log_clear();
}

static void json_is_one_object_a_line(void **state)
{
	struct ipaddr peer;
	struct console c;

	(void)state;
	assert_true(ipaddr_parse("192.0.2.1", &peer));
	log_json(true);
	console_begin(&c, 1);
	log_about(&peer, "CRYPTO-4-IKMP_NO_SA", "IKE message from %s \"x\"\n\x1b[1m", "192.0.2.1");
	log_debug("one\ntwo");
	const char *said = console_end(&c);
	log_json(false);
	assert_matches(said, "^\\{\"time\": \"2[0-9]{3}-[01][0-9]-[0-3][0-9]T[0-9:]{8}\\.[0-9]{3}Z\", \"facility\": \"CRYPTO\", "
			     "\"severity\": 4, \"mnemonic\": \"IKMP_NO_SA\", \"text\": \"IKE message from 192.0.2.1 "
			     "\\\\\"x\\\\\"\\\\n\\\\u001b\\[1m\", \"peer\": \"192.0.2.1\"\\}\n");
	assert_non_null(strstr(said, "\"facility\": null, \"severity\": 7, \"mnemonic\": null, "
				     "\"text\": \"one\\ntwo\", \"peer\": null}\n"));
	assert_int_equal(lines_of(said), 2);
	log_clear();
}

static void the_journal_is_known_by_its_inode(void **state)
{
	struct console c;
	struct stat st;
	char value[64];

	(void)state;
	console_begin(&c, 1);
	assert_int_equal(fstat(1, &st), 0);
	snprintf(value, sizeof(value), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", value, 1);
	log_json(false);
	log_line("A-3-B", "x");
	setenv("JOURNAL_STREAM", "1:1", 1); /* somebody else's */
	const char *said = console_end(&c);
	assert_matches(said, "^<3>\\{.*\\}\n$");
	console_begin(&c, 2);
	log_json(false);
	log_line("A-3-B", "x");
	assert_matches(console_end(&c), STAMP "%A-3-B: x\n$");
	unsetenv("JOURNAL_STREAM");
	log_clear();
}

static void syslog_datagrams_arrive(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct cfg_logging l = logging();
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char got[2048];

	(void)state;
	assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a)) &&
		    !getsockname(fd, (struct sockaddr *)&a, &len));
	l.console.on = false;
	l.n_hosts = 2;
	assert_true(ipaddr_parse("127.0.0.1", &l.hosts[0].addr));
	l.hosts[0].port = ntohs(a.sin_port);
	assert_true(ipaddr_parse("127.0.0.1", &l.hosts[1].addr)); /* nobody listens */
	l.hosts[1].port = 9;
	l.origin = ORIGIN_HOSTNAME;
	log_configure(&l, &nowhere);
	log_line("A-5-B", "two\nlines");
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT); /* the host's start, which is logged too */
	assert_true(n > 0);
	got[n] = '\0';
	assert_non_null(strstr(got, "%SYS-6-LOGGINGHOST_STARTSTOP: Logging to host 127.0.0.1 port "));
	while (strstr(got, "STARTSTOP")) {
		n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);
		assert_true(n > 0);
		got[n] = '\0';
	}
	assert_matches(got, "^<189>[0-9]+: R1: \\*?[A-Z][a-z]{2} .*: %A-5-B: two lines$");
	log_debug("not one of trap's level");
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), -1);
	assert_int_equal(syslog_counts(0).sent, 3);
	l.n_hosts = 0;
	log_configure(&l, &nowhere);
	struct txt t = TXT_INIT;
	log_show(&t);
	assert_non_null(strstr(t.s, "%SYS-6-LOGGINGHOST_STARTSTOP: Logging to host 127.0.0.1 port 9 stopped - CLI initiated\n"));
	txt_fini(&t);
	syslog_close();
	close(fd);
	log_clear();
}

static void the_clocks_run(void **state)
{
	char clock[64];
	uint64_t a = (frozen_ms = 0, host_now_ms(NULL));

	(void)state;
	usleep(20000);
	uint64_t b = host_now_ms(NULL);
	assert_true(b >= a + 15 && b < a + 5000);
	assert_true(host_wall_ms() > 1600000000000);
	assert_matches(host_clock(clock),
		       "^\\*?[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3} UTC [SMTWF][a-z]{2} "
		       "[JFMASOND][a-z]{2} [0-9]+ 2[0-9]{3}$");
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
		cmocka_unit_test(levels_say_what_goes_where),
		cmocka_unit_test(the_buffer_keeps_the_latest_within_its_size),
		cmocka_unit_test(a_flood_is_cut_and_said),
		cmocka_unit_test(a_rate_limit_acts),
		cmocka_unit_test(a_console_that_nobody_reads_holds_nothing_up),
		cmocka_unit_test(json_is_one_object_a_line),
		cmocka_unit_test(the_journal_is_known_by_its_inode),
		cmocka_unit_test(syslog_datagrams_arrive),
		cmocka_unit_test(the_clocks_run),
		cmocka_unit_test(randomness_differs),
		cmocka_unit_test(a_sysctl_gives_its_old_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
