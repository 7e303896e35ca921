/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"

#define FILE_LIMIT 16384
#define NAME_BUF   256
#define SUFFIX	   ".key"

static const char *const usages[PKI_USAGES] = { "general", "signature", "encryption" };

struct pki_store {
	struct pki *p;
	char dir[PATH_MAX];
	struct pki_pair v[PKI_STORE_MAX];
	size_t n;
};

bool pki_label_ok(const char *label)
{
	size_t n = strnlen(label, PKI_LABEL_MAX);

	for (size_t i = 0; i < n; i++)
		if (label[i] <= ' ' || label[i] > '~')
			return false;
	return n && n < PKI_LABEL_MAX;
}

/* A label may hold `/`; its file's name holds letters, digits, `-`, `_` and %XX. */
static void file_safe(const char *label, struct txt *out)
{
	for (const char *p = label; *p; p++)
		if ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
		    (*p >= 'A' && *p <= 'Z') || *p == '-' || *p == '_')
			txt_char(out, *p);
		else
			txt_printf(out, "%%%02X", (unsigned char)*p);
}

static void file_name(const char *label, unsigned usage, const char *end, char out[NAME_BUF])
{
	struct txt t = TXT_INIT;

	file_safe(label, &t);
	snprintf(out, NAME_BUF, "%s.%s%s", txt_cstr(&t), usages[usage], end);
	txt_fini(&t);
}

/* ---- reading ---- */

/* A regular file of ours that nobody else may read, whole. */
static int read_file(int dir, const char *name, char buf[FILE_LIMIT], size_t *ret_len)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	size_t len = 0;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode) || (st.st_mode & 0077))
		err = -EPERM;
	while (!err && len < FILE_LIMIT - 1) {
		ssize_t n = read(fd, buf + len, FILE_LIMIT - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	buf[len] = '\0';
	*ret_len = len;
	return err;
}

/* The value behind `word: ` on a line of its own; false. */
static bool header(const char *text, const char *word, char *out, size_t size)
{
	size_t n = strlen(word);

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, "-----", 5))
			return false;
		if (strncmp(p, word, n) || strncmp(p + n, ": ", 2))
			continue;
		snprintf(out, size, "%.*s", (int)strcspn(p + n + 2, "\n"), p + n + 2);
		return true;
	}
	return false;
}

static int parse_file(struct pki *p, const char *text, size_t len, struct pki_pair *pair)
{
	char usage[32], word[32];
	int err;

	if (!header(text, "label", pair->label, sizeof(pair->label)) ||
	    !pki_label_ok(pair->label) || !header(text, "usage", usage, sizeof(usage)))
		return -EBADMSG;
	while (pair->usage < PKI_USAGES && strcmp(usages[pair->usage], usage))
		pair->usage++;
	if (pair->usage == PKI_USAGES)
		return -EBADMSG;
	pair->exportable = header(text, "exportable", word, sizeof(word)) && !strcmp(word, "yes");
	pair->made_sec = header(text, "made", word, sizeof(word)) ? strtoll(word, NULL, 10) : 0;
	err = pki_key_from_pem(p, span_of(text, len), NULL, &pair->key);
	if (!err && !pki_key_is_private(pair->key)) {
		pki_key_free(pair->key);
		err = -EBADMSG;
	}
	return err;
}

static void load(struct pki_store *s, int dir, const char *name, struct txt *said)
{
	struct pki_pair pair = { 0 };
	char text[FILE_LIMIT];
	size_t len = 0;
	int err = s->n == PKI_STORE_MAX ? -E2BIG : read_file(dir, name, text, &len);

	if (!err)
		err = parse_file(s->p, text, len, &pair);
	secret_wipe(text, sizeof(text));
	if (!err)
		s->v[s->n++] = pair;
	else
		txt_printf(said, "%s/%s: %s\n", s->dir, name,
			   err == -EPERM   ? "others may read it, so it is not used" :
			   err == -EBADMSG ? "no key pair" :
					     strerror(-err));
}

static int by_age(const void *a, const void *b)
{
	const struct pki_pair *x = a, *y = b;

	if (x->made_sec != y->made_sec)
		return x->made_sec < y->made_sec ? -1 : 1;
	return strcmp(x->label, y->label) ? strcmp(x->label, y->label) : x->usage - y->usage;
}

struct pki_store *pki_store_open(struct pki *p, const char *dir, struct txt *said)
{
	struct pki_store *s = calloc(1, sizeof(*s));
	DIR *d;

	if (!s)
		return NULL;
	s->p = p;
	snprintf(s->dir, sizeof(s->dir), "%s", dir);
	d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		size_t n = strlen(e->d_name);

		if (n > strlen(SUFFIX) && !strcmp(e->d_name + n - strlen(SUFFIX), SUFFIX))
			load(s, dirfd(d), e->d_name, said);
	}
	if (d)
		closedir(d);
	qsort(s->v, s->n, sizeof(s->v[0]), by_age);
	return s;
}

void pki_store_close(struct pki_store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		pki_key_free(s->v[i].key);
	free(s);
}

/* ---- CRLs ---- */

static int read_crl(int fd, struct txt *out)
{
	char buf[16384];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		txt_mem(out, buf, (size_t)n);
		if (out->len > 2 * PKI_CRL_BYTES) /* PEM is longer */
			return -E2BIG;
	}
	return out->bad ? -ENOMEM : 0;
}

int pki_store_crl(const struct pki_store *s, const char *trustpoint, struct txt *out_der)
{
	struct txt name = TXT_INIT, text = TXT_INIT;
	int fd, err;

	txt_printf(&name, "%s/", s->dir);
	file_safe(trustpoint, &name);
	txt_str(&name, ".crl");
	fd = open(txt_cstr(&name), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	err = fd < 0 ? -errno : read_crl(fd, &text);
	if (fd >= 0)
		close(fd);
	if (!err && text.len > 5 && !memcmp(text.s, "-----", 5)) {
		err = pki_base64_decode(text.s, text.len, PKI_CRL_BYTES, out_der);
	} else if (!err) {
		err = text.len > PKI_CRL_BYTES ? -E2BIG : 0;
		if (!err)
			txt_mem(out_der, text.s, text.len);
	}
	txt_fini(&name);
	txt_fini(&text);
	return err;
}

/* ---- asking ---- */

const struct pki_pair *pki_store_get(const struct pki_store *s, size_t i)
{
	return i < s->n ? &s->v[i] : NULL;
}

const struct pki_pair *pki_store_find(const struct pki_store *s, const char *label,
				      enum pki_usage usage)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].label, label) &&
		    (s->v[i].usage == usage || s->v[i].usage == PKI_USAGE_GENERAL))
			return &s->v[i];
	return NULL;
}

bool pki_store_has(const struct pki_store *s, const char *label)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].label, label))
			return true;
	return false;
}

/* ---- writing ---- */

static int write_all(int fd, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, text + at, len - at);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Under a temporary name, which is neither followed nor written into if it is
 * there; then in place of the old one. */
static int replace(int dir, const char *name, const char *tmp, const char *text, size_t len)
{
	int err, fd;

	if (unlinkat(dir, tmp, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text, len);
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && renameat(dir, tmp, dir, name) < 0)
		err = -errno;
	if (err)
		(void)unlinkat(dir, tmp, 0);
	else
		(void)fsync(dir);
	return err;
}

static int open_dir(const struct pki_store *s, bool make)
{
	int dir;

	if (make && mkdir(s->dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	dir = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -errno : dir;
}

static int save(const struct pki_store *s, const struct pki_pair *pair)
{
	char name[NAME_BUF], tmp[NAME_BUF];
	struct txt text = TXT_INIT;
	int dir = open_dir(s, true), err = dir < 0 ? dir : 0;

	file_name(pair->label, pair->usage, SUFFIX, name);
	file_name(pair->label, pair->usage, ".new", tmp);
	txt_printf(&text, "label: %s\nusage: %s\nexportable: %s\nmade: %" PRId64 "\n", pair->label,
		   usages[pair->usage], pair->exportable ? "yes" : "no", pair->made_sec);
	if (!err)
		err = pki_key_to_pem(s->p, pair->key, NULL, NULL, &text);
	if (!err)
		err = replace(dir, name, tmp, text.s, text.len);
	if (text.s)
		secret_wipe(text.s, text.cap);
	txt_fini(&text);
	if (dir >= 0)
		close(dir);
	return err;
}

int pki_store_put(struct pki_store *s, const char *label, enum pki_usage usage, bool exportable,
		  int64_t made_sec, struct pki_key *key)
{
	struct pki_pair pair = { .usage = (uint8_t)usage, .exportable = exportable,
				 .made_sec = made_sec, .key = key };
	size_t at = 0;
	int err = 0;

	while (at < s->n && (strcmp(s->v[at].label, label) || s->v[at].usage != usage))
		at++;
	if (!pki_label_ok(label) || !pki_key_is_private(key))
		err = -EINVAL;
	else if (at == PKI_STORE_MAX)
		err = -ENOSPC;
	if (!err) {
		memcpy(pair.label, label, strlen(label) + 1);
		err = save(s, &pair);
	}
	if (err) {
		pki_key_free(key);
		return err;
	}
	if (at < s->n) {
		pki_key_free(s->v[at].key);
		memmove(&s->v[at], &s->v[at + 1], (s->n - at - 1) * sizeof(s->v[0]));
		s->n--;
	}
	s->v[s->n++] = pair;
	return 0;
}

/* Zeros over the bytes first; what the disk keeps of them is out of reach. */
static void erase(int dir, const struct pki_pair *pair)
{
	static const char zeros[4096];
	char name[NAME_BUF];
	struct stat st;
	int fd;

	file_name(pair->label, pair->usage, SUFFIX, name);
	fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_LIMIT)
			for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(zeros))
				if (write(fd, zeros, sizeof(zeros)) < 0)
					break;
		(void)fsync(fd);
		close(fd);
	}
	(void)unlinkat(dir, name, 0);
}

int pki_store_zeroize(struct pki_store *s, const char *label)
{
	int dir = open_dir(s, false);
	bool any = false;

	for (size_t i = 0; i < s->n;) {
		if (strcmp(s->v[i].label, label)) {
			i++;
			continue;
		}
		any = true;
		if (dir >= 0)
			erase(dir, &s->v[i]);
		pki_key_free(s->v[i].key);
		memmove(&s->v[i], &s->v[i + 1], (s->n - i - 1) * sizeof(s->v[0]));
		s->n--;
	}
	if (dir >= 0) {
		(void)fsync(dir);
		close(dir);
	}
	return any ? 0 : -ENOENT;
}
