/* SPDX-License-Identifier: Apache-2.0 */
/* Strangers, forgers, damaged messages and floods: no crash, no change, no
 * memory, no amplification. Built for the sanitizers. */
#include "sim.h"

#define STEPS 9 /* six of main mode, three of quick mode */

/* Brings a fresh pair to the point where the given message is on the wire; it is
 * taken off and returned. */
static struct datagram at_step(unsigned step)
{
	sim_again();
	sim_acquire(0, 1);
	for (unsigned n = 0; n < step; n++)
		assert_true(sim_deliver_one());
	sim_drain(0);
	sim_drain(1);
	assert_int_equal(sim.n_wire, 1);
	struct datagram d = *sim.wire[0];
	free(sim.wire[0]);
	sim.n_wire = 0;
	return d;
}

static void empty_wire(void)
{
	sim_drain(0);
	sim_drain(1);
	while (sim.n_wire)
		free(sim.wire[--sim.n_wire]);
}

/* The true message still leads to the end. */
static void assert_completes(const struct datagram *d)
{
	sim_feed(d->to, &d->path, d->b, d->len);
	sim_run(500);
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

/* Once there is a hash: whatever it covers may be damaged anywhere. IKEv1
 * authenticates neither the header's flags nor what follows the last payload, nor
 * the notify in MM5. */
static void damaged_protected_messages_change_nothing(void **state)
{
	(void)state;
	for (unsigned step = 4; step < STEPS; step++) {
		struct datagram d = at_step(step);
		size_t reach = step < 6 ? 32 : d.len - 28 - 16;

		for (unsigned i = 0; i < 1000; i++) {
			uint8_t copy[4096];

			memcpy(copy, d.b, d.len);
			for (unsigned k = 0; k <= i % 3; k++)
				copy[28 + sim_rnd() % reach] ^= (uint8_t)(1 + sim_rnd() % 255);
			if (memcmp(copy, d.b, d.len) != 0)
				feed_unchanged(&d, copy, d.len);
		}
		assert_completes(&d);
	}
}

/* In clear a damaged message can be another valid one, which nobody could tell;
 * but nothing crashes, and nothing is ever made with a peer who has not the key. */
static void damaged_clear_messages_do_not_crash(void **state)
{
	(void)state;
	for (unsigned step = 0; step < 4; step++)
		for (unsigned i = 0; i < 120; i++) {
			struct datagram d = at_step(step);
			uint8_t copy[4096];

			sim.rng += i;
			memcpy(copy, d.b, d.len);
			for (unsigned k = 0; k <= i % 4; k++)
				copy[16 + sim_rnd() % (d.len - 16)] ^= (uint8_t)(1 + sim_rnd() % 255);
			sim_feed(d.to, &d.path, copy, d.len);
			sim_feed(d.to, &d.path, d.b, d.len);
			sim_run(2000);
			assert_true(sim.side[0].n_sa == 0 || sim.side[0].n_sa == 2);
		}
}

static void random_bytes_behind_true_cookies_change_nothing(void **state)
{
	(void)state;
	for (unsigned step = 0; step <= STEPS; step++) {
		struct datagram d = at_step(step < STEPS ? step : STEPS - 1);

		if (step == STEPS)
			assert_completes(&d);
		for (unsigned i = 0; i < 500; i++) {
			uint8_t copy[400];
			size_t n = 28 + sim_rnd() % (sizeof(copy) - 28);

			for (size_t k = 0; k < n; k++)
				copy[k] = (uint8_t)sim_rnd();
			memcpy(copy, d.b, 16);
			copy[17] = 0x10;
			copy[18] = (uint8_t[]){ 2, 5, 32, 4 }[i % 4];
			copy[19] = (uint8_t)(i / 4 % 2);
			copy[24] = copy[25] = 0;
			copy[26] = (uint8_t)(n >> 8);
			copy[27] = (uint8_t)n;
			feed_unchanged(&d, copy, n);
		}
	}
}

/* Public values that are none, in MM3 and MM4: KE is the first payload. */
static void degenerate_public_values_are_ignored(void **state)
{
	(void)state;
	for (unsigned step = 2; step < 4; step++)
		for (int v = 0; v < 3; v++) {
			struct datagram d = at_step(step);
			uint8_t copy[4096];

			memcpy(copy, d.b, d.len);
			assert_int_equal(copy[16], 4);
			memset(copy + 32, v == 2 ? 0xff : 0, 128);
			copy[32 + 127] = v == 1 ? 1 : copy[32 + 127];
			feed_unchanged(&d, copy, d.len);
			assert_completes(&d);
		}
}

/* The answer must be one of the transforms that were offered, and only one. */
static void answers_that_were_not_offered_are_ignored(void **state)
{
	struct datagram d = at_step(1);

	(void)state;
	for (size_t i = 28 + 4 + 8 + 8 + 8; i + 4 <= 28 + 56; i++) {
		uint8_t copy[4096];

		memcpy(copy, d.b, d.len);
		copy[i] ^= 4;
		if (i < 28 + 4 + 8 + 8 + 8 + 20) /* cipher, bits, hash, group, method */
			feed_unchanged(&d, copy, d.len);
	}
	assert_completes(&d);
}

static void message_from_another_address_is_ignored(void **state)
{
	(void)state;
	for (unsigned step = 1; step < STEPS; step++) {
		struct datagram d = at_step(step), forged = d;

		forged.path.remote = ipaddr_v4(A(203, 0, 113, 9));
		feed_unchanged(&forged, d.b, d.len);
		forged = d;
		forged.path.local = ipaddr_v4(A(192, 0, 2, 77));
		feed_unchanged(&forged, d.b, d.len);
		assert_completes(&d);
	}
}

static void late_first_message_begins_nothing_new(void **state)
{
	struct datagram first = at_step(0);
	char before[1024], after[1024];

	(void)state;
	assert_completes(&first);
	sim_snapshot(1, before, sizeof(before));
	sim_feed(1, &first.path, first.b, first.len);
	sim_drain(1);
	assert_int_equal(sim.n_wire, 0);
	sim_snapshot(1, after, sizeof(after));
	assert_string_equal(before, after);
}

static void commit_bit_is_tolerated(void **state)
{
	struct datagram d = at_step(7);

	(void)state;
	d.b[19] |= 2; /* RFC 2408 section 3.1; what we have, we have installed anyway */
	assert_completes(&d);
}

/* A first message of quick mode that was recorded long ago: no SA, no answer, no
 * new port, and our own renewal is not held up by it. */
static void replay_of_an_old_quick_mode_changes_nothing(void **state)
{
	(void)state;
	for (int nat = 0; nat < 2; nat++) {
		sim_again();
		if (nat)
			sim_nat(1024, 1025);
		sim_acquire(0, 1);
		for (unsigned n = 0; n < 6; n++)
			assert_true(sim_deliver_one());
		sim_drain(0);
		struct datagram qm1 = *sim.wire[0];

		assert_int_equal(qm1.b[18], 32);
		sim_run(500);
		assert_int_equal(sim.side[1].n_sa, 2);
		for (int late = 0; late < 2; late++) {
			unsigned sent = sim.side[1].sent_quick;
			struct datagram d = qm1;

			sim_run(70000);
			d.path.remote_port = (uint16_t)(d.path.remote_port + late);
			feed_unchanged(&d, d.b, d.len);
			assert_int_equal(sim.side[1].sent_quick, sent);
		}
		if (nat)
			continue;
		ike_expire(sim.side[1].ike, sim.now_ms, sim_sa(1, SA_OUT)->id, false, true);
		sim_run(1000);
		assert_int_equal(sim_pairs(1), 2);
	}
}

/* The network repeats a refusal: it ends the exchange that it was about only. */
static void repeated_refusal_ends_one_exchange_only(void **state)
{
	(void)state;
	sim.side[1].p2[0].transforms[0].cipher = CIPHER_DES;
	sim_configure(1);
	sim_acquire(0, 1);
	sim_acquire(0, 2);
	for (unsigned n = 0; n < 7; n++)
		assert_true(sim_deliver_one());
	sim_drain(1);
	struct datagram no = *sim.wire[0];

	assert_int_equal(no.b[18], 5);
	empty_wire();
	sim_feed(0, &no.path, no.b, no.len);
	sim_feed(0, &no.path, no.b, no.len);
	sim_run(1000);
	assert_int_equal(sim.side[0].failed, 1);
	assert_int_equal(sim.side[0].n_sa, 2);
}

/* Old peers know one draft of NAT traversal and nothing of the others. */
static void nat_traversal_is_answered_as_it_was_announced(void **state)
{
	static const uint8_t vids[4][4] = { { 0x4a, 0x13, 0x1c, 0x81 },  /* RFC 3947 */
					    { 0x7d, 0x94, 0x19, 0xa6 },  /* draft 03 */
					    { 0x43, 0x9b, 0x59, 0xf8 },  /* draft 07 */
					    { 0x90, 0xcb, 0x80, 0x91 } }; /* draft 02 */

	(void)state;
	for (size_t only = 0; only < 4; only++) {
		struct datagram d = at_step(0);

		for (size_t v = 0; v < 4; v++) {
			uint8_t *p = memmem(d.b, d.len, vids[v], 4);

			assert_non_null(p);
			if (v != only)
				memset(p, 0x11, 16);
		}
		sim_feed(1, &d.path, d.b, d.len);
		sim_drain(1);
		assert_int_equal(sim.n_wire, 1);
		for (size_t v = 0; v < 4; v++)
			assert_int_equal(memmem(sim.wire[0]->b, sim.wire[0]->len, vids[v], 4) != NULL,
					 v == only);
		empty_wire();
	}
}

/* Our first and third message sent back to us, with any cookie for the peer's. */
static void reflected_messages_are_no_answers(void **state)
{
	(void)state;
	for (int cookie = 0; cookie < 2; cookie++) {
		struct datagram d = at_step(0);
		struct ike_path back = { d.path.remote, d.path.local, 500, 500 };
		uint8_t copy[4096];

		memcpy(copy, d.b, d.len);
		if (cookie)
			memcpy(copy + 8, copy, 8);
		sim_feed(0, &back, copy, d.len);
		empty_wire();
		assert_int_equal(sim_state(0), IKE_MM_NO_STATE);
		assert_completes(&d);
	}
	struct datagram d = at_step(2);
	struct ike_path back = { d.path.remote, d.path.local, 500, 500 };
	sim_feed(0, &back, d.b, d.len);
	empty_wire();
	assert_int_equal(sim_state(0), IKE_MM_SA_SETUP);
	assert_completes(&d);
}

static void quick_mode_in_clear_is_told_and_changes_nothing(void **state)
{
	struct datagram d = at_step(STEPS - 1); /* QM3 */
	uint8_t copy[4096];

	(void)state;
	memcpy(copy, d.b, d.len);
	copy[19] &= 0xfe; /* RFC 2408 section 3.1: the encryption bit */
	feed_unchanged(&d, copy, d.len);
	assert_non_null(strstr(sim.side[d.to].log, "IKE packet from 192.0.2.1 was not encrypted and it should've been."));
	assert_completes(&d);
}

/* ---- strangers ---- */

static void stranger_gets_nothing_and_costs_nothing(void **state)
{
	struct datagram d = at_step(0);
	struct ike_sa_info info;

	(void)state;
	d.path.remote = ipaddr_v4(A(203, 0, 113, 9));
	empty_wire(); /* the true one is not part of this */
	sim.cut[0] = sim.cut[1] = true;
	for (int i = 0; i < 3; i++) { /* of the same one the log has one line a minute */
		for (int n = 0; n < 5; n++) {
			sim_feed(1, &d.path, d.b, d.len);
			sim_drain(1);
		}
		assert_int_equal(sim.side[1].logs, i + 1);
		assert_non_null(strstr(sim.side[1].log, "no pre-shared key with it (to type: crypto isakmp key "
							"KEY address 203.0.113.9)"));
		sim_run(60000);
	}
	assert_int_equal(sim.side[1].sent_bytes, 0);
	assert_false(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &info));
}

static void answer_is_never_larger_than_an_unauthenticated_request(void **state)
{
	(void)state;
	for (int variant = 0; variant < 4; variant++) {
		sim_again();
		sim.side[0].cfg.nat_traversal = variant % 2;
		sim.side[1].p1[0].group = variant < 2 ? 2 : 5; /* refused */
		sim_configure(0);
		sim_configure(1);
		sim_acquire(0, 1);
		for (int n = 0; n < 5; n++) {
			sim_drain(0);
			if (!sim.n_wire)
				break;
			size_t request = sim.wire[0]->len;
			unsigned long before = sim.side[1].sent_bytes;

			assert_int_equal(sim.wire[0]->to, 1);
			bool last = sim.wire[0]->b[19] & 1; /* MM5: after it he is no stranger */
			assert_true(sim_deliver_one());
			sim_drain(1);
			if (!last)
				assert_true(sim.side[1].sent_bytes - before <= request);
			if (!sim_deliver_one())
				break;
		}
	}
}

/* NAT traversal announced, and then no NAT-D payloads, which ours would outweigh. */
static void small_key_exchange_gets_a_small_answer(void **state)
{
	(void)state;
	struct datagram d = at_step(2);
	size_t len = 28;
	uint8_t copy[4096];

	memcpy(copy, d.b, d.len);
	/* the chain ends with the nonce */
	for (uint8_t next = copy[16], *p = NULL; next; next = p[0]) {
		p = copy + len;
		len += (size_t)p[2] << 8 | p[3];
		if (next == 10)
			p[0] = 0;
	}
	assert_true(len < d.len);
	copy[26] = (uint8_t)(len >> 8);
	copy[27] = (uint8_t)len;
	sim_feed(1, &d.path, copy, len);
	sim_drain(1);
	assert_int_equal(sim.n_wire, 1);
	assert_true(sim.wire[0]->len <= len);
	empty_wire();
}

static void repeats_of_a_stranger_are_answered_only_so_often(void **state)
{
	(void)state;
	for (unsigned step = 0; step < 3; step += 2) {
		struct datagram d = at_step(step);

		sim_feed(1, &d.path, d.b, d.len);
		sim_drain(1);
		unsigned sent = sim.side[1].sent_main;
		for (int i = 0; i < 1000; i++)
			sim_feed(1, &d.path, d.b, d.len);
		empty_wire();
		assert_true(sim.side[1].sent_main - sent <= 10);
	}
}

static size_t half_open(void)
{
	struct ike_sa_info info;
	size_t n = 0;

	while (ike_get_sa(sim.side[1].ike, sim.now_ms, n, &info))
		n++;
	return n;
}

static void flood(const struct datagram *d, uint32_t n, uint32_t stride)
{
	for (uint32_t i = 0; i < n; i++) {
		struct ike_path path = d->path;
		uint8_t copy[4096];

		memcpy(copy, d->b, d->len);
		path.remote = ipaddr_v4(A(198, 18, 0, 0) + i * stride);
		copy[0] = (uint8_t)i;
		copy[1] = (uint8_t)(i >> 8);
		sim_feed(1, &path, copy, d->len);
		empty_wire();
	}
}

static void flood_of_first_messages_is_bounded(void **state)
{
	static const struct {
		uint32_t stride;
		size_t max;
	} rows[] = { { 97, 256 }, { 0, 4 }, { 1, 16 * 20 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct datagram d = at_step(0);

		sim.side[1].psk[0].mask_len = 0; /* a wildcard key: everybody may knock */
		sim_configure(1);
		flood(&d, 5000, rows[i].stride);
		assert_true(half_open() > 0 && half_open() <= rows[i].max && half_open() <= 256);
		sim.cut[1] = true; /* side 0, whose first message this was, would come again */
		sim_run(60000);	   /* and all is forgotten */
		assert_int_equal(half_open(), 0);
	}
}

/* While strangers knock, a configured peer that has an exchange goes on. */
static void exchange_under_way_survives_a_flood(void **state)
{
	struct datagram mm1 = at_step(0), mm3;

	(void)state;
	sim.side[1].psk[0].mask_len = 0;
	sim_configure(1);
	sim_feed(1, &mm1.path, mm1.b, mm1.len);
	sim_drain(1);
	assert_true(sim_deliver_one());
	sim_drain(0);
	mm3 = *sim.wire[0];
	empty_wire();
	flood(&mm1, 2000, 97);
	assert_completes(&mm3);
}

/* First messages in the name of a peer, or of its whole neighbourhood, take every
 * place; the true one gets in nevertheless. */
static void forged_first_messages_do_not_keep_a_peer_out(void **state)
{
	(void)state;
	for (uint32_t stride = 0; stride < 2; stride++) {
		struct datagram d = at_step(0);

		sim.side[1].psk[0].mask_len = 24;
		sim_configure(1);
		for (uint32_t i = 0; i < 64; i++) {
			struct ike_path path = d.path;
			uint8_t copy[4096];

			memcpy(copy, d.b, d.len);
			copy[0] = (uint8_t)(copy[0] + i + 1);
			path.remote = ipaddr_v4(A(192, 0, 2, 1) + i * stride);
			sim_feed(1, &path, copy, d.len);
			empty_wire();
		}
		sim_run(10000); /* side 0 sends its own first message again after 1, 3 and 7 s */
		assert_int_equal(sim.side[0].n_sa, 2);
	}
}

static void log_lines_are_limited_each_second(void **state)
{
	struct datagram d = at_step(4);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint8_t copy[4096];

		memcpy(copy, d.b, d.len);
		copy[28 + i % 16] ^= (uint8_t)(1 + i / 16);
		sim_feed(1, &d.path, copy, d.len);
		empty_wire();
	}
	assert_true(sim.side[1].logs > 0 && sim.side[1].logs <= 20);
	assert_completes(&d);
}

/* ---- forged notifies and deletes ---- */

static size_t informational(const struct datagram *d, uint8_t payload, uint16_t type, uint8_t *out)
{
	static const uint8_t doi[4] = { 0, 0, 0, 1 };

	memset(out, 0, 28 + 28);
	memcpy(out, d->b, 16);
	out[16] = payload;
	out[17] = 0x10;
	out[18] = 5;
	out[23] = 7;
	out[27] = 28 + 28;
	out[31] = 28;
	memcpy(out + 32, doi, 4);
	out[36] = 1;
	out[37] = 16;
	out[38] = (uint8_t)(type >> 8);
	out[39] = (uint8_t)type;
	memcpy(out + 40, d->b, 16);
	return 28 + 28;
}

static void forged_notifies_end_only_what_has_no_keys_yet(void **state)
{
	(void)state;
	for (unsigned step = 1; step <= STEPS; step++) {
		struct datagram d = at_step(step < STEPS ? step : STEPS - 1);
		uint8_t msg[64];
		bool connected = step == STEPS;

		if (connected)
			assert_completes(&d);
		for (int s = 0; s < 2; s++) {
			struct datagram to = d;
			size_t n;

			if (to.to != s) {
				to.path = (struct ike_path){ d.path.remote, d.path.local,
							     d.path.remote_port, d.path.local_port };
				to.to = s;
			}
			n = informational(&d, 12, 1, msg); /* a delete of the ISAKMP SA */
			feed_unchanged(&to, msg, n);
			n = informational(&d, 11, 24578, msg); /* initial contact */
			feed_unchanged(&to, msg, n);
			n = informational(&d, 11, 14, msg); /* no proposal chosen */
			/* the initiator believes it while a refusal could not be protected */
			if (s == 1 || (step != 1 && step != 2 && step != 3))
				feed_unchanged(&to, msg, n);
		}
		if (!connected)
			assert_completes(&d);
	}
	struct datagram d = at_step(1);
	uint8_t msg[64];
	size_t n = informational(&d, 11, 14, msg);
	sim_feed(0, &d.path, msg, n);
	sim_drain(0);
	assert_int_equal(sim.side[0].failed, 1);
	assert_non_null(strstr(sim.side[0].reason, "NO_PROPOSAL_CHOSEN"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(every_truncation_of_every_message_changes_nothing),
		SIM_TEST(damaged_protected_messages_change_nothing),
		SIM_TEST(damaged_clear_messages_do_not_crash),
		SIM_TEST(random_bytes_behind_true_cookies_change_nothing),
		SIM_TEST(degenerate_public_values_are_ignored),
		SIM_TEST(answers_that_were_not_offered_are_ignored),
		SIM_TEST(message_from_another_address_is_ignored),
		SIM_TEST(late_first_message_begins_nothing_new),
		SIM_TEST(commit_bit_is_tolerated),
		SIM_TEST(replay_of_an_old_quick_mode_changes_nothing),
		SIM_TEST(repeated_refusal_ends_one_exchange_only),
		SIM_TEST(nat_traversal_is_answered_as_it_was_announced),
		SIM_TEST(reflected_messages_are_no_answers),
		SIM_TEST(quick_mode_in_clear_is_told_and_changes_nothing),
		SIM_TEST(stranger_gets_nothing_and_costs_nothing),
		SIM_TEST(answer_is_never_larger_than_an_unauthenticated_request),
		SIM_TEST(small_key_exchange_gets_a_small_answer),
		SIM_TEST(repeats_of_a_stranger_are_answered_only_so_often),
		SIM_TEST(flood_of_first_messages_is_bounded),
		SIM_TEST(exchange_under_way_survives_a_flood),
		SIM_TEST(forged_first_messages_do_not_keep_a_peer_out),
		SIM_TEST(log_lines_are_limited_each_second),
		SIM_TEST(forged_notifies_end_only_what_has_no_keys_yet),
	};
	return cmocka_run_group_tests_name("ike_hostile", tests, NULL, NULL);
}
