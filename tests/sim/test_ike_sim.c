/* SPDX-License-Identifier: Apache-2.0 */
/* Two IKE cores agree, in every suite and over a bad wire, or say why not. */
#include "sim.h"

static void six_main_and_three_quick_datagrams_make_a_pair(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		sim_again();
		sim_acquire(s, 1);
		sim_run(500);
		assert_int_equal(sim.side[0].sent_main + sim.side[1].sent_main, 6);
		assert_int_equal(sim.side[0].sent_quick + sim.side[1].sent_quick, 3);
		assert_int_equal(sim.side[0].sent_info + sim.side[1].sent_info, 0);
		assert_int_equal(sim.side[0].n_sa, 2);
		sim_assert_twins();
		assert_int_equal(sim_state(0), IKE_QM_IDLE);
		assert_int_equal(sim_state(1), IKE_QM_IDLE);
		sim_acquire(!s, 2); /* the other may use the same ISAKMP SA */
		sim_run(500);
		assert_int_equal(sim.side[0].sent_main + sim.side[1].sent_main, 6);
		assert_int_equal(sim.side[0].n_sa, 4);
		sim_assert_twins();
	}
}

static void both_export_the_same_key(void **state)
{
	(void)state;
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].key_len, 32);
	assert_int_equal(sim.side[1].key_len, 32);
	assert_memory_equal(sim.side[0].key, sim.side[1].key, 32);
	assert_memory_equal(sim.side[0].key_cookie, sim.side[1].key_cookie, 8);
}

static void every_suite_agrees_on_keys(void **state)
{
	static const struct {
		enum cipher_id c;
		uint16_t bits;
	} ciphers[] = { { CIPHER_DES, 0 },	 { CIPHER_3DES, 0 },	  { CIPHER_AES_CBC, 128 },
			{ CIPHER_AES_CBC, 192 }, { CIPHER_AES_CBC, 256 } };
	static const uint16_t groups[] = { 1, 2, 5, 14, 15, 16 };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		for (size_t h = HASH_MD5; h <= HASH_SHA512; h++) {
			uint16_t g = groups[(i + h) % 6];

			sim_again();
			for (int s = 0; s < 2; s++) {
				struct side *x = &sim.side[s];

				x->p1[0].cipher = (uint8_t)ciphers[i].c;
				x->p1[0].cipher_bits = ciphers[i].bits;
				x->p1[0].hash = (uint8_t)h;
				x->p1[0].group = g;
				x->p2[0].transforms[0].cipher = (uint8_t)ciphers[i].c;
				x->p2[0].transforms[0].cipher_bits = ciphers[i].bits;
				x->p2[0].transforms[0].esp_auth = (uint8_t)h;
				x->p2[0].pfs_group = h % 2 ? g : 0;
				sim_configure(s);
			}
			sim_acquire(0, 1);
			sim_run(500);
			assert_int_equal(sim.side[0].n_sa, 2);
			sim_assert_twins();
		}
}

static void negotiation_survives_loss_repeats_and_reordering(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		sim_again();
		sim.rng = seed * 7919;
		sim.drop_percent = seed % 3 * 15;
		sim.dup_percent = seed % 5 * 20;
		sim.reorder = seed % 2;
		sim_acquire(0, 1);
		if (seed % 4 == 0)
			sim_acquire(1, 1);
		if (seed % 7 == 0)
			sim_acquire(0, 2);
		sim_run(200000);
		/* connected or cleanly failed; never a heap of SAs */
		if (sim.side[0].n_sa < 2 && sim.side[1].n_sa < 2)
			assert_true(sim.side[0].failed + sim.side[1].failed > 0);
		assert_true(sim.side[0].n_sa <= 12 && sim.side[1].n_sa <= 12);
		sim.drop_percent = sim.dup_percent = 0;
		sim_acquire(0, 1);
		sim_run(100000);
		assert_true(sim.side[0].n_sa >= 2);
	}
}

static void each_lost_message_is_sent_again(void **state)
{
	(void)state;
	for (unsigned lost = 0; lost < 9; lost++) {
		sim_again();
		sim_acquire(0, 1);
		for (unsigned n = 0; n < lost; n++)
			assert_true(sim_deliver_one());
		sim_drain(0);
		sim_drain(1);
		assert_int_equal(sim.n_wire, 1);
		free(sim.wire[--sim.n_wire]);
		sim_run(30000);
		assert_int_equal(sim.side[0].n_sa, 2);
		sim_assert_twins();
		assert_int_equal(sim.side[0].failed, 0);
	}
}

static void each_repeated_message_is_answered_by_the_same_bytes(void **state)
{
	(void)state;
	for (unsigned again = 0; again < 9; again++) {
		sim_again();
		sim_acquire(0, 1);
		for (unsigned n = 0; n < again; n++)
			assert_true(sim_deliver_one());
		sim_drain(0);
		sim_drain(1);
		assert_int_equal(sim.n_wire, 1);
		struct datagram d = *sim.wire[0];
		assert_true(sim_deliver_one());
		sim_drain(d.to);
		struct datagram first = { 0 };
		if (sim.n_wire)
			first = *sim.wire[sim.n_wire - 1];
		size_t before = sim.n_wire;
		sim_feed(d.to, &d.path, d.b, d.len);
		sim_drain(d.to);
		/* the last of an exchange (MM6, QM3) asks for nothing */
		assert_int_equal(sim.n_wire, again == 5 || again == 8 ? before : 2 * before);
		if (sim.n_wire > before)
			assert_memory_equal(sim.wire[sim.n_wire - 1]->b, first.b, first.len);
		sim_run(500);
		assert_int_equal(sim.side[0].n_sa, 2);
		sim_assert_twins();
	}
}

static void simultaneous_starts_end_connected(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++) {
		sim_again();
		sim.rng = seed;
		sim.reorder = seed % 2;
		sim_acquire(0, 1);
		sim_acquire(1, 1);
		sim_run(60000);
		assert_true(sim.side[0].n_sa >= 2 && sim.side[0].n_sa <= 4);
		sim_assert_twins();
		assert_int_equal(sim.side[0].failed + sim.side[1].failed, 0);
	}
}

/* More of them than exchanges that an ISAKMP SA keeps for repeats. */
static void many_lines_share_one_main_mode(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		sim.side[s].cfg.n_p2 = SIM_POLICIES;
		sim_configure(s);
	}
	for (uint32_t i = 1; i <= SIM_POLICIES; i++)
		sim_acquire(0, i);
	for (uint32_t i = 1; i <= SIM_POLICIES; i++)
		sim_acquire(0, i); /* a second packet changes nothing */
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 2 * SIM_POLICIES);
	sim_assert_twins();
	assert_int_equal(sim.side[0].sent_main + sim.side[1].sent_main, 6);
	assert_int_equal(sim.side[0].sent_quick + sim.side[1].sent_quick, 3 * SIM_POLICIES);
}

/* The peer installs what he receives on only when QM3 has reached him. */
static void outbound_sa_waits_until_the_peer_has_settled(void **state)
{
	(void)state;
	sim_acquire(0, 1);
	sim_run(49);
	assert_int_equal(sim.side[1].n_sa, 2);
	assert_int_equal(sim.side[0].n_sa, 1);
	assert_int_equal(sim.side[0].sa[0].dir, SA_IN);
	sim_run(2);
	assert_int_equal(sim.side[0].n_sa, 2);
}

static void wrong_key_stays_in_key_exchange_and_says_so(void **state)
{
	struct ike_sa_info i;

	(void)state;
	memcpy(sim.side[1].psk[0].key, "otherkey!", 9);
	sim_configure(1);
	ike_set_debug(sim.side[1].ike, IKE_DEBUG_ISAKMP);
	sim_acquire(0, 1);
	sim_run(3000);
	assert_non_null(strstr(sim.side[1].debug, "ISAKMP-ERROR: (1001):reserved not zero on ID payload!\n"));
	assert_int_equal(sim_state(0), IKE_MM_KEY_EXCH);
	assert_int_equal(sim_state(1), IKE_MM_KEY_EXCH);
	assert_non_null(strstr(sim.side[1].log, "CRYPTO-4-IKMP_BAD_MESSAGE"));
	assert_non_null(strstr(sim.side[1].log, "pre-shared keys differ"));
	sim_run(60000);
	assert_int_equal(sim.side[0].failed, 1);
	assert_non_null(strstr(sim.side[0].reason, "pre-shared keys differ"));
	assert_string_equal(ike_policy_story(sim.side[0].ike, 1), sim.side[0].reason);
	assert_int_equal(sim.side[0].n_sa + sim.side[1].n_sa, 0);
	assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
	assert_true(i.deleted);
	assert_int_equal(i.state, IKE_MM_NO_STATE);
	sim_run(60000); /* and is forgotten a minute later */
	assert_false(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
}

static void states_are_ioss_at_every_step(void **state)
{
	static const struct {
		enum ike_state i, r;
	} want[] = {
		{ IKE_MM_NO_STATE, IKE_MM_NO_STATE }, { IKE_MM_NO_STATE, IKE_MM_SA_SETUP },
		{ IKE_MM_SA_SETUP, IKE_MM_SA_SETUP }, { IKE_MM_SA_SETUP, IKE_MM_KEY_EXCH },
		{ IKE_MM_KEY_EXCH, IKE_MM_KEY_EXCH }, { IKE_MM_KEY_EXCH, IKE_QM_IDLE },
		{ IKE_QM_IDLE, IKE_QM_IDLE },
	};
	struct ike_sa_info i;

	(void)state;
	sim_acquire(0, 1);
	for (size_t n = 0; n < sizeof(want) / sizeof(want[0]); n++) {
		assert_int_equal(sim_state(0), want[n].i);
		assert_int_equal(sim_state(1), want[n].r);
		assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
		assert_int_equal(i.conn_id, n < 2 ? 0 : 1001);
		assert_true(i.initiator);
		assert_true(strlen(i.story) > 0);
		assert_true(sim_deliver_one());
	}
}

static void debug_speaks_ioss_words(void **state)
{
	static const char *const lines[] = {
		"ISAKMP: (0):beginning Main Mode exchange\n",
		"ISAKMP-PAK: (0):sending packet to 192.0.2.2 my_port 500 peer_port 500 (I) MM_NO_STATE\n",
		"ISAKMP: (0):Old State = IKE_I_MM1  New State = IKE_I_MM2 \n",
		"ISAKMP: (0):processing SA payload. message ID = 0\n",
		"ISAKMP: (0):vendor ID is NAT-T RFC 3947\n",
		"ISAKMP: (0):Checking ISAKMP transform 1 against priority 10 policy\n",
		"ISAKMP: (0):      encryption AES-CBC\n",
		"ISAKMP: (0):      keylength of 256\n",
		"ISAKMP: (0):      hash SHA\n",
		"ISAKMP: (0):      default group 2\n",
		"ISAKMP: (0):      auth pre-share\n",
		"ISAKMP: (0):atts are acceptable. Next payload is 0\n",
		"ISAKMP: (1001):Send initial contact\n",
		"ISAKMP: (1001):SA has been authenticated with 192.0.2.2\n",
		"ISAKMP: (1001):Old State = IKE_I_MM6  New State = IKE_P1_COMPLETE \n",
		"ISAKMP: (1001):beginning Quick Mode exchange, M-ID of ",
		"ISAKMP: (1001):transform 1, ESP_3DES\n",
		"ISAKMP: (1001):      encaps is 1 (Tunnel)\n",
		"ISAKMP: (1001):      SA life duration (basic) of 3600\n",
		"ISAKMP: (1001):      authenticator is HMAC-SHA\n",
		"ISAKMP: (1001):Old State = IKE_QM_IPSEC_INSTALL_AWAIT  New State = IKE_QM_PHASE2_COMPLETE\n",
		"IPSEC(create_sa): sa created",
	};

	(void)state;
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].debugs, 0); /* off costs nothing and says nothing */
	sim_again();
	ike_set_debug(sim.side[0].ike, IKE_DEBUG_ISAKMP | IKE_DEBUG_IPSEC);
	sim_acquire(0, 1);
	sim_run(500);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strstr(sim.side[0].debug, lines[i]))
			fail_msg("debug lacks: %s", lines[i]);
	assert_null(strstr(sim.side[0].debug, "secretkey"));
}

static void refusal_names_the_attribute_and_the_line_to_type(void **state)
{
	(void)state;
	sim.side[1].p1[0].group = 5;
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(3000);
	assert_non_null(strstr(sim.side[1].log, "Diffie-Hellman group offered 2, policy 10 has 5"));
	assert_non_null(strstr(sim.side[1].log, "(to accept it: group 2)"));
	assert_int_equal(sim.side[0].failed, 1);
	assert_non_null(strstr(sim.side[0].reason, "NO_PROPOSAL_CHOSEN"));
}

static void first_policy_of_the_responder_that_fits_wins(void **state)
{
	struct ike_sa_info i;

	(void)state;
	for (int s = 0; s < 2; s++) {
		struct side *x = &sim.side[s];

		x->p1[1] = x->p1[0];
		x->p1[s].cipher = CIPHER_3DES;
		x->p1[s].cipher_bits = 0;
		x->p1[1].priority = 20;
		x->cfg.n_p1 = 2;
		sim_configure(s);
	}
	sim_acquire(0, 1); /* offers 3des, aes; the responder prefers aes */
	sim_run(500);
	assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
	assert_int_equal(i.agreed.cipher, CIPHER_AES_CBC);
}

static void smaller_lifetime_of_the_two_is_used(void **state)
{
	static const struct {
		uint32_t i, r, i_kb, r_kb, kb;
	} rows[] = { { 3600, 1800, 4608000, 2560, 2560 },
		     { 1800, 3600, 2560, 4608000, 2560 },
		     { 120, 86400, 0, 4608000, 4608000 },
		     { 600, 600, 5000, 5000, 5000 } };

	(void)state;
	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		struct ike_sa_info info;
		uint32_t want = rows[n].i < rows[n].r ? rows[n].i : rows[n].r;

		sim_again();
		for (int s = 0; s < 2; s++) {
			sim.side[s].p1[0].life_sec = s ? rows[n].r : rows[n].i;
			sim.side[s].p2[0].life_sec = s ? rows[n].r : rows[n].i;
			sim.side[s].p2[0].life_kb = s ? rows[n].r_kb : rows[n].i_kb;
			sim_configure(s);
		}
		sim_acquire(0, 1);
		sim_run(500);
		for (int s = 0; s < 2; s++) {
			assert_int_equal(sim_sa(s, SA_IN)->life.hard_sec, want);
			assert_int_equal(sim_sa(s, SA_OUT)->life.hard_bytes,
					 (uint64_t)rows[n].kb * 1024);
			assert_true(ike_get_sa(sim.side[s].ike, sim.now_ms, 0, &info));
			assert_int_equal(info.agreed.life_sec, want);
		}
		/* the initiator renews first */
		assert_true(sim_sa(0, SA_OUT)->life.soft_sec < sim_sa(1, SA_OUT)->life.soft_sec);
		assert_int_equal(strstr(sim.side[1].log, "CRYPTO-6-IPSEC_LIFETIME") != NULL,
				 rows[n].i != rows[n].r);
	}
}

static void gre_between_the_endpoints_gets_transport_mode(void **state)
{
	(void)state;
	for (int hosts = 0; hosts < 2; hosts++) {
		sim_again();
		for (int s = 0; s < 2; s++) {
			struct p2_policy *p = &sim.side[s].p2[0];

			p->transforms[0].mode = MODE_TRANSPORT;
			p->sel.proto = 47;
			if (hosts) {
				p->sel.local = addr_match_v4(A(192, 0, 2, 1) + (uint32_t)s, 0);
				p->sel.remote = addr_match_v4(A(192, 0, 2, 2) - (uint32_t)s, 0);
			}
			sim_configure(s);
		}
		sim_acquire(0, 1);
		sim_run(500);
		sim_assert_twins();
		/* between networks only tunnel mode can serve, whatever the set prefers */
		assert_int_equal(sim_sa(0, SA_OUT)->mode, hosts ? MODE_TRANSPORT : MODE_TUNNEL);
		assert_int_equal(sim_sa(1, SA_OUT)->sel.proto, 47);
		assert_true(selector_equal(&sim_sa(0, SA_OUT)->sel, &sim.side[0].p2[0].sel));
	}
}

static void ports_travel_and_ranges_are_said_as_any_port(void **state)
{
	static const struct port_match rows[] = { { PORT_EQ, 80, 0 }, { PORT_RANGE, 80, 90 },
						  { PORT_GT, 1023, 0 } };

	(void)state;
	for (size_t n = 0; n < 3; n++) {
		sim_again();
		for (int s = 0; s < 2; s++) {
			struct p2_policy *p = &sim.side[s].p2[0];

			p->sel.proto = 6;
			*(s ? &p->sel.local_port : &p->sel.remote_port) = rows[n];
			sim_configure(s);
		}
		sim_acquire(0, 1);
		sim_run(500);
		assert_int_equal(sim.side[0].n_sa, 2);
		for (int s = 0; s < 2; s++) /* each side holds on to its own words */
			assert_true(selector_equal(&sim_sa(s, SA_OUT)->sel, &sim.side[s].p2[0].sel));
	}
}

static void part_of_a_line_may_be_asked_for(void **state)
{
	(void)state;
	sim.side[0].p2[0].sel.local = addr_match_v4(A(10, 1, 1, 128), 0x7f);
	sim_configure(0);
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[1].n_sa, 2);
	assert_true(selector_equal(&sim_sa(0, SA_OUT)->sel, &sim.side[0].p2[0].sel));
	struct selector mirror = selector_mirror(&sim.side[0].p2[0].sel);
	assert_true(selector_equal(&sim_sa(1, SA_OUT)->sel, &mirror));
	sim_again();
	sim.side[0].p2[0].sel.local = addr_match_v4(A(10, 1, 0, 0), 0xffff); /* but not more */
	sim_configure(0);
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 0);
	assert_int_equal(sim.side[0].failed, 1);
}

static void proxies_that_do_not_mirror_are_refused_with_both_sides_named(void **state)
{
	(void)state;
	sim.side[1].p2[0].sel.remote = addr_match_v4(A(10, 9, 9, 0), 0xff);
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(2000);
	assert_int_equal(sim.side[0].n_sa, 0);
	assert_non_null(strstr(sim.side[0].reason, "no mirror"));
	assert_non_null(strstr(sim.side[1].log,
			       "permit ip 10.2.2.0 0.0.0.255 10.1.1.0 0.0.0.255"));
}

static void sets_that_differ_are_refused_by_name(void **state)
{
	(void)state;
	sim.side[1].p2[0].transforms[0].esp_auth = AUTH_HMAC_MD5_96;
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(2000);
	assert_int_equal(sim.side[0].n_sa + sim.side[1].n_sa, 0);
	assert_int_equal(sim.side[0].failed, 1);
	assert_non_null(strstr(sim.side[1].log, "authenticator offered esp-sha-hmac, transform-set T "
						"has esp-md5-hmac"));
}

/* An informational message is sent once; here it is an answer, so that it is sent
 * again when the question is. */
static void refusal_that_was_lost_is_sent_again(void **state)
{
	(void)state;
	sim.side[1].p2[0].transforms[0].cipher = CIPHER_DES;
	sim_configure(1);
	sim_acquire(0, 1);
	for (unsigned n = 0; n < 7; n++)
		assert_true(sim_deliver_one());
	sim_drain(1);
	assert_int_equal(sim.n_wire, 1);
	free(sim.wire[--sim.n_wire]);
	sim_run(1500);
	assert_int_equal(sim.side[0].failed, 1);
	assert_non_null(strstr(sim.side[0].reason, "NO_PROPOSAL_CHOSEN"));
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 1);
}

static void what_cannot_be_negotiated_says_why_at_once(void **state)
{
	static const struct {
		const char *says;
	} rows[] = { { "no peer is set" },
		     { "no transform-set is set" },
		     { "none of its transform-sets" },
		     { "no crypto isakmp policy" },
		     { "crypto isakmp key KEY address 192.0.2.2" },
		     { "holes" },
		     { "is disabled" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct side *x = &sim.side[0];

		sim_again();
		if (i == 0)
			x->p2[0].n_peers = 0;
		else if (i == 1)
			x->p2[0].n_transforms = 0;
		else if (i == 2)
			x->p2[0].transforms[0].cipher_bits = 77;
		else if (i == 3)
			x->cfg.n_p1 = 0;
		else if (i == 4)
			x->cfg.n_psk = 0;
		else if (i == 5)
			x->p2[0].sel.local = addr_match_v4(A(10, 0, 0, 1), 0x00ff00);
		else
			x->cfg.enabled = false;
		sim_configure(0);
		sim_acquire(0, 1);
		sim_run(500);
		assert_int_equal(x->failed, 1);
		assert_non_null(strstr(x->reason, rows[i].says));
		assert_int_equal(x->n_sa, 0);
	}
}

static void next_peer_is_tried_when_one_is_silent(void **state)
{
	struct side *x = &sim.side[0];

	(void)state;
	x->p2[0].n_peers = 2;
	x->p2[0].peers[1] = x->p2[0].peers[0];
	x->p2[0].peers[0] = ipaddr_v4(A(192, 0, 2, 99));
	x->psk[1] = x->psk[0];
	x->psk[1].addr = x->p2[0].peers[0];
	x->cfg.n_psk = 2;
	sim_configure(0);
	sim_acquire(0, 1);
	sim_run(30000);
	assert_int_equal(x->n_sa, 0);
	sim_run(2000);
	assert_int_equal(x->n_sa, 2);
	assert_int_equal(x->failed, 0);
}

static void all_peers_silent_is_a_failure_with_a_sentence(void **state)
{
	struct side *x = &sim.side[0];

	(void)state;
	x->p2[0].n_peers = 2;
	x->p2[0].peers[1] = ipaddr_v4(A(192, 0, 2, 99));
	x->psk[1] = x->psk[0];
	x->psk[1].addr = x->p2[0].peers[1];
	x->cfg.n_psk = 2;
	sim_configure(0);
	sim.cut[1] = true;
	sim_acquire(0, 1);
	sim_run(120000);
	assert_int_equal(x->failed, 1);
	assert_non_null(strstr(x->reason, "does not answer"));
	assert_int_equal(x->sent_main, 10); /* the first and four more, to each */
	sim.cut[1] = false;
	sim_acquire(0, 1); /* and it may begin again at once */
	sim_run(1000);
	assert_int_equal(x->n_sa, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(six_main_and_three_quick_datagrams_make_a_pair),
		SIM_TEST(both_export_the_same_key),
		SIM_TEST(every_suite_agrees_on_keys),
		SIM_TEST(negotiation_survives_loss_repeats_and_reordering),
		SIM_TEST(each_lost_message_is_sent_again),
		SIM_TEST(each_repeated_message_is_answered_by_the_same_bytes),
		SIM_TEST(simultaneous_starts_end_connected),
		SIM_TEST(many_lines_share_one_main_mode),
		SIM_TEST(outbound_sa_waits_until_the_peer_has_settled),
		SIM_TEST(wrong_key_stays_in_key_exchange_and_says_so),
		SIM_TEST(states_are_ioss_at_every_step),
		SIM_TEST(debug_speaks_ioss_words),
		SIM_TEST(refusal_names_the_attribute_and_the_line_to_type),
		SIM_TEST(first_policy_of_the_responder_that_fits_wins),
		SIM_TEST(smaller_lifetime_of_the_two_is_used),
		SIM_TEST(gre_between_the_endpoints_gets_transport_mode),
		SIM_TEST(ports_travel_and_ranges_are_said_as_any_port),
		SIM_TEST(part_of_a_line_may_be_asked_for),
		SIM_TEST(proxies_that_do_not_mirror_are_refused_with_both_sides_named),
		SIM_TEST(sets_that_differ_are_refused_by_name),
		SIM_TEST(refusal_that_was_lost_is_sent_again),
		SIM_TEST(what_cannot_be_negotiated_says_why_at_once),
		SIM_TEST(next_peer_is_tried_when_one_is_silent),
		SIM_TEST(all_peers_silent_is_a_failure_with_a_sentence),
	};
	return cmocka_run_group_tests_name("ike_sim", tests, NULL, NULL);
}
