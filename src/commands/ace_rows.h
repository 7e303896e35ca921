/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of access-list entries that both families have; they bind in struct ace_args. */
#ifndef COMMANDS_ACE_ROWS_H
#define COMMANDS_ACE_ROWS_H

#include "commands/ace.h"
#include "commands/names.h"
#include "commands/rows.h"

#define AT(f) struct ace_args, f

#define PORT(names, f, i) \
	ALT, NAMES(names, AT(e.f.port[i])), OR, NUM(0, 65535, "Port number", AT(e.f.port[i])), CLOSE
#define PORT_LIST(names, f)                                                                  \
	REP(AT(e.f.n), CFG_MAX_PORTS, sizeof(uint16_t)), NAMES(names, AT(e.f.port[0])), OR,  \
		NUM(0, 65535, "Port number", AT(e.f.port[0])), CLOSE
#define PORTS(names, f)                                                                      \
	OPT, KWV("eq", "Match only packets on a given port number", AT(e.f.op), PORT_EQ),    \
		PORT_LIST(names, f), OR,                                                     \
		KWV("gt", "Match only packets with a greater port number", AT(e.f.op), PORT_GT), \
		PORT(names, f, 0), OR,                                                       \
		KWV("lt", "Match only packets with a lower port number", AT(e.f.op), PORT_LT), \
		PORT(names, f, 0), OR,                                                       \
		KWV("neq", "Match only packets not on a given port number", AT(e.f.op),      \
		    PORT_NEQ),                                                               \
		PORT_LIST(names, f), OR,                                                     \
		KWV("range", "Match only packets in the range of port numbers", AT(e.f.op),  \
		    PORT_RANGE),                                                             \
		PORT(names, f, 0), PORT(names, f, 1), CLOSE

#define FLAG(i, w) KWV(w, "Match on the " w " bit", AT(flag[i]), 1)
#define PLUS1(...) PLUS1_(__VA_ARGS__)
#define PLUS1_(l, u, h, t, f)                                                                \
	{                                                                                    \
		.kind = CLI_ARG, .type = &arg_plus1, .lo = (l), .hi = (u), .help = (h),      \
		CLI_AT(t, f)                                                                 \
	}

#define REMARK                                                                               \
	KWV("remark", "Access list entry comment", AT(e.kind), ACE_REMARK),                  \
		LINE("Comment up to 100 characters", AT(e.remark))
#define SEQ_NUMBER NUM(1, 2147483647, "Sequence Number", AT(seq))

#endif
