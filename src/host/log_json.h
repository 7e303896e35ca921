/* SPDX-License-Identifier: Apache-2.0 */
/* A log line as one JSON object on one line: docs/logging.md. */
#ifndef HOST_LOG_JSON_H
#define HOST_LOG_JSON_H

#include "host/log_format.h"

/* With a line end. */
void log_put_json(const struct log_record *r, struct txt *out);

#endif
