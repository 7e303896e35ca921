/* SPDX-License-Identifier: Apache-2.0 */
#include "show_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pipe.h"
#include "control/show_json.h"
#include "commands/commands.h"
#include "commands/load.h"

const struct fixture_case fixture_cases[] = {
	{ "gre", "show crypto isakmp sa" },
	{ "gre", "show crypto isakmp sa detail" },
	{ "gre", "show crypto isakmp sa active" },
	{ "gre", "show crypto isakmp sa count" },
	{ "gre", "show crypto isakmp policy" },
	{ "gre", "show crypto isakmp key" },
	{ "gre", "show crypto isakmp peers" },
	{ "gre", "show crypto ipsec sa" },
	{ "gre", "show crypto ipsec sa detail" },
	{ "gre", "show crypto ipsec sa address" },
	{ "gre", "show crypto ipsec sa count" },
	{ "gre", "show crypto ipsec transform-set" },
	{ "gre", "show crypto ipsec security-association lifetime" },
	{ "gre", "show crypto map" },
	{ "gre", "show crypto session" },
	{ "gre", "show crypto session detail" },
	{ "gre", "show crypto session brief" },
	{ "gre", "show crypto engine connections active" },
	{ "gre", "show crypto mtu" },
	{ "gre", "show interfaces" },
	{ "gre", "show interfaces description" },
	{ "gre", "show ip interface" },
	{ "gre", "show ip interface brief" },
	{ "gre", "show access-lists" },
	{ "gre", "show ip route" },
	{ "gre", "show version" },
	{ "gre", "show clock" },
	{ "gre", "show users" },
	{ "gre", "show debugging" },
	{ "gre", "show interfaces summary" },
	{ "gre", "show protocols" },
	{ "gre", "show ip protocols" },
	{ "gre", "show ip route static" },
	{ "gre", "show ip route connected" },
	{ "gre", "show ip static route" },
	{ "gre", "show arp" },
	{ "gre", "show ip arp 10.1.1.77" },
	{ "gre", "show hosts" },
	{ "gre", "show hosts summary" },
	{ "gre", "show inventory" },
	{ "gre", "show processes cpu" },
	{ "gre", "show processes cpu sorted" },
	{ "gre", "show processes memory" },
	{ "gre", "show memory statistics" },
	{ "gre", "show file systems" },
	{ "gre", "show terminal" },
	{ "gre", "show line" },
	{ "lan", "show crypto isakmp sa" },
	{ "lan", "show crypto isakmp sa detail" },
	{ "lan", "show crypto isakmp policy" },
	{ "lan", "show crypto ipsec sa detail" },
	{ "lan", "show crypto map" },
	{ "lan", "show crypto session detail" },
	{ "lan", "show crypto engine connections active" },
	{ "lan", "show crypto mtu" },
	{ "lan", "show crypto drops" },
	{ "down", "show crypto isakmp sa" },
	{ "down", "show crypto ipsec sa" },
	{ "down", "show crypto map" },
	{ "down", "show crypto session" },
	{ "down", "show crypto session detail" },
	{ "down", "show interfaces Tunnel10" },
	{ "ios12", "show crypto isakmp sa" },
	{ "ios12", "show crypto isakmp policy" },
	{ "ios12", "show crypto ipsec sa" },
	{ "ios12", "show crypto map" },
	{ "ios12", "show crypto engine connections active" },
	{ "ios12", "show interfaces Tunnel0" },
	{ "ios12", "show ip route" },
	{ "bare", "show crypto isakmp sa" },
	{ "bare", "show crypto ipsec sa" },
	{ "bare", "show crypto map" },
	{ "bare", "show crypto session" },
	{ "bare", "show ip route" },
	{ "bare", "show arp" },
	{ "bare", "show ip static route" },
	{ "bare", "show processes cpu" },
	{ NULL, NULL },
};

void fixture_path(const char *dir, const struct fixture_case *c, char *buf, size_t cap)
{
	int n = snprintf(buf, cap, "%s/%s/", dir, c->router);

	snprintf(buf + n, cap - (size_t)n, "%s.txt", c->command);
	for (char *s = buf + n; *s; s++)
		if (*s == ' ')
			*s = '-';
}

#define MAX 8

/* All that a show_in points to. */
struct world {
	struct show_in in; /* first: fixture_free() gets its address */
	struct config *config;
	struct if_snapshot ifs[MAX];
	struct ike_sa_info sas[MAX];
	struct ike_pair_info pairs[MAX];
	struct p2_policy p2[MAX];
	const char *stories[MAX];
	struct fwd_policy policies[MAX];
	struct fwd_sa_stats sa_stats[2 * MAX];
	struct fwd_policy_stats policy_stats[MAX];
	struct fwd_drops drops;
	struct show_route routes[2 * MAX];
	struct show_match matches[MAX];
	struct show_user users[2];
	struct show_neigh neighs[4];
	struct show_load load;
};

static const char gre_config[] =
	"hostname R1\n"
	"crypto isakmp policy 1\n encr 3des\n authentication pre-share\n group 2\n"
	"crypto isakmp key secretkey address 192.0.2.2\n"
	"crypto isakmp key other address 198.51.100.0 255.255.255.0\n"
	"crypto isakmp key any address 0.0.0.0 0.0.0.0\n"
	"crypto ipsec transform-set ESP-3DES-SHA esp-3des esp-sha-hmac\n"
	"crypto ipsec transform-set BOTH ah-sha-hmac esp-aes 256\n mode transport\n"
	"crypto map SDM_CMAP_1 1 ipsec-isakmp\n"
	" description To the branch\n set peer 192.0.2.2\n set transform-set ESP-3DES-SHA\n"
	" match address SDM_1\n"
	"interface Tunnel0\n description GRE to R2\n ip address 172.16.0.1 255.255.255.252\n"
	" ip mtu 1420\n tunnel source FastEthernet0/1\n tunnel destination 192.0.2.2\n"
	"interface FastEthernet0/0\n description LAN\n ip address 10.1.1.1 255.255.255.0\n"
	"interface FastEthernet0/1\n ip address 192.0.2.1 255.255.255.0\n crypto map SDM_CMAP_1\n"
	"interface Serial0/0\n shutdown\n"
	"ip access-list extended SDM_1\n remark SDM_ACL Category=4\n"
	" permit gre host 192.0.2.1 host 192.0.2.2\n"
	"access-list 99 permit 172.16.191.199\n"
	"access-list 99 deny any log\n"
	"access-list 99 permit 10.0.10.0 0.255.0.255\n"
	"access-list 101 permit tcp any host 10.1.1.1 eq www\n"
	"access-list 101 permit udp any range 16384 32767 10.1.1.0 0.0.0.255 range 16384 32767\n"
	"access-list 101 deny ip any any log\n"
	"ip route 10.2.2.0 255.255.255.0 Tunnel0\n"
	"ip route 10.2.2.0 255.255.255.0 192.0.2.77 200\n"
	"ip domain name example.net\n"
	"ip route 0.0.0.0 0.0.0.0 192.0.2.254\n";

static const char lan_config[] =
	"hostname West\n"
	"crypto isakmp policy 100\n encr aes 256\n hash sha256\n authentication pre-share\n"
	" group 14\n lifetime 42400\n"
	"crypto isakmp policy 200\n encr des\n hash md5\n"
	"crypto isakmp key CCNP address 192.0.2.2\n"
	"crypto ipsec transform-set STRONG esp-aes 256 esp-sha256-hmac\n"
	"crypto ipsec security-association lifetime seconds 1800\n"
	"crypto map CCNP 100 ipsec-isakmp\n"
	" set peer 192.0.2.2\n set peer 192.0.2.6\n set transform-set STRONG\n set pfs group5\n"
	" set security-association lifetime kilobytes 2560\n match address 123\n"
	"interface GigabitEthernet0/1\n ip address 10.0.0.2 255.255.255.252\n crypto map CCNP\n"
	"access-list 123 permit ip 10.1.1.0 0.0.0.255 10.2.2.0 0.0.0.255\n"
	"access-list 123 permit tcp host 10.1.1.5 host 10.3.3.3 eq 443\n";

static const char down_config[] =
	"hostname R1\n"
	"crypto isakmp policy 10\n encr aes\n authentication pre-share\n group 5\n"
	"crypto isakmp key k address 192.0.2.2\n"
	"crypto ipsec transform-set TS esp-aes esp-sha-hmac\n"
	"crypto map M 10 ipsec-isakmp\n set peer 192.0.2.2\n set transform-set TS\n match address 101\n"
	"crypto map M 20 ipsec-isakmp\n set peer 192.0.2.6\n set transform-set TS\n match address 102\n"
	"crypto map M 30 ipsec-isakmp\n set transform-set TS\n"
	"interface Ethernet0/0\n ip address 192.0.2.1 255.255.255.0\n crypto map M\n"
	"interface Tunnel10\n ip address 10.9.9.1 255.255.255.252\n tunnel source Ethernet0/0\n"
	" tunnel destination 203.0.113.9\n tunnel key 1234\n keepalive 10 3\n"
	"access-list 101 permit ip 10.1.1.0 0.0.0.255 10.2.2.0 0.0.0.255\n"
	"access-list 102 permit ip 10.1.1.0 0.0.0.255 10.3.3.0 0.0.0.255\n";

static struct ipaddr v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	return ipaddr_v4(a << 24 | b << 16 | c << 8 | d);
}

static struct addr_match host(unsigned a, unsigned b, unsigned c, unsigned d)
{
	return addr_match_v4(a << 24 | b << 16 | c << 8 | d, 0);
}

static struct addr_match net24(unsigned a, unsigned b, unsigned c)
{
	return addr_match_v4(a << 24 | b << 16 | c << 8, 0xff);
}

static struct if_snapshot *add_if(struct world *w, const char *name, const char *device,
				  struct ipaddr addr, uint8_t len)
{
	struct if_snapshot *i = &w->ifs[w->in.n_ifs++];
	uint8_t last = (uint8_t)w->in.n_ifs;

	snprintf(i->name, sizeof(i->name), "%s", name);
	snprintf(i->device, sizeof(i->device), "%s", device);
	i->ifindex = device[0] ? 10u + last : 0;
	i->up = i->line = device[0] != '\0';
	i->addr = addr;
	i->prefix_len = len;
	i->mtu = 1500;
	i->last_in_ms = i->last_out_ms = i->cleared_ms = SHOW_NEVER;
	if (device[0] && strncmp(name, "Tunnel", 6) != 0) {
		i->has_mac = true;
		memcpy(i->mac, (uint8_t[]){ 0xaa, 0xbb, 0xcc, 0, 1, last }, 6);
	}
	return i;
}

static struct p2_policy *add_policy(struct world *w, const char *map, uint32_t seq, uint32_t ifid,
				    struct ipaddr local, struct ipaddr peer)
{
	struct p2_policy *p = &w->p2[w->in.n_p2];

	p->id = 1 + (uint32_t)w->in.n_p2;
	p->ifid = ifid;
	snprintf(p->map, sizeof(p->map), "%s", map);
	p->seq = seq;
	p->ace = 10;
	p->local = local;
	p->n_peers = 1;
	p->peers[0] = peer;
	w->policies[w->in.n_p2] = (struct fwd_policy){ .id = p->id, .path_mtu = 1500 };
	w->policy_stats[w->in.n_p2].policy_id = p->id;
	w->stories[w->in.n_p2++] = "";
	w->in.n_policies = w->in.n_policy_stats = w->in.n_p2;
	return p;
}

/* An SA pair of that policy with all that both directions share. */
static struct ike_pair_info *add_pair(struct world *w, const struct p2_policy *p,
				      const struct sa_spec *like, uint32_t in_spi, uint32_t out_spi,
				      uint32_t left_sec)
{
	struct ike_pair_info *r = &w->pairs[w->in.n_pairs++];
	uint32_t n = (uint32_t)w->in.n_pairs;

	*r = (struct ike_pair_info){ .pair_id = n, .policy_id = p->id, .in_id = 2 * n - 1,
				     .out_id = 2 * n, .initiator = true, .current = true };
	r->in = r->out = *like;
	r->in.id = r->in_id;
	r->out.id = r->out_id;
	r->in.pair_id = r->out.pair_id = n;
	r->in.policy_id = r->out.policy_id = p->id;
	r->in.dir = SA_IN;
	r->out.dir = SA_OUT;
	r->in.spi = in_spi;
	r->out.spi = out_spi;
	r->in.src = r->out.dst = p->peers[0];
	r->in.dst = r->out.src = p->local;
	r->in.sel = r->out.sel = p->sel;
	for (uint32_t id = r->in_id; id <= r->out_id; id++)
		w->sa_stats[w->in.n_sa_stats++] = (struct fwd_sa_stats){
			.sa_id = id, .policy_id = p->id, .pair_id = n, .packets = 4, .bytes = 336,
			.seq = 4, .left_sec = left_sec, .left_bytes = like->life.hard_bytes ?
				like->life.hard_bytes - 336 : 0 };
	return r;
}

static struct ike_sa_info *add_sa(struct world *w, struct ipaddr local, struct ipaddr remote,
				  enum ike_state state, uint32_t conn_id)
{
	struct ike_sa_info *s = &w->sas[w->in.n_sas++];

	*s = (struct ike_sa_info){ .local = local, .remote = remote, .peer = remote, .local_port = 500,
				   .remote_port = 500, .initiator = true, .state = state,
				   .conn_id = conn_id };
	return s;
}

static void add_route(struct world *w, char code, struct ipaddr dst, uint8_t len,
		      struct ipaddr next_hop, const char *ifname)
{
	struct show_route *r = &w->routes[w->in.n_routes++];

	*r = (struct show_route){ .code = code, .dst = dst, .prefix_len = len, .next_hop = next_hop,
				  .distance = code == 'S' };
	snprintf(r->ifname, sizeof(r->ifname), "%s", ifname);
}

static void gre_interfaces(struct world *w)
{
	struct if_snapshot *t = add_if(w, "Tunnel0", "Tunnel0", v4(172, 16, 0, 1), 30), *i;

	t->mtu = 1420;
	t->tunnel_src = v4(192, 0, 2, 1);
	t->tunnel_mtu = 1476;
	t->in_packets = 4;
	t->in_bytes = 336;
	t->out_packets = 4;
	t->out_bytes = 336;
	t->last_in_ms = 1250;
	t->last_out_ms = 1250;
	add_if(w, "FastEthernet0/0", "eth1", v4(10, 1, 1, 1), 24)->in_packets = 17;
	i = add_if(w, "FastEthernet0/1", "eth0", v4(192, 0, 2, 1), 24);
	i->in_packets = 7105513;
	i->in_bytes = 2633533316;
	i->out_packets = 3442669;
	i->out_bytes = 409215038;
	i->rate.in_bps = 2499600;
	i->rate.in_pps = 211.7;
	i->last_in_ms = 0;
	i->last_out_ms = 93784000; /* 1d02h */
	i->cleared_ms = UINT64_C(25) * 7 * 86400000 + 2 * 86400000;
	add_if(w, "Serial0/0", "", (struct ipaddr){ 0 }, 0);
}

static void gre_routes(struct world *w)
{
	struct ipaddr none = { 0 };

	add_route(w, 'C', v4(10, 1, 1, 0), 24, none, "FastEthernet0/0");
	add_route(w, 'L', v4(10, 1, 1, 1), 32, none, "FastEthernet0/0");
	add_route(w, 'S', v4(10, 2, 2, 0), 24, none, "Tunnel0");
	add_route(w, 'C', v4(172, 16, 0, 0), 30, none, "Tunnel0");
	add_route(w, 'L', v4(172, 16, 0, 1), 32, none, "Tunnel0");
	add_route(w, 'C', v4(192, 0, 2, 0), 24, none, "FastEthernet0/1");
	add_route(w, 'L', v4(192, 0, 2, 1), 32, none, "FastEthernet0/1");
	add_route(w, 'S', v4(0, 0, 0, 0), 0, v4(192, 0, 2, 254), "");
}

static void make_gre(struct world *w)
{
	struct sa_spec like = { .proto = PROTO_ESP, .mode = MODE_TUNNEL, .cipher = CIPHER_3DES,
				.auth = AUTH_HMAC_SHA1_96, .replay_window = 64,
				.life = { .hard_sec = 3600, .hard_bytes = UINT64_C(4608000) * 1024 } };
	struct p2_policy *p;
	struct ike_sa_info *s;

	gre_interfaces(w);
	gre_routes(w);
	p = add_policy(w, "SDM_CMAP_1", 1, 13, v4(192, 0, 2, 1), v4(192, 0, 2, 2));
	p->sel = (struct selector){ .local = host(192, 0, 2, 1), .remote = host(192, 0, 2, 2),
				    .proto = 47 };
	add_pair(w, p, &like, 0x6ADB173, 0xB2C0867D, 3529);
	w->policy_stats[0] = (struct fwd_policy_stats){ .policy_id = 1, .matches = 4, .encaps = 4,
							.encrypts = 4, .digests = 4, .decaps = 4,
							.decrypts = 4, .verifies = 4 };
	s = add_sa(w, v4(192, 0, 2, 1), v4(192, 0, 2, 2), IKE_QM_IDLE, 1001);
	s->agreed = (struct p1_policy){ 1, CIPHER_3DES, 0, HASH_SHA1, IKE_AUTH_PSK, 2, 86400 };
	s->left_sec = 86329;
	s->encrypts = 5;
	s->decrypts = 4;
	snprintf(s->story, sizeof(s->story), "up");
	w->matches[0] = (struct show_match){ "SDM_1", 10, 4 };
	w->matches[1] = (struct show_match){ "101", 10, 1 };
	w->in.n_matches = 2;
}

static void make_lan(struct world *w)
{
	struct sa_spec like = { .proto = PROTO_ESP, .mode = MODE_TUNNEL, .cipher = CIPHER_AES_CBC,
				.cipher_bits = 256, .auth = AUTH_HMAC_SHA256_128, .udp_encap = true,
				.udp_sport = 4500, .udp_dport = 4500,
				.life = { .hard_sec = 1800, .hard_bytes = 2560 * 1024 },
				.replay_window = 64 };
	struct ike_sa_info *s;
	struct p2_policy *p;

	add_if(w, "GigabitEthernet0/1", "eth0", v4(10, 0, 0, 2), 30);
	p = add_policy(w, "CCNP", 100, 11, v4(10, 0, 0, 2), v4(192, 0, 2, 2));
	p->sel = (struct selector){ .local = net24(10, 1, 1), .remote = net24(10, 2, 2) };
	p->pfs_group = 5;
	add_pair(w, p, &like, 0x11111111, 0x22222222, 25)->current = false;
	add_pair(w, p, &like, 0x33333333, 0x44444444, 1790);
	p = add_policy(w, "CCNP", 100, 11, v4(10, 0, 0, 2), v4(192, 0, 2, 2));
	p->ace = 20;
	p->sel = (struct selector){ .local = host(10, 1, 1, 5), .remote = host(10, 3, 3, 3), .proto = 6,
				    .remote_port = { PORT_EQ, 443, 443 } };
	p->pfs_group = 5;
	w->policy_stats[0] = (struct fwd_policy_stats){
		.policy_id = 1, .encaps = 900, .encrypts = 900, .digests = 900, .decaps = 850,
		.decrypts = 850, .verifies = 852, .send_errors = 3, .recv_errors = 2, .no_sa = 1,
		.auth_failed = 7, .replayed = 5, .bad_identity = 6, .invalid_sa = 8, .invalid_len = 9,
		.invalid_prot = 10, .rollover = 11, .encaps_failed = 12, .access_out = 13,
		.decaps_failed = 14, .access_in = 15, .internal_out = 16, .internal_in = 17 };
	w->drops.n[FWD_DROP_UNKNOWN_SPI] = 4;
	w->drops.n[FWD_DROP_ACCESS] = 28;
	w->in.drops = &w->drops;
	w->in.arrived_clear = 12345678901;
	s = add_sa(w, v4(10, 0, 0, 2), v4(192, 0, 2, 2), IKE_QM_IDLE, 1002);
	s->local_port = s->remote_port = 4500;
	s->initiator = false;
	s->nat = s->dpd = true;
	s->agreed = (struct p1_policy){ 100, CIPHER_AES_CBC, 256, HASH_SHA256, IKE_AUTH_PSK, 14, 42400 };
	s->left_sec = 42400 - 4000;
	s = add_sa(w, v4(10, 0, 0, 2), v4(192, 0, 2, 2), IKE_QM_IDLE, 1001);
	s->deleted = true;
}

static void make_down(struct world *w)
{
	struct if_snapshot *t;
	struct p2_policy *p;

	add_if(w, "Ethernet0/0", "eth0", v4(192, 0, 2, 1), 24);
	t = add_if(w, "Tunnel10", "Tunnel10", v4(10, 9, 9, 1), 30);
	t->tunnel_src = v4(192, 0, 2, 1);
	t->line = false;
	t->line_why = "no output interface";
	t->in_errors = 7;
	t->in_crc = 2;
	t->in_late = 3;
	t->keepalives = 5;
	t->keepalives_back = 2;
	t->keepalives_missed = 3;
	p = add_policy(w, "M", 10, 11, v4(192, 0, 2, 1), v4(192, 0, 2, 2));
	p->sel = (struct selector){ .local = net24(10, 1, 1), .remote = net24(10, 2, 2) };
	p = add_policy(w, "M", 20, 11, v4(192, 0, 2, 1), v4(192, 0, 2, 6));
	p->sel = (struct selector){ .local = net24(10, 1, 1), .remote = net24(10, 3, 3) };
	w->stories[1] = "the peer refused every proposal: it has no policy with 3des and group 2";
	snprintf(add_sa(w, v4(192, 0, 2, 1), v4(192, 0, 2, 2), IKE_MM_NO_STATE, 0)->story, 64,
		 "waiting for the first answer");
	add_sa(w, v4(192, 0, 2, 1), v4(192, 0, 2, 6), IKE_MM_KEY_EXCH, 1003)->deleted = true;
}

static void make_neighbours(struct world *w)
{
	static const struct show_neigh v[] = {
		{ .ifname = "FastEthernet0/0", .has_mac = true, .mac = { 2, 0, 0, 0, 0, 1 }, .fixed = true },
		{ .ifname = "FastEthernet0/0" },
		{ .ifname = "FastEthernet0/1", .has_mac = true, .mac = { 2, 0, 0, 0, 1, 0xab }, .fixed = true },
		{ .ifname = "FastEthernet0/1", .has_mac = true, .mac = { 0, 0x12, 0x7f, 0xff, 4, 0xd7 }, .age_sec = 45 * 60 + 59 },
	};

	memcpy(w->neighs, v, sizeof(v));
	w->neighs[0].addr = v4(10, 1, 1, 1);
	w->neighs[1].addr = v4(10, 1, 1, 77);
	w->neighs[2].addr = v4(192, 0, 2, 1);
	w->neighs[3].addr = v4(192, 0, 2, 254);
	w->in.neighs = w->neighs;
	w->in.n_neighs = 4;
}

static void make_load(struct world *w)
{
	struct show_load *l = &w->load;

	*l = (struct show_load){ .five_sec = 37, .interrupts = 4, .one_min = 22, .five_min = 9, .n = 4 };
	l->v[0] = (struct show_proc){ .pid = 812, .name = "culvert", .runtime_ms = 3, .invoked = 9, .usec_each = 333,
				      .resident_bytes = 4u << 20 };
	l->v[1] = (struct show_proc){ .pid = 813, .name = "culvert-control", .runtime_ms = 51234, .invoked = 20417,
				      .usec_each = 2509, .resident_bytes = 30u << 20, .five_sec = 12, .one_min = 30,
				      .five_min = 8 };
	l->v[2] = (struct show_proc){ .pid = 814, .name = "culvert-forward", .runtime_ms = 1234567, .invoked = 99999999,
				      .usec_each = 12, .resident_bytes = 12u << 20, .five_sec = 3210, .one_min = 1999,
				      .five_min = 803 };
	l->v[3] = (struct show_proc){ .pid = 816, .name = "culvert-forward", .thread = true, .runtime_ms = 4, .invoked = 2,
				      .usec_each = 2000 };
	w->in.load = l;
}

static void make_machine(struct world *w)
{
	struct show_in *in = &w->in;

	in->has_disk = true;
	in->disk_bytes = UINT64_C(7835619328);
	in->disk_free_bytes = UINT64_C(6612774912);
	in->terminal = (struct show_terminal){ .length = 24, .width = 80, .history = 20 };

	in->privilege = 15;
	w->users[0] = (struct show_user){ .line = 0, .self = true, .user = "arm", .location = "192.0.2.9" };
	w->users[1] = (struct show_user){ .line = 1, .idle_ms = 83000 };
	in->users = w->users;
	in->n_users = 2;
	in->uptime_sec = 2 * 365 * 86400 + 31 * 7 * 86400 + 6 * 86400 + 9 * 3600 + 55 * 60 + 7;
	in->wall_ms = INT64_C(1445281058347); /* 18:57:38.347 UTC Mon Oct 19 2015 */
	strcpy(in->zone, "UTC");
	in->version = "0.1.0";
	in->machine = "x86_64";
	in->image = "/usr/bin/culvert";
	in->board_id = "4CULVERT001";
	in->memory_kb = 2048000;
	in->memory_used_kb = 48000;
}

struct show_in *fixture(const char *name)
{
	struct world *w = calloc(1, sizeof(*w));
	struct report report = { 0 };
	const char *text = "";

	if (!w)
		return NULL;
	if (!strcmp(name, "gre") || !strcmp(name, "ios12")) {
		text = gre_config;
		make_gre(w);
		w->in.debug = EXEC_DEBUG_ISAKMP | EXEC_DEBUG_IPSEC;
	} else if (!strcmp(name, "lan")) {
		text = lan_config;
		make_lan(w);
	} else if (!strcmp(name, "down")) {
		text = down_config;
		make_down(w);
	}
	make_machine(w);
	if (!strcmp(name, "gre") || !strcmp(name, "ios12")) {
		make_neighbours(w);
		make_load(w);
	}
	if (config_load_text(text, strlen(text), &w->config, &report)) {
		free(w);
		return NULL;
	}
	if (report.errors) {
		struct txt t = TXT_INIT;

		report_print(&report, name, &t);
		fputs(txt_cstr(&t), stderr);
		txt_fini(&t);
	}
	report_fini(&report);
	w->config->compat_ios12 = !strcmp(name, "ios12");
	w->in.config = w->config;
	w->in.ifs = w->ifs;
	w->in.sas = w->sas;
	w->in.pairs = w->pairs;
	w->in.p2 = w->p2;
	w->in.stories = w->stories;
	w->in.policies = w->policies;
	w->in.sa_stats = w->sa_stats;
	w->in.policy_stats = w->policy_stats;
	w->in.routes = w->routes;
	w->in.matches = w->matches;
	return &w->in;
}

void fixture_free(struct show_in *in)
{
	struct world *w = (struct world *)in;

	if (w)
		config_free(w->config);
	free(w);
}

int fixture_type(const struct show_in *in, const char *line, struct txt *out)
{
	struct cli_session *s = cli_session_new(commands_grammar(), M_EXEC);
	struct txt text = TXT_INIT;
	struct cli_result r = { 0 };
	int err = -ENOEXEC;

	if (!s)
		return -ENOMEM;
	cli_session_line(s, ((const struct world *)in)->config, line, 0, &r);
	struct cli_pipe p = { 0 };
	size_t col;

	if (r.pipe)
		(void)cli_pipe_read(r.pipe, &p, &col);
	bool json = p.kind == CLI_PIPE_JSON;

	if (r.status == CLI_EXEC)
		err = (json && show_json_kind(r.action) == JSON_ROWS ? show_json : show_run)(in, r.action,
											 r.args, &text);
	if (json && !err && show_json_kind(r.action) == JSON_LINES)
		show_json_lines(txt_cstr(&text), out);
	else if (r.status == CLI_EXEC && r.pipe && !json)
		(void)cli_pipe_run(&p, txt_cstr(&text), out);
	else
		txt_str(out, r.status == CLI_EXEC ? txt_cstr(&text) : txt_cstr(&r.out));
	txt_fini(&text);
	cli_result_fini(&r);
	cli_session_free(s);
	return err;
}
