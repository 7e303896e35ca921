/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

struct sim sim;

uint32_t sim_rnd(void)
{
	sim.rng = sim.rng * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(sim.rng >> 33);
}

static void fill(void *ctx, void *p, size_t n)
{
	uint8_t *b = p;

	(void)ctx;
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)sim_rnd();
}

/* How the other side sees a datagram's path; what a NAT does on the way. */
static bool translate(int from, const struct ike_path *sent, struct ike_path *ret)
{
	struct ike_path p = { sent->remote, sent->local, sent->remote_port, sent->local_port };
	struct ipaddr outside = sim.nat_at.family ? sim.nat_at : sim.outside;

	if (!ipaddr_equal(&sent->remote, &sim.end[!from]) &&
	    !(sim.nat_500 && from == 1 && ipaddr_equal(&sent->remote, &outside)))
		return false; /* nobody lives there */
	if (sim.nat_500 && from == 0) {
		p.remote = outside;
		p.remote_port = sent->local_port == 500 ? sim.nat_500 : sim.nat_4500;
	} else if (sim.nat_500) {
		if (sent->remote_port != sim.nat_500 && sent->remote_port != sim.nat_4500)
			return false; /* no such mapping */
		p.local = sim.end[0];
		p.local_port = sent->remote_port == sim.nat_500 ? 500 : 4500;
	}
	*ret = p;
	return true;
}

static bool loses(int from, const struct ike_action *a)
{
	if (a->data.p[18] != sim.lose[from].exchange || !sim.lose[from].count)
		return false;
	if (!sim.lose[from].skip)
		return sim.lose[from].count--;
	sim.lose[from].skip--;
	return false;
}

static void put_wire(int from, const struct ike_action *a)
{
	struct datagram *d;
	struct ike_path path;

	assert_true(a->data.len <= sizeof(d->b));
	if (loses(from, a))
		return;
	if (sim_rnd() % 100 < sim.drop_percent || sim.n_wire == SIM_MAX_WIRE || sim.cut[!from] ||
	    !translate(from, &a->path, &path))
		return;
	d = calloc(1, sizeof(*d));
	assert_non_null(d);
	d->to = !from;
	d->path = path;
	d->len = a->data.len;
	memcpy(d->b, a->data.p, a->data.len);
	sim.wire[sim.n_wire++] = d;
	if (sim_rnd() % 100 < sim.dup_percent && sim.n_wire < SIM_MAX_WIRE) {
		struct datagram *again = malloc(sizeof(*again));

		assert_non_null(again);
		*again = *d;
		sim.wire[sim.n_wire++] = again;
	}
}

static void count_sent(struct side *x, const struct ike_action *a)
{
	x->sent_main += a->data.p[18] == 2;
	x->sent_aggressive += a->data.p[18] == 4;
	x->sent_quick += a->data.p[18] == 32;
	x->sent_info += a->data.p[18] == 5;
	x->sent_bytes += a->data.len;
}

static void debug_line(struct side *x, const char *text)
{
	size_t have = strlen(x->debug), n = strlen(text);

	x->debugs++;
	if (have + n + 2 < sizeof(x->debug)) {
		memcpy(x->debug + have, text, n);
		memcpy(x->debug + have + n, "\n", 2);
	}
}

static void move_sa(struct sa_spec *s, const struct ike_action *a)
{
	if (s->id != a->sa_id)
		return;
	*(s->dir == SA_IN ? &s->src : &s->dst) = a->path.remote;
	*(s->dir == SA_IN ? &s->udp_sport : &s->udp_dport) = a->path.remote_port;
}

/* A side that was restarted meanwhile knows nothing of it. */
void sim_work(size_t i)
{
	struct job *j = sim.job[i];

	memmove(&sim.job[i], &sim.job[i + 1], (sim.n_jobs - i - 1) * sizeof(sim.job[0]));
	sim.n_jobs--;
	ike_worked(sim.side[j->side].ike, sim.now_ms, &j->done);
	free(j);
}

static void put_work(int s, const struct ike_work *w)
{
	struct job *j = calloc(1, sizeof(*j));

	assert_non_null(j);
	assert_true(sim.n_jobs < SIM_MAX_WORK);
	if (!sim.crypto)
		sim.crypto = ike_crypto_new();
	assert_non_null(sim.crypto);
	j->side = s;
	j->known = w->known;
	j->at_ms = sim.now_ms + (sim.work_ms ? sim_rnd() % (sim.work_ms + 1) : 0);
	ike_work_do(&sim.side[s].env, sim.crypto, w, &j->done);
	sim.works++;
	sim.job[sim.n_jobs++] = j;
	if (!sim.work_ms && !sim.work_stands)
		sim_work(sim.n_jobs - 1);
}

/* When the first of it is done; i: its place. */
static uint64_t next_work(size_t *i)
{
	uint64_t at = UINT64_MAX;

	for (size_t k = 0; k < sim.n_jobs && !sim.work_stands; k++)
		if (sim.job[k]->at_ms < at) {
			at = sim.job[k]->at_ms;
			*i = k;
		}
	return at;
}

void sim_drain(int s)
{
	struct side *x = &sim.side[s];
	struct ike_action a;

	while (ike_next_action(x->ike, &a)) {
		switch (a.type) {
		case IKE_ACT_SEND:
			count_sent(x, &a);
			put_wire(s, &a);
			break;
		case IKE_ACT_SA_ADD:
			assert_true(x->n_sa < SIM_MAX_SAS);
			assert_true(a.spec->life.soft_sec < a.spec->life.hard_sec);
			x->sa[x->n_sa++] = *a.spec;
			break;
		case IKE_ACT_SA_MOVE:
			for (size_t i = 0; i < x->n_sa; i++)
				move_sa(&x->sa[i], &a);
			break;
		case IKE_ACT_SA_DEL:
			for (size_t i = 0; i < x->n_sa; i++)
				if (x->sa[i].id == a.sa_id)
					x->sa[i] = x->sa[--x->n_sa];
			break;
		case IKE_ACT_FAILED:
			x->failed++;
			snprintf(x->reason, sizeof(x->reason), "%s", a.text);
			break;
		case IKE_ACT_NAT_KEEPALIVE:
			x->keepalives++;
			break;
		case IKE_ACT_LOG:
			x->logs++;
			snprintf(x->log, sizeof(x->log), "%s: %s", a.mnemonic, a.text);
			break;
		case IKE_ACT_DEBUG:
			debug_line(x, a.text);
			break;
		case IKE_ACT_POLICIES: /* the forwarder of here has no SPD */
			break;
		case IKE_ACT_WORK:
			put_work(s, a.work);
			break;
		case IKE_ACT_KEY:
			x->key_len = a.data.len;
			memcpy(x->key, a.data.p, a.data.len);
			memcpy(x->key_cookie, a.cookie, 8);
			break;
		case IKE_ACT_STEP:
			break;
		}
	}
}

/* Work that takes no time is done before anybody looks. */
static void work_now(int s)
{
	if (sim_env.defer && !sim.work_ms && !sim.work_stands)
		sim_drain(s);
}

void sim_feed(int s, const struct ike_path *path, const void *p, size_t n)
{
	uint8_t *heap = malloc(n ? n : 1);

	assert_non_null(heap);
	if (n)
		memcpy(heap, p, n);
	ike_datagram(sim.side[s].ike, sim.now_ms, path, (struct span){ heap, n });
	work_now(s);
	free(heap);
}

static void deliver(size_t i)
{
	struct datagram *d = sim.wire[i];

	memmove(&sim.wire[i], &sim.wire[i + 1], (sim.n_wire - i - 1) * sizeof(sim.wire[0]));
	sim.n_wire--;
	sim_feed(d->to, &d->path, d->b, d->len);
	free(d);
}

bool sim_deliver_one(void)
{
	sim_drain(0);
	sim_drain(1);
	if (!sim.n_wire)
		return false;
	deliver(0);
	return true;
}

void sim_run(uint64_t ms)
{
	uint64_t until = sim.now_ms + ms;

	for (unsigned steps = 0; steps < 1000000; steps++) {
		size_t job = 0;

		sim_drain(0);
		sim_drain(1);
		if (next_work(&job) <= sim.now_ms) {
			sim_work(job);
			continue;
		}
		if (sim.n_wire) {
			deliver(sim.reorder ? sim_rnd() % sim.n_wire : 0);
			continue;
		}
		uint64_t a = ike_next_ms(sim.side[0].ike), b = ike_next_ms(sim.side[1].ike);
		uint64_t next = a < b ? a : b, work = next_work(&job);
		next = work < next ? work : next;
		if (next > until) {
			sim.now_ms = until;
			return;
		}
		sim.now_ms = next > sim.now_ms ? next : sim.now_ms;
		ike_tick(sim.side[0].ike, sim.now_ms);
		ike_tick(sim.side[1].ike, sim.now_ms);
	}
	fail_msg("the cores never come to rest");
}

void sim_configure(int s)
{
	assert_int_equal(ike_configure(sim.side[s].ike, &sim.side[s].cfg, sim.now_ms), 0);
}

void sim_acquire(int s, uint32_t policy)
{
	struct flow f = { .local = ipaddr_v4(s ? A(10, 2, 2, 1) : A(10, 1, 1, 1)),
			  .remote = ipaddr_v4(s ? A(10, 1, 1, 1) : A(10, 2, 2, 1)) };

	ike_acquire(sim.side[s].ike, sim.now_ms, policy, &f);
	work_now(s);
}

static const char *interface(void *ctx, uint32_t ifid)
{
	(void)ctx;
	return ifid ? "FastEthernet0/0" : "";
}

struct ike_env sim_env = { .random = fill, .export_keys = true, .interface = interface };

void sim_restart(int s, bool keep)
{

	ike_free(sim.side[s].ike);
	sim.side[s].env = sim_env;
	sim.side[s].ike = ike_new(&sim_env);
	assert_non_null(sim.side[s].ike);
	if (!keep)
		sim.side[s].n_sa = 0;
	sim_configure(s);
}

void sim_nat(uint16_t port_500, uint16_t port_4500)
{
	struct side *x = &sim.side[1];

	sim.nat_500 = port_500;
	sim.nat_4500 = port_4500;
	x->psk[0].addr = sim.outside;
	for (size_t i = 0; i < x->cfg.n_p2; i++)
		x->p2[i].peers[0] = sim.outside;
	sim_configure(1);
}

struct ipaddr sim_addr(const char *text)
{
	struct ipaddr a;

	assert_true(ipaddr_parse(text, &a));
	return a;
}

/* 2001:db8:site:net::/64 */
static struct addr_match lan6(uint8_t site, uint8_t net)
{
	struct addr_match m = { .addr = sim_addr("2001:db8::") };

	m.addr.b[5] = site;
	m.addr.b[7] = net;
	memset(m.wild + 8, 0xff, 8);
	return m;
}

void sim_v6(bool proxies)
{
	sim.end[0] = sim_addr("2001:db8::1");
	sim.end[1] = sim_addr("2001:db8::2");
	sim.outside = sim_addr("2001:db8:ffff::1");
	for (int s = 0; s < 2; s++) {
		struct side *x = &sim.side[s];

		x->psk[0].addr = x->ag[0].addr = sim.end[!s];
		x->psk[0].mask_len = 128;
		for (size_t i = 0; i < SIM_POLICIES; i++) {
			x->p2[i].local = sim.end[s];
			x->p2[i].peers[0] = sim.end[!s];
			if (!proxies)
				continue;
			x->p2[i].sel.local = lan6((uint8_t)(1 + s), (uint8_t)(i + 1));
			x->p2[i].sel.remote = lan6((uint8_t)(2 - s), (uint8_t)(i + 1));
		}
		sim_configure(s);
	}
}

static void setup_side(int s)
{
	const struct ipaddr *end = sim.end;
	const uint32_t lan[2] = { A(10, 1, 1, 0), A(10, 2, 2, 0) };
	struct side *x = &sim.side[s];

	x->env = sim_env;
	x->ike = ike_new(&sim_env);
	assert_non_null(x->ike);
	x->p1[0] = (struct p1_policy){ .priority = 10, .cipher = CIPHER_AES_CBC, .cipher_bits = 256,
				       .hash = HASH_SHA1, .auth = IKE_AUTH_PSK, .group = 2,
				       .life_sec = 86400 };
	x->psk[0] = (struct psk_entry){ .addr = end[!s], .mask_len = 32, .key_len = 9,
					.key = "secretkey" };
	for (uint32_t i = 0; i < SIM_POLICIES; i++)
		x->p2[i] = (struct p2_policy){
			.id = i + 1, .ifid = 1, .map = "M", .seq = 1,
			.sel = { .local = addr_match_v4(lan[s] + (i << 8), 0xff),
				 .remote = addr_match_v4(lan[!s] + (i << 8), 0xff) },
			.local = end[s], .n_peers = 1, .peers = { end[!s] }, .n_transforms = 1,
			.transforms = { { .name = "T", .mode = MODE_TUNNEL, .cipher = CIPHER_3DES,
					  .esp_auth = AUTH_HMAC_SHA1_96 } },
			.life_sec = 3600, .life_kb = 4608000, .replay_window = 64,
		};
	x->cfg = (struct ike_config){ .enabled = true, .nat_traversal = true, .p1 = x->p1, .n_p1 = 1,
				      .psk = x->psk, .n_psk = 1, .p2 = x->p2, .n_p2 = 2, .ag = x->ag };
	x->ag[0] = (struct ag_peer){ .addr = end[!s], .id_kind = AG_FQDN, .id = "spoke.example" };
	sim_configure(s);
}

int sim_setup(void **state)
{
	(void)state;
	memset(&sim, 0, sizeof(sim));
	sim_env.defer = getenv("SIM_WORK") != NULL;
	sim.now_ms = 1000;
	sim.rng = 1;
	sim.end[0] = ipaddr_v4(A(192, 0, 2, 1));
	sim.end[1] = ipaddr_v4(A(192, 0, 2, 2));
	sim.outside = ipaddr_v4(A(198, 51, 100, 1));
	setup_side(0);
	setup_side(1);
	return 0;
}

int sim_teardown(void **state)
{
	(void)state;
	while (sim.n_wire)
		free(sim.wire[--sim.n_wire]);
	while (sim.n_jobs)
		free(sim.job[--sim.n_jobs]);
	ike_crypto_free(sim.crypto);
	ike_free(sim.side[0].ike);
	ike_free(sim.side[1].ike);
	return 0;
}

void sim_again(void)
{
	sim_teardown(NULL);
	sim_setup(NULL);
}

enum ike_state sim_state(int s)
{
	struct ike_sa_info i;

	return ike_get_sa(sim.side[s].ike, sim.now_ms, 0, &i) ? i.state : IKE_MM_NO_STATE;
}

size_t sim_count_sas(int s, enum ike_state state)
{
	struct ike_sa_info i;
	size_t n = 0;

	for (size_t k = 0; ike_get_sa(sim.side[s].ike, sim.now_ms, k, &i); k++)
		n += i.state == state && !i.deleted;
	return n;
}

size_t sim_pairs(int s)
{
	struct ike_pair_info p;
	size_t n = 0;

	while (ike_get_pair(sim.side[s].ike, n, &p))
		n++;
	return n;
}

void sim_snapshot(int s, char *buf, size_t cap)
{
	struct ike *k = sim.side[s].ike;
	struct ike_sa_info i;
	struct ike_pair_info p;
	int at = 0;

	buf[0] = '\0';
	for (size_t n = 0; ike_get_sa(k, sim.now_ms, n, &i) && (size_t)at < cap; n++)
		at += snprintf(buf + at, cap - (size_t)at, "sa %u %d %d %u %u %u %u %u\n", i.conn_id,
			       i.state, i.deleted, i.remote_port, i.local_port, i.agreed.priority,
			       i.left_sec, i.nat);
	for (size_t n = 0; ike_get_pair(k, n, &p) && (size_t)at < cap; n++)
		at += snprintf(buf + at, cap - (size_t)at, "pair %u %u %u %u %x %x\n", p.pair_id,
			       p.in_id, p.out_id, p.current, p.in.spi, p.out.spi);
	if ((size_t)at < cap)
		snprintf(buf + at, cap - (size_t)at, "next %llu installed %zu failed %u\n",
			 (unsigned long long)ike_next_ms(k), sim.side[s].n_sa, sim.side[s].failed);
}

static void assert_twin(const struct sa_spec *a, const struct sa_spec *b)
{
	assert_int_not_equal(a->dir, b->dir);
	assert_int_equal(a->enc_key.len, b->enc_key.len);
	assert_memory_equal(a->enc_key.b, b->enc_key.b, a->enc_key.len);
	assert_int_equal(a->auth_key.len, b->auth_key.len);
	assert_memory_equal(a->auth_key.b, b->auth_key.b, a->auth_key.len);
	assert_int_equal(a->life.hard_sec, b->life.hard_sec);
	assert_int_equal(a->life.hard_bytes, b->life.hard_bytes);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->udp_encap, b->udp_encap);
	if (!sim.nat_500) {
		assert_true(ipaddr_equal(&a->src, &b->src));
		assert_true(ipaddr_equal(&a->dst, &b->dst));
	}
}

void sim_assert_twins(void)
{
	const struct side *x = &sim.side[0], *y = &sim.side[1];

	assert_int_equal(x->n_sa, y->n_sa);
	for (size_t i = 0; i < x->n_sa; i++) {
		size_t j = 0;

		while (j < y->n_sa && y->sa[j].spi != x->sa[i].spi)
			j++;
		assert_true(j < y->n_sa);
		assert_twin(&x->sa[i], &y->sa[j]);
	}
	/* no key serves two SAs */
	for (size_t i = 0; i < x->n_sa; i++)
		for (size_t j = i + 1; j < x->n_sa; j++)
			if (x->sa[i].enc_key.len && x->sa[i].enc_key.len == x->sa[j].enc_key.len)
				assert_memory_not_equal(x->sa[i].enc_key.b, x->sa[j].enc_key.b,
							x->sa[i].enc_key.len);
}

struct sa_spec *sim_sa(int s, enum sa_dir dir)
{
	for (size_t i = 0; i < sim.side[s].n_sa; i++)
		if (sim.side[s].sa[i].dir == dir)
			return &sim.side[s].sa[i];
	fail_msg("side %d has no such SA", s);
	return NULL;
}
