/* SPDX-License-Identifier: Apache-2.0 */
/* NAT traversal and IKE fragments between two cores: which way of speaking is taken,
 * peers that a NAT moves, keepalives, transport mode with NAT-OA, and every message of
 * every exchange in pieces. */
#include "sim.h"

#define MESSAGES 12

static struct ipaddr v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	return ipaddr_v4(A(a, b, c, d));
}

/* ---- the way to speak ---- */

static const uint8_t vid_rfc[16] = { 0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45,
				     0x5c, 0x57, 0x28, 0xf2, 0x0e, 0x95, 0x45, 0x2f };
static const uint8_t vid_02[16] = { 0xcd, 0x60, 0x46, 0x43, 0x35, 0xdf, 0x21, 0xf8,
				    0x7c, 0xfd, 0xb2, 0xfc, 0x68, 0xb6, 0xa4, 0x48 };

/* The n-th payload of the given type in a message in clear; NULL: there is none. */
static uint8_t *payload(struct datagram *d, uint8_t type)
{
	uint8_t next = d->b[16];

	for (size_t at = 28; next && at + 4 <= d->len; at += (size_t)d->b[at + 2] << 8 | d->b[at + 3]) {
		if (next == type)
			return d->b + at;
		next = d->b[at];
	}
	return NULL;
}

static struct datagram take(void)
{
	struct datagram d = { 0 };

	sim_drain(0);
	sim_drain(1);
	assert_true(sim.n_wire > 0);
	d = *sim.wire[0];
	free(sim.wire[0]);
	memmove(sim.wire, sim.wire + 1, --sim.n_wire * sizeof(sim.wire[0]));
	return d;
}

static void give(const struct datagram *d)
{
	sim_feed(d->to, &d->path, d->b, d->len);
}

/* The spelling of draft 02 without the line's end, alone: MD5 of the plain name. */
/* Side 0 is behind the NAT: what each of the two hashes shows to him, and to the other. */
static void hashes_are_told_as_ios_tells_them(void **state)
{
	(void)state;
	sim_nat(10500, 14500);
	for (int s = 0; s < 2; s++)
		ike_set_debug(sim.side[s].ike, IKE_DEBUG_ISAKMP);
	sim_acquire(0, 1);
	sim_run(3000);
	assert_non_null(strstr(sim.side[0].debug, "ISAKMP: (1001):received payload type 20\n"
						  "ISAKMP: (1001):NAT found, both nodes inside NAT\n"
						  "ISAKMP: (1001):received payload type 20\n"
						  "ISAKMP: (1001):My hash no match -  this node inside NAT\n"));
	assert_non_null(strstr(sim.side[1].debug, "ISAKMP: (1001):received payload type 20\n"
						  "ISAKMP: (1001):His hash no match - this node outside NAT\n"
						  "ISAKMP: (1001):received payload type 20\n"
						  "ISAKMP: (1001):His hash no match - this node outside NAT\n"));
}

static void draft_02_is_known_in_its_plain_spelling(void **state)
{
	(void)state;
	sim_nat(1024, 1025);
	sim_acquire(0, 1);
	struct datagram d = take();
	for (uint8_t *p; (p = memmem(d.b, d.len, "\x0d\x00\x00\x14", 4));)
		p[1] = 1; /* see each once */
	for (size_t at = 28; at + 4 <= d.len; at += (size_t)d.b[at + 2] << 8 | d.b[at + 3]) {
		bool vid = d.b[at + 3] == 20 && d.b[at + 2] == 0;

		d.b[at + 1] = 0;
		if (vid)
			memset(d.b + at + 4, 0x11, 16);
		if (vid && !memmem(d.b, d.len, vid_02, 16))
			memcpy(d.b + at + 4, vid_02, 16);
	}
	assert_non_null(memmem(d.b, d.len, vid_02, 16));
	give(&d);
	struct datagram answer = take();
	assert_non_null(memmem(answer.b, answer.len, vid_02, 16));
	assert_null(memmem(answer.b, answer.len, vid_rfc, 16));
	give(&answer);
	d = take(); /* the initiator has read what we have put in: it, too, speaks draft 02 */
	assert_non_null(payload(&d, 130));
	give(&d);
	sim_run(1000);
	assert_int_equal(sim_state(1), IKE_QM_IDLE);
	assert_true(sim_sa(0, SA_OUT)->udp_encap);
}

static void the_best_way_that_both_know_is_taken(void **state)
{
	(void)state;
	sim_acquire(0, 1);
	struct datagram d = take();
	give(&d);
	d = take();
	assert_non_null(memmem(d.b, d.len, vid_rfc, 16));
	give(&d);
	d = take();
	assert_non_null(payload(&d, 20));
	assert_null(payload(&d, 130));
	assert_null(payload(&d, 15));
}

/* ---- a peer that moves ---- */

static void assert_peer_at(uint32_t addr, uint16_t port)
{
	struct ike_sa_info i;
	bool seen = false;

	for (size_t n = 0; ike_get_sa(sim.side[1].ike, sim.now_ms, n, &i); n++) {
		if (i.deleted || i.state != IKE_QM_IDLE)
			continue;
		assert_int_equal(ipaddr_to_v4(&i.remote), addr);
		assert_int_equal(i.remote_port, port);
		seen = true;
	}
	assert_true(seen);
	for (size_t n = 0; n < sim.side[1].n_sa; n++) {
		const struct sa_spec *s = &sim.side[1].sa[n];

		assert_int_equal(ipaddr_to_v4(s->dir == SA_IN ? &s->src : &s->dst), addr);
		assert_int_equal(s->dir == SA_IN ? s->udp_sport : s->udp_dport, port);
		assert_int_equal(ipaddr_to_v4(&s->peer), A(198, 51, 100, 1));
	}
}

static void behind_nat(void)
{
	sim_nat(10500, 14500);
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim.side[1].n_sa, 2);
	assert_peer_at(A(198, 51, 100, 1), 14500);
}

static void move(void)
{
	sim.nat_at = v4(203, 0, 113, 77);
	sim.nat_4500 = 31000;
}

static void an_authentic_message_from_elsewhere_moves_phase_1_and_its_sas(void **state)
{
	(void)state;
	behind_nat();
	move();
	sim_acquire(0, 2); /* a quick mode, by the new mapping */
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 4);
	assert_int_equal(sim.side[1].n_sa, 4);
	assert_peer_at(A(203, 0, 113, 77), 31000);
	/* and the other way: what we begin finds him, also phase 1's renewal */
	ike_expire(sim.side[1].ike, sim.now_ms, sim_sa(1, SA_OUT)->id, false, true);
	sim_run(500);
	assert_int_equal(sim_pairs(1), 3);
	assert_peer_at(A(203, 0, 113, 77), 31000);
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, NULL, 0); /* DELETEs are believed from there */
	sim_run(500);
	assert_int_equal(sim.side[1].n_sa, 0);
}

static void esp_from_elsewhere_moves_phase_1_too(void **state)
{
	struct ipaddr at = v4(203, 0, 113, 77);

	(void)state;
	behind_nat();
	move();
	ike_peer_moved(sim.side[1].ike, sim.now_ms, sim_sa(1, SA_IN)->id, &at, 31000);
	ike_peer_moved(sim.side[1].ike, sim.now_ms, 4711, &at, 1);
	sim_drain(1);
	assert_peer_at(A(203, 0, 113, 77), 31000);
	ike_expire(sim.side[1].ike, sim.now_ms, sim_sa(1, SA_OUT)->id, false, true);
	sim_run(500);
	assert_int_equal(sim_pairs(0), 2);
}

/* Control has crashed: what is left are the SAs, with the peer where he is by now. */
static void a_moved_pair_is_taken_over_and_renewed(void **state)
{
	(void)state;
	behind_nat();
	move();
	sim_acquire(0, 2);
	sim_run(500);
	struct sa_spec in = *sim_sa(1, SA_IN), out = *sim_sa(1, SA_OUT);
	sim_restart(1, true);
	assert_int_equal(ike_adopt(sim.side[1].ike, sim.now_ms, &in), 0);
	assert_int_equal(ike_adopt(sim.side[1].ike, sim.now_ms, &out), 0);
	sim_drain(1);
	assert_int_equal(sim_pairs(1), 1);
	ike_expire(sim.side[1].ike, sim.now_ms, out.id, false, true);
	sim_run(1000); /* a new phase 1, which only the new mapping lets through */
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 1);
	assert_int_equal(sim_pairs(1), 2);
	assert_peer_at(A(203, 0, 113, 77), 31000);
}

/* Ours, whoever it is that sent it once: a copy of an authentic message from elsewhere,
 * and messages that are not authentic. */
static void forged_and_repeated_messages_move_nobody(void **state)
{
	struct datagram seen[MESSAGES];
	size_t n = 0;

	(void)state;
	sim_nat(10500, 14500);
	sim_acquire(0, 1);
	for (sim_drain(0); sim.n_wire && n < MESSAGES; sim_drain(0), sim_drain(1)) {
		struct datagram d = take();

		if (d.to == 1)
			seen[n++] = d;
		give(&d);
	}
	sim_run(500);
	for (size_t i = 0; i < n; i++)
		for (unsigned damage = 0; damage < 2; damage++) {
			struct datagram d = seen[i];

			d.path.remote = v4(203, 0, 113, 66);
			d.path.remote_port = 666;
			if (damage)
				d.b[d.len - 5] ^= 1;
			give(&d);
			sim_drain(1);
			while (sim.n_wire) /* answers to repeats go where they went */
				(void)take();
			assert_peer_at(A(198, 51, 100, 1), 14500);
		}
	sim_acquire(0, 2);
	sim_run(500);
	assert_int_equal(sim.side[1].n_sa, 4);
	assert_peer_at(A(198, 51, 100, 1), 14500);
}

/* RFC 3947 section 6: of the two, the one behind the NAT does not follow. */
static void a_peer_without_nat_does_not_move(void **state)
{
	struct ipaddr at = v4(203, 0, 113, 66);
	struct ike_sa_info i;

	(void)state;
	behind_nat();
	ike_expire(sim.side[1].ike, sim.now_ms, sim_sa(1, SA_OUT)->id, false, true);
	sim_drain(1);
	struct datagram d = take();
	d.path.remote_port = 666;
	give(&d);
	ike_peer_moved(sim.side[0].ike, sim.now_ms, sim_sa(0, SA_IN)->id, &at, 666);
	sim_drain(0);
	assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
	assert_int_equal(i.remote_port, 4500);
	assert_int_equal(ipaddr_to_v4(&i.remote), A(192, 0, 2, 2));
	assert_false(sim_sa(0, SA_IN)->peer_moves);
	assert_true(sim_sa(1, SA_IN)->peer_moves);
	/* nor can he be spoken for from another address */
	d.path.remote = at;
	unsigned long before = sim.side[0].sent_bytes;
	give(&d);
	sim_drain(0);
	assert_int_equal(sim.side[0].sent_bytes, before);
}

/* ---- keepalives ---- */

static void esp_leaves(int s, uint32_t idle_ms)
{
	struct ike_use u[4];
	size_t n = 0;

	for (size_t i = 0; i < sim.side[s].n_sa && n < 4; i++)
		u[n++] = (struct ike_use){ sim.side[s].sa[i].id,
					   sim.side[s].sa[i].dir == SA_OUT ? idle_ms : UINT32_MAX };
	for (size_t i = 1; i < n; i++)
		assert_true(u[i].sa_id > u[i - 1].sa_id);
	ike_used(sim.side[s].ike, sim.now_ms, u, n);
}

static void keepalives_are_for_idle_times_only(void **state)
{
	(void)state;
	sim.side[0].cfg.nat_keepalive_sec = 20;
	sim.side[1].cfg.nat_keepalive_sec = 20;
	sim_configure(0);
	behind_nat();
	for (unsigned i = 0; i < 30; i++) {
		sim_run(5000);
		esp_leaves(0, 1000);
	}
	assert_int_equal(sim.side[0].keepalives, 0);
	sim_run(21000);
	assert_int_equal(sim.side[0].keepalives, 1); /* 20 s after the last packet */
	sim_run(100000);
	assert_int_equal(sim.side[0].keepalives, 6);
	assert_int_equal(sim.side[1].keepalives, 0); /* he is not behind it */
}

/* Two ISAKMP SAs with one peer share one mapping. */
static void one_keepalive_serves_all_sas_with_a_peer(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		sim.side[s].p1[0].life_sec = 200;
		sim_configure(s);
	}
	behind_nat();
	sim.side[0].cfg.nat_keepalive_sec = 5;
	sim_configure(0);
	sim_run(100000);
	assert_true(sim.side[0].keepalives >= 12 && sim.side[0].keepalives <= 20);
}

/* ---- transport mode ---- */

static void host_to_host(bool draft)
{
	struct side *x = &sim.side[0], *y = &sim.side[1];

	sim_nat(10500, 14500);
	for (int s = 0; s < 2; s++) {
		struct p2_policy *p = &sim.side[s].p2[0];

		p->transforms[0].mode = MODE_TRANSPORT;
		p->sel.proto = 6;
	}
	x->p2[0].sel.local = (struct addr_match){ .addr = v4(192, 0, 2, 1) };
	x->p2[0].sel.remote = (struct addr_match){ .addr = v4(192, 0, 2, 2) };
	y->p2[0].sel.local = (struct addr_match){ .addr = v4(192, 0, 2, 2) };
	y->p2[0].sel.remote = (struct addr_match){ .addr = v4(198, 51, 100, 1) };
	sim_configure(0);
	sim_configure(1);
	sim_acquire(0, 1);
	struct datagram d = take();
	if (draft)
		for (uint8_t *p; (p = memmem(d.b, d.len, vid_rfc, 16)) ||
				 (p = memmem(d.b, d.len, "\x43\x9b\x59\xf8", 4));)
			memset(p, 0x11, 16);
	give(&d);
	sim_run(1000);
}

static void transport_mode_is_agreed_by_original_addresses(void **state)
{
	(void)state;
	for (int draft = 0; draft < 2; draft++) {
		sim_again();
		host_to_host(draft);
		assert_int_equal(sim.side[0].n_sa, 2);
		assert_int_equal(sim.side[1].n_sa, 2);
		const struct sa_spec *a = sim_sa(0, SA_IN), *b = sim_sa(1, SA_IN);
		assert_int_equal(a->mode, MODE_TRANSPORT);
		assert_int_equal(b->mode, MODE_TRANSPORT);
		assert_true(a->udp_encap && b->udp_encap);
		/* what the peer's checksums were made with: his view of both */
		assert_int_equal(ipaddr_to_v4(&a->oa_src), A(192, 0, 2, 2));
		assert_int_equal(ipaddr_to_v4(&a->oa_dst), A(198, 51, 100, 1));
		assert_int_equal(ipaddr_to_v4(&b->oa_src), A(192, 0, 2, 1));
		assert_int_equal(ipaddr_to_v4(&b->oa_dst), A(192, 0, 2, 2));
		/* and each end's selectors are its own ACL's */
		assert_int_equal(ipaddr_to_v4(&a->sel.local.addr), A(192, 0, 2, 1));
		assert_int_equal(ipaddr_to_v4(&b->sel.remote.addr), A(198, 51, 100, 1));
		assert_int_equal(b->sel.proto, 6);
	}
}

static void the_far_side_may_begin_transport_mode(void **state)
{
	(void)state;
	host_to_host(false);
	ike_clear_ipsec(sim.side[0].ike, sim.now_ms, NULL, NULL, 0);
	sim_run(500);
	assert_int_equal(sim.side[1].n_sa, 0);
	sim_acquire(1, 1);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
	assert_int_equal(sim.side[1].n_sa, 2);
	assert_int_equal(sim_sa(0, SA_IN)->mode, MODE_TRANSPORT);
	assert_int_equal(ipaddr_to_v4(&sim_sa(0, SA_IN)->oa_dst), A(198, 51, 100, 1));
	assert_int_equal(ipaddr_to_v4(&sim_sa(1, SA_IN)->oa_src), A(192, 0, 2, 1));
}

/* Asked for between hosts of which one is no end of ours, by name or by NAT-OA. */
static void transport_mode_between_others_is_refused(void **state)
{
	(void)state;
	sim.side[0].p2[0].local = v4(192, 0, 2, 1);
	sim_nat(10500, 14500);
	for (int s = 0; s < 2; s++) {
		sim.side[s].p2[0].transforms[0].mode = MODE_TRANSPORT;
		sim.side[s].cfg.n_p2 = 1;
	}
	sim.side[0].p2[0].sel.local = (struct addr_match){ .addr = v4(10, 1, 1, 1) };
	sim.side[0].p2[0].sel.remote = (struct addr_match){ .addr = v4(192, 0, 2, 2) };
	sim.side[1].p2[0].sel.local = (struct addr_match){ .addr = v4(192, 0, 2, 2) };
	sim.side[1].p2[0].sel.remote = (struct addr_match){ .addr = v4(198, 51, 100, 1) };
	sim_configure(0);
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(1000);
	assert_int_equal(sim.side[1].n_sa, 0);
	assert_int_equal(sim_state(1), IKE_QM_IDLE);
	assert_non_null(strstr(sim.side[1].log, "no crypto map entry"));
}

/* ---- switched off ---- */

static void a_nat_in_the_way_is_named_where_nobody_looks_for_it(void **state)
{
	(void)state;
	for (int off = 0; off < 3; off++) { /* side 0, side 1, both */
		sim_again();
		sim.side[0].cfg.nat_traversal = off == 1;
		sim.side[1].cfg.nat_traversal = off == 0;
		sim_configure(0);
		sim_configure(1);
		sim_nat(10500, 14500);
		sim_acquire(0, 1);
		sim_run(500);
		assert_int_equal(sim_state(1), IKE_QM_IDLE);
		assert_false(sim_sa(1, SA_OUT)->udp_encap);
		assert_non_null(strstr(sim.side[1].log, "CULVERT-4-NAT_IN_THE_WAY"));
		assert_non_null(strstr(sim.side[1].log, "calls itself 192.0.2.1"));
		if (off)
			assert_non_null(strstr(sim.side[1].log, "nat-transparency udp-encapsulation"));
		sim_again();
		sim.side[0].cfg.nat_traversal = sim.side[1].cfg.nat_traversal = false;
		sim_configure(0);
		sim_configure(1);
		sim_acquire(0, 1);
		sim_run(500);
		assert_int_equal(sim.side[1].logs, 0); /* and there is none */
	}
}

/* ---- fragments ---- */

static void fragmentation(bool on)
{
	for (int s = 0; s < 2; s++) {
		sim.side[s].cfg.fragmentation = on;
		sim_configure(s);
	}
}

/* Fragment `n` (from 1) of a message, of `size` bytes each. */
static struct datagram fragment(const struct datagram *d, unsigned n, size_t size, uint16_t id)
{
	struct datagram f = { .to = d->to, .path = d->path };
	size_t at = (n - 1) * size, len = d->len - at < size ? d->len - at : size;

	memcpy(f.b, d->b, 28);
	f.b[16] = 132;
	f.b[19] = 0;
	memset(f.b + 20, 0, 4);
	f.len = 28 + 8 + len;
	f.b[26] = (uint8_t)(f.len >> 8);
	f.b[27] = (uint8_t)f.len;
	memset(f.b + 28, 0, 8);
	f.b[30] = (uint8_t)((8 + len) >> 8);
	f.b[31] = (uint8_t)(8 + len);
	f.b[32] = (uint8_t)(id >> 8);
	f.b[33] = (uint8_t)id;
	f.b[34] = (uint8_t)n;
	f.b[35] = at + len == d->len;
	memcpy(f.b + 36, d->b + at, len);
	return f;
}

enum order { FORWARDS, BACKWARDS, TWICE, N_ORDERS };

static void give_in_pieces(const struct datagram *d, size_t size, enum order o)
{
	unsigned n = (unsigned)((d->len + size - 1) / size);

	for (unsigned i = 0; i < n; i++) {
		struct datagram f = fragment(d, o == BACKWARDS ? n - i : i + 1, size, 1);

		give(&f);
		if (o == TWICE)
			give(&f);
	}
}

/* In each exchange, all under one message id, as strongSwan numbers them. */
static void every_message_may_come_in_fragments(void **state)
{
	static const size_t sizes[] = { 40, 100, 548 };

	(void)state;
	for (int aggressive = 0; aggressive < 2; aggressive++)
		for (size_t z = 0; z < 3; z++)
			for (enum order o = 0; o < N_ORDERS; o++) {
				sim_again();
				fragmentation(true);
				sim_nat(10500, 14500);
				for (int s = 0; s < 2; s++) {
					sim.side[s].cfg.aggressive = aggressive;
					sim.side[s].cfg.identity = IDENTITY_ADDRESS;
					sim_configure(s);
				}
				if (aggressive) {
					sim.side[0].cfg.n_ag = 1;
					sim.side[0].ag[0].id_kind = AG_IPV4;
					sim.side[0].ag[0].id[0] = '\0';
					sim.side[0].ag[0].id_addr = v4(198, 51, 100, 1);
					sim_configure(0);
				}
				sim_acquire(0, 1);
				for (unsigned n = 0; n < 20; n++) {
					sim_drain(0);
					sim_drain(1);
					if (!sim.n_wire)
						sim_run(60);
					sim_drain(0);
					if (!sim.n_wire)
						break;
					struct datagram d = take();
					give_in_pieces(&d, sizes[z], o);
				}
				sim_run(100);
				assert_int_equal(sim.side[0].n_sa, 2);
				sim_assert_twins();
				assert_int_equal(sim.side[0].sent_aggressive != 0, aggressive);
			}
}

static void without_the_command_fragments_are_nothing(void **state)
{
	(void)state;
	sim_acquire(0, 1);
	struct datagram d = take();
	assert_null(memmem(d.b, d.len, "\x40\x48\xb7\xd5", 4));
	give_in_pieces(&d, 100, FORWARDS);
	sim_drain(1);
	assert_int_equal(sim.n_wire, 0);
	fragmentation(true);
	give_in_pieces(&d, 100, FORWARDS);
	sim_drain(1);
	assert_int_equal(sim.n_wire, 1);
}

/* Strangers without a key get no slot, fragments in fragments and other cookies inside are
 * refused, and none of it is answered. */
static void hostile_fragments_get_no_answer(void **state)
{
	(void)state;
	fragmentation(true);
	sim_acquire(0, 1);
	struct datagram d = take(), s = d;
	unsigned long before = sim.side[1].sent_bytes;
	s.path.remote = v4(192, 0, 2, 99);
	give_in_pieces(&s, 100, FORWARDS);
	struct datagram twice = fragment(&d, 1, d.len, 1);
	give_in_pieces(&twice, 100, FORWARDS);
	struct datagram f = fragment(&d, 1, d.len, 1);
	f.b[36] ^= 1; /* the message says that it is another one's */
	give(&f);
	f = fragment(&d, 1, d.len, 1);
	for (size_t cut = 28; cut < 36 + 28; cut++) { /* every length, said truly */
		struct datagram c = f;

		c.len = cut;
		c.b[26] = (uint8_t)(cut >> 8);
		c.b[27] = (uint8_t)cut;
		give(&c);
		c.b[30] = 0;
		c.b[31] = (uint8_t)(cut - 28);
		give(&c);
	}
	sim_drain(1);
	assert_int_equal(sim.side[1].sent_bytes, before);
	assert_int_equal(sim_count_sas(1, IKE_MM_SA_SETUP), 0);
	give(&d); /* and the true one finds all in order */
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
}

/* Between the fragments of a message somebody puts one of his own. */
static void a_message_survives_what_is_put_between_if_it_is_sent_again(void **state)
{
	(void)state;
	fragmentation(true);
	sim_acquire(0, 1);
	struct datagram d = take();
	unsigned n = (unsigned)((d.len + 99) / 100);
	for (unsigned i = 1; i <= n; i++) {
		struct datagram f = fragment(&d, i, 100, 1);

		give(&f);
		if (i == 2) {
			f.b[40] ^= 0xff;
			give(&f);
		}
	}
	sim_drain(1);
	assert_int_equal(sim.n_wire, 0);
	give_in_pieces(&d, 100, FORWARDS);
	sim_run(500);
	assert_int_equal(sim.side[0].n_sa, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(hashes_are_told_as_ios_tells_them),
		SIM_TEST(draft_02_is_known_in_its_plain_spelling),
		SIM_TEST(the_best_way_that_both_know_is_taken),
		SIM_TEST(an_authentic_message_from_elsewhere_moves_phase_1_and_its_sas),
		SIM_TEST(esp_from_elsewhere_moves_phase_1_too),
		SIM_TEST(a_moved_pair_is_taken_over_and_renewed),
		SIM_TEST(forged_and_repeated_messages_move_nobody),
		SIM_TEST(a_peer_without_nat_does_not_move),
		SIM_TEST(keepalives_are_for_idle_times_only),
		SIM_TEST(one_keepalive_serves_all_sas_with_a_peer),
		SIM_TEST(transport_mode_is_agreed_by_original_addresses),
		SIM_TEST(the_far_side_may_begin_transport_mode),
		SIM_TEST(transport_mode_between_others_is_refused),
		SIM_TEST(a_nat_in_the_way_is_named_where_nobody_looks_for_it),
		SIM_TEST(every_message_may_come_in_fragments),
		SIM_TEST(without_the_command_fragments_are_nothing),
		SIM_TEST(hostile_fragments_get_no_answer),
		SIM_TEST(a_message_survives_what_is_put_between_if_it_is_sent_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
