/* SPDX-License-Identifier: Apache-2.0 */
/* show version, clock, users, debugging. */
#include "control/show_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void part(struct txt *out, uint64_t n, const char *unit, bool *any)
{
	if (!n)
		return;
	txt_printf(out, "%s%" PRIu64 " %s%s", *any ? ", " : "", n, unit, n == 1 ? "" : "s");
	*any = true;
}

/* `2 years, 31 weeks, 6 days, 9 hours, 55 minutes`; parts that are 0 are left out. */
static void uptime_words(struct txt *out, uint64_t sec)
{
	bool any = false;

	part(out, sec / (365 * 86400), "year", &any);
	sec %= 365 * 86400;
	part(out, sec / (7 * 86400), "week", &any);
	part(out, sec / 86400 % 7, "day", &any);
	part(out, sec / 3600 % 24, "hour", &any);
	part(out, sec / 60 % 60, "minute", &any);
	if (!any)
		txt_str(out, "0 minutes");
}

void show_date(const struct show_in *in, int64_t wall_ms, bool with_ms, struct txt *out)
{
	time_t local = (time_t)(wall_ms / 1000 + in->utc_offset_sec);
	struct tm tm;
	char day[32];

	if (!gmtime_r(&local, &tm))
		return;
	txt_printf(out, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (with_ms)
		txt_printf(out, ".%03d", (int)(wall_ms % 1000));
	/* names of days and months are English in the C locale, which we never leave */
	strftime(day, sizeof(day), "%a %b", &tm);
	txt_printf(out, " %s %s %d %d", in->zone, day, tm.tm_mday, tm.tm_year + 1900);
}

/* `2 FastEthernet interfaces`, by type, in order of appearance. */
static void inventory(const struct show_in *in, struct txt *out)
{
	static const struct {
		const char *prefix, *words;
	} kinds[] = { { "TenGigabitEthernet", "Ten Gigabit Ethernet" },
		      { "GigabitEthernet", "Gigabit Ethernet" },
		      { "FastEthernet", "FastEthernet" },
		      { "Ethernet", "Ethernet" },
		      { "Serial", "Serial" } };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		unsigned n = 0;

		for (size_t i = 0; i < in->n_ifs; i++)
			n += !strncmp(in->ifs[i].name, kinds[k].prefix, strlen(kinds[k].prefix));
		if (n)
			txt_printf(out, "%u %s interface%s\n", n, kinds[k].words, n == 1 ? "" : "s");
	}
}

void show_version(const struct show_in *in, struct txt *out)
{
	/* Tools look for `Cisco IOS Software`, `Version` and the hardware line; the
	 * rest says what this really is. */
	txt_printf(out,
		   "Cisco IOS Software, Culvert Software (CULVERT-%s), Version %s, RELEASE SOFTWARE (fc1)\n"
		   "Culvert is a VPN router for Linux that speaks the IOS command language.\n"
		   "It is not a product of Cisco Systems and contains none of its software.\n"
		   "\n"
		   "ROM: Linux\n"
		   "\n"
		   "%s uptime is ",
		   in->machine, in->version, in->config->hostname);
	uptime_words(out, in->uptime_sec);
	txt_str(out, "\nSystem returned to ROM by reload\nSystem restarted at ");
	show_date(in, in->wall_ms - (int64_t)in->uptime_sec * 1000, false, out);
	txt_printf(out,
		   "\nSystem image file is \"flash:%s\"\n"
		   "\n"
		   "Cisco Culvert (%s) processor with %" PRIu64 "K/%" PRIu64 "K bytes of memory.\n"
		   "Processor board ID %s\n",
		   in->image, in->machine, in->memory_kb - in->memory_used_kb, in->memory_used_kb,
		   in->board_id);
	inventory(in, out);
	txt_str(out, "\nConfiguration register is 0x2102\n\n");
}

void show_clock(const struct show_in *in, bool detail, struct txt *out)
{
	if (!in->clock_synced) /* IOS's sign for a clock that no time protocol keeps */
		txt_char(out, '*');
	show_date(in, in->wall_ms, true, out);
	txt_char(out, '\n');
	if (detail)
		txt_str(out, in->clock_synced ? "Time source is NTP\n" : "Time source is hardware calendar\n");
}

void show_users(const struct show_in *in, struct txt *out)
{
	txt_str(out, "    Line       User       Host(s)              Idle       Location\n");
	for (size_t i = 0; i < in->n_users; i++) {
		const struct show_user *u = &in->users[i];
		char line[16];

		snprintf(line, sizeof(line), "%s %u", u->console ? "con" : "vty", u->line);
		/* the absolute line number: a console and an auxiliary port come first */
		txt_printf(out, "%c%3u %-9s %-10s %-20s ", u->self ? '*' : ' ', u->console ? 0 : u->line + 2, line,
			   u->user, "idle");
		show_age(out, u->idle_ms / 1000);
		txt_printf(out, "   %s\n", u->location);
	}
	txt_str(out, "\n  Interface    User               Mode         Idle     Peer Address\n");
}
