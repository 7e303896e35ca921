/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines and where they go: the console (standard error, or JSON on standard output), a
 * buffer for `show logging`, whoever watches (`terminal monitor`), syslog hosts. One per
 * process. Nothing here waits: what does not get away at once is lost, and counted. */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include "host/log_format.h"
#include "host/syslog.h"

/* Lines of one mnemonic in a second; what is above is counted and said in one line. */
#define LOG_FLOOD_SEC 200

/* `%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is ON` with IOS's time stamp. */
void log_line(const char *mnemonic, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same about a peer, whom JSON names in a member of its own. */
void log_about(const struct ipaddr *peer, const char *mnemonic, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A debug line: stamp and text only. */
void log_debug(const char *text);
/* What was found in a file, of any number of lines: to standard error as it is and nowhere else; as
 * JSON, an object for each line. */
void log_report(const char *mnemonic, const char *text);
/* Each further line whose severity is one of the monitor's also goes to watch, complete with
 * its line end. NULL: none. */
void log_watch(void (*watch)(void *ctx, const char *line), void *ctx);

/* JSON lines on standard output in place of text on standard error, for this process and its
 * children: if asked for, or if standard output is systemd's journal (JOURNAL_STREAM), which
 * then also learns each line's severity. */
void log_json(bool asked);

/* What the configuration says; everything is copied. Until then IOS's defaults hold. */
struct log_origin {
	const char *hostname;
	struct ipaddr source4, source6; /* of datagrams; IP_NONE: as the kernel chooses */
};
void log_configure(const struct cfg_logging *l, const struct log_origin *o);
/* Now and then: says what a flood has held back. */
void log_tick(void);

/* The buffer, oldest first. */
void log_show(struct txt *out);
struct log_kept {
	int64_t wall_ms;
	uint8_t severity;
	const char *mnemonic; /* NULL: debug */
	const char *text;     /* without stamp and mnemonic */
};
void log_each(void (*fn)(void *ctx, const struct log_kept *k), void *ctx);
void log_clear(void);

struct log_counts {
	uint32_t dropped, rate_limited;
	uint32_t console, monitor, buffered, trap; /* lines that went there */
};
struct log_counts log_counts(void);

/* `logging count`: the i-th kind of line, in the order of their first occurrence. */
#define LOG_KINDS 256
struct log_kind {
	char mnemonic[48];
	uint32_t n;
	struct log_time last;
};
bool log_kind(size_t i, struct log_kind *ret_k);

#endif
