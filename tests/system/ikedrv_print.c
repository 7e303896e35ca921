/* SPDX-License-Identifier: Apache-2.0 */
/* What ikedrv prints: one JSON object each line. Keys are printed: it is a test. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/txt.h"
#include "ikedrv.h"

static void print(cJSON *o)
{
	char *s = cJSON_PrintUnformatted(o);

	if (!s)
		abort();
	puts(s);
	free(s);
	cJSON_Delete(o);
}

static cJSON *object(const char *what)
{
	cJSON *o = cJSON_CreateObject();

	if (!o || !cJSON_AddStringToObject(o, "what", what))
		abort();
	return o;
}

static void add_hex(cJSON *o, const char *name, const void *p, size_t n)
{
	struct txt t = TXT_INIT;

	txt_hex(&t, p, n);
	cJSON_AddStringToObject(o, name, txt_cstr(&t));
	txt_fini(&t);
}

static void add_addr(cJSON *o, const char *name, const struct ipaddr *a)
{
	char s[IPADDR_STRLEN];

	cJSON_AddStringToObject(o, name, ipaddr_str(a, s));
}

static void add_match(cJSON *o, const char *name, const struct addr_match *m)
{
	char s[IPADDR_STRLEN], net[IPADDR_STRLEN + 4];
	unsigned len = 0;

	snprintf(net, sizeof(net), "%s/%s", ipaddr_str(&m->addr, s), "holes");
	if (addr_match_prefix(m, &len))
		snprintf(net, sizeof(net), "%s/%u", s, len);
	cJSON_AddStringToObject(o, name, net);
}

static void add_spec(cJSON *o, const struct sa_spec *s)
{
	char spi[9];

	snprintf(spi, sizeof(spi), "%08x", s->spi);
	cJSON_AddNumberToObject(o, "id", s->id);
	cJSON_AddNumberToObject(o, "pair", s->pair_id);
	cJSON_AddNumberToObject(o, "policy", s->policy_id);
	cJSON_AddStringToObject(o, "dir", s->dir == SA_IN ? "in" : "out");
	cJSON_AddNumberToObject(o, "proto", s->proto);
	cJSON_AddStringToObject(o, "mode", s->mode == MODE_TUNNEL ? "tunnel" : "transport");
	cJSON_AddStringToObject(o, "spi", spi);
	add_addr(o, "src", &s->src);
	add_addr(o, "dst", &s->dst);
	cJSON_AddBoolToObject(o, "udp", s->udp_encap);
	cJSON_AddNumberToObject(o, "sport", s->udp_sport);
	cJSON_AddNumberToObject(o, "dport", s->udp_dport);
	cJSON_AddNumberToObject(o, "cipher", s->cipher);
	cJSON_AddNumberToObject(o, "bits", s->cipher_bits);
	cJSON_AddNumberToObject(o, "auth", s->auth);
	add_hex(o, "enc_key", s->enc_key.b, s->enc_key.len);
	add_hex(o, "auth_key", s->auth_key.b, s->auth_key.len);
	add_match(o, "local", &s->sel.local);
	add_match(o, "remote", &s->sel.remote);
	cJSON_AddNumberToObject(o, "ip_proto", s->sel.proto);
	cJSON_AddNumberToObject(o, "lport", s->sel.local_port.lo);
	cJSON_AddNumberToObject(o, "rport", s->sel.remote_port.lo);
	cJSON_AddNumberToObject(o, "soft_sec", s->life.soft_sec);
	cJSON_AddNumberToObject(o, "hard_sec", s->life.hard_sec);
	cJSON_AddNumberToObject(o, "soft_bytes", (double)s->life.soft_bytes);
	cJSON_AddNumberToObject(o, "hard_bytes", (double)s->life.hard_bytes);
}

void drv_print_text(const char *what, const char *text)
{
	cJSON *o = object(what);

	cJSON_AddStringToObject(o, "text", text);
	print(o);
}

static void print_send(const struct ike_action *a, const char *what)
{
	cJSON *o = object(what);

	add_addr(o, "to", &a->path.remote);
	cJSON_AddNumberToObject(o, "port", a->path.remote_port);
	cJSON_AddNumberToObject(o, "len", (double)a->data.len);
	if (a->data.len > 18)
		cJSON_AddNumberToObject(o, "exchange", a->data.p[18]);
	print(o);
}

void drv_print_action(const struct ike_action *a)
{
	cJSON *o;

	switch (a->type) {
	case IKE_ACT_SEND:
		print_send(a, "send");
		return;
	case IKE_ACT_NAT_KEEPALIVE:
		print_send(a, "keepalive");
		return;
	case IKE_ACT_SA_ADD:
		o = object("sa-add");
		add_spec(o, a->spec);
		break;
	case IKE_ACT_SA_MOVE:
		o = object("sa-move");
		cJSON_AddNumberToObject(o, "id", a->sa_id);
		add_addr(o, "to", &a->path.remote);
		cJSON_AddNumberToObject(o, "port", a->path.remote_port);
		break;
	case IKE_ACT_SA_DEL:
		o = object("sa-del");
		cJSON_AddNumberToObject(o, "id", a->sa_id);
		break;
	case IKE_ACT_FAILED:
		o = object("failed");
		cJSON_AddNumberToObject(o, "policy", a->policy_id);
		cJSON_AddStringToObject(o, "text", a->text);
		break;
	case IKE_ACT_LOG:
		o = object("log");
		cJSON_AddStringToObject(o, "mnemonic", a->mnemonic);
		cJSON_AddStringToObject(o, "text", a->text);
		break;
	case IKE_ACT_DEBUG:
		o = object("debug");
		cJSON_AddStringToObject(o, "text", a->text);
		break;
	case IKE_ACT_POLICIES:
		o = object("policies");
		cJSON_AddNumberToObject(o, "policy", a->policy_id);
		break;
	case IKE_ACT_KEY:
		o = object("key");
		add_hex(o, "cookie", a->cookie, sizeof(a->cookie));
		add_hex(o, "key", a->data.p, a->data.len);
		break;
	case IKE_ACT_STEP:
		return;
	default:
		abort();
	}
	print(o);
}

void drv_print_sas(const struct ike *k, uint64_t now_ms)
{
	struct ike_sa_info s;

	for (size_t i = 0; ike_get_sa(k, now_ms, i, &s); i++) {
		cJSON *o = object("sa");

		add_addr(o, "local", &s.local);
		add_addr(o, "remote", &s.remote);
		cJSON_AddNumberToObject(o, "local_port", s.local_port);
		cJSON_AddNumberToObject(o, "remote_port", s.remote_port);
		cJSON_AddBoolToObject(o, "initiator", s.initiator);
		cJSON_AddStringToObject(o, "state", ike_state_name(s.state));
		cJSON_AddBoolToObject(o, "deleted", s.deleted);
		cJSON_AddNumberToObject(o, "conn", s.conn_id);
		cJSON_AddNumberToObject(o, "priority", s.agreed.priority);
		cJSON_AddNumberToObject(o, "life", s.agreed.life_sec);
		cJSON_AddNumberToObject(o, "left", s.left_sec);
		cJSON_AddBoolToObject(o, "nat", s.nat);
		cJSON_AddStringToObject(o, "peer_id", s.peer_id);
		cJSON_AddStringToObject(o, "story", s.story);
		print(o);
	}
}

void drv_print_pairs(const struct ike *k)
{
	struct ike_pair_info p;

	for (size_t i = 0; ike_get_pair(k, i, &p); i++) {
		cJSON *o = object("pair");
		char spi[9];

		cJSON_AddNumberToObject(o, "pair", p.pair_id);
		cJSON_AddNumberToObject(o, "policy", p.policy_id);
		cJSON_AddNumberToObject(o, "in", p.in_id);
		cJSON_AddNumberToObject(o, "out", p.out_id);
		cJSON_AddBoolToObject(o, "initiator", p.initiator);
		cJSON_AddBoolToObject(o, "current", p.current);
		snprintf(spi, sizeof(spi), "%08x", p.in.spi);
		cJSON_AddStringToObject(o, "in_spi", spi);
		snprintf(spi, sizeof(spi), "%08x", p.out.spi);
		cJSON_AddStringToObject(o, "out_spi", spi);
		print(o);
	}
}
