/* SPDX-License-Identifier: Apache-2.0 */
#include "control/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/alg.h"
#include "host/os.h"

static const struct ipaddr *sa_dst(const struct ike_sa_info *i) /* the responder */
{
	return i->initiator ? &i->remote : &i->local;
}

static const struct ipaddr *sa_src(const struct ike_sa_info *i)
{
	return i->initiator ? &i->local : &i->remote;
}

static void sa_count(struct control *c, struct txt *out)
{
	unsigned active = 0, negotiating = 0, dead = 0;
	struct ike_sa_info i;

	for (size_t n = 0; ike_get_sa(c->ike, host_now_ms(NULL), n, &i); n++) {
		if (i.deleted)
			dead++;
		else if (i.state == IKE_QM_IDLE)
			active++;
		else
			negotiating++;
	}
	txt_printf(out,
		   "Active ISAKMP SA's: %u\n\nStandby ISAKMP SA's: 0\n\nCurrently being negotiated "
		   "ISAKMP SA's: %u\n\nDead ISAKMP SA's: %u\n\n",
		   active, negotiating, dead);
}

static const char *cipher_word(const struct p1_policy *p)
{
	return p->cipher == CIPHER_DES ? "des" : p->cipher == CIPHER_3DES ? "3des" : "aes";
}

static const char *hash_word(uint8_t h)
{
	static const char *const words[] = { "", "md5", "sha", "sha256", "sha384", "sha512" };

	return h < sizeof(words) / sizeof(words[0]) ? words[h] : "";
}

static void sa_detail(struct control *c, struct txt *out)
{
	char l[IPADDR_STRLEN], r[IPADDR_STRLEN];
	struct ike_sa_info i;

	txt_str(out, "Codes: C - IKE configuration mode, D - Dead Peer Detection\n"
		     "       K - Keepalives, N - NAT-traversal\n"
		     "       T - cTCP encapsulation, X - IKE Extended Authentication\n"
		     "       psk - Preshared key, rsig - RSA signature\n"
		     "       renc - RSA encryption\n"
		     "IPv4 Crypto ISAKMP SA\n\n"
		     "C-id  Local           Remote          I-VRF  Status Encr Hash   Auth DH "
		     "Lifetime Cap.\n\n");
	for (size_t n = 0; ike_get_sa(c->ike, host_now_ms(NULL), n, &i); n++) {
		txt_printf(out, "%-5u %-15s %-15s        %-6s %-4s %-6s %-4s %-2u %02u:%02u:%02u %s\n",
			   i.conn_id, ipaddr_str(&i.local, l), ipaddr_str(&i.remote, r),
			   i.deleted ? "DEAD" : "ACTIVE", cipher_word(&i.agreed),
			   hash_word(i.agreed.hash), "psk", i.agreed.group, i.left_sec / 3600,
			   i.left_sec / 60 % 60, i.left_sec % 60, i.nat ? "N " : "");
		txt_printf(out, "       Engine-id:Conn-id =  SW:%u\n",
			   i.conn_id > 1000 ? i.conn_id - 1000 : 0);
		if (i.story[0])
			txt_printf(out, "       %s\n", i.story);
	}
	txt_str(out, "\nIPv6 Crypto ISAKMP SA\n\n");
}

void view_isakmp_sa(struct control *c, const struct exec_args *a, struct txt *out)
{
	bool old = c->config->compat_ios12, slot = a->flag || old;
	char d[IPADDR_STRLEN], s[IPADDR_STRLEN];
	struct ike_sa_info i;

	if (a->count) {
		sa_count(c, out);
		return;
	}
	if (a->detail) {
		sa_detail(c, out);
		return;
	}
	if (!old)
		txt_str(out, "IPv4 Crypto ISAKMP SA\n");
	txt_printf(out, "dst             src             state          conn-id %sstatus\n",
		   slot ? "slot " : "");
	for (size_t n = 0; ike_get_sa(c->ike, host_now_ms(NULL), n, &i); n++) {
		txt_printf(out, "%-15s %-15s %-14s %7u ", ipaddr_str(sa_dst(&i), d),
			   ipaddr_str(sa_src(&i), s),
			   i.deleted ? "MM_NO_STATE" : ike_state_name(i.state), i.conn_id);
		txt_printf(out, "%sACTIVE%s\n", slot ? "   0 " : "", i.deleted ? " (deleted)" : "");
	}
	if (!old)
		txt_str(out, "\nIPv6 Crypto ISAKMP SA\n\n");
}

static const char *cipher_text(const struct p1_policy *p, char buf[80])
{
	if (p->cipher == CIPHER_DES)
		return "DES - Data Encryption Standard (56 bit keys).";
	if (p->cipher == CIPHER_3DES)
		return "Three key triple DES";
	snprintf(buf, 80, "AES - Advanced Encryption Standard (%u bit keys).",
		 p->cipher_bits ? p->cipher_bits : 128u);
	return buf;
}

static const char *hash_text(uint8_t h)
{
	static const char *const texts[] = { "",
					     "Message Digest 5",
					     "Secure Hash Standard",
					     "Secure Hash Standard 2 (256 bit)",
					     "Secure Hash Standard 2 (384 bit)",
					     "Secure Hash Standard 2 (512 bit)" };

	return h < sizeof(texts) / sizeof(texts[0]) ? texts[h] : "";
}

static const char *group_text(unsigned g)
{
	static const struct {
		unsigned g;
		const char *text;
	} rows[] = { { 1, "768 bit" },	 { 2, "1024 bit" },  { 5, "1536 bit" },	 { 14, "2048 bit" },
		     { 15, "3072 bit" }, { 16, "4096 bit" }, { 19, "256 bit" },	 { 20, "384 bit" },
		     { 21, "521 bit" },	 { 24, "2048 bit, 256 bit subgroup" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].g == g)
			return rows[i].text;
	return "?";
}

static void suite(const struct p1_policy *p, const char *title, struct txt *out)
{
	char buf[80];

	txt_printf(out, "%s\n", title);
	txt_printf(out, "\tencryption algorithm:\t%s\n", cipher_text(p, buf));
	txt_printf(out, "\thash algorithm:\t\t%s\n", hash_text(p->hash));
	txt_printf(out, "\tauthentication method:\t%s\n",
		   p->auth == IKE_AUTH_PSK     ? "Pre-Shared Key" :
		   p->auth == IKE_AUTH_RSA_ENC ? "Rivest-Shamir-Adleman Encryption" :
						 "Rivest-Shamir-Adleman Signature");
	txt_printf(out, "\tDiffie-Hellman group:\t#%u (%s)\n", p->group, group_text(p->group));
	txt_printf(out, "\tlifetime:\t\t%u seconds, no volume limit\n", p->life_sec);
}

void view_isakmp_policy(struct control *c, struct txt *out)
{
	static const struct p1_policy def = { .cipher = CIPHER_DES, .hash = HASH_SHA1,
					      .auth = IKE_AUTH_RSA_SIG, .group = 1,
					      .life_sec = 86400 };
	char title[64];

	txt_str(out, "\nGlobal IKE policy\n");
	for (size_t i = 0; i < c->config->isakmp.policies.n; i++) {
		const struct p1_policy *p = &c->config->isakmp.policies.v[i]->p;

		snprintf(title, sizeof(title), "Protection suite of priority %u", p->priority);
		suite(p, title, out);
	}
	if (c->config->compat_ios12 || c->config->isakmp.legacy_default_policy)
		suite(&def, "Default protection suite", out);
}

void view_isakmp_default_policy(struct control *c, struct txt *out)
{
	uint32_t priority = 65507;

	(void)c;
	for (int cipher = 0; cipher < 2; cipher++)
		for (int hash = 0; hash < 2; hash++)
			for (int auth = 0; auth < 2; auth++) {
				struct p1_policy p = {
					.cipher = cipher ? CIPHER_3DES : CIPHER_AES_CBC,
					.cipher_bits = cipher ? 0 : 128,
					.hash = hash ? HASH_MD5 : HASH_SHA1,
					.auth = auth ? IKE_AUTH_PSK : IKE_AUTH_RSA_SIG,
					.group = cipher ? 2 : 5, .life_sec = 86400 };
				char title[64];

				snprintf(title, sizeof(title),
					 "Default protection suite of priority %u", priority++);
				suite(&p, title, out);
			}
}

void view_isakmp_key(struct control *c, struct txt *out)
{
	char a[IPADDR_STRLEN], m[IPADDR_STRLEN], peer[120];

	txt_str(out, "Keyring      Hostname/Address                            Preshared Key\n\n");
	for (size_t i = 0; i < c->config->isakmp.keys.n; i++) {
		const struct cfg_key *k = c->config->isakmp.keys.v[i];

		if (!k->addr.family)
			snprintf(peer, sizeof(peer), "%s", k->host);
		else if (ipaddr_to_v4(&k->mask) == UINT32_MAX)
			snprintf(peer, sizeof(peer), "%s", ipaddr_str(&k->addr, a));
		else
			snprintf(peer, sizeof(peer), "%-14s [%s]", ipaddr_str(&k->addr, a),
				 ipaddr_str(&k->mask, m));
		txt_printf(out, "%-12s %-43s %s\n", "default", peer, k->key);
	}
}

void view_isakmp_peers(struct control *c, const struct exec_args *a, struct txt *out)
{
	char r[IPADDR_STRLEN], l[IPADDR_STRLEN];
	struct ike_sa_info i;

	for (size_t n = 0; ike_get_sa(c->ike, host_now_ms(NULL), n, &i); n++) {
		if (i.deleted || (a->addr.family && !ipaddr_equal(&a->addr, &i.remote)))
			continue;
		txt_printf(out, "Peer: %s Port: %u Local: %s\n Phase1 id: %s\n",
			   ipaddr_str(&i.remote, r), i.remote_port, ipaddr_str(&i.local, l), r);
	}
}

/* ---- show crypto session ---- */

static void flow_line(const struct selector *s, struct txt *out)
{
	char a[IPADDR_STRLEN];

	txt_str(out, "  IPSEC FLOW: permit ");
	if (s->proto)
		txt_printf(out, "%u", s->proto);
	else
		txt_str(out, "ip");
	for (int side = 0; side < 2; side++) {
		const struct addr_match *m = side ? &s->remote : &s->local;
		struct ipaddr mask = { .family = IP_V4 };

		for (size_t i = 0; i < 4; i++)
			mask.b[i] = (uint8_t)~m->wild[i];
		if (ipaddr_to_v4(&mask) == UINT32_MAX) {
			txt_printf(out, " host %s", ipaddr_str(&m->addr, a));
		} else {
			txt_printf(out, " %s", ipaddr_str(&m->addr, a));
			txt_printf(out, "/%s", ipaddr_str(&mask, a));
		}
	}
	txt_str(out, " \n");
}

static bool find_sa(struct control *c, const struct ipaddr *peer, struct ike_sa_info *ret)
{
	struct ike_sa_info i;
	bool found = false;

	for (size_t n = 0; ike_get_sa(c->ike, host_now_ms(NULL), n, &i); n++)
		if (!i.deleted && ipaddr_equal(&i.remote, peer) &&
		    (!found || i.state == IKE_QM_IDLE)) {
			*ret = i;
			found = true;
		}
	return found;
}

/* Crypto map lines of one interface towards one peer are one session. */
static bool same_session(const struct p2_policy *a, const struct p2_policy *b)
{
	return a->ifid == b->ifid && a->n_peers && b->n_peers &&
	       ipaddr_equal(&a->peers[0], &b->peers[0]);
}

#define U(x) (unsigned long long)(x)

static void one_flow(struct control *c, const struct p2_policy *p, const struct stats *st,
		     bool detail, struct txt *out)
{
	struct fwd_sa_stats none = { 0 };
	const struct fwd_sa_stats *in = NULL, *o = NULL;
	struct ike_pair_info pair;
	unsigned active = 0;

	for (size_t n = 0; ike_get_pair(c->ike, n, &pair); n++) {
		if (pair.policy_id != p->id)
			continue;
		active += 2;
		if (pair.current) {
			in = stats_sa(st, pair.in_id);
			o = stats_sa(st, pair.out_id);
		}
	}
	in = in ? in : &none;
	o = o ? o : &none;
	flow_line(&p->sel, out);
	txt_printf(out, "        Active SAs: %u, origin: crypto map\n", active);
	if (!detail)
		return;
	txt_printf(out, "        Inbound:  #pkts dec'ed %llu drop %llu life (KB/Sec) %llu/%u\n",
		   U(in->packets), U(in->auth_failed + in->replayed + in->malformed),
		   U(in->left_bytes / 1024), in->left_sec);
	txt_printf(out, "        Outbound: #pkts enc'ed %llu drop %llu life (KB/Sec) %llu/%u\n",
		   U(o->packets), U(o->send_errors), U(o->left_bytes / 1024), o->left_sec);
}

static bool session_has_pairs(struct control *c, const struct p2_policy *p)
{
	struct ike_pair_info pair;

	for (size_t n = 0; ike_get_pair(c->ike, n, &pair); n++)
		for (size_t k = 0; k < c->compiled.ike.n_p2; k++)
			if (c->compiled.p2[k].id == pair.policy_id &&
			    same_session(&c->compiled.p2[k], p))
				return true;
	return false;
}

static void one_session(struct control *c, const struct p2_policy *p, const struct stats *st,
			bool detail, struct txt *out)
{
	char r[IPADDR_STRLEN], l[IPADDR_STRLEN];
	struct ike_sa_info sa = { 0 };
	bool up = find_sa(c, &p->peers[0], &sa), idle = up && sa.state == IKE_QM_IDLE;
	bool pairs = session_has_pairs(c, p);
	const char *why = ike_policy_story(c->ike, p->id);

	txt_printf(out, "Interface: %s\nSession status: %s     \n", plumb_ios_name(c, p->ifid),
		   idle && pairs ? "UP-ACTIVE" :
		   idle		 ? "UP-IDLE" :
		   pairs	 ? "UP-NO-IKE" :
		   up		 ? "DOWN-NEGOTIATING" :
				   "DOWN");
	ipaddr_str(&p->peers[0], r);
	txt_printf(out, "Peer: %s port %u%s\n", r, up ? sa.remote_port : 500u,
		   detail ? " fvrf: (none) ivrf: (none)" : "");
	if (detail)
		txt_printf(out, "      Phase1_id: %s\n      Desc: (none)\n", idle ? r : "(none)");
	if (up) {
		if (detail)
			txt_str(out, "  Session ID: 0  \n");
		txt_printf(out, "  IKEv1 SA: local %s/%u remote %s/%u %s \n", ipaddr_str(&sa.local, l),
			   sa.local_port, r, sa.remote_port, idle ? "Active" : "Inactive");
		if (detail)
			txt_printf(out, "          Capabilities:%s connid:%u lifetime:%02u:%02u:%02u\n",
				   sa.nat ? "N" : "(none)", sa.conn_id, sa.left_sec / 3600,
				   sa.left_sec / 60 % 60, sa.left_sec % 60);
	}
	for (size_t i = 0; i < c->compiled.ike.n_p2; i++)
		if (same_session(&c->compiled.p2[i], p))
			one_flow(c, &c->compiled.p2[i], st, detail, out);
	if (why[0] && !pairs)
		txt_printf(out, "  Last failure: %s\n", why);
	txt_char(out, '\n');
}

void view_crypto_session(struct control *c, const struct exec_args *a, struct txt *out)
{
	struct stats st;

	stats_get(c, &st);
	txt_str(out, "Crypto session current status\n\n");
	if (a->detail)
		txt_str(out, "Code: C - IKE Configuration mode, D - Dead Peer Detection     \n"
			     "K - Keepalives, N - NAT-traversal, T - cTCP encapsulation     \n"
			     "X - IKE Extended Authentication, F - IKE Fragmentation\n"
			     "R - IKE Auto Reconnect, U - IKE Dynamic Route Update\n"
			     "S - SIP VPN\n\n");
	for (size_t i = 0; i < c->compiled.ike.n_p2; i++) {
		const struct p2_policy *p = &c->compiled.p2[i];
		bool first = p->n_peers > 0;

		for (size_t k = 0; k < i; k++)
			first &= !same_session(&c->compiled.p2[k], p);
		if (first && (!a->addr.family || ipaddr_equal(&a->addr, &p->peers[0])))
			one_session(c, p, &st, a->detail, out);
	}
	stats_fini(&st);
}

static void engine_name(uint8_t cipher, uint16_t bits, char buf[24])
{
	static const char *const words[] = { "", "NULL", "DES", "3DES", "AES", "AES_GCM", "GMAC" };

	if (cipher == CIPHER_AES_CBC && bits > 128)
		snprintf(buf, 24, "AES%u", bits);
	else
		snprintf(buf, 24, "%s", words[cipher % 7]);
}

void view_crypto_engine(struct control *c, struct txt *out)
{
	static const char *const hashes[] = { "", "MD5", "SHA", "SHA256", "SHA384", "SHA512" };
	char addr[IPADDR_STRLEN], cipher[24], alg[40];
	struct ike_pair_info p;
	struct ike_sa_info i;
	struct stats st;

	stats_get(c, &st);
	txt_str(out, "Crypto Engine Connections\n\n"
		     "   ID  Type    Algorithm           Encrypt  Decrypt LastSeqN IP-Address\n");
	for (size_t n = 0; ike_get_pair(c->ike, n, &p); n++) {
		const struct fwd_sa_stats *in = stats_sa(&st, p.in_id), *o = stats_sa(&st, p.out_id);

		engine_name(p.in.cipher, p.in.cipher_bits, cipher);
		snprintf(alg, sizeof(alg), "%s%s%s", cipher, p.in.auth ? "+" : "", hashes[p.in.auth % 6]);
		ipaddr_str(&p.in.dst, addr);
		txt_printf(out, "%5u  %-7s %-18s %8d %8llu %8u %s\n", p.pair_id * 2 - 1, "IPsec", alg, 0,
			   in ? U(in->packets) : 0, in ? in->seq : 0, addr);
		txt_printf(out, "%5u  %-7s %-18s %8llu %8d %8u %s\n", p.pair_id * 2, "IPsec", alg,
			   o ? U(o->packets) : 0, 0, o ? o->seq : 0, addr);
	}
	for (size_t n = 0; ike_get_sa(c->ike, host_now_ms(NULL), n, &i); n++) {
		if (i.deleted || i.state != IKE_QM_IDLE)
			continue;
		engine_name(i.agreed.cipher, i.agreed.cipher_bits, cipher);
		snprintf(alg, sizeof(alg), "%s+%s", hashes[i.agreed.hash % 6], cipher);
		txt_printf(out, "%5u  %-7s %-18s %8llu %8llu %8d %s\n", i.conn_id, "IKE", alg,
			   U(i.encrypts), U(i.decrypts), 0, ipaddr_str(&i.local, addr));
	}
	stats_fini(&st);
}
