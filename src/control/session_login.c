/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of a CLI session, and the end of one that is idle. */
#include "control/session_parts.h"

#include "control/show.h"
#include "host/log.h"
#include "host/os.h"

#define HELLO_MS 300 /* within which a client says what it is */

static void on_idle(evutil_socket_t fd, short what, void *ctx);

void session_wake_in(struct session *s, uint64_t ms)
{
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	if (!s->timer)
		s->timer = evtimer_new(s->c->base, on_idle, s);
	if (s->timer)
		evtimer_add(s->timer, &tv);
}

void session_begin(struct session *s)
{
	struct txt out = TXT_INIT;
	struct exec_io io = { s->c, s, &out };
	const struct session *other;
	unsigned vty = 0;
	bool taken = true, console = false;

	while (taken) {
		taken = false;
		LIST_FOREACH(other, &s->c->sessions, entry) {
			console |= other->login.console;
			taken |= other->login.begun && !other->login.console && other->login.line == vty;
		}
		vty += taken;
	}
	if (s->timer)
		evtimer_del(s->timer);
	login_begin(&io, vty, console);
	if (out.len)
		session_put(s, SHELL_OUTPUT, out.s, out.len); /* though it may be the last */
	txt_fini(&out);
	if (s->login.idle_sec)
		session_wake_in(s, (uint64_t)s->login.idle_sec * 1000);
	session_ready(s, false);
}

/* A user whose rights are few must not be taken for nobody, who may have more. The owner is never locked out. */
void session_named(struct session *s)
{
	if (s->login.nameless && !s->login.owner) {
		session_print(s, "% Who you are could not be found out; try again later\n");
		log_line("SEC_LOGIN-4-LOGIN_FAILED", "Login failed: the system does not say who a uid is");
		session_end(s);
		session_ready(s, false);
		return;
	}
	session_wake_in(s, HELLO_MS);
	bufferevent_enable(s->bev, EV_READ);
}

static void say_goodbye(struct session *s)
{
	const struct login *l = &s->login;
	struct txt out = TXT_INIT;

	log_line("SYS-6-TTY_EXPIRE_TIMER", "(exec timer expired, tty %u (%s)), user %s",
		 l->console ? 0 : l->line + 2, l->location[0] ? l->location : "0.0.0.0", l->user);
	if (l->console)
		txt_printf(&out, "\n\n\n%s con0 is now available\n\n", s->c->config->hostname);
	else
		txt_str(&out, "\n% The session was idle for as long as exec-timeout allows: it ends.\n");
	session_print(s, txt_cstr(&out));
	txt_fini(&out);
}

/* The name or HELLO did not come, or the user has not done anything. */
static void on_idle(evutil_socket_t fd, short what, void *ctx)
{
	struct session *s = ctx;
	uint64_t idle = host_now_ms(NULL) - s->seen_ms, most = (uint64_t)s->login.idle_sec * 1000;

	(void)fd;
	(void)what;
	if (s->ending)
		return;
	if (s->login.naming) {
		login_unnamed(&s->login);
		session_named(s);
		return;
	}
	if (!s->login.begun) {
		session_begin(s);
		return;
	}
	if (!most)
		return;
	if (s->runner || s->waiting || idle < most) {
		session_wake_in(s, s->runner || s->waiting ? most : most - idle);
		return;
	}
	say_goodbye(s);
	session_end(s);
	session_ready(s, false);
}

