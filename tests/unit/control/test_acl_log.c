/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of access lists with `log`, and what is summed up five minutes later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "control/acl_log.h"

#define FIVE_MINUTES 300000u

static char said[4096];

void __wrap_log_line(const char *mnemonic, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void __wrap_log_line(const char *mnemonic, const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	n += (size_t)snprintf(said + n, sizeof(said) - n, "%%%s: ", mnemonic);
	va_start(ap, fmt);
	n += (size_t)vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
	snprintf(said + n, sizeof(said) - n, "\n");
}

static const struct cfg_acl list = { .name = "EDGE-IN", .kind = ACL_EXTENDED }, standard = { .name = "10", .kind = ACL_STANDARD };
static const struct acl_entry deny = { .seq = 10, .kind = ACE_DENY, .log = 1 }, input = { .seq = 20, .kind = ACE_PERMIT, .log = 2 };

static struct acl_probe probe(uint8_t proto, uint16_t port)
{
	return (struct acl_probe){ .src = ipaddr_v4(0x01010101), .dst = ipaddr_v4(0x02020202), .proto = proto, .l4_known = true,
				   .src_port = port, .dst_port = 23, .icmp_type = proto == 1 ? 8 : 0 };
}

static void each_kind_has_its_mnemonic(void **state)
{
	static const struct {
		const struct cfg_acl *acl;
		const struct acl_entry *e;
		uint8_t proto;
		const char *want;
	} rows[] = {
		{ &list, &deny, 6, "%SEC-6-IPACCESSLOGP: list EDGE-IN denied tcp 1.1.1.1(1024) -> 2.2.2.2(23), 1 packet\n" },
		{ &list, &input, 17, "%SEC-6-IPACCESSLOGP: list EDGE-IN permitted udp 1.1.1.1(1024) (Gi0) -> 2.2.2.2(23), 1 packet\n" },
		{ &list, &deny, 1, "%SEC-6-IPACCESSLOGDP: list EDGE-IN denied icmp 1.1.1.1 -> 2.2.2.2 (8/0), 1 packet\n" },
		{ &list, &deny, 50, "%SEC-6-IPACCESSLOGNP: list EDGE-IN denied 50 1.1.1.1 -> 2.2.2.2, 1 packet\n" },
		{ &list, &deny, 47, "%SEC-6-IPACCESSLOGNP: list EDGE-IN denied 47 1.1.1.1 -> 2.2.2.2, 1 packet\n" },
		{ &list, &deny, 2, "%SEC-6-IPACCESSLOGRP: list EDGE-IN denied igmp 1.1.1.1 -> 2.2.2.2, 1 packet\n" },
		{ &list, &deny, 88, "%SEC-6-IPACCESSLOGRP: list EDGE-IN denied eigrp 1.1.1.1 -> 2.2.2.2, 1 packet\n" },
		{ &list, &deny, 89, "%SEC-6-IPACCESSLOGRP: list EDGE-IN denied ospf 1.1.1.1 -> 2.2.2.2, 1 packet\n" },
		{ &standard, &deny, 6, "%SEC-6-IPACCESSLOGS: list 10 denied 1.1.1.1 1 packet\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct acl_log *l = acl_log_new();
		struct acl_probe p = probe(rows[i].proto, 1024);

		assert_non_null(l);
		said[0] = '\0';
		for (int n = 0; n < 4; n++)
			acl_log_packet(l, rows[i].acl, rows[i].e, &p, "Gi0", 1000);
		assert_string_equal(said, rows[i].want);
		said[0] = '\0';
		acl_log_tick(l, 1000 + FIVE_MINUTES - 1);
		assert_string_equal(said, "");
		acl_log_tick(l, 1000 + FIVE_MINUTES);
		assert_non_null(strstr(said, " 3 packets\n"));
		acl_log_free(l);
	}
}

static void what_is_too_much_is_counted(void **state)
{
	struct acl_log *l = acl_log_new();

	(void)state;
	assert_non_null(l);
	said[0] = '\0';
	for (uint16_t port = 1; port <= 17; port++) {
		struct acl_probe p = probe(6, port);

		acl_log_packet(l, &list, &deny, &p, "", 1000);
	}
	assert_non_null(strstr(said, "1.1.1.1(10) ->"));
	assert_null(strstr(said, "1.1.1.1(11) ->"));
	said[0] = '\0';
	acl_log_tick(l, 1000 + FIVE_MINUTES);
	assert_string_equal(said, "%SEC-6-IPACCESSLOGRL: access-list logging rate-limited or missed 7 packets\n");
	said[0] = '\0';
	acl_log_tick(l, 1000 + 2 * FIVE_MINUTES);
	assert_string_equal(said, "");
	acl_log_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_mnemonic),
		cmocka_unit_test(what_is_too_much_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
