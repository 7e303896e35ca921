/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/shell_proto.h"

#include <errno.h>
#include <string.h>

#include "base/wr.h"

void shell_frame_put(struct txt *out, enum shell_frame type, struct span payload)
{
	do {
		size_t n = payload.len > SHELL_FRAME_MAX ? SHELL_FRAME_MAX : payload.len;
		uint8_t head[SHELL_FRAME_HEAD];
		struct wr w = wr_of(head, sizeof(head));

		wr_u8(&w, (uint8_t)type);
		wr_be32(&w, (uint32_t)n);
		txt_mem(out, (const char *)head, sizeof(head));
		txt_mem(out, (const char *)payload.p, n);
		payload.p += n;
		payload.len -= n;
	} while (payload.len && (type == SHELL_OUTPUT || type == SHELL_ASYNC));
}

bool shell_reader_feed(struct shell_reader *r, struct span bytes)
{
	txt_mem(&r->buf, (const char *)bytes.p, bytes.len);
	return !r->buf.bad;
}

int shell_reader_next(struct shell_reader *r, uint8_t *ret_type, struct span *ret_payload)
{
	/* what the last call gave out */
	if (r->given) {
		memmove(r->buf.s, r->buf.s + r->given, r->buf.len - r->given);
		r->buf.len -= r->given;
		r->given = 0;
	}
	struct rd in = rd_of(r->buf.s, r->buf.len);
	uint8_t type = rd_u8(&in);
	uint32_t len = rd_be32(&in);
	if (in.bad)
		return 0;
	if (len > SHELL_FRAME_MAX || !type || type > SHELL_CLOSE)
		return -EBADMSG;
	struct span p = rd_take(&in, len);
	if (in.bad)
		return 0;
	r->given = SHELL_FRAME_HEAD + len;
	*ret_type = type;
	*ret_payload = p;
	return 1;
}

void shell_reader_fini(struct shell_reader *r)
{
	txt_fini(&r->buf);
	r->given = 0;
}
