/* SPDX-License-Identifier: Apache-2.0 */
/* `show tech-support`: what somebody who helps from afar wants to see, without a secret in it. */
#ifndef CONTROL_TECH_H
#define CONTROL_TECH_H

#include "control/internal.h"

/* 0; -ENOMEM: it is not whole, and says so. */
int tech_show(struct exec_io *io);

#endif
