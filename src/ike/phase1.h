/* SPDX-License-Identifier: Apache-2.0 */
/* What main mode and aggressive mode share: exchange.c walks the table of an
 * exchange, makes keys and bounds what strangers may begin; auth.c says who we are
 * and proves who the peer is; psk.c finds the key. Handlers return 0, -EBADMSG or
 * -EACCES (the message is ignored, the true one may still come), -EAGAIN (it is ignored
 * now and read when it is repeated), -EINPROGRESS (it is read again when public-key work is
 * done: work.h), or what ends the SA: -EPERM (refused, its story says why), -ENOENT, -ENOKEY
 * (no key), -ENOMEM. */
#ifndef IKE_PHASE1_H
#define IKE_PHASE1_H

#include "ike/work.h"

#define P(type) (UINT32_C(1) << (type))
#define NATD	(P(PL_NATD) | P(PL_NATD_07)) /* those of the drafts are private numbers */
#define PROOF	P(0) /* what the agreed method proves an identity with: auth_wants() */

/* ---- exchange.c ---- */

/* What one KE exchange yields, before it is believed. */
struct fresh {
	struct span seed; /* of the private number; owned, as are the others; empty once the secret is there */
	struct span ke, nonce, his_ke, his_nonce, his_id; /* his_id: rsa-encr */
	bool met;		 /* the shared secret is there: */
	uint8_t gxy[IKE_MAX_DH];
	struct skeyids keys;
	uint8_t key[32], iv[16];
};
void fresh_fini(struct fresh *f); /* frees and wipes */
/* A key pair and a nonce of ours for the agreed group; and, if the peer's value is there, the
 * secret. */
int fresh_make(struct ike_sa *sa, size_t nonce_len, struct fresh *f);
/* The peer's public value and nonce, checked and copied. */
int fresh_take(const struct ike_sa *sa, const struct ike_payloads *pl, struct fresh *f);
/* SKEYID and all that follows from it, into f; seed: ours, unless the secret is there. */
int fresh_derive(struct ike_sa *sa, struct span seed, struct span ke_i, struct span ke_r,
		 struct span ni, struct span nr, struct fresh *f);
void fresh_commit(struct ike_sa *sa, const struct fresh *f); /* its keys become the SA's */

/* One step of an exchange: where we are, what the message must hold and may hold
 * (sets of P(payload)), who handles it. Private payload types are always allowed. */
struct phase1_row {
	enum mm_state from;
	bool encrypted;
	uint32_t need, may;
	int (*run)(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		   const struct ike_payloads *pl);
	/* IOS's names: before, message read (NULL: it has none), answer sent */
	const char *old, *got, *sent;
};
/* What must be there is there once; what may be there is known or private. */
bool phase1_fits(const struct phase1_row *r, const struct ike_payloads *pl);
/* A message of an exchange under way, by its table. */
void phase1_recv(struct ike_sa *sa, const struct phase1_row *rows, size_t n,
		 const struct ike_path *path, const struct ike_header *h, struct span d, struct work *again);
/* Parks the exchange, if that is what err says, or ends it. What a handler that needs no
 * message returns. */
void phase1_outcome(struct ike_sa *sa, struct work *w, int err);
/* Sends d and keeps it for repeats; an empty d is -ENOMEM. timer as flight_send(). */
int phase1_send(struct ike_sa *sa, struct span d, enum ike_timer timer);
/* `debug`: the last message goes out again, unless it has often enough. */
void phase1_trace_resend(const struct ike_sa *sa);

/* Whether one more half-open exchange may begin with that peer; an older one may
 * have to give its place up. */
bool phase1_room(struct ike *k, const struct ipaddr *peer);
/* Whether work that costs as much as answering aggressive mode may be done for a peer who has
 * not proved who he is: so often a second, for each, for all strangers and for all others. */
bool phase1_may_work(struct ike *k, const struct ipaddr *peer);
/* Takes over what was chosen for a responder. */
void phase1_agree(struct ike_sa *sa, const struct p1_choice *c);
/* None of the peer's offers fits: says so to him, in the log and in debug. mode:
 * "Main" or "Aggressive". */
void phase1_refuse(struct ike *k, const struct ike_path *path, const struct ike_header *h,
		   size_t len, const char *mode, const char *why);
/* False, and a line in the log, if aggressive mode is asked for with this peer or by this
 * profile (NULL: none) and disabled. */
bool phase1_may_start(struct ike *k, const struct ipaddr *peer, const struct ike_profile *p);
/* Starts in the mode that is asked for. 0, -EINVAL (no policy is usable), -ENOMEM. */
int phase1_start(struct ike_sa *sa);

/* ---- auth.c ---- */

#define AUTH_DN_MAX 1024
#define AUTH_ID_MAX (4 + AUTH_DN_MAX) /* bytes of our ID payload's body */
#define AUTH_ID_TEXT (IKE_ID_MAX + 8)

/* Our ID payload's body, in buf. */
struct span auth_id(const struct ike_sa *sa, uint8_t *buf, size_t cap);
/* Appends what proves that we are `id`: HASH_I or HASH_R, or certificates and SIG. */
int auth_add(struct ike_sa *sa, struct ike_builder *b, struct span id);
/* The signature among it, before the SA is changed: auth_add() then has it. 0 for methods
 * without one. */
int auth_prepare(struct ike_sa *sa, struct span id);
/* The peer's proof that he is `id`: -EBADMSG if it is none, -EACCES if it is wrong,
 * -EPERM (and a story) if it is refused for good. */
int auth_check(struct ike_sa *sa, struct span id, const struct ike_payloads *pl);
/* A row with PROOF (and, of rsa-encr, the ID) replaced by the payloads of the agreed method. */
struct phase1_row auth_wants(const struct ike_sa *sa, const struct phase1_row *row);
/* Appends what asks the peer for a certificate, if the method wants one; short: one
 * request for any. */
void auth_ask(const struct ike_sa *sa, struct ike_builder *b, bool short_);
/* The peer's ID payload's body: rsa-encr had it earlier. */
struct span auth_peer_id(const struct ike_sa *sa, const struct ike_payloads *pl);
/* What is likely wrong if messages under the keys are not understood. */
const char *auth_doubt(const struct ike_sa *sa);
/* Appends INITIAL-CONTACT if asked for, and our lifetime if the peer's is longer. */
void auth_add_notifies(struct ike_sa *sa, struct ike_builder *b, bool initial_contact);
/* The peer is authenticated as `id`: the SA is up. pl: what came along under
 * encryption, or NULL. */
void auth_done(struct ike_sa *sa, struct span id, const struct ike_payloads *pl);
/* True if nothing is agreed with the peer so far. */
bool auth_first_contact(const struct ike_sa *sa);
/* An identity for people: printable whatever the peer wrote. */
const char *auth_id_text(const struct ike_id *id, char buf[AUTH_ID_TEXT]);

/* ---- rsa_sig.c ---- */

void rsa_ask(const struct ike_sa *sa, struct ike_builder *b, bool short_);
/* 0, -EINPROGRESS (work.h), -ENOKEY: our key could not sign. */
int rsa_sign(const struct ike_sa *sa, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len);
int rsa_add(const struct ike_sa *sa, struct ike_builder *b, struct span hash);
/* As auth_check(), for the hash that he must have signed. */
int rsa_check(struct ike_sa *sa, const struct ike_id *id, const struct ike_payloads *pl,
	      struct span hash);

/* ---- rsa_encr.c ---- */

/* The name or address that an identity says is the entry's. */
bool rsa_peer_is(const struct rsa_peer *p, const struct ike_id *id);

/* We can decrypt, and there is a public key that may be this peer's; that we can begin with. */
bool encr_possible(const struct ike *k, const struct ipaddr *local, const struct ipaddr *peer);
bool encr_can_begin(const struct ike *k, const struct ipaddr *peer);
/* The key that an SA was made with is still the configuration's. */
bool encr_stands(const struct ike_sa *sa);
/* As initiator: the peer's key and our identity. 0 for other methods, too; -ENOENT no key. */
int encr_begin(struct ike_sa *sa);
/* Appends our ID and nonce, encrypted. -EMSGSIZE: the identity does not fit the peer's
 * key; -ENOKEY: that key is none. */
int encr_add(struct ike_sa *sa, struct ike_builder *b, struct span nonce);
/* His ID and nonce, or what stands for them. -EBADMSG: of a length that our key has not;
 * -EAGAIN: too much was decrypted in this second. */
int encr_take(const struct ike_sa *sa, const struct ike_payloads *pl, struct fresh *f);
/* His ID becomes the SA's; as responder, the key to answer with is found. 0 for other methods,
 * too; -ENOENT: there is none. */
int encr_meet(struct ike_sa *sa, struct fresh *f);
/* The hash was right: may that key be this identity? 0, or -EPERM and a story. */
int encr_judge(struct ike_sa *sa, const struct ike_id *id, struct span id_b);

/* ---- main_mode.c ---- */

/* The initiator's identity was waiting for a signature. */
void main_auth_again(struct ike_sa *sa, struct work *w);

/* ---- aggressive.c ---- */

int aggressive_start(struct ike_sa *sa); /* 0 as well if it waits for public-key work */
/* The first message of ours, or the answer to that of the peer, was waiting for it. */
void aggressive_start_again(struct ike_sa *sa, struct work *w);
void aggressive_first_again(struct ike_sa *sa, const struct ike_header *h, struct work *w);
void aggressive_log_disabled(struct ike *k, const struct ipaddr *peer, const char *what);

#endif
