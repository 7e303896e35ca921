/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's routes on their way into a snapshot: whose they are, by which device, and that what was not read is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "control/show_parts.h"
#include "control/show_rib.h"
#include "host/netlink.h"
#include "host/netlink_rib.h"

#define NET(a, b, c, d) ipaddr_v4((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* What the kernel says: a message for each route, and how that ends. */
static struct {
	struct nl_rib_route v[32];
	size_t n, at;
	int end, opened;
	enum ip_family family;
} kernel;

static struct nl_link *link_of_control; /* on the heap, as control has them */

int __wrap_nl_rib_open(enum ip_family family, struct nl_rib **ret);
int __wrap_nl_rib_some(struct nl_rib *rib, nl_rib_each *each, void *ctx);
void __wrap_nl_rib_close(struct nl_rib *rib);
const struct nl_link *__wrap_plumb_link(const struct control *c, uint32_t ifindex);

int __wrap_nl_rib_open(enum ip_family family, struct nl_rib **ret)
{
	kernel.opened++;
	kernel.family = family;
	kernel.at = 0;
	*ret = (struct nl_rib *)(void *)&kernel;
	return 0;
}

int __wrap_nl_rib_some(struct nl_rib *rib, nl_rib_each *each, void *ctx)
{
	assert_ptr_equal(rib, &kernel);
	if (kernel.at == kernel.n)
		return kernel.end;
	each(ctx, &kernel.v[kernel.at++]);
	return 1;
}

void __wrap_nl_rib_close(struct nl_rib *rib)
{
	kernel.opened -= rib != NULL;
}

const struct nl_link *__wrap_plumb_link(const struct control *c, uint32_t ifindex)
{
	(void)c;
	return link_of_control && link_of_control->ifindex == ifindex ? link_of_control : NULL;
}

static void new_link(const char *name)
{
	free(link_of_control);
	link_of_control = calloc(1, sizeof(*link_of_control));
	assert_non_null(link_of_control);
	link_of_control->ifindex = 7;
	strcpy(link_of_control->name, name);
}

static void kernel_has(uint8_t protocol, struct ipaddr dst, uint8_t len)
{
	assert_in_range(kernel.n, 0, 31);
	kernel.v[kernel.n++] = (struct nl_rib_route){ .dst = dst, .prefix_len = len, .protocol = protocol, .ifindex = 7,
						      .gateway = NET(192, 0, 2, 1), .metric = 20 };
}

/* All of it, but for what happens before the second message. */
static struct snapshot *read_all(unsigned action, size_t most, void (*meanwhile)(void))
{
	struct snapshot *s = calloc(1, sizeof(*s));
	struct rib *r;

	assert_non_null(s);
	r = rib_new(s, NULL, action, most);
	assert_non_null(r);
	while (rib_some(r))
		if (meanwhile && kernel.at == 1) {
			meanwhile();
			meanwhile = NULL;
		}
	rib_free(r);
	assert_int_equal(kernel.opened, 0);
	assert_non_null(s->in.route_order);
	return s;
}

static void done(struct snapshot *s)
{
	for (size_t i = 0; i < s->n_more; i += SNAPSHOT_BLOCK)
		free(s->more[i / SNAPSHOT_BLOCK]);
	free(s->more);
	free(s->order);
	free(s);
	free(link_of_control);
	link_of_control = NULL;
	memset(&kernel, 0, sizeof(kernel));
}

static void links_are_read_anew(void)
{
	new_link("other");
}

/* Control keeps the links in an array that it fills again when one of them changes: between two pieces of a table. */
static void a_name_outlives_the_link_that_it_was_of(void **state)
{
	(void)state;
	new_link("eth7");
	kernel_has(188, NET(10, 1, 0, 0), 16);
	kernel_has(188, NET(10, 2, 0, 0), 16);
	struct snapshot *s = read_all(EXEC_SHOW_IP_ROUTE, 100, links_are_read_anew);

	assert_int_equal(show_route_count(&s->in), 2);
	assert_string_equal(show_route_at(&s->in, 0)->ifname, "eth7");
	assert_string_equal(show_route_at(&s->in, 1)->ifname, "eth7");
	done(s);
}

static void a_protocol_has_its_letter(void **state)
{
	static const struct {
		uint8_t protocol;
		char code;
	} all[] = {
		{ 0, 'K' },   { RTPROT_BOOT, 'K' }, { RTPROT_STATIC, 'S' }, { RTPROT_DHCP, 'S' }, { 11, 'K' },	{ 12, 'K' },
		{ 186, 'B' }, { 187, 'i' },	    { 188, 'O' },	    { 189, 'R' },	  { 190, 'R' }, { 191, 'H' },
		{ 192, 'D' }, { 196, 'S' },	    { 255, 'K' },
	};
	enum { N = sizeof(all) / sizeof(all[0]) };

	(void)state;
	new_link("eth7");
	for (unsigned i = 0; i < N; i++)
		kernel_has(all[i].protocol, NET(10, i, 0, 0), 16);
	kernel_has(RTPROT_CULVERT, NET(10, 100, 0, 0), 16);
	kernel_has(RTPROT_REDIRECT, NET(10, 101, 0, 0), 16);
	struct snapshot *s = read_all(EXEC_SHOW_IP_ROUTE, 100, NULL);

	assert_int_equal(show_route_count(&s->in), N);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(show_route_at(&s->in, i)->code, all[i].code);
	assert_false(s->in.routes_cut);
	done(s);
}

static void what_was_not_read_is_said(void **state)
{
	(void)state;
	new_link("eth7");
	kernel_has(188, NET(10, 1, 0, 0), 16);
	kernel_has(188, NET(10, 2, 0, 0), 16);
	kernel.end = -ENOBUFS;
	struct snapshot *s = read_all(EXEC_SHOW_IP_ROUTE, 100, NULL);

	assert_true(s->in.routes_cut);
	assert_int_equal(show_route_count(&s->in), 2);
	done(s);
	for (unsigned i = 0; i < 3; i++)
		kernel_has(188, NET(10, i, 0, 0), 16);
	s = read_all(EXEC_SHOW_IP_ROUTE, 2, NULL);
	assert_true(s->in.routes_cut);
	assert_int_equal(show_route_count(&s->in), 2);
	done(s);
	for (unsigned i = 0; i < 2; i++)
		kernel_has(188, NET(10, i, 0, 0), 16);
	s = read_all(EXEC_SHOW_IP_ROUTE, 2, NULL);
	assert_false(s->in.routes_cut); /* just so many */
	done(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_outlives_the_link_that_it_was_of),
		cmocka_unit_test(a_protocol_has_its_letter),
		cmocka_unit_test(what_was_not_read_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
