/* SPDX-License-Identifier: Apache-2.0 */
/* show running-config in its forms. */
#include "control/running.h"

#include <string.h>

#include "cli/cli.h"

/* ---- bodies ---- */

static void of_interface(const struct control *c, const char *name, struct txt *body)
{
	txt_str(body, "!\n");
	commands_render_interface(c->config, name, body);
	txt_str(body, "end\n");
}

static void of_lists(const struct control *c, struct txt *body)
{
	txt_str(body, "!\nConfiguration of Partition - access-list\n!\n!\n!\n!\n");
	commands_render_lists(c->config, body);
	txt_str(body, "!\n!\nend\n");
}

/* As IOS: what certificates consist of is left out, that they are there is not. */
static void without_certificates(const struct txt *all, struct txt *body)
{
	static const char chain[] = "crypto pki certificate chain ";
	bool inside = false;

	for (const char *p = txt_cstr(all); *p;) {
		size_t len = strcspn(p, "\n");

		if (*p != ' ')
			inside = !strncmp(p, chain, sizeof(chain) - 1);
		if (!inside || strncmp(p, "  ", 2) != 0)
			txt_printf(body, "%.*s\n", (int)len, p);
		p += len + (p[len] != 0);
	}
}

static void put_numbered(const char *text, struct txt *out)
{
	unsigned n = 0;

	for (const char *p = text; *p;) {
		size_t len = strcspn(p, "\n");

		txt_printf(out, " %u : %.*s\n", ++n, (int)len, p);
		p += len + (p[len] != 0);
	}
}

static void wipe(struct txt *t)
{
	if (t->s)
		explicit_bzero(t->s, t->cap);
	txt_fini(t);
}

void running_show(struct control *c, enum running_form form, const struct exec_args *a, struct txt *out)
{
	struct txt body = TXT_INIT, brief = TXT_INIT;
	const struct txt *said = &body;

	if (form == RUNNING_LISTS)
		of_lists(c, &body);
	else if (a->ifname[0])
		of_interface(c, a->ifname, &body);
	else
		files_running_body(c, a->flag ? CLI_RENDER_DEFAULTS : 0, &body);
	if (a->detail) {
		without_certificates(&body, &brief);
		said = &brief;
	}
	txt_printf(out, "Building configuration...\n\nCurrent configuration : %zu bytes\n", said->len);
	if (a->count)
		put_numbered(txt_cstr(said), out);
	else
		txt_mem(out, txt_cstr(said), said->len);
	txt_char(out, '\n');
	out->bad |= body.bad || brief.bad;
	wipe(&brief);
	wipe(&body);
}
