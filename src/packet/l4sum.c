/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/l4sum.h"

/* Where the checksum is; NULL if the packet has none that could be corrected. */
static uint8_t *sum_of(struct pkt *p, const struct ip_view *h)
{
	size_t at = h->proto == IPPROTO_TCP_ ? 16 : 6, header = h->proto == IPPROTO_TCP_ ? 20 : 8;
	uint8_t *sum = p->data + h->header_len + at;

	if ((h->proto != IPPROTO_TCP_ && h->proto != IPPROTO_UDP_) ||
	    h->frag & (IP4_MF | IP4_OFF_MASK) || p->len < h->header_len + header)
		return NULL;
	return h->proto == IPPROTO_UDP_ && !sum[0] && !sum[1] ? NULL : sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The sum of an address, 16 bits by 16 bits. */
static uint64_t words_of(const struct ipaddr *a)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < (a->family == IP_V6 ? 16 : 4); i += 2)
		sum += (uint64_t)a->b[i] << 8 | a->b[i + 1];
	return sum;
}

/* Zero would say that UDP has none (RFC 768). */
static void put(uint8_t *at, const struct ip_view *h, uint16_t sum)
{
	if (!sum && h->proto == IPPROTO_UDP_)
		sum = 0xffff;
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

/* RFC 1624 section 3: HC' = ~(~HC + ~m + m'). */
void l4sum_readdress(struct pkt *p, const struct ip_view *h, const struct ipaddr *was_src,
		     const struct ipaddr *was_dst)
{
	struct ipaddr src = ip_src(p->data, h), dst = ip_dst(p->data, h);
	uint8_t *at = sum_of(p, h);

	if (!at || (ipaddr_equal(was_src, &src) && ipaddr_equal(was_dst, &dst)))
		return;
	uint64_t sum = (uint16_t)~(at[0] << 8 | at[1]);
	sum += words_of(&src) + words_of(&dst);
	sum += (uint16_t)~fold(words_of(was_src)) + (uint64_t)(uint16_t)~fold(words_of(was_dst));
	put(at, h, (uint16_t)~fold(sum));
}

void l4sum_renew(struct pkt *p, const struct ip_view *h)
{
	struct ipaddr src = ip_src(p->data, h), dst = ip_dst(p->data, h);
	uint8_t *at = sum_of(p, h);
	size_t len = p->len - h->header_len;

	if (!at)
		return;
	at[0] = at[1] = 0;
	uint64_t sum = (uint16_t)~ip_checksum(p->data + h->header_len, len);
	sum += words_of(&src) + words_of(&dst) + h->proto + len;
	put(at, h, (uint16_t)~fold(sum));
}
