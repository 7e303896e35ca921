/* SPDX-License-Identifier: Apache-2.0 */
#include "control/debug.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/dialog.h"
#include "control/show_parts.h"
#include "host/log.h"

/* ---- what ---- */

static unsigned of_ike(unsigned debug)
{
	static const struct {
		unsigned ours, ike;
	} rows[] = { { EXEC_DEBUG_ISAKMP | EXEC_DEBUG_ISAKMP_DETAIL, IKE_DEBUG_ISAKMP },
		     { EXEC_DEBUG_ISAKMP_ERROR, IKE_DEBUG_ISAKMP_ERROR },
		     { EXEC_DEBUG_IPSEC, IKE_DEBUG_IPSEC },
		     { EXEC_DEBUG_IPSEC_ERROR, IKE_DEBUG_IPSEC_ERROR },
		     { EXEC_DEBUG_IPSEC_MESSAGE, IKE_DEBUG_IPSEC_MESSAGE },
		     { EXEC_DEBUG_IPSEC_STATES, IKE_DEBUG_IPSEC_STATES },
		     { EXEC_DEBUG_ENGINE, IKE_DEBUG_ENGINE } };
	unsigned flags = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (debug & rows[i].ours)
			flags |= rows[i].ike;
	return flags;
}

static void set(struct control *c, unsigned debug)
{
	bool keepalives = (c->debug ^ debug) & EXEC_DEBUG_KEEPALIVE;

	c->debug = debug;
	if (keepalives)
		apply_again(c); /* the forwarder is to tell of them, or no more */
	ike_set_debug(c->ike, of_ike(debug));
}

static void switched(struct exec_io *io, const struct exec_args *a)
{
	for (const struct show_debug *d = show_debugs; d->name; d++)
		if (a->number & d->flag)
			txt_printf(io->out, "%s debugging is %s\n", d->name, a->flag ? "on" : "off");
	set(io->c, a->flag ? io->c->debug | a->number : io->c->debug & ~a->number);
}

/* ---- all of it ---- */

static void talk_free(struct dialog *d)
{
	free(d);
}

static void all_confirmed(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	(void)d;
	(void)ret_error;
	if (!yes)
		return;
	set(io->c, EXEC_DEBUG_ALL);
	txt_str(io->out, "\nAll possible debugging has been turned on\n");
}

static void ask_for_all(struct exec_io *io)
{
	struct dialog *d = calloc(1, sizeof(*d));

	if (!d) {
		txt_str(io->out, "% Low on memory; try again later\n");
		return;
	}
	d->free = talk_free;
	dialog_ask_yes(d, "This may severely impact network performance. Continue? (yes/[no]): ", true, all_confirmed);
	session_set_dialog(io->s, d);
}

/* ---- about whom ---- */

static bool same_peer(const struct ike_debug_peer *a, const struct ike_debug_peer *b)
{
	return ipaddr_equal(&a->addr, &b->addr) && a->prefix_len == b->prefix_len;
}

/* It is on or off all the same. */
static void set_condition(struct exec_io *io, const struct exec_args *a)
{
	struct control *c = io->c;
	struct ike_debug_peer peer = { a->addr, (uint8_t)ip_bits(a->addr.family) };
	size_t i = 0;

	if (a->addr2.family) {
		int len = ipaddr_mask_len(&a->addr2);

		if (len < 0) {
			txt_str(io->out, "%Inconsistent address and mask\n");
			return;
		}
		peer.prefix_len = (uint8_t)len;
	}
	while (i < c->n_debug_peers && !same_peer(&c->debug_peers[i], &peer))
		i++;
	if (!a->addr.family)
		c->n_debug_peers = 0;
	else if (!a->flag && i < c->n_debug_peers)
		c->debug_peers[i] = c->debug_peers[--c->n_debug_peers];
	else if (a->flag && i == IKE_DEBUG_PEERS)
		txt_printf(io->out, "%% No more than %u debug conditions\n", (unsigned)IKE_DEBUG_PEERS);
	else if (a->flag && i == c->n_debug_peers)
		c->debug_peers[c->n_debug_peers++] = peer;
	ike_set_debug_peers(c->ike, c->debug_peers, c->n_debug_peers);
}

void debug_cmd(struct exec_io *io, unsigned action, const struct exec_args *a)
{
	switch (action) {
	case EXEC_DEBUG:
		switched(io, a);
		break;
	case EXEC_DEBUG_ALL_ON:
		ask_for_all(io);
		break;
	case EXEC_UNDEBUG_ALL:
		set(io->c, 0);
		txt_str(io->out, "All possible debugging has been turned off\n");
		break;
	default: /* EXEC_DEBUG_CONDITION */
		set_condition(io, a);
		break;
	}
}

/* ---- PKI ---- */

void debug_pki(const struct control *c, enum exec_debug part, const char *fmt, ...)
{
	char line[512] = "CRYPTO_PKI: ";
	const size_t head = sizeof("CRYPTO_PKI: ") - 1;
	va_list ap;

	if (!(c->debug & part))
		return;
	va_start(ap, fmt);
	vsnprintf(line + head, sizeof(line) - head, fmt, ap);
	va_end(ap);
	for (char *s = line; *s; s++)
		if (!isprint((unsigned char)*s))
			*s = '.';
	log_debug(line);
}
