/* SPDX-License-Identifier: Apache-2.0 */
/* Main mode with RSA signatures between two cores. Side 0 is R1 by its address, side 1 R1
 * by its distinguished name (one key serves both: tests/vectors/pki). */
#include "pki/pki_vectors.h"

#include "sim.h"

static struct pki *pki;
static struct pki_key *key;
static struct pki_cert *peer_cert;
static struct span root, crl, own[2][2];
static int64_t now_sec;
static bool with_crl, spoil_signature;
static unsigned verified, signed_;

static int sign(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	int err = pki_ike_sign(pki, key, hash, sig, ret_len);

	(void)ctx;
	signed_++;
	if (!err && spoil_signature)
		sig[*ret_len / 2] ^= 1;
	return err;
}

static int verify(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX])
{
	struct pki_check c = { .trustpoint = "TP", .chain = p->certs, .n_chain = p->n_certs,
			       .anchors = &root, .n_anchors = 1, .crls = &crl, .n_crls = with_crl,
			       .revocation = with_crl ? PKI_REVOCATION_CRL : PKI_REVOCATION_NONE,
			       .now_sec = now_sec, .id = { p->id_type, p->id } };
	struct pki_key *his = NULL;
	int err = p->key.len ? pki_key_from_der(pki, p->key, &his) : pki_verify(pki, &c, &his, why);

	(void)ctx;
	verified++;
	if (!err)
		err = pki_ike_verify(pki, his, p->hash, p->sig);
	pki_key_free(his);
	return err == -ENOKEY ? -EACCES : err;
}

/* That side speaks rsa-sig with these certificates. */
static void signs(int s, const char *cert, const char *ca)
{
	struct side *x = &sim.side[s];

	for (int i = 0; i < 2; i++) {
		vector_free(own[s][i]);
		own[s][i] = (struct span){ 0 };
	}
	own[s][0] = vector(cert);
	if (ca)
		own[s][1] = vector(ca);
	x->cfg.certs = own[s];
	x->cfg.n_certs = ca ? 2 : 1;
	x->cfg.dn = pki_cert_subject_der(peer_cert);
	x->cfg.cas = &x->cfg.dn; /* some name: who answers sends what he has */
	x->cfg.n_cas = 1;
	x->cfg.identity = s ? IDENTITY_DN : IDENTITY_ADDRESS;
	x->p1[0].auth = IKE_AUTH_RSA_SIG;
	sim_configure(s);
}

static void again(void)
{
	sim_again();
	verified = signed_ = 0;
	now_sec = NOW;
	with_crl = spoil_signature = false;
	signs(0, "peer.der", NULL);
	signs(1, "peer.der", NULL);
}

static void both_sign_and_are_believed(void **state)
{
	(void)state;
	for (int from = 0; from < 2; from++) {
		again();
		sim.side[0].cfg.n_psk = sim.side[1].cfg.n_psk = 0; /* no need of one */
		sim_configure(0);
		sim_configure(1);
		sim_acquire(from, 1);
		sim_run(3000);
		assert_int_equal(sim_state(0), IKE_QM_IDLE);
		assert_int_equal(sim_state(1), IKE_QM_IDLE);
		assert_int_equal(sim.side[0].n_sa, 2);
		sim_assert_twins();
		assert_int_equal(verified, 2);
		assert_int_equal(signed_, 2);
		struct ike_sa_info i;
		assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
		assert_int_equal(i.agreed.auth, IKE_AUTH_RSA_SIG);
		assert_string_equal(i.peer_id, "cn=R1,o=Culvert Test,c=CH");
		assert_true(ike_get_sa(sim.side[1].ike, sim.now_ms, 0, &i));
		assert_string_equal(i.peer_id, "192.0.2.1");
	}
}

static void an_intermediate_ca_comes_along(void **state)
{
	(void)state;
	again();
	signs(0, "peer-sub.der", "sub.der");
	sim_acquire(0, 1);
	sim_run(3000);
	assert_int_equal(sim_state(1), IKE_QM_IDLE);
	again();
	signs(0, "peer-sub.der", NULL);
	sim_acquire(0, 1);
	sim_run(500);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
	assert_non_null(strstr(sim.side[1].log, "does not lead to a CA of trustpoint TP"));
}

/* Only between those who have both announced it; and what is lost comes again. */
static void large_messages_travel_in_fragments_if_both_can(void **state)
{
	(void)state;
	for (int who = 0; who < 4; who++)
		for (unsigned drop = 0; drop <= 20; drop += 20) {
			bool cut = false, whole = false;

			again();
			signs(0, "peer-sub.der", "sub.der");
			signs(1, "peer-sub.der", "sub.der");
			sim.side[0].cfg.fragmentation = who & 1;
			sim.side[1].cfg.fragmentation = who >> 1;
			sim_configure(0);
			sim_configure(1);
			sim_acquire(0, 1);
			sim.drop_percent = drop;
			for (unsigned n = 0; n < 400 && sim_count_sas(0, IKE_QM_IDLE) == 0; n++) {
				sim_drain(0);
				sim_drain(1);
				for (size_t i = 0; i < sim.n_wire; i++) {
					cut |= sim.wire[i]->b[16] == 132;
					whole |= sim.wire[i]->len > 1248;
					if (who == 3)
						assert_true(sim.wire[i]->len <= 1248);
				}
				if (!sim_deliver_one())
					sim_run(1000);
			}
			sim.drop_percent = 0;
			sim_run(3000);
			assert_int_equal(sim_state(0), IKE_QM_IDLE);
			assert_int_equal(sim_state(1), IKE_QM_IDLE);
			assert_int_equal(cut, who == 3);
			if (!drop)
				assert_int_equal(whole, who != 3);
		}
}

static void each_refusal_says_field_and_rule(void **state)
{
	static const struct {
		const char *cert, *why;
		bool crl, spoil;
		uint8_t identity;
	} rows[] = {
		{ "expired.der", "expired: notAfter", false, false, IDENTITY_ADDRESS },
		{ "future.der", "notBefore", false, false, IDENTITY_ADDRESS },
		{ "foreign.der", "(RFC 5280 section 6.1.3", false, false, IDENTITY_ADDRESS },
		{ "revoked.der", "revoked: its serialNumber is in the CRL", true, false, IDENTITY_ADDRESS },
		{ "peer.der", "R9.example.com", false, false, IDENTITY_HOSTNAME },
		{ "enc-only.der", "keyUsage", false, false, IDENTITY_ADDRESS },
		{ "hash.bin", "certificate", false, false, IDENTITY_ADDRESS },
		{ "peer.der", "SIG payload: it is not the signature of HASH_", false, true, IDENTITY_ADDRESS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int from = 0; from < 2; from++) {
			again();
			signs(0, rows[i].cert, NULL);
			sim.side[0].cfg.identity = rows[i].identity;
			snprintf(sim.side[0].cfg.hostname, IOS_NAME_MAX, "R9.example.com");
			sim_configure(0);
			if (!strcmp(rows[i].cert, "enc-only.der"))
				now_sec = INT64_C(1893456000); /* 2030: it is younger */
			with_crl = rows[i].crl;
			spoil_signature = rows[i].spoil;
			sim_acquire(from, 1);
			sim_run(500);
			if (!strstr(sim.side[1].log, rows[i].why) && !strstr(sim.side[0].log, rows[i].why))
				fail_msg("row %zu from %d: \"%s\" \"%s\"", i, from, sim.side[0].log,
					 sim.side[1].log);
			sim_run(60000);
			assert_int_equal(sim_count_sas(0, IKE_QM_IDLE) + sim_count_sas(1, IKE_QM_IDLE), 0);
			assert_int_equal(sim.side[0].n_sa + sim.side[1].n_sa, 0);
			assert_true(verified >= 1 && verified <= 2);
		}
}

static void a_refusal_is_the_story_of_the_policy(void **state)
{
	(void)state;
	again();
	signs(1, "expired.der", NULL);
	sim_acquire(0, 1);
	sim_run(1000);
	assert_non_null(strstr(sim.side[0].reason, "expired: notAfter"));
	assert_non_null(strstr(ike_policy_story(sim.side[0].ike, 1), "expired: notAfter"));
}

static uint8_t agreed(int s)
{
	struct ike_sa_info i;

	return ike_get_sa(sim.side[s].ike, sim.now_ms, 0, &i) && i.state == IKE_QM_IDLE ? i.agreed.auth : 0;
}

static void two_policies(int s, uint8_t first, uint8_t second)
{
	struct side *x = &sim.side[s];

	x->p1[1] = x->p1[0];
	x->p1[0].auth = first;
	x->p1[1].auth = second;
	x->p1[1].priority = 20;
	x->cfg.n_p1 = 2;
	sim_configure(s);
}

static void mixed_policies_go_by_priority(void **state)
{
	(void)state;
	for (int own_first = 0; own_first < 2; own_first++) {
		again();
		two_policies(0, IKE_AUTH_PSK, IKE_AUTH_RSA_SIG);
		if (own_first)
			two_policies(1, IKE_AUTH_RSA_SIG, IKE_AUTH_PSK);
		else
			two_policies(1, IKE_AUTH_PSK, IKE_AUTH_RSA_SIG);
		sim_acquire(0, 1);
		sim_run(3000);
		assert_int_equal(agreed(0), own_first ? IKE_AUTH_RSA_SIG : IKE_AUTH_PSK);
	}
	again(); /* the responder has a key and no certificate */
	two_policies(0, IKE_AUTH_RSA_SIG, IKE_AUTH_PSK);
	two_policies(1, IKE_AUTH_RSA_SIG, IKE_AUTH_PSK);
	sim.side[1].cfg.n_certs = 0;
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(3000);
	assert_int_equal(agreed(1), IKE_AUTH_PSK);
	again(); /* no key with the peer: pre-share is not offered */
	two_policies(0, IKE_AUTH_PSK, IKE_AUTH_RSA_SIG);
	two_policies(1, IKE_AUTH_PSK, IKE_AUTH_RSA_SIG);
	sim.side[0].cfg.n_psk = 0;
	sim_configure(0);
	sim_acquire(0, 1);
	sim_run(3000);
	assert_int_equal(agreed(1), IKE_AUTH_RSA_SIG);
}

static void without_a_certificate_it_is_not_offered(void **state)
{
	(void)state;
	again();
	sim.side[0].cfg.n_certs = 0;
	sim_configure(0);
	sim_acquire(0, 1);
	sim_run(1000);
	assert_int_equal(sim.side[0].sent_main, 0);
	assert_int_equal(sim.side[0].failed, 1);
	sim_acquire(1, 1); /* nor taken */
	sim_run(60000);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
	assert_int_equal(verified + signed_, 0);
}

static void a_certificate_is_no_key_for_pre_share(void **state)
{
	(void)state;
	again();
	sim.side[0].p1[0].auth = IKE_AUTH_PSK;
	sim.side[0].cfg.n_psk = 0;
	sim_configure(0);
	sim_acquire(0, 1);
	sim_run(1000);
	assert_int_equal(sim.side[0].sent_main, 0);
	assert_non_null(strstr(sim.side[0].reason, "no pre-shared key with 192.0.2.2"));
}

static void lost_and_doubled_messages_are_judged_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		again();
		sim.rng += i;
		sim.drop_percent = 20;
		sim.dup_percent = 30;
		sim.reorder = true;
		sim_acquire(0, 1);
		sim_run(40000);
		assert_int_equal(sim_state(0), IKE_QM_IDLE);
		assert_true(verified == 2 && signed_ == 2);
		sim_assert_twins();
	}
}

static void the_certificate_goes_and_the_sa_goes(void **state)
{
	(void)state;
	again();
	sim_acquire(0, 1);
	sim_run(3000);
	assert_int_equal(sim_state(0), IKE_QM_IDLE);
	sim.side[0].cfg.n_certs = 0;
	sim_configure(0);
	sim_drain(0);
	sim_run(1000);
	assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), 0);
}

static void strangers_get_no_answer(void **state)
{
	(void)state;
	again();
	sim.side[1].cfg.n_psk = sim.side[0].cfg.n_psk = 0;
	sim_configure(0);
	sim.side[1].p2[0].peers[0] = ipaddr_v4(A(203, 0, 113, 7));
	for (size_t i = 0; i < sim.side[1].cfg.n_p2; i++)
		sim.side[1].p2[i].peers[0] = ipaddr_v4(A(203, 0, 113, 7));
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(60000);
	assert_int_equal(sim.side[1].sent_main + sim.side[1].sent_info, 0);
	assert_int_equal(verified + signed_, 0);
}

/* Whoever asks without certificate requests of his own gets as many as fit. */
static void no_answer_outgrows_its_request(void **state)
{
	struct span many[8];

	(void)state;
	again();
	for (size_t i = 0; i < 8; i++)
		many[i] = sim.side[1].cfg.dn;
	for (size_t n = 0; n <= 8; n += 4) {
		again();
		sim.side[0].cfg.n_cas = 0; /* asks for any: 5 bytes */
		sim.side[1].cfg.cas = many;
		sim.side[1].cfg.n_cas = n;
		sim_configure(0);
		sim_configure(1);
		sim_acquire(0, 1);
		size_t len[4];
		for (size_t i = 0; i < 4; i++) {
			sim_drain(0);
			sim_drain(1);
			assert_int_equal(sim.n_wire, 1);
			len[i] = sim.wire[0]->len;
			assert_true(sim_deliver_one());
		}
		assert_true(len[1] <= len[0] && len[3] <= len[2]);
		sim_run(3000);
		assert_int_equal(sim_state(1), IKE_QM_IDLE);
	}
}

static void a_damaged_message_costs_no_signature(void **state)
{
	(void)state;
	again();
	sim_acquire(0, 1);
	sim_drain(0);
	for (int i = 0; i < 4; i++)
		assert_true(sim_deliver_one());
	sim_drain(0);
	assert_int_equal(sim.n_wire, 1); /* MM5 */
	struct datagram bad = *sim.wire[0];
	bad.b[28 + 3] ^= 0x40; /* its first block: the ID payload's header becomes noise */
	sim_feed(1, &bad.path, bad.b, bad.len);
	assert_int_equal(verified, 0);
	sim_run(3000); /* the true one still counts */
	assert_int_equal(sim_state(1), IKE_QM_IDLE);
	assert_int_equal(verified, 2);
}

/* ---- keys typed in ---- */

static void keys_that_were_typed_in_serve_without_certificates(void **state)
{
	static const struct {
		bool wrong;
		uint8_t use;
		bool opens, up, trust;
	} rows[] = {
		{ false, RSA_USE_SIGNATURE, false, true, false }, { false, RSA_USE_ANY, false, true, false },
		{ true, RSA_USE_SIGNATURE, false, false, false }, /* another's key */
		{ false, RSA_USE_ENCRYPTION, false, false, false },
		{ false, RSA_USE_ANY, true, false, false }, /* it is the one that encrypts */
		{ false, RSA_USE_SIGNATURE, true, true, false },
		{ false, RSA_USE_SIGNATURE, false, false, true }, /* of a profile that wants a certificate */
	};
	struct ike_profile profile = { .name = "P", .n_matches = 1, .n_trust = 1, .trust = { "TP" },
				       .matches = { { .kind = MATCH_ADDRESS, .addr = ipaddr_v4(0) } } };
	struct pki_key *other = NULL;
	struct txt der[2] = { TXT_INIT, TXT_INIT };

	(void)state;
	assert_int_equal(pki_key_generate(pki, 1024, &other), 0);
	assert_int_equal(pki_key_public_der(key, &der[0]), 0);
	assert_int_equal(pki_key_public_der(other, &der[1]), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rsa_peer peers[2];

		again();
		for (int s = 0; s < 2; s++) {
			const struct txt *t = &der[s && rows[i].wrong];

			peers[s] = (struct rsa_peer){ .addr = ipaddr_v4(A(192, 0, 2, 2 - s)), .use = rows[i].use,
						      .key = span_of(t->s, t->len) };
			sim.side[s].cfg.rsa_peers = &peers[s];
			sim.side[s].cfg.n_rsa_peers = 1;
			sim.side[s].cfg.opens = rows[i].opens;
			sim.side[s].cfg.n_certs = sim.side[s].cfg.n_psk = 0;
			sim.side[s].cfg.bare_signs = true;
			sim.side[s].cfg.profiles = &profile;
			sim.side[s].cfg.n_profiles = rows[i].trust;
			sim.side[s].cfg.identity = IDENTITY_ADDRESS;
			sim_configure(s);
		}
		sim_acquire(0, 1);
		sim_run(3000);
		assert_int_equal(sim_count_sas(1, IKE_QM_IDLE), rows[i].up);
		if (rows[i].wrong)
			assert_int_equal(verified, 1); /* judged once, and no signature of that key */
	}
	pki_key_free(other);
	txt_fini(&der[0]);
	txt_fini(&der[1]);
}

/* Side 1 is known by its distinguished name: no statement on an identity is for that. */
static void a_name_in_a_certificate_is_matched_by_a_certificate_map(void **state)
{
	const struct ike_profile profile = { .name = "P", .n_matches = 1,
					     .matches = { { .kind = MATCH_HOST, .name = "hub.example" } } };

	(void)state;
	for (int from = 0; from < 2; from++) {
		again();
		sim.side[0].cfg.profiles = &profile;
		sim.side[0].cfg.n_profiles = 1;
		snprintf(sim.side[0].p2[0].profile, IOS_NAME_MAX, "P");
		sim_configure(0);
		sim_acquire(from, 1);
		sim_run(3000);
		assert_int_equal(sim.side[0].n_sa, 0);
		if (!strstr(sim.side[0].log, "the peer's identity cn=R1,o=Culvert Test,c=CH") ||
		    !strstr(sim.side[0].log, "(to type in it: match certificate MAP)"))
			fail_msg("from side %d: %s", from, sim.side[0].log);
	}
}

/* ---- aggressive mode (RFC 2409 section 5.1) ---- */

static void aggressive(int s)
{
	sim.side[0].cfg.aggressive = sim.side[1].cfg.aggressive = true;
	sim.side[s].cfg.n_ag = 1;
	sim.side[s].ag[0].id_kind = AG_IPV4;
	sim.side[s].ag[0].id[0] = '\0';
	sim.side[s].ag[0].id_addr = ipaddr_v4(A(192, 0, 2, 1)); /* what the certificate says */
	sim_configure(0);
	sim_configure(1);
}

static void aggressive_mode_proves_both(void **state)
{
	(void)state;
	for (int from = 0; from < 2; from++) {
		again();
		sim.side[0].cfg.n_psk = sim.side[1].cfg.n_psk = 0;
		aggressive(from);
		sim_acquire(from, 1);
		sim_run(3000);
		assert_int_equal(agreed(0), IKE_AUTH_RSA_SIG);
		assert_int_equal(agreed(1), IKE_AUTH_RSA_SIG);
		assert_int_equal(sim.side[from].sent_main, 0);
		assert_int_equal(sim.side[0].n_sa, 2);
		sim_assert_twins();
		assert_true(verified == 2 && signed_ == 2);
		struct ike_sa_info i; /* the responder says what is configured, the initiator what the peer entry does */
		assert_true(ike_get_sa(sim.side[0].ike, sim.now_ms, 0, &i));
		assert_string_equal(i.peer_id, from ? "192.0.2.1" : "cn=R1,o=Culvert Test,c=CH");
	}
	again(); /* it is off unless configured */
	aggressive(0);
	sim.side[1].cfg.aggressive = false;
	sim_configure(1);
	sim_acquire(0, 1);
	sim_run(60000);
	assert_int_equal(sim.side[1].sent_aggressive, 0);
	assert_int_equal(verified + signed_, 0);
}

static void aggressive_mode_refuses_with_field_and_rule(void **state)
{
	static const struct {
		const char *cert, *why;
		bool spoil;
	} rows[] = {
		{ "expired.der", "expired: notAfter", false },
		{ "foreign.der", "(RFC 5280 section 6.1.3", false },
		{ "peer.der", "SIG payload: it is not the signature of HASH_", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int from = 0; from < 2; from++) {
			again();
			signs(0, rows[i].cert, NULL);
			aggressive(from);
			spoil_signature = rows[i].spoil;
			bool seen = false;
			sim_acquire(from, 1);
			for (int n = 0; n < 40; n++) {
				sim_drain(0);
				sim_drain(1);
				for (int s = 0; s < 2; s++)
					seen |= strstr(sim.side[s].log, rows[i].why) ||
						strstr(sim.side[s].reason, rows[i].why);
				(void)sim_deliver_one();
			}
			if (!seen)
				fail_msg("row %zu from %d: \"%s\" \"%s\"", i, from, sim.side[0].log,
					 sim.side[1].log);
			if (from)
				assert_non_null(strstr(ike_policy_story(sim.side[1].ike, 1), rows[i].why));
			assert_int_equal(sim_pairs(0) + sim_pairs(1), 0);
		}
}

/* A key for the peer and policies of both methods: the responder's order decides. */
static void aggressive_mode_takes_either_method(void **state)
{
	(void)state;
	for (int own_first = 0; own_first < 2; own_first++) {
		again();
		two_policies(0, IKE_AUTH_PSK, IKE_AUTH_RSA_SIG);
		if (own_first)
			two_policies(1, IKE_AUTH_RSA_SIG, IKE_AUTH_PSK);
		else
			two_policies(1, IKE_AUTH_PSK, IKE_AUTH_RSA_SIG);
		aggressive(0);
		sim_acquire(0, 1);
		sim_run(3000);
		assert_int_equal(agreed(0), own_first ? IKE_AUTH_RSA_SIG : IKE_AUTH_PSK);
		assert_int_equal(sim.side[0].sent_main, 0);
	}
}

static void certificates_go_to_who_asks(void **state)
{
	size_t len[2];

	(void)state;
	for (int asks = 0; asks < 2; asks++) {
		again();
		aggressive(0);
		sim_acquire(0, 1);
		sim_drain(0);
		struct datagram first = *sim.wire[0];
		if (!asks) { /* its certificate request becomes a vendor id: private, and unknown */
			for (size_t at = 28, type = first.b[16]; type && at + 4 <= first.len;) {
				size_t next = first.b[at];

				if (next == 7)
					first.b[at] = 13;
				at += (size_t)first.b[at + 2] << 8 | first.b[at + 3];
				type = next;
			}
		}
		unsigned long before = sim.side[1].sent_bytes;
		sim_feed(1, &first.path, first.b, first.len);
		sim_drain(1);
		len[asks] = sim.side[1].sent_bytes - before;
		assert_int_equal(sim.side[1].sent_aggressive, 1);
	}
	assert_true(len[1] > len[0] + 300);
	assert_true(len[0] < 1000);
}

static void lost_messages_of_aggressive_mode_come_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		again();
		aggressive(0);
		sim.rng += i;
		sim.drop_percent = 20;
		sim.dup_percent = 30;
		sim.reorder = true;
		sim_acquire(0, 1);
		sim_run(60000);
		assert_int_equal(agreed(0), IKE_AUTH_RSA_SIG);
		sim_assert_twins();
	}
}

static int up(void **state)
{
	(void)state;
	pki = pki_new();
	if (!pki)
		return -1;
	key = vector_key(pki, "peer.key.pem", NULL);
	peer_cert = vector_cert(pki, "peer.der");
	root = vector("root.der");
	crl = vector("good.crl");
	sim_env.sign = sign;
	sim_env.verify = verify;
	return 0;
}

static int down(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		vector_free(own[i / 2][i % 2]);
	vector_free(root);
	vector_free(crl);
	pki_cert_free(peer_cert);
	pki_key_free(key);
	pki_free(pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(both_sign_and_are_believed),
		SIM_TEST(an_intermediate_ca_comes_along),
		SIM_TEST(large_messages_travel_in_fragments_if_both_can),
		SIM_TEST(each_refusal_says_field_and_rule),
		SIM_TEST(a_refusal_is_the_story_of_the_policy),
		SIM_TEST(mixed_policies_go_by_priority),
		SIM_TEST(without_a_certificate_it_is_not_offered),
		SIM_TEST(a_certificate_is_no_key_for_pre_share),
		SIM_TEST(lost_and_doubled_messages_are_judged_once),
		SIM_TEST(the_certificate_goes_and_the_sa_goes),
		SIM_TEST(strangers_get_no_answer),
		SIM_TEST(no_answer_outgrows_its_request),
		SIM_TEST(a_damaged_message_costs_no_signature),
		SIM_TEST(keys_that_were_typed_in_serve_without_certificates),
		SIM_TEST(a_name_in_a_certificate_is_matched_by_a_certificate_map),
		SIM_TEST(aggressive_mode_proves_both),
		SIM_TEST(aggressive_mode_refuses_with_field_and_rule),
		SIM_TEST(aggressive_mode_takes_either_method),
		SIM_TEST(certificates_go_to_who_asks),
		SIM_TEST(lost_messages_of_aggressive_mode_come_again),
	};

	return cmocka_run_group_tests(tests, up, down);
}
