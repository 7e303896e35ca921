/* SPDX-License-Identifier: Apache-2.0 */
/* A one-way SA in use, and the SAD that holds them. Everything that can be known
 * when the SA is made - lengths, functions, header template - is computed then. */
#ifndef IPSEC_SA_H
#define IPSEC_SA_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/hash.h"
#include "crypto/jobs.h"
#include "ipsec/replay.h"
#include "model/sa_spec.h"

/* What became due; told to the owner of the SAD, each once. */
enum sa_due { SA_DUE_SOFT = 1, SA_DUE_HARD = 2 };

/* The AH of an SA, alone or around ESP. */
struct sa_ah_state {
	struct sa *sa; /* whose it is */
	const struct auth_info *auth;
	struct crypto_key *key;
	uint32_t spi;
	uint8_t header_len; /* bytes in front of what it protects */
	/* owner worker only */
	uint32_t seq;	      /* outbound: last sent */
	struct replay replay; /* inbound */
	struct hnode by_spi;  /* inbound: in sad.by_ah */
};

/* What may be behind a NAT (sa_spec.h). */
struct sa_nat {
	struct ipaddr peer, oa_src, oa_dst;
};

/* What was agreed (sa_spec.h), without keys, AH and NAT. Each packet asks for what is above the
 * addresses. */
struct sa_terms {
	uint32_t id, pair_id, policy_id, spi;
	struct sa_life life;
	uint16_t cipher_bits, replay_window;
	uint16_t udp_sport, udp_dport;
	uint8_t dir, proto, mode;
	bool udp_encap, esn, manual;
	uint8_t cipher, auth;
	struct ipaddr src, dst; /* those in UDP have a struct sa_nat, too */
	bool peer_moves, peer_known;
	struct selector sel; /* as packets of this SA show it: local is the inner source */
};

#define SA_LOW_HERE 3

/* What each packet asks lies in the first four lines of it, the fourth being that of spec: sa_new() has
 * it begin with one. What is
 * not said to be constant is read and written by who has the SA for himself: the one worker,
 * whoever has closed the gate, or, inbound, whose turn it is in the lane (forwarder/internal.h). */
struct sa {
	struct crypto_key *key;	   /* constant; of ESP; NULL: AH alone */
	void *owner;		   /* the owner's: the policy that it serves */
	const struct cipher_info *cipher; /* constant */
	uint64_t text_limit;	   /* constant; bytes under the cipher, at most; 0: no limit */
	union {
		struct {
			/* outbound, tunnel mode over IPv4, not in UDP: addresses as they lie in the
			 * outer header, and the sum of what is the same in all of them; constant */
			uint64_t outer_addrs;
			uint32_t outer_sum;
			uint16_t ip_id; /* last outer id */
		};
		/* inbound, if in_plain: spec.sel says addresses of IPv4 and in_proto (0: any) and no more.
		 * As source and destination lie in the header, wanted where care has ones; constant */
		struct {
			uint64_t in_wanted, in_care;
		};
	};
	_Atomic uint64_t *low;	   /* numbers.h; NULL: there is one worker; constant */
	struct sa_ah_state *ah;	   /* constant; NULL: there is none */

	struct hnode by_spi;	   /* inbound in sad.by_spi, outbound in sad.by_out */
	struct sa_nat *nat;	   /* constant; NULL: not in UDP, and the peer is where his packets are */
	uint64_t born_ms;	   /* constant */
	union {
		struct sa *next;   /* outbound, the owner's: newest first in a policy */
		/* inbound: number of the packet that last said where the peer is, or of the last before IKE did */
		uint64_t moved_at;
	};
	uint64_t send_errors;	   /* as those below */
	uint16_t path_mtu, plain_mtu; /* outbound: sa_set_path() */
	uint8_t icv_len, iv_len, align; /* constant; bytes; align, a power of two: text is padded to it */
	bool has_esp, has_ah, in_plain; /* constant */
	uint8_t in_proto;	   /* constant */
	uint8_t df_bit;		   /* outbound, tunnel mode: enum esp_df + 1; 0: as the caller says */
	bool df_off;		   /* outbound: the path is too narrow to ask that nobody cut */
	uint8_t due, told;	   /* enum sa_due */
	_Atomic bool dead;	   /* hard lifetime or sequence numbers used up */

	/* What each packet changes. Outbound, several workers take from this line at once, by
	 * sa_reserve(): number and low are ordered as numbers.c says, the others are relaxed and exact
	 * by compare-and-swap. Inbound it is of whose turn it is. */
	union {
		uint64_t number; /* outbound: the last one used */
		struct {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			uint32_t seq;	   /* as on the wire */
			uint32_t seq_high; /* its upper half, with extended sequence numbers */
#else
			uint32_t seq_high, seq;
#endif
		};
	};
	uint64_t packets, bytes;   /* inner */
	uint64_t text;		   /* bytes under the cipher, padding included */
	uint64_t last_ms;	   /* last packet; 0 none yet */
	union {
		_Atomic uint64_t low_here[SA_LOW_HERE]; /* outbound: what low is, if it is long enough */
		/* inbound: replay's top, for who does not own it; written by who does, relaxed: an
		 * old one only lets pass what the window refuses later */
		uint64_t top_seen;
	};

	struct sa_terms spec;
	struct hnode by_id;
	struct replay replay;	   /* inbound; in a fifth line */
	/* anybody adds, by atomic operations, relaxed: nothing hangs on their order */
	uint64_t auth_failed, replayed, bad_identity, malformed;
};
static_assert(offsetof(struct sa, by_spi) == 64, "constants are in two lines");
static_assert(offsetof(struct sa, number) == 128, "what changes is in one");
static_assert(offsetof(struct sa, spec) == 192, "what each packet asks is in four lines");
static_assert(offsetof(struct sa_terms, src) <= 64, "what each packet asks is in four lines");
static_assert(offsetof(struct sa, replay) % 64 == 0, "a window is in one line");
static_assert(sizeof(struct sa) <= 448, "with what malloc and tables need, a pair is less than 1 KiB");

struct sad {
	struct htab by_id, by_spi, by_ah; /* SPIs of ESP and of AH */
	struct htab by_out; /* outbound, by the outermost SPI */
	uint64_t seed[2];
};

/* Makes an SA from spec at now_ms. The caller's spec keeps its keys: wipe it.
 * -EINVAL for a combination that does not exist, -ENOMEM. */
int sa_new(struct crypto_runner *r, const struct sa_spec *spec, uint64_t now_ms, struct sa **ret);
void sa_free(struct sa *sa);
/* What it was made of, with what has moved since; without keys. */
void sa_get_spec(const struct sa *sa, struct sa_spec *ret_spec);

void sad_init(struct sad *d, const uint64_t seed[2]);
void sad_fini(struct sad *d); /* frees every SA */
/* The SAD owns sa from now on. -EEXIST if the id, or an inbound SPI, is taken. */
int sad_add(struct sad *d, struct sa *sa);
void sad_del(struct sad *d, struct sa *sa); /* and frees it */
struct sa *sad_by_id(const struct sad *d, uint32_t id);
/* An inbound SA by protocol and SPI (host order); SPIs are unique per protocol
 * here, so the destination is not part of the key. A bundle is found by either. */
struct sa *sad_by_spi(const struct sad *d, uint8_t proto, uint32_t spi);

/* Inbound: the highest number received, extended or not. */
static inline uint64_t sa_top(const struct sa *sa)
{
	return sa->replay.highest;
}

/* The last sequence number sent, or the highest received. */
uint32_t sa_last_seq(const struct sa *sa);
/* Whether len more inner bytes, text of them under the cipher, stay within the SA's hard
 * volume: if so they are counted, else the SA is dead. Exact to the packet: the last one
 * that fits is the last one that passes. */
static inline bool sa_spend(struct sa *sa, size_t len, size_t text)
{
	const struct sa_life *l = &sa->spec.life;

	if ((l->hard_bytes && (len > l->hard_bytes || sa->bytes > l->hard_bytes - len)) ||
	    (sa->text_limit && sa->text + text > sa->text_limit)) {
		sa->dead = true;
		return false;
	}
	sa->bytes += len;
	sa->text += text;
	return true;
}

/* Outbound: whether it takes packets. Where others take numbers from it at the same time, that is
 * known when some are reserved; to ask here would have its line go to and fro. */
#define SA_TAKES(sa, beside) (!(sa)->dead && ((beside) || !sa_is_exhausted(sa)))

/* Outbound: no number is left, and none is used twice (RFC 4303 section 3.3.3). */
static inline bool sa_is_exhausted(const struct sa *sa)
{
	uint64_t number = __atomic_load_n(&sa->number, __ATOMIC_RELAXED);

	if ((uint32_t)number != UINT32_MAX && !sa->has_ah)
		return false;
	return !sa->spec.manual && ((sa->has_ah && sa->ah->seq == UINT32_MAX) ||
				    number == (sa->spec.esn ? UINT64_MAX : UINT32_MAX));
}
/* An outbound SA by what its packets show: that is how ICMP errors name it. */
/* ESP with that SPI will be looked up soon; and, a while later, what is likely to be its SA, or NULL. Only its address may be used. */
void sad_prefetch(const struct sad *d, uint32_t spi);
const struct sa *sad_guess(const struct sad *d, uint32_t spi);
/* What a packet asks of an SA will be asked soon. It may be gone, or NULL. */
static inline void sa_prefetch(const void *sa)
{
	for (size_t i = 0; i < 5; i++)
		__builtin_prefetch((const char *)sa + i * 64);
}
struct sa *sad_outbound(const struct sad *d, uint8_t proto, uint32_t spi, const struct ipaddr *src,
			const struct ipaddr *dst);

/* What is due by time or volume (enum sa_due), also while others use it. */
uint8_t sa_is_due(const struct sa *sa, uint64_t now_ms);
/* Marks what became due; true if there is something to tell. */
bool sa_check_life(struct sa *sa, uint64_t now_ms);

/* The largest inner packet (tunnel mode: whole IP packet; transport mode: IP
 * packet with its own header) that fits path_mtu: IOS's "plaintext mtu". */
size_t sa_plaintext_mtu(const struct sa *sa, size_t path_mtu);
/* Bytes to the peer from now on, and with them what fits. */
void sa_set_path(struct sa *sa, uint16_t path_mtu);

#endif
