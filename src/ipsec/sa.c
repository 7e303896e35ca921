/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/sa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "ipsec/ah.h"

#define SA_RENEWAL_MS 5000

enum { CACHE_LINE = 64 };

/* What RFCs forbid: a counter mode that nothing authenticates (RFC 3686 section 2.2), or
 * under a key that somebody typed, whose numbers begin anew and cycle (RFC 4106 section 2);
 * extended numbers that nothing authenticates or that no window follows (RFC 4303
 * section 3.4.3). */
static bool suite_is_sound(const struct sa_spec *spec, const struct cipher_info *cipher)
{
	bool authentic = spec->auth || cipher->combined;

	return ((authentic && !spec->manual) || !cipher->counter) &&
	       (!spec->esn || (authentic && (spec->dir == SA_OUT || spec->replay_window)));
}

static int set_esp_key(struct crypto_runner *r, struct sa *sa, const struct sa_spec *spec,
		       const struct auth_info *auth)
{
	if (spec->enc_key.len > SA_MAX_KEY || spec->auth_key.len > SA_MAX_KEY)
		return -EINVAL;
	return crypto_key_new(r, spec->dir == SA_OUT ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT, sa->cipher,
			      auth, span_of(spec->enc_key.b, spec->enc_key.len),
			      span_of(spec->auth_key.b, spec->auth_key.len), &sa->key);
}

static int set_esp(struct crypto_runner *r, struct sa *sa, const struct sa_spec *spec)
{
	const struct auth_info *auth = spec->auth ? auth_info(spec->auth) : NULL;
	int err;

	sa->cipher = cipher_info(spec->cipher, spec->cipher_bits);
	err = !sa->cipher || (spec->auth && !auth) || !suite_is_sound(spec, sa->cipher) ?
		      -EINVAL :
		      set_esp_key(r, sa, spec, auth);
	if (err)
		return err;
	sa->has_esp = true;
	sa->iv_len = sa->cipher->iv_len;
	sa->icv_len = sa->cipher->combined ? sa->cipher->icv_len : auth ? auth->icv_len : 0;
	/* RFC 4303 section 2.4: the text ends on a 4-byte boundary at least */
	sa->align = sa->cipher->block_len < 4 ? 4 : sa->cipher->block_len;
	sa->text_limit = sa->cipher->block_len == 8 ? CIPHER_SMALL_BLOCK_MAX : 0;
	return spec->dir == SA_IN ? replay_init(&sa->replay, spec->replay_window) : 0;
}

/* A MAC alone is a job of the NULL cipher without a text. */
static int set_ah(struct crypto_runner *r, struct sa *sa, const struct sa_spec *spec)
{
	bool alone = spec->proto == PROTO_AH;
	const struct sa_key *key = alone ? &spec->auth_key : &spec->ah.key;
	const struct auth_info *auth = auth_info(alone ? spec->auth : spec->ah.auth);
	struct sa_ah_state *ah;

	if (!auth || key->len > SA_MAX_KEY || spec->udp_encap || spec->esn ||
	    (alone && (spec->cipher || spec->enc_key.len || spec->ah.spi)))
		return -EINVAL;
	ah = sa->ah = calloc(1, sizeof(*ah));
	if (!ah || (spec->dir == SA_IN && replay_init(&ah->replay, spec->replay_window)))
		return -ENOMEM;
	sa->has_ah = true;
	ah->sa = sa;
	ah->auth = auth;
	ah->spi = alone ? spec->spi : spec->ah.spi;
	ah->header_len = (uint8_t)ah_header_len(auth, spec->src.family);
	if (alone)
		sa->icv_len = auth->icv_len;
	return crypto_key_new(r, spec->dir == SA_OUT ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT,
			      cipher_info(CIPHER_NULL, 0), auth, (struct span){ 0 },
			      span_of(key->b, key->len), &ah->key);
}

/* The outer address of the peer. */
static const struct ipaddr *far_end(uint8_t dir, const struct ipaddr *src, const struct ipaddr *dst)
{
	return dir == SA_IN ? src : dst;
}

/* Who is not in UDP, and where his packets are from, has nothing of his own. */
static int set_nat(struct sa *sa, const struct sa_spec *spec)
{
	const struct ipaddr *end = far_end(spec->dir, &spec->src, &spec->dst);

	if (!spec->udp_encap && !spec->oa_src.family && !spec->oa_dst.family &&
	    (!spec->peer.family || ipaddr_equal(&spec->peer, end)))
		return 0;
	sa->nat = calloc(1, sizeof(*sa->nat));
	if (!sa->nat)
		return -ENOMEM;
	*sa->nat = (struct sa_nat){ spec->peer, spec->oa_src, spec->oa_dst };
	return 0;
}

/* What a spec and the terms of an SA have in common, but the selector. */
#define TERMS(X)                                                                                   \
	X(id) X(pair_id) X(policy_id) X(spi) X(life) X(cipher_bits) X(replay_window) X(udp_sport)  \
	X(udp_dport) X(dir) X(proto) X(mode) X(udp_encap) X(esn) X(manual) X(cipher) X(auth)       \
	X(peer_moves) X(src) X(dst)

static void set_terms(struct sa_terms *t, const struct sa_spec *s)
{
#define SET(field) t->field = s->field;
	TERMS(SET)
#undef SET
	t->peer_known = s->peer.family != IP_NONE;
	t->sel = s->dir == SA_IN ? selector_mirror(&s->sel) : s->sel;
}

void sa_get_spec(const struct sa *sa, struct sa_spec *ret_spec)
{
	const struct sa_terms *t = &sa->spec;
	struct sa_spec s = { 0 };

#define GET(field) s.field = t->field;
	TERMS(GET)
#undef GET
	s.sel = t->dir == SA_IN ? selector_mirror(&t->sel) : t->sel;
	if (t->peer_known)
		s.peer = sa->nat ? sa->nat->peer : *far_end(t->dir, &t->src, &t->dst);
	if (sa->nat) {
		s.oa_src = sa->nat->oa_src;
		s.oa_dst = sa->nat->oa_dst;
	}
	if (sa->has_esp && sa->has_ah) {
		s.ah.spi = sa->ah->spi;
		s.ah.auth = (uint8_t)sa->ah->auth->id;
	}
	*ret_spec = s;
}

/* What each packet would compute anew. */
static void prepare_in(struct sa *sa)
{
	const struct selector *s = &sa->spec.sel;
	uint32_t want[2], wild[2];

	sa->in_plain = s->local.addr.family == IP_V4 && s->remote.addr.family == IP_V4 &&
		       s->local_port.op == PORT_ANY && s->remote_port.op == PORT_ANY;
	memcpy(&want[0], s->local.addr.b, 4);
	memcpy(&want[1], s->remote.addr.b, 4);
	memcpy(&wild[0], s->local.wild, 4);
	memcpy(&wild[1], s->remote.wild, 4);
	memcpy(&sa->in_wanted, want, sizeof(want));
	memcpy(&sa->in_care, wild, sizeof(wild));
	sa->in_care = ~sa->in_care;
	sa->in_proto = s->proto;
}

static void prepare_out(struct sa *sa)
{
	uint32_t src = ipaddr_to_v4(&sa->spec.src), dst = ipaddr_to_v4(&sa->spec.dst), addrs[2];

	memcpy(&addrs[0], sa->spec.src.b, 4);
	memcpy(&addrs[1], sa->spec.dst.b, 4);
	memcpy(&sa->outer_addrs, addrs, sizeof(addrs));
	sa->outer_sum = ip_sum_fold((uint64_t)0x4500 + (ESP_OUTER_TTL << 8 | PROTO_ESP) + src + dst);
}

int sa_new(struct crypto_runner *r, const struct sa_spec *spec, uint64_t now_ms, struct sa **ret)
{
	struct sa *sa;
	void *mem;
	int err = 0;

	if ((spec->proto != PROTO_ESP && spec->proto != PROTO_AH) ||
	    (spec->src.family != IP_V4 && spec->src.family != IP_V6) ||
	    spec->dst.family != spec->src.family ||
	    (spec->mode != MODE_TUNNEL && spec->mode != MODE_TRANSPORT) ||
	    (spec->dir != SA_IN && spec->dir != SA_OUT))
		return -EINVAL;
	if (posix_memalign(&mem, CACHE_LINE, sizeof(*sa)))
		return -ENOMEM;
	sa = mem;
	memset(sa, 0, sizeof(*sa));
	if (spec->proto == PROTO_ESP)
		err = set_esp(r, sa, spec);
	if (!err && (spec->proto == PROTO_AH || spec->ah.spi))
		err = set_ah(r, sa, spec);
	if (!err)
		err = set_nat(sa, spec);
	if (err) {
		sa_free(sa);
		return err;
	}
	set_terms(&sa->spec, spec);
	sa->born_ms = now_ms;
	if (spec->dir == SA_IN)
		prepare_in(sa);
	else
		prepare_out(sa);
	*ret = sa;
	return 0;
}

void sa_free(struct sa *sa)
{
	if (!sa)
		return;
	crypto_key_free(sa->key);
	if (sa->ah) {
		crypto_key_free(sa->ah->key);
		replay_fini(&sa->ah->replay);
	}
	free(sa->ah);
	free(sa->nat);
	replay_fini(&sa->replay);
	if (sa->low != sa->low_here)
		free(sa->low);
	secret_free(sa, sizeof(*sa));
}

void sad_init(struct sad *d, const uint64_t seed[2])
{
	*d = (struct sad){ .seed = { seed[0], seed[1] } };
}

void sad_fini(struct sad *d)
{
	struct hnode *n = htab_walk(&d->by_id, NULL);

	while (n) {
		struct hnode *next = htab_walk(&d->by_id, n);

		sa_free(hnode_entry(n, struct sa, by_id));
		n = next;
	}
	htab_fini(&d->by_id);
	htab_fini(&d->by_spi);
	htab_fini(&d->by_ah);
	htab_fini(&d->by_out);
}

static uint64_t id_hash(const struct sad *d, uint32_t id)
{
	return hash_bytes(d->seed, &id, sizeof(id));
}

/* Strangers look SPIs up but only we put them in, so nobody can make them collide:
 * a cheap mix is enough on the way of each packet. */
static uint64_t spi_hash(const struct sad *d, uint8_t proto, uint32_t spi)
{
	uint64_t h = (((uint64_t)proto << 32 | spi) ^ d->seed[0]) * 0x9e3779b97f4a7c15u;

	return h ^ h >> 32;
}

static bool spi_taken(const struct sad *d, const struct sa *sa)
{
	return (sa->has_esp && sad_by_spi(d, PROTO_ESP, sa->spec.spi)) ||
	       (sa->has_ah && sad_by_spi(d, PROTO_AH, sa->ah->spi));
}

/* What an onlooker sees of a packet of the SA. */
static uint8_t outer_proto(const struct sa *sa)
{
	return sa->has_ah ? PROTO_AH : PROTO_ESP;
}

static uint32_t outer_spi(const struct sa *sa)
{
	return sa->has_ah ? sa->ah->spi : sa->spec.spi;
}

static int add_out(struct sad *d, struct sa *sa)
{
	return htab_add(&d->by_out, &sa->by_spi, spi_hash(d, outer_proto(sa), outer_spi(sa)));
}

static int add_spis(struct sad *d, struct sa *sa)
{
	if (sa->has_esp && htab_add(&d->by_spi, &sa->by_spi, spi_hash(d, PROTO_ESP, sa->spec.spi)))
		return -ENOMEM;
	if (!sa->has_ah || !htab_add(&d->by_ah, &sa->ah->by_spi, spi_hash(d, PROTO_AH, sa->ah->spi)))
		return 0;
	if (sa->has_esp)
		htab_del(&d->by_spi, &sa->by_spi);
	return -ENOMEM;
}

int sad_add(struct sad *d, struct sa *sa)
{
	const struct sa_terms *s = &sa->spec;

	if (sad_by_id(d, s->id) || (s->dir == SA_IN && spi_taken(d, sa)))
		return -EEXIST;
	if (htab_add(&d->by_id, &sa->by_id, id_hash(d, s->id)))
		return -ENOMEM;
	if (s->dir == SA_IN ? add_spis(d, sa) : add_out(d, sa)) {
		htab_del(&d->by_id, &sa->by_id);
		return -ENOMEM;
	}
	return 0;
}

void sad_del(struct sad *d, struct sa *sa)
{
	htab_del(&d->by_id, &sa->by_id);
	if (sa->spec.dir == SA_OUT)
		htab_del(&d->by_out, &sa->by_spi);
	if (sa->spec.dir == SA_IN && sa->has_esp)
		htab_del(&d->by_spi, &sa->by_spi);
	if (sa->spec.dir == SA_IN && sa->has_ah)
		htab_del(&d->by_ah, &sa->ah->by_spi);
	sa_free(sa);
}

struct sa *sad_by_id(const struct sad *d, uint32_t id)
{
	for (struct hnode *n = htab_first(&d->by_id, id_hash(d, id)); n; n = htab_next(n))
		if (hnode_entry(n, struct sa, by_id)->spec.id == id)
			return hnode_entry(n, struct sa, by_id);
	return NULL;
}

static struct sa *by_ah(const struct sad *d, uint32_t spi)
{
	for (struct hnode *n = htab_first(&d->by_ah, spi_hash(d, PROTO_AH, spi)); n;
	     n = htab_next(n))
		if (hnode_entry(n, struct sa_ah_state, by_spi)->spi == spi)
			return hnode_entry(n, struct sa_ah_state, by_spi)->sa;
	return NULL;
}

struct sa *sad_by_spi(const struct sad *d, uint8_t proto, uint32_t spi)
{
	if (proto == PROTO_AH)
		return by_ah(d, spi);
	for (struct hnode *n = htab_first(&d->by_spi, spi_hash(d, proto, spi)); n;
	     n = htab_next(n)) {
		struct sa *sa = hnode_entry(n, struct sa, by_spi);

		if (sa->spec.spi == spi && sa->spec.proto == proto)
			return sa;
	}
	return NULL;
}

void sad_prefetch(const struct sad *d, uint32_t spi)
{
	htab_prefetch(&d->by_spi, spi_hash(d, PROTO_ESP, spi));
}

const struct sa *sad_guess(const struct sad *d, uint32_t spi)
{
	struct hnode *n = htab_guess(&d->by_spi, spi_hash(d, PROTO_ESP, spi));

	return n ? hnode_entry(n, struct sa, by_spi) : NULL;
}

struct sa *sad_outbound(const struct sad *d, uint8_t proto, uint32_t spi, const struct ipaddr *src,
			const struct ipaddr *dst)
{
	for (struct hnode *n = htab_first(&d->by_out, spi_hash(d, proto, spi)); n;
	     n = htab_next(n)) {
		struct sa *sa = hnode_entry(n, struct sa, by_spi);

		if (outer_spi(sa) == spi && outer_proto(sa) == proto &&
		    ipaddr_equal(&sa->spec.src, src) && ipaddr_equal(&sa->spec.dst, dst))
			return sa;
	}
	return NULL;
}

uint32_t sa_last_seq(const struct sa *sa)
{
	bool out = sa->spec.dir == SA_OUT;

	if (!sa->has_esp)
		return out ? sa->ah->seq : sa->ah->replay.top;
	return out ? sa->seq : sa->replay.top;
}

static uint64_t look(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Typed keys are there for ever, and so are their numbers: without anti-replay the
 * sender may let them cycle (RFC 4302 section 3.3.2, RFC 4303 section 3.3.3). */
static bool numbers_run_out(const struct sa *sa)
{
	uint64_t esp = look(&sa->number) >> (sa->spec.esn ? 32 : 0);

	return !sa->spec.manual && (esp >= 0xff000000 || (sa->has_ah && sa->ah->seq >= 0xff000000));
}

/* A renewal takes its time by the clock, whatever the volume. Who fills an SA in seconds begins
 * when what is left would go, as it went till now, before a renewal can be counted on; not
 * before half is gone, or the SA would be renewed for ever. */
static bool volume_is_due(const struct sa_life *l, uint64_t bytes, uint64_t age_ms)
{
	if (!l->soft_bytes || bytes >= l->soft_bytes)
		return l->soft_bytes;
	if (bytes < l->hard_bytes / 2 || bytes >= l->hard_bytes)
		return false;
	return l->hard_bytes - bytes < bytes / (age_ms ? age_ms : 1) * SA_RENEWAL_MS;
}

uint8_t sa_is_due(const struct sa *sa, uint64_t now_ms)
{
	const struct sa_life *l = &sa->spec.life;
	/* an older look at the clock makes it no older */
	uint64_t age_ms = now_ms > sa->born_ms ? now_ms - sa->born_ms : 0, bytes = look(&sa->bytes), text = look(&sa->text);

	if ((l->hard_sec && age_ms >= l->hard_sec * UINT64_C(1000)) ||
	    (l->hard_bytes && bytes >= l->hard_bytes) || (sa->text_limit && text >= sa->text_limit) ||
	    sa->dead)
		return SA_DUE_HARD;
	if ((l->soft_sec && age_ms >= l->soft_sec * UINT64_C(1000)) ||
	    volume_is_due(l, bytes, age_ms) ||
	    (sa->text_limit && text >= sa->text_limit / 4 * 3) || numbers_run_out(sa))
		return SA_DUE_SOFT;
	return 0;
}

bool sa_check_life(struct sa *sa, uint64_t now_ms)
{
	uint8_t due = sa_is_due(sa, now_ms);

	sa->due |= due;
	if (sa->due & SA_DUE_HARD)
		sa->dead = true;
	return sa->due & ~sa->told;
}

size_t sa_plaintext_mtu(const struct sa *sa, size_t path_mtu)
{
	size_t ip = ip_header_of(sa->spec.src.family), ah = sa->ah ? sa->ah->header_len : 0;
	size_t outer = ip + ah;

	if (!sa->has_esp) /* AH pads nothing */
		return path_mtu <= outer		? 0 :
		       sa->spec.mode == MODE_TUNNEL ? path_mtu - outer :
						      path_mtu - ah;
	outer += (sa->spec.udp_encap ? ESP_UDP_HEADER : 0u) + ESP_HEADER + sa->iv_len + sa->icv_len;
	if (path_mtu < outer + sa->align)
		return 0;
	/* text is a multiple of align and ends with pad length and next header */
	size_t text = (path_mtu - outer) / sa->align * sa->align - ESP_TRAILER;
	return sa->spec.mode == MODE_TUNNEL ? text : text + ip;
}

void sa_set_path(struct sa *sa, uint16_t path_mtu)
{
	if (sa->spec.src.family == IP_V6 && path_mtu < IP6_LEAST_MTU)
		path_mtu = IP6_LEAST_MTU;
	sa->path_mtu = path_mtu;
	sa->plain_mtu = (uint16_t)sa_plaintext_mtu(sa, path_mtu);
}
