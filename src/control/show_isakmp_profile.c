/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto isakmp profile, show crypto isakmp diagnose error. */
#include "control/show_json_parts.h"

#include <string.h>

#include "model/policy.h"

/* ---- profiles ---- */

/* IOS counts who holds it: itself, and the crypto maps and ipsec profiles that name it. */
static unsigned users(const struct show_in *in, const char *name)
{
	const struct config *c = in->config;
	unsigned n = 1;

	for (size_t i = 0; i < c->maps.n; i++) {
		n += !strcmp(c->maps.v[i]->profile, name);
		for (size_t k = 0; k < c->maps.v[i]->entries.n; k++)
			n += !strcmp(c->maps.v[i]->entries.v[k]->profile, name);
	}
	for (size_t i = 0; i < c->ipsec_profiles.n; i++)
		n += !strcmp(c->ipsec_profiles.v[i]->entries.v[0]->profile, name);
	return n;
}

static void identity(const struct cfg_match *m, struct txt *out)
{
	char addr[IPADDR_STRLEN], mask[IPADDR_STRLEN];

	switch (m->kind) {
	case MATCH_ADDRESS:
		txt_printf(out, "%s %s %s", m->addr.family == IP_V6 ? "ipv6-address" : "ip-address", ipaddr_ios(&m->addr, addr),
			   ipaddr_ios(&m->mask, mask));
		break;
	case MATCH_HOST:
		txt_printf(out, "fqdn %s", m->name);
		break;
	case MATCH_HOST_DOMAIN:
		txt_printf(out, "fqdn domain %s", m->name);
		break;
	case MATCH_USER:
		txt_printf(out, "user-fqdn %s", m->name);
		break;
	case MATCH_USER_DOMAIN:
		txt_printf(out, "user-fqdn domain %s", m->name);
		break;
	default:
		txt_printf(out, "group %s", m->name);
		break;
	}
}

static void names(const char v[][CFG_NAME_MAX], size_t n, const char *none, struct txt *out)
{
	for (size_t i = 0; i < n; i++)
		txt_printf(out, "%s%s", i ? " " : "", v[i]);
	txt_printf(out, "%s\n", n ? "" : none);
}

static void profile(const struct show_in *in, const struct cfg_isakmp_profile *p, struct txt *out)
{
	txt_printf(out, "IKEv1 PROFILE %s\nRef Count = %u\n   Identities matched are:\n", p->name, users(in, p->name));
	for (size_t i = 0; i < p->n_matches; i++) {
		if (p->matches[i].kind == MATCH_CERTIFICATE)
			continue;
		txt_str(out, "    ");
		identity(&p->matches[i], out);
		txt_char(out, '\n');
	}
	txt_str(out, "   Certificate maps matched are:\n");
	for (size_t i = 0; i < p->n_matches; i++)
		if (p->matches[i].kind == MATCH_CERTIFICATE)
			txt_printf(out, "    %s\n", p->matches[i].name);
	txt_str(out, "   keyring(s): ");
	names(p->keyrings, p->n_keyrings, "<none>", out);
	txt_str(out, "   trustpoint(s): ");
	names(p->trust, p->n_trust, "<all>", out);
}

void show_isakmp_profile(const struct show_in *in, const char *name, struct txt *out)
{
	const struct cfg_keys *k = &in->config->keys;

	for (size_t i = 0; i < k->n_profiles; i++)
		if (!name[0] || !strcmp(k->profiles[i]->name, name))
			profile(in, k->profiles[i], out);
}

static void json_names(struct json *j, const char *key, const char v[][CFG_NAME_MAX], size_t n)
{
	json_array(j, key);
	for (size_t i = 0; i < n; i++)
		json_str(j, NULL, v[i]);
	json_array_end(j);
}

static void json_matches(struct json *j, const char *key, const struct cfg_isakmp_profile *p, bool certificates)
{
	struct txt t = TXT_INIT;

	json_array(j, key);
	for (size_t i = 0; i < p->n_matches; i++) {
		if ((p->matches[i].kind == MATCH_CERTIFICATE) != certificates)
			continue;
		txt_clear(&t);
		if (certificates)
			txt_str(&t, p->matches[i].name);
		else
			identity(&p->matches[i], &t);
		json_str(j, NULL, txt_cstr(&t));
	}
	json_array_end(j);
	j->out->bad |= t.bad;
	txt_fini(&t);
}

int json_isakmp_profile(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	const struct cfg_keys *k = &in->config->keys;

	json_array(j, "profiles");
	for (size_t i = 0; i < k->n_profiles; i++) {
		const struct cfg_isakmp_profile *p = k->profiles[i];

		if (a->name[0] && strcmp(p->name, a->name) != 0)
			continue;
		json_object(j, NULL);
		json_str(j, "name", p->name);
		json_str_or_null(j, "description", p->description);
		json_num(j, "references", users(in, p->name));
		json_matches(j, "identities", p, false);
		json_matches(j, "certificate_maps", p, true);
		json_names(j, "keyrings", p->keyrings, p->n_keyrings);
		json_names(j, "trustpoints", p->trust, p->n_trust);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}

/* ---- diagnose ---- */

#define ERRORS_MAX 50 /* as IOS keeps */

struct error {
	const char *why;
	unsigned times;
};

/* Why the last negotiation of a policy came to nothing, once for each reason; the policies are in SPD order. */
static size_t errors(const struct show_in *in, struct error v[ERRORS_MAX], size_t *ret_more)
{
	size_t n = 0;

	*ret_more = 0;
	for (size_t i = 0; in->stories && i < in->n_p2; i++) {
		size_t k = 0;

		if (!in->stories[i] || !in->stories[i][0])
			continue;
		while (k < n && strcmp(v[k].why, in->stories[i]) != 0)
			k++;
		if (k < n)
			v[k].times++;
		else if (n < ERRORS_MAX)
			v[n++] = (struct error){ in->stories[i], 1 };
		else
			++*ret_more;
	}
	return n;
}

void show_isakmp_errors(const struct show_in *in, struct txt *out)
{
	struct error v[ERRORS_MAX];
	size_t more, n = errors(in, v, &more);

	txt_printf(out, "Exit Path Table - status: enable, current entry %zu, deleted %zu, max allow %d\n\n", n, more, ERRORS_MAX);
	for (size_t i = 0; i < n; i++)
		txt_printf(out, "Error(%u): %s\n\n", v[i].times, v[i].why);
}

int json_isakmp_errors(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	struct error v[ERRORS_MAX];
	size_t more, n = errors(in, v, &more);

	(void)a;
	json_num(j, "deleted", more);
	json_array(j, "errors");
	for (size_t i = 0; i < n; i++) {
		json_object(j, NULL);
		json_num(j, "flows", v[i].times);
		json_str(j, "reason", v[i].why);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}
