/* SPDX-License-Identifier: Apache-2.0 */
#include "control/absent.h"

/* As IOS refuses where a line has `transport output none`: who is at a router may not use it to reach others, and
 * a program that the daemon starts for a session would be that. `culvert shell` runs nothing either. */
static const char *sentence(unsigned what)
{
	switch (what) {
	case EXEC_ABSENT_TELNET:
		return "% telnet connections not permitted from this terminal";
	case EXEC_ABSENT_SSH:
		return "% ssh connections not permitted from this terminal";
	case EXEC_ABSENT_RLOGIN:
		return "% rlogin connections not permitted from this terminal";
	case EXEC_ABSENT_KEY_EC:
		return "% EC keys are not supported: IKEv1 signs with RSA; use crypto key generate rsa";
	case EXEC_ABSENT_KEY_LOCK:
		return "% RSA keys are files that only the router reads; none is encrypted or locked by a passphrase";
	case EXEC_ABSENT_TRUSTPOOL:
		return "% There is no trustpool: use crypto pki trustpoint and crypto pki authenticate";
	default: /* EXEC_ABSENT_FAILOVER */
		return "% No stateful failover: there is nothing to debug";
	}
}

bool absent(unsigned action, const struct exec_args *a, struct txt *out)
{
	if (action == EXEC_ABSENT)
		txt_printf(out, "%s\n", sentence(a->number));
	else if (!a->vrf[0])
		return false;
	else if (action == EXEC_SHOW_IP_ROUTE)
		txt_printf(out, "%% IP routing table vrf %s does not exist\n", a->vrf);
	else
		txt_printf(out, "%% VRF %s does not exist\n", a->vrf);
	return true;
}
