/* SPDX-License-Identifier: Apache-2.0 */
/* Runs seeds: each invents routers and lives through rounds of calm, an outage, storm
 * and healing, judged all the time. A seed that fails is run again and tells its story.
 *
 * chaos --seeds A..B [--handshakes N] [--real PERCENT] [--story]
 *   --handshakes  go on until that many phase 1 and phase 2 exchanges are complete,
 *                 an equal share for each seed; otherwise one round for each
 *   --real        percentage of seeds with real key exchange groups, 3 if not given
 *   --story       print everything that happens */
#include "chaos.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

struct world w;
static jmp_buf failed;
static char verdict[512];

void chaos_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(verdict, sizeof(verdict), fmt, ap);
	va_end(ap);
	longjmp(failed, 1);
}

/* The last lines of a story, unless all of it is wanted. */
#define STORY_LINES 400
static char story[STORY_LINES][200];
static unsigned long story_at;
static bool story_all;

void tell(const char *fmt, ...)
{
	va_list ap;

	if (!w.tell)
		return;
	char *line = story[story_at++ % STORY_LINES];
	int n = snprintf(line, sizeof(story[0]), "%9.3f ", (double)w.now_ms / 1000);

	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(story[0]) - (size_t)n, fmt, ap);
	va_end(ap);
	if (story_all)
		puts(line);
}

static void tell_story(void)
{
	unsigned long i = story_at > STORY_LINES ? story_at - STORY_LINES : 0;

	for (; !story_all && i < story_at; i++)
		puts(story[i % STORY_LINES]);
}

uint32_t rnd(void)
{
	uint64_t z = w.rng += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 16);
}

/* ---- time ---- */

static void tell_later(void)
{
	for (size_t i = 0; i < w.n_later; i++)
		if (w.later[i].at_ms <= w.now_ms) {
			struct node *n = &w.node[w.later[i].node];

			w.later[i--] = w.later[--w.n_later];
			conf_apply(n);
		}
}

static uint64_t next_event(void)
{
	uint64_t at = net_next();

	at = work_next() < at ? work_next() : at;
	at = w.traffic_at < at ? w.traffic_at : at;
	at = w.audit_at < at ? w.audit_at : at;
	for (unsigned i = 0; i < w.n_nodes; i++) {
		if (w.node[i].dead)
			continue;
		at = w.node[i].ike_at < at ? w.node[i].ike_at : at;
		at = w.node[i].sa_at < at ? w.node[i].sa_at : at;
		at = w.node[i].used_at < at ? w.node[i].used_at : at;
	}
	for (size_t i = 0; i < w.n_later; i++)
		at = w.later[i].at_ms < at ? w.later[i].at_ms : at;
	return at;
}

static void step(void)
{
	struct wire *d;

	tell_later();
	for (unsigned i = 0; i < w.n_nodes; i++) {
		struct node *n = &w.node[i];

		if (n->dead)
			continue;
		if (n->ike_at <= w.now_ms) {
			ike_tick(n->ike, node_now(n));
			node_drain(n);
		}
		if (n->sa_at <= w.now_ms)
			fwd_expire(n);
		if (n->used_at <= w.now_ms) {
			n->used_at = w.now_ms + USE_MS;
			fwd_tell_use(n);
		}
	}
	work_run();
	while (net_next() <= w.now_ms) {
		d = net_pop();
		if (d->esp)
			fwd_arrive(d);
		else
			net_deliver(d);
		free(d);
	}
	if (w.traffic_at <= w.now_ms) {
		w.traffic_at = w.now_ms + TRAFFIC_MS;
		fwd_traffic();
	}
	if (w.audit_at <= w.now_ms) {
		w.audit_at = w.now_ms + 5000;
		fwd_audit();
		peer_audit();
	}
}

void run_for(uint64_t ms)
{
	uint64_t until = w.now_ms + ms, at;
	unsigned stuck = 0;

	while ((at = next_event()) <= until) {
		stuck = at > w.now_ms ? 0 : stuck + 1;
		if (stuck > 10000)
			chaos_fail("the cores never come to rest");
		w.now_ms = at > w.now_ms ? at : w.now_ms;
		step();
	}
	w.now_ms = until;
}

/* ---- rounds ---- */

static void storm(void)
{
	w.strict = false;
	tell("a storm begins");
	for (unsigned n = 3 + below(25); n; n--) {
		conf_disturb();
		run_for(below(chance(30) ? 120000 : 8000));
	}
}

static void heal(void)
{
	conf_heal();
	run_for(SETTLE_MS);
	fwd_judge_up();
	fwd_judge_twins();
}

static void calm(void)
{
	conf_fair_network();
	tell("calm, %u %% are lost", w.drop);
	w.strict = true;
	run_for(400000 + below(1600000));
	w.strict = false;
	fwd_judge_twins();
}

/* One router dies and comes back; nothing else befalls anybody. */
static void outage(void)
{
	struct node *n = &w.node[below(w.n_nodes)];

	w.drop = w.dup = 0;
	w.jitter_ms = below(20);
	conf_die(n);
	uint64_t died_ms = w.now_ms;
	run_for(5000 + below(chance(50) ? 60000 : 600000));
	conf_revive(n);
	for (uint64_t until = w.now_ms + REVIVE_MS; w.now_ms < until;) {
		run_for(200);
		peer_judge_restart(n, died_ms);
	}
	fwd_judge_revived(n, w.now_ms - REVIVE_MS);
}

static unsigned long done(void)
{
	return w.main_modes + w.quick_modes / 2;
}

static void begin(uint64_t seed, unsigned real, bool say)
{
	memset(&w, 0, sizeof(w));
	w.seed = seed;
	w.rng = seed * 0x2545f4914f6cdd1du;
	w.tell = say;
	story_at = 0;
	w.cheap = dh_cheap = !chance(real);
	w.now_ms = 1000;
	w.heap = seed ? mallinfo2().uordblks : 0;
}

static void end(void)
{
	net_clear();
	work_clear();
	for (unsigned i = 0; i < w.n_nodes; i++) {
		ike_free(w.node[i].ike);
		free(w.node[i].held);
		free(w.node[i].past);
	}
}

/* glibc counts the free blocks that a thread keeps for itself as in use. */
static void count_heap_exactly(char **argv)
{
	if (getenv("GLIBC_TUNABLES"))
		return;
	if (!setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1))
		(void)execv("/proc/self/exe", argv);
}

/* What the cores forgot to free. libcrypto keeps some of what it has fetched. */
static bool is_clean(void)
{
	size_t left = mallinfo2().uordblks;
	bool ok = !w.heap || left <= w.heap + 16384;

	if (!ok)
		snprintf(verdict, sizeof(verdict), "%zu bytes are left of this world", left - w.heap);
	return ok;
}

static bool run_seed(uint64_t seed, unsigned long share, unsigned real, bool say)
{
	volatile bool ok = true;

	begin(seed, real, say);
	if (!setjmp(failed)) {
		conf_world();
		tell("%u routers, %u links, %s groups, IPv%d%s", w.n_nodes, w.n_links, w.cheap ? "test" : "real",
		     w.v6 ? 6 : 4, w.mixed ? " and proxies of both families" : "");
		unsigned long before;
		do { /* unless nothing can come up in this world */
			before = done();
			heal();
			calm();
			peer_clear();
			outage();
			storm();
		} while (done() < share && done() > before);
		heal();
	} else {
		ok = false;
	}
	end();
	return is_clean() && ok;
}

int main(int argc, char **argv)
{
	unsigned long from = 1, to = 10, handshakes = 0, bad = 0, share, all = 0, mm = 0, qm = 0;
	unsigned long datagrams = 0, dropped = 0, packets = 0, ops = 0, revived = 0, real_done = 0;
	size_t most_sas = 0, most_pairs = 0, most_bytes = 0;
	unsigned long rsa = 0, ag = 0, ah = 0, jobs = 0, late = 0;
	unsigned real = 3;
	clock_t t0 = clock();

	count_heap_exactly(argv);

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--seeds") && i + 1 < argc &&
		    sscanf(argv[i + 1], "%lu..%lu", &from, &to) == 2)
			i++;
		else if (!strcmp(argv[i], "--handshakes") && i + 1 < argc)
			handshakes = strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--real") && i + 1 < argc)
			real = (unsigned)strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--story"))
			story_all = true;
		else {
			fprintf(stderr, "usage: chaos [--seeds A..B] [--handshakes N] [--real PERCENT] "
					"[--story]\n");
			return 2;
		}
	}
	(void)run_seed(0, 0, 100, false); /* what libcrypto keeps is none of the first world's */
	share = to >= from ? handshakes / (to - from + 1) : 0;
	for (unsigned long s = from; s <= to; s++) {
		bool ok = run_seed(s, share, real, story_all);

		all += done();
		mm += w.main_modes;
		qm += w.quick_modes / 2;
		real_done += w.cheap ? 0 : done();
		datagrams += w.datagrams;
		dropped += w.dropped;
		packets += w.packets;
		ops += w.ops;
		revived += w.revived;
		most_sas = w.most_sas > most_sas ? w.most_sas : most_sas;
		most_pairs = w.most_pairs > most_pairs ? w.most_pairs : most_pairs;
		most_bytes = w.most_bytes > most_bytes ? w.most_bytes : most_bytes;
		rsa += w.rsa_modes;
		ag += w.ag_modes;
		ah += w.ah_sas / 4;
		jobs += w.jobs;
		late += w.jobs_late;
		if (ok)
			continue;
		bad++;
		if (!story_all)
			(void)run_seed(s, share, real, true);
		tell_story();
		printf("seed %lu: %s\nagain: chaos --seeds %lu..%lu --handshakes %lu --real %u --story\n", s,
		       verdict, s, s, share, real);
		fflush(stdout);
		if (bad >= 3)
			break;
	}
	printf("%lu exchanges (%lu main, %lu of them with signatures and %lu aggressive, %lu quick, %lu of these with AH; %lu with real groups), %lu datagrams (%lu lost), %lu "
	       "packets, %lu disturbances, %lu computations done elsewhere (%lu for nobody), %lu lines of routers that came back; at most %zu ISAKMP SAs and %zu pairs in one router, and %zu bytes in the mean of a world; %.1f s of "
	       "processor; %lu of %lu seeds failed\n",
	       all, mm, rsa, ag, qm, ah, real_done, datagrams, dropped, packets, ops, jobs, late, revived, most_sas, most_pairs, most_bytes,
	       (double)(clock() - t0) / CLOCKS_PER_SEC, bad, to - from + 1);
	return bad ? 1 : 0;
}
