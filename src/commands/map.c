/* SPDX-License-Identifier: Apache-2.0 */
/* `crypto map ...`: entries and what stands in them. */
#include "commands/manual.h"
#include "commands/prefix6.h"

#include <errno.h>
#include <string.h>

#define IN_CONFIG CLI_IN(M_CONFIG)
#define IN_MAPS	  (CLI_IN(M_MAP) | CLI_IN(M_DYNAMIC_MAP))
#define IN_TERMS  (IN_MAPS | CLI_IN(M_IPSEC_PROFILE)) /* what is to be negotiated */
#define CRYPTO	  KW("crypto", "Encryption module")
#define MAP	  CRYPTO, KW("map", "Enter a crypto map")

struct map_args {
	char name[CFG_NAME_MAX];
	uint8_t ipv6;
	uint32_t seq;
	uint8_t type; /* enum map_type; 0: not said */
	char dynamic[CFG_NAME_MAX];
	bool discover;
	char local_if[CFG_NAME_MAX];
	char profile[CFG_NAME_MAX];
};

/* IOS refuses to take away what an interface uses. */
static bool map_in_use(const struct config *c, const char *name, struct txt *out)
{
	struct txt users = TXT_INIT;

	for (size_t i = 0; i < c->interfaces.n; i++) {
		const struct cfg_interface *f = c->interfaces.v[i];

		if (!strcmp(f->crypto_map, name) || !strcmp(f->ip6.crypto_map, name))
			txt_printf(&users, "%s%s", users.len ? ", " : "", f->name);
	}
	bool used = users.len > 0;
	if (used)
		txt_printf(out,
			   "%% Crypto-map %s is in use by interface(s): %s. Please remove the "
			   "crypto map from the above interface(s) first\n",
			   name, txt_cstr(&users));
	txt_fini(&users);
	return used;
}

/* Both families have one name space. */
static bool other_family(const struct cfg_map *m, const struct map_args *a, struct txt *out)
{
	if (!m || m->ipv6 == (a->ipv6 != 0))
		return false;
	txt_printf(out, "%% Crypto map %s is an %s crypto map: say \"crypto map %s%s\".\n\n", a->name,
		   m->ipv6 ? "IPv6" : "IPv4", m->ipv6 ? "ipv6 " : "", a->name);
	return true;
}

static struct cfg_map *add_map(struct config *c, const struct map_args *a)
{
	struct cfg_map *m = config_add_map(c, a->name);

	if (m)
		m->ipv6 = a->ipv6;
	return m;
}

static bool is_empty(const struct cfg_map *m)
{
	return !m->entries.n && !m->local_if[0] && !m->profile[0];
}

static int map_remove(struct cli_call *c)
{
	const struct map_args *a = c->args;
	struct cfg_map *m = config_find_map(c->root, a->name);
	struct cfg_map_entry *e;

	if (!m)
		return 0;
	if (other_family(m, a, c->out))
		return -EINVAL;
	e = a->seq ? cfg_map_find(m, a->seq) : NULL;
	if (a->seq && !e)
		return 0;
	if ((!a->seq || m->entries.n == 1) && map_in_use(c->root, a->name, c->out))
		return -EINVAL;
	if (e)
		cfg_map_del(m, e);
	if (!a->seq || is_empty(m))
		config_del_map(c->root, m);
	return 0;
}

static int map_entry_apply(struct cli_call *c)
{
	const struct map_args *a = c->args;
	struct cfg_map *m = config_find_map(c->root, a->name);
	struct cfg_map_entry *e = m ? cfg_map_find(m, a->seq) : NULL;

	if (c->op != CLI_SET)
		return map_remove(c);
	if (other_family(m, a, c->out))
		return -EEXIST;
	if (!e && !a->type) {
		txt_printf(c->out, "%% Crypto map entry %s %u does not exist; to make it, say "
				   "\"crypto map %s%s %u ipsec-isakmp\".\n\n",
			   a->name, a->seq, a->ipv6 ? "ipv6 " : "", a->name, a->seq);
		return -EINVAL;
	}
	if (e && a->type && a->type != e->type) {
		txt_printf(c->out, "%% Crypto map entry %s %u is of another type; remove it "
				   "first.\n\n", a->name, a->seq);
		return -EEXIST;
	}
	if (!e) {
		m = add_map(c->root, a);
		e = m ? cfg_map_add(m, a->seq) : NULL;
		if (!e)
			return -ENOMEM;
		e->type = a->type;
		/* in a file they follow */
		if ((a->type == MAP_ISAKMP || a->type == MAP_MANUAL) && !c->number)
			txt_str(c->out,
				"% NOTE: This new crypto map will remain disabled until a peer\n"
				"        and a valid access list have been configured.\n");
		else if (a->type == MAP_GDOI)
			txt_str(c->out, "% NOTE: gdoi crypto map entries are kept; this version "
					"does not run them.\n");
	}
	if (a->type != MAP_DYNAMIC)
		return 0;
	memcpy(e->dynamic, a->dynamic, sizeof(e->dynamic));
	e->discover = a->discover;
	if (e->discover)
		txt_str(c->out, "% NOTE: tunnel endpoint discovery is not done by this version; the "
				"word is kept.\n");
	return 0;
}

static void *map_entry_find(void *root, void *obj, const void *args)
{
	const struct map_args *a = args;
	struct cfg_map *m = config_find_map(root, a->name);

	(void)obj;
	return m ? cfg_map_find(m, a->seq) : NULL;
}

/* The next entry of all these maps; NULL behind the last. */
static const struct cfg_map_entry *next_entry(struct cfg_map *const *v, size_t n, struct cli_walk *w,
					      struct map_args *a)
{
	while (w->i < n && w->j == v[w->i]->entries.n) {
		w->i++;
		w->j = 0;
	}
	if (w->i == n)
		return NULL;
	const struct cfg_map_entry *e = v[w->i]->entries.v[w->j++];
	memcpy(a->name, v[w->i]->name, sizeof(a->name));
	a->ipv6 = v[w->i]->ipv6;
	a->seq = e->seq;
	return e;
}

static bool map_entry_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			   const void **ret_obj)
{
	const struct config *c = root;
	struct map_args *a = args;
	const struct cfg_map_entry *e = next_entry(c->maps.v, c->maps.n, w, a);

	(void)obj;
	if (!e)
		return false;
	*ret_obj = e;
	a->type = e->type;
	memcpy(a->dynamic, e->dynamic, sizeof(a->dynamic));
	a->discover = e->discover;
	return true;
}

/* `no crypto map NAME`: all of it. */
static int map_all_apply(struct cli_call *c)
{
	return map_remove(c);
}

/* What is said of a whole map is a name, `in_map` of it and `in_args`. */
static int map_word_apply(struct cli_call *c, size_t in_map, size_t in_args)
{
	const struct map_args *a = c->args;
	struct cfg_map *m = config_find_map(c->root, a->name);

	if (other_family(m, a, c->out))
		return -EEXIST;
	if (c->op == CLI_SET)
		m = add_map(c->root, a);
	if (!m)
		return c->op == CLI_SET ? -ENOMEM : 0;
	memset((char *)m + in_map, 0, CFG_NAME_MAX);
	if (c->op == CLI_SET)
		memcpy((char *)m + in_map, (const char *)a + in_args, CFG_NAME_MAX);
	else if (is_empty(m))
		config_del_map(c->root, m);
	return 0;
}

static bool map_word_each(const struct config *c, struct cli_walk *w, struct map_args *a,
			  size_t in_map, size_t in_args)
{
	while (w->i < c->maps.n && !((const char *)c->maps.v[w->i])[in_map])
		w->i++;
	if (w->i == c->maps.n)
		return false;
	memcpy(a->name, c->maps.v[w->i]->name, sizeof(a->name));
	a->ipv6 = c->maps.v[w->i]->ipv6;
	memcpy((char *)a + in_args, (const char *)c->maps.v[w->i++] + in_map, CFG_NAME_MAX);
	return true;
}

static int map_local_apply(struct cli_call *c)
{
	return map_word_apply(c, offsetof(struct cfg_map, local_if), offsetof(struct map_args, local_if));
}

static bool map_local_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			   const void **ret_obj)
{
	(void)obj;
	(void)ret_obj;
	return map_word_each(root, w, args, offsetof(struct cfg_map, local_if),
			     offsetof(struct map_args, local_if));
}

/* `crypto map NAME isakmp-profile P`: of all entries that name none. */
static int map_profile_apply(struct cli_call *c)
{
	return map_word_apply(c, offsetof(struct cfg_map, profile), offsetof(struct map_args, profile));
}

static bool map_profile_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			     const void **ret_obj)
{
	(void)obj;
	(void)ret_obj;
	return map_word_each(root, w, args, offsetof(struct cfg_map, profile),
			     offsetof(struct map_args, profile));
}

/* ---- crypto dynamic-map ---- */

static bool dynamic_in_use(const struct config *c, const char *name, struct txt *out)
{
	for (size_t i = 0; i < c->maps.n; i++)
		for (size_t k = 0; k < c->maps.v[i]->entries.n; k++) {
			const struct cfg_map_entry *e = c->maps.v[i]->entries.v[k];

			if (e->type != MAP_DYNAMIC || strcmp(e->dynamic, name) != 0)
				continue;
			txt_printf(out, "%% Dynamic crypto map %s is in use by crypto map %s %u. "
					"Please remove that entry first\n",
				   name, c->maps.v[i]->name, e->seq);
			return true;
		}
	return false;
}

static int dynamic_remove(struct cli_call *c)
{
	const struct map_args *a = c->args;
	struct cfg_map *m = config_find_dynamic_map(c->root, a->name);
	struct cfg_map_entry *e = m && a->seq ? cfg_map_find(m, a->seq) : NULL;

	if (!m || (a->seq && !e))
		return 0;
	if ((!a->seq || m->entries.n == 1) && dynamic_in_use(c->root, a->name, c->out))
		return -EINVAL;
	if (e)
		cfg_map_del(m, e);
	if (!a->seq || !m->entries.n)
		config_del_dynamic_map(c->root, m);
	return 0;
}

static int dynamic_apply(struct cli_call *c)
{
	const struct map_args *a = c->args;
	struct cfg_map *m;

	if (c->op != CLI_SET)
		return dynamic_remove(c);
	m = config_add_dynamic_map(c->root, a->name);
	return m && cfg_map_add(m, a->seq) ? 0 : -ENOMEM;
}

static void *dynamic_find(void *root, void *obj, const void *args)
{
	const struct map_args *a = args;
	struct cfg_map *m = config_find_dynamic_map(root, a->name);

	(void)obj;
	return m ? cfg_map_find(m, a->seq) : NULL;
}

static bool dynamic_each(const void *root, const void *obj, struct cli_walk *w, void *args,
			 const void **ret_obj)
{
	const struct config *c = root;
	const struct cfg_map_entry *e = next_entry(c->dynamic_maps.v, c->dynamic_maps.n, w, args);

	(void)obj;
	if (e)
		*ret_obj = e;
	return e;
}

/* ---- inside an entry ---- */

static bool same_peer(const struct cfg_peer *a, const struct cfg_peer *b)
{
	return ipaddr_equal(&a->addr, &b->addr) && !strcmp(a->host, b->host);
}

/* The map that an entry belongs to; NULL for one of a dynamic map, which is of either family. */
static const struct cfg_map *map_of(const struct config *c, const struct cfg_map_entry *e)
{
	for (size_t i = 0; i < c->maps.n; i++)
		if (cfg_map_find(c->maps.v[i], e->seq) == e)
			return c->maps.v[i];
	return NULL;
}

static bool peer_fits(const struct cli_call *c, const struct cfg_peer *a)
{
	const struct cfg_map *m = map_of(c->root, c->obj);

	if (!m || !a->addr.family || m->ipv6 == (a->addr.family == IP_V6))
		return true;
	txt_printf(c->out, "%% The peer of an %s crypto map has an %s address.\n\n",
		   m->ipv6 ? "IPv6" : "IPv4", m->ipv6 ? "IPv6" : "IPv4");
	return false;
}

static int peer_apply(struct cli_call *c)
{
	const struct cfg_peer *a = c->args;
	struct cfg_map_entry *e = c->obj;
	bool every = !a->addr.family && !a->host[0];
	size_t n = 0, at = e->n_peers;

	for (size_t i = 0; i < e->n_peers; i++)
		if (same_peer(&e->peers[i], a))
			at = i;
	if (c->op == CLI_SET) {
		if (!peer_fits(c, a))
			return -EINVAL;
		if (e->type == MAP_MANUAL && at > 0) {
			txt_str(c->out, "% A crypto map entry with manual keys takes one peer.\n\n");
			return -EEXIST;
		}
		if (at == P2_MAX_PEERS) {
			txt_printf(c->out, "%% A crypto map entry takes %d peers.\n\n",
				   P2_MAX_PEERS);
			return -EEXIST;
		}
		for (size_t i = 0; a->is_default && i < e->n_peers; i++)
			e->peers[i].is_default = false; /* there is one */
		e->peers[at] = *a;
		if (at == e->n_peers)
			e->n_peers++;
		return 0;
	}
	for (size_t i = 0; i < e->n_peers; i++)
		if (!every && i != at)
			e->peers[n++] = e->peers[i];
	memset(&e->peers[n], 0, (P2_MAX_PEERS - n) * sizeof(e->peers[0]));
	e->n_peers = (uint8_t)n;
	return 0;
}

static bool peer_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct cfg_map_entry *e = obj;

	(void)root;
	(void)ret_obj;
	if (w->i == e->n_peers)
		return false;
	*(struct cfg_peer *)args = e->peers[w->i++];
	return true;
}

/* The same set twice is once. */
static int transforms_apply(struct cli_call *c)
{
	struct cfg_map_entry *e = c->obj;
	uint8_t n = 0;

	for (uint8_t i = 0; i < e->n_transforms; i++) {
		bool seen = false;

		for (uint8_t k = 0; k < n; k++)
			seen |= !strcmp(e->transforms[k], e->transforms[i]);
		if (!seen && n++ != i)
			memcpy(e->transforms[n - 1], e->transforms[i], CFG_NAME_MAX);
	}
	memset(e->transforms[n], 0, (size_t)(e->n_transforms - n) * CFG_NAME_MAX);
	e->n_transforms = n;
	return c->op == CLI_SET && e->type == MAP_MANUAL ? manual_set_apply(c) : 0;
}

static int pfs_apply(struct cli_call *c)
{
	struct cfg_map_entry *e = c->obj;

	if (c->op == CLI_SET && !e->pfs_group)
		e->pfs_group = 1;
	if (c->op == CLI_SET && (e->pfs_group == 1 || e->pfs_group == 2 || e->pfs_group == 5)) {
		char what[16] = "pfs group0";

		what[9] = (char)('0' + e->pfs_group);
		note_weak(c->out, what);
	}
	return 0;
}

struct days_args {
	uint32_t days;
};

static int days_apply(struct cli_call *c)
{
	struct cfg_map_entry *e = c->obj;

	e->life_sec = c->op == CLI_SET ? ((const struct days_args *)c->args)->days * 86400 : 0;
	return 0;
}

/* What seconds cannot say (their range ends at a day). */
static bool days_each(const void *root, const void *obj, struct cli_walk *w, void *args,
		      const void **ret_obj)
{
	const struct cfg_map_entry *e = obj;

	(void)root;
	(void)ret_obj;
	if (w->i++ || e->life_sec <= 86400)
		return false;
	((struct days_args *)args)->days = e->life_sec / 86400;
	return true;
}

static int idle_apply(struct cli_call *c)
{
	if (c->op == CLI_SET && ((const struct cfg_map_entry *)c->obj)->idle_default)
		txt_str(c->out, "% NOTE: this version does not return to the default peer after the "
				"idle time.\n");
	return 0;
}

#define NO_ROUTES "% NOTE: reverse-route adds no routes in this version; it is kept."

static int reverse_apply(struct cli_call *c)
{
	if (c->op == CLI_SET)
		txt_str(c->out, NO_ROUTES "\n");
	return 0;
}

#define AT_M(f)	 struct map_args, f
#define AT_E(f)	 struct cfg_map_entry, f
#define SET	 KW("set", "Set values for encryption/decryption")
#define SET_SA	 SET, KW("security-association", "Security association parameters")
#define SET_GROUP                                                          \
	SET, KW("ip", "Interface Internet Protocol config commands"),      \
		KW("access-group", "Specify access control for packets")
#define PFS_GROUP(n, text) KWV("group" #n, "D-H Group" #n " (" text ")", AT_E(pfs_group), n)
#define MAP_FAMILY OPT, KWV("ipv6", "Enter an IPv6 crypto map", AT_M(ipv6), 1), CLOSE
#define MAP_NAME MAP_FAMILY, WORDF("Crypto map tag", AT_M(name), .flags = CLI_TAIL)
#define MAP_TYPE                                                                               \
	OPT, KWV("gdoi", "Crypto map type GDOI", AT_M(type), MAP_GDOI), OR,                    \
		KW("ipsec-isakmp", "IPSEC w/ISAKMP"),                                          \
		KWV("dynamic", "Specify that this crypto map entry is to reference a "         \
			       "preexisting dynamic crypto map", AT_M(type), MAP_DYNAMIC),     \
		WORD("Dynamic crypto map tag", AT_M(dynamic)), OPT,                            \
		KWV("discover", "Enable endpoint discovery", AT_M(discover), 1), CLOSE, OR,                        \
		KWV("ipsec-isakmp", "IPSEC w/ISAKMP", AT_M(type), MAP_ISAKMP), OR,             \
		KWV("ipsec-manual", "IPSEC w/manual keying", AT_M(type), MAP_MANUAL), CLOSE

#define AT_K(f)	 struct session_key_args, f
/* Not in help: in an entry with IKE, which has the same mode, IOS does not list it. */
#define SESSION_KEY                                                                            \
	SET, KWF("session-key", "Specify keys for manual entries", .flags = CLI_HIDDEN), ALT,  \
		KWV("inbound", "Set IPSec keys for inbound traffic", AT_K(out), 0), OR,        \
		KWV("outbound", "Set IPSec keys for outbound traffic", AT_K(out), 1), CLOSE
#define SPI NUM(256, 4294967295, "Security parameter index", AT_K(spi))
#define HEX_KEY(h, f)                                                                          \
	{ .kind = CLI_ARG, .type = &cli_hex, .help = (h), .flags = CLI_SECRET,                 \
	  CLI_AT(struct session_key_args, f) }

#define DYNAMIC_MAP CRYPTO, KW("dynamic-map", "Specify a dynamic crypto map template")

const struct cli_row rows_map[] = {
	{ .modes = IN_CONFIG, .flags = ROW_NO_ONLY, .args_size = sizeof(struct map_args),
	  .apply = dynamic_remove,
	  .toks = TOKS(DYNAMIC_MAP, WORD("Dynamic crypto map template tag", AT_M(name))) },
	{ .modes = IN_CONFIG, .enters = M_DYNAMIC_MAP, .args_size = sizeof(struct map_args),
	  .apply = dynamic_apply, .find = dynamic_find, .each = dynamic_each,
	  .toks = TOKS(DYNAMIC_MAP, WORD("Dynamic crypto map template tag", AT_M(name)),
		       NUM(1, 65535, "Sequence to insert into dynamic crypto map entry",
			   AT_M(seq))) },
	KEPT_NOTE(IN_CONFIG, ROW_KEEP_MANY,
		  "% NOTE: Easy VPN is not run by this version; the line is kept.", MAP,
		  { .kind = CLI_ARG, .type = &cli_word, .help = "Crypto map tag" }, ALT,
		  KW("client", "Specify client configuration settings"), OR,
		  KW("isakmp", "Specify isakmp configuration settings"), CLOSE, REST),
	{ .modes = IN_CONFIG, .args_size = sizeof(struct map_args), .apply = map_local_apply,
	  .each = map_local_each,
	  .toks = TOKS(MAP, MAP_NAME,
		       KWF("local-address",
			   "Interface to use for local address for this crypto map",
			   .flags = CLI_TAIL),
		       ARG(arg_ifname, "Interface name", AT_M(local_if))) },
	{ .modes = IN_CONFIG, .args_size = sizeof(struct map_args), .apply = map_profile_apply,
	  .each = map_profile_each,
	  .toks = TOKS(MAP, MAP_NAME,
		       KWF("isakmp-profile", "Specify isakmp profile to use", .flags = CLI_TAIL),
		       WORD("Name of the isakmp profile", AT_M(profile))) },
	{ .modes = IN_CONFIG, .flags = ROW_NO_ONLY, .args_size = sizeof(struct map_args),
	  .apply = map_all_apply, .toks = TOKS(MAP, MAP_NAME) },
	{ .modes = IN_CONFIG, .enters = M_MAP, .flags = ROW_TRAIL,
	  .args_size = sizeof(struct map_args), .apply = map_entry_apply, .find = map_entry_find,
	  .each = map_entry_each,
	  .toks = TOKS(MAP, MAP_FAMILY, WORD("Crypto map tag", AT_M(name)),
		       NUMF(1, 65535, "Sequence to insert into crypto map entry", AT_M(seq),
			    .flags = CLI_TAIL),
		       MAP_TYPE) },
	{ .modes = IN_TERMS, .flags = ROW_WRAPS,
	  .toks = TOKS(KW("description", "Description of the crypto map statement policy"),
		       LINE("Up to 80 characters describing this crypto map", AT_E(description))) },
	{ .modes = IN_MAPS, .args_size = sizeof(struct cfg_peer), .apply = peer_apply,
	  .each = peer_each,
	  .toks = TOKS(SET, KW("peer", "Allowed Encryption/Decryption peer."), ALT,
		       ADDR("IP address of peer", struct cfg_peer, addr), OR,
		       ADDR6("IPv6 address of peer", struct cfg_peer, addr), OR,
		       ARG(arg_host, "Hostname of peer", struct cfg_peer, host), CLOSE, OPT,
		       KWV("dynamic", "Resolve the hostname dynamically", struct cfg_peer, dynamic, 1), CLOSE, OPT,
		       KWV("default", "Primary peer", struct cfg_peer, is_default, 1), CLOSE) },
	{ .modes = CLI_IN(M_MAP), .args_size = sizeof(struct session_key_args),
	  .apply = session_key_ah_apply, .each = session_key_ah_each,
	  .toks = TOKS(SESSION_KEY, KWF("ah", "Authentication Header protocol", .flags = CLI_TAIL), SPI,
		       HEX_KEY("Hex authenticator key", key)) },
	{ .modes = CLI_IN(M_MAP), .args_size = sizeof(struct session_key_args),
	  .apply = session_key_esp_apply, .each = session_key_esp_each,
	  .toks = TOKS(SESSION_KEY,
		       KWF("esp", "Encapsulating Security Payload protocol", .flags = CLI_TAIL), SPI,
		       KW("cipher", "Specify encryption/decryption key"),
		       HEX_KEY("Hex cipher key", key), OPT,
		       KW("authenticator", "Specify authentication key"),
		       HEX_KEY("Hex authenticator key", auth), CLOSE) },
	{ .modes = IN_TERMS,
	  .toks = TOKS(SET_SA, KW("lifetime", "Security association lifetime"),
		       KW("kilobytes", "Volume-based key duration"), ALT,
		       KWV("disable", "Disable volume-based rekey", AT_E(life_kb_disable), 1), OR,
		       NUM(2560, 4294967295, "Security association duration in kilobytes encrypted",
			   AT_E(life_kb)),
		       CLOSE) },
	{ .modes = IN_TERMS,
	  .toks = TOKS(SET_SA, KW("lifetime", "Security association lifetime"),
		       KW("seconds", "Time-based key duration in seconds"),
		       NUM(120, 86400, "Security association duration in seconds",
			   AT_E(life_sec))) },
	{ .modes = IN_TERMS, .args_size = sizeof(struct days_args), .apply = days_apply,
	  .each = days_each,
	  .toks = TOKS(SET_SA, KW("lifetime", "Security association lifetime"),
		       KW("days", "Time-based key duration in days"),
		       NUM(1, 30, "Security association duration in days", struct days_args,
			   days)) },
	{ .modes = IN_TERMS, .apply = idle_apply,
	  .toks = TOKS(SET_SA, KW("idle-time", "Automatically delete IPSec SAs after a given idle "
					       "period."),
		       NUM(60, 86400, "IPSec SA idle time in seconds", AT_E(idle_sec)), OPT,
		       KWV("default", "Use the default peer after the idle time",
			   AT_E(idle_default), 1),
		       CLOSE) },
	{ .modes = IN_TERMS,
	  .toks = TOKS(SET_SA, KW("level", "Specify a security association granularity level"),
		       KWV("per-host", "Per host security association granularity",
			   AT_E(per_host), 1)) },
	{ .modes = IN_TERMS,
	  .toks = TOKS(SET_SA, KW("replay", "Set replay checking."), ALT,
		       KWV("disable", "Disable replay checking", AT_E(replay_disable), 1), OR,
		       KW("window-size", "Set replay window size."), ALT,
		       KWV("64", "Window size of 64 (default)", AT_E(replay_window), 64), OR,
		       KWV("128", "Window size of 128", AT_E(replay_window), 128), OR,
		       KWV("256", "Window size of 256", AT_E(replay_window), 256), OR,
		       KWV("512", "Window size of 512", AT_E(replay_window), 512), OR,
		       KWV("1024", "Window size of 1024", AT_E(replay_window), 1024), CLOSE,
		       CLOSE) },
	{ .modes = IN_TERMS, .apply = transforms_apply,
	  .toks = TOKS(SET, KW("transform-set", "Specify list of transform sets in priority order"),
		       REP(AT_E(n_transforms), P2_MAX_TRANSFORMS, CFG_NAME_MAX),
		       WORD("Proposal tag", AT_E(transforms[0])), CLOSE) },
	{ .modes = IN_TERMS, .apply = pfs_apply,
	  .toks = TOKS(SET, KW("pfs", "Specify pfs settings"), OPT,
		       PFS_GROUP(1, "768-bit modp"), OR, PFS_GROUP(2, "1024-bit modp"), OR,
		       PFS_GROUP(5, "1536-bit modp"), OR, PFS_GROUP(14, "2048-bit modp"), OR,
		       PFS_GROUP(15, "3072-bit modp"), OR, PFS_GROUP(16, "4096-bit modp"), OR,
		       PFS_GROUP(19, "256-bit ecp"), OR, PFS_GROUP(20, "384-bit ecp"), OR,
		       PFS_GROUP(21, "521-bit ecp"), OR,
		       PFS_GROUP(24, "2048-bit modp, 256-bit subgroup"), CLOSE) },
	{ .modes = IN_MAPS,
	  .toks = TOKS(SET_GROUP, WORD("Access-list name or number", AT_E(group_in)),
		       KW("in", "Inbound access check on clear-text packets")) },
	{ .modes = IN_MAPS,
	  .toks = TOKS(SET_GROUP, WORD("Access-list name or number", AT_E(group_out)),
		       KW("out", "Outbound access check on clear-text packets")) },
	{ .modes = IN_MAPS,
	  .toks = TOKS(KW("match", "Match values."),
		       KW("address", "Match address of packets to encrypt."),
		       WORD("Access-list name or number", AT_E(match_acl))) },
	{ .modes = IN_MAPS, .apply = reverse_apply,
	  .toks = TOKS(KWV("reverse-route", "Reverse Route Injection.", AT_E(reverse_route), 1), OPT,
		       KWV("static", "Create routes based on static ACLs permanently",
			   AT_E(reverse_static), 1),
		       CLOSE) },
	{ .modes = IN_TERMS,
	  .toks = TOKS(SET, KW("isakmp-profile", "Specify isakmp Profile"),
		       WORD("Name of the isakmp profile", AT_E(profile))) },
	{ .modes = CLI_IN(M_IPSEC_PROFILE),
	  .toks = TOKS(KWV("responder-only", "Do not initiate SAs from this device",
			   AT_E(responder_only), 1)) },
	KEPT_NOTE(IN_MAPS, ROW_KEEP_MANY, NO_ROUTES, KW("reverse-route", "Reverse Route Injection."), ALT,
		  KW("remote-peer", "Create route in route table to remote peer"), OR,
		  KW("tag", "Create routes and tag them"), CLOSE, REST),
	KEPT_NOTE(IN_TERMS, ROW_KEEP_MANY, NO_ROUTES, SET, KW("reverse-route", "Reverse Route Injection."),
		  REST),
	KEPT(IN_TERMS, 0, SET, KW("ikev2-profile", "Specify ikev2 Profile"), REST),
	KEPT(IN_MAPS, 0, SET, KW("nat", "Set NAT translation"), REST),
	KEPT(IN_MAPS, 0, SET, KW("group", "Set GDOI group"), REST),
	KEPT(IN_TERMS, 0, SET, KW("identity", "Identity restriction."), REST),
	KEPT(CLI_IN(M_DYNAMIC_MAP), ROW_KEEP_MANY, SET,
	     KW("session-key", "Specify keys for manual entries"), REST_SECRET),
	KEPT(IN_MAPS, 0, KW("qos", "Quality of Service related commands"), REST),
	{ .toks = NULL },
};
