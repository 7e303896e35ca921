/* SPDX-License-Identifier: Apache-2.0 */
/* `set session-key`: keys typed into crypto map entries with manual keys. */
#ifndef COMMANDS_MANUAL_H
#define COMMANDS_MANUAL_H

#include "commands/rows.h"
#include "model/manual.h"

struct session_key_args {
	uint8_t out; /* 0 inbound, 1 outbound */
	uint32_t spi;
	char key[CFG_SESSION_KEY_MAX]; /* of AH, or the cipher's */
	char auth[CFG_SESSION_KEY_MAX];
};

/* Of the two rows that set keys. */
int session_key_ah_apply(struct cli_call *c);
int session_key_esp_apply(struct cli_call *c);
bool session_key_ah_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			 const void **ret_obj);
bool session_key_esp_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			  const void **ret_obj);
/* Of `set transform-set`, once bound: a set that an entry with manual keys cannot have is
 * taken out again, and -EINVAL. */
int manual_set_apply(struct cli_call *c);

#endif
