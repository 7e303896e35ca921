/* SPDX-License-Identifier: Apache-2.0 */
/* `| json` of show crypto isakmp: what show_isakmp.c and show_isakmp_conf.c lay out. */
#include "control/show_json_parts.h"

static void suite(struct json *j, const struct p1_policy *p)
{
	bool aes = p->cipher == CIPHER_AES_CBC;

	json_str_or_null(j, "encryption", show_p1_cipher(p));
	if (aes)
		json_num(j, "key_bits", p->cipher_bits ? p->cipher_bits : 128u);
	else
		json_null(j, "key_bits");
	json_str_or_null(j, "hash", show_p1_hash(p));
	json_str_or_null(j, "authentication", show_p1_auth(p));
	if (p->group)
		json_num(j, "group", p->group);
	else
		json_null(j, "group");
}

static void sa(const struct show_in *in, const struct ike_sa_info *s, struct json *j)
{
	json_object(j, NULL);
	json_addr(j, "destination", s->initiator ? &s->remote : &s->local);
	json_addr(j, "source", s->initiator ? &s->local : &s->remote);
	json_str(j, "state", show_p1_state(s));
	json_num(j, "conn_id", show_p1_conn_id(in, s));
	json_str(j, "status", "ACTIVE");
	json_bool(j, "deleted", s->deleted);
	json_addr(j, "local", &s->local);
	json_num(j, "local_port", s->local_port);
	json_addr(j, "remote", &s->remote);
	json_num(j, "remote_port", s->remote_port);
	json_bool(j, "initiator", s->initiator);
	json_str_or_null(j, "phase1_id", s->peer_id);
	json_str_or_null(j, "isakmp_profile", s->profile);
	suite(j, &s->agreed);
	json_num(j, "lifetime_left_sec", s->left_sec);
	json_bool(j, "dead_peer_detection", s->dpd);
	json_bool(j, "nat_traversal", s->nat);
	json_bool(j, "fragmentation", s->frag);
	json_num(j, "encrypts", s->encrypts);
	json_num(j, "decrypts", s->decrypts);
	json_str_or_null(j, "last_event", s->story);
	json_object_end(j);
}

bool json_isakmp_sa_element(const struct show_in *in, const struct exec_args *a, struct show_json_cursor *k, struct json *j)
{
	const struct ike_sa_info *s;

	if (a->number || k->at == 2 * in->n_sas) /* none stands by; those of IPv4, then those of IPv6 */
		return false;
	s = &in->sas[k->at % in->n_sas];
	if ((s->remote.family == IP_V6) == (k->at >= in->n_sas))
		sa(in, s, j);
	k->at++;
	return true;
}

int json_isakmp_sa(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	if (a->count) {
		struct show_p1_count n = show_p1_count(in);

		json_num(j, "active", n.active);
		json_num(j, "standby", 0);
		json_num(j, "negotiating", n.negotiating);
		json_num(j, "dead", n.dead);
		return 0;
	}
	return json_whole(in, a, "isakmp_sas", json_isakmp_sa_element, j);
}

/* ---- policies ---- */

static void policy(struct json *j, const struct p1_policy *p, bool is_default, bool has_priority)
{
	json_object(j, NULL);
	if (has_priority)
		json_num(j, "priority", p->priority);
	else
		json_null(j, "priority");
	suite(j, p);
	json_str_or_null(j, "group_size", show_group_bits(p->group));
	json_num(j, "lifetime_sec", p->life_sec);
	json_bool(j, "default", is_default);
	json_object_end(j);
}

static void defaults(struct json *j)
{
	for (size_t i = 0; i < P1_N_DEFAULTS; i++)
		policy(j, &p1_defaults[i], true, true);
}

int json_isakmp_policy(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	const struct cfg_isakmp *k = &in->config->isakmp;
	bool old = in->config->compat_ios12;

	(void)a;
	json_array(j, "policies");
	for (size_t i = 0; i < k->policies.n; i++)
		policy(j, &k->policies.v[i]->p, false, true);
	if (!k->policies.n && k->default_policy && !old)
		defaults(j);
	else if (old || k->legacy_default_policy)
		policy(j, &p1_legacy, true, false);
	json_array_end(j);
	return 0;
}

int json_isakmp_default_policy(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_array(j, "policies");
	if (in->config->isakmp.default_policy)
		defaults(j);
	json_array_end(j);
	return 0;
}

/* ---- keys and peers ---- */

/* As the text: keys that the configuration holds in clear are shown so. */
static void key(struct json *j, const char *ring, const struct cfg_key *k)
{
	bool encrypted = k->type == 6;

	json_object(j, NULL);
	json_str(j, "keyring", ring);
	json_addr(j, "address", &k->addr);
	if (k->addr.family == IP_NONE)
		json_null(j, "prefix_length");
	else
		json_int(j, "prefix_length", ipaddr_mask_len(&k->mask));
	json_str_or_null(j, "hostname", k->addr.family == IP_NONE ? k->host : NULL);
	json_bool(j, "encrypted", encrypted);
	json_str(j, "preshared_key", encrypted ? NULL : k->key);
	json_object_end(j);
}

int json_isakmp_key(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	const struct cfg_isakmp *k = &in->config->isakmp;
	const struct cfg_keys *rings = &in->config->keys;

	(void)a;
	json_array(j, "keys");
	for (size_t i = 0; i < k->keys.n; i++)
		key(j, "default", k->keys.v[i]);
	for (size_t i = 0; i < rings->n_keyrings; i++)
		for (size_t n = 0; n < rings->keyrings[i]->n; n++)
			key(j, rings->keyrings[i]->name, rings->keyrings[i]->keys[n]);
	json_array_end(j);
	return 0;
}

int json_isakmp_peers(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	json_array(j, "peers");
	for (size_t i = 0; i < in->n_sas; i++) {
		const struct ike_sa_info *s = &in->sas[i];
		char remote[IPADDR_STRLEN];

		if (!show_is_peer(in, i, &a->addr))
			continue;
		json_object(j, NULL);
		json_addr(j, "address", &s->remote);
		json_num(j, "port", s->remote_port);
		json_addr(j, "local", &s->local);
		ipaddr_ios(&s->remote, remote);
		json_str(j, "phase1_id", s->state != IKE_QM_IDLE ? NULL : s->peer_id[0] ? s->peer_id : remote);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}

/* ---- call admission ---- */

int json_call_admission(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	const struct ike_admission *m = &in->admission;
	struct show_call_pairs n = show_call_pairs(in);

	(void)a;
	json_object(j, "ike");
	json_num(j, "system_resource_limit", m->max_charge);
	json_num(j, "max_sas", m->max_sas);
	json_num(j, "max_negotiating", m->max_negotiating);
	json_num(j, "active", m->active);
	json_num(j, "negotiating", m->negotiating);
	json_num(j, "incoming_accepted", m->in_accepted);
	json_num(j, "incoming_rejected", m->in_rejected);
	json_num(j, "outgoing_accepted", m->out_accepted);
	json_num(j, "outgoing_rejected", m->out_rejected);
	json_num(j, "rejected_low_resources", m->low_resources);
	json_num(j, "rejected_at_sa_limit", m->at_max_sas);
	json_num(j, "rejected_at_negotiation_limit", m->at_max_negotiating);
	json_num(j, "dropped_at_dispatch", m->not_begun);
	json_object_end(j);
	json_object(j, "ipsec");
	json_num(j, "active", n.active);
	json_num(j, "negotiating", n.negotiating);
	json_num(j, "incoming", n.incoming);
	json_num(j, "outgoing", n.outgoing);
	json_object_end(j);
	return 0;
}
