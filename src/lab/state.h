/* SPDX-License-Identifier: Apache-2.0 */
/* What a lab that is up tells the commands that come later: who keeps it,
 * which of the keeper's descriptors holds which node's namespace, and which
 * device is which interface. A text file in the run folder, in lines. */
#ifndef LAB_STATE_H
#define LAB_STATE_H

#include "lab/topology.h"

struct state_node {
	char name[TOPO_NAME];
	enum node_kind kind;
	int held_fd; /* in the keeper */
};

struct state_port {
	size_t node; /* index */
	struct ifname name;
	char peer[TOPO_NAME + IFNAME_IOS]; /* R1:FastEthernet0/1 */
};

struct lab_state {
	char name[TOPO_NAME];
	char *labfile; /* absolute */
	int keeper;    /* process id */
	bool user;     /* in a user namespace */
	struct state_node *node;
	size_t n_node;
	struct state_port *port;
	size_t n_port;
};

/* The state of topology t as the keeper (this process) runs it; held_fd[i] is
 * the descriptor of t's node i. Free with state_free(). -ENOMEM. */
int state_of(const struct topology *t, const char *labfile, bool user, const int *held_fd,
	     struct lab_state **ret_s);

/* To text and back. Parsing rejects anything that state_render() does not
 * write: -EINVAL. */
void state_render(const struct lab_state *s, struct txt *out);
int state_parse(const char *text, struct lab_state **ret_s);

/* Writes DIR/.state in one step (temporary file, rename); reads it. -errno;
 * -ENOENT: the lab in DIR is not up yet. */
int state_save(const struct lab_state *s, const char *dir);
int state_load(const char *dir, struct lab_state **ret_s);

/* The node called name, NULL if there is none. */
const struct state_node *state_node(const struct lab_state *s, const char *name);

/* NULL is fine. */
void state_free(struct lab_state *s);

#endif
