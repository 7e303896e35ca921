/* SPDX-License-Identifier: Apache-2.0 */
/* Public-key work that may be done elsewhere (work.c): what handlers of messages ask for,
 * and what those who run handlers do about it. */
#ifndef IKE_WORK_H
#define IKE_WORK_H

#include "ike/internal.h"

#define WORK_STEPS 3 /* of one message: what it has beyond that is done at once */

#define WORK_TOO_LATE "this router has more public-key work to do than it can"

struct work_step;

/* What one message has asked for. It is with its exchange while that waits, else on the
 * stack of who runs the handler. */
struct work {
	struct hnode by_id;
	uint64_t id; /* of the last step, which is being done */
	struct ike_sa *sa; /* NULL: its exchange is over, and somebody still works for it */
	struct qm *qm; /* NULL: phase 1 */
	struct peer peer; /* of those without exchange */
	bool quick, asked; /* asked: he began the exchange */
	bool known;	   /* he had proved himself, or it is ours */
	struct work_step *steps[WORK_STEPS];
	size_t n, at, most; /* steps; those that the present run has passed, and had passed */
	uint32_t config_no, keys_no;
	bool anew; /* under another configuration: what stands in the log may be wrong */
	bool verified;
	uint8_t nonce[IKE_NONCE];
	size_t nonce_len; /* 0: none is drawn */
	struct ike_path path;
	struct span d; /* the message, owned; empty: none is to be read again */
};

/* ---- for handlers: 0, -EINPROGRESS (to be returned; nothing may be changed so far),
 * or the error of the work. Without a runner they work at once. ---- */

/* A key pair; the seed is a secret. Owned copies. */
int work_pair(struct ike *k, unsigned group, struct span *seed, struct span *pub);
/* The secret that seed and the peer's public value make; -EINVAL: it is none. */
int work_shared(struct ike *k, unsigned group, struct span seed, struct span peer, uint8_t *out);
/* Both in one, for who needs the key pair no longer: our public value and the secret. */
int work_answer(struct ike *k, unsigned group, struct span peer, struct span *pub, uint8_t *out);
/* By env.sign. */
int work_sign(struct ike *k, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len);
/* Two blocks by env.open; owned copies. */
struct work_sealed {
	struct span sealed;
	size_t min, max;
};
int work_open(struct ike *k, const struct work_sealed v[2], struct span ret[2]);
/* What comes next was asked for, and done, by an earlier run. */
bool work_repeats(const struct ike *k);
/* A nonce of ours: in each run the same. */
void work_nonce(struct ike *k, uint8_t *n, size_t len);
/* The next step asks again for what the last one has. */
void work_keep(struct ike *k);
/* The peer's signature in this message was right. */
bool work_verified(const struct ike *k);
void work_note_verified(struct ike *k);
/* The state was changed and the results so far are used: from here on another run begins. */
void work_used(struct ike *k);

/* ---- for who runs them ---- */

/* w: zero, or of an earlier run. Runs nest: returns what work_leave() puts back. */
struct work *work_enter(struct ike *k, struct work *w);
void work_leave(struct ike *k, struct work *outer);
/* After -EINPROGRESS: asks for it and moves w, with a copy of d, to the exchange. q NULL:
 * phase 1. d empty: there is no message. 0, -ENOMEM. */
int work_park(struct ike *k, struct work *w, struct ike_sa *sa, struct qm *q, const struct ike_path *path,
	      struct span d);
void work_fini(struct work *w); /* frees and wipes what it holds */
/* The next of the messages whose exchange is over and for which somebody works yet, in no order;
 * after NULL: the first. */
const struct work *work_orphan(const struct ike *k, const struct work *after);
/* Phase 1 ends, since its work was not done in time; the log says so. */
void work_too_late(struct ike_sa *sa);
void work_free_orphans(struct ike *k);
/* A parked exchange goes on: in exchange.c and quick_mode.c. w is the caller's. */
void phase1_again(struct ike_sa *sa, struct work *w);
void quick_again(struct qm *q, struct work *w);

#endif
