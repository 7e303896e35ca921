/* SPDX-License-Identifier: Apache-2.0 */
/* Distinguished names in IOS's spelling: lower-case words, the most specific part
 * first (as RFC 4514 has it, the reverse of the encoding). */
#include "pki/internal.h"

#include <ctype.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define VALUE_MAX 256 /* shown characters of one attribute */
#define PARTS_MAX 32

static const struct {
	int nid;
	const char *word, *also;
} words[] = {
	{ NID_commonName, "cn", NULL },
	{ NID_organizationalUnitName, "ou", NULL },
	{ NID_organizationName, "o", NULL },
	{ NID_localityName, "l", NULL },
	{ NID_stateOrProvinceName, "st", "s" },
	{ NID_countryName, "c", NULL },
	{ NID_pkcs9_emailAddress, "e", "emailAddress" },
	{ NID_serialNumber, "serialNumber", "sn" },
	{ NID_pkcs9_unstructuredName, "hostname", "unstructuredName" },
	{ NID_pkcs9_unstructuredAddress, "ipaddress", "unstructuredAddress" },
	{ NID_domainComponent, "dc", NULL },
	{ NID_title, "t", "title" },
	{ NID_givenName, "gn", NULL },
	{ NID_surname, "surname", NULL },
	{ NID_userId, "uid", NULL },
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

int pki_name_word(const char *word)
{
	for (size_t i = 0; i < N_WORDS; i++)
		if (!strcasecmp(words[i].word, word) ||
		    (words[i].also && !strcasecmp(words[i].also, word)))
			return words[i].nid;
	return NID_undef;
}

void pki_clean(struct txt *out, const unsigned char *s, size_t n, size_t max)
{
	for (size_t i = 0; i < n && i < max; i++)
		txt_char(out, s[i] >= ' ' && s[i] < 0x7f ? (char)s[i] : '.');
}

static void print_value(const ASN1_STRING *v, struct txt *out)
{
	unsigned char *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, v);

	if (n > 0)
		pki_clean(out, utf8, (size_t)n, VALUE_MAX);
	OPENSSL_free(utf8);
	ERR_clear_error();
}

static void print_entry(const X509_NAME_ENTRY *e, struct txt *out)
{
	const ASN1_OBJECT *o = X509_NAME_ENTRY_get_object(e);
	const char *word = NULL;
	char dotted[80];

	for (size_t i = 0; i < N_WORDS; i++)
		if (words[i].nid == OBJ_obj2nid(o))
			word = words[i].word;
	if (!word) {
		OBJ_obj2txt(dotted, sizeof(dotted), o, 1);
		word = dotted;
	}
	txt_printf(out, "%s=", word);
	print_value(X509_NAME_ENTRY_get_data(e), out);
}

void pki_name_print(const X509_NAME *n, const char *indent, struct txt *out)
{
	int count = X509_NAME_entry_count(n), last = -1;
	bool first = true;

	for (int i = count; i-- > 0;) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(n, i);
		int set = X509_NAME_ENTRY_set(e);

		if (indent)
			txt_printf(out, "%s%s", first ? "" : "\n", indent);
		else if (!first)
			txt_char(out, set == last ? '+' : ',');
		print_entry(e, out);
		last = set;
		first = false;
	}
	if (indent && !first)
		txt_char(out, '\n');
}

bool pki_name_get(const X509_NAME *n, int nid, struct txt *out)
{
	int at = X509_NAME_get_index_by_NID(n, nid, -1);

	if (at < 0)
		return false;
	print_value(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, at)), out);
	return true;
}

/* ---- from text ---- */

struct part {
	int nid;
	char value[VALUE_MAX + 1];
};

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* One `WORD=VALUE`; the value may stand in quotes, and `\` takes the next character
 * as it is (RFC 4514). Where it ends; NULL after a sentence. */
static const char *parse_part(const char *s, struct part *p, char why[PKI_WHY_MAX])
{
	char word[32];
	size_t n = strcspn(s, "= \t,"), len = 0;
	bool quoted;

	if (!n || n >= sizeof(word) || *skip_blanks(s + n) != '=') {
		snprintf(why, PKI_WHY_MAX, "subject-name: \"%.32s\" is not ATTRIBUTE=VALUE", s);
		return NULL;
	}
	memcpy(word, s, n);
	word[n] = '\0';
	p->nid = pki_name_word(word);
	if (p->nid == NID_undef) {
		snprintf(why, PKI_WHY_MAX, "subject-name: there is no attribute \"%s\"", word);
		return NULL;
	}
	s = skip_blanks(skip_blanks(s + n) + 1);
	quoted = *s == '"';
	for (s += quoted; *s && *s != (quoted ? '"' : ',') && (quoted || *s != ';'); s++) {
		if (*s == '\\' && s[1])
			s++;
		if (len == VALUE_MAX) {
			snprintf(why, PKI_WHY_MAX, "subject-name: the value of %s is too long", word);
			return NULL;
		}
		p->value[len++] = *s;
	}
	while (!quoted && len && isspace((unsigned char)p->value[len - 1]))
		len--;
	p->value[len] = '\0';
	if (!len || (quoted && *s != '"')) {
		snprintf(why, PKI_WHY_MAX, "subject-name: %s has no value", word);
		return NULL;
	}
	return skip_blanks(s + quoted);
}

X509_NAME *pki_name_parse(const char *text, char why[PKI_WHY_MAX])
{
	struct part parts[PARTS_MAX];
	X509_NAME *n = X509_NAME_new();
	size_t count = 0;
	bool ok = n != NULL;

	snprintf(why, PKI_WHY_MAX, "out of memory");
	for (const char *s = skip_blanks(text); ok && *s;) {
		ok = count < PARTS_MAX && (s = parse_part(s, &parts[count], why));
		if (!ok)
			break;
		count++;
		if (*s == ',' || *s == ';')
			s = skip_blanks(s + 1);
		else if (*s) {
			snprintf(why, PKI_WHY_MAX, "subject-name: a comma is missing before \"%.32s\"", s);
			ok = false;
		}
	}
	/* the encoding begins with what is most general */
	for (size_t i = count; ok && i-- > 0;)
		if (X509_NAME_add_entry_by_NID(n, parts[i].nid, MBSTRING_UTF8,
					       (unsigned char *)parts[i].value, -1, -1, 0) != 1) {
			snprintf(why, PKI_WHY_MAX, "subject-name: \"%.64s\" is no value of %s",
				 parts[i].value, OBJ_nid2ln(parts[i].nid));
			ok = false;
		}
	ERR_clear_error();
	if (ok)
		return n;
	X509_NAME_free(n);
	return NULL;
}

bool pki_dn_check(const char *text, char why[PKI_WHY_MAX])
{
	X509_NAME *n = pki_name_parse(text, why);

	X509_NAME_free(n);
	return n != NULL;
}
