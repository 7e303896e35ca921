/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of actions. Each owns its bytes until the next call into the core. */
#include "ike/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

static struct act *push(struct ike *k, enum ike_action_type type, struct span data)
{
	struct act *a = calloc(1, sizeof(*a) + data.len);

	if (!a)
		return NULL; /* as if the datagram were lost: every message may be */
	a->a.type = type;
	a->len = data.len;
	if (data.len)
		memcpy(a->data, data.p, data.len);
	a->a.data = span_of(a->data, data.len);
	STAILQ_INSERT_TAIL(&k->acts, a, entry);
	return a;
}

static void act_free(struct act *a)
{
	if (!a)
		return;
	free(a->text);
	secret_free(a, sizeof(*a) + a->len);
}

void acts_free(struct ike *k)
{
	struct act *a;

	act_free(k->handed);
	k->handed = NULL;
	while ((a = STAILQ_FIRST(&k->acts))) {
		STAILQ_REMOVE_HEAD(&k->acts, entry);
		act_free(a);
	}
}

bool ike_next_action(struct ike *k, struct ike_action *ret_a)
{
	struct act *a = STAILQ_FIRST(&k->acts);

	act_free(k->handed);
	k->handed = a;
	if (!a)
		return false;
	STAILQ_REMOVE_HEAD(&k->acts, entry);
	*ret_a = a->a;
	return true;
}

void act_send(struct ike *k, const struct ike_path *path, struct span data)
{
	if (!frag_send(k, path, data))
		act_send_whole(k, path, data);
}

void act_send_whole(struct ike *k, const struct ike_path *path, struct span data)
{
	struct act *a = push(k, IKE_ACT_SEND, data);

	if (a)
		a->a.path = *path;
}

void act_keepalive(struct ike *k, const struct ike_path *path)
{
	struct act *a = push(k, IKE_ACT_NAT_KEEPALIVE, (struct span){ 0 });

	if (a)
		a->a.path = *path;
}

void act_sa_add(struct ike *k, const struct sa_spec *spec)
{
	struct act *a = push(k, IKE_ACT_SA_ADD, (struct span){ 0 });

	if (!a)
		return;
	a->spec = *spec;
	a->a.spec = &a->spec;
	a->a.sa_id = spec->id;
	a->a.policy_id = spec->policy_id;
}

void act_sa_move(struct ike *k, uint32_t sa_id, const struct ike_path *path)
{
	struct act *a = push(k, IKE_ACT_SA_MOVE, (struct span){ 0 });

	if (!a)
		return;
	a->a.sa_id = sa_id;
	a->a.path = *path;
}

void act_sa_del(struct ike *k, uint32_t sa_id)
{
	struct act *a = push(k, IKE_ACT_SA_DEL, (struct span){ 0 });

	if (a)
		a->a.sa_id = sa_id;
}

void act_failed(struct ike *k, uint32_t policy_id, const char *why)
{
	struct act *a = push(k, IKE_ACT_FAILED, (struct span){ 0 });

	if (!a)
		return;
	a->text = strdup(why);
	a->a.text = a->text ? a->text : "";
	a->a.policy_id = policy_line(k, policy_id); /* the forwarder knows lines */
}

static struct act *step(struct ike *k, enum ike_step what, const struct ipaddr *peer, uint32_t ifid)
{
	struct act *a = push(k, IKE_ACT_STEP, (struct span){ 0 });

	if (!a)
		return NULL;
	a->a.step = what;
	a->a.ifid = ifid;
	a->a.path.remote = *peer;
	a->a.text = "";
	return a;
}

void act_step(struct ike *k, enum ike_step what, const struct ipaddr *peer, uint32_t ifid, const char *why)
{
	struct act *a = step(k, what, peer, ifid);

	if (!a || !why)
		return;
	a->text = strdup(why);
	a->a.text = a->text ? a->text : "";
}

void act_step_traffic(struct ike *k, const struct ipaddr *peer, const struct p2_policy *p, const struct flow *flow)
{
	struct act *a = step(k, IKE_STEP_TRAFFIC, peer, p->ifid);

	if (!a)
		return;
	a->a.policy_id = p->id;
	if (flow)
		a->a.flow = *flow;
}

void act_step_phase1(const struct ike_sa *sa)
{
	struct act *a = step(sa->k, IKE_STEP_PHASE1_UP, &sa->path.remote, 0);

	if (!a)
		return;
	a->a.since_ms = sa->made_ms;
	a->a.initiator = sa->initiator;
}

void act_step_phase2(const struct pair *p)
{
	struct act *a = step(p->k, IKE_STEP_PHASE2_UP, &p->peer, p->policy.ifid);

	if (!a)
		return;
	a->spec = p->out; /* without its keys, as a pair has it */
	a->a.spec = &a->spec;
	a->a.sa_id = p->in.id;
	a->a.policy_id = p->policy_id;
	a->a.initiator = p->initiator || !p->made_ms; /* of one that was adopted nobody knows */
}

void act_policies(struct ike *k, uint32_t new_id)
{
	struct act *a = push(k, IKE_ACT_POLICIES, (struct span){ 0 });

	if (a)
		a->a.policy_id = new_id;
}

bool act_work(struct ike *k, const struct ike_work *w)
{
	struct act *a = push(k, IKE_ACT_WORK, span_of(w, sizeof(*w)));

	if (a)
		a->a.work = (const void *)a->data;
	return a;
}

void act_key(struct ike *k, const struct ike_sa *sa)
{
	struct act *a;

	if (!k->env.export_keys)
		return;
	a = push(k, IKE_ACT_KEY, span_of(sa->key, sa->cipher->key_len));
	if (a)
		memcpy(a->a.cookie, sa->i_cookie, 8);
}

static void push_text(struct ike *k, enum ike_action_type type, const struct ipaddr *peer,
		      const char *mnemonic, const char *head, const char *fmt, va_list ap)
{
	struct txt t = TXT_INIT;
	struct act *a;

	txt_str(&t, head);
	txt_vprintf(&t, fmt, ap);
	a = t.bad ? NULL : push(k, type, (struct span){ 0 });
	if (a) {
		a->text = txt_steal(&t);
		a->a.text = a->text ? a->text : "";
		a->a.mnemonic = mnemonic;
		if (peer)
			a->a.path.remote = *peer;
	}
	txt_fini(&t);
}

void act_log(struct ike *k, const struct ipaddr *peer, const char *mnemonic, const char *fmt, ...)
{
	const size_t kinds = sizeof(k->logged) / sizeof(k->logged[0]);
	size_t i = 0;
	va_list ap;

	if (work_is_quiet(k))
		return;
	if (k->now_ms - k->log_from_ms >= 1000) {
		k->log_from_ms = k->now_ms;
		memset(k->logged, 0, sizeof(k->logged));
	}
	while (i < kinds - 1 && k->logged[i].mnemonic && strcmp(k->logged[i].mnemonic, mnemonic))
		i++;
	k->logged[i].mnemonic = mnemonic;
	if (++k->logged[i].lines > IKE_MAX_LOG_SEC)
		return;
	va_start(ap, fmt);
	push_text(k, IKE_ACT_LOG, peer, mnemonic, "", fmt, ap);
	va_end(ap);
}

/* IOS shows 0 until both cookies are known. */
static unsigned shown_conn(const struct ike_sa *sa)
{
	return sa && sa->keyed ? sa->conn_id : 0;
}

/* `debug crypto condition peer`. */
static bool off(const struct ike *k, unsigned what, const struct ipaddr *who)
{
	bool concerns = !k->debug_about.n;

	for (size_t i = 0; !concerns && i < k->debug_about.n; i++)
		concerns = who->family == k->debug_about.peers[i].addr.family &&
			   ipaddr_in(who, &k->debug_about.peers[i].addr, k->debug_about.peers[i].prefix_len);
	return !(k->debug & what) || !concerns || work_is_quiet(k);
}

static const struct ipaddr *peer_of(const struct ike *k, const struct ike_sa *sa)
{
	return sa ? &sa->path.remote : &k->debug_about.now;
}

void act_debug(struct ike *k, const struct ike_sa *sa, const char *fmt, ...)
{
	char head[40];
	va_list ap;

	if (off(k, IKE_DEBUG_ISAKMP, peer_of(k, sa)))
		return;
	snprintf(head, sizeof(head), "ISAKMP: (%u):", shown_conn(sa));
	va_start(ap, fmt);
	push_text(k, IKE_ACT_DEBUG, NULL, NULL, head, fmt, ap);
	va_end(ap);
}

void act_debug_error(struct ike *k, const struct ike_sa *sa, const char *fmt, ...)
{
	char head[40];
	va_list ap;

	if (off(k, IKE_DEBUG_ISAKMP | IKE_DEBUG_ISAKMP_ERROR, peer_of(k, sa)))
		return;
	snprintf(head, sizeof(head), "ISAKMP-ERROR: (%u):", shown_conn(sa));
	va_start(ap, fmt);
	push_text(k, IKE_ACT_DEBUG, NULL, NULL, head, fmt, ap);
	va_end(ap);
}

void act_debug_bare(struct ike *k, const struct ike_sa *sa, const char *fmt, ...)
{
	va_list ap;

	if (off(k, IKE_DEBUG_ISAKMP, peer_of(k, sa)))
		return;
	va_start(ap, fmt);
	push_text(k, IKE_ACT_DEBUG, NULL, NULL, "ISAKMP:", fmt, ap);
	va_end(ap);
}

static void pak(struct ike *k, const struct ike_sa *sa, const char *fmt, va_list ap)
{
	char head[40];

	snprintf(head, sizeof(head), "ISAKMP-PAK: (%u):", shown_conn(sa));
	push_text(k, IKE_ACT_DEBUG, NULL, NULL, head, fmt, ap);
}

void act_debug_pak(struct ike *k, const struct ike_sa *sa, const char *fmt, ...)
{
	va_list ap;

	if (off(k, IKE_DEBUG_ISAKMP, peer_of(k, sa)))
		return;
	va_start(ap, fmt);
	pak(k, sa, fmt, ap);
	va_end(ap);
	act_debug(k, sa, "Sending an IKE IPv%d Packet.", sa && sa->path.remote.family == IP_V6 ? 6 : 4);
}

static void received(struct ike *k, const struct ike_sa *sa, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void received(struct ike *k, const struct ike_sa *sa, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pak(k, sa, fmt, ap);
	va_end(ap);
}

void act_debug_recv(struct ike *k, const struct ike_sa *sa, const struct ike_path *path)
{
	char addr[IPADDR_STRLEN];
	enum ike_state state = sa ? sa_shown_state(sa) : IKE_MM_NO_STATE;

	if (off(k, IKE_DEBUG_ISAKMP, peer_of(k, sa)))
		return;
	received(k, sa, "received packet from %s dport %u sport %u Global (%s) %s%s",
		 ipaddr_ios(&path->remote, addr), path->local_port, path->remote_port,
		 !sa ? "N" : sa->initiator ? "I" : "R", sa ? ike_state_name(state) : "NEW SA",
		 sa && state == IKE_QM_IDLE ? "      " : "");
}

void act_debug_ipsec(struct ike *k, const struct ipaddr *peer, enum ike_debug part, const char *fmt, ...)
{
	va_list ap;

	if (off(k, IKE_DEBUG_IPSEC | part, peer))
		return;
	va_start(ap, fmt);
	push_text(k, IKE_ACT_DEBUG, NULL, NULL, "IPSEC", fmt, ap);
	va_end(ap);
}

static void say(struct ike *k, const char *head, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void say(struct ike *k, const char *head, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	push_text(k, IKE_ACT_DEBUG, NULL, NULL, head, fmt, ap);
	va_end(ap);
}

void act_debug_engine(struct ike *k, const struct ike_sa *sa, const char *what)
{
	if (!off(k, IKE_DEBUG_ENGINE, peer_of(k, sa)))
		say(k, "crypto_engine: ", "%s ", what);
}

void act_debug_map(struct ike *k, const struct ipaddr *peer, const char *what)
{
	if (!off(k, IKE_DEBUG_IPSEC | IKE_DEBUG_IPSEC_ERROR, peer))
		say(k, "", "%s", what);
}
