/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_UP_H
#define LAB_UP_H

/* `culvert lab up`: starts the lab and prints its nodes. The exit status. */
int lab_up(const char *arg);

/* Prints the nodes of the lab in run folder dir; verb is how it is up. */
int lab_print(const char *dir, const char *verb);

#endif
