/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/key_text.h"

#include <string.h>

bool key_text_take(const struct key_text *t, uint8_t *ret_type, char ret_key[PSK_MAX + 1],
		   char ret_sealed[CFG_SEALED_MAX])
{
	size_t n = strlen(t->text);
	bool sealed = t->typed == KEY_TYPE_6;

	if (!sealed && n > PSK_MAX)
		return false;
	*ret_type = sealed ? 6 : 0;
	memset(ret_key, 0, PSK_MAX + 1);
	memset(ret_sealed, 0, CFG_SEALED_MAX);
	memcpy(sealed ? ret_sealed : ret_key, t->text, n);
	return true;
}

void key_text_give(uint8_t type, const char *key, const char *sealed, struct key_text *ret_t)
{
	size_t n = strlen(type == 6 ? sealed : key);

	memset(ret_t, 0, sizeof(*ret_t));
	memcpy(ret_t->text, type == 6 ? sealed : key, n);
	/* a key that looks like a type needs its type written */
	ret_t->typed = type == 6				 ? KEY_TYPE_6 :
		       !strcmp(key, "0") || !strcmp(key, "6") ? KEY_TYPE_0 :
								  KEY_UNTYPED;
}

/* In files `culvert check` says it. */
void key_text_note(const struct cli_call *c, const char *key)
{
	unsigned bits = key_strength_bits(key);

	if (key[0] && !c->number && bits < KEY_WEAK_BITS)
		txt_printf(c->out, "%% NOTE: this key is weak (about %u bits at most): who stands between "
				   "the peers once can\n  guess it at leisure; 16 random characters "
				   "or more withstand that.\n", bits);
}

/* 0.0.0.0 alone is everybody. */
static uint32_t implied_mask(const struct ipaddr *addr)
{
	return ipaddr_to_v4(addr) ? UINT32_MAX : 0;
}

bool key_address_take(const struct cli_call *c, const struct prefix6 *net, struct cfg_key *k)
{
	if (net->addr.family)
		prefix6_to_mask(net, &k->addr, &k->mask);
	else if (k->addr.family && !k->mask.family)
		k->mask = ipaddr_v4(implied_mask(&k->addr));
	return k->addr.family != IP_V4 || mask_is_good(&k->mask, &k->addr, c->out);
}

void key_address_give(struct cfg_key *k, struct prefix6 *ret_net)
{
	prefix6_of_mask(&k->addr, &k->mask, ret_net);
	if (k->addr.family == IP_V6 ||
	    (k->addr.family == IP_V4 && ipaddr_to_v4(&k->mask) == implied_mask(&k->addr)))
		k->mask = (struct ipaddr){ 0 };
}
