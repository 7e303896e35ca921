/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/esn.h"

#include <string.h>

#include "base/wr.h"

enum { HALF = 4 };

/* The ESP header of the packet that the job is of. */
static uint8_t *head_of(const struct sa *sa, const struct crypto_job *j)
{
	return j->text - sa->iv_len - 2 * HALF;
}

/* A combined mode has SPI, upper and lower half as AAD (RFC 4106 section 5, figure 3): the
 * SPI goes in front of the header and the upper half into its place. */
static bool cover_in_front(struct pkt *p, const struct sa *sa, struct crypto_job *j, uint32_t high)
{
	uint8_t *head = head_of(sa, j);

	if (head - p->buf < HALF)
		return false;
	memcpy(p->aside, head - HALF, HALF); /* of an outer header, it may be */
	memcpy(head - HALF, head, HALF);
	wr_put_be32(head, high);
	j->auth = head - HALF;
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
		return cover_in_front(p, sa, j, high);
	cover_behind(j, sa, high, icv);
	return true;
}

void esn_uncover(struct pkt *p, const struct sa *sa, const struct crypto_job *j)
{
	uint8_t *head = head_of(sa, j);

	if (!sa->cipher->combined)
		return;
	memcpy(head, head - HALF, HALF);
	memcpy(head - HALF, p->aside, HALF);
}
