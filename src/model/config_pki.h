/* SPDX-License-Identifier: Apache-2.0 */
/* Trustpoints and their certificates as configured; part of struct config. Private
 * keys are no part of it. Elements are allocated one by one and keep their address
 * until they are removed. Use config.h. */
#ifndef MODEL_CONFIG_PKI_H
#define MODEL_CONFIG_PKI_H

#define CFG_MAX_TRUSTPOINTS 32
#define CFG_MAX_CERTS	    16 /* of one chain */
#define CFG_CERT_BYTES	    8192
#define CFG_SERIAL_MAX	    65 /* hex digits, with the NUL */
#define CFG_MAX_CERT_MAPS   32
#define CFG_MAX_CRITERIA    16
#define CFG_SUBJECT_MAX	    256
#define CFG_MAX_PUBKEYS	    64
#define CFG_PUBKEY_BYTES    1100

enum enrollment { ENROLL_UNSET = 0, ENROLL_TERMINAL, ENROLL_SELFSIGNED, ENROLL_URL };
/* What goes into our subject: IOS asks, or is told. */
enum subject_part { PART_DEFAULT = 0, PART_NONE, PART_GIVEN };
enum revocation { REVOKE_UNSET = 0, REVOKE_NONE, REVOKE_CRL, REVOKE_OCSP };

struct cfg_trustpoint {
	char name[CFG_NAME_MAX];
	uint8_t enroll; /* enum enrollment */
	bool pem;	/* enrollment terminal pem, url ... pem */
	char url[CFG_DESC_MAX];
	bool mode_ra;	     /* registration authorities may answer for the CA */
	uint8_t retry_count; /* requests that are repeated or polled for */
	uint8_t retry_min;   /* minutes between two */
	char subject[CFG_SUBJECT_MAX];
	uint8_t fqdn_mode, ip_mode, serial_mode; /* enum subject_part */
	char fqdn[CFG_DESC_MAX];
	struct ipaddr ip;
	char ip_if[CFG_NAME_MAX]; /* canonical; "" by address */
	char keypair[CFG_NAME_MAX]; /* "": the router's name */
	uint16_t key_bits, encr_bits; /* made by enroll if there is no pair; 0: not said */
	uint8_t n_revocation;
	uint8_t revocation[3]; /* enum revocation, in order; default crl */
	uint8_t usage;	       /* 0 any, 1 ike, 2 ssl-client, 3 ssl-server */
	char fingerprint[CFG_SERIAL_MAX]; /* hex, expected of the CA */
	bool auto_enroll, regenerate;
	uint8_t auto_percent; /* 0: not said */
	char match_map[CFG_NAME_MAX];
	char password[65]; /* challenge for SCEP */
	kept_list kept;
};

/* Bytes that are typed line by line, up to `quit`. Where they shall follow whole ones, those stay
 * in force until all have come; a paste that breaks off takes nothing away. */
struct cfg_typed {
	bool again;   /* typed once more: the first bytes that come replace what is there */
	bool aside;   /* what comes goes to fresh */
	uint16_t len; /* bytes in fresh */
};

enum cert_kind { CERT_ROUTER = 0, CERT_CA, CERT_SELF_SIGNED };

struct cfg_cert {
	uint8_t kind; /* enum cert_kind */
	char serial[CFG_SERIAL_MAX]; /* as written */
	uint16_t len; /* bytes in der; what they mean is not judged here */
	struct cfg_typed typed; /* fresh is below */
	uint8_t der[CFG_CERT_BYTES], fresh[CFG_CERT_BYTES];
	kept_list kept;
};

/* `crypto pki certificate chain NAME`: certificates of the trustpoint of that name. */
struct cfg_chain {
	char name[CFG_NAME_MAX];
	size_t n;
	struct cfg_cert *certs[CFG_MAX_CERTS];
	kept_list kept;
};

enum cert_field { FIELD_SUBJECT = 1, FIELD_ISSUER, FIELD_ALT_SUBJECT, FIELD_NAME, FIELD_SERIAL };
enum cert_op { OP_EQ = 1, OP_NE, OP_CO, OP_NC };

/* `crypto pki certificate map NAME SEQ`: all criteria must hold. */
struct cfg_cert_map {
	char name[CFG_NAME_MAX];
	uint32_t seq;
	size_t n;
	struct cfg_criterion {
		uint8_t field, op; /* enum cert_field, enum cert_op */
		char text[CFG_DESC_MAX];
	} v[CFG_MAX_CRITERIA];
	kept_list kept;
};

/* One key of `crypto key pubkey-chain rsa`. The same peer may have one for each use. */
struct cfg_pubkey {
	struct ipaddr addr; /* addressed-key; IP_NONE: named-key */
	char name[CFG_DESC_MAX];
	uint8_t use;	  /* enum rsa_use */
	struct ipaddr at; /* `address`; IP_NONE: not said */
	uint16_t len;	  /* bytes in der; what they mean is not judged here */
	struct cfg_typed typed; /* fresh is below */
	uint8_t der[CFG_PUBKEY_BYTES], fresh[CFG_PUBKEY_BYTES];
	kept_list kept, kept_text; /* kept_text: among the bytes */
};

struct cfg_pubkeys {
	size_t n;
	struct cfg_pubkey *v[CFG_MAX_PUBKEYS]; /* as configured */
	kept_list kept;
};

struct cfg_pki {
	size_t n_trustpoints, n_chains, n_maps;
	struct cfg_pubkeys pubkeys;
	struct cfg_trustpoint *trustpoints[CFG_MAX_TRUSTPOINTS]; /* as configured */
	struct cfg_chain *chains[CFG_MAX_TRUSTPOINTS];
	struct cfg_cert_map *maps[CFG_MAX_CERT_MAPS]; /* by name, then seq */
};

extern const struct cfg_trustpoint cfg_trustpoint_defaults;

/* Find (NULL), find or add (NULL: no memory or no room), remove. */
struct cfg_trustpoint *pki_find_trustpoint(const struct cfg_pki *p, const char *name);
struct cfg_trustpoint *pki_add_trustpoint(struct cfg_pki *p, const char *name);
void pki_del_trustpoint(struct cfg_pki *p, struct cfg_trustpoint *t);
struct cfg_chain *pki_find_chain(const struct cfg_pki *p, const char *name);
struct cfg_chain *pki_add_chain(struct cfg_pki *p, const char *name);
void pki_del_chain(struct cfg_pki *p, struct cfg_chain *c);
struct cfg_cert *cfg_chain_find(const struct cfg_chain *c, enum cert_kind kind, const char *serial);
struct cfg_cert *cfg_chain_add(struct cfg_chain *c, enum cert_kind kind, const char *serial);
void cfg_chain_del(struct cfg_chain *c, struct cfg_cert *cert);
struct cfg_cert_map *pki_find_cert_map(const struct cfg_pki *p, const char *name, uint32_t seq);
struct cfg_cert_map *pki_add_cert_map(struct cfg_pki *p, const char *name, uint32_t seq);
void pki_del_cert_map(struct cfg_pki *p, struct cfg_cert_map *m);

/* Of the same address (or name) and use as like. */
struct cfg_pubkey *pki_find_pubkey(const struct cfg_pki *p, const struct cfg_pubkey *like);
struct cfg_pubkey *pki_add_pubkey(struct cfg_pki *p, const struct cfg_pubkey *like);
void pki_del_pubkey(struct cfg_pki *p, struct cfg_pubkey *k);
/* A line of n bytes for der, which holds *len and has room for cap, as fresh has; false: they
 * are too many, and nothing was taken. */
bool cfg_typed_add(struct cfg_typed *t, uint8_t *der, uint16_t *len, uint8_t *fresh, size_t cap,
		   const uint8_t *b, size_t n);
/* `quit`: what was typed replaces der if it is whole; else der stays, and this is false. */
bool cfg_typed_end(struct cfg_typed *t, uint8_t *der, uint16_t *len, const uint8_t *fresh);
/* A DER SEQUENCE from end to end, as a public key is. */
bool cfg_pubkey_is_der(const struct cfg_pubkey *k);
/* The same key stands for both uses, which is none: an attack on one would break the
 * other. NULL: it does not. */
const struct cfg_pubkey *cfg_pubkey_reused(const struct cfg_pki *p, const struct cfg_pubkey *k);

/* True if the bytes are one DER SEQUENCE from end to end, as a certificate is. */
bool cfg_cert_is_der(const struct cfg_cert *c);

/* For config_free(), config_clone() and config_equal(). */
void cfg_pki_fini(struct cfg_pki *p);
int cfg_pki_clone(const struct cfg_pki *from, struct cfg_pki *to); /* to: unset */
bool cfg_pki_equal(const struct cfg_pki *a, const struct cfg_pki *b);

#endif
