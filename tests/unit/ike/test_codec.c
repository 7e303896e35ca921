/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ike/codec.h"
#include "model/policy.h"

static const struct ike_header head = { .i_cookie = "initiat", .r_cookie = "respond",
					.exchange = EX_MAIN, .msgid = 0x01020304 };

/* One payload of every type, bodies of growing length. */
static struct span every_payload(struct ike_builder *b)
{
	static const uint8_t types[] = {
#define X(n, name) n,
		IKE_PAYLOADS(X)
#undef X
	};
	static const uint8_t bytes[32] = { 1, 2, 3, 4, 5 };

	ike_build_start(b, &head);
	for (size_t i = 0; i < sizeof(types); i++)
		ike_build_payload(b, types[i], span_of(bytes, i));
	return ike_build_done(b);
}

static bool decode(struct span d, struct ike_header *h, struct ike_payloads *pl)
{
	struct rd r = rd_span(d);

	return ike_header_decode(&r, h) &&
	       ike_payloads_decode(h->next, span_of(d.p + IKE_HEADER, d.len - IKE_HEADER), pl);
}

static void what_is_built_is_read_back(void **state)
{
	struct ike_builder b;
	struct span d = every_payload(&b);
	struct ike_payloads pl;
	struct ike_header h;
	size_t i = 0;

	(void)state;
	assert_true(decode(d, &h, &pl));
	assert_memory_equal(h.i_cookie, head.i_cookie, 8);
	assert_memory_equal(h.r_cookie, head.r_cookie, 8);
	assert_int_equal(h.exchange, EX_MAIN);
	assert_int_equal(h.msgid, 0x01020304);
	assert_int_equal(h.len, d.len);
	assert_int_equal(pl.used, d.len - IKE_HEADER);
#define X(n, name)                                                              \
	assert_int_equal(pl.v[i].type, n);                                      \
	assert_int_equal(pl.v[i].body.len, i);                                  \
	assert_int_equal(pl.v[i].whole.len, i + 4);                             \
	assert_string_equal(ike_payload_name(n), #name);                        \
	assert_ptr_equal(ike_payload_find(&pl, n, 0), &pl.v[i]);                \
	assert_null(ike_payload_find(&pl, n, 1));                               \
	i++;
	IKE_PAYLOADS(X)
#undef X
	assert_int_equal(pl.n, i);
	assert_string_equal(ike_payload_name(99), "unknown");
}

/* From an exactly sized heap block, so that a sanitizer sees one byte too many. */
static void every_truncation_is_refused(void **state)
{
	struct ike_builder b;
	struct span d = every_payload(&b);

	(void)state;
	for (size_t n = 0; n < d.len; n++) {
		uint8_t *heap = malloc(n ? n : 1);
		struct ike_payloads pl;
		struct ike_header h;

		memcpy(heap, d.p, n);
		assert_false(decode(span_of(heap, n), &h, &pl)); /* the length field is wrong */
		if (n >= IKE_HEADER) {
			heap[26] = (uint8_t)(n >> 8); /* and now it is right */
			heap[27] = (uint8_t)n;
			assert_false(decode(span_of(heap, n), &h, &pl));
		}
		free(heap);
	}
}

static void headers_that_lie_are_refused(void **state)
{
	struct ike_builder b;
	struct span d = every_payload(&b);
	struct ike_payloads pl;
	struct ike_header h;

	(void)state;
	b.buf[17] = 0x20; /* version 2 is not ours */
	assert_false(decode(d, &h, &pl));
	b.buf[17] = 0x11; /* another minor version is read */
	assert_true(decode(d, &h, &pl));
	b.buf[27]++;
	assert_false(decode(d, &h, &pl));
	b.buf[27]--;
	b.buf[IKE_HEADER + 1] = 1; /* a reserved byte */
	assert_false(decode(d, &h, &pl));
	b.buf[IKE_HEADER + 1] = 0;
	b.buf[IKE_HEADER + 3] = 3; /* shorter than its own header */
	assert_false(decode(d, &h, &pl));
}

static void payloads_are_counted_before_there_are_too_many(void **state)
{
	struct ike_builder b;
	struct ike_payloads pl;
	struct ike_header h;

	(void)state;
	for (size_t n = IKE_MAX_PAYLOADS; n <= IKE_MAX_PAYLOADS + 1; n++) {
		ike_build_start(&b, &head);
		for (size_t i = 0; i < n; i++)
			ike_build_payload(&b, PL_VID, span_of("x", 1));
		assert_int_equal(decode(ike_build_done(&b), &h, &pl), n == IKE_MAX_PAYLOADS);
	}
}

static void message_that_does_not_fit_comes_out_empty(void **state)
{
	static uint8_t big[IKE_MAX_MESSAGE];
	struct ike_builder b;

	(void)state;
	ike_build_start(&b, &head);
	ike_build_payload(&b, PL_VID, span_of(big, IKE_MAX_MESSAGE - IKE_HEADER - 4));
	assert_int_equal(ike_build_done(&b).len, IKE_MAX_MESSAGE);
	ike_build_payload(&b, PL_VID, span_of(big, 1));
	ike_build_payload(&b, PL_VID, span_of(big, 1));
	assert_int_equal(ike_build_done(&b).len, 0);
}

static void attributes_keep_their_two_forms(void **state)
{
	static const struct {
		uint32_t value;
		size_t len;
	} rows[] = { { 0, 4 }, { 3600, 4 }, { 65535, 4 }, { 65536, 8 }, { 86400, 8 }, { UINT32_MAX, 8 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t buf[8];
		struct wr w = wr_of(buf, sizeof(buf));
		struct ike_attr a;

		ike_attr_number(&w, 12, rows[i].value);
		assert_int_equal(wr_len(&w), rows[i].len);
		for (size_t n = 0; n <= rows[i].len; n++) {
			struct rd r = rd_of(buf, n);

			assert_int_equal(ike_attr_next(&r, &a), n == rows[i].len);
			assert_int_equal(r.bad, n > 0 && n < rows[i].len);
		}
		assert_int_equal(a.type, 12);
		assert_int_equal(a.value, rows[i].value);
	}
}

static void long_numbers_are_large_and_not_wrapped(void **state)
{
	static const uint8_t eight[] = { 0, 12, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0 };
	struct rd r = rd_of(eight, sizeof(eight));
	struct ike_attr a;

	(void)state;
	assert_true(ike_attr_next(&r, &a));
	assert_int_equal(a.value, UINT32_MAX);
	static const uint8_t small[] = { 0, 12, 0, 8, 0, 0, 0, 0, 0, 0, 14, 16 };
	r = rd_of(small, sizeof(small));
	assert_true(ike_attr_next(&r, &a));
	assert_int_equal(a.value, 3600);
}

static void one_proposal_with_one_transform_is_an_answer(void **state)
{
	(void)state;
	for (unsigned props = 0; props < 3; props++)
		for (unsigned trans = 0; trans < 3; trans++) {
			uint8_t buf[256];
			struct wr w = wr_of(buf, sizeof(buf));

			ike_sa_begin(&w);
			for (unsigned p = 0; p < props; p++) {
				size_t at = ike_sub_begin(&w, p + 1 < props ? PL_PROPOSAL : PL_NONE);
				wr_be32(&w, 0x01010000 + trans); /* number, ISAKMP, no SPI */
				for (unsigned t = 0; t < trans; t++) {
					size_t tr = ike_sub_begin(&w, PL_NONE);
					wr_be32(&w, 0x01010000);
					ike_sub_end(&w, tr);
				}
				ike_sub_end(&w, at);
			}
			assert_int_equal(ike_sa_is_single(wr_done(&w)), props == 1 && trans == 1);
		}
}

static void notify_delete_and_id_read_their_fields(void **state)
{
	static const uint8_t notify[] = { 0, 0, 0, 1, 3, 4, 0, 14, 9, 8, 7, 6, 5 };
	static const uint8_t del[] = { 0, 0, 0, 1, 3, 4, 0, 2, 1, 1, 1, 1, 2, 2, 2, 2 };
	static const uint8_t id[] = { 4, 47, 1, 2, 10, 0, 0, 0, 255, 0, 0, 0 };
	struct ike_notify n;
	struct ike_delete d;
	struct ike_id i;

	(void)state;
	assert_true(ike_notify_decode(span_of(notify, sizeof(notify)), &n));
	assert_int_equal(n.type, NT_NO_PROPOSAL_CHOSEN);
	assert_string_equal(ike_notify_name(n.type), "NO_PROPOSAL_CHOSEN");
	assert_int_equal(n.proto, 3);
	assert_true(span_equal(n.spi, span_of(notify + 8, 4)));
	assert_true(span_equal(n.data, span_of(notify + 12, 1)));
	for (size_t k = 0; k < 12; k++)
		assert_false(ike_notify_decode(span_of(notify, k), &n));

	assert_true(ike_delete_decode(span_of(del, sizeof(del)), &d));
	assert_int_equal(d.n_spis, 2);
	assert_int_equal(d.spis.len, 8);
	for (size_t k = 0; k < sizeof(del); k++)
		assert_false(ike_delete_decode(span_of(del, k), &d));

	assert_true(ike_id_decode(span_of(id, sizeof(id)), &i));
	assert_int_equal(i.type, ID_IPV4_SUBNET);
	assert_int_equal(i.proto, 47);
	assert_int_equal(i.port, 0x0102);
	assert_int_equal(i.data.len, 8);
	for (size_t k = 0; k < 4; k++)
		assert_false(ike_id_decode(span_of(id, k), &i));
}

static void delete_whose_count_lies_is_refused(void **state)
{
	uint8_t del[] = { 0, 0, 0, 1, 3, 4, 0xff, 0xff, 1, 1, 1, 1 };
	struct ike_delete d;

	(void)state;
	assert_false(ike_delete_decode(span_of(del, sizeof(del)), &d));
	del[5] = 0; /* SPIs of no length, 65535 of them */
	assert_false(ike_delete_decode(span_of(del, sizeof(del)), &d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_built_is_read_back),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(headers_that_lie_are_refused),
		cmocka_unit_test(payloads_are_counted_before_there_are_too_many),
		cmocka_unit_test(message_that_does_not_fit_comes_out_empty),
		cmocka_unit_test(attributes_keep_their_two_forms),
		cmocka_unit_test(long_numbers_are_large_and_not_wrapped),
		cmocka_unit_test(one_proposal_with_one_transform_is_an_answer),
		cmocka_unit_test(notify_delete_and_id_read_their_fields),
		cmocka_unit_test(delete_whose_count_lies_is_refused),
	};
	return cmocka_run_group_tests_name("ike_codec", tests, NULL, NULL);
}
