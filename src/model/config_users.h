/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what at the command line, as configured; part of struct config. Elements are
 * allocated one by one and keep their address until they are removed. Use config.h. */
#ifndef MODEL_CONFIG_USERS_H
#define MODEL_CONFIG_USERS_H

#define CFG_SECRET_MAX	  192 /* of its text, with the NUL */
#define CFG_MAX_USERS	  256
#define CFG_MAX_LINES	  64
#define CFG_MAX_PRIVILEGES 64
#define CFG_LEVEL_MAX	  15
#define CFG_LINE_TIMEOUT_MIN 10

/* As IOS numbers them. */
enum cfg_secret_type {
	SECRET_PLAIN = 0,
	SECRET_MD5 = 5,	   /* md5crypt: $1$ */
	SECRET_TYPE7 = 7,  /* readable for everybody who knows how */
	SECRET_PBKDF2 = 8, /* PBKDF2 with SHA-256: $8$ */
	SECRET_SCRYPT = 9, /* $9$ */
};
struct cfg_secret {
	bool set;
	/* `secret`: only its hash is to stay, so that one in clear still is to be hashed, as `want`
	 * (MD5, PBKDF2 or SCRYPT) says; else `password`, whose text can be read */
	bool hashed;
	uint8_t type, want;
	char text[CFG_SECRET_MAX];
};

struct cfg_enable {
	struct cfg_secret secret[CFG_LEVEL_MAX + 1], password[CFG_LEVEL_MAX + 1]; /* by level; 0: none */
};

struct cfg_user {
	char name[CFG_NAME_MAX];
	uint8_t privilege; /* plus one; 0: not said */
	bool nopassword;
	struct cfg_secret secret; /* or password */
};

enum cfg_line_kind { LINE_CON = 0, LINE_AUX, LINE_TTY, LINE_VTY };
enum cfg_line_login { LOGIN_NO = 0, LOGIN_UNSAID, LOGIN_PASSWORD, LOGIN_LOCAL };
/* `line KIND FIRST [LAST]`. Where ranges overlap, what a later one says is in force. */
struct cfg_line {
	uint8_t kind; /* enum cfg_line_kind */
	uint16_t first, last;
	uint8_t login; /* enum cfg_line_login */
	struct cfg_secret password;
	uint32_t timeout_min, timeout_sec; /* exec-timeout; both 0: none */
	/* plus one; 0: not said */
	uint8_t privilege;
	uint16_t length, width, history;
	kept_list kept;
};

enum cfg_privilege_mode {
	PRIVILEGE_EXEC = 1,
	PRIVILEGE_CONFIGURE,
	PRIVILEGE_INTERFACE,
	PRIVILEGE_LINE,
	PRIVILEGE_CRYPTO_MAP,
	PRIVILEGE_TRANSFORM,
	PRIVILEGE_POLICY,
	PRIVILEGE_EXT_ACL,
	PRIVILEGE_STD_ACL,
};
/* `privilege MODE level N COMMAND`. */
struct cfg_privilege {
	uint8_t mode; /* enum cfg_privilege_mode */
	bool all;     /* only printed: what begins with the command has the level in any case */
	uint8_t level;
	char text[CFG_DESC_MAX];
};

struct cfg_users {
	bool encrypt; /* service password-encryption */
	struct cfg_enable *enable; /* NULL: none */
	CFG_LIST_OF(struct cfg_user) list;	     /* as configured */
	CFG_LIST_OF(struct cfg_line) lines;	     /* by kind, then as configured */
	CFG_LIST_OF(struct cfg_privilege) privileges; /* as configured */
};

extern const struct cfg_line cfg_line_defaults;

/* NULL: not there. */
struct cfg_user *users_find(const struct cfg_users *u, const char *name);
struct cfg_line *users_find_line(const struct cfg_users *u, uint8_t kind, uint16_t first, uint16_t last);
struct cfg_privilege *users_find_privilege(const struct cfg_users *u, uint8_t mode, const char *text);
/* The one that is there, or a new one; NULL: there are as many as may be, or no memory. */
struct cfg_user *users_add(struct cfg_users *u, const char *name);
struct cfg_line *users_add_line(struct cfg_users *u, uint8_t kind, uint16_t first, uint16_t last);
struct cfg_privilege *users_add_privilege(struct cfg_users *u, uint8_t mode, const char *text);
struct cfg_enable *users_add_enable(struct cfg_users *u);
void users_del(struct cfg_users *u, struct cfg_user *user);
void users_del_line(struct cfg_users *u, struct cfg_line *line);
void users_del_privilege(struct cfg_users *u, struct cfg_privilege *p);
/* What `enable LEVEL` asks for: that level's secret, or its password; NULL: none. */
const struct cfg_secret *users_enable_secret(const struct cfg_users *u, unsigned level);
/* What is in force on one line; its list of kept lines is empty. */
void users_line(const struct cfg_users *u, uint8_t kind, unsigned number, struct cfg_line *ret_line);
/* Every secret and password. */
void users_each_secret(struct cfg_users *u, void (*fn)(struct cfg_secret *s, void *ctx), void *ctx);

/* Type 7: a well-known permutation. False: the text is none, or the result does not fit.
 * Encoded, the seed (0 to 15) follows from the text: nobody is kept from anything by it. */
bool type7_decode(const char *text, char ret_clear[CFG_SECRET_MAX]);
bool type7_encode(const char *clear, char ret_text[CFG_SECRET_MAX]);
/* Passwords in clear become type 7, as `service password-encryption` has it. */
void users_encrypt(struct cfg_users *u);
/* $5$ and the like: the shape that the type has. */
bool secret_is_well_formed(uint8_t type, const char *text);

bool cfg_users_equal(const struct cfg_users *a, const struct cfg_users *b);
/* 0 or -ENOMEM; to is zeroed, and cfg_users_fini() cleans up. */
int cfg_users_clone(const struct cfg_users *from, struct cfg_users *to);
void cfg_users_fini(struct cfg_users *u); /* wipes */

#endif
