/* SPDX-License-Identifier: Apache-2.0 */
/* Typed keys (`crypto map M N ipsec-manual`, `set session-key`): what a transform set needs
 * of them, and the SAs that they make. */
#ifndef MODEL_MANUAL_H
#define MODEL_MANUAL_H

#include "model/config.h"
#include "model/sa_spec.h"

#define MANUAL_WHY 200 /* bytes of a reason */

/* Bytes of key; 0 for none. What IOS asks for; longer ones are cut. */
size_t manual_cipher_key_len(const struct p2_transform *t);
size_t manual_auth_key_len(uint8_t auth);

/* True if the set may run with keys that stay when its counters begin anew; otherwise why. */
bool manual_set_allowed(const struct p2_transform *t, char *why, size_t cap);
/* True if the keys of that direction are long enough for what they are typed for (keys that
 * are not there yet are no fault); otherwise why. */
bool manual_keys_long_enough(const struct p2_transform *t, const struct cfg_session_key *k, char *why,
			     size_t cap);
/* True if the entry has all that the set needs, in both directions; otherwise why. */
bool manual_complete(const struct p2_transform *t, const struct cfg_map_entry *e, char *why, size_t cap);

/* The SA of one direction of a complete entry, but for its ids, addresses and selectors. */
void manual_spec(const struct p2_transform *t, const struct cfg_map_entry *e, enum sa_dir dir,
		 struct sa_spec *ret_s);

#endif
