/* SPDX-License-Identifier: Apache-2.0 */
#include "host/log_json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

void log_put_json(const struct log_record *r, struct txt *out)
{
	struct json j = json_line_of(out);
	time_t sec = (time_t)(r->at.wall_ms / 1000);
	char time[32] = "";
	size_t n = 0;
	struct tm tm;

	if (gmtime_r(&sec, &tm))
		strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &tm);
	json_object(&j, NULL);
	json_printf(&j, "time", "%s.%03dZ", time, (int)(r->at.wall_ms % 1000));
	if (r->mnemonic) {
		(void)log_mnemonic_severity(r->mnemonic, &n);
		json_strn(&j, "facility", r->mnemonic, n);
	} else {
		json_null(&j, "facility");
	}
	json_num(&j, "severity", r->severity);
	/* behind `-N-` */
	json_str(&j, "mnemonic", r->mnemonic && r->mnemonic[n] ? r->mnemonic + n + 3 : NULL);
	json_str(&j, "text", r->text);
	if (r->peer)
		json_addr(&j, "peer", r->peer);
	else
		json_null(&j, "peer");
	json_object_end(&j);
}
