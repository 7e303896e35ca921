/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the kernel's own IPsec has SAs of ESP for: in a network namespace of our own, by what ip puts there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdlib.h>

#include "host/xfrm.h"
#include "netns.h"

static bool allowed;

static int set_up(void **state)
{
	(void)state;
	allowed = own_netns() && loopback_up() && !system("ip xfrm state count >/dev/null 2>&1");
	return 0;
}

#define NEEDS_XFRM      \
	do {            \
		(void)state; \
		if (!allowed) \
			skip(); \
	} while (0)
#define SPI(src, dst, proto) "ip xfrm state allocspi src " src " dst " dst " proto " proto " >/dev/null"

static void an_address_has_esp_of_the_kernel_or_not(void **state)
{
	const struct ipaddr four = ipaddr_v4(0x0A070002), six = { IP_V6, { 0x20, 1, 0x0d, 0xb8, [15] = 2 } };
	static const struct {
		const char *command;
		int four, six;
	} rows[] = {
		{ "true", 0, 0 },
		{ SPI("10.7.0.1", "10.7.0.3", "esp"), 0, 0 },
		{ SPI("10.7.0.1", "10.7.0.2", "ah"), 0, 0 },
		{ SPI("10.7.0.1", "10.7.0.2", "esp"), 1, 0 },
		{ "ip xfrm state deleteall proto esp && " SPI("2001:db8::1", "2001:db8::2", "esp"), 0, 1 },
		{ SPI("10.7.0.1", "10.7.0.2", "esp"), 1, 1 },
		{ "ip xfrm state flush", 0, 0 },
		/* behind more than one datagram of others */
		{ "for i in $(seq 300); do echo xfrm state allocspi src 10.7.0.1 dst 10.7.0.2 proto ah; done | ip -b - >/dev/null", 0, 0 },
		{ SPI("10.7.0.1", "10.7.0.2", "esp"), 1, 0 },
		{ "ip xfrm state flush", 0, 0 },
	};

	NEEDS_XFRM;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (system(rows[i].command))
			fail_msg("%s", rows[i].command);
		if (xfrm_esp_to(&four) != rows[i].four || xfrm_esp_to(&six) != rows[i].six)
			fail_msg("after %s: %d %d", rows[i].command, xfrm_esp_to(&four), xfrm_esp_to(&six));
	}
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void news_of_them_are_taken_unread(void **state)
{
	NEEDS_XFRM;
	int fd = xfrm_events_open();

	assert_true(fd >= 0);
	assert_false(readable(fd));
	for (int i = 0; i < 2; i++)
		assert_int_equal(system(SPI("10.7.0.1", "10.7.0.2", "esp") " && ip xfrm state deleteall"), 0);
	assert_true(readable(fd));
	xfrm_drain(fd);
	assert_false(readable(fd));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_esp_of_the_kernel_or_not),
		cmocka_unit_test(news_of_them_are_taken_unread),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
