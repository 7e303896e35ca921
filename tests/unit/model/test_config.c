/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "model/config.h"

static void interface_names_become_canonical(void **state)
{
	static const struct {
		const char *in, *out, *brief; /* out NULL: refused */
	} rows[] = {
		{ "fa0/1", "FastEthernet0/1", "Fa0/1" },
		{ "FastEthernet 0/1", "FastEthernet0/1", "Fa0/1" },
		{ "FASTETHERNET0/1.100", "FastEthernet0/1.100", "Fa0/1.100" },
		{ "serial 0/1", "Serial0/1", "Se0/1" },
		{ "gi0/0/0", "GigabitEthernet0/0/0", "Gi0/0/0" },
		{ "Te1/1", "TenGigabitEthernet1/1", "Te1/1" },
		{ "e0", "Ethernet0", "Et0" },
		{ "eth0/1", "Ethernet0/1", "Et0/1" },
		{ "tu0", "Tunnel0", "Tu0" },
		{ "t5", "Tunnel5", "Tu5" },
		{ "lo7", "Loopback7", "Lo7" },
		{ "eth0", "eth0", "eth0" }, /* a Linux device, no Ethernet0 */
		{ "ens3", "ens3", "ens3" },
		{ "br-lan", "br-lan", "br-lan" },
		{ "wg0", "wg0", "wg0" },
		{ "", NULL, NULL },
		{ "fa0/1;rm", NULL, NULL },
		{ "a$b", NULL, NULL },
	};
	char name[CFG_NAME_MAX], longest[200];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ok = ifname_canonical(rows[i].in, name);

		assert_int_equal(ok, rows[i].out != NULL);
		if (!ok)
			continue;
		assert_string_equal(name, rows[i].out);
		ifname_short(rows[i].out, name);
		assert_string_equal(name, rows[i].brief);
	}
	memset(longest, '1', sizeof(longest) - 1);
	longest[199] = '\0';
	longest[0] = 'f';
	assert_false(ifname_canonical(longest, name));
	longest[62] = '\0';
	assert_false(ifname_canonical(longest, name)); /* too long once spelt out */
}

static void objects_keep_their_order_and_are_found(void **state)
{
	struct config *c = config_new();

	(void)state;
	config_add_policy(c, 100);
	config_add_policy(c, 1);
	config_add_policy(c, 100);
	assert_int_equal(c->isakmp.policies.n, 2);
	assert_int_equal(c->isakmp.policies.v[0]->p.priority, 1);
	assert_int_equal(c->isakmp.policies.v[1]->p.life_sec, 86400);
	config_add_acl(c, "NAMED", ACL_EXTENDED, false);
	config_add_acl(c, "2000", ACL_EXTENDED, true);
	config_add_acl(c, "101", ACL_EXTENDED, true);
	config_add_acl(c, "5", ACL_STANDARD, true);
	assert_string_equal(c->acls.v[0]->name, "5");
	assert_string_equal(c->acls.v[1]->name, "101");
	assert_string_equal(c->acls.v[2]->name, "2000");
	assert_string_equal(c->acls.v[3]->name, "NAMED");
	assert_ptr_equal(config_find_acl(c, "101"), c->acls.v[1]);
	assert_null(config_find_acl(c, "named"));
	config_add_interface(c, "FastEthernet0/1");
	config_add_interface(c, "Tunnel3");
	config_add_interface(c, "Loopback0");
	assert_string_equal(c->interfaces.v[0]->name, "Loopback0");
	assert_true(c->interfaces.v[1]->is_tunnel);
	struct cfg_map *m = config_add_map(c, "M");
	cfg_map_add(m, 20);
	cfg_map_add(m, 10);
	assert_int_equal(m->entries.v[0]->seq, 10);
	cfg_map_del(m, m->entries.v[0]);
	assert_null(cfg_map_find(m, 10));
	config_del_map(c, m);
	assert_null(config_find_map(c, "M"));
	config_free(c);
}

static void equality_sees_every_field_of_an_object(void **state)
{
	static const struct cfg_transform t = { .t = { .name = "T", .mode = MODE_TUNNEL } };
	static const struct cfg_route r = { .name = "x" };
	static const struct acl_entry e = { .seq = 10, .kind = ACE_PERMIT };

	(void)state;
	/* changing any byte that is no padding must be seen: walk the scalar fields */
	struct cfg_transform t2 = t;
	t2.require = true;
	assert_false(cfg_transform_equal(&t, &t2));
	t2 = t;
	t2.t.cipher_bits = 256;
	assert_false(cfg_transform_equal(&t, &t2));
	struct cfg_route r2 = r;
	assert_true(cfg_route_equal(&r, &r2));
	r2.tag = 1;
	assert_false(cfg_route_equal(&r, &r2));
	struct acl_entry e2 = e;
	assert_true(acl_entry_equal(&e, &e2));
	e2.dst_port.port[9] = 1;
	assert_false(acl_entry_equal(&e, &e2));
	e2 = e;
	e2.src.wild[3] = 1;
	assert_false(acl_entry_equal(&e, &e2));
}

static void lifetimes_of_an_entry_override_the_global_ones(void **state)
{
	struct config *c = config_new();
	struct cfg_map_entry e = cfg_map_entry_defaults;

	(void)state;
	assert_int_equal(cfg_map_entry_life_sec(c, &e), 3600);
	assert_int_equal(cfg_map_entry_life_kb(c, &e), 4608000);
	assert_int_equal(cfg_map_entry_replay(c, &e), 64);
	c->ipsec.life_sec = 1800;
	c->ipsec.life_kb_disable = true;
	c->ipsec.replay_disable = true;
	assert_int_equal(cfg_map_entry_life_sec(c, &e), 1800);
	assert_int_equal(cfg_map_entry_life_kb(c, &e), 0);
	assert_int_equal(cfg_map_entry_replay(c, &e), 0);
	e.life_sec = 120;
	e.life_kb = 2560;
	e.replay_window = 1024;
	assert_int_equal(cfg_map_entry_life_sec(c, &e), 120);
	assert_int_equal(cfg_map_entry_life_kb(c, &e), 2560);
	assert_int_equal(cfg_map_entry_replay(c, &e), 1024);
	config_free(c);
}

static void kept_lines_have_children_and_a_limit(void **state)
{
	kept_list l = { 0 };

	(void)state;
	for (size_t i = 0; i < CFG_MAX_KEPT; i++) {
		struct kept_line k = { .kind = i % 2 ? KEPT_CHILD : KEPT_INVALID, .text = "x" };
		assert_int_equal(kept_add(&l, l.n, &k), 0);
	}
	struct kept_line one = { .text = "y" };
	assert_true(kept_add(&l, 0, &one) < 0);
	kept_del(&l, 0);
	assert_int_equal(l.n, CFG_MAX_KEPT - 2);
	assert_int_equal(kept_add(&l, 0, &one), 0);
	assert_string_equal(l.v[0]->text, "y");
	assert_ptr_not_equal(l.v[0]->text, one.text);
	kept_fini(&l);
	assert_int_equal(l.n, 0);
}

static void kept_lines_are_found_with_what_stands_below_them(void **state)
{
	kept_list l = { 0 };
	struct kept_line head = { .text = "a" }, wrong = { .kind = KEPT_INVALID, .text = "b" };
	struct kept_line below = { .kind = KEPT_CHILD, .text = "a" };

	(void)state;
	assert_int_equal(kept_find(&l, "a"), KEPT_NONE);
	kept_add(&l, SIZE_MAX, &head);	/* a */
	kept_add(&l, 1, &below);	/* a / a */
	kept_add(&l, SIZE_MAX, &wrong); /* a / a, b */
	kept_add(&l, 2, &below);	/* a / a a, b */
	assert_int_equal(kept_find(&l, "a"), 0);
	assert_int_equal(kept_find(&l, "b"), 3);
	assert_int_equal(kept_end(&l, 0), 3);
	assert_int_equal(kept_end(&l, 3), 4);
	assert_int_equal(l.n_wrong, 1);
	kept_del(&l, 2); /* the last child alone */
	assert_int_equal(kept_end(&l, 0), 2);
	kept_add(&l, SIZE_MAX, &head); /* twice: the last counts */
	assert_int_equal(kept_find(&l, "a"), 3);
	kept_del(&l, 0);
	assert_int_equal(kept_find(&l, "a"), 1);
	kept_del(&l, 0);
	assert_int_equal(l.n_wrong, 0);
	assert_int_equal(kept_find(&l, "b"), KEPT_NONE);
	kept_fini(&l);
}

static void entries_are_found_by_number_and_by_what_they_say(void **state)
{
	struct config *c = config_new();
	struct cfg_acl *a = config_add_acl(c, "A", ACL_EXTENDED, false);
	struct acl_entry e = { .kind = ACE_PERMIT, .src = addr_match_v4(1, 0),
			       .dst = addr_match_v4(0, UINT32_MAX) };
	struct acl_entry remark = { .kind = ACE_REMARK, .remark = "x" };

	(void)state;
	cfg_acl_add(a, &remark);
	cfg_acl_add(a, &e);
	cfg_acl_add(a, &remark);
	e.src = addr_match_v4(2, 0);
	cfg_acl_add(a, &e);
	assert_ptr_equal(cfg_acl_find(a, 10), a->entries.v[1]);
	assert_ptr_equal(cfg_acl_find(a, 20), a->entries.v[3]);
	assert_null(cfg_acl_find(a, 0));
	assert_null(cfg_acl_find(a, 15));
	assert_ptr_equal(cfg_acl_like(a, &e), a->entries.v[3]);
	assert_ptr_equal(cfg_acl_like(a, &remark), a->entries.v[0]);
	e.log = 1;
	assert_null(cfg_acl_like(a, &e));
	e.seq = 10; /* replaces */
	cfg_acl_add(a, &e);
	assert_ptr_equal(cfg_acl_like(a, &e), a->entries.v[1]);
	cfg_acl_del(a, a->entries.v[1]);
	assert_null(cfg_acl_like(a, &e));
	struct config *other = config_clone(c);
	assert_ptr_equal(cfg_acl_like(other->acls.v[0], &remark), other->acls.v[0]->entries.v[0]);
	config_free(other);
	config_free(c);
}

static void equality_ignores_only_the_order_of_kept_lines(void **state)
{
	struct config *a = config_new(), *b = config_new();
	struct kept_line one = { .kind = KEPT_INVALID, .text = "one", .line = 7 };
	struct kept_line two = { .kind = KEPT_INVALID, .text = "two" };
	struct kept_line below = { .kind = KEPT_CHILD, .depth = 1, .text = "below" };

	(void)state;
	kept_add(&a->kept, 0, &one);
	kept_add(&a->kept, 1, &below);
	kept_add(&a->kept, 2, &two);
	kept_add(&b->kept, 0, &two);
	kept_add(&b->kept, 1, &one);
	kept_add(&b->kept, 2, &below);
	assert_true(config_equal(a, b));
	kept_del(&b->kept, 0);
	kept_add(&b->kept, 0, &one);
	assert_false(config_equal(a, b));
	config_free(a);
	config_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interface_names_become_canonical),
		cmocka_unit_test(objects_keep_their_order_and_are_found),
		cmocka_unit_test(equality_sees_every_field_of_an_object),
		cmocka_unit_test(lifetimes_of_an_entry_override_the_global_ones),
		cmocka_unit_test(kept_lines_have_children_and_a_limit),
		cmocka_unit_test(kept_lines_are_found_with_what_stands_below_them),
		cmocka_unit_test(entries_are_found_by_number_and_by_what_they_say),
		cmocka_unit_test(equality_ignores_only_the_order_of_kept_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
