/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of rows share; the room's own header. */
#ifndef COMMANDS_ROWS_H
#define COMMANDS_ROWS_H

#include "cli/cli.h"
#include "commands/commands.h"
#include "model/config.h"

/* One table per subject, ended by a row without tokens. Running-config prints
 * them in the order in which commands.c lists them. */
extern const struct cli_row rows_version[];
extern const struct cli_row rows_service[];
extern const struct cli_row rows_service_passwords[];
extern const struct cli_row rows_system[];
extern const struct cli_row rows_boot[];
extern const struct cli_row rows_logging[];
extern const struct cli_row rows_syslog[];
extern const struct cli_row rows_enable[];
extern const struct cli_row rows_globals[];
extern const struct cli_row rows_usernames[];
extern const struct cli_row rows_passwords[];
extern const struct cli_row rows_privilege[];
extern const struct cli_row rows_lines[];
extern const struct cli_row rows_pki[];
extern const struct cli_row rows_archive[];
extern const struct cli_row rows_pubkey[];
extern const struct cli_row rows_isakmp[];
extern const struct cli_row rows_isakmp_peer[];
extern const struct cli_row rows_keyring[];
extern const struct cli_row rows_isakmp_profile[];
extern const struct cli_row rows_ipsec[];
extern const struct cli_row rows_ipsec_profile[];
extern const struct cli_row rows_map[];
extern const struct cli_row rows_interface[];
extern const struct cli_row rows_interface6[];
extern const struct cli_row rows_if_range[];
extern const struct cli_row rows_tunnel[];
extern const struct cli_row rows_route[];
extern const struct cli_row rows_route6[];
extern const struct cli_row rows_acl[];
extern const struct cli_row rows_acl_numbers[];
extern const struct cli_row rows_acl6[];
extern const struct cli_row rows_kept_early[];
extern const struct cli_row rows_kept_crypto[];
extern const struct cli_row rows_kept_terms[];
extern const struct cli_row rows_kept_routers[];
extern const struct cli_row rows_kept_probes[];
extern const struct cli_row rows_kept_policy[];
extern const struct cli_row rows_kept_blocks[];
extern const struct cli_row rows_kept_applets[];
extern const struct cli_nest commands_nests[];
extern const struct cli_own commands_owns[];
extern const struct cli_row rows_kept_if[];
extern const struct cli_row rows_kept_names[];
extern const struct cli_row rows_kept_sessions[];
extern const struct cli_row rows_kept_ip[];
extern const struct cli_row rows_kept_lists[];
extern const struct cli_row rows_kept_late[];
extern const struct cli_row rows_kept_last[];
extern const struct cli_row rows_banners[];
extern const struct cli_row rows_exec[];
extern const struct cli_row rows_exec_files[];
extern const struct cli_row rows_exec_show[];
extern const struct cli_row rows_exec_clear[];
extern const struct cli_row rows_exec_trace[];
extern const struct cli_row rows_exec_crypto[];
extern const struct cli_row rows_exec_debug[];
extern const struct cli_row rows_exec_absent[];
extern const struct cli_row rows_exec_off[];
extern const struct cli_row rows_exec_pki[];
extern const struct cli_row rows_exec_capture[];

extern const struct cli_keeper commands_keeper;

/* Argument types of this grammar: struct ipaddr, canonical interface names in
 * char[CFG_NAME_MAX], and numbers stored plus one so that 0 is "none". */
extern const struct cli_type arg_addr;
extern const struct cli_type arg_mask;
extern const struct cli_type arg_wild;
extern const struct cli_type arg_host; /* a host name: begins with a letter */
extern const struct cli_type arg_hostname; /* the router's own: any characters that print */
extern const struct cli_type arg_ifname;
extern const struct cli_type arg_shown_if; /* the same where something is shown of it: not any word */
extern const struct cli_type arg_template; /* Virtual-Template1 */
extern const struct cli_type arg_tunnel;   /* interface names of that class only */
extern const struct cli_type arg_loopback;
extern const struct cli_type arg_subif;
extern const struct cli_type arg_plus1;

#define TOKS(...) \
	(const struct cli_tok[])       \
	{                              \
		__VA_ARGS__, { .kind = CLI_END } \
	}

#define ADDR(...) CLI_ARG_(arg_addr, __VA_ARGS__)

/* A known line of IOS that is only kept; BLOCK: with lines below it. */
#define KEPT(modes_, flags_, ...) \
	{ .modes = (modes_), .flags = (uint16_t)(ROW_KEEP | (flags_)), .toks = TOKS(__VA_ARGS__) }
#define KEPT_NOTE(modes_, flags_, note, ...)                                               \
	{                                                                                 \
		.modes = (modes_), .flags = (uint16_t)(ROW_KEEP | (flags_)),              \
		.toks = TOKS(__VA_ARGS__), .msg = (note)                                  \
	}
#define KEPT_BLOCK(modes_, enters_, note, ...) \
	KEPT_PROMPT(modes_, enters_, NULL, note, __VA_ARGS__)
#define KEPT_PROMPT(modes_, enters_, prompt_, note, ...)                                  \
	{                                                                                 \
		.modes = (modes_), .enters = (enters_), .flags = ROW_KEEP | ROW_KEEP_MANY, \
		.toks = TOKS(__VA_ARGS__), .msg = (note), .prompt = (prompt_)             \
	}
/* It says nothing without what follows, nor does its `no`. */
#define KEPT_MORE(modes_, ...)                                                            \
	KEPT(modes_, ROW_KEEP_MANY | ROW_FULL, __VA_ARGS__,                               \
	     { .kind = CLI_ARG, .type = &cli_line, .help = "The rest of the line" })
/* The rest of a kept line: anything or nothing. */
#define REST OPT, { .kind = CLI_ARG, .type = &cli_line, .help = "The rest of the line" }, CLOSE
#define REST_SECRET                                                                       \
	OPT,                                                                              \
		{ .kind = CLI_ARG, .type = &cli_line, .help = "The rest of the line",     \
		  .flags = CLI_SECRET },                                                  \
		CLOSE

/* What is weak in a policy that was made and left, IOS's defaults among it. */
void policy_left(const void *obj, struct txt *out);

/* `password encryption aes`: what its `no` leaves. */
int password_aes_apply(struct cli_call *c);

/* `service password-encryption`: what is in clear is encrypted. */
int password_encryption_apply(struct cli_call *c);

/* What a profile that was made and left still lacks. */
void profile_left(const void *obj, struct txt *out);

/* One line of advice where something weak is configured: "encryption des". */
void note_weak(struct txt *out, const char *what);
/* "Bad mask /..." of IOS; true if the mask is contiguous. */
bool mask_is_good(const struct ipaddr *mask, const struct ipaddr *addr, struct txt *out);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
