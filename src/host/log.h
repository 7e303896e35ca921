/* SPDX-License-Identifier: Apache-2.0 */
/* Where log lines go: standard error, a ring for `show logging`, and whoever
 * watches (`terminal monitor`). One per process. */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include "base/txt.h"

/* `%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is ON` with IOS's time stamp. */
void log_line(const char *mnemonic, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A debug line: stamp and text only. */
void log_debug(const char *text);
/* Each further line also goes to watch, complete with its line end. NULL: none. */
void log_watch(void (*watch)(void *ctx, const char *line), void *ctx);
/* The ring, oldest first. */
void log_show(struct txt *out);
void log_clear(void);

#endif
