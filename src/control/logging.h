/* SPDX-License-Identifier: Apache-2.0 */
/* `logging`: the log does what the configuration says, and `show logging`. */
#ifndef CONTROL_LOGGING_H
#define CONTROL_LOGGING_H

#include "host/log.h"

struct control;

/* After a change of the configuration or of addresses. */
void logging_follow(struct control *c);
/* `show logging`; count: `show logging count`. */
void logging_show(const struct control *c, bool count, struct txt *out);
void logging_show_json(const struct control *c, struct txt *out);

/* show_logging.c: what these print, without the buffer's lines. */
struct logging_state {
	const struct cfg_logging *conf;
	struct log_counts n;
	struct syslog_counts hosts[CFG_MAX_LOG_HOSTS]; /* as in conf */
};
void show_logging(const struct logging_state *s, struct txt *out);
struct json;
void show_logging_json(const struct logging_state *s, struct json *j);
/* `show logging count`. */
void show_logging_count(const struct log_kind *v, size_t n, bool enabled, struct txt *out);

#endif
