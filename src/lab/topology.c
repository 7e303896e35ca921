/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/topology.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Everything a step of the reader needs; `to` travels beside it. */
struct reader {
	yaml_document_t *doc;
	const char *file;
	struct txt *why;
	struct topology *topo;
};

#define MTU_DEFAULT 1500
#define MTU_MIN 68 /* RFC 791: every link carries that much */
#define MTU_MAX 65535

static unsigned line_of(const yaml_node_t *n)
{
	return (unsigned)n->start_mark.line + 1;
}

__attribute__((format(printf, 3, 4))) static int wrong(struct reader *r, unsigned line,
						       const char *fmt, ...)
{
	va_list ap;

	txt_printf(r->why, "%s:%u: ", r->file, line);
	va_start(ap, fmt);
	txt_vprintf(r->why, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static yaml_node_t *node_at(struct reader *r, yaml_node_item_t item)
{
	return yaml_document_get_node(r->doc, item);
}

/* The text of a scalar, or NULL if n is a list or a map or holds a NUL. */
static const char *text_of(const yaml_node_t *n)
{
	const char *s;

	if (n->type != YAML_SCALAR_NODE)
		return NULL;
	s = (const char *)n->data.scalar.value;
	return strlen(s) == n->data.scalar.length ? s : NULL;
}

/* One key of a mapping and who takes its value. */
struct key {
	const char *name;
	int (*take)(struct reader *r, yaml_node_t *val, void *to);
	bool required;
};

static int take_mapping(struct reader *r, yaml_node_t *n, const char *what, const struct key *keys,
			size_t n_keys, void *to)
{
	unsigned seen = 0;

	if (n->type != YAML_MAPPING_NODE)
		return wrong(r, line_of(n), "%s must be a mapping (key: value lines)", what);
	for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
		yaml_node_t *key = node_at(r, p->key), *val = node_at(r, p->value);
		const char *s = text_of(key);
		size_t i = 0;

		while (s && i < n_keys && strcmp(keys[i].name, s) != 0)
			i++;
		if (!s || i == n_keys)
			return wrong(r, line_of(key), "%s has no key '%.64s'", what, s ? s : "?");
		if (seen & 1U << i)
			return wrong(r, line_of(key), "'%s' stands twice in %s", s, what);
		seen |= 1U << i;
		int err = keys[i].take(r, val, to);
		if (err)
			return err;
	}
	for (size_t i = 0; i < n_keys; i++)
		if (keys[i].required && !(seen & 1U << i))
			return wrong(r, line_of(n), "%s needs '%s'", what, keys[i].name);
	return 0;
}

bool topo_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= TOPO_NAME || !isalnum((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
			return false;
	return true;
}

static int take_name(struct reader *r, yaml_node_t *val, const char *what, char *ret_name)
{
	const char *s = text_of(val);

	if (!s || !topo_name_ok(s))
		return wrong(r, line_of(val),
			     "'%.64s' is no %s: a letter or digit, then letters, digits, "
			     "'_' and '-', at most 32",
			     s ? s : "?", what);
	snprintf(ret_name, TOPO_NAME, "%s", s);
	return 0;
}

/* A non-empty text, copied. */
static int take_text(struct reader *r, yaml_node_t *val, const char *what, char **ret_text)
{
	const char *s = text_of(val);

	if (!s || *s == '\0')
		return wrong(r, line_of(val), "%s must be a text", what);
	*ret_text = strdup(s);
	return *ret_text ? 0 : -ENOMEM;
}

/* --- nodes --------------------------------------------------------------- */

struct node_draft {
	struct topo_node *node;
};

static int take_kind(struct reader *r, yaml_node_t *val, void *to)
{
	struct node_draft *d = to;
	const char *s = text_of(val);

	if (s && !strcmp(s, "culvert"))
		d->node->kind = NODE_ROUTER;
	else if (s && !strcmp(s, "host"))
		d->node->kind = NODE_HOST;
	else
		return wrong(r, line_of(val), "kind '%.64s' is neither 'culvert' nor 'host'",
			     s ? s : "?");
	return 0;
}

static int take_config(struct reader *r, yaml_node_t *val, void *to)
{
	struct node_draft *d = to;

	d->node->config_line = line_of(val);
	return take_text(r, val, "startup-config", &d->node->config);
}

static int take_exec(struct reader *r, yaml_node_t *val, void *to)
{
	struct node_draft *d = to;

	if (val->type != YAML_SEQUENCE_NODE)
		return wrong(r, line_of(val), "exec must be a list of commands");
	size_t n = (size_t)(val->data.sequence.items.top - val->data.sequence.items.start);

	if (n > TOPO_MAX_EXEC)
		return wrong(r, line_of(val), "more than %d commands in one node", TOPO_MAX_EXEC);
	d->node->exec = calloc(n ? n : 1, sizeof(*d->node->exec));
	if (!d->node->exec)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		yaml_node_t *item = node_at(r, val->data.sequence.items.start[i]);
		int err = take_text(r, item, "each command under exec", &d->node->exec[i].command);

		if (err)
			return err;
		d->node->exec[i].line = line_of(item);
		d->node->n_exec++;
	}
	return 0;
}

static int take_node(struct reader *r, yaml_node_t *key, yaml_node_t *val)
{
	static const struct key keys[] = {
		{ "kind", take_kind, true },
		{ "startup-config", take_config, false },
		{ "exec", take_exec, false },
	};
	struct topology *t = r->topo;
	struct topo_node *n = &t->node[t->n_node];
	struct node_draft d = { .node = n };
	char what[TOPO_NAME + 8];
	int err = take_name(r, key, "node name", n->name);

	if (err)
		return err;
	n->line = line_of(key);
	for (size_t i = 0; i < t->n_node; i++)
		if (!strcmp(t->node[i].name, n->name))
			return wrong(r, n->line, "node '%s' stands twice (first in line %u)",
				     n->name, t->node[i].line);
	t->n_node++; /* from here topo_free() sees what it owns */
	snprintf(what, sizeof(what), "node %s", n->name);
	err = take_mapping(r, val, what, keys, sizeof(keys) / sizeof(keys[0]), &d);
	if (err)
		return err;
	if (n->kind == NODE_ROUTER && !n->config)
		return wrong(r, n->line, "node %s is a router and needs 'startup-config'", n->name);
	if (n->kind == NODE_HOST && n->config)
		return wrong(r, n->config_line, "'startup-config' is for routers, and %s is a host",
			     n->name);
	return 0;
}

static int take_nodes(struct reader *r, yaml_node_t *val)
{
	if (val->type != YAML_MAPPING_NODE ||
	    val->data.mapping.pairs.start == val->data.mapping.pairs.top)
		return wrong(r, line_of(val), "nodes must be a mapping of at least one node");
	size_t n = (size_t)(val->data.mapping.pairs.top - val->data.mapping.pairs.start);

	if (n > TOPO_MAX_NODES)
		return wrong(r, line_of(val), "more than %d nodes", TOPO_MAX_NODES);
	r->topo->node = calloc(n, sizeof(*r->topo->node));
	if (!r->topo->node)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		yaml_node_pair_t *p = &val->data.mapping.pairs.start[i];
		int err = take_node(r, node_at(r, p->key), node_at(r, p->value));

		if (err)
			return err;
	}
	return 0;
}

/* --- links --------------------------------------------------------------- */

static int end_of(struct reader *r, unsigned line, const char *s, struct topo_end *ret_e)
{
	const char *colon = strchr(s, ':');
	struct topo_end e = { 0 };
	struct txt why = TXT_INIT;
	size_t len = colon ? (size_t)(colon - s) : 0;

	if (len == 0 || colon[1] == '\0')
		return wrong(r, line, "endpoint '%.64s' is not NODE:INTERFACE", s);
	while (e.node < r->topo->n_node && (strlen(r->topo->node[e.node].name) != len ||
					    memcmp(r->topo->node[e.node].name, s, len) != 0))
		e.node++;
	if (e.node == r->topo->n_node)
		return wrong(r, line, "endpoint '%.64s': there is no node '%.*s'", s,
			     (int)(len < 64 ? len : 64), s);
	int err = r->topo->node[e.node].kind == NODE_ROUTER
			  ? ifname_of_router(colon + 1, &e.name, &why)
			  : ifname_of_host(colon + 1, &e.name, &why);

	if (err)
		wrong(r, line, "endpoint '%.64s': %s", s, txt_cstr(&why));
	if (!err) { /* its addresses may stand above it */
		ret_e->node = e.node;
		ret_e->name = e.name;
	}
	txt_fini(&why);
	return err;
}

/* A device may stand at one end of one link, and a name that became the same
 * device ("Fa0/1" and "fa0-1") is the same end. */
static int check_end_is_free(struct reader *r, unsigned line, const struct topo_end *e,
			     const struct topo_link *l, size_t ends)
{
	for (size_t i = 0; i < ends; i++)
		if (l->end[i].node == e->node && !strcmp(l->end[i].name.dev, e->name.dev))
			return wrong(r, line,
				     "endpoint %s:%s is in use already, in the link of line %u",
				     r->topo->node[e->node].name, e->name.ios, l->line);
	return 0;
}

static int take_endpoints(struct reader *r, yaml_node_t *val, void *to)
{
	struct topo_link *l = to;

	if (val->type != YAML_SEQUENCE_NODE ||
	    val->data.sequence.items.top - val->data.sequence.items.start != 2)
		return wrong(r, line_of(val), "endpoints must be a list of two NODE:INTERFACE");
	for (size_t i = 0; i < 2; i++) {
		yaml_node_t *item = node_at(r, val->data.sequence.items.start[i]);
		const char *s = text_of(item);
		unsigned line = line_of(item);

		if (!s)
			return wrong(r, line, "an endpoint must be a text NODE:INTERFACE");
		int err = end_of(r, line, s, &l->end[i]);

		for (size_t j = 0; !err && j < r->topo->n_link; j++)
			err = check_end_is_free(r, line, &l->end[i], &r->topo->link[j], 2);
		if (!err)
			err = check_end_is_free(r, line, &l->end[i], l, i);
		if (err)
			return err;
	}
	return 0;
}

static int take_mtu(struct reader *r, yaml_node_t *val, void *to)
{
	struct topo_link *l = to;
	const char *s = text_of(val);
	char *end = NULL;
	unsigned long mtu = s && isdigit((unsigned char)*s) ? strtoul(s, &end, 10) : 0;

	if (!end || *end != '\0' || mtu < MTU_MIN || mtu > MTU_MAX)
		return wrong(r, line_of(val), "mtu '%.64s' is no number from %d to %d",
			     s ? s : "?", MTU_MIN, MTU_MAX);
	l->mtu = (unsigned)mtu;
	return 0;
}

/* 192.0.2.1/24 or 2001:db8::1/64. */
static bool parse_addr(const char *s, enum ip_family family, struct topo_addr *ret_a)
{
	const char *slash = strchr(s, '/');
	char host[IPADDR_STRLEN], *end;
	struct topo_addr a;
	size_t n = slash ? (size_t)(slash - s) : 0;

	if (!n || n >= sizeof(host) || !isdigit((unsigned char)slash[1]))
		return false;
	memcpy(host, s, n);
	host[n] = '\0';
	unsigned long len = strtoul(slash + 1, &end, 10);
	if (*end || !ipaddr_parse(host, &a.addr) || a.addr.family != family || len > ip_bits((uint8_t)family))
		return false;
	a.len = (unsigned)len;
	*ret_a = a;
	return true;
}

/* Of both ends, in the order of the endpoints; "" is none. */
static int take_addrs(struct reader *r, yaml_node_t *val, struct topo_link *l, enum ip_family family)
{
	const char *key = family == IP_V6 ? "ipv6" : "ipv4";
	const char *example = family == IP_V6 ? "2001:db8::1/64" : "192.0.2.1/24";

	if (val->type != YAML_SEQUENCE_NODE ||
	    val->data.sequence.items.top - val->data.sequence.items.start != 2)
		return wrong(r, line_of(val), "%s must be a list of two addresses, one for each endpoint", key);
	for (size_t i = 0; i < 2; i++) {
		yaml_node_t *item = node_at(r, val->data.sequence.items.start[i]);
		const char *s = text_of(item);
		struct topo_addr *to = family == IP_V6 ? &l->end[i].ipv6 : &l->end[i].ipv4;

		if (!s || (*s && !parse_addr(s, family, to)))
			return wrong(r, line_of(item), "'%.64s' is no address like %s", s ? s : "?", example);
	}
	return 0;
}

static int take_ipv4(struct reader *r, yaml_node_t *val, void *to)
{
	return take_addrs(r, val, to, IP_V4);
}

static int take_ipv6(struct reader *r, yaml_node_t *val, void *to)
{
	return take_addrs(r, val, to, IP_V6);
}

static int check_addrs(struct reader *r, const struct topo_link *l)
{
	for (size_t i = 0; i < 2; i++) {
		const struct topo_end *e = &l->end[i];
		const struct topo_node *n = &r->topo->node[e->node];

		if (n->kind == NODE_ROUTER && (e->ipv4.addr.family || e->ipv6.addr.family))
			return wrong(r, l->line, "%s is a router: its addresses stand in its configuration",
				     n->name);
	}
	return 0;
}

static int take_links(struct reader *r, yaml_node_t *val)
{
	static const struct key keys[] = {
		{ "endpoints", take_endpoints, true },
		{ "mtu", take_mtu, false },
		{ "ipv4", take_ipv4, false },
		{ "ipv6", take_ipv6, false },
	};

	if (val->type != YAML_SEQUENCE_NODE)
		return wrong(r, line_of(val), "links must be a list");
	size_t n = (size_t)(val->data.sequence.items.top - val->data.sequence.items.start);

	if (n > TOPO_MAX_LINKS)
		return wrong(r, line_of(val), "more than %d links", TOPO_MAX_LINKS);
	r->topo->link = calloc(n ? n : 1, sizeof(*r->topo->link));
	if (!r->topo->link)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		yaml_node_t *item = node_at(r, val->data.sequence.items.start[i]);
		struct topo_link *l = &r->topo->link[i];

		l->mtu = MTU_DEFAULT;
		l->line = line_of(item);
		int err = take_mapping(r, item, "a link", keys, sizeof(keys) / sizeof(keys[0]), l);
		if (!err)
			err = check_addrs(r, l);
		if (err)
			return err;
		r->topo->n_link++;
	}
	return 0;
}

/* --- the file ------------------------------------------------------------ */

/* Links name nodes and may stand above them, so both wait here. */
struct parts {
	yaml_node_t *nodes, *links;
};

static int keep_nodes(struct reader *r, yaml_node_t *val, void *to)
{
	(void)r;
	((struct parts *)to)->nodes = val;
	return 0;
}

static int keep_links(struct reader *r, yaml_node_t *val, void *to)
{
	(void)r;
	((struct parts *)to)->links = val;
	return 0;
}

static int take_topology(struct reader *r, yaml_node_t *val, void *to)
{
	static const struct key keys[] = {
		{ "nodes", keep_nodes, true },
		{ "links", keep_links, false },
	};
	struct parts p = { 0 };
	int err = take_mapping(r, val, "topology", keys, sizeof(keys) / sizeof(keys[0]), &p);

	(void)to;
	if (!err)
		err = take_nodes(r, p.nodes);
	if (!err && p.links)
		err = take_links(r, p.links);
	return err;
}

static int take_lab_name(struct reader *r, yaml_node_t *val, void *to)
{
	(void)to;
	return take_name(r, val, "lab name", r->topo->name);
}

static int take_document(struct reader *r)
{
	static const struct key keys[] = {
		{ "name", take_lab_name, true },
		{ "topology", take_topology, true },
	};
	yaml_node_t *root = yaml_document_get_root_node(r->doc);

	if (!root)
		return wrong(r, 1, "the file is empty");
	return take_mapping(r, root, "a lab", keys, sizeof(keys) / sizeof(keys[0]), NULL);
}

static int yaml_wrong(struct reader *r, const yaml_parser_t *p)
{
	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	return wrong(r, (unsigned)p->problem_mark.line + 1, "no YAML: %s%s%s",
		     p->problem ? p->problem : "unreadable", p->context ? ", " : "",
		     p->context ? p->context : "");
}

static int take_stream(struct reader *r, yaml_parser_t *p)
{
	yaml_document_t doc, more;
	int err;

	if (!yaml_parser_load(p, &doc))
		return yaml_wrong(r, p);
	r->doc = &doc;
	err = take_document(r);
	if (!err && !yaml_parser_load(p, &more)) {
		err = yaml_wrong(r, p);
	} else if (!err) {
		yaml_node_t *root = yaml_document_get_root_node(&more);

		if (root)
			err = wrong(r, line_of(root), "a second document begins here");
		yaml_document_delete(&more);
	}
	yaml_document_delete(&doc);
	return err;
}

int topo_parse(const char *file, const char *text, size_t len, struct topology **ret_t,
	       struct txt *why)
{
	struct reader r = { .file = file, .why = why, .topo = calloc(1, sizeof(*r.topo)) };
	yaml_parser_t p;
	int err;

	if (!r.topo || !yaml_parser_initialize(&p)) {
		topo_free(r.topo);
		return -ENOMEM;
	}
	yaml_parser_set_input_string(&p, (const unsigned char *)text, len);
	err = take_stream(&r, &p);
	yaml_parser_delete(&p);
	if (err == -ENOMEM)
		txt_printf(why, "%s: out of memory", file);
	if (err)
		topo_free(r.topo);
	else
		*ret_t = r.topo;
	return err;
}

int topo_load(const char *file, struct topology **ret_t, struct txt *why)
{
	FILE *f = fopen(file, "re");
	char *text = NULL;
	int err = 0;

	if (!f) {
		err = -errno;
		txt_printf(why, "%s: %s", file, strerror(-err));
		return err;
	}
	text = malloc(TOPO_MAX_FILE + 1);
	size_t len = text ? fread(text, 1, TOPO_MAX_FILE + 1, f) : 0;

	if (!text)
		err = -ENOMEM;
	else if (ferror(f))
		err = -EIO;
	else if (len > TOPO_MAX_FILE)
		err = -EFBIG;
	if (err)
		txt_printf(why, "%s: %s", file, strerror(-err));
	else
		err = topo_parse(file, text, len, ret_t, why);
	free(text);
	fclose(f);
	return err;
}

void topo_free(struct topology *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_node; i++) {
		free(t->node[i].config);
		for (size_t j = 0; j < t->node[i].n_exec; j++)
			free(t->node[i].exec[j].command);
		free(t->node[i].exec);
	}
	free(t->node);
	free(t->link);
	free(t);
}
