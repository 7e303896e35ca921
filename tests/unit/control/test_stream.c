/* SPDX-License-Identifier: Apache-2.0 */
/* Long answers side by side: how many there may be, which of them gives way, and that none holds up the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "control/internal.h"
#include "control/show_now.h"
#include "control/stream.h"

enum { MOST = 8, PIECE_US = 1000 };

/* An answer is so many pieces long, and each takes a millisecond. */
struct show_said {
	size_t pieces;
};

static struct {
	size_t pieces; /* of answers that begin now */
	size_t said, alive;
	uint64_t now_us;
	bool keeps, reads;
	struct txt printed;
} world;

struct show_said *__wrap_show_now_begin(struct control *c, const struct session *session, unsigned action, const struct exec_args *a,
					bool json, void (*ready)(void *ctx), void *ctx);
bool __wrap_show_now_waits(const struct show_said *s);
bool __wrap_show_now_keeps(const struct show_said *s);
int __wrap_show_now_some(struct show_said *s, struct txt *out, bool *ret_over);
void __wrap_show_now_end(struct show_said *s);
void __wrap_session_print(struct session *s, const char *text);
bool __wrap_session_has_room(const struct session *s);
void __wrap_session_streamed(struct session *s, bool error);
uint64_t __wrap_host_now_us(void);

struct show_said *__wrap_show_now_begin(struct control *c, const struct session *session, unsigned action, const struct exec_args *a,
					bool json, void (*ready)(void *ctx), void *ctx)
{
	struct show_said *s = calloc(1, sizeof(*s));

	(void)c;
	(void)session;
	(void)action;
	(void)a;
	(void)json;
	(void)ready;
	(void)ctx;
	assert_non_null(s);
	s->pieces = world.pieces;
	world.alive++;
	return s;
}

bool __wrap_show_now_waits(const struct show_said *s)
{
	(void)s;
	return false;
}

bool __wrap_show_now_keeps(const struct show_said *s)
{
	(void)s;
	return world.keeps;
}

int __wrap_show_now_some(struct show_said *s, struct txt *out, bool *ret_over)
{
	assert_int_not_equal(s->pieces, 0);
	txt_str(out, "piece\n");
	world.now_us += PIECE_US;
	world.said++;
	*ret_over = --s->pieces == 0;
	return 0;
}

void __wrap_show_now_end(struct show_said *s)
{
	world.alive -= s != NULL;
	free(s);
}

void __wrap_session_print(struct session *s, const char *text)
{
	(void)s;
	txt_str(&world.printed, text);
}

bool __wrap_session_has_room(const struct session *s)
{
	(void)s;
	return world.reads;
}

void __wrap_session_streamed(struct session *s, bool error)
{
	(void)s;
	(void)error;
}

uint64_t __wrap_host_now_us(void)
{
	return world.now_us;
}

struct many {
	struct control *c;
	struct stream *v[MOST];
};

static struct stream *begin(struct control *c)
{
	static const struct exec_args none;

	return stream_new(c, NULL, EXEC_SHOW_IP_ROUTE, &none, false, NULL);
}

/* As many as there may be, and none has said anything yet. */
static struct many fill(size_t pieces, bool keeps, bool reads)
{
	struct many m = { .c = calloc(1, sizeof(*m.c)) };

	memset(&world, 0, sizeof(world));
	world.pieces = pieces;
	world.keeps = keeps;
	world.reads = reads;
	assert_non_null(m.c);
	m.c->base = event_base_new();
	assert_non_null(m.c->base);
	for (size_t i = 0; i < MOST; i++) {
		m.v[i] = begin(m.c);
		assert_non_null(m.v[i]);
	}
	assert_int_equal(world.said, 0);
	return m;
}

static void done(struct many *m)
{
	for (size_t i = 0; i < MOST; i++)
		stream_free(m->v[i]);
	assert_int_equal(world.alive, 0);
	event_base_free(m->c->base);
	free(m->c);
	txt_fini(&world.printed);
}

static void of_long_tables_that_are_read_another_holds_nobody_up(void **state)
{
	struct many m = fill(1000, true, true);
	bool error;

	(void)state;
	assert_null(begin(m.c));
	assert_in_range(world.now_us, 0, 6000);
	assert_int_equal(world.alive, MOST); /* and nobody's ends for it */
	assert_false(stream_go(m.v[0], &error));
	assert_false(error);
	done(&m);
}

static void of_short_tables_one_is_said_whole(void **state)
{
	struct many m = fill(3, true, true);
	bool error;

	(void)state;
	struct stream *st = begin(m.c);

	assert_non_null(st);
	assert_int_equal(world.said, 3);
	assert_true(stream_go(m.v[0], &error)); /* the oldest */
	assert_false(error);
	stream_free(st);
	done(&m);
}

static void of_those_that_nobody_reads_one_ends(void **state)
{
	struct many m = fill(1000, true, false);
	bool error;

	(void)state;
	struct stream *st = begin(m.c);

	assert_non_null(st);
	assert_int_equal(world.said, 0);
	assert_non_null(strstr(txt_cstr(&world.printed), "% The rest is left out: too many long answers are not read\n"));
	assert_true(stream_go(m.v[0], &error));
	assert_true(error);
	stream_free(st);
	done(&m);
}

static void a_change_has_those_said_whole_that_look_at_it(void **state)
{
	struct many m = fill(10, false, true);
	bool error;

	(void)state;
	streams_finish(m.c);
	assert_int_equal(world.said, 10 * MOST);
	assert_true(stream_go(m.v[MOST - 1], &error));
	done(&m);
	m = fill(10, true, true); /* and routes are copies */
	streams_finish(m.c);
	assert_int_equal(world.said, 0);
	done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_long_tables_that_are_read_another_holds_nobody_up),
		cmocka_unit_test(of_short_tables_one_is_said_whole),
		cmocka_unit_test(of_those_that_nobody_reads_one_ends),
		cmocka_unit_test(a_change_has_those_said_whole_that_look_at_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
