/* SPDX-License-Identifier: Apache-2.0 */
/* With an index show commands say what they say without one, and thousands of SAs take
 * no longer by the SA. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "commands/commands.h"
#include "commands/load.h"
#include "control/show_index.h"
#include "control/show_json.h"
#include "control/show_parts.h"
#include "show_fixture.h"

static void an_index_changes_no_word(void **state)
{
	(void)state;
	for (const struct fixture_case *c = fixture_cases; c->router; c++) {
		struct txt with = TXT_INIT, without = TXT_INIT;
		struct show_in *in = fixture(c->router);
		struct show_index *x;
		int err;

		assert_non_null(in);
		err = fixture_type(in, c->command, &without);
		x = show_index_new(in);
		assert_non_null(x);
		in->index = x;
		assert_int_equal(fixture_type(in, c->command, &with), err);
		assert_string_equal(txt_cstr(&with), txt_cstr(&without));
		show_index_free(x);
		txt_fini(&with);
		txt_fini(&without);
		fixture_free(in);
	}
}

/* A router with n peers, each with a policy, a pair and an ISAKMP SA. */
struct crowd {
	struct show_in in;
	struct p2_policy *p2;
	struct ike_pair_info *pairs;
	struct ike_sa_info *sas;
	struct fwd_sa_stats *stats;
	struct if_snapshot ifs[1];
};

static void crowd_make(struct crowd *c, const struct config *config, uint32_t n)
{
	*c = (struct crowd){ .p2 = calloc(n, sizeof(*c->p2)), .pairs = calloc(n, sizeof(*c->pairs)),
			     .sas = calloc(n, sizeof(*c->sas)), .stats = calloc(2 * n, sizeof(*c->stats)) };
	assert_true(c->p2 && c->pairs && c->sas && c->stats);
	strcpy(c->ifs[0].name, "FastEthernet0/1");
	c->ifs[0].ifindex = 4;
	for (uint32_t i = 0; i < n; i++) {
		struct ipaddr peer = ipaddr_v4(0x0a000000 + i);
		uint32_t id = (i * 7919 + 13) % n + 1; /* in no order */

		c->p2[i] = (struct p2_policy){ .id = i + 1, .ifid = 4, .map = "M", .seq = i, .n_peers = 1,
					       .peers = { peer }, .local = ipaddr_v4(1) };
		c->pairs[i] = (struct ike_pair_info){ .pair_id = i, .policy_id = id, .in_id = 2 * id, .out_id = 2 * id + 1,
						      .current = true };
		c->pairs[i].in = (struct sa_spec){ .id = 2 * id, .spi = i + 256, .dir = SA_IN, .proto = PROTO_ESP,
						   .policy_id = id, .src = ipaddr_v4(0x0a000000 + id - 1) };
		c->pairs[i].out = (struct sa_spec){ .id = 2 * id + 1, .spi = i + 256, .dir = SA_OUT, .proto = PROTO_ESP,
						    .policy_id = id, .dst = ipaddr_v4(0x0a000000 + id - 1) };
		c->sas[i] = (struct ike_sa_info){ .local = ipaddr_v4(1), .remote = peer, .peer = peer,
						  .state = IKE_QM_IDLE };
		c->stats[2 * i] = (struct fwd_sa_stats){ .sa_id = 2 * id, .packets = 1 };
		c->stats[2 * i + 1] = (struct fwd_sa_stats){ .sa_id = 2 * id + 1, .packets = 1 };
	}
	c->in = (struct show_in){ .config = config, .p2 = c->p2, .n_p2 = n, .pairs = c->pairs, .n_pairs = n,
				  .sas = c->sas, .n_sas = n, .sa_stats = c->stats, .n_sa_stats = 2 * n,
				  .ifs = c->ifs, .n_ifs = 1 };
}

static void crowd_free(struct crowd *c)
{
	free(c->p2);
	free(c->pairs);
	free(c->sas);
	free(c->stats);
}

static double seconds(const struct show_in *crowd, unsigned action, bool json, size_t *ret_len)
{
	struct exec_args a = { .detail = false };
	struct show_in in = *crowd;
	struct txt out = TXT_INIT;
	clock_t from = clock();
	struct show_index *x = show_index_new(&in);

	assert_non_null(x);
	in.index = x;
	assert_int_equal((json ? show_json : show_run)(&in, action, &a, &out), 0);
	show_index_free(x);
	*ret_len = out.len;
	txt_fini(&out);
	return (double)(clock() - from) / CLOCKS_PER_SEC;
}

static void ten_times_the_peers_take_no_hundred_times_as_long(void **state)
{
	static const unsigned actions[] = { EXEC_SHOW_IPSEC_SA, EXEC_SHOW_CRYPTO_SESSION, EXEC_SHOW_CRYPTO_ENGINE,
					    EXEC_SHOW_ISAKMP_SA };
	struct show_in *world = fixture("bare");
	struct crowd few, many;

	(void)state;
	assert_non_null(world);
	crowd_make(&few, world->config, 1000);
	crowd_make(&many, world->config, 10000);
	for (size_t i = 0; i < 2 * sizeof(actions) / sizeof(actions[0]); i++) {
		size_t short_len, long_len;
		double one = seconds(&few.in, actions[i / 2], i & 1, &short_len);
		double ten = seconds(&many.in, actions[i / 2], i & 1, &long_len);

		assert_true(long_len > 9 * short_len);
		if (ten > 40 * (one + 0.002))
			fail_msg("action %u: 1000 peers take %.3f s, 10000 take %.3f s", actions[i / 2], one, ten);
	}
	crowd_free(&few);
	crowd_free(&many);
	fixture_free(world);
}

/* ---- in pieces ---- */

static int in_pieces(const struct show_in *in, unsigned action, const struct exec_args *a, struct txt *out, size_t *ret_n,
		     size_t *ret_longest)
{
	struct show_cursor k = { 0 };
	int err = 0;

	for (*ret_n = *ret_longest = 0; !k.over; ++*ret_n) {
		size_t before = out->len;

		err = show_some(in, action, a, &k, out);
		if (out->len - before > *ret_longest)
			*ret_longest = out->len - before;
	}
	show_cursor_fini(&k);
	return err;
}

static void pieces_say_what_the_whole_says(void **state)
{
	size_t n_cases = 0;

	(void)state;
	for (const struct fixture_case *c = fixture_cases; c->router; c++) {
		struct cli_session *s = cli_session_new(commands_grammar(), M_EXEC);
		struct txt whole = TXT_INIT, pieces = TXT_INIT;
		struct show_in *in = fixture(c->router);
		static const struct exec_args none;
		struct cli_result r = { 0 };
		size_t n, longest;

		assert_true(s && in);
		cli_session_line(s, (void *)(uintptr_t)in->config, c->command, 0, &r);
		const struct exec_args *a = r.args ? r.args : &none;
		if (r.status == CLI_EXEC && !r.pipe && show_in_pieces(r.action, a)) {
			n_cases++;
			assert_int_equal(in_pieces(in, r.action, a, &pieces, &n, &longest),
					 show_run(in, r.action, a, &whole));
			assert_string_equal(txt_cstr(&pieces), txt_cstr(&whole));
		}
		cli_result_fini(&r);
		cli_session_free(s);
		txt_fini(&whole);
		txt_fini(&pieces);
		fixture_free(in);
	}
	assert_true(n_cases > 5);
}

static int json_in_pieces(const struct show_in *in, unsigned action, const struct exec_args *a, struct txt *out, size_t *ret_longest)
{
	struct show_json_cursor k = { 0 };
	int err = 0;

	for (*ret_longest = 0; !k.over;) {
		struct txt piece = TXT_INIT;

		err = show_json_some(in, action, a, &k, &piece);
		txt_mem(out, txt_cstr(&piece), piece.len);
		if (piece.len > *ret_longest)
			*ret_longest = piece.len;
		txt_fini(&piece);
	}
	show_json_cursor_fini(&k);
	return err;
}

static void pieces_of_json_are_the_whole_document(void **state)
{
	static const unsigned actions[] = { EXEC_SHOW_ISAKMP_SA, EXEC_SHOW_IPSEC_SA, EXEC_SHOW_CRYPTO_MAP, EXEC_SHOW_CRYPTO_SESSION,
					    EXEC_SHOW_CRYPTO_CHECK, EXEC_SHOW_ACCESS_LISTS, EXEC_SHOW_IP_ACCESS_LISTS,
					    EXEC_SHOW_IPV6_ACCESS_LIST, EXEC_SHOW_CRYPTO_ENGINE };
	const char *router = NULL;

	(void)state;
	for (const struct fixture_case *c = fixture_cases; c->router; c++) {
		struct exec_args of[5] = { { 0 }, { .detail = true }, { .ifname = "Nowhere0" }, { .count = true }, { .flag = true } };
		struct show_in *in;

		if (router && !strcmp(router, c->router))
			continue;
		router = c->router;
		in = fixture(router);
		for (size_t i = 0; i < 5 * sizeof(actions) / sizeof(actions[0]); i++) {
			struct txt whole = TXT_INIT, pieces = TXT_INIT;
			size_t longest;

			assert_true(show_json_in_pieces(actions[i / 5], &of[i % 5]));
			assert_int_equal(json_in_pieces(in, actions[i / 5], &of[i % 5], &pieces, &longest),
					 show_json(in, actions[i / 5], &of[i % 5], &whole));
			assert_string_equal(txt_cstr(&pieces), txt_cstr(&whole));
			txt_fini(&whole);
			txt_fini(&pieces);
		}
		fixture_free(in);
	}
}

static void a_piece_of_json_is_short(void **state)
{
	struct show_in *world = fixture("bare");
	static const struct exec_args none;
	struct txt whole = TXT_INIT;
	struct crowd many;
	size_t longest;

	(void)state;
	assert_non_null(world);
	crowd_make(&many, world->config, 1000);
	assert_int_equal(json_in_pieces(&many.in, EXEC_SHOW_IPSEC_SA, &none, &whole, &longest), 0);
	assert_true(whole.len > 100 * SHOW_PIECE / 10 && longest < 2 * SHOW_PIECE);
	txt_clear(&whole);
	assert_int_equal(json_in_pieces(&many.in, EXEC_SHOW_CRYPTO_SESSION, &none, &whole, &longest), 0);
	assert_true(whole.len > 10 * SHOW_PIECE && longest < 2 * SHOW_PIECE);
	txt_fini(&whole);
	crowd_free(&many);
	fixture_free(world);
}

static void a_piece_is_short_however_many_peers_there_are(void **state)
{
	struct show_in *world = fixture("bare");
	struct exec_args a = { .detail = true };
	struct txt whole = TXT_INIT, pieces = TXT_INIT;
	size_t n, longest;
	struct crowd many;

	(void)state;
	assert_non_null(world);
	crowd_make(&many, world->config, 1000);
	assert_int_equal(in_pieces(&many.in, EXEC_SHOW_IPSEC_SA, &a, &pieces, &n, &longest), 0);
	assert_int_equal(show_run(&many.in, EXEC_SHOW_IPSEC_SA, &a, &whole), 0);
	assert_string_equal(txt_cstr(&pieces), txt_cstr(&whole));
	assert_true(longest < 2 * SHOW_PIECE && n > whole.len / (2 * SHOW_PIECE));
	txt_fini(&whole);
	txt_fini(&pieces);
	crowd_free(&many);
	fixture_free(world);
}

/* However long one list is: and each of its lines finds what it has counted. */
static void so_it_is_of_one_access_list(void **state)
{
	enum { LINES = 2000 };
	struct show_match *v = calloc(LINES, sizeof(*v));
	struct show_in in = { .config = config_new(), .matches = v, .n_matches = LINES };
	struct txt text = TXT_INIT, whole = TXT_INIT, pieces = TXT_INIT, unindexed = TXT_INIT;
	static const struct exec_args none;
	struct report r = { 0 };
	struct show_index *x;
	size_t n, longest;

	(void)state;
	assert_true(v && in.config);
	txt_str(&text, "ipv6 access-list SIX\n permit ipv6 any any\nip access-list extended LONG\n");
	for (unsigned i = 0; i < LINES; i++) {
		txt_printf(&text, " permit ip host 10.1.%u.%u any\n", i >> 8, i & 255);
		v[i] = (struct show_match){ .acl = "LONG", .seq = 10 * (LINES - i), .n = i };
	}
	assert_int_equal(config_load_onto((void *)(uintptr_t)in.config, txt_cstr(&text), text.len, &r), 0);
	assert_int_equal(r.errors, 0);
	show_access_lists(&in, "", true, &unindexed);
	in.index = x = show_index_new(&in);
	assert_non_null(x);
	assert_int_equal(in_pieces(&in, EXEC_SHOW_ACCESS_LISTS, &none, &pieces, &n, &longest), 0);
	show_access_lists(&in, "", true, &whole);
	assert_string_equal(txt_cstr(&pieces), txt_cstr(&whole));
	assert_string_equal(txt_cstr(&unindexed), txt_cstr(&whole));
	assert_true(longest < 2 * SHOW_PIECE && n > whole.len / (2 * SHOW_PIECE));
	assert_non_null(strstr(whole.s, "    10 permit ip host 10.1.0.0 any (1999 matches)\n"));
	assert_non_null(strstr(whole.s, "    19990 permit ip host 10.1.7.206 any (1 match)\n"));
	assert_non_null(strstr(whole.s, "IPv6 access list SIX\n    permit ipv6 any any sequence 10\n"));
	show_index_free(x);
	report_fini(&r);
	txt_fini(&text);
	txt_fini(&whole);
	txt_fini(&pieces);
	txt_fini(&unindexed);
	config_free((void *)(uintptr_t)in.config);
	free(v);
}

/* With a key, an entry and a list for each of so many peers, and a key for nobody. */
static struct config *peers_config(unsigned n)
{
	struct report said = { 0 };
	struct txt text = TXT_INIT;
	struct config *c;

	txt_str(&text, "crypto ipsec transform-set T esp-3des esp-sha-hmac\ninterface FastEthernet0/1\n"
		       " ip address 192.0.2.1 255.255.255.0\n crypto map M\n ip access-group 199 in\n"
		       "access-list 199 permit udp any any\naccess-list 199 deny ip any any\n");
	for (unsigned i = 0; i < n; i++)
		txt_printf(&text,
			   "crypto isakmp key Zr4mNv1t7Kp2xWq9 address 198.18.%u.%u\n"
			   "crypto isakmp key Zr4mNv1t7Kp2xWq9 address 198.19.%u.%u\n"
			   "ip access-list extended L%u\n permit ip 10.0.0.0 0.0.255.255 10.%u.%u.0 0.0.0.255\n"
			   "crypto map M %u ipsec-isakmp\n set peer 198.18.%u.%u\n set transform-set T\n match address L%u\n",
			   i / 250, i % 250, i / 250, i % 250, i, 1 + i / 250, i % 250, i + 1, i / 250, i % 250, i);
	assert_int_equal(config_load_text(txt_cstr(&text), text.len, &c, &said), 0);
	assert_int_equal(said.errors, 0);
	report_fini(&said);
	txt_fini(&text);
	return c;
}

/* All that the whole says, in some hundred pieces. */
static void a_check_of_many_peers_comes_in_pieces(void **state)
{
	struct config *c = peers_config(1000);
	struct show_in in = { .config = c };
	struct exec_args a = { .detail = false };
	struct txt whole = TXT_INIT, pieces = TXT_INIT;
	size_t n, longest;

	(void)state;
	assert_true(show_in_pieces(EXEC_SHOW_CRYPTO_CHECK, &a));
	assert_int_equal(in_pieces(&in, EXEC_SHOW_CRYPTO_CHECK, &a, &pieces, &n, &longest), 0);
	assert_int_equal(show_run(&in, EXEC_SHOW_CRYPTO_CHECK, &a, &whole), 0);
	assert_string_equal(txt_cstr(&pieces), txt_cstr(&whole));
	assert_non_null(strstr(txt_cstr(&whole), "crypto isakmp key for 198.19.3.249: no crypto map"));
	assert_non_null(strstr(txt_cstr(&whole), "does not let ESP (protocol 50) of peer 198.18.3.249 in"));
	assert_true(n > 200);
	txt_fini(&whole);
	txt_fini(&pieces);
	config_free(c);
}

/* A session that ends in the middle takes what was found with it (leaks show under the sanitizer). */
static void a_check_may_end_before_it_is_over(void **state)
{
	struct config *c = peers_config(100);
	struct show_in in = { .config = c };
	struct exec_args a = { .detail = false };
	struct show_cursor k = { 0 };
	struct txt out = TXT_INIT;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(show_some(&in, EXEC_SHOW_CRYPTO_CHECK, &a, &k, &out), 0);
	assert_true(!k.over && out.len);
	show_cursor_fini(&k);
	txt_fini(&out);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_changes_no_word),
		cmocka_unit_test(pieces_say_what_the_whole_says),
		cmocka_unit_test(pieces_of_json_are_the_whole_document),
		cmocka_unit_test(a_piece_of_json_is_short),
		cmocka_unit_test(a_piece_is_short_however_many_peers_there_are),
		cmocka_unit_test(so_it_is_of_one_access_list),
		cmocka_unit_test(a_check_of_many_peers_comes_in_pieces),
		cmocka_unit_test(a_check_may_end_before_it_is_over),
		cmocka_unit_test(ten_times_the_peers_take_no_hundred_times_as_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
