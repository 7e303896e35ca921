/* SPDX-License-Identifier: Apache-2.0 */
#include "control/master_key.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "control/dialog.h"
#include "control/load.h"
#include "crypto/type6.h"
#include "host/log.h"
#include "host/os.h"

static_assert(sizeof(((struct master_keys *)0)->v[0]) == MASTER_KEY_MAX, "bounds of master keys");
static_assert(PSK_MAX == TYPE6_SECRET_MAX && CFG_SEALED_MAX == TYPE6_TEXT_MAX, "bounds of keys");

/* ---- the file ---- */

static int path_of(const char *config, char *out, size_t size)
{
	static const char usual[] = "startup-config";
	const char *slash = strrchr(config, '/');
	const char *base = slash ? slash + 1 : config;
	int n = strcmp(base, usual) ? snprintf(out, size, "%s.master-key", config) :
				      snprintf(out, size, "%.*smaster-key", (int)(base - config), config);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

#define KEYS (sizeof(((struct master_keys *)0)->v) / MASTER_KEY_MAX)

int master_key_read(const char *config, struct master_keys *ret_keys)
{
	char path[PATH_MAX], buf[KEYS * MASTER_KEY_MAX] = "", *at = buf;
	struct stat st;
	int err = path_of(config, path, sizeof(path));
	int fd = err ? -1 : open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	memset(ret_keys, 0, sizeof(*ret_keys));
	if (err || fd < 0)
		return err ? err : errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		err = -EINVAL;
	else if (st.st_mode & 077)
		err = -EPERM;
	ssize_t n = err ? 0 : read(fd, buf, sizeof(buf) - 1);
	if (n < 0)
		err = -errno;
	close(fd);
	for (size_t i = 0; !err && i < KEYS; i++) {
		size_t len = strcspn(at, "\n");

		snprintf(ret_keys->v[i], MASTER_KEY_MAX, "%.*s", (int)(len < MASTER_KEY_MAX ? len : 0), at);
		at += len + (at[len] == '\n');
	}
	secret_wipe(buf, sizeof(buf));
	return err;
}

/* The lines of the file, without an end of the last; none: no file. */
static int write_keys(const struct control *c, const struct master_keys *keys)
{
	char path[PATH_MAX], text[KEYS * MASTER_KEY_MAX] = "";
	int err = path_of(c->opt->config, path, sizeof(path));
	size_t len = 0;

	if (err)
		return err;
	if (!keys->v[0][0])
		return unlink(path) && errno != ENOENT ? -errno : 0;
	for (size_t i = 0; i < KEYS && keys->v[i][0]; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? "\n" : "", keys->v[i]);
	err = file_write(path, text, len);
	secret_wipe(text, sizeof(text));
	return err;
}

void master_key_load(struct control *c)
{
	int err = master_key_read(c->opt->config, &c->masters);

	if (err)
		log_line("CULVERT-3-MASTER_KEY", "the master key is not used: %s",
			 err == -EPERM ? "others may read its file (to do: chmod 600)" : strerror(-err));
}

void master_key_saved(struct control *c)
{
	struct master_keys *all = &c->masters, one = { 0 };
	int err;

	if (!all->v[1][0])
		return;
	memcpy(one.v[0], all->v[0], sizeof(one.v[0]));
	err = write_keys(c, &one);
	if (err)
		log_line("CULVERT-3-MASTER_KEY", "the earlier master key stays in its file: %s", strerror(-err));
	else
		memcpy(all, &one, sizeof(one));
	secret_wipe(&one, sizeof(one));
}

/* ---- every key of a configuration ---- */

struct key_place {
	uint8_t *type;
	char *key, *sealed;
};
/* True if it changed something. */
typedef bool place_fn(struct key_place p, void *ctx);

static bool each_key(struct config *c, place_fn *fn, void *ctx)
{
	bool any = false;

	for (size_t i = 0; i < c->isakmp.keys.n; i++) {
		struct cfg_key *k = c->isakmp.keys.v[i];

		any |= fn((struct key_place){ &k->type, k->key, k->sealed }, ctx);
	}
	for (size_t i = 0; i < c->isakmp.peers.n; i++) {
		struct cfg_isakmp_peer *p = c->isakmp.peers.v[i];

		if (p->key[0] || p->sealed[0])
			any |= fn((struct key_place){ &p->key_type, p->key, p->sealed }, ctx);
	}
	for (size_t i = 0; i < c->keys.n_keyrings; i++)
		for (size_t n = 0; n < c->keys.keyrings[i]->n; n++) {
			struct cfg_key *k = c->keys.keyrings[i]->keys[n];

			any |= fn((struct key_place){ &k->type, k->key, k->sealed }, ctx);
		}
	return any;
}

static bool open_one(struct key_place p, void *ctx)
{
	return *p.type == 6 && !p.key[0] && !type6_decrypt(ctx, p.sealed, p.key);
}

static bool seal(struct key_place p, const char *master)
{
	uint8_t salt[TYPE6_SALT];

	if (getentropy(salt, sizeof(salt)) || type6_encrypt(master, p.key, salt, p.sealed))
		return false;
	*p.type = 6;
	return true;
}

struct rename {
	const char *from, *to;
};

static bool reseal_one(struct key_place p, void *ctx)
{
	const struct rename *r = ctx;

	return open_one(p, (void *)(uintptr_t)r->from) && seal(p, r->to);
}

void master_key_open(struct config *c, const struct master_keys *keys)
{
	if (!keys->v[0][0])
		return;
	each_key(c, open_one, (void *)(uintptr_t)keys->v[0]);
	for (size_t i = 1; i < KEYS && keys->v[i][0]; i++)
		each_key(c, reseal_one, &(struct rename){ keys->v[i], keys->v[0] });
}

static bool seal_clear(struct key_place p, void *ctx)
{
	return *p.type == 0 && seal(p, ctx);
}

static bool seal_again(struct key_place p, void *ctx)
{
	return *p.type == 6 && p.key[0] && seal(p, ctx);
}

/* Without the master key nobody can tell what they are: they must not live on in memory
 * while the file that is saved has lost them. */
static bool forget(struct key_place p, void *ctx)
{
	(void)ctx;
	if (*p.type != 6)
		return false;
	secret_wipe(p.key, PSK_MAX + 1);
	return true;
}

void master_key_follow(struct control *c)
{
	if (!c->config || !c->masters.v[0][0])
		return;
	master_key_open(c->config, &c->masters);
	if (c->config->keys.aes)
		each_key(c->config, seal_clear, c->masters.v[0]);
}

static void changed(struct control *c)
{
	char now[64];

	free(c->changed_at);
	c->changed_at = strdup(host_clock(now));
	apply_soon(c);
}

/* ---- the dialog ---- */

struct master_talk {
	struct dialog d;
	char key[MASTER_KEY_MAX];
};

static void talk_free(struct dialog *d)
{
	secret_free(d, sizeof(struct master_talk));
}

static void set_key(struct exec_io *io, const char *key, bool *ret_error)
{
	struct control *c = io->c;
	struct master_keys new = { 0 };
	int err;

	if (c->masters.v[KEYS - 1][0]) {
		txt_str(io->out, "% The startup configuration may need each of the last master keys: save it "
				 "first (write memory)\n");
		*ret_error = true;
		return;
	}
	snprintf(new.v[0], sizeof(new.v[0]), "%s", key);
	memcpy(new.v[1], c->masters.v[0], sizeof(new) - sizeof(new.v[0]));
	err = write_keys(c, &new);
	if (err) {
		txt_printf(io->out, "%% The master key could not be stored: %s\n", strerror(-err));
		*ret_error = true;
	} else {
		master_key_open(c->config, &c->masters); /* what the old one opens is for the new one */
		each_key(c->config, seal_again, new.v[0]);
		c->masters = new;
		master_key_follow(c);
		changed(c);
	}
	secret_wipe(&new, sizeof(new));
}

static bool good_length(struct exec_io *io, const char *key, bool *ret_error)
{
	size_t n = strlen(key);

	if (n >= MASTER_KEY_MIN && n < MASTER_KEY_MAX)
		return true;
	txt_printf(io->out, "%% A master key has %d to %d characters.\n", MASTER_KEY_MIN, MASTER_KEY_MAX - 1);
	*ret_error = true;
	return false;
}

static void confirmed(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct master_talk *t = (struct master_talk *)(void *)d;

	if (strcmp(t->key, text)) {
		txt_str(io->out, "% The keys are not the same; nothing was changed.\n");
		*ret_error = true;
		return;
	}
	set_key(io, t->key, ret_error);
}

static void got_new(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct master_talk *t = (struct master_talk *)(void *)d;

	if (!good_length(io, text, ret_error))
		return;
	snprintf(t->key, sizeof(t->key), "%s", text);
	dialog_ask_secret(d, "Confirm key: ", confirmed);
}

static void got_old(struct dialog *d, struct exec_io *io, const char *text, bool *ret_error)
{
	struct master_talk *t = (struct master_talk *)(void *)d;
	const char *master = io->c->masters.v[0];

	if (strlen(text) != strlen(master) || !secret_equal(text, master, strlen(master))) {
		txt_str(io->out, "% That is not the old key; nothing was changed.\n");
		*ret_error = true;
		return;
	}
	if (t->key[0]) /* the new one was in the line */
		set_key(io, t->key, ret_error);
	else
		dialog_ask_secret(d, "New key: ", got_new);
}

static void drop(struct dialog *d, struct exec_io *io, bool yes, bool *ret_error)
{
	static const struct master_keys none;
	int err = yes ? write_keys(io->c, &none) : 0;

	(void)d;
	if (err) {
		txt_printf(io->out, "%% The master key could not be removed: %s\n", strerror(-err));
		*ret_error = true;
	} else if (yes) {
		secret_wipe(&io->c->masters, sizeof(io->c->masters));
		each_key(io->c->config, forget, NULL);
		changed(io->c);
	}
}

void master_key_cmd(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error)
{
	struct master_talk *t;

	if (action == EXEC_MASTER_DROP && !io->c->masters.v[0][0])
		return;
	if (action == EXEC_MASTER_KEY && a->text[0] && !good_length(io, a->text, ret_error))
		return;
	if (action == EXEC_MASTER_KEY && a->text[0] && !io->c->masters.v[0][0]) {
		set_key(io, a->text, ret_error);
		return;
	}
	t = calloc(1, sizeof(*t));
	if (!t) {
		txt_str(io->out, "% Low on memory; try again later\n");
		*ret_error = true;
		return;
	}
	t->d.free = talk_free;
	if (action == EXEC_MASTER_DROP) {
		txt_str(io->out, "WARNING: All type 6 encrypted keys will become unusable\n");
		dialog_ask_yes(&t->d, "Continue with master key deletion ? [yes/no]: ", false, drop);
	} else {
		snprintf(t->key, sizeof(t->key), "%.*s", MASTER_KEY_MAX - 1, a->text); /* its length is good */
		dialog_ask_secret(&t->d, io->c->masters.v[0][0] ? "Old key: " : "New key: ",
				io->c->masters.v[0][0] ? got_old : got_new);
	}
	session_set_dialog(io->s, &t->d);
}
