/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/sa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "ipsec/esp.h"

static int set_key(struct crypto_runner *r, struct sa *sa, const struct sa_spec *spec)
{
	if (spec->enc_key.len > SA_MAX_KEY || spec->auth_key.len > SA_MAX_KEY)
		return -EINVAL;
	return crypto_key_new(r, spec->dir == SA_OUT ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT, sa->cipher,
			      sa->auth, span_of(spec->enc_key.b, spec->enc_key.len),
			      span_of(spec->auth_key.b, spec->auth_key.len), &sa->key);
}

int sa_new(struct crypto_runner *r, const struct sa_spec *spec, uint64_t now_ms, struct sa **ret)
{
	struct sa *sa;
	int err;

	if (spec->proto != PROTO_ESP || spec->src.family != IP_V4 || spec->dst.family != IP_V4 ||
	    (spec->mode != MODE_TUNNEL && spec->mode != MODE_TRANSPORT) ||
	    (spec->dir != SA_IN && spec->dir != SA_OUT))
		return -EINVAL;
	sa = calloc(1, sizeof(*sa));
	if (!sa)
		return -ENOMEM;
	sa->cipher = cipher_info(spec->cipher, spec->cipher_bits);
	sa->auth = spec->auth ? auth_info(spec->auth) : NULL;
	err = !sa->cipher || (spec->auth && !sa->auth) ? -EINVAL : set_key(r, sa, spec);
	if (err) {
		free(sa);
		return err;
	}
	sa->spec = *spec;
	secret_wipe(&sa->spec.enc_key, sizeof(sa->spec.enc_key));
	secret_wipe(&sa->spec.auth_key, sizeof(sa->spec.auth_key));
	sa->iv_len = sa->cipher->iv_len;
	sa->icv_len = sa->cipher->combined ? sa->cipher->icv_len : sa->auth ? sa->auth->icv_len : 0;
	/* RFC 4303 section 2.4: the text ends on a 4-byte boundary at least */
	sa->align = sa->cipher->block_len < 4 ? 4 : sa->cipher->block_len;
	sa->born_ms = now_ms;
	sa->inner_in = selector_mirror(&spec->sel);
	replay_init(&sa->replay, spec->replay_window);
	*ret = sa;
	return 0;
}

void sa_free(struct sa *sa)
{
	if (!sa)
		return;
	crypto_key_free(sa->key);
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

int sad_add(struct sad *d, struct sa *sa)
{
	const struct sa_spec *s = &sa->spec;

	if (sad_by_id(d, s->id) || (s->dir == SA_IN && sad_by_spi(d, s->proto, s->spi)))
		return -EEXIST;
	if (htab_add(&d->by_id, &sa->by_id, id_hash(d, s->id)))
		return -ENOMEM;
	if (s->dir == SA_IN && htab_add(&d->by_spi, &sa->by_spi, spi_hash(d, s->proto, s->spi))) {
		htab_del(&d->by_id, &sa->by_id);
		return -ENOMEM;
	}
	return 0;
}

void sad_del(struct sad *d, struct sa *sa)
{
	htab_del(&d->by_id, &sa->by_id);
	if (sa->spec.dir == SA_IN)
		htab_del(&d->by_spi, &sa->by_spi);
	sa_free(sa);
}

struct sa *sad_by_id(const struct sad *d, uint32_t id)
{
	for (struct hnode *n = htab_first(&d->by_id, id_hash(d, id)); n; n = htab_next(n))
		if (hnode_entry(n, struct sa, by_id)->spec.id == id)
			return hnode_entry(n, struct sa, by_id);
	return NULL;
}

struct sa *sad_by_spi(const struct sad *d, uint8_t proto, uint32_t spi)
{
	for (struct hnode *n = htab_first(&d->by_spi, spi_hash(d, proto, spi)); n;
	     n = htab_next(n)) {
		struct sa *sa = hnode_entry(n, struct sa, by_spi);

		if (sa->spec.spi == spi && sa->spec.proto == proto)
			return sa;
	}
	return NULL;
}

bool sa_check_life(struct sa *sa, uint64_t now_ms)
{
	const struct sa_life *l = &sa->spec.life;
	uint64_t age_sec = (now_ms - sa->born_ms) / 1000;

	if ((l->hard_sec && age_sec >= l->hard_sec) ||
	    (l->hard_bytes && sa->bytes >= l->hard_bytes) || sa->dead)
		sa->due |= SA_DUE_HARD;
	else if ((l->soft_sec && age_sec >= l->soft_sec) ||
		 (l->soft_bytes && sa->bytes >= l->soft_bytes) || sa->seq >= 0xff000000)
		sa->due |= SA_DUE_SOFT;
	if (sa->due & SA_DUE_HARD)
		sa->dead = true;
	return sa->due & ~sa->told;
}

size_t sa_plaintext_mtu(const struct sa *sa, size_t path_mtu)
{
	size_t outer = ESP_IP_HEADER + (sa->spec.udp_encap ? ESP_UDP_HEADER : 0u) + ESP_HEADER +
		       sa->iv_len + sa->icv_len;

	if (path_mtu < outer + sa->align)
		return 0;
	/* text is a multiple of align and ends with pad length and next header */
	size_t text = (path_mtu - outer) / sa->align * sa->align - ESP_TRAILER;
	return sa->spec.mode == MODE_TUNNEL ? text : text + ESP_IP_HEADER;
}
