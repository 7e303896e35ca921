/* SPDX-License-Identifier: Apache-2.0 */
/* `| redirect`, `| tee`, `| append`: what a command printed goes to a file of flash:. */
#ifndef CONTROL_REDIRECT_H
#define CONTROL_REDIRECT_H

#include "cli/pipe.h"
#include "control/internal.h"

/* Writes text to the pipe's file; a message to io->out if that cannot be, and then 0 bytes were written. Only from the
 * privileged level, only to plain names in flash: (flash.h) - never to the startup configuration, which `write` keeps whole -
 * and only as long as that leaves the disk room for the router's own files. False: it was not written. */
bool redirect(struct exec_io *io, const struct cli_pipe *p, const char *text, size_t len);

#endif
