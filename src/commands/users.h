/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets as users and lines have them; the room's own header. */
#ifndef COMMANDS_USERS_H
#define COMMANDS_USERS_H

#include "commands/rows.h"

/* What the tokens of a secret bind. */
struct secret_args {
	uint8_t typed;	   /* its type plus one; 0: not said */
	uint8_t algorithm; /* enum cfg_secret_type of `algorithm-type`; 0: not said */
	char text[CFG_SECRET_MAX];
};

#define SECRET_TYPED(t_, f_, type_) .off = (uint16_t)offsetof(t_, f_.typed), .size = 1, .value = (type_) + 1
#define SECRET_KW(w_, h_, t_, f_, type_) \
	{ .kind = CLI_KW, .word = (w_), .help = (h_), SECRET_TYPED(t_, f_, type_) }
#define SECRET_TEXT(h_, t_, f_) \
	{ .kind = CLI_ARG, .type = &cli_line, .help = (h_), .flags = CLI_SECRET, CLI_AT(t_, f_.text) }
/* [0 | 7] TEXT; h_ is of the text */
#define PASSWORD_TOKS(h_, t_, f_)                                                             \
	OPT, SECRET_KW("0", "Specifies an UNENCRYPTED password will follow", t_, f_, SECRET_PLAIN), OR, \
		SECRET_KW("7", "Specifies a HIDDEN password will follow", t_, f_, SECRET_TYPE7), CLOSE,  \
		SECRET_TEXT(h_, t_, f_)
/* [0 | 5 | 8 | 9] TEXT */
#define SECRET_TOKS(h_, t_, f_)                                                               \
	OPT, SECRET_KW("0", "Specifies an UNENCRYPTED password will follow", t_, f_, SECRET_PLAIN), OR, \
		SECRET_KW("5", "Specifies a MD5 HASHED secret will follow", t_, f_, SECRET_MD5), OR,     \
		SECRET_KW("8", "Specifies a PBKDF2 HASHED secret will follow", t_, f_, SECRET_PBKDF2), OR, \
		SECRET_KW("9", "Specifies a SCRYPT HASHED secret will follow", t_, f_, SECRET_SCRYPT), CLOSE, \
		SECRET_TEXT(h_, t_, f_)
#define ALGORITHM_TOKS(t_, f_)                                                                \
	OPT, KW("algorithm-type", "Algorithm to use for hashing the plaintext secret"),          \
		{ .kind = CLI_NAMES, .names = secret_algorithms, CLI_AT(t_, f_.algorithm) }, CLOSE

extern const struct cli_name secret_algorithms[];

/* What was said becomes *ret_s; at the keyboard, what is weak about it is said. */
void secret_take(const struct cli_call *c, const struct secret_args *a, bool hashed,
		 struct cfg_secret *ret_s);
/* The way back. plainly: a password in clear has no type before it, where that can be read back. */
void secret_give(const struct cfg_secret *s, bool plainly, struct secret_args *ret_a);

#endif
