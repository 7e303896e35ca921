/* SPDX-License-Identifier: Apache-2.0 */
/* A log line as one JSON object on one line: docs/logging.md. */
#ifndef HOST_LOG_JSON_H
#define HOST_LOG_JSON_H

#include "host/log_format.h"

/* The members facility, severity and mnemonic; mnemonic NULL: of a line of debug. */
struct json;
void log_put_kind(struct json *j, const char *mnemonic, uint8_t severity);
/* With a line end. */
void log_put_json(const struct log_record *r, struct txt *out);

#endif
