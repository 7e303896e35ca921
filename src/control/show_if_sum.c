/* SPDX-License-Identifier: Apache-2.0 */
/* show interfaces summary, show protocols, show ip protocols. */
#include "control/show_parts.h"

#include <inttypes.h>
#include <string.h>

void show_interfaces_summary(const struct show_in *in, struct txt *out)
{
	txt_str(out, "\n *: interface is up\n"
		     " IHQ: pkts in input hold queue     IQD: pkts dropped from input queue\n"
		     " OHQ: pkts in output hold queue    OQD: pkts dropped from output queue\n"
		     " RXBS: rx rate (bits/sec)          RXPS: rx rate (pkts/sec)\n"
		     " TXBS: tx rate (bits/sec)          TXPS: tx rate (pkts/sec)\n"
		     " TRTL: throttle count\n\n"
		     "  Interface                   IHQ       IQD       OHQ       OQD      RXBS      RXPS      TXBS      TXPS      TRTL\n"
		     "-----------------------------------------------------------------------------------------------------------------\n");
	for (size_t n = 0; n < in->n_ifs; n++) {
		const struct if_snapshot *i = &in->ifs[n];

		txt_printf(out,
			   "%c %-22s %8u %9" PRIu64 " %9u %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9u\n",
			   i->up && i->line ? '*' : ' ', i->name, 0u, i->in_drops, 0u, i->out_drops, show_if_bps(i->rate.in_bps),
			   show_if_pps(i->rate.in_pps), show_if_bps(i->rate.out_bps), show_if_pps(i->rate.out_pps), 0u);
	}
}

void show_protocols(const struct show_in *in, const char *ifname, struct txt *out)
{
	char s[IPADDR_STRLEN];

	if (!ifname[0])
		txt_str(out, "Global values:\n  Internet Protocol routing is enabled\n");
	for (size_t n = 0; n < in->n_ifs; n++) {
		const struct if_snapshot *i = &in->ifs[n];

		if (ifname[0] && strcmp(ifname, i->name) != 0)
			continue;
		txt_printf(out, "%s is %s, line protocol is %s\n", i->name, show_if_status(i, show_if_config(in, i)),
			   show_if_line(i));
		if (i->addr.family == IP_V4 && !i->unnumbered)
			txt_printf(out, "  Internet address is %s/%u\n", ipaddr_ios(&i->addr, s), (unsigned)i->prefix_len);
		else if (i->unnumbered)
			txt_printf(out, "  Interface is unnumbered. Using address of %s (%s)\n",
				   show_if_config(in, i)->unnumbered, ipaddr_ios(&i->addr, s));
	}
}

/* There is none: static routes are no protocol. The line is IOS's, and true: the forwarder goes on without control. */
void show_ip_protocols(const struct show_in *in, struct txt *out)
{
	(void)in;
	txt_str(out, "*** IP Routing is NSF aware ***\n\n");
}
