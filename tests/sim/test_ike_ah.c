/* SPDX-License-Identifier: Apache-2.0 */
/* AH, and AH with ESP, between two cores: both SPIs and both keys on either side, renewal,
 * deletion by either protocol, adoption, and the NAT that AH cannot cross. */
#include "sim.h"

static void both_have(enum auth_id ah, enum cipher_id cipher, enum ipsec_mode mode)
{
	for (int s = 0; s < 2; s++) {
		struct p2_transform *t = &sim.side[s].p2[0].transforms[0];

		t->ah_auth = (uint8_t)ah;
		t->cipher = (uint8_t)cipher;
		t->cipher_bits = 0;
		t->esp_auth = cipher == CIPHER_UNSET ? AUTH_NONE : AUTH_HMAC_SHA1_96;
		t->mode = (uint8_t)mode;
		sim_configure(s);
	}
}

static void come_up(int s)
{
	sim_acquire(s, 1);
	sim_run(2000);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sim.side[i].n_sa, 2);
		assert_int_equal(sim_pairs(i), 1);
		assert_int_equal(sim.side[i].failed, 0);
	}
	sim_assert_twins();
}

/* sim_assert_twins() has compared the ESP, or the AH that is alone. */
static void assert_ah_twins(void)
{
	for (int s = 0; s < 2; s++) {
		const struct sa_spec *out = sim_sa(s, SA_OUT), *in = sim_sa(!s, SA_IN);

		assert_true(out->ah.spi > 255);
		assert_int_equal(out->ah.spi, in->ah.spi);
		assert_true(out->ah.spi != out->spi);
		assert_int_equal(out->ah.auth, in->ah.auth);
		assert_int_equal(out->ah.key.len, in->ah.key.len);
		assert_memory_equal(out->ah.key.b, in->ah.key.b, out->ah.key.len);
		assert_memory_not_equal(out->ah.key.b, out->auth_key.b, out->auth_key.len);
	}
	assert_memory_not_equal(sim_sa(0, SA_OUT)->ah.key.b, sim_sa(0, SA_IN)->ah.key.b, 20);
}

static void ah_alone_comes_up_from_either_side(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++)
		for (uint8_t a = AUTH_HMAC_MD5_96; a <= AUTH_HMAC_SHA512_256; a++) {
			sim_again();
			both_have(a, CIPHER_UNSET, MODE_TUNNEL);
			come_up(s);
			const struct sa_spec *out = sim_sa(0, SA_OUT);
			assert_int_equal(out->proto, PROTO_AH);
			assert_int_equal(out->auth, a);
			assert_int_equal(out->cipher, CIPHER_UNSET);
			assert_int_equal(out->enc_key.len, 0);
			assert_true(out->auth_key.len >= 16 && !out->ah.spi);
		}
}

static void a_bundle_has_two_spis_and_keys_each_way(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		sim_again();
		both_have(AUTH_HMAC_SHA1_96, CIPHER_3DES, MODE_TUNNEL);
		come_up(s);
		assert_int_equal(sim_sa(0, SA_OUT)->proto, PROTO_ESP);
		assert_ah_twins();
	}
}

static void a_bundle_with_pfs_and_several_sets(void **state)
{
	(void)state;
	both_have(AUTH_HMAC_SHA512_256, CIPHER_3DES, MODE_TUNNEL);
	for (int s = 0; s < 2; s++) {
		struct p2_policy *p = &sim.side[s].p2[0];
		struct p2_transform bundle = p->transforms[0], plain = bundle, alone = bundle;

		plain.ah_auth = AUTH_NONE;
		alone.cipher = CIPHER_UNSET;
		alone.esp_auth = AUTH_NONE;
		p->pfs_group = 2;
		p->n_transforms = s ? 1 : 3; /* the initiator offers all, the responder has one */
		p->transforms[0] = s ? bundle : plain;
		p->transforms[1] = alone;
		p->transforms[2] = bundle;
		sim_configure(s);
	}
	come_up(0);
	assert_ah_twins();
}

static void deleting_either_protocol_takes_both(void **state)
{
	(void)state;
	both_have(AUTH_HMAC_SHA1_96, CIPHER_3DES, MODE_TUNNEL);
	come_up(0);
	unsigned info = sim.side[0].sent_info;
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, NULL, 0);
	sim_drain(0);
	assert_int_equal(sim.side[0].sent_info, info + 2); /* one for each protocol */
	/* the first does not arrive: that of AH is enough */
	free(sim.wire[0]);
	memmove(sim.wire, sim.wire + 1, --sim.n_wire * sizeof(sim.wire[0]));
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 0);
	assert_int_equal(sim.side[1].n_sa, 0);
	assert_int_equal(sim_pairs(1), 0);
	/* and that of ESP, too */
	come_up(1);
	ike_clear_ipsec(sim.side[1].ike, sim.now_ms, NULL, NULL, sim_sa(1, SA_IN)->ah.spi);
	sim_drain(1);
	free(sim.wire[--sim.n_wire]);
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 0);
	assert_int_equal(sim.side[1].n_sa, 0);
}

static void ah_alone_is_deleted_as_ah(void **state)
{
	(void)state;
	both_have(AUTH_HMAC_SHA1_96, CIPHER_UNSET, MODE_TUNNEL);
	come_up(0);
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, NULL, 0);
	sim_run(1000);
	assert_int_equal(sim.side[1].n_sa, 0);
}

static void a_bundle_is_renewed(void **state)
{
	(void)state;
	both_have(AUTH_HMAC_SHA1_96, CIPHER_3DES, MODE_TUNNEL);
	come_up(0);
	uint32_t was = sim_sa(0, SA_OUT)->ah.spi;
	ike_expire(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_OUT)->id, false, true);
	sim_run(120000); /* the old one has retired at both */
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
	assert_ah_twins();
	assert_true(sim_sa(0, SA_OUT)->ah.spi != was);
}

static void a_new_control_takes_bundles_over(void **state)
{
	struct sa_spec wrong;

	(void)state;
	both_have(AUTH_HMAC_SHA1_96, CIPHER_3DES, MODE_TUNNEL);
	come_up(0);
	sim_restart(0, true);
	for (size_t i = 0; i < 2; i++) /* as the forwarder dumps them: without keys */
		assert_int_equal(ike_adopt(sim.side[0].ike, sim.now_ms, &sim.side[0].sa[i]), 0);
	sim_drain(0);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(sim_pairs(0), 1);
	/* but not where the set has ESP alone now */
	sim_restart(0, true);
	sim.side[0].p2[0].transforms[0].ah_auth = AUTH_NONE;
	sim_configure(0);
	wrong = *sim_sa(0, SA_OUT);
	assert_int_equal(ike_adopt(sim.side[0].ike, sim.now_ms, &wrong), 0);
	sim_drain(0);
	assert_int_equal(sim.side[0].n_sa, 1);
	assert_int_equal(sim_pairs(0), 0);
}

static void one_side_without_ah_says_which_protocols_differ(void **state)
{
	(void)state;
	both_have(AUTH_HMAC_SHA1_96, CIPHER_3DES, MODE_TUNNEL);
	sim.side[1].p2[0].transforms[0].ah_auth = AUTH_NONE;
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(3000);
	assert_int_equal(sim.side[0].failed, 1);
	assert_non_null(strstr(sim.side[0].reason, "NO_PROPOSAL_CHOSEN"));
	assert_non_null(strstr(sim.side[0].reason, "ah-sha-hmac esp-3des esp-sha-hmac"));
	assert_non_null(strstr(sim.side[1].log, "a bundle of AH and ESP offered, transform-set"));
	assert_non_null(strstr(sim.side[1].log, "is ESP alone"));
	assert_int_equal(sim.side[1].n_sa, 0);
}

static void behind_a_nat_ah_is_refused_by_name(void **state)
{
	(void)state;
	both_have(AUTH_HMAC_SHA1_96, CIPHER_3DES, MODE_TUNNEL);
	sim_nat(1024, 1025);
	sim_acquire(0, 1);
	sim_run(3000);
	assert_int_equal(sim.side[0].failed, 1);
	assert_non_null(strstr(sim.side[0].reason, "AH cannot cross the NAT"));
	assert_int_equal(sim.side[0].n_sa + sim.side[1].n_sa, 0);
	/* a second set with ESP alone is offered in its place */
	sim_again();
	both_have(AUTH_HMAC_SHA1_96, CIPHER_3DES, MODE_TUNNEL);
	for (int s = 0; s < 2; s++) {
		struct p2_policy *p = &sim.side[s].p2[0];

		p->transforms[1] = p->transforms[0];
		p->transforms[1].ah_auth = AUTH_NONE;
		p->n_transforms = 2;
		sim_configure(s);
	}
	sim_nat(1024, 1025);
	sim_acquire(0, 1);
	sim_run(3000);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_true(sim_sa(0, SA_OUT)->udp_encap && !sim_sa(0, SA_OUT)->ah.spi);
}

/* Nobody looks for it, or what was to find it was damaged on its way (it is not authenticated): the port of the peer, which is
 * none that IKE is sent from, says it to whoever is on the other side. */
static void a_nat_that_nobody_found_is_seen_by_its_port(void **state)
{
	(void)state;
	for (int off = 0; off < 3; off++) { /* side 0, side 1, both */
		sim_again();
		both_have(AUTH_HMAC_SHA1_96, CIPHER_3DES, MODE_TUNNEL);
		sim.side[0].cfg.nat_traversal = off == 1;
		sim.side[1].cfg.nat_traversal = off == 0;
		sim_configure(0);
		sim_configure(1);
		sim_nat(1024, 1025);
		sim_acquire(0, 1);
		sim_run(3000);
		assert_int_equal(sim.side[0].n_sa + sim.side[1].n_sa, 0);
		assert_non_null(strstr(sim.side[1].log, "AH cannot cross the NAT that the peer's port speaks of"));
	}
	/* without a NAT nothing is missing */
	sim_again();
	both_have(AUTH_HMAC_SHA1_96, CIPHER_3DES, MODE_TUNNEL);
	sim.side[0].cfg.nat_traversal = sim.side[1].cfg.nat_traversal = false;
	sim_configure(0);
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(3000);
	assert_true(sim_sa(0, SA_OUT)->ah.spi);
}

static void an_unknown_ah_is_told_as_ah(void **state)
{
	struct ipaddr peer = ipaddr_v4(A(192, 0, 2, 1));

	(void)state;
	both_have(AUTH_HMAC_SHA1_96, CIPHER_3DES, MODE_TUNNEL);
	come_up(0);
	/* side 1 has lost it and still gets it: side 0 must hear of its own AH's SPI */
	ike_unknown_spi(sim.side[1].ike, sim.now_ms, &peer, PROTO_AH, sim_sa(0, SA_OUT)->ah.spi);
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(ah_alone_comes_up_from_either_side),
		SIM_TEST(a_bundle_has_two_spis_and_keys_each_way),
		SIM_TEST(a_bundle_with_pfs_and_several_sets),
		SIM_TEST(deleting_either_protocol_takes_both),
		SIM_TEST(ah_alone_is_deleted_as_ah),
		SIM_TEST(a_bundle_is_renewed),
		SIM_TEST(a_new_control_takes_bundles_over),
		SIM_TEST(one_side_without_ah_says_which_protocols_differ),
		SIM_TEST(behind_a_nat_ah_is_refused_by_name),
		SIM_TEST(a_nat_that_nobody_found_is_seen_by_its_port),
		SIM_TEST(an_unknown_ah_is_told_as_ah),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
