/* SPDX-License-Identifier: Apache-2.0 */
#include "host/log_format.h"

#include <string.h>
#include <time.h>

uint8_t log_mnemonic_severity(const char *mnemonic, size_t *ret_facility_len)
{
	for (const char *p = mnemonic; *p; p++)
		if (p[0] == '-' && p[1] >= '0' && p[1] <= '7' && p[2] == '-') {
			*ret_facility_len = (size_t)(p - mnemonic);
			return (uint8_t)(p[1] - '0');
		}
	*ret_facility_len = strlen(mnemonic);
	return LOG_SEV_DEBUG;
}

void log_put_uptime(uint64_t ms, struct txt *out)
{
	uint64_t sec = ms / 1000, hours = sec / 3600, days = hours / 24;

	if (days >= 7)
		txt_printf(out, "%uw%ud", (unsigned)(days / 7), (unsigned)(days % 7));
	else if (days)
		txt_printf(out, "%ud%02uh", (unsigned)days, (unsigned)(hours % 24));
	else
		txt_printf(out, "%02u:%02u:%02u", (unsigned)hours, (unsigned)(sec / 60 % 60),
			   (unsigned)(sec % 60));
}

static void put_datetime(const struct log_time *at, const struct cfg_stamp *s, struct txt *out)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)(at->wall_ms / 1000 + (s->localtime ? at->offset_sec : 0));
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return;
	if (!at->synced)
		txt_char(out, '*');
	txt_printf(out, "%s %2d ", months[tm.tm_mon], tm.tm_mday);
	if (s->year)
		txt_printf(out, "%d ", tm.tm_year + 1900);
	txt_printf(out, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (s->msec)
		txt_printf(out, ".%03d", (int)(at->wall_ms % 1000));
	if (s->zone)
		txt_printf(out, " %s", s->localtime ? at->zone : "UTC");
}

void log_put_stamp(const struct log_time *at, const struct cfg_stamp *s, struct txt *out)
{
	if (!s->on)
		return;
	if (s->uptime)
		log_put_uptime(at->uptime_ms, out);
	else
		put_datetime(at, s, out);
	txt_str(out, ": ");
}

/* A peer may have had a say in the text: nothing in it acts on a terminal or begins a
 * line of its own. */
static void put_text(const char *text, bool lines, struct txt *out)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p == '\n')
			txt_char(out, lines ? '\n' : ' ');
		else
			txt_char(out, (*p < ' ' && *p != '\t') || *p == 0x7f ? '?' : (char)*p);
}

static void put_body(const struct log_record *r, const struct cfg_logging *l, bool lines, struct txt *out)
{
	if (l->sequence)
		txt_printf(out, "%06u: ", (unsigned)r->seq);
	log_put_stamp(&r->at, r->mnemonic ? &l->stamp : &l->debug_stamp, out);
	if (r->mnemonic)
		txt_printf(out, "%%%s: ", r->mnemonic);
	put_text(r->text, lines, out);
}

void log_put_line(const struct log_record *r, const struct cfg_logging *l, struct txt *out)
{
	put_body(r, l, !r->mnemonic, out);
	txt_char(out, '\n');
}

void log_put_datagram(const struct log_record *r, const struct cfg_logging *l, uint32_t number,
		      const char *origin, struct txt *out)
{
	/* the numbers above 31 are other names of those below */
	txt_printf(out, "<%u>%u: ", l->facility % 32u * 8 + r->severity, (unsigned)number);
	if (*origin)
		txt_printf(out, "%s: ", origin);
	put_body(r, l, false, out);
	if (out->len > LOG_DATAGRAM_MAX) {
		out->len = LOG_DATAGRAM_MAX;
		out->s[out->len] = '\0';
	}
}
