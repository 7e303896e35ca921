/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/ifname.h"
#include "lab/rundir.h"
#include "lab/spawn.h"
#include "lab/state.h"
#include "lab/topology.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* --- device names -------------------------------------------------------- */

static void ios_names_become_short_legal_devices(void **state)
{
	static const struct {
		const char *name, *ios, *dev;
	} rows[] = {
		{ "FastEthernet0/1", "FastEthernet0/1", "fa0-1" },
		{ "Fa0/1", "FastEthernet0/1", "fa0-1" },
		{ "fastethernet0/0", "FastEthernet0/0", "fa0-0" },
		{ "GigabitEthernet0/0/1", "GigabitEthernet0/0/1", "gi0-0-1" },
		{ "gi1/2/3", "GigabitEthernet1/2/3", "gi1-2-3" },
		{ "TenGigabitEthernet1/0/24", "TenGigabitEthernet1/0/24", "te1-0-24" },
		{ "Ethernet0", "Ethernet0", "et0" },
		{ "e0/0", "Ethernet0/0", "et0-0" },
		{ "Serial0/1", "Serial0/1", "se0-1" },
		{ "s0/1", "Serial0/1", "se0-1" },
		{ "serial0/1/0", "Serial0/1/0", "se0-1-0" },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct txt why = TXT_INIT;
		struct ifname n;

		assert_int_equal(ifname_of_router(rows[i].name, &n, &why), 0);
		assert_string_equal(n.ios, rows[i].ios);
		assert_string_equal(n.dev, rows[i].dev);
		assert_true(n.is_ios);
		txt_fini(&why);
	}
}

static void a_routers_linux_names_stay_as_they_are(void **state)
{
	static const char *const rows[] = { "eth1", "fa0-1", "wan", "s0", "et", "br-lan.7", "T1" };

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct txt why = TXT_INIT;
		struct ifname n;

		assert_int_equal(ifname_of_router(rows[i], &n, &why), 0);
		assert_string_equal(n.ios, rows[i]);
		assert_string_equal(n.dev, rows[i]);
		assert_false(n.is_ios);
		txt_fini(&why);
	}
}

static void names_that_cannot_be_devices_are_refused_with_the_reason(void **state)
{
	static const struct {
		int (*of)(const char *, struct ifname *, struct txt *);
		const char *name, *reason;
	} rows[] = {
		{ ifname_of_router, "f0/1", "short for both FastEthernet and FortyGigabitEthernet" },
		{ ifname_of_router, "Potato0/1", "no interface type" },
		{ ifname_of_router, "0/1", "begins with no interface type" },
		{ ifname_of_router, "/", "begins with no interface type" },
		{ ifname_of_router, "FastEthernet", "no interface number" },
		{ ifname_of_router, "FastEthernet0/", "no interface number" },
		{ ifname_of_router, "FastEthernet/0", "no interface number" },
		{ ifname_of_router, "FastEthernet0//1", "no interface number" },
		{ ifname_of_router, "FastEthernet0/1.10", "no interface number" },
		{ ifname_of_router, "FastEthernet0/1 ", "no interface number" },
		{ ifname_of_router, "Fa12345678/12345678", "too long" },
		{ ifname_of_router, "Tunnel0", "the configuration makes it" },
		{ ifname_of_router, "Loopback0", "the configuration makes it" },
		{ ifname_of_router, "", "empty" },
		{ ifname_of_router, "a-name-of-sixteen", "15 characters" },
		{ ifname_of_host, "FastEthernet0/1", "no device name" },
		{ ifname_of_host, "1234567890123456", "15 characters" },
		{ ifname_of_host, "eth 1", "no device name" },
		{ ifname_of_host, "eth1;id", "no device name" },
		{ ifname_of_host, "-eth", "no device name" },
		{ ifname_of_host, "..", "no device name" },
		{ ifname_of_host, "lo", "taken by the kernel" },
		{ ifname_of_host, "all", "taken by the kernel" },
		{ ifname_of_host, "", "empty" },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct txt why = TXT_INIT;
		struct ifname n = { .dev = "untouched" };

		assert_int_equal(rows[i].of(rows[i].name, &n, &why), -EINVAL);
		assert_string_equal(n.dev, "untouched");
		if (!strstr(txt_cstr(&why), rows[i].reason))
			fail_msg("'%s': '%s' does not say '%s'", rows[i].name, txt_cstr(&why),
				 rows[i].reason);
		txt_fini(&why);
	}
}

static void names_of_nodes_and_labs_are_file_and_host_names(void **state)
{
	(void)state;
	assert_true(topo_name_ok("R1"));
	assert_true(topo_name_ok("gre-over_ipsec"));
	assert_true(topo_name_ok("12345678901234567890123456789012"));
	assert_false(topo_name_ok("123456789012345678901234567890123"));
	assert_false(topo_name_ok(""));
	assert_false(topo_name_ok("-R1"));
	assert_false(topo_name_ok(".R1"));
	assert_false(topo_name_ok("a/b"));
	assert_false(topo_name_ok("a b"));
	assert_false(topo_name_ok("a\nb"));
	assert_false(topo_name_ok("caf\xc3\xa9"));
}

/* --- topologies ---------------------------------------------------------- */

static const char good[] = "# a lab\n"
			   "name: two\n"
			   "topology:\n"
			   "  nodes:\n"
			   "    R1:\n"
			   "      kind: culvert\n"
			   "      startup-config: R1.cfg\n"
			   "    H1:\n"
			   "      kind: host\n"
			   "      exec:\n"
			   "        - ip addr add 10.1.1.10/24 dev eth1\n"
			   "        - \"ip route add default via 10.1.1.1\"\n"
			   "    H2: { kind: host }\n"
			   "  links:\n"
			   "    - endpoints: [\"R1:FastEthernet0/0\", \"H1:eth1\"]\n"
			   "    - endpoints: [\"R1:eth9\", \"H2:eth1\"]\n"
			   "      mtu: 1400\n";

static int parse(const char *text, size_t len, struct topology **ret_t, struct txt *why)
{
	/* exactly sized, so that a sanitizer sees one byte too many */
	char *heap = malloc(len ? len : 1);

	memcpy(heap, text, len);
	int err = topo_parse("lab.yml", heap, len, ret_t, why);

	free(heap);
	return err;
}

static void a_good_topology_is_read_completely(void **state)
{
	struct txt why = TXT_INIT;
	struct topology *t = NULL;

	(void)state;
	assert_int_equal(parse(good, sizeof(good) - 1, &t, &why), 0);
	assert_int_equal(why.len, 0);
	assert_string_equal(t->name, "two");
	assert_int_equal(t->n_node, 3);
	assert_string_equal(t->node[0].name, "R1");
	assert_int_equal(t->node[0].kind, NODE_ROUTER);
	assert_string_equal(t->node[0].config, "R1.cfg");
	assert_int_equal(t->node[0].config_line, 7);
	assert_int_equal(t->node[1].kind, NODE_HOST);
	assert_int_equal(t->node[1].n_exec, 2);
	assert_string_equal(t->node[1].exec[1].command, "ip route add default via 10.1.1.1");
	assert_int_equal(t->node[1].exec[1].line, 12);
	assert_int_equal(t->node[2].n_exec, 0);
	assert_int_equal(t->n_link, 2);
	assert_int_equal(t->link[0].end[0].node, 0);
	assert_string_equal(t->link[0].end[0].name.ios, "FastEthernet0/0");
	assert_string_equal(t->link[0].end[0].name.dev, "fa0-0");
	assert_int_equal(t->link[0].end[1].node, 1);
	assert_string_equal(t->link[0].end[1].name.dev, "eth1");
	assert_int_equal(t->link[0].mtu, 1500);
	assert_int_equal(t->link[1].mtu, 1400);
	topo_free(t);
	txt_fini(&why);
}

static void links_may_stand_above_the_nodes(void **state)
{
	static const char text[] = "topology:\n"
				   "  links: [{endpoints: [a:x, b:y]}]\n"
				   "  nodes: {a: {kind: host}, b: {kind: host}}\n"
				   "name: n\n";
	struct txt why = TXT_INIT;
	struct topology *t = NULL;

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &t, &why), 0);
	assert_int_equal(t->n_link, 1);
	topo_free(t);
	txt_fini(&why);
}

static void hosts_get_addresses_by_their_links(void **state)
{
	/* above or below the endpoints; a router's end has none */
	static const char text[] = "name: n\n"
				   "topology:\n"
				   "  nodes: {r: {kind: culvert, startup-config: c}, a: {kind: host}, b: {kind: host}}\n"
				   "  links:\n"
				   "    - ipv6: [\"2001:db8::1/64\", 2001:db8::2/128]\n"
				   "      endpoints: [a:x, b:y]\n"
				   "    - endpoints: [r:eth1, a:z]\n"
				   "      ipv4: [\"\", 10.1.1.10/24]\n"
				   "      ipv6: [\"\", \"\"]\n";
	struct txt why = TXT_INIT;
	struct topology *t = NULL;
	char s[IPADDR_STRLEN];

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &t, &why), 0);
	assert_string_equal(ipaddr_str(&t->link[0].end[0].ipv6.addr, s), "2001:db8::1");
	assert_int_equal(t->link[0].end[0].ipv6.len, 64);
	assert_string_equal(ipaddr_str(&t->link[0].end[1].ipv6.addr, s), "2001:db8::2");
	assert_int_equal(t->link[0].end[1].ipv6.len, 128);
	assert_string_equal(t->link[0].end[1].name.dev, "y");
	assert_int_equal(t->link[0].end[0].ipv4.addr.family, IP_NONE);
	assert_int_equal(t->link[1].end[0].ipv4.addr.family, IP_NONE);
	assert_string_equal(ipaddr_str(&t->link[1].end[1].ipv4.addr, s), "10.1.1.10");
	assert_int_equal(t->link[1].end[1].ipv4.len, 24);
	assert_int_equal(t->link[1].end[1].ipv6.addr.family, IP_NONE);
	topo_free(t);
	txt_fini(&why);
}

#define HOSTS "name: n\ntopology:\n  nodes:\n    a: {kind: host}\n    b: {kind: host}\n"
#define ROUTER "name: n\ntopology:\n  nodes:\n    r: {kind: culvert, startup-config: c}\n"
#define LINKS "  links:\n    - endpoints: "

static void each_mistake_is_reported_with_file_and_line(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "lab.yml:1: the file is empty" },
		{ "# nothing\n", "lab.yml:1: the file is empty" },
		{ "- a\n", "lab.yml:1: a lab must be a mapping" },
		{ "name: n\n", "lab.yml:1: a lab needs 'topology'" },
		{ "topology:\n  nodes: {a: {kind: host}}\n", "lab.yml:1: a lab needs 'name'" },
		{ "name: n\nname: m\n", "lab.yml:2: 'name' stands twice in a lab" },
		{ "name: n\nmgmt: {}\n", "lab.yml:2: a lab has no key 'mgmt'" },
		{ "name: [n]\n", "lab.yml:1: '?' is no lab name" },
		{ "name: \"a b\"\n", "lab.yml:1: 'a b' is no lab name" },
		{ "name: \"a\\0b\"\n", "lab.yml:1: '?' is no lab name" },
		{ "name: ../etc\n", "lab.yml:1: '../etc' is no lab name" },
		{ "name: n\n? [a]\n: b\n", "lab.yml:2: a lab has no key '?'" },
		{ "name: n\ntopology: x\n", "lab.yml:2: topology must be a mapping" },
		{ "name: n\ntopology:\n  links: []\n", "lab.yml:3: topology needs 'nodes'" },
		{ "name: n\ntopology:\n  nodes: {}\n", "lab.yml:3: nodes must be a mapping" },
		{ "name: n\ntopology:\n  nodes: [a]\n", "lab.yml:3: nodes must be a mapping" },
		{ "name: n\ntopology:\n  kinds: {}\n", "lab.yml:3: topology has no key 'kinds'" },
		{ HOSTS "    a: {kind: host}\n",
		  "lab.yml:6: node 'a' stands twice (first in line 4)" },
		{ HOSTS "    c/d: {kind: host}\n", "lab.yml:6: 'c/d' is no node name" },
		{ HOSTS "    c:\n", "lab.yml:6: node c must be a mapping" },
		{ HOSTS "    c: {}\n", "lab.yml:6: node c needs 'kind'" },
		{ HOSTS "    c: {kind: linux}\n",
		  "lab.yml:6: kind 'linux' is neither 'culvert' nor 'host'" },
		{ HOSTS "    c:\n      kind: host\n      image: x\n",
		  "lab.yml:8: node c has no key 'image'" },
		{ HOSTS "    c: {kind: culvert}\n",
		  "lab.yml:6: node c is a router and needs 'startup-config'" },
		{ HOSTS "    c:\n      kind: host\n      startup-config: x\n",
		  "lab.yml:8: 'startup-config' is for routers, and c is a host" },
		{ HOSTS "    c: {kind: culvert, startup-config: ''}\n",
		  "lab.yml:6: startup-config must be a text" },
		{ HOSTS "    c: {kind: host, exec: ls}\n", "lab.yml:6: exec must be a list" },
		{ HOSTS "    c:\n      kind: host\n      exec:\n      - ls\n      - [ls]\n",
		  "lab.yml:10: each command under exec must be a text" },
		{ HOSTS "  links: x\n", "lab.yml:6: links must be a list" },
		{ HOSTS "  links:\n    - x\n", "lab.yml:7: a link must be a mapping" },
		{ HOSTS "  links:\n    - mtu: 1500\n", "lab.yml:7: a link needs 'endpoints'" },
		{ HOSTS LINKS "[a:x]\n", "lab.yml:7: endpoints must be a list of two" },
		{ HOSTS LINKS "[a:x, b:x, a:y]\n", "lab.yml:7: endpoints must be a list of two" },
		{ HOSTS LINKS "[a:x, [b]]\n", "lab.yml:7: an endpoint must be a text" },
		{ HOSTS LINKS "[a:x, b]\n", "lab.yml:7: endpoint 'b' is not NODE:INTERFACE" },
		{ HOSTS LINKS "[a:x, 'b:']\n", "lab.yml:7: endpoint 'b:' is not NODE:INTERFACE" },
		{ HOSTS LINKS "[a:x, ':y']\n", "lab.yml:7: endpoint ':y' is not NODE:INTERFACE" },
		{ HOSTS LINKS "[a:x, c:x]\n", "lab.yml:7: endpoint 'c:x': there is no node 'c'" },
		{ HOSTS LINKS "[a:x, B:x]\n", "lab.yml:7: endpoint 'B:x': there is no node 'B'" },
		{ HOSTS LINKS "[a:x, a:x]\n", "lab.yml:7: endpoint a:x is in use already" },
		{ HOSTS LINKS "[a:x, b:x]\n    - endpoints:\n      - b:y\n      - a:x\n",
		  "lab.yml:10: endpoint a:x is in use already, in the link of line 7" },
		{ HOSTS LINKS "[a:x, b:x/1]\n", "lab.yml:7: endpoint 'b:x/1': 'x/1' is no device" },
		{ HOSTS LINKS "[a:x, b:y]\n      mtu: 67\n", "lab.yml:8: mtu '67' is no number" },
		{ HOSTS LINKS "[a:x, b:y]\n      mtu: 65536\n", "lab.yml:8: mtu '65536' is no" },
		{ HOSTS LINKS "[a:x, b:y]\n      mtu: 15k\n", "lab.yml:8: mtu '15k' is no number" },
		{ HOSTS LINKS "[a:x, b:y]\n      mtu: -1\n", "lab.yml:8: mtu '-1' is no number" },
		{ HOSTS LINKS "[a:x, b:y]\n      vars: {}\n", "lab.yml:8: a link has no key 'vars'" },
		{ HOSTS LINKS "[a:x, b:y]\n      ipv6: 2001:db8::1/64\n",
		  "lab.yml:8: ipv6 must be a list of two addresses" },
		{ HOSTS LINKS "[a:x, b:y]\n      ipv6: [\"2001:db8::1/64\"]\n",
		  "lab.yml:8: ipv6 must be a list of two addresses" },
		{ HOSTS LINKS "[a:x, b:y]\n      ipv6: [\"2001:db8::1/129\", \"\"]\n",
		  "lab.yml:8: '2001:db8::1/129' is no address like 2001:db8::1/64" },
		{ HOSTS LINKS "[a:x, b:y]\n      ipv6: [\"10.1.1.1/24\", \"\"]\n",
		  "lab.yml:8: '10.1.1.1/24' is no address like 2001:db8::1/64" },
		{ HOSTS LINKS "[a:x, b:y]\n      ipv4: [\"10.1.1.1\", \"\"]\n",
		  "lab.yml:8: '10.1.1.1' is no address like 192.0.2.1/24" },
		{ HOSTS LINKS "[a:x, b:y]\n      ipv4: [\"10.1.1.1/ 24\", \"\"]\n",
		  "lab.yml:8: '10.1.1.1/ 24' is no address like 192.0.2.1/24" },
		{ "name: n\ntopology:\n  nodes: {r: {kind: culvert, startup-config: c}, a: {kind: host}}\n"
		  "  links: [{endpoints: [\"a:x\", \"r:y\"], ipv6: [\"\", \"2001:db8::1/64\"]}]\n",
		  "lab.yml:4: r is a router: its addresses stand in its configuration" },
		{ ROUTER LINKS "['r:Fa0/0', 'r:fa0-0']\n",
		  "lab.yml:6: endpoint r:fa0-0 is in use already" },
		{ ROUTER LINKS "['r:Tunnel0', 'r:fa0-0']\n",
		  "lab.yml:6: endpoint 'r:Tunnel0': a link cannot end in Tunnel0" },
		{ "name: n\ntopology:\n\tnodes:\n", "lab.yml:3: no YAML: " },
		{ "name: 'n\n\n", "lab.yml:3: no YAML: " },
		{ "name: *x\n", "lab.yml:1: no YAML: found undefined alias" },
		{ HOSTS "---\nname: m\n", "lab.yml:7: a second document begins here" },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct txt why = TXT_INIT;
		struct topology *t = NULL;

		assert_int_equal(parse(rows[i].text, strlen(rows[i].text), &t, &why), -EINVAL);
		assert_null(t);
		if (strncmp(txt_cstr(&why), rows[i].want, strlen(rows[i].want)) != 0)
			fail_msg("row %zu: '%s' is not '%s'", i, txt_cstr(&why), rows[i].want);
		assert_null(strchr(txt_cstr(&why), '\n'));
		txt_fini(&why);
	}
}

static void every_truncation_is_a_lab_or_one_message(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(good) - 1; len++) {
		struct txt why = TXT_INIT;
		struct topology *t = NULL;
		int err = parse(good, len, &t, &why);

		if (err)
			assert_true(!strncmp(txt_cstr(&why), "lab.yml:", 8));
		else
			assert_non_null(t);
		assert_true((err == 0) == (why.len == 0));
		topo_free(t);
		txt_fini(&why);
	}
}

static void a_topology_has_limits(void **state)
{
	struct txt text = TXT_INIT, why = TXT_INIT;
	struct topology *t = NULL;

	(void)state;
	txt_str(&text, "name: n\ntopology:\n  nodes:\n");
	for (unsigned i = 0; i <= TOPO_MAX_NODES; i++)
		txt_printf(&text, "    h%u: {kind: host}\n", i);
	assert_int_equal(parse(text.s, text.len, &t, &why), -EINVAL);
	assert_string_equal(txt_cstr(&why), "lab.yml:4: more than 128 nodes");
	txt_fini(&text);
	txt_fini(&why);
}

static void a_missing_file_is_named(void **state)
{
	struct txt why = TXT_INIT;
	struct topology *t = NULL;

	(void)state;
	assert_int_equal(topo_load("/nonexistent/lab.yml", &t, &why), -ENOENT);
	assert_non_null(strstr(txt_cstr(&why), "/nonexistent/lab.yml: No such file"));
	txt_fini(&why);
}

/* --- the state file ------------------------------------------------------ */

static struct lab_state *state_of_good(void)
{
	static const int held[] = { 7, 8, 9 };
	struct txt why = TXT_INIT;
	struct topology *t = NULL;
	struct lab_state *s = NULL;

	assert_int_equal(parse(good, sizeof(good) - 1, &t, &why), 0);
	assert_int_equal(state_of(t, "/labs/a b/lab.yml", true, held, &s), 0);
	topo_free(t);
	txt_fini(&why);
	return s;
}

static void the_state_comes_back_as_it_was_written(void **state)
{
	struct lab_state *s = state_of_good(), *back = NULL;
	struct txt one = TXT_INIT, two = TXT_INIT;

	(void)state;
	state_render(s, &one);
	assert_int_equal(state_parse(txt_cstr(&one), &back), 0);
	state_render(back, &two);
	assert_string_equal(txt_cstr(&one), txt_cstr(&two));
	assert_string_equal(back->labfile, "/labs/a b/lab.yml");
	assert_int_equal(back->keeper, getpid());
	assert_true(back->user);
	assert_int_equal(state_node(back, "H2")->held_fd, 9);
	assert_int_equal(state_node(back, "R1")->kind, NODE_ROUTER);
	assert_null(state_node(back, "r1"));
	assert_int_equal(back->n_port, 4);
	assert_string_equal(back->port[1].peer, "R1:FastEthernet0/0");
	assert_true(back->port[0].name.is_ios);
	assert_false(back->port[1].name.is_ios);
	state_free(s);
	state_free(back);
	txt_fini(&one);
	txt_fini(&two);
}

static void a_state_that_nobody_wrote_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"lab x\nkeeper 1\nuser 0\nfile /f\n",
		"lab x\nkeeper 0\nuser 0\nfile /f\nnode a host 3\n",
		"lab x\nkeeper 1\nuser 0\nfile f\nnode a host 3\n",
		"lab x\nkeeper 1\nuser 0\nfile /f\nfile /g\nnode a host 3\n",
		"lab x\nkeeper 1\nuser 0\nfile /f\nnode a/b host 3\n",
		"lab x\nkeeper 1\nuser 0\nfile /f\nnode a host -3\n",
		"lab x\nkeeper 1\nuser 0\nfile /f\nnode a host 3 4\n",
		"lab x\nkeeper 1\nuser 0\nfile /f\nnode a host 3\nport 1 e e p\n",
		"lab x\nkeeper 1\nuser 0\nfile /f\nnode a host 3\nport 0 sixteencharacter e p\n",
		"lab x\nkeeper 1\nuser 0\nfile /f\nnode a host 3\nbanana\n",
		"lab ..\nkeeper 1\nuser 0\nfile /f\nnode a host 3\n",
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct lab_state *s = NULL;

		if (state_parse(rows[i], &s) != -EINVAL)
			fail_msg("row %zu was taken", i);
		assert_null(s);
	}
}

/* --- run folders --------------------------------------------------------- */

static void a_run_folder_has_one_owner_and_goes_completely(void **state)
{
	char file[64], dir[RUNDIR_PATH], again[RUNDIR_PATH], path[RUNDIR_PATH];
	struct txt why = TXT_INIT;
	int lock = -1, other = -1;

	(void)state;
	snprintf(file, sizeof(file), "/test/%d/lab.yml", getpid());
	assert_false(rundir_find(file, dir));
	assert_int_equal(rundir_create("unit", file, dir, &lock, &why), 0);
	assert_true(rundir_find(file, again));
	assert_string_equal(dir, again);
	assert_int_equal(rundir_create("unit", file, again, &other, &why), -EALREADY);
	assert_string_equal(dir, again);

	rundir_file(dir, "R1", ".sock", path);
	assert_int_equal(rundir_connect(path), -ENOENT);
	int fd = rundir_listen(path);
	assert_true(fd >= 0);
	int client = rundir_connect(path);
	assert_true(client >= 0);
	close(client);
	close(fd);
	assert_int_equal(rundir_connect(path), -ECONNREFUSED);

	/* The owner died; the next one finds the folder empty. */
	close(lock);
	assert_int_equal(rundir_create("unit", file, again, &lock, &why), 0);
	assert_int_equal(access(path, F_OK), -1);

	rundir_file(dir, "pki", "", path);
	assert_int_equal(mkdir(path, 0700), 0);
	rundir_file(dir, "pki/", "key", path);
	fclose(fopen(path, "w"));
	assert_int_equal(rundir_remove(dir), 0);
	assert_int_equal(access(dir, F_OK), -1);
	close(lock);
	txt_fini(&why);
}

static void a_folder_that_others_can_write_is_not_used(void **state)
{
	char tmp[] = "/tmp/culvert-unit-XXXXXX", base[64], dir[RUNDIR_PATH];
	struct txt why = TXT_INIT;
	int lock = -1;

	(void)state;
	if (geteuid() == 0)
		skip(); /* root's folder is fixed */
	assert_non_null(mkdtemp(tmp));
	snprintf(base, sizeof(base), "%s/culvert-labs", tmp);
	assert_int_equal(mkdir(base, 0700), 0);
	assert_int_equal(chmod(base, 0777), 0);
	setenv("XDG_RUNTIME_DIR", tmp, 1);
	assert_int_equal(rundir_create("unit", "/x/lab.yml", dir, &lock, &why), 0);
	assert_int_not_equal(strncmp(dir, tmp, strlen(tmp)), 0);
	assert_int_equal(rundir_remove(dir), 0);
	close(lock);
	unsetenv("XDG_RUNTIME_DIR");
	rmdir(base);
	rmdir(tmp);
	txt_fini(&why);
}

static void the_tail_of_a_log_is_its_last_lines(void **state)
{
	char path[] = "/tmp/culvert-unit-XXXXXX";
	struct txt out = TXT_INIT;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	spawn_log_tail(path, 2, &out);
	assert_int_equal(out.len, 0);
	for (int i = 0; i < 3000; i++)
		dprintf(fd, "line %d\n", i);
	spawn_log_tail(path, 2, &out);
	assert_string_equal(txt_cstr(&out), "    line 2998\n    line 2999\n");
	txt_clear(&out);
	assert_int_equal(ftruncate(fd, 6), 0);
	spawn_log_tail(path, 2, &out);
	assert_string_equal(txt_cstr(&out), "    line 0\n");
	close(fd);
	unlink(path);
	txt_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ios_names_become_short_legal_devices),
		cmocka_unit_test(a_routers_linux_names_stay_as_they_are),
		cmocka_unit_test(names_that_cannot_be_devices_are_refused_with_the_reason),
		cmocka_unit_test(names_of_nodes_and_labs_are_file_and_host_names),
		cmocka_unit_test(a_good_topology_is_read_completely),
		cmocka_unit_test(links_may_stand_above_the_nodes),
		cmocka_unit_test(hosts_get_addresses_by_their_links),
		cmocka_unit_test(each_mistake_is_reported_with_file_and_line),
		cmocka_unit_test(every_truncation_is_a_lab_or_one_message),
		cmocka_unit_test(a_topology_has_limits),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(the_state_comes_back_as_it_was_written),
		cmocka_unit_test(a_state_that_nobody_wrote_is_refused),
		cmocka_unit_test(a_run_folder_has_one_owner_and_goes_completely),
		cmocka_unit_test(a_folder_that_others_can_write_is_not_used),
		cmocka_unit_test(the_tail_of_a_log_is_its_last_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
