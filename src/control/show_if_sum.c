/* SPDX-License-Identifier: Apache-2.0 */
/* show interfaces summary, stats and accounting, show protocols, show ip protocols. */
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

/* Nothing goes through the process that the command line is in. What a device has carried it counts together: of what is
 * no IP, ARP at most, there is no count. */
void show_interfaces_counts(const struct show_in *in, const char *ifname, bool by_path, struct txt *out)
{
	static const char *const paths[] = { "Processor", "Route cache", "Total" };

	for (size_t n = 0; n < in->n_ifs; n++) {
		const struct if_snapshot *i = &in->ifs[n];
		const char *description = show_if_config(in, i)->description;

		if (ifname[0] && strcmp(ifname, i->name) != 0)
			continue;
		txt_printf(out, "%s%s%s\n", i->name, by_path ? "" : " ", by_path ? "" : description);
		if (!by_path && !i->in_packets && !i->out_packets) {
			txt_str(out, "No traffic sent or received on this interface.\n\n");
			continue;
		}
		txt_printf(out, "%24s    Pkts In   Chars In   Pkts Out  Chars Out\n", by_path ? "Switching path" : "Protocol");
		for (size_t k = by_path ? 0 : 2; k < 3; k++)
			txt_printf(out, "%24s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", by_path ? paths[k] : "IP",
				   k ? i->in_packets : 0, k ? i->in_bytes : 0, k ? i->out_packets : 0, k ? i->out_bytes : 0);
		txt_char(out, '\n');
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
