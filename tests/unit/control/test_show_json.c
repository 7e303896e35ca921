/* SPDX-License-Identifier: Apache-2.0 */
/* `| json`: every show command has it, and a parser that others wrote reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "control/show_json.h"
#include "show_fixture.h"

static struct txt out;

/* A command's document; the caller deletes it. */
static cJSON *asked(const struct show_in *in, const char *command)
{
	char line[256];
	cJSON *doc;

	snprintf(line, sizeof(line), "%s | json", command);
	txt_clear(&out);
	if (fixture_type(in, line, &out))
		fail_msg("%s: %s", command, txt_cstr(&out));
	doc = cJSON_ParseWithLength(txt_cstr(&out), out.len);
	if (!cJSON_IsObject(doc))
		fail_msg("%s: no document: %s", command, txt_cstr(&out));
	return doc;
}

/* Whatever is added to the grammar as a show command. */
static void every_show_command_has_json(void **state)
{
	const struct cli_grammar *g = commands_grammar();
	size_t n = 0;

	(void)state;
	for (size_t t = 0; g->tables[t]; t++)
		for (const struct cli_row *r = g->tables[t]; r->toks; r++) {
			const char *second = r->toks[1].word;

			if (!(r->modes & (CLI_IN(M_EXEC) | CLI_IN(M_USER))) || !r->toks[0].word ||
			    strcmp(r->toks[0].word, "show") != 0)
				continue;
			n++;
			if (show_json_kind(r->action) == JSON_NO)
				fail_msg("show %s ...: action %u has no row in json_rows_*",
					 second ? second : "", (unsigned)r->action);
		}
	assert_true(n > 40);
}

static void what_is_no_show_command_has_none(void **state)
{
	(void)state;
	assert_int_equal(show_json_kind(EXEC_RELOAD), JSON_NO);
	assert_int_equal(show_json_kind(EXEC_PING), JSON_NO);
	assert_int_equal(show_json_kind(EXEC_NONE), JSON_NO);
	assert_int_equal(show_json_kind(EXEC_SHOW_RUNNING), JSON_LINES);
}

static bool snake(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

/* Names are in snake_case, and no object has one twice. */
static void look_at(const char *command, const cJSON *x)
{
	for (const cJSON *c = x->child; c; c = c->next) {
		if (cJSON_IsObject(x) && !snake(c->string))
			fail_msg("%s: a member is called `%s`", command, c->string);
		for (const cJSON *o = c->next; cJSON_IsObject(x) && o; o = o->next)
			if (!strcmp(o->string, c->string))
				fail_msg("%s: `%s` is there twice", command, c->string);
		look_at(command, c);
	}
}

static void every_golden_command_gives_a_document(void **state)
{
	(void)state;
	for (const struct fixture_case *c = fixture_cases; c->router; c++) {
		struct show_in *in = fixture(c->router);

		assert_non_null(in);
		if (!strchr(c->command, '|')) {
			txt_clear(&out);
			int err = fixture_type(in, c->command, &out);

			if (!err) {
				cJSON *doc = asked(in, c->command);

				look_at(c->command, doc);
				cJSON_Delete(doc);
			}
		}
		fixture_free(in);
	}
}

/* ---- values: those that the golden text of the same router shows ---- */

/* A path like `flows.0.sas.1.spi`. */
static const cJSON *at(const cJSON *doc, const char *path)
{
	const cJSON *x = doc;
	char part[64];

	while (x && *path) {
		size_t n = strcspn(path, ".");

		assert_true(n < sizeof(part));
		memcpy(part, path, n);
		part[n] = '\0';
		path += n + (path[n] == '.');
		x = cJSON_IsArray(x) ? cJSON_GetArrayItem(x, atoi(part)) : cJSON_GetObjectItem(x, part);
	}
	return x;
}

static void values_are_those_of_the_text(void **state)
{
	static const struct {
		const char *router, *command, *path, *want; /* want: as JSON */
	} rows[] = {
		{ "lan", "show crypto isakmp sa", "isakmp_sas.0.destination", "\"10.0.0.2\"" },
		{ "lan", "show crypto isakmp sa", "isakmp_sas.0.conn_id", "1002" },
		{ "lan", "show crypto isakmp sa", "isakmp_sas.1.state", "\"MM_NO_STATE\"" },
		{ "lan", "show crypto isakmp sa", "isakmp_sas.1.deleted", "true" },
		{ "lan", "show crypto isakmp sa detail", "isakmp_sas.0.group", "14" },
		{ "ios12", "show crypto isakmp sa", "isakmp_sas.0.conn_id", "1" },
		{ "gre", "show crypto isakmp sa count", "active", "1" },
		{ "gre", "show crypto isakmp policy", "policies.0.encryption", "\"3des\"" },
		{ "gre", "show crypto isakmp policy", "policies.0.group_size", "\"1024 bit\"" },
		{ "bare", "show crypto isakmp policy", "policies", "[]" },
		{ "ios12", "show crypto isakmp policy", "policies.1.default", "true" },
		{ "ios12", "show crypto isakmp policy", "policies.1.priority", "null" },
		{ "lan", "show crypto isakmp key", "keys.0.preshared_key", "\"CCNP\"" },
		{ "gre", "show crypto isakmp peers", "peers.0.address", "\"192.0.2.2\"" },
		{ "gre", "show crypto ipsec sa", "flows.0.local_ident.protocol", "47" },
		{ "gre", "show crypto ipsec sa", "flows.0.outbound_spi", "2998961789" },
		{ "gre", "show crypto ipsec sa", "flows.0.plaintext_mtu", "1446" },
		{ "gre", "show crypto ipsec sa", "flows.0.sas.0.spi", "112046451" },
		{ "gre", "show crypto ipsec sa", "flows.0.sas.0.transform", "\"esp-3des esp-sha-hmac\"" },
		{ "gre", "show crypto ipsec sa", "flows.0.sas.0.lifetime_left_kb", "4607999" },
		{ "gre", "show crypto ipsec sa", "flows.0.sas.1.direction", "\"outbound\"" },
		{ "gre", "show crypto ipsec sa address", "sas.1.spi", "2998961789" },
		{ "gre", "show crypto ipsec sa count", "total", "2" },
		{ "lan", "show crypto ipsec sa detail", "flows.0.replay_failed", "5" },
		{ "lan", "show crypto ipsec sa detail", "flows.1.remote_ident.port", "443" },
		{ "down", "show crypto ipsec sa", "flows.0.sas", "[]" },
		{ "gre", "show crypto ipsec sa peer 192.0.2.77", "flows", "[]" },
		{ "gre", "show crypto ipsec transform-set", "transform_sets.0.mode", "\"tunnel\"" },
		{ "gre", "show crypto ipsec security-association", "lifetime_sec", "3600" },
		{ "lan", "show crypto map", "crypto_maps.0.sequence", "100" },
		{ "lan", "show crypto map", "crypto_maps.0.peers", "[\"192.0.2.2\",\"192.0.2.6\"]" },
		{ "lan", "show crypto map", "crypto_maps.0.transform_sets.0.esp",
		  "\"esp-256-aes esp-sha256-hmac\"" },
		{ "lan", "show crypto map interface GigabitEthernet0/1", "crypto_maps.0.interfaces",
		  "[\"GigabitEthernet0/1\"]" },
		{ "lan", "show crypto session", "sessions.0.status", "\"UP-ACTIVE\"" },
		{ "lan", "show crypto session", "sessions.0.flows.0.active_sas", "4" },
		{ "lan", "show crypto session", "sessions.0.flows.0.inbound.packets", "850" },
		{ "down", "show crypto session", "sessions.0.status", "\"DOWN-NEGOTIATING\"" },
		{ "down", "show crypto session", "sessions.0.uptime_sec", "null" },
		{ "gre", "show crypto engine connections active", "connections.2.algorithm", "\"SHA+3DES\"" },
		{ "gre", "show crypto mtu", "tunnels.0.largest_ip_mtu", "1422" },
		{ "gre", "show crypto pki certificates", "certificates", "[]" },
		{ "gre", "show privilege", "privilege_level", "15" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct show_in *in = fixture(rows[i].router);
		cJSON *doc, *want = cJSON_Parse(rows[i].want);

		assert_non_null(in);
		assert_non_null(want);
		doc = asked(in, rows[i].command);
		if (!cJSON_Compare(at(doc, rows[i].path), want, true))
			fail_msg("%s: %s, %s is not %s:\n%s", rows[i].router, rows[i].command, rows[i].path,
				 rows[i].want, txt_cstr(&out));
		cJSON_Delete(want);
		cJSON_Delete(doc);
		fixture_free(in);
	}
}

static void what_is_not_there_is_said_as_in_the_text(void **state)
{
	static const char *const lines[] = { "show crypto map interface Serial9/9",
					     "show crypto session interface Tunnel77",
					     "show crypto pki certificates NONE",
					     "show crypto pki trustpoints NONE" };
	struct show_in *in = fixture("gre");

	(void)state;
	assert_non_null(in);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct txt text = TXT_INIT;
		char line[256];

		txt_clear(&out);
		assert_int_equal(fixture_type(in, lines[i], &text), -EINVAL);
		snprintf(line, sizeof(line), "%s | json", lines[i]);
		assert_int_equal(fixture_type(in, line, &out), -EINVAL);
		assert_string_equal(txt_cstr(&out), txt_cstr(&text));
		txt_fini(&text);
	}
	fixture_free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_show_command_has_json),
		cmocka_unit_test(what_is_no_show_command_has_none),
		cmocka_unit_test(every_golden_command_gives_a_document),
		cmocka_unit_test(values_are_those_of_the_text),
		cmocka_unit_test(what_is_not_there_is_said_as_in_the_text),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	txt_fini(&out);
	return failed;
}
