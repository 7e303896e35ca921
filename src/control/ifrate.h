/* SPDX-License-Identifier: Apache-2.0 */
/* The five-minute rates of `show interfaces`: exponentially weighted, as IOS
 * computes them from samples every few seconds. */
#ifndef CONTROL_IFRATE_H
#define CONTROL_IFRATE_H

#include <stdbool.h>
#include <stdint.h>

struct if_rate {
	bool primed;
	uint64_t at_ms, in_packets, in_bytes, out_packets, out_bytes; /* last sample */
	double in_pps, in_bps, out_pps, out_bps;		      /* packets, bits a second */
};

/* Takes the counters as they are at now_ms. Counters that went backwards (a
 * new device, cleared) only start a new measurement. */
void if_rate_sample(struct if_rate *r, uint64_t now_ms, uint64_t in_packets, uint64_t in_bytes,
		    uint64_t out_packets, uint64_t out_bytes);

#endif
