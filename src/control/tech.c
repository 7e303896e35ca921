/* SPDX-License-Identifier: Apache-2.0 */
#include "control/tech.h"

#include "control/logging.h"
#include "control/show_now.h"

static const struct exec_args detail = { .detail = true };

/* Secrets are in none of them: `show crypto isakmp key` is not among them. */
static const struct show_part parts[] = {
	{ "show version", EXEC_SHOW_VERSION, NULL },
	{ "show clock detail", EXEC_SHOW_CLOCK, &detail },
	{ "show inventory", EXEC_SHOW_INVENTORY, NULL },
	{ "show processes cpu", EXEC_SHOW_PROCESSES, NULL },
	{ "show processes memory", EXEC_SHOW_PROCESSES_MEMORY, NULL },
	{ "show memory statistics", EXEC_SHOW_MEMORY, NULL },
	{ "show file systems", EXEC_SHOW_FILE_SYSTEMS, NULL },
	{ "show users", EXEC_SHOW_USERS, NULL },
	{ "show debugging", EXEC_SHOW_DEBUGGING, NULL },
	{ "show culvert unsupported", EXEC_SHOW_UNSUPPORTED, NULL },
	{ "show interfaces", EXEC_SHOW_INTERFACES, NULL },
	{ "show ip interface", EXEC_SHOW_IP_INTERFACE, NULL },
	{ "show ipv6 interface", EXEC_SHOW_IPV6_INTERFACE, NULL },
	{ "show access-lists", EXEC_SHOW_ACCESS_LISTS, NULL },
	{ "show ip route", EXEC_SHOW_IP_ROUTE, NULL },
	{ "show ipv6 route", EXEC_SHOW_IPV6_ROUTE, NULL },
	{ "show ip static route", EXEC_SHOW_IP_STATIC_ROUTE, NULL },
	{ "show arp", EXEC_SHOW_ARP, NULL },
	{ "show crypto isakmp policy", EXEC_SHOW_ISAKMP_POLICY, NULL },
	{ "show crypto isakmp sa detail", EXEC_SHOW_ISAKMP_SA, &detail },
	{ "show crypto ipsec transform-set", EXEC_SHOW_IPSEC_TRANSFORM, NULL },
	{ "show crypto map", EXEC_SHOW_CRYPTO_MAP, NULL },
	{ "show crypto ipsec sa detail", EXEC_SHOW_IPSEC_SA, &detail },
	{ "show crypto session detail", EXEC_SHOW_CRYPTO_SESSION, &detail },
	{ "show crypto engine connections active", EXEC_SHOW_CRYPTO_ENGINE, NULL },
	{ "show crypto mtu", EXEC_SHOW_CRYPTO_MTU, NULL },
	{ "show crypto drops", EXEC_SHOW_CRYPTO_DROPS, NULL },
	{ "show crypto check", EXEC_SHOW_CRYPTO_CHECK, NULL },
	{ "show crypto pki certificates", EXEC_SHOW_PKI_CERTIFICATES, NULL },
};

int tech_show(struct exec_io *io)
{
	int err = show_now_parts(io->c, io->s, parts, sizeof(parts) / sizeof(parts[0]), io->out);

	txt_str(io->out, "\n------------------ show running-config ------------------\n\n");
	commands_render(io->c->config, CLI_RENDER_MASK, io->out);
	txt_str(io->out, "\n------------------ show logging ------------------\n\n");
	logging_show(io->c, false, io->out);
	if (err)
		txt_str(io->out, "\n% Low on memory; try again later\n");
	return err;
}
