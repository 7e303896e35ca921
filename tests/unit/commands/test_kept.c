/* SPDX-License-Identifier: Apache-2.0 */
/* What nobody understands stays, where it stood and as often, whatever is around it: configurations of others, with
 * lines swapped, doubled, lost and cut, at wrong depths, with `!`, `exit`, banners and certificates anywhere, as
 * other systems end their lines. A seed is a text for ever: KEPT_SEEDS=FROM-TO runs others, and the text of one that
 * fails is in kept-failed.cfg. */
#include "helper.h"

#include "gen.h"
#include "lines.h"

#define SEEDS	"1-100"
#define MARK	"zz-mark"

static uint64_t seed;

/* ---- what becomes of it ---- */

static char *say(const char *fmt, ...)
{
	struct txt t = TXT_INIT;
	va_list ap;

	va_start(ap, fmt);
	txt_vprintf(&t, fmt, ap);
	va_end(ap);
	return txt_steal(&t);
}

static size_t depth_of(const char *line)
{
	return strspn(line, " \t");
}

/* Blocks within blocks, and those whose text is no command: golden's have few of them. */
static const char *const blocks[] = {
	"crypto key pubkey-chain rsa\n named-key peer.example\n  address 10.1.1.1\n  key-string\n   00302017\n   4A7D385B\n  quit",
	"crypto key pubkey-chain rsa\n addressed-key 10.1.1.2 encryption\n  key-string\n   00302017\n   4A7D385B\n  quit",
	"crypto keyring K\n pre-shared-key address 10.1.1.1 key secret\n pre-shared-key hostname h key secret",
	"crypto isakmp profile P\n keyring K\n match identity address 10.1.1.1 255.255.255.255",
	"crypto isakmp peer address 10.1.1.1\n set aggressive-mode password secret",
	"crypto map M 10 ipsec-isakmp\n set peer 10.1.1.1\n set transform-set T\n match address A",
	"crypto map M 20 ipsec-manual\n set peer 10.1.1.1\n set session-key inbound esp 256 cipher 0011",
	"crypto dynamic-map D 10\n set transform-set T\n match address A",
	"crypto ipsec profile X\n set transform-set T\n set pfs group2",
	"crypto ipsec transform-set T esp-aes esp-sha-hmac\n mode transport",
	"crypto pki trustpoint TP\n enrollment terminal\n revocation-check none",
	"crypto pki certificate chain TP\n certificate ca 01\n  30820101 30820102\n  \tquit",
	"crypto pki certificate map C 10\n subject-name co example",
	"ip access-list extended A\n 10 permit ip host 10.1.1.1 any\n remark of that\n deny ip any any log",
	"ip access-list standard 7\n permit 10.0.0.0 0.255.255.255",
	"ipv6 access-list V\n permit tcp any any eq 22",
	"router bgp 1\n neighbor 10.1.1.1 remote-as 2\n address-family ipv4\n  network 10.0.0.0\n exit-address-family",
	"router ospf 1\n network 10.0.0.0 0.255.255.255 area 0",
	"class-map match-any C\n match access-group name A", "policy-map P\n class C\n  police 8000\n class class-default\n  fair-queue",
	"line vty 0 4\n login local\n transport input ssh", "line con 0\n exec-timeout 0 0", "archive\n path flash:a\n log config\n  logging enable",
	"banner motd ^C\n welcome\n!\ninterface Tunnel9\n^C", "banner exec #one line#", "banner login ^Cand\nanother^C",
	"interface Tunnel7\n ip address 10.7.7.1 255.255.255.0\n tunnel source Loopback0\n tunnel protection ipsec profile X",
};

static void add_between(struct gen *g, struct lines *t, const char *line)
{
	static const char *const words[] = { "!", "exit", "!", "end", "quit", "exit", "! a remark", "exit-address-family", "", " ", "configure terminal" };

	lines_add(t, say("%.*s%s", gen_maybe(g) ? (int)depth_of(line) : (int)gen_in(g, 0, 3), "   ", words[gen_in(g, 0, 10)]));
}

/* At the depth of the line before, most often. */
static void add_mark(struct gen *g, struct lines *t, const char *line, unsigned *marks)
{
	static const char *const forms[] = { MARK "%u", MARK "%u 10.1.1.1 any", "set " MARK "%u", "ip " MARK "%u x", "crypto map M " MARK "%u",
					     "permit ip any " MARK "%u", "no " MARK "%u", "interface " MARK "%u 7 8", "match " MARK "%u",
					     "address " MARK "%u", "crypto " MARK "%u", MARK "%u ? | \"" };
	char text[64];

	snprintf(text, sizeof(text), forms[gen_in(g, 0, 2) ? gen_in(g, 0, 1) : gen_in(g, 0, 11)], (*marks)++);
	lines_add(t, say("%.*s%s", (int)(gen_in(g, 0, 3) ? depth_of(line) : gen_in(g, 0, 4)), "        ", text));
}

/* wild: anything; else lines as they are, with marks between them. */
static void mutate(struct gen *g, const struct lines *from, bool wild, struct lines *to, unsigned *marks)
{
	for (size_t i = 0; i < from->n; i++) {
		const char *line = from->v[i], *other = from->v[gen_in(g, 0, (uint32_t)from->n - 1)];

		if (!gen_in(g, 0, 15))
			add_mark(g, to, line, marks);
		if (!gen_in(g, 0, 20) && !depth_of(line))
			lines_cut(blocks[gen_in(g, 0, sizeof(blocks) / sizeof(blocks[0]) - 1)], to);
		switch (wild ? gen_in(g, 0, 50) : 50) {
		case 0: /* lost */
			break;
		case 1: /* twice */
			lines_add(to, strdup(line));
			lines_add(to, strdup(line));
			break;
		case 2: /* from elsewhere */
			lines_add(to, strdup(other));
			lines_add(to, strdup(line));
			break;
		case 3: /* cut */
			lines_add(to, strndup(line, gen_in(g, 0, (uint32_t)strlen(line))));
			break;
		case 4: /* as deep as it should not be */
		case 5:
			lines_add(to, say("%.*s%s", (int)gen_in(g, 0, 5), "     ", line + depth_of(line)));
			break;
		case 6:
			lines_add(to, say("%s%s%s", gen_maybe(g) ? "\t" : " ", line, gen_maybe(g) ? "  " : "\t"));
			break;
		case 7: /* the next one first */
			if (i + 1 < from->n)
				lines_add(to, strdup(from->v[i + 1]));
			lines_add(to, strdup(line));
			i++;
			break;
		case 8:
		case 9:
			add_between(g, to, line);
			lines_add(to, strdup(line));
			break;
		case 10: /* a block within another */
			lines_cut(blocks[gen_in(g, 0, sizeof(blocks) / sizeof(blocks[0]) - 1)], to);
			lines_add(to, strdup(line));
			break;
		default:
			lines_add(to, strdup(line));
		}
	}
}

/* ---- what is to hold ---- */

static void fails(const char *text, const char *why, const char *what)
{
	FILE *f = fopen("kept-failed.cfg", "w");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
	fail_msg("seed %u: %s%s", (unsigned)seed, why, what);
}

static struct config *load_text(const char *text, struct txt *printed)
{
	struct report report = { 0 };
	struct config *c = load(text, &report);

	txt_clear(printed);
	commands_render(c, 0, printed);
	report_fini(&report);
	return c;
}

/* What is printed reads back as the same, and is printed as the same. */
static void is_fixed(const char *text, struct txt *one)
{
	struct txt two = TXT_INIT;
	struct config *c = load_text(text, one), *d = load_text(txt_cstr(one), &two);

	if (strcmp(txt_cstr(one), txt_cstr(&two)) != 0)
		fails(text, "what is printed reads back as something else", "");
	if (!config_equal(c, d))
		fails(text, "what is printed is not what is in force", "");
	config_free(c);
	config_free(d);
	txt_fini(&two);
}

static size_t times(const char *text, const char *mark)
{
	size_t n = 0, len = strlen(mark);

	for (const char *p = text; (p = strstr(p, mark)); p += len)
		n += p[len] < '0' || p[len] > '9';
	return n;
}

/* The line that opens the block in which mark is printed; "" at the global level. */
static void block_of(const char *printed, const char *mark, char *ret, size_t cap)
{
	const char *at = printed, *line;
	size_t len = strlen(mark), depth;

	while ((at = strstr(at, mark)) && at[len] >= '0' && at[len] <= '9')
		at += len;
	for (line = at; line > printed && line[-1] != '\n';)
		line--;
	depth = depth_of(line);
	while (depth && line > printed) {
		for (line--; line > printed && line[-1] != '\n';)
			line--;
		if (depth_of(line) < depth)
			break;
	}
	snprintf(ret, cap, "%.*s", at && depth ? (int)strcspn(line + depth_of(line), "\n") : 0, line + depth_of(line));
}

/* The mode that the session is in, as the line that leads there says it; false: none does. */
static bool mode_of(const struct cli_session *s, char *ret, size_t cap)
{
	struct txt path = TXT_INIT;
	bool ok = cli_session_path(s, &path);
	const char *last = txt_cstr(&path), *nl;

	while ((nl = strchr(last, '\n')) && nl[1])
		last = nl + 1;
	snprintf(ret, cap, "%.*s", (int)strcspn(last, "\n"), last);
	txt_fini(&path);
	return ok && *ret;
}

/* Each mark of t is printed once, and in the block that it was read in. */
static void each_is_there(const struct lines *t, const char *text, const char *printed)
{
	struct config *c = config_new();
	struct cli_session *s = cli_session_new(commands_grammar(), M_CONFIG);
	size_t opened = 0; /* how deep the line stood that led to the mode */

	assert_true(c && s);
	cli_session_set_interactive(s, false);
	for (size_t i = 0; i < t->n; i++) {
		const char *at = strstr(t->v[i], MARK);
		char mark[32] = "", in[256] = "", there[256];
		struct cli_result r;
		/* what is no deeper may be of the mode around it */
		bool banner = cli_session_is_text(s), before = mode_of(s, in, sizeof(in)),
		     known = before && depth_of(t->v[i]) > opened;

		if (at)
			snprintf(mark, sizeof(mark), "%.*s", (int)(strlen(MARK) + strspn(at + strlen(MARK), "0123456789")), at);
		cli_session_line(s, c, t->v[i], (uint32_t)i + 1, &r);
		cli_result_fini(&r);
		if (!at && mode_of(s, there, sizeof(there)) && (!before || strcmp(in, there) != 0))
			opened = depth_of(t->v[i]);
		if (!at || banner)
			continue;
		if (times(printed, mark) != 1)
			fails(text, times(printed, mark) ? "it is printed twice: " : "it is lost: ", mark);
		block_of(printed, mark, there, sizeof(there));
		if (known && strcmp(there, in) != 0)
			fails(text, "it is printed in another block: ", mark);
	}
	cli_session_free(s);
	config_free(c);
}

static void run(bool wild)
{
	struct gen g = { seed * 2 + wild };
	struct lines t = { 0 };
	struct txt text = TXT_INIT, printed = TXT_INIT;
	unsigned marks = 0;

	mutate(&g, &files[seed % n_files], wild, &t, &marks);
	const char *end = gen_in(&g, 0, 3) ? "\n" : "\r\n";

	for (size_t i = 0; i < t.n; i++)
		txt_printf(&text, "%s%s", t.v[i], end);
	is_fixed(txt_cstr(&text), &printed);
	if (!wild)
		each_is_there(&t, txt_cstr(&text), txt_cstr(&printed));
	lines_drop(&t);
	txt_fini(&text);
	txt_fini(&printed);
}

static void what_nobody_understands_stays_where_it_stood(void **state)
{
	const char *asked = getenv("KEPT_SEEDS");
	unsigned from = 0, to = 0;

	(void)state;
	assert_int_equal(sscanf(asked ? asked : SEEDS, "%u-%u", &from, &to), 2);
	for (seed = from; seed <= to; seed++) {
		run(false);
		run(true);
	}
}

/* As a file of another system, or as it is sent over a serial line. */
static void a_certificate_with_carriage_returns_is_one(void **state)
{
	char *text = golden("fuzz-language/fixed-crlf-certificate.cfg", NULL);
	struct report report = { 0 };
	struct config *c = load(text, &report);

	(void)state;
	assert_int_equal(report.errors, 0);
	assert_int_equal(c->pki.chains[0]->certs[0]->len, 8);
	config_free(c);
	report_fini(&report);
	free(text);
}

static void a_line_of_a_key_stays_outside_of_it(void **state)
{
	static const char *const lines[] = { "key-string", "zz-mark1" };
	struct txt text = TXT_INIT, printed = TXT_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		txt_clear(&text);
		txt_printf(&text, "crypto key pubkey-chain rsa\n %s\n named-key a\n  address 10.1.1.1\n exit\n", lines[i]);
		is_fixed(txt_cstr(&text), &printed);
		assert_int_equal(times(txt_cstr(&printed), lines[i]), 1);
		assert_int_equal(times(txt_cstr(&printed), "address 10.1.1.1"), 1);
	}
	txt_fini(&text);
	txt_fini(&printed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_understands_stays_where_it_stood),
		cmocka_unit_test(a_certificate_with_carriage_returns_is_one),
		cmocka_unit_test(a_line_of_a_key_stays_outside_of_it),
	};

	return cmocka_run_group_tests(tests, lines_read, lines_forget);
}
