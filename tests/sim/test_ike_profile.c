/* SPDX-License-Identifier: Apache-2.0 */
/* ISAKMP profiles and keyrings: who is chosen, whose key counts, who is refused. Side 0
 * begins, side 1 answers and has the profiles. */
#include "sim.h"

static const char rings[3][IOS_NAME_MAX] = { "ONE", "TWO", "THREE" };
static struct ike_profile profiles[2][3];
static struct psk_entry keys[2][6];

static struct psk_entry key(uint16_t ring, uint32_t addr, uint8_t len, const char *text)
{
	struct psk_entry e = { .addr = ipaddr_v4(addr), .mask_len = len, .keyring = ring };

	e.key_len = (uint8_t)strlen(text);
	memcpy(e.key, text, e.key_len);
	return e;
}

static struct psk_entry named(uint16_t ring, const char *host, const char *text)
{
	struct psk_entry e = key(ring, 0, 0, text);

	e.addr = (struct ipaddr){ 0 };
	snprintf(e.host, sizeof(e.host), "%s", host);
	return e;
}

static struct ike_profile *profile(int s, const char *name, uint8_t kind, const char *id)
{
	struct ike_profile *p = &profiles[s][sim.side[s].cfg.n_profiles++];

	*p = (struct ike_profile){ .n_matches = 1 };
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->matches[0].kind = kind;
	if (kind == MATCH_ADDRESS) {
		p->matches[0].addr = ipaddr_v4(A(192, 0, 2, 0));
		p->matches[0].mask_len = 24;
	} else {
		snprintf(p->matches[0].name, sizeof(p->matches[0].name), "%s", id);
	}
	sim.side[s].cfg.profiles = profiles[s];
	return p;
}

static void add(int s, struct psk_entry e)
{
	struct ike_config *c = &sim.side[s].cfg;

	c->psk = keys[s];
	c->keyrings = rings;
	c->n_keyrings = 3;
	keys[s][c->n_psk++] = e;
}

/* No keys, no profiles; side 0 says who it is by name. */
static void fresh(void)
{
	sim_again();
	for (int s = 0; s < 2; s++) {
		sim.side[s].cfg.n_psk = 0;
		sim.side[s].cfg.n_profiles = 0;
		sim.side[s].cfg.aggressive = true;
	}
	sim.side[0].cfg.identity = IDENTITY_HOSTNAME;
	snprintf(sim.side[0].cfg.hostname, IOS_NAME_MAX, "a.west.example");
}

static void wants(int s, const char *name)
{
	snprintf(sim.side[s].p2[0].profile, IOS_NAME_MAX, "%s", name);
}

static char said[2][16384]; /* all log lines since go() */

static void run(uint64_t ms)
{
	for (uint64_t end = sim.now_ms + ms; sim.now_ms < end;) {
		sim_run(20);
		for (int s = 0; s < 2; s++) {
			size_t n = strlen(said[s]);

			if (sim.side[s].log[0] && !strstr(said[s], sim.side[s].log))
				snprintf(said[s] + n, sizeof(said[s]) - n, "%s\n", sim.side[s].log);
		}
	}
}

static void go(void)
{
	memset(said, 0, sizeof(said));
	sim_configure(0);
	sim_configure(1);
	sim_acquire(0, 1);
	run(5000);
}

static void assert_up(const char *name0, const char *name1)
{
	struct ike_sa_info i;

	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
	assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
	assert_string_equal(i.profile, name0);
	assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &i));
	assert_string_equal(i.profile, name1);
}

static void assert_refused(int s, const char *why)
{
	assert_int_equal(sim.side[0].n_sa, 0);
	assert_int_equal(sim.side[1].n_sa, 0);
	if (!strstr(said[s], why))
		fail_msg("wanted \"%s\" in: %s", why, said[s]);
}

#define US_0 A(192, 0, 2, 1)
#define US_1 A(192, 0, 2, 2)

static void the_identity_chooses_the_profile(void **state)
{
	static const struct {
		uint8_t kind;
		const char *id;
		bool his;
	} rows[] = {
		{ MATCH_HOST, "a.west.example", true },	 { MATCH_HOST, "A.West.Example", true },
		{ MATCH_HOST, "b.west.example", false }, { MATCH_HOST, "a.west.exampl", false },
		{ MATCH_HOST_DOMAIN, "example", true },	 { MATCH_HOST_DOMAIN, "west.example", true },
		{ MATCH_HOST_DOMAIN, "st.example", false }, { MATCH_USER, "a.west.example", false },
		{ MATCH_ADDRESS, "", false },		 { MATCH_CERTIFICATE, "MAP", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fresh();
		add(0, key(0, US_1, 32, "secretkey"));
		add(1, key(0, US_0, 32, "secretkey"));
		profile(1, "P", rows[i].kind, rows[i].id);
		go();
		assert_up("", rows[i].his ? "P" : "");
	}
}

static void the_narrowest_statement_wins(void **state)
{
	(void)state;
	fresh();
	add(0, key(0, US_1, 32, "secretkey"));
	add(1, key(0, US_0, 32, "secretkey"));
	profile(1, "WIDE", MATCH_HOST_DOMAIN, "example");
	profile(1, "HOST", MATCH_HOST, "a.west.example");
	profile(1, "WEST", MATCH_HOST_DOMAIN, "west.example");
	go();
	assert_up("", "HOST");
}

static void the_most_specific_key_of_all_keyrings_is_used(void **state)
{
	(void)state;
	fresh();
	add(0, key(0, US_1, 32, "secretkey"));
	add(1, key(0, 0, 0, "wildcard"));
	add(1, key(1, A(192, 0, 0, 0), 16, "wide"));
	add(1, key(2, US_0, 32, "secretkey"));
	go();
	assert_up("", "");
}

/* The peer has proved that he knows a key, which is another profile's. */
static void a_key_of_another_keyring_is_refused_and_said(void **state)
{
	(void)state;
	fresh();
	add(0, key(0, US_1, 32, "secretkey"));
	add(1, key(1, US_0, 32, "secretkey"));
	add(1, key(2, A(192, 0, 2, 0), 24, "another"));
	struct ike_profile *p = profile(1, "P", MATCH_HOST, "a.west.example");
	p->n_keyrings = 1;
	p->keyrings[0] = 2;
	go();
	assert_refused(1, "the key of keyring ONE was used for its address, but its identity a.west.example "
			  "is of isakmp profile P, whose keyrings have another key for that address");
	/* the same without any key there */
	p->keyrings[0] = 3;
	sim_run(70000); /* the initiator gives up */
	go();
	assert_refused(1, "whose keyrings have no key for that address");
	/* and with its own */
	p->keyrings[0] = 1;
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(70000);
	sim_acquire(0, 1);
	sim_run(5000);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
}

/* A profile without a keyring is of the keys of `crypto isakmp key`. */
static void no_keyring_means_the_global_keys(void **state)
{
	(void)state;
	fresh();
	add(0, key(0, US_1, 32, "secretkey"));
	add(1, key(1, US_0, 32, "secretkey"));
	profile(1, "P", MATCH_HOST, "a.west.example");
	go();
	assert_refused(1, "the key of keyring ONE was used");
}

static void an_initiator_takes_the_keys_and_name_of_the_entry_s_profile(void **state)
{
	(void)state;
	fresh();
	add(0, key(0, US_1, 32, "wrong"));
	add(0, key(1, US_1, 32, "secretkey"));
	add(1, key(0, US_0, 32, "secretkey"));
	struct ike_profile *p = profile(0, "OUT", MATCH_ADDRESS, "");
	p->n_keyrings = 1;
	p->keyrings[0] = 1;
	p->id_kind = AG_USER_FQDN;
	snprintf(p->id, sizeof(p->id), "me@east.example");
	wants(0, "OUT");
	profile(1, "IN", MATCH_USER_DOMAIN, "east.example");
	go();
	assert_up("OUT", "IN");
	assert_int_equal(sim.side[0].sent_aggressive, 0);
}

static void an_initiator_sees_whether_the_peer_is_the_profile_s(void **state)
{
	(void)state;
	fresh();
	add(0, key(0, US_1, 32, "secretkey"));
	add(1, key(0, US_0, 32, "secretkey"));
	profile(0, "OUT", MATCH_HOST, "hub.example");
	wants(0, "OUT");
	go();
	assert_refused(0, "the peer's identity 192.0.2.2 matches no statement of isakmp profile OUT (to type "
			  "in it: match identity address 192.0.2.2)");
}

static void incomplete_and_missing_profiles_begin_nothing(void **state)
{
	(void)state;
	fresh();
	add(0, key(0, US_1, 32, "secretkey"));
	add(1, key(0, US_0, 32, "secretkey"));
	wants(0, "OUT");
	go();
	assert_non_null(strstr(sim.side[0].reason, "isakmp profile OUT does not exist"));
	profile(0, "OUT", MATCH_ADDRESS, "")->n_matches = 0;
	go();
	assert_non_null(strstr(sim.side[0].reason, "isakmp profile OUT has no match identity statement"));
	assert_int_equal(sim.side[0].sent_main, 0);
}

static void a_profile_may_ask_for_aggressive_mode(void **state)
{
	(void)state;
	fresh();
	add(0, key(1, US_1, 32, "secretkey"));
	add(1, named(2, "me.east.example", "secretkey"));
	struct ike_profile *p = profile(0, "OUT", MATCH_ADDRESS, "");
	p->n_keyrings = 1;
	p->keyrings[0] = 1;
	p->aggressive = true;
	p->id_kind = AG_FQDN;
	snprintf(p->id, sizeof(p->id), "me.east.example");
	wants(0, "OUT");
	p = profile(1, "IN", MATCH_HOST_DOMAIN, "example");
	p->n_keyrings = 1;
	p->keyrings[0] = 2;
	go();
	assert_up("OUT", "IN");
	assert_true(sim.side[0].sent_aggressive >= 2);
	assert_int_equal(sim.side[0].sent_main, 0);
	/* not against the router's word */
	sim.side[0].cfg.aggressive = false;
	sim_configure(0);
	ike_clear_isakmp(sim.side[0].ike, sim.now_ms, 0);
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, NULL, 0);
	sim_run(3000);
	sim.side[0].sent_aggressive = 0;
	sim_acquire(0, 1);
	sim_run(3000);
	assert_int_equal(sim.side[0].sent_aggressive, 0);
	assert_non_null(strstr(sim.side[0].reason, "aggressive mode is asked for and disabled"));
}

/* Whose hash would be answered is decided by the profile of the name that he says. */
static void aggressive_mode_finds_no_key_outside_the_profile(void **state)
{
	(void)state;
	fresh();
	add(0, key(0, US_1, 32, "secretkey"));
	add(1, named(2, "me.east.example", "secretkey"));
	struct ike_profile *p = profile(0, "OUT", MATCH_ADDRESS, "");
	p->aggressive = true;
	p->id_kind = AG_FQDN;
	snprintf(p->id, sizeof(p->id), "me.east.example");
	wants(0, "OUT");
	p = profile(1, "IN", MATCH_HOST, "me.east.example");
	p->n_keyrings = 1;
	p->keyrings[0] = 1;
	go();
	assert_refused(1, "no pre-shared key for its identity me.east.example in the keyrings of isakmp "
			  "profile IN");
	assert_int_equal(sim.side[1].sent_aggressive, 0);
}

/* What authenticates him is the key that was taken, not the one that the configuration has
 * by the time he says who he is. */
static void a_key_that_came_between_is_not_the_one_used(void **state)
{
	(void)state;
	for (int ag = 0; ag < 2; ag++) {
		fresh();
		add(0, key(0, US_1, 32, "secretkey"));
		add(1, named(1, "a.west.example", "secretkey"));
		add(1, key(1, US_0 & ~255u, 24, "secretkey"));
		struct ike_profile *p = profile(0, "OUT", MATCH_ADDRESS, "");
		p->aggressive = ag;
		p->id_kind = AG_FQDN;
		snprintf(p->id, sizeof(p->id), "a.west.example");
		wants(0, "OUT");
		p = profile(1, "WIDE", MATCH_HOST_DOMAIN, "example");
		p->n_keyrings = 1;
		p->keyrings[0] = 1;
		memset(said, 0, sizeof(said));
		sim_configure(0);
		sim_configure(1);
		sim_acquire(0, 1);
		for (unsigned i = 0; i < (ag ? 1 : 3); i++) {
			sim_drain(0);
			sim_drain(1);
			assert_true(sim_deliver_one());
		}
		sim_drain(1);
		assert_int_equal(ag ? sim.side[1].sent_aggressive : sim.side[1].sent_main, ag ? 1 : 2);
		add(1, named(2, "a.west.example", "another"));
		add(1, key(2, US_0, 32, "another"));
		p = profile(1, "HOST", MATCH_HOST, "a.west.example");
		p->n_keyrings = 1;
		p->keyrings[0] = 2;
		sim_configure(1);
		run(2000);
		assert_refused(1, "the key that was used for its address is another one by now");
		assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
	}
}

/* With pre-shared keys a certificate proves nothing; anybody may put one in. */
static bool any_certificate(void *ctx, struct span der, const char *map)
{
	(void)ctx;
	(void)der;
	(void)map;
	return true;
}

static void a_certificate_beside_a_pre_shared_key_says_nothing(void **state)
{
	static const uint8_t cert[] = { 0, 0, 0, 8, 4, 0x30, 1, 0 };

	(void)state;
	fresh();
	sim_env.match_cert = any_certificate;
	sim_restart(0, false);
	add(0, key(0, US_1, 32, "secretkey"));
	add(1, key(0, US_0, 32, "secretkey"));
	struct ike_profile *p = profile(0, "OUT", MATCH_CERTIFICATE, "MAP");
	p->aggressive = true;
	wants(0, "OUT");
	sim_configure(0);
	sim_configure(1);
	sim_acquire(0, 1);
	sim_drain(0);
	assert_true(sim_deliver_one());
	sim_drain(1);
	struct datagram *d = sim.wire[0]; /* the second message gets one payload more */
	size_t at = 28;
	while (d->b[at])
		at += (size_t)(d->b[at + 2] << 8 | d->b[at + 3]);
	d->b[at] = 6; /* CERT */
	memcpy(d->b + d->len, cert, sizeof(cert));
	d->len += sizeof(cert);
	d->b[26] = (uint8_t)(d->len >> 8);
	d->b[27] = (uint8_t)d->len;
	run(2000);
	sim_env.match_cert = NULL;
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 0);
	assert_refused(0, "matches no statement of isakmp profile OUT");
}

/* A key by name serves main mode where a profile says who the peer is. */
static void a_key_by_name_serves_who_is_known_by_name(void **state)
{
	(void)state;
	fresh();
	add(0, named(1, "hub.example", "secretkey"));
	add(1, key(0, US_0, 32, "secretkey"));
	struct ike_profile *p = profile(0, "OUT", MATCH_HOST, "hub.example");
	p->n_keyrings = 1;
	p->keyrings[0] = 1;
	wants(0, "OUT");
	sim.side[1].cfg.identity = IDENTITY_HOSTNAME;
	snprintf(sim.side[1].cfg.hostname, IOS_NAME_MAX, "hub.example");
	go();
	assert_up("OUT", "");
}

static void an_entry_wants_its_profile_in_quick_mode(void **state)
{
	(void)state;
	fresh();
	add(0, key(0, US_1, 32, "secretkey"));
	add(1, key(0, US_0, 32, "secretkey"));
	profile(1, "A", MATCH_HOST, "a.west.example");
	profile(1, "B", MATCH_HOST, "b.west.example");
	wants(1, "B");
	go();
	assert_int_equal(sim_state(1), IKE_QM_IDLE);
	assert_refused(1, "wants isakmp profile B and phase 1 is of profile A");
	wants(1, "A");
	sim_configure(1);
	sim_run(70000);
	sim_acquire(0, 1);
	sim_run(5000);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
}

static void a_profile_that_goes_takes_its_phase_1_along(void **state)
{
	(void)state;
	fresh();
	add(0, key(0, US_1, 32, "secretkey"));
	add(1, key(0, US_0, 32, "secretkey"));
	profile(1, "A", MATCH_HOST, "a.west.example");
	go();
	assert_up("", "A");
	sim.side[1].cfg.n_profiles = 0;
	sim_configure(1);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
}

/* The keys of a keyring hold where its local-address is ours. */
static void keyrings_hold_at_their_local_address(void **state)
{
	(void)state;
	fresh();
	add(0, key(0, US_1, 32, "secretkey"));
	struct psk_entry e = key(1, US_0, 32, "secretkey");
	e.local = ipaddr_v4(A(192, 0, 2, 77));
	add(1, e);
	go();
	assert_int_equal(sim.side[1].sent_main, 0);
	keys[1][0].local = ipaddr_v4(US_1);
	sim_configure(1);
	sim_run(20000); /* the initiator asks again */
	assert_int_equal(sim.side[0].n_sa, 2);
}

static void a_profile_asks_whether_its_peers_live(void **state)
{
	struct ike_sa_info i;

	(void)state;
	fresh();
	add(0, key(0, US_1, 32, "secretkey"));
	add(1, key(0, US_0, 32, "secretkey"));
	struct ike_profile *p = profile(1, "A", MATCH_HOST, "a.west.example");
	p->keepalive_sec = 10;
	p->keepalive_retry_sec = 2;
	sim.side[1].cfg.keepalive_periodic = true;
	go();
	assert_up("", "A");
	assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &i));
	assert_true(i.dpd);
	assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
	assert_false(i.dpd);
	sim.cut[0] = true;
	sim_run(40000);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
	assert_int_equal(sim.side[1].n_sa, 0);
}

/* What an unknown SPI makes us begin is no way around the entry's profile. */
static void recovery_begins_nothing_for_a_missing_profile(void **state)
{
	const struct ipaddr peer = ipaddr_v4(US_1);

	(void)state;
	for (int i = 0; i < 3; i++) {
		fresh();
		add(0, key(0, US_1, 32, "secretkey"));
		add(1, key(0, US_0, 32, "secretkey"));
		wants(0, "OUT");
		if (i == 1) /* there, and without a key for him */
			profile(0, "OUT", MATCH_ADDRESS, "")->keyrings[0] = 1;
		if (i == 1)
			profiles[0][0].n_keyrings = 1;
		if (i == 2)
			profile(0, "OUT", MATCH_ADDRESS, "");
		sim.side[0].cfg.invalid_spi_recovery = true;
		sim_configure(0);
		sim_configure(1);
		ike_unknown_spi(sim.side[0].ike, sim.now_ms, &peer, PROTO_ESP, 0x1234);
		sim_run(5000);
		assert_int_equal(sim.side[0].sent_main > 0, i == 2);
		assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), i == 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(the_identity_chooses_the_profile),
		SIM_TEST(the_narrowest_statement_wins),
		SIM_TEST(the_most_specific_key_of_all_keyrings_is_used),
		SIM_TEST(a_key_of_another_keyring_is_refused_and_said),
		SIM_TEST(no_keyring_means_the_global_keys),
		SIM_TEST(an_initiator_takes_the_keys_and_name_of_the_entry_s_profile),
		SIM_TEST(an_initiator_sees_whether_the_peer_is_the_profile_s),
		SIM_TEST(incomplete_and_missing_profiles_begin_nothing),
		SIM_TEST(a_profile_may_ask_for_aggressive_mode),
		SIM_TEST(aggressive_mode_finds_no_key_outside_the_profile),
		SIM_TEST(a_key_that_came_between_is_not_the_one_used),
		SIM_TEST(a_certificate_beside_a_pre_shared_key_says_nothing),
		SIM_TEST(a_key_by_name_serves_who_is_known_by_name),
		SIM_TEST(an_entry_wants_its_profile_in_quick_mode),
		SIM_TEST(a_profile_that_goes_takes_its_phase_1_along),
		SIM_TEST(keyrings_hold_at_their_local_address),
		SIM_TEST(a_profile_asks_whether_its_peers_live),
		SIM_TEST(recovery_begins_nothing_for_a_missing_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
