/* SPDX-License-Identifier: Apache-2.0 */
/* Whose chains see what comes in by a device, and what leaves: in a network namespace of our own, by what nft loads
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "host/nft.h"
#include "netns.h"

static bool allowed;

static int set_up(void **state)
{
	(void)state;
	allowed = own_netns() && !system("ip link add wan type veth peer name lan && nft list ruleset >/dev/null 2>&1");
	return 0;
}

static void load(const char *text)
{
	struct txt why = TXT_INIT;

	if (nft_load(text, &why))
		fail_msg("%s: %s", text, txt_cstr(&why));
	txt_fini(&why);
}

#define CHAIN(table, hook) "table " table " { chain c { type filter hook " hook " priority 0; }; }"

static void chains_count_that_see_the_packets(void **state)
{
	static const struct {
		const char *text;
		bool in, out;
	} rows[] = {
		{ "", false, false },
		{ CHAIN("ip mine", "prerouting"), true, false },
		{ CHAIN("ip6 mine", "input"), true, false },
		{ CHAIN("inet mine", "forward"), false, false },
		{ CHAIN("inet mine", "output"), false, true },
		{ CHAIN("inet mine", "postrouting"), false, true },
		{ "table inet mine { chain c { }; }", false, false },
		{ CHAIN("netdev mine", "ingress device \"wan\""), true, false },
		{ CHAIN("netdev mine", "ingress devices = { \"lan\", \"wan\" }"), true, false },
		{ CHAIN("netdev mine", "ingress device \"lan\""), false, false },
		{ CHAIN("netdev mine", "egress device \"wan\""), false, false }, /* a packet socket meets it */
		{ CHAIN("inet mine", "ingress device \"wan\""), true, false },
		{ CHAIN("inet mine", "ingress device \"lan\""), false, false },
		/* ours, by name and family */
		{ CHAIN("ip culvert", "prerouting"), false, false },
		{ CHAIN("ip6 culvert", "output"), false, false },
		{ CHAIN("ip culvert_acl", "prerouting"), false, false },
		{ CHAIN("ip6 culvert_mss", "input"), false, false },
		{ CHAIN("netdev culvert_ring", "ingress device \"wan\""), false, false },
		{ CHAIN("inet culvert", "input"), true, false },
		{ CHAIN("ip culvert_ring", "output"), false, true },
		{ CHAIN("netdev culvert", "ingress device \"wan\""), true, false },
		{ CHAIN("ip culvert_count", "input"), true, false },
		{ CHAIN("ip culverted", "input"), true, false },
	};
	char what[128];

	NEEDS(allowed);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		load("flush ruleset");
		load(rows[i].text);
		if (nft_foreign_chain(true, "wan", what) != rows[i].in)
			fail_msg("in: %s", rows[i].text);
		if (nft_foreign_chain(false, "wan", what) != rows[i].out)
			fail_msg("out: %s", rows[i].text);
	}
	load("flush ruleset");
	load(CHAIN("inet theirs", "input"));
	assert_int_equal(nft_foreign_chain(true, "wan", what), 1);
	assert_string_equal(what, "chain c of table theirs");
	load("flush ruleset");
}

/* Many of ours in front of it, so that the answer is of several datagrams. */
static void a_chain_is_found_behind_many_others(void **state)
{
	struct txt t = TXT_INIT;
	char what[128];

	NEEDS(allowed);
	txt_str(&t, "table ip culvert {\n");
	for (unsigned i = 0; i < 2000; i++)
		txt_printf(&t, "chain a_chain_with_a_long_name_%u { type filter hook input priority %u; }\n", i % 900, i % 900);
	txt_str(&t, "}\n");
	load(txt_cstr(&t));
	txt_fini(&t);
	assert_int_equal(nft_foreign_chain(true, "wan", what), 0);
	load(CHAIN("ip mine", "input"));
	assert_int_equal(nft_foreign_chain(true, "wan", what), 1);
	load("flush ruleset");
}

static void who_cannot_ask_does_not_know(void **state)
{
	struct rlimit none, now;
	char what[128];

	NEEDS(allowed);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	none = now;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	int found = nft_foreign_chain(true, "wan", what);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(found, -EMFILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_count_that_see_the_packets),
		cmocka_unit_test(a_chain_is_found_behind_many_others),
		cmocka_unit_test(who_cannot_ask_does_not_know),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
