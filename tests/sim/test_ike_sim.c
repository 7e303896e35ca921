/* SPDX-License-Identifier: Apache-2.0 */
/* Two IKE cores and a queue between them that may drop, repeat and reorder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ike/ike.h"

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define MAX_WIRE 256

struct datagram {
	int to;
	struct ike_path path; /* as the receiver sees it */
	size_t len;
	uint8_t b[4096];
};

struct side {
	struct ike *ike;
	struct p1_policy p1[4];
	struct psk_entry psk;
	struct p2_policy p2[2];
	struct ike_config cfg;
	struct sa_spec sa[64];
	size_t n_sa, sent_main, sent_quick, failed;
	char log[2048], reason[200];
};

static struct side side[2];
static struct datagram *wire[MAX_WIRE];
static size_t n_wire;
static uint64_t now_ms;
static unsigned drop_percent, dup_percent;
static bool reorder;
static uint64_t rng = 1;

static uint32_t rnd(void)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(rng >> 33);
}

static void fill(void *ctx, void *p, size_t n)
{
	uint8_t *b = p;

	(void)ctx;
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)rnd();
}

static void put_wire(int from, const struct ike_action *a)
{
	struct datagram *d;

	assert_true(a->data.len <= sizeof(d->b));
	if (rnd() % 100 < drop_percent || n_wire == MAX_WIRE)
		return;
	d = calloc(1, sizeof(*d));
	d->to = !from;
	d->path = (struct ike_path){ a->path.remote, a->path.local, a->path.remote_port,
				     a->path.local_port };
	d->len = a->data.len;
	memcpy(d->b, a->data.p, a->data.len);
	wire[n_wire++] = d;
	if (rnd() % 100 < dup_percent && n_wire < MAX_WIRE) {
		struct datagram *again = malloc(sizeof(*again));
		*again = *d;
		wire[n_wire++] = again;
	}
}

static void drain(int s)
{
	struct ike_action a;

	while (ike_next_action(side[s].ike, &a)) {
		switch (a.type) {
		case IKE_ACT_SEND:
			side[s].sent_main += a.data.p[18] == 2;
			side[s].sent_quick += a.data.p[18] == 32;
			put_wire(s, &a);
			break;
		case IKE_ACT_SA_ADD:
			assert_true(side[s].n_sa < 64);
			side[s].sa[side[s].n_sa++] = *a.spec;
			break;
		case IKE_ACT_SA_DEL:
			for (size_t i = 0; i < side[s].n_sa; i++)
				if (side[s].sa[i].id == a.sa_id)
					side[s].sa[i] = side[s].sa[--side[s].n_sa];
			break;
		case IKE_ACT_FAILED:
			side[s].failed++;
			snprintf(side[s].reason, sizeof(side[s].reason), "%s", a.text);
			break;
		case IKE_ACT_LOG:
			snprintf(side[s].log, sizeof(side[s].log), "%s: %s", a.mnemonic, a.text);
			break;
		default:
			break;
		}
	}
}

/* Delivers and lets time pass until nothing is left to do or `until`. */
static void run(uint64_t until)
{
	for (unsigned steps = 0; steps < 100000; steps++) {
		drain(0);
		drain(1);
		if (n_wire) {
			size_t i = reorder ? rnd() % n_wire : 0;
			struct datagram *d = wire[i];
			/* exactly sized, so that a sanitizer sees one byte too many */
			uint8_t *heap = malloc(d->len ? d->len : 1);

			memmove(&wire[i], &wire[i + 1], (n_wire - i - 1) * sizeof(wire[0]));
			n_wire--;
			memcpy(heap, d->b, d->len);
			ike_datagram(side[d->to].ike, now_ms, &d->path, (struct span){ heap, d->len });
			free(heap);
			free(d);
			continue;
		}
		uint64_t a = ike_next_ms(side[0].ike), b = ike_next_ms(side[1].ike);
		uint64_t next = a < b ? a : b;
		if (next > until)
			break;
		now_ms = next > now_ms ? next : now_ms;
		ike_tick(side[0].ike, now_ms);
		ike_tick(side[1].ike, now_ms);
	}
	now_ms = until;
}

static void configure(int s)
{
	assert_int_equal(ike_configure(side[s].ike, &side[s].cfg, now_ms), 0);
}

static int setup(void **state)
{
	static const struct ike_env env = { .random = fill };
	struct ipaddr end[2] = { ipaddr_v4(A(192, 0, 2, 1)), ipaddr_v4(A(192, 0, 2, 2)) };
	uint32_t lan[2] = { A(10, 1, 1, 0), A(10, 2, 2, 0) };

	(void)state;
	now_ms = 1000;
	drop_percent = dup_percent = 0;
	reorder = false;
	memset(side, 0, sizeof(side));
	for (int s = 0; s < 2; s++) {
		struct side *x = &side[s];

		x->ike = ike_new(&env);
		assert_non_null(x->ike);
		x->p1[0] = (struct p1_policy){ .priority = 10, .cipher = CIPHER_AES_CBC,
					       .cipher_bits = 256, .hash = HASH_SHA1,
					       .auth = IKE_AUTH_PSK, .group = 2, .life_sec = 86400 };
		x->psk = (struct psk_entry){ .addr = end[!s], .mask_len = 32, .key_len = 9,
					     .key = "secretkey" };
		for (int i = 0; i < 2; i++)
			x->p2[i] = (struct p2_policy){
				.id = (uint32_t)i + 1, .ifid = 1, .map = "M", .seq = 1,
				.sel = { .local = addr_match_v4(lan[s] + ((uint32_t)i << 8), 0xff),
					 .remote = addr_match_v4(lan[!s] + ((uint32_t)i << 8), 0xff) },
				.local = end[s], .n_peers = 1, .peers = { end[!s] },
				.n_transforms = 1,
				.transforms = { { .name = "T", .mode = MODE_TUNNEL,
						  .cipher = CIPHER_3DES,
						  .esp_auth = AUTH_HMAC_SHA1_96 } },
				.life_sec = 3600, .life_kb = 4608000, .replay_window = 64,
			};
		x->cfg = (struct ike_config){ .enabled = true, .nat_traversal = true, .p1 = x->p1,
					      .n_p1 = 1, .psk = &x->psk, .n_psk = 1, .p2 = x->p2,
					      .n_p2 = 2 };
		configure(s);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	while (n_wire)
		free(wire[--n_wire]);
	ike_free(side[0].ike);
	ike_free(side[1].ike);
	return 0;
}

static void acquire(int s, uint32_t policy)
{
	struct flow f = { .local = ipaddr_v4(A(10, 1, 1, 1)) };

	ike_acquire(side[s].ike, now_ms, policy, &f);
}

/* Every SA of one side has its twin at the other: same SPI, same keys. */
static void assert_twins(void)
{
	assert_int_equal(side[0].n_sa, side[1].n_sa);
	for (size_t i = 0; i < side[0].n_sa; i++) {
		const struct sa_spec *a = &side[0].sa[i];
		bool found = false;

		for (size_t j = 0; j < side[1].n_sa; j++) {
			const struct sa_spec *b = &side[1].sa[j];

			if (a->spi != b->spi)
				continue;
			found = true;
			assert_int_not_equal(a->dir, b->dir);
			assert_int_equal(a->enc_key.len, b->enc_key.len);
			assert_memory_equal(a->enc_key.b, b->enc_key.b, a->enc_key.len);
			assert_memory_equal(a->auth_key.b, b->auth_key.b, a->auth_key.len);
			assert_int_equal(a->life.hard_sec, b->life.hard_sec);
			assert_int_equal(a->mode, b->mode);
			assert_true(ipaddr_equal(&a->src, &b->src));
		}
		assert_true(found);
	}
	/* no key serves both directions */
	for (size_t i = 0; i + 1 < side[0].n_sa; i++)
		assert_memory_not_equal(side[0].sa[i].enc_key.b, side[0].sa[i + 1].enc_key.b, 24);
}

static enum ike_state state_of(int s)
{
	struct ike_sa_info i;

	return ike_get_sa(side[s].ike, now_ms, 0, &i) ? i.state : IKE_MM_NO_STATE;
}

static void six_main_and_three_quick_datagrams_make_a_pair(void **state)
{
	(void)state;
	acquire(0, 1);
	run(now_ms + 500);
	assert_int_equal(side[0].sent_main + side[1].sent_main, 6);
	assert_int_equal(side[0].sent_quick + side[1].sent_quick, 3);
	assert_int_equal(side[0].n_sa, 2);
	assert_twins();
	assert_int_equal(state_of(0), IKE_QM_IDLE);
	assert_int_equal(state_of(1), IKE_QM_IDLE);
	acquire(1, 2);
	run(now_ms + 500);
	assert_int_equal(side[0].sent_main + side[1].sent_main, 6);
	assert_int_equal(side[0].n_sa, 4);
	assert_twins();
}

static void every_suite_agrees_on_keys(void **state)
{
	static const struct {
		enum cipher_id c;
		uint16_t bits;
	} ciphers[] = { { CIPHER_DES, 0 },	 { CIPHER_3DES, 0 },	  { CIPHER_AES_CBC, 128 },
			{ CIPHER_AES_CBC, 192 }, { CIPHER_AES_CBC, 256 } };
	static const uint16_t groups[] = { 1, 2, 5, 14, 15, 16 };

	for (size_t i = 0; i < 5; i++)
		for (size_t h = HASH_MD5; h <= HASH_SHA512; h++) {
			uint16_t g = groups[(i + h) % 6];

			teardown(state);
			setup(state);
			for (int s = 0; s < 2; s++) {
				side[s].p1[0].cipher = (uint8_t)ciphers[i].c;
				side[s].p1[0].cipher_bits = ciphers[i].bits;
				side[s].p1[0].hash = (uint8_t)h;
				side[s].p1[0].group = g;
				side[s].p2[0].transforms[0].cipher = (uint8_t)ciphers[i].c;
				side[s].p2[0].transforms[0].cipher_bits = ciphers[i].bits;
				side[s].p2[0].transforms[0].esp_auth = (uint8_t)h;
				side[s].p2[0].pfs_group = h % 2 ? g : 0;
				configure(s);
			}
			acquire(0, 1);
			run(now_ms + 500);
			assert_int_equal(side[0].n_sa, 2);
			assert_twins();
		}
}

static void negotiation_survives_loss_repeats_and_reordering(void **state)
{
	for (unsigned seed = 1; seed <= 150; seed++) {
		teardown(state);
		setup(state);
		rng = seed * 7919;
		drop_percent = seed % 3 * 15;
		dup_percent = seed % 5 * 20;
		reorder = seed % 2;
		acquire(0, 1);
		if (seed % 4 == 0)
			acquire(1, 1);
		run(now_ms + 200000);
		drop_percent = dup_percent = 0;
		/* connected or cleanly failed; never SAs without their twin for long */
		if (side[0].n_sa < 2 && side[1].n_sa < 2 && side[0].failed + side[1].failed == 0)
			print_message("seed %u: neither connected nor failed\n", seed);
		if (side[0].n_sa < 2 && side[1].n_sa < 2)
			assert_true(side[0].failed + side[1].failed > 0);
		assert_true(side[0].n_sa <= 8 && side[1].n_sa <= 8);
		acquire(0, 1);
		run(now_ms + 100000);
		assert_true(side[0].n_sa >= 2);
	}
}

static void each_lost_message_is_sent_again(void **state)
{
	for (size_t lost = 0; lost < 9; lost++) {
		teardown(state);
		setup(state);
		acquire(0, 1);
		for (size_t n = 0; n < 9; n++) {
			drain(0);
			drain(1);
			assert_true(n_wire > 0);
			struct datagram *d = wire[0];
			memmove(&wire[0], &wire[1], --n_wire * sizeof(wire[0]));
			if (n != lost)
				ike_datagram(side[d->to].ike, now_ms, &d->path,
					     (struct span){ d->b, d->len });
			free(d);
			if (n == lost)
				break;
		}
		run(now_ms + 30000);
		assert_int_equal(side[0].n_sa, 2);
		assert_twins();
	}
}

static void wrong_key_stays_in_key_exchange_and_says_so(void **state)
{
	struct ike_sa_info i;

	(void)state;
	memcpy(side[1].psk.key, "otherkey!", 9);
	configure(1);
	acquire(0, 1);
	run(now_ms + 3000);
	assert_int_equal(state_of(0), IKE_MM_KEY_EXCH);
	assert_int_equal(state_of(1), IKE_MM_KEY_EXCH);
	assert_non_null(strstr(side[1].log, "pre-shared keys differ"));
	run(now_ms + 60000);
	assert_int_equal(side[0].failed, 1);
	assert_non_null(strstr(side[0].reason, "pre-shared keys differ"));
	assert_int_equal(side[0].n_sa + side[1].n_sa, 0);
	assert_true(ike_get_sa(side[0].ike, now_ms, 0, &i));
	assert_true(i.deleted);
}

static void refusal_names_the_attribute_and_the_line_to_type(void **state)
{
	(void)state;
	side[1].p1[0].group = 5;
	configure(1);
	acquire(0, 1);
	run(now_ms + 3000);
	assert_non_null(strstr(side[1].log, "Diffie-Hellman group offered 2, policy 10 has 5"));
	assert_non_null(strstr(side[1].log, "group 2)"));
	assert_int_equal(side[0].failed, 1);
	assert_non_null(strstr(side[0].reason, "NO_PROPOSAL_CHOSEN"));
}

static void first_policy_of_the_responder_that_fits_wins(void **state)
{
	struct ike_sa_info i;

	(void)state;
	for (int s = 0; s < 2; s++) {
		side[s].p1[1] = side[s].p1[0];
		side[s].p1[s].cipher = CIPHER_3DES;
		side[s].p1[s].cipher_bits = 0;
		side[s].p1[1].priority = 20;
		side[s].cfg.n_p1 = 2;
		configure(s);
	}
	acquire(0, 1); /* offers 3des, aes; the responder prefers aes */
	run(now_ms + 500);
	assert_true(ike_get_sa(side[0].ike, now_ms, 0, &i));
	assert_int_equal(i.agreed.cipher, CIPHER_AES_CBC);
}

static void smaller_lifetime_of_the_two_is_used(void **state)
{
	static const struct {
		uint32_t i, r;
	} rows[] = { { 3600, 1800 }, { 1800, 3600 }, { 120, 86400 } };

	for (size_t n = 0; n < 3; n++) {
		struct ike_sa_info info;

		teardown(state);
		setup(state);
		side[0].p1[0].life_sec = rows[n].i;
		side[1].p1[0].life_sec = rows[n].r;
		side[0].p2[0].life_sec = rows[n].i;
		side[1].p2[0].life_sec = rows[n].r;
		configure(0);
		configure(1);
		acquire(0, 1);
		run(now_ms + 500);
		uint32_t want = rows[n].i < rows[n].r ? rows[n].i : rows[n].r;
		assert_int_equal(side[0].sa[0].life.hard_sec, want);
		assert_int_equal(side[1].sa[0].life.hard_sec, want);
		assert_true(ike_get_sa(side[1].ike, now_ms, 0, &info));
		assert_int_equal(info.agreed.life_sec, want);
	}
}

static void soft_expiry_makes_a_successor_while_the_old_pair_carries(void **state)
{
	(void)state;
	acquire(0, 1);
	run(now_ms + 500);
	run(now_ms + 60000);
	uint32_t old = side[0].sa[0].id;
	ike_expire(side[0].ike, now_ms, old, false, true);
	run(now_ms + 1000);
	assert_int_equal(side[0].n_sa, 4);
	assert_twins();
	run(now_ms + 40000); /* the old pair retires and the peer is told */
	assert_int_equal(side[0].n_sa, 2);
	assert_int_equal(side[1].n_sa, 2);
	assert_twins();
}

static void unused_pair_is_not_renewed(void **state)
{
	(void)state;
	acquire(0, 1);
	run(now_ms + 500);
	ike_expire(side[0].ike, now_ms, side[0].sa[0].id, false, false);
	run(now_ms + 1000);
	assert_int_equal(side[0].n_sa, 2);
	ike_expire(side[0].ike, now_ms, side[0].sa[0].id, true, false);
	run(now_ms + 1000);
	assert_int_equal(side[0].n_sa, 0);
	assert_int_equal(side[1].n_sa, 0);
}

static void phase_one_is_renewed_and_pairs_survive_it(void **state)
{
	(void)state;
	side[0].p1[0].life_sec = side[1].p1[0].life_sec = 300;
	configure(0);
	configure(1);
	acquire(0, 1);
	run(now_ms + 500);
	run(now_ms + 1000000);
	assert_int_equal(side[0].n_sa, 2);
	assert_int_equal(state_of(0), IKE_QM_IDLE);
	assert_true(side[0].sent_main + side[1].sent_main >= 18);
	assert_twins();
}

static void clear_deletes_at_both_ends(void **state)
{
	(void)state;
	acquire(0, 1);
	run(now_ms + 500);
	ike_clear_ipsec(side[0].ike, now_ms, NULL, NULL, 0);
	run(now_ms + 500);
	assert_int_equal(side[0].n_sa + side[1].n_sa, 0);
	ike_clear_isakmp(side[0].ike, now_ms, 0);
	run(now_ms + 500);
	assert_int_equal(state_of(1), IKE_MM_NO_STATE);
	acquire(1, 1);
	run(now_ms + 500);
	assert_int_equal(side[0].n_sa, 2);
}

static void proxies_that_do_not_mirror_are_refused_with_both_sides_named(void **state)
{
	(void)state;
	side[1].p2[0].sel.remote = addr_match_v4(A(10, 9, 9, 0), 0xff);
	configure(1);
	acquire(0, 1);
	run(now_ms + 2000);
	assert_int_equal(side[0].n_sa, 0);
	assert_non_null(strstr(side[0].reason, "no mirror"));
	assert_non_null(strstr(side[1].log, "10.1.1.0 0.0.0.255"));
}

static void stranger_gets_nothing_and_costs_nothing(void **state)
{
	struct ike_action a;
	struct ike_sa_info info;
	struct ike_path path = { ipaddr_v4(A(192, 0, 2, 2)), ipaddr_v4(A(203, 0, 113, 9)), 500, 500 };

	(void)state;
	acquire(0, 1);
	drain(0);
	assert_int_equal(n_wire, 1);
	ike_datagram(side[1].ike, now_ms, &path, (struct span){ wire[0]->b, wire[0]->len });
	while (ike_next_action(side[1].ike, &a))
		assert_int_not_equal(a.type, IKE_ACT_SEND);
	assert_false(ike_get_sa(side[1].ike, now_ms, 0, &info));
}

static void answer_is_never_larger_than_an_unauthenticated_request(void **state)
{
	size_t request = 0;

	(void)state;
	acquire(0, 1);
	for (int n = 0; n < 5; n++) {
		drain(0);
		drain(1);
		assert_int_equal(n_wire, 1);
		struct datagram *d = wire[0];
		n_wire = 0;
		if (d->to == 1)
			request = d->len;
		else
			assert_true(d->len <= request);
		ike_datagram(side[d->to].ike, now_ms, &d->path, (struct span){ d->b, d->len });
		free(d);
	}
}

static void flood_of_first_messages_is_bounded(void **state)
{
	struct ike_sa_info info;
	size_t n = 0;

	(void)state;
	side[1].psk.mask_len = 0; /* a wildcard key: everybody may knock */
	configure(1);
	acquire(0, 1);
	drain(0);
	for (uint32_t i = 0; i < 5000; i++) {
		struct ike_path path = wire[0]->path;

		path.remote = ipaddr_v4(A(198, 18, 0, 0) + i * 97);
		wire[0]->b[0] = (uint8_t)i;
		wire[0]->b[1] = (uint8_t)(i >> 8);
		ike_datagram(side[1].ike, now_ms, &path, (struct span){ wire[0]->b, wire[0]->len });
		drain(1);
		while (n_wire > 1)
			free(wire[--n_wire]);
	}
	while (ike_get_sa(side[1].ike, now_ms, n, &info))
		n++;
	assert_true(n > 0 && n <= 256);
	run(now_ms + 60000); /* and all is forgotten */
	assert_false(ike_get_sa(side[1].ike, now_ms, 0, &info));
}

/* Every prefix and many mutations of every message, to both sides: no crash, and
 * the exchange still completes with the true message. */
static void damaged_messages_change_nothing(void **state)
{
	(void)state;
	acquire(0, 1);
	for (unsigned step = 0; step < 9; step++) {
		drain(0);
		drain(1);
		assert_int_equal(n_wire, 1);
		struct datagram *d = wire[0];
		n_wire = 0;
		for (size_t i = 0; i < d->len + 400; i++) {
			size_t len = i < d->len ? i : d->len;
			uint8_t *heap = malloc(len ? len : 1);

			memcpy(heap, d->b, len);
			/* flips behind the cookies; once there is a hash, only as far as it
			 * reaches: IKEv1 authenticates neither header flags nor padding, nor
			 * the notify in MM5 */
			size_t from = step < 4 ? 16 : 28;
			size_t span = step < 4 ? len - 16 : step < 6 ? 32 : len - 28 - 16;
			if (i >= d->len)
				heap[from + rnd() % span] ^= (uint8_t)(1 + rnd() % 255);
			else if (len >= 28) { /* the length field made to agree */
				heap[26] = (uint8_t)(len >> 8);
				heap[27] = (uint8_t)len;
			}
			/* in clear a flipped body may be a valid other message: those steps
			 * only must not crash, so they go to a message of their own */
			if (step >= 4 || i < d->len)
				ike_datagram(side[d->to].ike, now_ms, &d->path,
					     (struct span){ heap, len });
			free(heap);
			drain(0);
			drain(1);
			while (n_wire)
				free(wire[--n_wire]);
		}
		ike_datagram(side[d->to].ike, now_ms, &d->path, (struct span){ d->b, d->len });
		free(d);
	}
	run(now_ms + 500);
	assert_int_equal(side[0].n_sa, 2);
	assert_twins();
}

static void forged_delete_in_clear_is_ignored(void **state)
{
	uint8_t msg[28 + 16] = { 0 };
	struct datagram *last;

	(void)state;
	acquire(0, 1);
	drain(0);
	last = wire[0];
	memcpy(msg, last->b, 8);
	run(now_ms + 500);
	msg[16] = 12;
	msg[17] = 0x10;
	msg[18] = 5;
	msg[27] = sizeof(msg);
	struct ike_path path = { ipaddr_v4(A(192, 0, 2, 1)), ipaddr_v4(A(192, 0, 2, 2)), 500, 500 };
	ike_datagram(side[0].ike, now_ms, &path, (struct span){ msg, sizeof(msg) });
	run(now_ms + 500);
	assert_int_equal(side[0].n_sa, 2);
	assert_int_equal(state_of(0), IKE_QM_IDLE);
}

static void adopted_pair_is_renewed_and_deleted_like_a_native_one(void **state)
{
	static const struct ike_env env = { .random = fill };
	struct sa_spec in, out;

	(void)state;
	acquire(0, 1);
	run(now_ms + 500);
	in = side[0].sa[0];
	out = side[0].sa[1];
	ike_free(side[0].ike); /* control died */
	side[0].ike = ike_new(&env);
	configure(0);
	assert_int_equal(ike_adopt(side[0].ike, now_ms, &in), 0);
	assert_int_equal(ike_adopt(side[0].ike, now_ms, &out), 0);
	run(now_ms + 60000);
	ike_expire(side[0].ike, now_ms, out.id, false, true);
	run(now_ms + 1000);
	/* no initial contact was sent: the old pair still stands at both ends */
	assert_int_equal(side[0].n_sa, 4);
	assert_int_equal(side[1].n_sa, 4);
	run(now_ms + 40000);
	assert_int_equal(side[0].n_sa, 2);
	assert_twins();
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(six_main_and_three_quick_datagrams_make_a_pair),
		T(every_suite_agrees_on_keys),
		T(negotiation_survives_loss_repeats_and_reordering),
		T(each_lost_message_is_sent_again),
		T(wrong_key_stays_in_key_exchange_and_says_so),
		T(refusal_names_the_attribute_and_the_line_to_type),
		T(first_policy_of_the_responder_that_fits_wins),
		T(smaller_lifetime_of_the_two_is_used),
		T(soft_expiry_makes_a_successor_while_the_old_pair_carries),
		T(unused_pair_is_not_renewed),
		T(phase_one_is_renewed_and_pairs_survive_it),
		T(clear_deletes_at_both_ends),
		T(proxies_that_do_not_mirror_are_refused_with_both_sides_named),
		T(stranger_gets_nothing_and_costs_nothing),
		T(answer_is_never_larger_than_an_unauthenticated_request),
		T(flood_of_first_messages_is_bounded),
		T(damaged_messages_change_nothing),
		T(forged_delete_in_clear_is_ignored),
		T(adopted_pair_is_renewed_and_deleted_like_a_native_one),
	};
	return cmocka_run_group_tests_name("ike_sim", tests, NULL, NULL);
}
