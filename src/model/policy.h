/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration compiled for those who act on it: control makes these from
 * struct config; IKE negotiates by them and the forwarder classifies by them.
 * Plain data, no pointers into the configuration. */
#ifndef MODEL_POLICY_H
#define MODEL_POLICY_H

#include <stdint.h>

#include "model/alg_id.h"
#include "model/selector.h"

#define IOS_NAME_MAX 64

/* `crypto isakmp policy N`. */
struct p1_policy {
	uint32_t priority; /* 1 is tried first */
	uint8_t cipher;	   /* enum cipher_id */
	uint16_t cipher_bits;
	uint8_t hash; /* enum hash_id */
	uint8_t auth; /* enum ike_auth_id */
	uint16_t group;
	uint32_t life_sec;
};

/* `crypto isakmp key K address A [MASK]`: the most specific mask wins; or
 * `crypto isakmp key K hostname H`: whoever says in aggressive mode that he is H. */
#define PSK_MAX 128
struct psk_entry {
	struct ipaddr addr;
	uint8_t mask_len;
	uint8_t key_len;
	uint8_t key[PSK_MAX];
	char host[IOS_NAME_MAX]; /* "": by address */
	uint16_t keyring; /* 0: none, of `crypto isakmp key`; else 1 + its place in keyrings */
	struct ipaddr local; /* only where we speak from there; IP_NONE: anywhere */
};

/* `crypto isakmp peer address A`: phase 1 with A begins in aggressive mode, with this
 * identity. */
#define IKE_ID_MAX 128
enum ag_id_kind { AG_NO_ID = 0, AG_IPV4, AG_FQDN, AG_USER_FQDN };
struct ag_peer {
	struct ipaddr addr;
	uint8_t id_kind; /* enum ag_id_kind */
	char id[IKE_ID_MAX];	 /* a name, NUL-terminated; "": id_addr */
	struct ipaddr id_addr;
	uint8_t key_len; /* 0: the key that is configured for the address */
	uint8_t key[PSK_MAX];
};

/* A peer's RSA key that was typed in (`crypto key pubkey-chain rsa`). */
enum rsa_use { RSA_USE_ANY = 0, RSA_USE_ENCRYPTION, RSA_USE_SIGNATURE };
struct rsa_peer {
	struct ipaddr addr;    /* IP_NONE: it is known by its name alone */
	char name[IKE_ID_MAX]; /* "": by its address alone */
	uint8_t use;	       /* enum rsa_use */
	struct span key;       /* SubjectPublicKeyInfo, DER */
};

/* `crypto isakmp profile`: what holds for peers whose identity matches. A profile that
 * matches nobody is incomplete, and not used. */
#define PROFILE_MAX_MATCHES  16
#define PROFILE_MAX_KEYRINGS 8
#define PROFILE_MAX_TRUST    4
enum profile_match_kind {
	MATCH_NONE = 0,
	MATCH_ADDRESS,	   /* identity address A [MASK] */
	MATCH_HOST,	   /* identity host NAME */
	MATCH_HOST_DOMAIN, /* identity host domain D: NAME.D */
	MATCH_USER,	   /* identity user U: USER@DOMAIN, or the part before the @ */
	MATCH_USER_DOMAIN, /* identity user domain D */
	MATCH_GROUP,	   /* identity group G: the key id of Easy VPN clients */
	MATCH_CERTIFICATE, /* certificate MAP */
};
struct profile_match {
	uint8_t kind; /* enum profile_match_kind */
	struct ipaddr addr;
	uint8_t mask_len;
	char name[IKE_ID_MAX];
};
struct ike_profile {
	char name[IOS_NAME_MAX];
	struct ipaddr local; /* only where we speak from there; IP_NONE: anywhere */
	uint8_t n_matches;
	struct profile_match matches[PROFILE_MAX_MATCHES];
	uint8_t n_keyrings; /* 0: the keys of `crypto isakmp key` */
	uint16_t keyrings[PROFILE_MAX_KEYRINGS]; /* as in struct psk_entry */
	bool unknown_keyring; /* one of those named does not exist: it has no keys */
	uint8_t n_trust; /* trustpoints that verify a certificate; 0: all */
	char trust[PROFILE_MAX_TRUST][IOS_NAME_MAX];
	uint8_t id_kind; /* enum ag_id_kind: who we are; AG_NO_ID: as `crypto isakmp identity` */
	char id[IKE_ID_MAX];
	struct ipaddr id_addr; /* IP_NONE: the local address */
	uint32_t keepalive_sec, keepalive_retry_sec; /* 0: the global ones */
	bool aggressive; /* `initiate mode aggressive` */
};

/* One transform set: at most AH and ESP together, sharing a mode. */
struct p2_transform {
	char name[IOS_NAME_MAX];
	uint8_t mode;	   /* enum ipsec_mode, as configured */
	uint8_t ah_auth;   /* enum auth_id; AUTH_NONE: no AH */
	uint8_t cipher;	   /* enum cipher_id; CIPHER_UNSET: no ESP */
	uint16_t cipher_bits;
	uint8_t esp_auth;
};

#define P2_MAX_PEERS 8
#define P2_MAX_TRANSFORMS 6

/* One permit entry of one crypto map entry's ACL on one interface: IOS makes an
 * SA pair for each of these. */
struct p2_policy {
	uint32_t id;	   /* unique; stable across reconfiguration while it means the same */
	uint32_t ifid;	   /* the interface the map is applied to (Linux ifindex) */
	char map[IOS_NAME_MAX];
	uint32_t seq;	   /* crypto map sequence number */
	uint32_t ace;	   /* ACL sequence number */
	struct selector sel;
	struct ipaddr local; /* our address on that interface */
	uint8_t n_peers;
	struct ipaddr peers[P2_MAX_PEERS]; /* in failover order */
	uint8_t n_transforms;
	struct p2_transform transforms[P2_MAX_TRANSFORMS]; /* in priority order */
	uint16_t pfs_group; /* 0: no PFS */
	uint32_t life_sec;
	uint64_t life_kb; /* 0: no volume limit */
	uint16_t replay_window;
	uint8_t default_peer; /* `set peer A default`: 1 + its place in peers; 0: none */
	uint32_t idle_sec;    /* unused pairs are deleted; 0: never */
	bool idle_default;    /* and the next negotiation is with the default peer */
	bool per_host;	      /* `level per-host`: an SA pair for each pair of hosts in sel */
	/* `crypto dynamic-map`: only peers begin; each makes a policy of its own out of this
	 * template, with his proxies, which sel must cover. Without peers: any of them. */
	bool dynamic;
	bool manual; /* `ipsec-manual`: never negotiated */
	bool any_proxies; /* of dynamic: no ACL; sel is everything, and protects nothing itself */
	/* of what IKE makes itself, out of a template or for a pair of hosts: */
	uint32_t of;   /* the configured policy's id; 0: this is one */
	uint32_t line; /* the SPD entry that serves it, if it has none of its own; 0: id */
	/* of a protected tunnel: the peer's proxies are just these, and the pair is renewed
	 * whether it was used or not */
	bool standing;
	bool responder_only; /* only the peer begins, and renews */
	char profile[IOS_NAME_MAX]; /* only under a phase 1 with this profile; "": any */
};

/* Ids from here on are those that IKE makes. */
#define P2_MADE_ID UINT32_C(0x80000000)

enum isakmp_identity { IDENTITY_ADDRESS = 0, IDENTITY_HOSTNAME, IDENTITY_DN };

/* All that IKE needs. Arrays belong to the caller; ike_configure() copies. */
struct ike_config {
	bool enabled; /* `no crypto isakmp enable` clears it */
	bool nat_traversal;
	bool aggressive; /* `no crypto isakmp aggressive-mode disable` */
	uint8_t identity; /* enum isakmp_identity */
	char hostname[IOS_NAME_MAX];
	uint32_t nat_keepalive_sec; /* 0: none configured (20 s while we are behind NAT) */
	uint32_t keepalive_sec, keepalive_retry_sec; /* DPD; 0: off */
	bool keepalive_periodic; /* else on demand: only when traffic has no answer */
	bool invalid_spi_recovery;
	bool fragmentation; /* `crypto isakmp fragmentation` */
	bool log_sessions; /* `crypto logging session` */
	bool lifetime_strict; /* as responder: no phase 1 lifetime shorter than ours */
	/* `crypto call admission limit ike sa` and `in-negotiation-sa`, `call admission limit`;
	 * 0: none. For phase 1 with peers that have no ISAKMP SA yet. */
	uint32_t max_sas, max_negotiating, max_charge;
	const struct p1_policy *p1; /* ascending priority */
	size_t n_p1;
	const struct psk_entry *psk;
	size_t n_psk;
	const char (*keyrings)[IOS_NAME_MAX]; /* names, for messages */
	size_t n_keyrings;
	const struct ike_profile *profiles; /* as configured */
	size_t n_profiles;
	const struct p2_policy *p2; /* in SPD order */
	size_t n_p2;
	const struct ag_peer *ag;
	size_t n_ag;
	/* rsa-sig: DER of our certificate and of what is sent behind it (0: rsa-sig is not
	 * negotiated), of our subject, and of the subjects of the CAs that we ask for. */
	const struct span *certs;
	size_t n_certs;
	struct span dn;
	const struct span *cas;
	size_t n_cas;
	/* rsa-sig without a certificate of ours: peers have our key typed in. */
	bool bare_signs;
	/* The keys of peers; rsa-encr is negotiated if we have one that decrypts. */
	const struct rsa_peer *rsa_peers;
	size_t n_rsa_peers;
	bool opens;
};

#endif
