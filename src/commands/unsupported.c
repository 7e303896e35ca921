/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/unsupported.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "commands/check_parts.h"
#include "commands/refused.h"

/* ---- subjects ---- */

#define NOTE(words_, means_) { .words = (words_), .severity = REPORT_NOTE, .means = (means_) }
#define WARN(words_, means_) { .words = (words_), .severity = REPORT_WARNING, .means = (means_) }
/* As things are here anyway, or of no consequence: not listed. */
#define SAME(words_)	     { .words = (words_) }

#define NO_NAT	     "NAT is not run: packets leave with their own addresses."
#define NO_ROUTING   "no routing protocol is run: only static routes count, and what a daemon beside " \
		     "Culvert (FRR, BIRD) installs."
#define NO_VRF	     "there are no VRFs: everything is in the one routing table."
#define NO_FIREWALL  "no firewall is run: only ip access-group filters."
#define NO_QOS	     "no QoS is run: packets leave in the order in which they come."
#define NO_REDUNDANT "no gateway redundancy is run: the address is this router's alone; see keepalived."
#define NO_MULTICAST "no multicast is routed."
#define NO_FLOWS     "no flows are exported."
#define NO_NHRP	     "NHRP is not run: there is no DMVPN, and each tunnel has one peer."
#define NO_DIAL	     "nothing is dialled and no PPP is run: the device is up as the host has it."
#define NO_VOICE     "no voice is run."
#define NO_SWITCH    "there is no switch in here: ports and VLANs are the host's."
#define NO_IKEV2     "IKEv2 is not run: peers are negotiated with by IKEv1 (crypto isakmp)."
#define NO_EZVPN     "Easy VPN is not run: no addresses are handed out and nobody is asked for a password."
#define NO_GDOI	     "GET VPN (GDOI) is not run: what its entries would protect is not sent."
#define NO_L2TP	     "L2TP is not run: let a daemon of the host (xl2tpd) do it, and protect it in " \
		     "transport mode: permit udp host A eq 1701 any (RFC 3193)."
#define NO_PPTP	     "PPTP (RFC 2637) is not supported, and insecure: its MS-CHAPv2 and RC4 are broken. " \
		     "Use IPsec: crypto isakmp policy, crypto map."
#define NO_L2F	     "L2F (RFC 2341) is not supported, and insecure: it encrypts nothing. Use IPsec: " \
		     "crypto isakmp policy, crypto map."
#define NO_VPDN	     "no PPTP, L2F or L2TP dial-in is run: PPTP and L2F are insecure. Use IPsec: " \
		     "crypto isakmp policy, crypto map."
#define NO_AAA_HOST  "no AAA server is asked: who may log in is the host's and the local users' affair."
#define NO_MPLS	     "no MPLS is run."
#define NO_PROBE     "nothing is probed and tracked: what depends on it stays as it is."
#define HOST_CLOCK   "the clock is the host's: run chrony or systemd-timesyncd there."
#define HOST_LINK    "the link is the host's: set it there."
#define HOST_NAMES   "names are resolved by the host."
#define NO_SERVER    "this server is not run; the host may have one."
#define NO_RRI	     "no routes are made from what is protected: add static ones."
#define NO_DUMMIES   "no dummy packets are sent: who listens sees when there is traffic, and how much."
#define NOT_USED     "what refers to it is not used."

/* Of several that begin a line the longest counts. */
static const struct unsupported subjects[] = {
	/* what packets or peers notice */
	WARN("ip nat", NO_NAT),
	WARN("nat", NO_NAT),
	WARN("ipv6 nat", NO_NAT),
	WARN("router", NO_ROUTING),
	WARN("ipv6 router", NO_ROUTING),
	WARN("ip ospf", NO_ROUTING),
	WARN("ip eigrp", NO_ROUTING),
	WARN("ip rip", NO_ROUTING),
	WARN("ipv6 ospf", NO_ROUTING),
	WARN("ipv6 rip", NO_ROUTING),
	WARN("ipv6 eigrp", NO_ROUTING),
	WARN("ip summary-address", NO_ROUTING),
	WARN("ip next-hop-self", NO_ROUTING),
	WARN("ip policy", "no policy routing is done: packets go by their destination."),
	WARN("ip local policy", "no policy routing is done: packets go by their destination."),
	WARN("ip default-gateway", "it is not used: say ip route 0.0.0.0 0.0.0.0 GATEWAY."),
	WARN("ip default-network", "it is not used: say ip route 0.0.0.0 0.0.0.0 GATEWAY."),
	WARN("ip route vrf", NO_VRF),
	WARN("ip vrf", NO_VRF),
	WARN("vrf", NO_VRF),
	WARN("tunnel vrf", NO_VRF),
	WARN("ip inspect", NO_FIREWALL),
	WARN("ipv6 inspect", NO_FIREWALL),
	WARN("ip ips", NO_FIREWALL),
	WARN("ip audit", NO_FIREWALL),
	WARN("ip urlfilter", NO_FIREWALL),
	WARN("ip admission", NO_FIREWALL),
	WARN("zone", NO_FIREWALL),
	WARN("zone-pair", NO_FIREWALL),
	WARN("zone-member", NO_FIREWALL),
	WARN("ip verify", "the source of packets is not verified: see the host's rp_filter."),
	WARN("control-plane", "packets to the router are not policed."),
	WARN("ip dhcp pool", "no DHCP server is run: hosts get no addresses from here."),
	WARN("ipv6 dhcp", "no DHCPv6 is run."),
	WARN("ip helper-address", "broadcasts are not passed on: run a DHCP relay on the host."),
	WARN("ip dhcp", "no DHCP is run."),
	WARN("ip address negotiated", "the address is not negotiated: the host's PPP sets it."),
	WARN("ip address pool", "the address is not taken from a pool: say ip address A.B.C.D MASK."),
	WARN("standby", NO_REDUNDANT),
	WARN("vrrp", NO_REDUNDANT),
	WARN("glbp", NO_REDUNDANT),
	WARN("redundancy", NO_REDUNDANT),
	WARN("ip nhrp", NO_NHRP),
	WARN("ipv6 nhrp", NO_NHRP),
	WARN("ip multicast-routing", NO_MULTICAST),
	WARN("ipv6 multicast-routing", NO_MULTICAST),
	WARN("ip multicast", NO_MULTICAST),
	WARN("ip pim", NO_MULTICAST),
	WARN("ipv6 pim", NO_MULTICAST),
	WARN("ip igmp", NO_MULTICAST),
	WARN("ipv6 mld", NO_MULTICAST),
	WARN("bridge", "nothing is bridged."),
	WARN("bridge-domain", "nothing is bridged."),
	WARN("encapsulation", "frames are as the device of the host has them: make a VLAN device there."),
	WARN("dialer", NO_DIAL),
	WARN("dialer-list", NO_DIAL),
	WARN("dialer-group", NO_DIAL),
	WARN("ppp", NO_DIAL),
	WARN("pppoe", NO_DIAL),
	WARN("pppoe-client", NO_DIAL),
	WARN("isdn", NO_DIAL),
	WARN("frame-relay", NO_DIAL),
	WARN("controller", NO_DIAL),
	WARN("mpls", NO_MPLS),
	WARN("ip sla", NO_PROBE),
	WARN("track", NO_PROBE),
	WARN("time-range", "lines of access lists with it are not used."),
	WARN("object-group", "lines of access lists with it are not used."),
	/* other VPNs */
	WARN("vpdn", NO_VPDN),
	WARN("vpdn-group", NO_VPDN),
	WARN("protocol pptp", NO_PPTP),
	WARN("protocol l2f", NO_L2F),
	WARN("protocol l2tp", NO_L2TP),
	WARN("protocol any", NO_VPDN),
	WARN("l2tp-class", NO_L2TP),
	WARN("pseudowire-class", NO_L2TP),
	WARN("pseudowire", NO_L2TP),
	WARN("webvpn", "SSL VPN is not run. Use IPsec: crypto isakmp policy, crypto map."),
	WARN("crypto ikev2", NO_IKEV2),
	WARN("set ikev2-profile", NO_IKEV2),
	WARN("crypto isakmp client", NO_EZVPN),
	WARN("crypto isakmp xauth", NO_EZVPN),
	WARN("crypto isakmp disconnect-revoked-peers", "who is connected stays so: a revoked certificate is refused at the next negotiation."),
	WARN("crypto ipsec client", NO_EZVPN),
	WARN("crypto gdoi", NO_GDOI),
	WARN("crypto ipsec optional", "nothing is optional: what a crypto access list permits leaves encrypted, or not at all."),
	WARN("crypto ipsec security-association dummy", NO_DUMMIES),
	WARN("set security-association dummy", NO_DUMMIES),
	WARN("crypto pki server", "no certificate server is run: let another CA sign (docs/pki.md)."),
	WARN("crypto ca server", "no certificate server is run: let another CA sign (docs/pki.md)."),
	WARN("crypto csr-params", "requests have what the crypto pki trustpoint says."),
	WARN("crypto pki trustpool", "there is no trustpool: peers' certificates are signed by the CA of a crypto pki trustpoint."),
	WARN("crypto ca trustpool", "there is no trustpool: peers' certificates are signed by the CA of a crypto pki trustpoint."),
	WARN("crypto identity", "peers are not told apart by their names: any that proves itself is accepted."),
	WARN("crypto pki lookup", "certificates are looked up nowhere: peers send theirs."),
	WARN("crypto ca lookup", "certificates are looked up nowhere: peers send theirs."),
	WARN("crypto ssl", "SSL VPN is not run. Use IPsec: crypto isakmp policy, crypto map."),
	WARN("crypto map", "the line protects nothing: crypto profiles of L2TPv3, Easy VPN and redundancy are not run."),
	WARN("crypto ipsec default transform-set", "there are no default transform sets: say crypto ipsec transform-set."),
	WARN("interface Virtual-Template", "no interfaces are made from templates: say interface Tunnel for each peer."),
	WARN("subject-alt-name", "requests have the fqdn as their alternative name, and no other."),
	NOTE("crypto key storage", "keys are files beside the startup configuration."),
	NOTE("crypto isakmp diagnose performance", "performance is not diagnosed: show crypto isakmp sa detail has the times."),
	WARN("xconnect", NO_L2TP),
	WARN("set group", NO_GDOI),
	WARN("set nat", "packets that a peer's NAT has made alike are told apart by their SAs only."),
	WARN("set identity", "peers are not told apart by their names: any that proves itself is accepted."),
	WARN("reverse-route", NO_RRI),
	WARN("set reverse-route", NO_RRI),
	/* services */
	WARN("aaa", NO_AAA_HOST),
	WARN("radius-server", NO_AAA_HOST),
	WARN("radius server", NO_AAA_HOST),
	WARN("ip radius", NO_AAA_HOST),
	WARN("tacacs-server", NO_AAA_HOST),
	WARN("tacacs server", NO_AAA_HOST),
	WARN("ip tacacs", NO_AAA_HOST),
	WARN("ldap server", NO_AAA_HOST),
	NOTE("ntp", HOST_CLOCK),
	NOTE("clock", HOST_CLOCK),
	NOTE("snmp-server", "no SNMP agent is run; the host may have one."),
	NOTE("snmp", "no SNMP agent is run; the host may have one."),
	NOTE("rmon", "no SNMP agent is run; the host may have one."),
	NOTE("cdp", "CDP is not spoken."),
	NOTE("lldp", "LLDP is not spoken; the host may run lldpd."),
	NOTE("ip http", "there is no web server."),
	NOTE("ip ftp", NO_SERVER),
	NOTE("ip tftp", NO_SERVER),
	NOTE("tftp-server", NO_SERVER),
	NOTE("ip scp", NO_SERVER),
	NOTE("ip rcmd", NO_SERVER),
	NOTE("ip finger", NO_SERVER),
	NOTE("ip dns", NO_SERVER),
	NOTE("ip telnet", "there is no Telnet: use SSH."),
	NOTE("ip ssh", "SSH is the host's OpenSSH: set it in its sshd_config."),
	NOTE("ip host", HOST_NAMES),
	NOTE("ip name-server", HOST_NAMES),
	NOTE("ip domain", HOST_NAMES),
	NOTE("ip domain-lookup", HOST_NAMES),
	NOTE("ip domain-list", HOST_NAMES),
	NOTE("flow", NO_FLOWS),
	NOTE("ip flow", NO_FLOWS),
	NOTE("ip flow-export", NO_FLOWS),
	NOTE("ip flow-cache", NO_FLOWS),
	NOTE("event", "no applets are run."),
	NOTE("alias", "there are no aliases: type the command."),
	NOTE("class-map", NO_QOS),
	NOTE("policy-map", NO_QOS),
	NOTE("service-policy", NO_QOS),
	NOTE("fair-queue", NO_QOS),
	NOTE("traffic-shape", NO_QOS),
	NOTE("qos", NO_QOS),
	NOTE("mls", NO_QOS),
	NOTE("ip nbar", NO_QOS),
	NOTE("route-map", NOT_USED),
	NOTE("ip prefix-list", NOT_USED),
	NOTE("ipv6 prefix-list", NOT_USED),
	NOTE("ip as-path", NOT_USED),
	NOTE("ip community-list", NOT_USED),
	NOTE("key chain", NOT_USED),
	NOTE("parameter-map", NOT_USED),
	NOTE("template", NOT_USED),
	NOTE("voice", NO_VOICE),
	NOTE("voice-card", NO_VOICE),
	NOTE("dial-peer", NO_VOICE),
	NOTE("gateway", NO_VOICE),
	NOTE("gatekeeper", NO_VOICE),
	NOTE("call-manager-fallback", NO_VOICE),
	NOTE("mgcp", NO_VOICE),
	NOTE("vlan", NO_SWITCH),
	NOTE("vtp", NO_SWITCH),
	NOTE("switchport", NO_SWITCH),
	NOTE("spanning-tree", NO_SWITCH),
	NOTE("channel-group", NO_SWITCH),
	NOTE("mac-address", HOST_LINK),
	NOTE("duplex", HOST_LINK),
	NOTE("speed", HOST_LINK),
	NOTE("full-duplex", HOST_LINK),
	NOTE("half-duplex", HOST_LINK),
	NOTE("media-type", HOST_LINK),
	NOTE("negotiation", HOST_LINK),
	/* as they are here anyway */
	SAME("version"), SAME("boot"), SAME("boot-start-marker"), SAME("boot-end-marker"),
	SAME("config-register"), SAME("memory-size"), SAME("mmi"), SAME("platform"), SAME("license"),
	SAME("service"), SAME("subscriber"), SAME("multilink"), SAME("default-value"), SAME("buffers"),
	SAME("scheduler"), SAME("exception"), SAME("warm-reboot"), SAME("diagnostic"), SAME("card"),
	SAME("ip cef"), SAME("ipv6 cef"), SAME("ip routing"), SAME("ip classless"), SAME("ip subnet-zero"),
	SAME("ip forward-protocol"), SAME("ip bgp-community"), SAME("ip route-cache"), SAME("ip mroute-cache"),
	SAME("carrier-delay"), SAME("call rsvp-sync"),
	SAME("load-interval"), SAME("hold-queue"), SAME("tx-ring-limit"), SAME("ip virtual-reassembly"),
	SAME("ipv6 virtual-reassembly"), SAME("logging event"), SAME("crypto pki token"), SAME("crypto ca token"),
	SAME("crypto ipsec nat-transparency"), SAME("access-list compiled"), SAME("crypto logging"), SAME("crypto mib"),
	SAME("crypto isakmp diagnose error"),
};

/* What is kept and stands in none of them. */
static const struct unsupported others = {
	"other lines", REPORT_NOTE, "nothing here acts on them: they are kept and printed back."
};

/* What is wrong; culvert check says of each what it is. */
static const struct unsupported refused = {
	"refused lines", REPORT_ERROR,
	"wrong as they stand, and kept, as a paste loses nothing: no and the line, where it was typed, removes it; "
	"show running-config has them whole."
};

/* Characters of text that the words are, if its first words are these; 0 if not. */
static size_t begins(const char *text, const char *words)
{
	const char *at = text;

	while (*words) {
		size_t n = strcspn(words, " ");

		if (strncasecmp(at, words, n) != 0 || (at[n] && !strchr(" \t", at[n])))
			return 0;
		at += n + strspn(at + n, " \t");
		words += n + (words[n] == ' ');
	}
	return (size_t)(at - text);
}

static const struct unsupported *subject_of(const char *text)
{
	const struct unsupported *best = &others;
	size_t most = 0;

	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		size_t n = begins(text, subjects[i].words);

		if (n <= most)
			continue;
		most = n;
		best = &subjects[i];
	}
	return best;
}

/* ---- lines ---- */

struct list {
	struct unsupported_line *v;
	size_t n, cap;
	int err;
};

/* line: of the line, or of the block that it is in. */
static void list_add(struct list *l, const struct unsupported *what, const char *where,
		     const char *text, unsigned mode, uint32_t line)
{
	if (!what->means || l->err)
		return;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct unsupported_line *v = reallocarray(l->v, cap, sizeof(*v));

		if (!v) {
			l->err = -ENOMEM;
			return;
		}
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = (struct unsupported_line){ what, where, text, mode, line };
}

/* Which protocol dials in is said below a vpdn-group. */
static void add_protocols(struct list *l, const kept_list *kept, size_t head)
{
	const struct kept_line *group = kept->v[head];

	for (size_t i = head + 1; i < kept_end(kept, head); i++) {
		const char *text = kept->v[i]->text;

		if (begins(text, "protocol"))
			list_add(l, subject_of(text), group->text, text, M_NONE, group->line);
	}
}

static void add_kept(struct list *l, const kept_list *kept, const char *where, unsigned mode)
{
	for (size_t i = 0; i < kept->n; i = kept_end(kept, i)) {
		const struct kept_line *k = kept->v[i];

		/* `no ip nat ...`: there is none, as it is said */
		if (k->kind != KEPT_QUIET || begins(k->text, "no"))
			continue;
		list_add(l, subject_of(k->text), where, k->text, mode, k->line);
		if (begins(k->text, "vpdn-group"))
			add_protocols(l, kept, i);
	}
}

static void add_refused(void *ctx, const char *where, const struct kept_line *k, unsigned mode)
{
	list_add(ctx, &refused, where, k->text, mode, k->line);
}

static void add_entries(struct list *l, struct cfg_map *const *maps, size_t n, unsigned mode)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < maps[i]->entries.n; k++)
			add_kept(l, &maps[i]->entries.v[k]->kept, maps[i]->name, mode);
}

/* By subject, those that warn first; within one as they stand. */
static int line_cmp(const void *a, const void *b)
{
	const struct unsupported_line *x = *(const struct unsupported_line *const *)a,
				      *y = *(const struct unsupported_line *const *)b;
	int d = (int)y->what->severity - (int)x->what->severity;

	if (!d)
		d = strcmp(x->what->means, y->what->means);
	return d ? d : x < y ? -1 : x > y;
}

static int sort(struct list *l)
{
	const struct unsupported_line **at = calloc(l->n + 1, sizeof(const struct unsupported_line *));
	struct unsupported_line *sorted = calloc(l->n + 1, sizeof(*sorted));
	int err = at && sorted ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < l->n; i++)
		at[i] = &l->v[i];
	if (!err)
		qsort(at, l->n, sizeof(*at), line_cmp);
	for (size_t i = 0; !err && i < l->n; i++)
		sorted[i] = *at[i];
	free(at);
	if (err) {
		free(sorted);
		return err;
	}
	free(l->v);
	l->v = sorted;
	return 0;
}

int unsupported_list(const struct config *c, struct unsupported_line **ret_v, size_t *ret_n)
{
	struct list l = { 0 };

	add_kept(&l, &c->kept, NULL, M_CONFIG);
	for (size_t i = 0; i < c->interfaces.n; i++) {
		const struct cfg_interface *f = c->interfaces.v[i];

		if (!strncmp(f->name, "Virtual-Template", strlen("Virtual-Template")))
			list_add(&l, subject_of("interface Virtual-Template"), NULL, f->name, M_NONE, 0);
		add_kept(&l, &f->kept, f->name, f->is_tunnel ? M_TUNNEL : M_INTERFACE);
	}
	for (size_t i = 0; i < c->pki.n_trustpoints; i++)
		add_kept(&l, &c->pki.trustpoints[i]->kept, c->pki.trustpoints[i]->name, M_TRUSTPOINT);
	for (size_t i = 0; i < c->users.lines.n; i++)
		add_kept(&l, &c->users.lines.v[i]->kept, "line", M_LINE);
	add_entries(&l, c->maps.v, c->maps.n, M_MAP);
	add_entries(&l, c->dynamic_maps.v, c->dynamic_maps.n, M_DYNAMIC_MAP);
	add_entries(&l, c->ipsec_profiles.v, c->ipsec_profiles.n, M_IPSEC_PROFILE);
	refused_each(c, add_refused, &l);
	if (!l.err)
		l.err = sort(&l);
	if (l.err) {
		free(l.v);
		return l.err;
	}
	*ret_v = l.v;
	*ret_n = l.n;
	return 0;
}

/* ---- culvert check ---- */

#define NUMBERS 3 /* lines that are named */

/* `ip nat (lines 7, 12, 30 and 4 more)`; the lines themselves may hold passwords, and this is logged. */
static void say_lines(const struct unsupported_line *v, size_t n, struct txt *out)
{
	size_t said = 0;

	txt_printf(out, "%s (", v[0].what->words);
	for (size_t i = 0; i < n && said < NUMBERS; i++)
		if (v[i].line)
			txt_printf(out, "%s%u", said++ ? ", " : n == 1 ? "line " : "lines ", v[i].line);
	if (!said)
		txt_printf(out, "%zu line%s", n, n == 1 ? "" : "s");
	else if (n > said)
		txt_printf(out, " and %zu more", n - said);
	txt_char(out, ')');
}

void check_unsupported(const struct config *c, struct report *r)
{
	struct unsupported_line *v;
	size_t n, end;

	if (unsupported_list(c, &v, &n)) {
		r->nomem = true;
		return;
	}
	for (size_t i = 0; i < n; i = end) {
		struct txt object = TXT_INIT;

		for (end = i; end < n && !strcmp(v[end].what->means, v[i].what->means); end++)
			;
		if (v[i].what == &refused) /* each has a message of its own */
			continue;
		say_lines(v + i, end - i, &object);
		report_object(r, v[i].what->severity, txt_cstr(&object), NULL, "%s", v[i].what->means);
		r->nomem |= object.bad;
		txt_fini(&object);
	}
	free(v);
}
