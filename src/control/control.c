/* SPDX-License-Identifier: Apache-2.0 */
/* The control process: one event loop around the configuration, IKE, the
 * forwarder's link, the host and the CLI. */
#include "control/manual.h"
#include "control/login.h"
#include "control/login_work.h"
#include "control/master_key.h"
#include "control/internal.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "control/acl_log.h"
#include "control/capture.h"
#include "control/ike_encr.h"
#include "control/ike_pki.h"
#include "control/ike_work.h"
#include "control/life.h"
#include "control/paths.h"
#include "control/protect.h"
#include "control/pki_cmd.h"
#include "control/proc_load.h"
#include "control/show_now.h"
#include "control/timeline.h"
#include "host/filter.h"
#include "host/log.h"
#include "host/nflog.h"
#include "host/nft.h"
#include "host/notify.h"
#include "host/os.h"
#include "host/privs.h"
#include "host/sockets.h"
#include "host/supervisor.h"

#define CLAIM_TRIES 50 /* a second in all */

static void on_forwarder_event(void *ctx, const struct fwd_msg *m)
{
	ikelink_event(ctx, m);
}

static int link_forwarder(struct control *c, int fd)
{
	struct fwdlink_sink sink = { on_forwarder_event, c };

	fwdlink_free(c->fwd);
	c->fwd = NULL;
	int err = fwdlink_new(c->base, fd, &sink, &c->fwd);

	if (!err)
		fwdlink_share_sockets(c->fwd, c->opt->workers);
	return err;
}

/* A new forwarder: it knows nothing. Its predecessor's SAs are gone for good, for
 * their sequence numbers went with it. */
static void on_supervisor(evutil_socket_t fd, short what, void *ctx)
{
	struct control *c = ctx;
	int fwd_fd = supervisor_receive(fd);

	(void)what;
	if (fwd_fd == -EAGAIN)
		return;
	if (fwd_fd < 0) { /* the supervisor is gone, and so are we in a moment */
		event_base_loopbreak(c->base);
		return;
	}
	log_line("CULVERT-3-FORWARDER", "the forwarder was started again: SAs are negotiated anew");
	for (size_t i = 0; i < MAX_TUNS; i++)
		c->tuns[i].in_forwarder = c->tuns[i].dead = false;
	for (size_t i = 0; i < MAX_STEER; i++)
		c->steer[i].in_forwarder = false;
	c->udp4500 = c->udp6_4500 = c->ipip = false;
	c->ports6 = 0;
	rings_lost(c);
	c->table_sum = 0;
	if (link_forwarder(c, fwd_fd) || ikelink_start(c, false)) {
		/* nobody would try again: the next control begins anew, behind the locks */
		log_line("CULVERT-2-FORWARDER", "the new forwarder does not answer");
		event_base_loopbreak(c->base);
		return;
	}
	if_counts_restarted(&c->counts);
	apply_all(c);
	ike_forwarder_lost(c->ike, host_now_ms(NULL));
	manual_lost(c);
	ikelink_pump(c);
}

static void on_ike_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct control *c = ctx;

	(void)fd;
	(void)what;
	ike_worker_tick(c);
}

static void on_apply_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	apply_all(ctx);
}

static void on_sample_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	struct control *c = ctx;

	show_sample(c);
	paths_tick(c);
	line_tick(c);
	archive_tick(c);
	if (c->acl_log)
		acl_log_tick(c->acl_log, host_now_ms(NULL));
	log_tick();
}

static void on_netlink(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	nl_drain(fd);
	paths_forget(ctx);
	apply_again(ctx);
}

/* Somebody changed nftables. Each millisecond without our table is cleartext: it is
 * put back first, the rest of the world is looked at later. */
static void on_nft(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	nl_drain(fd);
	steering_restore(ctx);
	rings_follow(ctx, true);
	apply_again(ctx);
}

#define CLEARTEXT_SAID_MS 60000

void log_cleartext(struct control *c, const struct ipaddr *src, const struct ipaddr *dst, uint8_t proto)
{
	uint64_t now = host_now_ms(NULL);
	char s[IPADDR_STRLEN], d[IPADDR_STRLEN];

	if (c->clear_said_ms && now - c->clear_said_ms < CLEARTEXT_SAID_MS)
		return;
	c->clear_said_ms = now;
	log_about(src, "CRYPTO-4-RECVD_PKT_NOT_IPSEC",
		 "Rec'd packet not an IPSEC packet. (ip) vrf/dest_addr= /%s, src_addr= %s, prot= %u",
		 ipaddr_ios(dst, d), ipaddr_ios(src, s), proto);
}

/* The kernel dropped a packet that arrived in clear and should have been protected. */
static void on_cleartext(void *ctx, uint32_t ifindex, const struct ipaddr *src,
			 const struct ipaddr *dst, uint8_t proto)
{
	struct control *c = ctx;
	(void)ifindex;
	c->recvd_clear++;
	log_cleartext(c, src, dst, proto);
}

static void on_nflog(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	nflog_read(fd, on_cleartext, ctx);
}

static void on_acl_log(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	access_read_log(ctx, fd);
}

static void on_accept(evutil_socket_t fd, short what, void *ctx)
{
	int s = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)what;
	if (s >= 0)
		session_accept(ctx, s);
}

static void on_sigterm(evutil_socket_t sig, short what, void *ctx)
{
	struct control *c = ctx;

	(void)sig;
	(void)what;
	c->stopping = true;
	event_base_loopbreak(c->base);
}

static int watch(struct control *c, int fd, short what, event_callback_fn fn)
{
	struct event *e = event_new(c->base, fd, what | EV_PERSIST, fn, c);

	if (!e || event_add(e, NULL))
		return -ENOMEM;
	c->watches[2 + c->n_watches++] = e; /* [0] and [1] are UDP 500's */
	return 0;
}

/* Goodbye to the peers, then the routes, then the locks. */
static void orderly_stop(struct control *c)
{
	uint64_t now = host_now_ms(NULL);

	(void)host_notify("STOPPING=1");
	ike_clear_ipsec(c->ike, now, NULL, NULL, 0);
	ike_clear_isakmp(c->ike, now, 0);
	ikelink_pump(c);
	ikelink_close(c);
	/* before the locks go: nothing that they held back shall pass now */
	forwarding_restore(c);
	plumb_remove(c);
	(void)fwdlink_simple(c->fwd, FWD_SHUTDOWN, 0);
	(void)unlink(c->opt->socket);
}

/* A router that was killed may have some milliseconds to live: whoever starts another at once means it. */
static int claim(void)
{
	const struct timespec again = { .tv_nsec = 20 * 1000 * 1000 };
	int fd = netns_claim("culvert-router");

	for (int i = 0; fd == -EADDRINUSE && i < CLAIM_TRIES; i++) {
		nanosleep(&again, NULL);
		fd = netns_claim("culvert-router");
	}
	return fd;
}

static const char *interface_of(void *ctx, uint32_t ifid)
{
	return plumb_ios_name(ctx, ifid);
}

static int start(struct control *c, int fwd_fd)
{
	struct ike_env env = { .random = host_random, .ctx = c, .export_keys = c->opt->keylog != NULL,
			       .sign = ike_pki_sign, .verify = ike_pki_verify,
			       .seal = ike_encr_seal, .open = ike_encr_open,
			       .match_cert = ike_pki_match, .interface = interface_of, .defer = true };
	master_key_load(c);
	int err = files_load(c);

	if (!err)
		err = login_work_new(c->base, &c->login_work);
	if (!err)
		err = login_work_new(c->base, &c->name_work);
	if (!err)
		err = pki_cmd_open(c);
	if (!err)
		err = ike_worker_start(c);
	if (err) {
		close(fwd_fd);
		return err;
	}
	c->ike = ike_new(&env);
	c->timeline = timeline_new();
	c->ike_timer = evtimer_new(c->base, on_ike_timer, c);
	c->apply_timer = evtimer_new(c->base, on_apply_timer, c);
	c->sample_timer = event_new(c->base, -1, EV_PERSIST, on_sample_timer, c);
	if (!c->ike || !c->timeline || !c->ike_timer || !c->apply_timer || !c->sample_timer) {
		close(fwd_fd);
		return -ENOMEM;
	}
	/* before anything of the host is touched: another one may run here, and this one
	 * would put its rules in place of that one's */
	c->claim_fd = claim();
	if (c->claim_fd < 0) {
		log_line("CULVERT-2-START", "a router runs in this network namespace: %s",
			 strerror(-c->claim_fd));
		close(fwd_fd);
		return c->claim_fd;
	}
	forwarding_begin(c);
	err = nl_open(&c->nl);
	if (!err)
		err = link_forwarder(c, fwd_fd);
	if (!err)
		err = ikelink_start(c, false);
	if (!err)
		err = manual_take_over(c);
	if (!err)
		err = ikelink_adopt_made(c);
	if (err) {
		log_line("CULVERT-2-START", "%s", strerror(-err));
		return err;
	}
	apply_all(c);
	if (!c->guarded) {
		log_line("CULVERT-2-START", "no guard, so no router: nft and a kernel with nf_tables "
					    "are needed");
		return -EPERM;
	}
	/* what an earlier control left in the forwarder is taken over */
	err = ikelink_start(c, true);
	ikelink_pump(c);
	return err ? err : protect_start(c);
}

static int serve(struct control *c)
{
	struct timeval sample = { .tv_sec = SHOW_SAMPLE_MS / 1000 };
	int err;

	event_add(c->sample_timer, &sample);
	revert_resume(c);
	c->nl_events = nl_events_open();
	/* who waits for the socket finds the configuration in force */
	c->listen_fd = unix_listen(c->opt->socket);
	if (c->listen_fd < 0) {
		log_line("CULVERT-2-START", "%s: %s", c->opt->socket, strerror(-c->listen_fd));
		return c->listen_fd;
	}
	err = watch(c, c->listen_fd, EV_READ, on_accept);
	if (!err)
		err = watch(c, c->supervisor_fd, EV_READ, on_supervisor);
	if (!err && c->nl_events >= 0)
		err = watch(c, c->nl_events, EV_READ, on_netlink);
	/* a firewall's restart may flush our table as well */
	int nft_events = nft_events_open();
	if (!err && nft_events >= 0)
		err = watch(c, nft_events, EV_READ, on_nft);
	/* whoever changed nftables or the devices before somebody watched - our own rings, for one - has told
	 * nobody, and the first line that is typed would have to load the rules anew */
	if (!err)
		apply_again(c);
	int nflog = nflog_open(STEER_NFLOG);
	if (nflog < 0)
		log_line("CULVERT-5-HOST", "netfilter log: %s; cleartext arrivals are dropped and counted "
					   "but not named",
			 strerror(-nflog));
	else if (!err)
		err = watch(c, nflog, EV_READ, on_nflog);
	int acl_log = nflog < 0 ? nflog : nflog_open(FILTER_NFLOG);
	c->acl_log = acl_log_new();
	if (!err && acl_log >= 0)
		err = watch(c, acl_log, EV_READ, on_acl_log);
	if (!err)
		err = others_watch(c);
	if (!err)
		err = watch(c, SIGTERM, EV_SIGNAL, on_sigterm);
	if (!err)
		err = watch(c, SIGINT, EV_SIGNAL, on_sigterm);
	if (err)
		return err;
	log_watch(session_monitor, c);
	/* the guard stands and the CLI answers; said again by each control */
	(void)host_notify("READY=1");
	event_base_dispatch(c->base);
	log_watch(NULL, NULL);
	return 0;
}

static void control_free(struct control *c)
{
	session_close_all(c);
	capture_free_all(c);
	ike_worker_stop(c);
	login_work_free(c->login_work);
	login_work_free(c->name_work);
	secrets_close(c);
	pki_cmd_close(c);
	explicit_bzero(&c->masters, sizeof(c->masters));
	for (size_t i = 0; i < sizeof(c->watches) / sizeof(c->watches[0]); i++)
		if (c->watches[i])
			event_free(c->watches[i]);
	if (c->ike_timer)
		event_free(c->ike_timer);
	if (c->apply_timer)
		event_free(c->apply_timer);
	if (c->hops_timer)
		event_free(c->hops_timer);
	if (c->sample_timer)
		event_free(c->sample_timer);
	life_free(c);
	others_unwatch(c);
	ring_table_free(c->ring_table);
	protect_stop(c);
	ike_free(c->ike);
	timeline_free(c->timeline);
	paths_free(c);
	manual_free(c);
	fwdlink_free(c->fwd);
	if_counts_fini(&c->counts);
	proc_load_free(c->load);
	nl_close(c->nl);
	config_free(c->config);
	compiled_fini(&c->compiled);
	steer_stand_clear(&c->standing);
	policy_ids_fini(&c->ids);
	free(c->links);
	free(c->addrs);
	free(c->ifs);
	free(c->added);
	free(c->last_notes);
	free(c->access_said);
	acl_log_free(c->acl_log);
	free(c->changed_at);
	log_clear();
	syslog_close();
	event_base_free(c->base);
	free(c);
}

int control_process(const struct control_options *opt, int fwd_fd, int supervisor_fd, bool first)
{
	struct control *c = calloc(1, sizeof(*c));
	int err, status = 1;

	if (!c || !(c->base = event_base_new())) {
		free(c);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN); /* a client that leaves early is no reason to die */
	c->opt = opt;
	c->supervisor_fd = supervisor_fd;
	c->udp500 = c->udp6_500 = c->listen_fd = c->claim_fd = -1;
	c->started_ms = host_now_ms(NULL);
	LIST_INIT(&c->sessions);
	LIST_INIT(&c->streams);
	LIST_INIT(&c->auths);
	LIST_INIT(&c->captures);
	LIST_INIT(&c->secret_waits);
	err = privs_control();
	if (err)
		log_line("CULVERT-2-START", "CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE are "
					    "needed: %s",
			 strerror(-err));
	if (!err)
		err = start(c, fwd_fd);
	if (!err)
		err = serve(c);
	if (c->stopping) {
		orderly_stop(c);
		status = 0;
	} else if (err == -EPERM || err == -EADDRINUSE || err == -EEXIST) {
		status = 2; /* starting again would not help */
		if (first && c->fwd && c->claim_fd >= 0) { /* this host is left as it was */
			forwarding_restore(c);
			plumb_remove(c);
		}
	}
	control_free(c);
	return status;
}
