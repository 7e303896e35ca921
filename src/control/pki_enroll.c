/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto pki authenticate`, `enroll` and `no crypto pki trustpoint`. */
#include "control/pki_cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "control/pki_scep.h"
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

void pki_judge_ca(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);
	char why[PKI_WHY_MAX];
	struct txt fp = TXT_INIT;

	if (!tp)
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
		dialog_ask_yes(&t->d, "% Do you accept this certificate? [yes/no]: ", false, got_accept);
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

static void got_ca(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;

	t->cert[0] = pki_pasted_cert(io, text, ret_error);
	if (t->cert[0])
		pki_judge_ca(t, io, ret_error);
}

bool pki_cmd_authenticate(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);

	if (!tp)
		return false;
	if (pki_chain_cert(io->c, tp->name, CERT_CA)) {
		pki_fail(io, ret_error,
			 "Please delete your existing CA certificate first.\n"
			 "%% You must use 'no crypto pki trustpoint <trustpoint-name>' to delete the CA "
			 "certificate.");
	} else if (tp->enroll == ENROLL_URL) {
		return pki_scep_authenticate(t, io, ret_error);
	} else if (tp->enroll != ENROLL_TERMINAL) {
		pki_fail(io, ret_error, "No CA can be authenticated without: enrollment terminal, or "
					"enrollment url");
	} else {
		txt_str(io->out, "\nEnter the base 64 encoded CA certificate.\n"
				 "End with a blank line or the word \"quit\" on a line by itself\n\n");
		dialog_ask_paste(&t->d, true, got_ca);
	}
	return false;
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

	if (ipaddr_parse(text, ret_ip))
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

/* Makes the request or the certificate from what was said, or else is configured. */
static int make(struct control *c, const struct cfg_trustpoint *tp, const char *label, const struct talk *t,
		bool self, struct txt *der, char why[PKI_WHY_MAX])
{
	const struct pki_pair *p = pki_store_find(c->keys, label, PKI_USAGE_SIGNATURE);
	char fqdn[CFG_DESC_MAX + CFG_NAME_MAX], serial[16] = "";
	struct pki_subject s = { .name = tp->subject, .fqdn = fqdn, .serial = serial,
				 .ip = t ? t->ip : tp->ip,
				 .challenge = t && t->password[0] ? t->password : tp->password };
	int64_t now = host_wall_ms() / 1000;

	if (!p) {
		snprintf(why, PKI_WHY_MAX, "Key pair %s is gone", label);
		return -ENOENT;
	}
	if (!t && tp->ip_if[0] && !address_of(c, tp->ip_if, &s.ip)) {
		snprintf(why, PKI_WHY_MAX, "Interface %s has no IP address", tp->ip_if);
		return -ENOENT;
	}
	fqdn_of(c, tp, fqdn);
	if (t ? t->serial : tp->serial_mode == PART_GIVEN)
		show_board_id(serial);
	s.usage = PKI_KU_DIGITAL_SIGNATURE |
		  (p->usage == PKI_USAGE_GENERAL ? PKI_KU_KEY_ENCIPHERMENT : 0);
	if (!self)
		return pki_request(c->pki, p->key, &s, der, why);
	s.usage |= PKI_KU_CERT_SIGN;
	return pki_self_signed(c->pki, p->key, &s, 1, now, now + SELF_DAYS * INT64_C(86400), der, why);
}

int pki_make_request(struct control *c, const struct cfg_trustpoint *tp, const char *label,
		     const struct talk *t, struct txt *out_der, char why[PKI_WHY_MAX])
{
	return make(c, tp, label, t, false, out_der, why);
}

static int make_asked(struct talk *t, struct exec_io *io, bool self, struct txt *der, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);
	char why[PKI_WHY_MAX];
	int err = tp ? make(io->c, tp, t->label, t, self, der, why) : -ENOENT;

	if (tp && err)
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
	if (!make_asked(t, io, false, &der, ret_error)) {
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

	if (yes && !make_asked(t, io, true, &der, ret_error)) {
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

static void got_request(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);
	struct txt csr = TXT_INIT;
	char why[PKI_WHY_MAX];

	if (!yes || !tp || make_asked(t, io, false, &csr, ret_error)) {
		txt_fini(&csr);
		return;
	}
	if (pki_scep_enroll(io->c, tp, t->label, &csr, pki_chain_cert(io->c, tp->name, CERT_ROUTER) != NULL, why))
		pki_fail(io, ret_error, "The request could not be sent: %s", why);
	else
		txt_printf(io->out,
			   "%% Certificate request sent to Certificate Authority\n"
			   "%% The 'show crypto pki certificate verbose %s' command will show the "
			   "fingerprint.\n\n",
			   tp->name);
	txt_fini(&csr);
}

static void ask_last(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);

	if (tp && tp->enroll == ENROLL_SELFSIGNED)
		dialog_ask_yes(&t->d, "Generate Self Signed Router Certificate? [yes/no]: ", false, got_self);
	else if (tp && tp->enroll == ENROLL_URL)
		dialog_ask_yes(&t->d, "Request certificate from CA? [yes/no]: ", false, got_request);
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

/* ---- what SCEP asks before: the challenge password ---- */

static void ask_password(struct talk *t, struct exec_io *io, bool *ret_error);

static void got_again(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;

	if (!strcmp(text, t->password)) {
		txt_char(io->out, '\n');
		ask_serial(t, io, ret_error);
		return;
	}
	txt_str(io->out, "% Password mismatch; the password is not saved, please try again\n");
	ask_password(t, io, ret_error);
}

static void got_password(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;

	if (strlen(text) >= sizeof(t->password)) {
		txt_printf(io->out, "%% At most %zu characters.\n", sizeof(t->password) - 1);
		ask_password(t, io, ret_error);
		return;
	}
	snprintf(t->password, sizeof(t->password), "%s", text);
	dialog_ask_secret(d, "Re-enter password: ", got_again);
}

static void ask_password(struct talk *t, struct exec_io *io, bool *ret_error)
{
	(void)io;
	(void)ret_error;
	dialog_ask_secret(&t->d, "Password: ", got_password);
}

static void begin_questions(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);

	if (!tp)
		return;
	if (tp->enroll != ENROLL_URL) {
		ask_serial(t, io, ret_error);
		return;
	}
	txt_str(io->out, "%\n% Start certificate enrollment .. \n");
	if (tp->password[0]) {
		ask_serial(t, io, ret_error);
		return;
	}
	txt_str(io->out, "% Create a challenge password. You will need to verbally provide this\n"
			 "   password to the CA Administrator in order to revoke your certificate.\n"
			 "   For security reasons your password will not be saved in the configuration.\n"
			 "   Please make a note of it.\n\n");
	ask_password(t, io, ret_error);
}

static bool begin_enroll(struct talk *t, struct exec_io *io, const struct cfg_trustpoint *tp, bool *ret_error)
{
	if (pki_store_find(io->c->keys, t->label, PKI_USAGE_SIGNATURE)) {
		begin_questions(t, io, ret_error);
		return false;
	}
	t->bits = tp->key_bits ? tp->key_bits : DEFAULT_BITS;
	t->made = begin_questions;
	txt_printf(io->out, "%% Generating %u bit RSA keys, keys will be non-exportable...\n", t->bits);
	return pki_make_key(t, io, ret_error);
}

static bool may_enroll(struct talk *t, struct exec_io *io, const struct cfg_trustpoint *tp, bool *ret_error)
{
	char why[PKI_WHY_MAX];

	if (tp->enroll == ENROLL_UNSET)
		pki_fail(io, ret_error, "How to enroll is not configured: enrollment url, enrollment terminal "
					"or enrollment selfsigned");
	else if (tp->enroll != ENROLL_SELFSIGNED && !pki_chain_cert(io->c, tp->name, CERT_CA))
		pki_fail(io, ret_error, "You must authenticate the Certificate Authority before\n"
					"you can enroll with it.");
	else if (!pki_dn_check(tp->subject, why))
		pki_fail(io, ret_error, "%s", why);
	else if (!pki_label_ok(t->label))
		pki_fail(io, ret_error, "'%s' cannot be the name of a key pair", t->label);
	return !*ret_error;
}

static void got_again_enroll(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	struct talk *t = (struct talk *)(void *)d;
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);

	if (!yes || !tp)
		return;
	if (pki_store_find(io->c->keys, t->label, PKI_USAGE_SIGNATURE))
		begin_questions(t, io, ret_error);
	else
		pki_fail(io, ret_error, "Key pair %s is gone: crypto key generate rsa label %s", t->label, t->label);
}

bool pki_cmd_enroll(struct talk *t, struct exec_io *io, bool *ret_error)
{
	const struct cfg_trustpoint *tp = pki_need_trustpoint(io, t->a.name, ret_error);

	if (!tp)
		return false;
	pki_trustpoint_label(io->c, tp, t->label);
	if (!may_enroll(t, io, tp, ret_error))
		return false;
	if (tp->enroll == ENROLL_URL && pki_scep_pending(io->c, tp->name, true)) {
		txt_str(io->out, "% A certificate request is pending with the Certificate Authority; it is asked "
				 "now.\n\n");
		return false;
	}
	if (tp->enroll == ENROLL_URL && pki_chain_cert(io->c, tp->name, CERT_ROUTER)) {
		txt_str(io->out, "%\n% You already have a certificate from this Certificate Authority.\n"
				 "% If you choose to re-enroll, it is replaced by the new one.\n");
		dialog_ask_yes(&t->d, "Do you want to continue with re-enrollment? [yes/no]: ", false,
			       got_again_enroll);
		return false;
	}
	return begin_enroll(t, io, tp, ret_error);
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
	pki_scep_drop(io->c, tp->name);
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
