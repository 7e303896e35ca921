/* SPDX-License-Identifier: Apache-2.0 */
/* Aggressive mode: three messages, whose key is found by identity; loss, repeats and
 * collisions; and what a stranger can do with a responder that must answer his first
 * message with a proof. Side 0 begins in aggressive mode, both allow it. */
#include "sim.h"

#include "ike/codec.h"
#include "ike/keying.h"

#define STEPS 6 /* three of aggressive mode, three of quick mode */

static void allow(void)
{
	for (int s = 0; s < 2; s++)
		sim.side[s].cfg.aggressive = true;
	sim.side[0].cfg.n_ag = 1;
	sim_configure(0);
	sim_configure(1);
}

static void again(void)
{
	sim_again();
	allow();
}

static int setup(void **state)
{
	int err = sim_setup(state);

	allow();
	return err;
}

static void empty_wire(void)
{
	sim_drain(0);
	sim_drain(1);
	while (sim.n_wire)
		free(sim.wire[--sim.n_wire]);
}

/* The datagram that is on the wire alone, taken off. */
static struct datagram take(void)
{
	sim_drain(0);
	sim_drain(1);
	assert_int_equal(sim.n_wire, 1);
	struct datagram d = *sim.wire[0];
	free(sim.wire[--sim.n_wire]);
	return d;
}

/* A fresh pair, up to the point where that message is on the wire, taken off. */
static struct datagram at_step(unsigned step)
{
	again();
	sim_acquire(0, 1);
	for (unsigned n = 0; n < step; n++) {
		assert_true(sim_deliver_one());
		if (n != 2)
			continue;
		sim.now_ms += 50; /* the initiator waits a little before quick mode */
		ike_tick(sim.side[0].ike, sim.now_ms);
	}
	return take();
}

static void give(const struct datagram *d)
{
	sim_feed(d->to, &d->path, d->b, d->len);
}

static void assert_completes(const struct datagram *d)
{
	give(d);
	sim_run(4000);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
}

static void feed_unchanged(const struct datagram *d, const uint8_t *p, size_t n)
{
	char before[2][1024], after[1024];

	sim_snapshot(0, before[0], sizeof(before[0]));
	sim_snapshot(1, before[1], sizeof(before[1]));
	sim_feed(d->to, &d->path, p, n);
	empty_wire();
	for (int s = 0; s < 2; s++) {
		sim_snapshot(s, after, sizeof(after));
		assert_string_equal(before[s], after);
	}
}

/* Where the first payload of that type stands in a message in clear; 0: nowhere. */
static size_t payload_at(const struct datagram *d, uint8_t type)
{
	size_t at = 28;

	for (uint8_t next = d->b[16]; next; next = d->b[at], at += (size_t)d->b[at + 2] << 8 | d->b[at + 3])
		if (next == type)
			return at;
	return 0;
}

static void connect_and_check(void)
{
	sim_acquire(0, 1);
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
}

/* ---- the exchange ---- */

static void three_messages_authenticate_both(void **state)
{
	(void)state;
	ike_set_debug(sim.side[0].ike, IKE_DEBUG_ISAKMP);
	ike_set_debug(sim.side[1].ike, IKE_DEBUG_ISAKMP);
	sim_acquire(0, 1);
	sim_drain(0);
	assert_int_equal(sim_state(0), IKE_AG_INIT_EXCH);
	assert_true(sim_deliver_one());
	sim_drain(1);
	assert_int_equal(sim_state(1), IKE_AG_INIT_EXCH);
	assert_true(sim_deliver_one());
	assert_int_equal(sim_state(0), IKE_QM_IDLE);
	assert_int_equal(sim_state(1), IKE_AG_INIT_EXCH);
	sim_run(500);
	assert_int_equal(sim_state(1), IKE_QM_IDLE);
	assert_int_equal(sim.side[0].sent_aggressive, 2);
	assert_int_equal(sim.side[1].sent_aggressive, 1);
	assert_int_equal(sim.side[0].sent_main + sim.side[1].sent_main, 0);
	assert_int_equal(sim.side[0].sent_quick + sim.side[1].sent_quick, 3);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
	assert_non_null(strstr(sim.side[0].debug, "beginning Aggressive Mode exchange"));
	assert_non_null(strstr(sim.side[0].debug, "Old State = IKE_READY  New State = IKE_I_AM1"));
	assert_non_null(strstr(sim.side[0].debug, "Old State = IKE_I_AM1  New State = IKE_P1_COMPLETE"));
	assert_non_null(strstr(sim.side[0].debug, "(I) AG_INIT_EXCH"));
	assert_non_null(strstr(sim.side[1].debug, "Old State = IKE_READY  New State = IKE_R_AM2"));
	assert_non_null(strstr(sim.side[1].debug, "Old State = IKE_R_AM2  New State = IKE_P1_COMPLETE"));
}

static void the_deleted_one_is_shown_as_no_state(void **state)
{
	struct ike_sa_info i;

	(void)state;
	connect_and_check();
	ike_clear_isakmp(sim.side[0].ike, sim.now_ms, 0);
	assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
	assert_true(i.deleted);
	assert_int_equal(i.state, IKE_AG_NO_STATE);
}

/* Neither side is aware of aggressive mode unless told. */
static void disabled_responder_is_silent_and_says_what_to_type(void **state)
{
	struct ike_sa_info i;

	(void)state;
	sim.side[1].cfg.aggressive = false;
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(40000);
	assert_int_equal(sim.side[1].sent_bytes, 0);
	assert_false(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &i));
	assert_non_null(strstr(sim.side[1].log, "CRYPTO-5-IKMP_AG_MODE_DISABLED: Unable to initiate or "
						"respond to Aggressive Mode while disabled"));
	assert_non_null(strstr(sim.side[1].log, "192.0.2.1"));
	assert_non_null(strstr(sim.side[1].log, "no crypto isakmp aggressive-mode disable"));
	assert_int_equal(sim.side[0].failed, 1);
}

static void disabled_initiator_sends_nothing(void **state)
{
	struct ike_sa_info i;

	(void)state;
	sim.side[0].cfg.aggressive = false;
	sim_configure(0);
	sim_acquire(0, 1);
	sim_run(40000);
	assert_int_equal(sim.side[0].sent_bytes, 0);
	assert_int_equal(sim.side[0].failed, 1);
	assert_non_null(strstr(sim.side[0].reason, "no crypto isakmp aggressive-mode disable"));
	assert_non_null(strstr(sim.side[0].log, "IKMP_AG_MODE_DISABLED"));
	assert_false(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
}

static void peer_that_is_not_asked_for_gets_main_mode(void **state)
{
	(void)state;
	sim.side[0].cfg.n_ag = 0;
	sim_configure(0);
	connect_and_check();
	assert_int_equal(sim.side[0].sent_aggressive + sim.side[1].sent_aggressive, 0);
}

/* ---- identities and keys ---- */

static void set_key(struct psk_entry *e, const char *key, const char *host)
{
	e->key_len = (uint8_t)strlen(key);
	memcpy(e->key, key, e->key_len);
	snprintf(e->host, sizeof(e->host), "%s", host);
	if (host[0])
		e->addr = (struct ipaddr){ 0 };
}

static void set_password(const char *key)
{
	sim.side[0].ag[0].key_len = (uint8_t)strlen(key);
	memcpy(sim.side[0].ag[0].key, key, strlen(key));
}

static void key_is_found_by_the_name_in_the_first_message(void **state)
{
	static const struct {
		enum ag_id_kind kind;
		const char *sent, *host;
		bool good;
	} rows[] = {
		{ AG_FQDN, "spoke.example", "spoke.example", true },
		{ AG_FQDN, "Spoke.Example", "spoke.EXAMPLE", true },
		{ AG_USER_FQDN, "u@spoke.example", "u@spoke.example", true },
		{ AG_FQDN, "spoke.example", "spoke.exampl", false },
		{ AG_FQDN, "spoke.exampl", "spoke.example", false },
		{ AG_FQDN, "other.example", "spoke.example", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		again();
		sim.side[0].ag[0].id_kind = (uint8_t)rows[i].kind;
		snprintf(sim.side[0].ag[0].id, sizeof(sim.side[0].ag[0].id), "%s", rows[i].sent);
		set_password("by its name");
		set_key(&sim.side[1].psk[0], "by its name", rows[i].host);
		sim_configure(0);
		sim_configure(1);
		sim_acquire(0, 1);
		sim_run(1000);
		assert_int_equal(sim.side[0].n_sa, rows[i].good ? 2 : 0);
		assert_int_equal(sim.side[1].n_sa, rows[i].good ? 2 : 0);
		if (rows[i].good)
			continue;
		assert_int_equal(sim.side[1].sent_bytes, 0);
		assert_non_null(strstr(sim.side[1].log, "crypto isakmp key KEY hostname "));
		assert_non_null(strstr(sim.side[1].log, rows[i].sent));
	}
}

/* A name decides before an address does; an address in the ID decides nothing. */
static void name_goes_before_address(void **state)
{
	(void)state;
	set_password("by its name");
	set_key(&sim.side[1].psk[1], "by its name", "spoke.example");
	sim.side[1].cfg.n_psk = 2;
	sim_configure(0);
	sim_configure(1);
	connect_and_check();

	again();
	sim.side[0].ag[0] = (struct ag_peer){ .addr = sim.side[0].ag[0].addr, .id_kind = AG_IPV4,
					      .id_addr = ipaddr_v4(A(10, 9, 8, 7)) };
	sim_configure(0);
	connect_and_check();
}

static void hostile_names_reach_no_log(void **state)
{
	struct datagram d = at_step(0);
	size_t at = payload_at(&d, 5);

	(void)state;
	assert_true(at > 0);
	sim.side[1].cfg.n_psk = 0;
	sim_configure(1);
	memcpy(d.b + at + 8, "\x1b[2J\r\n%s%n\xff", 11);
	give(&d);
	sim_drain(1);
	assert_non_null(strstr(sim.side[1].log, ".[2J..%s%n."));
	for (const char *p = sim.side[1].log; *p; p++)
		assert_true(*p >= ' ' && *p < 0x7f);
}

static void wrong_key_is_named_and_makes_nothing(void **state)
{
	(void)state;
	set_key(&sim.side[1].psk[0], "anotherkey", "");
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(1000);
	assert_int_equal(sim_state(0), IKE_AG_INIT_EXCH);
	assert_int_equal(sim_state(1), IKE_AG_INIT_EXCH);
	assert_non_null(strstr(sim.side[0].log, "CRYPTO-4-IKMP_BAD_MESSAGE"));
	assert_non_null(strstr(sim.side[0].log, "the responder's hash is wrong: the pre-shared keys "
						"differ"));
	sim_run(40000);
	assert_int_equal(sim.side[0].n_sa + sim.side[1].n_sa, 0);
	assert_int_equal(sim.side[0].failed, 1);
	assert_non_null(strstr(sim.side[0].reason, "the pre-shared keys differ"));
	assert_int_equal(sim_count_sas(0, IKE_AG_INIT_EXCH) + sim_count_sas(1, IKE_AG_INIT_EXCH), 0);
}

static void sa_ends_when_the_key_of_its_name_is_removed(void **state)
{
	(void)state;
	set_password("by its name");
	set_key(&sim.side[1].psk[1], "by its name", "spoke.example");
	sim.side[1].cfg.n_psk = 2;
	sim.side[1].psk[0].addr = ipaddr_v4(A(203, 0, 113, 1));
	sim_configure(0);
	sim_configure(1);
	connect_and_check();
	sim_configure(1); /* the same: nothing happens */
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 1);
	sim.side[1].cfg.n_psk = 1;
	sim_configure(1);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
	sim_run(500);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 0);
}

/* ---- policies ---- */

static struct p1_policy suite(uint32_t priority, uint8_t hash, uint16_t group)
{
	return (struct p1_policy){ .priority = priority, .cipher = CIPHER_AES_CBC, .cipher_bits = 128,
				   .hash = hash, .auth = IKE_AUTH_PSK, .group = group,
				   .life_sec = 3600 };
}

static void only_policies_of_the_first_group_are_offered(void **state)
{
	struct ike_sa_info i;
	struct p1_policy ours[] = { suite(1, HASH_MD5, 5), suite(2, HASH_SHA1, 2),
				    suite(3, HASH_SHA256, 5) };

	(void)state;
	memcpy(sim.side[0].p1, ours, sizeof(ours));
	sim.side[0].cfg.n_p1 = 3;
	sim_configure(0);
	sim_acquire(0, 1);
	struct datagram d = take();
	assert_int_equal(d.b[28 + 4 + 8 + 7], 2); /* transforms in its proposal */
	ike_clear_isakmp(sim.side[0].ike, sim.now_ms, 0);
	for (int v = 0; v < 2; v++) {
		sim.side[1].p1[0] = suite(7, HASH_SHA1, 2);
		sim.side[1].p1[1] = suite(8, HASH_SHA256, 5);
		sim.side[1].cfg.n_p1 = v ? 2 : 1;
		sim_configure(1);
		sim_acquire(0, 1);
		sim_run(1000);
		assert_int_equal(sim.side[0].n_sa, v ? 2 : 0);
	}
	assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &i));
	assert_int_equal(i.agreed.priority, 8);
	assert_int_equal(i.agreed.group, 5);
	assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
	assert_int_equal(i.agreed.priority, 3);
}

static void group_that_differs_is_refused_by_name(void **state)
{
	(void)state;
	sim.side[1].p1[0].group = 5;
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(100);
	assert_non_null(strstr(sim.side[1].log, "Processing of Aggressive mode failed with peer at "
						"192.0.2.1: Diffie-Hellman group offered 2, policy 10 "
						"has 5 (to accept it: group 2)"));
	assert_int_equal(sim.side[0].failed, 1);
	assert_non_null(strstr(sim.side[0].reason, "NO_PROPOSAL_CHOSEN"));
	assert_int_equal(sim_count_sas(1, IKE_AG_INIT_EXCH), 0);
}

/* The offer names group 2; the public value has another length. */
static void public_value_of_another_group_is_refused(void **state)
{
	struct datagram d = at_step(0);
	size_t at = payload_at(&d, 4);
	uint8_t copy[4096];

	(void)state;
	memcpy(copy, d.b, at + 4 + 64);
	memcpy(copy + at + 4 + 64, d.b + at + 4 + 128, d.len - at - 4 - 128);
	copy[at + 3] = 4 + 64;
	copy[26] = (uint8_t)((d.len - 64) >> 8);
	copy[27] = (uint8_t)(d.len - 64);
	sim_feed(1, &d.path, copy, d.len - 64);
	sim_drain(1);
	assert_int_equal(sim_count_sas(1, IKE_AG_INIT_EXCH), 0);
	assert_non_null(strstr(sim.side[1].log, "its public value is not one of group 2"));
}

static void the_shorter_lifetime_holds(void **state)
{
	struct ike_sa_info i;

	(void)state;
	sim.side[0].p1[0].life_sec = 3600;
	sim_configure(0);
	connect_and_check();
	for (int s = 0; s < 2; s++) {
		assert_true(ike_get_sa(sim.side[s].ike, sim.now_ms, 0, &i));
		assert_int_equal(i.agreed.life_sec, 3600);
	}
}

static void renewal_is_in_aggressive_mode_again(void **state)
{
	(void)state;
	sim.side[0].p1[0].life_sec = sim.side[1].p1[0].life_sec = 60;
	sim_configure(0);
	sim_configure(1);
	connect_and_check();
	sim_run(300000);
	assert_true(sim.side[0].sent_aggressive >= 8);
	assert_true(sim_count_sas(0, IKE_QM_IDLE) >= 1);
	assert_int_equal(sim.side[0].sent_main, 0);
	assert_int_equal(sim.side[0].n_sa, 2);
	sim_assert_twins();
}

/* ---- a network that loses, repeats, reorders ---- */

static void loss_repeats_and_disorder_are_survived(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 150; seed++) {
		again();
		sim.rng = seed;
		sim.drop_percent = 30;
		sim.dup_percent = 20;
		sim.reorder = true;
		for (int n = 0; n < 6 && (sim.side[0].n_sa < 2 || sim.side[1].n_sa < 2); n++) {
			sim_acquire(0, 1);
			sim_run(40000);
		}
		sim.drop_percent = 0;
		sim_run(130000); /* what hangs is cleared away */
		assert_true(sim.side[0].n_sa >= 2);
		sim_assert_twins();
		assert_int_equal(sim_count_sas(0, IKE_AG_INIT_EXCH), 0);
		assert_int_equal(sim_count_sas(1, IKE_AG_INIT_EXCH), 0);
	}
}

static void each_lost_message_is_made_good(void **state)
{
	(void)state;
	for (unsigned step = 0; step < STEPS; step++) {
		(void)at_step(step); /* taken off, and so lost */
		sim_run(4000);
		assert_int_equal(sim.side[0].n_sa, 2);
		assert_int_equal(sim.side[1].n_sa, 2);
		sim_assert_twins();
	}
}

/* Only the initiator resends by the clock: a responder does not know yet whether
 * the address is true. That the last message is missing shows by the quick mode. */
static void responder_repeats_only_when_spoken_to(void **state)
{
	struct datagram third = at_step(2);

	(void)state;
	assert_int_equal(sim.side[1].sent_aggressive, 1);
	sim.cut[1] = true;
	sim_run(20000);
	assert_int_equal(sim.side[1].sent_aggressive, 1);
	give(&third);
	sim_drain(1);
	assert_int_equal(sim_state(1), IKE_QM_IDLE);
}

static void repeats_change_nothing(void **state)
{
	(void)state;
	for (unsigned step = 0; step < STEPS; step++) {
		struct datagram d = at_step(step);
		char before[1024], after[1024];

		assert_completes(&d);
		sim_snapshot(d.to, before, sizeof(before));
		for (int i = 0; i < 3; i++)
			give(&d);
		empty_wire();
		sim_snapshot(d.to, after, sizeof(after));
		assert_string_equal(before, after);
	}
}

/* The responder forgot the exchange (a restart) between the second and the third
 * message: the initiator, who believes it up, begins anew by himself. */
static void exchange_that_the_responder_forgot_ends(void **state)
{
	(void)at_step(2);
	(void)state;
	sim_restart(1, false);
	sim_run(35000);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 0);
	assert_int_equal(sim.side[0].failed, 1);
	connect_and_check();
}

static void replayed_first_message_makes_no_sa(void **state)
{
	struct datagram d = at_step(0);

	(void)state;
	assert_completes(&d);
	ike_clear_isakmp(sim.side[0].ike, sim.now_ms, 0);
	sim_run(200000);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
	size_t pairs = sim_pairs(1);
	give(&d); /* the answer has another nonce: the initiator, were he there, would know */
	sim_run(100000);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
	assert_int_equal(sim_count_sas(1, IKE_AG_INIT_EXCH), 0);
	assert_int_equal(sim_pairs(1), pairs);
}

/* ---- collisions ---- */

static void both_begin_at_once(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 40; seed++) {
		again();
		sim.rng = seed + 1;
		sim.reorder = seed % 2;
		sim.side[1].cfg.n_ag = seed / 2 % 2; /* the other one in main mode, or also */
		sim_configure(1);
		sim_acquire(0, 1);
		sim_acquire(1, 1);
		sim_run(5000);
		assert_true(sim.side[0].n_sa >= 2);
		sim_assert_twins();
		assert_true(sim_count_sas(0, IKE_QM_IDLE) >= 1);
		assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), sim_count_sas(1, IKE_QM_IDLE));
		sim_run(130000);
		assert_int_equal(sim_count_sas(0, IKE_AG_INIT_EXCH), 0);
		assert_int_equal(sim_count_sas(1, IKE_MM_NO_STATE), 0);
	}
}

/* chaos --seeds 234..234: each took the other's INITIAL-CONTACT, which crossed its own,
 * for a restart and ended what it had begun itself, so that no phase 1 was left of which
 * both ends knew. */
static void initial_contacts_that_cross_end_nothing(void **state)
{
	(void)state;
	sim.side[1].cfg.n_ag = 1;
	sim_configure(1);
	sim_acquire(0, 1);
	sim_acquire(1, 1);
	for (int step = 0; step < 3; step++) { /* both are equally far, and time passes */
		sim.now_ms += 40;
		sim_deliver_one();
		sim_deliver_one();
	}
	sim_run(5000);
	assert_int_equal(sim_count_sas(0, IKE_QM_IDLE), 2);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 2);
	assert_true(sim.side[0].n_sa >= 2);
	sim_assert_twins();
}

/* A message of the other mode under the cookies of an exchange is none of it. */
static void messages_of_the_other_mode_are_out_of_step(void **state)
{
	(void)state;
	for (unsigned step = 1; step < 3; step++) {
		struct datagram d = at_step(step);
		uint8_t copy[4096];

		memcpy(copy, d.b, d.len);
		copy[18] = 2;
		feed_unchanged(&d, copy, d.len);
		assert_completes(&d);
	}
}

static void initial_contact_clears_what_was_before(void **state)
{
	(void)state;
	connect_and_check();
	sim_run(20000);
	sim_restart(0, false);
	sim_acquire(0, 1);
	sim_run(1000);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(sim.side[1].n_sa, 2);
	sim_assert_twins();
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 1);
}

/* ---- NAT ---- */

static void nat_is_found_and_ports_float(void **state)
{
	struct ike_sa_info i;

	(void)state;
	for (int keep = 0; keep < 2; keep++) {
		again();
		sim_nat(keep ? 500 : 1024, keep ? 4500 : 1025);
		sim_acquire(0, 1);
		sim_run(1000);
		assert_int_equal(sim.side[0].n_sa, 2);
		sim_assert_twins();
		assert_true(sim.side[0].sa[0].udp_encap);
		for (int s = 0; s < 2; s++) {
			assert_true(ike_get_sa(sim.side[s].ike, sim.now_ms, 0, &i));
			assert_true(i.nat);
			assert_int_equal(i.local_port, 4500);
			assert_int_equal(i.remote_port, s == 0 || keep ? 4500 : 1025);
		}
		unsigned before = sim.side[1].keepalives;
		sim_run(65000);
		assert_true(sim.side[0].keepalives >= 3);
		assert_int_equal(sim.side[1].keepalives, before); /* he is not behind it */
	}
}

static void without_nat_no_port_floats(void **state)
{
	struct ike_sa_info i;

	(void)state;
	connect_and_check();
	assert_false(sim.side[0].sa[0].udp_encap);
	for (int s = 0; s < 2; s++) {
		assert_true(ike_get_sa(sim.side[s].ike, sim.now_ms, 0, &i));
		assert_false(i.nat);
		assert_int_equal(i.local_port, 500);
	}
}

/* Old peers know a draft only: the vendor ids are not under the hash, so that one
 * who lacks the others is easily made. Its NAT-D are payloads 130, or 15. */
static void nat_is_found_by_the_drafts_too(void **state)
{
	static const uint8_t vids[4][4] = { { 0x4a, 0x13, 0x1c, 0x81 },	 /* RFC 3947 */
					    { 0x7d, 0x94, 0x19, 0xa6 },	 /* draft 03 */
					    { 0x43, 0x9b, 0x59, 0xf8 },	 /* draft 07 */
					    { 0x90, 0xcb, 0x80, 0x91 } }; /* draft 02 */

	(void)state;
	for (size_t only = 1; only < 4; only++) {
		struct ike_sa_info i;

		again();
		sim_nat(1024, 1025);
		sim_acquire(0, 1);
		struct datagram d = take();
		for (size_t v = 0; v < 4; v++) {
			uint8_t *p = memmem(d.b, d.len, vids[v], 4);

			assert_non_null(p);
			if (v != only)
				memset(p, 0x11, 16);
		}
		give(&d);
		d = take();
		assert_int_not_equal(payload_at(&d, only == 2 ? 15 : 130), 0);
		assert_int_equal(payload_at(&d, 20), 0);
		give(&d);
		sim_run(1000);
		assert_int_equal(sim.side[0].n_sa, 2);
		sim_assert_twins();
		assert_true(sim.side[0].sa[0].udp_encap);
		for (int s = 0; s < 2; s++) {
			assert_true(ike_get_sa(sim.side[s].ike, sim.now_ms, 0, &i));
			assert_true(i.nat);
			assert_int_equal(i.local_port, 4500);
		}
	}
}

static void nat_with_loss_is_survived(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++) {
		again();
		sim_nat(1024, 1025);
		sim.rng = seed;
		sim.drop_percent = 30;
		sim.dup_percent = 10;
		for (int n = 0; n < 6 && (sim.side[0].n_sa < 2 || sim.side[1].n_sa < 2); n++) {
			sim_acquire(0, 1);
			sim_run(40000);
		}
		assert_true(sim.side[0].n_sa >= 2 && sim.side[1].n_sa >= 2);
		assert_true(sim.side[1].sa[0].udp_encap);
	}
}

/* ---- damage ---- */

static void every_truncation_of_every_message_changes_nothing(void **state)
{
	(void)state;
	for (unsigned step = 0; step < STEPS; step++) {
		struct datagram d = at_step(step);

		for (size_t n = 0; n < d.len; n++) {
			uint8_t copy[4096];

			memcpy(copy, d.b, n);
			feed_unchanged(&d, copy, n);
			if (n < 28)
				continue;
			copy[26] = (uint8_t)(n >> 8); /* the length made to agree */
			copy[27] = (uint8_t)n;
			feed_unchanged(&d, copy, n);
		}
		assert_completes(&d);
	}
}

/* What the hashes cover may be damaged anywhere and nothing is believed. In the
 * second message that is key, nonce and identity; in the third the first two
 * blocks, which hold the hash. */
static void damaged_proofs_are_not_believed(void **state)
{
	(void)state;
	for (unsigned step = 1; step < 3; step++) {
		struct datagram d = at_step(step);
		size_t from = step == 1 ? payload_at(&d, 4) : 28;
		size_t to = step == 1 ? payload_at(&d, 8) + 4 + 20 : 28 + 32;

		assert_true(from && to > from);
		for (unsigned i = 0; i < 400; i++) {
			uint8_t copy[4096];

			memcpy(copy, d.b, d.len);
			for (unsigned k = 0; k <= i % 3; k++)
				copy[from + sim_rnd() % (to - from)] ^= (uint8_t)(1 + sim_rnd() % 255);
			if (step == 1) /* of what type the payload behind the hash is, nobody proves */
				copy[payload_at(&d, 8)] = d.b[payload_at(&d, 8)];
			if (memcmp(copy, d.b, d.len) != 0)
				feed_unchanged(&d, copy, d.len);
		}
		assert_completes(&d);
	}
}

/* An answer with another cookie and no proof leaves no trace: the true one counts. */
static void forged_answer_leaves_no_trace(void **state)
{
	struct datagram d = at_step(1);
	uint8_t copy[4096];

	(void)state;
	for (int v = 0; v < 3; v++) {
		memcpy(copy, d.b, d.len);
		if (v != 1)
			copy[8] ^= 1;
		if (v)
			copy[payload_at(&d, 8) + 4] ^= 1;
		feed_unchanged(&d, copy, d.len);
	}
	assert_completes(&d);
}

static void damaged_messages_do_not_crash(void **state)
{
	(void)state;
	for (unsigned step = 0; step < 3; step++)
		for (unsigned i = 0; i < 120; i++) {
			struct datagram d = at_step(step);
			uint8_t copy[4096];

			sim.rng += i;
			memcpy(copy, d.b, d.len);
			for (unsigned k = 0; k <= i % 4; k++)
				copy[16 + sim_rnd() % (d.len - 16)] ^= (uint8_t)(1 + sim_rnd() % 255);
			sim_feed(d.to, &d.path, copy, d.len);
			give(&d);
			sim_run(4000);
			assert_true(sim.side[0].n_sa == 0 || sim.side[0].n_sa == 2);
		}
}

static void random_bytes_behind_true_cookies_change_nothing(void **state)
{
	(void)state;
	for (unsigned step = 1; step < STEPS; step++) {
		struct datagram d = at_step(step);

		for (unsigned i = 0; i < 500; i++) {
			uint8_t copy[400];
			size_t n = 28 + sim_rnd() % (sizeof(copy) - 28);

			for (size_t k = 0; k < n; k++)
				copy[k] = (uint8_t)sim_rnd();
			memcpy(copy, d.b, 16);
			copy[17] = 0x10;
			copy[18] = (uint8_t[]){ 2, 5, 4 }[i % 3];
			copy[19] = (uint8_t)(i / 3 % 2);
			copy[24] = copy[25] = 0;
			copy[26] = (uint8_t)(n >> 8);
			copy[27] = (uint8_t)n;
			feed_unchanged(&d, copy, n);
		}
		assert_completes(&d);
	}
}

static void degenerate_public_values_are_ignored(void **state)
{
	(void)state;
	for (unsigned step = 0; step < 2; step++)
		for (int v = 0; v < 3; v++) {
			struct datagram d = at_step(step);
			size_t at = payload_at(&d, 4) + 4;
			uint8_t copy[4096];

			memcpy(copy, d.b, d.len);
			memset(copy + at, v == 2 ? 0xff : 0, 128);
			copy[at + 127] = v == 1 ? 1 : copy[at + 127];
			feed_unchanged(&d, copy, d.len);
			assert_completes(&d);
		}
}

static void reflected_first_message_is_no_answer(void **state)
{
	(void)state;
	for (int cookie = 0; cookie < 3; cookie++) {
		struct datagram d = at_step(0);
		struct datagram back = d;
		uint8_t copy[4096];

		back.to = 0;
		back.path = (struct ike_path){ d.path.remote, d.path.local, 500, 500 };
		memcpy(copy, d.b, d.len);
		if (cookie == 1)
			memcpy(copy + 8, copy, 8);
		else if (cookie == 2)
			memset(copy + 8, 7, 8);
		feed_unchanged(&back, copy, d.len);
		assert_completes(&d);
	}
}

static void message_from_another_address_is_ignored(void **state)
{
	(void)state;
	for (unsigned step = 1; step < STEPS; step++) {
		struct datagram d = at_step(step), forged = d;

		forged.path.remote = ipaddr_v4(A(203, 0, 113, 9));
		feed_unchanged(&forged, d.b, d.len);
		assert_completes(&d);
	}
}

/* RFC 2409 section 5.4 lets an initiator send his hash in clear. */
static void last_message_may_come_in_clear(void **state)
{
	struct ike_crypto *c = ike_crypto_new();
	struct datagram first = at_step(0), second, third;
	uint8_t iv[16], buf[4096];

	(void)state;
	assert_non_null(c);
	give(&first);
	second = take();
	give(&second);
	third = take();
	assert_int_equal(third.b[19] & 1, 1);
	assert_int_equal(keying_iv1(c, HASH_SHA1,
				    (struct span){ first.b + payload_at(&first, 4) + 4, 128 },
				    (struct span){ second.b + payload_at(&second, 4) + 4, 128 }, 16, iv), 0);
	memcpy(buf, third.b, third.len);
	assert_int_equal(ike_cbc(c, cipher_info(CIPHER_AES_CBC, 256), sim.side[0].key, iv, buf + 28,
				 third.len - 28, false), 0);
	assert_int_equal(buf[16], 8);
	buf[28] = 0; /* the hash alone */
	buf[19] = 0;
	buf[27] = 28 + 24;
	buf[26] = 0;
	uint8_t wrong[64];
	memcpy(wrong, buf, 52);
	wrong[40] ^= 1;
	sim_feed(1, &third.path, wrong, 52);
	assert_int_equal(sim_state(1), IKE_AG_INIT_EXCH);
	/* what stands beside the hash in clear is anybody's: a lifetime of 100 s */
	static const uint8_t life[36] = { 0, 0, 0, 36, 0, 0, 0, 1, 1, 16, 0x60, 0x00,
					  [28] = 0x80, 11, 0, 1, 0x80, 12, 0, 100 };
	struct ike_sa_info info;
	buf[28] = 11;
	memcpy(buf + 52, life, sizeof(life));
	buf[27] = 52 + sizeof(life);
	sim_feed(1, &third.path, buf, 52 + sizeof(life));
	assert_int_equal(sim_state(1), IKE_QM_IDLE);
	assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &info));
	assert_int_equal(info.agreed.life_sec, 86400);
	ike_crypto_free(c);
}

/* ---- strangers ---- */

static void stranger_without_a_key_gets_nothing(void **state)
{
	struct datagram d = at_step(0);
	struct ike_sa_info info;

	(void)state;
	d.path.remote = ipaddr_v4(A(203, 0, 113, 9));
	give(&d);
	sim_drain(1);
	assert_int_equal(sim.side[1].sent_bytes, 0);
	assert_false(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &info));
}

/* The answer has a hash and NAT-D more than the request, and no more than these. */
static void answer_is_not_much_larger_than_the_request(void **state)
{
	(void)state;
	for (int natt = 0; natt < 2; natt++) {
		struct datagram d;
		const unsigned h = 20, proof = 4 + h, natd = 2 * (4 + h);

		again();
		sim.side[0].cfg.nat_traversal = natt;
		sim_configure(0);
		sim_acquire(0, 1);
		d = take();
		give(&d);
		sim_drain(1);
		assert_int_equal(sim.side[1].sent_aggressive, 1);
		assert_true(sim.side[1].sent_bytes <= d.len + proof + natd);
	}
}

static void repeats_of_a_stranger_are_answered_only_so_often(void **state)
{
	struct datagram d = at_step(0);

	(void)state;
	for (int i = 0; i < 1000; i++)
		give(&d);
	empty_wire();
	assert_true(sim.side[1].sent_aggressive <= 11);
}

static void answer_to_a_short_nonce_has_a_short_nonce(void **state)
{
	struct datagram d = at_step(0);
	size_t at = payload_at(&d, 10), cut = 12, rest = at + 4 + 20;
	uint8_t copy[4096];

	(void)state;
	memcpy(copy, d.b, rest - cut);
	memcpy(copy + rest - cut, d.b + rest, d.len - rest);
	assert_int_equal(d.b[at + 3], 4 + 20);
	copy[at + 3] = 4 + 8;
	copy[26] = (uint8_t)((d.len - cut) >> 8);
	copy[27] = (uint8_t)(d.len - cut);
	sim_feed(1, &d.path, copy, d.len - cut);
	d = take();
	assert_int_equal(d.b[payload_at(&d, 10) + 3], 4 + 8);
}

static void one_address_is_answered_five_times_a_second(void **state)
{
	struct datagram d = at_step(0);

	(void)state;
	for (unsigned i = 0; i < 2000; i++) { /* in two seconds */
		memcpy(d.b, &i, sizeof(i));
		sim.now_ms += 1;
		give(&d);
	}
	empty_wire();
	assert_true(sim.side[1].sent_aggressive >= 10);
	assert_true(sim.side[1].sent_aggressive <= 15);
}

/* 127 bytes of name and no more: it is kept as long as the exchange. */
static void overlong_identity_is_refused(void **state)
{
	(void)state;
	for (size_t len = 127; len <= 128; len++) {
		struct datagram d = at_step(0);
		size_t at = payload_at(&d, 5), old = d.b[at + 3], more = 8 + len - old;
		uint8_t copy[4096];

		memcpy(copy, d.b, at + 8);
		memset(copy + at + 8, 'n', len);
		memcpy(copy + at + 8 + len, d.b + at + old, d.len - at - old);
		copy[at + 3] = (uint8_t)(8 + len);
		copy[26] = (uint8_t)((d.len + more) >> 8);
		copy[27] = (uint8_t)(d.len + more);
		sim_feed(1, &d.path, copy, d.len + more);
		sim_drain(1);
		assert_int_equal(sim.side[1].sent_aggressive, len == 127);
		assert_int_equal(sim_count_sas(1, IKE_AG_INIT_EXCH), len == 127);
		empty_wire();
	}
}

/* Each answer costs exponentiations, whoever asks. */
static void work_for_strangers_is_bounded(void **state)
{
	struct datagram d = at_step(0);

	(void)state;
	sim.side[1].psk[0].mask_len = 0; /* anybody may come */
	sim_configure(1);
	for (unsigned i = 0; i < 3000; i++) { /* in three seconds */
		memcpy(d.b, &i, sizeof(i));
		d.path.remote = ipaddr_v4(A(203, 0, 113, 9) + (i % 2 ? i << 8 : 0));
		sim.now_ms += 1;
		give(&d);
	}
	empty_wire();
	assert_true(sim.side[1].sent_aggressive >= 60);
	assert_true(sim.side[1].sent_aggressive <= 80);
	sim_run(60000);
	assert_int_equal(sim_count_sas(1, IKE_AG_INIT_EXCH), 0);
}

static void half_open_exchanges_are_bounded(void **state)
{
	struct datagram d = at_step(0);

	(void)state;
	ike_clear_isakmp(sim.side[0].ike, sim.now_ms, 0);
	for (unsigned i = 0; i < 1000; i++) { /* with one address, one each 100 ms */
		memcpy(d.b, &i, sizeof(i));
		sim.now_ms += 100;
		give(&d);
		empty_wire();
		assert_true(sim_count_sas(1, IKE_AG_INIT_EXCH) <= 4);
	}
	assert_int_equal(sim_count_sas(1, IKE_AG_INIT_EXCH), 4);
	/* main mode and aggressive mode share the places; he himself still gets one */
	sim.side[0].cfg.n_ag = 0;
	sim_configure(0);
	connect_and_check();
}

static void flood_from_elsewhere_does_not_keep_a_peer_out(void **state)
{
	struct datagram d = at_step(0);

	(void)state;
	again();
	sim.side[1].psk[1] = sim.side[1].psk[0];
	sim.side[1].psk[1].mask_len = 0;
	sim.side[1].cfg.n_psk = 2;
	sim_configure(1);
	sim_acquire(0, 1);
	for (unsigned i = 0; i < 30000 && sim.side[0].n_sa < 2; i++) {
		memcpy(d.b, &i, sizeof(i));
		d.path.remote = ipaddr_v4(A(198, 18, 0, 1) + i * 257);
		give(&d);
		if (i % 100 == 99) /* 10,000 a second */
			sim_run(10);
	}
	sim_run(40000);
	assert_int_equal(sim.side[0].n_sa, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, sim_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(three_messages_authenticate_both),
		TEST(the_deleted_one_is_shown_as_no_state),
		TEST(disabled_responder_is_silent_and_says_what_to_type),
		TEST(disabled_initiator_sends_nothing),
		TEST(peer_that_is_not_asked_for_gets_main_mode),
		TEST(key_is_found_by_the_name_in_the_first_message),
		TEST(name_goes_before_address),
		TEST(hostile_names_reach_no_log),
		TEST(wrong_key_is_named_and_makes_nothing),
		TEST(sa_ends_when_the_key_of_its_name_is_removed),
		TEST(only_policies_of_the_first_group_are_offered),
		TEST(group_that_differs_is_refused_by_name),
		TEST(public_value_of_another_group_is_refused),
		TEST(the_shorter_lifetime_holds),
		TEST(renewal_is_in_aggressive_mode_again),
		TEST(loss_repeats_and_disorder_are_survived),
		TEST(each_lost_message_is_made_good),
		TEST(responder_repeats_only_when_spoken_to),
		TEST(repeats_change_nothing),
		TEST(exchange_that_the_responder_forgot_ends),
		TEST(replayed_first_message_makes_no_sa),
		TEST(both_begin_at_once),
		TEST(initial_contacts_that_cross_end_nothing),
		TEST(messages_of_the_other_mode_are_out_of_step),
		TEST(initial_contact_clears_what_was_before),
		TEST(nat_is_found_and_ports_float),
		TEST(without_nat_no_port_floats),
		TEST(nat_is_found_by_the_drafts_too),
		TEST(nat_with_loss_is_survived),
		TEST(every_truncation_of_every_message_changes_nothing),
		TEST(damaged_proofs_are_not_believed),
		TEST(forged_answer_leaves_no_trace),
		TEST(damaged_messages_do_not_crash),
		TEST(random_bytes_behind_true_cookies_change_nothing),
		TEST(degenerate_public_values_are_ignored),
		TEST(reflected_first_message_is_no_answer),
		TEST(message_from_another_address_is_ignored),
		TEST(last_message_may_come_in_clear),
		TEST(stranger_without_a_key_gets_nothing),
		TEST(answer_is_not_much_larger_than_the_request),
		TEST(repeats_of_a_stranger_are_answered_only_so_often),
		TEST(answer_to_a_short_nonce_has_a_short_nonce),
		TEST(one_address_is_answered_five_times_a_second),
		TEST(overlong_identity_is_refused),
		TEST(work_for_strangers_is_bounded),
		TEST(half_open_exchanges_are_bounded),
		TEST(flood_from_elsewhere_does_not_keep_a_peer_out),
	};
	return cmocka_run_group_tests_name("ike_aggressive", tests, NULL, NULL);
}
