/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes pasted as lines of hex: certificates and public keys. */
#ifndef COMMANDS_HEXLINE_H
#define COMMANDS_HEXLINE_H

#include "cli/cli.h"

#define HEX_LINE    128 /* bytes of one line that are taken */
#define HEX_PRINTED 32	/* bytes of one line as IOS prints it */

struct hex_args {
	uint8_t n;
	uint8_t b[HEX_LINE];
};

/* The whole line, with or without blanks; binds a struct hex_args. Printed in groups of
 * four bytes. */
extern const struct cli_type arg_hex_line;
#define HEX_DATA(what)                                                              \
	{ .kind = CLI_ARG, .type = &arg_hex_line, .help = (what), .size = sizeof(struct hex_args) }

#endif
