/* SPDX-License-Identifier: Apache-2.0 */
/* JSON (RFC 8259), written from front to back into a text: what ten thousand SAs
 * say never is a tree in memory, and counters of 64 bits keep all their digits
 * (a tree of cJSON holds doubles). The two outer levels have a line for each
 * member, what is deeper stays on its line: a row of a table is a line. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/ipaddr.h"
#include "base/txt.h"

#define JSON_DEPTH 32

/* A document on its way. Failure to allocate is out's, sticky. */
struct json {
	struct txt *out;
	unsigned depth;	 /* objects and arrays that are open */
	unsigned lines;	 /* levels whose members have lines of their own */
	uint32_t filled; /* a bit for each depth: something stands there already */
};

/* Appends to out, which must outlive the writer. */
struct json json_of(struct txt *out);
/* The same all on one line. */
struct json json_line_of(struct txt *out);

/* key: the member's name, plain ASCII of ours; NULL within an array, and for the document itself.
 * Each open is followed by its close; more than JSON_DEPTH levels assert. */
void json_object(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array(struct json *j, const char *key);
void json_array_end(struct json *j);

/* s may hold anything, also a stranger's bytes: control characters are escaped, and what is no
 * UTF-8 becomes U+FFFD. NULL is null. */
void json_str(struct json *j, const char *key, const char *s);
void json_strn(struct json *j, const char *key, const char *s, size_t n);
/* null instead of "". */
void json_str_or_null(struct json *j, const char *key, const char *s);
void json_printf(struct json *j, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void json_num(struct json *j, const char *key, uint64_t n);
void json_int(struct json *j, const char *key, int64_t n);
void json_bool(struct json *j, const char *key, bool is);
void json_null(struct json *j, const char *key);
/* As IOS writes it; null for IP_NONE. */
void json_addr(struct json *j, const char *key, const struct ipaddr *a);
/* An array of the text's lines, without the newlines. */
void json_lines(struct json *j, const char *key, const char *text);

#endif
