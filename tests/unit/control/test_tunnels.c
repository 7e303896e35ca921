/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnels compiled for the forwarder, and the room that their headers take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "commands/load.h"
#include "control/compile.h"

#define US   0xc0000201
#define PEER 0xc0000202

struct fix {
	struct config *c;
	struct policy_ids ids;
	struct compiled out;
	const struct fwd_tunnel *t; /* of Tunnel0; NULL: none */
};

static void up(struct fix *f, const char *lines, bool recursive)
{
	const struct bound_if ifs[] = {
		{ .name = "FastEthernet0/1", .ifindex = 7, .addr = ipaddr_v4(US), .mtu = 1500 },
		{ .name = "Tunnel0", .ifindex = 8, .mtu = 1400, .tun_port = 1000, .egress_ifindex = 7,
		  .recursive = recursive },
	};
	struct report report = { 0 };
	char text[1024];

	memset(f, 0, sizeof(*f));
	snprintf(text, sizeof(text),
		 "interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n"
		 "interface Tunnel0\n tunnel source FastEthernet0/1\n tunnel destination 192.0.2.2\n%s",
		 lines);
	assert_int_equal(config_load_text(text, strlen(text), &f->c, &report), 0);
	assert_int_equal(report.errors, 0);
	report_fini(&report);
	assert_int_equal(compile(f->c, ifs, 2, &f->ids, &f->out), 0);
	f->t = f->out.n_tunnels ? &f->out.tunnels[0] : NULL;
}

static void down(struct fix *f)
{
	compiled_fini(&f->out);
	policy_ids_fini(&f->ids);
	config_free(f->c);
}

static void a_plain_tunnel_has_nothing_that_was_not_asked_for(void **state)
{
	struct fix f;

	(void)state;
	up(&f, "", false);
	assert_non_null(f.t);
	assert_true(f.t->up && f.t->encap == FWD_ENCAP_GRE && f.t->egress_ifid == 7);
	assert_true(ipaddr_to_v4(&f.t->src) == US && ipaddr_to_v4(&f.t->dst) == PEER);
	assert_false(f.t->has_key || f.t->checksum || f.t->sequence || f.t->keepalive_sec);
	assert_int_equal(f.t->ttl, 255);
	assert_int_equal(f.t->tos, 0xff);
	down(&f);
}

static void what_was_asked_for_reaches_the_forwarder(void **state)
{
	struct fix f;

	(void)state;
	up(&f, " tunnel key 0\n tunnel checksum\n tunnel sequence-datagrams\n keepalive 7 4\n"
	       " tunnel ttl 9\n tunnel tos 184\n", false);
	assert_non_null(f.t);
	assert_true(f.t->has_key && f.t->key == 0 && f.t->checksum && f.t->sequence);
	assert_int_equal(f.t->keepalive_sec, 7);
	assert_int_equal(f.t->keepalive_retries, 4);
	assert_int_equal(f.t->ttl, 9);
	assert_int_equal(f.t->tos, 184);
	down(&f);
	up(&f, " keepalive\n", false);
	assert_int_equal(f.t->keepalive_sec, 10);
	assert_int_equal(f.t->keepalive_retries, 3);
	down(&f);
}

static void ip_in_ip_has_nothing_of_gre(void **state)
{
	struct fix f;

	(void)state;
	up(&f, " tunnel mode ipip\n tunnel key 5\n tunnel checksum\n tunnel sequence-datagrams\n"
	       " keepalive\n", false);
	assert_non_null(f.t);
	assert_int_equal(f.t->encap, FWD_ENCAP_IPIP);
	assert_false(f.t->has_key || f.t->checksum || f.t->sequence || f.t->keepalive_sec);
	down(&f);
}

static void a_tunnel_that_is_shut_down_or_recursive_is_down(void **state)
{
	struct fix f;

	(void)state;
	up(&f, " shutdown\n", false);
	assert_true(f.t && !f.t->up);
	down(&f);
	up(&f, "", true);
	assert_true(f.t && !f.t->up);
	down(&f);
}

static void headers_take_the_room_that_the_rfcs_say(void **state)
{
	static const struct {
		const char *lines;
		uint32_t bytes;
	} rows[] = {
		{ "", 24 },
		{ " tunnel key 1\n", 28 },
		{ " tunnel checksum\n", 28 },
		{ " tunnel sequence-datagrams\n", 28 },
		{ " tunnel key 1\n tunnel checksum\n tunnel sequence-datagrams\n", 36 },
		{ " tunnel mode ipip\n tunnel key 1\n", 20 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fix f;

		up(&f, rows[i].lines, false);
		assert_int_equal(cfg_tunnel_header(&config_find_interface(f.c, "Tunnel0")->tunnel),
				 rows[i].bytes);
		down(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_tunnel_has_nothing_that_was_not_asked_for),
		cmocka_unit_test(what_was_asked_for_reaches_the_forwarder),
		cmocka_unit_test(ip_in_ip_has_nothing_of_gre),
		cmocka_unit_test(a_tunnel_that_is_shut_down_or_recursive_is_down),
		cmocka_unit_test(headers_take_the_room_that_the_rfcs_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
