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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
