/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of ikedrv: its configuration file and what it prints. */
#ifndef TESTS_SYSTEM_IKEDRV_H
#define TESTS_SYSTEM_IKEDRV_H

#include "ike/ike.h"
#include "pki/pki.h"

#define DRV_MAX 16

/* A configuration of the core and the arrays that it points to. One line each:
 *   local ADDRESS
 *   natt on|off
 *   p1 PRIORITY CIPHER HASH GROUP LIFE_SEC [rsa-sig]
 *   psk ADDRESS/LEN KEY
 *   pskname NAME KEY
 *   aggressive on|off
 *   peer ADDRESS fqdn|user-fqdn|ipv4-address IDENTITY [KEY]
 *   rsa FILE.p12 PASSWORD [dn]: a key, its certificate and the CA's; with dn that is our identity
 *   keepalive SEC RETRY_SEC periodic|on-demand
 *   recovery on|off
 *   fragmentation on|off
 *   p2 ID local=NET/LEN remote=NET/LEN peer=A[,B] set=CIPHER+AUTH[+transport][,...]
 *      [proto=N] [lport=N] [rport=N] [pfs=GROUP] [life=SEC] [kb=KB]
 * with addresses of either family, ciphers null des 3des aes128 aes192 aes256 gcm128, hashes and authenticators
 * md5 sha1 sha256 sha384 sha512 none, and ah-HASH in front of a set for AH. */
struct drv_config {
	struct ipaddr local;
	struct ike_config ike;
	struct p1_policy p1[DRV_MAX];
	struct psk_entry psk[DRV_MAX];
	struct p2_policy p2[DRV_MAX];
	struct ag_peer ag[DRV_MAX];
	struct pki *pki; /* NULL: no line `rsa` */
	struct pki_bundle own;
	struct span certs[1], cas[1], anchor; /* in own */
};

/* 0, or -EINVAL with the line on stderr. */
int drv_config_read(const char *file, struct drv_config *ret_c);
void drv_config_free(struct drv_config *c); /* wipes the keys */

/* ikedrv_pki.c. 0, or -EINVAL: the file holds no key, certificate and CA. */
int drv_pki_read(const char *file, const char *password, struct drv_config *c);
void drv_pki_free(struct drv_config *c);
/* What struct ike_env asks for; ctx is a struct drv_config. */
int drv_pki_sign(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len);
int drv_pki_verify(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX]);

/* Each prints lines of JSON: {"what": ..., ...}. */
void drv_print_text(const char *what, const char *text);
void drv_print_action(const struct ike_action *a);
void drv_print_sas(const struct ike *k, uint64_t now_ms);
void drv_print_pairs(const struct ike *k);

#endif
