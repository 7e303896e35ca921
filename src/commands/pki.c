/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto pki ...`: trustpoints, their certificates, certificate maps. */
#include "commands/rows.h"

#include <errno.h>
#include <string.h>

#include "commands/exec.h"
#include "commands/hexline.h"

#define IN_CONFIG CLI_IN(M_CONFIG)
#define IN_TP	  CLI_IN(M_TRUSTPOINT)
#define AT_TP(f)  struct cfg_trustpoint, f
/* `crypto ca` is the old spelling. */
#define PKI                                                                                 \
	KW("crypto", "Encryption module"), ALT, KW("pki", "Public Key components"), OR,     \
		KWF("ca", "Certification authority", .flags = CLI_ALIAS | CLI_HIDDEN), CLOSE

static int no_room(struct txt *out, const char *what, int max)
{
	txt_printf(out, "%% At most %d %s.\n", max, what);
	return -EEXIST;
}

/* ---- trustpoints ---- */

struct name_args {
	char name[CFG_NAME_MAX];
};

static int trustpoint_apply(struct cli_call *c)
{
	struct cfg_pki *p = &((struct config *)c->root)->pki;
	const struct name_args *a = c->args;
	struct cfg_trustpoint *t = pki_find_trustpoint(p, a->name);
	struct cfg_chain *chain = pki_find_chain(p, a->name);

	if (c->op == CLI_SET) {
		if (!t && p->n_trustpoints == CFG_MAX_TRUSTPOINTS)
			return no_room(c->out, "trustpoints", CFG_MAX_TRUSTPOINTS);
		return pki_add_trustpoint(p, a->name) ? 0 : -ENOMEM;
	}
	if (t)
		pki_del_trustpoint(p, t);
	if (t && chain)
		pki_del_chain(p, chain);
	return 0;
}

static void *trustpoint_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return pki_find_trustpoint(&((struct config *)root)->pki,
				   ((const struct name_args *)args)->name);
}

static bool trustpoint_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			    const void **ret_obj)
{
	const struct cfg_pki *p = &((const struct config *)root)->pki;

	(void)obj;
	if (w->i == p->n_trustpoints)
		return false;
	*ret_obj = p->trustpoints[w->i];
	memcpy(((struct name_args *)args)->name, p->trustpoints[w->i++]->name, CFG_NAME_MAX);
	return true;
}

static int enrollment_apply(struct cli_call *c)
{
	const struct cfg_trustpoint *t = c->obj;

	if (c->op == CLI_SET && t->enroll == ENROLL_URL && strncmp(t->url, "http://", 7)) {
		txt_str(c->out, "% Only http:// is understood in an enrollment url.\n");
		return -EINVAL;
	}
	return 0;
}

/* Only what is configured counts; nothing else is the default. */
static int revocation_apply(struct cli_call *c)
{
	const struct cfg_trustpoint *t = c->obj;

	if (c->op == CLI_SET && t->revocation[0] == REVOKE_NONE)
		txt_str(c->out, "% NOTE: revoked certificates of this trustpoint are accepted.\n");
	return 0;
}

static int fingerprint_apply(struct cli_call *c)
{
	const struct cfg_trustpoint *t = c->obj;
	size_t n = strlen(t->fingerprint);

	if (c->op == CLI_SET && n != 32 && n != 40 && n != 64) {
		txt_str(c->out, "% A fingerprint has 32 (MD5), 40 (SHA1) or 64 (SHA256) hex digits.\n");
		return -EINVAL;
	}
	return 0;
}

/* ---- certificates ---- */

static int chain_apply(struct cli_call *c)
{
	struct cfg_pki *p = &((struct config *)c->root)->pki;
	const struct name_args *a = c->args;
	struct cfg_chain *chain = pki_find_chain(p, a->name);

	if (c->op == CLI_SET) {
		if (!chain && p->n_chains == CFG_MAX_TRUSTPOINTS)
			return no_room(c->out, "certificate chains", CFG_MAX_TRUSTPOINTS);
		return pki_add_chain(p, a->name) ? 0 : -ENOMEM;
	}
	if (chain)
		pki_del_chain(p, chain);
	return 0;
}

static void *chain_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return pki_find_chain(&((struct config *)root)->pki, ((const struct name_args *)args)->name);
}

static bool chain_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		       const void **ret_obj)
{
	const struct cfg_pki *p = &((const struct config *)root)->pki;

	(void)obj;
	if (w->i == p->n_chains)
		return false;
	*ret_obj = p->chains[w->i];
	memcpy(((struct name_args *)args)->name, p->chains[w->i++]->name, CFG_NAME_MAX);
	return true;
}

struct cert_args {
	uint8_t kind;
	char serial[CFG_SERIAL_MAX];
};

static int cert_apply(struct cli_call *c)
{
	const struct cert_args *a = c->args;
	struct cfg_chain *chain = c->obj;
	struct cfg_cert *cert = cfg_chain_find(chain, a->kind, a->serial);

	if (c->op != CLI_SET) {
		if (cert)
			cfg_chain_del(chain, cert);
		return 0;
	}
	if (!cert && chain->n == CFG_MAX_CERTS)
		return no_room(c->out, "certificates in a chain", CFG_MAX_CERTS);
	cert = cfg_chain_add(chain, a->kind, a->serial);
	if (!cert)
		return -ENOMEM;
	cert->typed = (struct cfg_typed){ .again = true };
	return 0;
}

static void *cert_find(void *root, void *obj, const void *args)
{
	const struct cert_args *a = args;

	(void)root;
	return cfg_chain_find(obj, a->kind, a->serial);
}

static bool cert_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct cfg_chain *chain = obj;
	struct cert_args *a = args;

	(void)root;
	if (w->i == chain->n)
		return false;
	*ret_obj = chain->certs[w->i];
	a->kind = chain->certs[w->i]->kind;
	memcpy(a->serial, chain->certs[w->i++]->serial, sizeof(a->serial));
	return true;
}

/* ---- a certificate's bytes ---- */

static int data_apply(struct cli_call *c)
{
	const struct hex_args *a = c->args;
	struct cfg_cert *cert = c->obj;

	if (c->op != CLI_SET)
		return 0;
	if (!cfg_typed_add(&cert->typed, cert->der, &cert->len, cert->fresh, sizeof(cert->der), a->b,
			   a->n)) {
		txt_printf(c->out, "%% A certificate of more than %d bytes is not taken.\n",
			   CFG_CERT_BYTES);
		return -EINVAL;
	}
	return 0;
}

static bool data_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct cfg_cert *cert = obj;
	struct hex_args *a = args;
	size_t left = cert->len - w->i;

	(void)root;
	(void)ret_obj;
	if (!left)
		return false;
	a->n = (uint8_t)(left < HEX_PRINTED ? left : HEX_PRINTED);
	memcpy(a->b, cert->der + w->i, a->n);
	w->i += a->n;
	return true;
}

static int quit_apply(struct cli_call *c)
{
	struct cfg_cert *cert = c->obj;
	bool other = cert->typed.aside;

	if (!cfg_typed_end(&cert->typed, cert->der, &cert->len, cert->fresh))
		txt_printf(c->out, other ? "%% NOTE: certificate %s is not whole, or none; the one before "
					   "stays in force.\n" :
					   "%% NOTE: certificate %s is not whole, or none; it is kept and "
					   "not used.\n",
			   cert->serial);
	return 0;
}

/* ---- certificate maps ---- */

struct map_args {
	char name[CFG_NAME_MAX];
	uint32_t seq;
};

static int map_apply(struct cli_call *c)
{
	struct cfg_pki *p = &((struct config *)c->root)->pki;
	const struct map_args *a = c->args;
	struct cfg_cert_map *m = pki_find_cert_map(p, a->name, a->seq);

	if (c->op == CLI_SET) {
		if (!m && p->n_maps == CFG_MAX_CERT_MAPS)
			return no_room(c->out, "certificate maps", CFG_MAX_CERT_MAPS);
		return pki_add_cert_map(p, a->name, a->seq) ? 0 : -ENOMEM;
	}
	if (m)
		pki_del_cert_map(p, m);
	return 0;
}

static void *map_find(void *root, void *obj, const void *args)
{
	const struct map_args *a = args;

	(void)obj;
	return pki_find_cert_map(&((struct config *)root)->pki, a->name, a->seq);
}

static bool map_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		     const void **ret_obj)
{
	const struct cfg_pki *p = &((const struct config *)root)->pki;
	struct map_args *a = args;

	(void)obj;
	if (w->i == p->n_maps)
		return false;
	*ret_obj = p->maps[w->i];
	memcpy(a->name, p->maps[w->i]->name, sizeof(a->name));
	a->seq = p->maps[w->i++]->seq;
	return true;
}

static int criterion_apply(struct cli_call *c)
{
	const struct cfg_criterion *a = c->args;
	struct cfg_cert_map *m = c->obj;
	size_t i = 0;

	while (i < m->n && (m->v[i].field != a->field || m->v[i].op != a->op ||
			    strcmp(m->v[i].text, a->text)))
		i++;
	if (c->op == CLI_SET && i == m->n) {
		if (m->n == CFG_MAX_CRITERIA)
			return no_room(c->out, "criteria in a certificate map", CFG_MAX_CRITERIA);
		m->v[m->n++] = *a;
	} else if (c->op != CLI_SET && i < m->n) {
		memmove(&m->v[i], &m->v[i + 1], (m->n - i - 1) * sizeof(m->v[0]));
		memset(&m->v[--m->n], 0, sizeof(m->v[0]));
	}
	return 0;
}

static bool criterion_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			   const void **ret_obj)
{
	const struct cfg_cert_map *m = obj;

	(void)root;
	(void)ret_obj;
	if (w->i == m->n)
		return false;
	*(struct cfg_criterion *)args = m->v[w->i++];
	return true;
}

static const struct cli_name criterion_fields[] = {
	{ "alt-subject-name", "Alternate Subject Name", FIELD_ALT_SUBJECT },
	{ "issuer-name", "Issuer Name", FIELD_ISSUER },
	{ "name", "Name or unstructured Subject Name", FIELD_NAME },
	{ "serial-number", "Serial Number", FIELD_SERIAL },
	{ "subject-name", "Subject Name", FIELD_SUBJECT },
	{ .word = NULL },
};
static const struct cli_name criterion_ops[] = {
	{ "co", "contains", OP_CO },
	{ "eq", "equal", OP_EQ },
	{ "nc", "does not contain", OP_NC },
	{ "ne", "not equal", OP_NE },
	{ .word = NULL },
};

#define TP_KEPT(w, h) KEPT(IN_TP, ROW_KEEP_MANY, KW(w, h), REST)
#define REVOCATION(w, h, v) KWV(w, h, AT_TP(revocation[0]), v)

const struct cli_row rows_pki[] = {
	{ .modes = IN_CONFIG, .flags = ROW_FULL, .enters = M_TRUSTPOINT, .args_size = sizeof(struct name_args),
	  .action = EXEC_PKI_DROP, .apply = trustpoint_apply, .find = trustpoint_find,
	  .each = trustpoint_each,
	  .toks = TOKS(PKI, ALT, KW("trustpoint", "Define a CA trustpoint"), OR,
		       KWF("identity", "Define a CA trustpoint", .flags = CLI_ALIAS | CLI_HIDDEN),
		       CLOSE, WORD("CA Server Name", struct name_args, name)) },
	{ .modes = IN_TP,
	  .toks = TOKS(KW("enrollment", "Enrollment parameters"), KW("retry", "Polling parameters"),
		       KW("count", "How many times to poll CA for our certificate"),
		       NUM(1, 100, "Number of times", AT_TP(retry_count))) },
	{ .modes = IN_TP,
	  .toks = TOKS(KW("enrollment", "Enrollment parameters"), KW("retry", "Polling parameters"),
		       KW("period", "How long to wait between requests to CA for our certificate"),
		       NUM(1, 60, "Minutes", AT_TP(retry_min))) },
	{ .modes = IN_TP,
	  .toks = TOKS(KW("enrollment", "Enrollment parameters"), KW("mode", "Mode supported by the CA"),
		       KWV("ra", "Registration Authority (RA) mode", AT_TP(mode_ra), 1)) },
	{ .modes = IN_TP, .apply = enrollment_apply,
	  .toks = TOKS(KW("enrollment", "Enrollment parameters"), ALT,
		       KWV("selfsigned", "Self Signed certificate", AT_TP(enroll), ENROLL_SELFSIGNED),
		       OR,
		       KWV("terminal", "Enroll via the terminal (cut-and-paste)", AT_TP(enroll),
			   ENROLL_TERMINAL),
		       OPT, KWV("pem", "include PEM encapsulation boundaries", AT_TP(pem), 1), CLOSE,
		       OR, KWV("url", "CA server enrollment URL", AT_TP(enroll), ENROLL_URL),
		       WORD("URL of the CA server", AT_TP(url)), OPT,
		       KWV("pem", "include PEM encapsulation boundaries", AT_TP(pem), 1), CLOSE,
		       CLOSE) },
	KEPT(IN_TP, ROW_KEEP_MANY, KW("enrollment", "Enrollment parameters"), ALT,
	     KW("credential", "Enrollment credential"), OR,
	     KW("http-proxy", "HTTP proxy server for enrollment"), OR,
	     KW("profile", "Specify an enrollment profile"), CLOSE, REST),
	{ .modes = IN_TP,
	  .toks = TOKS(KW("usage", "Certificate Usage"), ALT,
		       KWV("ike", "Certificate will be used for IKE", AT_TP(usage), 1), OR,
		       KWV("ssl-client", "Certificate will be used for SSL Client", AT_TP(usage), 2),
		       OR,
		       KWV("ssl-server", "Certificate will be used for SSL Server", AT_TP(usage), 3),
		       CLOSE) },
	{ .modes = IN_TP,
	  .toks = TOKS(ALT, KW("serial-number", "include serial number"),
		       KWV("none", "Do not include the serial number", AT_TP(serial_mode), PART_NONE),
		       OR, KWV("serial-number", "include serial number", AT_TP(serial_mode), PART_GIVEN),
		       CLOSE) },
	{ .modes = IN_TP,
	  .toks = TOKS(KW("fqdn", "include fully-qualified domain name"), ALT,
		       KWV("none", "Do not include the domain name", AT_TP(fqdn_mode), PART_NONE), OR,
		       WORD("fully-qualified domain name", AT_TP(fqdn)), CLOSE) },
	{ .modes = IN_TP,
	  .toks = TOKS(KW("ip-address", "include ip address"), ALT,
		       KWV("none", "Do not include an ip address", AT_TP(ip_mode), PART_NONE), OR,
		       ADDR("IP address", AT_TP(ip)), OR,
		       ARG(arg_ifname, "Interface whose address is included", AT_TP(ip_if)), CLOSE) },
	{ .modes = IN_TP,
	  .toks = TOKS(KW("password", "revocation password"),
		       WORDF("Password", AT_TP(password), .flags = CLI_SECRET)) },
	{ .modes = IN_TP, .apply = fingerprint_apply,
	  .toks = TOKS(KW("fingerprint", "Verify the CA certificate by this fingerprint"),
		       ARG(cli_hex, "Fingerprint without blanks", AT_TP(fingerprint))) },
	KEPT_MORE(IN_TP, KW("subject-alt-name", "Subject Alternative Name")),
	{ .modes = IN_TP,
	  .toks = TOKS(KW("subject-name", "Subject Name"),
		       LINE("LDAP DN string: attributes and values with commas between",
			    AT_TP(subject))) },
	{ .modes = IN_TP, .flags = ROW_ALWAYS, .apply = revocation_apply,
	  .toks = TOKS(KW("revocation-check", "Revocation checking options"),
		       REP(struct cfg_trustpoint, n_revocation, 3, 1),
		       REVOCATION("crl", "Revocation check by CRL", REVOKE_CRL), OR,
		       REVOCATION("none", "Ignore revocation check", REVOKE_NONE), OR,
		       REVOCATION("ocsp", "Revocation check by OCSP", REVOKE_OCSP), CLOSE) },
	{ .modes = IN_TP,
	  .toks = TOKS(KW("rsakeypair", "Specify rsakeypair for this identity"),
		       WORD("RSA keypair label", AT_TP(keypair)), OPT,
		       NUM(360, 4096, "Key length", AT_TP(key_bits)), OPT,
		       NUM(360, 4096, "Encryption key length", AT_TP(encr_bits)), CLOSE, CLOSE) },
	{ .modes = IN_TP,
	  .toks = TOKS(KWV("auto-enroll", "Automatically enroll this router identity",
			   AT_TP(auto_enroll), 1),
		       OPT, NUM(1, 100, "Percentage of the lifetime after which to renew",
				AT_TP(auto_percent)),
		       OPT,
		       KWV("regenerate", "Regenerate keys on re-enrollment", AT_TP(regenerate), 1),
		       CLOSE, CLOSE) },
	{ .modes = IN_TP,
	  .toks = TOKS(KW("match", "Match a certificate attributes map"),
		       KW("certificate", "Match a certificate attributes map"),
		       WORD("Certificate map", AT_TP(match_map))) },
	TP_KEPT("authorization", "Authorization parameters"),
	TP_KEPT("chain-validation", "Chain validation of this trustpoint"),
	TP_KEPT("crl", "CRL options"),
	TP_KEPT("eckeypair", "Specify eckeypair for this identity"),
	TP_KEPT("eku", "Extended key usage"),
	TP_KEPT("hash", "Hash algorithm of requests"),
	TP_KEPT("keypair", "Specify keypair for this identity"),
	TP_KEPT("ocsp", "OCSP parameters"),
	TP_KEPT("on", "Create this trustpoint on a device"),
	TP_KEPT("primary", "Specify trustpoint as primary"),
	TP_KEPT("query", "Query parameters"),
	TP_KEPT("regenerate", "Regenerate keys on re-enrollment"),
	TP_KEPT("root", "Root certificate"),
	TP_KEPT("source", "Specify a source interface"),
	TP_KEPT("storage", "Storage of certificates"),
	TP_KEPT("validation-usage", "Usages of peers' certificates"),
	TP_KEPT("vrf", "VRF to use for enrollment"),

	{ .modes = IN_CONFIG, .flags = ROW_FULL, .enters = M_CERT_MAP, .args_size = sizeof(struct map_args),
	  .apply = map_apply, .find = map_find, .each = map_each,
	  .toks = TOKS(PKI, KW("certificate", "Actions on certificates"),
		       KW("map", "Define certificate attributes map"),
		       WORD("Name of the map", struct map_args, name),
		       NUM(1, 65535, "Sequence to insert or delete", struct map_args, seq)) },
	{ .modes = CLI_IN(M_CERT_MAP), .args_size = sizeof(struct cfg_criterion),
	  .apply = criterion_apply, .each = criterion_each,
	  .toks = TOKS(NAMES(criterion_fields, struct cfg_criterion, field),
		       NAMES(criterion_ops, struct cfg_criterion, op),
		       LINE("Text to compare", struct cfg_criterion, text)) },
	KEPT(CLI_IN(M_CERT_MAP), ROW_KEEP_MANY, ALT, KW("expires-on", "Expiration date of certificate"),
	     OR, KW("valid-start", "Start date of certificate"), OR,
	     KW("unstructured-subject-name", "Unstructured Subject Name"), CLOSE, REST),

	{ .modes = IN_CONFIG, .flags = ROW_FULL, .enters = M_CERT_CHAIN, .args_size = sizeof(struct name_args),
	  .apply = chain_apply, .find = chain_find, .each = chain_each,
	  .toks = TOKS(PKI, KW("certificate", "Actions on certificates"),
		       KW("chain", "Identify certificates"),
		       WORD("CA Server Name", struct name_args, name)) },
	{ .modes = CLI_IN(M_CERT_CHAIN), .enters = M_CERT, .args_size = sizeof(struct cert_args),
	  .apply = cert_apply, .find = cert_find, .each = cert_each,
	  .toks = TOKS(KW("certificate", "Specify certificates"), OPT,
		       KWV("ca", "Specify the CA certificate", struct cert_args, kind, CERT_CA), OR,
		       KWV("self-signed", "Specify a self-signed certificate", struct cert_args, kind,
			   CERT_SELF_SIGNED),
		       CLOSE, ARG(cli_hex, "Certificate serial number", struct cert_args, serial)) },
	/* its bytes are in a file of the router that wrote the line */
	KEPT(CLI_IN(M_CERT_CHAIN), ROW_KEEP_MANY, KW("certificate", "Specify certificates"), OPT,
	     KW("ca", "Specify the CA certificate"), OR,
	     KW("self-signed", "Specify a self-signed certificate"), OR,
	     KW("rollover", "Specify a rollover certificate"), CLOSE,
	     { .kind = CLI_ARG, .type = &cli_hex, .help = "Certificate serial number" },
	     { .kind = CLI_ARG, .type = &cli_word, .help = "File that has the certificate" }),
	{ .modes = CLI_IN(M_CERT), .flags = ROW_NO_NO, .args_size = sizeof(struct hex_args),
	  .apply = data_apply, .each = data_each,
	  .toks = TOKS(HEX_DATA("Certificate data in hex")) },
	{ .modes = CLI_IN(M_CERT), .flags = ROW_NO_NO | ROW_ALWAYS | ROW_LEAVES, .apply = quit_apply,
	  .toks = TOKS(KWF("quit", "End of the certificate data", .print = "\tquit")) },
	{ .toks = NULL },
};
