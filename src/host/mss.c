/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mss.h"

#include <errno.h>

#include "base/hash.h"
#include "host/nft.h"

/* The counter is there to be asked for: is our table? */
static bool is_there(void)
{
	uint64_t packets, bytes;

	return nft_counter(IP_V4, "culvert_mss", "there", &packets, &bytes) == 0;
}

static void put_ruleset(const struct mss_if *v, size_t n, struct txt *t)
{
	txt_str(t, "table ip culvert_mss {}\ndelete table ip culvert_mss\ntable ip culvert_mss {\n"
		   "\tcomment \"made by culvert; removed when it stops orderly\"\n"
		   "\tcounter there {\n\t}\n"
		   "\tchain forward {\n\t\ttype filter hook forward priority mangle;\n");
	for (size_t i = 0; i < n; i++)
		for (int out = 0; out < 2; out++)
			txt_printf(t,
				   "\t\t%s %u tcp flags syn tcp option maxseg size > %u "
				   "tcp option maxseg size set %u\n",
				   out ? "oif" : "iif", (unsigned)v[i].ifindex, (unsigned)v[i].mss,
				   (unsigned)v[i].mss);
	txt_str(t, "\t}\n}\n");
}

int mss_apply(const struct mss_if *v, size_t n, uint64_t *mark, struct txt *why)
{
	const uint64_t seed[2] = { 0x6d7373, 1 };
	struct txt t = TXT_INIT;
	uint64_t now;
	int err = 0;

	if (!n) {
		mss_remove();
		*mark = 0;
		return 0;
	}
	put_ruleset(v, n, &t);
	now = hash_bytes(seed, txt_cstr(&t), t.len) | 1;
	if (t.bad)
		err = -ENOMEM;
	else if (now != *mark || !is_there())
		err = nft_load(txt_cstr(&t), why);
	*mark = err ? 0 : now;
	txt_fini(&t);
	return err;
}

void mss_remove(void)
{
	struct txt why = TXT_INIT;

	if (is_there())
		(void)nft_load("delete table ip culvert_mss\n", &why);
	txt_fini(&why);
}
