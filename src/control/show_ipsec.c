/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto ipsec sa. One identity for each permit line of each crypto map,
 * as IOS makes them, grouped by interface. */
#include "control/show_parts.h"

#include <inttypes.h>
#include <string.h>

#include "control/show_index.h"
#include "crypto/alg.h"

/* The port an identity names; a range of ports cannot be one and is 0, as on
 * the wire (RFC 2407 section 4.6.2). */
static unsigned ident_port(const struct port_match *m)
{
	return m->op == PORT_EQ ? m->lo : 0;
}

void show_proxy(struct txt *out, const struct addr_match *m, uint8_t proto, const struct port_match *port)
{
	char addr[IPADDR_STRLEN];

	txt_printf(out, "%s/", ipaddr_ios(&m->addr, addr));
	show_mask(out, m);
	txt_printf(out, "/%u/%u", (unsigned)proto, ident_port(port));
}

static void ident(struct txt *out, const char *label, const struct addr_match *m, uint8_t proto,
		  const struct port_match *port)
{
	txt_printf(out, "   %s ident (addr/mask/prot/port): (", label);
	show_proxy(out, m, proto, port);
	txt_str(out, ")\n");
}

static void counters(struct txt *out, const struct fwd_policy_stats *s, bool detail)
{
	txt_printf(out,
		   "    #pkts encaps: %" PRIu64 ", #pkts encrypt: %" PRIu64 ", #pkts digest: %" PRIu64 "\n"
		   "    #pkts decaps: %" PRIu64 ", #pkts decrypt: %" PRIu64 ", #pkts verify: %" PRIu64 "\n"
		   "    #pkts compressed: 0, #pkts decompressed: 0\n"
		   "    #pkts not compressed: 0, #pkts compr. failed: 0\n"
		   "    #pkts not decompressed: 0, #pkts decompress failed: 0\n",
		   s->encaps, s->encrypts, s->digests, s->decaps, s->decrypts, s->verifies);
	if (!detail) {
		txt_printf(out, "    #send errors %" PRIu64 ", #recv errors %" PRIu64 "\n\n",
			   s->send_errors, s->recv_errors);
		return;
	}
	txt_printf(out,
		   "    #pkts no sa (send) %" PRIu64 ", #pkts invalid sa (rcv) %" PRIu64 "\n"
		   "    #pkts encaps failed (send) %" PRIu64 ", #pkts decaps failed (rcv) %" PRIu64 "\n"
		   "    #pkts invalid prot (recv) %" PRIu64 ", #pkts verify failed: %" PRIu64 "\n"
		   "    #pkts invalid identity (recv) %" PRIu64 ", #pkts invalid len (rcv) %" PRIu64 "\n"
		   "    #pkts replay rollover (send): %" PRIu64 ", #pkts replay rollover (rcv) 0\n"
		   "    ##pkts replay failed (rcv): %" PRIu64 "\n"
		   "    #pkts tagged (send): 0, #pkts untagged (rcv): 0\n"
		   "    #pkts not tagged (send): 0, #pkts not untagged (rcv): 0\n"
		   "    #pkts internal err (send): %" PRIu64 ", #pkts internal err (recv) %" PRIu64 "\n\n",
		   s->no_sa, s->invalid_sa, s->encaps_failed + s->access_out,
		   s->decaps_failed + s->access_in, s->invalid_prot, s->auth_failed, s->bad_identity,
		   s->invalid_len, s->rollover, s->replayed, s->internal_out, s->internal_in);
}

/* c: the cipher that the block is about, if any. */
static void sa_lifetime(struct txt *out, const struct sa_spec *s, const struct cipher_info *c,
			const struct fwd_sa_stats *stats)
{
	if (s->manual) {
		txt_str(out, "        no sa timing\n");
		if (c && c->block_len == 8) /* the one end that typed keys have */
			txt_printf(out, "        key volume left (k): %" PRIu64 "%s\n", stats->left_bytes / 1024,
				   stats->left_bytes ? "" : ", nothing passes until other keys are typed");
	} else if (s->life.hard_bytes) {
		txt_printf(out,
			   "        sa timing: remaining key lifetime (k/sec): (%" PRIu64 "/%u)\n",
			   stats->left_bytes / 1024, (unsigned)stats->left_sec);
	} else {
		txt_printf(out,
			   "        sa timing: remaining key lifetime (sec): %u\n"
			   "        Kilobyte Volume Rekey has been disabled\n",
			   (unsigned)stats->left_sec);
	}
}

/* One protocol of the SA: a bundle has a block under each heading. */
static void sa_block(const struct show_in *in, const struct sa_spec *s, uint8_t proto, const char *map,
		     bool detail, struct txt *out)
{
	bool bundled = proto != s->proto; /* the AH around ESP */
	uint32_t spi = bundled ? s->ah.spi : s->spi;
	struct fwd_sa_stats stats = show_sa_stats(in, s->id);
	const struct cipher_info *c = cipher_info(s->cipher, s->cipher_bits);
	const struct auth_info *a = auth_info(bundled ? s->ah.auth : s->auth);
	bool tunnel = s->mode == MODE_TUNNEL, old = in->config->compat_ios12;
	unsigned id = show_conn_id(in, s);

	txt_printf(out, "      spi: 0x%" PRIX32 "(%" PRIu32 ")\n        transform: ", spi, spi);
	if (proto == PROTO_AH)
		txt_printf(out, "%s ", a ? a->ios_ah : "");
	else
		show_esp_words(out, s->cipher, s->cipher_bits, s->auth);
	txt_printf(out, ",\n        in use settings ={%s%s, }\n", tunnel ? "Tunnel" : "Transport",
		   s->udp_encap ? " UDP-Encaps" : "");
	txt_printf(out, "        conn id: %u, flow_id: SW:%u, ", id, id);
	if (!old) /* IOS marks tunnel mode with bit 6 */
		txt_printf(out, "sibling_flags %08X, ", tunnel ? 0x80000040u : 0x80000000u);
	txt_printf(out, "crypto map: %s\n", map);
	sa_lifetime(out, s, proto != PROTO_AH ? c : NULL, &stats);
	if (proto != PROTO_AH && c)
		txt_printf(out, "        IV size: %u bytes\n", (unsigned)c->iv_len);
	txt_printf(out, "        replay detection support: %c", s->replay_window ? 'Y' : 'N');
	if (detail && s->replay_window)
		txt_printf(out, "  replay window size: %u", (unsigned)s->replay_window);
	txt_printf(out, "\n        Status: %s\n", old ? "ACTIVE" : "ACTIVE(ACTIVE)");
}

bool show_sa_has(const struct sa_spec *s, uint8_t proto)
{
	return s->proto == proto || (proto == PROTO_AH && s->ah.spi);
}

/* All SAs of a policy in one direction, under IOS's three headings. */
static void sa_lists(const struct show_in *in, const struct p2_policy *p, enum sa_dir dir,
		     bool detail, struct txt *out)
{
	static const struct {
		const char *word;
		uint8_t proto; /* IPComp is never negotiated */
	} lists[] = { { "esp", PROTO_ESP }, { "ah", PROTO_AH }, { "pcp", PROTO_NONE } };
	const struct ike_pair_info *pair;

	for (size_t k = 0; k < 3; k++) {
		txt_printf(out, "     %s %s sas:\n", dir == SA_IN ? "inbound" : "outbound",
			   lists[k].word);
		for (size_t at = 0; (pair = show_next_pair(in, p->id, &at));) {
			const struct sa_spec *s = dir == SA_IN ? &pair->in : &pair->out;

			if (s->spi && show_sa_has(s, lists[k].proto) &&
			    (dir == SA_IN || pair->out_id))
				sa_block(in, s, lists[k].proto, p->map, detail, out);
		}
		txt_char(out, '\n');
	}
}

/* True while an SA is being negotiated: phase 1 is not through, or half a pair
 * is there. */
static bool asked_for(const struct show_in *in, const struct p2_policy *p, const struct ipaddr *peer)
{
	const struct ike_pair_info *pair;

	for (size_t at = 0; (pair = show_next_pair(in, p->id, &at));)
		if (!pair->out_id)
			return true;
	return show_live_sa(in, peer, false) && !show_live_sa(in, peer, true);
}

/* What the device, or the configuration, lets through whole. */
static uint32_t ip_mtu_of(const struct show_in *in, const struct p2_policy *p, uint32_t path)
{
	const struct if_snapshot *ifs = show_if_by_index(in, p->ifid);
	const struct cfg_interface *ci = ifs ? config_find_interface(in->config, ifs->name) : NULL;
	bool ipv6 = p->local.family == IP_V6;

	if (ipv6 && ifs && ifs->mtu6)
		return ifs->mtu6;
	if (!ipv6 && ci && ci->ip_mtu)
		return ci->ip_mtu;
	return ifs && ifs->mtu ? ifs->mtu : path;
}

struct show_flow show_flow_of(const struct show_in *in, const struct p2_policy *p)
{
	const struct if_snapshot *ifs = show_if_by_index(in, p->ifid);
	struct show_flow f = { .p = p, .pair = show_current_pair(in, p->id), .port = 500,
			       .ifname = ifs ? ifs->name : "(unknown)" };

	f.stats = show_flow_stats(in, p);
	f.sel = f.pair ? &f.pair->out.sel : &p->sel;
	f.has_peer = show_policy_peer(in, p, &f.peer);
	if (f.pair && f.pair->out.udp_encap)
		f.port = f.pair->out.udp_dport;
	f.asked = !f.pair && f.has_peer && asked_for(in, p, &f.peer);
	f.path_mtu = f.plain_mtu = show_path_mtu(in, p);
	if (f.pair) /* the forwarder's own number, if it has told */
		f.plain_mtu = show_sa_stats(in, f.pair->out_id).plain_mtu;
	if (f.pair && !f.plain_mtu)
		f.plain_mtu = show_plaintext_mtu(&f.pair->out, f.path_mtu);
	f.ip_mtu = ip_mtu_of(in, p, f.path_mtu);
	return f;
}

static void endpoints(const struct show_in *in, const struct show_flow *f, struct txt *out)
{
	const struct p2_policy *p = f->p;
	uint32_t spi = f->pair ? f->pair->out.spi : 0;
	char local[IPADDR_STRLEN], remote[IPADDR_STRLEN];
	bool ipv6 = p->local.family == IP_V6;

	txt_printf(out, "     local crypto endpt.: %s,%s remote crypto endpt.: %s\n     ",
		   ipaddr_ios(&p->local, local), ipv6 ? "\n    " : "", ipaddr_ios(&f->peer, remote));
	if (!in->config->compat_ios12)
		txt_printf(out, "plaintext mtu %u, ", (unsigned)f->plain_mtu);
	txt_printf(out, "path mtu %u, %s mtu %u, %s mtu idb %s\n", (unsigned)f->path_mtu,
		   ipv6 ? "ipv6" : "ip", (unsigned)f->ip_mtu, ipv6 ? "ipv6" : "ip", f->ifname);
	txt_printf(out, "     current outbound spi: 0x%" PRIX32 "(%" PRIu32 ")\n", spi, spi);
	if (!in->config->compat_ios12) {
		if (p->pfs_group)
			txt_printf(out, "     PFS (Y/N): Y, DH group: group%u\n",
				   (unsigned)p->pfs_group);
		else
			txt_str(out, "     PFS (Y/N): N, DH group: none\n");
	}
	txt_char(out, '\n');
}

/* One protected flow. */
static void identity(const struct show_in *in, const struct show_flow *f, const struct ipsec_filter *k,
		     struct txt *out)
{
	char s[IPADDR_STRLEN];

	txt_str(out, "   protected vrf: (none)\n");
	ident(out, "local ", &f->sel->local, f->sel->proto, &f->sel->local_port);
	ident(out, "remote", &f->sel->remote, f->sel->proto, &f->sel->remote_port);
	txt_printf(out, "   current_peer %s port %u\n", f->has_peer ? ipaddr_ios(&f->peer, s) : "(none)",
		   f->port);
	txt_printf(out, "     PERMIT, flags={origin_is_acl,%s}\n", f->asked ? "ipsec_sa_request_sent" : "");
	counters(out, &f->stats, k->detail);
	endpoints(in, f, out);
	if (k->identity)
		return;
	sa_lists(in, f->p, SA_IN, k->detail, out);
	sa_lists(in, f->p, SA_OUT, k->detail, out);
}

bool show_flow_wanted(const struct show_in *in, const struct p2_policy *p, const struct ipsec_filter *f)
{
	const struct if_snapshot *ifs = show_if_by_index(in, p->ifid);
	struct ipaddr peer;

	return (!f->ipv6 || p->local.family == IP_V6) &&
	       (!f->ifname[0] || (ifs && !strcmp(f->ifname, ifs->name))) &&
	       (!f->map[0] || !strcmp(f->map, p->map)) &&
	       (f->peer.family == IP_NONE ||
		(show_policy_peer(in, p, &peer) && ipaddr_equal(&peer, &f->peer)));
}

void show_ipsec_sa_some(const struct show_in *in, const struct ipsec_filter *f, struct show_cursor *k, struct txt *out)
{
	size_t end = out->len + SHOW_PIECE;
	char local[IPADDR_STRLEN];

	for (; k->at < in->n_p2 && out->len < end; k->at++) {
		const struct p2_policy *p = &in->p2[k->at], *before = k->before;
		struct show_flow flow;

		if (!show_flow_wanted(in, p, f))
			continue;
		flow = show_flow_of(in, p);
		if (!before || before->ifid != p->ifid || strcmp(before->map, p->map) != 0)
			txt_printf(out,
				   "%sinterface: %s\n"
				   "    Crypto map tag: %s, local addr %s\n\n",
				   before ? "" : "\n", flow.ifname, p->map, ipaddr_ios(&p->local, local));
		k->before = p;
		identity(in, &flow, f, out);
	}
	k->over = k->at == in->n_p2;
	if (k->over && !k->before)
		txt_str(out, "\nNo SAs found\n");
}

void show_ipsec_sa(const struct show_in *in, const struct ipsec_filter *f, struct txt *out)
{
	struct show_cursor k = { 0 };

	while (!k.over)
		show_ipsec_sa_some(in, f, &k, out);
}

void show_ipsec_sa_address(const struct show_in *in, const struct ipsec_filter *f, struct txt *out)
{
	bool any = false;

	for (int dir = SA_IN; dir <= SA_OUT; dir++) {
		for (size_t i = 0; i < in->n_pairs; i++) {
			const struct ike_pair_info *pair = &in->pairs[i];
			const struct sa_spec *s = dir == SA_IN ? &pair->in : &pair->out;
			const struct p2_policy *p = show_find_p2(in, pair->policy_id);
			char dst[IPADDR_STRLEN], src[IPADDR_STRLEN];

			if (!s->spi || (dir == SA_OUT && !pair->out_id))
				continue;
			for (uint8_t proto = PROTO_ESP; proto <= PROTO_AH; proto++) {
				if (!show_sa_has(s, proto))
					continue;
				txt_printf(out, "%sdest address: %s\n   protocol: %s\n", any ? "\n" : "",
					   ipaddr_ios(&s->dst, dst), proto == PROTO_AH ? "AH" : "ESP");
				txt_printf(out, "   source address: %s\n", ipaddr_ios(&s->src, src));
				sa_block(in, s, proto, p ? p->map : "", f->detail, out);
				any = true;
			}
		}
	}
	if (!any)
		txt_str(out, "\nNo SAs found\n");
}

struct show_sa_count show_sa_count(const struct show_in *in)
{
	struct show_sa_count n = { 0, 0 };

	for (size_t i = 0; i < in->n_pairs; i++) {
		const struct ike_pair_info *p = &in->pairs[i];
		unsigned each = p->in.ah.spi || p->out.ah.spi ? 2 : 1;

		n.total += (p->out_id ? 2 : 1) * each;
		if (!p->current && p->out_id)
			n.rekeying += 2 * each; /* the older one of two */
	}
	return n;
}

void show_ipsec_sa_count(const struct show_in *in, struct txt *out)
{
	struct show_sa_count n = show_sa_count(in);

	txt_printf(out, "IPsec SA total: %u, active: %u, rekeying: %u, unused: 0, invalid: 0\n",
		   n.total, n.total - n.rekeying, n.rekeying);
}
