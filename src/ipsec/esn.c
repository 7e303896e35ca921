/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/esn.h"

#include <string.h>

#include "base/wr.h"

enum { HALF = 4 };

/* A combined mode has SPI, upper and lower half as AAD (RFC 4106 section 5, figure 3): the
 * SPI goes into the headroom and the upper half into its place. */
static bool cover_in_front(struct pkt *p, struct crypto_job *j, uint32_t high)
{
	if (pkt_headroom(p) < HALF)
		return false;
	memcpy(p->aside, p->data - HALF, HALF); /* an IPv6 header of transport mode, it may be */
	memcpy(p->data - HALF, p->data, HALF);
	wr_put_be32(p->data, high);
	j->auth = p->data - HALF;
	j->auth_len += HALF;
	return true;
}

/* A MAC of its own has it behind the text (RFC 4303 section 2.2.1), where the ICV is. */
static void cover_behind(struct crypto_job *j, const struct sa *sa, uint32_t high, uint8_t *icv)
{
	struct wr w = wr_of(j->icv, HALF);

	if (sa->spec.dir == SA_IN) {
		memcpy(icv, j->icv, sa->icv_len);
		j->icv = icv;
	}
	wr_be32(&w, high);
	j->auth_len += HALF;
}

bool esn_cover(struct pkt *p, const struct sa *sa, struct crypto_job *j, uint32_t high,
	       uint8_t *icv)
{
	if (sa->cipher->combined)
		return cover_in_front(p, j, high);
	cover_behind(j, sa, high, icv);
	return true;
}

void esn_uncover(struct pkt *p, const struct sa *sa)
{
	if (!sa->cipher->combined)
		return;
	memcpy(p->data, p->data - HALF, HALF);
	memcpy(p->data - HALF, p->aside, HALF);
}
