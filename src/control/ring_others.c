/* SPDX-License-Identifier: Apache-2.0 */
/* Who else has to do with the ESP of a device: where somebody has, it goes by the stack (rings.c). What cannot be found
 * out counts as somebody. */
#include "control/internal.h"

#include "host/nft.h"

const char *others_rules(bool in, const char *device, char room[128])
{
	int found = nft_foreign_chain(in, device, room);

	return found > 0 ? room : found < 0 ? "nftables does not say who looks there" : NULL;
}
