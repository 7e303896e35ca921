/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/grade.h"

#include <stdio.h>
#include <string.h>

#define PARTS_MAX 6

struct part {
	char letter;
	const char *why;
};

struct parts {
	struct part v[PARTS_MAX];
	size_t n;
};

static void part(struct parts *p, char letter, const char *why)
{
	if (p->n < PARTS_MAX)
		p->v[p->n++] = (struct part){ letter, why };
}

static char sum_up(const struct parts *p, struct txt *why)
{
	char worst = 'A';
	bool any = false;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].letter > worst)
			worst = p->v[i].letter;
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].letter != worst || !p->v[i].why)
			continue;
		txt_printf(why, "%s%s", any ? "; " : "", p->v[i].why);
		any = true;
	}
	return worst;
}

/* ---- phase 1 ---- */

static void ike_cipher(struct parts *p, uint8_t cipher)
{
	if (cipher == CIPHER_DES)
		part(p, 'F', "DES: 56 bits are searched in hours (RFC 8247: MUST NOT)");
	else if (cipher == CIPHER_3DES)
		part(p, 'D', "3DES: blocks of 64 bits (Sweet32; RFC 8247: MAY, and no MUST- any more)");
	else
		part(p, 'A', NULL);
}

static void ike_hash(struct parts *p, uint8_t hash)
{
	if (hash == HASH_MD5)
		part(p, 'F', "MD5 (RFC 8247: MUST NOT)");
	else if (hash == HASH_SHA1)
		part(p, 'D', "SHA-1 (RFC 8247: MUST-, to be left; SLOTH)");
	else
		part(p, 'A', NULL);
}

static void dh_group(struct parts *p, unsigned group)
{
	switch (group) {
	case 0:
		break;
	case 1:
		part(p, 'F', "Diffie-Hellman group 1: 768 bits are broken (RFC 8247: MUST NOT; use 14, 19 or 20)");
		break;
	case 2:
		part(p, 'F', "Diffie-Hellman group 2: 1024 bits are within reach (Logjam; RFC 8247: SHOULD NOT; use 14, 19 or 20)");
		break;
	case 5:
		part(p, 'F', "Diffie-Hellman group 5: 1536 bits (RFC 8247: SHOULD NOT; use 14, 19 or 20)");
		break;
	case 24:
		part(p, 'F', "Diffie-Hellman group 24: nobody says where its numbers are from (RFC 8247: SHOULD NOT; use 14, 19 or 20)");
		break;
	case 14:
		part(p, 'B', "Diffie-Hellman group 14: 2048 bits (RFC 8247: MUST; groups 19 and 20 are stronger and faster)");
		break;
	default:
		part(p, 'A', NULL);
		break;
	}
}

char grade_policy(const struct p1_policy *p, struct txt *why)
{
	struct parts parts = { .n = 0 };

	ike_cipher(&parts, p->cipher);
	ike_hash(&parts, p->hash);
	dh_group(&parts, p->group);
	if (p->auth == IKE_AUTH_PSK)
		part(&parts, 'B', "pre-shared key: as good as the key is random (RFC 7296 section 2.15)");
	if (p->auth == IKE_AUTH_RSA_ENC)
		part(&parts, 'D', "RSA encryption: peers have leaked keys by their answers (CVE-2018-0131)");
	return sum_up(&parts, why);
}

bool grade_refused_policy(const struct p1_policy *p)
{
	return p->cipher == CIPHER_DES || p->cipher == CIPHER_3DES || p->hash == HASH_MD5 || p->group == 1 ||
	       p->group == 2 || p->group == 5;
}

/* ---- phase 2 ---- */

static void esp_cipher(struct parts *p, const struct p2_transform *t)
{
	switch (t->cipher) {
	case CIPHER_UNSET:
		break;
	case CIPHER_DES:
		part(p, 'F', "DES (RFC 8221: MUST NOT)");
		break;
	case CIPHER_3DES:
		part(p, 'D', "3DES: blocks of 64 bits (Sweet32; RFC 8221: SHOULD NOT)");
		break;
	case CIPHER_NULL:
		part(p, 'C', "esp-null: nothing is hidden (RFC 8221: MUST, for authentication alone)");
		break;
	case CIPHER_AES_GMAC:
		part(p, 'C', "GMAC: nothing is hidden");
		break;
	default:
		part(p, 'A', NULL);
		break;
	}
}

static void esp_auth(struct parts *p, const struct p2_transform *t, bool combined)
{
	uint8_t auth = t->esp_auth ? t->esp_auth : t->ah_auth;

	if (auth == AUTH_HMAC_MD5_96)
		part(p, 'F', "HMAC-MD5 (RFC 8221: MUST NOT)");
	else if (auth == AUTH_HMAC_SHA1_96)
		part(p, 'D', "HMAC-SHA-1 (RFC 8221: MUST-, to be left)");
	else if (!auth && t->cipher != CIPHER_UNSET && !combined)
		part(p, 'F', "encrypted and not authenticated (RFC 8221 section 4: MUST NOT)");
	if (t->ah_auth && t->cipher != CIPHER_UNSET)
		part(p, 'C', "AH beside ESP: 24 bytes more, and no NAT is crossed (RFC 8221 section 4: NOT RECOMMENDED)");
	else if (t->ah_auth)
		part(p, 'C', "AH alone: nothing is hidden, and no NAT is crossed (ESP authenticates as well)");
}

char grade_transform(const struct p2_transform *t, struct txt *why)
{
	struct parts parts = { .n = 0 };
	bool combined = t->cipher == CIPHER_AES_GCM || t->cipher == CIPHER_AES_GMAC || t->cipher == CIPHER_CHACHA20_POLY1305;

	esp_cipher(&parts, t);
	esp_auth(&parts, t, combined);
	return sum_up(&parts, why);
}

bool grade_refused_transform(const struct p2_transform *t)
{
	return t->cipher == CIPHER_DES || t->cipher == CIPHER_3DES || t->esp_auth == AUTH_HMAC_MD5_96 ||
	       t->ah_auth == AUTH_HMAC_MD5_96;
}

/* ---- all of them ---- */

typedef void row_fn(void *ctx, const char *what, const char *name, char letter, const char *why);

static void each(const struct config *c, row_fn *row, void *ctx)
{
	struct txt why = TXT_INIT;
	char number[16], letter;

	for (size_t i = 0; i < c->isakmp.policies.n; i++) {
		const struct p1_policy *p = &c->isakmp.policies.v[i]->p;

		txt_clear(&why);
		snprintf(number, sizeof(number), "%u", p->priority);
		letter = grade_policy(p, &why);
		row(ctx, "crypto isakmp policy", number, letter, txt_cstr(&why));
	}
	for (size_t i = 0; i < c->ipsec.transforms.n; i++) {
		const struct p2_transform *t = &c->ipsec.transforms.v[i]->t;

		txt_clear(&why);
		letter = grade_transform(t, &why);
		row(ctx, "crypto ipsec transform-set", t->name, letter, txt_cstr(&why));
	}
	txt_fini(&why);
}

static void table_row(void *ctx, const char *what, const char *name, char letter, const char *why)
{
	char object[CFG_NAME_MAX + 40];

	snprintf(object, sizeof(object), "%s %s", what, name);
	if (*why)
		txt_printf(ctx, "  %c  %-44s %s\n", letter, object, why);
	else
		txt_printf(ctx, "  %c  %s\n", letter, object);
}

void grade_table(const struct config *c, struct txt *out)
{
	if (!c->isakmp.policies.n && !c->ipsec.transforms.n)
		return;
	txt_str(out, "Grades (A best, F worst; RFC 8247 for IKE, though it speaks of IKEv2: IKEv1 is historic, RFC 9395; RFC 8221 for ESP and AH)\n");
	each(c, table_row, out);
}

static void json_row(void *ctx, const char *what, const char *name, char letter, const char *why)
{
	struct json *j = ctx;

	json_object(j, NULL);
	json_printf(j, "object", "%s %s", what, name);
	json_printf(j, "grade", "%c", letter);
	json_str_or_null(j, "why", why);
	json_object_end(j);
}

void grade_json(const struct config *c, struct json *j)
{
	json_array(j, "grades");
	each(c, json_row, j);
	json_array_end(j);
}
