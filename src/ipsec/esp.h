/* SPDX-License-Identifier: Apache-2.0 */
/* ESP (RFC 4303) over batches, in tunnel and transport mode, raw or in UDP
 * (RFC 3948). Pure: time and randomness are handed in. */
#ifndef IPSEC_ESP_H
#define IPSEC_ESP_H

#include "ipsec/sa.h"
#include "packet/ip.h"
#include "packet/pkt.h"

#define ESP_UDP_HEADER 8u
#define ESP_HEADER     8u /* SPI and sequence number */
#define ESP_TRAILER    2u /* pad length and next header */
#define ESP_OUTER_TTL  255u /* of the headers that we put around packets */

/* Why a packet was refused (pkt.reason). */
enum esp_reason {
	ESP_OK = 0,
	ESP_SHORT,	/* lengths cannot be those of this SA */
	ESP_REPLAYED,
	ESP_AUTH,
	ESP_PADDING,
	ESP_IDENTITY,	/* inner packet outside the SA's selectors, or none */
	ESP_SA_DEAD,
	ESP_NO_ROOM,
	ESP_DUMMY,	/* next header 59, traffic flow confidentiality: no error */
	ESP_ECN,	/* congestion mark outside, not ECN-capable inside (RFC 6040) */
	ESP_BUNDLE,	/* another protocol than the one that this SA has within its AH */
	ESP_NEXT,	/* next header is not what the mode carries */
};

/* Per worker. */
struct esp_worker {
	struct crypto_runner *crypto;
	void (*random)(void *ctx, void *p, size_t n); /* unpredictable IVs for CBC */
	void *ctx;
	uint8_t ivs[4096]; /* drawn ahead; used once each */
	size_t ivs_left;
	/* Others work with the same SAs now. Inbound, a replay window is theirs until esp_take(); */
	bool beside;
	bool several; /* others do so at times; constant */
	/* outbound, each packet has its number, and with it has been counted (numbers.h). */
	bool numbered;
};

/* Packets between esp_open() and esp_take(). */
struct esp_opened {
	struct crypto_job jobs[BATCH_MAX];
	uint8_t icvs[BATCH_MAX][CRYPTO_MAX_ICV];
	uint64_t seq[BATCH_MAX];
	uint32_t text_len[BATCH_MAX];
	uint8_t why[BATCH_MAX]; /* enum esp_reason, should the window let it pass */
};

/* How the outer DF bit is made (`crypto ipsec df-bit`), for SAs that do not say it. */
enum esp_df { ESP_DF_COPY = 0, ESP_DF_SET, ESP_DF_CLEAR };

/* Encapsulates every packet of b under its p->sa; data is a whole IP packet.
 * Those that fail are moved to bad with their reason; b keeps the others in
 * order, each now a whole outer IP packet (raw) or, for UDP encapsulation, an
 * ESP packet without headers, local/remote and ports set. Counts bytes and
 * packets of the SA, advances sequence numbers; SAs that used up their numbers
 * become dead. */
void esp_encap(struct esp_worker *w, struct batch *b, struct batch *bad, enum esp_df df,
	       uint64_t now_ms);

/* Decapsulates every packet of b under its p->sa; data begins at the ESP header
 * and outer_* say what came before. Those that fail are moved to bad; b keeps
 * whole IP packets that match their SA's selectors. */
void esp_decap(struct esp_worker *w, struct batch *b, struct batch *bad, uint64_t now_ms);
/* The same in two steps. The first decrypts and looks at what came out, and changes nothing of
 * the SAs; the second has their replay windows, and counts. */
void esp_open(struct esp_worker *w, struct batch *b, struct batch *bad, struct esp_opened *o);
void esp_take(struct batch *b, struct batch *bad, const struct esp_opened *o, uint64_t now_ms);

/* What AH shares (ah.c). The outer IP header of a tunnel-mode packet whose rest is
 * p->data; false if there is no room. */
bool esp_push_outer(struct pkt *p, struct sa *sa, const struct ip_view *inner, enum esp_df df,
		    uint8_t proto);
/* Whether the inner packet is what was agreed (RFC 4301 section 5.2 step 4); takes over
 * the congestion mark of the outer one. */
enum esp_reason esp_admit(struct pkt *p);
/* The same for what is in tunnel mode and has said that it is IPv4. */
enum esp_reason esp_admit4(struct pkt *p);
/* Whether p looks like the packet that tunnel mode says it carries (next header 4 or 41). */
static inline bool esp_carries(const struct pkt *p, uint8_t next)
{
	return next == (ip_is_v6(span_of(p->data, p->len)) ? IPPROTO_IPV6_ : IPPROTO_IPIP_);
}
/* Bytes under the cipher of what is to be encapsulated. 0: that is not said in advance, or it
 * may fail; else a number can be reserved for it. */
size_t esp_text_of(const struct sa *sa, const struct pkt *p);
void esp_count_bad(struct sa *sa, enum esp_reason why);

/* The SPI at the start of an ESP packet; false if it is too short. */
static inline bool esp_peek_spi(const struct pkt *p, uint32_t *ret_spi)
{
	struct rd r = pkt_rd(p);
	uint32_t spi = rd_be32(&r);

	if (r.bad)
		return false;
	*ret_spi = spi;
	return true;
}

#endif
