/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ifrate.h"

#define WINDOW_MS 300000.0

/* Moves a rate towards what was seen over the last dt_ms. For steps that are
 * small beside the window this is the exponential average, and it never
 * overshoots for large ones. */
static double step(double rate, uint64_t delta, double unit, double dt_ms)
{
	double seen = (double)delta * unit * 1000.0 / dt_ms;
	double weight = dt_ms / (dt_ms + WINDOW_MS);

	return rate + (seen - rate) * weight;
}

void if_rate_sample(struct if_rate *r, uint64_t now_ms, uint64_t in_packets, uint64_t in_bytes,
		    uint64_t out_packets, uint64_t out_bytes)
{
	bool backwards = in_packets < r->in_packets || in_bytes < r->in_bytes ||
			 out_packets < r->out_packets || out_bytes < r->out_bytes;

	if (r->primed && now_ms <= r->at_ms)
		return;
	if (backwards)
		*r = (struct if_rate){ 0 };
	if (r->primed) {
		double dt = (double)(now_ms - r->at_ms);

		r->in_pps = step(r->in_pps, in_packets - r->in_packets, 1, dt);
		r->in_bps = step(r->in_bps, in_bytes - r->in_bytes, 8, dt);
		r->out_pps = step(r->out_pps, out_packets - r->out_packets, 1, dt);
		r->out_bps = step(r->out_bps, out_bytes - r->out_bytes, 8, dt);
	}
	r->primed = true;
	r->at_ms = now_ms;
	r->in_packets = in_packets;
	r->in_bytes = in_bytes;
	r->out_packets = out_packets;
	r->out_bytes = out_bytes;
}
