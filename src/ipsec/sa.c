/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/sa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "ipsec/ah.h"

/* What RFCs forbid: a counter mode that nothing authenticates (RFC 3686 section 2.2), or
 * under a key that somebody typed, whose numbers begin anew and cycle (RFC 4106 section 2);
 * extended numbers that nothing authenticates or that no window follows (RFC 4303
 * section 3.4.3). */
static bool suite_is_sound(const struct sa *sa, const struct sa_spec *spec)
{
	bool authentic = sa->auth || sa->cipher->combined;

	return ((authentic && !spec->manual) || !sa->cipher->counter) &&
	       (!spec->esn || (authentic && (spec->dir == SA_OUT || spec->replay_window)));
}

static int set_esp_key(struct crypto_runner *r, struct sa *sa, const struct sa_spec *spec)
{
	if (spec->enc_key.len > SA_MAX_KEY || spec->auth_key.len > SA_MAX_KEY)
		return -EINVAL;
	return crypto_key_new(r, spec->dir == SA_OUT ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT, sa->cipher,
			      sa->auth, span_of(spec->enc_key.b, spec->enc_key.len),
			      span_of(spec->auth_key.b, spec->auth_key.len), &sa->key);
}

static int set_esp(struct crypto_runner *r, struct sa *sa, const struct sa_spec *spec)
{
	int err;

	sa->cipher = cipher_info(spec->cipher, spec->cipher_bits);
	sa->auth = spec->auth ? auth_info(spec->auth) : NULL;
	err = !sa->cipher || (spec->auth && !sa->auth) || !suite_is_sound(sa, spec) ?
		      -EINVAL :
		      set_esp_key(r, sa, spec);
	if (err)
		return err;
	sa->has_esp = true;
	sa->iv_len = sa->cipher->iv_len;
	sa->icv_len = sa->cipher->combined ? sa->cipher->icv_len : sa->auth ? sa->auth->icv_len : 0;
	/* RFC 4303 section 2.4: the text ends on a 4-byte boundary at least */
	sa->align = sa->cipher->block_len < 4 ? 4 : sa->cipher->block_len;
	sa->text_limit = sa->cipher->block_len == 8 ? CIPHER_SMALL_BLOCK_MAX : 0;
	replay_init(&sa->replay, spec->replay_window);
	return 0;
}

/* A MAC alone is a job of the NULL cipher without a text. */
static int set_ah(struct crypto_runner *r, struct sa *sa, const struct sa_spec *spec)
{
	bool alone = spec->proto == PROTO_AH;
	const struct sa_key *key = alone ? &spec->auth_key : &spec->ah.key;
	const struct auth_info *auth = auth_info(alone ? spec->auth : spec->ah.auth);

	if (!auth || key->len > SA_MAX_KEY || spec->udp_encap || spec->esn ||
	    (alone && (spec->cipher || spec->enc_key.len || spec->ah.spi)))
		return -EINVAL;
	sa->has_ah = true;
	sa->ah.auth = auth;
	sa->ah.spi = alone ? spec->spi : spec->ah.spi;
	sa->ah.header_len = (uint8_t)ah_header_len(auth, spec->src.family);
	if (alone)
		sa->icv_len = auth->icv_len;
	replay_init(&sa->ah.replay, spec->replay_window);
	return crypto_key_new(r, spec->dir == SA_OUT ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT,
			      cipher_info(CIPHER_NULL, 0), auth, (struct span){ 0 },
			      span_of(key->b, key->len), &sa->ah.key);
}

/* What each packet would compute anew. */
static void prepare_in(struct sa *sa)
{
	const struct selector *s = &sa->inner_in;
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
	int err = 0;

	if ((spec->proto != PROTO_ESP && spec->proto != PROTO_AH) ||
	    (spec->src.family != IP_V4 && spec->src.family != IP_V6) ||
	    spec->dst.family != spec->src.family ||
	    (spec->mode != MODE_TUNNEL && spec->mode != MODE_TRANSPORT) ||
	    (spec->dir != SA_IN && spec->dir != SA_OUT))
		return -EINVAL;
	sa = aligned_alloc(alignof(struct sa), sizeof(*sa));
	if (!sa)
		return -ENOMEM;
	memset(sa, 0, sizeof(*sa));
	if (spec->proto == PROTO_ESP)
		err = set_esp(r, sa, spec);
	if (!err && (spec->proto == PROTO_AH || spec->ah.spi))
		err = set_ah(r, sa, spec);
	if (err) {
		sa_free(sa);
		return err;
	}
	sa->spec = *spec;
	secret_wipe(&sa->spec.enc_key, sizeof(sa->spec.enc_key));
	secret_wipe(&sa->spec.auth_key, sizeof(sa->spec.auth_key));
	secret_wipe(&sa->spec.ah.key, sizeof(sa->spec.ah.key));
	sa->born_ms = now_ms;
	sa->inner_in = selector_mirror(&spec->sel);
	prepare_in(sa);
	prepare_out(sa);
	*ret = sa;
	return 0;
}

void sa_free(struct sa *sa)
{
	if (!sa)
		return;
	crypto_key_free(sa->key);
	crypto_key_free(sa->ah.key);
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
	       (sa->has_ah && sad_by_spi(d, PROTO_AH, sa->ah.spi));
}

/* What an onlooker sees of a packet of the SA. */
static uint8_t outer_proto(const struct sa *sa)
{
	return sa->has_ah ? PROTO_AH : PROTO_ESP;
}

static uint32_t outer_spi(const struct sa *sa)
{
	return sa->has_ah ? sa->ah.spi : sa->spec.spi;
}

static int add_out(struct sad *d, struct sa *sa)
{
	return htab_add(&d->by_out, &sa->by_spi, spi_hash(d, outer_proto(sa), outer_spi(sa)));
}

static int add_spis(struct sad *d, struct sa *sa)
{
	if (sa->has_esp && htab_add(&d->by_spi, &sa->by_spi, spi_hash(d, PROTO_ESP, sa->spec.spi)))
		return -ENOMEM;
	if (!sa->has_ah || !htab_add(&d->by_ah, &sa->by_ah, spi_hash(d, PROTO_AH, sa->ah.spi)))
		return 0;
	if (sa->has_esp)
		htab_del(&d->by_spi, &sa->by_spi);
	return -ENOMEM;
}

int sad_add(struct sad *d, struct sa *sa)
{
	const struct sa_spec *s = &sa->spec;

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
		htab_del(&d->by_ah, &sa->by_ah);
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
		if (hnode_entry(n, struct sa, by_ah)->ah.spi == spi)
			return hnode_entry(n, struct sa, by_ah);
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
		return out ? sa->ah.seq : sa->ah.replay.top;
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

	return !sa->spec.manual && (esp >= 0xff000000 || (sa->has_ah && sa->ah.seq >= 0xff000000));
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
	    (l->soft_bytes && bytes >= l->soft_bytes) ||
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
	size_t ip = ip_header_of(sa->spec.src.family), outer = ip + sa->ah.header_len;

	if (!sa->has_esp) /* AH pads nothing */
		return path_mtu <= outer		? 0 :
		       sa->spec.mode == MODE_TUNNEL ? path_mtu - outer :
						      path_mtu - sa->ah.header_len;
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
