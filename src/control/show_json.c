/* SPDX-License-Identifier: Apache-2.0 */
/* From show actions to their JSON. */
#include "control/show_json.h"

#include <errno.h>

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

void show_json_lines(const char *text, struct txt *out)
{
	struct json j = json_of(out);

	json_object(&j, NULL);
	json_lines(&j, "lines", text);
	json_object_end(&j);
}
