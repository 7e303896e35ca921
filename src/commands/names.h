/* SPDX-License-Identifier: Apache-2.0 */
/* The names IOS has for protocols, ports, ICMP messages and header values. */
#ifndef COMMANDS_NAMES_H
#define COMMANDS_NAMES_H

#include "cli/cli.h"

extern const struct cli_name proto_names[]; /* without tcp, udp, icmp and igmp */
extern const struct cli_name tcp_port_names[];
extern const struct cli_name udp_port_names[];
/* type and code: 1 + type * 512 + code + 1, code + 1 being 0 for "any" */
extern const struct cli_name icmp_names[];
extern const struct cli_name icmp6_names[]; /* the same of ICMPv6 */
extern const struct cli_name proto6_names[]; /* without tcp, udp and icmp */
#define ICMP_NAMED(type, code) (1 + (type) * 512 + (code) + 1)
#define ICMP_ANY_CODE	       (-1)
/* values plus one */
extern const struct cli_name igmp_names[]; /* only told apart from none */
extern const struct cli_name sign_names[]; /* +ack, -ack and so on */
extern const struct cli_name precedence_names[];
extern const struct cli_name tos_names[];
extern const struct cli_name dscp_names[];

#endif
