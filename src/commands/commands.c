/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"

#include <assert.h>
#include <string.h>

#include "commands/exec.h"
#include "commands/levels.h"
#include "commands/rows.h"

/* ---- kept lines are the model's ---- */

static int keeper_add(void *list, size_t at, const struct cli_kept *k)
{
	struct kept_line line = { .kind = (uint8_t)k->kind,
				  .depth = (uint8_t)(k->depth < 255 ? k->depth : 255),
				  .anchor = k->anchor, .after = k->after,
				  .line = k->line, .col = k->col,
				  /* kept_add copies it */
				  .text = (char *)(uintptr_t)k->text };

	return kept_add(list, at, &line);
}

static bool keeper_get(const void *list, size_t i, struct cli_kept *ret_k)
{
	const kept_list *l = list;

	if (i >= l->n)
		return false;
	*ret_k = (struct cli_kept){ .kind = (enum cli_keep)l->v[i]->kind, .depth = l->v[i]->depth,
				    .anchor = l->v[i]->anchor, .after = l->v[i]->after,
				    .text = l->v[i]->text,
				    .line = l->v[i]->line, .col = l->v[i]->col };
	return true;
}

static void keeper_del(void *list, size_t i)
{
	kept_del(list, i);
}

static size_t keeper_find(const void *list, const char *text)
{
	return kept_find(list, text);
}

static size_t keeper_end(const void *list, size_t i)
{
	return kept_end(list, i);
}

static bool keeper_any_wrong(const void *list)
{
	return ((const kept_list *)list)->n_wrong > 0;
}

static void keeper_settle(void *list)
{
	kept_del_kind(list, KEPT_CONFLICT);
}

/* The two enumerations are one, seen from both sides of a wall. */
static_assert((int)CLI_KEEP_QUIET == (int)KEPT_QUIET, "kinds of kept lines");
static_assert((int)CLI_KEEP_INCOMPLETE == (int)KEPT_INCOMPLETE, "kinds of kept lines");
static_assert((int)CLI_KEEP_INVALID == (int)KEPT_INVALID, "kinds of kept lines");
static_assert((int)CLI_KEEP_CHILD == (int)KEPT_CHILD, "kinds of kept lines");
static_assert((int)CLI_KEEP_CONFLICT == (int)KEPT_CONFLICT, "kinds of kept lines");

const struct cli_keeper commands_keeper = { keeper_add, keeper_get, keeper_del,
					    keeper_find, keeper_end, keeper_any_wrong,
					    keeper_settle };

/* ---- modes ---- */

#define CONFIG_MODE(prompt_, exit_, defaults_, type)                                     \
	{                                                                                \
		.prompt = (prompt_), .parent = M_CONFIG, .exit_help = (exit_),           \
		.defaults = (defaults_), .kept_off = offsetof(struct type, kept)         \
	}
#define KEPT_MODE(prompt_) \
	{ .prompt = (prompt_), .parent = M_CONFIG, .flags = MODE_KEEPS, .exit_help = "Exit from this mode" }

static const struct cli_mode modes[M_COUNT] = {
	[M_USER] = { .prompt = ">", .flags = MODE_EXEC },
	[M_EXEC] = { .prompt = "#", .flags = MODE_EXEC | MODE_PRIV },
	[M_CONFIG] = { .prompt = "(config)#", .exit_help = "Exit from configure mode",
		       .defaults = &config_defaults, .kept_off = offsetof(struct config, kept) },
	[M_POLICY] = { .prompt = "(config-isakmp)#", .parent = M_CONFIG,
		       .flags = MODE_NO_DEFAULT_HELP,
		       .exit_help = "Exit from ISAKMP protection suite configuration mode",
		       .defaults = &cfg_policy_defaults, .left = policy_left,
		       .kept_off = offsetof(struct cfg_policy, kept) },
	[M_TRANSFORM] = CONFIG_MODE("(cfg-crypto-trans)#",
				    "Exit from crypto transform configuration mode",
				    &cfg_transform_defaults, cfg_transform),
	[M_MAP] = CONFIG_MODE("(config-crypto-map)#", "Exit from crypto map configuration mode",
			      &cfg_map_entry_defaults, cfg_map_entry),
	[M_DYNAMIC_MAP] = CONFIG_MODE("(config-crypto-map)#",
				      "Exit from crypto map configuration mode",
				      &cfg_map_entry_defaults, cfg_map_entry),
	[M_INTERFACE] = CONFIG_MODE("(config-if)#", "Exit from interface configuration mode",
				    &cfg_interface_defaults, cfg_interface),
	[M_TUNNEL] = CONFIG_MODE("(config-if)#", "Exit from interface configuration mode",
				 &cfg_interface_defaults, cfg_interface),
	[M_STD_NACL] = CONFIG_MODE("(config-std-nacl)#", "Exit from access-list configuration mode",
				   NULL, cfg_acl),
	[M_EXT_NACL] = CONFIG_MODE("(config-ext-nacl)#", "Exit from access-list configuration mode",
				   NULL, cfg_acl),
	[M_IPV6_ACL] = CONFIG_MODE("(config-ipv6-acl)#", "Exit from access-list configuration mode",
				   NULL, cfg_acl),
	[M_ISAKMP_PEER] = CONFIG_MODE("(config-isakmp-peer)#",
				      "Exit from ISAKMP peer policy configuration mode",
				      &cfg_isakmp_peer_defaults, cfg_isakmp_peer),
	[M_TRUSTPOINT] = CONFIG_MODE("(ca-trustpoint)#",
				     "Exit from certificate authority trustpoint entry mode",
				     &cfg_trustpoint_defaults, cfg_trustpoint),
	[M_CERT_CHAIN] = CONFIG_MODE("(config-cert-chain)#", "Exit from certificate chain entry mode",
				     NULL, cfg_chain),
	[M_CERT] = CONFIG_MODE("(config-pubkey)#", "Exit from certificate entry mode", NULL, cfg_cert),
	[M_CERT_MAP] = CONFIG_MODE("(ca-certificate-map)#", "Exit from certificate map entry mode",
				   NULL, cfg_cert_map),
	[M_PUBKEY] = CONFIG_MODE("(config-pubkey-chain)#", "Exit from public key chain entry mode", NULL,
				 cfg_pubkeys),
	[M_PUBKEY_KEY] = CONFIG_MODE("(config-pubkey-key)#", "Exit from public key entry mode", NULL,
				     cfg_pubkey),
	[M_KEY_STRING] = { .prompt = "(config-pubkey)#", .parent = M_CONFIG,
			   .exit_help = "Exit from public key data entry mode",
			   .kept_off = offsetof(struct cfg_pubkey, kept_text) },
	[M_KEYRING] = CONFIG_MODE("(conf-keyring)#", "Exit from crypto keyring sub mode",
				  &cfg_keyring_defaults, cfg_keyring),
	[M_ISAKMP_PROFILE] = { .prompt = "(conf-isa-prof)#", .parent = M_CONFIG,
			       .exit_help = "Exit from crypto isakmp profile sub mode",
			       .defaults = &cfg_isakmp_profile_defaults, .left = profile_left,
			       .kept_off = offsetof(struct cfg_isakmp_profile, kept) },
	[M_IPSEC_PROFILE] = CONFIG_MODE("(ipsec-profile)#", "Exit from IPSec profile configuration mode",
					&cfg_map_entry_defaults, cfg_map_entry),
	[M_ARCHIVE] = CONFIG_MODE("(config-archive)#", "Exit from archive configuration mode", &cfg_archive_defaults, cfg_archive),
	[M_ARCHIVE_LOG] = CONFIG_MODE("(config-archive-log-cfg)#", "Exit from config-log configuration mode",
				      &cfg_archive_defaults.log, cfg_archive_log),
	[M_LINE] = CONFIG_MODE("(config-line)#", "Exit from line configuration mode", &cfg_line_defaults,
			       cfg_line),
	[M_ROUTER] = KEPT_MODE("(config-router)#"),
	[M_IKEV2] = KEPT_MODE("(config-ikev2)#"),
	[M_VPDN] = KEPT_MODE("(config-vpdn)#"),
	[M_OTHER] = KEPT_MODE("(config-other)#"),
};

/* In the order in which IOS prints a configuration. */
static const struct cli_row *const tables[] = {
	rows_version, rows_service, rows_service_passwords, rows_system, rows_boot, rows_logging, rows_enable, rows_globals,
	rows_kept_names, rows_usernames, rows_passwords, rows_kept_early, rows_kept_sessions, rows_pki, rows_archive,
	rows_keyring, rows_isakmp, rows_isakmp_peer, rows_isakmp_profile, rows_ipsec, rows_ipsec_profile, rows_pubkey,
	rows_kept_crypto, rows_map, rows_kept_terms, rows_interface, rows_interface6, rows_tunnel, rows_kept_if,
	rows_kept_routers, rows_kept_ip, rows_route, rows_acl, rows_kept_probes, rows_syslog, rows_acl_numbers, rows_route6,
	rows_kept_lists, rows_kept_policy, rows_acl6, rows_kept_late, rows_kept_blocks, rows_banners, rows_privilege,
	rows_lines, rows_kept_last, rows_kept_applets, rows_if_range, rows_exec,
	rows_exec_files, rows_exec_show, rows_exec_clear, rows_exec_trace, rows_exec_crypto, rows_exec_debug, rows_exec_absent, rows_exec_off, rows_exec_pki, rows_exec_capture, NULL,
};

/* What shows, and changes nothing. */
static bool pipes(const struct cli_row *row)
{
	static const char *const words[] = { "show", "more", "dir" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (row->toks[0].word && !strcmp(row->toks[0].word, words[i]))
			return true;
	return row->action == EXEC_WRITE_TERMINAL;
}

static const char *hostname(const void *root)
{
	return ((const struct config *)root)->hostname;
}

static const struct cli_grammar grammar = {
	.modes = modes,
	.n_modes = M_COUNT,
	.tables = tables,
	.mode_user = M_USER,
	.mode_exec = M_EXEC,
	.mode_config = M_CONFIG,
	.nests = commands_nests,
	.owns = commands_owns,
	.keeper = &commands_keeper,
	.hostname = hostname,
	.pipes = pipes,
	.level = commands_level,
	.own_level = commands_own_level,
};

const struct cli_grammar *commands_grammar(void)
{
	return &grammar;
}

void commands_render(const struct config *c, unsigned flags, struct txt *out)
{
	cli_render(&grammar, c, flags, out);
	txt_str(out, "end\n");
}

void commands_render_version(const struct config *c, const char *version, const char *text, struct txt *out)
{
	bool own = false;

	for (size_t i = 0; i < c->kept.n; i++)
		own |= c->kept.v[i]->kind == KEPT_QUIET &&
		       !strncmp(c->kept.v[i]->text, "version ", 8);
	if (!own) /* `service` lines are of its paragraph */
		txt_printf(out, "version %s\n%s", version, strncmp(text, "hostname ", 9) ? "" : "!\n");
}

void commands_render_file(const struct config *c, const char *version, unsigned flags, struct txt *out)
{
	struct txt text = TXT_INIT;

	commands_render(c, flags, &text);
	commands_render_version(c, version, txt_cstr(&text), out);
	txt_mem(out, txt_cstr(&text), text.len);
	out->bad |= text.bad;
	if (text.s)
		explicit_bzero(text.s, text.len);
	txt_fini(&text);
}

/* Whether one of the block's lines begins with these words. */
static bool block_has(const char *block, const char *line)
{
	size_t n = strlen(line);

	for (const char *p = strchr(block, '\n'); p; p = strchr(p + 1, '\n'))
		if (!strncmp(p + 1, line, n) && strchr(" \n", p[1 + n]))
			return true;
	return false;
}

/* IOS says of an interface that it has no address, in the address's place: behind what tells of the interface itself. */
static void put_block(const char *block, struct txt *out)
{
	static const char *const firsts[] = { "interface", " description", " bandwidth" };
	bool bare = !block_has(block, " ip address") && !block_has(block, " no ip address") && !block_has(block, " ip unnumbered");

	for (const char *p = block; *p;) {
		size_t len = strcspn(p, "\n"), i = 0, n = sizeof(firsts) / sizeof(firsts[0]);

		len += p[len] != 0;
		while (i < n && strncmp(p, firsts[i], strlen(firsts[i])) != 0)
			i++;
		if (bare && i == n) {
			txt_str(out, " no ip address\n");
			bare = false;
		}
		txt_mem(out, p, len);
		p += len;
	}
	if (bare && *block)
		txt_str(out, " no ip address\n");
}

void commands_render_interface(const struct config *c, const char *ifname, struct txt *out)
{
	struct txt first = TXT_INIT, block = TXT_INIT;

	const struct cfg_interface *i = config_find_interface(c, ifname);
	static const char *const links[] = { "", " point-to-point", " multipoint" };

	txt_printf(&first, "interface %s%s", ifname, links[i ? i->link : 0]);
	cli_render_block(&grammar, c, txt_cstr(&first), &block);
	put_block(txt_cstr(&block), out);
	out->bad |= block.bad;
	txt_fini(&block);
	txt_fini(&first);
}

void commands_render_lists(const struct config *c, struct txt *out)
{
	static const char *const begins[] = { "access-list ", "ip access-list " };
	struct txt all = TXT_INIT;
	bool inside = false;

	commands_render(c, 0, &all);
	for (const char *p = txt_cstr(&all); *p;) {
		size_t len = strcspn(p, "\n");

		if (*p != ' ') {
			bool was = inside;

			inside = !strncmp(p, begins[0], strlen(begins[0])) || !strncmp(p, begins[1], strlen(begins[1]));
			if (was && !inside)
				txt_str(out, "!\n");
		}
		if (inside) {
			txt_mem(out, p, len);
			txt_char(out, '\n');
		}
		p += len + (p[len] != 0);
	}
	out->bad |= all.bad;
	if (all.s)
		explicit_bzero(all.s, all.len);
	txt_fini(&all);
}
