/* SPDX-License-Identifier: Apache-2.0 */
/* Privilege levels: which commands a level has, and `privilege`, which moves them. */
#include "commands/levels.h"

#include <assert.h>
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
unsigned commands_level(const struct cli_row *row)
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

static_assert(CFG_MAX_PRIVILEGES <= CLI_GRANTS_MAX, "each of them is looked at");

bool commands_own_level(const void *root, size_t i, struct cli_own_level *ret)
{
	const struct cfg_users *u = &((const struct config *)root)->users;

	if (i >= u->privileges.n)
		return false;
	*ret = (struct cli_own_level){ modes_of(u->privileges.v[i]->mode), u->privileges.v[i]->level, u->privileges.v[i]->text };
	return true;
}

/* ---- `privilege` ---- */

struct level_args {
	uint8_t mode;
	bool all, reset;
	uint8_t level; /* plus one */
	char text[CFG_DESC_MAX];
};

/* The command in full words. A mode of `privilege` may be several of the grammar's: in all that have such a command it has to
 * be the same. 0, -EDOM or -ENOMEM. */
static int in_full(uint8_t mode, const char *text, char ret_text[CFG_DESC_MAX])
{
	struct txt full = TXT_INIT, one = TXT_INIT;
	int err = 0;

	for (unsigned m = 0; !err && m < M_COUNT; m++) {
		txt_clear(&one);
		if (modes_of(mode) & CLI_IN(m))
			err = cli_expand(commands_grammar(), m, text, &one);
		if (err == -EDOM)
			err = 0;
		else if (one.len && full.len && strcmp(txt_cstr(&one), txt_cstr(&full)) != 0)
			err = -EDOM;
		else if (!err && one.len && !full.len)
			txt_str(&full, txt_cstr(&one));
	}
	if (full.bad)
		err = -ENOMEM;
	else if (err == -ENOTUNIQ || !full.len || full.len >= CFG_DESC_MAX)
		err = err == -ENOMEM ? err : -EDOM;
	if (!err)
		memcpy(ret_text, txt_cstr(&full), full.len + 1);
	txt_fini(&full);
	txt_fini(&one);
	return err;
}

static int privilege_apply(struct cli_call *c)
{
	struct cfg_users *u = &((struct config *)c->root)->users;
	const struct level_args *a = c->args;
	char text[CFG_DESC_MAX];
	int err = in_full(a->mode, a->text, text);
	struct cfg_privilege *p = err ? NULL : users_find_privilege(u, a->mode, text);

	if (err)
		return err;
	if (c->op != CLI_SET || a->reset) {
		if (p)
			users_del_privilege(u, p);
		return 0;
	}
	if (!p && u->privileges.n == CFG_MAX_PRIVILEGES) {
		txt_printf(c->out, "%% At most %d commands have a level of their own.\n", CFG_MAX_PRIVILEGES);
		return -EEXIST;
	}
	p = users_add_privilege(u, a->mode, text);
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
