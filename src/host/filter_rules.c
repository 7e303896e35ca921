/* SPDX-License-Identifier: Apache-2.0 */
/* Access lists as text for nft: a chain for each list, a counter for each line. The first
 * line that matches decides; behind the last one everything is refused. */
#include "host/filter.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "host/nft_text.h"
#include "host/sockets.h"
#include "model/acl_match.h"

#define LOG_RATE "limit rate 100/second burst 200 packets "
/* The kernel has a limit for each host that is told (icmp_ratelimit); this one is for all. */
#define REFUSE_RATE "limit rate 100/second burst 100 packets "

void filter_ident(const char *acl, char out[FILTER_IDENT_MAX])
{
	static const uint64_t seed[2] = { 0x63756c76657274, 0x6e616d65 };
	size_t n = 0;

	for (const char *c = acl; *c && n < 100; c++)
		n += (size_t)snprintf(out + n, FILTER_IDENT_MAX - n,
				      isalnum((unsigned char)*c) ? "%c" : "_%02x", (unsigned char)*c);
	out[n] = '\0';
	if (n >= 100) /* nflog has room for 127 characters */
		snprintf(out, FILTER_IDENT_MAX, "_%016" PRIx64, hash_bytes(seed, acl, strlen(acl)));
}

void filter_counter(const char *acl, uint32_t seq, char out[256])
{
	char ident[FILTER_IDENT_MAX];

	filter_ident(acl, ident);
	snprintf(out, 256, "l_%s_%u", ident, seq);
}

bool filter_counter_is_of(const char *counter, const char *acl)
{
	char ident[FILTER_IDENT_MAX];
	size_t len;

	filter_ident(acl, ident);
	len = strlen(ident);
	/* nothing but the number may follow: what cannot be said as it is begins with `_`, too */
	return !strncmp(counter, "l_", 2) && !strncmp(counter + 2, ident, len) &&
	       strrchr(counter, '_') == counter + 2 + len;
}

/* ---- one line ---- */

static void put_ports(struct txt *t, const char *field, const struct acl_ports *p)
{
	switch ((enum port_op)p->op) {
	case PORT_ANY:
		return;
	case PORT_LT:
	case PORT_GT:
		txt_printf(t, "th %s %c %u ", field, p->op == PORT_LT ? '<' : '>', p->port[0]);
		return;
	case PORT_RANGE:
		txt_printf(t, "th %s %u-%u ", field, p->port[0], p->port[1]);
		return;
	case PORT_EQ:
	case PORT_NEQ:
		break;
	}
	txt_printf(t, "th %s %s{ ", field, p->op == PORT_NEQ ? "!= " : "");
	for (size_t i = 0; i < p->n; i++) {
		bool twice = false;

		for (size_t k = 0; k < i; k++)
			twice |= p->port[k] == p->port[i];
		if (!twice)
			txt_printf(t, "%s%u", i ? ", " : "", p->port[i]);
	}
	txt_str(t, " } ");
}

/* A range from 9 to 5, which nft would refuse; ports below 0 or behind the last. */
static bool ports_never(const struct acl_ports *p)
{
	return (p->op == PORT_RANGE && p->port[0] > p->port[1]) ||
	       (p->op == PORT_LT && !p->port[0]) || (p->op == PORT_GT && p->port[0] == UINT16_MAX);
}

static bool has_l4(const struct acl_entry *e)
{
	return e->src_port.op || e->dst_port.op || e->established || e->tcp_flags || e->icmp_type ||
	       e->icmp_code;
}

/* n: of the ways in which the protocol is told. */
static void put_l3(struct txt *t, enum ip_family f, const struct acl_entry *e, size_t n)
{
	nft_text_proto(t, f, e->proto, n);
	nft_text_addr(t, "saddr", &e->src);
	nft_text_addr(t, "daddr", &e->dst);
	if (e->dscp)
		txt_printf(t, "%s dscp %u ", nft_text_ip(f), e->dscp - 1u);
	if (f == IP_V6)
		return;
	if (e->precedence) /* the upper three bits of the TOS byte (RFC 791) */
		txt_printf(t, "@nh,8,3 %u ", e->precedence - 1u);
	if (e->tos) /* the four behind them */
		txt_printf(t, "@nh,11,4 %u ", e->tos - 1u);
}

static void put_l4(struct txt *t, enum ip_family f, const struct acl_entry *e)
{
	const char *icmp = f == IP_V6 ? "icmpv6" : "icmp";
	static const struct {
		uint8_t bit;
		const char *word;
	} flags[] = { { TCP_FIN, "fin" }, { TCP_SYN, "syn" }, { TCP_RST, "rst" },
		      { TCP_PSH, "psh" }, { TCP_ACK, "ack" }, { TCP_URG, "urg" } };
	const char *bar = "tcp flags & (";

	put_ports(t, "sport", &e->src_port);
	put_ports(t, "dport", &e->dst_port);
	if (e->established)
		txt_str(t, "tcp flags & (ack | rst) != 0 ");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!(e->tcp_flags & flags[i].bit))
			continue;
		txt_printf(t, "%s%s", bar, flags[i].word);
		bar = " | ";
	}
	if (e->tcp_flags)
		txt_str(t, ") != 0 ");
	if (e->icmp_type)
		txt_printf(t, "%s type %u ", icmp, e->icmp_type - 1u);
	if (e->icmp_code)
		txt_printf(t, "%s code %u ", icmp, e->icmp_code - 1u);
}

/* ICMP administratively prohibited, as RFC 1812 section 5.3.9 wants it. Not to ourselves: our own
 * socket would take it for the peer's opinion. Not about what came out of an SA. */
static void put_refuse(struct txt *t, enum ip_family f, const struct filter_if *v, size_t n)
{
	txt_printf(t, "\tchain refuse {\n\t\tmeta mark 0x%x drop\n\t\tiifname \"cvsteer*\" drop\n", MARK_BYPASS);
	for (size_t i = 0; i < n; i++) {
		if (!v[i].quiet)
			continue;
		txt_str(t, "\t\t");
		nft_text_dev(t, "iifname", v[i].device, v[i].ifindex);
		txt_str(t, "drop\n");
	}
	txt_printf(t, "\t\t" REFUSE_RATE "reject with %s type admin-prohibited\n\t\tdrop\n\t}\n",
		   f == IP_V6 ? "icmpv6" : "icmp");
}

static const char *refuse(enum filter_form form)
{
	return form <= FILTER_FULL ? "goto refuse" : "drop";
}

enum part { PART_WHOLE, PART_LATER_FRAGMENTS };

/* One rule: the one that judges, or before it the one that logs. */
static void put_rule(struct txt *t, enum ip_family f, const struct cfg_acl *acl, const struct acl_entry *e,
		     enum part part, size_t n, enum filter_form form, bool logs)
{
	char counter[256], ident[FILTER_IDENT_MAX];
	bool permit = e->kind == ACE_PERMIT;

	txt_str(t, "\t\t");
	if (part == PART_LATER_FRAGMENTS)
		txt_str(t, nft_text_later(f));
	put_l3(t, f, e, n);
	if (part == PART_WHOLE)
		put_l4(t, f, e);
	if (logs) {
		filter_ident(acl->name, ident);
		txt_printf(t, LOG_RATE "log group %u prefix \"%c %u %s\" snaplen %u\n", FILTER_NFLOG,
			   permit ? 'p' : 'd', e->seq, ident, f == IP_V6 ? 128 : 64);
	} else {
		filter_counter(acl->name, e->seq, counter);
		txt_printf(t, "counter name %s %s\n", counter, permit ? "accept" : refuse(form));
	}
}

static void put_part(struct txt *t, enum ip_family f, const struct cfg_acl *acl, const struct acl_entry *e,
		     enum part part, enum filter_form form)
{
	bool log = e->log && form <= FILTER_FULL;

	for (size_t i = 0; i < nft_text_proto_rules(f, e->proto); i++) {
		if (log)
			put_rule(t, f, acl, e, part, i, form, true);
		put_rule(t, f, acl, e, part, i, form, false);
	}
}

static bool of_family(const struct acl_entry *e, enum ip_family f)
{
	return (e->src.addr.family == IP_V6) == (f == IP_V6) &&
	       (e->dst.addr.family == IP_V6) == (f == IP_V6);
}

/* Later fragments carry nothing of layer 4: a permit takes those of its addresses and
 * protocol, a deny leaves them to the lines behind it, as in IOS. */
static void put_line(struct txt *t, enum ip_family f, const struct cfg_acl *acl, const struct acl_entry *e,
		     enum filter_form form)
{
	if (ports_never(&e->src_port) || ports_never(&e->dst_port) || !of_family(e, f))
		return;
	if (e->fragments) {
		put_part(t, f, acl, e, PART_LATER_FRAGMENTS, form);
		return;
	}
	put_part(t, f, acl, e, PART_WHOLE, form);
	if (has_l4(e) && e->kind == ACE_PERMIT)
		put_part(t, f, acl, e, PART_LATER_FRAGMENTS, form);
}

/* ---- lists ---- */

static int cmp_name(const void *name, const void *count)
{
	return strcmp(name, ((const struct filter_count *)count)->name);
}

static struct filter_count *count_of(struct filter_count *c, size_t n, const char *name)
{
	return n ? bsearch(name, c, n, sizeof(*c), cmp_name) : NULL;
}

static void put_list(struct txt *t, enum ip_family f, const struct cfg_acl *acl, enum filter_form form,
		     struct filter_count *c, size_t n_c)
{
	char ident[FILTER_IDENT_MAX], counter[256];

	for (size_t i = 0; i < acl->entries.n; i++) {
		const struct filter_count *old;

		if (acl->entries.v[i]->kind == ACE_REMARK)
			continue;
		filter_counter(acl->name, acl->entries.v[i]->seq, counter);
		old = count_of(c, n_c, counter);
		if (!old || form != FILTER_ONTO)
			txt_printf(t, "\tcounter %s { packets %" PRIu64 " bytes %" PRIu64 " }\n", counter,
				   old ? old->packets : 0, old ? old->bytes : 0);
	}
	filter_ident(acl->name, ident);
	txt_printf(t, "\tchain acl_%s {\n", ident);
	if (form != FILTER_CLOSED) /* the flags of TCP are in no fragment but the first (RFC 3128) */
		txt_str(t, f == IP_V6 ? "\t\tfrag frag-off 1 meta l4proto 6 drop\n" :
					"\t\tip protocol 6 ip frag-off & 0x1fff == 1 drop\n");
	for (size_t i = 0; form != FILTER_CLOSED && i < acl->entries.n; i++)
		if (acl->entries.v[i]->kind != ACE_REMARK)
			put_line(t, f, acl, acl->entries.v[i], form);
	/* before the deny at its end a list of IPv6 lets neighbours find each other, as in IOS; a line that
	 * says otherwise comes before that */
	if (f == IP_V6)
		txt_str(t, "\t\ticmpv6 type { 135, 136 } accept\n");
	txt_printf(t, "\t\t%s\n\t}\n", refuse(form));
}

/* `l_IDENT_SEQ`: up to where the list is the same. */
static size_t list_len(const char *counter)
{
	const char *under = strrchr(counter, '_');

	return under ? (size_t)(under - counter) : 0;
}

static const struct cfg_acl *list_of(const struct filter_if *v, enum ip_family f, bool in)
{
	if (f == IP_V6)
		return in ? v->in6 : v->out6;
	return in ? v->in : v->out;
}

/* Onto a table that is there: its rules go first, then the counters of lines that are no more
 * and the chains of lists that nobody names. Counters are sorted: those of a list are neighbours. */
static void put_leftovers(struct txt *t, enum ip_family f, const struct filter_if *v, size_t n,
			  struct filter_count *c, size_t n_c)
{
	char counter[256];

	for (size_t i = 0; i < 2 * n; i++) {
		const struct cfg_acl *acl = list_of(&v[i / 2], f, i % 2);

		for (size_t k = 0; acl && k < acl->entries.n; k++) {
			struct filter_count *old;

			filter_counter(acl->name, acl->entries.v[k]->seq, counter);
			old = count_of(c, n_c, counter);
			if (old && acl->entries.v[k]->kind != ACE_REMARK)
				old->kept = true;
		}
	}
	txt_printf(t, "flush table %s " FILTER_TABLE "\n", nft_text_ip(f));
	for (size_t i = 0, end; i < n_c; i = end) {
		size_t len = list_len(c[i].name);
		bool used = false;

		for (end = i; end < n_c && list_len(c[end].name) == len && !strncmp(c[end].name, c[i].name, len);
		     end++) {
			used |= c[end].kept;
			if (!c[end].kept)
				txt_printf(t, "delete counter %s " FILTER_TABLE " %s\n", nft_text_ip(f),
					   c[end].name);
		}
		if (!used && len > 2)
			txt_printf(t, "delete chain %s " FILTER_TABLE " acl_%.*s\n", nft_text_ip(f),
				   (int)len - 2, c[i].name + 2);
	}
}

static bool listed_before(const struct filter_if *v, enum ip_family f, size_t i, const struct cfg_acl *acl)
{
	for (size_t k = 0; k < i; k++)
		if (list_of(&v[k], f, true) == acl || list_of(&v[k], f, false) == acl)
			return true;
	return false;
}

static void put_jump(struct txt *t, const struct filter_if *f, const char *key, const char *what,
		     const struct cfg_acl *acl)
{
	char ident[FILTER_IDENT_MAX];

	if (!cfg_acl_filters(acl))
		return;
	filter_ident(acl->name, ident);
	txt_str(t, "\t\t");
	nft_text_dev(t, key, f->device, f->ifindex);
	txt_printf(t, "%sgoto acl_%s\n", what, ident);
}

static void put_part_of_carrier(struct txt *t, enum ip_family f, const struct filter_if *v, const char *part,
				uint8_t proto)
{
	txt_str(t, "\t\t");
	nft_text_dev(t, "iifname", v->device, v->ifindex);
	txt_str(t, part);
	nft_text_proto(t, f, proto, 0);
	nft_text_addr(t, "saddr", &v->carrier.remote);
	nft_text_addr(t, "daddr", &v->carrier.local);
	txt_str(t, "accept\n");
}

static void put_carrier(struct txt *t, enum ip_family f, const struct filter_if *v)
{
	const struct selector *s = &v->carrier;

	if (s->local.addr.family != f || !cfg_acl_filters(list_of(v, f, true)))
		return;
	put_part_of_carrier(t, f, v, f == IP_V6 ? "exthdr frag exists " : "ip frag-off & 0x3fff != 0 ", s->proto);
	/* a later one behind destination options (RFC 2473 section 5.1) has no protocol to be seen */
	if (f == IP_V6 && s->proto)
		put_part_of_carrier(t, f, v, "frag nexthdr 60 frag frag-off != 0 ", 0);
}

/* IKE is of the router's own making and goes unchecked, but ESP behind UDP 4500 does
 * not: what is no IKE there has no zero marker (RFC 3948 section 2.2). */
static void put_ciphered(struct txt *t, enum ip_family f, const struct filter_if *v, size_t n)
{
	static const char *const six[] = { "meta l4proto esp ", "ip6 nexthdr ah ", "hbh nexthdr ah ",
					   "rt nexthdr ah ",	"dst nexthdr ah ", "frag nexthdr ah " };
	static const char *const four[] = { "ip protocol { esp, ah } " };
	const char *const *ways = f == IP_V6 ? six : four;
	size_t n_ways = f == IP_V6 ? sizeof(six) / sizeof(six[0]) : 1;

	txt_printf(t,
		   "\tchain out_ciphered {\n\t\ttype filter hook output priority 0;\n"
		   "\t\tmeta mark != 0x%x accept\n",
		   MARK_BYPASS);
	for (size_t i = 0; i < n; i++) {
		const struct cfg_acl *acl = list_of(&v[i], f, false);

		for (size_t k = 0; k < n_ways; k++)
			put_jump(t, &v[i], "oifname", ways[k], acl);
		put_jump(t, &v[i], "oifname", "udp sport 4500 @th,64,32 != 0 ", acl);
	}
	txt_str(t, "\t}\n");
}

bool filter_has6(const struct filter_if *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cfg_acl_filters(v[i].in6) || cfg_acl_filters(v[i].out6))
			return true;
	return false;
}

void filter_ruleset(const struct filter_if *v, size_t n, enum ip_family f, enum filter_form form,
		    struct filter_count *c, size_t n_c, struct txt *t)
{
	/* together with what follows they are one transaction */
	txt_printf(t, "table %s " FILTER_TABLE " {}\n", nft_text_ip(f));
	if (form == FILTER_ONTO)
		put_leftovers(t, f, v, n, c, n_c);
	else
		txt_printf(t, "delete table %s " FILTER_TABLE "\n", nft_text_ip(f));
	if (f == IP_V6 && !filter_has6(v, n))
		return;
	txt_printf(t,
		   "table %s " FILTER_TABLE " {\n"
		   "\tcomment \"access lists of interfaces; removed when culvert stops orderly\"\n",
		   nft_text_ip(f));
	if (form <= FILTER_FULL)
		put_refuse(t, f, v, n);
	for (size_t i = 0; i < n; i++) {
		const struct cfg_acl *in = list_of(&v[i], f, true), *out = list_of(&v[i], f, false);

		if (cfg_acl_filters(in) && !listed_before(v, f, i, in))
			put_list(t, f, in, form, c, n_c);
		if (cfg_acl_filters(out) && out != in && !listed_before(v, f, i, out))
			put_list(t, f, out, form, c, n_c);
	}
	/* before the kernel reassembles: fragments are judged as they come */
	txt_str(t, "\tchain in {\n\t\ttype filter hook prerouting priority -450;\n");
	for (size_t i = 0; i < n; i++) {
		put_carrier(t, f, &v[i]);
		put_jump(t, &v[i], "iifname", "", list_of(&v[i], f, true));
	}
	txt_str(t, "\t}\n\tchain out {\n\t\ttype filter hook forward priority 0;\n");
	for (size_t i = 0; i < n; i++)
		put_jump(t, &v[i], "oifname", "", list_of(&v[i], f, false));
	txt_str(t, "\t}\n");
	put_ciphered(t, f, v, n);
	txt_str(t, "}\n");
}
