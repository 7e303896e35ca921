/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder's inside, shared by its own files only. */
#ifndef FORWARDER_INTERNAL_H
#define FORWARDER_INTERNAL_H

#include "crypto/drbg.h"
#include "forwarder/forwarder.h"
#include "forwarder/lane.h"
#include "forwarder/queues.h"
#include "ipsec/ah.h"
#include "ipsec/numbers.h"
#include "ipsec/spd.h"
#include "packet/gre.h"

#define WAIT_PER_FLOW	16   /* packets that wait for a negotiation */
#define WAIT_PER_POLICY 256
#define WAIT_TOTAL	1024
#define WAIT_MS		30000
#define ACQUIRE_EVERY_MS 1000
#define POOL_PACKETS	(WAIT_TOTAL + 8 * BATCH_MAX)
#define DEFAULT_PATH_MTU 1500

struct fport {
	struct fwd_port desc;
	/* Each worker's own, which it waits for and sends by; NULL: it has none. A socket is read by
	 * the one behind them, which whoever has reader has for himself: it may hold what the last
	 * batch had no room for. What was read goes on in the order of the lane. */
	struct port *port[WORKERS_MAX + 1];
	bool one_socket;
	struct lane_reader reader;
	/* UDP over IPv4: whether a datagram may be cut is an option of the socket, set before a send */
	struct lane_reader sender;
	_Atomic bool told_slower; /* control knows that it has given up its faster way; by any worker */
	struct tunnel *tunnel; /* TUNNEL: whose it is in the table in force; NULL none */
	uint64_t since_ms; /* when it came; RING: or when control was told; by whose turn it is in the lane */
	struct fport *next;
};

/* What ICMP said of the way to one peer (pmtu.c). */
struct learned_path {
	uint16_t mtu;	 /* bytes; 0: nothing was learned */
	bool too_narrow; /* it is less than mtu, the least that is believed */
	uint64_t until_ms;
	struct ipaddr dst; /* of policies: the peer that it is about */
};

/* Counts of one worker, which alone writes them; summed when they are asked for. */
struct policy_slot {
	alignas(CACHE_LINE) struct fwd_policy_stats stats;
};
struct tunnel_slot {
	alignas(CACHE_LINE) struct fwd_tunnel_stats stats;
	uint64_t last_in_ms, last_out_ms; /* 0 never */
	uint16_t ip_id; /* the last outer one: those of two workers are never the same */
};

/* What belongs to a policy id. It outlives tables and SAs: it lives while an
 * entry of a table or an SA names it. */
struct policy {
	uint32_t id;
	unsigned refs;	  /* entries of tables and SAs that name it */
	bool in_table;	  /* of the table in force */
	uint32_t ifid;	  /* of its entry there */
	struct selector sel; /* of the same */
	uint8_t family;	  /* of the packets that the entry is about */
	uint32_t path_mtu; /* as configured */
	uint8_t df_bit;	  /* enum esp_df */
	bool frag_after;
	struct learned_path learned;
	struct fport *steer; /* the steering TUN of ifid; NULL none */
	/* tunnel protection: whose it is; NULL none. Of several GRE tunnels that share it, one */
	struct tunnel *vti, *gre;
	const struct access_list *acl_in, *acl_out; /* of the table in force; NULL none */
	struct sa *out;	  /* newest first; known flows hold one of them until sas_changed() (messages.c) */
	uint32_t by_ring; /* the device by whose ring ESP of its SAs has come last, 0 none; by whose turn it is in the lane */
	struct pkt *wait_first, **wait_last;
	size_t n_waiting;
	uint64_t acquired_ms; /* last ACQUIRE; 0 never */
	struct hnode node;
	struct policy_slot slot[]; /* of each worker */
};

struct tunnel {
	struct fwd_tunnel conf;
	uint32_t out_seq, in_seq; /* RFC 2890: the next one to send; the last one taken */
	uint64_t in_seq_ms;	  /* when that was; 0: none was taken yet */
	uint64_t keepalive_ms;	  /* when the next one is due */
	unsigned missed;	  /* keepalives since the last one that came back */
	bool dead;		  /* none came back: nothing but keepalives passes */
	bool told_dead;		  /* what control knows */
	struct learned_path learned; /* in clear */
	bool in_table;
	struct fport *port; /* its TUN; NULL none */
	struct policy *policy; /* of conf.protect; NULL: there is none, nothing leaves */
	bool closed; /* not protected, and another tunnel with the same ends is */
	bool moved; /* at a commit: its ends are others than before */
	struct hnode by_ends; /* keyed by source and destination */
	struct tunnel *next;
	struct tunnel_slot slot[]; /* of each worker */
};

/* `set ip access-group`. */
struct access_line {
	struct acl_entry e;
	uint64_t matches; /* anybody adds; atomic, relaxed: read and cleared with the gate closed */
};
struct access_list {
	char name[CFG_NAME_MAX];
	struct access_line *v;
	size_t n;
};

struct table {
	struct spd spd;
	struct access_list **lists;
	size_t n_lists;
	struct fwd_tunnel *tunnels;
	size_t n_tunnels;
};

#define HOPS_MAX  64
#define HOPS_NEWS 64

/* hops.c */
struct hop {
	struct ipaddr dst, via;
	uint32_t ifid;
	uint8_t mac[6];
	uint64_t until_ms; /* 0: none */
};

/* A token bucket: what strangers can provoke is limited, counters never are. */
struct bucket {
	bool started;
	uint64_t at_ms;
	uint32_t tokens;
};

/* What all workers share. Inside the gate it is read only, but for what says otherwise; it is
 * changed by who has closed the gate. With one worker there is no gate to pass. */
struct shared {
	struct forwarder_env env;
	struct forwarder_watch watch;
	struct sad sad;
	struct table table, building;
	bool is_building;
	uint32_t generation;
	uint32_t sa_generation; /* which SAs policies have: changes with each that comes or goes */
	struct htab policies;
	struct htab tunnel_ends;
	struct tunnel *tunnels;
	struct fport *ports;
	struct fport *by_kind[FWD_PORT_LAST + 1]; /* the newest of its kind */
	size_t n_waiting;
	bool paths_learned; /* some policy or tunnel has a path to forget */
	struct hop hops[HOPS_MAX];
	bool some_hops; /* one was told */
	struct doubles *doubles; /* NULL: ESP comes one way. What it holds is written by whose turn it is in the lane */
	uint64_t next_scan_ms;	 /* the first worker's alone */
	uint64_t events_from_ms; /* control's socket was full: not tried again before */
	bool stopping; /* set with the gate closed, looked at anywhere; relaxed: a tick later will do */
	unsigned n; /* workers */
	int pin_error; /* the first worker's alone */
	struct forwarder *worker[WORKERS_MAX];
	/* these say themselves who writes what */
	struct gate gate;
	struct lane lane;
	struct queues queues;
};

/* One worker. The first one is whom control talks to. */
struct forwarder {
	struct shared *all;
	unsigned id;	/* its place among the workers */
	bool beside;	/* it is inside the gate: what cannot be done there is put aside */
	struct pool pool;
	struct esp_worker esp;
	struct crypto_drbg *ivs; /* what esp draws from */
	struct spd_cache cache;
	struct fwd_drops drops;
	uint32_t frag_id; /* of the last IPv6 packet that was cut */
	uint64_t now_ms; /* read once per batch */
	uint8_t via;	 /* enum fwd_port_kind that the batch came by */
	uint64_t hops_void; /* a bit for each of hops[]: not to be used before control tells it anew */
	/* what has changed since control began to look; many: more than that, or who knows what */
	struct port_news hops_news[HOPS_NEWS];
	size_t n_hops_news;
	bool many_hops_news;
	struct bucket bucket[FWD_LAST_EVENT + 1], icmp_bucket;
	struct batch out; /* assigned to SAs, not yet encapsulated */
	/* beside others only */
	struct sa_run run[BATCH_MAX]; /* of the SAs in out */
	uint8_t run_of[BATCH_MAX];    /* of the packets in out */
	size_t n_runs;
	uint8_t crowded; /* runs.c: somebody else was on its way by the same SA lately */
	uint64_t waits, lost_before; /* forwarder_idled(), forwarder_lost(): how often it had to wait for others; what was counted */
	bool has_ticket; /* of a burst whose turn in the lane has not been passed */
	uint32_t ticket;
	struct later *later;
};

static inline struct fwd_policy_stats *pol_stats(const struct forwarder *f, struct policy *pol)
{
	return &pol->slot[f->id].stats;
}

static inline struct tunnel_slot *tun_slot(const struct forwarder *f, struct tunnel *t)
{
	return &t->slot[f->id];
}

static inline struct fwd_tunnel_stats *tun_stats(const struct forwarder *f, struct tunnel *t)
{
	return &t->slot[f->id].stats;
}

static inline void fwd_drop(struct forwarder *f, struct pkt *p, enum fwd_drop why)
{
	f->drops.n[why]++;
	pkt_put(&f->pool, p);
}

/* forwarder.c. Inbound, inside the gate: between the two the replay windows are ours. With no ticket they are
 * anyway. */
void fwd_wait_for_turn(struct forwarder *f);
void fwd_pass_turn(struct forwarder *f);

/* forwarder.c. With the gate closed: all that has come by that port and was not read yet, as long as it does not come
 * faster than it is read. */
void fwd_read_dry(struct forwarder *f, struct fport *p);

/* doubles.c: ESP that comes both ways while a ring comes or goes. Changed with the gate closed; the others in their turn. */
/* As the message WAYS says it. 0, -EINVAL or -ENOMEM. */
int doubles_ways(struct forwarder *f, uint32_t ways);
void doubles_tick(struct forwarder *f);
void doubles_free(struct forwarder *f);
/* p was refused for p->reason, which is counted by its SA alone. True: it is no replay but came twice, and that count
 * is taken back. */
bool doubles_refused(struct forwarder *f, const struct pkt *p);
/* These have come out of their SAs: the other way may bring them, too. Not where f->all->doubles is NULL. */
void doubles_note(struct forwarder *f, struct batch *b);
/* Not where f->all->doubles is NULL: whether p is read with the gate closed; whether q is read dry before. */
bool doubles_alone(const struct forwarder *f, const struct fport *p);
bool doubles_before(const struct forwarder *f, const struct fport *q, const struct fport *p);

/* later.c: what a worker that is beside others leaves for when it has closed the gate, behind its
 * batch. Packets keep their order; what it came to know of is found again by its id, if it is
 * still there. */
struct later *later_new(void); /* NULL without memory */
void later_free(struct later *l);
bool later_is_empty(const struct later *l);
/* p leaves by that policy, or, should a table come in between, by what that says of it; everything
 * that leaves behind it in this batch does it later, too. */
void later_out(struct forwarder *f, struct policy *pol, struct pkt *p);
bool later_has_out(const struct forwarder *f);
/* As it came from UDP 4500. */
void later_udp(struct forwarder *f, struct pkt *p);
/* Out of its SA, taken and counted: what remains is to whom it goes. */
void later_inner(struct forwarder *f, struct pkt *p);
/* The lifetime of the SA is to be looked at. */
void later_life(struct forwarder *f, const struct sa *sa);
/* The peer of the SA is where p came from. */
void later_follow(struct forwarder *f, const struct sa *sa, const struct pkt *p);
/* False: there is no room. It holds no span. */
bool later_event(struct forwarder *f, const struct fwd_msg *m);
void later_do(struct forwarder *f); /* with the gate closed */

/* Of the outer header of a packet of the tunnel. Never 0, which the kernel would replace; one in n
 * is this worker's. */
static inline uint16_t tun_next_ip_id(const struct forwarder *f, struct tunnel *t)
{
	uint16_t *id = &tun_slot(f, t)->ip_id;
	uint32_t next = *id ? *id + f->all->n : f->id + 1;

	if (next > UINT16_MAX)
		next = f->id + 1;
	*id = (uint16_t)next;
	return *id;
}

/* ports.c. What ESP of an SA, known to be the peer's, came by, f->via: if one policy's comes by a ring and by
 * the raw socket, of whichever device, control is told to do without the ring. By whose turn it is in the lane. */
void port_note_esp(struct forwarder *f, struct policy *pol, struct pkt *const *p, size_t n);
/* add and del as the messages say; lookups answer NULL for none. */
int ports_add(struct forwarder *f, const struct fwd_port *desc, int fd); /* fd -1: 0 if it is there, -EBADF if not */
int ports_del(struct forwarder *f, uint32_t id);
/* Removes ports that not every worker has: control died while it gave them, and the next one would find them there. */
void ports_del_halves(struct forwarder *f);
void ports_free(struct forwarder *f);
struct fport *port_by_id(struct forwarder *f, uint32_t id);
struct fport *port_by_steered(struct forwarder *f, uint32_t ifid);
bool port_is_steering(const struct forwarder *f, uint32_t dev_ifindex);
bool port_is_tunnel(const struct forwarder *f, uint32_t dev_ifindex);
void port_send(struct forwarder *f, struct fport *port, struct batch *b); /* b is empty after */
/* By that port and no other, whatever knows a better way. False: it did not take them all. */
bool port_send_own(struct forwarder *f, struct fport *port, struct batch *b);
/* By a LINK port: what it did not send stays in b. */
void port_send_link(struct forwarder *f, struct fport *port, struct batch *b);
/* An FWD_PORT_SLOWER that was put aside did not reach control: it is told again. */
void port_slower_unheard(struct forwarder *f, const struct fwd_msg *m);
/* The same by the queue of that worker: for who has his turn in the lane, or everything. */
bool port_send_by(struct forwarder *f, struct fport *port, unsigned worker, struct batch *b);

/* state.c */
struct policy *policy_find(struct forwarder *f, uint32_t id);
/* Finds or makes it, and names it once more; NULL without memory. */
struct policy *policy_take(struct forwarder *f, uint32_t id);
void policy_release(struct forwarder *f, struct policy *pol);
/* The tunnel between these ends with this encapsulation and key; NULL if none.
 * *ret_near: one with the same ends and encapsulation, whatever its key; NULL: what it
 * carries between them is not ours. */
struct tunnel *tunnel_by_ends(struct forwarder *f, const struct ipaddr *local,
			      const struct ipaddr *remote, enum fwd_tunnel_encap encap, bool has_key, uint32_t key,
			      struct tunnel **ret_near);
void table_free(struct forwarder *f, struct table *t);
int table_commit(struct forwarder *f);
void fwd_state_free(struct forwarder *f);

/* access.c. A line of the list-th list (from 1) of a table that is being built; the lists of
 * the policy that was added last. 0 or -errno. */
int access_add(struct table *t, uint16_t list, const char *name, const struct acl_entry *e);
int access_of_policy(struct table *t, uint32_t policy_id, uint16_t in, uint16_t out);
/* At a commit: no table holds pol (what had a list lets nothing through); e of t does. */
void access_forget(struct policy *pol);
void access_take(struct policy *pol, const struct table *t, const struct spd_entry *e);
void access_carry(const struct table *old, struct table *new);
void access_free(struct table *t);
/* Whether p, a whole IP packet, passes. */
bool access_lets(struct forwarder *f, const struct access_list *l, uint32_t ifid, const struct pkt *p);
void access_stats(struct forwarder *f, uint32_t seq);
void access_clear(struct forwarder *f, const char *name); /* "": all lists */

/* events.c */
bool bucket_take(struct bucket *b, uint64_t now_ms, uint32_t per_sec, uint32_t burst);
/* True if an event of this type may be told now (and takes its token). */
bool event_allowed(struct forwarder *f, enum fwd_type type);
/* Tells control, without asking event_allowed(). False: it did not take it. */
bool event_send(struct forwarder *f, struct fwd_msg *m);
void event_expire(struct forwarder *f, struct sa *sa);
void event_recvd_clear(struct forwarder *f, uint32_t ifid, const struct flow *received);

/* wait.c */
void wait_for_sa(struct forwarder *f, struct policy *pol, const struct flow *fl, struct pkt *p);
/* Drops what began to wait at older_than_ms or before. */
void wait_forget(struct forwarder *f, struct policy *pol, uint64_t older_than_ms,
		 enum fwd_drop why);
/* Everything that waits, in order, as a list by pkt.next; the queue is empty after. */
struct pkt *wait_take_all(struct forwarder *f, struct policy *pol);

/* out.c */
void out_from_tunnel(struct forwarder *f, struct tunnel *t, struct batch *b);
void out_from_steering(struct forwarder *f, uint32_t ifid, struct batch *b);
void out_release(struct forwarder *f, struct policy *pol); /* an SA came: waiting packets go */
/* Puts the tunnel's headers around its inner packet, if it is up (whatever its keepalives
 * say). The reason for not doing so, or FWD_N_DROPS. */
enum fwd_drop out_encapsulate(const struct forwarder *f, struct tunnel *t, struct pkt *p,
			      struct ip_view *ret_outer);
/* A packet that belongs outside, as a tunnel's do: protected if a policy says so. */
void out_by_tunnel(struct forwarder *f, struct tunnel *t, struct pkt *p, const struct ip_view *outer);

/* keepalive.c */
void keepalive_tick(struct forwarder *f);
/* A decapsulated packet that is a keepalive, the peer's or one of ours that came back:
 * true, and p is gone. */
bool keepalive_take(struct forwarder *f, struct tunnel *t, const struct ip_view *outer,
		    const struct gre *g, struct pkt *p);
/* Whether the source of what came by the tunnel is our own address there, or its end. */
bool keepalive_is_ours(const struct tunnel *t, uint32_t src);
/* After a table came: old is what the tunnel was before. */
void keepalive_follow(struct tunnel *t, const struct fwd_tunnel *old);

/* The newest usable SA of the policy whose selectors take the flow; NULL if there is none. */
struct sa *out_pick_sa(const struct forwarder *f, struct policy *pol, const struct flow *fl);
/* What was to leave before leaves now. */
void out_again(struct forwarder *f, struct policy *pol, struct pkt *p);
/* The same after a commit, by what the table says now: pol is what took p, NULL if that is gone, and
 * ifid the interface that it was to leave by. */
void out_anew(struct forwarder *f, struct policy *pol, uint32_t ifid, struct pkt *p);
/* By an SA of the policy, or it waits for one. p is gone. */
void out_by_policy(struct forwarder *f, struct policy *pol, const struct flow *fl,
		   const struct ip_view *h, struct pkt *p);

/* runs.c: the packets of f->out beside other workers. Of each SA there is one run in it. */
/* Before p joins f->out; false: it has gone another way. */
bool runs_add(struct forwarder *f, struct sa *sa, struct pkt *p);
/* Numbers for all of f->out; what gets none leaves it, for later. */
void runs_reserve(struct forwarder *f);
/* Calls send for all of f->out (NULL) or one SA after the other, as soon as it may leave. */
void runs_send(struct forwarder *f, void (*send)(struct forwarder *f, const struct sa *only));

/* esp_out.c: encapsulate and send what has an SA */
void esp_out_add(struct forwarder *f, struct sa *sa, const struct ip_view *h, struct pkt *p);
void esp_out_flush(struct forwarder *f);
/* By that SA as it is: it fits, or is cut behind. */
static inline void esp_out_emit(struct forwarder *f, struct sa *sa, struct pkt *p)
{
	if (f->out.n == BATCH_MAX)
		esp_out_flush(f);
	if (f->beside && !runs_add(f, sa, p))
		return;
	p->sa = sa;
	(void)batch_add(&f->out, p);
}
/* Appends p to b, cut to mtu if need be; sends b by port whenever it is full. */
void send_cut(struct forwarder *f, struct fport *port, struct batch *b, struct pkt *p, size_t mtu);

/* pmtu.c: path MTUs in force, configured or learned from ICMP */
uint16_t pmtu_of_policy(const struct policy *pol);
uint16_t pmtu_of_tunnel(const struct tunnel *t);
bool pmtu_is_learned(const struct fwd_tunnel *c); /* of its packets in clear */
void pmtu_apply(struct policy *pol); /* to its SAs, after anything about it changed */
void in_from_icmp(struct forwarder *f, struct batch *b);
void pmtu_age(struct forwarder *f);

/* too_big.c: p may not be cut and mtu is what fits; its sender is told, and p is gone. t: the
 * tunnel that it came out of, or NULL */
void answer_too_big(struct forwarder *f, const struct tunnel *t, struct pkt *p, size_t mtu);

/* in.c */
/* The peer of an SA in UDP is elsewhere now; unknown ids are ignored. */
void sa_move(struct forwarder *f, uint32_t id, const struct ipaddr *addr, uint16_t port);
void in_from_esp(struct forwarder *f, struct batch *b);
void in_from_ah(struct forwarder *f, struct batch *b);
void in_from_udp(struct forwarder *f, struct batch *b);
/* The packet of that number came from there; one with a higher number may have come from elsewhere. */
void in_follow(struct forwarder *f, uint32_t sa_id, const struct ipaddr *addr, uint16_t port,
	       uint64_t number);

/* gre_in.c */
struct delivery {
	struct fport *port;
	/* gre_usual.c: the tunnel of the last packet that came out of from's SAs with addrs */
	struct tunnel *tunnel;
	const struct policy *from;
	uint64_t addrs;
	bool several; /* queues */
	struct batch b[WORKERS_MAX]; /* by queue of the TUN; as many as there are workers */
};
void deliver_init(const struct forwarder *f, struct delivery *d);
/* in.c: what came out of p->sa goes where it belongs, a VTI's but for. */
void in_deliver(struct forwarder *f, struct delivery *d, struct pkt *p, const struct ip_view *h);
/* The same by what its policy says now. */
void in_anew(struct forwarder *f, struct delivery *d, struct pkt *p);
/* To a TUN. Consecutive packets mostly go to one: a change sends what is there. */
void deliver_flush(struct forwarder *f, struct delivery *d);
static inline void deliver(struct forwarder *f, struct delivery *d, struct fport *port, struct pkt *p)
{
	bool moved = false;
	struct batch *b = &d->b[d->several ? queues_of(&f->all->queues, f->all->n, p, f->now_ms, &moved) : 0];

	if (b->n == BATCH_MAX || d->port != port || moved)
		deliver_flush(f, d);
	d->port = port;
	(void)batch_add(b, p);
}
/* ahead.c: what the packets of a batch will ask memory for. Out by an interface; in, after UDP or IP; and for those whose SAs
 * are known. */
void ahead_out(struct forwarder *f, uint32_t ifid, const struct batch *b);
void ahead_in(struct forwarder *f, const struct batch *b, bool udp);
void ahead_keys(struct forwarder *f, struct pkt *const *p, size_t n);
/* A GRE or IP-in-IP packet with its IP header: true if it was for a tunnel of ours, and
 * then p is gone. from: the policy out of whose SA it came; NULL: from the kernel, and
 * in_clear unless that has put it together out of an SA's fragments. */
bool gre_take(struct forwarder *f, struct delivery *d, struct pkt *p, const struct ip_view *h,
	      const struct flow *fl, const struct policy *from, bool in_clear);
void in_from_gre(struct forwarder *f, struct batch *b);

/* Whether a packet carries what tunnels do: GRE, or IPv4 or IPv6 within itself. */
static inline bool is_tunnel_proto(uint8_t proto)
{
	return proto == IPPROTO_GRE_ || proto == IPPROTO_IPIP_ || proto == IPPROTO_IPV6_;
}

/* How a packet of that protocol was put around what it carries. */
static inline enum fwd_tunnel_encap encap_of(const struct ip_view *h)
{
	if (h->proto == IPPROTO_GRE_)
		return FWD_ENCAP_GRE;
	if (h->family == IP_V6)
		return FWD_ENCAP_IPV6;
	return h->proto == IPPROTO_IPV6_ ? FWD_ENCAP_IPV6IP : FWD_ENCAP_IPIP;
}

/* The socket that clear packets of that family leave by. */
static inline struct fport *raw_port(const struct forwarder *f, uint8_t family)
{
	return f->all->by_kind[family == IP_V6 ? FWD_PORT_GRE6 : FWD_PORT_GRE];
}

/* gre_usual.c: what is the same for the packets of a batch that leave by a tunnel. sa NULL:
 * nothing is, each goes the long way. */
struct gre_usual {
	struct sa *sa;
	uint32_t src, dst;
	uint8_t head; /* bytes of both headers */
};
void gre_usual_begin(struct forwarder *f, struct tunnel *t, struct gre_usual *ret_u);
/* True: p is gone. False: it is not one of the usual, and it is as it was. */
bool gre_usual_out(struct forwarder *f, struct tunnel *t, const struct gre_usual *u, struct pkt *p);
bool gre_usual_in(struct forwarder *f, struct delivery *d, const struct policy *from, struct pkt *p);

/* hops.c: ESP past the kernel's stack, where its next hop is known. b is empty after. */
/* With the gate closed. 0 or a negative errno; -EAGAIN: what control has found of some may not be so
 * any more; the others hold. */
int hops_set(struct forwarder *f, const struct fwd_next_hops *h);
void hops_send(struct forwarder *f, struct fport *raw, struct batch *b);

/* protect.c */
/* After a commit: tunnels find their policies and policies their tunnels. */
void protect_bind(struct forwarder *f);
/* Whether a tunnel may take a packet from there (as in gre_take). */
bool protect_takes(const struct tunnel *t, const struct policy *from, const struct pkt *p);
/* A packet of a protected tunnel, with its outer header, leaves by its policy: p is gone.
 * False: the tunnel is not protected. */
bool protect_out(struct forwarder *f, struct tunnel *t, struct pkt *p, const struct ip_view *h);
void vti_out(struct forwarder *f, struct tunnel *t, struct batch *b);
void vti_in(struct forwarder *f, struct delivery *d, struct tunnel *t, struct pkt *p);

#endif
