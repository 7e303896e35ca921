/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that were refused and are kept, wherever they stand. */
#ifndef COMMANDS_REFUSED_H
#define COMMANDS_REFUSED_H

#include "commands/load.h"

/* where: the interface, the object's name or its block's first words; NULL: at the global level. mode: of the line. */
typedef void refused_fn(void *ctx, const char *where, const struct kept_line *k, unsigned mode);
/* Each such line, without what stands below it. What is passed belongs to the configuration. */
void refused_each(const struct config *c, refused_fn *fn, void *ctx);

#endif
