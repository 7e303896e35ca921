/* SPDX-License-Identifier: Apache-2.0 */
#include "control/show_now.h"

#include <errno.h>
#include <stdlib.h>

#include "control/running.h"
#include "control/show_json.h"
#include "control/show_rib.h"
#include "control/snapshot.h"

typedef int say_fn(const struct show_in *in, unsigned action, const struct exec_args *a, struct txt *out);

static int say_now(struct control *c, const struct session *session, unsigned action,
		   const struct exec_args *a, say_fn *say, struct txt *out)
{
	struct snapshot *s = snapshot_take(c, session, action);
	int err = -ENOMEM;

	if (!s)
		return err;
	err = say(&s->in, action, a, out);
	snapshot_free(s);
	return err;
}

struct show_said {
	struct control *c;
	const struct session *session;
	struct snapshot *shot;
	struct fwdlink_ask *ask; /* the forwarder has not answered yet */
	struct rib *rib;	 /* the kernel's routes, while they are read */
	void (*ready)(void *ctx);
	void *ctx;
	bool taken, json;
	unsigned action;
	struct exec_args args;
	struct show_cursor at;
	struct show_json_cursor json_at;
	struct running *running; /* and nothing else than that is said; else NULL */
};

/* All of it, and not an interface's part. */
static bool is_running(unsigned action, const struct exec_args *a)
{
	return (action == EXEC_SHOW_RUNNING || action == EXEC_WRITE_TERMINAL) && !a->ifname[0];
}

bool show_now_in_pieces(unsigned action, const struct exec_args *a, bool json)
{
	/* the action first: others have arguments of their own. A VRF is never there */
	return (is_running(action, a) || (json ? show_json_in_pieces(action, a) : show_in_pieces(action, a))) && !a->vrf[0];
}

static void on_count(void *ctx, const struct fwd_msg *m)
{
	const struct show_said *s = ctx;

	snapshot_row(s->shot, m);
}

static void on_counted(void *ctx, int err)
{
	struct show_said *s = ctx;

	(void)err; /* what there is, is shown */
	s->ask = NULL;
	s->ready(s->ctx);
}

struct show_said *show_now_begin(struct control *c, const struct session *session, unsigned action,
				 const struct exec_args *a, bool json, void (*ready)(void *ctx), void *ctx)
{
	struct fwd_msg get = { .type = FWD_STATS_GET };
	struct show_said *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct show_said){ .c = c, .session = session, .action = action, .args = *a, .json = json, .ready = ready, .ctx = ctx };
	if (is_running(action, a)) {
		s->running = running_new(c, a, json);
		if (s->running)
			return s;
		free(s);
		return NULL;
	}
	s->shot = calloc(1, sizeof(*s->shot));
	if (s->shot) {
		s->ask = fwdlink_ask(c->fwd, &get, on_count, on_counted, s);
		return s;
	}
	free(s);
	return NULL;
}

bool show_now_waits(const struct show_said *s)
{
	return s->ask != NULL;
}

/* Routes are copies: neither an index nor the configuration is looked at once they are read. */
static bool only_routes(const struct show_said *s)
{
	bool ipv4, ipv6;

	return rib_wanted(s->action, &ipv4, &ipv6);
}

static void prepare_routes(struct show_said *s, int *ret_err)
{
	if (!s->rib && !s->shot->nomem)
		s->rib = rib_new(s->shot, s->c, s->action, RIB_ROUTES_MAX);
	if (!s->rib || (!rib_some(s->rib) && s->shot->nomem))
		*ret_err = -ENOMEM;
}

/* Each step is a turn of the loop. True: there is more to do before anything is said. */
static bool prepare(struct show_said *s, int *ret_err)
{
	if (s->ask)
		fwdlink_ask_wait(s->ask);
	if (!s->taken) {
		snapshot_fill(s->shot, s->c, s->session, s->action);
		s->taken = true;
		if (only_routes(s)) {
			s->shot->in.ios12 = s->c->config->compat_ios12;
			s->shot->in.config = NULL;
		}
		return true;
	}
	if (only_routes(s)) {
		if (s->shot->in.route_order)
			return false;
		prepare_routes(s, ret_err);
		return true;
	}
	if (s->shot->index)
		return false;
	s->shot->in.index = s->shot->index = s->shot->nomem ? NULL : show_index_new(&s->shot->in);
	if (!s->shot->index)
		*ret_err = -ENOMEM;
	return true;
}

bool show_now_keeps(const struct show_said *s)
{
	return only_routes(s);
}

int show_now_some(struct show_said *s, struct txt *out, bool *ret_over)
{
	int err = 0;

	if (s->running) {
		*ret_over = !running_some(s->running, out);
		return 0;
	}
	if (prepare(s, &err)) {
		if (err)
			txt_str(out, "% Low on memory; try again later\n");
		*ret_over = err != 0;
		return err;
	}
	err = s->json ? show_json_some(&s->shot->in, s->action, &s->args, &s->json_at, out) :
			show_some(&s->shot->in, s->action, &s->args, &s->at, out);
	*ret_over = err || s->at.over || s->json_at.over;
	return err;
}

void show_now_end(struct show_said *s)
{
	if (!s)
		return;
	fwdlink_ask_cancel(s->ask);
	rib_free(s->rib);
	show_cursor_fini(&s->at);
	show_json_cursor_fini(&s->json_at);
	running_free(s->running);
	if (s->shot)
		snapshot_free(s->shot);
	free(s);
}

int show_now(struct control *c, const struct session *session, unsigned action,
	     const struct exec_args *a, struct txt *out)
{
	return show_is(action) ? say_now(c, session, action, a, show_run, out) : -ENOSYS;
}

int show_now_json(struct control *c, const struct session *session, unsigned action,
		  const struct exec_args *a, struct txt *out)
{
	return say_now(c, session, action, a, show_json, out);
}

int show_now_parts(struct control *c, const struct session *session, const struct show_part *v, size_t n, struct txt *out)
{
	static const struct exec_args none;
	struct snapshot *s = snapshot_take(c, session, EXEC_SHOW_TECH);

	if (!s)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		txt_printf(out, "\n------------------ %s ------------------\n\n", v[i].title);
		(void)show_run(&s->in, v[i].action, v[i].args ? v[i].args : &none, out);
	}
	snapshot_free(s);
	return 0;
}
