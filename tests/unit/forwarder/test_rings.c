/* SPDX-License-Identifier: Apache-2.0 */
/* Of which ring control is told that its peers' packets come by the raw socket, too. */
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

enum { ETH0 = 3, ETH1, ETH2 };
enum { RING0 = 1, RING1, ESP, SETTLED_MS = 2000 };

static struct world {
	struct forwarder *f;
	struct port port[4];
	uint64_t now;
	uint32_t told; /* of which ring; 0: of none */
	struct pkt pkt[3];
	struct policy *pol, *other;
} w;

static size_t nothing_comes(struct port *p, struct pool *pool, struct batch *b)
{
	(void)p;
	(void)pool;
	(void)b;
	return 0;
}

static size_t nothing_goes(struct port *p, struct batch *b)
{
	(void)p;
	(void)b;
	return 0;
}

static void leave(struct port *p)
{
	(void)p;
}

static int make(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	static const struct port_ops ops = { nothing_comes, nothing_goes, leave };

	(void)ctx;
	close(fd);
	*ret_port = &w.port[desc->id];
	**ret_port = (struct port){ .ops = &ops, .fd = -1 };
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
	assert_int_equal(m->type, FWD_PORT_SLOWER);
	assert_int_equal(m->u.port_slower.error, -EXDEV);
	assert_int_equal(w.told, 0);
	w.told = m->u.port_slower.id;
	return true;
}

static void add(uint32_t id, uint8_t kind, uint32_t ifid)
{
	struct fwd_port desc = { .id = id, .kind = kind, .ifid = ifid };

	w.f->now_ms = w.now;
	assert_int_equal(ports_add(w.f, &desc, open("/dev/null", O_RDONLY | O_CLOEXEC)), 0);
}

static int up(void **state)
{
	struct forwarder_env env = { now, zeroes, make, heard, NULL };

	(void)state;
	memset(&w, 0, sizeof(w));
	w.f = forwarder_new_workers(&env, 1);
	assert_non_null(w.f);
	w.now = 1000;
	add(RING0, FWD_PORT_RING, ETH0);
	add(RING1, FWD_PORT_RING, ETH1);
	add(ESP, FWD_PORT_ESP, 0);
	w.pol = policy_take(w.f, 7);
	w.other = policy_take(w.f, 8);
	return w.pol && w.other ? 0 : -1;
}

static int down(void **state)
{
	(void)state;
	policy_release(w.f, w.pol);
	policy_release(w.f, w.other);
	forwarder_free(w.f);
	return 0;
}

/* Three packets of that policy; the ring of which control is told then. */
static uint32_t comes(struct policy *pol, uint8_t via, uint32_t device)
{
	struct pkt *k[3] = { &w.pkt[0], &w.pkt[1], &w.pkt[2] };

	for (size_t i = 0; i < 3; i++)
		k[i]->ifindex = device;
	w.told = 0;
	w.now += SETTLED_MS;
	w.f->now_ms = w.now;
	w.f->via = via;
	port_note_esp(w.f, pol, k, 3);
	return w.told;
}

static void one_queue_is_in_order(void **state)
{
	(void)state;
	assert_int_equal(comes(w.pol, FWD_PORT_ESP, ETH0), 0);
	assert_int_equal(comes(w.pol, FWD_PORT_RING, ETH0), 0);
	assert_int_equal(comes(w.pol, FWD_PORT_RING, ETH0), 0);
	assert_int_equal(comes(w.other, FWD_PORT_ESP, ETH0), 0); /* another peer's */
}

static void two_queues_are_told_of_until_the_ring_has_gone(void **state)
{
	(void)state;
	assert_int_equal(comes(w.pol, FWD_PORT_RING, ETH0), 0);
	assert_int_equal(comes(w.pol, FWD_PORT_ESP, ETH0), RING0); /* fragments, say */
	assert_int_equal(comes(w.pol, FWD_PORT_ESP6, ETH0), RING0);
	assert_int_equal(ports_del(w.f, RING0), 0);
	assert_int_equal(comes(w.pol, FWD_PORT_ESP, ETH0), 0);
	add(RING0, FWD_PORT_RING, ETH0);
	assert_int_equal(comes(w.pol, FWD_PORT_ESP, ETH0), 0); /* nothing of it has come by this one */
}

/* What is for an address of eth0 and comes by another device is none of that device's ring. */
static void the_socket_may_have_it_from_another_device(void **state)
{
	(void)state;
	assert_int_equal(comes(w.pol, FWD_PORT_RING, ETH0), 0);
	assert_int_equal(comes(w.pol, FWD_PORT_ESP, ETH2), RING0); /* which has no ring */
	assert_int_equal(comes(w.pol, FWD_PORT_RING, ETH0), 0);
	assert_int_equal(comes(w.pol, FWD_PORT_ESP, ETH1), RING0); /* which has one, of other addresses */
	assert_int_equal(ports_del(w.f, RING0), 0);
	assert_int_equal(comes(w.pol, FWD_PORT_ESP, ETH1), 0);
	assert_int_equal(comes(w.pol, FWD_PORT_RING, ETH1), 0);
	assert_int_equal(comes(w.pol, FWD_PORT_ESP, ETH2), RING1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_queue_is_in_order, up, down),
		cmocka_unit_test_setup_teardown(two_queues_are_told_of_until_the_ring_has_gone, up, down),
		cmocka_unit_test_setup_teardown(the_socket_may_have_it_from_another_device, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
