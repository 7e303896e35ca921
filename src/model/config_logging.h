/* SPDX-License-Identifier: Apache-2.0 */
/* `logging` and the stamps of log lines as configured; part of struct config. Use config.h. */
#ifndef MODEL_CONFIG_LOGGING_H
#define MODEL_CONFIG_LOGGING_H

#define CFG_MAX_LOG_HOSTS 16
#define CFG_SYSLOG_PORT	  514
#define LOG_FACILITY_DEFAULT 23 /* local7 */
#define CFG_LOG_BUFFER	  65536 /* bytes; IOS: by platform */

/* RFC 3164 section 4.1.1. */
enum log_severity {
	LOG_SEV_EMERGENCY = 0,
	LOG_SEV_ALERT,
	LOG_SEV_CRITICAL,
	LOG_SEV_ERROR,
	LOG_SEV_WARNING,
	LOG_SEV_NOTICE,
	LOG_SEV_INFO,
	LOG_SEV_DEBUG,
};
struct cfg_log_dest {
	bool on;
	uint8_t level; /* enum log_severity: the least severe that goes there */
};

struct cfg_stamp {
	bool on;
	bool given;  /* and so printed, though it may be the default */
	bool uptime; /* since the router's start; else date and time */
	bool msec, localtime, zone, year; /* of date and time */
};

enum cfg_log_origin { ORIGIN_NONE = 0, ORIGIN_HOSTNAME, ORIGIN_IP, ORIGIN_IPV6, ORIGIN_STRING };

struct cfg_log_host {
	struct ipaddr addr;
	uint16_t port; /* UDP */
};

struct cfg_logging {
	bool on;      /* `no logging on`: the console alone */
	bool count;
	bool sequence; /* service sequence-numbers */
	struct cfg_log_dest console, monitor, buffered, trap;
	uint32_t buffer_bytes;
	uint8_t facility; /* of syslog, RFC 3164 section 4.1.1 */
	uint8_t origin;	  /* enum cfg_log_origin */
	char origin_text[CFG_NAME_MAX];
	char source[CFG_NAME_MAX]; /* canonical; "": as the kernel chooses */
	/* `logging rate-limit`: lines a second, 0: no limit; debug's too; to the console only;
	 * 1 plus the level from which there is none, 0: for all */
	uint16_t rate;
	bool rate_all, rate_console;
	uint8_t rate_except;
	struct cfg_stamp stamp, debug_stamp;
	uint8_t n_hosts;
	struct cfg_log_host hosts[CFG_MAX_LOG_HOSTS]; /* as they were configured */
};

bool cfg_logging_equal(const struct cfg_logging *a, const struct cfg_logging *b);
/* The place of the host in l->hosts; l->n_hosts if it is not there. port 0: any */
size_t cfg_log_host_find(const struct cfg_logging *l, const struct ipaddr *addr, uint16_t port);

#endif
