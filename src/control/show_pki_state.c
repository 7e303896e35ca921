/* SPDX-License-Identifier: Apache-2.0 */
/* show crypto pki counters, show crypto pki timers. */
#include "control/show_json_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* ---- counters ---- */

/* No validation waits for anything or is passed over, and nobody asks an AAA server. */
void show_pki_counters(const struct show_in *in, struct txt *out)
{
	const struct show_pki_counts *n = in->pki_counts;

	txt_printf(out,
		   "PKI Sessions Started: %" PRIu64 "\n"
		   "PKI Sessions Ended: %" PRIu64 "\n"
		   "PKI Sessions Active: %" PRIu64 "\n"
		   "Successful Validations: %" PRIu64 "\n"
		   "Failed Validations: %" PRIu64 "\n"
		   "Bypassed Validations: 0\n"
		   "Pending Validations: 0\n"
		   "CRLs checked: %" PRIu64 "\n"
		   "CRL - fetch attempts: %" PRIu64 "\n"
		   "CRL - failed attempts: %" PRIu64 "\n"
		   "CRL - rejected busy fetching: %" PRIu64 "\n"
		   "AAA authorizations: 0\n",
		   n->started, n->ended, n->started - n->ended, n->valid, n->invalid, n->crls_checked, n->crl_fetches,
		   n->crl_failures, n->crl_busy);
}

int json_pki_counters(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	const struct show_pki_counts *n = in->pki_counts;

	(void)a;
	json_num(j, "sessions_started", n->started);
	json_num(j, "sessions_ended", n->ended);
	json_num(j, "sessions_active", n->started - n->ended);
	json_num(j, "successful_validations", n->valid);
	json_num(j, "failed_validations", n->invalid);
	json_num(j, "crls_checked", n->crls_checked);
	json_num(j, "crl_fetch_attempts", n->crl_fetches);
	json_num(j, "crl_failed_attempts", n->crl_failures);
	json_num(j, "crl_rejected_busy", n->crl_busy);
	return 0;
}

/* ---- timers ---- */

/* `303d23:59:25.387`, `5:54:30.889`, `48.241`; what is due has 0. */
static void left(int64_t ms, char out[32])
{
	uint64_t rest = ms > 0 ? (uint64_t)ms : 0, sec = rest / 1000, day = sec / 86400, h = sec / 3600 % 24, m = sec / 60 % 60;
	unsigned frac = (unsigned)(rest % 1000), s = (unsigned)(sec % 60);

	if (day)
		snprintf(out, 32, "%" PRIu64 "d%02" PRIu64 ":%02" PRIu64 ":%02u.%03u", day, h, m, s, frac);
	else if (h)
		snprintf(out, 32, "%" PRIu64 ":%02" PRIu64 ":%02u.%03u", h, m, s, frac);
	else if (m)
		snprintf(out, 32, "%" PRIu64 ":%02u.%03u", m, s, frac);
	else
		snprintf(out, 32, "%u.%03u", s, frac);
}

static void timer(const struct show_in *in, const struct show_pki_timer *t, bool names, struct txt *out)
{
	char when[32] = "", in_time[32];
	time_t at = (time_t)(t->at_ms / 1000);
	struct tm tm;

	left(t->at_ms - in->wall_ms, in_time);
	if (gmtime_r(&at, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	txt_printf(out, "%s|%16s  (%s)%s%s%s%s\n", names ? "  " : "", in_time, when, names ? " " : "", names ? t->what : "",
		   names ? " " : "", names ? t->name : "");
}

/* The heading, the time of the one that comes first, then all of them. */
static void group(const struct show_in *in, bool crl, const char *heading, struct txt *out)
{
	const struct show_pki_timer *first = NULL;

	for (size_t i = 0; i < in->n_pki_timers; i++)
		if (in->pki_timers[i].crl == crl && (!first || in->pki_timers[i].at_ms < first->at_ms))
			first = &in->pki_timers[i];
	txt_printf(out, "%s\n", heading);
	if (first)
		timer(in, first, false, out);
	for (size_t i = 0; i < in->n_pki_timers; i++)
		if (in->pki_timers[i].crl == crl)
			timer(in, &in->pki_timers[i], true, out);
}

void show_pki_timers(const struct show_in *in, struct txt *out)
{
	group(in, false, "PKI Timers", out);
	group(in, true, "CRL Timers", out);
}

int json_pki_timers(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_array(j, "timers");
	for (size_t i = 0; i < in->n_pki_timers; i++) {
		const struct show_pki_timer *t = &in->pki_timers[i];

		json_object(j, NULL);
		json_str(j, "what", t->what);
		json_str(j, "trustpoint", t->name);
		json_int(j, "expires_at", t->at_ms / 1000);
		json_object_end(j);
	}
	json_array_end(j);
	return 0;
}
