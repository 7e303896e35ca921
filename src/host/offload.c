/* SPDX-License-Identifier: Apache-2.0 */
#include "host/offload.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

bool offload_refused(const char *word)
{
	const char *s = getenv(OFFLOAD_ENV);
	size_t n = strlen(word);

	while (s && *s) {
		size_t len = strcspn(s, " ,");

		if (len == n && !strncmp(s, word, n))
			return true;
		s += len + (s[len] != '\0');
	}
	return false;
}

/* True: the option is set; says which way is taken, and why not the fast one. */
static bool set(int fd, int opt, int value, const char *word, const char *fast, const char *slow,
		struct txt *how)
{
	if (offload_refused(word)) {
		txt_printf(how, "%s (" OFFLOAD_ENV " says %s)", slow, word);
		return false;
	}
	if (setsockopt(fd, IPPROTO_UDP, opt, &value, sizeof(value))) {
		txt_printf(how, "%s (%s: %s)", slow, fast, strerror(errno));
		return false;
	}
	txt_str(how, fast);
	return true;
}

uint8_t offload_udp(int fd, struct txt *how)
{
	uint8_t v = 0;

	txt_str(how, "sends by ");
	if (set(fd, UDP_SEGMENT, 0, "no-segment", "UDP_SEGMENT", "sendmmsg", how)) /* 0: as each send says */
		v |= FWD_HOW_SEGMENT;
	txt_str(how, ", receives by ");
	if (set(fd, UDP_GRO, 1, "no-gro", "UDP_GRO", "recvmmsg", how))
		v |= FWD_HOW_GRO;
	return v;
}
