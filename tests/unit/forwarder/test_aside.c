/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker has put aside (later.c), and what comes between: a table, an SA, another worker. Both
 * workers are this thread, so that it comes exactly there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/internal.h"
#include "packet/ip4.h"

#define US   0xc0000201
#define PEER 0xc6336401
#define FROM 0x0a010005
#define TO   0x0a020005

enum { IFID = 7, PORT_STEER = 1, PORT_AH, WORKERS = 2 };

static struct forwarder *first, *second;
static struct port ports[2][WORKERS + 1];
static uint64_t clock_ms;
static int32_t result;
static uint32_t sent, last_spi, expired;

static size_t recv_none(struct port *p, struct pool *pool, struct batch *b)
{
	(void)p;
	(void)pool;
	return b->n;
}

static size_t send_ah(struct port *p, struct batch *b)
{
	(void)p;
	for (size_t i = 0; i < b->n; i++, sent++)
		last_spi = be32_at(b->p[i]->data + IP4_HEADER + 4);
	return b->n;
}

static void close_none(struct port *p)
{
	(void)p;
}

static uint64_t env_now(void *ctx)
{
	(void)ctx;
	return clock_ms;
}

static void env_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 0x5a, n);
}

static int env_port(void *ctx, const struct fwd_port *desc, int fd, struct port **ret_port)
{
	static const struct port_ops ops = { recv_none, send_ah, close_none };

	(void)ctx;
	close(fd);
	*ret_port = &ports[desc->id - 1][desc->worker];
	**ret_port = (struct port){ .ops = &ops, .fd = -1 };
	return 0;
}

static bool env_control(void *ctx, const struct fwd_msg *m)
{
	(void)ctx;
	if (m->type == FWD_RESULT)
		result = m->u.error;
	expired += m->type == FWD_EXPIRE;
	return true;
}

static void ask(struct fwd_msg m)
{
	uint8_t buf[1024];
	struct wr w = wr_of(buf, sizeof(buf));
	int fd = m.type == FWD_PORT_ADD ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	m.seq = 1;
	result = 1;
	fwd_encode(&w, &m);
	forwarder_message(first, wr_done(&w), fd);
	assert_int_equal(result, 0);
}

static struct selector sel(void)
{
	return (struct selector){ .local = addr_match_v4(FROM & 0xffff0000, 0xffff),
				  .remote = addr_match_v4(TO & 0xffff0000, 0xffff) };
}

/* id 0: there is no policy. */
static void set_table(uint32_t id, bool denied)
{
	ask((struct fwd_msg){ .type = FWD_TABLE_BEGIN });
	if (id)
		ask((struct fwd_msg){ .type = FWD_POLICY_ADD,
				      .u.policy = { .id = id, .ifid = IFID, .map_seq = 1,
						    .action = FWD_POLICY_PROTECT, .sel = sel(),
						    .local = ipaddr_v4(US), .path_mtu = 1500 } });
	if (denied) {
		struct fwd_msg m = { .type = FWD_ACL_ADD, .u.acl = { .list = 1, .name = "OUT" } };

		m.u.acl.entry = (struct acl_entry){ .kind = ACE_DENY, .seq = 10,
						    .src = addr_match_v4(0, UINT32_MAX),
						    .dst = addr_match_v4(0, UINT32_MAX) };
		ask(m);
		ask((struct fwd_msg){ .type = FWD_POLICY_ACL, .u.policy_acl = { id, 0, 1 } });
	}
	ask((struct fwd_msg){ .type = FWD_TABLE_COMMIT });
}

static void add_sa(uint32_t id, uint32_t policy, enum sa_dir dir)
{
	struct fwd_msg m = { .type = FWD_SA_ADD,
			     .u.sa = { .id = id, .pair_id = id, .policy_id = policy, .dir = (uint8_t)dir,
				       .proto = PROTO_AH, .mode = MODE_TUNNEL, .spi = 0x1000 + id,
				       .src = ipaddr_v4(US), .dst = ipaddr_v4(PEER),
				       .auth = AUTH_HMAC_SHA1_96, .replay_window = 64, .sel = sel(),
				       .life = { .soft_sec = 3000, .hard_sec = 3600 } } };

	m.u.sa.auth_key.len = 20;
	ask(m);
}

static int set_up(void **state)
{
	struct forwarder_env env = { env_now, env_random, env_port, env_control, NULL };

	(void)state;
	clock_ms = 1000000;
	sent = expired = 0;
	first = forwarder_new_workers(&env, WORKERS);
	assert_non_null(first);
	second = forwarder_worker(first, 1);
	for (uint8_t k = 0; k < WORKERS; k++)
		ask((struct fwd_msg){ .type = FWD_PORT_ADD,
				      .u.port = { .id = PORT_STEER, .kind = FWD_PORT_STEER, .ifid = IFID, .worker = k } });
	for (uint8_t k = 0; k <= WORKERS; k++)
		ask((struct fwd_msg){ .type = FWD_PORT_ADD,
				      .u.port = { .id = PORT_AH, .kind = FWD_PORT_AH, .worker = k } });
	set_table(1, false);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(first->pool.n_free + second->pool.n_free, 2 * first->pool.n);
	forwarder_free(first);
	return 0;
}

/* n packets, which it puts aside: AH counts its numbers with the gate closed. */
static void take(struct forwarder *f, size_t n)
{
	struct batch b = { 0 };

	forwarder_enter(f);
	f->now_ms = clock_ms;
	f->beside = f->esp.beside = true;
	while (b.n < n) {
		struct pkt *p = pkt_get(&f->pool);
		struct ip_view h = { .ttl = 64, .id = 1, .proto = IPPROTO_UDP_, .total_len = 100, .src = FROM, .dst = TO };

		memset(p->data, 0, 100);
		ip4_write(p->data, &h);
		p->len = 100;
		(void)batch_add(&b, p);
	}
	out_from_steering(f, IFID, &b);
	f->beside = f->esp.beside = false;
	forwarder_leave(f);
	assert_false(later_is_empty(f->later));
	assert_int_equal(sent, 0);
}

static void go_on(struct forwarder *f)
{
	forwarder_close(f);
	later_do(f);
	forwarder_open(f);
	assert_true(later_is_empty(f->later));
}

static void what_nothing_comes_between_leaves(void **state)
{
	(void)state;
	add_sa(1, 1, SA_OUT);
	take(second, 3);
	go_on(second);
	assert_int_equal(sent, 3);
	assert_int_equal(last_spi, 0x1001);
}

/* Its SA is there still, and would do. */
static void a_policy_that_was_taken_away_takes_nothing_any_more(void **state)
{
	(void)state;
	add_sa(1, 1, SA_OUT);
	take(second, 3);
	set_table(0, false);
	go_on(second);
	assert_int_equal(sent, 0);
	assert_int_equal(second->drops.n[FWD_DROP_NO_POLICY], 3);
}

static void another_policy_takes_what_the_old_one_had(void **state)
{
	(void)state;
	add_sa(1, 1, SA_OUT);
	add_sa(2, 2, SA_OUT);
	take(second, 3);
	set_table(2, false);
	go_on(second);
	assert_int_equal(sent, 3);
	assert_int_equal(last_spi, 0x1002);
}

static void a_list_that_came_in_between_is_asked(void **state)
{
	(void)state;
	add_sa(1, 1, SA_OUT);
	take(second, 3);
	set_table(1, true);
	go_on(second);
	assert_int_equal(sent, 0);
	assert_int_equal(second->drops.n[FWD_DROP_ACCESS], 3);
}

static void a_commit_that_changes_nothing_loses_nothing(void **state)
{
	(void)state;
	add_sa(1, 1, SA_OUT);
	take(second, 3);
	set_table(1, false);
	go_on(second);
	assert_int_equal(sent, 3);
}

static void an_sa_that_is_taken_away_is_not_used(void **state)
{
	struct fwd_msg failed = { .type = FWD_NEGOTIATION_FAILED, .u.id = 1 };

	(void)state;
	add_sa(1, 1, SA_OUT);
	take(second, 3);
	ask((struct fwd_msg){ .type = FWD_SA_DEL, .u.id = 1 });
	go_on(second);
	assert_int_equal(sent, 0);
	ask(failed); /* they wait for another */
	assert_int_equal(first->drops.n[FWD_DROP_NEGOTIATION_FAILED], 3);
}

/* The worker has read the clock before the SA was made. */
static void an_sa_that_came_in_between_is_not_too_old(void **state)
{
	(void)state;
	take(second, 3);
	clock_ms += 3;
	add_sa(1, 1, SA_OUT);
	go_on(second);
	assert_int_equal(sent, 3);
	assert_int_equal(expired, 0);
	assert_false(sad_by_id(&first->all->sad, 1)->dead);
	assert_int_equal(sa_is_due(sad_by_id(&first->all->sad, 1), clock_ms - 2), 0);
}

/* The peer has moved twice; who saw it first is last to say so. */
static void the_newest_packet_says_where_the_peer_is(void **state)
{
	struct sa_terms *s;
	struct sa *sa;
	struct pkt p = { .remote = ipaddr_v4(0xc6336405), .remote_port = 5 };

	(void)state;
	add_sa(1, 1, SA_IN);
	sa = sad_by_id(&first->all->sad, 1);
	s = &sa->spec;
	s->udp_encap = true;
	sa->replay.top = 10;
	later_follow(second, sa, &p);
	sa->replay.top = 11;
	p.remote = ipaddr_v4(0xc6336406);
	p.remote_port = 6;
	later_follow(first, sa, &p);
	go_on(first);
	go_on(second);
	assert_int_equal(ipaddr_to_v4(&s->src), 0xc6336406);
	assert_int_equal(s->udp_sport, 6);
	sa->replay.top = 12;
	p.remote_port = 7;
	later_follow(second, sa, &p);
	go_on(second);
	assert_int_equal(s->udp_sport, 7);
	/* and IKE knows better than a packet that came before */
	sa->replay.top = 13;
	p.remote_port = 8;
	later_follow(second, sa, &p);
	ask((struct fwd_msg){ .type = FWD_SA_MOVE, .u.peer_moved = { .sa_id = 1, .addr = p.remote, .port = 9 } });
	go_on(second);
	assert_int_equal(s->udp_sport, 9);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_nothing_comes_between_leaves),
		TEST(a_policy_that_was_taken_away_takes_nothing_any_more),
		TEST(another_policy_takes_what_the_old_one_had),
		TEST(a_list_that_came_in_between_is_asked),
		TEST(a_commit_that_changes_nothing_loses_nothing),
		TEST(an_sa_that_is_taken_away_is_not_used),
		TEST(an_sa_that_came_in_between_is_not_too_old),
		TEST(the_newest_packet_says_where_the_peer_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
