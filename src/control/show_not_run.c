/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto ikev2, show l2tp, show vpdn, show vrf and so on: what IOS says where there is none of it. */
#include "control/show_json_parts.h"

#include <errno.h>

#include "commands/exec.h"

void show_not_run(unsigned action, struct txt *out)
{
	switch (action) {
	case EXEC_SHOW_IKEV2: /* IOS prints nothing, and leaves people guessing */
		txt_str(out, "%No IKEv2: this version negotiates by IKEv1 (show crypto isakmp sa)\n");
		break;
	case EXEC_SHOW_EZVPN:
		txt_str(out, "%No Easy VPN client: tunnels are crypto maps and tunnel protection (show crypto session)\n");
		break;
	case EXEC_SHOW_PKI_TOKEN:
		txt_str(out, "%No token: private keys are files of this router (show crypto key mypubkey rsa)\n");
		break;
	case EXEC_SHOW_L2TP:
	default: /* EXEC_SHOW_VPDN */
		txt_str(out, "%No active L2TP tunnels\n");
		break;
	}
}

bool show_vrf(const char *name, bool ip, bool detail, struct txt *out)
{
	if (name[0])
		txt_printf(out, "%% No VRF named %s\n", name);
	else if (!detail)
		txt_printf(out, "  %-32s %-21s %sInterfaces\n", "Name", "Default RD", ip ? "" : "Protocols   ");
	return !name[0];
}

static int none(struct json *j, const char *name)
{
	json_array(j, name);
	json_array_end(j);
	return 0;
}

int json_ikev2(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)in;
	(void)a;
	return none(j, "sas");
}

int json_l2tp(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)in;
	(void)a;
	return none(j, "tunnels");
}

int json_ezvpn(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)in;
	(void)a;
	return none(j, "clients");
}

int json_pki_token(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)in;
	(void)a;
	return none(j, "tokens");
}

int json_vrf(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)in;
	return a->name[0] ? -EINVAL : none(j, "vrfs");
}
