/* SPDX-License-Identifier: Apache-2.0 */
/* What the CLI client and control say to each other over the control socket. The
 * grammar runs in control; the client edits lines, pages and prints. A frame is
 * one type byte, a 32-bit big-endian length, and that many bytes. */
#ifndef SHELL_SHELL_PROTO_H
#define SHELL_SHELL_PROTO_H

#include "base/rd.h"
#include "base/txt.h"

#define SHELL_FRAME_MAX	 65536 /* bytes of payload; longer outputs are several frames */
#define SHELL_FRAME_HEAD 5
#define SHELL_LINE_MAX	 4096

enum shell_frame {
	/* client -> control */
	SHELL_LINE = 1,	 /* a line, without its end */
	SHELL_HELP,	 /* what stands before `?` */
	SHELL_COMPLETE,	 /* what stands before TAB */
	SHELL_INTERRUPT, /* Ctrl-C: ends what runs */
	SHELL_END,	 /* Ctrl-Z: the line (may be empty), then `end` */
	SHELL_HELLO,	 /* first of all: 1 byte of enum shell_hello, and the address that an SSH client has */
	/* control -> client */
	SHELL_OUTPUT = 64, /* text to print */
	SHELL_ASYNC,	   /* a log line for terminal monitor */
	SHELL_INSERT,	   /* TAB's answer: text to insert, may be empty */
	SHELL_PROMPT,	   /* ready for the next: 1 byte of enum shell_flag, 2 bytes each of terminal length
			    * and width (SHELL_AS_WINDOW: those of the client's window) and history size, prompt */
	SHELL_CLOSE,	   /* the session is over */
};

#define SHELL_AS_WINDOW 0xffff

enum shell_hello { SHELL_HELLO_TTY = 1 /* a person sits at a terminal */ };

enum shell_flag {
	SHELL_FLAG_ERROR = 1,  /* the last line printed an error */
	SHELL_FLAG_ANSWER = 2, /* the next line answers a question or is pasted: no command, no history */
	SHELL_FLAG_HIDDEN = 4, /* and is not shown as it is typed */
	SHELL_FLAG_CONFIG = 8, /* configuration mode, which has a history of its own */
};

/* Appends a frame (cut into several if it is OUTPUT or ASYNC and long; the others
 * are never that long, and are cut off). */
void shell_frame_put(struct txt *out, enum shell_frame type, struct span payload);

/* Collects bytes and gives frames back. */
struct shell_reader {
	struct txt buf;
	size_t given; /* bytes of the frame given out last, still in front */
};
/* Takes what arrived. False without memory. */
bool shell_reader_feed(struct shell_reader *r, struct span bytes);
/* 1: a frame (payload valid until the next feed or next call), 0: not yet,
 * -EBADMSG: no frame of this protocol; the connection is to be closed. */
int shell_reader_next(struct shell_reader *r, uint8_t *ret_type, struct span *ret_payload);
void shell_reader_fini(struct shell_reader *r);

#endif
