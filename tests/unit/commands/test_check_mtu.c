/* SPDX-License-Identifier: Apache-2.0 */
/* The sums of sizes: by suite, mode and NAT, for tunnels and for crypto maps. */
#include "helper.h"

#include "commands/check_mtu.h"

#define IKE                                                                                                      \
	"crypto isakmp policy 10\n encr aes 256\n hash sha256\n authentication pre-share\n group 14\n"          \
	"crypto isakmp key t7Kp2xWq9Zr4mNv1 address 192.0.2.2\n"
#define GRE_MAP                                                                                     \
	"access-list 101 permit gre host 192.0.2.1 host 192.0.2.2\n"                               \
	"crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n set transform-set T\n match address 101\n" \
	"interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n crypto map M\n"
#define TUNNEL "interface Tunnel0\n ip address 172.16.0.1 255.255.255.252\n tunnel source FastEthernet0/1\n tunnel destination 192.0.2.2\n"

static struct config *configured(const char *set, const char *mode, const char *more)
{
	struct report said = { 0 };
	struct txt text = TXT_INIT;
	struct config *c;

	txt_printf(&text, IKE "crypto ipsec transform-set T %s\n mode %s\n" GRE_MAP TUNNEL "%s", set, mode, more);
	c = load(txt_cstr(&text), &said);
	assert_int_equal(said.errors, 0);
	report_fini(&said);
	txt_fini(&text);
	return c;
}

/* On a path of 1500 bytes, GRE without a key: what fits, and what fits behind a NAT. */
static void what_fits_by_suite_and_mode(void **state)
{
	static const struct {
		const char *set, *mode;
		unsigned room, behind; /* 0: none */
	} rows[] = {
		{ "esp-3des esp-sha-hmac", "tunnel", 1422, 1414 },
		{ "esp-3des esp-sha-hmac", "transport", 1442, 1434 },
		{ "esp-aes esp-sha-hmac", "tunnel", 1414, 1398 },
		{ "esp-aes 256 esp-sha-hmac", "transport", 1434, 1418 },
		{ "esp-aes esp-sha256-hmac", "tunnel", 1414, 1398 },
		{ "esp-aes esp-sha256-hmac", "transport", 1434, 1418 },
		{ "esp-gcm", "tunnel", 1422, 1414 },
		{ "esp-gcm 256", "transport", 1442, 1434 },
		{ "ah-sha-hmac", "tunnel", 1432, 0 },
		{ "ah-sha-hmac esp-3des esp-sha-hmac", "tunnel", 1398, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config *c = configured(rows[i].set, rows[i].mode, "");
		struct txt out = TXT_INIT, want = TXT_INIT, behind = TXT_INIT;
		unsigned least = rows[i].behind ? rows[i].behind : rows[i].room;

		if (rows[i].behind)
			txt_printf(&behind, "%u", rows[i].behind);
		txt_printf(&want, "  %-28s %-20s %-9s %5u %7u %6s %6u\n", "interface Tunnel0", "T", rows[i].mode, 1500, rows[i].room,
			   rows[i].behind ? txt_cstr(&behind) : "-", least - 40);
		check_mtu_table(c, &out);
		if (!strstr(txt_cstr(&out), txt_cstr(&want)))
			fail_msg("row %zu: %s\n%s", i, txt_cstr(&want), txt_cstr(&out));
		txt_fini(&out);
		txt_fini(&want);
		txt_fini(&behind);
		config_free(c);
	}
}

/* The entry of the map itself: 24 bytes more than what GRE leaves of it; of what is not between the ends, tunnel mode. */
static void a_map_has_a_row_of_its_own(void **state)
{
	static const char lan[] = "access-list 102 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255\n"
				  "crypto map M 20 ipsec-isakmp\n set peer 192.0.2.2\n set transform-set T\n match address 102\n"
				  "interface FastEthernet0/1\n ip mtu 1400\n";
	struct config *c = configured("esp-3des esp-sha-hmac", "transport", lan);
	struct txt out = TXT_INIT;

	(void)state;
	check_mtu_table(c, &out);
	assert_non_null(strstr(txt_cstr(&out), "crypto map M 10              T                    transport  1400"));
	assert_non_null(strstr(txt_cstr(&out), "crypto map M 20              T                    tunnel     1400    1350   1342   1302\n"));
	txt_fini(&out);
	config_free(c);
}

/* On two interfaces whose paths are as long it has it once. */
static void a_row_is_told_once(void **state)
{
	static const char two[] = "interface FastEthernet0/2\n ip address 192.0.3.1 255.255.255.0\n crypto map M\n"
				  "interface FastEthernet0/3\n ip address 192.0.4.1 255.255.255.0\n ip mtu 1400\n crypto map M\n";
	struct config *c = configured("esp-3des esp-sha-hmac", "transport", two);
	struct txt out = TXT_INIT;
	unsigned rows = 0;

	(void)state;
	check_mtu_table(c, &out);
	for (const char *p = txt_cstr(&out); (p = strstr(p, "crypto map M 10 ")); p++)
		rows++;
	assert_int_equal(rows, 2);
	assert_non_null(strstr(txt_cstr(&out), "transport  1400"));
	txt_fini(&out);
	config_free(c);
}

static void a_tunnel_that_carries_nothing_has_no_row(void **state)
{
	struct report said = { 0 };
	struct config *c = load("interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\ninterface Tunnel0\n"
				" tunnel source FastEthernet0/1\n tunnel destination 192.0.2.2\n"
				" tunnel protection ipsec profile NONE\n", &said);
	struct txt out = TXT_INIT;

	(void)state;
	check_mtu_table(c, &out);
	assert_string_equal(txt_cstr(&out), "");
	txt_fini(&out);
	report_fini(&said);
	config_free(c);
}

static void nothing_to_carry_no_table(void **state)
{
	struct report said = { 0 };
	struct config *c = load("crypto isakmp policy 10\ninterface Tunnel0\n", &said);
	struct txt out = TXT_INIT;

	(void)state;
	check_mtu_table(c, &out);
	assert_string_equal(txt_cstr(&out), "");
	txt_fini(&out);
	report_fini(&said);
	config_free(c);
}

/* 1420 is too much for AES, fits 3DES, and does not where a NAT is found; behind none where that is forbidden. */
static void the_ip_mtu_of_the_notes(void **state)
{
	static const struct {
		const char *set, *more, *want; /* NULL: nothing of the tunnel */
	} rows[] = {
		{ "esp-aes esp-sha-hmac", " ip mtu 1420\n", "warning: interface Tunnel0: ip mtu 1420 is too large for transform set T: 1414" },
		{ "esp-3des esp-sha-hmac", " ip mtu 1420\n",
		  "note: interface Tunnel0: ip mtu 1420 fits transform set T, but not if the peers find a NAT between them: then "
		  "1414 bytes fit.\n    fix: ip mtu 1414" },
		{ "esp-3des esp-sha-hmac", " ip mtu 1420\nno crypto ipsec nat-transparency udp-encapsulation\n", NULL },
		{ "esp-3des esp-sha-hmac", " ip mtu 1414\n", NULL },
		{ "ah-sha-hmac", " ip mtu 1420\n", NULL },
		{ "esp-3des esp-sha-hmac", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config *c = configured(rows[i].set, "tunnel", rows[i].more);
		struct report r = { 0 };
		struct txt out = TXT_INIT;

		commands_check(c, &r);
		report_print(&r, "R1", &out);
		if (rows[i].want ? !strstr(txt_cstr(&out), rows[i].want) : strstr(txt_cstr(&out), "interface Tunnel0") != NULL)
			fail_msg("row %zu: %s", i, txt_cstr(&out));
		report_fini(&r);
		txt_fini(&out);
		config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_by_suite_and_mode),
		cmocka_unit_test(a_map_has_a_row_of_its_own),
		cmocka_unit_test(a_row_is_told_once),
		cmocka_unit_test(a_tunnel_that_carries_nothing_has_no_row),
		cmocka_unit_test(nothing_to_carry_no_table),
		cmocka_unit_test(the_ip_mtu_of_the_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
