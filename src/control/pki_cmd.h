/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates in the control process: the commands about them. For
 * pki_*.c, exec.c and control.c. */
#ifndef CONTROL_PKI_CMD_H
#define CONTROL_PKI_CMD_H

#include "control/dialog.h"
#include "pki/store.h"

/* Opens the key files beside the startup configuration; 0 or -ENOMEM. */
int pki_cmd_open(struct control *c);
void pki_cmd_close(struct control *c);
/* Where they are: /etc/culvert/pki for /etc/culvert/startup-config, FILE.pki for others. */
void pki_cmd_dir(const char *config, char *out, size_t size);

/* One action of those that stand last in exec.h. True if it goes on by itself (a key
 * is being made); it may leave the session a dialog. */
bool pki_cmd_run(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error);

/* ---- shared by the commands ---- */

struct talk {
	struct dialog d; /* first */
	struct control *c;
	struct exec_args a; /* the line's; wiped */
	char label[PKI_LABEL_MAX];
	unsigned bits;
	struct pki_cert *cert[2]; /* pasted: CA's, router's */
	struct pki_key *key;
	/* enroll */
	bool serial;
	struct ipaddr ip;
	char password[65]; /* challenge of SCEP */
	/* after a key was made */
	void (*made)(struct talk *t, struct exec_io *io, bool *ret_error);
};

struct talk *talk_new(struct exec_io *io, const struct exec_args *a);
/* Hands it to the session if it asks something, else frees it. */
void talk_end(struct talk *t, struct exec_io *io);

/* `R1.example.com`, or the bare host name. */
void pki_router_name(const struct control *c, char out[CFG_DESC_MAX + CFG_NAME_MAX]);
/* The label of the key pair that a trustpoint uses. */
void pki_trustpoint_label(const struct control *c, const struct cfg_trustpoint *t,
			  char out[PKI_LABEL_MAX]);
/* The trustpoint of that name; NULL after a message. */
struct cfg_trustpoint *pki_need_trustpoint(struct exec_io *io, const char *name, bool *ret_error);
/* The first certificate of that kind in the trustpoint's chain; NULL. */
struct cfg_cert *pki_chain_cert(const struct control *c, const char *trustpoint,
				enum cert_kind kind);
/* Puts a certificate into the running configuration, in place of one of its kind. */
int pki_install(struct control *c, const char *trustpoint, enum cert_kind kind,
		const struct pki_cert *cert);
void pki_config_changed(struct control *c);
/* PEM or bare base 64 to a certificate; NULL after a message. */
struct pki_cert *pki_pasted_cert(struct exec_io *io, const char *text, bool *ret_error);
/* A line that begins with %, and the error flag. */
void pki_fail(struct exec_io *io, bool *ret_error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* pki_keys.c */
bool pki_cmd_generate(struct talk *t, struct exec_io *io, bool *ret_error);
void pki_cmd_zeroize(struct talk *t, struct exec_io *io, bool *ret_error);
void pki_cmd_key_export(struct talk *t, struct exec_io *io, bool *ret_error);
void pki_cmd_key_import(struct talk *t, struct exec_io *io, bool *ret_error);
/* Makes t->bits of key for t->label beside the event loop, then t->made. False after
 * a message. */
bool pki_make_key(struct talk *t, struct exec_io *io, bool *ret_error);
/* The session is gone, or control ends (s NULL): nobody waits for the key any more. */
void pki_make_forget(struct control *c, const struct session *s);

/* pki_enroll.c */
bool pki_cmd_authenticate(struct talk *t, struct exec_io *io, bool *ret_error);
/* t->cert[0] is what calls itself the CA: shows it, compares or asks, and takes it. */
void pki_judge_ca(struct talk *t, struct exec_io *io, bool *ret_error);
/* The PKCS #10 of a trustpoint, signed with the pair of that label; t has what was
 * answered, or is NULL: as configured. -errno with why. */
int pki_make_request(struct control *c, const struct cfg_trustpoint *tp, const char *label,
		     const struct talk *t, struct txt *out_der, char why[PKI_WHY_MAX]);
bool pki_cmd_enroll(struct talk *t, struct exec_io *io, bool *ret_error);
void pki_cmd_drop(struct talk *t, struct exec_io *io, bool *ret_error);
/* pki_import.c */
void pki_cmd_import_cert(struct talk *t, struct exec_io *io, bool *ret_error);
void pki_cmd_import_pem(struct talk *t, struct exec_io *io, bool *ret_error);
void pki_cmd_import_pkcs12(struct talk *t, struct exec_io *io, bool *ret_error);
void pki_cmd_export_pem(struct talk *t, struct exec_io *io, bool *ret_error);
void pki_cmd_export_pkcs12(struct talk *t, struct exec_io *io, bool *ret_error);

#endif
