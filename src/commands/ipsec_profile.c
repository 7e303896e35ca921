/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto ipsec profile NAME`: the terms that tunnel protection negotiates. The lines
 * below it are those of crypto map entries (map.c), without a peer and without a list:
 * the tunnel has them. */
#include "commands/rows.h"

#include <errno.h>
#include <string.h>

struct profile_args {
	char name[CFG_NAME_MAX];
};

/* As for a crypto map that an interface uses. */
static bool in_use(const struct config *c, const char *name, struct txt *out)
{
	struct txt users = TXT_INIT;
	bool used;

	for (size_t i = 0; i < c->interfaces.n; i++) {
		const struct cfg_interface *f = c->interfaces.v[i];

		if (f->is_tunnel && !strcmp(f->tunnel.protection, name))
			txt_printf(&users, "%s%s", users.len ? ", " : "", f->name);
	}
	used = users.len > 0;
	if (used)
		txt_printf(out,
			   "%% IPSec profile %s is in use by interface(s): %s. Please remove the "
			   "tunnel protection from the above interface(s) first\n",
			   name, txt_cstr(&users));
	txt_fini(&users);
	return used;
}

static int profile_apply(struct cli_call *c)
{
	const struct profile_args *a = c->args;

	if (c->op == CLI_SET)
		return config_add_ipsec_profile(c->root, a->name) ? 0 : -ENOMEM;
	if (in_use(c->root, a->name, c->out))
		return -EINVAL;
	config_del_ipsec_profile(c->root, a->name);
	return 0;
}

static void *profile_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return config_find_ipsec_profile(root, ((const struct profile_args *)args)->name);
}

static bool profile_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			 const void **ret_obj)
{
	const struct config *c = root;
	struct profile_args *a = args;

	(void)obj;
	if (w->i == c->ipsec_profiles.n)
		return false;
	const struct cfg_map *m = c->ipsec_profiles.v[w->i++];
	memcpy(a->name, m->name, sizeof(a->name));
	*ret_obj = m->entries.v[0];
	return true;
}

const struct cli_row rows_ipsec_profile[] = {
	{ .modes = CLI_IN(M_CONFIG), .enters = M_IPSEC_PROFILE,
	  .args_size = sizeof(struct profile_args), .apply = profile_apply,
	  .find = profile_find, .each = profile_each,
	  .toks = TOKS(KW("crypto", "Encryption module"), KW("ipsec", "Configure IPSEC policy"),
		       KW("profile", "Configure an ipsec policy profile"),
		       WORD("Profile name", struct profile_args, name)) },
	{ .toks = NULL },
};
