/* SPDX-License-Identifier: Apache-2.0 */
/* From text to a configuration, and what is to be said about it: what `culvert
 * check` prints and `culvert run` logs. */
#ifndef COMMANDS_LOAD_H
#define COMMANDS_LOAD_H

#include "base/json.h"
#include "commands/commands.h"

enum report_severity { REPORT_NOTE = 0, REPORT_WARNING, REPORT_ERROR };

/* One remark. Those about a line have line (from 1), source and text as the CLI
 * prints it (several lines, caret included); those about an object have object
 * ("crypto map SDM_CMAP_1 1"), text (one sentence) and fix (what to type). */
struct report_msg {
	uint8_t severity; /* enum report_severity */
	uint32_t line, col;
	char *source, *object, *text, *fix;
	char *acl; /* what it is about is that list's */
	uint32_t entry;
	uint32_t at; /* of an object: its line, once report_locate() has found it */
};

struct report {
	struct report_msg *v;
	size_t n, cap;
	size_t errors, warnings;
	bool nomem; /* a remark was lost */
};

void report_fini(struct report *r);
/* Drops the notes that known has, too, each of its notes for one: what is left is about what has changed. */
void report_forget(struct report *r, const struct report *known);
/* All remarks as text, each led by `NAME:LINE:` or `NAME:`. */
void report_print(const struct report *r, const char *name, struct txt *out);
/* Those from the one of that number on. */
void report_print_from(const struct report *r, size_t from, const char *name, struct txt *out);
/* The same for a terminal: how grave a remark is has a colour. */
void report_print_colour(const struct report *r, const char *name, struct txt *out);
/* The member `messages` of an object that is open. */
void report_json(const struct report *r, struct json *j);
void report_json_message(const struct report_msg *m, struct json *j); /* an element of that array */
/* The same for logs: a wrong line may hold a key, wherever the mistake is, so what
 * was written is left out; the number and what is wrong with it stay. */
void report_print_log(const struct report *r, const char *name, struct txt *out);
/* Adds a remark about an object; text takes a format. */
void report_object(struct report *r, enum report_severity sev, const char *object, const char *fix,
		   const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* What to type instead of what the last remark is about, where a name or address of it is to be in the line. */
void report_fix(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Says of the last remark that it is about entry seq of a list, wherever the list is used. */
void report_entry(struct report *r, const char *acl, uint32_t seq);

/* Reads a configuration text (len bytes, any bytes) into a new configuration.
 * Lines that are wrong are reported and kept; the rest is in force. 0, or -ENOMEM
 * (no configuration then). report starts zeroed; report_fini() in any case. */
int config_load_text(const char *text, size_t len, struct config **ret_config,
		     struct report *report);
/* The same on top of a configuration (paste, copy startup-config running-config). */
int config_load_onto(struct config *c, const char *text, size_t len, struct report *report);

/* What is wrong between objects: a crypto map without peer, a list that does not
 * exist, a tunnel without source, weak algorithms, an MTU too large. */
void commands_check(const struct config *c, struct report *report);
/* The same a little at a time, for who has others to serve: with a thousand of everything each call looks at some
 * thousand things. at is zero at first; neither c nor report changes in between. False: that was all. */
struct check_at {
	size_t part, object;
};
bool commands_check_some(const struct config *c, struct check_at *at, struct report *report);
/* The part of it about the MTU and MSS of one tunnel, as notes for whoever types them. */
void commands_mtu_notes(const struct config *c, const struct cfg_interface *i, struct txt *out);

#endif
