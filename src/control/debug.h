/* SPDX-License-Identifier: Apache-2.0 */
/* `debug` and `undebug`: what is told, and about whom. */
#ifndef CONTROL_DEBUG_H
#define CONTROL_DEBUG_H

#include "control/internal.h"

/* EXEC_DEBUG to EXEC_DEBUG_CONDITION. */
void debug_cmd(struct exec_io *io, unsigned action, const struct exec_args *a);

/* `CRYPTO_PKI: ...` if that part of `debug crypto pki` is on; one of EXEC_DEBUG_PKI_*. What strangers sent is for
 * the caller to bound; characters that do not print are dots. */
void debug_pki(const struct control *c, enum exec_debug part, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
