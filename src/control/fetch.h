/* SPDX-License-Identifier: Apache-2.0 */
/* One bounded HTTP GET or POST in the event loop: libevent's client, which connects, resolves
 * and reads without blocking. No TLS, no redirects, no proxies. A server can cost us
 * FETCH_HEADERS + max bytes and FETCH_SEC seconds, whatever it does. */
#ifndef CONTROL_FETCH_H
#define CONTROL_FETCH_H

#include "base/span.h"

#define FETCH_SEC     20   /* from the start to the last byte */
#define FETCH_IDLE    5	   /* seconds without progress */
#define FETCH_HEADERS 8192 /* bytes */
#define FETCH_URL_MAX 512
#define FETCH_QUERY_MAX 16384 /* what is appended to a URL */
#define FETCH_WHY_MAX 128

struct event_base;
struct evdns_base;
struct fetch;

/* The answer of status 200; or why is the reason and body is empty. The fetch is over
 * and freed when this returns; it may start another. Never called by fetch_start(). */
typedef void fetch_done(void *ctx, struct span body, const char *why);

/* False, and a reason: url is not `http://host[:port][/path][?query]`. */
bool fetch_url_ok(const char *url, char why[FETCH_WHY_MAX]);
/* dns is for hosts that are names; it may be NULL. -EINVAL with a reason; -ENOMEM. */
int fetch_start(struct event_base *base, struct evdns_base *dns, const char *url, size_t max,
		fetch_done *done, void *ctx, struct fetch **ret_f, char why[FETCH_WHY_MAX]);
/* More than a plain GET. The spans and strings are used until fetch_ask() returns. */
struct fetch_ask {
	const char *url;   /* without a query, if there is one below */
	const char *query; /* already percent-encoded; NULL none */
	struct span post;  /* sent by POST; empty: GET */
	const char *type;  /* of post: its media type */
	size_t max;	   /* bytes of the answer's body */
	bool refusal_is_empty; /* any other status than 200 is an answer of no bytes */
};

int fetch_ask(struct event_base *base, struct evdns_base *dns, const struct fetch_ask *a,
	      fetch_done *done, void *ctx, struct fetch **ret_f, char why[FETCH_WHY_MAX]);
void fetch_stop(struct fetch *f); /* without a call of done; NULL is fine */

#endif
