/* SPDX-License-Identifier: Apache-2.0 */
/* Between the IKE core and the world: its datagrams (UDP 500 here, UDP 4500 by
 * the forwarder, each over IPv4 and over IPv6), its timers, and its SAs, which the
 * forwarder runs. */
#include "control/internal.h"
#include "control/manual.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/capture.h"
#include "control/ike_work.h"
#include "control/protect.h"
#include "control/show_parts.h"
#include "control/timeline.h"
#include "host/log.h"
#include "host/offload.h"
#include "host/os.h"
#include "host/sockets.h"

/* ---- key files for Wireshark, when asked for on the command line ---- */

static void keylog_append(const struct control *c, const char *file, const struct txt *line)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", c->opt->keylog, file) >= (int)sizeof(path))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, line->s, line->len) != (ssize_t)line->len)
		log_line("CULVERT-4-KEYLOG", "%s: %s", path, strerror(errno));
	close(fd);
}

static void keylog_ike(const struct control *c, const struct ike_action *a)
{
	struct txt t = TXT_INIT;

	txt_hex(&t, a->cookie, 8);
	txt_char(&t, ',');
	txt_hex(&t, a->data.p, a->data.len);
	txt_char(&t, '\n');
	keylog_append(c, "ikev1_decryption_table", &t);
	if (t.s)
		explicit_bzero(t.s, t.len);
	txt_fini(&t);
}

static const char *wireshark_cipher(uint8_t cipher)
{
	switch (cipher) {
	case CIPHER_NULL:
		return "NULL";
	case CIPHER_DES:
		return "DES-CBC [RFC2405]";
	case CIPHER_3DES:
		return "TripleDES-CBC [RFC2451]";
	case CIPHER_AES_CBC:
		return "AES-CBC [RFC3602]";
	case CIPHER_AES_CTR:
		return "AES-CTR [RFC3686]";
	case CIPHER_CHACHA20_POLY1305:
		return "ChaCha20 with Poly1305 [RFC7634]";
	default:
		return "AES-GCM [RFC4106]";
	}
}

static const char *wireshark_auth(uint8_t auth)
{
	switch (auth) {
	case AUTH_HMAC_MD5_96:
		return "HMAC-MD5-96 [RFC2403]";
	case AUTH_HMAC_SHA1_96:
		return "HMAC-SHA-1-96 [RFC2404]";
	case AUTH_HMAC_SHA256_128:
		return "HMAC-SHA-256-128 [RFC4868]";
	case AUTH_HMAC_SHA384_192:
		return "HMAC-SHA-384-192 [RFC4868]";
	case AUTH_HMAC_SHA512_256:
		return "HMAC-SHA-512-256 [RFC4868]";
	case AUTH_AES_XCBC_96:
		return "ANY 96 bit authentication [no checking]";
	default:
		return "NULL";
	}
}

void keylog_esp_line(const struct sa_spec *s, struct txt *t)
{
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN];

	txt_printf(t, "\"%s\",\"%s\",\"%s\",\"0x%08x\",\"%s\",\"0x", s->src.family == IP_V6 ? "IPv6" : "IPv4",
		   ipaddr_str(&s->src, a), ipaddr_str(&s->dst, b), s->spi, wireshark_cipher(s->cipher));
	txt_hex(t, s->enc_key.b, s->enc_key.len);
	txt_printf(t, "\",\"%s\",\"0x", wireshark_auth(s->auth));
	txt_hex(t, s->auth_key.b, s->auth_key.len);
	txt_str(t, "\"\n");
}

static void keylog_esp(const struct control *c, const struct sa_spec *s)
{
	struct txt t = TXT_INIT;

	keylog_esp_line(s, &t);
	keylog_append(c, "esp_sa", &t);
	if (t.s)
		explicit_bzero(t.s, t.len);
	txt_fini(&t);
}

/* ---- actions ---- */

static void send_datagram(struct control *c, const struct ike_path *path, struct span d,
			  bool keepalive)
{
	struct fwd_msg m = { .type = FWD_IKE_TX };

	if (path->local_port == 500 && !keepalive) {
		int fd = path->remote.family == IP_V6 ? c->udp6_500 : c->udp500;

		if (fd >= 0)
			(void)udp_send(fd, &path->local, &path->remote, path->remote_port, d.p, d.len);
		return;
	}
	m.u.ike_rx.local = path->local;
	m.u.ike_rx.remote = path->remote;
	m.u.ike_rx.remote_port = path->remote_port;
	m.u.ike_rx.data = keepalive ? (struct span){ 0 } : d;
	(void)fwdlink_call(c->fwd, &m, -1, NULL, NULL);
}

static void install(struct control *c, const struct sa_spec *spec)
{
	struct fwd_msg m = { .type = FWD_SA_ADD, .u.sa = *spec };
	int err = fwdlink_call(c->fwd, &m, -1, NULL, NULL);

	if (err)
		log_line("CULVERT-3-FORWARDER", "SA 0x%08X was refused: %s", spec->spi,
			 strerror(-err));
	if (c->opt->keylog && spec->proto == PROTO_ESP)
		keylog_esp(c, spec);
	capture_keys(c, spec);
	sa_spec_wipe(&m.u.sa);
}

static void carry_out(struct control *c, const struct ike_action *a)
{
	switch (a->type) {
	case IKE_ACT_SEND:
		send_datagram(c, &a->path, a->data, false);
		break;
	case IKE_ACT_NAT_KEEPALIVE:
		send_datagram(c, &a->path, a->data, true);
		break;
	case IKE_ACT_SA_ADD:
		install(c, a->spec);
		protect_soon(c);
		break;
	case IKE_ACT_SA_MOVE: {
		struct fwd_msg m = { .type = FWD_SA_MOVE,
				     .u.peer_moved = { a->sa_id, a->path.remote,
						       a->path.remote_port } };

		(void)fwdlink_call(c->fwd, &m, -1, NULL, NULL);
		break;
	}
	case IKE_ACT_SA_DEL:
		(void)fwdlink_simple(c->fwd, FWD_SA_DEL, a->sa_id);
		protect_soon(c);
		break;
	case IKE_ACT_FAILED:
		(void)fwdlink_simple(c->fwd, FWD_NEGOTIATION_FAILED, a->policy_id);
		protect_failed(c, a->policy_id);
		break;
	case IKE_ACT_LOG:
		log_about(a->path.remote.family ? &a->path.remote : NULL, a->mnemonic, "%s", a->text);
		break;
	case IKE_ACT_DEBUG:
		log_debug(a->text);
		break;
	case IKE_ACT_POLICIES:
		if (a->policy_id)
			apply_made(c, a->policy_id);
		else
			apply_again(c);
		break;
	case IKE_ACT_WORK:
		ike_worker_put(c, a->work);
		break;
	case IKE_ACT_KEY:
		if (c->opt->keylog)
			keylog_ike(c, a);
		break;
	case IKE_ACT_STEP:
		timeline_step(c->timeline, host_now_ms(NULL), a);
		break;
	}
}

void ikelink_pump(struct control *c)
{
	struct ike_action a;
	uint64_t next, now;

	while (ike_next_action(c->ike, &a))
		carry_out(c, &a);
	next = ike_next_ms(c->ike);
	evtimer_del(c->ike_timer);
	if (next == UINT64_MAX)
		return;
	now = host_now_ms(NULL);
	uint64_t wait = next > now ? next - now : 0;
	struct timeval t = { (time_t)(wait / 1000), (suseconds_t)(wait % 1000 * 1000) };
	evtimer_add(c->ike_timer, &t);
}

/* ---- sockets ---- */

static void on_udp500(evutil_socket_t fd, short what, void *ctx)
{
	struct control *c = ctx;
	uint8_t buf[9000];

	(void)what;
	for (int i = 0; i < 32; i++) {
		struct ike_path path = { .local_port = 500 };
		long n = udp_recv(fd, buf, sizeof(buf), &path.local, &path.remote, &path.remote_port);

		if (n < 0)
			break;
		ike_datagram(c->ike, host_now_ms(NULL), &path, span_of(buf, (size_t)n));
		ikelink_pump(c);
	}
}

/* A descriptor for the forwarder. One that it holds already is not opened again. */
static int give_port(struct control *c, uint32_t id, enum fwd_port_kind kind, int fd)
{
	struct fwd_msg m = { .type = FWD_PORT_ADD, .u.port = { .id = id, .kind = (uint8_t)kind } };
	int err;

	if (fd < 0)
		return fd;
	err = fwdlink_call(c->fwd, &m, fd, NULL, NULL);
	close(fd);
	return err == -EEXIST ? 0 : err;
}

void ikelink_ipip(struct control *c)
{
	int err = c->ipip ? 0 : give_port(c, PORT_IPIP, FWD_PORT_IPIP, raw_open(4, false));

	if (err)
		log_line("CULVERT-3-HOST", "IP in IP: %s", strerror(-err));
	c->ipip = !err;
}

/* UDP 500, read here; place is that of its event. */
static int listen_500(struct control *c, int *fd, size_t place, int opened)
{
	struct event *e;

	if (opened < 0)
		return opened;
	e = event_new(c->base, opened, EV_READ | EV_PERSIST, on_udp500, c);
	if (!e || event_add(e, NULL)) {
		if (e)
			event_free(e);
		close(opened);
		return -ENOMEM;
	}
	*fd = opened;
	c->watches[place] = e;
	return 0;
}

/* UDP 4500, which is the forwarder's: it has it still if an earlier control gave it. */
static int give_4500(struct control *c, bool *given, uint32_t id, enum fwd_port_kind kind, int fd)
{
	struct fwd_msg m = { .type = FWD_PORT_ADD, .u.port = { .id = id, .kind = (uint8_t)kind } };
	struct txt how = TXT_INIT;
	int err = fd == -EADDRINUSE ? -EEXIST : fd;

	if (fd >= 0) {
		m.u.port.how = offload_udp(fd, &how);
		err = fwdlink_call(c->fwd, &m, fd, NULL, NULL);
		close(fd);
	}
	if (!err)
		log_line("CULVERT-6-PORT", "UDP 4500%s: %s", id == PORT_UDP6 ? " over IPv6" : "",
			 txt_cstr(&how));
	txt_fini(&how);
	*given = !err || err == -EEXIST;
	return *given ? 0 : err;
}

static int say_failed(int err, const char *what)
{
	if (err)
		log_line("CULVERT-3-HOST", "%s: %s", what, strerror(-err));
	return err;
}

static void close_500(struct control *c, int *fd, size_t place)
{
	if (*fd < 0)
		return;
	event_free(c->watches[place]);
	c->watches[place] = NULL;
	close(*fd);
	*fd = -1;
}

static void close_4500(struct control *c, bool *given, uint32_t id)
{
	if (*given)
		(void)fwdlink_simple(c->fwd, FWD_PORT_DEL, id);
	*given = false;
}

/* A router without a peer of IPv6 hears nothing of it; and peers of IPv4 are served whatever
 * happens here. */
static void follow_v6(struct control *c)
{
	int err = 0;

	c->ike6_failed = false;
	if (!ports6_outer(c)) {
		close_500(c, &c->udp6_500, 1);
		close_4500(c, &c->udp6_4500, PORT_UDP6);
		return;
	}
	if (c->udp6_500 < 0)
		err = listen_500(c, &c->udp6_500, 1, udp6_open(500));
	if (!err && !c->udp6_4500)
		err = give_4500(c, &c->udp6_4500, PORT_UDP6, FWD_PORT_UDP6_ENCAP, udp6_open(4500));
	c->ike6_failed = say_failed(err, "UDP 500 and 4500 over IPv6") != 0;
}

int ikelink_open(struct control *c)
{
	int err = 0;

	if (!c->config->isakmp.enable) {
		ikelink_close(c);
		return 0;
	}
	if (c->udp500 < 0)
		err = say_failed(listen_500(c, &c->udp500, 0, udp_open(500)), "UDP 500");
	if (!err && !c->udp4500)
		err = say_failed(give_4500(c, &c->udp4500, PORT_UDP, FWD_PORT_UDP_ENCAP, udp_open(4500)), "UDP 4500");
	follow_v6(c);
	return err;
}

void ikelink_close(struct control *c)
{
	close_500(c, &c->udp500, 0);
	close_500(c, &c->udp6_500, 1);
	close_4500(c, &c->udp4500, PORT_UDP);
	close_4500(c, &c->udp6_4500, PORT_UDP6);
}

/* ---- the forwarder's events ---- */

/* The pair whose inbound SA it is, of IKE or of typed keys. */
static bool pair_of(struct control *c, uint32_t in_id, struct ike_pair_info *ret)
{
	for (size_t i = 0; ike_get_pair(c->ike, i, ret); i++)
		if (ret->in_id == in_id)
			return true;
	for (size_t i = 0; manual_pair(c, i, ret); i++)
		if (ret->in_id == in_id)
			return true;
	return false;
}

#define SAY_EVERY_MS 60000 /* as IOS: what strangers can provoke is told once a minute */
enum { SAY_INV_SPI = 16 }; /* beside enum fwd_sa_event_kind */

/* Whether that may be said of a peer now; show counts them all. */
static bool may_say(struct control *c, uint8_t what, const struct ipaddr *peer)
{
	uint64_t now = host_now_ms(NULL);
	struct said *place = &c->said[0];

	for (size_t i = 0; i < sizeof(c->said) / sizeof(c->said[0]); i++) {
		struct said *s = &c->said[i];

		if (s->at_ms && s->what == what && ipaddr_equal(&s->peer, peer)) {
			place = s;
			break;
		}
		if (s->at_ms < place->at_ms)
			place = s; /* the oldest */
	}
	if (place->at_ms && now - place->at_ms < SAY_EVERY_MS)
		return false;
	*place = (struct said){ .what = what, .peer = *peer, .at_ms = now ? now : 1 };
	return true;
}

static void sa_event(struct control *c, const struct fwd_msg *m)
{
	struct ike_pair_info p;
	char l[IPADDR_STRLEN], r[IPADDR_STRLEN];

	if (pair_of(c, m->u.sa_event.sa_id, &p) && may_say(c, m->u.sa_event.kind, &p.in.src)) {
		ipaddr_ios(&p.in.dst, l);
		ipaddr_ios(&p.in.src, r);
		if (m->u.sa_event.kind == FWD_EV_REPLAY)
			log_about(&p.in.src, "CRYPTO-4-PKT_REPLAY_ERR", "decrypt: replay check failed connection "
							    "id=%u, sequence number=%u",
				 p.pair_id, m->u.sa_event.seqno);
		else if (m->u.sa_event.kind == FWD_EV_AUTH)
			log_about(&p.in.src, "CRYPTO-4-RECVD_PKT_MAC_ERR",
				 "decrypt: mac verify failed for connection id=%u local=%s remote=%s "
				 "spi=%08X seqno=%08X",
				 p.pair_id, l, r, p.in.spi, m->u.sa_event.seqno);
		else {
			const struct selector *sel = &p.in.sel;
			char s[IPADDR_STRLEN], d[IPADDR_STRLEN];
			struct txt near = TXT_INIT, far = TXT_INIT;

			show_proxy(&near, &sel->local, sel->proto, &sel->local_port);
			show_proxy(&far, &sel->remote, sel->proto, &sel->remote_port);
			log_about(&p.in.src, "CRYPTO-4-RECVD_PKT_INV_IDENTITY",
				 "identity doesn't match negotiated identity (ip) vrf/dest_addr= "
				 "/%s, src_addr= %s, prot= %u  (ident) local= %s, remote= %s, "
				 "local_proxy= %s, remote_proxy= %s",
				 ipaddr_ios(&m->u.sa_event.flow.remote, d),
				 ipaddr_ios(&m->u.sa_event.flow.local, s), m->u.sa_event.flow.proto,
				 l, r, txt_cstr(&near), txt_cstr(&far));
			txt_fini(&near);
			txt_fini(&far);
		}
	}
}

static void say_slower(const struct control *c, uint32_t id, int err)
{
	const char *tun = tuns_of_port(c, id);

	if (tun)
		log_line("CULVERT-5-PORT", "TUN %s: the kernel does not take all super-packets (%s), packets go to it "
			 "one by one", tun, strerror(-err));
	else
		log_line("CULVERT-5-PORT", "%s: where UDP_SEGMENT is refused (%s), datagrams go by sendmmsg",
			 id == PORT_UDP6 ? "UDP 4500 over IPv6" : "UDP 4500", strerror(-err));
}

void ikelink_event(struct control *c, const struct fwd_msg *m)
{
	uint64_t now = host_now_ms(NULL);
	char a[IPADDR_STRLEN], b[IPADDR_STRLEN];

	switch (m->type) {
	case FWD_ACQUIRE:
		if (!protect_yields(c, m->u.acquire.policy_id))
			ike_acquire(c->ike, now, m->u.acquire.policy_id, &m->u.acquire.flow);
		break;
	case FWD_EXPIRE:
		if (manual_expired(c, m->u.expire.sa_id, m->u.expire.hard))
			break;
		ike_expire(c->ike, now, m->u.expire.sa_id, m->u.expire.hard, m->u.expire.used);
		break;
	case FWD_IKE_RX: {
		struct ike_path path = { m->u.ike_rx.local, m->u.ike_rx.remote, 4500,
					 m->u.ike_rx.remote_port };

		ike_datagram(c->ike, now, &path, m->u.ike_rx.data);
		break;
	}
	case FWD_RECVD_CLEAR:
		log_cleartext(c, &m->u.recvd_clear.flow.remote, &m->u.recvd_clear.flow.local,
			      m->u.recvd_clear.flow.proto);
		break;
	case FWD_UNKNOWN_SPI:
		if (may_say(c, SAY_INV_SPI, &m->u.unknown_spi.src))
			log_about(&m->u.unknown_spi.src, "CRYPTO-4-RECVD_PKT_INV_SPI",
				 "decaps: rec`d IPSEC packet has invalid spi for destaddr=%s, prot=%u, "
				 "spi=0x%X(%u), srcaddr=%s",
				 ipaddr_ios(&m->u.unknown_spi.dst, a), m->u.unknown_spi.proto,
				 m->u.unknown_spi.spi, m->u.unknown_spi.spi,
				 ipaddr_ios(&m->u.unknown_spi.src, b));
		ike_unknown_spi(c->ike, now, &m->u.unknown_spi.src, m->u.unknown_spi.proto,
				m->u.unknown_spi.spi);
		break;
	case FWD_ACL_LOG:
		access_logged(c, m->u.acl_log.name, m->u.acl_log.seq, m->u.acl_log.ifid,
			      &m->u.acl_log.probe);
		break;
	case FWD_PEER_MOVED:
		ike_peer_moved(c->ike, now, m->u.peer_moved.sa_id, &m->u.peer_moved.addr,
			       m->u.peer_moved.port);
		break;
	case FWD_SA_EVENT:
		sa_event(c, m);
		break;
	case FWD_KEEPALIVE:
		line_trace(c, m);
		break;
	case FWD_PORT_SLOWER:
		if (!rings_cut(c, m->u.port_slower.id))
			say_slower(c, m->u.port_slower.id, m->u.port_slower.error);
		break;
	case FWD_TUNNEL_ALIVE:
		line_alive(c, m->u.tunnel_alive.tunnel_id, m->u.tunnel_alive.alive);
		break;
	default:
		break;
	}
	ikelink_pump(c);
}

/* ---- samples ---- */

static int by_sa_id(const void *a, const void *b)
{
	const struct ike_use *x = a, *y = b;

	return x->sa_id < y->sa_id ? -1 : x->sa_id > y->sa_id;
}

void ikelink_used(struct control *c, const struct fwd_sa_stats *v, size_t n)
{
	struct ike_use *u = calloc(n ? n : 1, sizeof(*u));

	if (!u)
		return; /* the next sample tells the same */
	for (size_t i = 0; i < n; i++)
		u[i] = (struct ike_use){ v[i].sa_id, v[i].idle_ms };
	qsort(u, n, sizeof(*u), by_sa_id);
	ike_used(c->ike, host_now_ms(NULL), u, n);
	timeline_carried(c->timeline, host_now_ms(NULL), v, n);
	free(u);
	ikelink_pump(c);
}

/* ---- start ---- */

static void adopt(void *ctx, const struct fwd_msg *m)
{
	struct control *c = ctx;

	if (m->type == FWD_SA_INFO && !m->u.sa_info.spec.manual)
		(void)ike_adopt(c->ike, host_now_ms(NULL), &m->u.sa_info.spec);
}

/* A pass over the dump to see whether there are any, and another one to take them. */
static void adopt_made(void *ctx, const struct fwd_msg *m)
{
	struct control *c = ctx;

	if (m->type == FWD_SA_INFO && m->u.sa_info.spec.policy_id >= P2_MADE_ID)
		(void)ike_adopt(c->ike, host_now_ms(NULL), &m->u.sa_info.spec);
	else if (m->type == FWD_POLICY_ADD)
		(void)ike_adopt_held(c->ike, host_now_ms(NULL), m->u.policy.id, m->u.policy.ifid,
				     &m->u.policy.sel);
}

static void note_made(void *ctx, const struct fwd_msg *m)
{
	bool *any = ctx;

	*any |= m->type == FWD_POLICY_ADD ||
		(m->type == FWD_SA_INFO && m->u.sa_info.spec.policy_id >= P2_MADE_ID);
}

int ikelink_adopt_made(struct control *c)
{
	struct fwd_msg dump = { .type = FWD_SA_DUMP };
	bool any = false;
	int err = fwdlink_call(c->fwd, &dump, -1, note_made, &any);

	if (err || !any)
		return err;
	err = apply_early(c);
	return err ? err : fwdlink_call(c->fwd, &dump, -1, adopt_made, c);
}

struct hello {
	struct control *c;
	bool again;    /* the same forwarder has answered before */
	int pin_error; /* 0: none */
};

static void on_hello(void *ctx, const struct fwd_msg *m)
{
	struct hello *h = ctx;

	if (m->type == FWD_CRYPTO) {
		snprintf(h->c->packets_by, sizeof(h->c->packets_by), "%s", m->u.crypto);
		if (!h->again)
			log_line("CULVERT-6-CRYPTO", "packets are encrypted by %s", m->u.crypto);
	}
	if (m->type == FWD_NOT_PINNED)
		h->pin_error = m->u.error;
}

static void say_workers(const struct control *c, int pin_error)
{
	unsigned n = c->opt->workers;

	log_line("CULVERT-6-WORKERS", "%u forwarding thread%s%s", n, n == 1 ? "" : "s",
		 c->opt->pinned && !pin_error ? ", each on a processor of its own" : "");
	if (pin_error)
		log_line("CULVERT-4-WORKERS", "the threads run on any processor, and --pin is of no use: %s",
			 strerror(-pin_error));
}

int ikelink_start(struct control *c, bool adopt_sas)
{
	struct fwd_msg dump = { .type = FWD_SA_DUMP }, hello = { .type = FWD_HELLO, .u.version = FWD_VERSION };
	struct hello said = { .c = c, .again = adopt_sas };
	int err = fwdlink_call(c->fwd, &hello, -1, on_hello, &said);

	if (!err && !adopt_sas) /* it is not the second time */
		say_workers(c, said.pin_error);
	if (!err)
		err = give_port(c, PORT_ESP, FWD_PORT_ESP, raw_open(50, true));
	if (!err)
		err = give_port(c, PORT_AH, FWD_PORT_AH, raw_open(51, true));
	if (!err)
		err = give_port(c, PORT_GRE, FWD_PORT_GRE, raw_open(47, false));
	if (!err)
		err = give_port(c, PORT_ICMP, FWD_PORT_ICMP, icmp_open());
	if (!err && adopt_sas)
		err = fwdlink_call(c->fwd, &dump, -1, adopt, c);
	return err;
}
