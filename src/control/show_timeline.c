/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto session timeline, history (ours): the steps of each session with their
 * times, and how its last lives ended. */
#include "control/show_parts.h"

#include <string.h>

uint64_t show_ms_ago(const struct show_in *in, uint64_t at_ms)
{
	return in->now_ms > at_ms ? in->now_ms - at_ms : 0;
}

uint64_t show_up_sec(const struct show_in *in, const struct timeline_life *l)
{
	uint64_t until = l->at_ms[STEP_END] ? l->at_ms[STEP_END] : in->now_ms;

	return l->at_ms[STEP_PHASE2] && until > l->at_ms[STEP_PHASE2] ?
		       (until - l->at_ms[STEP_PHASE2]) / 1000 :
		       0;
}

enum timeline_step show_life_reached(const struct timeline_life *l)
{
	enum timeline_step s = STEP_DATA;

	while (s > STEP_TRAFFIC && !l->at_ms[s])
		s--;
	return s;
}

static void flow_words(const struct flow *f, struct txt *out)
{
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN];

	txt_printf(out, "%s", ipaddr_ios(&f->local, a));
	if (f->ports_known)
		txt_printf(out, " port %u", (unsigned)f->local_port);
	txt_printf(out, " to %s", ipaddr_ios(&f->remote, b));
	if (f->ports_known)
		txt_printf(out, " port %u", (unsigned)f->remote_port);
	txt_printf(out, ", protocol %u", (unsigned)f->proto);
}

static void heading(const struct show_session *s, struct txt *out)
{
	char peer[IPADDR_STRLEN];

	txt_printf(out, "Interface: %s, peer: %s, session status: %s\n", s->ifname,
		   ipaddr_ios(&s->peer, peer), s->status);
}

/* ---- timeline ---- */

static void step_line(const struct show_in *in, const struct timeline_life *l, enum timeline_step k,
		      struct txt *out)
{
	txt_printf(out, "  %u. %-20s ", (unsigned)k + 1, timeline_step_name(k));
	if (!l->at_ms[k]) {
		txt_str(out, l->at_ms[STEP_END] ? "never\n" : "not yet\n");
		return;
	}
	show_date(in, in->wall_ms - (int64_t)show_ms_ago(in, l->at_ms[k]), true, out);
	txt_str(out, ", ");
	show_age(out, show_ms_ago(in, l->at_ms[k]) / 1000);
	txt_str(out, " ago");
	if (k == STEP_TRAFFIC && l->by_peer)
		txt_str(out, ": the peer began");
	else if (k == STEP_TRAFFIC && l->flow.local.family) {
		txt_str(out, ": ");
		flow_words(&l->flow, out);
	} else if (k == STEP_END) {
		txt_printf(out, ": %s", l->why);
	}
	txt_char(out, '\n');
}

static void timeline(const struct show_in *in, const struct show_session *s, struct txt *out)
{
	const struct timeline_life *l = timeline_life(in->timeline, &s->peer, s->ifid, 0);
	const struct timeline_life *before = timeline_life(in->timeline, &s->peer, s->ifid, 1);

	heading(s, out);
	if (!l)
		txt_str(out, "  nothing has asked for it yet\n");
	for (enum timeline_step k = STEP_TRAFFIC; l && k < TIMELINE_STEPS; k++)
		step_line(in, l, k, out);
	if (l && l->times > 1)
		txt_printf(out, "  tried %u times\n", (unsigned)l->times);
	if (l && !l->at_ms[STEP_END] && before) {
		txt_str(out, "  It was down before, since ");
		show_age(out, show_ms_ago(in, before->at_ms[STEP_END]) / 1000);
		txt_printf(out, " ago: %s\n", before->why);
	}
	txt_char(out, '\n');
}

/* ---- history ---- */

static void life_line(const struct show_in *in, const struct timeline_life *l, struct txt *out)
{
	struct txt age = TXT_INIT;

	txt_str(out, "  ");
	show_date(in, in->wall_ms - (int64_t)show_ms_ago(in, l->at_ms[STEP_TRAFFIC]), false, out);
	show_age(&age, show_up_sec(in, l));
	txt_printf(out, "  %-20s %9s %6u  %s\n", timeline_step_name(show_life_reached(l)),
		   l->at_ms[STEP_PHASE2] ? txt_cstr(&age) : "never", (unsigned)l->times,
		   l->at_ms[STEP_END] ? l->why : "(it has not)");
	out->bad |= age.bad;
	txt_fini(&age);
}

static void history(const struct show_in *in, const struct show_session *s, struct txt *out)
{
	struct timeline_flaps f = timeline_flaps(in->timeline, &s->peer, s->ifid, in->now_ms);
	const struct timeline_life *l;

	heading(s, out);
	txt_printf(out, "  Within the last hour: up %u, down %u%s\n", f.ups, f.downs,
		   f.flapping ? " - it flaps" : "");
	if (timeline_life(in->timeline, &s->peer, s->ifid, 0))
		txt_str(out, "  Began                         Got to                  Up for  Times  Ended because\n");
	for (size_t i = 0; (l = timeline_life(in->timeline, &s->peer, s->ifid, i)); i++)
		life_line(in, l, out);
	txt_char(out, '\n');
}

void show_session_story(const struct show_in *in, const struct session_filter *f, struct txt *out)
{
	struct show_session s;

	for (size_t i = 0; in->timeline && i < in->n_p2; i++) {
		if (!show_session_at(in, i, f, &s))
			continue;
		if (f->form == SESSION_HISTORY)
			history(in, &s, out);
		else
			timeline(in, &s, out);
	}
}
