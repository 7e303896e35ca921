/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMANDS_CHECK_PKI_H
#define COMMANDS_CHECK_PKI_H

#include "commands/load.h"

/* The part of commands_check() about trustpoints and certificates. */
void check_pki(const struct config *c, struct report *r);

#endif
