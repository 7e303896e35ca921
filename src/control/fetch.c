/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: `over` ends the whole after FETCH_SEC, or at once when libevent has called
 * back (its connection must not be freed inside its own callback). libevent's own
 * time-out of FETCH_IDLE ends a connection that stands still. */
#include "control/fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct fetch {
	struct evhttp_connection *conn;
	struct event *over;
	fetch_done *done;
	void *ctx;
	bool answered, refusal_is_empty;
	uint8_t *body;
	size_t len;
	char why[FETCH_WHY_MAX];
};

static bool is_http(const struct evhttp_uri *u, char why[FETCH_WHY_MAX])
{
	const char *scheme = u ? evhttp_uri_get_scheme(u) : NULL;
	const char *host = u ? evhttp_uri_get_host(u) : NULL;

	if (!u || !scheme)
		snprintf(why, FETCH_WHY_MAX, "it is no URL (RFC 3986)");
	else if (!strcasecmp(scheme, "ldap") || !strcasecmp(scheme, "ldaps"))
		snprintf(why, FETCH_WHY_MAX, "LDAP is not spoken: only http:// URLs are fetched");
	else if (strcasecmp(scheme, "http"))
		snprintf(why, FETCH_WHY_MAX, "its scheme is %.16s: only http:// URLs are fetched", scheme);
	else if (!host || !host[0])
		snprintf(why, FETCH_WHY_MAX, "it names no host");
	else if (evhttp_uri_get_userinfo(u))
		snprintf(why, FETCH_WHY_MAX, "it holds a user name, which would be sent in clear");
	else if (!evhttp_uri_get_port(u) || evhttp_uri_get_port(u) > 65535)
		snprintf(why, FETCH_WHY_MAX, "its port is none of 1 to 65535");
	else
		return true;
	return false;
}

static struct evhttp_uri *parse(const char *url, char why[FETCH_WHY_MAX])
{
	struct evhttp_uri *u = NULL;

	if (strlen(url) >= FETCH_URL_MAX) {
		snprintf(why, FETCH_WHY_MAX, "it has more than %d characters", FETCH_URL_MAX - 1);
		return NULL;
	}
	u = evhttp_uri_parse(url);
	if (!is_http(u, why)) {
		if (u)
			evhttp_uri_free(u);
		return NULL;
	}
	return u;
}

bool fetch_url_ok(const char *url, char why[FETCH_WHY_MAX])
{
	struct evhttp_uri *u = parse(url, why);

	if (u)
		evhttp_uri_free(u);
	return u != NULL;
}

void fetch_stop(struct fetch *f)
{
	if (!f)
		return;
	if (f->conn)
		evhttp_connection_free(f->conn);
	if (f->over)
		event_free(f->over);
	free(f->body);
	free(f);
}

static void on_over(evutil_socket_t fd, short what, void *ctx)
{
	struct fetch *f = ctx;
	struct fetch was = *f;

	(void)fd;
	(void)what;
	f->body = NULL;
	if (!was.answered)
		snprintf(was.why, sizeof(was.why), "no whole answer within %d seconds", FETCH_SEC);
	fetch_stop(f);
	was.done(was.ctx, span_of(was.body, was.len), was.why[0] ? was.why : NULL);
	free(was.body);
}

/* req is NULL if there was no whole answer; on_error has said why then. */
static void on_answer(struct evhttp_request *req, void *ctx)
{
	struct fetch *f = ctx;
	const struct timeval now = { 0, 0 };
	int status = req ? evhttp_request_get_response_code(req) : 0;

	f->answered = true;
	if (status == 200) {
		struct evbuffer *in = evhttp_request_get_input_buffer(req);
		size_t len = evbuffer_get_length(in);

		f->body = malloc(len ? len : 1);
		if (f->body)
			f->len = (size_t)evbuffer_remove(in, f->body, len);
		f->why[0] = '\0';
		if (!f->body)
			snprintf(f->why, sizeof(f->why), "out of memory");
	} else if (status && f->refusal_is_empty) {
		f->why[0] = '\0';
	} else if (status) {
		snprintf(f->why, sizeof(f->why), "the server answers with status %d%s", status,
			 status / 100 == 3 ? " (redirects are not followed)" : "");
	} else if (!f->why[0]) {
		snprintf(f->why, sizeof(f->why), "the server cannot be reached");
	}
	(void)event_add(f->over, &now);
}

static void on_error(enum evhttp_request_error e, void *ctx)
{
	struct fetch *f = ctx;
	const char *s = "the connection failed";

	if (e == EVREQ_HTTP_TIMEOUT)
		s = "the server is silent";
	else if (e == EVREQ_HTTP_EOF)
		s = "the connection ended before the answer did";
	else if (e == EVREQ_HTTP_INVALID_HEADER)
		s = "the answer is no HTTP (RFC 9112)";
	else if (e == EVREQ_HTTP_DATA_TOO_LONG)
		s = "the answer is longer than what is taken";
	snprintf(f->why, sizeof(f->why), "%s", s);
}

static bool is_address(const char *host)
{
	uint8_t a[16];

	return inet_pton(AF_INET, host, a) == 1 || inet_pton(AF_INET6, host, a) == 1;
}

/* Path and query; NULL: too long, or no memory. */
static char *target_of(const struct evhttp_uri *u, const char *more)
{
	const char *path = evhttp_uri_get_path(u), *query = more ? more : evhttp_uri_get_query(u);
	char *s = NULL;

	if (query && strlen(query) > FETCH_QUERY_MAX)
		return NULL;
	return asprintf(&s, "%s%s%s", path && path[0] ? path : "/", query ? "?" : "", query ? query : "") < 0 ?
		       NULL :
		       s;
}

static bool add_headers(struct evhttp_request *req, const struct fetch_ask *a, const char *host, int port)
{
	struct evkeyvalq *h = evhttp_request_get_output_headers(req);
	char name[FETCH_URL_MAX + 16];
	bool six = strchr(host, ':') != NULL;

	snprintf(name, sizeof(name), "%s%s%s:%d", six ? "[" : "", host, six ? "]" : "", port < 0 ? 80 : port);
	return !evhttp_add_header(h, "Host", name) && !evhttp_add_header(h, "Connection", "close") &&
	       (!a->post.len ||
		(!evhttp_add_header(h, "Content-Type", a->type) &&
		 !evbuffer_add(evhttp_request_get_output_buffer(req), a->post.p, a->post.len)));
}

static int send_it(struct fetch *f, const struct evhttp_uri *u, const struct fetch_ask *a, const char *host)
{
	struct evhttp_request *req = evhttp_request_new(on_answer, f);
	char *target = req ? target_of(u, a->query) : NULL;
	int err;

	if (!target || !add_headers(req, a, host, evhttp_uri_get_port(u))) {
		free(target);
		if (req)
			evhttp_request_free(req);
		return -ENOMEM;
	}
	evhttp_request_set_error_cb(req, on_error);
	/* The connection owns the request from here on, also on failure. */
	err = evhttp_make_request(f->conn, req, a->post.len ? EVHTTP_REQ_POST : EVHTTP_REQ_GET, target);
	free(target);
	return err ? -ENOMEM : 0;
}

static int begin(struct fetch *f, struct event_base *base, struct evdns_base *dns,
		 const struct evhttp_uri *u, const struct fetch_ask *a, char why[FETCH_WHY_MAX])
{
	const struct timeval all = { FETCH_SEC, 0 };
	const char *given = evhttp_uri_get_host(u);
	int port = evhttp_uri_get_port(u);
	char host[FETCH_URL_MAX];
	size_t n = strlen(given);

	if (given[0] == '[' && n > 2)
		snprintf(host, sizeof(host), "%.*s", (int)(n - 2), given + 1);
	else
		snprintf(host, sizeof(host), "%s", given);
	if (!dns && !is_address(host)) { /* libevent would block in getaddrinfo() */
		snprintf(why, FETCH_WHY_MAX, "there is no name server to ask for %.64s", host);
		return -EINVAL;
	}
	f->over = evtimer_new(base, on_over, f);
	f->conn = evhttp_connection_base_bufferevent_new(base, is_address(host) ? NULL : dns, NULL, host,
							 (unsigned short)(port < 0 ? 80 : port));
	if (!f->over || !f->conn || event_add(f->over, &all))
		return -ENOMEM;
	evhttp_connection_set_max_headers_size(f->conn, FETCH_HEADERS);
	evhttp_connection_set_max_body_size(f->conn, (ev_ssize_t)a->max);
	evhttp_connection_set_timeout(f->conn, FETCH_IDLE);
	evhttp_connection_set_retries(f->conn, 0);
	return send_it(f, u, a, host);
}

int fetch_ask(struct event_base *base, struct evdns_base *dns, const struct fetch_ask *a,
	      fetch_done *done, void *ctx, struct fetch **ret_f, char why[FETCH_WHY_MAX])
{
	struct evhttp_uri *u = parse(a->url, why);
	struct fetch *f = u ? calloc(1, sizeof(*f)) : NULL;
	int err = u ? -ENOMEM : -EINVAL;

	if (u)
		snprintf(why, FETCH_WHY_MAX, "out of memory");
	if (f) {
		f->done = done;
		f->ctx = ctx;
		f->refusal_is_empty = a->refusal_is_empty;
		err = begin(f, base, dns, u, a, why);
	}
	if (u)
		evhttp_uri_free(u);
	if (err) {
		fetch_stop(f);
		return err;
	}
	*ret_f = f;
	return 0;
}

int fetch_start(struct event_base *base, struct evdns_base *dns, const char *url, size_t max,
		fetch_done *done, void *ctx, struct fetch **ret_f, char why[FETCH_WHY_MAX])
{
	const struct fetch_ask a = { .url = url, .max = max };

	return fetch_ask(base, dns, &a, done, ctx, ret_f, why);
}
