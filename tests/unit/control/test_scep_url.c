/* SPDX-License-Identifier: Apache-2.0 */
/* Which URLs are fetched, and where a SCEP server is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "control/pki_scep.h"

static void only_plain_http_is_fetched(void **state)
{
	static const struct {
		const char *url, *why; /* NULL: it is fetched */
	} rows[] = {
		{ "http://192.0.2.9", NULL },
		{ "HTTP://ca.example.com:8080/a/b?c=d", NULL },
		{ "http://[2001:db8::1]:80/x", NULL },
		{ "http://ca:65535/", NULL },
		{ "http://ca:0/", "port" },
		{ "http://ca:65536/", "" },
		{ "http://ca:99999999999/", "" },
		{ "http://ca:x/", "" },
		{ "http://", "" },
		{ "http:///path", "host" },
		{ "http://user:secret@ca/", "user name" },
		{ "https://ca/", "scheme" },
		{ "ldap://ca/cn=CA", "LDAP" },
		{ "ldaps://ca/cn=CA", "LDAP" },
		{ "file:///etc/passwd", "" },
		{ "ca/path", "" },
		{ "", "" },
		{ "http://ca/a b", "" },
		{ "http://ca/\r\nX: y", "" },
		{ "http://c\x01""a/", "" },
	};
	char why[FETCH_WHY_MAX], big[FETCH_URL_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		why[0] = '\0';
		bool ok = fetch_url_ok(rows[i].url, why);

		if (ok != !rows[i].why || (!ok && (!why[0] || !strstr(why, rows[i].why))))
			fail_msg("'%s': %d %s", rows[i].url, ok, why);
	}
	memset(big, 'a', sizeof(big));
	memcpy(big, "http://", 7);
	big[FETCH_URL_MAX - 1] = '\0';
	assert_true(fetch_url_ok(big, why));
	big[FETCH_URL_MAX - 1] = 'a';
	big[FETCH_URL_MAX] = '\0';
	assert_false(fetch_url_ok(big, why));
	assert_non_null(strstr(why, "characters"));
}

static void a_url_without_a_path_gets_that_of_ios(void **state)
{
	static const struct {
		const char *configured, *url; /* NULL: refused */
	} rows[] = {
		{ "http://ca", "http://ca/cgi-bin/pkiclient.exe" },
		{ "http://ca/", "http://ca/cgi-bin/pkiclient.exe" },
		{ "http://ca:81", "http://ca:81/cgi-bin/pkiclient.exe" },
		{ "http://ca/certsrv/mscep/mscep.dll", "http://ca/certsrv/mscep/mscep.dll" },
		{ "http://ca/scep/", "http://ca/scep/" },
		{ "http://ca/x?y=z", NULL },
		{ "http://ca/#a", NULL },
		{ "https://ca/", NULL },
		{ "ca", NULL },
	};
	char why[PKI_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txt url = TXT_INIT;

		assert_int_equal(pki_scep_url(rows[i].configured, &url, why), rows[i].url ? 0 : -EINVAL);
		if (rows[i].url)
			assert_string_equal(txt_cstr(&url), rows[i].url);
		else
			assert_non_null(strstr(why, rows[i].configured));
		txt_fini(&url);
	}
}

static void a_message_is_percent_encoded(void **state)
{
	struct txt q = TXT_INIT;

	(void)state;
	pki_scep_query("PKIOperation", "aZ9+/= \r\n&\0\xff-._~", 16, &q);
	assert_string_equal(txt_cstr(&q),
			    "operation=PKIOperation&message=aZ9%2B%2F%3D%20%0D%0A%26%00%FF-._~");
	txt_fini(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_plain_http_is_fetched),
		cmocka_unit_test(a_url_without_a_path_gets_that_of_ios),
		cmocka_unit_test(a_message_is_percent_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
