/* SPDX-License-Identifier: Apache-2.0 */
/* What comes beside a peer's signature: bounded and passed on, or refused with a sentence
 * before anything is asked about keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ike/phase1.h"

static struct ike_proof seen;
static unsigned asked;
static int answer;

static void fill(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 7, n);
}

static int sign(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	(void)ctx;
	if (answer)
		return answer;
	memcpy(sig, hash.p, hash.len);
	*ret_len = hash.len;
	return 0;
}

static int verify(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX])
{
	(void)ctx;
	asked++;
	seen = *p;
	if (answer == -EACCES)
		memcpy(why, "a rule", 7);
	return answer;
}

static struct ike *k;
static struct ike_sa sa;
static uint8_t big[IKE_CERT_BYTES + 2];

static void add(struct ike_payloads *pl, uint8_t type, const uint8_t *p, size_t n)
{
	pl->v[pl->n++] = (struct ike_payload){ .type = type, .body = span_of(p, n) };
}

/* The last log line of a check that is refused. */
static const char *refusal(const struct ike_payloads *pl)
{
	static char text[IKE_WHY_MAX + 128];
	const struct ike_id id = { .type = ID_IPV4, .data = span_of("\xc0\x00\x02\x02", 4) };
	struct ike_action a;

	asked = 0;
	text[0] = '\0';
	int err = rsa_check(&sa, &id, pl, span_of("hash", 4));
	while (ike_next_action(k, &a))
		if (a.type == IKE_ACT_LOG)
			snprintf(text, sizeof(text), "%s: %s", a.mnemonic, a.text);
	if (err == -EPERM)
		assert_true(strlen(sa.story) > 0 && strstr(text, sa.story));
	assert_true(err == (text[0] ? -EPERM : 0));
	return text;
}

static void what_is_no_certificate_is_never_judged(void **state)
{
	static const uint8_t pkcs7[] = { 1, 0x30, 0 }, crl[] = { 7, 0x30, 0 }, none[1];
	struct ike_payloads pl = { 0 };

	(void)state;
	answer = 0;
	add(&pl, PL_SIG, (const uint8_t *)"sig", 3);
	assert_non_null(strstr(refusal(&pl), "no CERT payload with an X.509 certificate"));
	add(&pl, PL_CERT, pkcs7, sizeof(pkcs7));
	add(&pl, PL_CERT, crl, sizeof(crl));
	add(&pl, PL_CERT, none, 0);
	assert_non_null(strstr(refusal(&pl), "no CERT payload with an X.509 certificate"));
	assert_int_equal(asked, 0);
}

static void certificates_are_bounded(void **state)
{
	struct ike_payloads pl = { 0 };

	(void)state;
	answer = 0;
	big[0] = 4;
	add(&pl, PL_SIG, (const uint8_t *)"sig", 3);
	add(&pl, PL_CERT, big, IKE_CERT_BYTES + 1);
	assert_string_equal(refusal(&pl), "");
	assert_int_equal(seen.n_certs, 1);
	assert_int_equal(seen.certs[0].len, IKE_CERT_BYTES);
	pl.v[1].body.len++;
	assert_non_null(strstr(refusal(&pl), "of more than 8192 bytes"));
	assert_int_equal(asked, 0);
	pl.v[1].body.len = 10;
	while (pl.n < 1 + IKE_CERTS_MAX)
		add(&pl, PL_CERT, big, 10);
	assert_string_equal(refusal(&pl), "");
	assert_int_equal(seen.n_certs, IKE_CERTS_MAX);
	assert_int_equal(seen.id_type, ID_IPV4);
	assert_int_equal(seen.sig.len, 3);
	add(&pl, PL_CERT, big, 10);
	assert_non_null(strstr(refusal(&pl), "more than 8 certificates"));
	assert_int_equal(asked, 0);
}

static void the_answer_decides(void **state)
{
	static const uint8_t cert[] = { 4, 0x30, 0 };
	struct ike_payloads pl = { 0 };

	(void)state;
	add(&pl, PL_SIG, (const uint8_t *)"sig", 3);
	add(&pl, PL_CERT, cert, sizeof(cert));
	answer = -EACCES;
	assert_string_equal(refusal(&pl),
			    "CRYPTO-5-IKMP_INVAL_CERT: Certificate received from 192.0.2.2 is bad: a rule");
	answer = -EBADMSG;
	sa.initiator = true;
	assert_string_equal(refusal(&pl), "CRYPTO-6-IKMP_AUTH_FAIL: Authentication method rsa-sig failed with host "
					  "192.0.2.2: SIG payload: it is not the signature of HASH_R by the key in the "
					  "peer's certificate (RFC 2409 section 5.1)");
	sa.initiator = false;
	assert_non_null(strstr(refusal(&pl), "it is not the signature of HASH_I"));
	answer = 0;
	assert_string_equal(refusal(&pl), "");
}

static void ours_is_signed_and_sent_with_its_chain(void **state)
{
	const struct span certs[] = { span_of("own", 3), span_of("issuer", 6) };
	static const uint8_t want[] = { 6, 0, 0, 8, 4, 'o', 'w', 'n', 9, 0, 0, 11, 4, 'i', 's', 's', 'u', 'e', 'r',
					0, 0, 0, 8, 'h', 'a', 's', 'h' };
	const struct ike_header h = { .exchange = EX_MAIN };
	struct ike_config cfg = { .enabled = true, .certs = certs, .n_certs = 2 };
	struct ike_builder b;

	(void)state;
	assert_int_equal(ike_configure(k, &cfg, 1), 0);
	ike_build_start(&b, &h);
	answer = -ENOENT;
	assert_int_equal(rsa_add(&sa, &b, span_of("hash", 4)), -ENOKEY);
	answer = 0;
	assert_int_equal(rsa_add(&sa, &b, span_of("hash", 4)), 0);
	struct span d = ike_build_done(&b);
	assert_int_equal(d.len, IKE_HEADER + sizeof(want));
	assert_memory_equal(d.p + IKE_HEADER, want, sizeof(want));
	cfg.n_certs = 0;
	assert_int_equal(ike_configure(k, &cfg, 2), 0);
	ike_build_start(&b, &h);
	assert_int_equal(rsa_add(&sa, &b, span_of("hash", 4)), -ENOKEY);
}

static void names_are_asked_for_or_any(void **state)
{
	const struct span cas[] = { span_of("A", 1), span_of(big, 1000), span_of(big, 100) };
	static const uint8_t any[] = { 0, 0, 0, 5, 4 }, named[] = { 0, 0, 0, 6, 4, 'A' };
	const struct ike_header h = { .exchange = EX_MAIN };
	struct ike_config cfg = { .enabled = true, .cas = cas };
	struct ike_builder b;

	(void)state;
	for (size_t n = 0; n <= 3; n++)
		for (int brief = 0; brief < 2; brief++) {
			cfg.n_cas = n;
			assert_int_equal(ike_configure(k, &cfg, 3), 0);
			ike_build_start(&b, &h);
			rsa_ask(&sa, &b, brief);
			struct span d = ike_build_done(&b);
			struct span body = span_of(d.p + IKE_HEADER, d.len - IKE_HEADER);
			if (!n || n == 3 || brief)
				assert_true(span_equal(body, span_of(any, sizeof(any))));
			else if (n == 1)
				assert_true(span_equal(body, span_of(named, sizeof(named))));
			else
				assert_int_equal(body.len, 6 + 1005);
		}
}

static int up(void **state)
{
	const struct ike_env env = { .random = fill, .sign = sign, .verify = verify };

	(void)state;
	k = ike_new(&env);
	sa.k = k;
	sa.path.remote = ipaddr_v4(0xc0000202);
	return k ? 0 : -1;
}

static int down(void **state)
{
	(void)state;
	ike_free(k);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_certificate_is_never_judged),
		cmocka_unit_test(certificates_are_bounded),
		cmocka_unit_test(the_answer_decides),
		cmocka_unit_test(ours_is_signed_and_sent_with_its_chain),
		cmocka_unit_test(names_are_asked_for_or_any),
	};

	return cmocka_run_group_tests(tests, up, down);
}
