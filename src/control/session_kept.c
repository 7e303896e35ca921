/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that were refused and are kept. What the prompt says is IOS's, byte for byte, and IOS keeps none; so the log tells
 * of those that are still there when configuration mode is left. */
#include "control/session_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "host/log.h"

void session_kept_add(struct session *s, const char *line)
{
	static const char blanks[] = " \t\r\v\f"; /* the grammar's */
	const char *text = line + strspn(line, blanks);
	size_t n = strlen(text);

	while (n && strchr(blanks, text[n - 1]))
		n--;
	if (n && s->n_refused < REFUSED_MAX && (s->refused[s->n_refused] = strndup(text, n)))
		s->n_refused++;
}

void session_kept_forget(struct session *s)
{
	while (s->n_refused) {
		char *text = s->refused[--s->n_refused];

		secret_wipe(text, strlen(text)); /* it may be a mistyped key */
		free(text);
	}
}

/* A line of its own, whatever is in front of it. */
static bool is_there(const char *kept, const char *text)
{
	size_t n = strlen(text);

	for (const char *p = kept; (p = strstr(p, text)); p++) {
		const char *begin = p;

		while (begin > kept && begin[-1] == ' ')
			begin--;
		if ((begin == kept || begin[-1] == '\n') && p[n] == '\n')
			return true;
	}
	return false;
}

void session_kept_log(struct session *s)
{
	struct txt kept = TXT_INIT;
	size_t n = 0;

	if (!s->n_refused)
		return;
	cli_render(commands_grammar(), s->c->config, CLI_RENDER_REFUSED, &kept);
	for (size_t i = 0; i < s->n_refused; i++)
		n += is_there(txt_cstr(&kept), s->refused[i]);
	if (n)
		log_line("CULVERT-5-CONFIG", "%s%zu line%s refused and kept, as a paste loses nothing; no and the line, where it "
			 "was typed, removes it", s->n_refused == REFUSED_MAX ? "at least " : "", n, n == 1 ? " was" : "s were");
	if (kept.s)
		explicit_bzero(kept.s, kept.cap);
	txt_fini(&kept);
	session_kept_forget(s);
}
