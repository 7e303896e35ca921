/* SPDX-License-Identifier: Apache-2.0 */
/* From show actions to their JSON. */
#include "control/show_json.h"

#include <errno.h>
#include <stdlib.h>

#include "control/show_json_parts.h"

static const struct json_row *find(unsigned action)
{
	static const struct json_row *const tables[] = { json_rows_crypto, json_rows_system };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct json_row *r = tables[i]; r->action != EXEC_NONE; r++)
			if (r->action == action)
				return r;
	return NULL;
}

enum show_json_kind show_json_kind(unsigned action)
{
	const struct json_row *r = find(action);

	return !r ? JSON_NO : r->tell ? JSON_ROWS : JSON_LINES;
}

int show_json(const struct show_in *in, unsigned action, const struct exec_args *a, struct txt *out)
{
	const struct json_row *r = find(action);
	struct txt doc = TXT_INIT;
	struct json j = json_of(&doc);
	int err = -EINVAL;

	if (!r || !r->tell)
		return -ENOSYS;
	json_object(&j, NULL);
	if (!a->ifname[0] || show_if_by_name(in, a->ifname))
		err = r->tell(in, a, &j);
	json_object_end(&j);
	if (err)
		err = show_run(in, action, a, out); /* it knows the words */
	else
		txt_mem(out, txt_cstr(&doc), doc.len);
	out->bad |= doc.bad;
	txt_fini(&doc);
	return err;
}

/* ---- in pieces ---- */

#define STEPS_A_PIECE 64

/* What may be long, by its elements. */
static const struct json_long {
	unsigned action;
	const char *array; /* that they are in; NULL: in none */
	json_element *element;
} longs[] = {
	{ EXEC_SHOW_ISAKMP_SA, "isakmp_sas", json_isakmp_sa_element },
	{ EXEC_SHOW_IPSEC_SA, "flows", json_ipsec_sa_element },
	{ EXEC_SHOW_CRYPTO_MAP, "crypto_maps", json_map_element },
	{ EXEC_SHOW_CRYPTO_SESSION, "sessions", json_session_element },
	{ EXEC_SHOW_CRYPTO_CHECK, NULL, json_check_element },
	{ EXEC_SHOW_ACCESS_LISTS, "access_lists", json_all_lists_element },
	{ EXEC_SHOW_IP_ACCESS_LISTS, "access_lists", json_ip_lists_element },
	{ EXEC_SHOW_IPV6_ACCESS_LIST, "access_lists", json_ipv6_lists_element },
	{ EXEC_SHOW_IP_ROUTE, NULL, json_ip_route_element },
	{ EXEC_SHOW_IPV6_ROUTE, NULL, json_ipv6_route_element },
};

static const struct json_long *find_long(unsigned action)
{
	for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++)
		if (longs[i].action == action)
			return &longs[i];
	return NULL;
}

bool show_json_in_pieces(unsigned action, const struct exec_args *a)
{
	if (action == EXEC_SHOW_CRYPTO_SESSION) /* what was may change meanwhile */
		return show_session_filter(a).form == SESSION_NOW;
	return find_long(action) || action == EXEC_SHOW_CRYPTO_ENGINE || action == EXEC_SHOW_IP_ROUTE_SUMMARY;
}

int json_whole(const struct show_in *in, const struct exec_args *a, const char *array, json_element *element, struct json *j)
{
	struct show_json_cursor k = { 0 };

	if (array)
		json_array(j, array);
	while (element(in, a, &k, j))
		;
	if (array)
		json_array_end(j);
	show_json_cursor_fini(&k);
	return 0;
}

int show_json_some(const struct show_in *in, unsigned action, const struct exec_args *a, struct show_json_cursor *k,
		   struct txt *out)
{
	const struct json_long *r = find_long(action);
	size_t end = out->len + SHOW_PIECE;
	bool more = true;

	/* other forms, and what does not exist */
	if (!k->begun && (!r || a->count || (action == EXEC_SHOW_IPSEC_SA && a->flag) ||
			  (action == EXEC_SHOW_IP_ROUTE && a->addr.family && !a->detail) ||
			  (a->ifname[0] && !show_if_by_name(in, a->ifname)))) {
		k->over = true;
		return show_json(in, action, a, out);
	}
	if (!k->begun)
		k->j = json_of(out);
	k->j.out = out; /* of each piece another one */
	if (!k->begun) {
		json_object(&k->j, NULL);
		if (r->array)
			json_array(&k->j, r->array);
	}
	k->begun = true;
	k->pause = false;
	for (size_t i = 0; more && !k->pause && i < STEPS_A_PIECE && out->len < end; i++)
		more = r->element(in, a, k, &k->j);
	if (more)
		return 0;
	if (r->array)
		json_array_end(&k->j);
	json_object_end(&k->j);
	k->over = true;
	return 0;
}

void show_json_lines(const char *text, struct txt *out)
{
	struct json j = json_of(out);

	json_object(&j, NULL);
	json_lines(&j, "lines", text);
	json_object_end(&j);
}
