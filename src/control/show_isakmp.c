/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto isakmp sa, peers: what IKE is doing. */
#include "control/show_parts.h"

#include <string.h>

#include "crypto/alg.h"

uint32_t show_p1_conn_id(const struct show_in *in, const struct ike_sa_info *s)
{
	return in->config->compat_ios12 && s->conn_id > 1000 ? s->conn_id - 1000 : s->conn_id;
}

const char *show_p1_state(const struct ike_sa_info *s)
{
	return ike_state_name(s->deleted && s->state != IKE_AG_NO_STATE ? IKE_MM_NO_STATE : s->state);
}

/* IOS's column: both routers print the responder as dst. */
static void sa_row(const struct show_in *in, const struct ike_sa_info *s, enum sa_form form,
		   struct txt *out)
{
	const struct ipaddr *dst = s->initiator ? &s->remote : &s->local;
	const struct ipaddr *src = s->initiator ? &s->local : &s->remote;
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN];

	txt_printf(out, "%-15s %-15s %-14s %7u ", ipaddr_ios(dst, a), ipaddr_ios(src, b),
		   show_p1_state(s), (unsigned)show_p1_conn_id(in, s));
	if (form == SA_SLOTS)
		txt_printf(out, "%4d ", 0);
	txt_printf(out, "ACTIVE%s\n", s->deleted ? " (deleted)" : "");
}

/* Addresses of IPv6 have no room in columns. */
static void sa_row6(const struct ike_sa_info *s, enum sa_form form, struct txt *out)
{
	const struct ipaddr *dst = s->initiator ? &s->remote : &s->local;
	const struct ipaddr *src = s->initiator ? &s->local : &s->remote;
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN];

	txt_printf(out, " dst: %s\n src: %s\n state: %-15s conn-id: %6u ", ipaddr_ios(dst, a),
		   ipaddr_ios(src, b), show_p1_state(s), (unsigned)s->conn_id);
	if (form == SA_SLOTS)
		txt_printf(out, "slot: %4d ", 0);
	txt_printf(out, "status: ACTIVE%s\n\n", s->deleted ? " (deleted)" : "");
}

static void sa_table(const struct show_in *in, enum sa_form form, struct txt *out)
{
	bool old = in->config->compat_ios12;
	size_t n = form == SA_STANDBY ? 0 : in->n_sas;

	if (old && form != SA_STANDBY)
		form = SA_SLOTS;
	if (!old)
		txt_str(out, "IPv4 Crypto ISAKMP SA\n");
	txt_printf(out, "dst             src             state          conn-id %sstatus\n",
		   form == SA_TABLE ? "" : "slot ");
	for (size_t i = 0; i < n; i++)
		if (in->sas[i].remote.family == IP_V4)
			sa_row(in, &in->sas[i], form, out);
	txt_char(out, '\n');
	if (!old)
		txt_str(out, "IPv6 Crypto ISAKMP SA\n\n");
	for (size_t i = 0; i < n; i++)
		if (in->sas[i].remote.family == IP_V6)
			sa_row6(&in->sas[i], form, out);
}

/* ---- detail ---- */

const char *show_p1_cipher(const struct p1_policy *p)
{
	switch (p->cipher) {
	case CIPHER_DES:
		return "des";
	case CIPHER_3DES:
		return "3des";
	case CIPHER_AES_CBC:
		return "aes";
	default:
		return "";
	}
}

const char *show_p1_hash(const struct p1_policy *p)
{
	static const char *const words[] = { [HASH_MD5] = "md5",	[HASH_SHA1] = "sha",
					     [HASH_SHA256] = "sha256", [HASH_SHA384] = "sha384",
					     [HASH_SHA512] = "sha512" };

	return p->hash && p->hash < sizeof(words) / sizeof(words[0]) ? words[p->hash] : "";
}

const char *show_p1_auth(const struct p1_policy *p)
{
	switch (p->auth) {
	case IKE_AUTH_PSK:
		return "psk";
	case IKE_AUTH_RSA_SIG:
		return "rsig";
	case IKE_AUTH_RSA_ENC:
		return "renc";
	default:
		return "";
	}
}

static const char codes[] =
	"Codes: C - IKE configuration mode, D - Dead Peer Detection\n"
	"       K - Keepalives, N - NAT-traversal\n"
	"       T - cTCP encapsulation, X - IKE Extended Authentication\n"
	"       psk - Preshared key, rsig - RSA signature\n"
	"       renc - RSA encryption\n";

static void sa_detail_row(const struct show_in *in, const struct ike_sa_info *s, struct txt *out)
{
	const struct p1_policy *p = &s->agreed;
	char local[IPADDR_STRLEN], remote[IPADDR_STRLEN];

	txt_printf(out, "%-5u %-15s %-15s %-6s ACTIVE %-4s %-6s %-4s ",
		   (unsigned)show_p1_conn_id(in, s),
		   ipaddr_ios(&s->local, local), ipaddr_ios(&s->remote, remote), "",
		   show_p1_cipher(p), show_p1_hash(p), show_p1_auth(p));
	if (p->group)
		txt_printf(out, "%-2u ", (unsigned)p->group);
	else
		txt_str(out, "   ");
	show_age(out, s->left_sec);
	txt_printf(out, " %s%s%s\n", s->dpd ? "D" : "", s->nat ? "N" : "",
		   s->dpd || s->nat ? "  " : "");
	txt_printf(out, "       Engine-id:Conn-id =  SW:%u\n", (unsigned)(s->conn_id % 1000));
	if (s->story[0])
		txt_printf(out, "       Last event: %s\n", s->story);
	txt_char(out, '\n');
}

static void sa_detail(const struct show_in *in, struct txt *out)
{
	txt_str(out, codes);
	if (!in->config->compat_ios12)
		txt_str(out, "IPv4 Crypto ISAKMP SA\n");
	txt_str(out, "\nC-id  Local           Remote          I-VRF  Status Encr Hash   Auth DH "
		     "Lifetime Cap.\n\n");
	for (size_t i = 0; i < in->n_sas; i++)
		if (in->sas[i].remote.family == IP_V4)
			sa_detail_row(in, &in->sas[i], out);
	if (!in->config->compat_ios12)
		txt_str(out, "IPv6 Crypto ISAKMP SA\n\n");
	for (size_t i = 0; i < in->n_sas; i++)
		if (in->sas[i].remote.family == IP_V6)
			sa_detail_row(in, &in->sas[i], out);
}

struct show_p1_count show_p1_count(const struct show_in *in)
{
	struct show_p1_count n = { 0, 0, 0 };

	for (size_t i = 0; i < in->n_sas; i++) {
		const struct ike_sa_info *s = &in->sas[i];

		if (s->deleted)
			n.dead++;
		else if (s->state == IKE_QM_IDLE)
			n.active++;
		else
			n.negotiating++;
	}
	return n;
}

static void sa_count(const struct show_in *in, struct txt *out)
{
	struct show_p1_count n = show_p1_count(in);

	txt_printf(out,
		   "Active ISAKMP SA's: %u\n\n"
		   "Standby ISAKMP SA's: 0\n\n"
		   "Currently being negotiated ISAKMP SA's: %u\n\n"
		   "Dead ISAKMP SA's: %u\n",
		   n.active, n.negotiating, n.dead);
}

void show_isakmp_sa(const struct show_in *in, enum sa_form form, struct txt *out)
{
	if (form == SA_DETAIL)
		sa_detail(in, out);
	else if (form == SA_COUNT)
		sa_count(in, out);
	else
		sa_table(in, form, out);
}

/* The first live SA with a peer stands for him. */
bool show_is_peer(const struct show_in *in, size_t i, const struct ipaddr *only)
{
	const struct ike_sa_info *s = &in->sas[i];

	if (s->deleted || (only->family && !ipaddr_equal(only, &s->remote)))
		return false;
	for (size_t k = 0; k < i; k++) {
		const struct ike_sa_info *o = &in->sas[k];

		if (!o->deleted && o->remote_port == s->remote_port &&
		    ipaddr_equal(&o->remote, &s->remote) && ipaddr_equal(&o->local, &s->local))
			return false;
	}
	return true;
}

void show_isakmp_peers(const struct show_in *in, const struct ipaddr *only, struct txt *out)
{
	for (size_t i = 0; i < in->n_sas; i++) {
		const struct ike_sa_info *s = &in->sas[i];
		char remote[IPADDR_STRLEN], local[IPADDR_STRLEN];

		if (!show_is_peer(in, i, only))
			continue;
		txt_printf(out, "Peer: %s Port: %u Local: %s\n", ipaddr_ios(&s->remote, remote),
			   (unsigned)s->remote_port, ipaddr_ios(&s->local, local));
		if (s->state == IKE_QM_IDLE)
			txt_printf(out, " Phase1 id: %s\n", s->peer_id[0] ? s->peer_id : remote);
	}
}
