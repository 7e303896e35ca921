/* SPDX-License-Identifier: Apache-2.0 */
/* `debug crypto isakmp`: proposals and payloads in IOS's words. Costs a test of
 * one flag while debugging is off. */
#include "ike/internal.h"

#include "crypto/alg.h"
#include "ike/phase1.h"

#include <inttypes.h>
#include <stdio.h>

static bool off(const struct ike *k)
{
	return !(k->debug & (IKE_DEBUG_ISAKMP | IKE_DEBUG_ISAKMP_ERROR));
}

/* As IOS: a value of 16 bits is basic, a longer one variable (VPI). */
static void life(struct ike *k, const struct ike_sa *sa, const char *what, uint64_t v)
{
	if (v <= UINT16_MAX)
		act_debug(k, sa, "      %slife duration (basic) of %u", what, (unsigned)v);
	else
		act_debug_bare(k, sa, "      %slife duration (VPI) of  0x%X 0x%X 0x%X 0x%X ", what,
			       (unsigned)(v >> 24 & 0xff), (unsigned)(v >> 16 & 0xff),
			       (unsigned)(v >> 8 & 0xff), (unsigned)(v & 0xff));
}

static void key(struct ike *k, const struct ike_sa *sa, const struct ipaddr *peer)
{
	char addr[IPADDR_STRLEN];

	act_debug(k, sa, "found peer pre-shared key matching %s", ipaddr_ios(peer, addr));
}

/* IOS names the structs of a peer and of an SA by where they are in memory. What is in ours is nobody's business: a peer
 * is named by his address, an SA by its initiator's cookie. */
static uint64_t name_of_peer(const struct ipaddr *peer)
{
	uint64_t name = peer->family == IP_V6 ? 0 : UINT64_C(0x8000000000000000);

	for (size_t i = 0; i < (size_t)ip_bits(peer->family) / 8; i++)
		name ^= (uint64_t)peer->b[i] << 8 * ((size_t)(ip_bits(peer->family) / 8 - 1 - i) % 8);
	return name;
}

/* An SA with a peer begins; own: ours, which is in the lists already, or NULL: it is his. */
static void p1_begins(struct ike *k, const struct ike_sa *own, const struct ike_path *path, const uint8_t cookie[8])
{
	uint64_t name = name_of_peer(&path->remote), sa_name = 0;
	const struct ike_sa *other = NULL;
	char addr[IPADDR_STRLEN];
	unsigned refs = 1;

	while ((other = sa_of_peer(k, &path->remote, other)))
		refs += other != own && other->state != MM_DEAD;
	for (size_t i = 0; i < 8; i++)
		sa_name = sa_name << 8 | cookie[i];
	act_debug(k, own, "%s a peer struct for %s, peer port %u", refs > 1 ? "Found" : "Created",
		  ipaddr_ios(&path->remote, addr), path->remote_port);
	if (refs == 1)
		act_debug(k, own, "New peer created peer = 0x%" PRIX64 " peer_handle = 0x%" PRIX32, name,
			  UINT32_C(0x80000000) | (own ? own->conn_id : k->next_conn));
	act_debug(k, own, "Locking peer struct 0x%" PRIX64 ", refcount %u for %s", name, refs,
		  own ? "isakmp_initiator" : "crypto_isakmp_process_block");
	act_debug(k, own, "local port %u, remote port %u", path->local_port, path->remote_port);
	if (own)
		act_debug(k, own, "set new node 0 to QM_IDLE      ");
	act_debug(k, own, "insert sa successfully sa = %016" PRIX64, sa_name);
}

void trace_begin(struct ike_sa *sa)
{
	struct ike *k = sa->k;

	if (off(k))
		return;
	act_debug(k, sa, "SA request profile is %s", sa->profile[0] ? sa->profile : "(NULL)");
	p1_begins(k, sa, &sa->path, sa->i_cookie);
	if (!sa->aggressive)
		act_debug(k, sa, "Can not start Aggressive mode, trying Main mode.");
	if (psk_of(sa).p)
		key(k, sa, &sa->path.remote);
	natt_trace_offer(sa);
}

void trace_no_key(struct ike *k, const char *kind, const struct ipaddr *peer, bool aggressive)
{
	char addr[IPADDR_STRLEN];

	act_debug_error(k, NULL, "No %s key with %s!", kind, ipaddr_ios(peer, addr));
	act_debug_error(k, NULL, "No Cert or pre-shared address key. ");
	act_debug_error(k, NULL, "construct_initial_message: Can not start %s mode", aggressive ? "Aggressive" : "Main");
}

static void p1_attrs(struct ike *k, const struct ike_sa *sa, const struct p1_seen *s)
{
	const struct cipher_info *c = cipher_by_ike(s->cipher, s->bits);
	const struct hash_info *h = hash_by_ike(s->hash);

	act_debug(k, sa, "      encryption %s", c ? c->name : "unknown");
	if (s->bits)
		act_debug(k, sa, "      keylength of %u", s->bits);
	act_debug(k, sa, "      hash %s", h ? h->name : "unknown");
	act_debug(k, sa, "      default group %u", s->group);
	act_debug(k, sa, "      auth %s",
		  s->auth == IKE_AUTH_PSK     ? "pre-share" :
		  s->auth == IKE_AUTH_RSA_SIG ? "RSA sig" :
		  s->auth == IKE_AUTH_RSA_ENC ? "RSA encr" :
						"unknown");
	if (s->life_sec) {
		act_debug(k, sa, "      life type in seconds");
		life(k, sa, "", s->life_sec);
	}
}

static void p1_verdict(struct ike *k, const struct ike_sa *sa, unsigned d, unsigned next)
{
	static const struct {
		unsigned bit;
		const char *text;
	} rows[] = {
		{ P1_CIPHER_DIFFERS, "Encryption algorithm offered does not match policy!" },
		{ P1_BITS_DIFFER, "Proposed key length does not match policy" },
		{ P1_HASH_DIFFERS, "Hash algorithm offered does not match policy!" },
		{ P1_GROUP_DIFFERS, "Diffie-Hellman group offered does not match policy!" },
		{ P1_AUTH_DIFFERS, "Authentication method offered does not match policy!" },
		{ P1_ODD, "unknown attribute offered!" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (d & rows[i].bit) {
			act_debug_error(k, sa, "%s", rows[i].text); /* IOS stops at the first, too */
			break;
		}
	if (d)
		act_debug_error(k, sa, "atts are not acceptable. Next payload is %u", next);
	else
		act_debug(k, sa, "atts are acceptable. Next payload is %u", next);
}

/* The lifetime that is agreed on: the smaller one. */
static void p1_life(struct ike *k, const struct ike_sa *sa, uint32_t his, uint32_t ours)
{
	uint32_t life = his && his < ours ? his : ours;

	act_debug(k, sa, "Acceptable atts:actual life: %u", his == ours ? 0 : life);
	act_debug(k, sa, "Acceptable atts:life: 0");
	if (his > UINT16_MAX)
		act_debug(k, sa, "Fill atts in sa vpi_length:4");
	if (his)
		act_debug(k, sa, his > UINT16_MAX ? "Fill atts in sa life_in_seconds:%u" :
						    "Basic life_in_seconds:%u", his);
	act_debug(k, sa, "Returning Actual lifetime: %u", life);
	act_debug(k, sa, "Started lifetime timer: %u.", life);
}

/* A profile may ask for XAUTH in IOS; it says which it looks at. */
static void scan_profiles(struct ike *k, const struct ike_sa *sa)
{
	char names[IKE_WHY_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i < k->cfg.n_profiles && len < sizeof(names); i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s ", k->cfg.profiles[i].name);
	act_debug(k, sa, "Scanning profiles for xauth ... %s", names);
}

void trace_p1(struct ike *k, const struct ike_sa *sa, struct span sa_body)
{
	struct ike_proposal p;
	struct ike_transform t;

	if (!off(k) && sa && psk_of(sa).p) {
		key(k, sa, &sa->path.remote);
		act_debug(k, sa, "local preshared key found");
	}
	if (!off(k))
		scan_profiles(k, sa);
	for (size_t i = 0; !off(k) && i < k->cfg.n_p1; i++) {
		const struct p1_policy *policy = &k->cfg.p1[i];
		struct rd r;

		if (!p1_usable(policy) || !ike_sa_decode(sa_body, &r))
			continue;
		while (ike_proposal_next(&r, &p))
			while (ike_transform_next(&p, &t)) {
				struct p1_seen s = p1_read(t.attrs);
				unsigned d = p1_compare(&s, policy);

				act_debug(k, sa,
					  "Checking ISAKMP transform %u against priority %u policy",
					  t.number, policy->priority);
				p1_attrs(k, sa, &s);
				p1_verdict(k, sa, d, t.whole.p[0]);
				if (!d) {
					p1_life(k, sa, s.life_sec, policy->life_sec);
					return;
				}
			}
	}
}

static void p2_attrs(struct ike *k, const struct ike_sa *sa, const struct p2_seen *s)
{
	const struct auth_info *a = s->auth ? auth_by_attr(s->auth) : NULL;
	bool udp;
	uint8_t mode = p2_encap_mode(s->encap ? s->encap : MODE_TUNNEL, &udp);

	act_debug(k, sa, "   attributes in transform:");
	act_debug(k, sa, "      encaps is %u (%s%s)", s->encap,
		  mode == MODE_TUNNEL	 ? "Tunnel" :
		  mode == MODE_TRANSPORT ? "Transport" :
					   "unknown",
		  udp ? "-UDP" : "");
	if (s->life_sec) {
		act_debug(k, sa, "      SA life type in seconds");
		life(k, sa, "SA ", s->life_sec);
	}
	if (s->life_kb) {
		act_debug(k, sa, "      SA life type in kilobytes");
		life(k, sa, "SA ", s->life_kb);
	}
	if (s->group)
		act_debug(k, sa, "      group is %u", s->group);
	if (a)
		act_debug(k, sa, "      authenticator is %s%s", a->hash ? "HMAC-" : "",
			  a->hash ? hash_info(a->hash)->name : a->ios_esp);
	if (s->bits)
		act_debug(k, sa, "      key length is %u", s->bits);
}

/* RFC 2407 section 4.4.3. */
static const char *ah_name(uint8_t id)
{
	switch (id) {
	case 2:
		return "AH_MD5";
	case 3:
		return "AH_SHA";
	case 5:
		return "AH_SHA256";
	case 6:
		return "AH_SHA384";
	case 7:
		return "AH_SHA512";
	default:
		return "AH";
	}
}

static void p2_transforms(struct ike *k, const struct ike_sa *sa, struct span sa_body)
{
	struct ike_proposal p;
	struct ike_transform t;
	struct rd r;

	if (!ike_sa_decode(sa_body, &r))
		return;
	while (ike_proposal_next(&r, &p)) {
		act_debug(k, sa, "Checking IPSec proposal %u", p.number);
		while (ike_transform_next(&p, &t)) {
			struct p2_seen s = p2_read(t.attrs);
			const struct cipher_info *c = cipher_by_esp(t.id, s.bits);

			act_debug(k, sa, "transform %u, %s", t.number,
				  p.proto == PROTO_ID_AH     ? ah_name(t.id) :
				  p.proto != PROTO_ID_ESP    ? "unknown" :
				  c && c->id == CIPHER_DES   ? "ESP_DES" :
				  c && c->id == CIPHER_3DES  ? "ESP_3DES" :
				  c && c->id == CIPHER_NULL  ? "ESP_NULL" :
				  c			     ? "ESP_AES " :
							       "unknown");
			p2_attrs(k, sa, &s);
		}
	}
}

static const struct {
	uint8_t type;
	const char *label;
} ids[] = { { ID_IPV4, "address     " }, { ID_IPV6, "address     " }, { ID_FQDN, "FQDN name   " },
	    { ID_USER_FQDN, "USER FQDN   " }, { ID_DN, "Dist. name  " } };

void trace_id(struct ike *k, const struct ike_sa *sa, struct span body, unsigned next)
{
	const char *label = "name        ";
	char text[AUTH_ID_TEXT];
	struct ike_id id;

	if (off(k) || !ike_id_decode(body, &id))
		return;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (ids[i].type == id.type)
			label = ids[i].label;
	act_debug(k, sa,
		  "ID payload \n        next-payload : %u\n        type         : %u \n        %s : %s \n"
		  "        protocol     : %u \n        port         : %u \n        length       : %zu",
		  next, id.type, label, auth_id_text(&id, text), id.proto, id.port, body.len + 4);
}

static void payload(struct ike *k, const struct ike_sa *sa, const struct ike_payload *p,
		    uint32_t msgid)
{
	if (p->type == PL_VID) {
		act_debug(k, sa, "processing vendor id payload");
		natt_trace_vid(k, sa, p->body);
	} else if (p->type == PL_NATOA) {
		act_debug(k, sa, "received payload type %u", p->type);
	} else if (p->type != PL_NATD && p->type != PL_NATD_07 && p->type != PL_NATD_DRAFT) { /* natt_commit() */
		act_debug(k, sa, "processing %s payload. message ID = %u",
			  ike_payload_name(p->type), msgid);
	}
	/* with rsa-encr it is not readable */
	if (p->type == PL_ID && !msgid && sa && sa->agreed.auth != IKE_AUTH_RSA_ENC)
		trace_id(k, sa, p->body, p->whole.p[0]);
}

void trace_payloads(struct ike *k, const struct ike_sa *sa, const struct ike_payloads *pl,
		    uint32_t msgid)
{
	for (size_t i = 0; !off(k) && i < pl->n; i++) {
		payload(k, sa, &pl->v[i], msgid);
		if (msgid && pl->v[i].type == PL_SA)
			return;
	}
}

void trace_first(struct ike *k, const struct ike_path *path, const struct ike_header *h, const struct ike_payloads *pl,
		 bool psk, bool aggressive)
{
	if (off(k))
		return;
	act_debug_recv(k, NULL, path);
	p1_begins(k, NULL, path, h->i_cookie);
	act_debug(k, NULL, "Input = IKE_MESG_FROM_PEER, IKE_%s_EXCH", aggressive ? "AM" : "MM");
	if (!aggressive)
		act_debug(k, NULL, "Old State = IKE_READY  New State = IKE_R_MM1 ");
	trace_payloads(k, NULL, pl, 0);
	if (psk && !aggressive)
		key(k, NULL, &path->remote);
	if (psk)
		act_debug(k, NULL, "local preshared key found");
}

void trace_p2(const struct qm *q, const struct ike_payloads *pl, enum trace_p2 how)
{
	const struct ike_sa *sa = q->sa;
	struct span body = ike_payload_find(pl, PL_SA, 0)->body;
	struct ike *k = sa->k;
	size_t i = 0;

	if (!off(k))
		p2_transforms(k, sa, body);
	if (how == TRACE_P2_ACCEPTED) {
		act_debug(k, sa, "atts are acceptable.");
		trace_proposal(q);
	} else {
		if (how == TRACE_P2_PFS)
			trace_no_pfs(q);
		else
			trace_refusal(q, body);
		act_debug_error(k, sa, "IPSec policy invalidated proposal with error 256");
	}
	while (i < pl->n && pl->v[i].type != PL_SA)
		i++;
	for (i++; !off(k) && i < pl->n; i++)
		payload(k, sa, &pl->v[i], q->msgid);
}
