/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: one grammar over struct config. */
#ifndef COMMANDS_COMMANDS_H
#define COMMANDS_COMMANDS_H

#include "cli/cli.h"
#include "model/config.h"

enum command_mode {
	M_NONE = 0,
	M_USER,
	M_EXEC,
	M_CONFIG,
	M_POLICY,
	M_TRANSFORM,
	M_MAP,
	M_DYNAMIC_MAP,
	M_INTERFACE,
	M_TUNNEL, /* (config-if)# too: interfaces with tunnel commands */
	M_STD_NACL,
	M_EXT_NACL,
	M_IPV6_ACL,
	M_ISAKMP_PEER,
	M_TRUSTPOINT,
	M_CERT_CHAIN,
	M_CERT, /* the hex lines of one certificate */
	M_CERT_MAP,
	M_PUBKEY, /* public keys of peers, one of them, and its hex lines */
	M_PUBKEY_KEY,
	M_KEY_STRING,
	M_KEYRING,
	M_ISAKMP_PROFILE,
	M_IPSEC_PROFILE,
	M_ARCHIVE,
	M_ARCHIVE_LOG,
	M_LINE,
	M_ROUTER, /* from here on: kept blocks */
	M_IKEV2,
	M_VPDN,
	M_OTHER,
	M_COUNT
};

/* The grammar; root of its calls is struct config *. */
const struct cli_grammar *commands_grammar(void);

/* running-config without its header, from `hostname` to `end`. */
void commands_render(const struct config *c, unsigned flags, struct txt *out);
/* The same with a `version` line in front, as files have it, unless the
 * configuration that was read has brought its own. */
void commands_render_file(const struct config *c, const char *version, unsigned flags, struct txt *out);
/* That line alone, before a text that commands_render() has made, or the beginning of it; nothing if the configuration has its
 * own. */
void commands_render_version(const struct config *c, const char *version, const char *text, struct txt *out);
/* `interface Tunnel0` and its lines; nothing if it is not configured. */
void commands_render_interface(const struct config *c, const char *ifname, struct txt *out);
/* The access lists of IPv4, as the running configuration has them. */
void commands_render_lists(const struct config *c, struct txt *out);
/* `access-list 101 permit ...` or `permit ...`: one entry as its list prints it. */
void commands_render_ace(const struct cfg_acl *acl, const struct acl_entry *e, struct txt *out);

#endif
