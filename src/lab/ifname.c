/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/ifname.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The first two letters are what IOS prints in `show ip interface brief`. */
static const struct type {
	const char *name;
	const char *dev; /* NULL: made by the configuration, never by a link */
} types[] = {
	{ "Ethernet", "et" },
	{ "FastEthernet", "fa" },
	{ "GigabitEthernet", "gi" },
	{ "TenGigabitEthernet", "te" },
	{ "FortyGigabitEthernet", "fo" },
	{ "HundredGigE", "hu" },
	{ "Serial", "se" },
	{ "Loopback", NULL },
	{ "Tunnel", NULL },
	{ "Dialer", NULL },
	{ "BVI", NULL },
	{ "Vlan", NULL },
	{ "Port-channel", NULL },
};

#define N_TYPES (sizeof(types) / sizeof(types[0]))

static const struct type *type_find(const char *word, size_t len, struct txt *why)
{
	const struct type *found = NULL;

	for (size_t i = 0; i < N_TYPES; i++) {
		if (strncasecmp(types[i].name, word, len) != 0)
			continue;
		if (strlen(types[i].name) == len)
			return &types[i];
		if (found) {
			txt_printf(why, "'%.*s' is short for both %s and %s", (int)len, word,
				   found->name, types[i].name);
			return NULL;
		}
		found = &types[i];
	}
	if (!found)
		txt_printf(why, "'%.*s' is no interface type that a lab can link", (int)len, word);
	return found;
}

/* Digits, then any number of slash and digits: 0, 0/1, 0/0/0. */
static bool unit_ok(const char *s)
{
	for (;;) {
		if (!isdigit((unsigned char)*s))
			return false;
		while (isdigit((unsigned char)*s))
			s++;
		if (*s == '\0')
			return true;
		if (*s++ != '/')
			return false;
	}
}

static int of_ios(const struct type *t, const char *unit, const char *name, struct ifname *ret_i,
		  struct txt *why)
{
	struct ifname i = { .is_ios = true };

	if (!t->dev) {
		txt_printf(why, "a link cannot end in %s: the configuration makes it", name);
		return -EINVAL;
	}
	if (!unit_ok(unit)) {
		txt_printf(why, "'%s' is no interface number (like 0 or 0/1) in '%s'", unit, name);
		return -EINVAL;
	}
	int n_ios = snprintf(i.ios, sizeof(i.ios), "%s%s", t->name, unit);
	int n_dev = snprintf(i.dev, sizeof(i.dev), "%s%s", t->dev, unit);

	if (n_ios >= (int)sizeof(i.ios) || n_dev >= (int)sizeof(i.dev)) {
		txt_printf(why, "'%s' is too long for a Linux device", name);
		return -EINVAL;
	}
	for (char *c = i.dev; *c; c++)
		if (*c == '/')
			*c = '-';
	*ret_i = i;
	return 0;
}

int ifname_of_host(const char *name, struct ifname *ret_i, struct txt *why)
{
	static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-";
	struct ifname i = { .is_ios = false };
	size_t len = strlen(name);

	if (len == 0) {
		txt_str(why, "the interface name is empty");
		return -EINVAL;
	}
	if (len >= IFNAME_DEV) {
		txt_printf(why, "'%s' is no device name: Linux allows 15 characters", name);
		return -EINVAL;
	}
	if (strspn(name, legal) != len || !isalnum((unsigned char)name[0])) {
		txt_printf(why,
			   "'%s' is no device name: a letter or digit, then letters, digits, "
			   "'.', '_' and '-'",
			   name);
		return -EINVAL;
	}
	if (!strcmp(name, "lo") || !strcmp(name, "all") || !strcmp(name, "default")) {
		txt_printf(why, "'%s' is taken by the kernel in every namespace", name);
		return -EINVAL;
	}
	snprintf(i.ios, sizeof(i.ios), "%s", name);
	snprintf(i.dev, sizeof(i.dev), "%s", name);
	*ret_i = i;
	return 0;
}

int ifname_of_router(const char *name, struct ifname *ret_i, struct txt *why)
{
	size_t word = 0;

	while (isalpha((unsigned char)name[word]) || (word > 0 && name[word] == '-'))
		word++;
	/* eth1 is a device and not short for Ethernet1: without a slash only
	 * the whole word makes it IOS. */
	if (!strchr(name, '/')) {
		const struct type *t = NULL;

		for (size_t i = 0; i < N_TYPES; i++)
			if (strlen(types[i].name) == word && !strncasecmp(types[i].name, name, word))
				t = &types[i];
		if (!t)
			return ifname_of_host(name, ret_i, why);
		return of_ios(t, name + word, name, ret_i, why);
	}
	if (word == 0) {
		txt_printf(why, "'%s' begins with no interface type", name);
		return -EINVAL;
	}
	const struct type *t = type_find(name, word, why);

	return t ? of_ios(t, name + word, name, ret_i, why) : -EINVAL;
}
