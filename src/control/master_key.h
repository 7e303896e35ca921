/* SPDX-License-Identifier: Apache-2.0 */
/* The master key that type 6 keys are encrypted with. It stands in a file of mode 0600
 * beside the startup configuration (`master-key`, or FILE.master-key) and is never printed.
 * Changed, it is in the file at once and in the startup configuration when that is saved:
 * until then the file keeps the earlier one on a line below, or a router that loses power
 * between the two had lost its keys. */
#ifndef CONTROL_MASTER_KEY_H
#define CONTROL_MASTER_KEY_H

#include "control/internal.h"

#define MASTER_KEY_MAX 128 /* with the NUL */
#define MASTER_KEY_MIN 8   /* characters */

/* Reads the keys that belong to a configuration file; none if there is none. 0; a negative
 * errno if there are some that cannot be used (-EPERM: others may read them). */
int master_key_read(const char *config, struct master_keys *ret_keys);
/* Decrypts the type 6 keys that one of them has made; what an earlier one has is encrypted
 * again with the one in force. */
void master_key_open(struct config *c, const struct master_keys *keys);
/* At the start of control, before the configuration is read. */
void master_key_load(struct control *c);
/* What was pasted encrypted is decrypted; with `password encryption aes` what is in clear
 * is encrypted. Before the configuration is used, printed or saved. */
void master_key_follow(struct control *c);
/* The startup configuration was saved: earlier master keys have served. */
void master_key_saved(struct control *c);

/* `key config-key password-encrypt [KEY]` and its `no`. */
void master_key_cmd(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error);

#endif
