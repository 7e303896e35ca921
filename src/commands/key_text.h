/* SPDX-License-Identifier: Apache-2.0 */
/* `[0 | 6] KEY` and whose key it is, as several commands have it. */
#ifndef COMMANDS_KEY_TEXT_H
#define COMMANDS_KEY_TEXT_H

#include "commands/prefix6.h"

enum { KEY_UNTYPED = 0, KEY_TYPE_0, KEY_TYPE_6 };
struct key_text {
	uint8_t typed;
	char text[CFG_SEALED_MAX];
};

/* The tokens; they bind a field t (a struct key_text) of args. */
#define KEY_TEXT(args, t)                                                                      \
	OPT, KWV("0", "Specifies an UNENCRYPTED password will follow", args, t.typed, KEY_TYPE_0), \
		OR, KWV("6", "Specifies an ENCRYPTED password will follow", args, t.typed,     \
			KEY_TYPE_6),                                                           \
		CLOSE,                                                                         \
		WORDF("The UNENCRYPTED (cleartext) user password", args, t.text,               \
		      .flags = CLI_SECRET)

/* Into the fields of the model; false if it is longer than a key may be. */
bool key_text_take(const struct key_text *t, uint8_t *ret_type, char ret_key[PSK_MAX + 1],
		   char ret_sealed[CFG_SEALED_MAX]);
void key_text_give(uint8_t type, const char *key, const char *sealed, struct key_text *ret_t);
/* A line of advice where a weak key is typed. */
void key_text_note(const struct cli_call *c, const char *key);

/* `address A [MASK]` and `address ipv6 X/len`: the peers of a key. False after a message. */
bool key_address_take(const struct cli_call *c, const struct prefix6 *net, struct cfg_key *k);
/* For printing: without a mask that goes without saying. */
void key_address_give(struct cfg_key *k, struct prefix6 *ret_net);

#endif
