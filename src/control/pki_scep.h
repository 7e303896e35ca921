/* SPDX-License-Identifier: Apache-2.0 */
/* Enrollment by SCEP (RFC 8894) in the control process: `crypto pki authenticate` and
 * `enroll` of trustpoints with `enrollment url`, polling, and renewal by `auto-enroll`. */
#ifndef CONTROL_PKI_SCEP_H
#define CONTROL_PKI_SCEP_H

#include "control/fetch.h"
#include "control/pki_cmd.h"

struct pki_sceps;
struct show_enroll;

struct pki_sceps *pki_sceps_new(struct control *c); /* NULL without memory */
void pki_sceps_free(struct pki_sceps *s);

/* Fetches the CA's certificate beside the event loop, then pki_judge_ca(). False after a
 * message; true: the session waits. */
bool pki_scep_authenticate(struct talk *t, struct exec_io *io, bool *ret_error);
/* A request (DER, taken over) for the trustpoint, signed with the key of that label. The
 * rest goes on by itself and is told in the log. -ENOSPC, -ENOMEM, or -EINVAL with why. */
int pki_scep_enroll(struct control *c, const struct cfg_trustpoint *tp, const char *label,
		    struct txt *csr, bool renewal, char why[PKI_WHY_MAX]);
/* A request of that trustpoint is under way. ask_now: if it waits, it asks at once. */
bool pki_scep_pending(struct control *c, const char *trustpoint, bool ask_now);
/* The trustpoint goes, and its request with it: another of that name has none. */
void pki_scep_drop(struct control *c, const char *trustpoint);
/* The session is gone: nobody waits for the CA's certificate any more. */
void pki_scep_forget(struct control *c, const struct session *s);
/* For show: at most max, valid until the event loop goes on. */
size_t pki_scep_show(const struct control *c, struct show_enroll *v, size_t max);

/* When a certificate is renewed: after percent of its life (0 not said), but never so
 * late that it could not sign the renewal: 95 at most. */
int64_t pki_renew_at(int64_t from_sec, int64_t to_sec, unsigned percent);

/* ---- pki_scep_ask.c ---- */

/* One operation at the trustpoint's CA; post is the pkiMessage, or empty: GET with the
 * message. Its answer is SCEP_ANSWER_MAX bytes at most. -errno with why. */
int pki_scep_ask(struct control *c, const char *trustpoint, const char *op, const char *message,
		 struct span post, fetch_done *done, void *ctx, struct fetch **ret_f, char why[PKI_WHY_MAX]);
/* Where a trustpoint's CA answers, as IOS completes it: `http://ca` is
 * `http://ca/cgi-bin/pkiclient.exe`, a longer path is what it is. -EINVAL with why. */
int pki_scep_url(const char *configured, struct txt *out, char why[PKI_WHY_MAX]);
/* `operation=OP&message=...`, percent-encoded. */
void pki_scep_query(const char *op, const char *message, size_t len, struct txt *out);

#endif
