/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords are compared, and hashed, by a thread of their own: a hash that withstands guessing takes some ten
 * milliseconds, which the event loop has not. There is one thread, so that whoever guesses over
 * many sessions has one processor at most, at a lower priority than everything else. The names of
 * uids are asked for by such a thread, too (another one): the answer may come over the network. */
#ifndef CONTROL_LOGIN_WORK_H
#define CONTROL_LOGIN_WORK_H

#include <sys/types.h>

#include "model/config.h"

struct event_base;
struct login_work;
struct login_job;

typedef void login_work_done(void *ctx, bool fits);
/* name: "" if nobody has that uid, or no configured user could be called so; NULL: it could not be found out. */
typedef void login_work_named(void *ctx, const char *name);

/* The thread begins with the first job. 0 or -errno. */
int login_work_new(struct event_base *base, struct login_work **ret_w);
/* Waits for the job that is being done; the others are forgotten. Who asks for a name, and has no answer
 * within a second, is left behind with his memory: the process ends. NULL is fine. */
void login_work_free(struct login_work *w);
/* Compares copies of s and clear; done is called by the event loop, once. NULL: no memory, or no
 * thread. s NULL: as long as with a secret, and nothing fits. */
struct login_job *login_work_put(struct login_work *w, const struct cfg_secret *s, const char *clear,
				 login_work_done *done, void *ctx);
/* Hashes a copy of clear as secret_hash() does. err: 0, and text; or what it returns. NULL: no memory, or no thread. */
typedef void login_work_hashed(void *ctx, int err, const char *text);
struct login_job *login_work_hash(struct login_work *w, uint8_t type, const char *clear, login_work_hashed *done, void *ctx);
/* Asks what the system calls a uid; done is called by the event loop, once. NULL: no memory, or no thread. */
struct login_job *login_work_name(struct login_work *w, uid_t uid, login_work_named *done, void *ctx);
/* Nobody waits any more: done is not called, and nothing is done that has not begun. */
void login_work_forget(struct login_job *j);

#endif
