/* SPDX-License-Identifier: Apache-2.0 */
#include "control/pki_cmd.h"
#include "control/stream.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "control/pki_crl.h"
#include "control/pki_scep.h"
#include "host/log.h"
#include "host/os.h"

/* A certificate map's criterion goes from the model to pki as it is. */
static_assert((int)FIELD_SERIAL == (int)PKI_FIELD_SERIAL && (int)FIELD_NAME == (int)PKI_FIELD_NAME &&
		      (int)FIELD_SUBJECT == (int)PKI_FIELD_SUBJECT && (int)OP_EQ == (int)PKI_OP_EQ &&
		      (int)OP_NC == (int)PKI_OP_NC,
	      "numbers of certificate maps");

void pki_cmd_dir(const char *config, char *out, size_t size)
{
	static const char usual[] = "startup-config";
	const char *slash = strrchr(config, '/');
	const char *base = slash ? slash + 1 : config;

	if (strcmp(base, usual))
		snprintf(out, size, "%s.pki", config);
	else
		snprintf(out, size, "%.*spki", (int)(base - config), config);
}

int pki_cmd_open(struct control *c)
{
	char dir[PATH_MAX];
	struct txt said = TXT_INIT;

	pki_cmd_dir(c->opt->config, dir, sizeof(dir));
	c->pki = pki_new();
	c->keys = c->pki ? pki_store_open(c->pki, dir, &said) : NULL;
	for (char *save, *line = said.s ? strtok_r(said.s, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		log_line("PKI-3-KEY_FILE", "%s", line);
	txt_fini(&said);
	c->crls = c->keys ? pki_crls_new(c) : NULL;
	c->sceps = c->crls ? pki_sceps_new(c) : NULL;
	return c->sceps ? 0 : -ENOMEM;
}

void pki_cmd_close(struct control *c)
{
	pki_make_forget(c, NULL);
	pki_scep_forget(c, NULL);
	pki_sceps_free(c->sceps);
	pki_crls_free(c->crls);
	pki_store_close(c->keys);
	pki_free(c->pki);
}

/* ---- shared ---- */

static void talk_free(struct dialog *d)
{
	struct talk *t = (struct talk *)(void *)d;

	pki_cert_free(t->cert[0]);
	pki_cert_free(t->cert[1]);
	pki_key_free(t->key);
	secret_free(t, sizeof(*t));
}

struct talk *talk_new(struct exec_io *io, const struct exec_args *a)
{
	struct talk *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->d.free = talk_free;
	t->c = io->c;
	t->a = *a;
	return t;
}

void talk_end(struct talk *t, struct exec_io *io)
{
	if (t->d.kind != DIALOG_OVER)
		session_set_dialog(io->s, &t->d);
	else
		dialog_free(&t->d);
}

void pki_fail(struct exec_io *io, bool *ret_error, const char *fmt, ...)
{
	va_list ap;

	txt_str(io->out, "% ");
	va_start(ap, fmt);
	txt_vprintf(io->out, fmt, ap);
	va_end(ap);
	txt_char(io->out, '\n');
	*ret_error = true;
}

void pki_router_name(const struct control *c, char out[CFG_DESC_MAX + CFG_NAME_MAX])
{
	snprintf(out, CFG_DESC_MAX + CFG_NAME_MAX, "%s%s%s", c->config->hostname,
		 c->config->domain[0] ? "." : "", c->config->domain);
}

void pki_trustpoint_label(const struct control *c, const struct cfg_trustpoint *t,
			  char out[PKI_LABEL_MAX])
{
	char name[CFG_DESC_MAX + CFG_NAME_MAX];

	pki_router_name(c, name);
	snprintf(out, PKI_LABEL_MAX, "%.*s", PKI_LABEL_MAX - 1, t->keypair[0] ? t->keypair : name);
}

struct cfg_trustpoint *pki_need_trustpoint(struct exec_io *io, const char *name, bool *ret_error)
{
	struct cfg_trustpoint *t = pki_find_trustpoint(&io->c->config->pki, name);

	if (!t)
		pki_fail(io, ret_error, "Trustpoint '%s' is not configured: crypto pki trustpoint %s",
			 name, name);
	return t;
}

struct cfg_cert *pki_chain_cert(const struct control *c, const char *trustpoint,
				enum cert_kind kind)
{
	const struct cfg_chain *chain = pki_find_chain(&c->config->pki, trustpoint);

	for (size_t i = 0; chain && i < chain->n; i++)
		if (chain->certs[i]->kind == kind && cfg_cert_is_der(chain->certs[i]))
			return chain->certs[i];
	return NULL;
}

void pki_config_changed(struct control *c)
{
	char now[64];

	free(c->changed_at);
	c->changed_at = strdup(host_clock(now));
	apply_soon(c);
}

int pki_install(struct control *c, const char *trustpoint, enum cert_kind kind,
		const struct pki_cert *cert)
{
	struct span der = pki_cert_der(cert);
	struct cfg_cert *x = NULL, *old;
	struct txt serial = TXT_INIT;
	struct cfg_chain *chain;

	streams_finish(c); /* a CA may answer while the configuration is shown */
	chain = pki_add_chain(&c->config->pki, trustpoint);
	if (!chain || der.len > CFG_CERT_BYTES)
		return chain ? -E2BIG : -ENOSPC;
	while ((old = pki_chain_cert(c, trustpoint, kind)))
		cfg_chain_del(chain, old);
	pki_cert_serial(cert, &serial);
	if (!serial.bad && serial.len < CFG_SERIAL_MAX)
		x = cfg_chain_add(chain, kind, txt_cstr(&serial));
	txt_fini(&serial);
	if (!x)
		return -ENOSPC;
	memcpy(x->der, der.p, der.len);
	x->len = (uint16_t)der.len;
	pki_config_changed(c);
	return 0;
}

struct pki_cert *pki_pasted_cert(struct exec_io *io, const char *text, bool *ret_error)
{
	struct pki_cert *cert = NULL;
	struct txt der = TXT_INIT;
	int err = pki_base64_decode(text, strlen(text), PKI_CERT_BYTES, &der);

	if (!err)
		err = pki_cert_parse(io->c->pki, span_of(der.s, der.len), &cert);
	txt_fini(&der);
	if (err)
		pki_fail(io, ret_error, "Error in reading the certificate: %s",
			 err == -ENOMEM ? "out of memory" :
					  "it is no X.509 certificate in base 64 (of at most 8192 bytes)");
	return cert;
}

bool pki_cmd_run(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error)
{
	static void (*const commands[])(struct talk *, struct exec_io *, bool *) = {
		[EXEC_KEY_ZEROIZE - EXEC_KEY_GENERATE] = pki_cmd_zeroize,
		[EXEC_KEY_EXPORT - EXEC_KEY_GENERATE] = pki_cmd_key_export,
		[EXEC_KEY_IMPORT - EXEC_KEY_GENERATE] = pki_cmd_key_import,
		[EXEC_PKI_IMPORT_CERT - EXEC_KEY_GENERATE] = pki_cmd_import_cert,
		[EXEC_PKI_IMPORT_PEM - EXEC_KEY_GENERATE] = pki_cmd_import_pem,
		[EXEC_PKI_IMPORT_PKCS12 - EXEC_KEY_GENERATE] = pki_cmd_import_pkcs12,
		[EXEC_PKI_EXPORT_PEM - EXEC_KEY_GENERATE] = pki_cmd_export_pem,
		[EXEC_PKI_EXPORT_PKCS12 - EXEC_KEY_GENERATE] = pki_cmd_export_pkcs12,
		[EXEC_PKI_CRL_REQUEST - EXEC_KEY_GENERATE] = pki_cmd_crl_request,
		[EXEC_SHOW_PKI_CRLS - EXEC_KEY_GENERATE] = pki_cmd_show_crls,
		[EXEC_PKI_DROP - EXEC_KEY_GENERATE] = pki_cmd_drop,
	};
	struct exec_args drop = { .number = 0 };
	bool later = false;
	struct talk *t;

	if (action == EXEC_PKI_DROP) { /* the row's own arguments: a name */
		snprintf(drop.name, sizeof(drop.name), "%s", (const char *)a);
		a = &drop;
	}
	t = talk_new(io, a);
	if (!t) {
		pki_fail(io, ret_error, "Out of memory");
		return false;
	}
	if (action == EXEC_KEY_GENERATE)
		later = pki_cmd_generate(t, io, ret_error);
	else if (action == EXEC_PKI_AUTHENTICATE)
		later = pki_cmd_authenticate(t, io, ret_error);
	else if (action == EXEC_PKI_ENROLL)
		later = pki_cmd_enroll(t, io, ret_error);
	else
		commands[action - EXEC_KEY_GENERATE](t, io, ret_error);
	if (!later)
		talk_end(t, io);
	return later;
}
