/* SPDX-License-Identifier: Apache-2.0 */
/* Two to fifty IKE cores on one virtual clock and one hostile network, made from a
 * seed: the same seed is the same run, byte for byte. chaos.c drives phases,
 * chaos_conf.c invents routers and what happens to them, chaos_net.c carries
 * datagrams, chaos_fwd.c is what a forwarder would be and judges what it is told,
 * chaos_peer.c judges what routers believe of each other,
 * chaos_work.c does public-key work late and out of order,
 * chaos_dh.c makes key exchanges cheap, chaos_sign.c signatures. */
#ifndef TEST_CHAOS_H
#define TEST_CHAOS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "ike/internal.h"

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define MAX_NODES 50
#define MAX_LINES 4 /* of one link */
#define MAX_LINKS 64
#define MAX_P1	  4
#define NODE_P2	  (MAX_LINES * 16)
#define NEVER	  UINT64_MAX
#define USE_MS	  5000	   /* between two samples of traffic */
#define TRAFFIC_MS 2000	   /* one packet of a flow */
#define REVIVE_MS 180000 /* when all peers have noticed that a router was dead */
#define SETTLE_MS  240000 /* a whole network is all up after this */

/* An SA as a forwarder holds it. */
struct held {
	struct sa_spec spec;
	uint64_t print; /* of all that both ends must agree on */
	uint64_t at_ms; /* the router's own clock */
	uint64_t bytes;
	uint64_t packet_ms; /* the last one, by the router's own clock; 0: none */
	unsigned packets;
	bool told_soft;
};

struct past {
	uint32_t spi;
	uint8_t dir;
	uint64_t print;
};

enum nat_kind { NAT_NONE, NAT_PORTS_KEPT, NAT_PORTS_CHANGED };

struct node {
	struct ike *ike;
	unsigned starts; /* so many cores it has had */
	struct ipaddr addr, shown; /* its own, and what others see */
	enum nat_kind nat;
	uint16_t nat_500, nat_4500;
	uint64_t clock_off;   /* its clock is the world's plus this */
	bool dead;	      /* hears, says and does nothing */
	uint64_t used_at;     /* when its forwarder tells of traffic; world time */
	uint64_t ike_at, sa_at; /* when its core, its SAs want attention; world time */
	struct ike_config cfg;
	struct p1_policy p1[MAX_P1];
	struct psk_entry psk[MAX_NODES];
	struct ag_peer ag[MAX_NODES];
	struct p2_policy p2[NODE_P2];
	struct span cert, dn;
	uint8_t cert_b[8], dn_b[16];
	bool hidden[NODE_P2]; /* taken out of the configuration for a while */
	size_t n_p2;
	unsigned n_links;
	uint64_t audited_ms, jumped_ms; /* its own clock */
	uint64_t moved_ms;		/* its NAT gave it other ports; world time */
	struct held *held;
	size_t n_held, held_cap;
	struct past *past;
	size_t n_past, past_cap;
};

/* One permit line of a pair of routers, and its traffic. */
struct line {
	uint32_t policy[2]; /* ids at both ends; index in p2 is id - 1 */
	bool works[2];	    /* that end can bring it up */
	bool flow[2];
	bool up[2]; /* a packet of that end has arrived since the calm began */
	uint64_t up_ms[2];  /* when that was */
};

struct link {
	unsigned end[2]; /* nodes */
	bool keys_differ;
	bool p1_fits;
	uint64_t cut_until_ms;
	bool deaf[2]; /* meanwhile nothing reaches that end */
	bool answered; /* since the one was back, the other began: no INITIAL-CONTACT then */
	unsigned n_lines;
	struct line line[MAX_LINES];
};

struct wire { /* a datagram, or a packet of ESP, under way */
	uint64_t at_ms, order;
	unsigned to;
	uint16_t link;
	bool esp;
	uint8_t line, from_end, proto; /* proto: of the outermost header */
	uint32_t spi, outer_spi;       /* spi: of the SA; of a bundle its AH has another */
	struct ike_path path;
	size_t len;
	uint8_t b[];
};

/* Losses in a row of one exchange in one direction. */
#define N_RUNS 1024
struct run {
	uint64_t exchange;
	unsigned lost;
};

struct job { /* public-key work under way */
	uint64_t at_ms;
	unsigned node;
	unsigned start; /* of the core that asked: ids begin anew with the next one */
	struct ike_worked done;
};

struct later { /* half of a change: the other router is told after a while */
	uint64_t at_ms;
	unsigned node;
};

struct world {
	uint64_t seed, rng, now_ms, order;
	struct node node[MAX_NODES];
	unsigned n_nodes;
	struct link link[MAX_LINKS];
	unsigned n_links;
	struct wire **wire;
	size_t n_wire, wire_cap;
	struct later later[64];
	size_t n_later;
	struct job **job;
	size_t n_jobs, jobs_cap;
	struct ike_crypto *crypto; /* that does it */
	struct run run[N_RUNS];
	unsigned drop, dup, corrupt, delay_ms, jitter_ms;
	bool needs_ah; /* some line has nothing else in common */
	bool strict; /* the network is fair and nobody interferes: no gap is allowed */
	bool rsa;    /* most policies are for signatures */
	bool v6, mixed; /* routers have addresses of IPv6; some lines have proxies of IPv6 */
	bool cheap;  /* test groups instead of real ones */
	bool defer;  /* public-key work is done elsewhere, */
	unsigned slow;	  /* 0..2 */
	unsigned work_ms; /* and takes up to so long, each as it likes; */
	bool work_sticks; /* some never ends */
	bool tell;   /* print the story */
	uint64_t traffic_at, audit_at;
	/* counts */
	unsigned long main_modes, quick_modes, datagrams, dropped, gaps, packets, restarts, ops, revived;
	size_t heap; /* bytes in use before this world was made; 0: nobody knows */
	size_t most_sas, most_pairs, most_bytes; /* bytes: of one router in the mean */
	unsigned long jobs, jobs_late; /* late: nobody waited any more */
	unsigned long rsa_modes, ag_modes, deletes, ah_sas;
};
extern struct world w;

/* chaos.c */
void chaos_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
uint32_t rnd(void);
void run_for(uint64_t ms);
static inline uint32_t below(uint32_t n)
{
	return n ? rnd() % n : 0;
}
static inline bool chance(unsigned percent)
{
	return below(100) < percent;
}
static inline uint64_t node_now(const struct node *n)
{
	return w.now_ms + n->clock_off;
}
static inline unsigned node_no(const struct node *n)
{
	return (unsigned)(n - w.node);
}

/* chaos_net.c */
void net_send(struct node *n, const struct ike_action *a);
void net_push(struct wire *d);
struct wire *net_pop(void); /* the next to arrive; NULL: nothing is under way */
uint64_t net_next(void);
void net_deliver(struct wire *d);
void net_garbage(void);
void net_clear(void);
bool net_cut(const struct link *l, unsigned to); /* nothing reaches that router by it now */
struct link *net_between(unsigned a, unsigned b); /* NULL: they are no peers */

/* chaos_fwd.c */
void node_drain(struct node *n); /* after every call into a core */
void fwd_forget(struct node *n); /* all SAs are gone, as by a reboot */
void fwd_expire(struct node *n); /* lifetimes in seconds that are over */
void fwd_tell_use(struct node *n); /* when SAs carried a packet last */
void fwd_traffic(void);		 /* every flow sends a packet */
void fwd_arrive(const struct wire *d);
void fwd_audit(void); /* bounds and ages */
void fwd_judge_up(void); /* everything that works is up */
void fwd_judge_twins(void);
void fwd_judge_revived(const struct node *n, uint64_t since_ms); /* its lines, REVIVE_MS later */
struct link *link_of(unsigned node, uint32_t policy, struct line **ret_line, unsigned *ret_end);

/* chaos_peer.c */
void peer_audit(void); /* who has moved is followed */
void peer_judge_restart(struct node *n, uint64_t died_ms); /* it came back since */
void peer_clear(void); /* an operator clears SAs, and the peer hears of it */

/* chaos_conf.c */
void conf_world(void);
void conf_apply(struct node *n);
void conf_disturb(void); /* one random thing happens */
void conf_heal(void);	 /* the network is whole, every router configured again */
void conf_fair_network(void);
void node_start(struct node *n);
void conf_die(struct node *n);
void conf_revive(struct node *n); /* as by a reboot */

/* chaos_work.c */
void work_put(struct node *n, const struct ike_env *env, const struct ike_work *ask);
uint64_t work_next(void);
void work_run(void); /* what is done by now is told */
void work_clear(void);

/* chaos_conf.c */
struct ike_env node_env(struct node *n); /* what a core is made with */
uint32_t conf_draw(uint32_t what);	 /* of the seed, beside rnd() */

/* chaos_dh.c */
extern bool dh_cheap;

/* chaos_sign.c: RSA signatures as of a PKI that is made once. Certificates say whose they
 * are; those of a link whose keys differ are none that the other end trusts. */
void sign_node(struct node *n);
int sign_make(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len);
int sign_check(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX]);

#endif
