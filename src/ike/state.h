/* SPDX-License-Identifier: Apache-2.0 */
/* What the IKE core remembers, and within which bounds. Shared by its own files only.
 *
 * All timers of the core:
 *   of an ISAKMP SA:
 *   T_RESEND    a message of ours waits for its answer; 1, 2, 4, 8, 16 s, or every 4 s
 *               if pairs with the peer wait for it
 *   T_GIVE_UP   a responder's half-open exchange; 40 s
 *   T_REKEY     it nears its end: a successor, if IPsec SAs need one
 *   T_EXPIRE    its lifetime is over
 *   T_LINGER    deleted, it stays for show; 60 s
 *   T_BEGIN     the peer gets time to read what ends aggressive mode; 50 ms
 *   T_KEEPALIVE NAT keepalive; 20 s or as configured
 *   T_DPD       the next R-U-THERE, or its answer is due; as configured
 *   of a quick mode:
 *   T_QM_RESEND as above; 1 s, then every 2 s
 *   T_QM_LINGER finished, it stays to answer repeats; 60 s
 *   T_QM_GIVE_UP its first message waits for public-key work; 40 s
 *   T_SETTLE    the peer gets time to install what QM3 confirms; 50 ms
 *   of an IPsec SA pair:
 *   T_RETIRE    it has a successor; 30 s
 *   T_RENEW     its rekey failed and is tried again; 5 s
 *   of a policy that the core made:
 *   T_MADE      whether it still serves; 60 s, or when it need be held no longer */
#ifndef IKE_STATE_H
#define IKE_STATE_H

#include <bsd/sys/queue.h>

#include "base/hash.h"
#include "base/timers.h"
#include "base/txt.h"
#include "crypto/ike_crypto.h"
#include "ike/codec.h"
#include "ike/ike.h"
#include "ike/keying.h"
#include "ike/proposal.h"
#include "ike/reassembly.h"

#define IKE_RESENDS	    4	   /* of one message; the exchange fails 31 s after the first */
#define IKE_RESEND_FIRST_MS 1000   /* doubled each time */
#define IKE_KNOWN_RESENDS   8	   /* in phase 1 with a peer of pairs; 31 s, too */
#define IKE_KNOWN_RESEND_MAX_MS 4000 /* there the doubling ends here */
#define IKE_DEAF_RESENDS    4	   /* in quick mode on an SA that the peer may not have: 9 s */
#define IKE_QM_RESENDS	    15	   /* in quick mode, which fails after 31 s as well */
#define IKE_QM_RESEND_MAX_MS 2000  /* there the doubling ends here */
#define IKE_GIVE_UP_MS	    40000
#define IKE_LINGER_MS	    60000
#define IKE_RETIRE_MS	    30000
#define IKE_SIMULTANEOUS_MS 10000 /* pairs made closer together than this are twins */
#define IKE_ACQUIRE_RACE_MS 2000
#define IKE_SETTLE_MS	    50
#define IKE_RENEWED_MS	    2000  /* an ISAKMP SA older than this is replaced by a new one */
#define IKE_REKEY_AGAIN_MS  5000  /* after a rekey that failed */
#define IKE_KEEPALIVE_MS    20000
#define IKE_DUPLICATE_MS    500   /* a repeat that comes sooner is the network's, not the peer's */
#define IKE_DPD_TRIES	    5	   /* R-U-THERE after the first; then the peer is dead */
#define IKE_DEFAULT_AGAIN_MS 60000 /* a default peer that failed is left alone so long */
#define IKE_TELL_AGAIN_MS   60000 /* between two log lines on the same peer without a key */
#define IKE_TELL_OTHER_MS   10000 /* ... and one on another cause */
#define IKE_MAX_STRANGERS   32	   /* of those that asked and have no key, remembered */
#define IKE_TELL_SPI_MS	    1000   /* between two complaints about unknown SPIs, each peer */
#define IKE_REPLACED_MS	    5000  /* what an ISAKMP SA lives on beside its successor */
#define IKE_DOUBT_MS	    5000  /* after that he would have asked once more */
#define IKE_MAX_REPEATS	    10	   /* answers to repeated requests, each exchange */
#define IKE_MAX_HALF_OPEN   256	   /* as responder, all peers */
#define IKE_MAX_HALF_PEER   4	   /* as responder, one peer */
#define IKE_MAX_HALF_NET    16	   /* as responder, one /24, or /56 of IPv6 */
#define IKE_HALF_OPEN_MS    2000   /* MM3 may take so long before a place goes to another */
#define IKE_MAX_LOG_SEC	    20	   /* log lines a second; strangers can cause them */
#define IKE_MAX_MADE	    16384  /* policies out of dynamic crypto maps, and for pairs of hosts, */
#define IKE_MAX_MADE_PEER   256	   /* of one peer, */
#define IKE_MAX_HOST_PAIRS  256	   /* and of one ACL line with `level per-host` */
#define IKE_MADE_MS	    60000  /* a made policy without SAs stays so long after its last use, */
#define IKE_MADE_HOLD_MS    3600000 /* or so long after its last SA, if nothing else protects it */
#define IKE_MAX_AG_SEC	    20	   /* first messages of aggressive mode answered a second, and */
#define IKE_MAX_AG_PEER_SEC 5	   /* messages of rsa-encr decrypted; of one peer: phase1_may_work() */
#define IKE_MIN_LIFE_SEC    10	   /* a shorter one from a peer would only burn processors */
#define IKE_MIN_LIFE_KB	    2560   /* likewise: IOS's own minimum */
#define IKE_MAX_QM_PER_SA   128
#define IKE_MAX_SEEN	    8192  /* message ids that an ISAKMP SA remembers */
#define IKE_QM_AT_ONCE	    1	   /* of ours on one SA: strongSwan forgets those beyond three */
/* Public-key work that others have asked for and that is not done: */
#define IKE_MAX_WORK	    256	   /* of strangers; beyond it no new peer is admitted */
#define IKE_MAX_WORK_KNOWN  256	   /* of who has proved himself; beyond it no quick mode with PFS is begun, */
#define IKE_MAX_WORK_FIRST  1024   /* or none but the first of a peer, and beyond this not that either */
#define IKE_MAX_WORK_PEER   32	   /* of quick modes of one peer, on all his SAs */
#define IKE_NONCE	    20	   /* bytes of ours */
#define IKE_NONCE_MAX	    256	   /* RFC 2409 section 5 */

enum ike_timer { T_NONE = 0, T_RESEND, T_GIVE_UP, T_REKEY, T_EXPIRE, T_LINGER, T_BEGIN, T_KEEPALIVE,
		 T_QM_RESEND, T_QM_LINGER, T_QM_GIVE_UP, T_SETTLE, T_RETIRE, T_RENEW, T_DPD, T_MADE };

/* What was sent last, for resending, and a fingerprint of what was received
 * last, to know a repeat. */
struct flight {
	uint8_t *sent;
	size_t sent_len;
	struct ike_path path;
	unsigned resends, repeats;
	bool known; /* phase 1 with a peer of pairs: they do not wait */
	bool held;  /* the answer has come and is being worked on (work.c): nothing is sent again */
	uint64_t rx_mark;
	struct timer timer; /* T_RESEND or T_QM_RESEND */
};

enum mm_state {
	MM_IDLE = 0, /* the initiator's first message is being worked on */
	MM_I1, /* sent MM1, waits for MM2 */
	MM_I3, /* sent MM3 */
	MM_I5, /* sent MM5 */
	MM_R2, /* sent MM2, waits for MM3 */
	MM_R4, /* sent MM4, waits for MM5 */
	AG_R1, /* as responder of aggressive mode: the second is being worked on */
	AG_I1, /* sent the first of aggressive mode, waits for the second */
	AG_R2, /* sent the second, waits for the third */
	MM_DONE,
	MM_DEAD, /* lingers for show */
};

struct qm;
struct work;
struct made;
struct peer;

/* Ways to speak of NAT, the best one first. */
enum natt { NATT_NONE = 0, NATT_RFC, NATT_07, NATT_03, NATT_02N, NATT_02 };

/* Dead peer detection (RFC 3706), of one ISAKMP SA. */
struct dpd {
	bool started, asking; /* asking: R-U-THERE went out and nothing has come since */
	bool his_known;
	uint32_t seq;	      /* of ours sent last */
	uint32_t his_seq;     /* of his, the highest */
	unsigned tries;	      /* of this question, after the first */
	uint64_t asked_ms;    /* when this question was put first */
	struct timer timer;   /* T_DPD */
};

struct ike_sa {
	TAILQ_ENTRY(ike_sa) entry;
	struct hnode by_peer, by_cookie; /* by_cookie once i_cookie is known */
	bool cookie_known;
	struct ike *k;
	enum mm_state state;
	bool initiator, aggressive;
	bool known;	 /* as responder: somebody there had proved himself when it began */
	bool was_up;	 /* for show: it reached QM_IDLE once */
	bool proven;	 /* the peer has it up, too: he answered, or used it */
	uint64_t doubted_ms; /* as responder: he asked for our last message again */
	struct ike_path path;
	struct ipaddr at; /* a NAT has moved the peer here; family 0: it has not */
	uint8_t i_cookie[8], r_cookie[8];
	uint32_t conn_id;
	uint64_t made_ms, up_ms, heard_ms; /* heard: the last message that was authentic */
	struct p1_policy agreed;
	const struct cipher_info *cipher;

	struct span dh_seed;		/* as initiator: our private number */
	struct span ke_i, ke_r, ni, nr; /* owned copies (malloc) */
	struct span sai_b;
	struct work *work; /* its last message waits for public-key work; NULL: none does */
	struct span peer_id; /* body of his ID payload, once it is proven; stays */
	uint64_t who;	     /* peer_name() of it; 0: not proven yet */
	struct span idii_b; /* aggressive mode: stays, since it says which key is used */
	struct span idir_b, his_key; /* rsa-encr, as idii_b: his key is a SubjectPublicKeyInfo */
	bool spare_certs; /* as responder in aggressive mode: he did not ask for certificates */
	struct skeyids keys;
	uint8_t key[32], iv[16]; /* iv: last cipher block of phase 1 */
	bool keyed;
	bool bad_hash; /* a proof of the peer's was wrong */
	char profile[IOS_NAME_MAX]; /* isakmp profile; "": none, or not known yet */
	uint64_t psk_mark; /* of the pre-shared key that SKEYID was made of */
	bool told;     /* the log has a line on a bad message of this exchange */
	bool heard_float; /* something came from the peer's address to a port other than 500 */

	uint8_t natt; /* enum natt: the best way that the peer announced */
	bool peer_dpd, peer_frag;
	bool nat_here, nat_there;
	bool nat_compared; /* there were hashes of addresses to tell it by */

	struct dpd dpd;
	bool probe;	      /* begun to see whether the peer lives: pairs of his depend on it */
	uint32_t bad_spi;     /* that nobody knows: to be told when it is up; 0: none */
	uint8_t bad_proto;    /* its enum ipsec_proto */
	uint64_t told_spi_ms; /* the last time */

	struct flight flight;
	struct timer life;	/* T_REKEY, T_EXPIRE */
	struct timer linger;	/* T_GIVE_UP, T_BEGIN, T_LINGER */
	struct timer keepalive; /* T_KEEPALIVE */
	uint64_t expires_ms;
	uint64_t encrypts, decrypts;
	uint64_t sent_ms; /* the last message under its keys, or keepalive */
	TAILQ_HEAD(qm_list, qm) qms;
	size_t n_qms;
	unsigned n_parked; /* of them QM_R1 */
	uint32_t his_life_sec, our_life_sec; /* as offered and as configured */
	uint64_t life_bytes, bytes; /* the peer's limit of enciphered bytes (0: none), and so far */
	uint32_t *seen; /* message ids that were used, either way: a ring once it is full */
	size_t n_seen, seen_cap, seen_at;
	/* policies to negotiate when it is up and has room */
	uint32_t *pending;
	size_t n_pending;
	char story[256];
};

enum qm_state {
	QM_R0 = 0, /* responder, its first message is being read */
	QM_R1,	   /* ... and waits for public-key work */
	QM_I0,	   /* initiator, the first message waits for that */
	QM_I1,	   /* sent QM1, waits for QM2 */
	QM_R2,	   /* sent QM2, waits for QM3; the inbound SA is installed */
	QM_SETTLE, /* sent QM3; the outbound SA is not yet in use */
	QM_DONE,
};

struct qm {
	TAILQ_ENTRY(qm) entry;
	struct hnode by_spi;
	struct ike_sa *sa;
	enum qm_state state;
	bool initiator;
	uint32_t msgid;
	uint64_t made_ms;
	uint8_t iv[16];
	struct span ni, nr; /* owned */
	struct span dh_seed, ke; /* with PFS: our private number (as initiator) and public value */
	struct work *work; /* as that of an ISAKMP SA */
	struct p2_policy policy; /* a copy: the configuration may change meanwhile */
	struct selector sel;	 /* agreed proxy identities, local is ours */
	struct span id_local, id_remote; /* owned; bodies as sent */
	struct p2_agreed agreed;
	/* transport mode behind NAT: his address and ours as he sees them (NAT-OA); family 0:
	 * he has not said */
	struct ipaddr oa_his, oa_own;
	uint32_t spi; /* ours of ESP; of AH: p2_ah_spi() */
	uint32_t pair_id;
	struct sa_spec in, out; /* responder: out waits for QM3 */
	struct flight flight;
	struct timer linger; /* T_SETTLE, T_QM_LINGER, T_QM_GIVE_UP */
};

/* One of several nodes of a pair in the same table. */
struct pair_ref {
	struct hnode node;
	struct pair *p;
};

struct pair {
	TAILQ_ENTRY(pair) entry;
	struct hnode by_policy, by_peer;
	struct pair_ref by_id[2], by_spi[2]; /* of out and in */
	struct pair_ref by_ah_spi;	     /* of out, in a bundle */
	struct ike *k;
	uint32_t pair_id, policy_id;
	struct p2_policy policy; /* as negotiated: a change deletes the pair */
	bool initiator, rekeying, retired, out_installed;
	struct sa_spec in, out; /* keys wiped once installed */
	struct ipaddr peer;
	uint64_t who;		       /* as the SA's that made it; 0: adopted, and he has not come since */
	uint64_t made_ms;	       /* 0: adopted, its age is unknown */
	uint64_t since_ms;	       /* made or adopted */
	uint64_t in_ms, out_ms;	       /* its last packet, as far as the forwarder has told; 0: none */
	struct timer timer; /* T_RETIRE, T_RENEW */
};

/* A queued action owns what it points to. */
struct act {
	STAILQ_ENTRY(act) entry;
	struct ike_action a;
	struct sa_spec spec;
	char *text;
	size_t len;
	uint8_t data[];
};

struct fail_note {
	struct hnode node;
	uint32_t policy_id;
	uint8_t peer_index; /* of p2_policy.peers: which to try */
	uint8_t tried;	    /* how many failed in this round */
	uint64_t default_from_ms; /* the default peer failed: not before */
	uint64_t told_ms; /* the log has what keeps it from beginning; 0: never */
	char story[256];
};

/* index.c: tables over what the lists hold. Each has its first slots from the
 * beginning, so that adding to it cannot fail. */
struct p2_node {
	struct hnode node;
	const struct p2_policy *p; /* of cfg */
};

struct index {
	struct htab sas_by_peer, sas_by_cookie, qms_by_spi;
	struct htab pairs_by_policy, pairs_by_peer, pairs_by_id, pairs_by_spi;
	struct htab notes, works;
	struct htab made_by_id, made_by_of; /* by_of: of the template and the proxies */
	size_t cookies_unknown; /* SAs whose i_cookie is not in the table yet */
	/* of the configuration: */
	struct htab p2_by_id, p2_by_path, psk_by_host;
	struct p2_node *p2_nodes;
	const struct p2_policy **templates; /* of dynamic crypto maps, in order */
	size_t n_templates;
	struct psk_node {
		struct hnode node;
		const struct psk_entry *e;
	} *psk_nodes;
	bool psk_masks; /* some key is for more than one host */
};

/* Who began and has no key here, and when the log said so. */
struct stranger {
	struct ipaddr addr;
	uint64_t told_ms;
};

struct ike {
	struct ike_env env;
	struct ike_crypto *crypto;
	uint64_t seed[2];
	uint64_t now_ms; /* of the event being handled */
	unsigned debug;
	struct {
		struct ike_debug_peer peers[IKE_DEBUG_PEERS]; /* lines about others are not made */
		size_t n;	   /* 0: about everybody */
		struct ipaddr now; /* who is at work, where there is no SA yet */
	} debug_about;
	struct timers timers;
	struct ike_config cfg; /* arrays owned */
	TAILQ_HEAD(ike_sa_list, ike_sa) sas;
	TAILQ_HEAD(pair_list, pair) pairs;
	TAILQ_HEAD(made_list, made) made;
	size_t n_sas, n_up, n_dead; /* all; of them MM_DONE; MM_DEAD */
	size_t n_quick;		    /* quick modes that wait for the peer or for public-key work */
	size_t n_work;		    /* messages that wait for that */
	size_t n_orphans;	    /* those whose exchange is over, and it is still being done */
	size_t n_asked[2];	    /* of both, what others have asked for: strangers, and who is known */
	struct work *work;	    /* of the message that is being handled; NULL: none */
	struct ike_admission admission; /* its counters */
	struct stranger strangers[IKE_MAX_STRANGERS]; /* a ring */
	size_t stranger_at;
	struct { /* where ike_get_sa and ike_get_pair have stopped: who asks for all goes on */
		size_t sa_at, pair_at;
		const struct ike_sa *sa; /* NULL: from the beginning */
		const struct pair *pair;
	} walk;
	struct index index;
	STAILQ_HEAD(, act) acts;
	struct frags *frags; /* once one has come */
	struct act *handed; /* the action given out last */
	uint32_t next_conn, next_pair, next_sa, next_made;
	uint32_t config_no, keys_no; /* count configurations, and those with other keys of ours */
	uint64_t next_work;
	struct {
		uint64_t from_ms; /* the second that is counted */
		unsigned all[2];	/* of strangers, and of who is known */
		uint8_t by_peer[2][64]; /* by a hash of his address */
	} ag_work;
	uint64_t log_from_ms; /* the second whose lines are counted, */
	struct {
		const char *mnemonic;
		unsigned lines;
	} logged[8]; /* each kind for itself: strangers cannot silence the rest */
};

#endif
