/* SPDX-License-Identifier: Apache-2.0 */
/* `debug crypto ipsec`: requests, proposals and SAs in IOS's blocks. Never keys. */
#include "ike/internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "crypto/alg.h"

static bool off(const struct ike *k)
{
	return !(k->debug & (IKE_DEBUG_IPSEC | IKE_DEBUG_IPSEC_ERROR | IKE_DEBUG_IPSEC_MESSAGE | IKE_DEBUG_IPSEC_STATES));
}

enum { WORDS = 64, PROXY = 96, BLOCK = 640 };

/* proto AH: auth is all there is. */
static const char *words(uint8_t proto, uint8_t cipher, uint16_t bits, uint8_t auth, char buf[WORDS])
{
	const struct cipher_info *c = cipher_info(cipher, bits);

	if (proto == PROTO_AH)
		snprintf(buf, WORDS, "%s", auth ? auth_info(auth)->ios_ah : "ah-unknown");
	else
		snprintf(buf, WORDS, "%s %s", c ? c->ios_conf : "esp-unknown",
		 auth ? auth_info(auth)->ios_esp : "");
	return buf;
}

/* 2.2.2.0/255.255.255.0/0/0 (type=4), 2001:DB8:2::/64/0/0 (type=6); a host is of type 1 or 5
 * (RFC 2407 section 4.6.2.1). */
static const char *proxy(const struct addr_match *m, uint8_t proto, const struct port_match *port,
			 char buf[PROXY])
{
	bool v6 = m->addr.family == IP_V6;
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN];
	unsigned len = 0;

	(void)addr_match_prefix(m, &len);
	struct ipaddr mask = { .family = m->addr.family };
	bool host = len == ip_bits(m->addr.family);
	for (size_t i = 0; i < sizeof(mask.b); i++)
		mask.b[i] = (uint8_t)~m->wild[i];
	if (v6)
		snprintf(b, sizeof(b), "%u", len);
	else
		ipaddr_ios(&mask, b);
	snprintf(buf, PROXY, "%s/%s/%u/%u (type=%u)", ipaddr_ios(&m->addr, a), b, proto,
		 port->op == PORT_EQ ? port->lo : 0u,
		 host ? ike_addr_id(m->addr.family) : v6 ? (unsigned)ID_IPV6_SUBNET : (unsigned)ID_IPV4_SUBNET);
	return buf;
}

struct block {
	const char *direction;
	const struct ipaddr *local, *remote;
	const struct selector *sel;
	uint8_t proto, cipher, auth, mode;
	uint16_t bits;
	uint32_t life_sec, spi, conn_id;
	uint64_t life_kb;
};

static const char *print(const struct block *b, char buf[BLOCK])
{
	char local[IPADDR_STRLEN], remote[IPADDR_STRLEN], trans[WORDS], near[PROXY], far[PROXY];

	snprintf(buf, BLOCK,
		 "  (key eng. msg.) %s local= %s, remote= %s, \n    local_proxy= %s, \n    remote_proxy= %s,\n"
		 "    protocol= %s, transform= %s  (%s), \n    lifedur= %" PRIu32 "s and %" PRIu64 "kb, \n"
		 "    spi= 0x%" PRIX32 "(%" PRIu32 "), conn_id= %" PRIu32 ", keysize= %u, flags= 0x0",
		 b->direction, ipaddr_ios(b->local, local), ipaddr_ios(b->remote, remote),
		 proxy(&b->sel->local, b->sel->proto, &b->sel->local_port, near),
		 proxy(&b->sel->remote, b->sel->proto, &b->sel->remote_port, far),
		 b->proto == PROTO_AH ? "AH" : "ESP",
		 words(b->proto, b->cipher, b->bits, b->auth, trans), b->mode == MODE_TUNNEL ? "Tunnel" : "Transport",
		 b->life_sec, b->life_kb, b->spi, b->spi, b->conn_id, b->bits);
	return buf;
}

void trace_request(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer)
{
	size_t i = 0;
	char buf[BLOCK];

	while (i < p->n_transforms && !p2_usable(&p->transforms[i]))
		i++;
	if (off(k) || i == p->n_transforms)
		return;
	const struct p2_transform *t = &p->transforms[i];
	struct block b = { .direction = "OUTBOUND", .local = &p->local, .remote = peer,
			   .sel = &p->sel, .proto = PROTO_AH, .auth = t->ah_auth, .mode = t->mode,
			   .life_sec = p->life_sec, .life_kb = p->life_kb };
	if (t->ah_auth)
		act_debug_ipsec(k, peer, IKE_DEBUG_IPSEC_MESSAGE, "(sa_request): ,\n%s", print(&b, buf));
	b.proto = PROTO_ESP;
	b.cipher = t->cipher;
	b.bits = t->cipher_bits;
	b.auth = t->esp_auth;
	if (t->cipher != CIPHER_UNSET)
		act_debug_ipsec(k, peer, IKE_DEBUG_IPSEC_MESSAGE, "(sa_request): ,\n%s", print(&b, buf));
}

void trace_proposal(const struct qm *q)
{
	const struct ike_sa *sa = q->sa;
	const struct p2_agreed *a = &q->agreed;
	char buf[BLOCK];
	const struct block b = { .direction = "INBOUND", .local = &sa->path.local,
				 .remote = &sa->path.remote, .sel = &q->sel, .proto = a->proto,
				 .cipher = a->cipher,
				 .bits = a->cipher_bits, .auth = a->auth, .mode = a->mode };

	if (off(sa->k))
		return;
	act_debug_ipsec(sa->k, &sa->path.remote, IKE_DEBUG_IPSEC_MESSAGE, "(validate_proposal_request): proposal part #1,\n%s",
			print(&b, buf));
	if (!a->ah_auth)
		return;
	struct block ah = b;
	ah.proto = PROTO_AH;
	ah.auth = a->ah_auth;
	ah.bits = 0;
	act_debug_ipsec(sa->k, &sa->path.remote, IKE_DEBUG_IPSEC_MESSAGE, "(validate_proposal_request): proposal part #2,\n%s",
			print(&ah, buf));
}

/* Only the first transform, as there is one reason. */
void trace_refusal(const struct qm *q, struct span sa_body)
{
	const struct ike_sa *sa = q->sa;
	struct ike_proposal p;
	struct ike_transform t;
	struct rd r;

	if (off(sa->k) || !ike_sa_decode(sa_body, &r) || !ike_proposal_next(&r, &p) ||
	    !ike_transform_next(&p, &t))
		return;
	struct p2_seen s = p2_read(t.attrs);
	const struct cipher_info *c = cipher_by_esp(t.id, s.bits);
	const struct auth_info *a = s.auth ? auth_by_attr(s.auth) : NULL;
	act_debug_ipsec(sa->k, &sa->path.remote, IKE_DEBUG_IPSEC_ERROR,
			"(ipsec_process_proposal): transform proposal not supported for identity: \n"
			"    {%s %s }",
			p.proto == PROTO_ID_ESP && c ? c->ios_conf :
			p.proto == PROTO_ID_AH && a  ? a->ios_ah :
						       "unknown",
			a && p.proto == PROTO_ID_ESP ? a->ios_esp : "");
}

void trace_no_pfs(const struct qm *q)
{
	act_debug_ipsec(q->sa->k, &q->sa->path.remote, IKE_DEBUG_IPSEC_ERROR,
			"(validate_transform_proposal): invalid transform proposal flags");
}

void trace_request_fired(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer, unsigned count)
{
	char local[IPADDR_STRLEN], remote[IPADDR_STRLEN], near[PROXY], far[PROXY];

	if (off(k))
		return;
	act_debug_ipsec(k, peer, IKE_DEBUG_IPSEC_MESSAGE,
			": (key_engine) request timer fired: count = %u,\n  (identity) local= %s:0, remote= %s:0, \n"
			"    local_proxy= %s, \n    remote_proxy= %s",
			count, ipaddr_ios(&p->local, local), ipaddr_ios(peer, remote),
			proxy(&p->sel.local, p->sel.proto, &p->sel.local_port, near),
			proxy(&p->sel.remote, p->sel.proto, &p->sel.remote_port, far));
}

/* One of the protocols of s. */
static void sa_block(struct ike *k, const struct pair *p, const struct sa_spec *s, uint8_t proto)
{
	bool in = s->dir == SA_IN, bundled = proto != s->proto;
	char buf[BLOCK];
	const struct block b = { .direction = in ? "INBOUND" : "OUTBOUND",
				 .local = in ? &s->dst : &s->src, .remote = in ? &s->src : &s->dst,
				 .sel = &s->sel, .proto = proto, .cipher = s->cipher,
				 .bits = bundled ? 0 : s->cipher_bits, .auth = bundled ? s->ah.auth : s->auth,
				 .mode = s->mode, .life_sec = p->policy.life_sec,
				 .life_kb = p->policy.life_kb, .spi = bundled ? s->ah.spi : s->spi,
				 .conn_id = s->pair_id };

	act_debug_ipsec(k, &p->peer, IKE_DEBUG_IPSEC_MESSAGE, "(initialize_sas): ,\n%s", print(&b, buf));
}

static void created(struct ike *k, const struct pair *p, const struct sa_spec *s, uint8_t proto)
{
	bool bundled = proto != s->proto;
	uint32_t spi = bundled ? s->ah.spi : s->spi;
	char a[IPADDR_STRLEN], trans[WORDS];

	act_debug_ipsec(k, &p->peer, IKE_DEBUG_IPSEC_STATES,
			"(create_sa): sa created,\n  (sa) sa_dest= %s, sa_proto= %u, \n"
			"    sa_spi= 0x%" PRIX32 "(%" PRIu32 "), \n    sa_trans= %s , sa_conn_id= %" PRIu32,
			ipaddr_ios(&s->dst, a), proto, spi, spi,
			words(proto, s->cipher, s->cipher_bits, bundled ? s->ah.auth : s->auth, trans),
			s->pair_id);
}

void trace_pair(struct ike *k, const struct pair *p)
{
	char a[IPADDR_STRLEN];

	if (off(k))
		return;
	act_debug_ipsec(k, &p->peer, IKE_DEBUG_IPSEC_MESSAGE, "(key_engine): got a queue event with 1 KMI message(s)");
	const struct sa_spec *both[] = { &p->in, &p->out };
	for (size_t i = 0; i < 2; i++) {
		sa_block(k, p, both[i], both[i]->proto);
		if (both[i]->ah.spi)
			sa_block(k, p, both[i], PROTO_AH);
	}
	for (size_t i = 0; i < 2; i++) {
		created(k, p, both[i], both[i]->proto);
		if (both[i]->ah.spi)
			created(k, p, both[i], PROTO_AH);
	}
	act_debug_ipsec(k, &p->peer, IKE_DEBUG_IPSEC_STATES, "(update_current_outbound_sa): updated peer %s current outbound "
				     "sa to SPI %" PRIX32,
			ipaddr_ios(&p->peer, a), p->out.spi);
}
