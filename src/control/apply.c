/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration to system: compile, plumb, tell the forwarder and IKE. The whole
 * is done each time; every step leaves alone what is right already. */
#include "control/internal.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "host/log.h"
#include "host/os.h"

#define APPLY_DELAY_MS 100 /* many lines pasted at once are one change */
#define GUARD_RETRY_MS 5000

static int send_table(struct control *c)
{
	struct fwd_msg m = { 0 };
	int err = fwdlink_simple(c->fwd, FWD_TABLE_BEGIN, 0);

	for (size_t i = 0; !err && i < c->compiled.n_policies; i++) {
		m.type = FWD_POLICY_ADD;
		m.u.policy = c->compiled.policies[i];
		err = fwdlink_call(c->fwd, &m, -1, NULL, NULL);
	}
	for (size_t i = 0; !err && i < c->compiled.n_tunnels; i++) {
		m.type = FWD_TUNNEL_ADD;
		m.u.tunnel = c->compiled.tunnels[i];
		err = fwdlink_call(c->fwd, &m, -1, NULL, NULL);
	}
	return err ? err : fwdlink_simple(c->fwd, FWD_TABLE_COMMIT, 0);
}

static int recompile(struct control *c)
{
	struct compiled new;
	int err = compile(c->config, c->ifs, c->n_ifs, &c->ids, &new);

	if (err)
		return err;
	compiled_fini(&c->compiled);
	c->compiled = new;
	return 0;
}

static void say_notes(struct control *c)
{
	const char *now = txt_cstr(&c->compiled.notes);
	char *copy, *line, *rest;

	if (c->last_notes && !strcmp(now, c->last_notes))
		return;
	free(c->last_notes);
	c->last_notes = strdup(now);
	copy = strdup(now);
	for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		log_line("CULVERT-4-CONFIG", "%s", line);
	free(copy);
}

/* IOS says so when the first crypto map is applied, and when the last goes. */
static void say_isakmp(struct control *c)
{
	bool on = false;

	for (size_t i = 0; i < c->config->interfaces.n; i++)
		on |= c->config->interfaces.v[i]->crypto_map[0] != '\0';
	on &= c->config->isakmp.enable;
	if (on != c->isakmp_on)
		log_line("CRYPTO-6-ISAKMP_ON_OFF", "ISAKMP is %s", on ? "ON" : "OFF");
	c->isakmp_on = on;
}

static void apply_in(struct control *c, long ms)
{
	struct timeval t = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	evtimer_add(c->apply_timer, &t);
}

void apply_all(struct control *c)
{
	int err;

	files_keep(c); /* before it is in force */
	err = plumb_look(c);
	/* steering needs the SPD, the SPD the interfaces, tunnels their TUNs: so the
	 * lines first, then the plumbing, then the whole again */
	if (!err)
		err = recompile(c);
	if (!err) {
		plumb_apply(c);
		err = recompile(c);
	}
	if (!err)
		err = ikelink_open(c);
	if (!err)
		err = send_table(c);
	if (!err)
		err = ike_configure(c->ike, &c->compiled.ike, host_now_ms(NULL));
	if (err)
		log_line("CULVERT-3-CONFIG", "the configuration could not be put in force: %s",
			 strerror(-err));
	forwarding_follow(c);
	if (!c->guarded)
		apply_in(c, GUARD_RETRY_MS);
	say_notes(c);
	say_isakmp(c);
	ikelink_pump(c);
}

void apply_soon(struct control *c)
{
	if (c->guarded && evtimer_pending(c->apply_timer, NULL))
		return;
	apply_in(c, APPLY_DELAY_MS);
}

void apply_now(struct control *c)
{
	if (evtimer_pending(c->apply_timer, NULL)) {
		evtimer_del(c->apply_timer);
		apply_all(c);
	}
}
