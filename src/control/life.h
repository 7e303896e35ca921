/* SPDX-License-Identifier: Apache-2.0 */
/* The life of the configuration: what is copied where, replaced, taken back, kept in archives and started anew. */
#ifndef CONTROL_LIFE_H
#define CONTROL_LIFE_H

#include "control/internal.h"

/* life.c: carries out EXEC_WRITE_MEMORY to EXEC_SHOW_ARCHIVE_LOG; may leave a dialog with the session. */
void life_cmd(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error);
/* Puts a text in place of (replace) or onto the running configuration and says which of its lines were wrong; name: of the
 * file. out NULL: nobody is there, the log is told. 0 or -ENOMEM, after a message. */
int life_put(struct control *c, const char *text, size_t len, const char *name, bool replace, struct txt *out);
/* The running configuration as it would be saved. The caller wipes it. */
void life_running(struct control *c, struct txt *out);
void life_free(struct control *c); /* timers and what they keep */

/* life_reload.c: the startup configuration takes the running one's place, an empty one if there is none. out: as
 * life_put(). 0 or -errno. */
int reload_now(struct control *c, struct txt *out, const char *reason);
struct reload_plan {
	uint64_t at_ms; /* host_now_ms(); 0: at once */
	char by[160], reason[256];
};
/* What `reload in mmm|hhh:mm REASON` or (at) `reload at hh:mm [month day] REASON` asks for. 0; -EINVAL after a message. */
int reload_plan(struct exec_io *io, const struct exec_args *a, bool at, struct reload_plan *ret);
void reload_say(const struct reload_plan *p, struct txt *out);
int reload_schedule(struct control *c, const struct reload_plan *p, struct txt *out); /* 0; -ENOMEM after a message */
void reload_cancel(struct exec_io *io);
void reload_show(const struct control *c, struct txt *out);
void reload_free(struct control *c);

/* life_revert.c: what takes itself back unless it is confirmed in time. The configuration of before is in a file as
 * well, so that a control that follows a crash does it in its place. */
int revert_arm(struct control *c, unsigned minutes, bool idle, struct txt *out); /* 0 or -EBUSY, -ENOMEM after a message */
void revert_resume(struct control *c); /* at start */
void revert_touch(struct control *c);  /* somebody types: `idle` begins anew */
int revert_confirm(struct control *c, struct txt *out); /* -ENOENT after a message: there is nothing to confirm */
int revert_now(struct control *c, struct txt *out);
int revert_move(struct control *c, unsigned minutes, struct txt *out);
void revert_show(const struct control *c, struct txt *out);
void revert_drop(struct control *c); /* nothing waits any more */
void revert_free(struct control *c); /* of this control; one that follows goes on */

/* life_archive.c: copies `PATH-N` of the running configuration, and a log of the lines that were typed. */
int archive_save(struct control *c, struct txt *out); /* 0, -ENOENT (no path), or -errno, after a message */
void archive_tick(struct control *c); /* now and then: time-period */
void archive_written(struct control *c); /* write memory has been done */
void archive_show(struct control *c, struct txt *out);
/* A line of configuration was typed at the session of that number; secrets are masked in it already. */
void archive_typed(struct control *c, unsigned session, const char *line);
void archive_forget_typed(struct control *c); /* `clear archive log config` */
void archive_show_log(const struct control *c, struct txt *out);
void archive_free(struct control *c);

#endif
