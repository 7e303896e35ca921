/* SPDX-License-Identifier: Apache-2.0 */
/* Which packets go past the stack and which by the raw socket: what control has told, what the kernel says has changed,
 * and what a link does not take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/internal.h"

enum { WORKERS = 2, IFID = 7, LIFE = 3500 };
enum { RAW = 1, LINK, NEWS };

#define PEER UINT32_C(0xc6336401)
#define VIA  UINT32_C(0xc00002fe)

struct mem_port {
	struct port port;
	uint16_t got[256]; /* IP IDs of what was sent */
	size_t n, takes, loses; /* LINK: of one send */
	uint8_t mac[6];	   /* LINK: whom to */
};

static struct world {
	struct forwarder *f;
	struct mem_port port[4][WORKERS + 1];
	struct port_news news[WORKERS][4];
	size_t n_news[WORKERS];
	bool flood;
	uint64_t now;
	uint16_t id;
} w;

static size_t nothing(struct port *p, struct pool *pool, struct batch *b)
{
	(void)p;
	(void)pool;
	(void)b;
	return 0;
}

static size_t keep(struct port *p, struct batch *b)
{
	struct mem_port *m = (struct mem_port *)(void *)p;
	size_t n = b->n < m->takes ? b->n : m->takes;

	p->lost = m->loses;
	memcpy(m->mac, p->next_hop, sizeof(m->mac));
	for (size_t i = 0; i < n; i++)
		m->got[m->n++] = (uint16_t)(b->p[i]->data[4] << 8 | b->p[i]->data[5]);
	return n;
}

static void leave(struct port *p)
{
	(void)p;
}

static size_t news(struct port *p, struct port_news *v, size_t max)
{
	size_t k = (size_t)((struct mem_port *)(void *)p - w.port[NEWS]), n = w.n_news[k];

	assert_true(n <= max);
	memcpy(v, w.news[k], n * sizeof(*v));
	w.n_news[k] = 0;
	if (!w.flood)
		return n;
	for (n = 0; n < max; n++)
		v[n] = (struct port_news){ .kind = PORT_NEWS_ROUTE, .addr = ipaddr_v4(1), .prefix_len = 32 };
	return max;
}

static int make(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	static const struct port_ops ops = { nothing, keep, leave };
	struct mem_port *m = &w.port[desc->id][desc->worker];

	(void)ctx;
	close(fd);
	*m = (struct mem_port){ .port = { .ops = &ops, .fd = -1 }, .takes = BATCH_MAX };
	if (desc->kind == FWD_PORT_NEWS)
		m->port.news = news;
	*ret_port = &m->port;
	return 0;
}

static uint64_t now(void *ctx)
{
	(void)ctx;
	return w.now;
}

static void zeroes(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 0, n);
}

static bool heard(void *ctx, const struct fwd_msg *m)
{
	(void)ctx;
	(void)m;
	return true;
}

static void add(uint32_t id, uint8_t kind)
{
	for (unsigned k = 0; k < WORKERS; k++) {
		struct fwd_port desc = { .id = id, .kind = kind, .ifid = IFID, .worker = (uint8_t)k, .sends_only = true };

		assert_int_equal(ports_add(w.f, &desc, open("/dev/null", O_RDONLY | O_CLOEXEC)), 0);
	}
}

static int up(void **state)
{
	struct forwarder_env env = { now, zeroes, make, heard, NULL };

	(void)state;
	memset(&w, 0, sizeof(w));
	w.f = forwarder_new_workers(&env, WORKERS);
	assert_non_null(w.f);
	w.now = 1000;
	add(RAW, FWD_PORT_ESP);
	add(LINK, FWD_PORT_LINK);
	add(NEWS, FWD_PORT_NEWS);
	return 0;
}

static int down(void **state)
{
	(void)state;
	forwarder_free(w.f);
	return 0;
}

static int set(uint32_t dst, uint8_t mac, uint16_t life_ms)
{
	struct fwd_next_hops h = { 1, { { .dst = ipaddr_v4(dst), .via = ipaddr_v4(VIA), .ifid = IFID, .life_ms = life_ms } } };

	h.v[0].mac[5] = mac;
	w.f->now_ms = w.now;
	return hops_set(w.f, &h);
}

static int begin(void)
{
	return hops_set(w.f, &(struct fwd_next_hops){ 0 });
}

static int look(uint32_t dst, uint8_t mac)
{
	int err = begin();

	return err ? err : set(dst, mac, LIFE);
}

/* n packets to dst by that worker. How many of them went by the link; the others by the raw socket. */
static size_t by_link(unsigned worker, uint32_t dst, size_t n)
{
	struct forwarder *f = forwarder_worker(w.f, worker);
	struct mem_port *link = &w.port[LINK][worker], *raw = &w.port[RAW][worker];
	struct batch b = { 0 };

	link->n = raw->n = 0;
	f->now_ms = w.now;
	for (size_t i = 0; i < n; i++) {
		struct ip_view h = { .ttl = 64, .proto = 50, .id = ++w.id, .total_len = 60, .src = VIA, .dst = dst };
		struct pkt *p = pkt_get(&f->pool);

		ip4_write(p->data, &h);
		p->len = 60;
		(void)batch_add(&b, p);
	}
	port_send(f, port_by_id(w.f, RAW), &b);
	assert_int_equal(b.n, 0);
	assert_int_equal(f->pool.n_free, f->pool.n);
	/* each once, and in order */
	assert_int_equal(link->n + raw->n, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(i < link->n ? link->got[i] : raw->got[i - link->n], (uint16_t)(w.id - n + 1 + i));
	return link->n;
}

static void what_control_has_told_holds_for_a_while(void **state)
{
	(void)state;
	assert_int_equal(by_link(0, PEER, 3), 0);
	assert_int_equal(look(PEER, 1), 0);
	for (unsigned k = 0; k < WORKERS; k++)
		assert_int_equal(by_link(k, PEER, BATCH_MAX), BATCH_MAX);
	assert_int_equal(by_link(0, PEER + 1, 3), 0);
	assert_int_equal(w.port[LINK][0].mac[5], 1);
	w.now += LIFE - 1;
	assert_int_equal(by_link(0, PEER, 3), 3);
	w.now += 1;
	assert_int_equal(by_link(0, PEER, 3), 0);
	assert_int_equal(look(PEER, 2), 0);
	assert_int_equal(by_link(0, PEER, 3), 3);
	assert_int_equal(w.port[LINK][0].mac[5], 2);
	assert_int_equal(set(PEER, 2, 0), 0); /* not known any more */
	assert_int_equal(by_link(0, PEER, 3), 0);
}

#define NEIGH(addr_, ifid_, mac_, usable_) \
	{ .kind = PORT_NEWS_NEIGH, .addr = { IP_V4, { addr_ } }, .ifid = (ifid_), .mac = { [5] = (mac_) }, .usable = (usable_) }
#define AT_VIA	0xc0, 0, 2, 0xfe
#define AT_PEER 0xc6, 0x33, 0x64, 1

/* By each worker for itself, at once; control's next look mends it. */
static void what_changes_is_about_whom_it_concerns(void **state)
{
	static const struct {
		const char *what;
		struct port_news news;
		bool ends;
	} rows[] = {
		{ "anything", { .kind = PORT_NEWS_ALL }, true },
		{ "its own route", { .kind = PORT_NEWS_ROUTE, .addr = { IP_V4, { AT_PEER } }, .prefix_len = 32 }, true },
		{ "its net's route", { .kind = PORT_NEWS_ROUTE, .addr = { IP_V4, { 0xc6, 0x33, 0x64 } }, .prefix_len = 24 }, true },
		{ "the default route", { .kind = PORT_NEWS_ROUTE, .addr = { .family = IP_V4 } }, true },
		{ "another net's route", { .kind = PORT_NEWS_ROUTE, .addr = { IP_V4, { 10 } }, .prefix_len = 8 }, false },
		{ "IPv6's default route", { .kind = PORT_NEWS_ROUTE, .addr = { .family = IP_V6 } }, false },
		{ "the gateway is sure again", NEIGH(AT_VIA, IFID, 1, true), false },
		{ "the gateway is another machine", NEIGH(AT_VIA, IFID, 2, true), true },
		{ "the gateway does not answer", NEIGH(AT_VIA, IFID, 1, false), true },
		{ "the gateway's namesake elsewhere", NEIGH(AT_VIA, IFID + 1, 2, true), false },
		{ "another neighbour", NEIGH(AT_PEER, IFID, 2, true), false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(look(PEER, 1), 0);
		for (unsigned k = 0; k < WORKERS; k++) {
			w.news[k][0] = rows[i].news;
			w.n_news[k] = 1;
			if ((by_link(k, PEER, 3) == 0) != rows[i].ends)
				fail_msg("%s", rows[i].what);
			assert_int_equal(by_link(k, PEER, 3), rows[i].ends ? 0 : 3);
			assert_int_equal(by_link(!k, PEER, 3), k && rows[i].ends ? 0 : 3);
		}
	}
}

static void tell_worker(unsigned k, struct port_news n)
{
	w.news[k][0] = n;
	w.n_news[k] = 1;
}

/* A look counts for whom nothing has changed since it was begun, whoever has heard of it. */
static void what_control_found_before_a_change_is_not_believed(void **state)
{
	struct port_news route = { .kind = PORT_NEWS_ROUTE, .addr = ipaddr_v4(PEER), .prefix_len = 32 };

	(void)state;
	assert_int_equal(look(PEER, 1), 0);
	assert_int_equal(begin(), 0);
	tell_worker(1, route);
	assert_int_equal(set(PEER, 2, LIFE), -EAGAIN);
	assert_int_equal(set(PEER, 2, LIFE), -EAGAIN);
	assert_int_equal(by_link(0, PEER, 1), 1); /* this worker has not heard of it */
	assert_int_equal(w.port[LINK][0].mac[5], 1);
	assert_int_equal(by_link(1, PEER, 1), 0);
	assert_int_equal(begin(), 0);
	tell_worker(1, route);
	(void)by_link(1, PEER, 1); /* by which it is heard of before the look ends */
	(void)by_link(1, PEER, 1);
	assert_int_equal(set(PEER, 2, LIFE), -EAGAIN);
	assert_int_equal(look(PEER, 2), 0);
	assert_int_equal(by_link(1, PEER, 1), 1);
	assert_int_equal(w.port[LINK][1].mac[5], 2);
}

/* Others are believed, whom nothing was told of before as well; where there is too much news of others nobody is. */
static void what_changes_elsewhere_meanwhile_is_nothing_to_a_hop(void **state)
{
	struct port_news elsewhere = { .kind = PORT_NEWS_ROUTE, .addr = ipaddr_v4(0x0a000000), .prefix_len = 8 };
	struct port_news neighbour = NEIGH(AT_VIA, IFID, 1, false);

	(void)state;
	assert_int_equal(begin(), 0);
	tell_worker(0, elsewhere);
	tell_worker(1, elsewhere);
	assert_int_equal(set(PEER, 1, LIFE), 0);
	for (unsigned k = 0; k < WORKERS; k++)
		assert_int_equal(by_link(k, PEER, 3), 3);
	tell_worker(1, (struct port_news){ .kind = PORT_NEWS_ROUTE, .addr = ipaddr_v4(PEER + 1), .prefix_len = 32 });
	assert_int_equal(set(PEER + 1, 1, LIFE), -EAGAIN); /* nobody has been told of that one before */
	assert_int_equal(set(PEER, 1, LIFE), 0);
	assert_int_equal(set(PEER + 2, 1, LIFE), 0);
	tell_worker(0, neighbour);
	assert_int_equal(set(PEER, 1, LIFE), -EAGAIN);
	assert_int_equal(begin(), 0);
	tell_worker(1, (struct port_news){ .kind = PORT_NEWS_ALL });
	assert_int_equal(set(PEER, 1, LIFE), -EAGAIN);
	assert_int_equal(begin(), 0);
	for (size_t i = 0; i <= HOPS_NEWS; i++) {
		assert_int_equal(set(PEER, 1, LIFE), 0);
		tell_worker(0, elsewhere);
	}
	assert_int_equal(set(PEER, 1, LIFE), -EAGAIN);
	assert_int_equal(look(PEER, 1), 0);
}

/* In one message: of whom something has changed waits, and the others do not wait with it. */
static void many_are_told_at_once(void **state)
{
	struct fwd_next_hops h = { .n = FWD_HOPS_MAX };

	(void)state;
	assert_int_equal(begin(), 0);
	for (uint32_t i = 0; i < FWD_HOPS_MAX; i++)
		h.v[i] = (struct fwd_next_hop){ .dst = ipaddr_v4(PEER + i), .via = ipaddr_v4(VIA), .ifid = IFID, .life_ms = LIFE };
	tell_worker(1, (struct port_news){ .kind = PORT_NEWS_ROUTE, .addr = ipaddr_v4(PEER + 3), .prefix_len = 32 });
	assert_int_equal(hops_set(w.f, &h), -EAGAIN);
	for (uint32_t i = 0; i < FWD_HOPS_MAX; i++)
		for (unsigned k = 0; k < WORKERS; k++)
			assert_int_equal(by_link(k, PEER + i, 2), i == 3 ? 0 : 2);
	assert_int_equal(begin(), 0);
	assert_int_equal(hops_set(w.f, &h), 0);
	assert_int_equal(by_link(1, PEER + 3, 2), 2);
}

static void what_a_link_does_not_take_leaves_by_the_raw_socket_in_order(void **state)
{
	(void)state;
	for (size_t takes = 0; takes < 5; takes++) {
		assert_int_equal(look(PEER, 1), 0);
		assert_int_equal(by_link(0, PEER, 5), 5);
		w.port[LINK][0].takes = takes;
		assert_int_equal(by_link(0, PEER, 5), takes);
		w.port[LINK][0].takes = BATCH_MAX;
		assert_int_equal(by_link(0, PEER, 5), 0); /* until control has looked again */
		assert_int_equal(by_link(1, PEER, 5), 5);
	}
	assert_int_equal(w.f->drops.n[FWD_DROP_SEND_FAILED], 0);
}

/* As by the raw socket: a full queue is no broken link. */
static void what_a_queue_loses_is_counted_and_the_link_stays(void **state)
{
	(void)state;
	assert_int_equal(look(PEER, 1), 0);
	w.port[LINK][0].loses = 3;
	assert_int_equal(by_link(0, PEER, 5), 5);
	assert_int_equal(w.f->drops.n[FWD_DROP_SEND_FAILED], 3);
	w.port[LINK][0].loses = 0;
	assert_int_equal(by_link(0, PEER, 5), 5);
	assert_int_equal(w.f->drops.n[FWD_DROP_SEND_FAILED], 3);
}

/* A control that follows another makes both anew: what changed in between nobody has said. */
static void what_was_told_ends_with_the_port_that_guards_it_or_leads_there(void **state)
{
	static const struct {
		uint32_t id;
		uint8_t kind;
	} rows[] = { { NEWS, FWD_PORT_NEWS }, { LINK, FWD_PORT_LINK } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(look(PEER, 1), 0);
		assert_int_equal(by_link(0, PEER, 5), 5);
		assert_int_equal(ports_del(w.f, rows[i].id), 0);
		add(rows[i].id, rows[i].kind);
		for (unsigned k = 0; k < WORKERS; k++)
			assert_int_equal(by_link(k, PEER, 5), 0);
	}
	assert_int_equal(look(PEER, 1), 0);
	assert_int_equal(by_link(1, PEER, 5), 5);
}

static void without_news_or_with_too_many_nothing_goes_past_the_stack(void **state)
{
	(void)state;
	assert_int_equal(look(PEER, 1), 0);
	w.flood = true;
	assert_int_equal(by_link(0, PEER, 5), 0);
	assert_int_equal(begin(), 0);
	assert_int_equal(set(PEER, 1, LIFE), -EAGAIN);
	w.flood = false;
	assert_int_equal(look(PEER, 1), 0);
	assert_int_equal(by_link(0, PEER, 5), 5);
	assert_int_equal(ports_del(w.f, NEWS), 0);
	assert_int_equal(by_link(0, PEER, 5), 0);
	assert_int_equal(begin(), -ENOENT);
	assert_int_equal(set(PEER, 1, LIFE), -ENOENT);
	assert_int_equal(by_link(0, PEER, 5), 0);
}

/* Who cannot open what is open here asks, and is told so of all of it alone. */
static void what_is_there_is_found_without_a_descriptor(void **state)
{
	struct fwd_port link = { .id = LINK, .kind = FWD_PORT_LINK, .ifid = IFID }, other = link, half = { .id = 5, .kind = FWD_PORT_STEER };

	(void)state;
	assert_int_equal(ports_add(w.f, &link, -1), 0);
	other.ifid++;
	assert_int_equal(ports_add(w.f, &other, -1), -EBADF);
	other = link;
	other.dev_ifindex++;
	assert_int_equal(ports_add(w.f, &other, -1), -EBADF);
	other = link;
	other.kind = FWD_PORT_RING;
	assert_int_equal(ports_add(w.f, &other, -1), -EBADF);
	assert_int_equal(ports_add(w.f, &half, -1), -EBADF);
	half.id = RAW; /* whose second worker has none yet */
	assert_int_equal(ports_del(w.f, RAW), 0);
	assert_int_equal(ports_add(w.f, &half, open("/dev/null", O_RDONLY | O_CLOEXEC)), 0);
	assert_int_equal(ports_add(w.f, &half, -1), -EBADF);
	half.worker = 1;
	assert_int_equal(ports_add(w.f, &half, open("/dev/null", O_RDONLY | O_CLOEXEC)), 0);
	assert_int_equal(ports_add(w.f, &half, -1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_control_has_told_holds_for_a_while, up, down),
		cmocka_unit_test_setup_teardown(what_changes_is_about_whom_it_concerns, up, down),
		cmocka_unit_test_setup_teardown(what_control_found_before_a_change_is_not_believed, up, down),
		cmocka_unit_test_setup_teardown(what_changes_elsewhere_meanwhile_is_nothing_to_a_hop, up, down),
		cmocka_unit_test_setup_teardown(many_are_told_at_once, up, down),
		cmocka_unit_test_setup_teardown(what_a_link_does_not_take_leaves_by_the_raw_socket_in_order, up, down),
		cmocka_unit_test_setup_teardown(what_a_queue_loses_is_counted_and_the_link_stays, up, down),
		cmocka_unit_test_setup_teardown(what_was_told_ends_with_the_port_that_guards_it_or_leads_there, up, down),
		cmocka_unit_test_setup_teardown(without_news_or_with_too_many_nothing_goes_past_the_stack, up, down),
		cmocka_unit_test_setup_teardown(what_is_there_is_found_without_a_descriptor, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
