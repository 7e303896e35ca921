/* SPDX-License-Identifier: Apache-2.0 */
/* The IKE core: facts in, actions out. It opens no socket, asks no clock and has
 * no randomness of its own. One event with the current time goes in; actions
 * come out of a queue, in order, until it is empty. A test is two cores and a
 * queue between them.
 *
 * Times are milliseconds of one monotonic clock. Addresses and ports are those
 * of struct ipaddr and host order. */
#ifndef IKE_IKE_H
#define IKE_IKE_H

#include "crypto/ike_crypto.h"
#include "model/policy.h"
#include "model/sa_spec.h"

struct ike;

/* Where a datagram came from or goes to, from this router's side. Port 4500
 * datagrams carry no non-ESP marker here: whoever owns the socket strips and
 * adds it (RFC 3948 section 2.2). */
struct ike_path {
	struct ipaddr local, remote;
	uint16_t local_port, remote_port;
};

#define IKE_SIG_MAX    1024 /* bytes of an RSA signature */
#define IKE_CERTS_MAX  8    /* certificates that a peer may send */
#define IKE_CERT_BYTES 8192 /* of one */
#define IKE_WHY_MAX    512  /* of a refusal's sentence, with the NUL */

/* What a peer proves himself with (RFC 2409 section 5.1). */
struct ike_proof {
	struct span certs[IKE_CERTS_MAX]; /* DER as sent, his own first */
	size_t n_certs;
	struct span key; /* without certificates: the SubjectPublicKeyInfo that was typed in for him */
	uint8_t id_type; /* RFC 2407 section 4.6.2.1 */
	struct span id;
	const char (*trust)[IOS_NAME_MAX]; /* names of the trustpoints that may verify it; */
	size_t n_trust;			   /* 0: all */
	struct span hash; /* HASH_I or HASH_R, which is signed without a DigestInfo */
	struct span sig;
};

/* Public-key work as plain data: what is wanted, and what came of it. Both hold secrets. */
enum ike_work_kind {
	IKE_WORK_PAIR = 1, /* group, seed: out[0] is the public value */
	IKE_WORK_SHARED,   /* group, seed, in[0] the peer's public value: out[1] is the secret */
	IKE_WORK_ANSWER,   /* both; -EINVAL, as above: in[0] is no public value */
	IKE_WORK_SIGN,	   /* in[0] a hash: out[0] is what ike_env.sign makes of it */
	IKE_WORK_OPEN,	   /* in[0] and in[1]: out[0] and out[1] are what ike_env.open makes of them */
};

struct ike_work {
	uint64_t id;
	enum ike_work_kind kind;
	bool known; /* for who has proved himself, or for us: it need not stand behind strangers' */
	uint16_t group;
	uint8_t seed[IKE_DH_SEED];
	size_t len[2], min[2], max[2]; /* min, max: OPEN */
	uint8_t in[2][IKE_SIG_MAX];
};

struct ike_worked {
	uint64_t id;
	int err; /* 0 or a negative errno */
	size_t len[2];
	uint8_t out[2][IKE_SIG_MAX];
};

struct ike_env {
	/* Fills p with n unpredictable bytes; never fails. */
	void (*random)(void *ctx, void *p, size_t n);
	void *ctx;
	bool export_keys; /* emit IKE_ACT_KEY for the Wireshark key file */
	bool defer;	  /* emit IKE_ACT_WORK for public-key work: the exchange waits for ike_worked() */
	/* RSA signatures, ours over a hash and a peer's; both or none. Work of milliseconds:
	 * once an exchange. 0 or a negative errno; verify: -EACCES with a sentence that names
	 * the certificate's field and the rule, -EBADMSG if the signature is none of that key. */
	int (*sign)(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len);
	int (*verify)(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX]);
	/* RSA encryption, to a peer's SubjectPublicKeyInfo and to ourselves; both or none. seal:
	 * -EMSGSIZE if it does not fit the key. open writes min to max bytes and never says whether
	 * sealed was well formed, neither by its result nor by its time: if it was not, out gets
	 * something that is the same each time. -EBADMSG: it has another length than our key;
	 * -EINVAL: we have none. */
	int (*seal)(void *ctx, struct span key, struct span clear, uint8_t out[IKE_SIG_MAX],
		    size_t *ret_len);
	int (*open)(void *ctx, struct span sealed, size_t min, size_t max, uint8_t out[IKE_SIG_MAX],
		    size_t *ret_len);
	/* True if the certificate is one of that certificate map. NULL: none is. */
	bool (*match_cert)(void *ctx, struct span der, const char *map);
	/* IOS's name of the interface with that ifid of a policy, for `debug`; "": it has none. NULL: none has. */
	const char *(*interface)(void *ctx, uint32_t ifid);
};

struct ike *ike_new(const struct ike_env *env);
void ike_free(struct ike *k); /* wipes every key */

/* Takes a copy of cfg. SAs whose policy is gone or changed are deleted (with a
 * DELETE to the peer); others are not disturbed. `enabled` false deletes all.
 * 0 or -ENOMEM (the old configuration stays). */
int ike_configure(struct ike *k, const struct ike_config *cfg, uint64_t now_ms);

/* ---- events ---- */

/* A datagram from UDP 500 or 4500: hostile until proven otherwise. */
void ike_datagram(struct ike *k, uint64_t now_ms, const struct ike_path *path, struct span d);

/* The forwarder has packets for a policy and no SA. flow is the packet's. */
void ike_acquire(struct ike *k, uint64_t now_ms, uint32_t policy_id, const struct flow *flow);

/* A lifetime ran out in the forwarder. Soft: negotiate a successor if used (the
 * SA carried a packet since it was made); hard: the SA is gone there, tell the
 * peer. Unknown ids are ignored. */
void ike_expire(struct ike *k, uint64_t now_ms, uint32_t sa_id, bool hard, bool used);

/* An SA that lives in the forwarder and that this core has not made: after a
 * restart of control. It is taken over, so that it can be rekeyed and deleted; but
 * removed if the configuration, which may be another one now, has no such policy. */
int ike_adopt(struct ike *k, uint64_t now_ms, const struct sa_spec *spec);

/* An SPD entry of the forwarder with an id that a core has made (P2_MADE_ID): should it be
 * one that no SA is left of and that is held back, it still is. After the SAs. 0 or -ENOMEM. */
int ike_adopt_held(struct ike *k, uint64_t now_ms, uint32_t id, uint32_t ifid,
		   const struct selector *sel);

/* When SAs carried a packet last: from time to time, some seconds apart, all that the
 * forwarder holds, by ascending sa_id. Dead peers are found by it (on-demand DPD), and
 * idle pairs are deleted. */
struct ike_use {
	uint32_t sa_id;
	uint32_t idle_ms; /* UINT32_MAX: never */
};
void ike_used(struct ike *k, uint64_t now_ms, const struct ike_use *v, size_t n);

/* Authenticated ESP in UDP came from a new address or port: a NAT before the peer has given
 * him another one (RFC 3948). Phase 1 and his other SAs follow. Unknown ids are ignored. */
void ike_peer_moved(struct ike *k, uint64_t now_ms, uint32_t sa_id, const struct ipaddr *addr,
		    uint16_t port);

/* ESP or AH (enum ipsec_proto) arrived with an SPI nobody knows. A peer of the configuration is told under an
 * ISAKMP SA, and with `crypto isakmp invalid-spi-recovery` one is made for it. */
void ike_unknown_spi(struct ike *k, uint64_t now_ms, const struct ipaddr *peer, uint8_t proto,
		     uint32_t spi);

/* `clear crypto isakmp [conn-id]` (0: all) and `clear crypto sa` (each argument
 * narrows if set: peer NULL, map NULL, spi 0 mean all). DELETEs are sent. */
void ike_clear_isakmp(struct ike *k, uint64_t now_ms, uint32_t conn_id);
void ike_clear_ipsec(struct ike *k, uint64_t now_ms, const struct ipaddr *peer, const char *map,
		     uint32_t spi);

/* The forwarder was restarted and lost every SA: sequence numbers and keys must
 * not be used again. All IPsec SAs are deleted at the peers; ISAKMP SAs stay. */
void ike_forwarder_lost(struct ike *k, uint64_t now_ms);

/* Runs the timers that are due; ike_next_ms says when to call next (UINT64_MAX:
 * nothing armed). */
void ike_tick(struct ike *k, uint64_t now_ms);
uint64_t ike_next_ms(const struct ike *k);

/* Public-key work is done, in whatever order. That of an exchange which is over finds
 * nobody. The caller wipes *r. */
void ike_worked(struct ike *k, uint64_t now_ms, const struct ike_worked *r);
/* Does it, for any thread: c is its own, and env is used for sign and open alone. Wipe
 * *ret. */
void ike_work_do(const struct ike_env *env, struct ike_crypto *c, const struct ike_work *w,
		 struct ike_worked *ret);

/* ---- actions ---- */

enum ike_action_type {
	IKE_ACT_SEND = 1,    /* send data along path */
	IKE_ACT_SA_ADD,	     /* install spec in the forwarder */
	IKE_ACT_SA_MOVE,     /* the peer of sa_id is at path.remote, port path.remote_port, now */
	IKE_ACT_SA_DEL,	     /* remove sa_id there */
	IKE_ACT_FAILED,	     /* no SA for policy_id: drop what waits for it */
	IKE_ACT_NAT_KEEPALIVE, /* one byte 0xff along path (RFC 3948 section 2.3) */
	IKE_ACT_LOG,	     /* a syslog line: mnemonic "CRYPTO-6-IKMP_MODE_FAILURE", text; path.remote: about whom, if
			      * about somebody */
	IKE_ACT_DEBUG,	     /* a line of `debug crypto isakmp` / `ipsec`: text, without time */
	IKE_ACT_POLICIES,    /* ike_made() gives others now: policy_id is a new one, which must be
			      * in force before the next action; 0: some are gone */
	IKE_ACT_WORK,	     /* public-key work is wanted: ike_worked() with its id, once, later or now */
	IKE_ACT_KEY,	     /* initiator cookie and encryption key of an ISAKMP SA */
	IKE_ACT_STEP,	     /* what a session with path.remote, as he is configured, came to: step,
			      * for `show crypto session timeline`; nothing has to be done */
};

/* Of strangers nothing is told: what fails before they are known leaves no step. */
enum ike_step {
	IKE_STEP_TRAFFIC = 1,  /* flow asks for policy_id, which has no SA */
	IKE_STEP_PHASE1,       /* we begin phase 1 */
	IKE_STEP_PHASE1_UP,    /* one is complete that was begun at since_ms, by us or the peer */
	IKE_STEP_PHASE1_DOWN,  /* one that was complete is gone; text: why */
	IKE_STEP_PHASE2_UP,    /* a pair carries: sa_id inbound, spec outbound */
	IKE_STEP_PHASE2_DOWN,  /* a pair that carried is gone; text: why */
	IKE_STEP_FAILED,       /* nothing came of it; text: why */
};

struct ike_action {
	enum ike_action_type type;
	struct ike_path path;
	struct span data;	    /* valid until the next call into the core */
	const struct sa_spec *spec; /* likewise */
	const struct ike_work *work; /* likewise */
	uint32_t sa_id, policy_id;
	const char *mnemonic; /* LOG: facility-severity-mnemonic without % */
	const char *text;     /* LOG, DEBUG, FAILED, STEP (the reason, one sentence) */
	enum ike_step step;   /* STEP, and the four below */
	uint32_t ifid;	      /* of the policy; 0: it concerns all that the peer serves */
	struct flow flow;
	uint64_t since_ms;
	bool initiator; /* of phase 1, of the pair */
	uint8_t cookie[8];
};

/* Takes the oldest action. False when there is none. */
bool ike_next_action(struct ike *k, struct ike_action *ret_a);

/* ISAKMP and IPSEC are all of it; of the others each is the part that its name says. */
enum ike_debug { IKE_DEBUG_ISAKMP = 1, IKE_DEBUG_IPSEC = 2, IKE_DEBUG_ENGINE = 4, IKE_DEBUG_ISAKMP_ERROR = 8,
		 IKE_DEBUG_IPSEC_ERROR = 16, IKE_DEBUG_IPSEC_MESSAGE = 32, IKE_DEBUG_IPSEC_STATES = 64 };
void ike_set_debug(struct ike *k, unsigned flags);
/* Only what concerns one of these; n 0: everybody. At most IKE_DEBUG_PEERS count. */
#define IKE_DEBUG_PEERS 16
struct ike_debug_peer {
	struct ipaddr addr;
	uint8_t prefix_len; /* ip_bits(): that peer alone */
};
void ike_set_debug_peers(struct ike *k, const struct ike_debug_peer *v, size_t n);

/* ---- what show commands see ---- */

#define IKE_STATES(X)                                                                  \
	X(MM_NO_STATE) X(MM_SA_SETUP) X(MM_KEY_EXCH) X(MM_KEY_AUTH)                    \
	X(AG_NO_STATE) X(AG_INIT_EXCH) X(AG_AUTH) X(QM_IDLE)
enum ike_state {
#define X(s) IKE_##s,
	IKE_STATES(X)
#undef X
};
const char *ike_state_name(enum ike_state s);

/* One row of `show crypto isakmp sa`: plain data, copied out. */
struct ike_sa_info {
	struct ipaddr local, remote; /* remote: where he is */
	struct ipaddr peer; /* as he is configured: a NAT may have moved him */
	uint16_t local_port, remote_port;
	bool initiator;
	enum ike_state state;
	bool deleted;	   /* lingers for show: `ACTIVE (deleted)` */
	uint32_t conn_id;  /* from 1001; 0 before the peer's cookie is known */
	struct p1_policy agreed; /* zero before agreement; life_sec the smaller one */
	uint32_t left_sec; /* of its lifetime */
	bool nat;	   /* NAT found: UDP 4500 */
	bool frag;	   /* both have announced IKE fragmentation */
	bool dpd; /* both speak RFC 3706, and we ask */
	uint64_t encrypts, decrypts; /* messages */
	char peer_id[IKE_ID_MAX + 8]; /* his identity, once it is proven; "" before */
	char profile[IOS_NAME_MAX]; /* its isakmp profile; "": none */
	char story[256];   /* where it stands or why it failed, one sentence */
};

/* One pair of `show crypto ipsec sa`; counters are the forwarder's. */
struct ike_pair_info {
	uint32_t pair_id, policy_id, in_id, out_id; /* out_id 0: not yet installed */
	bool initiator;
	bool current; /* the newest of its policy: outbound traffic uses it */
	struct sa_spec in, out; /* keys are wiped in this copy */
};

/* Copies the i-th ISAKMP SA (IPsec pair); false past the end. */
bool ike_get_sa(const struct ike *k, uint64_t now_ms, size_t i, struct ike_sa_info *ret);
bool ike_get_pair(const struct ike *k, size_t i, struct ike_pair_info *ret);
/* The SA that carries what the policy sends; NULL: none. Valid until the next event. */
const struct sa_spec *ike_carrier(const struct ike *k, uint32_t policy_id);
/* The policies that the core has made itself: those out of dynamic crypto maps need an SPD
 * entry before that of their template (`of`); those with a `line` have one. They may
 * outlive their SAs for a while, so that what was protected does not leave in clear. In
 * no order; after NULL: the first. Valid until the next event. */
const struct p2_policy *ike_made(const struct ike *k, const struct p2_policy *after);

#define IKE_MAX_SAS 65536 /* whatever `call admission limit` says */
/* `show crypto call admission statistics`: requests since the start. */
struct ike_admission {
	uint32_t max_sas, max_negotiating, max_charge;
	uint32_t active, negotiating; /* ISAKMP SAs */
	uint64_t in_accepted, in_rejected, out_accepted, out_rejected;
	uint64_t low_resources, at_max_sas, at_max_negotiating; /* why rejected */
	uint64_t not_begun; /* first messages of quick mode: too much public-key work waits */
};
void ike_get_admission(const struct ike *k, struct ike_admission *ret);
void ike_clear_admission(struct ike *k); /* what has been counted; limits and SAs stay */
/* Why the last negotiation for this policy failed: one sentence naming values of
 * both sides where known; "" if it did not. */
const char *ike_policy_story(const struct ike *k, uint32_t policy_id);

#endif
