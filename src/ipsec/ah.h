/* SPDX-License-Identifier: Apache-2.0 */
/* AH (RFC 4302) over batches, in tunnel and transport mode, alone or around ESP (a
 * bundle), over IPv4 and IPv6. Pure: time and randomness are handed in. */
#ifndef IPSEC_AH_H
#define IPSEC_AH_H

#include "ipsec/esp.h"

#define AH_HEADER 12u /* without the ICV */

/* Encapsulates every packet of b under its p->sa, whatever its protocol: ESP, AH, or
 * ESP within AH. As esp_encap(), which it calls. */
void ipsec_encap(struct esp_worker *w, struct batch *b, struct batch *bad, enum esp_df df,
		 uint64_t now_ms);

/* Decapsulates every packet of b under its p->sa, which was found by the SPI of its AH;
 * data is the whole outer packet (ip_parse() has seen it) and outer_* are set. An
 * SA with ESP within goes on to esp_decap(). Those that fail are moved to bad; b keeps
 * whole IP packets that match their SA's selectors. */
void ah_decap(struct esp_worker *w, struct batch *b, struct batch *bad, uint64_t now_ms);

/* The SPI of the AH behind the IP header of p, with its extensions; false if it is not there. */
bool ah_peek_spi(const struct pkt *p, size_t header_len, uint32_t *ret_spi);

/* Bytes of AH in front of what it protects, padding of the ICV included: the header is a
 * multiple of 4 bytes in IPv4, of 8 in IPv6 (RFC 4302 section 2.6). */
size_t ah_header_len(const struct auth_info *auth, uint8_t family);

#endif
