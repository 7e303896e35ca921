/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a SCEP server, as HTTP (RFC 8894 section 4), and `crypto pki
 * authenticate`, whose session waits for the answer. */
#include "control/pki_scep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/debug.h"
#include "control/pki_crl.h"
#include "host/os.h"
#include "pki/scep.h"

#define CAPS_MAX 4096 /* bytes of an answer to GetCACaps */

/* `crypto pki authenticate` of a session that waits. */
struct auth {
	LIST_ENTRY(auth) entry;
	struct control *c;
	struct session *s;
	struct talk *t;
	struct fetch *fetch;
};

/* ---- HTTP ---- */

int pki_scep_url(const char *configured, struct txt *out, char why[PKI_WHY_MAX])
{
	const char *rest = strstr(configured, "://"), *path = rest ? strchr(rest + 3, '/') : NULL;
	char reason[FETCH_WHY_MAX];

	txt_printf(out, "%s%s", configured,
		   !path ? "/cgi-bin/pkiclient.exe" : !path[1] ? "cgi-bin/pkiclient.exe" : "");
	if (strpbrk(configured, "?#")) {
		snprintf(why, PKI_WHY_MAX, "'%s' has a query, which SCEP puts there itself", configured);
		return -EINVAL;
	}
	if (!fetch_url_ok(txt_cstr(out), reason)) {
		snprintf(why, PKI_WHY_MAX, "'%s' cannot be asked: %s", configured, reason);
		return -EINVAL;
	}
	return 0;
}

void pki_scep_query(const char *op, const char *message, size_t len, struct txt *out)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	txt_printf(out, "operation=%s&message=", op);
	for (size_t i = 0; i < len; i++) {
		if (message[i] && strchr(plain, message[i]))
			txt_char(out, message[i]);
		else
			txt_printf(out, "%%%02X", (unsigned char)message[i]);
	}
}

int pki_scep_ask(struct control *c, const char *trustpoint, const char *op, const char *message,
		 struct span post, fetch_done *done, void *ctx, struct fetch **ret_f, char why[PKI_WHY_MAX])
{
	const struct cfg_trustpoint *tp = pki_find_trustpoint(&c->config->pki, trustpoint);
	struct txt url = TXT_INIT, query = TXT_INIT;
	char reason[FETCH_WHY_MAX] = "";
	bool caps = !strcmp(op, "GetCACaps");
	int err;

	snprintf(why, PKI_WHY_MAX, "there is no enrollment url any more");
	err = tp && tp->enroll == ENROLL_URL ? pki_scep_url(tp->url, &url, why) : -EINVAL;
	if (post.len)
		txt_printf(&query, "operation=%s", op);
	else
		pki_scep_query(op, message, strlen(message), &query);
	if (!err) {
		const struct fetch_ask a = { .url = txt_cstr(&url), .query = txt_cstr(&query), .post = post,
					     .type = "application/x-pki-message",
					     .max = caps ? CAPS_MAX : SCEP_ANSWER_MAX,
					     .refusal_is_empty = caps };

		debug_pki(c, EXEC_DEBUG_PKI_TRANSACTIONS, "Sending %s request of trustpoint %s: %s %s?operation=%s", op,
			  trustpoint, post.len ? "POST" : "GET", txt_cstr(&url), op);
		err = fetch_ask(c->base, pki_crls_dns(c->crls), &a, done, ctx, ret_f, reason);
		if (err)
			snprintf(why, PKI_WHY_MAX, "%s", reason);
	}
	txt_fini(&url);
	txt_fini(&query);
	return err;
}

/* ---- authenticate ---- */

static void auth_free(struct auth *a)
{
	LIST_REMOVE(a, entry);
	fetch_stop(a->fetch);
	free(a);
}

static void on_auth(void *ctx, struct span body, const char *failed)
{
	struct auth *a = ctx;
	struct control *c = a->c;
	struct session *s = a->s;
	struct talk *t = a->t;
	struct txt out = TXT_INIT;
	struct exec_io io = { c, s, &out };
	struct scep_ca ca = { .n = 0 };
	char why[PKI_WHY_MAX];
	bool error = false;

	a->fetch = NULL;
	auth_free(a);
	if (failed)
		snprintf(why, sizeof(why), "%s", failed);
	if (failed || scep_ca_read(c->pki, body, (struct span){ 0 }, host_wall_ms() / 1000, &ca, why)) {
		pki_fail(&io, &error, "Error in receiving Certificate Authority certificate: status = FAIL, "
				      "cert length = %zu\n%% %s",
			 body.len, why);
	} else {
		t->cert[0] = ca.cert[0];
		ca.cert[0] = NULL;
		pki_judge_ca(t, &io, &error);
	}
	scep_ca_fini(&ca);
	session_print(s, txt_cstr(&out));
	talk_end(t, &io);
	session_made(s, error);
	txt_fini(&out);
}

bool pki_scep_authenticate(struct talk *t, struct exec_io *io, bool *ret_error)
{
	struct auth *a = calloc(1, sizeof(*a));
	char why[PKI_WHY_MAX] = "out of memory";

	if (a) {
		*a = (struct auth){ .c = io->c, .s = io->s, .t = t };
		LIST_INSERT_HEAD(&io->c->auths, a, entry);
	}
	if (!a || pki_scep_ask(io->c, t->a.name, "GetCACert", t->a.name, (struct span){ 0 }, on_auth, a, &a->fetch, why)) {
		if (a)
			auth_free(a);
		pki_fail(io, ret_error, "The Certificate Authority cannot be asked: %s", why);
		return false;
	}
	session_wait(io->s);
	return true;
}

void pki_scep_forget(struct control *c, const struct session *s)
{
	struct auth *a, *next;

	LIST_FOREACH_SAFE(a, &c->auths, entry, next) {
		if (s && a->s != s)
			continue;
		dialog_free(&a->t->d);
		auth_free(a);
	}
}
