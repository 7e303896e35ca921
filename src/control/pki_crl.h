/* SPDX-License-Identifier: Apache-2.0 */
/* The CRLs that are fetched by HTTP: one for each trustpoint, of its own CA, in memory. */
#ifndef CONTROL_PKI_CRL_H
#define CONTROL_PKI_CRL_H

#include "control/pki_cmd.h"

struct pki_crls;
struct evdns_base;

struct pki_crls *pki_crls_new(struct control *c); /* NULL without memory */
void pki_crls_free(struct pki_crls *s);
/* The trustpoint's CRL, whose signature and issuer were checked when it came; its times
 * are the reader's business. Empty: none. Valid until the event loop goes on. */
struct span pki_crls_get(const struct pki_crls *s, const char *trustpoint);
/* When it is fetched again, and when it is too old (seconds since 1970); false: there is none, or it has no end. */
bool pki_crls_times(const struct pki_crls *s, const char *trustpoint, int64_t *ret_update, int64_t *ret_expire);
/* One has been asked whether it names a certificate: counted. */
void pki_crls_checked(const struct pki_crls *s);
/* A certificate that is verified up to the trustpoint's CA needs a CRL: fetches it from
 * its first HTTP distribution point, unless that was tried in the last minute or the CRL
 * at hand is current. */
void pki_crls_want(struct pki_crls *s, const char *trustpoint, struct span cert);

/* The resolver, made when it is first asked for; NULL: there is no name server. */
struct evdns_base *pki_crls_dns(struct pki_crls *s);

/* Whether a CRL of these times (seconds since 1970; no nextUpdate is 0) is to be fetched
 * again: ten minutes before nextUpdate, or a tenth of its life if that is less. */
bool pki_crl_is_due(int64_t this_sec, int64_t next_sec, int64_t now_sec);
/* Once a minute, counted from the last try (0: never). */
bool pki_crl_may_try(uint64_t tried_ms, uint64_t now_ms);

void pki_cmd_crl_request(struct talk *t, struct exec_io *io, bool *ret_error);
void pki_cmd_show_crls(struct talk *t, struct exec_io *io, bool *ret_error);

#endif
