/* SPDX-License-Identifier: Apache-2.0 */
/* `show logging`, as IOS 15 prints it. */
#include "control/logging.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "commands/logging.h"

/* The second line's column differs with the first one's words, in IOS too. */
static void dest(struct txt *out, const char *name, const struct cfg_log_dest *d, bool on, uint32_t n, size_t column)
{
	if (!on || !d->on) {
		txt_printf(out, "    %s disabled\n", name);
		return;
	}
	txt_printf(out, "    %s level %s, %" PRIu32 " messages logged, xml disabled,\n%*sfiltering disabled\n",
		   name, logging_level_name(d->level), n, (int)column, "");
}

static void host(const struct logging_state *s, size_t i, struct txt *out)
{
	const struct cfg_log_host *h = &s->conf->hosts[i];
	char a[IPADDR_STRLEN];

	txt_printf(out,
		   "        Logging to %s  (udp port %u, audit disabled,\n"
		   "              link up),\n"
		   "              %" PRIu32 " message lines logged, \n"
		   "              %" PRIu32 " message lines rate-limited, \n"
		   "              %" PRIu32 " message lines dropped-by-MD, \n"
		   "              xml disabled, sequence number %s\n"
		   "              filtering disabled\n",
		   ipaddr_ios(&h->addr, a), (unsigned)h->port, s->hosts[i].sent, UINT32_C(0),
		   s->hosts[i].lost, s->conf->sequence ? "enabled" : "disabled");
}

void show_logging(const struct logging_state *s, struct txt *out)
{
	const struct cfg_logging *l = s->conf;

	txt_printf(out,
		   "Syslog logging: %s (%" PRIu32 " messages dropped, %" PRIu32
		   " messages rate-limited, 0 flushes, 0 overruns, xml disabled, filtering disabled)\n"
		   "\n"
		   "No Active Message Discriminator.\n"
		   "\n\n\n"
		   "No Inactive Message Discriminator.\n"
		   "\n\n",
		   l->on ? "enabled" : "disabled", s->n.dropped, s->n.rate_limited);
	dest(out, "Console logging:", &l->console, true, s->n.console, 21);
	dest(out, "Monitor logging:", &l->monitor, l->on, s->n.monitor, 21);
	dest(out, "Buffer logging: ", &l->buffered, l->on, s->n.buffered, 20);
	txt_printf(out,
		   "    Exception Logging: size (4096 bytes)\n"
		   "    Count and timestamp logging messages: %s\n"
		   "    Persistent logging: disabled\n"
		   "\n"
		   "No active filter modules.\n"
		   "\n",
		   l->count ? "enabled" : "disabled");
	if (!l->on || !l->trap.on)
		txt_str(out, "    Trap logging: disabled\n");
	else
		txt_printf(out, "    Trap logging: level %s, %" PRIu32 " message lines logged\n",
			   logging_level_name(l->trap.level), s->n.trap);
	for (size_t i = 0; l->on && l->trap.on && i < l->n_hosts; i++)
		host(s, i, out);
	txt_str(out, "        Logging Source-Interface:       VRF Name:\n");
	if (l->source[0])
		txt_printf(out, "        %-32s\n", l->source);
	if (l->on && l->buffered.on)
		txt_printf(out, "\nLog Buffer (%" PRIu32 " bytes):\n\n", l->buffer_bytes);
}

static void dest_json(struct json *j, const char *name, const struct cfg_log_dest *d, bool on, uint32_t n)
{
	json_object(j, name);
	json_bool(j, "enabled", on && d->on);
	json_num(j, "level", d->level);
	json_num(j, "messages", n);
	json_object_end(j);
}

void show_logging_json(const struct logging_state *s, struct json *j)
{
	const struct cfg_logging *l = s->conf;

	json_bool(j, "enabled", l->on);
	json_num(j, "dropped", s->n.dropped);
	json_num(j, "rate_limited", s->n.rate_limited);
	dest_json(j, "console", &l->console, true, s->n.console);
	dest_json(j, "monitor", &l->monitor, l->on, s->n.monitor);
	dest_json(j, "buffer", &l->buffered, l->on, s->n.buffered);
	dest_json(j, "trap", &l->trap, l->on, s->n.trap);
	json_num(j, "buffer_bytes", l->buffer_bytes);
	json_str_or_null(j, "source_interface", l->source);
	json_array(j, "hosts");
	for (size_t i = 0; i < l->n_hosts; i++) {
		json_object(j, NULL);
		json_addr(j, "address", &l->hosts[i].addr);
		json_num(j, "port", l->hosts[i].port);
		json_num(j, "sent", s->hosts[i].sent);
		json_num(j, "lost", s->hosts[i].lost);
		json_object_end(j);
	}
	json_array_end(j);
}

/* ---- count ---- */

static void kind(const struct log_kind *k, size_t facility, struct txt *out)
{
	struct txt last = TXT_INIT;
	size_t n;

	log_put_stamp(&k->last, &(struct cfg_stamp){ .on = true, .msec = true }, &last);
	if (last.len > 2)
		last.s[last.len - 2] = '\0'; /* the colon that follows a stamp */
	txt_printf(out, "%-15.*s %-32s %u %6" PRIu32 " %s\n", (int)facility, k->mnemonic,
		   k->mnemonic[facility] ? k->mnemonic + facility + 3 : "", log_mnemonic_severity(k->mnemonic, &n),
		   k->n, txt_cstr(&last));
	txt_fini(&last);
}

void show_logging_count(const struct log_kind *v, size_t n, bool enabled, struct txt *out)
{
	static const char rule[] = "------------- ------------------------------- -----------------------";

	if (!enabled) {
		txt_str(out, "Logging count is disabled\n");
		return;
	}
	txt_str(out, "Facility        Message Name                    Sev Occur     Last Time\n"
		     "=======================================================================\n");
	/* facility by facility, in the order of their first lines */
	for (size_t i = 0; i < n; i++) {
		uint64_t total = 0;
		size_t len, other, k = 0;

		(void)log_mnemonic_severity(v[i].mnemonic, &len);
		while (k < i && ((void)log_mnemonic_severity(v[k].mnemonic, &other),
				 other != len || memcmp(v[k].mnemonic, v[i].mnemonic, len)))
			k++;
		if (k < i)
			continue; /* said with an earlier one */
		for (k = i; k < n; k++) {
			(void)log_mnemonic_severity(v[k].mnemonic, &other);
			if (other != len || memcmp(v[k].mnemonic, v[i].mnemonic, len))
				continue;
			kind(&v[k], len, out);
			total += v[k].n;
		}
		txt_printf(out, "%s\n%.*s TOTAL%*s%6" PRIu64 "\n\n", rule, (int)len, v[i].mnemonic,
			   len < 43 ? (int)(43 - len) : 1, "", total);
	}
}
