/* SPDX-License-Identifier: Apache-2.0 */
/* Access lists. One entry has the same tokens in `access-list N ...` and in a
 * named list, so both are made of the same pieces; within a list every entry is
 * printed by one row, in the order of the list. */
#include "commands/ace_rows.h"
#include "commands/acl_edit.h"
#include "commands/acl_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct acl_args {
	char name[CFG_NAME_MAX];
	uint32_t start, step; /* resequence */
};

/* ---- lists ---- */

/* A numbered list that `access-list N` lines cannot say: other sequence numbers,
 * kept lines, no entry at all. */
static bool needs_block(const struct cfg_acl *acl)
{
	uint32_t last = 0;

	if (!acl->numbered || !acl->entries.n || acl->kept.n)
		return true;
	for (size_t i = 0; i < acl->entries.n; i++) {
		const struct acl_entry *e = acl->entries.v[i];

		if (e->kind != ACE_REMARK && !acl_seq_is_implied(last, e->seq))
			return true;
		last = e->seq;
	}
	return false;
}

static int entry_apply(struct cfg_acl *acl, const struct cli_call *c)
{
	const struct ace_args *a = c->args;
	struct acl_entry e;

	if (ace_unknown(a)) {
		txt_printf(c->out, "%% This version does not match %s: the entry is kept in its "
				   "place, and not used.\n", ace_unknown(a));
		return -EINVAL;
	}
	if (!ace_to_entry(a, &e, c->out))
		return -EINVAL;
	return c->op == CLI_SET ? acl_entry_set(acl, &e, c->out) : acl_entry_remove(acl, &e, c->out);
}

/* ---- places of lines that are not understood ---- */

static uint64_t numbered_behind(const void *root, const void *obj, const void *args)
{
	const struct ace_args *a = args;
	char name[16];

	(void)obj;
	if (!a || !a->number)
		return UINT64_MAX;
	snprintf(name, sizeof(name), "%u", a->number);
	return PLACE_LIST(a->number) + acl_place_behind(config_find_acl(root, name), a->seq);
}

/* ---- `access-list N ...` ---- */

/* What was not understood of the list goes with it. */
static void drop_refused(struct config *c, const char *name)
{
	for (size_t i = 0; i < c->kept.n;)
		if (acl_refused_line(c->kept.v[i], name))
			kept_del(&c->kept, i);
		else
			i++;
}

static int numbered_apply(struct cli_call *c)
{
	const struct ace_args *a = c->args;
	enum acl_kind kind = acl_number_is(a->number, ACL_STANDARD) ? ACL_STANDARD : ACL_EXTENDED;
	struct txt name = TXT_INIT;
	struct cfg_acl *acl;
	bool there;
	int err = 0;

	txt_printf(&name, "%u", a->number);
	acl = config_find_acl(c->root, txt_cstr(&name));
	there = acl;
	if (c->op != CLI_SET) {
		/* as in IOS, `no access-list N` and anything behind it removes the list */
		if (acl)
			config_del_acl(c->root, acl);
		drop_refused(c->root, txt_cstr(&name));
	} else {
		acl = config_add_acl(c->root, txt_cstr(&name), kind, true);
		err = acl ? entry_apply(acl, c) : -ENOMEM;
		if (err && acl && !there)
			config_del_acl(c->root, acl);
	}
	txt_fini(&name);
	return err;
}

static bool numbered_next(const struct config *c, enum acl_kind kind, struct cli_walk *w,
			  struct ace_args *a)
{
	for (; w->i < c->acls.n; w->i++, w->j = 0) {
		const struct cfg_acl *acl = c->acls.v[w->i];

		if (acl->kind != kind || !acl->numbered || w->j == acl->entries.n ||
		    (!w->j && needs_block(acl)))
			continue;
		ace_from_entry(acl, acl->entries.v[w->j], a);
		a->place = PLACE_LIST(a->number) + acl_place(acl, w->j++);
		return true;
	}
	return false;
}

static bool numbered_std_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			      const void **ret_obj)
{
	(void)obj;
	(void)ret_obj;
	return numbered_next(root, ACL_STANDARD, w, args);
}

static bool numbered_ext_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			      const void **ret_obj)
{
	(void)obj;
	(void)ret_obj;
	return numbered_next(root, ACL_EXTENDED, w, args);
}

/* ---- `ip access-list ...` ---- */

static int named_apply(struct cli_call *c, enum acl_kind kind)
{
	const struct acl_args *a = c->args;
	struct cfg_acl *acl = config_find_acl(c->root, a->name);
	bool number = strspn(a->name, "0123456789") == strlen(a->name);
	unsigned long n = number ? strtoul(a->name, NULL, 10) : 0;

	if (c->op != CLI_SET) {
		if (acl && acl->kind == kind)
			config_del_acl(c->root, acl);
		return 0;
	}
	if (acl && acl->kind == ACL_IPV6) {
		txt_str(c->out, "% An IPv6 access list with this name already exists\n");
		return -EEXIST;
	}
	if (acl && acl->kind != kind) {
		txt_str(c->out, "% A named IP access list with this name already exists\n");
		return -EEXIST;
	}
	if (number && (strlen(a->name) > 4 || !acl_number_is((uint32_t)n, kind))) {
		txt_str(c->out, "% Invalid access list name.\n");
		return -EINVAL;
	}
	return config_add_acl(c->root, a->name, kind, number) ? 0 : -ENOMEM;
}

static int named_std_apply(struct cli_call *c)
{
	return named_apply(c, ACL_STANDARD);
}

static int named_ext_apply(struct cli_call *c)
{
	return named_apply(c, ACL_EXTENDED);
}

static void *named_find(void *root, const void *args, enum acl_kind kind)
{
	struct cfg_acl *acl = config_find_acl(root, ((const struct acl_args *)args)->name);

	return acl && acl->kind == kind ? acl : NULL;
}

static void *named_std_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return named_find(root, args, ACL_STANDARD);
}

static void *named_ext_find(void *root, void *obj, const void *args)
{
	(void)obj;
	return named_find(root, args, ACL_EXTENDED);
}

static bool named_next(const struct config *c, enum acl_kind kind, struct cli_walk *w,
		       struct acl_args *a, const void **ret_obj)
{
	while (w->i < c->acls.n) {
		const struct cfg_acl *acl = c->acls.v[w->i++];

		if (acl->kind != kind || !needs_block(acl))
			continue;
		memcpy(a->name, acl->name, sizeof(a->name));
		*ret_obj = acl;
		return true;
	}
	return false;
}

static bool named_std_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			   const void **ret_obj)
{
	(void)obj;
	return named_next(root, ACL_STANDARD, w, args, ret_obj);
}

static bool named_ext_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			   const void **ret_obj)
{
	(void)obj;
	return named_next(root, ACL_EXTENDED, w, args, ret_obj);
}

static int member_apply(struct cli_call *c)
{
	return entry_apply(c->obj, c);
}

static bool member_each(const void *root, const void *obj, struct cli_walk *w, void *args,
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
	ace_from_entry(acl, e, a);
	a->place = acl_place(acl, w->i - 1);
	if (e->kind != ACE_REMARK && !acl_seq_is_implied((uint32_t)w->j, e->seq))
		a->seq = e->seq;
	w->j = e->seq;
	return true;
}

/* A line that is not understood has its place now; the number that it asked for is of the order before, and would lead
 * it elsewhere when the list is read again. (What was refused for its number keeps that: without it, it would be taken.) */
static int forget_numbers(struct cfg_acl *acl)
{
	kept_list *l = &acl->kept;
	int err = 0;

	for (size_t i = 0; !err && i < l->n; i++) {
		struct kept_line *k = l->v[i], without;
		size_t n = strspn(k->text, "0123456789");

		if (k->kind == KEPT_CHILD || k->kind == KEPT_CONFLICT || !n)
			continue;
		if (!k->text[n] || kept_end(l, i) != i + 1) { /* it says nothing else, or holds others */
			k->after = acl_place_behind(acl, (uint32_t)strtoul(k->text, NULL, 10));
			continue;
		}
		without = *k;
		without.text = strdup(k->text + n + strspn(k->text + n, " \t"));
		if (!without.text)
			return -ENOMEM;
		kept_del(l, i);
		err = kept_add(l, i, &without);
		free(without.text);
	}
	return err;
}

static int resequence_apply(struct cli_call *c)
{
	const struct acl_args *a = c->args;
	struct cfg_acl *acl = config_find_acl(c->root, a->name);
	uint64_t seq = a->start, base;
	kept_list *kept;

	/* it acts once: kept, it would act on what the list is by then */
	if (!acl) {
		txt_str(c->out, "% Access list does not exist\n");
		return 0;
	}
	if (seq + (uint64_t)a->step * acl->entries.n > INT32_MAX) {
		txt_str(c->out, "% Sequence numbers would exceed 2147483647\n");
		return 0;
	}
	/* the lines of a numbered list stand in the global list */
	base = acl->numbered ? PLACE_LIST(strtoul(acl->name, NULL, 10)) : 0;
	kept = acl->numbered ? &((struct config *)c->root)->kept : &acl->kept;
	acl_places_count(kept, acl, base);
	for (size_t i = 0; i < acl->entries.n; i++) {
		if (acl->entries.v[i]->kind == ACE_REMARK)
			continue;
		acl->entries.v[i]->seq = (uint32_t)seq;
		seq += a->step;
	}
	acl_renumber_remarks(acl);
	acl_withdraw_refused(acl);
	acl_places_restore(kept, acl, base);
	return forget_numbers(acl);
}

/* ---- tokens ---- */

#define AT_L(f) struct acl_args, f
#define ADDRESS(which, what, a_what)                                                         \
	ALT, ADDR(what " address", AT(which.addr)),                                          \
		ARG(arg_wild, what " wildcard bits", AT(which.wild)), OR,                    \
		KWV("any", "Any " a_what " host", AT(which.any), 1), OR,                     \
		KWV("host", "A single " a_what " host", AT(which.host), 1), ALT,             \
		ADDR(what " address", AT(which.addr)), OR,                                   \
		ARG(arg_host, what " address", AT(which.name)), CLOSE, OR,                   \
		KWV("object-group", what " network object group", AT(unknown), MATCH_OBJECTS), \
		WORD("Network object group name", AT(ignored)), CLOSE
#define SOURCE	    ADDRESS(src, "Source", "source")
#define DESTINATION ADDRESS(dst, "Destination", "destination")

#define TCP_OPTIONS                                                                          \
	ANY, KWV("established", "Match established connections", AT(e.established), 1), OR,  \
		FLAG(0, "ack"), OR, FLAG(1, "fin"), OR, FLAG(2, "psh"), OR, FLAG(3, "rst"),  \
		OR, FLAG(4, "syn"), OR, FLAG(5, "urg"), OR, ALT,                              \
		KWV("match-all", "Match if all specified flags are present", AT(unknown),    \
		    MATCH_FLAGS),                                                            \
		OR,                                                                          \
		KWV("match-any", "Match if any specified flag is present", AT(unknown),      \
		    MATCH_FLAGS),                                                            \
		CLOSE, REP(AT(n_signs), ACE_FLAGS, 1), NAMES(sign_names, AT(signs[0])), CLOSE, CLOSE

#define ICMP_MESSAGE                                                                         \
	OPT, NAMES(icmp_names, AT(icmp_named)), OR,                                          \
		PLUS1(0, 255, "ICMP message type", AT(e.icmp_type)), OPT,                    \
		PLUS1(0, 255, "ICMP message code", AT(e.icmp_code)), CLOSE, CLOSE

#define IGMP_MESSAGE                                                                         \
	OPT, NAMES(igmp_names, AT(igmp_type)), OR,                                             \
		PLUS1(0, 15, "IGMP message type", AT(igmp_type)), CLOSE

#define TTL { .kind = CLI_ARG, .type = &cli_num, .lo = 0, .hi = 255, .help = "TTL value" }
#define OPTIONS                                                                              \
	ANY, KW("dscp", "Match packets with given dscp value"), ALT,                         \
		NAMES(dscp_names, AT(e.dscp)), OR,                                           \
		PLUS1(0, 63, "Differentiated services codepoint value", AT(e.dscp)), CLOSE,  \
		OR, KWV("fragments", "Check non-initial fragments", AT(e.fragments), 1), OR, \
		KW("precedence", "Match packets with given precedence value"), ALT,          \
		NAMES(precedence_names, AT(e.precedence)), OR,                               \
		PLUS1(0, 7, "Precedence value", AT(e.precedence)), CLOSE, OR,                \
		KW("tos", "Match packets with given TOS value"), ALT,                        \
		NAMES(tos_names, AT(e.tos)), OR,                                             \
		PLUS1(0, 15, "Type of service value", AT(e.tos)), CLOSE, ORX(1 << 5),        \
		KWV("log", "Log matches against this entry", AT(e.log), 1), ORX(1 << 4),     \
		KWV("log-input", "Log matches against this entry, including input interface", \
		    AT(e.log), 2),                                                           \
		OR, KWV("option", "Match packets with given IP Options value", AT(unknown), MATCH_OPTION), \
		WORD("IP Options value or name", AT(ignored)), OR,                           \
		KWV("time-range", "Specify a time-range", AT(unknown), MATCH_TIME),      \
		WORD("Time-range entry name", AT(ignored)), OR, ALT,                         \
		KWV("reflect", "Create reflexive access list entry", AT(unknown),            \
		    MATCH_REFLECT),                                                          \
		WORD("Access-list name", AT(ignored)), OPT,                                  \
		KW("timeout", "Maximum time to reflect"),                                    \
		{ .kind = CLI_ARG, .type = &cli_num, .lo = 1, .hi = 2147483,                 \
		  .help = "Maximum time to live, in seconds" }, CLOSE, OR,                   \
		KWV("ttl", "Match packets with given TTL value", AT(unknown), MATCH_TTL),    \
		ALT, KW("eq", "Match only packets on a given TTL number"), TTL, OR,          \
		KW("gt", "Match only packets with a greater TTL number"), TTL, OR,           \
		KW("lt", "Match only packets with a lower TTL number"), TTL, OR,             \
		KW("neq", "Match only packets not on a given TTL number"), TTL, OR,          \
		KW("range", "Match only packets in the range of TTLs"), TTL, TTL, CLOSE,     \
		CLOSE, CLOSE

/* running-config aligns what follows, as IOS does */
#define ACTION                                                                               \
	ALT, KWVF("deny", "Specify packets to reject", AT(e.kind), ACE_DENY, .print = "deny  "), OR, \
		KWV("permit", "Specify packets to forward", AT(e.kind), ACE_PERMIT), CLOSE

#define DYNAMIC                                                                              \
	OPT,                                                                                 \
		KWV("dynamic", "Specify a DYNAMIC list of PERMITs or DENYs", AT(unknown),    \
		    MATCH_DYNAMIC),                                                          \
		WORD("Name of a Dynamic list", AT(ignored)), OPT,                            \
		KW("timeout", "Maximum time for dynamic ACL to live"),                       \
		{ .kind = CLI_ARG, .type = &cli_num, .lo = 1, .hi = 9999,                    \
		  .help = "Maximum time to live" }, CLOSE, CLOSE

#define EXTENDED                                                                             \
	DYNAMIC, ACTION, ALT, KWV("tcp", "Transmission Control Protocol", AT(e.proto), 6), SOURCE,    \
		PORTS(tcp_port_names, src_port), DESTINATION,                                \
		PORTS(tcp_port_names, dst_port), TCP_OPTIONS, OPTIONS, OR,                   \
		KWV("udp", "User Datagram Protocol", AT(e.proto), 17), SOURCE,               \
		PORTS(udp_port_names, src_port), DESTINATION,                                \
		PORTS(udp_port_names, dst_port), OPTIONS, OR,                                \
		KWV("icmp", "Internet Control Message Protocol", AT(e.proto), 1), SOURCE,    \
		DESTINATION, ICMP_MESSAGE, OPTIONS, OR,                                      \
		KWV("igmp", "Internet Gateway Message Protocol", AT(e.proto), 2), SOURCE,    \
		DESTINATION, IGMP_MESSAGE, OPTIONS, OR, NAMES(proto_names, AT(e.proto)),     \
		SOURCE, DESTINATION, OPTIONS, OR,                                            \
		NUM(0, 255, "An IP protocol number", AT(e.proto)), SOURCE, DESTINATION,      \
		OPTIONS, OR,                                                                 \
		KWV("object-group", "Service object group", AT(unknown), MATCH_OBJECTS),     \
		WORD("Service object group name", AT(ignored)), SOURCE, DESTINATION, OPTIONS, CLOSE
/* A place where a reflexive list is looked at; of named lists. */
#define EVALUATE                                                                             \
	KWV("evaluate", "Evaluate an access list", AT(unknown), MATCH_EVALUATE),             \
		WORD("IP reflexive access list name", AT(ignored))
#define STANDARD                                                                             \
	ACTION, ALT, ADDR("Address to match", AT(src.addr)), OPT,                            \
		ARG(arg_wild, "Wildcard bits", AT(src.wild)), CLOSE, OR,                     \
		KWV("any", "Any source host", AT(src.any), 1), OR,                           \
		KWF("host", "A single host address", .flags = CLI_ALIAS),                    \
		ADDR("Host address", AT(src.addr)), CLOSE, OPT,                              \
		KWV("log", "Log matches against this entry", AT(e.log), 1), CLOSE

#define ACCESS_LIST KW("access-list", "Add an access list entry")
#define IP_LIST                                                                              \
	KW("ip", "Global IP configuration subcommands"),                                     \
		KW("access-list", "Named access-list")
#define NUMBER(l1, u1, h1, l2, u2, h2)                                                       \
	ALT, NUMF(l1, u1, h1, AT(number), .flags = CLI_TAIL), OR, NUM(l2, u2, h2, AT(number)), CLOSE

#define SEQUENCE OPT, SEQ_NUMBER, CLOSE

/* A row that prints the entries of a list, and one for `no SEQ` alone. */
#define MEMBERS(mode_, ...)                                                                  \
	{ .modes = CLI_IN(mode_), .args_size = sizeof(struct ace_args), .apply = member_apply, \
	  .each = member_each, .place = ace_place, .behind = member_behind,                  \
	  .flags = ROW_FULL,                                                                 \
	  .toks = TOKS(ALT, SEQUENCE, REMARK, OR, SEQUENCE, __VA_ARGS__, CLOSE) },           \
	{ .modes = CLI_IN(mode_), .args_size = sizeof(struct ace_args), .apply = member_apply, \
	  .flags = ROW_NO_ONLY,                                                              \
	  .toks = TOKS(SEQ_NUMBER) }

const struct cli_row rows_acl[] = {
	{ .modes = CLI_IN(M_CONFIG), .enters = M_STD_NACL,
	  .args_size = sizeof(struct acl_args), .apply = named_std_apply, .find = named_std_find,
	  .each = named_std_each,
	  .toks = TOKS(IP_LIST, KW("standard", "Standard Access List"),
		       WORDF("Access-list name or number", AT_L(name), .flags = CLI_TAIL)) },
	MEMBERS(M_STD_NACL, STANDARD),
	{ .modes = CLI_IN(M_CONFIG), .enters = M_EXT_NACL,
	  .args_size = sizeof(struct acl_args), .apply = named_ext_apply, .find = named_ext_find,
	  .each = named_ext_each,
	  .toks = TOKS(IP_LIST, KW("extended", "Extended Access List"),
		       WORDF("Access-list name or number", AT_L(name), .flags = CLI_TAIL)) },
	MEMBERS(M_EXT_NACL, EXTENDED, OR, SEQUENCE, EVALUATE),
	{ .modes = CLI_IN(M_CONFIG), .args_size = sizeof(struct acl_args),
	  .apply = resequence_apply, .flags = ROW_NO_NO,
	  .toks = TOKS(IP_LIST, KW("resequence", "Resequence Access List"),
		       WORD("Access-list name or number", AT_L(name)),
		       NUM(1, 2147483647, "Starting Sequence Number", AT_L(start)),
		       NUM(1, 2147483647, "Step to increment the sequence number",
			   AT_L(step))) },
	{ .toks = NULL },
};

/* Behind `logging host`, as in IOS. */
const struct cli_row rows_acl_numbers[] = {
	{ .modes = CLI_IN(M_CONFIG), .args_size = sizeof(struct ace_args),
	  .apply = numbered_apply, .each = numbered_std_each, .place = ace_place,
	  .behind = numbered_behind,
	  .toks = TOKS(ACCESS_LIST,
		       NUMBER(1, 99, "IP standard access list", 1300, 1999,
			      "IP standard access list (expanded range)"),
		       ALT, REMARK, OR, STANDARD, CLOSE) },
	{ .modes = CLI_IN(M_CONFIG), .args_size = sizeof(struct ace_args),
	  .apply = numbered_apply, .each = numbered_ext_each, .place = ace_place,
	  .behind = numbered_behind,
	  .toks = TOKS(ACCESS_LIST,
		       NUMBER(100, 199, "IP extended access list", 2000, 2699,
			      "IP extended access list (expanded range)"),
		       ALT, REMARK, OR, SEQUENCE, EXTENDED, CLOSE) },
	{ .toks = NULL },
};

/* Without the blanks that align running-config: show commands have their own. */
void commands_render_ace(const struct cfg_acl *acl, const struct acl_entry *e, struct txt *out)
{
	static const char pad[] = "deny   ";
	struct ace_args *a = calloc(1, sizeof(*a));
	const struct cli_row *row = rows_acl;
	struct txt line = TXT_INIT;
	const char *at = NULL;

	if (!a) {
		out->bad = true;
		return;
	}
	if (acl->kind == ACL_IPV6) {
		acl6_say(e, a, out);
		free(a);
		return;
	}
	while (row->each != member_each ||
	       !(row->modes & CLI_IN(acl->kind == ACL_STANDARD ? M_STD_NACL : M_EXT_NACL)))
		row++;
	ace_from_entry(acl, e, a);
	cli_row_say(row, a, &line);
	if (e->kind == ACE_DENY)
		at = strstr(txt_cstr(&line), pad);
	if (at) {
		txt_mem(out, line.s, (size_t)(at - line.s) + strlen("deny "));
		at += strlen(pad);
	}
	txt_str(out, at ? at : txt_cstr(&line));
	out->bad |= line.bad;
	txt_fini(&line);
	free(a);
}
