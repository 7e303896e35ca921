/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto pki authenticate`, `enroll` and `no crypto pki trustpoint`. */
#include "control/pki_cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "control/show_now.h"
#include "host/os.h"

#define SELF_DAYS    3650
#define DEFAULT_BITS 2048

/* ---- authenticate ---- */

static void fingerprint(struct control *c, const struct pki_cert *cert, size_t digits, struct txt *out)
{
	pki_fingerprint(c->pki, pki_cert_der(cert),
			digits == 32 ? PKI_MD5 : digits == 40 ? PKI_SHA1 : PKI_SHA256, false, out);
}

static void take_ca(struct talk *t, struct exec_io *io, bool *ret_error)
{
	int err = pki_install(io->c, t->a.name, CERT_CA, t->cert[0]);

	if (err) {
		pki_fail(io, ret_error, "Error in saving certificate: %s", strerror(-err));
		return;
	}
	txt_str(io->out, "Trustpoint CA certificate accepted.\n% Certificate successfully imported\n\n");
}

static void got_accept(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	if (yes)
		take_ca((struct talk *)(void *)d, io, ret_error);
	else
		pki_fail(io, ret_error, "Error in saving certificate: status = FAIL\n");
}

static void show_fingerprints(struct talk *t, struct exec_io *io)
{
	static const struct {
		enum pki_digest d;
		const char *name;
	} rows[] = { { PKI_MD5, "       Fingerprint MD5: " },
		     { PKI_SHA1, "      Fingerprint SHA1: " },
		     { PKI_SHA256, "    Fingerprint SHA256: " } };

	txt_str(io->out, "Certificate has the following attributes:\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		txt_str(io->out, rows[i].name);
		pki_fingerprint(io->c->pki, pki_cert_der(t->cert[0]), rows[i].d, true, io->out);
		txt_char(io->out, '\n');
	}
	txt_char(io->out, '\n');
}

static void got_ca(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);
	char why[PKI_WHY_MAX];
	struct txt fp = TXT_INIT;

	t->cert[0] = tp ? pki_pasted_cert(io, text, ret_error) : NULL;
	if (!t->cert[0])
		return;
	if (!pki_cert_may_be_ca(t->cert[0], why)) {
		pki_fail(io, ret_error, "Error in saving certificate: %s", why);
		return;
	}
	if (pki_cert_weakness(t->cert[0]))
		txt_printf(io->out, "%% NOTE: this certificate is weak: %s.\n",
			   pki_cert_weakness(t->cert[0]));
	show_fingerprints(t, io);
	if (!tp->fingerprint[0]) {
		dialog_ask_yes(d, "% Do you accept this certificate? [yes/no]: ", false, got_accept);
		return;
	}
	fingerprint(io->c, t->cert[0], strlen(tp->fingerprint), &fp);
	txt_printf(io->out, "Trustpoint Fingerprint: %s\n", tp->fingerprint);
	if (!fp.len || strcasecmp(txt_cstr(&fp), tp->fingerprint)) {
		pki_fail(io, ret_error, "Certificate rejected - fingerprints do not match.");
	} else {
		txt_str(io->out, "Certificate validated - fingerprints matched.\n");
		take_ca(t, io, ret_error);
	}
	txt_fini(&fp);
}

void pki_cmd_authenticate(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);

	if (!tp)
		return;
	if (pki_chain_cert(io->c, tp->name, CERT_CA)) {
		pki_fail(io, ret_error,
			 "Please delete your existing CA certificate first.\n"
			 "%% You must use 'no crypto pki trustpoint <trustpoint-name>' to delete the CA "
			 "certificate.");
	} else if (tp->enroll == ENROLL_URL) {
		pki_fail(io, ret_error, "SCEP is not run by this version: enrollment terminal");
	} else if (tp->enroll != ENROLL_TERMINAL) {
		pki_fail(io, ret_error, "No CA can be authenticated without: enrollment terminal");
	} else {
		txt_str(io->out, "\nEnter the base 64 encoded CA certificate.\n"
				 "End with a blank line or the word \"quit\" on a line by itself\n\n");
		dialog_ask_paste(&t->d, true, got_ca);
	}
}

/* ---- enroll ---- */

static void ask_serial(struct talk *t, struct exec_io *io, bool *ret_error);
static void ask_ip(struct talk *t, struct exec_io *io, bool *ret_error);
static void ask_last(struct talk *t, struct exec_io *io, bool *ret_error);

/* The address of an interface or what is one; false. */
static bool address_of(const struct control *c, const char *text, struct ipaddr *ret_ip)
{
	char name[CFG_NAME_MAX];
	const struct bound_if *b;

	if (ipaddr_parse_v4(text, ret_ip))
		return true;
	b = ifname_canonical(text, name) ? bound_find(c->ifs, c->n_ifs, name) : NULL;
	if (!b || !b->addr.family)
		return false;
	*ret_ip = b->addr;
	return true;
}

static void fqdn_of(const struct control *c, const struct cfg_trustpoint *tp,
		    char out[CFG_DESC_MAX + CFG_NAME_MAX])
{
	out[0] = '\0';
	if (tp->fqdn[0])
		snprintf(out, CFG_DESC_MAX + CFG_NAME_MAX, "%s", tp->fqdn);
	else if (tp->fqdn_mode != PART_NONE)
		pki_router_name(c, out);
}

/* Makes the request or the certificate from what was said. */
static int make(struct talk *t, struct exec_io *io, bool self, struct txt *der, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);
	char fqdn[CFG_DESC_MAX + CFG_NAME_MAX], why[PKI_WHY_MAX], serial[16] = "";
	struct pki_subject s = { .fqdn = fqdn, .serial = serial, .ip = t->ip };
	const struct pki_pair *p;
	int64_t now = host_wall_ms() / 1000;
	int err;

	if (!tp)
		return -ENOENT;
	p = pki_store_find(io->c->keys, t->label, PKI_USAGE_SIGNATURE);
	if (!p) {
		pki_fail(io, ret_error, "Key pair %s is gone", t->label);
		return -ENOENT;
	}
	fqdn_of(io->c, tp, fqdn);
	if (t->serial)
		show_board_id(serial);
	s.name = tp->subject;
	s.usage = PKI_KU_DIGITAL_SIGNATURE |
		  (p->usage == PKI_USAGE_GENERAL ? PKI_KU_KEY_ENCIPHERMENT : 0);
	if (self)
		s.usage |= PKI_KU_CERT_SIGN;
	err = self ? pki_self_signed(io->c->pki, p->key, &s, 1, now, now + SELF_DAYS * INT64_C(86400), der,
				     why) :
		     pki_request(io->c->pki, p->key, &s, der, why);
	if (err)
		pki_fail(io, ret_error, "%s", why);
	return err;
}

static void got_display(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	const struct cfg_trustpoint *tp = pki_find_trustpoint(&io->c->config->pki, t->a.name);
	struct txt der = TXT_INIT;

	if (!yes)
		return;
	if (!make(t, io, false, &der, ret_error)) {
		txt_str(io->out, "Certificate Request follows:\n\n");
		pki_base64_encode(span_of(der.s, der.len),
				  tp && tp->pem ? "CERTIFICATE REQUEST" : NULL, io->out);
		txt_str(io->out, "\n---End - This line not part of the certificate request---\n\n");
		dialog_ask_yes(d, "Redisplay enrollment request? [yes/no]: ", false, got_display);
	}
	txt_fini(&der);
}

static void got_self(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	struct pki_cert *cert = NULL;
	struct txt der = TXT_INIT;

	if (yes && !make(t, io, true, &der, ret_error)) {
		int err = pki_cert_parse(io->c->pki, span_of(der.s, der.len), &cert);

		if (!err)
			err = pki_install(io->c, t->a.name, CERT_SELF_SIGNED, cert);
		if (err)
			pki_fail(io, ret_error, "The certificate could not be saved: %s", strerror(-err));
		else
			txt_str(io->out, "\nRouter Self Signed Certificate successfully created\n\n");
	}
	pki_cert_free(cert);
	txt_fini(&der);
}

static void ask_last(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);

	if (tp && tp->enroll == ENROLL_SELFSIGNED)
		dialog_ask_yes(&t->d, "Generate Self Signed Router Certificate? [yes/no]: ", false, got_self);
	else if (tp)
		dialog_ask_yes(&t->d, "Display Certificate Request to terminal? [yes/no]: ", false,
			       got_display);
}

static void got_address(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;

	if (!address_of(io->c, text, &t->ip)) {
		txt_str(io->out, "% No such interface, or it has no IP address.\n");
		dialog_ask_text(d, "Enter Interface name or IP Address[]: ", got_address);
		return;
	}
	ask_last(t, io, ret_error);
}

static void got_ip(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	if (yes)
		dialog_ask_text(d, "Enter Interface name or IP Address[]: ", got_address);
	else
		ask_last((struct talk *)(void *)d, io, ret_error);
}

static void ask_ip(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);
	char buf[IPADDR_STRLEN];

	if (!tp)
		return;
	if (tp->ip.family)
		t->ip = tp->ip;
	else if (tp->ip_if[0] && !address_of(io->c, tp->ip_if, &t->ip)) {
		pki_fail(io, ret_error, "Interface %s has no IP address", tp->ip_if);
		return;
	} else if (!tp->ip_if[0] && tp->ip_mode != PART_NONE) {
		dialog_ask_yes(&t->d, "% Include an IP address in the subject name? [no]: ", true, got_ip);
		return;
	}
	if (t->ip.family)
		txt_printf(io->out, "%% The IP address in the certificate is %s\n", ipaddr_str(&t->ip, buf));
	ask_last(t, io, ret_error);
}

static void got_serial(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	char serial[16];

	t->serial = yes;
	if (yes) {
		show_board_id(serial);
		txt_printf(io->out, "%% The serial number in the certificate will be: %s\n", serial);
	}
	ask_ip(t, io, ret_error);
}

static void ask_serial(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);
	char fqdn[CFG_DESC_MAX + CFG_NAME_MAX];

	if (!tp)
		return;
	if (tp->enroll == ENROLL_TERMINAL)
		txt_str(io->out, "% Start certificate enrollment .. \n\n");
	if (tp->subject[0])
		txt_printf(io->out, "%% The subject name in the certificate will include: %s\n", tp->subject);
	fqdn_of(io->c, tp, fqdn);
	if (fqdn[0])
		txt_printf(io->out, "%% The subject name in the certificate will include: %s\n", fqdn);
	if (tp->serial_mode == PART_DEFAULT)
		dialog_ask_yes(&t->d, "% Include the router serial number in the subject name? [yes/no]: ",
			       false, got_serial);
	else
		got_serial(&t->d, io, tp->serial_mode == PART_GIVEN, ret_error);
}

bool pki_cmd_enroll(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);
	char why[PKI_WHY_MAX];

	if (!tp)
		return false;
	pki_trustpoint_label(io->c, tp, t->label);
	if (tp->enroll == ENROLL_URL)
		pki_fail(io, ret_error, "SCEP is not run by this version: enrollment terminal");
	else if (tp->enroll == ENROLL_UNSET)
		pki_fail(io, ret_error, "How to enroll is not configured: enrollment terminal or "
					"enrollment selfsigned");
	else if (tp->enroll == ENROLL_TERMINAL && !pki_chain_cert(io->c, tp->name, CERT_CA))
		pki_fail(io, ret_error, "You must authenticate the Certificate Authority before\n"
					"you can enroll with it.");
	else if (!pki_dn_check(tp->subject, why))
		pki_fail(io, ret_error, "%s", why);
	else if (!pki_label_ok(t->label))
		pki_fail(io, ret_error, "'%s' cannot be the name of a key pair", t->label);
	if (*ret_error)
		return false;
	if (pki_store_find(io->c->keys, t->label, PKI_USAGE_SIGNATURE)) {
		ask_serial(t, io, ret_error);
		return false;
	}
	t->bits = tp->key_bits ? tp->key_bits : DEFAULT_BITS;
	t->made = ask_serial;
	txt_printf(io->out, "%% Generating %u bit RSA keys, keys will be non-exportable...\n", t->bits);
	return pki_make_key(t, io, ret_error);
}

/* ---- no crypto pki trustpoint ---- */

static void got_drop(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	struct cfg_pki *p = &io->c->config->pki;
	struct cfg_trustpoint *tp = pki_find_trustpoint(p, t->a.name);
	struct cfg_chain *chain = pki_find_chain(p, t->a.name);

	(void)ret_error;
	if (!yes || !tp)
		return;
	pki_del_trustpoint(p, tp);
	if (chain)
		pki_del_chain(p, chain);
	pki_config_changed(io->c);
	txt_str(io->out, "% Be sure to ask the CA administrator to revoke your certificates.\n\n");
}

void pki_cmd_drop(struct talk *t, struct exec_io *io, bool *ret_error)
{
	if (!pki_need_trustpoint(io, t->a.name, ret_error))
		return;
	txt_str(io->out, "% Removing an enrolled trustpoint will destroy all certificates\n"
			 " received from the related Certificate Authority.\n\n");
	dialog_ask_yes(&t->d, "Are you sure you want to do this? [yes/no]: ", false, got_drop);
}
