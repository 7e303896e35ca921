/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto session: one block for each peer on each interface. */
#include "control/show_parts.h"

#include <inttypes.h>
#include <string.h>

#include "control/show_index.h"

unsigned show_count_sas(const struct show_in *in, uint32_t policy_id)
{
	const struct ike_pair_info *pair;
	unsigned n = 0;

	for (size_t at = 0; (pair = show_next_pair(in, policy_id, &at));)
		n += pair->out_id ? 2 : 0;
	return n;
}

/* Seconds since the oldest SA of the session was made. */
static uint64_t uptime(const struct show_in *in, const struct show_session *k)
{
	const struct ike_pair_info *pair;
	const struct ike_sa_info *s;
	const struct p2_policy *p;
	uint64_t age = 0;

	for (size_t at = 0; (s = show_next_sa(in, &k->peer, &at));)
		if (!s->deleted && s->state == IKE_QM_IDLE && s->agreed.life_sec >= s->left_sec &&
		    s->agreed.life_sec - s->left_sec > age)
			age = s->agreed.life_sec - s->left_sec;
	for (size_t at = 0; (p = show_next_policy(in, k->ifid, &k->peer, &at));)
		for (size_t n = 0; (pair = show_next_pair(in, p->id, &n));) {
			uint32_t left = show_sa_stats(in, pair->in_id).left_sec, life = pair->in.life.hard_sec;

			if (ipaddr_equal(&pair->out.dst, &k->peer) && life >= left && life - left > age)
				age = life - left;
		}
	return age;
}

static const char *status(const struct show_in *in, const struct show_session *k)
{
	bool sas = false, ready = show_live_sa(in, &k->peer, true) != NULL;
	const struct p2_policy *p;

	for (size_t at = 0; !sas && (p = show_next_policy(in, k->ifid, &k->peer, &at));)
		sas = show_count_sas(in, p->id) > 0;
	if (sas)
		return ready ? "UP-ACTIVE" : "UP-NO-IKE";
	if (ready)
		return "UP-IDLE";
	return show_live_sa(in, &k->peer, false) ? "DOWN-NEGOTIATING" : "DOWN";
}

static void ike_lines(const struct show_in *in, const struct show_session *k, bool detail,
		      struct txt *out)
{
	const struct ike_sa_info *s;

	for (size_t at = 0; (s = show_next_sa(in, &k->peer, &at));) {
		bool up = s->state == IKE_QM_IDLE;
		char local[IPADDR_STRLEN], remote[IPADDR_STRLEN];

		if (s->deleted)
			continue;
		txt_printf(out, "  Session ID: 0  \n  IKEv1 SA: local %s/%u%sremote %s/%u %s \n",
			   ipaddr_ios(&s->local, local), (unsigned)s->local_port,
			   s->local.family == IP_V6 ? "\n          " : " ", /* two do not fit into a line */
			   ipaddr_ios(&s->remote, remote), (unsigned)s->remote_port,
			   up ? "Active" : "Inactive");
		if (!detail)
			continue;
		txt_printf(out, "          Capabilities:%s%s%s%s connid:%u lifetime:", s->dpd ? "D" : "",
			   s->nat ? "N" : "", s->frag ? "F" : "",
			   s->dpd || s->nat || s->frag ? "" : "(none)", (unsigned)s->conn_id);
		if (up)
			show_age(out, s->left_sec);
		else
			txt_char(out, '0');
		txt_char(out, '\n');
	}
}

static void flow_end(struct txt *out, const struct addr_match *m, const struct port_match *port)
{
	char addr[IPADDR_STRLEN];
	unsigned len;

	ipaddr_ios(&m->addr, addr);
	if (addr_match_prefix(m, &len) && len == (m->addr.family == IP_V6 ? 128u : 32u)) {
		txt_printf(out, "host %s ", addr);
	} else {
		txt_printf(out, "%s/", addr);
		show_mask(out, m);
		txt_char(out, ' ');
	}
	if (port->op == PORT_EQ)
		txt_printf(out, "port %u ", (unsigned)port->lo);
}

static void traffic(struct txt *out, const char *label, uint64_t n, uint64_t drop,
		    const struct sa_spec *s, const struct fwd_sa_stats *stats)
{
	txt_printf(out, "        %s %" PRIu64 " drop %" PRIu64 " life (KB/Sec) ", label, n, drop);
	if (!s)
		txt_str(out, "0/0\n");
	else if (!s->life.hard_bytes)
		txt_printf(out, "KB Vol Rekey Disabled/%u\n", (unsigned)stats->left_sec);
	else
		txt_printf(out, "%" PRIu64 "/%u\n", stats->left_bytes / 1024,
			   (unsigned)stats->left_sec);
}

static void flow(const struct show_in *in, const struct p2_policy *p, bool detail, struct txt *out)
{
	const struct ike_pair_info *pair = show_current_pair(in, p->id);
	const struct selector *sel = pair ? &pair->out.sel : &p->sel;

	txt_str(out, "  IPSEC FLOW: permit ");
	if (sel->proto)
		txt_printf(out, "%u ", (unsigned)sel->proto);
	else
		txt_str(out, sel->local.addr.family == IP_V6 ? "ipv6 " : "ip ");
	flow_end(out, &sel->local, &sel->local_port);
	flow_end(out, &sel->remote, &sel->remote_port);
	txt_printf(out, "\n        Active SAs: %u, origin: crypto map\n", show_count_sas(in, p->id));
	if (detail) {
		struct fwd_policy_stats s = show_flow_stats(in, p);
		struct fwd_sa_stats sa_in = show_sa_stats(in, pair ? pair->in_id : 0);
		struct fwd_sa_stats sa_out = show_sa_stats(in, pair ? pair->out_id : 0);

		traffic(out, "Inbound:  #pkts dec'ed", s.decaps, s.recv_errors,
			pair ? &pair->in : NULL, &sa_in);
		traffic(out, "Outbound: #pkts enc'ed", s.encaps, s.send_errors,
			pair ? &pair->out : NULL, &sa_out);
	}
}

static const char *story(const struct show_in *in, const struct show_session *k)
{
	const struct p2_policy *p;

	for (size_t at = 0; in->stories && (p = show_next_policy(in, k->ifid, &k->peer, &at));) {
		const char *why = in->stories[p - in->p2];

		if (why && why[0])
			return why;
	}
	return "";
}

bool show_session_at(const struct show_in *in, size_t i, const struct session_filter *f,
		     struct show_session *ret)
{
	const struct p2_policy *p = &in->p2[i];
	const struct if_snapshot *ifs = show_if_by_index(in, p->ifid);
	struct show_session s = { .ifid = p->ifid, .local = p->local,
				  .ifname = ifs ? ifs->name : "(unknown)" };
	size_t at = 0;

	if ((f->ifname[0] && (!ifs || strcmp(f->ifname, ifs->name) != 0)) ||
	    (f->local.family && !ipaddr_equal(&f->local, &s.local)) ||
	    !show_policy_peer(in, p, &s.peer) ||
	    (f->remote.family && !ipaddr_equal(&f->remote, &s.peer)))
		return false;
	if (show_next_policy(in, s.ifid, &s.peer, &at) != p) /* the first one has told of it */
		return false;
	s.sa = show_live_sa(in, &s.peer, false);
	s.status = status(in, &s);
	s.down = s.status[0] == 'D';
	s.story = story(in, &s);
	s.uptime_sec = uptime(in, &s);
	*ret = s;
	return true;
}

static void session(const struct show_in *in, const struct show_session *k, bool detail,
		    struct txt *out)
{
	const struct ike_sa_info *sa = k->sa;
	const struct p2_policy *p;
	char peer[IPADDR_STRLEN];

	txt_printf(out, "Interface: %s\n", k->ifname);
	if (detail && !k->down) {
		txt_str(out, "Uptime: ");
		show_age(out, k->uptime_sec);
		txt_char(out, '\n');
	}
	txt_printf(out, "Session status: %s     \n", k->status);
	txt_printf(out, "Peer: %s port %u %s\n", ipaddr_ios(&k->peer, peer),
		   sa ? (unsigned)sa->remote_port : 500u, detail ? "fvrf: (none) ivrf: (none)" : "");
	if (detail && k->down)
		txt_str(out, "      Desc: (none)\n      Phase1_id: (none)\n");
	else if (detail)
		txt_printf(out, "      Phase1_id: %s\n      Desc: (none)\n",
			   sa && sa->peer_id[0] ? sa->peer_id : peer);
	/* parsers of the detailed form refuse lines that they do not know */
	if (!detail && (k->down || !strcmp(k->status, "UP-IDLE")) && k->story[0]) /* UP-IDLE: quick mode failed */
		txt_printf(out, "      Last failure: %s\n", k->story);
	ike_lines(in, k, detail, out);
	for (size_t at = 0; (p = show_next_policy(in, k->ifid, &k->peer, &at));)
		flow(in, p, detail, out);
	txt_char(out, '\n');
}

static void brief(const struct show_session *k, struct txt *out)
{
	const char *now = k->status;
	char peer[IPADDR_STRLEN], name[CFG_NAME_MAX] = "";
	/* `UP-ACTIVE` is UA, `DOWN-NEGOTIATING` DN, `UP-NO-IKE` UK */
	const char *second = strchr(now, '-');
	char code[3] = { now[0], second ? second[1] : '\0', '\0' };

	if (!strcmp(now, "UP-NO-IKE"))
		code[1] = 'K';
	if (k->ifname[0] != '(')
		ifname_short(k->ifname, name);
	ipaddr_ios(&k->peer, peer);
	txt_printf(out, "%15s %8s %12s %22s ", peer, name, "", k->down ? "" : peer);
	if (k->down)
		txt_str(out, "        ");
	else
		show_age(out, k->uptime_sec);
	txt_printf(out, " %6s\n", code);
}

static const char legend[] =
	"Code: C - IKE Configuration mode, D - Dead Peer Detection     \n"
	"K - Keepalives, N - NAT-traversal, T - cTCP encapsulation     \n"
	"X - IKE Extended Authentication, F - IKE Fragmentation\n"
	"R - IKE Auto Reconnect, U - IKE Dynamic Route Update\n"
	"S - SIP VPN\n\n";
static const char brief_legend[] =
	"Status: A- Active, U - Up, D - Down, I - Idle, S - Standby, N - Negotiating\n"
	"        K - No IKE\n"
	"ivrf = (none)\n"
	"           Peer      I/F     Username        Group/Phase1_id   Uptime Status\n";

void show_crypto_session_some(const struct show_in *in, const struct session_filter *f, struct show_cursor *k, struct txt *out)
{
	size_t end = out->len + SHOW_PIECE;
	struct show_session s;

	if (!k->any) {
		txt_str(out, f->brief ? brief_legend : "Crypto session current status\n\n");
		if (f->detail && !f->brief)
			txt_str(out, legend);
		k->any = true;
	}
	for (; k->at < in->n_p2 && out->len < end; k->at++) {
		if (!show_session_at(in, k->at, f, &s))
			continue;
		if (f->brief)
			brief(&s, out);
		else
			session(in, &s, f->detail, out);
	}
	k->over = k->at == in->n_p2;
}

void show_crypto_session(const struct show_in *in, const struct session_filter *f, struct txt *out)
{
	struct show_cursor k = { 0 };

	while (!k.over)
		show_crypto_session_some(in, f, &k, out);
}
