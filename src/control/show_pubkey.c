/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto key pubkey-chain rsa */
#include "control/show_parts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HEX_LINE 32 /* bytes of one line */

static const char *const uses[] = { "General", "Encryption", "Signature" };

static const struct ipaddr *where(const struct cfg_pubkey *k)
{
	return k->at.family ? &k->at : &k->addr;
}

static void put_row(const struct cfg_pubkey *k, struct txt *out)
{
	char addr[IPADDR_STRLEN] = "";

	if (where(k)->family)
		ipaddr_ios(where(k), addr);
	txt_printf(out, "%-6s%-12s%-18s%-17s%s\n", "M", uses[k->use], addr, "default", k->name);
}

static void put_key(const struct cfg_pubkey *k, struct txt *out)
{
	char addr[IPADDR_STRLEN];

	if (k->name[0])
		txt_printf(out, "Key name: %s\n", k->name);
	if (where(k)->family)
		txt_printf(out, "Key address: %s\n", ipaddr_ios(where(k), addr));
	txt_printf(out, " Usage: %s%s Key\n Source: Manually entered\n Data:\n", uses[k->use],
		   k->use ? "" : " Purpose");
	for (size_t i = 0; i < k->len; i++) {
		bool last = i + 1 == k->len || i % HEX_LINE == HEX_LINE - 1;

		txt_printf(out, "%s%02X%s", i % HEX_LINE ? "" : "  ", k->der[i],
			   last ? " \n" : i % 4 == 3 ? " " : "");
	}
	txt_char(out, '\n');
}

void show_pubkey_chain(const struct show_in *in, const struct ipaddr *addr, const char *name,
		       struct txt *out)
{
	const struct cfg_pubkeys *all = &in->config->pki.pubkeys;
	bool some = addr->family || name[0];

	if (!some)
		txt_str(out, "Codes: M - Manually configured, C - Extracted from certificate\n\n"
			     "Code  Usage       IP-Address/VRF    Keyring          Name\n");
	for (size_t i = 0; i < all->n; i++) {
		const struct cfg_pubkey *k = all->v[i];

		if (!some)
			put_row(k, out);
		else if (addr->family ? ipaddr_equal(where(k), addr) : !strcasecmp(k->name, name))
			put_key(k, out);
	}
}
