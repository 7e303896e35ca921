/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/manual.h"

#include <errno.h>
#include <string.h>

/* The transform set of the entry; NULL while there is none. */
static const struct p2_transform *set_of(const struct config *c, const struct cfg_map_entry *e)
{
	const struct cfg_transform *t = e->n_transforms ? config_find_transform(c, e->transforms[0]) : NULL;

	return t ? &t->t : NULL;
}

static int refuse_type(const struct cli_call *c)
{
	txt_str(c->out, "% Session keys are set in crypto map entries of type ipsec-manual only.\n\n");
	return -EINVAL;
}

/* Keys that the entry's set would not take; a set that comes later is looked at then. */
static int take(struct cli_call *c, const struct cfg_session_key *new)
{
	const struct session_key_args *a = c->args;
	struct cfg_map_entry *e = c->obj;
	const struct p2_transform *t = set_of(c->root, e);
	char why[MANUAL_WHY];

	if (t && !manual_keys_long_enough(t, new, why, sizeof(why))) {
		txt_printf(c->out, "%% Invalid key length: %s.\n\n", why);
		return -EINVAL;
	}
	e->keys[a->out] = *new;
	return 0;
}

int session_key_ah_apply(struct cli_call *c)
{
	const struct session_key_args *a = c->args;
	struct cfg_map_entry *e = c->obj;
	struct cfg_session_key k = e->keys[a->out];
	int err = 0;

	memset(k.ah_key, 0, sizeof(k.ah_key));
	k.ah_spi = 0;
	if (c->op != CLI_SET) {
		e->keys[a->out] = k;
	} else if (e->type != MAP_MANUAL) {
		err = refuse_type(c);
	} else {
		k.ah_spi = a->spi;
		memcpy(k.ah_key, a->key, sizeof(k.ah_key));
		err = take(c, &k);
	}
	explicit_bzero(&k, sizeof(k));
	return err;
}

int session_key_esp_apply(struct cli_call *c)
{
	const struct session_key_args *a = c->args;
	struct cfg_map_entry *e = c->obj;
	struct cfg_session_key k = e->keys[a->out];
	int err = 0;

	memset(k.cipher_key, 0, sizeof(k.cipher_key));
	memset(k.auth_key, 0, sizeof(k.auth_key));
	k.esp_spi = 0;
	if (c->op != CLI_SET) {
		e->keys[a->out] = k;
	} else if (e->type != MAP_MANUAL) {
		err = refuse_type(c);
	} else {
		k.esp_spi = a->spi;
		memcpy(k.cipher_key, a->key, sizeof(k.cipher_key));
		memcpy(k.auth_key, a->auth, sizeof(k.auth_key));
		err = take(c, &k);
	}
	explicit_bzero(&k, sizeof(k));
	return err;
}

bool session_key_ah_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			 const void **ret_obj)
{
	const struct cfg_map_entry *e = obj;
	struct session_key_args *a = args;

	(void)root;
	(void)ret_obj;
	while (w->i < 2 && !e->keys[w->i].ah_spi)
		w->i++;
	if (w->i == 2)
		return false;
	a->out = (uint8_t)w->i;
	a->spi = e->keys[w->i].ah_spi;
	memcpy(a->key, e->keys[w->i++].ah_key, sizeof(a->key));
	return true;
}

bool session_key_esp_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			  const void **ret_obj)
{
	const struct cfg_map_entry *e = obj;
	struct session_key_args *a = args;

	(void)root;
	(void)ret_obj;
	while (w->i < 2 && !e->keys[w->i].esp_spi)
		w->i++;
	if (w->i == 2)
		return false;
	a->out = (uint8_t)w->i;
	a->spi = e->keys[w->i].esp_spi;
	memcpy(a->key, e->keys[w->i].cipher_key, sizeof(a->key));
	memcpy(a->auth, e->keys[w->i++].auth_key, sizeof(a->auth));
	return true;
}

int manual_set_apply(struct cli_call *c)
{
	struct cfg_map_entry *e = c->obj;
	const struct p2_transform *t = set_of(c->root, e);
	char why[MANUAL_WHY];

	if (e->n_transforms > 1)
		txt_str(c->out, "% A crypto map entry with manual keys takes one transform set; the entry has none "
				"now.\n\n");
	else if (t && !manual_set_allowed(t, why, sizeof(why)))
		txt_printf(c->out, "%% Manual keys are refused: %s. The entry has no transform set now.\n\n", why);
	else if (t && (!manual_keys_long_enough(t, &e->keys[0], why, sizeof(why)) ||
		       !manual_keys_long_enough(t, &e->keys[1], why, sizeof(why))))
		txt_printf(c->out, "%% Invalid key length: %s. The entry has no transform set now.\n\n", why);
	else
		return 0;
	memset(e->transforms, 0, sizeof(e->transforms));
	e->n_transforms = 0;
	return -EINVAL;
}
