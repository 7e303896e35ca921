/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of `show logging`: IOS 15's, as tests/golden/ntc-templates reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/json.h"
#include "control/logging.h"

static void the_head_is_ioss(void **state)
{
	struct cfg_logging l = config_defaults.logging;
	struct logging_state s = { .conf = &l, .n = { .dropped = 1, .rate_limited = 34, .console = 22827,
						      .monitor = 68, .buffered = 22860, .trap = 22790 } };
	struct txt t = TXT_INIT;

	(void)state;
	l.buffered.level = LOG_SEV_INFO;
	l.buffer_bytes = 16384;
	show_logging(&s, &t);
	assert_string_equal(t.s,
			    "Syslog logging: enabled (1 messages dropped, 34 messages rate-limited, 0 flushes, 0 overruns, "
			    "xml disabled, filtering disabled)\n"
			    "\n"
			    "No Active Message Discriminator.\n"
			    "\n"
			    "\n"
			    "\n"
			    "No Inactive Message Discriminator.\n"
			    "\n"
			    "\n"
			    "    Console logging: level debugging, 22827 messages logged, xml disabled,\n"
			    "                     filtering disabled\n"
			    "    Monitor logging: level debugging, 68 messages logged, xml disabled,\n"
			    "                     filtering disabled\n"
			    "    Buffer logging:  level informational, 22860 messages logged, xml disabled,\n"
			    "                    filtering disabled\n"
			    "    Exception Logging: size (4096 bytes)\n"
			    "    Count and timestamp logging messages: disabled\n"
			    "    Persistent logging: disabled\n"
			    "\n"
			    "No active filter modules.\n"
			    "\n"
			    "    Trap logging: level informational, 22790 message lines logged\n"
			    "        Logging Source-Interface:       VRF Name:\n"
			    "\n"
			    "Log Buffer (16384 bytes):\n"
			    "\n");
	txt_fini(&t);
}

static void hosts_have_a_block_each(void **state)
{
	struct cfg_logging l = config_defaults.logging;
	struct logging_state s = { .conf = &l, .hosts = { { 25907, 2 } } };
	struct txt t = TXT_INIT;

	(void)state;
	l.n_hosts = 1;
	l.hosts[0] = (struct cfg_log_host){ .addr = ipaddr_v4(0x0a0c370b), .port = 514 };
	memcpy(l.source, "Loopback0", 10);
	l.sequence = true;
	show_logging(&s, &t);
	assert_non_null(strstr(t.s, "        Logging to 10.12.55.11  (udp port 514, audit disabled,\n"
				    "              link up),\n"
				    "              25907 message lines logged, \n"
				    "              0 message lines rate-limited, \n"
				    "              2 message lines dropped-by-MD, \n"
				    "              xml disabled, sequence number enabled\n"
				    "              filtering disabled\n"
				    "        Logging Source-Interface:       VRF Name:\n"
				    "        Loopback0"));
	txt_fini(&t);
}

static void what_is_off_says_so(void **state)
{
	struct cfg_logging l = config_defaults.logging;
	struct logging_state s = { .conf = &l };
	struct txt t = TXT_INIT;

	(void)state;
	l.on = false; /* the console stays */
	show_logging(&s, &t);
	assert_non_null(strstr(t.s, "Syslog logging: disabled ("));
	assert_non_null(strstr(t.s, "    Console logging: level debugging"));
	assert_non_null(strstr(t.s, "    Monitor logging: disabled\n    Buffer logging:  disabled\n"));
	assert_non_null(strstr(t.s, "    Trap logging: disabled\n"));
	assert_null(strstr(t.s, "Log Buffer"));
	txt_fini(&t);
}

static void counts_are_by_facility(void **state)
{
	static const struct log_time at = { .wall_ms = 1793693109007 };
	const struct log_kind v[] = { { "SYS-5-CONFIG_I", 3, at }, { "LINK-3-UPDOWN", 2, at },
				      { "SYS-6-STARTUP", 1, at } };
	struct txt t = TXT_INIT;

	(void)state;
	show_logging_count(v, 3, true, &t);
	const char *rule = strstr(t.s, "SYS ");
	assert_non_null(rule);
	assert_string_equal(rule,
			    "SYS             CONFIG_I                         5      3 *Nov  3 08:05:09.007\n"
			    "SYS             STARTUP                          6      1 *Nov  3 08:05:09.007\n"
			    "------------- ------------------------------- -----------------------\n"
			    "SYS TOTAL                                             4\n"
			    "\n"
			    "LINK            UPDOWN                           3      2 *Nov  3 08:05:09.007\n"
			    "------------- ------------------------------- -----------------------\n"
			    "LINK TOTAL                                            2\n"
			    "\n");
	txt_clear(&t);
	show_logging_count(v, 3, false, &t);
	assert_string_equal(t.s, "Logging count is disabled\n");
	txt_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_head_is_ioss),
		cmocka_unit_test(hosts_have_a_block_each),
		cmocka_unit_test(what_is_off_says_so),
		cmocka_unit_test(counts_are_by_facility),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
