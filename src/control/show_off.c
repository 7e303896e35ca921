/* SPDX-License-Identifier: Apache-2.0 */
/* show lldp, show snmp, show ip ospf and so on: what IOS says where the feature is off. */
#include "control/show_parts.h"

#include "commands/exec.h"

void show_off(unsigned what, uint32_t process, struct txt *out)
{
	switch (what) {
	case EXEC_OFF_LLDP:
		txt_str(out, "% LLDP is not enabled\n");
		break;
	case EXEC_OFF_CDP:
		txt_str(out, "% CDP is not enabled\n");
		break;
	case EXEC_OFF_SNMP:
		txt_str(out, "%SNMP agent not enabled\n");
		break;
	case EXEC_OFF_NTP: /* the host may keep its clock by it: `show clock detail` */
		txt_str(out, "%NTP is not enabled.\n");
		break;
	case EXEC_OFF_VLANS:
		txt_str(out, "No Virtual LANs configured.\n");
		break;
	case EXEC_OFF_BGP:
		txt_str(out, "% BGP not active\n");
		break;
	case EXEC_OFF_SSH: /* who comes by SSH comes by the host's sshd */
		txt_str(out, "SSH Disabled - version 2.0\n%SSH is the business of this host's sshd\n");
		break;
	case EXEC_OFF_OSPF:
		if (process)
			txt_printf(out, "%%OSPF: Router process %u is not running\n", (unsigned)process);
		break;
	default: /* EXEC_OFF_NOTHING, EXEC_OFF_EIGRP: IOS prints nothing without a process */
		break;
	}
}
