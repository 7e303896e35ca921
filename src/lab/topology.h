/* SPDX-License-Identifier: Apache-2.0 */
/* A lab as a value: what lab.yml says, checked. The file follows the schema
 * of containerlab's topologies (name; topology: nodes, links). */
#ifndef LAB_TOPOLOGY_H
#define LAB_TOPOLOGY_H

#include "base/ipaddr.h"
#include "base/txt.h"
#include "lab/ifname.h"

#define TOPO_NAME 33	   /* 32 characters and the NUL, for labs and nodes */
#define TOPO_MAX_NODES 128 /* each is a namespace and perhaps a router */
#define TOPO_MAX_LINKS 512
#define TOPO_MAX_EXEC 256
#define TOPO_MAX_FILE (1024 * 1024)

enum node_kind { NODE_HOST, NODE_ROUTER };

struct topo_exec {
	char *command; /* for sh -c */
	unsigned line; /* in the file, counted from 1 */
};

struct topo_node {
	char name[TOPO_NAME];
	enum node_kind kind;
	unsigned line;
	char *config; /* routers: startup-config as the file spells it */
	unsigned config_line;
	struct topo_exec *exec;
	size_t n_exec;
};

/* A host's address; IP_NONE: none. */
struct topo_addr {
	struct ipaddr addr;
	unsigned len; /* of its prefix */
};

struct topo_end {
	size_t node; /* index in topology.node */
	struct ifname name;
	struct topo_addr ipv4, ipv6;
};

struct topo_link {
	struct topo_end end[2];
	unsigned mtu; /* bytes */
	unsigned line;
};

struct topology {
	char name[TOPO_NAME];
	struct topo_node *node;
	size_t n_node;
	struct topo_link *link;
	size_t n_link;
};

/* Parses and checks len bytes of YAML. file only names them in messages. On
 * failure returns -EINVAL (or -ENOMEM) and appends one line "FILE:LINE: what
 * is wrong" without a newline to why; ret_t is untouched. */
int topo_parse(const char *file, const char *text, size_t len, struct topology **ret_t,
	       struct txt *why);
/* The same from a file; -errno if it cannot be read. */
int topo_load(const char *file, struct topology **ret_t, struct txt *why);
/* NULL is fine. */
void topo_free(struct topology *t);

/* A name for a lab or a node: starts with a letter or digit, then letters,
 * digits, '_' and '-', at most 32: it becomes a file name and a host name. */
bool topo_name_ok(const char *name);

#endif
