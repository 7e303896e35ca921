/* SPDX-License-Identifier: Apache-2.0 */
/* `culvert check` and `culvert mirror`: configurations that nobody runs (yet). */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/secret.h"
#include "commands/check_mtu.h"
#include "commands/check_pair.h"
#include "commands/grade.h"
#include "commands/load.h"
#include "commands/locate.h"
#include "commands/mirror.h"
#include "control/control.h"
#include "control/load.h"
#include "control/master_key.h"

static const char check_usage[] =
	"usage: culvert check [--strict] [--json] FILE...\n"
	"\n"
	"Parses IOS configurations and says what is wrong, weak or surprising in them, and what to type\n"
	"instead, changing nothing; policies and transform sets get a grade. Two files are the two ends of\n"
	"a tunnel: what differs and keeps it down is said as well. `-` is standard input.\n"
	"  --strict   warnings count as errors\n"
	"  --json     the same for programs: docs/json.md\n"
	"Exit status: 0 no errors, 1 errors, 2 wrong usage.\n";

static const char mirror_usage[] =
	"usage: culvert mirror [--peer ADDRESS] FILE\n"
	"\n"
	"Writes the configuration of the other end of a tunnel: policies, key, transform sets, mirrored\n"
	"access lists, crypto map, tunnels; what it cannot know is said in comments. `-` is standard input.\n"
	"  --peer ADDRESS   which peer, where FILE has several\n"
	"Exit status: 0 done, 1 FILE is wrong or has no such peer, 2 wrong usage.\n";

struct file {
	const char *name;
	struct config *c;
	struct report r;
	char *text;
	size_t len;
};

static int wrong(const char *usage, const char *why, const char *value)
{
	fprintf(stderr, "culvert: %s%s\n\n%s", why, value, usage);
	return 2;
}

/* 0, or a negative errno after a message. */
static int load(struct file *f, const char *name)
{
	struct master_keys masters;
	int err;

	*f = (struct file){ .name = name };
	err = file_read(strcmp(name, "-") ? name : "/dev/stdin", &f->text, &f->len);
	if (!err)
		err = config_load_text(f->text, f->len, &f->c, &f->r);
	if (err) {
		fprintf(stderr, "culvert: %s: %s\n", name, strerror(-err));
		return err;
	}
	if (strcmp(name, "-") && !master_key_read(name, &masters)) /* where this router's is */
		master_key_open(f->c, &masters);
	secret_wipe(&masters, sizeof(masters));
	return 0;
}

static void unload(struct file *f)
{
	config_free(f->c);
	report_fini(&f->r);
	if (f->text)
		explicit_bzero(f->text, f->len);
	free(f->text);
}

static void print(struct txt *t)
{
	fputs(txt_cstr(t), stdout);
	if (t->s)
		explicit_bzero(t->s, t->cap);
	txt_fini(t);
}

/* ---- check ---- */

struct checking {
	bool strict, json, bad, colour;
	struct json doc;
};

static void tell_json(struct checking *k, const struct file *f)
{
	json_object(&k->doc, NULL);
	json_str(&k->doc, "file", f->name);
	json_num(&k->doc, "errors", f->r.errors);
	json_num(&k->doc, "warnings", f->r.warnings);
	report_json(&f->r, &k->doc);
	grade_json(f->c, &k->doc);
	check_mtu_json(f->c, &k->doc);
	json_object_end(&k->doc);
}

static void tell_text(const struct checking *k, const struct file *f)
{
	struct txt said = TXT_INIT;

	(k->colour ? report_print_colour : report_print)(&f->r, f->name, &said);
	grade_table(f->c, &said);
	check_mtu_table(f->c, &said);
	print(&said);
	printf("%s: %zu errors, %zu warnings\n", f->name, f->r.errors, f->r.warnings);
}

static void check_file(struct checking *k, struct file *f)
{
	commands_check(f->c, &f->r);
	report_locate(&f->r, f->text, f->len);
	if (k->json)
		tell_json(k, f);
	else
		tell_text(k, f);
	k->bad |= f->r.errors || (k->strict && f->r.warnings);
}

static void check_two(struct checking *k, const struct file *a, const struct file *b)
{
	struct report r = { 0 };
	struct txt said = TXT_INIT, text = TXT_INIT;
	char name[64];
	bool fine = config_check_pair(a->c, a->name, b->c, b->name, &r, &said);

	snprintf(name, sizeof(name), "both ends");
	if (k->json) {
		json_object(&k->doc, NULL);
		json_str(&k->doc, "file", name);
		json_num(&k->doc, "errors", r.errors);
		json_num(&k->doc, "warnings", r.warnings);
		json_bool(&k->doc, "comes_up", fine);
		json_lines(&k->doc, "negotiated", txt_cstr(&said));
		report_json(&r, &k->doc);
		json_object_end(&k->doc);
	} else {
		txt_char(&text, '\n');
		(k->colour ? report_print_colour : report_print)(&r, name, &text);
		txt_mem(&text, txt_cstr(&said), said.len);
		print(&text);
		printf("%s: %s\n", name,
		       !fine	    ? "a tunnel between them stays down" :
		       r.warnings ? "each tunnel between them comes up, but for what is said above" :
				    "each tunnel between them comes up");
	}
	k->bad |= !fine || r.errors || (k->strict && r.warnings);
	report_fini(&r);
	txt_fini(&said);
}

static int check_files(struct checking *k, char **names, int n)
{
	struct file *f = calloc((size_t)n, sizeof(*f));
	struct txt out = TXT_INIT;
	bool all = f != NULL;

	k->doc = json_of(&out);
	if (k->json)
		json_array(&k->doc, NULL);
	for (int i = 0; f && i < n; i++) {
		if (load(&f[i], names[i]))
			all = false;
		else
			check_file(k, &f[i]);
	}
	if (all && n == 2)
		check_two(k, &f[0], &f[1]);
	if (k->json) {
		json_array_end(&k->doc);
		txt_char(&out, '\n');
	}
	print(&out);
	for (int i = 0; f && i < n; i++)
		unload(&f[i]);
	free(f);
	return !all || k->bad;
}

int check_main(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' },
						 { "strict", no_argument, NULL, 's' },
						 { "json", no_argument, NULL, 'j' },
						 { 0 } };
	const char *plain = getenv("NO_COLOR");
	struct checking k = { .colour = isatty(STDOUT_FILENO) && !(plain && *plain) }; /* no-color.org */
	int opt;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			k.strict = true;
			break;
		case 'j':
			k.json = true;
			break;
		case 'h':
			fputs(check_usage, stdout);
			return 0;
		default:
			return wrong(check_usage, "unknown option", "");
		}
	}
	if (optind == argc)
		return wrong(check_usage, "no file was named", "");
	return check_files(&k, argv + optind, argc - optind);
}

/* ---- mirror ---- */

static int mirror_file(const char *name, const struct ipaddr *peer)
{
	struct txt out = TXT_INIT, why = TXT_INIT;
	struct file f;
	int err = load(&f, name);

	if (!err) {
		err = config_mirror(f.c, peer, &out, &why);
		if (err)
			fprintf(stderr, "culvert mirror: %s: %s", name, why.len ? txt_cstr(&why) : "no memory\n");
		else if (f.r.errors)
			fprintf(stderr, "culvert mirror: %s: lines that are wrong were left out: culvert check %s\n", name, name);
	}
	if (err)
		txt_clear(&out);
	print(&out);
	txt_fini(&why);
	unload(&f);
	return err != 0;
}

int mirror_main(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' },
						 { "peer", required_argument, NULL, 'p' },
						 { 0 } };
	struct ipaddr peer = { 0 };
	int opt;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			if (!ipaddr_parse_v4(optarg, &peer) && !ipaddr_parse_v6(optarg, &peer))
				return wrong(mirror_usage, "--peer wants an address, not ", optarg);
			break;
		case 'h':
			fputs(mirror_usage, stdout);
			return 0;
		default:
			return wrong(mirror_usage, "unknown option", "");
		}
	}
	if (optind + 1 != argc)
		return wrong(mirror_usage, optind == argc ? "no file was named" : "one file only", "");
	return mirror_file(argv[optind], &peer);
}
