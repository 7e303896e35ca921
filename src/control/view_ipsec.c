/* SPDX-License-Identifier: Apache-2.0 */
#include "control/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/alg.h"

void view_set_words(const struct p2_transform *t, struct txt *out)
{
	const struct cipher_info *ci = cipher_info(t->cipher, t->cipher_bits);

	txt_str(out, "{ ");
	if (t->ah_auth)
		txt_printf(out, "%s ", auth_info(t->ah_auth)->ios_ah);
	if (t->ah_auth && ci)
		txt_str(out, " } { ");
	if (ci)
		txt_printf(out, "%s ", ci->ios_show);
	if (t->esp_auth)
		txt_printf(out, "%s ", auth_info(t->esp_auth)->ios_esp);
	txt_str(out, " }");
}

void view_transform_set(struct control *c, const struct exec_args *a, struct txt *out)
{
	for (size_t i = 0; i < c->config->ipsec.transforms.n; i++) {
		const struct p2_transform *t = &c->config->ipsec.transforms.v[i]->t;

		if (a->name[0] && strcmp(a->name, t->name))
			continue;
		txt_printf(out, "Transform set %s: ", t->name);
		view_set_words(t, out);
		txt_printf(out, " \n   will negotiate = { %s,  }, \n   \n",
			   t->mode == MODE_TRANSPORT ? "Transport" : "Tunnel");
	}
}

void view_ipsec_lifetime(struct control *c, struct txt *out)
{
	const struct cfg_ipsec *i = &c->config->ipsec;

	if (i->life_kb_disable)
		txt_printf(out, "Kilobyte Volume Rekey has been disabled.\n"
				"Security association lifetime: %u seconds\n",
			   i->life_sec);
	else
		txt_printf(out, "Security association lifetime: %llu kilobytes/%u seconds\n",
			   (unsigned long long)i->life_kb, i->life_sec);
}

/* ---- show crypto map ---- */

static void map_acl(const struct cfg_acl *acl, struct txt *out)
{
	txt_printf(out, "\tExtended IP access list %s\n", acl->name);
	for (size_t i = 0; i < acl->entries.n; i++) {
		struct txt line = TXT_INIT;
		const char *s;

		if (acl->entries.v[i]->kind == ACE_REMARK)
			continue;
		commands_render_ace(acl, acl->entries.v[i], &line);
		s = txt_cstr(&line);
		/* a numbered list's entry brings its own prefix */
		if (strncmp(s, "access-list ", 12))
			txt_printf(out, "\t    access-list %s %s\n", acl->name, s);
		else
			txt_printf(out, "\t    %s\n", s);
		txt_fini(&line);
	}
}

static const char *peer_text(const struct cfg_peer *p, char buf[IPADDR_STRLEN])
{
	return p->addr.family ? ipaddr_str(&p->addr, buf) : p->host;
}

static void map_entry(struct control *c, const struct cfg_map *m, const struct cfg_map_entry *e,
		      struct txt *out)
{
	const struct cfg_acl *acl = config_find_acl(c->config, e->match_acl);
	char a[IPADDR_STRLEN];

	txt_printf(out, "Crypto Map %s\"%s\" %u ipsec-isakmp\n", c->config->compat_ios12 ? "" : "IPv4 ",
		   m->name, e->seq);
	if (e->description[0])
		txt_printf(out, "\tDescription: %s\n", e->description);
	if (!e->n_peers || !acl)
		txt_str(out, "\tWARNING: This crypto map is in an incomplete state!\n"
			     "\t\t(missing peer or access-list definitions)\n");
	for (size_t i = 0; i < e->n_peers; i++)
		txt_printf(out, "\tPeer = %s\n", peer_text(&e->peers[i], a));
	if (acl)
		map_acl(acl, out);
	else if (e->match_acl[0])
		txt_printf(out, "\tAccess list %s does not exist.\n", e->match_acl);
	else
		txt_str(out, "\tNo matching address list set.\n");
	if (e->n_peers)
		txt_printf(out, "\tCurrent peer: %s\n", peer_text(&e->peers[0], a));
	txt_printf(out, "\tSecurity association lifetime: %llu kilobytes/%u seconds\n",
		   (unsigned long long)cfg_map_entry_life_kb(c->config, e),
		   cfg_map_entry_life_sec(c->config, e));
	txt_printf(out, "\tResponder-Only (Y/N): N\n\tPFS (Y/N): %s\n", e->pfs_group ? "Y" : "N");
	if (e->pfs_group)
		txt_printf(out, "\tDH group:  group%u\n", e->pfs_group);
	txt_str(out, "\tMixed-mode : Disabled\n\tTransform sets={ \n");
	for (size_t i = 0; i < e->n_transforms; i++) {
		const struct cfg_transform *t = config_find_transform(c->config, e->transforms[i]);

		txt_printf(out, "\t\t%s:  ", e->transforms[i]);
		if (t)
			view_set_words(&t->t, out);
		txt_str(out, " , \n");
	}
	txt_str(out, "\t}\n");
}

void view_crypto_map(struct control *c, const struct exec_args *a, struct txt *out)
{
	const struct config *cfg = c->config;
	const struct cfg_interface *only = a->ifname[0] ? config_find_interface(cfg, a->ifname) : NULL;

	for (size_t i = 0; i < cfg->maps.n; i++) {
		const struct cfg_map *m = cfg->maps.v[i];

		if ((a->name[0] && strcmp(a->name, m->name)) ||
		    (a->ifname[0] && (!only || strcmp(only->crypto_map, m->name))))
			continue;
		for (size_t k = 0; k < m->entries.n; k++) {
			map_entry(c, m, m->entries.v[k], out);
			if (k + 1 < m->entries.n)
				txt_char(out, '\n');
		}
		txt_printf(out, "\tInterfaces using crypto map %s:\n", m->name);
		for (size_t k = 0; k < cfg->interfaces.n; k++)
			if (!strcmp(cfg->interfaces.v[k]->crypto_map, m->name))
				txt_printf(out, "\t\t%s\n", cfg->interfaces.v[k]->name);
		txt_char(out, '\n');
	}
}

/* ---- show crypto ipsec sa ---- */

static void ident(const char *label, const struct addr_match *m, uint8_t proto,
		  const struct port_match *port, struct txt *out)
{
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN];
	struct ipaddr mask = { .family = IP_V4 };

	for (size_t i = 0; i < 4; i++)
		mask.b[i] = (uint8_t)~m->wild[i];
	txt_printf(out, "   %s ident (addr/mask/prot/port): (%s/%s/%u/%u)\n", label,
		   ipaddr_str(&m->addr, a), ipaddr_str(&mask, b), proto,
		   port->op == PORT_EQ ? port->lo : 0u);
}

static void sa_block(const struct sa_spec *s, const struct ike_pair_info *p,
		     const struct fwd_sa_stats *st, const char *map, bool detail, struct txt *out)
{
	const struct cipher_info *ci = cipher_info(s->cipher, s->cipher_bits);
	uint32_t id = s->dir == SA_IN ? p->pair_id * 2 - 1 : p->pair_id * 2;

	txt_printf(out, "      spi: 0x%X(%u)\n        transform: %s ", s->spi, s->spi,
		   ci ? ci->ios_show : "");
	if (s->auth)
		txt_printf(out, "%s ", auth_info(s->auth)->ios_esp);
	txt_printf(out, ",\n        in use settings ={%s%s, }\n",
		   s->mode == MODE_TRANSPORT ? "Transport" : "Tunnel",
		   s->udp_encap ? " UDP-Encaps" : "");
	txt_printf(out, "        conn id: %u, flow_id: SW:%u, sibling_flags 80000000, crypto map: %s\n",
		   id, id, map);
	txt_printf(out, "        sa timing: remaining key lifetime (k/sec): (%llu/%u)\n",
		   st ? (unsigned long long)st->left_bytes / 1024 : 0, st ? st->left_sec : 0);
	if (ci && ci->iv_len)
		txt_printf(out, "        IV size: %u bytes\n", ci->iv_len);
	txt_printf(out, "        replay detection support: %s", s->replay_window ? "Y" : "N");
	if (detail && s->replay_window)
		txt_printf(out, "  replay window size: %u", s->replay_window);
	txt_str(out, "\n        Status: ACTIVE(ACTIVE)\n\n");
}

static void sa_list(struct control *c, uint32_t policy_id, bool in, const struct stats *st,
		    const char *map, bool detail, struct txt *out)
{
	struct ike_pair_info p;
	bool any = false;

	txt_printf(out, "     %s esp sas:\n", in ? "inbound" : "outbound");
	for (size_t n = 0; ike_get_pair(c->ike, n, &p); n++) {
		if (p.policy_id != policy_id || (!in && !p.out_id))
			continue;
		any = true;
		sa_block(in ? &p.in : &p.out, &p, stats_sa(st, in ? p.in_id : p.out_id), map, detail,
			 out);
	}
	if (!any)
		txt_char(out, '\n');
	txt_printf(out, "     %s ah sas:\n\n     %s pcp sas:\n%s", in ? "inbound" : "outbound",
		   in ? "inbound" : "outbound", in ? "\n" : "");
}

#define U(x) (unsigned long long)(x)

static void counters(const struct fwd_policy_stats *s, bool detail, struct txt *out)
{
	txt_printf(out, "    #pkts encaps: %llu, #pkts encrypt: %llu, #pkts digest: %llu\n", U(s->encaps),
		   U(s->encrypts), U(s->digests));
	txt_printf(out, "    #pkts decaps: %llu, #pkts decrypt: %llu, #pkts verify: %llu\n", U(s->decaps),
		   U(s->decrypts), U(s->verifies));
	txt_str(out, "    #pkts compressed: 0, #pkts decompressed: 0\n"
		     "    #pkts not compressed: 0, #pkts compr. failed: 0\n"
		     "    #pkts not decompressed: 0, #pkts decompress failed: 0\n");
	if (!detail) {
		txt_printf(out, "    #send errors %llu, #recv errors %llu\n\n",
			   U(s->send_errors), U(s->recv_errors + s->recvd_clear));
		return;
	}
	txt_printf(out, "    #pkts no sa (send) %llu, #pkts invalid sa (rcv) 0\n", U(s->no_sa));
	txt_str(out, "    #pkts encaps failed (send) 0, #pkts decaps failed (rcv) 0\n");
	txt_printf(out, "    #pkts invalid prot (recv) 0, #pkts verify failed: %llu\n", U(s->auth_failed));
	txt_printf(out, "    #pkts invalid identity (recv) %llu, #pkts invalid len (rcv) 0\n",
		   U(s->bad_identity + s->recvd_clear));
	txt_printf(out, "    #pkts replay rollover (send): 0, #pkts replay rollover (rcv) 0\n"
			"    ##pkts replay failed (rcv): %llu\n", U(s->replayed));
	txt_str(out, "    #pkts tagged (send): 0, #pkts untagged (rcv): 0\n"
		     "    #pkts not tagged (send): 0, #pkts not untagged (rcv): 0\n"
		     "    #pkts internal err (send): 0, #pkts internal err (recv) 0\n\n");
}

/* 8 bytes of ESP header, IV, ICV, padding to the block: IOS's plaintext mtu. */
static unsigned plaintext_mtu(const struct sa_spec *s, unsigned path)
{
	const struct cipher_info *ci = cipher_info(s->cipher, s->cipher_bits);
	unsigned icv = ci && ci->combined ? ci->icv_len : s->auth ? auth_info(s->auth)->icv_len : 0u;
	unsigned block = ci && ci->block_len > 4 ? ci->block_len : 4u;
	unsigned outer = 28u + (s->udp_encap ? 8u : 0u) + (ci ? ci->iv_len : 0u) + icv;

	if (path < outer + block)
		return 0;
	return (path - outer) / block * block - 2 + (s->mode == MODE_TRANSPORT ? 20u : 0u);
}

static void flow_block(struct control *c, const struct p2_policy *p, const struct stats *st,
		       bool detail, struct txt *out)
{
	static const struct fwd_policy_stats none;
	const struct fwd_policy_stats *s = stats_policy(st, p->id);
	const struct nl_link *l = plumb_link(c, p->ifid);
	struct ike_pair_info pair, cur = { 0 };
	bool have = false;
	char peer[IPADDR_STRLEN] = "0.0.0.0", local[IPADDR_STRLEN];
	unsigned path = l ? l->mtu : 1500;

	for (size_t n = 0; ike_get_pair(c->ike, n, &pair) && !have; n++)
		if (pair.policy_id == p->id && pair.current) {
			cur = pair;
			have = true;
		}
	if (have)
		ipaddr_str(&cur.out.dst, peer);
	else if (p->n_peers)
		ipaddr_str(&p->peers[0], peer);
	txt_str(out, "   protected vrf: (none)\n");
	ident("local ", &p->sel.local, p->sel.proto, &p->sel.local_port, out);
	ident("remote", &p->sel.remote, p->sel.proto, &p->sel.remote_port, out);
	txt_printf(out, "   current_peer %s port %u\n     PERMIT, flags={origin_is_acl,}\n", peer,
		   have && cur.out.udp_encap ? cur.out.udp_dport : 500u);
	counters(s ? s : &none, detail, out);
	txt_printf(out, "     local crypto endpt.: %s, remote crypto endpt.: %s\n",
		   ipaddr_str(&p->local, local), peer);
	txt_printf(out, "     plaintext mtu %u, path mtu %u, ip mtu %u, ip mtu idb %s\n",
		   have ? plaintext_mtu(&cur.out, path) : path, path, path, plumb_ios_name(c, p->ifid));
	txt_printf(out, "     current outbound spi: 0x%X(%u)\n", cur.out.spi, cur.out.spi);
	txt_printf(out, "     PFS (Y/N): %s, DH group: ", p->pfs_group ? "Y" : "N");
	if (p->pfs_group)
		txt_printf(out, "group%u\n\n", p->pfs_group);
	else
		txt_str(out, "none\n\n");
	sa_list(c, p->id, true, st, p->map, detail, out);
	sa_list(c, p->id, false, st, p->map, detail, out);
	const char *why = ike_policy_story(c->ike, p->id);
	if (why[0] && !have)
		txt_printf(out, "\n     last failure: %s\n", why);
}

static void sa_count(struct control *c, struct txt *out)
{
	struct ike_pair_info p;
	unsigned total = 0, active = 0;

	for (size_t n = 0; ike_get_pair(c->ike, n, &p); n++) {
		total += p.out_id ? 2 : 1;
		active += p.current ? 2 : 0;
	}
	txt_printf(out, "IPsec SA total: %u, active: %u, rekeying: %u, unused: 0, invalid: 0\n", total,
		   active, total - active);
}

void view_ipsec_sa(struct control *c, const struct exec_args *a, struct txt *out)
{
	char local[IPADDR_STRLEN];
	struct stats st;
	uint32_t ifid = 0;

	if (a->count) {
		sa_count(c, out);
		return;
	}
	stats_get(c, &st);
	for (size_t i = 0; i < c->compiled.ike.n_p2; i++) {
		const struct p2_policy *p = &c->compiled.p2[i];

		if ((a->addr.family && (!p->n_peers || !ipaddr_equal(&a->addr, &p->peers[0]))) ||
		    (a->name[0] && strcmp(a->name, p->map)) ||
		    (a->ifname[0] && strcmp(a->ifname, plumb_ios_name(c, p->ifid))))
			continue;
		if (p->ifid != ifid) {
			txt_printf(out, "\ninterface: %s\n    Crypto map tag: %s, local addr %s\n",
				   plumb_ios_name(c, p->ifid), p->map, ipaddr_str(&p->local, local));
			ifid = p->ifid;
		}
		txt_char(out, '\n');
		flow_block(c, p, &st, a->detail, out);
	}
	stats_fini(&st);
}
