/* SPDX-License-Identifier: Apache-2.0 */
/* `enable secret`, `username`, and how secrets are written. */
#include "commands/users.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/secret.h"

#define IN_CONFIG CLI_IN(M_CONFIG)

static struct cfg_users *users_of(const struct cli_call *c)
{
	return &((struct config *)c->root)->users;
}

static const struct cfg_users *users_in(const void *root)
{
	return &((const struct config *)root)->users;
}

/* ---- secrets ---- */

const struct cli_name secret_algorithms[] = {
	{ "md5", "Encode the password using the MD5 algorithm", SECRET_MD5 },
	{ "scrypt", "Encode the password using the SCRYPT hashing algorithm", SECRET_SCRYPT },
	{ "sha256", "Encode the password using the PBKDF2 hashing algorithm", SECRET_PBKDF2 },
	{ NULL, NULL, 0 },
};

static void note_type(const struct cli_call *c, const struct cfg_secret *s)
{
	unsigned type = s->hashed && s->type == SECRET_PLAIN ? s->want : s->type;

	if (!secret_is_well_formed(s->type, s->text))
		txt_printf(c->out, "%% NOTE: this is no secret of type %u: nobody can log in with it.\n",
			   (unsigned)s->type);
	if (c->number) /* of a file `culvert check` says the rest */
		return;
	if (type == SECRET_MD5)
		txt_str(c->out, "% NOTE: type 5 (MD5) is weak: whoever sees the line can try a billion "
				"passwords a day.\n  Type 9, the default of `secret`, withstands that.\n");
	else if (type == SECRET_TYPE7 || type == SECRET_PLAIN)
		txt_printf(c->out, "%% NOTE: type %u is weak: whoever sees the line has the password. Use "
				   "`secret`.\n", type);
}

void secret_take(const struct cli_call *c, const struct secret_args *a, bool hashed,
		 struct cfg_secret *ret_s)
{
	struct cfg_secret s = { .set = true, .hashed = hashed };

	s.type = a->typed ? (uint8_t)(a->typed - 1) : SECRET_PLAIN;
	if (hashed)
		s.want = a->algorithm ? a->algorithm : SECRET_SCRYPT;
	memcpy(s.text, a->text, sizeof(s.text));
	note_type(c, &s);
	if (!hashed && s.type == SECRET_PLAIN && users_of(c)->encrypt && type7_encode(a->text, s.text))
		s.type = SECRET_TYPE7;
	secret_wipe(ret_s, sizeof(*ret_s));
	*ret_s = s;
	secret_wipe(&s, sizeof(s));
}

void secret_give(const struct cfg_secret *s, bool plainly, struct secret_args *ret_a)
{
	/* a word that could be read as a type or as `level` needs the type before it */
	plainly &= s->type == SECRET_PLAIN && !isdigit((unsigned char)s->text[0]) &&
		   strncasecmp(s->text, "level", strcspn(s->text, " ")) != 0;
	memset(ret_a, 0, sizeof(*ret_a));
	ret_a->typed = plainly ? 0 : (uint8_t)(s->type + 1);
	memcpy(ret_a->text, s->text, sizeof(ret_a->text));
	if (s->hashed && s->type == SECRET_PLAIN && s->want != SECRET_SCRYPT)
		ret_a->algorithm = s->want; /* still to be hashed, and so */
}

int password_encryption_apply(struct cli_call *c)
{
	if (c->op == CLI_SET)
		users_encrypt(users_of(c));
	return 0;
}

/* ---- enable ---- */

struct enable_args {
	uint8_t level; /* 0: 15 */
	struct secret_args s;
};

static int enable_take(struct cli_call *c, bool hashed)
{
	const struct enable_args *a = c->args;
	struct cfg_enable *e = c->op == CLI_SET ? users_add_enable(users_of(c)) : users_of(c)->enable;
	unsigned level = a->level ? a->level : CFG_LEVEL_MAX;

	if (!e)
		return c->op == CLI_SET ? -ENOMEM : 0;
	struct cfg_secret *s = hashed ? &e->secret[level] : &e->password[level];

	if (c->op == CLI_SET)
		secret_take(c, &a->s, hashed, s);
	else
		secret_wipe(s, sizeof(*s));
	return 0;
}

static int enable_secret_apply(struct cli_call *c)
{
	return enable_take(c, true);
}

static int enable_password_apply(struct cli_call *c)
{
	return enable_take(c, false);
}

/* The next level below 15 whose secret is set, or (levels false) 15 alone. */
static bool enable_next(const void *root, struct cli_walk *w, bool hashed, bool levels,
			struct enable_args *a)
{
	const struct cfg_enable *e = users_in(root)->enable;
	size_t at = levels ? 0 : CFG_LEVEL_MAX, end = levels ? CFG_LEVEL_MAX : CFG_LEVEL_MAX + 1;

	for (at += w->i; e && at < end; at++) {
		const struct cfg_secret *s = hashed ? &e->secret[at] : &e->password[at];

		w->i++;
		if (!s->set)
			continue;
		a->level = levels ? (uint8_t)at : 0;
		secret_give(s, !hashed, &a->s);
		return true;
	}
	return false;
}

#define ENABLE_EACH(name_, hashed_, levels_)                                                  \
	static bool name_(const void *root, const void *obj, struct cli_walk *w, void *args,    \
			  const void **ret_obj)                                                 \
	{                                                                                       \
		(void)obj;                                                                      \
		(void)ret_obj;                                                                  \
		return enable_next(root, w, hashed_, levels_, args);                            \
	}
ENABLE_EACH(secret_each, true, false)
ENABLE_EACH(secret_level_each, true, true)
ENABLE_EACH(password_each, false, false)
ENABLE_EACH(password_level_each, false, true)

#define ENABLE KW("enable", "Modify enable password parameters")
#define AT_E struct enable_args, s
#define ENABLE_SECRET \
	ENABLE, ALGORITHM_TOKS(struct enable_args, s), \
		KWF("secret", "Assign the privileged level secret", .flags = CLI_TAIL)
#define ENABLE_PASSWORD ENABLE, KW("password", "Assign the privileged level password")
#define LEVEL                                                                                  \
	KW("level", "Set exec level password"),                                                 \
		NUMF(1, 15, "Level number", struct enable_args, level, .flags = CLI_TAIL)
#define ENABLE_ROW(flags_, apply_, each_, ...)                                                  \
	{ .modes = IN_CONFIG, .flags = (flags_), .args_size = sizeof(struct enable_args), .apply = (apply_),      \
	  .each = (each_), .toks = TOKS(__VA_ARGS__) }
#define SECRET_HELP   "The UNENCRYPTED (cleartext) 'enable' secret"
#define PASSWORD_HELP "The UNENCRYPTED (cleartext) 'enable' password"

const struct cli_row rows_enable[] = {
	ENABLE_ROW(ROW_JOINS, enable_secret_apply, secret_level_each, ENABLE_SECRET, LEVEL,
		   SECRET_TOKS(SECRET_HELP, struct enable_args, s)),
	ENABLE_ROW(0, enable_secret_apply, secret_each, ENABLE_SECRET,
		   SECRET_TOKS(SECRET_HELP, struct enable_args, s)),
	ENABLE_ROW(0, enable_password_apply, password_level_each, ENABLE_PASSWORD, LEVEL,
		   PASSWORD_TOKS(PASSWORD_HELP, struct enable_args, s)),
	ENABLE_ROW(0, enable_password_apply, password_each, ENABLE_PASSWORD,
		   PASSWORD_TOKS(PASSWORD_HELP, struct enable_args, s)),
	{ .toks = NULL },
};

/* ---- username ---- */

enum user_word { USER_SECRET = 1, USER_PASSWORD };
struct user_args {
	char name[CFG_NAME_MAX];
	uint8_t privilege; /* plus one */
	uint8_t word;	   /* enum user_word */
	bool nopassword;
	struct secret_args s;
};

/* A user has one of them. */
static bool has_other(const struct cfg_user *u, const struct user_args *a, struct txt *out)
{
	bool other = u && u->secret.set && a->word && u->secret.hashed != (a->word == USER_SECRET);

	if (other)
		txt_str(out, "ERROR: Can not have both a user password and a user secret.\n"
			     "Please choose one or the other.\n");
	return other;
}

/* Lines that were refused beside a secret or password which is gone: kept, they would be taken at the next start. */
static void withdraw_refused(struct config *c, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < c->kept.n;) {
		const struct kept_line *k = c->kept.v[i];
		const char *at = k->text;
		size_t word = strcspn(at, " \t");

		at += word + strspn(at + word, " \t");
		if (k->kind == KEPT_CONFLICT && word && !strncasecmp(k->text, "username", word) && !strncmp(at, name, n) &&
		    (!at[n] || strchr(" \t", at[n])))
			kept_del(&c->kept, i);
		else
			i++;
	}
}

static int user_apply(struct cli_call *c)
{
	const struct user_args *a = c->args;
	struct cfg_user *u = users_find(users_of(c), a->name);

	if (c->op != CLI_SET) {
		if (u)
			users_del(users_of(c), u);
		return 0;
	}
	if (!u && users_of(c)->list.n == CFG_MAX_USERS) {
		txt_printf(c->out, "%% At most %d users.\n", CFG_MAX_USERS);
		return -EEXIST;
	}
	if (has_other(u, a, c->out))
		return -EEXIST;
	u = users_add(users_of(c), a->name);
	if (!u)
		return -ENOMEM;
	if (a->privilege)
		u->privilege = a->privilege;
	if (a->word) {
		secret_take(c, &a->s, a->word == USER_SECRET, &u->secret);
		u->nopassword = false;
	} else if (a->nopassword) {
		secret_wipe(&u->secret, sizeof(u->secret));
		u->nopassword = true;
		withdraw_refused(c->root, a->name);
	}
	return 0;
}

static bool user_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct cfg_users *users = users_in(root);
	struct user_args *a = args;

	(void)obj;
	(void)ret_obj;
	if (w->i == users->list.n)
		return false;
	const struct cfg_user *u = users->list.v[w->i++];

	memcpy(a->name, u->name, sizeof(a->name));
	a->privilege = u->privilege;
	a->nopassword = u->nopassword;
	if (u->secret.set) {
		a->word = u->secret.hashed ? USER_SECRET : USER_PASSWORD;
		secret_give(&u->secret, false, &a->s);
	}
	return true;
}

/* What IOS has beside that, and this router only keeps. */
static const struct cli_name other_words[] = {
	{ "access-class", "Restrict access by access-class", 0 },
	{ "autocommand", "Automatically issue a command after the user logs in", 0 },
	{ "callback-dialstring", "Callback dialstring", 0 },
	{ "callback-line", "Associate a specific line with this callback", 0 },
	{ "callback-rotary", "Associate a rotary group with this callback", 0 },
	{ "common-criteria-policy", "Enter the common-criteria policy name", 0 },
	{ "dnis", "Do not require password when obtained via DNIS", 0 },
	{ "mac", "This entry is for MAC Filtering where username=mac", 0 },
	{ "nocallback-verify", "Do not require authentication after callback", 0 },
	{ "noescape", "Prevent the user from using an escape character", 0 },
	{ "nohangup", "Do not disconnect after an automatic command", 0 },
	{ "one-time", "Specify that the username/password is valid for only one time", 0 },
	{ "serial-number", "Get the serial number", 0 },
	{ "user-maxlinks", "Limit the user's number of inbound links", 0 },
	{ "view", "Set view name", 0 },
	{ NULL, NULL, 0 },
};

#define USERNAME KW("username", "Establish User Name Authentication")

const struct cli_row rows_usernames[] = {
	{ .modes = IN_CONFIG, .args_size = sizeof(struct user_args), .apply = user_apply, .each = user_each,
	  .toks = TOKS(USERNAME, WORDF("User name", struct user_args, name, .flags = CLI_TAIL), OPT,
		       KW("privilege", "Set user privilege level"),
		       { .kind = CLI_ARG, .type = &arg_plus1, .lo = 0, .hi = 15,
			 .help = "User privilege level", CLI_AT(struct user_args, privilege) }, CLOSE,
		       OPT, ALGORITHM_TOKS(struct user_args, s),
		       KWV("secret", "Specify the secret for the user", struct user_args, word, USER_SECRET),
		       SECRET_TOKS("The UNENCRYPTED (cleartext) user secret", struct user_args, s), OR,
		       KWV("password", "Specify the password for the user", struct user_args, word,
			   USER_PASSWORD),
		       PASSWORD_TOKS("The UNENCRYPTED (cleartext) user password", struct user_args, s), OR,
		       KWV("nopassword", "No password is required for the user to log in",
			   struct user_args, nopassword, 1), CLOSE) },
	KEPT(IN_CONFIG, ROW_KEEP_MANY | ROW_FULL, USERNAME,
	     { .kind = CLI_ARG, .type = &cli_word, .help = "User name" },
	     { .kind = CLI_NAMES, .names = other_words }, REST_SECRET),
	{ .toks = NULL },
};
