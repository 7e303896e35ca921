/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto ikev2, show l2tp, show vpdn: what IOS says where there is none of it. */
#include "control/show_parts.h"

#include "commands/exec.h"

void show_not_run(unsigned action, struct txt *out)
{
	switch (action) {
	case EXEC_SHOW_IKEV2: /* IOS prints nothing, and leaves people guessing */
		txt_str(out, "%No IKEv2: this version negotiates by IKEv1 (show crypto isakmp sa)\n");
		break;
	case EXEC_SHOW_L2TP:
	default: /* EXEC_SHOW_VPDN */
		txt_str(out, "%No active L2TP tunnels\n");
		break;
	}
}
