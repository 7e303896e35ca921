/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords are compared by a thread of their own: a hash that withstands guessing takes some ten
 * milliseconds, which the event loop has not. There is one thread, so that whoever guesses over
 * many sessions has one processor at most, at a lower priority than everything else. */
#ifndef CONTROL_LOGIN_WORK_H
#define CONTROL_LOGIN_WORK_H

#include "model/config.h"

struct event_base;
struct login_work;
struct login_job;

typedef void login_work_done(void *ctx, bool fits);

/* The thread begins with the first job. 0 or -errno. */
int login_work_new(struct event_base *base, struct login_work **ret_w);
/* Waits for the job that is being done; the others are forgotten. NULL is fine. */
void login_work_free(struct login_work *w);
/* Compares copies of s and clear; done is called by the event loop, once. NULL: no memory, or no
 * thread. s NULL: as long as with a secret, and nothing fits. */
struct login_job *login_work_put(struct login_work *w, const struct cfg_secret *s, const char *clear,
				 login_work_done *done, void *ctx);
/* Nobody waits any more: done is not called, and nothing is done that has not begun. */
void login_work_forget(struct login_job *j);

#endif
