/* SPDX-License-Identifier: Apache-2.0 */
/* Privilege levels: which commands a level has, and `privilege`, which moves them. */
#include "commands/levels.h"

#include <errno.h>
#include <string.h>

#include "commands/exec.h"

#define IN_CONFIG CLI_IN(M_CONFIG)

static const struct {
	enum cfg_privilege_mode mode;
	uint32_t in;
} places[] = {
	{ PRIVILEGE_EXEC, CLI_IN(M_USER) | CLI_IN(M_EXEC) },
	{ PRIVILEGE_CONFIGURE, CLI_IN(M_CONFIG) },
	{ PRIVILEGE_INTERFACE, CLI_IN(M_INTERFACE) | CLI_IN(M_TUNNEL) },
	{ PRIVILEGE_LINE, CLI_IN(M_LINE) },
	{ PRIVILEGE_CRYPTO_MAP, CLI_IN(M_MAP) | CLI_IN(M_DYNAMIC_MAP) },
	{ PRIVILEGE_TRANSFORM, CLI_IN(M_TRANSFORM) },
	{ PRIVILEGE_POLICY, CLI_IN(M_POLICY) },
	{ PRIVILEGE_EXT_ACL, CLI_IN(M_EXT_NACL) },
	{ PRIVILEGE_STD_ACL, CLI_IN(M_STD_NACL) },
};

static const struct cli_name mode_names[] = {
	{ "configure", "Global configuration mode", PRIVILEGE_CONFIGURE },
	{ "crypto-map", "Crypto map config mode", PRIVILEGE_CRYPTO_MAP },
	{ "crypto-transform", "Crypto transform config mode", PRIVILEGE_TRANSFORM },
	{ "exec", "Exec mode", PRIVILEGE_EXEC },
	{ "interface", "Interface configuration mode", PRIVILEGE_INTERFACE },
	{ "ipenacl", "IP named extended access-list configuration mode", PRIVILEGE_EXT_ACL },
	{ "ipsnacl", "IP named simple access-list configuration mode", PRIVILEGE_STD_ACL },
	{ "isakmp", "Crypto ISAKMP policy config mode", PRIVILEGE_POLICY },
	{ "line", "Line configuration mode", PRIVILEGE_LINE },
	{ NULL, NULL, 0 },
};

static uint32_t modes_of(uint8_t mode)
{
	for (size_t i = 0; i < COUNT(places); i++)
		if (places[i].mode == mode)
			return places[i].in;
	return 0;
}

/* As IOS has it: 0 is who may only come and go, 1 looks, 15 does everything. */
static unsigned own_level(const struct cli_row *row)
{
	if (!(row->modes & CLI_IN(M_USER)))
		return CFG_LEVEL_MAX;
	switch (row->action) {
	case EXEC_ENABLE:
	case EXEC_DISABLE:
	case EXEC_EXIT:
		return 0;
	default:
		return 1;
	}
}

static size_t words_in(const char *text)
{
	size_t n = 0;

	while (*(text += strspn(text, " "))) {
		n++;
		text += strcspn(text, " ");
	}
	return n;
}

unsigned commands_level(const void *root, const struct cli_row *row)
{
	const struct cfg_users *u = &((const struct config *)root)->users;
	unsigned level = own_level(row);
	size_t best = 0;

	/* the one that says most of the command, and of such the last */
	for (size_t i = 0; i < u->privileges.n; i++) {
		const struct cfg_privilege *p = u->privileges.v[i];
		size_t words = words_in(p->text);

		if (words < best || !(row->modes & modes_of(p->mode)) || !cli_row_begins(row, p->text))
			continue;
		best = words;
		level = p->level;
	}
	return level;
}

/* ---- `privilege` ---- */

struct level_args {
	uint8_t mode;
	bool all, reset;
	uint8_t level; /* plus one */
	char text[CFG_DESC_MAX];
};

/* Some row of the mode begins so. */
static bool is_command(uint8_t mode, const char *text)
{
	for (const struct cli_row *const *t = commands_grammar()->tables; *t; t++)
		for (const struct cli_row *row = *t; row->toks; row++)
			if ((row->modes & modes_of(mode)) && cli_row_begins(row, text))
				return true;
	return false;
}

static int privilege_apply(struct cli_call *c)
{
	struct cfg_users *u = &((struct config *)c->root)->users;
	const struct level_args *a = c->args;
	struct cfg_privilege *p = users_find_privilege(u, a->mode, a->text);

	if (c->op != CLI_SET || a->reset) {
		if (p)
			users_del_privilege(u, p);
		return 0;
	}
	if (!is_command(a->mode, a->text))
		return -EDOM;
	if (!p && u->privileges.n == CFG_MAX_PRIVILEGES) {
		txt_printf(c->out, "%% At most %d commands have a level of their own.\n", CFG_MAX_PRIVILEGES);
		return -EEXIST;
	}
	p = users_add_privilege(u, a->mode, a->text);
	if (!p)
		return -ENOMEM;
	p->level = (uint8_t)(a->level - 1);
	p->all = a->all;
	return 0;
}

static bool privilege_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			   const void **ret_obj)
{
	const struct cfg_users *u = &((const struct config *)root)->users;
	struct level_args *a = args;

	(void)obj;
	(void)ret_obj;
	if (w->i == u->privileges.n)
		return false;
	const struct cfg_privilege *p = u->privileges.v[w->i++];

	a->mode = p->mode;
	a->all = p->all;
	a->level = (uint8_t)(p->level + 1);
	memcpy(a->text, p->text, sizeof(a->text));
	return true;
}

#define AT_A(f) struct level_args, f

const struct cli_row rows_privilege[] = {
	{ .modes = IN_CONFIG, .args_size = sizeof(struct level_args), .apply = privilege_apply,
	  .each = privilege_each,
	  .toks = TOKS(KW("privilege", "Command privilege parameters"), NAMES(mode_names, AT_A(mode)), OPT,
		       KWV("all", "All suboption will be set to the same privilege level", AT_A(all), 1),
		       CLOSE, ALT, KW("level", "Set privilege level of command"),
		       { .kind = CLI_ARG, .type = &arg_plus1, .lo = 0, .hi = 15, .help = "Privilege level",
			 CLI_AT(struct level_args, level) },
		       LINE("Command", AT_A(text)), OR,
		       KWV("reset", "Reset privilege level of command", AT_A(reset), 1),
		       LINE("Command", AT_A(text)), CLOSE) },
	{ .toks = NULL },
};
