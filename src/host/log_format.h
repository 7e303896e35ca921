/* SPDX-License-Identifier: Apache-2.0 */
/* What a log line looks like: on the console, in a syslog datagram, as JSON. Pure. */
#ifndef HOST_LOG_FORMAT_H
#define HOST_LOG_FORMAT_H

#include "base/txt.h"
#include "model/config.h"

#define LOG_DATAGRAM_MAX 1024 /* bytes, RFC 3164 section 4.1 */

/* When it happened, in every clock that a stamp may show. */
struct log_time {
	int64_t wall_ms;    /* since 1970, UTC */
	uint64_t uptime_ms; /* since the router's start */
	bool synced;	    /* a time protocol keeps the clock */
	int32_t offset_sec; /* of the local zone */
	char zone[8];	    /* its name */
};

struct log_record {
	const char *mnemonic; /* "CRYPTO-6-ISAKMP_ON_OFF"; NULL: a line of debug */
	uint8_t severity;     /* enum log_severity */
	const char *text;     /* one line, or (debug) several */
	const struct ipaddr *peer; /* whom it is about; NULL: nobody, or not known */
	uint32_t seq;	      /* from 1 */
	struct log_time at;
};

/* The digit between the hyphens of "FACILITY-SEVERITY-MNEMONIC"; LOG_SEV_DEBUG if there is none.
 * *ret_facility_len is where the facility ends. */
uint8_t log_mnemonic_severity(const char *mnemonic, size_t *ret_facility_len);
/* `*Nov 24 08:33:11.123: `, `1d02h: `, nothing: as the stamp is configured. */
void log_put_stamp(const struct log_time *at, const struct cfg_stamp *s, struct txt *out);
/* Number, stamp, `%FAC-SEV-MNEM: ` and text, with a line end. */
void log_put_line(const struct log_record *r, const struct cfg_logging *l, struct txt *out);
/* What IOS sends: `<PRI>number: origin: *Nov 24 08:33:11.123: %FAC-SEV-MNEM: text`, at most LOG_DATAGRAM_MAX
 * bytes on one line. number counts the datagrams; origin may be "". */
void log_put_datagram(const struct log_record *r, const struct cfg_logging *l, uint32_t number,
		      const char *origin, struct txt *out);
/* Uptime in a stamp: `00:12:34`, `1d02h`, `2w4d`. */
void log_put_uptime(uint64_t ms, struct txt *out);

#endif
