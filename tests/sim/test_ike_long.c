/* SPDX-License-Identifier: Apache-2.0 */
/* What lives on after the first agreement: successors, ends, restarts, NAT. */
#include "ike/internal.h"
#include "sim.h"

static void connect_all(void)
{
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
}

/* A pair whose twin was made long ago, so that it is no twin of a new one. */
static void connect_long_ago(void)
{
	connect_all();
	sim_run(60000);
}

static void soft_expiry_makes_a_successor_while_the_old_pair_carries(void **state)
{
	struct ike_pair_info p;

	(void)state;
	connect_long_ago();
	uint32_t old = sim_sa(0, SA_OUT)->id;
	ike_expire(sim.side[0].ike, sim.now_ms, old, false, true);
	ike_expire(sim.side[0].ike, sim.now_ms, old, false, true); /* said twice, done once */
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 4);
	sim_assert_twins();
	assert_true(ike_get_pair(sim.side[0].ike, 0, &p));
	assert_true(p.current);
	assert_int_not_equal(p.out_id, old);
	assert_int_equal(p.in.enc_key.len + p.out.enc_key.len, 0); /* keys are not shown */
	sim_run(40000); /* the old pair retires and the peer is told */
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(sim.side[1].n_sa, 2);
	sim_assert_twins();
	assert_int_equal(sim_pairs(0), 1);
	assert_int_equal(sim.side[0].sent_main + sim.side[1].sent_main, 6);
}

static void successors_of_both_sides_at_once_do_no_harm(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 20; seed++) {
		sim_again();
		sim.rng = seed;
		sim.reorder = true;
		connect_long_ago();
		for (int s = 0; s < 2; s++)
			ike_expire(sim.side[s].ike, sim.now_ms, sim_sa(s, SA_OUT)->id, false, true);
		sim_run(120000);
		assert_true(sim.side[0].n_sa >= 2 && sim.side[0].n_sa <= 4);
		sim_assert_twins();
		assert_int_equal(sim.side[0].failed + sim.side[1].failed, 0);
	}
}

static void unused_pair_is_not_renewed(void **state)
{
	(void)state;
	connect_long_ago();
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, false);
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 2);
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, true, false);
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 0);
	assert_int_equal(sim.side[1].n_sa, 0); /* the peer was told */
	ike_expire(sim.side[0].ike, sim.now_ms, 4711, true, true); /* nobody's */
}

static void renewal_that_fails_is_tried_again_while_the_old_pair_lives(void **state)
{
	(void)state;
	connect_long_ago();
	sim.cut[1] = true;
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
	sim_run(40000);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(sim.side[0].failed, 0); /* nothing waits: the old pair carries */
	sim.cut[1] = false;
	sim_run(60000);
	assert_true(sim.side[0].n_sa >= 2);
	assert_int_not_equal(sim.side[0].sa[0].id, 1);
	sim_run(60000);
	sim_assert_twins();
}

static void phase_one_is_renewed_and_pairs_survive_it(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		sim.side[s].p1[0].life_sec = 300;
		sim_configure(s);
	}
	connect_all();
	uint32_t spi = sim_sa(0, SA_OUT)->spi;
	sim_run(1000000);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(sim_sa(0, SA_OUT)->spi, spi);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 1);
	assert_true(sim.side[0].sent_main + sim.side[1].sent_main >= 18);
	sim_assert_twins();
}

static void phase_one_without_pairs_ends_and_is_not_renewed(void **state)
{
	(void)state;
	sim.side[0].p1[0].life_sec = sim.side[1].p1[0].life_sec = 300;
	sim_configure(0);
	sim_configure(1);
	connect_all();
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, NULL, 0);
	sim_run(301000);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE) + sim_count_sas(1, IKE_QM_IDLE), 0);
	assert_int_equal(sim.side[0].sent_main + sim.side[1].sent_main, 6);
}

static void clear_deletes_at_both_ends(void **state)
{
	const struct ipaddr other = ipaddr_v4(A(192, 0, 2, 99)), peer = ipaddr_v4(A(192, 0, 2, 2));

	(void)state;
	connect_all();
	sim_acquire(0, 2);
	sim_run(500);
	/* what narrows it must fit */
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, &other, NULL, 0);
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, "OTHER", 0);
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, NULL, 1);
	assert_int_equal(sim_pairs(0), 2);
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, NULL, sim_sa(0, SA_IN)->spi);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, &peer, "M", 0);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa + sim.side[1].n_sa, 0);
	ike_clear_isakmp(sim.side[0].ike, sim.now_ms, 4711);
	assert_int_equal(sim_state(0), IKE_QM_IDLE);
	ike_clear_isakmp(sim.side[0].ike, sim.now_ms, 0);
	sim_run(500);
	assert_int_equal(sim_state(1), IKE_MM_NO_STATE);
	sim_acquire(1, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
}

/* ---- restarts ---- */

static void restarted_peer_sends_initial_contact_and_old_pairs_go(void **state)
{
	(void)state;
	connect_long_ago();
	sim_restart(0, false);
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(sim.side[1].n_sa, 2);
	sim_assert_twins();
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 1);
}

static void forgotten_isakmp_sa_is_found_out_and_begun_anew(void **state)
{
	(void)state;
	connect_long_ago();
	sim_restart(1, false); /* it has lost everything and says nothing */
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, NULL, 0);
	sim_acquire(0, 1);
	sim_run(40000);
	assert_int_equal(sim.side[0].failed, 1);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 0);
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
}

static void adopted_pair_is_renewed_and_deleted_like_a_native_one(void **state)
{
	struct sa_spec in, out;

	(void)state;
	connect_all();
	in = *sim_sa(0, SA_IN);
	out = *sim_sa(0, SA_OUT);
	sim_restart(0, true); /* control died, the forwarder did not */
	assert_int_equal(ike_adopt(sim.side[0].ike, sim.now_ms, &in), 0);
	assert_int_equal(ike_adopt(sim.side[0].ike, sim.now_ms, &out), 0);
	sim_run(60000);
	ike_expire(sim.side[0].ike, sim.now_ms, out.id, false, true);
	sim_run(1000);
	/* no initial contact was sent: the old pair still stands at both ends */
	assert_int_equal(sim.side[0].n_sa, 4);
	assert_int_equal(sim.side[1].n_sa, 4);
	for (size_t i = 0; i < 4; i++) /* handles are not given twice */
		for (size_t j = i + 1; j < 4; j++)
			assert_int_not_equal(sim.side[0].sa[i].id, sim.side[0].sa[j].id);
	sim_run(40000);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
}

/* Control died and came back with another configuration, in which the numbers of the
 * policies mean something else. */
static void pair_that_the_configuration_does_not_make_is_not_adopted(void **state)
{
	(void)state;
	for (int what = 0; what < 5; what++) {
		sim_again();
		connect_all();
		struct side *x = &sim.side[0];
		struct sa_spec sa[SIM_MAX_SAS];
		size_t n = x->n_sa, kept = 0;

		memcpy(sa, x->sa, sizeof(sa));
		if (what == 1)
			x->p2[0].peers[0] = ipaddr_v4(A(203, 0, 113, 9));
		else if (what == 2)
			x->p2[0].sel.local = addr_match_v4(A(10, 77, 0, 0), 0xff);
		else if (what == 3)
			x->p2[0].local = ipaddr_v4(A(192, 0, 2, 77));
		else if (what == 4)
			x->p2[0].transforms[0].cipher = CIPHER_DES;
		for (size_t i = 0; i < n; i++)
			kept += what == 0 || sa[i].policy_id != 1;
		sim_restart(0, true);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(ike_adopt(x->ike, sim.now_ms, &sa[i]), 0);
		sim_drain(0);
		assert_int_equal(x->n_sa, kept);
		assert_int_equal(sim_pairs(0), kept / 2);
	}
}

static void adopted_pairs_are_ordered_by_age_however_they_come(void **state)
{
	struct sa_spec sa[4];
	struct ike_pair_info p;

	(void)state;
	connect_long_ago();
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 4);
	memcpy(sa, sim.side[0].sa, sizeof(sa));
	for (int backwards = 0; backwards < 2; backwards++) {
		sim_restart(0, true);
		for (int i = 0; i < 4; i++)
			assert_int_equal(ike_adopt(sim.side[0].ike, sim.now_ms,
						   &sa[backwards ? 3 - i : i]),
					 0);
		assert_true(ike_get_pair(sim.side[0].ike, 0, &p));
		assert_int_equal(p.pair_id, 2);
		assert_true(p.current);
		assert_true(ike_get_pair(sim.side[0].ike, 1, &p));
		assert_false(p.current);
	}
}

static void lost_forwarder_ends_every_pair_and_keeps_phase_one(void **state)
{
	(void)state;
	connect_all();
	sim_acquire(0, 2);
	sim_run(500);
	sim.side[0].n_sa = 0;
	ike_forwarder_lost(sim.side[0].ike, sim.now_ms);
	sim_run(500);
	assert_int_equal(sim_pairs(0) + sim_pairs(1), 0);
	assert_int_equal(sim.side[1].n_sa, 0);
	assert_int_equal(sim_state(0), IKE_QM_IDLE);
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
	assert_int_equal(sim.side[0].sent_main + sim.side[1].sent_main, 6);
}

/* In the middle of a quick mode the responder has an inbound SA and no pair. */
static void forwarder_lost_in_mid_exchange_leaves_nothing_behind(void **state)
{
	(void)state;
	sim_acquire(0, 1);
	for (int n = 0; n < 7; n++)
		assert_true(sim_deliver_one());
	sim_drain(1);
	assert_int_equal(sim.side[1].n_sa, 1);
	ike_forwarder_lost(sim.side[1].ike, sim.now_ms);
	sim_drain(1);
	assert_int_equal(sim.side[1].n_sa, 0);
	sim_run(100000);
	assert_int_equal(sim.side[1].n_sa % 2, 0);
}

/* ---- configuration ---- */

static void reconfiguration_touches_only_what_changed(void **state)
{
	(void)state;
	connect_all();
	sim_acquire(0, 2);
	sim_run(500);
	sim_configure(0); /* the same again */
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 4);
	sim.side[0].p2[0].life_sec = 1800; /* as in IOS: for the next SA */
	sim_configure(0);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 4);
	sim.side[0].p2[0].transforms[0].esp_auth = AUTH_HMAC_MD5_96;
	sim_configure(0);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(sim.side[1].n_sa, 2);
	assert_int_equal(sim.side[0].sa[0].policy_id, 2);
	sim_assert_twins();
	sim.side[0].cfg.n_p2 = 0;
	sim_configure(0);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa + sim.side[1].n_sa, 0);
	assert_int_equal(sim_state(0), IKE_QM_IDLE);
}

static void policy_that_changes_in_mid_exchange_makes_no_pair(void **state)
{
	(void)state;
	for (int n = 6; n < 9; n++)
		for (int s = 0; s < 2; s++) {
			sim_again();
			sim_acquire(0, 1);
			for (int i = 0; i < n; i++)
				assert_true(sim_deliver_one());
			sim.side[s].p2[0].transforms[0].cipher = CIPHER_DES;
			sim_configure(s);
			sim_run(100000);
			assert_int_equal(sim.side[s].n_sa, 0);
			assert_int_equal(sim_pairs(s), 0);
		}
}

static void disabling_ends_all_and_removed_keys_end_their_peer(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) {
		sim_again();
		connect_all();
		if (how)
			sim.side[0].cfg.enabled = false;
		else
			sim.side[0].cfg.n_psk = 0;
		sim_configure(0);
		sim_run(500);
		assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 0);
		assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
		if (how) {
			assert_int_equal(sim.side[0].n_sa, 0);
			sim_acquire(1, 1); /* and nobody is answered any more */
			sim_run(500);
			assert_int_equal(sim.side[0].n_sa, 0);
		}
	}
}

/* ---- informational ---- */

static struct ike_sa *sa_of(int s)
{
	return TAILQ_FIRST(&sim.side[s].ike->sas);
}

static void are_you_there_is_answered_by_the_same_number(void **state)
{
	struct ike_sa *sa;
	uint8_t cookies[16];

	(void)state;
	connect_all();
	ike_set_debug(sim.side[0].ike, IKE_DEBUG_ISAKMP);
	sa = sa_of(0);
	memcpy(cookies, sa->i_cookie, 8);
	memcpy(cookies + 8, sa->r_cookie, 8);
	sim.side[0].ike->now_ms = sim.now_ms;
	info_notify(sa, 1, span_of(cookies, 16), NT_R_U_THERE, span_of("\0\0\1\2", 4));
	sim_run(100);
	assert_int_equal(sim.side[1].sent_info, 1);
	assert_non_null(strstr(sim.side[0].debug, "processing NOTIFY R_U_THERE_ACK protocol 1"));
}

static void unknown_spi_is_reported_under_protection_only(void **state)
{
	const struct ipaddr peer = ipaddr_v4(A(192, 0, 2, 1));

	(void)state;
	ike_unknown_spi(sim.side[1].ike, sim.now_ms, &peer, PROTO_ESP, 0x1234);
	sim_drain(1);
	assert_int_equal(sim.side[1].sent_info, 0);
	connect_all();
	/* the peer has lost the pair and hears its packets: ours goes, too */
	ike_unknown_spi(sim.side[1].ike, sim.now_ms, &peer, PROTO_ESP, sim_sa(0, SA_OUT)->spi);
	sim_run(100);
	assert_int_equal(sim.side[0].n_sa, 0);
}

/* ---- NAT ---- */

/* Two interfaces with a crypto map each, one peer: what is agreed from one address
 * does not serve the other. */
static void policy_of_another_interface_gets_its_own_phase_one(void **state)
{
	struct ipaddr other = ipaddr_v4(A(192, 0, 2, 77));
	struct ike_sa_info info;
	unsigned main_mode;

	(void)state;
	connect_all();
	main_mode = sim.side[0].sent_main;
	sim.side[0].p2[2].local = other;
	sim.side[0].cfg.n_p2 = 3;
	sim_configure(0);
	sim_acquire(0, 3);
	sim_drain(0);
	assert_int_equal(sim.side[0].sent_main, main_mode + 1);
	assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &info));
	assert_true(ipaddr_equal(&info.local, &other));
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
}

static void behind_nat_all_moves_to_port_4500(void **state)
{
	struct ike_sa_info i;

	(void)state;
	sim_nat(10500, 14500);
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].sent_main + sim.side[1].sent_main, 6);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
	assert_true(sim_sa(0, SA_OUT)->udp_encap);
	assert_int_equal(sim_sa(0, SA_OUT)->udp_sport, 4500);
	assert_int_equal(sim_sa(1, SA_OUT)->udp_dport, 14500);
	assert_int_equal(sim_sa(1, SA_IN)->udp_sport, 14500);
	for (int s = 0; s < 2; s++) {
		assert_true(ike_get_sa(sim.side[s].ike, sim.now_ms, 0, &i));
		assert_true(i.nat);
		assert_int_equal(i.local_port, 4500);
	}
	sim_run(61000); /* only he who is behind it keeps it open */
	assert_int_equal(sim.side[0].keepalives, 3);
	assert_int_equal(sim.side[1].keepalives, 0);
	sim.side[0].cfg.nat_keepalive_sec = 5;
	sim_configure(0);
	sim_run(41000);
	assert_true(sim.side[0].keepalives >= 3 + 4 && sim.side[0].keepalives <= 3 + 9);
}

/* The one who is not behind the NAT can only reach the mapping of port 4500. */
static void phase_one_is_renewed_from_the_far_side_of_a_nat(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		sim.side[s].p1[0].life_sec = 600;
		sim_configure(s);
	}
	sim_nat(1024, 1025);
	sim_acquire(0, 1);
	sim_run(1000);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 1);
	sim_restart(0, true); /* so that he does not renew it first */
	sim_run(595000);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
	ike_expire(sim.side[1].ike, sim.now_ms, sim_sa(1, SA_OUT)->id, false, true);
	sim_run(1000);
	assert_int_equal(sim_pairs(1), 2);
}

static void without_nat_traversal_nothing_floats(void **state)
{
	(void)state;
	sim.side[0].cfg.nat_traversal = false;
	sim_configure(0);
	sim_nat(10500, 14500);
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim_state(0), IKE_QM_IDLE);
	assert_false(sim_sa(0, SA_OUT)->udp_encap);
}

static void port_that_moves_is_followed_by_authentic_messages_only(void **state)
{
	struct ike_sa_info i;

	(void)state;
	sim_nat(10500, 14500);
	sim_acquire(0, 1);
	sim_run(500);
	/* junk from the new port changes nothing */
	struct ike_path moved = { ipaddr_v4(A(192, 0, 2, 2)), ipaddr_v4(A(198, 51, 100, 1)), 4500, 20000 };
	uint8_t junk[28 + 64] = { 0 };
	memcpy(junk, sa_of(1)->i_cookie, 8);
	memcpy(junk + 8, sa_of(1)->r_cookie, 8);
	junk[16] = 8;
	junk[17] = 0x10;
	junk[18] = 32;
	junk[19] = 1;
	junk[23] = 9;
	junk[27] = sizeof(junk);
	sim_feed(1, &moved, junk, sizeof(junk));
	assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &i));
	assert_int_equal(i.remote_port, 14500);
	sim.nat_4500 = 20000;
	sim_acquire(0, 2);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 4);
	assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &i));
	assert_int_equal(i.remote_port, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(soft_expiry_makes_a_successor_while_the_old_pair_carries),
		SIM_TEST(successors_of_both_sides_at_once_do_no_harm),
		SIM_TEST(unused_pair_is_not_renewed),
		SIM_TEST(renewal_that_fails_is_tried_again_while_the_old_pair_lives),
		SIM_TEST(phase_one_is_renewed_and_pairs_survive_it),
		SIM_TEST(phase_one_without_pairs_ends_and_is_not_renewed),
		SIM_TEST(clear_deletes_at_both_ends),
		SIM_TEST(restarted_peer_sends_initial_contact_and_old_pairs_go),
		SIM_TEST(forgotten_isakmp_sa_is_found_out_and_begun_anew),
		SIM_TEST(adopted_pair_is_renewed_and_deleted_like_a_native_one),
		SIM_TEST(pair_that_the_configuration_does_not_make_is_not_adopted),
		SIM_TEST(adopted_pairs_are_ordered_by_age_however_they_come),
		SIM_TEST(lost_forwarder_ends_every_pair_and_keeps_phase_one),
		SIM_TEST(forwarder_lost_in_mid_exchange_leaves_nothing_behind),
		SIM_TEST(reconfiguration_touches_only_what_changed),
		SIM_TEST(policy_that_changes_in_mid_exchange_makes_no_pair),
		SIM_TEST(disabling_ends_all_and_removed_keys_end_their_peer),
		SIM_TEST(are_you_there_is_answered_by_the_same_number),
		SIM_TEST(unknown_spi_is_reported_under_protection_only),
		SIM_TEST(policy_of_another_interface_gets_its_own_phase_one),
		SIM_TEST(behind_nat_all_moves_to_port_4500),
		SIM_TEST(phase_one_is_renewed_from_the_far_side_of_a_nat),
		SIM_TEST(without_nat_traversal_nothing_floats),
		SIM_TEST(port_that_moves_is_followed_by_authentic_messages_only),
	};
	return cmocka_run_group_tests_name("ike_long", tests, NULL, NULL);
}
