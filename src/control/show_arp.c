/* SPDX-License-Identifier: Apache-2.0 */
/* show arp, show ip arp. */
#include "control/show_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool show_neigh_wanted(const struct show_neigh *n, const struct ipaddr *addr, const char *ifname)
{
	return n->addr.family == IP_V4 && (!addr->family || ipaddr_equal(addr, &n->addr)) &&
	       (!ifname[0] || !strcmp(ifname, n->ifname));
}

void show_arp(const struct show_in *in, const struct ipaddr *addr, const char *ifname, struct txt *out)
{
	char s[IPADDR_STRLEN], mac[16], age[24];

	txt_str(out, "Protocol  Address          Age (min)  Hardware Addr   Type   Interface\n");
	for (size_t i = 0; i < in->n_neighs; i++) {
		const struct show_neigh *n = &in->neighs[i];

		if (!show_neigh_wanted(n, addr, ifname))
			continue;
		snprintf(age, sizeof(age), "%" PRIu64, n->age_sec / 60);
		snprintf(mac, sizeof(mac), "%02x%02x.%02x%02x.%02x%02x", n->mac[0], n->mac[1], n->mac[2], n->mac[3],
			 n->mac[4], n->mac[5]);
		/* who does not answer is on no interface, says IOS */
		txt_printf(out, "Internet  %-15s%10s   %-14s  ARPA%s%s\n", ipaddr_ios(&n->addr, s), n->fixed ? "-" : age,
			   n->has_mac ? mac : "Incomplete", n->has_mac ? "   " : "", n->has_mac ? n->ifname : "");
	}
}
