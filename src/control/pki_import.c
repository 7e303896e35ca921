/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto pki import` and `export`. */
#include "control/pki_cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "host/os.h"

#define PASS_LEAST 8

static struct span der_of(const struct cfg_cert *c)
{
	return c ? span_of(c->der, c->len) : (struct span){ 0 };
}

/* ---- the router's certificate ---- */

/* It must be for this key, and its CA's. */
static bool fits(struct exec_io *io, const char *trustpoint, const struct pki_key *key,
		 const struct pki_cert *cert, struct span ca, bool *ret_error)
{
	struct span own = pki_cert_der(cert);
	struct pki_check check = { .trustpoint = trustpoint, .chain = &own, .n_chain = 1,
				   .anchors = &ca, .n_anchors = 1,
				   .now_sec = host_wall_ms() / 1000 };
	char why[PKI_WHY_MAX] = "out of memory";
	struct pki_key *of = NULL;
	bool ok = false;

	if (pki_verify(io->c->pki, &check, &of, why))
		pki_fail(io, ret_error, "Failed to import the certificate: %s", why);
	else if (!pki_key_same(of, key))
		pki_fail(io, ret_error, "Failed to import the certificate: its public key is not that of "
					"the trustpoint's key pair");
	else
		ok = true;
	pki_key_free(of);
	return ok;
}

static void got_cert(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	const struct cfg_cert *ca = pki_chain_cert(io->c, t->a.name, CERT_CA);
	const struct pki_pair *p = pki_store_find(io->c->keys, t->label, PKI_USAGE_SIGNATURE);

	t->cert[1] = pki_pasted_cert(io, text, ret_error);
	if (!t->cert[1])
		return;
	if (!ca || !p)
		pki_fail(io, ret_error, "The trustpoint's CA certificate or key pair is gone");
	else if (fits(io, t->a.name, p->key, t->cert[1], der_of(ca), ret_error)) {
		int err = pki_install(io->c, t->a.name, CERT_ROUTER, t->cert[1]);

		if (err)
			pki_fail(io, ret_error, "The certificate could not be saved: %s", strerror(-err));
		else
			txt_str(io->out, "% Router Certificate successfully imported\n\n");
	}
}

void pki_cmd_import_cert(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);

	if (!tp)
		return;
	pki_trustpoint_label(io->c, tp, t->label);
	if (!pki_chain_cert(io->c, tp->name, CERT_CA)) {
		pki_fail(io, ret_error, "You must authenticate the Certificate Authority before\n"
					"you can import the router certificate.");
	} else if (!pki_store_find(io->c->keys, t->label, PKI_USAGE_SIGNATURE)) {
		pki_fail(io, ret_error, "There is no key pair %s: crypto pki enroll %s", t->label, tp->name);
	} else {
		txt_str(io->out, "\nEnter the base 64 encoded certificate.\n"
				 "End with a blank line or the word \"quit\" on a line by itself\n\n");
		dialog_ask_paste(&t->d, true, got_cert);
	}
}

/* ---- all together ---- */

/* The key under the trustpoint's name, the certificates into its chain. */
static bool install_all(struct talk *t, struct exec_io *io, struct pki_key *key,
			const struct pki_cert *ca, const struct pki_cert *cert, bool *ret_error)
{
	struct cfg_trustpoint *tp;
	int err;

	if (!fits(io, t->a.name, key, cert, pki_cert_der(ca), ret_error)) {
		pki_key_free(key);
		return false;
	}
	tp = pki_add_trustpoint(&io->c->config->pki, t->a.name);
	err = pki_store_put(io->c->keys, t->a.name, PKI_USAGE_GENERAL, t->a.flag, host_wall_ms() / 1000,
			    key);
	if (!err)
		err = tp ? pki_install(io->c, t->a.name, CERT_CA, ca) : -ENOSPC;
	if (!err)
		err = pki_install(io->c, t->a.name, CERT_ROUTER, cert);
	if (err) {
		pki_fail(io, ret_error, "The import could not be saved: %s", strerror(-err));
		return false;
	}
	snprintf(tp->keypair, sizeof(tp->keypair), "%s", t->a.name);
	if (tp->enroll == ENROLL_UNSET)
		tp->enroll = ENROLL_TERMINAL;
	return true;
}

static bool may_import(struct talk *t, struct exec_io *io, bool *ret_error)
{
	if (pki_chain_cert(io->c, t->a.name, CERT_CA) || pki_chain_cert(io->c, t->a.name, CERT_ROUTER))
		pki_fail(io, ret_error, "Trustpoint %s has certificates: no crypto pki trustpoint %s first",
			 t->a.name, t->a.name);
	else if (pki_store_has(io->c->keys, t->a.name))
		pki_fail(io, ret_error, "You already have RSA keys defined named %s: crypto key zeroize "
					"rsa %s first",
			 t->a.name, t->a.name);
	else if (!pki_label_ok(t->a.name))
		pki_fail(io, ret_error, "'%s' cannot be the name of a key pair", t->a.name);
	return !*ret_error;
}

static void got_pem_cert(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	struct pki_key *key = t->key;

	t->cert[1] = pki_pasted_cert(io, text, ret_error);
	if (!t->cert[1])
		return;
	t->key = NULL;
	if (install_all(t, io, key, t->cert[0], t->cert[1], ret_error))
		txt_str(io->out, "% PEM files import succeeded.\n\n");
}

static void got_pem_key(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	int err = pki_key_from_pem(io->c->pki, span_of(text, strlen(text)), t->a.text, &t->key);

	if (!err && !pki_key_is_private(t->key))
		err = -EBADMSG;
	if (err) {
		pki_fail(io, ret_error, "PEM files import failed: %s",
			 err == -EACCES ? "the passphrase is wrong." : "this is no private RSA key in PEM.");
		return;
	}
	txt_str(io->out, "% Enter PEM-formatted General Purpose certificate.\n"
			 "% End with a blank line or \"quit\" on a line by itself.\n");
	dialog_ask_paste(d, true, got_pem_cert);
}

static void got_pem_ca(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	char why[PKI_WHY_MAX];

	t->cert[0] = pki_pasted_cert(io, text, ret_error);
	if (!t->cert[0])
		return;
	if (!pki_cert_may_be_ca(t->cert[0], why)) {
		pki_fail(io, ret_error, "PEM files import failed: %s", why);
		return;
	}
	txt_str(io->out, "% Enter PEM-formatted encrypted private General Purpose key.\n"
			 "% End with \"quit\" on a line by itself.\n");
	dialog_ask_paste(d, false, got_pem_key);
}

void pki_cmd_import_pem(struct talk *t, struct exec_io *io, bool *ret_error)
{
	if (!may_import(t, io, ret_error))
		return;
	txt_str(io->out, "% Enter PEM-formatted CA certificate.\n"
			 "% End with a blank line or \"quit\" on a line by itself.\n");
	dialog_ask_paste(&t->d, true, got_pem_ca);
}

/* ---- PKCS #12 ---- */

/* Of the certificates in the file, the one that issued the router's. */
static const struct pki_cert *issuer_in(const struct pki_bundle *b)
{
	struct txt want = TXT_INIT, name = TXT_INIT;
	const struct pki_cert *found = NULL;

	pki_cert_issuer(b->cert, NULL, &want);
	for (size_t i = 0; !found && i < b->n_ca; i++) {
		txt_clear(&name);
		pki_cert_subject(b->ca[i], NULL, &name);
		if (!strcmp(txt_cstr(&name), txt_cstr(&want)))
			found = b->ca[i];
	}
	txt_fini(&want);
	txt_fini(&name);
	return found;
}

static void got_pkcs12(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	struct pki_bundle b = { 0 };
	struct txt der = TXT_INIT;
	const struct pki_cert *ca;
	struct pki_key *key;
	int err = pki_base64_decode(text, strlen(text), DIALOG_PASTE_MAX, &der);

	if (!err)
		err = pki_pkcs12_read(io->c->pki, span_of(der.s, der.len), t->a.text, &b);
	if (der.s)
		secret_wipe(der.s, der.cap);
	txt_fini(&der);
	if (err) {
		pki_fail(io, ret_error, "CRYPTO_PKI: Import PKCS12 operation failed: %s",
			 err == -EACCES ? "the passphrase is wrong." :
					  "it is no PKCS12 with an RSA key in base 64.");
		return;
	}
	ca = issuer_in(&b);
	key = b.key;
	b.key = NULL;
	if (!ca) {
		pki_key_free(key);
		pki_fail(io, ret_error, "CRYPTO_PKI: Import PKCS12 operation failed: it has no certificate "
					"of the issuer");
	} else if (install_all(t, io, key, ca, b.cert, ret_error)) {
		txt_str(io->out, "CRYPTO_PKI: Imported PKCS12 file successfully.\n");
	}
	pki_bundle_fini(&b);
}

void pki_cmd_import_pkcs12(struct talk *t, struct exec_io *io, bool *ret_error)
{
	if (!may_import(t, io, ret_error))
		return;
	txt_str(io->out, "\nEnter the base 64 encoded pkcs12.\n"
			 "End with a blank line or the word \"quit\" on a line by itself:\n\n");
	dialog_ask_paste(&t->d, true, got_pkcs12);
}

/* ---- export ---- */

/* The key pair, if it may leave; NULL after a message. */
static const struct pki_pair *exportable(struct talk *t, struct exec_io *io,
					 const struct cfg_trustpoint *tp, bool *ret_error)
{
	const struct pki_pair *p;

	pki_trustpoint_label(io->c, tp, t->label);
	p = pki_store_find(io->c->keys, t->label, PKI_USAGE_SIGNATURE);
	if (!p)
		pki_fail(io, ret_error, "RSA keypair '%s' does not exist.", t->label);
	else if (!p->exportable)
		pki_fail(io, ret_error, "RSA keypair '%s' is not exportable.", t->label);
	else if (strlen(t->a.text) < PASS_LEAST)
		pki_fail(io, ret_error, "The passphrase must have at least %d characters.", PASS_LEAST);
	return *ret_error ? NULL : p;
}

static const struct cfg_cert *router_cert(const struct control *c, const char *name)
{
	const struct cfg_cert *x = pki_chain_cert(c, name, CERT_ROUTER);

	return x ? x : pki_chain_cert(c, name, CERT_SELF_SIGNED);
}

void pki_cmd_export_pem(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);
	const struct cfg_cert *ca = tp ? pki_chain_cert(io->c, tp->name, CERT_CA) : NULL;
	const struct cfg_cert *own = tp ? router_cert(io->c, tp->name) : NULL;
	const struct pki_pair *p = NULL;
	static const char *const ciphers[] = { "3DES", "3DES", "DES", "AES" };

	if (tp && t->a.proto)
		p = exportable(t, io, tp, ret_error);
	if (!tp || *ret_error)
		return;
	if (ca || own) {
		txt_str(io->out, "% CA certificate:\n");
		pki_base64_encode(der_of(ca ? ca : own), "CERTIFICATE", io->out);
	}
	if (p) {
		txt_printf(io->out, "\n%% Key name: %s\n   Usage: General Purpose Key\n", p->label);
		if (pki_key_to_pem(io->c->pki, p->key, ciphers[t->a.proto & 3], t->a.text, io->out))
			pki_fail(io, ret_error, "The key could not be exported");
	}
	if (own) {
		txt_str(io->out, "\n% General Purpose Certificate:\n");
		pki_base64_encode(der_of(own), "CERTIFICATE", io->out);
	}
	if (!ca && !own)
		pki_fail(io, ret_error, "Trustpoint %s has no certificates.", tp->name);
	txt_char(io->out, '\n');
}

void pki_cmd_export_pkcs12(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);
	const struct pki_pair *p = tp ? exportable(t, io, tp, ret_error) : NULL;
	const struct cfg_cert *ca = tp ? pki_chain_cert(io->c, tp->name, CERT_CA) : NULL;
	const struct cfg_cert *own = tp ? router_cert(io->c, tp->name) : NULL;
	struct pki_bundle b = { .n_ca = ca ? 1 : 0 };
	struct txt der = TXT_INIT;

	if (!p)
		return;
	if (!own || pki_cert_parse(io->c->pki, der_of(own), &b.cert) ||
	    (ca && pki_cert_parse(io->c->pki, der_of(ca), &b.ca[0]))) {
		pki_fail(io, ret_error, "Trustpoint %s has no router certificate.", tp->name);
	} else {
		b.key = p->key; /* the store's */
		if (pki_pkcs12_write(io->c->pki, &b, p->label, t->a.text, &der))
			pki_fail(io, ret_error, "The PKCS12 could not be made");
		b.key = NULL;
	}
	if (!*ret_error) {
		txt_str(io->out, "CRYPTO_PKI: Exported PKCS12 file follows:\n\n");
		pki_base64_encode(span_of(der.s, der.len), NULL, io->out);
		txt_str(io->out, "\n---End - This line not part of the pkcs12---\n\n");
	}
	if (!b.ca[0])
		b.n_ca = 0;
	pki_bundle_fini(&b);
	txt_fini(&der);
}
