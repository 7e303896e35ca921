/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarder's inside, shared by its own files only. */
#ifndef FORWARDER_INTERNAL_H
#define FORWARDER_INTERNAL_H

#include "forwarder/forwarder.h"
#include "ipsec/esp.h"
#include "ipsec/spd.h"

#define WAIT_PER_FLOW	16   /* packets that wait for a negotiation */
#define WAIT_PER_POLICY 256
#define WAIT_TOTAL	1024
#define WAIT_MS		30000
#define ACQUIRE_EVERY_MS 1000
#define POOL_PACKETS	(WAIT_TOTAL + 8 * BATCH_MAX)

/* What belongs to a policy id and outlives tables and SAs. */
struct policy {
	struct fwd_policy_stats stats;
	uint32_t ifid;	  /* of its entry in the newest table; 0: in none */
	uint32_t path_mtu;
	struct sa *out;	  /* newest first */
	struct pkt *wait_first, **wait_last;
	size_t n_waiting;
	uint64_t acquired_ms; /* last ACQUIRE; 0 never */
	struct hnode node;
};

struct tunnel {
	struct fwd_tunnel conf;
	struct fwd_tunnel_stats stats;
	uint64_t last_in_ms, last_out_ms; /* 0 never */
	uint16_t ip_id;
	bool in_table;
	struct tunnel *next;
};

struct table {
	struct spd spd;
	struct fwd_tunnel *tunnels;
	size_t n_tunnels;
};

struct fport {
	struct fwd_port desc;
	struct port *port;
	struct fport *next;
};

/* A token bucket for events; counters are never limited. */
struct bucket {
	uint64_t at_ms;
	uint32_t tokens;
};

struct forwarder {
	struct forwarder_env env;
	struct forwarder_watch watch;
	struct pool pool;
	struct esp_worker esp;
	struct sad sad;
	struct spd_cache cache;
	struct table table, building;
	bool is_building;
	uint32_t generation;
	struct htab policies;
	struct tunnel *tunnels;
	struct fport *ports;
	struct fwd_drops drops;
	size_t n_waiting;
	uint64_t now_ms; /* read once per batch */
	uint64_t next_scan_ms;
	bool stopping;
	struct bucket bucket[FWD_PEER_MOVED + 1];
	struct batch out; /* assigned to SAs, not yet encapsulated */
};

static inline void fwd_drop(struct forwarder *f, struct pkt *p, enum fwd_drop why)
{
	f->drops.n[why]++;
	pkt_put(&f->pool, p);
}

/* state.c */
struct policy *policy_get(struct forwarder *f, uint32_t id, bool make);
struct tunnel *tunnel_get(struct forwarder *f, uint32_t id, bool make);
struct tunnel *tunnel_by_port(struct forwarder *f, uint32_t port_id);
struct tunnel *tunnel_by_ends(struct forwarder *f, uint32_t local, uint32_t remote,
			      bool has_key, uint32_t key, bool *ret_ends_known);
struct fport *port_by_kind(struct forwarder *f, enum fwd_port_kind kind, uint32_t ifid);
struct fport *port_by_id(struct forwarder *f, uint32_t id);
void port_send(struct forwarder *f, struct fport *port, struct batch *b); /* b is empty after */
void table_free(struct table *t);
int table_commit(struct forwarder *f);
void fwd_state_free(struct forwarder *f);

/* events.c */
void event_send(struct forwarder *f, struct fwd_msg *m); /* rate limited by type */
void event_expire(struct forwarder *f, struct sa *sa);

/* out.c */
void out_from_tunnel(struct forwarder *f, struct tunnel *t, struct batch *b);
void out_from_steering(struct forwarder *f, uint32_t ifid, struct batch *b);
void out_flush(struct forwarder *f);	/* encapsulates and sends f->out */
void out_release(struct forwarder *f, struct policy *pol); /* waiting packets, an SA came */
void out_forget(struct forwarder *f, struct policy *pol, uint64_t older_than_ms, enum fwd_drop why);

/* in.c */
void in_from_esp(struct forwarder *f, struct batch *b);
void in_from_udp(struct forwarder *f, struct batch *b);
void in_from_gre(struct forwarder *f, struct batch *b);

#endif
