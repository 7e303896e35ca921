/* SPDX-License-Identifier: Apache-2.0 */
/* `| json` of show crypto session. */
#include "control/show_json_parts.h"

#include <stdio.h>

#include "control/show_index.h"

static void ike_sa(const struct ike_sa_info *s, struct json *j)
{
	bool up = s->state == IKE_QM_IDLE;

	json_object(j, NULL);
	json_addr(j, "local", &s->local);
	json_num(j, "local_port", s->local_port);
	json_addr(j, "remote", &s->remote);
	json_num(j, "remote_port", s->remote_port);
	json_bool(j, "active", up);
	json_bool(j, "dead_peer_detection", s->dpd);
	json_bool(j, "nat_traversal", s->nat);
	json_bool(j, "fragmentation", s->frag);
	json_num(j, "conn_id", s->conn_id);
	json_num(j, "lifetime_left_sec", up ? s->left_sec : 0u);
	json_object_end(j);
}

static void flow(const struct show_in *in, const struct p2_policy *p, struct json *j)
{
	const struct ike_pair_info *pair = show_current_pair(in, p->id);
	const struct selector *sel = pair ? &pair->out.sel : &p->sel;
	struct fwd_policy_stats s = show_flow_stats(in, p);
	struct fwd_sa_stats sa_in = show_sa_stats(in, pair ? pair->in_id : 0);
	struct fwd_sa_stats sa_out = show_sa_stats(in, pair ? pair->out_id : 0);

	json_object(j, NULL);
	json_ident(j, "local_ident", sel, false);
	json_ident(j, "remote_ident", sel, true);
	json_num(j, "active_sas", show_count_sas(in, p->id));
	json_str(j, "origin", "crypto map");
	json_object(j, "inbound");
	json_num(j, "packets", s.decaps);
	json_num(j, "drops", s.recv_errors);
	json_lifetime_left(j, pair ? &pair->in : NULL, &sa_in);
	json_object_end(j);
	json_object(j, "outbound");
	json_num(j, "packets", s.encaps);
	json_num(j, "drops", s.send_errors);
	json_lifetime_left(j, pair ? &pair->out : NULL, &sa_out);
	json_object_end(j);
	json_object_end(j);
}

static void session(const struct show_in *in, const struct show_session *s, struct json *j)
{
	const struct ike_sa_info *sa;
	const struct p2_policy *p;
	char peer[IPADDR_STRLEN];

	json_object(j, NULL);
	json_str(j, "interface", s->ifname);
	json_str(j, "status", s->status);
	if (s->down)
		json_null(j, "uptime_sec");
	else
		json_num(j, "uptime_sec", s->uptime_sec);
	json_addr(j, "peer", &s->peer);
	json_num(j, "port", s->sa ? s->sa->remote_port : 500u);
	json_addr(j, "local", &s->local);
	ipaddr_ios(&s->peer, peer);
	json_str(j, "phase1_id", s->down ? NULL : s->sa && s->sa->peer_id[0] ? s->sa->peer_id : peer);
	json_str_or_null(j, "last_failure", s->story);
	json_array(j, "ike_sas");
	for (size_t at = 0; (sa = show_next_sa(in, &s->peer, &at));)
		if (!sa->deleted)
			ike_sa(sa, j);
	json_array_end(j);
	json_array(j, "flows");
	for (size_t at = 0; (p = show_next_policy(in, s->ifid, &s->peer, &at));)
		flow(in, p, j);
	json_array_end(j);
	json_object_end(j);
}

/* ---- timeline, history ---- */

static void life(const struct show_in *in, const struct timeline_life *l, struct json *j)
{
	json_object(j, NULL);
	for (enum timeline_step k = STEP_TRAFFIC; k < TIMELINE_STEPS; k++) {
		char key[32];

		snprintf(key, sizeof(key), "%s_at", timeline_step_key(k));
		if (l->at_ms[k])
			json_int(j, key, (in->wall_ms - (int64_t)show_ms_ago(in, l->at_ms[k])) / 1000);
		else
			json_null(j, key);
	}
	json_str(j, "reached", timeline_step_key(show_life_reached(l)));
	json_bool(j, "begun_by_peer", l->by_peer);
	json_addr(j, "traffic_source", &l->flow.local);
	json_addr(j, "traffic_destination", &l->flow.remote);
	json_num(j, "traffic_protocol", l->flow.proto);
	json_num(j, "attempts", l->times);
	json_num(j, "up_sec", show_up_sec(in, l));
	json_str(j, "ended_because", l->at_ms[STEP_END] ? l->why : NULL);
	json_object_end(j);
}

static void story(const struct show_in *in, const struct show_session *s, bool all, struct json *j)
{
	struct timeline_flaps f = timeline_flaps(in->timeline, &s->peer, s->ifid, in->now_ms);
	const struct timeline_life *l;

	json_object(j, NULL);
	json_str(j, "interface", s->ifname);
	json_addr(j, "peer", &s->peer);
	json_str(j, "status", s->status);
	json_num(j, "ups_last_hour", f.ups);
	json_num(j, "downs_last_hour", f.downs);
	json_bool(j, "flapping", f.flapping);
	json_array(j, "lives");
	for (size_t i = 0; (i == 0 || all) && (l = timeline_life(in->timeline, &s->peer, s->ifid, i)); i++)
		life(in, l, j);
	json_array_end(j);
	json_object_end(j);
}

bool json_session_element(const struct show_in *in, const struct exec_args *a, struct show_json_cursor *k, struct json *j)
{
	struct session_filter f = show_session_filter(a);
	struct show_session s;

	if (k->at == in->n_p2)
		return false;
	if (!show_session_at(in, k->at++, &f, &s))
		return true;
	if (f.form == SESSION_NOW)
		session(in, &s, j);
	else if (in->timeline)
		story(in, &s, f.form == SESSION_HISTORY, j);
	return true;
}

int json_crypto_session(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	return json_whole(in, a, "sessions", json_session_element, j);
}
