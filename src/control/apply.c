/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration to system: compile, plumb, tell the forwarder and IKE. The whole
 * is done each time; every step leaves alone what is right already. */
#include "control/logging.h"
#include "control/ike_pki.h"
#include "control/manual.h"
#include "control/master_key.h"
#include "control/protect.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "host/log.h"
#include "host/os.h"

#define APPLY_DELAY_MS 100 /* many lines pasted at once are one change */
#define RETRY_MAX_SEC  64

static int send_lists(struct control *c)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->compiled.n_lists; i++) {
		const struct cfg_acl *acl = config_filter_list(c->config, c->compiled.lists[i]);
		struct fwd_msg m = { .type = FWD_ACL_ADD };

		m.u.acl.list = (uint16_t)(i + 1);
		memcpy(m.u.acl.name, c->compiled.lists[i], CFG_NAME_MAX);
		for (size_t k = 0; !err && k < acl->entries.n; k++) {
			m.u.acl.entry = *acl->entries.v[k];
			if (m.u.acl.entry.kind != ACE_REMARK)
				err = fwdlink_call(c->fwd, &m, -1, NULL, NULL);
		}
	}
	return err;
}

static int send_table(struct control *c)
{
	struct fwd_msg m = { 0 };
	int err = fwdlink_simple(c->fwd, FWD_TABLE_BEGIN, 0);

	if (!err)
		err = send_lists(c);
	for (size_t i = 0; !err && i < c->compiled.n_policies; i++) {
		m.type = FWD_POLICY_ADD;
		m.u.policy = c->compiled.policies[i];
		err = fwdlink_call(c->fwd, &m, -1, NULL, NULL);
		if (err || !(c->compiled.policies[i].acl_in | c->compiled.policies[i].acl_out))
			continue;
		m.type = FWD_POLICY_ACL;
		m.u.policy_acl.policy_id = c->compiled.policies[i].id;
		m.u.policy_acl.in = c->compiled.policies[i].acl_in;
		m.u.policy_acl.out = c->compiled.policies[i].acl_out;
		err = fwdlink_call(c->fwd, &m, -1, NULL, NULL);
	}
	for (size_t i = 0; !err && i < c->compiled.n_tunnels; i++) {
		m.type = FWD_TUNNEL_ADD;
		m.u.tunnel = c->compiled.tunnels[i];
		m.u.tunnel.trace = c->debug & EXEC_DEBUG_KEEPALIVE;
		err = fwdlink_call(c->fwd, &m, -1, NULL, NULL);
	}
	return err ? err : fwdlink_simple(c->fwd, FWD_TABLE_COMMIT, 0);
}

/* What leaves for dst may be as long as that: the `mtu` of its route, or of the device, which
 * need not be the one that the crypto map is on. Bytes; 0: nothing is known. */
static uint32_t path_to(const struct control *c, const struct ipaddr *dst)
{
	uint32_t ifindex = 0, mtu = dst->family ? nl_path_mtu(c->nl, dst, &ifindex) : 0;
	const struct nl_link *l = plumb_link(c, ifindex);

	if (l && (!mtu || l->mtu < mtu))
		mtu = l->mtu;
	return mtu > UINT16_MAX ? UINT16_MAX : mtu;
}

/* What the routes say of the paths to the peers (`ip route ... mtu`); what ICMP says the
 * forwarder hears itself. set: into what was compiled, too. */
static uint64_t learn_paths(struct control *c, bool set)
{
	struct ipaddr last = { 0 };
	uint32_t mtu = 0; /* bytes */
	uint64_t sum = 0;

	for (size_t i = 0, k = 0; i < c->compiled.n_policies; i++) {
		struct fwd_policy *p = &c->compiled.policies[i];

		if (k == c->compiled.n_shown || c->compiled.shown[k].id != p->id)
			continue; /* a deny line */
		for (size_t j = 0; j < c->compiled.shown[k].n_peers; j++) {
			const struct ipaddr *peer = &c->compiled.shown[k].peers[j];

			if (!ipaddr_equal(peer, &last)) /* mostly the same for a whole list */
				mtu = path_to(c, peer);
			last = *peer;
			sum = sum * 31 + mtu;
			if (set && mtu >= 68 && mtu < p->path_mtu)
				p->path_mtu = mtu;
		}
		k++;
	}
	for (size_t i = 0; i < c->compiled.n_tunnels; i++) {
		struct fwd_tunnel *t = &c->compiled.tunnels[i];

		mtu = path_to(c, &t->dst);
		sum = sum * 31 + mtu;
		if (set && mtu >= 68 && (!t->path_mtu || mtu < t->path_mtu))
			t->path_mtu = (uint16_t)mtu;
	}
	return sum;
}

void apply_paths(struct control *c)
{
	if (learn_paths(c, false) != c->paths)
		apply_soon(c);
}

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

	master_key_follow(c);
	int err = compile(c->config, c->ifs, c->n_ifs, &c->ids, &new);

	if (!err) {
		err = add_made(c, &new);
		if (err)
			compiled_fini(&new);
	}
	if (err)
		return err;
	compiled_fini(&c->compiled);
	c->compiled = new;
	c->paths = learn_paths(c, true);
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
	/* the guard was there before the TUN, and closed it: now the lines of its map are known */
	if (!err && tunnel_has_map(c->config))
		steering_apply(c);
	rings_follow(c, false); /* before there can be SAs */
	if (!err)
		err = ikelink_open(c);
	ports6_follow(c);
	if (!err)
		err = send_table(c);
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
	plan_retry(c, err || c->steering_failed || c->access_failed || c->ike6_failed);
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
		err = send_table(c);
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
