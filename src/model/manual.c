/* SPDX-License-Identifier: Apache-2.0 */
#include "model/manual.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"

size_t manual_cipher_key_len(const struct p2_transform *t)
{
	switch (t->cipher) {
	case CIPHER_DES:
		return 8;
	case CIPHER_3DES:
		return 24;
	case CIPHER_AES_CBC:
		return t->cipher_bits / 8u;
	default:
		return 0;
	}
}

size_t manual_auth_key_len(uint8_t auth)
{
	switch (auth) {
	case AUTH_HMAC_MD5_96:
		return 16;
	case AUTH_HMAC_SHA1_96:
		return 20;
	case AUTH_HMAC_SHA256_128:
		return 32;
	case AUTH_HMAC_SHA384_192:
		return 48;
	case AUTH_HMAC_SHA512_256:
		return 64;
	default:
		return 0;
	}
}

/* CBC draws its IVs by lot. Whatever counts would count from the beginning after each
 * restart, under the same key. */
bool manual_set_allowed(const struct p2_transform *t, char *why, size_t cap)
{
	switch (t->cipher) {
	case CIPHER_UNSET:
	case CIPHER_NULL:
	case CIPHER_DES:
	case CIPHER_3DES:
	case CIPHER_AES_CBC:
		break;
	default:
		snprintf(why, cap,
			 "transform set %s counts its packets, and typed keys outlive the counter: the same number "
			 "under the same key gives plaintexts away and lets others forge (RFC 4106 section 2)",
			 t->name);
		return false;
	}
	if (manual_auth_key_len(t->esp_auth) || !t->esp_auth)
		return true;
	snprintf(why, cap, "the authenticator of transform set %s has no typed keys", t->name);
	return false;
}

static bool long_enough(const char *what, const char *hex, size_t need, char *why, size_t cap)
{
	size_t n = strlen(hex) / 2;

	if (!hex[0] || n >= need)
		return true;
	snprintf(why, cap, "%s key is too short: %zu bytes are needed, it has %zu", what, need, n);
	return false;
}

bool manual_keys_long_enough(const struct p2_transform *t, const struct cfg_session_key *k, char *why,
			     size_t cap)
{
	return (!t->ah_auth || long_enough("the ah", k->ah_key, manual_auth_key_len(t->ah_auth), why, cap)) &&
	       (!t->cipher ||
		long_enough("the esp cipher", k->cipher_key, manual_cipher_key_len(t), why, cap)) &&
	       (!t->esp_auth || long_enough("the esp authenticator", k->auth_key,
					    manual_auth_key_len(t->esp_auth), why, cap));
}

static bool direction_complete(const struct p2_transform *t, const struct cfg_session_key *k,
			       const char *word, char *why, size_t cap)
{
	char text[MANUAL_WHY - 16] = "";

	if (t->ah_auth && !k->ah_spi)
		snprintf(text, sizeof(text), "transform set %s needs set session-key %s ah", t->name, word);
	else if (t->cipher && !k->esp_spi)
		snprintf(text, sizeof(text), "transform set %s needs set session-key %s esp", t->name, word);
	else if (t->esp_auth && !k->auth_key[0])
		snprintf(text, sizeof(text), "transform set %s needs an authenticator key %s", t->name, word);
	else if (manual_cipher_key_len(t) && !k->cipher_key[0])
		snprintf(text, sizeof(text), "transform set %s needs a cipher key %s", t->name, word);
	else if (manual_keys_long_enough(t, k, text, sizeof(text)))
		return true;
	snprintf(why, cap, "%s: %s", word, text);
	return false;
}

bool manual_complete(const struct p2_transform *t, const struct cfg_map_entry *e, char *why, size_t cap)
{
	return manual_set_allowed(t, why, cap) &&
	       direction_complete(t, &e->keys[0], "inbound", why, cap) &&
	       direction_complete(t, &e->keys[1], "outbound", why, cap);
}

static unsigned nibble(char c)
{
	return isdigit((unsigned char)c) ? (unsigned)(c - '0') :
					   (unsigned)(tolower((unsigned char)c) - 'a' + 10);
}

/* The first n bytes of hex, which has as many: IOS cuts longer keys. */
static struct sa_key key_of(const char *hex, size_t n)
{
	struct sa_key k = { .len = (uint8_t)n };

	for (size_t i = 0; i < n; i++)
		k.b[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	return k;
}

void manual_spec(const struct p2_transform *t, const struct cfg_map_entry *e, enum sa_dir dir,
		 struct sa_spec *ret_s)
{
	const struct cfg_session_key *k = &e->keys[dir == SA_OUT];
	struct sa_spec s = { .dir = (uint8_t)dir, .mode = t->mode, .manual = true };
	struct sa_key ah = key_of(k->ah_key, manual_auth_key_len(t->ah_auth));

	if (t->cipher == CIPHER_UNSET) {
		s.proto = PROTO_AH;
		s.spi = k->ah_spi;
		s.auth = t->ah_auth;
		s.auth_key = ah;
	} else {
		s.proto = PROTO_ESP;
		s.spi = k->esp_spi;
		s.cipher = t->cipher;
		s.cipher_bits = t->cipher_bits;
		s.auth = t->esp_auth;
		s.enc_key = key_of(k->cipher_key, manual_cipher_key_len(t));
		s.auth_key = key_of(k->auth_key, manual_auth_key_len(t->esp_auth));
	}
	if (t->ah_auth && t->cipher != CIPHER_UNSET)
		s.ah = (struct sa_ah){ k->ah_spi, t->ah_auth, ah };
	*ret_s = s;
	secret_wipe(&ah, sizeof(ah));
	secret_wipe(&s, sizeof(s));
}
