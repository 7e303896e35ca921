/* SPDX-License-Identifier: Apache-2.0 */
#include "control/capture_buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/wr.h"

/* ---- the ring ---- */

void capture_buf_free(struct capture_buf *b)
{
	if (b->mem)
		explicit_bzero(b->mem, b->cap); /* packets that nobody else was to read */
	free(b->mem);
	b->mem = NULL;
	b->head = b->used = 0;
	b->n = b->lost = 0;
}

static void put(struct capture_buf *b, const void *p, size_t n)
{
	size_t at = (b->head + b->used) % b->cap, first = b->cap - at;

	if (first > n)
		first = n;
	memcpy(b->mem + at, p, first);
	memcpy(b->mem, (const uint8_t *)p + first, n - first);
	b->used += n;
}

static void get(const struct capture_buf *b, size_t at, void *p, size_t n)
{
	size_t first;

	at = (b->head + at) % b->cap;
	first = b->cap - at > n ? n : b->cap - at;
	memcpy(p, b->mem + at, first);
	memcpy((uint8_t *)p + first, b->mem, n - first);
}

static void drop_oldest(struct capture_buf *b)
{
	struct capture_record r;
	size_t n;

	get(b, 0, &r, sizeof(r));
	n = sizeof(r) + r.copied;
	b->head = (b->head + n) % b->cap;
	b->used -= n;
	b->n--;
	b->lost++;
}

bool capture_buf_add(struct capture_buf *b, const struct capture_record *r, const uint8_t *bytes)
{
	size_t need = sizeof(*r) + r->copied;

	if (!b->mem && b->cap)
		b->mem = malloc(b->cap);
	if (!b->mem || need > b->cap || (!b->circular && need > b->cap - b->used)) {
		b->lost++;
		return false;
	}
	while (need > b->cap - b->used)
		drop_oldest(b);
	put(b, r, sizeof(*r));
	put(b, bytes, r->copied);
	b->n++;
	return true;
}

void capture_buf_each(const struct capture_buf *b,
		      bool (*each)(void *ctx, const struct capture_record *r, const uint8_t *bytes), void *ctx)
{
	static uint8_t bytes[CAPTURE_SNAP];
	bool more = true;

	for (size_t at = 0; more && at < b->used;) {
		struct capture_record r;

		get(b, at, &r, sizeof(r));
		get(b, at + sizeof(r), bytes, r.copied);
		more = each(ctx, &r, bytes);
		at += sizeof(r) + r.copied;
	}
	explicit_bzero(bytes, sizeof(bytes));
}

/* ---- pcapng (draft-ietf-opsawg-pcapng) ---- */

enum { PCAPNG_SHB = 0x0a0d0d0a, PCAPNG_IDB = 1, PCAPNG_EPB = 6, PCAPNG_MAGIC = 0x1a2b3c4d };
enum { OPT_END = 0, OPT_APPLICATION = 4, OPT_IF_NAME = 2, OPT_IF_TSRESOL = 9, OPT_EPB_FLAGS = 2 };
enum { LINK_ETHERNET = 1, LINK_RAW = 101 };

static void pad4(struct wr *w)
{
	while (wr_len(w) % 4 && !w->bad)
		wr_u8(w, 0);
}

static void option(struct wr *w, uint16_t code, const void *p, size_t n)
{
	wr_be16(w, code);
	wr_be16(w, (uint16_t)n);
	wr_bytes(w, p, n);
	pad4(w);
}

/* A block around a body. Big-endian throughout, as the magic number says. */
static bool block(FILE *f, uint32_t type, struct span body)
{
	uint8_t head[8], tail[4];
	struct wr h = wr_of(head, sizeof(head)), t = wr_of(tail, sizeof(tail));
	uint32_t total = (uint32_t)body.len + 12;

	wr_be32(&h, type);
	wr_be32(&h, total);
	wr_be32(&t, total);
	return fwrite(head, sizeof(head), 1, f) == 1 && fwrite(body.p, body.len, 1, f) == 1 &&
	       fwrite(tail, sizeof(tail), 1, f) == 1;
}

static bool section(FILE *f)
{
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));

	wr_be32(&w, PCAPNG_MAGIC);
	wr_be16(&w, 1);
	wr_be16(&w, 0);
	wr_be64(&w, UINT64_MAX); /* length of the section: not said */
	option(&w, OPT_APPLICATION, "culvert", 7);
	option(&w, OPT_END, "", 0);
	return !w.bad && block(f, PCAPNG_SHB, wr_done(&w));
}

static bool interface(FILE *f, const struct capture_source *s)
{
	uint8_t buf[256], nano = 9;
	struct wr w = wr_of(buf, sizeof(buf));

	wr_be16(&w, s->ethernet ? LINK_ETHERNET : LINK_RAW);
	wr_be16(&w, 0);
	wr_be32(&w, CAPTURE_SNAP);
	option(&w, OPT_IF_NAME, s->name, strlen(s->name));
	option(&w, OPT_IF_TSRESOL, &nano, 1);
	option(&w, OPT_END, "", 0);
	return !w.bad && block(f, PCAPNG_IDB, wr_done(&w));
}

struct writer {
	FILE *f;
	bool ok;
};

static bool packet(void *ctx, const struct capture_record *r, const uint8_t *bytes)
{
	static uint8_t buf[CAPTURE_SNAP + 64];
	struct writer *out = ctx;
	struct wr w = wr_of(buf, sizeof(buf));
	uint8_t flags[4] = { 0, 0, 0, r->outgoing ? 2 : 1 };

	wr_be32(&w, r->source);
	wr_be32(&w, (uint32_t)(r->wall_ns >> 32));
	wr_be32(&w, (uint32_t)r->wall_ns);
	wr_be32(&w, r->copied);
	wr_be32(&w, r->len);
	wr_bytes(&w, bytes, r->copied);
	pad4(&w);
	option(&w, OPT_EPB_FLAGS, flags, sizeof(flags));
	option(&w, OPT_END, "", 0);
	out->ok = !w.bad && block(out->f, PCAPNG_EPB, wr_done(&w));
	return out->ok;
}

int capture_write(FILE *f, const struct capture_buf *b, const struct capture_source *v, size_t n)
{
	struct writer w = { f, section(f) };

	for (size_t i = 0; w.ok && i < n; i++)
		w.ok = interface(f, &v[i]);
	if (w.ok)
		capture_buf_each(b, packet, &w);
	return w.ok && !ferror(f) ? 0 : -EIO;
}
