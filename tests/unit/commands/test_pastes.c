/* SPDX-License-Identifier: Apache-2.0 */
/* Pastes as they come: long, cut, mixed up, with lines of something else in between. The mutations are those of a
 * generator with seeds; a failure says which, and its text is in /tmp/paste-failed.cfg. */
#include "helper.h"

#include "gen.h"
#include "lines.h"

#define LINES 10000u
#define SEEDS 40u

static void join(const struct lines *l, struct txt *out)
{
	txt_clear(out);
	for (size_t i = 0; i < l->n; i++)
		txt_printf(out, "%s\n", l->v[i]);
	assert_false(out->bad);
}

/* ---- what others have written, mixed up ---- */

static char *without_word(struct gen *g, const char *line)
{
	size_t len = strlen(line), at = len ? gen_in(g, 0, (uint32_t)len - 1) : 0, word;
	char *new = strdup(line);

	while (at && line[at - 1] != ' ')
		at--;
	word = strcspn(line + at, " ");
	memmove(new + at, line + at + word, len - at - word + 1);
	return new;
}

static char *with_byte(struct gen *g, const char *line)
{
	static const char bytes[] = "0918 ?!\t\r\"'^|%{}-.:/\x7f\xff\x01Zz";
	char *new = strdup(line);

	if (*new)
		new[gen_in(g, 0, (uint32_t)strlen(new) - 1)] = bytes[gen_in(g, 0, sizeof(bytes) - 2)];
	return new;
}

/* Of other's line the end, of this one the beginning. */
static char *crossed(struct gen *g, const char *line, const char *other)
{
	size_t head = gen_in(g, 0, (uint32_t)strlen(line)), tail = gen_in(g, 0, (uint32_t)strlen(other));
	char *new = malloc(head + strlen(other) - tail + 1);

	memcpy(new, line, head);
	strcpy(new + head, other + tail);
	return new;
}

/* Lines of `from`, about as many as it has; most as they are. */
static void mutate(struct gen *g, const struct lines *from, struct lines *to)
{
	for (size_t i = 0; i < from->n; i++) {
		const char *line = from->v[i], *other = from->v[gen_in(g, 0, (uint32_t)from->n - 1)];

		switch (gen_in(g, 0, 40)) {
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
		case 3:
			lines_add(to, strndup(line, gen_in(g, 0, (uint32_t)strlen(line))));
			break;
		case 4:
			lines_add(to, without_word(g, line));
			break;
		case 5:
			lines_add(to, with_byte(g, line));
			break;
		case 6:
			lines_add(to, crossed(g, line, other));
			break;
		case 7: /* not where it stood */
			lines_add(to, strdup(line + strspn(line, " ")));
			break;
		case 8: {
			struct txt t = TXT_INIT;

			txt_printf(&t, "%s%s", gen_maybe(g) ? " " : "no ", line + strspn(line, " "));
			lines_add(to, txt_steal(&t));
			break;
		}
		default:
			lines_add(to, strdup(line));
		}
	}
}

/* Of 10,000 lines nobody reads more than the first that differs. */
static void assert_same_lines(const char *got, const char *want)
{
	size_t n = 1, start = 0, i = 0;

	for (; got[i] && got[i] == want[i]; i++)
		if (got[i] == '\n') {
			start = i + 1;
			n++;
		}
	if (got[i] || want[i])
		fail_msg("line %zu: \"%.*s\" is not \"%.*s\"", n, (int)strcspn(got + start, "\n"), got + start,
			 (int)strcspn(want + start, "\n"), want + start);
}

static void fails(const char *text, const char *why, uint64_t seed)
{
	FILE *f = fopen("/tmp/paste-failed.cfg", "w");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
	fail_msg("seed %u: %s", (unsigned)seed, why);
}

/* Each line that is refused is said once, with its number and as it stands. */
static void each_is_said_once(const struct report *r, const struct lines *l, const char *text, uint64_t seed)
{
	uint32_t last = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct report_msg *m = &r->v[i];

		if (m->severity != REPORT_ERROR)
			continue;
		if (!m->line || m->line > l->n || m->line <= last)
			fails(text, "a refused line is said twice, or is none", seed);
		last = m->line;
		const char *line = l->v[last - 1];
		for (size_t k = 0; line[k] || m->source[k]; k++)
			if (!m->source[k] && !line[k + strspn(line + k, "\r")])
				break;
			else if (m->source[k] != line[k] && !(m->source[k] == ' ' && strchr("\t\r", line[k])))
				fails(text, "a refused line is said with the words of another", seed);
	}
}

static void take(const struct lines *l, uint64_t seed)
{
	struct txt text = TXT_INIT, one = TXT_INIT, two = TXT_INIT;
	struct report report = { 0 }, again = { 0 };
	struct config *c = NULL, *d = NULL;

	join(l, &text);
	assert_int_equal(config_load_text(txt_cstr(&text), text.len, &c, &report), 0);
	each_is_said_once(&report, l, txt_cstr(&text), seed);
	commands_render(c, 0, &one);
	assert_int_equal(config_load_text(txt_cstr(&one), one.len, &d, &again), 0);
	commands_render(d, 0, &two);
	if (strcmp(txt_cstr(&one), txt_cstr(&two)))
		fails(txt_cstr(&text), "what is printed reads back as something else", seed);
	if (!config_equal(c, d))
		fails(txt_cstr(&text), "what is printed is not what is in force", seed);
	config_free(c);
	config_free(d);
	report_fini(&report);
	report_fini(&again);
	txt_fini(&text);
	txt_fini(&one);
	txt_fini(&two);
}

static void what_others_wrote_is_taken_mixed_up(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++)
		for (size_t i = 0; i < n_files; i++) {
			struct gen g = { seed * 1000 + i };
			struct lines l = { 0 };

			mutate(&g, &files[i], &l);
			take(&l, seed * 1000 + i);
			lines_drop(&l);
		}
}

static void ten_thousand_mixed_up_lines_are_taken(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct gen g = { seed };
		struct lines l = { 0 };

		while (l.n < LINES)
			mutate(&g, &files[gen_in(&g, 0, (uint32_t)n_files - 1)], &l);
		take(&l, seed);
		lines_drop(&l);
	}
}

static int take_once(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	struct lines l = { 0 };
	char *text;

	(void)st;
	(void)at;
	if (kind != FTW_F)
		return 0;
	text = golden(path + strlen(GOLDEN_DIR) + 1, NULL);
	lines_cut(text, &l);
	take(&l, 0);
	lines_drop(&l);
	free(text);
	return 0;
}

static void what_once_broke_it_is_taken(void **state)
{
	(void)state;
	assert_int_equal(nftw(GOLDEN_DIR "/fuzz-language", take_once, 8, FTW_PHYS), 0);
}

/* ---- lines of something else in between ---- */

/* A thousand peers, each with a list and a map entry. */
static void peers(struct lines *l)
{
	struct txt t = TXT_INIT;

	txt_str(&t, "hostname R1\ncrypto isakmp policy 10\n encr aes\n authentication pre-share\n group 14\n"
		    "crypto ipsec transform-set T esp-aes esp-sha-hmac\n");
	for (unsigned i = 1; i <= 1000; i++)
		txt_printf(&t, "crypto isakmp key secret%u address 10.%u.%u.1\n", i, i / 250, i % 250);
	for (unsigned i = 1; i <= 1000; i++)
		txt_printf(&t,
			   "crypto map M %u ipsec-isakmp\n description peer %u\n set peer 10.%u.%u.1\n set transform-set T\n"
			   " match address L%u\n",
			   i, i, i / 250, i % 250, i);
	txt_str(&t, "interface FastEthernet0/0\n ip address 192.0.2.1 255.255.255.0\n crypto map M\n");
	for (unsigned i = 1; i <= 1000; i++)
		txt_printf(&t, "ip access-list extended L%u\n permit ip 172.16.0.0 0.0.255.255 10.%u.%u.0 0.0.0.255\n"
			       " permit icmp host 172.16.0.1 host 10.%u.%u.1\n deny ip any any\n",
			   i, i / 250 + 100, i % 250, i / 250, i % 250);
	lines_cut(txt_cstr(&t), l);
	txt_fini(&t);
}

static bool is_foreign(const char *line)
{
	return strstr(line, "zz-foreign") != NULL;
}

/* A kept line may have a separator of its own. */
static void without(const char *text, struct txt *out)
{
	struct lines l = { 0 };

	lines_cut(text, &l);
	for (size_t i = 0; i < l.n; i++)
		if (!is_foreign(l.v[i]) && strcmp(l.v[i], "!"))
			txt_printf(out, "%s\n", l.v[i]);
	lines_drop(&l);
}

static void what_is_refused_harms_nothing_else(void **state)
{
	static const char *const foreign[] = { "zz-foreign", "zz-foreign address 10.1.1.1", "set zz-foreign 1",
					       "ip zz-foreign", "permit zz-foreign any any", "no zz-foreign" };
	struct lines clean = { 0 }, all = { 0 };
	struct txt text = TXT_INIT, want = TXT_INIT, got = TXT_INIT;
	struct report none = { 0 }, report = { 0 };
	struct config *c, *d;
	struct gen g = { 1 };
	size_t refused = 0, said = 0;

	(void)state;
	peers(&clean);
	assert_true(clean.n >= LINES);
	join(&clean, &text);
	c = load(txt_cstr(&text), &none);
	assert_int_equal(none.errors, 0);
	txt_clear(&text);
	commands_render(c, 0, &text);
	without(txt_cstr(&text), &want);
	for (size_t i = 0; i < clean.n; i++) {
		if (gen_in(&g, 0, 19) == 0) {
			struct txt line = TXT_INIT;

			txt_printf(&line, "%s%s%u", clean.v[i][0] == ' ' ? " " : "", foreign[gen_in(&g, 0, 5)], (unsigned)i);
			lines_add(&all, txt_steal(&line));
			refused++;
		}
		lines_add(&all, strdup(clean.v[i]));
	}
	join(&all, &text);
	d = load(txt_cstr(&text), &report);
	each_is_said_once(&report, &all, txt_cstr(&text), 0);
	for (size_t i = 0; i < report.n; i++) {
		if (report.v[i].severity != REPORT_ERROR)
			continue;
		said++;
		if (!is_foreign(report.v[i].source))
			fails(txt_cstr(&text), report.v[i].source, 0);
	}
	assert_int_equal(said, refused);
	assert_int_equal(report.errors, refused);
	lines_drop(&all);
	txt_clear(&text);
	commands_render(d, 0, &text);
	without(txt_cstr(&text), &got);
	assert_same_lines(txt_cstr(&got), txt_cstr(&want));
	lines_drop(&clean);
	config_free(c);
	config_free(d);
	report_fini(&none);
	report_fini(&report);
	txt_fini(&text);
	txt_fini(&want);
	txt_fini(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_others_wrote_is_taken_mixed_up),
		cmocka_unit_test(ten_thousand_mixed_up_lines_are_taken),
		cmocka_unit_test(what_once_broke_it_is_taken),
		cmocka_unit_test(what_is_refused_harms_nothing_else),
	};

	return cmocka_run_group_tests(tests, lines_read, lines_forget);
}
