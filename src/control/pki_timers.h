/* SPDX-License-Identifier: Apache-2.0 */
/* What PKI waits for: renewals, answers of CAs, new CRLs. */
#ifndef CONTROL_PKI_TIMERS_H
#define CONTROL_PKI_TIMERS_H

#include "control/internal.h"
#include "control/show.h"

#define PKI_TIMERS_MAX (4 * CFG_MAX_TRUSTPOINTS)

/* How many there are. */
size_t pki_timers(struct control *c, struct show_pki_timer v[PKI_TIMERS_MAX]);

#endif
