/* SPDX-License-Identifier: Apache-2.0 */
/* What a negotiation costs: full main and quick modes a second of one core, between
 * two cores in one process, beside libcrypto's own public key operations in the same
 * run; and what 1,000 and 10,000 peers of one router cost in memory and time.
 *
 * bench_ike [SECONDS [PEERS]]   seconds for each group, 1 if not given; peers, 1,000 and 10,000 if not */
#include <malloc.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ike/ike.h"

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static double now_sec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t rng = 1;

static void fill(void *ctx, void *p, size_t n)
{
	uint8_t *b = p;

	(void)ctx;
	for (size_t i = 0; i < n; i++) {
		rng = rng * 6364136223846793005u + 1442695040888963407u;
		b[i] = (uint8_t)(rng >> 56);
	}
}

static void *need(void *p)
{
	if (!p) {
		fprintf(stderr, "no memory\n");
		exit(1);
	}
	return p;
}

/* ---- a hub and its peers ---- */

/* One core plays all the peers, each with an address of its own. */
struct world {
	struct ike *hub, *far;
	uint64_t now_ms;
	size_t pairs;	/* outbound SAs installed by the hub */
	double hub_sec; /* processor time in the hub's core */
};

static struct ipaddr hub_addr(void)
{
	return ipaddr_v4(A(192, 0, 2, 1));
}

static struct ipaddr peer_addr(size_t i)
{
	return ipaddr_v4(A(10, 128, 0, 1) + (uint32_t)i);
}

static void configure(struct ike *k, bool hub, size_t n, uint16_t group)
{
	const struct p1_policy p1 = { .priority = 10, .cipher = CIPHER_AES_CBC, .cipher_bits = 128,
				      .hash = HASH_SHA1, .auth = IKE_AUTH_PSK, .group = group,
				      .life_sec = 86400 };
	struct psk_entry *psk = need(calloc(n, sizeof(*psk)));
	struct p2_policy *p2 = need(calloc(n, sizeof(*p2)));
	struct ike_config c = { .enabled = true, .nat_traversal = true, .p1 = &p1, .n_p1 = 1,
				.psk = psk, .n_psk = hub ? n : 1, .p2 = p2, .n_p2 = n,
				.keepalive_sec = 10, .keepalive_retry_sec = 2 };

	for (size_t i = 0; i < n; i++) {
		uint32_t near = A(172, 16, 0, 0), lan = A(20, 0, 0, 0) + ((uint32_t)i << 4);

		psk[i] = (struct psk_entry){ .addr = hub ? peer_addr(i) : hub_addr(), .mask_len = 32,
					     .key_len = 9, .key = "secretkey" };
		p2[i] = (struct p2_policy){
			.id = (uint32_t)i + 1, .ifid = 1, .map = "M", .seq = (uint32_t)i + 1,
			.local = hub ? hub_addr() : peer_addr(i), .n_peers = 1,
			.peers = { hub ? peer_addr(i) : hub_addr() }, .n_transforms = 1,
			.transforms = { { .name = "T", .mode = MODE_TUNNEL, .cipher = CIPHER_AES_CBC,
					  .cipher_bits = 128, .esp_auth = AUTH_HMAC_SHA1_96 } },
			.life_sec = 3600, .life_kb = 4608000, .replay_window = 64,
			.sel = { .local = addr_match_v4(hub ? near : lan, hub ? 0xffff : 0xf),
				 .remote = addr_match_v4(hub ? lan : near, hub ? 0xf : 0xffff) },
		};
	}
	if (ike_configure(k, &c, 1000))
		exit(1);
	free(psk);
	free(p2);
}

static struct world world_new(size_t n, uint16_t group)
{
	static const struct ike_env env = { .random = fill };
	struct world w = { .hub = need(ike_new(&env)), .far = need(ike_new(&env)), .now_ms = 1000 };

	configure(w.hub, true, n, group);
	configure(w.far, false, n, group);
	return w;
}

/* What one side has to say goes straight into the other. True if anything did. */
static bool pump(struct world *w, struct ike *from, struct ike *to)
{
	uint8_t buf[8192];
	struct ike_action a;
	bool any = false;

	while (ike_next_action(from, &a)) {
		if (a.type == IKE_ACT_SA_ADD)
			w->pairs += from == w->hub && a.spec->dir == SA_OUT;
		if (a.type != IKE_ACT_SEND || a.data.len > sizeof(buf))
			continue;
		struct ike_path p = { a.path.remote, a.path.local, a.path.remote_port,
				      a.path.local_port };
		memcpy(buf, a.data.p, a.data.len);
		double t = to == w->hub ? now_sec() : 0;
		ike_datagram(to, w->now_ms, &p, span_of(buf, a.data.len));
		w->hub_sec += to == w->hub ? now_sec() - t : 0;
		any = true;
	}
	return any;
}

static void settle(struct world *w)
{
	bool any = true;

	while (any) {
		any = pump(w, w->hub, w->far);
		any |= pump(w, w->far, w->hub);
	}
}

/* Lets the settling time of quick mode pass, so that outbound SAs go in. */
static void pass(struct world *w, uint64_t ms)
{
	double t = now_sec();

	w->now_ms += ms;
	ike_tick(w->hub, w->now_ms);
	w->hub_sec += now_sec() - t;
	ike_tick(w->far, w->now_ms);
	settle(w);
}

static void bring_up(struct world *w, size_t i)
{
	static const struct flow any;

	double t = now_sec();
	ike_acquire(w->hub, w->now_ms, (uint32_t)i + 1, &any);
	w->hub_sec += now_sec() - t;
	settle(w);
	pass(w, 60);
}

/* ---- libcrypto alone ---- */

/* Two key pairs and two secrets, the public key operations of one main mode, by EVP as
 * `openssl speed` would do them. */
static EVP_PKEY *evp_key(const char *type, const char *group)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *k = NULL;
	char name[32];

	snprintf(name, sizeof(name), "%s", group);
	OSSL_PARAM p[] = { OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
			   OSSL_PARAM_END };
	if (c && EVP_PKEY_keygen_init(c) == 1 && EVP_PKEY_CTX_set_params(c, p) == 1)
		(void)EVP_PKEY_generate(c, &k);
	EVP_PKEY_CTX_free(c);
	return k;
}

static void evp_derive(EVP_PKEY *mine, EVP_PKEY *his)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
	uint8_t out[512];
	size_t n = sizeof(out);

	if (!c || EVP_PKEY_derive_init(c) != 1 || EVP_PKEY_derive_set_peer(c, his) != 1 ||
	    EVP_PKEY_derive(c, out, &n) != 1)
		exit(1);
	EVP_PKEY_CTX_free(c);
}

/* The same sums by BN, with the exponent that we take and none of EVP's checks. */
static void bn_exchange(const BIGNUM *p, BN_MONT_CTX *mont, BN_CTX *ctx, int bits)
{
	BIGNUM *x = BN_new(), *g = BN_new(), *y = BN_new();

	if (!x || !g || !y || !BN_set_word(g, 2))
		exit(1);
	for (int n = 0; n < 2; n++) {
		BN_priv_rand(x, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
		if (!BN_mod_exp_mont_consttime(y, g, x, p, ctx, mont) ||
		    !BN_mod_exp_mont_consttime(g, y, x, p, ctx, mont))
			exit(1);
		BN_set_word(g, 2);
	}
	BN_free(x);
	BN_free(g);
	BN_free(y);
}

static double by_bn(unsigned group, double sec)
{
	BIGNUM *p = group == 2 ? BN_get_rfc2409_prime_1024(NULL) :
		    group == 5 ? BN_get_rfc3526_prime_1536(NULL) :
				 BN_get_rfc3526_prime_2048(NULL);
	BN_CTX *ctx = BN_CTX_new();
	BN_MONT_CTX *mont = BN_MONT_CTX_new();
	double t0 = now_sec(), t;
	size_t n = 0;

	if (!p || !ctx || !mont || !BN_MONT_CTX_set(mont, p, ctx))
		exit(1);
	do {
		bn_exchange(p, mont, ctx, group == 14 ? 320 : 256);
		n++;
		t = now_sec() - t0;
	} while (t < sec);
	BN_free(p);
	BN_MONT_CTX_free(mont);
	BN_CTX_free(ctx);
	return (double)n / t;
}

static double by_evp(unsigned group, double sec)
{
	const char *type = group == 19 ? "EC" : "DH";
	const char *name = group == 14 ? "modp_2048" : group == 5 ? "modp_1536" : "P-256";
	double t0 = now_sec(), t;
	size_t n = 0;

	if (group == 2) /* EVP does not name it */
		return 0;
	do {
		EVP_PKEY *a = evp_key(type, name), *b = evp_key(type, name);

		if (!a || !b)
			exit(1);
		evp_derive(a, b);
		evp_derive(b, a);
		EVP_PKEY_free(a);
		EVP_PKEY_free(b);
		n++;
		t = now_sec() - t0;
	} while (t < sec);
	return (double)n / t;
}

/* ---- the measurements ---- */

/* Both ends of it run on this core. */
static double handshakes_per_sec(uint16_t group, double sec)
{
	struct world w = world_new(64, group);
	double t0 = now_sec(), t;
	size_t n = 0;

	do {
		bring_up(&w, n % 64);
		n++;
		if (n % 64 == 0) { /* all anew */
			ike_clear_ipsec(w.hub, w.now_ms, NULL, NULL, 0);
			ike_clear_isakmp(w.hub, w.now_ms, 0);
			settle(&w);
			pass(&w, 61000);
		}
		t = now_sec() - t0;
	} while (t < sec);
	if (w.pairs != n) {
		fprintf(stderr, "group %u: %zu of %zu handshakes ended in a pair\n", group, w.pairs, n);
		exit(1);
	}
	ike_free(w.hub);
	ike_free(w.far);
	return (double)n / t;
}

/* All peers fall silent at once, and each is found dead (dead peer detection). */
static void silence(struct world *w, size_t n)
{
	struct ike_use *v = need(calloc(2 * n, sizeof(*v)));
	struct ike_action a;
	size_t deleted = 0;
	double t = now_sec();

	for (uint32_t i = 0; i < 2 * n; i++) /* ids rise; the odd ones are inbound */
		v[i] = (struct ike_use){ i + 1, i % 2 ? 0 : UINT32_MAX };
	for (unsigned i = 0; i < 60; i++) {
		w->now_ms += 1000;
		if (i % 10 == 0)
			ike_used(w->hub, w->now_ms, v, 2 * n);
		ike_tick(w->hub, w->now_ms);
		while (ike_next_action(w->hub, &a))
			deleted += a.type == IKE_ACT_SA_DEL;
	}
	printf("        all fall silent: %.2f s of the router's processor until %zu of %zu SAs are deleted\n",
	       now_sec() - t, deleted, 2 * n);
	free(v);
}

static void peers(size_t n)
{
	struct world w = world_new(n, 19);
	struct mallinfo2 before = mallinfo2();
	double t0 = now_sec(), t;

	for (size_t i = 0; i < n; i++)
		bring_up(&w, i);
	t = now_sec() - t0;
	double hub_sec = w.hub_sec;
	struct mallinfo2 after = mallinfo2();
	pass(&w, 100000); /* what lingers is gone */
	struct mallinfo2 rest = mallinfo2();
	/* the far side costs as much as the hub */
	printf("%6zu peers: up in %.2f s of the router's processor (%.2f s with the far ends; group 19), "
	       "%.0f bytes a peer while fresh, %.0f at rest: %.1f MiB\n",
	       n, hub_sec, t, (double)(after.uordblks - before.uordblks) / 2 / (double)n,
	       (double)(rest.uordblks - before.uordblks) / 2 / (double)n,
	       (double)(rest.uordblks - before.uordblks) / 2 / 1048576);
	if (w.pairs != n)
		printf("        only %zu of them are up\n", w.pairs);
	silence(&w, n);
	ike_free(w.hub);
	ike_free(w.far);
}

int main(int argc, char **argv)
{
	static const uint16_t groups[] = { 2, 5, 14, 19 };
	double sec = argc > 1 ? atof(argv[1]) : 1;
	size_t few = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("main mode and quick mode, both ends on one core; beside two key pairs and two "
	       "secrets by libcrypto, the sums alone and by EVP\n");
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		unsigned g = groups[i];
		double evp = by_evp(g, sec), bare = g == 19 ? evp : by_bn(g, sec);
		double ours = handshakes_per_sec(groups[i], sec);

		printf("group %2u: %6.0f handshakes/s; libcrypto %6.0f/s, EVP %6.0f/s; a handshake costs "
		       "%.2f times the sums alone, %.0f us besides\n",
		       g, ours, bare, evp, bare / ours, 1e6 / ours - 1e6 / bare);
	}
	if (few) {
		peers(few);
		return 0;
	}
	peers(1000);
	peers(10000);
	return 0;
}
