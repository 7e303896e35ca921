/* SPDX-License-Identifier: Apache-2.0 */
/* Timer: `limit duration`, from `start`. */
#include "control/capture.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/capture_buf.h"
#include "control/internal.h"
#include "host/log.h"
#include "host/os.h"
#include "host/tap.h"
#include "packet/gso.h"

#define MAX_CAPTURES 8
#define MAX_TARGETS  8
#define MAX_TAPS     64
#define DEFAULT_MB   10
#define KEYS_MAX     (256u << 10) /* bytes: some 1,000 SAs */
#define CUT_AT_ONCE  8 /* packets of a super-packet */
#define PER_WAKE     64 /* packets of a device before others have their turn */

struct tap {
	struct capture *owner;
	int fd;
	struct event *ready;
	uint16_t source;
	uint8_t direction; /* enum exec_capture */
	bool ethernet;
};

struct capture {
	LIST_ENTRY(capture) entry;
	struct control *c;
	char name[CFG_NAME_MAX];
	size_t n_targets;
	struct {
		char ifname[CFG_NAME_MAX];
		uint8_t direction;
	} targets[MAX_TARGETS];
	bool ipv4_only; /* and of that protocol, from and to these; family 0: any */
	uint8_t proto;
	struct ipaddr src, dst;
	char acl[CFG_NAME_MAX]; /* "" none */
	uint32_t mb, limit_sec, limit_len, limit_packets; /* 0 none */
	struct capture_buf buf;
	bool running;
	char *esp_sa; /* lines of Wireshark's table, KEYS_MAX; NULL: not asked for. Never moved: no
		       * copy of a key is left behind */
	size_t esp_sa_len;
	struct tap taps[MAX_TAPS];
	size_t n_taps;
	struct capture_source sources[MAX_TAPS]; /* of the last start */
	size_t n_sources;
	struct event *timer;
	uint64_t taken;
	struct pool pool; /* for what is cut; there since the first start */
};

static struct capture *find(const struct control *c, const char *name)
{
	struct capture *p;

	LIST_FOREACH(p, &c->captures, entry)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

static struct capture *find_or_make(struct control *c, const char *name)
{
	struct capture *p = find(c, name);
	size_t n = 0;

	if (p)
		return p;
	LIST_FOREACH(p, &c->captures, entry)
		n++;
	p = n < MAX_CAPTURES ? calloc(1, sizeof(*p)) : NULL;
	if (!p)
		return NULL;
	p->c = c;
	p->mb = DEFAULT_MB;
	snprintf(p->name, sizeof(p->name), "%s", name);
	LIST_INSERT_HEAD(&c->captures, p, entry);
	return p;
}

/* ---- packets ---- */

static void stop(struct capture *p)
{
	for (size_t i = 0; i < p->n_taps; i++) {
		p->buf.lost += tap_lost(p->taps[i].fd);
		event_free(p->taps[i].ready);
		close(p->taps[i].fd);
	}
	p->n_taps = 0;
	if (p->timer)
		event_free(p->timer);
	p->timer = NULL;
	if (p->running)
		log_line("BUFCAP-6-DISABLE", "Capture Point %s disabled.", p->name);
	p->running = false;
}

static void forget_keys(struct capture *p)
{
	if (p->esp_sa)
		explicit_bzero(p->esp_sa, p->esp_sa_len);
	free(p->esp_sa);
	p->esp_sa = NULL;
	p->esp_sa_len = 0;
}

static void drop(struct capture *p)
{
	stop(p);
	LIST_REMOVE(p, entry);
	capture_buf_free(&p->buf);
	pool_fini(&p->pool);
	forget_keys(p);
	free(p);
}

void capture_free_all(struct control *c)
{
	while (!LIST_EMPTY(&c->captures))
		drop(LIST_FIRST(&c->captures));
}

/* The IP packet of a frame; empty if it holds none. */
static struct span ip_of(struct span frame, bool ethernet)
{
	struct rd r = rd_span(frame);

	if (ethernet) {
		rd_skip(&r, 12);
		if (rd_be16(&r) != 0x0800)
			return (struct span){ 0 };
	}
	return r.bad ? (struct span){ 0 } : rd_take(&r, rd_left(&r));
}

static bool wanted(const struct capture *p, struct span frame, bool ethernet)
{
	const struct cfg_acl *acl = p->acl[0] ? config_find_acl(p->c->config, p->acl) : NULL;
	const struct acl_entry *e;
	struct acl_probe probe;

	if (!p->ipv4_only && !acl)
		return true;
	if (!acl_probe_of(ip_of(frame, ethernet), &probe))
		return false;
	if (p->ipv4_only && ((p->proto && p->proto != probe.proto) ||
			     (p->src.family && !ipaddr_equal(&p->src, &probe.src)) ||
			     (p->dst.family && !ipaddr_equal(&p->dst, &probe.dst))))
		return false;
	e = acl ? cfg_acl_decides(acl, &probe) : NULL;
	return !acl || (e && e->kind == ACE_PERMIT);
}

/* One packet of len bytes, of which frame has those that were copied. False: it was the last one that was
 * wanted, and t is gone. */
static bool take(const struct tap *t, const struct tap_packet *k, size_t len, struct span frame)
{
	struct capture *p = t->owner;
	struct capture_record r = { .wall_ns = k->wall_ns, .len = (uint32_t)len, .copied = (uint32_t)frame.len,
				    .source = t->source, .outgoing = k->outgoing };

	if (!wanted(p, frame, t->ethernet))
		return true;
	if (p->limit_len && r.copied > p->limit_len)
		r.copied = p->limit_len;
	p->taken += capture_buf_add(&p->buf, &r, frame.p);
	if (!p->limit_packets || p->taken < p->limit_packets)
		return true;
	stop(p);
	return false;
}

/* A super-packet of a TUN is shown as the packets that it stands for. */
static bool take_cut(const struct tap *t, const struct tap_packet *k, struct gso *g)
{
	bool more = true;

	while (more && gso_left(g)) {
		struct pool *pool = &t->owner->pool;
		struct batch b = { 0 };

		if (!gso_cut(g, pool, &b))
			break;
		for (size_t i = 0; more && i < b.n; i++)
			more = take(t, k, b.p[i]->len, span_of(b.p[i]->data, b.p[i]->len));
		batch_put(pool, &b);
	}
	return more;
}

static void on_packet(evutil_socket_t fd, short what, void *ctx)
{
	static uint8_t frame[CAPTURE_SNAP];
	struct tap *t = ctx;
	struct tap_packet k;
	struct gso g;

	(void)what;
	for (int i = 0; i < PER_WAKE && tap_read(fd, frame, sizeof(frame), &k); i++) {
		struct span s = span_of(frame, k.copied);

		if (t->direction != (k.outgoing ? EXEC_CAPTURE_OUT : EXEC_CAPTURE_IN) &&
		    t->direction != EXEC_CAPTURE_BOTH)
			continue;
		if ((k.vnet.gso_type || k.vnet.flags) && k.copied == k.len && gso_begin(&g, &k.vnet, s)) {
			if (!take_cut(t, &k, &g))
				return;
		} else if (!take(t, &k, k.len, s)) {
			return;
		}
	}
}

/* ---- start ---- */

static int add_tap(struct capture *p, uint32_t ifindex, const char *name, const char *more, uint8_t direction)
{
	struct tap *t = &p->taps[p->n_taps];
	struct capture_source *s = &p->sources[p->n_sources];
	enum tap_link link;

	if (p->n_taps == MAX_TAPS || !ifindex)
		return -ENODEV;
	snprintf(s->name, sizeof(s->name), "%s%s", name, more);
	for (size_t i = 0; i < p->n_sources; i++)
		if (!strcmp(p->sources[i].name, s->name))
			return 0; /* it was named twice */
	*t = (struct tap){ .owner = p, .source = (uint16_t)p->n_sources, .direction = direction };
	t->fd = tap_open(ifindex, &link);
	if (t->fd < 0)
		return t->fd;
	t->ethernet = s->ethernet = link == TAP_ETHERNET;
	t->ready = event_new(p->c->base, t->fd, EV_READ | EV_PERSIST, on_packet, t);
	if (!t->ready || event_add(t->ready, NULL)) {
		if (t->ready)
			event_free(t->ready);
		close(t->fd);
		return -ENOMEM;
	}
	p->n_taps++;
	p->n_sources++;
	return 0;
}

/* The device of an interface, and where its protected traffic is in clear. */
static int add_target(struct capture *p, const char *ifname, uint8_t direction)
{
	struct control *c = p->c;
	const struct bound_if *b = bound_find(c->ifs, c->n_ifs, ifname);
	int err = b ? add_tap(p, b->ifindex, ifname, "", direction) : -ENODEV;

	for (size_t i = 0; !err && i < MAX_STEER; i++)
		if (c->steer[i].used && c->steer[i].tun_ifindex && !strcmp(c->steer[i].ios_name, ifname))
			err = add_tap(p, c->steer[i].tun_ifindex, ifname, " clear", direction);
	for (size_t i = 0; !err && i < c->n_ifs; i++)
		if (c->ifs[i].tun_port && c->ifs[i].ifindex && c->ifs[i].egress_ifindex == b->ifindex)
			err = add_tap(p, c->ifs[i].ifindex, c->ifs[i].name, "", direction);
	return err;
}

static void on_time(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	stop(ctx);
}

static int start(struct capture *p)
{
	struct timeval t = { .tv_sec = p->limit_sec };
	int err = p->n_targets ? 0 : -EDESTADDRREQ;

	capture_buf_free(&p->buf);
	p->buf.cap = (size_t)p->mb << 20;
	p->taken = 0;
	p->n_sources = 0;
	if (!err && !p->pool.n)
		err = pool_init(&p->pool, CUT_AT_ONCE);
	for (size_t i = 0; !err && i < p->n_targets; i++)
		err = add_target(p, p->targets[i].ifname, p->targets[i].direction);
	if (!err && p->limit_sec) {
		p->timer = evtimer_new(p->c->base, on_time, p);
		err = p->timer ? evtimer_add(p->timer, &t) : -ENOMEM;
	}
	if (err) {
		stop(p);
		return err;
	}
	p->running = true;
	log_line("BUFCAP-6-ENABLE", "Capture Point %s enabled.", p->name);
	return 0;
}

/* ---- export ---- */

void capture_keys(struct control *c, const struct sa_spec *spec)
{
	struct txt line = TXT_INIT;
	struct capture *p;

	if (LIST_EMPTY(&c->captures) || spec->proto != PROTO_ESP)
		return;
	txt_pad(&line, 1024); /* it does not grow, and leave a part behind, once there are keys in it */
	txt_clear(&line);
	keylog_esp_line(spec, &line);
	LIST_FOREACH(p, &c->captures, entry)
		if (p->esp_sa && !line.bad && line.len <= KEYS_MAX - p->esp_sa_len) {
			memcpy(p->esp_sa + p->esp_sa_len, line.s, line.len);
			p->esp_sa_len += line.len;
		}
	if (line.s)
		explicit_bzero(line.s, line.len);
	txt_fini(&line);
}

/* A regular file that is new, empty, or begins as what we write there: an export takes the place
 * of an older one, and of nothing else. */
static bool may_replace(int fd, const char *begins)
{
	char head[8];
	size_t n = strlen(begins);
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	return !st.st_size || (pread(fd, head, n, 0) == (ssize_t)n && !memcmp(head, begins, n));
}

/* For us only: what is in it was not for everybody on the wire. NULL with errno. */
static FILE *create(const char *path, const char *begins)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600), err = EEXIST;
	FILE *f = NULL;

	if (fd < 0)
		return NULL;
	if (may_replace(fd, begins)) {
		if (!fchmod(fd, 0600) && !ftruncate(fd, 0))
			f = fdopen(fd, "w");
		err = errno;
	}
	if (!f) {
		close(fd);
		errno = err;
	}
	return f;
}

static int export_packets(const struct capture *p, const char *path)
{
	FILE *f = create(path, "\n\r\r\n"); /* of a section header block */
	int err = f ? capture_write(f, &p->buf, p->sources, p->n_sources) : -errno;

	if (f && fclose(f) && !err)
		err = -errno;
	return err;
}

static int export_keys(const struct capture *p, const char *path)
{
	char name[1024];
	FILE *f;
	int err;

	if (snprintf(name, sizeof(name), "%s.esp_sa", path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	f = create(name, "\"IPv4\"");
	if (!f)
		return -errno;
	setvbuf(f, NULL, _IONBF, 0); /* no copy of the keys stays behind */
	err = p->esp_sa_len && fwrite(p->esp_sa, p->esp_sa_len, 1, f) != 1 ? -EIO : 0;
	if (fclose(f) && !err)
		err = -errno;
	return err;
}

/* `flash:NAME` lies beside the startup configuration. */
static void path_of(const struct control *c, const char *name, char *path, size_t cap)
{
	const char *colon = strchr(name, ':'), *slash = strrchr(c->opt->config, '/');
	size_t len = colon ? (size_t)(colon - name) : 0;

	if ((len == 5 && !strncmp(name, "flash", 5)) || (len == 9 && !strncmp(name, "bootflash", 9)))
		snprintf(path, cap, "%.*s%s", slash ? (int)(slash - c->opt->config) + 1 : 0, c->opt->config,
			 colon + 1 + strspn(colon + 1, "/"));
	else
		snprintf(path, cap, "%s", name);
}

static int export(struct capture *p, const char *name)
{
	char path[1024];
	int err;

	path_of(p->c, name, path, sizeof(path));
	err = export_packets(p, path);
	return err || !p->esp_sa ? err : export_keys(p, path);
}

/* ---- show ---- */

static void show_addr(struct txt *out, const char *label, const struct ipaddr *a)
{
	char s[IPADDR_STRLEN];

	txt_printf(out, "    %s IP:  %s\n", label, a->family ? ipaddr_str(a, s) : "any");
}

static void limit(struct txt *out, const char *what, uint32_t n, const char *none)
{
	txt_printf(out, "   %s: %u%s\n", what, n, n ? "" : none);
}

static void show_point(const struct capture *p, struct txt *out)
{
	static const char *const names[] = { "", "IN", "OUT", "BOTH" };

	txt_printf(out, "Status Information for Capture %s\n  Target Type: \n", p->name);
	for (size_t i = 0; i < p->n_targets; i++)
		txt_printf(out, "   Interface: %s, Direction: %s\n", p->targets[i].ifname,
			   names[p->targets[i].direction]);
	txt_printf(out, "   Status : %s\n  Filter Details: \n", p->running ? "Active" : "Inactive");
	if (p->ipv4_only) {
		txt_str(out, "   IPv4 \n");
		show_addr(out, "Source", &p->src);
		show_addr(out, "Destination", &p->dst);
		if (p->proto)
			txt_printf(out, "   Protocol: %u\n", p->proto);
		else
			txt_str(out, "   Protocol: any\n");
	} else {
		txt_str(out, p->acl[0] ? "" : "   Capture all packets\n");
	}
	if (p->acl[0])
		txt_printf(out, "   Access-list: %s\n", p->acl);
	txt_printf(out, "  Buffer Details: \n   Buffer Type: %s\n   Buffer Size (in MB): %u\n",
		   p->buf.circular ? "CIRCULAR" : "LINEAR (default)", p->mb);
	txt_printf(out, "   ESP keys: %s\n  Limit Details: \n", p->esp_sa ? "kept for export" : "not kept");
	limit(out, "Number of Packets to capture", p->limit_packets, " (no limit)");
	limit(out, "Packet Capture duration", p->limit_sec, " (no limit)");
	limit(out, "Packet Size to capture", p->limit_len, " (no limit)");
	txt_char(out, '\n');
}

struct lister {
	const struct capture *p;
	struct txt *out;
	uint64_t n, first_ns;
};

static bool show_packet(void *ctx, const struct capture_record *r, const uint8_t *bytes)
{
	struct lister *l = ctx;
	struct acl_probe q = { 0 };
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN];
	uint64_t us;

	if (!l->n)
		l->first_ns = r->wall_ns;
	us = r->wall_ns > l->first_ns ? (r->wall_ns - l->first_ns) / 1000 : 0;
	txt_printf(l->out, "%4" PRIu64 " %5u %4" PRIu64 ".%06u   ", l->n++, r->len, us / 1000000,
		   (unsigned)(us % 1000000));
	if (acl_probe_of(ip_of(span_of(bytes, r->copied), l->p->sources[r->source].ethernet), &q))
		txt_printf(l->out, "%-16s -> %-16s %2u %u", ipaddr_str(&q.src, a), ipaddr_str(&q.dst, b),
			   q.tos >> 2, q.proto);
	else
		txt_str(l->out, "no IPv4");
	txt_printf(l->out, "  %s %s\n", r->outgoing ? "out" : "in", l->p->sources[r->source].name);
	return l->n < 10000;
}

static void show_buffer(const struct capture *p, bool brief, struct txt *out)
{
	static const char rule[] = " ----------------------------------------------------------------------------\n";
	struct lister l = { .p = p, .out = out };

	if (!brief) {
		txt_printf(out,
			   " buffer size (KB) : %u\n buffer used (KB) : %zu\n packets in buf   : %" PRIu64
			   "\n packets dropped  : %" PRIu64 "\n",
			   p->mb << 10, (p->buf.used + 1023) >> 10, p->buf.n, p->buf.lost);
		return;
	}
	txt_printf(out, "%s #   size   timestamp     source             destination      dscp    protocol\n%s",
		   rule, rule);
	capture_buf_each(&p->buf, show_packet, &l);
}

static void show(struct exec_io *io, const struct exec_args *a, bool *ret_error)
{
	const struct capture *p;

	if (a->name[0] && !find(io->c, a->name)) {
		txt_printf(io->out, "Capture %s does not exist\n", a->name);
		*ret_error = true;
		return;
	}
	LIST_FOREACH(p, &io->c->captures, entry)
		if (a->detail && !strcmp(p->name, a->name))
			show_buffer(p, a->flag, io->out);
		else if (!a->detail && (!a->name[0] || !strcmp(p->name, a->name)))
			show_point(p, io->out);
}

/* ---- commands ---- */

static void set_match(struct capture *p, const struct exec_args *a)
{
	if (!a->count && !a->detail)
		return;
	p->ipv4_only = a->detail;
	p->proto = (uint8_t)a->number2;
	p->src = a->addr;
	p->dst = a->addr2;
	p->acl[0] = '\0';
}

static int set_interface(struct capture *p, const struct exec_args *a)
{
	size_t i = 0;

	if (!bound_find(p->c->ifs, p->c->n_ifs, a->ifname))
		return -ENODEV;
	while (i < p->n_targets && strcmp(p->targets[i].ifname, a->ifname) != 0)
		i++;
	if (i == MAX_TARGETS)
		return -ENOSPC;
	snprintf(p->targets[i].ifname, sizeof(p->targets[i].ifname), "%s", a->ifname);
	p->targets[i].direction = a->proto;
	p->n_targets += i == p->n_targets;
	set_match(p, a);
	return 0;
}

static int set(struct exec_io *io, struct capture *p, unsigned action, const struct exec_args *a)
{
	switch (action) {
	case EXEC_CAPTURE_INTERFACE:
		return set_interface(p, a);
	case EXEC_CAPTURE_MATCH:
		set_match(p, a);
		return 0;
	case EXEC_CAPTURE_ACL:
		if (strlen(a->text) >= sizeof(p->acl) || !config_find_acl(p->c->config, a->text))
			return -ENOENT;
		snprintf(p->acl, sizeof(p->acl), "%s", a->text);
		p->ipv4_only = false;
		return 0;
	case EXEC_CAPTURE_BUFFER:
		p->buf.circular = a->flag;
		if (a->number)
			p->mb = a->number;
		return 0;
	case EXEC_CAPTURE_LIMIT:
		p->limit_sec = a->timeout_sec;
		p->limit_len = a->size;
		p->limit_packets = a->repeat;
		return 0;
	default: /* EXEC_CAPTURE_KEYS */
		if (!p->esp_sa)
			p->esp_sa = malloc(KEYS_MAX);
		if (!p->esp_sa)
			return -ENOMEM;
		txt_str(io->out, "% NOTE: an export writes the ESP keys of SAs that are negotiated from now on beside "
				 "it.\n        Those of SAs that exist are not known; \"clear crypto sa\" makes new "
				 "ones.\n");
		return 0;
	}
}

static int act(struct exec_io *io, struct capture *p, unsigned action, const struct exec_args *a)
{
	int err;

	switch (action) {
	case EXEC_CAPTURE_START:
		err = p->running ? -EALREADY : start(p);
		if (!err)
			txt_printf(io->out, "Started capture point : %s\n", p->name);
		return err;
	case EXEC_CAPTURE_STOP:
		stop(p);
		txt_printf(io->out, "Stopped capture point : %s\n", p->name);
		return 0;
	case EXEC_CAPTURE_CLEAR:
		capture_buf_free(&p->buf);
		txt_str(io->out, "Captured data will be deleted\n");
		return 0;
	case EXEC_CAPTURE_EXPORT:
		err = export(p, a->text);
		if (!err)
			txt_str(io->out, "Exported Successfully\n");
		return err;
	case EXEC_CAPTURE_DROP:
		drop(p);
		return 0;
	default:
		if (p->running)
			return -EBUSY;
		return set(io, p, action, a);
	}
}

void capture_cmd(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error)
{
	struct capture *p;
	int err;

	if (action == EXEC_SHOW_CAPTURE) {
		show(io, a, ret_error);
		return;
	}
	p = action < EXEC_CAPTURE_START ? find_or_make(io->c, a->name) : find(io->c, a->name);
	err = p ? act(io, p, action, a) : action < EXEC_CAPTURE_START ? -ENOSPC : -ENOENT;
	if (!err)
		return;
	*ret_error = true;
	if (err == -EBUSY || err == -EALREADY)
		txt_printf(io->out, "Capture point %s is active; stop it first\n", a->name);
	else if (err == -EDESTADDRREQ)
		txt_printf(io->out, "Capture point %s has no interface\n", a->name);
	else if (!p && err == -ENOENT)
		txt_printf(io->out, "Capture %s does not exist\n", a->name);
	else
		txt_printf(io->out, "%% %s: %s\n", a->ifname[0] ? a->ifname : a->text[0] ? a->text : a->name,
			   strerror(-err));
}
