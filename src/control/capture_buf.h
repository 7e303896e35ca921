/* SPDX-License-Identifier: Apache-2.0 */
/* The buffer of a packet capture, and the file that comes of it (pcapng). */
#ifndef CONTROL_CAPTURE_BUF_H
#define CONTROL_CAPTURE_BUF_H

#include <stdio.h>

#include "base/rd.h"

#define CAPTURE_SNAP 65535u /* bytes of a packet at most */

struct capture_record {
	uint64_t wall_ns;
	uint32_t len, copied; /* of the packet; of the bytes kept */
	uint16_t source;      /* which interface */
	bool outgoing;
};

/* A ring of bytes; a record is its header and then its bytes. */
struct capture_buf {
	uint8_t *mem; /* NULL until something is captured */
	size_t cap, head, used;
	bool circular;	  /* the oldest give way; else what does not fit is lost */
	uint64_t n, lost; /* records in it; packets that did not get in, or were pushed out */
};

void capture_buf_free(struct capture_buf *b); /* and wipes what was in it */
/* False (and counted) if it did not get in. */
bool capture_buf_add(struct capture_buf *b, const struct capture_record *r, const uint8_t *bytes);
/* Calls each with every record, oldest first; bytes are r->copied. Ends when it says false. */
void capture_buf_each(const struct capture_buf *b,
		      bool (*each)(void *ctx, const struct capture_record *r, const uint8_t *bytes),
		      void *ctx);

struct capture_source {
	char name[128]; /* `FastEthernet0/1`, `FastEthernet0/1 clear` */
	bool ethernet;  /* frames; else bare IP packets */
};
/* The whole as pcapng, one interface for each source. 0 or -EIO. */
int capture_write(FILE *f, const struct capture_buf *b, const struct capture_source *v, size_t n);

#endif
