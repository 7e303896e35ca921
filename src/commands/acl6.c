/* SPDX-License-Identifier: Apache-2.0 */
/* `ipv6 access-list NAME` and its lines. Their sequence numbers have a keyword in front, and
 * IOS takes one behind the line, too. */
#include "commands/ace_rows.h"
#include "commands/acl_edit.h"
#include "commands/acl_place.h"

#include <errno.h>
#include <string.h>

struct list6_args {
	char name[CFG_NAME_MAX];
};

static int list6_apply(struct cli_call *c)
{
	const struct list6_args *a = c->args;
	struct cfg_acl *acl = config_find_acl(c->root, a->name);

	if (c->op != CLI_SET) {
		if (acl && acl->kind == ACL_IPV6)
			config_del_acl(c->root, acl);
		return 0;
	}
	if (a->name[0] >= '0' && a->name[0] <= '9') {
		txt_str(c->out, "% Invalid access list name.\n");
		return -EINVAL;
	}
	if (acl && acl->kind != ACL_IPV6) {
		txt_str(c->out, "% An IPv4 access list with this name already exists\n");
		return -EEXIST;
	}
	return config_add_acl(c->root, a->name, ACL_IPV6, false) ? 0 : -ENOMEM;
}

static void *list6_find(void *root, void *obj, const void *args)
{
	struct cfg_acl *acl = config_find_acl(root, ((const struct list6_args *)args)->name);

	(void)obj;
	return acl && acl->kind == ACL_IPV6 ? acl : NULL;
}

static bool list6_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		       const void **ret_obj)
{
	const struct config *c = root;

	(void)obj;
	while (w->i < c->acls.n && c->acls.v[w->i]->kind != ACL_IPV6)
		w->i++;
	if (w->i == c->acls.n)
		return false;
	*ret_obj = c->acls.v[w->i];
	memcpy(((struct list6_args *)args)->name, c->acls.v[w->i++]->name, CFG_NAME_MAX);
	return true;
}

static int member6_apply(struct cli_call *c)
{
	const struct ace_args *a = c->args;
	struct acl_entry e;

	if (ace_unknown(a)) {
		txt_printf(c->out, "%% This version does not match %s: the entry is kept in its "
				   "place, and not used.\n", ace_unknown(a));
		return -EINVAL;
	}
	ace6_to_entry(a, &e);
	if (e.kind == ACE_REMARK)
		e.seq = 0; /* it stands where it was typed */
	return c->op == CLI_SET ? acl_entry_set(c->obj, &e, c->out) :
				  acl_entry_remove(c->obj, &e, c->out);
}

static bool member6_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			 const void **ret_obj)
{
	const struct cfg_acl *acl = obj;
	struct ace_args *a = args;
	const struct acl_entry *e;

	(void)root;
	(void)ret_obj;
	if (w->i == acl->entries.n)
		return false;
	e = acl->entries.v[w->i++];
	ace6_from_entry(e, a);
	a->place = acl_place(acl, w->i - 1);
	if (e->kind != ACE_REMARK && !acl_seq_is_implied((uint32_t)w->j, e->seq))
		a->seq = e->seq;
	w->j = e->seq;
	return true;
}

/* ---- tokens ---- */

#define ANY_HELP(what)	"Any " what " prefix"
#define NET_HELP(what)	"IPv6 " what " prefix x:x::y/<z>"
#define HOST_HELP(what) "A single " what " host"
#define ADDRESS6(which, what)                                                                \
	ALT, PREFIX6(NET_HELP(what), AT(which.net)), OR,                                     \
		KWV("any", ANY_HELP(what), AT(which.any), 1), OR,                            \
		KWV("host", HOST_HELP(what), AT(which.host), 1),                             \
		ADDR6("Host IPv6 address", AT(which.addr)), CLOSE
#define SOURCE6	     ADDRESS6(src, "source")
#define DESTINATION6 ADDRESS6(dst, "destination")

#define ICMP6_MESSAGE                                                                        \
	OPT, NAMES(icmp6_names, AT(icmp_named)), OR,                                         \
		PLUS1(0, 255, "ICMPv6 message type", AT(e.icmp_type)), OPT,                  \
		PLUS1(0, 255, "ICMPv6 message code", AT(e.icmp_code)), CLOSE, CLOSE
#define TCP6_OPTIONS                                                                         \
	ANY, KWV("established", "Match established connections", AT(e.established), 1), OR,  \
		FLAG(0, "ack"), OR, FLAG(1, "fin"), OR, FLAG(2, "psh"), OR, FLAG(3, "rst"),  \
		OR, FLAG(4, "syn"), OR, FLAG(5, "urg"), CLOSE
#define OPTIONAL_NUMBER                                                                      \
	OPT, { .kind = CLI_ARG, .type = &cli_num, .lo = 0, .hi = 255, .help = "Header type" }, CLOSE
#define HEADER6(w, h) KWV(w, h, AT(unknown), MATCH_HEADERS6)

#define OPTIONS6                                                                             \
	ANY, KW("dscp", "Match packets with given dscp value"), ALT,                         \
		NAMES(dscp_names, AT(e.dscp)), OR,                                           \
		PLUS1(0, 63, "Differentiated services codepoint value", AT(e.dscp)), CLOSE,  \
		OR, KWV("fragments", "Check non-initial fragments", AT(e.fragments), 1),     \
		ORX(1 << 3), KWV("log", "Log matches against this entry", AT(e.log), 1),     \
		ORX(1 << 2),                                                                 \
		KWV("log-input", "Log matches against this entry, including input interface", \
		    AT(e.log), 2),                                                           \
		OR, KWF("sequence", "Sequence number for this entry", .flags = CLI_ALIAS),   \
		SEQ_NUMBER, OR,                                                              \
		KWV("time-range", "Specify a time-range", AT(unknown), MATCH_TIME),          \
		WORD("Time-range entry name", AT(ignored)), OR, ALT,                         \
		KWV("reflect", "Create reflexive access list entry", AT(unknown),            \
		    MATCH_REFLECT),                                                          \
		WORD("Access-list name", AT(ignored)), OR,                                   \
		HEADER6("flow-label", "Flow label"),                                         \
		{ .kind = CLI_ARG, .type = &cli_num, .lo = 0, .hi = 1048575,                 \
		  .help = "Flow label value" },                                              \
		CLOSE, OR, ALT, HEADER6("auth", "Match on authentication header"), OR,       \
		HEADER6("dest-option", "Destination Option header (all types)"), OR,         \
		HEADER6("dest-option-type", "Destination Option header with type"),          \
		OPTIONAL_NUMBER, OR,                                                         \
		HEADER6("mobility", "Mobility header (all types)"), OR,                      \
		HEADER6("mobility-type", "Mobility header with type"), OPTIONAL_NUMBER, OR,  \
		HEADER6("routing", "Routing header (all types)"), OR,                        \
		HEADER6("routing-type", "Routing header with type"), OPTIONAL_NUMBER, OR,    \
		HEADER6("undetermined-transport",                                            \
			"Transport cannot be determined or is missing"),                     \
		CLOSE, CLOSE

#define ENTRY6                                                                               \
	ALT, KWV("deny", "Specify packets to reject", AT(e.kind), ACE_DENY), OR,             \
		KWV("permit", "Specify packets to forward", AT(e.kind), ACE_PERMIT), CLOSE,  \
		ALT, KWV("tcp", "Transmission Control Protocol", AT(e.proto), 6), SOURCE6,   \
		PORTS(tcp_port_names, src_port), DESTINATION6,                               \
		PORTS(tcp_port_names, dst_port), TCP6_OPTIONS, OPTIONS6, OR,                 \
		KWV("udp", "User Datagram Protocol", AT(e.proto), 17), SOURCE6,              \
		PORTS(udp_port_names, src_port), DESTINATION6,                               \
		PORTS(udp_port_names, dst_port), OPTIONS6, OR,                               \
		KWV("icmp", "Internet Control Message Protocol", AT(e.proto), 58), SOURCE6,  \
		DESTINATION6, ICMP6_MESSAGE, OPTIONS6, OR,                                   \
		HEADER6("hbh", "Hop by Hop options header"), SOURCE6, DESTINATION6,          \
		OPTIONS6, OR, NAMES(proto6_names, AT(e.proto)), SOURCE6, DESTINATION6,       \
		OPTIONS6, OR, NUM(1, 255, "An IPv6 protocol number", AT(e.proto)), SOURCE6,  \
		DESTINATION6, OPTIONS6, OR,                                                  \
		KWVF("any", ANY_HELP("source"), AT(src.any), 1, .flags = CLI_ALIAS),         \
		DESTINATION6, OPTIONS6, OR,                                                  \
		ARGF(arg_prefix6, NET_HELP("source"), AT(src.net), .flags = CLI_ALIAS),      \
		DESTINATION6, OPTIONS6, OR,                                                  \
		KWVF("host", HOST_HELP("source"), AT(src.host), 1, .flags = CLI_ALIAS),      \
		ADDR6("Host IPv6 address", AT(src.addr)), DESTINATION6, OPTIONS6, CLOSE

#define SEQUENCE6 KW("sequence", "Sequence number for this entry"), SEQ_NUMBER

const struct cli_row rows_acl6[] = {
	{ .modes = CLI_IN(M_CONFIG), .enters = M_IPV6_ACL, .args_size = sizeof(struct list6_args),
	  .apply = list6_apply, .find = list6_find, .each = list6_each,
	  .toks = TOKS(KW("ipv6", "Global IPv6 configuration commands"),
		       KW("access-list", "Configure access lists"),
		       WORD("User selected string identifying this access list",
			    struct list6_args, name)) },
	{ .modes = CLI_IN(M_IPV6_ACL), .args_size = sizeof(struct ace_args), .apply = member6_apply,
	  .each = member6_each, .place = ace_place, .behind = member_behind, .flags = ROW_FULL,
	  .toks = TOKS(OPT, SEQUENCE6, CLOSE, ALT, REMARK, OR, ENTRY6, CLOSE) },
	{ .modes = CLI_IN(M_IPV6_ACL), .args_size = sizeof(struct ace_args), .apply = member6_apply,
	  .flags = ROW_NO_ONLY, .toks = TOKS(SEQUENCE6) },
	{ .toks = NULL },
};

bool acl6_say(const struct acl_entry *e, struct ace_args *a, struct txt *out)
{
	ace6_from_entry(e, a);
	return cli_row_say(&rows_acl6[1], a, out);
}
