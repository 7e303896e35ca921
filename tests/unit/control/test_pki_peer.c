/* SPDX-License-Identifier: Apache-2.0 */
/* Peers against the trustpoints of a configuration, and our own identity. */
#include "pki/pki_vectors.h"

#include <unistd.h>

#include "control/pki_peer.h"

static struct control c;
static char dir[] = "/tmp/culvert-test-pki-XXXXXX";

static struct cfg_trustpoint *trustpoint(const char *name, const char *ca)
{
	struct cfg_trustpoint *t = pki_add_trustpoint(&c.config->pki, name);
	struct cfg_cert *x = cfg_chain_add(pki_add_chain(&c.config->pki, name), CERT_CA, "01");
	struct span der = vector(ca);

	memcpy(x->der, der.p, der.len);
	x->len = (uint16_t)der.len;
	vector_free(der);
	t->revocation[0] = REVOKE_NONE;
	return t;
}

static const char *verify(const char *name)
{
	static char why[PKI_WHY_MAX];
	struct span chain = vector(name);
	struct pki_id id = { .type = PKI_ID_NONE };
	struct pki_key *key = NULL;
	int err = pki_peer_verify(&c, &chain, 1, &id, NOW, &key, why);

	assert_true((err == 0) == (key != NULL));
	assert_true(err == 0 || err == -EACCES);
	pki_key_free(key);
	vector_free(chain);
	return err ? why : "";
}

static const char *verify_by(const char *name, const char *trust)
{
	static char why[PKI_WHY_MAX];
	char names[1][CFG_NAME_MAX];
	struct span chain = vector(name);
	struct pki_id id = { .type = PKI_ID_NONE };
	struct pki_key *key = NULL;

	snprintf(names[0], CFG_NAME_MAX, "%s", trust);
	int err = pki_peer_verify_by(&c, (const char(*)[CFG_NAME_MAX])names, 1, &chain, 1, &id, NOW, &key,
				     why);
	pki_key_free(key);
	vector_free(chain);
	return err ? why : "";
}

#define assert_says(got, part)                         \
	do {                                           \
		const char *g_ = (got);                \
		if (!strstr(g_, part))                 \
			fail_msg("\"%s\"", g_);        \
	} while (0)

static void the_trustpoint_that_knows_the_ca_decides(void **state)
{
	(void)state;
	assert_says(verify("peer.der"), "no trustpoint has a CA certificate");
	trustpoint("SUB", "sub.der");
	assert_says(verify("peer.der"), "does not lead to a CA of trustpoint SUB");
	struct cfg_trustpoint *root = trustpoint("ROOT", "root.der");
	assert_string_equal(verify("peer.der"), "");
	assert_string_equal(verify("peer-sub.der"), "");
	trustpoint("OTHER", "other.der");
	/* `ca trust-point` of a profile */
	assert_string_equal(verify_by("peer.der", "ROOT"), "");
	assert_says(verify_by("peer.der", "OTHER"), "does not lead to a CA of trustpoint OTHER");
	assert_says(verify_by("peer.der", "NONE"), "no trustpoint of its isakmp profile (ca trust-point NONE)");
	assert_says(verify("expired.der"), "expired: notAfter"); /* ROOT's word, not OTHER's */
	/* revocation-check */
	assert_string_equal(verify("revoked.der"), "");
	root->revocation[0] = REVOKE_CRL;
	assert_says(verify("peer.der"), "there is no CRL of its issuer");
	root->revocation[0] = REVOKE_OCSP;
	assert_says(verify("peer.der"), "there is no CRL of its issuer");
	root->revocation[1] = REVOKE_NONE;
	root->n_revocation = 2;
	assert_string_equal(verify("peer.der"), "");
	char path[128];
	struct span crl = vector("good.crl");
	snprintf(path, sizeof(path), "%s/ROOT.crl", dir);
	FILE *f = fopen(path, "w");
	fwrite(crl.p, 1, crl.len, f);
	fclose(f);
	root->revocation[0] = REVOKE_CRL;
	assert_string_equal(verify("peer.der"), "");
	assert_says(verify("revoked.der"), "revoked: its serialNumber is in the CRL");
	unlink(path);
	vector_free(crl);
	/* match certificate */
	memcpy(root->match_map, "M", 2);
	assert_says(verify("peer.der"), "no entry of certificate map M matches");
	struct cfg_cert_map *m = pki_add_cert_map(&c.config->pki, "M", 10);
	assert_says(verify("peer.der"), "no entry of certificate map M matches");
	m->v[m->n++] = (struct cfg_criterion){ FIELD_SUBJECT, OP_CO, "cn=R1" };
	assert_string_equal(verify("peer.der"), "");
	m->v[m->n++] = (struct cfg_criterion){ FIELD_SERIAL, OP_NE, "10" };
	assert_says(verify("peer.der"), "no entry of certificate map M matches");
}

static void we_are_who_has_the_key_to_its_certificate(void **state)
{
	struct pki_identity i;
	struct cfg_trustpoint *t = trustpoint("OWN", "root.der");
	struct cfg_cert *x = cfg_chain_add(pki_find_chain(&c.config->pki, "OWN"), CERT_ROUTER, "10");
	struct span peer = vector("peer.der");
	struct pki_key *other = NULL;

	(void)state;
	memcpy(t->keypair, "K", 2);
	memcpy(x->der, peer.p, peer.len);
	x->len = (uint16_t)peer.len;
	assert_false(pki_own_identity(&c, NULL, &i)); /* no key */
	assert_int_equal(pki_key_generate(c.pki, 1024, &other), 0);
	assert_int_equal(pki_store_put(c.keys, "K", PKI_USAGE_GENERAL, false, 1, other), 0);
	assert_false(pki_own_identity(&c, NULL, &i)); /* another key */
	assert_int_equal(pki_store_put(c.keys, "K", PKI_USAGE_GENERAL, false, 2,
				       vector_key(c.pki, "peer.key.pem", NULL)), 0);
	assert_true(pki_own_identity(&c, NULL, &i));
	assert_ptr_equal(i.trustpoint, t);
	assert_true(span_equal(i.cert, peer));
	assert_true(i.ca.len > 0);
	assert_true(pki_own_identity(&c, "OWN", &i));
	assert_false(pki_own_identity(&c, "ROOT", &i));
	assert_int_equal(pki_store_zeroize(c.keys, "K"), 0);
	vector_free(peer);
}

static int up(void **state)
{
	struct txt said = TXT_INIT;

	(void)state;
	c.config = config_new();
	c.pki = pki_new();
	c.keys = mkdtemp(dir) && c.pki ? pki_store_open(c.pki, dir, &said) : NULL;
	return c.keys && c.config ? 0 : -1;
}

static int down(void **state)
{
	(void)state;
	pki_store_close(c.keys);
	pki_free(c.pki);
	config_free(c.config);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_trustpoint_that_knows_the_ca_decides),
		cmocka_unit_test(we_are_who_has_the_key_to_its_certificate),
	};

	return cmocka_run_group_tests(tests, up, down);
}
