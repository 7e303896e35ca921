/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the IKE core offer each other; nobody else includes this. */
#ifndef IKE_INTERNAL_H
#define IKE_INTERNAL_H

#include "ike/state.h"

/* index.c */
bool index_init(struct ike *k); /* false without memory */
void index_fini(struct ike *k);
/* Builds the part that is of the configuration; 0, or -ENOMEM and the old one stays. */
int index_config(struct ike *k, const struct ike_config *cfg);
uint64_t index_number(const struct ike *k, uint32_t v);
uint64_t index_addr(const struct ike *k, const struct ipaddr *a);
uint64_t index_path(const struct ike *k, const struct ipaddr *local, const struct ipaddr *peer);
uint64_t index_cookie(const struct ike *k, const uint8_t cookie[8]);

/* actions.c */
void act_send(struct ike *k, const struct ike_path *path, struct span data);
/* Never in fragments. */
void act_send_whole(struct ike *k, const struct ike_path *path, struct span data);
void act_keepalive(struct ike *k, const struct ike_path *path);
void act_sa_add(struct ike *k, const struct sa_spec *spec);
/* The peer of an installed SA is at path->remote now. */
void act_sa_move(struct ike *k, uint32_t sa_id, const struct ike_path *path);
void act_sa_del(struct ike *k, uint32_t sa_id);
void act_failed(struct ike *k, uint32_t policy_id, const char *why);
/* IKE_ACT_STEP; why may be NULL. */
void act_step(struct ike *k, enum ike_step step, const struct ipaddr *peer, uint32_t ifid, const char *why);
void act_step_traffic(struct ike *k, const struct ipaddr *peer, const struct p2_policy *p, const struct flow *flow);
void act_step_phase1(const struct ike_sa *sa);
void act_step_phase2(const struct pair *p);
void act_policies(struct ike *k, uint32_t new_id);
bool act_work(struct ike *k, const struct ike_work *w); /* false: no memory, and none will be done */
void act_key(struct ike *k, const struct ike_sa *sa);
/* peer: whom it is about; NULL: nobody, or nobody yet. */
void act_log(struct ike *k, const struct ipaddr *peer, const char *mnemonic, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void not_encrypted(struct ike *k, const struct ipaddr *peer); /* a line on a message in clear */
/* `ISAKMP: (conn):...`; sa may be NULL. Costs nothing while debugging is off. */
void act_debug(struct ike *k, const struct ike_sa *sa, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* `ISAKMP-ERROR: (conn):...`: what was refused or failed, for `debug crypto isakmp error` too. */
void act_debug_error(struct ike *k, const struct ike_sa *sa, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* `ISAKMP:...`, as IOS prints long values. */
void act_debug_bare(struct ike *k, const struct ike_sa *sa, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with `ISAKMP-PAK: (conn):` in front: a packet that is sent. */
void act_debug_pak(struct ike *k, const struct ike_sa *sa, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* One that came; sa NULL: it begins something. */
void act_debug_recv(struct ike *k, const struct ike_sa *sa, const struct ike_path *path);
/* `IPSEC...`: `debug crypto ipsec`, about pairs with that peer. part: IKE_DEBUG_IPSEC_*, which asks for this line alone. */
void act_debug_ipsec(struct ike *k, const struct ipaddr *peer, enum ike_debug part, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Of `debug crypto ipsec [error]` too, about the search for a crypto map: nothing stands in front. */
void act_debug_map(struct ike *k, const struct ipaddr *peer, const char *what);
/* `crypto_engine: ...`: `debug crypto engine`: that it works, never on what. */
void act_debug_engine(struct ike *k, const struct ike_sa *sa, const char *what);
void acts_free(struct ike *k);

/* work.c: public-key work that waits (work.h). NULL is fine. */
void work_drop(struct ike *k, struct work *w);
/* What is said now was said by an earlier run of the handler. */
bool work_is_quiet(const struct ike *k);

/* flight.c: sending, resending, repeats */
/* Sends data and keeps a copy. timer: T_RESEND or T_QM_RESEND if an answer must
 * come, whose owner then hears of it; T_NONE if not. 0 or -ENOMEM. */
int flight_send(struct ike *k, struct flight *f, const struct ike_path *path, struct span data,
		enum ike_timer timer, void *owner);
void flight_stop(struct ike *k, struct flight *f);
/* The exchange's last message came in: a repeat of it gets no answer, for two ends
 * that each take the other's answer for a repeat would never stop. */
void flight_last(struct ike *k, struct flight *f);
void flight_free(struct ike *k, struct flight *f);
/* Sends again; false when it was sent often enough. */
bool flight_resend(struct ike *k, struct flight *f);
unsigned flight_resends(const struct flight *f); /* how often that may be */
/* True if d is the very datagram that was answered last: the answer was repeated
 * (or not, if that was done often enough) and nothing else must happen. */
bool flight_is_repeat(struct ike *k, struct flight *f, struct span d);
void flight_repeat(struct ike *k, struct flight *f); /* unless that was done often enough */
void flight_mark(struct ike *k, struct flight *f, struct span d);

/* sa.c */
/* NULL without memory or above IKE_MAX_SAS. */
struct ike_sa *sa_make(struct ike *k, const struct ike_path *path, bool initiator);
void sa_enter(struct ike_sa *sa, enum mm_state state); /* from then on */
void sa_drop(struct ike_sa *sa); /* frees at once */
/* Ends an SA: tells the peer if it was up, fails what waited, lingers for show. */
void sa_end(struct ike_sa *sa, bool tell_peer, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
struct ike_sa *sa_by_cookies(struct ike *k, const struct ike_header *h);
/* The SA that a first message of this peer with this cookie has made already. */
struct ike_sa *sa_by_first(struct ike *k, const struct ike_path *path, const struct ike_header *h);
/* The newest that is up between our address and the peer's; one that he seems not to
 * have up yet is second choice. A router may reach one
 * peer from two interfaces; NULL: from any. */
struct ike_sa *sa_up_for(struct ike *k, const struct ipaddr *local, const struct ipaddr *peer);
/* The SAs with a peer one after the other, in no order; after NULL: the first. */
struct ike_sa *sa_of_peer(const struct ike *k, const struct ipaddr *peer,
			  const struct ike_sa *after);
struct ike_sa *sa_starting_for(struct ike *k, const struct ipaddr *local,
			       const struct ipaddr *peer);
/* The same of one peer, who may have others beside him behind his NAT; p NULL: of any
 * profile. */
struct ike_sa *sa_up_of(struct ike *k, const struct p2_policy *p, const struct peer *peer);
struct ike_sa *sa_starting_of(struct ike *k, const struct p2_policy *p, const struct peer *peer);
/* As sa_up_for() and sa_starting_for(), of those whose isakmp profile serves the policy. */
struct ike_sa *sa_up_with(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer);
struct ike_sa *sa_starting_with(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer);
void sa_up(struct ike_sa *sa); /* phase 1 complete */
/* Lifetime by volume (RFC 2409 appendix A): the limit, unless 0 or larger than one
 * that stands, and the bytes of a message that count against it. */
void sa_limit_kb(struct ike_sa *sa, uint32_t kb);
void sa_count(struct ike_sa *sa, size_t bytes);
enum ike_state sa_shown_state(const struct ike_sa *sa);
/* Phase 1 ends because the peer is silent: the likely cause, which the log has once an
 * exchange, becomes its story. */
void silence_end(struct ike_sa *sa);
/* Ends an SA that the peer deletes. If he does so as the first thing after we, as responder of
 * main mode, said who we are, the log and the SA's story have the likely cause. */
void silence_deleted(struct ike_sa *sa);
void sa_story(struct ike_sa *sa, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sa_want(struct ike_sa *sa, uint32_t policy_id);
/* A message id begins one exchange: what comes with it later is a replay, and so is
 * what we have sent ourselves when it comes back (nothing in a quick mode's first
 * message or a notify says who made it). */
bool sa_msgid_seen(const struct ike_sa *sa, uint32_t msgid);
void sa_msgid_note(struct ike_sa *sa, uint32_t msgid);
bool sa_has_room(const struct ike_sa *sa); /* for one more quick mode of ours */
void sa_start_pending(struct ike_sa *sa);
bool span_dup(struct span s, struct span *ret); /* malloc'ed copy */
void span_free(struct span *s);			/* wipes */
void span_move(struct span *to, struct span *from); /* what was there is freed */
/* psk.c */
/* The key for an address under a profile; NULL: none. p NULL: no profile is known. */
/* How a line that has an address names it: "address A", "address ipv6 X/128". */
#define PEER_WORDS (IPADDR_STRLEN + 20)
const char *peer_words(const struct ipaddr *peer, char buf[PEER_WORDS]);
const struct psk_entry *psk_find(const struct ike *k, const struct ike_profile *p,
				 const struct ipaddr *local, const struct ipaddr *peer);
const struct psk_entry *psk_for(const struct ike *k, const struct ipaddr *local,
				const struct ipaddr *peer); /* without a profile */
/* Tells keys apart without keeping them; of this core only. */
uint64_t psk_mark(const struct ike *k, struct span key);
/* The key is the one that the SA was made with; false if it is NULL. */
bool psk_was_used(const struct ike_sa *sa, const struct psk_entry *e);
/* The key of an identity that came in clear: by the host name it says, else by
 * address; NULL: none. */
const struct psk_entry *psk_for_id(const struct ike *k, const struct ike_profile *p,
				   const struct ike_path *path, struct span id);
/* Whom to begin aggressive mode with; NULL: main mode. */
const struct ag_peer *ag_peer_for(const struct ike *k, const struct ipaddr *peer);
/* The key that an initiator uses with this peer, and that of an SA; p NULL: none. */
struct span psk_to_start(const struct ike *k, const struct ike_profile *p, const struct ipaddr *local,
			 const struct ipaddr *peer);
struct span psk_of(const struct ike_sa *sa);
/* profile.c: ISAKMP profiles */
const struct ike_profile *profile_named(const struct ike *k, const char *name); /* "": NULL */
const struct ike_profile *profile_of(const struct ike_sa *sa);
void profile_set(struct ike_sa *sa, const char *name);
/* The one whose statements name that identity (or certificate) most narrowly; NULL. */
const struct ike_profile *profile_for_id(const struct ike *k, const struct ipaddr *local,
					 const struct ike_id *id, struct span cert);
/* The profile that will be for the peer if he proves to be id; NULL: none. */
const struct ike_profile *profile_candidate(const struct ike_sa *sa, const struct ike_id *id,
					    const struct ike_payloads *pl);
/* The peer has proved to be id: a responder takes the profile that is for him, an initiator
 * sees whether his is. 0; -EPERM and a story if that profile does not allow what was done. */
int profile_judge(struct ike_sa *sa, struct span id, const struct ike_payloads *pl);
bool profile_stands(const struct ike_sa *sa); /* false if the SA's was removed */
/* The policy may be negotiated under the SA. */
bool profile_suits(const struct ike_sa *sa, const struct p2_policy *p);
/* Why it may not, one sentence of at most cap bytes with the NUL. */
void profile_missed(const struct ike_sa *sa, const struct p2_policy *p, char *buf, size_t cap);
/* Dead peer detection, the profile's or the global one; 0: off. */
uint32_t profile_keepalive_sec(const struct ike_sa *sa);
uint32_t profile_retry_sec(const struct ike_sa *sa);
uint32_t profile_pair_keepalive_sec(const struct pair *p);
const char *keyring_name(const struct ike *k, const struct psk_entry *e);
/* auth.c: the set (P1_METHOD) of what can authenticate this peer: a pre-shared key for
 * his address; signatures if we have a certificate and some policy is with him. */
unsigned auth_methods(const struct ike *k, const struct ipaddr *local, const struct ipaddr *peer);
unsigned auth_methods_configured(const struct ike *k); /* of all policies that are usable */
/* What an exchange of ours can begin with: both of these, by the keys of the isakmp profile
 * if there is one (NULL: none). */
unsigned auth_methods_begin(const struct ike *k, const struct ike_profile *p,
			    const struct ipaddr *local, const struct ipaddr *peer);
unsigned auth_methods_of(const struct ike_sa *sa); /* the same, of one that we began */
/* False if what it was agreed to authenticate with is gone. */
bool auth_stands(const struct ike_sa *sa);
/* Some policy is between these addresses. */
bool p2_between(const struct ike *k, const struct ipaddr *local, const struct ipaddr *peer);
const struct p2_policy *p2_by_id(const struct ike *k, uint32_t id);
/* An authentic message came along path: behind NAT, ports may move. */
void sa_heard(struct ike_sa *sa, const struct ike_path *path);
/* The peer begins anew: what was agreed with him before `fresh` is gone. */
void peer_restarted(const struct ike_sa *fresh);
void sa_timer_fired(struct ike_sa *sa, struct timer *t);

/* move.c: peers behind a NAT that move */
/* Whether a message for the SA may come along path: by the addresses that it has, or, if
 * the peer is behind a NAT, by another one that he may have been given. */
bool sa_may_come_from(const struct ike_sa *sa, const struct ike_path *path);
/* An authenticated message came along path: if a NAT is before the peer, what goes to him
 * goes there from now on (RFC 3947 section 6); so do his SAs. */
void sa_follow(struct ike_sa *sa, const struct ike_path *path);
/* The message that authenticates a responder's peer came along path. */
void sa_settle(struct ike_sa *sa, const struct ike_path *path);
/* Where what is sent goes: path, but to the address that a NAT has given the peer last. */
struct ike_path sa_route(const struct ike_sa *sa);

/* crypt.c */
/* Encrypts b's message in place of its payloads under iv, which becomes the last
 * block; the message is then complete. Empty on failure. */
struct span msg_encrypt(struct ike_sa *sa, struct ike_builder *b, uint8_t *iv);
/* Decrypts a copy of the datagram's payloads into buf under iv (updated). */
bool msg_decrypt(struct ike_sa *sa, struct span d, uint8_t *iv, uint8_t *buf, struct span *ret);
void msg_header(const struct ike_sa *sa, uint8_t exchange, uint8_t flags, uint32_t msgid,
		struct ike_header *ret);

/* again (here and below): what it has asked for is done; NULL: it has just come */
/* main_mode.c */
int main_start(struct ike_sa *sa);
void main_first(struct ike *k, const struct ike_path *path, const struct ike_header *h,
		struct span d); /* MM1 from a stranger */
void main_recv(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
	       struct span d, struct work *again);

/* aggressive.c */
void aggressive_first(struct ike *k, const struct ike_path *path, const struct ike_header *h,
		      struct span d); /* the first message, from a stranger */
void aggressive_recv(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		     struct span d, struct work *again);
/* The initiator speaks as if he had sent his last message, which did not come: the
 * answer to his first makes him repeat it. */
void aggressive_again(struct ike_sa *sa);

/* quick_mode.c */
/* 0, also if it waits for public-key work, -EINVAL if IKE cannot say the policy's selector,
 * -ENOMEM. */
int quick_start(struct ike_sa *sa, const struct p2_policy *p);
void quick_recv(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
		struct span d);
void quick_fail(struct qm *q, const char *why);
void quick_drop(struct qm *q); /* an SA that was installed for it goes, too */
/* The same for an exchange that the peer may take for complete: as responder, our
 * inbound SA stays. */
void quick_leave(struct qm *q);
void qm_timer_fired(struct qm *q, struct timer *t);

/* quick_room.c */
/* For one that has been made: exchanges that are over stay only as long as there is room, since a
 * crypto ACL may have more lines than an SA keeps exchanges. False: all are under way. (Ours are
 * bounded by IKE_QM_AT_ONCE.) */
bool quick_make_room(struct ike_sa *sa);
/* Whether what a peer's first message asks for is begun: there is room for it and, with PFS, for
 * its work. If not, it leaves no trace, and he repeats it. */
bool quick_may_begin(const struct qm *q, bool pfs);

/* quick_sas.c */
/* Both SAs of an agreed quick mode, in q->in and q->out; peer_ke is empty without PFS. 0,
 * -EINPROGRESS (work.h), -EINVAL if it is no public value, -ENOMEM. */
int quick_specs_make(struct qm *q, struct span peer_ke);
void quick_bound_life(struct p2_agreed *a); /* what a peer may not go below */
/* RESPONDER-LIFETIME: shorter ones count. */
void quick_take_lifetime(struct qm *q, const struct ike_payloads *pl);
/* His lifetime differs from ours: normal, as in phase 1, and worth a line when a flow
 * comes up; not at each renewal. */
void quick_log_lifetime(const struct qm *q);

/* quick_ids.c: proxy identities (RFC 2407 section 4.6.2) */
/* One side of a selector as the body of an ID payload; false if IKE has no words
 * for it (wildcards with holes). Port tests other than eq are said as any port. */
#define IDS_MAX (4 + 2 * 16) /* bytes of one: a subnet of IPv6 */
bool ids_encode(struct wr *w, const struct addr_match *m, uint8_t proto,
		const struct port_match *port);
/* What QM1 asks for, seen from our side; false if it cannot be expressed. */
bool ids_requested(const struct ike_sa *sa, const struct ike_payloads *pl, struct selector *ret);
/* What QM2 says, likewise. */
bool ids_answered(const struct ike_payloads *pl, struct selector *ret);
/* The policy for this peer whose proxies mirror what he asks: an equal one, else
 * one that covers it. ret_sel is what both sides then mean. */
const struct p2_policy *ids_policy(const struct ike_sa *sa, const struct selector *want,
				   struct selector *ret_sel);
/* What is asked for, by the addresses that we see: behind NAT each end names them as it
 * sees them, and transport mode is between the same two hosts nevertheless (RFC 3947
 * section 5.2). False if s is not between the addresses of his NAT-OA or ours. */
bool ids_translate(const struct qm *q, const struct selector *s, struct selector *ret);
/* A policy that would have served if phase 1 had its isakmp profile; NULL: none. */
const struct p2_policy *ids_of_other_profile(const struct ike_sa *sa, const struct selector *want);
/* Transport mode only serves between the endpoints themselves. */
bool ids_are_endpoints(const struct ike_sa *sa, const struct selector *s);
/* As the ACL line that would permit it. */
void ids_text(const struct selector *s, char *buf, size_t cap);

/* made.c: policies that the core makes: one for each proxy pair that a peer has asked for
 * under a template of a dynamic crypto map, and for each pair of hosts (`level per-host`) */
/* The template for this peer that covers what he asks for; NULL: none. */
const struct p2_policy *made_template(const struct ike_sa *sa, const struct selector *want);
bool made_templates_serve(const struct ike *k, const struct ipaddr *local,
			  const struct ipaddr *peer);
/* That of these proxies, made if need be. NULL: no memory or no room. */
const struct p2_policy *made_for(struct ike *k, const struct p2_policy *from,
				 const struct selector *sel, const struct ipaddr *peer);
/* A pair of hosts of the line, of which a packet is; NULL as above. */
const struct p2_policy *made_for_flow(struct ike *k, const struct p2_policy *from,
				      const struct flow *f);
/* The policy that an SA of an earlier core was made under; NULL: none makes such. */
const struct p2_policy *made_adopt(struct ike *k, const struct sa_spec *s);
const struct p2_policy *made_by_id(const struct ike *k, uint32_t id);
/* Before an entry of a dynamic crypto map without SAs: only its peer may begin. */
bool made_only_answers(const struct p2_policy *p);
void made_in_use(const struct pair *p); /* the newest pair of its policy */
void made_adopted(const struct pair *p);
void made_ended(struct ike *k, uint32_t policy_id); /* a pair of it is gone */
void made_configure(struct ike *k); /* those whose template is gone or changed go with it */
void made_timer_fired(struct made *m);
void made_free(struct ike *k);
/* The SPD entry that serves the policy. */
uint32_t policy_line(const struct ike *k, uint32_t policy_id);

/* admission.c: call admission control */
/* Counts a request for phase 1; false, and a log line, if a limit refuses it. */
bool admission_ask(struct ike *k, const struct ike_path *path, bool incoming);

/* info.c */
void info_recv(struct ike_sa *sa, const struct ike_path *path, const struct ike_header *h,
	       struct span d);
void info_notify(struct ike_sa *sa, uint8_t proto, struct span spi, uint16_t type, struct span data);
/* The same, kept as the answer to repeats of the message that it refuses. */
void info_refuse(struct ike_sa *sa, struct flight *f, uint8_t proto, struct span spi,
		 uint16_t type);
void info_delete(struct ike_sa *sa, uint8_t proto, const uint32_t *spis, size_t n);
void info_delete_isakmp(struct ike_sa *sa);
/* In clear, to a peer with whom nothing is agreed; never longer than its message. */
void info_notify_clear(struct ike *k, const struct ike_path *path, const struct ike_header *to,
		       size_t limit, uint16_t type);

/* dpd.c: dead peer detection (RFC 3706) */
/* Both ends speak it and `crypto isakmp keepalive` is configured. */
bool dpd_is_on(const struct ike_sa *sa);
void dpd_start(struct ike_sa *sa); /* phase 1 is up, or the configuration is another one */
void dpd_timer_fired(struct ike_sa *sa);
void dpd_asked(struct ike_sa *sa, const struct ike_notify *n); /* R-U-THERE: the answer */
void dpd_answered(struct ike_sa *sa, const struct ike_notify *n); /* R-U-THERE-ACK */
/* False if the message is a question or an answer whose number is none of now: it
 * does not show that the peer lives. */
bool dpd_believes(struct ike_sa *sa, const struct ike_payloads *pl);
/* Packets leave by the pair and nothing comes back: asks its peer. */
void dpd_suspect(struct pair *p);
/* Deletes all that is agreed with the peer and leaves him for the next one. */
void dpd_dead(struct ike *k, const struct peer *peer);

/* recover.c: ESP that nobody knows */
void recover_up(struct ike_sa *sa); /* phase 1 is up: what was to be told is told */

/* sessions.c: `crypto logging session`; a session is a peer's pairs */
void session_up(const struct pair *p); /* before it counts as in use */
void session_down(struct ike *k, const struct ipaddr *local, const struct ipaddr *peer);

/* peer.c: who a peer is */
struct peer {
	struct ipaddr local, addr; /* addr: as he is configured */
	bool hidden;		   /* behind a NAT: so may others be who have the same address */
	uint16_t port;
	uint64_t who; /* 0: not known */
};
uint64_t peer_name(const struct ike *k, struct span id_body); /* never 0 */
struct peer peer_of_sa(const struct ike_sa *sa);
struct peer peer_of_pair(const struct pair *p);
bool peer_equal(const struct peer *a, const struct peer *b);
/* Somebody at that address has proved himself, and what he made lives: an ISAKMP SA, or IPsec SAs. */
bool peer_known(struct ike *k, const struct ipaddr *addr);
bool peer_has_sa(const struct peer *peer, const struct ike_sa *sa);
bool peer_has_pair(const struct peer *peer, const struct pair *p);

/* natt.c */
void natt_vids(struct ike_builder *b, bool nat_traversal);
void natt_vids_answer(struct ike_builder *b, const struct ike_sa *sa); /* what he sent */
void natt_read_vids(struct ike_sa *sa, const struct ike_payloads *pl);
/* `debug crypto isakmp`: what a vendor id says, what ours said */
void natt_trace_vid(struct ike *k, const struct ike_sa *sa, struct span vid);
void natt_trace_offer(const struct ike_sa *sa);
enum p2_encap natt_encap(const struct ike_sa *sa); /* what is offered */
void natt_add(struct ike_builder *b, struct ike_sa *sa); /* NAT-D, ours and his */
struct natt_found {
	bool here, there;
	bool compared; /* else nobody knows */
	size_t n;      /* hashes that came */
};
struct natt_found natt_check(const struct ike_sa *sa, const struct ike_path *path,
			     const struct ike_payloads *pl);
/* The same of a message that may have come on port 4500 while its hashes are those
 * of the ports before. */
struct natt_found natt_check_floated(const struct ike_sa *sa, const struct ike_path *path,
				     const struct ike_payloads *pl);
void natt_commit(struct ike_sa *sa, struct natt_found f);
/* Whether packets cross a NAT: one was found, or there was nothing to find it by (RFC 3947 section 3.2 depends on payloads that
 * nobody authenticates before the exchange ends) and no peer sends from such a port himself. */
bool natt_crossed(const struct ike_sa *sa);
/* NAT-OA of both ends, for transport mode in UDP (RFC 3947 section 5.2). */
void natt_add_original(struct ike_builder *b, const struct ike_sa *sa, bool initiator);
/* NAT-OA of his quick mode message, if NAT was found and both are there. */
void natt_read_original(struct qm *q, const struct ike_payloads *pl);
void natt_keepalive_start(struct ike_sa *sa);
void natt_keepalive_fired(struct ike_sa *sa); /* T_KEEPALIVE */
/* Says so in the log if a NAT shows in the way of an SA that knows none. id: the peer's. */
void natt_suspect(const struct ike_sa *sa, struct span id);

/* pairs.c */
/* Makes the pair of a quick mode; its SAs are the caller's to install. -ENOMEM:
 * nothing was done. */
int pair_add(struct ike *k, struct qm *q);
/* For a quick mode whose end the peer did not confirm: he may have both SAs and send on
 * his, so that ours to receive on stays until its lifetime is over or a whole pair takes
 * its place. -ENOMEM as above. */
int pair_keep_inbound(struct ike *k, struct qm *q);
/* Installs the outbound SA, unless the pair was removed meanwhile; from now on it
 * carries what leaves, and older pairs of its policy retire. */
void pair_use(struct ike *k, const struct qm *q);
/* why: one sentence for who asks later. */
void pair_remove(struct pair *p, bool tell_peer, const char *why);
struct pair *pair_by_sa(struct ike *k, uint32_t sa_id);
/* Of the peer that an SA is up with, by the SPI that he receives on. */
struct pair *pair_by_spi(const struct ike_sa *sa, uint8_t proto_id, uint32_t spi);
struct pair *pair_current(struct ike *k, uint32_t policy_id);
bool pair_any(const struct ike *k, uint32_t policy_id); /* in whatever state */
/* Another one in use carries just the same. */
bool pair_has_newer(const struct pair *p);
/* False if there is no pair in use whose renewal could be tried again. */
bool renew_later(struct ike *k, uint32_t policy_id);
/* A quick mode of the peer's came to nothing that had to wait for public-key work: a renewal that
 * was due meanwhile did not begin for its sake. */
void renew_held_back(struct ike *k, uint32_t policy_id);
const struct ipaddr *pair_local(const struct pair *p);
/* When a packet left for the peer last, as far as the forwarder has told; 0: never. */
uint64_t pairs_last_out(const struct ike *k, const struct peer *peer);
/* A NAT has moved the peer to to->remote: his SAs in UDP follow. */
void pairs_move(struct ike *k, const struct peer *peer, const struct ike_path *to);
/* The SA is up: pairs that were taken over and have his mapping are known to be his. */
void pairs_claim(const struct ike_sa *sa);
struct pair *pair_of_peer(const struct ike *k, const struct ipaddr *peer,
			  const struct pair *after); /* the next of a chain by his address */
bool pairs_with(struct ike *k, const struct ipaddr *local, const struct ipaddr *peer);
bool pairs_of(struct ike *k, const struct peer *peer);
/* Without a word to the peer; only those made before that moment. */
void pairs_drop_peer(struct ike *k, const struct peer *peer, uint64_t before_ms);
bool spi_in_use(struct ike *k, uint32_t spi);
/* The policy, as it is configured now, would make such an SA. */
bool policy_makes(const struct p2_policy *p, const struct sa_spec *s);
bool policy_same(const struct p2_policy *a, const struct p2_policy *b); /* but for lifetimes */
void pair_timer_fired(struct pair *p, struct timer *t);

/* negotiate.c */
bool p1_any_usable(const struct ike *k); /* some crypto isakmp policy can be negotiated */
/* Negotiates for the policy: on the SA that is up, one that is starting, or a new one. */
void negotiate(struct ike *k, const struct p2_policy *p);
void negotiate_asked(struct ike *k, const struct p2_policy *p, const struct flow *flow);
void negotiate_overtaken(struct ike *k, const struct pair *p); /* which the peer has begun */
void policy_failed(struct ike *k, uint32_t policy_id, const struct ipaddr *peer, const char *why);
/* A packet asks for SAs that are not there: the round begins, with the default peer. */
void policy_begins(struct ike *k, const struct p2_policy *p);
/* Policies whose turn it is with that peer go on to their next one. */
void policies_leave(struct ike *k, const struct ipaddr *local, const struct ipaddr *peer);
void policy_to_default(struct ike *k, const struct p2_policy *p);
/* Phase 1 alone, from the beginning. NULL if it could not start, there is no such profile or
 * nothing to authenticate with. */
struct ike_sa *phase1_alone(struct ike *k, const struct ike_path *path, const char *profile);
/* The same with a peer whom a NAT has moved to `at` (family 0: he is at path->remote). */
struct ike_sa *phase1_at(struct ike *k, const struct ike_path *path, const struct ipaddr *at,
			 const char *profile);
struct fail_note *note_for(struct ike *k, uint32_t policy_id, bool make);
void note_forget(struct ike *k, uint32_t policy_id);
void notes_prune(struct ike *k); /* forgets policies that are gone */
/* Whoever the pair is with is the current peer, also if he began: renewals go to him. */
void policy_follow(struct ike *k, const struct pair *p);

/* frag.c */
void frag_vid(struct ike_builder *b, const struct ike_sa *sa); /* if it is to be said */
bool frag_is_vid(struct span body);
/* Bytes that a message to the peer has on the wire: fragments have headers of their own. */
size_t frag_wire_len(const struct ike_sa *sa, size_t len);
/* True: the message was long, the peer takes fragments, and they were sent. */
bool frag_send(struct ike *k, const struct ike_path *path, struct span data);
/* One fragment; the message that it completes (until the next one), or an empty span. */
struct span frag_recv(struct ike *k, const struct ike_path *path, const struct ike_header *h,
		      struct span d);

/* trace.c: what `debug crypto isakmp` prints about proposals */
void trace_begin(struct ike_sa *sa); /* our first message */
void trace_no_key(struct ike *k, const char *kind, const struct ipaddr *peer, bool aggressive); /* so there is none */
void trace_first(struct ike *k, const struct ike_path *path, const struct ike_header *h, const struct ike_payloads *pl,
		 bool psk, bool aggressive); /* a peer's */
void trace_p1(struct ike *k, const struct ike_sa *sa, struct span sa_body);
/* The proposal, and the payloads behind it. pfs: but for that it would do. */
enum trace_p2 { TRACE_P2_ACCEPTED, TRACE_P2_DIFFERS, TRACE_P2_PFS };
void trace_p2(const struct qm *q, const struct ike_payloads *pl, enum trace_p2 how);
/* Of quick mode only as far as the SA payload: the rest is IOS's last word on it. */
void trace_payloads(struct ike *k, const struct ike_sa *sa, const struct ike_payloads *pl,
		    uint32_t msgid);
void trace_id(struct ike *k, const struct ike_sa *sa, struct span body, unsigned next);

/* trace_ipsec.c: `debug crypto ipsec` */
void trace_request(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer);
void trace_proposal(const struct qm *q); /* accepted */
void trace_refusal(const struct qm *q, struct span sa_body);
void trace_no_pfs(const struct qm *q);
/* What packets asked for, and the peer has not answered; count: which time. */
void trace_request_fired(struct ike *k, const struct p2_policy *p, const struct ipaddr *peer, unsigned count);
void trace_pair(struct ike *k, const struct pair *p); /* it carries traffic from now on */

#endif
