/* SPDX-License-Identifier: Apache-2.0 */
/* Timer: acl_log_tick(), with the samples of show; SUM_MS after its first packet a flow's
 * further ones are told. */
#include "control/acl_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/txt.h"
#include "host/log.h"

#define FLOWS	   256
#define SUM_MS	   300000
#define NEW_A_SEC  10 /* strangers may invent flows without end */

struct logged {
	bool used, permit, standard;
	char acl[CFG_NAME_MAX], ifname[CFG_NAME_MAX];
	uint32_t seq;
	struct acl_probe p;
	uint64_t n, since_ms; /* packets not told yet; of the last line about it */
};

struct acl_log {
	struct logged v[FLOWS];
	uint64_t missed, missed_since_ms, second_ms;
	unsigned in_second;
};

struct acl_log *acl_log_new(void)
{
	return calloc(1, sizeof(struct acl_log));
}

void acl_log_free(struct acl_log *l)
{
	free(l);
}

/* The list, and in lists of IPv6 the line, as IOS names them; and the mnemonic's beginning. */
static void say(const struct logged *f, const char *kind, const char *packet)
{
	bool ipv6 = f->p.src.family == IP_V6;
	char mnemonic[40], seq[16] = "";

	snprintf(mnemonic, sizeof(mnemonic), "%s%s", ipv6 ? "IPV6_ACL-6-ACCESSLOG" : "SEC-6-IPACCESSLOG", kind);
	if (ipv6)
		snprintf(seq, sizeof(seq), "/%u", (unsigned)f->seq);
	log_line(mnemonic, "list %s%s %s %s, %" PRIu64 " packet%s", f->acl, seq,
		 f->permit ? "permitted" : "denied", packet, f->n, f->n == 1 ? "" : "s");
}

/* What routers say to each other; IOS logs it by name, other protocols by number. */
static const char *routing_protocol(uint8_t proto)
{
	static const struct {
		uint8_t proto;
		const char *name;
	} rows[] = { { 2, "igmp" }, { 9, "igrp" }, { 88, "eigrp" }, { 89, "ospf" }, { 103, "pim" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].proto == proto)
			return rows[i].name;
	return NULL;
}

static void tell(struct logged *f, uint64_t now_ms)
{
	const struct acl_probe *p = &f->p;
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN], via[CFG_NAME_MAX + 4] = "";
	struct txt t = TXT_INIT;

	ipaddr_ios(&p->src, a);
	ipaddr_ios(&p->dst, b);
	if (f->ifname[0])
		snprintf(via, sizeof(via), " (%s)", f->ifname);
	if (f->standard) {
		log_line("SEC-6-IPACCESSLOGS", "list %s %s %s%s %" PRIu64 " packet%s", f->acl,
			 f->permit ? "permitted" : "denied", a, via, f->n, f->n == 1 ? "" : "s");
	} else if (p->proto == 6 || p->proto == 17) {
		txt_printf(&t, "%s %s(%u)%s -> %s(%u)", p->proto == 6 ? "tcp" : "udp", a, p->src_port, via,
			   b, p->dst_port);
		say(f, "P", txt_cstr(&t));
	} else if (p->proto == (p->src.family == IP_V6 ? 58 : 1)) {
		txt_printf(&t, "%s %s%s -> %s (%u/%u)", p->proto == 1 ? "icmp" : "icmpv6", a, via, b,
			   p->icmp_type, p->icmp_code);
		say(f, "DP", txt_cstr(&t));
	} else if (p->src.family == IP_V4 && routing_protocol(p->proto)) {
		txt_printf(&t, "%s %s%s -> %s", routing_protocol(p->proto), a, via, b);
		say(f, "RP", txt_cstr(&t));
	} else {
		txt_printf(&t, "%u %s%s -> %s", p->proto, a, via, b);
		say(f, "NP", txt_cstr(&t));
	}
	txt_fini(&t);
	f->n = 0;
	f->since_ms = now_ms;
}

static bool is_flow(const struct logged *f, const struct cfg_acl *acl, const struct acl_entry *e,
		    const struct acl_probe *p)
{
	return f->used && f->seq == e->seq && f->permit == (e->kind == ACE_PERMIT) &&
	       !strcmp(f->acl, acl->name) && ipaddr_equal(&f->p.src, &p->src) &&
	       (f->standard || (f->p.proto == p->proto && ipaddr_equal(&f->p.dst, &p->dst) &&
				f->p.src_port == p->src_port && f->p.dst_port == p->dst_port &&
				f->p.icmp_type == p->icmp_type && f->p.icmp_code == p->icmp_code));
}

/* A place for a flow: a free one, or that of one about which nothing is owed. */
static struct logged *place(struct acl_log *l)
{
	struct logged *oldest = NULL;

	for (size_t i = 0; i < FLOWS; i++) {
		struct logged *f = &l->v[i];

		if (!f->used)
			return f;
		if (!f->n && (!oldest || f->since_ms < oldest->since_ms))
			oldest = f;
	}
	return oldest;
}

static bool may_tell(struct acl_log *l, uint64_t now_ms)
{
	if (now_ms - l->second_ms >= 1000) {
		l->second_ms = now_ms;
		l->in_second = 0;
	}
	return l->in_second++ < NEW_A_SEC;
}

void acl_log_packet(struct acl_log *l, const struct cfg_acl *acl, const struct acl_entry *e,
		    const struct acl_probe *p, const char *ifname, uint64_t now_ms)
{
	struct logged *f;

	for (size_t i = 0; i < FLOWS; i++)
		if (is_flow(&l->v[i], acl, e, p)) {
			l->v[i].n++;
			return;
		}
	f = may_tell(l, now_ms) ? place(l) : NULL;
	if (!f) {
		if (!l->missed++)
			l->missed_since_ms = now_ms;
		return;
	}
	*f = (struct logged){ .used = true, .permit = e->kind == ACE_PERMIT, .seq = e->seq, .n = 1,
			      .standard = acl->kind == ACL_STANDARD, .p = *p };
	snprintf(f->acl, sizeof(f->acl), "%s", acl->name);
	if (e->log == 2)
		snprintf(f->ifname, sizeof(f->ifname), "%s", ifname);
	tell(f, now_ms);
}

void acl_log_tick(struct acl_log *l, uint64_t now_ms)
{
	for (size_t i = 0; i < FLOWS; i++) {
		struct logged *f = &l->v[i];

		if (!f->used || now_ms - f->since_ms < SUM_MS)
			continue;
		if (f->n)
			tell(f, now_ms);
		else
			f->used = false; /* it has stopped */
	}
	if (l->missed && now_ms - l->missed_since_ms >= SUM_MS) {
		log_line("SEC-6-IPACCESSLOGRL",
			 "access-list logging rate-limited or missed %" PRIu64 " packet%s", l->missed,
			 l->missed == 1 ? "" : "s");
		l->missed = 0;
	}
}
