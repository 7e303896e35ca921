/* SPDX-License-Identifier: Apache-2.0 */
/* Keyrings and ISAKMP profiles as configured; part of struct config. Elements are
 * allocated one by one and keep their address until they are removed. Use config.h. */
#ifndef MODEL_CONFIG_KEYS_H
#define MODEL_CONFIG_KEYS_H

#define CFG_MAX_KEYRINGS     256
#define CFG_MAX_RING_KEYS    4096
#define CFG_MAX_PROFILES     256
#define CFG_PROFILE_KEYRINGS PROFILE_MAX_KEYRINGS
#define CFG_PROFILE_MATCHES  PROFILE_MAX_MATCHES
#define CFG_PROFILE_TRUST    PROFILE_MAX_TRUST

/* `crypto keyring NAME`. */
/* `local-address A | IF`: nothing is said while both are empty. */
struct cfg_local {
	struct ipaddr addr;
	char ifname[CFG_NAME_MAX];
};

struct cfg_keyring {
	char name[CFG_NAME_MAX];
	char vrf[CFG_NAME_MAX]; /* only printed */
	char description[CFG_DESC_MAX];
	struct cfg_local local;
	size_t n;
	struct cfg_key **keys; /* as configured */
	kept_list kept;
};

/* One `match identity ...` or `match certificate MAP`. */
struct cfg_match {
	uint8_t kind; /* enum profile_match_kind */
	struct ipaddr addr, mask;
	char name[IKE_ID_MAX];
	char vrf[CFG_NAME_MAX]; /* only printed */
};

/* `crypto isakmp profile NAME`. */
struct cfg_isakmp_profile {
	char name[CFG_NAME_MAX];
	char description[CFG_DESC_MAX];
	uint8_t n_keyrings, n_matches, n_trust;
	char keyrings[CFG_PROFILE_KEYRINGS][CFG_NAME_MAX];
	struct cfg_match matches[CFG_PROFILE_MATCHES];
	char trust[CFG_PROFILE_TRUST][CFG_NAME_MAX]; /* `ca trust-point` */
	uint8_t self; /* enum ag_id_kind; AG_NO_ID: as `crypto isakmp identity` says */
	char self_name[IKE_ID_MAX]; /* "" of AG_FQDN: the router's name */
	struct ipaddr self_addr;    /* IP_NONE of AG_IPV4: the local address */
	bool self_ipv6;		    /* of AG_IPV4: said of an IPv6 one */
	uint32_t keepalive_sec, keepalive_retry_sec; /* 0: the global ones */
	bool aggressive; /* `initiate mode aggressive` */
	struct cfg_local local;
	kept_list kept;
};

struct cfg_keys {
	size_t n_keyrings, n_profiles;
	struct cfg_keyring *keyrings[CFG_MAX_KEYRINGS]; /* as configured */
	struct cfg_isakmp_profile *profiles[CFG_MAX_PROFILES];
	bool aes; /* `password encryption aes` */
};

bool cfg_local_equal(const struct cfg_local *a, const struct cfg_local *b);
extern const struct cfg_keyring cfg_keyring_defaults;
extern const struct cfg_isakmp_profile cfg_isakmp_profile_defaults;

/* Find (NULL), find or add (NULL: no memory or no room), remove. */
struct cfg_keyring *keys_find_ring(const struct cfg_keys *k, const char *name);
struct cfg_keyring *keys_add_ring(struct cfg_keys *k, const char *name);
void keys_del_ring(struct cfg_keys *k, struct cfg_keyring *r);
/* By address and mask, or by host name if addr is NULL. */
struct cfg_key *cfg_ring_find(const struct cfg_keyring *r, const struct ipaddr *addr,
			      const struct ipaddr *mask, const char *host);
/* A copy; takes the place of one for the same peer. */
struct cfg_key *cfg_ring_add(struct cfg_keyring *r, const struct cfg_key *k);
void cfg_ring_del(struct cfg_keyring *r, struct cfg_key *k);
struct cfg_isakmp_profile *keys_find_profile(const struct cfg_keys *k, const char *name);
struct cfg_isakmp_profile *keys_add_profile(struct cfg_keys *k, const char *name);
void keys_del_profile(struct cfg_keys *k, struct cfg_isakmp_profile *p);

/* How hard a pre-shared key is to guess, in bits: an upper bound by its length, the kinds of
 * its characters, repeats and runs; a dictionary would do better. */
unsigned key_strength_bits(const char *key);
#define KEY_WEAK_BITS 64

/* For config_free(), config_clone() and config_equal(). */
void cfg_keys_fini(struct cfg_keys *k); /* wipes the keys */
int cfg_keys_clone(const struct cfg_keys *from, struct cfg_keys *to); /* to: unset */
bool cfg_keys_equal(const struct cfg_keys *a, const struct cfg_keys *b);

#endif
