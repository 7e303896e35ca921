/* SPDX-License-Identifier: Apache-2.0 */
/* Two whole IKE cores of which one lies. The input is a script: four bytes choose how both
 * authenticate, what they want, by which policies and with which protocols, then each operation is
 * one byte, whose upper bit is the core that it is for, and its arguments. Datagrams are delivered,
 * lost, doubled, changed in clear; and what the lying core (number 1) says is changed before it is
 * encrypted, with hashes that are right again, so that everything behind the keys is reached
 * in main, aggressive and quick mode and in informational exchanges. Key exchanges are cheap:
 * tests/sim/chaos_dh.c. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ike/internal.h"
#include "ike_liar.h"

#define N_POLICIES 3
#define MAX_WIRE   64
#define MAX_HELD   64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __real_sa_msgid_note(struct ike_sa *sa, uint32_t msgid);
void __wrap_sa_msgid_note(struct ike_sa *sa, uint32_t msgid);
extern bool dh_cheap;

enum how {
	RSA = 1,
	AGGRESSIVE = 2,
	NAT = 4,
	PFS = 8,
	DPD_PERIODIC = 16,
	DPD_ON_DEMAND = 32,
	BY_NAME = 64,
	TRANSPORT = 128
};
enum also {
	TWO_PEERS = 1,
	SHORT = 2,
	KILOBYTES = 4,
	IDLE = 8,
	NO_SPI_RECOVERY = 16,
	OTHER_GROUP = 32,
	BY_DN = 64,
	OTHER_KEY = 128
};
/* Of core 0, if nothing else is said. */
enum by {
	DYNAMIC = 1,  /* the first policy is a template without an ACL, the second has one */
	PER_HOST = 2, /* an SA pair for each pair of hosts */
	PROFILES = 4, /* the peer has one, which the second policy asks for */
	KEYRING = 8,  /* the right key is only in the profile's keyring */
	ADMISSION = 16,
	FRAGMENTS = 32, /* both; certificates are long */
	STRICT = 64,
	OTHER_LOCAL = 128 /* the profile is for another address of ours */
};

enum sets {
	BUNDLE = 1,    /* AH and ESP in the first set */
	AH_ALONE = 2,  /* no ESP in the first set */
	AH_SECOND = 4, /* AH alone in the second set */
	UNEQUAL = 8,   /* of the lying core only */
	V6 = 16,       /* both have addresses of IPv6 */
	V6_PROXIES = 32, /* of all policies but the second */
	AT_ONCE = 64 /* public-key work is not done elsewhere */
};

struct wire {
	struct ike_path path;
	size_t len;
	bool lied;
	uint8_t b[IKE_MAX_MESSAGE];
};

static struct {
	struct ike *k;
	struct wire *wire[MAX_WIRE]; /* to it, oldest first */
	size_t n_wire;
	uint32_t sa[MAX_HELD], spi[MAX_HELD];
	size_t n_sa;
} side[2];

static const struct wire *hearing; /* a lie that core 0 is just being told */
static uint8_t how, also, by, sets;
static uint32_t seed;
static uint64_t now;
static bool verify_fails;
static uint8_t long_cert[2000] = "certificate";

static void fill(void *ctx, void *p, size_t n)
{
	uint8_t *b = p;

	(void)ctx;
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
}

static int sign(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	(void)ctx;
	memcpy(sig, hash.p, hash.len);
	*ret_len = hash.len;
	return 0;
}

static int verify(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX])
{
	(void)ctx;
	for (size_t i = 0; i < p->n_certs; i++)
		if (p->certs[i].len && p->certs[i].p[0] == 0xff)
			return -ENOMEM;
	if (verify_fails || !p->certs[0].len || p->certs[0].p[0] != 'c') {
		memcpy(why, "no", 3);
		return -EACCES;
	}
	return span_equal(p->sig, p->hash) ? 0 : -EBADMSG;
}

/* A certificate that begins as ours do is one of each map. */
static bool match_cert(void *ctx, struct span der, const char *map)
{
	(void)ctx;
	return der.p[0] == 'c' && map[0] == 'C';
}

/* ---- two cores ---- */

static struct ipaddr addr(int s)
{
	uint8_t b[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)(1 + s) };

	return sets & V6 ? ipaddr_v6(b) : ipaddr_v4(0xc0000201 + (uint32_t)s);
}

static bool is_v6(uint32_t policy)
{
	return sets & V6_PROXIES && policy != 1;
}

/* A host of the near or far network of a policy: 10.0.0.0 or 11.0.0.0, fd0a:: or fd0b::. */
static struct ipaddr in_lan(bool far, uint32_t policy, uint32_t host)
{
	uint8_t b[16] = { 0xfd, far ? 0x0b : 0x0a, [7] = (uint8_t)policy, [15] = (uint8_t)host };

	return is_v6(policy) ? ipaddr_v6(b) :
			       ipaddr_v4((far ? 0x0b000000 : 0x0a000000) + (policy << 8) + host);
}

static struct addr_match lan(bool far, uint32_t policy)
{
	struct addr_match m = { .addr = in_lan(far, policy, 0) };

	memset(m.wild + (is_v6(policy) ? 8 : 3), 0xff, is_v6(policy) ? 8 : 1);
	return m;
}

/* The peer's profile: core 0 alone has one. */
static struct ike_profile profile_of_him(int s)
{
	struct ike_profile p = {
		.name = "P",
		.n_matches = 3,
		.matches = { { .kind = MATCH_ADDRESS, .addr = addr(!s),
			       .mask_len = sets & V6 ? 127 : 32 },
			     { .kind = MATCH_HOST_DOMAIN, .name = "example" },
			     { .kind = MATCH_CERTIFICATE, .name = "C" } },
		.keepalive_sec = how & DPD_PERIODIC ? 20 : 0,
		.keepalive_retry_sec = 2,
		.aggressive = how & AGGRESSIVE,
	};

	if (by & KEYRING) {
		p.n_keyrings = 1;
		p.keyrings[0] = 1;
	}
	if (by & OTHER_LOCAL)
		p.local = addr(7);
	return p;
}

/* What differs between the policies of core 0 and plain ones. */
static void make_special(struct p2_policy *p, uint32_t i)
{
	if (by & DYNAMIC && i < 2) {
		p->dynamic = true;
		p->n_peers = p->default_peer = 0;
		if (i == 0) {
			p->any_proxies = true;
			struct addr_match any = { .addr.family = is_v6(i) ? IP_V6 : IP_V4 };

			memset(any.wild, 0xff, is_v6(i) ? 16 : 4);
			p->sel = (struct selector){ .local = any, .remote = any };
		}
	}
	p->per_host = by & PER_HOST && !p->dynamic;
	if (by & PROFILES && i == 1)
		memcpy(p->profile, "P", 2);
}

static void make_sets(int s, struct p2_policy *p)
{
	if (sets & UNEQUAL && s == 0)
		return;
	if (sets & (BUNDLE | AH_ALONE))
		p->transforms[0].ah_auth = AUTH_HMAC_SHA1_96;
	if (sets & AH_ALONE) {
		p->transforms[0].cipher = CIPHER_UNSET;
		p->transforms[0].esp_auth = AUTH_NONE;
	}
	if (sets & AH_SECOND) {
		p->transforms[1].ah_auth = AUTH_HMAC_MD5_96;
		p->transforms[1].cipher = CIPHER_UNSET;
		p->transforms[1].cipher_bits = 0;
	}
}

static void configure(int s, bool enabled)
{
	static const char keyrings[1][IOS_NAME_MAX] = { "K" };
	static const uint8_t cert[] = "certificate",
			     dn[] = { 0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06,
				      0x03, 0x55, 0x04, 0x03, 0x0c, 0x01, 'x' };
	const struct span certs[2] = { by & FRAGMENTS ? span_of(long_cert, sizeof(long_cert))
						      : span_of(cert, 11),
				       span_of(cert, 5) };
	const struct span name = span_of(dn, sizeof(dn));
	const struct ipaddr he = addr(!s);
	struct p1_policy p1[2] = {
		{ .priority = 1,
		  .cipher = CIPHER_3DES,
		  .hash = HASH_SHA1,
		  .group = 2,
		  .auth = how & RSA ? IKE_AUTH_RSA_SIG : IKE_AUTH_PSK,
		  .life_sec = also & SHORT ? 60 : 3600 },
		{ .priority = 2,
		  .cipher = CIPHER_AES_CBC,
		  .cipher_bits = 256,
		  .hash = HASH_SHA512,
		  .group = also & OTHER_GROUP ? 19 : 14,
		  .auth = IKE_AUTH_PSK,
		  .life_sec = 600 },
	};
	const struct ike_profile profile = profile_of_him(s);
	struct psk_entry psk[3] = {
		{ .addr = he, .mask_len = (uint8_t)ip_bits(he.family), .key_len = 1, .key = "k" },
		{ .mask_len = 0, .addr = { he.family, { 0 } }, .key_len = 1, .key = "z" },
		{ .addr = he, .mask_len = (uint8_t)ip_bits(he.family), .key_len = 1, .key = "k",
		  .keyring = 1 }
	};
	struct ag_peer ag = { .addr = he, .id_kind = how & BY_NAME ? AG_FQDN : AG_IPV4, .id = "" };
	struct p2_policy p2[N_POLICIES];
	struct ike_config c = {
		.enabled = enabled,
		.nat_traversal = true,
		.aggressive = true,
		.p1 = p1,
		.n_p1 = 2,
		.psk = psk,
		.n_psk = s ? 2 : 3,
		.keyrings = keyrings,
		.n_keyrings = 1,
		.profiles = &profile,
		.n_profiles = s == 0 && by & PROFILES ? 1 : 0,
		.fragmentation = by & FRAGMENTS,
		.lifetime_strict = s == 0 && by & STRICT,
		.max_sas = s == 0 && by & ADMISSION ? 3 : 0,
		.max_negotiating = s == 0 && by & ADMISSION ? 2 : 0,
		.max_charge = s == 0 && by & ADMISSION ? 3 : 0,
		.p2 = p2,
		.n_p2 = N_POLICIES,
		.ag = &ag,
		.n_ag = how & AGGRESSIVE ? 1 : 0,
		.certs = certs,
		.n_certs = how & RSA ? 2 : 0,
		.dn = name,
		.cas = &name,
		.n_cas = how & PFS ? 1 : 0,
		.log_sessions = true,
		.identity = also & BY_DN    ? IDENTITY_DN
			    : how & BY_NAME ? IDENTITY_HOSTNAME
					    : IDENTITY_ADDRESS,
		.hostname = "r.example",
		.keepalive_sec = how & (DPD_PERIODIC | DPD_ON_DEMAND) ? 10 : 0,
		.keepalive_retry_sec = 3,
		.keepalive_periodic = how & DPD_PERIODIC,
		.invalid_spi_recovery = !(also & NO_SPI_RECOVERY),
	};

	ag.id_addr = addr(s);
	if (how & BY_NAME)
		memcpy(ag.id, "r.example", 10);
	if (also & OTHER_KEY && s)
		psk[0].key[0] = 'x';
	if (by & PROFILES && by & KEYRING && s == 0)
		psk[0].key[0] = 'y';
	for (uint32_t i = 0; i < N_POLICIES; i++) {
		p2[i] = (struct p2_policy){
			.id = i + 1,
			.ifid = 1,
			.map = "M",
			.seq = 10,
			.ace = i,
			.local = addr(s),
			.sel = { .local = lan(s, i),
				 .remote = lan(!s, i),
				 .proto = i == 2 ? 6 : 0 },
			.n_peers = 1,
			.peers = { he },
			.n_transforms = 2,
			.replay_window = 64,
			.transforms = { { .name = "A",
					  .mode = MODE_TUNNEL,
					  .cipher = CIPHER_3DES,
					  .esp_auth = AUTH_HMAC_SHA1_96 },
					{ .name = "B",
					  .mode = MODE_TUNNEL,
					  .cipher = CIPHER_AES_GCM,
					  .cipher_bits = 128 } },
			.pfs_group = how & PFS ? 2 : 0,
			.life_sec = also & SHORT ? 120 + 60 * (uint32_t)s : 3600,
			.life_kb = also & KILOBYTES ? 2560 + 100 * (uint32_t)s : 0,
			.idle_sec = also & IDLE ? 60 : 0,
			.idle_default = true,
		};
		make_sets(s, &p2[i]);
		if (also & TWO_PEERS) {
			p2[i].peers[0] = sets & V6 ? addr(90) : ipaddr_v4(0xcb007101);
			p2[i].peers[1] = he;
			p2[i].n_peers = 2;
			p2[i].default_peer = (uint8_t)i;
		}
	}
	for (uint32_t i = 0; i < N_POLICIES && s == 0; i++)
		make_special(&p2[i], i);
	if (how & TRANSPORT) {
		p2[0].transforms[0].mode = p2[0].transforms[1].mode = MODE_TRANSPORT;
		if (!p2[0].any_proxies)
			p2[0].sel = (struct selector){ .local = { .addr = addr(s) },
						       .remote = { .addr = he },
						       .proto = 47 };
	}
	if (ike_configure(side[s].k, &c, now))
		abort();
}

static void push(int to, const struct ike_path *path, struct span d)
{
	if (side[to].n_wire == MAX_WIRE || d.len > IKE_MAX_MESSAGE)
		return;
	struct wire *w = malloc(sizeof(*w));
	if (!w)
		abort();
	w->path = *path;
	w->len = d.len;
	memcpy(w->b, d.p, d.len);
	w->lied = to == 0 && d.len >= 24 && !memcmp(d.p + 18, told_in, sizeof(told_in));
	side[to].wire[side[to].n_wire++] = w;
}

/* A NAT in front of core 0 maps its ports elsewhere. */
static uint16_t map_port(uint16_t port, bool out)
{
	return !(how & NAT) ? port : out ? (uint16_t)(port + 20000) : (uint16_t)(port - 20000);
}

/* What core 0 says of a lie with a right hash. */
static void listen_to(const char *text)
{
	bool phase1 = hearing->b[18] == EX_MAIN || hearing->b[18] == EX_AGGRESSIVE;

	told.believed_quick +=
		hearing->b[18] == EX_QUICK && strstr(text, "processing HASH payload");
	told.believed_proof += phase1 && strstr(text, "status: authenticated");
	told.wrong_info += strstr(text, "informational message with a wrong hash") != NULL;
	told.wrong_quick += strstr(text, "quick mode message with a wrong hash") != NULL;
}

/* Informational: remembered as soon as its hash is right. */
void __wrap_sa_msgid_note(struct ike_sa *sa, uint32_t msgid)
{
	told.believed_info += hearing && hearing->b[18] == EX_INFO && sa->k == side[0].k &&
			      !memcmp(hearing->b + 20,
				      (uint8_t[]){ (uint8_t)(msgid >> 24), (uint8_t)(msgid >> 16),
						   (uint8_t)(msgid >> 8), (uint8_t)msgid },
				      4);
	__real_sa_msgid_note(sa, msgid);
}

/* Public-key work: most of it is done at once; each fourth one stays until there is some
 * more to do, or a step has passed. */
static struct ike_worked late[2];

static void done(int s, struct ike_worked r)
{
	struct ike_worked before = late[s];

	late[s] = (struct ike_worked){ 0 };
	if (r.id)
		ike_worked(side[s].k, now, &r);
	if (before.id)
		ike_worked(side[s].k, now, &before);
}

static void do_work(int s, const struct ike_work *w)
{
	static struct ike_crypto *crypto;
	struct ike_worked r;

	if (!crypto)
		crypto = ike_crypto_new();
	ike_work_do(&side[s].k->env, crypto, w, &r);
	if (w->id % 4 == 3 && !late[s].id)
		late[s] = r;
	else
		done(s, r);
}

static void drain(int s)
{
	struct ike_action a;

	done(s, (struct ike_worked){ 0 });
	while (ike_next_action(side[s].k, &a)) {
		if (a.type == IKE_ACT_SEND) {
			struct ike_path p = { a.path.remote, a.path.local, a.path.remote_port,
					      a.path.local_port };
			if (s == 0)
				p.remote_port = map_port(p.remote_port, true);
			else if (p.local_port >= 20000)
				p.local_port = map_port(p.local_port, false);
			push(!s, &p, a.data);
		} else if (a.type == IKE_ACT_DEBUG && hearing) {
			listen_to(a.text);
		} else if (a.type == IKE_ACT_SA_ADD && side[s].n_sa < MAX_HELD) {
			side[s].spi[side[s].n_sa] = a.spec->spi;
			side[s].sa[side[s].n_sa++] = a.spec->id;
		} else if (a.type == IKE_ACT_WORK) {
			do_work(s, a.work);
		}
	}
}

static struct wire *pop(int s)
{
	struct wire *w = side[s].n_wire ? side[s].wire[0] : NULL;

	if (w)
		memmove(side[s].wire, side[s].wire + 1, --side[s].n_wire * sizeof(w));
	return w;
}

/* From an exactly sized block, so that one byte too many is seen. */
static void hand(int s, const struct wire *w)
{
	uint8_t *heap = malloc(w->len ? w->len : 1);

	if (!heap)
		abort();
	memcpy(heap, w->b, w->len);
	hearing = s == 0 && w->lied ? w : NULL;
	ike_datagram(side[s].k, now += 10, &w->path, span_of(heap, w->len));
	free(heap);
	drain(s);
	hearing = NULL;
}

static void settle(unsigned limit)
{
	for (bool busy = true; busy && limit; limit--) {
		busy = false;
		for (int s = 0; s < 2; s++) {
			struct wire *w = pop(s);

			if (w)
				hand(s, w);
			busy |= w != NULL;
			free(w);
		}
	}
}

static void pass(uint64_t ms)
{
	uint64_t until = now + ms;

	for (unsigned n = 0; n < 200; n++) {
		uint64_t a = ike_next_ms(side[0].k), b = ike_next_ms(side[1].k), at = a < b ? a : b;

		if (at > until)
			break;
		now = at > now ? at : now;
		for (int s = 0; s < 2; s++) {
			ike_tick(side[s].k, now);
			drain(s);
		}
	}
	now = until;
}

/* ---- the script ---- */

static void used(int s, uint8_t bits)
{
	struct ike_use v[MAX_HELD];
	size_t n = 0;

	for (size_t i = 0; i < side[s].n_sa; i++) /* ids rise */
		v[n++] = (struct ike_use){ side[s].sa[i], i % 2 == (bits & 1u)
								  ? (uint32_t)(bits & 0xfe) * 1000
								  : UINT32_MAX };
	ike_used(side[s].k, now, v, n);
}

static void restart(int s)
{
	struct ike_env env = { .random = fill,
			       .sign = sign,
			       .verify = verify,
			       .match_cert = match_cert,
			       .export_keys = true,
			       .defer = !(sets & AT_ONCE) };

	late[s] = (struct ike_worked){ 0 };
	ike_free(side[s].k);
	side[s].k = ike_new(&env);
	if (!side[s].k)
		abort();
	if (s == 1)
		liar = side[s].k;
	ike_set_debug(side[s].k, IKE_DEBUG_ISAKMP | IKE_DEBUG_IPSEC);
	configure(s, true);
}

static void adopt(int s, struct rd *r)
{
	uint32_t id = 1000 + rd_u8(r);
	bool in = id & 1;
	struct sa_spec spec = { .id = id,
				.pair_id = id / 2,
				.policy_id =
					by & DYNAMIC && s == 0 ? P2_MADE_ID + id % 4 : 1 + id % 4,
				.dir = in ? SA_IN : SA_OUT,
				.spi = 0x1000 + id,
				.mode = MODE_TUNNEL,
				.cipher = CIPHER_3DES,
				.auth = AUTH_HMAC_SHA1_96,
				.src = addr(in ? !s : s),
				.dst = addr(in ? s : !s),
				.peer = addr(!s) };
	uint32_t i = id % 4;

	spec.sel.local = lan(s, i);
	spec.sel.remote = lan(!s, i);
	if (ike_adopt(side[s].k, now, &spec))
		abort();
}

/* What an earlier core 0 has left: a policy out of the template, and no SA. */
static void adopt_held(struct rd *r)
{
	uint8_t b = rd_u8(r);
	const struct selector sel = { .local = { .addr = in_lan(false, 0, b) },
				      .remote = { .addr = in_lan(true, 0, b) } };

	(void)ike_adopt_held(side[0].k, now, P2_MADE_ID + b % 8, 1, &sel);
}

/* A packet of the line, of one of some hosts. */
static void acquire(int s, uint8_t b)
{
	uint32_t i = b % (N_POLICIES + 1), host = b >> 2 & 7;
	const struct flow f = { .local = in_lan(s, i, host),
				.remote = in_lan(!s, i, host),
				.proto = 6 };

	ike_acquire(side[s].k, now, 1 + i, &f);
}

static void peer_moves(int s, uint8_t b)
{
	const struct ipaddr to = b & 1 ? addr(!s) : addr(9);

	if (side[s].n_sa)
		ike_peer_moved(side[s].k, now, side[s].sa[(b >> 1) % side[s].n_sa], &to,
			       b & 0x80 ? 4500 : 24500);
}

/* What is counted along the way is what a walk finds. */
static void recount(const struct ike *k)
{
	size_t all = 0, up = 0, dead = 0, quick = 0, work = 0;
	const struct ike_sa *sa;
	const struct qm *q;

	TAILQ_FOREACH(sa, &k->sas, entry)
	{
		all++;
		up += sa->state == MM_DONE;
		dead += sa->state == MM_DEAD;
		work += sa->work != NULL;
		TAILQ_FOREACH(q, &sa->qms, entry)
		{
			quick += q->state == QM_I0 || q->state == QM_I1 || q->state == QM_R1 ||
				 q->state == QM_R2;
			work += q->work != NULL;
		}
	}
	if (work != k->n_work || work + k->n_orphans != k->index.works.n ||
	    k->n_asked[0] + k->n_asked[1] > k->index.works.n)
		abort();
	if (all != k->n_sas || up != k->n_up || dead != k->n_dead || quick != k->n_quick)
		abort();
}

/* All that show commands ask for. */
static void show(int s)
{
	struct ike_sa_info sa;
	struct ike_pair_info p;
	struct ike_admission a;
	const struct p2_policy *made = NULL;

	while ((made = ike_made(side[s].k, made)))
		(void)ike_policy_story(side[s].k, made->id);
	ike_get_admission(side[s].k, &a);
	recount(side[s].k);

	for (size_t i = 0; ike_get_sa(side[s].k, now, i, &sa); i++)
		(void)ike_state_name(sa.state);
	for (size_t i = 0; ike_get_pair(side[s].k, i, &p); i++)
		(void)ike_policy_story(side[s].k, p.policy_id);
}

static void change_clear(int s, struct rd *r)
{
	size_t at = rd_be16(r);
	uint8_t v = rd_u8(r);
	struct wire *w = side[s].n_wire ? side[s].wire[0] : NULL;

	if (w && at < w->len)
		w->b[at] ^= v;
	else if (w && v)
		w->len -= v < w->len ? v : w->len;
}

static void on_wire(uint8_t op, int s, struct rd *r)
{
	struct wire *w;

	switch (op) {
	case 2:
	case 3: /* lost */
		w = pop(s);
		if (w && op == 2)
			hand(s, w);
		free(w);
		break;
	case 4: /* and stays: it comes again */
		if (side[s].n_wire)
			hand(s, side[s].wire[0]);
		break;
	case 5:
		change_clear(s, r);
		break;
	default:
		if (side[s].n_wire > 1)
			free(pop(s)); /* out of order: the older one is lost */
		break;
	}
}

static void operate(uint8_t op, int s, struct rd *r)
{
	struct ike *k = side[s].k;

	switch (op) {
	case 0:
		acquire(s, rd_u8(r));
		break;
	case 1:
		pass(rd_u8(r) * 500u);
		break;
	case 7:
		lie_prepare(r);
		break;
	case 8: {
		uint8_t b = rd_u8(r);

		if (side[s].n_sa)
			ike_expire(k, now, side[s].sa[(b & 0x3f) % side[s].n_sa], b & 0x80,
				   b & 0x40);
		break;
	}
	case 9: {
		uint8_t b = rd_u8(r);
		const struct ipaddr he = addr(!s);

		ike_unknown_spi(k, now, &he, PROTO_ESP,
				side[!s].n_sa ? side[!s].spi[b % side[!s].n_sa] : b);
		break;
	}
	case 10:
		used(s, rd_u8(r));
		break;
	case 11:
		ike_clear_isakmp(k, now, rd_u8(r) % 2 ? 0 : 1001);
		break;
	case 12:
		ike_clear_ipsec(k, now, NULL, NULL, 0);
		break;
	case 13:
		ike_forwarder_lost(k, now);
		side[s].n_sa = 0;
		break;
	case 14: {
		uint8_t b = rd_u8(r);

		also ^= (uint8_t)(b & ~TWO_PEERS);
		configure(s, b & 1);
		break;
	}
	case 15:
		restart(s);
		break;
	case 16:
		adopt(s, r);
		break;
	case 17:
		verify_fails = !verify_fails;
		break;
	case 18:
		show(s);
		break;
	case 19:
		adopt_held(r);
		break;
	case 20:
		peer_moves(s, rd_u8(r));
		break;
	case 21: /* another configuration of the same kind */
		by ^= rd_u8(r) & (DYNAMIC | PER_HOST | PROFILES | KEYRING | STRICT | OTHER_LOCAL);
		configure(0, true);
		break;
	default:
		settle(20);
		break;
	}
	drain(0);
	drain(1);
}

static void say_counts(void)
{
	fprintf(stderr,
		"lies with right hashes: quick mode %lu (%lu believed, %lu not), informational "
		"%lu (%lu, %lu), identities %lu (%lu)\n",
		told.quick, told.believed_quick, told.wrong_quick, told.info, told.believed_info,
		told.wrong_info, told.phase1, told.believed_proof);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool counts;

	if (!counts && getenv("CULVERT_FUZZ_COUNT"))
		atexit(say_counts);
	counts = true;
	struct rd r = rd_of(data, size < 400 ? size : 400);

	seed = 1;
	now = 1000;
	dh_cheap = true;
	verify_fails = false;
	how = rd_u8(&r);
	also = rd_u8(&r);
	by = rd_u8(&r);
	sets = rd_u8(&r);
	restart(0);
	restart(1);
	lie_begin();
	while (rd_left(&r)) {
		uint8_t b = rd_u8(&r), op = (b & 0x7f) % 24;

		if (op >= 2 && op <= 6)
			on_wire(op, b >> 7, &r);
		else
			operate(op, b >> 7, &r);
	}
	show(0);
	show(1);
	pass(200000);
	show(0);
	show(1);
	for (int s = 0; s < 2; s++) {
		while (side[s].n_wire)
			free(pop(s));
		ike_free(side[s].k);
		side[s].k = NULL;
		side[s].n_sa = 0;
	}
	return 0;
}
