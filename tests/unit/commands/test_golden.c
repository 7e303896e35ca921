/* SPDX-License-Identifier: Apache-2.0 */
#include "helper.h"

#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

static void sdm_paste_is_reported_kept_and_printed_back(void **state)
{
	size_t len;
	char *paste = golden("sdm-paste.txt", &len), *want = golden("sdm-paste.report", NULL);
	char *want_running = golden("sdm-paste.running", NULL);
	struct report report = { 0 };
	struct txt out = TXT_INIT;
	struct config *c = NULL;

	(void)state;
	assert_int_equal(config_load_text(paste, len, &c, &report), 0);
	report_print(&report, "sdm-paste.txt", &out);
	assert_string_equal(txt_cstr(&out), want);
	assert_int_equal(report.errors, 6);
	txt_clear(&out);
	commands_render(c, 0, &out);
	assert_string_equal(txt_cstr(&out), want_running);
	assert_round_trip(c);
	/* the rest is in force */
	assert_int_equal(c->isakmp.policies.v[0]->p.cipher, CIPHER_3DES);
	assert_int_equal(c->isakmp.keys.n, 0);
	assert_int_equal(c->maps.v[0]->entries.v[0]->n_peers, 0);
	assert_int_equal(c->maps.v[0]->entries.v[0]->n_transforms, 1);
	assert_int_equal(c->interfaces.v[0]->ip_mtu, 1420);
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
	free(paste);
	free(want);
	free(want_running);
}

static void every_blank_is_incomplete_and_nothing_else_is_wrong_when_pasted(void **state)
{
	char *paste = golden("sdm-paste.txt", NULL);
	struct router r;
	int incomplete = 0, invalid = 0;

	(void)state;
	router_up(&r, M_EXEC);
	type(&r, "configure terminal");
	for (char *save, *line = strtok_r(paste, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *said = type(&r, line);

		incomplete += !strcmp(said, "% Incomplete command.\n\n");
		invalid += strstr(said, "'^' marker") != NULL;
		assert_int_equal(r.last.status == CLI_ERROR, r.last.kept);
	}
	assert_int_equal(incomplete, 5);
	assert_int_equal(invalid, 1);
	/* with the addresses filled in, the blanks are gone */
	type(&r, "crypto isakmp key secretkey address 192.0.2.2");
	type(&r, "ip access-list extended SDM_1");
	type(&r, "permit gre host 192.0.2.1 host 192.0.2.2");
	type(&r, "crypto map SDM_CMAP_1 1");
	type(&r, "set peer 192.0.2.2");
	type(&r, "interface tunnel 0");
	type(&r, "ip address 172.16.0.1 255.255.255.0");
	type(&r, "tunnel destination 192.0.2.2");
	assert_string_equal(prompt(&r), "R1(config-if)#");
	const char *now = running(&r);
	assert_null(strstr(now, "permit gre host host"));
	assert_null(strstr(now, "address\n"));
	assert_null(strstr(now, "set peer\n"));
	assert_null(strstr(now, "destination\n"));
	assert_non_null(strstr(now, " address that connects to this router.\n"));
	assert_round_trip(r.c);
	router_down(&r);
	free(paste);
}

/* `show running-config all`, read: each line is one, and the configuration is what it was. */
static void defaults_change_nothing(const struct config *c)
{
	struct report report = { 0 };
	struct txt all = TXT_INIT, one = TXT_INIT, two = TXT_INIT;

	commands_render(c, CLI_RENDER_DEFAULTS, &all);
	commands_render(c, 0, &one);
	struct config *again = load(txt_cstr(&all), &report);
	commands_render(again, 0, &two);
	assert_string_equal(txt_cstr(&two), txt_cstr(&one));
	assert_int_equal(report.errors, 0);
	assert_true(all.len > one.len);
	txt_fini(&all);
	txt_fini(&one);
	txt_fini(&two);
	report_fini(&report);
	config_free(again);
}

static void known_configurations_print_as_written_down(void **state)
{
	static const char *const names[] = { "sdm", "ccnp", "everything", "pki" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char from[64], to[64];
		struct report report = { 0 };
		struct txt out = TXT_INIT;

		snprintf(from, sizeof(from), "config/%s.cfg", names[i]);
		snprintf(to, sizeof(to), "config/%s.running", names[i]);
		char *text = golden(from, NULL), *want = golden(to, NULL);
		struct config *c = load(text, &report);
		assert_int_equal(report.errors, 0);
		commands_render(c, 0, &out);
		assert_string_equal(txt_cstr(&out), want);
		assert_round_trip(c);
		defaults_change_nothing(c);
		txt_fini(&out);
		report_fini(&report);
		config_free(c);
		free(text);
		free(want);
	}
}

/* Kept lines of the whole configuration. */
static size_t kept_total(const struct config *c)
{
	size_t n = c->kept.n;

	for (size_t i = 0; i < c->isakmp.policies.n; i++)
		n += c->isakmp.policies.v[i]->kept.n;
	for (size_t i = 0; i < c->ipsec.transforms.n; i++)
		n += c->ipsec.transforms.v[i]->kept.n;
	for (size_t i = 0; i < c->maps.n; i++)
		for (size_t k = 0; k < c->maps.v[i]->entries.n; k++)
			n += c->maps.v[i]->entries.v[k]->kept.n;
	for (size_t i = 0; i < c->interfaces.n; i++)
		n += c->interfaces.v[i]->kept.n;
	for (size_t i = 0; i < c->acls.n; i++)
		n += c->acls.v[i]->kept.n;
	return n;
}

/* A line of a text, trimmed, and the one that it stands below. */
struct line {
	char *text;
	size_t indent;
	const struct line *head;
	bool kept;
};

static size_t cut_lines(const char *text, struct line *v, size_t max)
{
	size_t n = 0;

	for (const char *p = text; *p && n < max; p += strcspn(p, "\n"), p += *p != 0) {
		size_t len = strcspn(p, "\n"), indent = strspn(p, " \t");
		struct line *l = &v[n];

		if (indent > len)
			indent = len;
		while (len > indent && strchr(" \t\r", p[len - 1]))
			len--;
		*l = (struct line){ .text = strndup(p + indent, len - indent), .indent = indent };
		if (l->text[0] == '!' || !l->text[0]) {
			free(l->text);
			continue;
		}
		for (const struct line *up = l; indent && up-- > v && !l->head;)
			if (up->indent < indent)
				l->head = up;
		n++;
	}
	return n;
}

/* Whether a line that comes later takes the place of a kept one: `no X`, or another
 * value of what there is once. */
static bool is_taken_back(const struct line *l, const struct line *end)
{
	const char *word = l->text;
	size_t len;

	if (!strncmp(word, "no ", 3))
		word += 3;
	len = strcspn(word, " ");
	if (word[len])
		len += 1 + strcspn(word + len + 1, " ");
	for (const struct line *x = l + 1; x < end; x++) {
		const char *other = !strncmp(x->text, "no ", 3) ? x->text + 3 : x->text;

		if (!strncmp(other, word, len) && strcmp(x->text, l->text))
			return true;
	}
	return false;
}

static bool is_below(const struct line *l, const struct line *head)
{
	return !head ? !l->head : l->head && !strcmp(l->head->text, head->text);
}

/* Lines that change nothing because they ask for what is there, and leave no trace: IOS
 * does not print defaults ("encryption 3des" follows "encr 3des"). */
static bool says_nothing(const char *line)
{
	static const char *const words[] = { "no ", "default ", "exit", "end", "quit", "group 1",
					     "mode tunnel", "encryption 3des", "authentication rsa-sig",
					     "match identity address" /* the mask is printed */ };

	line += strspn(line, " \t");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strncmp(line, words[i], strlen(words[i])))
			return true;
	return false;
}

/* Loads line by line. Each line that is kept, or that changes nothing else, must stand in
 * the printed configuration below the line below which it stood, unless a later one
 * takes it back. */
static void assert_nothing_lost_or_moved(const char *name, const char *text)
{
	enum { MAX = 20000 };
	struct line *in = calloc(MAX, sizeof(*in)), *out = calloc(MAX, sizeof(*out));
	struct cli_session *s = cli_session_new(commands_grammar(), M_CONFIG);
	struct config *c = config_new();
	struct txt printed = TXT_INIT;
	size_t n = cut_lines(text, in, MAX), m, at = 0;

	cli_session_set_interactive(s, false);
	for (const char *p = text; *p;) {
		size_t len = strcspn(p, "\n"), was = kept_total(c);
		struct config *before = config_clone(c);
		char *line = strndup(p, len);
		struct cli_result r;

		cli_session_line(s, c, line, 1, &r);
		bool idle = config_equal(before, c) && r.status != CLI_EXEC && !says_nothing(line);
		bool kept = kept_total(c) > was || r.kept || r.status == CLI_ERROR;
		cli_result_fini(&r);
		config_free(before);
		p += len + (p[len] != 0);
		const char *own = line + strspn(line, " \t\r");
		if (own[0] && own[0] != '!')
			in[at++].kept = kept || idle;
		free(line);
	}
	assert_int_equal(at, n);
	commands_render(c, 0, &printed);
	m = cut_lines(txt_cstr(&printed), out, MAX);
	for (size_t i = 0; i < n; i++) {
		bool found = false, placed = false;

		for (size_t k = 0; in[i].kept && k < m; k++) {
			if (strcmp(out[k].text, in[i].text))
				continue;
			found = true;
			placed |= is_below(&out[k], in[i].head);
		}
		if (in[i].kept && !placed && !is_taken_back(&in[i], in + n))
			fail_msg("%s: \"%s\" is %s", name, in[i].text, found ? "moved" : "lost");
	}
	for (size_t i = 0; i < n; i++)
		free(in[i].text);
	for (size_t i = 0; i < m; i++)
		free(out[i].text);
	free(in);
	free(out);
	txt_fini(&printed);
	cli_session_free(s);
	config_free(c);
}

/* What others wrote is in force or kept: nothing is lost, and reading back what is
 * printed changes nothing. */
static void foreign_file(const char *name)
{
	char *text = golden(name, NULL);
	struct report report = { 0 };
	struct config *c = load(text, &report);

	assert_nothing_lost_or_moved(name, text);
	assert_round_trip(c);
	report_fini(&report);
	config_free(c);
	free(text);
}

static void foreign_folder(const char *name)
{
	char path[512], file[1024], full[2048];
	struct dirent *d;
	struct stat st;
	int seen = 0;

	snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	while ((d = readdir(dir))) {
		snprintf(file, sizeof(file), "%s/%s", name, d->d_name);
		snprintf(full, sizeof(full), "%s/%s", GOLDEN_DIR, file);
		if (d->d_name[0] == '.' || stat(full, &st))
			continue;
		if (S_ISDIR(st.st_mode)) {
			foreign_folder(file);
			continue;
		}
		foreign_file(file);
		seen++;
	}
	closedir(dir);
	assert_true(seen > 0);
}

static void configurations_of_others_are_in_force_or_kept(void **state)
{
	(void)state;
	foreign_folder("batfish");
}

/* Cut anywhere, from a block of exactly that size: no byte behind it is read, and
 * what was understood prints and reads back. */
static void every_truncation_of_a_configuration_loads(void **state)
{
	size_t len;
	char *text = golden("config/sdm.cfg", &len);

	(void)state;
	for (size_t n = 0; n <= len; n++) {
		char *cut = malloc(n ? n : 1);
		struct report report = { 0 };
		struct config *c = NULL;

		memcpy(cut, text, n);
		assert_int_equal(config_load_text(cut, n, &c, &report), 0);
		free(cut);
		assert_round_trip(c);
		report_fini(&report);
		config_free(c);
	}
	free(text);
}

/* Saved, read and saved again, a file has one version line: the first one's. */
static void a_file_has_one_version_line(void **state)
{
	static const char *const rows[][2] = { { "hostname R1\n", "version 15.9\n!\nhostname R1\n" },
					       { "version 12.4\nhostname R1\n",
						 "version 12.4\n!\nhostname R1\n" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct report report = { 0 };
		struct txt one = TXT_INIT, two = TXT_INIT;
		struct config *c = load(rows[i][0], &report), *again;

		commands_render_file(c, "15.9", 0, &one);
		assert_memory_equal(txt_cstr(&one), rows[i][1], strlen(rows[i][1]));
		again = load(txt_cstr(&one), &report);
		commands_render_file(again, "15.9", 0, &two);
		assert_string_equal(txt_cstr(&one), txt_cstr(&two));
		txt_fini(&one);
		txt_fini(&two);
		report_fini(&report);
		config_free(c);
		config_free(again);
	}
}

/* A real border router: more lines of other subjects than a VPN router ever has. */
static void a_large_configuration_of_other_subjects_is_kept(void **state)
{
	struct txt in = TXT_INIT, out = TXT_INIT;
	struct report report = { 0 };

	(void)state;
	txt_str(&in, "router bgp 65000\n");
	for (unsigned i = 0; i < 3000; i++)
		txt_printf(&in, " neighbor 10.0.%u.%u remote-as %u\n", i / 256, i % 256, i);
	txt_str(&in, "!\n");
	for (unsigned i = 0; i < 3000; i++)
		txt_printf(&in, "ip prefix-list P seq %u permit 10.%u.%u.0/24\n", i + 1, i / 256,
			   i % 256);
	struct config *c = load(txt_cstr(&in), &report);
	assert_int_equal(report.n, 0);
	commands_render(c, 0, &out);
	for (const char *p = txt_cstr(&in); *p; p += strcspn(p, "\n") + 1) {
		size_t n = strcspn(p, "\n") + 1;
		char line[128] = "";

		assert_true(n < sizeof(line));
		memcpy(line, p, n);
		if (line[0] != '!')
			assert_non_null(strstr(txt_cstr(&out), line));
	}
	txt_fini(&in);
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

/* control loads in its only thread: nothing may be quadratic in the lines. */
static void large_configurations_load_soon(void **state)
{
	struct txt in = TXT_INIT, out = TXT_INIT;
	struct report report = { 0 };
	clock_t start = clock();

	(void)state;
	txt_str(&in, "ip access-list extended BIG\n");
	for (unsigned i = 0; i < 10000; i++)
		txt_printf(&in, " %s tcp host 10.0.%u.%u any eq %u\n", i % 3 ? "permit" : "deny",
			   i / 256, i % 256, i);
	for (unsigned i = 0; i < 10000; i++)
		txt_printf(&in, "access-list 101 permit ip host 10.0.%u.%u any\n", i / 256, i % 256);
	txt_str(&in, "router bgp 65000\n");
	for (unsigned i = 0; i < 12000; i++)
		txt_printf(&in, " neighbor 10.0.%u.%u remote-as %u\n", i / 256, i % 256, i);
	txt_str(&in, "!\n");
	for (unsigned i = 0; i < 12000; i++)
		txt_printf(&in, "ip prefix-list P seq %u permit 10.%u.%u.0/24\n", i + 1, i / 256,
			   i % 256);
	for (unsigned i = 0; i < 4000; i++)
		txt_printf(&in, "access-list 101 deny ip host 10.1.%u.%u any time-range W\n", i / 256,
			   i % 256);
	struct config *c = load(txt_cstr(&in), &report);
	assert_int_equal(report.errors, 4000);
	assert_int_equal(c->acls.v[0]->entries.n, 10000);
	assert_int_equal(c->acls.v[1]->entries.n, 10000);
	assert_int_equal(c->kept.n, 1 + 12000 + 12000 + 4000);
	assert_round_trip(c);
	/* many times what it needs, also with sanitizers, and far below quadratic */
	assert_true(clock() - start < 20 * CLOCKS_PER_SEC);
	txt_fini(&in);
	txt_fini(&out);
	report_fini(&report);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sdm_paste_is_reported_kept_and_printed_back),
		cmocka_unit_test(
			every_blank_is_incomplete_and_nothing_else_is_wrong_when_pasted),
		cmocka_unit_test(known_configurations_print_as_written_down),
		cmocka_unit_test(every_truncation_of_a_configuration_loads),
		cmocka_unit_test(configurations_of_others_are_in_force_or_kept),
		cmocka_unit_test(a_large_configuration_of_other_subjects_is_kept),
		cmocka_unit_test(large_configurations_load_soon),
		cmocka_unit_test(a_file_has_one_version_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
