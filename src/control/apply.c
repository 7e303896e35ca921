/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration to system: compile, plumb, tell the forwarder and IKE. The whole
 * is done each time; every step leaves alone what is right already. */
#include "control/logging.h"
#include "control/ike_pki.h"
#include "control/manual.h"
#include "control/login.h"
#include "control/paths.h"
#include "control/protect.h"
#include "control/stream.h"
#include "control/table.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "host/log.h"
#include "host/os.h"

#define APPLY_DELAY_MS 100 /* many lines pasted at once are one change */
#define RETRY_MAX_SEC  64

/* The policies that IKE has made, into a fresh compilation. */
static int add_made(struct control *c, struct compiled *new)
{
	const struct p2_policy **v = NULL, *p = NULL;
	size_t n = 0;
	int err;

	while (c->ike && (p = ike_made(c->ike, p)))
		n++;
	if (!n)
		return 0;
	v = calloc(n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	n = 0;
	while ((p = ike_made(c->ike, p)))
		v[n++] = p;
	err = compile_made(new, v, n);
	free(v);
	return err;
}

static int recompile(struct control *c)
{
	struct compiled new;

	streams_finish(c);
	secrets_later(c);
	int err = compile(c->config, c->ifs, c->n_ifs, &c->ids, &new);

	if (!err) {
		err = add_made(c, &new);
		if (err)
			compiled_fini(&new);
	}
	if (err)
		return err;
	streams_finish(c);
	compiled_fini(&c->compiled);
	c->compiled = new;
	paths_into(c, &c->compiled);
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
	for (line = copy ? strtok_r(copy, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest))
		log_line("CULVERT-4-CONFIG", "%s", line);
	free(copy);
}

/* IOS says so when the first crypto map is applied, and when the last goes. */
static void say_isakmp(struct control *c)
{
	bool on = false;

	for (size_t i = 0; i < c->config->interfaces.n; i++)
		on |= c->config->interfaces.v[i]->crypto_map[0] ||
		      c->config->interfaces.v[i]->ip6.crypto_map[0] ||
		      c->config->interfaces.v[i]->tunnel.protection[0];
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

/* No memory, no process for nft, a forwarder that was slow: nothing of the kernel's
 * tells when that is over, and until then new ACL lines are not guarded. After a
 * second at first, then ever later. */
static void plan_retry(struct control *c, bool failed)
{
	if (!failed) {
		c->retry_sec = 0;
		return;
	}
	c->retry_sec = !c->retry_sec ? 1 : 2 * c->retry_sec;
	if (c->retry_sec > RETRY_MAX_SEC)
		c->retry_sec = RETRY_MAX_SEC;
	if (!evtimer_pending(c->apply_timer, NULL)) {
		apply_in(c, 1000L * c->retry_sec);
		c->retrying = true;
	}
}

static bool tunnel_has_map(const struct config *c)
{
	for (size_t i = 0; i < c->interfaces.n; i++)
		if (c->interfaces.v[i]->is_tunnel && c->interfaces.v[i]->crypto_map[0])
			return true;
	return false;
}

/* IOS lets nobody remove a port that is there. */
static void mark_bound(struct control *c)
{
	for (size_t i = 0; i < c->config->interfaces.n; i++) {
		struct cfg_interface *ci = c->config->interfaces.v[i];

		ci->bound = !ci->is_tunnel && !ci->is_loopback && plumb_device(c, ci);
	}
}

void apply_all(struct control *c)
{
	int err;

	files_keep(c); /* before it is in force */
	c->tun_busy = false;
	err = plumb_look(c);
	if (!err)
		mark_bound(c);
	/* steering needs the SPD, the SPD the interfaces, tunnels their TUNs: so the
	 * lines first, then the plumbing, then the whole again if that has changed anything */
	if (!err)
		err = recompile(c);
	if (!err && plumb_apply(c))
		err = recompile(c);
	/* the guard was there before the TUN, and closed it: now the lines of its map are known */
	if (!err && tunnel_has_map(c->config))
		steering_apply(c);
	rings_follow(c, false); /* before there can be SAs */
	if (!err)
		err = ikelink_open(c);
	ports6_follow(c);
	if (!err)
		err = table_send(c);
	if (!err)
		err = manual_follow(c);
	hops_tell(c);
	if (!err)
		err = ike_pki_configure(c, host_now_ms(NULL));
	if (err)
		log_line("CULVERT-3-CONFIG", "the configuration could not be put in force: %s",
			 strerror(-err));
	logging_follow(c);
	forwarding_follow(c);
	plan_retry(c, err || c->steering_failed || c->tun_busy || c->access_failed || c->ike6_failed);
	say_notes(c);
	access_diagnose(c);
	say_isakmp(c);
	ikelink_pump(c);
	protect_retry(c);
}

/* A policy that IKE has just made: its locks stand, and its SPD entry, before the SAs that
 * it is made for are installed. */
void apply_made(struct control *c, uint32_t id)
{
	int err;

	for (size_t i = 0; i < c->compiled.n_policies; i++)
		if (c->compiled.policies[i].id == id)
			return; /* together with another one */
	err = recompile(c);
	if (!err)
		steering_apply(c);
	if (!err)
		err = table_send(c);
	if (err)
		log_line("CULVERT-3-CONFIG", "a dynamic crypto map entry could not be put in force: %s",
			 strerror(-err));
	if (err || c->steering_failed)
		apply_soon(c);
}

int apply_early(struct control *c)
{
	int err = plumb_look(c);

	if (!err)
		err = recompile(c);
	return err ? err : ike_pki_configure(c, host_now_ms(NULL));
}

void apply_soon(struct control *c)
{
	c->unkept = true;
	apply_again(c);
}

void apply_again(struct control *c)
{
	if (c->retrying || !evtimer_pending(c->apply_timer, NULL))
		apply_in(c, APPLY_DELAY_MS);
	c->retrying = false;
}

void apply_now(struct control *c)
{
	if (evtimer_pending(c->apply_timer, NULL)) {
		evtimer_del(c->apply_timer);
		apply_all(c);
	}
}
