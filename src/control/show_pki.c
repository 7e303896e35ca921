/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto pki certificates, show crypto pki trustpoints, show crypto key mypubkey
 * rsa. Text from certificates is a stranger's: pki shows it without control characters. */
#include "control/show_parts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pki/store.h"

#define HEX_LINE 32 /* bytes of Key Data on one line */

/* `09:17:52 UTC Jun 22 2022` */
static void put_time(int64_t sec, struct txt *out)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)sec;
	struct tm tm = { 0 };

	(void)gmtime_r(&t, &tm);
	txt_printf(out, "%02d:%02d:%02d UTC %s %d %d", tm.tm_hour, tm.tm_min, tm.tm_sec,
		   months[tm.tm_mon % 12], tm.tm_mday, tm.tm_year + 1900);
}

const char *show_cert_usage(const struct pki_cert *c)
{
	uint32_t ku;

	if (!pki_cert_key_usage(c, &ku))
		return pki_cert_is_ca(c) ? "Signature" : "General Purpose";
	if (ku & PKI_KU_CERT_SIGN && !(ku & PKI_KU_KEY_ENCIPHERMENT))
		return "Signature";
	if (ku & (PKI_KU_DIGITAL_SIGNATURE | PKI_KU_NON_REPUDIATION))
		return ku & PKI_KU_KEY_ENCIPHERMENT ? "General Purpose" : "Signature";
	return "Encryption";
}

/* ---- certificates ---- */

static void put_subject_names(const struct pki_cert *c, struct txt *out)
{
	static const char *const rows[][2] = { { "ipaddress", "    IP Address: " },
					       { "serialNumber", "    Serial Number: " } };
	struct txt v = TXT_INIT;

	if (pki_cert_subject_has(c, "hostname", &v) || pki_cert_subject_has(c, "cn", &v))
		txt_printf(out, "    Name: %s\n", txt_cstr(&v));
	for (size_t i = 0; i < 2; i++) {
		txt_clear(&v);
		if (pki_cert_subject_has(c, rows[i][0], &v))
			txt_printf(out, "%s%s\n", rows[i][1], txt_cstr(&v));
	}
	txt_fini(&v);
}

static void put_groups(struct span s, struct txt *out)
{
	for (size_t i = 0; i < s.len; i++)
		txt_printf(out, "%02X%s", s.p[i], i % 4 == 3 ? " " : "");
	txt_char(out, '\n');
}

static void put_extensions(const struct pki_cert *c, struct txt *out)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} usages[] = { { PKI_KU_DIGITAL_SIGNATURE, "Digital Signature" },
		       { PKI_KU_NON_REPUDIATION, "Non Repudiation" },
		       { PKI_KU_KEY_ENCIPHERMENT, "Key Encipherment" },
		       { PKI_KU_DATA_ENCIPHERMENT, "Data Encipherment" },
		       { PKI_KU_KEY_AGREEMENT, "Key Agreement" },
		       { PKI_KU_CERT_SIGN, "Key Cert Sign" },
		       { PKI_KU_CRL_SIGN, "CRL Signature" } };
	struct txt san = TXT_INIT;
	uint32_t ku;

	txt_str(out, "  X509v3 extensions:\n");
	if (pki_cert_key_usage(c, &ku)) {
		txt_printf(out, "    X509v3 Key Usage: %08X\n", ku);
		for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++)
			if (ku & usages[i].bit)
				txt_printf(out, "      %s\n", usages[i].name);
	}
	if (pki_cert_ski(c).len) {
		txt_str(out, "    X509v3 Subject Key ID: ");
		put_groups(pki_cert_ski(c), out);
	}
	if (pki_cert_is_ca(c))
		txt_str(out, "    X509v3 Basic Constraints:\n        CA: TRUE\n");
	for (size_t i = 0; pki_cert_san(c, i, &san); i++) {
		txt_printf(out, "%s        %s\n", i ? "" : "    X509v3 Subject Alternative Name:\n",
			   txt_cstr(&san));
		txt_clear(&san);
	}
	if (pki_cert_aki(c).len) {
		txt_str(out, "    X509v3 Authority Key ID: ");
		put_groups(pki_cert_aki(c), out);
	}
	txt_str(out, "    Authority Info Access:\n");
	txt_fini(&san);
}

static void put_details(const struct show_in *in, const struct pki_cert *c, struct txt *out)
{
	struct pki_key *k = NULL;

	txt_str(out, "  Subject Key Info:\n");
	if (pki_cert_key(in->pki, c, &k) == 0)
		txt_printf(out, "    Public Key Algorithm: rsaEncryption\n    RSA Public Key: (%u bit)\n",
			   pki_key_bits(k));
	else
		txt_str(out, "    Public Key Algorithm: not RSA\n");
	pki_key_free(k);
	txt_str(out, "  Signature Algorithm: ");
	pki_cert_sigalg(c, out);
	txt_str(out, "\n  Fingerprint MD5: ");
	pki_fingerprint(in->pki, pki_cert_der(c), PKI_MD5, true, out);
	txt_str(out, "\n  Fingerprint SHA1: ");
	pki_fingerprint(in->pki, pki_cert_der(c), PKI_SHA1, true, out);
	txt_char(out, '\n');
	put_extensions(c, out);
}

static void put_dates(const struct pki_cert *c, struct txt *out)
{
	int64_t from, to;

	txt_str(out, "  Validity Date: \n");
	if (!pki_cert_validity(c, &from, &to))
		return;
	txt_str(out, "    start date: ");
	put_time(from, out);
	txt_str(out, "\n    end   date: ");
	put_time(to, out);
	txt_char(out, '\n');
}

static void put_cert(const struct show_in *in, const struct cfg_chain *chain,
		     const struct cfg_cert *cfg, bool verbose, struct txt *out)
{
	static const char *const titles[] = { "Certificate", "CA Certificate",
					      "Router Self-Signed Certificate" };
	const struct cfg_trustpoint *tp = pki_find_trustpoint(&in->config->pki, chain->name);
	struct pki_cert *c = NULL;
	struct txt url = TXT_INIT;

	if (pki_cert_parse(in->pki, span_of(cfg->der, cfg->len), &c)) {
		txt_printf(out, "%s\n  Status: Not usable\n  Certificate Serial Number (hex): %s\n"
				"  Associated Trustpoints: %s \n\n",
			   titles[cfg->kind], cfg->serial, chain->name);
		return;
	}
	txt_printf(out, "%s\n  Status: Available\n", titles[cfg->kind]);
	if (verbose)
		txt_printf(out, "  Version: %d\n", pki_cert_version(c));
	txt_str(out, "  Certificate Serial Number (hex): ");
	pki_cert_serial(c, out);
	txt_printf(out, "\n  Certificate Usage: %s\n  Issuer: \n", show_cert_usage(c));
	pki_cert_issuer(c, "    ", out);
	txt_printf(out, "  Subject:%s\n", cfg->kind == CERT_CA ? " " : "");
	if (cfg->kind != CERT_CA)
		put_subject_names(c, out);
	pki_cert_subject(c, "    ", out);
	for (size_t i = 0; pki_cert_crl_url(c, i, &url); i++) {
		txt_printf(out, "%s    %s\n", i ? "" : "  CRL Distribution Points: \n", txt_cstr(&url));
		txt_clear(&url);
	}
	put_dates(c, out);
	if (verbose)
		put_details(in, c, out);
	txt_printf(out, "  Associated Trustpoints: %s \n", chain->name);
	if (verbose && cfg->kind != CERT_CA && tp && tp->keypair[0])
		txt_printf(out, "  Key Label: %s\n", tp->keypair);
	txt_char(out, '\n');
	txt_fini(&url);
	pki_cert_free(c);
}

const struct show_enroll *show_enroll_of(const struct show_in *in, const char *trustpoint)
{
	for (size_t i = 0; i < in->n_enroll; i++)
		if (!strcmp(in->enroll[i].trustpoint, trustpoint))
			return &in->enroll[i];
	return NULL;
}

/* A request that waits for the CA. */
static void put_pending(const struct show_in *in, const char *trustpoint, struct txt *out)
{
	const struct show_enroll *e = show_enroll_of(in, trustpoint);

	if (!e || !e->active)
		return;
	txt_str(out, "Certificate\n  Subject:\n");
	if (in->config->domain[0])
		txt_printf(out, "    Name: %s.%s\n", in->config->hostname, in->config->domain);
	txt_str(out, "   Status: Pending\n   Key Usage: General Purpose\n   Certificate Request Fingerprint MD5: ");
	pki_fingerprint(in->pki, e->csr, PKI_MD5, true, out);
	txt_str(out, "\n   Certificate Request Fingerprint SHA1: ");
	pki_fingerprint(in->pki, e->csr, PKI_SHA1, true, out);
	txt_printf(out, "\n   Associated Trustpoint: %s \n\n", trustpoint);
}

bool show_pki_certificates(const struct show_in *in, const char *name, bool verbose, struct txt *out)
{
	const struct cfg_pki *p = &in->config->pki;
	bool any = !name[0];

	for (size_t i = 0; i < p->n_chains; i++) {
		if (name[0] && strcmp(p->chains[i]->name, name))
			continue;
		any = true;
		for (int ca = 0; ca < 2; ca++) /* the router's own first */
			for (size_t k = 0; k < p->chains[i]->n; k++)
				if ((p->chains[i]->certs[k]->kind == CERT_CA) == ca)
					put_cert(in, p->chains[i], p->chains[i]->certs[k], verbose, out);
	}
	for (size_t i = 0; i < p->n_trustpoints; i++)
		if (!name[0] || !strcmp(p->trustpoints[i]->name, name))
			put_pending(in, p->trustpoints[i]->name, out);
	if (any || pki_find_trustpoint(p, name))
		return true;
	txt_printf(out, "%% Trustpoint '%s' is not configured\n", name);
	return false;
}

/* ---- trustpoints ---- */

struct pki_cert *show_first_cert(const struct show_in *in, const char *name, enum cert_kind kind)
{
	const struct cfg_chain *chain = pki_find_chain(&in->config->pki, name);
	struct pki_cert *c = NULL;

	for (size_t i = 0; chain && !c && i < chain->n; i++)
		if (chain->certs[i]->kind == kind)
			(void)pki_cert_parse(in->pki,
					     span_of(chain->certs[i]->der, chain->certs[i]->len), &c);
	return c;
}

const struct pki_pair *show_pair_of(const struct show_in *in, const struct cfg_trustpoint *t)
{
	char label[CFG_NAME_MAX + CFG_DESC_MAX];

	snprintf(label, sizeof(label), "%s%s%s", in->config->hostname,
		 in->config->domain[0] ? "." : "", in->config->domain);
	return in->keys ? pki_store_find(in->keys, t->keypair[0] ? t->keypair : label,
					 PKI_USAGE_SIGNATURE) :
			  NULL;
}

static void put_trustpoint(const struct show_in *in, const struct cfg_trustpoint *t, struct txt *out)
{
	struct pki_cert *ca = show_first_cert(in, t->name, CERT_CA);
	struct pki_cert *self = ca ? NULL : show_first_cert(in, t->name, CERT_SELF_SIGNED);
	const struct pki_pair *p = show_pair_of(in, t);

	txt_printf(out, "Trustpoint %s:\n", t->name);
	if (ca || self) {
		txt_str(out, "    Subject Name:\n");
		pki_cert_subject(ca ? ca : self, "    ", out);
		txt_str(out, "          Serial Number (hex): ");
		pki_cert_serial(ca ? ca : self, out);
		txt_str(out, ca ? "\n    Certificate configured.\n" :
				  "\n    Persistent self-signed certificate trust point\n");
	}
	if (self && p)
		txt_printf(out, "    Using key label %s\n", p->label);
	txt_str(out, "\n\n");
	pki_cert_free(ca);
	pki_cert_free(self);
}

static void put_status_cert(const struct show_in *in, const char *title, const struct pki_cert *c,
			    struct txt *out)
{
	txt_printf(out, "  %s certificate configured:\n    Subject Name:\n     ", title);
	pki_cert_subject(c, NULL, out);
	txt_str(out, "\n    Fingerprint MD5: ");
	pki_fingerprint(in->pki, pki_cert_der(c), PKI_MD5, true, out);
	txt_str(out, "\n    Fingerprint SHA1: ");
	pki_fingerprint(in->pki, pki_cert_der(c), PKI_SHA1, true, out);
	txt_char(out, '\n');
}

static void put_enroll(const struct show_in *in, const struct show_enroll *e, struct txt *out)
{
	if (e->active) {
		txt_str(out, "  Router General Purpose certificate pending:\n    Request Fingerprint MD5: ");
		pki_fingerprint(in->pki, e->csr, PKI_MD5, true, out);
		txt_str(out, "\n    Request Fingerprint SHA1: ");
		pki_fingerprint(in->pki, e->csr, PKI_SHA1, true, out);
		txt_printf(out, "\n    Enrollment polling: %u times (%u left)\n    Next poll: %u seconds\n", e->tries,
			   e->left, e->next_sec);
	}
	if (e->last[0])
		txt_printf(out, "  Last enrollment status: %s\n", e->last);
}

static void put_status(const struct show_in *in, const struct cfg_trustpoint *t, struct txt *out)
{
	struct pki_cert *self = show_first_cert(in, t->name, CERT_SELF_SIGNED);
	struct pki_cert *ca = show_first_cert(in, t->name, CERT_CA), *own = show_first_cert(in, t->name, CERT_ROUTER);
	const struct pki_pair *p = show_pair_of(in, t);

	txt_printf(out, "Trustpoint %s:\n", t->name);
	if (ca || self)
		put_status_cert(in, "Issuing CA", ca ? ca : self, out);
	else
		txt_str(out, "  Issuing CA certificate not configured.\n");
	if (own || self)
		put_status_cert(in, "Router General Purpose", own ? own : self, out);
	const struct show_enroll *e = show_enroll_of(in, t->name);

	if (e)
		put_enroll(in, e, out);
	txt_str(out, "  State:\n    Keys generated ............. ");
	if (p)
		txt_printf(out, "Yes (%s, %sexportable)\n",
			   p->usage == PKI_USAGE_GENERAL ? "General Purpose" : "Signature",
			   p->exportable ? "" : "non-");
	else
		txt_str(out, "No\n");
	txt_printf(out, "    Issuing CA authenticated ....... %s\n", ca || self ? "Yes" : "No");
	txt_printf(out, "    Certificate request(s) ..... %s\n\n\n", e && e->active ? "Pending" : own || self ? "Yes" : "None");
	pki_cert_free(ca);
	pki_cert_free(own);
	pki_cert_free(self);
}

bool show_pki_trustpoints(const struct show_in *in, const char *name, bool status, struct txt *out)
{
	const struct cfg_pki *p = &in->config->pki;
	bool any = !name[0];

	for (size_t i = 0; i < p->n_trustpoints; i++) {
		if (name[0] && strcmp(p->trustpoints[i]->name, name))
			continue;
		any = true;
		(status ? put_status : put_trustpoint)(in, p->trustpoints[i], out);
	}
	if (!any)
		txt_printf(out, "%% Trustpoint '%s' is not configured\n", name);
	return any;
}

/* ---- keys: the public half only ---- */

static void put_key(const struct pki_pair *p, struct txt *out)
{
	static const char *const usages[] = { "General Purpose", "Signature", "Encryption" };
	struct txt der = TXT_INIT;

	txt_str(out, "% Key pair was generated at: ");
	put_time(p->made_sec, out);
	txt_printf(out, "\nKey name: %s\nKey type: RSA KEYS\n Storage Device: private-config\n"
			" Usage: %s Key\n Key is %sexportable.\n Key Data:\n",
		   p->label, usages[p->usage], p->exportable ? "" : "not ");
	(void)pki_key_public_der(p->key, &der);
	for (size_t i = 0; i < der.len; i++) {
		bool end = i + 1 == der.len;

		txt_printf(out, "%s%02X%s", i % HEX_LINE ? "" : "  ", (unsigned char)der.s[i],
			   i % 4 == 3 && !end ? " " : "");
		if (i % HEX_LINE == HEX_LINE - 1 || end)
			txt_str(out, end && i % HEX_LINE == HEX_LINE - 1 ? " \n" : "\n");
	}
	txt_fini(&der);
}

void show_key_rsa(const struct show_in *in, const char *label, struct txt *out)
{
	const struct pki_pair *p;

	for (size_t i = 0; in->keys && (p = pki_store_get(in->keys, i)); i++)
		if (!label[0] || !strcmp(p->label, label))
			put_key(p, out);
}
