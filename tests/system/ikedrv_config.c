/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file of ikedrv. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ikedrv.h"

static const struct {
	const char *name;
	enum cipher_id id;
	uint16_t bits;
} ciphers[] = {
	{ "null", CIPHER_NULL, 0 },	   { "des", CIPHER_DES, 0 },
	{ "3des", CIPHER_3DES, 0 },	   { "aes128", CIPHER_AES_CBC, 128 },
	{ "aes192", CIPHER_AES_CBC, 192 }, { "aes256", CIPHER_AES_CBC, 256 },
	{ "gcm128", CIPHER_AES_GCM, 128 }, { "gcm192", CIPHER_AES_GCM, 192 },
	{ "gcm256", CIPHER_AES_GCM, 256 }, { "gmac128", CIPHER_AES_GMAC, 128 },
	{ "gmac256", CIPHER_AES_GMAC, 256 }, { "ctr128", CIPHER_AES_CTR, 128 },
	{ "ctr192", CIPHER_AES_CTR, 192 }, { "ctr256", CIPHER_AES_CTR, 256 },
};

/* Index is both enum hash_id and enum auth_id; the last is an authenticator only. */
static const char *const hashes[] = { "none", "md5", "sha1", "sha256", "sha384", "sha512", "xcbc" };

static bool parse_cipher(const char *s, uint8_t *ret_id, uint16_t *ret_bits)
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		if (strcmp(ciphers[i].name, s) != 0)
			continue;
		*ret_id = (uint8_t)ciphers[i].id;
		*ret_bits = ciphers[i].bits;
		return true;
	}
	return false;
}

static bool parse_hash(const char *s, uint8_t *ret_id)
{
	for (uint8_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (!strcmp(hashes[i], s)) {
			*ret_id = i;
			return true;
		}
	}
	return false;
}

/* ADDRESS[/LEN]; the slash is overwritten. */
static bool parse_net(char *s, struct ipaddr *ret_a, unsigned *ret_len)
{
	char *slash = strchr(s, '/');

	if (slash)
		*slash++ = '\0';
	if (!ipaddr_parse(s, ret_a))
		return false;
	*ret_len = slash ? (unsigned)strtoul(slash, NULL, 10) : ip_bits(ret_a->family);
	return *ret_len <= ip_bits(ret_a->family);
}

static bool parse_match(char *s, struct addr_match *ret_m)
{
	struct ipaddr a, mask;
	unsigned len;

	if (!parse_net(s, &a, &len))
		return false;
	mask = ipaddr_mask(a.family, len);
	*ret_m = (struct addr_match){ .addr = ipaddr_network(&a, len) };
	for (size_t i = 0; i < ip_bits(a.family) / 8; i++)
		ret_m->wild[i] = (uint8_t)~mask.b[i];
	return true;
}

static bool parse_port(const char *s, struct port_match *ret_m)
{
	*ret_m = (struct port_match){ .op = PORT_EQ, .lo = (uint16_t)strtoul(s, NULL, 10) };
	return true;
}

static bool parse_set(char *s, struct p2_transform *t)
{
	char *rest = s, *word;

	snprintf(t->name, sizeof(t->name), "%s", s);
	t->mode = MODE_TUNNEL;
	while ((word = strsep(&rest, "+"))) {
		if (!strcmp(word, "transport"))
			t->mode = MODE_TRANSPORT;
		else if (!strncmp(word, "ah-", 3) ? !parse_hash(word + 3, &t->ah_auth)
						  : !parse_cipher(word, &t->cipher, &t->cipher_bits) &&
							    !parse_hash(word, &t->esp_auth))
			return false;
	}
	return true;
}

static bool parse_p2_word(char *word, struct p2_policy *p)
{
	char *value = strchr(word, '='), *item;

	if (!value)
		return false;
	*value++ = '\0';
	if (!strcmp(word, "local"))
		return parse_match(value, &p->sel.local);
	if (!strcmp(word, "remote"))
		return parse_match(value, &p->sel.remote);
	if (!strcmp(word, "lport"))
		return parse_port(value, &p->sel.local_port);
	if (!strcmp(word, "rport"))
		return parse_port(value, &p->sel.remote_port);
	unsigned long n = strtoul(value, NULL, 10);
	if (!strcmp(word, "proto"))
		p->sel.proto = (uint8_t)n;
	else if (!strcmp(word, "pfs"))
		p->pfs_group = (uint16_t)n;
	else if (!strcmp(word, "life"))
		p->life_sec = (uint32_t)n;
	else if (!strcmp(word, "kb"))
		p->life_kb = n;
	else if (strcmp(word, "peer") != 0 && strcmp(word, "set") != 0)
		return false;
	while (!strcmp(word, "peer") && (item = strsep(&value, ",")))
		if (p->n_peers == P2_MAX_PEERS || !ipaddr_parse(item, &p->peers[p->n_peers++]))
			return false;
	while (!strcmp(word, "set") && (item = strsep(&value, ",")))
		if (p->n_transforms == P2_MAX_TRANSFORMS ||
		    !parse_set(item, &p->transforms[p->n_transforms++]))
			return false;
	return true;
}

static bool parse_p2(char *rest, struct drv_config *c)
{
	struct p2_policy *p = &c->p2[c->ike.n_p2];
	char *word = strsep(&rest, " ");

	if (c->ike.n_p2 == DRV_MAX || !word)
		return false;
	*p = (struct p2_policy){ .id = (uint32_t)strtoul(word, NULL, 10), .ifid = 1, .map = "DRV",
				 .seq = 10, .local = c->local, .life_sec = 3600, .life_kb = 4608000,
				 .replay_window = 64 };
	p->ace = p->id * 10;
	while ((word = strsep(&rest, " ")))
		if (*word && !parse_p2_word(word, p))
			return false;
	c->ike.n_p2++;
	return p->n_peers && p->n_transforms;
}

static bool parse_p1(const char *rest, struct drv_config *c)
{
	struct p1_policy *p = &c->p1[c->ike.n_p1];
	char cipher[16], hash[16], auth[16] = "";
	unsigned group;

	if (c->ike.n_p1 == DRV_MAX)
		return false;
	*p = (struct p1_policy){ .auth = IKE_AUTH_PSK };
	if (sscanf(rest, "%u %15s %15s %u %u %15s", &p->priority, cipher, hash, &group, &p->life_sec, auth) < 5)
		return false;
	if (!strcmp(auth, "rsa-sig"))
		p->auth = IKE_AUTH_RSA_SIG;
	p->group = (uint16_t)group;
	c->ike.n_p1++;
	return parse_cipher(cipher, &p->cipher, &p->cipher_bits) && parse_hash(hash, &p->hash);
}

static bool parse_psk(char *rest, struct drv_config *c)
{
	struct psk_entry *e = &c->psk[c->ike.n_psk];
	char *net = strsep(&rest, " ");
	unsigned len;

	if (c->ike.n_psk == DRV_MAX || !rest || strlen(rest) > PSK_MAX || !parse_net(net, &e->addr, &len))
		return false;
	e->mask_len = (uint8_t)len;
	e->key_len = (uint8_t)strlen(rest);
	memcpy(e->key, rest, e->key_len);
	c->ike.n_psk++;
	return true;
}

static bool parse_psk_name(char *rest, struct drv_config *c)
{
	struct psk_entry *e = &c->psk[c->ike.n_psk];
	char *name = strsep(&rest, " ");

	if (c->ike.n_psk == DRV_MAX || !rest || strlen(rest) > PSK_MAX || strlen(name) >= sizeof(e->host))
		return false;
	snprintf(e->host, sizeof(e->host), "%s", name);
	e->key_len = (uint8_t)strlen(rest);
	memcpy(e->key, rest, e->key_len);
	c->ike.n_psk++;
	return true;
}

/* `crypto isakmp peer` and what is set in it. */
static bool parse_peer(char *rest, struct drv_config *c)
{
	static const char *const kinds[] = { [AG_IPV4] = "ipv4-address", [AG_FQDN] = "fqdn",
					     [AG_USER_FQDN] = "user-fqdn" };
	struct ag_peer *a = &c->ag[c->ike.n_ag];
	char *addr = strsep(&rest, " "), *kind = strsep(&rest, " "), *id = strsep(&rest, " ");

	if (c->ike.n_ag == DRV_MAX || !kind || !id || !ipaddr_parse(addr, &a->addr) ||
	    strlen(id) >= sizeof(a->id) || (rest && strlen(rest) > PSK_MAX))
		return false;
	for (uint8_t i = AG_IPV4; i <= AG_USER_FQDN; i++)
		if (!strcmp(kinds[i], kind))
			a->id_kind = i;
	if (a->id_kind != AG_IPV4)
		snprintf(a->id, sizeof(a->id), "%s", id);
	else if (!ipaddr_parse(id, &a->id_addr))
		return false;
	if (rest) {
		a->key_len = (uint8_t)strlen(rest);
		memcpy(a->key, rest, a->key_len);
	}
	c->ike.n_ag++;
	return a->id_kind;
}

static bool parse_keepalive(const char *rest, struct drv_config *c)
{
	char kind[16];

	if (sscanf(rest, "%u %u %15s", &c->ike.keepalive_sec, &c->ike.keepalive_retry_sec, kind) != 3)
		return false;
	c->ike.keepalive_periodic = !strcmp(kind, "periodic");
	return true;
}

static bool parse_rsa(char *rest, struct drv_config *c)
{
	char *file = strsep(&rest, " "), *password = strsep(&rest, " ");

	if (rest && !strcmp(rest, "dn"))
		c->ike.identity = IDENTITY_DN;
	return password && !drv_pki_read(file, password, c);
}

static bool parse_line(char *line, struct drv_config *c)
{
	char *rest = line, *word = strsep(&rest, " ");

	if (!*word || *word == '#')
		return true;
	if (!rest)
		return false;
	if (!strcmp(word, "local"))
		return ipaddr_parse(rest, &c->local);
	if (!strcmp(word, "natt")) {
		c->ike.nat_traversal = !strcmp(rest, "on");
		return true;
	}
	if (!strcmp(word, "aggressive")) {
		c->ike.aggressive = !strcmp(rest, "on");
		return true;
	}
	if (!strcmp(word, "fragmentation")) {
		c->ike.fragmentation = !strcmp(rest, "on");
		return true;
	}
	if (!strcmp(word, "recovery")) {
		c->ike.invalid_spi_recovery = !strcmp(rest, "on");
		return true;
	}
	if (!strcmp(word, "keepalive"))
		return parse_keepalive(rest, c);
	if (!strcmp(word, "rsa"))
		return parse_rsa(rest, c);
	if (!strcmp(word, "pskname"))
		return parse_psk_name(rest, c);
	if (!strcmp(word, "peer"))
		return parse_peer(rest, c);
	if (!strcmp(word, "p1"))
		return parse_p1(rest, c);
	if (!strcmp(word, "psk"))
		return parse_psk(rest, c);
	return !strcmp(word, "p2") && parse_p2(rest, c);
}

int drv_config_read(const char *file, struct drv_config *ret_c)
{
	FILE *f = fopen(file, "re");
	char line[1024];
	bool good = f != NULL;

	*ret_c = (struct drv_config){ .ike = { .enabled = true, .nat_traversal = true } };
	while (good && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		good = parse_line(line, ret_c);
	}
	if (f)
		fclose(f);
	if (!good) {
		fprintf(stderr, "ikedrv: not understood: %s\n", f ? line : file);
		return -EINVAL;
	}
	ret_c->ike.p1 = ret_c->p1;
	ret_c->ike.psk = ret_c->psk;
	ret_c->ike.p2 = ret_c->p2;
	ret_c->ike.ag = ret_c->ag;
	if (ret_c->pki) {
		ret_c->ike.certs = ret_c->certs;
		ret_c->ike.cas = ret_c->cas;
		ret_c->ike.n_certs = ret_c->ike.n_cas = 1;
		ret_c->ike.dn = pki_cert_subject_der(ret_c->own.cert);
	}
	return 0;
}

void drv_config_free(struct drv_config *c)
{
	drv_pki_free(c);
	explicit_bzero(c, sizeof(*c));
}
