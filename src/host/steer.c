/* SPDX-License-Identifier: Apache-2.0 */
#include "host/steer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "host/sockets.h"

#define WIDE_FROM 16 /* lines in a run that are worth a set */

/* ---- running nft ---- */

/* Feeds text to `nft -f -` (or runs it with args); what it says goes to out. */
static int run_nft(char *const argv[], const char *text, struct txt *out)
{
	int in[2], from[2], status = 0;
	char buf[4096];
	ssize_t n;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(from, O_CLOEXEC) < 0) {
		int err = -errno;

		close(in[0]);
		close(in[1]);
		return err;
	}
	pid = fork();
	if (pid == 0) {
		static char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };

		dup2(in[0], 0);
		dup2(from[1], 1);
		dup2(from[1], 2);
		signal(SIGPIPE, SIG_DFL);
		execvpe("nft", argv, env);
		_exit(127);
	}
	close(in[0]);
	close(from[1]);
	if (pid > 0) {
		size_t len = strlen(text), at = 0;

		/* nft reads all of its input before it says anything */
		while (at < len && (n = write(in[1], text + at, len - at)) > 0)
			at += (size_t)n;
	}
	close(in[1]);
	while (pid > 0 && (n = read(from[0], buf, sizeof(buf))) > 0)
		if (out->len < 65536)
			txt_mem(out, buf, (size_t)n);
	close(from[0]);
	if (pid < 0)
		return -EAGAIN;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return -ENOENT;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EINVAL;
}

/* ---- rules ---- */

static uint32_t v4_of(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put_v4(struct txt *t, uint32_t v)
{
	txt_printf(t, "%u.%u.%u.%u", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
}

static void put_prefix(struct txt *t, const struct addr_match *m)
{
	unsigned len = 0;

	(void)addr_match_prefix(m, &len);
	put_v4(t, v4_of(m->addr.b));
	txt_printf(t, "/%u", len);
}

static void put_addr(struct txt *t, const char *field, const struct addr_match *m)
{
	unsigned len;

	if (addr_match_prefix(m, &len)) {
		if (!len)
			return;
		txt_printf(t, "ip %s ", field);
		put_prefix(t, m);
	} else {
		uint32_t mask = ~v4_of(m->wild);

		txt_printf(t, "ip %s & ", field);
		put_v4(t, mask);
		txt_str(t, " == ");
		put_v4(t, v4_of(m->addr.b) & mask);
	}
	txt_char(t, ' ');
}

static void put_port(struct txt *t, const char *field, const struct port_match *m)
{
	switch ((enum port_op)m->op) {
	case PORT_ANY:
		return;
	case PORT_EQ:
		txt_printf(t, "th %s %u ", field, m->lo);
		return;
	case PORT_NEQ:
		txt_printf(t, "th %s != %u ", field, m->lo);
		return;
	case PORT_LT:
		txt_printf(t, "th %s < %u ", field, m->lo);
		return;
	case PORT_GT:
		txt_printf(t, "th %s > %u ", field, m->lo);
		return;
	case PORT_RANGE:
		txt_printf(t, "th %s %u-%u ", field, m->lo, m->hi);
		return;
	}
}

static bool has_ports(const struct selector *s)
{
	return s->local_port.op != PORT_ANY || s->remote_port.op != PORT_ANY;
}

/* mirror: as the packet looks when it arrives. */
static void put_line(struct txt *t, const struct selector *s, bool mirror, const char *verdict)
{
	struct selector m = mirror ? selector_mirror(s) : *s;

	txt_str(t, "\t\t");
	if (m.proto)
		txt_printf(t, "ip protocol %u ", m.proto);
	put_addr(t, "saddr", &m.local);
	put_addr(t, "daddr", &m.remote);
	put_port(t, "sport", &m.local_port);
	put_port(t, "dport", &m.remote_port);
	txt_printf(t, "%s\n", verdict);
}

/* Later fragments carry no ports: those of a protected protocol are protected, or
 * they would leave in clear. */
static void put_fragments(struct txt *t, const struct selector *s, bool mirror, const char *verdict)
{
	struct selector l3 = *s;

	l3.local_port = l3.remote_port = (struct port_match){ 0 };
	struct txt v = TXT_INIT;
	txt_printf(&v, "ip frag-off & 0x1fff != 0 %s", verdict);
	put_line(t, &l3, mirror, txt_cstr(&v));
	txt_fini(&v);
}

static bool is_plain(const struct steer_line *l)
{
	unsigned len;

	return !has_ports(&l->sel) && !l->sel.proto && addr_match_prefix(&l->sel.local, &len) &&
	       addr_match_prefix(&l->sel.remote, &len);
}

/* A run of plain lines as one set of address pairs. */
static void put_run(struct txt *t, const struct steer_line *l, size_t n, bool mirror,
		    const char *verdict)
{
	txt_str(t, "\t\tip saddr . ip daddr { ");
	for (size_t i = 0; i < n; i++) {
		const struct selector *s = &l[i].sel;

		if (i)
			txt_str(t, ", ");
		put_prefix(t, mirror ? &s->remote : &s->local);
		txt_str(t, " . ");
		put_prefix(t, mirror ? &s->local : &s->remote);
	}
	txt_printf(t, " } %s\n", verdict);
}

enum side { SIDE_STEER, SIDE_GUARD, SIDE_MIRROR };
static const char *const side_name[] = { "steer", "guard", "mirror" };

/* The chains of one side of one interface: a chain for each map entry, since a
 * deny line means "go on at the next entry". */
static void put_chains(struct txt *t, const struct steer_if *f, enum side side, bool wide)
{
	struct txt permit = TXT_INIT;
	size_t i = 0;

	if (side == SIDE_STEER)
		txt_printf(&permit, "meta mark set 0x%x accept", STEER_MARK_BASE + f->slot);
	else if (side == SIDE_GUARD)
		txt_str(&permit, "counter name guard_drops drop");
	else
		txt_printf(&permit,
			   "counter name mirror_drops log group %u snaplen 64 drop", STEER_NFLOG);
	while (i < f->n_lines) {
		uint32_t seq = f->lines[i].map_seq;

		txt_printf(t, "\tchain %s_%u_%u {\n", side_name[side], f->slot, seq);
		while (i < f->n_lines && f->lines[i].map_seq == seq) {
			const struct steer_line *l = &f->lines[i];
			const char *verdict = l->permit ? txt_cstr(&permit) : "return";
			size_t run = 0;

			while (wide && i + run < f->n_lines && f->lines[i + run].map_seq == seq &&
			       f->lines[i + run].permit == l->permit && is_plain(&f->lines[i + run]))
				run++;
			if (run >= WIDE_FROM) {
				put_run(t, l, run, side == SIDE_MIRROR, verdict);
				i += run;
				continue;
			}
			put_line(t, &l->sel, side == SIDE_MIRROR, verdict);
			if (l->permit && has_ports(&l->sel))
				put_fragments(t, &l->sel, side == SIDE_MIRROR, verdict);
			i++;
		}
		txt_str(t, "\t}\n");
	}
	txt_printf(t, "\tchain %s_%u {\n", side_name[side], f->slot);
	for (i = 0; i < f->n_lines; i++)
		if (!i || f->lines[i].map_seq != f->lines[i - 1].map_seq)
			txt_printf(t, "\t\tjump %s_%u_%u\n", side_name[side], f->slot,
				   f->lines[i].map_seq);
	txt_str(t, "\t}\n");
	txt_fini(&permit);
}

void steer_ruleset(const struct steer_if *v, size_t n, bool wide, struct txt *t)
{
	/* add and delete first: together with what follows they are one transaction */
	txt_str(t, "table ip culvert {}\ndelete table ip culvert\ntable ip culvert {\n"
		   "\tcomment \"made by culvert; removed when it stops orderly\"\n"
		   "\tcounter guard_drops {}\n\tcounter mirror_drops {}\n");
	for (size_t i = 0; i < n; i++)
		for (enum side s = SIDE_STEER; s <= SIDE_MIRROR; s++)
			put_chains(t, &v[i], s, wide);
	txt_str(t, "\tchain prerouting {\n\t\ttype filter hook prerouting priority mangle;\n");
	for (size_t i = 0; i < n; i++) /* out of an SA: not in clear, whatever it looks like */
		txt_printf(t, "\t\tiifname \"%s\" goto forwarding\n", v[i].tun);
	/* what an `any any` line would call cleartext and is our own cipher traffic */
	txt_str(t, "\t\tfib daddr type local ip protocol { esp, ah } accept\n"
		   "\t\tfib daddr type local udp dport { 500, 4500 } accept\n");
	for (size_t i = 0; i < n; i++)
		txt_printf(t, "\t\tiifname \"%s\" jump mirror_%u\n", v[i].device, v[i].slot);
	txt_str(t, "\t\tgoto forwarding\n\t}\n\tchain forwarding {\n");
	for (size_t i = 0; i < n; i++)
		txt_printf(t, "\t\tfib daddr oifname \"%s\" jump steer_%u\n", v[i].device, v[i].slot);
	txt_str(t, "\t}\n\tchain output {\n\t\ttype route hook output priority mangle;\n");
	txt_printf(t, "\t\tmeta mark 0x%x accept\n", MARK_BYPASS);
	for (size_t i = 0; i < n; i++)
		txt_printf(t, "\t\toifname \"%s\" jump steer_%u\n", v[i].device, v[i].slot);
	/* only ESP, AH and IKE may use the bypass: GRE in clear may not */
	txt_printf(t, "\t}\n\tchain postrouting {\n\t\ttype filter hook postrouting priority 400;\n"
		      "\t\tmeta mark 0x%x ip protocol { esp, ah } accept\n"
		      "\t\tmeta mark 0x%x udp sport { 500, 4500 } accept\n",
		   MARK_BYPASS, MARK_BYPASS);
	/* later fragments of such a datagram */
	txt_printf(t, "\t\tmeta mark 0x%x ip frag-off & 0x1fff != 0 accept\n", MARK_BYPASS);
	for (size_t i = 0; i < n; i++)
		txt_printf(t, "\t\toifname \"%s\" jump guard_%u\n", v[i].device, v[i].slot);
	txt_str(t, "\t}\n\tchain mss {\n\t\ttype filter hook forward priority mangle;\n");
	for (size_t i = 0; i < n; i++)
		if (v[i].adjust_mss)
			txt_printf(t,
				   "\t\toifname { \"%s\", \"%s\" } tcp flags syn tcp option maxseg "
				   "size > %u tcp option maxseg size set %u\n"
				   "\t\tiifname { \"%s\", \"%s\" } tcp flags syn tcp option maxseg "
				   "size > %u tcp option maxseg size set %u\n",
				   v[i].device, v[i].tun, v[i].adjust_mss, v[i].adjust_mss,
				   v[i].device, v[i].tun, v[i].adjust_mss, v[i].adjust_mss);
	txt_str(t, "\t}\n}\n");
}

static uint64_t fingerprint(const struct txt *t)
{
	static const uint64_t seed[2] = { 0 };
	uint64_t h = hash_bytes(seed, t->s, t->len);

	return h ? h : 1;
}

static int load(const struct steer_if *v, size_t n, bool wide, uint64_t *mark, struct txt *why)
{
	char *const argv[] = { "nft", "-f", "-", NULL };
	struct txt t = TXT_INIT;
	int err = 0;

	steer_ruleset(v, n, wide, &t);
	if (t.bad)
		err = -ENOMEM;
	else if (*mark != fingerprint(&t))
		err = run_nft(argv, txt_cstr(&t), why);
	if (!err)
		*mark = fingerprint(&t);
	txt_fini(&t);
	return err;
}

int steer_apply(struct nl *nl, const struct steer_if *v, size_t n, uint64_t *mark, struct txt *why)
{
	int err;

	for (size_t i = 0; i < n; i++) {
		struct nl_route last = { .table = STEER_TABLE_BASE + v[i].slot,
					 .metric = UINT32_MAX, .unreachable = true };
		struct nl_route tun = { .table = last.table, .ifindex = v[i].tun_ifindex };

		err = nl_route_add(nl, &last);
		if (!err)
			err = nl_route_add(nl, &tun);
		if (!err)
			err = nl_rule_add(nl, STEER_MARK_BASE + v[i].slot, last.table, last.table);
		if (err) {
			txt_printf(why, "route or rule of table %u: %s", last.table, strerror(-err));
			return err;
		}
	}
	err = load(v, n, true, mark, why);
	if (err == -EINVAL) { /* overlapping entries do not fit a set */
		txt_clear(why);
		err = load(v, n, false, mark, why);
	}
	return err;
}

void steer_forget(struct nl *nl, uint32_t slot)
{
	struct nl_route last = { .table = STEER_TABLE_BASE + slot, .metric = UINT32_MAX,
				 .unreachable = true };
	struct nl_route tun = { .table = last.table };

	(void)nl_rule_del(nl, STEER_MARK_BASE + slot, last.table, last.table);
	(void)nl_route_del(nl, &tun);
	(void)nl_route_del(nl, &last);
}

int steer_remove(void)
{
	char *const argv[] = { "nft", "-f", "-", NULL };
	struct txt why = TXT_INIT;
	int err = run_nft(argv, "table ip culvert {}\ndelete table ip culvert\n", &why);

	txt_fini(&why);
	return err;
}

long steer_mirror_drops(void)
{
	char *const argv[] = { "nft", "list", "counter", "ip", "culvert", "mirror_drops", NULL };
	struct txt out = TXT_INIT;
	int err = run_nft(argv, "", &out);
	const char *at = strstr(txt_cstr(&out), "packets ");
	long n = err ? err : at ? strtol(at + 8, NULL, 10) : -EBADMSG;

	txt_fini(&out);
	return n;
}
