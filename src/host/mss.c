/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mss.h"

#include <errno.h>

#include "base/hash.h"
#include "host/nft.h"
#include "host/nft_text.h"

/* The counter is there to be asked for: is our table? */
static bool is_there(enum ip_family f)
{
	uint64_t packets, bytes;

	return nft_counter(f, "culvert_mss", "there", &packets, &bytes) == 0;
}

static bool has6(const struct mss_if *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].mss6)
			return true;
	return false;
}

static void put_table(const struct mss_if *v, size_t n, enum ip_family f, struct txt *t)
{
	txt_printf(t,
		   "table %s culvert_mss {\n"
		   "\tcomment \"made by culvert; removed when it stops orderly\"\n"
		   "\tcounter there {\n\t}\n"
		   "\tchain forward {\n\t\ttype filter hook forward priority mangle;\n",
		   nft_text_ip(f));
	for (size_t i = 0; i < n; i++) {
		unsigned mss = f == IP_V6 ? v[i].mss6 : v[i].mss;

		for (int out = 0; mss && out < 2; out++)
			txt_printf(t,
				   "\t\t%s %u tcp flags syn tcp option maxseg size > %u "
				   "tcp option maxseg size set %u\n",
				   out ? "oif" : "iif", (unsigned)v[i].ifindex, mss, mss);
	}
	txt_str(t, "\t}\n}\n");
}

#define GONE(f) "table " f " culvert_mss {}\ndelete table " f " culvert_mss\n"

static void put_ruleset(const struct mss_if *v, size_t n, struct txt *t)
{
	bool six = has6(v, n);

	txt_str(t, GONE("ip"));
	if (six || is_there(IP_V6))
		txt_str(t, GONE("ip6"));
	put_table(v, n, IP_V4, t);
	if (six)
		put_table(v, n, IP_V6, t);
}

int mss_apply(const struct mss_if *v, size_t n, uint64_t *mark, struct txt *why)
{
	const uint64_t seed[2] = { 0x6d7373, 1 };
	bool six = has6(v, n);
	struct txt t = TXT_INIT;
	uint64_t now;
	int err = 0;

	if (!n) {
		mss_remove();
		*mark = 0;
		return 0;
	}
	put_table(v, n, IP_V4, &t);
	if (six)
		put_table(v, n, IP_V6, &t);
	now = (hash_bytes(seed, txt_cstr(&t), t.len) & ~1ull) | 1;
	if (!t.bad && now == *mark && is_there(IP_V4) && six == is_there(IP_V6))
		goto done;
	txt_clear(&t);
	put_ruleset(v, n, &t);
	err = t.bad ? -ENOMEM : nft_load(txt_cstr(&t), why);
	*mark = err ? 0 : now;
done:
	txt_fini(&t);
	return err;
}

void mss_remove(void)
{
	struct txt t = TXT_INIT, why = TXT_INIT;

	if (is_there(IP_V4))
		txt_str(&t, GONE("ip"));
	if (is_there(IP_V6))
		txt_str(&t, GONE("ip6"));
	if (t.len && !t.bad)
		(void)nft_load(txt_cstr(&t), &why);
	txt_fini(&t);
	txt_fini(&why);
}
