/* SPDX-License-Identifier: Apache-2.0 */
#include "forwarder/internal.h"

#include <stdlib.h>

#include "base/secret.h"

#define SCAN_EVERY_MS 250

struct forwarder *forwarder_new(const struct forwarder_env *env)
{
	struct forwarder *f = calloc(1, sizeof(*f));
	uint64_t seed[2];

	if (!f)
		return NULL;
	f->env = *env;
	f->ivs = crypto_drbg_new(env->random, env->ctx);
	f->esp.random = crypto_drbg_fill;
	f->esp.ctx = f->ivs;
	f->esp.crypto = crypto_runner_new(CRYPTO_AUTO);
	env->random(env->ctx, seed, sizeof(seed));
	env->random(env->ctx, &f->frag_id, sizeof(f->frag_id));
	sad_init(&f->sad, seed);
	if (!f->ivs || !f->esp.crypto || pool_init(&f->pool, POOL_PACKETS)) {
		forwarder_free(f);
		return NULL;
	}
	f->now_ms = env->now_ms(env->ctx);
	return f;
}

void forwarder_free(struct forwarder *f)
{
	if (!f)
		return;
	ports_free(f);
	fwd_state_free(f);
	sad_fini(&f->sad);
	crypto_runner_free(f->esp.crypto);
	crypto_drbg_free(f->ivs);
	pool_fini(&f->pool);
	secret_free(f, sizeof(*f));
}

void forwarder_watch(struct forwarder *f, const struct forwarder_watch *w)
{
	f->watch = *w;
}

bool forwarder_stopping(const struct forwarder *f)
{
	return f->stopping;
}

size_t forwarder_poll_port(struct forwarder *f, struct port *port)
{
	struct fport *p = f->ports;
	struct batch b = { 0 };
	size_t n;

	while (p && p->port != port)
		p = p->next;
	if (!p)
		return 0;
	f->now_ms = f->env.now_ms(f->env.ctx);
	n = port->ops->recv(port, &f->pool, &b);
	f->drops.n[FWD_DROP_OVERFLOW] += port->overflows;
	port->overflows = 0;
	if (!n)
		return 0;
	switch ((enum fwd_port_kind)p->desc.kind) {
	case FWD_PORT_TUNNEL:
		if (p->tunnel && p->tunnel->conf.vti) {
			vti_out(f, p->tunnel, &b);
		} else if (p->tunnel) {
			out_from_tunnel(f, p->tunnel, &b);
		} else {
			f->drops.n[FWD_DROP_NO_TUNNEL] += b.n;
			batch_put(&f->pool, &b);
		}
		break;
	case FWD_PORT_STEER:
		out_from_steering(f, p->desc.ifid, &b);
		break;
	case FWD_PORT_ESP:
	case FWD_PORT_ESP6:
		in_from_esp(f, &b);
		break;
	case FWD_PORT_AH:
	case FWD_PORT_AH6:
		in_from_ah(f, &b);
		break;
	case FWD_PORT_GRE:
	case FWD_PORT_IPIP:
	case FWD_PORT_IPV6IP:
	case FWD_PORT_GRE6:
	case FWD_PORT_IP4IN6:
	case FWD_PORT_IP6IN6:
		in_from_gre(f, &b);
		break;
	case FWD_PORT_UDP_ENCAP:
	case FWD_PORT_UDP6_ENCAP:
		in_from_udp(f, &b);
		break;
	case FWD_PORT_ICMP:
	case FWD_PORT_ICMP6:
		in_from_icmp(f, &b);
		break;
	default:
		batch_put(&f->pool, &b);
		break;
	}
	return n;
}

void forwarder_tick(struct forwarder *f)
{
	f->now_ms = f->env.now_ms(f->env.ctx);
	if (f->now_ms < f->next_scan_ms)
		return;
	f->next_scan_ms = f->now_ms + SCAN_EVERY_MS;
	for (struct hnode *n = htab_walk(&f->sad.by_id, NULL); n; n = htab_walk(&f->sad.by_id, n)) {
		struct sa *sa = hnode_entry(n, struct sa, by_id);

		if (sa_check_life(sa, f->now_ms))
			event_expire(f, sa);
	}
	keepalive_tick(f);
	pmtu_age(f);
	if (!f->n_waiting || f->now_ms < WAIT_MS)
		return;
	for (struct hnode *n = htab_walk(&f->policies, NULL); n; n = htab_walk(&f->policies, n))
		wait_forget(f, hnode_entry(n, struct policy, node), f->now_ms - WAIT_MS,
			    FWD_DROP_NO_SA);
}
