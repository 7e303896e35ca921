/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto key ...`. Large keys take seconds to find, so a thread looks for them
 * while the event loop goes on; it touches nothing but the library context. */
#include "control/pki_cmd.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "host/os.h"

/* ---- the thread ---- */

/* One at a time. What the thread writes is read after it was joined. */
struct keygen {
	struct control *c;
	struct session *s; /* NULL: gone */
	struct talk *t;
	pthread_t thread;
	int fds[2];
	struct event *done;
	uint64_t begun_ms;
	unsigned bits, n;
	struct pki_key *key[2]; /* thread */
	int err;		/* thread */
};

static void *work(void *ctx)
{
	struct keygen *g = ctx;

	for (unsigned i = 0; !g->err && i < g->n; i++)
		g->err = pki_key_generate(g->c->pki, g->bits, &g->key[i]);
	(void)!write(g->fds[1], "", 1);
	return NULL;
}

static void keygen_free(struct keygen *g)
{
	g->c->keygen = NULL;
	if (g->done)
		event_free(g->done);
	for (size_t i = 0; i < 2; i++) {
		if (g->fds[i] >= 0)
			close(g->fds[i]);
		pki_key_free(g->key[i]);
	}
	free(g);
}

static int store_keys(struct keygen *g)
{
	const struct exec_args *a = &g->t->a;
	bool usage = g->n == 2;
	int err = g->err;

	/* a label has a general pair or usage pairs, not both */
	if (!err && pki_store_has(g->c->keys, g->t->label) &&
	    (usage || a->proto == EXEC_KEYS_GENERAL ||
	     (pki_store_find(g->c->keys, g->t->label, PKI_USAGE_SIGNATURE) &&
	      pki_store_find(g->c->keys, g->t->label, PKI_USAGE_SIGNATURE)->usage == PKI_USAGE_GENERAL)))
		(void)pki_store_zeroize(g->c->keys, g->t->label);
	for (unsigned i = 0; !err && i < g->n; i++) {
		enum pki_usage u = usage ? (i ? PKI_USAGE_ENCRYPTION : PKI_USAGE_SIGNATURE) :
				   a->proto == EXEC_KEYS_SIGNATURE  ? PKI_USAGE_SIGNATURE :
				   a->proto == EXEC_KEYS_ENCRYPTION ? PKI_USAGE_ENCRYPTION :
								      PKI_USAGE_GENERAL;

		err = pki_store_put(g->c->keys, g->t->label, u, a->flag, host_wall_ms() / 1000,
				    g->key[i]);
		g->key[i] = NULL;
	}
	apply_soon(g->c); /* IKE may have something to sign with, or no longer */
	return err;
}

static void on_made(evutil_socket_t fd, short what, void *ctx)
{
	struct keygen *g = ctx;
	struct txt out = TXT_INIT;
	struct exec_io io = { g->c, g->s, &out };
	struct talk *t = g->t;
	bool error = false;
	int err;

	(void)fd;
	(void)what;
	pthread_join(g->thread, NULL);
	err = g->s ? store_keys(g) : -ECANCELED;
	if (err)
		pki_fail(&io, &error, "The keys could not be made or stored: %s", strerror(-err));
	else
		txt_printf(&out, "[OK] (elapsed time was %llu seconds)\n\n",
			   (unsigned long long)(host_now_ms(NULL) - g->begun_ms + 500) / 1000);
	keygen_free(g);
	if (!io.s) {
		dialog_free(&t->d);
	} else {
		if (!err && t->made)
			t->made(t, &io, &error);
		session_print(io.s, txt_cstr(&out));
		talk_end(t, &io);
		session_made(io.s, error);
	}
	if (out.s)
		secret_wipe(out.s, out.cap);
	txt_fini(&out);
}

void pki_make_forget(struct control *c, const struct session *s)
{
	struct keygen *g = c->keygen;

	if (!g || (s && g->s != s))
		return;
	g->s = NULL;
	if (s)
		return; /* it ends by itself */
	pthread_join(g->thread, NULL);
	dialog_free(&g->t->d);
	keygen_free(g);
}

bool pki_make_key(struct talk *t, struct exec_io *io, bool *ret_error)
{
	struct keygen *g = io->c->keygen ? NULL : calloc(1, sizeof(*g));
	int err;

	if (!g) {
		pki_fail(io, ret_error, "Another key pair is being generated; try again later");
		return false;
	}
	*g = (struct keygen){ .c = io->c, .s = io->s, .t = t, .fds = { -1, -1 }, .bits = t->bits,
			      .n = t->a.proto == EXEC_KEYS_USAGE ? 2 : 1,
			      .begun_ms = host_now_ms(NULL) };
	err = pipe2(g->fds, O_CLOEXEC) ? errno : 0;
	g->done = err ? NULL : event_new(io->c->base, g->fds[0], EV_READ, on_made, g);
	if (g->done && event_add(g->done, NULL) == 0)
		err = pthread_create(&g->thread, NULL, work, g);
	else
		err = ENOMEM;
	if (err) {
		keygen_free(g);
		pki_fail(io, ret_error, "The keys could not be generated: %s", strerror(err));
		return false;
	}
	io->c->keygen = g;
	session_wait(io->s);
	return true;
}

/* ---- generate ---- */

static bool generate(struct talk *t, struct exec_io *io, bool *ret_error)
{
	if (t->bits < PKI_BITS_LEAST) {
		pki_fail(io, ret_error, "An RSA key of less than %d bits cannot sign what IKE and "
					"certificates need: modulus 2048",
			 PKI_BITS_LEAST);
		return false;
	}
	txt_printf(io->out, "\n%% The key modulus size is %u bits\n", t->bits);
	if (t->bits < 2048)
		txt_printf(io->out, "%% NOTE: a key of %u bits is weak; it is made because it was asked "
				    "for.\n",
			   t->bits);
	txt_printf(io->out, "%% Generating %u bit RSA keys, keys will be %sexportable...\n", t->bits,
		   t->a.flag ? "" : "non-");
	return pki_make_key(t, io, ret_error);
}

static void got_bits(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	char *end;
	unsigned long v = *text ? strtoul(text, &end, 10) : 512;

	if (*text && (*end || v < PKI_BITS_MIN || v > PKI_BITS_MAX)) {
		txt_str(io->out, "% A decimal number between 360 and 4096.\n");
		dialog_ask_text(d, "How many bits in the modulus [512]: ", got_bits);
		return;
	}
	t->bits = (unsigned)v;
	(void)generate(t, io, ret_error);
}

static bool ask_bits(struct talk *t, struct exec_io *io, bool *ret_error)
{
	t->bits = t->a.number;
	txt_printf(io->out, "The name for the keys will be: %s\n", t->label);
	if (t->bits)
		return generate(t, io, ret_error);
	txt_printf(io->out,
		   "Choose the size of the key modulus in the range of 360 to 4096 for your\n"
		   "  %s Keys. Choosing a key modulus greater than 512 may take\n"
		   "  a few minutes.\n\n",
		   t->a.proto == EXEC_KEYS_USAGE ? "Signature and Encryption" : "General Purpose");
	dialog_ask_text(&t->d, "How many bits in the modulus [512]: ", got_bits);
	return false;
}

static void got_replace(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;

	if (yes)
		(void)ask_bits(t, io, ret_error);
}

bool pki_cmd_generate(struct talk *t, struct exec_io *io, bool *ret_error)
{
	char name[CFG_DESC_MAX + CFG_NAME_MAX];
	const char *label;

	pki_router_name(io->c, name);
	if (!t->a.name[0] && !strcmp(io->c->config->hostname, CFG_HOSTNAME_DEFAULT)) {
		pki_fail(io, ret_error, "Please define a hostname other than Router.");
		return false;
	}
	if (!t->a.name[0] && !io->c->config->domain[0]) {
		pki_fail(io, ret_error, "Please define a domain-name first.");
		return false;
	}
	label = t->a.name[0] ? t->a.name : name;
	if (!pki_label_ok(label)) {
		pki_fail(io, ret_error, "'%s' cannot be the name of a key pair", label);
		return false;
	}
	memcpy(t->label, label, strlen(label) + 1);
	if (!pki_store_has(io->c->keys, t->label))
		return ask_bits(t, io, ret_error);
	txt_printf(io->out, "%% You already have RSA keys defined named %s.\n", t->label);
	if (t->a.number) {
		txt_str(io->out, "% They will be replaced.\n\n");
		return ask_bits(t, io, ret_error);
	}
	dialog_ask_yes(&t->d, "% Do you really want to replace them? [yes/no]: ", false, got_replace);
	return false;
}

/* ---- zeroize ---- */

/* Certificates without their key are of no use: they go with it. */
static void drop_certs(struct control *c, const struct pki_key *k)
{
	struct cfg_pki *p = &c->config->pki;

	for (size_t i = 0; i < p->n_chains; i++)
		for (size_t j = p->chains[i]->n; j-- > 0;) {
			struct cfg_cert *x = p->chains[i]->certs[j];
			struct pki_cert *cert = NULL;
			struct pki_key *of = NULL;

			if (x->kind == CERT_CA ||
			    pki_cert_parse(c->pki, span_of(x->der, x->len), &cert))
				continue;
			if (!pki_cert_key(c->pki, cert, &of) && pki_key_same(of, k))
				cfg_chain_del(p->chains[i], x);
			pki_key_free(of);
			pki_cert_free(cert);
		}
	pki_config_changed(c);
}

static void got_zeroize(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	const struct pki_pair *p;
	size_t i = 0;

	(void)ret_error;
	while (yes && (p = pki_store_get(io->c->keys, i))) {
		char label[PKI_LABEL_MAX];

		if (t->a.name[0] && strcmp(p->label, t->a.name)) {
			i++;
			continue;
		}
		drop_certs(io->c, p->key);
		memcpy(label, p->label, sizeof(label));
		for (size_t k = i + 1; pki_store_get(io->c->keys, k); k++)
			if (!strcmp(pki_store_get(io->c->keys, k)->label, label))
				drop_certs(io->c, pki_store_get(io->c->keys, k)->key);
		(void)pki_store_zeroize(io->c->keys, label);
		i = 0;
	}
}

void pki_cmd_zeroize(struct talk *t, struct exec_io *io, bool *ret_error)
{
	if (t->a.name[0] ? !pki_store_has(io->c->keys, t->a.name) : !pki_store_get(io->c->keys, 0)) {
		pki_fail(io, ret_error, t->a.name[0] ? "No RSA keys found named '%s' in configuration." :
						       "No Signature RSA Keys found in configuration.",
			 t->a.name);
		return;
	}
	if (t->a.name[0])
		txt_printf(io->out, "%% Keys to be removed are named '%s'.\n", t->a.name);
	else
		txt_str(io->out, "% All keys will be removed.\n");
	txt_str(io->out, "% All router certs issued using these keys will also be removed.\n");
	dialog_ask_yes(&t->d, "Do you really want to remove these keys? [yes/no]: ", false, got_zeroize);
}

/* ---- export, import ---- */

static const char *cipher_word(unsigned pem)
{
	return pem == EXEC_PEM_DES ? "DES" : pem == EXEC_PEM_AES ? "AES" : "3DES";
}

static void export_pair(struct talk *t, struct exec_io *io, const struct pki_pair *p, bool *ret_error)
{
	static const char *const usages[] = { "General Purpose", "Signature", "Encryption" };

	txt_printf(io->out, "%% Key name: %s\n   Usage: %s Key\n   Key data:\n", p->label,
		   usages[p->usage]);
	if (pki_key_public_pem(p->key, io->out) ||
	    pki_key_to_pem(io->c->pki, p->key, cipher_word(t->a.proto), t->a.text, io->out))
		pki_fail(io, ret_error, "The key could not be exported");
	txt_char(io->out, '\n');
}

void pki_cmd_key_export(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct pki_pair *p;

	if (!pki_store_has(io->c->keys, t->a.name))
		pki_fail(io, ret_error, "RSA keypair '%s' does not exist.", t->a.name);
	else if (strlen(t->a.text) < 8)
		pki_fail(io, ret_error, "The passphrase must have at least 8 characters.");
	for (size_t i = 0; !*ret_error && (p = pki_store_get(io->c->keys, i)); i++) {
		if (strcmp(p->label, t->a.name))
			continue;
		if (p->exportable)
			export_pair(t, io, p, ret_error);
		else
			pki_fail(io, ret_error, "RSA keypair '%s' is not exportable.", t->a.name);
	}
}

static void got_private(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	struct pki_key *k = NULL;
	enum pki_usage u = t->a.proto == EXEC_KEYS_SIGNATURE  ? PKI_USAGE_SIGNATURE :
			   t->a.proto == EXEC_KEYS_ENCRYPTION ? PKI_USAGE_ENCRYPTION :
								PKI_USAGE_GENERAL;
	int err = pki_key_from_pem(io->c->pki, span_of(text, strlen(text)), t->a.text, &k);

	if (!err && t->key && !pki_key_same(k, t->key)) {
		pki_key_free(k);
		pki_fail(io, ret_error, "Key pair import failed: the private key does not belong to the "
					"public one.");
		return;
	}
	if (!err)
		err = pki_store_put(io->c->keys, t->a.name, u, t->a.flag, host_wall_ms() / 1000, k);
	if (err)
		pki_fail(io, ret_error, "Key pair import failed: %s",
			 err == -EACCES	 ? "the passphrase is wrong." :
			 err == -EBADMSG ? "this is no private RSA key in PEM." :
			 err == -ERANGE	 ? "keys of 512 to 4096 bits are taken." :
			 err == -EINVAL	 ? "this is no private key, or no label." :
					   strerror(-err));
	else
		txt_str(io->out, "% Key pair import succeeded.\n");
	apply_soon(io->c);
}

static void got_public(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	struct span pem = span_of(text, strlen(text));
	int err;

	if (strstr(text, "-----BEGIN CERTIFICATE-----")) {
		struct pki_cert *cert = pki_pasted_cert(io, text, ret_error);

		err = cert ? pki_cert_key(io->c->pki, cert, &t->key) : -EBADMSG;
		pki_cert_free(cert);
	} else {
		err = pki_key_from_pem(io->c->pki, pem, NULL, &t->key);
	}
	if (err) {
		pki_fail(io, ret_error, "Key pair import failed: this is no public RSA key in PEM.");
		return;
	}
	txt_str(io->out, "% Enter PEM-formatted encrypted private General Purpose key.\n"
			 "% End with \"quit\" on a line by itself.\n");
	dialog_ask_paste(d, false, got_private);
}

void pki_cmd_key_import(struct talk *t, struct exec_io *io, bool *ret_error)
{
	if (pki_store_has(io->c->keys, t->a.name)) {
		pki_fail(io, ret_error, "You already have RSA keys defined named %s: crypto key zeroize rsa "
					"%s",
			 t->a.name, t->a.name);
		return;
	}
	txt_str(io->out, "% Enter PEM-formatted public General Purpose key or certificate.\n"
			 "% End with a blank line or \"quit\" on a line by itself.\n");
	dialog_ask_paste(&t->d, true, got_public);
}
