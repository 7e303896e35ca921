/* SPDX-License-Identifier: Apache-2.0 */
/* What the layouts of several show commands share. */
#include "control/show_parts.h"

#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "control/show_index.h"
#include "crypto/alg.h"

#define MINUTE 60u
#define HOUR   3600u
#define DAY    86400u
#define WEEK   (7u * DAY)
#define YEAR   (365u * DAY)

void show_age(struct txt *out, uint64_t sec)
{
	if (sec < DAY)
		txt_printf(out, "%02u:%02u:%02u", (unsigned)(sec / HOUR),
			   (unsigned)(sec % HOUR / MINUTE), (unsigned)(sec % MINUTE));
	else if (sec < WEEK)
		txt_printf(out, "%ud%02uh", (unsigned)(sec / DAY), (unsigned)(sec % DAY / HOUR));
	else if (sec < YEAR)
		txt_printf(out, "%uw%ud", (unsigned)(sec / WEEK), (unsigned)(sec % WEEK / DAY));
	else
		txt_printf(out, "%lluy%uw", (unsigned long long)(sec / YEAR),
			   (unsigned)(sec % YEAR / WEEK));
}

void show_ago(struct txt *out, uint64_t ms)
{
	if (ms == SHOW_NEVER)
		txt_str(out, "never");
	else
		show_age(out, ms / 1000);
}

void show_mask(struct txt *out, const struct addr_match *m)
{
	struct ipaddr mask = { .family = m->addr.family };
	char s[IPADDR_STRLEN];
	unsigned len;

	if (mask.family == IP_V6 && addr_match_prefix(m, &len)) {
		txt_printf(out, "%u", len);
		return;
	}
	for (size_t i = 0; i < (mask.family == IP_V6 ? 16u : 4u); i++)
		mask.b[i] = (uint8_t)~m->wild[i];
	txt_str(out, ipaddr_ios(&mask, s));
}

void show_ace_body(struct txt *out, const struct cfg_acl *acl, const struct acl_entry *e)
{
	const char *action = e->kind == ACE_PERMIT ? "permit " : "deny ";
	struct txt line = TXT_INIT;
	const char *at;

	commands_render_ace(acl, e, &line);
	at = strstr(txt_cstr(&line), action);
	if (at)
		txt_str(out, at + strlen(action));
	out->bad |= line.bad;
	txt_fini(&line);
}

void show_esp_words(struct txt *out, uint8_t cipher, uint16_t bits, uint8_t auth)
{
	const struct cipher_info *c = cipher_info(cipher, bits);
	const struct auth_info *a = auth_info(auth);

	if (c)
		txt_printf(out, "%s ", c->ios_show);
	if (a)
		txt_printf(out, "%s ", a->ios_esp);
}

void show_transform_groups(struct txt *out, const struct p2_transform *t)
{
	const struct auth_info *ah = auth_info(t->ah_auth);

	if (ah)
		txt_printf(out, "{ %s  } ", ah->ios_ah);
	if (ah && t->cipher != CIPHER_UNSET)
		txt_str(out, ", ");
	if (t->cipher != CIPHER_UNSET) {
		txt_str(out, "{ ");
		show_esp_words(out, t->cipher, t->cipher_bits, t->esp_auth);
		txt_str(out, " } ");
	}
}

struct fwd_sa_stats show_sa_stats(const struct show_in *in, uint32_t sa_id)
{
	const struct fwd_sa_stats *s = show_find_sa_stats(in, sa_id);

	return s ? *s : (struct fwd_sa_stats){ 0 };
}

/* A pair of hosts has no SPD entry of its own: what its SAs have carried so far. */
struct fwd_policy_stats show_flow_stats(const struct show_in *in, const struct p2_policy *p)
{
	struct fwd_policy_stats s = { .policy_id = p->id };
	const struct ike_pair_info *pair;
	size_t at = 0;

	if (!p->line)
		return show_policy_stats(in, p->id);
	while ((pair = show_next_pair(in, p->id, &at))) {
		struct fwd_sa_stats sa_in = show_sa_stats(in, pair->in_id);
		struct fwd_sa_stats sa_out = show_sa_stats(in, pair->out_id);

		s.encaps += sa_out.packets;
		s.decaps += sa_in.packets;
		s.recv_errors += sa_in.auth_failed + sa_in.replayed + sa_in.bad_identity;
		s.send_errors += sa_out.send_errors;
	}
	s.encrypts = s.digests = s.encaps;
	s.decrypts = s.verifies = s.decaps;
	return s;
}

struct fwd_policy_stats show_policy_stats(const struct show_in *in, uint32_t policy_id)
{
	const struct fwd_policy_stats *s = show_find_policy_stats(in, policy_id);

	return s ? *s : (struct fwd_policy_stats){ 0 };
}

const struct if_snapshot *show_if_by_name(const struct show_in *in, const char *name)
{
	for (size_t i = 0; i < in->n_ifs; i++)
		if (!strcmp(in->ifs[i].name, name))
			return &in->ifs[i];
	return NULL;
}

const struct if_snapshot *show_if_by_index(const struct show_in *in, uint32_t ifindex)
{
	return show_find_if(in, ifindex);
}

const struct ike_pair_info *show_current_pair(const struct show_in *in, uint32_t policy_id)
{
	const struct ike_pair_info *found = NULL, *p;
	size_t at = 0;

	while ((p = show_next_pair(in, policy_id, &at)))
		if (p->out_id && (!found || p->current))
			found = p;
	return found;
}

bool show_policy_peer(const struct show_in *in, const struct p2_policy *p, struct ipaddr *ret_peer)
{
	const struct ike_pair_info *pair = show_current_pair(in, p->id);

	if (pair) {
		*ret_peer = pair->out.dst;
		return true;
	}
	for (size_t i = 0; i < p->n_peers; i++) {
		/* no SA yet: the one that is being talked to */
		if (show_live_sa(in, &p->peers[i], false)) {
			*ret_peer = p->peers[i];
			return true;
		}
	}
	if (!p->n_peers)
		return false;
	*ret_peer = p->peers[0];
	return true;
}

const struct ike_sa_info *show_live_sa(const struct show_in *in, const struct ipaddr *peer,
				       bool ready)
{
	const struct ike_sa_info *s;
	size_t at = 0;

	while ((s = show_next_sa(in, peer, &at)))
		if (!s->deleted && (!ready || s->state == IKE_QM_IDLE))
			return s;
	return NULL;
}

uint32_t show_conn_id(const struct show_in *in, const struct sa_spec *s)
{
	uint32_t base = in->config->compat_ios12 ? 2000 : 0;

	return base + 2 * s->pair_id - (s->dir == SA_IN);
}

/* RFC 4302: 12 bytes and the ICV; no padding needed. */
static uint32_t ah_len(uint8_t auth)
{
	const struct auth_info *a = auth_info(auth);

	return a ? 12u + a->icv_len : 0;
}

uint32_t show_plaintext_mtu(const struct sa_spec *s, uint32_t path_mtu)
{
	const struct cipher_info *c = cipher_info(s->cipher, s->cipher_bits);
	const struct auth_info *a = auth_info(s->auth);
	uint32_t icv = (a ? a->icv_len : 0u) + (c && c->combined ? c->icv_len : 0u);
	uint32_t ip = s->dst.family == IP_V6 ? 40 : 20, fixed, block, text;

	if (s->proto == PROTO_AH) {
		/* RFC 4302 section 3.3.3.2.1: a multiple of eight bytes over IPv6 */
		fixed = ah_len(s->auth);
		fixed += ip == 40 ? -fixed & 7 : 0;
		return path_mtu > fixed + ip ? path_mtu - fixed - (s->mode == MODE_TUNNEL ? ip : 0) : 0;
	}
	fixed = ip + (s->ah.spi ? ah_len(s->ah.auth) : 0) + (s->udp_encap ? 8u : 0u) + 8u +
		(c ? c->iv_len : 0u) + icv;
	block = c && c->block_len > 4 ? c->block_len : 4u; /* RFC 4303 section 2.4 */
	if (path_mtu < fixed + block)
		return 0;
	text = (path_mtu - fixed) / block * block - 2;
	return s->mode == MODE_TUNNEL ? text : text + ip;
}

uint32_t show_path_mtu(const struct show_in *in, const struct p2_policy *p)
{
	const struct ike_pair_info *pair = show_current_pair(in, p->id);
	uint32_t in_force = pair ? show_sa_stats(in, pair->out_id).path_mtu : 0;

	if (!in_force)
		in_force = (uint32_t)show_policy_stats(in, p->id).path_mtu;
	if (in_force)
		return in_force;
	for (size_t i = 0; i < in->n_policies; i++)
		if (in->policies[i].id == p->id && in->policies[i].path_mtu)
			return in->policies[i].path_mtu;
	return 1500;
}
