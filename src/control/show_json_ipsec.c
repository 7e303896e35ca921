/* SPDX-License-Identifier: Apache-2.0 */
/* `| json` of show crypto ipsec sa and of show crypto engine connections active. */
#include "control/show_json_parts.h"

#include "control/show_index.h"
#include "crypto/alg.h"

void json_ident(struct json *j, const char *key, const struct selector *sel, bool remote)
{
	const struct addr_match *m = remote ? &sel->remote : &sel->local;
	const struct port_match *port = remote ? &sel->remote_port : &sel->local_port;
	struct txt mask = TXT_INIT;
	unsigned len;

	show_mask(&mask, m);
	json_object(j, key);
	json_addr(j, "address", &m->addr);
	json_str(j, "mask", txt_cstr(&mask));
	if (addr_match_prefix(m, &len))
		json_num(j, "prefix_length", len);
	else
		json_null(j, "prefix_length");
	json_num(j, "protocol", sel->proto);
	json_num(j, "port", port->op == PORT_EQ ? port->lo : 0u);
	json_object_end(j);
	j->out->bad |= mask.bad;
	txt_fini(&mask);
}

void json_lifetime_left(struct json *j, const struct sa_spec *s, const struct fwd_sa_stats *stats)
{
	if (!s || s->manual) {
		json_null(j, "lifetime_left_kb");
		json_null(j, "lifetime_left_sec");
		return;
	}
	if (s->life.hard_bytes)
		json_num(j, "lifetime_left_kb", stats->left_bytes / 1024);
	else
		json_null(j, "lifetime_left_kb");
	json_num(j, "lifetime_left_sec", stats->left_sec);
}

/* The words of `transform:`, without the blank behind them. */
static void transform(struct json *j, const struct sa_spec *s, uint8_t proto)
{
	const struct auth_info *a = auth_info(proto == s->proto ? s->auth : s->ah.auth);
	struct txt t = TXT_INIT;

	if (proto == PROTO_AH)
		txt_str(&t, a ? a->ios_ah : "");
	else
		show_esp_words(&t, s->cipher, s->cipher_bits, s->auth);
	json_strn(j, "transform", txt_cstr(&t), t.len && t.s[t.len - 1] == ' ' ? t.len - 1 : t.len);
	j->out->bad |= t.bad;
	txt_fini(&t);
}

/* One protocol of one direction, a block of the text. */
static void sa(const struct show_in *in, const struct ike_pair_info *pair, enum sa_dir dir, uint8_t proto,
	       const char *map, struct json *j)
{
	const struct sa_spec *s = dir == SA_IN ? &pair->in : &pair->out;
	struct fwd_sa_stats stats = show_sa_stats(in, s->id);
	const struct cipher_info *c = proto == PROTO_AH ? NULL : cipher_info(s->cipher, s->cipher_bits);

	json_object(j, NULL);
	json_str(j, "direction", dir == SA_IN ? "inbound" : "outbound");
	json_str(j, "protocol", proto == PROTO_AH ? "ah" : "esp");
	json_num(j, "spi", proto == s->proto ? s->spi : s->ah.spi);
	transform(j, s, proto);
	json_str(j, "mode", s->mode == MODE_TUNNEL ? "tunnel" : "transport");
	json_bool(j, "udp_encapsulation", s->udp_encap);
	json_num(j, "conn_id", show_conn_id(in, s));
	json_str(j, "crypto_map", map);
	json_addr(j, "source", &s->src);
	json_addr(j, "destination", &s->dst);
	json_bool(j, "manual", s->manual);
	if (s->manual && c && c->block_len == 8) { /* the one end that typed keys have */
		json_num(j, "lifetime_left_kb", stats.left_bytes / 1024);
		json_null(j, "lifetime_left_sec");
	} else {
		json_lifetime_left(j, s, &stats);
	}
	json_num(j, "iv_size", c ? c->iv_len : 0u);
	json_num(j, "replay_window", s->replay_window);
	json_str(j, "status", "ACTIVE");
	json_bool(j, "current", pair->current);
	json_num(j, "packets", stats.packets);
	json_num(j, "bytes", stats.bytes);
	json_num(j, "last_sequence", stats.seq);
	json_object_end(j);
}

/* Each protocol of one direction of a pair. */
static void sas_of_pair(const struct show_in *in, const struct ike_pair_info *pair, enum sa_dir dir,
			const char *map, struct json *j)
{
	const struct sa_spec *s = dir == SA_IN ? &pair->in : &pair->out;

	if (!s->spi || (dir == SA_OUT && !pair->out_id))
		return;
	for (uint8_t proto = PROTO_ESP; proto <= PROTO_AH; proto++)
		if (show_sa_has(s, proto))
			sa(in, pair, dir, proto, map, j);
}

static void counters(struct json *j, const struct fwd_policy_stats *s)
{
	json_num(j, "encaps", s->encaps);
	json_num(j, "encrypts", s->encrypts);
	json_num(j, "digests", s->digests);
	json_num(j, "decaps", s->decaps);
	json_num(j, "decrypts", s->decrypts);
	json_num(j, "verifies", s->verifies);
	json_num(j, "send_errors", s->send_errors);
	json_num(j, "recv_errors", s->recv_errors);
	json_num(j, "no_sa", s->no_sa);
	json_num(j, "invalid_sa", s->invalid_sa);
	json_num(j, "encaps_failed", s->encaps_failed + s->access_out);
	json_num(j, "decaps_failed", s->decaps_failed + s->access_in);
	json_num(j, "invalid_protocol", s->invalid_prot);
	json_num(j, "verify_failed", s->auth_failed);
	json_num(j, "invalid_identity", s->bad_identity);
	json_num(j, "invalid_length", s->invalid_len);
	json_num(j, "replay_rollover", s->rollover);
	json_num(j, "replay_failed", s->replayed);
	json_num(j, "internal_errors_out", s->internal_out);
	json_num(j, "internal_errors_in", s->internal_in);
}

static void flow(const struct show_in *in, const struct show_flow *f, bool identity, struct json *j)
{
	const struct ike_pair_info *pair;

	json_object(j, NULL);
	json_str(j, "interface", f->ifname);
	json_str(j, "crypto_map", f->p->map);
	json_addr(j, "local_address", &f->p->local);
	json_ident(j, "local_ident", f->sel, false);
	json_ident(j, "remote_ident", f->sel, true);
	json_addr(j, "current_peer", &f->peer);
	json_num(j, "port", f->port);
	json_bool(j, "sa_requested", f->asked);
	counters(j, &f->stats);
	json_num(j, "plaintext_mtu", f->plain_mtu);
	json_num(j, "path_mtu", f->path_mtu);
	json_num(j, "ip_mtu", f->ip_mtu);
	json_num(j, "outbound_spi", f->pair ? f->pair->out.spi : 0);
	if (f->p->pfs_group)
		json_num(j, "pfs_group", f->p->pfs_group);
	else
		json_null(j, "pfs_group");
	json_array(j, "sas");
	for (enum sa_dir dir = SA_IN; !identity && dir <= SA_OUT; dir++)
		for (size_t at = 0; (pair = show_next_pair(in, f->p->id, &at));)
			sas_of_pair(in, pair, dir, f->p->map, j);
	json_array_end(j);
	json_object_end(j);
}

static const char *map_of(const struct show_in *in, uint32_t policy_id)
{
	const struct p2_policy *p = show_find_p2(in, policy_id);

	return p ? p->map : "";
}

bool json_ipsec_sa_element(const struct show_in *in, const struct exec_args *a, struct show_json_cursor *k, struct json *j)
{
	struct ipsec_filter f = show_ipsec_filter(a);
	struct show_flow of;

	if (k->at == in->n_p2)
		return false;
	if (show_flow_wanted(in, &in->p2[k->at], &f)) {
		of = show_flow_of(in, &in->p2[k->at]);
		flow(in, &of, f.identity, j);
	}
	k->at++;
	return true;
}

int json_ipsec_sa(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	struct show_sa_count n = show_sa_count(in);

	if (a->count) {
		json_num(j, "total", n.total);
		json_num(j, "active", n.total - n.rekeying);
		json_num(j, "rekeying", n.rekeying);
		json_num(j, "unused", 0);
		json_num(j, "invalid", 0);
		return 0;
	}
	if (!a->flag)
		return json_whole(in, a, "flows", json_ipsec_sa_element, j);
	json_array(j, "sas");
	for (enum sa_dir dir = SA_IN; dir <= SA_OUT; dir++)
		for (size_t i = 0; i < in->n_pairs; i++)
			sas_of_pair(in, &in->pairs[i], dir, map_of(in, in->pairs[i].policy_id), j);
	json_array_end(j);
	return 0;
}

static void engine_row(const struct show_in *in, const struct engine_row *r, void *ctx)
{
	struct json *j = ctx;

	(void)in;
	json_object(j, NULL);
	json_num(j, "id", r->id);
	json_str(j, "type", r->type);
	json_str(j, "algorithm", r->alg);
	json_num(j, "encrypt", r->encrypt);
	json_num(j, "decrypt", r->decrypt);
	json_num(j, "last_sequence", r->last_seq);
	json_addr(j, "address", r->addr);
	json_str_or_null(j, "interface", r->ifname);
	json_object_end(j);
}

int json_crypto_engine(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_array(j, "connections");
	show_engine_rows(in, engine_row, j);
	json_array_end(j);
	return 0;
}

/* Every reason, so that a reader may take differences. */
static void drop_row(const char *why, uint64_t n, void *ctx)
{
	struct json *j = ctx;

	json_object(j, NULL);
	json_str(j, "reason", why);
	json_num(j, "packets", n);
	json_object_end(j);
}

int json_crypto_drops(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_array(j, "drops");
	show_drop_rows(in, drop_row, j);
	json_array_end(j);
	return 0;
}

static void socket_row(const struct show_socket *s, void *ctx)
{
	struct json *j = ctx;

	json_object(j, NULL);
	json_str(j, "interface", s->ci->name);
	json_addr(j, "local", &s->p->local);
	json_addr(j, "remote", &s->p->peers[0]);
	json_ident(j, "local_ident", &s->p->sel, false);
	json_ident(j, "remote_ident", &s->p->sel, true);
	json_str(j, "ipsec_profile", s->ci->tunnel.protection);
	json_str(j, "crypto_map", s->p->map);
	json_str(j, "state", s->state);
	json_object_end(j);
}

int json_crypto_sockets(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_array(j, "sockets");
	show_socket_rows(in, socket_row, j);
	json_array_end(j);
	return 0;
}

int json_tunnel_protection(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	struct show_tunnel_protection p;

	(void)a;
	show_protection_count(in, &p);
	json_num(j, "listening", p.listening);
	json_num(j, "up", p.up);
	json_num(j, "dropped_without_sa", p.no_sa);
	json_num(j, "received_clear", p.recvd_clear);
	return 0;
}
