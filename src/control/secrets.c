/* SPDX-License-Identifier: Apache-2.0 */
/* What must not be seen of a configuration, as it is to be kept. */
#include "base/secret.h"
#include "control/login.h"
#include "control/master_key.h"
#include "control/secret_hash.h"
#include "host/log.h"
#include "host/os.h"

/* One of these takes the event loop some 15 ms, for each such line that somebody types. */
static void hash(struct cfg_secret *s, void *ctx)
{
	uint8_t random[SECRET_SALT_RANDOM];
	char text[CFG_SECRET_MAX];
	int *err = ctx;

	if (!s->set || !s->hashed || s->type != SECRET_PLAIN)
		return;
	host_random(NULL, random, sizeof(random));
	*err = secret_hash(s->want, s->text, random, text);
	if (*err)
		return;
	memcpy(s->text, text, sizeof(text));
	s->type = s->want;
}

void secrets_follow(struct control *c)
{
	int err = 0;

	master_key_follow(c);
	if (!c->config)
		return;
	users_each_secret(&c->config->users, hash, &err);
	if (err)
		log_line("CULVERT-3-SECRET", "a secret could not be hashed: it is kept in clear");
}
