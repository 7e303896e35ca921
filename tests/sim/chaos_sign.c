/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of a router's own key without the work of RSA, which test_ike_rsa.c and the
 * peers of tests/system do: a keyed hash whose key only that router and the judge of a
 * proof can make from the certificate. Nobody gets the other end's by mistake. */
#include <errno.h>

#include "chaos.h"

#define SIG_LEN 64

static void mac(unsigned node, struct span hash, uint8_t sig[SIG_LEN])
{
	uint64_t seed[2] = { w.seed ^ UINT64_C(0x5197ed), node };

	for (size_t i = 0; i < SIG_LEN; i += 8, seed[1] += 0x10000) {
		uint64_t h = hash_bytes(seed, hash.p, hash.len);

		memcpy(sig + i, &h, 8);
	}
}

/* CN=<a letter>; the certificate is the number of its router. */
void sign_node(struct node *n)
{
	static const uint8_t cn[] = { 0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06,
				      0x03, 0x55, 0x04, 0x03, 0x0c, 0x01 };

	memcpy(n->cert_b, "router", 6);
	n->cert_b[6] = (uint8_t)node_no(n);
	memcpy(n->dn_b, cn, sizeof(cn));
	n->dn_b[sizeof(cn)] = (uint8_t)('A' + node_no(n));
	n->cert = span_of(n->cert_b, 7);
	n->dn = span_of(n->dn_b, sizeof(cn) + 1);
}

int sign_make(void *ctx, struct span hash, uint8_t sig[IKE_SIG_MAX], size_t *ret_len)
{
	mac(node_no(ctx), hash, sig);
	*ret_len = SIG_LEN;
	return 0;
}

static int refuse(char why[IKE_WHY_MAX], const char *text)
{
	snprintf(why, IKE_WHY_MAX, "%s", text);
	return -EACCES;
}

int sign_check(void *ctx, const struct ike_proof *p, char why[IKE_WHY_MAX])
{
	const struct node *me = ctx;
	const struct span c = p->certs[0];
	uint8_t want[SIG_LEN];

	if (c.len != 7 || memcmp(c.p, "router", 6) != 0 || c.p[6] >= w.n_nodes)
		return refuse(why, "certificate: it is none of this world");
	const struct node *he = &w.node[c.p[6]];
	const struct link *l = net_between(node_no(me), node_no(he));
	if (!l || l->keys_differ)
		return refuse(why, "certificate: no trustpoint made it");
	bool by_dn = p->id_type == ID_DN, by_addr = p->id_type == (w.v6 ? ID_IPV6 : ID_IPV4);
	if (!(by_dn && span_equal(p->id, he->dn)) && !(by_addr && span_equal(p->id, ike_addr_bytes(&he->addr))))
		return refuse(why, "identity: it is another one than the certificate's");
	mac(node_no(he), p->hash, want);
	return p->sig.len == SIG_LEN && !memcmp(want, p->sig.p, SIG_LEN) ? 0 : -EBADMSG;
}
