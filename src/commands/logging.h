/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMANDS_LOGGING_H
#define COMMANDS_LOGGING_H

#include <stdint.h>

/* The word of a level (enum log_severity): "informational". */
const char *logging_level_name(uint8_t severity);

#endif
