/* SPDX-License-Identifier: Apache-2.0 */
/* `ping` alone: the questions of IOS's extended ping, one after the other. */
#include "control/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/dialog.h"

struct asking {
	struct dialog d;
	struct exec_args a;
	bool extended;
	size_t at; /* the question that is asked */
};

/* True: the answer is taken; false: it is asked again. text is "" for the default. */
typedef bool answer_fn(struct asking *k, struct exec_io *io, const char *text);

static bool number(struct exec_io *io, const char *text, uint32_t lo, uint32_t hi, uint32_t *ret)
{
	char *end;
	unsigned long v;

	if (!*text)
		return true;
	v = strtoul(text, &end, 10);
	if (*end || *text == '-' || v < lo || v > hi) {
		txt_printf(io->out, "%% A decimal number between %u and %u.\n", lo, hi);
		return false;
	}
	*ret = (uint32_t)v;
	return true;
}

static bool yes(struct exec_io *io, const char *text, bool *ret)
{
	size_t n = strlen(text);

	*ret = n && !strncasecmp(text, "yes", n);
	if (*ret || !n || !strncasecmp(text, "no", n))
		return true;
	txt_str(io->out, "% Please answer 'yes' or 'no'.\n");
	return false;
}

/* What this router's pings do not have: only the default is an answer. */
static bool none(struct exec_io *io, const char *text, const char *word)
{
	if (!*text || !strncasecmp(text, word, strlen(text)))
		return true;
	txt_printf(io->out, "%% This version has the default only: %s\n", word);
	return false;
}

static bool protocol(struct asking *k, struct exec_io *io, const char *text)
{
	(void)k;
	return none(io, text, "ip");
}

static bool target(struct asking *k, struct exec_io *io, const char *text)
{
	(void)io;
	if (!ipaddr_parse_v4(text, &k->a.addr) && !ipaddr_parse_v6(text, &k->a.addr))
		snprintf(k->a.text, sizeof(k->a.text), "%s", *text ? text : "?"); /* it is refused in the end, as IOS does */
	return true;
}

static bool repeat(struct asking *k, struct exec_io *io, const char *text)
{
	return number(io, text, 1, 2147483647, &k->a.repeat);
}

static bool size(struct asking *k, struct exec_io *io, const char *text)
{
	return number(io, text, k->a.addr.family == IP_V6 ? 48 : 36, 18024, &k->a.size);
}

static bool timeout(struct asking *k, struct exec_io *io, const char *text)
{
	return number(io, text, 1, 3600, &k->a.timeout_sec);
}

static bool extended(struct asking *k, struct exec_io *io, const char *text)
{
	return yes(io, text, &k->extended);
}

static bool source(struct asking *k, struct exec_io *io, const char *text)
{
	char name[CFG_NAME_MAX];

	if (!*text || ipaddr_parse_v4(text, &k->a.addr2) || ipaddr_parse_v6(text, &k->a.addr2))
		return true;
	if (ifname_canonical(text, name) && bound_find(io->c->ifs, io->c->n_ifs, name)) {
		memcpy(k->a.ifname, name, sizeof(k->a.ifname));
		return true;
	}
	txt_str(io->out, "% Invalid source. Must use same-VRF IP address or full interface name without spaces (e.g. Serial0/1)\n");
	return false;
}

static bool tos(struct asking *k, struct exec_io *io, const char *text)
{
	(void)k;
	return none(io, text, "0");
}

static bool df(struct asking *k, struct exec_io *io, const char *text)
{
	return yes(io, text, &k->a.df);
}

static bool validate(struct asking *k, struct exec_io *io, const char *text)
{
	(void)k;
	return none(io, text, "no");
}

static bool pattern(struct asking *k, struct exec_io *io, const char *text)
{
	(void)k;
	return none(io, text, "0xABCD");
}

static bool options(struct asking *k, struct exec_io *io, const char *text)
{
	(void)k;
	return none(io, text, "none");
}

static bool sweep(struct asking *k, struct exec_io *io, const char *text)
{
	(void)k;
	return none(io, text, "no");
}

static const struct {
	const char *ask;
	answer_fn *take;
	bool extended;
} questions[] = {
	{ "Protocol [ip]: ", protocol, false },
	{ "Target IP address: ", target, false },
	{ "Repeat count [5]: ", repeat, false },
	{ "Datagram size [100]: ", size, false },
	{ "Timeout in seconds [2]: ", timeout, false },
	{ "Extended commands [n]: ", extended, false },
	{ "Source address or interface: ", source, true },
	{ "Type of service [0]: ", tos, true },
	{ "Set DF bit in IP header? [no]: ", df, true },
	{ "Validate reply data? [no]: ", validate, true },
	{ "Data pattern [0xABCD]: ", pattern, true },
	{ "Loose, Strict, Record, Timestamp, Verbose[none]: ", options, true },
	{ "Sweep range of sizes [n]: ", sweep, false },
};

static void answered(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct asking *k = (struct asking *)(void *)d;
	const size_t n = sizeof(questions) / sizeof(questions[0]);

	if (questions[k->at].take(k, io, text))
		do
			k->at++;
		while (k->at < n && questions[k->at].extended && !k->extended);
	if (k->at < n)
		dialog_ask_text(d, questions[k->at].ask, answered);
	else
		(void)probe_cmd(io, EXEC_PING, &k->a, ret_error);
}

static void asking_free(struct dialog *d)
{
	free(d); /* the first member of the struct */
}

int probe_ask(struct exec_io *io)
{
	struct asking *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	k->d.free = asking_free;
	dialog_ask_text(&k->d, questions[0].ask, answered);
	session_set_dialog(io->s, &k->d);
	return 0;
}
