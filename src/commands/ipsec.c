/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto ipsec ...`: transform sets and what holds for all SAs. */
#include "commands/rows.h"

#include <errno.h>
#include <string.h>

#define IN_CONFIG CLI_IN(M_CONFIG)
#define CRYPTO	  KW("crypto", "Encryption module")
#define IPSEC	  CRYPTO, KW("ipsec", "Configure IPSEC policy")
#define SA	  IPSEC, KW("security-association", "Security association parameters")

/* ---- transform sets ---- */

struct transform_args {
	char name[CFG_NAME_MAX];
	uint8_t ah_auth, cipher, esp_auth, unsupported;
	uint16_t bits;
};
enum { UNSUPPORTED_SEAL = 1, UNSUPPORTED_LZS };

static const struct cli_name ah_names[] = {
	{ "ah-md5-hmac", "AH-HMAC-MD5 transform", AUTH_HMAC_MD5_96 },
	{ "ah-sha-hmac", "AH-HMAC-SHA transform", AUTH_HMAC_SHA1_96 },
	{ "ah-sha256-hmac", "AH-HMAC-SHA256 transform", AUTH_HMAC_SHA256_128 },
	{ "ah-sha384-hmac", "AH-HMAC-SHA384 transform", AUTH_HMAC_SHA384_192 },
	{ "ah-sha512-hmac", "AH-HMAC-SHA512 transform", AUTH_HMAC_SHA512_256 },
	{ NULL, NULL, 0 },
};
static const struct cli_name esp_auth_names[] = {
	{ "esp-md5-hmac", "ESP transform using HMAC-MD5 auth", AUTH_HMAC_MD5_96 },
	{ "esp-sha-hmac", "ESP transform using HMAC-SHA auth", AUTH_HMAC_SHA1_96 },
	{ "esp-sha256-hmac", "ESP transform using HMAC-SHA256 auth", AUTH_HMAC_SHA256_128 },
	{ "esp-sha384-hmac", "ESP transform using HMAC-SHA384 auth", AUTH_HMAC_SHA384_192 },
	{ "esp-sha512-hmac", "ESP transform using HMAC-SHA512 auth", AUTH_HMAC_SHA512_256 },
	{ NULL, NULL, 0 },
};

static void transform_notes(const struct transform_args *a, struct txt *out)
{
	if (a->cipher == CIPHER_DES)
		note_weak(out, "esp-des");
	if (a->cipher == CIPHER_3DES)
		note_weak(out, "esp-3des");
	if (a->esp_auth == AUTH_HMAC_MD5_96)
		note_weak(out, "esp-md5-hmac");
	if (a->ah_auth == AUTH_HMAC_MD5_96)
		note_weak(out, "ah-md5-hmac");
	if (a->cipher == CIPHER_NULL)
		txt_str(out, "% NOTE: esp-null does not encrypt.\n");
	if (a->cipher > CIPHER_NULL && a->cipher <= CIPHER_AES_CBC && !a->esp_auth && !a->ah_auth)
		txt_str(out, "% NOTE: this transform set encrypts without authentication.\n");
}

static int transform_apply(struct cli_call *c)
{
	const struct transform_args *a = c->args;
	struct cfg_transform *t = config_find_transform(c->root, a->name);

	if (c->op != CLI_SET) {
		if (t)
			config_del_transform(c->root, t);
		return 0;
	}
	if (a->unsupported) {
		txt_str(c->out,
			a->unsupported == UNSUPPORTED_LZS ?
				"% comp-lzs is not supported: LZS (RFC 2395) is a proprietary algorithm, and\n"
				"% compression before encryption lets the length of a packet betray its text.\n" :
				"% The SEAL cipher (esp-seal) is not supported.\n");
		return -EINVAL;
	}
	if (a->esp_auth && !a->cipher) {
		txt_str(c->out, "% ESP authentication needs an ESP cipher; esp-null gives "
				"authentication only.\n");
		return -EINVAL;
	}
	if (a->cipher == CIPHER_NULL && !a->esp_auth && !a->ah_auth) {
		txt_str(c->out, "% esp-null needs an authentication transform.\n");
		return -EINVAL;
	}
	t = config_add_transform(c->root, a->name);
	if (!t)
		return -ENOMEM;
	t->t.ah_auth = a->ah_auth;
	t->t.cipher = a->cipher;
	t->t.esp_auth = a->esp_auth;
	t->t.cipher_bits = a->bits;
	if (a->cipher >= CIPHER_AES_CBC && !a->bits)
		t->t.cipher_bits = 128;
	transform_notes(a, c->out);
	return 0;
}

static void *transform_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return config_find_transform(root, ((const struct transform_args *)args)->name);
}

static bool transform_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			   const void **ret_obj)
{
	const struct config *c = root;
	struct transform_args *a = args;
	const struct cfg_transform *t;

	(void)obj;
	if (w->i == c->ipsec.transforms.n)
		return false;
	t = c->ipsec.transforms.v[w->i++];
	*ret_obj = t;
	memcpy(a->name, t->t.name, sizeof(a->name));
	a->ah_auth = t->t.ah_auth;
	a->cipher = t->t.cipher;
	a->esp_auth = t->t.esp_auth;
	a->bits = t->t.cipher_bits;
	return true;
}

/* ---- lifetimes by days ---- */

struct days_args {
	uint32_t days;
};

static int days_apply(struct cli_call *c)
{
	const struct days_args *a = c->args;
	struct config *cfg = c->root;

	cfg->ipsec.life_sec = c->op == CLI_SET ? a->days * 86400 : config_defaults.ipsec.life_sec;
	return 0;
}

/* What seconds cannot say (their range ends at a day). */
static bool days_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct config *c = root;

	(void)obj;
	(void)ret_obj;
	if (w->i++ || c->ipsec.life_sec <= 86400)
		return false;
	((struct days_args *)args)->days = c->ipsec.life_sec / 86400;
	return true;
}

#define AT_T(f) struct transform_args, f
#define AT_CONFIG(f) struct config, ipsec.f
#define BITS                                                                            \
	OPT, KWVF("128", "128 bit keys.", AT_T(bits), 128, .flags = CLI_ALIAS), OR,     \
		KWV("192", "192 bit keys.", AT_T(bits), 192), OR,                       \
		KWV("256", "256 bit keys.", AT_T(bits), 256), CLOSE

/* Branches of the set: 0 AH, 1 ESP cipher, 2 combined cipher, 3 ESP auth, 4 COMP.
 * A combined cipher excludes the other ciphers and ESP auth. */
#define X_CIPHER   (1 << 2)
#define X_COMBINED (1 << 1 | 1 << 3)
#define X_AUTH	   (1 << 2)

#define SECONDS                                                                           \
	KW("seconds", "Time-based key duration in seconds"),                              \
		NUM(120, 86400, "Security association duration in seconds", AT_CONFIG(life_sec))
#define KILOBYTES                                                                         \
	KW("kilobytes", "Volume-based key duration"), ALT,                                \
		KWV("disable", "Disable volume-based rekey", AT_CONFIG(life_kb_disable), 1), OR, \
		NUM(2560, 4294967295, "Security association duration in kilobytes encrypted", \
		    AT_CONFIG(life_kb)),                                                  \
		CLOSE
#define DAYS                                                                              \
	KW("days", "Time-based key duration in days"),                                    \
		NUM(1, 30, "Security association duration in days", struct days_args, days)
#define LIFETIME      SA, KW("lifetime", "security association lifetime")
#define LIFETIME_OLD  IPSEC, KW("security-association-lifetime", "security association lifetime")

const struct cli_row rows_ipsec[] = {
	{ .modes = IN_CONFIG, .toks = TOKS(LIFETIME, KILOBYTES) },
	{ .modes = IN_CONFIG, .toks = TOKS(LIFETIME, SECONDS) },
	{ .modes = IN_CONFIG, .args_size = sizeof(struct days_args), .apply = days_apply,
	  .each = days_each, .toks = TOKS(LIFETIME, DAYS) },
	{ .modes = IN_CONFIG, .flags = ROW_ALIAS | ROW_HIDDEN, .toks = TOKS(LIFETIME_OLD, KILOBYTES) },
	{ .modes = IN_CONFIG, .flags = ROW_ALIAS | ROW_HIDDEN, .toks = TOKS(LIFETIME_OLD, SECONDS) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(SA, KW("idle-time", "Automatically delete IPSec SAs after a given idle period."),
		       NUM(60, 86400, "IPSec SA idle time in seconds", AT_CONFIG(idle_sec))) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(SA, KW("replay", "Set replay checking."), ALT,
		       KWV("disable", "Disable replay checking", AT_CONFIG(replay_disable), 1), OR,
		       KW("window-size", "Set replay window size."), ALT,
		       KWV("64", "Window size of 64 (default)", AT_CONFIG(replay_window), 64), OR,
		       KWV("128", "Window size of 128", AT_CONFIG(replay_window), 128), OR,
		       KWV("256", "Window size of 256", AT_CONFIG(replay_window), 256), OR,
		       KWV("512", "Window size of 512", AT_CONFIG(replay_window), 512), OR,
		       KWV("1024", "Window size of 1024", AT_CONFIG(replay_window), 1024), CLOSE,
		       CLOSE) },
	{ .modes = IN_CONFIG, .flags = ROW_TRAIL, .enters = M_TRANSFORM,
	  .args_size = sizeof(struct transform_args), .apply = transform_apply,
	  .find = transform_find, .each = transform_each,
	  .toks = TOKS(
		  IPSEC, KW("transform-set", "Define transform and settings"),
		  WORDF("Transform set tag", AT_T(name), .flags = CLI_TAIL), ANY1(0),
		  NAMES(ah_names, AT_T(ah_auth)), ORX(X_CIPHER), ALT,
		  KWV("esp-3des", "ESP transform using 3DES(EDE) cipher (168 bits)", AT_T(cipher),
		      CIPHER_3DES),
		  OR,
		  KWV("esp-aes", "ESP transform using AES cipher", AT_T(cipher), CIPHER_AES_CBC),
		  BITS, OR,
		  KWV("esp-des", "ESP transform using DES cipher (56 bits)", AT_T(cipher),
		      CIPHER_DES),
		  OR, KWV("esp-null", "ESP transform w/o cipher", AT_T(cipher), CIPHER_NULL), OR,
		  KWV("esp-seal", "ESP transform using SEAL cipher (160 bits)", AT_T(unsupported),
		      UNSUPPORTED_SEAL),
		  CLOSE, ORX(X_COMBINED), ALT,
		  KWV("esp-gcm", "ESP transform using GCM cipher", AT_T(cipher), CIPHER_AES_GCM),
		  BITS, OR,
		  KWV("esp-gmac", "ESP transform using GMAC cipher", AT_T(cipher), CIPHER_AES_GMAC),
		  BITS, CLOSE, ORX(X_AUTH), NAMES(esp_auth_names, AT_T(esp_auth)), OR,
		  KWV("comp-lzs", "IP Compression using the LZS compression algorithm",
		      AT_T(unsupported), UNSUPPORTED_LZS),
		  CLOSE) },
	{ .modes = CLI_IN(M_TRANSFORM), .flags = ROW_ALWAYS,
	  .toks = TOKS(KW("mode", "encapsulation mode (transport/tunnel)"), ALT,
		       KWV("transport", "transport (payload encapsulation) mode",
			   struct cfg_transform, t.mode, MODE_TRANSPORT),
		       OPT,
		       KWV("require", "accept transport mode only", struct cfg_transform, require,
			   1),
		       CLOSE, OR,
		       KWV("tunnel", "tunnel (datagram encapsulation) mode", struct cfg_transform,
			   t.mode, MODE_TUNNEL),
		       CLOSE) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(IPSEC, KW("df-bit", "Handling of encapsulated DF bit."), ALT,
		       KWV("clear", "Clear DF bit for encapsulated tunnel packets", AT_CONFIG(df_bit),
			   DF_CLEAR),
		       OR,
		       KWV("copy", "Copy DF bit to encapsulated tunnel packets", AT_CONFIG(df_bit),
			   DF_COPY),
		       OR,
		       KWV("set", "Set DF bit for encapsulated tunnel packets", AT_CONFIG(df_bit),
			   DF_SET),
		       CLOSE) },
	{ .modes = IN_CONFIG,
	  .toks = TOKS(IPSEC, KW("fragmentation", "Handling of fragmentation of near-MTU sized packets"),
		       ALT,
		       KWV("after-encryption", "Perform fragmentation after encryption",
			   AT_CONFIG(frag_after), 1),
		       OR,
		       KWV("before-encryption", "Perform fragmentation before encryption",
			   AT_CONFIG(frag_after), 0),
		       CLOSE) },
	{ .modes = IN_CONFIG, .flags = ROW_SWITCH,
	  .toks = TOKS(IPSEC, KW("nat-transparency", "IPsec NAT transparency model"),
		       KWV("udp-encapsulation", "UDP encapsulation of IPsec protocols",
			   AT_CONFIG(nat_transparency), 1)) },
	{ .toks = NULL },
};
