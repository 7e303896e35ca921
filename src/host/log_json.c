/* SPDX-License-Identifier: Apache-2.0 */
#include "host/log_json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

void log_put_kind(struct json *j, const char *mnemonic, uint8_t severity)
{
	size_t n = 0;

	if (mnemonic) {
		(void)log_mnemonic_severity(mnemonic, &n);
		json_strn(j, "facility", mnemonic, n);
	} else {
		json_null(j, "facility");
	}
	json_num(j, "severity", severity);
	/* behind `-N-` */
	json_str(j, "mnemonic", mnemonic && mnemonic[n] ? mnemonic + n + 3 : NULL);
}

void log_put_json(const struct log_record *r, struct txt *out)
{
	struct json j = json_line_of(out);
	time_t sec = (time_t)(r->at.wall_ms / 1000);
	char time[32] = "";
	struct tm tm;

	if (gmtime_r(&sec, &tm))
		strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &tm);
	json_object(&j, NULL);
	json_printf(&j, "time", "%s.%03dZ", time, (int)(r->at.wall_ms % 1000));
	log_put_kind(&j, r->mnemonic, r->severity);
	json_str(&j, "text", r->text);
	json_addr(&j, "peer", r->peer ? r->peer : &(struct ipaddr){ 0 });
	json_object_end(&j);
}
