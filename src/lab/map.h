/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_MAP_H
#define LAB_MAP_H

#include "lab/state.h"

/* Prints the nodes of a lab that is up, with the devices, addresses and
 * neighbours that they have now, on stdout. */
void map_print(const struct lab_state *s, const char *dir);

#endif
