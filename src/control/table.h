/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_TABLE_H
#define CONTROL_TABLE_H

struct control;

/* The forwarder has the table of the last compilation: it is sent if it is another one than the one
 * in force. A forwarder that is new has none (c->table_sum is 0). 0 or -errno. */
int table_send(struct control *c);

#endif
