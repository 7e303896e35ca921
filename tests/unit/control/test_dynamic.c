/* SPDX-License-Identifier: Apache-2.0 */
/* Dynamic crypto maps compiled: where what IKE makes stands in the SPD, and how it is
 * shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/load.h"
#include "control/compile.h"
#include "control/show_parts.h"

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const char both[] =
	"crypto ipsec transform-set TS esp-aes esp-sha-hmac\n"
	"ip access-list extended FIX\n permit ip 10.1.0.0 0.0.0.255 10.2.0.0 0.0.0.255\n"
	"ip access-list extended DYN\n deny ip 10.1.0.0 0.0.0.255 10.9.9.0 0.0.0.255\n"
	" permit ip 10.1.0.0 0.0.0.255 10.0.0.0 0.255.255.255\n"
	"crypto dynamic-map D 10\n set transform-set TS\n match address DYN\n"
	"crypto dynamic-map D 20\n set transform-set TS\n"
	"crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n set transform-set TS\n match address FIX\n"
	"crypto map M 65000 ipsec-isakmp dynamic D\n"
	"interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n crypto map M\n";

struct fix {
	struct config *c;
	struct policy_ids ids;
	struct compiled out;
};

static void up(struct fix *f, const char *text)
{
	const struct bound_if ifs[] = { { .name = "FastEthernet0/1", .device = "wan", .ifindex = 7,
					  .addr = ipaddr_v4(A(192, 0, 2, 1)), .mtu = 1500 } };
	struct report report = { 0 };

	memset(f, 0, sizeof(*f));
	assert_int_equal(config_load_text(text, strlen(text), &f->c, &report), 0);
	assert_int_equal(report.errors, 0);
	report_fini(&report);
	assert_int_equal(compile(f->c, ifs, 1, &f->ids, &f->out), 0);
}

static void down(struct fix *f)
{
	compiled_fini(&f->out);
	policy_ids_fini(&f->ids);
	config_free(f->c);
}

static const struct p2_policy *template(const struct fix *f, bool any)
{
	for (size_t i = 0; i < f->out.ike.n_p2; i++)
		if (f->out.p2[i].dynamic && f->out.p2[i].any_proxies == any)
			return &f->out.p2[i];
	fail_msg("no template");
	return NULL;
}

static struct p2_policy made_of(const struct p2_policy *t, uint32_t n, uint32_t far, uint32_t wild)
{
	struct p2_policy p = *t;

	p.of = t->id;
	p.id = P2_MADE_ID + n;
	p.n_peers = 1;
	p.peers[0] = ipaddr_v4(A(198, 51, 100, n));
	p.sel.local = addr_match_v4(A(10, 1, 0, 0), 0xff);
	p.sel.remote = addr_match_v4(far, wild);
	return p;
}

static void templates_protect_what_their_lists_permit_and_only_answer(void **state)
{
	struct fix f;

	(void)state;
	up(&f, both);
	/* FIX's line, DYN's deny and permit; nothing of the template without a list */
	assert_int_equal(f.out.n_policies, 3);
	assert_int_equal(f.out.policies[1].action, FWD_POLICY_SKIP);
	assert_int_equal(f.out.policies[2].action, FWD_POLICY_PROTECT);
	assert_int_not_equal(f.out.policies[2].map_seq, f.out.policies[0].map_seq);
	assert_int_equal(f.out.ike.n_p2, 3);
	assert_int_equal(template(&f, true)->n_peers, 0);
	assert_int_equal(template(&f, false)->seq, 65000);
	assert_int_equal(f.out.n_shown, 1);
	down(&f);
}

static void what_is_made_stands_before_its_template_and_narrow_before_wide(void **state)
{
	struct p2_policy m[4];
	const struct p2_policy *v[4] = { &m[0], &m[1], &m[2], &m[3] };
	struct fix f;

	(void)state;
	up(&f, both);
	m[0] = made_of(template(&f, true), 0, A(10, 20, 0, 0), 0xffff);
	m[1] = made_of(template(&f, false), 1, A(10, 4, 0, 0), 0xffff);
	m[2] = made_of(template(&f, false), 2, A(10, 4, 4, 0), 0xff);
	m[3] = made_of(template(&f, true), 3, A(10, 20, 0, 1), 0);
	assert_int_equal(compile_made(&f.out, v, 4), 0);
	const uint32_t want[] = { f.out.policies[0].id, f.out.policies[1].id, P2_MADE_ID + 2,
				  P2_MADE_ID + 1, template(&f, false)->id, P2_MADE_ID + 3, P2_MADE_ID };
	assert_int_equal(f.out.n_policies, 7);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(f.out.policies[i].id, want[i]);
	for (size_t i = 1; i < 5; i++)
		assert_int_equal(f.out.policies[i].map_seq, f.out.policies[1].map_seq);
	assert_int_equal(f.out.policies[2].action, FWD_POLICY_PROTECT);
	assert_int_equal(f.out.policies[2].path_mtu, 1500);
	assert_int_equal(f.out.n_shown, 5);
	assert_int_equal(f.out.shown[1].id, P2_MADE_ID + 2);
	down(&f);
}

/* Names are not resolved: nobody is served, and what the list permits is held back. */
static void a_template_for_names_only_serves_nobody_and_still_protects(void **state)
{
	struct fix f;

	(void)state;
	up(&f, "ip access-list extended DYN\n deny ip 10.1.0.0 0.0.0.255 10.9.9.0 0.0.0.255\n"
	       " permit ip 10.1.0.0 0.0.0.255 10.0.0.0 0.255.255.255\n"
	       "crypto ipsec transform-set TS esp-aes esp-sha-hmac\n"
	       "crypto dynamic-map D 10\n set peer spoke.example.net\n set transform-set TS\n"
	       " match address DYN\n"
	       "crypto dynamic-map D 20\n set peer spoke.example.net\n set transform-set TS\n"
	       "crypto map M 65000 ipsec-isakmp dynamic D\n"
	       "interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n crypto map M\n");
	assert_int_equal(f.out.n_policies, 2);
	assert_int_equal(f.out.policies[0].action, FWD_POLICY_SKIP);
	assert_int_equal(f.out.policies[1].action, FWD_POLICY_PROTECT);
	for (size_t i = 0; i < f.out.ike.n_p2; i++)
		assert_true(!f.out.p2[i].dynamic && !f.out.p2[i].n_peers);
	down(&f);
}

static void policies_of_phase_1_are_offered_when_asked_for_only(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		uint32_t last;
	} rows[] = {
		{ "hostname R\n", 0, 0 },
		{ "crypto isakmp default policy\n", 8, 65514 },
		{ "crypto legacy default-policy\n", 1, 65535 },
		{ "crypto isakmp default policy\ncrypto legacy default-policy\n", 9, 65535 },
		{ "crypto isakmp default policy\ncrypto isakmp policy 5\n", 1, 5 },
		{ "crypto isakmp policy 5\ncrypto legacy default-policy\n", 2, 65535 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fix f;

		up(&f, rows[i].text);
		assert_int_equal(f.out.ike.n_p1, rows[i].n);
		if (rows[i].n)
			assert_int_equal(f.out.p1[rows[i].n - 1].priority, rows[i].last);
		down(&f);
	}
}

static void temporary_entries_are_shown_as_ios_does(void **state)
{
	struct p2_policy m[1];
	const struct p2_policy *v[1] = { &m[0] };
	struct txt out = TXT_INIT;
	struct fix f;

	(void)state;
	up(&f, both);
	m[0] = made_of(template(&f, true), 9, A(10, 20, 0, 0), 0xff);
	assert_int_equal(compile_made(&f.out, v, 1), 0);
	struct show_in in = { .config = f.c, .p2 = f.out.shown, .n_p2 = f.out.n_shown,
			      .policies = f.out.policies, .n_policies = f.out.n_policies };
	show_crypto_map(&in, "", "", &out);
	assert_non_null(strstr(txt_cstr(&out),
			       "Crypto Map IPv4 \"M\" 65000 ipsec-isakmp\n"
			       "\tDynamic map template tag: D\n"
			       "\tInterfaces using crypto map M:\n\t\tFastEthernet0/1\n\n"
			       "Crypto Map IPv4 \"M\" 65536 ipsec-isakmp\n"
			       "\tPeer = 198.51.100.9\n"
			       "\tExtended IP access list \n"
			       "\t    access-list  permit ip 10.1.0.0 0.0.0.255 10.20.0.0 0.0.0.255\n"
			       "\t    dynamic (created from dynamic map D/20)\n"
			       "\tCurrent peer: 198.51.100.9\n"
			       "\tSecurity association lifetime: 4608000 kilobytes/3600 seconds\n"));
	txt_clear(&out);
	show_dynamic_map(&in, "", &out);
	assert_non_null(strstr(txt_cstr(&out), "Crypto Map Template\"D\" 10\n"
					       "\tExtended IP access list DYN\n"
					       "\t    access-list DYN deny ip 10.1.0.0 "));
	assert_non_null(strstr(txt_cstr(&out), "Crypto Map Template\"D\" 20\n"
					       "\tNo matching address list set.\n"));
	txt_clear(&out);
	show_dynamic_map(&in, "E", &out);
	assert_string_equal(txt_cstr(&out), "No crypto map templates found.\n");
	txt_fini(&out);
	down(&f);
}

static void admission_statistics_have_the_layout_of_ios(void **state)
{
	static const char want[] =
		"---------------------------------------------------------------------\n"
		"               Crypto Call Admission Control Statistics\n"
		"---------------------------------------------------------------------\n"
		"System Resource Limit:        0 Max IKE SAs:     0 Max in nego:  1000\n"
		"Total IKE SA Count:           1 active:          1 negotiating:     0\n"
		"Incoming IKE Requests:        0 accepted:        0 rejected:        0\n"
		"Outgoing IKE Requests:        1 accepted:        1 rejected:        0\n"
		"Rejected IKE Requests:        0 rsrc low:        0 Active SA limit: 0\n"
		"                                                   In-neg SA limit: 0\n"
		"IKE packets dropped at dispatch:        0\n\n"
		"Max IPSEC SAs:     0\n"
		"Total IPSEC SA Count:           1 active:          1 negotiating:     0\n"
		"Incoming IPSEC Requests:        0 accepted:        0 rejected:        0\n"
		"Outgoing IPSEC Requests:        1 accepted:        1 rejected:        0\n"
		"SA Strength Enforcement Rejects:  incoming:        0 outgoing:        0\n\n"
		"Phase1.5 SAs under negotiation:         0  \n";
	const struct ike_pair_info pair = { .out_id = 1, .initiator = true };
	const struct show_in in = { .pairs = &pair, .n_pairs = 1,
				    .admission = { .max_negotiating = 1000, .active = 1,
						   .out_accepted = 1 } };
	struct txt out = TXT_INIT;

	(void)state;
	show_call_admission(&in, &out);
	assert_string_equal(txt_cstr(&out), want);
	txt_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_protect_what_their_lists_permit_and_only_answer),
		cmocka_unit_test(what_is_made_stands_before_its_template_and_narrow_before_wide),
		cmocka_unit_test(a_template_for_names_only_serves_nobody_and_still_protects),
		cmocka_unit_test(policies_of_phase_1_are_offered_when_asked_for_only),
		cmocka_unit_test(temporary_entries_are_shown_as_ios_does),
		cmocka_unit_test(admission_statistics_have_the_layout_of_ios),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
