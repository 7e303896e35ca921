/* SPDX-License-Identifier: Apache-2.0 */
/* The wall between control and forwarder: one message per SOCK_SEQPACKET
 * datagram, in the vocabulary of RFC 2367 and RFC 4301. Both ends encode and
 * decode with the functions below; neither trusts the other's lengths. Integers
 * travel big-endian. Descriptors ride along by SCM_RIGHTS (PORT_ADD only). */
#ifndef FORWARDER_PROTOCOL_H
#define FORWARDER_PROTOCOL_H

#include "base/rd.h"
#include "base/wr.h"
#include "model/acl_match.h"
#include "model/sa_spec.h"

#define FWD_VERSION 5
#define FWD_MSG_MAX 65536 /* an IKE datagram fits */
#define FWD_CRYPTO_MAX 64 /* bytes of a name, with its end */

enum fwd_type {
	/* control -> forwarder; each is answered by RESULT with the same seq */
	FWD_HELLO = 1,	   /* version; -> CRYPTO, NOT_PINNED, RESULT */
	FWD_PORT_ADD,	   /* fwd_port + one descriptor; without: whether all of it is there, -EBADF if not */
	FWD_PORT_DEL,	   /* port id */
	FWD_SA_ADD,	   /* sa_spec */
	FWD_SA_DEL,	   /* sa id */
	FWD_SA_DUMP,	   /* -> SA_INFO..., POLICY_ADD of those with ids that IKE made, RESULT */
	FWD_TABLE_BEGIN,   /* a new SPD + tunnel table follows, replacing the old one whole */
	FWD_POLICY_ADD,	   /* fwd_policy */
	FWD_TUNNEL_ADD,	   /* fwd_tunnel */
	FWD_TABLE_COMMIT,  /* the new one takes effect between two batches */
	FWD_NEGOTIATION_FAILED, /* policy id: drop what waits for it */
	FWD_STATS_GET,	   /* -> STATS_SA..., STATS_POLICY..., STATS_TUNNEL..., STATS_DROPS, RESULT */
	FWD_STATS_CLEAR,   /* `clear crypto sa counters` */
	FWD_SHUTDOWN,	   /* orderly end */
	FWD_IKE_TX,	   /* an IKE datagram (marker not yet there) or keepalive for UDP 4500 */
	FWD_SA_MOVE,	   /* peer_moved: IKE has heard the peer of this SA from elsewhere */
	FWD_ACL_ADD,	   /* a line of a list that POLICY_ACL names; of the table that follows */
	FWD_POLICY_ACL,	   /* `set ip access-group` of the policy that was added last */
	FWD_MATCHES_CLEAR, /* `clear access-list counters`: of a policy's line, or of a list of POLICY_ACL */
	FWD_NEXT_HOP,	   /* who is next on the way to some peers: true for a while, and then told again */
	FWD_WAYS,	   /* enum fwd_ways: by how many ESP of the same addresses comes from now on */
	/* forwarder -> control */
	FWD_RESULT = 64,   /* seq, error (0 or negative errno) */
	FWD_SA_INFO,	   /* sa_spec with remaining lifetimes, sequence number, counters */
	FWD_STATS_SA,
	FWD_STATS_POLICY,
	FWD_STATS_TUNNEL,
	FWD_STATS_DROPS,
	FWD_ACQUIRE,	   /* policy id, flow */
	FWD_EXPIRE,	   /* sa id, hard, used */
	FWD_RECVD_CLEAR,   /* a packet arrived in clear that the policy protects */
	FWD_UNKNOWN_SPI,
	FWD_SA_EVENT,	   /* replay, MAC failure, identity mismatch on an SA: rate limited */
	FWD_IKE_RX,	   /* an IKE datagram that arrived on UDP 4500 */
	FWD_PEER_MOVED,	   /* authenticated ESP-in-UDP from a new port (RFC 3948) */
	FWD_TUNNEL_ALIVE,  /* a tunnel's keepalives are answered (again), or not any more */
	FWD_KEEPALIVE,	   /* one was sent or came back, for who traces them */
	FWD_STATS_ACL,	   /* among the answers to STATS_GET */
	FWD_ACL_LOG,	   /* a line with `log` took a packet: rate limited */
	FWD_PORT_SLOWER,   /* a port has given up its faster way */
	FWD_CRYPTO,	   /* who encrypts: among the answers to HELLO */
	FWD_NOT_PINNED,	   /* error: workers should have processors of their own, and do not; among the answers to HELLO */
	FWD_LAST_EVENT = FWD_NOT_PINNED,
	FWD_ROWS,	   /* answers of the STATS kinds to one request, each behind its length in 16 bits: to send
			    * and to take each by itself costs more than to count. No struct fwd_msg */
};

enum fwd_port_kind {
	FWD_PORT_TUNNEL = 1, /* TUN of a TunnelN; id is tunnel_id */
	FWD_PORT_STEER,	     /* the TUN that policy routing sends crypto-map traffic to, per ifid */
	FWD_PORT_ESP,	     /* raw socket protocol 50, IP_HDRINCL, IP_PKTINFO on receive */
	FWD_PORT_AH,	     /* the same for protocol 51 */
	FWD_PORT_GRE,	     /* raw socket protocol 47 */
	FWD_PORT_ICMP,	     /* raw ICMP socket without HDRINCL, for "fragmentation needed" */
	FWD_PORT_UDP_ENCAP,  /* UDP 4500, IP_PKTINFO on receive */
	FWD_PORT_IPIP,	     /* raw socket protocol 4: receives only */
	FWD_PORT_IPV6IP,     /* protocol 41 in IPv4: receives only */
	/* the same over IPv6: what is received begins with its IPv6 header, made anew with
	 * the extension headers that the kernel took off */
	FWD_PORT_ESP6,
	FWD_PORT_AH6,
	FWD_PORT_GRE6,
	FWD_PORT_ICMP6,	     /* raw ICMPv6 socket, for "packet too big" */
	FWD_PORT_UDP6_ENCAP, /* UDP 4500, IPV6_RECVPKTINFO on receive */
	FWD_PORT_IP4IN6,     /* protocol 4 in IPv6: receives only */
	FWD_PORT_IP6IN6,     /* protocol 41 in IPv6: receives only */
	FWD_PORT_RING,	     /* ESP of both families as a device brings it, before the kernel's stack:
			      * receives only (host/ring.h) */
	FWD_PORT_LINK,	     /* ESP of both families to a next hop of a device, past the kernel's stack:
			      * sends only (host/link_port.c) */
	FWD_PORT_HOLD,	     /* nothing comes or goes: a descriptor that is to be open as long as somebody
			      * takes what a RING brings (host/ring.h) */
	FWD_PORT_NEWS,	     /* nothing comes or goes: the kernel tells of what changes on the way to next hops.
			      * A socket for each worker (host/news_port.c) */
	FWD_PORT_LAST = FWD_PORT_NEWS,
};

/* A RING comes and goes without losing a packet: first both ways are open, then one is closed. Said before the first is,
 * and when the other is closed; HELLO says that there is one. */
enum fwd_ways {
	FWD_ONE_WAY,
	FWD_RING_COMES, /* both; what is in the socket already is older */
	FWD_RING_GOES,	/* both; what is in the ring already is older */
};

/* What the kernel can do for a port, as control has found out. */
enum fwd_port_how {
	FWD_HOW_SEGMENT = 1, /* UDP: UDP_SEGMENT, many datagrams in one send */
	FWD_HOW_GRO = 2,     /* UDP: UDP_GRO is set, a receive may bring many */
	FWD_HOW_VNET = 4,    /* TUN: a virtio_net_hdr is before each packet, which may be many at once */
	FWD_HOW_USO = 8,     /* TUN: UDP may be, too */
};

struct fwd_port {
	uint32_t id;   /* chosen by control, unique */
	uint8_t kind;  /* enum fwd_port_kind */
	uint32_t ifid; /* STEER: ifindex of the interface with the crypto map */
	uint32_t dev_ifindex; /* TUNs: their own ifindex */
	uint32_t tunnel_id;   /* TUNNEL */
	/* whose descriptor it is: the first makes the port, the others join it. A socket of n workers
	 * has one more, of n, that all of them read */
	uint8_t worker;
	bool sends_only; /* nobody waits for it. TUN: a queue that another worker reads */
	uint8_t how;	      /* enum fwd_port_how, or'ed */
};

#define FWD_HOPS_MAX 8 /* in one message: for each all workers stop */

struct fwd_next_hop {
	struct ipaddr dst;
	struct ipaddr via; /* the neighbour: a gateway, or dst */
	uint32_t ifid;	  /* that of the LINK port */
	uint8_t mac[6];
	uint16_t life_ms; /* 0: not known any more */
};
struct fwd_next_hops {
	uint8_t n; /* 0: control is about to look; it says so before those that it finds then */
	struct fwd_next_hop v[FWD_HOPS_MAX];
};

/* One ACL line of one crypto map entry on one interface, in order. The SPD is
 * walked in this order; PROTECT takes the packet; SKIP (a deny line) goes on at
 * the first policy of the interface with another map_seq; no match is clear. */
enum fwd_policy_action { FWD_POLICY_PROTECT = 1, FWD_POLICY_SKIP = 2 };

struct fwd_policy {
	uint32_t id;	 /* p2_policy.id for PROTECT; unique for SKIP */
	uint32_t ifid;
	uint32_t map_seq;
	uint8_t action;
	struct selector sel;
	struct ipaddr local; /* our address: transport mode applies only between endpoints */
	uint32_t path_mtu;   /* bytes to the peer; 1500 unless known better */
	uint8_t df_bit;	     /* `crypto ipsec df-bit`: enum esp_df of ipsec/esp.h */
	bool frag_after;     /* `crypto ipsec fragmentation after-encryption` */
	uint16_t acl_in, acl_out; /* lists of `set ip access-group`, 0 none; told by POLICY_ACL */
};

/* The outer family is that of the tunnel's source and destination. */
enum fwd_tunnel_encap {
	FWD_ENCAP_GRE = 0,
	FWD_ENCAP_IPIP,	  /* IPv4 in IPv4 */
	FWD_ENCAP_IPV6IP, /* IPv6 in IPv4: `tunnel mode ipv6ip` */
	FWD_ENCAP_IPV6,	  /* both in IPv6: `tunnel mode ipv6` (RFC 2473) */
};

struct fwd_tunnel {
	uint32_t tunnel_id; /* N of TunnelN */
	uint32_t tun_port;  /* port id of its TUN */
	struct ipaddr src, dst;
	uint32_t egress_ifid; /* interface the route to dst leaves by: its SPD applies */
	bool has_key;
	uint32_t key;	    /* RFC 2890 */
	uint8_t ttl;	    /* outer; IOS 255 */
	uint8_t tos;	    /* its DSCP is used; 0xff: copy from the inner packet */
	uint16_t mtu;	    /* `ip mtu` in force */
	uint16_t adjust_mss; /* `ip tcp adjust-mss`; 0: leave TCP alone */
	uint16_t path_mtu;  /* bytes to dst in clear; 0: 1500 */
	bool pmtud;	    /* `tunnel path-mtu-discovery`: the inner DF goes outside */
	uint8_t pmtu_age_min; /* minutes until what was learned is forgotten; 0: never */
	uint16_t pmtu_least;  /* nothing below is believed */
	bool up;	    /* `shutdown` clears it: packets are dropped and counted */
	uint8_t encap;	    /* enum fwd_tunnel_encap */
	bool checksum;	    /* of what is sent; what comes with one is always checked */
	bool sequence;	    /* number what is sent, drop what arrives late */
	uint16_t keepalive_sec; /* 0: none are sent */
	uint8_t keepalive_retries;
	bool trace; /* tell of each keepalive: `debug tunnel keepalive` */
	uint32_t protect;   /* id of the policy that all its packets leave by; 0: none */
	bool vti;	    /* `tunnel mode ipsec ipv4`: no header; protect is not 0 */
	struct ipaddr own; /* `ip address` of the tunnel; IP_NONE */
	struct ipaddr own6; /* `ipv6 address`, the first; IP_NONE */
};

struct fwd_sa_stats {
	uint32_t sa_id, policy_id, pair_id;
	uint8_t dir;
	uint32_t spi;
	uint64_t packets, bytes;	/* inner */
	uint64_t auth_failed, replayed, bad_identity, malformed, send_errors;
	uint32_t seq;			/* last sent, or highest received */
	uint32_t left_sec;		/* of the hard lifetime; 0 without */
	uint64_t left_bytes;		/* of the hard volume; of typed keys of DES and 3DES what is left to the cipher */
	uint32_t idle_ms;
	uint32_t path_mtu, plain_mtu;	/* outbound: bytes that are in force; 0 inbound */
};

/* In and out counts of a policy (`show access-lists` matches, #pkts, errors);
 * they outlive the SAs that served them. */
struct fwd_policy_stats {
	uint32_t policy_id;
	uint64_t matches; /* outbound packets that hit the line */
	uint64_t encaps, encrypts, digests, decaps, decrypts, verifies;
	uint64_t send_errors, recv_errors;
	uint64_t no_sa, queued, auth_failed, replayed, bad_identity, recvd_clear, too_big;
	uint64_t path_mtu; /* in force: as configured or, when less, learned */
	uint64_t path_left_sec; /* until what was learned is forgotten; 0: nothing was */
	/* the other reasons of `show crypto ipsec sa detail` */
	uint64_t invalid_sa, invalid_len, invalid_prot, encaps_failed, decaps_failed, rollover,
		internal_out, internal_in, access_out, access_in;
};

struct fwd_tunnel_stats {
	uint32_t tunnel_id;
	uint64_t in_packets, in_bytes, out_packets, out_bytes;
	uint64_t in_errors, in_key_mismatch, in_checksum, in_unsupported, in_late, out_drops;
	/* keepalives of ours sent and back again, and without answer since the last one that
	 * had one; those of the peer that were sent back */
	uint64_t keepalives, keepalives_back, keepalives_missed, keepalives_answered;
	uint64_t dead; /* 1: too many were missed; FWD_TUNNEL_ALIVE tells of changes */
	uint64_t last_in_ms, last_out_ms; /* before now; UINT64_MAX: never */
	uint64_t path_mtu; /* in clear, as configured or learned */
	uint64_t out_too_big;
};

/* Packets that a line of a list of `set ip access-group` took. */
struct fwd_acl_stats {
	char name[CFG_NAME_MAX];
	uint32_t seq;
	uint64_t n;
};

/* One list gives the enum, the name for show and the test loop. */
#define FWD_DROPS(X)                                           \
	X(MALFORMED_IP, "malformed IP header")                 \
	X(MALFORMED_ESP, "malformed ESP")                      \
	X(MALFORMED_AH, "malformed AH")                        \
	X(MALFORMED_GRE, "malformed GRE")                      \
	X(UNKNOWN_SPI, "unknown SPI")                          \
	X(AUTH_FAILED, "authentication failed")                \
	X(REPLAYED, "replayed")                                \
	X(TWICE, "came twice, while a ring came or went")      \
	X(BAD_PADDING, "bad ESP padding")                      \
	X(BAD_IDENTITY, "inner packet outside the SA's identity") \
	X(RECVD_CLEAR, "received in clear, policy protects it") \
	X(NOT_BUNDLED, "AH or ESP without the other of its bundle") \
	X(ACCESS, "denied by set ip access-group")             \
	X(NO_SA, "no SA: queue full, or waited too long")      \
	X(NEGOTIATION_FAILED, "negotiation failed")            \
	X(SA_DEAD, "SA expired")                               \
	X(NO_POLICY, "steered but matched by no policy")       \
	X(TOO_BIG, "too big, DF set")                          \
	X(NO_TUNNEL, "GRE for no tunnel")                      \
	X(TUNNEL_DOWN, "tunnel is down")                       \
	X(GRE_KEY, "GRE key mismatch")                         \
	X(GRE_CHECKSUM, "GRE checksum wrong")                  \
	X(GRE_UNSUPPORTED, "GRE flags or protocol unsupported") \
	X(GRE_LATE, "GRE out of sequence")                      \
	X(RECURSION, "tunnel routed into itself")              \
	X(SEND_FAILED, "send failed")                          \
	X(NO_BUFFER, "no buffer")                              \
	X(OVERFLOW, "receive buffer full")                     \
	X(PORT_GONE, "port closed before their turn")          \
	X(FRAGMENT, "fragment in transport mode")              \
	X(ECN, "congestion mark, not ECN-capable inside")      \
	/* no packet of data, but lost all the same: */        \
	X(EVENT_LOST, "event that control did not take")
enum fwd_drop {
#define X(n, s) FWD_DROP_##n,
	FWD_DROPS(X)
#undef X
	FWD_N_DROPS
};

struct fwd_drops {
	uint64_t n[FWD_N_DROPS];
};

enum fwd_sa_event_kind { FWD_EV_REPLAY = 1, FWD_EV_AUTH, FWD_EV_IDENTITY };

/* A decoded message. `type` says which member holds. */
struct fwd_msg {
	uint8_t type;
	uint32_t seq; /* of the request that this answers; 0 in events */
	union {
		uint32_t version;	/* HELLO */
		struct fwd_port port;	/* PORT_ADD */
		uint32_t id;		/* PORT_DEL, SA_DEL, NEGOTIATION_FAILED; WAYS: enum fwd_ways */
		struct sa_spec sa;	/* SA_ADD */
		struct {
			struct sa_spec spec;
			struct fwd_sa_stats stats;
		} sa_info;
		struct fwd_policy policy;
		struct fwd_tunnel tunnel;
		int32_t error; /* RESULT, NOT_PINNED */
		struct fwd_sa_stats sa_stats;
		struct fwd_policy_stats policy_stats;
		struct fwd_tunnel_stats tunnel_stats;
		struct fwd_drops drops;
		struct {
			uint32_t policy_id;
			struct flow flow;
		} acquire;
		struct {
			uint32_t sa_id;
			bool hard, used;
		} expire;
		struct {
			uint32_t ifid;
			struct flow flow; /* as received: local is the destination */
		} recvd_clear;
		struct {
			struct ipaddr src, dst;
			uint8_t proto;
			uint32_t spi;
		} unknown_spi;
		struct {
			uint32_t sa_id;
			uint8_t kind; /* enum fwd_sa_event_kind */
			uint32_t seqno;
			struct flow flow; /* IDENTITY: as received, local is the source */
		} sa_event;
		struct {
			struct ipaddr local, remote;
			uint16_t remote_port;
			struct span data; /* points into the decoded buffer; marker stripped;
					   * IKE_TX: empty means a NAT keepalive */
		} ike_rx; /* IKE_RX, IKE_TX */
		struct {
			uint32_t sa_id;
			struct ipaddr addr;
			uint16_t port;
		} peer_moved; /* PEER_MOVED, SA_MOVE */
		struct {
			uint32_t tunnel_id;
			bool alive;
		} tunnel_alive;
		struct {
			uint32_t tunnel_id;
			bool back;
			uint32_t counter; /* without answer, this one counted */
			uint16_t len;	  /* of the packet that comes back */
			uint8_t ttl;
		} keepalive;
		struct {
			uint16_t list; /* in the order of their first lines, from 1 */
			char name[CFG_NAME_MAX];
			struct acl_entry entry; /* without its remark */
		} acl; /* ACL_ADD */
		struct {
			uint32_t policy_id;
			uint16_t in, out; /* lists; 0 none */
		} policy_acl;
		struct {
			uint32_t policy_id; /* 0: of the list of that name, or ("") of all */
			char name[CFG_NAME_MAX];
		} matches; /* MATCHES_CLEAR */
		struct fwd_acl_stats acl_stats;
		struct {
			char name[CFG_NAME_MAX];
			uint32_t seq, ifid;
			struct acl_probe probe;
		} acl_log;
		struct {
			uint32_t id;
			int32_t error; /* why: a negative errno */
		} port_slower;
		char crypto[FWD_CRYPTO_MAX]; /* CRYPTO: what the runner calls itself; printable */
		struct fwd_next_hops next_hops;
	} u;
};

#define FWD_ROWS_HEAD 5 /* type and seq, as of any message */
/* True for what may be part of FWD_ROWS. */
bool fwd_is_stats(uint8_t type);
/* The next of its parts; r stands behind the head, or behind the last one. False: there is none, or r is bad. */
bool fwd_next_row(struct rd *r, struct fwd_msg *ret_m);
/* Appends m to w (sticky overflow in w). */
void fwd_encode(struct wr *w, const struct fwd_msg *m);
/* 0, or -EBADMSG if the bytes are not exactly one message. Spans in ret_m point
 * into them. */
int fwd_decode(struct span bytes, struct fwd_msg *ret_m);

const char *fwd_drop_name(enum fwd_drop d);

#endif
