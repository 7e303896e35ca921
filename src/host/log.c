/* SPDX-License-Identifier: Apache-2.0 */
#include "host/log.h"

#include <bsd/sys/queue.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/log_json.h"
#include "host/os.h"

#define FLOOD_KINDS    64
#define REPORT_WAIT_MS 1000 /* for a slow reader, while nothing runs yet */

struct kept {
	STAILQ_ENTRY(kept) entry;
	int64_t wall_ms;
	uint8_t severity;
	size_t len, text_at, mnemonic_at; /* mnemonic_at 0: debug */
	char s[];
};

/* A mnemonic in this second. */
struct flood {
	char mnemonic[48];
	uint32_t n;
};

static struct {
	bool configured;
	struct cfg_logging conf;
	char origin[IPADDR_STRLEN > CFG_NAME_MAX ? IPADDR_STRLEN : CFG_NAME_MAX];
	bool json, journal;
	uint64_t started_ms;
	uint32_t seq, datagrams;
	struct log_counts n;
	STAILQ_HEAD(, kept) buffer;
	size_t buffer_bytes;
	void (*watch)(void *ctx, const char *line);
	void *ctx;
	uint64_t second; /* of the two below */
	struct flood flood[FLOOD_KINDS];
	uint32_t rated; /* lines that `logging rate-limit` counts */
	struct log_kind kinds[LOG_KINDS];
	size_t n_kinds;
} the_log = { .buffer = STAILQ_HEAD_INITIALIZER(the_log.buffer) };

static const struct cfg_logging *conf(void)
{
	return the_log.configured ? &the_log.conf : &config_defaults.logging;
}

static bool passes(const struct cfg_log_dest *d, uint8_t severity)
{
	return d->on && severity <= d->level;
}

static struct log_time time_now(void)
{
	uint64_t now = host_now_ms(NULL);
	struct log_time t = { .wall_ms = host_wall_ms(), .synced = host_clock_synced() };
	time_t sec = (time_t)(t.wall_ms / 1000);
	struct tm tm;

	if (!the_log.started_ms)
		the_log.started_ms = now;
	t.uptime_ms = now - the_log.started_ms;
	if (localtime_r(&sec, &tm)) {
		t.offset_sec = (int32_t)tm.tm_gmtoff;
		snprintf(t.zone, sizeof(t.zone), "%s", tm.tm_zone);
	}
	return t;
}

/* ---- the console ---- */

/* A reader that does not read (a pipe, a stopped terminal, a journal that hangs) costs lines,
 * not time. */
static void put_fd(int fd, const struct txt *t, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	size_t at = 0;

	/* a pipe that is ready takes PIPE_BUF bytes without waiting (pipe(7)) */
	while (!t->bad && at < t->len && poll(&p, 1, wait_ms) == 1 && (p.revents & POLLOUT)) {
		ssize_t n = write(fd, t->s + at, t->len - at < PIPE_BUF ? t->len - at : PIPE_BUF);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	the_log.n.dropped += t->bad || at < t->len;
}

static void to_console(const struct log_record *r, const struct txt *line, int wait_ms)
{
	struct txt t = TXT_INIT;

	if (!the_log.json) {
		the_log.n.console++;
		put_fd(STDERR_FILENO, line, wait_ms);
		return;
	}
	if (the_log.journal)
		txt_printf(&t, "<%u>", r->severity);
	log_put_json(r, &t);
	put_fd(STDOUT_FILENO, &t, wait_ms);
	txt_fini(&t);
}

void log_json(bool asked)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	/* an heir of the variable may have its output elsewhere (systemd.exec(5)) */
	the_log.journal = stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
			  !fstat(STDOUT_FILENO, &st) && st.st_dev == dev && st.st_ino == ino;
	the_log.json = asked || the_log.journal;
	the_log.started_ms = host_now_ms(NULL);
}

/* ---- the buffer ---- */

static void forget_oldest(void)
{
	struct kept *k = STAILQ_FIRST(&the_log.buffer);

	STAILQ_REMOVE_HEAD(&the_log.buffer, entry);
	the_log.buffer_bytes -= k->len;
	free(k);
}

static void to_buffer(const struct log_record *r, const struct txt *line)
{
	struct kept *k = line->len > conf()->buffer_bytes ? NULL : malloc(sizeof(*k) + line->len + 1);

	if (!k)
		return;
	memcpy(k->s, line->s, line->len + 1);
	k->len = line->len;
	k->text_at = line->len - 1 - strlen(r->text);
	k->wall_ms = r->at.wall_ms;
	k->severity = r->severity;
	k->mnemonic_at = r->mnemonic ? k->text_at - strlen(": ") - strlen(r->mnemonic) : 0;
	while (the_log.buffer_bytes + k->len > conf()->buffer_bytes)
		forget_oldest();
	STAILQ_INSERT_TAIL(&the_log.buffer, k, entry);
	the_log.buffer_bytes += k->len;
	the_log.n.buffered++;
}

void log_show(struct txt *out)
{
	const struct kept *k;

	STAILQ_FOREACH(k, &the_log.buffer, entry)
		txt_mem(out, k->s, k->len);
}

void log_each(void (*fn)(void *ctx, const struct log_kept *k), void *ctx)
{
	struct kept *k;

	STAILQ_FOREACH(k, &the_log.buffer, entry) {
		struct log_kept v = { k->wall_ms, k->severity, NULL, k->s + k->text_at };

		k->s[k->len - 1] = '\0'; /* as two strings, while fn sees them */
		if (k->mnemonic_at) {
			v.mnemonic = k->s + k->mnemonic_at;
			k->s[k->text_at - 2] = '\0';
		}
		fn(ctx, &v);
		k->s[k->len - 1] = '\n';
		if (k->mnemonic_at)
			k->s[k->text_at - 2] = ':';
	}
}

void log_clear(void)
{
	while (!STAILQ_EMPTY(&the_log.buffer))
		forget_oldest();
}

/* ---- counts ---- */

static void count_kind(const struct log_record *r)
{
	size_t i = 0;

	while (i < the_log.n_kinds && strcmp(the_log.kinds[i].mnemonic, r->mnemonic))
		i++;
	if (i == LOG_KINDS)
		return;
	if (i == the_log.n_kinds) {
		snprintf(the_log.kinds[i].mnemonic, sizeof(the_log.kinds[i].mnemonic), "%s", r->mnemonic);
		the_log.n_kinds++;
	}
	the_log.kinds[i].n++;
	the_log.kinds[i].last = r->at;
}

bool log_kind(size_t i, struct log_kind *ret_k)
{
	if (i >= the_log.n_kinds)
		return false;
	*ret_k = the_log.kinds[i];
	return true;
}

struct log_counts log_counts(void)
{
	return the_log.n;
}

/* ---- limits ---- */

static void dispatch(struct log_record *r);

/* What the second that is over has held back. */
static void end_second(uint64_t second)
{
	struct flood over[FLOOD_KINDS];

	if (second == the_log.second)
		return;
	memcpy(over, the_log.flood, sizeof(over));
	memset(the_log.flood, 0, sizeof(the_log.flood));
	the_log.second = second;
	the_log.rated = 0;
	for (size_t i = 0; i < FLOOD_KINDS && over[i].mnemonic[0]; i++)
		if (over[i].n > LOG_FLOOD_SEC)
			log_line("CULVERT-4-LOGFLOOD", "%u more messages %%%s in a second were not logged",
				 (unsigned)(over[i].n - LOG_FLOOD_SEC), over[i].mnemonic);
}

/* Beyond FLOOD_KINDS, and that is more than there are, a kind has no limit. */
static bool is_flood(const char *mnemonic)
{
	for (size_t i = 0; i < FLOOD_KINDS; i++) {
		struct flood *f = &the_log.flood[i];

		if (!f->mnemonic[0])
			snprintf(f->mnemonic, sizeof(f->mnemonic), "%s", mnemonic);
		if (!strcmp(f->mnemonic, mnemonic))
			return ++f->n > LOG_FLOOD_SEC;
	}
	return false;
}

/* `logging rate-limit`: IOS counts lines of debug only if it says `all`. */
static bool is_above_rate(const struct log_record *r)
{
	const struct cfg_logging *l = conf();

	if (!l->rate || (!r->mnemonic && !l->rate_all) || r->severity + 1 <= l->rate_except)
		return false;
	return ++the_log.rated > l->rate;
}

void log_tick(void)
{
	end_second(host_now_ms(NULL) / 1000);
}

/* ---- lines ---- */

static void to_hosts(const struct log_record *r)
{
	struct txt t = TXT_INIT;

	the_log.n.trap++;
	if (!conf()->n_hosts)
		return;
	log_put_datagram(r, conf(), ++the_log.datagrams, the_log.origin, &t);
	for (size_t i = 0; i < conf()->n_hosts; i++)
		syslog_send(i, &t);
	txt_fini(&t);
}

static void dispatch(struct log_record *r)
{
	const struct cfg_logging *l = conf();
	struct txt line = TXT_INIT;
	bool above = false;

	end_second(host_now_ms(NULL) / 1000);
	if ((r->mnemonic && is_flood(r->mnemonic)) || ((above = is_above_rate(r)) && !l->rate_console)) {
		the_log.n.rate_limited++;
		return;
	}
	r->seq = ++the_log.seq;
	log_put_line(r, l, &line);
	if (line.bad) {
		the_log.n.dropped++;
		goto out;
	}
	if (the_log.json || (passes(&l->console, r->severity) && !above))
		to_console(r, &line, 0);
	else
		the_log.n.rate_limited += above;
	if (r->mnemonic && l->count)
		count_kind(r);
	if (!l->on)
		goto out;
	if (passes(&l->buffered, r->severity))
		to_buffer(r, &line);
	if (passes(&l->trap, r->severity))
		to_hosts(r);
	if (the_log.watch && passes(&l->monitor, r->severity)) {
		the_log.n.monitor++;
		the_log.watch(the_log.ctx, line.s);
	}
out:
	txt_fini(&line);
}

static void vline(const struct ipaddr *peer, const char *mnemonic, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
static void vline(const struct ipaddr *peer, const char *mnemonic, const char *fmt, va_list ap)
{
	struct log_record r = { .mnemonic = mnemonic, .peer = peer, .at = time_now() };
	struct txt text = TXT_INIT;
	size_t facility;

	r.severity = log_mnemonic_severity(mnemonic, &facility);
	txt_vprintf(&text, fmt, ap);
	r.text = txt_cstr(&text);
	dispatch(&r);
	txt_fini(&text);
}

void log_line(const char *mnemonic, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vline(NULL, mnemonic, fmt, ap);
	va_end(ap);
}

void log_about(const struct ipaddr *peer, const char *mnemonic, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vline(peer, mnemonic, fmt, ap);
	va_end(ap);
}

void log_debug(const char *text)
{
	struct log_record r = { .severity = LOG_SEV_DEBUG, .text = text, .at = time_now() };

	dispatch(&r);
}

void log_report(const char *mnemonic, const char *text)
{
	size_t facility;

	while (*text) {
		size_t n = strcspn(text, "\n");
		struct txt line = TXT_INIT;

		txt_mem(&line, text, n);
		struct log_record r = { .mnemonic = mnemonic, .text = txt_cstr(&line), .at = time_now(),
					.severity = log_mnemonic_severity(mnemonic, &facility) };
		if (the_log.json) {
			to_console(&r, NULL, REPORT_WAIT_MS);
		} else {
			txt_char(&line, '\n');
			put_fd(STDERR_FILENO, &line, REPORT_WAIT_MS);
		}
		txt_fini(&line);
		text += n + (text[n] != 0);
	}
}

void log_watch(void (*watch)(void *ctx, const char *line), void *ctx)
{
	the_log.watch = watch;
	the_log.ctx = ctx;
}

/* ---- configuration ---- */

static void set_origin(const struct cfg_logging *l, const struct log_origin *o)
{
	char a[IPADDR_STRLEN];
	const char *s = "";

	if (l->origin == ORIGIN_HOSTNAME)
		s = o->hostname;
	else if (l->origin == ORIGIN_STRING)
		s = l->origin_text;
	else if (l->origin == ORIGIN_IP)
		s = ipaddr_ios(&o->source4, a);
	else if (l->origin == ORIGIN_IPV6)
		s = ipaddr_ios(&o->source6, a);
	snprintf(the_log.origin, sizeof(the_log.origin), "%s", s);
}

/* The hosts that are in l and not in the other. */
static void say_hosts(const struct cfg_logging *l, const struct cfg_logging *other, const char *what)
{
	char a[IPADDR_STRLEN];

	for (size_t i = 0; i < l->n_hosts; i++)
		if (cfg_log_host_find(other, &l->hosts[i].addr, l->hosts[i].port) == other->n_hosts)
			log_line("SYS-6-LOGGINGHOST_STARTSTOP", "Logging to host %s port %u %s - CLI initiated",
				 ipaddr_ios(&l->hosts[i].addr, a), (unsigned)l->hosts[i].port, what);
}

void log_configure(const struct cfg_logging *l, const struct log_origin *o)
{
	struct cfg_logging old = *conf();

	the_log.conf = *l;
	the_log.configured = true;
	set_origin(l, o);
	syslog_hosts(l->hosts, l->n_hosts, l->source[0] ? &o->source4 : &(struct ipaddr){ 0 },
		     l->source[0] ? &o->source6 : &(struct ipaddr){ 0 });
	while (the_log.buffer_bytes > (l->buffered.on ? l->buffer_bytes : 0))
		forget_oldest();
	if (!l->count)
		the_log.n_kinds = 0;
	say_hosts(&old, l, "stopped");
	say_hosts(l, &old, "started");
}
