/* SPDX-License-Identifier: Apache-2.0 */
/* The master key that type 6 keys are encrypted with. It stands in a file of mode 0600
 * beside the startup configuration (`master-key`, or FILE.master-key) and is never printed. */
#ifndef CONTROL_MASTER_KEY_H
#define CONTROL_MASTER_KEY_H

#include "control/internal.h"

#define MASTER_KEY_MAX 128 /* with the NUL */
#define MASTER_KEY_MIN 8   /* characters */

/* Reads the key that belongs to a configuration file; "" if there is none. 0; a negative
 * errno if there is one that cannot be used (-EPERM: others may read it). */
int master_key_read(const char *config, char ret_key[MASTER_KEY_MAX]);
/* Decrypts the type 6 keys that this master key has made; true if any. */
bool master_key_open(struct config *c, const char *master);
/* At the start of control, before the configuration is read. */
void master_key_load(struct control *c);
/* What was pasted encrypted is decrypted; with `password encryption aes` what is in clear
 * is encrypted. Before the configuration is used, printed or saved. */
void master_key_follow(struct control *c);

/* `key config-key password-encrypt [KEY]` and its `no`. */
void master_key_cmd(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error);

#endif
