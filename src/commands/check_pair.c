/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/check_pair.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "commands/check_parts.h"
#include "commands/mirror.h"

#define LINKS_MAX 4096

struct side {
	const struct config *c;
	const char *name;
};

/* What one side configures with one peer: an entry of a crypto map, or a protected tunnel with its profile. */
struct link {
	const struct cfg_map_entry *terms; /* NULL: a tunnel in clear */
	const struct cfg_interface *tunnel; /* NULL: a crypto map */
	struct ipaddr local, peer;
	char object[CHECK_NAME_LEN];
};

struct links {
	struct link *v;
	size_t n;
};

struct pair {
	struct side a, b;
	struct links la, lb;
	struct report *r;
	struct txt *said;
	bool bad; /* of the tunnel that is looked at */
};

/* ---- what each side has ---- */

static void add_link(struct links *l, const struct link *one)
{
	if (l->n < LINKS_MAX && one->local.family && one->peer.family)
		l->v[l->n++] = *one;
}

static void links_of_map(const struct config *c, const struct cfg_interface *f, struct links *l)
{
	const struct cfg_map *m = f->crypto_map[0] ? config_find_map(c, f->crypto_map) : NULL;
	const struct cfg_interface *local = m && m->local_if[0] ? config_find_interface(c, m->local_if) : f;

	for (size_t i = 0; m && local && i < m->entries.n; i++) {
		const struct cfg_map_entry *e = m->entries.v[i];
		struct link one = { .terms = e, .local = local->addr.addr };

		if (e->type != MAP_ISAKMP)
			continue;
		snprintf(one.object, sizeof(one.object), "crypto map %s %u", m->name, e->seq);
		for (size_t k = 0; k < e->n_peers; k++) {
			one.peer = e->peers[k].addr;
			add_link(l, &one);
		}
	}
}

static void links_of_tunnel(const struct config *c, const struct cfg_interface *f, struct links *l)
{
	const struct cfg_interface *source = f->tunnel.source_if[0] ? config_find_interface(c, f->tunnel.source_if) : NULL;
	struct link one = { .tunnel = f, .peer = f->tunnel.destination,
			    .local = source ? source->addr.addr : f->tunnel.source,
			    .terms = f->tunnel.protection[0] ? config_find_ipsec_profile(c, f->tunnel.protection) : NULL };

	check_object_name(one.object, "interface", f->name);
	add_link(l, &one);
}

static bool links_of(const struct config *c, struct links *l)
{
	l->v = calloc(LINKS_MAX, sizeof(*l->v));
	for (size_t i = 0; l->v && i < c->interfaces.n; i++) {
		links_of_map(c, c->interfaces.v[i], l);
		if (c->interfaces.v[i]->is_tunnel)
			links_of_tunnel(c, c->interfaces.v[i], l);
	}
	return l->v != NULL;
}

static bool is_other_end(const struct link *a, const struct link *b)
{
	return ipaddr_equal(&a->local, &b->peer) && ipaddr_equal(&a->peer, &b->local) && !a->tunnel == !b->tunnel;
}

static void wrong(struct pair *p, const struct side *where, const char *object, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
static void wrong(struct pair *p, const struct side *where, const char *object, const char *fix, const char *fmt, ...)
{
	struct txt text = TXT_INIT;
	char full[CHECK_NAME_LEN + 64];
	va_list ap;

	va_start(ap, fmt);
	txt_vprintf(&text, fmt, ap);
	va_end(ap);
	snprintf(full, sizeof(full), "%.60s: %s", where->name, object);
	report_object(p->r, REPORT_ERROR, full, fix, "%s", txt_cstr(&text));
	txt_fini(&text);
	p->bad = true;
}

/* It comes up, if the right one begins. */
static void one_way(struct pair *p, bool a_begins, const struct link *a, const char *fix, const char *why)
{
	report_object(p->r, REPORT_WARNING, a->object, fix, "%s: only %s can begin.", why, a_begins ? p->a.name : p->b.name);
}

/* ---- phase 1 ---- */

static void policy_words(const struct p1_policy *p, char out[80])
{
	static const char *const hashes[] = { [HASH_MD5] = "md5", [HASH_SHA1] = "sha", [HASH_SHA256] = "sha256",
					      [HASH_SHA384] = "sha384", [HASH_SHA512] = "sha512" };
	static const char *const auths[] = { [IKE_AUTH_PSK] = "pre-share", [IKE_AUTH_RSA_SIG] = "rsa-sig",
					     [IKE_AUTH_RSA_ENC] = "rsa-encr" };
	char cipher[16];

	snprintf(cipher, sizeof(cipher), p->cipher == CIPHER_DES ? "des" : p->cipher == CIPHER_3DES ? "3des" : "aes %u",
		 p->cipher_bits);
	snprintf(out, 80, "encr %s, hash %s, authentication %s, group %u", cipher,
		 p->hash < sizeof(hashes) / sizeof(hashes[0]) && hashes[p->hash] ? hashes[p->hash] : "?",
		 p->auth < sizeof(auths) / sizeof(auths[0]) && auths[p->auth] ? auths[p->auth] : "?", p->group);
}

static bool same_policy(const struct p1_policy *a, const struct p1_policy *b)
{
	return a->cipher == b->cipher && a->cipher_bits == b->cipher_bits && a->hash == b->hash && a->auth == b->auth &&
	       a->group == b->group;
}

static unsigned differences(const struct p1_policy *a, const struct p1_policy *b)
{
	unsigned n = a->cipher != b->cipher || a->cipher_bits != b->cipher_bits;

	n += a->hash != b->hash;
	n += a->auth != b->auth;
	return n + (a->group != b->group);
}

/* Of both sides' policies the two that differ least. */
static void nearest(const struct pair *p, const struct p1_policy **ret_a, const struct p1_policy **ret_b)
{
	unsigned least = 99;

	for (size_t i = 0; i < p->a.c->isakmp.policies.n; i++)
		for (size_t k = 0; k < p->b.c->isakmp.policies.n; k++) {
			const struct p1_policy *a = &p->a.c->isakmp.policies.v[i]->p, *b = &p->b.c->isakmp.policies.v[k]->p;

			if (differences(a, b) < least) {
				least = differences(a, b);
				*ret_a = a;
				*ret_b = b;
			}
		}
}

/* What b, asked by a, chooses: the first of its own that is among what a offers. */
static const struct p1_policy *chosen(const struct pair *p, const struct p1_policy **ret_a)
{
	for (size_t k = 0; k < p->b.c->isakmp.policies.n; k++)
		for (size_t i = 0; i < p->a.c->isakmp.policies.n; i++)
			if (same_policy(&p->a.c->isakmp.policies.v[i]->p, &p->b.c->isakmp.policies.v[k]->p)) {
				*ret_a = &p->a.c->isakmp.policies.v[i]->p;
				return &p->b.c->isakmp.policies.v[k]->p;
			}
	return NULL;
}

static const struct cfg_key *key_for(const struct config *c, const struct ipaddr *peer)
{
	const struct cfg_key *best = NULL;
	int best_len = -1;

	for (size_t i = 0; i < c->isakmp.keys.n; i++) {
		const struct cfg_key *k = c->isakmp.keys.v[i];
		int len = ipaddr_mask_len(&k->mask);

		if (k->addr.family == peer->family && len > best_len && ipaddr_in(peer, &k->addr, (unsigned)len)) {
			best = k;
			best_len = len;
		}
	}
	for (size_t i = 0; !best && i < c->keys.n_keyrings; i++)
		for (size_t n = 0; !best && n < c->keys.keyrings[i]->n; n++) {
			const struct cfg_key *k = c->keys.keyrings[i]->keys[n];
			int len = ipaddr_mask_len(&k->mask);

			if (k->addr.family == peer->family && len >= 0 && ipaddr_in(peer, &k->addr, (unsigned)len))
				best = k;
		}
	return best;
}

static void check_key(struct pair *p, const struct link *a, const struct link *b)
{
	const struct cfg_key *ka = key_for(p->a.c, &a->peer), *kb = key_for(p->b.c, &b->peer);
	char fix[160], buf[IPADDR_STRLEN];

	if (!ka || !kb) {
		snprintf(fix, sizeof(fix), "crypto isakmp key KEY address %s", ipaddr_ios(ka ? &b->peer : &a->peer, buf));
		wrong(p, ka ? &p->b : &p->a, (ka ? b : a)->object, fix, "there is no pre-shared key for the other end.");
		return;
	}
	if (!ka->key[0] || !kb->key[0])
		report_object(p->r, REPORT_NOTE, a->object, NULL, "a key of type 6 cannot be compared without its master key.");
	else if (strlen(ka->key) != strlen(kb->key) || !secret_equal(ka->key, kb->key, strlen(ka->key)))
		wrong(p, &p->b, b->object, "the same crypto isakmp key at both ends",
		      "the two pre-shared keys differ: phase 1 stays in MM_KEY_EXCH.");
}

static void check_phase1(struct pair *p, const struct link *a, const struct link *b)
{
	const struct p1_policy *pa = NULL, *pb = chosen(p, &pa);
	char one[80], two[80];

	if (!pb) {
		nearest(p, &pa, &pb);
		if (!pa || !pb) {
			wrong(p, pa ? &p->b : &p->a, "crypto isakmp policy", "crypto isakmp policy 10", "there is none.");
			return;
		}
		policy_words(pa, one);
		policy_words(pb, two);
		wrong(p, &p->b, "crypto isakmp policy", one,
		      "no policy of one end is one of the other's; the nearest are %u of %s (%s) and %u (%s).", pa->priority,
		      p->a.name, one, pb->priority, two);
		return;
	}
	policy_words(pa, one);
	txt_printf(p->said, "  phase 1: policy %u of %s and %u of %s: %s, lifetime %u\n", pa->priority, p->a.name, pb->priority,
		   p->b.name, one, pa->life_sec < pb->life_sec ? pa->life_sec : pb->life_sec);
	if (pa->life_sec != pb->life_sec)
		report_object(p->r, REPORT_NOTE, "crypto isakmp policy", NULL,
			      "the lifetimes differ (%u and %u seconds): the shorter one is used.", pa->life_sec, pb->life_sec);
	if (pa->auth == IKE_AUTH_PSK)
		check_key(p, a, b);
}

/* ---- phase 2 ---- */

/* Transport mode serves between the two ends alone; elsewhere such a set has tunnel mode. */
static bool is_between_ends(const struct config *c, const struct link *l)
{
	const struct cfg_acl *acl = l->tunnel ? NULL : config_find_acl(c, l->terms->match_acl);
	unsigned whole = l->local.family == IP_V6 ? 128 : 32, from, to;

	for (size_t i = 0; acl && i < acl->entries.n; i++) {
		const struct acl_entry *e = acl->entries.v[i];

		if (e->kind == ACE_PERMIT &&
		    (!addr_match_prefix(&e->src, &from) || !addr_match_prefix(&e->dst, &to) || from != whole || to != whole ||
		     !ipaddr_equal(&e->src.addr, &l->local) || !ipaddr_equal(&e->dst.addr, &l->peer)))
			return false;
	}
	return true;
}

/* What who begins offers, beside the set of who answers, as IKE compares them. */
static bool mode_fits(const struct p2_transform *offers, const struct p2_transform *has, bool ends)
{
	uint8_t mode = ends ? offers->mode : MODE_TUNNEL, want = ends ? has->mode : MODE_TUNNEL;

	return mode == want || (mode == MODE_TUNNEL && has->mode == MODE_TRANSPORT);
}

static bool same_algorithms(const struct p2_transform *a, const struct p2_transform *b)
{
	return a->ah_auth == b->ah_auth && a->cipher == b->cipher && a->cipher_bits == b->cipher_bits &&
	       a->esp_auth == b->esp_auth;
}

static void check_transforms(struct pair *p, const struct link *a, const struct link *b)
{
	bool modes = false, ends = is_between_ends(p->a.c, a);

	for (size_t i = 0; i < a->terms->n_transforms; i++) {
		const struct cfg_transform *ta = config_find_transform(p->a.c, a->terms->transforms[i]);

		for (size_t k = 0; ta && k < b->terms->n_transforms; k++) {
			const struct cfg_transform *tb = config_find_transform(p->b.c, b->terms->transforms[k]);

			if (!tb || !same_algorithms(&ta->t, &tb->t))
				continue;
			modes = true;
			if (!mode_fits(&ta->t, &tb->t, ends) && !mode_fits(&tb->t, &ta->t, ends))
				continue;
			txt_printf(p->said, "  phase 2: transform set %s of %s and %s of %s\n", ta->t.name, p->a.name, tb->t.name,
				   p->b.name);
			if (!mode_fits(&ta->t, &tb->t, ends) || !mode_fits(&tb->t, &ta->t, ends))
				one_way(p, mode_fits(&ta->t, &tb->t, ends), a, "the same mode at both ends",
					"the modes of the transform sets differ");
			return;
		}
	}
	wrong(p, &p->b, b->object, modes ? "mode transport (or mode tunnel) at both ends" : "the same transform set at both ends",
	      modes ? "the transform sets differ in their mode alone: IPsec answers with NO_PROPOSAL_CHOSEN." :
		      "no transform set of one end is one of the other's: IPsec answers with NO_PROPOSAL_CHOSEN.");
}

/* Who has none accepts what is offered. */
static void check_pfs(struct pair *p, const struct link *a, const struct link *b)
{
	unsigned ga = a->terms->pfs_group, gb = b->terms->pfs_group;
	char fix[40];

	snprintf(fix, sizeof(fix), "set pfs group%u", ga ? ga : gb);
	if (ga && gb && ga != gb)
		wrong(p, &p->b, b->object, fix, "perfect forward secrecy differs: group %u of %s, group %u of %s.", ga, p->a.name, gb,
		      p->b.name);
	else if (ga != gb)
		one_way(p, ga != 0, a, fix, "one end wants perfect forward secrecy and the other does not offer it");
}

static void check_lives(struct pair *p, const struct link *a, const struct link *b)
{
	uint32_t sa = cfg_map_entry_life_sec(p->a.c, a->terms), sb = cfg_map_entry_life_sec(p->b.c, b->terms);
	uint64_t ka = cfg_map_entry_life_kb(p->a.c, a->terms), kb = cfg_map_entry_life_kb(p->b.c, b->terms);

	if (sa != sb)
		report_object(p->r, REPORT_NOTE, a->object, NULL,
			      "the lifetimes differ (%u and %u seconds): the shorter one is used.", sa, sb);
	if (ka != kb)
		report_object(p->r, REPORT_NOTE, a->object, NULL,
			      "the lifetimes differ (%" PRIu64 " and %" PRIu64 " kilobytes): the smaller one is used.", ka, kb);
}

static bool says_the_same(const struct acl_entry *a, const struct acl_entry *b)
{
	struct acl_entry as_a = *b;

	as_a.seq = a->seq;
	as_a.log = a->log;
	return acl_entry_equal(a, &as_a);
}

/* Whether some entry of that side with that peer has the line. */
static bool has_line(const struct side *s, const struct links *l, const struct link *like, const struct acl_entry *e)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct cfg_acl *acl = NULL;

		if (!l->v[i].tunnel && ipaddr_equal(&l->v[i].peer, &like->peer) && ipaddr_equal(&l->v[i].local, &like->local))
			acl = config_find_acl(s->c, l->v[i].terms->match_acl);
		for (size_t k = 0; acl && k < acl->entries.n; k++)
			if (says_the_same(acl->entries.v[k], e))
				return true;
	}
	return false;
}

/* Each permit of here is to be there, mirrored. */
static void check_lines(struct pair *p, const struct side *here, const struct link *link, const struct side *there,
			const struct links *others, const struct link *other)
{
	const struct cfg_acl *acl = config_find_acl(here->c, link->terms->match_acl);

	for (size_t i = 0; acl && i < acl->entries.n; i++) {
		struct acl_entry m = mirror_entry(acl->entries.v[i]);
		struct cfg_acl as = { .kind = ACL_EXTENDED };
		struct txt line = TXT_INIT;

		if (m.kind == ACE_REMARK || has_line(there, others, other, &m))
			continue;
		commands_render_ace(&as, &m, &line);
		wrong(p, there, other->object, txt_cstr(&line) + strspn(txt_cstr(&line), " "),
		      "access list %s has no line that mirrors entry %u of access list %s of %s.",
		      other->terms->match_acl[0] ? other->terms->match_acl : "(none)", m.seq, acl->name, here->name);
		txt_fini(&line);
	}
	if (!acl)
		wrong(p, here, link->object, "match address ACCESS-LIST", "there is no access list, so nothing is protected.");
}

static void check_tunnels(struct pair *p, const struct link *a, const struct link *b)
{
	const struct cfg_tunnel *ta = &a->tunnel->tunnel, *tb = &b->tunnel->tunnel;

	if (ta->mode != tb->mode)
		wrong(p, &p->b, b->object, "the same tunnel mode at both ends", "the tunnel modes differ.");
	if (ta->has_key != tb->has_key || ta->key != tb->key)
		wrong(p, &p->b, b->object, "the same tunnel key at both ends", "the tunnel keys differ: GRE drops what comes.");
	if (!a->terms != !b->terms)
		wrong(p, a->terms ? &p->b : &p->a, (a->terms ? b : a)->object, "tunnel protection ipsec profile NAME",
		      "one end is protected, the other in clear.");
	if (a->tunnel->ip_mtu && b->tunnel->ip_mtu && a->tunnel->ip_mtu != b->tunnel->ip_mtu)
		report_object(p->r, REPORT_NOTE, a->object, "the same ip mtu at both ends",
			      "ip mtu differs (%u and %u): OSPF stays in EXSTART.", a->tunnel->ip_mtu, b->tunnel->ip_mtu);
}

/* ---- the pair ---- */

static bool check_link(struct pair *p, const struct link *a, const struct link *b)
{
	char one[IPADDR_STRLEN], two[IPADDR_STRLEN];

	p->bad = false;
	txt_printf(p->said, "%s of %s (%s) and %s of %s (%s)\n", a->object, p->a.name, ipaddr_ios(&a->local, one), b->object,
		   p->b.name, ipaddr_ios(&b->local, two));
	if (a->tunnel)
		check_tunnels(p, a, b);
	if (a->terms && b->terms) {
		check_phase1(p, a, b);
		check_transforms(p, a, b);
		check_pfs(p, a, b);
		check_lives(p, a, b);
	}
	if (!a->tunnel) {
		check_lines(p, &p->a, a, &p->b, &p->lb, b);
		check_lines(p, &p->b, b, &p->a, &p->la, a);
	}
	if (p->a.c->ipsec.nat_transparency != p->b.c->ipsec.nat_transparency)
		report_object(p->r, REPORT_NOTE, "crypto ipsec nat-transparency", NULL,
			      "one end speaks ESP in UDP and the other does not: no NAT may be between them.");
	txt_str(p->said, p->bad ? "  it stays down\n" : "  it comes up\n");
	return !p->bad;
}

static void no_pair(struct pair *p)
{
	char one[IPADDR_STRLEN], two[IPADDR_STRLEN];

	if (!p->la.n || !p->lb.n)
		wrong(p, p->la.n ? &p->b : &p->a, "crypto map", "set peer A.B.C.D on an interface with an address, or a tunnel",
		      "it has no tunnel with two addresses.");
	else
		wrong(p, &p->b, p->lb.v[0].object, NULL,
		      "the ends do not meet: %s has the peer %s, %s the address %s.", p->a.name, ipaddr_ios(&p->la.v[0].peer, one),
		      p->b.name, ipaddr_ios(&p->lb.v[0].local, two));
}

bool config_check_pair(const struct config *a, const char *a_name, const struct config *b, const char *b_name,
		       struct report *report, struct txt *said)
{
	struct pair p = { .a = { a, a_name }, .b = { b, b_name }, .r = report, .said = said };
	bool any = false, all = true;

	if (!links_of(a, &p.la) || !links_of(b, &p.lb)) {
		report->nomem = true;
		all = false;
		goto out;
	}
	for (size_t i = 0; i < p.la.n; i++)
		for (size_t k = 0; k < p.lb.n; k++) {
			if (!is_other_end(&p.la.v[i], &p.lb.v[k]))
				continue;
			any = true;
			all &= check_link(&p, &p.la.v[i], &p.lb.v[k]);
			break;
		}
	if (!any)
		no_pair(&p);
out:
	free(p.la.v);
	free(p.lb.v);
	return any && all;
}
