/* SPDX-License-Identifier: Apache-2.0 */
/* Phase 1 that is never finished: the log has the likely cause, once an attempt. */
#include "sim.h"

#define EX_MAIN_MODE 2

static void lose(int from, unsigned skip)
{
	sim.lose[from].exchange = EX_MAIN_MODE;
	sim.lose[from].skip = skip;
	sim.lose[from].count = 1000;
}

static void begin_and_wait(void)
{
	sim_acquire(0, 1);
	sim_run(60000);
	assert_int_equal(sim.side[0].failed, 1);
	assert_int_equal(sim.side[0].n_sa, 0);
}

static void said(int s, unsigned lines, const char *words)
{
	const struct side *x = &sim.side[s];

	if (!strstr(x->log, words))
		fail_msg("side %d said '%s', not '%s'", s, x->log, words);
	assert_non_null(strstr(x->log, "CRYPTO-6-IKMP_MODE_FAILURE: Processing of Main mode failed"));
	assert_int_equal(x->logs, lines);
}

static void nothing_comes_back_from_port_500(void **state)
{
	(void)state;
	lose(0, 0);
	begin_and_wait();
	said(0, 1, "no answer from UDP 500 of 192.0.2.2");
	assert_non_null(strstr(sim.side[0].reason, "no answer from UDP 500"));
	assert_int_equal(sim.side[1].logs, 0);
}

static void responder_sees_that_its_answers_are_lost(void **state)
{
	(void)state;
	lose(1, 0);
	begin_and_wait();
	said(0, 1, "no answer from UDP 500 of 192.0.2.2");
	said(1, 1, "our answers do not reach the peer: it repeats message 1");
}

static void key_exchange_is_lost(void **state)
{
	(void)state;
	lose(1, 1);
	begin_and_wait();
	said(0, 1, "message 2 came, message 4 did not");
	said(1, 1, "our answers do not reach the peer: it repeats message 3");
}

static void blocked_port_4500_is_seen_by_both(void **state)
{
	(void)state;
	sim_nat(61000, 61001);
	lose(0, 2);
	begin_and_wait();
	said(0, 1, "UDP 4500 seems blocked: messages 1 to 4 passed on UDP 500");
	said(1, 1, "UDP 4500 seems blocked: messages 1 to 4 passed on UDP 500");
}

/* The same silence without a NAT: port 4500 has no part in it. */
static void without_nat_the_keys_are_doubted(void **state)
{
	(void)state;
	lose(1, 2);
	sim_acquire(0, 1);
	sim_run(60000);
	said(0, 1, "the pre-shared keys differ most likely");
	assert_null(strstr(sim.side[0].log, "4500"));
}

static void wrong_key_is_one_line_at_each_end(void **state)
{
	struct side *x = &sim.side[1];

	(void)state;
	x->psk[0].key[0] ^= 1;
	sim_configure(1);
	begin_and_wait();
	said(0, 1, "the pre-shared keys differ most likely");
	assert_int_equal(x->logs, 1); /* though message 5 came five times */
	assert_non_null(strstr(x->log, "CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from 192.0.2.1 "
				       "failed its sanity check or is malformed"));
	assert_non_null(strstr(x->log, "the pre-shared keys differ"));
}

/* A single first message leaves no line: its sender may be forged. */
static void a_scan_is_no_event(void **state)
{
	(void)state;
	sim.cut[0] = true;
	sim_acquire(0, 1);
	while (sim_deliver_one())
		;
	lose(0, 0);
	sim_run(60000);
	assert_int_equal(sim.side[1].logs, 0);
}

#define LEFT "the peer deleted the SA as soon as it had our identity"

static struct ike_profile hub; /* side 0's, of whom side 1 is not */

static void expect_hub(void)
{
	hub = (struct ike_profile){ .name = "HUB", .n_matches = 1,
				    .matches = { { .kind = MATCH_HOST, .name = "hub.example" } } };
	sim.side[0].cfg.profiles = &hub;
	sim.side[0].cfg.n_profiles = 1;
	snprintf(sim.side[0].p2[0].profile, IOS_NAME_MAX, "HUB");
	sim_configure(0);
}

/* An initiator that does not want our identity has DELETE to say it with. */
static void who_leaves_because_of_our_identity_is_explained(void **state)
{
	struct ike_sa_info i;

	(void)state;
	expect_hub();
	sim_acquire(0, 1);
	sim_run(2000);
	said(1, 1, LEFT " 192.0.2.2: it expects another one most likely (to type: crypto isakmp "
			"identity address | hostname | dn)");
	assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &i));
	assert_true(i.deleted);
	if (!strstr(i.story, LEFT))
		fail_msg("the SA's story is '%s'", i.story);
}

/* What a profile of ours says of us is not changed by a global command. */
static void our_identity_is_changed_where_it_was_set(void **state)
{
	struct ike_profile in = { .name = "IN", .n_matches = 1, .id_kind = AG_FQDN, .id = "r2.example",
				  .matches = { { .kind = MATCH_ADDRESS, .addr = ipaddr_v4(A(192, 0, 2, 1)),
						 .mask_len = 32 } } };

	(void)state;
	sim.side[1].cfg.profiles = &in;
	sim.side[1].cfg.n_profiles = 1;
	sim_configure(1);
	expect_hub();
	sim_acquire(0, 1);
	sim_run(2000);
	said(1, 1, LEFT " r2.example: it expects another one most likely (to type in isakmp profile IN: "
			"self-identity)");
}

/* In aggressive mode it proves itself after it had our identity: it was content with it. */
static void who_leaves_after_aggressive_mode_knew_us(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++)
		sim.side[s].cfg.aggressive = true;
	sim.side[0].cfg.n_ag = 1;
	sim_configure(0);
	sim_configure(1);
	sim_acquire(0, 1);
	sim_drain(0);
	while (sim_state(1) != IKE_QM_IDLE)
		assert_true(sim_deliver_one());
	ike_clear_isakmp(sim.side[0].ike, sim.now_ms, 0);
	sim_run(20);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
	if (strstr(sim.side[1].log, LEFT))
		fail_msg("side 1 said '%s'", sim.side[1].log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(nothing_comes_back_from_port_500),
		SIM_TEST(responder_sees_that_its_answers_are_lost),
		SIM_TEST(key_exchange_is_lost),
		SIM_TEST(blocked_port_4500_is_seen_by_both),
		SIM_TEST(without_nat_the_keys_are_doubted),
		SIM_TEST(wrong_key_is_one_line_at_each_end),
		SIM_TEST(a_scan_is_no_event),
		SIM_TEST(who_leaves_because_of_our_identity_is_explained),
		SIM_TEST(our_identity_is_changed_where_it_was_set),
		SIM_TEST(who_leaves_after_aggressive_mode_knew_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
