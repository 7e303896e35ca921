/* SPDX-License-Identifier: Apache-2.0 */
#include "control/logging.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/json.h"
#include "control/internal.h"
#include "host/log_json.h"

void logging_follow(struct control *c)
{
	const struct cfg_logging *l = &c->config->logging;
	const struct bound_if *b = l->source[0] ? bound_find(c->ifs, c->n_ifs, l->source) : NULL;
	struct log_origin o = { .hostname = c->config->hostname };

	/* `logging origin-id ip` without a source-interface: the first address there is */
	for (size_t i = 0; !l->source[0] && i < c->n_ifs; i++) {
		if (!o.source4.family)
			o.source4 = c->ifs[i].addr;
		if (!o.source6.family)
			o.source6 = c->ifs[i].addr6;
	}
	if (b) {
		o.source4 = b->addr;
		o.source6 = b->addr6;
	}
	log_configure(l, &o);
}

static struct logging_state state_of(const struct control *c)
{
	struct logging_state s = { .conf = &c->config->logging, .n = log_counts() };

	for (size_t i = 0; i < s.conf->n_hosts; i++)
		s.hosts[i] = syslog_counts(i);
	return s;
}

static void show_count(const struct control *c, struct txt *out)
{
	struct log_kind *v = calloc(LOG_KINDS, sizeof(*v));
	size_t n = 0;

	while (v && n < LOG_KINDS && log_kind(n, &v[n]))
		n++;
	show_logging_count(v, n, c->config->logging.count, out);
	free(v);
}

void logging_show(const struct control *c, bool count, struct txt *out)
{
	struct logging_state s = state_of(c);

	if (count) {
		show_count(c, out);
		return;
	}
	show_logging(&s, out);
	log_show(out);
}

static void put_message(void *ctx, const struct log_kept *k)
{
	struct json *j = ctx;

	json_object(j, NULL);
	json_int(j, "logged_at", k->wall_ms / 1000);
	log_put_kind(j, k->mnemonic, k->severity);
	json_str(j, "text", k->text);
	json_object_end(j);
}

void logging_show_json(const struct control *c, struct txt *out)
{
	struct logging_state s = state_of(c);
	struct json j = json_of(out);
	struct log_kind k;

	json_object(&j, NULL);
	show_logging_json(&s, &j);
	json_array(&j, "messages");
	log_each(put_message, &j);
	json_array_end(&j);
	json_array(&j, "counts");
	for (size_t i = 0; log_kind(i, &k); i++) {
		size_t facility;

		json_object(&j, NULL);
		log_put_kind(&j, k.mnemonic, log_mnemonic_severity(k.mnemonic, &facility));
		json_num(&j, "messages", k.n);
		json_int(&j, "last_at", k.last.wall_ms / 1000);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
}
