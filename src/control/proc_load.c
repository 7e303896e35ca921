/* SPDX-License-Identifier: Apache-2.0 */
#include "control/proc_load.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000u

/* IOS's three figures, as parts of all processors. */
struct average {
	double last, minute, five;
	uint64_t known_ms; /* for how long it has been looked at */
};

struct row {
	struct host_thread t;
	struct average use;
};

struct proc_load {
	uint64_t at_ms;
	struct host_ticks ticks;
	bool has_ticks;
	struct average busy, interrupts;
	struct row rows[SHOW_PROCS_MAX];
	size_t n;
	struct show_load said;
};

struct proc_load *proc_load_new(void)
{
	return calloc(1, sizeof(struct proc_load));
}

void proc_load_free(struct proc_load *p)
{
	free(p);
}

const struct show_load *proc_load_show(const struct proc_load *p)
{
	return p ? &p->said : NULL;
}

/* The mean of all that is known, until that is longer than the average is to be: then old values fade. */
static void fade(double *average, double now, uint64_t ms, uint64_t known_ms, uint64_t span_ms)
{
	uint64_t over = known_ms < span_ms ? known_ms : span_ms;

	*average += (now - *average) * (ms < over ? (double)ms / (double)over : 1.0);
}

static void take(struct average *a, double part, uint64_t ms)
{
	part = part < 0 ? 0 : part > 1 ? 1 : part;
	a->known_ms += ms;
	a->last = part;
	fade(&a->minute, part, ms, a->known_ms, MINUTE_MS);
	fade(&a->five, part, ms, a->known_ms, 5 * MINUTE_MS);
}

static struct row *find(struct proc_load *p, const struct host_thread *t)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->rows[i].t.tid == t->tid && p->rows[i].t.pid == t->pid)
			return &p->rows[i];
	return NULL;
}

static unsigned percent(double part)
{
	return (unsigned)(part * 100.0 + 0.5);
}

static uint16_t hundredths(double part)
{
	return (uint16_t)(part * 10000.0 + 0.5);
}

static void say(struct proc_load *p)
{
	struct show_load *s = &p->said;

	s->five_sec = percent(p->busy.last);
	s->interrupts = percent(p->interrupts.last);
	s->one_min = percent(p->busy.minute);
	s->five_min = percent(p->busy.five);
	s->n = p->n;
	for (size_t i = 0; i < p->n; i++) {
		const struct row *r = &p->rows[i];
		struct show_proc *o = &s->v[i];

		*o = (struct show_proc){ .pid = r->t.tid, .thread = r->t.tid != r->t.pid,
					 .runtime_ms = r->t.cpu_ns / 1000000, .invoked = r->t.runs,
					 .usec_each = r->t.runs ? r->t.cpu_ns / 1000 / r->t.runs : 0,
					 .resident_bytes = r->t.resident_bytes,
					 .five_sec = hundredths(r->use.last), .one_min = hundredths(r->use.minute),
					 .five_min = hundredths(r->use.five) };
		memcpy(o->name, r->t.name, sizeof(o->name));
	}
}

void proc_load_sample(struct proc_load *p, uint64_t now_ms, const struct host_thread *v, size_t n,
		      const struct host_ticks *ticks)
{
	struct row rows[SHOW_PROCS_MAX];
	uint64_t ms = p->at_ms ? now_ms - p->at_ms : 0;
	/* how many processors there are to use, in their time since the last sample */
	double all = ticks && p->has_ticks && ticks->all > p->ticks.all ? (double)(ticks->all - p->ticks.all) : 0;
	double all_ns = all > 0 ? all * 1e9 / ticks->per_sec : 0;

	if (n > SHOW_PROCS_MAX)
		n = SHOW_PROCS_MAX;
	for (size_t i = 0; i < n; i++) {
		const struct row *old = find(p, &v[i]);

		rows[i] = old ? *old : (struct row){ 0 };
		/* a number of a thread that is no more may come again */
		if (old && ms && all_ns > 0 && v[i].cpu_ns >= old->t.cpu_ns)
			take(&rows[i].use, (double)(v[i].cpu_ns - old->t.cpu_ns) / all_ns, ms);
		else
			rows[i].use = (struct average){ 0 };
		rows[i].t = v[i];
	}
	if (ms && all > 0) {
		take(&p->busy, (double)(ticks->busy - p->ticks.busy) / all, ms);
		take(&p->interrupts, (double)(ticks->interrupts - p->ticks.interrupts) / all, ms);
	}
	memcpy(p->rows, rows, n * sizeof(rows[0]));
	p->n = n;
	p->at_ms = now_ms;
	p->has_ticks = ticks != NULL;
	if (ticks)
		p->ticks = *ticks;
	say(p);
}
