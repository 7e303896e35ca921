/* SPDX-License-Identifier: Apache-2.0 */
/* show debugging, show crypto debug-condition. */
#include "control/show_json_parts.h"

/* In the order of IOS, by subsystem. */
const struct show_debug show_debugs[] = {
	{ EXEC_DEBUG_KEEPALIVE, "Tunnel keepalive", "Generic Tunnel Interface", "tunnel_keepalive" },
	{ EXEC_DEBUG_ISAKMP, "Crypto ISAKMP", "Cryptographic Subsystem", "isakmp" },
	{ EXEC_DEBUG_ISAKMP_ERROR, "Crypto ISAKMP Error", "Cryptographic Subsystem", "isakmp_error" },
	{ EXEC_DEBUG_ISAKMP_DETAIL, "Crypto ISAKMP internals", "Cryptographic Subsystem", "isakmp_detail" },
	{ EXEC_DEBUG_ENGINE, "Crypto Engine", "Cryptographic Subsystem", "engine" },
	{ EXEC_DEBUG_IPSEC, "Crypto IPSEC", "Cryptographic Subsystem", "ipsec" },
	{ EXEC_DEBUG_IPSEC_ERROR, "Crypto IPSEC Error", "Cryptographic Subsystem", "ipsec_error" },
	{ EXEC_DEBUG_IPSEC_MESSAGE, "Crypto IPSEC Message", "Cryptographic Subsystem", "ipsec_message" },
	{ EXEC_DEBUG_IPSEC_STATES, "Crypto IPSEC States", "Cryptographic Subsystem", "ipsec_states" },
	{ EXEC_DEBUG_PKI_MESSAGES, "Crypto PKI Msg", "PKI", "pki_messages" },
	{ EXEC_DEBUG_PKI_TRANSACTIONS, "Crypto PKI Trans", "PKI", "pki_transactions" },
	{ EXEC_DEBUG_PKI_CALLBACKS, "Crypto PKI callbacks", "PKI", "pki_callbacks" },
	{ EXEC_DEBUG_PKI_VALIDATION, "Crypto PKI Validation Path", "PKI", "pki_validation" },
	{ 0, NULL, NULL, NULL },
};

void show_debugging(const struct show_in *in, struct txt *out)
{
	const char *group = NULL;

	for (const struct show_debug *d = show_debugs; d->name; d++) {
		if (!(in->debug & d->flag))
			continue;
		if (d->group != group)
			txt_printf(out, "\n%s:\n", d->group);
		group = d->group;
		txt_printf(out, "  %s debugging is on\n", d->name);
	}
}

static bool is_subnet(const struct ike_debug_peer *p)
{
	return p->prefix_len < ip_bits(p->addr.family);
}

static void peers(const struct show_in *in, bool subnets, const char *heading, struct txt *out)
{
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN];
	bool any = false;

	for (size_t i = 0; i < in->n_debug_peers; i++) {
		const struct ike_debug_peer *p = &in->debug_peers[i];
		struct ipaddr mask = ipaddr_mask(p->addr.family, p->prefix_len);

		if (is_subnet(p) != subnets)
			continue;
		if (!any)
			txt_str(out, heading);
		if (subnets)
			txt_printf(out, "%s %s\n", ipaddr_ios(&p->addr, a), ipaddr_ios(&mask, b));
		else
			txt_printf(out, "%s%s", any ? " " : "", ipaddr_ios(&p->addr, a));
		any = true;
	}
	if (any && !subnets)
		txt_char(out, '\n');
}

/* What concerns no configured peer has no condition of its own: it is not printed. */
void show_debug_condition(const struct show_in *in, struct txt *out)
{
	txt_printf(out, "\nCrypto conditional debug currently is turned %s\n",
		   in->n_debug_peers ? "ON" : "OFF");
	txt_str(out, "IKE debug context unmatched flag: OFF\n"
		     "IPsec debug context unmatched flag: OFF\n"
		     "Crypto Engine debug context unmatched flag: OFF\n");
	peers(in, false, "\nIKE peer IP address filters:\n", out);
	peers(in, true, "\nIKE peer subnet filters:\n", out);
}

int json_debugging(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	for (const struct show_debug *d = show_debugs; d->name; d++)
		json_bool(j, d->json, in->debug & d->flag);
	return 0;
}

int json_debug_condition(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	json_array(j, "peers");
	for (size_t i = 0; i < in->n_debug_peers; i++)
		if (!is_subnet(&in->debug_peers[i]))
			json_addr(j, NULL, &in->debug_peers[i].addr);
	json_array_end(j);
	json_array(j, "subnets");
	for (size_t i = 0; i < in->n_debug_peers; i++) {
		if (!is_subnet(&in->debug_peers[i]))
			continue;
		json_object(j, NULL);
		json_addr(j, "address", &in->debug_peers[i].addr);
		json_num(j, "prefix_length", in->debug_peers[i].prefix_len);
		json_object_end(j);
	}
	json_array_end(j);
	return json_debugging(in, a, j);
}
